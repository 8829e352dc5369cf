//! The migrations that are checked in are byte for byte what the library gives for the tables that
//! are kept next to them; they lead to the whole schema, and keep what is there.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::common::cluster::database;
use crate::common::judge;
use crate::common::sql::{self, Db, Row, history, ok, refused};
use phasegate_codegen::artifact::WriteMode;
use phasegate_codegen::emit::sql::{Dialect, migrations};
use phasegate_codegen::migrate::{Ask, migrate};
use sqlx::Connection as _;
use sqlx::migrate::Migrator;
use sqlx::postgres::PgConnection;
use sqlx::sqlite::SqliteConnection;

/// Every file below a folder, by its path from there.
fn files(folder: &Path) -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    for below in ["postgres", "sqlite", "tables"] {
        for entry in fs::read_dir(folder.join(below)).unwrap() {
            let path = entry.unwrap().path();
            let name = format!("{below}/{}", path.file_name().unwrap().to_str().unwrap());
            files.insert(name, fs::read_to_string(path).unwrap());
        }
    }
    files
}

/// They never change once they are released. Until then, `PHASEGATE_AGAIN=1 cargo test --test
/// migrations what_the_tables` writes them again after a change to a template.
#[test]
fn the_migrations_are_what_the_tables_beside_them_give() {
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
    let found = files(&kept);
    let folder = tempfile::tempdir().unwrap();
    let table = folder.path().join("deploy.toml");
    for (_, snapshot) in found.iter().filter(|(name, _)| name.starts_with("tables/")) {
        let (_, text) = snapshot.split_once("\n\n").unwrap();
        fs::write(&table, text).unwrap();
        let loaded = phasegate_codegen::load(&table).unwrap();
        let migrated = migrate(&loaded, Ask::Changes, WriteMode::Write).unwrap();
        assert!(migrated.findings.is_empty(), "{migrated:?}");
    }
    let given = files(&folder.path().join("migrations"));
    if std::env::var_os("PHASEGATE_AGAIN").is_some() {
        for (name, text) in &given {
            fs::write(kept.join(name), text).unwrap();
        }
        return;
    }
    assert_eq!(found.keys().collect::<Vec<_>>(), given.keys().collect::<Vec<_>>());
    assert_eq!(given.len(), 6);
    for (name, text) in &given {
        assert_eq!(&found[name], text, "{name}");
    }
}

#[test]
fn the_table_as_it_is_needs_no_further_migration() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let last = phasegate_codegen::load(&root.join("migrations/tables/0002.toml")).unwrap().machine;
    let now = phasegate_codegen::load(&root.join("deploy.toml")).unwrap().machine;
    for dialect in Dialect::ALL {
        assert_eq!(migrations(&[&last], &now, dialect).unwrap(), []);
    }
    assert_eq!(last.fingerprints, now.fingerprints);
}

async fn postgres(schema: &str) -> PgConnection {
    let mut db = sql::connect(&database().await).await;
    ok(&mut db, schema).await;
    db
}

const ROWS: &str = "INSERT INTO deploys (id) VALUES ('a'), ('b'); \
                    UPDATE deploys SET status = 'building' WHERE id = 'a'";

/// Everything that the schema is, but for the words of comments.
async fn sqlite_shape(db: &mut SqliteConnection) -> Vec<Row> {
    let mut shape = Vec::new();
    for sql in [
        "SELECT type, name, tbl_name, sql FROM sqlite_schema \
         WHERE name <> '_sqlx_migrations' AND tbl_name <> '_sqlx_migrations' ORDER BY type, name",
        "SELECT state, CAST(position AS text), CAST(initial AS text) FROM deploy_states ORDER BY 1",
        "SELECT from_state, to_state, kind FROM deploy_transitions ORDER BY 1, 2",
        "SELECT fingerprint FROM deploy_language",
    ] {
        shape.extend(db.rows(sql).await);
    }
    shape
}

#[tokio::test]
async fn the_migrations_give_the_whole_schema_on_sqlite() {
    let mut whole = sql::sqlite(&sql::schema(&sql::deploy(), Dialect::Sqlite)).await;
    let mut migrated = sql::sqlite("").await;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations/sqlite");
    Migrator::new(folder).await.unwrap().run(&mut migrated).await.unwrap();
    let shape = (sqlite_shape(&mut whole).await, sqlite_shape(&mut migrated).await);
    assert_eq!(shape.0.len(), 83);
    assert_eq!(shape.0, shape.1);
}

