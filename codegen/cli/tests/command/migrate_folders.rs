//! `phasegate migrate` in the folders of the tools that run migrations: each is known by what lies in
//! it, and gets its files under the names and in the form that the tool takes.

use crate::binary::Folder;
use crate::migrations::{TABLE, grown, refuses, rules, texts};

/// A folder as a tool makes it, and what is to come into it.
struct Case {
    dialect: &'static str,
    at: &'static str,
    /// Its files, from the root.
    there: &'static [(&'static str, &'static str)],
    first: &'static [&'static str],
    second: &'static [&'static str],
    /// A file that somebody may write by hand under the number of the first.
    taken: Option<&'static str>,
    /// What is warned of with the first.
    warned: &'static [&'static str],
    /// A part of the first file, and of its way back.
    forward: &'static str,
    back: Option<(&'static str, &'static str)>,
}

const RUBY: &str = "class CreateUsers < ActiveRecord::Migration[7.1]\n  def change\n  end\nend\n";

const CASES: [Case; 9] = [
    Case {
        dialect: "postgres",
        at: "db/migrations",
        there: &[("db/migrations/0007_users.sql", "SELECT 1;\n")],
        first: &["db/migrations/0008_create_job.sql", "db/migrations/tables/0008.toml"],
        second: &["db/migrations/0009_change_job.sql", "db/migrations/tables/0009.toml"],
        taken: Some("db/migrations/0008_mine.sql"),
        warned: &[],
        forward: "\nCREATE TABLE",
        back: None,
    },
    // golang-migrate.
    Case {
        dialect: "postgres",
        at: "db/migrations",
        there: &[
            ("db/migrations/000002_users.up.sql", "SELECT 1;\n"),
            ("db/migrations/000002_users.down.sql", "SELECT 1;\n"),
        ],
        first: &[
            "db/migrations/000003_create_job.up.sql",
            "db/migrations/000003_create_job.down.sql",
            "db/migrations/tables/000003.toml",
        ],
        second: &[
            "db/migrations/000004_change_job.up.sql",
            "db/migrations/000004_change_job.down.sql",
            "db/migrations/tables/000004.toml",
        ],
        taken: Some("db/migrations/000003_mine.up.sql"),
        warned: &[],
        forward: "\nCREATE TABLE",
        back: Some(("db/migrations/000003_create_job.down.sql", "RAISE EXCEPTION 'phasegate: ")),
    },
    Case {
        dialect: "postgres",
        at: "sql",
        there: &[
            ("sql/V1.2__users.sql", "SELECT 1;\n"),
            ("sql/V1.10__orders.sql", "SELECT 1;\n"),
            ("sql/R__views.sql", "SELECT 1;\n"),
            ("sql/afterMigrate.sql", "SELECT 1;\n"),
        ],
        first: &["sql/V1.11__create_job.sql", "sql/tables/1.11.toml"],
        second: &["sql/V1.12__change_job.sql", "sql/tables/1.12.toml"],
        taken: Some("sql/V1.11__mine.sql"),
        warned: &[],
        forward: "\nCREATE TABLE",
        back: None,
    },
    Case {
        dialect: "sqlite",
        at: "sql",
        there: &[("sql/V7__users.sql", "SELECT 1;\n"), ("sql/U7__users.sql", "SELECT 1;\n")],
        first: &["sql/V8__create_job.sql", "sql/U8__create_job.sql", "sql/tables/8.toml"],
        second: &["sql/V9__change_job.sql", "sql/U9__change_job.sql", "sql/tables/9.toml"],
        taken: Some("sql/V8__mine.sql"),
        warned: &[],
        forward: "\nCREATE TABLE",
        back: Some(("sql/U8__create_job.sql", "SELECT phasegate_cannot_take")),
    },
    Case {
        dialect: "postgres",
        at: "migrations",
        there: &[
            ("migrations/.keep", ""),
            ("migrations/00000000000000_diesel_initial_setup/up.sql", "SELECT 1;\n"),
            ("migrations/00000000000000_diesel_initial_setup/down.sql", "SELECT 1;\n"),
            ("migrations/2024-01-01-000000_users/up.sql", "SELECT 1;\n"),
            ("migrations/2024-01-01-000000_users/down.sql", "SELECT 1;\n"),
        ],
        first: &[
            "migrations/2024-01-01-000001_create_job/up.sql",
            "migrations/2024-01-01-000001_create_job/down.sql",
            "migrations-tables/2024-01-01-000001.toml",
        ],
        second: &[
            "migrations/2024-01-01-000002_change_job/up.sql",
            "migrations/2024-01-01-000002_change_job/down.sql",
            "migrations-tables/2024-01-01-000002.toml",
        ],
        taken: Some("migrations/2024-01-01-000001_mine/up.sql"),
        warned: &[],
        forward: "\nCREATE TABLE",
        back: Some((
            "migrations/2024-01-01-000001_create_job/down.sql",
            "RAISE EXCEPTION 'phasegate: ",
        )),
    },
    Case {
        dialect: "sqlite",
        at: "prisma/migrations",
        there: &[
            ("prisma/schema.prisma", ""),
            ("prisma/migrations/migration_lock.toml", "provider = \"sqlite\"\n"),
            ("prisma/migrations/20240101000000_init/migration.sql", "SELECT 1;\n"),
        ],
        first: &[
            "prisma/migrations/20240101000001_create_job/migration.sql",
            "prisma/migrations-tables/20240101000001.toml",
        ],
        second: &[
            "prisma/migrations/20240101000002_change_job/migration.sql",
            "prisma/migrations-tables/20240101000002.toml",
        ],
        taken: Some("prisma/migrations/20240101000001_mine/migration.sql"),
        warned: &["unknown-to-tool"],
        forward: "\n\nBEGIN IMMEDIATE;\n\n",
        back: None,
    },
    Case {
        dialect: "postgres",
        at: "db/migrate",
        there: &[
            ("db/migrate/20240101000000_create_users.rb", RUBY),
            // A class of that name is there already, and Rails takes no second.
            ("db/migrate/20230101000000_create_job.rb", RUBY),
        ],
        first: &[
            "db/migrate/20240101000001_create_job_2.rb",
            "db/migrate/tables/20240101000001.toml",
        ],
        second: &[
            "db/migrate/20240101000002_change_job.rb",
            "db/migrate/tables/20240101000002.toml",
        ],
        taken: Some("db/migrate/20240101000001_mine.rb"),
        warned: &["unknown-to-tool"],
        forward: "\nclass CreateJob2 < ActiveRecord::Migration[ActiveRecord::Migration.current_version]\n  \
                  def up\n    connection.execute(<<-'PHASEGATE')\n",
        back: Some((
            "db/migrate/20240101000001_create_job_2.rb",
            "\n  def down\n    raise ActiveRecord::IrreversibleMigration, \"phasegate: ",
        )),
    },
    // Nothing is there yet: the path says whose it is.
    Case {
        dialect: "sqlite",
        at: "db/migrate",
        there: &[],
        first: &[
            "db/migrate/00000000000001_create_job.rb",
            "db/migrate/tables/00000000000001.toml",
        ],
        second: &[
            "db/migrate/00000000000002_change_job.rb",
            "db/migrate/tables/00000000000002.toml",
        ],
        taken: Some("db/migrate/00000000000001_mine.rb"),
        warned: &["unknown-to-tool"],
        forward: "\n    connection.raw_connection.execute_batch2(<<-'PHASEGATE')\n",
        back: None,
    },
    Case {
        dialect: "postgres",
        at: "alembic/versions",
        there: &[
            ("alembic/env.py", ""),
            (
                "alembic/versions/1975ea83b712_users.py",
                "revision: str = '1975ea83b712'\ndown_revision: Union[str, None] = None\n",
            ),
            (
                "alembic/versions/ae1027a6acf_orders.py",
                "revision = 'ae1027a6acf'\ndown_revision = '1975ea83b712'\n",
            ),
        ],
        first: &["alembic/versions/*_create_job.py", "alembic/versions/tables/0003.toml"],
        second: &["alembic/versions/*_change_job.py", "alembic/versions/tables/0004.toml"],
        taken: None,
        warned: &["unknown-to-tool"],
        forward: "\ndown_revision = \"ae1027a6acf\"\n",
        back: None,
    },
];

