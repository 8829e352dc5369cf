//! The whole view as data, for every other language, and the schema of that data.

use std::io;

use askama::Template;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::ser::{Formatter, Serializer};

use super::{Form, Output, PathRow, PathTarget, Target};
use crate::artifact::{Artifact, Header};
use crate::machine::{Expect, JobId, Kind, Machine, Meta, Outcome, ReportKind, StateId};

/// A state machine of one status column, as its transition table says it. States are named by
/// their values.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[schemars(title = "phasegate view, format 1")]
pub(crate) struct View {
    /// What made this file, and how to change it.
    pub(crate) generated: String,
    /// Where the schema of this file is.
    #[serde(rename = "$schema")]
    pub(crate) schema: String,
    /// The version of the table's format.
    #[schemars(extend("const" = 1))]
    pub(crate) format: u32,
    /// The machine.
    pub(crate) machine: MachineView,
    /// What two tables of one meaning share.
    pub(crate) fingerprints: FingerprintsView,
    /// The states that a row may start in, the default first.
    #[schemars(length(min = 1))]
    pub(crate) initial: Vec<String>,
    /// The steps of the stepper, in display order.
    pub(crate) phases: Vec<PhaseView>,
    /// The states, in the order of the table.
    #[schemars(length(min = 1))]
    pub(crate) states: Vec<StateView>,
    /// The legal transitions, by `from`, then by `to`, in the order of the states.
    pub(crate) transitions: Vec<TransitionView>,
    /// The workflow jobs that report states, in the order of the table.
    pub(crate) jobs: Vec<JobView>,
}

/// The machine itself.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub(crate) struct MachineView {
    /// Its name in code.
    pub(crate) name: String,
    /// What people read.
    pub(crate) title: String,
    /// What the table says of it.
    pub(crate) doc: Option<String>,
    /// Passed through from the table.
    pub(crate) meta: Meta,
}

/// The first 16 hex digits of a SHA-256 over what each covers.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub(crate) struct FingerprintsView {
    /// Of what databases and validators judge by.
    #[schemars(regex(pattern = "^[0-9a-f]{16}$"))]
    pub(crate) language: String,
    /// Of the whole meaning.
    #[schemars(regex(pattern = "^[0-9a-f]{16}$"))]
    pub(crate) table: String,
}

/// One step of the stepper.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub(crate) struct PhaseView {
    /// Its name in code.
    pub(crate) name: String,
    /// What people read.
    pub(crate) title: String,
    /// What the table says of it.
    pub(crate) doc: Option<String>,
    /// Passed through from the table.
    pub(crate) meta: Meta,
}

/// One state of the table.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub(crate) struct StateView {
    /// Its name in code.
    pub(crate) name: String,
    /// What is stored, sent and received.
    pub(crate) value: String,
    /// What people read.
    pub(crate) title: String,
    /// What the table says of it.
    pub(crate) doc: Option<String>,
    /// The name of the phase that it belongs to.
    pub(crate) phase: Option<String>,
    /// Whether reaching it is the report that its phase is done.
    pub(crate) completes: bool,
    /// Whether its report may be lost, refused or passed over.
    pub(crate) optional: bool,
    /// The kind of end that it is.
    pub(crate) outcome: Option<OutcomeView>,
    /// Whether this end can be left again.
    pub(crate) reopens: bool,
    /// How many seconds a row is usually in it at most, where the table says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) expect_seconds: Option<u32>,
    /// Whether nothing enters it any more.
    pub(crate) retired: bool,
    /// Whether a row may start in it.
    pub(crate) initial: bool,
    /// Whether no transition to another state leaves it.
    pub(crate) terminal: bool,
    /// Whether it is terminal, or has an outcome.
    pub(crate) ended: bool,
    /// Passed through from the table.
    pub(crate) meta: Meta,
}

/// What kind of end a state is.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum OutcomeView {
    /// What was set out to be done is done.
    Success,
    /// It was tried, and it failed.
    Failure,
    /// It was called off.
    Cancelled,
    /// An end that is neither good nor bad.
    Neutral,
}

/// A legal transition.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub(crate) struct TransitionView {
    /// The state that it leaves.
    pub(crate) from: String,
    /// The state that it enters.
    pub(crate) to: String,
    /// Whether the table declares it, or it passes over optional states.
    pub(crate) kind: KindView,
}

