//! What a statement may do to a status and a key, whichever way it comes.

use phasegate_codegen::emit::sql::Dialect;

use super::{assert_untouched, deploys};
use crate::common::judge;
use crate::common::sql::{self, Db as _, history, ok, refused};

#[tokio::test]
async fn judges_every_pair_of_rows_that_are_older_than_the_guard() {
    for machine in sql::attached() {
        let mut db = sql::sqlite("").await;
        let names = sql::Names::new(&machine, Dialect::Sqlite);
        let (table, key, column) = (&names.table, &names.key, &names.column);
        // As found in the field: no affinity, a collation that folds case, nulls.
        let columns = format!("{key} PRIMARY KEY, {column} TEXT COLLATE NOCASE, note TEXT");
        ok(&mut db, &format!("CREATE TABLE {table} ({columns})")).await;
        let mut n = 0;
        for from in &machine.states {
            for _ in &machine.states {
                n += 1;
                let (id, value) = (names.key(n), sql::literal(&from.value));
                ok(&mut db, &format!("INSERT INTO {table} VALUES ({id}, {value}, NULL)")).await;
            }
        }
        ok(&mut db, &format!("INSERT INTO {table} VALUES ({}, NULL, NULL)", names.key(n + 1)))
            .await;
        ok(&mut db, &sql::schema(&machine, Dialect::Sqlite)).await;
        judge::judges_older_rows_as_the_table(&mut db, &machine).await;

        let set = |value: &str| {
            format!("UPDATE {table} SET {column} = {value} WHERE {key} = {}", names.key(n + 1))
        };
        ok(&mut db, &format!("UPDATE {table} SET note = 'still without a status'")).await;
        refused(&mut db, &set("'no such state'"), "unknown state").await;
        let first = machine.state(machine.initial[0]);
        if let Some(other) = machine.states.iter().find(|state| state.name == "sent") {
            refused(&mut db, &set(&sql::literal(&other.value)), "illegal start").await;
        }
        ok(&mut db, &set(&sql::literal(&first.value))).await;
        refused(&mut db, &set("NULL"), "unknown state").await;
        refused(&mut db, &set("X'61'"), "unknown state").await;
        refused(&mut db, &set(&sql::literal(&first.value.to_uppercase())), "unknown state").await;
        if names.events.is_some() {
            let again = format!(
                "DELETE FROM {table}; INSERT INTO {table} ({key}, {column}) VALUES ({}, {})",
                names.key(1),
                sql::literal(&first.value)
            );
            refused(
                &mut db,
                &again,
                &format!("the key of {} cannot be used again", table.trim_matches('"')),
            )
            .await;
        }
    }
}

