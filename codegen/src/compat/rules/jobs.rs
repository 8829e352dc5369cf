//! Rules on jobs and their reports.

use super::{Apart, Changes, Pair, Side, leaving};
use crate::compat::facts::Fact;
use crate::machine::{JobId, Machine, ReportKind, StateId};
use crate::verify::says_an_end;

pub(super) fn added(pair: &Pair<'_>, changes: &mut Changes) {
    let machine = pair.machine(Side::New);
    for id in machine.job_ids().filter(|id| !pair.jobs.contains(&Some(*id))) {
        let job = machine.job(id);
        let what = if job.always { "the concluding job" } else { "the job" };
        let message = format!("{what} `{}` is new", job.name);
        let at = pair.job_at(Side::New, id);
        changes.tell(Side::New, at, format!("job {}", job.name), message, []);
    }
}

pub(super) fn removed(pair: &Pair<'_>, changes: &mut Changes) {
    let machine = pair.machine(Side::Old);
    for id in machine.job_ids().filter(|id| pair.jobs[id.index()].is_none()) {
        let job = machine.job(id);
        let what = if job.always { "the concluding job" } else { "the job" };
        let message = format!("{what} `{}` is gone, and what it reported", job.name);
        let at = pair.job_at(Side::Old, id);
        changes.tell(Side::Old, at, format!("job {}", job.name), message, []);
    }
}

pub(super) fn renamed(pair: &Pair<'_>, changes: &mut Changes) {
    for (old, new) in pair.kept_jobs() {
        let (was, is) = (pair.machine(Side::Old).job(old), pair.machine(Side::New).job(new));
        if was.name != is.name {
            let message = format!("the job `{}` is called `{}` now", was.name, is.name);
            let subject = format!("job {} -> {}", was.name, is.name);
            let at = pair.job_at(Side::New, new);
            changes.tell(Side::New, at, subject, message, []);
        }
    }
}

/// A job's reports: which (its place in words), and of which value. An outcome is one for each.
fn reports(machine: &Machine, id: JobId) -> Vec<(&'static str, String, bool)> {
    let mut all = Vec::new();
    let value = |state: StateId| machine.state(state).value.clone();
    for report in machine.reports(id) {
        match report.kind {
            ReportKind::Start => {
                all.extend(report.state().map(|s| ("start", value(s), report.tolerated)));
            }
            ReportKind::Milestone(_) => {
                all.extend(report.state().map(|s| ("milestone", value(s), report.tolerated)));
            }
            ReportKind::Outcome => {
                let outcomes = report.outcomes;
                let of = [
                    ("success", outcomes.success),
                    ("failure", outcomes.failure),
                    ("cancelled", outcomes.cancelled),
                ];
                // By default a cancelled job says what a failed one does.
                let said = if outcomes.cancelled == outcomes.failure { 2 } else { 3 };
                for (kind, state) in of.into_iter().take(said) {
                    all.extend(state.map(|state| (kind, value(state), report.tolerated)));
                }
            }
        }
    }
    all
}

/// What one version's job reports and the other's does not.
fn only(pair: &Pair<'_>, changes: &mut Changes, side: Side, what: &str) {
    for (old, new) in pair.kept_jobs() {
        let (was, is) =
            (reports(pair.machine(Side::Old), old), reports(pair.machine(Side::New), new));
        let (here, there, id) = match side {
            Side::Old => (was, is, old),
            Side::New => (is, was, new),
        };
        let name = &pair.machine(side).job(id).name;
        let is_here = |kind: &str, value: &str| {
            there.iter().any(|(other, same, _)| *other == kind && same == value)
        };
        for (kind, value, tolerated) in &here {
            if is_here(kind, value) {
                continue;
            }
            let tolerated = if *tolerated { "tolerated" } else { "not tolerated" };
            let message = format!("`{name}` {what} `{value}` as its {kind} ({tolerated})");
            let subject = format!("report {name} {kind} {value}");
            changes.tell(side, pair.job_at(side, id), subject, message, []);
            if let (Side::Old, Some(state)) = (side, pair.machine(side).find_value(value)) {
                changes.comes_of(leaving::of_state(pair, state));
            }
        }
    }
}

pub(super) fn report_added(pair: &Pair<'_>, changes: &mut Changes) {
    only(pair, changes, Side::New, "now reports");
}

pub(super) fn report_removed(pair: &Pair<'_>, changes: &mut Changes) {
    only(pair, changes, Side::Old, "no longer reports");
}

