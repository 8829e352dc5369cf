//! What comes of a state that is retired or gone: the steps into it and out of it, those that close
//! the gap which it leaves, and its reports.

use std::collections::BTreeSet;

use super::{Pair, Side};
use crate::machine::{Machine, StateId};

/// Whether a state of the older version is retired in the newer one, or gone.
fn leaves(pair: &Pair<'_>, old: StateId) -> bool {
    let is_retired = |machine: &Machine, id: StateId| machine.state(id).retired;
    let now = pair.states[old.index()];
    !is_retired(pair.machine(Side::Old), old)
        && now.is_none_or(|new| is_retired(pair.machine(Side::New), new))
}

/// The states that a change of a state comes of: that one, where it leaves.
pub(super) fn of_state(pair: &Pair<'_>, old: StateId) -> Vec<String> {
    let name = &pair.machine(Side::Old).state(old).name;
    leaves(pair, old).then(|| name.clone()).into_iter().collect()
}

/// The states that a step comes of, which one version lets follow and the other does not: its own
/// ends, and those between them on a way of the older version through nothing but states that leave.
pub(super) fn of_step(pair: &Pair<'_>, side: Side, from: StateId, to: StateId) -> Vec<String> {
    let old = pair.machine(Side::Old);
    let was = |id: StateId| match side {
        Side::Old => Some(id),
        Side::New => old.state_ids().find(|old| pair.states[old.index()] == Some(id)),
    };
    let (Some(from), Some(to)) = (was(from), was(to)) else { return Vec::new() };
    let forth = reached(pair, from, |a, b| old.can_become(a, b));
    let back = reached(pair, to, |a, b| old.can_become(b, a));
    let ends = [from, to].into_iter().filter(|end| leaves(pair, *end));
    let all: BTreeSet<StateId> = forth.intersection(&back).copied().chain(ends).collect();
    all.into_iter().map(|state| old.state(state).name.clone()).collect()
}

/// The states that leave and that a walk through such states comes to.
fn reached(
    pair: &Pair<'_>,
    from: StateId,
    step: impl Fn(StateId, StateId) -> bool,
) -> BTreeSet<StateId> {
    let all: Vec<StateId> =
        pair.machine(Side::Old).state_ids().filter(|state| leaves(pair, *state)).collect();
    let mut reached = BTreeSet::new();
    let mut waiting = vec![from];
    while let Some(at) = waiting.pop() {
        waiting.extend(all.iter().filter(|next| step(at, **next) && reached.insert(**next)));
    }
    reached
}
