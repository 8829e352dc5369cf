//! How a backend embeds the runtime: the generated machine behind the trait, the embedded
//! migrations, and tables of other shapes than the deploy table's.

use crate::common::backend;
use crate::common::backend::world::{DEPLOY, Database, World, machine};
use crate::deploy;
use phasegate::store::{Error, Start};
use phasegate::{Answer, Machine, Report, Schema, StateId, Store, View};
use serde_json::json;
use sqlx::Connection as _;

phasegate::machine!(
    /// The deploy machine, compiled.
    Deploy = deploy::{DeployStatus, DeployPhase}
);

on_each_database! {
    migrates_from_several_instances_at_once
    starts_beside_migrations_that_it_lacks
    keeps_rows_by_uuid
    keeps_rows_by_number
    judges_an_application_s_own_table
    takes_values_that_sql_and_json_would_trip_over
    names_the_key_of_runs_and_events_apart
    does_without_a_history
}

#[test]
fn says_the_same_compiled_and_interpreted() {
    let (compiled, table): (&dyn Machine, _) = (&Deploy, machine(DEPLOY));
    assert_eq!(compiled.name(), table.name());
    assert_eq!(compiled.title(), table.title());
    assert_eq!(compiled.table(), table.table());
    assert_eq!(compiled.language(), table.language());
    assert_eq!(compiled.states(), table.states());
    assert_eq!(compiled.initial(), table.initial());
    assert_eq!(compiled.find("no_such"), None);
    assert_eq!(compiled.schema(), table.schema());
    let states = || (0..table.states()).map(StateId::new);
    for from in states() {
        assert_eq!(compiled.value(from), table.value(from));
        assert_eq!(compiled.state_title(from), table.state_title(from));
        assert_eq!(compiled.find(table.value(from)), Some(from));
        assert_eq!(compiled.is_initial(from), table.is_initial(from));
        assert_eq!(compiled.is_terminal(from), table.is_terminal(from));
        assert_eq!(compiled.outcome(from), table.outcome(from));
        for to in states() {
            assert_eq!(compiled.judge(from, to), table.judge(from, to), "{from:?} -> {to:?}");
        }
    }
    assert_eq!(compiled.phases(), table.phases());
    for phase in 0..table.phases() {
        assert_eq!(compiled.phase_name(phase), table.phase_name(phase));
        assert_eq!(compiled.phase_title(phase), table.phase_title(phase));
    }
    let mut seen = std::collections::BTreeSet::new();
    let mut histories = vec![vec![table.initial()]];
    while let Some(history) = histories.pop() {
        for attempted in states().map(Some).chain([None]) {
            let mut views = [[View::Upcoming; 4]; 2];
            compiled.views(&history, attempted, &mut views[0]);
            table.views(&history, attempted, &mut views[1]);
            assert_eq!(views[0], views[1], "{history:?} {attempted:?}");
            seen.extend(views[0].map(View::as_str));
        }
        let last = history[history.len() - 1];
        histories.extend(states().filter(|to| table.can_become(last, *to)).map(|to| {
            let mut longer = history.clone();
            longer.push(to);
            longer
        }));
    }
    assert_eq!(seen.len(), 6, "every view that the table can give: {seen:?}");
}

#[test]
fn runs_in_memory() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let store = Store::open("sqlite::memory:", Schema::of(&Deploy)).await.unwrap();
        store.migrate(sqlx::migrate!("migrations/sqlite")).await.unwrap();
        let started = store.start(&Deploy, &Start::new()).await.unwrap();
        let report = Report::new("building");
        let answer = store.apply_callback(&Deploy, &started.id, &report).await.unwrap();
        assert_eq!(answer, applied("building", "queued", 2));
        let snapshot = store.snapshot(&Deploy, &started.id).await.unwrap().unwrap();
        assert_eq!(snapshot.status, "building");
    });
}

#[test]
fn refuses_a_machine_that_it_was_not_opened_for() {
    let order = machine(&order(""));
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let store = Store::open("sqlite::memory:", Schema::of(&Deploy)).await.unwrap();
        store.migrate(sqlx::migrate!("migrations/sqlite")).await.unwrap();
        let id = store.start(&Deploy, &Start::new()).await.unwrap().id;
        let report = Report::new("paid");
        let mut connection = sqlx::SqliteConnection::connect("sqlite::memory:").await.unwrap();
        let refused = [
            store.start(&*order, &Start::new()).await.err(),
            store.apply_callback(&*order, &id, &report).await.err(),
            store.apply_callback_in(&mut connection, &*order, &id, &report).await.err(),
            store.snapshot(&*order, &id).await.err(),
            store.events_since(&*order, &id, 0).await.err(),
            store.list(&*order, 1, None).await.err(),
        ];
        for error in refused {
            let error = error.expect("it was opened for another").to_string();
            for said in ["`deploy`", "`deploys`", "`order`"] {
                assert!(error.contains(said), "{error}");
            }
        }
        assert_eq!(store.snapshot(&Deploy, &id).await.unwrap().unwrap().events.len(), 1);
    });
}

