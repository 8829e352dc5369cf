//! A table that exists is adopted as it is or refused with the reason: no row is rewritten, nothing
//! waits long, and what the table lacks is counted first.

use std::time::{Duration, Instant};

use crate::common::cluster::database;
use crate::common::sql;
use phasegate_codegen::emit::sql::{Dialect, migrations};
use sqlx::postgres::PgConnection;

use crate::common::sql::{Db, ORDER, SWITCH, ok};

async fn postgres() -> PgConnection {
    sql::connect(&database().await).await
}

/// What installing the guards on a table says, the transaction taken back where it fails.
async fn install<D: Db>(db: &mut D, keys: &str) -> Result<(), String> {
    let schema = sql::schema(&sql::machine(&format!("{ORDER}owns = false\n{keys}")), D::DIALECT);
    let said = db.run(&format!("BEGIN; {schema}; COMMIT")).await;
    if said.is_err() {
        ok(db, "ROLLBACK").await;
    }
    said
}

#[tokio::test]
#[ignore = "needs PostgreSQL 15: run by tests/run"]
async fn on_postgres_what_cannot_be_guarded_is_refused_with_the_reason() {
    let text = "storage = 'text'";
    for (own, keys, why) in [
        ("", text, "phasegate: public.orders cannot be guarded: there is no such table"),
        ("CREATE VIEW orders AS SELECT 'a' AS id, 'cart' AS status", text, "that is no table"),
        ("CREATE TABLE orders (id text, state text)", text, "it has no column status"),
        ("CREATE TABLE orders (key text, status text)", text, "it has no column id"),
        (
            "CREATE TABLE orders (id text, status integer)",
            text,
            "its column status is of the type integer, where `storage = \"text\"` is said",
        ),
        (
            "CREATE TABLE orders (id text, status text)",
            "",
            "its column status is of the type text, where `storage = \"enum\"` is said",
        ),
        (
            "CREATE TYPE s AS ENUM ('cart'); CREATE TABLE orders (id text, status s)",
            text,
            "is of the type s, where `storage = \"text\"`",
        ),
        (
            "CREATE TABLE orders (id uuid, status text)",
            text,
            "its key id is of the type uuid, where `key_type = \"text\"` is said",
        ),
        (
            "CREATE TABLE orders (id text, status text)",
            "storage = 'text'\nkey_type = 'uuid'",
            "its key id is of the type text",
        ),
        (
            "CREATE TABLE orders (id numeric, status text)",
            "storage = 'text'\nkey_type = 'bigint'",
            "its key id is of the type numeric",
        ),
        (
            "CREATE TABLE orders (id text, line integer, status text, PRIMARY KEY (id, line)); \
             INSERT INTO orders VALUES ('a', 1, 'cart'), ('a', 2, 'cart'), ('b', 1, 'cart')",
            text,
            "1 key stands in several rows, and a history is of one row",
        ),
        (
            "CREATE TABLE orders (id text, status text, at date); CREATE INDEX ON orders (at, id);
             CREATE INDEX ON orders (id) WHERE status = 'cart'",
            text,
            "no index of it begins with its key (id), so that a step would look through the whole table: \
             CREATE INDEX CONCURRENTLY ON \"public\".\"orders\" (\"id\")",
        ),
        (
            "CREATE TABLE orders (id text, status text, at date) PARTITION BY RANGE (at)",
            text,
            "whole table: CREATE INDEX ON \"public\".\"orders\" (\"id\")",
        ),
        (
            "CREATE TABLE orders (id text PRIMARY KEY, status text); CREATE TABLE more () INHERITS (orders)",
            text,
            "other tables inherit from it",
        ),
        (
            "CREATE TABLE orders (id text PRIMARY KEY, status text); \
             INSERT INTO orders SELECT n, CASE WHEN n < 3 THEN 'lost' WHEN n = 3 THEN 'void''d' ELSE 'cart' END FROM generate_series(1, 9) n",
            text,
            "phasegate: 3 rows of orders are in states that the table lacks: 'lost' (2), 'void''d' (1); mend the rows, or add the states to the table, and while no database has this file, make it anew: remove",
        ),
        (
            "CREATE TABLE orders (id text UNIQUE, status text); INSERT INTO orders VALUES ('a', 'lost'), ('b', NULL)",
            text,
            "phasegate: 1 row of orders is in a state that the table lacks: 'lost' (1); mend the row, or add the state to the table, and while no database has this file, make it anew: remove",
        ),
        (
            "CREATE TABLE orders (id text UNIQUE, status text); INSERT INTO orders SELECT n, 's' || lpad(n::text, 2, '0') FROM generate_series(1, 12) n",
            text,
            "'s11' (1), 's12' (1); mend the rows, or add the states to the table, and while no database has this file, make it anew: remove",
        ),
        (
            "CREATE TABLE orders (id text UNIQUE, status text); INSERT INTO orders SELECT n, 's' || lpad(n::text, 2, '0') FROM generate_series(1, 40) n",
            text,
            "phasegate: 40 rows of orders are in states that the table lacks: 's01' (1), 's02' (1), 's03' (1), 's04' (1), 's05' (1), 's06' (1), \
             's07' (1), 's08' (1), 's09' (1), 's10' (1), 's11' (1), 's12' (1) and 28 more; mend the rows, or add the states to the table, and while no database has this file, make it anew: remove",
        ),
    ] {
        let mut db = postgres().await;
        ok(&mut db, own).await;
        let said = install(&mut db, keys).await.expect_err(own);
        assert!(said.contains(why), "{said}\ninstead of: {why}\nin: {own}");
        let left = "SELECT relname::text FROM pg_class WHERE relname LIKE 'order\\_%'";
        assert!(db.rows(left).await.is_empty(), "{own}");
    }
}

