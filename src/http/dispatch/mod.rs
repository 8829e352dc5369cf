//! Starting the work of a row: what runs it is a [`Dispatcher`]. What was asked of it is remembered before
//! it is asked, so that no row's work is started twice, and where no one knows whether it was started it is
//! looked for and never asked for again.

#[cfg(feature = "dispatch")]
mod github;

#[cfg(feature = "dispatch")]
pub use github::{By, Github};

use super::problem::Problem;
use super::{Ends, Shared};
use crate::store::{
    AuthenticatedBy, Columns, Dispatch, Dispatched, Report, Result as StoreResult, Time,
};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// Who ends a row whose work could not be started.
const ACTOR: &str = "dispatcher";
/// How often a run is looked for that may have been started, and how long is waited before each time.
const LOOKED_FOR: [u64; 7] = [1, 2, 4, 8, 16, 32, 64];
/// How many of the newest rows are looked at after a start of the backend.
const NEWEST: u32 = 100;

/// The work of one row.
#[derive(Clone)]
#[non_exhaustive]
pub struct Work {
    /// The row's key.
    pub id: String,
    /// By which the run is known: `MACHINE ID`, as the generated workflow's `run-name` has it.
    pub title: String,
    /// What opens the row to reports, where it has a token.
    pub token: Option<String>,
    /// What the row was started with.
    pub columns: Columns,
}

impl fmt::Debug for Work {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the token.
        out.debug_struct("Work").field("id", &self.id).finish_non_exhaustive()
    }
}

/// How asking for it went.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Asked {
    /// This run was started.
    Started(Started),
    /// One was, or may have been: which is not known.
    Unknown(String),
    /// None was, and why.
    Refused(String),
}

/// A run that was started.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Started {
    /// Its id.
    pub id: String,
    /// Where people can look at it.
    pub url: Option<String>,
}

/// An answer of a [`Dispatcher`], in time.
pub type Asking<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Starts the work of rows. Its answers have to come in some seconds.
pub trait Dispatcher: fmt::Debug + Send + Sync + 'static {
    /// Asks for the work once. [`Asked::Refused`] is for what surely started nothing.
    fn start<'a>(&'a self, work: &'a Work) -> Asking<'a, Asked>;

    /// The run of this title that was started since then, where there is one.
    fn find<'a>(
        &'a self,
        title: &'a str,
        since: Time,
    ) -> Asking<'a, Result<Option<Started>, String>>;
}

/// What starts the work of a backend's rows, and how a row ends whose work could not be started.
#[derive(Clone, Debug)]
pub(super) struct Starting {
    pub(super) dispatcher: Arc<dyn Dispatcher>,
    pub(super) ends: Ends,
}

/// Starts the work of a row that was started, where that was not tried before; what came of it, for the answer.
/// It goes on where the one who asked goes away.
pub(super) async fn start(
    shared: &Arc<Shared>,
    id: &str,
    token: Option<String>,
    columns: &Columns,
) -> Result<Value, Problem> {
    let Some(starting) = shared.options.starting.clone() else {
        return Ok(Value::Null);
    };
    if !shared.write(shared.store.claim_dispatch(id)).await? {
        let known = shared.ask(shared.store.dispatch_of(id)).await?;
        if known == Dispatch::Refused {
            // The first one may not have come so far.
            end(shared, &starting, id, "its run could not be started").await?;
        }
        return Ok(shown(&known));
    }
    let work =
        Work { id: id.to_owned(), title: title(shared, id), token, columns: columns.clone() };
    let shared = shared.clone();
    let asked = tokio::spawn(async move { ask(&shared, &starting, &work).await });
    asked.await.unwrap_or_else(|_| Err(Problem::unknown()))
}

fn title(shared: &Shared, id: &str) -> String {
    format!("{} {id}", shared.machine.name())
}

/// What an answer says of a run.
fn shown(known: &Dispatch) -> Value {
    match known {
        Dispatch::None => Value::Null,
        Dispatch::Open => json!({"started": null}),
        Dispatch::Run(id) => json!({"started": true, "run_id": id}),
        Dispatch::Refused => json!({"started": false}),
    }
}

