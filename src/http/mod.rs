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
mod events;
mod health;
#[cfg(feature = "oidc")]
mod jobs;
mod log;
mod metrics;
#[cfg(feature = "oidc")]
mod oidc;
mod once;
mod problem;
mod request;
mod routes;
mod rows;
mod serve;
mod start;
mod tokens;
mod webhook;

pub use access::{Access, Net, NoNet, Operator, Operators, Tokens, Unsafe};
pub use authenticate::{Authenticate, Authenticated, BearerToken, Credential, Run};
#[cfg(feature = "oidc")]
pub use jobs::{GithubJobs, Jobs};
#[cfg(feature = "oidc")]
pub use oidc::{Denied, Issuer};
pub use request::BODY;
pub use routes::{health, metrics, problems, router};
pub use serve::{Running, serve};
pub use webhook::{Ends, Webhook};

use crate::store::Result as StoreResult;
use crate::{Machine, Store};
use axum::http::HeaderValue;
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse as _, Response};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use metrics::Metrics;
use once::Once;
use problem::Problem;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;
use tokio::sync::watch;

/// How a backend behaves where it may differ.
///
/// ```
/// use phasegate::http::Options;
/// use std::time::Duration;
///
/// let options = Options::default().poll(Duration::from_millis(200)).patience(Duration::from_secs(3));
/// # let _ = options;
/// ```
#[derive(Clone, Debug)]
pub struct Options {
    burst: NonZeroU32,
    every: Duration,
    poll: Duration,
    heartbeat: Duration,
    patience: Duration,
    token_lifetime: Option<Duration>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            burst: NonZeroU32::new(120).expect("it is not zero"),
            every: Duration::from_millis(500),
            poll: Duration::from_secs(1),
            heartbeat: Duration::from_secs(5),
            patience: Duration::from_secs(8),
            token_lifetime: None,
        }
    }
}

impl Options {
    /// So many reports of one row are let through at once; 120 by default.
    #[must_use]
    pub fn burst(self, burst: NonZeroU32) -> Self {
        Self { burst, ..self }
    }

    /// And then one in each such time, more than zero; 500 ms by default.
    #[must_use]
    pub fn every(self, every: Duration) -> Self {
        Self { every, ..self }
    }

    /// How often a stream looks at the database though nothing was signalled; 1 s by default.
    #[must_use]
    pub fn poll(self, poll: Duration) -> Self {
        Self { poll, ..self }
    }

    /// How often a stream says that it is still there, and that the database is; 5 s by default.
    #[must_use]
    pub fn heartbeat(self, heartbeat: Duration) -> Self {
        Self { heartbeat, ..self }
    }

    /// How long the token of a row is good, from its start or its last rotation; by default for as long as
    /// the row is there.
    #[must_use]
    pub fn token_lifetime(self, lifetime: Duration) -> Self {
        Self { token_lifetime: Some(lifetime), ..self }
    }

    /// How long the database is waited for before it counts as away; 8 s by default.
    #[must_use]
    pub fn patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }
}

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
    limiter: DefaultKeyedRateLimiter<String>,
    reported: AtomicU64,
    used: Once,
    metrics: Metrics,
    closing: watch::Sender<bool>,
}

impl Shared {
    /// What the store says, or the problem that it is; a database that hangs is away, too.
    async fn ask<T>(&self, question: impl Future<Output = StoreResult<T>>) -> Result<T, Problem> {
        match tokio::time::timeout(self.options.patience, question).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => {
                self.metrics.failed(error.as_str());
                Err(error.into())
            }
            Err(_) => {
                self.metrics.failed("timeout");
                Err(Problem::unavailable("the database does not answer"))
            }
        }
    }
}

impl Backend {
    /// A backend whose rows are opened to reports by their tokens.
    pub fn new(store: Store, machine: Arc<dyn Machine>) -> Self {
        Self::with(store, machine, BearerToken, Options::default())
    }

    /// A backend that authenticates and behaves as told.
    pub fn with(
        store: Store,
        machine: Arc<dyn Machine>,
        authenticate: impl Authenticate,
        options: Options,
    ) -> Self {
        let quota = Quota::with_period(options.every)
            .unwrap_or_else(|| Quota::per_second(NonZeroU32::MAX))
            .allow_burst(options.burst);
        Self {
            shared: Arc::new(Shared {
                metrics: Metrics::new(machine.name()),
                authenticate: Box::new(authenticate),
                limiter: RateLimiter::keyed(quota),
                reported: AtomicU64::new(0),
                used: Once::default(),
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

    /// Ends all event streams, those to come included: their clients come back to whoever answers
    /// at the address then.
    pub fn close(&self) {
        self.shared.closing.send_replace(true);
    }
}

/// What holds for one moment alone is not to be kept by anyone.
fn no_store(mut response: Response) -> Response {
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response.into_response()
}
