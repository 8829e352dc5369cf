//! The one door for reports, through the library: crowds, other instances, and the caller's own
//! transaction.

use crate::common::backend::world::{Database, World};
use phasegate::store::{Error, Start, TokenCheck};
use phasegate::{Answer, Report, Schema};
use std::collections::BTreeSet;

on_each_database! {
    loses_no_transition_and_no_audit_row_in_a_crowd
    counts_each_lap_once_however_often_it_is_delivered
    judges_again_on_what_another_left
    gives_the_state_that_it_judged_on
    does_a_callers_work_and_the_report_together
    applies_a_report_on_any_connection
    leaves_a_callers_transaction_usable_after_a_refusal
    takes_back_a_callers_report_with_the_rest
    starts_a_row_by_a_key_once
    starts_no_row_in_a_state_that_is_not_initial
    opens_a_row_to_its_own_token_alone
    judges_nothing_where_the_history_was_left_behind
}

/// A race's table: what it knows between its start and its end, and its transitions.
fn race(between: &str, transitions: &str) -> String {
    format!(
        "format = 1\nmachine = {{ name = 'race', initial = 'ready' }}\n\
         state = [{{ name = 'ready' }}, {{ name = 'running' }},\n{between}\
         {{ name = 'done', outcome = 'success' }}]\ntransition = [{transitions}]\n[target.sql]\n"
    )
}

/// With a declared self-transition, and a way back.
fn laps(database: Database) -> World {
    let table = race(
        "",
        "{ path = ['ready', 'running', 'running', 'ready'] }, { path = ['running', 'done'] }",
    );
    World::of(database, &table, &table, Schema::named("race"))
}

fn start(world: &World) -> String {
    world.run(world.store.start(&*world.machine, &Start::default())).unwrap().id
}

#[track_caller]
fn apply(world: &World, id: &str, status: &str) -> Answer {
    let report = Report::new(status);
    world.run(world.store.apply_callback(&*world.machine, id, &report)).unwrap()
}

fn loses_no_transition_and_no_audit_row_in_a_crowd(database: Database) {
    const TASKS: usize = 40;
    let world = laps(database);
    let id = start(&world);
    // Two instances, and reports that contradict each other as much as they like.
    let stores = [world.store.clone(), world.other_store()];
    let answers = world.run(async {
        let tasks: Vec<_> = (0..TASKS)
            .map(|task| {
                let (store, id) = (stores[task % 2].clone(), id.clone());
                let machine = world.machine.clone();
                let mut report = Report::new(["running", "ready"][task / 2 % 2]);
                report.event_id = Some(task.to_string());
                tokio::spawn(async move { store.apply_callback(&*machine, &id, &report).await })
            })
            .collect();
        let mut answers = Vec::new();
        for task in tasks {
            answers.push(task.await.unwrap().unwrap());
        }
        answers
    });
    let applied: BTreeSet<i64> = answers
        .iter()
        .filter_map(
            |answer| {
                if let Answer::Applied { seq, .. } = answer { Some(*seq) } else { None }
            },
        )
        .collect();
    let refused = answers.iter().filter(|answer| answer.as_str() == "illegal-transition").count();
    let snapshot = world.run(world.store.snapshot(&*world.machine, &id)).unwrap().unwrap();
    for answer in &answers {
        if let Answer::Applied { from, status, seq } = answer {
            let event = &snapshot.events[usize::try_from(*seq).unwrap() - 1];
            assert_eq!(event.from.as_ref(), Some(from), "what it was judged on is what it left");
            assert_eq!(&event.to, status);
        }
    }
    let seqs: Vec<i64> = snapshot.events.iter().map(|event| event.seq).collect();
    assert_eq!(seqs, (1..=snapshot.seq).collect::<Vec<_>>(), "no gap");
    assert_eq!(applied, (2..=snapshot.seq).collect(), "each transition was one report's");
    for pair in snapshot.events.windows(2) {
        assert_eq!(pair[1].from.as_deref(), Some(pair[0].to.as_str()), "each on the one before");
    }
    assert_eq!(snapshot.events.last().unwrap().to, snapshot.status);
    let reports = world.run(world.store.reports(&id)).unwrap();
    let rows = reports.iter().filter(|report| report.answer == "applied").count();
    assert_eq!(rows, snapshot.events.len(), "each transition has its audit row, and no more");
    assert_eq!(reports.len() - rows, refused, "and each refusal its own");
    assert!(!applied.is_empty());
    world.run(stores[1].close());
}

