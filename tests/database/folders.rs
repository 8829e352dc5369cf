//! What `phasegate migrate` writes into the folder of a tool leads a database to what the table says:
//! by the tool itself where it is to be had, else as it runs its files.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU32, Ordering};

use phasegate_cli::live;
use phasegate_codegen::Finding;
use phasegate_codegen::artifact::WriteMode;
use phasegate_codegen::emit::sql::Dialect;
use phasegate_codegen::migrate::{Ask, migrate};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, Connection as _};

use crate::common::cluster;
use crate::common::live::looked;
use crate::common::sql::{Db as _, Row, connect};

/// What would be a parameter, a quote or a place for another text in what a tool is given.
const ODD: &str = "'n%s :x \"\"\" \\ ''ü ${y} #{z}'";

/// A table with its migrations in one folder.
pub(crate) struct Project {
    folder: tempfile::TempDir,
    pub(crate) dialect: Dialect,
    at: &'static str,
    pub(crate) url: String,
}

impl Project {
    pub(crate) async fn new(dialect: Dialect, at: &'static str, there: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = match dialect {
            Dialect::Postgres => cluster::database().await,
            Dialect::Sqlite => {
                let file = folder.path().join("app.db");
                let options = SqliteConnectOptions::new().filename(&file).create_if_missing(true);
                SqliteConnection::connect_with(&options).await.unwrap().close().await.unwrap();
                format!("sqlite://{}", file.display())
            }
        };
        let project = Self { folder, dialect, at, url };
        for (path, text) in there {
            fs::create_dir_all(project.path(path).parent().unwrap()).unwrap();
            fs::write(project.path(path), text).unwrap();
        }
        project
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    /// Migrates to a table whose rows start in one of these states.
    fn migrate(&self, initial: &[&str]) {
        let mut text = format!("format = 1\n[machine]\nname = \"job\"\ninitial = {initial:?}\n");
        for name in initial {
            let value = if *name == "odd" { ODD.trim_matches('\'') } else { name };
            let value = value.replace("''", "'").replace('\\', "\\\\").replace('"', "\\\"");
            text += &format!("[[state]]\nname = \"{name}\"\nvalue = \"{value}\"\n");
        }
        text += &format!(
            "[[state]]\nname = \"done\"\n[[transition]]\nfrom = {initial:?}\nto = \"done\"\n\
             [target.sql]\ndialects = [\"{0}\"]\nmigrations = {{ {0} = \"{1}\" }}\n",
            self.dialect.as_str(),
            self.at
        );
        fs::write(self.path("table.toml"), text).unwrap();
        let loaded = phasegate_codegen::load(&self.path("table.toml")).unwrap();
        let migrated = migrate(&loaded, Ask::Changes, WriteMode::Write).unwrap();
        assert!(migrated.is_possible() && !migrated.files.is_empty(), "{migrated:?}");
    }

    /// The files of a folder that end so, in the order of their paths.
    fn files(&self, end: &str) -> BTreeMap<String, String> {
        fn collect(folder: &Path, end: &str, files: &mut BTreeMap<String, String>) {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    collect(&path, end, files);
                } else if path.to_str().unwrap().ends_with(end) {
                    let text = fs::read_to_string(&path).unwrap();
                    files.insert(path.to_str().unwrap().to_owned(), text);
                }
            }
        }
        let mut files = BTreeMap::new();
        collect(&self.path(self.at), end, &mut files);
        files
    }

    pub(crate) async fn run(&self, sql: &str) -> Result<(), String> {
        match self.dialect {
            Dialect::Sqlite => SqliteConnection::connect(&self.url).await.unwrap().run(sql).await,
            Dialect::Postgres => connect(&self.url).await.run(sql).await,
        }
    }

    pub(crate) async fn ok(&self, sql: &str) {
        self.run(sql).await.unwrap_or_else(|error| panic!("{error}\nin: {sql}"));
    }

    /// Whether it fails, and not as a guard refuses.
    async fn fails(&self, sql: &str) -> bool {
        let sql = sqlx::raw_sql(AssertSqlSafe(sql.to_owned()));
        match self.dialect {
            Dialect::Sqlite => {
                sql.execute(&mut SqliteConnection::connect(&self.url).await.unwrap()).await.is_err()
            }
            Dialect::Postgres => sql.execute(&mut connect(&self.url).await).await.is_err(),
        }
    }

    pub(crate) async fn rows(&self, sql: &str) -> Vec<Row> {
        match self.dialect {
            Dialect::Sqlite => SqliteConnection::connect(&self.url).await.unwrap().rows(sql).await,
            Dialect::Postgres => connect(&self.url).await.rows(sql).await,
        }
    }

    /// Runs a tool in the folder.
    fn tool(&self, words: &[&str]) -> Output {
        let mut command = Command::new(words[0]);
        command.args(&words[1..]).current_dir(self.folder.path());
        command.output().unwrap_or_else(|error| panic!("{}: {error}", words[0]))
    }

    #[track_caller]
    pub(crate) fn tool_ok(&self, words: &[&str]) {
        let ran = self.tool(words);
        assert!(ran.status.success(), "{words:?}: {ran:?}");
    }

    /// That the database is as the table gives it.
    pub(crate) async fn is_current(&self) {
        let loaded = phasegate_codegen::load(&self.path("table.toml")).unwrap();
        let found = looked(live::look(&loaded, &self.url).await).findings;
        assert!(!found.iter().any(Finding::is_error), "{found:#?}");
    }

    /// That it is so, and judges.
    async fn is_as_it_should_be(&self) {
        self.is_current().await;
        let key = KEYS.fetch_add(1, Ordering::Relaxed);
        self.ok(&format!("INSERT INTO jobs (id, status) VALUES ('{key}', {ODD})")).await;
        self.ok(&format!("UPDATE jobs SET status = 'done' WHERE id = '{key}'")).await;
        let back = format!("UPDATE jobs SET status = {ODD} WHERE id = '{key}'");
        let said = self.run(&back).await.expect_err("it judges");
        assert!(said.contains("phasegate: illegal transition"), "{said}");
    }
}

