//! What a PostgreSQL database goes through with its guards: partitions, dumps and restores, changes of
//! the application's own column, row security. All of it on a table that the application had before.

use std::process::{Command, Output};

use phasegate_cli::live;
use sqlx::PgConnection;

use crate::common::cluster::{bin, database};
use crate::common::live::{away, looked};
use crate::common::sql::{self, Db as _, ok, refused};
use phasegate_codegen::emit::sql::{Dialect, migrations};

const KEYS: &str = "owns = false\nstorage = 'text'\n";

/// A job that is `new`, then `busy`, then `done`.
fn table(keys: &str) -> String {
    format!(
        "format = 1\nmachine = {{ name = 'job', initial = 'new' }}
         state = [{{ name = 'new' }}, {{ name = 'busy' }}, {{ name = 'done', outcome = 'success' }}]
         transition = [{{ path = ['new', 'busy', 'done'] }}]
         [target.sql]\n{KEYS}{keys}"
    )
}

pub(super) fn jobs(keys: &str) -> String {
    sql::schema(&sql::machine(&table(keys)), Dialect::Postgres)
}

/// The guards on a table that is made so.
pub(super) async fn guarded(table: &str) -> (String, PgConnection) {
    let url = database().await;
    let mut db = sql::connect(&url).await;
    ok(&mut db, table).await;
    ok(&mut db, &jobs("")).await;
    (url, db)
}

async fn history(db: &mut PgConnection, id: &str) -> String {
    let steps = format!(
        "SELECT coalesce(from_state, '') || '>' || to_state FROM job_events WHERE job_id = '{id}' ORDER BY seq"
    );
    let steps = db.rows(&steps).await.into_iter().flatten().flatten();
    steps.collect::<Vec<_>>().join(" ")
}

const TABLE: &str = "CREATE TABLE jobs (id text PRIMARY KEY, status text NOT NULL, n integer)";

const BY_STATUS: &str =
    "CREATE TABLE jobs (id text, status text, n integer, PRIMARY KEY (id, status)) PARTITION BY LIST (status);
     CREATE TABLE jobs_open PARTITION OF jobs FOR VALUES IN ('new', 'busy');
     CREATE TABLE jobs_done PARTITION OF jobs FOR VALUES IN ('done')";

#[tokio::test]
#[ignore = "needs PostgreSQL 15: run by tests/run"]
async fn a_table_that_is_partitioned_by_its_status_moves_rows_along_legal_steps() {
    let (_, mut db) = guarded(BY_STATUS).await;
    ok(&mut db, "INSERT INTO jobs VALUES ('a', 'new'), ('b', 'new')").await;
    ok(&mut db, "UPDATE jobs SET status = 'busy'; INSERT INTO jobs VALUES ('c', 'new')").await;
    ok(&mut db, "UPDATE jobs SET status = 'done' WHERE id = 'a'").await;
    assert_eq!(history(&mut db, "a").await, ">new new>busy busy>done");
    let back = "UPDATE jobs SET status = 'busy' WHERE id = 'a'";
    refused(&mut db, back, "illegal transition of job: done -> busy").await;
    // A row that is written to its partition directly is judged like any other.
    let start = "INSERT INTO jobs_done VALUES ('d', 'done')";
    refused(&mut db, start, "illegal start of job in done").await;
    refused(&mut db, "UPDATE jobs_open SET status = 'new' WHERE id = 'b'", "illegal transition")
        .await;
    // A move is over with its statement.
    ok(
        &mut db,
        "BEGIN; UPDATE jobs SET status = 'busy' WHERE id = 'c'; DELETE FROM jobs WHERE id = 'c'",
    )
    .await;
    refused(&mut db, "INSERT INTO jobs VALUES ('c', 'busy')", "illegal start").await;
    ok(&mut db, "ROLLBACK").await;
    // What no UPDATE moves is a DELETE, and the key is used.
    ok(&mut db, "DELETE FROM jobs WHERE id = 'a'").await;
    refused(
        &mut db,
        "INSERT INTO jobs VALUES ('a', 'new')",
        "the key of jobs cannot be used again",
    )
    .await;
    assert_eq!(history(&mut db, "a").await, ">new new>busy busy>done");
}

