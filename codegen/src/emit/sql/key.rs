//! The key of the application's table, of one column or of several: how each column stands in the history
//! and in the functions' arguments, and how keys are compared.
//!
//! A key is a list of expressions, one a column; the same list serves both databases.

use super::keys::Dialect;
use super::names::SqlNames;
use super::part::KeyPart;
use super::quote::{literal, quoted};

/// Expressions, one for each column of the key.
type Key = Vec<String>;

fn dotted(row: &str, name: &str) -> String {
    if row.is_empty() { quoted(name) } else { format!("{row}.{}", quoted(name)) }
}

impl SqlNames {
    fn each(&self, of: impl Fn(&KeyPart) -> String) -> Key {
        self.parts.iter().map(of).collect()
    }

    fn several(&self) -> bool {
        self.parts.len() > 1
    }

    /// The columns of the application's table.
    pub fn own(&self, row: &str) -> Key {
        self.each(|part| dotted(row, &part.name))
    }

    /// The columns of the history and of the reports.
    pub fn history(&self, row: &str) -> Key {
        self.each(|part| dotted(row, &part.row_name))
    }

    /// The application's columns in the types of the history, on PostgreSQL.
    pub(super) fn cast(&self, row: &str) -> Key {
        self.each(|part| dotted(row, &part.name) + part.cast)
    }

    /// The same columns compared byte by byte, on PostgreSQL.
    pub(super) fn exact(&self, row: &str) -> Key {
        self.each(|part| dotted(row, &part.name) + part.exact)
    }

    /// A name for each column: `NAME`, where the key is one, else `NAME_1`, `NAME_2` and so on.
    pub(super) fn numbered(&self, name: &str) -> Key {
        let numbered = |at| if self.several() { format!("{name}_{at}") } else { name.to_owned() };
        (1..=self.parts.len()).map(numbered).collect()
    }

    /// The same as they are written, of a row.
    pub(super) fn called(&self, row: &str, name: &str) -> Key {
        self.numbered(name).iter().map(|name| dotted(row, name)).collect()
    }

    /// The arguments of a function that are a key: the place that the first would have if keys were one
    /// column, and how many keys stand before it.
    pub(super) fn args(&self, place: usize, before: usize) -> Key {
        let first = place + before * (self.parts.len() - 1);
        (first..first + self.parts.len()).map(|place| format!("${place}")).collect()
    }

    /// An argument after some keys, by the place that it would have if they were one column.
    pub(super) fn arg(&self, place: usize, before: usize) -> String {
        format!("${}", place + before * (self.parts.len() - 1))
    }

    /// The key as the application's own table compares it.
    pub(super) fn by_default(&self, key: &[String]) -> Key {
        key.iter().zip(&self.parts).map(|(key, part)| format!("{key}{}", part.default)).collect()
    }

    /// Parameters of a function that are a key.
    pub(super) fn params(&self, name: &str) -> String {
        let params = self.numbered(name).into_iter().zip(&self.parts);
        let params: Vec<String> =
            params.map(|(name, part)| format!("\"{name}\" {}", part.row_type)).collect();
        params.join(", ")
    }

    /// The types of a key among a function's.
    pub(super) fn types(&self) -> String {
        self.parts.iter().map(|part| part.row_type).collect::<Vec<_>>().join(", ")
    }

    /// Selected columns that are called so.
    pub(super) fn list_as(&self, key: &[String], name: &str) -> String {
        let called = key.iter().zip(self.numbered(name));
        let called: Vec<String> =
            called.map(|(key, name)| format!("{key} AS {}", quoted(&name))).collect();
        called.join(", ")
    }

    /// A list of columns that SQLite tells apart byte by byte.
    pub(super) fn list_binary(&self, key: &[String]) -> String {
        let binary: Vec<String> = key.iter().map(|key| format!("{key} COLLATE BINARY")).collect();
        binary.join(", ")
    }

    /// The columns of a table that has the history's.
    pub(super) fn history_of(&self, table: &str) -> Key {
        self.each(|part| format!("{table}.{}", quoted(&part.row_name)))
    }

    /// The places of a key, each with its value.
    pub(super) fn pairs(&self, one: &[String], other: &[String]) -> Vec<(String, String)> {
        one.iter().cloned().zip(other.iter().cloned()).collect()
    }

    /// No key.
    pub(super) fn nulls(&self) -> String {
        self.list(&self.each(|_| "NULL".to_owned()))
    }

