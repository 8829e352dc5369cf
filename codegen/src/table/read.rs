//! From bytes to the shapes of the file. Serde does the reading; a row that it refuses is mended
//! at the refused place and read again, so that one run tells everything that is wrong.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::Range;

use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::{DeTable, DeValue, ValueDeserializer};

use super::{
    JobRow, MachineRow, PathRow, PhaseRow, Placed, RustRow, SqlRow, StateRow, Table, TargetRows,
    WorkflowRow,
};
use crate::finding::{Finding, Severity};
use crate::suggest;

/// The largest table.
pub const MAX_BYTES: usize = 1 << 20;

/// Stands in for a text that could not be read. No text of a file is this one, for control
/// characters are refused in every name.
pub(crate) const LOST: &str = "\0";

/// After so many refusals in one row the rest of the row is not looked at.
const MOST_PER_ROW: usize = 64;

/// A table's text and what it is called.
#[derive(Clone, Debug)]
pub struct Source {
    /// What findings call the file.
    pub path: String,
    /// The text, without a byte order mark.
    pub text: String,
    lines: Vec<usize>,
}

impl Source {
    /// A text and what findings call it.
    pub fn new(path: &str, text: &str) -> Self {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text).to_owned();
        let lines = std::iter::once(0)
            .chain(
                text.bytes().enumerate().filter(|&(_, byte)| byte == b'\n').map(|(at, _)| at + 1),
            )
            .collect();
        Self { path: path.to_owned(), text, lines }
    }

    /// The line and column of a byte, from 1, the column in characters.
    pub fn place(&self, offset: usize) -> (usize, usize) {
        let mut offset = offset.min(self.text.len());
        while !self.text.is_char_boundary(offset) {
            offset -= 1;
        }
        let line = self.lines.partition_point(|&start| start <= offset);
        (line, self.text[self.lines[line - 1]..offset].chars().count() + 1)
    }

    /// The bytes at which the line of a place starts, and at which the line of another ends.
    pub fn lines_of(&self, span: &Range<usize>) -> (usize, Range<usize>) {
        let first = self.place(span.start).0;
        let last = self.place(span.end.max(span.start)).0;
        let end = self.lines.get(last).copied().unwrap_or(self.text.len());
        (first, self.lines[first - 1]..end)
    }

    /// A finding at a place of this text.
    pub fn finding(
        &self,
        rule: &'static str,
        severity: Severity,
        span: Range<usize>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Finding {
        let (line, column) = self.place(span.start);
        Finding {
            line: Some(line),
            column: Some(column),
            span: Some(span),
            ..Finding::about(rule, severity, self.path.clone(), message, help)
        }
    }

    fn error(
        &self,
        rule: &'static str,
        span: Range<usize>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Finding {
        self.finding(rule, Severity::Error, span, message, help)
    }
}

/// Reads a table. Where there are findings the table may still be there, for the checks that come
/// after: what could not be read in it is [`LOST`].
pub fn read(path: &str, bytes: &[u8]) -> (Source, Option<Table>, Vec<Finding>) {
    if bytes.len() > MAX_BYTES {
        let finding = Finding::about(
            "too-large",
            Severity::Error,
            path,
            format!("the table has {} bytes; at most {MAX_BYTES} (1 MiB) are read", bytes.len()),
            "split the machine: one table per status column",
        );
        return (Source::new(path, ""), None, vec![finding]);
    }
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let good = String::from_utf8_lossy(&bytes[..error.valid_up_to()]).into_owned();
            let source = Source::new(path, &good);
            let at = source.text.len();
            let finding = source.error(
                "not-utf-8",
                at..at,
                format!("the byte 0x{:02x} is not UTF-8 here", bytes[error.valid_up_to()]),
                "save the file as UTF-8",
            );
            return (source, None, vec![Finding { span: None, ..finding }]);
        }
    };
    let source = Source::new(path, text);
    let (document, errors) = DeTable::parse_recoverable(&source.text);
    if !errors.is_empty() {
        let end = source.text.len();
        let findings = errors
            .iter()
            .map(|error| {
                let span = error.span().unwrap_or(end..end);
                source.error(
                    "not-toml",
                    span,
                    error.message(),
                    "the file is TOML 1.1: see https://toml.io",
                )
            })
            .collect();
        return (source, None, findings);
    }
    let mut reader = Reader { source: &source, findings: Vec::new() };
    let table = reader.table(document.into_inner());
    let findings = reader.findings;
    (source, table, findings)
}

