//! Rules on jobs and their reports.

use std::collections::BTreeSet;

use super::{Apart, Changes, Pair, Side, leaving};
use crate::compat::facts::Fact;
use crate::compat::layers::Value;
use crate::machine::{JobId, Machine, Report, ReportKind, StateId};
use crate::verify::says_an_end;

/// What other reports, or reports in another order, ask for.
const BOTH_ORDERS: &str = "first release a table that declares the steps of both orders, and change the jobs in a later release";

/// The jobs that only one version has.
fn only(pair: &Pair<'_>, changes: &mut Changes, side: Side, what: &str) {
    let machine = pair.machine(side);
    let is_kept = |id: JobId| match side {
        Side::Old => pair.jobs[id.index()].is_some(),
        Side::New => pair.jobs.contains(&Some(id)),
    };
    for id in machine.job_ids().filter(|id| !is_kept(*id)) {
        let job = machine.job(id);
        let kind = if job.always { "the concluding job" } else { "the job" };
        let message = format!("{kind} `{}` {what}", job.name);
        let reported = reports(machine, id).into_iter().map(|report| report.state);
        let facts = reported.map(|state| Fact::Reports(pair.value(side, state)));
        let facts = facts.chain([Fact::Runs]);
        changes.add(side, pair.job_at(side, id), format!("job {}", job.name), message, facts);
        let name = &job.name;
        changes.way(match side {
            Side::Old => format!("keep the job `{name}`, or let another report what it did"),
            Side::New => format!(
                "release the steps that the reports of `{name}` take first, and the job in a later \
                 release"
            ),
        });
    }
}

pub(super) fn added(pair: &Pair<'_>, changes: &mut Changes) {
    only(pair, changes, Side::New, "is new");
}

pub(super) fn removed(pair: &Pair<'_>, changes: &mut Changes) {
    only(pair, changes, Side::Old, "is gone, and what it reported");
}

pub(super) fn renamed(pair: &Pair<'_>, changes: &mut Changes) {
    for (old, new) in pair.kept_jobs() {
        let (was, is) = (pair.machine(Side::Old).job(old), pair.machine(Side::New).job(new));
        if was.name != is.name {
            let message = format!("the job `{}` is called `{}` now", was.name, is.name);
            let subject = format!("job {} -> {}", was.name, is.name);
            let at = pair.job_at(Side::New, new);
            changes.add(Side::New, at, subject, message, []);
        }
    }
}

/// One report of a job, which (its place in words) and of what. An outcome is one for each.
struct Reported {
    kind: &'static str,
    state: StateId,
    tolerated: bool,
}

fn reports(machine: &Machine, id: JobId) -> Vec<Reported> {
    let of = |report: Report| {
        let outcomes = report.outcomes;
        let all = match report.kind {
            ReportKind::Start => vec![("start", report.state())],
            ReportKind::Milestone(_) => vec![("milestone", report.state())],
            ReportKind::Outcome => {
                // By default a cancelled job says what a failed one does.
                let cancelled =
                    outcomes.cancelled.filter(|_| outcomes.cancelled != outcomes.failure);
                let ends = [outcomes.success, outcomes.failure, cancelled];
                ["success", "failure", "cancelled"].into_iter().zip(ends).collect()
            }
        };
        let tolerated = report.tolerated;
        let said =
            move |(kind, state): (_, Option<_>)| Some(Reported { kind, state: state?, tolerated });
        all.into_iter().filter_map(said)
    };
    machine.reports(id).into_iter().flat_map(of).collect()
}

/// The same report of the other version's job.
fn like<'r>(
    pair: &Pair<'_>,
    side: Side,
    report: &Reported,
    others: &'r [Reported],
) -> Option<&'r Reported> {
    let value = pair.value(side, report.state);
    let is_same = |other: &&Reported| pair.value(side.other(), other.state) == value;
    others.iter().filter(is_same).find(|other| other.kind == report.kind)
}

/// What one version's job reports and the other's does not.
fn only_reported(pair: &Pair<'_>, changes: &mut Changes, side: Side, what: &str) {
    for (old, new) in pair.kept_jobs() {
        let id = side.of(old, new);
        let there = reports(pair.machine(side.other()), side.other().of(old, new));
        let machine = pair.machine(side);
        let name = &machine.job(id).name;
        for report in reports(machine, id) {
            if like(pair, side, &report, &there).is_some() {
                continue;
            }
            let Reported { kind, state, tolerated } = report;
            let value = &machine.state(state).value;
            let tolerated = if tolerated { "tolerated" } else { "not tolerated" };
            let message = format!("`{name}` {what} `{value}` as its {kind} ({tolerated})");
            let subject = format!("report {name} {kind} {value}");
            let fact = Fact::Reports(pair.value(side, state));
            changes.add(side, pair.job_at(side, id), subject, message, [fact]);
            changes.way(match side {
                Side::Old => format!(
                    "keep the report; or declare the steps past `{value}` first, and take it out in a \
                     later release"
                ),
                Side::New => format!(
                    "release the step to `{value}` first, and the report of it in a later release"
                ),
            });
            if side == Side::Old {
                changes.comes_of(leaving::of_state(pair, state));
            }
        }
    }
}

pub(super) fn report_added(pair: &Pair<'_>, changes: &mut Changes) {
    only_reported(pair, changes, Side::New, "now reports");
}

