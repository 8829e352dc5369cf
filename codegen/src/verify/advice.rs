//! What to do about a claim that does not hold, where what the rule says of all tables is not enough: by
//! the case, and by what the table does already.

use super::About;
use super::runs::Claim;
use crate::machine::{JobId, Machine, PhaseId, StateId};
use crate::search::closure;
use crate::suggest;

/// What to do about a case; nothing where the rule says it.
pub(super) fn of(machine: &Machine, claim: Claim, about: About) -> Option<String> {
    match (claim, about) {
        (Claim::Views | Claim::Again, About::Phase(phase)) => Some(of_phase(machine, phase)),
        (Claim::Ends | Claim::Again, About::State(row)) => of_conclusion(machine, row),
        (
            Claim::Views
            | Claim::Again
            | Claim::Accepted
            | Claim::Ends
            | Claim::Truth
            | Claim::Late,
            About::Phase(_) | About::State(_) | About::Job(_),
        ) => None,
    }
}

/// What keeps a concluding job that needs every other one from saying the end.
fn of_conclusion(machine: &Machine, row: StateId) -> Option<String> {
    let needs_all = |job: &JobId| {
        let needed = before(machine, *job);
        machine.job_ids().all(|other| needed.contains(&other) || machine.job(other).always)
    };
    let mut concluding = machine.job_ids().filter(|&job| machine.job(job).always);
    let job = machine.job(concluding.find(needs_all)?);
    let refused = |state: &StateId| *state != row && !machine.can_become(row, *state);
    let refused: Vec<&str> = (job.outcomes().states().into_iter().filter(refused))
        .map(|state| machine.state(state).name.as_str())
        .collect();
    let name = &machine.state(row).name;
    Some(match refused.is_empty() {
        true => {
            "let each job report only ends of its own result: a success where it succeeded, and no \
                 other end before the concluding job has reported"
                .to_owned()
        }
        false => format!(
            "declare the steps from `{name}` to what `{}` may report there: {}",
            job.name,
            suggest::list(&refused)
        ),
    })
}

/// A job and all that it needs.
fn before(machine: &Machine, job: JobId) -> std::collections::BTreeSet<JobId> {
    closure([job], |job| machine.job(job).needs.iter().copied())
}

/// What keeps the stepper from telling a phase as it is.
fn of_phase(machine: &Machine, phase: PhaseId) -> String {
    let name = |state: StateId| machine.state(state).name.as_str();
    let (is_of, title) = (
        |state: StateId| machine.state(state).phase == Some(phase),
        |p: PhaseId| machine.phase(p).name.as_str(),
    );
    let work: Vec<(JobId, StateId)> = work(machine).collect();
    let follows = |(job, _): &(JobId, StateId), (other, _): &(JobId, StateId)| {
        job != other && before(machine, *job).contains(other)
    };
    // A phase that stands before the phases of what its jobs wait for.
    let mine = work.iter().filter(|(_, state)| is_of(*state));
    let earlier = mine.clone().find_map(|one| {
        let first = work.iter().filter(|other| follows(one, other));
        let mut phases = first.filter_map(|(_, state)| machine.state(*state).phase);
        phases.find(|other| *other > phase)
    });
    if let Some(earlier) = earlier {
        return format!(
            "let the phases stand in the order in which the jobs report them: `{}` before `{}`",
            title(earlier),
            title(phase)
        );
    }
    let completes =
        work.iter().filter(|(_, state)| is_of(*state) && machine.state(*state).completes);
    if completes.clone().next().is_none() {
        return format!(
            "give `{}` a state that `completes` it, and each state that its jobs report a phase",
            title(phase)
        );
    }
    // Work of the phase that comes after the report which says that it is done.
    let late = completes.clone().find_map(|done| {
        let mut after = mine.clone().filter(|one| follows(one, done));
        after.find(|(_, state)| !machine.state(*state).completes).map(|one| (done.1, one.1))
    });
    match late {
        Some((done, late)) => format!(
            "`{}` is reported after `{}`, which completes `{}`: give it another phase, or let \
             another state complete that one",
            name(late),
            name(done),
            title(phase)
        ),
        None => format!(
            "let the state that `completes` `{}` be the last that its jobs report of it, and give \
             each state that they report a phase",
            title(phase)
        ),
    }
}

/// What jobs report of their work: the states before their outcome, and their success.
fn work(machine: &Machine) -> impl Iterator<Item = (JobId, StateId)> {
    machine.job_ids().filter(|&job| !machine.job(job).always).flat_map(|id| {
        let job = machine.job(id);
        job.before_outcome().into_iter().chain(job.success).map(move |state| (id, state))
    })
}
