//! Runs of a workflow, as a runner makes them: every outcome of every job, every report that may
//! be lost delivered and lost, and what became of the work behind each phase meanwhile.

#![allow(unreachable_pub, reason = "it is a module of the test that takes it")]

use phasegate_codegen::Machine;
use phasegate_codegen::machine::{Job, JobId, Outcomes, PhaseId, ReportKind, StateId};

/// What became of a job, as the jobs that need it see it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum JobResult {
    Success,
    Failure,
    Cancelled,
    Skipped,
}

/// One way in which a job that was started can go.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Fate {
    /// How many of its reports before the outcome it set out to send. The work after the last of
    /// them is what it ended in; none where it ended before its first step.
    pub set_out: usize,
    /// The last of them could not be delivered, and was one that the job relies on.
    pub undelivered: bool,
    pub result: JobResult,
    /// Whether its last step, the report of the outcome, ran: not where the runner was lost, or
    /// nothing of the job ever ran.
    pub says_so: bool,
}

/// Whether reports that a job relies on can be delivered.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ReliedOn {
    /// Always.
    Delivered,
    /// Or else the job fails for it.
    MayFail,
}

/// Every way in which a job can go.
pub fn fates(machine: &Machine, id: JobId, relied_on: ReliedOn) -> Vec<Fate> {
    let reports = machine.reports(id);
    let before = machine.job(id).before_outcome().len();
    let mut fates = Vec::new();
    for set_out in 0..=before {
        for result in [JobResult::Failure, JobResult::Cancelled] {
            fates.push(Fate { set_out, undelivered: false, result, says_so: false });
            if set_out > 0 || before == 0 {
                fates.push(Fate { set_out, undelivered: false, result, says_so: true });
            }
        }
        let may_fail = relied_on == ReliedOn::MayFail;
        if may_fail && set_out > 0 && !reports[set_out - 1].tolerated {
            let result = JobResult::Failure;
            fates.push(Fate { set_out, undelivered: true, result, says_so: true });
        }
    }
    let result = JobResult::Success;
    fates.push(Fate { set_out: before, undelivered: false, result, says_so: true });
    fates
}

/// A run so far.
#[derive(Clone)]
pub struct Run<'m> {
    machine: &'m Machine,
    relied_on: ReliedOn,
    /// The accepted history, and the `attempted` of its last report.
    pub history: Vec<StateId>,
    pub attempted: Option<StateId>,
    /// What became of the jobs so far, in the order of the table.
    pub results: Vec<Option<JobResult>>,
    /// For each job how much of its work is done: the stages behind its reports, in their order.
    pub done: Vec<usize>,
    /// For each job how many reports before its outcome it has set out to send.
    pub set_out: Vec<usize>,
    /// What was reported, and whether it was delivered.
    pub told: Vec<String>,
}

/// How a report went.
enum Delivery {
    Delivered,
    Lost,
}

impl<'m> Run<'m> {
    fn new(machine: &'m Machine, relied_on: ReliedOn) -> Self {
        Self {
            machine,
            relied_on,
            history: vec![machine.initial[0]],
            attempted: None,
            results: vec![None; machine.jobs.len()],
            done: vec![0; machine.jobs.len()],
            set_out: vec![0; machine.jobs.len()],
            told: Vec::new(),
        }
    }

    /// Whether the work of a phase has passed; none where no job works on it. The work is done
    /// when it comes to a state that completes the phase, or, where no job reports one, when all
    /// that follows the phase's states in their jobs is done.
    pub fn has_passed(&self, phase: PhaseId) -> Option<bool> {
        let is_of = |state: StateId| self.machine.state(state).phase == Some(phase);
        let (mut completing, mut stages) = (Vec::new(), Vec::new());
        for (at, job) in self.machine.jobs.iter().enumerate() {
            for (stage, state) in job.before_outcome().into_iter().enumerate() {
                if is_of(state) && self.machine.state(state).completes {
                    completing.push(stage < self.set_out[at]);
                } else if is_of(state) {
                    stages.push(stage < self.done[at]);
                }
            }
            let success = job.success.filter(|_| !job.always);
            if success.is_some_and(|state| is_of(state) && self.machine.state(state).completes) {
                completing.push(self.results[at] == Some(JobResult::Success));
            }
        }
        if completing.is_empty() {
            (!stages.is_empty()).then(|| stages.into_iter().all(|passed| passed))
        } else {
            Some(completing.contains(&true))
        }
    }

    /// Whether a job that works on a phase failed or was cancelled.
    pub fn has_broken(&self, phase: PhaseId) -> bool {
        self.machine.job_ids().any(|id| {
            let job = self.machine.job(id);
            let works = job
                .before_outcome()
                .into_iter()
                .chain(job.success)
                .any(|s| self.machine.state(s).phase == Some(phase));
            let broke =
                matches!(self.results[id.index()], Some(JobResult::Failure | JobResult::Cancelled));
            works && broke
        })
    }

    fn report(&mut self, state: StateId, attempted: Option<StateId>, delivery: &Delivery) {
        let name = &self.machine.state(state).name;
        match delivery {
            Delivery::Lost => self.told.push(format!("({name} lost)")),
            Delivery::Delivered => {
                let last = *self.history.last().expect("a row starts somewhere");
                if self.machine.can_become(last, state) {
                    self.history.push(state);
                    self.attempted = attempted;
                } else {
                    assert_eq!(last, state, "rejected: {name} after {:?}", self.told);
                }
                self.told.push(name.clone());
            }
        }
    }
}