#[tokio::test]
async fn a_migration_keeps_rows_and_history_and_judges_as_the_new_table_on_sqlite() {
    let old = sql::machine(include_str!("../../migrations/tables/0001.toml"));
    let mut db = sql::sqlite(&sql::schema(&old, Dialect::Sqlite)).await;
    ok(&mut db, "INSERT INTO deploys (id) VALUES ('a'), ('b')").await;
    ok(&mut db, "UPDATE deploys SET status = 'building' WHERE id = 'a'").await;
    let gate = "UPDATE deploys SET status = 'smoke_running' WHERE id = 'b'";
    refused(&mut db, gate, "unknown state of deploy; known: queued, building,").await;
    for migration in migrations(&[&old], &sql::deploy(), Dialect::Sqlite).unwrap() {
        ok(&mut db, &migration.text).await;
    }
    ok(&mut db, gate).await;
    assert_eq!(history(&mut db, "b").await, ">queued queued>smoke_running");
    judge::judges_as_the_table(&mut db, &sql::deploy()).await;
    let languages = db.rows("SELECT DISTINCT language FROM deploy_events").await;
    assert_eq!(languages.len(), 2);
}

/// Everything that the schema is.
async fn postgres_shape(db: &mut PgConnection) -> Vec<Row> {
    let mut shape = Vec::new();
    for sql in [
        "SELECT c.relname::text, a.attname::text, format_type(a.atttypid, a.atttypmod), a.attnotnull::text, \
           a.attidentity::text, pg_get_expr(d.adbin, d.adrelid) \
         FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 \
         LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum \
         WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND c.relname <> '_sqlx_migrations' \
         ORDER BY c.relname, a.attnum",
        "SELECT conrelid::regclass::text, conname::text, pg_get_constraintdef(oid) FROM pg_constraint \
         WHERE connamespace = 'public'::regnamespace AND conrelid::regclass::text <> '_sqlx_migrations' ORDER BY 1, 2",
        "SELECT indexname::text, indexdef FROM pg_indexes \
         WHERE schemaname = 'public' AND tablename <> '_sqlx_migrations' ORDER BY 1",
        "SELECT pg_get_triggerdef(oid), tgenabled::text FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1",
        "SELECT pg_get_functiondef(oid), proacl::text FROM pg_proc WHERE pronamespace = 'public'::regnamespace ORDER BY 1",
        "SELECT t.typname::text, e.enumlabel::text FROM pg_enum e JOIN pg_type t ON t.oid = e.enumtypid ORDER BY e.enumsortorder",
        "SELECT state, position::text, initial::text FROM deploy_states ORDER BY 1",
        "SELECT from_state, to_state, kind FROM deploy_transitions ORDER BY 1, 2",
        "SELECT fingerprint FROM deploy_language",
    ] {
        shape.extend(db.rows(sql).await);
    }
    shape
}

#[tokio::test]
#[ignore = "needs PostgreSQL 15: run by tests/run"]
async fn the_migrations_give_the_whole_schema_on_postgres() {
    let mut whole = postgres(&sql::schema(&sql::deploy(), Dialect::Postgres)).await;
    let mut migrated = sql::connect(&database().await).await;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations/postgres");
    Migrator::new(folder).await.unwrap().run(&mut migrated).await.unwrap();
    let shape = (postgres_shape(&mut whole).await, postgres_shape(&mut migrated).await);
    assert_eq!(shape.0, shape.1);
    assert_eq!(shape.0.len(), 135);
}

