//! Each way out that a refusal or a finding about migrations names is gone to its end, and ends in a
//! database that is as the table gives it.

use crate::common::cluster;
use std::fs;
use std::path::PathBuf;

use phasegate_cli::live;
use phasegate_codegen::artifact::WriteMode;
use phasegate_codegen::emit::sql::Dialect;
use phasegate_codegen::finding::Finding;
use phasegate_codegen::migrate::{Ask, migrate};
use sqlx::Connection as _;
use sqlx::migrate::Migrator;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};

use crate::common::live::looked;
use crate::common::sql::{Db as _, connect};

/// A table and its migrations.
struct Project {
    folder: tempfile::TempDir,
    dialect: Dialect,
}

/// A database that they are applied to.
struct Database {
    url: String,
    _folder: tempfile::TempDir,
}

impl Database {
    /// With an application's own tables.
    async fn with(dialect: Dialect, own: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = match dialect {
            Dialect::Postgres => cluster::database().await,
            Dialect::Sqlite => {
                let file = folder.path().join("app.db");
                let options = SqliteConnectOptions::new().filename(&file).create_if_missing(true);
                SqliteConnection::connect_with(&options).await.unwrap().close().await.unwrap();
                format!("sqlite:{}", file.display())
            }
        };
        let database = Self { url, _folder: folder };
        database.ok(own).await;
        database
    }

    async fn run(&self, sql: &str) -> Result<(), String> {
        if self.url.starts_with("sqlite") {
            SqliteConnection::connect(&self.url).await.unwrap().run(sql).await
        } else {
            connect(&self.url).await.run(sql).await
        }
    }

    async fn ok(&self, sql: &str) {
        self.run(sql).await.unwrap_or_else(|error| panic!("{error}\nin: {sql}"));
    }

    async fn refuses(&self, sql: &str) {
        let said = self.run(sql).await.expect_err(sql);
        assert!(said.contains("phasegate: "), "{said}");
    }
}

impl Project {
    fn new(dialect: Dialect) -> Self {
        Self { folder: tempfile::tempdir().unwrap(), dialect }
    }

    fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    /// Sets the table and migrates to it; the rules of what is warned of.
    #[track_caller]
    fn migrate(&self, table: &str) -> Vec<&'static str> {
        fs::write(self.path("table.toml"), table).unwrap();
        let loaded = phasegate_codegen::load(&self.path("table.toml")).unwrap();
        let migrated = migrate(&loaded, Ask::Changes, WriteMode::Write).unwrap();
        assert!(migrated.is_possible() && !migrated.files.is_empty(), "{migrated:?}");
        migrated.findings.iter().map(|finding| finding.rule.id).collect()
    }

    /// Removes the step of a number whole.
    fn take_back(&self, number: &str) {
        let mut removed = 0;
        for folder in ["postgres", "sqlite", "tables"] {
            for entry in fs::read_dir(self.path(&format!("migrations/{folder}"))).unwrap() {
                let path = entry.unwrap().path();
                if path.file_name().unwrap().to_str().unwrap().starts_with(number) {
                    fs::remove_file(path).unwrap();
                    removed += 1;
                }
            }
        }
        assert_eq!(removed, 3);
    }

    /// Applies all that is not, as sqlx does.
    async fn apply(&self, database: &Database) -> Result<(), String> {
        let folder = self.path(&format!("migrations/{}", self.dialect.as_str()));
        let migrator = Migrator::new(folder).await.unwrap();
        let applied = if database.url.starts_with("sqlite") {
            migrator.run(&mut SqliteConnection::connect(&database.url).await.unwrap()).await
        } else {
            migrator.run(&mut connect(&database.url).await).await
        };
        applied.map_err(|error| error.to_string())
    }

    async fn look(&self, database: &Database) -> Vec<Finding> {
        let loaded = phasegate_codegen::load(&self.path("table.toml")).unwrap();
        looked(live::look(&loaded, &database.url).await).findings
    }

    async fn is_as_it_should_be(&self, database: &Database) {
        let findings = self.look(database).await;
        assert!(!findings.iter().any(Finding::is_error), "{findings:#?}");
    }
}

