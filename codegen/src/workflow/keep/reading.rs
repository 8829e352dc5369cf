//! A workflow next to the table that it reports for: its jobs, their steps, and the regions in them.

use std::collections::BTreeMap;

use super::document::{Document, Node};
use super::expected::{Expected, expected};
use super::lines::Lines;
use super::regions::Region;
use crate::emit::workflow::{Github, WorkflowTarget};
use crate::machine::{Job, JobId, Machine};

/// All that is asked when a workflow is judged or changed.
pub(super) struct Reading<'r> {
    pub(super) machine: &'r Machine,
    pub(super) target: &'r WorkflowTarget,
    pub(super) document: &'r Document,
    pub(super) lines: &'r Lines<'r>,
    pub(super) regions: Vec<Region>,
    pub(super) expected: Vec<Expected>,
    /// Where the row's id comes from, key by key, in small letters.
    pub(super) id_keys: Vec<String>,
    /// The file's name without its ending: no other workflow of the folder has it.
    pub(super) stem: String,
    /// What may start a run that a console started, where others call it: what starts them.
    pub(super) started_by: Vec<&'static str>,
    /// What those that call it give its inputs, where that is known: in small letters, each with all of
    /// its values.
    pub(super) given: BTreeMap<String, Vec<String>>,
}

/// A job of the workflow.
#[derive(Clone, Copy)]
pub(super) struct WrittenJob<'r> {
    /// What it is called.
    pub(super) key: &'r Node,
    /// What it is.
    pub(super) value: &'r Node,
}

/// The steps of a job.
pub(super) struct Steps<'r> {
    /// The line of `steps:`.
    pub(super) line: usize,
    /// The first line after them.
    pub(super) until: usize,
    /// Each step, with the line of its dash; of an alias what it stands for.
    pub(super) all: Vec<(usize, &'r Node)>,
}

impl Steps<'_> {
    /// The line of the step after the one at a line, or the first line after all of them.
    pub(super) fn after(&self, line: usize) -> usize {
        let later = self.all.iter().map(|&(other, _)| other).find(|&other| other > line);
        later.unwrap_or(self.until)
    }
}

impl<'r> Reading<'r> {
    pub(super) fn new(
        machine: &'r Machine,
        target: &'r WorkflowTarget,
        document: &'r Document,
        lines: &'r Lines<'r>,
        regions: Vec<Region>,
    ) -> Self {
        let expected = expected(machine, target);
        let id_keys = target.id().to_lowercase().split('.').map(str::to_owned).collect();
        let (stem, started_by, given) = (machine.name.clone(), Vec::new(), BTreeMap::new());
        Self {
            machine,
            target,
            document,
            lines,
            regions,
            expected,
            id_keys,
            stem,
            started_by,
            given,
        }
    }