#[tokio::test]
#[ignore = "needs PostgreSQL 15: run by tests/run"]
async fn a_migration_keeps_rows_and_history_and_judges_as_the_new_table_on_postgres() {
    let old = sql::machine(include_str!("../../migrations/tables/0001.toml"));
    let mut db = postgres(&sql::schema(&old, Dialect::Postgres)).await;
    ok(&mut db, ROWS).await;
    for migration in migrations(&[&old], &sql::deploy(), Dialect::Postgres).unwrap() {
        ok(&mut db, &format!("BEGIN; {}; COMMIT", migration.text)).await;
    }
    assert_eq!(history(&mut db, "a").await, ">queued queued>building");
    ok(&mut db, "UPDATE deploys SET status = 'smoke_running' WHERE id = 'b'").await;
    assert_eq!(history(&mut db, "b").await, ">queued queued>smoke_running");
    judge::judges_as_the_table(&mut db, &sql::deploy()).await;
    let languages = db.rows("SELECT DISTINCT language FROM deploy_events").await;
    assert_eq!(languages.len(), 2);
}

const BEFORE: &str = "format = 1\nmachine = { name = 'job', initial = 'b' }\n\
    state = [{ name = 'b' }, { name = 'd' }]\ntransition = [{ path = ['b', 'd'] }]\n[target.sql]\n";
const AFTER: &str = "format = 1\nmachine = { name = 'job', initial = ['a', 'b'] }\n\
    state = [{ name = 'a', value = \"it's $phasegate$ new\" }, { name = 'b' }, { name = 'c' }, { name = 'd' }, { name = 'e' }]\n\
    transition = [{ path = ['a', 'b', 'c', 'd', 'e'] }]\n[target.sql]\n";

#[tokio::test]
#[ignore = "needs PostgreSQL 15: run by tests/run"]
async fn a_label_is_added_in_its_place_and_used_by_the_next_file_alone() {
    let (old, new) = (sql::machine(BEFORE), sql::machine(AFTER));
    let mut db = postgres(&sql::schema(&old, Dialect::Postgres)).await;
    let files = migrations(&[&old], &new, Dialect::Postgres).unwrap();
    assert_eq!(files.len(), 2);
    let together = format!("BEGIN; {} {}; COMMIT", files[0].text, files[1].text);
    let error = db.run(&together).await.unwrap_err();
    assert!(error.starts_with("unsafe use of new value"), "{error}");
    ok(&mut db, "ROLLBACK").await;
    for file in files {
        ok(&mut db, &format!("BEGIN; {}; COMMIT", file.text)).await;
    }
    let labels = db.rows("SELECT unnest(enum_range(NULL::job_status))::text").await;
    let expected = ["it's $phasegate$ new", "b", "c", "d", "e"];
    assert_eq!(labels, expected.map(|label| vec![Some(label.to_owned())]));
    ok(&mut db, "INSERT INTO jobs (id) VALUES ('x')").await;
    assert_eq!(db.rows("SELECT to_state FROM job_events").await, [[Some(expected[0].to_owned())]]);
    judge::judges_as_the_table(&mut db, &new).await;
    assert!(migrations(&[&new], &new, Dialect::Postgres).unwrap().is_empty());
}

