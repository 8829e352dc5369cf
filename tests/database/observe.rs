//! Observe first: what no transition allows is let through, marked in the history, and counted by
//! pair with the row that would make it legal; enforcing is then a switch that no one waits for.

use crate::common::cluster::database;
use crate::common::sql;
use phasegate_codegen::Machine;
use phasegate_codegen::emit::sql::{Dialect, migrations};
use sqlx::postgres::PgConnection;
use sqlx::sqlite::SqliteConnection;

use crate::common::sql::{Db, ORDER, Row, ok, refused};

// Runs a check of both databases on each, empty.
on_each_database! {
    [&mut super::sql::sqlite("").await, &mut super::postgres().await]
    counts_what_it_lets_through_with_the_row_that_would_make_it_legal
    refuses_nothing_that_worked_before
    goes_on_from_what_was_let_through
    enforces_once_nothing_is_lost_and_leaves_no_trace_of_the_mode
    forces_all_the_same
}

async fn postgres() -> PgConnection {
    sql::connect(&database().await).await
}

/// The order, on a text column of the application's own.
const OWN: &str = "owns = false\nstorage = 'text'\n";

fn order(keys: &str) -> Machine {
    sql::machine(&format!("{ORDER}{OWN}{keys}"))
}

const TABLE: &str = "CREATE TABLE orders (id text, status text, note text); CREATE INDEX orders_by_id ON orders (id)";

/// What a row's history says: each step as `from>to`, with what it was let through as.
async fn marked(db: &mut impl Db, id: &str) -> String {
    let sql = format!(
        "SELECT coalesce(from_state, '') || '>' || coalesce(to_state, '') \
         || CASE WHEN observed IS NULL THEN '' ELSE '!' || observed END \
         FROM order_events WHERE order_id = '{id}' ORDER BY seq"
    );
    let steps: Vec<String> = db.rows(&sql).await.into_iter().flatten().flatten().collect();
    steps.join(" ")
}

/// The view: from, to, what it would be refused as, how often, and the row.
async fn counted(db: &mut impl Db) -> Vec<Row> {
    let sql = "SELECT from_state, to_state, observed, CAST(\"count\" AS text), transition \
               FROM order_observed ORDER BY \"count\" DESC, from_state, to_state";
    db.rows(sql).await
}

fn row(texts: [&str; 5]) -> Row {
    texts.map(|text| (!text.is_empty()).then(|| text.to_owned())).into()
}

