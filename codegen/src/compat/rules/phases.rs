//! Rules on phases.

use super::{Changes, Pair, Side};
use crate::compat::facts::Fact;
use crate::machine::{Machine, StateId};

fn of(machine: &Machine, state: StateId) -> Option<&str> {
    Some(machine.phase(machine.state(state).phase?).name.as_str())
}

fn shows(phases: impl IntoIterator<Item = impl Into<String>>) -> impl Iterator<Item = Fact> {
    phases.into_iter().map(|phase| Fact::Shows(phase.into()))
}

/// The phases that only one side has.
fn only(pair: &Pair<'_>, changes: &mut Changes, side: Side, what: &str) {
    for (at, phase) in pair.machine(side).phases.iter().enumerate() {
        let name = &phase.name;
        if pair.machine(side.other()).phases.iter().all(|other| other.name != *name) {
            let place = pair.phase_at(side, at);
            let message = format!("the phase `{name}` {what}");
            changes.add(side, place, format!("phase {name}"), message, shows([name]));
        }
    }
}

pub(super) fn added(pair: &Pair<'_>, changes: &mut Changes) {
    only(pair, changes, Side::New, "is new: older pages don't show it");
}

pub(super) fn removed(pair: &Pair<'_>, changes: &mut Changes) {
    only(pair, changes, Side::Old, "is gone: newer pages don't show it");
}

pub(super) fn reordered(pair: &Pair<'_>, changes: &mut Changes) {
    let shared = |side: Side| -> Vec<&str> {
        let there = &pair.machine(side.other()).phases;
        let names = pair.machine(side).phases.iter().map(|phase| phase.name.as_str());
        names.filter(|name| there.iter().any(|other| other.name == *name)).collect()
    };
    let (was, is) = (shared(Side::Old), shared(Side::New));
    if was == is {
        return;
    }
    let first = pair.machine(Side::New).phases.iter().position(|phase| {
        let at = is.iter().position(|name| *name == phase.name);
        at.is_some_and(|at| was[at] != is[at])
    });
    let at = pair.phase_at(Side::New, first.unwrap_or(0));
    let message = format!("the phases come as {}, and came as {}", is.join(", "), was.join(", "));
    changes.add(Side::New, at, format!("phases {}", is.join(", ")), message, shows(is.clone()));
    changes.way(format!("keep the order of the phases: {}", was.join(", ")));
}

pub(super) fn of_state(pair: &Pair<'_>, changes: &mut Changes) {
    for (old, new) in pair.kept() {
        let was = of(pair.machine(Side::Old), old);
        let is = of(pair.machine(Side::New), new);
        if was == is {
            continue;
        }
        let name = &pair.machine(Side::New).state(new).name;
        let word = |phase: Option<&str>| match phase {
            Some(phase) => format!("the phase `{phase}`"),
            None => "no phase".to_owned(),
        };
        let message = format!("`{name}` belongs to {} now, and was of {}", word(is), word(was));
        let at = pair.attribute_at(Side::New, new, |row| Some(row.phase.as_ref()?.span()));
        let phases = was.into_iter().chain(is);
        changes.add(Side::New, at, format!("state {name}"), message, shows(phases));
        changes.way(match was {
            Some(phase) => format!("keep `phase = \"{phase}\"` of `{name}`"),
            None => format!("leave `{name}` without a phase"),
        });
    }
}

pub(super) fn completes(pair: &Pair<'_>, changes: &mut Changes) {
    for (old, new) in pair.kept() {
        let (was, is) = (pair.machine(Side::Old).state(old), pair.machine(Side::New).state(new));
        if was.completes == is.completes {
            continue;
        }
        let word = if is.completes { "completes" } else { "no longer completes" };
        let message = format!("`{}` {word} its phase", is.name);
        let at = pair.attribute_at(Side::New, new, |row| Some(row.completes.as_ref()?.span()));
        let phases = of(pair.machine(Side::New), new).into_iter();
        let phases = phases.chain(of(pair.machine(Side::Old), old));
        changes.add(Side::New, at, format!("state {}", is.name), message, shows(phases));
        changes.way(match was.completes {
            true => format!("keep `completes = true` of `{}`", is.name),
            false => format!("leave `{}` without `completes`", is.name),
        });
    }
}
