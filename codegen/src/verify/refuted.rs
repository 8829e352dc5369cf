//! What is refuted of a table, whatever it runs alongside, and in which ways.

use std::collections::BTreeMap;

use super::runs::{Claim, Mode, Way};
use super::{About, ClaimResult, Counterexample, PROOFS, Subject};
use crate::machine::Machine;
use crate::rules::{self, Rule};

/// A claim that does not hold.
#[derive(Clone, Debug)]
pub(crate) struct Refuted {
    /// The claim, by its rule.
    pub(crate) rule: &'static Rule,
    /// A case.
    pub(crate) case: Counterexample,
    /// Whether another claim that does not hold says as much: what goes wrong in a run goes wrong in one
    /// that is started again.
    pub(crate) follows: bool,
    /// Of a claim about runs, all cases that differ.
    cases: Vec<(Case, Counterexample)>,
}

/// What distinguishes one case from another.
#[derive(Clone, Debug)]
struct Case {
    /// What the row's state is stored as.
    row: String,
    /// The phase or the job that it is about, if any.
    about: String,
    /// The jobs that failed, and those that were cancelled, and whether each has a report for that.
    jobs: BTreeMap<(String, bool), bool>,
}

impl Case {
    fn of(machine: &Machine, way: &Way) -> Self {
        let mut jobs = BTreeMap::new();
        for (at, job) in machine.jobs.iter().take(128).enumerate() {
            let says = job.outcomes();
            for (of, says) in [(0, says.failure), (1, says.cancelled)] {
                if way.jobs[of] >> at & 1 == 1 {
                    jobs.insert((job.name.clone(), of == 1), says.is_some());
                }
            }
        }
        let row = machine.state(way.row).value.clone();
        Self { row, about: way.about.clone(), jobs }
    }

    /// Whether the other is this one again: in the same state no less goes wrong before it, and no
    /// job is silent that spoke here.
    fn is_in(&self, other: &Self) -> bool {
        let is_there = |(job, here): (&(String, bool), &bool)| {
            other.jobs.get(job).is_some_and(|there| *there || !here)
        };
        self.row == other.row && self.about == other.about && self.jobs.iter().all(is_there)
    }
}

impl Refuted {
    /// The cases of this that an older table, of which the same claim does not hold, has none like.
    pub(crate) fn beside(&self, older: &Self) -> Vec<&Counterexample> {
        let is_new =
            |case: &&(Case, Counterexample)| !older.cases.iter().any(|(old, _)| old.is_in(&case.0));
        self.cases.iter().filter(is_new).map(|(_, case)| case).collect()
    }
}

/// What is refuted of a table, whatever it runs alongside: of the runs of its workflow, and of those that
/// are started again; where it has none, of its reports and phases.
pub(crate) fn refuted_alone(machine: &Machine) -> Vec<Refuted> {
    let again = Subject::of(machine, Mode::all(true, false));
    let subject = Subject::of(machine, Mode::all(false, true));
    let of_runs = [
        (rules::WORKFLOW_ACCEPTED, Claim::Accepted),
        (rules::WORKFLOW_ENDS, Claim::Ends),
        (rules::WORKFLOW_TRUTH, Claim::Truth),
        (rules::WORKFLOW_VIEWS, Claim::Views),
    ];
    let claim = |rule| of_runs.into_iter().find(|(of, _)| *of == rule).map(|(_, claim)| claim);
    let case = |way: &Way| {
        let about = About::State(way.row);
        let (summary, path) = (way.why.clone(), way.path.0.clone());
        (
            Case::of(machine, way),
            Counterexample { about, summary, path, help: None, shortest: false },
        )
    };
    let found = |claim| if claim == Claim::Views { subject.views() } else { subject.runs() };
    let is_again = |rule: &Rule| rule == rules::WORKFLOW_AGAIN;
    let mut refuted: Vec<Refuted> = PROOFS
        .into_iter()
        .filter(|(rule, ..)| machine.jobs.is_empty() || claim(*rule).is_some() || is_again(rule))
        .filter_map(|(rule, _, prove)| {
            match prove(if is_again(rule) { &again } else { &subject }) {
                ClaimResult::Refuted { counterexample } => {
                    let ways = claim(rule).and_then(|claim| found(claim).ways.get(&claim));
                    let cases = ways.into_iter().flatten().map(case).collect();
                    Some(Refuted { rule, case: counterexample, follows: false, cases })
                }
                ClaimResult::Proven { .. }
                | ClaimResult::Bounded { .. }
                | ClaimResult::NotApplicable { .. } => None,
            }
        })
        .collect();
    let is_only = refuted.iter().all(|one| is_again(one.rule));
    refuted.iter_mut().for_each(|one| one.follows = !is_only && is_again(one.rule));
    refuted
}
