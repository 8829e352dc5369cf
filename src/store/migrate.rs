//! Running migrations: several processes may start at once, and an older binary may meet a newer
//! database.

use super::{Error, Pool, Result, Store};
#[cfg(feature = "sqlite")]
use sqlx::Connection as _;
use sqlx::migrate::Migrator;

impl Store {
    /// Runs the migrations that the database doesn't have yet. Ones that it has and this binary
    /// lacks are passed over: they are additive, and a binary that was rolled back has to start.
    ///
    /// ```no_run
    /// # async fn run(machine: &dyn phasegate::Machine) -> phasegate::store::Result<()> {
    /// use phasegate::{Schema, Store};
    ///
    /// let store = Store::open("sqlite:orders.db", Schema::of(machine)).await?;
    /// store.migrate(sqlx::migrate!("migrations/sqlite")).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::Migrate`], and where the database is away; on SQLite nothing is done then.
    pub async fn migrate(&self, mut migrator: Migrator) -> Result<()> {
        migrator.set_ignore_missing(true);
        match &self.shared.pool {
            #[cfg(feature = "sqlite")]
            Pool::Sqlite(pool) => {
                let _queued = self.shared.writers.lock().await;
                // sqlx takes no lock on SQLite: two processes would both find a migration missing,
                // and the second would fail. The write lock makes the second wait, and find it.
                let mut connection = pool.acquire().await?;
                if !super::sqlite::is_only(pool) {
                    // Whatever state a migration that fails leaves it in.
                    connection.close_on_drop();
                }
                let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
                migrator.run_direct(None, &mut *transaction, false).await.map_err(failed)?;
                transaction.commit().await?;
            }
            #[cfg(feature = "postgres")]
            Pool::Postgres(pool) => {
                // The lock that sqlx takes here lives as long as the session, and is not given
                // back after a failure: the session must not outlive this call.
                let mut session = pool.acquire().await?.detach();
                // What reports are held to is too short for a table that is filled.
                let untimed = sqlx::raw_sql("RESET lock_timeout; RESET statement_timeout");
                untimed.execute(&mut session).await?;
                let result = migrator.run_direct(None, &mut session, false).await;
                let _ = sqlx::Connection::close(session).await;
                result.map_err(failed)?;
            }
        }
        Ok(())
    }
}

// sqlx's enum is not ours: all but a failing connection is the migrations' own.
#[allow(clippy::wildcard_enum_match_arm)]
fn failed(error: sqlx::migrate::MigrateError) -> Error {
    match error {
        sqlx::migrate::MigrateError::Execute(error) => error.into(),
        error => Error::Migrate(error),
    }
}
