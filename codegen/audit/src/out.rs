//! All violations as a file: Parquet, CSV or JSON lines, by its name.

use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::{
    ArrayRef, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray, UInt32Array,
};
use arrow_schema::ArrowError;
use parquet::arrow::ArrowWriter;
use parquet::errors::ParquetError;
use serde::Serialize;
use tempfile::NamedTempFile;

use crate::Error;
use crate::report::Violation;
use crate::time;

/// So many rows are written to Parquet at once.
const ROWS: usize = 65_536;

/// The file that violations go to. It is in its place once it is whole.
pub struct Out {
    path: PathBuf,
    to: To,
}

enum To {
    Csv(Box<csv::Writer<NamedTempFile>>),
    Lines(BufWriter<NamedTempFile>),
    Parquet(Box<Parquet>),
}

/// One line, in the order of its keys.
#[derive(Clone, Serialize)]
struct Line {
    row: String,
    position: u32,
    from: Option<String>,
    to: String,
    at: Option<String>,
    source: String,
    line: u64,
}

struct Parquet {
    file: NamedTempFile,
    writer: Option<ArrowWriter<std::fs::File>>,
    rows: Vec<(Line, Option<i64>)>,
}

impl Out {
    /// A file of this name.
    ///
    /// # Errors
    /// Where its ending is none of the three, or it can't be written.
    pub fn create(path: &Path) -> Result<Self, Error> {
        let ending = path.extension().map(|ending| ending.to_string_lossy().to_ascii_lowercase());
        let file = || {
            let folder = match path.parent() {
                Some(folder) if !folder.as_os_str().is_empty() => folder,
                Some(_) | None => Path::new("."),
            };
            NamedTempFile::new_in(folder).map_err(|error| failed(path, &error))
        };
        let to = match ending.as_deref() {
            Some("csv") => To::Csv(Box::new(csv::Writer::from_writer(file()?))),
            Some("jsonl" | "ndjson") => To::Lines(BufWriter::new(file()?)),
            Some("parquet") => {
                To::Parquet(Box::new(Parquet { file: file()?, writer: None, rows: Vec::new() }))
            }
            Some(_) | None => {
                return Err(Error::new(format!(
                    "{}: violations are written as .parquet, .csv or .jsonl",
                    path.display()
                )));
            }
        };
        Ok(Self { path: path.to_owned(), to })
    }

    pub(crate) fn write(&mut self, violation: &Violation, source: &str) -> Result<(), Error> {
        let line = Line {
            row: violation.row.clone(),
            position: violation.position,
            from: violation.from.clone(),
            to: violation.to.clone(),
            at: violation.at.map(time::print),
            source: source.to_owned(),
            line: violation.line,
        };
        let fail = |error: &dyn std::fmt::Display| failed(&self.path, error);
        match &mut self.to {
            To::Csv(to) => to.serialize(line).map_err(|error| fail(&error)),
            To::Lines(to) => {
                serde_json::to_writer(&mut *to, &line).map_err(|error| fail(&error))?;
                to.write_all(b"\n").map_err(|error| fail(&error))
            }
            To::Parquet(to) => {
                to.rows.push((line, violation.at));
                if to.rows.len() < ROWS { Ok(()) } else { to.flush().map_err(|error| fail(&error)) }
            }
        }
    }

    /// Puts the file into its place.
    ///
    /// # Errors
    /// Where it can't be written.
    pub fn finish(self) -> Result<(), Error> {
        let path = &self.path;
        let file = match self.to {
            To::Csv(mut to) => {
                // Without a violation there is a header all the same.
                if to.get_ref().as_file().metadata().is_ok_and(|about| about.len() == 0) {
                    to.flush().map_err(|error| failed(path, &error))?;
                    let is_empty = to.get_ref().as_file().metadata().is_ok_and(|it| it.len() == 0);
                    if is_empty {
                        let header = ["row", "position", "from", "to", "at", "source", "line"];
                        to.write_record(header).map_err(|error| failed(path, &error))?;
                    }
                }
                to.into_inner().map_err(|error| failed(path, &error.error()))?
            }
            To::Lines(to) => to.into_inner().map_err(|error| failed(path, &error.error()))?,
            To::Parquet(mut to) => {
                to.flush().map_err(|error| failed(path, &error))?;
                if let Some(writer) = to.writer.take() {
                    writer.close().map_err(|error| failed(path, &error))?;
                }
                to.file
            }
        };
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            // A temporary file is its owner's only; a report is like any other file.
            let _ = file.as_file().set_permissions(std::fs::Permissions::from_mode(0o644));
        }
        file.persist(path).map_err(|error| failed(path, &error.error))?;
        Ok(())
    }
}

fn failed(path: &Path, error: &dyn std::fmt::Display) -> Error {
    Error::new(format!("{}: can't be written: {error}", path.display()))
}

impl Parquet {
    /// Writes what is there, and the columns where nothing is.
    fn flush(&mut self) -> Result<(), ParquetError> {
        let batch = batch(&self.rows)?;
        self.rows.clear();
        let writer = match &mut self.writer {
            Some(writer) => writer,
            None => {
                let file = self.file.as_file().try_clone()?;
                self.writer.insert(ArrowWriter::try_new(file, batch.schema(), None)?)
            }
        };
        writer.write(&batch)
    }
}

fn batch(rows: &[(Line, Option<i64>)]) -> Result<RecordBatch, ArrowError> {
    let texts = |of: fn(&Line) -> Option<&str>| -> ArrayRef {
        Arc::new(rows.iter().map(|(line, _)| of(line)).collect::<StringArray>())
    };
    let position: UInt32Array = rows.iter().map(|(line, _)| Some(line.position)).collect();
    let at: TimestampMicrosecondArray = rows.iter().map(|(_, at)| *at).collect();
    let line: Int64Array = rows.iter().map(|(line, _)| i64::try_from(line.line).ok()).collect();
    RecordBatch::try_from_iter_with_nullable([
        ("row", texts(|line| Some(&line.row)), false),
        ("position", Arc::new(position) as ArrayRef, false),
        ("from", texts(|line| line.from.as_deref()), true),
        ("to", texts(|line| Some(&line.to)), false),
        ("at", Arc::new(at.with_timezone("UTC")), true),
        ("source", texts(|line| Some(&line.source)), false),
        ("line", Arc::new(line), false),
    ])
}
