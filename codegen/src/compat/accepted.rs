//! The file of accepted findings: what was looked at, and why it may be as it is.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{fs, io};

use serde::Deserialize;
use toml::Spanned;

use super::weigh::Comparison;
use crate::finding::{Finding, Severity};
use crate::rules;
use crate::table::Source;

/// One accepted finding.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    rule: Spanned<String>,
    fingerprint: Spanned<String>,
    reason: Spanned<String>,
    /// What it is about, for people.
    #[serde(default, rename = "subject")]
    _subject: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rows {
    #[serde(default)]
    accepted: Vec<Row>,
}

/// A file of accepted findings.
#[derive(Debug)]
pub struct Accepted {
    source: Source,
    rows: Vec<Row>,
}

impl Accepted {
    /// Where the file is looked for: beside a table, `TABLE.accepted.toml` instead of `TABLE.toml`.
    pub fn beside(table: &Path) -> PathBuf {
        table.with_extension("accepted.toml")
    }

    /// Reads the file.
    ///
    /// # Errors
    /// Where it can't be read, or is no such file; the message has the place.
    pub fn read(path: &Path) -> io::Result<Self> {
        let failed =
            |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
        let text = fs::read_to_string(path).map_err(failed)?;
        Self::parse(&path.to_string_lossy(), &text)
    }

    /// Reads the file's text.
    ///
    /// # Errors
    /// Where it is no such file; the message has the place.
    pub fn parse(path: &str, text: &str) -> io::Result<Self> {
        let source = Source::new(path, text);
        let wrong = |at: usize, message: String| {
            let (line, column) = source.place(at);
            let message = format!("{path}:{line}:{column}: {message}");
            io::Error::new(io::ErrorKind::InvalidData, message)
        };
        let rows: Rows = toml::from_str(&source.text).map_err(|error| {
            let message = error.message().replace('\n', " ");
            let help = "each [[accepted]] has `rule`, `fingerprint` and `reason`, and may have \
                        `subject`";
            wrong(error.span().map_or(0, |span| span.start), format!("{message}; {help}"))
        })?;
        let mut seen: BTreeMap<(&str, &str), usize> = BTreeMap::new();
        for row in &rows.accepted {
            let (rule, fingerprint) = (row.rule.get_ref(), row.fingerprint.get_ref());
            rules::find(rule).map_err(|message| wrong(row.rule.span().start, message))?;
            if row.reason.get_ref().trim().is_empty() {
                let message = "`reason` is empty: say why it may be as it is".to_owned();
                return Err(wrong(row.reason.span().start, message));
            }
            if seen.insert((rule, fingerprint), 0).is_some() {
                let message =
                    format!("`{fingerprint}` of {rule} is accepted twice: once is enough");
                return Err(wrong(row.fingerprint.span().start, message));
            }
        }
        Ok(Self { source, rows: rows.accepted })
    }

    /// Takes what is accepted as such, and tells (with the last of them) of what occurs in none.
    pub fn apply_to<'a, 'v: 'a>(&self, comparisons: impl Iterator<Item = &'a mut Comparison<'v>>) {
        let mut occurs = vec![false; self.rows.len()];
        let mut last = None;
        for comparison in comparisons {
            self.accept(comparison, &mut occurs);
            comparison.look_behind_what_is_accepted();
            self.accept(comparison, &mut occurs);
            last = Some(comparison);
        }
        if let Some(last) = last {
            let stale = self.rows.iter().zip(occurs).filter(|(_, occurs)| !occurs);
            last.beside.extend(stale.map(|(row, _)| self.stale(row)));
        }
    }

    fn accept(&self, comparison: &mut Comparison<'_>, occurs: &mut [bool]) {
        for weighed in comparison.changes.iter_mut().filter(|one| one.accepted.is_none()) {
            let (rule, fingerprint) = (weighed.change.rule.id, weighed.fingerprint());
            let same =
                |row: &Row| row.rule.get_ref() == rule && *row.fingerprint.get_ref() == fingerprint;
            if let Some(at) = self.rows.iter().position(same) {
                occurs[at] = true;
                weighed.accepted = Some(self.rows[at].reason.get_ref().clone());
            }
        }
    }

    fn stale(&self, row: &Row) -> Finding {
        self.source.finding(
            rules::ACCEPTED_STALE,
            Severity::Warning,
            row.fingerprint.span(),
            format!("{} {} no longer occurs", row.rule.get_ref(), row.fingerprint.get_ref()),
            "remove this row: what does not occur needs no leave; where it has become worse it has \
             another fingerprint, and is to be looked at again",
        )
    }

    /// The text that its findings' places are of.
    pub const fn source(&self) -> &Source {
        &self.source
    }
}
