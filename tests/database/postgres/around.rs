//! What else lives in the database: shadowing names, the application's triggers, other roles.

use std::collections::BTreeSet;

use phasegate_codegen::Machine;
use phasegate_codegen::emit::sql::{Dialect, Kind, Object, Schema};

use super::{ROWS, assert_untouched, deploys};
use crate::common::cluster::database;
use crate::common::sql::{self, Db as _, ORDER, Row, history, ok, refused};

#[tokio::test]
#[ignore = "needs PostgreSQL 15: run by tests/run"]
async fn temporary_tables_and_search_paths_shadow_nothing_that_the_guard_reads() {
    let mut db = deploys().await;
    ok(
        &mut db,
        "CREATE TEMP TABLE deploy_transitions (from_state text, to_state text, kind text);
         INSERT INTO pg_temp.deploy_transitions VALUES ('building', 'succeeded', 'declared');
         CREATE TEMP TABLE deploy_states AS SELECT * FROM public.deploy_states;
         CREATE TEMP TABLE deploy_events AS SELECT * FROM public.deploy_events LIMIT 0;
         CREATE SCHEMA mine;
         CREATE FUNCTION mine.coalesce_text(text, text) RETURNS boolean LANGUAGE sql AS 'SELECT true';
         CREATE OPERATOR mine.= (LEFTARG = text, RIGHTARG = text, FUNCTION = mine.coalesce_text);
         CREATE FUNCTION mine.pg_trigger_depth() RETURNS integer LANGUAGE sql AS 'SELECT 9';
         SET search_path = mine, pg_temp, pg_catalog, public;",
    )
    .await;
    refused(
        &mut db,
        "UPDATE public.deploys SET status = 'succeeded' WHERE id OPERATOR(pg_catalog.=) 'a'",
        "illegal",
    )
    .await;
    refused(
        &mut db,
        "INSERT INTO public.deploy_events VALUES ('a', 3, 'building', 'failed', now(), '')",
        "deploy_events is append-only",
    )
    .await;
    ok(&mut db, "UPDATE public.deploys SET status = 'failed' WHERE id OPERATOR(pg_catalog.=) 'a'")
        .await;
    ok(&mut db, "RESET search_path; DROP TABLE pg_temp.deploy_events").await;
    assert_eq!(history(&mut db, "a").await, ">queued queued>building building>failed");
}

#[tokio::test]
#[ignore = "needs PostgreSQL 15: run by tests/run"]
async fn other_triggers_move_a_row_legally_or_not_at_all() {
    let illegal = Err("illegal transition of deploy: building -> succeeded");
    for (body, trigger, statement, expected) in [
        // Before the guard by name and after it: it judges what was written.
        (
            "NEW.status := 'succeeded'; RETURN NEW;",
            "aaa BEFORE UPDATE ON deploys",
            "UPDATE deploys SET reason = 'x' WHERE id = 'a'",
            illegal,
        ),
        (
            "NEW.status := 'succeeded'; RETURN NEW;",
            "zzzz BEFORE UPDATE ON deploys",
            "UPDATE deploys SET reason = 'x' WHERE id = 'a'",
            illegal,
        ),
        (
            "NEW.status := 'succeeded'; RETURN NEW;",
            "zzzz BEFORE UPDATE ON deploys",
            "UPDATE deploys SET status = 'deploying' WHERE id = 'a'",
            illegal,
        ),
        (
            "NEW.status := 'failed'; RETURN NEW;",
            "zzzz BEFORE INSERT ON deploys",
            "INSERT INTO deploys (id) VALUES ('c')",
            Err("illegal start of deploy in failed"),
        ),
        (
            "NEW.id := 'c'; RETURN NEW;",
            "zzzz BEFORE UPDATE ON deploys",
            "UPDATE deploys SET reason = 'x' WHERE id = 'b'",
            Err("the key of deploys cannot change"),
        ),
        // What did not happen is not logged.
        (
            "RETURN NULL;",
            "zzzz BEFORE UPDATE ON deploys",
            "UPDATE deploys SET status = 'failed' WHERE id = 'a'",
            Ok(">queued queued>building"),
        ),
        (
            "NEW.status := 'deploying'; RETURN NEW;",
            "zzzz BEFORE UPDATE ON deploys",
            "UPDATE deploys SET reason = 'x' WHERE id = 'a'",
            Ok(">queued queued>building building>deploying"),
        ),
        // Each step in its order, also where one sets off the next.
        (
            "IF NEW.status = 'deploying' THEN UPDATE deploys SET status = 'succeeded' WHERE id = NEW.id; END IF; RETURN NULL;",
            "\" first\" AFTER UPDATE ON deploys",
            "UPDATE deploys SET status = 'deploying' WHERE id = 'a'",
            Err("the history of deploys ends in building, not in deploying"),
        ),
        (
            "IF NEW.status = 'deploying' THEN UPDATE deploys SET status = 'succeeded' WHERE id = NEW.id; END IF; RETURN NULL;",
            "advance AFTER UPDATE ON deploys",
            "UPDATE deploys SET status = 'deploying' WHERE id = 'a'",
            Ok(">queued queued>building building>deploying deploying>succeeded"),
        ),
        (
            // It runs inside the guard, on the guard's search path.
            "IF NEW.to_state = 'deploying' THEN UPDATE public.deploys SET status = 'succeeded' WHERE id = NEW.deploy_id; END IF; RETURN NULL;",
            "advance AFTER INSERT ON deploy_events",
            "UPDATE deploys SET status = 'deploying' WHERE id = 'a'",
            Ok(">queued queued>building building>deploying deploying>succeeded"),
        ),
    ] {
        let mut db = deploys().await;
        let create = format!(
            "CREATE FUNCTION other() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body} END $$;
             CREATE TRIGGER {trigger} FOR EACH ROW EXECUTE FUNCTION other();"
        );
        ok(&mut db, &create).await;
        match expected {
            Ok(expected) => {
                ok(&mut db, statement).await;
                assert_eq!(history(&mut db, "a").await, expected, "{trigger}: {body}");
            }
            Err(why) => {
                refused(&mut db, statement, why).await;
                assert_untouched(&mut db).await;
            }
        }
    }
}

