//! A run reports for one row, and each job of the table once: not by two jobs of one workflow that lead
//! to the same reports, however far below them these stand.

use std::collections::BTreeSet;

use super::super::document::{Document, Node};
use super::super::file::File;
use super::super::inputs::CALLS;
use super::super::lines::Lines;
use super::super::reading::Reading;
use super::given::{Given, given};
use super::{Called, is_call};
use crate::finding::{Finding, Findings, Severity};
use crate::rules;
use crate::suggest::shown;
use crate::table::Source;

/// What reports in runs of a workflow.
#[derive(Clone)]
struct Reports {
    /// The job that leads there; none where the workflow's own jobs report.
    by: Option<String>,
    /// The workflow that this job calls.
    called: String,
    /// Where the row's id stands in the workflow.
    id: Vec<String>,
    /// The table's jobs that report.
    jobs: BTreeSet<String>,
    /// The workflows in which they stand.
    within: BTreeSet<String>,
}

/// A workflow of the folder.
struct Workflow<'w> {
    file: &'w File,
    document: Document,
}

impl<'w> Workflow<'w> {
    fn address(&self) -> &'w str {
        &self.file.from_root
    }
}

/// The workflows of a folder, with the kept one.
pub(super) struct Once<'w> {
    kept: &'w Reading<'w>,
    path: &'w str,
    others: Vec<Workflow<'w>>,
}

impl<'w> Once<'w> {
    pub(super) fn of(kept: &'w Reading<'w>, path: &'w str, others: &'w [File]) -> Self {
        let reads = |file: &'w File| {
            let document = Document::read(file.body()).ok()?;
            Some(Workflow { file, document })
        };
        Self { kept, path, others: others.iter().filter_map(reads).collect() }
    }

    /// Says of jobs that lead to the kept workflow in runs in which its jobs report already.
    pub(super) fn judge(&self, findings: &mut Findings<'_>) {
        for workflow in &self.others {
            let starts = |trigger: &str| workflow.document.starts_by(trigger);
            if !CALLS.into_iter().any(starts) && !starts("workflow_call") {
                continue;
            }
            let all = self.reports(workflow, &mut vec![workflow.address()]);
            for (at, second) in all.iter().enumerate() {
                let is_first = |first: &&Reports| {
                    // Two calls of one workflow are reported where its callers are.
                    first.by != second.by
                        && first.called != second.called
                        && !first.jobs.is_disjoint(&second.jobs)
                };
                let first = all[..at].iter().find(is_first);
                if let Some(first) = first.filter(|_| second.within.contains(self.path)) {
                    findings.push(twice(workflow, first, second));
                    break;
                }
            }
        }
    }

    /// What reports in runs of a workflow: its own jobs, and those of what its jobs call with a row's id,
    /// in their order.
    fn reports(&self, workflow: &Workflow<'w>, way: &mut Vec<&'w str>) -> Vec<Reports> {
        let lines = Lines::of(workflow.file.body());
        let (machine, target) = (self.kept.machine, self.kept.target);
        let reading = Reading::new(machine, target, &workflow.document, &lines, Vec::new());
        let mut all: Vec<Reports> = self.own(workflow, &reading).into_iter().collect();
        for name in reading.job_names() {
            let Some(job) = reading.job(name) else { continue };
            let is_called = |path: &str| is_call(job, path) && !way.contains(&path);
            let below = match self.others.iter().find(|other| is_called(other.address())) {
                Some(other) => {
                    way.push(other.address());
                    let below = self.reports(other, way);
                    way.pop();
                    below
                }
                None if is_called(self.path) => self.of_kept(),
                None => continue,
            };
            for reports in below {
                let called = Called {
                    path: self.path,
                    id: reports.id.last().cloned().unwrap_or_default(),
                    is_dispatched: false,
                    groups: Vec::new(),
                };
                let Given::Context(id) = given(&reading, job, &called) else { continue };
                let uses = job.value.get("uses").and_then(Node::text).unwrap_or_default();
                let (by, called) = (Some(name.to_owned()), uses.trim().to_owned());
                all.push(Reports { by, called, id, ..reports });
            }
        }
        all
    }

    /// What the kept workflow's own jobs report. What it calls is reported where that is kept.
    fn of_kept(&self) -> Vec<Reports> {
        let jobs = self.kept.jobs().map(|(_, job, _)| job.name.clone()).collect();
        vec![self.by_themselves(self.path, jobs)]
    }

    fn own(&self, workflow: &Workflow<'w>, reading: &Reading<'_>) -> Option<Reports> {
        let workflows = &self.kept.target.workflows;
        let is_listed = workflows.contains(&workflow.file.path);
        let jobs: BTreeSet<String> = reading
            .jobs()
            .filter(|(_, _, written)| {
                let steps = reading.steps(*written).map(|steps| steps.all).unwrap_or_default();
                is_listed && !steps.is_empty()
                    || steps.iter().any(|(_, step)| reading.is_report(step))
            })
            .map(|(_, job, _)| job.name.clone())
            .collect();
        (!jobs.is_empty()).then(|| self.by_themselves(workflow.address(), jobs))
    }

    fn by_themselves(&self, path: &str, jobs: BTreeSet<String>) -> Reports {
        let id = self.kept.target.id().to_lowercase().split('.').map(str::to_owned).collect();
        let within = BTreeSet::from([path.to_owned()]);
        Reports { by: None, called: String::new(), id, jobs, within }
    }
}

fn twice(workflow: &Workflow<'_>, first: &Reports, second: &Reports) -> Finding {
    let name = second.by.as_deref().unwrap_or_default();
    let line = workflow.document.jobs().iter().find(|(key, _)| key.text() == Some(name));
    let line = line.map_or(1, |(key, _)| key.line);
    let job = second.jobs.iter().find(|job| first.jobs.contains(*job));
    let job = job.map(String::as_str).unwrap_or_default();
    let before = match &first.by {
        Some(by) => format!("what `{}` leads to does", shown(by)),
        None => format!("`{job}` of this workflow does"),
    };
    let whose = match first.id == second.id {
        true => "for the same row",
        false => "in the same run, which has one token for one row",
    };
    let message = format!(
        "the job `{}` leads to `{job}` of the table, which reports as {before}, {whose}",
        shown(name)
    );
    let help = format!(
        "take the job `{}` off, or give it a workflow of its own: in a run each job of the table reports once",
        shown(name)
    );
    let source = Source::new(&workflow.file.shown, workflow.file.body());
    let span = Lines::of(&source.text).span(line);
    let finding = source.finding(rules::MATRIX_JOB, Severity::Error, span, message, help);
    Finding { span: None, ..finding }
}
