//! On PostgreSQL, who else is there while a row is forced: other roles, sessions and triggers.

use phasegate_codegen::emit::sql::Dialect;
use sqlx::postgres::PgConnection;

use super::{ROWS, assert_nothing_forced, force, marks, postgres};
use crate::common::cluster::database;
use crate::common::sql::{self, Db as _, history, ok, refused};

/// A role of only this test's, since roles belong to the cluster.
async fn role(db: &mut PgConnection) -> String {
    let name = db.rows("SELECT current_database()::text").await.remove(0).remove(0).unwrap();
    let role = format!("forcing_{name}");
    ok(db, &format!("CREATE ROLE {role}")).await;
    role
}

#[tokio::test]
#[ignore = "needs PostgreSQL 15: run by tests/run"]
async fn only_who_has_the_privilege_forces_whatever_was_granted_on_the_tables() {
    let mut db = sql::connect(&database().await).await;
    let app = role(&mut db).await;
    // As in the field: all that is made later is granted, the table of what is being forced too.
    ok(
        &mut db,
        &format!(
            "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {app};
             {}; {ROWS}; GRANT CREATE ON SCHEMA public TO {app}; SET ROLE {app}",
            sql::schema(&sql::deploy(), Dialect::Postgres)
        ),
    )
    .await;
    for (statement, why) in [
        ("SELECT deploy_force('a', 'succeeded', 'x')", "permission denied for function deploy_force"),
        (
            "INSERT INTO deploy_forcing VALUES ('a', 'succeeded', 'x')",
            "phasegate: deploy_forcing is only written by phasegate's functions",
        ),
        ("ALTER TABLE deploy_forcing DISABLE ROW LEVEL SECURITY", "must be owner"),
        ("CREATE POLICY mine ON deploy_forcing USING (true)", "must be owner"),
        ("CREATE OR REPLACE FUNCTION deploy_mode() RETURNS text LANGUAGE sql AS 'SELECT ''observe'''", "must be owner"),
        (
            "INSERT INTO deploy_events (deploy_id, from_state, to_state, forced) VALUES ('a', 'building', 'succeeded', 'x')",
            "phasegate: deploy_events is append-only",
        ),
        ("SET phasegate.force = 'on'; UPDATE deploys SET status = 'succeeded' WHERE id = 'a'", "phasegate: illegal"),
        (
            // What it makes itself, under the same name.
            "CREATE FUNCTION deploy_force(a varchar, b varchar, c varchar) RETURNS integer LANGUAGE plpgsql AS
             $$ BEGIN INSERT INTO deploy_forcing VALUES (a, b, c); UPDATE deploys SET status = 'succeeded' WHERE id = a; RETURN 1; END $$;
             SELECT deploy_force('a'::varchar, 'succeeded'::varchar, 'x'::varchar)",
            "phasegate: deploy_forcing is only written by phasegate's functions",
        ),
        (
            // A mark set by its own trigger, on its own table.
            "CREATE TABLE mine (x text);
             CREATE FUNCTION forge() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
               INSERT INTO deploy_events (deploy_id, from_state, to_state, forced, observed)
                 VALUES ('a', 'building', 'building', 'x', 'x'); RETURN NULL; END $$;
             CREATE TRIGGER forge AFTER INSERT ON mine FOR EACH ROW EXECUTE FUNCTION forge();
             INSERT INTO mine VALUES ('')",
            "phasegate: deploy_events is append-only",
        ),
    ] {
        let said = db.run(statement).await.expect_err(statement);
        assert!(said.contains(why), "{said}\nin: {statement}");
    }
    ok(&mut db, "RESET ROLE").await;
    assert_nothing_forced(&mut db).await;
    ok(&mut db, &format!("DROP OWNED BY {app}; DROP ROLE {app}")).await;
}

#[tokio::test]
#[ignore = "needs PostgreSQL 15: run by tests/run"]
async fn who_was_granted_it_forces_without_any_other_right_and_is_named() {
    let mut db = postgres().await;
    let operator = role(&mut db).await;
    ok(
        &mut db,
        &format!(
            "GRANT EXECUTE ON FUNCTION deploy_force(text, text, text, jsonb) TO {operator};
             SET SESSION AUTHORIZATION {operator};
             SELECT deploy_force(key => 'a', to_state => 'succeeded', reason => 'x')"
        ),
    )
    .await;
    let denied =
        db.run("UPDATE deploys SET status = 'succeeded' WHERE id = 'b'").await.unwrap_err();
    assert!(denied.contains("permission denied"), "{denied}");
    ok(&mut db, "RESET SESSION AUTHORIZATION").await;
    let actor = db.rows("SELECT actor FROM deploy_reports").await;
    assert_eq!(actor, [[Some(operator.clone())]]);
    ok(&mut db, &format!("DROP OWNED BY {operator}; DROP ROLE {operator}")).await;
}

