//! A table is drafted from a status column that exists: valid as it is, with every value in it, and
//! what is a guess said to be one; or it is said why not.

use crate::common::cluster::database;
use crate::common::sql;
use phasegate_cli::draft::{Ask, draft};
use phasegate_codegen::Machine;
use phasegate_codegen::emit::sql::{Dialect, KeyType, Mode, Storage};
use sqlx::Connection as _;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};

use crate::common::sql::{Db as _, ok};

/// A SQLite file with these tables, and its address.
async fn sqlite(schema: &str) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("app.db");
    let options = SqliteConnectOptions::new().filename(&file).create_if_missing(true);
    let mut db = SqliteConnection::connect_with(&options).await.unwrap();
    ok(&mut db, schema).await;
    db.close().await.unwrap();
    (folder, format!("sqlite:{}", file.display()))
}

async fn postgres(schema: &str) -> String {
    let url = database().await;
    ok(&mut sql::connect(&url).await, schema).await;
    url
}

const fn ask<'a>(url: &'a str, column: &'a str) -> Ask<'a> {
    Ask {
        url,
        column,
        key: &[],
        history: None,
        history_where: None,
        noise: 0.01,
        values: &[],
        machine: None,
    }
}

/// The draft, and the machine that it is.
async fn drafted(ask: &Ask<'_>) -> (String, Machine) {
    let text = draft(ask).await.unwrap().text;
    let machine = sql::machine(&text);
    (text, machine)
}

fn states(machine: &Machine) -> Vec<(&str, &str)> {
    machine.states.iter().map(|state| (state.name.as_str(), state.value.as_str())).collect()
}

const LOG: &str = "CREATE TABLE order_log (order_id text, state text, at integer);
    INSERT INTO order_log VALUES ('a', 'new', 1), ('a', 'paid', 2), ('a', 'paid', 3), ('a', 'sent', 4),
      ('b', 'new', 1), ('b', 'paid', 2), ('c', 'new', 1), ('c', 'void', 2), ('d', 'Back again', 1), ('d', 'new', 2);";

#[tokio::test]
async fn values_that_are_found_become_states_in_a_table_that_is_valid() {
    let long = "x".repeat(70);
    let (_folder, url) = sqlite(&format!(
        "CREATE TABLE orders (id text PRIMARY KEY, status text);
         INSERT INTO orders VALUES ('a', 'In Transit'), ('b', 'in_transit'), ('c', 'it''s \"so\"'), ('d', '☃ ❄'),
           ('e', NULL), ('f', '{long}'), ('g', 'two' || char(10) || 'lines'), ('h', 'In Transit'), ('i', '')"
    ))
    .await;
    let (text, machine) = drafted(&ask(&url, "orders.status")).await;
    assert_eq!(machine.name, "order");
    assert_eq!(
        states(&machine),
        [
            ("in_transit_2", "In Transit"),
            ("in_transit", "in_transit"),
            ("it_s_so", "it's \"so\""),
            ("state", "☃ ❄")
        ]
    );
    for said in [
        "[[state]]  # 2 rows",
        "# 1 row without a status",
        &format!("# {long}"),
        "# two\\nlines",
        "no more than a guess",
    ] {
        assert!(text.contains(said), "{said} is missing from:\n{text}");
    }
    let target = machine.targets.sql().unwrap();
    assert_eq!((target.table.as_str(), target.owns, target.mode), ("orders", false, Mode::Observe));
    assert_eq!((target.key[0].name.as_str(), target.key[0].of), ("id", KeyType::Text));
    assert_eq!(target.dialects, [Dialect::Sqlite]);
}

