//! What opens the guard of a live database, or closes it for good: each is found, and what is advised
//! loses nothing.

use std::fs;

use crate::common::backend::world::{Database, World, machine, schema};
use crate::common::live::{away, holds, loaded, look, past};
use crate::live::edited;
use phasegate::Schema;
use phasegate_cli::live;
use phasegate_codegen::artifact::WriteMode;
use phasegate_codegen::migrate::{Ask, migrate};
use phasegate_codegen::{Loaded, load};

on_each_database! {
    finds_a_name_that_lets_a_step_pass
    finds_a_leftover_of_what_is_forced
    finds_a_pruned_key_that_was_used_again
    finds_a_start_that_was_changed
    finds_an_index_or_a_constraint_that_is_gone
    finds_a_column_of_the_history_that_is_gone
    advises_nobody_to_delete_a_row
    tells_of_rows_without_a_status
    says_that_a_migration_of_the_guard_alone_is_not_applied
    says_that_a_migration_of_a_view_alone_is_not_applied
    says_which_file_is_next
}

const JOB: &str = "format = 1\n[machine]\nname = \"job\"\ninitial = \"a\"\n\
    [[state]]\nname = \"a\"\n[[state]]\nname = \"b\"\n[[state]]\nname = \"c\"\noutcome = \"success\"\n\
    [[transition]]\npath = [\"a\", \"b\", \"c\"]\n[target.sql]\n";

/// A database with a row, nothing wrong with it.
fn jobs(database: Database) -> (World, tempfile::TempDir, Loaded) {
    let (folder, table) = loaded(JOB);
    let world = World::empty(database, machine(JOB), Schema::named("job"));
    world.sql(&schema(JOB, database));
    world.sql("INSERT INTO jobs (id) VALUES ('x')");
    holds(&look(&world, &table), &[]);
    (world, folder, table)
}

/// What is found after some statements.
#[track_caller]
fn after(database: Database, sql: &str, expected: &[(&str, &str)]) {
    let (world, _folder, table) = jobs(database);
    world.sql(sql);
    holds(&look(&world, &table), expected);
}

fn finds_a_name_that_lets_a_step_pass(database: Database) {
    let current = "INSERT INTO job_renames SELECT fingerprint, 'a', 'c' FROM job_language";
    after(database, &edited(database, "job", current), &[("altered-renames", "`a` is called `c`")]);
    let unknown = "INSERT INTO job_renames VALUES ('0123456789abcdef', 'a', 'c')";
    after(database, &edited(database, "job", unknown), &[("altered-renames", "0123456789abcdef")]);
    // What a migration says while it moves rows, and takes back.
    let leftover = "INSERT INTO job_renames VALUES ('', 'a', 'c')";
    after(
        database,
        &edited(database, "job", leftover),
        &[("altered-renames", "by no rules `a` is called `c`")],
    );
}

fn finds_a_leftover_of_what_is_forced(database: Database) {
    let row = "INSERT INTO job_forcing (job_id, to_state, reason) VALUES ('x', 'c', 'later')";
    after(database, row, &[("leftover-forcing", "`x` to `c`")]);
}

fn finds_a_pruned_key_that_was_used_again(database: Database) {
    // As a restore of the data alone leaves it.
    let again = ("history-gap", "keys were used again after their history was pruned: `x`");
    let (at, role) = match database {
        Database::Postgres => ("now()", "SET session_replication_role = replica; "),
        Database::Sqlite => ("'2024-01-01T00:00:00.000Z'", ""),
    };
    let row = format!(
        "{role}INSERT INTO job_pruned (job_id, events, reports, \"before\") VALUES ('x', 2, 0, {at})"
    );
    match database {
        Database::Postgres => {
            let unmarked = ("altered-function", "`job_has_pruned` says that there are none");
            after(database, &row, &[unmarked, again]);
            let mark = "CREATE OR REPLACE FUNCTION job_has_pruned() RETURNS boolean LANGUAGE sql STABLE AS 'SELECT true'";
            after(database, &format!("{row}; {mark}"), &[again]);
        }
        Database::Sqlite => after(database, &row, &[again]),
    }
}

