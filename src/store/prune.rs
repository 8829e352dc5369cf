//! Retention: the history of rows that have ended, or are gone, is kept for so long.

use super::conn::Arg;
use super::{Result, Store};
use crate::text::quoted;
use std::time::Duration;

impl Store {
    /// Prunes what is older than that of the history and the reports of rows that have ended or are gone, as
    /// `MACHINE_prune` does. On PostgreSQL it takes the right to execute it.
    ///
    /// # Errors
    /// Where the database is away, has no such function, or this role may not execute it.
    pub async fn prune(&self, older: Duration) -> Result<()> {
        let schema = self.schema();
        let name = quoted(&schema.prune);
        let is_sqlite = self.is_sqlite();
        let sql = if is_sqlite {
            format!(
                "INSERT INTO {name} (\"before\") VALUES (strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-' || $1 || ' seconds'))"
            )
        } else {
            format!("SELECT {}.{name}(now() - make_interval(secs => $1))", quoted(&schema.schema))
        };
        let seconds = i64::try_from(older.as_secs()).unwrap_or(i64::MAX);
        let _queued = self.queue().await;
        let mut held = self.begin(super::transaction::Begin::Write).await?;
        let pruned = async {
            if !is_sqlite {
                // It may take longer than a report may.
                held.conn().execute("SET LOCAL statement_timeout = 0", &[]).await?;
            }
            Ok(held.conn().execute(&sql, &[Arg::Int(Some(seconds))]).await.map(drop)?)
        };
        let pruned: Result<()> = pruned.await;
        held.end(pruned).await
    }
}
