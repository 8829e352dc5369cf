//! What tools do to a whole table or a whole file: they make the table anew and rename it, empty every
//! table, copy the file.

use std::process::Command;
use std::time::Duration;

use phasegate_codegen::emit::sql::{Dialect, Sql};
use phasegate_codegen::{Loaded, Machine};
use sqlx::Connection as _;
use sqlx::sqlite::SqliteConnection;

use super::{assert_untouched, deploys};
use crate::common::judge;
use crate::common::sql::{self, Db as _, history, ok, refused};

const ILLEGAL: &str = "UPDATE deploys SET status = 'succeeded' WHERE id = 'a'";

/// The file that puts the guards back.
pub(super) fn guards(machine: &Machine) -> String {
    let loaded = Loaded::of("test.toml", machine);
    let artifacts = phasegate_codegen::render(&loaded, &[&Sql]);
    let file = artifacts.into_iter().find(|file| file.path.ends_with("/sqlite-guards.sql"));
    file.unwrap().text
}

/// A table made anew, as tools do it: a new one, the rows, the old one's name.
fn rebuild(table: &str, new: &str, columns: &str, kept: &str) -> String {
    format!(
        "PRAGMA foreign_keys = OFF; BEGIN;
         CREATE TABLE \"{new}\" ({columns});
         INSERT INTO \"{new}\" ({kept}) SELECT {kept} FROM \"{table}\";
         DROP TABLE \"{table}\";
         ALTER TABLE \"{new}\" RENAME TO \"{table}\";
         COMMIT; PRAGMA foreign_keys = ON"
    )
}

#[tokio::test]
async fn a_table_is_made_anew_as_alembic_and_django_do_it_and_one_file_guards_it_again() {
    let kept = "id, status, ref, requested_by, reason, token_hash, created_at";
    let columns = "id TEXT NOT NULL PRIMARY KEY, status TEXT NOT NULL DEFAULT 'queued', ref TEXT, \
                   requested_by TEXT, reason TEXT, token_hash BLOB, created_at TEXT, more INTEGER";
    for new in ["_alembic_tmp_deploys", "new__deploys"] {
        let mut db = deploys().await;
        ok(&mut db, &rebuild("deploys", new, columns, kept)).await;
        assert_untouched(&mut db).await;
        // SQLite drops a table's triggers with it.
        ok(&mut db, &format!("BEGIN; {ILLEGAL}; ROLLBACK")).await;
        // It may be run on guards that are there, too.
        for _ in 0..2 {
            ok(&mut db, &guards(&sql::deploy())).await;
        }
        refused(&mut db, ILLEGAL, "illegal transition of deploy from building").await;
        let start = "INSERT INTO deploys (id, status) VALUES ('c', 'failed')";
        refused(&mut db, start, "illegal start of deploy").await;
        ok(&mut db, "UPDATE deploys SET status = 'failed', more = 1 WHERE id = 'a'").await;
        assert_eq!(history(&mut db, "a").await, ">queued queued>building building>failed");
    }
}

#[tokio::test]
async fn tables_of_every_kind_are_made_anew_and_judged_again_as_before() {
    for machine in sql::texts().iter().map(|text| sql::machine(text)) {
        let target = machine.targets.sql().unwrap();
        let names = sql::Names::new(&machine, Dialect::Sqlite);
        let is_text = names.key(1).starts_with('\'');
        let columns = format!(
            "{} {} PRIMARY KEY{}, {} TEXT, ref TEXT",
            names.key,
            if is_text { "TEXT" } else { "INTEGER" },
            if is_text { "" } else { " AUTOINCREMENT" },
            names.column
        );
        let mut db = sql::sqlite("").await;
        if !target.owns {
            ok(&mut db, &format!("CREATE TABLE {} ({columns})", names.table)).await;
        }
        ok(&mut db, &sql::schema(&machine, Dialect::Sqlite)).await;
        let kept = format!("{}, {}", names.key, names.column);
        ok(&mut db, &rebuild(names.table.trim_matches('"'), "tmp", &columns, &kept)).await;
        ok(&mut db, &guards(&machine)).await;
        judge::judges_as_the_table(&mut db, &machine).await;
    }
}