#[test]
fn opens_no_database_of_a_kind_that_it_lacks() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let error = runtime.block_on(Store::open("mysql://x", Schema::of(&Deploy))).unwrap_err();
    assert!(error.to_string().contains("mysql:"), "{error}");
}

fn all(database: Database) -> sqlx::migrate::Migrator {
    match database {
        Database::Sqlite => sqlx::migrate!("migrations/sqlite"),
        Database::Postgres => sqlx::migrate!("migrations/postgres"),
    }
}

/// What the version before the fine-grained phases has.
fn first(database: Database) -> sqlx::migrate::Migrator {
    let mut migrations = all(database);
    migrations.migrations.to_mut().truncate(1);
    migrations
}

fn migrates_from_several_instances_at_once(database: Database) {
    for round in 0..3 {
        let world = World::empty(database, machine(DEPLOY), Schema::named("deploy"));
        if round > 0 {
            // The version before has been here.
            world.run(world.store.migrate(first(database))).unwrap();
        }
        world.run(async {
            let mut starts = Vec::new();
            for _ in 0..6 {
                let store = world.other_store_later().await;
                starts.push(tokio::spawn(async move {
                    store.migrate(all(database)).await.unwrap();
                    store.close().await;
                }));
            }
            for start in starts {
                start.await.unwrap();
            }
        });
        assert_eq!(world.count("SELECT count(*) FROM _sqlx_migrations"), 2);
        let fit = world.run(world.store.fit()).unwrap();
        assert_eq!((fit.missing.len(), fit.language.as_deref()), (0, Some(Deploy.language())));
    }
}

fn starts_beside_migrations_that_it_lacks(database: Database) {
    let world = World::empty(database, machine(DEPLOY), Schema::named("deploy"));
    world.run(world.store.migrate(all(database))).unwrap();
    world.run(world.store.migrate(first(database))).unwrap();
    assert_eq!(world.count("SELECT count(*) FROM _sqlx_migrations"), 2);
}

#[test]
fn waits_a_moment_for_a_database_that_nobody_serves_and_calls_it_away() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    // A port that was free a moment ago.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let url = format!("postgres://nobody@127.0.0.1:{port}/none");
    let store = runtime.block_on(Store::open(&url, Schema::of(&Deploy))).unwrap();
    let answer = runtime.block_on(store.apply_callback(&Deploy, "x", &Report::new("failed")));
    assert!(matches!(answer, Err(Error::Unavailable(_))), "{answer:?}");
}

/// A small table with these lines under `[target.sql]`.
fn order(sql: &str) -> String {
    format!(
        "format = 1\n[machine]\nname = \"order\"\ninitial = \"placed\"\n\
         [[state]]\nname = \"placed\"\n[[state]]\nname = \"paid\"\n\
         [[state]]\nname = \"shipped\"\noutcome = \"success\"\n\
         [[transition]]\npath = [\"placed\", \"paid\", \"shipped\"]\n[target.sql]\n{sql}\n"
    )
}

#[track_caller]
fn apply(world: &World, id: &str, status: &str) -> Answer {
    let report = Report::new(status);
    world.run(world.store.apply_callback(&*world.machine, id, &report)).unwrap()
}

fn applied(status: &str, from: &str, seq: i64) -> Answer {
    Answer::Applied { status: status.to_owned(), from: from.to_owned(), seq }
}

fn keeps_rows_by_uuid(database: Database) {
    let table = order("key_type = \"uuid\"\nkey = \"order_id\"");
    let names = Schema::named("order").key(["order_id"]);
    let world = World::of(database, &table, &table, names);
    // `order_id` names the row in the history, too.
    let row = world.start();
    assert_eq!(row.report(&json!({"status": "paid"})).ok(200)["seq"], 2);
    assert_eq!(row.stream(None).next().unwrap().id, 2);
    world.get("/api/orders/not-a-uuid").problem(404, "not-found");
    world.get("/api/orders?before=not-a-uuid").problem(400, "malformed");
    if database == Database::Postgres {
        let upper = row.id.to_uppercase();
        assert_eq!(world.get(&format!("/api/orders/{upper}")).ok(200)["id"], row.id);
    }
}

