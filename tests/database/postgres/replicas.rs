//! Logical replication between two guarded databases: the subscriber takes rows and history as they are,
//! judges all who write to it, and needs a new label first.

use std::time::{Duration, Instant};

use super::lives::dump;
use crate::common::cluster::database;
use crate::common::sql::{self, Db as _, ok, refused};
use phasegate_codegen::emit::sql::Dialect;

const JOBS: &str = "format = 1\nmachine = { name = 'job', initial = 'new' }
    state = [{ name = 'new' }, { name = 'busy' }, { name = 'done', outcome = 'success' }]
    transition = [{ path = ['new', 'busy', 'done'] }]
    [target.sql]\nowns = false";

/// The rows and the history of a database.
const ALL: &str = "SELECT concat((SELECT string_agg(id || ' ' || status, ', ' ORDER BY id) FROM jobs), ': ',
    (SELECT string_agg(job_id || ' ' || seq || ' ' || to_state, ', ' ORDER BY job_id, seq) FROM job_events))";

/// Waits until a database says so.
async fn comes_to(db: &mut sqlx::PgConnection, expected: &str) {
    let begun = Instant::now();
    loop {
        let is = db.rows(ALL).await[0][0].clone().unwrap();
        if is == expected {
            return;
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "{is}\ninstead of {expected}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
#[ignore = "needs PostgreSQL 15: run by tests/run"]
async fn a_subscriber_takes_rows_and_history_as_they_are_and_judges_its_own_writers() {
    let (url, copy) = (database().await, database().await);
    let mut db = sql::connect(&url).await;
    ok(
        &mut db,
        "CREATE TYPE job_status AS ENUM ('new', 'busy', 'done'); CREATE TABLE jobs (id text PRIMARY KEY, status job_status)",
    )
    .await;
    ok(&mut db, &sql::schema(&sql::machine(JOBS), Dialect::Postgres)).await;
    ok(&mut sql::connect(&copy).await, &dump(&url, &["--schema-only"])).await;
    let mut replica = sql::connect(&copy).await;
    ok(&mut db, "INSERT INTO jobs VALUES ('a', 'new'); UPDATE jobs SET status = 'busy'").await;
    let name = format!("slot_{}", url.rsplit('/').next().unwrap());
    ok(&mut db, "CREATE PUBLICATION jobs FOR TABLE jobs, job_events, job_reports, job_pruned")
        .await;
    // In one cluster the slot is made before: to make it waits for the statement that asks for it.
    let slot = format!(
        "SELECT slot_name::text FROM pg_create_logical_replication_slot('{name}', 'pgoutput')"
    );
    db.rows(&slot).await;
    let subscribes = format!(
        "CREATE SUBSCRIPTION {name} CONNECTION '{url}' PUBLICATION jobs WITH (create_slot = false, slot_name = '{name}')"
    );
    ok(&mut replica, &subscribes).await;
    comes_to(&mut replica, "a busy: a 1 new, a 2 busy").await;

    ok(
        &mut db,
        "INSERT INTO jobs VALUES ('b', 'new'); UPDATE jobs SET status = 'done' WHERE id = 'a'",
    )
    .await;
    let both = "a done, b new: a 1 new, a 2 busy, a 3 done, b 1 new";
    comes_to(&mut replica, both).await;
    refused(&mut replica, "UPDATE jobs SET status = 'busy' WHERE id = 'a'", "illegal transition")
        .await;
    refused(&mut replica, "INSERT INTO jobs VALUES ('c', 'done')", "illegal start").await;

    // A label goes to the subscriber first: it is not carried over.
    for db in [&mut replica, &mut db] {
        ok(db, "ALTER TYPE job_status ADD VALUE 'lost'").await;
        let next = JOBS.replace("{ name = 'done'", "{ name = 'lost' }, { name = 'done'");
        let next = next.replace("'done'] }", "'lost', 'done'] }");
        let rules = sql::schema(&sql::machine(&next), Dialect::Postgres);
        let from = rules.find("CREATE OR REPLACE FUNCTION \"public\".\"job_rules\"").unwrap();
        let to = from + rules[from..].find("$phasegate$;").unwrap() + "$phasegate$;".len();
        ok(db, &rules[from..to]).await;
    }
    ok(&mut db, "UPDATE jobs SET status = 'busy' WHERE id = 'b'; UPDATE jobs SET status = 'lost' WHERE id = 'b'").await;
    let all = "a done, b lost: a 1 new, a 2 busy, a 3 done, b 1 new, b 2 busy, b 3 lost";
    comes_to(&mut replica, all).await;
    ok(&mut replica, &format!("DROP SUBSCRIPTION {name}")).await;
}
