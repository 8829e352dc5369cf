//! From bytes to the shapes of the file: the document, its sections, and their rows.

#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "the parser's enum: what is not of the wanted kind is wrong, whatever it is"
)]

use std::collections::BTreeSet;

use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::refusals::{Refusals, Value};
use super::text::{LOST, Placed};
use super::{JobRow, MachineRow, PhaseRow, Source, StateRow, Table, TargetRows, TransitionRow};
use crate::finding::{Finding, Severity};
use crate::rules;
use crate::suggest;

/// The largest table, in bytes.
pub const MAX_BYTES: usize = 1 << 20;

/// Reads a table. Where there are findings the table may still be there, for the checks that come
/// after: what could not be read in it is `LOST`, and is named in `lost`.
pub fn read(path: &str, bytes: &[u8]) -> (Source, Option<Table>, Vec<Finding>) {
    if bytes.len() > MAX_BYTES {
        let finding = Finding {
            line: Some(1),
            column: Some(1),
            ..Finding::about(
                rules::TOO_LARGE,
                Severity::Error,
                path,
                format!("the table is larger than {MAX_BYTES} bytes (1 MiB)"),
                "split the machine: one table per status column",
            )
        };
        return (Source::new(path, ""), None, vec![finding]);
    }
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let good = String::from_utf8_lossy(&bytes[..error.valid_up_to()]).into_owned();
            let source = Source::new(path, &good);
            let at = source.text.len();
            let finding = source.error(
                rules::NOT_UTF_8,
                at..at,
                format!("the byte 0x{:02x} is not UTF-8 here", bytes[error.valid_up_to()]),
                "save the file as UTF-8",
            );
            return (source, None, vec![Finding { span: None, ..finding }]);
        }
    };
    let source = Source::new(path, text);
    if source.text.starts_with('\u{feff}') {
        let help = "remove it; the first one is passed over";
        let message = "the file starts with a second byte order mark";
        let finding = source.error(rules::NOT_TOML, 0..0, message, help);
        return (source, None, vec![finding]);
    }
    let (document, errors) = DeTable::parse_recoverable(&source.text);
    if !errors.is_empty() {
        let findings = not_toml(&source, &errors);
        return (source, None, findings);
    }
    let mut reader = Reader { refusals: Refusals::of(&source), lost: BTreeSet::new() };
    let table = reader.table(document.into_inner());
    let findings = reader.refusals.finish();
    (source, table, findings)
}

/// So many places of a file that is no TOML are shown: what follows is mostly about what came before.
const MOST_NOT_TOML: usize = 5;

/// What the parser says, once a line and once a section that stands several times.
fn not_toml(source: &Source, errors: &[toml::de::Error]) -> Vec<Finding> {
    let end = source.text.len();
    let mut findings: Vec<Finding> = Vec::new();
    let mut twice: BTreeSet<&str> = BTreeSet::new();
    let heads = heads(&source.text);
    let is_merged = source.text.lines().any(|line| line.starts_with("<<<<<<< "));
    let mut more = 0;
    for error in errors {
        let span = error.span().unwrap_or(end..end);
        let (line, _) = source.line_at(&span);
        let line = line.trim();
        let mut message = suggest::cut(error.message().trim());
        let mut help = "the file is TOML 1.1: see https://toml.io".to_owned();
        let duplicate = error.message().contains("duplicate key");
        if let Some(section) = duplicate.then(|| section(line)).flatten() {
            if !twice.insert(section) {
                continue;
            }
            if ROWS.contains(&section) {
                message = format!("`[{section}]` is one section, and there are several rows of it");
                help = format!("write [[{section}]] above each of them");
            } else {
                message = format!("the section `[{section}]` stands twice");
                help = "bring its keys together under one of them".to_owned();
            }
        } else if is_within(&heads, span.start, &twice) {
            // Its keys are taken for those of the first.
            continue;
        } else if is_merged && MARKERS.iter().any(|marker| line.starts_with(marker)) {
            message = "a merge left its markers here".to_owned();
            help = "bring both sides together, and remove the lines `<<<<<<<`, `=======` and `>>>>>>>`"
                .to_owned();
        }
        let finding = source.error(rules::NOT_TOML, span, message, help);
        if findings.last().is_some_and(|last| last.line == finding.line) {
            continue;
        }
        if findings.len() < MOST_NOT_TOML {
            findings.push(finding);
        } else {
            more += 1;
        }
    }
    if let (true, Some(last)) = (more > 0, findings.last()) {
        let more = Finding {
            rule: rules::MORE_FINDINGS,
            message: format!("{more} more lines can't be read as TOML"),
            help: "mend the first one: what follows may be about nothing else. Is this the table?"
                .to_owned(),
            ..last.clone()
        };
        findings.push(more);
    }
    findings
}

