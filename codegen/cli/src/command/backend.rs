//! A backend with the console's page on it, for the commands that serve one.

use std::sync::Arc;

use phasegate::console::Page;
use phasegate::http::{Backend, Running};
use phasegate::{Machine, Store, store};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use super::Failure;

impl From<store::Error> for Failure {
    fn from(error: store::Error) -> Self {
        Self::Message(error.to_string())
    }
}

/// Serves the page and the interface, judging by a machine.
pub(super) fn serve(
    store: &Store,
    machine: Arc<dyn Machine>,
    listener: TcpListener,
) -> Result<Running, Failure> {
    let backend = Backend::new(store.clone(), machine);
    let pages = Page::deploys().backend(&backend).router();
    Ok(backend.serve(listener, pages)?)
}

/// Runs what serves to its end.
pub(super) fn block_on<T>(future: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    Runtime::new()?.block_on(future)
}

/// Waits for someone to ask for the end, from the moment that it is made.
#[cfg(unix)]
pub(super) struct Stopping {
    interrupted: tokio::signal::unix::Signal,
    terminated: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Stopping {
    pub(super) fn new() -> Result<Self, Failure> {
        use tokio::signal::unix::{SignalKind, signal};
        let interrupted = signal(SignalKind::interrupt())?;
        Ok(Self { interrupted, terminated: signal(SignalKind::terminate())? })
    }

    pub(super) async fn asked(&mut self) -> Result<(), Failure> {
        tokio::select! {
            _ = self.interrupted.recv() => Ok(()),
            _ = self.terminated.recv() => Ok(()),
        }
    }
}

/// Waits for someone to ask for the end.
#[cfg(not(unix))]
pub(super) struct Stopping;

#[cfg(not(unix))]
impl Stopping {
    pub(super) fn new() -> Result<Self, Failure> {
        Ok(Self)
    }

    pub(super) async fn asked(&mut self) -> Result<(), Failure> {
        Ok(tokio::signal::ctrl_c().await?)
    }
}
