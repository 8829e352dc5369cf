//! `phasegate console`: `phasegate serve` for the deploy table, which is built in.

use clap::Args;

use super::CommandResult;
use super::serve::{self, Served, Server};

#[derive(Args)]
pub(crate) struct Console {
    #[command(flatten)]
    server: Box<Server>,
}

impl Console {
    pub(crate) fn run(&self) -> CommandResult {
        let console = serve::Console { database_url: "sqlite:phasegate-console.db" };
        self.server.run(vec![Served::console()], Some(console))
    }
}
