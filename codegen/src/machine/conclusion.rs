//! What became of a job, and what a concluding job says of those that it needs (rule 9).

use super::{JobId, StateId};

/// What became of a job's work, as its last report says it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Became {
    /// It was done.
    Success,
    /// It failed.
    Failure,
    /// It was cancelled.
    Cancelled,
}

impl Became {
    /// All of them, in the order of the format.
    pub const ALL: [Self; 3] = [Self::Success, Self::Failure, Self::Cancelled];

    /// The word that workflows have for it.
    pub const fn as_str(self) -> &'static str {
        NeedResult::of(self).as_str()
    }
}

/// What a job that is over is to those that need it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum NeedResult {
    /// It succeeded.
    Success,
    /// It failed.
    Failure,
    /// It was cancelled.
    Cancelled,
    /// It never began.
    Skipped,
}

impl NeedResult {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Success, Self::Failure, Self::Cancelled, Self::Skipped];

    /// What a job is to others of whose work this became.
    pub const fn of(became: Became) -> Self {
        match became {
            Became::Success => Self::Success,
            Became::Failure => Self::Failure,
            Became::Cancelled => Self::Cancelled,
        }
    }

    /// The word that workflows have for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failure => "failure",
            Self::Cancelled => "cancelled",
            Self::Skipped => "skipped",
        }
    }
}

/// What a concluding job says where one of the jobs that it needs had that result: the first that
/// fits. Where none does, all succeeded, and it says so.
pub const CONCLUSIONS: [(NeedResult, Became); 3] = [
    (NeedResult::Failure, Became::Failure),
    (NeedResult::Cancelled, Became::Cancelled),
    (NeedResult::Skipped, Became::Failure),
];

/// What a concluding job says: the outcome, and what it says was attempted. The jobs that it needs
/// come as [`Machine::concluding_attempted`](super::Machine::concluding_attempted) has them; one that
/// may be skipped counts as one that succeeded where it was.
pub fn conclude(
    needed: &[(JobId, Option<StateId>)],
    is_skippable: impl Fn(JobId) -> bool,
    result: impl Fn(JobId) -> NeedResult,
) -> (Became, Option<StateId>) {
    let counts = |job, of| of != NeedResult::Skipped || !is_skippable(job);
    let first =
        |wanted| needed.iter().find(|&&(job, _)| result(job) == wanted && counts(job, wanted));
    let said = CONCLUSIONS.iter().find(|&&(one, _)| first(one).is_some());
    let outcome = said.map_or(Became::Success, |&(_, outcome)| outcome);
    // Where one was skipped and none failed, no job had the result that is said.
    (outcome, first(NeedResult::of(outcome)).and_then(|&(_, start)| start))
}