    /// What people are to write there.
    pub(super) fn dots(&self) -> Key {
        self.each(|_| "...".to_owned())
    }

    /// A key as literals, on PostgreSQL, for a statement that people are to write.
    pub(super) fn quoted_literals(&self, key: &[String]) -> String {
        self.list(&key.iter().map(|key| format!("quote_literal({key})")).collect::<Key>())
    }

    /// The names of the columns as literals.
    pub(super) fn name_literals(&self) -> String {
        self.list(&self.each(|part| literal(&part.name)))
    }

    /// A condition of `format` on columns that are given to it, by the first places.
    pub(super) fn any_name_equal(&self) -> String {
        self.equal(&self.each(|_| "%I".to_owned()), &self.args(1, 0))
    }

    /// Whether the key is one whole number, which SQLite may give again.
    pub(super) fn is_one_integer(&self) -> bool {
        matches!(&self.parts[..], [part] if part.row_type == "INTEGER")
    }

    /// The columns of the key, for people.
    pub fn key_names(&self) -> String {
        self.parts.iter().map(|part| part.name.as_str()).collect::<Vec<_>>().join(", ")
    }

    /// A list of them.
    pub fn list(&self, key: &[String]) -> String {
        key.join(", ")
    }

    /// Whether two keys are one.
    pub fn equal(&self, one: &[String], other: &[String]) -> String {
        self.both(one, " = ", other, " AND ")
    }

    /// The same in words that need no search_path.
    pub(super) fn equal_plain(&self, one: &[String], other: &[String]) -> String {
        self.both(one, " OPERATOR(pg_catalog.=) ", other, " AND ")
    }

    /// Whether two keys differ, NULL and all, byte by byte.
    pub(super) fn differ(&self, one: &[String], other: &[String]) -> String {
        match self.dialect {
            Dialect::Postgres => {
                let exact = |key: &[String]| -> Key {
                    key.iter().map(|key| format!("{key}::text COLLATE \"C\"")).collect()
                };
                self.any(&exact(one), " IS DISTINCT FROM ", &exact(other))
            }
            Dialect::Sqlite => self.any(one, " COLLATE BINARY IS NOT ", other),
        }
    }

    fn both(&self, one: &[String], is: &str, other: &[String], and: &str) -> String {
        let pairs = one.iter().zip(other).map(|(one, other)| format!("{one}{is}{other}"));
        pairs.collect::<Vec<_>>().join(and)
    }

    fn any(&self, one: &[String], is: &str, other: &[String]) -> String {
        let any = self.both(one, is, other, " OR ");
        if self.several() { format!("({any})") } else { any }
    }

    /// Whether a key has no value.
    pub(super) fn is_null(&self, key: &[String]) -> String {
        let any: Vec<String> = key.iter().map(|key| format!("{key} IS NULL")).collect();
        if self.several() { format!("({})", any.join(" OR ")) } else { any.concat() }
    }

    /// Whether it has one.
    pub(super) fn is_set(&self, key: &[String]) -> String {
        let all: Vec<String> = key.iter().map(|key| format!("{key} IS NOT NULL")).collect();
        all.join(" AND ")
    }

    /// A key as a text for people, on PostgreSQL.
    pub(super) fn shown(&self, key: &[String], path: &str) -> String {
        let texts: Vec<String> = key.iter().map(|key| format!("{key}::{path}text")).collect();
        if !self.several() {
            return texts.concat();
        }
        let texts: Vec<String> =
            texts.iter().map(|text| format!("coalesce({text}, 'null')")).collect();
        format!("{path}concat_ws(':', {})", texts.join(", "))
    }

    /// The same in words that need no search_path, within a text that is put together.
    pub(super) fn shown_plain(&self, key: &[String]) -> String {
        match key {
            [key] => key.clone(),
            several => format!("pg_catalog.concat_ws(':', {})", several.join(", ")),
        }
    }

    /// A key as one expression, which is the same for no other key: the column, where it is one, else a
    /// text.
    pub fn one(&self, key: &[String]) -> String {
        let escaped =
            |key: &String| format!("replace(replace(CAST({key} AS text), '%', '%25'), ':', '%3A')");
        match key {
            [one] => one.clone(),
            several => several.iter().map(escaped).collect::<Vec<_>>().join(" || ':' || "),
        }
    }
}