struct Reader<'s> {
    source: &'s Source,
    findings: Vec<Finding>,
}

type Value<'i> = Spanned<DeValue<'i>>;

const TOP: [&str; 8] =
    ["format", "root", "machine", "phase", "state", "transition", "job", "target"];
const TARGETS: [&str; 6] = ["rust", "sql", "workflow", "js", "json", "docs"];

impl Reader<'_> {
    fn table(&mut self, mut top: DeTable<'_>) -> Option<Table> {
        let format = self.format(top.remove("format"))?;
        let machine = match top.remove("machine") {
            Some(machine) => self.row::<MachineRow>("[machine]", machine),
            None => {
                self.missing("machine", "add a [machine] section with `name` and `initial`");
                None
            }
        };
        let machine = machine.unwrap_or_else(|| MachineRow {
            name: Spanned::new(0..0, LOST.to_owned()),
            title: None,
            initial: super::Names { names: vec![Spanned::new(0..0, LOST.to_owned())], span: 0..0 },
            doc: None,
            meta: Default::default(),
        });
        let root = top.remove("root").and_then(|root| match root.get_ref() {
            DeValue::String(text) => Some(Spanned::new(root.span(), text.to_string())),
            other => {
                let kind = other.type_str();
                self.wrong_type(root.span(), kind, "root", "a path, as a string");
                None
            }
        });
        if !top.contains_key("state") {
            self.missing("state", "add at least one [[state]]");
        }
        let table = Table {
            format,
            root,
            machine,
            phase: self.rows::<PhaseRow>("phase", top.remove("phase")),
            state: self.rows::<StateRow>("state", top.remove("state")),
            transition: self.placed_rows("transition", top.remove("transition")),
            job: self.rows::<JobRow>("job", top.remove("job")),
            target: self.targets(top.remove("target")),
        };
        for (key, _) in top {
            self.unknown_key(key.span(), key.get_ref(), "the table", &TOP);
        }
        Some(table)
    }

    fn format(&mut self, value: Option<Value<'_>>) -> Option<i64> {
        let Some(value) = value else {
            self.missing("format", "begin the file with `format = 1`");
            return Some(1);
        };
        match value.get_ref() {
            DeValue::Integer(number) if number.as_str() == "1" && number.radix() == 10 => Some(1),
            DeValue::Integer(number) => {
                let message = format!("the format {number} is not known");
                let help = "this phasegate reads `format = 1`";
                self.findings.push(self.source.error(
                    "unknown-format",
                    value.span(),
                    message,
                    help,
                ));
                // Nothing is known about what another format means.
                None
            }
            other => {
                let kind = other.type_str();
                self.wrong_type(value.span(), kind, "format", "the number 1");
                Some(1)
            }
        }
    }

    fn missing(&mut self, key: &str, help: &str) {
        let message = format!("the table lacks `{key}`");
        self.findings.push(self.source.error("missing-key", 0..0, message, help));
    }

    fn wrong_type(&mut self, span: Range<usize>, found: &str, key: &str, wanted: &str) {
        let message = format!("`{key}` is {}, not {wanted}", with_article(found));
        let help = format!("write {wanted}");
        self.findings.push(self.source.error("wrong-type", span, message, help));
    }

    fn unknown_key(&mut self, span: Range<usize>, key: &str, what: &str, known: &[&str]) {
        let help = match suggest::nearest(key, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`? The keys are {}", suggest::list(known)),
            None => format!("the keys are {}", suggest::list(known)),
        };
        let message = format!("`{}` is not a key of {what}", suggest::shown(key));
        self.findings.push(self.source.error("unknown-key", span, message, help));
    }

    fn rows<T: DeserializeOwned>(&mut self, key: &str, value: Option<Value<'_>>) -> Vec<T> {
        self.placed_rows(key, value).into_iter().map(|placed| placed.row).collect()
    }

    fn placed_rows<T: DeserializeOwned>(
        &mut self,
        key: &str,
        value: Option<Value<'_>>,
    ) -> Vec<Placed<T>> {
        let Some(value) = value else { return Vec::new() };
        let span = value.span();
        match value.into_inner() {
            DeValue::Array(items) => {
                let what = format!("[[{key}]]");
                let mut rows = Vec::with_capacity(items.len());
                for item in items {
                    let span = item.span();
                    rows.extend(self.row(&what, item).map(|row| Placed { row, span }));
                }
                rows
            }
            other => {
                self.wrong_type(
                    span,
                    other.type_str(),
                    key,
                    &format!("rows, each under [[{key}]]"),
                );
                Vec::new()
            }
        }
    }

    fn targets(&mut self, value: Option<Value<'_>>) -> TargetRows {
        let Some(value) = value else { return TargetRows::default() };
        let span = value.span();
        let DeValue::Table(mut targets) = value.into_inner() else {
            self.wrong_type(span, "value", "target", "sections, such as [target.rust]");
            return TargetRows::default();
        };
        let rows = TargetRows {
            rust: self.target::<RustRow>(&mut targets, "rust"),
            sql: self.target::<SqlRow>(&mut targets, "sql"),
            workflow: self.target::<WorkflowRow>(&mut targets, "workflow"),
            js: self.target::<PathRow>(&mut targets, "js"),
            json: self.target::<PathRow>(&mut targets, "json"),
            docs: self.target::<PathRow>(&mut targets, "docs"),
        };
        for (key, _) in targets {
            self.unknown_key(key.span(), key.get_ref(), "[target]", &TARGETS);
        }
        rows
    }

    fn target<T: DeserializeOwned>(&mut self, targets: &mut DeTable<'_>, key: &str) -> Option<T> {
        let value = targets.remove(key)?;
        self.row(&format!("[target.{key}]"), value)
    }

    /// One row. What serde refuses becomes a finding and is taken out, or put in where it is
    /// missing, until the rest can be read.
    fn row<T: DeserializeOwned>(&mut self, what: &str, mut row: Value<'_>) -> Option<T> {
        let span = row.span();
        if !matches!(row.get_ref(), DeValue::Table(_)) {
            self.wrong_type(span, row.get_ref().type_str(), what, "a table of keys");
            return None;
        }
        let mut removed = BTreeSet::new();
        self.tables_only(&mut row, what, &mut removed);
        for _ in 0..MOST_PER_ROW {
            let error = match T::deserialize(ValueDeserializer::from(row.clone())) {
                Ok(read) => return Some(read),
                Err(error) => error,
            };
            let at = error.span().unwrap_or_else(|| span.clone());
            let message = error.message();
            if let Some(key) = message.strip_prefix("missing field ").and_then(quoted) {
                if !removed.contains(&(at.start, key.to_owned())) {
                    let help = format!("add `{key}` to {what}");
                    let message = format!("{what} lacks `{key}`");
                    self.findings.push(self.source.error("missing-key", at.clone(), message, help));
                }
                if !put(&mut row, &at, key) {
                    return None;
                }
                continue;
            }
            self.refusal(what, at.clone(), message);
            match take_out(&mut row, &at) {
                Some((table, key)) => removed.insert((table, key)),
                None => return None,
            };
        }
        None
    }

    /// Serde would read a list as a struct, field by field; the format has no such rows.
    fn tables_only(
        &mut self,
        row: &mut Value<'_>,
        what: &str,
        removed: &mut BTreeSet<(usize, String)>,
    ) {
        let start = row.span().start;
        let DeValue::Table(keys) = row.get_mut() else { return };
        let Some(milestones) = keys.get_mut("milestones") else { return };
        let DeValue::Array(items) = milestones.get_mut() else { return };
        let bad = items.iter().find(|item| !matches!(item.get_ref(), DeValue::Table(_)));
        if let Some(bad) = bad {
            let kind = bad.get_ref().type_str();
            let wanted = "a table, such as { name = \"Deploy\", state = \"deploying\" }";
            self.wrong_type(bad.span(), kind, &format!("milestones` of `{what}"), wanted);
            removed.insert((start, "milestones".to_owned()));
            keys.remove("milestones");
        }
    }

    fn refusal(&mut self, what: &str, at: Range<usize>, message: &str) {
        if let Some(rest) = message.strip_prefix("unknown field ") {
            let (key, known) = split_expected(rest);
            let known: Vec<&str> = known.split('`').skip(1).step_by(2).collect();
            self.unknown_key(at, key, what, &known);
        } else if let Some(rest) = message.strip_prefix("unknown variant ") {
            let (value, known) = split_expected(rest);
            let known: Vec<&str> = known.split('`').skip(1).step_by(2).collect();
            let near = suggest::nearest(value, known.iter().copied());
            let help = match near {
                Some(near) => {
                    format!("did you mean `{near}`? It is one of {}", suggest::list(&known))
                }
                None => format!("it is one of {}", suggest::list(&known)),
            };
            let message = format!("`{}` is not a value of this key", suggest::shown(value));
            self.findings.push(self.source.error("unknown-value", at, message, help));
        } else {
            let (found, wanted) = message
                .rsplit_once(", expected ")
                .unwrap_or((message, "a value of the right shape"));
            let found =
                found.trim_start_matches("invalid type: ").trim_start_matches("invalid value: ");
            let message = format!("{what} has {found} where {wanted} belongs");
            let help = format!("write {wanted}");
            self.findings.push(self.source.error("wrong-type", at, message, help));
        }
    }
}