async fn counts_what_it_lets_through_with_the_row_that_would_make_it_legal<D: Db>(db: &mut D) {
    ok(db, &format!("{TABLE}; INSERT INTO orders VALUES ('old', 'lost', NULL)")).await;
    ok(db, &sql::schema(&order("mode = 'observe'"), D::DIALECT)).await;
    for id in ["a", "b", "c"] {
        ok(db, &format!("INSERT INTO orders VALUES ('{id}', 'cart', NULL)")).await;
        ok(db, &format!("UPDATE orders SET status = 'sent' WHERE id = '{id}'")).await;
    }
    // A value that the table calls by a name, one that it lacks, a start; and a legal step.
    ok(db, "UPDATE orders SET status = ' Paid, or so ' WHERE id = 'a'").await;
    ok(db, "UPDATE orders SET status = 'the \"cellar\"' WHERE id = 'b'").await;
    ok(db, "INSERT INTO orders VALUES ('d', 'void', NULL)").await;
    ok(db, "UPDATE orders SET status = 'returned' WHERE id = 'c'").await;
    ok(db, "UPDATE orders SET status = 'void' WHERE id = 'old'").await;
    assert_eq!(
        marked(db, "a").await,
        ">cart cart>sent!illegal-transition sent> Paid, or so !illegal-transition"
    );
    assert_eq!(marked(db, "c").await, ">cart cart>sent!illegal-transition sent>returned");
    assert_eq!(marked(db, "old").await, ">lost lost>void!illegal-transition");
    let pair = |from: &str, to: &str| format!("[[transition]]\nfrom = {from}\nto = {to}");
    let mut found = counted(db).await;
    found.sort();
    let mut expected = [
        row(["cart", "sent", "illegal-transition", "3", &pair("\"cart\"", "\"sent\"")]),
        row(["sent", " Paid, or so ", "illegal-transition", "1", &pair("\"sent\"", "\"paid\"")]),
        row([
            "sent",
            "the \"cellar\"",
            "unknown-state",
            "1",
            &format!(
                "# first a [[state]] of the value \"the \\\"cellar\\\"\", its name below\n{}",
                pair("\"sent\"", "\"the \\\"cellar\\\"\"")
            ),
        ]),
        row([
            "",
            "void",
            "illegal-start",
            "1",
            "# no row of the table makes this legal: no row starts in an end",
        ]),
        row([
            "lost",
            "void",
            "illegal-transition",
            "1",
            &format!(
                "# first a [[state]] of the value \"lost\" (`retired = true` unless something enters \
                 it), its name below\n{}",
                pair("\"lost\"", "\"void\"")
            ),
        ]),
    ];
    expected.sort();
    assert_eq!(found, expected);
    let times = "SELECT 'row' FROM order_observed WHERE first_at <= last_at";
    assert_eq!(db.rows(times).await.len(), 5);
    // What has become legal is counted no longer.
    let legal = "INSERT INTO order_transitions VALUES ('cart', 'sent', 'declared')";
    ok(db, &sql::edited(D::DIALECT, "order", legal)).await;
    assert_eq!(counted(db).await.len(), 4);
    // What has become a state is counted only for its step, with what was let through before.
    let state = "INSERT INTO order_states VALUES ('the \"cellar\"', 99, FALSE)";
    ok(db, &sql::edited(D::DIALECT, "order", state)).await;
    for state in ["cart", "sent", "the \"cellar\""] {
        let write = match state {
            "cart" => "INSERT INTO orders VALUES ('e', 'cart', NULL)".to_owned(),
            _ => format!("UPDATE orders SET status = '{state}' WHERE id = 'e'"),
        };
        ok(db, &write).await;
    }
    let known = pair("\"sent\"", "\"the \\\"cellar\\\"\"");
    let known = row(["sent", "the \"cellar\"", "illegal-transition", "2", &known]);
    let found = counted(db).await;
    assert!(found.len() == 4 && found.contains(&known), "{found:?}");
}

async fn refuses_nothing_that_worked_before<D: Db>(db: &mut D) {
    ok(db, &format!("{TABLE}; INSERT INTO orders VALUES ('old', 'cart', NULL)")).await;
    ok(db, &sql::schema(&order("mode = 'observe'"), D::DIALECT)).await;
    for statement in [
        "INSERT INTO orders VALUES ('a', NULL, NULL)",
        "UPDATE orders SET status = 'none' WHERE id = 'a'",
        "UPDATE orders SET status = NULL WHERE id = 'a'",
        "UPDATE orders SET status = '' WHERE id = 'a'",
        "UPDATE orders SET status = 'sent' WHERE id = 'a'",
        "UPDATE orders SET id = 'b' WHERE id = 'a'",
        "UPDATE orders SET id = 'c', status = 'cart' WHERE id = 'b'",
        "UPDATE orders SET id = 'a' WHERE id = 'c'",
        "DELETE FROM orders WHERE id = 'a'; INSERT INTO orders VALUES ('a', 'cart', NULL)",
        "UPDATE orders SET id = NULL WHERE id = 'a'",
        "UPDATE orders SET status = 'sent' WHERE id IS NULL",
        "INSERT INTO orders VALUES (NULL, 'sent', NULL)",
        "UPDATE orders SET id = 'z', status = 'quoted' WHERE status = 'sent'",
        "UPDATE orders SET id = 'new', status = 'void' WHERE id = 'old'",
        "DELETE FROM orders WHERE id = 'new'; INSERT INTO orders VALUES ('old', 'void', NULL)",
        "DELETE FROM orders",
    ] {
        ok(db, statement).await;
    }
    assert_eq!(
        marked(db, "a").await,
        ">!unknown-state >none!unknown-state none>!unknown-state >!unknown-state >sent!illegal-transition \
         sent>cart!key-changed cart>cart!key-used"
    );
    assert_eq!(marked(db, "b").await, ">sent!key-changed");
    assert_eq!(marked(db, "old").await, ">cart cart>void!illegal-start");
    let none = counted(db).await.into_iter().filter(|row| row[2].as_deref() == Some("key-changed"));
    for row in none {
        assert_eq!(row[4].as_deref(), Some("# no row of the table makes this legal"));
    }
}

