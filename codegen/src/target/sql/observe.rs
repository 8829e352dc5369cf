//! Observing: the view of what was let through, and the migration from one mode to the other.

use askama::Template;

use super::change::Migration;
use super::names::{Names, literal};
use super::schema;
use super::wording::Wording;
use crate::machine::Machine;
use crate::targets::{Dialect, Mode, SqlTarget};

/// What the view of what was let through depends on.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Observed {
    /// The states that are stored under another value, as literals of value and name: the rows that
    /// the view gives are for the table, which speaks names.
    pub(super) renamed: Vec<(String, String)>,
}

impl Observed {
    /// Of a table that observes.
    pub(super) fn of(machine: &Machine, sql: &SqlTarget) -> Option<Self> {
        let apart = machine.states.iter().filter(|state| state.name != state.value);
        let renamed = apart.map(|state| (literal(&state.value), literal(&state.name))).collect();
        (sql.mode == Mode::Observe).then_some(Self { renamed })
    }
}

#[derive(Template)]
#[template(path = "sql/postgres-switch.sql")]
struct Postgres<'m> {
    header: &'m str,
    n: &'m Names,
    mode: &'static str,
    switches: bool,
    observed: Option<&'m Observed>,
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
    words: Wording,
}

/// The migration that switches the guard, or names states anew in what it observes; none where
/// neither is asked for. It comes after what changes the rules, so that what was observed can be
/// made legal and enforced in one go.
pub(super) fn switch(
    (old, old_sql): (&Machine, &SqlTarget),
    (new, sql): (&Machine, &SqlTarget),
    dialect: Dialect,
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
            let mode = sql.mode.as_str();
            Postgres { header, n: &n, mode, switches, observed: after.as_ref() }.render()
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
            words: Wording::of(new),
        }
        .render(),
    };
    let name = format!("{}_{}", sql.mode.as_str(), new.name);
    let text = schema::tidy(&text.expect("the template prints strings alone"));
    Some(Migration { name, text })
}
