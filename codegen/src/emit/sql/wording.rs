//! What SQLite's guards say: `RAISE` takes only literals (before 3.47), so the states are written
//! into the triggers, as far as that stays readable.

use super::quote::{escaped, literal};
use crate::machine::Machine;

/// The longest list in a message; PostgreSQL's guard, which makes its lists itself, has the same.
pub(super) const LISTED: usize = 30;

/// Machines with more states than this get one message for all: the trigger is compiled into every
/// statement that writes the table.
const WORDED: usize = 100;

/// What is said where a state cannot be gone to, by the state that the row was in.
#[derive(Debug)]
pub(super) struct Illegal {
    /// The state, as a literal.
    pub(super) from: String,
    /// The state, within a literal.
    pub(super) from_word: String,
    /// The legal ones, within a literal.
    pub(super) legal: String,
}

/// The lists within the messages.
#[derive(Debug)]
pub(super) struct Wording {
    /// The states that the database knows, within a literal.
    pub(super) known: String,
    /// The states that a row may start in, within a literal.
    pub(super) initial: String,
    /// Empty where the machine is too large.
    pub(super) illegal: Vec<Illegal>,
}

impl Wording {
    pub(super) fn of(machine: &Machine) -> Self {
        let value = |id| machine.state(id).value.as_str();
        let illegal = if machine.states.len() > WORDED {
            Vec::new()
        } else {
            let say = |from| Illegal {
                from: literal(value(from)),
                from_word: escaped(value(from)),
                legal: list(machine.next(from).map(value)),
            };
            machine.state_ids().map(say).collect()
        };
        let mut initial = machine.initial.clone();
        initial.sort_unstable();
        Self {
            known: list(machine.state_ids().map(value)),
            initial: list(initial.into_iter().map(value)),
            illegal,
        }
    }
}

/// The texts with commas between them, within a literal; `none` where there are none.
fn list<'t>(texts: impl Iterator<Item = &'t str>) -> String {
    let mut texts: Vec<&str> = texts.take(LISTED + 1).collect();
    if texts.len() > LISTED {
        texts[LISTED] = "...";
    }
    if texts.is_empty() { "none".to_owned() } else { escaped(&texts.join(", ")) }
}
