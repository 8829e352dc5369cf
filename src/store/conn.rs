//! One connection, whichever database it is to: SQL with `$1` places, arguments, rows.

use sqlx::AssertSqlSafe;
use sqlx::Row as _;

#[cfg(not(any(feature = "sqlite", feature = "postgres")))]
compile_error!("the store needs a database: enable the feature `sqlite` or `postgres`");

/// A connection that is in a transaction.
pub(crate) enum Conn<'a> {
    #[cfg(feature = "sqlite")]
    Sqlite(&'a mut sqlx::SqliteConnection),
    #[cfg(feature = "postgres")]
    Postgres(&'a mut sqlx::PgConnection),
}

/// One argument of a statement.
#[derive(Clone, Copy)]
pub(crate) enum Arg<'a> {
    Text(Option<&'a str>),
    Int(Option<i64>),
    Bytes(Option<&'a [u8]>),
}

impl<'a> From<&'a str> for Arg<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(Some(text))
    }
}

impl<'a> From<&'a String> for Arg<'a> {
    fn from(text: &'a String) -> Self {
        Self::Text(Some(text))
    }
}

impl<'a> From<&'a Option<String>> for Arg<'a> {
    fn from(text: &'a Option<String>) -> Self {
        Self::Text(text.as_deref())
    }
}

impl From<i64> for Arg<'_> {
    fn from(int: i64) -> Self {
        Self::Int(Some(int))
    }
}

/// One row of an answer. Statements cast what they select to text, bigint or bytes.
pub(crate) enum Row {
    #[cfg(feature = "sqlite")]
    Sqlite(sqlx::sqlite::SqliteRow),
    #[cfg(feature = "postgres")]
    Postgres(sqlx::postgres::PgRow),
}

impl Row {
    pub(crate) fn text(&self, place: usize) -> sqlx::Result<Option<String>> {
        match self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite(row) => row.try_get(place),
            #[cfg(feature = "postgres")]
            Self::Postgres(row) => row.try_get(place),
        }
    }

    pub(crate) fn int(&self, place: usize) -> sqlx::Result<Option<i64>> {
        match self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite(row) => row.try_get(place),
            #[cfg(feature = "postgres")]
            Self::Postgres(row) => row.try_get(place),
        }
    }

    pub(crate) fn bytes(&self, place: usize) -> sqlx::Result<Option<Vec<u8>>> {
        match self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite(row) => row.try_get(place),
            #[cfg(feature = "postgres")]
            Self::Postgres(row) => row.try_get(place),
        }
    }
}

/// Binds the arguments to a query of either database.
macro_rules! bound {
    ($sql:expr, $args:expr) => {{
        // The statements consist only of quoted identifiers and `$1` places.
        let mut query = sqlx::query(AssertSqlSafe($sql));
        for arg in $args {
            query = match *arg {
                Arg::Text(text) => query.bind(text),
                Arg::Int(int) => query.bind(int),
                Arg::Bytes(bytes) => query.bind(bytes),
            };
        }
        query
    }};
}

impl Conn<'_> {
    /// The rows that a statement gives.
    pub(crate) async fn rows(&mut self, sql: &str, args: &[Arg<'_>]) -> sqlx::Result<Vec<Row>> {
        match self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite(connection) => {
                let rows = bound!(sql, args).fetch_all(&mut **connection).await?;
                Ok(rows.into_iter().map(Row::Sqlite).collect())
            }
            #[cfg(feature = "postgres")]
            Self::Postgres(connection) => {
                let rows = bound!(sql, args).fetch_all(&mut **connection).await?;
                Ok(rows.into_iter().map(Row::Postgres).collect())
            }
        }
    }

    /// The first row that a statement gives.
    pub(crate) async fn row(&mut self, sql: &str, args: &[Arg<'_>]) -> sqlx::Result<Option<Row>> {
        Ok(self.rows(sql, args).await?.into_iter().next())
    }

    /// The number of rows that a statement changed.
    pub(crate) async fn execute(&mut self, sql: &str, args: &[Arg<'_>]) -> sqlx::Result<u64> {
        match self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite(connection) => {
                Ok(bound!(sql, args).execute(&mut **connection).await?.rows_affected())
            }
            #[cfg(feature = "postgres")]
            Self::Postgres(connection) => {
                Ok(bound!(sql, args).execute(&mut **connection).await?.rows_affected())
            }
        }
    }

    /// Marks a place in the transaction that [`undo`](Self::undo) goes back to.
    pub(crate) async fn mark(&mut self, place: Mark) -> sqlx::Result<()> {
        self.execute(&format!("SAVEPOINT {}", place.name()), &[]).await.map(drop)
    }

    /// Keeps what was done since the mark.
    pub(crate) async fn keep(&mut self, place: Mark) -> sqlx::Result<()> {
        self.execute(&format!("RELEASE SAVEPOINT {}", place.name()), &[]).await.map(drop)
    }

    /// Takes back what was done since the mark, errors and inner marks included.
    pub(crate) async fn undo(&mut self, place: Mark) -> sqlx::Result<()> {
        self.execute(&format!("ROLLBACK TO SAVEPOINT {}", place.name()), &[]).await?;
        self.keep(place).await
    }
}

/// A place in a transaction.
#[derive(Clone, Copy)]
pub(crate) enum Mark {
    /// Before a report is judged, or a row started.
    Report,
    /// Before the status is set.
    Status,
}

impl Mark {
    const fn name(self) -> &'static str {
        match self {
            Self::Report => "phasegate_report",
            Self::Status => "phasegate_status",
        }
    }
}
