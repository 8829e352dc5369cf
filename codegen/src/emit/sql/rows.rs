//! The machine as rows of its lookup tables: what the guards judge by.

use std::collections::BTreeMap;

use super::names::literal;
use crate::emit::sql::Dialect;
use crate::machine::{Kind, Machine};

/// Rows of one INSERT: few enough for every limit of both databases, and for a reviewer's diff.
const ROWS: usize = 500;

/// One row of the states.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct StateRow {
    pub(super) position: usize,
    pub(super) initial: bool,
}

/// The rows of a machine, by what is stored.
#[derive(Clone, Debug)]
pub(super) struct Rows<'m> {
    pub(super) states: BTreeMap<&'m str, StateRow>,
    pub(super) transitions: BTreeMap<(&'m str, &'m str), Kind>,
}

impl<'m> Rows<'m> {
    pub(super) fn of(machine: &'m Machine) -> Self {
        let value = |id| machine.state(id).value.as_str();
        let states = machine.state_ids().map(|id| {
            (value(id), StateRow { position: id.index(), initial: machine.is_initial(id) })
        });
        let transitions = machine.transitions().map(|(a, b, kind)| ((value(a), value(b)), kind));
        Self { states: states.collect(), transitions: transitions.collect() }
    }
}

/// One INSERT's rows, each as SQL writes it.
pub(super) type Chunk = Vec<String>;

/// Rows in as many INSERTs as they take.
pub(super) fn chunks(rows: Vec<String>) -> Vec<Chunk> {
    rows.chunks(ROWS).map(<[String]>::to_vec).collect()
}

/// The states that `keep` asks for, in the order of the table.
pub(super) fn states(
    machine: &Machine,
    dialect: Dialect,
    keep: impl Fn(&str, StateRow) -> bool,
) -> Vec<Chunk> {
    let mut rows = Vec::new();
    for id in machine.state_ids() {
        let value = &machine.state(id).value;
        let row = StateRow { position: id.index(), initial: machine.is_initial(id) };
        if keep(value, row) {
            rows.push(state(value, row, dialect));
        }
    }
    chunks(rows)
}

/// One row of the states, as SQL writes it.
pub(super) fn state(value: &str, row: StateRow, dialect: Dialect) -> String {
    let initial = match (dialect, row.initial) {
        (Dialect::Postgres, true) => "true",
        (Dialect::Postgres, false) => "false",
        (Dialect::Sqlite, true) => "1",
        (Dialect::Sqlite, false) => "0",
    };
    format!("({}, {}, {initial})", literal(value), row.position)
}

/// One row of the transitions, as SQL writes it.
pub(super) fn transition(from: &str, to: &str, kind: Kind) -> String {
    format!("({}, {}, '{}')", literal(from), literal(to), kind.as_str())
}

/// The key of a row of the transitions, as SQL writes it.
pub(super) fn pair(from: &str, to: &str) -> String {
    format!("({}, {})", literal(from), literal(to))
}

/// The transitions that `keep` asks for, in the order of the table.
pub(super) fn transitions(
    machine: &Machine,
    keep: impl Fn(&str, &str, Kind) -> bool,
) -> Vec<Chunk> {
    let mut rows = Vec::new();
    for (from, to, kind) in machine.transitions() {
        let (from, to) = (&machine.state(from).value, &machine.state(to).value);
        if keep(from, to, kind) {
            rows.push(transition(from, to, kind));
        }
    }
    chunks(rows)
}

/// The transitions of an older machine that `keep` asks for, as keys.
pub(super) fn pairs(machine: &Machine, keep: impl Fn(&str, &str) -> bool) -> Vec<Chunk> {
    let mut rows = Vec::new();
    for (from, to, _) in machine.transitions() {
        let (from, to) = (&machine.state(from).value, &machine.state(to).value);
        if keep(from, to) {
            rows.push(pair(from, to));
        }
    }
    chunks(rows)
}
