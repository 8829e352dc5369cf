//! What an owner does with guarded rows on PostgreSQL: modes, loading, pruning, forcing with
//! companions; and what a driver reads of a refusal.

use sqlx::postgres::{PgConnection, PgDatabaseError};

use super::{deploys, postgres};
use crate::common::cluster;
use crate::common::sql::{self, Db as _, Row, ok, refused};
use phasegate_codegen::emit::sql::Dialect;

async fn texts(db: &mut PgConnection, sql: &str) -> Vec<String> {
    let rows: Vec<Row> = db.rows(sql).await;
    let text = |row: Row| row.into_iter().map(Option::unwrap_or_default).collect::<Vec<_>>();
    rows.into_iter().map(|row| text(row).join(" ")).collect()
}

#[tokio::test]
#[ignore = "needs PostgreSQL 15: run by tests/run"]
async fn a_test_suite_empties_every_table_and_starts_anew() {
    let mut db = deploys().await;
    let empties = "TRUNCATE deploys, deploy_events, deploy_reports";
    refused(&mut db, empties, "deploy_events is append-only").await;
    ok(&mut db, "SELECT deploy_set_mode('test')").await;
    ok(&mut db, "DELETE FROM deploys WHERE id = 'a'; INSERT INTO deploys (id) VALUES ('a')").await;
    ok(&mut db, empties).await;
    ok(&mut db, "INSERT INTO deploys (id) VALUES ('a'); DELETE FROM deploy_events").await;
    ok(&mut db, empties).await;
    ok(&mut db, "INSERT INTO deploys (id) VALUES ('a')").await;
    // The rest is enforced.
    let illegal = "UPDATE deploys SET status = 'succeeded'";
    refused(&mut db, illegal, "illegal transition").await;
    // No one gets leave to force by it.
    let role = "DROP ROLE IF EXISTS tester; CREATE ROLE tester; GRANT INSERT ON deploy_forcing TO tester; SET ROLE tester";
    ok(&mut db, role).await;
    let leave = "INSERT INTO deploy_forcing VALUES ('a', 'succeeded', 'why')";
    refused(&mut db, leave, "deploy_forcing is only written by phasegate's functions").await;
    ok(&mut db, "RESET ROLE; DROP OWNED BY tester; DROP ROLE tester").await;
    ok(&mut db, "SELECT deploy_set_mode(NULL)").await;
    assert_eq!(texts(&mut db, "SELECT deploy_mode()").await, ["enforce"]);
    refused(&mut db, empties, "deploy_events is append-only").await;
    refused(&mut db, "SELECT deploy_set_mode('none')", "unknown mode none").await;
}

#[tokio::test]
#[ignore = "needs PostgreSQL 15: run by tests/run"]
async fn rows_are_loaded_where_the_loader_says_and_marked() {
    let mut db = deploys().await;
    ok(
        &mut db,
        "DELETE FROM deploys WHERE id = 'a'; SELECT deploy_prune(now() + interval '1 hour');
         DELETE FROM deploys WHERE id = 'b'",
    )
    .await;
    ok(&mut db, "BEGIN; SELECT deploy_set_mode('load')").await;
    let mut copy = db.copy_in_raw("COPY deploys (id, status) FROM STDIN").await.unwrap();
    copy.send(&b"old\tsucceeded\nyoung\tqueued\n"[..]).await.unwrap();
    copy.finish().await.unwrap();
    ok(&mut db, "SAVEPOINT s").await;
    for (row, why) in [
        ("('a', 'succeeded')", "illegal start"),
        ("('b', 'succeeded')", "illegal start"),
        ("('a', 'queued')", "the key of deploys cannot be used again"),
        ("('old', 'failed')", "duplicate"),
    ] {
        let said = db.run(&format!("INSERT INTO deploys (id, status) VALUES {row}")).await;
        let said = said.unwrap_err();
        assert!(said.trim_start_matches("phasegate: ").starts_with(why), "{said}");
        ok(&mut db, "ROLLBACK TO s").await;
    }
    ok(&mut db, "SELECT deploy_set_mode(NULL); COMMIT").await;
    let marks = "SELECT deploy_id, coalesce(from_state, '-'), to_state, coalesce(observed, '-') FROM deploy_events
                 WHERE deploy_id IN ('old', 'young') ORDER BY 1";
    assert_eq!(texts(&mut db, marks).await, ["old - succeeded loaded", "young - queued -"]);
    let start = "INSERT INTO deploys (id, status) VALUES ('late', 'succeeded')";
    refused(&mut db, start, "illegal start").await;
}

