//! The engines that a history may live in: how each writes names, texts and lists of rows.

use crate::emit::sql::{literal, quoted};

/// An engine that a query is written for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Engine {
    /// PostgreSQL.
    Postgres,
    /// SQLite, from 3.28 on.
    Sqlite,
    /// MySQL from 8.0 and MariaDB from 10.2 on.
    Mysql,
    /// DuckDB.
    Duckdb,
    /// Apache Spark, from 3.0 on.
    Spark,
    /// Trino.
    Trino,
    /// BigQuery.
    Bigquery,
    /// Snowflake.
    Snowflake,
}

/// How an engine writes a list of rows.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Rows {
    /// `VALUES (..), (..)`, with the columns' names in front of it.
    Values,
    /// `SELECT .. UNION ALL SELECT ..`: MySQL and MariaDB write VALUES in two ways.
    Union,
    /// An array of structs.
    Structs,
    /// `SELECT column1, .. FROM VALUES (..), (..)`.
    FromValues,
}

/// Writes a name or an expression.
type Writes = fn(&str) -> String;

/// What an engine writes otherwise than the others.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ways {
    /// Its word on the command line.
    word: &'static str,
    /// The type that every state can be cast to.
    pub(super) text: &'static str,
    pub(super) rows: Rows,
    identifier: Writes,
    literal: Writes,
    /// What makes a text compare byte by byte, whatever the column's collation.
    exact: Writes,
}

impl Engine {
    /// Every engine.
    pub const ALL: [Self; 8] = [
        Self::Postgres,
        Self::Sqlite,
        Self::Mysql,
        Self::Duckdb,
        Self::Spark,
        Self::Trino,
        Self::Bigquery,
        Self::Snowflake,
    ];

    /// A row for each.
    #[rustfmt::skip]
    pub(super) const fn ways(self) -> Ways {
        let (word, text, rows, identifier, literal, exact): (_, _, _, Writes, Writes, Writes) = match self {
            Self::Postgres  => ("postgres",  "text",    Rows::Values,     quoted,   literal,   collate_c),
            Self::Sqlite    => ("sqlite",    "TEXT",    Rows::Values,     quoted,   literal,   collate_binary),
            Self::Mysql     => ("mysql",     "CHAR",    Rows::Union,      backtick, or_hex,    as_bytes),
            Self::Duckdb    => ("duckdb",    "VARCHAR", Rows::Values,     quoted,   literal,   as_it_is),
            Self::Spark     => ("spark",     "STRING",  Rows::Values,     backtick, spark,     as_it_is),
            Self::Trino     => ("trino",     "VARCHAR", Rows::Values,     quoted,   literal,   as_it_is),
            Self::Bigquery  => ("bigquery",  "STRING",  Rows::Structs,    escaped,  backslash, as_it_is),
            Self::Snowflake => ("snowflake", "VARCHAR", Rows::FromValues, upper,    backslash, as_it_is),
        };
        Ways { word, text, rows, identifier, literal, exact }
    }

    /// The word that the command line uses.
    pub const fn as_str(self) -> &'static str {
        self.ways().word
    }

    /// The engine of a word.
    pub fn find(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|engine| engine.as_str() == word)
    }

    /// A name of a table or column, whatever it is made of.
    pub fn identifier(self, name: &str) -> String {
        (self.ways().identifier)(name)
    }

    /// A text.
    pub fn literal(self, text: &str) -> String {
        (self.ways().literal)(text)
    }

    /// A text that compares byte by byte.
    pub(super) fn exact(self, expression: &str) -> String {
        (self.ways().exact)(expression)
    }

    /// Anything as a text.
    pub(super) fn text(self, expression: &str) -> String {
        format!("CAST({expression} AS {})", self.ways().text)
    }
}

fn backtick(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

/// Within backticks, BigQuery escapes as it does in texts.
fn escaped(name: &str) -> String {
    format!("`{}`", name.replace('\\', r"\\").replace('`', r"\`"))
}

/// Snowflake keeps a name that no one quoted in capitals: most are.
fn upper(name: &str) -> String {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if name.chars().all(plain) { quoted(&name.to_ascii_uppercase()) } else { quoted(name) }
}

fn backslash(text: &str) -> String {
    format!("'{}'", text.replace('\\', r"\\").replace('\'', r"\'"))
}

/// Spark fills in `${NAME}` before it reads anything else.
fn spark(text: &str) -> String {
    backslash(text).replace("${", r"\u0024{")
}

/// By MySQL's mode a backslash escapes or does not: a text that has one is written in bytes.
fn or_hex(text: &str) -> String {
    if !text.contains('\\') {
        return literal(text);
    }
    let bytes: String = text.bytes().map(|byte| format!("{byte:02X}")).collect();
    format!("_utf8mb4 X'{bytes}'")
}

fn collate_c(expression: &str) -> String {
    format!("{expression} COLLATE \"C\"")
}

fn collate_binary(expression: &str) -> String {
    format!("{expression} COLLATE BINARY")
}

/// No collation of MySQL's tells texts apart that differ in spaces at their end.
fn as_bytes(expression: &str) -> String {
    format!("CAST(CONVERT({expression} USING utf8mb4) AS BINARY)")
}

fn as_it_is(expression: &str) -> String {
    expression.to_owned()
}
