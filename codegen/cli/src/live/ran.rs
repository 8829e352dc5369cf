//! Which migrations a database has run, by the record that `migrate --apply` and a backend keep.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::str::FromStr as _;

use sqlx::sqlite::SqliteConnectOptions;

use super::connect::{Away, Conn, dialect, is_memory};
use phasegate_codegen::emit::sql::Dialect;

/// The file of a database of SQLite's that is not there yet: whoever opens it to write makes it.
pub(crate) fn missing_file(url: &str) -> Option<PathBuf> {
    if dialect(url) != Ok(Dialect::Sqlite) || is_memory(url) {
        return None;
    }
    let options = SqliteConnectOptions::from_str(url).ok()?;
    let file = options.get_filename().to_path_buf();
    (!file.exists()).then_some(file)
}

/// The numbers of the migrations that a database has run.
pub(crate) async fn ran(url: &str) -> Result<BTreeSet<i64>, Away> {
    let mut conn = Conn::open(url).await?;
    let there = match conn.dialect() {
        Dialect::Postgres => {
            // Where sqlx looks for it, too: as the role's own settings say.
            conn.rows("SET LOCAL search_path = DEFAULT").await?;
            "SELECT CAST(to_regclass('_sqlx_migrations') AS text)"
        }
        Dialect::Sqlite => "SELECT name FROM sqlite_master WHERE name = '_sqlx_migrations'",
    };
    let there = conn.rows(there).await?;
    let mut versions = BTreeSet::new();
    if there.into_iter().flatten().any(|name| name.is_some()) {
        let rows = conn.rows("SELECT CAST(version AS text) FROM _sqlx_migrations").await?;
        let numbers = rows.into_iter().flatten().flatten();
        versions.extend(numbers.filter_map(|number| number.parse::<i64>().ok()));
    }
    conn.close().await;
    Ok(versions)
}
