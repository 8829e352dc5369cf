//! Where a machine's rows, history and rules live in the database.

use crate::Machine;
use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// The names of everything that the store touches in a database.
///
/// [`Schema::of`] gives those of a machine, as its `[target.sql]` says. They are made, and changed one by
/// one, where a database has others:
///
/// ```
/// use phasegate::Schema;
///
/// let schema = Schema::named("order").table("purchases").key(["tenant", "id"]).column("state");
/// assert_eq!(schema.events.as_deref(), Some("order_events"));
/// ```
///
/// Types (of the key, of the status column) are not here: they are looked up from the live database.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Schema {
    /// The name of the machine whose rows these are.
    pub machine: String,
    /// The schema that all of it is in, on PostgreSQL (`schema`).
    pub schema: String,
    /// The table that holds the status column (`table`).
    pub table: String,
    /// The columns of its key (`key`).
    pub key: Vec<String>,
    /// The status column (`column`).
    pub column: String,
    /// What a start may give and snapshots show, in its order (`columns`). Those that the table does not
    /// have are left out.
    pub columns: Vec<(String, ColumnType)>,
    /// The append-only history that the database writes (`events`); none where the table says
    /// `events = false`: then there are no reports either.
    pub events: Option<String>,
    /// Who reported what, and what was answered.
    pub reports: String,
    /// The states that the database knows.
    pub states: String,
    /// The legal transitions that the database judges by.
    pub transitions: String,
    /// The single row with the database's language fingerprint.
    pub language: String,
    /// What the states of former rules are called now.
    pub renames: String,
    /// The mode that was set for the guard: a function on PostgreSQL, a table on SQLite.
    pub mode: String,
    /// The rules of the guard, the table's own mode among them: a function, on PostgreSQL.
    pub rules: String,
    /// Which rows are longer in a state than is usual, where the table says how long that is.
    pub overdue: String,
    /// What prunes the history: a function on PostgreSQL, a view on SQLite.
    pub prune: String,
    /// The keys whose history or reports were pruned, and how many.
    pub pruned: String,
    /// What applies a report in one statement: a function, on PostgreSQL. Where it is missing, or this
    /// role may not execute it, several statements do the same.
    pub apply: String,
    /// The columns of the history and of the reports that name the row, one for each of the key's.
    pub row: Vec<String>,
    /// The name of the guard's trigger; on SQLite, where it is two, what their names start with.
    pub guard: String,
}

impl Schema {
    /// The names of a machine.
    pub fn of(machine: &dyn Machine) -> Self {
        machine.schema()
    }

    /// The names that `phasegate generate` gives a machine of this name where `[target.sql]` says nothing.
    pub fn named(machine: &str) -> Self {
        let key = ["id".to_owned()];
        Self {
            machine: machine.to_owned(),
            schema: "public".to_owned(),
            table: format!("{machine}s"),
            row: row_columns(machine, &key),
            key: key.into(),
            column: "status".to_owned(),
            columns: ["ref", "requested_by", "reason"]
                .map(|name| (name.to_owned(), ColumnType::Text))
                .into(),
            events: Some(format!("{machine}_events")),
            reports: format!("{machine}_reports"),
            states: format!("{machine}_states"),
            transitions: format!("{machine}_transitions"),
            language: format!("{machine}_language"),
            renames: format!("{machine}_renames"),
            mode: format!("{machine}_mode"),
            rules: format!("{machine}_rules"),
            overdue: format!("{machine}_overdue"),
            prune: format!("{machine}_prune"),
            pruned: format!("{machine}_pruned"),
            apply: format!("{machine}_apply"),
            guard: format!("000_{machine}_guard"),
        }
    }

    /// With the schema that all of it is in, on PostgreSQL.
    #[must_use]
    pub fn schema(self, schema: impl Into<String>) -> Self {
        Self { schema: schema.into(), ..self }
    }

    /// With the table that holds the status column.
    #[must_use]
    pub fn table(self, table: impl Into<String>) -> Self {
        Self { table: table.into(), ..self }
    }

    /// With the columns of that table's key, and those of the history that follow from them.
    #[must_use]
    pub fn key<T: Into<String>>(self, columns: impl IntoIterator<Item = T>) -> Self {
        let key: Vec<String> = columns.into_iter().map(Into::into).collect();
        Self { row: row_columns(&self.machine, &key), key, ..self }
    }

    /// With the status column.
    #[must_use]
    pub fn column(self, column: impl Into<String>) -> Self {
        Self { column: column.into(), ..self }
    }

    /// With the columns that a start may give and snapshots show.
    #[must_use]
    pub fn columns<T: Into<String>>(
        self,
        columns: impl IntoIterator<Item = (T, ColumnType)>,
    ) -> Self {
        let columns = columns.into_iter().map(|(name, of)| (name.into(), of)).collect();
        Self { columns, ..self }
    }

    /// With the history's table, or without a history.
    #[must_use]
    pub fn events(self, events: Option<&str>) -> Self {
        Self { events: events.map(ToOwned::to_owned), ..self }
    }
}

/// What a column holds (`columns` of `[target.sql]`).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum ColumnType {
    /// A text.
    Text,
    /// A whole number of 64 bits.
    Bigint,
    /// A moment: RFC 3339 in, RFC 3339 in UTC with milliseconds out.
    Timestamptz,
    /// Any JSON.
    Jsonb,
}

impl ColumnType {
    const ALL: [Self; 4] = [Self::Text, Self::Bigint, Self::Timestamptz, Self::Jsonb];

    /// The word that the table and PostgreSQL use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Bigint => "bigint",
            Self::Timestamptz => "timestamptz",
            Self::Jsonb => "jsonb",
        }
    }

    /// The type of a word, where it is one.
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|of| of.as_str() == word)
    }
}

/// The columns of the reports next to those of the key. The history has fewer of them.
const OF_REPORTS: [&str; 17] = [
    "id",
    "event_id",
    "body_hash",
    "status",
    "from_state",
    "answer",
    "seq",
    "job",
    "run_id",
    "run_attempt",
    "run_url",
    "actor",
    "authenticated_by",
    "attempted",
    "table_fingerprint",
    "log_tail",
    "at",
];

/// The columns of the history and of the reports that hold the key: `MACHINE_id`, where that is one
/// column, else `MACHINE_COLUMN` for each; where the reports have such a column already, `MACHINE_key`.
fn row_columns(machine: &str, key: &[String]) -> Vec<String> {
    let free = |name: String, other: String| {
        if OF_REPORTS.contains(&name.as_str()) { other } else { name }
    };
    match key {
        [_] => [free(format!("{machine}_id"), format!("{machine}_key"))].into(),
        several => several
            .iter()
            .map(|name| free(format!("{machine}_{name}"), format!("{machine}_key_{name}")))
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    #[test]
    fn names_the_columns_of_a_key_after_the_machine_unless_the_reports_have_them() {
        assert_eq!(Schema::named("order").row, ["order_id"]);
        assert_eq!(Schema::named("run").row, ["run_key"]);
        let schema = Schema::named("run").key(["tenant", "id"]);
        assert_eq!(schema.row, ["run_tenant", "run_key_id"]);
        assert_eq!(schema.key, vec!["tenant", "id"]);
    }
}
