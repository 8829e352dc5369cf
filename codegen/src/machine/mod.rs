//! The validated machine: sorted, closed over its optional states, and without a way to be wrong.
//! Everything that is generated, proven or compared starts from here.

mod conclusion;
mod expect;
mod fingerprint;
mod relation;
mod reports;
mod sequence;
pub(crate) mod stepper;
mod targets;

use std::collections::{BTreeMap, HashMap};

#[doc(hidden)]
pub use conclusion::{Became, CONCLUSIONS, NeedResult, conclude};
pub use expect::Expect;
pub use fingerprint::Fingerprints;
pub(crate) use fingerprint::hex;
#[doc(hidden)]
pub use fingerprint::language_of;
pub use phasegate::{Outcome, StateId, View};
pub use relation::Kind;
pub(crate) use relation::{Bits, ones};
#[doc(hidden)]
pub use relation::{Relation, TooMany};
pub use reports::{Outcomes, Report, ReportKind};
pub use sequence::{Acceptance, Log, Rejection};
#[doc(hidden)]
pub use targets::Targets;

/// The most states that a table may have.
pub const MAX_STATES: usize = 4_096;
/// The most legal transitions, expanded and with skips.
pub const MAX_TRANSITIONS: usize = 65_536;

macro_rules! id {
    ($name:ident, $what:literal) => {
        #[doc = $what]
        #[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
        pub struct $name(u32);

        impl $name {
            /// The id at a place, from 0.
            ///
            /// # Panics
            /// Where the place is beyond what a table can hold.
            pub fn new(index: usize) -> Self {
                Self(u32::try_from(index).expect("a table of a mebibyte has fewer"))
            }

            /// The place in the table, from 0.
            pub const fn index(self) -> usize {
                self.0 as usize
            }
        }
    };
}
id!(PhaseId, "A phase's place in the table, which is its place in the stepper.");
id!(JobId, "A job's place in the table.");

/// Strings that are passed through and mean nothing here.
pub type Meta = BTreeMap<String, String>;

/// One step of the stepper.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Phase {
    /// Its name in code.
    pub name: String,
    /// What people read.
    pub title: String,
    /// What the table says of it.
    pub doc: Option<String>,
    /// Passed through.
    pub meta: Meta,
}

/// One value of the status column.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct State {
    /// Its name in code.
    pub name: String,
    /// What is stored, sent and received.
    pub value: String,
    /// What the status column holds, where that is a whole number.
    pub number: Option<i64>,
    /// What the status column holds, as a text: the number, where it has one, else the value.
    pub stored: String,
    /// What people read.
    pub title: String,
    /// What the table says of it.
    pub doc: Option<String>,
    /// Passed through.
    pub meta: Meta,
    /// The phase that it belongs to.
    pub phase: Option<PhaseId>,
    /// Whether reaching it is the report that its phase is done.
    pub completes: bool,
    /// Whether its report may be lost, refused or passed over.
    pub optional: bool,
    /// The kind of end that it is.
    pub outcome: Option<Outcome>,
    /// Whether this end can be left again.
    pub reopens: bool,
    /// How long a row is usually in it.
    pub expect: Option<Expect>,
    /// Whether nothing enters it any more.
    pub retired: bool,
    /// Its name before, for the next migration.
    pub renamed_from: Option<String>,
    /// Whether no transition to another state leaves it.
    pub terminal: bool,
}

impl State {
    /// Whether being here is an end: terminal, or with an outcome.
    pub const fn is_ended(&self) -> bool {
        self.terminal || self.outcome.is_some()
    }

    /// Whether it is an end that is none to be glad of.
    pub const fn ends_badly(&self) -> bool {
        matches!(self.outcome, Some(Outcome::Failure | Outcome::Cancelled))
    }
}

/// A report between a job's start and its end.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Milestone {
    /// The step's name in the workflow.
    pub name: String,
    /// The state that it reports.
    pub state: StateId,
}

/// A workflow job that reports states.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Job {
    /// Its id in the workflow.
    pub name: String,
    /// What people read.
    pub title: String,
    /// What the table says of it.
    pub doc: Option<String>,
    /// The jobs before it, in the order of the table; where one of all that come before it is
    /// skippable, all of them.
    pub needs: Vec<JobId>,
    /// Whether it is a concluding job.
    pub always: bool,
    /// Whether its own condition may skip it, which is no failure.
    pub skippable: bool,
    /// Reported first.
    pub start: Option<StateId>,
    /// Reported between start and end, in this order.
    pub milestones: Vec<Milestone>,
    /// Reported last, where the job succeeded.
    pub success: Option<StateId>,
    /// Reported last, where it failed.
    pub failure: Option<StateId>,
    /// Reported last, where it was cancelled; the failure state where the table says nothing.
    pub cancelled: Option<StateId>,
}