#[tokio::test]
#[ignore = "needs PostgreSQL 15: run by tests/run"]
async fn what_is_loaded_starts_there_and_is_not_set_afterwards() {
    let schema = sql::schema(&sql::machine(TIED), Dialect::Postgres);
    let own = "CREATE TABLE jobs (id bigint PRIMARY KEY, status text); INSERT INTO jobs VALUES (1)";
    let mut db = postgres(own).await;
    ok(&mut db, &schema).await;
    ok(&mut db, "SELECT job_set_mode('load'); INSERT INTO jobs VALUES (2, 'done')").await;
    refused(&mut db, "UPDATE jobs SET status = 'done' WHERE id = 1", "illegal start").await;
    refused(&mut db, "INSERT INTO jobs VALUES (3, 'lost')", "unknown state of job: lost").await;
}

#[tokio::test]
#[ignore = "needs PostgreSQL 15: run by tests/run"]
async fn what_is_over_is_pruned_and_its_keys_stay_used() {
    let mut db = deploys().await;
    ok(
        &mut db,
        "INSERT INTO deploys (id) VALUES ('over'), ('gone'); UPDATE deploys SET status = 'building' WHERE id = 'over';
         UPDATE deploys SET status = 'failed' WHERE id = 'over'; DELETE FROM deploys WHERE id = 'gone';
         INSERT INTO deploy_reports (deploy_id, status, answer, seq) VALUES
           ('over', 'building', 'applied', 2), ('over', 'failed', 'applied', 3), ('a', 'building', 'applied', 2)",
    )
    .await;
    let pruned = "SELECT deploy_prune(now() + interval '1 hour')::text";
    let early = "SELECT deploy_prune('2020-01-01')::text";
    assert_eq!(texts(&mut db, early).await, ["0"]);
    // Two steps and a report of `over`, the step of `gone`.
    assert_eq!(texts(&mut db, pruned).await, ["4"]);
    assert_eq!(texts(&mut db, pruned).await, ["0"]);
    let left =
        "SELECT deploy_id, seq::text, to_state FROM deploy_events ORDER BY 1, deploy_events.seq";
    assert_eq!(
        texts(&mut db, left).await,
        ["a 1 queued", "a 2 building", "b 1 queued", "over 3 failed"]
    );
    let marks = "SELECT deploy_id, events::text, reports::text FROM deploy_pruned ORDER BY 1";
    assert_eq!(texts(&mut db, marks).await, ["gone 1 0", "over 2 1"]);
    let used = "the key of deploys cannot be used again";
    refused(&mut db, "INSERT INTO deploys (id) VALUES ('gone')", used).await;
    ok(&mut db, "INSERT INTO deploys (id) VALUES ('new')").await;
    // The numbers go on.
    ok(&mut db, "SELECT deploy_force('over', 'queued', 'once more')").await;
    let last = "SELECT max(seq)::text FROM deploy_events WHERE deploy_id = 'over'";
    assert_eq!(texts(&mut db, last).await, ["4"]);
    refused(&mut db, "DELETE FROM deploy_events", "deploy_events is append-only").await;
    // What is taken later is added to what was, and the leave to delete ends with the function.
    ok(&mut db, "UPDATE deploys SET status = 'failed' WHERE id = 'over'").await;
    ok(&mut db, &format!("BEGIN; {pruned}")).await;
    refused(&mut db, "DELETE FROM deploy_events", "deploy_events is append-only").await;
    ok(&mut db, &format!("ROLLBACK; {pruned}")).await;
    assert_eq!(texts(&mut db, marks).await, ["gone 1 0", "over 4 3"]);
}

