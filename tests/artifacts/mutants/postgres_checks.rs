//! The checks that run what is generated for PostgreSQL, and kill its defects.

use std::cell::Cell;

use phasegate_codegen::Machine;
use phasegate_codegen::emit::sql::Dialect;
use sqlx::PgConnection;

use super::database::checks;
use super::defect::{Defect, check, killer};
use crate::common::cluster::database;
use crate::common::sql::{self, Db as _, ORDER, connect, history, ok, refused};

pub(crate) fn on_server<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Runtime::new().unwrap().block_on(work)
}

pub(crate) fn schema(table: &str, defect: Option<&Defect>) -> Option<String> {
    // The one is an enum, the others are text.
    let machine = match table {
        "order" => sql::machine(&format!("{ORDER}storage = 'text'")),
        "own" => sql::machine(&format!("{ORDER}storage = 'text'\nowns = false")),
        _ => sql::deploy(),
    };
    let text = sql::schema(&machine, Dialect::Postgres);
    let text = defect.map_or(text.clone(), |defect| defect.apply(&text));
    killer(|at| {
        on_server(async {
            let mut db = connect(&database().await).await;
            if table == "own" {
                ok(&mut db, LOOSE).await;
            }
            check!(at, installs(&mut db, &text).await);
            checks(&mut db, &machine, at).await;
            match table {
                "order" => check!(at, a_forged_transition_to_itself_is_refused(&mut db).await),
                "own" => check!(at, a_key_is_there_and_stays_to_the_letter(&mut db).await),
                _ => of_deploys(&mut db, &machine, at).await,
            }
        });
    })
}

/// A table that was there before, without a constraint of its own.
const LOOSE: &str =
    "CREATE COLLATION fold (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
     CREATE TABLE orders (id text COLLATE fold, status text); CREATE INDEX ON orders (id)";

async fn installs(db: &mut PgConnection, schema: &str) {
    ok(db, schema).await;
}

/// What only PostgreSQL has.
async fn of_deploys(db: &mut PgConnection, machine: &Machine, at: &Cell<&'static str>) {
    check!(at, labels_stand_in_the_order_of_the_states(db, machine).await);
    check!(at, other_triggers_move_a_row_legally_or_not_at_all(db).await);
    check!(at, a_trigger_forges_nothing(db).await);
    check!(at, a_row_that_was_changed_past_the_guard_goes_nowhere(db).await);
    check!(at, a_renamed_column_is_named(db).await);
    check!(at, the_guards_run_as_their_owner_and_look_where_they_are_told(db).await);
    check!(at, nobody_else_hangs_them_on_a_table(db).await);
    check!(at, a_report_is_applied_at_once_where_nothing_speaks_against_it(db).await);
    check!(at, a_force_is_for_one_row_and_one_state(db).await);
    check!(at, nobody_else_forces(db).await);
}

pub(crate) async fn labels_stand_in_the_order_of_the_states(
    db: &mut PgConnection,
    machine: &Machine,
) {
    let labels = db.rows("SELECT unnest(enum_range(NULL::deploy_status))::text").await;
    let labels: Vec<String> = labels.into_iter().flatten().flatten().collect();
    let values: Vec<&String> = machine.states.iter().map(|state| &state.value).collect();
    assert_eq!(labels.iter().collect::<Vec<_>>(), values);
}

async fn a_key_is_there_and_stays_to_the_letter(db: &mut PgConnection) {
    let why = "the key of orders cannot be null";
    refused(db, "INSERT INTO orders VALUES (NULL, 'cart')", why).await;
    ok(db, "INSERT INTO orders VALUES ('key', 'cart')").await;
    let update = "UPDATE orders SET id = 'KEY' WHERE id = 'key'";
    refused(db, update, "the key of orders cannot change: key -> KEY").await;
}

async fn other_triggers_move_a_row_legally_or_not_at_all(db: &mut PgConnection) {
    ok(
        db,
        "CREATE FUNCTION moves() RETURNS trigger LANGUAGE plpgsql AS
           'BEGIN IF NEW.reason = ''move'' THEN NEW.status := ''succeeded''; END IF; RETURN NEW; END';
         CREATE TRIGGER moves BEFORE UPDATE ON deploys FOR EACH ROW EXECUTE FUNCTION moves();
         INSERT INTO deploys (id) VALUES ('moved')",
    )
    .await;
    refused(db, "UPDATE deploys SET reason = 'move' WHERE id = 'moved'", "illegal transition")
        .await;
    ok(db, "DROP TRIGGER moves ON deploys").await;
    assert_eq!(history(db, "moved").await, ">queued");
}

