//! Every name and type that the SQL of one machine speaks of, quoted for one database.

use crate::emit::sql::{Dialect, KeyType, SqlTarget, Storage};
use crate::machine::Machine;

/// The schema where the table names none.
const DEFAULT_SCHEMA: &str = "public";

/// PostgreSQL fires triggers in the order of their names. The guard goes first, so that the history
/// is written before a trigger of the application acts on the new state.
const FIRST: &str = "000_";

/// A text as a SQL literal.
pub(super) fn literal(text: &str) -> String {
    format!("'{}'", escaped(text))
}

/// A text within a SQL literal.
pub(super) fn escaped(text: &str) -> String {
    text.replace('\'', "''")
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// The column of the history and of the reports that holds the row's key: `MACHINE_id`, where that
/// is not a column of the reports already.
fn row_column(machine: &str) -> String {
    match machine {
        "event" | "run" => format!("{machine}_key"),
        _ => format!("{machine}_id"),
    }
}

/// The key's type, in the history and the reports.
const fn row_type(dialect: Dialect, key_type: KeyType) -> &'static str {
    match (dialect, key_type) {
        (Dialect::Postgres, KeyType::Text) => "text",
        (Dialect::Postgres, KeyType::Uuid) => "uuid",
        (Dialect::Postgres, KeyType::Bigint) => "bigint",
        (Dialect::Sqlite, KeyType::Text | KeyType::Uuid) => "TEXT",
        (Dialect::Sqlite, KeyType::Bigint) => "INTEGER",
    }
}

/// The names as they are written: quoted, and on PostgreSQL qualified where they can be.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Names {
    /// The machine's name, within a literal.
    pub(super) machine: String,
    /// The table's name, within a literal.
    pub(super) table_word: String,
    /// The history's name, within a literal.
    pub(super) events_word: String,
    /// The reports' name, within a literal.
    pub(super) reports_word: String,
    /// The states' name, within a literal.
    pub(super) states_word: String,
    /// The way out's name, within a literal.
    pub(super) force_word: String,
    /// The transitions' name, within a literal.
    pub(super) transitions_word: String,
    pub(super) schema: Option<String>,
    /// Schema, table and status column as literals, for the fields of an error.
    pub(super) schema_literal: String,
    pub(super) table_word_literal: String,
    pub(super) column_literal: String,
    /// The status column and the key, within a literal.
    pub(super) column_word: String,
    pub(super) key_word: String,
    /// The guard's name, within a literal.
    pub(super) guard_word: String,
    /// The table within a literal that is a format.
    pub(super) table_word_in_format: String,
    pub(super) mode_in_literal: String,
    /// The setting that says that rows are moved between partitions, within a literal.
    pub(super) moving_setting: String,
    /// What makes the column and the key compare byte by byte, on PostgreSQL.
    pub(super) exact: &'static str,
    pub(super) key_exact: &'static str,
    /// What gives the key the type that the history has it in.
    pub(super) key_cast: String,
    /// The key as the application's own table compares it.
    pub(super) key_default: &'static str,
    /// How the history compares keys.
    pub(super) row_collation: &'static str,
    pub(super) table: String,
    pub(super) key: String,
    pub(super) column: String,
    /// The enum type of a status column that phasegate makes.
    pub(super) status_type: String,
    pub(super) row: String,
    /// The key's type, in the history and the reports.
    pub(super) row_type: &'static str,
    pub(super) states: String,
    pub(super) transitions: String,
    pub(super) language: String,
    pub(super) renames: String,
    /// The function that has the rules, on PostgreSQL.
    pub(super) rules: String,
    pub(super) step: String,
    pub(super) judge: String,
    pub(super) event: String,
    /// The function that says what state a row is in.
    pub(super) state: String,
    /// The step's signature, within a literal.
    pub(super) step_in_literal: String,
    pub(super) append_only_literal: String,
    pub(super) forcing_trigger: String,
    pub(super) pruned_trigger: String,
    pub(super) set_mode: String,
    pub(super) prune: String,
    /// The keys whose history was pruned.
    pub(super) pruned: String,
    pub(super) has_pruned: String,
    /// Which rows are gone, on SQLite.
    pub(super) gone: String,
    pub(super) pruned_word: String,
    pub(super) prune_word: String,
    pub(super) prune_insert: String,
    pub(super) pruned_update: String,
    pub(super) pruned_delete: String,
    pub(super) mode_delete: String,
    pub(super) set_mode_insert: String,
    pub(super) guard_delete: String,
    /// The columns whose `SET` a guard of SQLite's looks at: the rowid has names of its own.
    pub(super) set_columns: String,
    /// The status before and after, as SQLite's guards compare it.
    pub(super) old_state: String,
    pub(super) new_state: String,
    /// What the state of a step `e` is called now, on SQLite.
    pub(super) name_now: String,
    pub(super) moving: String,
    pub(super) moving_trigger: String,
    pub(super) moved_trigger: String,
    /// The function that gives an owned table's default state, on PostgreSQL.
    pub(super) initial: String,
    pub(super) events: String,
    pub(super) reports: String,
    /// What is being forced.
    pub(super) forcing: String,
    /// What forces: a function on PostgreSQL, a view on SQLite.
    pub(super) force: String,
    pub(super) force_insert: String,
    /// The function that says whether the guard enforces or observes.
    pub(super) mode: String,
    /// The view of what is observed.
    pub(super) observed: String,
    pub(super) created_index: String,
    pub(super) reports_row_index: String,
    pub(super) reports_event_index: String,
    pub(super) reports_seq_index: String,
    pub(super) guard: String,
    pub(super) again: String,
    pub(super) guard_trigger: String,
    pub(super) guard_insert: String,
    pub(super) guard_update: String,
    pub(super) guard_again: String,
    pub(super) guard_replace: String,
    pub(super) report: String,
    pub(super) append_only: String,
    /// The names of the triggers of append-only tables.
    pub(super) event_trigger: String,
    pub(super) event_forced: String,
    pub(super) event_update: String,
    pub(super) event_delete: String,
    pub(super) report_trigger: String,
    pub(super) report_id: String,
    pub(super) report_update: String,
    pub(super) report_delete: String,
    pub(super) append_only_trigger: String,
}

