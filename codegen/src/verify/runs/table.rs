//! A backend and a database of one table as the receiver of a run's reports, and the runs of its
//! workflow against them: what the models of [`reports`](super::reports) and [`scenes`](super::scenes)
//! share.

use phasegate::{Machine as _, Verdict};

use super::Mode;
use crate::machine::{Machine, StateId};
use crate::runs::{
    Alike, Describes, Layout, Path, Receive, Run, Runs, Sent, Step, Taken, Workflow, describe,
    judged, walk,
};

/// A report was lost.
pub(super) const LOST: u8 = 1;
/// A report that is not tolerated said the end that the row is in.
pub(super) const SAID: u8 = 2;
/// The run was started again.
pub(super) const AGAIN: u8 = 4;
/// It was started again for a row that had come to a terminal state.
pub(super) const ENDED: u8 = 8;
/// Started again, a report that is not tolerated was refused.
pub(super) const REFUSED: u8 = 16;
/// A job was lost or cancelled after it reported its success.
pub(super) const LATE: u8 = 32;

/// The row, and what is remembered of its run.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(super) struct Row {
    pub(super) state: StateId,
    facts: u8,
}

impl Row {
    pub(super) const fn is(self, fact: u8) -> bool {
        self.facts & fact != 0
    }
}

/// The receiver. What a claim does not ask about is not remembered: the fewer situations differ.
#[derive(Debug)]
pub(super) struct Table<'m> {
    machine: &'m Machine,
    /// The facts that are remembered.
    keeps: u8,
}

impl Table<'_> {
    const fn set(&self, row: &mut Row, fact: u8, to: bool) {
        row.facts = if to { row.facts | fact & self.keeps } else { row.facts & !fact };
    }
}

impl Receive for Table<'_> {
    type Row = Row;

    fn take(&self, row: &mut Row, report: Sent) -> bool {
        if !report.delivered {
            // Of a run that is started again it is not claimed which reports are accepted.
            self.set(row, LOST, !row.is(AGAIN));
            return false;
        }
        let accepted = match self.machine.judge(row.state, report.state) {
            Verdict::Applied => {
                row.state = report.state;
                self.set(row, SAID, false);
                true
            }
            Verdict::Duplicate => true,
            Verdict::Ended | Verdict::Illegal => false,
        };
        if !row.is(ENDED) && !report.tolerated {
            if accepted && self.machine.state(report.state).is_ended() {
                self.set(row, SAID, true);
            }
            if !accepted && row.is(AGAIN) {
                self.set(row, REFUSED, true);
            }
        }
        accepted
    }

    fn late(&self, row: &mut Row) {
        self.set(row, LATE, true);
    }

    fn again(&self, over: &Row) -> Option<Row> {
        // Where it is not asked how a row leaves its end, one that has ended for good stays as it is.
        let terminal = self.machine.state(over.state).terminal;
        let asks = AGAIN | if terminal { ENDED } else { 0 };
        if over.is(AGAIN) || self.keeps & asks != asks {
            return None;
        }
        let mut row = *over;
        self.set(&mut row, LOST | SAID, false);
        self.set(&mut row, asks, true);
        Some(row)
    }
}

impl Describes<Row> for Table<'_> {
    fn started(&self, row: &Row) -> String {
        format!("the row starts in {}", self.machine.state(row.state).name)
    }

    fn says(&self, row: &Row, state: StateId, attempted: Option<StateId>) -> (String, bool) {
        judged(self.machine, row.state, state, attempted)
    }
}

/// The runs of a table's workflow, of those that differ by jobs that are alike one.
pub(super) struct TableRuns<'w, 'm> {
    pub(super) runs: Runs<'w, 'm, Table<'m>>,
    pub(super) alike: Alike,
    in_turn: bool,
}

impl<'w, 'm> TableRuns<'w, 'm> {
    /// Those of a mode, with the facts that are asked about.
    pub(super) fn of(
        workflow: &'w Workflow<'m>,
        mode: Mode,
        facts: u8,
        layout: Layout,
        alike: Alike,
    ) -> Self {
        let keeps = if mode.again { facts } else { facts & !AGAIN };
        let receiver = Table { machine: workflow.machine, keeps };
        Self { runs: Runs { workflow, layout, receiver }, alike, in_turn: mode.in_turn }
    }

    /// A run may be started for a row in any state that rows start in.
    pub(super) fn starts(&self) -> Vec<Run<Row>> {
        let run =
            |&state| self.settled(Run { jobs: self.runs.waiting(), row: Row { state, facts: 0 } });
        self.runs.workflow.machine.initial.iter().map(run).collect()
    }

    /// Everything that can happen next. With `late`, a job may also be lost after it reported its
    /// success.
    pub(super) fn steps(&self, now: &Run<Row>, late: bool, take: &mut impl FnMut(Taken<Row>)) {
        if let Some(job) = self.runs.silent(&now.jobs) {
            self.runs.next(now, job, late, take);
            return;
        }
        let mut over = true;
        for &job in &self.runs.workflow.order {
            if self.runs.layout.is_over(&now.jobs, job) {
                continue;
            }
            over = false;
            self.runs.next(now, job, late, &mut |taken| {
                take(Taken { run: self.settled(taken.run), ..taken });
            });
            if self.in_turn {
                break;
            }
        }
        if over {
            for (step, run) in self.runs.again(now) {
                take(Taken { step, sent: None, run: self.settled(run) });
            }
        }
    }

    /// How far on a run is: no step makes it less.
    pub(super) fn rank(&self, run: &Run<Row>) -> usize {
        let farthest = self.runs.workflow.farthest() + 1;
        self.runs.layout.rank(&run.jobs) + if run.row.is(AGAIN) { farthest } else { 0 }
    }

    fn settled(&self, mut run: Run<Row>) -> Run<Row> {
        self.settle(&mut run);
        run
    }

    fn settle(&self, run: &mut Run<Row>) -> Option<Vec<usize>> {
        self.alike.settle(&self.runs.layout, &mut run.jobs, &mut run.row.state)
    }

    /// The run that takes these steps, as people read it.
    pub(super) fn path(&self, first: &Run<Row>, steps: impl Iterator<Item = Step>) -> Path {
        let walked =
            walk(first, steps, |run, step| self.runs.after(run, step), |run| self.settle(run));
        describe(self.runs.workflow, &self.runs.layout, &self.runs.receiver, first, &walked)
    }
}
