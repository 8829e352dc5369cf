//! What is allowed, and probably not what was meant.

use std::collections::HashSet;

use super::Draft;
use super::jobs::reported;
use crate::machine::Kind;
use crate::rules;
use crate::suggest::shown;
use crate::table::{JobRow, Placed};

pub(super) fn only_star_leads_on(draft: &mut Draft<'_>) {
    if draft.broken {
        return;
    }
    let (named, starred) = draft.pairs.leave();
    for state in draft.named_states() {
        if !draft.has_outcome(state) && starred[state.index()] && !named[state.index()] {
            let row = draft.row(state);
            let message = format!("only `\"*\"` leads on from `{}`", shown(row.name.get_ref()));
            let help = "add the transition that it is there for, or give it an `outcome`";
            draft.warning(rules::ONLY_STAR_LEADS_ON, row.name.span(), message, help);
        }
    }
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
    for state in draft.named_states() {
        if !draft.is_optional(state) {
            continue;
        }
        // Of the skips over a state the shortest passes over it alone.
        let opens = draft.state_ids().any(|from| {
            from != state
                && relation.is_legal(from, state)
                && relation.legal_from(state).any(|to| relation.kind(from, to) == Some(Kind::Skip))
        });
        if !opens {
            let row = draft.row(state);
            let span = row.optional.as_ref().map_or_else(|| row.name.span(), toml::Spanned::span);
            let message =
                format!("no skip passes over the optional state `{}`", shown(row.name.get_ref()));
            let help = "what it could be passed over for is declared, or nothing is: remove `optional`, or the transitions around it";
            draft.warning(rules::OPTIONAL_WITHOUT_SKIP, span, message, help);
        }
    }
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
    for state in draft.named_states() {
        let row = draft.row(state);
        let name = row.name.get_ref().as_str();
        if !reported.contains(name) && !draft.initial.contains(&state) && !draft.is_retired(state) {
            let message = format!("no job reports `{}`", shown(name));
            let help = "report it in a [[job]], or leave it to whoever writes it";
            draft.warning(rules::NEVER_REPORTED, row.name.span(), message, help);
        }
    }
}
