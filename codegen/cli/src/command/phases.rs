//! `phasegate phases`: what the stepper shows after accepted sequences.

use std::collections::HashMap;
use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};

use super::tokens::{self, Word};
use super::{CommandResult, FormatArg};
use crate::command::Format;
use phasegate_codegen::load;
use phasegate_codegen::machine::{Machine, StateId};
use phasegate_codegen::rules;
use phasegate_codegen::suggest::{self, shown};

#[derive(Args)]
pub(crate) struct Phases {
    /// The table
    table: PathBuf,
    /// One accepted sequence a line, `attempted=STATE` last where it is known; by default standard
    /// input
    file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) format: FormatArg,
}

/// A line as far as it was read.
#[derive(Default)]
struct Line {
    history: Vec<StateId>,
    attempted: Option<String>,
    error: Option<String>,
}

impl Phases {
    pub(crate) fn run(&self) -> CommandResult {
        let loaded = load::load(&self.table)?;
        let machine = &loaded.machine;
        let names = by_name(machine);
        let word = |line: &mut Line, word: &Word| line.push(machine, &names, word);
        tokens::judge_lines(self.file.as_deref(), false, Line::default, word, |number, line| {
            let Line { history, attempted, error } = line;
            let attempted = attempted.and_then(|name| names.get(name.as_str()).copied());
            match error {
                Some(error) => (false, self.refuse(number, &error)),
                None => (true, self.render(machine, number, &history, attempted)),
            }
        })
    }

    fn refuse(&self, line: usize, error: &str) -> String {
        match self.format.format {
            Format::Text => format!("error: {error}\n"),
            Format::Json => format!("{}\n", json!({ "line": line, "error": error })),
            Format::Github => {
                tokens::annotation(rules::NOT_ACCEPTED, self.file.as_ref(), line, error)
            }
        }
    }

    fn render(
        &self,
        machine: &Machine,
        line: usize,
        history: &[StateId],
        attempted: Option<StateId>,
    ) -> String {
        let views = machine.phases(history, attempted);
        let phases = machine.phases.iter().zip(views);
        match self.format.format {
            Format::Text => {
                let words: Vec<String> = phases
                    .map(|(phase, view)| format!("{}={}", phase.name, view.as_str()))
                    .collect();
                format!("{}\n", words.join(" "))
            }
            Format::Json => {
                let phases: Vec<Value> = phases
                    .map(|(phase, view)| json!({ "name": phase.name, "view": view.as_str() }))
                    .collect();
                format!("{}\n", json!({ "line": line, "phases": phases }))
            }
            Format::Github => String::new(),
        }
    }
}

/// The states of one row, oldest first: one accepted sequence, its words apart by white space.
///
/// # Errors
/// What is not accepted, and what would be.
pub(super) fn history(machine: &Machine, text: &str) -> Result<Vec<StateId>, String> {
    let names = by_name(machine);
    let mut line = Line::default();
    for word in text.split_whitespace() {
        line.push(machine, &names, &Word { text: word.to_owned(), is_whole: true });
    }
    line.error.map_or(Ok(line.history), Err)
}

fn by_name(machine: &Machine) -> HashMap<&str, StateId> {
    machine.state_ids().map(|id| (machine.state(id).name.as_str(), id)).collect()
}

impl Line {
    fn push(&mut self, machine: &Machine, names: &HashMap<&str, StateId>, word: &Word) {
        if self.error.is_some() {
            return;
        }
        let Word { text: word, is_whole } = word;
        if self.attempted.is_some() {
            self.error =
                Some(format!("`{}` stands after `attempted=`, which comes last", shown(word)));
            return;
        }
        if let Some(name) = word.strip_prefix("attempted=") {
            self.attempted = Some(name.to_owned());
            return;
        }
        let last = self.history.last().copied();
        match names.get(word.as_str()).filter(|_| *is_whole) {
            Some(&state) if machine.may_follow(last, state) => self.history.push(state),
            Some(_) | None => {
                let from = last.map_or("start", |last| machine.state(last).name.as_str());
                let legal: Vec<&str> = machine
                    .legal_after(last)
                    .into_iter()
                    .map(|state| machine.state(state).name.as_str())
                    .collect();
                self.error = Some(format!(
                    "not accepted at {}: {from} -> {}; legal: {}",
                    self.history.len() + 1,
                    shown(word),
                    suggest::list(&legal)
                ));
            }
        }
    }
}