/// No key is used twice.
static KEYS: AtomicU32 = AtomicU32::new(0);

/// Plain SQL, each file in one go.
async fn files_in_a_row(
    dialect: Dialect,
    at: &'static str,
    first: &str,
    forward: &str,
    back: Option<&str>,
) {
    let project = Project::new(dialect, at, &[(first, "SELECT 1;\n")]).await;
    let mut ran: Vec<String> = vec![project.path(first).to_str().unwrap().to_owned()];
    for initial in [&["new", "odd"][..], &["fresh", "new", "odd"]] {
        project.migrate(initial);
        for (path, text) in project.files(forward) {
            if !ran.contains(&path) {
                project.ok(&text).await;
                ran.push(path);
            }
        }
        project.is_as_it_should_be().await;
    }
    for text in back.into_iter().flat_map(|end| project.files(end).into_values()) {
        if text.contains("phasegate") {
            assert!(project.fails(&text).await, "{text}");
        }
    }
    project.is_as_it_should_be().await;
}

async fn diesel_and_its_like(dialect: Dialect) {
    let users = "migrations/2024-01-01-000000_users/up.sql";
    files_in_a_row(dialect, "migrations", users, "up.sql", Some("down.sql")).await;
}

async fn prisma(dialect: Dialect) {
    let init = "prisma/migrations/20240101000000_init/migration.sql";
    files_in_a_row(dialect, "prisma/migrations", init, "migration.sql", None).await;
}

async fn flyway(dialect: Dialect) {
    files_in_a_row(dialect, "sql", "sql/V1__users.sql", ".sql", None).await;
}

async fn golang_migrate(dialect: Dialect) {
    let users = "db/migrations/000001_users.up.sql";
    files_in_a_row(dialect, "db/migrations", users, ".up.sql", Some(".down.sql")).await;
}

on_each_database! {
    [super::Dialect::Sqlite, super::Dialect::Postgres]
    diesel_and_its_like
    prisma
    flyway
    golang_migrate
}

