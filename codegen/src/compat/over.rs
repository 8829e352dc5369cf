//! A run that is over: how its row ended, and how it is started again.

use super::found::{Class, Lesser};
use super::layers::Meaning;
use super::runs::{Search, shadow_at, shadow_of, spot};
use crate::explore::{self, AGAIN, Effects as _, Explorer as _, Job, LATE, LOST, Situation, Step};
use crate::machine::Outcome;

impl Search<'_, '_> {
    /// Every job is over.
    pub(super) fn is_over(&mut self, number: usize, now: &Situation) {
        self.found.tried.ends += 1;
        let jobs = self.workflow.plans.len();
        let at = spot(&now.words).place;
        let shadow = shadow_of(&now.words, jobs);
        let means = |row| self.world.meaning(self.version, self.rows.value(row));
        let is_open = |row| means(row).is_none_or(|means| !means.ended);
        // A concluding job that could not report is excused, as `verify` does.
        let mute = now.jobs(jobs).any(|job| job.result() == Some(explore::JobResult::Mute));
        let too = is_open(shadow) && is_open(now.history()) && !mute;
        let lies = |row| means(row).is_some_and(|means| means.ended && self.lies(now, means));
        let lies = (lies(now.history()), lies(shadow));
        if let Some(wanted) = means(shadow).filter(|means| means.ended) {
            match means(now.history()) {
                Some(means) if means.ended && means.outcome == wanted.outcome => {}
                // Started again, or where a job is lost after it reported its end, a row may come to a
                // truer end than its own version would have let it.
                Some(means) if means.ended => {
                    if !self.forgets(now) || self.lies(now, means) {
                        self.breaks((at, None, Class::EndsOtherwise), (number, None));
                    }
                }
                Some(_) | None if self.forgets(now) && mute => {}
                Some(_) | None => self.breaks((at, None, Class::LeftOpen), (number, None)),
            }
        }
        match lies {
            (true, _) if self.forgets(now) => {}
            (true, true) => self.breaks_too((at, None, Class::EndsOtherwise), (number, None)),
            // Its own version leaves the row open, or says the truth.
            (true, false) => self.breaks((at, None, Class::EndsOtherwise), (number, None)),
            (false, true | false) => {}
        }
        if too && !self.forgets(now) {
            self.breaks_too((at, None, Class::LeftOpen), (number, None));
        }
        let flawless = !now.is(LOST) && now.jobs(jobs).all(Job::succeeded);
        if at > 0 || !flawless || self.forgets(now) {
            return;
        }
        let own: Vec<String> = self.unconfirmed(self.version, shadow);
        for page in 0..self.pages.len() {
            let phases = self.unconfirmed(page, now.history()).into_iter();
            let fewer = phases.filter(|phase| !own.contains(phase));
            let fewer: Vec<Lesser> = fewer.map(|phase| Lesser::Unconfirmed { phase }).collect();
            self.found.lesser.entry(Some(page)).or_default().extend(fewer);
        }
    }

    /// Whether an end is not what became of the jobs.
    fn lies(&self, now: &Situation, means: Meaning) -> bool {
        let plans = self.workflow.plans.iter().enumerate();
        let all = plans.filter(|(_, plan)| !plan.always).all(|(job, _)| now.job(job).succeeded());
        match means.outcome {
            Some(Outcome::Success) => !all,
            Some(Outcome::Failure | Outcome::Cancelled) => all,
            Some(Outcome::Neutral) | None => false,
        }
    }

    /// Of a run that is started again, or of which a job was lost after it had reported its end, only
    /// the state of its row is kept: how it came there would make too many of them. What went
    /// otherwise until then is told of runs without that: from there on the second row is where the
    /// first is, if the workflow's own version knows that state.
    pub(super) fn forget(&mut self, now: &Situation, next: &mut Situation) {
        if !self.forgets(next) {
            return;
        }
        next.set(LOST, false);
        let jobs = self.workflow.plans.len();
        let row = self.rows.value(next.history());
        next.set_row(self.rows.start(row), 0);
        let begins = (now.is(AGAIN), now.is(LATE)) != (next.is(AGAIN), next.is(LATE));
        let known = self.world.state(self.version, row).is_some();
        let shadow = match begins && known {
            true => row,
            false => self.rows.value(shadow_of(&next.words, jobs)),
        };
        next.words[shadow_at(jobs)] = u64::from(self.rows.start(shadow));
        for job in 0..jobs {
            let at = Job { done: 0, ..next.job(job) };
            next.set_job(job, at);
        }
    }

    /// A run that is over is started again, once.
    pub(super) fn start_again(&mut self, number: usize, now: &Situation, next: &mut Situation) {
        let all_succeeded = now.jobs(self.workflow.plans.len()).all(Job::succeeded);
        for step in [Step::AgainAll, Step::AgainFailed] {
            if self.is_full(now) || (step == Step::AgainFailed && all_succeeded) {
                return;
            }
            next.words.clone_from(&now.words);
            next.set(AGAIN, true);
            self.begin_again(next, step);
            self.forget(now, next);
            self.known.add(&next.words, Some((number, step)), 1);
        }
    }
}
