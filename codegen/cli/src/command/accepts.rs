//! `phasegate accepts`: judges sequences, a state at a time.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::tokens::{self, Word};
use super::{CommandResult, FormatArg, say};
use crate::command::Format;
use phasegate_codegen::load;
use phasegate_codegen::machine::{Acceptance, Log, Machine, Rejection, StateId};
use phasegate_codegen::rules;
use phasegate_codegen::suggest::{self, shown};

#[derive(Args)]
pub(crate) struct Accepts {
    /// The table
    table: PathBuf,
    /// One sequence a line, states apart by white space; by default standard input
    file: Option<PathBuf>,
    /// Read what is stored instead of names (JSON strings where it holds white space)
    #[arg(long)]
    values: bool,
    /// Read logs of reports: redeliveries are passed over
    #[arg(long)]
    reports: bool,
    #[command(flatten)]
    pub(crate) format: FormatArg,
}

impl Accepts {
    pub(crate) fn run(&self) -> CommandResult {
        let loaded = load::load(&self.table)?;
        let machine = &loaded.machine;
        let names: std::collections::HashMap<&str, StateId> =
            machine.state_ids().map(|id| (machine.state(id).name.as_str(), id)).collect();
        let fresh = || if self.reports { Log::reports(machine) } else { Log::transitions(machine) };
        let word = |log: &mut Log<'_>, word: &Word| {
            let state = word.whole().and_then(|word| match self.values {
                true => machine.find_value(word),
                false => names.get(word).copied(),
            });
            log.push(state, &word.text);
        };
        let unknown = Unknown::default();
        tokens::judge_lines(self.file.as_deref(), self.values, fresh, word, |line, log| {
            let verdict = log.verdict();
            let is_accepted = !matches!(verdict, Acceptance::Rejected(_));
            if let Acceptance::Rejected(Rejection { to, .. }) = &verdict {
                let known = match self.values {
                    true => machine.find_value(to),
                    false => names.get(to.as_str()).copied(),
                };
                if known.is_none() && self.format.format == Format::Text {
                    unknown.say(&loaded.source.path, machine, to, self.values);
                }
            }
            (is_accepted, self.render(machine, line, verdict))
        })
    }

    /// A state as the lines write it.
    fn written(&self, machine: &Machine, state: StateId) -> String {
        let state = machine.state(state);
        if self.values { quoted(&state.value) } else { state.name.clone() }
    }

    fn render(&self, machine: &Machine, line: usize, verdict: Acceptance) -> String {
        match self.format.format {
            Format::Text => match verdict {
                Acceptance::Accepted => "accepted\n".to_owned(),
                Acceptance::Complete => "complete\n".to_owned(),
                Acceptance::Rejected(rejection) => {
                    format!("{}\n", self.in_words(machine, &rejection))
                }
            },
            Format::Json => {
                let plain = |state: StateId| {
                    let state = machine.state(state);
                    if self.values { state.value.clone() } else { state.name.clone() }
                };
                let value = match verdict {
                    Acceptance::Accepted | Acceptance::Complete => {
                        let word =
                            if verdict == Acceptance::Complete { "complete" } else { "accepted" };
                        json!({
                            "line": line, "verdict": word,
                            "at": null, "from": null, "to": null, "legal": null,
                        })
                    }
                    Acceptance::Rejected(rejection) => json!({
                        "line": line, "verdict": "rejected",
                        "at": rejection.at, "from": rejection.from.map(plain),
                        "to": rejection.to,
                        "legal": rejection.legal(machine).into_iter().map(plain).collect::<Vec<_>>(),
                    }),
                };
                format!("{value}\n")
            }
            Format::Github => match verdict {
                Acceptance::Accepted | Acceptance::Complete => String::new(),
                Acceptance::Rejected(rejection) => {
                    let message = self.in_words(machine, &rejection);
                    tokens::annotation(rules::REJECTED, self.file.as_ref(), line, &message)
                }
            },
        }
    }

    fn in_words(&self, machine: &Machine, rejection: &Rejection) -> String {
        let from = rejection.from.map_or("start".to_owned(), |from| self.written(machine, from));
        let to = if self.values { quoted(&rejection.to) } else { shown(&rejection.to) };
        let legal: Vec<String> = rejection
            .legal(machine)
            .into_iter()
            .map(|state| self.written(machine, state))
            .collect();
        let legal = if legal.is_empty() { "(nothing)".to_owned() } else { legal.join(", ") };
        format!("rejected at {}: {from} -> {to}; legal: {legal}", rejection.at)
    }
}

/// So many states that the table lacks are named: a line that is rejected for one says no more than that.
const MOST_UNKNOWN: usize = 8;

/// The states that the table lacks, as far as they were named.
#[derive(Default)]
struct Unknown(RefCell<BTreeSet<String>>);

impl Unknown {
    /// Says once of a state that the table lacks it.
    fn say(&self, table: &str, machine: &Machine, state: &str, values: bool) {
        let mut named = self.0.borrow_mut();
        if named.len() >= MOST_UNKNOWN || !named.insert(state.to_owned()) {
            return;
        }
        let states = machine.states.iter();
        let near = match values {
            true => suggest::nearest(state, states.map(|state| state.value.as_str())),
            false => suggest::nearest(state, states.map(|state| state.name.as_str())),
        };
        let near = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
        say(&format!("phasegate: {table} has no state `{}`{near}", shown(state)));
    }
}

/// A value as a line writes it: a JSON string where it would not be read back otherwise.
fn quoted(value: &str) -> String {
    if value.starts_with('"') || value.chars().any(|c| c.is_whitespace() || c.is_control()) {
        json!(value).to_string()
    } else {
        shown(value)
    }
}