impl Names {
    pub(super) fn new(machine: &Machine, sql: &SqlTarget, dialect: Dialect) -> Self {
        let name = machine.name.as_str();
        let schema = sql.schema.as_deref().unwrap_or(DEFAULT_SCHEMA);
        let qualified = |name: &str| match dialect {
            Dialect::Postgres => format!("{}.{}", quoted(schema), quoted(name)),
            Dialect::Sqlite => quoted(name),
        };
        let of = |suffix: &str| format!("{name}_{suffix}");
        let first = |suffix: &str| quoted(&format!("{FIRST}{name}_{suffix}"));
        // Without a history nothing is written by this name.
        let row_type = row_type(dialect, sql.key_type);
        let events = sql.events.clone().unwrap_or_else(|| of("events"));
        Self {
            machine: escaped(name),
            table_word: escaped(&sql.table),
            events_word: escaped(&events),
            reports_word: of("reports"),
            states_word: of("states"),
            force_word: of("force"),
            transitions_word: of("transitions"),
            schema: (sql.owns && schema != DEFAULT_SCHEMA).then(|| quoted(schema)),
            schema_literal: literal(schema),
            table_word_literal: literal(&sql.table),
            column_literal: literal(&sql.column),
            column_word: escaped(&sql.column),
            key_word: escaped(&sql.key),
            guard_word: of("guard"),
            table_word_in_format: escaped(&qualified(&sql.table).replace('%', "%%")),
            mode_in_literal: escaped(&qualified(&of("mode"))),
            moving_setting: format!("phasegate.{name}_moving"),
            exact: match sql.storage {
                Storage::Enum => "",
                Storage::Text => "::pg_catalog.text COLLATE \"C\"",
            },
            key_exact: match sql.key_type {
                KeyType::Text => "::pg_catalog.text COLLATE \"C\"",
                KeyType::Uuid | KeyType::Bigint => "",
            },
            key_cast: match sql.key_type {
                KeyType::Text => "::pg_catalog.text COLLATE \"C\"".to_owned(),
                KeyType::Uuid => "::pg_catalog.uuid".to_owned(),
                KeyType::Bigint => "::pg_catalog.int8".to_owned(),
            },
            key_default: match sql.key_type {
                KeyType::Text => " COLLATE \"default\"",
                KeyType::Uuid | KeyType::Bigint => "",
            },
            row_collation: match (dialect, sql.key_type) {
                (Dialect::Postgres, KeyType::Text) => " COLLATE \"C\"",
                (_, _) => "",
            },
            table: qualified(&sql.table),
            key: quoted(&sql.key),
            column: quoted(&sql.column),
            status_type: match (dialect, sql.storage) {
                (Dialect::Postgres, Storage::Enum) => qualified(&of(&sql.column)),
                (Dialect::Postgres, Storage::Text) => "text".to_owned(),
                (Dialect::Sqlite, Storage::Enum | Storage::Text) => "TEXT".to_owned(),
            },
            row: quoted(&row_column(name)),
            row_type,
            states: qualified(&of("states")),
            transitions: qualified(&of("transitions")),
            language: qualified(&of("language")),
            renames: qualified(&of("renames")),
            rules: qualified(&of("rules")),
            step: qualified(&of("step")),
            judge: qualified(&of("judge")),
            event: qualified(&of("event")),
            state: qualified(&of("state")),
            step_in_literal: escaped(&format!(
                "{}({row_type}, text, text, text)",
                qualified(&of("step"))
            )),
            append_only_literal: literal(&of("append_only")),
            forcing_trigger: quoted(&of("forcing")),
            pruned_trigger: quoted(&of("pruned")),
            set_mode: qualified(&of("set_mode")),
            prune: qualified(&of("prune")),
            pruned: qualified(&of("pruned")),
            has_pruned: qualified(&of("has_pruned")),
            gone: qualified(&of("gone")),
            pruned_word: of("pruned"),
            prune_word: of("prune"),
            prune_insert: quoted(&of("prune_insert")),
            pruned_update: quoted(&of("pruned_update")),
            pruned_delete: quoted(&of("pruned_delete")),
            mode_delete: quoted(&of("mode_delete")),
            set_mode_insert: quoted(&of("set_mode_insert")),
            guard_delete: first("guard_delete"),
            set_columns: format!(
                "{}, {}, rowid, oid, _rowid_",
                quoted(&sql.column),
                quoted(&sql.key)
            ),
            old_state: format!("OLD.{} COLLATE BINARY", quoted(&sql.column)),
            new_state: format!("NEW.{} COLLATE BINARY", quoted(&sql.column)),
            name_now: format!(
                "coalesce((SELECT \"name_now\" FROM {} AS r WHERE r.\"language\" = e.\"language\" \
                 AND r.\"state\" = e.\"to_state\"), e.\"to_state\")",
                quoted(&of("renames"))
            ),
            moving: qualified(&of("moving")),
            moving_trigger: first("moving"),
            moved_trigger: first("moved"),
            initial: qualified(&of("initial")),
            events: qualified(&events),
            reports: qualified(&of("reports")),
            forcing: qualified(&of("forcing")),
            force: qualified(&of("force")),
            force_insert: quoted(&of("force_insert")),
            mode: qualified(&of("mode")),
            observed: qualified(&of("observed")),
            created_index: quoted(&format!("{}_created", sql.table)),
            reports_row_index: quoted(&of("reports_row")),
            reports_event_index: quoted(&of("reports_event")),
            reports_seq_index: quoted(&of("reports_seq")),
            guard: qualified(&of("guard")),
            again: qualified(&of("again")),
            guard_trigger: first("guard"),
            guard_insert: first("guard_insert"),
            guard_update: first("guard_update"),
            guard_again: first("guard_again"),
            guard_replace: first("guard_replace"),
            report: qualified(&of("report")),
            append_only: qualified(&of("append_only")),
            event_trigger: quoted(&of("event")),
            event_forced: quoted(&of("event_forced")),
            event_update: quoted(&of("event_update")),
            event_delete: quoted(&of("event_delete")),
            report_trigger: quoted(&of("report")),
            report_id: quoted(&of("report_id")),
            report_update: quoted(&of("report_update")),
            report_delete: quoted(&of("report_delete")),
            append_only_trigger: quoted(&of("append_only")),
        }
    }
}

