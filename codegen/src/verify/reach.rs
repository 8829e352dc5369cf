//! The states that can follow others, nearest first.

use crate::machine::{Bits, Machine, StateId};
use crate::search::{Explored, Known, Limits, Model, PathEnd, explore};

/// A table has no more states and transitions than this.
const ALL: Limits = Limits { states: usize::MAX, steps: u64::MAX };

/// Where a row can come to from some states, until one is found that is looked for.
pub(super) struct Reach<'m, F> {
    machine: &'m Machine,
    sources: Vec<StateId>,
    is_wanted: F,
    found: Option<usize>,
}

impl<F: FnMut(StateId) -> bool> Model for Reach<'_, F> {
    type Node = StateId;
    type Step = ();

    fn starts(&self) -> Vec<StateId> {
        self.sources.clone()
    }

    fn steps(&self, now: &StateId, steps: &mut Vec<((), StateId)>) {
        steps.extend(self.machine.next(*now).map(|next| ((), next)));
    }

    fn look(&mut self, known: &Known<Self>, at: usize) {
        if (self.is_wanted)(*known.state(at)) {
            self.found = Some(at);
        }
    }

    fn is_decided(&self) -> bool {
        self.found.is_some()
    }
}

/// What was reached.
pub(super) struct Reached<'m, F: FnMut(StateId) -> bool> {
    explored: Explored<Reach<'m, F>>,
}

/// Looks for a state among those that can follow some states, and these themselves.
pub(super) fn reach<F: FnMut(StateId) -> bool>(
    machine: &Machine,
    sources: Vec<StateId>,
    is_wanted: F,
) -> Reached<'_, F> {
    Reached { explored: explore(Reach { machine, sources, is_wanted, found: None }, ALL) }
}

impl<F: FnMut(StateId) -> bool> Reached<'_, F> {
    /// The state that was looked for, where one was found, with a shortest way to it.
    pub(super) fn found(&self) -> Option<Vec<StateId>> {
        self.explored.model.found.map(|at| self.way(at))
    }

    /// All states that were reached, in the order of their distance.
    pub(super) fn states(&self) -> impl Iterator<Item = StateId> {
        (0..self.explored.known.len()).map(|number| *self.explored.known.state(number))
    }

    /// A shortest way to each of them.
    pub(super) fn ways(&self) -> impl Iterator<Item = Vec<StateId>> {
        (0..self.explored.known.len()).map(|number| self.way(number))
    }

    fn way(&self, at: usize) -> Vec<StateId> {
        let known = &self.explored.known;
        let (first, steps) = known.path(PathEnd::state(at));
        std::iter::once(first)
            .chain(steps.into_iter().map(|(_, at)| at))
            .map(|n| *known.state(n))
            .collect()
    }
}

/// What can follow each state, and the state itself: a row of bits for each.
///
/// States that lead to each other have one row, and are found together, after all that they lead to
/// (Tarjan's strongly connected components). So each step is taken once for all states that come to it.
pub(super) fn followers(machine: &Machine) -> Bits {
    const UNSEEN: usize = usize::MAX;
    let states = machine.states.len();
    let mut rows = Bits::new(states);
    let (mut number, mut lowest) = (vec![UNSEEN; states], vec![UNSEEN; states]);
    let (mut seen, mut pending, mut is_pending) = (0, Vec::new(), vec![false; states]);
    for root in machine.state_ids() {
        let mut way = Vec::new();
        let mut ahead = (number[root.index()] == UNSEEN).then_some(root);
        loop {
            if let Some(state) = ahead.take() {
                (number[state.index()], lowest[state.index()]) = (seen, seen);
                seen += 1;
                pending.push(state);
                is_pending[state.index()] = true;
                way.push((state, machine.next(state)));
            }
            let Some((state, nexts)) = way.last_mut() else { break };
            let at = state.index();
            if let Some(next) = nexts.next() {
                if number[next.index()] == UNSEEN {
                    ahead = Some(next);
                } else if is_pending[next.index()] {
                    lowest[at] = lowest[at].min(number[next.index()]);
                }
                continue;
            }
            way.pop();
            if let Some((before, _)) = way.last() {
                lowest[before.index()] = lowest[before.index()].min(lowest[at]);
            }
            if lowest[at] == number[at] {
                let first = pending.iter().rposition(|one: &StateId| one.index() == at);
                let together = pending.split_off(first.expect("it is pending"));
                join(machine, &together, &mut rows);
                together.iter().for_each(|one| is_pending[one.index()] = false);
            }
        }
    }
    rows
}

/// Fills in the row of states that lead to each other: these, and all that can follow what they lead to.
fn join(machine: &Machine, together: &[StateId], rows: &mut Bits) {
    let first = together[0].index();
    let mut row = rows.row(first).to_vec();
    for next in together.iter().flat_map(|&one| machine.next(one)) {
        row.iter_mut().zip(rows.row(next.index())).for_each(|(word, more)| *word |= more);
    }
    rows.row_mut(first).copy_from_slice(&row);
    together.iter().for_each(|one| {
        rows.set(first, one.index());
    });
    let row = rows.row(first).to_vec();
    together[1..].iter().for_each(|one| rows.row_mut(one.index()).copy_from_slice(&row));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::ones;

    #[test]
    fn what_follows_each_state_is_what_a_search_from_it_reaches() {
        // Every set of steps among four states, but for those from a state to itself.
        for steps in 1..1_u32 << 12 {
            let mut text = "format = 1\n[machine]\nname = 'm'\ninitial = 's0'\n".to_owned();
            (0..4).for_each(|n| text += &format!("[[state]]\nname = 's{n}'\n"));
            let pairs = (0..4).flat_map(|from| (0..4).map(move |to| (from, to)));
            let pairs = pairs.filter(|(from, to)| from != to).enumerate();
            for (_, (from, to)) in pairs.filter(|(at, _)| steps >> at & 1 == 1) {
                text += &format!("[[transition]]\nfrom = 's{from}'\nto = 's{to}'\n");
            }
            // One that is no table, because a state is never reached, says nothing here.
            let Ok((_, machine, _)) = crate::machine("m.toml", text.as_bytes()) else { continue };
            let followers = followers(&machine);
            for state in machine.state_ids() {
                let mut reached: Vec<usize> =
                    reach(&machine, vec![state], |_| false).states().map(StateId::index).collect();
                reached.sort_unstable();
                assert_eq!(
                    ones(followers.row(state.index())).collect::<Vec<_>>(),
                    reached,
                    "{text}"
                );
            }
        }
    }
}
