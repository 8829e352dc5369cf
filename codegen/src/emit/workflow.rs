//! The workflow target: the composite action that reports, the script it runs, a snippet for each
//! job, and a complete workflow that uses them around placeholder work.

mod section;
pub(crate) mod yaml;

pub use section::{WorkflowRow, WorkflowTarget};

use crate::workflow::plan::{Attempted, Plan, ReportStep, Says, Step, Work};
use askama::Template;

use crate::artifact::{Artifact, Header};
use crate::machine::{Became, CONCLUSIONS, Job, JobId, Machine, Outcomes, StateId};

/// `[target.workflow]`.
#[derive(Debug)]
pub struct Workflow;

/// The dispatch input that authenticates the reports.
pub(crate) const TOKEN_INPUT: &str = "callback_token";

/// Every artifact of the workflow.
fn render(machine: &Machine, target: &WorkflowTarget, header: &Header) -> Vec<Artifact> {
    let header = header.line();
    let folder = format!("{}/notify-{}-status", target.path, machine.name);
    let jobs: Vec<(&Job, String)> = machine
        .job_ids()
        .map(|id| (machine.job(id), print(&JobView::new(machine, target, &Plan::of(machine, id)))))
        .collect();
    let mut artifacts = vec![
        Artifact::new(
            format!("{folder}/action.yml"),
            print(&ActionView { header: &header, words: machine.name.replace('_', " ") }),
        ),
        Artifact {
            executable: true,
            ..Artifact::new(
                format!("{folder}/notify.sh"),
                print(&ScriptView::new(machine, &header)),
            )
        },
    ];
    for (job, text) in &jobs {
        artifacts.push(Artifact::new(
            format!("{}/jobs/{}.yml", target.path, job.name),
            format!("# {header}\n{text}"),
        ));
    }
    let jobs = jobs.iter().map(|(_, text)| yaml::indented(text, 2)).collect();
    artifacts.push(Artifact::new(
        format!("{}/{}-console.yml", target.path, machine.name),
        print(&WorkflowView {
            header: &header,
            machine: &machine.name,
            title: yaml::quoted(&yaml::one_line(&machine.title)),
            id_input: &target.id_input,
            id_key: yaml::name(&target.id_input),
            token_input: TOKEN_INPUT,
            jobs,
        }),
    ));
    artifacts
}

pub(crate) fn print(view: &impl Template) -> String {
    view.render().expect("a template that only prints strings can't fail")
}

/// `action.yml`.
#[derive(Template)]
#[template(path = "workflow/action.yml", syntax = "yaml")]
struct ActionView<'a> {
    header: &'a str,
    words: String,
}

/// `notify.sh`.
#[derive(Template)]
#[template(path = "workflow/notify.sh", syntax = "yaml")]
struct ScriptView<'a> {
    header: &'a str,
    machine: &'a str,
    collection: String,
    fingerprint: &'a str,
    token_input: &'a str,
    states: Vec<StateView<'a>>,
    outcomes: Vec<OutcomeView<'a>>,
}

/// A state's name and its value as one word of the shell.
struct StateView<'a> {
    name: &'a str,
    value: String,
}

/// The state of a job's outcome.
struct OutcomeView<'a> {
    job: &'a str,
    outcome: &'static str,
    state: &'a str,
    /// Where the job reports that state more than once.
    occurrence: Option<usize>,
}

impl<'a> ScriptView<'a> {
    fn new(machine: &'a Machine, header: &'a str) -> Self {
        let states = machine.states.iter().map(|state| StateView {
            name: &state.name,
            value: format!("'{}'", state.value.replace('\'', r"'\''")),
        });
        let outcomes = machine.jobs.iter().flat_map(|job| {
            let before = job.before_outcome();
            by_outcome(job.outcomes()).into_iter().filter_map(move |(outcome, state)| {
                let state = state?;
                let earlier = before.iter().filter(|&&before| before == state).count();
                Some(OutcomeView {
                    job: &job.name,
                    outcome,
                    state: &machine.state(state).name,
                    occurrence: (earlier > 0).then_some(earlier + 1),
                })
            })
        });
        Self {
            header,
            machine: &machine.name,
            collection: machine.collection(),
            fingerprint: &machine.fingerprints.table,
            token_input: TOKEN_INPUT,
            states: states.collect(),
            outcomes: outcomes.collect(),
        }
    }
}

