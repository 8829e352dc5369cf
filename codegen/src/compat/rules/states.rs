//! Rules on states.

use super::{Changes, Pair, Side, leaving};
use crate::compat::facts::Fact;
use crate::compat::mix::Layer;
use crate::machine::{Machine, State, StateId};
use crate::rules;
use crate::suggest;

/// That no job reports a state.
const NONE: &str = "no job reports it";

/// Whether any report of a state is not tolerated, in words.
fn reported(pair: &Pair<'_>, side: Side, id: StateId) -> &'static str {
    let machine = pair.machine(side);
    let mut reports = machine
        .job_ids()
        .flat_map(|job| machine.reports(job))
        .filter(|report| report.outcomes.states().contains(&id))
        .peekable();
    if reports.peek().is_none() {
        NONE
    } else if reports.all(|report| report.tolerated) {
        "its reports are tolerated, so that the jobs go on without them"
    } else {
        "a report of it is not tolerated, and fails its job where it is refused"
    }
}

fn kind(state: &State) -> &'static str {
    if state.is_ended() {
        "ended"
    } else if state.optional {
        "optional"
    } else {
        "required"
    }
}

pub(super) fn added(pair: &Pair<'_>, changes: &mut Changes) {
    let machine = pair.machine(Side::New);
    for id in machine.state_ids().filter(|id| !pair.states.contains(&Some(*id))) {
        let state = machine.state(id);
        let message = format!(
            "`{}` ({}) is new: older backends and databases refuse it; {}",
            state.name,
            kind(state),
            reported(pair, Side::New, id)
        );
        let facts = knows(pair, Side::New, id);
        let at = pair.state_at(Side::New, id);
        changes.add(Side::New, at, format!("state {}", state.name), message, facts);
        changes.way(way_to_add(pair, id));
    }
}

/// How a new state comes in where no order is safe: so that every layer of the older version knows it.
fn way_to_add(pair: &Pair<'_>, id: StateId) -> String {
    let machine = pair.machine(Side::New);
    let state = machine.state(id);
    let name = &state.name;
    let is_reported = reported(pair, Side::New, id) != NONE;
    if pair.world.has(Layer::Database) && is_reported {
        // An end can't be optional, and neither can a state that rows start in.
        let optional = match state.optional || state.is_ended() || machine.is_initial(id) {
            true => String::new(),
            false => format!("make `{name}` `optional`, so that its reports are tolerated, or "),
        };
        return format!(
            "{optional}release `{name}` with its transitions first, and what reports it in a later \
             release"
        );
    }
    format!(
        "release `{name}` first with `retired = true` and the transitions that lead on from it, and \
         let it be entered in a later release"
    )
}

pub(super) fn removed(pair: &Pair<'_>, changes: &mut Changes) {
    let machine = pair.machine(Side::Old);
    for id in machine.state_ids().filter(|id| pair.states[id.index()].is_none()) {
        let state = machine.state(id);
        let reported = match reported(pair, Side::Old, id) {
            NONE => NONE.to_owned(),
            reported => format!("older workflows report it: {reported}"),
        };
        let message = format!(
            "`{}` ({}) is gone: rows may still hold it; {reported}",
            state.name,
            kind(state),
        );
        let facts = knows(pair, Side::Old, id);
        let at = pair.state_at(Side::Old, id);
        changes.add(Side::Old, at, format!("state {}", state.name), message, facts);
        changes.comes_of(leaving::of_state(pair, id));
        changes.way(way_to_leave(pair, id));
    }
}

/// How a state leaves that rows may hold: with a database it never does.
pub(super) fn way_to_leave(pair: &Pair<'_>, id: StateId) -> String {
    let name = &pair.machine(Side::Old).state(id).name;
    let later = match pair.world.has(Layer::Database) {
        true => "",
        false => ", and remove it in a later release, once no row holds it",
    };
    let keep = format!("keep `{name}` with `retired = true`");
    match leaving::of_state(pair, id).is_empty() {
        true => keep + later,
        false => {
            let entry = leaving::entry(rules::STATE_RETIRED, name);
            format!("{keep} and accept what comes of that ({entry}){later}")
        }
    }
}

