//! A backend on a listener, until it is stopped.

use super::Backend;
use super::problem::{Kind, Problem};
use axum::Router;
use axum::serve::ListenerExt as _;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// How long requests that are under way may take once the backend is to stop.
const GRACE: Duration = Duration::from_secs(5);

/// A backend that serves. Dropped without [`stop`](Self::stop) it serves on for as long as its
/// runtime lives.
#[must_use = "the backend can be stopped through it alone"]
pub struct Running {
    backend: Backend,
    address: SocketAddr,
    task: JoinHandle<io::Result<()>>,
}

impl Backend {
    /// Serves the interface, and the pages beside it (`Router::new()` for none), in a task of its
    /// own.
    ///
    /// # Errors
    /// Where the listener has no address.
    pub fn serve(self, listener: TcpListener, pages: Router) -> io::Result<Running> {
        let address = listener.local_addr()?;
        let mut closing = self.shared.closing.subscribe();
        let router = self.router().merge(pages).fallback(|| async {
            Problem::new(Kind::NotFound, "there is nothing at this address")
        });
        let stopped = async move {
            // The sender lives as long as the routes do: an error would be their end.
            let _ = closing.wait_for(|closing| *closing).await;
        };
        // Events are small, and each of them is waited for.
        let listener = listener.tap_io(|socket| {
            if let Err(error) = socket.set_nodelay(true) {
                tracing::debug!(%error, "a connection stays with Nagle's algorithm");
            }
        });
        let server = axum::serve(listener, router).with_graceful_shutdown(stopped);
        let task = tokio::spawn(server.into_future());
        Ok(Running { backend: self, address, task })
    }
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

    /// The backend that serves.
    pub fn backend(&self) -> &Backend {
        &self.backend
    }

    /// Takes no more requests, ends the event streams, lets requests under way end, and gives the
    /// port free: another backend can be started on it. The store stays open.
    pub async fn stop(self) {
        self.backend.close();
        let mut task = self.task;
        if tokio::time::timeout(GRACE, &mut task).await.is_err() {
            task.abort();
            // It ends as cancelled.
            let _ = task.await;
        }
    }
}
