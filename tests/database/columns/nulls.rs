//! `null = "S"`: NULL in the application's own column is a state.

use super::{history, migrate, migrations, refused, rows};
use crate::common::backend::world::{Database, World, machine};
use crate::common::live::{holds, loaded, look};
use phasegate::store::Start;
use phasegate::{Answer, Report, Schema};

on_each_database! {
    reads_null_as_the_state_in_every_storage
    one_to_the_other_is_no_event
    forces_to_null
    the_store_writes_null
    a_rename_leaves_null_where_it_is
    refuses_to_change_what_null_means
    refuses_a_column_that_is_never_null
}

/// A bill: NULL is one that no one has looked at.
fn bill(storage: &str, more: &str) -> String {
    let number = |n: usize| match storage {
        "integer" => format!(", number = {n}"),
        _ => String::new(),
    };
    format!(
        "format = 1\nmachine = {{ name = \"bill\", initial = \"fresh\" }}\n\
         state = [{{ name = \"fresh\"{} }}, {{ name = \"sent\"{} }}, {{ name = \"paid\", value = \"Paid it\"{}, outcome = \"success\" }}]\n\
         transition = [{{ path = [\"fresh\", \"sent\", \"paid\"] }}, {{ path = [\"sent\", \"fresh\"] }}]\n\
         [target.sql]\nowns = false\nkey_type = \"bigint\"\nstorage = \"{storage}\"\nnull = \"fresh\"\n{more}",
        number(0),
        number(1),
        number(2)
    )
}

/// The column's type, and how it holds the states.
fn column(storage: &str) -> (&'static str, [&'static str; 3]) {
    match storage {
        "integer" => ("integer", ["0", "1", "2"]),
        "enum" => ("bill_mood", ["'fresh'", "'sent'", "'Paid it'"]),
        _ => ("text", ["'fresh'", "'sent'", "'Paid it'"]),
    }
}

fn storages(database: Database) -> &'static [&'static str] {
    match database {
        Database::Postgres => &["text", "integer", "enum"],
        Database::Sqlite => &["text", "integer"],
    }
}

fn world(database: Database, storage: &str, more: &str, rows: &str) -> World {
    let table = bill(storage, more);
    let world = World::empty(database, machine(&table), Schema::named("bill"));
    if storage == "enum" {
        world.sql("CREATE TYPE bill_mood AS ENUM ('fresh', 'sent', 'Paid it')");
    }
    let (of, _) = column(storage);
    world.sql(&format!(
        "CREATE TABLE bills (id bigint PRIMARY KEY, status {of}, note text); {rows}"
    ));
    migrate(&world, database, &[&table]);
    world
}

fn reads_null_as_the_state_in_every_storage(database: Database) {
    for storage in storages(database) {
        for more in ["", "mode = 'observe'", "events = false"] {
            let (_, [fresh, sent, paid]) = column(storage);
            let old = format!(
                "INSERT INTO bills (id, status) VALUES (1, NULL), (2, {fresh}), (3, {sent})"
            );
            let world = world(database, storage, more, &old);
            world.sql("INSERT INTO bills (id) VALUES (4)");
            world.sql(&format!("UPDATE bills SET status = {sent} WHERE id IN (1, 2, 4)"));
            world.sql("UPDATE bills SET status = NULL WHERE id = 4");
            if more == "events = false" {
                refused(&world, &format!("UPDATE bills SET status = {paid} WHERE id = 4"));
                continue;
            }
            for key in ["1", "2"] {
                assert_eq!(
                    history(&world, "bill", key),
                    [">fresh", "fresh>sent"],
                    "{storage} {more}"
                );
            }
            assert_eq!(history(&world, "bill", "4"), [">fresh", "fresh>sent", "sent>fresh"]);
            if more.is_empty() {
                let said =
                    refused(&world, &format!("UPDATE bills SET status = {paid} WHERE id = 4"));
                assert!(said.starts_with("illegal transition of bill"), "{said}");
                let said =
                    refused(&world, &format!("INSERT INTO bills (id, status) VALUES (5, {sent})"));
                assert!(said.starts_with("illegal start of bill"), "{said}");
            }
            world.sql(&format!("UPDATE bills SET status = {paid} WHERE id = 1"));
            let (_folder, loaded) = loaded(&bill(storage, more));
            let found = look(&world, &loaded);
            holds(&found, &[]);
            let counted: Vec<_> =
                found.rows.iter().map(|(state, n)| format!("{state} {n}")).collect();
            assert_eq!(counted, ["Paid it 1", "fresh 1", "sent 2"], "{storage} {more}");
        }
    }
}

