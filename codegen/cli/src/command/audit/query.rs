//! `phasegate audit --sql`: the check as a query, for the engine that holds the history.

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser as _};

use super::Audit;
use crate::command::{CommandResult, Exit, Failure, print};
use phasegate_codegen::load;
use phasegate_codegen::query::{self, Engine, Name, NoHistory, Place};

/// What asks for a query.
#[derive(Args)]
pub(super) struct QueryArgs {
    /// Print the check as one query for an engine, and read no history
    #[arg(long, value_name = "ENGINE", value_parser = engines(), conflicts_with_all = ["sources", "at", "only", "of_database", "out", "html", "strict"])]
    pub(super) sql: Option<Engine>,
    /// With --sql: the table of the history; without it, the machine's own
    #[arg(long, value_name = "TABLE_NAME", requires = "sql")]
    from: Option<Name>,
}

fn engines() -> impl clap::builder::TypedValueParser<Value = Engine> {
    let words = PossibleValuesParser::new(Engine::ALL.map(Engine::as_str));
    words.map(|word| Engine::find(&word).expect("only words of engines are let through"))
}

impl Audit {
    pub(super) fn query(&self, engine: Engine) -> CommandResult {
        let loaded = load::load(&self.table)?;
        let place = Place {
            from: self.query.from.clone(),
            id: self.history.id.clone(),
            status: self.history.status.clone(),
            order: self.history.order.clone(),
            reports: self.reports,
        };
        let text = query::query(&loaded.machine, engine, &place).map_err(|NoHistory| {
            Failure::Message(format!(
                "{} has no history of its own (`events = false`); name the table that has one: `--from TABLE_NAME`",
                loaded.source.path
            ))
        })?;
        print(&format!("{text}\n"))?;
        Ok(Exit::Well)
    }
}
