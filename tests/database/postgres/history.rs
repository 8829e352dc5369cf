//! The history and the reports: what is written, and that no one else writes there.

use phasegate_codegen::emit::sql::Dialect;

use super::{assert_untouched, deploys, postgres};
use crate::common::sql::{self, Db as _, Row, ok, refused};

#[tokio::test]
#[ignore = "needs PostgreSQL 15: run by tests/run"]
async fn writes_no_event_where_the_status_stays_or_the_transaction_is_undone() {
    let mut db = deploys().await;
    ok(&mut db, "UPDATE deploys SET reason = 'note'; UPDATE deploys SET status = status").await;
    ok(&mut db, "BEGIN; UPDATE deploys SET status = 'failed'; ROLLBACK").await;
    ok(&mut db, "BEGIN; SAVEPOINT s; UPDATE deploys SET status = 'failed'; ROLLBACK TO s; COMMIT")
        .await;
    assert_untouched(&mut db).await;
}

#[tokio::test]
#[ignore = "needs PostgreSQL 15: run by tests/run"]
async fn logs_a_declared_transition_to_itself_and_only_where_the_column_is_set() {
    let machine = sql::machine(&format!("{}events = 'log'", sql::ORDER));
    let mut db = postgres(&sql::schema(&machine, Dialect::Postgres)).await;
    ok(&mut db, r#"INSERT INTO orders (id, status) VALUES ('a', 'it''s "quoted"; --')"#).await;
    ok(&mut db, "UPDATE orders SET reason = 'note'").await;
    assert_eq!(db.rows("SELECT '' FROM log").await.len(), 1);
    ok(&mut db, "UPDATE orders SET status = status, reason = 'again'").await;
    assert_eq!(db.rows("SELECT '' FROM log").await.len(), 2);
    // What is forged elsewhere as a legal step is refused here all the same.
    let forge =
        "INSERT INTO log (order_id, from_state, to_state) SELECT id, status, status FROM orders";
    refused(&mut db, forge, "log is append-only").await;
}

#[tokio::test]
#[ignore = "needs PostgreSQL 15: run by tests/run"]
async fn nothing_but_the_guard_writes_the_history() {
    let mut db = deploys().await;
    let append_only = "deploy_events is append-only";
    let forge = "INSERT INTO deploy_events (deploy_id, seq, from_state, to_state, at, language)";
    for statement in [
        "DELETE FROM deploy_events",
        "DELETE FROM deploy_events WHERE false",
        "UPDATE deploy_events SET to_state = 'failed'",
        "TRUNCATE deploy_events",
        "TRUNCATE deploys, deploy_events CASCADE",
        &format!("{forge} VALUES ('a', 3, 'building', 'failed', now(), '')"),
        &format!("{forge} VALUES ('a', 3, 'building', 'building', now(), '')"),
        &format!("{forge} VALUES ('new', 1, NULL, 'queued', now(), '')"),
        &format!(
            "{forge} VALUES ('a', 2, 'queued', 'failed', now(), '') ON CONFLICT (deploy_id, seq) DO UPDATE SET to_state = 'failed'"
        ),
        "MERGE INTO deploy_events e USING (VALUES ('a')) v (id) ON e.deploy_id = v.id WHEN MATCHED THEN DELETE",
    ] {
        refused(&mut db, statement, append_only).await;
        assert_untouched(&mut db).await;
    }
    let mut copy = db
        .copy_in_raw(
            "COPY deploy_events (deploy_id, seq, from_state, to_state, at, language) FROM STDIN",
        )
        .await
        .unwrap();
    copy.send(&b"a\t3\tbuilding\tfailed\t2020-01-01\tx\n"[..]).await.unwrap();
    let error = copy.finish().await.unwrap_err().to_string();
    assert!(error.contains(append_only), "{error}");
    assert_untouched(&mut db).await;
}

#[tokio::test]
#[ignore = "needs PostgreSQL 15: run by tests/run"]
async fn the_reports_are_append_only() {
    let mut db = deploys().await;
    let report = |event: &str, seq: &str| {
        format!(
            "INSERT INTO deploy_reports (deploy_id, event_id, status, answer, seq) \
             VALUES ('a', {event}, 'building', 'applied', {seq})"
        )
    };
    ok(&mut db, &report("'e1'", "1")).await;
    ok(&mut db, &report("NULL", "2")).await;
    let refusal = "INSERT INTO deploy_reports (deploy_id, event_id, status, from_state, answer, at) \
                   VALUES ('a', 'e1', 'queued', 'building', 'illegal-transition', '2020-01-01')";
    ok(&mut db, refusal).await;
    ok(&mut db, refusal).await;
    let append_only = "deploy_reports is append-only";
    for statement in [
        "DELETE FROM deploy_reports",
        "UPDATE deploy_reports SET actor = 'me'",
        "TRUNCATE deploy_reports",
        "INSERT INTO deploy_reports (deploy_id, event_id, status, answer) VALUES ('a', 'e1', 'x', 'applied') \
         ON CONFLICT (deploy_id, event_id) WHERE answer = 'applied' DO UPDATE SET actor = 'me'",
    ] {
        refused(&mut db, statement, append_only).await;
    }
    refused(&mut db, &report("'e9'", "3"), "deploy_reports: a has no event 3").await;
    for statement in [report("'e1'", "NULL"), report("'e9'", "1")] {
        let error = db.run(&statement).await.unwrap_err();
        assert!(error.starts_with("duplicate key"), "{error}");
    }
    let explicit =
        "INSERT INTO deploy_reports (id, deploy_id, status, answer) VALUES (1, 'a', 'x', 'y')";
    db.run(explicit).await.expect_err("the database makes the ids");
    let old = db.rows("SELECT '' FROM deploy_reports WHERE at < now() - interval '1 hour'").await;
    assert_eq!(old, Vec::<Row>::new(), "the time is the database's own");
    assert_eq!(db.rows("SELECT '' FROM deploy_reports").await.len(), 4);
}