#[tokio::test]
#[ignore = "needs PostgreSQL 15: run by tests/run"]
async fn labels_are_added_to_an_enum_of_the_applications_own() {
    let [old, new] = [BEFORE, AFTER].map(|table| sql::machine(&format!("{table}owns = false")));
    let mut db = sql::connect(&database().await).await;
    let own = "CREATE SCHEMA app; CREATE TYPE app.\"Labels of Old\" AS ENUM ('b', 'c', 'd');
               CREATE TABLE jobs (id text PRIMARY KEY, status app.\"Labels of Old\");";
    ok(&mut db, own).await;
    ok(&mut db, &sql::schema(&old, Dialect::Postgres)).await;
    for file in migrations(&[&old], &new, Dialect::Postgres).unwrap() {
        ok(&mut db, &format!("BEGIN; {}; COMMIT", file.text)).await;
    }
    let labels = db.rows("SELECT unnest(enum_range(NULL::app.\"Labels of Old\"))::text").await;
    let expected = ["it's $phasegate$ new", "b", "c", "d", "e"];
    assert_eq!(labels, expected.map(|label| vec![Some(label.to_owned())]));
    judge::judges_as_the_table(&mut db, &new).await;
}

#[tokio::test]
#[ignore = "needs PostgreSQL 15: run by tests/run"]
async fn a_migration_of_states_lets_writers_go_on() {
    let old = sql::machine(include_str!("../../migrations/tables/0001.toml"));
    let url = database().await;
    let (mut db, mut writer) = (sql::connect(&url).await, sql::connect(&url).await);
    ok(&mut db, &sql::schema(&old, Dialect::Postgres)).await;
    ok(&mut db, ROWS).await;
    let files = migrations(&[&old], &sql::deploy(), Dialect::Postgres).unwrap();
    ok(&mut db, &format!("BEGIN; {}", files[0].text)).await;
    ok(
        &mut writer,
        "SET lock_timeout = '2s'; UPDATE deploys SET status = 'deploying' WHERE id = 'a'",
    )
    .await;
    ok(&mut db, "COMMIT").await;
    // The connection that was open before knows the new states too.
    ok(&mut writer, "UPDATE deploys SET status = 'health_checking' WHERE id = 'a'").await;
}

/// The table, its first state under another name and stored as that.
fn renamed(table: &str) -> phasegate_codegen::Machine {
    let table = table
        .replace("{ name = 'b' }", "{ name = 'new', renamed_from = 'b' }")
        .replace("initial = 'b'", "initial = 'new'")
        .replace("['b', 'd']", "['new', 'd']");
    sql::machine(&table)
}

#[tokio::test]
#[ignore = "needs PostgreSQL 15: run by tests/run"]
async fn a_rename_waits_for_who_began_before_it_and_blocks_nobody() {
    for storage in ["enum", "text"] {
        let keys = format!("storage = '{storage}'");
        let (old, new) = (format!("{BEFORE}{keys}"), format!("{BEFORE}{keys}"));
        let (old, new) = (sql::machine(&old), renamed(&new));
        let url = database().await;
        let (mut db, mut early) = (sql::connect(&url).await, sql::connect(&url).await);
        let (mut late, mut looker) = (sql::connect(&url).await, sql::connect(&url).await);
        ok(&mut db, &sql::schema(&old, Dialect::Postgres)).await;
        ok(&mut db, "INSERT INTO jobs (id) VALUES ('x'), ('y'), ('z')").await;
        let files = migrations(&[&old], &new, Dialect::Postgres).unwrap();
        assert_eq!(files.len(), 3);
        ok(&mut db, &format!("BEGIN; {}; COMMIT", files[0].text)).await;
        ok(&mut early, "BEGIN; INSERT INTO jobs (id, status) VALUES ('w', 'b')").await;
        let rest = format!("BEGIN; {}; COMMIT; BEGIN; {}; COMMIT", files[1].text, files[2].text);
        let done = Cell::new(false);
        let migrate = async {
            ok(&mut db, &rest).await;
            done.set(true);
        };
        let others = async {
            let waiting =
                "SELECT count(*)::text FROM pg_stat_activity WHERE wait_event = 'PgSleep'";
            while looker.rows(waiting).await != [[Some("1".to_owned())]] {
                assert!(!done.get(), "it did not wait");
                tokio::task::yield_now().await;
            }
            // Who came later goes on, and who was there first does, too.
            ok(&mut late, "UPDATE jobs SET status = 'd' WHERE id = 'x'").await;
            ok(&mut early, "UPDATE jobs SET status = 'd' WHERE id = 'y'; COMMIT").await;
        };
        tokio::join!(migrate, others);
        let rows = looker.rows("SELECT id, status::text FROM jobs ORDER BY id").await;
        let expected = [("w", "new"), ("x", "d"), ("y", "d"), ("z", "new")];
        assert_eq!(
            rows,
            expected.map(|(id, state)| [id, state].map(|t| Some(t.to_owned())).to_vec())
        );
        for id in ["w", "z"] {
            ok(&mut late, &format!("UPDATE jobs SET status = 'd' WHERE id = '{id}'")).await;
        }
        ok(&mut late, "INSERT INTO jobs (id) VALUES ('v')").await;
        let first = looker.rows("SELECT to_state FROM job_events WHERE job_id = 'v'").await;
        assert_eq!(first, [[Some("new".to_owned())]]);
    }
}

#[tokio::test]
#[ignore = "needs PostgreSQL 15: run by tests/run"]
async fn a_label_that_the_application_renamed_itself_is_left_as_it_is() {
    let (old, new) = (sql::machine(&format!("{BEFORE}owns = false")), {
        renamed(&format!("{BEFORE}owns = false"))
    });
    let mut db = sql::connect(&database().await).await;
    let own = "CREATE TYPE label AS ENUM ('b', 'd'); CREATE TABLE jobs (id text PRIMARY KEY, status label);";
    ok(&mut db, own).await;
    ok(&mut db, &sql::schema(&old, Dialect::Postgres)).await;
    ok(&mut db, "INSERT INTO jobs VALUES ('x', 'b'); ALTER TYPE label RENAME VALUE 'b' TO 'new'")
        .await;
    for file in migrations(&[&old], &new, Dialect::Postgres).unwrap() {
        ok(&mut db, &format!("BEGIN; {}; COMMIT", file.text)).await;
    }
    ok(&mut db, "UPDATE jobs SET status = 'd' WHERE id = 'x'").await;
    judge::judges_as_the_table(&mut db, &new).await;
}

#[tokio::test]
async fn a_default_that_changes_is_seen_by_every_connection_to_sqlite() {
    let (old, new) = (sql::machine(BEFORE), renamed(BEFORE));
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}?mode=rwc", folder.path().join("jobs.db").display());
    let connect = || async { SqliteConnection::connect(&url).await.unwrap() };
    let (mut db, mut other) = (connect().await, connect().await);
    ok(&mut db, &sql::schema(&old, Dialect::Sqlite)).await;
    ok(&mut other, "INSERT INTO jobs (id) VALUES ('x')").await;
    let files = migrations(&[&old], &new, Dialect::Sqlite).unwrap();
    let [file] = &files[..] else { panic!("{files:?}") };
    ok(&mut db, &format!("BEGIN; {}; COMMIT", file.text)).await;
    for (db, id) in [(&mut other, "y"), (&mut db, "z")] {
        ok(db, &format!("INSERT INTO jobs (id) VALUES ('{id}')")).await;
    }
    let rows = other.rows("SELECT DISTINCT status FROM jobs").await;
    assert_eq!(rows, [[Some("new".to_owned())]]);
    assert_eq!(other.rows("PRAGMA integrity_check").await, [[Some("ok".to_owned())]]);
    assert!(db.run("DELETE FROM sqlite_master").await.is_err(), "the schema can still be written");
    ok(&mut other, "UPDATE jobs SET status = 'd' WHERE id = 'x'").await;
    // A column that somebody made otherwise is not changed in silence.
    let mut odd =
        sql::sqlite(&sql::schema(&old, Dialect::Sqlite).replace("DEFAULT 'b'", "DEFAULT 'd'"))
            .await;
    let error = odd.run(&format!("BEGIN; {}; COMMIT", file.text)).await.unwrap_err();
    assert!(error.contains("the column status of jobs is not as phasegate made it"), "{error}");
}

