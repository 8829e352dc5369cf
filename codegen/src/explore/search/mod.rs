//! The search: every situation that a run can come to. They are taken up in an order in which no step
//! leads back (jobs only ever get further), so that the ways to each are all known by then: how many
//! there are, and the shortest.
//!
//! Where that is too much, no run may have been finished when the bound is reached. Then there is a
//! second search of the runs in which the jobs take turns, one beginning when the one before is over;
//! and where that is too much as well, it goes on from what is farthest on, run by run.

mod choices;
mod claims;
mod effects;

use std::collections::{BTreeMap, VecDeque};

pub(crate) use choices::Choices;
pub(crate) use effects::{Effects, Sent};

use super::histories::Histories;
use super::path::{self, Path};
use super::runs::{Claim, Runs, Way};
use super::situation::{AGAIN, ENDED, HEAD, LATE, Situation, history_of, job_of};
use super::situations::Situations;
use crate::machine::StateId;
use crate::runs::Workflow;
use crate::runs::{Fate, Step};
use crate::runs::{Job, JobResult};

/// The most words that a search writes or looks at, so that one with many jobs, or with long
/// histories, is bounded in time.
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

/// Where a path ends: in a situation, or after one more step from it that leads to these words.
pub(crate) type End<'a> = (usize, Option<(Step, &'a [u64])>);

/// A search under way.
pub(crate) struct Search<'w, 'm> {
    pub(crate) workflow: &'w Workflow<'m>,
    pub(crate) histories: Histories<'m>,
    pub(crate) known: Situations,
    mode: Mode,
    /// Whether a job begins only when those before it are over.
    in_turn: bool,
    found: Runs,
    words: usize,
    full: bool,
    /// The situations to take up, by how far their jobs are.
    waiting: Vec<VecDeque<u32>>,
    /// How far on the least are that may wait.
    rank: usize,
    /// How many were taken up of those farthest on.
    dives: usize,
    /// How far the jobs of a run are when all are over.
    farthest: usize,
    /// The steps of the shortest path that breaks each claim so far.
    shortest: BTreeMap<Claim, u32>,
    refused_again: Option<u32>,
    loud: Option<u32>,
}

/// Explores every run of a workflow.
pub fn search(workflow: &Workflow<'_>, mode: Mode) -> Runs {
    let found = search_by(workflow, mode, false);
    if found.exhausted { found } else { found.and_in_turn(search_by(workflow, mode, true)) }
}

fn search_by(workflow: &Workflow<'_>, mode: Mode, in_turn: bool) -> Runs {
    let stride = HEAD + workflow.plans.len() + workflow.work.len().div_ceil(64);
    let farthest = workflow.plans.iter().map(|plan| plan.before.len() + 2).sum();
    let mut search = Search {
        workflow,
        histories: Histories::new(workflow.machine),
        known: Situations::new(stride),
        mode,
        in_turn,
        found: Runs::default(),
        words: 0,
        full: false,
        waiting: Vec::new(),
        rank: 0,
        dives: 0,
        farthest,
        shortest: BTreeMap::new(),
        refused_again: None,
        loud: None,
    };
    let mut first = Situation { words: vec![0; stride] };
    for job in 0..workflow.plans.len() {
        first.set_job(job, Job::WAITING);
    }
    // A run may be started for a row in any state that rows start in.
    for history in search.histories.started() {
        first.set_row(history, 0);
        search.add(&first, None, 1);
    }
    search.run();
    search.found
}

/// Whoever walks through the runs of a workflow: what it makes of each step, and of each report.
pub(crate) trait Explorer<'w, 'm: 'w> {
    /// The workflow.
    fn workflow(&self) -> &'w Workflow<'m>;

    /// Whether jobs are lost after they reported their end.
    fn late(&self) -> bool;

    /// Whether no view is looked at any more, so that the work that was done does not matter.
    fn forgets(&self, now: &Situation) -> bool;

    /// Takes a step, and adds the situation that it leads to.
    fn try_step(&mut self, number: usize, now: &Situation, step: Step, next: &mut Situation);

    /// Sends a report.
    fn send(
        &mut self,
        next: &mut Situation,
        fate: Fate,
        state: StateId,
        attempted: Option<StateId>,
        tolerated: bool,
    ) -> Sent;
}

