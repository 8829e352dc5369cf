//! What other processes do to a file of SQLite's. SQLite has no word to others; but it counts, for each
//! connection, whether another one has changed the file (`PRAGMA data_version`). While someone listens, one
//! connection asks for that count now and then, and streams look where it is another one.
//!
//! It counts what this process does, too, which streams are told of anyway: where that was all that came, a
//! look at every row would find nothing. So the look waits for a moment in which this process is quiet, and
//! the next look that comes in any case is the latest.

use super::{Pool, Store};
use sqlx::sqlite::{SqliteConnection, SqlitePool};
use sqlx::{Connection as _, Error};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, broadcast};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

/// So often the count is asked for.
const EVERY: Duration = Duration::from_millis(50);
/// So long one connection asks: the file may have been replaced by another one.
const FRESH: Duration = Duration::from_secs(60);
/// How long is waited after it could not be asked.
const AGAIN: Duration = Duration::from_secs(1);

/// What is known of other processes.
#[derive(Debug, Default)]
pub(crate) struct Others {
    heard: Arc<Heard>,
    reader: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Debug, Default)]
struct Heard {
    changed: Notify,
    /// This process has changed something since the last count.
    own: AtomicBool,
}

impl Drop for Others {
    fn drop(&mut self) {
        let reader = self.reader.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some(reader) = reader {
            reader.abort();
        }
    }
}

impl Store {
    /// Until another process may have changed something.
    #[cfg(feature = "http")]
    pub(crate) async fn others_changed(&self) {
        self.shared.others.heard.changed.notified().await;
    }

    /// This process has changed something.
    pub(super) fn changed_here(&self) {
        self.shared.others.heard.own.store(true, Ordering::Relaxed);
    }

    /// Has the count asked for, as long as someone listens.
    pub(super) fn count_others(&self) {
        let is_file = self.shared.file.as_ref().is_some_and(super::file::File::is_there);
        let (Pool::Sqlite(pool), true, Ok(runtime)) =
            (&self.shared.pool, is_file, tokio::runtime::Handle::try_current())
        else {
            return;
        };
        let others = &self.shared.others;
        let mut reader = others.reader.lock().unwrap_or_else(PoisonError::into_inner);
        if reader.as_ref().is_none_or(JoinHandle::is_finished) {
            let (pool, heard) = (pool.clone(), others.heard.clone());
            *reader = Some(runtime.spawn(counting(pool, heard, self.shared.changed.clone())));
        }
    }
}

/// Counts, as long as the pool is open and someone listens.
async fn counting<T>(pool: SqlitePool, heard: Arc<Heard>, listeners: broadcast::Sender<T>) {
    let mut closed = pool.close_event();
    let is_heard = || listeners.receiver_count() > 0;
    let counted = async {
        sleep(EVERY).await;
        while is_heard() {
            if let Err(error) = count(&pool, &heard, is_heard).await {
                tracing::debug!(%error, "what other processes change is not heard of");
                sleep(AGAIN).await;
            }
        }
        Ok::<(), Error>(())
    };
    // It ends where one of the two does.
    let _ = closed.do_until(counted).await;
}

async fn count(pool: &SqlitePool, heard: &Heard, is_heard: impl Fn() -> bool) -> sqlx::Result<()> {
    let options = (*pool.connect_options()).clone().create_if_missing(false);
    let mut connection = SqliteConnection::connect_with(&options).await?;
    let mut known = version(&mut connection).await?;
    let (begun, mut is_open) = (Instant::now(), false);
    while begun.elapsed() < FRESH && is_heard() {
        sleep(EVERY).await;
        let now = version(&mut connection).await?;
        is_open |= now != known;
        known = now;
        if !heard.own.swap(false, Ordering::Relaxed) && std::mem::take(&mut is_open) {
            heard.changed.notify_one();
        }
    }
    connection.close().await
}

async fn version(connection: &mut SqliteConnection) -> sqlx::Result<i64> {
    sqlx::query_scalar("PRAGMA data_version").fetch_one(connection).await
}
