//! What is particular to PostgreSQL.

use super::column::{Column, Key};
use super::conn::Conn;
use crate::Schema;
use crate::text::quoted;
use sqlx::Connection as _;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use std::collections::BTreeSet;
use std::str::FromStr;
use std::time::Duration;

/// The most connections of one store.
const CONNECTIONS: u32 = 16;

/// A row that someone holds, a statement that takes its time, a client that hangs: none of them holds a
/// connection for longer. They are shorter than what requests wait for.
const LIMITS: &str = "SET lock_timeout = '3s'; SET statement_timeout = '6s'; \
                      SET idle_in_transaction_session_timeout = '15s'";

/// So long a connection that is not used counts as being there.
const FRESH: Duration = Duration::from_secs(1);

/// A pool that connects when it is first needed, so that a backend can start before its database.
pub(crate) fn open(url: &str) -> sqlx::Result<PgPool> {
    let options = PgConnectOptions::from_str(url)?.application_name("phasegate");
    let pool = PgPoolOptions::new()
        .max_connections(CONNECTIONS)
        .acquire_timeout(Duration::from_secs(3))
        .after_connect(|conn, _| {
            Box::pin(async move { sqlx::raw_sql(LIMITS).execute(conn).await.map(drop) })
        })
        // One that was used a moment ago is there: to ask it costs as much as a report.
        .test_before_acquire(false)
        .before_acquire(|conn, meta| {
            Box::pin(async move {
                let is_fresh = meta.idle_for < FRESH;
                Ok(is_fresh || conn.ping().await.is_ok())
            })
        });
    Ok(pool.connect_lazy_with(options))
}

/// Whether a function is there, and this role may execute it.
pub(crate) async fn may_execute(
    conn: &mut Conn<'_>,
    schema: &Schema,
    function: &str,
) -> sqlx::Result<bool> {
    let sql = "SELECT count(*) FROM pg_catalog.pg_proc p \
               JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace \
               WHERE n.nspname = $1 AND p.proname = $2 \
               AND pg_catalog.has_function_privilege(p.oid, 'EXECUTE')";
    let row = conn.row(sql, &[(&schema.schema).into(), function.into()]).await?;
    Ok(row.map(|row| row.int(0)).transpose()?.flatten() == Some(1))
}

pub(crate) async fn columns(
    conn: &mut Conn<'_>,
    schema: &Schema,
    table: &str,
) -> sqlx::Result<Vec<Column>> {
    let sql = "SELECT a.attname::text, n.nspname::text, t.typname::text, t.typtype::text \
               FROM pg_catalog.pg_attribute a \
               JOIN pg_catalog.pg_type t ON t.oid = a.atttypid \
               JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace \
               WHERE a.attrelid = pg_catalog.to_regclass($1) \
               AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum";
    let table = format!("{}.{}", quoted(&schema.schema), quoted(table));
    let mut columns = Vec::new();
    for row in conn.rows(sql, &[(&table).into()]).await? {
        let namespace = row.text(1)?.unwrap_or_default();
        let name = row.text(2)?.unwrap_or_default();
        let kind = row.text(3)?.unwrap_or_default();
        let key = match name.as_str() {
            "uuid" => Key::Uuid,
            "int2" => Key::Int(i16::MIN.into(), i16::MAX.into()),
            "int4" => Key::Int(i32::MIN.into(), i32::MAX.into()),
            "int8" => Key::Int(i64::MIN, i64::MAX),
            _ => Key::Text,
        };
        // Enums and domains want a cast. Of the rest text takes care by itself, and a cast to
        // `varchar(n)` would cut what is too long.
        let casts = key != Key::Text || kind == "e" || kind == "d";
        columns.push(Column {
            name: row.text(0)?.unwrap_or_default(),
            key,
            cast: casts.then(|| format!("{}.{}", quoted(&namespace), quoted(&name))),
        });
    }
    Ok(columns)
}

pub(crate) async fn tables(conn: &mut Conn<'_>, schema: &Schema) -> sqlx::Result<BTreeSet<String>> {
    let sql = "SELECT c.relname::text FROM pg_catalog.pg_class c \
               JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
               WHERE n.nspname = $1 AND c.relkind IN ('r', 'p', 'v')";
    let rows = conn.rows(sql, &[(&schema.schema).into()]).await?;
    rows.iter().map(|row| Ok(row.text(0)?.unwrap_or_default())).collect()
}

/// Whether the guard's trigger is there, and fires in this session.
pub(crate) async fn is_guarded(conn: &mut Conn<'_>, schema: &Schema) -> sqlx::Result<bool> {
    // Bits of tgtype: 1 for each row, 16 on UPDATE.
    let sql = "SELECT count(*) FROM pg_catalog.pg_trigger t \
               WHERE t.tgrelid = pg_catalog.to_regclass($1) AND t.tgname = $2 \
               AND NOT t.tgisinternal AND t.tgtype & 17 = 17 \
               AND (t.tgenabled = 'A' OR (t.tgenabled = 'O' \
               AND current_setting('session_replication_role') <> 'replica'))";
    let table = format!("{}.{}", quoted(&schema.schema), quoted(&schema.table));
    let row = conn.row(sql, &[(&table).into(), (&schema.guard).into()]).await?;
    Ok(row.map(|row| row.int(0)).transpose()?.flatten().unwrap_or(0) > 0)
}

/// The mode that was set past the table, where one was.
pub(crate) async fn set_mode(conn: &mut Conn<'_>, schema: &Schema) -> sqlx::Result<Option<String>> {
    let name = |name: &str| format!("{}.{}()", quoted(&schema.schema), quoted(name));
    let (mode, rules) = (name(&schema.mode), name(&schema.rules));
    let sql = "SELECT count(pg_catalog.to_regprocedure(f)) FROM unnest(ARRAY[$1, $2]) AS f";
    let row = conn.row(sql, &[(&mode).into(), (&rules).into()]).await?;
    if row.map(|row| row.int(0)).transpose()?.flatten() != Some(2) {
        return Ok(None);
    }
    let sql = format!("SELECT nullif({mode}, {rules} ->> 'mode')");
    let row = conn.row(&sql, &[]).await?;
    Ok(row.map(|row| row.text(0)).transpose()?.flatten())
}
