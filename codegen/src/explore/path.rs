//! A run as people read it: a line a step.

use phasegate::{Machine as _, Verdict};

use crate::machine::{Machine, StateId};

use super::search::{End, Search};
use super::situation::{history_of, job_of};
use super::situations::Situations;
use crate::runs::Workflow;
use crate::runs::{Became, Fate, Step};

/// A path to what breaks a claim, a line a step.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Path(pub Vec<String>);

/// Who tells a path: what was walked, and how it words what others than the jobs do.
pub(crate) trait Tells {
    /// The workflow whose runs they are.
    fn workflow(&self) -> &Workflow<'_>;
    /// The situations.
    fn known(&self) -> &Situations;
    /// How it begins, in the situation that it begins in.
    fn started(&self, at: &[u64]) -> String;
    /// A report that is delivered in a situation, its answer, and whether it was refused.
    fn says(&self, at: &[u64], state: StateId, attempted: Option<StateId>) -> (String, bool);
    /// What changes at the other end, in a situation.
    fn switched(&self, at: &[u64], to: u8) -> String;
}

/// The steps of the shortest path to an end, each with the situation before it and after it.
pub(crate) fn steps<'a>(known: &'a Situations, end: End<'a>) -> Vec<(&'a [u64], &'a [u64], Step)> {
    let (mut at, last) = end;
    let mut steps = Vec::new();
    while let Some((parent, step)) = known.parent(at) {
        steps.push((known.row(parent), known.row(at), step));
        at = parent;
    }
    steps.reverse();
    steps.extend(last.map(|(step, after)| (known.row(end.0), after, step)));
    steps
}

/// The shortest path to an end.
pub(crate) fn trace(told: &impl Tells, end: End<'_>) -> Path {
    let steps = steps(told.known(), end);
    let first = steps.first().map_or_else(|| told.known().row(end.0), |&(before, ..)| before);
    let mut lines = vec![told.started(first)];
    for (before, after, step) in steps {
        lines.push(line(told, before, step));
        lines.extend(skipped(told.workflow(), before, after, step));
    }
    Path(lines)
}

impl Tells for Search<'_, '_> {
    fn workflow(&self) -> &Workflow<'_> {
        self.workflow
    }

    fn known(&self) -> &Situations {
        &self.known
    }

    fn started(&self, at: &[u64]) -> String {
        let state = self.histories.state(history_of(at));
        format!("the row starts in {}", self.workflow.machine.state(state).name)
    }

    fn says(&self, at: &[u64], state: StateId, attempted: Option<StateId>) -> (String, bool) {
        let row = self.histories.state(history_of(at));
        judged(self.workflow.machine, row, state, attempted)
    }

    fn switched(&self, _: &[u64], _: u8) -> String {
        String::new()
    }
}

fn line(told: &impl Tells, before: &[u64], step: Step) -> String {
    let workflow = told.workflow();
    let set_out = |job: u16| job_of(before, usize::from(job)).set_out;
    match step {
        Step::Start => String::new(),
        Step::Switched { to } => told.switched(before, to),
        Step::AgainAll => "the run is started again: all jobs".to_owned(),
        Step::AgainFailed => "the run is started again: the failed jobs alone".to_owned(),
        Step::NeverBegins { job } => {
            format!("{} is cancelled before it begins", workflow.name(job))
        }
        Step::FailsAtOnce { job } => {
            format!("{} fails before its first report", workflow.name(job))
        }
        Step::Lost { job } => {
            let plan = &workflow.plans[usize::from(job)];
            let name = workflow.name(job);
            match set_out(job).checked_sub(1) {
                None => format!("{name}'s runner is lost before it reports"),
                Some(last) => {
                    let after = &workflow.machine.state(plan.before[usize::from(last)].state).name;
                    format!("{name}'s runner is lost in its work after {after}")
                }
            }
        }
        Step::Before { job, fate } => {
            let plan = &workflow.plans[usize::from(job)];
            let at = usize::from(set_out(job));
            let report = plan.before[at];
            let attempted = plan.attempted(set_out(job));
            let what = says(told, before, report.state, attempted, fate, report.tolerated);
            let first = plan.has_start && at == 0;
            let name = workflow.name(job);
            if first {
                format!("{name} starts: {what}")
            } else {
                format!("{name}'s work goes on: {what}")
            }
        }
        Step::Outcome { job, of, fate } => {
            let number = usize::from(job);
            let plan = &workflow.plans[number];
            let (attempted, did) = if plan.always {
                let over = |need| job_of(before, need).result().expect("a conclusion comes last");
                let what = match of {
                    Became::Success => "concludes that all succeeded",
                    Became::Failure => "concludes that not all succeeded",
                    Became::Cancelled => "concludes that one was cancelled",
                };
                (plan.concludes(over).1, what)
            } else {
                let what = match of {
                    Became::Success => "succeeds",
                    Became::Failure => "fails",
                    Became::Cancelled => "is cancelled",
                };
                (plan.attempted(set_out(job)), what)
            };
            let name = workflow.name(job);
            match plan.outcome(of) {
                None => format!("{name} {did}: it has no report for that"),
                Some(state) => {
                    let tolerated = plan.outcome_tolerated;
                    let what = says(told, before, state, attempted, fate, tolerated);
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

/// A report, its answer, and what a job that relies on it makes of its loss.
fn says(
    told: &impl Tells,
    before: &[u64],
    state: StateId,
    attempted: Option<StateId>,
    fate: Fate,
    tolerated: bool,
) -> String {
    let (what, bad) = if fate == Fate::Undelivered {
        let to = &told.workflow().machine.state(state).name;
        (format!("its report of {to} is lost"), true)
    } else {
        told.says(before, state, attempted)
    };
    if bad && !tolerated { format!("{what}; the job fails") } else { what }
}

/// A report, and how one machine answers it.
fn judged(
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
    match machine.judge(row.index(), state.index()) {
        Verdict::Applied => (format!("{from} -> {to}{attempted}"), false),
        Verdict::Duplicate => (format!("reports {to} again, nothing changes"), false),
        Verdict::Ended => {
            (format!("its report of {to} is refused, the row has ended in {from}"), true)
        }
        Verdict::Illegal => {
            let legal: Vec<&str> =
                machine.next(row).take(8).map(|s| machine.state(s).name.as_str()).collect();
            let legal = if legal.is_empty() { "nothing".to_owned() } else { legal.join(", ") };
            (format!("its report of {to} is refused in {from}, where legal is {legal}"), true)
        }
    }
}

/// The jobs that a step keeps from beginning.
fn skipped(workflow: &Workflow<'_>, before: &[u64], after: &[u64], step: Step) -> Option<String> {
    if matches!(step, Step::AgainAll | Step::AgainFailed) {
        return None;
    }
    let names: Vec<&str> = (0..workflow.plans.len())
        .filter(|&job| {
            let is = |words| job_of(words, job).result() == Some(crate::runs::JobResult::Skipped);
            !is(before) && is(after)
        })
        .map(|job| workflow.machine.jobs[job].name.as_str())
        .collect();
    (!names.is_empty()).then(|| format!("skipped: {}", names.join(", ")))
}
