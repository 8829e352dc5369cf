//! Judges events in any interleaving of rows, in one pass: each step by the table, and what there is
//! to count.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use phasegate_codegen::machine::{Machine, StateId};

use crate::batch::{Batch, Id, Ids, NO_TIME};
use crate::rows::{Keys, Row, Rows};
use crate::stays::Stays;
use crate::versions::Version;
use crate::vocabulary::SILENT;

/// A step that is not legal.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step<'s> {
    /// The row.
    pub id: Id<'s>,
    /// The place among the row's reports, from 1.
    pub position: u32,
    /// The code of the state before; none at the first place.
    pub from: Option<u16>,
    /// The code of the state that was reported.
    pub to: u16,
    /// When, in microseconds since 1970, or [`NO_TIME`].
    pub at: i64,
    /// When the row entered the state before, or [`NO_TIME`].
    pub since: i64,
    /// The number of the source.
    pub source: u32,
    /// The line or row of the source, from 1.
    pub line: u64,
    /// The table that it is judged by: the current one is 0.
    pub table: u16,
}

/// What is said of a step.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Fault {
    /// It is not legal.
    Violation,
    /// Its time is before that of the one before.
    TimeBack,
}

/// The relation of one table, by codes.
#[derive(Debug)]
struct Legal {
    /// From (after the states the start, and then any state that is lacking), then to.
    pairs: Vec<bool>,
}

impl Legal {
    fn of(machine: &Machine, width: usize) -> Self {
        let mut pairs = vec![false; (width + 2) * width];
        for (from, to, _) in machine.transitions() {
            pairs[from.index() * width + to.index()] = true;
        }
        for initial in &machine.initial {
            pairs[width * width + initial.index()] = true;
        }
        // A step out of a state that the table lacks is none that it could judge.
        pairs[(width + 1) * width..].fill(true);
        Self { pairs }
    }
}

/// What was counted of all rows.
#[derive(Debug)]
pub(crate) struct Counts {
    width: usize,
    /// The same.
    pairs: Vec<u64>,
    /// How many events there were.
    pub events: u64,
    /// How many of them repeated the row's state, and were passed over.
    pub redeliveries: u64,
    /// The latest time, or [`NO_TIME`].
    pub latest: i64,
    /// How often each step between states was not legal.
    illegal: HashMap<(u16, u16), u64>,
}

impl Counts {
    /// How many times a step was taken, legal or not; without `from` how many rows started there.
    pub(crate) fn of(&self, from: Option<StateId>, to: StateId) -> u64 {
        self.of_codes(from.map(StateId::index), to.index())
    }

    /// How many of those were not legal.
    pub(crate) fn illegal(&self, from: Option<StateId>, to: StateId) -> u64 {
        let code = |state: StateId| u16::try_from(state.index()).unwrap_or(u16::MAX);
        let start = u16::try_from(self.width).unwrap_or(u16::MAX);
        self.illegal.get(&(from.map_or(start, code), code(to))).copied().unwrap_or_default()
    }

    /// The same by the places of states.
    pub(crate) fn of_codes(&self, from: Option<usize>, to: usize) -> u64 {
        self.pairs[from.unwrap_or(self.width) * self.width + to]
    }

    /// Says how often a step was taken, and how often that was not legal, by places as they are kept.
    pub(crate) fn set(&mut self, from: usize, to: usize, times: u64, illegal: u64) {
        self.pairs[from * self.width + to] = times;
        let code = |place: usize| u16::try_from(place).unwrap_or(u16::MAX);
        match illegal {
            0 => self.illegal.remove(&(code(from), code(to))),
            illegal => self.illegal.insert((code(from), code(to)), illegal),
        };
    }

    /// How many steps followed a state that the table lacks, and were not judged.
    pub(crate) fn unjudged(&self) -> u64 {
        self.pairs[(self.width + 1) * self.width..].iter().sum()
    }

    /// How many times a state was entered.
    pub(crate) fn entered(&self, state: StateId) -> u64 {
        (0..self.width + 2).map(|from| self.pairs[from * self.width + state.index()]).sum()
    }
}

/// A history under judgement.
#[derive(Debug)]
pub(crate) struct Judge {
    core: Core,
    numbers: Rows<Vec<i64>>,
    uuids: Rows<Vec<[u64; 2]>>,
    texts: Rows<crate::batch::Texts>,
}

/// All but the rows.
#[derive(Debug)]
struct Core {
    legal: Legal,
    /// The tables of other times, from number 1 on.
    versions: Arc<Vec<Version>>,
    redeliveries: bool,
    counts: Counts,
    stays: Stays,
}

impl Judge {
    /// One that has judged nothing; with `reports` redeliveries are passed over.
    pub(crate) fn new(machine: &Machine, versions: Arc<Vec<Version>>, reports: bool) -> Self {
        let width = machine.states.len();
        let mut judge = Self::by(Legal::of(machine, width), width, reports);
        judge.core.versions = versions;
        judge
    }

