//! What is proven of a table: a list of claims, a function each, and what became of each.
//!
//! A claim is *proven* where everything that it is about was tried. Where that is too much it is
//! *bounded*, which is a finding that says the bound; where the table has nothing that it is about it does not apply;
//! and where it does not hold there is a case, the shortest where everything was tried.

mod advice;
mod ends;
mod phases;
mod promela;
mod reach;
mod refuted;
mod render;
mod reports;
mod runs;
mod workflow;

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde::Serialize;

use crate::machine::{JobId, Machine, PhaseId, StateId};
use crate::rules::{self, Rule};
use crate::runs::Workflow;
use crate::search;
pub(crate) use runs::{Broken, Claim};
use runs::{Mode, Runs};

pub use promela::{FORMULAS, promela};
pub(crate) use refuted::{Refuted, refuted_alone};
pub use render::{findings, json, summary, text};
pub(crate) use workflow::says_an_end;

/// Whether a proof is about what a page shows of a history.
pub(crate) fn is_of_phases(rule: &Rule) -> bool {
    [rules::PHASES_DONE_STAYS, rules::PHASES_UNCONFIRMED].contains(&rule)
}

type Prove = fn(&Subject<'_>) -> ClaimResult;

/// Every proof: the rule that a table breaks where it does not hold, what it claims, and what proves
/// it.
const PROOFS: [(&Rule, &str, Prove); 15] = [
    (rules::REACHABLE, "every state can be reached from where a row can be", ends::reachable),
    (rules::WAY_TO_END, "every state has a way to an ended one", ends::way_to_end),
    (rules::ENDS_STAY, "nothing leaves an ended state that does not reopen", ends::ends_stay),
    (
        rules::LOSS,
        "whichever reports of optional states are lost, what is left is accepted and complete",
        reports::loss,
    ),
    (
        rules::REDELIVERY,
        "an applied report that is delivered again, at once or later, changes nothing",
        reports::redelivery,
    ),
    (
        rules::LATE_DUPLICATE,
        "a report that changed nothing, delivered again later, takes no row back",
        reports::late_duplicate,
    ),
    (
        rules::STALE_ATTEMPT,
        "a report of an older attempt of a run changes nothing once a newer one has reported",
        reports::stale_attempt,
    ),
    (
        rules::WORKFLOW_ACCEPTED,
        "reports are accepted where none is lost; those that are not tolerated, whichever are lost",
        workflow::accepted,
    ),
    (
        rules::WORKFLOW_ENDS,
        "every run ends by a report that is not tolerated, or its concluding job could not report",
        workflow::ends,
    ),
    (
        rules::WORKFLOW_TRUTH,
        "no run whose jobs all succeeded ends as a failure, none with one that did not as a success",
        workflow::truth,
    ),
    (
        rules::WORKFLOW_VIEWS,
        "no phase shows failed whose work passed, none done whose work did not",
        workflow::views,
    ),
    (
        rules::WORKFLOW_AGAIN,
        "started again, an ended row keeps its end; another ends truly, or could not report",
        workflow::again,
    ),
    (
        rules::WORKFLOW_LATE_LOSS,
        "where a job is lost after it reported success, the row's end stays true or a concluding \
         job fails",
        workflow::late_loss,
    ),
    (
        rules::PHASES_DONE_STAYS,
        "what is done stays done unless it is taken back or the phase is entered again",
        phases::done_stays,
    ),
    (
        rules::PHASES_UNCONFIRMED,
        "after a success a phase is unconfirmed only where its completing report can be missing, or \
         the row left it unfinished",
        phases::unconfirmed,
    ),
];

/// What became of a claim.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum ClaimResult {
    /// Everything that it is about was tried.
    Proven {
        /// What that was.
        covered: Covered,
    },
    /// Everything up to a bound was tried. This is no proof, and a finding.
    Bounded {
        /// What that was.
        covered: Covered,
        /// The bound.
        bound: String,
        /// What would make the table small enough.
        smaller: Smaller,
    },
    /// The table has nothing that it is about.
    NotApplicable {
        /// Why.
        why: String,
    },
    /// It does not hold.
    Refuted {
        /// A case, the shortest where everything was tried.
        counterexample: Counterexample,
    },
}