fn with_article(kind: &str) -> String {
    match kind.chars().next() {
        Some('a' | 'e' | 'i' | 'o') => format!("an {kind}"),
        Some(_) | None => format!("a {kind}"),
    }
}

/// The text between the first two backticks.
fn quoted(text: &str) -> Option<&str> {
    text.split('`').nth(1)
}

/// Serde's "`key`, expected one of `a`, `b`": the key, which may hold anything, and the rest.
fn split_expected(text: &str) -> (&str, &str) {
    let (key, known) = text
        .rsplit_once("`, expected ")
        .or_else(|| text.rsplit_once("`, there are no "))
        .unwrap_or((text, ""));
    (key.trim_start_matches('`'), known)
}

/// Puts a stand-in for a missing key into the table at a place.
fn put(value: &mut Value<'_>, at: &Range<usize>, key: &str) -> bool {
    let here = value.span() == *at;
    match value.get_mut() {
        DeValue::Table(keys) if here => {
            let lost = Spanned::new(at.clone(), DeValue::String(Cow::Borrowed(LOST)));
            keys.insert(Spanned::new(at.clone(), Cow::Owned(key.to_owned())), lost);
            true
        }
        DeValue::Table(keys) => keys.iter_mut().any(|(_, value)| put(value, at, key)),
        DeValue::Array(items) => items.iter_mut().any(|item| put(item, at, key)),
        DeValue::String(_)
        | DeValue::Integer(_)
        | DeValue::Float(_)
        | DeValue::Boolean(_)
        | DeValue::Datetime(_) => false,
    }
}

