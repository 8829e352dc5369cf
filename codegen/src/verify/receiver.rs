//! The receiving end of reports, as the HTTP interface has it, without a database: which report is
//! applied, which changes nothing, which is refused.

use std::collections::BTreeSet;

use phasegate::{Machine as _, Verdict};

use crate::machine::{Machine, StateId};

/// What becomes of a report.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Answer {
    /// The row is in the reported state now.
    Applied,
    /// Nothing changed: the report came before, or the row is in that state already.
    Duplicate,
    /// Nothing changed: the step is not legal.
    Rejected,
}

/// One row, its audit log, and the event ids that were applied.
#[derive(Clone, Debug)]
pub(super) struct Receiver<'m> {
    machine: &'m Machine,
    /// The states that the row went through.
    log: Vec<StateId>,
    applied: BTreeSet<u32>,
    /// Whether event ids are remembered: what a receiver that does not would do.
    remembers: bool,
    /// Whether every other state is taken for a legal one: what a receiver that does not judge would
    /// do.
    credulous: bool,
}

impl<'m> Receiver<'m> {
    /// A row that has just started.
    pub(super) fn start(machine: &'m Machine, state: StateId) -> Self {
        Self {
            machine,
            log: vec![state],
            applied: BTreeSet::new(),
            remembers: true,
            credulous: false,
        }
    }

    /// The same, but forgetful: it knows no report again.
    #[cfg(test)]
    #[must_use]
    pub(super) fn forgetful(self) -> Self {
        Self { remembers: false, ..self }
    }

    /// The same, but credulous: it takes the row wherever a report says.
    #[cfg(test)]
    #[must_use]
    pub(super) fn credulous(self) -> Self {
        Self { credulous: true, ..self }
    }

    /// The row has come to a state, by other reports than those that are asked about.
    pub(super) fn stands_in(&mut self, state: StateId) {
        self.log.clear();
        self.log.push(state);
    }

    /// The state that the row is in.
    pub(super) fn state(&self) -> StateId {
        *self.log.last().expect("a row has started")
    }

    /// A report comes in.
    pub(super) fn deliver(&mut self, event_id: u32, state: StateId) -> Answer {
        if self.remembers && self.applied.contains(&event_id) {
            return Answer::Duplicate;
        }
        let verdict = match self.credulous && self.state() != state {
            true => Verdict::Applied,
            false => self.machine.judge(self.state().index(), state.index()),
        };
        match verdict {
            Verdict::Applied => {
                self.log.push(state);
                self.applied.insert(event_id);
                Answer::Applied
            }
            Verdict::Duplicate => Answer::Duplicate,
            Verdict::Ended | Verdict::Illegal => Answer::Rejected,
        }
    }
}