#[tokio::test]
async fn a_history_gives_starts_and_transitions_with_their_counts() {
    let (_folder, url) = sqlite(&format!(
        "CREATE TABLE orders (id INTEGER PRIMARY KEY, status text); {LOG}
         INSERT INTO orders VALUES (1, 'sent'), (2, 'paid'), (3, 'odd')"
    ))
    .await;
    let history = Some("order_log.order_id,state,at");
    let (text, machine) = drafted(&Ask { history, ..ask(&url, "orders.status") }).await;
    let initial: Vec<&str> =
        machine.initial.iter().map(|&id| machine.state(id).name.as_str()).collect();
    assert_eq!(initial, ["new", "back_again"]);
    let pairs: Vec<(&str, &str)> = machine
        .transitions()
        .map(|(from, to, _)| (machine.state(from).name.as_str(), machine.state(to).name.as_str()))
        .collect();
    let mut sorted = pairs.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, [("back_again", "new"), ("new", "paid"), ("new", "void"), ("paid", "sent")]);
    assert!(text.contains("[[transition]]  # 2 times\nfrom = \"new\"\nto   = \"paid\""), "{text}");
    let odd = machine.find("odd").unwrap();
    assert!(machine.state(odd).retired, "{text}");
    assert_eq!(machine.targets.sql().unwrap().key[0].of, KeyType::Bigint);
}

#[tokio::test]
async fn steps_that_are_noise_are_named_and_left_out_of_a_draft() {
    // 200 rows go one way, one goes back, one starts in the middle, one comes to what no other does.
    let (_folder, url) = sqlite(
        "CREATE TABLE orders (id text PRIMARY KEY, status text);
         CREATE TABLE log (id text, state text, at integer);
         INSERT INTO orders VALUES ('a', 'new'), ('b', 'odd');
         WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 200),
           way (state, at) AS (VALUES ('new', 1), ('paid', 2), ('sent', 3))
           INSERT INTO log SELECT n, state, at FROM n, way;
         INSERT INTO log VALUES ('x', 'new', 1), ('x', 'paid', 2), ('x', 'new', 3), ('y', 'paid', 1),
           ('z', 'new', 1), ('z', 'odd', 2), ('z', 'sent', 3)",
    )
    .await;
    let asked = Ask { history: Some("log.id,state,at"), ..ask(&url, "orders.status") };
    let (text, machine) = drafted(&asked).await;
    let steps: Vec<(&str, &str)> = machine
        .transitions()
        .map(|(from, to, _)| (machine.state(from).name.as_str(), machine.state(to).name.as_str()))
        .collect();
    assert_eq!(steps, [("new", "paid"), ("odd", "sent"), ("paid", "sent")], "{text}");
    assert_eq!(machine.initial.len(), 1, "{text}");
    for said in [
        "name  = \"odd\"\nretired = true",
        "# Left out as noise; each is let through and counted while the mode is `observe`:\n",
        "#   new -> odd: 1 time\n",
        "#   paid -> new: 1 time\n",
        "#   start -> paid: 1 time\n",
    ] {
        assert!(text.contains(said), "{said} is missing from:\n{text}");
    }
    let (text, machine) = drafted(&Ask { noise: 0.0, ..asked }).await;
    assert_eq!((machine.initial.len(), machine.transitions().count()), (2, 5), "{text}");
    assert!(!text.contains("noise"), "{text}");
}

#[tokio::test]
async fn a_history_that_gives_no_valid_table_stands_in_comments() {
    // Two that start, and go nowhere.
    let (_folder, url) = sqlite(
        "CREATE TABLE orders (id text PRIMARY KEY, status text); INSERT INTO orders VALUES ('a', 'x');
         CREATE TABLE log (id text, state text, at integer);
         INSERT INTO log VALUES ('a', 'x', 1), ('b', 'y', 1)",
    )
    .await;
    let history = Some("log.id,state,at");
    let (text, _) = drafted(&Ask { history, ..ask(&url, "orders.status") }).await;
    assert!(
        text.contains("# seen once: (start) -> x") && text.contains("no more than a guess"),
        "{text}"
    );
}

