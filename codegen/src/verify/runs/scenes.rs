//! Where runs stand, and every step from there, as far as it matters to what is shown: the row's
//! state, and the work that each job has done. What the stepper remembers of a phase comes to that in
//! [`views`](super::views), phase by phase.

use phasegate::{Machine as _, Verdict};

use super::Mode;
use super::table::{AGAIN, Row, TableRuns};
use crate::machine::{PhaseId, StateId, stepper};
use crate::runs::{Alike, Layout, Path, Run, Sent, Step, Workflow};
use crate::search::{Explored, Limits, Model, explore};

/// What a step says to the stepper.
#[derive(Clone, Copy, Debug)]
pub(super) enum News {
    /// Nothing.
    None,
    /// The row is in another state; and the phase that it ended in, where that is known.
    State(StateId, Option<PhaseId>),
    /// The run is started again.
    Again,
}

/// The model: what can happen next in a scene.
pub(super) struct Stage<'w, 'm, 'a> {
    table: TableRuns<'w, 'm>,
    stepper: &'a stepper::Stepper<'m>,
}

impl Stage<'_, '_, '_> {
    /// What the stepper makes of a report that was applied.
    fn news(&self, before: StateId, sent: Option<(Sent, bool)>) -> News {
        let machine = self.table.runs.workflow.machine;
        match sent {
            Some((sent, true)) if machine.judge(before, sent.state) == Verdict::Applied => {
                let row =
                    stepper::Row { current: sent.state, previous: Some(before), last_phase: None };
                News::State(sent.state, self.stepper.ending(&row, sent.attempted))
            }
            Some(_) | None => News::None,
        }
    }
}

impl Model for Stage<'_, '_, '_> {
    type Node = Run<Row>;
    type Step = (Step, News);

    fn starts(&self) -> Vec<Run<Row>> {
        self.table.starts()
    }

    fn steps(&self, now: &Run<Row>, steps: &mut Vec<((Step, News), Run<Row>)>) {
        self.table.steps(now, false, &mut |taken| {
            let news = match taken.step.job() {
                Some(_) => self.news(now.row.state, taken.sent),
                None => News::Again,
            };
            steps.push(((taken.step, news), taken.run));
        });
    }

    fn rank(&self, run: &Run<Row>) -> usize {
        self.table.rank(run)
    }

    fn weight(&self) -> u64 {
        self.table.runs.weight()
    }

    fn keeps_steps(&self) -> bool {
        true
    }
}

/// All scenes of a workflow, and the steps between them.
pub(super) struct Scenes<'w, 'm, 'a> {
    pub(super) explored: Explored<Stage<'w, 'm, 'a>>,
    /// How far on each scene is.
    ranks: Vec<u32>,
}

impl<'w, 'm, 'a> Scenes<'w, 'm, 'a> {
    pub(super) fn of(
        workflow: &'w Workflow<'m>,
        stepper: &'a stepper::Stepper<'m>,
        alike: &Alike,
        mode: Mode,
        limits: Limits,
    ) -> Self {
        // A row that has ended for good shows the same ever after.
        let layout = Layout::of(workflow, true);
        let table = TableRuns::of(workflow, mode, AGAIN, layout, alike.clone());
        let stage = Stage { table, stepper };
        let explored = explore(stage, limits);
        let Explored { model, known, .. } = &explored;
        let rank = |scene| model.rank(known.state(scene));
        let rank = |scene| u32::try_from(rank(scene)).expect("a table of a mebibyte has fewer");
        let ranks = (0..known.len()).map(rank).collect();
        Self { explored, ranks }
    }

    pub(super) fn run(&self, scene: u32) -> &Run<Row> {
        self.explored.known.state(scene as usize)
    }

    pub(super) fn rank(&self, scene: u32) -> usize {
        self.ranks[scene as usize] as usize
    }

    pub(super) fn layout(&self) -> &Layout {
        &self.explored.model.table.runs.layout
    }

    /// The run that takes these steps from a scene, as people read it.
    pub(super) fn path(&self, first: u32, steps: impl Iterator<Item = u32>) -> Path {
        let steps = steps.map(|number| self.explored.graph.step(number).0.0);
        self.explored.model.table.path(self.run(first), steps)
    }
}
