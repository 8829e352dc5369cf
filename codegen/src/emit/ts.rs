//! The status map in TypeScript: one module without dependencies.

use askama::Template;

use super::script::{self, Script, print};
use super::{Form, Output, PathRow, PathTarget, Target, Words};
use crate::artifact::{Artifact, Header};
use crate::finding::Findings;
use crate::machine::Machine;
use crate::rules;
use crate::suggest::shown;
use crate::table::{Placed, Text};

/// The module.
#[derive(Template)]
#[template(path = "ts/module.ts", escape = "none")]
struct Module {
    of: Script,
    judge: String,
}

/// What a file ends with that TypeScript takes for declarations, and passes over as a module.
const DECLARATIONS: [&str; 2] = [".d.ts", ".d.mts"];

/// `[target.ts]`.
#[derive(Debug)]
pub struct Ts;

impl Target for Ts {
    const KEY: &'static str = "ts";
    const ABOUT: &'static str = "The status map in TypeScript.";
    type Row = PathRow;
    type Spec = PathTarget;

    fn resolve(row: &PathRow, machine: &str) -> PathTarget {
        PathTarget::of(row, machine, "ts")
    }

    fn outputs<'t>(row: &'t PathRow, spec: &PathTarget, _: &str) -> Vec<Output<'t>> {
        let form = Form::Ending("a module of TypeScript", &[".ts", ".mts"]);
        vec![Output::of::<Self>(row.path.as_ref(), form, vec![spec.path.clone()])]
    }

    fn check(row: &Placed<PathRow>, _: &PathTarget, _: &Words<'_>, findings: &mut Findings<'_>) {
        let declares = |path: &&Text| DECLARATIONS.iter().any(|end| path.get_ref().ends_with(end));
        if let Some(path) = row.path.as_ref().filter(declares) {
            let message = format!("`{}` is a file of declarations only", shown(path.get_ref()));
            let help = "the module has functions: end it with `.ts` or `.mts`, without `.d`";
            findings.error(rules::BAD_PATH, path.span(), message, help);
        }
    }

    fn render(machine: &Machine, spec: &PathTarget, header: &Header) -> Vec<Artifact> {
        let (of, judge) = (Script::of(machine, header), script::typed_judge());
        vec![Artifact::new(&spec.path, print(&Module { of, judge }))]
    }
}
