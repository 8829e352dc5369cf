//! The store: rows with a status in SQLite or PostgreSQL, the one door through which the status
//! changes, and what the history that the database writes says.

mod answer;
mod apply;
mod caller;
mod column;
mod columns;
mod conn;
mod error;
#[cfg(feature = "postgres")]
mod grants;
mod migrate;
mod names;
#[cfg(feature = "postgres")]
mod postgres;
mod read;
mod ready;
mod report;
mod reports;
mod shape;
#[cfg(feature = "sqlite")]
mod sqlite;
mod start;
mod statements;
mod time;
mod token;

pub use answer::Answer;
pub use caller::CallerConnection;
pub use columns::Columns;
pub use error::Error;
pub use read::{Event, Item, Page, Phase, Recorded, Snapshot};
pub use ready::Fit;
pub use report::{ADDRESS, EVENT_ID, LOG_TAIL, Malformed, NAME, Report};
pub use reports::ReportsPage;
pub use start::{Start, Started};
pub use time::Time;
pub use token::TokenCheck;

#[cfg(feature = "http")]
pub(crate) use report::read_json_by;
#[cfg(feature = "http")]
pub(crate) use token::hash as token_hash;

use crate::{Machine, Schema};
use conn::Conn;
use shape::Shape;
use statements::Statements;
use std::sync::Arc;
use tokio::sync::{Mutex, OnceCell, broadcast};

/// What the store's calls give.
pub type Result<T> = std::result::Result<T, Error>;

/// How often a report is tried again that the database took back in favour of another transaction.
const CONFLICTS: u32 = 3;
/// How many changes a listener may be behind before it is told just that.
const SIGNALS: usize = 1024;

/// One machine's rows in one database. Cheap to clone; all clones are one store.
///
/// Rows may be changed by others too, other instances and plain SQL among them: the database's own
/// triggers judge and record whatever comes.
#[derive(Clone, Debug)]
pub struct Store {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    pool: Pool,
    schema: Schema,
    statements: OnceCell<Arc<Statements>>,
    /// The keys of rows that changed through this store.
    changed: broadcast::Sender<Arc<str>>,
    /// SQLite's writers of this process queue here: its own queue is not fair.
    writers: Mutex<()>,
}

/// A pool of connections to one of the databases.
#[derive(Clone, Debug)]
enum Pool {
    #[cfg(feature = "sqlite")]
    Sqlite(sqlx::SqlitePool),
    #[cfg(feature = "postgres")]
    Postgres(sqlx::PgPool),
}

/// Runs the body with a connection in a transaction that ends with the body's success, or is
/// taken back. `$kind` is how SQLite begins it.
macro_rules! in_transaction {
    ($store:expr, $begin:ident, |$conn:ident| $body:expr) => {
        match &$store.shared.pool {
            #[cfg(feature = "sqlite")]
            Pool::Sqlite(pool) => {
                let begins = in_transaction!(@sqlite $begin);
                let mut transaction = $crate::store::begun(pool.clone(), begins).await?;
                let $conn = &mut Conn::Sqlite(&mut transaction);
                let result = $body;
                if result.is_ok() {
                    transaction.commit().await?;
                } else {
                    // The error of the body is the one to tell.
                    let _ = transaction.rollback().await;
                }
                result
            }
            #[cfg(feature = "postgres")]
            Pool::Postgres(pool) => {
                let begins = in_transaction!(@postgres $begin);
                let mut transaction = $crate::store::begun(pool.clone(), begins).await?;
                let $conn = &mut Conn::Postgres(&mut transaction);
                let result = $body;
                if result.is_ok() {
                    transaction.commit().await?;
                } else {
                    let _ = transaction.rollback().await;
                }
                result
            }
        }
    };
    // Read, then write: a deferred transaction would fail whenever another wrote in between.
    (@sqlite write) => { "BEGIN IMMEDIATE" };
    (@sqlite read) => { "BEGIN" };
    (@postgres write) => { "BEGIN ISOLATION LEVEL READ COMMITTED" };
    (@postgres read) => { "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY" };
}
pub(crate) use in_transaction;

