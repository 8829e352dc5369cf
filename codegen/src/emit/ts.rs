//! The status map in TypeScript: one module without dependencies.

use askama::Template;

use super::script::{self, Script, print};
use super::{Form, Output, PathRow, PathTarget, Target};
use crate::artifact::{Artifact, Header};
use crate::machine::Machine;

/// The module.
#[derive(Template)]
#[template(path = "ts/module.ts", escape = "none")]
struct Module {
    of: Script,
    judge: String,
}

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

    fn render(machine: &Machine, spec: &PathTarget, header: &Header) -> Vec<Artifact> {
        let (of, judge) = (Script::of(machine, header), script::typed_judge());
        vec![Artifact::new(&spec.path, print(&Module { of, judge }))]
    }
}
