//! On PostgreSQL one statement applies a report that nothing speaks against; where its function is missing,
//! several do the same.

use crate::common::backend::world::{Database, World};
use phasegate::store::Start;
use phasegate::{Answer, Report};
use std::time::Duration;

const WALK: [&str; 3] = ["smoke_running", "smoke_passed", "freeze_checking"];

/// Walks a row by a store of its own, which is closed then; the row's key.
fn walk(world: &World) -> String {
    walk_of(world, false)
}

fn walk_of(world: &World, of_one_run: bool) -> String {
    world.run(async {
        let store = world.other_store_later().await;
        let id = store.start(&*world.machine, &Start::default()).await.unwrap().id;
        for (status, seq) in WALK.into_iter().zip(2..) {
            let mut report = Report::new(status).run("7", 1);
            report.of_one_run = of_one_run;
            let answer = store.apply_callback(&*world.machine, &id, &report).await.unwrap();
            assert!(matches!(answer, Answer::Applied { seq: is, .. } if is == seq), "{answer:?}");
        }
        store.close().await;
        id
    })
}

/// How often the function was called; a connection tells when it is closed, and some time after that.
fn calls(world: &World) -> i64 {
    let count = || {
        world.count(
            "SELECT coalesce(sum(calls), 0)::bigint FROM pg_stat_user_functions \
             WHERE funcname = 'deploy_apply'",
        )
    };
    for _ in 0..100 {
        if count() >= WALK.len() as i64 {
            break;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    count()
}

/// A world in which calls of functions are counted.
fn counted() -> World {
    let world = World::deploy(Database::Postgres);
    world.sql(
        "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET track_functions = pl', current_database()); END $$",
    );
    world
}

#[test]
#[ignore = "needs PostgreSQL: run by tests/run"]
fn one_statement_applies_a_report_and_records_it() {
    let world = counted();
    let id = walk(&world);
    assert_eq!(calls(&world), WALK.len() as i64);
    let recorded = world.run(world.store.reports(&id)).unwrap();
    let applied: Vec<_> = recorded.iter().filter(|report| report.answer == "applied").collect();
    assert_eq!(applied.len(), 1 + WALK.len());
    for (report, status) in applied.iter().skip(1).zip(WALK) {
        assert_eq!((report.status.as_str(), report.run_id.as_deref()), (status, Some("7")));
    }
}

#[test]
#[ignore = "needs PostgreSQL: run by tests/run"]
fn one_statement_applies_a_report_of_a_row_s_one_run_and_of_no_other_run() {
    let world = counted();
    let id = walk_of(&world, true);
    assert_eq!(calls(&world), WALK.len() as i64);
    let mut report = Report::new("freeze_passed").run("8", 1);
    report.of_one_run = true;
    let answer = world.run(world.store.apply_callback(&*world.machine, &id, &report)).unwrap();
    assert!(matches!(&answer, Answer::OtherRun { first, .. } if first == "7"), "{answer:?}");
}

#[test]
#[ignore = "needs PostgreSQL: run by tests/run"]
fn without_its_function_several_statements_do_the_same() {
    let world = counted();
    let with = walk(&world);
    world.sql(
        "DO $$ BEGIN EXECUTE (SELECT format('DROP FUNCTION %s', oid::regprocedure) \
         FROM pg_proc WHERE proname = 'deploy_apply'); END $$",
    );
    let without = walk(&world);
    let recorded = |id: &str| {
        let of = world.run(world.store.reports(id)).unwrap();
        of.into_iter()
            .map(|report| (report.status, report.from, report.answer, report.seq))
            .collect::<Vec<_>>()
    };
    assert_eq!(recorded(&with), recorded(&without));
}
