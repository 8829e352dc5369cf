//! What to do about a claim that does not hold, where what the rule says of all tables is not enough: by
//! the case, and by what the table does already.

use super::runs::Claim;
use super::{About, Smaller};
use crate::machine::{JobId, Machine, PhaseId, StateId};
use crate::runs::Workflow;
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

impl Smaller {
    /// What makes most of the situations of a table's runs.
    pub(crate) fn of_runs(machine: &Machine) -> Self {
        let is_skipped = |job: &JobId| machine.job(*job).skippable;
        if report_concurrently(machine) {
            Self::Jobs
        } else if machine.job_ids().filter(is_skipped).count() > 1 {
            Self::Skips
        } else {
            Self::Reports
        }
    }
}

/// Whether two jobs report neither of which has to wait for the other.
fn report_concurrently(machine: &Machine) -> bool {
    let workflow = Workflow::of(machine);
    let order = workflow.order.iter().map(|&job| JobId::new(job));
    let reporting: Vec<JobId> = order.filter(|&job| !machine.reports(job).is_empty()).collect();
    // In the order of needs each has to wait for the one before it.
    let waits = |job: JobId, other: JobId| {
        machine.job(job).needs.contains(&other) || before(machine, job).contains(&other)
    };
    !reporting.windows(2).all(|pair| waits(pair[1], pair[0]))
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
        None if let Some((own, other, done)) = said_by_another(machine, phase) => format!(
            "let `{own}`, which does the work of `{}`, say that it is done: write `success = \"{done}\"` in its \
             [[job]], and take `start` off `{other}`",
            title(phase)
        ),
        None => format!(
            "let the state that `completes` `{}` be the last that its jobs report of it, and give \
             each state that they report a phase",
            title(phase)
        ),
    }
}

/// A job whose success has no report, the job after it that says so where it starts, and the state by which
/// that completes the phase of the first.
fn said_by_another(machine: &Machine, phase: PhaseId) -> Option<(&str, &str, &str)> {
    let is_of = |state: &StateId| machine.state(*state).phase == Some(phase);
    let completes = |state: &StateId| is_of(state) && machine.state(*state).completes;
    let mut all = machine.job_ids().map(|id| (id, machine.job(id)));
    all.find_map(|(other, says)| {
        let done = says.start.filter(completes)?;
        let mut before = before(machine, other).into_iter().map(|id| machine.job(id));
        let own = before.find(|job| {
            job.success.is_none() && job.name != says.name && job.before_outcome().iter().any(is_of)
        })?;
        Some((own.name.as_str(), says.name.as_str(), machine.state(done).name.as_str()))
    })
}

/// What jobs report of their work: the states before their outcome, and their success.
fn work(machine: &Machine) -> impl Iterator<Item = (JobId, StateId)> {
    machine.job_ids().filter(|&job| !machine.job(job).always).flat_map(|id| {
        let job = machine.job(id);
        job.before_outcome().into_iter().chain(job.success).map(move |state| (id, state))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Jobs that report a start each, in the order of `needs` as it is given, with a concluding one.
    fn jobs(needs: &[&str], rest: &str) -> Machine {
        let mut text =
            "format = 1\nmachine = { name = 'm', initial = 'a' }\nstate = [{ name = 'a' }, "
                .to_owned();
        let names: Vec<String> = (0..needs.len()).map(|at| format!("s{at}")).collect();
        for name in &names {
            text += &format!("{{ name = '{name}', optional = true }}, ");
        }
        let to = names.iter().map(|name| format!("'{name}'")).collect::<Vec<_>>().join(", ");
        text += &format!(
            "{{ name = 'z', outcome = 'success' }}]\ntransition = [{{ from = ['a', {to}], to = [{to}, 'z'] }}]\n"
        );
        for (at, needs) in needs.iter().enumerate() {
            text += &format!("[[job]]\nname = 'j{at}'\nstart = 's{at}'\n{needs}\n");
        }
        crate::machine("t.toml", (text + rest).as_bytes()).unwrap().1
    }

    const QUIET: &str = "[[job]]\nname = 'quiet'\n";

    #[test]
    fn what_makes_runs_fewer_is_read_off_the_jobs() {
        let (one, two) = ("needs = ['j0']", "needs = ['j1']");
        let row = |more: &str| {
            let [one, two] = [one, two].map(|needs| format!("{needs}\n{more}"));
            jobs(&[more, &one, &two], QUIET)
        };
        assert_eq!(Smaller::of_runs(&row("")), Smaller::Reports);
        assert_eq!(Smaller::of_runs(&row("skippable = true")), Smaller::Skips);
        // What waits for another past a job between them waits for it as well.
        let between = "[[job]]\nname = 'between'\nneeds = ['j0']\n";
        let past = jobs(&["", "needs = ['between']"], between);
        assert_eq!(Smaller::of_runs(&past), Smaller::Reports);
        for needs in [["", "", ""], ["", one, one], ["", "", "needs = ['j0', 'j1']"]] {
            assert_eq!(Smaller::of_runs(&jobs(&needs, "")), Smaller::Jobs, "{needs:?}");
        }
    }
}
