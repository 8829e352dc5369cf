//! `phasegate schema`: the JSON Schema of the table format.

use clap::Args;

use super::{Exit, Outcome, print};

#[derive(Args)]
pub(crate) struct Schema {}

impl Schema {
    pub(crate) fn run(&self) -> Outcome {
        print(&phasegate_codegen::table::json_schema())?;
        Ok(Exit::Well)
    }
}
