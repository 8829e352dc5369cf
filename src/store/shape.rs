//! What the live database says of itself: the types that no configuration has to repeat.

use super::conn::Conn;
use super::schema::{Schema, quoted};
use super::{Error, Result};
use std::collections::BTreeSet;

/// What a key is made of.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Key {
    Text,
    /// SQLite has no such type: there it is a text like any other.
    #[cfg(feature = "postgres")]
    Uuid,
    /// A whole number between these two.
    Int(i64, i64),
}

impl Key {
    /// The key as the database takes it, where it can be one.
    pub(crate) fn parse(self, id: &str) -> Option<String> {
        match self {
            // No text of PostgreSQL's holds a NUL.
            Self::Text => (!id.contains('\0')).then(|| id.to_owned()),
            #[cfg(feature = "postgres")]
            Self::Uuid => uuid::Uuid::try_parse(id).ok().map(|id| id.to_string()),
            Self::Int(least, most) => {
                let number = id.parse::<i64>().ok()?;
                (least..=most).contains(&number).then(|| number.to_string())
            }
        }
    }
}

/// The live database's shape, as far as statements depend on it.
#[derive(Clone, Debug)]
pub(crate) struct Shape {
    pub(crate) key: Key,
    /// The type that a key is cast to, where it needs it.
    pub(crate) key_type: Option<String>,
    /// The type that a status is cast to, where it needs it.
    pub(crate) status_type: Option<String>,
    pub(crate) columns: BTreeSet<String>,
    /// The tables beside it that exist, of those that the schema names.
    pub(crate) tables: BTreeSet<String>,
}

impl Shape {
    /// Reads the shape of the schema's tables.
    ///
    /// # Errors
    /// [`Error::Schema`] where the table, its key or its column is not there.
    pub(crate) async fn read(conn: &mut Conn<'_>, schema: &Schema) -> Result<Self> {
        let columns = match conn {
            #[cfg(feature = "sqlite")]
            Conn::Sqlite(_) => super::sqlite::columns(conn, schema).await?,
            #[cfg(feature = "postgres")]
            Conn::Postgres(_) => super::postgres::columns(conn, schema).await?,
        };
        if columns.is_empty() {
            return Err(Error::Schema(format!("there is no table {}", quoted(&schema.table))));
        }
        let find = |name: &str| {
            columns.iter().find(|column| column.name == name).ok_or_else(|| {
                Error::Schema(format!("{} has no column {}", quoted(&schema.table), quoted(name)))
            })
        };
        let key = find(&schema.key)?;
        let status = find(&schema.column)?;
        let tables = match conn {
            #[cfg(feature = "sqlite")]
            Conn::Sqlite(_) => super::sqlite::tables(conn).await?,
            #[cfg(feature = "postgres")]
            Conn::Postgres(_) => super::postgres::tables(conn, schema).await?,
        };
        Ok(Self {
            key: key.key,
            key_type: key.cast.clone(),
            status_type: status.cast.clone(),
            columns: columns.into_iter().map(|column| column.name).collect(),
            tables,
        })
    }

    pub(crate) fn has_table(&self, name: &str) -> bool {
        self.tables.contains(name)
    }
}

/// One column of the table with the status.
pub(crate) struct Column {
    pub(crate) name: String,
    /// What it would be as a key.
    pub(crate) key: Key,
    /// The type that text is cast to for it, where it needs it.
    pub(crate) cast: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_a_key_only_where_the_column_could_hold_it() {
        assert_eq!(Key::Text.parse("a/b"), Some("a/b".to_owned()));
        assert_eq!(Key::Text.parse("a\0"), None);
        assert_eq!(Key::Int(0, 9).parse("10"), None);
        assert_eq!(Key::Int(-9, 9).parse("-7"), Some("-7".to_owned()));
    }

    #[cfg(feature = "postgres")]
    #[test]
    fn reads_a_uuid_in_any_of_its_spellings() {
        assert_eq!(Key::Uuid.parse("not one"), None);
        let hyphens = "0198c0de-0000-7000-8000-000000000000";
        assert_eq!(Key::Uuid.parse(&hyphens.to_uppercase()), Some(hyphens.to_owned()));
    }
}
