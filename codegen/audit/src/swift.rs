//! The fast way, by the library's bulk judge: for files whose rows are whole numbers and whose events
//! have neither times nor an order of their own.
//!
//! It keeps a byte or some a row and no position. So rows that have a violation are read a second time,
//! and judged by the judge that knows all of a step: whatever is reported is what that one says.

use std::collections::HashSet;

use foldhash::fast::RandomState;
use phasegate::machine::bulk::{self, Dense, Hashed, Relation, Status};
use phasegate_codegen::machine::Machine;

use crate::batch::{Batch, Event, Ids, NO_TIME};
use crate::judge::Counts;
use crate::report::SHOWN;
use crate::vocabulary::SILENT;

/// What has no state in the table, as the bulk judge takes it.
const UNKNOWN: u8 = u8::MAX;
/// Numbers that lie within so many are each given a byte, however few of them there are.
const NEAR: u64 = 32 << 20;

/// What the ids of sources are like, as their files say before they are read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Span {
    /// The smallest.
    pub(crate) first: i64,
    /// The largest.
    pub(crate) last: i64,
    /// How many reports there are.
    pub(crate) reports: u64,
}

impl Span {
    /// Of both.
    pub(crate) fn with(self, other: Self) -> Self {
        Self {
            first: self.first.min(other.first),
            last: self.last.max(other.last),
            reports: self.reports.saturating_add(other.reports),
        }
    }

    /// How many numbers it has, where a byte for each takes less than a place for each report.
    fn near(self) -> Option<u32> {
        let numbers = self.last.checked_sub(self.first)?.unsigned_abs().checked_add(1)?;
        let is_near = numbers <= NEAR.max(self.reports.saturating_mul(4));
        u32::try_from(numbers).ok().filter(|_| is_near)
    }
}

/// What is kept of the rows.
#[derive(Debug)]
enum Memory {
    /// Of numbers that lie near each other, from the first on.
    Near {
        first: i64,
        judge: bulk::Judge<Dense<u32>>,
        rows: Vec<u32>,
    },
    Far {
        judge: bulk::Judge<Hashed>,
        rows: Vec<u64>,
    },
}

/// Where every row is, and which have a violation.
#[derive(Debug)]
pub(crate) struct Swift {
    memory: Memory,
    states: Vec<u8>,
    violations: Vec<bulk::Violation>,
    /// The rows that have a violation: all of them, or those of the first.
    violated: HashSet<i64, RandomState>,
    keeps_all: bool,
    met: usize,
    /// After how many events nothing of interest follows.
    until: u64,
    width: u16,
    pub(crate) events: u64,
}

impl Swift {
    /// One that has judged nothing; none where a byte can't tell the states apart. With `keeps_all` it
    /// knows every row with a violation, otherwise those of the first that are shown.
    pub(crate) fn new(machine: &Machine, span: Option<Span>, keeps_all: bool) -> Option<Self> {
        let relation = Relation::of(machine).ok()?;
        let near = span.and_then(|span| Some((span.first, span.near()?)));
        let memory = match near {
            Some((first, numbers)) => {
                let most = usize::try_from(numbers).ok()?;
                let judge = bulk::Judge::new(&relation, Dense::new(most)).ok()?.counting();
                Memory::Near { first, judge, rows: Vec::new() }
            }
            None => {
                // Who wrote the ids does not choose where they fall.
                let seed = std::hash::BuildHasher::hash_one(&RandomState::default(), 0_u8);
                let judge = bulk::Judge::new(&relation, Hashed::with_seed(seed)).ok()?.counting();
                Memory::Far { judge, rows: Vec::new() }
            }
        };
        Some(Self {
            memory,
            states: Vec::new(),
            violations: Vec::new(),
            violated: HashSet::default(),
            keeps_all,
            met: 0,
            until: u64::MAX,
            width: u16::try_from(machine.states.len()).ok()?,
            events: 0,
        })
    }

    /// Judges a batch; whether it is one that can be judged this way.
    pub(crate) fn batch(&mut self, batch: &Batch) -> bool {
        let Ids::Numbers(ids) = &batch.ids else { return batch.is_empty() };
        let is_plain = batch.at.iter().all(|&at| at == NO_TIME)
            && batch.tables.iter().all(|&table| table == 0)
            && batch.states.iter().all(|&state| state & SILENT == 0);
        if !is_plain {
            return false;
        }
        self.states.clear();
        let width = self.width;
        let place = |&state: &u16| match state < width {
            true => u8::try_from(state).unwrap_or(UNKNOWN),
            false => UNKNOWN,
        };
        self.states.extend(batch.states.iter().map(place));
        self.violations.clear();
        let Self { memory, states, violations, .. } = self;
        let judged = match memory {
            Memory::Near { first, judge, rows } => {
                rows.clear();
                // What lies elsewhere, whatever the file said of that, is a number too large.
                let number = |id: &i64| u32::try_from(id.wrapping_sub(*first)).unwrap_or(u32::MAX);
                rows.extend(ids.iter().map(number));
                judge.judge(rows, states, violations)
            }
            Memory::Far { judge, rows } => {
                rows.clear();
                rows.extend(ids.iter().map(|id| id.cast_unsigned()));
                judge.judge(rows, states, violations)
            }
        };
        if judged.is_err() {
            return false;
        }
        for violation in &self.violations {
            if !self.keeps_all && self.met >= SHOWN {
                break;
            }
            // What follows a state that the table lacks is not judged.
            if matches!((violation.from, violation.to), (Status::Unknown, Status::State(_))) {
                continue;
            }
            self.met += 1;
            self.violated.insert(ids[violation.index]);
            if !self.keeps_all && self.met == SHOWN {
                self.until = self.events + violation.index as u64 + 1;
            }
        }
        self.events += batch.len() as u64;
        true
    }

