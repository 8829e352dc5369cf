//! Where runs stand, and every step from there, as far as it matters to what is shown: the row's
//! state, and the work that each job has done. What the stepper remembers of a phase comes to that in
//! [`views`](super::views), phase by phase.

use std::ops::Range;

use phasegate::{Machine as _, Verdict};

use super::{Mode, Searched};
use crate::machine::{Machine, PhaseId, StateId, stepper};
use crate::runs::{
    Alike, Layout, Path, Receiver, Run, Runs, Sent, Step, Tells, Workflow, judged, tell, walk,
};
use crate::search::{Edge, Explored, Known, Limits, Model, explore};

/// The row.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(super) struct Row {
    pub(super) state: StateId,
    /// Whether the run was started again.
    pub(super) again: bool,
}

/// What a step tells the stepper.
#[derive(Clone, Copy, Debug)]
pub(super) enum News {
    /// Nothing.
    None,
    /// The row is in another state; and the phase that it ended in, where that is told.
    State(StateId, Option<PhaseId>),
    /// The run is started again.
    Again,
}

/// A backend and a database of one table.
struct Table<'m> {
    machine: &'m Machine,
}

impl Receiver for Table<'_> {
    type Row = Row;

    fn take(&self, row: &mut Row, report: Sent) -> bool {
        if !report.delivered {
            return false;
        }
        match self.machine.judge(row.state.index(), report.state.index()) {
            Verdict::Applied => {
                row.state = report.state;
                true
            }
            Verdict::Duplicate => true,
            Verdict::Ended | Verdict::Illegal => false,
        }
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

/// The model: what can happen next in a scene.
struct Stage<'w, 'm, 'a> {
    runs: Runs<'w, 'm, Table<'m>>,
    stepper: &'a stepper::Stepper<'m>,
    alike: &'a Alike,
    mode: Mode,
    /// Every step taken, the news that it brings and where it leads; those from one scene together.
    steps: Vec<(Step, News, u32)>,
    /// Which steps are a scene's.
    of: Vec<Range<u32>>,
}

impl Stage<'_, '_, '_> {
    fn settle(&self, mut run: Run<Row>) -> Run<Row> {
        self.alike.settle(&self.runs.layout, &mut run.jobs, &mut run.row.state);
        run
    }

    /// A run that is over is started again. A row that has ended for good shows the same ever after.
    fn again(&self, over: &Run<Row>) -> impl Iterator<Item = (Step, Run<Row>)> {
        let row = Row { again: true, ..over.row };
        let terminal = self.runs.workflow.machine.state(row.state).terminal;
        let again = (!terminal && !over.row.again).then(|| self.runs.again(&over.jobs));
        again.into_iter().flatten().map(move |(step, jobs)| (step, Run { jobs, row }))
    }

    /// What the stepper makes of a report that was applied.
    fn news(&self, before: StateId, sent: Option<(Sent, bool)>) -> News {
        let machine = self.runs.workflow.machine;
        match sent {
            Some((sent, true))
                if machine.judge(before.index(), sent.state.index()) == Verdict::Applied =>
            {
                let row =
                    stepper::Row { current: sent.state, previous: Some(before), last_phase: None };
                News::State(sent.state, self.stepper.ending(&row, sent.attempted))
            }
            Some(_) | None => News::None,
        }
    }
}

