//! What a job of a workflow written by hand must have, so that its reports say what the table
//! says.

use std::collections::BTreeSet;

use super::document::{Node, Value};
use super::reading::{Reading, WrittenJob};
use super::regions::Region;
use crate::finding::{Findings, Severity};
use crate::machine::{Job, JobId, Machine};
use crate::rules::{self, Rule};
use crate::search::closure;
use crate::suggest::{self, shown};
use crate::workflow::plan::Plan;

/// The table's jobs by groups that `needs` connects: a workflow that has one of a group is to have
/// them all, for jobs need each other only within one workflow.
pub(super) fn groups(machine: &Machine) -> Vec<BTreeSet<JobId>> {
    let mut groups: Vec<BTreeSet<JobId>> = Vec::new();
    for id in machine.job_ids() {
        let mut group = BTreeSet::from([id]);
        group.extend(&machine.job(id).needs);
        let (with, without): (Vec<_>, Vec<_>) =
            groups.into_iter().partition(|other| !other.is_disjoint(&group));
        groups = without;
        group.extend(with.into_iter().flatten());
        groups.push(group);
    }
    groups
}

impl<'r> Reading<'r> {
    /// Says of jobs that the workflow is to have and lacks.
    pub(super) fn judge_missing_jobs(
        &self,
        wanted: &BTreeSet<JobId>,
        mend: &str,
        findings: &mut Findings<'_>,
    ) {
        let names = self.job_names();
        let others: Vec<&str> = names
            .iter()
            .copied()
            .filter(|name| !self.machine.jobs.iter().any(|job| job.name == *name))
            .collect();
        for &id in wanted {
            let job = self.machine.job(id);
            if self.job(&job.name).is_some() {
                continue;
            }
            let near = self
                .renamed(&job.name)
                .or_else(|| suggest::nearest(&job.name, others.iter().copied()));
            let at = near.and_then(|near| self.job(near)).map(|job| job.key.line);
            let jobs = self.document.root.entry("jobs").map_or(1, |(key, _)| key.line);
            let span = self.lines.span(at.unwrap_or(jobs));
            let message = format!("the workflow has no job `{}` of the table", job.name);
            let help = match near {
                _ if job.always && self.can_append(id).is_ok() => mend.to_owned(),
                Some(near) => format!(
                    "call the job `{}` so, and its name in every `needs`; or change the table",
                    shown(near)
                ),
                None if job.always => self.can_append(id).err().unwrap_or_default(),
                None if others.is_empty() => "add the job, or take it out of the table".to_owned(),
                None => format!(
                    "add the job, or take it out of the table; those that the table lacks are {}",
                    suggest::list(&others)
                ),
            };
            findings.add(rules::MISSING_JOB, Severity::Error, span, message, help);
        }
    }

