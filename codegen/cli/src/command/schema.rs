//! `phasegate schema`: the JSON Schema of the table format.

use clap::Args;

use super::{CommandResult, Exit, print};

#[derive(Args)]
pub(crate) struct Schema {}

impl Schema {
    pub(crate) fn run(&self) -> CommandResult {
        print(&phasegate_codegen::table::json_schema())?;
        Ok(Exit::Well)
    }
}