/// What a merge that was not brought to its end leaves.
const MARKERS: [&str; 3] = ["<<<<<<<", "=======", ">>>>>>>"];

/// The sections that are rows.
const ROWS: [&str; 4] = ["phase", "state", "transition", "job"];

/// The heads of sections, each with where its line starts.
fn heads(text: &str) -> Vec<(usize, &str)> {
    let lines = text.split_inclusive('\n').scan(0, |end, line| {
        let start = *end;
        *end += line.len();
        Some((start, line))
    });
    lines.filter_map(|(start, line)| Some((start, section(line.trim())?))).collect()
}

/// Whether a place is in a section that stands several times.
fn is_within(heads: &[(usize, &str)], at: usize, twice: &BTreeSet<&str>) -> bool {
    let before = heads.partition_point(|(start, _)| *start < at);
    heads[..before].last().is_some_and(|(_, head)| twice.contains(head))
}

/// What a line is the head of.
fn section(line: &str) -> Option<&str> {
    let line = line.strip_prefix('[')?;
    let name = line.split_once('#').map_or(line, |(name, _)| name).trim().strip_suffix(']')?;
    Some(name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name).trim())
}

/// What a table has read so far, and what is wrong with it.
struct Reader<'s> {
    refusals: Refusals<'s>,
    /// The sections of which something could not be read.
    lost: BTreeSet<&'static str>,
}

const TOP: [&str; 8] =
    ["format", "root", "machine", "phase", "state", "transition", "job", "target"];

