//! What the guards spare on PostgreSQL: legal steps in bulk go the short way, and an UPDATE of other
//! columns calls no guard, whatever the table's shape and no matter who writes.

use std::collections::BTreeMap;

use sqlx::postgres::PgConnection;

use super::lives::guarded;
use crate::common::cluster::database;
use crate::common::sql::{self, Db as _, Row, ok, refused};

const TABLE: &str = "CREATE TABLE jobs (id text PRIMARY KEY, status text NOT NULL, n integer)";

const CALLS: &str = "SELECT funcname::text, calls::text FROM pg_stat_xact_user_functions \
                     WHERE funcname IN ('job_guard', 'job_start', 'job_judge') ORDER BY funcname";

/// How often a statement has phasegate's functions called, by their names.
async fn calls(db: &mut PgConnection, statement: &str) -> String {
    ok(db, "SET track_functions = 'all'; BEGIN").await;
    let mut counts = Vec::new();
    for statement in ["", statement] {
        ok(db, statement).await;
        let count = |row: Row| Some((row[0].clone()?, row[1].as_ref()?.parse::<u32>().ok()?));
        counts.push(db.rows(CALLS).await.into_iter().filter_map(count).collect::<BTreeMap<_, _>>());
    }
    ok(db, "COMMIT").await;
    let before = |name: &String| counts[0].get(name).copied().unwrap_or(0);
    let since = counts[1].iter().map(|(name, calls)| (name, calls - before(name)));
    let since =
        since.filter(|(_, calls)| *calls > 0).map(|(name, calls)| format!("{name} {calls}"));
    since.collect::<Vec<_>>().join(", ")
}

#[tokio::test]
#[ignore = "needs PostgreSQL 15: run by tests/run"]
async fn legal_steps_go_the_short_way_from_the_first_one_of_older_rows_on() {
    let older = "INSERT INTO jobs VALUES ('a', 'new', 1), ('b', 'busy', 1), ('c', 'done', 1)";
    let (_, mut db) = guarded(&format!("{TABLE}; {older}")).await;
    assert_eq!(calls(&mut db, "UPDATE jobs SET n = 2, id = id, status = status").await, "");
    let step = "UPDATE jobs SET status = 'busy' WHERE id = 'a'";
    assert_eq!(calls(&mut db, step).await, "job_guard 1");
    let step = "UPDATE jobs SET status = 'done' WHERE id IN ('a', 'b')";
    assert_eq!(calls(&mut db, step).await, "job_guard 2");
    assert_eq!(calls(&mut db, "DELETE FROM jobs WHERE id IN ('b', 'c')").await, "job_start 2");
    let start = "INSERT INTO jobs VALUES ('d', 'new')";
    assert_eq!(calls(&mut db, start).await, "job_start 1");
    ok(&mut db, "SELECT job_prune(now() + interval '1 hour')").await;
    let start = "INSERT INTO jobs VALUES ('e', 'new'), ('f', 'new')";
    assert_eq!(calls(&mut db, start).await, "job_start 2");
    for used in ["b", "c"] {
        let again = format!("INSERT INTO jobs VALUES ('{used}', 'new')");
        refused(&mut db, &again, "the key of jobs cannot be used again").await;
    }
    let steps = "SELECT job_id || ' ' || seq || ' ' || coalesce(from_state, '') || '>' || to_state
                 FROM job_events ORDER BY job_id, seq";
    let steps = db.rows(steps).await.into_iter().flatten().flatten().collect::<Vec<_>>();
    assert_eq!(steps, ["a 3 busy>done", "d 1 >new", "e 1 >new", "f 1 >new"]);
}

