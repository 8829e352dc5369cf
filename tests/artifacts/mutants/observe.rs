//! Defects of a guard that observes, of the switch to one that enforces, of what is looked at before
//! a table is guarded, and of the migrations that rename a state: on either database.

use std::cell::Cell;

use phasegate_codegen::Machine;
use phasegate_codegen::emit::sql::{Dialect, migrations};

use super::defect::{Defect, check, cut, killer, put};
use super::postgres_checks::on_server;
use super::sqlite::on_sqlite;
use crate::common::cluster::database;
use crate::common::sql::{self, Db, ORDER, connect, ok, refused};

/// A schema whose guard observes.
const OBSERVES: &str = "observes";
/// The migration from there to one that enforces.
const SWITCH: &str = "switch";
/// A schema for a table that is there.
const ADOPTS: &str = "adopts";
/// The migrations that rename a state.
const RENAMES: &str = "renames";

const fn lite(
    table: &'static str,
    what: &'static str,
    from: &'static str,
    to: &'static str,
) -> Defect {
    put(table, "sqlite.sql", what, from, to)
}

const fn gres(
    table: &'static str,
    what: &'static str,
    from: &'static str,
    to: &'static str,
) -> Defect {
    put(table, "postgres.sql", what, from, to)
}

pub(crate) const SQLITE: [Defect; 18] = [
    lite(
        OBSERVES,
        "a step that no transition allows unmarked",
        "ELSE 0 END THEN 'illegal-transition'",
        "ELSE 0 END THEN NULL",
    ),
    lite(OBSERVES, "an unknown state unmarked", "THEN 'unknown-state'", "THEN NULL"),
    lite(OBSERVES, "an illegal start unmarked", "THEN 'illegal-start'", "THEN NULL"),
    lite(OBSERVES, "a key that is used again unmarked", "THEN 'key-used'", "THEN NULL"),
    lite(OBSERVES, "a key that changes unmarked", "THEN 'key-changed'", "THEN NULL"),
    lite(
        OBSERVES,
        "a forged step allowed while the guard observes",
        "OR NEW.\"observed\" IS NULL AND NEW.\"forced\" IS NULL AND NOT CASE",
        "OR 0 AND NOT CASE",
    ),
    lite(OBSERVES, "every step counted once", "count(*) AS \"count\"", "1 AS \"count\""),
    lite(
        OBSERVES,
        "what became legal counted all the same",
        "AND NOT EXISTS (SELECT 1 FROM \"order_transitions\" AS t WHERE t.\"from_state\" = o.\"from_state\" AND t.\"to_state\" = o.\"to_state\")",
        "",
    ),
    lite(
        OBSERVES,
        "a row with the value where the name belongs",
        "WHEN ' Paid, or so ' THEN 'paid'",
        "WHEN ' Paid, or so ' THEN ' Paid, or so '",
    ),
    lite(SWITCH, "a switch past rows that nothing leads on", "WHERE \"total\" > 0;", "WHERE 0;"),
    lite(SWITCH, "a view left behind", "DROP VIEW \"order_observed\";", ""),
    lite(
        SWITCH,
        "a switch that goes on observing",
        "WHERE NEW.\"from_state\" IS NOT NULL AND NEW.\"forced\" IS NULL\n",
        "WHERE 0\n",
    ),
    lite(ADOPTS, "a view guarded", "WHERE type = 'view'", "WHERE type = 'no view'"),
    lite(
        ADOPTS,
        "a table without the column guarded",
        "WHERE name = 'status' COLLATE NOCASE)",
        "WHERE name <> 'status')",
    ),
    lite(ADOPTS, "keys of several rows guarded", "WHERE \"keys\" > 0;", "WHERE 0;"),
    lite(ADOPTS, "rows that nothing leads on guarded", "WHERE \"total\" > 0;", "WHERE 0;"),
    cut(
        RENAMES,
        "sqlite.sql",
        "rows left under the old name",
        "UPDATE \"orders\" SET \"status\"",
        ";\n",
    ),
    lite(
        RENAMES,
        "a rename that is a step",
        "DROP TRIGGER \"000_order_guard_update\";",
        "-- first:\n",
    ),
];

