//! What a deploy runs before: the database, and the backend that can be swapped for an older one.

use std::path::Path;
use std::sync::Arc;

use phasegate::console::{Deploy, migrate};
use phasegate::http::Running;
use phasegate::store::{Snapshot, Start, Started};
use phasegate::{Machine, Schema, Store};
use sqlx::Connection as _;
use tokio::net::TcpListener;

use super::bundle;
use crate::command::{Failure, backend};

/// The migration that the old backend was built with.
const OLD_MIGRATION: i64 = 1;

pub(super) struct Stage {
    store: Store,
    url: String,
    running: Option<Running>,
    address: std::net::SocketAddr,
}

impl Stage {
    /// A database in the folder and a backend on it; both from before the phases where asked for.
    pub(super) async fn set(folder: &Path, old: bool) -> Result<Self, Failure> {
        let url = format!("sqlite:{}", folder.join("console.db").display());
        let store = Store::open(&url, Schema::of(&Deploy)).await?;
        migrate(&store, old.then_some(OLD_MIGRATION)).await?;
        let machine: Arc<dyn Machine> =
            if old { Arc::new(bundle::old_machine()?) } else { Arc::new(Deploy) };
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let running = backend::serve(&store, machine, listener)?;
        Ok(Self { store, url, address: running.address(), running: Some(running) })
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What the click on Deploy does.
    pub(super) async fn start(&self) -> Result<Started, Failure> {
        let start = Start::new().requested_by("demo");
        let start = start.column("ref", "main").column("reason", "phasegate demo");
        Ok(self.store.start(&Deploy, &start).await?)
    }

    /// The deploy as it is, with all the history that the database wrote.
    pub(super) async fn snapshot(&self, id: &str) -> Result<Snapshot, Failure> {
        let snapshot = self.store.snapshot(&Deploy, id).await?;
        snapshot.ok_or_else(|| Failure::Message(format!("the deploy {id} is gone")))
    }

    /// Writes past the table, as an operator does: with a reason, on which the history keeps it.
    pub(super) async fn force(&self, id: &str, to: &str) -> Result<(), Failure> {
        let failed = |error: sqlx::Error| Failure::Message(format!("the deploy {id}: {error}"));
        let mut connection = sqlx::SqliteConnection::connect(&self.url).await.map_err(failed)?;
        let force = "INSERT INTO deploy_force (key, to_state, reason, actor) \
                     VALUES (?1, ?2, 'the demo was asked to', 'operator')";
        for statement in [force, "UPDATE deploys SET status = ?2 WHERE id = ?1"] {
            let statement = sqlx::query(statement).bind(id).bind(to);
            statement.execute(&mut connection).await.map_err(failed)?;
        }
        connection.close().await.map_err(failed)
    }

    /// Swaps the backend for the old one, at the same address and over the same database.
    pub(super) async fn roll_back(&mut self) -> Result<(), Failure> {
        if let Some(running) = self.running.take() {
            running.stop().await;
        }
        let listener = TcpListener::bind(self.address).await?;
        let old = Arc::new(bundle::old_machine()?);
        self.running = Some(backend::serve(&self.store, old, listener)?);
        Ok(())
    }

    /// Ends the backend, and closes the database.
    pub(super) async fn strike(self) {
        if let Some(running) = self.running {
            running.stop().await;
        }
        self.store.close().await;
    }
}