fn table(text: &str, case: &Case) -> String {
    format!("{text}dialects = [\"{0}\"]\nmigrations = {{ {0} = \"{1}\" }}\n", case.dialect, case.at)
}

/// The folder, and the names that came into it with each of two migrations.
fn twice(case: &Case) -> Folder {
    let folder = Folder::with("job.toml", &table(TABLE, case));
    for (path, text) in case.there {
        folder.write(path, text);
    }
    for (text, came, warned) in
        [(TABLE.to_owned(), case.first, case.warned), (grown(), case.second, &[][..])]
    {
        folder.write("job.toml", table(&text, case));
        let before = folder.files();
        let ran = folder.run(&["migrate", "--format", "json"]);
        assert_eq!(
            (ran.code, rules(&ran)),
            (Some(0), warned.iter().map(|w| (*w).to_owned()).collect())
        );
        let mut new: Vec<String> = folder.files();
        new.retain(|file| !before.contains(file));
        let is = |file: &str, expected: &str| match expected.split_once('*') {
            None => file == expected,
            Some((start, end)) => {
                let name = file.strip_prefix(start).and_then(|rest| rest.strip_suffix(end));
                name.is_some_and(|name| name.len() == 12)
            }
        };
        assert_eq!(new.len(), came.len(), "{new:?}");
        for expected in came {
            assert!(new.iter().any(|file| is(file, expected)), "{expected} in {new:?}");
        }
        assert!(folder.run(&["migrate"]).out.contains("nothing has changed"));
    }
    folder
}

