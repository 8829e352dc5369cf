//! The schema as a whole: what a new database gets.

use askama::Template;

use super::names::{Names, literal};
use super::observe::Observed;
use super::rows::{self, Chunk};
use super::wording::{LISTED, Wording};
use crate::machine::Machine;
use crate::targets::{Dialect, KeyType, SqlTarget, Storage};

#[derive(Template)]
#[template(path = "sql/postgres.sql")]
struct Postgres<'m> {
    header: String,
    n: Names,
    /// Whether phasegate makes the table.
    owns: bool,
    /// Whether there is a history, of rows that are older than it.
    adopts: bool,
    history: bool,
    /// Whether the guard enforces or observes.
    mode: &'static str,
    observed: Option<&'m Observed>,
    /// Whether the database makes the keys.
    identity: bool,
    /// Of the enum type, where phasegate makes one.
    labels: Vec<String>,
    default: String,
    states: Vec<Chunk>,
    transitions: Vec<Chunk>,
    fingerprint: &'m str,
    listed: usize,
    /// What the list of legal states is taken from.
    legal: String,
}

#[derive(Template)]
#[template(path = "sql/sqlite.sql")]
struct Sqlite<'m> {
    header: String,
    n: Names,
    owns: bool,
    adopts: bool,
    history: bool,
    identity: bool,
    default: String,
    states: Vec<Chunk>,
    transitions: Vec<Chunk>,
    fingerprint: &'m str,
    words: Wording,
    observe: bool,
    observed: Option<&'m Observed>,
}

/// The default state, as a literal.
pub(super) fn default(machine: &Machine) -> String {
    literal(&machine.state(machine.initial[0]).value)
}

/// The whole schema, under this header.
pub(super) fn text(machine: &Machine, sql: &SqlTarget, dialect: Dialect, header: String) -> String {
    let n = Names::new(machine, sql, dialect);
    let states = rows::states(machine, dialect, |_, _| true);
    let transitions = rows::transitions(machine, |_, _, _| true);
    let owns = sql.owns;
    let history = sql.events.is_some();
    let adopts = !owns && history;
    let identity = sql.key_type == KeyType::Bigint;
    let default = default(machine);
    let observed = Observed::of(machine, sql);
    let observed = observed.as_ref();
    let fingerprint = machine.fingerprints.language.as_str();
    let text = match dialect {
        Dialect::Postgres => {
            let labels = match sql.storage {
                Storage::Enum => machine.states.iter().map(|state| literal(&state.value)).collect(),
                Storage::Text => Vec::new(),
            };
            let legal = format!(
                " JOIN {} t ON t.\"to_state\" = s.\"state\" WHERE t.\"from_state\" = was",
                n.transitions
            );
            Postgres {
                header,
                n,
                owns,
                adopts,
                history,
                mode: sql.mode.as_str(),
                observed,
                identity,
                labels,
                default,
                states,
                transitions,
                fingerprint,
                listed: LISTED,
                legal,
            }
            .render()
        }
        Dialect::Sqlite => Sqlite {
            header,
            n,
            owns,
            adopts,
            history,
            identity,
            default,
            states,
            transitions,
            fingerprint,
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
