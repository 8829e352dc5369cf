//! Word of changes, so that streams look at once: within this instance by a channel, and between instances
//! on PostgreSQL by NOTIFY. It is a hint and no more: what is missed is found by the next look.
//!
//! NOTIFY is sent after the commit, on a connection of its own and for many rows together: within a
//! transaction it would make all commits of the database wait for each other.

use super::Store;
use std::sync::Arc;

#[cfg(feature = "postgres")]
pub(crate) use between::Between;

#[cfg(not(feature = "postgres"))]
#[derive(Debug, Default)]
pub(crate) struct Between {}

impl Store {
    /// Wakes the listeners to the row of this key: this instance's, and on PostgreSQL those of all others.
    pub fn signal(&self, id: &str) {
        let id: Arc<str> = id.into();
        // No one listening is no failure.
        let _ = self.shared.changed.send(id.clone());
        #[cfg(feature = "sqlite")]
        self.changed_here();
        #[cfg(feature = "postgres")]
        self.announce(id);
    }

    /// Listens to what other instances signal, from now on; what they signal comes as if it was signalled here.
    /// On SQLite to whether they changed anything (see [`super::others`]).
    pub(crate) fn listen(&self) {
        #[cfg(feature = "sqlite")]
        self.count_others();
        #[cfg(feature = "postgres")]
        self.hear();
    }
}

#[cfg(feature = "postgres")]
mod between {
    use super::super::{Pool, Store};
    use sha2::{Digest as _, Sha256};
    use sqlx::postgres::PgListener;
    use sqlx::{Connection as _, PgConnection, PgPool};
    use std::sync::{Arc, Mutex, PoisonError};
    use std::time::Duration;
    use tokio::sync::mpsc;
    use tokio::task::JoinHandle;

    /// How long changes are gathered before they are signalled.
    const GATHERED: Duration = Duration::from_millis(10);
    /// How long is waited before a connection that broke is tried again.
    const AGAIN: Duration = Duration::from_secs(1);
    /// The longest text that NOTIFY takes is 8,000 bytes.
    const PAYLOAD: usize = 7_000;
    /// How many changes may wait to be signalled.
    const WAITING: usize = 4_096;

    /// Where changes go to be signalled, and the task that signals them.
    type Announcer = (mpsc::Sender<Arc<str>>, JoinHandle<()>);

    /// What one instance has open to the others.
    #[derive(Debug, Default)]
    pub(crate) struct Between {
        announcer: Mutex<Option<Announcer>>,
        listener: Mutex<Option<JoinHandle<()>>>,
    }

    impl Drop for Between {
        fn drop(&mut self) {
            let listener = self.listener.get_mut().unwrap_or_else(PoisonError::into_inner);
            if let Some(listener) = listener {
                listener.abort();
            }
        }
    }

    impl Store {
        pub(super) fn announce(&self, id: Arc<str>) {
            let (Pool::Postgres(pool), Ok(runtime)) =
                (&self.shared.pool, tokio::runtime::Handle::try_current())
            else {
                return;
            };
            let between = &self.shared.between;
            let mut announcer = between.announcer.lock().unwrap_or_else(PoisonError::into_inner);
            if announcer.as_ref().is_none_or(|(_, task)| task.is_finished()) {
                let (sender, receiver) = mpsc::channel(WAITING);
                let task = announcing(pool.clone(), self.channel(), self.by(), receiver);
                *announcer = Some((sender, runtime.spawn(task)));
            }
            if let Some((sender, _)) = &*announcer {
                // Too many at once: the others find them by their next look.
                let _ = sender.try_send(id);
            }
        }

        pub(super) fn hear(&self) {
            let (Pool::Postgres(pool), Ok(runtime)) =
                (&self.shared.pool, tokio::runtime::Handle::try_current())
            else {
                return;
            };
            let mut listener =
                self.shared.between.listener.lock().unwrap_or_else(PoisonError::into_inner);
            if listener.as_ref().is_none_or(JoinHandle::is_finished) {
                let (channel, by) = (self.channel(), self.by());
                let changed = self.shared.changed.clone();
                let hear = move |id: &str| drop(changed.send(id.into()));
                *listener = Some(runtime.spawn(hearing(pool.clone(), channel, by, hear)));
            }
        }

        /// The channel of the table, whatever characters its name has.
        fn channel(&self) -> String {
            let schema = &self.shared.schema;
            let name = format!("{}.{}", schema.schema, schema.table);
            format!("phasegate_{}", crate::text::hex(&Sha256::digest(name)[..8]))
        }