/// The path of a file that came, whatever its revision is called.
fn path(folder: &Folder, expected: &str) -> String {
    let end = expected.rsplit('*').next().expect("it has an end").to_owned();
    folder.files().into_iter().find(|file| file.ends_with(&end)).expect("it came")
}

#[test]
fn each_folder_is_known_by_what_lies_in_it_and_goes_on_in_its_form() {
    for case in &CASES {
        let folder = twice(case);
        let text = folder.read(&path(&folder, case.first[0]));
        let first = text.lines().next().expect("it has lines");
        assert!(
            first
                .trim_start_matches(['-', '#', ' '])
                .starts_with("Generated by phasegate for the "),
            "{first}"
        );
        assert!(text.contains(case.forward) && text.contains("job_events"), "{text}");
        if let Some((back, says)) = case.back {
            let text = folder.read(back);
            assert!(text.contains(says) && text.contains("there is no way back"), "{text}");
        }
        assert_eq!(folder.run(&["generate"]).code, Some(0));
        assert_eq!(folder.run(&["check"]).code, Some(0));
    }
}

#[test]
fn what_was_changed_by_hand_is_found_in_every_folder() {
    for case in &CASES {
        let folder = twice(case);
        let [first, second] = [case.first, case.second].map(|files| path(&folder, files[0]));
        let whole = texts(&folder);
        let again = || {
            for (path, text) in &whole {
                folder.write(path, text);
            }
        };
        folder.write(&first, folder.read(&first) + "\n");
        assert_eq!(refuses(&folder, &["migration-edited"])[0]["path"], first);
        again();
        std::fs::remove_file(folder.path(&first)).expect("it was there");
        assert_eq!(refuses(&folder, &["migration-missing"])[0]["path"], first);
        again();
        // The newest table is gone, and its migrations are here.
        let last = case.second.last().expect("a table");
        std::fs::remove_file(folder.path(last)).expect("it was there");
        let files = if case.first[0].contains(".up.sql") { 2 } else { 1 };
        let found = refuses(&folder, &["migration-unrecorded"; 2][..files]);
        let unit = found[files - 1]["path"].as_str().expect("a path").to_owned();
        assert!(second.starts_with(&unit), "{unit} {second}");
        again();
        // The first step is gone whole.
        for file in texts(&folder).into_iter().map(|(file, _)| file) {
            if file.contains("create_job") && file != "db/migrate/20230101000000_create_job.rb"
                || file == *case.first.last().expect("a table")
            {
                std::fs::remove_file(folder.path(&file)).expect("it was there");
            }
        }
        refuses(&folder, &["migration-missing"]);
        again();
        if let Some(taken) = case.taken {
            folder.write(taken, "SELECT 1;\n");
            refuses(&folder, &["number-taken"]);
            std::fs::remove_file(folder.path(taken)).expect("it was there");
            if let Some((unit, "up.sql" | "migration.sql")) = taken.rsplit_once('/') {
                std::fs::remove_dir(folder.path(unit)).expect("it was there");
            }
        }
        assert_eq!(folder.run(&["migrate"]).code, Some(0));
    }
}

