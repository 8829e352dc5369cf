//! How something comes to go wrong: the shortest path, in words, and where it departs from what the
//! workflow's own version would have made of it.

use super::facts::Cause;
use super::found::{Class, Place, Witness};
use super::layers::{Answer, By, Why, World};
use super::mixed::{Mixed, Taken};
use super::receives::{Received, Receives, Row};
use super::words::named;
use crate::runs::{Does, Fate, Run, Runs, Step, tell};
use crate::search::{End, Known};

/// A run to what goes wrong: where it begins, and each step with where the run is then.
pub(super) struct Trail {
    first: Run<Row>,
    steps: Vec<(Taken, Run<Row>)>,
}

impl Trail {
    pub(super) fn of(known: &Known<Mixed<'_, '_>>, end: End<Taken>) -> Self {
        let (first, steps) = known.path(end);
        let steps = steps.into_iter().map(|(step, to)| (step, known.state(to).clone()));
        Self { first: known.state(first).clone(), steps: steps.collect() }
    }

    /// Through these steps, each with the number of where it leads.
    pub(super) fn through(
        known: &Known<Mixed<'_, '_>>,
        first: u32,
        steps: impl Iterator<Item = (Taken, u32)>,
    ) -> Self {
        let steps = steps.map(|(step, to)| (step, known.state(to as usize).clone()));
        Self { first: known.state(first as usize).clone(), steps: steps.collect() }
    }

    fn last(&self) -> Row {
        self.steps.last().map_or(self.first.row, |(_, run)| run.row)
    }
}

/// A phase, by its name, and whether it is shown as done and not as failed.
type Shown<'p> = Option<(&'p str, bool)>;

/// The witness of what goes wrong at the end of a path.
pub(super) fn witness(
    runs: &Runs<'_, '_, Receives<'_, '_>>,
    place: Place,
    trail: &Trail,
    shown: Shown<'_>,
) -> Witness {
    let (_, _, class) = place;
    let cause = cause(class, trail, shown);
    let refused = match class {
        Class::FailsJob => refused(runs, trail),
        Class::LeftOpen
        | Class::EndsOtherwise
        | Class::DatabaseRefuses
        | Class::BackendBreaks
        | Class::PageFalse
        | Class::Refuted => None,
    };
    let summary = refused.unwrap_or_else(|| summary(&runs.receiver, place, trail, shown, &cause));
    let steps: Vec<(Step, Run<Row>)> =
        trail.steps.iter().map(|((step, _), run)| (*step, run.clone())).collect();
    let path = tell(runs.workflow, &runs.layout, &runs.receiver, &trail.first, &steps);
    // Where its job fails for it too, that is told beside it.
    Witness { summary, path, cause, tolerated: class == Class::DatabaseRefuses, alone: false }
}

/// Whose report it is that is refused in the last step, and by whom.
fn refused(runs: &Runs<'_, '_, Receives<'_, '_>>, trail: &Trail) -> Option<String> {
    let ((step, received), _) = trail.steps.last()?;
    let Receives { world, version, .. } = runs.receiver;
    let Received { to, answer, met, .. } = (*received)?;
    let (who, by) = match answer {
        Answer::Refused(By::Database, _) => ("database", met.database),
        Answer::Refused(By::Backend | By::Address, _)
        | Answer::Applied
        | Answer::Duplicate
        | Answer::NotSent => ("backend", met.backend),
    };
    let job = runs.workflow.name(step.job()?);
    let (to, label) = (named(world, version, to), &world.labels[by]);
    Some(format!("{job} fails, because its report of {to} is refused by the {label} {who}"))
}

/// Whether a step's report is its job's last word on that: one whose runner is lost after it makes no
/// difference by its answer.
fn counts(step: Step) -> bool {
    match step {
        Step::Job { does: Does::Report(fate) | Does::End(_, fate), .. } => fate == Fate::Delivered,
        Step::Job {
            does: Does::FailsAtOnce | Does::NeverBegins | Does::IsSkipped | Does::IsLost,
            ..
        }
        | Step::AgainAll
        | Step::AgainFailed
        | Step::Switched { .. } => false,
    }
}