    /// The same of a workflow in a file.
    pub(super) fn in_file(self, path: &str) -> Self {
        let name = path.rsplit('/').next().unwrap_or(path);
        let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem).to_owned();
        Self { stem, ..self }
    }

    /// What the table's plans are in such a workflow.
    pub(super) fn github(&self) -> Github<'r> {
        Github { machine: self.machine, target: self.target }
    }

    /// The names of the workflow's jobs.
    pub(super) fn job_names(&self) -> Vec<&'r str> {
        self.document.jobs().iter().filter_map(|(key, _)| key.text()).collect()
    }

    /// The workflow's job of a name.
    pub(super) fn job(&self, name: &str) -> Option<WrittenJob<'r>> {
        let (key, value) = self.document.root.get("jobs")?.entry(name)?;
        Some(WrittenJob { key, value })
    }

    /// The jobs that a job waits for itself, as each is called where it stands: to `needs` their case
    /// does not matter.
    pub(super) fn needs(&self, job: WrittenJob<'r>) -> Vec<&'r str> {
        let named = self.value(job, "needs").map(Node::texts).unwrap_or_default();
        let names = self.job_names();
        let called =
            |name: &'r str| names.iter().copied().find(|other| other.eq_ignore_ascii_case(name));
        named.into_iter().map(|name| called(name).unwrap_or(name)).collect()
    }

    /// The table's jobs that the workflow has.
    pub(super) fn jobs(&self) -> impl Iterator<Item = (JobId, &'r Job, WrittenJob<'r>)> + '_ {
        self.machine.job_ids().filter_map(|id| {
            let job = self.machine.job(id);
            Some((id, job, self.job(&job.name)?))
        })
    }

    /// The regions that a job of the table is to have.
    pub(super) fn expected_of(&self, id: JobId) -> impl Iterator<Item = &Expected> {
        self.expected.iter().filter(move |expected| expected.job == id)
    }

    /// Where a job's steps stand.
    pub(super) fn steps(&self, job: WrittenJob<'r>) -> Option<Steps<'r>> {
        let (key, value) = job.value.entry("steps")?;
        let each = |step: &'r Node| (self.lines.dash(step.line), self.document.resolved(step));
        Some(Steps {
            line: key.line,
            until: self.document.until(value),
            all: value.items().iter().map(each).collect(),
        })
    }

    /// The job among whose steps a line stands.
    pub(super) fn job_at(&self, line: usize) -> Option<WrittenJob<'r>> {
        self.document.jobs().iter().map(|(key, value)| WrittenJob { key, value }).find(|job| {
            self.steps(*job).is_some_and(|steps| steps.line < line && line < steps.until)
        })
    }

    /// Whether a region stands among a job's steps.
    pub(super) fn stands_in(&self, region: &Region, job: WrittenJob<'r>) -> bool {
        self.job_at(region.begin).is_some_and(|at| at.key.line == job.key.line)
    }

    /// Whether a line is a region's.
    pub(super) fn in_region(&self, line: usize) -> bool {
        self.regions.iter().any(|region| region.holds(line))
    }

    /// Whether a job has the region.
    pub(super) fn has(&self, expected: &Expected) -> bool {
        self.regions.iter().any(|region| region.name == expected.name)
    }

    /// A region among a job's steps that no job of the table has: it may be meant for one that the
    /// job seems to lack.
    pub(super) fn unknown_region(&self, job: WrittenJob<'r>) -> Option<&Region> {
        self.regions.iter().find(|region| {
            self.stands_in(region, job) && self.expected.iter().all(|e| e.name != region.name)
        })
    }

    /// The steps of a job that stand in no region.
    pub(super) fn own_steps(&self, job: WrittenJob<'r>) -> Vec<(usize, &'r Node)> {
        let all = self.steps(job).map(|steps| steps.all).unwrap_or_default();
        all.into_iter().filter(|(line, _)| !self.in_region(*line)).collect()
    }

    /// A step outside of any region that reports with the table's action.
    pub(super) fn is_report(&self, step: &Node) -> bool {
        step.get("uses").and_then(Node::text) == Some(self.target.action.as_str())
    }

    /// Whether a step is the report that belongs into a region.
    pub(super) fn is_the_report(&self, step: &Node, expected: &Expected) -> bool {
        let with = |key: &str| step.get("with").and_then(|with| with.get(key)?.text());
        let same = match &expected.state {
            Some((state, occurrence)) => {
                let given = with("occurrence").unwrap_or("1");
                with("state") == Some(state) && given == occurrence.to_string()
            }
            None => with("outcome").is_some(),
        };
        let job = &self.machine.job(expected.job).name;
        self.is_report(step) && same && with("job") == Some(job)
    }

    /// The last line from `first` on and before `until` that says something: no blank line and no
    /// comment, the end of a region aside.
    pub(super) fn last_line(&self, first: usize, until: usize) -> usize {
        let is_said = |line: &usize| {
            self.says(*line) || self.regions.iter().any(|region| region.end == *line)
        };
        (first..until).rev().find(is_said).unwrap_or(first)
    }

    /// Whether a line says something: it is neither blank nor only a comment.
    pub(super) fn says(&self, line: usize) -> bool {
        self.document.says(self.lines, line)
    }
}