#[tokio::test]
async fn a_table_that_is_observed_is_made_anew_and_observed_again() {
    let machine = sql::machine(&format!("{}mode = 'observe'", sql::ORDER));
    let mut db = sql::sqlite("").await;
    ok(&mut db, &sql::schema(&machine, Dialect::Sqlite)).await;
    ok(&mut db, "INSERT INTO orders (id, status) VALUES ('a', 'cart')").await;
    let columns = "id TEXT NOT NULL PRIMARY KEY, status TEXT, ref TEXT";
    ok(&mut db, &rebuild("orders", "tmp", columns, "id, status")).await;
    ok(&mut db, &guards(&machine)).await;
    ok(&mut db, "UPDATE orders SET status = 'sent' WHERE id = 'a'").await;
    let marks = "SELECT observed FROM order_events ORDER BY seq";
    assert_eq!(db.rows(marks).await, [[None], [Some("illegal-transition".to_owned())]]);
}

#[tokio::test]
async fn a_test_suite_that_empties_every_table_loses_no_rule() {
    let mut db = deploys().await;
    ok(&mut db, "INSERT INTO deploy_reports (deploy_id, status, answer) VALUES ('a', 'x', 'y')")
        .await;
    let tables = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'";
    let tables: Vec<String> = db.rows(tables).await.into_iter().flatten().flatten().collect();
    assert!(tables.len() >= 6, "{tables:?}");
    let used = "DELETE FROM deploys; INSERT INTO deploys (id) VALUES ('a')";
    for (table, why) in [("deploy_events", "append-only"), ("deploy_reports", "append-only")] {
        let delete = format!("DELETE FROM {table}");
        refused(&mut db, &delete, &format!("{table} is {why}")).await;
    }
    ok(&mut db, "INSERT INTO deploy_set_mode (mode) VALUES ('test')").await;
    // Once as it comes, once the other way round.
    for turn in 0..2 {
        for at in 0..tables.len() {
            let table = &tables[if turn == 0 { at } else { tables.len() - 1 - at }];
            ok(&mut db, &format!("DELETE FROM {table}")).await;
        }
        for table in tables.iter().filter(|table| *table != "deploy_mode") {
            let left = db.rows(&format!("SELECT 'row' FROM {table}")).await;
            assert!(left.is_empty() || table == "deploy_gone", "{table}");
        }
        ok(&mut db, "INSERT INTO deploys (id) VALUES ('a'), ('b')").await;
        ok(&mut db, "UPDATE deploys SET status = 'building' WHERE id = 'a'").await;
        assert_untouched(&mut db).await;
        refused(&mut db, ILLEGAL, "illegal transition of deploy from building").await;
        let start = "INSERT INTO deploys (id, status) VALUES ('c', 'failed')";
        refused(&mut db, start, "illegal start").await;
        refused(&mut db, "UPDATE deploy_events SET seq = 9", "deploy_events is append-only").await;
    }
    // A used key goes on with its history.
    ok(&mut db, used).await;
    ok(&mut db, "UPDATE deploys SET status = 'building' WHERE id = 'a'").await;
    ok(&mut db, "INSERT INTO deploy_set_mode (mode) VALUES (NULL)").await;
    assert_eq!(db.rows("SELECT mode FROM deploy_set_mode").await, [[Some("enforce".to_owned())]]);
    refused(&mut db, "DELETE FROM deploy_events", "deploy_events is append-only").await;
    refused(&mut db, used, "the key of deploys cannot be used again").await;
}

#[tokio::test]
async fn a_mode_is_one_that_the_guards_have() {
    let mut db = deploys().await;
    let set = |mode: &str| format!("INSERT INTO deploy_set_mode (mode) VALUES ({mode})");
    let why = "the mode of deploy is enforce, test, load or NULL: to observe, change `mode`";
    for mode in ["'observe'", "'Test'", "''", "1"] {
        refused(&mut db, &set(mode), why).await;
    }
    for (mode, is) in
        [("'test'", "test"), ("'load'", "load"), ("'enforce'", "enforce"), ("NULL", "enforce")]
    {
        ok(&mut db, &set(mode)).await;
        let said = db.rows("SELECT mode FROM deploy_set_mode").await;
        assert_eq!(said, [[Some(is.to_owned())]]);
    }
    let text = format!("{}mode = 'observe'", sql::ORDER);
    let mut db = sql::sqlite(&sql::schema(&sql::machine(&text), Dialect::Sqlite)).await;
    for mode in ["enforce", "load"] {
        let set = format!("INSERT INTO order_set_mode (mode) VALUES ('{mode}')");
        refused(&mut db, &set, "the mode of order is test or NULL while it observes").await;
    }
    ok(&mut db, "INSERT INTO order_set_mode (mode) VALUES ('test'); DELETE FROM order_events")
        .await;
}

