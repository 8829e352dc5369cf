//! The bulk judge: whole histories judged by a table, in one pass and in any order of the rows.
//!
//! A history is two columns of one length: the row that a report is about, and the state that it
//! reports. A row's first report has to be an initial state, and each next one a legal transition from
//! the one before it; everything else is a [`Violation`]. After a violation the row goes on from the
//! state that was reported, so one wrong report is one violation, or two where the next does not fit
//! either.
//!
//! ```
//! use phasegate::StateId;
//! use phasegate::machine::bulk::{Dense, Judge, Relation, Status};
//!
//! // Three states: 0 -> 1 -> 2, and rows start in 0. `Relation::of` takes them from a `Machine`.
//! let [placed, paid, shipped] = [0, 1, 2].map(StateId::new);
//! let relation = Relation::new(3, [placed], [(placed, paid), (paid, shipped)])?;
//!
//! let mut judge = Judge::new(&relation, Dense::<u32>::new(1_000))?;
//! let mut violations = Vec::new();
//! // Two rows, interleaved. Row 8 is shipped and was never paid.
//! judge.judge(&[7, 8, 7, 8], &[0, 0, 1, 2], &mut violations)?;
//!
//! assert_eq!(violations.len(), 1);
//! assert_eq!((violations[0].index, violations[0].row), (3, 8));
//! assert_eq!(violations[0].from, Status::State(placed));
//! assert_eq!(violations[0].to, Status::State(shipped));
//! # Ok::<(), phasegate::machine::bulk::BulkError>(())
//! ```
//!
//! What is known of the rows decides what is kept of them:
//!
//! | memory | for | a row takes |
//! |---|---|---|
//! | [`Dense`] | rows that are numbered from 0 | 1 byte |
//! | [`Hashed`] | rows by any 64-bit number: an id, or the hash of one | 13 to 20 bytes |
//! | [`Sorted`] | logs in which a row's reports stand together | nothing |
//!
//! A state is its place in the table, as a `u8`. A machine of more than 254 states takes `u16`, and a
//! byte a row more: `Dense::<u32, u16>`. Every place that the table does not have is a state that it
//! lacks ([`Status::Unknown`]), and a report of one is a violation.

mod code;
mod counts;
mod dense;
mod hashed;
mod relation;
mod sorted;
mod table;

use alloc::vec::Vec;
use core::fmt;

use crate::StateId;

pub use code::Code;
pub use counts::{Counts, Traffic};
pub use dense::{Dense, RowNumber};
pub use hashed::Hashed;
pub use relation::Relation;
pub use sorted::Sorted;

use code::Table;

/// How many reports go through each stage at a time: few enough for the fastest cache.
const BLOCK: usize = 512;

/// How many pairs are looked at one by one where one of them is illegal.
const PIECE: usize = 32;

/// Where a row is, as far as its reports say.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Status {
    /// It has not been reported yet.
    Start,
    /// In this state.
    State(StateId),
    /// In a state that the table does not have.
    Unknown,
}

impl Status {
    /// What a code of memory stands for.
    fn of(code: usize, states: usize) -> Self {
        match code.checked_sub(1) {
            None => Self::Start,
            Some(place) if place < states => Self::State(StateId::new(place)),
            Some(_) => Self::Unknown,
        }
    }
}

/// A report that the table does not allow.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Violation {
    /// Its place in the batch, from 0.
    pub index: usize,
    /// The row, by its id in the batch.
    pub row: u64,
    /// Where the row was.
    pub from: Status,
    /// What was reported; never [`Status::Start`].
    pub to: Status,
}

/// Why nothing, or not all, could be judged.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum BulkError {
    /// The relation has more states than the codes can tell apart, or than a table may have.
    States {
        /// How many it has.
        states: usize,
        /// How many it may have.
        most: usize,
    },
    /// An initial state or a pair names a state that the relation does not have.
    Outside {
        /// The place that it names.
        state: usize,
        /// How many states there are.
        states: usize,
    },
    /// The two columns of a batch differ in their length. Nothing of the batch was judged.
    Lengths {
        /// The length of the column of rows.
        rows: usize,
        /// The length of the column of states.
        states: usize,
    },
    /// A row's number is beyond what [`Dense`] was made for. What stands before it in the batch was
    /// judged; it and what follows was not.
    Row {
        /// Its place in the batch, from 0.
        index: usize,
        /// Its number.
        row: u64,
        /// What numbers have to be below.
        most: usize,
    },
}

impl fmt::Display for BulkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::States { states, most: 254 } => {
                write!(f, "{states} states do not fit u8, which takes 254; judge them as u16")
            }
            Self::States { states, most } => {
                write!(f, "{states} states are more than a table may have ({most})")
            }
            Self::Outside { state, states } => {
                write!(f, "state {state} is not one of the relation's {states}, from 0")
            }
            Self::Lengths { rows, states } => {
                write!(f, "a batch has {rows} rows and {states} states; it needs one state a row")
            }
            Self::Row { index, row, most } => {
                write!(f, "report {index} of the batch is about row {row}; rows are below {most}")
            }
        }
    }
}

