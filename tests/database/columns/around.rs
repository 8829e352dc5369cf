//! What stands around an application's own column: its CHECKs, its indexes, its enum type and who shares it.

use super::{history, migrate, migrations, refused, rows};
use crate::common::backend::world::{Database, World, machine};
use crate::common::live::{holds, loaded, look};
use phasegate::store::Start;
use phasegate::{Answer, Report, Schema};
use phasegate_cli::live;
use phasegate_codegen::artifact::WriteMode;
use phasegate_codegen::migrate::{Ask, migrate as write};

on_each_database! {
    says_what_a_check_refuses_before_and_after
    says_what_a_check_of_several_columns_refuses
    says_that_no_index_begins_with_the_key
}

/// A payment, as a shop has it.
fn payment(states: &[&str], keys: &str) -> String {
    let state = |value: &&str| {
        let name: String =
            value.chars().map(|c| if c.is_ascii_lowercase() { c } else { '_' }).collect();
        format!("{{ name = \"s{}\", value = \"{value}\" }}", name.trim_matches('_'))
    };
    let all: Vec<String> = states.iter().map(state).collect();
    let names: Vec<&str> = all.iter().map(|state| state.split('"').nth(1).unwrap()).collect();
    format!(
        "format = 1\nmachine = {{ name = \"payment\", initial = \"{}\" }}\nstate = [{}]\n\
         transition = [{{ path = {names:?} }}]\n[target.sql]\nowns = false\n{keys}",
        names[0],
        all.join(", ")
    )
}

fn says_what_a_check_refuses_before_and_after(database: Database) {
    let keys = "storage = \"text\"\n";
    let (old, new) =
        (payment(&["new", "paid"], keys), payment(&["new", "paid", "it's back"], keys));
    let world = World::empty(database, machine(&old), Schema::named("payment"));
    world.sql(
        "CREATE TABLE payments (id text PRIMARY KEY, status text DEFAULT 'new' CONSTRAINT known CHECK (status IN ('new', 'paid')), \
         paid_at text, CHECK (status <> 'paid' OR paid_at IS NOT NULL))",
    );
    migrate(&world, database, &[&old]);
    let (_folder, was) = loaded(&old);
    holds(&look(&world, &was), &[]);
    let (_folder, is) = loaded(&new);
    let ahead = |table| match world.run(live::ahead(table, &world.database_url, false)) {
        Ok(findings) => findings,
        Err(live::Failure::Away(why)) => panic!("{why}"),
        Err(live::Failure::Files(why)) => panic!("{why}"),
    };
    assert!(ahead(&was).is_empty());
    let found = ahead(&is);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!((found[0].rule.id, found[0].is_error()), ("check-refuses", false));
    assert!(found[0].message.contains("refuses the states `it's back`"), "{found:?}");
    migrate(&world, database, &[&old, &new]);
    world.sql("INSERT INTO payments (id) VALUES ('a'); UPDATE payments SET status = 'paid', paid_at = 'now'");
    assert!(world.try_sql("UPDATE payments SET status = 'it''s back'").is_err());
    holds(&look(&world, &is), &[("check-refuses", "'it''s back'")]);
    if database == Database::Postgres {
        world.sql(&found[0].help);
        holds(&look(&world, &is), &[]);
        world.sql("UPDATE payments SET status = 'it''s back'");
        assert!(world.try_sql("INSERT INTO payments VALUES ('b', 'lost')").is_err());
    }
}

/// What is said of a table before it is migrated to.
fn ahead(world: &World, table: &str) -> Vec<phasegate_codegen::Finding> {
    let (_folder, loaded) = loaded(table);
    match world.run(live::ahead(&loaded, &world.database_url, false)) {
        Ok(findings) => findings,
        Err(live::Failure::Away(why)) => panic!("{why}"),
        Err(live::Failure::Files(why)) => panic!("{why}"),
    }
}

fn says_what_a_check_of_several_columns_refuses(database: Database) {
    let keys = "storage = \"text\"\n";
    let (old, new) = (payment(&["new", "paid"], keys), payment(&["new", "paid", "lost"], keys));
    let world = World::empty(database, machine(&old), Schema::named("payment"));
    // The one ties a time to some states, which any state can fit; the other knows no third state. What comes
    // after them fits all, or is of another column.
    world.sql(
        "CREATE TABLE payments (id text PRIMARY KEY, status text DEFAULT 'new', n1 integer, n2 integer, n3 integer, n4 integer, \
         paid_at timestamptz, payer text, old_status text DEFAULT 'a', \
         CONSTRAINT more CHECK (status = 'paid' OR n1 + n2 + n3 + n4 IS NULL AND paid_at IS NULL), \
         CONSTRAINT other CHECK (old_status IS NOT NULL AND old_status IN ('a')), \
         CONSTRAINT tied CHECK ((paid_at IS NOT NULL) = (status IN ('paid'))), \
         CONSTRAINT pairs CHECK (status = 'new' AND payer IS NULL OR status = 'paid' AND payer IS NOT NULL))",
    );
    assert_eq!(ahead(&world, &old), []);
    let found = ahead(&world, &new);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].message.contains("refuses the states `lost`"), "{found:?}");
    assert!(
        found[0].message.contains("payer") || found[0].message.contains("`pairs`"),
        "{found:?}"
    );
    if database == Database::Postgres {
        world.sql(&found[0].help);
        assert_eq!(ahead(&world, &new), []);
        world.sql("INSERT INTO payments VALUES ('a', 'lost')");
    }
}

