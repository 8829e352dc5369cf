//! The search: every situation that a run can come to, shortest runs first.

use phasegate::{Machine as _, Outcome, Verdict};

use crate::machine::StateId;

use super::histories::{Histories, STARTED};
use super::job::{Job, Result, Stage};
use super::path::{self, Path};
use super::runs::{Claim, Runs};
use super::situations::Situations;
use super::step::{Became, Fate, Step};
use super::workflow::Workflow;

/// A report was lost.
const LOST: u64 = 1;
/// A report that is not tolerated said the end that the row is in.
const SAID: u64 = 2;
/// The run was started again.
const AGAIN: u64 = 4;
/// It was started again for a row that had come to a terminal state.
const ENDED: u64 = 8;
/// Started again, a report that is not tolerated was refused.
const REFUSED: u64 = 16;
/// A job was lost or cancelled after it reported its end.
const LATE: u64 = 32;
/// One step more.
const ONE_STEP: u64 = 1 << 16;
/// The words before those of the jobs.
const HEAD: usize = 2;
/// The most words that a search writes, so that one with many jobs is bounded in time.
const MOST_WORDS: usize = 1 << 27;

/// What a search covers.
#[derive(Clone, Copy, Debug)]
pub struct Mode {
    /// Whether every run is started again, once.
    pub again: bool,
    /// Whether it is only about jobs that are lost after they reported their end.
    pub late: bool,
    /// The most situations to keep.
    pub most: usize,
}

/// A situation at hand.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Situation {
    words: Vec<u64>,
}

impl Situation {
    fn job(&self, job: usize) -> Job {
        Job::unpack(self.words[HEAD + job])
    }
    fn set_job(&mut self, job: usize, to: Job) {
        self.words[HEAD + job] = to.pack();
    }
    fn history(&self) -> u32 {
        history_of(&self.words)
    }
    fn attempted(&self) -> u32 {
        u32::try_from(self.words[0] >> 32).expect("half a word is half a word")
    }
    fn set_row(&mut self, history: u32, attempted: u32) {
        self.words[0] = u64::from(history) | u64::from(attempted) << 32;
    }
    fn is(&self, flag: u64) -> bool {
        self.words[1] & flag != 0
    }
    fn set(&mut self, flag: u64, to: bool) {
        self.words[1] = if to { self.words[1] | flag } else { self.words[1] & !flag };
    }
    fn jobs(&self) -> impl Iterator<Item = Job> + '_ {
        self.words[HEAD..].iter().map(|&word| Job::unpack(word))
    }
}

/// The history in a situation's words.
pub(crate) fn history_of(words: &[u64]) -> u32 {
    u32::try_from(words[0] & 0xffff_ffff).expect("half a word is half a word")
}

/// A job in a situation's words.
pub(crate) fn job_of(words: &[u64], job: usize) -> Job {
    Job::unpack(words[HEAD + job])
}

/// What came of a report.
struct Sent {
    accepted: bool,
    /// It breaks what is claimed of reports.
    broken: bool,
}

/// A search under way.
pub(crate) struct Search<'w, 'm> {
    pub(crate) workflow: &'w Workflow<'m>,
    pub(crate) histories: Histories<'m>,
    pub(crate) known: Situations,
    mode: Mode,
    found: Runs,
    words: usize,
    full: bool,
}

/// Explores every run of a workflow.
pub fn search(workflow: &Workflow<'_>, mode: Mode) -> Runs {
    let stride = HEAD + workflow.plans.len();
    let mut search = Search {
        workflow,
        histories: Histories::new(workflow.machine),
        known: Situations::new(stride),
        mode,
        found: Runs::default(),
        words: 0,
        full: false,
    };
    let mut first = Situation { words: vec![0; stride] };
    first.set_row(STARTED, 0);
    for job in 0..workflow.plans.len() {
        first.set_job(job, Job::WAITING);
    }
    search.known.add(&first.words, None, 1);
    search.run();
    search.found
}

impl Search<'_, '_> {
    fn run(&mut self) {
        let mut number = 0;
        let mut next = Situation { words: Vec::new() };
        while number < self.known.len() && !self.full {
            let now = Situation { words: self.known.row(number).to_vec() };
            self.found.steps = now.words[1] / ONE_STEP;
            self.shows_the_truth(number, &now);
            let mut over = true;
            for job in 0..self.workflow.plans.len() {
                over &= now.job(job).result().is_some();
                self.go_on(number, &now, job, &mut next);
            }
            if over {
                self.is_over(number, &now, &mut next);
            }
            number += 1;
        }
        self.found.situations = number;
        self.found.exhausted = !self.full;
    }

    /// Everything that a job can do next.
    fn go_on(&mut self, number: usize, now: &Situation, job: usize, next: &mut Situation) {
        use Became::{Cancelled, Failure, Success};
        let plan = &self.workflow.plans[job];
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
        let _ = Success;
    }

