//! What the status column holds for each state.

use super::keys::Storage;
use super::spec::SqlTarget;
use crate::machine::{Machine, State};

/// How the column holds states.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Coding {
    /// Each state's number, where the column holds numbers, and its value.
    numbers: Vec<(i64, String)>,
    /// What the column could hold in the place of NULL, where NULL is a state.
    null: Option<String>,
}

impl Coding {
    /// That of a machine's column.
    pub(super) fn of(machine: &Machine, sql: &SqlTarget) -> Self {
        let number = |state: &State| Some((state.number?, state.value.clone()));
        let numbers = match sql.storage {
            Storage::Integer => machine.states.iter().filter_map(number).collect(),
            Storage::Enum | Storage::Text => Vec::new(),
        };
        let null = sql.null.as_deref().and_then(|name| machine.find(name));
        Self { numbers, null: null.map(|id| machine.state(id).stored.clone()) }
    }

    /// Whether the column holds each state's value, and nothing else.
    pub(super) const fn is_plain(&self) -> bool {
        self.numbers.is_empty() && self.null.is_none()
    }

    /// Each state's number and value, where the column holds numbers.
    pub(super) fn numbers(&self) -> &[(i64, String)] {
        &self.numbers
    }

    /// What the column could hold in the place of NULL.
    pub(super) fn null(&self) -> Option<&str> {
        self.null.as_deref()
    }

    /// What a state's row of the view says of the column: what it holds, and whether NULL stands for it.
    pub(super) fn row(&self, value: &str) -> (String, bool) {
        let number = self.numbers.iter().find(|(_, of)| of == value);
        let stored = number.map_or_else(|| value.to_owned(), |(number, _)| number.to_string());
        let is_null = self.null.as_ref() == Some(&stored);
        (stored, is_null)
    }
}
