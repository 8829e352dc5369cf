//! Rows that hold what is no state, however they came there: what is wrong is said, and the way out that is said
//! leads out.

use super::{history, migrate, refused};
use crate::common::backend::world::{Database, World, machine};
use crate::common::live::{loaded, look, past};
use phasegate::Schema;
use sqlx::postgres::PgDatabaseError;

on_each_database! {
    a_row_that_was_set_to_null_is_led_out_by_force
    a_row_of_an_unknown_value_is_led_out_by_force
    a_row_that_never_had_a_state_starts
    a_row_that_was_changed_with_the_guard_off_is_put_back_first
    without_a_history_the_value_becomes_a_state
    while_it_observes_the_steps_are_marked_and_no_row_is_advised
}

/// An order, on a column of the application's own.
fn order(storage: &str, more: &str) -> String {
    let number = |n: usize| match storage {
        "integer" => format!(", number = {n}"),
        _ => String::new(),
    };
    format!(
        "format = 1\nmachine = {{ name = \"order\", initial = \"new\" }}\n\
         state = [{{ name = \"new\"{} }}, {{ name = \"paid\"{} }}, {{ name = \"sent\"{}, outcome = \"success\" }}]\n\
         transition = [{{ path = [\"new\", \"paid\", \"sent\"] }}]\n\
         [target.sql]\nowns = false\nkey_type = \"bigint\"\nstorage = \"{storage}\"\n{more}",
        number(0),
        number(1),
        number(2)
    )
}

/// How the column holds the states, and a value that is none.
fn held(storage: &str) -> [&'static str; 4] {
    match storage {
        "integer" => ["0", "1", "2", "7"],
        _ => ["'new'", "'paid'", "'sent'", "'lost'"],
    }
}

/// How messages call that value.
fn lost(storage: &str) -> &'static str {
    if storage == "integer" { "7" } else { "lost" }
}

fn storages(database: Database) -> &'static [&'static str] {
    match database {
        Database::Postgres => &["text", "integer", "enum"],
        Database::Sqlite => &["text", "integer"],
    }
}

const TRIGGER: &str = "000_order_guard_update";

fn world(database: Database, storage: &str, more: &str, rows: &str) -> World {
    let table = order(storage, more);
    let world = World::empty(database, machine(&table), Schema::named("order"));
    let of = match storage {
        "integer" => "integer",
        "enum" => {
            world.sql("CREATE TYPE order_mood AS ENUM ('new', 'paid', 'sent', 'lost')");
            "order_mood"
        }
        _ => "text",
    };
    world.sql(&format!("CREATE TABLE orders (id bigint PRIMARY KEY, status {of}); {rows}"));
    migrate(&world, database, &[&table]);
    world
}

/// What a refused statement says, and the way out: a statement on PostgreSQL, words on SQLite.
fn way_out(world: &World, sql: &str) -> (String, String) {
    let said = refused(world, sql);
    let error = world.try_sql(sql).unwrap_err();
    let error = error.as_database_error().unwrap();
    let hint = error.try_downcast_ref::<PgDatabaseError>().and_then(PgDatabaseError::hint);
    (said.clone(), hint.unwrap_or(&said).to_owned())
}

/// Does what the refusal of a step says: forces the row into that state.
fn follow(world: &World, database: Database, step: &str, (key, state, held): (u8, &str, &str)) {
    let (_, way) = way_out(world, step);
    match database {
        Database::Postgres => {
            let from = way.find("SELECT ").unwrap_or_else(|| panic!("{way}"));
            let to = way.find(", 'why')").unwrap_or_else(|| panic!("{way}"));
            world.sql(&format!("{}, 'why')", &way[from..to]));
        }
        Database::Sqlite => {
            assert!(way.contains("force") && way.contains("order_force"), "{way}");
            world.sql(&format!(
                "INSERT INTO order_force (key, to_state, reason) VALUES ({key}, '{state}', 'why');
                 UPDATE orders SET status = {held} WHERE id = {key}"
            ));
        }
    }
}

/// That `check --database-url` finds no error.
fn is_well(world: &World, table: &str) {
    let (_folder, loaded) = loaded(table);
    let found = look(world, &loaded).findings;
    assert!(!found.iter().any(phasegate_codegen::Finding::is_error), "{found:#?}");
}

