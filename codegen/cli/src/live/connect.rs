//! A connection that only reads: one snapshot, bounded in time, and no password in any message.

use std::str::FromStr as _;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Executor as _, Row as _};

use phasegate_codegen::emit::sql::Dialect;

/// How long one statement may take.
const STATEMENT: &str = "60s";
/// How long it may wait for a lock of somebody who changes the schema.
const LOCK: &str = "5s";
/// How long it takes until no one is there.
const CONNECT: Duration = Duration::from_secs(10);

/// Why a database could not be looked at, for people.
pub(crate) type Away = String;

/// What a query gives: every value as text.
pub(crate) type Rows = Vec<Vec<Option<String>>>;

/// A connection in a transaction that reads.
pub(crate) struct Conn {
    inner: Inner,
    /// Where it leads, without a password.
    shown: String,
}

enum Inner {
    Postgres(Box<PgConnection>),
    Sqlite(Box<SqliteConnection>),
}

/// The database of an address.
pub(crate) fn dialect(url: &str) -> Result<Dialect, Away> {
    match url.split_once(':') {
        Some(("postgres" | "postgresql", _)) => Ok(Dialect::Postgres),
        Some(("sqlite", _)) => Ok(Dialect::Sqlite),
        // What comes before a colon may be a user's name, but no password.
        Some((scheme, _)) => Err(format!(
            "no database of the kind `{}:` is known; known: postgres:, sqlite:",
            phasegate_codegen::suggest::shown(scheme)
        )),
        None => Err("the address of a database begins with postgres:// or sqlite:".to_owned()),
    }
}

/// Whether an address names a database of SQLite's that ends with whoever opened it.
pub(crate) fn is_memory(url: &str) -> bool {
    let (file, query) = url.split_once('?').unwrap_or((url, ""));
    let Some(file) = file.strip_prefix("sqlite:") else { return false };
    matches!(file.trim_start_matches("//"), "" | ":memory:") || query.contains("mode=memory")
}

/// An address as messages have it: without a user and a password.
pub(crate) fn shown(url: &str) -> String {
    let shown = match dialect(url) {
        Ok(Dialect::Postgres) => PgConnectOptions::from_str(url).ok().map(|it| shown_postgres(&it)),
        Ok(Dialect::Sqlite) => SqliteConnectOptions::from_str(url).ok().map(|it| shown_sqlite(&it)),
        Err(_) => None,
    };
    shown.unwrap_or_else(|| "the database".to_owned())
}

fn shown_postgres(options: &PgConnectOptions) -> String {
    let database = options.get_database().unwrap_or_else(|| options.get_username());
    format!("postgres://{}:{}/{database}", options.get_host(), options.get_port())
}

fn shown_sqlite(options: &SqliteConnectOptions) -> String {
    format!("sqlite:{}", options.get_filename().display())
}

impl Conn {
    pub(crate) async fn open(url: &str) -> Result<Self, Away> {
        match dialect(url)? {
            Dialect::Postgres => postgres(url).await,
            Dialect::Sqlite => sqlite(url).await,
        }
    }

    pub(crate) const fn dialect(&self) -> Dialect {
        match &self.inner {
            Inner::Postgres(_) => Dialect::Postgres,
            Inner::Sqlite(_) => Dialect::Sqlite,
        }
    }

    /// Where it leads, without a password.
    pub(crate) fn shown(&self) -> &str {
        &self.shown
    }

    /// What a query gives; each of its columns is a text.
    pub(crate) async fn rows(&mut self, sql: &str) -> Result<Rows, Away> {
        let sql = AssertSqlSafe(sql.to_owned());
        let rows = match &mut self.inner {
            Inner::Postgres(conn) => sqlx::query(sql).fetch_all(&mut **conn).await.map(|rows| {
                let cells = |row: sqlx::postgres::PgRow| {
                    (0..row.len()).map(|at| row.try_get(at).ok().flatten()).collect()
                };
                rows.into_iter().map(cells).collect()
            }),
            Inner::Sqlite(conn) => sqlx::query(sql).fetch_all(&mut **conn).await.map(|rows| {
                let cells = |row: sqlx::sqlite::SqliteRow| {
                    (0..row.len()).map(|at| row.try_get(at).ok().flatten()).collect()
                };
                rows.into_iter().map(cells).collect()
            }),
        };
        rows.map_err(|error| format!("{}: {}", self.shown, in_words(&error)))
    }