async fn goes_on_from_what_was_let_through<D: Db>(db: &mut D) {
    ok(db, TABLE).await;
    ok(db, &sql::schema(&order("mode = 'observe'"), D::DIALECT)).await;
    ok(db, "INSERT INTO orders VALUES ('a', 'cart', NULL)").await;
    let append_only = "order_events is append-only";
    refused(db, "UPDATE order_events SET observed = NULL", append_only).await;
    refused(db, "DELETE FROM order_events", append_only).await;
    for state in ["sent", "cart", "checked it", "cart"] {
        ok(db, &format!("UPDATE orders SET status = '{state}'; UPDATE orders SET note = 'x'"))
            .await;
        ok(db, &format!("BEGIN; UPDATE orders SET status = 'undone {state}'; ROLLBACK")).await;
    }
    ok(db, "UPDATE orders SET status = 'void'; UPDATE orders SET status = 'void'").await;
    assert_eq!(
        marked(db, "a").await,
        ">cart cart>sent!illegal-transition sent>cart!illegal-transition cart>checked it!unknown-state \
         checked it>cart!illegal-transition cart>void"
    );
}

/// Runs the migrations from one table to the next, each in a transaction.
async fn migrate<D: Db>(db: &mut D, old: &Machine, new: &Machine) -> Result<(), String> {
    for file in migrations(&[old], new, D::DIALECT).unwrap() {
        if let Err(said) = db.run(&format!("BEGIN; {}; COMMIT", file.text)).await {
            ok(db, "ROLLBACK").await;
            return Err(said);
        }
    }
    Ok(())
}

async fn enforces_once_nothing_is_lost_and_leaves_no_trace_of_the_mode<D: Db>(db: &mut D) {
    let (observes, enforces) = (order("mode = 'observe'"), order(""));
    ok(db, TABLE).await;
    ok(db, &sql::schema(&observes, D::DIALECT)).await;
    ok(
        db,
        "INSERT INTO orders VALUES ('a', 'cart', NULL), ('b', 'lost', NULL), ('c', 'lost', NULL), ('d', 'it''s', NULL)",
    )
    .await;
    let said = migrate(db, &observes, &enforces).await.unwrap_err();
    let states = match D::DIALECT {
        Dialect::Postgres => "'lost' (2), 'it''s' (1)",
        Dialect::Sqlite => "\"lost\" (2), \"it''s\" (1)",
    };
    let lost = format!(
        "phasegate: 3 rows of orders are in states that the table lacks: {states}; \
         mend the rows, or add the states to the table: where no database has run this file, remove it with its \
         tables/NNNN.toml, and migrate; else migrate, and before this file run the {}",
        match D::DIALECT {
            Dialect::Postgres => "CREATE OR REPLACE FUNCTION \"public\".",
            Dialect::Sqlite => "DROP VIEW \"order_states\" and the CREATE VIEW ",
        }
    );
    assert!(said.contains(&lost), "{said}");
    ok(db, "UPDATE orders SET status = 'sent' WHERE id = 'a'").await;
    ok(db, "UPDATE orders SET status = 'void' WHERE id IN ('b', 'c', 'd')").await;
    migrate(db, &observes, &enforces).await.unwrap();
    let illegal = "illegal transition of order";
    refused(db, "UPDATE orders SET status = 'cart' WHERE id = 'a'", illegal).await;
    refused(db, "INSERT INTO orders VALUES ('e', 'lost', NULL)", "unknown state of order").await;
    refused(db, "INSERT INTO orders VALUES ('e', 'sent', NULL)", "illegal start of order").await;
    ok(db, "UPDATE orders SET status = 'returned' WHERE id = 'a'").await;
    assert_eq!(marked(db, "a").await, ">cart cart>sent!illegal-transition sent>returned");
    // And back.
    migrate(db, &enforces, &observes).await.unwrap();
    ok(db, "UPDATE orders SET status = 'cart' WHERE id = 'a'").await;
    assert!(counted(db).await.contains(&row([
        "returned",
        "cart",
        "illegal-transition",
        "1",
        "[[transition]]\nfrom = \"returned\"\nto = \"cart\""
    ])));
    assert!(migrations(&[&observes], &observes, D::DIALECT).unwrap().is_empty());
    // A state that is called otherwise, its value kept: what is counted speaks of it so.
    let renamed = sql::machine(
        &format!("{ORDER}{OWN}mode = 'observe'").replace("\"returned\"", "\"back\"").replace(
            "{ name = \"back\"",
            "{ name = \"back\", renamed_from = \"returned\", value = \"returned\"",
        ),
    );
    migrate(db, &observes, &renamed).await.unwrap();
    let rows = counted(db).await;
    let words: Vec<&str> = rows.iter().filter_map(|row| row[4].as_deref()).collect();
    assert!(words.contains(&"[[transition]]\nfrom = \"back\"\nto = \"cart\""), "{words:?}");
}