#[tokio::test]
#[ignore = "needs PostgreSQL 15: run by tests/run"]
async fn a_prune_leaves_the_reports_that_came_after_the_time_it_is_given() {
    let mut db = deploys().await;
    let report = "INSERT INTO deploy_reports (deploy_id, status, answer) VALUES ('a', 'building', 'refused')";
    ok(&mut db, &format!("UPDATE deploys SET status = 'failed' WHERE id = 'a'; {report}")).await;
    let before = "SELECT clock_timestamp()::text";
    let before = texts(&mut db, before).await.concat();
    ok(&mut db, report).await;
    // Two steps and the first of the reports.
    assert_eq!(texts(&mut db, &format!("SELECT deploy_prune('{before}')::text")).await, ["3"]);
    let left = "SELECT count(*)::text FROM deploy_reports";
    assert_eq!(texts(&mut db, left).await, ["1"]);
}

const TIED: &str = "format = 1\nmachine = { name = 'job', initial = 'new' }
     state = [{ name = 'new' }, { name = 'busy' }, { name = 'done', outcome = 'success' }]
     transition = [{ path = ['new', 'busy', 'done'] }]
     [target.sql]\nowns = false\nstorage = 'text'\nkey_type = 'bigint'";

#[tokio::test]
#[ignore = "needs PostgreSQL 15: run by tests/run"]
async fn a_force_sets_what_the_row_has_to_have_with_it() {
    let schema = sql::schema(&sql::machine(TIED), Dialect::Postgres);
    let mut db = postgres(
        "CREATE TABLE jobs (id bigint PRIMARY KEY, status text NOT NULL, finalized_at timestamptz,
           twice bigint GENERATED ALWAYS AS (id * 2) STORED, CHECK ((status = 'done') = (finalized_at IS NOT NULL)))",
    )
    .await;
    ok(&mut db, &schema).await;
    ok(&mut db, "INSERT INTO jobs VALUES (1, 'new')").await;
    let alone = sqlx::raw_sql("SELECT job_force(1, 'done', 'x')").execute(&mut db).await;
    let said = alone.unwrap_err().to_string();
    assert!(said.contains("violates check constraint"), "{said}");
    let with = "SELECT job_force(1, 'done', 'x', '{\"finalized_at\": \"2026-01-01T00:00:00Z\"}')";
    ok(&mut db, with).await;
    let rows = "SELECT status, (finalized_at = '2026-01-01T00:00:00Z')::text FROM jobs";
    assert_eq!(texts(&mut db, rows).await, ["done true"]);
    let other =
        "SELECT job_force(1, 'new', 'x', '{\"none\": 1, \"twice\": 1, \"status\": \"busy\"}')";
    refused(&mut db, other, "no column of jobs that can be set: none, twice, status").await;
}

#[tokio::test]
#[ignore = "needs PostgreSQL 15: run by tests/run"]
async fn a_generated_status_is_forced_by_what_it_is_generated_from() {
    let schema = sql::schema(&sql::machine(TIED), Dialect::Postgres);
    let mut db = postgres(
        "CREATE TABLE jobs (id bigint PRIMARY KEY, at integer NOT NULL DEFAULT 0, status text GENERATED ALWAYS AS
           (CASE at WHEN 0 THEN 'new' WHEN 1 THEN 'busy' ELSE 'done' END) STORED)",
    )
    .await;
    ok(&mut db, &schema).await;
    ok(&mut db, "INSERT INTO jobs VALUES (1); UPDATE jobs SET at = 1").await;
    refused(&mut db, "UPDATE jobs SET at = 0", "illegal transition of job: busy -> new").await;
    let bare = "SELECT job_force(1, 'new', 'x')";
    refused(&mut db, bare, "status of jobs is a generated column").await;
    ok(&mut db, "SELECT job_force(1, 'new', 'x', '{\"at\": 0}')").await;
    let marks = "SELECT from_state, to_state, forced FROM job_events WHERE forced IS NOT NULL";
    assert_eq!(texts(&mut db, marks).await, ["busy new x"]);
}

