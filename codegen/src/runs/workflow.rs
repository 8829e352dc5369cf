//! What the jobs of a table do, looked up once: their reports, their needs, and which piece of work
//! belongs to which phase.

use std::fmt;
use std::sync::Arc;

use crate::machine::{
    Became, JobId, Machine, NeedResult, Outcomes, PhaseId, State, StateId, conclude,
};
use crate::workflow::expression::Both;

use super::job::JobResult;

/// A report before a job's outcome.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Before {
    pub(crate) state: StateId,
    pub(crate) tolerated: bool,
}

/// What says whether a job of a workflow that somebody wrote begins once those that it needs are over.
pub(crate) trait Decides: fmt::Debug + Send + Sync {
    /// Whether it begins, given what became of the jobs before it, and whether the run was cancelled.
    fn begins(&self, result: &dyn Fn(usize) -> NeedResult, cancelled: bool) -> Both;
    /// What it may say became of the jobs before it, where it concludes and that is known.
    fn says(&self, result: &dyn Fn(usize) -> NeedResult) -> Option<Vec<Became>>;
}

/// What one job does.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) name: String,
    /// Whether the table has it; a workflow may have others, which report nothing.
    pub(crate) is_of_table: bool,
    pub(crate) always: bool,
    /// Whether it counts as one that succeeded where it was skipped.
    pub(crate) skippable: bool,
    /// Whether it may be skipped where all before it passed.
    pub(crate) may_skip: bool,
    /// Whether it counts as one that succeeded where it failed: `continue-on-error`.
    pub(crate) tolerated: bool,
    /// Whether it may be cancelled before it begins though it begins whatever became of others: it
    /// waits, and a later run takes its place.
    pub(crate) may_be_replaced: bool,
    /// When it begins, where a workflow that somebody wrote says so.
    pub(crate) condition: Option<Arc<dyn Decides>>,
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
    /// The jobs that it needs and that may be skipped.
    skippable_needs: Vec<JobId>,
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
            && self.skippable == other.skippable
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
    pub(crate) fn concludes(&self, results: impl Fn(usize) -> JobResult) -> Became {
        let is_skippable = |need: JobId| self.skippable_needs.contains(&need);
        conclude(&self.attempted, is_skippable, |need| need_result(results(need.index()))).0
    }
}

impl Plan {
    /// What a concluding job says was attempted, where it reports this outcome: the start of the first of
    /// the jobs that it needs that had that result.
    pub(crate) fn attempted_of(
        &self,
        outcome: Became,
        result: impl Fn(usize) -> NeedResult,
    ) -> Option<StateId> {
        let had = |&&(need, _): &&(JobId, Option<StateId>)| {
            result(need.index()) == NeedResult::of(outcome)
        };
        self.attempted.iter().find(had).and_then(|&(_, start)| start)
    }
}

/// What a job that is over is to those that need it.
pub(super) const fn need_result(result: JobResult) -> NeedResult {
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
        let mut plans: Vec<Plan> = machine.job_ids().map(|id| plan(machine, id)).collect();
        let order = in_order_of_needs(&plans);
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

    /// The same with the jobs of a workflow that somebody wrote: those of the table that it has, by
    /// what is said of each, and others.
    pub(crate) fn written(
        &self,
        of_table: impl IntoIterator<Item = (JobId, Written)>,
        others: impl IntoIterator<Item = (String, Written)>,
    ) -> Self {
        let mut plans = self.plans.clone();
        for (id, written) in of_table {
            let plan = &mut plans[id.index()];
            *plan = written.onto(plan.clone());
        }
        plans.extend(others.into_iter().map(|(name, written)| written.onto(Plan::other(name))));
        let order = in_order_of_needs(&plans);
        Self { machine: self.machine, plans, order, work: self.work.clone() }
    }

    /// Whether it is one that somebody wrote.
    pub(crate) fn is_written(&self) -> bool {
        self.plans.iter().any(|plan| plan.condition.is_some())
    }

    /// Some of its jobs by themselves, which wait for no others.
    pub(crate) fn only(&self, jobs: &[usize]) -> Self {
        let plan = |&job: &usize| {
            let plan = &self.plans[job];
            let may_skip = plan.may_skip || plan.condition.is_some();
            let (needs, must, condition) = (Vec::new(), Vec::new(), None);
            Plan { needs, must, may_skip, condition, ..plan.clone() }
        };
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

    pub(crate) fn name(&self, job: u16) -> &str {
        &self.plans[usize::from(job)].name
    }
}

/// What a workflow that somebody wrote says of one of its jobs.
#[derive(Debug)]
pub(crate) struct Written {
    /// The jobs that it waits for, by their places: those of the table first.
    pub(crate) needs: Vec<usize>,
    pub(crate) condition: Arc<dyn Decides>,
    pub(crate) tolerated: bool,
    pub(crate) may_be_replaced: bool,
}

impl Written {
    fn onto(self, plan: Plan) -> Plan {
        let Self { needs, condition, tolerated, may_be_replaced } = self;
        let condition = Some(condition);
        Plan { needs, condition, tolerated, may_be_replaced, may_skip: false, ..plan }
    }
}

impl Plan {
    /// A job that reports nothing.
    fn other(name: String) -> Self {
        Self {
            name,
            is_of_table: false,
            always: false,
            skippable: false,
            may_skip: false,
            tolerated: false,
            may_be_replaced: false,
            condition: None,
            needs: Vec::new(),
            must: Vec::new(),
            has_start: false,
            before: Vec::new(),
            pieces: 0,
            outcomes: Outcomes { success: None, failure: None, cancelled: None },
            outcome_tolerated: false,
            attempted: Vec::new(),
            skippable_needs: Vec::new(),
        }
    }
}

fn plan(machine: &Machine, id: JobId) -> Plan {
    let job = machine.job(id);
    let reports = machine.reports(id);
    Plan {
        is_of_table: true,
        always: job.always,
        skippable: job.skippable,
        may_skip: job.skippable,
        needs: job.needs.iter().map(|need| need.index()).collect(),
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
        skippable_needs: job
            .needs
            .iter()
            .copied()
            .filter(|&need| machine.job(need).skippable)
            .collect(),
        ..Plan::other(job.name.clone())
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

/// The jobs, each after those that it needs; those in a circle are left out.
fn in_order_of_needs(plans: &[Plan]) -> Vec<usize> {
    let mut missing: Vec<usize> = plans.iter().map(|plan| plan.needs.len()).collect();
    let mut needed_by = vec![Vec::new(); missing.len()];
    for (number, plan) in plans.iter().enumerate() {
        for &need in &plan.needs {
            needed_by[need].push(number);
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
