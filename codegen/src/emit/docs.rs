//! The page for people: states, phases, transitions, who reports what, and the diagram.

use askama::Template;

use super::{Form, Output, PathRow, PathTarget, Target, sql};
use crate::artifact::{Artifact, Header};
use crate::graph;
use crate::machine::{JobId, Kind, Machine, Outcome, PhaseId, Report, ReportKind, StateId};

/// The most transitions that pages draw of a Mermaid diagram.
const MOST_DRAWN: usize = 500;

/// The page; every text is Markdown.
#[derive(Template)]
#[template(path = "docs/page.md", escape = "none")]
struct Page {
    header: String,
    title: String,
    doc: Vec<String>,
    name: String,
    table: String,
    language: String,
    initial: String,
    phases: Vec<PhaseRow>,
    has_values: bool,
    states: Vec<StateRow>,
    transitions: Vec<TransitionRow>,
    has_skips: bool,
    jobs: Vec<JobRow>,
    /// The statements that force a row, where the databases have that.
    force: Vec<String>,
    diagram: Option<String>,
    transition_count: usize,
    command: String,
}

struct PhaseRow {
    title: String,
    name: String,
    states: String,
    completed_by: String,
    doc: String,
}

struct StateRow {
    title: String,
    name: String,
    value: String,
    phase: String,
    kind: String,
    doc: String,
}

struct TransitionRow {
    from: String,
    declared: String,
    skips: String,
}

struct JobRow {
    title: String,
    name: String,
    needs: String,
    always: bool,
    skippable: bool,
    doc: String,
    reports: Vec<ReportRow>,
}

struct ReportRow {
    when: String,
    reports: String,
    lost: &'static str,
}

/// `[target.docs]`.
#[derive(Debug)]
pub struct Docs;

impl Target for Docs {
    const KEY: &'static str = "docs";
    const ABOUT: &'static str = "The page for people.";
    type Row = PathRow;
    type Spec = PathTarget;

    fn resolve(row: &PathRow, machine: &str) -> PathTarget {
        PathTarget::of(row, machine, "md")
    }

    fn outputs<'t>(row: &'t PathRow, spec: &PathTarget, _: &str) -> Vec<Output<'t>> {
        vec![Output::of::<Self>(row.path.as_ref(), Form::File, vec![spec.path.clone()])]
    }

    fn render(machine: &Machine, spec: &PathTarget, header: &Header) -> Vec<Artifact> {
        vec![Artifact::new(&spec.path, text_of(machine, header))]
    }
}

fn text_of(machine: &Machine, header: &Header) -> String {
    let transitions: Vec<TransitionRow> =
        machine.state_ids().filter_map(|id| transition_row(machine, id)).collect();
    let page = Page {
        header: header.line().replace("-->", "--&gt;"),
        title: text(&machine.title),
        doc: paragraphs(machine.doc.as_deref()),
        name: code(&machine.name),
        table: code(&machine.fingerprints.table),
        language: code(&machine.fingerprints.language),
        initial: names(machine, machine.initial.iter().copied()),
        phases: (0..machine.phases.len()).map(|at| phase_row(machine, PhaseId::new(at))).collect(),
        has_values: machine.states.iter().any(|state| state.value != state.name),
        states: machine.state_ids().map(|id| state_row(machine, id)).collect(),
        has_skips: transitions.iter().any(|row| !row.skips.is_empty()),
        transitions,
        jobs: machine.job_ids().map(|id| job_row(machine, id)).collect(),
        force: sql::force_statements(machine),
        diagram: (machine.transition_count() <= MOST_DRAWN)
            .then(|| graph::Drawing::new(machine).mermaid()),
        transition_count: machine.transition_count(),
        command: code(&format!("phasegate graph {} --to dot", header.table())),
    };
    page.render().expect("a template that only prints cannot fail")
}

fn names(machine: &Machine, states: impl Iterator<Item = StateId>) -> String {
    states.map(|id| code(&machine.state(id).name)).collect::<Vec<_>>().join(", ")
}

fn phase_row(machine: &Machine, id: PhaseId) -> PhaseRow {
    let phase = machine.phase(id);
    let own = || machine.state_ids().filter(|&state| machine.state(state).phase == Some(id));
    PhaseRow {
        title: text(&phase.title),
        name: code(&phase.name),
        states: names(machine, own()),
        completed_by: names(machine, own().filter(|&state| machine.state(state).completes)),
        doc: cell(phase.doc.as_deref()),
    }
}

