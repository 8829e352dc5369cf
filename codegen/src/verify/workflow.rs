//! What is claimed of the workflow's runs, each read off one search of all of them.

use super::{Counterexample, Covered, Subject, Verdict, count};
use crate::explore::{self, Claim, Listed, Mode, Runs};
use crate::machine::Machine;

const NO_JOBS: &str = "the table has no jobs";

pub(super) fn accepted(subject: &Subject<'_>) -> Verdict {
    if subject.machine.jobs.is_empty() {
        return Verdict::not_applicable(NO_JOBS);
    }
    if subject.machine.job_ids().all(|job| subject.machine.reports(job).is_empty()) {
        return Verdict::not_applicable("no job reports anything");
    }
    let runs = subject.runs();
    let why = |_: &str| "a report is refused".to_owned();
    settle(runs, Claim::Accepted, count(runs.situations), why, || {
        let flawless = (runs.flawless, "of them without a flaw");
        Covered::of([(runs.runs, "runs"), flawless, situations(runs)])
    })
}

pub(super) fn ends(subject: &Subject<'_>) -> Verdict {
    let machine = subject.machine;
    if let Some(why) = says_no_end(machine) {
        return Verdict::not_applicable(why);
    }
    let runs = subject.runs();
    settle(runs, Claim::Ends, runs.runs, str::to_owned, || {
        let mute = total(&runs.mute);
        let covered = Covered::of([
            (runs.runs, "runs"),
            (runs.runs.saturating_sub(mute), "end by a report that is not tolerated"),
            (mute, "cannot report"),
        ]);
        if mute == 0 {
            return covered;
        }
        let concluding: Vec<&str> =
            machine.jobs.iter().filter(|job| job.always).map(|job| job.name.as_str()).collect();
        covered.note(format!(
            "cannot report: the runner of {} is lost, or its report is; the row is left in {}",
            concluding.join(" and "),
            listed(machine, &runs.mute)
        ))
    })
}

pub(super) fn truth(subject: &Subject<'_>) -> Verdict {
    let machine = subject.machine;
    if let Some(why) = says_no_end(machine) {
        return Verdict::not_applicable(why);
    }
    let runs = subject.runs();
    settle(runs, Claim::Truth, runs.runs, str::to_owned, || {
        let covered = Covered::of([(runs.runs, "runs")]);
        covered.note(format!("the row is left in {}", listed(machine, &runs.ends)))
    })
}

pub(super) fn views(subject: &Subject<'_>) -> Verdict {
    let machine = subject.machine;
    if machine.jobs.is_empty() {
        return Verdict::not_applicable(NO_JOBS);
    }
    if subject.workflow().work.iter().all(Vec::is_empty) {
        return Verdict::not_applicable("no phase has work of a job");
    }
    let runs = subject.runs();
    settle(runs, Claim::Views, runs.views, str::to_owned, || {
        Covered::of([(runs.views, "views"), situations(runs)])
    })
}

pub(super) fn again(subject: &Subject<'_>) -> Verdict {
    let machine = subject.machine;
    if let Some(why) = says_no_end(machine) {
        return Verdict::not_applicable(why);
    }
    let runs = subject.runs();
    settle(runs, Claim::Again, runs.again, str::to_owned, || {
        let mut covered = Covered::of([
            (runs.again, "runs started again"),
            (runs.again_ended, "of them for a row that keeps its end"),
            (runs.again_mute, "cannot report the second time either"),
            (
                runs.again_refused,
                "have a report refused that is not tolerated, so that the job fails",
            ),
        ]);
        if let Some(path) = &runs.refused_again {
            covered = covered.note(format!("refused, {}: {}", least(runs), path.0.join("; ")));
        }
        covered
    })
}

pub(super) fn late_loss(subject: &Subject<'_>) -> Verdict {
    let machine = subject.machine;
    if let Some(why) = says_no_end(machine) {
        return Verdict::not_applicable(why);
    }
    if machine.jobs.iter().all(|job| !job.always) {
        return Verdict::not_applicable("the table has no concluding job");
    }
    let mode = Mode { again: false, late: true, most: explore::MOST_SITUATIONS };
    let runs = &explore::search(subject.workflow(), mode);
    if runs.exhausted && runs.late == 0 {
        return Verdict::not_applicable("only concluding jobs report a success");
    }
    settle(runs, Claim::Late, runs.late, str::to_owned, || {
        let mut covered = Covered::of([
            (runs.late, "runs"),
            (runs.late_loud, "of them with an end that is no longer true, where a job fails"),
        ]);
        if let Some(path) = &runs.loud {
            covered = covered.note(format!("such a run, {}: {}", least(runs), path.0.join("; ")));
        }
        covered
    })
}

/// Why nothing can be said of the ends of runs, where nothing can.
fn says_no_end(machine: &Machine) -> Option<&'static str> {
    if machine.jobs.is_empty() {
        return Some(NO_JOBS);
    }
    (!says_an_end(machine)).then_some("no job reports an ended state")
}

/// Whether a job reports an end.
pub(crate) fn says_an_end(machine: &Machine) -> bool {
    let says_end = |job: &crate::machine::Job| {
        let before = job.before_outcome();
        let states = job.outcomes().states();
        states.into_iter().chain(before).any(|state| machine.state(state).is_ended())
    };
    machine.jobs.iter().any(says_end)
}

/// What became of a claim, of which so many cases were tried.
fn settle(
    runs: &Runs,
    claim: Claim,
    tried: u64,
    why: impl Fn(&str) -> String,
    covered: impl Fn() -> Covered,
) -> Verdict {
    if let Some((found, path)) = runs.broken.get(&claim) {
        let (summary, path) = (why(found), path.0.clone());
        let counterexample = Counterexample { summary, path, shortest: runs.exhausted };
        return Verdict::Refuted { counterexample };
    }
    let covered = covered();
    if runs.exhausted {
        return Verdict::Proven { covered };
    }
    let mut bound = format!(
        "{} situations, those least far in their jobs, up to {} steps away",
        runs.situations, runs.steps
    );
    if tried == 0 {
        return Verdict::not_applicable(format!("too many jobs to finish a run within {bound}"));
    }
    match runs.in_turn {
        Some((_, true)) => bound += "; and every run in which the jobs take turns",
        Some((situations, false)) => {
            bound += &format!("; and {situations} of runs in which the jobs take turns");
        }
        None => {}
    }
    Verdict::Bounded { covered, bound }
}

/// What can be said of the shortest run that was found.
const fn least(runs: &Runs) -> &'static str {
    if runs.exhausted { "shortest" } else { "the shortest that was tried" }
}

fn situations(runs: &Runs) -> (u64, &'static str) {
    (count(runs.situations), "situations")
}

fn total(listed: &Listed) -> u64 {
    listed.values().fold(0, |sum, &number| sum.saturating_add(number))
}

fn listed(machine: &Machine, listed: &Listed) -> String {
    let each = |(&state, &runs): (&crate::machine::StateId, &u64)| {
        format!("{} ({runs})", machine.state(state).name)
    };
    listed.iter().map(each).collect::<Vec<_>>().join(", ")
}
