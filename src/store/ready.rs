//! Whether the live database is what the store needs.

use super::conn::{Arg, Conn};
use super::shape::Shape;
use super::transaction::Begin;
use super::{Result, Schema, Statements, Store, in_transaction};
use serde::Serialize;

/// What the live database is found to be.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Fit {
    /// The fingerprint of the language that the database judges by; none where it doesn't say. One
    /// that differs from the machine's is no misfit: an older or newer version was rolled out.
    pub language: Option<String>,
    /// The guard's mode, where it was set to another than the table's: `test`, `load` or `observe`.
    pub mode: Option<String>,
    /// What is missing; empty where all is well.
    pub missing: Vec<String>,
}

impl Store {
    /// Looks at the live database: its tables, and its guard.
    ///
    /// # Errors
    /// Where the database is away.
    pub async fn fit(&self) -> Result<Fit> {
        in_transaction!(self, read, |conn| fit(conn, &self.shared.schema).await)
    }
}

impl Store {
    /// Writes a report of a row that there is not, where there are reports, and takes it back: whether the
    /// database takes writes.
    ///
    /// # Errors
    /// Why it does not.
    pub async fn probe(&self) -> Result<()> {
        let sql = self.statements().await?;
        let _queued = self.queue().await;
        let mut held = self.begin(Begin::Write).await?;
        let written = match sql.has_history() {
            true => {
                let key = sql.shape.key.any();
                let mut args = [Arg::Text(None); 16];
                args[0] = (&key).into();
                args[2] = Arg::Bytes(None);
                args[3] = "".into();
                args[5] = "probe".into();
                args[6] = Arg::Int(None);
                args[9] = Arg::Int(None);
                held.conn().execute(&sql.record, &args).await.map(drop)
            }
            false => Ok(()),
        };
        held.take_back().await;
        Ok(written?)
    }
}

async fn fit(conn: &mut Conn<'_>, schema: &Schema) -> Result<Fit> {
    let mut missing = Vec::new();
    let shape = match Shape::read(conn, schema).await {
        Ok(shape) => shape,
        Err(super::Error::Schema(what)) => {
            return Ok(Fit { language: None, mode: None, missing: vec![what] });
        }
        Err(error) => return Err(error),
    };
    let mut tables = vec![&schema.states, &schema.transitions, &schema.language];
    if let Some(events) = &schema.events {
        tables.extend([events, &schema.reports]);
    }
    for table in tables {
        if !shape.has_table(table) {
            missing.push(format!("there is no table \"{table}\""));
        }
    }
    if !super::is_guarded(conn, schema).await? {
        missing.push(format!(
            "the guard \"{}\" on \"{}\" is missing, or disabled",
            schema.guard, schema.table
        ));
    }
    #[cfg(feature = "postgres")]
    if matches!(conn, Conn::Postgres(_)) {
        let lacking = super::grants::missing(conn, schema, &shape).await?;
        if !lacking.is_empty() {
            missing.extend(lacking);
            // What it may not read can't be asked for.
            return Ok(Fit { language: None, mode: None, missing });
        }
    }
    let mut language = None;
    if shape.has_table(&schema.language) {
        let sql = Statements::new(conn, schema.clone(), shape).language;
        language = conn.row(&sql, &[]).await?.map(|row| row.text(0)).transpose()?.flatten();
    }
    let mode = if schema.events.is_some() { set_mode(conn, schema).await? } else { None };
    Ok(Fit { language, mode, missing })
}

/// The mode that was set past the table.
async fn set_mode(conn: &mut Conn<'_>, schema: &Schema) -> sqlx::Result<Option<String>> {
    match conn {
        #[cfg(feature = "sqlite")]
        Conn::Sqlite(_) => super::sqlite::set_mode(conn, schema).await,
        #[cfg(feature = "postgres")]
        Conn::Postgres(_) => super::postgres::set_mode(conn, schema).await,
    }
}