/// How a step is legal.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum KindView {
    /// The table declares it.
    Declared,
    /// It passes over optional states.
    Skip,
}

/// A workflow job that reports states.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub(crate) struct JobView {
    /// Its id in the workflow.
    pub(crate) name: String,
    /// What people read.
    pub(crate) title: String,
    /// What the table says of it.
    pub(crate) doc: Option<String>,
    /// The jobs before it.
    pub(crate) needs: Vec<String>,
    /// Whether it is a concluding job, which runs whatever became of the jobs before it.
    pub(crate) always: bool,
    /// Whether its own condition may skip it, which is no failure; left out where it may not.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) skippable: bool,
    /// What it reports, in this order.
    pub(crate) reports: Vec<ReportView>,
}

/// One report of a job.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub(crate) struct ReportView {
    /// When in its job it is sent.
    pub(crate) kind: ReportKindView,
    /// The milestone's name.
    pub(crate) name: Option<String>,
    /// The state of a start or a milestone, or of an outcome where the job succeeded.
    pub(crate) success: Option<String>,
    /// The state of an outcome where the job failed.
    pub(crate) failure: Option<String>,
    /// The state of an outcome where the job was cancelled.
    pub(crate) cancelled: Option<String>,
    /// Whether its loss harms nothing.
    pub(crate) tolerated: bool,
}

/// When in its job a report is sent.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ReportKindView {
    /// Before the work.
    Start,
    /// Between start and end.
    Milestone,
    /// At the end, whatever became of the work.
    Outcome,
}

/// The file: a line for each row, so that a change of one row is a change of one line.
#[derive(Template)]
#[template(path = "json/view.json", escape = "none")]
struct File {
    generated: String,
    schema: String,
    format: u32,
    machine: String,
    fingerprints: String,
    initial: String,
    lists: Vec<(&'static str, Vec<String>)>,
}

/// `[target.json]`.
#[derive(Debug)]
pub struct Json;

impl Target for Json {
    const KEY: &'static str = "json";
    const ABOUT: &'static str = "The view as data.";
    type Row = PathRow;
    type Spec = PathTarget;

    fn resolve(row: &PathRow, machine: &str) -> PathTarget {
        PathTarget::of(row, machine, "json")
    }

    fn outputs<'t>(row: &'t PathRow, spec: &PathTarget, _: &str) -> Vec<Output<'t>> {
        let paths = vec![spec.path.clone(), view_schema(&spec.path)];
        vec![Output::of::<Self>(row.path.as_ref(), Form::File, paths)]
    }

    fn render(machine: &Machine, spec: &PathTarget, header: &Header) -> Vec<Artifact> {
        let schema_path = view_schema(&spec.path);
        let text = text_of(machine, header, &schema_path);
        vec![Artifact::new(&spec.path, text), Artifact::new(schema_path, schema(header))]
    }
}

/// The schema next to a view: `deploy.json` gives `deploy.schema.json`.
fn view_schema(view: &str) -> String {
    format!("{}.schema.json", view.strip_suffix(".json").unwrap_or(view))
}

fn text_of(machine: &Machine, header: &Header, schema_path: &str) -> String {
    let beside = schema_path.rsplit('/').next().unwrap_or(schema_path);
    let view = view(machine, header, beside);
    let file = File {
        generated: line(&view.generated),
        schema: line(&view.schema),
        format: view.format,
        machine: line(&view.machine),
        fingerprints: line(&view.fingerprints),
        initial: line(&view.initial),
        lists: vec![
            ("phases", view.phases.iter().map(line).collect()),
            ("states", view.states.iter().map(line).collect()),
            ("transitions", view.transitions.iter().map(line).collect()),
            ("jobs", view.jobs.iter().map(line).collect()),
        ],
    };
    file.render().expect("a template that only prints cannot fail")
}

fn schema(header: &Header) -> String {
    let mut schema = schemars::schema_for!(View).to_value();
    if let Some(schema) = schema.as_object_mut() {
        // The keyword that validators pass over by the standard.
        schema.insert("$comment".to_owned(), header.line().into());
    }
    format!("{schema:#}\n")
}