impl core::error::Error for BulkError {}

/// What is remembered of each row: [`Dense`], [`Hashed`] or [`Sorted`].
pub trait Memory: memory::Step {}

impl<M: memory::Step> Memory for M {}

/// What only this module implements.
mod memory {
    use super::Code;

    pub trait Step {
        /// A row's id.
        type Row: Copy;
        /// A state.
        type Code: Code;

        /// How many of these reports there is room for, from the first on.
        fn prepare(&mut self, rows: &[Self::Row]) -> usize;

        /// Gives to each report where its row was before, and has the row go on. The three are of one
        /// length, and there is room for them.
        fn step(&mut self, rows: &[Self::Row], to: &[Self::Code], from: &mut [Self::Code]);

        /// Where each row is that was reported, and is still known.
        fn each(&self, see: impl FnMut(u64, Self::Code));

        /// What its numbers have to be below, where there is such a bound.
        fn most(&self) -> usize {
            usize::MAX
        }

        /// A row's id as a number.
        fn id(row: Self::Row) -> u64;
    }
}

/// Judges batches of reports by a [`Relation`]. Batches follow each other: a row goes on in the next one
/// where it was.
#[derive(Clone, Debug)]
pub struct Judge<M: Memory> {
    table: <M::Code as code::Judged>::Table,
    memory: M,
    counts: Option<Counts>,
    from: Vec<M::Code>,
    to: Vec<M::Code>,
}

impl<M: Memory> Judge<M> {
    /// A judge that has seen no row yet.
    ///
    /// # Errors
    /// [`BulkError::States`] where `u8` cannot tell the relation's states apart.
    pub fn new(relation: &Relation, memory: M) -> Result<Self, BulkError> {
        let most = <M::Code as code::Judged>::MOST;
        if relation.states() > most {
            return Err(BulkError::States { states: relation.states(), most });
        }
        Ok(Self {
            table: Table::new(relation),
            memory,
            counts: None,
            from: alloc::vec![<M::Code as code::Judged>::START; BLOCK],
            to: alloc::vec![<M::Code as code::Judged>::START; BLOCK],
        })
    }

    /// Has it count how often each transition was reported, too.
    #[must_use]
    pub fn counting(mut self) -> Self {
        self.counts = Some(Counts::new(self.table.states()));
        self
    }

    /// Judges a batch: `states[i]` was reported of `rows[i]`, in this order. Each violation is pushed to
    /// `violations`, in the order of the batch, with its place in this batch.
    ///
    /// # Errors
    /// [`BulkError::Lengths`] where the columns differ in their length; [`BulkError::Row`] where a row's
    /// number is beyond what [`Dense`] was made for.
    pub fn judge(
        &mut self,
        rows: &[M::Row],
        states: &[M::Code],
        violations: &mut Vec<Violation>,
    ) -> Result<(), BulkError> {
        if rows.len() != states.len() {
            return Err(BulkError::Lengths { rows: rows.len(), states: states.len() });
        }
        let blocks = rows.chunks(BLOCK).zip(states.chunks(BLOCK));
        for (first, (rows, states)) in (0..).step_by(BLOCK).zip(blocks) {
            let room = self.memory.prepare(rows);
            self.block(first, &rows[..room], &states[..room], violations);
            if let Some(&row) = rows.get(room) {
                let (index, row, most) = (first + room, M::id(row), self.memory.most());
                return Err(BulkError::Row { index, row, most });
            }
        }
        Ok(())
    }

    fn block(
        &mut self,
        first: usize,
        rows: &[M::Row],
        states: &[M::Code],
        violations: &mut Vec<Violation>,
    ) {
        let (from, to) = (&mut self.from[..rows.len()], &mut self.to[..rows.len()]);
        self.table.read(states, to);
        self.memory.step(rows, to, from);
        if let Some(counts) = &mut self.counts {
            self.table.count(from, to, counts);
        }
        if self.table.all_legal(from, to) {
            return;
        }
        // Violations are few, so that most pieces of such a block have none either.
        let pieces = from.chunks(PIECE).zip(to.chunks(PIECE));
        for (piece, (from, to)) in (0..).step_by(PIECE).zip(pieces) {
            if self.table.all_legal(from, to) {
                continue;
            }
            for (at, (&from, &to)) in (piece..).zip(from.iter().zip(to)) {
                if !self.table.is_legal(from, to) {
                    let (from, to) = (self.table.status(from), self.table.status(to));
                    violations.push(Violation {
                        index: first + at,
                        row: M::id(rows[at]),
                        from,
                        to,
                    });
                }
            }
        }
    }

    /// How often each transition was reported, where it is [`counting`](Self::counting).
    pub const fn counts(&self) -> Option<&Counts> {
        self.counts.as_ref()
    }

    /// Hands over each row that is known, by its id, with where it is now; in no particular order. A
    /// [`Sorted`] log knows only its last row.
    pub fn each_row(&self, mut see: impl FnMut(u64, Status)) {
        self.memory.each(|row, code| see(row, self.table.status(code)));
    }
}