    /// The work that a job is at passes, fails or is cancelled.
    fn work(&mut self, number: usize, now: &Situation, job: u16, next: &mut Situation) {
        let plan = &self.workflow.plans[usize::from(job)];
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
        let plan = &self.workflow.plans[usize::from(job)];
        if plan.outcome(of).is_none() {
            self.try_step(number, now, Step::Outcome { job, of, fate: Fate::None }, next);
            return;
        }
        for fate in [Fate::Delivered, Fate::Undelivered] {
            self.try_step(number, now, Step::Outcome { job, of, fate }, next);
        }
        if self.mode.late && !plan.always && of == Became::Success && !now.is(LATE) {
            for fate in [Fate::DeliveredThenLost, Fate::DeliveredThenCancelled] {
                self.try_step(number, now, Step::Outcome { job, of, fate }, next);
            }
        }
    }

    /// Takes a step, and adds the situation that it leads to.
    fn try_step(&mut self, number: usize, now: &Situation, step: Step, next: &mut Situation) {
        self.words += now.words.len();
        if self.known.len() >= self.mode.most || self.words > MOST_WORDS {
            self.full = true;
            return;
        }
        next.words.clone_from(&now.words);
        next.words[1] += ONE_STEP;
        let broken = self.take(next, step);
        self.skip(next);
        let paths = self.known.paths(number);
        let (number, _) = self.known.add(&next.words, Some((number, step)), paths);
        if broken && !next.is(AGAIN | LATE) {
            self.breaks(Claim::Accepted, number, || String::new());
        }
        if next.is(REFUSED) && self.found.refused_again.is_none() && !next.is(ENDED) {
            self.found.refused_again = Some(self.path(number));
        }
    }

    /// What a step changes; says whether a report of it breaks what is claimed of reports.
    fn take(&mut self, next: &mut Situation, step: Step) -> bool {
        match step {
            Step::Start | Step::AgainAll | Step::AgainFailed => unreachable!("no job's step"),
            Step::NeverBegins { job } => self.ends(next, job, Result::Cancelled, 0),
            Step::FailsAtOnce { job } => {
                let job = usize::from(job);
                let failing = Job { stage: Stage::Failing, ..next.job(job) };
                next.set_job(job, failing);
            }
            Step::Lost { job } => {
                let done = self.done(next.job(usize::from(job)), job);
                self.ends(next, job, Result::Lost, done);
            }
            Step::Before { job, fate } => return self.reports_before(next, job, fate),
            Step::Outcome { job, of, fate } => return self.reports_outcome(next, job, of, fate),
        }
        false
    }

    fn ends(&self, next: &mut Situation, job: u16, result: Result, done: u16) {
        let job = usize::from(job);
        let over = next.job(job).over(result, done);
        next.set_job(job, over);
    }

    /// The pieces of work that a job has done, from the reports that it set out to send.
    fn done(&self, at: Job, job: u16) -> u16 {
        match at.stage {
            Stage::Over(_) => at.done,
            Stage::Waiting | Stage::Working | Stage::Failing => {
                at.set_out - u16::from(self.workflow.plans[usize::from(job)].has_start && at.set_out > 0)
            }
        }
    }

    fn reports_before(&mut self, next: &mut Situation, job: u16, fate: Fate) -> bool {
        let plan = &self.workflow.plans[usize::from(job)];
        let at = next.job(usize::from(job));
        let report = plan.before[usize::from(at.set_out)];
        let attempted = plan.attempted(at.set_out);
        let sent = self.send(next, fate, report.state, attempted, report.tolerated);
        let set_out = at.set_out + 1;
        let stage =
            if sent.accepted || report.tolerated { Stage::Working } else { Stage::Failing };
        let mut job_now = Job { stage, set_out, ..at };
        job_now.done = self.done(job_now, job);
        next.set_job(usize::from(job), job_now);
        sent.broken
    }

