//! What a job does step by step, and when: its placeholder work and its reports. A provider's renderer
//! prints it, and the demo plays it, so that the two can't drift apart.

use crate::machine::{Became, Job, JobId, Machine, Outcomes, ReportKind, StateId};

/// A job as a sequence of steps.
#[derive(Debug)]
pub struct Plan {
    /// The job.
    pub job: JobId,
    /// When it runs.
    pub runs: Runs,
    /// What it does, in order.
    pub steps: Vec<Step>,
}

/// When a job runs, or a report in it is sent; in a run that a console started.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Runs {
    /// Where all before it succeeded: the jobs that it needs, or the steps above it.
    WhenAllSucceeded,
    /// Where the run was not cancelled and each of these jobs succeeded, or was skipped as it may be.
    WhenAllPassed(Vec<JobId>),
    /// Whatever became of them.
    Always,
    /// Whatever became of them, where the table has a state for what became of the job.
    AlwaysWhere(Vec<Became>),
}

/// One step of a job.
#[derive(Debug)]
pub enum Step {
    /// The place of the user's own work.
    Work(Work),
    /// A report to the console.
    Report(ReportStep),
}

/// A piece of work between two reports.
#[derive(Debug)]
pub struct Work {
    /// What people read.
    pub title: String,
    /// Its place among the job's pieces of work, from 1.
    pub number: usize,
    /// How many of them the job has.
    pub of: usize,
}

/// A report of a job.
#[derive(Debug)]
pub struct ReportStep {
    /// Its place among the job's reports, from 1.
    pub number: usize,
    /// When it is sent.
    pub runs: Runs,
    /// What it says.
    pub says: Says,
    /// What it says that the job had set out to report before.
    pub attempted: Attempted,
    /// Whether its loss harms nothing.
    pub tolerated: bool,
}

/// What a report says.
#[derive(Debug)]
pub enum Says {
    /// That the row is in this state now.
    State {
        /// The state.
        state: StateId,
        /// The how-manieth report of this state it is in its job, from 1.
        occurrence: usize,
    },
    /// What became of the job, or, in a concluding job, of the jobs that it needs.
    Outcome,
}

/// Where a report's `attempted` comes from (rules 6 and 9).
#[derive(Debug)]
pub enum Attempted {
    /// Nothing was reported before.
    Nothing,
    /// The report before it.
    State(StateId),
    /// The last of the job's earlier reports, by their numbers, that the job came to.
    LastOf(Vec<(usize, StateId)>),
    /// The start of the first needed job that had the reported result; none where that job's
    /// reports don't say which phase it was in.
    FirstNeeded(Vec<(JobId, Option<StateId>)>),
}

impl Plan {
    /// What a job of the table does.
    pub fn of(machine: &Machine, id: JobId) -> Self {
        let job = machine.job(id);
        let mut steps = Vec::new();
        let of = job.milestones.len() + 1;
        let reports = machine.reports(id);
        if !job.always && job.start.is_none() {
            steps.push(Step::Work(first_work(machine, job)));
        }
        for (at, report) in reports.iter().enumerate() {
            let occurrence =
                |state| report.before.iter().filter(|&&before| before == state).count() + 1;
            steps.push(Step::Report(ReportStep {
                number: at + 1,
                runs: runs(report.kind, report.outcomes),
                says: match report.state() {
                    Some(state) => Says::State { state, occurrence: occurrence(state) },
                    None => Says::Outcome,
                },
                attempted: attempted(machine, id, report.kind, &report.before),
                tolerated: report.tolerated,
            }));
            match report.kind {
                ReportKind::Start => steps.push(Step::Work(first_work(machine, job))),
                ReportKind::Milestone(place) => steps.push(Step::Work(Work {
                    title: job.milestones[place].name.clone(),
                    number: place + 2,
                    of,
                })),
                ReportKind::Outcome => {}
            }
        }
        if steps.is_empty() {
            steps.push(Step::Work(first_work(machine, job)));
        }
        let is_skippable = |&need: &JobId| machine.job(need).skippable;
        let runs = match job.always {
            true => Runs::Always,
            false if job.needs.iter().any(is_skippable) => Runs::WhenAllPassed(job.needs.clone()),
            false => Runs::WhenAllSucceeded,
        };
        Self { job: id, runs, steps }
    }

    /// Its reports, in order.
    pub fn reports(&self) -> impl Iterator<Item = &ReportStep> {
        self.steps.iter().filter_map(|step| match step {
            Step::Report(report) => Some(report),
            Step::Work(_) => None,
        })
    }
}

/// An outcome is reported whatever became of the steps before; not at all where the table has no
/// state for it.
fn runs(kind: ReportKind, outcomes: Outcomes) -> Runs {
    match kind {
        ReportKind::Start | ReportKind::Milestone(_) => Runs::WhenAllSucceeded,
        ReportKind::Outcome => {
            let reported = |became: &Became| outcomes.of(*became).is_some();
            match Became::ALL.iter().all(reported) {
                true => Runs::Always,
                false => Runs::AlwaysWhere(Became::ALL.into_iter().filter(reported).collect()),
            }
        }
    }
}

/// The work that comes before the first milestone: named after the state that it is in where more
/// follows, else after the job.
fn first_work(machine: &Machine, job: &Job) -> Work {
    let title = match job.start {
        Some(start) if !job.milestones.is_empty() => &machine.state(start).title,
        _ => &job.title,
    };
    Work { title: title.clone(), number: 1, of: job.milestones.len() + 1 }
}

fn attempted(machine: &Machine, id: JobId, kind: ReportKind, before: &[StateId]) -> Attempted {
    match kind {
        ReportKind::Start | ReportKind::Milestone(_) => match before.last() {
            Some(&state) => Attempted::State(state),
            None => Attempted::Nothing,
        },
        ReportKind::Outcome if machine.job(id).always => {
            Attempted::FirstNeeded(machine.concluding_attempted(id))
        }
        ReportKind::Outcome if before.is_empty() => Attempted::Nothing,
        ReportKind::Outcome => Attempted::LastOf(
            before.iter().enumerate().map(|(at, &state)| (at + 1, state)).collect(),
        ),
    }
}
