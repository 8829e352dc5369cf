//! A run as people read it: a line a step.

use phasegate::{Machine as _, Verdict};

use super::job::JobResult;
use super::layout::{Jobs, Layout};
use super::next::Run;
use super::step::{Does, Fate, Step};
use super::workflow::{Workflow, need_result};
use crate::machine::{Became, Machine, StateId};

/// A path to what breaks a claim, a line a step.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Path(pub Vec<String>, pub(crate) Option<Departure>);

/// The first job of a run that begins, or does not, otherwise than the table says; of several that
/// do by one step the concluding one. A concluding job that never begins comes before all others.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Departure {
    pub(crate) job: usize,
    /// It begins though what it must follow did not succeed; else it is skipped or never begins
    /// though nothing keeps it.
    pub(crate) begins: bool,
    /// It is cancelled before it begins.
    pub(crate) is_replaced: bool,
}

/// How a model words what others than the jobs do.
pub(crate) trait Describes<R> {
    /// How it begins.
    fn started(&self, row: &R) -> String;
    /// A report that is delivered, its answer, and whether it was refused.
    fn says(&self, row: &R, state: StateId, attempted: Option<StateId>) -> (String, bool);
    /// What changes at the receiver.
    fn switched(&self, _row: &R, _to: u8) -> String {
        String::new()
    }
}

/// Describes a run: where it begins, and each step with where the run is after it.
pub(crate) fn describe<R>(
    workflow: &Workflow<'_>,
    layout: &Layout,
    words: &impl Describes<R>,
    first: &Run<R>,
    steps: &[(Step, Run<R>)],
) -> Path {
    let mut lines = vec![words.started(&first.row)];
    lines.extend(skipped(workflow, layout, &layout.waiting(), &first.jobs));
    let departs = |before: &Jobs, after: &Jobs, step| match workflow.is_written() {
        true => departure(workflow, layout, before, after, step),
        false => None,
    };
    let mut departed = departs(&layout.waiting(), &first.jobs, Step::AgainAll);
    let mut before = first;
    for (step, after) in steps {
        lines.push(line(workflow, layout, words, before, *step));
        if step.job().is_some() {
            lines.extend(skipped(workflow, layout, &before.jobs, &after.jobs));
        }
        departed = match departs(&before.jobs, &after.jobs, *step) {
            // What no one says for want of it is not the fault of one before it.
            Some(replaced) if replaced.is_replaced => Some(replaced),
            found => departed.or(found),
        };
        before = after;
    }
    Path(lines, departed)
}

/// The job that a step lets begin, or skips, otherwise than the table says.
fn departure(
    workflow: &Workflow<'_>,
    layout: &Layout,
    before: &Jobs,
    after: &Jobs,
    step: Step,
) -> Option<Departure> {
    let passed = |need: &usize| {
        layout.succeeded(after, *need)
            || workflow.plans[*need].skippable
                && layout.result(after, *need) == Some(JobResult::Skipped)
    };
    let departs = |job: usize| {
        let plan = &workflow.plans[job];
        let is_new = layout.code(before, job) == 0 && layout.code(after, job) != 0;
        if !is_new || !plan.is_of_table {
            return None;
        }
        let is_its = matches!(step, Step::Job { job: of, does: Does::NeverBegins }
            if usize::from(of) == job);
        let begins = match layout.result(after, job) {
            Some(JobResult::Skipped) => false,
            Some(JobResult::Cancelled) if is_its => false,
            Some(_) | None => true,
        };
        let may = plan.always || plan.must.iter().all(passed);
        let is_cancelled = layout.result(after, job) == Some(JobResult::Cancelled);
        let excused = !begins && (plan.skippable || is_cancelled && !plan.always);
        (begins != may && !excused)
            .then_some((plan.always, Departure { job, begins, is_replaced: is_its }))
    };
    let all = (0..workflow.plans.len()).filter_map(departs);
    all.max_by_key(|(always, departure)| (*always, std::cmp::Reverse(departure.job)))
        .map(|(_, d)| d)
}

