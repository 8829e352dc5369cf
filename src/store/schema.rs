//! Where a machine's rows, history and rules live in the database.

use super::columns::ColumnType;
use crate::Machine;

/// The names of everything that the store touches in a database.
///
/// [`Schema::of`] gives what `phasegate generate` gives where `[target.sql]` says nothing; the
/// fields stand for its keys where it does. Types (of the key, of the status column) are not here:
/// they are looked up from the live database.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Schema {
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
    /// What applies a report in one statement: a function, on PostgreSQL. Where it is missing, or this
    /// role may not execute it, several statements do the same.
    pub apply: String,
    /// The columns of the history and of the reports that name the row, one for each of the key's.
    pub row: Vec<String>,
    /// The name of the guard's trigger; on SQLite, where it is two, what their names start with.
    pub guard: String,
}

impl Schema {
    /// The default names for a machine.
    pub fn of(machine: &dyn Machine) -> Self {
        Self::named(machine.name())
    }

    /// The default names for the machine of this name.
    pub fn named(machine: &str) -> Self {
        Self {
            schema: "public".to_owned(),
            table: format!("{machine}s"),
            key: vec!["id".to_owned()],
            column: "status".to_owned(),
            columns: ["ref", "requested_by", "reason"]
                .map(|name| (name.to_owned(), ColumnType::Text))
                .to_vec(),
            events: Some(format!("{machine}_events")),
            reports: format!("{machine}_reports"),
            states: format!("{machine}_states"),
            transitions: format!("{machine}_transitions"),
            language: format!("{machine}_language"),
            renames: format!("{machine}_renames"),
            mode: format!("{machine}_mode"),
            rules: format!("{machine}_rules"),
            overdue: format!("{machine}_overdue"),
            apply: format!("{machine}_apply"),
            // `run_id` and `event_id` are columns of the reports themselves.
            row: vec![match machine {
                "run" | "event" => format!("{machine}_key"),
                _ => format!("{machine}_id"),
            }],
            guard: format!("000_{machine}_guard"),
        }
    }
}

/// An identifier as SQL wants it, whatever is in it.
pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_what_a_name_holds() {
        assert_eq!(quoted(r#"or"der"#), r#""or""der""#);
    }
}