fn finds_a_start_that_was_changed(database: Database) {
    if database == Database::Sqlite {
        let set = "PRAGMA writable_schema = ON;
            UPDATE sqlite_master SET sql = replace(sql, 'DEFAULT ''a''', 'DEFAULT ''b''') WHERE name = 'jobs';
            PRAGMA writable_schema = RESET";
        after(database, set, &[("altered-default", "`'b'`")]);
        return;
    }
    let body = "CREATE OR REPLACE FUNCTION job_initial() RETURNS job_status LANGUAGE sql STABLE";
    after(database, &format!("{body} RETURN 'b'::job_status"), &[("altered-function", "'b'")]);
    let text = format!("{body} AS $$ SELECT 'a'::job_status $$");
    after(database, &text, &[("altered-function", "job_initial")]);
    let drop = "ALTER TABLE jobs ALTER status DROP DEFAULT";
    after(database, drop, &[("altered-default", "no default")]);
    let other = "ALTER TABLE jobs ALTER status SET DEFAULT 'b'";
    after(database, other, &[("altered-default", "'b'")]);
}

fn finds_an_index_or_a_constraint_that_is_gone(database: Database) {
    for index in [
        "job_reports_event",
        "job_reports_seq",
        "job_reports_row",
        "job_reports_start",
        "job_reports_run",
        "jobs_created",
    ] {
        after(database, &format!("DROP INDEX {index}"), &[("missing-index", index)]);
    }
    let other = "DROP INDEX job_reports_seq; \
                 CREATE INDEX job_reports_seq ON job_reports (job_id, seq) WHERE answer = 'applied'";
    after(database, other, &[("altered-index", "job_reports_seq")]);
    if database == Database::Postgres {
        for (table, constraint, said) in [
            ("job_events", "job_events_pkey", "PRIMARY KEY (\"job_id\", \"seq\")"),
            ("job_pruned", "job_pruned_pkey", "PRIMARY KEY (\"job_id\")"),
            ("jobs", "jobs_pkey", "PRIMARY KEY (\"id\")"),
        ] {
            let sql = format!("ALTER TABLE {table} DROP CONSTRAINT {constraint}");
            after(database, &sql, &[("missing-constraint", said)]);
        }
    }
}

fn finds_a_column_of_the_history_that_is_gone(database: Database) {
    let (world, _folder, table) = jobs(database);
    world.sql(match database {
        Database::Postgres => "ALTER TABLE job_events DROP COLUMN language",
        Database::Sqlite => "PRAGMA writable_schema = ON;
            UPDATE sqlite_master SET sql = replace(sql, '  \"language\" TEXT NOT NULL,', '') WHERE name = 'job_events';
            PRAGMA writable_schema = RESET",
    });
    let looked = look(&world, &table);
    assert_eq!(looked.findings[0].rule.id, "missing-column", "{looked:?}");
    assert!(looked.findings[0].message.contains("`language`"), "{looked:?}");
}

fn advises_nobody_to_delete_a_row(database: Database) {
    let (world, _folder, table) = jobs(database);
    let insert = "INSERT INTO jobs (id, status) VALUES ('y', 'b')";
    world.sql(&past(database, JOB, "000_job_guard_insert", insert));
    let looked = look(&world, &table);
    holds(&looked, &[("row-without-history", "written past the guard")]);
    assert!(!looked.findings[0].help.contains("delete"), "{looked:?}");
}

fn tells_of_rows_without_a_status(database: Database) {
    let table = format!("{JOB}owns = false\nstorage = \"text\"\n");
    let (_folder, loaded) = loaded(&table);
    let world = World::empty(database, machine(&table), Schema::named("job"));
    world.sql(
        "CREATE TABLE jobs (id text PRIMARY KEY, status text); \
         INSERT INTO jobs VALUES ('x', NULL), ('y', NULL)",
    );
    world.sql(&schema(&table, database));
    let looked = look(&world, &loaded);
    holds(&looked, &[("rows-without-status", "2 rows")]);
    assert!(!looked.findings[0].is_error());
}

