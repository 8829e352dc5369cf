//! What is claimed of the workflow's runs, each read off one search of all of them.

use super::advice;
use super::runs::{Broken, Claim, Listed, Runs};
use super::{ClaimResult, Counterexample, Covered, Smaller, Subject, count, number};
use crate::machine::Machine;

const NO_JOBS: &str = "the table has no jobs";

pub(super) fn accepted(subject: &Subject<'_>) -> ClaimResult {
    let machine = subject.machine;
    if subject.machine.jobs.is_empty() {
        return ClaimResult::not_applicable(NO_JOBS);
    }
    if subject.machine.job_ids().all(|job| subject.machine.reports(job).is_empty()) {
        return ClaimResult::not_applicable("no job reports anything");
    }
    let runs = subject.runs();
    settle(machine, &[runs], Claim::Accepted, count(runs.searched.states), || {
        let flawless = (runs.reports.flawless, "of them without a flaw");
        Covered::of([(runs.reports.runs, "runs"), flawless, situations(&[runs])])
    })
}

pub(super) fn ends(subject: &Subject<'_>) -> ClaimResult {
    let machine = subject.machine;
    if let Some(why) = says_no_end(machine) {
        return ClaimResult::not_applicable(why);
    }
    let runs = subject.runs();
    let found = &runs.reports;
    settle(machine, &[runs], Claim::Ends, found.runs, || {
        let mute = total(&found.mute);
        let covered = Covered::of([
            (found.runs, "runs"),
            (found.said, "end by a report that is not tolerated"),
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
            listed(machine, &found.mute)
        ))
    })
}

pub(super) fn truth(subject: &Subject<'_>) -> ClaimResult {
    let machine = subject.machine;
    if let Some(why) = says_no_end(machine) {
        return ClaimResult::not_applicable(why);
    }
    let runs = subject.runs();
    let found = &runs.reports;
    settle(machine, &[runs], Claim::Truth, found.runs, || {
        let covered = Covered::of([(found.runs, "runs")]);
        covered.note(format!("the row is left in {}", listed(machine, &found.ends)))
    })
}

/// Whether a run shows something of a phase: where it has work of a job.
pub(super) fn shows_work(subject: &Subject<'_>) -> bool {
    subject.workflow().work.iter().any(|work| !work.is_empty())
}

pub(super) fn views(subject: &Subject<'_>) -> ClaimResult {
    let machine = subject.machine;
    if machine.jobs.is_empty() {
        return ClaimResult::not_applicable(NO_JOBS);
    }
    if !shows_work(subject) {
        return ClaimResult::not_applicable("no phase has work of a job");
    }
    let views = subject.views();
    let tried = views.views.saturating_add(views.by_own_jobs);
    settle(machine, &[views], Claim::Views, tried, || {
        let mut counts = vec![(views.views, "views")];
        // Another search than that of all runs, and so another number.
        counts.push((views.by_own_jobs, "situations of phases by their own jobs only"));
        counts.retain(|(number, _)| *number > 0);
        counts.push(situations(&[views]));
        Covered { counts, ..Covered::default() }
    })
}

pub(super) fn again(subject: &Subject<'_>) -> ClaimResult {
    let machine = subject.machine;
    if let Some(why) = says_no_end(machine) {
        return ClaimResult::not_applicable(why);
    }
    let (runs, views) = (subject.runs(), subject.views());
    let found = &runs.reports;
    settle(machine, &[runs, views], Claim::Again, found.again, || {
        let mut covered = Covered::of([
            (found.again, "runs started again"),
            (found.again_ended, "of them for a row that keeps its end"),
            (found.again_mute, "cannot report the second time either"),
            (
                found.again_refused,
                "have a report refused that is not tolerated, so that the job fails",
            ),
        ]);
        if let Some(path) = &runs.refused_again {
            covered = covered.note(format!("refused, {}: {}", least(runs), path.0.join("; ")));
        }
        covered
    })
}

pub(super) fn late_loss(subject: &Subject<'_>) -> ClaimResult {
    let machine = subject.machine;
    if let Some(why) = says_no_end(machine) {
        return ClaimResult::not_applicable(why);
    }
    if machine.jobs.iter().all(|job| !job.always) {
        return ClaimResult::not_applicable("the table has no concluding job");
    }
    let runs = &Runs::of_late_losses(subject.workflow());
    let found = &runs.reports;
    if runs.searched.exhausted && found.late == 0 {
        return ClaimResult::not_applicable("only concluding jobs report a success");
    }
    settle(machine, &[runs], Claim::Late, found.late, || {
        let mut covered = Covered::of([
            (found.late, "runs"),
            (found.late_loud, "of them with an end that is no longer true, where a job fails"),
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

/// What became of a claim that these searches are about, of which so many cases were tried.
fn settle(
    machine: &Machine,
    searches: &[&Runs],
    claim: Claim,
    tried: u64,
    covered: impl Fn() -> Covered,
) -> ClaimResult {
    let exhausted = searches.iter().all(|runs| runs.searched.exhausted);
    let broken = searches.iter().filter_map(|runs| runs.broken.get(&claim));
    if let Some(Broken { about, why, path, .. }) = broken.min_by_key(|broken| broken.length) {
        let (about, summary, path) = (*about, why.clone(), path.0.clone());
        let help = advice::of(machine, claim, about);
        let counterexample = Counterexample { about, summary, path, help, shortest: exhausted };
        return ClaimResult::Refuted { counterexample };
    }
    let covered = covered();
    if exhausted {
        return ClaimResult::Proven { covered };
    }
    let (situations, _) = situations(searches);
    let depth = searches.iter().map(|runs| runs.searched.depth).max().unwrap_or(0);
    let mut bound =
        format!("{situations} situations, those least far in their jobs, up to {depth} steps away");
    let smaller = Smaller::of_runs(machine);
    if tried == 0 {
        let bound = format!("no case was tried within {bound}");
        return ClaimResult::Bounded { covered, bound, smaller };
    }
    let in_turn: Vec<_> = searches.iter().filter_map(|runs| runs.in_turn).collect();
    if in_turn.iter().all(|searched| searched.exhausted) {
        bound += "; and every run in which the jobs take turns";
    } else {
        let situations: usize = in_turn.iter().map(|searched| searched.states).sum();
        bound += &format!("; and {situations} of runs in which the jobs take turns");
    }
    ClaimResult::Bounded { covered, bound, smaller }
}

/// What can be said of the shortest run that was found.
const fn least(runs: &Runs) -> &'static str {
    if runs.searched.exhausted { "shortest" } else { "the shortest that was tried" }
}

fn situations(searches: &[&Runs]) -> (u64, &'static str) {
    (searches.iter().map(|runs| count(runs.searched.states)).sum(), "situations")
}

fn total(listed: &Listed) -> u64 {
    listed.values().fold(0, |sum, &number| sum.saturating_add(number))
}

fn listed(machine: &Machine, listed: &Listed) -> String {
    let each = |(&state, &runs): (&crate::machine::StateId, &u64)| {
        format!("{} ({})", machine.state(state).name, number(runs))
    };
    listed.iter().map(each).collect::<Vec<_>>().join(", ")
}
