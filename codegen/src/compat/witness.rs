//! How something comes to go wrong: the shortest path, in words, and where it departs from what the
//! workflow's own version would have made of it.

use super::facts::Cause;
use super::found::{Class, Place, Witness};
use super::layers::{Answer, By, Meaning, Value, Why};
use super::mix::End;
use super::road::Spot;
use super::runs::{Search, shadow_of, spot};
use super::words::{named, said, starts, switched};
use crate::explore::{Fate, Situation, Situations, Step, Tells, Workflow, job_in, steps, trace};
use crate::machine::StateId;

/// The state that a step delivers a report of.
fn reported(workflow: &Workflow<'_>, before: &[u64], step: Step) -> Option<StateId> {
    match step {
        Step::Before { job, fate: Fate::Delivered } => {
            let job = usize::from(job);
            let at = job_in(before, job).set_out;
            Some(workflow.plans[job].before[usize::from(at)].state)
        }
        Step::Outcome { job, of, fate: Fate::Delivered } => {
            workflow.plans[usize::from(job)].outcome(of)
        }
        Step::Before { .. }
        | Step::Outcome { .. }
        | Step::FailsAtOnce { .. }
        | Step::NeverBegins { .. }
        | Step::Lost { .. }
        | Step::Start
        | Step::AgainAll
        | Step::AgainFailed
        | Step::Switched { .. } => None,
    }
}

/// The witness of what goes wrong at the end of a path.
pub(super) fn witness(
    search: &mut Search<'_, '_>,
    place: Place,
    end: crate::explore::End<'_>,
) -> Witness {
    let (_, page, class) = place;
    let now = match end.1 {
        Some((_, words)) => Situation { words: words.to_vec() },
        None => Situation { words: search.known.row(end.0).to_vec() },
    };
    // Only a page's phases are looked up, and only where its word for the state is the workflow's.
    let false_phase = match (class, page) {
        (Class::PageFalse, Some(page)) if meanings(search, &now, page).is_none() => {
            let (of_mix, own) = search.false_phases(&now, page);
            of_mix.or(own).map(|phase| (page, phase))
        }
        (
            Class::PageFalse
            | Class::FailsJob
            | Class::LeftOpen
            | Class::EndsOtherwise
            | Class::DatabaseRefuses
            | Class::BackendBreaks
            | Class::Refuted,
            _,
        ) => None,
    };
    let path = trace(search, end);
    let cause = cause(search, place, end, &now, false_phase);
    let summary = match refused(search, end) {
        Some(refused) if class == Class::FailsJob => refused,
        Some(_) | None => summary(search, place, &now, false_phase, &cause),
    };
    // Where its job fails for it too, that is told beside it.
    Witness { summary, path, cause, tolerated: class == Class::DatabaseRefuses, alone: false }
}

/// Whose report it is that is refused in the last step, and by whom.
fn refused(search: &Search<'_, '_>, end: crate::explore::End<'_>) -> Option<String> {
    let (step, _) = end.1?;
    let before = search.known.row(end.0);
    let world = search.world;
    let to = world.value(search.version, reported(search.workflow, before, step)?);
    let met = search.road.end(spot(before));
    let answer = world.receive(search.version, met, search.value_of(before), to);
    let (who, version) = match answer {
        Answer::Refused(By::Database, _) => ("database", met.database),
        Answer::Refused(By::Backend | By::Address, _)
        | Answer::Applied
        | Answer::Duplicate
        | Answer::NotSent => ("backend", met.backend),
    };
    let job = search.workflow.name(step.job()?);
    let (to, label) = (named(world, search.version, to), &world.labels[version]);
    Some(format!("{job} fails, because its report of {to} is refused by the {label} {who}"))
}

/// What the workflow and a page take the row's state for, where they differ.
fn meanings(
    search: &Search<'_, '_>,
    now: &Situation,
    page: usize,
) -> Option<(Value, Meaning, Meaning)> {
    let value = search.value_of(&now.words);
    let means = search.world.meaning(search.version, value)?;
    let shows = search.world.meaning(page, value)?;
    (means != shows).then_some((value, means, shows))
}

