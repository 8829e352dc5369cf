//! What the page on databases shows of a suite with `#[sqlx::test]`, run as it stands there.

use std::process::Command;
use std::sync::LazyLock;

use phasegate_codegen::emit::sql::Dialect;
use sqlx::migrate::Migrator;

use crate::common::cluster;
use crate::common::sql::{machine, schema};
use crate::rails::{block, table};

/// The application's table and the guards, as the files in its folder are.
static MIGRATOR: LazyLock<Migrator> = LazyLock::new(|| {
    use sqlx::SqlSafeStr as _;
    use sqlx::migrate::{Migration, MigrationType};
    let own =
        "CREATE TABLE orders (id bigserial PRIMARY KEY, status varchar NOT NULL DEFAULT 'new')";
    let guards = schema(&machine(&table(Dialect::Postgres, "sql")), Dialect::Postgres);
    let made = [own.to_owned(), guards].into_iter().zip(1..).map(|(sql, number)| {
        let sql = sqlx::AssertSqlSafe(sql).into_sql_str();
        Migration::new(number, "orders".into(), MigrationType::Simple, sql, false)
    });
    Migrator::with_migrations(made.collect())
});

/// Says that this process is the one which has the address of a server.
const INNER: &str = "PHASEGATE_SQLX_SUITE";

#[test]
#[ignore = "needs PostgreSQL 15: run by tests/run"]
fn a_suite_of_sqlx_s_empties_the_history() {
    if std::env::var_os(INNER).is_some() {
        return suite();
    }
    // `#[sqlx::test]` takes the server's address from the environment, which a test may not change.
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let url = runtime.block_on(cluster::database());
    let name = "sqlx_suite::a_suite_of_sqlx_s_empties_the_history";
    let ran = Command::new(std::env::current_exe().unwrap())
        .args([name, "--exact", "--include-ignored", "--nocapture"])
        .env("DATABASE_URL", url)
        .env(INNER, "1")
        .output()
        .unwrap();
    let said =
        String::from_utf8_lossy(&ran.stdout).into_owned() + &String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success() && said.contains("1 passed"), "{said}");
}

#[allow(unnameable_test_items, reason = "each is called once the address is there")]
fn suite() {
    let shown = block("#[sqlx::test(").replace(
        "migrations = \"migrations/postgres\"",
        "migrator = \"crate::sqlx_suite::MIGRATOR\"",
    );
    let own = include_str!("sqlx_suite.rs");
    let is_there = |line: &str| own.lines().any(|own| own.trim() == line.trim());
    let missing: Vec<&str> = shown.lines().filter(|line| !is_there(line)).collect();
    assert!(missing.is_empty(), "the page shows something else: {missing:#?}");

    #[sqlx::test(migrator = "crate::sqlx_suite::MIGRATOR")]
    async fn empties_the_history(db: sqlx::PgPool) -> sqlx::Result<()> {
        sqlx::query("SELECT order_set_mode('test')").execute(&db).await?;
        sqlx::query("TRUNCATE orders, order_events, order_reports").execute(&db).await?;
        Ok(())
    }

    #[sqlx::test(migrator = "crate::sqlx_suite::MIGRATOR")]
    async fn is_refused_without_the_mode(db: sqlx::PgPool) -> sqlx::Result<()> {
        sqlx::query("INSERT INTO orders DEFAULT VALUES").execute(&db).await?;
        let refused =
            sqlx::query("TRUNCATE orders, order_events, order_reports").execute(&db).await;
        assert!(refused.unwrap_err().to_string().contains("append-only"));
        Ok(())
    }

    empties_the_history().unwrap();
    is_refused_without_the_mode().unwrap();
}