/// A table and the migrations that led to it, names and texts, as `migrate` wrote them for each of
/// some tables.
fn migrated(
    database: Database,
    texts: &[&str],
) -> (tempfile::TempDir, Loaded, Vec<Vec<[String; 2]>>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("table.toml");
    let folders = "migrations = \"migrations\"\n";
    let name = format!("{database:?}").to_lowercase();
    let mut files = Vec::new();
    for text in texts {
        fs::write(&path, format!("{text}{folders}")).unwrap();
        let loaded = load(&path).unwrap();
        let written = migrate(&loaded, Ask::Changes, WriteMode::Write);
        let written = written.unwrap_or_else(|error| panic!("{error}"));
        assert!(written.is_possible(), "{written:?}");
        let of_database = written.files.iter().filter(|file| file.contains(&format!("/{name}/")));
        let read = |file: &String| fs::read_to_string(loaded.root.join(file)).unwrap();
        let step: Vec<_> = of_database.map(|file| [file.clone(), read(file)]).collect();
        assert!(!step.is_empty(), "{written:?}");
        files.push(step);
    }
    let loaded = load(&path).unwrap();
    (folder, loaded, files)
}

fn says_that_a_migration_of_the_guard_alone_is_not_applied(database: Database) {
    let enforces = format!("{JOB}owns = false\nstorage = \"text\"\n");
    let observes = format!("{enforces}mode = \"observe\"\n");
    let (_folder, table, files) = migrated(database, &[&observes, &enforces]);
    let world = World::empty(database, machine(&enforces), Schema::named("job"));
    world.sql("CREATE TABLE jobs (id text PRIMARY KEY, status text)");
    files[0].iter().for_each(|[_, file]| world.sql(file));
    let looked = look(&world, &table);
    assert_eq!(looked.findings[0].rule.id, "behind", "{looked:?}");
    assert!(looked.findings[0].help.contains("0002_"), "{looked:?}");
    assert_eq!(looked.findings.len(), 1, "{looked:?}");
    files[1].iter().for_each(|[_, file]| world.sql(file));
    holds(&look(&world, &table), &[]);
}

fn says_that_a_migration_of_a_view_alone_is_not_applied(database: Database) {
    // What is said of a step out of an end is another thing where that has no outcome.
    let first = format!("{JOB}owns = false\nstorage = \"text\"\nmode = \"observe\"\n");
    let second = first.replace("outcome = \"success\"\n", "");
    let (_folder, table, files) = migrated(database, &[&first, &second]);
    let world = World::empty(database, machine(&second), Schema::named("job"));
    world.sql("CREATE TABLE jobs (id text PRIMARY KEY, status text)");
    for [name, file] in files.iter().flatten() {
        if !name.contains("0001_") {
            holds(&look(&world, &table), &[("behind", name)]);
        }
        world.sql(file);
    }
    holds(&look(&world, &table), &[]);
    // One that no one migrated to is somebody's own.
    world.sql("DROP VIEW job_observed; CREATE VIEW job_observed AS SELECT 1 AS a");
    holds(&look(&world, &table), &[("altered-view", "`job_observed`")]);
}

