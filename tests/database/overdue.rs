//! How long a row is usually in a state (`expect`): what the database says of those that are longer, and
//! that nothing moves by it.

use std::time::Duration;

use phasegate::Schema;
use phasegate_codegen::emit::sql::{Dialect, migrations};
use serde_json::json;

use crate::common::backend::world::{DEPLOY, Database, World};
use crate::common::live::{holds, loaded, look};

on_each_database! {
    says_which_rows_are_longer_in_a_state_than_is_usual
    goes_by_what_a_state_is_called_now
    follows_the_table_by_migrations
    is_looked_for_by_check
}

/// The deploy table, with what is usual in some of its states.
fn expecting(usual: &[(&str, &str)]) -> String {
    usual.iter().fold(DEPLOY.to_owned(), |table, (state, time)| {
        let row = table.lines().find(|line| {
            let words: Vec<_> = line.split_whitespace().collect();
            words[..words.len().min(3)] == ["name", "=", &format!("\"{state}\"")]
        });
        let row = row.unwrap_or_else(|| panic!("no state {state}")).to_owned();
        table.replacen(&row, &format!("{row}\nexpect = \"{time}\""), 1)
    })
}

fn world(database: Database, table: &str) -> World {
    World::of(database, table, table, Schema::named("deploy"))
}

/// The states that the view says rows are overdue in.
fn overdue(world: &World) -> Vec<(String, i64)> {
    let mut overdue = world.run(world.store.overdue()).unwrap();
    overdue.sort();
    overdue
}

fn migrate(world: &World, old: &str, new: &str) -> usize {
    let machine =
        |table: &str| phasegate_codegen::machine("table.toml", table.as_bytes()).unwrap().1;
    let dialect = if world.store.is_sqlite() { Dialect::Sqlite } else { Dialect::Postgres };
    let files = migrations(&[&machine(old)], &machine(new), dialect).unwrap();
    for file in &files {
        world.sql(&file.text);
    }
    files.len()
}

fn says_which_rows_are_longer_in_a_state_than_is_usual(database: Database) {
    let world = world(database, &expecting(&[("building", "1s"), ("deploying", "30m")]));
    let rows = [world.start(), world.start(), world.start()];
    rows[0].walk(&["building"]);
    rows[1].walk(&["building", "deploying"]);
    let metric = r#"phasegate_overdue{machine="deploy",state="building"}"#;
    std::thread::sleep(Duration::from_millis(1_500));
    assert_eq!(overdue(&world), [("building".to_owned(), 1)]);

    // One second after the report, to the millisecond.
    let snapshot = rows[0].snapshot();
    let second = |at: &serde_json::Value| {
        let at = at.as_str().unwrap();
        assert!(at.len() == 24 && at.ends_with('Z'), "{at}");
        at[17..23].parse::<f64>().unwrap()
    };
    let late = second(&snapshot["overdue_since"]) - second(&snapshot["events"][1]["at"]);
    assert!((late.rem_euclid(60.0) - 1.0).abs() < 0.002, "{snapshot}");
    for row in &rows[1..] {
        assert_eq!(row.snapshot()["overdue_since"], json!(null));
    }
    assert!(world.get("/metrics").text.contains(&format!("{metric} 1\n")));
    let listed = format!(
        "SELECT count(*) FROM deploy_overdue o JOIN deploy_events e ON e.deploy_id = o.deploy_id \
         AND e.seq = 2 AND e.at = o.since WHERE o.deploy_id = '{}' AND o.state = 'building'",
        rows[0].id
    );
    assert_eq!(world.count(&listed), 1);

    // Nothing has moved, and whatever is left is not overdue.
    assert_eq!((&snapshot["status"], &snapshot["seq"]), (&json!("building"), &json!(2)));
    rows[0].walk(&["deploying"]);
    assert_eq!(overdue(&world), []);
    assert!(!world.get("/metrics").text.contains(metric));
    // A row that is gone is in its history, and is counted no more.
    rows[2].walk(&["building"]);
    std::thread::sleep(Duration::from_millis(1_200));
    assert_eq!(overdue(&world), [("building".to_owned(), 1)]);
    world.sql(&format!("DELETE FROM deploys WHERE id = '{}'", rows[2].id));
    assert_eq!(overdue(&world), []);
}

fn goes_by_what_a_state_is_called_now(database: Database) {
    let old = expecting(&[("building", "1s")]);
    let world = world(database, &old);
    world.start().walk(&["building"]);
    let new = old.replace("\"building\"", "\"compiling\"").replacen(
        "expect = \"1s\"",
        "expect = \"1s\"\nrenamed_from = \"building\"",
        1,
    );
    assert!(migrate(&world, &old, &new) > 0);
    std::thread::sleep(Duration::from_millis(1_200));
    assert_eq!(overdue(&world), [("compiling".to_owned(), 1)]);
    // Another rename, and nothing is said to be usual any more.
    let unusual = new.replacen("expect = \"1s\"\nrenamed_from = \"building\"\n", "", 1);
    let unusual =
        unusual.replacen("\"deploying\"\n", "\"shipping\"\nrenamed_from = \"deploying\"\n", 1);
    let unusual = unusual.replace("\"deploying\"", "\"shipping\"").replacen(
        "renamed_from = \"shipping\"",
        "renamed_from = \"deploying\"",
        1,
    );
    assert!(migrate(&world, &new, &unusual) > 0);
    assert_eq!(overdue(&world), []);
    assert!(world.try_sql("SELECT 1 FROM deploy_overdue").is_err(), "the view is still there");
}

fn follows_the_table_by_migrations(database: Database) {
    let (none, long, short) =
        (DEPLOY, expecting(&[("building", "9h")]), expecting(&[("building", "1s")]));
    let world = world(database, none);
    let row = world.start();
    row.walk(&["building"]);
    assert_eq!(migrate(&world, none, &long), 1);
    assert_eq!(migrate(&world, &long, &long), 0);
    // This store learned what the database has before the view was there.
    assert_eq!(overdue(&world), []);
    let later = world.other_store();
    std::thread::sleep(Duration::from_millis(1_200));
    assert_eq!(world.run(later.overdue()).unwrap(), []);
    assert_eq!(migrate(&world, &long, &short), 1);
    assert_eq!(world.run(later.overdue()).unwrap(), [("building".to_owned(), 1)]);
    // One that knows the view goes on once it is gone.
    assert_eq!(migrate(&world, &short, none), 1);
    assert_eq!(world.run(later.overdue()).unwrap(), []);
    let snapshot = world.run(later.snapshot(&*world.machine, &row.id)).unwrap().unwrap();
    assert_eq!(snapshot.overdue_since, None);
    world.run(later.close());
}

fn is_looked_for_by_check(database: Database) {
    let table = expecting(&[("building", "30m")]);
    let world = world(database, &table);
    let (_folder, loaded) = loaded(&table);
    holds(&look(&world, &loaded), &[]);
    world.sql("DROP VIEW deploy_overdue");
    holds(&look(&world, &loaded), &[("missing-view", "deploy_overdue")]);
}
