//! The run that was started for a row: what was tried, and the run that the row is bound to by it. It stands
//! among the row's reports, where no version of the schema has to be changed for it.
//!
//! `dispatching` stands there before anything is asked of anyone, and by it a second start is known to be one,
//! also after a crash. What comes after it says how it went: `dispatched`, with the run, or `not-dispatched`.
//! Where nothing comes after it, no one knows.

use super::conn::{Arg, Conn};
use super::read::key_and_status;
use super::report::{ADDRESS, LOG_TAIL, NAME, head, storable};
use super::{AuthenticatedBy, Result, Statements, Store, in_transaction};

/// Who says so in the reports.
const ACTOR: &str = "dispatcher";

/// What is known of the run that was to be started for a row.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Dispatch {
    /// Nothing was tried.
    None,
    /// It was tried, and no one knows yet whether it came to a run.
    Open,
    /// This run was started, and the row is its own.
    Run(String),
    /// None was started, and none will be.
    Refused,
}

/// How starting a run went.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Dispatched<'a> {
    /// This run was started; where people can look at it.
    Run {
        /// Its id.
        id: &'a str,
        /// Its address.
        url: Option<&'a str>,
    },
    /// None was: why.
    Refused(&'a str),
}

impl Store {
    /// Whether a run is to be started for the row by the one who asks, now: true once, for one of all who ask,
    /// on any instance. It is remembered before it is answered.
    ///
    /// # Errors
    /// Where the database is away or does not fit.
    pub async fn claim_dispatch(&self, id: &str) -> Result<bool> {
        let sql = self.statements().await?;
        let _queued = self.queue().await;
        in_transaction!(self, write, |conn| {
            match open(conn, &sql, id).await? {
                Some((key, status, Dispatch::None)) => {
                    record(conn, &sql, &key, &status, "dispatching", [None; 3]).await?;
                    Ok(true)
                }
                // Nothing remembers it there: a start has no key to come again under, either.
                None => Ok(!sql.has_history()),
                Some(_) => Ok(false),
            }
        })
    }

    /// Remembers how it went, where that was not known. From a run on, the row is that run's. Whether it was
    /// news.
    ///
    /// # Errors
    /// Where the database is away or does not fit.
    pub async fn settle_dispatch(&self, id: &str, how: Dispatched<'_>) -> Result<bool> {
        let sql = self.statements().await?;
        let _queued = self.queue().await;
        in_transaction!(self, write, |conn| {
            let Some((key, status, Dispatch::Open)) = open(conn, &sql, id).await? else {
                return Ok(false);
            };
            let (answer, of) = match how {
                Dispatched::Run { id, url } => (
                    "dispatched",
                    [Some(head(id, NAME)), url.filter(|url| url.len() <= ADDRESS), None],
                ),
                Dispatched::Refused(why) => {
                    ("not-dispatched", [None, None, Some(head(why, LOG_TAIL))])
                }
            };
            record(conn, &sql, &key, &status, answer, of).await?;
            Ok(true)
        })
    }

    /// What is known of the run that was to be started for a row.
    ///
    /// # Errors
    /// Where the database is away or does not fit.
    pub async fn dispatch_of(&self, id: &str) -> Result<Dispatch> {
        let sql = self.statements().await?;
        in_transaction!(self, read, |conn| {
            let found = match key_and_status(conn, &sql, id).await? {
                Some((key, _)) if sql.has_history() => last(conn, &sql, &key).await?,
                Some(_) | None => Dispatch::None,
            };
            Ok(found)
        })
    }
}

/// The row with what is known, and no one else changes it from here on; nothing where there is no such row, or
/// no history.
async fn open(
    conn: &mut Conn<'_>,
    sql: &Statements,
    id: &str,
) -> Result<Option<(String, String, Dispatch)>> {
    let Some(key) = sql.shape.key.parse(id).filter(|_| sql.has_history()) else {
        return Ok(None);
    };
    let Some(row) = conn.row(&sql.row_locked, &[(&key).into()]).await? else {
        return Ok(None);
    };
    let (key, status) = (row.text(0)?.unwrap_or_default(), row.text(1)?.unwrap_or_default());
    let found = last(conn, sql, &key).await?;
    Ok(Some((key, status, found)))
}

async fn last(conn: &mut Conn<'_>, sql: &Statements, key: &str) -> Result<Dispatch> {
    let Some(row) = conn.row(&sql.dispatch, &[key.into()]).await? else {
        return Ok(Dispatch::None);
    };
    Ok(match row.text(0)?.unwrap_or_default().as_str() {
        "dispatching" => Dispatch::Open,
        "dispatched" => Dispatch::Run(row.text(1)?.unwrap_or_default()),
        _ => Dispatch::Refused,
    })
}

/// `of` is the run, its address, and why there is none.
async fn record(
    conn: &mut Conn<'_>,
    sql: &Statements,
    key: &str,
    status: &str,
    answer: &str,
    of: [Option<&str>; 3],
) -> Result<()> {
    let [run, url, why] = of;
    let why = why.map(storable);
    let args = [
        key.into(),
        Arg::Text(None),
        Arg::Bytes(None),
        status.into(),
        status.into(),
        answer.into(),
        Arg::Int(None),
        Arg::Text(None),
        Arg::Text(run),
        Arg::Int(None),
        Arg::Text(url),
        ACTOR.into(),
        Arg::Text(None),
        Arg::Text(None),
        Arg::Text(why.as_deref()),
        AuthenticatedBy::Backend.as_str().into(),
    ];
    Ok(conn.execute(&sql.record, &args).await.map(drop)?)
}