fn says_which_file_is_next(database: Database) {
    let text = format!("{JOB}storage = \"text\"\n");
    let named = |text: &str| {
        text.replace("name = \"b\"", "name = \"d\"\nrenamed_from = \"b\"")
            .replace("\"a\", \"b\"", "\"a\", \"d\"")
    };
    // A label that is new and the default; a name; and a name where it is text.
    let begins = JOB
        .replace("initial = \"a\"", "initial = \"z\"")
        .replace("[[state]]\nname = \"a\"", "[[state]]\nname = \"z\"\n[[state]]\nname = \"a\"")
        .replace("\"a\", \"b\"", "\"z\", \"a\", \"b\"");
    let later = named(&begins).replace("renamed_from = \"b\"", "");
    let later =
        later.replace("[target.sql]", "[[transition]]\nfrom = \"z\"\nto = \"d\"\n[target.sql]");
    for texts in [
        &[JOB, &begins][..],
        &[JOB, &named(JOB)],
        &[&text, &named(&text)],
        &[JOB, &begins, &named(&begins), &later],
    ] {
        let (_folder, table, files) = migrated(database, texts);
        let last = texts[texts.len() - 1];
        let world = World::empty(database, machine(last), Schema::named("job"));
        for (at, [name, file]) in files.iter().flatten().enumerate() {
            if at > 0 {
                let next = format!("apply the migration `{name}`");
                holds(&look(&world, &table), &[("behind", &next)]);
            }
            world.sql(file);
        }
        holds(&look(&world, &table), &[]);
    }
}

#[test]
#[ignore = "needs PostgreSQL: run by tests/run"]
fn finds_that_anybody_may_force() {
    let database = Database::Postgres;
    let public = "GRANT EXECUTE ON FUNCTION job_force(text, text, text, jsonb) TO PUBLIC";
    after(database, public, &[("open-function", "REVOKE ALL ON FUNCTION")]);
    let guard = "GRANT EXECUTE ON FUNCTION job_guard() TO PUBLIC";
    after(database, guard, &[("open-function", "job_guard")]);
    let off = "ALTER TABLE job_forcing DISABLE TRIGGER job_forcing";
    after(database, off, &[("disabled-trigger", "ENABLE TRIGGER \"job_forcing\"")]);
}

#[test]
#[ignore = "needs PostgreSQL: run by tests/run"]
fn finds_that_others_may_write_what_the_guard_judges_by() {
    let (world, _folder, loaded) = jobs(Database::Postgres);
    world
        .sql("CREATE ROLE holes_app LOGIN; CREATE ROLE holes_admin; GRANT postgres TO holes_admin");
    // What an application needs, and what those have anyway whose it all is.
    world.sql(
        "GRANT SELECT ON ALL TABLES IN SCHEMA public TO holes_app;
         GRANT INSERT, UPDATE, DELETE ON jobs TO holes_app; GRANT INSERT ON job_reports TO holes_app;
         GRANT ALL ON ALL TABLES IN SCHEMA public TO holes_admin",
    );
    let before = look(&world, &loaded);
    let mut found = Vec::new();
    let rights = [
        ("INSERT", "job_forcing", "PUBLIC"),
        ("INSERT", "job_events", "holes_app"),
        ("UPDATE (reason)", "job_forcing", "holes_app"),
        ("DELETE, UPDATE (events)", "job_pruned", "holes_app"),
        ("TRIGGER", "job_events", "holes_app"),
        ("TRIGGER", "jobs", "holes_app"),
        ("DELETE, TRIGGER, TRUNCATE, UPDATE", "job_reports", "holes_app"),
        ("UPDATE (answer)", "job_reports", "holes_app"),
    ];
    for (right, table, role) in rights {
        world.sql(&format!("GRANT {right} ON {table} TO {role}"));
        let looked = look(&world, &loaded);
        // What is advised mends it.
        looked
            .findings
            .iter()
            .for_each(|finding| world.sql(finding.help.split(':').next().unwrap()));
        found.push((looked, look(&world, &loaded)));
    }
    world.sql("DROP OWNED BY holes_app, holes_admin; DROP ROLE holes_app, holes_admin");
    holds(&before, &[]);
    for ((right, table, role), (looked, after)) in rights.into_iter().zip(found) {
        holds(&looked, &[("open-table", &format!("{role} has {right} on `{table}`"))]);
        assert!(looked.findings[0].is_error());
        holds(&after, &[]);
    }
}