    fn reports_outcome(
        &mut self,
        next: &mut Situation,
        job: u16,
        of: Became,
        fate: Fate,
    ) -> bool {
        let number = usize::from(job);
        let plan = &self.workflow.plans[number];
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
            (Fate::DeliveredThenLost, _, _) => Result::Lost,
            (Fate::DeliveredThenCancelled, _, _) => Result::Cancelled,
            (_, true, _) if whole => Result::Succeeded,
            (Fate::Undelivered, true, _) => Result::Undelivered,
            (_, true, _) => Result::Refused,
            (_, false, Became::Cancelled) => Result::Cancelled,
            (_, false, Became::Success | Became::Failure) => Result::Failed,
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

    /// Sends a report.
    fn send(
        &mut self,
        next: &mut Situation,
        fate: Fate,
        state: StateId,
        attempted: Option<StateId>,
        tolerated: bool,
    ) -> Sent {
        if fate == Fate::Undelivered {
            next.set(LOST, true);
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
        if accepted && !tolerated && machine.state(state).is_ended() {
            next.set(SAID, true);
        }
        if !accepted && !tolerated && next.is(AGAIN) {
            next.set(REFUSED, true);
        }
        Sent { accepted, broken: !accepted && !(tolerated && next.is(LOST)) }
    }

    fn concludes(&self, now: &Situation, job: usize) -> (Became, Option<StateId>) {
        let over = |need| now.job(need).result().expect("a conclusion waits for what it needs");
        self.workflow.plans[job].concludes(over)
    }

    /// Jobs that can no longer begin are skipped.
    fn skip(&self, next: &mut Situation) {
        for &job in &self.workflow.order {
            let plan = &self.workflow.plans[job];
            if plan.always || next.job(job).stage != Stage::Waiting {
                continue;
            }
            let is_over = |&need: &usize| next.job(need).result().is_some();
            if plan.needs.iter().all(is_over)
                && !plan.must.iter().all(|&need| next.job(need).succeeded())
            {
                let skipped = next.job(job).over(Result::Skipped, 0);
                next.set_job(job, skipped);
            }
        }
    }

    /// No phase may be shown as failed whose work passed, nor as done where it did not.
    fn shows_the_truth(&mut self, number: usize, now: &Situation) {
        if self.mode.late || now.is(ENDED) || self.workflow.work.is_empty() {
            return;
        }
        let shown = self.histories.shown(now.history(), now.attempted());
        let work = &self.workflow.work;
        let passed = |phase: usize| work[phase].iter().all(|&(job, piece)| piece < now.job(job).done);
        let ever = |phase: usize| {
            work[phase].iter().all(|&(job, piece)| {
                let job = now.job(job);
                piece < job.done.max(job.done_before)
            })
        };
        self.found.views += u64::try_from(work.len()).unwrap_or(u64::MAX);
        let done = shown.done.iter().find(|&&phase| !ever(phase));
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
        self.breaks(claim, number, || why);
    }

    /// Every job is over.
    fn is_over(&mut self, number: usize, now: &Situation, next: &mut Situation) {
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
            if now.is(REFUSED) {
                add(&mut self.found.again_refused);
            }
            if now.is(ENDED) {
                add(&mut self.found.again_ended);
                return;
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
            if !now.is(LOST) && now.jobs().all(Job::succeeded) {
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
            self.breaks(claim(Claim::Ends), number, || why);
        }
        if let Some(why) = self.lies(now, row) {
            self.breaks(claim(Claim::Truth), number, || why);
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
                Some(Result::Lost | Result::Undelivered) => {}
                Some(_) | None => return false,
            }
        }
        concluding > 0
    }

    /// Why the row's end is not that of the work, where it is not.
    fn lies(&self, now: &Situation, row: StateId) -> Option<String> {
        let work = || (0..self.workflow.plans.len()).filter(|&job| !self.workflow.plans[job].always);
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
            self.breaks(Claim::Late, number, || why);
        } else {
            self.found.late_loud = self.found.late_loud.saturating_add(paths);
            if self.found.loud.is_none() {
                self.found.loud = Some(self.path(number));
            }
        }
    }

    fn start_again(&mut self, number: usize, now: &Situation, row: StateId, next: &mut Situation) {
        let terminal = self.workflow.machine.state(row).terminal;
        for step in [Step::AgainAll, Step::AgainFailed] {
            if step == Step::AgainFailed && now.jobs().all(Job::succeeded) {
                continue;
            }
            self.words += now.words.len();
            if self.known.len() >= self.mode.most || self.words > MOST_WORDS {
                self.full = true;
                return;
            }
            next.words.clone_from(&now.words);
            next.words[1] += ONE_STEP;
            next.set(LOST | SAID, false);
            next.set(AGAIN, true);
            let mut reset = vec![step == Step::AgainAll; self.workflow.plans.len()];
            for &job in &self.workflow.order {
                let needs = &self.workflow.plans[job].needs;
                reset[job] |= !now.job(job).succeeded() || needs.iter().any(|&need| reset[need]);
                if reset[job] {
                    next.set_job(job, now.job(job).again());
                }
            }
            if terminal {
                // Nothing moves this row any more: what it went through no longer matters.
                next.set(ENDED, true);
                next.set_row(self.histories.forgotten(row), 0);
                for job in 0..reset.len() {
                    let at = Job { done: 0, done_before: 0, ..next.job(job) };
                    next.set_job(job, at);
                }
            }
            let paths = self.known.paths(number);
            self.known.add(&next.words, Some((number, step)), paths);
        }
    }

    fn breaks(&mut self, claim: Claim, number: usize, why: impl FnOnce() -> String) {
        if !self.found.broken.contains_key(&claim) {
            let path = self.path(number);
            self.found.broken.insert(claim, (why(), path));
        }
    }

    fn path(&self, number: usize) -> Path {
        path::trace(self, number)
    }
}