impl ClaimResult {
    /// The word for it.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Proven { .. } => "proven",
            Self::Bounded { .. } => "bounded",
            Self::NotApplicable { .. } => "not-applicable",
            Self::Refuted { .. } => "refuted",
        }
    }

    fn refuted(about: About, summary: impl Into<String>, path: Vec<String>) -> Self {
        let summary = summary.into();
        let counterexample = Counterexample { about, summary, path, help: None, shortest: true };
        Self::Refuted { counterexample }
    }

    fn not_applicable(why: impl Into<String>) -> Self {
        Self::NotApplicable { why: why.into() }
    }
}

/// What would make a table small enough for every case of a claim to be tried.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Smaller {
    /// Fewer jobs that report concurrently.
    Jobs,
    /// Fewer jobs that may be skipped, where jobs follow each other.
    Skips,
    /// Fewer jobs or reports, where jobs follow each other and none may be skipped.
    Reports,
    /// Fewer states or transitions.
    States,
    /// Fewer phases or transitions.
    Phases,
}

impl Smaller {
    /// What to do, in the imperative.
    pub(crate) const fn by(self) -> &'static str {
        match self {
            Self::Jobs => {
                "let some of the jobs that report concurrently follow each other by `needs`"
            }
            Self::Skips => {
                "let fewer jobs be `skippable`: each of them doubles the ways that a run can take, and the \
                 jobs follow each other already"
            }
            Self::Reports => {
                "let fewer jobs report, or each of them report less: they follow each other already"
            }
            Self::States => "declare fewer states or transitions",
            Self::Phases => "declare fewer phases or transitions",
        }
    }

    /// A bound, and what would make it smaller.
    fn than(self, bound: &str) -> String {
        format!("{bound}; to make it smaller, {}", self.by())
    }

    /// The first row of the table that it is about.
    fn about(self) -> About {
        match self {
            Self::Jobs | Self::Skips | Self::Reports => About::Job(JobId::new(0)),
            Self::States => About::State(StateId::new(0)),
            Self::Phases => About::Phase(PhaseId::new(0)),
        }
    }
}

/// What was tried.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Covered {
    /// Numbers, and what they are of.
    pub counts: Vec<(u64, &'static str)>,
    /// What else there is to say: lists that a claim excuses.
    pub notes: Vec<String>,
    /// What is allowed, and probably not what was meant.
    pub warnings: Vec<Warning>,
}

/// What holds, and is probably not what was meant.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Warning {
    /// The rule that finds it.
    pub rule: &'static Rule,
    /// What it is about.
    pub about: About,
    /// What it is about, in words that no other edit touches.
    pub subject: String,
    /// What there is to see.
    pub message: String,
    /// What would be right.
    pub help: String,
}

/// The row of the table that something is about.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum About {
    /// A phase.
    Phase(PhaseId),
    /// A state.
    State(StateId),
    /// A job.
    Job(JobId),
}

impl Covered {
    fn of<const N: usize>(counts: [(u64, &'static str); N]) -> Self {
        Self { counts: counts.to_vec(), ..Self::default() }
    }

    fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// `10 states, 100 pairs`. A number that can't be counted further is said to be one.
    pub fn text(&self) -> String {
        let counts = self.counts.iter().map(|(count, what)| format!("{} {what}", number(*count)));
        counts.collect::<Vec<String>>().join(", ")
    }
}

/// A case in which a claim does not hold.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Counterexample {
    /// What it is about.
    #[serde(skip)]
    pub about: About,
    /// What is wrong, in a sentence.
    pub summary: String,
    /// How it comes to that, a line a step.
    pub path: Vec<String>,
    /// What to do about it, where that is not what the rule says of all tables.
    #[serde(skip)]
    pub help: Option<String>,
    /// Whether there is no shorter one. Where not everything was tried, one may lie beyond.
    pub shortest: bool,
}

/// A claim, and what became of it.
#[derive(Clone, Debug)]
pub struct Proved {
    /// The rule that it breaks where it does not hold.
    pub rule: &'static Rule,
    /// Its stable name.
    pub name: &'static str,
    /// What it says.
    pub claim: &'static str,
    /// What became of it.
    pub verdict: ClaimResult,
}

/// A table, and what several proofs need to know of it, looked up once.
struct Subject<'m> {
    machine: &'m Machine,
    workflow: OnceLock<Workflow<'m>>,
    runs: OnceLock<Runs>,
    views: OnceLock<Runs>,
    mode: Mode,
    histories: OnceLock<phases::Histories>,
}

