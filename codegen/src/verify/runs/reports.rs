//! Which reports are accepted, how a run ends, and whether that end is true: by the row's state, the
//! jobs, and a few facts about what was reported.

use std::collections::BTreeMap;

use phasegate::{Machine as _, Outcome, Verdict};

use super::{Claim, Mode, Way, failed_jobs};
use crate::machine::{Machine, StateId};
use crate::runs::{
    Alike, JobResult, Layout, Path, Receiver, Run, Runs, Sent, Step, Tells, Workflow, judged, tell,
    walk,
};
use crate::search::{Edge, End, Explored, Known, Model};

/// A report was lost.
const LOST: u8 = 1;
/// A report that is not tolerated said the end that the row is in.
const SAID: u8 = 2;
/// The run was started again.
const AGAIN: u8 = 4;
/// It was started again for a row that had come to a terminal state.
const ENDED: u8 = 8;
/// Started again, a report that is not tolerated was refused.
const REFUSED: u8 = 16;
/// A job was lost or cancelled after it reported its success.
const LATE: u8 = 32;

/// Runs that are listed for what they have in common, by the state that the row is left in.
pub(crate) type Listed = BTreeMap<StateId, u64>;

/// What was found.
#[derive(Clone, Debug, Default)]
pub(crate) struct Found {
    /// The runs.
    pub(crate) runs: u64,
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

/// The row, as far as it matters here.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) struct Row {
    state: StateId,
    facts: u8,
}

impl Row {
    const fn is(self, fact: u8) -> bool {
        self.facts & fact != 0
    }

    const fn set(&mut self, fact: u8, to: bool) {
        self.facts = if to { self.facts | fact } else { self.facts & !fact };
    }
}

/// A backend and a database of one table.
#[derive(Debug)]
pub(crate) struct Table<'m> {
    machine: &'m Machine,
    /// Whether it is only about jobs that are lost after they reported.
    late: bool,
}

impl Receiver for Table<'_> {
    type Row = Row;

    fn take(&self, row: &mut Row, report: Sent) -> bool {
        if !report.delivered {
            // Of a run that is started again it is not claimed which reports are accepted.
            row.set(LOST, !self.late && !row.is(AGAIN));
            return false;
        }
        let accepted = match self.machine.judge(row.state.index(), report.state.index()) {
            Verdict::Applied => {
                row.state = report.state;
                row.set(SAID, false);
                true
            }
            Verdict::Duplicate => true,
            Verdict::Ended | Verdict::Illegal => false,
        };
        if !self.late && !row.is(ENDED) && !report.tolerated {
            if accepted && self.machine.state(report.state).is_ended() {
                row.set(SAID, true);
            }
            if !accepted && row.is(AGAIN) {
                row.set(REFUSED, true);
            }
        }
        accepted
    }

    fn late(&self, row: &mut Row) {
        row.set(LATE, true);
    }
}

