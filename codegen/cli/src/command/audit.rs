//! `phasegate audit`: judges whole histories, where the command was built with what reads them.

#[cfg(feature = "audit")]
pub(crate) mod on;
mod query;

use std::path::PathBuf;

use clap::Args;

use super::{CommandResult, FormatArg};
use query::QueryArgs;

#[derive(Args)]
#[command(mut_arg("sources", |sources| sources.required(false).required_unless_present("sql")))]
pub(crate) struct Audit {
    /// The table
    table: PathBuf,
    #[command(flatten)]
    history: History,
    #[command(flatten)]
    query: QueryArgs,
    /// Read logs of reports: redeliveries are passed over
    #[arg(long)]
    reports: bool,
    /// Write the report as one page of HTML
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Write all violations to a file: .parquet, .csv or .jsonl
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Stop at the first row that can't be read, and at the first time that goes back
    #[arg(long)]
    strict: bool,
    #[command(flatten)]
    pub(crate) format: FormatArg,
}

/// Where a history is, and how to read it.
#[derive(Args)]
pub(crate) struct History {
    /// Files (Parquet, JSON lines, XES, CSV with a header; packed by gzip, too) and globs of them, `-`
    /// for standard input, or the address of a database (postgres://USER@HOST/NAME,
    /// mysql://USER@HOST/NAME, sqlite:FILE)
    #[arg(value_name = "SOURCE", required = true)]
    pub(crate) sources: Vec<String>,
    /// The column of the row's id; several where the key takes several
    #[arg(long, value_name = "COLUMN", value_delimiter = ',')]
    id: Vec<String>,
    /// The column of the status
    #[arg(long, value_name = "COLUMN")]
    status: Option<String>,
    /// The column that orders the reports; without it they stand in their order
    #[arg(long, value_name = "COLUMN")]
    order: Option<String>,
    /// The column of the time
    #[arg(long, value_name = "COLUMN")]
    at: Option<String>,
    /// The column of the fingerprint of the table that was in force: each report is judged by the one
    /// of its time, of those that were migrated to
    #[arg(long, value_name = "COLUMN")]
    fingerprint: Option<String>,
    /// Read only the reports whose column holds this; more than once: which hold all of them
    #[arg(long = "where", value_name = "COLUMN=VALUE", value_parser = condition)]
    only: Vec<(String, String)>,
    /// The table of a database; without it the history that TABLE makes there
    #[arg(long = "table", value_name = "NAME")]
    pub(crate) of_database: Option<String>,
    /// How much memory ordering may take, in MiB; beyond it, it takes temporary files
    #[arg(long, value_name = "MIB", default_value = "256", value_parser = clap::value_parser!(u64).range(16..=1_048_576))]
    memory: u64,
}

/// A column and what it has to hold.
fn condition(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((column, value)) if !column.is_empty() => Ok((column.to_owned(), value.to_owned())),
        _ => Err("say COLUMN=VALUE".to_owned()),
    }
}

impl Audit {
    pub(crate) fn run(&self) -> CommandResult {
        match self.query.sql {
            Some(engine) => self.query(engine),
            None => self.judge(),
        }
    }
}

#[cfg(not(feature = "audit"))]
impl Audit {
    fn judge(&self) -> CommandResult {
        Err(without())
    }
}

/// How to get what reads histories.
#[cfg(not(feature = "audit"))]
pub(crate) fn without() -> super::Failure {
    super::Failure::Message(
        "this command was built without what reads histories; get it by `cargo install \
         phasegate-cli --features audit`"
            .to_owned(),
    )
}
