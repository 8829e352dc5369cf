//! The search: every situation that a run can come to. They are taken up in an order in which no step
//! leads back (jobs only ever get further), so that the ways to each are all known by then: how many
//! there are, and the shortest.

use std::collections::BTreeMap;

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
/// The words before those of the jobs. After them come the phases that were shown as done when the
/// run was started again, a bit each.
const HEAD: usize = 2;
/// The most words that a search writes, so that one with many jobs is bounded in time.
const MOST_WORDS: usize = 1 << 24;

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
    fn jobs(&self, jobs: usize) -> impl Iterator<Item = Job> + '_ {
        self.words[HEAD..][..jobs].iter().map(|&word| Job::unpack(word))
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

/// Where a path ends: in a situation, or after one more step from it that leads to these words.
pub(crate) type End<'a> = (usize, Option<(Step, &'a [u64])>);

/// A search under way.
pub(crate) struct Search<'w, 'm> {
    pub(crate) workflow: &'w Workflow<'m>,
    pub(crate) histories: Histories<'m>,
    pub(crate) known: Situations,
    mode: Mode,
    found: Runs,
    words: usize,
    full: bool,
    /// The situations to take up, by how far their jobs are.
    waiting: Vec<Vec<u32>>,
    /// How far the jobs of a run are when all are over.
    farthest: usize,
    /// The steps of the shortest path that breaks each claim so far.
    shortest: BTreeMap<Claim, u32>,
    refused_again: Option<u32>,
    loud: Option<u32>,
}

/// Explores every run of a workflow.
pub fn search(workflow: &Workflow<'_>, mode: Mode) -> Runs {
    let stride = HEAD + workflow.plans.len() + workflow.work.len().div_ceil(64);
    let farthest = workflow.plans.iter().map(|plan| plan.before.len() + 2).sum();
    let mut search = Search {
        workflow,
        histories: Histories::new(workflow.machine),
        known: Situations::new(stride),
        mode,
        found: Runs::default(),
        words: 0,
        full: false,
        waiting: Vec::new(),
        farthest,
        shortest: BTreeMap::new(),
        refused_again: None,
        loud: None,
    };
    let mut first = Situation { words: vec![0; stride] };
    first.set_row(STARTED, 0);
    for job in 0..workflow.plans.len() {
        first.set_job(job, Job::WAITING);
    }
    search.add(&first, None, 1);
    search.run();
    search.found
}

impl Search<'_, '_> {
    fn run(&mut self) {
        let mut now = Situation { words: Vec::new() };
        let mut next = Situation { words: Vec::new() };
        let mut rank = 0;
        while rank < self.waiting.len() && !self.full {
            let mut at = 0;
            // What is added meanwhile is further on.
            while at < self.waiting[rank].len() && !self.full {
                let number = self.waiting[rank][at] as usize;
                now.words.clear();
                now.words.extend_from_slice(self.known.row(number));
                self.take_up(number, &now, &mut next);
                at += 1;
            }
            rank += 1;
        }
        self.found.exhausted = !self.full;
    }

    fn take_up(&mut self, number: usize, now: &Situation, next: &mut Situation) {
        self.found.situations += 1;
        self.found.steps = self.found.steps.max(u64::from(self.known.steps(number)));
        self.shows_the_truth(number, now);
        let mut over = true;
        for job in 0..self.workflow.plans.len() {
            over &= now.job(job).result().is_some();
            self.go_on(number, now, job, next);
        }
        if over {
            self.is_over(number, now, next);
        }
    }

    /// Adds a situation, or another way to one that is known.
    fn add(&mut self, next: &Situation, from: Option<(usize, Step)>, paths: u64) -> usize {
        let (number, is_new) = self.known.add(&next.words, from, paths);
        if is_new {
            let again = if next.is(AGAIN) { self.farthest + 1 } else { 0 };
            let plans = &self.workflow.plans;
            let jobs: usize =
                plans.iter().zip(next.jobs(plans.len())).map(|(p, j)| j.rank(p.before.len())).sum();
            let rank = again + jobs;
            if self.waiting.len() <= rank {
                self.waiting.resize_with(rank + 1, Vec::new);
            }
            self.waiting[rank].push(u32::try_from(number).expect("a search is bounded below this"));
        }
        number
    }

