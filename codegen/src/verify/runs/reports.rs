//! Which reports are accepted, how a run ends, and whether that end is true: by the row's state, the
//! jobs, and a few facts about what was reported.

use std::collections::BTreeMap;

use phasegate::Outcome;

use super::table::{AGAIN, ENDED, LATE, LOST, REFUSED, Row, SAID, TableRuns};
use super::{About, Claim, LIMITS_OF_REPORTS, Mode, Searched, Way, failed_jobs};
use crate::machine::{JobId, StateId};
use crate::runs::{Alike, Became, JobResult, Layout, Path, Plan, Run, Step, Workflow};
use crate::search::{Edge, Explored, Known, Model, PathEnd, explore};

/// Runs that are listed for what they have in common, by the state that the row is left in.
pub(crate) type Listed = BTreeMap<StateId, u64>;

/// What was found.
#[derive(Clone, Debug, Default)]
pub(crate) struct RunCounts {
    /// The runs.
    pub(crate) runs: u64,
    /// Those that end by a report that is not tolerated.
    pub(crate) said: u64,
    /// Those among them in which no job did anything but succeed and nothing was lost.
    pub(crate) flawless: u64,
    /// The runs by the state that the row ends in.
    pub(crate) ends: Listed,
    /// The runs that cannot report: every concluding job's runner was lost, or its report was.
    pub(crate) mute: Listed,
    /// The runs that were started again, as they came out then.
    pub(crate) again: u64,
    /// Those whose row had ended before.
    pub(crate) again_ended: u64,
    /// Those in which a report that is not tolerated was refused.
    pub(crate) again_refused: u64,
    /// Those that cannot report, the second time too.
    pub(crate) again_mute: u64,
    /// Runs in which a job is lost or cancelled after it reported its success.
    pub(crate) late: u64,
    /// Those among them whose row keeps an end that is no longer true, and a concluding job fails.
    pub(crate) late_loud: u64,
}

impl RunCounts {
    /// This or what another search found, each of what finished more there. Runs of both are counted
    /// once; those that are started again are counted apart, for one search may come to them that
    /// finished fewer before.
    pub(super) fn or_more(self, other: Self) -> Self {
        let again =
            |found: &Self| [found.again, found.again_ended, found.again_refused, found.again_mute];
        let finished = |found: &Self| found.runs.saturating_add(found.late);
        let most = [again(&self), again(&other)].into_iter().max_by_key(|counts| counts[0]);
        let [again, again_ended, again_refused, again_mute] = most.expect("there are two");
        let first = if finished(&other) > finished(&self) { other } else { self };
        Self { again, again_ended, again_refused, again_mute, ..first }
    }
}

/// What is wrong with a step.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Wrong {
    /// Nothing.
    Nothing,
    /// A report is refused that should not be.
    Refused,
    /// A row that has ended leaves its end.
    LeavesEnd,
}

/// A step, and what is wrong with it.
type Judged = (Step, Wrong);

/// The runs of a workflow, by what is reported.
struct Reports<'w, 'm> {
    table: TableRuns<'w, 'm>,
    /// Whether it is only about jobs that are lost after they reported.
    late: bool,
    ways_wanted: bool,
    pub(crate) found: RunCounts,
    shortest: BTreeMap<Claim, (u32, PathEnd<Judged>, About, String)>,
    ways: Vec<(Claim, PathEnd<Judged>, Way)>,
    /// The shortest run in which, started again, a report that is not tolerated is refused.
    refused_again: Option<(u32, PathEnd<Judged>)>,
    /// The shortest run that ends with an untrue end and a concluding job that fails.
    loud: Option<(u32, PathEnd<Judged>)>,
}

impl<'w, 'm> Reports<'w, 'm> {
    fn of(workflow: &'w Workflow<'m>, mode: Mode, late: bool) -> Self {
        let alike = if mode.ways { Alike::default() } else { Alike::of(workflow, None) };
        let facts = if late { LATE } else { LOST | SAID | AGAIN | ENDED | REFUSED };
        Self {
            table: TableRuns::of(workflow, mode, facts, Layout::of(workflow, false), alike),
            late,
            ways_wanted: mode.ways,
            found: RunCounts::default(),
            shortest: BTreeMap::new(),
            ways: Vec::new(),
            refused_again: None,
            loud: None,
        }
    }

