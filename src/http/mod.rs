//! The HTTP interface: reports, snapshots, event streams, as an axum router.
//!
//! ```no_run
//! # async fn run(machine: std::sync::Arc<dyn phasegate::Machine>) -> Result<(), Box<dyn std::error::Error>> {
//! use phasegate::{Schema, Store, http::Backend};
//!
//! let store = Store::open("sqlite:deploys.db", Schema::of(&*machine)).await?;
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
//! let running = Backend::new(store, machine).serve(listener, axum::Router::new())?;
//! println!("{}/api/deploys", running.url());
//! running.stop().await;
//! # Ok(())
//! # }
//! ```

mod access;
mod authenticate;
mod callbacks;
#[cfg(any(feature = "oidc", feature = "dispatch"))]
mod client;
mod dispatch;
mod events;
mod frames;
pub(crate) mod gzip;
mod health;
mod hub;
#[cfg(feature = "oidc")]
mod jobs;
mod limits;
mod list;
mod log;
#[cfg(feature = "metrics")]
mod metrics;
#[cfg(not(feature = "metrics"))]
#[path = "metrics/off.rs"]
mod metrics;
#[cfg(feature = "oidc")]
mod oidc;
mod once;
#[cfg(feature = "openapi")]
pub(crate) mod openapi;
mod options;
mod problem;
#[cfg(feature = "limit")]
mod rates;
#[cfg(not(feature = "limit"))]
#[path = "rates/off.rs"]
mod rates;
mod request;
mod routes;
mod rows;
mod serve;
#[cfg(any(feature = "oidc", feature = "dispatch"))]
mod signatures;
mod start;
mod tokens;
mod webhook;

pub use access::{Access, Net, NoNet, Operator, Operators, Tokens, Unsafe};
pub use authenticate::{Authenticate, Authenticated, BearerToken, Credential, Run};
pub use dispatch::{Asked, Asking, Dispatcher, Started, Work};
#[cfg(feature = "dispatch")]
pub use dispatch::{By, Github};
#[cfg(feature = "oidc")]
pub use jobs::{GithubJobs, Jobs};
pub use limits::Client;
#[cfg(feature = "console")]
pub(crate) use list::Which;
#[cfg(feature = "metrics")]
pub use metrics::metrics;
#[cfg(feature = "oidc")]
pub use oidc::{Denied, Issuer};
#[cfg(feature = "openapi")]
pub use openapi::{Table, openapi};
pub use options::Options;
#[cfg(feature = "console")]
pub(crate) use problem::Problem;
pub use request::BODY;
#[cfg(feature = "console")]
pub(crate) use request::Id;
pub use routes::{health, problems, router};
#[cfg(feature = "console")]
pub(crate) use rows::in_address;
pub use serve::{Running, serve};
#[cfg(feature = "console")]
pub(crate) use start::{REQUESTED_BY, TEXT};
pub use webhook::{Ends, Webhook};

use crate::store::Result as StoreResult;
use crate::{Machine, Store};
use axum::http::HeaderValue;
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse as _, Response};
use metrics::Metrics;
use once::Once;
#[cfg(not(feature = "console"))]
use problem::Problem;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::watch;
use tracing::Instrument as _;

/// How long a page is held back for what the database says.
#[cfg(feature = "console")]
const MOMENT: std::time::Duration = std::time::Duration::from_secs(2);

/// One machine's backend over one store. Cheap to clone; all clones are one backend.
#[derive(Clone)]
pub struct Backend {
    shared: Arc<Shared>,
}

/// What the routes share.
struct Shared {
    store: Store,
    machine: Arc<dyn Machine>,
    authenticate: Box<dyn Authenticate>,
    options: Options,
    used: Once,
    hub: hub::Hub,
    limits: limits::Limits,
    rates: rates::Rates,
    metrics: Metrics,
    /// `/readyz` says no, and all else goes on.
    draining: AtomicBool,
    closing: watch::Sender<bool>,
}

impl Shared {
    /// What the store says, or the problem that it is; a database that hangs is away, too.
    async fn ask<T>(&self, question: impl Future<Output = StoreResult<T>>) -> Result<T, Problem> {
        let span = tracing::debug_span!(target: "phasegate::trace", "ask", otel.kind = "client");
        match tokio::time::timeout(self.options.patience, question).instrument(span).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => {
                if !error.is_callers() {
                    self.metrics.failed(error.as_str());
                }
                Err(error.into())
            }
            Err(_) => {
                self.metrics.failed("timeout");
                Err(Problem::unavailable("the database does not answer"))
            }
        }
    }

    /// The same of what writes: where it takes too long, it may have been done.
    async fn write<T>(&self, order: impl Future<Output = StoreResult<T>>) -> Result<T, Problem> {
        let span = tracing::debug_span!(target: "phasegate::trace", "write", otel.kind = "client");
        match tokio::time::timeout(self.options.patience, order).instrument(span).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => {
                if !error.is_callers() {
                    self.metrics.failed(error.as_str());
                }
                Err(error.into())
            }
            Err(_) => {
                self.metrics.failed("timeout");
                Err(Problem::unknown())
            }
        }
    }
}

impl std::fmt::Debug for Backend {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let machine = self.shared.machine.name();
        out.debug_struct("Backend").field("machine", &machine).finish_non_exhaustive()
    }
}

impl Backend {
    /// A backend whose rows are opened to reports by their tokens.
    pub fn new(store: Store, machine: Arc<dyn Machine>) -> Self {
        Self::with(store, machine, BearerToken, Options::default())
    }

    /// A backend that authenticates and behaves as its options say.
    pub fn with(
        store: Store,
        machine: Arc<dyn Machine>,
        authenticate: impl Authenticate,
        options: Options,
    ) -> Self {
        Self {
            shared: Arc::new(Shared {
                metrics: Metrics::new(machine.name()),
                authenticate: Box::new(authenticate),
                used: Once::default(),
                hub: hub::Hub::default(),
                limits: limits::Limits::new(&options),
                rates: rates::Rates::new(&options),
                draining: AtomicBool::new(false),
                closing: watch::Sender::new(false),
                store,
                machine,
                options,
            }),
        }
    }

    /// The store behind it.
    pub fn store(&self) -> &Store {
        &self.shared.store
    }

    /// The machine that it judges by.
    pub fn machine(&self) -> &Arc<dyn Machine> {
        &self.shared.machine
    }

    /// What the store says of what a page shows next to what its script draws: it waits only a moment for it.
    #[cfg(feature = "console")]
    pub(crate) async fn soon<T>(
        &self,
        question: impl Future<Output = StoreResult<T>>,
    ) -> Result<T, Problem> {
        let asked = tokio::time::timeout(MOMENT, self.shared.ask(question)).await;
        asked.unwrap_or_else(|_| Err(Problem::unavailable("the database does not answer")))
    }

    /// Says no at `/readyz` from now on, so that whoever sends requests here sends them elsewhere; all else
    /// goes on.
    pub fn drain(&self) {
        self.shared.draining.store(true, Ordering::Relaxed);
    }

    /// Ends all event streams, those to come included: their clients come back to the instance that answers
    /// at the address then.
    pub fn close(&self) {
        self.shared.closing.send_replace(true);
    }
}

/// What the routes of several backends share.
fn shared<'a>(backends: impl IntoIterator<Item = &'a Backend>) -> Arc<[Arc<Shared>]> {
    backends.into_iter().map(|backend| backend.shared.clone()).collect()
}

/// What holds for one moment only must not be cached by anyone.
fn no_store(mut response: Response) -> Response {
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response.into_response()
}