/// A transaction that was begun by this statement.
///
/// It begins in a task of its own. A request may be dropped at any time, and where `sqlx` (0.9) is dropped
/// while it waits for the answer to `BEGIN`, the connection goes back to the pool within a transaction that
/// nobody ends: the next one there could not write, or what it wrote would be lost.
pub(crate) async fn begun<D: sqlx::Database>(
    pool: sqlx::Pool<D>,
    statement: &'static str,
) -> sqlx::Result<sqlx::Transaction<'static, D>> {
    let begins = tokio::spawn(async move { pool.begin_with(statement).await });
    begins.await.unwrap_or(Err(sqlx::Error::WorkerCrashed))
}

impl Store {
    /// Opens the database of this address: `sqlite:…` (the file is made where it doesn't exist)
    /// or `postgres://…` (connected to when first needed).
    ///
    /// # Errors
    /// [`Error::Database`] where the address is none of these, or the feature is left out;
    /// [`Error::Unavailable`] where the file can't be opened.
    pub async fn open(url: &str, schema: Schema) -> Result<Self> {
        #[cfg(feature = "sqlite")]
        if url.starts_with("sqlite:") {
            return Ok(Self::sqlite(sqlite::open(url).await?, schema));
        }
        #[cfg(feature = "postgres")]
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            return Ok(Self::postgres(postgres::open(url)?, schema));
        }
        let scheme = url.split(':').next().unwrap_or_default();
        Err(Error::Database(sqlx::Error::Configuration(
            format!("no database of the kind `{scheme}:` is built in; known: sqlite:, postgres:")
                .into(),
        )))
    }

    /// A store over a pool of the embedder's. Its connections should have a `busy_timeout`.
    #[cfg(feature = "sqlite")]
    pub fn sqlite(pool: sqlx::SqlitePool, schema: Schema) -> Self {
        Self::new(Pool::Sqlite(pool), schema)
    }

    /// A store over a pool of the embedder's.
    #[cfg(feature = "postgres")]
    pub fn postgres(pool: sqlx::PgPool, schema: Schema) -> Self {
        Self::new(Pool::Postgres(pool), schema)
    }

    fn new(pool: Pool, schema: Schema) -> Self {
        Self {
            shared: Arc::new(Shared {
                pool,
                schema,
                statements: OnceCell::new(),
                changed: broadcast::channel(SIGNALS).0,
                writers: Mutex::new(()),
            }),
        }
    }

    /// The names that the store goes by.
    pub fn schema(&self) -> &Schema {
        &self.shared.schema
    }

    /// Whether the database is SQLite.
    pub fn is_sqlite(&self) -> bool {
        match &self.shared.pool {
            #[cfg(feature = "sqlite")]
            Pool::Sqlite(_) => true,
            #[cfg(feature = "postgres")]
            Pool::Postgres(_) => false,
        }
    }

    /// How many connections there are, and how many of them do nothing.
    pub fn connections(&self) -> (u32, usize) {
        match &self.shared.pool {
            #[cfg(feature = "sqlite")]
            Pool::Sqlite(pool) => (pool.size(), pool.num_idle()),
            #[cfg(feature = "postgres")]
            Pool::Postgres(pool) => (pool.size(), pool.num_idle()),
        }
    }

    /// Closes the connections, and waits until they are.
    pub async fn close(&self) {
        match &self.shared.pool {
            #[cfg(feature = "sqlite")]
            Pool::Sqlite(pool) => pool.close().await,
            #[cfg(feature = "postgres")]
            Pool::Postgres(pool) => pool.close().await,
        }
    }

    /// Judges a report and does what follows from it, in one transaction of its own: the status is
    /// set where it is still the one judged on, the database writes the event, and the report goes
    /// beside it. A refusal is an [`Answer`], and recorded.
    ///
    /// # Errors
    /// Where the database is away, does not fit, or faults; then nothing is done.
    pub async fn apply_callback(
        &self,
        machine: &dyn Machine,
        id: &str,
        report: &Report,
    ) -> Result<Answer> {
        self.opened_for(machine)?;
        let statements = self.statements().await?;
        if let Some(answer) = self.apply_at_once(machine, id, report, None).await {
            return Ok(answer);
        }
        let _queued = self.queue().await;
        let mut conflicts = 0;
        let answer = loop {
            let answer: Result<Answer> = in_transaction!(self, write, |conn| {
                apply::apply(conn, machine, &statements, id, report).await
            });
            match answer {
                // With triggers of the application's, two reports can wait for each other. The
                // database takes one back as if it had not come.
                Err(Error::Unavailable(error))
                    if error::is_conflict(&error) && conflicts < CONFLICTS =>
                {
                    conflicts += 1;
                }
                answer => break answer?,
            }
        };
        if matches!(answer, Answer::Applied { .. }) {
            self.signal(id);
        }
        Ok(answer)
    }

    /// The same for a report that a row's own token opens, where one statement can do all of it (on
    /// PostgreSQL, where nothing speaks against the report); nothing in every other case, in which nothing is
    /// done.
    #[cfg(feature = "http")]
    pub(crate) async fn apply_with_token(
        &self,
        machine: &dyn Machine,
        id: &str,
        report: &Report,
        token: &str,
    ) -> Option<Answer> {
        if token::is_over(token) {
            return None;
        }
        self.apply_at_once(machine, id, report, Some(&token::hash(token))).await
    }

    /// What one statement answers. Whatever goes wrong in it goes wrong once more in the statements that come
    /// after it, and is answered there; if it was done nevertheless, they find a redelivery.
    async fn apply_at_once(
        &self,
        machine: &dyn Machine,
        id: &str,
        report: &Report,
        token: Option<&[u8; 32]>,
    ) -> Option<Answer> {
        self.opened_for(machine).ok()?;
        let statements = self.statements().await.ok().filter(|sql| sql.apply.is_some())?;
        if report.of_one_run {
            return None;
        }
        macro_rules! on {
            ($pool:expr, $conn:path) => {{
                let mut conn = $pool.acquire().await.ok()?;
                let conn = &mut $conn(&mut conn);
                apply::at_once(conn, machine, &statements, id, report, token).await.ok()?
            }};
        }
        let answer: Option<Answer> = match &self.shared.pool {
            #[cfg(feature = "sqlite")]
            Pool::Sqlite(pool) => on!(pool, Conn::Sqlite),
            #[cfg(feature = "postgres")]
            Pool::Postgres(pool) => on!(pool, Conn::Postgres),
        };
        answer.inspect(|_| self.signal(id))
    }

    /// Refuses a machine that this is not the store of.
    fn opened_for(&self, machine: &dyn Machine) -> Result<()> {
        let schema = &self.shared.schema;
        if machine.name() == schema.machine {
            return Ok(());
        }
        Err(Error::OtherMachine {
            given: machine.name().to_owned(),
            opened_for: schema.machine.clone(),
            table: schema.table.clone(),
        })
    }

    /// Wakes this instance's listeners to the row of this key.
    pub fn signal(&self, id: &str) {
        // Nobody listening is no failure.
        let _ = self.shared.changed.send(id.into());
    }

    /// The keys of rows that change through this instance, from now on. A hint to look sooner, no
    /// more: other instances' changes are not told.
    pub fn changes(&self) -> broadcast::Receiver<Arc<str>> {
        self.shared.changed.subscribe()
    }

    /// The statements for the live database, which is asked for its shape once.
    async fn statements(&self) -> Result<Arc<Statements>> {
        let made = self.shared.statements.get_or_try_init(|| async {
            let statements: Result<Arc<Statements>> =
                in_transaction!(self, read, |conn| self.look_up(conn).await);
            statements
        });
        made.await.cloned()
    }

    async fn statements_by(&self, conn: &mut Conn<'_>) -> Result<Arc<Statements>> {
        let made = self.shared.statements.get_or_try_init(|| self.look_up(conn));
        made.await.cloned()
    }

    async fn look_up(&self, conn: &mut Conn<'_>) -> Result<Arc<Statements>> {
        let schema = self.shared.schema.clone();
        let shape = Shape::read(conn, &schema).await?;
        Ok(Arc::new(Statements::new(conn, schema, shape)))
    }

    async fn queue(&self) -> Option<tokio::sync::MutexGuard<'_, ()>> {
        if self.is_sqlite() { Some(self.shared.writers.lock().await) } else { None }
    }
}

/// Whether the guard is there, and judges what this connection does.
async fn is_guarded(conn: &mut Conn<'_>, schema: &Schema) -> sqlx::Result<bool> {
    match conn {
        #[cfg(feature = "sqlite")]
        Conn::Sqlite(_) => sqlite::is_guarded(conn, schema).await,
        #[cfg(feature = "postgres")]
        Conn::Postgres(_) => postgres::is_guarded(conn, schema).await,
    }
}
