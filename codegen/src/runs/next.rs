//! What can happen next in a run, and what it changes: the job, and by its report the row.

use super::job::{Job, JobResult, Stage};
use super::layout::{Jobs, Layout};
use super::step::{Does, Fate, Step};
use super::workflow::{Plan, Workflow, need_result};
use crate::machine::{Became, NeedResult, StateId};
use crate::workflow::expression::Both;

/// Where a run is: its jobs, and what stands at the receiver of their reports.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(crate) struct Run<R> {
    pub(crate) jobs: Jobs,
    pub(crate) row: R,
}

/// A report of a job.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sent {
    pub(crate) state: StateId,
    pub(crate) attempted: Option<StateId>,
    /// Whether its loss harms nothing.
    pub(crate) tolerated: bool,
    /// Whether it reaches the receiver.
    pub(crate) delivered: bool,
}

/// The receiver of a run's reports.
pub(crate) trait Receive {
    /// What it keeps of the row.
    type Row: Clone;

    /// Takes a report, or the loss of one; says whether it was accepted.
    fn take(&self, row: &mut Self::Row, report: Sent) -> bool;

    /// A job was lost or cancelled after it reported its success.
    fn late(&self, _row: &mut Self::Row) {}

    /// The row of a run that is over as the run is started again; nothing where it is not.
    fn again(&self, _row: &Self::Row) -> Option<Self::Row> {
        None
    }
}

/// One step, its report if it has one with the answer, and where the run is then.
pub(crate) struct Taken<R> {
    pub(crate) step: Step,
    pub(crate) sent: Option<(Sent, bool)>,
    pub(crate) run: Run<R>,
}

/// The runs of a workflow, for one receiver.
#[derive(Debug)]
pub(crate) struct Runs<'w, 'm, C> {
    pub(crate) workflow: &'w Workflow<'m>,
    pub(crate) layout: Layout,
    pub(crate) receiver: C,
}

impl<C: Receive> Runs<'_, '_, C> {
    /// Everything that a job can do next. With `late`, a job may also be lost or cancelled after it
    /// reported its success.
    pub(crate) fn next(
        &self,
        now: &Run<C::Row>,
        job: usize,
        late: bool,
        take: &mut impl FnMut(Taken<C::Row>),
    ) {
        let plan = &self.workflow.plans[job];
        let at = self.layout.job(&now.jobs, job);
        let mut does = |does| take(self.apply(now, job, at, does));
        match at.stage {
            Stage::Over(_) => {}
            Stage::Waiting => {
                let Some(turn) = self.turn(&now.jobs, job) else { return };
                if turn.no {
                    does(Does::IsSkipped);
                }
                if !turn.yes {
                    return;
                }
                if !plan.is_of_table {
                    does(Does::End(Became::Failure, Fate::None));
                    does(Does::End(Became::Success, Fate::None));
                }
                if !plan.always || plan.may_be_replaced {
                    does(Does::NeverBegins);
                }
                if !plan.is_of_table {
                    return;
                }
                if plan.always {
                    let says = self.says(now, job);
                    says.into_iter().for_each(|of| end(plan, of, late, &mut does));
                    does(Does::IsLost);
                    return;
                }
                does(Does::IsLost);
                if plan.has_start {
                    does(Does::FailsAtOnce);
                    report(&mut does);
                } else {
                    work(plan, at, late, &mut does);
                }
            }
            Stage::Working => {
                work(plan, at, late, &mut does);
                does(Does::IsLost);
            }
            Stage::Failing => {
                end(plan, Became::Failure, late, &mut does);
                end(plan, Became::Cancelled, late, &mut does);
                does(Does::IsLost);
            }
        }
    }

    /// What one step costs a search: all jobs are looked at, and those that are alike are sorted.
    pub(crate) fn weight(&self) -> u64 {
        1 + (self.layout.len() * self.layout.len() / 2304) as u64
    }

