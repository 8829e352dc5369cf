//! What a table says, as JSON: the words that every copy of it uses.

use phasegate_codegen::Machine;
use phasegate_codegen::machine::StateId;
use serde_json::{Value, json};

/// The fingerprints.
pub(crate) fn fingerprints(machine: &Machine) -> Value {
    let prints = &machine.fingerprints;
    json!({ "language": prints.language, "table": prints.table })
}

/// The values that a row can start with.
pub(crate) fn initial(machine: &Machine) -> Value {
    machine.initial.iter().map(|&id| machine.state(id).value.as_str()).collect()
}

/// Every phase.
pub(crate) fn phases(machine: &Machine) -> Value {
    let phases = machine.phases.iter();
    phases
        .map(|phase| json!({ "name": phase.name, "title": phase.title, "meta": phase.meta }))
        .collect()
}

/// Every state, but for what is written about it.
pub(crate) fn states(machine: &Machine) -> Vec<Value> {
    let of = |id: StateId| {
        let state = machine.state(id);
        json!({
            "name": state.name, "value": state.value, "title": state.title,
            "phase": state.phase.map(|phase| &machine.phase(phase).name),
            "completes": state.completes, "optional": state.optional,
            "outcome": state.outcome.map(|outcome| outcome.as_str()),
            "reopens": state.reopens, "retired": state.retired,
            "initial": machine.is_initial(id), "terminal": state.terminal,
            "ended": state.is_ended(), "meta": state.meta,
        })
    };
    machine.state_ids().map(of).collect()
}
