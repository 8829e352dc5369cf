//! One line of migrations: the folders that are numbered together, what led to what in them, and
//! what was changed in them by hand.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::Path;

use super::folder::{self, Entry};
use super::snapshot::{Snapshot, Sum, plain, sha256};
use crate::emit::sql::{Dialect, SqlTarget};
use crate::finding::{Finding, Severity};
use crate::load;
use crate::machine::Machine;
use crate::rules::{self, Rule};

/// The folder of the snapshots, below the one that the dialects' folders are in.
const TABLES: &str = "tables";

/// Folders that share their numbers and their snapshots. Paths are from the root, with `/`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Line {
    /// What the snapshots call paths from: empty, or with `/` at its end.
    pub(super) base: String,
    /// Each dialect's folder, from the base: empty, or with `/` at its end.
    pub(super) folders: BTreeMap<Dialect, String>,
}

impl Line {
    /// Where one folder holds a folder for each dialect, these are numbered together; any other
    /// folder is numbered alone.
    pub(super) fn all(sql: &SqlTarget) -> Vec<Self> {
        let mut bases: BTreeMap<String, BTreeMap<Dialect, String>> = BTreeMap::new();
        for (&dialect, path) in &sql.migrations {
            let path = if path.is_empty() { String::new() } else { format!("{path}/") };
            let below = format!("{}/", dialect.as_str());
            let base = path.strip_suffix(&below).filter(|b| b.is_empty() || b.ends_with('/'));
            let (base, folder) = match base {
                Some(base) => (base.to_owned(), below),
                None => (path, String::new()),
            };
            bases.entry(base).or_default().insert(dialect, folder);
        }
        bases.into_iter().map(|(base, folders)| Self { base, folders }).collect()
    }

    /// The folder of the snapshots, from the root.
    pub(super) fn tables(&self) -> String {
        format!("{}{TABLES}", self.base)
    }
}

/// A table that was migrated to.
#[derive(Clone, Debug)]
pub(super) struct Past {
    pub(super) number: u64,
    /// From the root, with `/`.
    pub(super) path: String,
    pub(super) snapshot: Snapshot,
    pub(super) machine: Machine,
}

impl Past {
    /// What the table that follows says of it.
    pub(super) fn sum(&self) -> Sum {
        let name = self.path.rsplit('/').next().unwrap_or_default();
        Sum { path: name.to_owned(), sha256: sha256(self.snapshot.print().as_bytes()) }
    }
}

/// What lies in a line's folders, as one machine sees it.
#[derive(Debug)]
pub(super) struct State {
    /// The machine's tables, oldest first.
    pub(super) past: Vec<Past>,
    /// The names of other machines, each with its last table.
    pub(super) others: BTreeMap<String, Machine>,
    /// The highest number that anything in the line has, and its digits.
    pub(super) last: Option<(u64, usize)>,
    /// The dialects whose folders have pairs of files, forward and back.
    pub(super) reversible: BTreeSet<Dialect>,
    /// The folders that have files of SQL without a number, and these.
    pub(super) unnumbered: BTreeMap<String, Vec<String>>,
    /// What was changed by hand.
    pub(super) findings: Vec<Finding>,
}

impl Line {
    /// Reads the folders.
    pub(super) fn read(&self, root: &Path, machine: &str) -> io::Result<State> {
        let mut reader = Reader { root, findings: Vec::new() };
        let mut entries: Vec<(String, Entry)> = Vec::new();
        let mut reversible = BTreeSet::new();
        let mut unnumbered = BTreeMap::new();
        for (&dialect, folder) in &self.folders {
            let at = root.join(&self.base).join(folder);
            let found = folder::entries(&at)?;
            let names = folder::unnumbered(&at);
            if !names.is_empty() {
                unnumbered.insert(format!("{}{folder}", self.base), names);
            }
            let last = found.iter().rev().find(|entry| entry.name.ends_with(".sql"));
            if last.is_some_and(Entry::is_reversible) {
                reversible.insert(dialect);
            }
            entries
                .extend(found.into_iter().map(|entry| (format!("{folder}{}", entry.name), entry)));
        }
        let tables = folder::entries(&root.join(self.tables()))?;
        let numbers = entries.iter().map(|(_, entry)| entry).chain(&tables);
        let last = numbers.map(|entry| (entry.number, entry.width)).max();
        let mut past = Vec::new();
        let mut others = BTreeMap::new();
        for entry in tables.iter().filter(|entry| entry.name.ends_with(".toml")) {
            let path = format!("{}/{}", self.tables(), entry.name);
            let Some((snapshot, table)) = reader.snapshot(&path, machine) else { continue };
            if snapshot.machine == machine {
                past.push(Past { number: entry.number, path, snapshot, machine: table });
            } else {
                others.insert(snapshot.machine, table);
            }
        }
        past.sort_by_key(|past| past.number);
        let mut recorded = BTreeSet::new();
        for past in &past {
            reader.number(past);
            for file in &past.snapshot.files {
                recorded.insert(file.path.clone());
                reader.file(&self.base, past, &file.path, &file.sha256);
            }
        }
        self.chain(&past, root, &mut reader);
        self.strangers(machine, &entries, &recorded, &mut reader);
        Ok(State { past, others, last, reversible, unnumbered, findings: reader.findings })
    }