    /// Whether it was made for ids that lie near each other.
    pub(crate) const fn is_near(&self) -> bool {
        matches!(self.memory, Memory::Near { .. })
    }

    /// Whether no row has a violation.
    pub(crate) fn is_clean(&self) -> bool {
        self.violated.is_empty()
    }

    /// How many events have to be read again for all that is said of violations.
    pub(crate) fn again(&self) -> u64 {
        self.until.min(self.events)
    }

    /// The events of a batch that are of rows with a violation.
    pub(crate) fn violated(&self, batch: &Batch) -> Batch {
        let mut some = Batch::new(batch.source);
        let Ids::Numbers(ids) = &batch.ids else { return some };
        for (nth, id) in ids.iter().enumerate() {
            if self.violated.contains(id) {
                some.push(&Event {
                    id: batch.ids.get(nth),
                    state: batch.states[nth],
                    line: batch.line(nth),
                    at: NO_TIME,
                    key: None,
                    table: 0,
                });
            }
        }
        some
    }

    fn traffic(&self) -> impl Iterator<Item = bulk::Traffic> + '_ {
        let counts = match &self.memory {
            Memory::Near { judge, .. } => judge.counts(),
            Memory::Far { judge, .. } => judge.counts(),
        };
        counts.into_iter().flat_map(bulk::Counts::iter)
    }

    /// Gives a judge of the rows with a violation the counts of all; how many violations there are.
    pub(crate) fn count(&self, machine: &Machine, counts: &mut Counts) -> u64 {
        counts.events = self.events;
        let width = usize::from(self.width);
        let mut violations = 0;
        for bulk::Traffic { from, to, reports } in self.traffic() {
            let Status::State(to) = to else {
                violations += reports;
                continue;
            };
            let (from, is_legal) = match from {
                Status::Start => (width, machine.is_initial(to)),
                Status::State(state) => (state.index(), machine.can_become(state, to)),
                Status::Unknown => (width + 1, true),
            };
            counts.set(from, to.index(), reports, if is_legal { 0 } else { reports });
            violations += if is_legal { 0 } else { reports };
        }
        violations
    }

    /// The id of each row, and the code of its state.
    pub(crate) fn each_row(&self, mut see: impl FnMut(i64, u16)) {
        let unknown = self.width + 1;
        let code = |status| match status {
            Status::State(state) => crate::vocabulary::code(state),
            Status::Start | Status::Unknown => unknown,
        };
        match &self.memory {
            Memory::Near { first, judge, .. } => judge.each_row(|row, status| {
                see(first.wrapping_add(row.cast_signed()), code(status));
            }),
            Memory::Far { judge, .. } => judge.each_row(|row, status| {
                see(row.cast_signed(), code(status));
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "format = 1\n[machine]\nname = \"m\"\ninitial = \"a\"\n[[state]]\nname = \"a\"\n\
        [[state]]\nname = \"z\"\noutcome = \"success\"\n[[transition]]\nfrom = \"a\"\nto = \"z\"\n";

    fn batch(ids: &[i64], states: &[u16]) -> Batch {
        let mut batch = Batch::new(0);
        (batch.ids, batch.states) = (Ids::Numbers(ids.to_vec()), states.to_vec());
        batch
    }

    fn swift(span: Option<Span>, keeps_all: bool) -> Swift {
        let (_, machine, _) = phasegate_codegen::machine("m.toml", TABLE.as_bytes()).unwrap();
        Swift::new(&machine, span, keeps_all).unwrap()
    }

    #[test]
    fn ids_that_are_not_where_the_file_says_are_left_to_another() {
        let span = Span { first: -5, last: 5, reports: 3 };
        for (id, is_judged) in [(-5, true), (5, true), (-6, false), (6, false), (i64::MIN, false)] {
            let mut near = swift(Some(span), false);
            assert!(near.is_near());
            assert_eq!(near.batch(&batch(&[0, id], &[0, 0])), is_judged, "{id}");
            assert!(swift(None, false).batch(&batch(&[0, id], &[0, 0])), "{id}");
        }
        // As many numbers as there are, or as little memory takes; and never more than those of 32 bits.
        for (last, reports, is_near) in [
            (i64::from(u32::MAX) * 2, u64::MAX, false),
            ((1 << 30) - 2, 1 << 28, true),
            ((1 << 30) - 1, 1 << 28, false),
            (i64::MAX, u64::MAX, false),
        ] {
            assert_eq!(
                swift(Some(Span { first: -1, last, reports }), false).is_near(),
                is_near,
                "{last}"
            );
        }
    }

    #[test]
    fn only_so_much_is_read_again_as_is_said_of_violations() {
        for span in [None, Some(Span { first: 0, last: 99, reports: 200 })] {
            let ids: Vec<i64> = (0..100).collect();
            let mut some = swift(span, false);
            let mut all = swift(span, true);
            for swift in [&mut some, &mut all] {
                assert!(swift.batch(&batch(&ids, &[0; 100])) && swift.is_clean());
                // One in two starts again, which is not legal.
                let states: Vec<u16> = (0..100).map(|id| id % 2).collect();
                assert!(swift.batch(&batch(&ids, &states)));
            }
            assert_eq!((some.again(), some.violated.len()), (100 + 39, 20));
            assert_eq!((all.again(), all.violated.len()), (200, 50));
            assert_eq!(some.violated(&batch(&[0, 1, 2, 98], &[0; 4])).len(), 2);
        }
    }
}
