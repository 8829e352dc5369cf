//! What the jobs of a table do, looked up once: their reports, their needs, and which piece of work
//! belongs to which phase.

use crate::machine::{
    Became, JobId, Machine, NeedResult, Outcomes, PhaseId, State, StateId, conclude,
};

use super::job::JobResult;

/// A report before a job's outcome.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Before {
    pub(crate) state: StateId,
    pub(crate) tolerated: bool,
}

/// What one job does.
#[derive(Clone, Debug)]
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
    outcomes: Outcomes,
    pub(crate) outcome_tolerated: bool,
    /// Of a concluding job: what the result of each job that it needs says was attempted.
    pub(crate) attempted: Vec<(JobId, Option<StateId>)>,
}

impl Plan {
    /// The states of its outcomes, as far as it has reports for them.
    pub(crate) fn outcomes(&self) -> impl Iterator<Item = StateId> {
        Became::ALL.into_iter().filter_map(|became| self.outcomes.of(became))
    }

    /// Whether it does what another does, but for the states that it reports and the jobs that it
    /// needs.
    pub(crate) fn has_shape_of(&self, other: &Self) -> bool {
        let tolerated = |plan: &Self| -> Vec<bool> {
            plan.before.iter().map(|report| report.tolerated).collect()
        };
        let outcomes = |plan: &Self| Became::ALL.map(|became| plan.outcomes.of(became).is_some());
        self.always == other.always
            && self.has_start == other.has_start
            && self.pieces == other.pieces
            && self.outcome_tolerated == other.outcome_tolerated
            && tolerated(self) == tolerated(other)
            && outcomes(self) == outcomes(other)
    }

    pub(crate) const fn outcome(&self, of: Became) -> Option<StateId> {
        self.outcomes.of(of)
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
        conclude(&self.attempted, |need| need_result(results(need.index())))
    }
}

/// What a job that is over is to those that need it.
const fn need_result(result: JobResult) -> NeedResult {
    match result {
        JobResult::Succeeded => NeedResult::Success,
        JobResult::Failed | JobResult::Mute => NeedResult::Failure,
        JobResult::Cancelled => NeedResult::Cancelled,
        JobResult::Skipped => NeedResult::Skipped,
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

    /// Some of its jobs by themselves, which wait for no others.
    pub(crate) fn only(&self, jobs: &[usize]) -> Self {
        let plan =
            |&job: &usize| Plan { needs: Vec::new(), must: Vec::new(), ..self.plans[job].clone() };
        let place = |job: usize| jobs.iter().position(|&one| one == job);
        let work = self.work.iter().map(|work| {
            work.iter().filter_map(|&(job, piece)| Some((place(job)?, piece))).collect()
        });
        Self {
            machine: self.machine,
            plans: jobs.iter().map(plan).collect(),
            order: (0..jobs.len()).collect(),
            work: work.collect(),
        }
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
        outcomes: job.outcomes(),
        outcome_tolerated: reports.iter().any(|r| r.state().is_none() && r.tolerated),
        attempted: machine.concluding_attempted(id),
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
        None => page(plan.outcomes.success?)?.phase,
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
