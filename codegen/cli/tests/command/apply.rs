//! `phasegate migrate --apply`: which files it ran, and what to do where what they make is there already.

use std::process::Command;

use crate::binary::{Folder, Ran, finish};
use crate::migrations::{TABLE, grown, migrated, rules};

const APPLY: [&str; 4] = ["migrate", "--apply", "--database-url", "sqlite:app.db"];

/// Runs statements on the database, each by itself.
fn sqlite(folder: &Folder, script: &str) {
    use sqlx::{AssertSqlSafe, Connection as _};
    let url = format!("sqlite:{}?mode=rwc", folder.path("app.db").display());
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let mut conn = sqlx::SqliteConnection::connect(&url).await.unwrap();
        sqlx::raw_sql(AssertSqlSafe(script.to_owned())).execute(&mut conn).await.unwrap();
    });
}

#[test]
fn says_what_it_ran_and_that_the_file_is_new() {
    let folder = migrated(TABLE);
    let ran = folder.run(&APPLY);
    assert_eq!(
        (ran.code, ran.out.as_str()),
        (
            Some(0),
            "made app.db: there was no such file\nran migrations/sqlite/0001_create_job.sql\n\
             migrations/sqlite: the database has all of its migrations\n"
        ),
        "{ran:?}"
    );
    let ran = folder.run(&APPLY);
    assert_eq!(
        ran.out,
        "migrations/sqlite: nothing to run, the database has all of its migrations\n"
    );
    folder.write("job.toml", grown());
    assert_eq!(folder.run(&["migrate"]).code, Some(0));
    let ran = folder.run(&[&APPLY[..], &["--format", "json"]].concat());
    let json = ran.json();
    assert_eq!(
        json["ran"],
        serde_json::json!(["migrations/sqlite/0002_change_job.sql"]),
        "{ran:?}"
    );
    assert_eq!(json["made"], serde_json::Value::Null);
}

#[test]
fn leads_out_where_the_file_was_run_by_hand() {
    let folder = migrated(TABLE);
    sqlite(&folder, &folder.read("migrations/sqlite/0001_create_job.sql"));
    let ran = folder.run(&APPLY);
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(
        ran.err.starts_with("phasegate: sqlite:app.db: the migrations could not be run"),
        "{ran:?}"
    );
    say_so(&folder, &ran);
    let ran = folder.run(&APPLY);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    folder.write("job.toml", grown());
    assert_eq!(folder.run(&["migrate"]).code, Some(0));
    let ran = folder.run(&APPLY);
    assert!(ran.out.contains("ran migrations/sqlite/0002_change_job.sql"), "{ran:?}");
}

/// Says in the database that the first file was run, by the statements that are printed for that.
#[track_caller]
fn say_so(folder: &Folder, ran: &Ran) {
    let makes = "What migrations/sqlite/0001_create_job.sql makes is there already: all of the file was run";
    assert!(ran.err.contains(makes), "{ran:?}");
    let statements: Vec<&str> =
        ran.err.lines().filter_map(|line| line.strip_prefix("  ")).collect();
    assert_eq!(statements.len(), 2, "{ran:?}");
    sqlite(folder, &statements.concat());
}

#[test]
fn leads_out_where_a_later_migration_is_pending_too() {
    let folder = migrated(TABLE);
    sqlite(&folder, &folder.read("migrations/sqlite/0001_create_job.sql"));
    folder.write("job.toml", grown());
    assert_eq!(folder.run(&["migrate"]).code, Some(0));
    let ran = folder.run(&APPLY);
    say_so(&folder, &ran);
    let ran = folder.run(&APPLY);
    assert!(ran.out.contains("ran migrations/sqlite/0002_change_job.sql"), "{ran:?}");
}