fn counts_each_lap_once_however_often_it_is_delivered(database: Database) {
    let world = laps(database);
    let id = start(&world);
    apply(&world, &id, "running");
    let answers = world.run(async {
        let tasks: Vec<_> = (0..24)
            .map(|task| {
                let (store, id, machine) = (world.store.clone(), id.clone(), world.machine.clone());
                let mut report = Report::new("running");
                report.event_id = Some(format!("lap {}", task % 4));
                tokio::spawn(async move { store.apply_callback(&*machine, &id, &report).await })
            })
            .collect();
        let mut answers = Vec::new();
        for task in tasks {
            answers.push(task.await.unwrap().unwrap());
        }
        answers
    });
    let applied = answers.iter().filter(|answer| answer.as_str() == "applied").count();
    let repeated = answers.iter().filter(|answer| answer.as_str() == "duplicate").count();
    assert_eq!((applied, repeated), (4, 20));
    let snapshot = world.run(world.store.snapshot(&*world.machine, &id)).unwrap().unwrap();
    assert_eq!(snapshot.seq, 2 + 4);
    let Answer::Applied { from, status, .. } = apply(&world, &id, "running") else {
        panic!("a declared self-transition under no id is a transition like any other")
    };
    assert_eq!((from.as_str(), status.as_str()), ("running", "running"));
}

fn judges_again_on_what_another_left(database: Database) {
    let world = laps(database);
    let id = start(&world);
    world.sql(&format!("UPDATE races SET status = 'running' WHERE id = '{id}'"));
    let done = Answer::Applied { status: "done".into(), from: "running".into(), seq: 3 };
    assert_eq!(apply(&world, &id, "done"), done);
    let snapshot = world.run(world.store.snapshot(&*world.machine, &id)).unwrap().unwrap();
    assert_eq!(snapshot.events[1].job, None, "plain SQL leaves a transition without a report");
}

fn gives_the_state_that_it_judged_on(database: Database) {
    let world = laps(database);
    let id = start(&world);
    let illegal = Answer::Illegal {
        from: "ready".into(),
        to: "done".into(),
        allowed: vec!["running".into()],
        unguarded: false,
    };
    assert_eq!(apply(&world, &id, "done"), illegal);
    assert_eq!(apply(&world, "nobody", "done"), Answer::NotFound);
    apply(&world, &id, "running");
    apply(&world, &id, "done");
    let ended = Answer::Ended { from: "done".into(), to: "ready".into() };
    assert_eq!(apply(&world, &id, "ready"), ended);
}

/// Runs the body in a transaction of the caller's, on either database.
macro_rules! in_a_transaction {
    ($world:expr, $database:expr, |$transaction:ident| $body:expr) => {
        match $database {
            Database::Sqlite => {
                let pool = sqlx::SqlitePool::connect(&$world.database_url).await.unwrap();
                let mut $transaction = pool.begin_with("BEGIN IMMEDIATE").await.unwrap();
                $body
            }
            Database::Postgres => {
                let pool = sqlx::PgPool::connect(&$world.database_url).await.unwrap();
                let mut $transaction = pool.begin().await.unwrap();
                $body
            }
        }
    };
}

fn does_a_callers_work_and_the_report_together(database: Database) {
    let world = laps(database);
    world.sql("CREATE TABLE notes (note text)");
    let id = start(&world);
    let (store, machine) = (&world.store, &*world.machine);
    world.run(async {
        in_a_transaction!(world, database, |transaction| {
            let note = sqlx::query("INSERT INTO notes VALUES ('one')");
            note.execute(&mut *transaction).await.unwrap();
            let report = Report::new("running");
            let answer = store.apply_callback_in(&mut transaction, machine, &id, &report).await;
            assert_eq!(answer.unwrap().as_str(), "applied");
            transaction.commit().await.unwrap();
        });
    });
    assert_eq!(world.count("SELECT count(*) FROM notes"), 1);
    assert_eq!(world.count("SELECT count(*) FROM races WHERE status = 'running'"), 1);
}