#[tokio::test]
#[ignore = "needs PostgreSQL 15: run by tests/run"]
async fn partitions_by_time_move_rows() {
    let by_time =
        "CREATE TABLE jobs (id text, status text, at timestamptz, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
         CREATE TABLE jobs_1 PARTITION OF jobs FOR VALUES FROM ('2026-01-01 00:00+00') TO ('2026-02-01 00:00+00');
         CREATE TABLE jobs_rest PARTITION OF jobs DEFAULT";
    let (_, mut db) = guarded(by_time).await;
    ok(&mut db, "INSERT INTO jobs VALUES ('a', 'new', '2026-01-31 12:00+00')").await;
    ok(&mut db, "UPDATE jobs SET at = at + interval '1 day'").await;
    refused(&mut db, "UPDATE jobs SET at = '2026-01-01 00:00+00', status = 'done'", "illegal")
        .await;
    ok(&mut db, "UPDATE jobs SET at = '2026-01-01 00:00+00', status = 'busy'").await;
    refused(&mut db, "UPDATE jobs_1 SET status = 'new'", "illegal transition of job").await;
    assert_eq!(history(&mut db, "a").await, ">new new>busy");
}

#[tokio::test]
#[ignore = "needs PostgreSQL 15: run by tests/run"]
async fn partitions_by_other_columns_move_rows_and_are_attached_and_detached() {
    let by_number =
        "CREATE TABLE jobs (id text, status text, n integer, PRIMARY KEY (id, n)) PARTITION BY RANGE (n);
         CREATE TABLE jobs_low PARTITION OF jobs FOR VALUES FROM (0) TO (10);
         CREATE TABLE jobs_high PARTITION OF jobs FOR VALUES FROM (10) TO (20)";
    let (_, mut db) = guarded(by_number).await;
    ok(&mut db, "INSERT INTO jobs VALUES ('a', 'new', 1)").await;
    ok(&mut db, "UPDATE jobs SET n = 11; UPDATE jobs SET n = 2, status = 'busy'").await;
    assert_eq!(history(&mut db, "a").await, ">new new>busy");
    ok(
        &mut db,
        "CREATE TABLE jobs_more (LIKE jobs); INSERT INTO jobs_more VALUES ('old', 'busy', 21);
         ALTER TABLE jobs ATTACH PARTITION jobs_more FOR VALUES FROM (20) TO (30)",
    )
    .await;
    // A row of a table that is attached is older than the guard.
    ok(&mut db, "UPDATE jobs SET status = 'done' WHERE id = 'old'").await;
    assert_eq!(history(&mut db, "old").await, ">busy busy>done");
    refused(&mut db, "UPDATE jobs_more SET status = 'new'", "illegal transition").await;
    ok(&mut db, "ALTER TABLE jobs DETACH PARTITION jobs_more").await;
    ok(&mut db, "UPDATE jobs_more SET status = 'new'").await;
}

#[tokio::test]
#[ignore = "needs PostgreSQL 15: run by tests/run"]
async fn a_write_to_a_partition_says_what_was_renamed_as_one_to_the_table_does() {
    let (_, mut db) = guarded(BY_STATUS).await;
    ok(&mut db, "INSERT INTO jobs VALUES ('a', 'new')").await;
    for (from, to) in [("status", "state"), ("id", "job")] {
        ok(&mut db, &format!("ALTER TABLE jobs RENAME COLUMN {from} TO {to}")).await;
        let clear =
            format!("phasegate's guard of jobs judges by a column that is not there: {from}");
        for sql in [
            "INSERT INTO jobs_open VALUES ('b', 'new')",
            "UPDATE jobs_open SET n = 1",
            "DELETE FROM jobs_open",
            "INSERT INTO jobs VALUES ('b', 'new')",
            "UPDATE jobs SET n = 1",
            "DELETE FROM jobs",
        ] {
            assert_eq!(db.run(sql).await.expect_err(sql), clear, "{sql}");
        }
        ok(&mut db, &format!("ALTER TABLE jobs RENAME COLUMN {to} TO {from}")).await;
    }
    ok(&mut db, "ALTER TABLE jobs RENAME TO others; ALTER TABLE jobs_open RENAME TO open").await;
    ok(&mut db, "INSERT INTO open VALUES ('b', 'new'); UPDATE open SET status = 'busy'").await;
    refused(&mut db, "UPDATE open SET status = 'new'", "illegal transition of job").await;
    // It moves to another partition as before.
    ok(&mut db, "UPDATE others SET status = 'done' WHERE id = 'b'").await;
    assert_eq!(history(&mut db, "b").await, ">new new>busy busy>done");
    refused(&mut db, "UPDATE others SET status = 'new' WHERE id = 'b'", "illegal transition").await;
    refused(&mut db, "INSERT INTO jobs_done VALUES ('c', 'done')", "illegal start").await;
}

