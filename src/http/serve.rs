//! A backend on a listener, until it is stopped: connections are bounded in number and in time.

use super::limits::{Client, Counted, Counts};
use super::problem::{Kind, Problem};
use super::{Backend, Options, dispatch, routes};
use crate::Store;
use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::Request;
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse as _, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulConnection, GracefulShutdown};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tower::ServiceExt as _;

/// How long requests that are under way may take once the backend is to stop.
const GRACE: Duration = Duration::from_secs(5);
/// How long is waited where no connection can be taken: there are no more open files, for one.
const BREATH: Duration = Duration::from_millis(50);
/// So often the history is pruned, where it is at all.
const PRUNED_EVERY: Duration = Duration::from_secs(3600);
/// The most bytes that the head of a request has.
const HEAD: usize = 16 * 1024;
/// The most headers that it has.
const HEADERS: usize = 64;

/// Backends that serve. Dropped without [`stop`](Self::stop) they serve on for as long as their
/// runtime lives.
#[must_use = "only through it can the backends be stopped"]
pub struct Running {
    backends: Vec<Backend>,
    address: SocketAddr,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Backend {
    /// Serves the interface, and the pages with it (`Router::new()` for none), in a task of its
    /// own. It asks no one but reports for a credential: [`Access`](super::Access) does.
    ///
    /// # Errors
    /// Where the listener has no address.
    pub fn serve(self, listener: TcpListener, pages: Router) -> io::Result<Running> {
        let router = self.router().merge(pages).fallback(routes::nothing);
        serve(vec![self], listener, router)
    }
}

/// Serves a router with the routes of some backends in a task of its own, until they are stopped. The limits
/// of connections and requests are those of the first one's options.
///
/// # Errors
/// Where the listener has no address.
pub fn serve(backends: Vec<Backend>, listener: TcpListener, router: Router) -> io::Result<Running> {
    let address = listener.local_addr()?;
    let (stop, closing) = watch::channel(false);
    let options = backends.first().map(|backend| backend.shared.options.clone());
    let options = options.unwrap_or_default();
    let limit = options.request_timeout;
    let router = router.layer(from_fn(move |request, next| in_time(limit, request, next)));
    for backend in &backends {
        let shared = &backend.shared;
        tokio::spawn(dispatch::recover(shared.clone()));
        if let Some(retention) = shared.options.retention {
            tokio::spawn(prune(shared.store.clone(), retention, closing.clone()));
        }
    }
    let task = tokio::spawn(accept(listener, router, options, closing));
    Ok(Running { backends, address, stop, task })
}

impl Running {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The address for people and scripts, without a slash at its end.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The backends that serve.
    pub fn backends(&self) -> &[Backend] {
        &self.backends
    }

    /// Says at `/readyz` that it stops, and serves on for as long as [`Options::drain`] says. Then it takes
    /// no more requests, ends the event streams, lets requests under way end, and gives the port free:
    /// another backend can be started on it. The store stays open.
    pub async fn stop(self) {
        let drain = self.backends.iter().map(|backend| backend.shared.options.drain).max();
        for backend in &self.backends {
            backend.drain();
        }
        tokio::time::sleep(drain.unwrap_or_default()).await;
        for backend in &self.backends {
            backend.close();
        }
        self.stop.send_replace(true);
        let mut task = self.task;
        if tokio::time::timeout(GRACE, &mut task).await.is_err() {
            task.abort();
            // It ends as cancelled.
            let _ = task.await;
        }
    }
}

/// Takes connections until the backend is to stop, and waits for what is under way then.
async fn accept(
    listener: TcpListener,
    router: Router,
    options: Options,
    mut closing: watch::Receiver<bool>,
) {
    let counts = Counts::new(options.connections, options.connections_per_client);
    let graceful = GracefulShutdown::new();
    loop {
        let taken = tokio::select! {
            taken = listener.accept() => taken,
            // The sender lives as long as the routes do: an error would be their end.
            _ = closing.wait_for(|closing| *closing) => break,
        };
        match taken {
            Ok((socket, peer)) => match counts.one(own(peer.ip(), &options)) {
                Some(counted) => {
                    let watcher = graceful.watcher();
                    let connection = connection(socket, peer, router.clone(), &options);
                    tokio::spawn(one(watcher.watch(connection), counted));
                }
                None => tracing::debug!(%peer, "a connection more than there may be is closed"),
            },
            Err(error) => {
                tracing::warn!(%error, "no connection could be taken");
                tokio::time::sleep(BREATH).await;
            }
        }
    }
    drop(listener);
    graceful.shutdown().await;
}

/// Whose a connection is; no one's own, where it comes from a proxy that is trusted.
fn own(peer: IpAddr, options: &Options) -> Option<IpAddr> {
    (!options.proxies.iter().any(|proxy| proxy.has(peer))).then_some(peer)
}

/// Prunes the history now and then, until the backend stops.
async fn prune(store: Store, retention: Duration, mut closing: watch::Receiver<bool>) {
    loop {
        if let Err(error) = store.prune(retention).await {
            tracing::warn!(%error, "the history could not be pruned");
        }
        tokio::select! {
            () = tokio::time::sleep(PRUNED_EVERY) => {}
            _ = closing.wait_for(|closing| *closing) => return,
        }
    }
}

async fn one(connection: impl Future<Output = hyper::Result<()>>, _counted: Counted) {
    if let Err(error) = connection.await {
        tracing::debug!(%error, "a connection broke off");
    }
}

/// One connection, with hyper's limits of its time and size, and the router behind it.
fn connection(
    socket: TcpStream,
    peer: SocketAddr,
    router: Router,
    options: &Options,
) -> impl GracefulConnection<Error = hyper::Error> + Send + use<> {
    // Events are small, and each of them is waited for.
    if let Err(error) = socket.set_nodelay(true) {
        tracing::debug!(%error, "a connection stays with Nagle's algorithm");
    }
    let service = hyper::service::service_fn(move |request: Request<Incoming>| {
        let mut request = request.map(Body::new);
        // Whom a connection comes from is asked where proxies are trusted, and is in the log.
        request.extensions_mut().insert(ConnectInfo(peer));
        request.extensions_mut().insert(Client(peer.ip()));
        router.clone().oneshot(request)
    });
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(options.head_timeout)
        .max_header_size(HEAD)
        .max_headers(HEADERS)
        .serve_connection(TokioIo::new(socket), service)
}

/// The answer to a request, or that it took too long. A stream's has begun by then.
async fn in_time(limit: Duration, request: axum::extract::Request, next: Next) -> Response {
    let answer = tokio::time::timeout(limit, next.run(request)).await;
    answer.unwrap_or_else(|_| {
        Problem::new(Kind::Timeout, format!("it was not answered within {limit:?}")).into_response()
    })
}
