//! What is particular to SQLite.

use super::column::{Column, Key};
use super::conn::Conn;
use crate::Schema;
use crate::text::quoted;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use std::collections::BTreeSet;
use std::str::FromStr;
use std::time::Duration;

/// A pool over a file that is made where it doesn't exist, or over memory.
pub(crate) async fn open(url: &str) -> sqlx::Result<SqlitePool> {
    let options = SqliteConnectOptions::from_str(url)?
        .create_if_missing(true)
        .foreign_keys(true)
        // Without it `INSERT OR REPLACE` walks around the triggers on DELETE.
        .pragma("recursive_triggers", "ON")
        // Readers and the writer wait for no one, and an answer that was given outlives a power cut.
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(Duration::from_secs(5));
    // Every connection to memory is a database of its own.
    let memory = url.contains(":memory:") || url.contains("mode=memory");
    let pool = SqlitePoolOptions::new()
        .max_connections(if memory { 1 } else { 8 })
        .min_connections(u32::from(memory))
        .acquire_timeout(Duration::from_secs(3));
    let pool = if memory { pool.idle_timeout(None).max_lifetime(None) } else { pool };
    pool.connect_with(options).await
}

/// Whether the pool has one connection that never ends: what it is to may be in memory, and end with it.
pub(crate) fn is_only(pool: &SqlitePool) -> bool {
    let options = pool.options();
    options.get_max_connections() == 1 && options.get_max_lifetime().is_none()
}

pub(crate) async fn columns(
    conn: &mut Conn<'_>,
    _: &Schema,
    table: &str,
) -> sqlx::Result<Vec<Column>> {
    let sql = "SELECT name, upper(type) FROM pragma_table_info($1)";
    let mut columns = Vec::new();
    for row in conn.rows(sql, &[table.into()]).await? {
        let declared = row.text(1)?.unwrap_or_default();
        columns.push(Column {
            name: row.text(0)?.unwrap_or_default(),
            key: if declared.contains("INT") { Key::Int(i64::MIN, i64::MAX) } else { Key::Text },
            cast: None,
        });
    }
    Ok(columns)
}

pub(crate) async fn tables(conn: &mut Conn<'_>, _: &Schema) -> sqlx::Result<BTreeSet<String>> {
    let sql = "SELECT name FROM sqlite_master WHERE type IN ('table', 'view')";
    let rows = conn.rows(sql, &[]).await?;
    rows.iter().map(|row| Ok(row.text(0)?.unwrap_or_default())).collect()
}

/// Whether the trigger that judges each UPDATE is there. SQLite can't disable one.
pub(crate) async fn is_guarded(conn: &mut Conn<'_>, schema: &Schema) -> sqlx::Result<bool> {
    let sql = "SELECT count(*) FROM sqlite_master WHERE type = 'trigger' \
               AND tbl_name = $1 COLLATE NOCASE AND name = $2";
    let update = format!("{}_update", schema.guard);
    let args = [(&schema.table).into(), (&update).into()];
    let row = conn.row(sql, &args).await?;
    Ok(row.map(|row| row.int(0)).transpose()?.flatten().unwrap_or(0) > 0)
}

/// The mode that was set past the table, where one was.
pub(crate) async fn set_mode(conn: &mut Conn<'_>, schema: &Schema) -> sqlx::Result<Option<String>> {
    if !tables(conn, schema).await?.contains(&schema.mode) {
        return Ok(None);
    }
    let row = conn.row(&format!("SELECT mode FROM {}", quoted(&schema.mode)), &[]).await?;
    Ok(row.map(|row| row.text(0)).transpose()?.flatten())
}
