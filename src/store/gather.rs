//! Shared commits: reports of different rows that come while another is being committed are committed
//! together, each answered after it.
//!
//! The first report to come is carried out at once. What comes meanwhile waits for that, or for two
//! milliseconds, and is carried out together. A report that is refused, or that fails, leaves the others as
//! they are: a batch with one that fails is taken back, and each of it carried out by itself.
//!
//! On PostgreSQL whoever carries out batches keeps its connection between them, and for a moment after the
//! last: to give one back to the pool and to take it again costs another question to the database each time.

use super::apply::Ready;
#[cfg(feature = "postgres")]
use super::error::is_decided;
#[cfg(feature = "sqlite")]
use super::in_transaction;
use super::statements::Statements;
use super::transaction::Held;
use super::{Answer, Error, Pool, Result, Store, apply};
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout};

/// How long a report waits for the batch before it.
const WAIT: Duration = Duration::from_millis(2);
/// How many reports a batch has at most.
const BATCH: usize = 64;
/// How many batches are under way at once at most, on PostgreSQL; SQLite has one writer.
const BATCHES: usize = 4;
/// How long a batch may take before its connection is given up.
const LIMIT: Duration = Duration::from_secs(10);
/// How long a connection is kept for the next report, where the pool has others.
const REST: Duration = Duration::from_millis(10);
/// How long it is kept in all, so that the pool sees how old it is now and then.
const KEPT: Duration = Duration::from_secs(1);

/// What became of it; none where one statement would not do.
type Done = Result<Option<Answer>>;

struct Asked {
    ready: Box<Ready>,
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
    /// How many carry out batches, or rest.
    leaders: usize,
    /// Those that rest, the last to come on top.
    resting: Vec<oneshot::Sender<()>>,
}

impl Queue {
    /// Has one that rests go on. Whether there was one.
    fn wake(&mut self) -> bool {
        while let Some(rests) = self.resting.pop() {
            if rests.send(()).is_ok() {
                return true;
            }
        }
        false
    }
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