#[test]
fn says_what_is_missing_where_the_file_was_run_in_part() {
    let folder = migrated(TABLE);
    sqlite(&folder, &folder.read("migrations/sqlite/0001_create_job.sql"));
    sqlite(&folder, "DROP TRIGGER \"000_job_guard_insert\"");
    let ran = folder.run(&APPLY);
    assert!(ran.err.contains("not all of it is as the file makes it"), "{ran:?}");
    assert!(ran.err.contains("`000_job_guard_insert` of `jobs` is missing"), "{ran:?}");
    assert!(!ran.err.contains("_sqlx_migrations"), "{ran:?}");
}

/// The application has a table of the name that phasegate's was to have: both commands lead to one that is guarded.
#[test]
fn leads_out_where_the_table_is_the_application_s() {
    let dialects = "dialects = [\"sqlite\"]\n";
    let folder = migrated(&format!("{TABLE}{dialects}"));
    sqlite(&folder, "CREATE TABLE jobs (id TEXT PRIMARY KEY, status TEXT DEFAULT 'new')");
    let applied = folder.run(&APPLY);
    assert_eq!(applied.code, Some(2), "{applied:?}");
    let checked = folder.run(&["check", "--database-url", "sqlite:app.db"]);
    for said in [&applied.err, &checked.out] {
        assert!(said.contains("say `owns = false` in [target.sql]"), "{said}");
        assert!(said.contains("remove `migrations/sqlite/0001_create_job.sql`"), "{said}");
    }
    folder.write("job.toml", format!("{TABLE}{dialects}owns = false\nstorage = \"text\"\n"));
    folder.remove("migrations/sqlite/0001_create_job.sql");
    folder.remove("migrations/tables/0001.toml");
    assert_eq!(folder.run(&["migrate"]).code, Some(0));
    let ran = folder.run(&APPLY);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let ran = folder.run(&["check", "--database-url", "sqlite:app.db"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
}

#[test]
fn leads_out_where_the_table_cannot_be_guarded_as_the_file_says() {
    let text = |key: &str| {
        format!(
            "{TABLE}dialects = [\"sqlite\"]\nowns = false\nstorage = \"text\"\nkey = \"{key}\"\n"
        )
    };
    let folder = migrated(&text("uid"));
    sqlite(&folder, "CREATE TABLE jobs (id TEXT PRIMARY KEY, status TEXT)");
    let ran = folder.run(&APPLY);
    assert!(ran.err.contains("cannot be guarded: it has no column uid"), "{ran:?}");
    assert!(ran.err.contains("remove the files of that number in each folder"), "{ran:?}");
    // The change alone is refused, and that says so, too.
    folder.write("job.toml", text("id"));
    let ran = folder.run(&["migrate"]);
    assert!(ran.out.contains("remove their files and their tables/NNNN.toml"), "{ran:?}");
    folder.remove("migrations/sqlite/0001_create_job.sql");
    folder.remove("migrations/tables/0001.toml");
    assert_eq!(folder.run(&["migrate"]).code, Some(0));
    assert_eq!(folder.run(&APPLY).code, Some(0));
}

#[test]
fn refuses_a_database_that_ends_with_the_command() {
    let folder = migrated(TABLE);
    for url in ["sqlite::memory:", "sqlite://:memory:", "sqlite:x.db?mode=memory", "sqlite:"] {
        let ran = folder.run(&["migrate", "--apply", "--database-url", url]);
        assert_eq!(ran.code, Some(2), "{url}: {ran:?}");
        assert!(ran.err.contains("ends with this command"), "{url}: {ran:?}");
    }
    // It is no more than a file's name here.
    let ran = folder.run(&["migrate", "--apply", "--database-url", "sqlite:memory.db"]);
    assert!(ran.out.contains("made memory.db"), "{ran:?}");
}

#[test]
fn names_the_database_that_is_not_to_be_had() {
    let folder = migrated(TABLE);
    let url = "postgres://u:s3cret@127.0.0.1:1/app";
    let ran = folder.run(&["migrate", "--apply", "--database-url", url]);
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(
        ran.err.contains("postgres://127.0.0.1:1/app: ") && !ran.err.contains("s3cret"),
        "{ran:?}"
    );
}

#[test]
fn a_table_whose_target_is_gone_says_that_databases_keep_the_guards() {
    let folder = migrated(TABLE);
    assert_eq!(folder.run(&APPLY).code, Some(0));
    folder.write("job.toml", TABLE.replace("[target.sql]\n", ""));
    for command in [&["check"][..], &["migrate"], &["migrate", "--remove"]] {
        let ran = folder.run(command);
        assert!(ran.out.contains("[machine-left]"), "{command:?}: {ran:?}");
        let way = "put [target.sql] back as migrations/tables/0001.toml has it, run `phasegate migrate --remove job.toml`";
        assert!(ran.out.contains(way), "{command:?}: {ran:?}");
    }
    folder.write("job.toml", TABLE);
    assert_eq!(folder.run(&["migrate", "--remove"]).code, Some(0));
    assert_eq!(folder.run(&APPLY).code, Some(0));
    folder.write("job.toml", TABLE.replace("[target.sql]\n", ""));
    let ran = folder.run(&["migrate"]);
    assert!(!ran.out.contains("[machine-left]"), "{ran:?}");
}

#[test]
fn a_migration_of_sqlites_says_how_it_is_run_in_one_transaction() {
    let folder = migrated(TABLE);
    let file = "migrations/sqlite/0001_create_job.sql";
    let text = folder.read(file);
    let line = text.lines().find_map(|line| line.strip_prefix("-- sqlite3 ")).expect("it says how");
    // Half of it is there: the file changes nothing, whatever comes after that.
    sqlite(&folder, "CREATE TABLE job_events (x); CREATE TABLE other (x);");
    let run = |database: &str| {
        let command = format!("sqlite3 {}", line.replace("app.db", database).replace("FILE", file));
        finish(Command::new("bash").args(["-c", &command]).current_dir(folder.path("")), b"")
    };
    let ran = run("app.db");
    assert_ne!(ran.code, Some(0), "{ran:?}");
    let tables = "sqlite3 app.db .tables";
    let left = finish(Command::new("bash").args(["-c", tables]).current_dir(folder.path("")), b"");
    assert_eq!(left.out.split_whitespace().collect::<Vec<_>>(), ["job_events", "other"]);
    assert_eq!(run("new.db").code, Some(0));
    let ran = folder.run(&["check", "--database-url", "sqlite:new.db"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
}

/// What the database says before a file is written: a warning lets it be written, an error does not.
#[test]
fn what_a_migration_would_be_refused_for_is_said_before_it_is_written() {
    let own = "dialects = [\"sqlite\"]\nowns = false\nstorage = \"text\"\n";
    let folder = Folder::with("job.toml", &format!("{TABLE}{own}"));
    sqlite(
        &folder,
        "CREATE TABLE jobs (id TEXT, status TEXT CHECK (status <> 'done')); CREATE INDEX k ON jobs (id)",
    );
    sqlite(&folder, "INSERT INTO jobs VALUES ('a', 'new'), ('a', 'new')");
    let look = ["migrate", "--database-url", "sqlite:app.db", "--format", "json"];
    let before = folder.files();
    let ran = folder.run(&look);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert_eq!(rules(&ran), ["key-shared", "check-refuses"]);
    assert_eq!(folder.files(), before, "nothing is written");
    sqlite(&folder, "DELETE FROM jobs");
    let ran = folder.run(&look);
    assert_eq!((ran.code, rules(&ran)), (Some(0), vec!["check-refuses".to_owned()]), "{ran:?}");
    assert!(folder.path("migrations/sqlite/0001_create_job.sql").exists(), "{ran:?}");
}

#[test]
fn says_why_it_runs_nothing() {
    let folder = migrated(TABLE);
    let path = "migrations/sqlite/0001_create_job.sql";
    folder.write(path, &(folder.read(path) + "-- edited\n"));
    let ran = folder.run(&APPLY);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.out.contains("[migration-edited]") && ran.out.contains(path), "{ran:?}");
    assert!(!folder.path("app.db").exists());
}