impl Model for Stage<'_, '_, '_> {
    type State = Run<Row>;
    type Step = (Step, News);

    fn starts(&self) -> Vec<Run<Row>> {
        let run = |&state| {
            self.settle(Run { jobs: self.runs.layout.waiting(), row: Row { state, again: false } })
        };
        self.runs.workflow.machine.initial.iter().map(run).collect()
    }

    fn steps(&self, now: &Run<Row>, steps: &mut Vec<((Step, News), Run<Row>)>) {
        let mut over = true;
        for &job in &self.runs.workflow.order {
            if self.runs.layout.is_over(&now.jobs, job) {
                continue;
            }
            over = false;
            self.runs.next(now, job, false, &mut |taken| {
                let news = self.news(now.row.state, taken.sent);
                steps.push(((taken.step, news), self.settle(taken.run)));
            });
            if self.mode.in_turn {
                break;
            }
        }
        if over && self.mode.again {
            let again = self.again(now);
            steps.extend(again.map(|(step, run)| ((step, News::Again), self.settle(run))));
        }
    }

    fn rank(&self, run: &Run<Row>) -> usize {
        let farthest = self.runs.workflow.farthest() + 1;
        self.runs.layout.rank(&run.jobs) + if run.row.again { farthest } else { 0 }
    }

    fn weight(&self) -> u64 {
        self.runs.weight()
    }

    fn took(&mut self, _: &Known<Self>, edge: Edge<(Step, News)>) {
        let at = u32::try_from(self.steps.len()).expect("a search is limited to fewer steps");
        if self.of.len() <= edge.from {
            self.of.resize(edge.from + 1, 0..0);
        }
        let of = &mut self.of[edge.from];
        *of = if of.end == 0 { at..at + 1 } else { of.start..at + 1 };
        let (step, news) = edge.step;
        let to = u32::try_from(edge.to).expect("a search is limited to fewer states");
        self.steps.push((step, news, to));
    }
}

/// All scenes of a workflow, and the steps between them.
pub(super) struct Scenes<'w, 'm, 'a> {
    explored: Explored<Stage<'w, 'm, 'a>>,
    /// How far on each scene is.
    ranks: Vec<u32>,
}

impl<'w, 'm, 'a> Scenes<'w, 'm, 'a> {
    pub(super) fn of(
        workflow: &'w Workflow<'m>,
        stepper: &'a stepper::Stepper<'m>,
        alike: &'a Alike,
        mode: Mode,
        limits: Limits,
    ) -> Self {
        let runs = Runs {
            workflow,
            layout: Layout::of(workflow, true),
            receiver: Table { machine: workflow.machine },
        };
        let stage = Stage { runs, stepper, alike, mode, steps: Vec::new(), of: Vec::new() };
        let explored = explore(stage, limits);
        let Explored { model, known, .. } = &explored;
        let rank = |scene| model.rank(known.state(scene));
        let rank = |scene| u32::try_from(rank(scene)).expect("a table of a mebibyte has fewer");
        let ranks = (0..known.len()).map(rank).collect();
        Self { explored, ranks }
    }

    pub(super) fn searched(&self) -> Searched {
        Searched::of(&self.explored)
    }

    /// The scenes that runs start in.
    pub(super) fn starts(&self) -> Range<u32> {
        let known = &self.explored.known;
        let starts = (0..known.len()).take_while(|&scene| known.steps(scene) == 0).count();
        0..u32::try_from(starts).expect("a search is limited to fewer states")
    }

    pub(super) fn run(&self, scene: u32) -> &Run<Row> {
        self.explored.known.state(scene as usize)
    }

    pub(super) fn rank(&self, scene: u32) -> usize {
        self.ranks[scene as usize] as usize
    }

    /// The steps from a scene, each by its number, with the news that it brings and where it leads.
    pub(super) fn steps(&self, scene: u32) -> impl Iterator<Item = (u32, News, u32)> {
        let model = &self.explored.model;
        let of = model.of.get(scene as usize).cloned().unwrap_or(0..0);
        of.map(|number| {
            let (_, news, to) = model.steps[number as usize];
            (number, news, to)
        })
    }

    pub(super) fn layout(&self) -> &Layout {
        &self.explored.model.runs.layout
    }

    /// The run that takes these steps from a scene, as people read it.
    pub(super) fn path(&self, first: u32, steps: impl Iterator<Item = u32>) -> Path {
        let model = &self.explored.model;
        let first = self.run(first);
        let after = |run: &Run<Row>, step| match model.again(run).find(|(one, _)| *one == step) {
            Some((_, run)) => run,
            None => model.runs.after(run, step),
        };
        let settle = |run: &mut Run<Row>| {
            model.alike.settle(&model.runs.layout, &mut run.jobs, &mut run.row.state)
        };
        let steps = steps.map(|number| model.steps[number as usize].0);
        let walked = walk(first, steps, after, settle);
        tell(model.runs.workflow, &model.runs.layout, &model.runs.receiver, first, &walked)
    }
}
