//! How states stand in a batch and in memory: one byte each, or two.
//!
//! A batch has places, from 0. In memory a place is one more, so that 0 is a row that was not reported
//! yet, and the number after the last state is every state that the table lacks.

use core::fmt::Debug;

use super::counts::Counts;
use super::{Relation, Status};

/// A state in a batch: `u8` where a machine has at most 254 states, else `u16`.
pub trait Code: Judged {}

impl Code for u8 {}
impl Code for u16 {}

/// What only this module implements.
pub trait Judged: Copy + Debug + Ord {
    type Table: Table<Self>;
    /// A row that was not reported yet.
    const START: Self;
    /// The most states that it can tell apart, with the two that are none.
    const MOST: usize;

    fn number(self) -> usize;

    /// The code itself, or that of a row which was not reported yet; without a branch.
    fn only_if(self, same: bool) -> Self;
}

/// The legal pairs, in the form that is the fastest to ask.
pub trait Table<C: Judged>: Clone + Debug {
    fn new(relation: &Relation) -> Self;

    fn states(&self) -> usize;

    /// Turns places of a batch into what memory holds.
    fn read(&self, states: &[C], to: &mut [C]);

    /// Whether every pair is legal.
    fn all_legal(&self, from: &[C], to: &[C]) -> bool;

    fn is_legal(&self, from: C, to: C) -> bool;

    /// Counts the pairs.
    fn count(&self, from: &[C], to: &[C], counts: &mut Counts);

    /// What a code of memory stands for.
    fn status(&self, code: C) -> Status {
        Status::of(code.number(), self.states())
    }
}