pub(super) fn renamed(pair: &Pair<'_>, changes: &mut Changes) {
    for (old, new) in pair.kept() {
        let (was, is) = (pair.machine(Side::Old).state(old), pair.machine(Side::New).state(new));
        if was.name == is.name {
            continue;
        }
        let (message, facts) = if was.value == is.value {
            let message = format!("`{}` is called `{}` now, and stored as ever", was.name, is.name);
            (message, Vec::new())
        } else {
            let message = format!(
                "`{}` is called `{}` now, and stored as `{}` instead of `{}`",
                was.name, is.name, is.value, was.value
            );
            (message, other_value(pair, old, new).collect())
        };
        let subject = format!("state {} -> {}", was.name, is.name);
        let at = pair.attribute_at(Side::New, new, |row| Some(row.name.span()));
        changes.add(Side::New, at, subject, message, facts);
        changes.way(format!("keep what is stored: give `{}` {}", is.name, value(was)));
    }
}

/// What a state is stored as, as a table says it.
fn value(state: &State) -> String {
    format!("`value = {}`", suggest::toml(&state.value))
}

/// What it can be the reason of that a state has another value: either value is one that the other
/// version lacks, and a page that passes over it shows its phase by what is left.
fn other_value(pair: &Pair<'_>, old: StateId, new: StateId) -> impl Iterator<Item = Fact> {
    knows(pair, Side::Old, old).chain(knows(pair, Side::New, new))
}

/// That a version knows a state's value, and shows the state's phase by it.
fn knows(pair: &Pair<'_>, side: Side, state: StateId) -> impl Iterator<Item = Fact> + use<> {
    [Fact::Knows(pair.value(side, state))].into_iter().chain(shows(pair.machine(side), state))
}

/// That a version shows a state's phase, where it has one.
fn shows(machine: &Machine, state: StateId) -> Option<Fact> {
    let phase = machine.state(state).phase?;
    Some(Fact::Shows(machine.phase(phase).name.clone()))
}

pub(super) fn value_changed(pair: &Pair<'_>, changes: &mut Changes) {
    for (old, new) in pair.kept() {
        let (was, is) = (pair.machine(Side::Old).state(old), pair.machine(Side::New).state(new));
        if was.value == is.value || was.name != is.name {
            continue;
        }
        let message = format!(
            "`{}` is stored and sent as `{}` instead of `{}`",
            is.name, is.value, was.value
        );
        let subject = format!("state {}: {} -> {}", is.name, was.value, is.value);
        let at = pair.attribute_at(Side::New, new, |row| Some(row.value.as_ref()?.span()));
        changes.add(Side::New, at, subject, message, other_value(pair, old, new));
        changes.way(format!(
            "keep what is stored: give `{}` {}; what is stored otherwise is a state of its own, which \
             is added, and this one retired",
            is.name,
            value(was)
        ));
    }
}

/// What some kept states have become, and the way round it.
fn turned(
    pair: &Pair<'_>,
    changes: &mut Changes,
    has: impl Fn(&State, &State) -> bool,
    (what, way): (&str, impl Fn(&str) -> String),
    at: impl Fn(&crate::table::StateRow) -> Option<std::ops::Range<usize>>,
) {
    for (old, new) in pair.kept() {
        let (was, is) = (pair.machine(Side::Old).state(old), pair.machine(Side::New).state(new));
        if !has(was, is) {
            continue;
        }
        let message = format!("`{}` {what}", is.name);
        let fact = shows(pair.machine(Side::New), new);
        let place = pair.attribute_at(Side::New, new, &at);
        changes.add(Side::New, place, format!("state {}", is.name), message, fact);
        changes.way(way(&is.name));
        changes.comes_of(leaving::of_state(pair, old));
    }
}

pub(super) fn retired(pair: &Pair<'_>, changes: &mut Changes) {
    let way = |name: &str| format!("leave `{name}` as it was");
    let what = "is retired: a newer backend or database lets nothing enter it";
    let at = |row: &crate::table::StateRow| Some(row.retired.as_ref()?.span());
    turned(pair, changes, |was, is| is.retired && !was.retired, (what, way), at);
}

