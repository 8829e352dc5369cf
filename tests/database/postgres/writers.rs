//! Several writers at once.

use phasegate_codegen::Machine;
use phasegate_codegen::emit::sql::{Dialect, migrations};

use super::ROWS;
use crate::common::cluster::database;
use crate::common::sql::{self, Db as _, Row, history, ok, refused};

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

/// What error a writer gets, or how its step is marked, that the guard has judged when a migration is
/// committed, and the history not yet written: a trigger of the test's holds it up in between.
async fn held_up_while_it_migrates(
    old: &Machine,
    new: &Machine,
    step: &str,
) -> Result<Option<String>, String> {
    let url = database().await;
    let (mut one, mut two) = (sql::connect(&url).await, sql::connect(&url).await);
    ok(&mut one, "CREATE TABLE runs (id text PRIMARY KEY, status text)").await;
    ok(&mut one, &sql::schema(old, Dialect::Postgres)).await;
    ok(
        &mut one,
        "INSERT INTO runs VALUES ('a', 'off');
         CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS
           $$ BEGIN PERFORM pg_advisory_xact_lock(1); RETURN NEW; END $$;
         CREATE TRIGGER \" first\" BEFORE INSERT ON run_events FOR EACH ROW EXECUTE FUNCTION wait();
         SELECT pg_advisory_lock(1)",
    )
    .await;
    let step = step.to_owned();
    let writer = tokio::spawn(async move { two.run(&step).await });
    // Other tests have databases of the same server.
    let waits = "SELECT '' FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    while one.rows(waits).await.is_empty() {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    for file in migrations(&[old], new, Dialect::Postgres).unwrap() {
        ok(&mut one, &format!("BEGIN; {}; COMMIT", file.text)).await;
    }
    ok(&mut one, "SELECT pg_advisory_unlock(1)").await;
    writer.await.unwrap()?;
    let last = "SELECT observed FROM run_events ORDER BY seq DESC LIMIT 1";
    Ok(one.rows(last).await.remove(0).remove(0))
}

#[tokio::test]
#[ignore = "needs PostgreSQL 15: run by tests/run"]
async fn a_step_that_was_judged_before_a_migration_is_told_so() {
    let starts = |rows: &str, initial: &str, mode: &str| {
        sql::machine(&format!(
            "format = 1\nmachine = {{ name = 'run', initial = [{initial}] }}
             state = [{{ name = 'off' }}, {{ name = 'on' }}, {{ name = 'out' }}]
             transition = [{{ from = ['off', 'on'], to = 'out' }}, {rows}]
             [target.sql]\nowns = false\nstorage = 'text'\nmode = '{mode}'"
        ))
    };
    let table = |rows: &str, mode: &str| starts(rows, "'off', 'on'", mode);
    let (on, stay) = ("{ from = 'off', to = 'on' }", "{ from = 'off', to = 'off' }");
    let all = table(&format!("{on}, {stay}"), "enforce");
    let enforces = |rows: &str| table(rows, "enforce");
    let fewer_starts = format!("{on}, {stay}");
    for (step, pair, left) in [
        ("UPDATE runs SET status = 'on'", "off -> on of a", enforces(stay)),
        ("UPDATE runs SET status = status", "off -> off of a", enforces(on)),
        (
            "INSERT INTO runs VALUES ('b', 'on')",
            "nothing -> on of b",
            starts(&fewer_starts, "'off'", "enforce"),
        ),
    ] {
        let said = held_up_while_it_migrates(&all, &left, step).await.unwrap_err();
        let told = format!(
            "phasegate: the rules of run changed while a step was judged: {pair}; try again"
        );
        assert_eq!(said, told);
    }
    // One that is legal by either goes through, and whatever it is where nothing is refused.
    let step = "UPDATE runs SET status = 'on'";
    let legal = held_up_while_it_migrates(&all, &table(on, "enforce"), step).await;
    assert_eq!(legal, Ok(None));
    let [observes, later] = [on, "{ from = 'on', to = 'off' }"].map(|rows| table(rows, "observe"));
    let stays = table(&format!("{on}, {stay}"), "observe");
    let fewer = starts(on, "'off'", "observe");
    for (before, after, step) in [
        (&observes, &later, step),
        (&stays, &observes, "UPDATE runs SET status = status"),
        (&observes, &fewer, "INSERT INTO runs VALUES ('b', 'on')"),
    ] {
        // It was legal by the rules that its event names.
        assert_eq!(held_up_while_it_migrates(before, after, step).await, Ok(None), "{step}");
    }
    // One that the guard let through while it observed.
    let illegal = "INSERT INTO runs VALUES ('b', 'out')";
    let enforces = table(on, "enforce");
    let said = held_up_while_it_migrates(&observes, &enforces, illegal).await.unwrap_err();
    let told = "phasegate: the guard of runs enforces since it let a step through: nothing -> out of \
                b; try again";
    assert_eq!(said, told);
}

#[tokio::test]
#[ignore = "needs PostgreSQL 15: run by tests/run"]
async fn while_a_state_is_renamed_nobody_else_goes_from_name_to_name_unseen() {
    let table = |name: &str, more: &str| {
        sql::machine(
            &sql::SWITCH
                .replace("{ name = \"on\" }", &format!("{{ name = \"{name}\"{more} }}"))
                .replace("\"on\"", &format!("\"{name}\""))
                .replace("[target.sql]", "[target.sql]\nstorage = 'text'"),
        )
    };
    let (old, new) = (table("on", ""), table("lit", ", renamed_from = 'on'"));
    let mut db = sql::connect(&database().await).await;
    ok(&mut db, &sql::schema(&old, Dialect::Postgres)).await;
    ok(&mut db, "INSERT INTO runs (id) VALUES ('a'), ('b'); UPDATE runs SET status = 'on'").await;
    let renames = "SELECT language, state, name_now FROM run_renames WHERE language = ''";
    for file in migrations(&[&old], &new, Dialect::Postgres).unwrap() {
        let own = "UPDATE runs SET status = 'lit' WHERE id = 'a'";
        refused(&mut db, own, if file.name == "rename_run_begin" { "unknown" } else { "illegal" })
            .await;
        ok(&mut db, &format!("BEGIN; {}; COMMIT", file.text)).await;
        assert_eq!(db.rows(renames).await, Vec::<Row>::new());
    }
    let rows = db.rows("SELECT status FROM runs").await;
    assert_eq!(rows, [[Some("lit".to_owned())], [Some("lit".to_owned())]]);
    ok(&mut db, "UPDATE runs SET status = 'off'").await;
    let steps = "SELECT from_state, to_state FROM run_events WHERE run_key = 'a' ORDER BY seq";
    let steps: Vec<String> = db
        .rows(steps)
        .await
        .into_iter()
        .map(|row| row.into_iter().flatten().collect::<Vec<_>>().join(">"))
        .collect();
    assert_eq!(steps, ["off", "off>on", "lit>off"]);
}