    /// Where a step leads: one of a job, or the start of a run that is over once more.
    pub(crate) fn after(&self, now: &Run<C::Row>, step: Step) -> Run<C::Row> {
        match step {
            Step::Job { job, does } => {
                let job = usize::from(job);
                self.apply(now, job, self.layout.job(&now.jobs, job), does).run
            }
            Step::AgainAll | Step::AgainFailed | Step::Switched { .. } => {
                let mut again = self.again(now);
                let found = again.find(|(again, _)| *again == step);
                found.expect("a step of no job's is the start of a run that is over").1
            }
        }
    }

    fn apply(&self, now: &Run<C::Row>, job: usize, at: Job, does: Does) -> Taken<C::Row> {
        let mut run = now.clone();
        let mut sent = None;
        let plan = &self.workflow.plans[job];
        let to = match does {
            Does::NeverBegins => Job::over(JobResult::Cancelled, 0),
            Does::IsSkipped => Job::over(self.skipped(&run.jobs, job), 0),
            Does::FailsAtOnce => Job { stage: Stage::Failing, ..at },
            Does::IsLost => {
                let result = if plan.always { JobResult::Mute } else { JobResult::Failed };
                Job::over(result, at.done)
            }
            Does::Report(fate) => {
                let report = plan.before[usize::from(at.set_out)];
                let report = Sent {
                    state: report.state,
                    attempted: plan.attempted(at.set_out),
                    tolerated: report.tolerated,
                    delivered: fate == Fate::Delivered,
                };
                let accepted = self.receiver.take(&mut run.row, report);
                sent = Some((report, accepted));
                let goes_on = accepted || report.tolerated;
                let stage = if goes_on { Stage::Working } else { Stage::Failing };
                let set_out = at.set_out + 1;
                Job { stage, set_out, done: set_out - u16::from(plan.has_start) }
            }
            Does::End(of, fate) => {
                sent = self.reports_outcome(now, job, at, of, fate, &mut run.row);
                let passed = plan.always || of == Became::Success;
                let whole = sent.is_none_or(|(_, accepted)| accepted) || plan.outcome_tolerated;
                let result = match (fate, passed, of) {
                    (Fate::DeliveredThenLost, _, _) => JobResult::Failed,
                    (Fate::DeliveredThenCancelled, _, _) => JobResult::Cancelled,
                    (_, true, _) if whole => JobResult::Succeeded,
                    (Fate::Undelivered, true, _) if plan.always => JobResult::Mute,
                    (_, true, _) => JobResult::Failed,
                    (_, false, Became::Cancelled) => JobResult::Cancelled,
                    (_, false, Became::Success | Became::Failure) => JobResult::Failed,
                };
                // A report that is part of the job is part of its last piece of work.
                let done = match passed && !plan.always {
                    true => plan.pieces - u16::from(!whole),
                    false => at.done,
                };
                if matches!(fate, Fate::DeliveredThenLost | Fate::DeliveredThenCancelled) {
                    self.receiver.late(&mut run.row);
                }
                Job::over(result, done)
            }
        };
        self.layout.set(&mut run.jobs, job, to);
        if to.result().is_some() {
            self.skip(&mut run.jobs);
        }
        let job = u16::try_from(job).expect("a table of a mebibyte has fewer jobs");
        Taken { step: Step::Job { job, does }, sent, run }
    }

    /// How a job ends that its own condition skips. Where it counts as one that succeeded, and neither its
    /// work nor a condition that somebody wrote distinguishes the two, they are one: else the situations
    /// would double with each such job.
    fn skipped(&self, jobs: &Jobs, job: usize) -> JobResult {
        if self.layout.keeps_done || self.workflow.is_written() {
            return JobResult::Skipped;
        }
        let mut after = jobs.clone();
        self.layout.set(&mut after, job, Job::over(JobResult::Skipped, 0));
        if self.passed(&after, job) { JobResult::Succeeded } else { JobResult::Skipped }
    }

    fn reports_outcome(
        &self,
        now: &Run<C::Row>,
        job: usize,
        at: Job,
        of: Became,
        fate: Fate,
        row: &mut C::Row,
    ) -> Option<(Sent, bool)> {
        let plan = &self.workflow.plans[job];
        let state = plan.outcome(of)?;
        let attempted = match plan.always {
            true => plan.attempted_of(of, |need| self.need(&now.jobs, need)),
            false => plan.attempted(at.set_out),
        };
        let delivered = fate != Fate::Undelivered;
        let report = Sent { state, attempted, tolerated: plan.outcome_tolerated, delivered };
        Some((report, self.receiver.take(row, report)))
    }

