//! Tables and histories as tests write them.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch};
use parquet::arrow::ArrowWriter;
use parquet::file::properties::WriterProperties;
use phasegate_audit::{Error, Options, Report, Wanted, audit};
use phasegate_codegen::machine::Machine;
use tempfile::TempDir;

/// An order: `placed -> paid -> sent -> arrived`, and `lost` from wherever it is open.
pub(crate) const ORDER: &str = r#"format = 1
[machine]
name = "order"
initial = "placed"
[[state]]
name = "placed"
expect = "1h"
[[state]]
name = "paid"
value = "Paid up"
optional = true
[[state]]
name = "sent"
[[state]]
name = "arrived"
outcome = "success"
[[state]]
name = "lost"
outcome = "failure"
[[transition]]
path = ["placed", "paid", "sent", "arrived"]
[[transition]]
from = "*"
to = "lost"
"#;

pub(crate) fn machine(table: &str) -> Machine {
    phasegate_codegen::load::machine("t.toml", table.as_bytes()).unwrap().1
}

/// A folder with histories, which goes when the test does.
pub(crate) struct Histories(TempDir);

impl Histories {
    pub(crate) fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> String {
        let path = self.path(name);
        std::fs::write(&path, bytes).unwrap();
        path.display().to_string()
    }

    /// A file of Parquet with these columns, in row groups of so many rows.
    pub(crate) fn parquet(&self, name: &str, columns: &[(&str, ArrayRef)], rows: usize) -> String {
        let columns = columns.iter().map(|(name, array)| (*name, Arc::clone(array), true));
        let batch = RecordBatch::try_from_iter_with_nullable(columns).unwrap();
        let properties =
            WriterProperties::builder().set_max_row_group_row_count(Some(rows)).build();
        let path = self.path(name);
        let file = std::fs::File::create(&path).unwrap();
        let mut writer = ArrowWriter::try_new(file, batch.schema(), Some(properties)).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
        path.display().to_string()
    }
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write as _;
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packer.write_all(bytes).unwrap();
    packer.finish().unwrap()
}

pub(crate) fn options() -> Options {
    Options {
        wanted: Wanted::default(),
        table: None,
        reports: false,
        memory: 16 << 20,
        strict: false,
    }
}

/// An audit of sources by the table of orders.
pub(crate) fn judged(sources: &[&str], options: &Options) -> Result<Report, Error> {
    let sources: Vec<String> = sources.iter().map(|&source| source.to_owned()).collect();
    audit(&machine(ORDER), &[], &sources, options, None, &mut |_| ControlFlow::Continue(()))
}

/// The violations as `line: row position from to`.
pub(crate) fn violations(report: &Report) -> Vec<String> {
    let text = |it: &phasegate_audit::Violation| {
        let from = it.from.as_deref().unwrap_or("start");
        format!("{}: {} {} {from} {}", it.line, it.row, it.position, it.to)
    };
    report.first_violations.iter().map(text).collect()
}

/// The troubles as `line: message`.
pub(crate) fn troubles(report: &Report) -> Vec<String> {
    let text = |it: &phasegate_audit::Trouble| {
        let line = it.line.map_or_else(|| "-".to_owned(), |line| line.to_string());
        format!("{line}: {}", it.message)
    };
    report.first_troubles.iter().map(text).collect()
}
