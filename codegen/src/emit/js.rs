//! The page's status map: an ES module without dependencies, and its declarations.

use askama::Template;

use super::script::{self, Script, print};
use super::{Form, Output, PathRow, PathTarget, Target};
use crate::artifact::{Artifact, Header};
use crate::machine::Machine;

/// The module.
#[derive(Template)]
#[template(path = "js/module.js", escape = "none")]
struct Module<'a> {
    of: &'a Script,
    judge: String,
}

/// The declarations.
#[derive(Template)]
#[template(path = "js/module.d.ts", escape = "none")]
struct Declarations<'a> {
    of: &'a Script,
}

/// `[target.js]`.
#[derive(Debug)]
pub struct Js;

impl Target for Js {
    const KEY: &'static str = "js";
    const ABOUT: &'static str = "The page's status map.";
    type Row = PathRow;
    type Spec = PathTarget;

    fn resolve(row: &PathRow, machine: &str) -> PathTarget {
        PathTarget::of(row, machine, "js")
    }

    fn outputs<'t>(row: &'t PathRow, spec: &PathTarget, _: &str) -> Vec<Output<'t>> {
        let form = Form::Ending("a module", &[".js", ".mjs"]);
        let paths = vec![spec.path.clone(), declarations(&spec.path)];
        vec![Output::of::<Self>(row.path.as_ref(), form, paths)]
    }

    fn render(machine: &Machine, spec: &PathTarget, header: &Header) -> Vec<Artifact> {
        let of = &Script::of(machine, header);
        vec![
            Artifact::new(&spec.path, print(&Module { of, judge: script::judge() })),
            Artifact::new(declarations(&spec.path), print(&Declarations { of })),
        ]
    }
}

/// The declarations beside a module: `status.js` gives `status.d.ts`.
fn declarations(module: &str) -> String {
    match module.strip_suffix(".mjs") {
        Some(stem) => format!("{stem}.d.mts"),
        None => format!("{}.d.ts", module.strip_suffix(".js").unwrap_or(module)),
    }
}
