//! Migrations of machines that no table describes any more: mostly one whose machine got another name.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use super::line::{Line, LineContents, TABLES};
use super::past_of;
use super::snapshot::Snapshot;
use crate::artifact::command;
use crate::finding::{Finding, Severity};
use crate::load::{Loaded, bounded, machine_name};
use crate::rules;

/// How deep below the root a table is looked for.
const DEPTH: usize = 4;

/// That a line has migrations of a machine of which there is no table: its objects stay in the databases,
/// and nothing takes them on.
pub(super) fn left(loaded: &Loaded, states: &[(Line, LineContents)]) -> Vec<Finding> {
    let others = states
        .iter()
        .flat_map(|(line, state)| state.others.keys().map(|name| (name.as_str(), line.tables())));
    let others: BTreeSet<(&str, String)> = others.collect();
    if others.is_empty() {
        return Vec::new();
    }
    let mut described = BTreeSet::new();
    let near = Path::new(&loaded.source.path).parent().unwrap_or(Path::new(""));
    machines(near, 1, &mut described);
    if others.iter().any(|(name, _)| !described.contains(*name)) {
        machines(&loaded.root, DEPTH, &mut described);
    }
    let name = &loaded.machine.name;
    let others = others.into_iter().filter(|(other, _)| !described.contains(*other));
    let found = others.map(|(other, tables)| {
        let message = format!(
            "{tables} has migrations of the machine {other}, which no table describes any more"
        );
        let help = format!(
            "where {name} is that machine under another name, keep `name = \"{other}\"` (`title` is what \
             people read): databases have its objects by that name. Where {other} is to go, restore its \
             table from version control, and take it out of the databases by `phasegate migrate --remove`"
        );
        Finding::about(rules::MACHINE_LEFT, Severity::Warning, &loaded.source.path, message, help)
    });
    found.collect()
}

/// That a table has no `[target.sql]` any more, and databases have been migrated to it: its guards stay there.
pub(super) fn without_target(loaded: &Loaded) -> Option<Finding> {
    if loaded.machine.targets.sql().is_some() {
        return None;
    }
    let mut snapshots = Vec::new();
    snapshots_of(&loaded.machine.name, &loaded.root, DEPTH, &mut snapshots);
    // The last of each folder says whether its databases were cleared.
    snapshots.sort();
    let mut last: BTreeMap<PathBuf, (PathBuf, bool)> = BTreeMap::new();
    for (path, removed) in snapshots {
        last.insert(path.parent().unwrap_or(Path::new("")).to_owned(), (path, removed));
    }
    let (path, _) = last.into_values().find(|(_, removed)| !removed)?;
    let message = "the table has no [target.sql] any more, and databases were migrated to it: those keep its guards";
    let help = format!(
        "to take them out, put [target.sql] back as {} has it, run `{}`, apply what that writes, and then \
         leave [target.sql] out",
        path.display(),
        command("migrate --remove", [&loaded.source.path])
    );
    Some(Finding::about(rules::MACHINE_LEFT, Severity::Warning, &loaded.source.path, message, help))
}

/// The tables of a machine's migrations in a folder and below it, and whether each is that of a removal.
fn snapshots_of(machine: &str, folder: &Path, depth: usize, found: &mut Vec<(PathBuf, bool)>) {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let holds = folder.to_string_lossy().ends_with(TABLES);
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let own = entry.file_name();
        let own = own.to_string_lossy();
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            if depth > 1 && is_looked_into(&own) {
                snapshots_of(machine, &path, depth - 1, found);
            }
        } else if holds && own.ends_with(".toml") {
            let text = bounded(&path).unwrap_or_default();
            let snapshot = Snapshot::parse(&String::from_utf8_lossy(&text).replace("\r\n", "\n"));
            let of = snapshot.filter(|snapshot| snapshot.machine == machine);
            let shown = path.strip_prefix(".").unwrap_or(&path).to_owned();
            found.extend(of.map(|snapshot| (shown, snapshot.removed)));
        }
    }
}

/// Whether a folder may have what is looked for.
fn is_looked_into(name: &str) -> bool {
    !name.starts_with('.') && name != "node_modules" && name != "target"
}

/// The machines of the tables in a folder and below it. What cannot be read has none.
fn machines(folder: &Path, depth: usize, found: &mut BTreeSet<String>) {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let (path, own) = (entry.path(), entry.file_name());
        let own = own.to_string_lossy();
        let Ok(kind) = entry.file_type() else { continue };
        if kind.is_dir() {
            if depth > 1 && is_looked_into(&own) {
                machines(&path, depth - 1, found);
            }
        } else if own.ends_with(".toml") && path.is_file() {
            let text = bounded(&path).unwrap_or_default();
            if past_of(&String::from_utf8_lossy(&text)).is_none() {
                found.extend(machine_name(&path));
            }
        }
    }
}
