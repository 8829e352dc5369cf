//! The schema as a whole: what a new database gets.

use askama::Template;

use super::cases::Cases;
use super::names::{Names, escaped, literal};
use super::observe::Observed;
use super::renames::Renames;
use super::rules::Rules;
use super::wording::{LISTED, Wording};
use crate::emit::sql::{Dialect, KeyType, Mode, SqlTarget, Storage};
use crate::machine::Machine;

#[derive(Template)]
#[template(path = "sql/postgres.sql")]
struct Postgres<'m> {
    header: String,
    n: Names,
    table_literal: String,
    column_literal: String,
    column_word: String,
    key_literal: String,
    key_word: String,
    table_name: String,
    /// The category of types that the column has to be of.
    column_class: char,
    storage: &'static str,
    key_types: &'static str,
    key_type: &'static str,
    /// Whether phasegate makes the table.
    owns: bool,
    /// Whether there is a history, of rows that are older than it.
    adopts: bool,
    history: bool,
    /// Whether the guard enforces or observes.
    mode: &'static str,
    observed: Option<&'m Observed>,
    was_observed: bool,
    /// Whether the database makes the keys.
    identity: bool,
    /// Of the enum type, where phasegate makes one.
    labels: Vec<String>,
    default: String,
    rules: Rules,
    /// Whether steps of a state to itself are logged: that takes a trigger that holds the column's type,
    /// which an application's own column is to be rid of.
    again: bool,
    listed: usize,
}

#[derive(Template)]
#[template(path = "sql/sqlite.sql")]
struct Sqlite<'m> {
    header: String,
    n: Names,
    table_literal: String,
    column_literal: String,
    column_word: String,
    key_literal: String,
    key_word: String,
    owns: bool,
    adopts: bool,
    history: bool,
    identity: bool,
    default: String,
    r: Cases,
    words: Wording,
    observe: bool,
    observed: Option<&'m Observed>,
}

/// What puts SQLite's guards back on a table that was made anew.
#[derive(Template)]
#[template(path = "sql/sqlite-guards.sql")]
struct Guards {
    header: String,
    n: Names,
    owns: bool,
    history: bool,
    observe: bool,
    r: Cases,
    words: Wording,
}

/// SQLite's guards alone, under this header.
pub(super) fn guards(machine: &Machine, sql: &SqlTarget, header: String) -> String {
    let guards = Guards {
        header,
        n: Names::new(machine, sql, Dialect::Sqlite),
        owns: sql.owns,
        history: sql.events.is_some(),
        observe: sql.mode == Mode::Observe,
        // The guards have the rules of today alone.
        r: Cases::of(machine, &Renames::new()),
        words: Wording::of(machine),
    };
    tidy(&guards.render().expect("the template prints strings alone"))
}

/// Whether a state may become itself.
pub(super) fn repeats(machine: &Machine) -> bool {
    machine.transitions().any(|(from, to, _)| from == to)
}

/// The default state, as a literal.
pub(super) fn default(machine: &Machine) -> String {
    literal(&machine.state(machine.initial[0]).value)
}

/// The whole schema, under this header.
pub(super) fn text(machine: &Machine, sql: &SqlTarget, dialect: Dialect, header: String) -> String {
    let n = Names::new(machine, sql, dialect);
    let owns = sql.owns;
    let history = sql.events.is_some();
    let adopts = !owns && history;
    let identity = sql.key_type == KeyType::Bigint;
    let default = default(machine);
    let observed = Observed::of(machine, sql);
    let observed = observed.as_ref();
    let text = match dialect {
        Dialect::Postgres => {
            let labels = match sql.storage {
                Storage::Enum => machine.states.iter().map(|state| literal(&state.value)).collect(),
                Storage::Text => Vec::new(),
            };
            Postgres {
                header,
                table_literal: literal(&n.table),
                table_name: escaped(&n.table.replace('"', "")),
                column_literal: literal(&sql.column),
                column_word: escaped(&sql.column),
                key_literal: literal(&sql.key),
                key_word: escaped(&sql.key),
                column_class: match sql.storage {
                    Storage::Enum => 'E',
                    Storage::Text => 'S',
                },
                storage: sql.storage.as_str(),
                key_types: match sql.key_type {
                    KeyType::Text => "'text', 'character varying', 'character', 'citext', 'name'",
                    KeyType::Uuid => "'uuid'",
                    KeyType::Bigint => "'bigint', 'integer', 'smallint'",
                },
                key_type: sql.key_type.as_str(),
                n,
                owns,
                adopts,
                history,
                mode: sql.mode.as_str(),
                observed,
                was_observed: false,
                identity,
                labels,
                default,
                rules: Rules::of(machine, sql.mode, &Renames::new()),
                again: history && (owns || repeats(machine)),
                listed: LISTED,
            }
            .render()
        }
        Dialect::Sqlite => Sqlite {
            header,
            table_literal: literal(&sql.table),
            column_literal: literal(&sql.column),
            column_word: escaped(&sql.column),
            key_literal: literal(&sql.key),
            key_word: escaped(&sql.key),
            n,
            owns,
            adopts,
            history,
            identity,
            default,
            r: Cases::of(machine, &Renames::new()),
            words: Wording::of(machine),
            observe: observed.is_some(),
            observed,
        }
        .render(),
    };
    tidy(&text.expect("the template prints strings alone"))
}

/// One line's end at the end.
pub(super) fn tidy(text: &str) -> String {
    format!("{}\n", text.trim_end())
}