fn one_to_the_other_is_no_event(database: Database) {
    for storage in storages(database) {
        for more in ["", "mode = 'observe'", "events = false"] {
            let (_, [fresh, ..]) = column(storage);
            let world = world(database, storage, more, "");
            world.sql("INSERT INTO bills (id) VALUES (1)");
            world.sql(&format!("UPDATE bills SET status = {fresh} WHERE id = 1"));
            world.sql("UPDATE bills SET status = NULL WHERE id = 1; UPDATE bills SET note = 'x' WHERE id = 1");
            if more != "events = false" {
                assert_eq!(history(&world, "bill", "1"), [">fresh"], "{storage} {more}");
            }
        }
    }
}

fn forces_to_null(database: Database) {
    for storage in storages(database) {
        let (_, [_, sent, paid]) = column(storage);
        let world = world(database, storage, "", "");
        world.sql("INSERT INTO bills (id) VALUES (1)");
        world.sql(&format!("UPDATE bills SET status = {sent}; UPDATE bills SET status = {paid}"));
        world.sql(match database {
            Database::Postgres => "SELECT bill_force(1, 'fresh', 'by hand')",
            Database::Sqlite => {
                "INSERT INTO bill_force (key, to_state, reason) VALUES (1, 'fresh', 'by hand');
                 UPDATE bills SET status = NULL WHERE id = 1"
            }
        });
        assert_eq!(history(&world, "bill", "1").last().unwrap(), "Paid it>fresh forced");
        assert_eq!(rows(&world, "SELECT CAST(status AS text) FROM bills"), ["NULL"]);
    }
}

fn the_store_writes_null(database: Database) {
    for storage in storages(database) {
        let world = world(database, storage, "", "");
        let start = Start::new().id("1");
        world.run(world.store.start(&*world.machine, &start)).unwrap();
        let held = "SELECT CAST(status AS text) FROM bills";
        assert_eq!(rows(&world, held), ["NULL"], "{storage}");
        let apply = |status: &str| {
            world
                .run(world.store.apply_callback(&*world.machine, "1", &Report::new(status)))
                .unwrap()
        };
        assert!(matches!(apply("sent"), Answer::Applied { from, .. } if from == "fresh"));
        assert!(matches!(apply("fresh"), Answer::Applied { from, seq: 3, .. } if from == "sent"));
        assert!(matches!(apply("fresh"), Answer::Duplicate { .. }));
        assert_eq!(rows(&world, held), ["NULL"], "{storage}");
        let snapshot = world.run(world.store.snapshot(&*world.machine, "1")).unwrap().unwrap();
        assert_eq!(snapshot.status, "fresh");
    }
}

fn a_rename_leaves_null_where_it_is(database: Database) {
    for storage in storages(database) {
        let (_, [fresh, sent, _]) = column(storage);
        let world = world(database, storage, "", "");
        world.sql(&format!("INSERT INTO bills (id, status) VALUES (1, NULL), (2, {fresh})"));
        let table = bill(storage, "");
        let later = table
            .replace("{ name = \"fresh\"", "{ name = \"unseen\", renamed_from = \"fresh\"")
            .replace("\"fresh\"]", "\"unseen\"]")
            .replace("[\"fresh\"", "[\"unseen\"")
            .replace("initial = \"fresh\"", "initial = \"unseen\"")
            .replace("null = \"fresh\"", "null = \"unseen\"");
        migrate(&world, database, &[&table, &later]);
        world.sql("INSERT INTO bills (id) VALUES (3)");
        world.sql(&format!("UPDATE bills SET status = {sent} WHERE id < 3"));
        assert_eq!(history(&world, "bill", "1"), [">fresh", "unseen>sent"], "{storage}");
        assert_eq!(history(&world, "bill", "2"), [">fresh", "unseen>sent"], "{storage}");
        assert_eq!(history(&world, "bill", "3"), [">unseen"], "{storage}");
        let (_folder, loaded) = loaded(&later);
        // The table of before is not next to this one.
        holds(&look(&world, &loaded), &[("altered-renames", "`fresh` is called `unseen`")]);
    }
}

fn refuses_to_change_what_null_means(database: Database) {
    let table = bill("text", "");
    for other in [
        table.replace("null = \"fresh\"", "null = \"sent\""),
        table.replace("null = \"fresh\"", ""),
    ] {
        assert_eq!(
            migrations(database, &[&table, &other]).unwrap_err(),
            ["[target.sql] says otherwise what is in the database already: null"]
        );
    }
}

fn refuses_a_column_that_is_never_null(database: Database) {
    let table = bill("text", "");
    let world = World::empty(database, machine(&table), Schema::named("bill"));
    world.sql("CREATE TABLE bills (id bigint PRIMARY KEY, status text NOT NULL)");
    let file = migrations(database, &[&table]).unwrap().remove(0);
    let said = world.try_sql(&format!("BEGIN; {file}; COMMIT")).unwrap_err().to_string();
    assert!(said.contains("its column status is NOT NULL, where `null` is said"), "{said}");
}
