//! What a table's workflow target gives, as text and as parsed YAML.

#![allow(dead_code, reason = "each test file takes what it needs")]

use std::path::Path;

use phasegate_codegen::artifact::Artifact;
use phasegate_codegen::emit::workflow::Workflow;
use phasegate_codegen::machine::{JobId, Machine};
use phasegate_codegen::{load, render};
use serde_json::{Value, json};

/// A table and its workflow.
pub(crate) struct Generated {
    pub(crate) machine: Machine,
    pub(crate) artifacts: Vec<Artifact>,
}

impl Generated {
    pub(crate) fn from(table: &str) -> Self {
        let loaded = load(&Path::new(env!("CARGO_MANIFEST_DIR")).join(table)).unwrap();
        let artifacts = render(&loaded, &[&Workflow]);
        Self { machine: loaded.machine, artifacts }
    }

    /// The one artifact whose path ends so.
    pub(crate) fn text(&self, end: &str) -> &str {
        let found: Vec<&Artifact> =
            self.artifacts.iter().filter(|artifact| artifact.path.ends_with(end)).collect();
        assert_eq!(found.len(), 1, "one artifact is {end}");
        &found[0].text
    }

    pub(crate) fn yaml(&self, end: &str) -> Value {
        serde_saphyr::from_str(self.text(end)).unwrap()
    }

    pub(crate) fn workflow(&self) -> Value {
        self.yaml("-console.yml")
    }

    pub(crate) fn inputs(&self) -> Value {
        json!({ &self.machine.targets.workflow().unwrap().id_input: "7" })
    }

    pub(crate) fn job(&self, name: &str) -> JobId {
        self.machine.job_ids().find(|&id| self.machine.job(id).name == name).unwrap()
    }

    pub(crate) fn action_name(&self) -> &str {
        &self.machine.targets.workflow().unwrap().action
    }
}

/// The steps of a job that report.
pub(crate) fn reports<'a>(job: &'a Value, action: &str) -> Vec<&'a Value> {
    job["steps"].as_array().unwrap().iter().filter(|step| step["uses"] == action).collect()
}