pub(super) fn reordered(pair: &Pair<'_>, changes: &mut Changes) {
    for (old, new) in pair.kept_jobs() {
        let values = |machine: &Machine, id: JobId| -> Vec<String> {
            let states = machine.job(id).before_outcome().into_iter();
            states.map(|state| machine.state(state).value.clone()).collect()
        };
        let was = values(pair.machine(Side::Old), old);
        let is = values(pair.machine(Side::New), new);
        let shared = |one: &[String], other: &[String]| -> Vec<String> {
            one.iter().filter(|value| other.contains(value)).cloned().collect()
        };
        let (before, after) = (shared(&was, &is), shared(&is, &was));
        if before == after {
            continue;
        }
        let name = &pair.machine(Side::New).job(new).name;
        let message =
            format!("`{name}` reports {}, and reported {}", after.join(", "), before.join(", "));
        let subject = format!("reports {name}");
        changes.tell(Side::New, pair.job_at(Side::New, new), subject, message, []);
    }
}

/// The reports that both versions' jobs have, tolerated in one of them alone.
fn toleration(pair: &Pair<'_>, changes: &mut Changes, now: bool, what: &str) {
    for (old, new) in pair.kept_jobs() {
        let was = reports(pair.machine(Side::Old), old);
        let name = &pair.machine(Side::New).job(new).name;
        for (kind, value, tolerated) in reports(pair.machine(Side::New), new) {
            let before = was.iter().find(|(other, same, _)| *other == kind && *same == value);
            if tolerated != now || before.is_none_or(|(_, _, before)| *before == now) {
                continue;
            }
            let message = format!("`{name}`'s report of `{value}` {what}");
            let subject = format!("report {name} {kind} {value}");
            let at = pair.job_at(Side::New, new);
            let of = pair.machine(Side::New).find_value(&value).filter(|_| !now);
            let fact = of.map(|state| Fact::Relies(pair.new_value(state)));
            changes.tell(Side::New, at, subject, message, fact);
        }
    }
}

pub(super) fn toleration_lost(pair: &Pair<'_>, changes: &mut Changes) {
    toleration(pair, changes, false, "is no longer tolerated: where it is refused the job fails");
}

pub(super) fn toleration_gained(pair: &Pair<'_>, changes: &mut Changes) {
    toleration(pair, changes, true, "is tolerated now: where it is refused the job goes on");
}

pub(super) fn needs(pair: &Pair<'_>, changes: &mut Changes) {
    for (old, new) in pair.kept_jobs() {
        let (before, after) = (pair.machine(Side::Old), pair.machine(Side::New));
        let is = |id: JobId| after.job(id).name.as_str();
        let was = |id: JobId| match pair.jobs[id.index()] {
            Some(id) => is(id),
            None => before.job(id).name.as_str(),
        };
        let mut needed: Vec<&str> = before.job(old).needs.iter().map(|&id| was(id)).collect();
        let mut needs: Vec<&str> = after.job(new).needs.iter().map(|&id| is(id)).collect();
        needed.sort_unstable();
        needs.sort_unstable();
        let always = (before.job(old).always, after.job(new).always);
        let name = is(new);
        let message = if needed != needs {
            let words = |names: &[&str]| match names {
                [] => "nothing".to_owned(),
                names => names.join(", "),
            };
            format!("`{name}` needs {} now, and needed {}", words(&needs), words(&needed))
        } else if always.0 != always.1 {
            let word = if always.1 { "whatever became" } else { "only on the success" };
            format!("`{name}` runs {word} of the jobs that it needs")
        } else if before.job(old).skippable != after.job(new).skippable {
            let word =
                if after.job(new).skippable { "may be skipped now" } else { "is always run now" };
            format!("`{name}` {word}")
        } else {
            continue;
        };
        let at = pair.job_at(Side::New, new);
        changes.tell(Side::New, at, format!("needs {name}"), message, []);
    }
}

pub(super) fn ends(pair: &Pair<'_>, changes: &mut Changes) {
    if says_an_end(pair.machine(Side::Old)) && !says_an_end(pair.machine(Side::New)) {
        let message = "no job reports an end any more: runs leave their rows open".to_owned();
        let at = pair.new.table.machine.name.span();
        changes.tell(Side::New, at, "ends", message, []);
        changes.apart(Apart::Endless);
    }
}

pub(super) fn milestone_renamed(pair: &Pair<'_>, changes: &mut Changes) {
    for (old, new) in pair.kept_jobs() {
        let (before, after) = (pair.machine(Side::Old), pair.machine(Side::New));
        let job = after.job(new);
        for milestone in &job.milestones {
            let value = &after.state(milestone.state).value;
            let same =
                |other: &&crate::machine::Milestone| before.state(other.state).value == *value;
            let Some(was) = before.job(old).milestones.iter().find(same) else { continue };
            if was.name != milestone.name {
                let message = format!(
                    "the step `{}` of `{}` is called `{}` now",
                    was.name, job.name, milestone.name
                );
                let subject = format!("milestone {} {value}", job.name);
                let at = pair.job_at(Side::New, new);
                changes.tell(Side::New, at, subject, message, []);
            }
        }
    }
}
