//! How a state is read from the status column, and written there: the one place where that is said, for
//! both databases. Everything else, the history, the views and the functions' arguments, speaks
//! values.

use super::keys::Dialect;
use super::names::SqlNames;
use super::quote::{literal, quoted};

impl SqlNames {
    /// Whether the column holds each state's value, and nothing else.
    pub fn is_plain(&self) -> bool {
        self.coding.is_plain()
    }

    /// Whether the column holds numbers.
    pub fn has_numbers(&self) -> bool {
        !self.coding.numbers().is_empty()
    }

    /// Whether NULL in the column is a state.
    pub fn has_null(&self) -> bool {
        self.coding.null().is_some()
    }

    /// The state that a row is in, as a text. Of PostgreSQL's, by what its rules say.
    pub(super) fn state(&self, row: &str) -> String {
        match self.dialect {
            Dialect::Postgres => self.looked_up(row, "text", ""),
            Dialect::Sqlite if self.is_plain() => format!("{row}.{}", self.column),
            Dialect::Sqlite => self.case(row),
        }
    }

    /// The same in words that need no search_path.
    pub(super) fn state_plain(&self, row: &str) -> String {
        self.looked_up(row, "pg_catalog.text", "pg_catalog.")
    }

    /// The same, compared byte by byte whatever the column's collation.
    pub(super) fn state_exact(&self, row: &str) -> String {
        let state = self.state(row);
        match self.dialect {
            Dialect::Postgres => format!("{state} COLLATE \"C\""),
            Dialect::Sqlite if self.is_plain() => format!("{state} COLLATE BINARY"),
            // What a function gives has no collation of its own.
            Dialect::Sqlite => state,
        }
    }

    /// Whether a row is in a state at all.
    pub(super) fn has_state(&self, row: &str) -> String {
        if self.has_null() {
            "true".to_owned()
        } else {
            format!("{row}.{} IS NOT NULL", self.column)
        }
    }

    /// Whether two rows' columns hold one state, in words that need no search_path; on PostgreSQL.
    pub(super) fn same_null(&self) -> String {
        let filled = |row| self.filled(row, "pg_catalog.text", "pg_catalog.");
        format!("{} COLLATE \"C\" OPERATOR(pg_catalog.=) {}", filled("NEW"), filled("OLD"))
    }

    /// The state that a row is in by the table itself, whatever the database's rules say.
    pub fn read(&self, row: &str) -> String {
        if self.is_plain() {
            return format!("CAST({row}.{} AS text)", self.column);
        }
        self.case(row)
    }

    /// What the column holds for a state that is given as a text, as a text itself.
    pub(super) fn stored(&self, state: &str) -> String {
        if self.is_plain() {
            return state.to_owned();
        }
        let states = self.at("states");
        format!(
            "(SELECT CASE WHEN NOT s.\"null\" THEN s.\"stored\" END FROM {states} s WHERE s.\"state\" = {state})"
        )
    }

    /// The column as a text, NULL by what could stand there.
    fn filled(&self, row: &str, text: &str, path: &str) -> String {
        let column = format!("{row}.{}::{text}", self.column);
        match self.coding.null() {
            None => column,
            Some(_) => format!(
                "coalesce({column}, {path}jsonb_extract_path_text({}(), 'null'))",
                self.at("rules")
            ),
        }
    }

    fn looked_up(&self, row: &str, text: &str, path: &str) -> String {
        let filled = self.filled(row, text, path);
        if !self.has_numbers() {
            return filled;
        }
        let rules = self.at("rules");
        format!("coalesce({path}jsonb_extract_path_text({rules}(), 'numbers', {filled}), {filled})")
    }

    fn case(&self, row: &str) -> String {
        let column = format!("{row}.{}", quoted(&self.column_name));
        let text = |column: String| match self.dialect {
            Dialect::Postgres => format!("CAST({column} AS text)"),
            Dialect::Sqlite => column,
        };
        if !self.has_numbers() {
            let null = self.coding.null().map(literal).unwrap_or_default();
            return format!("coalesce({}, {null})", text(column));
        }
        let filled = match self.coding.null() {
            Some(number) => format!("coalesce({column}, {number})"),
            None => column,
        };
        let cases: String = self
            .coding
            .numbers()
            .iter()
            .map(|(number, value)| format!(" WHEN {number} THEN {}", literal(value)))
            .collect();
        let other = match self.dialect {
            Dialect::Postgres => text(filled.clone()),
            // A text there is no state's, whatever it says.
            Dialect::Sqlite => format!("nullif(quote({filled}), 'NULL')"),
        };
        format!("CASE {filled}{cases} ELSE {other} END")
    }
}
