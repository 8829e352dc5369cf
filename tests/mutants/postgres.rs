//! Defects of PostgreSQL's schema, caught by running SQL on a server.

use std::cell::Cell;

use phasegate_codegen::targets::Dialect;
use sqlx::PgConnection;

use crate::common::postgres::database;
use crate::common::sql::{self, Db as _, ORDER, connect, history, ok, refused};
use crate::database::checks;
use crate::defect::{Defect, check, cut, killer, put};

const FILE: &str = "postgres.sql";

const fn deploy(what: &'static str, from: &'static str, to: &'static str) -> Defect {
    put("deploy", FILE, what, from, to)
}

const APPEND_ONLY: &str = "BEFORE UPDATE OR DELETE OR TRUNCATE ON \"public\".\"deploy_events\"";

pub(crate) const DEFECTS: [Defect; 26] = [
    deploy("a pair dropped", "  ('building', 'deploying', 'declared'),\n", ""),
    deploy(
        "a pair added",
        "\n  ('queued', 'failed', 'declared')",
        "\n  ('queued', 'failed', 'declared'),\n  ('succeeded', 'failed', 'declared')",
    ),
    deploy("a label dropped", "  'deploying',\n", ""),
    deploy("INSERT unguarded", "AFTER INSERT OR UPDATE ON", "AFTER UPDATE ON"),
    deploy("UPDATE unguarded", "AFTER INSERT OR UPDATE ON", "AFTER INSERT ON"),
    deploy(
        "UPDATE guarded for one column alone",
        "AFTER INSERT OR UPDATE ON",
        "AFTER INSERT OR UPDATE OF \"status\" ON",
    ),
    deploy(
        "the guard judges once per statement",
        "\"public\".\"deploys\"\n  FOR EACH ROW EXECUTE FUNCTION \"public\".\"deploy_guard\"",
        "\"public\".\"deploys\"\n  FOR EACH STATEMENT EXECUTE FUNCTION \"public\".\"deploy_guard\"",
    ),
    deploy(
        "a key change allowed",
        "IF OLD.\"id\"::text COLLATE \"C\" IS DISTINCT FROM NEW.\"id\"::text COLLATE \"C\" THEN",
        "IF false THEN",
    ),
    deploy(
        "used keys allowed",
        "IF EXISTS (SELECT FROM \"public\".\"deploy_events\" e WHERE e.\"deploy_id\" = NEW.\"id\") THEN",
        "IF false THEN",
    ),
    deploy(
        "any start allowed",
        "IF NOT EXISTS (SELECT FROM \"public\".\"deploy_states\" s WHERE s.\"state\" = becomes AND s.\"initial\") THEN",
        "IF false THEN",
    ),
    deploy(
        "any transition allowed",
        "t WHERE t.\"from_state\" = was AND t.\"to_state\" = becomes\n  ) THEN",
        "t\n  ) THEN",
    ),
    put(
        "order",
        FILE,
        "unknown states judged like known ones",
        "IF becomes IS NULL OR NOT EXISTS (SELECT FROM \"public\".\"order_states\" s WHERE s.\"state\" = becomes) THEN",
        "IF false THEN",
    ),
    put(
        "order",
        FILE,
        "transitions to itself not logged",
        "IF was = becomes AND EXISTS (",
        "IF was <> becomes AND EXISTS (",
    ),
    deploy(
        "TRUNCATE of the history allowed",
        APPEND_ONLY,
        "BEFORE UPDATE OR DELETE ON \"public\".\"deploy_events\"",
    ),
    deploy(
        "UPDATE of the history allowed",
        APPEND_ONLY,
        "BEFORE DELETE OR TRUNCATE ON \"public\".\"deploy_events\"",
    ),
    deploy(
        "DELETE of the history allowed",
        APPEND_ONLY,
        "BEFORE UPDATE OR TRUNCATE ON \"public\".\"deploy_events\"",
    ),
    deploy(
        "TRUNCATE of reports allowed",
        "BEFORE UPDATE OR DELETE OR TRUNCATE ON \"public\".\"deploy_reports\"",
        "BEFORE UPDATE OR DELETE ON \"public\".\"deploy_reports\"",
    ),
    put("order", FILE, "a forged event allowed", "IF pg_trigger_depth() < 2 THEN", "IF false THEN"),
    deploy(
        "a forged event allowed to a trigger",
        "IF NEW.\"to_state\" IS DISTINCT FROM row_state\n    OR NEW",
        "IF NEW",
    ),
    deploy(
        "a history that breaks off allowed",
        "IF NEW.\"from_state\" IS DISTINCT FROM last_state THEN",
        "IF false THEN",
    ),
    deploy("a gap in seq", "coalesce(last_seq, 0) + 1", "coalesce(last_seq, 0) + 2"),
    deploy(
        "another fingerprint in the history",
        "(SELECT l.\"fingerprint\" FROM \"public\".\"deploy_language\" l)",
        "'x'",
    ),
    deploy(
        "a report of no event allowed",
        "IF NEW.\"seq\" IS NOT NULL AND NOT EXISTS (",
        "IF false AND NOT EXISTS (",
    ),
    deploy(
        "the guard runs with the rights of whoever moves the row",
        "plpgsql SECURITY DEFINER SET",
        "plpgsql SET",
    ),
    deploy(
        "the guard finds names by its caller's path",
        "DEFINER SET search_path = pg_catalog, pg_temp",
        "DEFINER",
    ),
    cut("deploy", FILE, "anybody may hang the guard on a table", "REVOKE ALL ON FUNCTION", ";\n"),
];