#[tokio::test]
async fn states_that_lead_to_no_end_are_drafted_as_ones_that_reopen() {
    let (_folder, url) = sqlite(
        "CREATE TABLE orders (id text PRIMARY KEY, status text); INSERT INTO orders VALUES ('a', 'x');
         CREATE TABLE log (id text, state text, at integer);
         INSERT INTO log VALUES ('a', 'x', 1), ('a', 'y', 2), ('a', 'z', 3), ('a', 'y', 4), ('b', 'x', 1), ('b', 'q', 2)",
    )
    .await;
    let history = Some("log.id,state,at");
    let (text, machine) = drafted(&Ask { history, ..ask(&url, "orders.status") }).await;
    assert_eq!(text.matches("reopens = true").count(), 2, "{text}");
    assert_eq!(machine.transitions().count(), 4, "{text}");
}

#[tokio::test]
async fn says_why_there_is_no_draft() {
    let (_folder, url) = sqlite(
        "CREATE TABLE orders (id text PRIMARY KEY, status text, note text); CREATE TABLE empty (id text PRIMARY KEY, status text);
         CREATE VIEW order_list AS SELECT * FROM orders; CREATE TABLE keyless (status text); CREATE TABLE pairs (a text, b text, status text, PRIMARY KEY (a, b));
         WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 3000)
         INSERT INTO orders SELECT x, 'value ' || x, 'a' FROM n; INSERT INTO keyless VALUES ('a'); INSERT INTO pairs VALUES ('a', 'b', 'c')",
    )
    .await;
    for (column, history, why) in [
        ("status", None, "`status` is no column: say TABLE.COLUMN"),
        ("order.status", None, "has no table `order`: did you mean `orders`?"),
        (
            "order_list.status",
            None,
            "is a view, and a view has no rows of its own to guard: name the table under it",
        ),
        ("orders.statu", None, "`orders` has no column `statu`: did you mean `status`?"),
        ("orders.status", None, "holds more than 200 different values: that is no status column"),
        ("empty.status", None, "is a text without rows"),
        ("keyless.status", None, "`keyless` has no primary key: say `--key COLUMN`"),
        ("orders.note", Some("orders"), "`orders` is no history"),
        ("orders.note", Some("orders.id,state,note"), "`orders` has no column `state`"),
    ] {
        let said = draft(&Ask { history, ..ask(&url, column) }).await.unwrap_err();
        assert!(said.contains(why), "{said}\ninstead of: {why}");
    }
    let named = |machine: &Machine| -> Vec<String> {
        machine.targets.sql().unwrap().key.iter().map(|key| key.name.clone()).collect()
    };
    let (_, machine) = drafted(&ask(&url, "pairs.status")).await;
    assert_eq!(named(&machine), ["a", "b"]);
    let (_, machine) = drafted(&Ask { key: &["a".to_owned()], ..ask(&url, "pairs.status") }).await;
    assert_eq!(named(&machine), ["a"]);
    for (url, why) in [
        ("sqlite:/no/such/file.db", "there is no such file"),
        ("mysql://x", "no database of the kind `mysql:` is known"),
        ("postgres://me:secret@127.0.0.1:1/none", "postgres://127.0.0.1:1/none: "),
    ] {
        let said = draft(&ask(url, "orders.status")).await.unwrap_err();
        assert!(said.contains(why) && !said.contains("secret"), "{said}");
    }
}