    /// Everything that a job can do next.
    fn go_on(&mut self, number: usize, now: &Situation, job: usize, next: &mut Situation) {
        use Became::{Cancelled, Failure};
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
        let broken = self.take(next, step);
        self.skip(next);
        let paths = self.known.paths(number);
        self.add(next, Some((number, step)), paths);
        let row = |at: &Situation| self.histories.state(at.history());
        if next.is(ENDED) && row(next) != row(now) {
            let name = &self.workflow.machine.state(row(now)).name;
            let why = format!("the row has ended in `{name}`, and leaves it");
            self.breaks(Claim::Again, (number, Some((step, &next.words[..]))), || why);
        }
        if broken && !next.is(AGAIN | LATE) {
            let end = (number, Some((step, &next.words[..])));
            self.breaks(Claim::Accepted, end, String::new);
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
                let always = self.workflow.plans[usize::from(job)].always;
                let result = if always { Result::Mute } else { Result::Failed };
                self.ends(next, job, result, done);
            }
            Step::Before { job, fate } => return self.reports_before(next, job, fate),
            Step::Outcome { job, of, fate } => return self.reports_outcome(next, job, of, fate),
        }
        false
    }

    fn ends(&self, next: &mut Situation, job: u16, result: Result, done: u16) {
        let job = usize::from(job);
        // Where no view is looked at, the work that was done does not matter.
        let done = if self.mode.late || next.is(ENDED) { 0 } else { done };
        next.set_job(job, Job::over(result, done));
    }

    /// The pieces of work that a job has done, from the reports that it set out to send.
    fn done(&self, at: Job, job: u16) -> u16 {
        match at.stage {
            Stage::Over(_) => at.done,
            Stage::Waiting | Stage::Working | Stage::Failing => {
                at.set_out
                    - u16::from(self.workflow.plans[usize::from(job)].has_start && at.set_out > 0)
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
        let stage = if sent.accepted || report.tolerated { Stage::Working } else { Stage::Failing };
        let mut job_now = Job { stage, set_out, ..at };
        job_now.done = if next.is(ENDED) { 0 } else { self.done(job_now, job) };
        next.set_job(usize::from(job), job_now);
        sent.broken
    }

    fn reports_outcome(&mut self, next: &mut Situation, job: u16, of: Became, fate: Fate) -> bool {
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
            (Fate::DeliveredThenLost, _, _) => Result::Failed,
            (Fate::DeliveredThenCancelled, _, _) => Result::Cancelled,
            (_, true, _) if whole => Result::Succeeded,
            (Fate::Undelivered, true, _) if plan.always => Result::Mute,
            (_, true, _) => Result::Failed,
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
                next.set_job(job, Job::over(Result::Skipped, 0));
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
        self.breaks(claim, (number, None), || why);
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
            self.breaks(claim(Claim::Ends), (number, None), || why);
        }
        if let Some(why) = self.lies(now, row) {
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
                Some(Result::Mute) => {}
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

    fn start_again(&mut self, number: usize, now: &Situation, row: StateId, next: &mut Situation) {
        let terminal = self.workflow.machine.state(row).terminal;
        for step in [Step::AgainAll, Step::AgainFailed] {
            if step == Step::AgainFailed && self.all_succeeded(now) {
                continue;
            }
            self.words += now.words.len();
            if self.known.len() >= self.mode.most || self.words > MOST_WORDS {
                self.full = true;
                return;
            }
            next.words.clone_from(&now.words);
            next.set(LOST | SAID, false);
            next.set(AGAIN, true);
            let mut reset = vec![step == Step::AgainAll; self.workflow.plans.len()];
            for &job in &self.workflow.order {
                let needs = &self.workflow.plans[job].needs;
                reset[job] |= !now.job(job).succeeded() || needs.iter().any(|&need| reset[need]);
                if reset[job] {
                    next.set_job(job, Job::WAITING);
                }
            }
            if terminal {
                // Nothing moves this row any more: what it went through no longer matters.
                next.set(ENDED, true);
                next.set_row(self.histories.forgotten(row), 0);
                for job in 0..reset.len() {
                    let at = Job { done: 0, ..next.job(job) };
                    next.set_job(job, at);
                }
            } else {
                // What was done then stays done; the jobs that run again have yet to do theirs.
                let shown = self.histories.shown(now.history(), now.attempted());
                for &phase in &shown.done {
                    next.words[HEAD + reset.len() + phase / 64] |= 1 << (phase % 64);
                }
            }
            let paths = self.known.paths(number);
            self.add(next, Some((number, step)), paths);
        }
    }

    fn all_succeeded(&self, now: &Situation) -> bool {
        now.jobs(self.workflow.plans.len()).all(Job::succeeded)
    }

    /// A claim does not hold: in a situation, or after one more step from it.
    fn breaks(&mut self, claim: Claim, at: End<'_>, why: impl FnOnce() -> String) {
        let steps = self.known.steps(at.0) + u32::from(at.1.is_some());
        if self.shortest.get(&claim).is_none_or(|&shortest| steps < shortest) {
            self.shortest.insert(claim, steps);
            self.found.broken.insert(claim, (why(), self.path(at)));
        }
    }

    fn path(&self, at: End<'_>) -> Path {
        path::trace(self, at)
    }
}
