//! What the bulk judge judges by: which states a row may start in, and which pairs are legal.

use alloc::vec::Vec;

use super::BulkError;
use crate::{Machine, StateId};

/// The legal transitions of a machine, skips included, and its initial states.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Relation {
    states: usize,
    initial: Vec<bool>,
    /// A row of bits per state.
    legal: Vec<u64>,
}

impl Relation {
    /// The most states that a relation may have, which is the most that a table may have.
    pub const MOST: usize = 4_096;

    /// The relation of `states` states, with those that a row may start in and the legal pairs. The pairs
    /// are all of them: nothing is closed over optional states here. A pair may stand in it twice.
    ///
    /// # Errors
    /// [`BulkError::States`] where there are too many, [`BulkError::Outside`] where a state is not below
    /// `states`.
    pub fn new(
        states: usize,
        initial: impl IntoIterator<Item = StateId>,
        pairs: impl IntoIterator<Item = (StateId, StateId)>,
    ) -> Result<Self, BulkError> {
        if states > Self::MOST {
            return Err(BulkError::States { states, most: Self::MOST });
        }
        let inside = |state: StateId| match state.index() {
            place if place < states => Ok(place),
            state => Err(BulkError::Outside { state, states }),
        };
        let mut relation = Self::empty(states);
        for state in initial {
            relation.initial[inside(state)?] = true;
        }
        for (from, to) in pairs {
            relation.allow(inside(from)?, inside(to)?);
        }
        Ok(relation)
    }

    /// The relation of a machine.
    ///
    /// # Errors
    /// [`BulkError::States`] where it has more than a table may have.
    pub fn of<M: Machine + ?Sized>(machine: &M) -> Result<Self, BulkError> {
        let states = machine.states();
        if states > Self::MOST {
            return Err(BulkError::States { states, most: Self::MOST });
        }
        let mut relation = Self::empty(states);
        for from in 0..states {
            relation.initial[from] = machine.is_initial(StateId::new(from));
            for to in 0..states {
                if machine.can_become(StateId::new(from), StateId::new(to)) {
                    relation.allow(from, to);
                }
            }
        }
        Ok(relation)
    }

    /// The relation by which a log of reports is judged, in which redeliveries may stand: a report of the
    /// state that the row is in already is passed over, declared or not.
    #[must_use]
    pub fn with_redeliveries(mut self) -> Self {
        for state in 0..self.states {
            self.allow(state, state);
        }
        self
    }

    fn empty(states: usize) -> Self {
        let legal = alloc::vec![0; states * states.div_ceil(64)];
        Self { states, initial: alloc::vec![false; states], legal }
    }

    fn allow(&mut self, from: usize, to: usize) {
        self.legal[from * self.states.div_ceil(64) + to / 64] |= 1 << (to % 64);
    }

    /// The number of states.
    pub const fn states(&self) -> usize {
        self.states
    }

    /// The legal pairs, in the order of the states.
    fn pairs(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        let words = self.states.div_ceil(64);
        self.legal.iter().enumerate().flat_map(move |(at, word)| {
            let set = (0..64).filter(move |bit| word >> bit & 1 == 1);
            set.map(move |bit| (at / words, at % words * 64 + bit))
        })
    }

    /// What memory may go from and to: its codes are a place and one, and 0 is a row that starts.
    pub(super) fn codes(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        let starts = (0..self.states).filter(|state| self.initial[*state]);
        let starts = starts.map(|state| (0, state + 1));
        starts.chain(self.pairs().map(|(from, to)| (from + 1, to + 1)))
    }

    /// Whether a row may start in the state at a place; false where there is none.
    pub fn is_initial(&self, state: usize) -> bool {
        self.initial.get(state).copied().unwrap_or(false)
    }

    /// Whether a row may go from one place to another; false where either is none.
    pub fn is_legal(&self, from: usize, to: usize) -> bool {
        let inside = from < self.states && to < self.states;
        inside && self.legal[from * self.states.div_ceil(64) + to / 64] >> (to % 64) & 1 == 1
    }
}
