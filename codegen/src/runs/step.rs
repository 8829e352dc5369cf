//! What can happen next in a run.

use crate::machine::Became;

/// One thing that happens.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Step {
    /// A job does something.
    Job { job: u16, does: Does },
    /// The run is started again: all its jobs.
    AgainAll,
    /// The run is started again: the jobs that did not succeed, and what needs them.
    AgainFailed,
    /// What stands at the other end of the reports becomes the next of several.
    Switched { to: u8 },
}

/// What a job does. Work between two reports is part of the step that ends it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Does {
    /// It sends its next report before its outcome, or does its work up to it and then sends it.
    Report(Fate),
    /// It ends, and reports what became of it where it has a report for that.
    End(Became, Fate),
    /// Its own steps fail before its first report.
    FailsAtOnce,
    /// It is cancelled before it begins.
    NeverBegins,
    /// Its own condition skips it.
    IsSkipped,
    /// The runner is lost: nothing more of the job runs.
    IsLost,
}

impl Step {
    /// The same step of another job.
    pub(crate) fn with_job(self, other: impl FnOnce(u16) -> u16) -> Self {
        match self {
            Self::Job { job, does } => Self::Job { job: other(job), does },
            Self::AgainAll | Self::AgainFailed | Self::Switched { .. } => self,
        }
    }

    /// Whose step it is, where it is a job's.
    pub(crate) const fn job(self) -> Option<u16> {
        match self {
            Self::Job { job, .. } => Some(job),
            Self::AgainAll | Self::AgainFailed | Self::Switched { .. } => None,
        }
    }
}

/// What becomes of a report on its way.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Fate {
    /// It is delivered, and answered.
    Delivered,
    /// It is lost in every try.
    Undelivered,
    /// There is none for this outcome.
    None,
    /// It is delivered, and then the runner is lost before the job ends.
    DeliveredThenLost,
    /// It is delivered, and then the job is cancelled before it ends.
    DeliveredThenCancelled,
}
