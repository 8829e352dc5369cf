//! Every name and type that the SQL of one machine speaks of, for one database. All of them are plain
//! identifiers, which no quotes have to be doubled in.

use super::column::Coding;
use super::keys::{Dialect, Storage};
use super::part::{self, KeyPart};
use super::quote::quoted;
use super::spec::SqlTarget;
use crate::machine::Machine;

/// The schema where the table names none.
const DEFAULT_SCHEMA: &str = "public";

/// PostgreSQL fires triggers in the order of their names. The guard goes first, so that the history
/// is written before a trigger of the application acts on the new state.
const FIRST: &str = "000_";

/// What a type of PostgreSQL's is called after the machine's name.
pub(super) const STATUS: &str = "status";

/// The names, as they are and as they are written: quoted, and on PostgreSQL qualified.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SqlNames {
    /// The database.
    pub dialect: Dialect,
    /// The machine's name.
    pub machine: String,
    /// PostgreSQL's schema.
    pub schema_name: String,
    /// The table that holds the status column.
    pub table_name: String,
    /// The columns of its key.
    pub parts: Vec<KeyPart>,
    /// The status column.
    pub column_name: String,
    /// The history; without one, what it would be called.
    pub events_name: String,
    pub(super) table: String,
    pub(super) column: String,
    pub(super) events: String,
    /// What makes the column compare byte by byte, on PostgreSQL.
    pub(super) column_exact: &'static str,
    /// The type of a status column that phasegate makes, or that the table says an application's has.
    pub status_type: String,
    /// The type's schema and name, where the table says them.
    pub type_name: Option<(String, String)>,
    /// How the column holds a state.
    pub(super) coding: Coding,
}

impl SqlNames {
    /// Those of a machine and its target.
    pub fn new(machine: &Machine, sql: &SqlTarget, dialect: Dialect) -> Self {
        let name = machine.name.as_str();
        let events = sql.events.clone().unwrap_or_else(|| format!("{name}_events"));
        let mut names = Self {
            dialect,
            machine: name.to_owned(),
            schema_name: sql.schema.clone().unwrap_or_else(|| DEFAULT_SCHEMA.to_owned()),
            column: quoted(&sql.column),
            coding: Coding::of(machine, sql),
            table_name: sql.table.clone(),
            parts: part::parts(name, &sql.key, dialect),
            column_name: sql.column.clone(),
            events_name: events,
            column_exact: match sql.storage {
                Storage::Enum | Storage::Integer => "",
                Storage::Text => "::pg_catalog.text COLLATE \"C\"",
            },
            table: String::new(),
            events: String::new(),
            status_type: String::new(),
            type_name: None,
        };
        names.type_name = sql.type_name.as_ref().map(|(schema, name)| {
            (schema.clone().unwrap_or_else(|| names.schema_name.clone()), name.clone())
        });
        names.table = names.of(&names.table_name);
        names.events = names.of(&names.events_name);
        names.status_type = match (dialect, sql.storage) {
            (Dialect::Postgres, Storage::Enum) => match &sql.type_name {
                None => names.at(STATUS),
                Some((None, name)) => names.of(name),
                Some((Some(schema), name)) => format!("{}.{}", quoted(schema), quoted(name)),
            },
            (Dialect::Postgres, Storage::Text) => "text".to_owned(),
            (Dialect::Postgres, Storage::Integer) => "bigint".to_owned(),
            (Dialect::Sqlite, Storage::Integer) => "INTEGER".to_owned(),
            (Dialect::Sqlite, Storage::Enum | Storage::Text) => "TEXT".to_owned(),
        };
        names
    }

    /// A relation as it is written.
    pub fn of(&self, name: &str) -> String {
        match self.dialect {
            Dialect::Postgres => format!("{}.{}", quoted(&self.schema_name), quoted(name)),
            Dialect::Sqlite => quoted(name),
        }
    }