    /// The job, none of the table's, that has a report of one that the workflow lacks: it is that
    /// one, by another name.
    pub(super) fn renamed(&self, name: &str) -> Option<&'r str> {
        let is_its = |region: &&Region| {
            self.expected
                .iter()
                .any(|e| e.name == region.name && self.machine.job(e.job).name == name)
        };
        let mut at = self.regions.iter().filter(is_its).filter_map(|r| self.job_at(r.begin));
        let is_known = |name: &str| self.machine.jobs.iter().any(|job| job.name == name);
        at.find_map(|job| job.key.text().filter(|name| !is_known(name)))
    }

    /// Whether a concluding job can be written below the others.
    ///
    /// # Errors
    /// Where it cannot: what a person has to do first.
    pub(super) fn can_append(&self, id: JobId) -> Result<(), String> {
        let job = self.machine.job(id);
        if let Some(by_hand) = self.lacks_inputs() {
            return Err(by_hand);
        }
        // A second one would report the same.
        if let Some(other) = self.renamed(&job.name) {
            let (other, name) = (shown(other), &job.name);
            return Err(format!("call the job `{other}` `{name}`, for it has that job's report"));
        }
        let jobs = self.document.root.get("jobs");
        if !job.always || !jobs.is_some_and(Node::is_block_map) {
            return Err("add the job, in lines of its own, or take it out of the table".to_owned());
        }
        let is_lacking = |id: &JobId| {
            self.job(&self.machine.job(*id).name).is_none() && self.can_append(*id).is_err()
        };
        match job.needs.iter().copied().find(is_lacking) {
            Some(need) => {
                let need = &self.machine.job(need).name;
                Err(format!("first add the job `{need}`: it says what became of that one, too"))
            }
            None => Ok(()),
        }
    }

    /// Says what keeps a job from reporting, or from reporting what the table says; whether it can
    /// report at all.
    pub(super) fn judge_job(
        &self,
        id: JobId,
        written: WrittenJob<'r>,
        findings: &mut Findings<'_>,
    ) -> bool {
        let job = self.machine.job(id);
        let span = self.lines.span(written.key.line);
        let mut add = |rule, severity, message: String, help: &str| {
            findings.add(rule, severity, span.clone(), message, help);
        };
        self.judge_needs(job, written, &mut add);
        if self.is_tolerated(written).yes {
            // actions/runner#1161: to others, such a job has succeeded whatever became of it.
            let message = format!("the job `{}` has `continue-on-error`", job.name);
            let help = "take it off the job, and give it to the steps that may fail: where the job \
                        failed, those that need it would take it that it succeeded, and go on";
            add(rules::TOLERATED_JOB, Severity::Error, message, help);
        }
        if self.expected_of(id).next().is_none() {
            return true;
        }
        let name = &job.name;
        if let Value::Alias(_) = written.value.value {
            let message = format!("the job `{name}` is an alias of another");
            add(
                rules::SHARED_STEPS,
                Severity::Error,
                message,
                "write the job out: its reports are its own",
            );
            return false;
        }
        if let Some(uses) = written.value.get("uses").map(|uses| uses.text().unwrap_or_default()) {
            let message =
                format!("the job `{name}` calls a workflow, and has no steps to report in");
            let is_here = ["./", "$/"].iter().any(|here| uses.trim().starts_with(here));
            let kept = "where the called workflow has all of the table's jobs, list it in `workflows` in \
                        the place of this one, and give it the row's id by `with:`; else ";
            let help =
                format!("{}{}", if is_here { kept } else { "" }, self.followed(job, written));
            add(rules::REUSABLE_JOB, Severity::Error, message, &help);
            return false;
        }
        if self.value(written, "strategy").is_some_and(|strategy| self.has_legs(strategy)) {
            let message = match self
                .value(written, "strategy")
                .is_some_and(|of| self.has_no_leg(of))
            {
                true => format!("the job `{name}` has a matrix without a leg: it never runs"),
                false => format!(
                    "the job `{name}` has a matrix: it would report once for each leg, one its success \
                     while another fails"
                ),
            };
            let help = format!(
                "give it one leg, a list of one for each key; or report from a job without a matrix, after \
                 it: {}",
                self.followed(job, written)
            );
            add(rules::MATRIX_JOB, Severity::Error, message, &help);
            return false;
        }
        let Some((_, steps)) = written.value.entry("steps") else {
            let message = format!("the job `{name}` has no steps to report in");
            add(rules::NO_STEPS, Severity::Error, message, "give the job `steps:`");
            return false;
        };
        let is_block = matches!(steps.value, Value::List { is_flow: false, .. });
        if !is_block && !steps.is_left_out() {
            let message = format!("the steps of the job `{name}` have no lines of their own");
            let help = "write them as a list with a line for each step: `- name: ...`";
            add(rules::NO_STEPS, Severity::Error, message, help);
            return false;
        }
        let aliases = self.document.aliases();
        let anchors = [written.value.anchor, steps.anchor];
        if anchors.into_iter().flatten().any(|anchor| aliases.contains(&anchor)) {
            let message = format!("the steps of the job `{name}` are another job's, too");
            let help = "write them out: a report is only one job's";
            add(rules::SHARED_STEPS, Severity::Error, message, help);
            return false;
        }
        if job.always {
            self.judge_conclusion(id, written, &mut add);
        }
        self.judge_ids(id, written, findings);
        true
    }

    /// What the table's job needs, the workflow's is to wait for.
    fn judge_needs(
        &self,
        job: &Job,
        written: WrittenJob<'r>,
        add: &mut impl FnMut(&'static Rule, Severity, String, &str),
    ) {
        let direct = self.needs(written);
        let of = |name| self.job(name).map(|job| self.needs(job)).unwrap_or_default();
        let all = closure(direct.iter().copied(), of);
        for &need in &job.needs {
            let need = self.machine.job(need).name.as_str();
            let is_there = if job.always { direct.contains(&need) } else { all.contains(need) };
            if !is_there && self.job(need).is_some() {
                let message = format!("the job `{}` does not wait for `{need}`", job.name);
                let help = format!(
                    "add `{need}` to its `needs`{}; or change the table's",
                    if job.always {
                        ", which knows only the results of those it names"
                    } else {
                        ""
                    }
                );
                add(rules::MISSING_NEED, Severity::Error, message, &help);
            }
        }
    }

    /// The step of a job that has an id which is to be a report's: the value of its `id`. A report
    /// that is to be taken into its region gives its own up.
    pub(super) fn taken_id(&self, id: JobId, written: Option<WrittenJob<'r>>) -> Option<&'r Node> {
        let taken = self.github().ids(&Plan::of(self.machine, id));
        let is_taken = |id: &str| taken.iter().any(|taken| taken.eq_ignore_ascii_case(id));
        let is_to_be_taken_in =
            |step: &Node| self.expected_of(id).any(|e| self.is_the_report(step, e) && !self.has(e));
        let own = self.own_steps(written?).into_iter();
        own.filter(|(_, step)| !is_to_be_taken_in(step))
            .filter_map(|(_, step)| step.get("id"))
            .find(|id| id.text().is_some_and(is_taken))
    }

    /// An id is a step's own: the reports ask for each other by theirs.
    fn judge_ids(&self, id: JobId, written: WrittenJob<'r>, findings: &mut Findings<'_>) {
        if let Some(given) = self.taken_id(id, Some(written)) {
            let text = shown(given.text().unwrap_or_default());
            let message = format!("the id `{text}` is that of a report of the job");
            let help = "give the step another id, there and wherever it is asked for";
            let span = self.lines.span(given.line);
            findings.add(rules::TAKEN_ID, Severity::Error, span, message, help);
        }
    }
}