impl<'m> Subject<'m> {
    const fn of(machine: &'m Machine, mode: Mode) -> Self {
        Self {
            machine,
            workflow: OnceLock::new(),
            runs: OnceLock::new(),
            views: OnceLock::new(),
            mode,
            histories: OnceLock::new(),
        }
    }

    fn workflow(&self) -> &Workflow<'m> {
        self.workflow.get_or_init(|| Workflow::of(self.machine))
    }

    fn runs(&self) -> &Runs {
        self.runs.get_or_init(|| Runs::of_reports(self.workflow(), self.mode))
    }

    fn views(&self) -> &Runs {
        self.views.get_or_init(|| Runs::of_views(self.workflow(), self.mode))
    }

    fn histories(&self) -> &phases::Histories {
        self.histories.get_or_init(|| phases::search(self.machine))
    }
}

/// Tries every claim.
pub fn verify(machine: &Machine) -> Vec<Proved> {
    let subject = Subject::of(machine, Mode::all(true, false));
    let prove = |(rule, claim, prove): (&'static Rule, &'static str, Prove)| Proved {
        rule,
        name: rule.id,
        claim,
        verdict: prove(&subject),
    };
    std::thread::scope(|scope| {
        // The largest search, next to all others; the claims that ask for it wait for it.
        if search::cores() > 1 && workflow::shows_work(&subject) {
            scope.spawn(|| subject.views());
        }
        PROOFS.into_iter().map(prove).collect()
    })
}

/// What breaks each claim about the runs of a workflow, the shortest of each.
/// And whether all of them were tried.
pub(crate) fn broken(workflow: &Workflow<'_>) -> (BTreeMap<Claim, Broken>, bool) {
    let mode = Mode::all(true, false);
    let reports = Runs::of_reports(workflow, mode);
    let mut others = vec![Runs::of_views(workflow, mode)];
    if says_an_end(workflow.machine) && workflow.plans.iter().any(|plan| plan.always) {
        others.push(Runs::of_late_losses(workflow));
    }
    let exhausted = others.iter().all(|runs| runs.searched.exhausted) && reports.searched.exhausted;
    let mut broken = reports.broken;
    for (claim, other) in others.into_iter().flat_map(|runs| runs.broken) {
        match broken.get(&claim) {
            Some(known) if known.length <= other.length => {}
            Some(_) | None => drop(broken.insert(claim, other)),
        }
    }
    (broken, exhausted)
}

/// A number of cases, as people read it.
fn number(count: u64) -> String {
    match count {
        u64::MAX => "more than 10^19".to_owned(),
        count => count.to_string(),
    }
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

/// The most states of a path that are shown.
const MOST_SHOWN: usize = 24;

/// A path of states as people read it; of a long one the two ends.
fn arrows(machine: &Machine, states: &[crate::machine::StateId]) -> String {
    let name = |id: &crate::machine::StateId| machine.state(*id).name.as_str();
    if states.len() <= MOST_SHOWN {
        return states.iter().map(name).collect::<Vec<_>>().join(" -> ");
    }
    let (first, rest) = states.split_at(MOST_SHOWN / 2);
    let (between, last) = rest.split_at(rest.len() - MOST_SHOWN / 2);
    let shown: Vec<&str> = first.iter().map(name).collect();
    let ending: Vec<&str> = last.iter().map(name).collect();
    format!("{} -> ({} more) -> {}", shown.join(" -> "), between.len(), ending.join(" -> "))
}
