//! The whole way, from a table on disk to artifacts on disk.

use std::path::Path;

use crate::artifact::{self, Artifact, WriteMode};
use crate::emit::workflow::Workflow;
use crate::emit::{Kind, TARGETS, Target as _};
use crate::finding::Finding;
use crate::load::{Error, Loaded, load};
use crate::workflow::keep::{self, Kept};

/// The artifacts of some targets. A pure function of the table.
pub fn render(loaded: &Loaded, targets: &[&dyn Kind]) -> Vec<Artifact> {
    let mut artifacts: Vec<Artifact> = Vec::new();
    for target in targets {
        let of_target = target.render(&loaded.machine, &loaded.header).into_iter();
        artifacts.extend(of_target.map(|it| Artifact { target: Some(target.key()), ..it }));
    }
    if targets.len() == TARGETS.len() {
        artifacts.extend(editor_schema(loaded));
    }
    artifacts.sort_by(|a, b| a.path.cmp(&b.path));
    artifacts
}

/// The schema of the table format, where the table's first line sends editors to this very file:
/// phasegate's own table does.
fn editor_schema(loaded: &Loaded) -> Option<Artifact> {
    const PATH: &str = "generated/machine.schema.json";
    let directive = loaded.source.text.lines().next()?.strip_prefix("#:schema ")?.trim();
    let is_it = directive.strip_prefix("./") == Some(PATH) && !loaded.header.table().contains('/');
    is_it.then(|| Artifact::new(PATH, crate::table::json_schema()))
}

/// What became of every artifact of a table.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Generated {
    /// The artifacts, and the files that no longer are.
    pub outcomes: Vec<artifact::FileResult>,
    /// What is allowed in the table, and probably not what was meant.
    pub warnings: Vec<Finding>,
    /// The workflows written by hand that are kept current, and what is not as the table says.
    #[doc(hidden)]
    pub workflows: Vec<Kept>,
    /// The command that brings the artifacts up to date.
    pub command: String,
}

/// Brings the artifacts of some targets and the files on disk together.
///
/// # Errors
/// Where a file cannot be read or written.
pub fn sync(loaded: &Loaded, targets: &[&dyn Kind], mode: WriteMode) -> Result<Generated, Error> {
    let complete = targets.len() == TARGETS.len();
    let mut artifacts = render(loaded, targets);
    let workflows = match targets.iter().any(|target| target.key() == Workflow::KEY) {
        true => keep::kept(loaded)?,
        false => Vec::new(),
    };
    artifacts.extend(workflows.iter().filter_map(Kept::artifact));
    let outcomes = artifact::sync(&loaded.root, &loaded.header, &artifacts, complete, mode)?;
    let (warnings, command) = (loaded.warnings.clone(), loaded.header.command());
    Ok(Generated { outcomes, warnings, workflows, command })
}

/// Writes every artifact of a table that is not current: for a build script.
///
/// # Errors
/// Where the table is not valid, or a file cannot be read or written.
pub fn generate(table: &Path) -> Result<Generated, Error> {
    sync(&load(table)?, TARGETS, WriteMode::Write)
}
