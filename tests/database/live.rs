//! What is really deployed, next to the table: whatever somebody did to a live database by hand is
//! found, a database at an older migration is said to be that, and nothing is ever written.

mod guards;
mod rows;
mod rules;

use std::fs;
use std::path::Path;

use crate::common::backend::world::{DEPLOY, Database, World, machine, schema};
use crate::common::live::{away, holds, loaded, look, looked, past};
use crate::common::sql;
use phasegate::Schema;
use phasegate_cli::live;
use phasegate_codegen::emit::sql::Dialect;
use phasegate_codegen::{Loaded, load};
use sqlx::migrate::Migrator;

on_each_database! {
    finds_nothing_in_a_database_that_the_migrations_made
    finds_nothing_in_a_database_that_the_whole_schema_made
    says_which_migration_a_database_is_at
    says_that_a_database_is_ahead
    says_that_nothing_is_installed
    judges_an_application_s_own_table
    judges_tables_of_other_shapes
    writes_nothing
    cannot_run_where_nobody_is_there
}

fn all(database: Database) -> Migrator {
    match database {
        Database::Sqlite => sqlx::migrate!("migrations/sqlite"),
        Database::Postgres => sqlx::migrate!("migrations/postgres"),
    }
}

/// The deploy table, its migrations next to it.
fn deploy() -> Loaded {
    load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy.toml")).unwrap()
}

/// A database that the migrations made, up to a place.
fn migrated(database: Database, upto: usize) -> World {
    let world = World::empty(database, machine(DEPLOY), Schema::named("deploy"));
    let mut migrations = all(database);
    migrations.migrations.to_mut().truncate(upto);
    world.run(world.store.migrate(migrations)).unwrap();
    world
}

/// The same, with some rows on their way.
fn with_rows(database: Database) -> World {
    let world = migrated(database, usize::MAX);
    world.sql("INSERT INTO deploys (id) VALUES ('a'), ('b'), ('c')");
    for states in [&["smoke_running", "smoke_passed", "building"][..], &["building", "failed"]] {
        for state in states {
            let id = if states.len() == 3 { 'a' } else { 'b' };
            world.sql(&format!("UPDATE deploys SET status = '{state}' WHERE id = '{id}'"));
        }
    }
    world
}

/// What is found after some statements, on either database.
#[track_caller]
fn after(database: Database, sqlite: &str, postgres: &str, expected: &[(&str, &str)]) {
    let world = with_rows(database);
    world.sql(if database == Database::Sqlite { sqlite } else { postgres });
    holds(&look(&world, &deploy()), expected);
}

/// The rules, edited as the rows that they are read as.
pub(crate) fn edited(database: Database, machine: &str, edit: &str) -> String {
    let dialect = match database {
        Database::Postgres => Dialect::Postgres,
        Database::Sqlite => Dialect::Sqlite,
    };
    sql::edited(dialect, machine, edit)
}

fn finds_nothing_in_a_database_that_the_migrations_made(database: Database) {
    let world = with_rows(database);
    let looked = look(&world, &deploy());
    holds(&looked, &[]);
    assert_eq!(looked.language.as_deref(), Some(world.machine.language()));
    assert_eq!(looked.at.as_deref(), Some("deploy.toml"));
    let rows: Vec<(&str, u64)> = looked.rows.iter().map(|(s, n)| (s.as_str(), *n)).collect();
    assert_eq!(rows, [("building", 1), ("failed", 1), ("queued", 1)]);
}

fn finds_nothing_in_a_database_that_the_whole_schema_made(database: Database) {
    let world = World::empty(database, machine(DEPLOY), Schema::named("deploy"));
    world.sql(&schema(DEPLOY, database));
    world.sql("INSERT INTO deploys (id) VALUES ('a')");
    holds(&look(&world, &deploy()), &[]);
}

