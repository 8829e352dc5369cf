//! What else lives in the database: pragmas, shadowing names, the application's triggers.

use super::{assert_untouched, deploys};
use crate::common::sql::{Db as _, history, ok, refused};

#[tokio::test]
async fn holds_without_foreign_keys_and_recursive_triggers_and_with_them() {
    for pragmas in [
        "PRAGMA foreign_keys = OFF; PRAGMA recursive_triggers = OFF",
        "PRAGMA foreign_keys = ON; PRAGMA recursive_triggers = ON",
    ] {
        let mut db = deploys().await;
        ok(&mut db, pragmas).await;
        refused(&mut db, "UPDATE deploys SET status = 'none' WHERE id = 'a'", "unknown").await;
        refused(&mut db, "REPLACE INTO deploys (id) VALUES ('a')", "").await;
        refused(&mut db, "DELETE FROM deploy_events", "deploy_events is append-only").await;
        assert_untouched(&mut db).await;
    }
}

#[tokio::test]
async fn temporary_tables_shadow_nothing_that_the_guards_read() {
    let mut db = deploys().await;
    ok(
        &mut db,
        "CREATE TEMP TABLE deploy_transitions (from_state, to_state, kind);
         INSERT INTO temp.deploy_transitions VALUES ('building', 'succeeded', 'declared');
         CREATE TEMP TABLE deploy_states AS SELECT * FROM main.deploy_states;
         CREATE TEMP TABLE deploy_events AS SELECT * FROM main.deploy_events WHERE 0;",
    )
    .await;
    refused(&mut db, "UPDATE deploys SET status = 'succeeded' WHERE id = 'a'", "illegal").await;
    ok(&mut db, "UPDATE deploys SET status = 'failed' WHERE id = 'a'").await;
    ok(&mut db, "DROP TABLE temp.deploy_events").await;
    assert_eq!(history(&mut db, "a").await, ">queued queued>building building>failed");
}

#[tokio::test]
async fn other_triggers_move_a_row_legally_or_not_at_all() {
    let advance = "UPDATE deploys SET status = 'deploying' WHERE id = NEW.id; END";
    for (trigger, statement, expected) in [
        // A statement that leaves the status alone may set one off.
        (
            "AFTER UPDATE OF reason ON deploys BEGIN",
            "UPDATE deploys SET reason = 'x' WHERE id = 'a'",
            Ok(">queued queued>building building>deploying"),
        ),
        // One within the other: never logged out of order, so not at all.
        (
            "AFTER UPDATE ON deploys WHEN NEW.status = 'building' BEGIN",
            "UPDATE deploys SET status = 'building' WHERE id = 'b'",
            Err("phasegate: the history of deploys does not end where this step begins"),
        ),
        (
            "BEFORE UPDATE ON deploys WHEN NEW.status = 'failed' BEGIN",
            "UPDATE deploys SET status = 'failed' WHERE id = 'a'",
            Err("phasegate: the history of deploys does not end where this step begins"),
        ),
    ] {
        let mut db = deploys().await;
        ok(&mut db, &format!("CREATE TRIGGER other {trigger} {advance}")).await;
        match (db.run(statement).await, expected) {
            (Ok(()), Ok(expected)) => assert_eq!(history(&mut db, "a").await, expected),
            (Err(said), Err(why)) => {
                assert!(said.contains(why), "{said}");
                assert_untouched(&mut db).await;
            }
            (done, expected) => panic!("{statement}: {done:?} instead of {expected:?}"),
        }
    }
}

#[tokio::test]
async fn a_trigger_on_the_history_needs_recursive_triggers_to_move_the_row() {
    let mut db = deploys().await;
    let trigger =
        "CREATE TRIGGER other AFTER INSERT ON deploy_events WHEN NEW.to_state = 'building'
                   BEGIN UPDATE deploys SET status = 'deploying' WHERE id = NEW.deploy_id; END";
    ok(&mut db, trigger).await;
    let build = "UPDATE deploys SET status = 'building' WHERE id = 'b'";
    refused(&mut db, build, "deploy_events lacks this step").await;
    assert_untouched(&mut db).await;
    ok(&mut db, "PRAGMA recursive_triggers = ON").await;
    ok(&mut db, build).await;
    assert_eq!(history(&mut db, "b").await, ">queued queued>building building>deploying");
}

#[tokio::test]
async fn a_trigger_on_the_history_moves_no_other_row_past_the_guard() {
    for (does, expected) in [
        ("UPDATE deploys SET status = 'succeeded' WHERE id = 'a'", "deploy_events lacks this step"),
        ("UPDATE deploys SET status = 'failed' WHERE id = 'a'", "deploy_events lacks this step"),
        ("UPDATE deploys SET id = 'c' WHERE id = 'a'", "deploy_events lacks this step"),
        ("INSERT INTO deploys (id, status) VALUES ('c', 'succeeded')", "illegal start"),
    ] {
        let mut db = deploys().await;
        ok(&mut db, &format!("CREATE TRIGGER other AFTER INSERT ON deploy_events WHEN NEW.deploy_id = 'b' BEGIN {does}; END")).await;
        refused(&mut db, "UPDATE deploys SET status = 'building' WHERE id = 'b'", expected).await;
        assert_untouched(&mut db).await;
    }
    for state in ["queued", "succeeded"] {
        let mut db = deploys().await;
        ok(&mut db, &format!("CREATE TRIGGER other AFTER INSERT ON deploy_events WHEN NEW.deploy_id = 'c' BEGIN INSERT INTO deploys (id, status) VALUES ('d', '{state}'); END")).await;
        refused(&mut db, "INSERT INTO deploys (id) VALUES ('c')", "deploy_events lacks this step")
            .await;
        assert_untouched(&mut db).await;
    }
}
