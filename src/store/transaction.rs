//! One transaction on a connection of the pool. The connection goes back to the pool where its transaction
//! was ended for certain, and is closed in every other case: after a rollback that failed (a full disk), and
//! where the call was dropped midway (a client that went away).

use super::conn::Conn;
use super::error::Error;
use super::{Pool, Result, Store};
#[cfg(feature = "postgres")]
use sqlx::Postgres;
#[cfg(feature = "sqlite")]
use sqlx::Sqlite;
use sqlx::pool::PoolConnection;

/// What a transaction is for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Begin {
    /// It reads, at one moment.
    Read,
    /// It may write.
    Write,
    /// Each statement is one by itself.
    Alone,
}

/// A connection that is in a transaction.
pub(crate) struct Held {
    connection: Option<Connection>,
    kind: Begin,
    /// The database may be in memory, and gone with its connection.
    is_only: bool,
    /// The file that it has open, and whose store it is.
    #[cfg(feature = "sqlite")]
    file: Option<super::file::FileId>,
    #[cfg(feature = "sqlite")]
    store: Store,
}

enum Connection {
    #[cfg(feature = "sqlite")]
    Sqlite(PoolConnection<Sqlite>),
    #[cfg(feature = "postgres")]
    Postgres(PoolConnection<Postgres>),
}

const HELD: &str = "it is held until the transaction ends";

impl Store {
    /// A connection on which each statement is a transaction by itself.
    pub(crate) async fn connection(&self) -> Result<Held> {
        #[cfg(feature = "sqlite")]
        let mut file = None;
        let (connection, is_only) = match &self.shared.pool {
            #[cfg(feature = "sqlite")]
            Pool::Sqlite(pool) => {
                if let Some(of) = &self.shared.file {
                    file = of.now(pool)?;
                }
                (Connection::Sqlite(pool.acquire().await?), super::sqlite::is_only(pool))
            }
            #[cfg(feature = "postgres")]
            Pool::Postgres(pool) => (Connection::Postgres(pool.acquire().await?), false),
        };
        Ok(Held {
            connection: Some(connection),
            kind: Begin::Alone,
            is_only,
            #[cfg(feature = "sqlite")]
            file,
            #[cfg(feature = "sqlite")]
            store: self.clone(),
        })
    }

    /// Begins a transaction.
    pub(crate) async fn begin(&self, kind: Begin) -> Result<Held> {
        let mut held = self.connection().await?;
        held.kind = kind;
        let is_sqlite = self.is_sqlite();
        let begins = match kind {
            // Read, then write: a deferred transaction would fail whenever another wrote in between.
            Begin::Write if is_sqlite => "BEGIN IMMEDIATE",
            Begin::Read if is_sqlite => "BEGIN",
            Begin::Write => "BEGIN ISOLATION LEVEL READ COMMITTED",
            Begin::Read => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
            Begin::Alone => return Ok(held),
        };
        held.conn().execute(begins, &[]).await?;
        Ok(held)
    }
}

