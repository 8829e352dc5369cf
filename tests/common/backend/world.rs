//! A table's schema in a fresh database, and a backend over it.

use super::client::{Reply, Stream, call, until_done};
use phasegate::http::{Backend, BearerToken, Options, Running};
use phasegate::{Machine, Schema, Store};
use phasegate_codegen::emit::sql::Sql;
use serde_json::{Value, json};
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Runtime;

/// The deploy table, as it is.
pub const DEPLOY: &str = include_str!("../../../deploy.toml");
/// The deploy table, as it was before the fine-grained phases.
pub const DEPLOY_V1: &str = include_str!("../../../migrations/tables/0001.toml");

/// A database to test on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Database {
    Sqlite,
    Postgres,
}

impl Database {
    const fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
        }
    }
}

/// A table's machine, interpreted.
pub fn machine(table: &str) -> Arc<dyn Machine> {
    Arc::new(phasegate_codegen::machine("table.toml", table.as_bytes()).unwrap().1)
}

/// A table's schema as a whole.
pub fn schema(table: &str, database: Database) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("table.toml");
    std::fs::write(&path, table).unwrap();
    let loaded = phasegate_codegen::load(&path).unwrap();
    let artifacts = phasegate_codegen::render(&loaded, &[&Sql]);
    let name = format!("{}.sql", database.name());
    artifacts.into_iter().find(|artifact| artifact.path.ends_with(&name)).unwrap().text
}

/// A fresh database, and a runtime to talk to it.
pub struct World {
    pub runtime: Runtime,
    pub store: Store,
    pub machine: Arc<dyn Machine>,
    pub url: String,
    pub database_url: String,
    running: Option<Running>,
    _folder: Option<tempfile::TempDir>,
}

impl World {
    /// A backend of `judges` over the schema of `stored`.
    pub fn of(database: Database, stored: &str, judges: &str, names: Schema) -> Self {
        let mut world = Self::empty(database, machine(judges), names);
        world.sql(&schema(stored, database));
        world.serve(Options::default().poll(Duration::from_millis(200)));
        world
    }

    /// An empty database that nothing is served from.
    pub fn empty(database: Database, machine: Arc<dyn Machine>, names: Schema) -> Self {
        let runtime = Runtime::new().unwrap();
        let (database_url, place) = match database {
            Database::Sqlite => {
                let folder = tempfile::tempdir().unwrap();
                let url = format!("sqlite:{}", folder.path().join("test.db").display());
                (url, Some(folder))
            }
            Database::Postgres => (runtime.block_on(crate::common::cluster::database()), None),
        };
        let store = runtime.block_on(Store::open(&database_url, names)).unwrap();
        Self {
            runtime,
            store,
            machine,
            url: String::new(),
            database_url,
            running: None,
            _folder: place,
        }
    }

    /// The deploy table on both sides.
    pub fn deploy(database: Database) -> Self {
        Self::of(database, DEPLOY, DEPLOY, Schema::named("deploy"))
    }

    /// Another store over the same database, as another instance would have.
    pub fn other_store(&self) -> Store {
        self.run(self.other_store_later())
    }

    pub async fn other_store_later(&self) -> Store {
        let names = self.store.schema().clone();
        Store::open(&self.database_url, names).await.unwrap()
    }

    /// Runs plain SQL past the store, any number of statements.
    #[track_caller]
    pub fn sql(&self, sql: &str) {
        self.try_sql(sql).unwrap_or_else(|error| panic!("{error}: {sql}"));
    }

    pub fn try_sql(&self, sql: &str) -> Result<(), sqlx::Error> {
        use sqlx::{AssertSqlSafe, Connection, Executor};
        self.run(async {
            if self.database_url.starts_with("sqlite:") {
                let mut connection = sqlx::SqliteConnection::connect(&self.database_url).await?;
                connection.execute(AssertSqlSafe(sql)).await?;
                connection.close().await
            } else {
                let mut connection = sqlx::PgConnection::connect(&self.database_url).await?;
                connection.execute(AssertSqlSafe(sql)).await?;
                connection.close().await
            }
        })
    }