impl<'w, 'm: 'w> Explorer<'w, 'm> for Search<'w, 'm> {
    fn workflow(&self) -> &'w Workflow<'m> {
        self.workflow
    }

    fn late(&self) -> bool {
        self.mode.late
    }

    fn forgets(&self, now: &Situation) -> bool {
        self.mode.late || now.is(ENDED)
    }

    fn try_step(&mut self, number: usize, now: &Situation, step: Step, next: &mut Situation) {
        if self.is_full(now) {
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
            let job = step.job().map_or("", |job| self.workflow.name(job));
            self.way(Claim::Accepted, end, job, "a report is refused");
            self.breaks(Claim::Accepted, end, String::new);
        }
    }

    fn send(
        &mut self,
        next: &mut Situation,
        fate: Fate,
        state: StateId,
        attempted: Option<StateId>,
        tolerated: bool,
    ) -> Sent {
        self.receive(next, fate, state, attempted, tolerated)
    }
}

impl Search<'_, '_> {
    fn run(&mut self) {
        let mut now = Situation { words: Vec::new() };
        let mut next = Situation { words: Vec::new() };
        while !self.full
            && let Some(number) = self.next_up()
        {
            let number = number as usize;
            now.words.clear();
            now.words.extend_from_slice(self.known.row(number));
            self.take_up(number, &now, &mut next);
        }
        self.found.exhausted = !self.full;
    }

    /// One of those least far on: what is added meanwhile is further on. Where jobs take turns and
    /// half of what may be tried was, one of those farthest on instead, so that runs are finished: of
    /// first runs and of those started again by turns.
    fn next_up(&mut self) -> Option<u32> {
        if !(self.in_turn && self.is_beyond(2)) {
            while self.waiting.get(self.rank)?.is_empty() {
                self.rank += 1;
            }
            return self.waiting[self.rank].pop_front();
        }
        self.dives += 1;
        let again = self.waiting.len().min(self.farthest + 1);
        let (first, again) = self.waiting.split_at_mut(again);
        let sides = if self.dives.is_multiple_of(2) { [again, first] } else { [first, again] };
        sides.into_iter().flatten().rev().find_map(VecDeque::pop_back)
    }

    /// Whether there is no more to be tried than this situation.
    fn is_full(&mut self, now: &Situation) -> bool {
        self.words += now.words.len();
        self.full |= self.is_beyond(1);
        self.full
    }

    /// Whether this part of all that may be tried was.
    fn is_beyond(&self, part: usize) -> bool {
        self.known.len() >= self.mode.most / part
            || self.words + self.histories.looks > MOST_WORDS / part
    }

    fn take_up(&mut self, number: usize, now: &Situation, next: &mut Situation) {
        self.found.situations += 1;
        self.found.steps = self.found.steps.max(u64::from(self.known.steps(number)));
        self.shows_the_truth(number, now);
        let mut over = true;
        for &job in &self.workflow.order {
            let is_over = now.job(job).result().is_some();
            over &= is_over;
            self.go_on(number, now, job, next);
            if self.in_turn && !is_over {
                break;
            }
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
                self.waiting.resize_with(rank + 1, VecDeque::new);
            }
            self.waiting[rank]
                .push_back(u32::try_from(number).expect("a search is bounded below this"));
        }
        number
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

    /// Keeps a way in which a claim is broken, unless one is known that it is part of.
    fn way(&mut self, claim: Claim, at: End<'_>, about: &str, why: &str) {
        let words = at.1.map_or_else(|| self.known.row(at.0), |(_, words)| words);
        let row = self.histories.state(history_of(words));
        let mut jobs = [0, 0];
        if claim != Claim::Accepted {
            for job in 0..self.workflow.plans.len().min(128) {
                match job_of(words, job).result() {
                    Some(JobResult::Failed | JobResult::Mute) => jobs[0] |= 1 << job,
                    Some(JobResult::Cancelled) => jobs[1] |= 1 << job,
                    Some(JobResult::Succeeded | JobResult::Skipped) | None => {}
                }
            }
        }
        let known = self.found.ways.get(&claim);
        let is_part = |way: &Way| (0..2).all(|of| way.jobs[of] & !jobs[of] == 0);
        let is_known = |way: &Way| way.row == row && way.about == about && is_part(way);
        if known.is_none_or(|ways| !ways.iter().any(is_known)) {
            let path = self.path(at);
            let way = Way { row, about: about.to_owned(), jobs, why: why.to_owned(), path };
            self.found.ways.entry(claim).or_default().push(way);
        }
    }

    fn path(&self, at: End<'_>) -> Path {
        path::trace(self, at)
    }
}