#[tokio::test]
async fn what_is_loaded_starts_in_any_known_state_and_is_marked() {
    let mut db = deploys().await;
    let load = "INSERT INTO deploys (id, status) VALUES ('c', 'succeeded'), ('d', 'queued')";
    refused(&mut db, load, "illegal start").await;
    ok(&mut db, "INSERT INTO deploy_set_mode (mode) VALUES ('load')").await;
    ok(&mut db, load).await;
    let marks =
        "SELECT deploy_id, observed FROM deploy_events WHERE deploy_id IN ('c', 'd') ORDER BY 1";
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(db.rows(marks).await, [[text("c"), text("loaded")], [text("d"), None]]);
    let unknown = "INSERT INTO deploys (id, status) VALUES ('e', 'none')";
    refused(&mut db, unknown, "unknown state").await;
    refused(&mut db, ILLEGAL, "illegal transition").await;
    // No step of a row that is there is called so.
    let step = "INSERT INTO deploy_events (deploy_id, seq, from_state, to_state, at, language, observed)
                SELECT 'a', 3, 'building', 'failed', strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), fingerprint, 'loaded' FROM deploy_language";
    refused(&mut db, step, "deploy_events is append-only").await;
    let used = "DELETE FROM deploys; INSERT INTO deploys (id, status) VALUES ('a', 'failed')";
    refused(&mut db, used, "the key of deploys cannot be used again").await;
    ok(&mut db, "INSERT INTO deploy_set_mode (mode) VALUES (NULL)").await;
    let start = "INSERT INTO deploys (id, status) VALUES ('f', 'failed')";
    refused(&mut db, start, "illegal start").await;
}

#[tokio::test]
async fn a_prune_leaves_the_reports_that_came_after_the_time_it_is_given() {
    let mut db = deploys().await;
    let report = "INSERT INTO deploy_reports (deploy_id, status, answer) VALUES ('a', 'building', 'refused')";
    ok(&mut db, &format!("UPDATE deploys SET status = 'failed' WHERE id = 'a'; {report}")).await;
    std::thread::sleep(Duration::from_millis(10));
    let before = db.rows("SELECT strftime('%Y-%m-%dT%H:%M:%fZ', 'now')").await;
    let before = before.into_iter().flatten().flatten().collect::<String>();
    std::thread::sleep(Duration::from_millis(10));
    ok(&mut db, report).await;
    ok(&mut db, &format!("INSERT INTO deploy_prune (before) VALUES ('{before}')")).await;
    let left = "SELECT CAST(count(*) AS text), (SELECT events || ' ' || reports FROM deploy_pruned) FROM deploy_reports";
    assert_eq!(db.rows(left).await, [["1", "2 1"].map(|text| Some(text.to_owned()))]);
}

#[tokio::test]
async fn a_prune_takes_what_ended_or_is_gone_and_keys_stay_used() {
    let mut db = deploys().await;
    ok(&mut db, "INSERT INTO deploys (id) VALUES ('c'), ('d')").await;
    for to in ["building", "failed"] {
        ok(&mut db, &format!("UPDATE deploys SET status = '{to}' WHERE id IN ('c', 'd')")).await;
    }
    for (id, seq) in [("a", "2"), ("c", "2"), ("c", "3"), ("c", "NULL"), ("d", "1")] {
        ok(&mut db, &format!("INSERT INTO deploy_reports (deploy_id, status, answer, seq) VALUES ('{id}', 'x', 'y', {seq})")).await;
    }
    ok(&mut db, "DELETE FROM deploys WHERE id IN ('b', 'd')").await;
    let prune = |before: &str| format!("INSERT INTO deploy_prune (\"before\") VALUES ('{before}')");
    for wrong in ["", "yesterday", "2026-01-01"] {
        refused(&mut db, &prune(wrong), "deploy_prune wants a time such as").await;
    }
    ok(&mut db, &prune("2020-01-01T00:00:00.000Z")).await;
    assert!(db.rows("SELECT 'row' FROM deploy_pruned").await.is_empty());
    for _ in 0..2 {
        ok(&mut db, &prune("2100-01-01T00:00:00.000Z")).await;
        let left = "SELECT deploy_id || seq || to_state FROM deploy_events ORDER BY 1";
        let left: Vec<String> = db.rows(left).await.into_iter().flatten().flatten().collect();
        assert_eq!(left, ["a1queued", "a2building", "c3failed"]);
        let reports = "SELECT deploy_id || seq FROM deploy_reports ORDER BY 1";
        let reports: Vec<String> = db.rows(reports).await.into_iter().flatten().flatten().collect();
        assert_eq!(reports, ["a2", "c3"]);
        let took =
            "SELECT deploy_id || ' ' || events || ' ' || reports FROM deploy_pruned ORDER BY 1";
        let took: Vec<String> = db.rows(took).await.into_iter().flatten().flatten().collect();
        assert_eq!(took, ["b 1 0", "c 2 2", "d 3 1"]);
    }
    for id in ["b", "c", "d"] {
        let again = format!(
            "DELETE FROM deploys WHERE id = '{id}'; INSERT INTO deploys (id) VALUES ('{id}')"
        );
        refused(&mut db, &format!("BEGIN; {again}"), "the key of deploys cannot be used again")
            .await;
        ok(&mut db, "ROLLBACK").await;
    }
    for statement in ["DELETE FROM deploy_pruned", "UPDATE deploy_pruned SET events = 0"] {
        refused(&mut db, statement, "deploy_pruned is append-only").await;
    }
    refused(&mut db, "DELETE FROM deploy_events", "deploy_events is append-only").await;
    refused(&mut db, "DELETE FROM deploy_reports", "deploy_reports is append-only").await;
    // What is left goes on with its numbers.
    ok(&mut db, "INSERT INTO deploy_force (key, to_state, reason) VALUES ('c', 'queued', 'x'); UPDATE deploys SET status = 'queued' WHERE id = 'c'").await;
    ok(&mut db, "UPDATE deploys SET status = 'building' WHERE id = 'c'").await;
    let numbers = "SELECT CAST(seq AS text) FROM deploy_events WHERE deploy_id = 'c' ORDER BY seq";
    let numbers: Vec<String> = db.rows(numbers).await.into_iter().flatten().flatten().collect();
    assert_eq!(numbers, ["3", "4", "5"]);
}

