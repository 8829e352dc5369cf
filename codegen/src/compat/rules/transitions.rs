//! Rules on transitions: the closed relation over the values that both versions know.

use std::collections::BTreeMap;

use super::{Changes, Pair, Side, leaving};
use crate::compat::facts::Fact;
use crate::compat::layers::Value;
use crate::machine::{Kind, StateId};
use crate::suggest;

/// The jobs that report a state, in words.
fn needed_by(pair: &Pair<'_>, side: Side, to: StateId) -> String {
    let machine = pair.machine(side);
    let names: Vec<&str> = machine
        .job_ids()
        .filter(|&job| {
            machine.reports(job).iter().any(|report| report.outcomes.states().contains(&to))
        })
        .map(|job| machine.job(job).name.as_str())
        .collect();
    let version = side.of("older", "newer");
    match names.as_slice() {
        [] => String::new(),
        names => format!("; {version} runs need it where {} reports it", names.join(" or ")),
    }
}

/// The steps of one version that the other, which knows both states, does not let follow.
fn only(pair: &Pair<'_>, side: Side) -> BTreeMap<(StateId, StateId), (Value, Value)> {
    let (world, there) = (pair.world, side.other() as usize);
    let value = |state| pair.value(side, state);
    let known = |value| world.state(there, value).is_some();
    pair.machine(side)
        .transitions()
        .map(|(from, to, _)| ((from, to), (value(from), value(to))))
        .filter(|(_, (from, to))| known(*from) && known(*to))
        .filter(|(_, (from, to))| !world.is_legal(there, *from, *to))
        .collect()
}

fn add(pair: &Pair<'_>, changes: &mut Changes, side: Side, what: &str) {
    for ((from, to), values) in only(pair, side) {
        let machine = pair.machine(side);
        let (source, target) = (&machine.state(from).name, &machine.state(to).name);
        let needed = needed_by(pair, side, to);
        let message = format!("{source} -> {target} {what}{needed}");
        let phase = |id: StateId| Some(machine.phase(machine.state(id).phase?).name.clone());
        let shown = phase(from).into_iter().chain(phase(to)).map(Fact::Shows);
        let facts = shown.chain([Fact::Allows(values.0, values.1)]);
        let at = pair.transition_at(side, from, to);
        changes.add(side, at, format!("{source} -> {target}"), message, facts);
        changes.way(way(pair, side, from, to));
        changes.comes_of(leaving::of_step(pair, side, from, to));
    }
}

/// How a step comes in, or goes, where no order is safe.
fn way(pair: &Pair<'_>, side: Side, from: StateId, to: StateId) -> String {
    let machine = pair.machine(side);
    let name = |state| machine.state(state).name.as_str();
    let step = format!("`{} -> {}`", name(from), name(to));
    // A step that passes over optional states is there because of them.
    let hidden: Vec<&str> = match machine.kind(from, to) {
        Some(Kind::Skip) => machine.relation.hidden(from, to).map(name).collect(),
        Some(Kind::Declared) | None => Vec::new(),
    };
    let hidden = (!hidden.is_empty()).then(|| suggest::list(&hidden));
    match (side, hidden) {
        (Side::Old, None) => format!("keep {step}"),
        (Side::Old, Some(over)) => {
            format!("keep {step}: declare it as a transition, or leave {over} as it was")
        }
        (Side::New, None) => {
            format!("release {step} first, and what takes it in a later release")
        }
        (Side::New, Some(over)) => {
            format!("declare {step} as a transition first, and change {over} in a later release")
        }
    }
}

pub(super) fn added(pair: &Pair<'_>, changes: &mut Changes) {
    add(pair, changes, Side::New, "is legal now: older backends and databases refuse it");
}

pub(super) fn removed(pair: &Pair<'_>, changes: &mut Changes) {
    add(pair, changes, Side::Old, "is no longer legal: newer backends and databases refuse it");
}