async fn a_forged_transition_to_itself_is_refused(db: &mut PgConnection) {
    let quoted = sql::literal("it's \"quoted\"; --");
    ok(db, &format!("INSERT INTO orders (id, status) VALUES ('f', {quoted})")).await;
    let insert = format!(
        "INSERT INTO order_events (order_id, from_state, to_state) VALUES ('f', {quoted}, {quoted})"
    );
    refused(db, &insert, "order_events is append-only: only the guard").await;
}

async fn a_trigger_forges_nothing(db: &mut PgConnection) {
    let forges = "CREATE TABLE other (x text);
         CREATE FUNCTION forges() RETURNS trigger LANGUAGE plpgsql AS
           'BEGIN INSERT INTO deploy_events (deploy_id, seq, from_state, to_state, at, language)
              VALUES (''moved'', 2, ''queued'', ''failed'', now(), ''x''); RETURN NULL; END';
         CREATE TRIGGER forges AFTER INSERT ON other FOR EACH ROW EXECUTE FUNCTION forges()";
    ok(db, "GRANT CREATE ON SCHEMA public TO PUBLIC").await;
    let rights = "SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public";
    let statements = [forges, "INSERT INTO other VALUES ('')"];
    let [made, forged] = of_another(db, rights, &statements).await.try_into().expect("two");
    ok(db, "REVOKE CREATE ON SCHEMA public FROM PUBLIC").await;
    made.unwrap();
    assert!(forged.unwrap_err().contains("deploy_events is append-only"));
}

async fn a_row_that_was_changed_past_the_guard_goes_nowhere(db: &mut PgConnection) {
    ok(
        db,
        "INSERT INTO deploys (id) VALUES ('past');
         ALTER TABLE deploys DISABLE TRIGGER ALL;
         UPDATE deploys SET status = 'building' WHERE id = 'past';
         ALTER TABLE deploys ENABLE TRIGGER ALL",
    )
    .await;
    let update = "UPDATE deploys SET status = 'deploying' WHERE id = 'past'";
    refused(db, update, "the history of deploys ends in queued, not in building").await;
}

async fn a_renamed_column_is_named(db: &mut PgConnection) {
    ok(db, "ALTER TABLE deploys RENAME COLUMN status TO state").await;
    for sql in ["INSERT INTO deploys VALUES ('x')", "UPDATE deploys SET reason = 'x'"] {
        let said = db.run(sql).await.unwrap_err();
        assert!(said.ends_with("judges by a column that is not there: status"), "{said}");
    }
    ok(db, "ALTER TABLE deploys RENAME COLUMN state TO status").await;
}

async fn the_guards_run_as_their_owner_and_look_where_they_are_told(db: &mut PgConnection) {
    let rows = db
        .rows(
            "SELECT proname::text, prosecdef::text, array_to_string(proconfig, ';') FROM pg_proc
             WHERE proname LIKE 'deploy\\_%' AND proname NOT IN ('deploy_initial', 'deploy_mode', 'deploy_rules', 'deploy_has_pruned', 'deploy_differs') ORDER BY proname",
        )
        .await;
    assert_eq!(rows.len(), 16);
    let (path, plans) = ("search_path=pg_catalog, pg_temp", "enable_seqscan=off");
    for row in rows {
        // Who moves rows calls the guard, and the owner's rights go on from there.
        let (definer, settings) = match row[0].as_deref().expect("a function has a name") {
            // They qualify every name.
            "deploy_guard" | "deploy_start" => ("true", String::new()),
            "deploy_event" | "deploy_types" | "deploy_forget" => ("false", String::new()),
            "deploy_step" => ("false", plans.to_owned()),
            "deploy_judge" | "deploy_state" | "deploy_apply" => {
                ("false", format!("{path};{plans}"))
            }
            "deploy_append_only" | "deploy_set_mode" | "deploy_names" => ("false", path.to_owned()),
            "deploy_prune" => ("true", format!("{path};row_security=off")),
            _ => ("true", path.to_owned()),
        };
        assert_eq!(row[1].as_deref(), Some(definer), "{:?}", row[0]);
        assert_eq!(row[2].as_deref().unwrap_or_default(), settings, "{:?}", row[0]);
    }
}

