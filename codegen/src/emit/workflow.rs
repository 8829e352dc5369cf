//! The workflow target: the composite action that reports, the script it runs, a snippet for each
//! job, and a complete workflow that uses them around placeholder work.

mod section;

pub use section::{Credential, WorkflowRow, WorkflowTarget};

use askama::Template;

use crate::artifact::{Artifact, Header};
use crate::machine::{Became, CONCLUSIONS, Job, JobId, Machine, NeedResult, StateId};
use crate::workflow::plan::{Attempted, Plan, ReportStep, Runs, Says, Step, Work};
use crate::workflow::yaml;

/// `[target.workflow]`.
#[derive(Debug)]
pub struct Workflow;

/// The dispatch input that authenticates the reports.
pub(crate) const TOKEN_INPUT: &str = "callback_token";

/// Every artifact of the workflow.
fn render(machine: &Machine, target: &WorkflowTarget, header: &Header) -> Vec<Artifact> {
    let header = header.line();
    let folder = format!("{}/notify-{}-status", target.path, machine.name);
    let github = Github { machine, target };
    let jobs: Vec<(&Job, String)> =
        machine.job_ids().map(|id| (machine.job(id), github.job(&Plan::of(machine, id)))).collect();
    let mut artifacts = vec![
        Artifact::new(
            format!("{folder}/action.yml"),
            print(&ActionView { header: &header, words: machine.name.replace('_', " ") }),
        ),
        Artifact {
            executable: true,
            ..Artifact::new(
                format!("{folder}/notify.sh"),
                print(&ScriptView::new(machine, target, &header)),
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
            title: yaml::quoted(&one_line(&machine.title)),
            id: target.id(),
            is_payload: target.is_payload(),
            id_key: yaml::name(&target.id_input),
            token_input: TOKEN_INPUT,
            is_oidc: target.credential == Credential::Oidc,
            jobs,
        }),
    ));
    artifacts
}

