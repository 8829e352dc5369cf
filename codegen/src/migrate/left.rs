//! Migrations of machines that no table describes any more: mostly one whose machine got another name.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::line::{Line, LineContents};
use super::past_of;
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

/// The machines of the tables in a folder and below it. What cannot be read has none.
fn machines(folder: &Path, depth: usize, found: &mut BTreeSet<String>) {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let (path, own) = (entry.path(), entry.file_name());
        let own = own.to_string_lossy();
        let Ok(kind) = entry.file_type() else { continue };
        if kind.is_dir() {
            if depth > 1 && !own.starts_with('.') && own != "node_modules" && own != "target" {
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