/// By Alembic's own command, through a driver, in the environment that it makes for that.
async fn by_alembic(dialect: Dialect, driver: &str, template: &str) {
    let project = Project::new(dialect, "alembic/versions", &[]).await;
    project.tool_ok(&["alembic", "init", "-t", template, "alembic"]);
    let url = match dialect {
        Dialect::Postgres => project.url.replace("postgres://", &format!("postgresql+{driver}://")),
        Dialect::Sqlite => format!("sqlite+{driver}:///app.db"),
    };
    let ini = fs::read_to_string(project.path("alembic.ini")).unwrap();
    let ini = ini.replace("driver://user:pass@localhost/dbname", &url);
    fs::write(project.path("alembic.ini"), ini).unwrap();
    project.tool_ok(&["alembic", "revision", "-m", "users"]);
    for initial in [&["new", "odd"][..], &["fresh", "new", "odd"]] {
        project.migrate(initial);
        project.tool_ok(&["alembic", "upgrade", "head"]);
        project.is_as_it_should_be().await;
    }
    project.tool_ok(&["alembic", "upgrade", "head"]);
    let back = project.tool(&["alembic", "downgrade", "-1"]);
    let said = String::from_utf8_lossy(&back.stderr).into_owned();
    assert!(!back.status.success() && said.contains("cannot be taken back"), "{said}");
    // All of it as SQL, for those who let no one else near their database.
    let script = project.tool(&["alembic", "upgrade", "head", "--sql"]);
    assert!(script.status.success(), "{script:?}");
    let other = Project::new(dialect, "alembic/versions", &[]).await;
    let script = String::from_utf8(script.stdout).unwrap();
    fs::write(other.path("all.sql"), &script).unwrap();
    match dialect {
        Dialect::Sqlite => other.ok(&script).await,
        // One by one: what is sent in one go is one transaction.
        Dialect::Postgres => {
            other.tool_ok(&["psql", "-q", "-v", "ON_ERROR_STOP=1", "-f", "all.sql", &other.url]);
        }
    }
    fs::copy(project.path("table.toml"), other.path("table.toml")).unwrap();
    other.is_as_it_should_be().await;
    // One that fails leaves nothing of itself.
    let last = project.files(".py").into_keys().find(|path| path.ends_with("_create_job.py"));
    let last = last.unwrap();
    let text = fs::read_to_string(&last).unwrap();
    fs::write(
        &last,
        text.replacen("\n\"\"\"\n\n", "\nSELECT nothing_is_called_so;\n\"\"\"\n\n", 1),
    )
    .unwrap();
    let empty = Project::new(dialect, "alembic/versions", &[]).await;
    let ini = fs::read_to_string(project.path("alembic.ini")).unwrap();
    let [from, to] = [&project, &empty].map(|project| match dialect {
        Dialect::Postgres => project.url.trim_start_matches("postgres://").to_owned(),
        Dialect::Sqlite => project.path("app.db").to_str().unwrap().to_owned(),
    });
    let ini = ini.replace(":///app.db", &format!(":///{to}")).replace(&from, &to);
    fs::write(project.path("alembic.ini"), ini).unwrap();
    let failed = project.tool(&["alembic", "upgrade", "head"]);
    let said = String::from_utf8_lossy(&failed.stderr).into_owned();
    assert!(!failed.status.success() && said.contains("nothing_is_called_so"), "{said}");
    assert!(empty.fails("SELECT 1 FROM jobs").await, "it left a table");
}

#[tokio::test]
#[ignore = "needs alembic: run by tests/run"]
async fn alembic_on_sqlite() {
    by_alembic(Dialect::Sqlite, "pysqlite", "generic").await;
}

#[tokio::test]
#[ignore = "needs alembic: run by tests/run"]
async fn alembic_on_sqlite_by_a_driver_that_is_asynchronous() {
    by_alembic(Dialect::Sqlite, "aiosqlite", "async").await;
}

#[tokio::test]
#[ignore = "needs alembic: run by tests/run"]
async fn alembic_on_postgresql() {
    by_alembic(Dialect::Postgres, "psycopg2", "generic").await;
}

#[tokio::test]
#[ignore = "needs alembic: run by tests/run"]
async fn alembic_on_postgresql_by_a_driver_that_prepares_one_statement() {
    by_alembic(Dialect::Postgres, "asyncpg", "async").await;
}

/// What `rails db:migrate` and `rails db:rollback` do.
pub(crate) const RAILS: &str = r#"
require "active_record"
ActiveRecord::Base.establish_connection(ARGV[0])
context = ActiveRecord::Base.connection.migration_context
ARGV[1] == "up" ? context.migrate : context.rollback
"#;

const USERS: &str = "class CreateUsers < ActiveRecord::Migration[6.1]\n  def change\n    \
                     create_table(:users)\n  end\nend\n";

async fn by_rails(dialect: Dialect) {
    let there = [("db/migrate/20240101000000_create_users.rb", USERS), ("migrate.rb", RAILS)];
    let project = Project::new(dialect, "db/migrate", &there).await;
    let url = match dialect {
        Dialect::Postgres => project.url.replace("postgres://", "postgresql://"),
        Dialect::Sqlite => project.url.replace("sqlite://", "sqlite3:"),
    };
    for initial in
        [&["new", "odd"][..], &["fresh", "new", "odd"], &["fresh", "new", "odd", "other"]]
    {
        project.migrate(initial);
        project.tool_ok(&["ruby", "migrate.rb", &url, "up"]);
        project.is_as_it_should_be().await;
    }
    let back = project.tool(&["ruby", "migrate.rb", &url, "down"]);
    let said = String::from_utf8_lossy(&back.stderr).into_owned();
    assert!(!back.status.success() && said.contains("IrreversibleMigration"), "{said}");
    project.is_as_it_should_be().await;
}

#[tokio::test]
#[ignore = "needs ruby and ActiveRecord: run by tests/run"]
async fn rails_on_sqlite() {
    by_rails(Dialect::Sqlite).await;
}

#[tokio::test]
#[ignore = "needs ruby and ActiveRecord: run by tests/run"]
async fn rails_on_postgresql() {
    by_rails(Dialect::Postgres).await;
}
