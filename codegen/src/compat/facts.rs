//! What the answers of a version's layers rest on, fact by fact: so that whatever goes otherwise in a
//! mix rests on a fact, and the change of that fact is its reason.

use std::collections::BTreeMap;

use super::layers::{By, ReportResult, Value, Why};
use super::mix::Receiver;

/// What an answer of a layer rests on.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Fact {
    /// It knows a value, or not.
    Knows(Value),
    /// It lets one value follow another, or not.
    Allows(Value, Value),
    /// It takes a value for some end, or for none.
    Means(Value),
    /// It shows a phase, by its name, from some states.
    Shows(String),
    /// It shows phases at all as it does.
    Phases,
    /// A job relies on its report of a value.
    Relies(Value),
    /// A job reports a value, or none.
    Reports(Value),
    /// Runs take the steps that they do.
    Runs,
    /// It starts rows where it does.
    Starts,
    /// It finds the database's objects by some names.
    Finds,
    /// Reports are sent to some address.
    Address,
    /// A run learns by some input for which row it reports.
    Input,
    /// What is claimed of its own table does not hold.
    Refuted,
}

/// Where a mix departs from one version by itself: the fact that this rests on, before those that it
/// presupposes.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Cause {
    pub(super) facts: Vec<Fact>,
    /// The value whose report is refused, where one is.
    pub(super) refused: Option<Value>,
}

impl Cause {
    /// A report is answered otherwise.
    pub(super) fn report(from: Value, to: Value, answer: ReportResult, receiver: Receiver) -> Self {
        let apart = receiver.backend != receiver.database;
        let facts = match answer {
            ReportResult::NotSent => vec![Fact::Input],
            ReportResult::Refused(By::Address, _) => vec![Fact::Address],
            ReportResult::Refused(_, Why::Unknown) => vec![Fact::Knows(to)],
            ReportResult::Refused(_, Why::Fault) if apart => {
                vec![Fact::Allows(from, to), Fact::Finds]
            }
            ReportResult::Refused(_, Why::Fault) => vec![Fact::Allows(from, to)],
            ReportResult::Refused(_, Why::Unguarded) => vec![Fact::Knows(from)],
            ReportResult::Refused(_, Why::Illegal | Why::Ended | Why::NotFound)
            | ReportResult::Applied
            | ReportResult::Duplicate => {
                vec![Fact::Allows(from, to), Fact::Knows(to), Fact::Knows(from), Fact::Starts]
            }
        };
        let refused = match answer {
            ReportResult::Refused(..) => Some(to),
            ReportResult::Applied | ReportResult::Duplicate | ReportResult::NotSent => None,
        };
        Self { facts, refused }
    }

    /// Rows start otherwise, or not at all.
    pub(super) fn start(value: Value) -> Self {
        Self { facts: vec![Fact::Starts, Fact::Knows(value), Fact::Finds], refused: None }
    }

    /// No one moves a row by a step that is legal: in another version its application does, or a run.
    pub(super) fn nobody(from: Value, to: Value) -> Self {
        let facts = vec![
            Fact::Reports(to),
            Fact::Reports(from),
            Fact::Runs,
            Fact::Means(from),
            Fact::Starts,
        ];
        Self { facts, refused: None }
    }

    /// A page takes a value for something else.
    pub(super) fn meaning(value: Value) -> Self {
        Self { facts: vec![Fact::Means(value), Fact::Knows(value)], refused: None }
    }

    /// A page shows a phase otherwise, of a row in this state; by its own table or, where that says
    /// the same of the phase, because a report was applied that would have been none, or the other
    /// way round; or because the page passed over values that it lacks.
    pub(super) fn phase(
        phase: String,
        value: Value,
        moved: Option<Self>,
        passed: Vec<Value>,
    ) -> Self {
        let mut facts = vec![Fact::Shows(phase), Fact::Knows(value)];
        facts.extend(moved.into_iter().flat_map(|moved| moved.facts));
        facts.extend(passed.into_iter().map(Fact::Knows));
        facts.extend([Fact::Phases, Fact::Starts]);
        Self { facts, refused: None }
    }

    /// What is claimed of a version's own table does not hold.
    pub(super) fn refuted() -> Self {
        Self { facts: vec![Fact::Refuted], refused: None }
    }
}

/// The facts in which two versions differ, each with the changes that make it differ.
pub(super) struct Difference(BTreeMap<Fact, Vec<usize>>);

impl Difference {
    /// The difference that some changes make, from the facts of each.
    pub(super) fn of<'c>(changes: impl Iterator<Item = &'c [Fact]>) -> Self {
        let mut by: BTreeMap<Fact, Vec<usize>> = BTreeMap::new();
        for (number, facts) in changes.enumerate() {
            let phases = facts.iter().any(|fact| matches!(fact, Fact::Shows(_)));
            let runs = facts.iter().any(|fact| matches!(fact, Fact::Reports(_)));
            let whole = [phases.then_some(Fact::Phases), runs.then_some(Fact::Runs)];
            for fact in facts.iter().cloned().chain(whole.into_iter().flatten()) {
                by.entry(fact).or_default().push(number);
            }
        }
        Self(by)
    }

    /// The changes of a fact, by their numbers.
    pub(super) fn changes(&self, fact: &Fact) -> &[usize] {
        self.0.get(fact).map_or(&[], Vec::as_slice)
    }

    /// The change that something comes of.
    pub(super) fn reason(&self, cause: &Cause) -> Option<usize> {
        self.reason_of(&cause.facts)
    }

    /// The change that something comes of which rests on some facts.
    pub(super) fn reason_of(&self, facts: &[Fact]) -> Option<usize> {
        facts.iter().find_map(|fact| self.changes(fact).first().copied())
    }

    /// The changes of the steps into a value.
    pub(super) fn steps_into(&self, value: Value) -> impl Iterator<Item = usize> {
        let into = move |fact: &Fact| matches!(fact, Fact::Allows(_, to) if *to == value);
        self.0.iter().filter(move |(fact, _)| into(fact)).flat_map(|(_, changes)| changes.clone())
    }
}