impl Reader<'_> {
    fn table(&mut self, mut top: DeTable<'_>) -> Option<Table> {
        for (_, value) in &mut top {
            self.refuse_stand_ins(value);
        }
        self.format(top.remove("format"))?;
        let meant = meant(&top);
        let machine = match top.remove("machine") {
            Some(machine) => self.refusals.row::<MachineRow>("[machine]", machine),
            None => {
                if !meant.contains("machine") {
                    self.missing("machine", "add a [machine] section with `name` and `initial`");
                }
                None
            }
        };
        // What stands under a misspelt name is no reason to say more of what is missing.
        self.lost.extend(&meant);
        let root = top.remove("root").and_then(|root| match root.get_ref() {
            DeValue::String(text) => Some(Spanned::new(root.span(), text.to_string())),
            other => {
                let kind = other.type_str();
                self.refusals.wrong_type(root.span(), kind, "root", "a path, as a string");
                None
            }
        });
        if !top.contains_key("state") {
            if !meant.contains("state") {
                self.missing("state", "add at least one [[state]]");
            }
            self.lost.insert("state");
        }
        let table = Table {
            format: 1,
            root,
            machine: machine.unwrap_or_else(lost_machine),
            phase: self.rows::<PhaseRow>("phase", "[[phase]]", top.remove("phase")),
            state: self.rows::<StateRow>("state", "[[state]]", top.remove("state")),
            transition: self.rows::<TransitionRow>(
                "transition",
                "[[transition]]",
                top.remove("transition"),
            ),
            job: self.rows::<JobRow>("job", "[[job]]", top.remove("job")),
            target: TargetRows::read(top.remove("target"), &mut self.refusals),
            lost: std::mem::take(&mut self.lost),
        };
        let unknown = top.iter().map(|(key, _)| (key.span(), key.get_ref().as_ref()));
        self.refusals.unknown_keys(unknown, "the table", &TOP);
        Some(table)
    }

    /// A text that is the stand-in for a lost one would pass for lost, and never be reported.
    fn refuse_stand_ins(&mut self, value: &mut Value<'_>) {
        let span = value.span();
        match value.get_mut() {
            DeValue::String(text) if text == LOST => {
                let message = "the text is a single NUL character";
                let help = "write what was meant, without control characters";
                self.refusals.add(rules::CONTROL_CHARACTER, span, message, help);
            }
            DeValue::Array(items) => {
                for item in items.iter_mut() {
                    self.refuse_stand_ins(item);
                }
            }
            DeValue::Table(keys) => {
                for (_, value) in keys {
                    self.refuse_stand_ins(value);
                }
            }
            _ => {}
        }
    }

    /// Whether the rest can be read: nothing is known about what another format means.
    fn format(&mut self, value: Option<Value<'_>>) -> Option<()> {
        let Some(value) = value else {
            self.missing("format", "begin the file with `format = 1`");
            return Some(());
        };
        match value.get_ref() {
            DeValue::Integer(number)
                if i64::from_str_radix(number.as_str(), number.radix()) == Ok(1) =>
            {
                Some(())
            }
            DeValue::Integer(number) => {
                let message =
                    format!("the format {} is not known", suggest::cut(&number.to_string()));
                let help = "this phasegate reads `format = 1`";
                self.refusals.add(rules::UNKNOWN_FORMAT, value.span(), message, help);
                None
            }
            other => {
                let kind = other.type_str();
                self.refusals.wrong_type(value.span(), kind, "format", "the number 1");
                Some(())
            }
        }
    }

    fn missing(&mut self, key: &str, help: &str) {
        let message = format!("the table lacks `{key}`");
        self.refusals.add(rules::MISSING_KEY, 0..0, message, help);
    }

    fn rows<T: DeserializeOwned>(
        &mut self,
        key: &'static str,
        what: &str,
        value: Option<Value<'_>>,
    ) -> Vec<Placed<T>> {
        let Some(value) = value else { return Vec::new() };
        let span = value.span();
        match value.into_inner() {
            DeValue::Array(items) => {
                let mut rows = Vec::with_capacity(items.len());
                for item in items {
                    match self.refusals.row(what, item) {
                        Some(row) => rows.push(row),
                        None => {
                            self.lost.insert(key);
                        }
                    }
                }
                rows
            }
            other => {
                let wanted = format!("rows, each under {what}");
                self.refusals.wrong_type(span, other.type_str(), key, &wanted);
                self.lost.insert(key);
                Vec::new()
            }
        }
    }
}

/// The sections that are missing, and that a key which is none is nearly called as.
fn meant(top: &DeTable<'_>) -> BTreeSet<&'static str> {
    let is_missing = |key: &&'static str| !top.contains_key(*key);
    let missing: Vec<&'static str> = TOP.into_iter().filter(is_missing).collect();
    let unknown = top.iter().map(|(key, _)| key.get_ref()).filter(|key| !TOP.contains(&&***key));
    let near = unknown.filter_map(|key| suggest::nearest(key, missing.iter().copied()));
    near.filter_map(|near| TOP.into_iter().find(|key| *key == near)).collect()
}

fn lost_machine() -> Placed<MachineRow> {
    let lost = || Spanned::new(0..0, LOST.to_owned());
    let row = MachineRow {
        name: lost(),
        title: None,
        initial: super::NameList { names: vec![lost()], span: 0..0 },
        doc: None,
        meta: Default::default(),
    };
    Placed { row, span: 0..0, lost: BTreeSet::new() }
}
