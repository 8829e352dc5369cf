//! A report on a connection of the caller's: within the transaction that it is in, or in one for the report
//! where it is in none.

use super::conn::Conn;
#[cfg(feature = "postgres")]
use super::conn::Mark;
use super::statements::Statements;
use super::{Answer, Report, Result, Store, apply};
use crate::Machine;
use sqlx::Connection as _;

/// A connection of the caller's, for [`Store::apply_callback_in`]: a `&mut` of sqlx's `Transaction`,
/// `PoolConnection`, `SqliteConnection` or `PgConnection`.
pub struct CallerConnection<'a>(Conn<'a>);

macro_rules! takes {
    ($feature:literal, $database:ty, $connection:ty, $conn:ident) => {
        #[cfg(feature = $feature)]
        impl<'a> From<&'a mut $connection> for CallerConnection<'a> {
            fn from(connection: &'a mut $connection) -> Self {
                Self(Conn::$conn(connection))
            }
        }

        #[cfg(feature = $feature)]
        impl<'a> From<&'a mut sqlx::pool::PoolConnection<$database>> for CallerConnection<'a> {
            fn from(connection: &'a mut sqlx::pool::PoolConnection<$database>) -> Self {
                Self(Conn::$conn(connection))
            }
        }

        #[cfg(feature = $feature)]
        impl<'a> From<&'a mut sqlx::Transaction<'_, $database>> for CallerConnection<'a> {
            fn from(transaction: &'a mut sqlx::Transaction<'_, $database>) -> Self {
                Self(Conn::$conn(transaction))
            }
        }
    };
}
takes!("sqlite", sqlx::Sqlite, sqlx::SqliteConnection, Sqlite);
takes!("postgres", sqlx::Postgres, sqlx::PgConnection, Postgres);

impl Store {
    /// The same as [`apply_callback`](Self::apply_callback) on a connection of the caller's. Within a
    /// transaction, what the caller does next to it and the report happen together or not at all; a refusal
    /// leaves the transaction usable, and is recorded if the caller commits. On SQLite begin it with
    /// `BEGIN IMMEDIATE`. A connection that is in no transaction gets one for the report.
    ///
    /// Streams of this instance learn of it by their next look at the database, or at once by
    /// [`Store::signal`] after the commit.
    ///
    /// ```no_run
    /// # async fn run(store: phasegate::Store, machine: &dyn phasegate::Machine, pool: sqlx::SqlitePool) -> Result<(), Box<dyn std::error::Error>> {
    /// use phasegate::Report;
    ///
    /// let mut transaction = pool.begin_with("BEGIN IMMEDIATE").await?;
    /// sqlx::query("INSERT INTO payments (order_id) VALUES ('o1')").execute(&mut *transaction).await?;
    /// let answer = store.apply_callback_in(&mut transaction, machine, "o1", &Report::new("paid")).await?;
    /// transaction.commit().await?;
    /// println!("{answer}");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`apply_callback`](Self::apply_callback); the connection is as it was before the call.
    pub async fn apply_callback_in<'t>(
        &self,
        connection: impl Into<CallerConnection<'t>>,
        machine: &dyn Machine,
        id: &str,
        report: &Report,
    ) -> Result<Answer> {
        self.opened_for(machine)?;
        let CallerConnection(mut conn) = connection.into();
        // The caller's connection may be the only one: nothing is asked of the pool.
        let sql = self.statements_by(&mut conn).await?;
        let Some(answer) = self.apply_alone(&mut conn, machine, &sql, id, report).await? else {
            return apply::apply(&mut conn, machine, &sql, id, report).await;
        };
        if matches!(answer, Answer::Applied { .. }) {
            self.signal(id);
        }
        Ok(answer)
    }

    /// The report in a transaction of its own; none where the connection is in one, in which nothing is done.
    async fn apply_alone(
        &self,
        conn: &mut Conn<'_>,
        machine: &dyn Machine,
        sql: &Statements,
        id: &str,
        report: &Report,
    ) -> Result<Option<Answer>> {
        macro_rules! alone {
            ($begun:expr, $conn:path) => {{
                let mut transaction = $begun;
                let conn = &mut $conn(&mut transaction);
                let answer = apply::apply(conn, machine, sql, id, report).await?;
                transaction.commit().await?;
                Ok(Some(answer))
            }};
        }
        match conn {
            #[cfg(feature = "sqlite")]
            Conn::Sqlite(connection) => {
                if connection.is_in_transaction() {
                    return Ok(None);
                }
                match connection.begin_with("BEGIN IMMEDIATE").await {
                    // One that was begun by plain SQL, which sqlx does not know of.
                    Err(error) if is_within(&error) => Ok(None),
                    begun => alone!(begun?, Conn::Sqlite),
                }
            }
            #[cfg(feature = "postgres")]
            Conn::Postgres(connection) => {
                if connection.is_in_transaction() {
                    return Ok(None);
                }
                // One that was begun by plain SQL takes a savepoint, which does nothing.
                let mut asked = Conn::Postgres(connection);
                match asked.mark(Mark::Report).await {
                    Ok(()) => {
                        asked.keep(Mark::Report).await?;
                        return Ok(None);
                    }
                    Err(error) if is_outside(&error) => {}
                    Err(error) => return Err(error.into()),
                }
                let begins = "BEGIN ISOLATION LEVEL READ COMMITTED";
                alone!(connection.begin_with(begins).await?, Conn::Postgres)
            }
        }
    }
}

/// Whether SQLite begins no transaction because there is one.
#[cfg(feature = "sqlite")]
fn is_within(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(|error| error.message().contains("within a transaction"))
}

/// Whether PostgreSQL takes no savepoint because there is no transaction.
#[cfg(feature = "postgres")]
fn is_outside(error: &sqlx::Error) -> bool {
    error.as_database_error().and_then(|error| error.code()).is_some_and(|code| code == "25P01")
}
