//! What the jobs of a table do, looked up once: their reports, their needs, and which piece of work
//! belongs to which phase.

use crate::machine::{JobId, Machine, PhaseId, State, StateId};

use super::job::JobResult;
use super::step::Became;

/// A report before a job's outcome.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Before {
    pub(crate) state: StateId,
    pub(crate) tolerated: bool,
}

/// What one job does.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) always: bool,
    pub(crate) needs: Vec<usize>,
    /// The jobs that must have succeeded first, as far as one does not follow from another: what it
    /// needs, and past a concluding job what that needs.
    pub(crate) must: Vec<usize>,
    pub(crate) has_start: bool,
    pub(crate) before: Vec<Before>,
    /// How many pieces of work it has.
    pub(crate) pieces: u16,
    success: Option<StateId>,
    failure: Option<StateId>,
    cancelled: Option<StateId>,
    pub(crate) outcome_tolerated: bool,
    /// Of a concluding job: what each needed job's result says was attempted.
    pub(crate) attempted: Vec<Option<StateId>>,
}

impl Plan {
    /// The states of its outcomes, as far as it has reports for them.
    pub(crate) fn outcomes(&self) -> impl Iterator<Item = StateId> {
        [self.success, self.failure, self.cancelled].into_iter().flatten()
    }

    /// Whether it does what another does, but for the states that it reports and the jobs that it
    /// needs.
    pub(crate) fn has_shape_of(&self, other: &Self) -> bool {
        let tolerated = |plan: &Self| -> Vec<bool> {
            plan.before.iter().map(|report| report.tolerated).collect()
        };
        let outcomes =
            |plan: &Self| [plan.success, plan.failure, plan.cancelled].map(|of| of.is_some());
        self.always == other.always
            && self.has_start == other.has_start
            && self.pieces == other.pieces
            && self.outcome_tolerated == other.outcome_tolerated
            && tolerated(self) == tolerated(other)
            && outcomes(self) == outcomes(other)
    }

    pub(crate) const fn outcome(&self, of: Became) -> Option<StateId> {
        match of {
            Became::Success => self.success,
            Became::Failure => self.failure,
            Became::Cancelled => self.cancelled,
        }
    }

    /// What a report says was attempted, where the job had set out so many reports before.
    pub(crate) fn attempted(&self, set_out: u16) -> Option<StateId> {
        usize::from(set_out).checked_sub(1).map(|last| self.before[last].state)
    }

    /// What a concluding job says (rule 9), from what became of the jobs that it needs.
    pub(crate) fn concludes(
        &self,
        results: impl Fn(usize) -> JobResult,
    ) -> (Became, Option<StateId>) {
        let all = || self.needs.iter().map(|&need| seen(results(need)));
        let (of, named) = if all().all(|one| one == Seen::Success) {
            (Became::Success, Seen::Success)
        } else if all().any(|one| one == Seen::Failure) {
            (Became::Failure, Seen::Failure)
        } else if all().any(|one| one == Seen::Cancelled) {
            (Became::Cancelled, Seen::Cancelled)
        } else {
            // A skipped job did not have the reported result: there is none to name.
            (Became::Failure, Seen::Failure)
        };
        let first = all().position(|one| one == named);
        (of, first.and_then(|at| self.attempted[at]))
    }
}

/// What `needs.X.result` says.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Seen {
    Success,
    Failure,
    Cancelled,
    Skipped,
}

const fn seen(result: JobResult) -> Seen {
    match result {
        JobResult::Succeeded => Seen::Success,
        JobResult::Failed | JobResult::Mute => Seen::Failure,
        JobResult::Cancelled => Seen::Cancelled,
        JobResult::Skipped => Seen::Skipped,
    }
}

