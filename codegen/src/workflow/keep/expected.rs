//! The regions that a table's jobs have: their names, and what stands in them.

use crate::emit::workflow::{Github, WorkflowTarget};
use crate::machine::{JobId, Machine, Report, ReportKind};
use crate::workflow::plan::{Plan, Says};

/// A region that a job's steps are to have.
#[derive(Debug)]
pub(super) struct Expected {
    /// Its name: `JOB.start`, `JOB.STATE` of a milestone, or `JOB.outcome`.
    pub(super) name: String,
    /// The job.
    pub(super) job: JobId,
    /// When in its job the report is sent.
    pub(super) kind: ReportKind,
    /// The state that is reported, and the how-manieth report of it that is; none for an outcome.
    pub(super) state: Option<(String, usize)>,
    /// Whether its loss is tolerated.
    pub(super) is_tolerated: bool,
    /// The step, from the first column on.
    pub(super) text: String,
}

/// Every region of a table, by job, in the order in which a job reports.
pub(super) fn expected(machine: &Machine, target: &WorkflowTarget) -> Vec<Expected> {
    machine.job_ids().flat_map(|id| of_job(machine, target, id)).collect()
}

fn of_job(machine: &Machine, target: &WorkflowTarget, id: JobId) -> Vec<Expected> {
    let job = machine.job(id);
    let names = names(machine, &machine.reports(id));
    let plan = Plan::of(machine, id);
    let reports = machine.reports(id);
    let each = plan.reports().zip(reports).zip(names).map(|((step, report), name)| Expected {
        name: format!("{}.{name}", job.name),
        job: id,
        kind: report.kind,
        state: match &step.says {
            Says::State { state, occurrence } => {
                Some((machine.state(*state).name.clone(), *occurrence))
            }
            Says::Outcome => None,
        },
        is_tolerated: step.tolerated,
        text: Github { machine, target }.report(job, step),
    });
    each.collect()
}

/// The names of a job's reports within it. A milestone is called by its state; by its state and a
/// number where that word was used before, `start` and `outcome` counting as used.
fn names(machine: &Machine, reports: &[Report]) -> Vec<String> {
    let mut used = vec!["start".to_owned(), "outcome".to_owned()];
    let name = |report: &Report| match (report.kind, report.state()) {
        (ReportKind::Start, _) => "start".to_owned(),
        (ReportKind::Milestone(_), Some(state)) => {
            let word = &machine.state(state).name;
            let earlier = used.iter().filter(|other| *other == word).count();
            used.push(word.clone());
            if earlier == 0 { word.clone() } else { format!("{word}.{}", earlier + 1) }
        }
        (ReportKind::Milestone(_) | ReportKind::Outcome, _) => "outcome".to_owned(),
    };
    reports.iter().map(name).collect()
}