#[tokio::test]
#[ignore = "needs PostgreSQL 15: run by tests/run"]
async fn a_role_that_owns_nothing_moves_rows_and_touches_nothing_else() {
    let url = database().await;
    let mut db = sql::connect(&url).await;
    ok(&mut db, &sql::schema(&sql::deploy(), Dialect::Postgres)).await;
    // Roles belong to the cluster, which other tests share.
    ok(
        &mut db,
        "DROP ROLE IF EXISTS app; CREATE ROLE app;
         GRANT SELECT, INSERT, UPDATE, DELETE ON deploys TO app;
         GRANT SELECT, INSERT ON deploy_reports TO app;
         GRANT SELECT ON deploy_events, deploy_states, deploy_transitions, deploy_language TO app;
         GRANT CREATE ON SCHEMA public TO app;
         SET ROLE app;",
    )
    .await;
    ok(&mut db, ROWS).await;
    ok(&mut db, "INSERT INTO deploy_reports (deploy_id, status, answer, seq) VALUES ('a', 'building', 'applied', 2)").await;
    assert_untouched(&mut db).await;
    for statement in [
        "INSERT INTO deploy_events VALUES ('a', 3, 'building', 'failed', now(), '')",
        "CREATE OR REPLACE FUNCTION deploy_rules() RETURNS jsonb LANGUAGE sql AS 'SELECT NULL::jsonb'",
        "SELECT deploy_set_mode('test')",
        "SELECT deploy_prune(now())",
        "SELECT deploy_step('a', 'building', 'failed', '')",
        "SELECT deploy_judge('UPDATE', 'a', 'building', 'a', 'failed')",
        "ALTER TABLE deploys DISABLE TRIGGER ALL",
        "DROP TRIGGER \"000_deploy_guard\" ON deploys",
        "SET session_replication_role = replica",
        "TRUNCATE deploys",
        // The guard's function would write with its owner's rights.
        "CREATE TABLE mine (id text, status text);
         CREATE TRIGGER mine AFTER INSERT ON mine FOR EACH ROW EXECUTE FUNCTION deploy_guard();",
    ] {
        let error = db.run(statement).await.expect_err(statement);
        assert!(error.contains("permission denied") || error.contains("must be owner"), "{error}");
    }
    refused(&mut db, "UPDATE deploys SET status = 'succeeded'", "illegal").await;
    assert_untouched(&mut db).await;
    ok(&mut db, "RESET ROLE; DROP OWNED BY app; DROP ROLE app").await;
}

