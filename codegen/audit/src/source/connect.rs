//! Connections to the databases that a history can be in.

use std::str::FromStr as _;
use std::time::Duration;

use futures_util::TryStreamExt as _;
use sqlx::mysql::{MySqlConnectOptions, MySqlConnection};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{
    AssertSqlSafe, Column as _, ConnectOptions as _, Connection as _, Executor as _, Row,
    SqlSafeStr as _, Statement as _,
};

use super::Gone;
use crate::Error;

/// How long is waited for a connection.
const CONNECT: Duration = Duration::from_secs(10);

/// A connection, within one snapshot.
pub(super) enum Conn {
    Postgres(Box<PgConnection>),
    Sqlite(Box<SqliteConnection>),
    Mysql(Box<MySqlConnection>),
}

/// One row of a query as texts, or why it can't be read as such.
pub(super) type Texts<'r> = Result<Vec<Option<&'r str>>, String>;

/// The same for what each database gives.
macro_rules! on {
    ($conn:expr, $inner:ident => $body:expr) => {
        match $conn {
            Conn::Postgres($inner) => $body,
            Conn::Sqlite($inner) => $body,
            Conn::Mysql($inner) => $body,
        }
    };
}

impl Conn {
    /// Connects to an address, and says what may be shown of that.
    pub(super) async fn open(url: &str) -> Result<(Self, String), Error> {
        match url.split_once(':') {
            Some(("postgres" | "postgresql", _)) => postgres(url).await,
            Some(("mysql" | "mariadb", _)) => mysql(url).await,
            Some(("sqlite", _)) => sqlite(url).await,
            Some((scheme, _)) => Err(Error::new(format!(
                "no source of the kind `{scheme}:` is known; known: postgres:, mysql:, sqlite:, \
                 files, -"
            ))),
            None => Err(Error::new(
                "the address of a database begins with postgres://, mysql:// or sqlite:",
            )),
        }
    }

    /// What a value is cast to as a text.
    pub(super) const fn text_type(&self) -> &'static str {
        match self {
            Self::Postgres(_) | Self::Sqlite(_) => "text",
            Self::Mysql(_) => "char",
        }
    }

    /// The columns that a query gives.
    pub(super) async fn columns(&mut self, sql: String) -> Result<Vec<String>, sqlx::Error> {
        let sql = AssertSqlSafe(sql).into_sql_str();
        Ok(on!(self, conn => {
            let statement = (**conn).prepare(sql).await?;
            statement.columns().iter().map(|column| column.name().to_owned()).collect()
        }))
    }

    /// Gives each row of a query as texts, as they come; at its end what it failed of.
    pub(super) async fn each_row(
        self,
        sql: String,
        mut see: impl FnMut(Texts<'_>) -> Result<(), Gone>,
    ) -> Result<Option<sqlx::Error>, Gone> {
        let sql = AssertSqlSafe(sql);
        on!(self, conn => {
            let mut conn = conn;
            let mut rows = sqlx::query(sql).fetch(&mut *conn);
            loop {
                match rows.try_next().await {
                    Ok(Some(row)) => {
                        let text = |at: usize| row.try_get(at);
                        let texts: Result<_, sqlx::Error> = (0..row.len()).map(text).collect();
                        see(texts.map_err(|error| error.to_string()))?;
                    }
                    Ok(None) => return Ok(None),
                    Err(error) => return Ok(Some(error)),
                }
            }
        })
    }
}

/// Waits for a connection, and begins a transaction that only reads.
macro_rules! begun {
    ($conn:ty, $options:expr, $shown:expr, $begin:expr) => {{
        let connecting = tokio::time::timeout(CONNECT, <$conn>::connect_with($options)).await;
        let mut conn = match connecting {
            Ok(Ok(conn)) => conn,
            Ok(Err(error)) => return Err(Error::new(format!("{}: {error}", $shown))),
            Err(_) => {
                let message = format!("{}: timed out after {} s", $shown, CONNECT.as_secs());
                return Err(Error::new(message));
            }
        };
        for statement in $begin {
            let done = conn.execute(AssertSqlSafe(statement.to_owned())).await;
            done.map_err(|error| Error::new(format!("{}: {error}", $shown)))?;
        }
        Box::new(conn)
    }};
}

async fn postgres(url: &str) -> Result<(Conn, String), Error> {
    let options = PgConnectOptions::from_str(url)
        // What it says may quote the address, and with it the password.
        .map_err(|_| {
            Error::new("the address is none of PostgreSQL: postgres://USER@HOST:PORT/DATABASE")
        })?;
    let options = options.application_name("phasegate audit").disable_statement_logging();
    let database = options.get_database().unwrap_or_else(|| options.get_username());
    let shown = format!("postgres://{}:{}/{database}", options.get_host(), options.get_port());
    // Times come with their offset, and in one form.
    let begin = ["BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL row_security = off; \
         SET LOCAL datestyle = 'ISO'; SET LOCAL timezone = 'UTC'"];
    Ok((Conn::Postgres(begun!(PgConnection, &options, shown, begin)), shown))
}

async fn mysql(url: &str) -> Result<(Conn, String), Error> {
    let options = MySqlConnectOptions::from_str(url)
        .map_err(|_| Error::new("the address is none of MySQL: mysql://USER@HOST:PORT/DATABASE"))?;
    let options = options.timezone(Some("+00:00".to_owned())).disable_statement_logging();
    let database = options.get_database().unwrap_or_default();
    let shown = format!("mysql://{}:{}/{database}", options.get_host(), options.get_port());
    // Names and texts are written as for the other databases.
    let begin = [
        "SET SESSION sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES'",
        "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ",
        "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY",
    ];
    Ok((Conn::Mysql(begun!(MySqlConnection, &options, shown, begin)), shown))
}

async fn sqlite(url: &str) -> Result<(Conn, String), Error> {
    let options = SqliteConnectOptions::from_str(url).map_err(|error| {
        Error::new(format!("the address is none of SQLite (sqlite:FILE): {error}"))
    })?;
    let options = options
        .create_if_missing(false)
        .read_only(true)
        .busy_timeout(CONNECT)
        .disable_statement_logging();
    let file = options.get_filename().to_path_buf();
    let shown = format!("sqlite:{}", file.display());
    let opened = SqliteConnection::connect_with(&options).await;
    let conn = opened.map_err(|error| match file.exists() {
        true => Error::new(format!("{shown}: {error}")),
        false => Error::new(format!("{shown}: there is no such file")),
    })?;
    Ok((Conn::Sqlite(Box::new(conn)), shown))
}