fn cause(class: Class, trail: &Trail, shown: Shown<'_>) -> Cause {
    let value = trail.last().value;
    let (mut first, mut moved, mut last) = (None, None, None);
    let mut before = trail.first.row;
    for ((step, received), after) in &trail.steps {
        let row = std::mem::replace(&mut before, after.row);
        if first.is_none() && row.value != row.shadow && last.is_none() {
            first = Some(Cause::start(row.value));
        }
        let Some(received) = received.filter(|_| counts(*step)) else { continue };
        let Received { from, shadow, to, answer, expected, met, .. } = received;
        let cause = Cause::report(from, to, answer, met);
        if received.departs() && first.is_none() {
            first = Some(cause.clone());
        }
        if answer != expected && moved.is_none() {
            moved = Some(cause.clone());
        }
        last = Some((cause, answer, from == shadow));
    }
    match (class, last) {
        (Class::DatabaseRefuses | Class::BackendBreaks, Some((cause, _, _))) => cause,
        (Class::FailsJob, Some((cause, answer, same))) => match answer {
            Answer::Refused(_, Why::Illegal | Why::Ended) if !same => first.unwrap_or(cause),
            Answer::Refused(..) | Answer::Applied | Answer::Duplicate | Answer::NotSent => cause,
        },
        (Class::PageFalse, _) => match (shown, first) {
            (Some(_), Some(first)) => first,
            (Some((phase, _)), None) => Cause::phase(phase.to_owned(), value, moved),
            (None, _) => Cause::meaning(value),
        },
        (_, last) => {
            let of_last = last.map(|(cause, _, _)| cause);
            first.or(of_last).unwrap_or_else(|| Cause::start(value))
        }
    }
}

fn summary(
    receives: &Receives<'_, '_>,
    place: Place,
    trail: &Trail,
    shown: Shown<'_>,
    cause: &Cause,
) -> String {
    let (_, page, class) = place;
    let Receives { world, version, .. } = *receives;
    let label = |version: usize| &world.labels[version];
    let row = trail.last();
    let met = receives.road.end(row.spot());
    let name = |value| named(world, version, value);
    match (class, cause.refused) {
        (Class::FailsJob, _) => {
            "a job fails, because a report that is part of it is refused".to_owned()
        }
        (Class::Refuted, _) => "what is claimed of it does not hold".to_owned(),
        (Class::LeftOpen, _) => {
            format!("the run is over, and the row is left in {}", name(row.value))
        }
        (Class::EndsOtherwise, _) => {
            format!("the row ends in {}, and the run in {}", name(row.value), name(row.shadow))
        }
        (Class::DatabaseRefuses, Some(to)) => format!(
            "the {} database refuses {}, which the {} backend accepts",
            label(met.database),
            name(to),
            label(met.backend)
        ),
        (Class::DatabaseRefuses, None) => {
            "the database refuses what its backend accepts".to_owned()
        }
        (Class::BackendBreaks, _) => format!(
            "the {} backend can't go on from what the {} database holds",
            label(met.backend),
            label(met.database)
        ),
        (Class::PageFalse, _) => {
            let page = label(page.expect("a page shows it"));
            match shown {
                Some((phase, true)) => {
                    format!("the {page} page shows `{phase}` as done, and its work is not")
                }
                Some((phase, false)) => {
                    format!("the {page} page shows `{phase}` as failed, and its work passed")
                }
                None => takes(world, version, place, row, name(row.value)),
            }
        }
    }
}

/// What a page takes the row's state for, and what it is.
fn takes(world: &World<'_>, version: usize, place: Place, row: Row, name: &str) -> String {
    let page = place.1.expect("a page shows it");
    let word = |version| world.meaning(version, row.value).map_or("", |means| means.as_str());
    let label = &world.labels[page];
    format!("the {label} page shows {name} as {}, and it is {}", word(page), word(version))
}
