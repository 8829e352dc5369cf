//! The store: rows with a status in SQLite or PostgreSQL, the one door through which the status
//! changes, and what the history that the database writes says.

mod answer;
#[cfg_attr(
    not(all(feature = "http", feature = "sqlite", feature = "postgres")),
    allow(dead_code, reason = "each set of features uses a part of it")
)]
mod apply;
mod caller;
mod column;
mod columns;
mod conn;
mod dispatch;
mod error;
#[cfg(feature = "sqlite")]
mod file;
mod filter;
#[cfg_attr(
    not(all(feature = "http", feature = "sqlite", feature = "postgres")),
    allow(dead_code, reason = "each set of features uses a part of it")
)]
mod gather;
#[cfg(feature = "postgres")]
mod grants;
#[cfg(feature = "http")]
mod look;
mod migrate;
mod names;
#[cfg(feature = "sqlite")]
#[cfg_attr(not(feature = "http"), allow(dead_code, reason = "streams listen"))]
mod others;
mod phases;
#[cfg(feature = "postgres")]
mod postgres;
mod proof;
mod prune;
mod read;
mod ready;
mod report;
mod reports;
mod rows;
mod shape;
#[cfg_attr(
    not(all(feature = "http", feature = "sqlite", feature = "postgres")),
    allow(dead_code, reason = "each set of features uses a part of it")
)]
mod signal;
mod snapshot;
#[cfg(feature = "sqlite")]
mod sqlite;
mod start;
#[cfg_attr(
    not(all(feature = "http", feature = "sqlite", feature = "postgres")),
    allow(dead_code, reason = "each set of features uses a part of it")
)]
mod statements;
mod time;
mod token;
#[cfg_attr(
    not(all(feature = "http", feature = "sqlite", feature = "postgres")),
    allow(dead_code, reason = "each set of features uses a part of it")
)]
mod transaction;

pub use answer::Answer;
pub use caller::CallerConnection;
pub use columns::Columns;
pub use dispatch::{Dispatch, Dispatched};
pub use error::Error;
#[cfg(feature = "http")]
pub(crate) use error::is_locked;
pub use filter::Filter;
pub use proof::AuthenticatedBy;
pub use ready::Fit;
pub use report::{ADDRESS, EVENT_ID, LOG_TAIL, Malformed, NAME, Report};
pub use reports::ReportsPage;
pub use snapshot::{Event, Item, Page, Phase, Recorded, Snapshot};
pub use start::{Start, Started};
pub use time::Time;
pub use token::TokenCheck;

#[cfg(feature = "http")]
pub(crate) use look::Seen;
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
pub(crate) use transaction::in_transaction;

/// What the store's calls give.
pub type Result<T> = std::result::Result<T, Error>;

/// How often a report is tried again that the database took back in favour of another transaction.
const CONFLICTS: u32 = 3;
/// How many changes a listener may be behind before it learns just that.
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
    #[cfg(feature = "sqlite")]
    file: Option<file::File>,
    gather: gather::Gather,
    rows: rows::Rows,
    #[cfg(feature = "sqlite")]
    others: others::Others,
    #[cfg_attr(
        not(feature = "postgres"),
        expect(dead_code, reason = "SQLite has no word to others")
    )]
    between: signal::Between,
}

