//! One line of migrations: the folders that are numbered together, what led to what in them, and
//! what was changed in them by hand.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;

use super::Known;
use super::folder::{self, Folder};
use super::layout::{self, Layout};
use super::reader::Reader;
use super::snapshot::{Snapshot, Sum, sha256};
use super::version::Version;
use crate::emit::sql::{Dialect, SqlTarget};
use crate::finding::Finding;
use crate::machine::Machine;

/// The folder of the snapshots, below the one that the dialects' folders are in.
pub(super) const TABLES: &str = "tables";

/// How the newest step is written anew, where its table can't say what is of it.
const AGAIN: &str = "or, where no database has run what leads to it, remove it with those files in every \
                     folder, and run `phasegate migrate`";

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
    /// folder is numbered by itself.
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
    pub(super) fn unit<'p>(&self, path: &'p str) -> (&'p str, &'p str) {
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
    /// What others are to know of it, with the files that lead a database of this dialect there.
    pub(super) fn known(&self, line: &Line, dialect: Dialect) -> Known {
        let files = self.snapshot.files.iter().map(|file| &file.path);
        let files = files.filter(|path| line.leads_on(dialect, path));
        let files = files.map(|path| format!("{}{path}", line.base)).collect();
        Known { path: self.path.clone(), machine: self.machine.clone(), files }
    }

    /// What the table that follows says of it.
    pub(super) fn sum(&self) -> Sum {
        let name = self.path.rsplit('/').next().unwrap_or_default();
        Sum { path: name.to_owned(), sha256: sha256(self.snapshot.print().as_bytes()) }
    }
}

/// What lies in a line's folders, as one machine sees it.
#[derive(Debug)]
pub(super) struct LineContents {
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

impl LineContents {
    /// The tables that the databases were migrated to since the machine was last taken out of them.
    pub(super) fn installed(&self) -> &[Past] {
        since_removal(&self.past)
    }
}

/// Those of a machine's tables that came after it was last taken out of the databases.
pub(super) fn since_removal(past: &[Past]) -> &[Past] {
    let removed = past.iter().rposition(|past| past.snapshot.removed);
    &past[removed.map_or(0, |at| at + 1)..]
}

impl Line {
    /// Reads the folders.
    pub(super) fn read(&self, root: &Path, machine: &str) -> io::Result<LineContents> {
        let mut reader = Reader { root, findings: Vec::new() };
        let mut folders = BTreeMap::new();
        for (&dialect, folder) in &self.folders {
            let path = root.join(&self.base).join(folder);
            folders.insert(dialect, self.layout.read(&path)?);
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
        let newest = tables.last().map(|(_, name)| name.clone());
        for (number, name) in tables {
            let path = format!("{}/{name}", self.tables());
            let again = newest.as_ref().filter(|newest| **newest == name).map(|_| AGAIN);
            let Some((snapshot, table)) = reader.snapshot(&path, machine, again) else { continue };
            if snapshot.machine == machine {
                past.push(Past { number, path, snapshot, machine: table });
            } else if snapshot.removed {
                others.remove(&snapshot.machine);
            } else {
                others.insert(snapshot.machine, table);
            }
        }
        let mut recorded = BTreeSet::new();
        for (at, of) in past.iter().enumerate() {
            self.number(of, &mut reader);
            let again = (at + 1 == past.len()).then(|| self.again(of));
            for file in &of.snapshot.files {
                recorded.insert(file.path.clone());
                let path = format!("{}{}", self.base, file.path);
                reader.file(&path, &file.sha256, &of.path, again.as_deref());
            }
        }
        self.chain(&past, root, &mut reader);
        self.strangers(machine, &folders, &recorded, &mut reader);
        Ok(LineContents { past, others, last, folders, findings: reader.findings })
    }

    /// How the newest step is written anew.
    fn again(&self, past: &Past) -> String {
        let files = past.snapshot.files.iter().map(|file| format!("{}{}", self.base, file.path));
        let files: Vec<String> = files.chain([past.path.clone()]).collect();
        format!(
            "or, where no database has run this step, remove all of it ({}), and run `phasegate migrate`",
            files.join(", ")
        )
    }

    /// The table that the machine was migrated to last in another place than this line's, where one
    /// of the line's dialects had its migrations before the table said another folder.
    pub(super) fn elsewhere(&self, root: &Path, machine: &str) -> Option<String> {
        let mut reader = Reader { root, findings: Vec::new() };
        let mut found = None;
        for folder in folder::named(root, TABLES).into_iter().filter(|at| *at != self.tables()) {
            for name in folder::names(&root.join(&folder)).unwrap_or_default() {
                let path = format!("{folder}/{name}");
                let Some((snapshot, table)) = reader.snapshot(&path, machine, None) else {
                    continue;
                };
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
}
