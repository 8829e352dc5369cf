//! Defects of SQLite's schema and migrations, caught by running SQL on SQLite.

use phasegate_codegen::emit::sql::Dialect;
use sqlx::{Connection as _, SqliteConnection};

use super::database::{a_forged_step_says_what_the_row_could_have_done, checks};
use super::defect::{Defect, check, cut, killer, put};
use crate::common::sql::{self, Db as _, ORDER, history, ok, refused};

const FILE: &str = "sqlite.sql";
const CHANGE: &str = "0002_change_deploy.sql";

const fn deploy(what: &'static str, from: &'static str, to: &'static str) -> Defect {
    put("deploy", FILE, what, from, to)
}

const fn order(what: &'static str, from: &'static str, to: &'static str) -> Defect {
    put("order", FILE, what, from, to)
}

const fn without(what: &'static str, start: &'static str) -> Defect {
    cut("deploy", FILE, what, start, "END;\n")
}

pub(crate) const SCHEMA: [Defect; 38] = [
    deploy("a state dropped", "  ('health_checking', 7, 0),\n", ""),
    deploy(
        "two states swapped in order",
        "('smoke_running', 1, 0),\n  ('smoke_passed', 2, 0)",
        "('smoke_running', 2, 0),\n  ('smoke_passed', 1, 0)",
    ),
    deploy(
        "another initial state",
        "NEW.\"from_state\" IS NULL AND CASE NEW.\"to_state\" WHEN 'queued' THEN 1 ELSE 0 END\n",
        "NEW.\"from_state\" IS NULL AND CASE NEW.\"to_state\" WHEN 'queued' THEN 1 WHEN 'building' THEN 1 ELSE 0 END\n",
    ),
    deploy("the initial state is not read as one", "('queued', 0, 1)", "('queued', 0, 0)"),
    deploy("another default", "NOT NULL DEFAULT 'queued'", "NOT NULL DEFAULT 'building'"),
    without("INSERT unguarded", "CREATE TRIGGER \"000_deploy_guard_insert\""),
    without("UPDATE unguarded", "CREATE TRIGGER \"000_deploy_guard_update\""),
    without(
        "an UPDATE by a trigger on the history not logged",
        "CREATE TRIGGER \"000_deploy_guard_update_logged\"",
    ),
    without(
        "an INSERT by a trigger on the history not logged",
        "CREATE TRIGGER \"000_deploy_guard_insert_logged\"",
    ),
    deploy(
        "the guard looks away where the key changes",
        " OR NEW.\"id\" COLLATE BINARY IS NOT OLD.\"id\"\nBEGIN\n  SELECT RAISE(ABORT, 'phasegate: the key",
        "\nBEGIN\n  SELECT RAISE(ABORT, 'phasegate: the key",
    ),
    deploy(
        "a key change allowed",
        "WHERE NEW.\"id\" COLLATE BINARY IS NOT OLD.\"id\";",
        "WHERE 0;",
    ),
    deploy(
        "any start allowed",
        "NEW.\"from_state\" IS NULL AND CASE NEW.\"to_state\" WHEN 'queued' THEN 1 ELSE 0 END\n",
        "NEW.\"from_state\" IS NULL AND 1\n",
    ),
    deploy(
        "REPLACE and used keys allowed",
        "WHERE NEW.\"from_state\" IS NULL AND (SELECT \"mode\" FROM \"deploy_mode\") IS NOT 'test'\n",
        "WHERE 0\n",
    ),
    deploy(
        "any transition allowed",
        "WHERE NEW.\"from_state\" IS NOT NULL AND NEW.\"forced\" IS NULL\n",
        "WHERE 0\n",
    ),
    deploy(
        "unknown states judged like known ones",
        "    WHERE NOT CASE NEW.\"to_state\" WHEN 'queued' THEN 1",
        "    WHERE 0 AND NOT CASE NEW.\"to_state\" WHEN 'queued' THEN 1",
    ),
    deploy(
        "another state's legal ones told",
        "from building; legal: deploying, failed",
        "from building; legal: failed",
    ),
    deploy(
        "a gap in seq",
        "NEW.\"id\" ORDER BY e.\"seq\" DESC LIMIT 1), 0) + 1",
        "NEW.\"id\" ORDER BY e.\"seq\" DESC LIMIT 1), 0) + 2",
    ),
    deploy(
        "the step's states swapped in the history",
        "LIMIT 1), 0) + 1, OLD.\"status\", NEW.\"status\",",
        "LIMIT 1), 0) + 1, NEW.\"status\", OLD.\"status\",",
    ),
    without("a forged event allowed", "CREATE TRIGGER \"deploy_event\""),
    deploy(
        "a legal step that is not one",
        "WHEN 'building' THEN CASE NEW.\"to_state\" WHEN 'deploying' THEN 1 WHEN",
        "WHEN 'building' THEN CASE NEW.\"to_state\" WHEN 'succeeded' THEN 1 WHEN",
    ),
    deploy(
        "a history that breaks off allowed",
        ") AND (NEW.\"from_state\" IS NOT NULL OR (SELECT \"mode\" FROM \"deploy_mode\") IS NOT 'test');\n",
        ") AND 0;\n",
    ),
    without("UPDATE of the history allowed", "CREATE TRIGGER \"deploy_event_update\""),
    without("DELETE of the history allowed", "CREATE TRIGGER \"deploy_event_delete\""),
    without("UPDATE of reports allowed", "CREATE TRIGGER \"deploy_report_update\""),
    without("DELETE of reports allowed", "CREATE TRIGGER \"deploy_report_delete\""),
    deploy(
        "REPLACE of reports allowed",
        "WHERE EXISTS (SELECT 1 FROM \"deploy_reports\" WHERE \"id\" = NEW.\"id\");",
        "WHERE 0;",
    ),
    without("a report without an id of its own allowed", "CREATE TRIGGER \"deploy_report_id\""),
    without("refused reports without end", "CREATE TRIGGER \"deploy_report_kept\""),
    deploy("a report of no event allowed", "WHERE NEW.\"seq\" IS NOT NULL\n", "WHERE 0\n"),
    deploy(
        "a report at any time allowed",
        "WHERE NEW.\"at\" IS NOT strftime('%Y-%m-%dT%H:%M:%fZ', 'now');",
        "WHERE 0;",
    ),
    deploy(
        "a force without a reason allowed",
        "WHERE typeof(NEW.\"reason\") <> 'text' OR trim(NEW.\"reason\", char(9, 10, 11, 12, 13, 32)) = '';",
        "WHERE 0;",
    ),
    deploy(
        "a forged mark allowed",
        "OR NEW.\"forced\" IS NOT (SELECT \"reason\" FROM \"deploy_forcing\" WHERE \"deploy_id\" = NEW.\"deploy_id\" AND \"to_state\" = NEW.\"to_state\")\n",
        "\n",
    ),
    deploy(
        "what was forced once is open for good",
        "  DELETE FROM \"deploy_forcing\" WHERE \"deploy_id\" = NEW.\"deploy_id\";\n",
        "",
    ),
    deploy(
        "who forced not named",
        "'applied', NEW.\"seq\", \"actor\"",
        "'applied', NEW.\"seq\", NULL",
    ),
    order(
        "a force into a retired state allowed",
        "AND NOT EXISTS (SELECT 1 FROM \"order_transitions\" WHERE \"to_state\" = NEW.\"to_state\");",
        "AND 0;",
    ),
    order(
        "transitions to itself not logged",
        "WHEN NEW.\"status\" COLLATE BINARY IS OLD.\"status\"",
        "WHEN 0",
    ),
    order(
        "a forged time allowed",
        "AND NEW.\"at\" GLOB '????-??-??T??:??:??.???Z' AND julianday(NEW.\"at\") = julianday('now')\n",
        "\n",
    ),
    order("forged rules allowed", "AND NEW.\"language\" = '", "AND NEW.\"language\" <> '"),
];

