//! `storage = "integer"`: the column holds each state's number.

use super::{history, migrate, migrations, refused, rows};
use crate::common::backend::world::{Database, World, machine};
use crate::common::live::{holds, loaded, look};
use phasegate::store::{Error, Start};
use phasegate::{Answer, Report, Schema};

on_each_database! {
    judges_numbers_and_speaks_values
    takes_an_application_s_own_integers
    observes_numbers_that_no_state_has
    refuses_to_adopt_rows_with_numbers_that_no_state_has
    forces_by_a_value
    keeps_the_history_where_states_are_renamed_and_added
    a_number_that_was_observed_becomes_a_state
    the_store_speaks_values
    finds_what_differs_in_a_live_database
    starts_where_the_default_number_says
    the_generated_rust_reads_and_writes_numbers
}

/// A ticket, as Rails would number it, with gaps and below zero.
pub(crate) const TICKET: &str = include_str!("ticket.toml");

/// What is generated of it, by `phasegate generate --only rust`.
#[path = "ticket.rs"]
mod ticket;

fn adopted(more: &str) -> String {
    format!("{TICKET}owns = false\n{more}")
}

const OWN: &str =
    "CREATE TABLE tickets (id bigint PRIMARY KEY, status integer DEFAULT 0, note text)";

fn world(database: Database, table: &str, before: &str) -> World {
    let world = World::empty(database, machine(table), Schema::named("ticket"));
    world.sql(before);
    migrate(&world, database, &[table]);
    world
}

fn judges_numbers_and_speaks_values(database: Database) {
    let world = world(database, TICKET, "SELECT 1");
    world
        .sql("INSERT INTO tickets (id) VALUES (1); INSERT INTO tickets (id, status) VALUES (2, 1)");
    world.sql("UPDATE tickets SET status = 1 WHERE id = 1");
    world.sql("UPDATE tickets SET status = -2 WHERE id = 1");
    world.sql(
        "UPDATE tickets SET status = 1, ref = 'again' WHERE id = 2; UPDATE tickets SET ref = 'x'",
    );
    assert_eq!(history(&world, "ticket", "1"), [">new", "new>open", "open>it's pending"]);
    assert_eq!(history(&world, "ticket", "2"), [">open", "open>open"]);
    let said = refused(&world, "UPDATE tickets SET status = 0 WHERE id = 1");
    match database {
        Database::Postgres => {
            assert_eq!(said, "illegal transition of ticket: it's pending -> new; legal: open")
        }
        Database::Sqlite => {
            assert_eq!(said, "illegal transition of ticket from it's pending; legal: open");
        }
    }
    let said = refused(&world, "UPDATE tickets SET status = 9 WHERE id = 1");
    assert!(said.starts_with("unknown state of ticket"), "{said}");
    let said = refused(&world, "INSERT INTO tickets (id, status) VALUES (3, -2)");
    assert!(said.starts_with("illegal start of ticket"), "{said}");
    assert_eq!(
        rows(
            &world,
            "SELECT state, CAST(position AS text), stored FROM ticket_states ORDER BY position"
        ),
        ["new|0|0", "open|1|1", "it's pending|2|-2", "closed|3|70000"]
    );
}

fn takes_an_application_s_own_integers(database: Database) {
    let before =
        format!("{OWN}; INSERT INTO tickets (id, status) VALUES (1, 1), (2, NULL), (3, 70000)");
    for more in ["", "events = false"] {
        let world = world(database, &adopted(more), &before);
        world.sql("UPDATE tickets SET status = -2 WHERE id = 1; UPDATE tickets SET status = 0 WHERE id = 2");
        world.sql("INSERT INTO tickets (id) VALUES (4); DELETE FROM tickets WHERE id = 3");
        if more.is_empty() {
            assert_eq!(history(&world, "ticket", "1"), [">open", "open>it's pending"]);
            assert_eq!(history(&world, "ticket", "3"), [">closed"]);
            assert_eq!(history(&world, "ticket", "4"), [">new"]);
        }
        let said = refused(&world, "UPDATE tickets SET status = 70000 WHERE id = 2");
        assert!(said.starts_with("illegal transition of ticket"), "{said}");
        let said = refused(&world, "UPDATE tickets SET status = 3 WHERE id = 2");
        assert!(said.starts_with("unknown state of ticket"), "{said}");
    }
    if database == Database::Sqlite {
        // A text is no number, whatever it says.
        let world = world(database, &adopted(""), &before);
        let said = refused(&world, "UPDATE tickets SET status = 'closed' WHERE id = 1");
        assert!(said.starts_with("unknown state of ticket"), "{said}");
    }
}