/// A pool of connections to one of the databases.
#[derive(Clone, Debug)]
enum Pool {
    #[cfg(feature = "sqlite")]
    Sqlite(sqlx::SqlitePool),
    #[cfg(feature = "postgres")]
    Postgres(sqlx::PgPool),
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
        Err(Error::Database(sqlx::Error::Configuration(not_open(url).into())))
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
        #[cfg(feature = "sqlite")]
        let file = match &pool {
            Pool::Sqlite(pool) => Some(file::File::of(pool)),
            #[cfg(feature = "postgres")]
            Pool::Postgres(_) => None,
        };
        Self {
            shared: Arc::new(Shared {
                pool,
                schema,
                statements: OnceCell::new(),
                changed: broadcast::channel(SIGNALS).0,
                writers: Mutex::new(()),
                #[cfg(feature = "sqlite")]
                file,
                gather: gather::Gather::default(),
                rows: rows::Rows::default(),
                #[cfg(feature = "sqlite")]
                others: others::Others::default(),
                between: signal::Between::default(),
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
    /// next to it. A refusal is an [`Answer`], and recorded.
    ///
    /// # Errors
    /// Where the database is away, does not fit, or faults; then nothing is done.
    pub async fn apply_callback(
        &self,
        machine: &dyn Machine,
        id: &str,
        report: &Report,
    ) -> Result<Answer> {
        self.apply(machine, id, report, false).await
    }

    /// The same; `is_tried`: the short way would not do.
    pub(crate) async fn apply(
        &self,
        machine: &dyn Machine,
        id: &str,
        report: &Report,
        is_tried: bool,
    ) -> Result<Answer> {
        self.opened_for(machine)?;
        let statements = self.statements().await?;
        let Some(key) = statements.shape.key.parse(id) else {
            return Ok(Answer::NotFound);
        };
        let _turn = self.shared.rows.turn(&key).await;
        if !is_tried
            && let Some(answer) = self.at_once(machine, &statements, &key, report, None).await?
        {
            return Ok(self.signalled(id, answer));
        }
        self.by_several(machine, &statements, id, report).await
    }

    /// The same for a report that a row's own token opens and that nothing speaks against; nothing in every
    /// other case, in which nothing is done.
    #[cfg(feature = "http")]
    pub(crate) async fn apply_with_token(
        &self,
        machine: &dyn Machine,
        id: &str,
        report: &Report,
        token: &str,
    ) -> Result<Option<Answer>> {
        self.opened_for(machine)?;
        if token::is_over(token) || report.of_one_run {
            return Ok(None);
        }
        let statements = self.statements().await?;
        let key = statements.shape.key.parse(id).filter(|_| statements.apply.is_some());
        let Some(key) = key else {
            return Ok(None);
        };
        let _turn = self.shared.rows.turn(&key).await;
        let token = Some(token::hash(token));
        let answer = self.at_once(machine, &statements, &key, report, token).await?;
        Ok(answer.map(|answer| self.signalled(id, answer)))
    }

    /// The short way. Whatever goes wrong on it goes wrong once more in the several statements, and is answered
    /// there; if it was done nevertheless, they find a redelivery.
    async fn at_once(
        &self,
        machine: &dyn Machine,
        statements: &Arc<Statements>,
        key: &str,
        report: &Report,
        token: Option<[u8; 32]>,
    ) -> Result<Option<Answer>> {
        match apply::Ready::new(machine, statements, key, report, token) {
            Some(ready) => self.gathered(statements, ready).await,
            None => Ok(None),
        }
    }

    /// In one transaction of several statements.
    async fn by_several(
        &self,
        machine: &dyn Machine,
        statements: &Statements,
        id: &str,
        report: &Report,
    ) -> Result<Answer> {
        let _queued = self.queue().await;
        let mut conflicts = 0;
        let answer = loop {
            let answer: Result<Answer> = async {
                in_transaction!(self, write, |conn| {
                    apply::apply(conn, machine, statements, id, report).await
                })
            }
            .await;
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
        Ok(self.signalled(id, answer))
    }

    /// Whether reports of different rows that come at the same time share a commit: on by default.
    pub fn share_commits(&self, share: bool) {
        self.shared.gather.share(share);
    }

    /// Signals a change where the answer is one.
    fn signalled(&self, id: &str, answer: Answer) -> Answer {
        if matches!(answer, Answer::Applied { .. }) {
            self.signal(id);
        }
        answer
    }

    /// Refuses a machine that this is not the store of.
    pub(crate) fn opened_for(&self, machine: &dyn Machine) -> Result<()> {
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

    /// The keys of rows that change through this instance, from now on, and once streams are open on
    /// PostgreSQL through others, too. A hint to look sooner, no more: plain SQL signals nothing.
    pub fn changes(&self) -> broadcast::Receiver<Arc<str>> {
        self.shared.changed.subscribe()
    }

    /// The statements for the live database, which is asked for its shape once.
    async fn statements(&self) -> Result<Arc<Statements>> {
        let made = self.shared.statements.get_or_try_init(|| async {
            in_transaction!(self, read, |conn| self.look_up(conn).await)
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

/// Why no store can be opened by this address.
fn not_open(url: &str) -> String {
    let built = [("sqlite", cfg!(feature = "sqlite")), ("postgres", cfg!(feature = "postgres"))];
    let is_built = |feature| built.contains(&(feature, true));
    let Some((scheme, _)) = url.split_once(':') else {
        return format!("`{url}` is no address of a database: of a file it is `sqlite:{url}`");
    };
    match scheme.trim_end_matches("ql") {
        feature @ ("sqlite" | "postgres") if !is_built(feature) => {
            format!("phasegate was built without its feature `{feature}`, which this address needs")
        }
        _ => {
            format!("`{scheme}:` opens no store: an address begins with `sqlite:` or `postgres://`")
        }
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

#[cfg(test)]
mod tests {
    use super::not_open;

    #[test]
    fn says_what_an_address_has_to_be() {
        assert_eq!(
            not_open("shop.db"),
            "`shop.db` is no address of a database: of a file it is `sqlite:shop.db`"
        );
        assert_eq!(
            not_open("mysql://x"),
            "`mysql:` opens no store: an address begins with `sqlite:` or `postgres://`"
        );
        if cfg!(not(feature = "postgres")) {
            assert!(not_open("postgresql://x").contains("its feature `postgres`"));
        }
    }
}
