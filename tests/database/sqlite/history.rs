//! The history and the reports: what is written, and that no one else writes there.

use phasegate_codegen::emit::sql::Dialect;
use sqlx::ConnectOptions as _;
use sqlx::sqlite::SqliteConnectOptions;

use super::{assert_untouched, deploys};
use crate::common::sql::{self, Db as _, Row, ok, refused};

#[tokio::test]
async fn writes_no_event_where_the_status_stays() {
    let mut db = deploys().await;
    ok(&mut db, "UPDATE deploys SET reason = 'note'; UPDATE deploys SET status = status").await;
    ok(&mut db, "UPDATE deploys SET rowid = rowid + 100").await;
    assert_untouched(&mut db).await;
}

#[tokio::test]
async fn logs_a_declared_transition_to_itself_and_only_where_the_column_is_set() {
    let machine =
        sql::machine(&format!("{}table = 'orders'\nevents = 'deploy_events'", sql::ORDER));
    let schema = sql::schema(&machine, Dialect::Sqlite).replace("order_id", "deploy_id");
    let mut db = sql::sqlite(&schema).await;
    ok(&mut db, r#"INSERT INTO orders (id, status) VALUES ('a', 'it''s "quoted"; --')"#).await;
    ok(&mut db, "UPDATE orders SET reason = 'note'").await;
    assert_eq!(db.rows("SELECT 'row' FROM deploy_events").await.len(), 1);
    ok(&mut db, "UPDATE orders SET status = status; UPDATE OR REPLACE orders SET status = status")
        .await;
    assert_eq!(db.rows("SELECT 'row' FROM deploy_events").await.len(), 3);
}

#[tokio::test]
async fn nothing_but_the_guards_writes_the_history() {
    let mut db = deploys().await;
    let now = "strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), (SELECT fingerprint FROM deploy_language), NULL, NULL";
    let append_only = "deploy_events is append-only";
    for (statement, why) in [
        ("DELETE FROM deploy_events", append_only),
        ("UPDATE deploy_events SET to_state = 'failed'", append_only),
        ("UPDATE OR REPLACE deploy_events SET seq = 1", append_only),
        ("UPDATE OR IGNORE deploy_events SET at = ''", append_only),
        (
            "INSERT OR REPLACE INTO deploy_events VALUES ('a', 1, NULL, 'queued', NOW)",
            "the key of deploys cannot be used again",
        ),
        (
            "INSERT OR REPLACE INTO deploy_events VALUES ('a', 2, 'building', 'failed', NOW)",
            append_only,
        ),
        (
            "INSERT OR IGNORE INTO deploy_events VALUES ('a', 3, 'building', 'succeeded', NOW)",
            "illegal transition of deploy from building",
        ),
        (
            "INSERT INTO deploy_events VALUES ('a', 3, 'building', 'building', NOW)",
            "illegal transition",
        ),
        ("INSERT INTO deploy_events VALUES ('a', 4, 'building', 'failed', NOW)", append_only),
        ("INSERT INTO deploy_events VALUES ('a', 0, 'building', 'failed', NOW)", append_only),
        ("INSERT INTO deploy_events VALUES ('new', 1, NULL, 'building', NOW)", "illegal start"),
        ("INSERT INTO deploy_events VALUES ('new', 1, NULL, 'none', NOW)", "unknown state"),
        (
            "INSERT INTO deploy_events (deploy_id, seq, to_state, at, language, observed)
             SELECT 'new', 1, 'building', strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), fingerprint, 'loaded' FROM deploy_language",
            append_only,
        ),
        ("INSERT INTO deploy_events VALUES ('new', 2, NULL, 'queued', NOW)", append_only),
        (
            "INSERT INTO deploy_events VALUES ('b', 2, 'building', 'failed', NOW)",
            "the history of deploys",
        ),
        (
            "INSERT INTO deploy_events SELECT deploy_id, 3, to_state, 'failed', '2020-01-01T00:00:00.000Z', language, NULL, NULL FROM deploy_events WHERE seq = 2",
            append_only,
        ),
        (
            "INSERT INTO deploy_events VALUES ('a', 2, 'queued', 'building', NOW) \
             ON CONFLICT DO UPDATE SET to_state = 'failed'",
            "the history of deploys",
        ),
    ] {
        refused(&mut db, &statement.replace("NOW", now), why).await;
        assert_untouched(&mut db).await;
    }
}

