//! What the live database says of itself: the types that no configuration has to repeat.

use super::column::{Column, Keys};
use super::conn::Conn;
use super::{Error, Result};
use crate::Schema;
use crate::text::quoted;
use std::collections::BTreeSet;

/// The live database's shape, as far as statements depend on it.
#[derive(Clone, Debug)]
pub(crate) struct Shape {
    pub(crate) key: Keys,
    /// The types that a key's columns are cast to, where they need it.
    pub(crate) key_types: Vec<Option<String>>,
    /// The type that a status is cast to, where it needs it.
    pub(crate) status_type: Option<String>,
    /// Whether the column holds other than each state's value: the view of the states says what.
    pub(crate) is_coded: bool,
    /// Whether a report can be applied at once: on PostgreSQL by a function, which must be there, and which
    /// this role may execute; on SQLite by two statements that need the history.
    pub(crate) applies: bool,
    pub(crate) columns: BTreeSet<String>,
    /// The tables next to it that exist, of those that the schema names.
    pub(crate) tables: BTreeSet<String>,
}

impl Shape {
    /// Reads the shape of the schema's tables.
    ///
    /// # Errors
    /// [`Error::Schema`] where the table, its key or its column is not there.
    pub(crate) async fn read(conn: &mut Conn<'_>, schema: &Schema) -> Result<Self> {
        let columns = columns_of(conn, schema, &schema.table).await?;
        if columns.is_empty() {
            return Err(Error::Schema(format!("there is no table {}", quoted(&schema.table))));
        }
        let find = |name: &str| {
            columns.iter().find(|column| column.name == name).ok_or_else(|| {
                Error::Schema(format!("{} has no column {}", quoted(&schema.table), quoted(name)))
            })
        };
        let key = schema.key.iter().map(|key| find(key)).collect::<Result<Vec<_>>>()?;
        let status = find(&schema.column)?;
        let tables = tables(conn, schema).await?;
        let said = columns_of(conn, schema, &schema.states).await?;
        Ok(Self {
            is_coded: said.iter().any(|column| column.name == "stored"),
            applies: applies(conn, schema, &tables).await?,
            key_types: key.iter().map(|column| column.cast.clone()).collect(),
            key: Keys(key.iter().map(|column| column.key).collect()),
            status_type: status.cast.clone(),
            columns: columns.into_iter().map(|column| column.name).collect(),
            tables,
        })
    }

    pub(crate) fn has_table(&self, name: &str) -> bool {
        self.tables.contains(name)
    }
}

async fn applies(conn: &mut Conn<'_>, schema: &Schema, tables: &BTreeSet<String>) -> Result<bool> {
    let Some(events) = &schema.events else {
        return Ok(false);
    };
    let has_history = [events, &schema.reports].iter().all(|name| tables.contains(*name));
    Ok(match conn {
        #[cfg(feature = "sqlite")]
        Conn::Sqlite(_) => has_history,
        #[cfg(feature = "postgres")]
        Conn::Postgres(_) => {
            has_history && super::postgres::may_execute(conn, schema, &schema.apply).await?
        }
    })
}

/// The columns of a table or a view; none where there is no such one.
async fn columns_of(conn: &mut Conn<'_>, schema: &Schema, table: &str) -> Result<Vec<Column>> {
    Ok(match conn {
        #[cfg(feature = "sqlite")]
        Conn::Sqlite(_) => super::sqlite::columns(conn, schema, table).await?,
        #[cfg(feature = "postgres")]
        Conn::Postgres(_) => super::postgres::columns(conn, schema, table).await?,
    })
}

/// The tables and views that are there now.
pub(crate) async fn tables(conn: &mut Conn<'_>, schema: &Schema) -> Result<BTreeSet<String>> {
    Ok(match conn {
        #[cfg(feature = "sqlite")]
        Conn::Sqlite(_) => super::sqlite::tables(conn, schema).await?,
        #[cfg(feature = "postgres")]
        Conn::Postgres(_) => super::postgres::tables(conn, schema).await?,
    })
}