#[tokio::test]
#[ignore = "needs PostgreSQL 15: run by tests/run"]
async fn says_clearly_that_a_column_or_the_table_was_renamed() {
    let mut db = deploys().await;
    for (from, to) in [("status", "state"), ("id", "deploy")] {
        ok(&mut db, &format!("ALTER TABLE deploys RENAME COLUMN {from} TO {to}")).await;
        let clear =
            format!("phasegate's guard of deploys judges by a column that is not there: {from}");
        for sql in ["INSERT INTO deploys VALUES ('x')", "UPDATE deploys SET reason = 'x'"] {
            assert_eq!(db.run(sql).await.expect_err(sql), clear, "{sql}");
        }
        ok(&mut db, &format!("ALTER TABLE deploys RENAME COLUMN {to} TO {from}")).await;
    }
    // The guard goes with the table, and judges on; what looks for the table says that it is gone.
    ok(&mut db, "ALTER TABLE deploys RENAME TO others; INSERT INTO others (id) VALUES ('new')")
        .await;
    ok(&mut db, "UPDATE others SET status = 'building' WHERE id = 'new'").await;
    let said = db.run("UPDATE others SET status = 'queued' WHERE id = 'new'").await.unwrap_err();
    assert!(said.starts_with("phasegate: illegal transition"), "{said}");
    let gone = "phasegate finds no table deploys in the schema public: it was renamed or moved";
    for sql in [
        "SELECT deploy_force('new', 'succeeded', 'why')",
        "SELECT deploy_prune(clock_timestamp() + interval '1 day')",
    ] {
        assert_eq!(db.run(sql).await.expect_err(sql), gone, "{sql}");
    }
}

/// The page on databases names the functions to replace after a rename: all that name what was renamed.
#[tokio::test]
#[ignore = "needs PostgreSQL 15: run by tests/run"]
async fn a_rename_is_mended_by_the_functions_that_the_page_names() {
    let adopted = |names| sql::machine(&format!("{ORDER}owns = false\nstorage = 'text'\n{names}"));
    let was = adopted("");
    let now = adopted("table = 'sales'\ncolumn = 'state'\nkey = 'number'");
    let objects = |machine: &Machine| {
        Schema::new(machine, machine.targets.sql().unwrap(), Dialect::Postgres).objects()
    };
    let before = objects(&was);
    let is_changed = |object: &Object| {
        object.kind == Kind::Function && !before.iter().any(|was| was.sql == object.sql)
    };
    let changed: Vec<Object> = objects(&now).into_iter().filter(is_changed).collect();
    let page = include_str!("../../../docs/databases.md");
    let named = page.split("each as `CREATE OR REPLACE FUNCTION`: ").nth(1).unwrap();
    let named = named.lines().next().unwrap().split('`').skip(1).step_by(2);
    let named: BTreeSet<&str> = named.collect();
    assert_eq!(changed.iter().map(|object| object.name.as_str()).collect::<BTreeSet<_>>(), named);
    let mut db = sql::connect(&database().await).await;
    ok(&mut db, "CREATE TABLE orders (id text PRIMARY KEY, status text)").await;
    ok(&mut db, &sql::schema(&was, Dialect::Postgres)).await;
    ok(&mut db, "INSERT INTO orders VALUES ('a', 'cart'), ('b', 'cart')").await;
    ok(
        &mut db,
        "ALTER TABLE orders RENAME TO sales; ALTER TABLE sales RENAME COLUMN status TO state;
         ALTER TABLE sales RENAME COLUMN id TO number",
    )
    .await;
    for function in changed {
        ok(&mut db, &function.sql.replacen("CREATE ", "CREATE OR REPLACE ", 1)).await;
    }
    refused(&mut db, "UPDATE sales SET state = 'sent'", "illegal transition of order").await;
    ok(&mut db, "UPDATE sales SET state = 'void' WHERE number = 'a'").await;
    ok(&mut db, "SELECT order_force('b', 'sent', 'why')").await;
    ok(&mut db, "DELETE FROM sales; SELECT order_prune(clock_timestamp() + interval '1 day')")
        .await;
    assert_eq!(db.rows("SELECT 'x' FROM order_events").await, Vec::<Row>::new());
}
