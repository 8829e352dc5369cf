//! States: what each attribute asks for, which states can be reached, and which can end.

use std::collections::HashSet;

use super::{Draft, is_set};
use crate::machine::{Expect, StateId};
use crate::rules;
use crate::search::closure;
use crate::suggest;
use crate::table::LOST;

pub(super) fn initial(draft: &mut Draft<'_>) {
    let table = draft.table;
    let initial = &table.machine.initial;
    draft.starts_known = !table.machine.has_lost("initial") && !initial.names.is_empty();
    if initial.names.is_empty() && !table.machine.has_lost("initial") {
        let help = "name the state that a new row starts in: initial = \"...\"";
        draft.error(rules::EMPTY_LIST, initial.span.clone(), "`initial` is an empty list", help);
    }
    let mut seen = HashSet::new();
    for name in &initial.names {
        let Some(found) = draft.state(name, "`initial`") else {
            draft.starts_known = false;
            continue;
        };
        let state = found.state;
        let text = suggest::shown(name.get_ref());
        if !seen.insert(state) {
            if found.sure {
                let message = format!("`initial` lists `{text}` twice");
                draft.error(rules::DUPLICATE_ENTRY, name.span(), message, "list each state once");
            }
            continue;
        }
        draft.initial.push(state);
        if !found.sure {
            continue;
        }
        if draft.is_retired(state) {
            let message = format!("the initial state `{text}` is retired");
            let help = "nothing enters a retired state: start in another";
            draft.error(rules::INITIAL_RETIRED, name.span(), message, help);
        }
        if draft.is_optional(state) {
            let message = format!("the initial state `{text}` is optional");
            let help = "a row always starts in a state that is reported: remove `optional`";
            draft.error(rules::INITIAL_OPTIONAL, name.span(), message, help);
        }
        // A machine of one state starts and ends in it.
        let alone = table.state.len() == 1;
        let is_terminal = || {
            let relation = draft.whole_relation();
            relation.is_some_and(|relation| draft.is_terminal(&relation, state))
        };
        if !alone && (draft.has_outcome(state) || is_terminal()) {
            let message = format!("the initial state `{text}` is an end");
            let help = "a row starts in a state that leads on and has no `outcome`: start in \
                        another, or add a transition from it";
            draft.error(rules::INITIAL_ENDED, name.span(), message, help);
        }
    }
}

pub(super) fn phases(draft: &mut Draft<'_>) {
    let table = draft.table;
    for state in draft.state_ids() {
        let Some(phase) = &draft.row(state).phase else { continue };
        if phase.get_ref() != LOST && !draft.phases.contains_key(phase.get_ref().as_str()) {
            let names = table.phase.iter().map(|row| row.name.get_ref().as_str());
            let unread = draft.unread.phases;
            draft.unknown(rules::UNKNOWN_PHASE, phase, "`phase`", "phase", names, unread);
        }
    }
}

pub(super) fn attributes(draft: &mut Draft<'_>) {
    for state in draft.state_ids() {
        let row = draft.row(state);
        let name = suggest::shown(row.name.get_ref());
        if let (Some(completes), None) = (&row.completes, &row.phase)
            && *completes.get_ref()
            && !row.has_lost("phase")
        {
            let message = format!("`{name}` completes a phase and belongs to none");
            let help = "add the `phase` that it completes, or remove `completes`";
            draft.error(rules::COMPLETES_WITHOUT_PHASE, completes.span(), message, help);
        }
        if let (Some(reopens), None) = (&row.reopens, &row.outcome)
            && *reopens.get_ref()
            && !row.has_lost("outcome")
        {
            let message = format!("`{name}` reopens and is no end");
            let help = "`reopens` goes with an `outcome`: add it, or remove `reopens`";
            draft.error(rules::REOPENS_WITHOUT_OUTCOME, reopens.span(), message, help);
        }
        if let Some(expect) = &row.expect
            && expect.get_ref() != LOST
            && let Err(wanted) = expect.get_ref().parse::<Expect>()
        {
            let message = format!("`expect` of `{name}` is {}", suggest::shown(expect.get_ref()));
            draft.error(rules::EXPECT_MALFORMED, expect.span(), message, format!("say {wanted}"));
        }
        if let Some(optional) = &row.optional
            && *optional.get_ref()
            && draft.has_outcome(state)
        {
            let message = format!("the optional state `{name}` has an outcome");
            let help = "nothing could make up for the loss of an end: remove `optional`";
            draft.error(rules::OPTIONAL_END, optional.span(), message, help);
        }
    }
}