/// Calls `see` after everything that happens in every run, and `end` at the end of each. Returns
/// the number of runs.
pub fn every_run(
    machine: &Machine,
    relied_on: ReliedOn,
    see: &mut impl FnMut(&Run<'_>),
    end: &mut impl FnMut(&Run<'_>),
) -> usize {
    let run = Run::new(machine, relied_on);
    see(&run);
    from_job(&run, 0, see, end)
}

fn from_job(
    run: &Run<'_>,
    at: usize,
    see: &mut impl FnMut(&Run<'_>),
    end: &mut impl FnMut(&Run<'_>),
) -> usize {
    if at == run.machine.jobs.len() {
        end(run);
        return 1;
    }
    let (id, job) = (JobId::new(at), &run.machine.jobs[at]);
    if job.always {
        return concluding(run, id, see, end);
    }
    let needs_passed = job.needs.iter().all(|n| run.results[n.index()] == Some(JobResult::Success));
    if !needs_passed {
        let mut run = run.clone();
        run.results[at] = Some(JobResult::Skipped);
        return from_job(&run, at + 1, see, end);
    }
    fates(run.machine, id, run.relied_on)
        .into_iter()
        .map(|fate| {
            let mut run = run.clone();
            run.told.push(format!("[{} {fate:?}]", job.name));
            before_outcome(&run, id, fate, 0, see, end)
        })
        .sum()
}

/// The reports of a job from its start on, one after the other, each delivered and lost.
fn before_outcome(
    run: &Run<'_>,
    id: JobId,
    fate: Fate,
    next: usize,
    see: &mut impl FnMut(&Run<'_>),
    end: &mut impl FnMut(&Run<'_>),
) -> usize {
    let job = run.machine.job(id);
    let states = job.before_outcome();
    if next == fate.set_out {
        return outcome(run, id, fate, see, end);
    }
    let report = &run.machine.reports(id)[next];
    assert_ne!(report.kind, ReportKind::Outcome);
    let attempted = report.before.last().copied();
    let is_last = next + 1 == fate.set_out;
    let deliveries: &[Delivery] = match (fate.undelivered && is_last, report.tolerated) {
        (true, _) => &[Delivery::Lost],
        (false, true) => &[Delivery::Delivered, Delivery::Lost],
        (false, false) => &[Delivery::Delivered],
    };
    deliveries
        .iter()
        .map(|delivery| {
            let mut run = run.clone();
            // To set out to report this is to have done the work before it.
            run.done[id.index()] = next;
            see(&run);
            // A report that the job relies on is part of its work: undelivered, it is not done.
            run.set_out[id.index()] = if fate.undelivered && is_last { next } else { next + 1 };
            run.report(states[next], attempted, delivery);
            see(&run);
            before_outcome(&run, id, fate, next + 1, see, end)
        })
        .sum()
}

fn state_of(outcomes: Outcomes, result: JobResult) -> Option<StateId> {
    match result {
        JobResult::Success => outcomes.success,
        JobResult::Failure => outcomes.failure,
        JobResult::Cancelled => outcomes.cancelled,
        JobResult::Skipped => None,
    }
}

fn outcome(
    run: &Run<'_>,
    id: JobId,
    fate: Fate,
    see: &mut impl FnMut(&Run<'_>),
    end: &mut impl FnMut(&Run<'_>),
) -> usize {
    let mut run = run.clone();
    run.results[id.index()] = Some(fate.result);
    if fate.result == JobResult::Success {
        run.done[id.index()] = fate.set_out;
    }
    see(&run);
    let reports = run.machine.reports(id);
    let report = reports.last().filter(|report| report.kind == ReportKind::Outcome);
    let state = report.and_then(|report| state_of(report.outcomes, fate.result));
    let (Some(report), Some(state), true) = (report, state, fate.says_so) else {
        return from_job(&run, id.index() + 1, see, end);
    };
    let attempted = run.machine.job(id).before_outcome()[..fate.set_out].last().copied();
    let lost: &[Delivery] = if report.tolerated {
        &[Delivery::Delivered, Delivery::Lost]
    } else {
        &[Delivery::Delivered]
    };
    lost.iter()
        .map(|delivery| {
            let mut run = run.clone();
            run.report(state, attempted, delivery);
            see(&run);
            from_job(&run, id.index() + 1, see, end)
        })
        .sum()
}

/// The concluding job, which reports, or whose runner is lost before it does.
fn concluding(
    run: &Run<'_>,
    id: JobId,
    see: &mut impl FnMut(&Run<'_>),
    end: &mut impl FnMut(&Run<'_>),
) -> usize {
    let job: &Job = run.machine.job(id);
    let of_needs: Vec<JobResult> =
        job.needs.iter().filter_map(|need| run.results[need.index()]).collect();
    let result = if of_needs.iter().all(|&result| result == JobResult::Success) {
        JobResult::Success
    } else if of_needs.contains(&JobResult::Failure) {
        JobResult::Failure
    } else if of_needs.contains(&JobResult::Cancelled) {
        JobResult::Cancelled
    } else {
        JobResult::Failure
    };
    let attempted = run
        .machine
        .concluding_attempted(id)
        .into_iter()
        .find(|(need, _)| run.results[need.index()] == Some(result))
        .and_then(|(_, attempted)| attempted);
    let lost = from_job(
        &{
            let mut run = run.clone();
            run.results[id.index()] = Some(JobResult::Failure);
            run.told.push(format!("[{} lost]", job.name));
            run
        },
        id.index() + 1,
        see,
        end,
    );
    let mut run = run.clone();
    run.results[id.index()] = Some(JobResult::Success);
    if let Some(state) = state_of(job.outcomes(), result) {
        run.report(state, attempted, &Delivery::Delivered);
        see(&run);
    }
    lost + from_job(&run, id.index() + 1, see, end)
}