    pub(crate) async fn close(self) {
        // Nothing was written: how it ends is no one's concern.
        let _ = match self.inner {
            Inner::Postgres(conn) => conn.close().await,
            Inner::Sqlite(conn) => conn.close().await,
        };
    }
}

async fn postgres(url: &str) -> Result<Conn, Away> {
    let options = PgConnectOptions::from_str(url)
        // What it says may quote the address, and with it the password.
        .map_err(|_| "the address is none of PostgreSQL: postgres://USER@HOST:PORT/DATABASE")?;
    let options = options.application_name("phasegate check").disable_statement_logging();
    let shown = shown_postgres(&options);
    let connecting = tokio::time::timeout(CONNECT, PgConnection::connect_with(&options)).await;
    let mut conn = match connecting {
        Ok(Ok(conn)) => conn,
        Ok(Err(error)) => return Err(format!("{shown}: {}", in_words(&error))),
        Err(_) => return Err(format!("{shown}: timed out after {} s", CONNECT.as_secs())),
    };
    let begin = format!(
        "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL statement_timeout = '{STATEMENT}'; \
         SET LOCAL lock_timeout = '{LOCK}'; SET LOCAL search_path = pg_catalog; SET LOCAL row_security = off"
    );
    let begun = conn.execute(AssertSqlSafe(begin)).await;
    begun.map_err(|error| format!("{shown}: {}", in_words(&error)))?;
    Ok(Conn { inner: Inner::Postgres(Box::new(conn)), shown })
}

async fn sqlite(url: &str) -> Result<Conn, Away> {
    if is_memory(url) {
        // It would be a new one, which no one has written to.
        return Err("the address names no file of SQLite's (sqlite:FILE)".to_owned());
    }
    let options = SqliteConnectOptions::from_str(url)
        .map_err(|error| format!("the address is none of SQLite (sqlite:FILE): {error}"))?
        .create_if_missing(false)
        .read_only(true)
        .busy_timeout(Duration::from_secs(5))
        .disable_statement_logging();
    let file = options.get_filename().to_path_buf();
    let shown = shown_sqlite(&options);
    let opened = SqliteConnection::connect_with(&options).await;
    let mut conn = opened.map_err(|error| match file.exists() {
        true => format!("{shown}: {}", in_words(&error)),
        false => format!("{shown}: there is no such file"),
    })?;
    let begun = conn.execute("BEGIN").await;
    begun.map_err(|error| format!("{shown}: {}", in_words(&error)))?;
    Ok(Conn { inner: Inner::Sqlite(Box::new(conn)), shown })
}

/// What a database said, with what may help.
fn in_words(error: &sqlx::Error) -> String {
    let Some(said) = error.as_database_error() else { return error.to_string() };
    let message = said.message();
    match said.code().as_deref() {
        Some("57014") => format!("{message} (a statement took longer than {STATEMENT})"),
        Some("55P03") => format!("{message} (somebody changes the schema: try again)"),
        Some("42501") => {
            format!(
                "{message} (the role needs USAGE on the schema, SELECT on its tables, and EXECUTE on what its views call)"
            )
        }
        Some(_) | None => message.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_only_reads() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("x.db");
        std::fs::write(&file, "").unwrap();
        let refused = tokio::runtime::Runtime::new().unwrap().block_on(async {
            let mut conn = Conn::open(&format!("sqlite:{}", file.display())).await.unwrap();
            conn.rows("CREATE TABLE t (a)").await.unwrap_err()
        });
        assert!(refused.contains("readonly database"), "{refused}");
    }
}