#[test]
#[ignore = "needs PostgreSQL 15: run by tests/run"]
fn says_what_the_check_of_a_domain_and_that_of_an_enum_column_refuse() {
    let keys = "storage = \"text\"\n";
    let (old, new) =
        (payment(&["new", "paid"], keys), payment(&["new", "paid", "it's back"], keys));
    let world = World::empty(Database::Postgres, machine(&old), Schema::named("payment"));
    world.sql(
        "CREATE DOMAIN word AS text CONSTRAINT short CHECK (length(VALUE) < 6);
         CREATE DOMAIN known AS word CONSTRAINT listed CHECK (VALUE IN ('new', 'paid'));
         CREATE TABLE payments (id text PRIMARY KEY, status known DEFAULT 'new')",
    );
    assert_eq!(ahead(&world, &old), []);
    let found = ahead(&world, &new);
    let said: Vec<&str> = found.iter().map(|finding| finding.message.as_str()).collect();
    let of = |check, domain| {
        format!(
            "the CHECK `{check}` of the domain `public.{domain}` refuses the states `it's back`"
        )
    };
    assert_eq!(said, [of("listed", "known"), of("short", "word")]);
    found.iter().for_each(|finding| world.sql(&finding.help));
    assert_eq!(ahead(&world, &new), []);
    migrate(&world, Database::Postgres, &[&old]);
    migrate(&world, Database::Postgres, &[&old, &new]);
    world.sql("INSERT INTO payments VALUES ('a', 'new'); UPDATE payments SET status = 'paid'; UPDATE payments SET status = 'it''s back'");
    assert!(world.try_sql("INSERT INTO payments VALUES ('b', 'lost')").is_err());

    // The label is not there yet: it comes with the migration that this is said before.
    let (old, new) = (payment(&["new", "paid"], ""), payment(&["new", "paid", "lost"], ""));
    let world = World::empty(Database::Postgres, machine(&old), Schema::named("payment"));
    world.sql(
        "CREATE TYPE mood AS ENUM ('new', 'paid'); CREATE TABLE payments (id text PRIMARY KEY, status mood DEFAULT 'new', \
         paid_at timestamptz, CHECK (status IN ('new', 'paid')), CHECK ((paid_at IS NOT NULL) = (status = 'paid')))",
    );
    assert_eq!(ahead(&world, &old), []);
    let found = ahead(&world, &new);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(
        found[0]
            .message
            .contains("`payments_status_check` of `payments` refuses the states `lost`"),
        "{found:?}"
    );
    migrate(&world, Database::Postgres, &[&old]);
    migrate(&world, Database::Postgres, &[&old, &new]);
    world.sql(&found[0].help);
    world.sql("INSERT INTO payments VALUES ('a', 'new'); UPDATE payments SET status = 'paid', paid_at = now(); \
               UPDATE payments SET status = 'lost', paid_at = NULL");
    let (_folder, is) = loaded(&new);
    holds(&look(&world, &is), &[]);
}

fn says_that_no_index_begins_with_the_key(database: Database) {
    let table = payment(&["new", "paid"], "storage = \"text\"\n");
    let world = World::empty(database, machine(&table), Schema::named("payment"));
    world.sql("CREATE TABLE payments (at text, id text UNIQUE, status text, PRIMARY KEY (at, id))");
    migrate(&world, database, &[&table]);
    let (_folder, loaded) = loaded(&table);
    holds(&look(&world, &loaded), &[]);
    match database {
        Database::Postgres => world.sql("ALTER TABLE payments DROP CONSTRAINT payments_id_key"),
        // The rebuild of such a tool drops the guards, too.
        Database::Sqlite => {
            world.sql(
                "CREATE TABLE other (at text, id text, status text, PRIMARY KEY (at, id));
                 DROP TABLE payments; ALTER TABLE other RENAME TO payments",
            );
            let guards: Vec<String> = rows(&world, "SELECT 'x'");
            assert_eq!(guards.len(), 1);
        }
    }
    let found = look(&world, &loaded);
    let found: Vec<_> =
        found.findings.iter().filter(|f| f.rule.id == "key-without-index").collect();
    assert_eq!(found.len(), 1);
    let help = found[0].help.replace(" CONCURRENTLY", "");
    world.sql(help.split("; of a partitioned").next().unwrap());
    let found = look(&world, &loaded);
    assert!(found.findings.iter().all(|f| f.rule.id != "key-without-index"), "{found:?}");
}

