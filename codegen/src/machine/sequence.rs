//! Which sequences are accepted (rules 4 and 5), a state at a time and in constant memory.

use super::{Machine, StateId};

/// What a whole sequence comes to.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Acceptance {
    /// Legal so far.
    Accepted,
    /// Legal, and its last state is ended.
    Complete,
    /// Not legal, and where it first was not.
    Rejected(Rejection),
}

/// The first step of a sequence that is not legal.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Rejection {
    /// The place of the state that was refused, from 1.
    pub at: usize,
    /// The state before it; none at the first place.
    pub from: Option<StateId>,
    /// What was asked for, as it was written: a name, or a value.
    pub to: String,
}

impl Rejection {
    /// What was legal instead, in the order of the states.
    pub fn legal(&self, machine: &Machine) -> Vec<StateId> {
        machine.legal_after(self.from)
    }
}

impl Machine {
    /// What may follow a state, or start a row, in the order of the states.
    pub fn legal_after(&self, from: Option<StateId>) -> Vec<StateId> {
        match from {
            Some(from) => self.next(from).collect(),
            None => {
                let mut initial = self.initial.clone();
                initial.sort_unstable();
                initial
            }
        }
    }

    /// Whether a state may follow another, or nothing.
    pub fn may_follow(&self, from: Option<StateId>, to: StateId) -> bool {
        match from {
            Some(from) => self.can_become(from, to),
            None => self.is_initial(to),
        }
    }
}

/// A sequence under judgement.
#[derive(Clone, Debug)]
pub struct Log<'m> {
    machine: &'m Machine,
    redeliveries: bool,
    read: usize,
    last: Option<StateId>,
    rejected: Option<Rejection>,
}

impl<'m> Log<'m> {
    /// An empty sequence of transitions.
    pub const fn transitions(machine: &'m Machine) -> Self {
        Self { machine, redeliveries: false, read: 0, last: None, rejected: None }
    }

    /// An empty log of reports, in which redeliveries are passed over.
    pub const fn reports(machine: &'m Machine) -> Self {
        Self { machine, redeliveries: true, read: 0, last: None, rejected: None }
    }

    /// Reads one more state, `None` where the table does not have it; `written` is how it was
    /// asked for.
    pub fn push(&mut self, state: Option<StateId>, written: &str) {
        if self.rejected.is_some() {
            return;
        }
        self.read += 1;
        match state {
            Some(to) if self.machine.may_follow(self.last, to) => self.last = Some(to),
            Some(to) if self.redeliveries && self.last == Some(to) => {}
            Some(_) | None => {
                self.rejected =
                    Some(Rejection { at: self.read, from: self.last, to: written.to_owned() });
            }
        }
    }

    /// Whether nothing that follows can change the verdict.
    pub const fn is_rejected(&self) -> bool {
        self.rejected.is_some()
    }

    /// What the sequence comes to so far.
    pub fn verdict(self) -> Acceptance {
        match (self.rejected, self.last) {
            (Some(rejection), _) => Acceptance::Rejected(rejection),
            (None, Some(last)) if self.machine.state(last).is_ended() => Acceptance::Complete,
            (None, Some(_) | None) => Acceptance::Accepted,
        }
    }
}