/// One machine, as everything after validation sees it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Machine {
    /// The name in code.
    pub name: String,
    /// What people read.
    pub title: String,
    /// What the table says of it.
    pub doc: Option<String>,
    /// Passed through.
    pub meta: Meta,
    /// The stepper's steps, in display order.
    pub phases: Vec<Phase>,
    /// The states, in the order of the table.
    pub states: Vec<State>,
    /// The states that a new row may start in, the default first.
    pub initial: Vec<StateId>,
    /// The jobs, in the order of the table.
    pub jobs: Vec<Job>,
    /// What is generated, and where to.
    pub targets: Targets,
    /// What two tables of one meaning share.
    pub fingerprints: Fingerprints,
    pub(crate) relation: Relation,
    pub(crate) by_value: HashMap<String, StateId>,
}

impl Machine {
    /// The state at an id.
    pub fn state(&self, id: StateId) -> &State {
        &self.states[id.index()]
    }

    /// The phase at an id.
    pub fn phase(&self, id: PhaseId) -> &Phase {
        &self.phases[id.index()]
    }

    /// The job at an id.
    pub fn job(&self, id: JobId) -> &Job {
        &self.jobs[id.index()]
    }

    /// Every state's id, in the order of the table.
    pub fn state_ids(
        &self,
    ) -> impl DoubleEndedIterator<Item = StateId> + ExactSizeIterator + use<> {
        (0..self.states.len()).map(StateId::new)
    }

    /// Every phase, in display order.
    pub fn phase_ids(
        &self,
    ) -> impl DoubleEndedIterator<Item = PhaseId> + ExactSizeIterator + use<> {
        (0..self.phases.len()).map(PhaseId::new)
    }

    /// Every job's id, in the order of the table.
    pub fn job_ids(&self) -> impl DoubleEndedIterator<Item = JobId> + ExactSizeIterator + use<> {
        (0..self.jobs.len()).map(JobId::new)
    }

    /// The state of a name.
    pub fn find(&self, name: &str) -> Option<StateId> {
        self.states.iter().position(|state| state.name == name).map(StateId::new)
    }

    /// The state of what is stored.
    pub fn find_value(&self, value: &str) -> Option<StateId> {
        self.by_value.get(value).copied()
    }

    /// Whether the step is a legal transition, declared or a skip.
    pub fn can_become(&self, from: StateId, to: StateId) -> bool {
        self.relation.is_legal(from, to)
    }

    /// How the step is legal, where it is.
    pub fn kind(&self, from: StateId, to: StateId) -> Option<Kind> {
        self.relation.kind(from, to)
    }

    /// What a state can go to, in the order of the states.
    pub fn next(&self, from: StateId) -> impl Iterator<Item = StateId> + '_ {
        self.relation.legal_from(from)
    }

    /// Every legal transition, by `from`, then by `to`, in the order of the states.
    pub fn transitions(&self) -> impl Iterator<Item = (StateId, StateId, Kind)> + '_ {
        self.state_ids().flat_map(move |from| {
            self.next(from).map(move |to| {
                (from, to, self.kind(from, to).expect("a state that is next is legal"))
            })
        })
    }

    /// The number of legal transitions.
    pub fn transition_count(&self) -> usize {
        self.relation.len()
    }

    /// Whether a new row may start in this state.
    pub fn is_initial(&self, state: StateId) -> bool {
        self.initial.contains(&state)
    }
}

impl phasegate::Machine for Machine {
    fn name(&self) -> &str {
        &self.name
    }
    fn title(&self) -> &str {
        &self.title
    }
    fn table(&self) -> &str {
        &self.fingerprints.table
    }
    fn language(&self) -> &str {
        &self.fingerprints.language
    }
    fn schema(&self) -> phasegate::Schema {
        Self::schema(self)
    }
    fn states(&self) -> usize {
        self.states.len()
    }
    fn value(&self, state: StateId) -> &str {
        &self.states[state.index()].value
    }
    fn state_title(&self, state: StateId) -> &str {
        &self.states[state.index()].title
    }
    fn find(&self, value: &str) -> Option<StateId> {
        self.find_value(value)
    }
    fn initial(&self) -> StateId {
        self.initial[0]
    }
    fn is_initial(&self, state: StateId) -> bool {
        Self::is_initial(self, state)
    }
    fn is_terminal(&self, state: StateId) -> bool {
        self.states[state.index()].terminal
    }
    fn outcome(&self, state: StateId) -> Option<Outcome> {
        self.states[state.index()].outcome
    }
    fn can_become(&self, from: StateId, to: StateId) -> bool {
        Self::can_become(self, from, to)
    }
    fn phases(&self) -> usize {
        self.phases.len()
    }
    fn phase_name(&self, phase: usize) -> &str {
        &self.phases[phase].name
    }
    fn phase_title(&self, phase: usize) -> &str {
        &self.phases[phase].title
    }
    fn phase_of(&self, state: StateId) -> Option<usize> {
        self.states[state.index()].phase.map(PhaseId::index)
    }
    fn completes(&self, state: StateId) -> bool {
        self.states[state.index()].completes
    }
    fn views(&self, history: &[StateId], attempted: Option<StateId>, views: &mut [View]) {
        views.copy_from_slice(&self.phases(history, attempted));
    }
}