fn state_row(machine: &Machine, id: StateId) -> StateRow {
    let state = machine.state(id);
    let mut kind = Vec::new();
    let marks = [
        (machine.is_initial(id), "initial"),
        (state.completes, "completes its phase"),
        (state.optional, "optional"),
        (state.retired, "retired"),
    ];
    kind.extend(marks.iter().filter(|(holds, _)| *holds).map(|&(_, word)| word));
    match state.outcome {
        Some(Outcome::Success) => kind.push("ends as a success"),
        Some(Outcome::Failure) => kind.push("ends as a failure"),
        Some(Outcome::Cancelled) => kind.push("ends as cancelled"),
        Some(Outcome::Neutral) => kind.push("ends, neither good nor bad"),
        None if state.terminal => kind.push("ends"),
        None => {}
    }
    if state.reopens {
        kind.push("can be left again");
    }
    let usual = state.expect.map(|expect| format!("usually {expect} at most"));
    kind.extend(usual.as_deref());
    StateRow {
        title: text(&state.title),
        name: code(&state.name),
        value: code(&state.value),
        phase: state.phase.map_or_else(String::new, |phase| text(&machine.phase(phase).title)),
        kind: kind.join(", "),
        doc: cell(state.doc.as_deref()),
    }
}

fn transition_row(machine: &Machine, from: StateId) -> Option<TransitionRow> {
    let to = |wanted: Kind| {
        names(machine, machine.next(from).filter(|&to| machine.kind(from, to) == Some(wanted)))
    };
    machine.next(from).next()?;
    Some(TransitionRow {
        from: code(&machine.state(from).name),
        declared: to(Kind::Declared),
        skips: to(Kind::Skip),
    })
}

fn job_row(machine: &Machine, id: JobId) -> JobRow {
    let job = machine.job(id);
    let needs = job.needs.iter().map(|&id| code(&machine.job(id).name));
    JobRow {
        title: text(&job.title),
        name: code(&job.name),
        needs: needs.collect::<Vec<_>>().join(", "),
        always: job.always,
        skippable: job.skippable,
        doc: cell(job.doc.as_deref()),
        reports: machine
            .reports(id)
            .into_iter()
            .map(|report| ReportRow {
                when: match report.kind {
                    ReportKind::Start => "at its start".to_owned(),
                    ReportKind::Milestone(at) => {
                        format!("at “{}”", text(&job.milestones[at].name))
                    }
                    ReportKind::Outcome => "at its end".to_owned(),
                },
                reports: reported(machine, &report),
                lost: if report.tolerated { "tolerated" } else { "the job fails" },
            })
            .collect(),
    }
}

fn reported(machine: &Machine, report: &Report) -> String {
    if let Some(state) = report.state() {
        return code(&machine.state(state).name);
    }
    let outcomes = [
        ("success", report.outcomes.success),
        ("failure", report.outcomes.failure),
        ("cancelled", report.outcomes.cancelled),
    ];
    outcomes
        .into_iter()
        .filter_map(|(word, state)| Some(format!("{word}: {}", code(&machine.state(state?).name))))
        .collect::<Vec<_>>()
        .join(", ")
}

/// Text that means nothing to Markdown, HTML or a table's cell, on one line.
fn text(plain: &str) -> String {
    let mut out = String::with_capacity(plain.len());
    for char in plain.split_whitespace().collect::<Vec<_>>().join(" ").chars() {
        match char {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '$' => out.extend(['\\', char]),
            _ => out.push(char),
        }
    }
    out
}

fn cell(doc: Option<&str>) -> String {
    doc.map(text).unwrap_or_default()
}

/// What stands between blank lines, each kept from being read as a heading, a list or a rule.
fn paragraphs(doc: Option<&str>) -> Vec<String> {
    doc.unwrap_or_default()
        .replace("\r\n", "\n")
        .split("\n\n")
        .map(text)
        .filter(|paragraph| !paragraph.is_empty())
        .map(|paragraph| {
            let digits = paragraph.bytes().take_while(u8::is_ascii_digit).count();
            match paragraph.as_bytes()[digits..].first() {
                Some(b'.' | b')') if digits > 0 => {
                    format!("{}\\{}", &paragraph[..digits], &paragraph[digits..])
                }
                Some(b'#' | b'+' | b'-' | b'=') if digits == 0 => format!("\\{paragraph}"),
                _ => paragraph,
            }
        })
        .collect()
}

/// A code span that holds whatever it has to, in a table's cell too.
fn code(text: &str) -> String {
    let longest = text.split(|char| char != '`').map(str::len).max().unwrap_or_default();
    let fence = "`".repeat(longest + 1);
    let pad =
        if text.starts_with('`') || text.ends_with('`') || text.trim() != text { " " } else { "" };
    let line = text.replace(['\n', '\r', '\u{2028}', '\u{2029}'], " ");
    format!("{fence}{pad}{}{pad}{fence}", line.replace('|', "\\|"))
}
