//! What is really deployed, beside the table: whatever somebody did to a live database by hand is
//! found, a database at an older migration is said to be that, and nothing is ever written.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod backend;

use std::fs;
use std::path::Path;

use backend::world::{DEPLOY, Database, World, machine, schema};
use phasegate::Schema;
use phasegate_codegen::live::{self, Failure, Looked};
use phasegate_codegen::{Loaded, load};
use sqlx::migrate::Migrator;

on_each_database! {
    finds_nothing_in_a_database_that_the_migrations_made
    finds_nothing_in_a_database_that_the_whole_schema_made
    says_which_migration_a_database_is_at
    says_that_a_database_is_ahead
    says_that_nothing_is_installed
    finds_a_guard_that_was_dropped
    finds_a_guard_that_was_edited
    finds_a_history_that_can_be_changed
    finds_a_state_that_was_added_or_removed_by_hand
    finds_a_transition_that_was_added_or_removed_by_hand
    finds_a_fingerprint_that_was_changed
    finds_a_row_that_was_set_past_the_guard
    counts_what_a_guard_that_observes_let_through_with_the_row_that_would_make_it_legal
    finds_a_guard_in_the_other_mode
    finds_rows_in_states_that_nobody_knows_and_in_retired_ones
    finds_a_history_that_was_written_by_hand
    finds_a_table_or_a_column_that_is_gone
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

/// The deploy table, its migrations beside it.
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

#[track_caller]
fn look(world: &World, table: &Loaded) -> Looked {
    match world.run(live::look(table, &world.database_url)) {
        Ok(looked) => looked,
        Err(Failure::Away(message)) => panic!("{message}"),
        Err(Failure::Files(error)) => panic!("{error}"),
    }
}

/// Holds what is found to rows of a rule and a part of what is said.
#[track_caller]
fn holds(looked: &Looked, expected: &[(&str, &str)]) {
    let said = |f: &phasegate_codegen::Finding| format!("{} ({})", f.message, f.help);
    let found: Vec<String> =
        looked.findings.iter().map(|f| format!("{} {}", f.rule, said(f))).collect();
    let rules: Vec<&str> = looked.findings.iter().map(|f| f.rule).collect();
    let wanted: Vec<&str> = expected.iter().map(|(rule, _)| *rule).collect();
    assert_eq!(rules, wanted, "{found:#?}");
    for (finding, (_, part)) in looked.findings.iter().zip(expected) {
        assert!(said(finding).contains(part), "{part:?}: {found:#?}");
        assert!(finding.path.ends_with(".toml") && !finding.help.is_empty(), "{finding:?}");
    }
}

/// What is found after some statements, on either database.
#[track_caller]
fn after(database: Database, sqlite: &str, postgres: &str, expected: &[(&str, &str)]) {
    let world = with_rows(database);
    world.sql(if database == Database::Sqlite { sqlite } else { postgres });
    holds(&look(&world, &deploy()), expected);
}

/// Past every guard of PostgreSQL's.
fn past(sql: &str) -> String {
    format!("SET session_replication_role = replica; {sql}; RESET session_replication_role")
}

/// Past one guard of SQLite's, which is made again as it was.
fn without(table: &str, trigger: &str, sql: &str) -> String {
    let text = schema(table, Database::Sqlite);
    let start = text.find(&format!("CREATE TRIGGER \"{trigger}\"")).unwrap();
    let whole = &text[start..start + text[start..].find("\nEND;").unwrap() + 5];
    format!("PRAGMA foreign_keys = OFF; DROP TRIGGER \"{trigger}\"; {sql}; {whole}")
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
    // What is wrong with it beside that is found by the table of that time.
    world.sql(
        "DELETE FROM deploy_transitions WHERE from_state = 'deploying' AND to_state = 'succeeded'",
    );
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

fn finds_a_guard_that_was_dropped(database: Database) {
    after(
        database,
        r#"DROP TRIGGER "000_deploy_guard_update""#,
        r#"DROP TRIGGER "000_deploy_guard" ON deploys"#,
        &[("missing-trigger", "`000_deploy_guard")],
    );
    after(
        database,
        r#"DROP TRIGGER "000_deploy_guard_again""#,
        r#"DROP TRIGGER "000_deploy_guard_again" ON deploys"#,
        &[("missing-trigger", "not recorded")],
    );
    if database == Database::Postgres {
        let off = r#"ALTER TABLE deploys DISABLE TRIGGER "000_deploy_guard""#;
        let on = r#"ALTER TABLE "public"."deploys" ENABLE TRIGGER "000_deploy_guard""#;
        after(database, "", off, &[("disabled-trigger", on)]);
        let replica = r#"ALTER TABLE deploys ENABLE REPLICA TRIGGER "000_deploy_guard""#;
        after(database, "", replica, &[("disabled-trigger", on)]);
        let always = r#"ALTER TABLE deploys ENABLE ALWAYS TRIGGER "000_deploy_guard""#;
        after(database, "", always, &[]);
        after(
            database,
            "",
            "ALTER TABLE deploy_events DISABLE TRIGGER ALL",
            &[
                ("disabled-trigger", "the history can be changed"),
                ("disabled-trigger", "the history can be changed"),
            ],
        );
        let world = with_rows(database);
        let set = format!("IN DATABASE {} SET session_replication_role = replica", name(&world));
        world.sql(&format!("CREATE ROLE lax; ALTER ROLE lax {set}"));
        let looked = look(&world, &deploy());
        world.sql("DROP ROLE lax");
        holds(&looked, &[("replica-sessions", "the role lax in the database")]);
        assert!(!looked.findings[0].is_error());
        world.sql(&format!(
            "ALTER DATABASE {} SET session_replication_role = replica",
            name(&world)
        ));
        holds(&look(&world, &deploy()), &[("replica-sessions", "the database test_")]);
    }
}

fn finds_a_guard_that_was_edited(database: Database) {
    if database == Database::Sqlite {
        let edited = r#"DROP TRIGGER "000_deploy_guard_update";
            CREATE TRIGGER "000_deploy_guard_update" AFTER UPDATE ON "deploys" WHEN 0 BEGIN SELECT 1; END"#;
        after(
            database,
            edited,
            "",
            &[("altered-trigger", "`000_deploy_guard_update` of `deploys`")],
        );
        return;
    }
    let body = "CREATE OR REPLACE FUNCTION deploy_guard() RETURNS trigger LANGUAGE plpgsql SECURITY \
                DEFINER SET search_path = pg_catalog, pg_temp AS $$ BEGIN RETURN NULL; END $$";
    after(database, "", body, &[("altered-function", "`deploy_guard`")]);
    after(
        database,
        "",
        "ALTER FUNCTION deploy_guard() SECURITY INVOKER",
        &[("altered-function", "the caller's rights")],
    );
    after(
        database,
        "",
        "ALTER FUNCTION deploy_guard() SET search_path = public",
        &[("altered-function", "search_path=public")],
    );
    for trigger in [
        r#"CREATE TRIGGER "000_deploy_guard" AFTER INSERT OR UPDATE OF status ON deploys
           FOR EACH ROW EXECUTE FUNCTION deploy_guard()"#,
        r#"CREATE TRIGGER "000_deploy_guard" AFTER UPDATE ON deploys
           FOR EACH ROW EXECUTE FUNCTION deploy_guard()"#,
        r#"CREATE TRIGGER "000_deploy_guard" AFTER INSERT OR UPDATE ON deploys
           FOR EACH ROW WHEN (NEW.reason IS NULL) EXECUTE FUNCTION deploy_guard()"#,
        r#"CREATE TRIGGER "000_deploy_guard" AFTER INSERT OR UPDATE ON deploys
           FOR EACH ROW EXECUTE FUNCTION deploy_again()"#,
    ] {
        let sql = format!(r#"DROP TRIGGER "000_deploy_guard" ON deploys; {trigger}"#);
        after(database, "", &sql, &[("altered-trigger", "and should be")]);
    }
    let gone = r#"DROP FUNCTION deploy_guard() CASCADE"#;
    after(database, "", gone, &[("missing-trigger", ""), ("missing-function", "`deploy_guard`")]);
}

fn finds_a_history_that_can_be_changed(database: Database) {
    after(
        database,
        "DROP TRIGGER deploy_event_delete",
        "DROP TRIGGER deploy_append_only ON deploy_events",
        &[("missing-trigger", "the history can be changed")],
    );
    after(
        database,
        "DROP TRIGGER deploy_event",
        "DROP TRIGGER deploy_event ON deploy_events",
        &[("missing-trigger", "`deploy_event` of `deploy_events`")],
    );
    after(
        database,
        "DROP TRIGGER deploy_report_update",
        "DROP TRIGGER deploy_append_only ON deploy_reports",
        &[("missing-trigger", "of `deploy_reports`")],
    );
}

fn finds_a_state_that_was_added_or_removed_by_hand(database: Database) {
    let add = "INSERT INTO deploy_states VALUES ('paused', 99, FALSE)";
    after(database, add, add, &[("extra-state", "`paused`")]);
    let remove = "DELETE FROM deploy_states WHERE state = 'health_checking'";
    after(database, remove, remove, &[("missing-state", "`health_checking`")]);
    let start = "UPDATE deploy_states SET initial = TRUE WHERE state = 'building'";
    after(database, start, start, &[("altered-state", "`building`")]);
    if database == Database::Postgres {
        let label = "ALTER TYPE deploy_status ADD VALUE 'paused' AFTER 'queued'";
        after(database, "", label, &[("extra-label", "`paused`")]);
        let label = "ALTER TYPE deploy_status RENAME VALUE 'smoke_passed' TO 'smoke_done'";
        after(
            database,
            "",
            label,
            &[("missing-label", "`smoke_passed`"), ("extra-label", "`smoke_done`")],
        );
    }
}

#[test]
#[ignore = "needs PostgreSQL: run by tests/run"]
fn the_order_of_labels_is_a_note() {
    let world = World::empty(Database::Postgres, machine(DEPLOY), Schema::named("deploy"));
    let text = schema(DEPLOY, Database::Postgres);
    let (queued, failed) = ("  'queued',\n", "  'failed'\n);");
    assert!(text.contains(queued) && text.contains(failed));
    world.sql(&text.replacen(queued, "", 1).replacen(failed, "  'failed',\n  'queued'\n);", 1));
    let looked = look(&world, &deploy());
    holds(&looked, &[("label-order", "leave them")]);
    assert!(!looked.findings[0].is_error());
}

fn finds_a_transition_that_was_added_or_removed_by_hand(database: Database) {
    let add = "INSERT INTO deploy_transitions VALUES ('failed', 'queued', 'declared'), ('queued', 'deploying', 'skip')";
    after(database, add, add, &[("extra-transition", "`failed -> queued`, `queued -> deploying`")]);
    let remove = "DELETE FROM deploy_transitions WHERE to_state = 'succeeded'";
    after(
        database,
        remove,
        remove,
        &[("missing-transition", "`deploying -> succeeded`, `health_checking -> succeeded`")],
    );
    let kind = "UPDATE deploy_transitions SET kind = 'declared' WHERE kind = 'skip' AND from_state = 'deploying'";
    after(database, kind, kind, &[("altered-transition", "`deploying -> succeeded`")]);
}

fn finds_a_fingerprint_that_was_changed(database: Database) {
    let wrong = "UPDATE deploy_language SET fingerprint = '0123456789abcdef'";
    after(database, wrong, wrong, &[("altered-language", "says 0123456789abcdef")]);
    let gone = "DELETE FROM deploy_language";
    after(database, gone, gone, &[("altered-language", "has no row")]);
    // That of the version before: the rows say that it is not so.
    let old = "UPDATE deploy_language SET fingerprint = '192ff50c3453856c'";
    let world = with_rows(database);
    world.sql(old);
    holds(
        &look(&world, &deploy()),
        &[("altered-language", "SET \"fingerprint\" = '775a73dba2dc4ce4'")],
    );
}

fn finds_a_row_that_was_set_past_the_guard(database: Database) {
    for (trigger, sql, rule, key) in [
        (
            "000_deploy_guard_update",
            "UPDATE deploys SET status = 'succeeded' WHERE id = 'c'",
            "row-past-history",
            "`c`",
        ),
        (
            "000_deploy_guard_insert",
            "INSERT INTO deploys (id, status) VALUES ('d', 'queued')",
            "row-without-history",
            "`d`",
        ),
    ] {
        after(database, &without(DEPLOY, trigger, sql), &past(sql), &[(rule, key)]);
    }
}

#[test]
#[ignore = "needs PostgreSQL: run by tests/run"]
fn says_of_a_guard_that_it_only_observes() {
    let world = with_rows(Database::Postgres);
    world.sql(
        "CREATE OR REPLACE FUNCTION deploy_mode() RETURNS text LANGUAGE plpgsql STABLE
         SET search_path = pg_catalog, pg_temp AS $$ BEGIN RETURN 'observe'; END $$",
    );
    // What it lets through is marked in the history, which is no fault of the history's.
    world.sql("UPDATE deploys SET status = 'succeeded' WHERE id = 'c'");
    world.sql("INSERT INTO deploys (id, status) VALUES ('d', 'deploying')");
    holds(&look(&world, &deploy()), &[("other-mode", "RETURN 'observe'")]);
}

/// A table of the application's own, its guard in this mode.
fn in_mode(mode: &str) -> String {
    order(&format!("owns = false\nstorage = \"text\"\nmode = \"{mode}\""))
}

/// What a database holds that was installed with one of these.
fn orders(database: Database, table: &str) -> World {
    let world = World::empty(database, machine(table), Schema::named("order"));
    world.sql("CREATE TABLE orders (id text PRIMARY KEY, status text)");
    world.sql(&schema(table, database));
    world.sql("INSERT INTO orders VALUES ('a', 'placed'), ('b', 'placed'), ('c', 'placed')");
    world
}

fn counts_what_a_guard_that_observes_let_through_with_the_row_that_would_make_it_legal(
    database: Database,
) {
    let table = in_mode("observe");
    let (_folder, loaded) = self::loaded(&table);
    let world = orders(database, &table);
    holds(&look(&world, &loaded), &[]);
    world.sql("UPDATE orders SET status = 'It''s \"paid\" €' WHERE id = 'c'");
    holds(&look(&world, &loaded), &[]);
    world.sql("UPDATE orders SET status = 'shipped' WHERE id <> 'c'");
    world.sql("UPDATE orders SET status = 'It''s \"paid\" €' WHERE id = 'a'");
    world.sql("INSERT INTO orders VALUES ('d', 'shipped')");
    let looked = look(&world, &loaded);
    let found: Vec<(&str, &str, &str)> = looked
        .findings
        .iter()
        .map(|f| (f.rule, f.message.split(", last at").next().unwrap(), f.help.as_str()))
        .collect();
    let said = |count: &str, why: &str, pair: &str| {
        format!("let through {count} times, and refused once the guard enforces ({why}): `{pair}`")
    };
    let twice = said("2", "illegal-transition", "placed -> shipped");
    let start = said("1", "illegal-start", "nothing -> shipped");
    let back = said("1", "illegal-transition", "shipped -> It's \"paid\" €");
    let mut expected = [
        ("observed", &*twice, "[[transition]]\nfrom = \"placed\"\nto = \"shipped\""),
        ("observed", &*start, "# no row of the table makes this legal: no row starts in an end"),
        (
            "observed",
            &*back,
            "# first say `reopens = true` at the state `shipped`\n[[transition]]\nfrom = \"shipped\"\nto = \"paid\"",
        ),
    ];
    // Those of one count come as the database sorts a missing state.
    let mut found_sorted = found.clone();
    found_sorted[1..].sort_unstable();
    expected[1..].sort_unstable();
    assert_eq!(found_sorted, expected);
    assert!(looked.findings.iter().all(|f| !f.is_error() && f.message.contains(", last at 20")));
}

fn finds_a_guard_in_the_other_mode(database: Database) {
    for (is, asked) in [("observe", "enforce"), ("enforce", "observe")] {
        let (_folder, loaded) = self::loaded(&in_mode(asked));
        let world = orders(database, &in_mode(is));
        let looked = look(&world, &loaded);
        let (said, help) = match database {
            Database::Sqlite => (
                format!(
                    "as with `mode = \"{is}\"` are `order_event`, `000_order_guard_insert`, \
                     `000_order_guard_update`"
                ),
                "apply the migration that switches it",
            ),
            Database::Postgres => {
                (format!("`order_mode` says `BEGIN RETURN '{is}'; END`"), "CREATE OR REPLACE")
            }
        };
        let said = format!("the guard's mode is not the table's: {said}");
        holds(&looked, &[("other-mode", &said)]);
        assert!(looked.findings[0].is_error() && looked.findings[0].help.contains(help));
        // One that is in neither mode is not taken for a switch.
        if database == Database::Sqlite {
            world.sql(
                "DROP TRIGGER \"000_order_guard_insert\"; CREATE TRIGGER \"000_order_guard_insert\" \
                 AFTER INSERT ON orders BEGIN SELECT 1; END",
            );
            let altered = ("altered-trigger", "`000_order_guard_insert`");
            holds(&look(&world, &loaded), &[altered, ("other-mode", "`order_event`")]);
        }
    }
}

/// A table that has one state more, which is retired.
fn retired() -> String {
    format!(
        "{}\n[[state]]\nname = \"parked\"\nretired = true\n[[transition]]\nfrom = \"parked\"\nto = \"failed\"\n",
        DEPLOY.replace("#:schema ./generated/machine.schema.json\n", "")
    )
}

/// A table in a folder of its own.
fn loaded(table: &str) -> (tempfile::TempDir, Loaded) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("table.toml");
    fs::write(&path, table).unwrap();
    let loaded = load(&path).unwrap();
    (folder, loaded)
}

fn finds_rows_in_states_that_nobody_knows_and_in_retired_ones(database: Database) {
    let table = retired();
    let (_folder, loaded) = loaded(&table);
    // A row of a former version, for which the state was in use.
    let former = table.replace("retired = true\n", "")
        + "[[transition]]\nfrom = \"queued\"\nto = \"parked\"\n";
    let world = World::empty(database, machine(&table), Schema::named("deploy"));
    world.sql(&schema(&former, database));
    world.sql("INSERT INTO deploys (id) VALUES ('a'), ('b'); UPDATE deploys SET status = 'parked'");
    world.sql("DELETE FROM deploy_transitions WHERE to_state = 'parked'");
    let language = loaded.machine.fingerprints.language.clone();
    world.sql(&format!("UPDATE deploy_language SET fingerprint = '{language}'"));
    let looked = look(&world, &loaded);
    let retired = looked.findings.iter().find(|f| f.rule == "rows-in-retired-states").unwrap();
    assert!(retired.message.contains("`parked (2)`") && !retired.is_error(), "{looked:?}");

    let (_folder, order) = self::loaded(&order("storage = \"text\""));
    let world = World::empty(database, machine(&order.source.text), Schema::named("order"));
    world.sql(&schema(&order.source.text, database));
    let lost = "INSERT INTO orders (id, status) VALUES ('x', 'Lost'), ('y', 'Lost')";
    match database {
        Database::Postgres => world.sql(&past(lost)),
        Database::Sqlite => {
            world.sql(&without(&order.source.text, "000_order_guard_insert", lost));
        }
    }
    let looked = look(&world, &order);
    let unknown = looked.findings.iter().find(|f| f.rule == "rows-in-unknown-states").unwrap();
    assert!(unknown.message.contains("`Lost (2)`") && unknown.is_error(), "{looked:?}");
}

fn finds_a_history_that_was_written_by_hand(database: Database) {
    let off = |sql: &str| match database {
        Database::Postgres => past(sql),
        Database::Sqlite => format!(
            "DROP TRIGGER deploy_event; DROP TRIGGER deploy_event_update; DROP TRIGGER deploy_event_delete; {sql}"
        ),
    };
    let found = |sql: &str| {
        let world = with_rows(database);
        world.sql(&off(sql));
        let mut looked = look(&world, &deploy());
        // On SQLite the triggers had to go.
        looked.findings.retain(|finding| finding.rule != "missing-trigger");
        looked
    };
    holds(
        &found("DELETE FROM deploy_events WHERE deploy_id = 'a' AND seq = 2"),
        &[("history-gap", "`a`"), ("history-break", "`a`")],
    );
    holds(
        &found("DELETE FROM deploy_events WHERE deploy_id = 'a' AND seq = 4"),
        &[("row-past-history", "`a`")],
    );
    holds(
        &found("UPDATE deploy_events SET from_state = 'queued' WHERE deploy_id = 'b' AND seq = 3"),
        &[("history-break", "`b`")],
    );
    holds(
        &found("UPDATE deploy_events SET to_state = 'deploying' WHERE deploy_id = 'a' AND seq = 2"),
        &[("history-break", "`a`"), ("history-illegal", "`queued -> deploying (1, such as a)`")],
    );
    holds(
        &found(
            "UPDATE deploy_events SET to_state = 'building' WHERE deploy_id = 'c' AND seq = 1;
                  UPDATE deploys SET reason = 'x' WHERE id = 'c'",
        ),
        &[("row-past-history", "`c`"), ("history-illegal", "`nothing -> building (1, such as c)`")],
    );
    // Steps of another time are judged by the rules of that time: it had no gates.
    holds(
        &found("UPDATE deploy_events SET language = '192ff50c3453856c' WHERE deploy_id = 'a'"),
        &[("history-illegal", "`queued -> smoke_running (1, such as a)`")],
    );
    holds(
        &found("UPDATE deploy_events SET language = '192ff50c3453856c' WHERE deploy_id = 'b'"),
        &[],
    );
}

fn finds_a_table_or_a_column_that_is_gone(database: Database) {
    after(
        database,
        "DROP TABLE deploy_reports",
        "DROP TABLE deploy_reports",
        &match database {
            Database::Sqlite => vec![("missing-table", "`deploy_reports`"); 5]
                .into_iter()
                .enumerate()
                .map(|(at, row)| if at == 0 { row } else { ("missing-trigger", "deploy_reports") })
                .collect::<Vec<_>>(),
            Database::Postgres => vec![
                ("missing-table", "`deploy_reports`"),
                ("missing-trigger", "deploy_reports"),
                ("missing-trigger", "deploy_reports"),
            ],
        },
    );
    let column = "ALTER TABLE deploys DROP COLUMN reason";
    after(database, column, column, &[("missing-column", "`reason`")]);
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
        let mut world = World::empty(
            database,
            machine(&table),
            Schema {
                events: (!sql.starts_with("events")).then(|| "order_events".to_owned()),
                ..Schema::named("order")
            },
        );
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
        let Err(Failure::Away(message)) = world.run(live::look(&loaded, &world.database_url))
        else {
            panic!("it cannot be looked at");
        };
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
            let looked = world.run(live::look(&deploy(), &url));
            world.sql("REVOKE SELECT ON deploys FROM reads");
            let refused = world.run(live::look(&deploy(), &url));
            world.sql("DROP OWNED BY reads; DROP ROLE reads");
            let Ok(looked) = looked else { panic!("a role that reads may look") };
            holds(&looked, &[]);
            let Err(Failure::Away(message)) = refused else { panic!("it may not read") };
            assert!(message.contains("needs USAGE on the schema and SELECT"), "{message}");
        }
    }
}

fn name(world: &World) -> String {
    world.database_url.rsplit('/').next().unwrap().to_owned()
}

fn cannot_run_where_nobody_is_there(database: Database) {
    let world = migrated(database, 1);
    let away = |url: &str| match world.run(live::look(&deploy(), url)) {
        Err(Failure::Away(message)) => message,
        Err(Failure::Files(error)) => panic!("{error}"),
        Ok(looked) => panic!("{looked:?}"),
    };
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
        let message = away(&url);
        assert!(!message.contains("s3cret") && message.len() > 20, "{url}: {message}");
    }
}
