//! Starting a row: the insert, its token, and the report of who asked for it.

use super::column::{Key, Keys};
use super::columns::{self, Columns};
use super::conn::{Arg, Conn, Mark};
use super::error::{is_guard, is_unique, may_lack_state};
use super::{Error, Pool, Result, Statements, Store, apply, in_transaction, token};
use crate::Machine;
use serde_json::Value;
use std::time::Duration;
use uuid::Uuid;

/// The column that says who asked, where a table has one.
const REQUESTED_BY: &str = "requested_by";

/// What a new row starts with.
///
/// ```
/// use phasegate::store::Start;
///
/// let start = Start::new().requested_by("ada").column("ref", "main");
/// # let _ = start;
/// ```
#[derive(Clone, Debug, Default)]
pub struct Start {
    id: Option<String>,
    status: Option<String>,
    requested_by: Option<String>,
    columns: Columns,
    token_lifetime: Option<Duration>,
}

impl Start {
    /// A new row with a new key, in the machine's first initial state, and nothing else said of it.
    pub fn new() -> Self {
        Self::default()
    }

    /// With this key. Without it a new one is made, in the order of time.
    #[must_use]
    pub fn id(self, id: impl Into<String>) -> Self {
        Self { id: Some(id.into()), ..self }
    }

    /// In the state of this value.
    #[must_use]
    pub fn status(self, value: impl Into<String>) -> Self {
        Self { status: Some(value.into()), ..self }
    }

    /// Who asks for it: the actor of the row's first event, and its column `requested_by` where it has one.
    #[must_use]
    pub fn requested_by(self, who: impl Into<String>) -> Self {
        Self { requested_by: Some(who.into()), ..self }
    }

    /// With a value in one of the columns that [`Schema::columns`](crate::Schema::columns) names.
    #[must_use]
    pub fn column(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.columns.insert(name, value);
        self
    }

    /// With values in several of them.
    #[must_use]
    pub fn columns(mut self, columns: Columns) -> Self {
        for (name, value) in columns.iter() {
            self.columns.insert(name, value.clone());
        }
        self
    }

    /// With a token that is good for so long. Without it one is for as long as the row is there.
    #[must_use]
    pub fn token_lifetime(self, lifetime: Duration) -> Self {
        Self { token_lifetime: Some(lifetime), ..self }
    }
}

/// A row that was started.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Started {
    /// Its key.
    pub id: String,
    /// What opens it to reports: to be had here and now alone; the database keeps its hash. None
    /// where the table has no column `token_hash`.
    pub token: Option<String>,
}

impl Store {
    /// Starts a row, in one transaction with the report of who asked for it.
    ///
    /// # Errors
    /// [`Error::Exists`] for a key that is taken, [`Error::Start`] for a state that the database
    /// starts no row in, and where the database is away or does not fit.
    pub async fn start(&self, machine: &dyn Machine, start: &Start) -> Result<Started> {
        self.opened_for(machine)?;
        let statements = self.statements().await?;
        let _queued = self.queue().await;
        let started: Result<Started> = in_transaction!(self, write, |conn| {
            insert(conn, machine, &statements, start).await
        });
        if let Ok(started) = &started {
            self.signal(&started.id);
        }
        started
    }
}

async fn insert(
    conn: &mut Conn<'_>,
    machine: &dyn Machine,
    sql: &Statements,
    start: &Start,
) -> Result<Started> {
    let key = match &start.id {
        Some(id) => Some(sql.shape.key.parse(id).ok_or_else(|| {
            Error::Schema(format!("the key \"{}\" can't be `{id}`", sql.schema.key.join("\", \"")))
        })?),
        None => new_key(&sql.shape.key),
    };
    let status = match &start.status {
        Some(status) => status.clone(),
        None => machine.value(machine.initial()).to_owned(),
    };
    let mut values = start.columns.clone();
    let by_schema = &sql.schema.columns;
    let (asked, requested) = (&start.requested_by, values.get(REQUESTED_BY).cloned());
    if asked.is_some() && by_schema.iter().any(|(name, _)| name == REQUESTED_BY) {
        values.insert(REQUESTED_BY, asked.clone());
    }
    let shown = |value: Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let requested = requested.filter(|value| !value.is_null()).map(shown);
    let actor = asked.clone().or(requested);
    let columns = columns::given(by_schema, &sql.shape, &values)?;
    let Some(stored) = sql.stored(conn, &status).await? else {
        let known = apply::texts(conn, &sql.known, &[]).await?;
        return Err(Error::Start { requested: status, known: false, allowed: known });
    };
    let mut args: Vec<Arg<'_>> = vec![(&stored).into()];
    args.extend(columns.iter().map(|(_, _, given)| Arg::from(given)));
    args.extend(key.as_ref().map(Arg::from));
    conn.mark(Mark::Report).await?;
    let insert = sql.start(conn, &columns, key.is_some());
    let id = match conn.row(&insert, &args).await {
        Ok(row) => row.map(|row| row.text(0)).transpose()?.flatten().unwrap_or_default(),
        Err(error) => {
            conn.undo(Mark::Report).await?;
            return Err(refused(conn, sql, key, status, error).await?);
        }
    };
    let shown = sql.shape.key.shown(&id);
    let token = sql
        .has_column("token_hash")
        .then(|| token::generate(&shown, start.token_lifetime))
        .transpose()?;
    if let Some(token) = &token {
        // Only now: the token names the key, which the database may have made.
        let hash = token::hash(token);
        conn.execute(&sql.set_token, &[(&id).into(), Arg::Bytes(Some(&hash))]).await?;
    }
    if sql.has_history() {
        let args = [
            (&id).into(),
            Arg::Text(None),
            Arg::Bytes(None),
            (&status).into(),
            Arg::Text(None),
            "applied".into(),
            Arg::Int(Some(1)),
            Arg::Text(None),
            Arg::Text(None),
            Arg::Int(None),
            Arg::Text(None),
            (&actor).into(),
            Arg::Text(None),
            machine.table().into(),
            Arg::Text(None),
        ];
        conn.execute(&sql.record, &args).await?;
    }
    conn.keep(Mark::Report).await?;
    Ok(Started { id: shown, token })
}

/// What the database meant by refusing to start a row.
async fn refused(
    conn: &mut Conn<'_>,
    sql: &Statements,
    key: Option<String>,
    requested: String,
    error: sqlx::Error,
) -> Result<Error> {
    let id = sql.shape.key.shown(&key.unwrap_or_default());
    if is_unique(&error) {
        return Ok(Error::Exists(id));
    }
    if !may_lack_state(&error) {
        return Ok(error.into());
    }
    let known = apply::texts(conn, &sql.known, &[]).await?;
    if !known.contains(&requested) {
        return Ok(Error::Start { requested, known: false, allowed: known });
    }
    if !is_guard(&error) {
        return Ok(error.into());
    }
    let initial = apply::texts(conn, &sql.initial, &[]).await?;
    if !initial.contains(&requested) {
        return Ok(Error::Start { requested, known: true, allowed: initial });
    }
    // The row is gone, its history is not: a key is used once.
    Ok(Error::Exists(id))
}

/// A new key, later ones after earlier ones; none where the database makes them, and of a key of several
/// columns, of which the database may make some.
fn new_key(key: &Keys) -> Option<String> {
    match key.0[..] {
        #[cfg(feature = "postgres")]
        [Key::Uuid] => Some(Uuid::now_v7().to_string()),
        [Key::Text] => Some(Uuid::now_v7().to_string()),
        [Key::Int(..)] | [..] => None,
    }
}