pub(crate) fn run(table: &str, defect: Option<&Defect>) -> Option<String> {
    // The one is an enum, the other is text.
    let machine = match table {
        "order" => sql::machine(&format!("{ORDER}storage = 'text'")),
        _ => sql::deploy(),
    };
    let text = sql::schema(&machine, Dialect::Postgres);
    let text = defect.map_or(text.clone(), |defect| defect.apply(&text));
    killer(|at| {
        tokio::runtime::Runtime::new().unwrap().block_on(async {
            let mut db = check!(at, installs(&text).await);
            checks(&mut db, &machine, at).await;
            if table == "deploy" {
                own(&mut db, at).await;
            } else {
                check!(at, a_forged_transition_to_itself_is_refused(&mut db).await);
            }
        });
    })
}

async fn installs(schema: &str) -> PgConnection {
    let mut db = connect(&database().await).await;
    ok(&mut db, schema).await;
    db
}

/// What PostgreSQL alone has.
async fn own(db: &mut PgConnection, at: &Cell<&'static str>) {
    check!(at, other_triggers_move_a_row_legally_or_not_at_all(db).await);
    check!(at, a_trigger_forges_nothing(db).await);
    check!(at, a_row_that_was_changed_past_the_guard_goes_nowhere(db).await);
    check!(at, the_guards_run_as_their_owner_and_look_where_they_are_told(db).await);
    check!(at, nobody_else_hangs_them_on_a_table(db).await);
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
    refused(db, &insert, "order_events is append-only: the guard").await;
}

async fn a_trigger_forges_nothing(db: &mut PgConnection) {
    ok(
        db,
        "CREATE TABLE other (x text);
         CREATE FUNCTION forges() RETURNS trigger LANGUAGE plpgsql AS
           'BEGIN INSERT INTO deploy_events (deploy_id, from_state, to_state)
              VALUES (''moved'', ''queued'', ''failed''); RETURN NULL; END';
         CREATE TRIGGER forges AFTER INSERT ON other FOR EACH ROW EXECUTE FUNCTION forges()",
    )
    .await;
    refused(db, "INSERT INTO other VALUES ('')", "deploy_events is append-only: moved").await;
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

async fn the_guards_run_as_their_owner_and_look_where_they_are_told(db: &mut PgConnection) {
    let rows = db
        .rows(
            "SELECT proname::text, prosecdef::text, array_to_string(proconfig, ';') FROM pg_proc
             WHERE proname LIKE 'deploy\\_%' ORDER BY proname",
        )
        .await;
    assert_eq!(rows.len(), 5);
    for row in rows {
        let definer =
            if row[0].as_deref() == Some("deploy_append_only") { "false" } else { "true" };
        assert_eq!(row[1].as_deref(), Some(definer), "{:?}", row[0]);
        assert_eq!(row[2].as_deref(), Some("search_path=pg_catalog, pg_temp"), "{:?}", row[0]);
    }
}

async fn nobody_else_hangs_them_on_a_table(db: &mut PgConnection) {
    // Roles belong to the cluster, which other tests share.
    let name = db.rows("SELECT current_database()::text").await.remove(0).remove(0).unwrap();
    let role = format!("stranger_{name}");
    let become_it = "GRANT CREATE ON SCHEMA public TO stranger; SET ROLE stranger";
    let become_it = become_it.replace("stranger", &role);
    ok(db, &format!("CREATE ROLE {role}; {become_it}")).await;
    let hang = "CREATE TABLE mine (id text, status text);
                CREATE TRIGGER mine AFTER INSERT ON mine FOR EACH ROW EXECUTE FUNCTION deploy_guard()";
    let said = db.run(hang).await;
    ok(db, &format!("RESET ROLE; DROP OWNED BY {role}; DROP ROLE {role}")).await;
    assert!(said.unwrap_err().contains("permission denied for function deploy_guard"));
}
