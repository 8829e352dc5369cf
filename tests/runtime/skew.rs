//! Versions apart (table.md, rule 12): an old backend on a new database, and the other way round.

use crate::common::backend::world::{DEPLOY, DEPLOY_V1, Database, World};
use phasegate::Schema;
use serde_json::{Value, json};

on_each_database! {
    passes_on_a_state_that_only_the_database_knows
    lets_the_database_judge_a_state_that_only_it_knows
    refuses_to_judge_such_a_state_without_a_guard
    says_that_a_row_has_ended_where_only_the_database_knows
    answers_for_a_database_that_lacks_a_state
    answers_for_a_database_that_lacks_a_transition
    answers_where_the_database_lacks_the_initial_state
    is_ready_beside_another_language
}

/// An old backend on a new database, with a row in a state that the old one lacks.
fn rolled_back(database: Database) -> World {
    World::of(database, DEPLOY, DEPLOY_V1, Schema::named("deploy"))
}

fn set(world: &World, id: &str, states: &[&str]) {
    for state in states {
        world.sql(&format!("UPDATE deploys SET status = '{state}' WHERE id = '{id}'"));
    }
}

fn passes_on_a_state_that_only_the_database_knows(database: Database) {
    let world = rolled_back(database);
    let row = world.start();
    row.walk(&["building"]);
    let before = row.snapshot();
    let other = world.start();
    set(&world, &other.id, &["smoke_running"]);
    let snapshot = other.snapshot();
    assert_eq!(snapshot["status"], "smoke_running");
    assert_eq!(snapshot["title"], "smoke_running");
    assert_eq!(snapshot["known"], false);
    assert_eq!(snapshot["terminal"], false);
    assert_eq!(snapshot["outcome"], Value::Null);
    assert_eq!(snapshot["events"][1]["to"], "smoke_running");
    let views: Vec<_> = snapshot["phases"].as_array().unwrap().iter().map(|p| &p["view"]).collect();
    assert_eq!(views, ["upcoming"; 4], "no phase moves by it");
    let listed = world.get("/api/deploys").ok(200);
    assert_eq!(listed["deploys"][0]["known"], false);
    assert_eq!(row.snapshot(), before);
    assert_eq!(other.stream(None).next().unwrap().data, snapshot);
}

fn lets_the_database_judge_a_state_that_only_it_knows(database: Database) {
    let world = rolled_back(database);
    let row = world.start();
    set(&world, &row.id, &["smoke_running", "smoke_passed"]);
    let problem = row.report(&json!({"status": "deploying"})).problem(422, "illegal-transition");
    assert_eq!(problem["from"], "smoke_passed");
    assert_eq!(problem["to"], "deploying");
    // By the database's rows, states that this backend lacks among them.
    let allowed = json!(["freeze_checking", "freeze_passed", "building", "failed"]);
    assert_eq!(problem["allowed"], allowed);
    row.report(&json!({"status": "freeze_checking"})).problem(422, "unknown-status");
    let applied = json!({"applied": true, "status": "building", "from": "smoke_passed", "seq": 4});
    assert_eq!(row.report(&json!({"status": "building"})).ok(200), applied);
    row.walk(&["deploying", "succeeded"]);
    let all = ["illegal-transition", "unknown-status", "applied", "applied", "applied"];
    assert_eq!(row.recorded(), all);
}