/// What can become of a job, by the words of `job.status`.
fn by_outcome(outcomes: Outcomes) -> [(&'static str, Option<StateId>); 3] {
    Became::ALL.map(|became| (became.as_str(), outcomes.of(became)))
}

/// `MACHINE-console.yml`.
#[derive(Template)]
#[template(path = "workflow/console.yml", syntax = "yaml")]
struct WorkflowView<'a> {
    header: &'a str,
    machine: &'a str,
    title: String,
    id_input: &'a str,
    id_key: String,
    token_input: &'a str,
    jobs: Vec<String>,
}

/// One job, as it stands under `jobs:`.
#[derive(Template)]
#[template(path = "workflow/job.yml", syntax = "yaml")]
pub(crate) struct JobView {
    key: String,
    name: String,
    title: String,
    needs: String,
    condition: Option<String>,
    /// The expression of what became of the needed jobs, where the job reports it.
    result: Option<String>,
    /// Whether it needs the repository's files.
    checkout: bool,
    steps: Vec<StepView>,
}

enum StepView {
    Work {
        title: String,
        number: usize,
        of: usize,
    },
    /// A report, as it stands in the list of steps.
    Report(String),
}

/// One step that reports.
#[derive(Template)]
#[template(path = "workflow/report.yml", syntax = "yaml")]
struct ReportView<'a> {
    key: String,
    id_input: &'a str,
    action: String,
    title: String,
    /// Its id, where a later step asks what became of it.
    id: Option<String>,
    condition: String,
    tolerated: bool,
    state: Option<String>,
    outcome: Option<&'static str>,
    attempted: Option<String>,
    occurrence: Option<usize>,
}

impl JobView {
    pub(crate) fn new(machine: &Machine, target: &WorkflowTarget, plan: &Plan) -> Self {
        let job = machine.job(plan.job);
        let given = given(target);
        let reports = plan.steps.iter().any(|step| matches!(step, Step::Report(_)));
        let needs: Vec<String> =
            job.needs.iter().map(|&need| yaml::name(&machine.job(need).name)).collect();
        Self {
            key: yaml::name(&job.name),
            name: job.name.clone(),
            title: yaml::quoted(&yaml::one_line(&job.title)),
            needs: needs.join(", "),
            condition: job.always.then(|| format!("always() && {given}")),
            result: (job.always && reports).then(result),
            checkout: reports && target.action.starts_with("./"),
            steps: plan
                .steps
                .iter()
                .map(|step| match step {
                    Step::Work(Work { title, number, of }) => StepView::Work {
                        title: yaml::quoted(&yaml::one_line(title)),
                        number: *number,
                        of: *of,
                    },
                    Step::Report(report) => {
                        let text = report_text(machine, target, job, report);
                        StepView::Report(yaml::indented(&text, 4).trim_end().to_owned())
                    }
                })
                .collect(),
        }
    }
}

/// What a concluding job says became of the jobs that it needs, as an expression.
pub(crate) fn result() -> String {
    let terms = CONCLUSIONS.map(|(one, outcome)| {
        format!("contains(needs.*.result, '{}') && '{}'", one.as_str(), outcome.as_str())
    });
    format!("{} || '{}'", terms.join(" || "), Became::Success.as_str())
}

/// The step of a report, from the first column on.
pub(crate) fn report_text(
    machine: &Machine,
    target: &WorkflowTarget,
    job: &Job,
    report: &ReportStep,
) -> String {
    format!("{}\n", print(&ReportView::new(machine, target, job, report)))
}

