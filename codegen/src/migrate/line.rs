//! One line of migrations: the folders that are numbered together, what led to what in them, and
//! what was changed in them by hand.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::Path;

use super::folder::{self, Folder};
use super::layout::{self, Layout, Version};
use super::snapshot::{Snapshot, Sum, plain, sha256};
use crate::emit::sql::{Dialect, SqlTarget};
use crate::finding::{Finding, Severity};
use crate::load;
use crate::machine::Machine;
use crate::rules::{self, Rule};

/// The folder of the snapshots, below the one that the dialects' folders are in.
const TABLES: &str = "tables";

/// Folders that share their numbers and their snapshots. Paths are from the root, with `/`.
#[derive(Clone)]
pub(super) struct Line {
    /// What the snapshots call paths from: empty, or with `/` at its end.
    pub(super) base: String,
    /// Each dialect's folder, from the base: empty, or with `/` at its end.
    pub(super) folders: BTreeMap<Dialect, String>,
    /// Whose the folders are.
    pub(super) layout: &'static dyn Layout,
    /// Where more than one tool's could be, all of them.
    pub(super) mixed: Vec<&'static str>,
}

impl Line {
    /// Where one folder holds a folder for each dialect, these are numbered together; any other
    /// folder is numbered alone.
    pub(super) fn all(sql: &SqlTarget, root: &Path) -> Vec<Self> {
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
        bases.into_iter().map(|(base, folders)| Self::known(root, base, folders)).collect()
    }

    /// Finds whose the folders are. Where several tools have files in them, those of phasegate are as
    /// the one wants them that runs them.
    fn known(root: &Path, base: String, folders: BTreeMap<Dialect, String>) -> Self {
        let shown = folders.values().flat_map(|folder| {
            let path = root.join(&base).join(folder);
            // What cannot be read is said where it is read.
            layout::shown(&path, &folder::names(&path).unwrap_or_default())
        });
        let shown: Vec<(&'static dyn Layout, bool)> = shown.collect();
        let has_own = shown.iter().any(|(_, ours)| *ours);
        let mut found: Vec<&'static dyn Layout> = Vec::new();
        for (layout, _) in shown.iter().filter(|(_, ours)| *ours || !has_own) {
            if found.iter().all(|other| other.tool() != layout.tool()) {
                found.push(*layout);
            }
        }
        let at_home =
            || folders.values().find_map(|folder| layout::at_home(&format!("{base}{folder}")));
        let layout = found.first().copied().or_else(at_home).unwrap_or(layout::ALL[0]);
        let tools = found.iter().map(|layout| layout.tool());
        let mixed = if found.len() > 1 { tools.collect() } else { Vec::new() };
        Self { base, folders, layout, mixed }
    }

    /// The folder of the snapshots, from the root. A tool whose migrations are folders would take it
    /// for one of them.
    pub(super) fn tables(&self) -> String {
        let [within, beside] = self.places();
        let is_within =
            self.layout.inner().is_none() || self.folders.values().all(|f| !f.is_empty());
        if is_within { within } else { beside }
    }

    fn places(&self) -> [String; 2] {
        let beside = match self.base.strip_suffix('/') {
            Some(base) => format!("{base}-{TABLES}"),
            None => TABLES.to_owned(),
        };
        [format!("{}{TABLES}", self.base), beside]
    }

    /// The folder of a dialect's migrations and the name in it that a path from the base leads to.
    fn unit<'p>(&self, path: &'p str) -> (&'p str, &'p str) {
        let parent = |path: &'p str| path.rsplit_once('/').map_or("", |(parent, _)| parent);
        let path = if self.layout.inner().is_some() { parent(path) } else { path };
        (parent(path), path.rsplit('/').next().unwrap_or_default())
    }

    /// Whether a recorded file is what takes a database of this dialect on.
    pub(super) fn leads_on(&self, dialect: Dialect, path: &str) -> bool {
        let folder = self.folders.get(&dialect).map(|folder| folder.trim_end_matches('/'));
        folder == Some(self.unit(path).0) && self.layout.leads_on(path)
    }
}

/// A table that was migrated to.
#[derive(Clone, Debug)]
pub(super) struct Past {
    pub(super) number: Version,
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
    /// The highest version that anything in the line has.
    pub(super) last: Option<Version>,
    /// What lies in each dialect's folder.
    pub(super) folders: BTreeMap<Dialect, Folder>,
    /// What was changed by hand.
    pub(super) findings: Vec<Finding>,
}

impl State {
    /// The tables that the databases were migrated to since the machine was last taken out of them.
    pub(super) fn installed(&self) -> &[Past] {
        let removed = self.past.iter().rposition(|past| past.snapshot.removed);
        &self.past[removed.map_or(0, |at| at + 1)..]
    }
}

