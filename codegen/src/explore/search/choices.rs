//! What can happen next in a situation: to each job, and to a run that is over.

use super::effects::Effects;
use super::{Explorer, Search};
use crate::explore::situation::{AGAIN, ENDED, HEAD, LATE, LOST, SAID, Situation};
use crate::machine::StateId;
use crate::runs::{Became, Fate, Step};
use crate::runs::{Job, Stage};

/// What can happen next to the jobs of a run.
pub(crate) trait Choices<'w, 'm: 'w>: Effects<'w, 'm> {
    /// Everything that a job can do next.
    fn go_on(&mut self, number: usize, now: &Situation, job: usize, next: &mut Situation) {
        use Became::{Cancelled, Failure};
        let plan = &self.workflow().plans[job];
        let at = now.job(job);
        let id = u16::try_from(job).expect("a table of a mebibyte has fewer jobs");
        let lost = Step::Lost { job: id };
        match at.stage {
            Stage::Over(_) => {}
            Stage::Waiting if plan.always => {
                if plan.needs.iter().all(|&need| now.job(need).result().is_some()) {
                    let of = self.concludes(now, job).0;
                    self.outcome(number, now, id, of, next);
                    self.try_step(number, now, lost, next);
                }
            }
            Stage::Waiting => {
                if !plan.must.iter().all(|&need| now.job(need).succeeded()) {
                    return;
                }
                self.try_step(number, now, Step::NeverBegins { job: id }, next);
                self.try_step(number, now, lost, next);
                if plan.has_start {
                    self.try_step(number, now, Step::FailsAtOnce { job: id }, next);
                    self.before(number, now, id, next);
                } else {
                    self.work(number, now, id, next);
                }
            }
            Stage::Working => {
                self.work(number, now, id, next);
                self.try_step(number, now, lost, next);
            }
            Stage::Failing => {
                self.outcome(number, now, id, Failure, next);
                self.outcome(number, now, id, Cancelled, next);
                self.try_step(number, now, lost, next);
            }
        }
    }

    /// The work that a job is at passes, fails or is cancelled.
    fn work(&mut self, number: usize, now: &Situation, job: u16, next: &mut Situation) {
        let plan = &self.workflow().plans[usize::from(job)];
        let at = now.job(usize::from(job));
        if usize::from(at.set_out) < plan.before.len() {
            self.before(number, now, job, next);
        } else {
            self.outcome(number, now, job, Became::Success, next);
        }
        self.outcome(number, now, job, Became::Failure, next);
        self.outcome(number, now, job, Became::Cancelled, next);
    }

    fn before(&mut self, number: usize, now: &Situation, job: u16, next: &mut Situation) {
        for fate in [Fate::Delivered, Fate::Undelivered] {
            self.try_step(number, now, Step::Before { job, fate }, next);
        }
    }

    fn outcome(
        &mut self,
        number: usize,
        now: &Situation,
        job: u16,
        of: Became,
        next: &mut Situation,
    ) {
        let plan = &self.workflow().plans[usize::from(job)];
        if plan.outcome(of).is_none() {
            self.try_step(number, now, Step::Outcome { job, of, fate: Fate::None }, next);
            return;
        }
        for fate in [Fate::Delivered, Fate::Undelivered] {
            self.try_step(number, now, Step::Outcome { job, of, fate }, next);
        }
        if self.late() && !plan.always && of == Became::Success && !now.is(LATE) {
            for fate in [Fate::DeliveredThenLost, Fate::DeliveredThenCancelled] {
                self.try_step(number, now, Step::Outcome { job, of, fate }, next);
            }
        }
    }
}

impl<'w, 'm: 'w, T: Explorer<'w, 'm>> Choices<'w, 'm> for T {}

impl Search<'_, '_> {
    pub(super) fn start_again(
        &mut self,
        number: usize,
        now: &Situation,
        row: StateId,
        next: &mut Situation,
    ) {
        let terminal = self.workflow.machine.state(row).terminal;
        for step in [Step::AgainAll, Step::AgainFailed] {
            if step == Step::AgainFailed && self.all_succeeded(now) {
                continue;
            }
            if self.is_full(now) {
                return;
            }
            next.words.clone_from(&now.words);
            next.set(LOST | SAID, false);
            next.set(AGAIN, true);
            self.begin_again(next, step);
            let jobs = self.workflow.plans.len();
            if terminal {
                // Nothing moves this row any more: what it went through no longer matters.
                next.set(ENDED, true);
                next.set_row(self.histories.forgotten(row), 0);
                for job in 0..jobs {
                    let at = Job { done: 0, ..next.job(job) };
                    next.set_job(job, at);
                }
            } else {
                // What was done then stays done; the jobs that run again have yet to do theirs.
                let shown = self.histories.shown(now.history(), now.attempted());
                for &phase in &shown.done {
                    next.words[HEAD + jobs + phase / 64] |= 1 << (phase % 64);
                }
            }
            let paths = self.known.paths(number);
            self.add(next, Some((number, step)), paths);
        }
    }
}