const fn change(what: &'static str, from: &'static str, to: &'static str) -> Defect {
    put("deploy", CHANGE, what, from, to)
}

pub(crate) const MIGRATION: [Defect; 5] = [
    change("a new pair left out", "  ('deploying', 'health_checking', 'declared'),\n", ""),
    change("a new state left out", "  ('health_checking', 7, 0),\n", ""),
    change("a state that moved left where it was", "  ('building', 5, 0),\n", ""),
    change(
        "the old fingerprint kept",
        "VALUES ('775a73dba2dc4ce4')",
        "VALUES ('192ff50c3453856c')",
    ),
    cut(
        "deploy",
        CHANGE,
        "a guard dropped and not put back",
        "CREATE TRIGGER \"000_deploy_guard_insert\"",
        "END;\n",
    ),
];

pub(crate) fn on_sqlite<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

pub(crate) fn schema(table: &str, defect: Option<&Defect>) -> Option<String> {
    let machine = if table == "order" { sql::machine(ORDER) } else { sql::deploy() };
    let text = sql::schema(&machine, Dialect::Sqlite);
    let text = defect.map_or(text.clone(), |defect| defect.apply(&text));
    killer(|at| {
        on_sqlite(async {
            let mut db = check!(at, installs(&text).await);
            checks(&mut db, &machine, at).await;
            if table == "order" {
                check!(at, a_forged_step_says_what_the_row_could_have_done(&mut db).await);
            } else {
                check!(at, no_trigger_on_the_history_changes_a_row_unseen(&mut db).await);
                check!(at, a_row_that_was_changed_past_the_guard_goes_nowhere(&mut db).await);
            }
        });
    })
}

