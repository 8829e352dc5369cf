//! How something comes to go wrong: the shortest path, in words, and where it departs from what the
//! workflow's own version would have made of it.

use super::exploration::{Class, Place, Witness};
use super::facts::Cause;
use super::layers::{By, ReportResult, Value, Why, World};
use super::mixed::{Mixed, Taken};
use super::receives::{Received, Receives, Row};
use super::words::{disagree, named, takes};
use crate::runs::{Does, Fate, Run, Runs, Step, describe};
use crate::search::{Known, PathEnd};

/// A run to what goes wrong: where it begins, each step with where the run is then, and what came of
/// its report.
pub(super) struct Trail {
    first: Run<Row>,
    steps: Vec<(Step, Run<Row>)>,
    received: Vec<Option<Received>>,
}

impl Trail {
    pub(super) fn of(known: &Known<Mixed<'_, '_>>, end: PathEnd<Taken>) -> Self {
        let (first, steps) = known.path(end);
        Self::through(known, first, steps.into_iter())
    }

    /// Through these steps, each with the number of where it leads.
    pub(super) fn through(
        known: &Known<Mixed<'_, '_>>,
        first: usize,
        steps: impl Iterator<Item = (Taken, usize)>,
    ) -> Self {
        let steps = steps.map(|((step, received), to)| ((step, known.state(to).clone()), received));
        let (steps, received) = steps.unzip();
        Self { first: known.state(first).clone(), steps, received }
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
    (_, page, class): Place,
    trail: &Trail,
    shown: Shown<'_>,
) -> Witness {
    let summary = summary(runs, page, class, trail, shown);
    let path = describe(runs.workflow, &runs.layout, &runs.receiver, &trail.first, &trail.steps);
    // Where its job fails for it too, that is reported next to it.
    let tolerated = class == Class::DatabaseRefuses;
    Witness {
        tolerated,
        ..Witness::new(summary, path.0, cause(runs.receiver.world, page, class, trail, shown))
    }
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

fn cause(
    world: &World<'_>,
    page: Option<usize>,
    class: Class,
    trail: &Trail,
    shown: Shown<'_>,
) -> Cause {
    // What the page passes over, for its table lacks it.
    let lacks = |value: &Value| page.is_some_and(|page| world.state(page, *value).is_none());
    let rows = std::iter::once(&trail.first).chain(trail.steps.iter().map(|(_, run)| run));
    let passed: Vec<Value> = rows.map(|run| run.row.value).filter(lacks).collect();
    let value = trail.last().value;
    let (mut first, mut moved, mut last) = (None, None, None);
    let mut before = trail.first.row;
    for ((step, after), received) in trail.steps.iter().zip(&trail.received) {
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
            ReportResult::Refused(_, Why::Illegal | Why::Ended) if !same => first.unwrap_or(cause),
            ReportResult::Refused(..)
            | ReportResult::Applied
            | ReportResult::Duplicate
            | ReportResult::NotSent => cause,
        },
        (Class::PageFalse, _) => match (shown, first) {
            (Some(_), Some(first)) => first,
            (Some((phase, _)), None) => Cause::phase(phase.to_owned(), value, moved, passed),
            (None, _) => Cause::meaning(value),
        },
        (_, last) => {
            let of_last = last.map(|(cause, _, _)| cause);
            first.or(of_last).unwrap_or_else(|| Cause::start(value))
        }
    }
}

fn summary(
    runs: &Runs<'_, '_, Receives<'_, '_>>,
    page: Option<usize>,
    class: Class,
    trail: &Trail,
    shown: Shown<'_>,
) -> String {
    let Receives { world, version, .. } = runs.receiver;
    let row = trail.last();
    let name = |value| named(world, version, value);
    let report = || trail.received.last().copied().flatten().expect("a report is refused");
    let page = || page.expect("a page shows it");
    match (class, shown) {
        (Class::FailsJob, _) => {
            let Received { to, answer, met, .. } = report();
            let (who, by) = match answer {
                ReportResult::Refused(By::Database, _) => ("database", met.database),
                ReportResult::Refused(By::Backend | By::Address, _)
                | ReportResult::Applied
                | ReportResult::Duplicate
                | ReportResult::NotSent => ("backend", met.backend),
            };
            let job = trail.steps.last().and_then(|(step, _)| step.job());
            let job = runs.workflow.name(job.expect("a job reports"));
            let (to, label) = (name(to), &world.labels[by]);
            format!("{job} fails, because its report of {to} is refused by the {label} {who}")
        }
        (Class::LeftOpen, _) => {
            format!("the run is over, and the row is left in {}", name(row.value))
        }
        (Class::EndsOtherwise, _) => {
            format!("the row ends in {}, and the run in {}", name(row.value), name(row.shadow))
        }
        (Class::DatabaseRefuses, _) => disagree(world, report().met, Some(name(report().to))),
        (Class::BackendBreaks, _) => disagree(world, report().met, None),
        (Class::PageFalse, Some((phase, done))) => {
            let what = match done {
                true => "done, and its work is not",
                false => "failed, and its work passed",
            };
            format!("the {} page shows `{phase}` as {what}", world.labels[page()])
        }
        (Class::PageFalse, None) => {
            let means = [page(), version].map(|version| {
                world.meaning(version, row.value).expect("both know what they differ in")
            });
            takes(world, page(), name(row.value), means)
        }
        (Class::Refuted, _) => "what is claimed of it does not hold".to_owned(),
    }
}