    /// What a concluding job says became of the jobs that it needs.
    pub(crate) fn concludes(&self, now: &Run<C::Row>, job: usize) -> Became {
        let over = |need| {
            self.layout.result(&now.jobs, need).expect("a conclusion waits for what it needs")
        };
        self.workflow.plans[job].concludes(over)
    }

    /// Whether a job that waits may begin now, and whether it may be skipped; none where it has to
    /// wait.
    fn turn(&self, jobs: &Jobs, job: usize) -> Option<Both> {
        let plan = &self.workflow.plans[job];
        if !plan.needs.iter().all(|&need| self.layout.is_over(jobs, need)) {
            return None;
        }
        let begins = plan.begins(&|need| self.need(jobs, need));
        Some(begins.unwrap_or_else(|| {
            let begins = plan.always || plan.must.iter().all(|&need| self.passed(jobs, need));
            Both { yes: begins, no: !begins || plan.may_skip }
        }))
    }

    /// What a job that is over is to those that need it in a workflow that somebody wrote.
    pub(crate) fn need(&self, jobs: &Jobs, job: usize) -> NeedResult {
        let result = self.layout.result(jobs, job).unwrap_or(JobResult::Skipped);
        let result = need_result(result);
        let is_tolerated = result == NeedResult::Failure && self.workflow.plans[job].tolerated;
        if is_tolerated { NeedResult::Success } else { result }
    }

    /// What a concluding job may say became of the others.
    fn says(&self, now: &Run<C::Row>, job: usize) -> Vec<Became> {
        let condition = self.workflow.plans[job].condition.as_ref();
        let says = condition.and_then(|of| of.says(&|need| self.need(&now.jobs, need)));
        says.unwrap_or_else(|| vec![self.concludes(now, job)])
    }

    /// Whether what needs a job goes on as after one that succeeded.
    pub(crate) fn passed(&self, jobs: &Jobs, job: usize) -> bool {
        let plan = &self.workflow.plans[job];
        let is_skipped = self.layout.result(jobs, job) == Some(JobResult::Skipped);
        self.layout.succeeded(jobs, job)
            || plan.skippable
                && is_skipped
                && plan.needs.iter().all(|&need| self.is_well(jobs, need))
    }

    /// Whether nothing went wrong in a job that another needs, nor before it: it passed; or, where the
    /// table lacks it, it was skipped, or may fail.
    fn is_well(&self, jobs: &Jobs, job: usize) -> bool {
        let plan = &self.workflow.plans[job];
        if plan.is_of_table {
            return self.passed(jobs, job);
        }
        match self.need(jobs, job) {
            NeedResult::Success => true,
            NeedResult::Skipped => plan.needs.iter().all(|&need| self.is_well(jobs, need)),
            NeedResult::Failure | NeedResult::Cancelled => false,
        }
    }

    /// Whether every job did.
    pub(crate) fn all_passed(&self, jobs: &Jobs) -> bool {
        (0..self.layout.len()).all(|job| self.passed(jobs, job))
    }

    /// All jobs of a run that has not begun; those that never can are skipped.
    pub(crate) fn waiting(&self) -> Jobs {
        let mut jobs = self.layout.waiting();
        self.skip(&mut jobs);
        jobs
    }

    /// A job of a workflow that somebody wrote whose turn it is and which reports nothing. When it
    /// ends matters to no one, so that it ends first.
    pub(crate) fn silent(&self, jobs: &Jobs) -> Option<usize> {
        let of_table = self.workflow.machine.jobs.len();
        (of_table..self.workflow.plans.len())
            .find(|&job| self.layout.code(jobs, job) == 0 && self.turn(jobs, job).is_some())
    }

