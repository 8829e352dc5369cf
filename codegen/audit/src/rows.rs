//! The rows that were met, and where each is: some bytes a row.
//!
//! A row has a number, in the order of its coming. A hash table holds only these numbers; ids stand
//! in a column by number, and are compared there, so that two ids of one hash are two rows.

use std::hash::BuildHasher as _;

use foldhash::fast::RandomState;
use hashbrown::HashTable;
use hashbrown::hash_table::Entry;

use crate::batch::{Id, NO_TIME, Texts};

/// Where a row is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    /// How many of its reports were met.
    pub(crate) position: u32,
    /// The code of its state.
    pub(crate) state: u16,
}

/// Ids of one kind, by number.
pub(crate) trait Keys: Default {
    /// One id.
    type Key<'k>: Copy;
    fn hash(hasher: &RandomState, key: Self::Key<'_>) -> u64;
    fn key_at(&self, at: usize) -> Self::Key<'_>;
    fn is(&self, at: usize, key: Self::Key<'_>) -> bool;
    fn push(&mut self, key: Self::Key<'_>);
    fn id_at(&self, at: usize) -> Id<'_>;
}

impl Keys for Vec<i64> {
    type Key<'k> = i64;
    fn hash(hasher: &RandomState, key: i64) -> u64 {
        hasher.hash_one(key)
    }
    fn key_at(&self, at: usize) -> i64 {
        self[at]
    }
    fn is(&self, at: usize, key: i64) -> bool {
        self[at] == key
    }
    fn push(&mut self, key: i64) {
        Self::push(self, key);
    }
    fn id_at(&self, at: usize) -> Id<'_> {
        Id::Number(self[at])
    }
}

impl Keys for Vec<[u64; 2]> {
    type Key<'k> = [u64; 2];
    fn hash(hasher: &RandomState, key: [u64; 2]) -> u64 {
        hasher.hash_one(key)
    }
    fn key_at(&self, at: usize) -> [u64; 2] {
        self[at]
    }
    fn is(&self, at: usize, key: [u64; 2]) -> bool {
        self[at] == key
    }
    fn push(&mut self, key: [u64; 2]) {
        Self::push(self, key);
    }
    fn id_at(&self, at: usize) -> Id<'_> {
        Id::Uuid(self[at])
    }
}

impl Keys for Texts {
    type Key<'k> = &'k [u8];
    fn hash(hasher: &RandomState, key: &[u8]) -> u64 {
        hasher.hash_one(key)
    }
    fn key_at(&self, at: usize) -> &[u8] {
        Self::get(self, at)
    }
    fn is(&self, at: usize, key: &[u8]) -> bool {
        Self::get(self, at) == key
    }
    fn push(&mut self, key: &[u8]) {
        Self::push(self, key);
    }
    fn id_at(&self, at: usize) -> Id<'_> {
        Id::Text(self.get(at))
    }
}

/// The rows whose ids are of one kind.
#[derive(Debug, Default)]
pub(crate) struct Rows<K> {
    hasher: RandomState,
    index: HashTable<u32>,
    keys: K,
    pub(crate) rows: Vec<Row>,
    /// When each entered its state; empty where no time is known.
    since: Vec<i64>,
}

impl<K: Keys> Rows<K> {
    /// The number of a row, which begins in this state where it is new.
    pub(crate) fn number(&mut self, key: K::Key<'_>, start: u16) -> usize {
        let Self { hasher, index, keys, rows, .. } = self;
        let hash = K::hash(hasher, key);
        let found = index.entry(
            hash,
            |&at| keys.is(at as usize, key),
            |&at| K::hash(hasher, keys.key_at(at as usize)),
        );
        match found {
            Entry::Occupied(found) => *found.get() as usize,
            Entry::Vacant(vacant) => {
                let number = rows.len();
                vacant.insert(
                    u32::try_from(number).expect("memory ends before 4 thousand million rows"),
                );
                keys.push(key);
                rows.push(Row { position: 0, state: start });
                number
            }
        }
    }

    /// When a row entered its state.
    pub(crate) fn since(&self, number: usize) -> i64 {
        self.since.get(number).copied().unwrap_or(NO_TIME)
    }

    /// Says when a row entered its state.
    pub(crate) fn enter(&mut self, number: usize, at: i64) {
        if self.since.len() <= number {
            if at == NO_TIME {
                return;
            }
            self.since.resize(self.rows.len(), NO_TIME);
        }
        self.since[number] = at;
    }

    /// The id of a row.
    pub(crate) fn id(&self, number: usize) -> Id<'_> {
        self.keys.id_at(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// So many that parts of hashes are alike again and again.
    const MANY: usize = 20_000;

    fn each_is_one<K: Keys>(mut key: impl FnMut(usize, &mut dyn FnMut(K::Key<'_>))) {
        let mut rows = Rows::<K>::default();
        for _ in 0..2 {
            for nth in 0..MANY {
                key(nth, &mut |key| assert_eq!(rows.number(key, 7), nth));
            }
        }
        assert_eq!((rows.rows.len(), rows.rows[0].state), (MANY, 7));
        rows.enter(3, 5);
        assert_eq!([rows.since(2), rows.since(3), rows.since(MANY - 1)], [NO_TIME, 5, NO_TIME]);
    }

    #[test]
    fn rows_of_like_hashes_are_told_apart_by_their_ids() {
        each_is_one::<Vec<i64>>(|nth, see| see(i64::try_from(nth).unwrap() - 5_000));
        each_is_one::<Vec<[u64; 2]>>(|nth, see| see([nth as u64 / 2, nth as u64 % 2]));
        each_is_one::<Texts>(|nth, see| see(format!("row {nth}").as_bytes()));
    }
}