#[test]
fn a_branch_that_went_on_from_the_same_revision_is_told_of() {
    let case = CASES.last().expect("Alembic is the last");
    let folder = twice(case);
    folder.write(
        "alembic/versions/c0ffee_branch.py",
        "revision = 'c0ffee'\ndown_revision = 'ae1027a6acf'\n",
    );
    // Nothing is to be written: it is between the tool and its user.
    assert_eq!(folder.run(&["migrate"]).code, Some(0));
    let more = grown().replace("name = \"held\"", "name = \"held\"\n[[state]]\nname = \"kept\"")
        + "[[transition]]\npath = [\"held\", \"kept\", \"done\"]\n";
    let more = more.replace("[target.sql]\n", "") + "[target.sql]\n";
    folder.write("job.toml", table(&more, case));
    let findings = refuses(&folder, &["several-heads", "not-migrated"][..1]);
    assert!(findings[0]["message"].as_str().expect("it says").contains("`c0ffee`"));
    // The way that the help gives.
    let head = path(&folder, case.second[0]);
    let head = head.rsplit('/').next().expect("a name")[..12].to_owned();
    folder.write(
        "alembic/versions/feed_merge.py",
        format!("revision = 'feed'\ndown_revision = (\n    '{head}',\n    'c0ffee',\n)\n"),
    );
    assert_eq!(folder.run(&["migrate"]).code, Some(0));
    assert!(folder.path("alembic/versions/tables/0006.toml").exists(), "{:?}", folder.files());
    let texts = texts(&folder);
    let follows = texts
        .iter()
        .filter(|(_, text)| String::from_utf8_lossy(text).contains("down_revision = \"feed\"\n"));
    assert_eq!(follows.count(), 1);
}

#[test]
fn a_folder_of_several_tools_is_refused_until_it_is_plain_whose_it_is() {
    let folder = Folder::with("job.toml", TABLE);
    folder.write("migrations/postgres/V1__users.sql", "SELECT 1;\n");
    folder.write("migrations/postgres/0001_orders.sql", "SELECT 1;\n");
    let ran = folder.run(&["migrate", "--format", "json"]);
    assert_eq!((ran.code, rules(&ran)), (Some(1), vec!["mixed-layouts".to_owned()]), "{ran:?}");
    let message = ran.json()["findings"][0]["message"].clone();
    assert_eq!(message, "migrations/ has migrations as sqlx and Flyway name them");
    // The way that the help gives.
    let own = "migrations = { postgres = \"pg\" }\n";
    folder.write("job.toml", format!("{TABLE}{own}"));
    assert_eq!(folder.run(&["migrate"]).code, Some(0));
    assert!(folder.path("pg/0001_create_job.sql").exists(), "{:?}", folder.files());
    // Where phasegate's own are, it goes on as they are, and says what it passes over.
    folder.write("pg/V1__users.sql", "SELECT 1;\n");
    assert_eq!(folder.run(&["migrate"]).code, Some(0));
    folder.write("job.toml", format!("{}{own}", grown()));
    let ran = folder.run(&["migrate", "--format", "json"]);
    assert_eq!((ran.code, rules(&ran)), (Some(0), vec!["not-numbered".to_owned()]), "{ran:?}");
    let message = ran.json()["findings"][0]["message"].clone();
    assert_eq!(
        message,
        "pg/ has migrations that are not named as sqlx takes them: `V1__users.sql`"
    );
    assert!(folder.path("pg/0002_change_job.sql").exists(), "{:?}", folder.files());
    // Not at every look.
    assert_eq!(folder.run(&["generate"]).code, Some(0));
    assert_eq!(rules(&folder.run(&["check", "--format", "json"])), [""; 0]);
}

#[test]
fn what_flyway_would_replace_in_a_state_it_is_kept_from() {
    let table = TABLE.replace("name = \"new\"\n", "name = \"new\"\nvalue = \"${new}\"\n");
    let folder = Folder::with("job.toml", &format!("{table}dialects = [\"postgres\"]\n"));
    folder.write("migrations/postgres/V1__users.sql", "SELECT 1;\n");
    assert_eq!(folder.run(&["migrate"]).code, Some(0));
    let conf = folder.read("migrations/postgres/V2__create_job.sql.conf");
    assert_eq!(conf, "placeholderReplacement=false\n");
    folder.write("migrations/postgres/V2__create_job.sql.conf", "");
    refuses(&folder, &["migration-edited"]);
}

#[test]
fn a_migration_that_is_a_folder_leaves_none_behind_where_it_cannot_be_written() {
    let folder = Folder::with("job.toml", TABLE);
    folder.write("migrations/postgres/2024-01-01-000000_users/up.sql", "SELECT 1;\n");
    let out = Folder::new();
    std::os::unix::fs::symlink(out.path(""), folder.path("migrations/sqlite"))
        .expect("it can be made");
    let ran = folder.run(&["migrate"]);
    assert_eq!(ran.code, Some(2), "{ran:?}");
    let left = std::fs::read_dir(folder.path("migrations/postgres")).expect("it is there").count();
    assert_eq!(left, 1, "an empty folder is no migration of Diesel's");
}