/// Ends that are left all the same. What is known of the relation is enough for that: more of it
/// only leaves them more often.
pub(super) fn ends_that_are_left(draft: &mut Draft<'_>) {
    let Some(relation) = draft.relation.clone() else { return };
    for state in draft.named_states() {
        let row = draft.row(state);
        let Some(outcome) = &row.outcome else { continue };
        let goes_on = !draft.is_terminal(&relation, state);
        if goes_on && !is_set(row.reopens.as_ref()) && !row.has_lost("reopens") {
            let name = suggest::shown(row.name.get_ref());
            let next: Vec<StateId> = relation.legal_from(state).filter(|&to| to != state).collect();
            let message = format!("`{name}` has an outcome, and goes on to {}", draft.list(next));
            let help =
                "an end is left only with `reopens = true`: add it, or remove the transitions";
            draft.error(rules::OUTCOME_LEFT, outcome.span(), message, help);
        }
    }
}

/// States that no transition leaves, and that some attribute wants left.
pub(super) fn ends_that_are_not_left(draft: &mut Draft<'_>) {
    let Some(relation) = draft.whole_relation() else { return };
    for state in draft.named_states() {
        if !draft.is_terminal(&relation, state) {
            continue;
        }
        let row = draft.row(state);
        let name = suggest::shown(row.name.get_ref());
        if let Some(optional) = &row.optional
            && *optional.get_ref()
            && !draft.has_outcome(state)
        {
            let message = format!("no transition leaves the optional state `{name}`");
            let help = "nothing could make up for the loss of an end: remove `optional`, or add a transition";
            draft.error(rules::OPTIONAL_END, optional.span(), message, help);
        }
        if let Some(expect) = &row.expect {
            let message = format!("`{name}` has `expect`, and no transition leaves it");
            let help = "a row stays at its end: remove `expect`, or add a transition";
            draft.error(rules::EXPECT_TERMINAL, expect.span(), message, help);
        }
        if let (Some(reopens), true) = (&row.reopens, draft.has_outcome(state))
            && *reopens.get_ref()
        {
            let message = format!("`{name}` reopens, and no transition leaves it");
            let help = "add a transition from it, or remove `reopens`";
            draft.error(rules::REOPENS_TERMINAL, reopens.span(), message, help);
        }
    }
}

pub(super) fn reachable(draft: &mut Draft<'_>) {
    let Some(relation) = draft.whole_relation().filter(|_| draft.starts_known) else { return };
    // A state whose `retired` could not be read may be retired.
    let may_be_held =
        |&state: &StateId| draft.is_retired(state) || draft.row(state).has_lost("retired");
    let sources = draft.initial.iter().copied().chain(draft.state_ids().filter(may_be_held));
    let reached = closure(sources, |state| relation.legal_from(state));
    for state in draft.named_states().into_iter().filter(|state| !reached.contains(state)) {
        let row = draft.row(state);
        let name = suggest::shown(row.name.get_ref());
        let message = format!("no sequence of transitions leads to `{name}`");
        let help =
            "add a transition to it, or retire it (`retired = true`) where rows still hold it";
        draft.error(rules::UNREACHABLE, row.name.span(), message, help);
    }
}

pub(super) fn ways_out(draft: &mut Draft<'_>) {
    let Some(relation) = draft.whole_relation() else { return };
    let named = draft.named_states();
    let is_end = |state: StateId| draft.has_outcome(state) || draft.is_terminal(&relation, state);
    let ends: Vec<StateId> = named.iter().copied().filter(|&state| is_end(state)).collect();
    if ends.iter().all(|&state| draft.is_retired(state)) {
        return;
    }
    let before = relation.before();
    let leads = closure(ends.iter().copied(), |state| before[state.index()].iter().copied());
    for state in named.into_iter().filter(|state| !leads.contains(state)) {
        let row = draft.row(state);
        let name = suggest::shown(row.name.get_ref());
        let message = format!("from `{name}` no end can be reached");
        let living = ends.iter().copied().filter(|&state| !draft.is_retired(state));
        let help = format!("add a transition that leads to an end: {}", draft.list(living));
        draft.error(rules::NO_WAY_TO_END, row.name.span(), message, help);
    }
}
