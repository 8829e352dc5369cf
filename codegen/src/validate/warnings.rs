//! What is allowed, and probably not what was meant.

use std::collections::HashSet;
use std::ops::Range;

use super::Draft;
use super::jobs::reported;
use crate::finding::{Finding, Severity};
use crate::machine::{Kind, StateId};
use crate::rules::{self, Rule};
use crate::suggest::shown;
use crate::table::{JobRow, Placed};

/// Of more states than these one warning is reported for all.
const MOST_BY_THEMSELVES: usize = 8;

/// A warning for each state where it stands; where they are many, one for all of them.
fn each_or_all(
    draft: &mut Draft<'_>,
    rule: &'static Rule,
    found: &[(StateId, Range<usize>)],
    message: impl Fn(Option<usize>, &str) -> String,
    help: &str,
) {
    if let [(_, first), ..] = found
        && found.len() > MOST_BY_THEMSELVES
    {
        let names = draft.list(found.iter().map(|(state, _)| *state));
        // A message names some of them; what it is about is all of them.
        let mut all: Vec<&str> = found.iter().map(|(state, _)| draft.name(*state)).collect();
        all.sort_unstable();
        let subject = Some(all.join("\n"));
        let message = message(Some(found.len()), &names);
        let (source, severity) = (draft.source, Severity::Warning);
        let finding = source.finding(rule, severity, first.clone(), message, help);
        draft.findings.push(Finding { subject, ..finding });
        return;
    }
    for (state, span) in found {
        let name = format!("`{}`", shown(draft.name(*state)));
        draft.warning(rule, span.clone(), message(None, &name), help);
    }
}

pub(super) fn only_star_leads_on(draft: &mut Draft<'_>) {
    if draft.broken {
        return;
    }
    let (named, starred) = draft.pairs.leave();
    let states = draft.named_states().into_iter().filter(|&state| {
        // Nothing enters a retired state: no way on from it is missing.
        let is_left = starred[state.index()] && !named[state.index()];
        !draft.has_outcome(state) && !draft.is_retired(state) && is_left
    });
    let found: Vec<_> = states.map(|state| (state, draft.row(state).name.span())).collect();
    let message = |count: Option<usize>, names: &str| match count {
        None => format!("only `\"*\"` leads on from {names}"),
        Some(count) => format!("only `\"*\"` leads on from {count} states: {names}"),
    };
    let help = "add the transition that it is there for, or give it an `outcome`";
    each_or_all(draft, rules::ONLY_STAR_LEADS_ON, &found, message, help);
}

pub(super) fn phase_without_states(draft: &mut Draft<'_>) {
    let table = draft.table;
    let used: HashSet<&str> = table
        .state
        .iter()
        .filter_map(|row| row.phase.as_ref())
        .map(|phase| phase.get_ref().as_str())
        .collect();
    // A phase that could not be read may be any.
    let unread = table.state.iter().any(|row| row.has_lost("phase"));
    let unknown = used.iter().any(|phase| !draft.phases.contains_key(phase));
    if used.is_empty() || unread || unknown || table.lost.contains("state") {
        return;
    }
    for row in table.phase.iter().filter(|row| !used.contains(row.name.get_ref().as_str())) {
        let message = format!("no state belongs to the phase `{}`", shown(row.name.get_ref()));
        let help = "the stepper can only show it as not reached or not needed: give it a state";
        draft.warning(rules::PHASE_WITHOUT_STATES, row.name.span(), message, help);
    }
}

pub(super) fn optional_without_skip(draft: &mut Draft<'_>) {
    let Some(relation) = draft.whole_relation() else { return };
    let states = draft.named_states().into_iter().filter(|&state| draft.is_optional(state));
    // Of the skips over a state the shortest passes over only that state.
    let opens = |state| {
        draft.state_ids().any(|from| {
            from != state
                && relation.is_legal(from, state)
                && relation.legal_from(state).any(|to| relation.kind(from, to) == Some(Kind::Skip))
        })
    };
    // A job goes on without a report of an optional state: that is of use where the state can be passed
    // over, by whatever is declared.
    let reported: HashSet<&str> = (draft.table.job.iter())
        .flat_map(|row| reported(row))
        .map(|(_, name)| name.get_ref().as_str())
        .collect();
    let tolerates = |state| {
        reported.contains(draft.name(state))
            && draft.state_ids().any(|from| {
                let passes = |to| to != state && relation.is_legal(state, to);
                from != state
                    && relation.is_legal(from, state)
                    && relation.legal_from(from).any(passes)
            })
    };
    let useless = states.filter(|&state| !opens(state) && !tolerates(state)).map(|state| {
        let row = draft.row(state);
        (state, row.optional.as_ref().map_or_else(|| row.name.span(), toml::Spanned::span))
    });
    let found: Vec<_> = useless.collect();
    let message = |count: Option<usize>, names: &str| match count {
        None => format!("no skip passes over the optional state {names}"),
        Some(count) => format!("no skip passes over {count} optional states: {names}"),
    };
    let help = "`optional` changes nothing here: remove it, or remove the transitions that are declared \
                around the state";
    each_or_all(draft, rules::OPTIONAL_WITHOUT_SKIP, &found, message, help);
}

pub(super) fn never_reported(draft: &mut Draft<'_>) {
    let table = draft.table;
    const REPORTS: [&str; 5] = ["start", "milestones", "success", "failure", "cancelled"];
    let unread = |row: &Placed<JobRow>| REPORTS.iter().any(|key| row.has_lost(key));
    let names = || table.job.iter().flat_map(|row| reported(row)).map(|(_, name)| name.get_ref());
    // A report that could not be read, or that names nothing, may be of any state.
    if table.job.is_empty()
        || table.lost.contains("job")
        || table.job.iter().any(unread)
        || !names().all(|name| draft.states.contains_key(name.as_str()))
        || !draft.starts_known
    {
        return;
    }
    let reported: HashSet<&str> = names().map(String::as_str).collect();
    let states = draft.named_states().into_iter().filter(|&state| {
        let is_reported = reported.contains(draft.name(state));
        !is_reported && !draft.initial.contains(&state) && !draft.is_retired(state)
    });
    let found: Vec<_> = states.map(|state| (state, draft.row(state).name.span())).collect();
    let message = |count: Option<usize>, names: &str| match count {
        None => format!("no job reports {names}"),
        Some(count) => format!("no job reports {count} states: {names}"),
    };
    let help = "report it in a [[job]], or leave it to the application that writes it";
    each_or_all(draft, rules::NEVER_REPORTED, &found, message, help);
}
