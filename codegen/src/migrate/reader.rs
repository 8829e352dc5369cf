//! Reads the files that were written before, and says what was changed in them by hand.

use std::fs;
use std::path::Path;

use super::snapshot::{Snapshot, plain, sha256};
use crate::finding::{Finding, Severity};
use crate::load;
use crate::machine::Machine;
use crate::rules::{self, Rule};

/// What reads them, and what it found.
pub(super) struct Reader<'r> {
    pub(super) root: &'r Path,
    pub(super) findings: Vec<Finding>,
}

/// Where a file differs from what was written.
enum Differs {
    Missing,
    Edited,
    /// Only by its line ends.
    LineEnds,
    /// By a byte order mark at its start.
    Mark,
}

impl Reader<'_> {
    pub(super) fn report(&mut self, rule: &'static Rule, path: &str, message: String, help: &str) {
        let path = self.root.join(path).display().to_string();
        self.findings.push(Finding::about(rule, Severity::Error, path, message, help));
    }

    /// `again` is how the newest step is written anew, where it is that.
    fn differs(&mut self, what: &str, path: &str, differs: &Differs, again: Option<&str>) {
        let (rule, says, help) = match differs {
            Differs::Missing => (
                rules::MIGRATION_MISSING,
                format!("{what} is missing: databases have run it"),
                "restore it from version control",
            ),
            Differs::Edited => (
                rules::MIGRATION_EDITED,
                format!("{what} is not as it was written: databases have run that"),
                "restore it from version control; a change goes into the table, and by \
                 `phasegate migrate` into the next migration",
            ),
            Differs::LineEnds => (
                rules::LINE_ENDS,
                format!(
                    "{what} has the line ends of another system (CRLF): tools that compare \
                         checksums take it for another one"
                ),
                "say `* text eol=lf` in a `.gitattributes` of this folder, then check it out anew",
            ),
            Differs::Mark => (
                rules::BYTE_ORDER_MARK,
                format!(
                    "{what} starts with a byte order mark, which it was written without: tools that \
                     compare checksums take it for another one"
                ),
                "restore it from version control, or save it as UTF-8 without the mark",
            ),
        };
        let help = match (again, differs) {
            (Some(again), Differs::Missing | Differs::Edited) => format!("{help}; {again}"),
            (_, Differs::Missing | Differs::Edited | Differs::LineEnds | Differs::Mark) => {
                help.to_owned()
            }
        };
        self.report(rule, path, says, &help);
    }

    /// The text of a file as it was written, and how it differs from that.
    fn text(&self, path: &str, mut fits: impl FnMut(&str) -> bool) -> Result<String, Differs> {
        let Ok(bytes) = fs::read(self.root.join(path)) else { return Err(Differs::Missing) };
        let Ok(text) = String::from_utf8(bytes) else { return Err(Differs::Edited) };
        if fits(&text) {
            Ok(text)
        } else if fits(&plain(&text)) {
            Err(if text.starts_with('\u{feff}') { Differs::Mark } else { Differs::LineEnds })
        } else {
            Err(Differs::Edited)
        }
    }

    /// A table that was migrated to; what is wrong with one of this machine, or of nobody, is told.
    pub(super) fn snapshot(
        &mut self,
        path: &str,
        machine: &str,
        again: Option<&str>,
    ) -> Option<(Snapshot, Machine)> {
        let mut parsed = None;
        let read = self.text(path, |text| {
            parsed = Snapshot::parse(text);
            parsed.is_some()
        });
        let snapshot = match read {
            Ok(_) => parsed?,
            Err(differs) => {
                let bytes = fs::read(self.root.join(path)).unwrap_or_default();
                let text = String::from_utf8_lossy(&bytes);
                if Snapshot::machine(&text).is_none_or(|of| of == machine) {
                    self.differs("the table of past migrations", path, &differs, again);
                }
                return None;
            }
        };
        match load::machine(path, snapshot.text.as_bytes()) {
            Ok((_, table, _)) => Some((snapshot, table)),
            Err(error) => {
                if snapshot.machine == machine {
                    let message = format!("the table of past migrations cannot be read: {error}");
                    let help = "use the version of phasegate that wrote it, or a newer one";
                    self.report(rules::MIGRATION_EDITED, path, message, help);
                }
                None
            }
        }
    }

    /// A migration that leads to a table.
    pub(super) fn file(&mut self, path: &str, sum: &str, leads_to: &str, again: Option<&str>) {
        if let Err(differs) = self.text(path, |text| sha256(text.as_bytes()) == sum) {
            let what = format!("the migration that leads to {leads_to}");
            self.differs(&what, path, &differs, again);
        }
    }
}