#[tokio::test]
#[ignore = "needs PostgreSQL 15: run by tests/run"]
async fn on_postgres_no_row_is_rewritten_whatever_the_table_is_made_of() {
    for (own, keys, table) in [
        (
            "CREATE TYPE \"Labels\" AS ENUM ('more', 'cart', 'sent', 'and more');
             CREATE TABLE orders (id integer PRIMARY KEY, status \"Labels\");
             INSERT INTO orders SELECT n, CASE n % 3 WHEN 0 THEN NULL WHEN 1 THEN 'cart' ELSE 'sent' END::\"Labels\" FROM generate_series(1, 900) n",
            "key_type = 'bigint'",
            "orders",
        ),
        (
            "CREATE SCHEMA app; CREATE DOMAIN app.status AS varchar(20);
             CREATE TABLE app.\"Select\" (\"Group\" uuid PRIMARY KEY, \"Order\" app.status);
             INSERT INTO app.\"Select\" SELECT gen_random_uuid(), 'cart' FROM generate_series(1, 900)",
            "schema = 'app'\ntable = 'Select'\nkey = 'Group'\ncolumn = 'Order'\nkey_type = 'uuid'\nstorage = 'text'",
            "app.\"Select\"",
        ),
        (
            "CREATE TABLE orders (id bigint, region text, status text, PRIMARY KEY (id, region)) PARTITION BY LIST (region);
             CREATE TABLE here PARTITION OF orders FOR VALUES IN ('here'); CREATE TABLE there PARTITION OF orders DEFAULT;
             INSERT INTO orders SELECT n, CASE WHEN n < 450 THEN 'here' ELSE 'there' END, 'cart' FROM generate_series(1, 900) n",
            "key_type = 'bigint'\nstorage = 'text'",
            "orders",
        ),
    ] {
        let mut db = postgres().await;
        ok(&mut db, own).await;
        let rows = format!("SELECT tableoid::regclass::text, ctid::text, xmin::text, xmax::text FROM {table} ORDER BY 1, ctid");
        let before = db.rows(&rows).await;
        assert_eq!(before.len(), 900);
        install(&mut db, keys).await.unwrap();
        assert_eq!(db.rows(&rows).await, before);
        let status = if table == "orders" { "status" } else { "\"Order\"" };
        let said = db.run(&format!("UPDATE {table} SET {status} = 'sent' WHERE {status} = 'cart'")).await;
        let said = said.unwrap_err();
        assert!(said.contains("illegal transition of order: cart -> sent"), "{said}");
        assert_eq!(db.rows("SELECT '' FROM pg_inherits i JOIN pg_trigger t ON t.tgrelid = i.inhrelid WHERE t.tgname = '000_order_guard'").await.len(), if own.contains("PARTITION") { 2 } else { 0 });
    }
}

#[tokio::test]
#[ignore = "needs PostgreSQL 15: run by tests/run"]
async fn on_postgres_an_open_writer_makes_the_migration_fail_and_not_everyone_wait() {
    let url = database().await;
    let (mut db, mut writer) = (sql::connect(&url).await, sql::connect(&url).await);
    ok(&mut db, "CREATE TABLE orders (id text PRIMARY KEY, status text); INSERT INTO orders VALUES ('a', 'cart')").await;
    ok(&mut writer, "BEGIN; UPDATE orders SET status = 'void'").await;
    let said = install(&mut db, "storage = 'text'").await.unwrap_err();
    assert!(said.contains("lock timeout"), "{said}");
    ok(&mut writer, "COMMIT").await;
    install(&mut db, "storage = 'text'").await.unwrap();
    let setting = db.rows("SELECT current_setting('lock_timeout')").await;
    assert_eq!(setting, [[Some("0".to_owned())]], "it was only the transaction's");
}

#[tokio::test]
async fn on_sqlite_what_cannot_be_guarded_is_refused_with_the_reason() {
    for (own, why) in [
        ("", "there is no such table"),
        ("CREATE VIEW orders AS SELECT 'a' AS id, 'cart' AS status", "that is no table"),
        ("CREATE TABLE orders (id text, state text)", "it has no column status"),
        ("CREATE TABLE orders (key text, status text)", "it has no column id"),
        (
            "CREATE TABLE orders (id text, status text, at text); CREATE INDEX a ON orders (at, id);
             CREATE INDEX b ON orders (id) WHERE status = 'cart'",
            "no index of it begins with its key (id), so that a step would look through the whole table: \
             CREATE INDEX orders_key ON orders (id)",
        ),
        (
            "CREATE TABLE orders (id text, status text); INSERT INTO orders VALUES ('a', 'cart'), ('a', 'cart')",
            "1 key stands in several rows, and a history is of one row",
        ),
        (
            "CREATE TABLE orders (id blob PRIMARY KEY, status text); INSERT INTO orders VALUES (x'00ff', 'cart'), ('b', 'cart')",
            "its key id is a BLOB in 1 rows, where a text or a whole number can be one",
        ),
        (
            "CREATE TABLE orders (id text UNIQUE, status text); INSERT INTO orders VALUES ('a', x'63617274'), ('b', 'cart')",
            "its column status is a BLOB in 1 row, and no state is one: UPDATE orders SET status = CAST(status AS TEXT) WHERE status <> CAST(status AS TEXT)",
        ),
        (
            "CREATE TABLE orders (id text UNIQUE, status text); \
             INSERT INTO orders VALUES ('a', 'lost'), ('b', 'lost'), ('c', NULL), ('d', 7), ('e', 'cart')",
            "3 rows of orders are in states that the table lacks: \"lost\" (2), \"7\" (1); mend the rows, or add the states to the table, and while no database has this file, make it anew: remove",
        ),
        (
            "CREATE TABLE orders (id text UNIQUE, status text); INSERT INTO orders VALUES ('a', 'lost'), ('b', NULL)",
            "1 row of orders is in a state that the table lacks: \"lost\" (1); mend the row, or add the state to the table, and while no database has this file, make it anew: remove",
        ),
        (
            "CREATE TABLE orders (id text UNIQUE, status text); \
             WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 12) INSERT INTO orders SELECT x, printf('s%02d', x) FROM n",
            "\"s11\" (1), \"s12\" (1); mend the rows, or add the states to the table, and while no database has this file, make it anew: remove",
        ),
        (
            "CREATE TABLE orders (id text UNIQUE, status text); \
             WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 40) INSERT INTO orders SELECT x, printf('s%02d', x) FROM n",
            "\"s11\" (1), \"s12\" (1) and 28 more; mend the rows, or add the states to the table, and while no database has this file, make it anew: remove",
        ),
    ] {
        let mut db = sql::sqlite(own).await;
        let said = install(&mut db, "").await.expect_err(own);
        assert!(
            said.contains("phasegate: ") && said.contains(why),
            "{said}\ninstead of: {why}\nin: {own}"
        );
        let left = "SELECT name FROM sqlite_master WHERE name LIKE 'order\\_%' ESCAPE '\\'";
        assert!(db.rows(left).await.is_empty(), "{own}");
    }
}

#[tokio::test]
async fn on_sqlite_a_status_that_is_no_text_is_not_observed_either() {
    let own = "CREATE TABLE orders (id text UNIQUE, status text); INSERT INTO orders VALUES ('a', x'63617274')";
    let mut db = sql::sqlite(own).await;
    let said = install(&mut db, "mode = 'observe'").await.unwrap_err();
    let mend =
        "UPDATE orders SET status = CAST(status AS TEXT) WHERE status <> CAST(status AS TEXT)";
    assert!(said.contains(mend), "{said}");
    ok(&mut db, mend).await;
    install(&mut db, "mode = 'observe'").await.unwrap();
    let events = db.rows("SELECT order_id, to_state FROM order_events").await;
    assert_eq!(events, [[Some("a".to_owned()), Some("cart".to_owned())]]);
}

#[tokio::test]
async fn on_sqlite_no_row_is_rewritten() {
    let mut db = sql::sqlite(
        "CREATE TABLE orders (id text PRIMARY KEY, status text, note text); CREATE TABLE touched (x);
         INSERT INTO orders VALUES ('a', 'cart', NULL), ('b', NULL, NULL), ('c', 'sent', NULL);
         CREATE TRIGGER touch AFTER UPDATE ON orders BEGIN INSERT INTO touched VALUES (1); END;
         CREATE TRIGGER gone AFTER DELETE ON orders BEGIN INSERT INTO touched VALUES (1); END;
         CREATE TRIGGER came AFTER INSERT ON orders BEGIN INSERT INTO touched VALUES (1); END;",
    )
    .await;
    let rows = "SELECT CAST(rowid AS text), id, status FROM orders";
    let before = db.rows(rows).await;
    install(&mut db, "").await.unwrap();
    assert_eq!(db.rows(rows).await, before);
    assert!(db.rows("SELECT 'row' FROM touched").await.is_empty());
    // Its history begins where each row is.
    let events = "SELECT order_id, to_state FROM order_events ORDER BY 1";
    let event = |id: &str, to: &str| [id, to].map(|text| Some(text.to_owned())).to_vec();
    assert_eq!(db.rows(events).await, [event("a", "cart"), event("c", "sent")]);
}

#[tokio::test]
#[ignore = "needs PostgreSQL 15: run by tests/run"]
async fn on_postgres_the_first_state_that_may_become_itself_waits_three_seconds_at_most() {
    let url = database().await;
    let (mut db, mut writer) = (sql::connect(&url).await, sql::connect(&url).await);
    let keys = "owns = false\nstorage = 'text'";
    let before = sql::machine(&format!("{SWITCH}{keys}"));
    let itself = SWITCH.replace("\"off\"] }]", "\"off\"] }, { from = \"on\", to = \"on\" }]");
    let after = sql::machine(&format!("{itself}{keys}"));
    ok(&mut db, "CREATE TABLE runs (id text PRIMARY KEY, status text)").await;
    ok(&mut db, &sql::schema(&before, Dialect::Postgres)).await;
    ok(&mut db, "INSERT INTO runs VALUES ('a', 'off'), ('b', 'off')").await;
    ok(&mut db, "UPDATE runs SET status = 'on'").await;
    let files = migrations(&[&before], &after, Dialect::Postgres).unwrap();
    let [file] = &files[..] else { panic!("{files:?}") };
    ok(&mut writer, "BEGIN; UPDATE runs SET status = 'on' WHERE id = 'a'").await;
    let file = format!("BEGIN; {}; COMMIT", file.text);
    let since = Instant::now();
    let said = db.run(&file).await.unwrap_err();
    assert!(said.contains("lock timeout"), "{said}");
    assert!(since.elapsed() < Duration::from_secs(8), "{:?}", since.elapsed());
    ok(&mut db, "ROLLBACK; UPDATE runs SET status = 'on' WHERE id = 'b'").await;
    ok(&mut writer, "COMMIT").await;
    ok(&mut db, &file).await;
    ok(&mut db, "UPDATE runs SET status = 'on' WHERE id = 'b'").await;
    let steps = "SELECT count(*)::text FROM run_events WHERE run_key = 'b'";
    assert_eq!(db.rows(steps).await, [[Some("3".to_owned())]]);
}
