//! A front for backends that others than this machine reach: who may operate, under which names and from
//! which pages, and what every answer says to browsers.
//!
//! A backend's own routes ([`Backend::read`], [`Backend::operate`]) ask no one who they are: an application
//! puts its login around them. [`Access`] is the login of those that have none.

mod headers;
mod net;
mod operators;
mod origin;

pub use net::{Net, NoNet};
pub use operators::{Operator, Operators, Tokens};

use super::problem::Kind;
use super::{Backend, Client, Shared, log, problem, routes};
use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::AUTHORIZATION;
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use origin::Hosts;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

/// Who may do what at an address, for [`Access::router`].
#[derive(Clone, Debug)]
pub struct Access {
    operators: Operators,
    hosts: Hosts,
    proxies: Vec<Net>,
    #[cfg(feature = "metrics")]
    metrics: bool,
}

/// Why it would not be safe to listen so.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Unsafe {
    /// Others than this machine could start rows.
    Anyone,
    /// The backend has no name: whatever name a page gives it would do.
    NoName,
    /// The header would be believed from everywhere.
    AnyProxy,
}

impl fmt::Display for Unsafe {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Anyone => "others than this machine could reach it, and nothing says who may operate",
            Self::NoName => {
                "others than this machine could reach it, and nothing says by which name: a page could give \
                 its own name this address"
            }
            Self::AnyProxy => "the header that names the operator would be believed from every address",
        })
    }
}

impl std::error::Error for Unsafe {}

impl Access {
    /// Access for these operators. By the loopback's names the backend is known, and by no other.
    pub fn new(operators: Operators) -> Self {
        let hosts = Hosts { names: Vec::new(), loopback: true };
        Self {
            operators,
            hosts,
            proxies: Vec::new(),
            #[cfg(feature = "metrics")]
            metrics: true,
        }
    }

    /// A name by which clients know the backend, as `Host` has it: `deploys.example.org`, with a port
    /// where only that one is right.
    #[must_use]
    pub fn name(mut self, name: &str) -> Self {
        self.hosts.names.push(name.to_ascii_lowercase());
        self
    }

    /// Proxies whose `X-Forwarded-For`, `X-Forwarded-Host` and `X-Request-Id` are believed.
    #[must_use]
    pub fn proxies(self, proxies: Vec<Net>) -> Self {
        Self { proxies, ..self }
    }

    /// `/metrics` stands elsewhere (feature `metrics`).
    #[cfg(feature = "metrics")]
    #[must_use]
    pub fn without_metrics(self) -> Self {
        Self { metrics: false, ..self }
    }

    /// Whether it is safe to listen there.
    ///
    /// # Errors
    /// Why not.
    pub fn check(&self, listen: SocketAddr) -> Result<(), Unsafe> {
        let is_open = !listen.ip().to_canonical().is_loopback();
        match &self.operators {
            Operators::Anyone if is_open => return Err(Unsafe::Anyone),
            Operators::Proxy { proxies, .. }
                if proxies.is_empty() || proxies.iter().any(Net::is_all) =>
            {
                return Err(Unsafe::AnyProxy);
            }
            Operators::Anyone | Operators::Tokens(_) | Operators::Proxy { .. } => {}
            #[cfg(feature = "oidc")]
            Operators::Issuer { .. } => {}
        }
        if is_open && self.hosts.names.is_empty() { Err(Unsafe::NoName) } else { Ok(()) }
    }

    /// The routes of backends with what guards them, and pages, which only operators see. `/healthz`,
    /// `/readyz` and `/problems` are open; reports have the backends' own credential.
    ///
    /// # Panics
    /// Where two of the backends are of one table.
    pub fn router<'a>(
        &self,
        backends: impl IntoIterator<Item = &'a Backend>,
        pages: Router,
    ) -> Router {
        self.router_with(backends, pages, Router::new())
    }

    /// The same with routes that have a credential of their own: webhooks, for one.
    ///
    /// # Panics
    /// As [`router`](Self::router).
    pub fn router_with<'a>(
        &self,
        backends: impl IntoIterator<Item = &'a Backend>,
        pages: Router,
        own: Router,
    ) -> Router {
        let backends: Vec<&Backend> = backends.into_iter().collect();
        let access = Arc::new(self.clone());
        let wrong = backends.first().map(|backend| backend.shared.clone());
        let mut operated = pages;
        let mut open =
            routes::probes(backends.iter().copied()).merge(routes::problems()).merge(own);
        #[cfg(feature = "metrics")]
        if self.metrics {
            operated = operated.merge(super::metrics::metrics(backends.iter().copied()));
        }
        #[cfg(feature = "openapi")]
        {
            let guarded = !matches!(self.operators, Operators::Anyone);
            operated = operated.merge(super::openapi::router(&backends, guarded));
        }
        for backend in backends {
            operated = operated.merge(backend.read()).merge(backend.operate());
            open = open.merge(backend.callbacks());
        }
        let operated = operated
            .method_not_allowed_fallback(routes::not_allowed)
            .layer(from_fn_with_state((access.clone(), wrong), operate));
        open.method_not_allowed_fallback(routes::not_allowed)
            .merge(operated)
            .fallback(routes::nothing)
            .layer(from_fn(problem::nested))
            .layer(from_fn_with_state(access.clone(), guard))
            .layer(from_fn(headers::secure))
            .layer(from_fn_with_state(access, logged))
    }
}

/// Who operates, and the backend that counts wrong credentials for all of them.
type Operating = (Arc<Access>, Option<Arc<Shared>>);

/// Lets operators through, with their names.
async fn operate(
    State((access, wrong)): State<Operating>,
    request: Request,
    next: Next,
) -> Response {
    let (mut parts, body) = request.into_parts();
    match access.operators.of(&parts).await {
        Ok(operator) => {
            if let Some(operator) = operator {
                parts.extensions.insert(operator);
                parts.extensions.insert(access.operators.proof());
            }
            next.run(Request::from_parts(parts, body)).await
        }
        Err(problem) => {
            let is_wrong =
                problem.kind == Kind::Unauthorized && parts.headers.contains_key(AUTHORIZATION);
            let limited =
                wrong.filter(|_| is_wrong).map(|shared| shared.rates.wrong(&parts.extensions));
            limited.unwrap_or(Ok(())).err().unwrap_or(problem).into_response()
        }
    }
}

/// Lets requests through that are for this backend, and from its own pages.
async fn guard(State(access): State<Arc<Access>>, request: Request, next: Next) -> Response {
    let forwarded = net::is_from(request.extensions(), &access.proxies);
    let (method, uri, headers) = (request.method(), request.uri(), request.headers());
    match origin::judge(&access.hosts, method, uri, headers, forwarded) {
        Ok(()) => next.run(request).await,
        Err(problem) => {
            debug_assert!(matches!(problem.kind, Kind::ForeignHost | Kind::CrossSite));
            problem.into_response()
        }
    }
}

/// Writes a line for each answer, under the id of its request. Behind a proxy that is trusted the client is
/// whom it names, for the limits too.
async fn logged(State(access): State<Arc<Access>>, mut request: Request, next: Next) -> Response {
    let trusted = net::is_from(request.extensions(), &access.proxies);
    let client = net::client(request.headers(), request.extensions(), &access.proxies);
    if let Some(client) = client.filter(|_| trusted) {
        request.extensions_mut().insert(Client(client));
    }
    log::logged(request, next, client, trusted).await
}
