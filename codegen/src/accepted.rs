//! `TABLE.accepted.toml`: the findings of `check`, `verify` and `compat` that may be as they are,
//! each with its reason.

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::{fs, io};

use serde::Deserialize;
use sha2::{Digest, Sha256};
use toml::Spanned;

use crate::finding::{Finding, Severity};
use crate::load::{self, Error, Loaded};
use crate::machine::hex;
use crate::rules::{self, Rule};
use crate::suggest::shown;
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

/// What an entry is.
const ENTRY: &str = "each [[accepted]] has `rule`, `fingerprint` (or `state`) and `reason`, and may have \
                     `subject`";

/// The commands whose findings can be accepted.
const COMMANDS: [&str; 3] = ["check", "verify", "compat"];

/// The rules of which one entry accepts all that comes of a state.
const BY_STATE: [&Rule; 2] = [rules::STATE_RETIRED, rules::STATE_REMOVED];

impl Accepted {
    /// The file next to a table: `TABLE.accepted.toml` for `TABLE.toml`.
    pub fn beside(table: &Path) -> PathBuf {
        table.with_extension("accepted.toml")
    }

    /// What is accepted of a table, by the file next to it; nothing where there is none.
    ///
    /// # Errors
    /// Where the file can't be read, or is no such file.
    pub fn of(table: &Path) -> Result<Self, Error> {
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
    /// Where it can't be read, or is no such file.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let failed =
            |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
        let text = fs::read_to_string(path).map_err(failed)?;
        Self::parse(&path.to_string_lossy(), &text)
    }

    /// Reads the file's text.
    ///
    /// # Errors
    /// [`Error::Invalid`] with every fault, where it is no such file.
    pub fn parse(path: &str, text: &str) -> Result<Self, Error> {
        let source = Source::new(path, text);
        let rows = match toml::from_str::<Rows>(&source.text) {
            Ok(rows) => rows.accepted,
            Err(error) => {
                let message = error.message().replace('\n', " ");
                let span = error.span().unwrap_or(0..0);
                let findings = vec![bad(&source, span, message, ENTRY)];
                return Err(Error::Invalid { findings, source });
            }
        };
        let mut seen = BTreeSet::new();
        let mut findings = Vec::new();
        for row in &rows {
            let faults = row.faults();
            let at = row.fingerprint.as_ref().or(row.state.as_ref());
            if let (true, Some(at)) = (faults.is_empty(), at)
                && !seen.insert((row.rule.get_ref(), at.get_ref()))
            {
                let (what, rule) = (at.get_ref(), row.rule.get_ref());
                let message = format!("`{what}` of {rule} is accepted twice");
                findings.push(bad(&source, at.span(), message, "remove one of them"));
            }
            let reported = |Fault { span, message, help }| bad(&source, span, message, help);
            findings.extend(faults.into_iter().map(reported));
        }
        if findings.is_empty() {
            return Ok(Self { source, rows });
        }
        Err(Error::Invalid { findings, source })
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

/// What is wrong with an entry, where, and what would be right.
struct Fault {
    span: Range<usize>,
    message: String,
    help: String,
}

impl Row {
    /// Everything that is wrong with it.
    fn faults(&self) -> Vec<Fault> {
        let fault = |of: &Spanned<String>, message: String, help: &str| Fault {
            span: of.span(),
            message,
            help: help.to_owned(),
        };
        let mut faults = Vec::new();
        let rule = rules::find(self.rule.get_ref());
        match &rule {
            Err(message) => {
                faults.push(fault(&self.rule, message.clone(), "name the finding's rule"));
            }
            Ok(rule) if !can_be_accepted(rule) => {
                let message = format!("findings of {} can't be accepted", rule.id);
                let help = "mend what it finds: only what `check`, `verify` and `compat` report of a \
                            valid table can be accepted";
                faults.push(fault(&self.rule, message, help));
            }
            Ok(_) => {}
        }
        if self.reason.get_ref().trim().is_empty() {
            let help = "say why it may be as it is";
            faults.push(fault(&self.reason, "`reason` is empty".to_owned(), help));
        }
        let names_a_state = rule.is_ok_and(|rule| BY_STATE.contains(&rule));
        match (&self.fingerprint, &self.state) {
            (Some(fingerprint), None) if is_fingerprint(fingerprint.get_ref()) => {}
            (Some(fingerprint), None) => {
                let message = format!("`{}` is no fingerprint", shown(fingerprint.get_ref()));
                let help = "copy the 16 hex digits that `phasegate verify`, `phasegate check --format \
                            json` or `phasegate compat` prints with the finding";
                faults.push(fault(fingerprint, message, help));
            }
            (None, Some(_)) if names_a_state => {}
            (None, Some(state)) => {
                let [retired, removed] = BY_STATE.map(|rule| rule.id);
                let message = format!("only an entry of `{retired}` or `{removed}` names a state");
                faults.push(fault(state, message, "give the finding's `fingerprint`"));
            }
            (Some(_), Some(state)) => {
                let message = "an entry has `fingerprint` or `state`, not both".to_owned();
                faults.push(fault(state, message, "remove one of them"));
            }
            (None, None) => {
                faults.push(fault(&self.rule, "missing field `fingerprint`".to_owned(), ENTRY));
            }
        }
        faults
    }
}

/// Whether findings of a rule can be accepted; an acceptance itself can't.
fn can_be_accepted(rule: &Rule) -> bool {
    ![rules::ACCEPTED_STALE, rules::BAD_ACCEPTANCE].contains(&rule)
        && COMMANDS.iter().any(|command| rule.is_reported_by(command))
}

/// What is wrong with a file of accepted findings.
fn bad(
    source: &Source,
    span: Range<usize>,
    message: impl Into<String>,
    help: impl Into<String>,
) -> Finding {
    source.finding(rules::BAD_ACCEPTANCE, Severity::Error, span, message, help)
}

fn is_fingerprint(text: &str) -> bool {
    text.len() == 16 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// A fingerprint: the first 16 hex digits of a SHA-256.
pub(crate) fn digest(text: &str) -> String {
    hex(&Sha256::digest(text)[..8])
}