#[tokio::test]
#[ignore = "needs PostgreSQL 15: run by tests/run"]
async fn while_it_observes_legal_steps_go_the_short_way_too_unless_a_statement_is_within_another() {
    let mut db = sql::connect(&database().await).await;
    ok(&mut db, &format!("{TABLE}; INSERT INTO jobs VALUES ('old', 'new', 1)")).await;
    ok(&mut db, &super::lives::jobs("mode = 'observe'")).await;
    assert_eq!(calls(&mut db, "INSERT INTO jobs VALUES ('a', 'new', 1)").await, "job_start 1");
    assert_eq!(calls(&mut db, "UPDATE jobs SET status = 'busy'").await, "job_guard 2");
    let illegal = "UPDATE jobs SET status = 'new' WHERE id = 'a'";
    assert_eq!(calls(&mut db, illegal).await, "job_guard 1, job_judge 1");
    ok(
        &mut db,
        "CREATE TABLE others (id text);
         CREATE FUNCTION moves() RETURNS trigger LANGUAGE plpgsql AS
           $$ BEGIN UPDATE jobs SET status = 'busy' WHERE id = NEW.id; RETURN NULL; END $$;
         CREATE TRIGGER moves AFTER INSERT ON others FOR EACH ROW EXECUTE FUNCTION moves()",
    )
    .await;
    let within = "INSERT INTO others VALUES ('a'); UPDATE jobs SET status = 'done'";
    assert_eq!(calls(&mut db, within).await, "job_guard 3, job_judge 3");
    let start = "INSERT INTO jobs VALUES ('b', 'new')";
    assert_eq!(calls(&mut db, start).await, "job_start 1", "that was another transaction");
    let marks = "SELECT to_state FROM job_events WHERE observed IS NOT NULL";
    assert_eq!(db.rows(marks).await, [[Some("new".to_owned())]]);
}

#[tokio::test]
#[ignore = "needs PostgreSQL 15: run by tests/run"]
async fn partitions_of_another_layout_are_judged_and_spared_alike() {
    let (_, mut db) = guarded(
        "CREATE TABLE jobs (n integer, gone text, id text, status text, PRIMARY KEY (id, n)) PARTITION BY LIST (n);
         ALTER TABLE jobs DROP COLUMN gone;
         CREATE TABLE jobs_1 (status text, was text, note text, id text NOT NULL, n integer NOT NULL);
         ALTER TABLE jobs_1 DROP COLUMN was, DROP COLUMN note; ALTER TABLE jobs ATTACH PARTITION jobs_1 FOR VALUES IN (1);
         ALTER TABLE jobs ADD COLUMN note text",
    )
    .await;
    ok(&mut db, "INSERT INTO jobs (id, status, n) VALUES ('a', 'new', 1)").await;
    for table in ["jobs", "jobs_1"] {
        let other = format!("UPDATE {table} SET note = 'x'");
        assert_eq!(calls(&mut db, &other).await, "", "{table}");
        let illegal = format!("UPDATE {table} SET status = 'done'");
        refused(&mut db, &illegal, "illegal transition of job: new -> done").await;
        let key = format!("UPDATE {table} SET id = 'b'");
        refused(&mut db, &key, "the key of jobs cannot change").await;
        let unknown = format!("UPDATE {table} SET status = NULL");
        refused(&mut db, &unknown, "unknown state of job: null").await;
    }
    assert_eq!(calls(&mut db, "UPDATE jobs_1 SET status = 'busy'").await, "job_guard 1");
}

#[tokio::test]
#[ignore = "needs PostgreSQL 15: run by tests/run"]
async fn a_role_writes_where_new_functions_are_nobody_s() {
    let url = database().await;
    let mut db = sql::connect(&url).await;
    let role = format!("hardened_{}", url.rsplit('/').next().unwrap());
    ok(&mut db, "ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC").await;
    ok(&mut db, &format!("{TABLE}; {}", super::lives::jobs(""))).await;
    ok(
        &mut db,
        &format!(
            "CREATE ROLE {role}; GRANT SELECT, INSERT, UPDATE ON jobs TO {role}; SET ROLE {role}"
        ),
    )
    .await;
    ok(&mut db, "INSERT INTO jobs VALUES ('a', 'new'); UPDATE jobs SET n = 1").await;
    ok(&mut db, "UPDATE jobs SET status = 'busy'").await;
    refused(&mut db, "UPDATE jobs SET status = 'new'", "illegal transition").await;
    ok(&mut db, &format!("RESET ROLE; DROP OWNED BY {role}; DROP ROLE {role}")).await;
}