on_each_database! {
    [super::Dialect::Sqlite, super::Dialect::Postgres]
    a_switch_that_rows_stop_goes_on_once_it_knows_their_states
    a_first_migration_that_rows_stop_is_made_anew
    a_first_migration_that_others_have_run_goes_on_once_its_rows_are_mended
    a_default_that_starts_no_row_any_more_is_said_and_found
    two_states_swap_their_names_through_a_third
}

const OWN: &str = "CREATE TABLE orders (id text PRIMARY KEY, status text DEFAULT 'new');
    INSERT INTO orders VALUES ('a', 'new'), ('b', 'lost'), ('c', 'it''s'), ('d', NULL);";

/// An order, of a table that the application has.
fn order(more: &str, mode: &str) -> String {
    format!(
        "format = 1\n[machine]\nname = \"order\"\ninitial = \"new\"\n[[state]]\nname = \"new\"\n\
         [[state]]\nname = \"paid\"\n[[transition]]\npath = [\"new\", \"paid\"]\n{more}[target.sql]\n\
         owns = false\nstorage = \"text\"\nmode = \"{mode}\"\n"
    )
}

/// What makes states of those that rows were found in.
const FOUND: &str = "[[state]]\nname = \"lost\"\n[[state]]\nname = \"odd\"\nvalue = \"it's\"\n\
    [[transition]]\nfrom = [\"new\", \"odd\"]\nto = \"lost\"\n[[transition]]\nfrom = \"lost\"\nto = [\"paid\", \"odd\"]\n";

const ILLEGAL: &str = "UPDATE orders SET status = 'new' WHERE id = 'b'";

async fn a_switch_that_rows_stop_goes_on_once_it_knows_their_states(dialect: Dialect) {
    let (project, database) = (Project::new(dialect), Database::with(dialect, OWN).await);
    project.migrate(&order("", "observe"));
    project.apply(&database).await.unwrap();
    project.migrate(&order("", "enforce"));
    let said = project.apply(&database).await.unwrap_err();
    assert!(said.contains("2 rows of orders are in states that the table lacks: "), "{said}");
    // What it says to do, one after the other; the file alone is stopped as before.
    project.migrate(&order(FOUND, "enforce"));
    let said = project.apply(&database).await.unwrap_err();
    let behind = project.look(&database).await;
    let at = behind.iter().find(|finding| finding.rule.id == "behind").unwrap();
    assert!(at.message.contains("migrations/tables/0001.toml"), "{at:?}");
    assert!(at.help.contains("0002_enforce_order.sql"), "{at:?}");
    assert!(!behind.iter().any(|finding| finding.rule.id == "other-mode"), "{behind:#?}");
    let (_, way) = said.split_once("; else migrate, and before this file run the ").unwrap();
    let (words, _) = way.split_once(" of the new one").unwrap();
    let added = format!("migrations/{}/0003_change_order.sql", dialect.as_str());
    let added = fs::read_to_string(project.path(&added)).unwrap();
    for words in words.split(" and the ") {
        let start = added.find(words).unwrap();
        database.ok(added[start..].split_inclusive(";\n").next().unwrap()).await;
    }
    project.apply(&database).await.unwrap();
    project.is_as_it_should_be(&database).await;
    database.refuses(ILLEGAL).await;
    database.ok("UPDATE orders SET status = 'paid' WHERE id = 'b'").await;
    database.ok("UPDATE orders SET status = 'lost' WHERE id = 'c'").await;
}

async fn a_first_migration_that_rows_stop_is_made_anew(dialect: Dialect) {
    let (project, database) = (Project::new(dialect), Database::with(dialect, OWN).await);
    project.migrate(&order("", "enforce"));
    let said = project.apply(&database).await.unwrap_err();
    let way = "mend the rows, or add the states to the table, and while no database has this file, make it anew";
    assert!(said.contains(way), "{said}");
    project.take_back("0001");
    project.migrate(&order(FOUND, "enforce"));
    project.apply(&database).await.unwrap();
    project.is_as_it_should_be(&database).await;
    database.refuses(ILLEGAL).await;
}