/// The jobs of a table.
#[derive(Debug)]
pub(crate) struct Workflow<'m> {
    pub(crate) machine: &'m Machine,
    pub(crate) plans: Vec<Plan>,
    /// The jobs, each after those that it needs.
    pub(crate) order: Vec<usize>,
    /// For each phase, the pieces of work that are its own: a job, and the piece's number from 0.
    pub(crate) work: Vec<Vec<(usize, u16)>>,
}

impl<'m> Workflow<'m> {
    /// The workflow of a table.
    pub(crate) fn of(machine: &'m Machine) -> Self {
        let order = in_order_of_needs(machine);
        let mut plans: Vec<Plan> = machine.job_ids().map(|id| plan(machine, id)).collect();
        for &job in &order {
            let mut must = plans[job].needs.clone();
            let past = plans[job].needs.iter().filter(|&&need| plans[need].always);
            must.extend(past.flat_map(|&need| plans[need].must.iter().copied()));
            must.sort_unstable();
            must.dedup();
            plans[job].must = must;
        }
        let mut work = vec![Vec::new(); machine.phases.len()];
        for (number, plan) in plans.iter().enumerate() {
            for piece in 0..plan.pieces {
                if let Some(phase) = phase_of(plan, piece, |state| Some(machine.state(state))) {
                    work[phase.index()].push((number, piece));
                }
            }
        }
        Self { machine, plans, order, work }
    }

    /// How far the jobs of a run are when all are over.
    pub(crate) fn farthest(&self) -> usize {
        self.plans.iter().map(|plan| plan.before.len() + 2).sum()
    }

    pub(crate) fn name(&self, job: u16) -> &'m str {
        &self.machine.jobs[usize::from(job)].name
    }
}

fn plan(machine: &Machine, id: JobId) -> Plan {
    let job = machine.job(id);
    let reports = machine.reports(id);
    Plan {
        always: job.always,
        needs: job.needs.iter().map(|need| need.index()).collect(),
        must: Vec::new(),
        has_start: job.start.is_some(),
        before: reports
            .iter()
            .filter_map(|report| {
                Some(Before { state: report.state()?, tolerated: report.tolerated })
            })
            .collect(),
        pieces: if job.always {
            0
        } else {
            u16::try_from(job.milestones.len() + 1).expect("a table of a mebibyte has fewer")
        },
        success: job.success,
        failure: job.failure,
        cancelled: job.cancelled,
        outcome_tolerated: reports.iter().any(|r| r.state().is_none() && r.tolerated),
        attempted: machine.concluding_attempted(id).into_iter().map(|(_, state)| state).collect(),
    }
}

/// The phase that a piece of work is the work of: that of the report before it, unless that report
/// says that the phase is done; without one, that of the job's success. What a page's table lacks
/// is passed over: to it the piece belongs to the report before that.
pub(crate) fn phase_of<'p>(
    plan: &Plan,
    piece: u16,
    page: impl Fn(StateId) -> Option<&'p State>,
) -> Option<PhaseId> {
    let before = usize::from(piece) + usize::from(plan.has_start);
    match plan.before[..before].iter().rev().find_map(|report| page(report.state)) {
        Some(state) => state.phase.filter(|_| !state.completes),
        None => page(plan.success?)?.phase,
    }
}

/// The jobs, each after those that it needs; a table's needs have no cycle.
fn in_order_of_needs(machine: &Machine) -> Vec<usize> {
    let mut missing: Vec<usize> = machine.jobs.iter().map(|job| job.needs.len()).collect();
    let mut needed_by = vec![Vec::new(); missing.len()];
    for (number, job) in machine.jobs.iter().enumerate() {
        for need in &job.needs {
            needed_by[need.index()].push(number);
        }
    }
    let mut order: Vec<usize> = (0..missing.len()).filter(|&job| missing[job] == 0).collect();
    let mut at = 0;
    while let Some(&job) = order.get(at) {
        for &next in &needed_by[job] {
            missing[next] -= 1;
            if missing[next] == 0 {
                order.push(next);
            }
        }
        at += 1;
    }
    order
}