    /// One that takes every step between so many states, and only counts; with `reports` all that
    /// repeats a state is a redelivery.
    pub(crate) fn open(width: usize, reports: bool) -> Self {
        let mut pairs = vec![true; (width + 2) * width];
        if reports {
            (0..width).for_each(|state| pairs[state * width + state] = false);
        }
        Self::by(Legal { pairs }, width, reports)
    }

    fn by(legal: Legal, width: usize, redeliveries: bool) -> Self {
        let counts = Counts {
            width,
            pairs: vec![0; (width + 2) * width],
            events: 0,
            redeliveries: 0,
            latest: NO_TIME,
            illegal: HashMap::new(),
        };
        Self {
            core: Core {
                legal,
                versions: Arc::default(),
                redeliveries,
                counts,
                stays: Stays::new(width),
            },
            numbers: Rows::default(),
            uuids: Rows::default(),
            texts: Rows::default(),
        }
    }

    /// Judges a batch. What there is to say of a step is said as it is met; a break ends it there.
    pub(crate) fn batch(
        &mut self,
        batch: &Batch,
        say: &mut impl FnMut(Fault, &Step<'_>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let Self { core, numbers, uuids, texts } = self;
        match &batch.ids {
            Ids::Numbers(ids) => core.steps(numbers, ids.iter().copied(), batch, say),
            Ids::Uuids(ids) => core.steps(uuids, ids.iter().copied(), batch, say),
            Ids::Texts(ids) => core.steps(texts, ids.iter(), batch, say),
        }
    }

    /// What was counted, to be counted otherwise.
    pub(crate) const fn counts_mut(&mut self) -> &mut Counts {
        &mut self.core.counts
    }

    /// What was counted.
    pub(crate) const fn counts(&self) -> &Counts {
        &self.core.counts
    }

    /// How long rows were in each state.
    pub(crate) const fn stays(&self) -> &Stays {
        &self.core.stays
    }

    /// How many rows were met.
    pub(crate) fn rows(&self) -> usize {
        self.numbers.rows.len() + self.uuids.rows.len() + self.texts.rows.len()
    }

    /// Each row where it is: its id, the code of its state, and since when.
    pub(crate) fn each_row(&self, mut see: impl FnMut(Id<'_>, u16, i64)) {
        each(&self.numbers, &mut see);
        each(&self.uuids, &mut see);
        each(&self.texts, &mut see);
    }
}

fn each<K: Keys>(rows: &Rows<K>, see: &mut impl FnMut(Id<'_>, u16, i64)) {
    for (number, row) in rows.rows.iter().enumerate() {
        see(rows.id(number), row.state, rows.since(number));
    }
}

impl Core {
    fn steps<'b, K: Keys + 'b>(
        &mut self,
        rows: &mut Rows<K>,
        keys: impl Iterator<Item = K::Key<'b>>,
        batch: &Batch,
        say: &mut impl FnMut(Fault, &Step<'_>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let width = self.counts.width;
        let start = u16::try_from(width).expect("a table has at most 4,096 states");
        let has_times = batch.at.iter().any(|&at| at != NO_TIME);
        for (nth, (key, &to)) in keys.zip(&batch.states).enumerate() {
            let number = rows.number(key, start);
            let Row { position, state: from } = rows.rows[number];
            if to & SILENT != 0 {
                rows.rows[number].state = to & !SILENT;
                continue;
            }
            self.counts.events += 1;
            let row = Row { position: position.saturating_add(1), state: to };
            rows.rows[number] = row;
            let is_known = to < start;
            let pair = usize::from(from.min(start + 1)) * width + usize::from(to);
            let table = batch.tables.get(nth).copied().unwrap_or_default();
            let is_legal = match self.versions.get(usize::from(table).wrapping_sub(1)) {
                None => is_known && self.legal.pairs[pair],
                Some(version) => version.may(from, to),
            };
            let is_moved = is_legal || !(self.redeliveries && from == to);
            if is_moved && is_known {
                self.counts.pairs[pair] += 1;
            }
            if is_legal && !has_times {
                continue;
            }
            let at = batch.at.get(nth).copied().unwrap_or(NO_TIME);
            let since = rows.since(number);
            let step = Step {
                id: batch.ids.get(nth),
                position: row.position,
                from: (from != start).then_some(from),
                to,
                at,
                since,
                source: batch.source(nth),
                line: batch.line(nth),
                table,
            };
            let is_back = at != NO_TIME && since != NO_TIME && at < since;
            if is_back {
                say(Fault::TimeBack, &step)?;
            }
            self.counts.latest = self.counts.latest.max(at);
            if !is_moved {
                self.counts.redeliveries += 1;
                continue;
            }
            if !is_back && at != NO_TIME && since != NO_TIME && from < start {
                self.stays.add(usize::from(from), at - since);
            }
            rows.enter(number, at);
            if !is_legal {
                if is_known {
                    *self.counts.illegal.entry((from, to)).or_default() += 1;
                }
                say(Fault::Violation, &step)?;
            }
        }
        ControlFlow::Continue(())
    }
}