fn says_which_migration_a_database_is_at(database: Database) {
    let world = migrated(database, 1);
    world.sql("INSERT INTO deploys (id) VALUES ('a')");
    let looked = look(&world, &deploy());
    let file = format!("{}/0002_change_deploy.sql", format!("{database:?}").to_lowercase());
    holds(&looked, &[("behind", &file)]);
    assert_eq!(looked.at.as_deref(), Some("migrations/tables/0001.toml"));
    // What is wrong with it next to that is found by the table of that time.
    let edit =
        "DELETE FROM deploy_transitions WHERE from_state = 'deploying' AND to_state = 'succeeded'";
    world.sql(&edited(database, "deploy", edit));
    holds(
        &look(&world, &deploy()),
        &[
            ("behind", "migrations/tables/0001.toml"),
            ("missing-transition", "`deploying -> succeeded`"),
        ],
    );
}

fn says_that_a_database_is_ahead(database: Database) {
    let newer = format!(
        "{DEPLOY}\n[[state]]\nname = \"paused\"\n[[transition]]\npath = [\"queued\", \"paused\", \"building\"]\n"
    );
    let world = World::empty(database, machine(&newer), Schema::named("deploy"));
    world.sql(&schema(&newer, database));
    world.sql("INSERT INTO deploys (id) VALUES ('a')");
    world.sql("UPDATE deploys SET status = 'paused'");
    let looked = look(&world, &deploy());
    // One finding, not one for each state, label and pair.
    holds(&looked, &[("unknown-language", world.machine.language())]);
    assert_eq!(looked.at, None);
    // What does not depend on the rules is looked at all the same.
    world.sql("DROP INDEX deploy_reports_row");
    let index = ("missing-index", "`deploy_reports_row`");
    holds(&look(&world, &deploy()), &[("unknown-language", "newer"), index]);
    world.sql(match database {
        Database::Sqlite => "DROP VIEW deploy_force",
        Database::Postgres => {
            "CREATE OR REPLACE FUNCTION deploy_append_only() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN END $$"
        }
    });
    // Nothing of this table's is advised, which is the older one.
    let looked = look(&world, &deploy());
    assert!(looked.findings.len() > 2, "{looked:?}");
    for finding in &looked.findings[1..] {
        assert!(finding.help.contains("of that other version's whole schema"), "{finding:?}");
        assert!(!finding.help.contains("generated/sql"), "{finding:?}");
    }
}

fn says_that_nothing_is_installed(database: Database) {
    let world = World::empty(database, machine(DEPLOY), Schema::named("deploy"));
    if database == Database::Sqlite {
        world.sql("CREATE TABLE other (a)");
    }
    holds(&look(&world, &deploy()), &[("not-installed", "the database has nothing of deploy")]);
    world.sql("CREATE TABLE deploys (id text, status text)");
    holds(&look(&world, &deploy()), &[("not-installed", "nothing of deploy guards it")]);
}

/// A small table with these lines under `[target.sql]`.
fn order(sql: &str) -> String {
    format!(
        "format = 1\n[machine]\nname = \"order\"\ninitial = \"placed\"\n\
         [[state]]\nname = \"placed\"\n[[state]]\nname = \"paid\"\nvalue = \"It's \\\"paid\\\" €\"\n\
         [[state]]\nname = \"shipped\"\noutcome = \"success\"\n\
         [[transition]]\npath = [\"placed\", \"paid\", \"shipped\"]\n\
         [[transition]]\nfrom = \"paid\"\nto = \"paid\"\n[target.sql]\n{sql}\n"
    )
}

fn judges_an_application_s_own_table(database: Database) {
    let table = order(
        "owns = false\ntable = \"Purchase\"\nkey = \"Number\"\nkey_type = \"bigint\"\n\
         column = \"State\"\nstorage = \"text\"\nevents = \"purchase_log\"",
    );
    let (_folder, loaded) = loaded(&table);
    let world = World::empty(database, machine(&table), Schema::named("order"));
    world.sql(
        "CREATE TABLE \"Purchase\" (\"Number\" bigint PRIMARY KEY, \"State\" varchar(20) NOT NULL, note text);
         INSERT INTO \"Purchase\" VALUES (7, 'placed', NULL)",
    );
    holds(&look(&world, &loaded), &[("not-installed", "guards it")]);
    world.sql(&schema(&table, database));
    world.sql("INSERT INTO \"Purchase\" VALUES (8, 'placed', NULL)");
    world.sql("UPDATE \"Purchase\" SET \"State\" = 'It''s \"paid\" €' WHERE \"Number\" = 8");
    holds(&look(&world, &loaded), &[]);
    let drop = match database {
        Database::Sqlite => "DROP TRIGGER \"000_order_guard_update\"",
        Database::Postgres => "DROP TRIGGER \"000_order_guard\" ON \"Purchase\"",
    };
    world.sql(drop);
    holds(&look(&world, &loaded), &[("missing-trigger", "000_order_guard")]);
}

