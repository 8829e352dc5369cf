//! The targets: each turns the machine into the artifacts of one layer.

pub(crate) mod docs;
pub(crate) mod js;
pub(crate) mod json;
pub(crate) mod rust;
pub mod sql;
pub(crate) mod workflow;

use crate::artifact::{Artifact, Header};
use crate::machine::Machine;

/// A layer that is generated.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum))]
pub enum Target {
    /// The Rust validator.
    Rust,
    /// The schema and guards of the databases.
    Sql,
    /// The workflow's callbacks.
    Workflow,
    /// The page's status map.
    Js,
    /// The view as data.
    Json,
    /// The page for people.
    Docs,
}

impl Target {
    /// Every target, in the order in which they are generated.
    pub const ALL: [Self; 6] =
        [Self::Rust, Self::Sql, Self::Workflow, Self::Js, Self::Json, Self::Docs];

    /// The artifacts of this target; none where the table has no section for it.
    pub(crate) fn render(self, machine: &Machine, header: &Header) -> Vec<Artifact> {
        match self {
            Self::Rust => rust::render(machine, header),
            Self::Sql => sql::render(machine, header),
            Self::Workflow => workflow::render(machine, header),
            Self::Js => js::render(machine, header),
            Self::Json => json::render(machine, header),
            Self::Docs => docs::render(machine, header),
        }
    }
}

/// The declarations beside a module: `status.js` gives `status.d.ts`.
pub(crate) fn declarations(module: &str) -> String {
    match module.strip_suffix(".mjs") {
        Some(stem) => format!("{stem}.d.mts"),
        None => format!("{}.d.ts", module.strip_suffix(".js").unwrap_or(module)),
    }
}

/// The schema beside a view: `deploy.json` gives `deploy.schema.json`.
pub(crate) fn view_schema(view: &str) -> String {
    format!("{}.schema.json", view.strip_suffix(".json").unwrap_or(view))
}