    /// The name of what the machine's own comes before, as it is.
    pub fn name(&self, suffix: &str) -> String {
        format!("{}_{suffix}", self.machine)
    }

    /// The same as it is written.
    pub fn at(&self, suffix: &str) -> String {
        self.of(&self.name(suffix))
    }

    /// The same of a trigger or an index, which has no schema of its own.
    pub(super) fn quoted(&self, suffix: &str) -> String {
        quoted(&self.name(suffix))
    }

    /// A trigger that goes first.
    pub(super) fn first_name(&self, suffix: &str) -> String {
        format!("{FIRST}{}", self.name(suffix))
    }

    /// The same as it is written.
    pub(super) fn first(&self, suffix: &str) -> String {
        quoted(&self.first_name(suffix))
    }

    /// The schema, where it is not there anyway.
    pub(super) fn other_schema(&self) -> Option<String> {
        (self.schema_name != DEFAULT_SCHEMA).then(|| quoted(&self.schema_name))
    }

    /// What the state of a step `e` is called now, on SQLite.
    pub(super) fn name_now(&self) -> String {
        format!(
            "coalesce((SELECT \"name_now\" FROM {} AS r WHERE r.\"language\" = e.\"language\" \
             AND r.\"state\" = e.\"to_state\"), e.\"to_state\")",
            self.at("renames")
        )
    }

    /// What a column is, which is given in PostgreSQL's words.
    pub(super) fn words(&self, is: &str) -> String {
        match self.dialect {
            Dialect::Postgres => is.replace("now()", "clock_timestamp()"),
            Dialect::Sqlite => ["text", "timestamptz"]
                .iter()
                .fold(is.to_owned(), |is, word| is.replace(word, "TEXT"))
                .replace("bigint", "INTEGER")
                .replace("integer", "INTEGER")
                .replace("bytea", "BLOB")
                .replace("jsonb", "TEXT")
                .replace("now()", "(strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))"),
        }
    }
}

/// The columns that phasegate gives every owned table in addition to the table's own.
pub(super) const OWNED_COLUMNS: [&str; 2] = ["token_hash", "created_at"];

/// The tables, indexes and types that the target makes or guards: all share one namespace.
pub(super) fn relations(machine: &str, sql: &SqlTarget) -> Vec<String> {
    let of = |suffix: &str| format!("{machine}_{suffix}");
    let mut names =
        vec![sql.table.clone(), of("states"), of("transitions"), of("language"), of("renames")];
    if sql.owns {
        names.push(format!("{}_created", sql.table));
        if sql.storage == Storage::Enum {
            // One of another schema is none of this namespace.
            names.extend(match &sql.type_name {
                None => Some(of(STATUS)),
                Some((schema, name)) => {
                    let is_here = schema.as_deref().is_none_or(|schema| {
                        schema == sql.schema.as_deref().unwrap_or(DEFAULT_SCHEMA)
                    });
                    is_here.then(|| name.clone())
                }
            });
        }
    }
    if let Some(events) = &sql.events {
        names.push(events.clone());
        names.extend(["reports", "reports_row", "reports_event", "reports_seq"].map(of));
        names.extend(["reports_start", "reports_run"].map(of));
        names.extend(["forcing", "force", "observed", "overdue", "pruned", "prune"].map(of));
        names.extend(["gone", "mode", "set_mode"].map(of));
    }
    names
}

/// Every identifier that the target makes.
pub fn identifiers(machine: &str, sql: &SqlTarget) -> Vec<String> {
    let mut names = relations(machine, sql);
    names.push(sql.column.clone());
    names.extend(sql.columns.iter().map(|(name, _)| name.clone()));
    names.extend(sql.key.iter().map(|key| key.name.clone()));
    names.extend(part::row_columns(machine, &sql.key));
    // The longest of the triggers and of the functions.
    names.extend([format!("{FIRST}{machine}_guard_replace"), format!("{machine}_append_only")]);
    names
}
