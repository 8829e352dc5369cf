//! Jobs: what they name exists, what they report can be entered, and what they need ends.

use std::collections::HashSet;

use super::{Draft, is_set};
use crate::suggest;
use crate::table::{JobRow, LOST, Text};

/// The states that a job reports, as they are written.
fn reported(row: &JobRow) -> Vec<(&'static str, &Text)> {
    let mut states = Vec::new();
    states.extend(row.start.as_ref().map(|name| ("`start`", name)));
    for milestone in row.milestones.iter().flat_map(|milestones| milestones.get_ref()) {
        states.push(("`milestones`", &milestone.state));
    }
    states.extend(row.success.as_ref().map(|name| ("`success`", name)));
    states.extend(row.failure.as_ref().map(|name| ("`failure`", name)));
    states.extend(row.cancelled.as_ref().map(|name| ("`cancelled`", name)));
    states
}

pub(super) fn references(draft: &mut Draft<'_>) {
    let table = draft.table;
    for row in &table.job {
        for (what, name) in reported(row) {
            let Some(state) = draft.state(name, what) else { continue };
            if draft.is_retired(state) {
                let message = format!("the job reports the retired state `{}`", name.get_ref());
                let help = "nothing enters a retired state: report the one that took its place";
                draft.error("reports-retired", name.span(), message, help);
            }
        }
        let mut seen = HashSet::new();
        for need in row.needs.iter().flat_map(|needs| needs.get_ref()) {
            let text = need.get_ref().as_str();
            if !draft.jobs.contains_key(text) {
                let names: Vec<&str> =
                    table.job.iter().map(|row| row.name.get_ref().as_str()).collect();
                draft.unknown("unknown-job", need, "`needs`", "job", &names);
            } else if !seen.insert(text) {
                let message = format!("`needs` lists `{}` twice", suggest::shown(text));
                draft.error("duplicate-entry", need.span(), message, "list each job once");
            }
        }
    }
}

pub(super) fn shapes(draft: &mut Draft<'_>) {
    let table = draft.table;
    for row in &table.job {
        if let Some(needs) = &row.needs
            && needs.get_ref().is_empty()
        {
            let help = "leave `needs` out, or name the jobs that come first";
            draft.error("empty-list", needs.span(), "`needs` is an empty list", help);
        }
        if let Some(milestones) = &row.milestones {
            if milestones.get_ref().is_empty() {
                let help = "leave `milestones` out, or name the reports between start and end";
                draft.error("empty-list", milestones.span(), "`milestones` is an empty list", help);
            }
            for milestone in milestones.get_ref() {
                let name = milestone.name.get_ref();
                if name != LOST && (name.trim().is_empty() || name.chars().any(char::is_control)) {
                    let message = "the milestone has no name that a step could be called by";
                    let help = "name it in words, without control characters";
                    draft.error("bad-name", milestone.name.span(), message, help);
                }
            }
        }
        let Some(always) = row.always.as_ref().filter(|always| is_set(Some(always))) else {
            continue;
        };
        let name = suggest::shown(row.name.get_ref());
        if row.needs.is_none() {
            let message = format!("the concluding job `{name}` needs no job");
            let help = "name the jobs that it speaks for in `needs`, or remove `always`";
            draft.error("always-without-needs", always.span(), message, help);
        }
        let early = [
            row.start.as_ref().map(|start| ("start", start.span())),
            row.milestones.as_ref().map(|milestones| ("milestones", milestones.span())),
        ];
        for (key, span) in early.into_iter().flatten() {
            let message = format!("the concluding job `{name}` has `{key}`");
            let help = "a concluding job reports its outcome alone: remove it, or remove `always`";
            draft.error("always-with-reports", span, message, help);
        }
    }
}

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
    // What needs nothing that is left can run; what is left in the end waits for itself.
    let mut waiting: Vec<usize> = needs.iter().map(Vec::len).collect();
    let mut after = vec![Vec::new(); needs.len()];
    for (job, needs) in needs.iter().enumerate() {
        for &need in needs {
            after[need].push(job);
        }
    }
    let mut ready: Vec<usize> = (0..needs.len()).filter(|&job| waiting[job] == 0).collect();
    while let Some(job) = ready.pop() {
        for &next in &after[job] {
            waiting[next] -= 1;
            if waiting[next] == 0 {
                ready.push(next);
            }
        }
    }
    let Some(start) = (0..needs.len()).find(|&job| waiting[job] > 0) else { return };
    let mut path = vec![start];
    let cycle = loop {
        let last = path[path.len() - 1];
        let next = needs[last]
            .iter()
            .copied()
            .find(|&need| waiting[need] > 0)
            .expect("a job that waits for ever needs one that does");
        if let Some(at) = path.iter().position(|&job| job == next) {
            path.push(next);
            break path.split_off(at);
        }
        path.push(next);
    };
    let names: Vec<String> =
        cycle.iter().map(|&job| format!("`{}`", table.job[job].name.get_ref())).collect();
    let row = &table.job[cycle[0]];
    let span = row.needs.as_ref().map_or_else(|| row.name.span(), |needs| needs.span());
    let message = format!("the jobs need each other in a circle: {}", names.join(" needs "));
    draft.error("needs-cycle", span, message, "take one of them out of `needs`");
}
