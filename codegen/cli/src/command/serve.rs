//! `phasegate serve`: a backend for any tables, and what it takes to be reached by others.

mod access;
mod already;
mod dispatch;
mod log;
pub(super) mod migrations;
pub(super) mod settings;
mod table;
#[cfg(feature = "otel")]
mod traces;
#[cfg(not(feature = "otel"))]
#[path = "serve/traces/off.rs"]
mod traces;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use phasegate::Store;
use phasegate::axum::Router;
use phasegate::http::{self, Backend, Options};
use tokio::net::TcpListener;

use super::backend::{self, Stopping};
use super::{CommandResult, Exit, Failure, TablesArg, print};
pub(crate) use table::Served;

/// How long the last traces may take to be sent.
const LAST_TRACES: Duration = Duration::from_secs(2);

#[derive(Args)]
pub(crate) struct Serve {
    #[command(flatten)]
    tables: TablesArg,
    #[command(flatten)]
    server: Box<Server>,
}

impl Serve {
    pub(crate) fn run(&self) -> CommandResult {
        let tables = self.tables.paths()?;
        let served = tables.iter().map(|table| Served::load(table)).collect::<Result<_, _>>()?;
        self.server.run(served, None)
    }
}

/// What is set of a server, by flags, the environment or a file.
#[derive(Args)]
pub(crate) struct Server {
    /// A file with any of these settings: `listen = "127.0.0.1:4747"`
    #[arg(long, value_name = "FILE", env = "PHASEGATE_CONFIG")]
    config: Option<PathBuf>,
    /// The database: `postgres://...`, or `sqlite:FILE`, which is made where it doesn't exist
    #[arg(long, value_name = "URL", env = "PHASEGATE_DATABASE_URL", hide_env_values = true)]
    database_url: Option<String>,
    /// A file with the database's address and nothing else
    #[arg(
        long,
        value_name = "FILE",
        env = "PHASEGATE_DATABASE_URL_FILE",
        conflicts_with = "database_url"
    )]
    database_url_file: Option<PathBuf>,
    /// Run no migrations: the role that serves need not own the tables
    #[arg(long, env = "PHASEGATE_NO_MIGRATE")]
    no_migrate: bool,
    /// Where to listen; other addresses than the loopback need operators with a credential
    #[arg(
        long,
        value_name = "ADDRESS",
        env = "PHASEGATE_LISTEN",
        default_value = "127.0.0.1:4747"
    )]
    listen: SocketAddr,
    /// Where to serve only `/metrics`, without a credential; else operators get it where the rest is
    #[arg(long, value_name = "ADDRESS", env = "PHASEGATE_METRICS_LISTEN")]
    metrics_listen: Option<SocketAddr>,
    /// For how many hours a row's token is good; by default for as long as the row is there
    #[arg(long, value_name = "HOURS", env = "PHASEGATE_ROW_TOKEN_HOURS")]
    row_token_hours: Option<u32>,
    #[command(flatten)]
    access: access::AccessArgs,
    #[command(flatten)]
    dispatch: dispatch::DispatchArgs,
    #[command(flatten)]
    log: log::LogArgs,
}

/// A console's own: where its database is where nothing is said, and what it is called.
pub(crate) struct Console {
    pub(crate) database_url: String,
    pub(crate) what: String,
}

impl Server {
    /// Whether a database is said.
    pub(crate) fn has_database(&self) -> bool {
        self.database_url.is_some() || self.database_url_file.is_some()
    }

    /// Serves until it is asked to end; a console by its own greeting.
    pub(crate) fn run(&self, served: Vec<Served>, console: Option<Console>) -> CommandResult {
        let traces = self.log.begin()?;
        let url = match (&self.database_url, &self.database_url_file, &console) {
            (Some(url), _, _) => url.clone(),
            (None, Some(file), _) => settings::secret(file)?,
            (None, None, Some(console)) => console.database_url.clone(),
            (None, None, None) => {
                return Err(Failure::Message(
                    "no database: say it by --database-url, --database-url-file or \
                     PHASEGATE_DATABASE_URL"
                        .to_owned(),
                ));
            }
        };
        let access = self.access.access(self.listen, self.metrics_listen)?;
        let credential = self.access.reports()?;
        let by = self.dispatch.by()?;
        backend::block_on(async {
            let mut stopping = Stopping::new()?;
            let mut options = Options::default().proxies(self.access.proxies());
            if let Some(hours) = self.row_token_hours {
                options = options.token_lifetime(Duration::from_secs(u64::from(hours) * 60 * 60));
            }
            let mut backends = Vec::new();
            let mut pages = table::index(&served);
            let mut signed = Router::new();
            let several = served.len() > 1;
            for table in &served {
                let store = Store::open(&url, table.schema.clone()).await?;
                let credential = access::Credential(credential.clone());
                let machine = Arc::clone(&table.machine);
                let tokens = self.access.by_row_token();
                let options = self.dispatch.options(&options, by.as_ref(), table, tokens)?;
                let backend = Backend::with(store, machine, credential, options);
                pages = pages.merge(table.pages(several, &backend));
                backends.push(backend);
                if let (Some(webhook), Some(backend)) =
                    (self.access.webhook(&table.ends)?, backends.last())
                {
                    signed = signed.merge(backend.webhook(webhook));
                }
            }
            if !self.no_migrate {
                migrations::run(&served, &backends).await?;
            }
            for (table, backend) in served.iter().zip(&backends) {
                looked_at(table, backend).await;
            }
            let listener = bound(self.listen, "--listen").await?;
            let metrics = match self.metrics_listen {
                Some(address) => Some(bound(address, "--metrics-listen").await?),
                None => None,
            };
            let metrics =
                metrics.map(|listener| http::serve(Vec::new(), listener, http::metrics(&backends)));
            let metrics = metrics.transpose()?;
            let router = access.router_with(&backends, pages, signed);
            let router = traces.continued(router, self.access.proxies());
            let running = http::serve(backends.clone(), listener, router)?;
            let names: Vec<&str> = served.iter().map(|table| table.schema.table.as_str()).collect();
            let what = match &console {
                Some(console) => console.what.clone(),
                None => format!("Serving {}", names.join(", ")),
            };
            print(&format!("{what}: {}/\nCtrl-C ends it.\n", running.url()))?;
            tracing::info!(
                tables = names.join(", "),
                address = %running.address(),
                operators = self.access.operators_are(),
                reports = self.access.reports_are(),
                starts = self.dispatch.workflows_are(),
                "started"
            );
            stopping.asked().await?;
            tracing::info!("stopping");
            running.stop().await;
            if let Some(metrics) = metrics {
                metrics.stop().await;
            }
            for backend in backends {
                backend.store().close().await;
            }
            traces.end(LAST_TRACES).await;
            Ok(Exit::Well)
        })
    }
}

/// Says what a database lacks; the server starts nevertheless, and is ready once it has it.
async fn looked_at(table: &Served, backend: &Backend) {
    let asked = tokio::time::timeout(Duration::from_secs(5), backend.store().fit()).await;
    let table = table.shown.as_str();
    match asked {
        Ok(Ok(fit)) => {
            for missing in fit.missing {
                tracing::error!(table, "{missing}");
            }
        }
        Ok(Err(error)) => tracing::error!(table, "{error}"),
        Err(_) => tracing::error!(table, "the database does not answer"),
    }
}

async fn bound(address: SocketAddr, flag: &str) -> Result<TcpListener, Failure> {
    TcpListener::bind(address)
        .await
        .map_err(|error| Failure::Message(format!("{address}: {error}; choose another by {flag}")))
}