impl Held {
    /// The connection, to run statements on.
    pub(crate) fn conn(&mut self) -> Conn<'_> {
        match self.connection.as_mut().expect(HELD) {
            #[cfg(feature = "sqlite")]
            Connection::Sqlite(connection) => Conn::Sqlite(connection),
            #[cfg(feature = "postgres")]
            Connection::Postgres(connection) => Conn::Postgres(connection),
        }
    }

    /// Commits what was done where the result is a success, and takes it back where it is none.
    ///
    /// # Errors
    /// That of the result; [`Error::Unknown`] where no one can say whether it was committed.
    pub(crate) async fn end<T>(mut self, result: Result<T>) -> Result<T> {
        match result {
            Ok(done) => {
                self.conn().execute("COMMIT", &[]).await.map_err(|error| match self.kind {
                    Begin::Write => Error::of_commit(error),
                    Begin::Read | Begin::Alone => error.into(),
                })?;
                self.give_back();
                Ok(done)
            }
            Err(error) => {
                // The error of the body is the one to return.
                self.take_back().await;
                Err(error)
            }
        }
    }

    /// Whatever was begun on it is over: the next one may have it.
    pub(crate) fn done(mut self) {
        self.give_back();
    }

    /// Takes back what was done.
    pub(crate) async fn take_back(mut self) {
        match self.conn().execute("ROLLBACK", &[]).await {
            Ok(_) => self.give_back(),
            Err(error) => tracing::warn!(%error, "a rollback failed: its connection is closed"),
        }
    }

    /// Its transaction is over: the next one may have the connection.
    fn give_back(&mut self) {
        #[cfg(feature = "sqlite")]
        if self.store.shared.file.as_ref().is_some_and(|file| !file.is(self.file)) {
            // Another file was put in the place of its own meanwhile.
            return;
        }
        drop(self.connection.take());
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        match self.connection.take() {
            // There a rollback has to do.
            #[cfg(feature = "sqlite")]
            Some(Connection::Sqlite(mut connection)) if self.is_only => {
                let Ok(runtime) = tokio::runtime::Handle::try_current() else {
                    return;
                };
                runtime.spawn(async move {
                    // Where it fails the transaction is over already.
                    let _ = Conn::Sqlite(&mut connection).execute("ROLLBACK", &[]).await;
                });
            }
            #[cfg(feature = "sqlite")]
            Some(Connection::Sqlite(mut connection)) => connection.close_on_drop(),
            #[cfg(feature = "postgres")]
            Some(Connection::Postgres(mut connection)) => connection.close_on_drop(),
            None => {}
        }
    }
}

/// Runs the body with a connection in a transaction that ends with the body's success, or is taken back.
macro_rules! in_transaction {
    ($store:expr, read, |$conn:ident| $body:expr) => {
        in_transaction!(@ $store, Read, $conn, $body)
    };
    ($store:expr, write, |$conn:ident| $body:expr) => {
        in_transaction!(@ $store, Write, $conn, $body)
    };
    (@ $store:expr, $kind:ident, $conn:ident, $body:expr) => {{
        let mut held = $store.begin($crate::store::transaction::Begin::$kind).await?;
        let result: $crate::store::Result<_> = {
            let mut conn = held.conn();
            let $conn = &mut conn;
            async { $body }.await
        };
        held.end(result).await
    }};
}
pub(crate) use in_transaction;

#[cfg(all(test, feature = "sqlite"))]
mod tests {
    use super::*;
    use crate::Schema;

    /// Whether a table that only one connection has is there.
    async fn is_marked(held: &mut Held) -> sqlx::Result<bool> {
        let sql = "SELECT count(*) FROM temp.sqlite_master WHERE name = 'mark'";
        let row = held.conn().row(sql, &[]).await?;
        Ok(row.map(|row| row.int(0)).transpose()?.flatten() == Some(1))
    }

    #[tokio::test]
    async fn a_connection_whose_rollback_failed_is_no_one_else_s() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}?mode=rwc", folder.path().join("test.db").display());
        // Of one connection, so that what is given back is what comes next.
        let pool = sqlx::sqlite::SqlitePoolOptions::new().max_connections(1).connect(&url).await;
        let store = Store::sqlite(pool.unwrap(), Schema::named("order"));
        let mut first = store.connection().await.unwrap();
        first.conn().execute("CREATE TEMP TABLE mark (x)", &[]).await.unwrap();
        first.done();
        // A rollback that is done leaves it to the next one.
        store.begin(Begin::Write).await.unwrap().take_back().await;
        let mut held = store.begin(Begin::Write).await.unwrap();
        assert!(is_marked(&mut held).await.unwrap());
        // There is nothing left to take back: what the connection is in is not known.
        held.conn().execute("ROLLBACK", &[]).await.unwrap();
        held.take_back().await;
        let mut next = store.connection().await.unwrap();
        assert!(!is_marked(&mut next).await.unwrap());
        next.done();
        store.close().await;
    }
}
