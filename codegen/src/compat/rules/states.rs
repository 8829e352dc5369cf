//! Rules on states.

use super::{Changes, Pair, Side, leaving};
use crate::compat::facts::Fact;
use crate::compat::mix::Layer;
use crate::machine::{Machine, State, StateId};

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
        changes.tell(Side::New, at, format!("state {}", state.name), message, facts);
        let has_database = pair.world.has(Layer::Database);
        let is_reported = reported(pair, Side::New, id) != NONE;
        match (has_database, is_reported) {
            (true, false) => changes
                .help("roll out the database before the backend that enters it, and back after it"),
            (true, true) if state.optional => changes.help(
                "roll out the database before what reports it; until the backend follows, it is \
                 not reported",
            ),
            (false, true) if state.optional => changes.help(
                "roll out the backend before what reports it; until it follows, the state is not \
                 reported",
            ),
            (false, false) => changes.help("roll out the page with the backend that enters it"),
            (_, true) => {}
        }
    }
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
        changes.tell(Side::Old, at, format!("state {}", state.name), message, facts);
        changes.comes_of(leaving::of_state(pair, id));
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
        changes.tell(Side::New, at, subject, message, facts);
    }
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
        changes.tell(Side::New, at, subject, message, other_value(pair, old, new));
    }
}

/// What some kept states have become.
fn turned(
    pair: &Pair<'_>,
    changes: &mut Changes,
    has: impl Fn(&State, &State) -> bool,
    what: &str,
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
        changes.tell(Side::New, place, format!("state {}", is.name), message, fact);
        changes.comes_of(leaving::of_state(pair, old));
    }
}

pub(super) fn retired(pair: &Pair<'_>, changes: &mut Changes) {
    let what = "is retired: a newer backend or database lets nothing enter it";
    let at = |row: &crate::table::StateRow| Some(row.retired.as_ref()?.span());
    turned(pair, changes, |was, is| is.retired && !was.retired, what, at);
}

pub(super) fn unretired(pair: &Pair<'_>, changes: &mut Changes) {
    let what = "is no longer retired: an older backend or database lets nothing enter it";
    turned(pair, changes, |was, is| was.retired && !is.retired, what, |_| None);
}

pub(super) fn required(pair: &Pair<'_>, changes: &mut Changes) {
    let what = "is no longer optional: what follows it needs it";
    // What is retired is not entered at all: that is another rule's, and nothing needs it.
    turned(pair, changes, |was, is| was.optional && !is.optional && !is.retired, what, |_| None);
}

pub(super) fn optional(pair: &Pair<'_>, changes: &mut Changes) {
    let what = "is optional now: what follows it goes without it, to newer versions alone";
    let at = |row: &crate::table::StateRow| Some(row.optional.as_ref()?.span());
    turned(pair, changes, |was, is| is.optional && !was.optional, what, at);
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
    changes.tell(Side::New, at, format!("initial {}", is.join(", ")), message, [Fact::Starts]);
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
        changes.tell(Side::New, at, format!("end {name}"), message, [Fact::Means(value)]);
    }
}
