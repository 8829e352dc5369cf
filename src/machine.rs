//! What the runtime asks of a state machine, however it was made: generated code through
//! [`machine!`](crate::machine!), or the interpreter of a table.

pub mod bulk;

use crate::Schema;

/// A state, by its place in the table.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct StateId(u32);

impl StateId {
    /// The state at a place, from 0.
    ///
    /// # Panics
    /// Where the place is beyond what a table can hold.
    pub const fn new(index: usize) -> Self {
        assert!(index <= u32::MAX as usize, "no table has so many states");
        Self(index as u32)
    }

    /// The place in the table, from 0.
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// What kind of end a state is (`outcome` in the table). The format has these four, and no others.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Outcome {
    /// What was set out to be done is done.
    Success,
    /// It was tried, and it failed.
    Failure,
    /// It was called off.
    Cancelled,
    /// An end that is neither good nor bad.
    Neutral,
}

impl Outcome {
    /// The word that the table and every interface use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failure => "failure",
            Self::Cancelled => "cancelled",
            Self::Neutral => "neutral",
        }
    }
}

/// What the stepper shows for one phase (the table's format, rule 6). The format has these seven, and no
/// others.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum View {
    /// The run failed in this phase.
    Failed,
    /// The run was called off in this phase.
    Cancelled,
    /// Not reached, or not needed.
    Skipped,
    /// The current state belongs to it.
    Active,
    /// Reported as done, or left behind by what was reported since.
    Done,
    /// It must have come by, and no one reported it.
    Unconfirmed,
    /// Still to come.
    Upcoming,
}

impl View {
    /// The word that every interface uses.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Skipped => "skipped",
            Self::Active => "active",
            Self::Done => "done",
            Self::Unconfirmed => "unconfirmed",
            Self::Upcoming => "upcoming",
        }
    }
}

/// What becomes of a report of one state while the row is in another. There are these four, and no others.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Verdict {
    /// A legal transition.
    Applied,
    /// The row is in that state already, and the table declares no transition to itself.
    Duplicate,
    /// No transition leads on to another state from here.
    Ended,
    /// Transitions lead on from here, but not to there.
    Illegal,
}

/// One state machine, by the places of its states. Object-safe, so that one backend can hold
/// machines of several tables.
///
/// Every method that takes a [`StateId`] may panic where its place is not below [`states`](Self::states).
pub trait Machine: Send + Sync + 'static {
    /// The machine's name in the table.
    fn name(&self) -> &str;
    /// The machine's title.
    fn title(&self) -> &str;
    /// Where its rows live.
    fn schema(&self) -> Schema {
        Schema::named(self.name())
    }
    /// The fingerprint of the whole meaning, 16 hex digits.
    fn table(&self) -> &str;
    /// The fingerprint of what databases and validators judge by, 16 hex digits.
    fn language(&self) -> &str;
    /// The number of states.
    fn states(&self) -> usize;
    /// What is stored, sent and received for a state.
    fn value(&self, state: StateId) -> &str;
    /// A state's title.
    fn state_title(&self, state: StateId) -> &str;
    /// The state of a value, where the table has one.
    fn find(&self, value: &str) -> Option<StateId>;
    /// The state that a new row starts in where nothing else is said.
    fn initial(&self) -> StateId;
    /// Whether a new row may start in this state.
    fn is_initial(&self, state: StateId) -> bool;
    /// Whether no transition to another state leaves this one.
    fn is_terminal(&self, state: StateId) -> bool;
    /// What kind of end this state is, where it is one.
    fn outcome(&self, state: StateId) -> Option<Outcome>;
    /// Whether the step is a legal transition, declared or a skip.
    fn can_become(&self, from: StateId, to: StateId) -> bool;
    /// The number of phases.
    fn phases(&self) -> usize;
    /// A phase's name.
    fn phase_name(&self, phase: usize) -> &str;
    /// A phase's title.
    fn phase_title(&self, phase: usize) -> &str;
    /// The phase that a state belongs to, by its place.
    fn phase_of(&self, state: StateId) -> Option<usize>;
    /// Whether a report of this state completes its phase.
    fn completes(&self, state: StateId) -> bool;
    /// What the stepper shows, one view a phase, after this accepted history and the `attempted`
    /// of its last report. `views` holds [`phases`](Self::phases) places.
    fn views(&self, history: &[StateId], attempted: Option<StateId>, views: &mut [View]);

    /// Whether a row that is in this state has ended: it has an outcome, or nothing leads on.
    fn is_ended(&self, state: StateId) -> bool {
        self.outcome(state).is_some() || self.is_terminal(state)
    }

    /// What becomes of a report of `to` while the row is in `from`.
    fn judge(&self, from: StateId, to: StateId) -> Verdict {
        if self.can_become(from, to) {
            Verdict::Applied
        } else if from == to {
            Verdict::Duplicate
        } else if self.is_terminal(from) {
            Verdict::Ended
        } else {
            Verdict::Illegal
        }
    }
}
