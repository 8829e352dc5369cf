//! `TABLE.accepted.toml`: the findings of `check`, `verify` and `compat` that may be as they are,
//! each with its reason.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::{fs, io};

use serde::Deserialize;
use sha2::{Digest, Sha256};
use toml::Spanned;

use crate::finding::{Finding, Severity};
use crate::load::{self, Loaded};
use crate::machine::hex;
use crate::rules::{self, Rule};
use crate::table::Source;

/// One entry.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    rule: Spanned<String>,
    /// The one finding that it is about.
    fingerprint: Option<Spanned<String>>,
    /// The state that is retired or gone, with all that comes of that.
    state: Option<Spanned<String>>,
    reason: Spanned<String>,
    /// What it is about, for people.
    #[serde(default, rename = "subject")]
    _subject: Option<String>,
    /// Whether what it accepts has occurred.
    #[serde(skip)]
    occurs: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rows {
    #[serde(default)]
    accepted: Vec<Row>,
}

/// A file of accepted findings, and which of its entries have occurred.
#[derive(Debug)]
pub struct Accepted {
    source: Source,
    rows: Vec<Row>,
}

/// The commands whose findings can be accepted.
const COMMANDS: [&str; 3] = ["check", "verify", "compat"];

/// The rules of which one entry accepts all that comes of a state.
const BY_STATE: [&Rule; 2] = [rules::STATE_RETIRED, rules::STATE_REMOVED];

impl Accepted {
    /// The file beside a table: `TABLE.accepted.toml` for `TABLE.toml`.
    pub fn beside(table: &Path) -> PathBuf {
        table.with_extension("accepted.toml")
    }

    /// What is accepted of a table, by the file beside it; nothing where there is none.
    ///
    /// # Errors
    /// Where the file can't be read, or is no such file; the message has the place.
    pub fn of(table: &Path) -> io::Result<Self> {
        let path = Self::beside(table);
        match path.exists() {
            true => Self::read(&path),
            false => {
                Ok(Self { source: Source::new(&path.to_string_lossy(), ""), rows: Vec::new() })
            }
        }
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
    /// Where it is no such file; the message has a line for each fault, with its place.
    pub fn parse(path: &str, text: &str) -> io::Result<Self> {
        let source = Source::new(path, text);
        let wrong = |at: usize, message: String| {
            let (line, column) = source.place(at);
            format!("{path}:{line}:{column}: {message}")
        };
        let rows: Rows = toml::from_str(&source.text).map_err(|error| {
            let message = error.message().replace('\n', " ");
            let help = "each [[accepted]] has `rule`, `fingerprint` (or `state`) and `reason`, and \
                        may have `subject`";
            let at = error.span().map_or(0, |span| span.start);
            io::Error::new(io::ErrorKind::InvalidData, wrong(at, format!("{message}; {help}")))
        })?;
        let mut seen = BTreeSet::new();
        let mut errors = Vec::new();
        for row in &rows.accepted {
            match row.check() {
                Ok(at) if seen.insert((row.rule.get_ref(), at.get_ref())) => {}
                Ok(at) => {
                    let (what, rule) = (at.get_ref(), row.rule.get_ref());
                    let message = format!("`{what}` of {rule} is accepted twice: once is enough");
                    errors.push(wrong(at.span().start, message));
                }
                Err((at, message)) => errors.push(wrong(at, message)),
            }
        }
        if errors.is_empty() {
            return Ok(Self { source, rows: rows.accepted });
        }
        Err(io::Error::new(io::ErrorKind::InvalidData, errors.join("\n")))
    }

    /// Why the finding of a fingerprint is accepted, where it is.
    pub(crate) fn reason(&mut self, rule: &Rule, fingerprint: &str) -> Option<String> {
        let is_it = |text: &Option<Spanned<String>>| {
            text.as_ref().is_some_and(|text| text.get_ref() == fingerprint)
        };
        self.take(|row| row.rule.get_ref() == rule.id && is_it(&row.fingerprint))
    }

    /// Why all is accepted that comes of a state which is retired or gone, where it is.
    pub(crate) fn reason_of_state(&mut self, rule: &Rule, state: &str) -> Option<String> {
        self.take(|row| {
            let is_it = row.state.as_ref().is_some_and(|text| text.get_ref() == state);
            row.rule.get_ref() == rule.id && is_it
        })
    }

    fn take(&mut self, is_it: impl Fn(&Row) -> bool) -> Option<String> {
        let row = self.rows.iter_mut().find(|row| is_it(row))?;
        row.occurs = true;
        Some(row.reason.get_ref().clone())
    }

    /// Gives each finding of a table its fingerprint, and takes those that are accepted as such: they
    /// fail nothing, and are reported with the reason.
    ///
    /// # Errors
    /// Where the current folder can't be found out.
    pub fn accept<'f>(
        &mut self,
        loaded: &Loaded,
        findings: impl IntoIterator<Item = &'f mut Finding>,
    ) -> io::Result<()> {
        for finding in findings {
            let file = load::from_root(Path::new(&finding.path), &loaded.root)?;
            // The table may be renamed, and the file of what is accepted with it.
            let file = if file == loaded.header.table() { "" } else { &file };
            let (rule, subject) = (finding.rule, finding.subject());
            let fingerprint = digest(&format!("{}\n{file}\n{subject}", rule.id));
            if let Some(reason) = self.reason(rule, &fingerprint) {
                finding.severity = Severity::Warning;
                finding.message += &format!(" (accepted: {reason})");
                finding.accepted = Some(reason);
            }
            finding.fingerprint = Some(fingerprint);
        }
        Ok(())
    }

