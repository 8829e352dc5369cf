//! The situations met so far: rows of words of one length, each kept once, with the last step of the
//! shortest path to it.

use crate::runs::Step;

/// An index that stands for nothing.
const NONE: u32 = u32::MAX;

/// A set of rows of words, numbered in the order of their coming.
pub(crate) struct Situations {
    stride: usize,
    words: Vec<u64>,
    /// Open addressing: a row's number, or nothing.
    table: Vec<u32>,
    parents: Vec<(u32, Step)>,
    /// The steps of the shortest path to each.
    steps: Vec<u32>,
    /// How many paths lead to each.
    paths: Vec<u64>,
}

impl Situations {
    pub(crate) fn new(stride: usize) -> Self {
        Self {
            stride,
            words: Vec::new(),
            table: vec![NONE; 1 << 14],
            parents: Vec::new(),
            steps: Vec::new(),
            paths: Vec::new(),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.parents.len()
    }

    pub(crate) fn row(&self, number: usize) -> &[u64] {
        &self.words[number * self.stride..][..self.stride]
    }

    pub(crate) fn paths(&self, number: usize) -> u64 {
        self.paths[number]
    }

    pub(crate) fn steps(&self, number: usize) -> u32 {
        self.steps[number]
    }

    /// The situation that this one is reached from, and how.
    pub(crate) fn parent(&self, number: usize) -> Option<(usize, Step)> {
        let (parent, step) = self.parents[number];
        (parent != NONE).then_some((parent as usize, step))
    }

    /// Adds a situation, or another `paths` ways to one that is known; says its number and whether
    /// it is new.
    pub(crate) fn add(
        &mut self,
        row: &[u64],
        from: Option<(usize, Step)>,
        paths: u64,
    ) -> (usize, bool) {
        debug_assert_eq!(row.len(), self.stride);
        let steps = from.map_or(0, |(parent, _)| self.steps[parent] + 1);
        let parent = from.map_or((NONE, Step::Start), |(parent, step)| (index(parent), step));
        let mask = self.table.len() - 1;
        let mut at = hash(row) & mask;
        while self.table[at] != NONE {
            let number = self.table[at] as usize;
            if self.row(number) == row {
                self.paths[number] = self.paths[number].saturating_add(paths);
                if steps < self.steps[number] {
                    self.steps[number] = steps;
                    self.parents[number] = parent;
                }
                return (number, false);
            }
            at = (at + 1) & mask;
        }
        let number = self.len();
        self.table[at] = index(number);
        self.words.extend_from_slice(row);
        self.parents.push(parent);
        self.steps.push(steps);
        self.paths.push(paths);
        if self.len() * 2 > self.table.len() {
            self.grow();
        }
        (number, true)
    }

    fn grow(&mut self) {
        let size = self.table.len() * 4;
        self.table = vec![NONE; size];
        for number in 0..self.len() {
            let mut at = hash(self.row(number)) & (size - 1);
            while self.table[at] != NONE {
                at = (at + 1) & (size - 1);
            }
            self.table[at] = index(number);
        }
    }
}

fn index(number: usize) -> u32 {
    u32::try_from(number).expect("a search is bounded below this")
}

fn hash(row: &[u64]) -> usize {
    const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;
    let mixed =
        row.iter().fold(0_u64, |hash, word| (hash.rotate_left(23) ^ word).wrapping_mul(SPREAD));
    usize::try_from((mixed ^ (mixed >> 32)) & 0xffff_ffff).expect("32 bits are an index")
}