#[test]
fn migrations_of_another_dialect_and_tool_below_one_folder_want_folders_of_their_own() {
    let folder = Folder::with("job.toml", TABLE);
    folder.write("migrations/postgres/0001_users.sql", "SELECT 1;\n");
    folder.write("migrations/sqlite/20240101000000_users.rb", RUBY);
    let ran = folder.run(&["migrate", "--format", "json"]);
    assert_eq!((ran.code, rules(&ran)), (Some(1), vec!["mixed-layouts".to_owned()]), "{ran:?}");
}

/// What says so is looked at, and not what is commented out.
#[test]
fn rails_that_keeps_its_schema_as_sql_is_not_told_to() {
    for (setting, expected) in [
        ("    config.active_record.schema_format = :sql # functions and triggers\n", &[][..]),
        ("    # config.active_record.schema_format = :sql\n", &["unknown-to-tool"]),
        ("    config.active_record.schema_format = :ruby\n", &["unknown-to-tool"]),
    ] {
        let own = "dialects = [\"postgres\"]\nmigrations = { postgres = \"db/migrate\" }\n";
        let folder = Folder::with("job.toml", &format!("{TABLE}{own}"));
        folder.write(
            "config/application.rb",
            format!("module Shop\n  class Application\n{setting}  end\nend\n"),
        );
        let ran = folder.run(&["migrate", "--format", "json"]);
        let expected: Vec<String> = expected.iter().map(|rule| (*rule).to_owned()).collect();
        assert_eq!((ran.code, rules(&ran)), (Some(0), expected), "{setting}: {ran:?}");
    }
}

#[test]
fn only_migrations_that_sqlx_runs_are_applied() {
    for (at, file, text, command) in [
        ("db/migrate", "20240101000000_create_users.rb", RUBY, "`bin/rails db:migrate`"),
        (
            "prisma/migrations",
            "20240101000000_init/migration.sql",
            "SELECT 1;\n",
            "`npx prisma migrate deploy`",
        ),
        (
            "alembic/versions",
            "1975ea83b712_users.py",
            "revision = '1975ea83b712'\ndown_revision = None\n",
            "`alembic upgrade head`",
        ),
        ("sql", "V1__users.sql", "SELECT 1;\n", "`flyway migrate`"),
        ("migrations", "2024-01-01-000000_users/up.sql", "SELECT 1;\n", "`diesel migration run`"),
        ("db", "000001_users.up.sql", "SELECT 1;\n", "`migrate -path FOLDER -database URL up`"),
    ] {
        let own = format!("dialects = [\"sqlite\"]\nmigrations = {{ sqlite = \"{at}\" }}\n");
        let folder = Folder::with("job.toml", &format!("{TABLE}{own}"));
        folder.write(&format!("{at}/{file}"), text);
        folder.write("alembic/env.py", "");
        folder.write("app.db", "");
        assert_eq!(folder.run(&["migrate"]).code, Some(0));
        let ran = folder.run(&["migrate", "--apply", "--database-url", "sqlite:app.db"]);
        assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""), "{ran:?}");
        assert!(ran.err.contains(command) && ran.err.contains(at), "{ran:?}");
        assert_eq!(folder.read("app.db"), "", "the database is touched");
    }
    // What sqlx runs is applied, and pairs are what it runs in a package of Rust's.
    let users = "migrations/sqlite/0001_users.up.sql";
    for (pair, marks, code) in [
        (None, &[][..], 0),
        (Some(users), &["Cargo.toml"], 0),
        (Some(users), &["Cargo.toml", "migrations/go.mod"], 2),
        (Some(users), &["go.mod"], 2),
    ] {
        let folder = Folder::with("job.toml", &format!("{TABLE}dialects = [\"sqlite\"]\n"));
        for file in marks.iter().copied().chain(pair) {
            folder.write(file, "SELECT 1;\n");
        }
        folder.write("app.db", "");
        assert_eq!(folder.run(&["migrate"]).code, Some(0));
        let ran = folder.run(&["migrate", "--apply", "--database-url", "sqlite:app.db"]);
        assert_eq!(ran.code, Some(code), "{marks:?}: {ran:?}");
        assert_eq!(ran.err.contains("are golang-migrate's"), code == 2, "{marks:?}: {ran:?}");
    }
}
