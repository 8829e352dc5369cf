//! `phasegate transitions`: the legal transitions, skips marked.

use clap::Args;
use serde_json::{Value, json};

use super::{CommandResult, Exit, FormatArg, TableArg, print, print_findings};
use crate::command::Format;
use phasegate_codegen::machine::Kind;

#[derive(Args)]
pub(crate) struct Transitions {
    #[command(flatten)]
    table: TableArg,
    #[command(flatten)]
    pub(crate) format: FormatArg,
}

impl Transitions {
    pub(crate) fn run(&self) -> CommandResult {
        let loaded = self.table.load()?;
        let machine = &loaded.machine;
        let name = |id| machine.state(id).name.as_str();
        match self.format.format {
            Format::Text => {
                let mut out = String::new();
                for &state in &machine.initial {
                    out += &format!("start -> {}\n", name(state));
                }
                for (from, to, kind) in machine.transitions() {
                    let mark = match kind {
                        Kind::Declared => "",
                        Kind::Skip => "  (skip)",
                    };
                    out += &format!("{} -> {}{mark}\n", name(from), name(to));
                }
                for line in machine.skips_in_words() {
                    out += &format!("{line}\n");
                }
                print(&out)?;
            }
            Format::Github => print_findings(Format::Github, &loaded.warnings, None, json!({}))?,
            Format::Json => {
                let transitions: Vec<Value> = machine
                    .transitions()
                    .map(|(from, to, kind)| {
                        json!({ "from": name(from), "to": name(to), "kind": kind.as_str() })
                    })
                    .collect();
                let names =
                    |states: &[_]| -> Vec<&str> { states.iter().map(|&id| name(id)).collect() };
                let states: Vec<_> = machine.state_ids().collect();
                let beside = json!({
                    "initial": names(&machine.initial),
                    "states": names(&states),
                    "transitions": transitions,
                });
                print_findings(Format::Json, &loaded.warnings, None, beside)?;
            }
        }
        Ok(Exit::Well)
    }
}
