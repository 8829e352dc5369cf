//! How a backend behaves where it may differ.

use super::dispatch::Starting;
use super::{Dispatcher, Ends, Net};
use std::sync::Arc;
use std::time::Duration;

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
    #[cfg(feature = "limit")]
    pub(super) quotas: super::rates::Quotas,
    pub(super) poll: Duration,
    pub(super) heartbeat: Duration,
    pub(super) patience: Duration,
    pub(super) streams: usize,
    pub(super) streams_per_client: usize,
    pub(super) connections: usize,
    pub(super) connections_per_client: usize,
    pub(super) proxies: Vec<Net>,
    pub(super) head_timeout: Duration,
    pub(super) body_timeout: Duration,
    pub(super) request_timeout: Duration,
    pub(super) drain: Duration,
    pub(super) retention: Option<Duration>,
    pub(super) token_lifetime: Option<Duration>,
    pub(super) starting: Option<Starting>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            #[cfg(feature = "limit")]
            quotas: super::rates::Quotas::default(),
            poll: Duration::from_secs(1),
            heartbeat: Duration::from_secs(5),
            patience: Duration::from_secs(8),
            streams: 10_000,
            streams_per_client: 1_000,
            connections: 12_000,
            connections_per_client: 2_000,
            proxies: Vec::new(),
            head_timeout: Duration::from_secs(15),
            body_timeout: Duration::from_secs(10),
            request_timeout: Duration::from_secs(30),
            drain: Duration::ZERO,
            retention: None,
            token_lifetime: None,
            starting: None,
        }
    }
}

impl Options {
    /// How often the streams' one reader looks at the database though nothing was signalled; 1 s by
    /// default.
    #[must_use]
    pub fn poll(self, poll: Duration) -> Self {
        Self { poll, ..self }
    }

    /// How often a stream says that it is still there, and that the database is; 5 s by default.
    #[must_use]
    pub fn heartbeat(self, heartbeat: Duration) -> Self {
        Self { heartbeat, ..self }
    }

    /// How long the database is waited for before it counts as away; 8 s by default.
    #[must_use]
    pub fn patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// How many event streams are open at once at most; 10,000 by default.
    #[must_use]
    pub fn streams(self, streams: usize) -> Self {
        Self { streams, ..self }
    }

    /// How many of them one client has at most; 1,000 by default.
    #[must_use]
    pub fn streams_per_client(self, streams_per_client: usize) -> Self {
        Self { streams_per_client, ..self }
    }

    /// How many connections are open at once at most; 12,000 by default. More are closed. The process
    /// may need leave for as many open files.
    #[must_use]
    pub fn connections(self, connections: usize) -> Self {
        Self { connections, ..self }
    }

    /// How many of them one address has at most; 2,000 by default. Those of a
    /// [proxy that is trusted](Self::proxies) are bounded by their number as a whole only.
    #[must_use]
    pub fn connections_per_client(self, connections_per_client: usize) -> Self {
        Self { connections_per_client, ..self }
    }

    /// Proxies that are trusted: their connections are those of many clients. Who a request is of behind them,
    /// [`Access::proxies`](super::Access::proxies) finds out.
    #[must_use]
    pub fn proxies(self, proxies: Vec<Net>) -> Self {
        Self { proxies, ..self }
    }

    /// How long a connection may take for the next request's head, idle time included; 15 s by
    /// default.
    #[must_use]
    pub fn head_timeout(self, head_timeout: Duration) -> Self {
        Self { head_timeout, ..self }
    }

    /// How long a request's body may take; 10 s by default.
    #[must_use]
    pub fn body_timeout(self, body_timeout: Duration) -> Self {
        Self { body_timeout, ..self }
    }

    /// How long a request may take as a whole until its answer begins; 30 s by default.
    #[must_use]
    pub fn request_timeout(self, request_timeout: Duration) -> Self {
        Self { request_timeout, ..self }
    }

    /// How long `/readyz` says no before the port is closed, so that nothing new is sent here; not at
    /// all by default.
    #[must_use]
    pub fn drain(self, drain: Duration) -> Self {
        Self { drain, ..self }
    }

    /// How long the history of rows that have ended or are gone is kept: what is older is pruned once an
    /// hour. For ever by default. On PostgreSQL it takes the right to execute `MACHINE_prune`.
    #[must_use]
    pub fn retention(self, retention: Duration) -> Self {
        Self { retention: Some(retention), ..self }
    }

    /// How long the token of a row is good, from its start or its last rotation; by default for as long as
    /// the row is there.
    #[must_use]
    pub fn token_lifetime(self, lifetime: Duration) -> Self {
        Self { token_lifetime: Some(lifetime), ..self }
    }
    /// What starts the work of each row that is started, and by which state a row ends whose work could not
    /// be started (`ends.failure`); nothing by default.
    #[must_use]
    pub fn dispatcher(self, dispatcher: impl Dispatcher, ends: Ends) -> Self {
        Self { starting: Some(Starting { dispatcher: Arc::new(dispatcher), ends }), ..self }
    }
}
