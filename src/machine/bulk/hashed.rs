//! Rows by any 64-bit number: a hash table whose buckets are one line of the cache each.

use alloc::vec::Vec;
use core::fmt::Debug;

use super::code::Code;
use super::memory::Step;

/// The memory of rows by any 64-bit number: an id, or the hash of one. Two rows of one number are one row:
/// of a hash of 64 bits, so are two of 200 million rows in one history of a thousand.
#[derive(Clone, Debug)]
pub struct Hashed<C: Code = u8> {
    seed: u64,
    rows: usize,
    buckets: Vec<Bucket<C>>,
}

/// How many rows a bucket holds: with states of a byte they fill the 64 bytes of a line.
const SLOTS: usize = 7;

/// How many rows are looked for at once.
const AHEAD: usize = 128;

#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
struct Bucket<C> {
    ids: [u64; SLOTS],
    codes: [C; SLOTS],
    used: u8,
}

impl<C: Code> Bucket<C> {
    const EMPTY: Self = Self { ids: [0; SLOTS], codes: [C::START; SLOTS], used: 0 };

    /// The place of an id, or of where it belongs; none where the bucket is full of others.
    #[inline]
    fn slot(&self, id: u64) -> Option<usize> {
        let mut same = 0_u32;
        for (at, other) in self.ids.iter().enumerate() {
            same |= u32::from(*other == id) << at;
        }
        // Places that are free yet have an id of 0, and are not what was looked for unless it is the first.
        let found = (same.trailing_zeros() as usize).min(usize::from(self.used));
        (found < SLOTS).then_some(found)
    }
}

impl<C: Code> Default for Hashed<C> {
    fn default() -> Self {
        Self::new()
    }
}

impl<C: Code> Hashed<C> {
    /// A memory without rows.
    pub const fn new() -> Self {
        Self::with_seed(0)
    }

    /// A memory without rows, that spreads its ids by a number of yours. Where others choose the ids, take
    /// a random one: without it they could choose ids that all fall to one place.
    pub const fn with_seed(seed: u64) -> Self {
        Self { seed, rows: 0, buckets: Vec::new() }
    }

    /// A number that depends on every bit of the id, its upper bits most.
    #[inline]
    fn spread(&self, id: u64) -> u64 {
        let wide = u128::from(id ^ self.seed ^ 0x243f_6a88_85a3_08d3)
            * u128::from(0x9e37_79b9_7f4a_7c15_u64);
        (wide as u64 ^ (wide >> 64) as u64).wrapping_mul(0xff51_afd7_ed55_8ccd)
    }

    /// The bucket where a row belongs, unless it is full of others.
    #[inline]
    fn home(&self, id: u64) -> usize {
        ((u128::from(self.spread(id)) * self.buckets.len() as u128) >> 64) as usize
    }

    /// The state of a row, after making room for it where it is new.
    #[inline]
    fn code(&mut self, id: u64, home: usize) -> &mut C {
        let mut at = home;
        loop {
            if let Some(slot) = self.buckets[at].slot(id) {
                let bucket = &mut self.buckets[at];
                if slot == usize::from(bucket.used) {
                    bucket.used += 1;
                    bucket.ids[slot] = id;
                    self.rows += 1;
                }
                return &mut self.buckets[at].codes[slot];
            }
            at = if at + 1 < self.buckets.len() { at + 1 } else { 0 };
        }
    }

    /// Takes half as many buckets more until `more` rows fit and seven places of ten are in use at most:
    /// then few buckets are full, and a row takes 13 to 20 bytes.
    fn reserve(&mut self, more: usize) {
        let mut buckets = self.buckets.len().max(1);
        while (self.rows + more) * 10 > buckets * SLOTS * 7 {
            buckets += buckets / 2 + 1;
        }
        if buckets == self.buckets.len() {
            return;
        }
        let old = core::mem::replace(&mut self.buckets, alloc::vec![Bucket::EMPTY; buckets]);
        self.rows = 0;
        for bucket in old {
            for slot in 0..usize::from(bucket.used) {
                let id = bucket.ids[slot];
                *self.code(id, self.home(id)) = bucket.codes[slot];
            }
        }
    }
}

impl<C: Code> Step for Hashed<C> {
    type Row = u64;
    type Code = C;

    fn prepare(&mut self, rows: &[u64]) -> usize {
        self.reserve(rows.len());
        rows.len()
    }

    fn step(&mut self, rows: &[u64], to: &[C], from: &mut [C]) {
        let mut homes = [0; AHEAD];
        let pieces = rows.chunks(AHEAD).zip(to.chunks(AHEAD)).zip(from.chunks_mut(AHEAD));
        for ((rows, to), from) in pieces {
            // Asked for together, so that the memory brings them together.
            let mut used = 0;
            for (home, row) in homes.iter_mut().zip(rows) {
                *home = self.home(*row);
                used |= self.buckets[*home].used;
            }
            core::hint::black_box(used);
            for (((row, home), to), from) in rows.iter().zip(homes).zip(to).zip(from) {
                *from = core::mem::replace(self.code(*row, home), *to);
            }
        }
    }

    fn each(&self, mut see: impl FnMut(u64, C)) {
        for bucket in &self.buckets {
            for slot in 0..usize::from(bucket.used) {
                see(bucket.ids[slot], bucket.codes[slot]);
            }
        }
    }

    fn id(row: u64) -> u64 {
        row
    }
}
