//! The runs of one version's workflow against backends and databases that may be of others: what can
//! happen next, which reports are accepted, how the row ends, and what each page takes its state for.

use std::collections::{BTreeMap, BTreeSet};

use super::exploration::{Class, Place, Refusal, Tried, class_of};
use super::facts::{Cause, Fact};
use super::layers::{By, Meaning, ReportResult, Value, Why, World};
use super::receives::{FAILED, LATE, Received, Receives, Row};
use super::road::Road;
use crate::machine::Outcome;
use crate::runs::{JobResult, Layout, Run, Runs, Step, Workflow};
use crate::search::{Edge, Known, Limits, Model, PathEnd};

/// The most situations that one search keeps; what lies beyond is not claimed.
pub(super) const MOST_SITUATIONS: usize = 1 << 20;
/// The most that one search does.
pub(super) const LIMITS: Limits = Limits { states: MOST_SITUATIONS, steps: 1 << 23 };

/// A step, and what came of its report, where it delivers one.
pub(super) type Taken = (Step, Option<Received>);

/// The runs of a workflow on a road.
pub(super) struct Mixed<'w, 'm> {
    pub(super) runs: Runs<'w, 'm, Receives<'w, 'm>>,
    /// Whether it is for the sake of what is shown: then no run is started again or lost too late, and
    /// each step is kept.
    shown: bool,
    starts: Vec<Row>,
    pub(super) tried: Tried,
    pub(super) taken: BTreeSet<(Value, Value)>,
    pub(super) bad: BTreeMap<Place, PathEnd<Taken>>,
    pub(super) own: BTreeMap<(Option<usize>, Class), PathEnd<Taken>>,
    /// What goes wrong rests on in any way, not only in the shortest.
    pub(super) rests_on: BTreeSet<Fact>,
    /// What a refusal that is not tolerated rests on.
    pub(super) refusals: BTreeSet<Refusal>,
    pub(super) refused: BTreeSet<(u16, Value, By, Why)>,
    pub(super) unknown: BTreeSet<(usize, Value)>,
}

impl<'w, 'm> Mixed<'w, 'm> {
    pub(super) fn of(
        world: &'w World<'m>,
        version: usize,
        workflow: &'w Workflow<'m>,
        road: &'w Road,
        starts: &[Row],
        shown: bool,
    ) -> Self {
        Self {
            runs: Runs {
                workflow,
                layout: Layout::of(workflow, shown),
                receiver: Receives::of(world, version, road),
            },
            shown,
            starts: starts.to_vec(),
            tried: Tried::default(),
            taken: BTreeSet::new(),
            bad: BTreeMap::new(),
            own: BTreeMap::new(),
            rests_on: BTreeSet::new(),
            refusals: BTreeSet::new(),
            refused: BTreeSet::new(),
            unknown: BTreeSet::new(),
        }
    }

    pub(super) fn world(&self) -> &'w World<'m> {
        self.runs.receiver.world
    }

    pub(super) fn version(&self) -> usize {
        self.runs.receiver.version
    }

    fn means(&self, value: Value) -> Option<Meaning> {
        self.world().meaning(self.version(), value)
    }

    fn breaks(&mut self, place: Place, end: PathEnd<Taken>) {
        // The first that is found is a shortest.
        self.bad.entry(place).or_insert(end);
    }

    /// The same, where the workflow's own table does it, too.
    fn breaks_too(&mut self, (at, page, class): Place, end: PathEnd<Taken>) {
        if at == 0 {
            self.own.entry((page, class)).or_insert(end);
        }
    }

    /// What a page of each version takes the row's state for.
    fn looks(&mut self, row: Row, at: usize) {
        let place = row.spot().place;
        let means = self.means(row.value);
        for page in 0..self.world().machines.len() {
            let shows = self.world().meaning(page, row.value);
            if place == 0 && shows.is_none() {
                self.unknown.insert((page, row.value));
            }
            if means.is_some() && shows.is_some() && means != shows {
                self.rests_on.insert(Fact::Means(row.value));
                self.breaks((place, Some(page), Class::PageFalse), PathEnd::state(at));
            }
        }
    }

