//! A backend on a listener, until it is stopped.

use super::{Backend, routes};
use axum::Router;
use axum::serve::ListenerExt as _;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// How long requests that are under way may take once the backend is to stop.
const GRACE: Duration = Duration::from_secs(5);

/// Backends that serve. Dropped without [`stop`](Self::stop) they serve on for as long as their
/// runtime lives.
#[must_use = "the backends can be stopped through it alone"]
pub struct Running {
    backends: Vec<Backend>,
    address: SocketAddr,
    stop: watch::Sender<bool>,
    task: JoinHandle<io::Result<()>>,
}

impl Backend {
    /// Serves the interface, and the pages beside it (`Router::new()` for none), in a task of its
    /// own. It asks nobody but reports for a credential: [`Access`](super::Access) does.
    ///
    /// # Errors
    /// Where the listener has no address.
    pub fn serve(self, listener: TcpListener, pages: Router) -> io::Result<Running> {
        let router = self.router().merge(pages).fallback(routes::nothing);
        serve(vec![self], listener, router)
    }
}

/// Serves a router with the routes of some backends in a task of its own, until they are stopped.
///
/// # Errors
/// Where the listener has no address.
pub fn serve(backends: Vec<Backend>, listener: TcpListener, router: Router) -> io::Result<Running> {
    let address = listener.local_addr()?;
    let (stop, mut closing) = watch::channel(false);
    let stopped = async move {
        // The sender lives as long as what serves: an error would be its end.
        let _ = closing.wait_for(|closing| *closing).await;
    };
    // Events are small, and each of them is waited for.
    let listener = listener.tap_io(|socket| {
        if let Err(error) = socket.set_nodelay(true) {
            tracing::debug!(%error, "a connection stays with Nagle's algorithm");
        }
    });
    // Whom a connection comes from is asked where proxies are trusted, and told in the log.
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    let server = axum::serve(listener, service).with_graceful_shutdown(stopped);
    let task = tokio::spawn(server.into_future());
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

    /// Takes no more requests, ends the event streams, lets requests under way end, and gives the
    /// port free: another backend can be started on it. The store stays open.
    pub async fn stop(self) {
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