pub(super) fn report_removed(pair: &Pair<'_>, changes: &mut Changes) {
    only_reported(pair, changes, Side::Old, "no longer reports");
}

pub(super) fn reordered(pair: &Pair<'_>, changes: &mut Changes) {
    for (old, new) in pair.kept_jobs() {
        let values = |side: Side| -> Vec<Value> {
            let states = pair.machine(side).job(side.of(old, new)).before_outcome();
            states.into_iter().map(|state| pair.value(side, state)).collect()
        };
        let (was, is) = (values(Side::Old), values(Side::New));
        let shared = |one: &[Value], other: &[Value]| -> Vec<&str> {
            let both = one.iter().filter(|value| other.contains(value));
            both.map(|value| pair.world.text(*value)).collect()
        };
        let (before, after) = (shared(&was, &is), shared(&is, &was));
        if before != after {
            let name = &pair.machine(Side::New).job(new).name;
            let message = format!(
                "`{name}` reports {}, and reported {}",
                after.join(", "),
                before.join(", ")
            );
            let at = pair.job_at(Side::New, new);
            changes.add(Side::New, at, format!("reports {name}"), message, [Fact::Runs]);
            changes.way(BOTH_ORDERS);
        }
    }
}

/// The reports that both versions' jobs have, tolerated in only one of them.
fn toleration(pair: &Pair<'_>, changes: &mut Changes, now: bool) {
    let machine = pair.machine(Side::New);
    for (old, new) in pair.kept_jobs() {
        let was = reports(pair.machine(Side::Old), old);
        let name = &machine.job(new).name;
        for report in reports(machine, new).into_iter().filter(|report| report.tolerated == now) {
            let before = like(pair, Side::New, &report, &was);
            if before.is_some_and(|before| before.tolerated != now) {
                let value = &machine.state(report.state).value;
                let why = why_tolerated(machine, new, &report);
                let what = match now {
                    true => format!(
                        "is tolerated now, because {why}: where it is refused the job goes on"
                    ),
                    false => format!(
                        "is no longer tolerated, because {why}: where it is refused the job fails"
                    ),
                };
                let message = format!("`{name}`'s report of `{value}` {what}");
                let subject = format!("report {name} {} {value}", report.kind);
                let at = pair.job_at(Side::New, new);
                let relies = Fact::Relies(pair.value(Side::New, report.state));
                let facts = (!now).then_some(relies).into_iter().chain([Fact::Runs]);
                changes.add(Side::New, at, subject, message, facts);
                changes.way(match now {
                    true => format!(
                        "declare the steps that go on without `{value}` first, and change this in a \
                         later release"
                    ),
                    false => "keep it tolerated".to_owned(),
                });
            }
        }
    }
}

/// Why the loss of a job's report is tolerated, or is not.
fn why_tolerated(machine: &Machine, job: JobId, report: &Reported) -> String {
    let is_outcome = !matches!(report.kind, "start" | "milestone");
    let (state, name) = match machine.job(job).success.filter(|_| is_outcome) {
        Some(success) => (machine.state(success), &machine.state(success).name),
        None => (machine.state(report.state), &machine.state(report.state).name),
    };
    match (state.optional, report.tolerated, is_outcome) {
        (true, ..) => format!("`{name}` is optional"),
        (false, true, _) => "a concluding job reports the same outcomes".to_owned(),
        (false, false, true) => {
            format!("`{name}` is not optional, and no concluding job reports the same outcomes")
        }
        (false, false, false) => format!("`{name}` is not optional"),
    }
}

pub(super) fn toleration_lost(pair: &Pair<'_>, changes: &mut Changes) {
    toleration(pair, changes, false);
}

pub(super) fn toleration_gained(pair: &Pair<'_>, changes: &mut Changes) {
    toleration(pair, changes, true);
}

pub(super) fn needs(pair: &Pair<'_>, changes: &mut Changes) {
    for (old, new) in pair.kept_jobs() {
        let (before, after) = (pair.machine(Side::Old), pair.machine(Side::New));
        let is = |id: JobId| after.job(id).name.as_str();
        let was = |id: JobId| match pair.jobs[id.index()] {
            Some(id) => is(id),
            None => before.job(id).name.as_str(),
        };
        let needed: Vec<&str> = before.job(old).needs.iter().map(|&id| was(id)).collect();
        let needs: Vec<&str> = after.job(new).needs.iter().map(|&id| is(id)).collect();
        let all = |names: &[&str]| -> BTreeSet<String> {
            names.iter().map(|name| (*name).to_owned()).collect()
        };
        let always = (before.job(old).always, after.job(new).always);
        let name = is(new);
        let message = if all(&needed) != all(&needs) {
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
        changes.add(Side::New, at, format!("needs {name}"), message, [Fact::Runs]);
        changes.way(BOTH_ORDERS);
    }
}

pub(super) fn ends(pair: &Pair<'_>, changes: &mut Changes) {
    if says_an_end(pair.machine(Side::Old)) && !says_an_end(pair.machine(Side::New)) {
        let message = "no job reports an end any more: runs leave their rows open".to_owned();
        let at = pair.new.table.machine.name.span();
        changes.add(Side::New, at, "ends", message, []);
        changes.way("have a concluding job report the end");
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
                changes.add(Side::New, at, subject, message, []);
            }
        }
    }
}
