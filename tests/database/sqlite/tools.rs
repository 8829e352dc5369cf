//! The tools that make a table of SQLite's anew, themselves: Django's `alter_field`, Alembic's batch mode.

use std::path::Path;
use std::process::Command;

use phasegate_cli::live;
use phasegate_codegen::emit::sql::Dialect;
use sqlx::Connection as _;
use sqlx::sqlite::SqliteConnection;

use super::rebuild::guards;
use crate::common::live::looked;
use crate::common::sql::{self, Db as _, ok, refused};

const TABLE: &str = "format = 1\nmachine = { name = 'job', initial = 'new' }
     state = [{ name = 'new' }, { name = 'busy' }, { name = 'done', outcome = 'success' }]
     transition = [{ path = ['new', 'busy', 'done'] }]
     [target.sql]\nowns = false\nstorage = 'text'\n";

const BACK: &str = "UPDATE jobs SET status = 'new' WHERE id = 'a'";

/// Whether `check --database-url` misses a guard.
async fn misses_a_guard(folder: &Path, url: &str) -> bool {
    let loaded = phasegate_codegen::load(&folder.join("table.toml")).unwrap();
    let found = looked(live::look(&loaded, url).await).findings;
    found.iter().any(|finding| finding.rule.id == "missing-trigger")
}

/// A script of Python's, on a database with guards.
async fn made_anew_by(script: &str) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("table.toml"), TABLE).unwrap();
    let file = folder.path().join("app.db");
    let url = format!("sqlite:{}?mode=rwc", file.display());
    let machine = sql::machine(TABLE);
    let mut db = SqliteConnection::connect(&url).await.unwrap();
    let own = "CREATE TABLE jobs (id TEXT NOT NULL PRIMARY KEY, status VARCHAR(20) NOT NULL DEFAULT 'new', note TEXT)";
    ok(&mut db, own).await;
    ok(&mut db, &sql::schema(&machine, Dialect::Sqlite)).await;
    ok(&mut db, "INSERT INTO jobs (id) VALUES ('a'), ('b')").await;
    ok(&mut db, "UPDATE jobs SET status = 'busy' WHERE id = 'a'").await;
    refused(&mut db, BACK, "illegal transition of job from busy").await;
    db.close().await.unwrap();

    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/database/sqlite").join(script);
    let ran = Command::new("python3").arg(script).arg(&file).output().unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));

    let mut db = SqliteConnection::connect(&url).await.unwrap();
    let made = db.rows("SELECT sql FROM sqlite_schema WHERE name = 'jobs'").await;
    let made: String = made.into_iter().flatten().flatten().collect();
    let made = made.to_lowercase();
    assert!(made.contains("varchar(40)"), "{made}");
    assert!(misses_a_guard(folder.path(), &url).await);
    ok(&mut db, &guards(&machine)).await;
    assert!(!misses_a_guard(folder.path(), &url).await);
    refused(&mut db, BACK, "illegal transition of job from busy").await;
    ok(&mut db, "UPDATE jobs SET status = 'done' WHERE id = 'a'").await;
    let steps = "SELECT coalesce(from_state, '') || '>' || to_state FROM job_events WHERE job_id = 'a' ORDER BY seq";
    let steps = db.rows(steps).await.into_iter().flatten().flatten().collect::<Vec<_>>();
    assert_eq!(steps, [">new", "new>busy", "busy>done"]);
}

#[tokio::test]
#[ignore = "needs Django: run by tests/run"]
async fn django_changes_the_column_and_one_file_guards_it_again() {
    made_anew_by("django_alter.py").await;
}

#[tokio::test]
#[ignore = "needs alembic: run by tests/run"]
async fn alembic_changes_the_column_in_batch_mode_and_one_file_guards_it_again() {
    made_anew_by("alembic_batch.py").await;
}
