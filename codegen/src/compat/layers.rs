//! What each layer of each version does: which values it knows, how a backend and a database answer
//! a report, what a page takes a value for.

use std::collections::HashMap;

use phasegate::{Machine as _, Verdict};

use super::mix::{Layer, Receiver};
use crate::emit::js::Js;
use crate::emit::json::Json;
use crate::emit::sql::SqlTarget;
use crate::machine::{Machine, Outcome, StateId, View};

/// A value that some version's table has, by its place in the vocabulary.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Value(pub u32);

impl Value {
    pub(super) const fn index(self) -> usize {
        self.0 as usize
    }
}

/// Who refused a report.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum By {
    /// The backend, by its own table.
    Backend,
    /// The database that its backend had asked.
    Database,
    /// No one who knows of it: the report came to the wrong door.
    Address,
}

/// Why it did.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Why {
    /// It lacks the state (422 `unknown-status`).
    Unknown,
    /// The step is not legal (422 `illegal-transition`).
    Illegal,
    /// The row has ended (422 `ended`).
    Ended,
    /// The row's state is one that the backend lacks, and there is no guard to ask (422).
    Unguarded,
    /// There is no such address (404).
    NotFound,
    /// What the backend looks for in the database is not there, or not as it must be (503).
    Fault,
}

impl Why {
    /// What the answer is called.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown-status",
            Self::Illegal | Self::Unguarded => "illegal-transition",
            Self::Ended => "ended",
            Self::NotFound => "not-found",
            Self::Fault => "schema-mismatch",
        }
    }
}

/// What becomes of a report.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum ReportResult {
    /// The row is in the reported state now.
    Applied,
    /// Nothing changes, and it succeeds.
    Duplicate,
    /// It is never sent: no run is started.
    NotSent,
    /// It is refused.
    Refused(By, Why),
}

impl ReportResult {
    /// Whether the step that reports succeeds.
    pub const fn is_accepted(self) -> bool {
        match self {
            Self::Applied | Self::Duplicate | Self::NotSent => true,
            Self::Refused(..) => false,
        }
    }
}

/// What somebody takes a value for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Meaning {
    /// Whether it is an end.
    pub ended: bool,
    /// Of what kind.
    pub outcome: Option<Outcome>,
}

impl Meaning {
    /// In words.
    pub const fn as_str(self) -> &'static str {
        match (self.outcome, self.ended) {
            (Some(outcome), _) => outcome.as_str(),
            (None, true) => "an end",
            (None, false) => "under way",
        }
    }
}

/// The layers of several versions, side by side.
#[derive(Debug)]
pub struct World<'m> {
    /// The versions, oldest first.
    pub machines: Vec<&'m Machine>,
    /// What they are called.
    pub labels: Vec<String>,
    values: Vec<&'m str>,
    /// For each version the state of each value, where it has one.
    states: Vec<Vec<Option<StateId>>>,
    /// For each version the value of each state.
    said: Vec<Vec<Value>>,
}

impl<'m> World<'m> {
    /// The layers of these versions.
    pub fn of(machines: &[&'m Machine], labels: &[String]) -> Self {
        let mut places: HashMap<&str, Value> = HashMap::new();
        let mut values = Vec::new();
        let mut said = Vec::new();
        for machine in machines {
            said.push(
                machine
                    .states
                    .iter()
                    .map(|state| {
                        *places.entry(&state.value).or_insert_with(|| {
                            values.push(state.value.as_str());
                            let last = u32::try_from(values.len() - 1);
                            Value(last.expect("a table of a mebibyte has fewer"))
                        })
                    })
                    .collect(),
            );
        }
        let states = machines
            .iter()
            .map(|machine| values.iter().map(|value| machine.find_value(value)).collect())
            .collect();
        Self { machines: machines.to_vec(), labels: labels.to_vec(), values, states, said }
    }

    /// Every value.
    pub fn values(&self) -> impl Iterator<Item = Value> + use<> {
        let count = u32::try_from(self.values.len()).expect("a table of a mebibyte has fewer");
        (0..count).map(Value)
    }

    /// What is stored and sent.
    pub fn text(&self, value: Value) -> &'m str {
        self.values[value.index()]
    }