/// SQLite gives the number of a deleted last row again, which the guard refuses.
#[test]
fn says_that_a_key_of_sqlite_may_be_given_again() {
    let keys = "storage = \"text\"\nkey_type = \"bigint\"\n";
    let table = payment(&["new", "paid"], keys);
    for (key, expected) in [
        ("id INTEGER PRIMARY KEY", 1),
        ("id integer NOT NULL /* AUTOINCREMENT */ PRIMARY KEY", 1),
        ("id INTEGER PRIMARY KEY AUTOINCREMENT", 0),
        ("id INT PRIMARY KEY", 0),
        ("ID INTEGER PRIMARY KEY", 1),
        ("id INTEGER PRIMARY KEY DESC", 0),
        ("id INTEGER UNIQUE, n INTEGER", 0),
        ("id INTEGER UNIQUE, n INTEGER PRIMARY KEY", 0),
    ] {
        let world = World::empty(Database::Sqlite, machine(&table), Schema::named("payment"));
        world.sql(&format!("CREATE TABLE Payments ({key}, status text DEFAULT 'new')"));
        migrate(&world, Database::Sqlite, &[&table]);
        let (_folder, loaded) = loaded(&table);
        let found = look(&world, &loaded);
        let found: Vec<_> =
            found.findings.iter().filter(|f| f.rule.id == "key-given-again").collect();
        assert_eq!(found.len(), expected, "{key}: {found:?}");
        assert!(found.iter().all(|finding| !finding.is_error()), "{found:?}");
    }
}

const LABELS: [&str; 4] = ["Zu prüfen", "it's \\\"ok\\\"", "In Progress", "done"];

/// An enum of another schema, with capitals, spaces, quotes and umlauts.
#[test]
#[ignore = "needs PostgreSQL: run by tests/run"]
fn takes_an_enum_of_another_schema_in_mixed_case() {
    let keys = "type = \"Shared.RunStatus\"\ntable = \"Runs\"\ncolumn = \"Status\"\nkey = \"Id\"\nkey_type = \"bigint\"\n";
    let table = payment(&LABELS, keys);
    let names = Schema::of(&*machine(&table));
    let world = World::empty(Database::Postgres, machine(&table), names);
    world.sql(
        "CREATE SCHEMA \"Shared\"; CREATE TYPE \"Shared\".\"RunStatus\" AS ENUM ('Zu prüfen', 'it''s \"ok\"', 'In Progress', 'done');
         CREATE TYPE \"RunStatus\" AS ENUM ('done');
         CREATE TABLE \"Runs\" (\"Id\" bigint PRIMARY KEY, \"Status\" \"Shared\".\"RunStatus\" DEFAULT 'Zu prüfen')",
    );
    migrate(&world, Database::Postgres, &[&table]);
    let start = Start::new().id("1");
    world.run(world.store.start(&*world.machine, &start)).unwrap();
    let report = Report::new("it's \"ok\"");
    let answer = world.run(world.store.apply_callback(&*world.machine, "1", &report)).unwrap();
    assert!(matches!(answer, Answer::Applied { seq: 2, .. }), "{answer:?}");
    world.sql("UPDATE \"Runs\" SET \"Status\" = 'In Progress'");
    assert_eq!(
        history(&world, "payment", "1"),
        [">Zu prüfen", "Zu prüfen>it's \"ok\"", "it's \"ok\">In Progress"]
    );
    let said = refused(&world, "UPDATE \"Runs\" SET \"Status\" = 'Zu prüfen'");
    assert_eq!(said, "illegal transition of payment: In Progress -> Zu prüfen; legal: done");
    let (_folder, loaded) = loaded(&table);
    holds(&look(&world, &loaded), &[]);
    // Another type than the column's is refused.
    let other = table.replace("Shared.RunStatus", "RunStatus");
    let other_world = World::empty(Database::Postgres, machine(&other), Schema::named("payment"));
    other_world.sql(
        "CREATE TYPE \"RunStatus\" AS ENUM ('done'); CREATE TYPE x AS ENUM ('done'); CREATE TABLE \"Runs\" (\"Id\" bigint PRIMARY KEY, \"Status\" x)",
    );
    let file = migrations(Database::Postgres, &[&other]).unwrap().remove(0);
    let error = other_world.try_sql(&format!("BEGIN; {file}; COMMIT")).unwrap_err().to_string();
    assert!(
        error.contains("is of the type x, where `type` says \"public\".\"RunStatus\""),
        "{error}"
    );
}

