//! What a search of all runs found: how many there are, where they end, which cannot report, and the
//! shortest run that breaks each claim, of those that were tried.

use std::collections::BTreeMap;

use crate::machine::StateId;

use super::path::Path;

/// What is claimed of every run.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Claim {
    /// Where nothing is lost every report is accepted; else every one that is not tolerated.
    Accepted,
    /// It ends in an ended state, said by a report that is not tolerated; or it cannot report.
    Ends,
    /// The end is that of the work.
    Truth,
    /// The stepper shows no work as failed that passed, and none as done that did not.
    Views,
    /// Started again, a row that ended keeps its end, and another ends truly.
    Again,
    /// A job that is lost after it reported its end leaves no lie unheard.
    Late,
}

/// One of the ways in which a claim is broken: what the row is in then, what it is about, and which
/// jobs (a bit each) ended otherwise than well.
#[derive(Clone, Debug)]
pub struct Way {
    /// The row's state.
    pub row: StateId,
    /// What it is about, where that is not the row: a phase, or the job whose report is refused.
    pub about: String,
    /// Of the first jobs of the table those that failed, and those that were cancelled.
    pub jobs: [u128; 2],
    /// What is wrong.
    pub why: String,
    /// How it comes to that.
    pub path: Path,
}

/// Runs that are listed for what they have in common, by the state that the row is left in.
pub type Listed = BTreeMap<StateId, u64>;

/// Everything that a search found.
#[derive(Clone, Debug, Default)]
pub struct Runs {
    /// The situations explored.
    pub situations: usize,
    /// The most steps that any of them is away from the start.
    pub steps: u64,
    /// Whether that is all there is.
    pub exhausted: bool,
    /// Where it is not: the situations of the runs in which the jobs take turns, and whether those
    /// are all of them.
    pub in_turn: Option<(usize, bool)>,
    /// The runs.
    pub runs: u64,
    /// Those among them in which no job did anything but succeed and nothing was lost.
    pub flawless: u64,
    /// The runs by the state that the row ends in.
    pub ends: Listed,
    /// The runs that cannot report: every concluding job's runner was lost, or its report was.
    pub mute: Listed,
    /// The runs that were started again, as they came out then.
    pub again: u64,
    /// Those whose row had ended before.
    pub again_ended: u64,
    /// Those in which a report that is not tolerated was refused.
    pub again_refused: u64,
    /// Those that cannot report, the second time too.
    pub again_mute: u64,
    /// Runs in which a job is lost or cancelled after it reported its end.
    pub late: u64,
    /// Those among them whose row keeps an end that is no longer true, and a concluding job fails.
    pub late_loud: u64,
    /// Views that were held against what became of the work.
    pub views: u64,
    /// The shortest run that breaks a claim.
    pub broken: BTreeMap<Claim, (String, Path)>,
    /// Every way in which each claim is broken, but for those that another's failing jobs are part of.
    pub ways: BTreeMap<Claim, Vec<Way>>,
    /// The shortest run in which, started again, a report that is not tolerated is refused.
    pub refused_again: Option<Path>,
    /// The shortest run that ends with an untrue end and a concluding job that fails.
    pub loud: Option<Path>,
}

impl Runs {
    /// What was found before the bound was reached, and what was found of the runs in which the jobs
    /// take turns. Runs of both are counted once: those of the search that finished more of a kind.
    pub(crate) fn and_in_turn(mut self, other: Self) -> Self {
        self.in_turn = Some((other.situations, other.exhausted));
        self.views = self.views.saturating_add(other.views);
        if other.runs > self.runs {
            (self.runs, self.flawless) = (other.runs, other.flawless);
            (self.ends, self.mute) = (other.ends, other.mute);
        }
        if other.again > self.again {
            (self.again, self.again_ended) = (other.again, other.again_ended);
            (self.again_refused, self.again_mute) = (other.again_refused, other.again_mute);
        }
        if other.late > self.late {
            (self.late, self.late_loud) = (other.late, other.late_loud);
        }
        for (claim, found) in other.broken {
            let is_shorter = |known: &(String, Path)| found.1.0.len() < known.1.0.len();
            if self.broken.get(&claim).is_none_or(is_shorter) {
                self.broken.insert(claim, found);
            }
        }
        for (claim, ways) in other.ways {
            self.ways.entry(claim).or_default().extend(ways);
        }
        let shorter = |one: Option<Path>, other: Option<Path>| {
            one.into_iter().chain(other).min_by_key(|path| path.0.len())
        };
        self.refused_again = shorter(self.refused_again, other.refused_again);
        self.loud = shorter(self.loud, other.loud);
        self
    }
}
