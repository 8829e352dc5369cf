//! The columns of the key, and what holds each of them in the history and in the reports.

use super::keys::{Dialect, KeyColumn, KeyType};
use super::quote::quoted;

/// A column of the key.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct KeyPart {
    /// Its name.
    pub name: String,
    /// The column of the history and of the reports that holds it.
    pub row_name: String,
    /// Its type there.
    pub row_type: &'static str,
    /// How it is compared there.
    pub(super) collation: &'static str,
    /// What makes it compare byte by byte, on PostgreSQL.
    pub(super) exact: &'static str,
    /// What gives it the type that the history has it in.
    pub(super) cast: &'static str,
    /// What has the application's own table compare it as it does.
    pub(super) default: &'static str,
    /// The types that the column may have, as PostgreSQL calls them, and what the table says.
    pub(super) types: &'static str,
    pub(super) of: KeyType,
}

impl KeyPart {
    fn of(column: &KeyColumn, row_name: String, dialect: Dialect) -> Self {
        let is_text = column.of == KeyType::Text;
        const TEXT: &str = "::pg_catalog.text COLLATE \"C\"";
        Self {
            name: column.name.clone(),
            row_name,
            row_type: match (dialect, column.of) {
                (Dialect::Postgres, of) => of.as_str(),
                (Dialect::Sqlite, KeyType::Text | KeyType::Uuid) => "TEXT",
                (Dialect::Sqlite, KeyType::Bigint | KeyType::Integer) => "INTEGER",
            },
            collation: match dialect {
                Dialect::Postgres if is_text => " COLLATE \"C\"",
                Dialect::Postgres | Dialect::Sqlite => "",
            },
            exact: if is_text { TEXT } else { "" },
            cast: match column.of {
                KeyType::Text => TEXT,
                KeyType::Uuid => "::pg_catalog.uuid",
                KeyType::Bigint => "::pg_catalog.int8",
                KeyType::Integer => "::pg_catalog.int4",
            },
            default: if is_text { " COLLATE \"default\"" } else { "" },
            types: match column.of {
                KeyType::Text => "'text', 'character varying', 'character', 'citext', 'name'",
                KeyType::Uuid => "'uuid'",
                KeyType::Bigint => "'bigint', 'integer', 'smallint'",
                KeyType::Integer => "'integer', 'smallint'",
            },
            of: column.of,
        }
    }

    /// The column as it is written.
    pub(super) fn column(&self) -> String {
        quoted(&self.name)
    }

    pub(super) fn key_type(&self) -> &'static str {
        self.of.as_str()
    }
}

/// The columns of the history and of the reports that hold the key.
pub(super) fn row_columns(machine: &str, key: &[KeyColumn]) -> Vec<String> {
    phasegate::Schema::named(machine).key(key.iter().map(|key| &key.name)).row
}

/// The columns of a machine's key.
pub(super) fn parts(machine: &str, key: &[KeyColumn], dialect: Dialect) -> Vec<KeyPart> {
    let rows = row_columns(machine, key);
    key.iter().zip(rows).map(|(column, row)| KeyPart::of(column, row, dialect)).collect()
}
