//! `phasegate console`: `phasegate serve` for the deploy table, which is built in, or a table to try.

use std::path::PathBuf;

use clap::Args;

use super::serve::{self, Served, Server};
use super::{CommandResult, Failure, shown};

#[derive(Args)]
pub(crate) struct Console {
    /// A table to try, whose rows are reported by hand; they are gone with the command
    table: Option<PathBuf>,
    #[command(flatten)]
    server: Box<Server>,
}

impl Console {
    pub(crate) fn run(&self) -> CommandResult {
        let Some(table) = &self.table else {
            let console = serve::Console {
                database_url: "sqlite:phasegate-console.db".to_owned(),
                what: "The deploy console".to_owned(),
            };
            return self.server.run(vec![Served::console()], Some(console));
        };
        if self.server.has_database() {
            let message = "a table is tried in a database of its own: `phasegate serve` takes one";
            return Err(Failure::Message(message.to_owned()));
        }
        let folder = tempfile::Builder::new().prefix("phasegate-try-").tempdir()?;
        let console = serve::Console {
            database_url: format!("sqlite:{}", folder.path().join("rows.db").display()),
            what: format!("Trying {}", shown(table)),
        };
        self.server.run(vec![Served::tried(table)?], Some(console))
    }
}
