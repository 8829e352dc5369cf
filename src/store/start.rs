//! Starting a row: the insert, its token, and the report of who asked for it.

use super::conn::{Arg, Conn, Mark};
use super::error::{is_guard, is_unique, may_lack_state};
use super::shape::Key;
use super::{Error, Pool, Result, Statements, Store, apply, in_transaction, token};
use crate::Machine;
use uuid::Uuid;

/// What a new row starts with. Columns that the table doesn't have are left out.
#[derive(Clone, Debug, Default)]
pub struct Start {
    /// The row's key; left out a new one is made, in the order of time.
    pub id: Option<String>,
    /// The value of the state to start in; left out the machine's first.
    pub status: Option<String>,
    /// What is to be worked on, a git ref for example.
    pub reference: Option<String>,
    /// Who asks for it.
    pub requested_by: Option<String>,
    /// Why.
    pub reason: Option<String>,
}

/// A row that was started.
#[derive(Clone, Debug)]
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
    let id = match &start.id {
        Some(id) => sql.shape.key.parse(id).ok_or_else(|| {
            Error::Schema(format!("the key \"{}\" can't be `{id}`", sql.schema.key))
        })?,
        None => new_key(sql.shape.key),
    };
    let status = match &start.status {
        Some(status) => status.clone(),
        None => machine.value(machine.initial()).to_owned(),
    };
    let token = sql
        .has_column("token_hash")
        .then(|| token::generate(&id))
        .transpose()?;
    let hash = token.as_deref().map(token::hash);

    let mut columns = Vec::new();
    let mut args: Vec<Arg<'_>> = vec![(&id).into(), (&status).into()];
    if let Some(hash) = &hash {
        columns.push("token_hash");
        args.push(Arg::Bytes(Some(hash)));
    }
    let given = [
        ("ref", &start.reference),
        ("requested_by", &start.requested_by),
        ("reason", &start.reason),
    ];
    for (column, text) in given {
        if sql.has_column(column) {
            columns.push(column);
            args.push(text.into());
        }
    }
    conn.mark(Mark::Report).await?;
    let insert = sql.start(conn, &columns);
    if let Err(error) = conn.execute(&insert, &args).await {
        conn.undo(Mark::Report).await?;
        return Err(refused(conn, sql, &id, status, error).await?);
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
            (&start.requested_by).into(),
            Arg::Text(None),
            machine.table().into(),
            Arg::Text(None),
        ];
        conn.execute(&sql.record, &args).await?;
    }
    conn.keep(Mark::Report).await?;
    Ok(Started { id, token })
}

/// What the database meant by refusing to start a row.
async fn refused(
    conn: &mut Conn<'_>,
    sql: &Statements,
    id: &str,
    requested: String,
    error: sqlx::Error,
) -> Result<Error> {
    if is_unique(&error) || conn.row(&sql.row, &[id.into()]).await?.is_some() {
        return Ok(Error::Exists(id.to_owned()));
    }
    if !may_lack_state(&error) {
        return Ok(error.into());
    }
    let known = apply::texts(conn, &sql.known, &[]).await?;
    if !known.contains(&requested) {
        return Ok(Error::Start {
            requested,
            known: false,
            allowed: known,
        });
    }
    let initial = apply::texts(conn, &sql.initial, &[]).await?;
    if is_guard(&error) && !initial.contains(&requested) {
        return Ok(Error::Start {
            requested,
            known: true,
            allowed: initial,
        });
    }
    // A key that has a history, for one: the row itself is gone, its history is not.
    if is_guard(&error) {
        return Ok(Error::Exists(id.to_owned()));
    }
    Ok(error.into())
}

/// A new key, later ones after earlier ones.
fn new_key(kind: Key) -> String {
    let id = Uuid::now_v7();
    match kind {
        Key::Text | Key::Uuid => id.to_string(),
        Key::Int(_, most) => {
            // The milliseconds since 1970 take 41 bits until 2039, and 42 until 2109.
            let bits = id.as_u128();
            let milliseconds = bits >> 80;
            let number = (milliseconds << 20 | (bits & 0xf_ffff)) as i64;
            (number & most).to_string()
        }
    }
}
