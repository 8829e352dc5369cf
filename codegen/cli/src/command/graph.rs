//! `phasegate graph`: the picture of a machine.

use std::path::PathBuf;
use std::{fs, io};

use clap::builder::PossibleValue;
use clap::{Args, ValueEnum};

use super::{CommandResult, Exit, Failure, TableArg, phases, print};
use phasegate_codegen::graph::Drawing;
use phasegate_codegen::machine::{Machine, StateId};
use phasegate_codegen::suggest;

#[derive(Args)]
pub(crate) struct Graph {
    #[command(flatten)]
    table: TableArg,
    /// What reads the picture; without it, what there is
    #[arg(long, value_enum)]
    to: Option<Language>,
    /// Draw the skips too
    #[arg(long)]
    skips: bool,
    /// Mark the state that a row is in
    #[arg(long, value_name = "STATE", conflicts_with = "history")]
    at: Option<String>,
    /// Mark what a row has reached: a file with its states, oldest first, or `-` for standard input
    #[arg(long, value_name = "FILE")]
    history: Option<PathBuf>,
}

/// What the picture is written in.
#[derive(Clone, Copy, ValueEnum)]
enum Language {
    /// Mermaid, which Markdown on many sites draws.
    Mermaid,
    /// DOT, which Graphviz draws.
    Dot,
    /// SVG, which every browser shows.
    Svg,
}

impl Graph {
    pub(crate) fn run(&self) -> CommandResult {
        let Some(to) = self.to else {
            print(&languages())?;
            return Ok(Exit::Well);
        };
        let loaded = self.table.load()?;
        let drawing = Drawing::new(&loaded.machine)
            .with_skips(self.skips)
            .with_history(self.reached(&loaded.machine)?);
        print(&match to {
            Language::Mermaid => drawing.mermaid(),
            Language::Dot => drawing.dot(),
            Language::Svg => drawing.svg().map_err(|too_large| {
                let path = &loaded.source.path;
                Failure::Message(format!(
                    "{too_large}; `phasegate graph {path} --to dot` prints it for Graphviz"
                ))
            })?,
        })?;
        Ok(Exit::Well)
    }

    /// The states that a row has reached.
    fn reached(&self, machine: &Machine) -> Result<Vec<StateId>, Failure> {
        if let Some(name) = &self.at {
            let mut ids = machine.state_ids();
            let id = ids.find(|&id| machine.state(id).name == *name);
            return id.map(|id| vec![id]).ok_or_else(|| Failure::Message(unknown(machine, name)));
        }
        let Some(path) = &self.history else { return Ok(Vec::new()) };
        let name = path.display();
        let text = if path.as_os_str() == "-" {
            io::read_to_string(io::stdin())
        } else {
            fs::read_to_string(path)
        };
        let text = text.map_err(|error| Failure::Message(format!("{name}: {error}")))?;
        phases::history(machine, &text)
            .map_err(|error| Failure::Message(format!("{name}: {error}")))
    }
}

/// That the table has no such state, and the one that may be meant.
fn unknown(machine: &Machine, name: &str) -> String {
    let names: Vec<&str> = machine.states.iter().map(|state| state.name.as_str()).collect();
    let meant = match suggest::nearest(name, names.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("its states: {}", suggest::list(&names)),
    };
    format!("the table has no state `{}`; {meant}", suggest::shown(name))
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