#[tokio::test]
#[ignore = "needs PostgreSQL 15: run by tests/run"]
async fn a_force_under_way_opens_the_guard_to_nobody_else() {
    let url = database().await;
    let (mut one, mut two) = (sql::connect(&url).await, sql::connect(&url).await);
    ok(&mut one, &sql::schema(&sql::deploy(), Dialect::Postgres)).await;
    ok(&mut one, ROWS).await;
    let end = force(&one, "a", "succeeded", "x");
    ok(&mut one, &format!("BEGIN; {end}")).await;
    let illegal = "UPDATE deploys SET status = 'succeeded' WHERE id = 'b'";
    refused(&mut two, illegal, "illegal transition of deploy: queued -> succeeded").await;
    // Another force of the row waits, and goes on from where the first has left it.
    let url_of_three = url.clone();
    let waiting = tokio::spawn(async move {
        let mut three = sql::connect(&url_of_three).await;
        three.run("SELECT deploy_force('a', 'queued', 'again')").await
    });
    waits(&mut two).await;
    ok(&mut one, "COMMIT").await;
    waiting.await.unwrap().unwrap();
    let steps = ">queued queued>building building>succeeded succeeded>queued";
    assert_eq!(history(&mut one, "a").await, steps);
    assert_eq!(marks(&mut one, "a").await, ["3: x", "4: again"]);
    // So does a plain UPDATE, which is judged on what it waited for.
    let fail = force(&one, "b", "failed", "y");
    ok(&mut one, &format!("BEGIN; {fail}")).await;
    let waiting = tokio::spawn(async move {
        let mut three = sql::connect(&url).await;
        three.run("UPDATE deploys SET status = 'building' WHERE id = 'b'").await
    });
    waits(&mut two).await;
    ok(&mut one, "COMMIT").await;
    let said = waiting.await.unwrap().unwrap_err();
    assert_eq!(said, "phasegate: illegal transition of deploy: failed -> building; legal: none");
}

/// Until some session waits for another's row.
async fn waits(db: &mut PgConnection) {
    let sql = "SELECT 'one' FROM pg_stat_activity \
               WHERE datname = current_database() AND wait_event_type = 'Lock'";
    while db.rows(sql).await.is_empty() {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
}

#[tokio::test]
#[ignore = "needs PostgreSQL 15: run by tests/run"]
async fn other_triggers_are_judged_as_ever_within_a_force() {
    for (body, trigger, expected) in [
        (
            "NEW.status := 'deploying'; RETURN NEW;",
            "BEFORE UPDATE ON deploys",
            Err("a did not become succeeded"),
        ),
        (
            "NEW.status := 'queued'; RETURN NEW;",
            "BEFORE UPDATE ON deploys",
            Err("illegal transition of deploy: building -> queued"),
        ),
        ("RETURN NULL;", "BEFORE UPDATE ON deploys", Err("a did not become succeeded")),
        (
            "UPDATE public.deploys SET status = 'succeeded' WHERE id = 'b'; RETURN NULL;",
            "AFTER UPDATE ON deploys",
            Err("illegal transition of deploy: queued -> succeeded"),
        ),
        (
            "IF NEW.status = 'succeeded' THEN UPDATE public.deploys SET status = 'building' WHERE id = 'a'; END IF; RETURN NULL;",
            "AFTER UPDATE ON deploys",
            Err("illegal transition of deploy: succeeded -> building"),
        ),
        (
            // One force that sets off the next.
            "IF NEW.id = 'a' THEN PERFORM public.deploy_force('b', 'failed', 'with a'); END IF; RETURN NULL;",
            "AFTER UPDATE ON deploys",
            Ok(()),
        ),
    ] {
        let mut db = postgres().await;
        ok(
            &mut db,
            &format!(
                "CREATE FUNCTION other() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body} END $$;
                 CREATE TRIGGER other {trigger} FOR EACH ROW EXECUTE FUNCTION other()"
            ),
        )
        .await;
        let statement = force(&db, "a", "succeeded", "x");
        match expected {
            Ok(()) => {
                ok(&mut db, &statement).await;
                assert_eq!(marks(&mut db, "a").await, ["3: x"]);
                assert_eq!(marks(&mut db, "b").await, ["2: with a"]);
            }
            Err(why) => {
                refused(&mut db, &statement, why).await;
                assert_nothing_forced(&mut db).await;
            }
        }
    }
}

#[tokio::test]
#[ignore = "needs PostgreSQL 15: run by tests/run"]
async fn a_guard_that_is_off_is_told_and_not_worked_around() {
    let mut db = postgres().await;
    ok(&mut db, "ALTER TABLE deploys DISABLE TRIGGER \"000_deploy_guard\"").await;
    let statement = force(&db, "a", "succeeded", "x");
    refused(
        &mut db,
        &statement,
        "a did not become succeeded: a trigger of deploys stood in the way, or its guard is off",
    )
    .await;
    assert_nothing_forced(&mut db).await;
}

#[tokio::test]
#[ignore = "needs PostgreSQL 15: run by tests/run"]
async fn temporary_tables_and_search_paths_shadow_nothing_that_the_force_reads() {
    let mut db = postgres().await;
    ok(
        &mut db,
        "CREATE TEMP TABLE deploys (id text, status public.deploy_status);
         INSERT INTO pg_temp.deploys VALUES ('c', 'queued');
         CREATE TEMP TABLE deploy_forcing AS SELECT 'a' AS deploy_id, 'succeeded' AS to_state, 'x' AS reason;
         SET search_path = pg_temp, public",
    )
    .await;
    let insert = "UPDATE public.deploys SET status = 'succeeded' WHERE id = 'a'";
    refused(&mut db, insert, "illegal transition").await;
    refused(&mut db, "SELECT deploy_force('c', 'failed', 'x')", "no row of deploys has the key c")
        .await;
    ok(&mut db, "SELECT deploy_force('a', 'succeeded', 'x')").await;
    ok(&mut db, "RESET search_path; DROP TABLE pg_temp.deploy_forcing").await;
    assert_eq!(marks(&mut db, "a").await, ["3: x"]);
}