    /// Jobs that can no longer begin are skipped.
    fn skip(&self, jobs: &mut Jobs) {
        for &job in &self.workflow.order {
            if self.workflow.plans[job].always && self.workflow.plans[job].condition.is_none()
                || self.layout.code(jobs, job) != 0
            {
                continue;
            }
            if self.turn(jobs, job).is_some_and(|turn| !turn.yes) {
                self.layout.set(jobs, job, Job::over(JobResult::Skipped, 0));
            }
        }
    }

    /// Whether every job is over.
    pub(crate) fn is_over(&self, jobs: &Jobs) -> bool {
        (0..self.workflow.plans.len()).all(|job| self.layout.is_over(jobs, job))
    }

    /// A run as it is started again, where it is over: all its jobs, or those that did not succeed and
    /// what needs them. There are none of the latter where all succeeded.
    pub(crate) fn again(&self, now: &Run<C::Row>) -> impl Iterator<Item = (Step, Run<C::Row>)> {
        let row = if self.is_over(&now.jobs) { self.receiver.again(&now.row) } else { None };
        row.into_iter().flat_map(move |row| {
            let failed = !self.all_passed(&now.jobs);
            let steps = [Step::AgainAll].into_iter().chain(failed.then_some(Step::AgainFailed));
            steps.map(move |step| {
                let jobs = self.started_again(&now.jobs, step == Step::AgainAll);
                (step, Run { jobs, row: row.clone() })
            })
        })
    }

    fn started_again(&self, over: &Jobs, all: bool) -> Jobs {
        let plans = &self.workflow.plans;
        let mut jobs = over.clone();
        let mut reset = vec![all; plans.len()];
        for &job in &self.workflow.order {
            reset[job] |=
                !self.passed(over, job) || plans[job].needs.iter().any(|&need| reset[need]);
        }
        for job in (0..plans.len()).filter(|&job| reset[job]) {
            self.layout.set(&mut jobs, job, Job::WAITING);
        }
        self.skip(&mut jobs);
        jobs
    }
}

impl Plan {
    /// Whether it may begin, and whether it may be skipped, where a workflow that somebody wrote says so.
    fn begins(&self, result: &dyn Fn(usize) -> NeedResult) -> Option<Both> {
        let condition = self.condition.as_ref()?;
        let [goes_on, cancelled] =
            [false, true].map(|cancelled| condition.begins(result, cancelled));
        // Of a run that was cancelled it is said by the job's being cancelled that it did not begin.
        let no = goes_on.no || self.always && cancelled.no;
        Some(Both { yes: goes_on.yes || cancelled.yes, no })
    }

    /// What a job of a workflow that somebody wrote may come to be to others.
    pub(crate) fn may_end(&self, result: &dyn Fn(usize) -> NeedResult) -> Vec<NeedResult> {
        let begins = self.begins(result).unwrap_or(Both { yes: true, no: true });
        let ends = NeedResult::ALL.into_iter().filter(|end| match end {
            NeedResult::Success | NeedResult::Cancelled => begins.yes,
            NeedResult::Failure => begins.yes && !self.tolerated,
            NeedResult::Skipped => begins.no,
        });
        ends.collect()
    }
}

/// The work that a job is at passes, fails or is cancelled.
fn work(plan: &Plan, at: Job, late: bool, does: &mut impl FnMut(Does)) {
    if usize::from(at.set_out) < plan.before.len() {
        report(does);
    } else {
        end(plan, Became::Success, late, does);
    }
    end(plan, Became::Failure, late, does);
    end(plan, Became::Cancelled, late, does);
}

fn report(does: &mut impl FnMut(Does)) {
    [Fate::Delivered, Fate::Undelivered].into_iter().for_each(|fate| does(Does::Report(fate)));
}

fn end(plan: &Plan, of: Became, late: bool, does: &mut impl FnMut(Does)) {
    if plan.outcome(of).is_none() {
        does(Does::End(of, Fate::None));
        return;
    }
    [Fate::Delivered, Fate::Undelivered].into_iter().for_each(|fate| does(Does::End(of, fate)));
    if late && !plan.always && of == Became::Success {
        let fates = [Fate::DeliveredThenLost, Fate::DeliveredThenCancelled];
        fates.into_iter().for_each(|fate| does(Does::End(of, fate)));
    }
}