impl Line {
    /// Reads the folders.
    pub(super) fn read(&self, root: &Path, machine: &str) -> io::Result<State> {
        let mut reader = Reader { root, findings: Vec::new() };
        let mut folders = BTreeMap::new();
        for (&dialect, folder) in &self.folders {
            let path = root.join(&self.base).join(folder);
            folders.insert(dialect, Folder::read(&path, self.layout)?);
        }
        let mut tables = Vec::new();
        for name in folder::names(&root.join(self.tables()))? {
            let version = name.strip_suffix(".toml").and_then(|text| self.layout.parse(text));
            tables.extend(version.map(|version| (version, name)));
        }
        let numbers = folders.values().flat_map(|folder| &folder.entries);
        let numbers = numbers.map(|entry| &entry.version).chain(tables.iter().map(|(v, _)| v));
        let last = numbers.max_by_key(|version| (*version, version.text.len())).cloned();
        let mut past = Vec::new();
        let mut others = BTreeMap::new();
        tables.sort();
        for (number, name) in tables {
            let path = format!("{}/{name}", self.tables());
            let Some((snapshot, table)) = reader.snapshot(&path, machine) else { continue };
            if snapshot.machine == machine {
                past.push(Past { number, path, snapshot, machine: table });
            } else if snapshot.removed {
                others.remove(&snapshot.machine);
            } else {
                others.insert(snapshot.machine, table);
            }
        }
        let mut recorded = BTreeSet::new();
        for past in &past {
            self.number(past, &mut reader);
            for file in &past.snapshot.files {
                recorded.insert(file.path.clone());
                reader.file(&self.base, past, &file.path, &file.sha256);
            }
        }
        self.chain(&past, root, &mut reader);
        self.strangers(machine, &folders, &recorded, &mut reader);
        Ok(State { past, others, last, folders, findings: reader.findings })
    }

    /// The table that the machine was migrated to last in another place than this line's, where one
    /// of the line's dialects had its migrations before the table said another folder.
    pub(super) fn elsewhere(&self, root: &Path, machine: &str) -> Option<String> {
        let mut reader = Reader { root, findings: Vec::new() };
        let mut found = None;
        for folder in folder::named(root, TABLES).into_iter().filter(|at| *at != self.tables()) {
            for name in folder::names(&root.join(&folder)).unwrap_or_default() {
                let path = format!("{folder}/{name}");
                let Some((snapshot, table)) = reader.snapshot(&path, machine) else { continue };
                // What was written for another root is another project's.
                let sql = table.targets.sql().filter(|_| snapshot.machine == machine);
                let was_here = sql.is_some_and(|sql| {
                    let mut dialects = self.folders.keys();
                    Self::all(sql, root).iter().any(|line| {
                        line.places().contains(&folder)
                            && dialects.any(|dialect| line.folders.contains_key(dialect))
                    })
                });
                if was_here {
                    found = (!snapshot.removed).then_some(path);
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

    /// A table has the number of the last migration that led to it; one written by hand is not
    /// recorded.
    fn number(&self, past: &Past, reader: &mut Reader<'_>) {
        let files = past.snapshot.files.iter().map(|file| self.unit(&file.path).1);
        let last = files.filter_map(|name| Some((self.layout.version(name)?, name))).max();
        if let Some((_, last)) = last.filter(|(last, _)| *last != past.number) {
            let message = format!(
                "the table of past migrations is no longer called as it was written: `{last}` leads to it"
            );
            let help = "give it that number back, or remove it where it is a copy; `phasegate \
                        migrate` alone writes tables here";
            reader.tell(rules::MIGRATION_EDITED, &past.path, message, help);
        }
    }

    /// Files of the machine that no snapshot knows, and others that have the number of one that it
    /// does.
    fn strangers(
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
                // A place in a chain is nobody's own.
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
                    reader.tell(rules::MIGRATION_UNRECORDED, &shown, message, help);
                } else if let Some(taken) = same.next_back() {
                    let message = format!("the number is that of `{}`, too", taken.name);
                    let help = "give this one a number of its own";
                    reader.tell(rules::NUMBER_TAKEN, &shown, message, help);
                }
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

    fn file(&mut self, base: &str, past: &Past, path: &str, sum: &str) {
        let shown = format!("{base}{path}");
        if let Err(differs) = self.text(&shown, |text| sha256(text.as_bytes()) == sum) {
            let what = format!("the migration that leads to {}", past.path);
            self.differs(&what, &shown, &differs);
        }
    }
}
