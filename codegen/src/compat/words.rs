//! What happens in a mix, in words: values, reports and their answers, switches.

use super::exploration::{Class, Exploration, Witness, class_of};
use super::facts::Cause;
use super::layers::{By, Meaning, ReportResult, Value, Why, World};
use super::mix::Receiver;
use super::road::{Road, Spot};
use crate::runs::legal;

/// The states that rows are started in on a road; what keeps them from another is found.
pub(super) fn started(world: &World<'_>, road: &Road, found: &mut Exploration) -> Vec<Value> {
    let begins = road.start();
    let receiver = road.receiver(begins);
    let mut starts = world.initial(receiver.backend);
    starts.retain(|&start| {
        let answer = world.start(receiver, start);
        if !answer.is_accepted() {
            let class = class_of(answer).unwrap_or(Class::DatabaseRefuses);
            let witness = || no_start(world, receiver, start, answer);
            found.bad.entry((begins.place, None, class)).or_insert_with(witness);
        }
        answer.is_accepted()
    });
    starts
}

/// No row can be started in one of the states that a backend starts them in.
fn no_start(world: &World<'_>, receiver: Receiver, value: Value, answer: ReportResult) -> Witness {
    let name = named(world, receiver.backend, value);
    let why = match answer {
        ReportResult::Refused(_, Why::Unknown) => "lacks that state",
        ReportResult::Refused(_, Why::Illegal) => "starts no row there",
        ReportResult::Refused(_, Why::Ended | Why::Unguarded | Why::NotFound | Why::Fault)
        | ReportResult::Applied
        | ReportResult::Duplicate
        | ReportResult::NotSent => "does not have what it looks for",
    };
    let where_else = match world.machines[receiver.backend].initial.len() {
        1 => String::new(),
        _ => format!(" in {name}"),
    };
    let summary = format!(
        "no row can be started{where_else}: the {} backend starts it in {name}, and the {} \
         database {why}",
        world.labels[receiver.backend], world.labels[receiver.database],
    );
    Witness::new(summary.clone(), vec![summary], Cause::start(value))
}

/// No run is started for a row: GitHub refuses an input that the workflow does not declare.
pub(super) fn no_run(
    world: &World<'_>,
    workflow: usize,
    receiver: Receiver,
    value: Value,
    input: &str,
) -> Witness {
    let [backend, label] = [receiver.backend, workflow].map(|version| &world.labels[version]);
    let name = named(world, receiver.backend, value);
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
    Witness::new(summary, path, Cause::report(value, value, ReportResult::NotSent, receiver))
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
    receiver: Receiver,
    from: Value,
    to: Value,
    answer: ReportResult,
) -> String {
    let name = |value| named(world, speaker, value);
    let (source, wanted) = (name(from), name(to));
    let (by, why) = match answer {
        ReportResult::Applied => return format!("{source} -> {wanted}"),
        ReportResult::Duplicate => return format!("reports {wanted} again, nothing changes"),
        ReportResult::NotSent => return format!("its report of {wanted} is never sent"),
        ReportResult::Refused(by, why) => (by, why),
    };
    let (who, version) = match by {
        By::Backend | By::Address => ("backend", receiver.backend),
        By::Database => ("database", receiver.database),
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
pub(super) fn disagree(world: &World<'_>, receiver: Receiver, refused: Option<&str>) -> String {
    let [backend, database] =
        [receiver.backend, receiver.database].map(|version| &world.labels[version]);
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
    let label = |place: usize| &world.labels[road.receivers[place].backend];
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
    let (was, is) = (road.receiver(from), road.receiver(to));
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