pub(crate) const POSTGRES: [Defect; 19] = [
    gres(
        OBSERVES,
        "a step that no transition allows unmarked",
        "? was;\n    fault := 'illegal-transition';\n",
        "? was;\n",
    ),
    gres(OBSERVES, "an unknown state unmarked", "    fault := 'unknown-state';\n", ""),
    gres(OBSERVES, "an illegal start unmarked", "      fault := 'illegal-start';\n", ""),
    gres(OBSERVES, "a key that is used again unmarked", "      fault := 'key-used';\n", ""),
    gres(OBSERVES, "a key that changes unmarked", "    fault := 'key-changed';\n", ""),
    gres(
        OBSERVES,
        "a guard that enforces while it is to observe",
        "SELECT 'observe'::pg_catalog.text",
        "SELECT 'enforce'::pg_catalog.text",
    ),
    gres(OBSERVES, "every step counted once", "count(*) AS \"count\"", "1 AS \"count\""),
    gres(
        OBSERVES,
        "what became legal counted all the same",
        "AND NOT EXISTS (SELECT FROM \"public\".\"order_transitions\" AS t WHERE t.\"from_state\" = o.\"from_state\" AND t.\"to_state\" = o.\"to_state\")",
        "",
    ),
    gres(
        OBSERVES,
        "a row with the value where the name belongs",
        "WHEN ' Paid, or so ' THEN 'paid'",
        "WHEN ' Paid, or so ' THEN ' Paid, or so '",
    ),
    gres(SWITCH, "a switch past rows that nothing leads on", "IF total > 0", "IF false"),
    gres(SWITCH, "a view left behind", "DROP VIEW \"public\".\"order_observed\";", ""),
    gres(
        SWITCH,
        "a switch that goes on observing",
        "SELECT 'enforce'::pg_catalog.text",
        "SELECT 'observe'::pg_catalog.text",
    ),
    gres(ADOPTS, "a view guarded", "kind NOT IN ('r', 'p')", "kind NOT IN ('r', 'p', 'v')"),
    gres(ADOPTS, "a column of another type guarded", "ELSIF class <> 'S' THEN", "ELSIF false THEN"),
    gres(ADOPTS, "a key of another type guarded", "ELSIF type NOT IN (", "ELSIF type IN ("),
    gres(ADOPTS, "keys of several rows guarded", "IF total > 0", "IF false"),
    gres(
        ADOPTS,
        "a table that others inherit from guarded",
        "WHERE i.inhparent = guarded AND",
        "WHERE false AND",
    ),
    cut(
        RENAMES,
        "postgres.sql",
        "rows left under the old name",
        "UPDATE \"public\".\"orders\" SET \"status\"",
        ";\n",
    ),
    cut(
        RENAMES,
        "postgres.sql",
        "the rules of before left in force",
        "-- The rules from here on.",
        "$phasegate$;
",
    ),
];

pub(crate) fn sqlite(table: &str, defect: Option<&Defect>) -> Option<String> {
    killer(|at| {
        on_sqlite(async { checks(&mut sql::sqlite("").await, table, defect, at).await });
    })
}

pub(crate) fn postgres(table: &str, defect: Option<&Defect>) -> Option<String> {
    killer(|at| {
        on_server(async {
            checks(&mut connect(&database().await).await, table, defect, at).await;
        });
    })
}

/// The order, on a text column of the application's own.
fn order(keys: &str) -> Machine {
    sql::machine(&format!("{ORDER}owns = false\nstorage = 'text'\n{keys}"))
}

/// Each of these is a transaction of its own.
const NEXT: &str = "\n-- The next file.\n";

fn change(old: &Machine, new: &Machine, dialect: Dialect) -> String {
    let files = migrations(&[old], new, dialect).unwrap();
    files.into_iter().map(|file| file.text).collect::<Vec<_>>().join(NEXT)
}