    /// Every job is over: how its row ended.
    fn is_over(&mut self, run: &Run<Row>, number: usize) {
        self.tried.ends += 1;
        let row = run.row;
        let at = row.spot().place;
        let end = PathEnd::state(number);
        let is_open = |means: Option<Meaning>| means.is_none_or(|means| !means.ended);
        let (means, wanted) = (self.means(row.value), self.means(row.shadow));
        // A concluding job that could not report is excused, as `verify` does.
        let results =
            (0..self.runs.layout.len()).map(|job| self.runs.layout.result(&run.jobs, job));
        let mute = results.into_iter().any(|result| result == Some(JobResult::Mute));
        let lies = |means: Option<Meaning>| {
            means.is_some_and(|means| means.ended && self.lies(run, means))
        };
        let (lies, expected) = (lies(means), lies(wanted));
        if wanted.is_some_and(|wanted| wanted.ended) {
            let outcome = |means: Option<Meaning>| means.and_then(|means| means.outcome);
            if !is_open(means) {
                // Started again, or where a job is lost after it reported its end, a row may come to
                // a truer end than its own version would have let it.
                if outcome(means) != outcome(wanted) && (!row.forgets() || lies) {
                    self.breaks((at, None, Class::EndsOtherwise), end);
                }
            } else if !(row.forgets() && mute) {
                self.breaks((at, None, Class::LeftOpen), end);
            }
        }
        if lies && !row.forgets() {
            match expected {
                true => self.breaks_too((at, None, Class::EndsOtherwise), end),
                // Its own version leaves the row open, or says the truth.
                false => self.breaks((at, None, Class::EndsOtherwise), end),
            }
        }
        if is_open(means) && is_open(wanted) && !mute && !row.forgets() {
            self.breaks_too((at, None, Class::LeftOpen), end);
        }
    }

    /// Whether an end is not what became of the jobs.
    fn lies(&self, run: &Run<Row>, means: Meaning) -> bool {
        let mut plans = self.runs.workflow.plans.iter().enumerate();
        let all = plans.all(|(job, plan)| plan.always || self.runs.passed(&run.jobs, job));
        match means.outcome {
            Some(Outcome::Success) => !all,
            Some(Outcome::Failure | Outcome::Cancelled) => all,
            Some(Outcome::Neutral) | None => false,
        }
    }

    /// A report was answered.
    fn answered(&mut self, known: &Known<Self>, edge: Edge<Taken>, received: Received) {
        let Received { from, to, answer, expected, tolerated, met, .. } = received;
        if answer == ReportResult::Applied {
            self.tried.applied += 1;
            self.taken.insert((from, to));
        }
        let ReportResult::Refused(by, why) = answer else { return };
        self.tried.refused += 1;
        let row = known.state(edge.from).row;
        let at = row.spot().place;
        let end = PathEnd::edge(edge);
        let expected = expected.is_accepted();
        if expected {
            let facts = Cause::report(from, to, answer, met).facts;
            self.rests_on.extend(facts.first().cloned());
            if !tolerated {
                self.refusals.insert((class_of(answer).unwrap_or(Class::FailsJob), facts));
            }
        }
        let judged_by_table = self.world().state(met.backend, from).is_some();
        // A guard that is asked about a state that the backend lacks contradicts no one.
        if let Some(class) = class_of(answer)
            && (judged_by_table || class == Class::BackendBreaks)
            && (expected || class == Class::DatabaseRefuses)
        {
            self.breaks((at, None, class), end);
        }
        match (expected, tolerated) {
            (true, false) => self.breaks((at, None, Class::FailsJob), end),
            (false, false) if !row.forgets() => {
                self.breaks_too((at, None, Class::FailsJob), end);
            }
            (true, true) if at == 0 => {
                let job = edge.step.0.job().expect("a report is a job's");
                self.refused.insert((job, to, by, why));
            }
            (true, true) | (false, _) => {}
        }
    }
}

impl Model for Mixed<'_, '_> {
    type Node = Run<Row>;
    type Step = Taken;

    fn starts(&self) -> Vec<Run<Row>> {
        let jobs = self.runs.waiting();
        self.starts.iter().map(|&row| Run { jobs: jobs.clone(), row }).collect()
    }

    fn steps(&self, now: &Run<Row>, steps: &mut Vec<(Taken, Run<Row>)>) {
        if now.row.is(FAILED) {
            return;
        }
        let late = !self.shown && !now.row.is(LATE);
        for job in 0..self.runs.workflow.plans.len() {
            self.runs.next(now, job, late, &mut |taken| {
                let sent = taken.sent.filter(|(sent, _)| sent.delivered);
                let received = sent.map(|(sent, _)| self.runs.receiver.received(&now.row, sent));
                steps.push(((taken.step, received), taken.run));
            });
        }
        if !self.shown {
            steps.extend(self.runs.again(now).map(|(step, run)| ((step, None), run)));
        }
        let Receives { road, world, .. } = self.runs.receiver;
        for to in road.next(world, now.row.spot()) {
            let run = Run { jobs: now.jobs.clone(), row: now.row.at(to) };
            steps.push(((Step::Switched { to: to.pack() }, None), run));
        }
    }

    fn weight(&self) -> u64 {
        self.runs.weight()
    }

    fn keeps_steps(&self) -> bool {
        self.shown
    }

    fn look(&mut self, known: &Known<Self>, at: usize) {
        let run = known.state(at);
        if self.shown || run.row.is(FAILED) {
            return;
        }
        self.looks(run.row, at);
        if self.runs.is_over(&run.jobs) {
            self.is_over(run, at);
        }
    }

    fn took(&mut self, known: &Known<Self>, edge: Edge<Taken>) {
        match edge.step {
            _ if self.shown => {}
            (_, Some(received)) => self.answered(known, edge, received),
            (Step::Switched { .. }, None) => self.tried.switches += 1,
            (_, None) => {}
        }
    }
}