fn judges_tables_of_other_shapes(database: Database) {
    for sql in
        ["key_type = \"uuid\"", "key_type = \"bigint\"", "events = false", "storage = \"text\""]
    {
        let table = order(sql);
        let (_folder, loaded) = loaded(&table);
        let mut world = World::empty(database, machine(&table), Schema::of(&*machine(&table)));
        world.sql(&schema(&table, database));
        world.serve(Default::default());
        if !sql.starts_with("events") {
            let row = world.start();
            row.walk(&["It's \"paid\" €", "shipped"]);
        }
        holds(&look(&world, &loaded), &[]);
    }
    // Not the dialect that the table has; no such target.
    let other = if database == Database::Sqlite { "postgres" } else { "sqlite" };
    let world = with_rows(database);
    for (table, part) in [
        (order(&format!("dialects = [{other:?}]")), "`dialects`"),
        (order("").replace("[target.sql]", ""), "no [target.sql] section"),
    ] {
        let (_folder, loaded) = loaded(&table);
        let message = away(world.run(live::look(&loaded, &world.database_url)));
        assert!(message.contains(part), "{message}");
    }
}

fn writes_nothing(database: Database) {
    let world = with_rows(database);
    match database {
        Database::Sqlite => {
            let file = world.database_url.strip_prefix("sqlite:").unwrap();
            let before = fs::read(file).unwrap();
            let mut read_only = fs::metadata(file).unwrap().permissions();
            read_only.set_readonly(true);
            fs::set_permissions(file, read_only).unwrap();
            holds(&look(&world, &deploy()), &[]);
            assert_eq!(fs::read(file).unwrap(), before);
        }
        // A role that may do no more than read can look.
        Database::Postgres => {
            world.sql(
                "CREATE ROLE reads LOGIN; GRANT SELECT ON ALL TABLES IN SCHEMA public TO reads",
            );
            let url = world.database_url.replace("postgres@", "reads@");
            let may_read = world.run(live::look(&deploy(), &url));
            world.sql("REVOKE SELECT ON deploys FROM reads");
            let refused = world.run(live::look(&deploy(), &url));
            world.sql("DROP OWNED BY reads; DROP ROLE reads");
            holds(&looked(may_read), &[]);
            let message = away(refused);
            assert!(
                message.contains("needs USAGE on the schema, SELECT on its tables, and EXECUTE"),
                "{message}"
            );
        }
    }
}

fn name(world: &World) -> String {
    world.database_url.rsplit('/').next().unwrap().to_owned()
}

fn cannot_run_where_nobody_is_there(database: Database) {
    let world = migrated(database, 1);
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let urls = match database {
        Database::Sqlite => vec![
            "sqlite:/nowhere/x.db".to_owned(),
            format!("sqlite:{}", env!("CARGO_MANIFEST_DIR")),
        ],
        Database::Postgres => vec![
            format!("postgres://u:s3cret@127.0.0.1:{port}/x"),
            world.database_url.replace("postgres@", "nobody:s3cret@"),
            world.database_url.replace(&name(&world), "no_such"),
            "postgres://u:s3cret@[/x".to_owned(),
            "postgers://u:s3cret@h/x".to_owned(),
            "u:s3cret@h/x".to_owned(),
            "s3cret".to_owned(),
        ],
    };
    for url in urls {
        let message = away(world.run(live::look(&deploy(), &url)));
        assert!(!message.contains("s3cret") && message.len() > 20, "{url}: {message}");
    }
}