    /// Whether something came within the rest.
    async fn rest(&self) -> bool {
        let (sender, mut woken) = oneshot::channel();
        {
            let mut queue = self.queue();
            if !queue.waiting.is_empty() {
                return true;
            }
            queue.resting.push(sender);
        }
        if timeout(REST, &mut woken).await.is_ok() {
            return true;
        }
        woken.close();
        self.queue().resting.retain(|rests| !rests.is_closed());
        // It may have been woken in the last moment.
        woken.try_recv().is_ok()
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
    pub(crate) async fn gathered(&self, statements: &Arc<Statements>, ready: Ready) -> Done {
        let gather = &self.shared.gather;
        let most = if self.is_sqlite() { 1 } else { BATCHES };
        let (answer, mut answered) = oneshot::channel();
        let mut leads = {
            let mut queue = gather.queue();
            queue.waiting.push_back(Asked { ready: Box::new(ready), answer });
            let leads = !queue.wake() && queue.leaders == 0;
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

    /// Carries out batches until nothing comes any more.
    async fn lead(&self, statements: &Statements) {
        let _lead = Lead(self);
        let mut kept = Kept::default();
        loop {
            let batch = self.shared.gather.next();
            if batch.is_empty() {
                if kept.held.is_some() && self.shared.gather.rest().await {
                    continue;
                }
                kept.give_back();
                return;
            }
            let (ready, answers): (Vec<_>, Vec<_>) =
                batch.into_iter().map(|asked| (asked.ready, asked.answer)).unzip();
            let done = self.carry_out(statements, &ready, &mut kept).await;
            for (answer, done) in answers.into_iter().zip(done) {
                // Who has gone away meanwhile hears of it by sending it again.
                let _ = answer.send(done);
            }
            if !self.may_keep(&kept) {
                kept.give_back();
            }
        }
    }

    /// Whether others get a connection, too.
    fn may_keep(&self, kept: &Kept) -> bool {
        let is_young = kept.since.is_some_and(|since| since.elapsed() < KEPT);
        is_young
            && match &self.shared.pool {
                #[cfg(feature = "sqlite")]
                Pool::Sqlite(_) => false,
                #[cfg(feature = "postgres")]
                Pool::Postgres(pool) => {
                    pool.num_idle() > 0 || pool.size() < pool.options().get_max_connections()
                }
            }
    }

    async fn carry_out(
        &self,
        statements: &Statements,
        all: &[Box<Ready>],
        kept: &mut Kept,
    ) -> Vec<Done> {
        if all.len() > 1
            && let Ok(Ok(done)) = timeout(LIMIT, self.together(statements, all, kept)).await
        {
            return done.into_iter().map(Ok).collect();
        }
        let mut done = Vec::new();
        for ready in all {
            let only = timeout(LIMIT, self.one(statements, ready, kept)).await;
            done.push(only.unwrap_or(Err(Error::Unknown(sqlx::Error::PoolTimedOut))));
        }
        done
    }

    /// All of a batch in one commit. An error is one of all of them: nothing of it is done, or what is done
    /// is found by its event id.
    #[cfg_attr(
        not(feature = "postgres"),
        allow(unused_variables, reason = "on SQLite there is no connection to keep")
    )]
    async fn together(
        &self,
        statements: &Statements,
        all: &[Box<Ready>],
        kept: &mut Kept,
    ) -> Result<Vec<Option<Answer>>> {
        match &self.shared.pool {
            #[cfg(feature = "sqlite")]
            Pool::Sqlite(_) => {
                let _queued = self.queue().await;
                in_transaction!(self, write, |conn| {
                    let mut done = Vec::new();
                    for ready in all {
                        done.push(apply::at_once(conn, statements, ready).await?);
                    }
                    Ok(done)
                })
            }
            #[cfg(feature = "postgres")]
            Pool::Postgres(_) => {
                let mut held = kept.take(self).await?;
                let answers = apply::all_at_once(&mut held.conn(), statements, all).await;
                if answers.as_ref().err().is_none_or(is_decided) {
                    kept.held = Some(held);
                }
                Ok(answers?)
            }
        }
    }

    /// One in a commit of its own. Whatever the database refuses in it goes on to the several statements,
    /// which find out what to answer; if it was done after all, they find it by its id.
    #[cfg_attr(
        not(feature = "postgres"),
        allow(unused_variables, reason = "on SQLite there is no connection to keep")
    )]
    async fn one(&self, statements: &Statements, ready: &Ready, kept: &mut Kept) -> Done {
        let done = match &self.shared.pool {
            #[cfg(feature = "sqlite")]
            Pool::Sqlite(_) => {
                let _queued = self.queue().await;
                let done: Done = in_transaction!(self, write, |conn| {
                    Ok(apply::at_once(conn, statements, ready).await?)
                });
                done
            }
            #[cfg(feature = "postgres")]
            Pool::Postgres(_) => {
                let mut held = kept.take(self).await?;
                let done = apply::at_once(&mut held.conn(), statements, ready).await;
                if done.as_ref().err().is_none_or(is_decided) {
                    kept.held = Some(held);
                }
                done.map_err(Error::of_commit)
            }
        };
        match done {
            Ok(answer) => Ok(answer),
            Err(Error::Unknown(error)) if !ready.is_repeatable() => Err(Error::Unknown(error)),
            Err(error) => {
                tracing::debug!(%error, "a report is carried out again");
                Ok(None)
            }
        }
    }
}

/// The connection of one that leads, between two of its batches. In the midst of one it is not here: what
/// ends early leaves it to be closed.
#[derive(Default)]
struct Kept {
    held: Option<Held>,
    since: Option<Instant>,
}

impl Kept {
    /// The one that is kept, or one of the pool's.
    async fn take(&mut self, store: &Store) -> Result<Held> {
        if let Some(held) = self.held.take() {
            return Ok(held);
        }
        let held = store.connection().await?;
        self.since = Some(Instant::now());
        Ok(held)
    }