async fn a_report_is_applied_at_once_where_nothing_speaks_against_it(db: &mut PgConnection) {
    ok(db, "INSERT INTO deploys (id, token_hash) VALUES ('at once', '\\x01')").await;
    let mut apply = async |token: &str, from: &str, to: &str, event: &str, of: &str| {
        let sql = format!(
            "SELECT was, seq::text FROM deploy_apply('at once', '{token}', '{{{from}}}', '{to}', {event}, \
             '\\x00', 'job', {of}, 'row-token')"
        );
        db.rows(&sql).await.concat().into_iter().flatten().collect::<Vec<String>>().join(" ")
    };
    const ANY: &str = "'7', 2, NULL, NULL, NULL, NULL, NULL, false";
    assert_eq!(apply("\\x02", "queued", "smoke_running", "NULL", ANY).await, "", "another token");
    assert_eq!(apply("\\x01", "building", "smoke_running", "NULL", ANY).await, "", "another state");
    assert_eq!(apply("\\x01", "queued", "smoke_running", "'e'", ANY).await, "queued 2");
    let next = ("smoke_running", "smoke_passed");
    assert_eq!(apply("\\x01", next.0, next.1, "'e'", ANY).await, "", "its id came before");
    let older = ANY.replace('2', "1");
    assert_eq!(
        apply("\\x01", next.0, next.1, "'f'", &older).await,
        "",
        "a newer attempt came before"
    );
    let other = "'8', 1, NULL, NULL, NULL, NULL, NULL, true";
    assert_eq!(apply("\\x01", next.0, next.1, "'f'", other).await, "", "it is another run's");
    let own = ANY.replace("false", "true");
    assert_eq!(apply("\\x01", next.0, next.1, "'f'", &own).await, "smoke_running 3");
    let recorded = "SELECT seq::text, event_id, status, from_state, answer || ' ' || authenticated_by \
                    FROM deploy_reports WHERE deploy_id = 'at once' ORDER BY id";
    let recorded = db.rows(recorded).await.concat();
    let recorded: Vec<&str> = recorded.iter().map(|cell| cell.as_deref().unwrap_or("")).collect();
    assert_eq!(
        recorded,
        [
            "2",
            "e",
            "smoke_running",
            "queued",
            "applied row-token",
            "3",
            "f",
            "smoke_passed",
            "smoke_running",
            "applied row-token"
        ]
    );
}

/// While a force is under way, what triggers do is judged as ever.
async fn a_force_is_for_one_row_and_one_state(db: &mut PgConnection) {
    ok(db, "INSERT INTO deploys (id) VALUES ('one'), ('two')").await;
    let force = "SELECT deploy_force('one', 'succeeded', 'x')";
    for (body, when, why) in [
        (
            "NEW.status := 'failed'; UPDATE public.deploys SET status = 'succeeded' WHERE id = 'two'; RETURN NEW;",
            "BEFORE",
            "illegal transition of deploy: queued -> succeeded",
        ),
        (
            "NEW.status := 'health_checking'; RETURN NEW;",
            "BEFORE",
            "illegal transition of deploy: queued -> health_checking",
        ),
        ("RETURN NULL;", "BEFORE", "one did not become succeeded"),
    ] {
        ok(
            db,
            &format!(
                "CREATE FUNCTION beside() RETURNS trigger LANGUAGE plpgsql AS
                   $$ BEGIN IF NEW.id = 'one' THEN {body} END IF; RETURN NEW; END $$;
                 CREATE TRIGGER beside {when} UPDATE ON deploys FOR EACH ROW EXECUTE FUNCTION beside()"
            ),
        )
        .await;
        refused(db, force, why).await;
        ok(db, "DROP TRIGGER beside ON deploys; DROP FUNCTION beside()").await;
    }
}

/// What another role is answered, which has these rights.
async fn of_another(db: &mut PgConnection, rights: &str, all: &[&str]) -> Vec<Result<(), String>> {
    // Roles belong to the cluster, which other tests share.
    let name = db.rows("SELECT current_database()::text").await.remove(0).remove(0).unwrap();
    let role = format!("other_{name}");
    ok(db, &format!("CREATE ROLE {role}; GRANT {rights} TO {role}; SET ROLE {role}")).await;
    let mut said = Vec::new();
    for statement in all {
        said.push(db.run(statement).await);
    }
    ok(db, &format!("RESET ROLE; DROP OWNED BY {role}; DROP ROLE {role}")).await;
    said
}

async fn nobody_else_forces(db: &mut PgConnection) {
    let rights = "SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public";
    let statements = [
        "SELECT deploy_force('one', 'succeeded', 'x')",
        "INSERT INTO deploy_forcing VALUES ('one', 'succeeded', 'x')",
    ];
    let said = of_another(db, rights, &statements).await;
    let [force, forcing] = said.try_into().expect("two statements");
    assert!(force.unwrap_err().contains("permission denied for function deploy_force"));
    assert!(forcing.unwrap_err().contains("deploy_forcing is only written by phasegate"));
}

async fn nobody_else_hangs_them_on_a_table(db: &mut PgConnection) {
    let hang = "CREATE TABLE mine (id text, status text);
                CREATE TRIGGER mine AFTER INSERT ON mine FOR EACH ROW EXECUTE FUNCTION deploy_guard()";
    let said = of_another(db, "CREATE ON SCHEMA public", &[hang]).await.remove(0);
    assert!(said.unwrap_err().contains("permission denied for function deploy_guard"));
}
