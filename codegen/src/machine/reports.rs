//! What each job reports, which of its reports may be lost (rule 8), and what a report says that
//! the job had attempted (rule 9).

use super::{Became, Job, JobId, Machine, PhaseId, StateId};

/// When in its job a report is sent.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ReportKind {
    /// Before the work.
    Start,
    /// Between start and end: the milestone's place, from 0.
    Milestone(usize),
    /// At the end, whatever became of the work.
    Outcome,
}

/// The states that a job's last report can be of.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Outcomes {
    /// Where the job succeeded.
    pub success: Option<StateId>,
    /// Where it failed.
    pub failure: Option<StateId>,
    /// Where it was cancelled.
    pub cancelled: Option<StateId>,
}

impl Outcomes {
    /// The state that is reported where this became of the job.
    pub const fn of(&self, became: Became) -> Option<StateId> {
        match became {
            Became::Success => self.success,
            Became::Failure => self.failure,
            Became::Cancelled => self.cancelled,
        }
    }

    /// Whether there is no state to report.
    pub const fn is_empty(&self) -> bool {
        self.success.is_none() && self.failure.is_none() && self.cancelled.is_none()
    }

    /// The states in the order success, failure, cancelled, each once.
    pub fn states(&self) -> Vec<StateId> {
        let mut states = Vec::new();
        for state in Became::ALL.into_iter().filter_map(|became| self.of(became)) {
            if !states.contains(&state) {
                states.push(state);
            }
        }
        states
    }
}

/// One report step of a job.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Report {
    /// When it is sent.
    pub kind: ReportKind,
    /// The state that it reports; for an outcome the states that it can be of.
    pub outcomes: Outcomes,
    /// The states that the job sets out to report before this one, in order: the last of them
    /// that the job came to is the report's `attempted`.
    pub before: Vec<StateId>,
    /// Whether its loss harms nothing, so that its step gets `continue-on-error`.
    pub tolerated: bool,
}

impl Report {
    /// The one state of a start or a milestone.
    pub fn state(&self) -> Option<StateId> {
        match self.kind {
            ReportKind::Start | ReportKind::Milestone(_) => self.outcomes.success,
            ReportKind::Outcome => None,
        }
    }
}

impl Job {
    /// The states that the job's last report can be of.
    pub const fn outcomes(&self) -> Outcomes {
        Outcomes { success: self.success, failure: self.failure, cancelled: self.cancelled }
    }

    /// The states that the job reports before its outcome, in order.
    pub fn before_outcome(&self) -> Vec<StateId> {
        self.start.into_iter().chain(self.milestones.iter().map(|m| m.state)).collect()
    }
}

impl Machine {
    /// A job's reports, in the order in which it sends them.
    pub fn reports(&self, id: JobId) -> Vec<Report> {
        let job = self.job(id);
        let mut reports = Vec::new();
        let mut before = Vec::new();
        let kinds = job.start.map(|state| (ReportKind::Start, state)).into_iter().chain(
            job.milestones.iter().enumerate().map(|(at, m)| (ReportKind::Milestone(at), m.state)),
        );
        for (kind, state) in kinds {
            reports.push(Report {
                kind,
                outcomes: Outcomes { success: Some(state), failure: None, cancelled: None },
                before: before.clone(),
                tolerated: self.state(state).optional,
            });
            before.push(state);
        }
        if !job.outcomes().is_empty() {
            reports.push(Report {
                kind: ReportKind::Outcome,
                outcomes: job.outcomes(),
                before,
                tolerated: self.tolerates_outcome(id),
            });
        }
        reports
    }

    /// Whether the loss of a job's last report harms nothing: its success may be passed over, or
    /// a concluding job says the same again.
    fn tolerates_outcome(&self, id: JobId) -> bool {
        let job = self.job(id);
        let is_optional = |state: StateId| self.state(state).optional;
        job.success.is_some_and(is_optional)
            || job.outcomes().states().into_iter().all(is_optional)
            || self.jobs.iter().any(|other| {
                other.always && other.needs.contains(&id) && other.outcomes() == job.outcomes()
            })
    }

    /// For each job that a concluding job needs, in the order of the table: what the concluding
    /// report says was attempted where this is the first job that had the reported result.
    pub fn concluding_attempted(&self, id: JobId) -> Vec<(JobId, Option<StateId>)> {
        self.job(id).needs.iter().map(|&need| (need, self.attempted_start(need))).collect()
    }

    /// A job's start, where all that it reports before its outcome belongs to one phase.
    fn attempted_start(&self, id: JobId) -> Option<StateId> {
        let job = self.job(id);
        let phase_of = |state: StateId| self.state(state).phase;
        let phase: PhaseId = phase_of(job.start?)?;
        job.before_outcome()
            .into_iter()
            .all(|state| phase_of(state) == Some(phase))
            .then_some(job.start?)
    }
}
