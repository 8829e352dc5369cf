//! What a search through a mix's runs or rows found, and how much it tried.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::facts::{Cause, Fact};
use super::layers::{By, ReportResult, Value, Why};
use crate::machine::PhaseId;
use crate::runs::Path;

/// What may go wrong in a mix.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Class {
    /// A report that is part of its job is refused, and the job fails for it.
    FailsJob,
    /// A run is over, and its row has not ended.
    LeftOpen,
    /// A row ends otherwise than its run.
    EndsOtherwise,
    /// The database refuses what its backend accepts.
    DatabaseRefuses,
    /// The backend can't go on from what is stored.
    BackendBreaks,
    /// The page shows what is not so.
    PageFalse,
    /// Of a table without jobs: what is claimed of its reports or its phases does not hold.
    Refuted,
}

impl Class {
    /// Its stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::FailsJob => "fails-job",
            Self::LeftOpen => "left-open",
            Self::EndsOtherwise => "ends-otherwise",
            Self::DatabaseRefuses => "database-refuses",
            Self::BackendBreaks => "backend-breaks",
            Self::PageFalse => "page-false",
            Self::Refuted => "refuted",
        }
    }
}

/// What is less than it would be in one version by itself, and harms nothing.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Degradation {
    /// A report is refused, and its job goes on.
    Refused {
        /// The job.
        job: String,
        /// The state, by its value.
        value: Value,
        /// Who refuses it.
        by: By,
        /// Why.
        why: Why,
    },
    /// The row is in a state that the page does not know, and says so.
    Unknown {
        /// The state.
        value: Value,
    },
    /// A run without a flaw is over, and the page shows a phase as not reported.
    Unconfirmed {
        /// The phase, by its name.
        phase: String,
    },
    /// The page shows a phase as skipped or as to come, and to the workflow's own page it is under way,
    /// done, or what was said to be skipped is to come.
    Otherwise {
        /// The phase, by its name.
        phase: String,
        /// Whether it is shown as skipped, and not as to come.
        skipped: bool,
    },
}

/// The shortest way in which something goes wrong.
#[derive(Clone, Debug)]
pub struct Witness {
    /// What goes wrong, in a sentence.
    pub summary: String,
    /// How it comes to that, a line a step.
    pub path: Path,
    /// Where it departs from what the workflow's own version would have made of it.
    pub cause: Cause,
    /// Whether no run is the worse for it: the report that is refused is one that may be lost.
    pub tolerated: bool,
    /// Whether the workflow's own table does it, too, whatever it runs alongside.
    pub alone: bool,
}

impl Witness {
    /// Of what comes of a mix, and harms a run.
    pub(super) const fn new(summary: String, path: Vec<String>, cause: Cause) -> Self {
        Self { summary, path: Path(path, None), cause, tolerated: false, alone: false }
    }

    /// That its table, which this is the path of, does it by itself, where it does.
    pub(super) fn too(&self, path: &str) -> String {
        match self.alone {
            true => format!(", by {path}'s own table, too: phasegate verify {path}"),
            false => String::new(),
        }
    }
}

/// Where in a search something goes wrong: how many switches after its beginning, to which page (any
/// where it is none's affair), and what.
pub(super) type Place = (usize, Option<usize>, Class);

/// What a search tried, so that nothing is proven of an empty space.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize)]
pub struct Tried {
    /// Situations.
    pub situations: u64,
    /// Runs that came to their end, by situations.
    pub ends: u64,
    /// Reports that were applied.
    pub applied: u64,
    /// Reports that were refused.
    pub refused: u64,
    /// Switches under a run.
    pub switches: u64,
    /// Views that were held against the work.
    pub views: u64,
}

impl Tried {
    /// Adds another's.
    pub const fn add(&mut self, other: Self) {
        self.situations += other.situations;
        self.ends += other.ends;
        self.applied += other.applied;
        self.refused += other.refused;
        self.switches += other.switches;
        self.views += other.views;
    }
}

/// What goes wrong by a refusal, and the facts that this rests on, the first before those that it
/// presupposes.
pub(super) type Refusal = (Class, Vec<Fact>);

/// A claim of which not all was tried.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct Untried {
    /// Whose runs.
    pub(super) workflow: usize,
    /// What a page shows of one of its phases in them; else what is reported in them.
    pub(super) shown: Option<(usize, PhaseId)>,
}

/// What a search found.
#[derive(Clone, Debug, Default)]
pub(super) struct Exploration {
    /// What goes wrong, shortest first found.
    pub bad: BTreeMap<Place, Witness>,
    /// What goes wrong before any switch, and by the workflow's own table, too; on which page, where
    /// it is one's affair.
    pub own: BTreeMap<(Option<usize>, Class), Witness>,
    /// What is less than it would be, before any switch; by the page, or for any.
    pub degradations: BTreeMap<Option<usize>, BTreeSet<Degradation>>,
    /// The steps of each of the ways in which it goes wrong.
    pub(super) lengths: BTreeMap<Place, u32>,
    /// The steps that reports made rows take.
    pub taken: BTreeSet<(Value, Value)>,
    /// What goes wrong rests on in any way, not only in the shortest.
    pub(super) rests_on: BTreeSet<Fact>,
    /// What a refusal that is not tolerated rests on, in any way, and what it is the sign of.
    pub(super) refusals: BTreeSet<Refusal>,
    /// What was tried.
    pub tried: Tried,
    /// The claims of which not all was tried, and how many situations were.
    pub(super) untried: BTreeMap<Untried, u64>,
    /// Whether that is all there is.
    pub exhausted: bool,
}

impl Exploration {
    /// Adds what another search of the same finds: of what goes wrong in both ways this one's.
    pub(super) fn add(&mut self, other: Self) {
        for (place, witness) in other.bad {
            self.bad.entry(place).or_insert(witness);
        }
        for (page, degradations) in other.degradations {
            self.degradations.entry(page).or_default().extend(degradations);
        }
        self.rests_on.extend(other.rests_on);
        self.refusals.extend(other.refusals);
        self.tried.add(other.tried);
    }
}

/// What a refusal is the sign of, whatever the job makes of it.
pub(super) const fn class_of(answer: ReportResult) -> Option<Class> {
    match answer {
        ReportResult::Refused(_, Why::Fault | Why::Unguarded) => Some(Class::BackendBreaks),
        ReportResult::Refused(By::Database, Why::Unknown | Why::Illegal | Why::Ended) => {
            Some(Class::DatabaseRefuses)
        }
        ReportResult::Refused(By::Backend | By::Address, _)
        | ReportResult::Refused(By::Database, Why::NotFound)
        | ReportResult::Applied
        | ReportResult::Duplicate
        | ReportResult::NotSent => None,
    }
}