/// One that is in no transaction gets one for the report; one that was begun by plain SQL stays in it.
fn applies_a_report_on_any_connection(database: Database) {
    let world = laps(database);
    let (store, machine) = (&world.store, &*world.machine);
    let (bare, pooled, begun) = (start(&world), start(&world), start(&world));
    let (run, done) = (Report::new("running"), Report::new("done"));
    macro_rules! tries {
        ($connection:ty, $pool:ty) => {{
            let mut connection = <$connection>::connect(&world.database_url).await.unwrap();
            let answer = store.apply_callback_in(&mut connection, machine, &bare, &run).await;
            assert_eq!(answer.unwrap().as_str(), "applied");
            let status = store.snapshot(machine, &bare).await.unwrap().unwrap().status;
            assert_eq!(status, "running", "others see it");

            let pool = <$pool>::connect(&world.database_url).await.unwrap();
            let mut from_pool = pool.acquire().await.unwrap();
            let answer = store.apply_callback_in(&mut from_pool, machine, &pooled, &run).await;
            assert_eq!(answer.unwrap().as_str(), "applied");
            drop(from_pool);
            let status = store.snapshot(machine, &pooled).await.unwrap().unwrap().status;
            assert_eq!(status, "running");
            pool.close().await;

            for end in ["ROLLBACK", "COMMIT"] {
                connection.execute("BEGIN").await.unwrap();
                for report in [&run, &done] {
                    let answer = store.apply_callback_in(&mut connection, machine, &begun, report);
                    assert_eq!(answer.await.unwrap().as_str(), "applied");
                }
                connection.execute(end).await.unwrap();
                let status = store.snapshot(machine, &begun).await.unwrap().unwrap().status;
                assert_eq!(status, if end == "COMMIT" { "done" } else { "ready" });
            }
            connection.close().await.unwrap();
        }};
    }
    world.run(async {
        use sqlx::{Connection as _, Executor as _};
        match database {
            Database::Sqlite => tries!(sqlx::SqliteConnection, sqlx::SqlitePool),
            Database::Postgres => tries!(sqlx::PgConnection, sqlx::PgPool),
        }
    });
}

fn leaves_a_callers_transaction_usable_after_a_refusal(database: Database) {
    let stops = "{ name = 'stopped', outcome = 'failure' },\n";
    let stored =
        race(stops, "{ path = ['ready', 'running', 'done'] }, { path = ['running', 'stopped'] }");
    // The backend has one state more, and one transition.
    let judges = race(
        &format!("{{ name = 'newer' }},\n{stops}"),
        "{ path = ['ready', 'running', 'done'] }, { path = ['ready', 'newer', 'done'] },\n\
         { from = ['ready', 'running'], to = 'stopped' }",
    );
    let world = World::of(database, &stored, &judges, Schema::named("race"));
    let id = start(&world);
    let (store, machine) = (&world.store, &*world.machine);
    world.run(async {
        in_a_transaction!(world, database, |transaction| {
            // Refused by the machine, by the database for the transition, and for the state.
            for (status, answer) in [
                ("done", "illegal-transition"),
                ("stopped", "illegal-transition"),
                ("newer", "unknown-status"),
                ("running", "applied"),
            ] {
                let report = Report::new(status);
                let given = store.apply_callback_in(&mut transaction, machine, &id, &report).await;
                assert_eq!(given.unwrap().as_str(), answer, "{status}");
            }
            transaction.commit().await.unwrap();
        });
    });
    let reports = world.run(store.reports(&id)).unwrap();
    let answers: Vec<_> = reports.iter().map(|report| report.answer.as_str()).collect();
    let all = ["applied", "illegal-transition", "illegal-transition", "unknown-status", "applied"];
    assert_eq!(answers, all);
}

fn takes_back_a_callers_report_with_the_rest(database: Database) {
    let world = laps(database);
    let id = start(&world);
    let (store, machine) = (&world.store, &*world.machine);
    world.run(async {
        in_a_transaction!(world, database, |transaction| {
            let report = Report::new("running");
            let answer = store.apply_callback_in(&mut transaction, machine, &id, &report).await;
            assert_eq!(answer.unwrap().as_str(), "applied");
            transaction.rollback().await.unwrap();
        });
    });
    let snapshot = world.run(store.snapshot(machine, &id)).unwrap().unwrap();
    assert_eq!((snapshot.status.as_str(), snapshot.seq), ("ready", 1));
    assert_eq!(world.run(store.reports(&id)).unwrap().len(), 1);
}

