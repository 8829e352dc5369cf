//! On PostgreSQL nothing but a legal transition changes a status, whatever SQL is sent, and the
//! history says what happened. (That it lets all of those through: `equivalence.rs`.)

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common {
    pub(crate) mod judge;
    pub(crate) mod postgres;
    pub(crate) mod sql;
}

use common::judge;
use common::postgres::database;
use common::sql::{self, Db, Row, history, ok, refused};
use phasegate_codegen::targets::{Dialect, Storage};
use sqlx::postgres::PgConnection;

async fn postgres(schema: &str) -> PgConnection {
    let mut db = sql::connect(&database().await).await;
    ok(&mut db, schema).await;
    db
}

const ROWS: &str = "INSERT INTO deploys (id) VALUES ('a'), ('b'); \
                    UPDATE deploys SET status = 'building' WHERE id = 'a'";

/// The deploy table, with a row `a` that is building and `b` that is queued.
async fn deploys() -> PgConnection {
    let mut db = postgres(&sql::schema(&sql::deploy(), Dialect::Postgres)).await;
    ok(&mut db, ROWS).await;
    db
}

/// The same, its column a text; and its address.
async fn text_deploys() -> PgConnection {
    let table =
        include_str!("../deploy.toml").replace("[target.sql]", "[target.sql]\nstorage = 'text'");
    let mut db = postgres(&sql::schema(&sql::machine(&table), Dialect::Postgres)).await;
    ok(&mut db, ROWS).await;
    db
}

async fn assert_untouched(db: &mut PgConnection) {
    assert_eq!(history(db, "a").await, ">queued queued>building");
    assert_eq!(history(db, "b").await, ">queued");
    let rows = db.rows("SELECT id, status::text FROM public.deploys ORDER BY id").await;
    let row = |id: &str, status: &str| [id, status].map(|text| Some(text.to_owned())).to_vec();
    assert_eq!(rows, [row("a", "building"), row("b", "queued")]);
}