async fn checks<D: Db>(db: &mut D, table: &str, defect: Option<&Defect>, at: &Cell<&'static str>) {
    let [observes, enforces] = ["mode = 'observe'", ""].map(order);
    let renamed = sql::machine(
        &format!("{ORDER}owns = false\nstorage = 'text'\n")
            .replace("\"returned\"", "\"back\"")
            .replace("{ name = \"back\"", "{ name = \"back\", renamed_from = \"returned\""),
    );
    let text = match table {
        OBSERVES => sql::schema(&observes, D::DIALECT),
        SWITCH => change(&observes, &enforces, D::DIALECT),
        ADOPTS => sql::schema(&enforces, D::DIALECT),
        RENAMES => change(&enforces, &renamed, D::DIALECT),
        other => panic!("no checks for {other}"),
    };
    let text = defect.map_or(text.clone(), |defect| defect.apply(&text));
    if table == ADOPTS {
        check!(at, what_cannot_be_guarded_is_refused(db, &text).await);
        return;
    }
    ok(db, "CREATE TABLE orders (id text, status text); CREATE INDEX own ON orders (id)").await;
    ok(db, "INSERT INTO orders VALUES ('old', 'returned')").await;
    match table {
        OBSERVES => {
            ok(db, &text).await;
            check!(at, what_is_let_through_is_marked(db).await);
            check!(at, it_is_counted_by_pair_with_the_row_that_makes_it_legal(db).await);
            check!(at, nothing_but_the_guard_writes_the_history(db).await);
        }
        SWITCH => {
            ok(db, &sql::schema(&observes, D::DIALECT)).await;
            check!(at, rows_that_nothing_leads_on_stop_the_switch(db, &text).await);
            check!(at, it_enforces_from_there_on(db, &text).await);
        }
        _ => {
            ok(db, &sql::schema(&enforces, D::DIALECT)).await;
            check!(at, rows_go_by_the_new_name_and_on(db, &text).await);
            check!(at, the_old_name_is_none(db).await);
            check!(at, the_history_says_what_it_was_called(db).await);
        }
    }
}

async fn texts(db: &mut impl Db, sql: &str) -> Vec<String> {
    let rows = db.rows(sql).await;
    rows.into_iter().map(|row| row.into_iter().flatten().collect::<Vec<_>>().join(" ")).collect()
}

async fn update(db: &mut impl Db, id: &str, states: &[&str]) {
    for state in states {
        ok(db, &format!("UPDATE orders SET status = '{state}' WHERE id = '{id}'")).await;
    }
}

async fn what_is_let_through_is_marked(db: &mut impl Db) {
    ok(db, "INSERT INTO orders VALUES ('a', 'cart'), ('b', 'sent'), ('e', 'cart'), ('g', 'none')")
        .await;
    update(db, "a", &["sent", "returned", " Paid, or so ", "cart", "sent", "none", "void"]).await;
    ok(db, "UPDATE orders SET id = 'c' WHERE id = 'b'").await;
    ok(db, "DELETE FROM orders WHERE id = 'e'; INSERT INTO orders VALUES ('e', 'cart')").await;
    let marks = texts(db, "SELECT order_id, observed FROM order_events ORDER BY order_id, seq");
    let expected = [
        "a",
        "a illegal-transition",
        "a",
        "a",
        "a illegal-transition",
        "a illegal-transition",
        "a unknown-state",
        "a illegal-transition",
        "b illegal-start",
        "c key-changed",
        "e",
        "e key-used",
        "g unknown-state",
    ];
    let marks: Vec<String> = marks.await.into_iter().filter(|m| !m.starts_with("old")).collect();
    assert_eq!(marks, expected);
}

async fn it_is_counted_by_pair_with_the_row_that_makes_it_legal<D: Db>(db: &mut D) {
    let counted = "SELECT CAST(\"count\" AS text), transition FROM order_observed \
                   WHERE from_state = 'cart' OR from_state = ' Paid, or so ' ORDER BY \"count\"";
    let row = |from: &str, to: &str| format!("[[transition]]\nfrom = \"{from}\"\nto = \"{to}\"");
    let (once, twice) = (row("paid", "cart"), row("cart", "sent"));
    let before = texts(db, counted).await;
    assert_eq!(before[before.len() - 1], format!("2 {twice}"));
    assert!(before.contains(&format!("1 {once}")), "{before:?}");
    let legal = "INSERT INTO order_transitions VALUES ('cart', 'sent', 'declared')";
    ok(db, &sql::edited(D::DIALECT, "order", legal)).await;
    assert!(!texts(db, counted).await.iter().any(|row| row.contains(&twice)));
}

async fn nothing_but_the_guard_writes_the_history<D: Db>(db: &mut D) {
    ok(db, "INSERT INTO orders VALUES ('f', 'cart')").await;
    let now = match D::DIALECT {
        Dialect::Sqlite => "strftime('%Y-%m-%dT%H:%M:%fZ', 'now')",
        Dialect::Postgres => "now()",
    };
    let insert = format!(
        "INSERT INTO order_events (order_id, seq, from_state, to_state, at, language) \
         SELECT 'f', 2, 'cart', 'sent', {now}, fingerprint FROM order_language"
    );
    refused(db, &insert, "order_events is append-only").await;
}