fn observes_numbers_that_no_state_has(database: Database) {
    let world = world(database, &adopted("mode = 'observe'"), OWN);
    world.sql("INSERT INTO tickets (id) VALUES (1); UPDATE tickets SET status = 5 WHERE id = 1");
    world.sql("UPDATE tickets SET status = 70000 WHERE id = 1");
    assert_eq!(
        history(&world, "ticket", "1"),
        [">new", "new>5 unknown-state", "5>closed illegal-transition"]
    );
    let observed =
        rows(&world, "SELECT to_state, transition FROM ticket_observed WHERE to_state = '5'");
    assert!(observed[0].contains("first a [[state]] of the number 5"), "{observed:?}");
}

fn refuses_to_adopt_rows_with_numbers_that_no_state_has(database: Database) {
    let table = adopted("");
    let world = World::empty(database, machine(&table), Schema::named("ticket"));
    world.sql(&format!(
        "{OWN}; INSERT INTO tickets (id, status) VALUES (1, 5), (2, 5), (3, 0), (4, NULL)"
    ));
    let file = migrations(database, &[&table]).unwrap().remove(0);
    let error = world.try_sql(&format!("BEGIN; {file}; COMMIT")).unwrap_err().to_string();
    assert!(error.contains("2 rows of tickets are in states that the table lacks: "), "{error}");
    assert!(error.contains("5"), "{error}");
    let text = "CREATE TABLE tickets (id bigint PRIMARY KEY, status varchar(9))";
    let world = World::empty(database, machine(&table), Schema::named("ticket"));
    world.sql(text);
    let error = world.try_sql(&format!("BEGIN; {file}; COMMIT")).unwrap_err().to_string();
    assert!(error.contains("`storage = \"integer\"` is said"), "{error}");
}

fn forces_by_a_value(database: Database) {
    let world = world(database, &adopted(""), OWN);
    world.sql("INSERT INTO tickets (id) VALUES (1)");
    world.sql(match database {
        Database::Postgres => "SELECT ticket_force(1, 'closed', 'by hand', '{\"note\": \"n\"}')",
        Database::Sqlite => {
            "INSERT INTO ticket_force (key, to_state, reason) VALUES (1, 'closed', 'by hand');
             UPDATE tickets SET status = 70000, note = 'n' WHERE id = 1"
        }
    });
    assert_eq!(history(&world, "ticket", "1"), [">new", "new>closed forced"]);
    assert_eq!(rows(&world, "SELECT CAST(status AS text), note FROM tickets"), ["70000|n"]);
}

/// The ticket, later: a state is called otherwise, one is new.
fn later(table: &str) -> String {
    table
        .replace(
            "{ name = \"new\", number = 0 }",
            "{ name = \"fresh\", number = 0, renamed_from = \"new\" }",
        )
        .replace("\"new\"]", "\"fresh\"]")
        .replace("[\"new\",", "[\"fresh\",")
        .replace("{ name = \"closed\"", "{ name = \"held\", number = 5 },\n  { name = \"closed\"")
        .replace(
            "\"open\", \"closed\"] }",
            "\"open\", \"held\", \"closed\"] }, { from = \"open\", to = \"closed\" }",
        )
}