fn line<R>(
    workflow: &Workflow<'_>,
    layout: &Layout,
    words: &impl Describes<R>,
    before: &Run<R>,
    step: Step,
) -> String {
    let says = |state: StateId, attempted, fate, tolerated: bool| {
        let (what, bad) = if fate == Fate::Undelivered {
            (format!("its report of {} is lost", workflow.machine.state(state).name), true)
        } else {
            words.says(&before.row, state, attempted)
        };
        // What a job that relies on it makes of its loss.
        if bad && !tolerated { format!("{what}; the job fails") } else { what }
    };
    let (job, does) = match step {
        Step::Switched { to } => return words.switched(&before.row, to),
        Step::AgainAll => return "the run is started again: all jobs".to_owned(),
        Step::AgainFailed => return "the run is started again: only the failed jobs".to_owned(),
        Step::Job { job, does } => (job, does),
    };
    let (name, plan) = (workflow.name(job), &workflow.plans[usize::from(job)]);
    let set_out = layout.job(&before.jobs, usize::from(job)).set_out;
    match does {
        Does::NeverBegins => format!("{name} is cancelled before it begins"),
        Does::IsSkipped => format!("{name} is skipped by its own condition"),
        Does::FailsAtOnce => format!("{name} fails before its first report"),
        Does::IsLost => match set_out.checked_sub(1) {
            None => format!("{name}'s runner is lost before it reports"),
            Some(last) => {
                let after = &workflow.machine.state(plan.before[usize::from(last)].state).name;
                format!("{name}'s runner is lost in its work after {after}")
            }
        },
        Does::Report(fate) => {
            let report = plan.before[usize::from(set_out)];
            let what = says(report.state, plan.attempted(set_out), fate, report.tolerated);
            let first = plan.has_start && set_out == 0;
            let does = if first { " starts" } else { "'s work goes on" };
            format!("{name}{does}: {what}")
        }
        Does::End(of, fate) => {
            let (attempted, did) = if plan.always {
                let result = |need| {
                    need_result(layout.result(&before.jobs, need).expect("a conclusion comes last"))
                };
                let what = match of {
                    Became::Success => "concludes that all succeeded",
                    Became::Failure => "concludes that not all succeeded",
                    Became::Cancelled => "concludes that one was cancelled",
                };
                (plan.attempted_of(of, result), what)
            } else {
                let what = match of {
                    Became::Success => "succeeds",
                    Became::Failure => "fails",
                    Became::Cancelled => "is cancelled",
                };
                (plan.attempted(set_out), what)
            };
            match plan.outcome(of) {
                None if !plan.is_of_table => format!("{name} {did}"),
                None => format!("{name} {did}: it has no report for that"),
                Some(state) => {
                    let what = says(state, attempted, fate, plan.outcome_tolerated);
                    let then = match fate {
                        Fate::DeliveredThenLost => "; then its runner is lost",
                        Fate::DeliveredThenCancelled => "; then it is cancelled",
                        Fate::Delivered | Fate::Undelivered | Fate::None => "",
                    };
                    format!("{name} {did}: {what}{then}")
                }
            }
        }
    }
}

/// A report, and how one machine answers it.
pub(crate) fn judged(
    machine: &Machine,
    row: StateId,
    state: StateId,
    attempted: Option<StateId>,
) -> (String, bool) {
    let (from, to) = (&machine.state(row).name, &machine.state(state).name);
    let attempted = match attempted {
        Some(attempted) if machine.state(state).outcome.is_some() => {
            format!(" (attempted {})", machine.state(attempted).name)
        }
        Some(_) | None => String::new(),
    };
    match machine.judge(row, state) {
        Verdict::Applied => (format!("{from} -> {to}{attempted}"), false),
        Verdict::Duplicate => (format!("reports {to} again, nothing changes"), false),
        Verdict::Ended => {
            (format!("its report of {to} is refused, the row has ended in {from}"), true)
        }
        Verdict::Illegal => {
            let legal = legal(machine, row);
            (format!("its report of {to} is refused in {from}, where legal is {legal}"), true)
        }
    }
}

/// The first of the states that may follow one, by name.
pub(crate) fn legal(machine: &Machine, from: StateId) -> String {
    let names: Vec<&str> =
        machine.next(from).take(8).map(|state| machine.state(state).name.as_str()).collect();
    if names.is_empty() { "nothing".to_owned() } else { names.join(", ") }
}

/// The jobs that a step keeps from beginning.
fn skipped(
    workflow: &Workflow<'_>,
    layout: &Layout,
    before: &Jobs,
    after: &Jobs,
) -> Option<String> {
    let is = |jobs, job| layout.result(jobs, job) == Some(JobResult::Skipped);
    let names: Vec<&str> = (0..workflow.plans.len())
        .filter(|&job| !is(before, job) && is(after, job))
        .map(|job| workflow.plans[job].name.as_str())
        .collect();
    (!names.is_empty()).then(|| format!("skipped: {}", names.join(", ")))
}
