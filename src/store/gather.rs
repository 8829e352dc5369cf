//! Shared commits: reports of different rows that come while another is being committed are committed
//! together, each answered after it.
//!
//! The first report to come is carried out at once. What comes meanwhile waits for that, or for two
//! milliseconds, and is carried out together. A report that is refused, or that fails, leaves the others as
//! they are: a batch with one that fails is taken back, and each of it carried out alone.

use super::apply::Ready;
use super::error::is_decided;
use super::statements::Statements;
use super::{Answer, Error, Pool, Report, Result, Store, apply, in_transaction};
use crate::Machine;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::timeout;

/// How long a report waits for the batch before it.
const WAIT: Duration = Duration::from_millis(2);
/// How many reports a batch has at most.
const BATCH: usize = 64;
/// How many batches are under way at once at most, on PostgreSQL; SQLite has one writer.
const BATCHES: usize = 4;
/// How long a batch may take before its connection is given up.
const LIMIT: Duration = Duration::from_secs(10);

/// A report to be carried out by whoever leads the batch that it comes into.
pub(crate) enum Work {
    /// By one statement, which does nothing where something speaks against it.
    AtOnce(Box<Ready>),
    /// By the several statements that always do.
    Whole { machine: Arc<dyn Machine>, id: String, report: Box<Report> },
}

/// What became of it; none where one statement would not do.
type Done = Result<Option<Answer>>;

struct Asked {
    work: Work,
    answer: oneshot::Sender<Done>,
}

/// The reports that wait.
pub(crate) struct Gather {
    shared: AtomicBool,
    queue: Mutex<Queue>,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<Asked>,
    leaders: usize,
}

impl Default for Gather {
    fn default() -> Self {
        Self { shared: AtomicBool::new(true), queue: Mutex::default() }
    }
}

impl std::fmt::Debug for Gather {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Gather").field("shared", &self.shared).finish_non_exhaustive()
    }
}

impl Gather {
    pub(crate) fn share(&self, shared: bool) {
        self.shared.store(shared, Ordering::Relaxed);
    }

    fn queue(&self) -> std::sync::MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes one more the leader of a batch, where there is work and not too many lead already.
    fn lead(&self, most: usize) -> bool {
        let mut queue = self.queue();
        let leads = !queue.waiting.is_empty() && queue.leaders < most;
        queue.leaders += usize::from(leads);
        leads
    }

    /// What has waited longest and is still waited for; nothing ends the lead.
    fn next(&self) -> Vec<Asked> {
        let most = if self.shared.load(Ordering::Relaxed) { BATCH } else { 1 };
        let mut queue = self.queue();
        queue.waiting.retain(|asked| !asked.answer.is_closed());
        let many = queue.waiting.len().min(most);
        queue.waiting.drain(..many).collect()
    }
}

/// Ends the lead however its task ends.
struct Lead<'s>(&'s Store);

impl Drop for Lead<'_> {
    fn drop(&mut self) {
        self.0.shared.gather.queue().leaders -= 1;
    }
}

impl Store {
    /// Carries out a report in the next batch.
    pub(crate) async fn gathered(&self, statements: &Arc<Statements>, work: Work) -> Done {
        let gather = &self.shared.gather;
        let most = if self.is_sqlite() { 1 } else { BATCHES };
        let (answer, mut answered) = oneshot::channel();
        let mut leads = {
            let mut queue = gather.queue();
            queue.waiting.push_back(Asked { work, answer });
            let leads = queue.leaders == 0;
            queue.leaders += usize::from(leads);
            leads
        };
        loop {
            if leads {
                let (store, statements) = (self.clone(), statements.clone());
                tokio::spawn(async move { store.lead(&statements).await });
            }
            match timeout(WAIT, &mut answered).await {
                Ok(answer) => {
                    return answer.unwrap_or(Err(Error::Unknown(sqlx::Error::WorkerCrashed)));
                }
                Err(_) => leads = gather.lead(most),
            }
            if !leads {
                return answered.await.unwrap_or(Err(Error::Unknown(sqlx::Error::WorkerCrashed)));
            }
        }
    }