fn refuses_to_judge_such_a_state_without_a_guard(database: Database) {
    let world = rolled_back(database);
    let (row, known) = (world.start(), world.start());
    set(&world, &row.id, &["smoke_running"]);
    match database {
        // The history goes on without the guard, so that the guard's absence is all that differs.
        Database::Sqlite => world.sql(
            r#"DROP TRIGGER "000_deploy_guard_update"; DROP TRIGGER "deploy_event";
               CREATE TRIGGER mine AFTER UPDATE OF status ON deploys BEGIN
                 INSERT INTO deploy_events SELECT NEW.id, max(seq) + 1, OLD.status, NEW.status,
                   strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), '', NULL, NULL FROM deploy_events WHERE deploy_id = NEW.id;
               END"#,
        ),
        Database::Postgres => {
            world.sql(r#"ALTER TABLE deploys DISABLE TRIGGER "000_deploy_guard""#);
        }
    }
    let problem = row.report(&json!({"status": "building"})).problem(422, "illegal-transition");
    assert_eq!(problem["from"], "smoke_running");
    assert!(problem["allowed"].as_array().unwrap().contains(&json!("building")));
    assert!(problem["detail"].as_str().unwrap().contains("no guard"), "{problem}");
    assert_eq!(row.snapshot()["status"], "smoke_running");
    assert_eq!(row.recorded(), ["illegal-transition"]);
    if database == Database::Sqlite {
        known.walk(&["building"]);
    }
}

fn says_that_a_row_has_ended_where_only_the_database_knows(database: Database) {
    let newer = format!(
        "{DEPLOY_V1}\n[[state]]\nname = \"lost\"\noutcome = \"cancelled\"\n\
         [[transition]]\nfrom = \"queued\"\nto = \"lost\"\n"
    );
    let world = World::of(database, &newer, DEPLOY_V1, Schema::named("deploy"));
    let row = world.start();
    set(&world, &row.id, &["lost"]);
    let problem = row.report(&json!({"status": "building"})).problem(422, "ended");
    assert_eq!((&problem["from"], &problem["to"]), (&json!("lost"), &json!("building")));
}

fn answers_for_a_database_that_lacks_a_state(database: Database) {
    let world = World::of(database, DEPLOY_V1, DEPLOY, Schema::named("deploy"));
    let row = world.start();
    let problem = row.report(&json!({"status": "smoke_running"})).problem(422, "unknown-status");
    assert_eq!(problem["requested"], "smoke_running");
    assert_eq!(problem["known"], json!(["queued", "building", "deploying", "succeeded", "failed"]));
    row.walk(&["building", "deploying"]);
    row.report(&json!({"status": "health_checking"})).problem(422, "unknown-status");
    row.walk(&["succeeded"]);
    let answers = row.recorded();
    assert_eq!(answers.iter().filter(|answer| *answer == "unknown-status").count(), 2);
}

fn answers_for_a_database_that_lacks_a_transition(database: Database) {
    let newer = format!("{DEPLOY_V1}\n[[transition]]\nfrom = \"queued\"\nto = \"deploying\"\n");
    let world = World::of(database, DEPLOY_V1, &newer, Schema::named("deploy"));
    let row = world.start();
    let problem = row.report(&json!({"status": "deploying"})).problem(422, "illegal-transition");
    assert_eq!(problem["from"], "queued");
    assert_eq!(problem["allowed"], json!(["building", "failed"]), "what the database would take");
}

fn answers_where_the_database_lacks_the_initial_state(database: Database) {
    let newer = DEPLOY_V1
        .replace("initial = \"queued\"", "initial = [\"asked\", \"queued\"]")
        .replace("[[transition]]\npath", "[[state]]\nname = \"asked\"\n[[transition]]\npath")
        + "\n[[transition]]\nfrom = \"asked\"\nto = \"building\"\n";
    let world = World::of(database, DEPLOY_V1, &newer, Schema::named("deploy"));
    let problem = world.post("/api/deploys", &json!({})).problem(422, "unknown-status");
    assert_eq!(problem["requested"], "asked");
    assert_eq!(world.count("SELECT count(*) FROM deploys"), 0);
}

fn is_ready_beside_another_language(database: Database) {
    let world = rolled_back(database);
    let ready = world.get("/readyz").ok(200);
    assert_eq!(ready["language"], world.machine.language());
    assert_ne!(ready["database"]["language"], ready["language"]);
    assert_eq!((&ready["ready"], &ready["degraded"]), (&json!(true), &json!(true)));
    let detail = ready["detail"].as_str().unwrap();
    for language in [&ready["language"], &ready["database"]["language"]] {
        assert!(detail.contains(language.as_str().unwrap()), "{detail}");
    }
}
