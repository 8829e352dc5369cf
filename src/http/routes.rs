//! The routes, to be picked by part, nested, and put together for several machines.

use super::problem::{self, Kind, Problem};
use super::{
    Backend, Shared, callbacks, events, gzip, health as probe, list, metrics, rows, shared, tokens,
};
use axum::Router;
use axum::middleware::from_fn;
use axum::routing::{get, post};
use std::sync::Arc;

impl Backend {
    /// Where its rows are: `/api/TABLE`.
    fn rows(&self) -> String {
        format!("/api/{}", self.shared.store.schema().table)
    }

    /// A job's reports: `POST /api/TABLE/{id}/callbacks`. The one route that
    /// [`Authenticate`](super::Authenticate) guards.
    ///
    /// The parts are picked and put together as any routers:
    ///
    /// ```
    /// use axum::Router;
    /// use axum::middleware::from_fn;
    /// use phasegate::http::{self, Backend};
    ///
    /// /// Everyone may report with a row's token; who reads and starts rows has to be logged in.
    /// fn app(backend: &Backend) -> Router {
    ///     let people = backend.read().merge(backend.operate()).layer(from_fn(logged_in));
    ///     let jobs = backend.callbacks().merge(http::problems());
    ///     Router::new().nest("/status", people.merge(jobs)).merge(backend.health())
    /// }
    /// # use axum::{extract::Request, middleware::Next, response::Response};
    /// # async fn logged_in(request: Request, next: Next) -> Response { next.run(request).await }
    /// ```
    pub fn callbacks(&self) -> Router {
        let path = format!("{}/{{id}}/callbacks", self.rows());
        self.finished(Router::new().route(&path, post(callbacks::report)))
    }

    /// What people look at: the list, snapshots, both as event streams, and what was reported. **Not authenticated**:
    /// put your login around it. Answers are compressed for clients that take gzip; streams are not.
    pub fn read(&self) -> Router {
        let rows = self.rows();
        let router = Router::new()
            .route(&rows, get(list::rows))
            .route(&format!("{rows}/{{id}}"), get(rows::snapshot))
            .route(&format!("{rows}/{{id}}/events"), get(events::of_row))
            .route(&format!("{rows}/{{id}}/reports"), get(list::reports));
        self.finished(router.layer(from_fn(gzip::compressed)))
    }

    /// Routes of this backend's: counted, and with their problems' addresses.
    pub(super) fn finished(&self, router: Router<Arc<Shared>>) -> Router {
        metrics::counted(router, &self.shared)
            .with_state(self.shared.clone())
            .layer(from_fn(problem::nested))
    }

    /// What operators do: `POST /api/TABLE` starts a row, and `.../{id}/token` gives its token anew or
    /// takes it back. **Not authenticated**: put your login
    /// around it.
    pub fn operate(&self) -> Router {
        let token = format!("{}/{{id}}/token", self.rows());
        let router = Router::new()
            .route(&self.rows(), post(rows::start))
            .route(&token, post(tokens::rotate).delete(tokens::revoke));
        self.finished(router)
    }

    /// `/healthz`, `/readyz` and `/metrics` (with the feature `metrics`) of this backend;
    /// [`health`](fn@super::health) has those of several. **Not authenticated**: keep them inside.
    pub fn health(&self) -> Router {
        health([self])
    }

    /// All of the interface. Where the database keeps no history, streams give their snapshot and
    /// nothing after it, and no report is known again. It has no fallback: pages can be merged with
    /// it, and it can be nested. Of several machines take [`router`], and not one of these each.
    pub fn router(&self) -> Router {
        router([self])
    }
}

/// The interface of several machines in one router: the rows of each, and one `/healthz`, `/readyz`,
/// `/metrics` and `/problems` of all. Each machine has a table of its own.
///
/// ```
/// # fn app(orders: phasegate::http::Backend, payments: phasegate::http::Backend) -> axum::Router {
/// use phasegate::http;
///
/// axum::Router::new().nest("/status", http::router([&orders, &payments]))
/// # }
/// ```
///
/// # Panics
/// Where two of them are of one table.
pub fn router<'a>(backends: impl IntoIterator<Item = &'a Backend>) -> Router {
    let all: Vec<&Backend> = backends.into_iter().collect();
    let mut router = health(all.iter().copied()).merge(problems());
    for backend in &all {
        router = router.merge(backend.read()).merge(backend.operate()).merge(backend.callbacks());
    }
    #[cfg(feature = "openapi")]
    let router = router.merge(super::openapi::router(&all, false));
    router.method_not_allowed_fallback(not_allowed).layer(from_fn(problem::nested))
}

pub(super) async fn not_allowed() -> Problem {
    Problem::new(Kind::MethodNotAllowed, "the address does not take this method")
}

pub(super) async fn nothing() -> Problem {
    Problem::new(Kind::NotFound, "there is nothing at this address")
}

/// `/healthz`, `/readyz` and `/metrics` (with the feature `metrics`) of several backends: ready where each of
/// them is.
pub fn health<'a>(backends: impl IntoIterator<Item = &'a Backend>) -> Router {
    let backends: Vec<&Backend> = backends.into_iter().collect();
    let probes = probes(backends.iter().copied());
    #[cfg(feature = "metrics")]
    let probes = probes.merge(metrics::metrics(backends));
    probes
}

/// `/healthz` and `/readyz` of several backends.
pub(super) fn probes<'a>(backends: impl IntoIterator<Item = &'a Backend>) -> Router {
    let router =
        Router::new().route("/healthz", get(probe::alive)).route("/readyz", get(probe::ready));
    router.with_state(shared(backends)).layer(from_fn(problem::nested))
}

/// `/problems/{name}`: what each type of problem means, and what to do.
pub fn problems() -> Router {
    Router::new().route("/problems/{name}", get(probe::problem)).layer(from_fn(problem::nested))
}
