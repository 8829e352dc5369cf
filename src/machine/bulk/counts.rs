//! How often each transition was reported.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use super::Status;
use super::code::status;

/// The most codes of which every pair has a place of its own: 512 KiB of counts.
const SQUARE: usize = 256;

/// How often each transition was reported, legal or not.
#[derive(Clone, Debug)]
pub struct Counts {
    states: usize,
    side: usize,
    square: Vec<u64>,
    /// Where a square would be too large: only what was reported.
    seen: BTreeMap<(usize, usize), u64>,
}

/// How often one transition was reported.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Traffic {
    /// Where rows were; [`Status::Start`] counts the rows that began in `to`.
    pub from: Status,
    /// What was reported.
    pub to: Status,
    /// How often.
    pub reports: u64,
}

impl Counts {
    pub(super) fn new(states: usize) -> Self {
        let side = states + 2;
        let square = if side <= SQUARE { side * side } else { 0 };
        Self { states, side, square: alloc::vec![0; square], seen: BTreeMap::new() }
    }

    /// Counts a pair of codes once.
    pub(super) fn add(&mut self, from: usize, to: usize) {
        match self.square.get_mut(from * self.side + to) {
            Some(count) => *count += 1,
            None => *self.seen.entry((from, to)).or_default() += 1,
        }
    }

    /// Each transition that was reported, by where rows were, then by what was reported, in the order of
    /// the states.
    pub fn iter(&self) -> impl Iterator<Item = Traffic> + '_ {
        let square = self.square.iter().enumerate().filter(|(_, count)| **count > 0);
        let square = square.map(|(at, count)| ((at / self.side, at % self.side), count));
        square.chain(self.seen.iter().map(|(pair, count)| (*pair, count))).map(
            |((from, to), reports)| Traffic {
                from: status(from, self.states),
                to: status(to, self.states),
                reports: *reports,
            },
        )
    }
}