#[tokio::test]
async fn an_update_of_the_rowid_is_one_of_a_key_that_is_its_name() {
    let machine = sql::machine(&format!("{}key_type = 'bigint'", sql::ORDER));
    let mut db = sql::sqlite(&sql::schema(&machine, Dialect::Sqlite)).await;
    ok(&mut db, "INSERT INTO orders (status) VALUES ('cart')").await;
    for name in ["rowid", "oid", "_rowid_", "ROWID", "\"rowid\"", "id"] {
        let set = format!("UPDATE orders SET {name} = 3");
        refused(&mut db, &set, "the key of orders cannot change").await;
    }
}

#[tokio::test]
async fn a_generated_status_is_no_column_that_a_guard_can_look_at() {
    for kind in ["STORED", "VIRTUAL"] {
        let own = format!(
            "CREATE TABLE orders (id TEXT PRIMARY KEY, at TEXT, status TEXT GENERATED ALWAYS AS (coalesce(at, 'cart')) {kind})"
        );
        let mut db = sql::sqlite(&own).await;
        let machine = sql::machine(&format!("{}owns = false", sql::ORDER));
        let said = db.run(&sql::schema(&machine, Dialect::Sqlite)).await.unwrap_err();
        assert!(said.contains("its column status is generated"), "{said}");
    }
}

#[tokio::test]
async fn a_copy_of_the_file_guards_as_it_did() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let connect = |name: &str| {
        let url = format!("sqlite:{}?mode=rwc", path(name));
        async move { SqliteConnection::connect(&url).await.unwrap() }
    };
    let mut db = connect("one.db").await;
    ok(&mut db, &sql::schema(&sql::deploy(), Dialect::Sqlite)).await;
    ok(&mut db, "INSERT INTO deploys (id) VALUES ('a'), ('b')").await;
    ok(&mut db, "UPDATE deploys SET status = 'building' WHERE id = 'a'").await;
    ok(&mut db, &format!("VACUUM INTO '{}'", path("vacuum.db"))).await;
    db.close().await.unwrap();
    let mut copies = vec!["vacuum.db"];
    // The shell is not everywhere.
    if let Ok(dump) = Command::new("sqlite3").args([&path("one.db"), ".dump"]).output() {
        assert!(dump.status.success(), "{dump:?}");
        let mut db = connect("dump.db").await;
        ok(&mut db, &String::from_utf8(dump.stdout).unwrap()).await;
        db.close().await.unwrap();
        copies.push("dump.db");
    }
    for copy in copies {
        let mut db = connect(copy).await;
        assert_untouched(&mut db).await;
        refused(&mut db, ILLEGAL, "illegal transition of deploy from building").await;
        refused(&mut db, "DELETE FROM deploy_events", "deploy_events is append-only").await;
        ok(&mut db, "UPDATE deploys SET status = 'failed' WHERE id = 'a'").await;
        assert_eq!(history(&mut db, "a").await, ">queued queued>building building>failed");
    }
}
