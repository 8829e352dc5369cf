//! States: what each attribute asks for, which states can be reached, and which can end.

use std::collections::HashSet;

use super::{Draft, is_set};
use crate::machine::StateId;
use crate::suggest;
use crate::table::LOST;

pub(super) fn initial(draft: &mut Draft<'_>) {
    let table = draft.table;
    let initial = &table.machine.initial;
    if initial.names.is_empty() {
        let help = "name the state that a new row starts in: initial = \"...\"";
        draft.error("empty-list", initial.span.clone(), "`initial` is an empty list", help);
    }
    let mut seen = HashSet::new();
    for name in &initial.names {
        let Some(state) = draft.state(name, "`initial`") else { continue };
        if !seen.insert(state) {
            let message = format!("`initial` lists `{}` twice", name.get_ref());
            draft.error("duplicate-entry", name.span(), message, "list each state once");
            continue;
        }
        draft.initial.push(state);
        if draft.is_retired(state) {
            let message = format!("the initial state `{}` is retired", name.get_ref());
            let help = "nothing enters a retired state: start in another";
            draft.error("initial-retired", name.span(), message, help);
        }
        if draft.is_optional(state) {
            let message = format!("the initial state `{}` is optional", name.get_ref());
            let help = "a row always starts in a state that is reported: remove `optional`";
            draft.error("initial-optional", name.span(), message, help);
        }
    }
}

pub(super) fn phases(draft: &mut Draft<'_>) {
    let table = draft.table;
    for state in draft.state_ids() {
        let Some(phase) = &draft.row(state).phase else { continue };
        if phase.get_ref() != LOST && !draft.phases.contains_key(phase.get_ref().as_str()) {
            let names: Vec<&str> =
                table.phase.iter().map(|row| row.name.get_ref().as_str()).collect();
            draft.unknown("unknown-phase", phase, "`phase`", "phase", &names);
        }
    }
}

pub(super) fn attributes(draft: &mut Draft<'_>) {
    for state in draft.state_ids() {
        let row = draft.row(state);
        let name = suggest::shown(row.name.get_ref());
        if let (Some(completes), None) = (&row.completes, &row.phase)
            && *completes.get_ref()
        {
            let message = format!("`{name}` completes a phase and belongs to none");
            let help = "add the `phase` that it completes, or remove `completes`";
            draft.error("completes-without-phase", completes.span(), message, help);
        }
        if let (Some(reopens), None) = (&row.reopens, &row.outcome)
            && *reopens.get_ref()
        {
            let message = format!("`{name}` reopens and is no end");
            let help = "`reopens` goes with an `outcome`: add it, or remove `reopens`";
            draft.error("reopens-without-outcome", reopens.span(), message, help);
        }
        if let (Some(optional), Some(_)) = (&row.optional, &row.outcome)
            && *optional.get_ref()
        {
            let message = format!("the optional state `{name}` has an outcome");
            let help = "nothing could make up for the loss of an end: remove `optional`";
            draft.error("optional-end", optional.span(), message, help);
        }
    }
}

/// What hangs on whether a state is terminal.
pub(super) fn ends(draft: &mut Draft<'_>) {
    let Some(relation) = draft.relation.take() else { return };
    for state in draft.state_ids() {
        let row = draft.row(state);
        let name = suggest::shown(row.name.get_ref());
        let terminal = draft.is_terminal(&relation, state);
        if let Some(optional) = &row.optional
            && *optional.get_ref()
            && terminal
            && row.outcome.is_none()
        {
            let message = format!("no transition leaves the optional state `{name}`");
            let help = "nothing could make up for the loss of an end: remove `optional`, or add a transition";
            draft.error("optional-end", optional.span(), message, help);
        }
        if let (Some(reopens), Some(_)) = (&row.reopens, &row.outcome)
            && *reopens.get_ref()
            && terminal
        {
            let message = format!("`{name}` reopens, and no transition leaves it");
            let help = "add a transition from it, or remove `reopens`";
            draft.error("reopens-terminal", reopens.span(), message, help);
        }
        if let Some(outcome) = &row.outcome
            && !is_set(row.reopens.as_ref())
            && !terminal
        {
            let next: Vec<StateId> = relation.legal_from(state).filter(|&to| to != state).collect();
            let message = format!("`{name}` has an outcome, and goes on to {}", draft.list(next));
            let help =
                "an end is left only with `reopens = true`: add it, or remove the transitions";
            draft.error("outcome-left", outcome.span(), message, help);
        }
        let alone = draft.table.state.len() == 1;
        if draft.initial.contains(&state) && !alone && (terminal || row.outcome.is_some()) {
            let span = draft.table.machine.initial.span.clone();
            let message = format!("the initial state `{name}` is an end");
            let help = "a row starts in a state that leads on: add a transition from it, or start in another";
            draft.error("initial-ended", span, message, help);
        }
    }
    draft.relation = Some(relation);
}

pub(super) fn reachable(draft: &mut Draft<'_>) {
    let Some(relation) = draft.relation.take() else { return };
    let mut reached: HashSet<StateId> = draft.initial.iter().copied().collect();
    reached.extend(draft.state_ids().filter(|&state| draft.is_retired(state)));
    let mut waiting: Vec<StateId> = reached.iter().copied().collect();
    while let Some(state) = waiting.pop() {
        waiting.extend(relation.legal_from(state).filter(|&to| reached.insert(to)));
    }
    for state in draft.state_ids().filter(|state| !reached.contains(state)) {
        let row = draft.row(state);
        let message = format!("no sequence of transitions leads to `{}`", row.name.get_ref());
        let help =
            "add a transition to it, or retire it (`retired = true`) where rows still hold it";
        draft.error("unreachable", row.name.span(), message, help);
    }
    draft.relation = Some(relation);
}

pub(super) fn ways_out(draft: &mut Draft<'_>) {
    let Some(relation) = draft.relation.take() else { return };
    let is_end = |state: StateId| draft.has_outcome(state) || draft.is_terminal(&relation, state);
    let ends: Vec<StateId> = draft.state_ids().filter(|&state| is_end(state)).collect();
    if ends.iter().any(|&state| !draft.is_retired(state)) {
        let mut before = vec![Vec::new(); draft.table.state.len()];
        for from in draft.state_ids() {
            for to in relation.legal_from(from) {
                before[to.index()].push(from);
            }
        }
        let mut leads: HashSet<StateId> = ends.iter().copied().collect();
        let mut waiting = ends.clone();
        while let Some(state) = waiting.pop() {
            waiting
                .extend(before[state.index()].iter().copied().filter(|&from| leads.insert(from)));
        }
        for state in draft.state_ids().filter(|state| !leads.contains(state)) {
            let row = draft.row(state);
            let message = format!("from `{}` no end can be reached", row.name.get_ref());
            let help = format!(
                "add a transition that leads to an end: {}",
                draft.list(ends.iter().copied())
            );
            draft.error("no-way-to-end", row.name.span(), message, help);
        }
    }
    draft.relation = Some(relation);
}