fn keeps_the_history_where_states_are_renamed_and_added(database: Database) {
    for (table, before) in [(TICKET.to_owned(), "SELECT 1"), (adopted(""), OWN)] {
        let world = world(database, &table, before);
        let later = later(&table);
        world.sql(
            "INSERT INTO tickets (id) VALUES (1), (2); UPDATE tickets SET status = 1 WHERE id = 2",
        );
        let files = migrations(database, &[&table, &later]).unwrap();
        // The rows stay as they are, so that no one is waited for.
        assert_eq!(files.len(), 1, "{files:?}");
        assert!(
            !files[0].contains("UPDATE \"") && !files[0].contains("UPDATE tickets"),
            "{}",
            files[0]
        );
        migrate(&world, database, &[&table, &later]);
        world.sql("UPDATE tickets SET status = 1 WHERE id = 1; UPDATE tickets SET status = 5 WHERE id = 2");
        world.sql("INSERT INTO tickets (id) VALUES (3)");
        assert_eq!(history(&world, "ticket", "1"), [">new", "fresh>open"]);
        assert_eq!(history(&world, "ticket", "2"), [">new", "new>open", "open>held"]);
        assert_eq!(history(&world, "ticket", "3"), [">fresh"]);
        let (_folder, loaded) = loaded(&later);
        let found = look(&world, &loaded);
        assert_eq!(found.rows.keys().collect::<Vec<_>>(), ["fresh", "held", "open"]);
        // The tables of before are not next to this one.
        holds(&found, &[("altered-renames", "`new` is called `fresh`")]);
    }
    let moved = TICKET.replace("number = 1 ", "number = 3 ");
    assert_eq!(
        migrations(database, &[TICKET, &moved]).unwrap_err(),
        ["the number of `open` is 3 now, and rows hold 1 for it"]
    );
}

fn a_number_that_was_observed_becomes_a_state(database: Database) {
    let table = adopted("mode = 'observe'");
    let world = world(database, &table, OWN);
    world.sql("INSERT INTO tickets (id, status) VALUES (1, 1); UPDATE tickets SET status = 5 WHERE id = 1");
    let later = later(&table);
    migrate(&world, database, &[&table, &later]);
    migrate(&world, database, &[&table, &later, &later.replace("'observe'", "'enforce'")]);
    world.sql("UPDATE tickets SET status = 70000 WHERE id = 1");
    assert_eq!(history(&world, "ticket", "1"), [">open", "open>5 unknown-state", "held>closed"]);
}

fn the_store_speaks_values(database: Database) {
    for (table, before) in [(TICKET.to_owned(), "SELECT 1"), (adopted(""), OWN)] {
        let world = world(database, &table, before);
        let start = Start::new().id("7");
        let id = world.run(world.store.start(&*world.machine, &start)).unwrap().id;
        let open = Start::new().id("8").status("open");
        world.run(world.store.start(&*world.machine, &open)).unwrap();
        let lost = Start::new().id("9").status("lost");
        let error = world.run(world.store.start(&*world.machine, &lost)).unwrap_err();
        assert!(matches!(error, Error::Start { known: false, .. }), "{error}");
        let apply = |status: &str| {
            world
                .run(world.store.apply_callback(&*world.machine, &id, &Report::new(status)))
                .unwrap()
        };
        let applied = |status: &str, from: &str, seq| Answer::Applied {
            status: status.to_owned(),
            from: from.to_owned(),
            seq,
        };
        assert_eq!(apply("open"), applied("open", "new", 2));
        assert_eq!(apply("it's pending"), applied("it's pending", "open", 3));
        assert!(matches!(apply("closed"), Answer::Illegal { from, .. } if from == "it's pending"));
        assert_eq!(rows(&world, "SELECT CAST(status AS text) FROM tickets WHERE id = 7"), ["-2"]);
        let snapshot = world.run(world.store.snapshot(&*world.machine, &id)).unwrap().unwrap();
        assert_eq!((snapshot.status.as_str(), snapshot.known), ("it's pending", true));
        let page = world.run(world.store.list(&*world.machine, 9, None)).unwrap().unwrap();
        let states: Vec<_> = page.items.iter().map(|item| item.status.as_str()).collect();
        assert_eq!(states.len(), 2);
        assert!(states.contains(&"open"), "{states:?}");
        // A backend whose table has a state more than the database.
        let newer =
            machine(&later(&table).replace("fresh", "new").replace(", renamed_from = \"new\"", ""));
        let report = Report::new("held");
        let answer = world.run(world.store.apply_callback(&*newer, "8", &report)).unwrap();
        assert!(
            matches!(&answer, Answer::UnknownStatus { requested, .. } if requested == "held"),
            "{answer:?}"
        );
        let fit = world.run(world.store.fit()).unwrap();
        assert!(fit.missing.is_empty(), "{fit:?}");
    }
}