pub(super) fn unretired(pair: &Pair<'_>, changes: &mut Changes) {
    let way = |name: &str| {
        format!("let `{name}` be entered in a release of its own, before a job reports it")
    };
    let what = "is no longer retired: an older backend or database lets nothing enter it";
    turned(pair, changes, |was, is| was.retired && !is.retired, (what, way), |_| None);
}

pub(super) fn required(pair: &Pair<'_>, changes: &mut Changes) {
    let way = |name: &str| format!("keep `optional = true` of `{name}`");
    let what = "is no longer optional: what follows it needs it";
    // What is retired is not entered at all: that is another rule's, and nothing needs it.
    turned(
        pair,
        changes,
        |was, is| was.optional && !is.optional && !is.retired,
        (what, way),
        |_| None,
    );
}

pub(super) fn optional(pair: &Pair<'_>, changes: &mut Changes) {
    let way = |name: &str| {
        format!("declare the steps past `{name}` as transitions one release before it is optional")
    };
    let what = "is optional now: what follows it goes without it, only to newer versions";
    let at = |row: &crate::table::StateRow| Some(row.optional.as_ref()?.span());
    turned(pair, changes, |was, is| is.optional && !was.optional, (what, way), at);
}

pub(super) fn initial(pair: &Pair<'_>, changes: &mut Changes) {
    let values = |side: Side| -> Vec<&str> {
        let machine = pair.machine(side);
        machine.initial.iter().map(|&id| machine.state(id).value.as_str()).collect()
    };
    let (was, is) = (values(Side::Old), values(Side::New));
    if was == is {
        return;
    }
    let message = format!("rows start in {} instead of {}", is.join(", "), was.join(", "));
    let at = pair.new.table.machine.initial.span.clone();
    changes.add(Side::New, at, format!("initial {}", is.join(", ")), message, [Fact::Starts]);
    changes.way(way_to_start(pair));
}

/// How rows come to start elsewhere where no order is safe.
fn way_to_start(pair: &Pair<'_>) -> String {
    let names = |side: Side| -> Vec<&str> {
        let machine = pair.machine(side);
        machine.initial.iter().map(|&id| machine.state(id).name.as_str()).collect()
    };
    let (was, is) = (names(Side::Old), names(Side::New));
    let new = pair.machine(Side::New);
    let gone: Vec<&str> = was
        .into_iter()
        .filter(|name| new.find(name).is_none_or(|state| !new.is_initial(state)))
        .collect();
    if gone.is_empty() {
        return format!(
            "release {} first as a state that rows come to, with every step on that the older version's \
             first state has, and let rows start there in a later release",
            suggest::list(&is)
        );
    }
    let all: Vec<String> = is.into_iter().chain(gone).map(suggest::toml).collect();
    format!("let rows go on starting where they did, too: `initial = [{}]`", all.join(", "))
}

pub(super) fn meaning(pair: &Pair<'_>, changes: &mut Changes) {
    let sides = [Side::Old, Side::New];
    for new in pair.machine(Side::New).state_ids() {
        let value = pair.value(Side::New, new);
        let [Some(was), Some(is)] = sides.map(|side| pair.world.meaning(side as usize, value))
        else {
            continue;
        };
        let [reopened, reopens] = sides.map(|side| {
            let state = pair.world.state(side as usize, value);
            state.is_some_and(|state| pair.machine(side).state(state).reopens)
        });
        let name = &pair.machine(Side::New).state(new).name;
        let message = if was != is {
            format!("`{name}` is {} now, and was {}", is.as_str(), was.as_str())
        } else if reopened != reopens {
            format!("`{name}` {} be left again", if reopens { "can" } else { "can no longer" })
        } else {
            continue;
        };
        let at = pair.attribute_at(Side::New, new, |row| Some(row.outcome.as_ref()?.span()));
        changes.add(Side::New, at, format!("end {name}"), message, [Fact::Means(value)]);
        changes.way(format!(
            "keep what `{name}` means; what ends otherwise is a state of its own, which is added, and \
             this one retired"
        ));
    }
}
