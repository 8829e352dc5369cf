//! `phasegate graph`: the picture of a machine.

use clap::{Args, ValueEnum};

use super::{Exit, Outcome, TableArg, print};
use phasegate_codegen::graph;

#[derive(Args)]
pub(crate) struct Graph {
    #[command(flatten)]
    table: TableArg,
    /// What reads the picture
    #[arg(long, value_enum)]
    to: Language,
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
    pub(crate) fn run(&self) -> Outcome {
        let loaded = self.table.load()?;
        print(&match self.to {
            Language::Mermaid => graph::mermaid(&loaded.machine),
            Language::Dot => graph::dot(&loaded.machine),
        })?;
        Ok(Exit::Well)
    }
}
