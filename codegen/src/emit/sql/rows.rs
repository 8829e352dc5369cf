//! The states and the pairs that guards judge by, by what is stored.

use std::collections::BTreeMap;

use crate::machine::{Kind, Machine};

/// One row of the states.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct StateRow {
    pub(super) position: usize,
    pub(super) initial: bool,
}

/// The rows of a machine, by what is stored.
#[derive(Clone, Debug, Eq, PartialEq)]
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