/// Runs files, each in a transaction.
async fn migrate(db: &mut impl Db, text: &str) -> Result<(), String> {
    for file in text.split(NEXT) {
        if let Err(said) = db.run(&format!("BEGIN; {file}; COMMIT")).await {
            ok(db, "ROLLBACK").await;
            return Err(said);
        }
    }
    Ok(())
}

async fn rows_that_nothing_leads_on_stop_the_switch(db: &mut impl Db, text: &str) {
    ok(db, "INSERT INTO orders VALUES ('a', 'lost'), ('b', 'lost')").await;
    let said = migrate(db, text).await.expect_err("two rows are lost");
    assert!(said.contains("2 rows of orders are in states that the table lacks"), "{said}");
    update(db, "a", &["cart"]).await;
    update(db, "b", &["cart"]).await;
}

async fn it_enforces_from_there_on(db: &mut impl Db, text: &str) {
    migrate(db, text).await.unwrap();
    let step = "UPDATE orders SET status = 'sent' WHERE id = 'a'";
    refused(db, step, "illegal transition of order").await;
    update(db, "a", &["void"]).await;
    // A view of this name is no more.
    ok(db, "CREATE TABLE order_observed (x text)").await;
}

async fn what_cannot_be_guarded_is_refused<D: Db>(db: &mut D, text: &str) {
    let table = "CREATE TABLE orders (id text, status text); CREATE INDEX own ON orders (id)";
    let lost = format!("{table}; INSERT INTO orders VALUES ('a', 'lost')");
    let twice = format!("{table}; INSERT INTO orders VALUES ('a', 'cart'), ('a', 'cart')");
    let mut cases = vec![
        ("CREATE VIEW orders AS SELECT 'a' AS id, 'cart' AS status", "VIEW", "that is no table"),
        ("CREATE TABLE orders (id text, state text)", "TABLE", "it has no column status"),
        (
            "CREATE TABLE orders (id text, status text)",
            "TABLE",
            "no index of it begins with its key",
        ),
        (&twice, "TABLE", "1 key stands in several rows,"),
        (&lost, "TABLE", "is in a state that the table lacks"),
    ];
    if D::DIALECT == Dialect::Postgres {
        cases.extend([
            ("CREATE TABLE orders (id text, status integer)", "TABLE", "is of the type integer"),
            ("CREATE TABLE orders (id uuid, status text)", "TABLE", "is of the type uuid"),
            (
                "CREATE TABLE orders (id text PRIMARY KEY, status text); CREATE TABLE more () INHERITS (orders)",
                "TABLE",
                "other tables inherit from it",
            ),
        ]);
    }
    for (own, kind, why) in cases {
        ok(db, own).await;
        let said = migrate(db, text).await.expect_err(own);
        assert!(said.contains(why), "{said}\ninstead of: {why}\nin: {own}");
        let cascade = if D::DIALECT == Dialect::Postgres { " CASCADE" } else { "" };
        ok(db, &format!("DROP {kind} orders{cascade}")).await;
    }
    ok(db, table).await;
    migrate(db, text).await.unwrap();
}

async fn rows_go_by_the_new_name_and_on(db: &mut impl Db, text: &str) {
    ok(db, "INSERT INTO orders VALUES ('a', 'cart'), ('b', 'cart')").await;
    update(db, "a", &[" Paid, or so ", "sent", "returned"]).await;
    update(db, "b", &[" Paid, or so ", "sent"]).await;
    migrate(db, text).await.unwrap();
    let rows = "SELECT id, status FROM orders ORDER BY id";
    assert_eq!(texts(db, rows).await, ["a back", "b sent", "old back"]);
    update(db, "b", &["back", " Paid, or so "]).await;
    let events = "SELECT to_state FROM order_events WHERE order_id = 'a' ORDER BY seq";
    assert_eq!(texts(db, events).await, ["cart", " Paid, or so ", "sent", "returned"]);
}

async fn the_old_name_is_none(db: &mut impl Db) {
    ok(db, "INSERT INTO orders VALUES ('c', 'cart')").await;
    let step = "UPDATE orders SET status = 'returned' WHERE id = 'c'";
    refused(db, step, "unknown state of order").await;
}

async fn the_history_says_what_it_was_called(db: &mut impl Db) {
    let now = "SELECT state, name_now FROM order_renames";
    assert_eq!(texts(db, now).await, ["returned back"]);
    update(db, "a", &[" Paid, or so "]).await;
    let last = "SELECT from_state, to_state FROM order_events WHERE order_id = 'a' AND seq = 5";
    assert_eq!(texts(db, last).await, ["back  Paid, or so "]);
}