    /// Every job is over.
    fn is_over(&mut self, known: &Known<Self>, at: usize) {
        let run = known.state(at);
        let row = run.row;
        let paths = known.paths(at);
        let end = PathEnd::state(at);
        if self.late {
            if row.is(LATE) {
                self.ends_late(known, at);
            }
            return;
        }
        let add = |to: &mut u64| *to = to.saturating_add(paths);
        let mute = !row.is(SAID) && self.is_mute(run);
        if row.is(AGAIN) {
            add(&mut self.found.again);
            if row.is(ENDED) {
                add(&mut self.found.again_ended);
                return;
            }
            if row.is(REFUSED) {
                add(&mut self.found.again_refused);
                shorter(&mut self.refused_again, known.steps(at), end);
            }
            if mute {
                add(&mut self.found.again_mute);
            }
        } else {
            add(&mut self.found.runs);
            let states = self.table.alike.states(row.state);
            // Beyond what is counted, each is as many as can be counted.
            let share = if paths == u64::MAX { paths } else { paths / states.len() as u64 };
            let RunCounts { ends, mute: mutes, .. } = &mut self.found;
            for listed in [Some(ends), mute.then_some(mutes)].into_iter().flatten() {
                for &state in &states {
                    let runs = listed.entry(state).or_default();
                    *runs = runs.saturating_add(share);
                }
            }
            if !mute {
                add(&mut self.found.said);
            }
            if !row.is(LOST) && self.table.runs.all_passed(&run.jobs) {
                add(&mut self.found.flawless);
            }
        }
        let claim = |claim| if row.is(AGAIN) { Claim::Again } else { claim };
        if !row.is(SAID) && !mute {
            let state = self.table.runs.workflow.machine.state(row.state);
            let name = &state.name;
            let why = if state.is_ended() {
                format!("only a report that may be lost says that it is `{name}`")
            } else {
                format!("the row is left in `{name}`, and no one says that the run is over")
            };
            self.breaks(known, claim(Claim::Ends), end, None, why);
        }
        if let Some(why) = self.lies(run) {
            self.breaks(known, claim(Claim::Truth), end, None, why);
        } else if let Some((job, why)) = self.hears_of_no_cancelling(run) {
            self.breaks(known, claim(Claim::Truth), end, Some(job), why);
        }
    }

    /// Whether no concluding job could report. Where there is none, no run is excused.
    fn is_mute(&self, run: &Run<Row>) -> bool {
        let machine = self.table.runs.workflow.machine;
        let mut concluding =
            self.table.runs.workflow.plans.iter().enumerate().filter(|(_, plan)| {
                plan.always && plan.outcomes().any(|state| machine.state(state).is_ended())
            });
        let is_mute = |job| self.table.runs.layout.result(&run.jobs, job) == Some(JobResult::Mute);
        let first = concluding.next();
        first.is_some_and(|(job, _)| is_mute(job)) && concluding.all(|(job, _)| is_mute(job))
    }

    /// Why the row's end is not that of the work, where it is not.
    fn lies(&self, run: &Run<Row>) -> Option<String> {
        let Workflow { machine, plans, .. } = self.table.runs.workflow;
        let state = machine.state(run.row.state);
        let name = &state.name;
        let passed = |job: usize| self.table.runs.passed(&run.jobs, job);
        let is_bad = |&job: &usize| !plans[job].always && plans[job].is_of_table && !passed(job);
        match (state.outcome?, (0..plans.len()).find(is_bad)) {
            (Outcome::Success, Some(job)) => {
                let job = &plans[job].name;
                Some(format!("the row is `{name}`, a success, and `{job}` did not succeed"))
            }
            (outcome @ (Outcome::Failure | Outcome::Cancelled), None) => {
                Some(format!("the row is `{name}` ({}), and all jobs succeeded", outcome.as_str()))
            }
            // By a workflow that somebody wrote a job may be skipped where nothing else went wrong.
            (outcome @ (Outcome::Failure | Outcome::Cancelled), Some(job))
                if !(0..plans.len()).any(|job| self.goes_wrong(run, job)) =>
            {
                let (job, outcome) = (&plans[job].name, outcome.as_str());
                Some(format!("the row is `{name}` ({outcome}), and `{job}` was only skipped"))
            }
            (Outcome::Success, None)
            | (Outcome::Failure | Outcome::Cancelled, Some(_))
            | (Outcome::Neutral, _) => None,
        }
    }

