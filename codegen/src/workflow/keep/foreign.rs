//! Regions of another table: two tables that fill one workflow's regions would take them from each other.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::Around;
use super::document::{Document, Node};
use super::file::File;
use super::lines::Lines;
use super::regions::Region;
use crate::artifact;
use crate::finding::{Findings, Severity};
use crate::load::Loaded;
use crate::rules;
use crate::suggest::shown;

/// The actions that steps of a workflow use and that are another table's, each with that table's path.
pub(super) fn foreign_actions(loaded: &Loaded, file: &File) -> BTreeMap<String, String> {
    let Ok(document) = Document::read(file.body()) else { return BTreeMap::new() };
    let mut foreign = BTreeMap::new();
    for uses in steps(&document).filter_map(|step| step.get("uses").and_then(Node::text)) {
        if let Some(table) = other_table(loaded, file, uses) {
            foreign.insert(uses.to_owned(), table);
        }
    }
    foreign
}

fn steps<'d>(document: &'d Document) -> impl Iterator<Item = &'d Node> {
    let of = |job: &'d Node| document.resolved(job).get("steps").map(|of| document.resolved(of));
    let steps = document.jobs().iter().filter_map(move |(_, job)| of(job));
    steps.flat_map(Node::items).map(|step| document.resolved(step))
}

/// The other table that an action is of: what made it says so, or, of one that lies elsewhere, the table
/// that names it.
fn other_table(loaded: &Loaded, file: &File, uses: &str) -> Option<String> {
    let local = uses.strip_prefix("./").or_else(|| uses.strip_prefix("$/"));
    let Some(local) = local else {
        let of_this = loaded.machine.targets.workflow().map(|target| target.action.as_str());
        return if of_this == Some(uses) { None } else { naming(loaded, uses) };
    };
    let before = file.path.strip_suffix(&file.from_root).unwrap_or_default();
    let names = ["action.yml", "action.yaml"];
    names.into_iter().find_map(|name| {
        let found = artifact::read(&loaded.root.join(format!("{before}{local}/{name}"))).ok()??;
        artifact::owner(&loaded.root, &loaded.header, &found)
    })
}

/// A table next to this one that names an action.
fn naming(loaded: &Loaded, uses: &str) -> Option<String> {
    let folder = loaded.root.join(loaded.header.table());
    let beside = folder.parent().filter(|beside| !beside.as_os_str().is_empty());
    let beside = beside.unwrap_or_else(|| Path::new("."));
    let mut tables: Vec<_> = fs::read_dir(beside).ok()?.flatten().collect();
    tables.sort_by_key(fs::DirEntry::file_name);
    tables.into_iter().find_map(|entry| {
        let path = entry.path();
        let is_this = Some(entry.file_name().as_os_str()) == folder.file_name();
        let is_table = path.extension().is_some_and(|of| of == "toml") && !is_this;
        let text = is_table.then(|| fs::read_to_string(&path).ok())??;
        let is_it = text.contains(&format!("action = \"{uses}\""));
        is_it.then(|| entry.file_name().to_string_lossy().into_owned())
    })
}

/// Says of the first region that is another table's; whether there is one.
pub(super) fn is_foreign(
    document: &Document,
    lines: &Lines<'_>,
    regions: &[Region],
    around: &Around,
    findings: &mut Findings<'_>,
) -> bool {
    let other = |step: &Node| -> Option<(&Region, &String, &String)> {
        let (uses, table) = around.foreign.get_key_value(step.get("uses")?.text()?)?;
        let region = regions.iter().find(|region| region.holds(step.line))?;
        Some((region, uses, table))
    };
    let Some((region, uses, table)) = steps(document).find_map(other) else { return false };
    let message = format!(
        "the region `{}` is of another table, `{}`: it reports with `{}`",
        shown(&region.name),
        shown(table),
        shown(uses)
    );
    let help = format!(
        "give each table a workflow of its own, and name that one in this table's `workflows`; or, where `{}` \
         no longer reports from here, take the workflow out of its `workflows`, and its regions with their \
         markers out of this file",
        shown(table)
    );
    findings.add(rules::FOREIGN_REGION, Severity::Error, lines.span(region.begin), message, help);
    true
}
