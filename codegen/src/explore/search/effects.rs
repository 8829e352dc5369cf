//! What a step changes: the job, and by its report the row.

use phasegate::{Machine as _, Verdict};

use super::{Explorer, Search};
use crate::explore::situation::{AGAIN, ENDED, LATE, LOST, REFUSED, SAID, Situation};
use crate::machine::StateId;
use crate::runs::{Became, Fate, Step};
use crate::runs::{Job, JobResult, Stage};

/// What came of a report.
pub(crate) struct Sent {
    pub(crate) accepted: bool,
    /// It breaks what is claimed of reports.
    pub(crate) broken: bool,
}

/// What the steps of a run's jobs change.
pub(crate) trait Effects<'w, 'm: 'w>: Explorer<'w, 'm> {
    /// What a step changes; says whether a report of it breaks what is claimed of reports.
    fn take(&mut self, next: &mut Situation, step: Step) -> bool {
        match step {
            Step::Start | Step::AgainAll | Step::AgainFailed | Step::Switched { .. } => {
                unreachable!("no job's step")
            }
            Step::NeverBegins { job } => self.ends(next, job, JobResult::Cancelled, 0),
            Step::FailsAtOnce { job } => {
                let job = usize::from(job);
                let failing = Job { stage: Stage::Failing, ..next.job(job) };
                next.set_job(job, failing);
            }
            Step::Lost { job } => {
                let done = self.done(next.job(usize::from(job)), job);
                let always = self.workflow().plans[usize::from(job)].always;
                let result = if always { JobResult::Mute } else { JobResult::Failed };
                self.ends(next, job, result, done);
            }
            Step::Before { job, fate } => return self.reports_before(next, job, fate),
            Step::Outcome { job, of, fate } => return self.reports_outcome(next, job, of, fate),
        }
        false
    }

    fn ends(&self, next: &mut Situation, job: u16, result: JobResult, done: u16) {
        let job = usize::from(job);
        let done = if self.forgets(next) { 0 } else { done };
        next.set_job(job, Job::over(result, done));
    }

    /// The pieces of work that a job has done, from the reports that it set out to send.
    fn done(&self, at: Job, job: u16) -> u16 {
        match at.stage {
            Stage::Over(_) => at.done,
            Stage::Waiting | Stage::Working | Stage::Failing => {
                at.set_out
                    - u16::from(self.workflow().plans[usize::from(job)].has_start && at.set_out > 0)
            }
        }
    }

    fn reports_before(&mut self, next: &mut Situation, job: u16, fate: Fate) -> bool {
        let plan = &self.workflow().plans[usize::from(job)];
        let at = next.job(usize::from(job));
        let report = plan.before[usize::from(at.set_out)];
        let attempted = plan.attempted(at.set_out);
        let sent = self.send(next, fate, report.state, attempted, report.tolerated);
        let set_out = at.set_out + 1;
        let stage = if sent.accepted || report.tolerated { Stage::Working } else { Stage::Failing };
        let mut job_now = Job { stage, set_out, ..at };
        job_now.done = if self.forgets(next) { 0 } else { self.done(job_now, job) };
        next.set_job(usize::from(job), job_now);
        sent.broken
    }

    fn reports_outcome(&mut self, next: &mut Situation, job: u16, of: Became, fate: Fate) -> bool {
        let number = usize::from(job);
        let plan = &self.workflow().plans[number];
        let at = next.job(number);
        let attempted =
            if plan.always { self.concludes(next, number).1 } else { plan.attempted(at.set_out) };
        let tolerated = plan.outcome_tolerated;
        let sent = match plan.outcome(of) {
            Some(state) => self.send(next, fate, state, attempted, tolerated),
            None => Sent { accepted: true, broken: false },
        };
        let passed = plan.always || of == Became::Success;
        let whole = sent.accepted || tolerated;
        let result = match (fate, passed, of) {
            (Fate::DeliveredThenLost, _, _) => JobResult::Failed,
            (Fate::DeliveredThenCancelled, _, _) => JobResult::Cancelled,
            (_, true, _) if whole => JobResult::Succeeded,
            (Fate::Undelivered, true, _) if plan.always => JobResult::Mute,
            (_, true, _) => JobResult::Failed,
            (_, false, Became::Cancelled) => JobResult::Cancelled,
            (_, false, Became::Success | Became::Failure) => JobResult::Failed,
        };
        if matches!(fate, Fate::DeliveredThenLost | Fate::DeliveredThenCancelled) {
            next.set(LATE, true);
        }
        // A report that is part of the job is part of its last piece of work.
        let done = match passed && !plan.always {
            true => plan.pieces - u16::from(!whole),
            false => self.done(at, job),
        };
        self.ends(next, job, result, done);
        sent.broken
    }

    fn concludes(&self, now: &Situation, job: usize) -> (Became, Option<StateId>) {
        let over = |need| now.job(need).result().expect("a conclusion waits for what it needs");
        self.workflow().plans[job].concludes(over)
    }

    /// A run that is over begins again: all its jobs, or those that did not succeed and what needs
    /// them.
    fn begin_again(&self, next: &mut Situation, step: Step) {
        let plans = &self.workflow().plans;
        let mut reset = vec![step == Step::AgainAll; plans.len()];
        for &job in &self.workflow().order {
            let needs = &plans[job].needs;
            reset[job] |= !next.job(job).succeeded() || needs.iter().any(|&need| reset[need]);
        }
        for job in (0..plans.len()).filter(|&job| reset[job]) {
            next.set_job(job, Job::WAITING);
        }
    }

    /// Jobs that can no longer begin are skipped.
    fn skip(&self, next: &mut Situation) {
        for &job in &self.workflow().order {
            let plan = &self.workflow().plans[job];
            if plan.always || next.job(job).stage != Stage::Waiting {
                continue;
            }
            let is_over = |&need: &usize| next.job(need).result().is_some();
            if plan.needs.iter().all(is_over)
                && !plan.must.iter().all(|&need| next.job(need).succeeded())
            {
                next.set_job(job, Job::over(JobResult::Skipped, 0));
            }
        }
    }
}

impl<'w, 'm: 'w, T: Explorer<'w, 'm>> Effects<'w, 'm> for T {}

impl Search<'_, '_> {
    /// A report comes to a backend and a database of the same table.
    pub(super) fn receive(
        &mut self,
        next: &mut Situation,
        fate: Fate,
        state: StateId,
        attempted: Option<StateId>,
        tolerated: bool,
    ) -> Sent {
        if fate == Fate::Undelivered {
            // Of a run that is started again it is not claimed which reports are accepted.
            next.set(LOST, !next.is(AGAIN));
            return Sent { accepted: false, broken: false };
        }
        let machine = self.workflow.machine;
        let from = self.histories.state(next.history());
        let accepted = match machine.judge(from.index(), state.index()) {
            Verdict::Applied => {
                let mut history = self.histories.then(next.history(), state);
                if self.mode.late || next.is(ENDED) {
                    history = self.histories.forgotten(state);
                }
                next.set_row(history, self.histories.attempted(history, attempted));
                next.set(SAID, false);
                true
            }
            Verdict::Duplicate => true,
            Verdict::Ended | Verdict::Illegal => false,
        };
        if next.is(ENDED) {
            return Sent { accepted, broken: false };
        }
        if accepted && !tolerated && machine.state(state).is_ended() {
            next.set(SAID, true);
        }
        if !accepted && !tolerated && next.is(AGAIN) {
            next.set(REFUSED, true);
        }
        let excused = tolerated && next.is(LOST);
        Sent { accepted, broken: !(accepted || excused) }
    }
}