fn keeps_rows_by_number(database: Database) {
    let table = order("key_type = \"bigint\"");
    let world = World::of(database, &table, &table, Schema::named("order"));
    let (one, two) = (world.start(), world.start());
    assert_eq!((one.id.as_str(), two.id.as_str()), ("1", "2"), "the database makes them");
    assert_eq!(two.report(&json!({"status": "paid"})).ok(200)["seq"], 2);
    assert_eq!(two.snapshot()["status"], "paid");
    let bearer = format!("Bearer {}", two.token);
    one.send(b"{}", &[("authorization", &bearer)]).problem(403, "forbidden");
    for id in ["x", "1.5", "1e3", "99999999999999999999", "0x1"] {
        world.get(&format!("/api/orders/{id}")).problem(404, "not-found");
    }
    let page = world.get("/api/orders?limit=1&before=2").ok(200);
    assert_eq!(page["orders"][0]["id"], "1");
}

fn judges_an_application_s_own_table(database: Database) {
    let table = order(
        "owns = false\ntable = \"purchase\"\nkey = \"number\"\nkey_type = \"bigint\"\n\
         column = \"state\"\nstorage = \"text\"\nevents = \"purchase_log\"",
    );
    let machine = machine(&table);
    let names = Schema::of(&*machine);
    let mut world = World::empty(database, machine, names);
    world.sql(
        "CREATE TABLE purchase (number bigint PRIMARY KEY, state varchar(20) NOT NULL, note text);
         INSERT INTO purchase VALUES (7, 'placed', NULL), (8, 'returned', NULL)",
    );
    let schema = backend::world::schema(&table, database);
    let refused = world.try_sql(&format!("BEGIN; {schema} COMMIT")).unwrap_err().to_string();
    assert!(refused.contains("is in a state that the table lacks"), "{refused}");
    assert!(refused.contains("returned"), "{refused}");
    world.sql("UPDATE purchase SET state = 'placed' WHERE number = 8");
    world.sql(&schema);
    world.serve(Default::default());
    let Answer::Applied { seq: 2, .. } = apply(&world, "7", "paid") else {
        panic!("a row from before there was a history")
    };
    assert_eq!(apply(&world, "7", "shipped"), applied("shipped", "paid", 3));
    assert_eq!(apply(&world, "x", "paid"), Answer::NotFound);
    let snapshot = world.get("/api/purchase/7").ok(200);
    assert_eq!((&snapshot["status"], &snapshot["seq"]), (&json!("shipped"), &json!(3)));
    let list = world.get("/api/purchase").ok(200);
    assert_eq!(list["purchase"][1]["id"], "7");
    // It has no column for a token: no one can report over HTTP as it is.
    let url = format!("{}/api/purchase/7/callbacks", world.url);
    let headers = [("authorization", "Bearer x")];
    backend::client::call("POST", &url, &headers, b"{}").problem(401, "unauthorized");
}

fn takes_values_that_sql_and_json_would_trip_over(database: Database) {
    let table = order("")
        .replace("name = \"paid\"", "name = \"paid\"\nvalue = \"it's \\\"paid\\\" ${{ €\"");
    let world = World::of(database, &table, &table, Schema::named("order"));
    let row = world.start();
    let value = "it's \"paid\" ${{ €";
    row.report(&json!({"status": "paid"})).problem(422, "unknown-status");
    assert_eq!(row.report(&json!({"status": value})).ok(200)["applied"], true);
    assert_eq!(row.snapshot()["status"], value);
    assert_eq!(row.stream(None).next().unwrap().data["events"][1]["to"], value);
}

fn names_the_key_of_runs_and_events_apart(database: Database) {
    for name in ["run", "event"] {
        let table = order("").replace("\"order\"", &format!("\"{name}\""));
        let world = World::of(database, &table, &table, Schema::named(name));
        let row = world.start();
        row.report(&json!({"status": "paid", "run_id": "7", "event_id": "one"})).ok(200);
        assert_eq!(row.snapshot()["events"][1]["run_id"], "7");
    }
}

fn does_without_a_history(database: Database) {
    let table = order("events = false");
    let names = Schema::named("order").events(None);
    let world = World::of(database, &table, &table, names);
    let start = |world: &World| {
        world.run(world.store.start(&*world.machine, &Start::default())).unwrap().id
    };
    let id = start(&world);
    assert_eq!(apply(&world, &id, "shipped").as_str(), "illegal-transition");
    assert_eq!(apply(&world, &id, "paid"), applied("paid", "placed", 0));
    assert_eq!(apply(&world, &id, "paid").as_str(), "duplicate");
    let snapshot = world.get(&format!("/api/orders/{id}")).ok(200);
    assert_eq!((&snapshot["status"], &snapshot["events"]), (&json!("paid"), &json!([])));
    assert_eq!(world.get("/api/orders").ok(200)["orders"][0]["seq"], 0);
    assert_eq!(world.run(world.store.reports(&id)).unwrap(), []);
}