fn cause(
    search: &Search<'_, '_>,
    place: Place,
    end: crate::explore::End<'_>,
    now: &Situation,
    false_phase: Option<(usize, (usize, bool))>,
) -> Cause {
    let world = search.world;
    let jobs = search.workflow.plans.len();
    let own = End { backend: search.version, database: search.version };
    let mut first = None;
    let mut moved = None;
    let mut last = None;
    for (before, _, step) in steps(&search.known, end) {
        let (from, shadow) = (search.value_of(before), search.rows.value(shadow_of(before, jobs)));
        if first.is_none() && from != shadow && last.is_none() {
            first = Some(Cause::start(from));
        }
        let Some(state) = reported(search.workflow, before, step) else { continue };
        let to = world.value(search.version, state);
        let met = search.road.end(spot(before));
        let answer = world.receive(search.version, met, from, to);
        let expected = world.receive(search.version, own, shadow, to);
        let then = |answer: Answer, from| if answer == Answer::Applied { to } else { from };
        let departs = answer.is_accepted() != expected.is_accepted()
            || then(answer, from) != then(expected, shadow);
        let cause = Cause::report(from, to, answer, met);
        if departs && first.is_none() {
            first = Some(cause.clone());
        }
        if answer != expected && moved.is_none() {
            moved = Some(cause.clone());
        }
        last = Some((cause, answer, from == shadow));
    }
    let (_, page, class) = place;
    match (class, last) {
        (Class::DatabaseRefuses | Class::BackendBreaks, Some((cause, _, _))) => cause,
        (Class::FailsJob, Some((cause, answer, same))) => match answer {
            Answer::Refused(_, Why::Illegal | Why::Ended) if !same => first.unwrap_or(cause),
            Answer::Refused(..) | Answer::Applied | Answer::Duplicate | Answer::NotSent => cause,
        },
        (Class::PageFalse, _) => {
            let page = page.expect("a page shows it");
            let value = search.value_of(&now.words);
            match (false_phase, first) {
                (Some(_), Some(first)) => first,
                (Some((_, (phase, _))), None) => {
                    Cause::phase(world.machines[page].phases[phase].name.clone(), value, moved)
                }
                (None, _) => Cause::meaning(value),
            }
        }
        (_, last) => {
            let of_last = last.map(|(cause, _, _)| cause);
            first.or(of_last).unwrap_or_else(|| Cause::start(search.value_of(&now.words)))
        }
    }
}

fn summary(
    search: &Search<'_, '_>,
    place: Place,
    now: &Situation,
    false_phase: Option<(usize, (usize, bool))>,
    cause: &Cause,
) -> String {
    let (_, page, class) = place;
    let world = search.world;
    let label = |version: usize| &world.labels[version];
    let value = search.value_of(&now.words);
    let met = search.road.end(spot(&now.words));
    let name = |value| named(world, search.version, value);
    match (class, cause.refused) {
        (Class::FailsJob, _) => {
            "a job fails, because a report that is part of it is refused".to_owned()
        }
        (Class::Refuted, _) => "what is claimed of it does not hold".to_owned(),
        (Class::LeftOpen, _) => format!("the run is over, and the row is left in {}", name(value)),
        (Class::EndsOtherwise, _) => {
            let shadow = search.rows.value(shadow_of(&now.words, search.workflow.plans.len()));
            format!("the row ends in {}, and the run in {}", name(value), name(shadow))
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
            let page = page.expect("a page shows it");
            match (false_phase, meanings(search, now, page)) {
                (Some((_, (phase, done))), _) => {
                    let phase = &world.machines[page].phases[phase].name;
                    let what = if done {
                        "as done, and its work is not"
                    } else {
                        "as failed, and its work passed"
                    };
                    format!("the {} page shows `{phase}` {what}", label(page))
                }
                (None, Some((value, means, shows))) => format!(
                    "the {} page shows {} as {}, and it is {}",
                    label(page),
                    name(value),
                    shows.as_str(),
                    means.as_str()
                ),
                (None, None) => format!("the {} page shows what is not so", label(page)),
            }
        }
    }
}

impl Tells for Search<'_, '_> {
    fn workflow(&self) -> &Workflow<'_> {
        self.workflow
    }

    fn known(&self) -> &Situations {
        &self.known
    }

    fn started(&self, at: &[u64]) -> String {
        let value = self.value_of(at);
        let begins = self.road.start();
        starts(self.world, self.road, named(self.world, self.road.end(begins).backend, value))
    }

    fn says(&self, at: &[u64], state: StateId, attempted: Option<StateId>) -> (String, bool) {
        let world = self.world;
        let from = self.value_of(at);
        let to = world.value(self.version, state);
        let end = self.road.end(spot(at));
        let answer = world.receive(self.version, end, from, to);
        let mut what = said(world, self.version, end, from, to, answer);
        let machine = world.machines[self.version];
        if let (Answer::Applied, Some(attempted)) = (answer, attempted)
            && machine.state(state).outcome.is_some()
        {
            what += &format!(" (attempted {})", machine.state(attempted).name);
        }
        (what, !answer.is_accepted())
    }

    fn switched(&self, at: &[u64], to: u8) -> String {
        switched(self.world, self.road, spot(at), Spot::unpack(u64::from(to)))
    }
}