fn starts_a_row_by_a_key_once(database: Database) {
    let world = laps(database);
    let mine = Start::new().id("mine é/1");
    let started = world.run(world.store.start(&*world.machine, &mine)).unwrap();
    assert_eq!(started.id, "mine é/1");
    let again = world.run(world.store.start(&*world.machine, &mine));
    assert!(matches!(again, Err(Error::Exists(id)) if id == "mine é/1"));
    world.sql("DELETE FROM races");
    let again = world.run(world.store.start(&*world.machine, &mine));
    assert!(matches!(again, Err(Error::Exists(_))), "a history outlives its row");
}

fn starts_no_row_in_a_state_that_is_not_initial(database: Database) {
    let world = laps(database);
    let start = |status: &str| {
        let start = Start::new().status(status);
        world.run(world.store.start(&*world.machine, &start))
    };
    match start("done") {
        Err(Error::Start { known: true, allowed, .. }) => assert_eq!(allowed, ["ready"]),
        other => panic!("{other:?}"),
    }
    match start("newer") {
        Err(Error::Start { known: false, allowed, .. }) => {
            assert_eq!(allowed, ["ready", "running", "done"]);
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(world.count("SELECT count(*) FROM race_reports"), 0);
}

fn opens_a_row_to_its_own_token_alone(database: Database) {
    let world = laps(database);
    let new = || world.run(world.store.start(&*world.machine, &Start::default())).unwrap();
    let (one, two) = (new(), new());
    let check = |id: &str, token: &str| world.run(world.store.check_token(id, token)).unwrap();
    let token = one.token.unwrap();
    assert_eq!(check(&one.id, &token), TokenCheck::Valid);
    assert_eq!(check(&two.id, &token), TokenCheck::Foreign);
    assert_eq!(check("nobody", &token), TokenCheck::Foreign);
    assert_eq!(check(&one.id, "x"), TokenCheck::Unknown);
    let stored = world.count("SELECT count(*) FROM races WHERE length(token_hash) = 32");
    assert_eq!(stored, 2, "hashes, not tokens");
}

fn judges_nothing_where_the_history_was_left_behind(database: Database) {
    let world = laps(database);
    let id = start(&world);
    match database {
        Database::Sqlite => world
            .sql(r#"DROP TRIGGER "000_race_guard_update"; DROP TRIGGER "000_race_guard_update_logged"; UPDATE races SET status = 'running'"#),
        Database::Postgres => world
            .sql(r#"ALTER TABLE races DISABLE TRIGGER ALL; UPDATE races SET status = 'running'"#),
    }
    let report = Report::new("done");
    let answer = world.run(world.store.apply_callback(&*world.machine, &id, &report));
    assert!(matches!(answer, Err(Error::Schema(_))), "{answer:?}");
    if database == Database::Postgres {
        world.sql("ALTER TABLE races ENABLE TRIGGER ALL");
        let answer = world.run(world.store.apply_callback(&*world.machine, &id, &report));
        assert!(matches!(answer, Err(Error::Schema(_))), "{answer:?}");
    }
    assert_eq!(world.count("SELECT count(*) FROM races WHERE status = 'running'"), 1);
    assert_eq!(world.count("SELECT count(*) FROM race_events"), 1);
}

/// A guard that refuses so often what it allows: a sequence is not taken back with what failed.
fn refuses(times: u8) -> String {
    format!(
        "CREATE SEQUENCE refused;
         CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
           IF nextval('refused') <= {times} THEN RAISE EXCEPTION USING ERRCODE = '23514', MESSAGE =
             'phasegate: illegal transition of race: ready -> running; legal: none';
           END IF; RETURN NEW; END $$;
         CREATE TRIGGER refuses BEFORE UPDATE ON races FOR EACH ROW EXECUTE FUNCTION refuse()"
    )
}

#[test]
#[ignore = "needs PostgreSQL: run by tests/run"]
fn judges_again_what_a_migration_allowed_a_moment_after_it_was_refused() {
    let world = laps(Database::Postgres);
    let id = start(&world);
    world.sql(&refuses(1));
    assert!(matches!(apply(&world, &id, "running"), Answer::Applied { seq: 2, .. }));
    // What is refused again is not for the step's sake.
    let world = laps(Database::Postgres);
    let id = start(&world);
    world.sql(&refuses(2));
    let report = Report::new("running");
    let answer = world.run(world.store.apply_callback(&*world.machine, &id, &report));
    assert!(matches!(answer, Err(Error::Schema(_))), "{answer:?}");
}