#[tokio::test]
async fn the_way_back_of_a_pair_fails_on_sqlite() {
    let mut db = sql::sqlite("").await;
    let down = way_back(Dialect::Sqlite);
    let error = db.run(&down).await.unwrap_err();
    assert!(error.contains("phasegate_cannot_take_this_migration_back"), "{error}");
}

#[tokio::test]
#[ignore = "needs PostgreSQL 15: run by tests/run"]
async fn the_way_back_of_a_pair_fails_on_postgres() {
    let mut db = sql::connect(&database().await).await;
    let error =
        sqlx::raw_sql(sqlx::AssertSqlSafe(way_back(Dialect::Postgres))).execute(&mut db).await;
    let error = error.unwrap_err().to_string();
    assert!(error.contains("this migration cannot be taken back"), "{error}");
}

/// The file that goes back, in a folder that has pairs of them.
fn way_back(dialect: Dialect) -> String {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path().join("migrations").join(dialect.as_str());
    fs::create_dir_all(&at).unwrap();
    fs::write(at.join("0001_mine.up.sql"), "").unwrap();
    fs::write(folder.path().join("job.toml"), BEFORE).unwrap();
    let loaded = phasegate_codegen::load(&folder.path().join("job.toml")).unwrap();
    migrate(&loaded, Ask::Changes, WriteMode::Write).unwrap();
    fs::read_to_string(at.join("0002_create_job.down.sql")).unwrap()
}
