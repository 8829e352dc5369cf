//! The picture of a machine, as Mermaid and as DOT: phases as groups, skips dashed, ends marked by
//! their outcome.

use std::fmt::Write as _;

use crate::machine::{Kind, Machine, Outcome, PhaseId, State, StateId};

/// How an end looks: its class in Mermaid, and its line and fill in both.
struct Mark {
    class: &'static str,
    line: &'static str,
    fill: &'static str,
}

const SUCCESS: Mark = Mark { class: "success", line: "#12704a", fill: "#e4f4ec" };
const FAILURE: Mark = Mark { class: "failure", line: "#b3202f", fill: "#fcebec" };
const CANCELLED: Mark = Mark { class: "cancelled", line: "#7d5300", fill: "#fdf3dc" };
const NEUTRAL: Mark = Mark { class: "neutral", line: "#5a6371", fill: "#f1f3f6" };
const MARKS: [&Mark; 4] = [&SUCCESS, &FAILURE, &CANCELLED, &NEUTRAL];
/// The text of a marked state: readable on every fill, whatever the page around it.
const INK: &str = "#14181f";

/// The mark of an end; a terminal state without an outcome is neither good nor bad.
fn mark(state: &State) -> Option<&'static Mark> {
    match state.outcome {
        Some(Outcome::Success) => Some(&SUCCESS),
        Some(Outcome::Failure) => Some(&FAILURE),
        Some(Outcome::Cancelled) => Some(&CANCELLED),
        Some(Outcome::Neutral) => Some(&NEUTRAL),
        None => state.terminal.then_some(&NEUTRAL),
    }
}

/// The phases that have states, and the states without one.
fn groups(machine: &Machine) -> (Vec<(PhaseId, Vec<StateId>)>, Vec<StateId>) {
    let of = |phase: Option<PhaseId>| -> Vec<StateId> {
        machine.state_ids().filter(|&id| machine.state(id).phase == phase).collect()
    };
    let grouped = (0..machine.phases.len())
        .map(PhaseId::new)
        .map(|phase| (phase, of(Some(phase))))
        .filter(|(_, states)| !states.is_empty())
        .collect();
    (grouped, of(None))
}

/// The machine as a Mermaid flowchart.
pub fn mermaid(machine: &Machine) -> String {
    let mut out = String::from("flowchart TB\n");
    let (grouped, alone) = groups(machine);
    let node = |out: &mut String, indent: &str, id: StateId| {
        let label = mermaid_text(&machine.state(id).title);
        // Rounded where a row starts, doubled where it ends.
        let (open, close) = if machine.is_initial(id) {
            ("([", "])")
        } else if machine.state(id).is_ended() {
            ("[[", "]]")
        } else {
            ("[", "]")
        };
        line(out, format_args!("{indent}s{}{open}\"{label}\"{close}", id.index()));
    };
    for (phase, states) in &grouped {
        let title = mermaid_text(&machine.phase(*phase).title);
        line(&mut out, format_args!("  subgraph p{}[\"{title}\"]", phase.index()));
        states.iter().for_each(|&id| node(&mut out, "    ", id));
        out.push_str("  end\n");
    }
    alone.iter().for_each(|&id| node(&mut out, "  ", id));
    for (from, to, kind) in machine.transitions() {
        let arrow = match kind {
            Kind::Declared => "-->",
            Kind::Skip => "-.->",
        };
        line(&mut out, format_args!("  s{} {arrow} s{}", from.index(), to.index()));
    }
    for Mark { class, line: stroke, fill } in MARKS {
        let marked: Vec<String> = machine
            .state_ids()
            .filter(|&id| mark(machine.state(id)).is_some_and(|mark| mark.class == *class))
            .map(|id| format!("s{}", id.index()))
            .collect();
        if !marked.is_empty() {
            line(
                &mut out,
                format_args!("  classDef {class} fill:{fill},stroke:{stroke},color:{INK}"),
            );
            line(&mut out, format_args!("  class {} {class}", marked.join(",")));
        }
    }
    out
}

/// The machine as a DOT digraph.
pub fn dot(machine: &Machine) -> String {
    let mut out = String::new();
    line(&mut out, format_args!("digraph {} {{", quoted(&machine.name)));
    line(
        &mut out,
        format_args!("  graph [rankdir=TB, label={}, labelloc=t];", quoted(&machine.title)),
    );
    out.push_str("  node [shape=box, style=rounded];\n");
    let (grouped, alone) = groups(machine);
    let node = |out: &mut String, indent: &str, id: StateId| {
        let state = machine.state(id);
        let mut looks = vec![format!("label={}", quoted(&state.title))];
        if machine.is_initial(id) {
            looks.push("penwidth=2".to_owned());
        }
        if let Some(mark) = mark(state) {
            looks.push(format!("peripheries=2, style=\"rounded,filled\", color=\"{}\", fillcolor=\"{}\", fontcolor=\"{INK}\"", mark.line, mark.fill));
        }
        line(out, format_args!("{indent}s{} [{}];", id.index(), looks.join(", ")));
    };
    for (phase, states) in &grouped {
        line(&mut out, format_args!("  subgraph cluster_{} {{", phase.index()));
        line(&mut out, format_args!("    label={};", quoted(&machine.phase(*phase).title)));
        states.iter().for_each(|&id| node(&mut out, "    ", id));
        out.push_str("  }\n");
    }
    alone.iter().for_each(|&id| node(&mut out, "  ", id));
    for (from, to, kind) in machine.transitions() {
        let looks = match kind {
            Kind::Declared => "",
            Kind::Skip => " [style=dashed]",
        };
        line(&mut out, format_args!("  s{} -> s{}{looks};", from.index(), to.index()));
    }
    out.push_str("}\n");
    out
}

fn line(out: &mut String, text: std::fmt::Arguments<'_>) {
    writeln!(out, "{text}").expect("a string takes all that is written");
}

/// A label in Mermaid's quotes: whatever means something to it, or to HTML or Markdown, stands as
/// its code.
fn mermaid_text(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '"' | '#' | '&' | '<' | '>' | '`' | '*' | '_' | '~' | '\\' | ';' | '$' | '%' => {
                write!(out, "#{};", u32::from(char)).expect("a string takes all that is written");
            }
            _ if char.is_control() || matches!(char, '\u{2028}' | '\u{2029}') => out.push(' '),
            _ => out.push(char),
        }
    }
    out
}

/// A string in DOT. A backslash would start an escape of its own.
fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for char in text.chars() {
        match char {
            '"' | '\\' => out.extend(['\\', char]),
            // DOT reads HTML entities in every label.
            '&' => out.push_str("&amp;"),
            _ if char.is_control() => out.push(' '),
            _ => out.push(char),
        }
    }
    out.push('"');
    out
}