fn finds_what_differs_in_a_live_database(database: Database) {
    let world = world(database, &adopted(""), OWN);
    world.sql("INSERT INTO tickets (id) VALUES (1)");
    let (_folder, loaded) = loaded(&adopted(""));
    holds(&look(&world, &loaded), &[]);
    if database == Database::Postgres {
        world.sql("ALTER TABLE tickets ALTER COLUMN status SET DEFAULT 70000");
        holds(&look(&world, &loaded), &[("default-left", "no row starts in that")]);
        world.sql("ALTER TABLE tickets ALTER COLUMN status SET DEFAULT 1");
        let swapped = "SELECT replace(replace(replace(prosrc, '\"0\": \"new\"', '\"x\"'), '\"1\": \"open\"', '\"1\": \"new\"'), '\"x\"', '\"0\": \"open\"') FROM pg_proc WHERE proname = 'ticket_rules'";
        world.sql(&format!(
            "DO $a$ BEGIN EXECUTE format('CREATE OR REPLACE FUNCTION ticket_rules() RETURNS jsonb LANGUAGE sql STABLE AS %L', ({swapped})); END $a$"
        ));
        holds(
            &look(&world, &loaded),
            &[("altered-state", "what the column holds for `new`, `open`")],
        );
    }
}

fn starts_where_the_default_number_says(database: Database) {
    let other = TICKET.replace("initial = [\"new\", \"open\"]", "initial = [\"open\", \"new\"]");
    let world = world(database, TICKET, "SELECT 1");
    migrate(&world, database, &[TICKET, &other]);
    world.sql("INSERT INTO tickets (id) VALUES (1)");
    assert_eq!(rows(&world, "SELECT CAST(status AS text) FROM tickets"), ["1"]);
    let (_folder, loaded) = loaded(&other);
    holds(&look(&world, &loaded), &[]);
}

#[test]
fn the_generated_rust_is_what_the_table_gives() {
    use phasegate_codegen::emit::rust::Rust;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ticket.toml");
    std::fs::write(&path, TICKET).unwrap();
    let artifacts = phasegate_codegen::render(&phasegate_codegen::load(&path).unwrap(), &[&Rust]);
    assert_eq!(artifacts[0].text, include_str!("ticket.rs"));
    let bytes = phasegate_codegen::machine("ticket.toml", TICKET.as_bytes()).unwrap().1;
    for state in &bytes.states {
        let found = ticket::TicketStatus::from_number(state.number.unwrap()).unwrap();
        assert_eq!((found.name(), Some(found.number())), (state.name.as_str(), state.number));
    }
    assert_eq!(ticket::TicketStatus::from_number(2), None);
}

fn the_generated_rust_reads_and_writes_numbers(database: Database) {
    use sqlx::{Connection, PgConnection, SqliteConnection};
    use ticket::{Stored, TicketStatus};
    for of in ["smallint", "integer", "bigint"] {
        let before =
            format!("CREATE TABLE tickets (id bigint PRIMARY KEY, status {of}, note text)");
        let table = adopted("").replace("70000", "7000");
        let world = world(database, &table, &before);
        macro_rules! on {
            ($connection:ty) => {
                world.run(async {
                    let mut db = <$connection>::connect(&world.database_url).await.unwrap();
                    let insert = sqlx::query("INSERT INTO tickets (id, status) VALUES (1, $1)");
                    insert.bind(TicketStatus::Open).execute(&mut db).await.unwrap();
                    let read = "SELECT status FROM tickets WHERE status = $1";
                    let read = sqlx::query_scalar(read).bind(TicketStatus::Open);
                    let status: TicketStatus = read.fetch_one(&mut db).await.unwrap();
                    assert_eq!(status, TicketStatus::Open);
                    let stored: Vec<Stored<String>> = sqlx::query_scalar(
                        "SELECT status FROM tickets UNION ALL SELECT CAST(9 AS bigint) ORDER BY 1",
                    )
                    .fetch_all(&mut db)
                    .await
                    .unwrap();
                    assert_eq!(
                        stored,
                        [Stored::Known(TicketStatus::Open), Stored::Unknown("9".into())]
                    );
                })
            };
        }
        match database {
            Database::Postgres => on!(PgConnection),
            Database::Sqlite => on!(SqliteConnection),
        }
    }
}