async fn a_first_migration_that_others_have_run_goes_on_once_its_rows_are_mended(dialect: Dialect) {
    let project = Project::new(dialect);
    let staging = Database::with(dialect, "CREATE TABLE orders (id text PRIMARY KEY, status text)");
    let (staging, database) = (staging.await, Database::with(dialect, OWN).await);
    project.migrate(&order("", "enforce"));
    project.apply(&staging).await.unwrap();
    project.apply(&database).await.unwrap_err();
    project.migrate(&order(FOUND, "enforce"));
    project.apply(&staging).await.unwrap();
    // Nothing guards the rows yet; where they were they come by force, which the history tells.
    database.ok("UPDATE orders SET status = 'new' WHERE id IN ('b', 'c')").await;
    project.apply(&database).await.unwrap();
    for (id, state) in [("b", "lost"), ("c", "it''s")] {
        database
            .ok(&match dialect {
                Dialect::Postgres => format!("SELECT order_force('{id}', '{state}', 'as it was')"),
                Dialect::Sqlite => format!(
                    "INSERT INTO order_force (key, to_state, reason) VALUES ('{id}', '{state}', 'as it was'); \
                     UPDATE orders SET status = '{state}' WHERE id = '{id}'"
                ),
            })
            .await;
    }
    for database in [&staging, &database] {
        project.is_as_it_should_be(database).await;
    }
    database.refuses(ILLEGAL).await;
}

async fn a_default_that_starts_no_row_any_more_is_said_and_found(dialect: Dialect) {
    let project = Project::new(dialect);
    let own = "CREATE TABLE orders (id text PRIMARY KEY, status text DEFAULT 'new')";
    let database = Database::with(dialect, own).await;
    project.migrate(&order("", "enforce"));
    project.apply(&database).await.unwrap();
    assert_eq!(project.look(&database).await, []);
    let renamed = order("", "enforce").replace(
        "\"new\"\n[[state]]\nname = \"new\"",
        "\"new\"\n[[state]]\nname = \"new\"\nvalue = \"fresh\"",
    );
    assert!(project.migrate(&renamed).contains(&"default-left"));
    project.apply(&database).await.unwrap();
    database.refuses("INSERT INTO orders (id) VALUES ('a')").await;
    let findings = project.look(&database).await;
    let rules: Vec<_> = findings.iter().map(|finding| finding.rule.id).collect();
    assert_eq!(rules, ["default-left"], "{findings:#?}");
    assert!(findings[0].message.contains("`'new'") && !findings[0].is_error(), "{findings:#?}");
    if dialect == Dialect::Postgres {
        database.ok(&findings[0].help).await;
        database.ok("INSERT INTO orders (id) VALUES ('a')").await;
        assert_eq!(project.look(&database).await, []);
    }
}

/// A job of two states in the middle, and what each was called before.
fn middle(first: (&str, &str), second: (&str, &str)) -> String {
    let state = |(name, was): (&str, &str)| {
        let was =
            if was.is_empty() { String::new() } else { format!("renamed_from = \"{was}\"\n") };
        format!("[[state]]\nname = \"{name}\"\n{was}")
    };
    let (one, two) = (first.0, second.0);
    format!(
        "format = 1\n[machine]\nname = \"job\"\ninitial = \"new\"\n[[state]]\nname = \"new\"\n{}{}\
         [[state]]\nname = \"done\"\noutcome = \"success\"\n\
         [[transition]]\npath = [\"new\", \"{one}\", \"{two}\", \"done\"]\n\
         [[transition]]\npath = [\"{one}\", \"new\"]\n[target.sql]\n",
        state(first),
        state(second)
    )
}

