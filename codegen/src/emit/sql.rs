//! The databases: the schema with its guards, and the migrations that lead to it.
//!
//! What the guards promise, on both databases and whatever SQL is sent: a row starts in an initial
//! state and moves only along legal transitions; its key stays; a key with a history is never
//! used again; and the history, which the database writes in the transaction of the change itself,
//! only grows. What they cannot stop, because nothing in a database can:
//!
//! - the owner of the tables can drop or disable the guards, or make them anew with other rules; on
//!   PostgreSQL the owner's own triggers can write the history. An application's role should not own
//!   them: it needs `SELECT, INSERT, UPDATE, DELETE` on the table, `SELECT, INSERT` on the reports and
//!   `SELECT` on the rest (and `EXECUTE` on `MACHINE_initial`, which everyone has unless your default
//!   privileges say otherwise); the guards write the history with their owner's rights.
//! - `session_replication_role = replica`, which PostgreSQL leaves to superusers, skips triggers,
//!   so that a subscriber receives history and rows as they are; SQLite's
//!   `SQLITE_DBCONFIG_ENABLE_TRIGGER` and `writable_schema` do the like.
//! - with `events = false` a row that was deleted leaves no trace, so that its key can start anew.
//!   SQLite's `REPLACE` would do both at once; there an INSERT of a key that exists is refused.
//! - on a table that exists already (`owns = false`), PostgreSQL writes the history of a row from
//!   before the guard when the row first changes or is deleted; `TRUNCATE` before that leaves no
//!   trace. SQLite writes it at once.
//! - keys are told apart byte by byte: where an existing table's key folds case, a row that was
//!   deleted can come back under another spelling.
//! - PostgreSQL moves a row between partitions by deleting and inserting it. With a history that is
//!   judged as the step that it is; without one such a row has to be in an initial state.
//!
//! With `mode = "observe"` nothing of that is refused: what would be is let through and marked in the
//! history with what it would have been refused as (`illegal-transition`, `illegal-start`,
//! `unknown-state`, `key-changed`, `key-used`, or `past-the-guard` where a trigger moved the row in the
//! same statement, or the guard was off). The history of such a row goes on from where it ended. A
//! column that becomes null is there as a step to null; a row whose key is null leaves no trace. The
//! view `MACHINE_observed` counts the marks that would still be refused, by pair. A column that cannot
//! hold a value (an enum without that label) refuses it as ever.
//!
//! The audited way out of all that is `MACHINE_force`: it writes what no transition allows, marked in
//! the history with its reason. On PostgreSQL it is a function that no one may call until
//! `GRANT EXECUTE` says so, and needs no other right. On SQLite it is a view to INSERT into, for whoever
//! may write the file: that gives leave for one step, and the UPDATE after it uses the leave up. A leave
//! that no one used is there until the next one for the same row takes its place. A retired state is
//! entered by force neither; with `events = false`, where no history could say so, nothing is forced.
//!
//! A row that was changed while its guard was off is refused at its next step, since its history
//! ends elsewhere: put it back, with the guard off, into the state that the history ends in. On
//! SQLite the same is said of a row that a trigger of the application's moves on in the very
//! statement that moves it; PostgreSQL's order of triggers lets that pass and logs both steps.
//!
//! On SQLite nothing but the application's own table names it: tools make a table anew, drop the old one
//! and rename, which SQLite refuses where another trigger or view names what is gone. What follows:
//!
//! - the guards go with the old table. `sqlite-guards.sql` puts them back; until then nothing is judged.
//! - the history takes a legal step of a row from anyone who INSERTs one that goes on from where it ends,
//!   with the time and the fingerprint of now. The row's next step is then refused, and
//!   `phasegate check` finds the row.
//! - the guards fire where a statement sets the status or the key, so that it costs nothing to set other
//!   columns. A generated column is set by no statement: it cannot be guarded.
//! - `INSERT INTO MACHINE_set_mode (mode) VALUES ('test')` lets DELETE of history, reports and used keys
//!   pass, `'load'` lets rows start in any known state, marked as `loaded`; NULL restores the table's
//!   mode. Observing is other triggers: to switch it takes a migration.
//! - `INSERT INTO MACHINE_prune (before) VALUES ('2026-01-01T00:00:00.000Z')` takes the history and the
//!   reports of rows that have ended or are gone since before then. A row that is there keeps its last
//!   step and goes on with its numbers; keys stay used. `MACHINE_pruned` says what it took.

mod cases;
mod change;
mod coding;
mod column;
mod key;
mod keys;
mod list;
mod made;
mod names;
mod objects;
mod observe;
mod part;
mod postgres;
mod quote;
mod remove;
mod renames;
mod rows;
mod rules;
mod section;
mod spec;
mod sqlite;
mod wording;

pub use change::{renamed, stale_default};
pub use names::{SqlNames, identifiers};
pub use objects::{Column, Kind, Object, Schema, default};
pub use renames::{Matched, renames};

pub use change::{Impossible, Migration, migrations};
pub(crate) use change::{RUN_ON_SQLITE, migrations_of};
pub use keys::{ColumnType, Dialect, KeyColumn, KeyType, Mode, PerDialect, Storage};
pub use part::KeyPart;
pub use quote::{literal, quoted};
pub(crate) use remove::removal;
pub use section::GUARDS;
pub use spec::{SqlRow, SqlTarget};

use crate::machine::Machine;

/// `[target.sql]`.
#[derive(Debug)]
pub struct Sql;

/// What people write to force a row, a statement for each dialect; none without a history:
/// only that can say that it was forced.
pub(crate) fn force_statements(machine: &Machine) -> Vec<String> {
    let Some(sql) = machine.targets.sql().filter(|sql| sql.events.is_some()) else {
        return Vec::new();
    };
    let schema = sql.schema.as_ref().map_or(String::new(), |schema| format!("{schema}."));
    let force = format!("{}_force", machine.name);
    let statement = |&dialect: &Dialect| {
        let n = SqlNames::new(machine, sql, dialect);
        let key: Vec<String> = n.parts.iter().map(|_| "'KEY'".to_owned()).collect();
        let own: Vec<String> = n.parts.iter().map(|part| part.name.clone()).collect();
        let state = if n.has_numbers() { "NUMBER" } else { "'STATE'" };
        match dialect {
            Dialect::Postgres => {
                format!("SELECT {schema}{force}({}, 'STATE', 'why');  -- PostgreSQL", n.list(&key))
            }
            Dialect::Sqlite => format!(
                "INSERT INTO {force} ({}, to_state, reason, actor) VALUES ({}, 'STATE', 'why', 'who'); \
                 UPDATE {} SET {} = {state} WHERE {};  -- SQLite",
                n.list(&n.numbered("key")),
                n.list(&key),
                sql.table,
                sql.column,
                n.equal(&own, &key)
            ),
        }
    };
    sql.dialects.iter().map(statement).collect()
}
