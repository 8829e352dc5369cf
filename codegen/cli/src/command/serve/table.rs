//! One table that is served: its machine, its names in the database, its page.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use phasegate::axum::Router;
use phasegate::axum::response::{Html, Redirect};
use phasegate::axum::routing::get;
use phasegate::console::{self, Deploy, Page};
use phasegate::http::{Backend, Ends};
use phasegate::{Machine, Schema};
use phasegate_codegen::emit::Target as _;
use phasegate_codegen::emit::js::{Js, JsTarget};
use phasegate_codegen::emit::sql::{Dialect, Sql, SqlTarget};
use phasegate_codegen::graph::Drawing;
use phasegate_codegen::migrate::{self, Runner};
use phasegate_codegen::{Loaded, load};

use crate::command::{Failure, shown};

/// A machine, and where its rows are.
pub(crate) struct Served {
    pub(crate) machine: Arc<dyn Machine>,
    pub(crate) schema: Schema,
    pub(crate) migrations: Migrations,
    /// What a row ends in where its run ended without a report.
    pub(crate) ends: Ends,
    /// What messages call it.
    pub(crate) shown: String,
    page: Page,
}

/// Where a table's migrations are.
pub(crate) enum Migrations {
    /// In this program: of the deploy table.
    BuiltIn,
    /// In the folder of a dialect, where it has one.
    Folders(Vec<Folder>),
    /// The whole schema, for a database that ends with the command.
    Schema(String),
}

/// A dialect's folder of migrations.
pub(crate) struct Folder {
    pub(crate) dialect: Dialect,
    pub(crate) path: PathBuf,
    /// The tool whose migrations they are, where phasegate cannot run them.
    pub(crate) runner: Option<Runner>,
}

impl Served {
    /// The deploy table, which is built in.
    pub(crate) fn console() -> Self {
        Self {
            machine: Arc::new(Deploy),
            schema: Schema::of(&Deploy),
            migrations: Migrations::BuiltIn,
            ends: Ends::of(&Deploy),
            shown: "the deploy console".to_owned(),
            page: Page::deploys(),
        }
    }

    /// A table of the user's. It is judged by as it is now: a change of the file takes a new start.
    pub(crate) fn load(path: &Path) -> Result<Self, Failure> {
        let loaded = load(path)?;
        let Some(sql) = loaded.machine.targets.sql() else {
            let message =
                format!("{}: no [target.sql], so that no database has its rows", shown(path));
            return Err(Failure::Message(message));
        };
        let folder = |(&dialect, folder): (&Dialect, &String)| Folder {
            dialect,
            path: loaded.root.join(folder),
            runner: migrate::runner(&loaded, dialect),
        };
        let folders = sql.migrations.iter().map(folder).collect();
        Ok(Self {
            schema: Schema::of(&loaded.machine),
            migrations: Migrations::Folders(folders),
            shown: shown(path),
            page: page(&loaded),
            ends: ends(&loaded.machine),
            machine: Arc::new(loaded.machine),
        })
    }

    /// A table of the user's to try, reported by hand, in a database on SQLite that is made for it.
    pub(crate) fn tried(path: &Path) -> Result<Self, Failure> {
        let mut loaded = load(path)?;
        let served = Self::load(path)?;
        let refused = |why: &str| Failure::Message(format!("{}: {why}", shown(path)));
        let Some(sql) = loaded.machine.targets.sql().cloned() else {
            return Err(refused("no [target.sql]"));
        };
        if !sql.owns {
            return Err(refused("its rows are an application's: `phasegate serve` serves them"));
        }
        loaded.machine.targets.set::<Sql>(SqlTarget { dialects: vec![Dialect::Sqlite], ..sql });
        let artifacts = phasegate_codegen::render(&loaded, &[&Sql]);
        let schema = artifacts.into_iter().find(|artifact| artifact.path.ends_with("sqlite.sql"));
        let schema = schema.ok_or_else(|| refused("it has no schema for SQLite"))?;
        let schema = Migrations::Schema(schema.text);
        Ok(Self { migrations: schema, page: served.page.simulator(), ..served })
    }

    /// The workflow inputs that take a row's id and its token.
    pub(crate) fn inputs(&self) -> (&str, &str) {
        (&self.page.id_input, &self.page.token_input)
    }

    /// The page, at `/`, or where there are several at the table's name.
    pub(crate) fn pages(&self, several: bool, backend: &Backend) -> Router {
        let page = self.page.clone().backend(backend);
        if several { page.router_at(&format!("/{}", self.schema.table)) } else { page.router() }
    }
}

/// What the concluding job reports, where there is one; else the first end of each kind.
fn ends(machine: &phasegate_codegen::Machine) -> Ends {
    let first = Ends::of(machine);
    let Some(job) = machine.jobs.iter().find(|job| job.always) else { return first };
    let value = |state| machine.state(state).value.clone();
    let failure = job.failure.map(value).or(first.failure);
    Ends {
        success: job.success.map(value).or(first.success),
        cancelled: job.cancelled.map(value).or_else(|| failure.clone()),
        failure,
    }
}

fn page(loaded: &Loaded) -> Page {
    let path = "status-map.js".to_owned();
    let map = Js::render(
        &loaded.machine,
        &JsTarget { path: path.clone(), component: false },
        &loaded.header,
    );
    let map = map.into_iter().find(|artifact| artifact.path == path);
    let map = map.expect("the target writes the file that it is told to").text;
    let mut page = Page::new(&loaded.machine, &loaded.machine.collection(), map);
    if let Some(workflow) = loaded.machine.targets.workflow() {
        page.id_input.clone_from(&workflow.id_input);
    }
    // A table too large for a picture has none.
    page.picture = Drawing::new(&loaded.machine).svg().ok().map(Into::into);
    page
}

/// The list of several pages; nothing where there is one.
pub(crate) fn index(served: &[Served]) -> Router {
    let mut router = Router::new();
    if served.len() < 2 {
        return router;
    }
    let links: Vec<(String, String)> = served
        .iter()
        .map(|table| (format!("{}/", table.schema.table), table.page.heading.clone()))
        .collect();
    for table in served {
        let to = format!("/{}/", table.schema.table);
        let from = to.trim_end_matches('/').to_owned();
        router = router.route(&from, get(move || async move { Redirect::permanent(&to) }));
    }
    let page = console::links("phasegate", &links);
    router.route("/", get(move || async move { Html(page) }))
}