fn a_row_that_was_set_to_null_is_led_out_by_force(database: Database) {
    for storage in storages(database) {
        let [new, paid, sent, _] = held(storage);
        let (observes, enforces) = (order(storage, "mode = 'observe'"), order(storage, ""));
        let world = world(database, storage, "mode = 'observe'", "");
        world.sql(&format!("INSERT INTO orders VALUES (1, {new}), (2, {new})"));
        world.sql("UPDATE orders SET status = NULL");
        migrate(&world, database, &[&observes, &enforces]);
        for to in [new, paid] {
            let step = format!("UPDATE orders SET status = {to} WHERE id = 1");
            let (said, _) = way_out(&world, &step);
            let (null, rest) = match database {
                Database::Postgres => ("null -> ", "the row holds null, which is no state"),
                Database::Sqlite => ("", "the row holds NULL, which is no state"),
            };
            assert!(said.starts_with("illegal transition of order"), "{said}");
            assert!(said.contains(null) && said.contains(rest), "{said}");
        }
        let step = format!("UPDATE orders SET status = {paid} WHERE id = 1");
        follow(&world, database, &step, (1, "paid", paid));
        let step = format!("UPDATE orders SET status = {new} WHERE id = 2");
        follow(&world, database, &step, (2, "new", new));
        world.sql(&format!("UPDATE orders SET status = {paid} WHERE id = 2"));
        world.sql(&format!("UPDATE orders SET status = {sent}"));
        assert_eq!(
            history(&world, "order", "1"),
            [">new", "new>NULL unknown-state", ">paid forced", "paid>sent"],
            "{storage}"
        );
        is_well(&world, &enforces);
        // The key of such a row is used all the same.
        world.sql("DELETE FROM orders WHERE id = 2");
        let said = refused(&world, &format!("INSERT INTO orders VALUES (2, {new})"));
        assert!(said.contains("cannot be used again"), "{said}");
    }
}

fn a_row_of_an_unknown_value_is_led_out_by_force(database: Database) {
    for storage in storages(database) {
        let [new, paid, sent, unknown] = held(storage);
        let (observes, enforces) = (order(storage, "mode = 'observe'"), order(storage, ""));
        let world = world(database, storage, "mode = 'observe'", "");
        world.sql(&format!("INSERT INTO orders VALUES (1, {new})"));
        world.sql(&format!("UPDATE orders SET status = {unknown}"));
        // The migration that enforces refuses while rows are in such a state; this one comes back later.
        let with = |state: &str| format!("UPDATE orders SET status = {state}");
        world.sql(&past(database, &observes, TRIGGER, &with(new)));
        migrate(&world, database, &[&observes, &enforces]);
        world.sql(&past(database, &enforces, TRIGGER, &with(unknown)));
        let (said, way) = way_out(&world, &with(paid));
        let what = match database {
            Database::Postgres => format!("the row holds {}, which is no state", lost(storage)),
            Database::Sqlite => "the row holds a value that is no state".to_owned(),
        };
        assert!(said.starts_with("illegal transition of order") && said.contains(&what), "{said}");
        assert!(way.to_lowercase().contains("make a state of "), "{way}");
        follow(&world, database, &with(paid), (1, "paid", paid));
        world.sql(&with(sent));
        let last = ["paid forced", "paid>sent"].map(str::to_owned);
        let steps = history(&world, "order", "1");
        assert!(steps[2].ends_with(&last[0]) && steps[3] == last[1], "{steps:?}");
        is_well(&world, &enforces);
    }
}

fn a_row_that_never_had_a_state_starts(database: Database) {
    for storage in storages(database) {
        let [new, paid, ..] = held(storage);
        let (observes, enforces) = (order(storage, "mode = 'observe'"), order(storage, ""));
        let old = "INSERT INTO orders VALUES (1, NULL)";
        let world = world(database, storage, "mode = 'observe'", old);
        world.sql("INSERT INTO orders VALUES (2, NULL)");
        migrate(&world, database, &[&observes, &enforces]);
        for key in ["1", "2"] {
            let step = |to: &str| format!("UPDATE orders SET status = {to} WHERE id = {key}");
            let said = refused(&world, &step(paid));
            assert!(said.starts_with("illegal start of order"), "{said}");
            world.sql(&step(new));
            world.sql(&step(paid));
        }
        assert_eq!(history(&world, "order", "1"), [">new", "new>paid"]);
        assert_eq!(
            history(&world, "order", "2"),
            [">NULL unknown-state", ">new", "new>paid"],
            "{storage}"
        );
        is_well(&world, &enforces);
    }
}

