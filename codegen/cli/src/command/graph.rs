//! `phasegate graph`: the picture of a machine.

use clap::builder::PossibleValue;
use clap::{Args, ValueEnum};

use super::{CommandResult, Exit, TableArg, print};
use phasegate_codegen::graph;

#[derive(Args)]
pub(crate) struct Graph {
    #[command(flatten)]
    table: TableArg,
    /// What reads the picture; without it, what there is
    #[arg(long, value_enum)]
    to: Option<Language>,
}

/// What the picture is written in.
#[derive(Clone, Copy, ValueEnum)]
enum Language {
    /// Mermaid, which Markdown on many sites draws.
    Mermaid,
    /// DOT, which Graphviz draws.
    Dot,
}

impl Graph {
    pub(crate) fn run(&self) -> CommandResult {
        let Some(to) = self.to else {
            print(&languages())?;
            return Ok(Exit::Well);
        };
        let loaded = self.table.load()?;
        print(&match to {
            Language::Mermaid => graph::mermaid(&loaded.machine),
            Language::Dot => graph::dot(&loaded.machine),
        })?;
        Ok(Exit::Well)
    }
}

/// A line for each language of `--to`.
fn languages() -> String {
    let values = Language::value_variants().iter().filter_map(ValueEnum::to_possible_value);
    let line = |value: PossibleValue| {
        let help = value.get_help().map(ToString::to_string).unwrap_or_default();
        format!("--to {:<8} {}\n", value.get_name(), help.trim_end_matches('.'))
    };
    values.map(line).collect()
}
