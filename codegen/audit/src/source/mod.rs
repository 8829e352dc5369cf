//! Where events come from: files in four formats, standard input, databases.

mod connect;
mod csv;
mod database;
mod feed;
mod input;
mod json;
mod key;
mod opened;
mod parquet;
mod value;
mod xes;

use std::path::{Path, PathBuf};
use std::sync::Arc;

pub(crate) use database::History;
pub(crate) use feed::{Feed, Gone};
pub(crate) use input::Progress;
pub(crate) use opened::Opened;

use crate::Error;
use crate::columns::{UsualNames, Wanted};
use crate::swift::Span;
use input::Input;

/// One source, open, with its columns found.
pub(crate) trait Source: Send {
    /// How big it is in bytes, where that is known.
    fn bytes(&self) -> Option<u64>;

    /// What it is called, where its name should not be shown.
    fn shown(&self) -> Option<&str> {
        None
    }

    /// Whether it has nothing but whole numbers and states, and can be read again quickly.
    fn is_swift(&self) -> bool {
        false
    }

    /// What its ids are like, where it says so before it is read.
    fn span(&self) -> Option<Span> {
        None
    }

    /// Whether its places are lines of a text; else they are rows.
    fn has_lines(&self) -> bool;

    /// Gives its events to a feed, to its end.
    ///
    /// # Errors
    /// Where no one reads them any more.
    fn read(self: Box<Self>, feed: &mut Feed) -> Result<(), Gone>;
}

/// Standard input, as a source is named.
pub(crate) const STDIN: &str = "-";

/// The sources that arguments name, each once: a glob is the files that it matches, sorted.
///
/// # Errors
/// Where a glob matches nothing, or is none.
pub(crate) fn named(arguments: &[String]) -> Result<Vec<String>, Error> {
    let mut sources: Vec<String> = Vec::new();
    for argument in arguments {
        let is_plain = argument == STDIN || is_url(argument) || Path::new(argument).exists();
        if is_plain || !argument.contains(['*', '?', '[']) {
            sources.push(argument.clone());
            continue;
        }
        let paths = glob::glob(argument)
            .map_err(|error| Error::new(format!("{argument}: not a glob: {error}")))?;
        let found: Result<Vec<PathBuf>, _> = paths.collect();
        let found = found.map_err(|error| Error::new(error.to_string()))?;
        let mut found: Vec<String> = found
            .iter()
            .filter(|path| path.is_file())
            .map(|path| path.display().to_string())
            .collect();
        if found.is_empty() {
            return Err(Error::new(format!("{argument}: no file matches")));
        }
        found.sort();
        sources.append(&mut found);
    }
    let mut seen = std::collections::HashSet::new();
    sources.retain(|source| seen.insert(source.clone()));
    Ok(sources)
}

/// Whether a source can be opened again, and begins anew.
pub(crate) fn is_file(name: &str) -> bool {
    std::fs::metadata(name).is_ok_and(|about| about.is_file())
}

fn is_url(argument: &str) -> bool {
    argument.contains("://") || argument.starts_with("sqlite:")
}

/// How sources are opened.
#[derive(Debug)]
pub(crate) struct Opening {
    /// The columns that are asked for.
    pub(crate) wanted: Wanted,
    /// What the others are called.
    pub(crate) names: UsualNames,
    /// The table of a database.
    pub(crate) table: Option<String>,
    /// The one where none is named.
    pub(crate) history: Option<History>,
    pub(crate) progress: Arc<Progress>,
}

/// Opens a source: a database by its address; what else there is by what it begins with, a Parquet
/// file, JSON lines, XES, or CSV.
///
/// # Errors
/// Where it can't be opened, is no such thing, or lacks a column.
pub(crate) fn open(name: &str, opening: &Opening) -> Result<Box<dyn Source>, Error> {
    if is_url(name) {
        return database::open(name, opening);
    }
    let input = Input::open(name, &opening.progress)?;
    let (wanted, names) = (&opening.wanted, &opening.names);
    match input.start() {
        start if start.starts_with(b"PAR1") => parquet::open(input, wanted, names),
        start if first_byte(start) == Some(b'{') => json::open(input, wanted, names),
        start if first_byte(start) == Some(b'<') => xes::open(input, wanted, names),
        _ => csv::open(input, wanted, names),
    }
}

/// What a text begins with.
fn first_byte(start: &[u8]) -> Option<u8> {
    let start = start.strip_prefix("\u{feff}".as_bytes()).unwrap_or(start);
    start.iter().copied().find(|byte| !byte.is_ascii_whitespace())
}
