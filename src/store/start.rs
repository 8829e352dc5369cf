//! Starting a row: the insert, its token, and the report of who asked for it.

use super::column::{Key, Keys};
use super::columns::{self, Columns};
use super::conn::{Arg, Conn, Mark};
use super::error::{is_guard, is_unique, may_lack_state};
use super::{AuthenticatedBy, Error, Result, Statements, Store, apply, in_transaction, token};
use crate::Machine;
use crate::text::hex;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
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
    authenticated_by: AuthenticatedBy,
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

    /// With this way in which it was known who asks.
    #[must_use]
    pub fn authenticated_by(self, proof: AuthenticatedBy) -> Self {
        Self { authenticated_by: proof, ..self }
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

    /// The columns that were given.
    #[cfg(feature = "http")]
    pub(crate) fn given(&self) -> &Columns {
        &self.columns
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
    /// What opens it to reports: given out only here and now; the database keeps its hash. None
    /// where the table has no column `token_hash`.
    pub token: Option<String>,
    /// It was started before under the same Idempotency-Key: the token is a new one, and the one before is
    /// good no more.
    pub again: bool,
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
            insert(conn, machine, &statements, start, None).await
        });
        if let Ok(started) = &started {
            self.signal(&started.id);
        }
        started
    }

    /// Starts a row once, however often it is asked for under the same `key`, by any instance: asked for
    /// again it gives the row that was started, and a new token, since the first is kept as a hash only.
    /// `hash` is of what was asked for. A key is known for as long as the history of its row is kept.
    ///
    /// # Errors
    /// As [`start`](Self::start); [`Error::Once`] where the key stands for another start, or where the
    /// database keeps no history.
    pub async fn start_once(
        &self,
        machine: &dyn Machine,
        start: &Start,
        key: &str,
        hash: &[u8; 32],
    ) -> Result<Started> {
        self.opened_for(machine)?;
        let statements = self.statements().await?;
        let table = &statements.schema.table;
        if !statements.has_history() {
            return Err(Error::Once(format!("\"{table}\" can keep no Idempotency-Key")));
        }
        let digest = Sha256::digest(format!("{table}\n{key}"));
        let once = Once { event_id: format!("start/{}", hex(&digest)), hash };
        // Where the database makes the keys, the report of the start remembers which it made.
        let start = match key_of(&statements.shape.key, &digest) {
            Some(id) => Start { id: Some(id), ..start.clone() },
            None => start.clone(),
        };
        let _queued = self.queue().await;
        let started: Result<Started> = in_transaction!(self, write, |conn| {
            if let Some(again) = again(conn, &statements, &once, start.token_lifetime).await? {
                return Ok(again);
            }
            match insert(conn, machine, &statements, &start, Some(&once)).await {
                // Another one was faster.
                Err(Error::Exists(id)) => again(conn, &statements, &once, start.token_lifetime)
                    .await?
                    .ok_or(Error::Exists(id)),
                started => started,
            }
        });
        if let Ok(started) = &started {
            self.signal(&started.id);
        }
        started
    }
}

/// What a start is known by when it comes again.
struct Once<'h> {
    event_id: String,
    hash: &'h [u8; 32],
}

/// The row that was started before under the same key, with a new token; nothing where none was.
async fn again(
    conn: &mut Conn<'_>,
    sql: &Statements,
    once: &Once<'_>,
    lifetime: Option<Duration>,
) -> Result<Option<Started>> {
    let Some(first) = conn.row(&sql.started, &[(&once.event_id).into()]).await? else {
        return Ok(None);
    };
    if first.bytes(1)?.as_deref() != Some(once.hash.as_slice()) {
        return Err(Error::Once("the Idempotency-Key stands for another start".to_owned()));
    }
    let key = first.text(0)?.unwrap_or_default();
    let id = sql.shape.key.shown(&key);
    let token = sql.has_column("token_hash").then(|| token::generate(&id, lifetime)).transpose()?;
    if let Some(token) = &token {
        let hash = token::hash(token);
        if conn.execute(&sql.set_token, &[(&key).into(), Arg::Bytes(Some(&hash))]).await? == 0 {
            return Err(Error::Exists(id));
        }
    }
    Ok(Some(Started { id, token, again: true }))
}

/// The key that a digest stands for; none where the database makes the keys.
fn key_of(key: &Keys, digest: &[u8]) -> Option<String> {
    let bytes = digest.first_chunk::<16>()?;
    match key.0[..] {
        #[cfg(feature = "postgres")]
        [Key::Uuid] => Some(uuid::Builder::from_custom_bytes(*bytes).into_uuid().to_string()),
        [Key::Text] => Some(uuid::Builder::from_custom_bytes(*bytes).into_uuid().to_string()),
        [Key::Int(..)] | [..] => None,
    }
}

async fn insert(
    conn: &mut Conn<'_>,
    machine: &dyn Machine,
    sql: &Statements,
    start: &Start,
    once: Option<&Once<'_>>,
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
            Arg::Text(once.map(|once| once.event_id.as_str())),
            Arg::Bytes(once.map(|once| once.hash.as_slice())),
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
            start.authenticated_by.as_str().into(),
        ];
        if let Err(error) = conn.execute(&sql.record, &args).await {
            if once.is_some() && is_unique(&error) {
                conn.undo(Mark::Report).await?;
                return Err(Error::Exists(shown));
            }
            return Err(error.into());
        }
    }
    conn.keep(Mark::Report).await?;
    Ok(Started { id: shown, token, again: false })
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