    /// The state of a value in a version, where it has one.
    pub fn state(&self, version: usize, value: Value) -> Option<StateId> {
        self.states[version][value.index()]
    }

    /// The value of a version's state.
    pub fn value(&self, version: usize, state: StateId) -> Value {
        self.said[version][state.index()]
    }

    /// What a version takes a value for, where it knows it.
    pub fn meaning(&self, version: usize, value: Value) -> Option<Meaning> {
        let state = self.machines[version].state(self.state(version, value)?);
        Some(Meaning { ended: state.is_ended(), outcome: state.outcome })
    }

    /// The value that is stored so.
    pub fn find(&self, text: &str) -> Option<Value> {
        self.values().find(|value| self.text(*value) == text)
    }

    /// What a version's page shows after a history and the `attempted` of its last report: a view for
    /// each of its phases. What its table lacks is passed over.
    pub fn views(&self, page: usize, history: &[Value], attempted: Option<Value>) -> Vec<View> {
        let known = |value: Value| self.state(page, value);
        let history: Vec<StateId> = history.iter().copied().filter_map(known).collect();
        self.machines[page].phases(&history, attempted.and_then(known))
    }

    /// Whether a version's table lets this step follow.
    pub fn is_legal(&self, version: usize, from: Value, to: Value) -> bool {
        match (self.state(version, from), self.state(version, to)) {
            (Some(from), Some(to)) => self.machines[version].can_become(from, to),
            (Some(_) | None, Some(_) | None) => false,
        }
    }

    /// Whether a layer is there in any version.
    pub fn has(&self, layer: Layer) -> bool {
        self.machines.iter().any(|machine| match layer {
            Layer::Workflow => !machine.jobs.is_empty(),
            Layer::Backend => true,
            Layer::Database => machine.targets.sql().is_some(),
            Layer::Page => {
                machine.targets.of::<Js>().is_some() || machine.targets.of::<Json>().is_some()
            }
        })
    }