#[test]
#[ignore = "needs PostgreSQL: run by tests/run"]
fn finds_triggers_that_come_before_the_guard_and_tables_that_it_does_not_guard() {
    let function =
        "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$";
    let trigger = |name: &str, when: &str| {
        format!("{function}; CREATE TRIGGER {name} {when} EXECUTE FUNCTION f()")
    };
    for (sql, rule, says, is_error) in [
        (
            trigger("drops", "BEFORE INSERT ON job_events FOR EACH ROW"),
            "foreign-trigger",
            "`drops` of `job_events` comes before what the guard writes",
            true,
        ),
        (
            trigger("\"000_a\"", "AFTER UPDATE ON jobs FOR EACH ROW"),
            "foreign-trigger",
            "`000_a` of `jobs` sorts before the guard",
            false,
        ),
        (
            "CREATE TABLE old_jobs () INHERITS (jobs)".to_owned(),
            "unguarded-child",
            "`public.old_jobs` inherits from `jobs`",
            true,
        ),
    ] {
        let (world, _folder, loaded) = jobs(Database::Postgres);
        world.sql(&sql);
        let looked = look(&world, &loaded);
        holds(&looked, &[(rule, says)]);
        let finding = &looked.findings[0];
        assert_eq!(finding.is_error(), is_error, "{sql}");
        // What is advised mends it.
        world.sql(finding.help.split(';').next().unwrap());
        holds(&look(&world, &loaded), &[]);
    }
    // What is written may be read by triggers, and a row changed before the guard sees it.
    for when in [
        "AFTER INSERT ON job_events FOR EACH ROW",
        "AFTER UPDATE ON jobs FOR EACH ROW",
        "BEFORE UPDATE ON jobs FOR EACH ROW",
        "AFTER UPDATE ON jobs FOR EACH STATEMENT",
    ] {
        let (world, _folder, loaded) = jobs(Database::Postgres);
        world.sql(&trigger("mine", when));
        holds(&look(&world, &loaded), &[]);
    }
}

#[test]
#[ignore = "needs PostgreSQL: run by tests/run"]
fn finds_a_rule_that_rewrites_what_is_written() {
    for (table, what, is_error) in [
        ("jobs", "INSERT TO jobs DO INSTEAD NOTHING", true),
        ("jobs", "UPDATE TO jobs DO INSTEAD NOTHING", true),
        ("job_events", "INSERT TO job_events DO INSTEAD NOTHING", true),
        ("jobs", "UPDATE TO jobs DO ALSO NOTIFY jobs", false),
    ] {
        let (world, _folder, loaded) = jobs(Database::Postgres);
        world.sql(&format!("CREATE RULE quiet AS ON {what}"));
        let looked = look(&world, &loaded);
        holds(&looked, &[("foreign-rule", &format!("`quiet` of `{table}`"))]);
        assert_eq!(looked.findings[0].is_error(), is_error, "{what}");
    }
}

#[test]
fn warns_of_a_stranger_s_trigger_on_our_tables() {
    let (world, _folder, loaded) = jobs(Database::Sqlite);
    world.sql("CREATE TRIGGER theirs AFTER INSERT ON jobs BEGIN SELECT 1; END");
    holds(&look(&world, &loaded), &[]);
    world.sql("CREATE TRIGGER quiet BEFORE INSERT ON job_events BEGIN SELECT RAISE(IGNORE); END");
    let looked = look(&world, &loaded);
    holds(&looked, &[("foreign-trigger", "`quiet`")]);
    assert!(!looked.findings[0].is_error());
}

#[test]
fn an_address_of_no_file_is_none() {
    let (world, _folder, table) = jobs(Database::Sqlite);
    for url in
        ["sqlite:", "sqlite://", "sqlite::memory:", "sqlite://?mode=ro", "sqlite:x?mode=memory"]
    {
        let message = away(world.run(live::look(&table, url)));
        assert!(message.contains("sqlite:FILE"), "{message}");
    }
}