    /// A whole number that plain SQL gives.
    #[track_caller]
    pub fn count(&self, sql: &str) -> i64 {
        use sqlx::{AssertSqlSafe, Connection};
        let sql = AssertSqlSafe(sql);
        self.run(async {
            if self.database_url.starts_with("sqlite:") {
                let mut connection = sqlx::SqliteConnection::connect(&self.database_url).await?;
                sqlx::query_scalar(sql).fetch_one(&mut connection).await
            } else {
                let mut connection = sqlx::PgConnection::connect(&self.database_url).await?;
                sqlx::query_scalar(sql).fetch_one(&mut connection).await
            }
        })
        .unwrap()
    }

    pub fn run<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }

    /// Serves anew, on a port of its own.
    pub fn serve(&mut self, options: Options) {
        self.stop();
        let machine = self.machine.clone();
        let store = self.store.clone();
        let running = self.runtime.block_on(async move {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let backend = Backend::with(store, machine, BearerToken, options);
            backend.serve(listener, Default::default()).unwrap()
        });
        self.url = running.url();
        self.running = Some(running);
    }

    /// Closes the store under a backend that serves on.
    pub fn stop_database(&self) {
        self.run(self.store.close());
    }

    /// The backend that serves.
    pub fn backend(&self) -> &Backend {
        &self.running.as_ref().unwrap().backends()[0]
    }

    /// Stops the backend.
    pub fn stop(&mut self) {
        if let Some(running) = self.running.take() {
            self.runtime.block_on(running.stop());
        }
    }

    pub fn get(&self, path: &str) -> Reply {
        call("GET", &format!("{}{path}", self.url), &[], &[])
    }

    pub fn post(&self, path: &str, body: &Value) -> Reply {
        let headers = [("content-type", "application/json")];
        call("POST", &format!("{}{path}", self.url), &headers, body.to_string().as_bytes())
    }

    /// Starts a row; its id and token.
    #[track_caller]
    pub fn start(&self) -> Row<'_> {
        let rows = format!("/api/{}", self.store.schema().table);
        let body = self.post(&rows, &json!({})).ok(201);
        let text = |name: &str| body[name].as_str().unwrap().to_owned();
        Row { world: self, id: text("id"), token: text("callback_token"), rows }
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.stop();
        self.runtime.block_on(self.store.close());
    }
}

/// A row that was started over HTTP.
pub struct Row<'w> {
    world: &'w World,
    pub id: String,
    pub token: String,
    rows: String,
}

impl Row<'_> {
    pub fn path(&self) -> String {
        format!("{}/{}", self.rows, self.id)
    }

    /// Reports with this row's token.
    pub fn report(&self, report: &Value) -> Reply {
        self.send(report.to_string().as_bytes(), &[])
    }

    /// Sends a body, with this row's token and `application/json` unless told otherwise.
    pub fn send(&self, body: &[u8], headers: &[(&str, &str)]) -> Reply {
        let bearer = format!("Bearer {}", self.token);
        let mut all = vec![];
        let given = |name: &str| headers.iter().any(|(given, _)| *given == name);
        if !given("authorization") {
            all.push(("authorization", bearer.as_str()));
        }
        if !given("content-type") {
            all.push(("content-type", "application/json"));
        }
        all.extend(headers.iter().filter(|(_, value)| !value.is_empty()));
        call("POST", &format!("{}{}/callbacks", self.world.url, self.path()), &all, body)
    }

    /// Reports states one after the other, each of which has to be applied.
    #[track_caller]
    pub fn walk(&self, states: &[&str]) {
        for state in states {
            let reply = until_done(|| self.report(&json!({"status": state})));
            let reply = reply.ok(200);
            assert_eq!(reply["applied"], true, "{state}: {reply}");
        }
    }

    pub fn snapshot(&self) -> Value {
        self.world.get(&self.path()).ok(200)
    }

    pub fn stream(&self, last_event_id: Option<&str>) -> Stream {
        Stream::open(&format!("{}{}/events", self.world.url, self.path()), last_event_id)
    }

    /// The answers that were recorded, in their order, without the start.
    pub fn recorded(&self) -> Vec<String> {
        let reports = self.world.run(self.world.store.reports(&self.id)).unwrap();
        reports.into_iter().skip(1).map(|report| report.answer).collect()
    }
}