fn print(view: &impl Template) -> String {
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
    is_oidc: bool,
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
    fn new(machine: &'a Machine, target: &WorkflowTarget, header: &'a str) -> Self {
        let states = machine.states.iter().map(|state| StateView {
            name: &state.name,
            value: format!("'{}'", state.value.replace('\'', r"'\''")),
        });
        let outcomes = machine.jobs.iter().flat_map(|job| {
            let before = job.before_outcome();
            Became::ALL.into_iter().filter_map(move |became| {
                let state = job.outcomes().of(became)?;
                let earlier = before.iter().filter(|&&before| before == state).count();
                Some(OutcomeView {
                    job: &job.name,
                    outcome: became.as_str(),
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
            is_oidc: target.credential == Credential::Oidc,
            states: states.collect(),
            outcomes: outcomes.collect(),
        }
    }
}

/// `MACHINE-console.yml`.
#[derive(Template)]
#[template(path = "workflow/console.yml", syntax = "yaml")]
struct WorkflowView<'a> {
    header: &'a str,
    machine: &'a str,
    title: String,
    id: &'a str,
    is_payload: bool,
    id_key: String,
    token_input: &'a str,
    is_oidc: bool,
    jobs: Vec<String>,
}

/// One job, as it stands under `jobs:`.
#[derive(Template)]
#[template(path = "workflow/job.yml", syntax = "yaml")]
struct JobView {
    key: String,
    name: String,
    title: String,
    needs: String,
    condition: Option<String>,
    always: bool,
    /// Whether a condition of its own may skip it.
    skippable: bool,
    /// The expression of what became of the needed jobs, where the job reports it.
    result: Option<String>,
    /// Whether it needs the repository's files.
    checkout: bool,
    /// Whether it asks for its own token.
    id_token: bool,
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
    row_id: &'a str,
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

/// A table's plans as GitHub's runner takes them.
#[derive(Clone, Copy)]
pub(crate) struct Github<'a> {
    pub(crate) machine: &'a Machine,
    pub(crate) target: &'a WorkflowTarget,
}

impl Github<'_> {
    /// A job, as it stands under `jobs:`.
    pub(crate) fn job(&self, plan: &Plan) -> String {
        let Self { machine, target } = *self;
        let job = machine.job(plan.job);
        let reports = plan.reports().next().is_some();
        let needs: Vec<String> =
            job.needs.iter().map(|&need| yaml::name(&machine.job(need).name)).collect();
        let condition = self.runs(plan.job);
        let step = |step: &Step| match step {
            Step::Work(Work { title, number, of }) => {
                StepView::Work { title: yaml::quoted(&one_line(title)), number: *number, of: *of }
            }
            Step::Report(report) => {
                let text = yaml::indented(&self.report(job, report), 4);
                StepView::Report(text.trim_end().to_owned())
            }
        };
        print(&JobView {
            key: yaml::name(&job.name),
            name: job.name.clone(),
            title: yaml::quoted(&one_line(&job.title)),
            needs: needs.join(", "),
            condition,
            result: (job.always && reports).then(|| self.result(plan.job)),
            always: job.always,
            skippable: job.skippable,
            id_token: reports && target.credential == Credential::Oidc,
            checkout: reports && target.action.starts_with("./"),
            steps: plan.steps.iter().map(step).collect(),
        })
    }

    /// The step of a report, from the first column on.
    pub(crate) fn report(&self, job: &Job, report: &ReportStep) -> String {
        let Self { machine, target } = *self;
        let status = if job.always { "env.RESULT" } else { JOB_STATUS };
        let named = |state: StateId| &machine.state(state).name;
        let (state, occurrence) = match report.says {
            Says::State { state, occurrence } => (Some(state), occurrence),
            Says::Outcome => (None, 1),
        };
        let title = match state {
            Some(state) => one_line(&format!("Report: {}", machine.state(state).title)),
            None => "Report the outcome".to_owned(),
        };
        let view = ReportView {
            key: yaml::name(&job.name),
            row_id: target.id(),
            action: yaml::quoted(&target.action),
            title: yaml::quoted(&title),
            id: state.map(|_| step_id(report.number)),
            condition: self.condition(&report.runs, status),
            tolerated: report.tolerated,
            state: state.map(|state| yaml::name(named(state))),
            outcome: state.is_none().then_some(status),
            attempted: match &report.attempted {
                Attempted::Nothing => None,
                Attempted::State(state) => Some(yaml::name(named(*state))),
                Attempted::LastOf(reports) => Some(expression(&last_of(machine, reports))),
                Attempted::FirstNeeded(needed) => {
                    first_needed(machine, needed).map(|text| expression(&text))
                }
            },
            occurrence: (occurrence > 1).then_some(occurrence),
        };
        format!("{}\n", print(&view))
    }

    /// When something runs, as an expression; `status` is what says what became of the job.
    fn condition(&self, runs: &Runs, status: &str) -> String {
        let given = self.given();
        match runs {
            Runs::WhenAllSucceeded => given,
            Runs::WhenAllPassed(jobs) => {
                let each = jobs.iter().map(|&job| self.passed(job));
                // Who adds a job of his own to `needs` waits for that one, too.
                [NONE_FAILED.to_owned()].into_iter().chain(each).collect::<Vec<_>>().join(" && ")
            }
            Runs::Always => format!("always() && {given}"),
            Runs::AlwaysWhere(any) => {
                let each = any.iter().map(|became| format!("{status} == '{}'", became.as_str()));
                format!("always() && {given} && ({})", each.collect::<Vec<_>>().join(" || "))
            }
        }
    }

    /// That a job succeeded, or was skipped as it may be, as an expression.
    pub(crate) fn passed(&self, id: JobId) -> String {
        let job = self.machine.job(id);
        passed(&job.name, job.skippable)
    }

    /// That a console started the run, as an expression.
    pub(crate) fn given(&self) -> String {
        format!("{} != ''", self.target.id())
    }

    /// What stands at a job's `if:`, where it has to have one.
    pub(crate) fn runs(&self, id: JobId) -> Option<String> {
        let runs = Plan::of(self.machine, id).runs;
        match runs {
            // Its reports ask for themselves whether a console started the run.
            Runs::WhenAllSucceeded => None,
            Runs::WhenAllPassed(_) => Some(expression(&self.condition(&runs, JOB_STATUS))),
            Runs::Always | Runs::AlwaysWhere(_) => Some(self.condition(&runs, JOB_STATUS)),
        }
    }

    /// What a concluding job says became of the jobs that it needs, as a value. Where some of them
    /// may be skipped, it asks for each of the others whether it was.
    pub(crate) fn result(&self, id: JobId) -> String {
        let needs = &self.machine.job(id).needs;
        let counted: Vec<&Job> =
            needs.iter().map(|&need| self.machine.job(need)).filter(|job| !job.skippable).collect();
        let had = |one: NeedResult| match one {
            NeedResult::Skipped if counted.len() < needs.len() => {
                let each =
                    counted.iter().map(|job| format!("needs.{}.result == 'skipped'", job.name));
                let each: Vec<String> = each.collect();
                (!each.is_empty()).then(|| format!("({})", each.join(" || ")))
            }
            NeedResult::Success
            | NeedResult::Failure
            | NeedResult::Cancelled
            | NeedResult::Skipped => Some(format!("contains(needs.*.result, '{}')", one.as_str())),
        };
        let terms: Vec<String> = CONCLUSIONS
            .into_iter()
            .filter_map(|(one, outcome)| Some(format!("{} && '{}'", had(one)?, outcome.as_str())))
            .collect();
        expression(&format!("{} || '{}'", terms.join(" || "), Became::Success.as_str()))
    }

    /// The same where the job needs others than the table's, too: of those that are before one of the
    /// table's, where one of the table's was skipped, a failure and a cancelling count; of no other
    /// anything does.
    pub(crate) fn result_beside(&self, id: JobId, before: &[&str], has_others: bool) -> String {
        if before.is_empty() && !has_others {
            return self.result(id);
        }
        let needs: Vec<&Job> =
            self.machine.job(id).needs.iter().map(|&need| self.machine.job(need)).collect();
        let names = |counts: fn(&Job) -> bool| -> Vec<&str> {
            needs.iter().filter(|job| counts(job)).map(|job| job.name.as_str()).collect()
        };
        let had = |jobs: &[&str], one: NeedResult| {
            let each = jobs.iter().map(|job| format!("needs.{job}.result == '{}'", one.as_str()));
            let each: Vec<String> = each.collect();
            (!each.is_empty()).then(|| format!("({})", each.join(" || ")))
        };
        let (all, counted) = (names(|_| true), names(|job| !job.skippable));
        let skipped = had(&all, NeedResult::Skipped);
        let of_gates = |one| Some(format!("{} && {}", skipped.clone()?, had(before, one)?));
        let terms = [
            (had(&all, NeedResult::Failure), Became::Failure),
            (had(&all, NeedResult::Cancelled), Became::Cancelled),
            (of_gates(NeedResult::Failure), Became::Failure),
            (of_gates(NeedResult::Cancelled), Became::Cancelled),
            (had(&counted, NeedResult::Skipped), Became::Failure),
        ];
        let term = |(term, outcome): (Option<String>, Became)| {
            Some(format!("{} && '{}'", term?, outcome.as_str()))
        };
        let terms: Vec<String> = terms.into_iter().filter_map(term).collect();
        expression(&format!("{} || '{}'", terms.join(" || "), Became::Success.as_str()))
    }

    /// The ids that a job's reports have.
    pub(crate) fn ids(&self, plan: &Plan) -> Vec<String> {
        let with_id = plan.reports().filter(|report| matches!(report.says, Says::State { .. }));
        with_id.map(|report| step_id(report.number)).collect()
    }
}

/// What became of the job so far.
const JOB_STATUS: &str = "job.status";

/// That no job before failed, and that the run was not cancelled: a status function, without which a
/// skipped job before would skip this one, too.
pub(crate) const NONE_FAILED: &str = "!failure() && !cancelled()";

/// That a job that is needed succeeded, or was skipped where it may be, as an expression.
pub(crate) fn passed(job: &str, may_skip: bool) -> String {
    let result = format!("needs.{job}.result");
    match may_skip {
        true => format!("({result} == 'success' || {result} == 'skipped')"),
        false => format!("{result} == 'success'"),
    }
}

fn step_id(number: usize) -> String {
    format!("report_{number}")
}

pub(crate) fn expression(text: &str) -> String {
    format!("${{{{ {text} }}}}")
}

/// Free text as one line that GitHub evaluates nowhere: an expression's opening is taken apart.
fn one_line(text: &str) -> String {
    let words: Vec<&str> = text
        .split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|w| !w.is_empty())
        .collect();
    words.join(" ").replace("${{", "$ {{")
}

/// A string in an expression.
fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// The last report that the job came to: a step that was never reached has no outcome, one that
/// was passed over is `skipped`.
fn last_of(machine: &Machine, reports: &[(usize, StateId)]) -> String {
    let mut terms: Vec<String> = reports
        .iter()
        .rev()
        .map(|(number, state)| {
            let name = literal(&machine.state(*state).name);
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
                let name = literal(&machine.state(*state).name);
                let rest = rest.unwrap_or_else(|| "''".to_owned());
                Some(format!("{result} == env.RESULT && {name} || {rest}"))
            }
            (None, Some(rest)) => Some(format!("{result} != env.RESULT && ({rest}) || ''")),
            (None, None) => None,
        }
    })
}
