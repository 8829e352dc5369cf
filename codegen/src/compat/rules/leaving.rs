//! What comes of a state that is retired or gone: the steps into it and out of it, those that close
//! the gap which it leaves, and its reports.

use std::collections::BTreeSet;

use super::{Pair, Side};
use crate::machine::{Machine, StateId};
use crate::rules::Rule;
use crate::search::closure;
use crate::suggest;

/// Whether a state of the older version is retired in the newer one, or gone.
fn leaves(pair: &Pair<'_>, old: StateId) -> bool {
    let is_retired = |machine: &Machine, id: StateId| machine.state(id).retired;
    let now = pair.states[old.index()];
    !is_retired(pair.machine(Side::Old), old)
        && now.is_none_or(|new| is_retired(pair.machine(Side::New), new))
}

/// The entry that accepts all that comes of a state, in words.
pub(in crate::compat) fn entry(rule: &Rule, state: &str) -> String {
    let (rule, state) = (rule.id, suggest::toml(state));
    format!("an entry with `rule = \"{rule}\"` and `state = {state}`")
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
    let left: Vec<StateId> = old.state_ids().filter(|state| leaves(pair, *state)).collect();
    let forth =
        closure([from], |at| left.iter().filter(move |to| old.can_become(at, **to)).copied());
    let back = closure([to], |at| left.iter().filter(move |of| old.can_become(**of, at)).copied());
    let mut all: BTreeSet<StateId> = &forth & &back;
    all.extend([from, to]);
    let all = all.into_iter().filter(|state| left.contains(state));
    all.map(|state| old.state(state).name.clone()).collect()
}
