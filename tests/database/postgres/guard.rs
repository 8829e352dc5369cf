//! What a statement may do to a status and a key, whichever way it comes.

use phasegate_codegen::emit::sql::{Dialect, Storage};

use super::{assert_untouched, deploys, postgres, text_deploys};
use crate::common::cluster::database;
use crate::common::judge;
use crate::common::sql::{self, Db as _, history, ok, refused};

#[tokio::test]
#[ignore = "needs PostgreSQL 15: run by tests/run"]
async fn judges_every_pair_of_rows_that_are_older_than_the_guard() {
    for machine in sql::attached() {
        let mut db = sql::connect(&database().await).await;
        let target = machine.targets.sql().cloned().unwrap();
        let names = sql::Names::new(&machine, Dialect::Postgres);
        let (table, key, column) = (&names.table, &names.key, &names.column);
        let values: Vec<String> =
            machine.states.iter().map(|state| sql::literal(&state.value)).collect();
        // As found in the field: another type of key, an enum of another name, a collation that
        // folds case, nulls.
        let key_type = match target.key[0].of {
            phasegate_codegen::emit::sql::KeyType::Text => "varchar(40)",
            phasegate_codegen::emit::sql::KeyType::Uuid => "uuid",
            phasegate_codegen::emit::sql::KeyType::Bigint
            | phasegate_codegen::emit::sql::KeyType::Integer => "integer",
        };
        let status_type = match target.storage {
            Storage::Enum => "app.\"Old Labels\"",
            Storage::Text => "varchar COLLATE app.fold",
            Storage::Integer => "integer",
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
               CREATE TABLE orders (id text COLLATE fold, status text); CREATE INDEX ON orders (id);";
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
async fn the_largest_table_is_taken() {
    let machine = sql::machine(&sql::largest());
    assert_eq!((machine.states.len(), machine.transition_count()), (4096, 65536));
    let mut db = postgres(&sql::schema(&machine, Dialect::Postgres)).await;
    ok(&mut db, "INSERT INTO bigs (id) VALUES ('a'); UPDATE bigs SET status = 's16'").await;
    let illegal = "illegal transition of big: s16 -> s15; legal: s17, s18,";
    refused(&mut db, "UPDATE bigs SET status = 's15'", illegal).await;
}