#[tokio::test]
#[ignore = "needs PostgreSQL 15: run by tests/run"]
async fn the_setting_of_a_move_opens_no_table_that_is_not_partitioned() {
    let (_, mut db) = guarded(TABLE).await;
    ok(&mut db, "INSERT INTO jobs VALUES ('a', 'new'); DELETE FROM jobs").await;
    ok(&mut db, "SET phasegate.job_moving = '1'; SET phasegate.forcing = 'on'").await;
    let again = "INSERT INTO jobs VALUES ('a', 'busy')";
    refused(&mut db, again, "illegal start").await;
    refused(&mut db, "INSERT INTO jobs VALUES ('a', 'new')", "the key of jobs cannot be used")
        .await;
}

/// Runs one of PostgreSQL's own programs against a database.
pub(crate) fn program(name: &str, url: &str, arguments: &[&str]) -> Output {
    Command::new(bin().join(name)).args(arguments).arg(url).output().unwrap()
}

/// What `pg_dump` writes, without the commands of `psql`'s own.
pub(crate) fn dump(url: &str, arguments: &[&str]) -> String {
    let dumped = program("pg_dump", url, arguments);
    assert!(dumped.status.success(), "{}", String::from_utf8_lossy(&dumped.stderr));
    let text = String::from_utf8(dumped.stdout).unwrap();
    text.lines().filter(|line| !line.starts_with('\\')).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
#[ignore = "needs PostgreSQL 15: run by tests/run"]
async fn a_dump_of_the_schema_alone_guards_what_it_is_restored_to() {
    for table in [TABLE, BY_STATUS] {
        let (url, mut db) = guarded(table).await;
        ok(&mut db, "INSERT INTO jobs VALUES ('a', 'new'); UPDATE jobs SET status = 'busy'").await;
        let other = database().await;
        ok(&mut sql::connect(&other).await, &dump(&url, &["--schema-only"])).await;
        let mut restored = sql::connect(&other).await;
        ok(&mut restored, "INSERT INTO jobs VALUES ('b', 'new')").await;
        ok(&mut restored, "UPDATE jobs SET status = 'busy'; UPDATE jobs SET status = 'done'").await;
        refused(&mut restored, "UPDATE jobs SET status = 'new'", "illegal transition").await;
        assert_eq!(history(&mut restored, "b").await, ">new new>busy busy>done");
    }
}

#[tokio::test]
#[ignore = "needs PostgreSQL 15: run by tests/run"]
async fn a_dump_without_privileges_guards_and_lets_everyone_force_until_they_are_revoked_again() {
    let (url, _) = guarded(TABLE).await;
    let other = database().await;
    let bare = ["--schema-only", "--no-privileges", "--no-owner"];
    ok(&mut sql::connect(&other).await, &dump(&url, &bare)).await;
    let mut restored = sql::connect(&other).await;
    ok(&mut restored, "INSERT INTO jobs VALUES ('b', 'new')").await;
    refused(&mut restored, "UPDATE jobs SET status = 'done'", "illegal transition").await;
    let may = "SELECT has_function_privilege('public', 'job_force(text, text, text, jsonb)', 'EXECUTE')::text,
               has_function_privilege('public', 'job_step(text, text, text, text)', 'EXECUTE')::text,
               has_function_privilege('public', 'job_set_mode(text)', 'EXECUTE')::text";
    let all = |may: &str| vec![vec![Some(may.to_owned()); 3]];
    assert_eq!(restored.rows(may).await, all("true"));
    let schema = jobs("");
    let starts = schema.match_indices("\nREVOKE ").map(|(at, _)| &schema[at..]);
    for revoke in starts.map(|rest| rest.split(';').next().unwrap()) {
        ok(&mut restored, revoke).await;
    }
    assert_eq!(restored.rows(may).await, all("false"));
}

#[tokio::test]
#[ignore = "needs PostgreSQL 15: run by tests/run"]
async fn a_whole_dump_by_a_role_that_only_reads_comes_back_with_its_history() {
    let (url, mut db) = guarded(TABLE).await;
    ok(&mut db, "INSERT INTO jobs VALUES ('a', 'new'); UPDATE jobs SET status = 'busy'").await;
    let name = url.rsplit('/').next().unwrap();
    let role = format!("backup_{name}");
    ok(&mut db, &format!("CREATE ROLE {role} LOGIN IN ROLE pg_read_all_data")).await;
    let dumped = dump(&url.replace("postgres@", &format!("{role}@")), &["--inserts"]);
    ok(&mut db, &format!("DROP ROLE {role}")).await;
    let other = database().await;
    ok(&mut sql::connect(&other).await, &dumped).await;
    let mut restored = sql::connect(&other).await;
    refused(&mut restored, "UPDATE jobs SET status = 'new'", "illegal transition").await;
    ok(&mut restored, "UPDATE jobs SET status = 'done'").await;
    assert_eq!(history(&mut restored, "a").await, ">new new>busy busy>done");
}

#[tokio::test]
#[ignore = "needs PostgreSQL 15: run by tests/run"]
async fn the_type_of_the_application_s_column_is_its_own_to_change() {
    let (url, mut db) = guarded(TABLE).await;
    let mut open = sql::connect(&url).await;
    ok(&mut open, "INSERT INTO jobs VALUES ('a', 'new'), ('b', 'new'), ('c', 'new')").await;
    ok(&mut open, "UPDATE jobs SET status = 'busy' WHERE id = 'a'").await;
    let back = "UPDATE jobs SET status = 'new' WHERE id = 'a'";
    for change in ["status TYPE varchar(40)", "id TYPE varchar(40)", "n TYPE bigint"] {
        refused(&mut open, back, "illegal transition").await;
        ok(&mut db, &format!("ALTER TABLE jobs ALTER COLUMN {change}")).await;
    }
    // A session that judged before goes on, and one that takes its own change back.
    ok(&mut open, "UPDATE jobs SET status = 'done' WHERE id = 'a'").await;
    ok(&mut open, "INSERT INTO jobs VALUES ('d', 'new'); DELETE FROM jobs WHERE id = 'd'").await;
    let undone = "ALTER TABLE jobs ALTER COLUMN status TYPE text; UPDATE jobs SET status = 'busy' WHERE id = 'b'";
    ok(&mut open, &format!("BEGIN; {undone}; ROLLBACK")).await;
    ok(&mut open, "UPDATE jobs SET status = 'busy' WHERE id = 'b'").await;
    // So does one whose search path is another by then.
    ok(&mut open, "SET search_path = pg_catalog").await;
    ok(&mut db, "ALTER TABLE jobs ALTER COLUMN status TYPE text").await;
    ok(&mut open, "UPDATE public.jobs SET status = 'busy' WHERE id = 'c'; RESET search_path").await;
    refused(&mut open, back, "illegal transition").await;
    assert_eq!(history(&mut db, "a").await, ">new new>busy busy>done");
    assert_eq!(history(&mut db, "b").await, ">new new>busy");
    let mut fresh = sql::connect(&url).await;
    refused(&mut fresh, back, "illegal transition").await;
}

#[tokio::test]
#[ignore = "needs PostgreSQL 15: run by tests/run"]
async fn a_key_may_grow_while_sessions_that_judged_before_are_open() {
    let parted = "CREATE TABLE jobs (id integer, status text, n integer, PRIMARY KEY (id, n)) PARTITION BY LIST (n);
                  CREATE TABLE jobs_1 PARTITION OF jobs FOR VALUES IN (1)";
    let plain = "CREATE TABLE jobs (id integer PRIMARY KEY, status text, n integer)";
    for table in [plain, parted] {
        let url = database().await;
        let (mut db, mut open) = (sql::connect(&url).await, sql::connect(&url).await);
        ok(&mut db, table).await;
        ok(&mut db, &jobs("key_type = 'bigint'")).await;
        let step = "INSERT INTO jobs VALUES (1, 'new', 1); UPDATE jobs SET status = 'busy'";
        ok(&mut open, step).await;
        ok(&mut db, "ALTER TABLE jobs ALTER COLUMN id TYPE bigint").await;
        ok(
            &mut open,
            "UPDATE jobs SET status = 'done'; INSERT INTO jobs VALUES (1 + 2 ^ 40, 'new', 1)",
        )
        .await;
        refused(&mut open, "UPDATE jobs SET id = 2 WHERE id = 1", "the key of jobs cannot change")
            .await;
    }
}

#[tokio::test]
#[ignore = "needs PostgreSQL 15: run by tests/run"]
async fn a_table_that_was_renamed_is_observed_as_before() {
    let mut db = sql::connect(&database().await).await;
    ok(&mut db, TABLE).await;
    ok(&mut db, &jobs("mode = 'observe'")).await;
    ok(&mut db, "INSERT INTO jobs VALUES ('a', 'new'); ALTER TABLE jobs RENAME TO others").await;
    ok(&mut db, "UPDATE others SET status = 'busy'; UPDATE others SET status = 'new'").await;
    assert_eq!(history(&mut db, "a").await, ">new new>busy busy>new");
}

#[tokio::test]
#[ignore = "needs PostgreSQL 15: run by tests/run"]
async fn row_security_that_binds_the_owner_too_hinders_no_legal_step() {
    let (url, mut db) = guarded(TABLE).await;
    let role = format!("secured_{}", url.rsplit('/').next().unwrap());
    ok(
        &mut db,
        &format!(
            "CREATE ROLE owner_{role}; CREATE ROLE {role}; GRANT SELECT, INSERT, UPDATE ON jobs TO {role};
             GRANT SELECT ON job_events TO {role}; GRANT CREATE, USAGE ON SCHEMA public TO owner_{role};
             ALTER TABLE jobs OWNER TO owner_{role};
             ALTER TABLE jobs ENABLE ROW LEVEL SECURITY; ALTER TABLE jobs FORCE ROW LEVEL SECURITY;
             CREATE POLICY theirs ON jobs TO {role} USING (true) WITH CHECK (true); SET ROLE {role}"
        ),
    )
    .await;
    ok(&mut db, "INSERT INTO jobs VALUES ('a', 'new'); UPDATE jobs SET status = 'busy'").await;
    refused(&mut db, "UPDATE jobs SET status = 'new'", "illegal transition").await;
    assert_eq!(history(&mut db, "a").await, ">new new>busy");
    let all = format!(
        "RESET ROLE; DROP TABLE jobs; DROP OWNED BY {role}, owner_{role}; DROP ROLE {role}, owner_{role}"
    );
    ok(&mut db, &all).await;
}

/// Row security that hides rows from the owner, too, who is no superuser.
#[tokio::test]
#[ignore = "needs PostgreSQL 15: run by tests/run"]
async fn what_counts_rows_sees_all_of_them_or_says_that_it_does_not() {
    let url = database().await;
    let mut db = sql::connect(&url).await;
    let role = format!("hidden_{}", url.rsplit('/').next().unwrap());
    ok(
        &mut db,
        &format!(
            "CREATE ROLE {role} LOGIN; GRANT CREATE, USAGE ON SCHEMA public TO {role}; SET ROLE {role};
             CREATE TABLE jobs (id text, status text); CREATE INDEX ON jobs (id);
             INSERT INTO jobs VALUES ('a', 'done'), ('b', 'lost'), ('b', 'lost')"
        ),
    )
    .await;
    let forced = |word| format!("ALTER TABLE jobs {word} ROW LEVEL SECURITY");
    ok(&mut db, &format!("{}; {}", forced("ENABLE"), forced("FORCE"))).await;
    let hidden = "query would be affected by row-level security policy for table \"jobs\"";
    // What each count finds once it sees the rows, and what mends that: the one counts where no index is unique,
    // the other where the guard enforces.
    for (mode, found, mend) in [
        (
            "mode = 'observe'",
            "1 key stands in several rows",
            "DELETE FROM jobs WHERE ctid = '(0,3)'; CREATE UNIQUE INDEX ON jobs (id)",
        ),
        ("", "1 row of jobs is in a state that the table lacks", "UPDATE jobs SET status = 'done'"),
    ] {
        let install = format!("BEGIN; {}; COMMIT", jobs(mode));
        let said = db.run(&install).await.unwrap_err();
        ok(&mut db, &format!("ROLLBACK; {}", forced("NO FORCE"))).await;
        assert_eq!(said, hidden, "before: {found}");
        let said = db.run(&install).await.unwrap_err();
        assert!(said.contains(found), "{said}");
        ok(&mut db, &format!("ROLLBACK; {mend}; {}", forced("FORCE"))).await;
    }
    ok(&mut db, &format!("{}; BEGIN; {}", forced("NO FORCE"), jobs(""))).await;
    let setting = db.rows("SELECT current_setting('row_security')").await;
    assert_eq!(setting, [[Some("on".to_owned())]]);
    ok(&mut db, "COMMIT; DELETE FROM jobs WHERE id = 'b'").await;
    // A row that it does not see is not taken for one that is gone.
    ok(&mut db, &forced("FORCE")).await;
    let prune = "SELECT job_prune(now() + interval '1 hour')::text";
    assert_eq!(db.run(prune).await.unwrap_err(), hidden);
    let (_folder, loaded) = crate::common::live::loaded(&table(""));
    let theirs = url.replace("postgres@", &format!("{role}@"));
    let said = away(live::look(&loaded, &theirs).await);
    assert!(said.contains(hidden), "{said}");
    ok(&mut db, &forced("NO FORCE")).await;
    assert_eq!(db.rows(prune).await, [[Some("1".to_owned())]]);
    let found = looked(live::look(&loaded, &theirs).await);
    assert_eq!((found.findings.len(), found.rows.get("done")), (0, Some(&1)), "{found:?}");
    // Nor is it left behind under a name that a state had.
    ok(
        &mut db,
        "INSERT INTO jobs VALUES ('c', 'new'); UPDATE jobs SET status = 'busy' WHERE id = 'c'",
    )
    .await;
    let renamed =
        table("").replace("{ name = 'busy' }", "{ name = 'held', renamed_from = 'busy' }");
    let [was, is] =
        [table(""), renamed.replace("'busy',", "'held',")].map(|text| sql::machine(&text));
    let mut stopped = 0;
    for file in migrations(&[&was], &is, Dialect::Postgres).unwrap() {
        let file = format!("BEGIN; {}; COMMIT", file.text);
        ok(&mut db, &forced("FORCE")).await;
        if let Err(said) = db.run(&file).await {
            assert_eq!(said, hidden);
            stopped += 1;
            ok(&mut db, &format!("ROLLBACK; {}; {file}", forced("NO FORCE"))).await;
        }
    }
    ok(&mut db, &forced("NO FORCE")).await;
    assert_eq!(
        (stopped, db.rows("SELECT status FROM jobs WHERE id = 'c'").await),
        (1, vec![vec![Some("held".to_owned())]])
    );
    ok(&mut db, &format!("RESET ROLE; DROP OWNED BY {role}; DROP ROLE {role}")).await;
}
