//! Where one job of a run is, as one word.

/// How a job ended, as far as it matters to what follows.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum JobResult {
    /// Its work is done, and its reports that are part of it were accepted.
    Succeeded,
    /// Its work failed, its runner was lost, or a report that is part of it was not accepted.
    Failed,
    /// It was cancelled.
    Cancelled,
    /// Of a concluding job: its runner was lost, or its report, so that it could not speak.
    Mute,
    /// A job that it needs did not succeed.
    Skipped,
}

/// Where a job is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Stage {
    /// It has not begun.
    Waiting,
    /// It is at the work that follows so many of its reports.
    Working,
    /// It failed, and has yet to say so.
    Failing,
    /// It is over.
    Over(JobResult),
}

/// Where a job is, how many reports it has set out to send before its outcome, and how many pieces
/// of its work are done.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Job {
    pub(crate) stage: Stage,
    pub(crate) set_out: u16,
    pub(crate) done: u16,
}

pub(crate) const RESULTS: [JobResult; 5] = [
    JobResult::Succeeded,
    JobResult::Failed,
    JobResult::Cancelled,
    JobResult::Mute,
    JobResult::Skipped,
];

impl Job {
    pub(crate) const WAITING: Self = Self { stage: Stage::Waiting, set_out: 0, done: 0 };

    pub(crate) const fn result(self) -> Option<JobResult> {
        match self.stage {
            Stage::Over(result) => Some(result),
            Stage::Waiting | Stage::Working | Stage::Failing => None,
        }
    }

    /// The job, over; what it set out to report no longer matters.
    pub(crate) const fn over(result: JobResult, done: u16) -> Self {
        Self { stage: Stage::Over(result), set_out: 0, done }
    }
}
