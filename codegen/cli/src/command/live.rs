//! `phasegate check --database-url`: drift: the actual database next to the expected one.

use serde_json::{Value, json};

use super::{CommandResult, Exit, Failure, TablesArg, backend, count, print, print_findings};
use crate::command::Format;
use crate::live::{self, Looked};
use phasegate_codegen::finding::Finding;

/// Holds a live database to the tables.
pub(super) fn run(tables: &TablesArg, url: &str, format: Format) -> CommandResult {
    let dialect = live::connect::dialect(url).map_err(Failure::Message)?;
    let tables = tables.load_all_of(dialect, format)?;
    let mut findings = tables.findings;
    let mut reported = Vec::new();
    let mut exit = Exit::Well;
    for (_, loaded) in &tables.loaded {
        let looked = backend::block_on(async { Ok(live::look(loaded, url).await) })?;
        let looked = looked.map_err(|failure| match failure {
            live::Failure::Away(message) => Failure::Message(message),
            live::Failure::Files(error) => error.into(),
        })?;
        if looked.findings.iter().any(Finding::is_error) {
            exit = Exit::Findings;
        }
        let path = &loaded.source.path;
        if format == Format::Text {
            print_findings(format, &looked.findings, None, json!({}))?;
            print(&in_a_line(path, &looked))?;
        }
        reported.push(summary(path, &looked));
        findings.extend(looked.findings);
    }
    if format != Format::Text {
        print_findings(format, &findings, None, json!({ "databases": reported }))?;
    }
    if tables.all_read { Ok(exit) } else { Err(Failure::Told) }
}

fn in_a_line(table: &str, looked: &Looked) -> String {
    let rows: u64 = looked.rows.values().sum();
    let rows = count(usize::try_from(rows).unwrap_or(usize::MAX), "row");
    let each: Vec<String> = looked.rows.iter().map(|(state, n)| format!("{n} {state}")).collect();
    let each = if each.is_empty() { String::new() } else { format!(" ({})", each.join(", ")) };
    let verdict = match looked.findings.len() {
        0 if looked.removed => "taken out again by the last migration".to_owned(),
        0 => "all as the table gives it".to_owned(),
        number => count(number, "finding"),
    };
    format!(
        "{table} on {}: language {}, {rows}{each}: {verdict}\n",
        looked.database,
        looked.language.as_deref().unwrap_or("none")
    )
}

fn summary(table: &str, looked: &Looked) -> Value {
    json!({
        "table": table,
        "database": looked.database,
        "language": looked.language,
        "at": looked.at,
        "rows": looked.rows,
        "removed": looked.removed,
    })
}