#[tokio::test]
async fn refuses_every_way_into_a_state_that_is_not_legal() {
    let mut db = deploys().await;
    let illegal = "illegal transition of deploy from building; legal: deploying, failed";
    let key = "the key of deploys";
    for (statement, why) in [
        ("UPDATE deploys SET status = 'succeeded' WHERE id = 'a'", illegal),
        ("UPDATE OR IGNORE deploys SET status = 'succeeded' WHERE id = 'a'", illegal),
        ("UPDATE OR REPLACE deploys SET status = 'succeeded' WHERE id = 'a'", illegal),
        ("UPDATE OR FAIL deploys SET status = 'succeeded' WHERE id = 'a'", illegal),
        ("UPDATE OR ROLLBACK deploys SET status = 'succeeded' WHERE id = 'a'", illegal),
        // REPLACE puts the column's default in the place of a null.
        ("UPDATE OR REPLACE deploys SET status = NULL WHERE id = 'a'", illegal),
        // One illegal row takes the legal ones with it.
        (
            "UPDATE deploys SET status = 'failed' WHERE id = 'b'; UPDATE deploys SET status = 'queued'",
            "illegal",
        ),
        ("UPDATE OR FAIL deploys SET status = 'deploying'", "illegal"),
        (
            "UPDATE deploys SET status = 'Building' WHERE id = 'a'",
            "unknown state of deploy; known: queued, ",
        ),
        ("UPDATE deploys SET status = 'building' || char(0) WHERE id = 'a'", "unknown state"),
        ("UPDATE deploys SET status = 1 WHERE id = 'a'", "unknown state"),
        (
            "INSERT INTO deploys (id, status) VALUES ('c', 'building')",
            "illegal start of deploy; initial: queued",
        ),
        ("INSERT OR IGNORE INTO deploys (id, status) VALUES ('c', 'building')", "illegal start"),
        ("INSERT OR REPLACE INTO deploys (id, status) VALUES ('c', 'building')", "illegal start"),
        ("INSERT INTO deploys (id, status) VALUES ('c', 'none')", "unknown state"),
        ("INSERT OR REPLACE INTO deploys (id, status) VALUES ('a', 'queued')", key),
        ("REPLACE INTO deploys (id, status) VALUES ('a', 'building')", "illegal start"),
        ("DELETE FROM deploys WHERE id = 'a'; INSERT INTO deploys (id) VALUES ('a')", key),
        (
            "DELETE FROM deploys WHERE id = 'a'; INSERT OR IGNORE INTO deploys (id) VALUES ('a')",
            key,
        ),
        (
            "DELETE FROM deploys WHERE id = 'a'; INSERT OR REPLACE INTO deploys (id) VALUES ('a')",
            key,
        ),
        ("UPDATE deploys SET id = 'c' WHERE id = 'a'", key),
        ("UPDATE deploys SET id = 'A' WHERE id = 'a'", key),
        ("UPDATE OR REPLACE deploys SET id = 'b' WHERE id = 'a'", key),
        ("UPDATE OR IGNORE deploys SET id = 'c', status = 'failed' WHERE id = 'a'", key),
        (
            "INSERT INTO deploys (id, status) VALUES ('b', 'succeeded') \
             ON CONFLICT (id) DO UPDATE SET status = excluded.status",
            "illegal transition of deploy from queued",
        ),
    ] {
        ok(&mut db, "BEGIN").await;
        refused(&mut db, statement, why).await;
        // The statement is undone, not the transaction: ROLLBACK has something to roll back.
        ok(&mut db, "ROLLBACK").await;
        assert_untouched(&mut db).await;
    }
    for statement in [
        "UPDATE deploys SET status = X'6661696c6564' WHERE id = 'a'",
        "UPDATE deploys SET status = NULL WHERE id = 'a'",
        "INSERT INTO deploys (id) VALUES (NULL)",
        "INSERT INTO deploys (id) VALUES (X'63')",
        "INSERT INTO deploys (id, status) VALUES ('c', X'717565756564')",
    ] {
        assert!(db.run(statement).await.is_err(), "{statement}");
        assert_untouched(&mut db).await;
    }
    // Silently nothing, as it asks for.
    ok(&mut db, "UPDATE OR IGNORE deploys SET status = NULL WHERE id = 'a'").await;
    assert_untouched(&mut db).await;
}

#[tokio::test]
async fn lets_an_upsert_move_a_row_that_is_there() {
    let mut db = deploys().await;
    let upsert = "INSERT INTO deploys (id, status) VALUES ('a', 'deploying') \
                  ON CONFLICT (id) DO UPDATE SET status = excluded.status";
    ok(&mut db, upsert).await;
    ok(&mut db, "INSERT INTO deploys (id, status) VALUES ('a', 'queued') ON CONFLICT DO NOTHING")
        .await;
    ok(&mut db, "INSERT OR IGNORE INTO deploys (id, status) VALUES ('a', 'queued')").await;
    assert_eq!(history(&mut db, "a").await, ">queued queued>building building>deploying");
}

#[tokio::test]
async fn rowids_are_no_way_around() {
    let mut db = deploys().await;
    // To take another row's rowid deletes that row, and nothing more.
    ok(&mut db, "UPDATE OR REPLACE deploys SET rowid = (SELECT rowid FROM deploys WHERE id = 'b') WHERE id = 'a'").await;
    refused(&mut db, "INSERT INTO deploys (id) VALUES ('b')", "the key of deploys").await;
    refused(&mut db, "INSERT INTO deploys (rowid, id) VALUES (99, 'b')", "the key of deploys")
        .await;
    ok(&mut db, "INSERT OR REPLACE INTO deploys (rowid, id) SELECT rowid, 'new' FROM deploys WHERE id = 'a'").await;
    refused(&mut db, "INSERT INTO deploys (id) VALUES ('a')", "the key of deploys").await;
    assert_eq!(history(&mut db, "a").await, ">queued queued>building");
}

#[tokio::test]
async fn a_row_that_was_changed_past_the_guard_goes_nowhere_until_it_is_put_back() {
    let mut db = deploys().await;
    let guards = db.rows("SELECT sql FROM sqlite_schema WHERE name LIKE '000_deploy_guard%'").await;
    assert_eq!(guards.len(), 5);
    for name in ["insert", "update", "delete", "update_logged", "insert_logged"] {
        ok(&mut db, &format!("DROP TRIGGER \"000_deploy_guard_{name}\"")).await;
    }
    // The owner can: that is what the guards cannot stop.
    ok(&mut db, "UPDATE deploys SET status = 'succeeded' WHERE id = 'b'").await;
    ok(&mut db, "UPDATE deploys SET status = 'deploying' WHERE id = 'a'").await;
    for guard in guards {
        ok(&mut db, guard[0].as_deref().unwrap()).await;
    }
    refused(
        &mut db,
        "UPDATE deploys SET status = 'failed' WHERE id = 'a'",
        "the history of deploys",
    )
    .await;
    assert_eq!(history(&mut db, "a").await, ">queued queued>building");
}