    /// The entries of which nothing occurs any more, of the rules that only the command reports.
    pub fn stale(&self, command: &str) -> Vec<Finding> {
        let apart = if command == "compat" { "check" } else { "compat" };
        let is_reported = |row: &&Row| {
            let rule = rules::find(row.rule.get_ref());
            let is_its = |rule: &Rule| rule.is_reported_by(command) && !rule.is_reported_by(apart);
            !row.occurs && rule.is_ok_and(is_its)
        };
        self.rows.iter().filter(is_reported).map(|row| self.stale_row(row)).collect()
    }

    fn stale_row(&self, row: &Row) -> Finding {
        let at = row.fingerprint.as_ref().or(row.state.as_ref()).unwrap_or(&row.rule);
        self.source.finding(
            rules::ACCEPTED_STALE,
            Severity::Warning,
            at.span(),
            format!("{} {} no longer occurs", row.rule.get_ref(), at.get_ref()),
            "remove this row: what does not occur needs no leave; where it has become worse it has \
             another fingerprint, and is to be looked at again",
        )
    }

    /// The text that its findings' places are of.
    pub const fn source(&self) -> &Source {
        &self.source
    }
}

impl Row {
    /// What it accepts, a fingerprint or a state.
    ///
    /// # Errors
    /// Where it can't: the place, and what is wrong.
    fn check(&self) -> Result<&Spanned<String>, (usize, String)> {
        let at = self.rule.span().start;
        let rule = rules::find(self.rule.get_ref()).map_err(|message| (at, message))?;
        if !COMMANDS.iter().any(|command| rule.is_reported_by(command)) {
            let message = format!(
                "findings of {} can't be accepted: only those that `check`, `verify` and `compat` \
                 report of a valid table can",
                rule.id
            );
            return Err((at, message));
        }
        if self.reason.get_ref().trim().is_empty() {
            let message = "`reason` is empty: say why it may be as it is".to_owned();
            return Err((self.reason.span().start, message));
        }
        match (&self.fingerprint, &self.state) {
            (Some(fingerprint), None) => Ok(fingerprint),
            (None, Some(state)) if BY_STATE.contains(&rule) => Ok(state),
            (None, Some(state)) => {
                let message = format!(
                    "only an entry of `{}` or `{}` names a state: give the finding's `fingerprint`",
                    BY_STATE[0].id, BY_STATE[1].id
                );
                Err((state.span().start, message))
            }
            (Some(_), Some(state)) => {
                let message = "an entry has `fingerprint` or `state`, not both".to_owned();
                Err((state.span().start, message))
            }
            (None, None) => {
                let message = "missing field `fingerprint`: each [[accepted]] says by it what it \
                               accepts"
                    .to_owned();
                Err((at, message))
            }
        }
    }
}

/// A fingerprint: the first 16 hex digits of a SHA-256.
pub(crate) fn digest(text: &str) -> String {
    hex(&Sha256::digest(text)[..8])
}