    /// The concluding job, where it says that something failed in a run that was cancelled, though it has
    /// a word for that; of a workflow that somebody wrote.
    fn hears_of_no_cancelling(&self, run: &Run<Row>) -> Option<(u16, String)> {
        let workflow = self.table.runs.workflow;
        let Workflow { machine, plans, .. } = workflow;
        let state = machine.state(run.row.state);
        let ended = |job: usize| self.table.runs.layout.result(&run.jobs, job);
        let says_it = |plan: &Plan| {
            let state = plan.outcome(Became::Cancelled).map(|state| machine.state(state));
            plan.always && state.is_some_and(|state| state.outcome == Some(Outcome::Cancelled))
        };
        let job = plans.iter().position(says_it)?;
        let was = |result| (0..plans.len()).any(|job| ended(job) == Some(result));
        let is_so = workflow.is_written()
            && state.outcome == Some(Outcome::Failure)
            && was(JobResult::Cancelled)
            && !was(JobResult::Failed)
            && !was(JobResult::Mute);
        let why = || {
            format!(
                "the row is `{}` (failure), and nothing failed: the run was cancelled",
                state.name
            )
        };
        is_so.then(|| (u16::try_from(job).unwrap_or_default(), why()))
    }

    /// Whether a job failed or was cancelled.
    fn goes_wrong(&self, run: &Run<Row>, job: usize) -> bool {
        match self.table.runs.layout.result(&run.jobs, job) {
            Some(JobResult::Failed | JobResult::Cancelled | JobResult::Mute) => true,
            Some(JobResult::Succeeded | JobResult::Skipped) | None => false,
        }
    }

    fn ends_late(&mut self, known: &Known<Self>, at: usize) {
        let run = known.state(at);
        let paths = known.paths(at);
        self.found.late = self.found.late.saturating_add(paths);
        let Workflow { machine, plans, .. } = self.table.runs.workflow;
        let state = machine.state(run.row.state);
        if state.outcome != Some(Outcome::Success) {
            return;
        }
        // By a workflow that somebody wrote it may be skipped, which says nothing either.
        let mut concluding = (0..plans.len()).filter(|&job| plans[job].always);
        let silent = !concluding.any(|job| self.goes_wrong(run, job));
        if silent {
            let why = format!("the row keeps `{}`, and no concluding job fails", state.name);
            self.breaks(known, Claim::Late, PathEnd::state(at), None, why);
        } else {
            self.found.late_loud = self.found.late_loud.saturating_add(paths);
            shorter(&mut self.loud, known.steps(at), PathEnd::state(at));
        }
    }

    /// A claim does not hold, for a reason that is about the row, or a job.
    fn breaks(
        &mut self,
        known: &Known<Self>,
        claim: Claim,
        end: PathEnd<Judged>,
        job: Option<u16>,
        why: String,
    ) {
        let length = known.length(end);
        let run = known.state(end.last.map_or(end.at, |(_, to)| to));
        if self.ways_wanted {
            let jobs = match claim {
                Claim::Accepted => [0, 0],
                Claim::Ends | Claim::Truth | Claim::Views | Claim::Again | Claim::Late => {
                    failed_jobs(&self.table.runs.layout, &run.jobs)
                }
            };
            let way = Way {
                row: run.row.state,
                about: job.map_or("", |job| self.table.runs.workflow.name(job)).to_owned(),
                jobs,
                why: why.clone(),
                path: Path::default(),
            };
            if !self.ways.iter().any(|(of, _, known)| *of == claim && known.is_part_of(&way)) {
                self.ways.push((claim, end, way));
            }
        }
        if self.shortest.get(&claim).is_none_or(|(shortest, ..)| length < *shortest) {
            let row = About::State(run.row.state);
            let about = job.map_or(row, |job| About::Job(JobId::new(job.into())));
            self.shortest.insert(claim, (length, end, about, why));
        }
    }