async fn forces_all_the_same<D: Db>(db: &mut D) {
    ok(db, TABLE).await;
    ok(db, &sql::schema(&order("mode = 'observe'"), D::DIALECT)).await;
    ok(db, "INSERT INTO orders VALUES ('a', 'cart', NULL)").await;
    let force = match D::DIALECT {
        Dialect::Postgres => "SELECT order_force('a', 'sent', 'why')",
        Dialect::Sqlite => {
            "INSERT INTO order_force (key, to_state, reason) VALUES ('a', 'sent', 'why'); \
             UPDATE orders SET status = 'sent' WHERE id = 'a'"
        }
    };
    ok(db, force).await;
    let last = db
        .rows("SELECT to_state, forced, observed FROM order_events ORDER BY seq DESC LIMIT 1")
        .await;
    assert_eq!(last, [[Some("sent".to_owned()), Some("why".to_owned()), None]]);
    assert_eq!(counted(db).await, Vec::<Row>::new());
}

/// The schema as it is, whichever way it came to be.
async fn sqlite_shape(db: &mut SqliteConnection) -> Vec<Row> {
    db.rows("SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY type, name").await
}

#[tokio::test]
async fn on_sqlite_a_switch_there_and_back_gives_the_schema_of_a_fresh_one() {
    let (observes, enforces) = (order("mode = 'observe'"), order(""));
    for (from, to) in [(&observes, &enforces), (&enforces, &observes)] {
        let mut switched = sql::sqlite(TABLE).await;
        ok(&mut switched, &sql::schema(from, Dialect::Sqlite)).await;
        migrate(&mut switched, from, to).await.unwrap();
        let mut fresh = sql::sqlite(TABLE).await;
        ok(&mut fresh, &sql::schema(to, Dialect::Sqlite)).await;
        assert_eq!(sqlite_shape(&mut switched).await, sqlite_shape(&mut fresh).await);
    }
}

