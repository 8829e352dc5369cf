//! A workflow written by hand in which the deploy table's reports are kept: adopted, as text and as
//! what is found in it.

#![allow(dead_code, reason = "each test file takes what it needs")]

use std::fs;
use std::path::{Path, PathBuf};

use phasegate_codegen::artifact::WriteMode;
use phasegate_codegen::emit::workflow::Workflow;
use phasegate_codegen::workflow::keep::{Kept, adopted};
use phasegate_codegen::{Loaded, load, sync};
use tempfile::TempDir;

const WORKFLOW: &str = include_str!("kept.yml");
/// What the workflow is called.
pub(crate) const NAME: &str = "release.yml";

/// A folder with the deploy table, which keeps the workflow, and the workflow.
pub(crate) struct Repository {
    folder: TempDir,
    pub(crate) loaded: Loaded,
}

impl Repository {
    /// One whose workflow has the reports where they belong.
    pub(crate) fn adopted() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let table = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy.toml");
        let table = fs::read_to_string(table).unwrap();
        let target = "[target.workflow]\n";
        assert!(table.contains(target));
        let table = table.replace(target, &format!("{target}workflows = [{NAME:?}]\n"));
        let table = table.replace("#:schema ./generated/machine.schema.json\n", "");
        fs::write(folder.path().join("deploy.toml"), table).unwrap();
        fs::write(folder.path().join(NAME), WORKFLOW).unwrap();
        let loaded = load(&folder.path().join("deploy.toml")).unwrap();
        let kept = adopted(&loaded, NAME).unwrap().unwrap();
        let repository = Self { folder, loaded };
        repository.write(&kept.text.unwrap());
        repository
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join(NAME)
    }

    pub(crate) fn text(&self) -> String {
        fs::read_to_string(self.path()).unwrap()
    }

    pub(crate) fn write(&self, text: &str) {
        fs::write(self.path(), text).unwrap();
    }

    /// What is found in the workflow as it is.
    pub(crate) fn kept(&self) -> Kept {
        let generated = sync(&self.loaded, &[&Workflow], WriteMode::Check).unwrap();
        generated.workflows.into_iter().next().unwrap()
    }
}
