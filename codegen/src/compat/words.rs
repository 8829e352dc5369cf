//! What happens in a mix, in words: values, reports and their answers, switches.

use super::facts::Cause;
use super::found::{Class, Found, Witness, class_of};
use super::layers::{Answer, By, Meaning, Value, Why, World};
use super::mix::End;
use super::road::{Road, Spot};
use crate::runs::legal;

/// The states that rows are started in on a road; what keeps them from another is found.
pub(super) fn started(world: &World<'_>, road: &Road, found: &mut Found) -> Vec<Value> {
    let begins = road.start();
    let end = road.end(begins);
    let mut starts = world.initial(end.backend);
    starts.retain(|&start| {
        let answer = world.start(end, start);
        if !answer.is_accepted() {
            let class = class_of(answer).unwrap_or(Class::DatabaseRefuses);
            let witness = || no_start(world, end, start, answer);
            found.bad.entry((begins.place, None, class)).or_insert_with(witness);
        }
        answer.is_accepted()
    });
    starts
}

/// No row can be started in one of the states that a backend starts them in.
fn no_start(world: &World<'_>, end: End, value: Value, answer: Answer) -> Witness {
    let name = named(world, end.backend, value);
    let why = match answer {
        Answer::Refused(_, Why::Unknown) => "lacks that state",
        Answer::Refused(_, Why::Illegal) => "starts no row there",
        Answer::Refused(_, Why::Ended | Why::Unguarded | Why::NotFound | Why::Fault)
        | Answer::Applied
        | Answer::Duplicate
        | Answer::NotSent => "does not have what it looks for",
    };
    let where_else = match world.machines[end.backend].initial.len() {
        1 => String::new(),
        _ => format!(" in {name}"),
    };
    let summary = format!(
        "no row can be started{where_else}: the {} backend starts it in {name}, and the {} \
         database {why}",
        world.labels[end.backend], world.labels[end.database],
    );
    Witness::new(summary.clone(), vec![summary], Cause::start(value))
}

/// No run is started for a row: GitHub refuses an input that the workflow does not declare.
pub(super) fn no_run(
    world: &World<'_>,
    workflow: usize,
    end: End,
    value: Value,
    input: &str,
) -> Witness {
    let [backend, label] = [end.backend, workflow].map(|version| &world.labels[version]);
    let name = named(world, end.backend, value);
    let summary = format!(
        "no run is started, and the row is left in {name}: the {backend} backend gives its id by \
         an input that the {label} workflow does not declare"
    );
    let path = vec![
        format!("the row starts in {name}"),
        format!(
            "the {backend} backend starts the {label} workflow with the input `{input}`: GitHub \
             answers 422 (Unexpected inputs provided), and no run begins"
        ),
    ];
    Witness::new(summary, path, Cause::report(value, value, Answer::NotSent, end))
}

/// What a value is called: by its name in this version, or in the first that has it.
pub(super) fn named<'m>(world: &World<'m>, version: usize, value: Value) -> &'m str {
    let versions = std::iter::once(version).chain(0..world.machines.len());
    let name = |version: usize| {
        let state = world.state(version, value)?;
        Some(world.machines[version].state(state).name.as_str())
    };
    versions.into_iter().find_map(name).unwrap_or_else(|| world.text(value))
}

/// A report and its answer, in words.
pub(super) fn said(
    world: &World<'_>,
    speaker: usize,
    end: End,
    from: Value,
    to: Value,
    answer: Answer,
) -> String {
    let name = |value| named(world, speaker, value);
    let (source, wanted) = (name(from), name(to));
    let (by, why) = match answer {
        Answer::Applied => return format!("{source} -> {wanted}"),
        Answer::Duplicate => return format!("reports {wanted} again, nothing changes"),
        Answer::NotSent => return format!("its report of {wanted} is never sent"),
        Answer::Refused(by, why) => (by, why),
    };
    let (who, version) = match by {
        By::Backend | By::Address => ("backend", end.backend),
        By::Database => ("database", end.database),
    };
    let label = &world.labels[version];
    let refused = format!("its report of {wanted} is refused by the {label} {who}");
    match why {
        Why::Unknown => {
            // A state of that name may be there under another value.
            let text = world.text(to);
            let value = if text == wanted { String::new() } else { format!(" `{text}`") };
            format!("{refused}, which lacks that state{value} (422 unknown-status)")
        }
        Why::Ended => format!("{refused}: the row has ended in {source} (422 ended)"),
        Why::Illegal => {
            let legal = world.state(version, from).map(|from| legal(world.machines[version], from));
            let legal = legal.unwrap_or_else(|| "nothing".to_owned());
            format!("{refused} in {source}, where legal is {legal} (422 illegal-transition)")
        }
        Why::Unguarded => format!(
            "{refused}, which lacks the row's state {source} and has no guard to ask \
             (422 illegal-transition)"
        ),
        Why::NotFound => format!("{refused}, which serves another address (404)"),
        Why::Fault => {
            format!("{refused}: it lacks what the backend looks for (503 schema-mismatch)")
        }
    }
}

/// A backend and a database that don't agree: the database refuses what its backend accepts, or the
/// backend can't go on from what the database holds.
pub(super) fn disagree(world: &World<'_>, end: End, refused: Option<&str>) -> String {
    let [backend, database] = [end.backend, end.database].map(|version| &world.labels[version]);
    match refused {
        Some(what) => {
            format!("the {database} database refuses {what}, which the {backend} backend accepts")
        }
        None => {
            format!("the {backend} backend can't go on from what the {database} database holds")
        }
    }
}

/// What a page takes a state for, and what it is.
pub(super) fn takes(
    world: &World<'_>,
    page: usize,
    name: &str,
    [shows, means]: [Meaning; 2],
) -> String {
    let (label, shows, means) = (&world.labels[page], shows.as_str(), means.as_str());
    format!("the {label} page shows {name} as {shows}, and it is {means}")
}

/// How a row begins its road.
pub(super) fn starts(world: &World<'_>, road: &Road, name: &str) -> String {
    let label = |place: usize| &world.labels[road.ends[place].backend];
    match road.begins {
        0 => format!("the row starts in {name}"),
        begins => format!(
            "the {} backend starts the row in {name}, while the {} one still answers, too",
            label(begins),
            label(begins - 1)
        ),
    }
}

/// What is switched between two spots of a road.
pub(super) fn switched(world: &World<'_>, road: &Road, from: Spot, to: Spot) -> String {
    let (was, is) = (road.end(from), road.end(to));
    if from.place == to.place {
        let label = &world.labels[is.backend];
        return format!("the {label} backend answers next: one is being replaced by the other");
    }
    let mut what = Vec::new();
    if was.backend != is.backend {
        what.push(format!("the {} backend", world.labels[is.backend]));
    }
    if was.database != is.database {
        what.push(format!("the {} database", world.labels[is.database]));
    }
    format!("meanwhile {} takes over", what.join(" and "))
}