#[tokio::test]
#[ignore = "needs PostgreSQL 15: run by tests/run"]
async fn on_postgres_a_switch_replaces_one_function_and_waits_for_nobody() {
    let (observes, enforces) = (order("mode = 'observe'"), order(""));
    let url = database().await;
    let (mut db, mut writer) = (sql::connect(&url).await, sql::connect(&url).await);
    ok(&mut db, TABLE).await;
    ok(&mut db, &sql::schema(&observes, Dialect::Postgres)).await;
    ok(&mut db, "INSERT INTO orders VALUES ('a', 'cart', NULL), ('b', 'cart', NULL)").await;
    let objects = "SELECT 'trigger ' || oid::text || tgname::text FROM pg_trigger WHERE NOT tgisinternal
                   UNION ALL SELECT proname::text || oid::text || CASE WHEN proname IN ('order_mode', 'order_rules') THEN '' ELSE prosrc END
                   FROM pg_proc WHERE pronamespace = 'public'::regnamespace ORDER BY 1";
    let before = db.rows(objects).await;
    // A transaction of the application's that is open, its row changed, all the while.
    ok(&mut writer, "BEGIN; UPDATE orders SET status = 'sent' WHERE id = 'a'").await;
    ok(&mut db, "SET lock_timeout = '5s'").await;
    migrate(&mut db, &observes, &enforces).await.unwrap();
    let illegal = "illegal transition of order: cart -> sent";
    refused(&mut db, "UPDATE orders SET status = 'sent' WHERE id = 'b'", illegal).await;
    // The session that was open before knows the new mode too.
    refused(&mut writer, "UPDATE orders SET status = 'sent' WHERE id = 'b'", illegal).await;
    ok(&mut writer, "ROLLBACK").await;
    assert_eq!(db.rows(objects).await, before);
    let mode = db.rows("SELECT public.order_mode()").await;
    assert_eq!(mode, [[Some("enforce".to_owned())]]);
}

#[tokio::test]
#[ignore = "needs PostgreSQL 15: run by tests/run"]
async fn on_postgres_counting_makes_no_writer_wait_for_another() {
    let url = database().await;
    let (mut one, mut two) = (sql::connect(&url).await, sql::connect(&url).await);
    ok(&mut one, TABLE).await;
    ok(&mut one, &sql::schema(&order("mode = 'observe'"), Dialect::Postgres)).await;
    ok(&mut one, "INSERT INTO orders VALUES ('a', 'cart', NULL), ('b', 'cart', NULL)").await;
    ok(&mut one, "BEGIN; UPDATE orders SET status = 'sent' WHERE id = 'a'").await;
    ok(&mut two, "SET lock_timeout = '5s'; UPDATE orders SET status = 'sent' WHERE id = 'b'").await;
    ok(&mut one, "COMMIT").await;
    assert_eq!(counted(&mut one).await[0][3].as_deref(), Some("2"));
}

#[tokio::test]
#[ignore = "needs PostgreSQL 15: run by tests/run"]
async fn on_postgres_an_enum_holds_what_its_labels_are_and_other_triggers_break_nothing() {
    let machine = sql::machine(&format!(
        "{}mode = 'observe'",
        sql::SWITCH.replace(
            "transition = [{ path = [\"off\", \"on\", \"off\"] }]",
            "transition = [{ path = [\"off\", \"on\"] }]",
        )
    ));
    let mut db = postgres().await;
    ok(&mut db, &sql::schema(&machine, Dialect::Postgres)).await;
    // One that is before the guard by its name moves the row on within the statement.
    ok(
        &mut db,
        "CREATE FUNCTION first() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
           IF NEW.status = 'on' THEN UPDATE runs SET status = 'off' WHERE id = NEW.id; END IF; RETURN NULL; END $$;
         CREATE TRIGGER \" first\" AFTER UPDATE ON runs FOR EACH ROW EXECUTE FUNCTION first();
         INSERT INTO runs (id) VALUES ('a'); UPDATE runs SET status = 'on'",
    )
    .await;
    let steps = db
        .rows("SELECT coalesce(from_state, ''), to_state, observed FROM run_events ORDER BY seq")
        .await;
    let step = |from: &str, to: &str, observed: Option<&str>| -> Row {
        vec![Some(from.to_owned()), Some(to.to_owned()), observed.map(str::to_owned)]
    };
    assert_eq!(steps[0], step("", "off", None));
    assert!(steps[1..].iter().all(|step| step[2].is_some()), "{steps:?}");
    let error = db.run("UPDATE runs SET status = 'none'").await.unwrap_err();
    assert!(error.starts_with("invalid input value for enum"), "{error}");
}

#[test]
fn observing_without_a_history_is_refused() {
    let table = format!("{ORDER}mode = 'observe'\nevents = false");
    let error = phasegate_codegen::machine("test.toml", table.as_bytes()).unwrap_err().to_string();
    assert!(error.contains("observe-without-history"), "{error}");
}
