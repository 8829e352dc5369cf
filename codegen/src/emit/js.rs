//! The page's status map: an ES module without dependencies, and its declarations; next to it, where
//! it is asked for, the element that shows a row by it.

use askama::Template;
use schemars::JsonSchema;
use serde::Deserialize;

use super::script::{self, Script, print};
use super::target::{normal, or};
use super::{Form, Output, Target};
use crate::artifact::{Artifact, Header};
use crate::machine::Machine;
use crate::table::text::Text;

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

/// The element.
#[derive(Template)]
#[template(path = "js/stepper/module.js", escape = "none")]
struct Stepper<'a> {
    header: &'a str,
    own: Option<String>,
}

/// The element's declarations.
#[derive(Template)]
#[template(path = "js/stepper/module.d.ts", escape = "none")]
struct StepperDeclarations<'a> {
    header: &'a str,
    strings: Vec<&'static str>,
}

/// The element's custom-elements manifest.
#[derive(Template)]
#[template(path = "js/stepper/manifest.json", escape = "none")]
struct Manifest {
    header: String,
    module: String,
}

/// `[target.js]` as it is written.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JsRow {
    /// The module; by default `generated/MACHINE.js`.
    #[schemars(with = "Option<String>")]
    pub path: Option<Text>,
    /// Whether the element `<phasegate-stepper>` is generated, as a module next to it.
    pub component: Option<bool>,
}

/// `[target.js]`
#[derive(Clone, Debug)]
pub struct JsTarget {
    /// The module, from the root, with `/`.
    pub path: String,
    /// Whether the element stands next to it.
    pub component: bool,
}

impl JsTarget {
    /// A module without the element.
    pub fn module(path: impl Into<String>) -> Self {
        Self { path: path.into(), component: false }
    }
}

/// `[target.js]`.
#[derive(Debug)]
pub struct Js;

impl Target for Js {
    const KEY: &'static str = "js";
    const ABOUT: &'static str = "The page's status map.";
    type Row = JsRow;
    type Spec = JsTarget;

    fn resolve(row: &JsRow, machine: &str) -> JsTarget {
        let path = normal(&or(row.path.as_ref(), || format!("generated/{machine}.js")));
        JsTarget { path, component: row.component == Some(true) }
    }

    fn outputs<'t>(row: &'t JsRow, spec: &JsTarget, _: &str) -> Vec<Output<'t>> {
        let form = Form::Ending("a module", &[".js", ".mjs"]);
        let mut paths = vec![spec.path.clone(), declarations(&spec.path)];
        if spec.component {
            let stepper = stepper(&spec.path);
            paths.extend([declarations(&stepper), manifest(&stepper), stepper]);
        }
        vec![Output::of::<Self>(row.path.as_ref(), form, paths)]
    }

    fn render(machine: &Machine, spec: &JsTarget, header: &Header) -> Vec<Artifact> {
        let of = &Script::of(machine, header);
        let mut artifacts = vec![
            Artifact::new(&spec.path, print(&Module { of, judge: script::judge() })),
            Artifact::new(declarations(&spec.path), print(&Declarations { of })),
        ];
        if spec.component {
            artifacts.extend(component(&spec.path, &of.header, header));
        }
        artifacts
    }
}

/// The element, its declarations and its manifest, for the status map at `path`.
fn component(path: &str, line: &str, header: &Header) -> [Artifact; 3] {
    let own = Some(script::literal(&format!("./{}", name(path))));
    let at = stepper(path);
    let manifest_view =
        Manifest { header: json(&header.line()), module: json(&format!("./{}", name(&at))) };
    [
        Artifact::new(manifest(&at), print(&manifest_view)),
        Artifact::new(
            declarations(&at),
            print(&StepperDeclarations { header: line, strings: strings() }),
        ),
        Artifact::new(at, print(&Stepper { header: line, own })),
    ]
}

/// The element as a module that knows no table: `machine` has to be given to it. The console has it.
pub fn element() -> String {
    print(&Stepper { header: "// Made of phasegate's templates; a test holds it.", own: None })
}

/// The names of the element's texts.
fn strings() -> Vec<&'static str> {
    let words = include_str!("../../templates/js/stepper/words.js");
    let (table, _) = words.split_once("});").expect("the texts are a frozen object");
    table
        .lines()
        .filter_map(|line| line.strip_prefix("  ")?.split_once(": \""))
        .map(|(name, _)| name)
        .collect()
}

fn json(text: &str) -> String {
    serde_json::to_string(text).expect("a string is JSON")
}

/// The last part of a path.
fn name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// The element's module next to a status map: `status.js` gives `status-stepper.js`.
fn stepper(module: &str) -> String {
    let (stem, ending) = module.rsplit_once('.').unwrap_or((module, "js"));
    format!("{stem}-stepper.{ending}")
}

/// The manifest next to an element's module: `status-stepper.js` gives `status-stepper.custom-elements.json`.
fn manifest(stepper: &str) -> String {
    let (stem, _) = stepper.rsplit_once('.').unwrap_or((stepper, ""));
    format!("{stem}.custom-elements.json")
}

/// The declarations next to a module: `status.js` gives `status.d.ts`.
fn declarations(module: &str) -> String {
    match module.strip_suffix(".mjs") {
        Some(stem) => format!("{stem}.d.mts"),
        None => format!("{}.d.ts", module.strip_suffix(".js").unwrap_or(module)),
    }
}
