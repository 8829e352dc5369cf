//! `phasegate console`: the deploy console over a database of the user's.

use std::net::SocketAddr;
use std::sync::Arc;

use clap::Args;
use phasegate::console::{Deploy, migrate};
use phasegate::{Schema, Store};
use tokio::net::TcpListener;

use super::backend::{self, Stopping};
use super::{Exit, Failure, Outcome, print};

#[derive(Args)]
pub(crate) struct Console {
    /// The database: `postgres://…`, or `sqlite:FILE`, which is made where it doesn't exist
    #[arg(long, value_name = "URL", default_value = "sqlite:phasegate-console.db")]
    database_url: String,
    /// Where to listen. Whoever reaches it can start deploys: put a login before it
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:4747")]
    listen: SocketAddr,
}

impl Console {
    pub(crate) fn run(&self) -> Outcome {
        backend::block_on(async {
            let mut stopping = Stopping::new()?;
            let store = Store::open(&self.database_url, Schema::of(&Deploy)).await?;
            migrate(&store, None).await?;
            let listener = TcpListener::bind(self.listen).await.map_err(|error| {
                Failure::Message(format!("{}: {error}; choose another by --listen", self.listen))
            })?;
            let running = backend::serve(&store, Arc::new(Deploy), listener)?;
            print(&format!("The deploy console: {}/\nCtrl-C ends it.\n", running.url()))?;
            stopping.asked().await?;
            running.stop().await;
            store.close().await;
            Ok(Exit::Well)
        })
    }
}
