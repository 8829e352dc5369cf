//! What lies in a line's folders, held against what its tables say was written: tables that were taken
//! out or forked, numbers that changed, files that no table knows.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::folder::Folder;
use super::line::{Line, Past};
use super::reader::Reader;
use crate::emit::sql::Dialect;
use crate::rules;

impl Line {
    /// Each table follows the one before it. One that was taken out of the middle, with the files that
    /// led to it, leaves no other trace.
    pub(super) fn chain(&self, past: &[Past], root: &Path, reader: &mut Reader<'_>) {
        let mut before: Option<&Past> = None;
        for past in past {
            let (is, says) = (before.map(Past::sum), &past.snapshot.after);
            if let Some(says) = says.as_ref().filter(|says| is.as_ref() != Some(says)) {
                let path = format!("{}/{}", self.tables(), says.path);
                if !root.join(&path).exists() {
                    let message = format!(
                        "the table of past migrations is missing that {} follows, and with it what led \
                         to it: databases have run that",
                        past.path
                    );
                    let help = "restore it and its migrations from version control; only the newest \
                                are taken back by removing them, where no database has run them";
                    reader.report(rules::MIGRATION_MISSING, &path, message, help);
                } else if reader.findings.is_empty() {
                    Self::fork(past, before, reader);
                }
            } else if is.is_some() && says.is_none() && reader.findings.is_empty() {
                Self::fork(past, before, reader);
            }
            before = Some(past);
        }
    }

    /// Two ways on from one table: each was written without the other.
    fn fork(past: &Past, before: Option<&Past>, reader: &mut Reader<'_>) {
        let before = before.map_or("none", |before| before.path.as_str());
        let message = match &past.snapshot.after {
            Some(says) => format!(
                "the table of past migrations was written to follow another {}, and now comes after {before}",
                says.path
            ),
            None => format!(
                "the table of past migrations was written to be the first, and {before} is before it"
            ),
        };
        let help = "where no database has run what leads to it, remove it with those files, and run \
                    `phasegate migrate` again: that goes on from the table before; otherwise restore \
                    from version control what it followed";
        reader.report(rules::MIGRATION_FORKED, &past.path, message, help);
    }

    /// A table has the number of the last migration that led to it; one written by hand is not
    /// recorded.
    pub(super) fn number(&self, past: &Past, reader: &mut Reader<'_>) {
        let files = past.snapshot.files.iter().map(|file| self.unit(&file.path).1);
        let last = files.filter_map(|name| Some((self.layout.version(name)?, name))).max();
        if let Some((_, last)) = last.filter(|(last, _)| *last != past.number) {
            let message = format!(
                "the table of past migrations is no longer called as it was written: `{last}` leads to it"
            );
            let help = "give it that number back, or remove it where it is a copy; only \
                        `phasegate migrate` writes tables here";
            reader.report(rules::MIGRATION_EDITED, &past.path, message, help);
        }
    }

    /// Files of the machine that no snapshot knows, and others that have the number of one that it
    /// does.
    pub(super) fn strangers(
        &self,
        machine: &str,
        folders: &BTreeMap<Dialect, Folder>,
        recorded: &BTreeSet<String>,
        reader: &mut Reader<'_>,
    ) {
        let ours: BTreeSet<(&str, &str)> = recorded.iter().map(|path| self.unit(path)).collect();
        // A table that could not be read may know them.
        let is_sure = reader.findings.is_empty();
        for (dialect, folder) in folders {
            let at = &self.folders[dialect];
            let is_ours = |name: &str| ours.contains(&(at.trim_end_matches('/'), name));
            for entry in folder.entries.iter().filter(|entry| !is_ours(&entry.name)) {
                let shown = format!("{}{at}{}", self.base, entry.name);
                // A place in a chain is no one's own.
                let mut same = folder.entries.iter().filter(|other| {
                    other.chain.is_none() && other.version == entry.version && is_ours(&other.name)
                });
                if entry.machine.as_deref() == Some(machine) {
                    if !is_sure {
                        continue;
                    }
                    let message = format!(
                        "the migration is one of the machine {machine}, but no table in {} knows it",
                        self.tables()
                    );
                    let help = "restore that table from version control; or, if no database has run the \
                                migration, remove it";
                    reader.report(rules::MIGRATION_UNRECORDED, &shown, message, help);
                } else if let Some(taken) = same.next_back() {
                    let message = format!("the number is that of `{}`, too", taken.name);
                    let help = "give this one a number of its own";
                    reader.report(rules::NUMBER_TAKEN, &shown, message, help);
                }
            }
        }
    }
}
