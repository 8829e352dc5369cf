//! The fast way, by the library's bulk judge: for files whose rows are whole numbers and whose events
//! have neither times nor an order of their own.
//!
//! It keeps a byte a row and no position. So the rows that have a violation are read a second time,
//! and judged by the judge that knows all of a step: whatever is reported is what that one says.

use std::collections::HashSet;

use foldhash::fast::RandomState;
use phasegate::machine::bulk::{self, Hashed, Relation, Status};
use phasegate_codegen::machine::Machine;

use crate::batch::{Batch, Event, Ids, NO_TIME};
use crate::judge::Counts;
use crate::vocabulary::SILENT;

/// What has no state in the table, as the bulk judge takes it.
const UNKNOWN: u8 = u8::MAX;

/// Where every row is, and which have a violation.
#[derive(Debug)]
pub(crate) struct Swift {
    judge: bulk::Judge<Hashed<u8>>,
    rows: Vec<u64>,
    states: Vec<u8>,
    violations: Vec<bulk::Violation>,
    violated: HashSet<i64, RandomState>,
    width: u16,
    pub(crate) events: u64,
}

impl Swift {
    /// One that has judged nothing; none where a byte can't tell the states apart.
    pub(crate) fn new(machine: &Machine) -> Option<Self> {
        let relation = Relation::of(machine).ok()?;
        // Who wrote the ids does not choose where they fall.
        let seed = std::hash::BuildHasher::hash_one(&RandomState::default(), 0_u8);
        Some(Self {
            judge: bulk::Judge::new(&relation, Hashed::with_seed(seed)).ok()?.counting(),
            rows: Vec::new(),
            states: Vec::new(),
            violations: Vec::new(),
            violated: HashSet::default(),
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
        self.rows.clear();
        self.rows.extend(ids.iter().map(|id| id.cast_unsigned()));
        self.states.clear();
        let width = self.width;
        let place = |&state: &u16| match state < width {
            true => u8::try_from(state).unwrap_or(UNKNOWN),
            false => UNKNOWN,
        };
        self.states.extend(batch.states.iter().map(place));
        self.violations.clear();
        if self.judge.judge(&self.rows, &self.states, &mut self.violations).is_err() {
            return false;
        }
        self.events += batch.len() as u64;
        let violated = self.violations.iter().map(|it| it.row.cast_signed());
        self.violated.extend(violated);
        true
    }

    /// Whether no row has a violation.
    pub(crate) fn is_clean(&self) -> bool {
        self.violated.is_empty()
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

    /// Gives a judge of the rows with a violation the counts of all.
    pub(crate) fn count(&self, counts: &mut Counts) {
        counts.events = self.events;
        let width = usize::from(self.width);
        for traffic in self.judge.counts().into_iter().flat_map(bulk::Counts::iter) {
            let from = match traffic.from {
                Status::Start => width,
                Status::State(state) => state.index(),
                Status::Unknown => width + 1,
            };
            if let Status::State(to) = traffic.to {
                counts.set(from, to.index(), traffic.reports);
            }
        }
    }

    /// The code of each row's state.
    pub(crate) fn each_row(&self, mut see: impl FnMut(u64, u16)) {
        let unknown = self.width + 1;
        self.judge.each_row(|row, status| {
            see(
                row,
                match status {
                    Status::State(state) => crate::vocabulary::code(state),
                    Status::Start | Status::Unknown => unknown,
                },
            );
        });
    }
}
