//! The rules that SQLite's guards judge by, as parts of CASE expressions in their bodies, and as the rows
//! of the views that show them.

use super::column::Coding;
use super::quote::literal;
use super::renames::Renames;
use crate::machine::{Machine, StateId};

/// All that is printed of the rules; states are literals.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Cases {
    /// The fingerprint.
    pub(super) language: String,
    pub(super) known: Vec<String>,
    pub(super) initial: Vec<String>,
    /// Those that a row may stop in.
    pub(super) ended: Vec<String>,
    /// From each state the legal ones.
    pub(super) next: Vec<(String, Vec<String>)>,
    /// The states that may become themselves.
    pub(super) again: Vec<String>,
    /// Rows of the views.
    pub(super) states: Vec<String>,
    pub(super) transitions: Vec<String>,
    pub(super) renames: Vec<String>,
}

impl Cases {
    /// The rules of a machine; `renames` says what states of former rules are called now.
    pub(super) fn of(machine: &Machine, renames: &Renames<'_>, coding: &Coding) -> Self {
        let value = |id: StateId| literal(&machine.state(id).value);
        let all = || machine.state_ids();
        let next = all().filter_map(|from| {
            let legal: Vec<String> = machine.next(from).map(value).collect();
            (!legal.is_empty()).then(|| (value(from), legal))
        });
        let state = |id: StateId| {
            let stored = match coding.is_plain() {
                true => String::new(),
                false => {
                    let (stored, is_null) = coding.row(&machine.state(id).value);
                    format!(", {}, {}", literal(&stored), u8::from(is_null))
                }
            };
            let initial = u8::from(machine.is_initial(id));
            format!("({}, {}, {initial}{stored})", value(id), id.index())
        };
        let transitions = machine.transitions().map(|(from, to, kind)| {
            format!("({}, {}, '{}')", value(from), value(to), kind.as_str())
        });
        let renames = renames.iter().map(|((language, was), now)| {
            format!("({}, {}, {})", literal(language), literal(was), literal(now))
        });
        Self {
            language: machine.fingerprints.language.clone(),
            known: all().map(value).collect(),
            initial: all().filter(|id| machine.is_initial(*id)).map(value).collect(),
            ended: all().filter(|id| machine.state(*id).is_ended()).map(value).collect(),
            next: next.collect(),
            again: all().filter(|id| machine.can_become(*id, *id)).map(value).collect(),
            states: all().map(state).collect(),
            transitions: transitions.collect(),
            renames: renames.collect(),
        }
    }
}