#[tokio::test]
async fn a_column_without_a_type_holds_texts_alone_and_its_key_stays() {
    let table = "format = 1\nmachine = { name = 'level', initial = 'one' }\n\
        state = [{ name = 'one', value = '1' }, { name = 'two', value = '2' }]\n\
        transition = [{ path = ['one', 'two', 'one'] }]\n[target.sql]\nowns = false";
    let machine = sql::machine(table);
    let mut db = sql::sqlite(
        "CREATE TABLE levels (id COLLATE NOCASE, status); CREATE INDEX by_id ON levels (id)",
    )
    .await;
    ok(&mut db, &sql::schema(&machine, Dialect::Sqlite)).await;
    ok(&mut db, "INSERT INTO levels VALUES ('a', '1')").await;
    for (statement, why) in [
        ("UPDATE levels SET status = 2", "unknown state of level; known: 1, 2"),
        ("UPDATE levels SET status = X'32'", "unknown state"),
        ("INSERT INTO levels VALUES ('b', 1)", "unknown state"),
        ("INSERT INTO levels VALUES (NULL, '1')", "the key of levels cannot be null"),
        ("UPDATE levels SET id = 'A'", "the key of levels cannot change"),
        ("UPDATE levels SET id = NULL", "the key of levels cannot change"),
        ("INSERT INTO levels VALUES ('a', '1')", "the key of levels cannot be used again"),
    ] {
        refused(&mut db, statement, why).await;
    }
    ok(&mut db, "UPDATE levels SET status = '2'").await;
    let steps = db.rows("SELECT from_state, to_state FROM level_events ORDER BY seq").await;
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(steps, [[None, text("1")], [text("1"), text("2")]]);
}

#[tokio::test]
async fn without_a_history_a_key_that_exists_is_refused() {
    let machine = sql::machine(&format!("{}events = false", sql::ORDER));
    let mut db = sql::sqlite(&sql::schema(&machine, Dialect::Sqlite)).await;
    ok(&mut db, "INSERT INTO orders (id) VALUES ('a'); UPDATE orders SET status = 'quoted' WHERE id = 'none'").await;
    let exists = "the key of orders exists already";
    refused(&mut db, "REPLACE INTO orders (id) VALUES ('a')", exists).await;
    refused(&mut db, "INSERT OR IGNORE INTO orders (id) VALUES ('a')", exists).await;
    refused(&mut db, "INSERT INTO orders (id) VALUES ('a') ON CONFLICT DO NOTHING", exists).await;
    refused(&mut db, "UPDATE OR REPLACE orders SET id = 'b'", "the key of orders cannot change")
        .await;
    // The known hole of `events = false`: nothing remembers the key.
    ok(&mut db, "DELETE FROM orders; INSERT INTO orders (id) VALUES ('a')").await;
}

#[tokio::test]
async fn the_database_makes_numbers_for_keys_and_uses_none_twice() {
    let machine = sql::machine(&format!("{}key_type = 'bigint'", sql::ORDER));
    let mut db = sql::sqlite(&sql::schema(&machine, Dialect::Sqlite)).await;
    ok(&mut db, "INSERT INTO orders (status) VALUES ('cart'); DELETE FROM orders").await;
    ok(&mut db, "INSERT INTO orders (status) VALUES ('cart')").await;
    let keys = db.rows("SELECT CAST(id AS text) FROM orders").await;
    assert_eq!(keys, [[Some("2".to_owned())]]);
    refused(&mut db, "UPDATE orders SET id = 3", "the key of orders cannot change").await;
    refused(&mut db, "UPDATE orders SET rowid = 3", "the key of orders cannot change").await;
}

#[tokio::test]
async fn the_largest_table_is_taken() {
    let machine = sql::machine(&sql::largest());
    assert_eq!((machine.states.len(), machine.transition_count()), (4096, 65536));
    let mut db = sql::sqlite(&sql::schema(&machine, Dialect::Sqlite)).await;
    ok(&mut db, "INSERT INTO bigs (id) VALUES ('a'); UPDATE bigs SET status = 's16'").await;
    refused(
        &mut db,
        "UPDATE bigs SET status = 's15'",
        "illegal transition of big; legal: see big_transitions",
    )
    .await;
}