impl Tells<Row> for Table<'_> {
    fn started(&self, row: &Row) -> String {
        format!("the row starts in {}", self.machine.state(row.state).name)
    }

    fn says(&self, row: &Row, state: StateId, attempted: Option<StateId>) -> (String, bool) {
        judged(self.machine, row.state, state, attempted)
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
pub(crate) struct Reports<'w, 'm> {
    runs: Runs<'w, 'm, Table<'m>>,
    alike: Alike,
    mode: Mode,
    pub(crate) found: Found,
    shortest: BTreeMap<Claim, (u32, End<Judged>, String)>,
    ways: Vec<(Claim, End<Judged>, Way)>,
    /// The shortest run in which, started again, a report that is not tolerated is refused.
    refused_again: Option<(u32, End<Judged>)>,
    /// The shortest run that ends with an untrue end and a concluding job that fails.
    loud: Option<(u32, End<Judged>)>,
}

impl<'w, 'm> Reports<'w, 'm> {
    /// All runs; or, with `late`, those in which a job is lost after it reported its success.
    pub(crate) fn of(workflow: &'w Workflow<'m>, mode: Mode, late: bool) -> Self {
        let receiver = Table { machine: workflow.machine, late };
        let alike = if mode.ways { Alike::default() } else { Alike::of(workflow, None) };
        Self {
            runs: Runs { workflow, layout: Layout::of(workflow, false), receiver },
            alike,
            mode,
            found: Found::default(),
            shortest: BTreeMap::new(),
            ways: Vec::new(),
            refused_again: None,
            loud: None,
        }
    }

    fn late(&self) -> bool {
        self.runs.receiver.late
    }

    fn settle(&self, mut run: Run<Row>) -> Run<Row> {
        self.alike.settle(&self.runs.layout, &mut run.jobs, &mut run.row.state);
        run
    }

    /// A run that is over is started again.
    fn again(&self, over: &Run<Row>) -> impl Iterator<Item = (Step, Run<Row>)> {
        let mut row = over.row;
        row.set(LOST | SAID, false);
        row.set(AGAIN, true);
        row.set(ENDED, self.runs.workflow.machine.state(row.state).terminal);
        self.runs.again(&over.jobs).map(move |(step, jobs)| (step, Run { jobs, row }))
    }

    /// Every job is over.
    fn is_over(&mut self, known: &Known<Self>, at: usize) {
        let run = known.state(at);
        let row = run.row;
        let paths = known.paths(at);
        let end = End::state(at);
        if self.late() {
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
            add(self.found.ends.entry(row.state).or_default());
            if mute {
                add(self.found.mute.entry(row.state).or_default());
            }
            if !row.is(LOST) && self.runs.layout.all_succeeded(&run.jobs) {
                add(&mut self.found.flawless);
            }
        }
        let claim = |claim| if row.is(AGAIN) { Claim::Again } else { claim };
        if !row.is(SAID) && !mute {
            let state = self.runs.workflow.machine.state(row.state);
            let name = &state.name;
            let why = if state.is_ended() {
                format!("only a report that may be lost says that it is `{name}`")
            } else {
                format!("the row is left in `{name}`, and nobody says that the run is over")
            };
            self.breaks(known, claim(Claim::Ends), end, "", why);
        }
        if let Some(why) = self.lies(run) {
            self.breaks(known, claim(Claim::Truth), end, "", why);
        }
    }

    /// Whether no concluding job could report. Where there is none, no run is excused.
    fn is_mute(&self, run: &Run<Row>) -> bool {
        let machine = self.runs.workflow.machine;
        let mut concluding = self.runs.workflow.plans.iter().enumerate().filter(|(_, plan)| {
            plan.always && plan.outcomes().any(|state| machine.state(state).is_ended())
        });
        let is_mute = |job| self.runs.layout.result(&run.jobs, job) == Some(JobResult::Mute);
        let first = concluding.next();
        first.is_some_and(|(job, _)| is_mute(job)) && concluding.all(|(job, _)| is_mute(job))
    }

    /// Why the row's end is not that of the work, where it is not.
    fn lies(&self, run: &Run<Row>) -> Option<String> {
        let Workflow { machine, plans, .. } = self.runs.workflow;
        let state = machine.state(run.row.state);
        let name = &state.name;
        let is_bad =
            |&job: &usize| !plans[job].always && !self.runs.layout.succeeded(&run.jobs, job);
        match (state.outcome?, (0..plans.len()).find(is_bad)) {
            (Outcome::Success, Some(job)) => {
                let job = &machine.jobs[job].name;
                Some(format!("the row is `{name}`, a success, and `{job}` did not succeed"))
            }
            (outcome @ (Outcome::Failure | Outcome::Cancelled), None) => {
                Some(format!("the row is `{name}` ({}), and all jobs succeeded", outcome.as_str()))
            }
            (Outcome::Success, None)
            | (Outcome::Failure | Outcome::Cancelled, Some(_))
            | (Outcome::Neutral, _) => None,
        }
    }

    fn ends_late(&mut self, known: &Known<Self>, at: usize) {
        let run = known.state(at);
        let paths = known.paths(at);
        self.found.late = self.found.late.saturating_add(paths);
        let Workflow { machine, plans, .. } = self.runs.workflow;
        let state = machine.state(run.row.state);
        if state.outcome != Some(Outcome::Success) {
            return;
        }
        let silent = (0..plans.len())
            .filter(|&job| plans[job].always)
            .all(|job| self.runs.layout.succeeded(&run.jobs, job));
        if silent {
            let why = format!("the row keeps `{}`, and no concluding job fails", state.name);
            self.breaks(known, Claim::Late, End::state(at), "", why);
        } else {
            self.found.late_loud = self.found.late_loud.saturating_add(paths);
            shorter(&mut self.loud, known.steps(at), End::state(at));
        }
    }

    /// A claim does not hold, for a reason that may be about something.
    fn breaks(
        &mut self,
        known: &Known<Self>,
        claim: Claim,
        end: End<Judged>,
        about: &str,
        why: String,
    ) {
        let length = known.length(end);
        if self.mode.ways {
            let run = known.state(end.last.map_or(end.at, |(_, to)| to));
            let jobs = match claim {
                Claim::Accepted => [0, 0],
                Claim::Ends | Claim::Truth | Claim::Views | Claim::Again | Claim::Late => {
                    failed_jobs(&self.runs.layout, &run.jobs)
                }
            };
            let way = Way {
                row: run.row.state,
                about: about.to_owned(),
                jobs,
                why: why.clone(),
                path: Path::default(),
            };
            if !self.ways.iter().any(|(of, _, known)| *of == claim && known.is_part_of(&way)) {
                self.ways.push((claim, end, way));
            }
        }
        if self.shortest.get(&claim).is_none_or(|(shortest, ..)| length < *shortest) {
            self.shortest.insert(claim, (length, end, why));
        }
    }

    /// The run that a path is, as people read it.
    fn path(&self, known: &Known<Self>, end: End<Judged>) -> Path {
        let (first, steps) = known.path(end);
        let first = known.state(first);
        let settle = |run: &mut Run<Row>| {
            self.alike.settle(&self.runs.layout, &mut run.jobs, &mut run.row.state)
        };
        let steps = steps.into_iter().map(|((step, _), _)| step);
        let walked = walk(first, steps, |run, step| self.after(run, step), settle);
        tell(self.runs.workflow, &self.runs.layout, &self.runs.receiver, first, &walked)
    }

    fn after(&self, run: &Run<Row>, step: Step) -> Run<Row> {
        match self.again(run).find(|(again, _)| *again == step) {
            Some((_, run)) => run,
            None => self.runs.after(run, step),
        }
    }
}

/// Keeps the shorter of two paths, and the first of two that are as long.
fn shorter(known: &mut Option<(u32, End<Judged>)>, steps: u32, end: End<Judged>) {
    if known.is_none_or(|(shortest, _)| steps < shortest) {
        *known = Some((steps, end));
    }
}

impl Model for Reports<'_, '_> {
    type State = Run<Row>;
    type Step = Judged;

    fn starts(&self) -> Vec<Run<Row>> {
        // A run may be started for a row in any state that rows start in.
        let run = |&state| {
            self.settle(Run { jobs: self.runs.layout.waiting(), row: Row { state, facts: 0 } })
        };
        self.runs.workflow.machine.initial.iter().map(run).collect()
    }

    fn steps(&self, now: &Run<Row>, steps: &mut Vec<(Judged, Run<Row>)>) {
        let late = self.late() && !now.row.is(LATE);
        let mut over = true;
        for &job in &self.runs.workflow.order {
            if self.runs.layout.is_over(&now.jobs, job) {
                continue;
            }
            over = false;
            self.runs.next(now, job, late, &mut |taken| {
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
                steps.push(((taken.step, wrong), self.settle(taken.run)));
            });
            if self.mode.in_turn {
                break;
            }
        }
        if over && self.mode.again && !self.late() && !now.row.is(AGAIN) {
            steps.extend(
                self.again(now).map(|(step, run)| ((step, Wrong::Nothing), self.settle(run))),
            );
        }
    }

    fn rank(&self, run: &Run<Row>) -> usize {
        let farthest = self.runs.workflow.farthest() + 1;
        self.runs.layout.rank(&run.jobs) + if run.row.is(AGAIN) { farthest } else { 0 }
    }

    fn weight(&self) -> u64 {
        self.runs.weight()
    }

    fn look(&mut self, known: &Known<Self>, at: usize) {
        if self.runs.is_over(&known.state(at).jobs) {
            self.is_over(known, at);
        }
    }

    fn took(&mut self, known: &Known<Self>, edge: Edge<Judged>) {
        let (step, wrong) = edge.step;
        match wrong {
            Wrong::Nothing => {}
            Wrong::Refused => {
                let job = step.job().map_or("", |job| self.runs.workflow.name(job));
                let why = "a report is refused".to_owned();
                self.breaks(known, Claim::Accepted, End::edge(edge), job, why);
            }
            Wrong::LeavesEnd => {
                let row = known.state(edge.from).row.state;
                let name = &self.runs.workflow.machine.state(row).name;
                let why = format!("the row has ended in `{name}`, and leaves it");
                self.breaks(known, Claim::Again, End::edge(edge), "", why);
            }
        }
    }
}

/// What a search of them came to.
pub(crate) fn finish(explored: Explored<Reports<'_, '_>>, to: &mut super::Runs) {
    let Explored { model, known, .. } = explored;
    for (claim, (length, end, why)) in &model.shortest {
        let rank = model.rank(known.state(end.at));
        to.breaks(*claim, why, (*length, rank), || model.path(&known, *end));
    }
    for (claim, end, way) in &model.ways {
        let path = model.path(&known, *end);
        to.ways.entry(*claim).or_default().push(Way { path, ..way.clone() });
    }
    let told = |end: Option<(u32, End<Judged>)>| end.map(|(_, end)| model.path(&known, end));
    to.refused_again = told(model.refused_again);
    to.loud = told(model.loud);
    to.reports = model.found;
}