/// The columns of an owned table beside its key and its status.
pub(crate) const OWNED_COLUMNS: &[&str] =
    &["ref", "requested_by", "reason", "token_hash", "created_at"];

/// The tables, indexes and types that the target makes or guards: all share one namespace.
pub(crate) fn relations(machine: &str, sql: &SqlTarget) -> Vec<String> {
    let of = |suffix: &str| format!("{machine}_{suffix}");
    let mut names =
        vec![sql.table.clone(), of("states"), of("transitions"), of("language"), of("renames")];
    if sql.owns {
        names.push(format!("{}_created", sql.table));
        if sql.storage == Storage::Enum {
            names.push(of(&sql.column));
        }
    }
    if let Some(events) = &sql.events {
        names.push(events.clone());
        names.extend(["reports", "reports_row", "reports_event", "reports_seq"].map(of));
        names.extend(["forcing", "force", "observed", "pruned", "prune"].map(of));
        names.extend(["gone", "mode", "set_mode"].map(of));
    }
    names
}

/// Every identifier that the target makes.
pub fn identifiers(machine: &str, sql: &SqlTarget) -> Vec<String> {
    let mut names = relations(machine, sql);
    names.extend([sql.key.clone(), sql.column.clone(), row_column(machine)]);
    // The longest of the triggers and of the functions.
    names.extend([format!("{FIRST}{machine}_guard_replace"), format!("{machine}_append_only")]);
    names
}
