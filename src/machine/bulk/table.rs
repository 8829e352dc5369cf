//! The legal pairs as tables: one look-up a pair, and for machines of at most 14 states one for two pairs.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::Relation;
use super::code::{Judged, Table};
use super::counts::Counts;

impl Judged for u8 {
    type Table = Bytes;
    const START: Self = 0;
    const MOST: usize = 254;

    fn number(self) -> usize {
        self.into()
    }

    #[inline]
    fn only_if(self, same: bool) -> Self {
        self & Self::from(same).wrapping_neg()
    }
}

impl Judged for u16 {
    type Table = Bits;
    const START: Self = 0;
    const MOST: usize = Relation::MOST;

    fn number(self) -> usize {
        self.into()
    }

    #[inline]
    fn only_if(self, same: bool) -> Self {
        self & Self::from(same).wrapping_neg()
    }
}

/// A byte for every number of 16 bits, so that no index is ever out of bounds: 0 where it is legal.
type Lookup = Box<[u8; 1 << 16]>;

fn lookup(legal: impl Iterator<Item = usize>) -> Lookup {
    let mut all = alloc::vec![1; 1 << 16];
    legal.for_each(|at| all[at] = 0);
    all.try_into().expect("there is one for each number of 16 bits")
}

/// For states of one byte.
#[derive(Clone, Debug)]
pub struct Bytes {
    states: u8,
    /// By `from` and `to`, a byte each.
    single: Lookup,
    /// Where a code fits 4 bits: by two pairs, a byte each.
    double: Option<Lookup>,
}

impl Table<u8> for Bytes {
    fn new(relation: &Relation) -> Self {
        let single = lookup(relation.codes().map(|(from, to)| from << 8 | to));
        let pairs: Vec<usize> = relation.codes().map(|(from, to)| from << 4 | to).collect();
        let two = pairs.iter().flat_map(|one| pairs.iter().map(move |other| one << 8 | other));
        let double = (relation.states() <= 14).then(|| lookup(two));
        let states = u8::try_from(relation.states()).expect("it was judged to fit a byte");
        Self { states, single, double }
    }

    fn states(&self) -> usize {
        self.states.into()
    }

    fn read(&self, states: &[u8], to: &mut [u8]) {
        for (to, state) in to.iter_mut().zip(states) {
            *to = (*state).min(self.states) + 1;
        }
    }

    fn all_legal(&self, from: &[u8], to: &[u8]) -> bool {
        match &self.double {
            Some(double) => all_legal_by_two(double, from, to),
            None => {
                let pairs = from.iter().zip(to);
                pairs.fold(0, |any, (from, to)| {
                    any | self.single[usize::from(*from) << 8 | usize::from(*to)]
                }) == 0
            }
        }
    }

    fn is_legal(&self, from: u8, to: u8) -> bool {
        self.single[usize::from(from) << 8 | usize::from(to)] == 0
    }

    fn count(&self, from: &[u8], to: &[u8], counts: &mut Counts) {
        counts.add_bytes(from, to);
    }
}

/// Eight pairs at a time: the compiler packs them side by side, and each look-up takes two.
fn all_legal_by_two(double: &Lookup, from: &[u8], to: &[u8]) -> bool {
    let (from_eights, from_rest) = from.as_chunks::<8>();
    let (to_eights, to_rest) = to.as_chunks::<8>();
    let mut illegal = 0;
    for (from, to) in from_eights.iter().zip(to_eights) {
        let eight = u64::from_le_bytes(*from) << 4 | u64::from_le_bytes(*to);
        for two in 0..4 {
            illegal |= double[(eight >> (two * 16)) as usize & 0xffff];
        }
    }
    for (from, to) in from_rest.iter().zip(to_rest) {
        let pair = usize::from(*from) << 4 | usize::from(*to);
        illegal |= double[pair << 8 | pair];
    }
    illegal == 0
}

/// For states of two bytes: a bit a pair, as 4,096 states have 17 million of them.
#[derive(Clone, Debug)]
pub struct Bits {
    states: u16,
    words: usize,
    legal: Vec<u64>,
}

impl Table<u16> for Bits {
    fn new(relation: &Relation) -> Self {
        let codes = relation.states() + 2;
        let words = codes.div_ceil(64);
        let mut legal = alloc::vec![0; codes * words];
        for (from, to) in relation.codes() {
            legal[from * words + to / 64] |= 1 << (to % 64);
        }
        let states = u16::try_from(relation.states()).expect("no relation has so many");
        Self { states, words, legal }
    }

    fn states(&self) -> usize {
        self.states.into()
    }

    fn read(&self, states: &[u16], to: &mut [u16]) {
        for (to, state) in to.iter_mut().zip(states) {
            *to = (*state).min(self.states) + 1;
        }
    }

    fn all_legal(&self, from: &[u16], to: &[u16]) -> bool {
        let mut pairs = from.iter().zip(to);
        pairs.all(|(from, to)| self.is_legal(*from, *to))
    }

    fn is_legal(&self, from: u16, to: u16) -> bool {
        let (from, to) = (usize::from(from), usize::from(to));
        self.legal[from * self.words + to / 64] >> (to % 64) & 1 == 1
    }

    fn count(&self, from: &[u16], to: &[u16], counts: &mut Counts) {
        for (from, to) in from.iter().zip(to) {
            counts.add_wide(*from, *to);
        }
    }
}