    /// The table that the machine was migrated to last in another place than this line's, where one
    /// of the line's dialects had its migrations before the table said another folder.
    pub(super) fn elsewhere(&self, root: &Path, machine: &str) -> Option<String> {
        let mut reader = Reader { root, findings: Vec::new() };
        let mut found = None;
        for folder in folder::named(root, TABLES).into_iter().filter(|at| *at != self.tables()) {
            for entry in folder::entries(&root.join(&folder)).unwrap_or_default() {
                let path = format!("{folder}/{}", entry.name);
                let Some((snapshot, table)) = reader.snapshot(&path, machine) else { continue };
                // What was written for another root is another project's.
                let sql = table.targets.sql().filter(|_| snapshot.machine == machine);
                let was_here = sql.is_some_and(|sql| {
                    let mut dialects = self.folders.keys();
                    Self::all(sql).iter().any(|line| {
                        line.tables() == folder
                            && dialects.any(|dialect| line.folders.contains_key(dialect))
                    })
                });
                if was_here {
                    found = Some(path);
                }
            }
        }
        found
    }

    /// Each table follows the one before it. One that was taken out of the middle, with the files that
    /// led to it, leaves no other trace.
    fn chain(&self, past: &[Past], root: &Path, reader: &mut Reader<'_>) {
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
                    reader.tell(rules::MIGRATION_MISSING, &path, message, help);
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
        reader.tell(rules::MIGRATION_FORKED, &past.path, message, help);
    }

    /// Files of the machine that no snapshot knows, and others that have the number of one that it
    /// does.
    fn strangers(
        &self,
        machine: &str,
        entries: &[(String, Entry)],
        recorded: &BTreeSet<String>,
        reader: &mut Reader<'_>,
    ) {
        let folder = |path: &str| path.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
        let ours: BTreeMap<(String, u64), &str> = recorded
            .iter()
            .filter_map(|path| {
                let name = path.rsplit('/').next().unwrap_or_default();
                Some(((folder(path), folder::number(name)?.0), path.as_str()))
            })
            .collect();
        // A table that could not be read may know them.
        let is_sure = reader.findings.is_empty();
        for (path, entry) in entries {
            if recorded.contains(path) {
                continue;
            }
            let shown = format!("{}{path}", self.base);
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
                reader.tell(rules::MIGRATION_UNRECORDED, &shown, message, help);
            } else if let Some(taken) = ours.get(&(folder(path), entry.number)) {
                let name = taken.rsplit('/').next().unwrap_or_default();
                let message = format!("the number is that of `{name}`, too");
                reader.tell(
                    rules::NUMBER_TAKEN,
                    &shown,
                    message,
                    "give this one a number of its own",
                );
            }
        }
    }
}

/// Where a file differs from what was written.
enum Differs {
    Missing,
    Edited,
    /// By its line ends alone.
    LineEnds,
    /// By a byte order mark at its start.
    Mark,
}

struct Reader<'r> {
    root: &'r Path,
    findings: Vec<Finding>,
}

impl Reader<'_> {
    fn tell(&mut self, rule: &'static Rule, path: &str, message: String, help: &str) {
        let path = self.root.join(path).display().to_string();
        self.findings.push(Finding::about(rule, Severity::Error, path, message, help));
    }

    fn differs(&mut self, what: &str, path: &str, differs: &Differs) {
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
        self.tell(rule, path, says, help);
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
    fn snapshot(&mut self, path: &str, machine: &str) -> Option<(Snapshot, Machine)> {
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
                    self.differs("the table of past migrations", path, &differs);
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
                    self.tell(rules::MIGRATION_EDITED, path, message, help);
                }
                None
            }
        }
    }

    /// A table has the number of the last migration that led to it; one written by hand is not
    /// recorded.
    fn number(&mut self, past: &Past) {
        let name = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
        let files = past.snapshot.files.iter().map(|file| name(&file.path));
        let last = files.filter_map(|name| Some((folder::number(&name)?.0, name))).max();
        if let Some((_, last)) = last.filter(|(last, _)| *last != past.number) {
            let message = format!(
                "the table of past migrations is no longer called as it was written: `{last}` leads to it"
            );
            let help = "give it that number back, or remove it where it is a copy; `phasegate \
                        migrate` alone writes tables here";
            self.tell(rules::MIGRATION_EDITED, &past.path, message, help);
        }
    }

    fn file(&mut self, base: &str, past: &Past, path: &str, sum: &str) {
        let shown = format!("{base}{path}");
        if let Err(differs) = self.text(&shown, |text| sha256(text.as_bytes()) == sum) {
            let what = format!("the migration that leads to {}", past.path);
            self.differs(&what, &shown, &differs);
        }
    }
}
