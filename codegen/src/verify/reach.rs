//! The states that can follow others, nearest first.

use crate::machine::{Machine, StateId};
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

    /// How many states were looked at, and how many steps were taken.
    pub(super) fn work(&self) -> (usize, u64) {
        (self.explored.taken_up, self.explored.steps)
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