fn view(machine: &Machine, header: &Header, schema: &str) -> View {
    View {
        generated: header.line(),
        schema: format!("./{schema}"),
        format: 1,
        machine: MachineView {
            name: machine.name.clone(),
            title: machine.title.clone(),
            doc: machine.doc.clone(),
            meta: machine.meta.clone(),
        },
        fingerprints: FingerprintsView {
            language: machine.fingerprints.language.clone(),
            table: machine.fingerprints.table.clone(),
        },
        initial: machine.initial.iter().map(|&id| value(machine, id)).collect(),
        phases: machine
            .phases
            .iter()
            .map(|phase| PhaseView {
                name: phase.name.clone(),
                title: phase.title.clone(),
                doc: phase.doc.clone(),
                meta: phase.meta.clone(),
            })
            .collect(),
        states: machine.state_ids().map(|id| state_view(machine, id)).collect(),
        transitions: machine
            .transitions()
            .map(|(from, to, kind)| TransitionView {
                from: value(machine, from),
                to: value(machine, to),
                kind: match kind {
                    Kind::Declared => KindView::Declared,
                    Kind::Skip => KindView::Skip,
                },
            })
            .collect(),
        jobs: machine.job_ids().map(|id| job_view(machine, id)).collect(),
    }
}

fn value(machine: &Machine, id: StateId) -> String {
    machine.state(id).value.clone()
}

fn state_view(machine: &Machine, id: StateId) -> StateView {
    let state = machine.state(id);
    StateView {
        name: state.name.clone(),
        value: state.value.clone(),
        title: state.title.clone(),
        doc: state.doc.clone(),
        phase: state.phase.map(|id| machine.phase(id).name.clone()),
        completes: state.completes,
        optional: state.optional,
        outcome: state.outcome.map(|outcome| match outcome {
            Outcome::Success => OutcomeView::Success,
            Outcome::Failure => OutcomeView::Failure,
            Outcome::Cancelled => OutcomeView::Cancelled,
            Outcome::Neutral => OutcomeView::Neutral,
        }),
        reopens: state.reopens,
        expect_seconds: state.expect.map(Expect::seconds),
        retired: state.retired,
        initial: machine.is_initial(id),
        terminal: state.terminal,
        ended: state.is_ended(),
        meta: state.meta.clone(),
    }
}

fn job_view(machine: &Machine, id: JobId) -> JobView {
    let job = machine.job(id);
    let reported = |state: Option<StateId>| state.map(|id| value(machine, id));
    let reports = machine.reports(id).into_iter().map(|report| {
        let (kind, name) = match report.kind {
            ReportKind::Start => (ReportKindView::Start, None),
            ReportKind::Milestone(at) => {
                (ReportKindView::Milestone, Some(job.milestones[at].name.clone()))
            }
            ReportKind::Outcome => (ReportKindView::Outcome, None),
        };
        ReportView {
            kind,
            name,
            success: reported(report.outcomes.success),
            failure: reported(report.outcomes.failure),
            cancelled: reported(report.outcomes.cancelled),
            tolerated: report.tolerated,
        }
    });
    JobView {
        name: job.name.clone(),
        title: job.title.clone(),
        doc: job.doc.clone(),
        needs: job.needs.iter().map(|&id| machine.job(id).name.clone()).collect(),
        always: job.always,
        skippable: job.skippable,
        reports: reports.collect(),
    }
}

/// A value on one line, with spaces where people read it better.
fn line<T: Serialize>(value: &T) -> String {
    let mut out = Vec::new();
    value
        .serialize(&mut Serializer::with_formatter(&mut out, OneLine))
        .expect("maps with string keys are always JSON, and memory takes them");
    String::from_utf8(out).expect("JSON is UTF-8")
}

struct OneLine;

impl Formatter for OneLine {
    fn begin_array_value<W: ?Sized + io::Write>(
        &mut self,
        out: &mut W,
        first: bool,
    ) -> io::Result<()> {
        if first { Ok(()) } else { out.write_all(b", ") }
    }
    fn begin_object_key<W: ?Sized + io::Write>(
        &mut self,
        out: &mut W,
        first: bool,
    ) -> io::Result<()> {
        if first { Ok(()) } else { out.write_all(b", ") }
    }
    fn begin_object_value<W: ?Sized + io::Write>(&mut self, out: &mut W) -> io::Result<()> {
        out.write_all(b": ")
    }
}