#[tokio::test]
async fn a_forged_step_says_what_the_row_could_have_done() {
    // A known limit: SQLite has no sessions, and cannot tell this INSERT from its own trigger's.
    let machine = sql::machine(&format!("{}events = 'log'", sql::ORDER));
    let mut db = sql::sqlite(&sql::schema(&machine, Dialect::Sqlite)).await;
    ok(&mut db, "INSERT INTO orders (id, status) VALUES ('a', 'it''s \"quoted\"; --')").await;
    let forge = |at: &str, language: &str| {
        format!(
            "INSERT INTO log SELECT 'a', 2, status, status, {at}, {language}, NULL, NULL FROM orders"
        )
    };
    let (now, language) =
        ("strftime('%Y-%m-%dT%H:%M:%fZ', 'now')", "(SELECT fingerprint FROM order_language)");
    refused(&mut db, &forge("'2020-01-01T00:00:00.000Z'", language), "log is append-only").await;
    refused(&mut db, &forge(now, "'0123456789abcdef'"), "log is append-only").await;
    let gap = forge(now, language).replace("'a', 2", "'a', 3");
    refused(&mut db, &gap, "log is append-only").await;
    ok(&mut db, &forge(now, language)).await;
}

#[tokio::test]
async fn the_reports_are_append_only() {
    let mut db = deploys().await;
    let report = |id: &str, event: &str, seq: &str| {
        format!(
            "INSERT OR REPLACE INTO deploy_reports (id, deploy_id, event_id, status, answer, seq) \
             VALUES ({id}, 'a', {event}, 'building', 'applied', {seq})"
        )
    };
    ok(&mut db, &report("NULL", "'e1'", "1")).await;
    ok(&mut db, &report("NULL", "NULL", "2")).await;
    let refusal = "INSERT INTO deploy_reports (deploy_id, event_id, status, from_state, answer) \
                   VALUES ('a', 'e1', 'queued', 'building', 'illegal-transition')";
    ok(&mut db, refusal).await;
    ok(&mut db, refusal).await;
    let append_only = "deploy_reports is append-only";
    for (statement, why) in [
        ("DELETE FROM deploy_reports".to_owned(), append_only),
        ("UPDATE deploy_reports SET actor = 'me'".to_owned(), append_only),
        ("UPDATE OR REPLACE deploy_reports SET id = 1".to_owned(), append_only),
        (report("1", "'e9'", "NULL"), append_only),
        (report("NULL", "'e1'", "NULL"), append_only),
        (report("NULL", "'e9'", "1"), append_only),
        (report("-1", "'e9'", "NULL"), "deploy_reports: ids start at 1"),
        (report("NULL", "'e9'", "3"), "deploy_reports: there is no such event"),
        (
            "INSERT INTO deploy_reports (deploy_id, status, answer, at) VALUES ('a', 'x', 'y', '2020')".to_owned(),
            "deploy_reports: the time is the database's own",
        ),
    ] {
        refused(&mut db, &statement, why).await;
    }
    assert_eq!(db.rows("SELECT 'row' FROM deploy_reports").await.len(), 4);
}

#[tokio::test]
async fn writers_at_once_leave_one_gapless_history() {
    let folder = tempfile::tempdir().unwrap();
    let options = SqliteConnectOptions::new()
        .filename(folder.path().join("test.db"))
        .create_if_missing(true)
        .busy_timeout(std::time::Duration::from_secs(60));
    let machine = sql::machine(sql::SWITCH);
    let mut db = options.connect().await.unwrap();
    ok(&mut db, &sql::schema(&machine, Dialect::Sqlite)).await;
    ok(&mut db, "INSERT INTO runs (id) VALUES ('a')").await;
    let writer = |options: SqliteConnectOptions| async move {
        let mut db = options.connect().await.unwrap();
        let mut moved = 0;
        for _ in 0..50 {
            let toggle = "UPDATE runs SET status = CASE status WHEN 'on' THEN 'off' ELSE 'on' END";
            moved += usize::from(db.run(toggle).await.is_ok());
        }
        moved
    };
    let writers: Vec<_> = (0..4).map(|_| tokio::spawn(writer(options.clone()))).collect();
    let mut moved = 0;
    for writer in writers {
        moved += writer.await.unwrap();
    }
    assert_eq!(moved, 200);
    let broken = "SELECT e.to_state FROM run_events e JOIN run_events n \
                  ON n.run_key = e.run_key AND n.seq = e.seq + 1 WHERE n.from_state <> e.to_state";
    assert_eq!(db.rows(broken).await, Vec::<Row>::new());
    let last =
        db.rows("SELECT CAST(max(seq) AS text), CAST(count(*) AS text) FROM run_events").await;
    assert_eq!(last, [[Some("201".to_owned()), Some("201".to_owned())]]);
}