    /// Why a layer does not apply, where it does not.
    pub const fn lacks(layer: Layer) -> &'static str {
        match layer {
            Layer::Workflow => "no version's table has jobs: rows are moved by the application",
            Layer::Backend => "there is always a backend",
            Layer::Database => "no version's table has a [target.sql]: nothing guards the column",
            Layer::Page => "no version's table has a [target.js] or [target.json]",
        }
    }

    /// The states that a backend starts rows in, that of rows of which nothing else is said first.
    pub fn initial(&self, version: usize) -> Vec<Value> {
        let initial = &self.machines[version].initial;
        initial.iter().map(|&state| self.value(version, state)).collect()
    }

    /// What a database makes of a row that its backend starts in a state.
    pub fn start(&self, receiver: Receiver, value: Value) -> ReportResult {
        if let Some(why) = self.unfit(receiver) {
            return ReportResult::Refused(By::Database, why);
        }
        let stored = self.machines[receiver.database];
        if stored.targets.sql().is_none() {
            return ReportResult::Applied;
        }
        match self.state(receiver.database, value) {
            None => ReportResult::Refused(By::Database, Why::Unknown),
            Some(state) if stored.is_initial(state) => ReportResult::Applied,
            Some(_) => ReportResult::Refused(By::Database, Why::Illegal),
        }
    }

    /// The input by which a backend gives a run the row's id, where the workflow takes it by another:
    /// a run is not started by an input that its workflow does not declare.
    pub fn undeclared(&self, workflow: usize, receiver: Receiver) -> Option<&'m str> {
        let [takes, gives] =
            [workflow, receiver.backend].map(|version| self.machines[version].targets.workflow());
        let (takes, gives) = (takes?, gives?);
        (takes.id_input != gives.id_input).then_some(gives.id_input.as_str())
    }

    /// How a report of a workflow's is answered where the row is in `from`.
    pub fn receive(
        &self,
        workflow: usize,
        receiver: Receiver,
        from: Value,
        to: Value,
    ) -> ReportResult {
        self.closed(workflow, receiver).unwrap_or_else(|| self.decide(receiver, from, to))
    }

    /// How every report of a workflow's is answered, where that is the same for all.
    pub(super) fn closed(&self, workflow: usize, receiver: Receiver) -> Option<ReportResult> {
        let (sender, backend) = (self.machines[workflow], self.machines[receiver.backend]);
        if sender.collection() != backend.collection() {
            return Some(ReportResult::Refused(By::Address, Why::NotFound));
        }
        self.unfit(receiver).map(|why| ReportResult::Refused(By::Database, why))
    }

    /// How a backend and its database judge a step, no matter who asks for it.
    pub fn judge(&self, receiver: Receiver, from: Value, to: Value) -> ReportResult {
        match self.unfit(receiver) {
            Some(why) => ReportResult::Refused(By::Database, why),
            None => self.decide(receiver, from, to),
        }
    }

    /// The same, where the backend finds what it looks for in the database.
    pub(super) fn decide(&self, receiver: Receiver, from: Value, to: Value) -> ReportResult {
        let backend = self.machines[receiver.backend];
        let Some(wanted) = self.state(receiver.backend, to) else {
            return ReportResult::Refused(By::Backend, Why::Unknown);
        };
        let guarded = self.machines[receiver.database].targets.sql().is_some();
        match self.state(receiver.backend, from) {
            // Written by another version: only the database can judge it (rule 12).
            None if guarded => self.guard(receiver.database, from, to),
            None => ReportResult::Refused(By::Backend, Why::Unguarded),
            Some(judged) => match backend.judge(judged, wanted) {
                Verdict::Applied if guarded => self.guard(receiver.database, from, to),
                Verdict::Applied => ReportResult::Applied,
                Verdict::Duplicate => ReportResult::Duplicate,
                Verdict::Ended => ReportResult::Refused(By::Backend, Why::Ended),
                Verdict::Illegal => ReportResult::Refused(By::Backend, Why::Illegal),
            },
        }
    }

    /// What a database's guard makes of an update.
    fn guard(&self, database: usize, from: Value, to: Value) -> ReportResult {
        let refused = |why| ReportResult::Refused(By::Database, why);
        if self.state(database, to).is_none() {
            return refused(Why::Unknown);
        }
        if self.is_legal(database, from, to) {
            return ReportResult::Applied;
        }
        if from == to {
            // Let through without an event, and so there is none to write the report with.
            return refused(Why::Fault);
        }
        let ended = self
            .state(database, from)
            .is_some_and(|state| self.machines[database].state(state).terminal);
        refused(if ended { Why::Ended } else { Why::Illegal })
    }

    /// Why a backend can't work on a database at all, where it can't.
    fn unfit(&self, receiver: Receiver) -> Option<Why> {
        let (backend, database) =
            (self.machines[receiver.backend], self.machines[receiver.database]);
        match (backend.targets.sql(), database.targets.sql()) {
            (None, _) => None,
            (Some(_), None) => Some(Why::Fault),
            (Some(wanted), Some(there)) => {
                let same = backend.name == database.name && names(wanted) == names(there);
                (!same).then_some(Why::Fault)
            }
        }
    }
}

/// What a backend finds a database's objects by.
fn names(sql: &SqlTarget) -> (Vec<&str>, [Option<&str>; 4]) {
    let others = [
        Some(sql.schema.as_deref().unwrap_or("public")),
        Some(&*sql.table),
        Some(&*sql.column),
        sql.events.as_deref(),
    ];
    (sql.key.iter().map(|key| key.name.as_str()).collect(), others)
}
