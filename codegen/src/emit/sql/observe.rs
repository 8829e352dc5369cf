//! Observing: the view of what was let through, and the migration from one mode to the other.

use askama::Template;

use super::cases::Cases;
use super::change::Migration;
use super::names::{Names, literal};
use super::renames::Renames;
use super::rules::Rules;
use super::schema;
use super::wording::Wording;
use crate::emit::sql::{Dialect, Mode, SqlTarget};
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
    /// Of a table that observes.
    pub(super) fn of(machine: &Machine, sql: &SqlTarget) -> Option<Self> {
        let notes = |of: fn(&State) -> Option<String>| {
            let note = |state: &State| Some((literal(&state.value), literal(&of(state)?)));
            machine.states.iter().filter_map(note).collect()
        };
        let apart: Vec<&State> = machine.states.iter().filter(|s| s.name != s.value).collect();
        let ends = machine.states.iter().filter(|state| state.is_ended());
        (sql.mode == Mode::Observe).then(|| Self {
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

#[derive(Template)]
#[template(path = "sql/postgres-switch.sql")]
struct Postgres<'m> {
    header: &'m str,
    n: &'m Names,
    mode: &'static str,
    rules: Rules,
    switches: bool,
    observed: Option<&'m Observed>,
    /// Whether the view was there before.
    was_observed: bool,
}

#[derive(Template)]
#[template(path = "sql/sqlite-switch.sql")]
struct Sqlite<'m> {
    header: &'m str,
    n: &'m Names,
    owns: bool,
    history: bool,
    observe: bool,
    switches: bool,
    observed: Option<&'m Observed>,
    /// Whether the view was there before.
    was_observed: bool,
    r: Cases,
    words: Wording,
}

/// The migration that switches the guard, or names states anew in what it observes; none where
/// neither is asked for. It comes after what changes the rules, so that what was observed can be
/// made legal and enforced in one go.
pub(super) fn switch(
    (old, old_sql): (&Machine, &SqlTarget),
    (new, sql): (&Machine, &SqlTarget),
    dialect: Dialect,
    names: &Renames<'_>,
    header: &str,
) -> Option<Migration> {
    let (before, after) = (Observed::of(old, old_sql), Observed::of(new, sql));
    if before == after {
        return None;
    }
    let n = Names::new(new, sql, dialect);
    let switches = old_sql.mode != sql.mode;
    let text = match dialect {
        Dialect::Postgres => {
            let (mode, was_observed) = (sql.mode.as_str(), before.is_some());
            let rules = Rules::of(new, sql.mode, names);
            let observed = after.as_ref();
            Postgres { header, n: &n, mode, rules, switches, observed, was_observed }.render()
        }
        Dialect::Sqlite => Sqlite {
            header,
            n: &n,
            owns: sql.owns,
            history: sql.events.is_some(),
            observe: after.is_some(),
            switches,
            observed: after.as_ref(),
            was_observed: before.is_some(),
            r: Cases::of(new, names),
            words: Wording::of(new),
        }
        .render(),
    };
    let name = format!("{}_{}", sql.mode.as_str(), new.name);
    let text = schema::tidy(&text.expect("the template prints strings alone"));
    Some(Migration { name, text })
}
