//! The page's status map: an ES module without dependencies, and its declarations.

use askama::Template;

use super::{Form, Output, PathRow, PathTarget, Target};
use crate::artifact::{Artifact, Header};
use crate::machine::{Machine, Meta, PhaseId, StateId};

/// The module; every field is a piece of JavaScript.
#[derive(Template)]
#[template(path = "js/module.js", escape = "none")]
struct Module<'a> {
    header: &'a str,
    name: &'a str,
    title: &'a str,
    meta: String,
    language: &'a str,
    table: &'a str,
    initial: &'a str,
    phases: &'a [PhaseRow],
    states: &'a [StateRow],
}

/// The declarations; every field is a piece of TypeScript.
#[derive(Template)]
#[template(path = "js/module.d.ts", escape = "none")]
struct Declarations<'a> {
    header: &'a str,
    values: String,
    phase_names: String,
    name: &'a str,
    title: &'a str,
    meta: Option<String>,
    language: &'a str,
    table: &'a str,
    initial: &'a str,
    phases: &'a [PhaseRow],
    states: &'a [StateRow],
}

struct PhaseRow {
    name: String,
    title: String,
    meta: String,
    meta_type: Option<String>,
}

struct StateRow {
    name: String,
    value: String,
    title: String,
    phase: String,
    completes: bool,
    optional: bool,
    outcome: String,
    reopens: bool,
    retired: bool,
    initial: bool,
    terminal: bool,
    ended: bool,
    meta: String,
    meta_type: Option<String>,
    next: String,
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
        let form = Form::Ending("a module", [".js", ".mjs"]);
        let paths = vec![spec.path.clone(), declarations(&spec.path)];
        vec![Output::of::<Self>(row.path.as_ref(), form, paths)]
    }

    fn render(machine: &Machine, spec: &PathTarget, header: &Header) -> Vec<Artifact> {
        render(machine, spec, header)
    }
}

/// The declarations beside a module: `status.js` gives `status.d.ts`.
fn declarations(module: &str) -> String {
    match module.strip_suffix(".mjs") {
        Some(stem) => format!("{stem}.d.mts"),
        None => format!("{}.d.ts", module.strip_suffix(".js").unwrap_or(module)),
    }
}

fn render(machine: &Machine, target: &PathTarget, header: &Header) -> Vec<Artifact> {
    let phases: Vec<PhaseRow> = machine
        .phases
        .iter()
        .map(|phase| PhaseRow {
            name: literal(&phase.name),
            title: literal(&phase.title),
            meta: meta_map(&phase.meta),
            meta_type: meta_type(&phase.meta),
        })
        .collect();
    let states: Vec<StateRow> = machine.state_ids().map(|id| state_row(machine, id)).collect();
    let header = format!("// {}", on_one_line(&header.line()));
    let (name, title) = (literal(&machine.name), literal(&machine.title));
    let language = literal(&machine.fingerprints.language);
    let table = literal(&machine.fingerprints.table);
    let initial = listed(machine.initial.iter().map(|&id| literal(&machine.state(id).value)));

    let module = Module {
        header: &header,
        name: &name,
        title: &title,
        meta: meta_map(&machine.meta),
        language: &language,
        table: &table,
        initial: &initial,
        phases: &phases,
        states: &states,
    };
    let declared = Declarations {
        header: &header,
        values: one_of(states.iter().map(|state| state.value.as_str())),
        phase_names: one_of(phases.iter().map(|phase| phase.name.as_str())),
        name: &name,
        title: &title,
        meta: meta_type(&machine.meta),
        language: &language,
        table: &table,
        initial: &initial,
        phases: &phases,
        states: &states,
    };
    let printed = "a template that only prints cannot fail";
    vec![
        Artifact::new(&target.path, module.render().expect(printed)),
        Artifact::new(declarations(&target.path), declared.render().expect(printed)),
    ]
}

fn state_row(machine: &Machine, id: StateId) -> StateRow {
    let state = machine.state(id);
    let phase = |id: PhaseId| literal(&machine.phase(id).name);
    let or_null = |text: Option<String>| text.unwrap_or_else(|| "null".to_owned());
    StateRow {
        name: literal(&state.name),
        value: literal(&state.value),
        title: literal(&state.title),
        phase: or_null(state.phase.map(phase)),
        completes: state.completes,
        optional: state.optional,
        outcome: or_null(state.outcome.map(|outcome| literal(outcome.as_str()))),
        reopens: state.reopens,
        retired: state.retired,
        initial: machine.is_initial(id),
        terminal: state.terminal,
        ended: state.is_ended(),
        meta: meta_map(&state.meta),
        meta_type: meta_type(&state.meta),
        next: listed(machine.next(id).map(|to| literal(&machine.state(to).value))),
    }
}

fn listed(items: impl Iterator<Item = String>) -> String {
    items.collect::<Vec<_>>().join(", ")
}

fn one_of<'a>(items: impl Iterator<Item = &'a str>) -> String {
    let items: Vec<&str> = items.collect();
    if items.is_empty() { "never".to_owned() } else { items.join(" | ") }
}

fn meta_map(meta: &Meta) -> String {
    let entry =
        |(key, value): (&String, &String)| format!("[{}, {}]", literal(key), literal(value));
    format!("map([{}])", listed(meta.iter().map(entry)))
}

fn meta_type(meta: &Meta) -> Option<String> {
    let entry =
        |(key, value): (&String, &String)| format!("readonly {}: {}", literal(key), literal(value));
    (!meta.is_empty())
        .then(|| format!("{{ {} }}", meta.iter().map(entry).collect::<Vec<_>>().join("; ")))
}

/// A string as JavaScript and TypeScript write it. What could end a script in a page, break a line
/// or turn the direction of what is read stands as an escape.
fn literal(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for char in text.chars() {
        match char {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '<' | '\u{2028}' | '\u{2029}' | '\u{feff}' => escape(char, &mut out),
            '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' => {
                escape(char, &mut out);
            }
            _ if char.is_control() => escape(char, &mut out),
            _ => out.push(char),
        }
    }
    out.push('"');
    out
}

/// All of these stand in the first plane, where an escape has four digits.
fn escape(char: char, out: &mut String) {
    out.push_str(&format!("\\u{:04x}", u32::from(char)));
}

/// The table's path can hold what would end a comment.
fn on_one_line(text: &str) -> String {
    text.replace(['\n', '\r', '\u{2028}', '\u{2029}'], " ")
}
