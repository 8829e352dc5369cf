//! How often each transition was reported.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use super::Status;

/// How often each transition was reported, legal or not.
#[derive(Clone, Debug)]
pub struct Counts {
    states: usize,
    /// Of each pair of codes, where both are bytes. In turn, so that two reports of one pair that follow
    /// each other need not wait for one place.
    bytes: [Vec<u64>; LANES],
    /// Of wider codes, only the pairs that were reported.
    wide: BTreeMap<(u16, u16), u64>,
}

const LANES: usize = 4;

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
        Self { states, bytes: [const { Vec::new() }; LANES], wide: BTreeMap::new() }
    }

    /// Counts pairs of codes of a byte.
    pub(super) fn add_bytes(&mut self, from: &[u8], to: &[u8]) {
        let side = self.states + 2;
        // Where the pairs have fewer places than 16 bits have numbers, they lie closer.
        let shift = side.next_power_of_two().trailing_zeros();
        for lane in &mut self.bytes {
            lane.resize(1 << (2 * shift), 0);
        }
        let mask = (1 << (2 * shift)) - 1;
        let [first, second, third, fourth] = &mut self.bytes;
        let lanes =
            [&mut first[..=mask], &mut second[..=mask], &mut third[..=mask], &mut fourth[..=mask]];
        let place = |from: u8, to: u8| (usize::from(from) << shift | usize::from(to)) & mask;
        let (from_fours, from_rest) = from.as_chunks::<LANES>();
        let (to_fours, to_rest) = to.as_chunks::<LANES>();
        for (from, to) in from_fours.iter().zip(to_fours) {
            lanes[0][place(from[0], to[0])] += 1;
            lanes[1][place(from[1], to[1])] += 1;
            lanes[2][place(from[2], to[2])] += 1;
            lanes[3][place(from[3], to[3])] += 1;
        }
        for (from, to) in from_rest.iter().zip(to_rest) {
            lanes[0][place(*from, *to)] += 1;
        }
    }

    /// Counts a pair of wider codes.
    pub(super) fn add_wide(&mut self, from: u16, to: u16) {
        *self.wide.entry((from, to)).or_default() += 1;
    }

    /// Each transition that was reported, by where rows were, then by what was reported, in the order of
    /// the states; those that start first, states that the table lacks last.
    pub fn iter(&self) -> impl Iterator<Item = Traffic> + '_ {
        let side = (self.states + 2).next_power_of_two();
        let bytes = (0..self.bytes[0].len()).map(move |at| {
            ((at / side, at % side), self.bytes.iter().map(|lane| lane[at]).sum::<u64>())
        });
        let wide = self.wide.iter();
        let wide =
            wide.map(|((from, to), reports)| ((usize::from(*from), usize::from(*to)), *reports));
        bytes.filter(|(_, reports)| *reports > 0).chain(wide).map(|((from, to), reports)| Traffic {
            from: Status::of(from, self.states),
            to: Status::of(to, self.states),
            reports,
        })
    }
}