/// Takes out what stands at a place: the innermost key whose name or value that is, or an item of
/// a list. Says which table's key is gone, by where that table starts.
fn take_out(value: &mut Value<'_>, at: &Range<usize>) -> Option<(usize, String)> {
    let holds = |span: Range<usize>| span.start <= at.start && at.end <= span.end;
    let start = value.span().start;
    match value.get_mut() {
        DeValue::Table(keys) => {
            let mut found = None;
            for (key, value) in keys.iter_mut() {
                if key.span() == *at || value.span() == *at {
                    found = Some(key.get_ref().to_string());
                    break;
                }
                if holds(value.span()) {
                    if let Some(inner) = take_out(value, at) {
                        return Some(inner);
                    }
                    found = Some(key.get_ref().to_string());
                    break;
                }
            }
            let key = found?;
            keys.remove(key.as_str());
            Some((start, key))
        }
        DeValue::Array(items) => {
            let index = items.iter().position(|item| holds(item.span()))?;
            let item = items.get_mut(index)?;
            if item.span() != *at
                && let Some(inner) = take_out(item, at)
            {
                return Some(inner);
            }
            let kept: Vec<_> = items
                .iter()
                .enumerate()
                .filter(|&(place, _)| place != index)
                .map(|(_, item)| item.clone())
                .collect();
            *items = kept.into_iter().collect();
            Some((start, String::new()))
        }
        DeValue::String(_)
        | DeValue::Integer(_)
        | DeValue::Float(_)
        | DeValue::Boolean(_)
        | DeValue::Datetime(_) => None,
    }
}