#[tokio::test]
#[ignore = "needs PostgreSQL 15: run by tests/run"]
async fn judges_every_pair_of_rows_that_are_older_than_the_guard() {
    for machine in sql::attached() {
        let mut db = sql::connect(&database().await).await;
        let target = machine.targets.sql.clone().unwrap();
        let names = sql::Names::new(&machine, Dialect::Postgres);
        let (table, key, column) = (&names.table, &names.key, &names.column);
        let values: Vec<String> =
            machine.states.iter().map(|state| sql::literal(&state.value)).collect();
        // As found in the field: another type of key, an enum of another name, a collation that
        // folds case, nulls.
        let key_type = match target.key_type {
            phasegate_codegen::targets::KeyType::Text => "varchar(40)",
            phasegate_codegen::targets::KeyType::Uuid => "uuid",
            phasegate_codegen::targets::KeyType::Bigint => "integer",
        };
        let status_type = match target.storage {
            Storage::Enum => "app.\"Old Labels\"",
            Storage::Text => "varchar COLLATE app.fold",
        };
        let labels = values.join(", ");
        ok(
            &mut db,
            &format!(
                "CREATE SCHEMA app; CREATE TYPE app.\"Old Labels\" AS ENUM ({labels});
                 CREATE COLLATION app.fold (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
                 CREATE TABLE {table} ({key} {key_type} PRIMARY KEY, {column} {status_type}, note text);"
            ),
        )
        .await;
        let mut n = 0;
        for value in &values {
            for _ in &values {
                n += 1;
                let id = names.key(n);
                ok(&mut db, &format!("INSERT INTO {table} VALUES ({id}, {value})")).await;
            }
        }
        ok(&mut db, &format!("INSERT INTO {table} VALUES ({})", names.key(n + 1))).await;
        ok(&mut db, &sql::schema(&machine, Dialect::Postgres)).await;
        judge::judges_older_rows_as_the_table(&mut db, &machine).await;

        let set = |value: &str| {
            format!("UPDATE {table} SET {column} = {value} WHERE {key} = {}", names.key(n + 1))
        };
        ok(&mut db, &format!("UPDATE {table} SET note = 'still without a status'")).await;
        let first = &machine.state(machine.initial[0]).value;
        if let Some(other) = machine.states.iter().find(|state| state.name == "sent") {
            refused(&mut db, &set(&sql::literal(&other.value)), "illegal start").await;
        }
        ok(&mut db, &set(&sql::literal(first))).await;
        refused(&mut db, &set("NULL"), "unknown state").await;
        if target.storage == Storage::Text {
            refused(&mut db, &set(&sql::literal(&first.to_uppercase())), "unknown state").await;
        }
        if names.events.is_some() {
            // A row that never moved under the guard leaves its key behind all the same.
            let untouched = names.key(if machine.states.len() > 1 { 2 } else { 1 });
            ok(&mut db, &format!("DELETE FROM {table} WHERE {key} = {untouched}")).await;
            let insert = format!(
                "INSERT INTO {table} ({key}, {column}) VALUES ({untouched}, {})",
                sql::literal(first)
            );
            let why = format!("the key of {} cannot be used again", target.table);
            refused(&mut db, &insert, &why).await;
        }
    }
}

#[tokio::test]
#[ignore = "needs PostgreSQL 15: run by tests/run"]
async fn refuses_every_way_into_a_state_that_is_not_legal() {
    let illegal = "illegal transition of deploy: building -> succeeded; legal: deploying, failed";
    let key = "the key of deploys";
    let attacks = [
        ("UPDATE deploys SET status = 'succeeded' WHERE id = 'a'", illegal),
        // One illegal row takes the legal ones with it.
        ("UPDATE deploys SET status = 'succeeded'", "illegal transition of deploy: "),
        (
            "UPDATE deploys SET status = 'failed' WHERE id = 'b'; UPDATE deploys SET status = 'queued'",
            "illegal",
        ),
        (
            "INSERT INTO deploys (id, status) VALUES ('c', 'building')",
            "illegal start of deploy in building; initial: queued",
        ),
        (
            "INSERT INTO deploys (id, status) VALUES ('a', 'queued'), ('c', 'failed') ON CONFLICT DO NOTHING",
            "illegal start",
        ),
        ("DELETE FROM deploys WHERE id = 'a'; INSERT INTO deploys (id) VALUES ('a')", key),
        ("TRUNCATE deploys; INSERT INTO deploys (id) VALUES ('a')", key),
        ("UPDATE deploys SET id = 'c' WHERE id = 'a'", "the key of deploys cannot change: a -> c"),
        ("UPDATE deploys SET id = 'c', status = 'deploying' WHERE id = 'a'", key),
        (
            "INSERT INTO deploys (id, status) VALUES ('a', 'succeeded') \
             ON CONFLICT (id) DO UPDATE SET status = EXCLUDED.status",
            illegal,
        ),
        ("INSERT INTO deploys (id) VALUES ('a') ON CONFLICT (id) DO UPDATE SET id = 'c'", key),
        (
            "WITH moved AS (UPDATE deploys SET status = 'succeeded' WHERE id = 'a' RETURNING id) SELECT id FROM moved",
            illegal,
        ),
        (
            "MERGE INTO deploys d USING (VALUES ('a')) v (id) ON d.id = v.id \
             WHEN MATCHED THEN UPDATE SET status = 'succeeded'",
            illegal,
        ),
        (
            "MERGE INTO deploys d USING (VALUES ('c')) v (id) ON d.id = v.id \
             WHEN NOT MATCHED THEN INSERT (id, status) VALUES (v.id, 'building')",
            "illegal start",
        ),
        (
            "CREATE VIEW v AS SELECT id, status FROM deploys; UPDATE v SET status = 'succeeded' WHERE id = 'a'",
            illegal,
        ),
        (
            "DO $$ BEGIN UPDATE deploys SET status = 'succeeded' WHERE id = 'a'; \
             EXCEPTION WHEN check_violation THEN RAISE EXCEPTION USING ERRCODE = '23514', MESSAGE = SQLERRM; END $$",
            illegal,
        ),
        (
            "SET CONSTRAINTS ALL DEFERRED; UPDATE deploys SET status = 'succeeded' WHERE id = 'a'",
            illegal,
        ),
    ];
    for mut db in [deploys().await, text_deploys().await] {
        for (statement, why) in attacks {
            ok(&mut db, "BEGIN").await;
            refused(&mut db, statement, why).await;
            ok(&mut db, "ROLLBACK").await;
            assert_untouched(&mut db).await;
        }
        for statement in [
            "UPDATE deploys SET status = NULL WHERE id = 'a'",
            "UPDATE deploys SET status = 'none' WHERE id = 'a'",
            "UPDATE deploys SET status = 'Building' WHERE id = 'a'",
            "INSERT INTO deploys (id, status) VALUES ('c', 'none')",
            "INSERT INTO deploys (id) VALUES (NULL)",
        ] {
            db.run(statement).await.expect_err(statement);
            assert_untouched(&mut db).await;
        }
    }
    let mut db = text_deploys().await;
    let statement = "UPDATE deploys SET status = 'none' WHERE id = 'a'";
    refused(&mut db, statement, "unknown state of deploy: none; known: queued, smoke_running,")
        .await;
}

#[tokio::test]
#[ignore = "needs PostgreSQL 15: run by tests/run"]
async fn a_key_without_a_constraint_of_its_own_is_set_once_and_stays() {
    let machine = sql::machine(&format!("{}owns = false\nstorage = 'text'", sql::ORDER));
    let own =
        "CREATE COLLATION fold (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
               CREATE TABLE orders (id text COLLATE fold, status text);";
    let mut db = postgres(own).await;
    ok(&mut db, &sql::schema(&machine, Dialect::Postgres)).await;
    ok(&mut db, "INSERT INTO orders VALUES ('a', 'cart')").await;
    for (statement, why) in [
        ("INSERT INTO orders VALUES (NULL, 'cart')", "the key of orders cannot be null"),
        ("INSERT INTO orders VALUES ('a', 'cart')", "the key of orders cannot be used again"),
        ("UPDATE orders SET id = 'A'", "the key of orders cannot change: a -> A"),
        ("UPDATE orders SET id = NULL", "the key of orders cannot change: a -> null"),
        ("UPDATE orders SET status = 'CART'", "unknown state of order: CART"),
    ] {
        refused(&mut db, statement, why).await;
    }
}

#[tokio::test]
#[ignore = "needs PostgreSQL 15: run by tests/run"]
async fn copies_are_judged_like_inserts() {
    let mut db = deploys().await;
    for (line, why) in [("c\tbuilding\n", "illegal start"), ("a\tqueued\n", "")] {
        let mut copy = db.copy_in_raw("COPY deploys (id, status) FROM STDIN").await.unwrap();
        copy.send(line.as_bytes()).await.unwrap();
        let error = copy.finish().await.unwrap_err().to_string();
        assert!(error.contains(why), "{error}");
        assert_untouched(&mut db).await;
    }
}

#[tokio::test]
#[ignore = "needs PostgreSQL 15: run by tests/run"]
async fn lets_an_upsert_move_a_row_that_is_there() {
    let mut db = deploys().await;
    let upsert = "INSERT INTO deploys (id, status) VALUES ('a', 'deploying') \
                  ON CONFLICT (id) DO UPDATE SET status = EXCLUDED.status";
    ok(&mut db, upsert).await;
    ok(&mut db, "INSERT INTO deploys (id, status) VALUES ('a', 'building') ON CONFLICT DO NOTHING")
        .await;
    assert_eq!(history(&mut db, "a").await, ">queued queued>building building>deploying");
}

#[tokio::test]
#[ignore = "needs PostgreSQL 15: run by tests/run"]
async fn writes_no_event_where_the_status_stays_or_the_transaction_is_undone() {
    let mut db = deploys().await;
    ok(&mut db, "UPDATE deploys SET reason = 'note'; UPDATE deploys SET status = status").await;
    ok(&mut db, "BEGIN; UPDATE deploys SET status = 'failed'; ROLLBACK").await;
    ok(&mut db, "BEGIN; SAVEPOINT s; UPDATE deploys SET status = 'failed'; ROLLBACK TO s; COMMIT")
        .await;
    assert_untouched(&mut db).await;
}

#[tokio::test]
#[ignore = "needs PostgreSQL 15: run by tests/run"]
async fn logs_a_declared_transition_to_itself_and_only_where_the_column_is_set() {
    let machine = sql::machine(&format!("{}events = 'log'", sql::ORDER));
    let mut db = postgres(&sql::schema(&machine, Dialect::Postgres)).await;
    ok(&mut db, r#"INSERT INTO orders (id, status) VALUES ('a', 'it''s "quoted"; --')"#).await;
    ok(&mut db, "UPDATE orders SET reason = 'note'").await;
    assert_eq!(db.rows("SELECT '' FROM log").await.len(), 1);
    ok(&mut db, "UPDATE orders SET status = status, reason = 'again'").await;
    assert_eq!(db.rows("SELECT '' FROM log").await.len(), 2);
    // What is forged elsewhere as a legal step is refused here all the same.
    let forge =
        "INSERT INTO log (order_id, from_state, to_state) SELECT id, status, status FROM orders";
    refused(&mut db, forge, "log is append-only").await;
}

#[tokio::test]
#[ignore = "needs PostgreSQL 15: run by tests/run"]
async fn nothing_but_the_guard_writes_the_history() {
    let mut db = deploys().await;
    let append_only = "deploy_events is append-only";
    let forge = "INSERT INTO deploy_events (deploy_id, seq, from_state, to_state, at, language)";
    for statement in [
        "DELETE FROM deploy_events",
        "DELETE FROM deploy_events WHERE false",
        "UPDATE deploy_events SET to_state = 'failed'",
        "TRUNCATE deploy_events",
        "TRUNCATE deploys, deploy_events CASCADE",
        &format!("{forge} VALUES ('a', 3, 'building', 'failed', now(), '')"),
        &format!("{forge} VALUES ('a', 3, 'building', 'building', now(), '')"),
        &format!("{forge} VALUES ('new', 1, NULL, 'queued', now(), '')"),
        &format!(
            "{forge} VALUES ('a', 2, 'queued', 'failed', now(), '') ON CONFLICT (deploy_id, seq) DO UPDATE SET to_state = 'failed'"
        ),
        "MERGE INTO deploy_events e USING (VALUES ('a')) v (id) ON e.deploy_id = v.id WHEN MATCHED THEN DELETE",
    ] {
        refused(&mut db, statement, append_only).await;
        assert_untouched(&mut db).await;
    }
    // Not by a trigger's hand either.
    for (from, to, why) in [
        ("'building'", "'failed'", append_only),
        ("'building'", "'building'", append_only),
        ("'queued'", "'building'", "the history of deploys ends in building, not in queued"),
        ("NULL", "'queued'", "the history of deploys ends in building, not in nothing"),
    ] {
        ok(&mut db, "BEGIN").await;
        ok(
            &mut db,
            &format!(
                "CREATE FUNCTION forge() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
                 INSERT INTO deploy_events (deploy_id, from_state, to_state) VALUES ('a', {from}, {to}); \
                 RETURN NULL; END $$; \
                 CREATE TRIGGER forge AFTER UPDATE ON deploys FOR EACH ROW EXECUTE FUNCTION forge();"
            ),
        )
        .await;
        refused(&mut db, "UPDATE deploys SET reason = 'x' WHERE id = 'a'", why).await;
        ok(&mut db, "ROLLBACK").await;
    }
    let mut copy = db
        .copy_in_raw(
            "COPY deploy_events (deploy_id, seq, from_state, to_state, at, language) FROM STDIN",
        )
        .await
        .unwrap();
    copy.send(&b"a\t3\tbuilding\tfailed\t2020-01-01\tx\n"[..]).await.unwrap();
    let error = copy.finish().await.unwrap_err().to_string();
    assert!(error.contains(append_only), "{error}");
    assert_untouched(&mut db).await;
}

#[tokio::test]
#[ignore = "needs PostgreSQL 15: run by tests/run"]
async fn the_reports_are_append_only() {
    let mut db = deploys().await;
    let report = |event: &str, seq: &str| {
        format!(
            "INSERT INTO deploy_reports (deploy_id, event_id, status, answer, seq) \
             VALUES ('a', {event}, 'building', 'applied', {seq})"
        )
    };
    ok(&mut db, &report("'e1'", "1")).await;
    ok(&mut db, &report("NULL", "2")).await;
    let refusal = "INSERT INTO deploy_reports (deploy_id, event_id, status, from_state, answer, at) \
                   VALUES ('a', 'e1', 'queued', 'building', 'illegal-transition', '2020-01-01')";
    ok(&mut db, refusal).await;
    ok(&mut db, refusal).await;
    let append_only = "deploy_reports is append-only";
    for statement in [
        "DELETE FROM deploy_reports",
        "UPDATE deploy_reports SET actor = 'me'",
        "TRUNCATE deploy_reports",
        "INSERT INTO deploy_reports (deploy_id, event_id, status, answer) VALUES ('a', 'e1', 'x', 'applied') \
         ON CONFLICT (deploy_id, event_id) WHERE answer = 'applied' DO UPDATE SET actor = 'me'",
    ] {
        refused(&mut db, statement, append_only).await;
    }
    refused(&mut db, &report("'e9'", "3"), "deploy_reports: a has no event 3").await;
    for statement in [report("'e1'", "NULL"), report("'e9'", "1")] {
        let error = db.run(&statement).await.unwrap_err();
        assert!(error.starts_with("duplicate key"), "{error}");
    }
    let explicit =
        "INSERT INTO deploy_reports (id, deploy_id, status, answer) VALUES (1, 'a', 'x', 'y')";
    db.run(explicit).await.expect_err("the database makes the ids");
    let old = db.rows("SELECT '' FROM deploy_reports WHERE at < now() - interval '1 hour'").await;
    assert_eq!(old, Vec::<Row>::new(), "the time is the database's own");
    assert_eq!(db.rows("SELECT '' FROM deploy_reports").await.len(), 4);
}

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
        "INSERT INTO deploy_transitions VALUES ('building', 'succeeded', 'declared')",
        "UPDATE deploy_states SET initial = true",
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
async fn a_row_that_was_changed_past_the_guard_goes_nowhere_until_it_is_put_back() {
    let mut db = deploys().await;
    // A superuser and the owner can: that is what the guard cannot stop.
    ok(
        &mut db,
        "SET session_replication_role = replica; UPDATE deploys SET status = 'succeeded' WHERE id = 'b'; RESET session_replication_role;
         ALTER TABLE deploys DISABLE TRIGGER \"000_deploy_guard\"; UPDATE deploys SET status = 'deploying' WHERE id = 'a';
         ALTER TABLE deploys ENABLE TRIGGER \"000_deploy_guard\";",
    )
    .await;
    let fail = "UPDATE deploys SET status = 'failed' WHERE id = 'a'";
    refused(
        &mut db,
        fail,
        "the history of deploys ends in building, not in deploying: a was changed past the guard",
    )
    .await;
    ok(
        &mut db,
        "SET session_replication_role = replica; UPDATE deploys SET status = 'building' WHERE id = 'a'; RESET session_replication_role;",
    )
    .await;
    ok(&mut db, fail).await;
    assert_eq!(history(&mut db, "a").await, ">queued queued>building building>failed");
}

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

#[tokio::test]
#[ignore = "needs PostgreSQL 15: run by tests/run"]
async fn the_largest_table_is_taken() {
    let machine = sql::machine(&sql::largest());
    assert_eq!((machine.states.len(), machine.transition_count()), (4096, 65536));
    let mut db = postgres(&sql::schema(&machine, Dialect::Postgres)).await;
    ok(&mut db, "INSERT INTO bigs (id) VALUES ('a'); UPDATE bigs SET status = 's16'").await;
    let illegal = "illegal transition of big: s16 -> s15; legal: s17, s18,";
    refused(&mut db, "UPDATE bigs SET status = 's15'", illegal).await;
}