impl<'a> ReportView<'a> {
    fn new(machine: &Machine, target: &'a WorkflowTarget, job: &Job, report: &ReportStep) -> Self {
        let given = &given(target);
        let (key, id_input) = (yaml::name(&job.name), target.id_input.as_str());
        let action = yaml::quoted(&target.action);
        let status = if job.always { "env.RESULT" } else { "job.status" };
        let named = |state: StateId| &machine.state(state).name;
        let attempted = match &report.attempted {
            Attempted::Nothing => None,
            Attempted::State(state) => Some(yaml::name(named(*state))),
            Attempted::LastOf(reports) => Some(expression(&last_of(machine, reports))),
            Attempted::FirstNeeded(needed) => {
                first_needed(machine, needed).map(|text| expression(&text))
            }
        };
        match &report.says {
            Says::State { state, occurrence } => Self {
                key,
                id_input,
                action,
                title: yaml::quoted(&yaml::one_line(&format!(
                    "Report: {}",
                    machine.state(*state).title
                ))),
                id: Some(step_id(report.number)),
                condition: given.clone(),
                tolerated: report.tolerated,
                state: Some(yaml::name(named(*state))),
                outcome: None,
                attempted,
                occurrence: (*occurrence > 1).then_some(*occurrence),
            },
            Says::Outcome(outcomes) => Self {
                key,
                id_input,
                action,
                title: yaml::quoted("Report the outcome"),
                id: None,
                condition: outcome_condition(*outcomes, status, given.as_str()),
                tolerated: report.tolerated,
                state: None,
                outcome: Some(status),
                attempted,
                occurrence: None,
            },
        }
    }
}

/// The condition that a console started the run.
pub(crate) fn given(target: &WorkflowTarget) -> String {
    format!("inputs.{} != ''", target.id_input)
}

pub(crate) fn step_id(number: usize) -> String {
    format!("report_{number}")
}

pub(crate) fn expression(text: &str) -> String {
    format!("${{{{ {text} }}}}")
}

/// An outcome is reported whatever became of the steps before; not at all where the table has no
/// state for it.
fn outcome_condition(outcomes: Outcomes, status: &str, given: &str) -> String {
    let all = by_outcome(outcomes);
    if all.iter().all(|(_, state)| state.is_some()) {
        return format!("always() && {given}");
    }
    let reported: Vec<String> = all
        .iter()
        .filter(|(_, state)| state.is_some())
        .map(|(outcome, _)| format!("{status} == '{outcome}'"))
        .collect();
    format!("always() && {given} && ({})", reported.join(" || "))
}

/// The last report that the job came to: a step that was never reached has no outcome, one that
/// was passed over is `skipped`.
fn last_of(machine: &Machine, reports: &[(usize, StateId)]) -> String {
    let mut terms: Vec<String> = reports
        .iter()
        .rev()
        .map(|(number, state)| {
            let name = yaml::literal(&machine.state(*state).name);
            format!("(steps.{}.outcome || 'skipped') != 'skipped' && {name}", step_id(*number))
        })
        .collect();
    terms.push("''".to_owned());
    terms.join(" || ")
}

/// The first needed job that had the result decides, also where it has nothing to name.
fn first_needed(machine: &Machine, needed: &[(JobId, Option<StateId>)]) -> Option<String> {
    needed.iter().rev().fold(None, |rest: Option<String>, (job, state)| {
        let result = format!("needs.{}.result", machine.job(*job).name);
        match (state, rest) {
            (Some(state), rest) => {
                let name = yaml::literal(&machine.state(*state).name);
                let rest = rest.unwrap_or_else(|| "''".to_owned());
                Some(format!("{result} == env.RESULT && {name} || {rest}"))
            }
            (None, Some(rest)) => Some(format!("{result} != env.RESULT && ({rest}) || ''")),
            (None, None) => None,
        }
    })
}
