//! Jobs: what they name exists, what they report can be entered, and what they need ends.

use std::collections::HashSet;

use super::{Draft, is_set};
use crate::machine::StateId;
use crate::rules;
use crate::suggest;
use crate::table::{JobRow, LOST, Placed, Text};

/// The states that a job reports, as they are written.
pub(super) fn reported(row: &JobRow) -> impl Iterator<Item = (&'static str, &Text)> {
    let milestones = row.milestones.iter().flat_map(|milestones| milestones.get_ref());
    let start = row.start.as_ref().map(|name| ("`start`", name));
    let outcomes =
        [("`success`", &row.success), ("`failure`", &row.failure), ("`cancelled`", &row.cancelled)];
    start
        .into_iter()
        .chain(milestones.map(|milestone| ("`milestones`", &milestone.state)))
        .chain(outcomes.into_iter().filter_map(|(key, name)| Some((key, name.as_ref()?))))
}

pub(super) fn references(draft: &mut Draft<'_>) {
    let table = draft.table;
    let unread = draft.unread.jobs;
    for row in &table.job {
        for (what, name) in reported(row) {
            let Some(found) = draft.state(name, what) else { continue };
            if found.sure && draft.is_retired(found.state) {
                let name_of = suggest::shown(name.get_ref());
                let message = format!("the job reports the retired state `{name_of}`");
                let help = "nothing enters a retired state: report the one that took its place";
                draft.error(rules::REPORTS_RETIRED, name.span(), message, help);
            }
        }
        let mut seen = HashSet::new();
        for need in row.needs.iter().flat_map(|needs| needs.get_ref()) {
            let text = need.get_ref().as_str();
            if !draft.jobs.contains_key(text) {
                let names = table.job.iter().map(|row| row.name.get_ref().as_str());
                draft.unknown(rules::UNKNOWN_JOB, need, "`needs`", "job", names, unread);
            } else if !seen.insert(text) {
                let message = format!("`needs` lists `{}` twice", suggest::shown(text));
                draft.error(rules::DUPLICATE_ENTRY, need.span(), message, "list each job once");
            }
        }
    }
}

pub(super) fn shapes(draft: &mut Draft<'_>) {
    let table = draft.table;
    for row in &table.job {
        if let Some(needs) = &row.needs
            && needs.get_ref().is_empty()
            && !row.has_lost("needs")
        {
            let help = "leave `needs` out, or name the jobs that come first";
            draft.error(rules::EMPTY_LIST, needs.span(), "`needs` is an empty list", help);
        }
        if let Some(milestones) = &row.milestones {
            if milestones.get_ref().is_empty() && !row.has_lost("milestones") {
                let help = "leave `milestones` out, or name the reports between start and end";
                draft.error(
                    rules::EMPTY_LIST,
                    milestones.span(),
                    "`milestones` is an empty list",
                    help,
                );
            }
            for milestone in milestones.get_ref() {
                let name = milestone.name.get_ref();
                if name != LOST && (name.trim().is_empty() || name.chars().any(char::is_control)) {
                    let message = "the milestone has no name that a step could be called by";
                    let help = "name it in words, without control characters";
                    draft.error(rules::BAD_NAME, milestone.name.span(), message, help);
                }
            }
        }
        concluding(draft, row);
    }
}

/// What a concluding job must and must not have.
fn concluding(draft: &mut Draft<'_>, row: &Placed<JobRow>) {
    let Some(always) = row.always.as_ref().filter(|always| is_set(Some(always))) else { return };
    let name = suggest::shown(row.name.get_ref());
    if row.needs.is_none() && !row.has_lost("needs") {
        let message = format!("the concluding job `{name}` needs no job");
        let help = "name the jobs that it speaks for in `needs`, or remove `always`";
        draft.error(rules::ALWAYS_WITHOUT_NEEDS, always.span(), message, help);
    }
    let early = [
        row.start.as_ref().map(|start| ("start", start.span())),
        row.milestones.as_ref().map(|milestones| ("milestones", milestones.span())),
    ];
    for (key, span) in early.into_iter().flatten() {
        let message = format!("the concluding job `{name}` has `{key}`");
        let help = "a concluding job reports only its outcome: remove it, or remove `always`";
        draft.error(rules::ALWAYS_WITH_REPORTS, span, message, help);
    }
}