/// What the generated Rust calls the type is what PostgreSQL calls it.
#[test]
fn the_generated_rust_names_the_type_as_postgres_does() {
    use phasegate_codegen::emit::rust::Rust;
    let text = |keys: &str| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("payment.toml");
        let table = payment(&["new", "paid"], keys) + "[target.rust]\nderive = [\"sqlx\"]\n";
        std::fs::write(&path, table).unwrap();
        phasegate_codegen::render(&phasegate_codegen::load(&path).unwrap(), &[&Rust]).remove(0).text
    };
    let mixed = text("type = \"Shared.RunStatus\"\n");
    assert!(mixed.contains(r#"PgTypeInfo::with_name("\"Shared\".\"RunStatus\"")"#), "{mixed}");
    assert!(mixed.contains(r#"next() == Some("\"RunStatus\"")"#), "{mixed}");
    let plain = text("type = \"payment_mood\"\nschema = \"app\"\n");
    assert!(plain.contains(r#"PgTypeInfo::with_name("app.payment_mood")"#), "{plain}");
}

/// Two tables of one enum type: a label is renamed for both, or for none.
#[test]
#[ignore = "needs PostgreSQL: run by tests/run"]
fn a_label_that_two_tables_share_is_renamed_only_where_that_is_meant() {
    let old = payment(&["new", "paid"], "type = \"mood\"\n");
    let new = old
        .replace(
            "name = \"spaid\", value = \"paid\"",
            "name = \"sgone\", value = \"gone\", renamed_from = \"spaid\"",
        )
        .replace("\"spaid\"]", "\"sgone\"]");
    let own = "CREATE TYPE mood AS ENUM ('new', 'paid'); CREATE TABLE payments (id text PRIMARY KEY, status mood DEFAULT 'new') PARTITION BY HASH (id);
         CREATE TABLE payments_1 PARTITION OF payments FOR VALUES WITH (MODULUS 1, REMAINDER 0);
         CREATE VIEW seen AS SELECT * FROM payments";
    let others =
        "CREATE TABLE \"Steps\" (id int, \"Mood\" mood); CREATE TABLE lists (moods mood[])";
    let alone = World::empty(Database::Postgres, machine(&old), Schema::named("payment"));
    alone.sql(own);
    migrate(&alone, Database::Postgres, &[&old]);
    migrate(&alone, Database::Postgres, &[&old, &new]);
    let world = World::empty(Database::Postgres, machine(&old), Schema::named("payment"));
    world.sql(&format!("{own}; {others}"));
    migrate(&world, Database::Postgres, &[&old]);
    let mut files = migrations(Database::Postgres, &[&old, &new]).unwrap().into_iter();
    world.sql(&format!("BEGIN; {}; COMMIT", files.next().unwrap()));
    let error = world
        .try_sql(&format!("BEGIN; {}; COMMIT", files.next().unwrap()))
        .unwrap_err()
        .to_string();
    assert!(error.contains("would be renamed, too: \"Steps\".\"Mood\", lists.moods"), "{error}");
    // By the command: said before anything is written, and let through where it is meant.
    let (folder, loaded) = loaded(&old);
    write(&loaded, Ask::Changes, WriteMode::Write).unwrap();
    std::fs::write(folder.path().join("table.toml"), &new).unwrap();
    let renamed = phasegate_codegen::load(&folder.path().join("table.toml")).unwrap();
    let ahead = |shared| match world.run(live::ahead(&renamed, &world.database_url, shared)) {
        Ok(findings) => findings,
        Err(_) => panic!("it can be looked at"),
    };
    let found = ahead(false);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!((found[0].rule.id, found[0].is_error()), ("shared-type", true));
    assert!(
        found[0].message.contains("public.\"Steps\".\"Mood\", public.lists.moods"),
        "{found:?}"
    );
    assert!(ahead(true).is_empty());
    let written = write(&renamed, Ask::ChangesOfShared, WriteMode::Write).unwrap();
    assert!(written.is_possible() && written.files.len() > 2, "{written:?}");
    let mut meant: Vec<_> = std::fs::read_dir(folder.path().join("migrations/postgres"))
        .unwrap()
        .map(|f| f.unwrap().path())
        .collect();
    meant.sort();
    for file in &meant[1..] {
        world.sql(&format!("BEGIN; {}; COMMIT", std::fs::read_to_string(file).unwrap()));
    }
    assert_eq!(
        rows(&world, "SELECT enumlabel::text FROM pg_enum ORDER BY enumsortorder"),
        ["new", "gone"]
    );
}