    /// The run that a path is, as people read it.
    fn path(&self, known: &Known<Self>, end: PathEnd<Judged>) -> Path {
        let (first, steps) = known.path(end);
        self.table.path(known.state(first), steps.into_iter().map(|((step, _), _)| step))
    }
}

/// Keeps the shorter of two paths, and the first of two that are as long.
fn shorter(known: &mut Option<(u32, PathEnd<Judged>)>, steps: u32, end: PathEnd<Judged>) {
    if known.is_none_or(|(shortest, _)| steps < shortest) {
        *known = Some((steps, end));
    }
}

impl Model for Reports<'_, '_> {
    type Node = Run<Row>;
    type Step = Judged;

    fn starts(&self) -> Vec<Run<Row>> {
        self.table.starts()
    }

    fn steps(&self, now: &Run<Row>, steps: &mut Vec<(Judged, Run<Row>)>) {
        let late = self.late && !now.row.is(LATE);
        self.table.steps(now, late, &mut |taken| {
            let row = taken.run.row;
            let refused = taken.sent.is_some_and(|(sent, accepted)| {
                let excused = sent.tolerated && row.is(LOST);
                sent.delivered && !accepted && !excused
            });
            let wrong = if row.is(ENDED) && row.state != now.row.state {
                Wrong::LeavesEnd
            } else if refused && !row.is(AGAIN | LATE) {
                Wrong::Refused
            } else {
                Wrong::Nothing
            };
            steps.push(((taken.step, wrong), taken.run));
        });
    }

    fn rank(&self, run: &Run<Row>) -> usize {
        self.table.rank(run)
    }

    fn weight(&self) -> u64 {
        self.table.runs.weight()
    }

    fn look(&mut self, known: &Known<Self>, at: usize) {
        if self.table.runs.is_over(&known.state(at).jobs) {
            self.is_over(known, at);
        }
    }

    fn took(&mut self, known: &Known<Self>, edge: Edge<Judged>) {
        let (step, wrong) = edge.step;
        match wrong {
            Wrong::Nothing => {}
            Wrong::Refused => {
                let why = "a report is refused".to_owned();
                self.breaks(known, Claim::Accepted, PathEnd::edge(edge), step.job(), why);
            }
            Wrong::LeavesEnd => {
                let row = known.state(edge.from).row.state;
                let name = &self.table.runs.workflow.machine.state(row).name;
                let why = format!("the row has ended in `{name}`, and leaves it");
                self.breaks(known, Claim::Again, PathEnd::edge(edge), None, why);
            }
        }
    }
}

/// Searches them: all runs; or, with `late`, those in which a job is lost after it reported its success.
pub(super) fn search(workflow: &Workflow<'_>, mode: Mode, late: bool, to: &mut super::Runs) {
    // Of a workflow that somebody wrote many cases are tried, one search each.
    let is_one = !mode.ways && !workflow.is_written();
    let limits = if is_one { LIMITS_OF_REPORTS } else { mode.limits() };
    let explored = explore(Reports::of(workflow, mode, late), limits);
    to.searched = Searched::of(&explored);
    let Explored { model, known, .. } = explored;
    for (claim, (length, end, about, why)) in &model.shortest {
        let rank = model.rank(known.state(end.at));
        to.breaks(*claim, *about, why, (*length, rank), || model.path(&known, *end));
    }
    for (claim, end, way) in &model.ways {
        let path = model.path(&known, *end);
        to.ways.entry(*claim).or_default().push(Way { path, ..way.clone() });
    }
    let reported =
        |end: Option<(u32, PathEnd<Judged>)>| end.map(|(_, end)| model.path(&known, end));
    to.refused_again = reported(model.refused_again);
    to.loud = reported(model.loud);
    to.reports = model.found;
}
