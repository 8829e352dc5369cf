//! A run as people read it: a line a step.

use phasegate::{Machine as _, Verdict};

use crate::machine::StateId;

use super::search::{End, Search};
use super::situation::{history_of, job_of};
use super::step::{Became, Fate, Step};

/// A path to what breaks a claim, a line a step.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Path(pub Vec<String>);

impl Path {
    /// The lines below each other.
    pub fn text(&self) -> String {
        self.0.join("\n")
    }
}

/// The steps of the shortest path to an end.
pub(crate) fn trace(search: &Search<'_, '_>, end: End<'_>) -> Path {
    let (mut at, last) = end;
    let mut steps = Vec::new();
    while let Some((parent, step)) = search.known.parent(at) {
        steps.push((search.known.row(parent), search.known.row(at), step));
        at = parent;
    }
    steps.reverse();
    steps.extend(last.map(|(step, after)| (search.known.row(end.0), after, step)));
    let machine = search.workflow.machine;
    let mut lines = vec![format!("the row starts in {}", machine.state(machine.initial[0]).name)];
    for (before, after, step) in steps {
        lines.push(line(search, before, step));
        lines.extend(skipped(search, before, after, step));
    }
    Path(lines)
}

fn line(search: &Search<'_, '_>, before: &[u64], step: Step) -> String {
    let workflow = search.workflow;
    let row = search.histories.state(history_of(before));
    let set_out = |job: u16| job_of(before, usize::from(job)).set_out;
    match step {
        Step::Start => String::new(),
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
            let what = says(search, row, report.state, plan.attempted(set_out(job)), fate);
            let tolerated = if report.tolerated { "" } else { untolerated(&what) };
            let first = plan.has_start && at == 0;
            let name = workflow.name(job);
            if first {
                format!("{name} starts: {what}{tolerated}")
            } else {
                format!("{name}'s work goes on: {what}{tolerated}")
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
                    let what = says(search, row, state, attempted, fate);
                    let tolerated = if plan.outcome_tolerated { "" } else { untolerated(&what) };
                    let then = match fate {
                        Fate::DeliveredThenLost => "; then its runner is lost",
                        Fate::DeliveredThenCancelled => "; then it is cancelled",
                        Fate::Delivered | Fate::Undelivered | Fate::None => "",
                    };
                    format!("{name} {did}: {what}{tolerated}{then}")
                }
            }
        }
    }
}

/// What a job that relies on a report makes of its loss.
fn untolerated(what: &str) -> &'static str {
    if what.ends_with("lost") || what.contains("refused") { "; the job fails" } else { "" }
}

/// A report and its answer.
fn says(
    search: &Search<'_, '_>,
    row: StateId,
    state: StateId,
    attempted: Option<StateId>,
    fate: Fate,
) -> String {
    let machine = search.workflow.machine;
    let (from, to) = (&machine.state(row).name, &machine.state(state).name);
    if fate == Fate::Undelivered {
        return format!("its report of {to} is lost");
    }
    let attempted = match attempted {
        Some(attempted) if machine.state(state).outcome.is_some() => {
            format!(" (attempted {})", machine.state(attempted).name)
        }
        Some(_) | None => String::new(),
    };
    match machine.judge(row.index(), state.index()) {
        Verdict::Applied => format!("{from} -> {to}{attempted}"),
        Verdict::Duplicate => format!("reports {to} again, nothing changes"),
        Verdict::Ended => format!("its report of {to} is refused, the row has ended in {from}"),
        Verdict::Illegal => {
            let legal: Vec<&str> =
                machine.next(row).take(8).map(|s| machine.state(s).name.as_str()).collect();
            let legal = if legal.is_empty() { "nothing".to_owned() } else { legal.join(", ") };
            format!("its report of {to} is refused in {from}, where legal is {legal}")
        }
    }
}

/// The jobs that a step keeps from beginning.
fn skipped(search: &Search<'_, '_>, before: &[u64], after: &[u64], step: Step) -> Option<String> {
    if matches!(step, Step::AgainAll | Step::AgainFailed) {
        return None;
    }
    let names: Vec<&str> = (0..search.workflow.plans.len())
        .filter(|&job| {
            let is = |words| job_of(words, job).result() == Some(super::Result::Skipped);
            !is(before) && is(after)
        })
        .map(|job| search.workflow.machine.jobs[job].name.as_str())
        .collect();
    (!names.is_empty()).then(|| format!("skipped: {}", names.join(", ")))
}