fn a_row_that_was_changed_with_the_guard_off_is_put_back_first(database: Database) {
    for storage in storages(database) {
        let [new, paid, _, unknown] = held(storage);
        let enforces = order(storage, "");
        let world = world(database, storage, "", "");
        world.sql(&format!("INSERT INTO orders VALUES (1, {new}), (2, {new})"));
        let gone = format!(
            "UPDATE orders SET status = NULL WHERE id = 1; UPDATE orders SET status = {unknown} WHERE id = 2"
        );
        world.sql(&past(database, &enforces, TRIGGER, &gone));
        for (key, what) in [("1", "null"), ("2", lost(storage))] {
            let step = format!("UPDATE orders SET status = {paid} WHERE id = {key}");
            let (said, way) = way_out(&world, &step);
            match database {
                Database::Postgres => {
                    assert!(said.contains(&format!("ends in new, not in {what}: ")), "{said}")
                }
                Database::Sqlite => {
                    assert!(said.contains("does not end where this step begins"), "{said}")
                }
            }
            assert!(way.to_lowercase().contains("put "), "{way}");
            // Force is no way around what the history says.
            let forced = match database {
                Database::Postgres => format!("SELECT order_force({key}, 'paid', 'why')"),
                Database::Sqlite => format!(
                    "INSERT INTO order_force (key, to_state, reason) VALUES ({key}, 'paid', 'why'); {step}"
                ),
            };
            assert!(refused(&world, &forced).contains("past the guard"));
        }
        let back = format!("UPDATE orders SET status = {new}");
        world.sql(&past(database, &enforces, TRIGGER, &back));
        if database == Database::Sqlite {
            // The leaves that were given are used up.
            world.sql("DELETE FROM order_forcing");
        }
        world.sql(&format!("UPDATE orders SET status = {paid}"));
        is_well(&world, &enforces);
    }
}

fn without_a_history_the_value_becomes_a_state(database: Database) {
    for storage in storages(database) {
        let [new, paid, _, unknown] = held(storage);
        let enforces = order(storage, "events = false");
        let world = world(database, storage, "events = false", "");
        world.sql(&format!("INSERT INTO orders VALUES (1, {new}), (2, {new})"));
        let gone = format!("UPDATE orders SET status = {unknown}");
        world.sql(&past(database, &enforces, TRIGGER, &gone));
        let step = format!("UPDATE orders SET status = {paid} WHERE id = 1");
        let (said, way) = way_out(&world, &step);
        assert!(said.contains("no state"), "{said}");
        assert!(
            way.to_lowercase().contains("make a state of ") && !way.contains("order_force"),
            "{way}"
        );
        let added = format!(
            "{{ name = \"lost\"{} }}, {{ name = \"sent\"",
            match *storage {
                "integer" => ", number = 7",
                _ => "",
            }
        );
        let grown = enforces
            .replace("{ name = \"sent\"", &added)
            .replace("\"sent\"] }]", "\"sent\"] }, { path = [\"new\", \"lost\", \"paid\"] }]");
        migrate(&world, database, &[&enforces, &grown]);
        world.sql(&step);
    }
}

fn while_it_observes_the_steps_are_marked_and_no_row_is_advised(database: Database) {
    for storage in storages(database) {
        let [new, paid, ..] = held(storage);
        let world = world(database, storage, "mode = 'observe'", "");
        world.sql(&format!("INSERT INTO orders VALUES (1, {new})"));
        for to in ["NULL", new, "NULL", paid] {
            world.sql(&format!("UPDATE orders SET status = {to}"));
        }
        assert_eq!(
            history(&world, "order", "1"),
            [
                ">new",
                "new>NULL unknown-state",
                ">new illegal-transition",
                "new>NULL unknown-state",
                ">paid illegal-transition"
            ],
            "{storage}"
        );
        let advised = "SELECT DISTINCT transition FROM order_observed";
        assert_eq!(super::rows(&world, advised), ["# no row of the table makes this legal"]);
    }
}