pub(crate) fn migration(_: &str, defect: Option<&Defect>) -> Option<String> {
    let first = include_str!("../../../migrations/sqlite/0001_create_deploy.sql");
    let second = include_str!("../../../migrations/sqlite/0002_change_deploy.sql");
    let second = defect.map_or(second.to_owned(), |defect| defect.apply(second));
    killer(|at| {
        on_sqlite(async {
            let mut db = check!(at, installs(first).await);
            ok(&mut db, &second).await;
            checks(&mut db, &sql::deploy(), at).await;
        });
    })
}

async fn installs(schema: &str) -> SqliteConnection {
    let mut db = SqliteConnection::connect("sqlite::memory:").await.unwrap();
    ok(&mut db, schema).await;
    db
}

async fn a_row_that_was_changed_past_the_guard_goes_nowhere(db: &mut SqliteConnection) {
    let guard = "SELECT sql FROM sqlite_master WHERE name = '000_deploy_guard_update'";
    let Some(guard) = db.rows(guard).await.into_iter().flatten().flatten().next() else { return };
    ok(db, "INSERT INTO deploys (id) VALUES ('past')").await;
    let past = "DROP TRIGGER \"000_deploy_guard_update\"; DROP TRIGGER IF EXISTS \"000_deploy_guard_update_logged\"; \
                UPDATE deploys SET status = 'building' WHERE id = 'past'";
    ok(db, &format!("{past}; {guard}")).await;
    let update = "UPDATE deploys SET status = 'deploying' WHERE id = 'past'";
    refused(db, update, "the history of deploys does not end where this step begins").await;
    assert_eq!(history(db, "past").await, ">queued");
}

/// SQLite leaves a trigger out that is at work already.
async fn no_trigger_on_the_history_changes_a_row_unseen(db: &mut SqliteConnection) {
    ok(db, "PRAGMA recursive_triggers = OFF; INSERT INTO deploys (id) VALUES ('one'), ('two')")
        .await;
    for (does, statement) in [
        (
            "UPDATE deploys SET status = 'succeeded' WHERE id = 'one'",
            "UPDATE deploys SET status = 'building' WHERE id = 'two'",
        ),
        (
            "INSERT INTO deploys (id, status) VALUES ('late', 'succeeded')",
            "INSERT INTO deploys (id) VALUES ('three')",
        ),
    ] {
        let other = format!(
            "CREATE TRIGGER other AFTER INSERT ON deploy_events \
             WHEN NEW.deploy_id IN ('two', 'three') BEGIN {does}; END"
        );
        ok(db, &other).await;
        refused(db, statement, "deploy_events lacks this step").await;
        ok(db, "DROP TRIGGER other").await;
    }
}