async fn ask(shared: &Arc<Shared>, starting: &Starting, work: &Work) -> Result<Value, Problem> {
    let since = Time::from(SystemTime::now());
    let asked = starting.dispatcher.start(work).await;
    let (row, machine) = (work.id.as_str(), shared.machine.name());
    match asked {
        Asked::Started(run) => {
            shared.metrics.dispatched("started");
            tracing::info!(machine, row, run = run.id, "its run was started");
            let how = Dispatched::Run { id: &run.id, url: run.url.as_deref() };
            settle(shared, row, how).await.map_err(Problem::from)?;
            Ok(json!({"started": true, "run_id": run.id, "run_url": run.url}))
        }
        Asked::Refused(why) => {
            shared.metrics.dispatched("refused");
            tracing::warn!(machine, row, why, "its run could not be started");
            settle(shared, row, Dispatched::Refused(&why)).await.map_err(Problem::from)?;
            end(shared, starting, row, &why).await?;
            Ok(json!({"started": false, "detail": why}))
        }
        Asked::Unknown(why) => {
            shared.metrics.dispatched("unknown");
            tracing::warn!(machine, row, why, "it is not known whether its run was started");
            let (shared, starting, row) = (shared.clone(), starting.clone(), row.to_owned());
            tokio::spawn(async move { look(&shared, &starting, &row, since).await });
            Ok(json!({"started": null, "detail": why}))
        }
    }
}

/// Remembers it, however often the database has to be asked: the run is there.
async fn settle(shared: &Shared, row: &str, how: Dispatched<'_>) -> StoreResult<()> {
    let mut last = Ok(());
    for wait in LOOKED_FOR {
        match shared.store.settle_dispatch(row, how).await {
            Ok(_) => return Ok(()),
            Err(error) => last = Err(error),
        }
        tokio::time::sleep(Duration::from_secs(wait)).await;
    }
    last
}

/// A row whose work will never begin ends as the table's concluding job would have said, where the table
/// allows that.
async fn end(shared: &Shared, starting: &Starting, row: &str, why: &str) -> Result<(), Problem> {
    let Some(state) = &starting.ends.failure else {
        return Ok(());
    };
    let mut report = Report::new(state.as_str()).actor(ACTOR).log_tail(why);
    report.authenticated_by = AuthenticatedBy::Backend;
    let event_id = format!("not-dispatched/{row}");
    // Whatever the words are, it is the same report.
    report.body_hash = Some(Sha256::digest(&event_id).into());
    report.event_id = Some(event_id);
    let answer = shared.write(shared.store.apply_callback(&*shared.machine, row, &report)).await?;
    shared.metrics.reported(answer.as_str(), Duration::ZERO);
    Ok(())
}

/// Looks for a run that may have been started, for some minutes.
async fn look(shared: &Arc<Shared>, starting: &Starting, row: &str, since: Time) {
    let title = title(shared, row);
    for wait in LOOKED_FOR {
        tokio::time::sleep(Duration::from_secs(wait)).await;
        match starting.dispatcher.find(&title, since).await {
            Ok(Some(run)) => {
                let how = Dispatched::Run { id: &run.id, url: run.url.as_deref() };
                if let Err(error) = settle(shared, row, how).await {
                    tracing::error!(row, run = run.id, %error, "the run that was found is not kept");
                }
                tracing::info!(row, run = run.id, "its run was found");
                return;
            }
            Ok(None) => {}
            Err(why) => tracing::warn!(row, why, "its run could not be looked for"),
        }
    }
    tracing::error!(
        row,
        "no run of it was found: look for it, and start a new row where there is none"
    );
}

/// Looks for the runs of rows that were being started when a backend ended.
pub(super) async fn recover(shared: Arc<Shared>) {
    let Some(starting) = shared.options.starting.clone() else {
        return;
    };
    let page = match shared.store.list(&*shared.machine, NEWEST, None).await {
        Ok(page) => page,
        Err(error) => {
            tracing::warn!(%error, "runs that were being started are not looked for");
            return;
        }
    };
    for item in page.into_iter().flat_map(|page| page.items) {
        let is_open = shared.store.dispatch_of(&item.id).await;
        if item.terminal || !matches!(is_open, Ok(Dispatch::Open)) {
            continue;
        }
        let since = item.created_at.unwrap_or_else(|| Time::from(SystemTime::now()));
        let (shared, starting) = (shared.clone(), starting.clone());
        tokio::spawn(async move { look(&shared, &starting, &item.id, since).await });
    }
}
