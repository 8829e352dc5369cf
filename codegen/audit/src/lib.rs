//! Judges whole histories of a status column by its transition table: the library behind
//! `phasegate audit`.
//!
//! Sources give events in batches; where they are asked to be ordered, they are; each is judged by
//! the table in one pass over all rows at once, and what came of it is a report.

mod audit;
mod batch;
mod columns;
mod discover;
mod html;
mod judge;
mod keys;
mod order;
mod out;
mod render;
mod report;
mod rows;
mod source;
mod stays;
mod swift;
mod time;
mod versions;
mod vocabulary;

use std::fmt;

pub use audit::{Options, Seen, audit};
pub use batch::{Trouble, TroubleKind};
pub use columns::Wanted;
pub use discover::{Discovered, MOST_DRAFTED, discover};
pub use out::Out;
pub use report::{Report, SHOWN, SourceName, Stopped, Stuck, Taken, Violation};
pub use stays::{Stay, words};

/// Why an audit could not run.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Error {
    message: String,
}

impl Error {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into() }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}
