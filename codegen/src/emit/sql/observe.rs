//! What the view of what was let through depends on.

use super::quote::literal;
use crate::emit::sql::Mode;
use crate::machine::{Machine, State};

/// What the view of what was let through depends on: what the rows of the rules don't say, as literals.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Observed {
    /// The states that are stored under another value, by value and name: the rows that the view
    /// gives are for the table, which speaks names.
    pub(super) renamed: Vec<(String, String)>,
    /// Their names, which no other state can have as its value.
    pub(super) names: Vec<String>,
    /// What the table would refuse a transition from a state for, and what to say first.
    pub(super) leaves: Vec<(String, String)>,
    /// What it would refuse a transition to a state for.
    pub(super) enters: Vec<(String, String)>,
    /// What it would refuse a start in a state for.
    pub(super) starts: Vec<(String, String)>,
    /// The states that no row can start in, whatever is said of them.
    pub(super) ends: Vec<String>,
    /// Whether there is no end yet: with the first one, every state needs a way to it.
    pub(super) endless: bool,
}

impl Observed {
    /// Of a guard that observes.
    pub(super) fn of(machine: &Machine, mode: Mode) -> Option<Self> {
        let notes = |of: fn(&State) -> Option<String>| {
            let note = |state: &State| Some((literal(&state.value), literal(&of(state)?)));
            machine.states.iter().filter_map(note).collect()
        };
        let apart: Vec<&State> = machine.states.iter().filter(|s| s.name != s.value).collect();
        let ends = machine.states.iter().filter(|state| state.is_ended());
        (mode == Mode::Observe).then(|| Self {
            renamed: apart.iter().map(|s| (literal(&s.value), literal(&s.name))).collect(),
            names: apart.iter().map(|state| literal(&state.name)).collect(),
            leaves: notes(leaves),
            enters: notes(|state| off(state, state.retired, false)),
            starts: notes(|state| {
                (!state.is_ended()).then(|| off(state, state.retired, state.optional)).flatten()
            }),
            endless: ends.clone().all(|state| state.retired),
            ends: ends.map(|state| literal(&state.value)).collect(),
        })
    }
}

/// An end is not left, unless the table says so.
fn leaves(state: &State) -> Option<String> {
    let name = &state.name;
    match (&state.outcome, state.terminal) {
        (Some(_), true) => Some(format!("# first say `reopens = true` at the state `{name}`")),
        (None, true) => Some(format!(
            "# an end no more: where rows end in `{name}` all the same, say `outcome` and \
             `reopens = true` there"
        )),
        (Some(_) | None, false) => None,
    }
}

/// What has to be taken off a state first.
fn off(state: &State, retired: bool, optional: bool) -> Option<String> {
    let keys = [(retired, "`retired = true`"), (optional, "`optional = true`")];
    let keys: Vec<&str> =
        keys.into_iter().filter_map(|(is_set, key)| is_set.then_some(key)).collect();
    let all = keys.join(" and ");
    (!keys.is_empty()).then(|| format!("# first take {all} off the state `{}`", state.name))
}