    fn give_back(&mut self) {
        if let Some(held) = self.held.take() {
            held.done();
        }
    }
}

#[cfg(test)]
#[cfg(feature = "console")]
mod tests {
    use super::*;
    use crate::Schema;
    use crate::console::{Deploy, migrate};
    use crate::store::{Report, Start, token};

    /// A store in memory with the console's tables, a row in it, and the row's token.
    async fn opened() -> (Store, String, String) {
        let store = Store::open("sqlite::memory:", Schema::named("deploy")).await.unwrap();
        migrate(&store, None).await.unwrap();
        let started = store.start(&Deploy, &Start::default()).await.unwrap();
        (store, started.id, started.token.unwrap())
    }

    async fn at_once(store: &Store, id: &str, report: Report, token: &str) -> Option<Answer> {
        let statements = store.statements().await.unwrap();
        let token = Some(token::hash(token));
        let ready = Ready::new(&Deploy, &statements, id, &report, token).unwrap();
        store.gathered(&statements, ready).await.unwrap()
    }

    #[tokio::test]
    async fn on_sqlite_one_call_takes_a_step_and_records_it() {
        let (store, id, token) = opened().await;
        let mut report = Report::new("smoke_running").run("7", 2).job("smoke");
        report.of_one_run = true;
        let answer = at_once(&store, &id, report, &token).await;
        let status = "smoke_running".to_owned();
        assert_eq!(answer, Some(Answer::Applied { status, from: "queued".to_owned(), seq: 2 }));
        let recorded = store.reports(&id).await.unwrap();
        let last = recorded.last().unwrap();
        assert_eq!((&*last.answer, &*last.status, last.seq), ("applied", "smoke_running", Some(2)));
        assert_eq!((last.from.as_deref(), last.job.as_deref()), (Some("queued"), Some("smoke")));
        assert_eq!((last.run_id.as_deref(), last.run_attempt), (Some("7"), Some(2)));
    }

    #[tokio::test]
    async fn on_sqlite_one_call_does_nothing_where_anything_speaks_against_it() {
        let (store, id, token) = opened().await;
        let running = || Report::new("smoke_running").run("7", 2).job("smoke");
        assert_eq!(at_once(&store, &id, running(), "another").await, None, "not its token");
        assert_eq!(at_once(&store, "none", running(), &token).await, None, "no such row");
        let ended = Report::new("succeeded").run("7", 2);
        assert_eq!(at_once(&store, &id, ended, &token).await, None, "not legal");
        assert_eq!(store.reports(&id).await.unwrap().len(), 1, "the start, and nothing else");

        assert!(at_once(&store, &id, running(), &token).await.is_some());
        let passed = || Report::new("smoke_passed").run("7", 2).job("smoke");
        assert_eq!(at_once(&store, &id, running(), &token).await, None, "it is there");
        let older = Report::new("smoke_passed").run("7", 1).job("smoke");
        assert_eq!(at_once(&store, &id, older, &token).await, None, "an older attempt");
        let taken = passed().event_id(format!("{id}/7/2/smoke/smoke_running"));
        assert_eq!(at_once(&store, &id, taken, &token).await, None, "the id is taken");
        let mut other = Report::new("smoke_passed").run("8", 1).job("smoke");
        other.of_one_run = true;
        assert_eq!(at_once(&store, &id, other, &token).await, None, "it is another run's");
        assert_eq!(store.reports(&id).await.unwrap().len(), 2);

        // What the database takes no event of, or refuses, is taken back.
        let Pool::Sqlite(pool) = &store.shared.pool else { unreachable!() };
        sqlx::raw_sql("DROP TRIGGER \"000_deploy_guard_update\"").execute(pool).await.unwrap();
        assert_eq!(at_once(&store, &id, passed(), &token).await, None, "no guard, no event");
        let snapshot = store.snapshot(&Deploy, &id).await.unwrap().unwrap();
        assert_eq!((&*snapshot.status, snapshot.seq), ("smoke_running", 2));
    }
}