#[tokio::test]
#[ignore = "needs PostgreSQL 15: run by tests/run"]
async fn a_driver_reads_what_was_asked_and_what_is_legal() {
    let mut db = deploys().await;
    let error = sqlx::raw_sql("UPDATE deploys SET status = 'succeeded' WHERE id = 'b'")
        .execute(&mut db)
        .await
        .unwrap_err();
    let error = error.into_database_error().unwrap();
    let error = error.downcast_ref::<PgDatabaseError>();
    assert_eq!(error.code(), "23514");
    assert_eq!(error.detail(), Some("id b: queued -> succeeded (illegal-transition)"));
    let hint = "Legal from queued: smoke_running, smoke_passed, freeze_checking, freeze_passed, building, failed.";
    assert_eq!(error.hint(), Some(hint));
    assert_eq!(error.schema(), Some("public"));
    assert_eq!(error.table(), Some("deploys"));
    assert_eq!(error.column(), Some("status"));
    assert_eq!(error.constraint(), Some("deploy_guard"));
}

#[tokio::test]
#[ignore = "needs PostgreSQL 15: run by tests/run"]
async fn the_mode_is_set_by_several_sessions_at_once() {
    let url = cluster::database().await;
    ok(&mut sql::connect(&url).await, &sql::schema(&sql::deploy(), Dialect::Postgres)).await;
    let session = |first: usize| {
        let url = url.clone();
        tokio::spawn(async move {
            let mut db = sql::connect(&url).await;
            for mode in ["'test'", "'load'", "NULL"].iter().cycle().skip(first).take(30) {
                ok(&mut db, &format!("SELECT deploy_set_mode({mode})")).await;
            }
        })
    };
    let sessions: Vec<_> = (0..4).map(session).collect();
    for session in sessions {
        session.await.unwrap();
    }
    // None waits that finds it set.
    let (mut one, mut two) = (sql::connect(&url).await, sql::connect(&url).await);
    // BEGIN after a statement of the same call would take that into the transaction.
    ok(&mut one, "SELECT deploy_set_mode('test')").await;
    ok(&mut one, "BEGIN; SELECT deploy_set_mode('load')").await;
    ok(&mut two, "SET lock_timeout = '5s'; SELECT deploy_set_mode('test')").await;
}

/// What PostgreSQL says to do.
async fn hint(db: &mut PgConnection, sql: &'static str) -> String {
    let error = sqlx::raw_sql(sql).execute(db).await.unwrap_err();
    let error = error.into_database_error().unwrap();
    let error = error.downcast_ref::<sqlx::postgres::PgDatabaseError>();
    error.hint().unwrap().to_owned()
}

#[tokio::test]
#[ignore = "needs PostgreSQL 15: run by tests/run"]
async fn what_a_hint_says_is_a_way_out() {
    let mut db = deploys().await;
    for sql in [
        "TRUNCATE deploys, deploy_events, deploy_reports",
        "DELETE FROM deploys; INSERT INTO deploys (id) VALUES ('a')",
    ] {
        let said = hint(&mut db, sql).await;
        let (_, way) = said.split_once("sets the mode first: ").unwrap();
        ok(&mut db, &format!("BEGIN; {}; {sql}; ROLLBACK", way.trim_end_matches('.'))).await;
    }
    ok(&mut db, "SET session_replication_role = replica; UPDATE deploys SET status = 'building' WHERE id = 'b'; RESET session_replication_role").await;
    let said = hint(&mut db, "UPDATE deploys SET status = 'failed' WHERE id = 'b'").await;
    if let Some((_, way)) = said.split_once("as the owner of the table: ") {
        let back = way.replace("UPDATE ...", "UPDATE deploys SET status = 'queued' WHERE id = 'b'");
        ok(&mut db, back.trim_end_matches('.')).await;
    } else {
        panic!("{said}");
    }
    ok(&mut db, "UPDATE deploys SET status = 'building' WHERE id = 'b'").await;
    let fault = hint(&mut db, "SELECT deploy_force('nobody', 'failed', '')").await;
    assert!(fault.starts_with("It takes the key, the state, the reason"), "{fault}");
}
