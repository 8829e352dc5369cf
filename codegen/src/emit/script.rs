//! What JavaScript and TypeScript say alike: literals, the rows of a machine, and the functions that
//! judge.

use askama::Template;

use crate::artifact::Header;
use crate::machine::{Machine, Meta, PhaseId, StateId};

/// The functions that judge: in TypeScript with types, in a function of their own.
#[derive(Template)]
#[template(path = "script/judge.js", escape = "none")]
struct Judge {
    export: &'static str,
    any: &'static str,
    anys: &'static str,
}

/// The functions that judge, as a module's own.
pub(super) fn judge() -> String {
    print(&Judge { export: "export ", any: "", anys: "" })
}

/// The same in TypeScript, for the body of a function.
pub(super) fn typed_judge() -> String {
    let text = print(&Judge { export: "", any: ": any", anys: ": any[]" });
    let lines = text.lines().map(|line| match line {
        "" => String::new(),
        line => format!("  {line}"),
    });
    lines.collect::<Vec<_>>().join("\n")
}

pub(super) fn print(view: &impl Template) -> String {
    view.render().expect("a template that only prints cannot fail")
}

/// A machine; every field is a piece of JavaScript, those with `type` of TypeScript.
pub(super) struct Script {
    pub(super) header: String,
    pub(super) values: String,
    pub(super) phase_names: String,
    pub(super) name: String,
    pub(super) title: String,
    pub(super) meta: String,
    pub(super) meta_type: Option<String>,
    pub(super) language: String,
    pub(super) table: String,
    pub(super) initial: String,
    pub(super) phases: Vec<PhaseRow>,
    pub(super) states: Vec<StateRow>,
}

pub(super) struct PhaseRow {
    pub(super) name: String,
    pub(super) title: String,
    pub(super) meta: String,
    pub(super) meta_type: Option<String>,
}

pub(super) struct StateRow {
    pub(super) name: String,
    pub(super) value: String,
    pub(super) title: String,
    pub(super) phase: String,
    pub(super) completes: bool,
    pub(super) optional: bool,
    pub(super) outcome: String,
    pub(super) reopens: bool,
    pub(super) retired: bool,
    pub(super) initial: bool,
    pub(super) terminal: bool,
    pub(super) ended: bool,
    pub(super) meta: String,
    pub(super) meta_type: Option<String>,
    pub(super) next: String,
}

impl Script {
    pub(super) fn of(machine: &Machine, header: &Header) -> Self {
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
        Self {
            header: format!("// {}", on_one_line(&header.line())),
            values: one_of(states.iter().map(|state| state.value.as_str())),
            phase_names: one_of(phases.iter().map(|phase| phase.name.as_str())),
            name: literal(&machine.name),
            title: literal(&machine.title),
            meta: meta_map(&machine.meta),
            meta_type: meta_type(&machine.meta),
            language: literal(&machine.fingerprints.language),
            table: literal(&machine.fingerprints.table),
            initial: listed(machine.initial.iter().map(|&id| literal(&machine.state(id).value))),
            phases,
            states,
        }
    }
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
pub(super) fn literal(text: &str) -> String {
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