async fn two_states_swap_their_names_through_a_third(dialect: Dialect) {
    let (project, database) = (Project::new(dialect), Database::with(dialect, "").await);
    project.migrate(&middle(("aa", ""), ("bb", "")));
    project.apply(&database).await.unwrap();
    database.ok("INSERT INTO jobs (id) VALUES ('j1'), ('j2'), ('j3'), ('j4')").await;
    database.ok("UPDATE jobs SET status = 'aa'").await;
    database.ok("UPDATE jobs SET status = 'bb' WHERE id = 'j3'").await;
    fs::write(project.path("table.toml"), middle(("bb", "aa"), ("aa", "bb"))).unwrap();
    let refused = phasegate_codegen::load(&project.path("table.toml")).unwrap_err().to_string();
    assert!(refused.contains("names are swapped through a third one"), "{refused}");
    for table in [
        middle(("tmp", "aa"), ("bb", "")),
        middle(("tmp", ""), ("aa", "bb")),
        middle(("bb", "tmp"), ("aa", "")),
    ] {
        project.migrate(&table);
        project.apply(&database).await.unwrap();
        assert_eq!(project.look(&database).await, []);
    }
    database.refuses("UPDATE jobs SET status = 'bb' WHERE id = 'j3'").await;
    for (id, to) in [("j1", "aa"), ("j2", "new"), ("j2", "bb"), ("j2", "aa"), ("j3", "done")] {
        database.ok(&format!("UPDATE jobs SET status = '{to}' WHERE id = '{id}'")).await;
        assert_eq!(project.look(&database).await, []);
    }
    // What was once the name of the state that a row is in is another's now.
    database
        .ok(match dialect {
            Dialect::Postgres => {
                "SET session_replication_role = replica; UPDATE jobs SET status = 'aa' WHERE id = 'j4'"
            }
            Dialect::Sqlite => {
                "DROP TRIGGER \"000_job_guard_update\"; DROP TRIGGER \"000_job_guard_update_logged\"; UPDATE jobs SET status = 'aa' WHERE id = 'j4'"
            }
        })
        .await;
    let findings = project.look(&database).await;
    assert!(findings.iter().any(|f| f.rule.id == "row-past-history"), "{findings:#?}");
}

const JOB: &str = "format = 1\n[machine]\nname = \"job\"\ninitial = \"a\"\n[[state]]\nname = \"a\"\n\
    [[state]]\nname = \"b\"\n[[transition]]\npath = [\"a\", \"b\"]\n[target.sql]\n";

#[tokio::test]
#[ignore = "needs PostgreSQL 15: run by tests/run"]
async fn a_label_that_was_added_by_hand_becomes_a_state() {
    let project = Project::new(Dialect::Postgres);
    let database = Database::with(Dialect::Postgres, "").await;
    project.migrate(JOB);
    project.apply(&database).await.unwrap();
    database.ok("ALTER TYPE job_status ADD VALUE 'hand'").await;
    let findings = project.look(&database).await;
    assert!(
        findings[0].help.starts_with("add the states to the table and migrate"),
        "{findings:?}"
    );
    project.migrate(&JOB.replace(
        "[target.sql]",
        "[[state]]\nname = \"hand\"\n[[transition]]\nfrom = \"a\"\nto = \"hand\"\n[target.sql]",
    ));
    project.apply(&database).await.unwrap();
    assert_eq!(project.look(&database).await, []);
    database.ok("INSERT INTO jobs (id) VALUES ('x'); UPDATE jobs SET status = 'hand'").await;
}

#[tokio::test]
#[ignore = "needs PostgreSQL 15: run by tests/run"]
async fn a_label_that_was_renamed_by_hand_gets_its_name_back() {
    let project = Project::new(Dialect::Postgres);
    let database = Database::with(Dialect::Postgres, "").await;
    project.migrate(&JOB.replace("name = \"b\"", "name = \"b\"\nvalue = \"it's b\""));
    project.apply(&database).await.unwrap();
    database.ok("ALTER TYPE job_status RENAME VALUE 'it''s b' TO 'bezahlt'").await;
    let findings = project.look(&database).await;
    assert_eq!(findings[0].rule.id, "missing-label");
    assert_eq!(
        findings[0].help,
        "ALTER TYPE public.job_status RENAME VALUE 'bezahlt' TO 'it''s b'"
    );
    database.ok(&findings[0].help).await;
    assert_eq!(project.look(&database).await, []);
}
