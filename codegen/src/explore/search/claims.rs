//! What is claimed of a situation, and of a run that is over.

use phasegate::Outcome;

use super::Search;
use crate::explore::runs::Claim;
use crate::explore::situation::{AGAIN, ENDED, HEAD, LATE, LOST, REFUSED, SAID, Situation};
use crate::machine::StateId;
use crate::runs::Became;
use crate::runs::JobResult;

impl Search<'_, '_> {
    /// No phase may be shown as failed whose work passed, nor as done where it did not.
    pub(super) fn shows_the_truth(&mut self, number: usize, now: &Situation) {
        if self.mode.late || now.is(ENDED) || self.workflow.work.is_empty() {
            return;
        }
        let shown = self.histories.shown(now.history(), now.attempted());
        let work = &self.workflow.work;
        let passed =
            |phase: usize| work[phase].iter().all(|&(job, piece)| piece < now.job(job).done);
        let jobs = self.workflow.plans.len();
        let was_done = |phase: usize| now.words[HEAD + jobs + phase / 64] >> (phase % 64) & 1 == 1;
        self.found.views += u64::try_from(work.len()).unwrap_or(u64::MAX);
        let done = shown.done.iter().find(|&&phase| !passed(phase) && !was_done(phase));
        let ended = shown.ended.iter().find(|&&p| !work[p].is_empty() && passed(p));
        let name = |phase: usize| &self.workflow.machine.phases[phase].name;
        let why = match (done, ended) {
            (Some(&phase), _) => format!("`{}` is shown as done, and its work is not", name(phase)),
            (None, Some(&phase)) => {
                format!("`{}` is shown as failed, and its work passed", name(phase))
            }
            (None, None) => return,
        };
        let claim = if now.is(AGAIN) { Claim::Again } else { Claim::Views };
        let about = done.or(ended).map(|&phase| name(phase).clone()).unwrap_or_default();
        self.way(claim, (number, None), &about, &why);
        self.breaks(claim, (number, None), || why);
    }

    /// Every job is over.
    pub(super) fn is_over(&mut self, number: usize, now: &Situation, next: &mut Situation) {
        let paths = self.known.paths(number);
        let row = self.histories.state(now.history());
        if self.mode.late {
            if now.is(LATE) {
                self.ends_late(number, now, row, paths);
            }
            return;
        }
        let add = |to: &mut u64| *to = to.saturating_add(paths);
        let mute = !now.is(SAID) && self.is_mute(now);
        if now.is(AGAIN) {
            add(&mut self.found.again);
            if now.is(ENDED) {
                add(&mut self.found.again_ended);
                return;
            }
            if now.is(REFUSED) {
                add(&mut self.found.again_refused);
                let steps = self.known.steps(number);
                if self.refused_again.is_none_or(|shortest| steps < shortest) {
                    self.refused_again = Some(steps);
                    self.found.refused_again = Some(self.path((number, None)));
                }
            }
            if mute {
                add(&mut self.found.again_mute);
            }
        } else {
            add(&mut self.found.runs);
            add(self.found.ends.entry(row).or_default());
            if mute {
                add(self.found.mute.entry(row).or_default());
            }
            if !now.is(LOST) && self.all_succeeded(now) {
                add(&mut self.found.flawless);
            }
        }
        let claim = |claim| if now.is(AGAIN) { Claim::Again } else { claim };
        let name = &self.workflow.machine.state(row).name;
        if !now.is(SAID) && !mute {
            let why = if self.workflow.machine.state(row).is_ended() {
                format!("only a report that may be lost says that it is `{name}`")
            } else {
                format!("the row is left in `{name}`, and nobody says that the run is over")
            };
            self.way(claim(Claim::Ends), (number, None), "", &why);
            self.breaks(claim(Claim::Ends), (number, None), || why);
        }
        if let Some(why) = self.lies(now, row) {
            self.way(claim(Claim::Truth), (number, None), "", &why);
            self.breaks(claim(Claim::Truth), (number, None), || why);
        }
        if self.mode.again && !now.is(AGAIN) {
            self.start_again(number, now, row, next);
        }
    }

    /// Whether no concluding job could report. Where there is none nobody is excused.
    fn is_mute(&self, now: &Situation) -> bool {
        let mut concluding = 0;
        for (job, plan) in self.workflow.plans.iter().enumerate() {
            let says = [Became::Success, Became::Failure, Became::Cancelled];
            let mut ended = says.into_iter().filter_map(|of| plan.outcome(of));
            if !plan.always || !ended.any(|state| self.workflow.machine.state(state).is_ended()) {
                continue;
            }
            concluding += 1;
            match now.job(job).result() {
                Some(JobResult::Mute) => {}
                Some(_) | None => return false,
            }
        }
        concluding > 0
    }

    /// Why the row's end is not that of the work, where it is not.
    fn lies(&self, now: &Situation, row: StateId) -> Option<String> {
        let work =
            || (0..self.workflow.plans.len()).filter(|&job| !self.workflow.plans[job].always);
        let name = &self.workflow.machine.state(row).name;
        let bad = work().find(|&job| !now.job(job).succeeded());
        match (self.workflow.machine.state(row).outcome, bad) {
            (Some(Outcome::Success), Some(job)) => {
                let job = &self.workflow.machine.jobs[job].name;
                Some(format!("the row is `{name}`, a success, and `{job}` did not succeed"))
            }
            (Some(outcome @ (Outcome::Failure | Outcome::Cancelled)), None) => {
                Some(format!("the row is `{name}` ({}), and all jobs succeeded", outcome.as_str()))
            }
            (Some(_) | None, Some(_) | None) => None,
        }
    }

    fn ends_late(&mut self, number: usize, now: &Situation, row: StateId, paths: u64) {
        self.found.late = self.found.late.saturating_add(paths);
        if self.workflow.machine.state(row).outcome != Some(Outcome::Success) {
            return;
        }
        let silent = (0..self.workflow.plans.len())
            .filter(|&job| self.workflow.plans[job].always)
            .all(|job| now.job(job).succeeded());
        if silent {
            let name = &self.workflow.machine.state(row).name;
            let why = format!("the row keeps `{name}`, and no concluding job fails");
            self.breaks(Claim::Late, (number, None), || why);
        } else {
            self.found.late_loud = self.found.late_loud.saturating_add(paths);
            let steps = self.known.steps(number);
            if self.loud.is_none_or(|shortest| steps < shortest) {
                self.loud = Some(steps);
                self.found.loud = Some(self.path((number, None)));
            }
        }
    }
}