#[tokio::test]
#[ignore = "needs PostgreSQL 15: run by tests/run"]
async fn labels_and_checks_of_postgres_come_in_their_order_and_the_draft_installs() {
    for (own, column, expected, storage, key_type) in [
        (
            "CREATE SCHEMA app; CREATE TYPE app.\"Old\" AS ENUM ('z', 'In Transit', 'a');
             CREATE TABLE app.orders (id uuid PRIMARY KEY, status app.\"Old\");
             INSERT INTO app.orders VALUES (gen_random_uuid(), 'a'), (gen_random_uuid(), NULL)",
            "app.orders.status",
            vec![("z", "z"), ("in_transit", "In Transit"), ("a", "a")],
            Storage::Enum,
            KeyType::Uuid,
        ),
        (
            "CREATE TABLE orders (id serial PRIMARY KEY, status varchar(20) CHECK (status IN ('new', 'it''s', 'done')));
             INSERT INTO orders (status) VALUES ('done')",
            "orders.status",
            vec![("new", "new"), ("it_s", "it's"), ("done", "done")],
            Storage::Text,
            KeyType::Bigint,
        ),
        (
            "CREATE TABLE \"Orders\" (\"Id\" text PRIMARY KEY, \"Status\" text); INSERT INTO \"Orders\" VALUES ('a', 'x')",
            "Orders.Status",
            vec![("x", "x")],
            Storage::Text,
            KeyType::Text,
        ),
    ] {
        let url = postgres(own).await;
        let (text, machine) = drafted(&ask(&url, column)).await;
        assert_eq!(states(&machine), expected, "{text}");
        let target = machine.targets.sql().unwrap();
        assert_eq!((target.storage, target.key[0].of), (storage, key_type));
        let mut db = sql::connect(&url).await;
        db.run(&sql::schema(&machine, Dialect::Postgres)).await.unwrap();
    }
    let own = "CREATE TABLE orders (id text PRIMARY KEY, status integer); CREATE VIEW list AS SELECT * FROM orders";
    let url = postgres(own).await;
    let said = draft(&ask(&url, "orders.status")).await.unwrap_err();
    assert!(
        said.contains("holds whole numbers: say what each stands for") && said.contains("--values"),
        "{said}"
    );
    let other = postgres("CREATE TABLE orders (id text PRIMARY KEY, status date)").await;
    let said = draft(&ask(&other, "orders.status")).await.unwrap_err();
    assert!(said.contains("where a text, an enum or a whole number can be guarded"), "{said}");
    let said = draft(&ask(&url, "list.status")).await.unwrap_err();
    assert!(said.contains("`list` of") && said.contains("is a view, and"), "{said}");
    let said = draft(&ask(&url, "app.order.status")).await.unwrap_err();
    assert!(said.contains("has no table `app.order`: there are `orders`"), "{said}");
}

#[tokio::test]
async fn what_a_check_of_sqlite_lists_comes_in_its_order() {
    let (_folder, url) = sqlite(
        "CREATE TABLE orders (id integer PRIMARY KEY, -- it's made anew: CHECK (status IN ('none'))
           status text NOT NULL DEFAULT 'paid', note text CHECK (note IN ('x')),
           CONSTRAINT known CHECK (\"Status\" IN ('new', 'it''s', 'paid')))",
    )
    .await;
    let (text, machine) = drafted(&ask(&url, "orders.status")).await;
    assert_eq!(states(&machine), [("new", "new"), ("it_s", "it's"), ("paid", "paid")], "{text}");
    assert!(text.contains("initial = \"paid\""), "{text}");
}

#[tokio::test]
async fn the_default_of_the_column_is_the_initial_state() {
    let (_folder, url) = sqlite(
        "CREATE TABLE payments (id text PRIMARY KEY, status text DEFAULT 'pending');
         INSERT INTO payments VALUES ('a', 'done'), ('b', 'done'), ('c', 'pending')",
    )
    .await;
    let (text, machine) = drafted(&ask(&url, "payments.status")).await;
    assert!(text.contains("initial = \"pending\""), "{text}");
    assert!(text.contains("path = [\"pending\", \"done\"]"), "{text}");
    assert_eq!(machine.name, "payment");
}

#[tokio::test]
#[ignore = "needs PostgreSQL 15: run by tests/run"]
async fn a_default_in_the_middle_of_the_labels_is_the_initial_state_on_postgresql() {
    for (kind, schema) in [
        ("text CHECK (status IN ('void', 'new', 'paid'))", ""),
        ("order_state", "CREATE TYPE order_state AS ENUM ('void', 'new', 'paid');"),
    ] {
        let url = postgres(&format!(
            "{schema} CREATE TABLE orders (id bigint PRIMARY KEY, status {kind} NOT NULL DEFAULT 'new')"
        ))
        .await;
        let (text, machine) = drafted(&ask(&url, "orders.status")).await;
        let names: Vec<&str> = machine.states.iter().map(|state| state.name.as_str()).collect();
        assert_eq!(names, ["void", "new", "paid"], "{kind}");
        assert!(text.contains("initial = \"new\""), "{text}");
        assert!(text.contains("path = [\"new\", \"void\", \"paid\"]"), "{text}");
    }
}

#[tokio::test]
async fn the_machine_is_called_what_one_row_is_and_never_by_a_name_that_is_taken() {
    let row = "(id text PRIMARY KEY, state text); INSERT INTO";
    for (schema, column, name) in [
        (
            format!("CREATE TABLE statuses {row} statuses VALUES ('a', 'x')"),
            "statuses.state",
            "status",
        ),
        (
            format!("CREATE TABLE addresses {row} addresses VALUES ('a', 'x')"),
            "addresses.state",
            "address",
        ),
        (
            format!("CREATE TABLE OrderItems {row} OrderItems VALUES ('a', 'x')"),
            "OrderItems.state",
            "order_item",
        ),
        (
            format!(
                "CREATE TABLE order_events (id); CREATE TABLE orders {row} orders VALUES ('a', 'x')"
            ),
            "orders.state",
            "order_state",
        ),
        (
            format!(
                "CREATE TABLE order_events (id); CREATE VIEW Order_State_Transitions AS SELECT 1;
                 CREATE TABLE orders {row} orders VALUES ('a', 'x')"
            ),
            "orders.state",
            "order_state_2",
        ),
    ] {
        let (_folder, url) = sqlite(&schema).await;
        let drafted = draft(&ask(&url, column)).await.unwrap();
        assert_eq!(drafted.name, name, "{schema}");
    }
}

#[tokio::test]
async fn a_name_that_is_given_is_taken_or_it_is_said_why_not() {
    let (_folder, url) = sqlite(
        "CREATE TABLE order_events (id); CREATE TABLE orders (id text PRIMARY KEY, state text);
         INSERT INTO orders VALUES ('a', 'x')",
    )
    .await;
    let called = |machine| Ask { machine: Some(machine), ..ask(&url, "orders.state") };
    assert_eq!(draft(&called("purchase")).await.unwrap().name, "purchase");
    let refused = draft(&called("order")).await.unwrap_err();
    assert!(refused.contains("`order_events`") && refused.contains("--machine"), "{refused}");
    let refused = draft(&called("An Order")).await.unwrap_err();
    assert!(refused.contains("bad-name"), "{refused}");
}

#[tokio::test]
#[ignore = "needs PostgreSQL 15: run by tests/run"]
async fn a_table_of_the_longest_name_is_drafted() {
    let table = "t".repeat(63);
    let url = postgres(&format!(
        "CREATE TABLE {table} (id bigint PRIMARY KEY, status text); INSERT INTO {table} VALUES (1, 'new')"
    ))
    .await;
    let (_, machine) = drafted(&ask(&url, &format!("{table}.status"))).await;
    assert_eq!(machine.targets.sql().unwrap().table, table);
}

#[tokio::test]
async fn a_history_may_be_a_view_and_hold_other_things_too() {
    let (_folder, url) = sqlite(
        "CREATE TABLE orders (id text PRIMARY KEY, status text); INSERT INTO orders VALUES ('a', 'paid');
         CREATE TABLE changes (kind text, id text, state text, at integer);
         INSERT INTO changes VALUES ('Order', 'a', 'new', 1), ('Order', 'a', 'paid', 2),
           ('Refund', 'a', 'asked', 3), ('Refund', 'a', 'granted', 4);
         CREATE VIEW log AS SELECT * FROM changes",
    )
    .await;
    let (history, history_where) = (Some("log.id,state,at"), Some("kind = 'Order' -- alone"));
    let asked = Ask { history, history_where, ..ask(&url, "orders.status") };
    let (text, machine) = drafted(&asked).await;
    assert_eq!(states(&machine), [("paid", "paid"), ("new", "new")]);
    assert!(text.contains("initial = \"new\""), "{text}");
    let wrong =
        Ask { history, history_where: Some("kinds = 'Order'"), ..ask(&url, "orders.status") };
    let refused = draft(&wrong).await.unwrap_err();
    assert!(refused.contains("kinds"), "{refused}");
}

/// What `--values` says of a model with three states.
fn numbered() -> Vec<String> {
    ["new=0", "it's open=1", "closed=-7"].map(str::to_owned).to_vec()
}

const NUMBERS: &str = "CREATE TABLE tickets (id bigint PRIMARY KEY, status integer DEFAULT 1);
    INSERT INTO tickets VALUES (1, 0), (2, -7), (3, NULL)";

/// A draft of numbers, and its schema run where it was drafted from.
async fn drafts_numbers<D: sql::Db>(db: &mut D, url: &str) {
    let said = draft(&ask(url, "tickets.status")).await.unwrap_err();
    assert!(said.contains("holds whole numbers (`-7`, `0`)"), "{said}");
    let some = [String::from("new=0")];
    let said = draft(&Ask { values: &some, ..ask(url, "tickets.status") }).await.unwrap_err();
    assert!(said.contains("holds whole numbers (`-7`): say"), "{said}");
    for (wrong, why) in [("new", "say VALUE=NUMBER"), ("new=x", "say VALUE=NUMBER")] {
        let wrong = [wrong.to_owned()];
        let said = draft(&Ask { values: &wrong, ..ask(url, "tickets.status") }).await.unwrap_err();
        assert!(said.contains(why), "{said}");
    }
    let twice = ["a=1".to_owned(), "b=1".to_owned()];
    let said = draft(&Ask { values: &twice, ..ask(url, "tickets.status") }).await.unwrap_err();
    assert!(said.contains("are one"), "{said}");
    let values = numbered();
    let (text, machine) = drafted(&Ask { values: &values, ..ask(url, "tickets.status") }).await;
    let states: Vec<_> = machine.states.iter().map(|s| (s.value.as_str(), s.number)).collect();
    assert_eq!(states, [("new", Some(0)), ("it's open", Some(1)), ("closed", Some(-7))], "{text}");
    assert_eq!(machine.targets.sql().unwrap().storage, Storage::Integer);
    assert_eq!(machine.state(machine.initial[0]).value, "it's open", "the default decides");
    assert!(text.contains("say `null = \"STATE\"`"), "{text}");
    db.run(&sql::schema(&machine, D::DIALECT)).await.unwrap();
    db.run("INSERT INTO tickets (id) VALUES (9)").await.unwrap();
    let events = db.rows("SELECT to_state FROM ticket_events WHERE ticket_id = 9").await;
    assert_eq!(events, [[Some("it's open".to_owned())]]);
}

#[tokio::test]
async fn what_is_no_whole_number_is_said_to_be_none() {
    let (_folder, url) = sqlite(&format!("{NUMBERS}, (4, 'x'), (5, 1.5)")).await;
    let values = numbered();
    let said = draft(&Ask { values: &values, ..ask(&url, "tickets.status") }).await.unwrap_err();
    assert!(
        said.contains("holds what is no whole number") && said.contains("`1.5`, `x`"),
        "{said}"
    );
}

#[tokio::test]
async fn numbers_are_drafted_by_what_they_stand_for_on_sqlite() {
    let (_folder, url) = sqlite(NUMBERS).await;
    let mut db = <sqlx::SqliteConnection as sqlx::Connection>::connect(&url).await.unwrap();
    drafts_numbers(&mut db, &url).await;
}

#[tokio::test]
#[ignore = "needs PostgreSQL 15: run by tests/run"]
async fn numbers_are_drafted_by_what_they_stand_for_on_postgres() {
    let url = postgres(NUMBERS).await;
    drafts_numbers(&mut sql::connect(&url).await, &url).await;
}
