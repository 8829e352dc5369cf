//! One phase as the stepper looks at it: what it remembers of it, what it shows, and whether that is so.

use std::cmp::Ordering;
use std::hash::{Hash, Hasher};

use phasegate::View;

use crate::machine::stepper::{PhaseMemory, Row, Stepper};
use crate::machine::{PhaseId, StateId};

/// What is remembered of a phase.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Facts {
    memory: PhaseMemory,
    /// Where the phase stands that the row ended in, from this one, if that is known.
    ending: Option<Ordering>,
    /// Whether the phase was shown as done when the run was started again.
    pub(super) was_done: bool,
}

impl Hash for Facts {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        let PhaseMemory { reported, completed, later, .. } = self.memory;
        let ending = match self.ending {
            None => 0,
            Some(Ordering::Less) => 1,
            Some(Ordering::Equal) => 2,
            Some(Ordering::Greater) => 3,
        };
        let bits = [reported, completed, later, self.was_done].into_iter();
        hasher.write_u8(bits.fold(ending, |bits, bit| bits << 1 | u8::from(bit)));
    }
}

/// The stepper, as it looks at one phase.
#[derive(Clone, Copy)]
pub(super) struct Watch<'a, 'm> {
    pub(super) stepper: &'a Stepper<'m>,
    pub(super) phase: PhaseId,
}

impl Watch<'_, '_> {
    /// A row has started.
    pub(super) fn start(&self, state: StateId) -> Facts {
        let memory = self.stepper.phase_start(self.phase, state);
        Facts { memory, ending: None, was_done: false }
    }

    /// The row went on to another state, and ended in a phase, where that is known.
    pub(super) fn then(
        &self,
        facts: &Facts,
        from: StateId,
        to: StateId,
        ending: Option<PhaseId>,
    ) -> Facts {
        let row = self.row(facts, from);
        let memory = self.stepper.phase_told(self.phase, &facts.memory, &row, to);
        Facts { memory, ending: ending.map(|ending| ending.cmp(&self.phase)), ..*facts }
    }

    pub(super) fn view(&self, facts: &Facts, current: StateId) -> View {
        let beside = |from: Ordering| match from {
            Ordering::Less => PhaseId::new(self.phase.index() - 1),
            Ordering::Equal => self.phase,
            Ordering::Greater => PhaseId::new(self.phase.index() + 1),
        };
        let row = self.row(facts, current);
        self.stepper.view(self.phase, &row, &facts.memory, facts.ending.map(beside))
    }

    /// Where a later phase was reported, the last phase is a later one; which, does not matter.
    fn row(&self, facts: &Facts, current: StateId) -> Row {
        let last_phase = match (facts.memory.later, facts.memory.reported) {
            (true, _) => Some(PhaseId::new(self.phase.index() + 1)),
            (false, true) => Some(self.phase),
            (false, false) => None,
        };
        Row { current, previous: None, last_phase }
    }
}

/// What is shown that is not so, given whether the work has passed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Lie {
    Done,
    Failed,
}

impl Lie {
    pub(super) fn of(view: View, was_done: bool, has_passed: bool) -> Option<Self> {
        match view {
            View::Done => (!was_done && !has_passed).then_some(Self::Done),
            View::Failed | View::Cancelled => has_passed.then_some(Self::Failed),
            View::Skipped | View::Active | View::Unconfirmed | View::Upcoming => None,
        }
    }
}
