//! A state that is stored by another name from some migration on: what backends of the table
//! before and after tell of rows and of their history.

use crate::common::backend::world::{Database, World, machine};
use phasegate::Schema;
use phasegate::http::Options;
use phasegate_codegen::emit::sql::{Dialect, migrations};
use serde_json::{Value, json};

on_each_database! {
    tells_a_renamed_state_by_its_name_of_now
    an_older_backend_goes_on_beside_a_newer_database
    a_newer_backend_goes_on_beside_an_older_database
    streams_what_happened_under_former_names
}

const BEFORE: &str = r#"
format = 1
machine = { name = "ship", initial = "ordered" }
phase = [{ name = "pack" }, { name = "send" }]
state = [
  { name = "ordered" },
  { name = "packing", phase = "pack" },
  { name = "packed", phase = "pack", completes = true },
  { name = "sent", phase = "send", outcome = "success" },
]
transition = [{ path = ["ordered", "packing", "packed", "sent"] }]
[target.sql]
"#;

fn after() -> String {
    BEFORE
        .replace("name = \"packed\"", "name = \"boxed\", renamed_from = \"packed\"")
        .replace("\"packing\", \"packed\"", "\"packing\", \"boxed\"")
}

/// A backend of the table before over its database, with a row that is packed.
fn packed(database: Database) -> (World, String) {
    let world = World::of(database, BEFORE, BEFORE, Schema::named("ship"));
    let row = world.start();
    row.walk(&["packing", "packed"]);
    let id = row.id.clone();
    (world, id)
}

fn migrate(world: &World, database: Database) {
    let read = |table: &str| phasegate_codegen::machine("t.toml", table.as_bytes()).unwrap().1;
    let (old, new) = (read(BEFORE), read(&after()));
    let dialect = match database {
        Database::Sqlite => Dialect::Sqlite,
        Database::Postgres => Dialect::Postgres,
    };
    for file in migrations(&[&old], &new, dialect).unwrap() {
        world.sql(&format!("BEGIN; {}; COMMIT", file.text));
    }
}

/// Serves the table after over the same database.
fn roll_out(world: &mut World) {
    world.machine = machine(&after());
    world.serve(Options::default());
}

fn snapshot(world: &World, id: &str) -> Value {
    world.get(&format!("/api/ships/{id}")).ok(200)
}

fn states(snapshot: &Value) -> Vec<&str> {
    snapshot["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| event["to"].as_str().unwrap())
        .collect()
}

fn views(snapshot: &Value) -> Vec<&str> {
    snapshot["phases"]
        .as_array()
        .unwrap()
        .iter()
        .map(|phase| phase["view"].as_str().unwrap())
        .collect()
}

fn tells_a_renamed_state_by_its_name_of_now(database: Database) {
    let (mut world, id) = packed(database);
    assert_eq!(views(&snapshot(&world, &id)), ["done", "upcoming"]);
    migrate(&world, database);
    roll_out(&mut world);
    let now = snapshot(&world, &id);
    assert_eq!((&now["status"], &now["known"]), (&json!("boxed"), &json!(true)));
    assert_eq!(states(&now), ["ordered", "packing", "boxed"]);
    assert_eq!(views(&now), ["done", "upcoming"]);
    // The history is as it was written, and goes on.
    let raw = "SELECT count(*) FROM ship_events WHERE to_state = 'packed'";
    assert_eq!(world.count(raw), 1);
    world.sql(&format!("UPDATE ships SET status = 'sent' WHERE id = '{id}'"));
    let now = snapshot(&world, &id);
    assert_eq!(now["events"][3]["from"], "boxed");
    assert_eq!(states(&now), ["ordered", "packing", "boxed", "sent"]);
    assert_eq!(views(&now), ["done", "done"]);
}

fn an_older_backend_goes_on_beside_a_newer_database(database: Database) {
    let (world, id) = packed(database);
    let other = world.start();
    migrate(&world, database);
    let now = snapshot(&world, &id);
    assert_eq!((&now["status"], &now["known"]), (&json!("boxed"), &json!(false)));
    // What happened by its own rules it tells in its own words.
    assert_eq!(states(&now), ["ordered", "packing", "packed"]);
    other.walk(&["packing"]);
    let refused = other.report(&json!({"status": "packed"})).problem(422, "unknown-status");
    assert_eq!(refused["known"], json!(["ordered", "packing", "boxed", "sent"]));
    world.sql(&format!("UPDATE ships SET status = 'boxed' WHERE id = '{}'", other.id));
    assert_eq!(states(&other.snapshot()), ["ordered", "packing", "boxed"]);
    // The database judges what this backend can't.
    other.walk(&["sent"]);
    let listed = world.get("/api/ships").ok(200);
    assert_eq!(listed["ships"].as_array().unwrap().len(), 2);
}

fn a_newer_backend_goes_on_beside_an_older_database(database: Database) {
    let (mut world, id) = packed(database);
    roll_out(&mut world);
    let now = snapshot(&world, &id);
    assert_eq!((&now["status"], &now["known"]), (&json!("packed"), &json!(false)));
    let row = world.start();
    row.walk(&["packing"]);
    row.report(&json!({"status": "boxed"})).problem(422, "unknown-status");
    migrate(&world, database);
    row.walk(&["boxed", "sent"]);
    assert_eq!(snapshot(&world, &id)["known"], true);
}

fn streams_what_happened_under_former_names(database: Database) {
    let (mut world, id) = packed(database);
    migrate(&world, database);
    roll_out(&mut world);
    let since = world.run(world.store.events_since(&*world.machine, &id, 1)).unwrap().unwrap();
    let told: Vec<_> =
        since.iter().map(|event| (event.from.as_deref(), event.to.as_str())).collect();
    assert_eq!(told, [(Some("ordered"), "packing"), (Some("packing"), "boxed")]);
}
