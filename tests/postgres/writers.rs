//! Several writers at once.

use phasegate_codegen::targets::Dialect;

use crate::ROWS;
use crate::postgres::database;
use crate::sql::{self, Db as _, Row, history, ok};

#[tokio::test]
#[ignore = "needs PostgreSQL 15: run by tests/run"]
async fn a_key_is_used_once_whatever_the_isolation() {
    let url = database().await;
    let (mut one, mut two) = (sql::connect(&url).await, sql::connect(&url).await);
    ok(&mut one, &sql::schema(&sql::deploy(), Dialect::Postgres)).await;
    for level in ["READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"] {
        let id = level.replace(' ', "_");
        // Its picture is taken before the other makes and deletes the row.
        ok(&mut one, &format!("BEGIN ISOLATION LEVEL {level}; SELECT 1 FROM deploys")).await;
        ok(&mut two, &format!("INSERT INTO deploys (id) VALUES ('{id}'); DELETE FROM deploys"))
            .await;
        let insert = format!("INSERT INTO deploys (id) VALUES ('{id}')");
        one.run(&insert).await.expect_err(level);
        ok(&mut one, "ROLLBACK").await;
        assert_eq!(history(&mut one, &id).await, ">queued");
    }
}

#[tokio::test]
#[ignore = "needs PostgreSQL 15: run by tests/run"]
async fn a_writer_that_waited_is_judged_on_what_it_waited_for() {
    let url = database().await;
    let (mut one, mut two) = (sql::connect(&url).await, sql::connect(&url).await);
    ok(&mut one, &sql::schema(&sql::deploy(), Dialect::Postgres)).await;
    ok(&mut one, ROWS).await;
    ok(&mut one, "BEGIN; UPDATE deploys SET status = 'failed' WHERE id = 'a'").await;
    let waiting = tokio::spawn(async move {
        two.run("UPDATE deploys SET status = 'deploying' WHERE id = 'a'").await
    });
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    assert!(!waiting.is_finished());
    ok(&mut one, "COMMIT").await;
    let said = waiting.await.unwrap().unwrap_err();
    assert_eq!(said, "phasegate: illegal transition of deploy: failed -> deploying; legal: none");
    assert_eq!(history(&mut one, "a").await, ">queued queued>building building>failed");
}

#[tokio::test]
#[ignore = "needs PostgreSQL 15: run by tests/run"]
async fn writers_at_once_leave_one_gapless_history() {
    let url = database().await;
    let mut db = sql::connect(&url).await;
    ok(&mut db, &sql::schema(&sql::machine(sql::SWITCH), Dialect::Postgres)).await;
    ok(&mut db, "INSERT INTO runs (id) VALUES ('a')").await;
    let writer = |url: String| async move {
        let mut db = sql::connect(&url).await;
        for _ in 0..50 {
            let toggle = "UPDATE runs SET status = CASE status WHEN 'on' THEN 'off' ELSE 'on' END::run_status";
            ok(&mut db, toggle).await;
        }
    };
    let writers: Vec<_> = (0..4).map(|_| tokio::spawn(writer(url.clone()))).collect();
    for writer in writers {
        writer.await.unwrap();
    }
    let broken = "SELECT e.to_state FROM run_events e JOIN run_events n \
                  ON n.run_key = e.run_key AND n.seq = e.seq + 1 WHERE n.from_state <> e.to_state";
    assert_eq!(db.rows(broken).await, Vec::<Row>::new());
    let last = db.rows("SELECT max(seq)::text, count(*)::text FROM run_events").await;
    assert_eq!(last, [[Some("201".to_owned()), Some("201".to_owned())]]);
}