/// What a job that may be skipped must and must not have: where it was, its reports are not there.
pub(super) fn skippable(draft: &mut Draft<'_>) {
    let table = draft.table;
    let Some(relation) = draft.whole_relation() else { return };
    for row in &table.job {
        let Some(skippable) = row.skippable.as_ref().filter(|of| is_set(Some(of))) else {
            continue;
        };
        let job = suggest::shown(row.name.get_ref());
        if is_set(row.always.as_ref()) {
            let message = format!("the concluding job `{job}` is skippable");
            let help =
                "where it is skipped no one says what became of the others: remove one of the two";
            draft.error(rules::SKIPPABLE_CONCLUSION, skippable.span(), message, help);
            continue;
        }
        let needed = reported(row).filter(|(key, _)| !["`failure`", "`cancelled`"].contains(key));
        for (_, name) in needed {
            let Some(&index) = draft.states.get(name.get_ref().as_str()) else { continue };
            let state = StateId::new(index);
            let passes = |from: StateId| {
                relation.is_legal(from, state)
                    && relation
                        .legal_from(from)
                        .any(|to| to != from && to != state && relation.is_legal(state, to))
            };
            let mut others = draft.state_ids().filter(|&from| from != state);
            if draft.is_optional(state) || others.any(passes) {
                continue;
            }
            let state = suggest::shown(name.get_ref());
            let message =
                format!("`{job}` is skippable, and nothing passes over its report `{state}`");
            let help = format!(
                "make `{state}` optional, or add a transition that passes over it: where the job is \
                 skipped it is not reported"
            );
            draft.error(rules::SKIPPABLE_REPORT, name.span(), message, help);
        }
    }
}

/// The most jobs of a circle that a message names.
const MOST_NAMED: usize = 12;

/// Every circle that shares no job with another; of those that do, one.
pub(super) fn cycles(draft: &mut Draft<'_>) {
    let table = draft.table;
    let needs: Vec<Vec<usize>> = table
        .job
        .iter()
        .map(|row| {
            let names = row.needs.iter().flat_map(|needs| needs.get_ref());
            names.filter_map(|name| draft.jobs.get(name.get_ref().as_str()).copied()).collect()
        })
        .collect();
    // A walk along `needs` that comes to a job of its own has found a circle. No job is walked
    // from twice.
    let mut tried = vec![0; needs.len()];
    let mut place: Vec<Option<usize>> = vec![None; needs.len()];
    let mut reported = vec![false; needs.len()];
    for start in 0..needs.len() {
        let mut path = vec![start];
        place[start] = Some(0);
        while let Some(&job) = path.last() {
            let Some(&next) = needs[job].get(tried[job]) else {
                place[job] = None;
                path.pop();
                continue;
            };
            tried[job] += 1;
            if let Some(at) = place[next] {
                if !path[at..].iter().rev().any(|&job| reported[job]) {
                    path[at..].iter().for_each(|&job| reported[job] = true);
                    circle(draft, &path[at..]);
                }
            } else if tried[next] == 0 {
                place[next] = Some(path.len());
                path.push(next);
            }
        }
    }
}

fn circle(draft: &mut Draft<'_>, jobs: &[usize]) {
    let table = draft.table;
    let name = |&job: &usize| format!("`{}`", suggest::shown(table.job[job].name.get_ref()));
    let mut names: Vec<String> = jobs.iter().take(MOST_NAMED).map(name).collect();
    if jobs.len() > MOST_NAMED {
        names.push(format!("{} more", jobs.len() - MOST_NAMED));
    }
    names.extend(jobs.first().map(name));
    let row = &table.job[jobs[0]];
    let span = row.needs.as_ref().map_or_else(|| row.name.span(), |needs| needs.span());
    let message = format!("the jobs need each other in a circle: {}", names.join(" needs "));
    draft.error(rules::NEEDS_CYCLE, span, message, "take one of them out of `needs`");
}
