//! What the reports of a run meet on its road, and a second row next to the first that the same reports
//! move by only the workflow's own table. What goes wrong with both is that table's own affair; what
//! goes wrong with only the first comes of the mix.

use super::layers::{ReportResult, Value, World};
use super::mix::Receiver;
use super::road::{Road, Spot};
use super::words::{named, said, starts, switched};
use crate::machine::StateId;
use crate::runs::{Describes, Receive, Sent};

/// A report was lost.
pub(super) const LOST: u8 = 1;
/// The run was started again.
pub(super) const AGAIN: u8 = 2;
/// A job was lost or cancelled after it reported its success.
pub(super) const LATE: u8 = 4;
/// Both rows went the same way.
pub(super) const SAME: u8 = 8;
/// A job has failed for a report that its own version would have accepted: that is reported, and what
/// comes after it is not looked at.
pub(super) const FAILED: u8 = 16;

/// Both rows, and where on its road the run is.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(super) struct Row {
    pub(super) value: Value,
    pub(super) shadow: Value,
    spot: u8,
    facts: u8,
}

impl Row {
    pub(super) fn start(value: Value, shadow: Value, spot: Spot) -> Self {
        let mut row = Self { value, shadow, spot: spot.pack(), facts: 0 };
        row.set(SAME, value == shadow);
        row
    }

    pub(super) const fn is(self, fact: u8) -> bool {
        self.facts & fact != 0
    }

    const fn set(&mut self, fact: u8, to: bool) {
        self.facts = if to { self.facts | fact } else { self.facts & !fact };
    }

    pub(super) fn spot(self) -> Spot {
        Spot::unpack(u64::from(self.spot))
    }

    pub(super) fn at(self, spot: Spot) -> Self {
        Self { spot: spot.pack(), ..self }
    }

    /// Whether how the row came to its state no longer matters: of a run that is started again, or of
    /// which a job was lost after it had reported its end.
    pub(super) const fn forgets(self) -> bool {
        self.is(AGAIN | LATE)
    }
}

/// What came of a delivered report.
#[derive(Clone, Copy, Debug)]
pub(super) struct Received {
    pub(super) from: Value,
    pub(super) shadow: Value,
    pub(super) to: Value,
    pub(super) attempted: Option<Value>,
    pub(super) answer: ReportResult,
    /// What the workflow's own version would have answered.
    pub(super) expected: ReportResult,
    pub(super) tolerated: bool,
    /// What it met.
    pub(super) met: Receiver,
}

impl Received {
    /// Whether the row, or the second one, is otherwise for it than the other.
    pub(super) fn departs(&self) -> bool {
        let then = |answer, from| if answer == ReportResult::Applied { self.to } else { from };
        self.answer.is_accepted() != self.expected.is_accepted()
            || then(self.answer, self.from) != then(self.expected, self.shadow)
    }
}

/// The ends of a road, for the reports of a version's workflow.
pub(super) struct Receives<'w, 'm> {
    pub(super) world: &'w World<'m>,
    pub(super) version: usize,
    pub(super) road: &'w Road,
    /// What each end answers to whatever comes, where it does.
    closed: Vec<Option<ReportResult>>,
}

impl<'w, 'm> Receives<'w, 'm> {
    pub(super) fn of(world: &'w World<'m>, version: usize, road: &'w Road) -> Self {
        let closed =
            road.receivers.iter().map(|receiver| world.closed(version, *receiver)).collect();
        Self { world, version, road, closed }
    }

    /// What a delivered report comes to.
    pub(super) fn received(&self, row: &Row, sent: Sent) -> Received {
        let world = self.world;
        let value = |state| world.value(self.version, state);
        let (spot, to) = (row.spot(), value(sent.state));
        let met = self.road.receiver(spot);
        let closed = self.closed[spot.place - usize::from(spot.back)];
        let own = Receiver { backend: self.version, database: self.version };
        Received {
            from: row.value,
            shadow: row.shadow,
            to,
            attempted: sent.attempted.map(value),
            answer: closed.unwrap_or_else(|| world.decide(met, row.value, to)),
            expected: world.decide(own, row.shadow, to),
            tolerated: sent.tolerated,
            met,
        }
    }

    /// Of a run that forgets only the states of the rows are kept: how they came there would make too
    /// many of them. What went otherwise until then is reported of runs without that: from there on the
    /// second row is where the first is, if the workflow's own version knows that state.
    fn forget(&self, row: &mut Row, of: u8) {
        row.set(LOST | SAME, false);
        row.set(of, true);
        if self.world.state(self.version, row.value).is_some() {
            row.shadow = row.value;
        }
    }
}

impl Receive for Receives<'_, '_> {
    type Row = Row;

    fn take(&self, row: &mut Row, report: Sent) -> bool {
        if !report.delivered {
            row.set(LOST, !row.forgets());
            return false;
        }
        let received = self.received(row, report);
        let [applied, expected] =
            [received.answer, received.expected].map(|answer| answer == ReportResult::Applied);
        if applied {
            row.value = received.to;
        }
        if expected {
            row.shadow = received.to;
        }
        let is_accepted = received.answer.is_accepted();
        row.set(SAME, row.is(SAME) && applied == expected);
        row.set(FAILED, !is_accepted && received.expected.is_accepted() && !received.tolerated);
        is_accepted
    }

    fn late(&self, row: &mut Row) {
        self.forget(row, LATE);
    }

    fn again(&self, over: &Row) -> Option<Row> {
        let mut row = *over;
        self.forget(&mut row, AGAIN);
        (!over.is(AGAIN)).then_some(row)
    }
}

impl Describes<Row> for Receives<'_, '_> {
    fn started(&self, row: &Row) -> String {
        let begins = self.road.receiver(self.road.start());
        starts(self.world, self.road, named(self.world, begins.backend, row.value))
    }

    fn says(&self, row: &Row, state: StateId, attempted: Option<StateId>) -> (String, bool) {
        let sent = Sent { state, attempted, tolerated: true, delivered: true };
        let Received { from, to, answer, met, .. } = self.received(row, sent);
        let mut what = said(self.world, self.version, met, from, to, answer);
        let machine = self.world.machines[self.version];
        if let (ReportResult::Applied, Some(attempted)) = (answer, attempted)
            && machine.state(state).outcome.is_some()
        {
            what += &format!(" (attempted {})", machine.state(attempted).name);
        }
        (what, !answer.is_accepted())
    }

    fn switched(&self, row: &Row, to: u8) -> String {
        switched(self.world, self.road, row.spot(), Spot::unpack(u64::from(to)))
    }
}