        /// What this instance is known by to itself.
        fn by(&self) -> String {
            format!("{:x}.{:x}", std::process::id(), Arc::as_ptr(&self.shared).addr())
        }
    }

    /// Signals what comes, as long as the pool is open.
    async fn announcing(
        pool: PgPool,
        channel: String,
        by: String,
        mut changes: mpsc::Receiver<Arc<str>>,
    ) {
        let mut connection: Option<PgConnection> = None;
        let mut closed = pool.close_event();
        loop {
            let first = closed.do_until(changes.recv()).await;
            let Ok(Some(first)) = first else {
                break;
            };
            tokio::time::sleep(GATHERED).await;
            let mut rows = vec![first];
            while let Ok(row) = changes.try_recv() {
                rows.push(row);
            }
            rows.sort();
            rows.dedup();
            for text in payloads(&by, &rows) {
                if let Err(error) = notify(&pool, &mut connection, &channel, &text).await {
                    tracing::debug!(%error, "a change is not signalled to other instances");
                    connection = None;
                }
            }
        }
        if let Some(connection) = connection {
            let _ = connection.close().await;
        }
    }

    async fn notify(
        pool: &PgPool,
        connection: &mut Option<PgConnection>,
        channel: &str,
        text: &str,
    ) -> sqlx::Result<()> {
        let connection = match connection {
            Some(connection) => connection,
            None => connection.insert(PgConnection::connect_with(&pool.connect_options()).await?),
        };
        // A hint needs not outlive a power cut: it would have the disk flushed next to each report's commit.
        let sql = "SELECT pg_catalog.pg_notify($1, $2) \
                   FROM pg_catalog.set_config('synchronous_commit', 'off', true)";
        sqlx::query(sql).bind(channel).bind(text).execute(connection).await.map(drop)
    }

    /// The keys in texts that NOTIFY takes.
    fn payloads(by: &str, rows: &[Arc<str>]) -> Vec<String> {
        let mut texts = Vec::new();
        let mut some: Vec<&str> = Vec::new();
        let mut size = 0;
        let text = |some: &[&str]| serde_json::json!({"by": by, "rows": some}).to_string();
        for row in rows {
            // A key that is too long for it is found by the next look.
            let takes = serde_json::json!(&**row).to_string().len() + 1;
            if takes > PAYLOAD {
                continue;
            }
            if size + takes > PAYLOAD {
                texts.push(text(&some));
                some.clear();
                size = 0;
            }
            some.push(row);
            size += takes;
        }
        if !some.is_empty() {
            texts.push(text(&some));
        }
        texts
    }

    /// Passes on what others signal, as long as the pool is open.
    async fn hearing(pool: PgPool, channel: String, by: String, hear: impl Fn(&str)) {
        while !pool.is_closed() {
            if let Err(error) = heard(&pool, &channel, &by, &hear).await {
                tracing::debug!(%error, "changes of other instances are not heard of");
            }
            tokio::time::sleep(AGAIN).await;
        }
    }

    async fn heard(
        pool: &PgPool,
        channel: &str,
        by: &str,
        hear: &impl Fn(&str),
    ) -> sqlx::Result<()> {
        // A pool of its own, of the one connection: the other's are for statements.
        let own = sqlx::postgres::PgPoolOptions::new().max_connections(1);
        let own = own.connect_lazy_with((*pool.connect_options()).clone());
        let mut listener = PgListener::connect_with(&own).await?;
        listener.listen(channel).await?;
        let mut closed = pool.close_event();
        loop {
            let said = match closed.do_until(listener.recv()).await {
                Ok(said) => said?,
                Err(_) => return Ok(()),
            };
            let Ok(said) = serde_json::from_str::<serde_json::Value>(said.payload()) else {
                continue;
            };
            if said["by"] != by {
                for row in said["rows"].as_array().into_iter().flatten() {
                    row.as_str().into_iter().for_each(hear);
                }
            }
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn tells_of_any_number_of_rows_in_texts_of_a_size_that_is_taken() {
            let rows: Vec<Arc<str>> = (0..2_000).map(|n| format!("\"{n:040}").into()).collect();
            let texts = payloads("me", &rows);
            assert!(texts.iter().all(|text| text.len() < 8_000));
            let said = texts.iter().map(|text| {
                let said: serde_json::Value = serde_json::from_str(text).unwrap();
                said["rows"].as_array().unwrap().len()
            });
            assert_eq!(said.sum::<usize>(), rows.len());
            assert!(payloads("me", &["x".repeat(8_000).into()]).is_empty());
        }
    }
}