    /// Carries out batches until nothing waits any more.
    async fn lead(&self, statements: &Statements) {
        let _lead = Lead(self);
        loop {
            let batch = self.shared.gather.next();
            if batch.is_empty() {
                return;
            }
            let (work, answers): (Vec<_>, Vec<_>) =
                batch.into_iter().map(|asked| (asked.work, asked.answer)).unzip();
            let done = self.carry_out(statements, &work).await;
            for (answer, done) in answers.into_iter().zip(done) {
                // Who has gone away meanwhile hears of it by sending it again.
                let _ = answer.send(done);
            }
        }
    }

    async fn carry_out(&self, statements: &Statements, work: &[Work]) -> Vec<Done> {
        if work.len() > 1
            && let Ok(Ok(done)) = timeout(LIMIT, self.together(statements, work)).await
        {
            return done;
        }
        let mut done = Vec::new();
        for one in work {
            let alone = timeout(LIMIT, self.alone(statements, one)).await;
            done.push(alone.unwrap_or(Err(Error::Unknown(sqlx::Error::PoolTimedOut))));
        }
        done
    }

    /// All of a batch in one commit. An error is one of all of them: nothing of it is done, or what is done
    /// is found by its event id.
    async fn together(&self, statements: &Statements, work: &[Work]) -> Result<Vec<Done>> {
        match &self.shared.pool {
            #[cfg(feature = "sqlite")]
            Pool::Sqlite(_) => {
                let _queued = self.queue().await;
                in_transaction!(self, write, |conn| {
                    let mut done = Vec::new();
                    for one in work {
                        done.push(Ok(Some(whole(conn, statements, one).await?)));
                    }
                    Ok(done)
                })
            }
            #[cfg(feature = "postgres")]
            Pool::Postgres(_) => {
                let ready: Vec<&Ready> = work.iter().filter_map(Work::ready).collect();
                let mut held = self.connection().await?;
                let answers = apply::all_at_once(&mut held.conn(), statements, &ready).await?;
                held.done();
                Ok(answers.into_iter().map(Ok).collect())
            }
        }
    }

    async fn alone(&self, statements: &Statements, work: &Work) -> Done {
        match work {
            Work::AtOnce(ready) => {
                let mut held = self.connection().await?;
                let done = apply::at_once(&mut held.conn(), statements, ready).await;
                match done {
                    Ok(answer) => {
                        held.done();
                        Ok(answer)
                    }
                    // Whatever is wrong is wrong once more in the several statements.
                    Err(error) if is_decided(&error) => {
                        held.done();
                        Ok(None)
                    }
                    // If it was done after all, they find it by its id.
                    Err(error) if ready.is_repeatable() => {
                        tracing::debug!(%error, "a report is carried out again");
                        Ok(None)
                    }
                    Err(error) => Err(Error::Unknown(error)),
                }
            }
            Work::Whole { .. } => {
                let _queued = self.queue().await;
                let answer: Result<Answer> =
                    in_transaction!(self, write, |conn| whole(conn, statements, work).await);
                answer.map(Some)
            }
        }
    }
}

impl Work {
    fn ready(&self) -> Option<&Ready> {
        match self {
            Self::AtOnce(ready) => Some(ready),
            Self::Whole { .. } => None,
        }
    }
}

/// A report by several statements.
async fn whole(
    conn: &mut super::conn::Conn<'_>,
    statements: &Statements,
    work: &Work,
) -> Result<Answer> {
    match work {
        Work::Whole { machine, id, report } => {
            apply::apply(conn, &**machine, statements, id, report).await
        }
        Work::AtOnce(_) => unreachable!("where there is one statement for it, it is the way"),
    }
}
