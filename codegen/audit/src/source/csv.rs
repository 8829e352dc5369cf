//! CSV with a header line: commas, semicolons or tabs between, by what the header has most of.

use csv::{ByteRecord, ErrorKind, Reader, ReaderBuilder, Terminator};

use super::feed::{Feed, Gone, Written};
use super::input::{Counted, Input};
use super::{Source, key};
use crate::Error;
use crate::columns::{Columns, UsualNames, Wanted};

struct Csv {
    reader: Reader<Counted>,
    columns: Columns,
    bytes: Option<u64>,
}

pub(super) fn open(
    input: Input,
    wanted: &Wanted,
    names: &UsualNames,
) -> Result<Box<dyn Source>, Error> {
    let name = input.name.clone();
    let header = input.start().split(|&byte| byte == b'\n').next().unwrap_or_default();
    let count = |delimiter: &u8| header.iter().filter(|byte| *byte == delimiter).count();
    let delimiter = *[b'\t', b';', b','].iter().max_by_key(|it| count(it)).unwrap_or(&b',');
    let bytes = input.bytes;
    let mut reader = ReaderBuilder::new()
        .delimiter(delimiter)
        // With both bytes of CRLF as the end, a row would begin at the second one: a line too early.
        .terminator(Terminator::Any(b'\n'))
        .buffer_capacity(256 << 10)
        .from_reader(input.counted());
    let header = reader
        .headers()
        .map_err(|error| Error::new(format!("{name}: its header can't be read: {error}")))?;
    let has: Vec<String> = header.iter().map(|column| column.trim().to_owned()).collect();
    if has.iter().all(String::is_empty) {
        return Err(Error::new(format!(
            "{name}: it is empty; a source is Parquet, JSON lines, or CSV with a header"
        )));
    }
    let columns = wanted.find(names, &name, &has)?;
    Ok(Box::new(Csv { reader, columns, bytes }))
}

impl Source for Csv {
    fn bytes(&self) -> Option<u64> {
        self.bytes
    }

    fn has_lines(&self) -> bool {
        true
    }

    fn read(self: Box<Self>, feed: &mut Feed) -> Result<(), Gone> {
        let Self { mut reader, columns, .. } = *self;
        let mut record = ByteRecord::new();
        let mut joined = Vec::new();
        // What is wrong with a row depends on whether another one follows.
        let mut short: Option<Short> = None;
        loop {
            let read = reader.read_byte_record(&mut record);
            if let Some(Short { line, fields, has_lines }) = short.take() {
                let is_last = matches!(read, Ok(false));
                let is_cut = is_last && !reader.get_ref().ends_in_line_feed();
                let message = match (is_last && has_lines, is_cut) {
                    (true, _) => format!(
                        "it has {fields}, and lines in the last of them to the end of the file: is a \
                         quote not closed?"
                    ),
                    (false, true) => format!("it ends in a row of {fields}"),
                    (false, false) => format!("it has {fields}"),
                };
                match is_cut || is_last && has_lines {
                    true => feed.cut_off(Some(line), message)?,
                    false => feed.bad_row(line, message)?,
                }
            }
            let error = match read {
                Ok(false) => return Ok(()),
                Ok(true) => {
                    let last = record.len() - 1;
                    let field = |at: usize| {
                        let field = record.get(at)?;
                        let end: &[u8] = if at == last { b"\r" } else { b"" };
                        Some(field.strip_suffix(end).unwrap_or(field)).filter(|it| !it.is_empty())
                    };
                    if !columns.takes(field) {
                        continue;
                    }
                    let id = key::join(columns.id.iter().map(|&at| field(at)), &mut joined);
                    let written = Written {
                        id,
                        status: field(columns.status),
                        order: columns.order.map(field),
                        at: columns.at.and_then(field),
                        fingerprint: columns.fingerprint.and_then(field),
                    };
                    feed.written(line_of(&record, &reader), written)?;
                    continue;
                }
                Err(error) => error,
            };
            let line = line_of(&record, &reader);
            #[expect(clippy::wildcard_enum_match_arm, reason = "others may come, and are alike")]
            match error.kind() {
                // An empty line, where lines end with CRLF.
                ErrorKind::UnequalLengths { len: 1, .. } if record.as_slice() == b"\r" => {}
                ErrorKind::UnequalLengths { expected_len, len, .. } => {
                    let fields = if *len == 1 { "1 field" } else { &format!("{len} fields") };
                    let fields = format!("{fields}, where the header has {expected_len}");
                    let last = record.len().checked_sub(1).and_then(|last| record.get(last));
                    let has_lines = last.is_some_and(|last| last.contains(&b'\n'));
                    short = Some(Short { line, fields, has_lines });
                }
                ErrorKind::Io(error) => {
                    return feed.cut_off(Some(line), format!("it can't be read on: {error}"));
                }
                _ => feed.bad_row(line, error.to_string())?,
            }
        }
    }
}

/// A row whose fields are too few or too many.
struct Short {
    line: u64,
    fields: String,
    /// Whether its last field has several lines.
    has_lines: bool,
}

/// The line that a row begins on: where the reader began to look for it there may have been empty ones.
fn line_of(record: &ByteRecord, reader: &Reader<Counted>) -> u64 {
    let Some(begun) = record.position().map(csv::Position::line) else { return 0 };
    let within = record.as_slice().iter().filter(|byte| **byte == b'\n').count() as u64;
    let lines = reader.position().line().saturating_sub(begun);
    begun + lines.saturating_sub(within + 1)
}
