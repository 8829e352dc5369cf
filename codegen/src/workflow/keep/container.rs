//! What the action that reports runs with, in a job whose steps run in a container: where the image's
//! name says that it has none of it, a step has to install it first.

use super::document::Node;
use super::expected::Expected;
use super::images::{ALL, lacks};
use super::reading::{Reading, WrittenJob};
use super::regions::Region;
use super::script::{Command, commands};
use crate::finding::{Findings, Severity};
use crate::rules;
use crate::suggest::{self, shown};

/// What the labels of GitHub's own machines begin with.
const HOSTED: [&str; 3] = ["ubuntu-", "windows-", "macos-"];

impl<'r> Reading<'r> {
    /// The image that a job's steps run in.
    pub(super) fn image(&self, job: WrittenJob<'r>) -> Option<&'r str> {
        let container = self.value(job, "container")?;
        container.get("image").or(Some(container)).and_then(Node::text)
    }

    /// Whether a job runs on a machine of GitHub's, which has all that the action needs.
    fn is_hosted(&self, job: WrittenJob<'r>) -> bool {
        let runner = self.value(job, "runs-on").map(|on| on.get("labels").unwrap_or(on));
        let labels = runner.map(Node::texts).unwrap_or_default();
        let is_known = |label: &&str| HOSTED.iter().any(|of| label.starts_with(of));
        matches!(&labels[..], [label] if is_known(label))
    }

    /// The line of the last step at the beginning of a job that does no more than installing what
    /// the action needs, in a container or on a machine of somebody's own.
    pub(super) fn installer(
        &self,
        job: WrittenJob<'r>,
        own: &[(usize, &'r Node)],
    ) -> Option<usize> {
        if self.image(job).is_none() && self.is_hosted(job) {
            return None;
        }
        let ready = own.iter().take_while(|(line, _)| self.work_above(line + 1, own).is_none());
        ready.filter(|(_, step)| !installed(step).is_empty()).map(|(line, _)| *line).last()
    }

    /// Says of a job that reports in an image without what the action needs.
    pub(super) fn judge_container(
        &self,
        job: WrittenJob<'r>,
        (first, expected): (&Region, &Expected),
        own: &[(usize, &'r Node)],
        findings: &mut Findings<'_>,
    ) {
        let Some(image) = self.image(job) else { return };
        // What a step installs that may be skipped, or never be come to, may not be there.
        let is_sure = |(line, step): &&(usize, &'r Node)| {
            *line < first.begin
                && self.work_above(*line, own).is_none()
                && step.get("if").is_none_or(|_| self.may_skip(job, step).is_none())
                && !self.flag(step.get("continue-on-error")).yes
        };
        let there: Vec<&str> =
            own.iter().filter(is_sure).flat_map(|(_, step)| installed(step)).collect();
        let is_missing = |tool: &&&str| !there.contains(*tool);
        let (lacks, manager) = lacks(image);
        let missing: Vec<&str> = lacks.iter().filter(is_missing).copied().collect();
        if missing.is_empty() {
            return;
        }
        let message = format!(
            "`{}` reports in the container `{}`, which has no {}",
            first.name,
            shown(image),
            suggest::list(&missing)
        );
        let installs = |(_, step): &&(usize, &'r Node)| {
            installed(step).iter().any(|tool| missing.contains(tool))
        };
        let help = match own.iter().find(installs) {
            Some((line, step)) => self.install_first(job, *line, step, first, own),
            None => match manager.command(&missing) {
                Some(command) => format!(
                    "put a step above it that installs what is missing, as the job's first: `- run: \
                     {command}`; else {}",
                    self.lost_without(expected)
                ),
                None => format!(
                    "give the job another image: in this one nothing can be installed, and without {} \
                     no report is sent",
                    suggest::list(&missing)
                ),
            },
        };
        findings.add(
            rules::BARE_CONTAINER,
            Severity::Error,
            self.lines.span(first.begin),
            message,
            help,
        );
    }

    /// What becomes of a report that can't be sent.
    fn lost_without(&self, expected: &Expected) -> &'static str {
        match (expected.is_tolerated, self.machine.job(expected.job).always) {
            (true, _) => "a tolerated report is lost for ever without a word",
            (false, true) => "the report fails, and its job: no one says what became of the row",
            (false, false) => "the report fails, and its job with it",
        }
    }

    /// How a step that installs what is missing comes to do so before the first report in every run.
    fn install_first(
        &self,
        job: WrittenJob<'r>,
        line: usize,
        step: &'r Node,
        first: &Region,
        own: &[(usize, &'r Node)],
    ) -> String {
        if let Some(condition) = step.get("if").and_then(|_| self.may_skip(job, step)) {
            return format!(
                "take the `if: {condition}` off the step on line {line}: where that step is skipped, \
                 nothing is installed"
            );
        }
        if self.flag(step.get("continue-on-error")).yes {
            return format!(
                "take `continue-on-error` off the step on line {line}: where that step fails, nothing is \
                 installed"
            );
        }
        let script = step.get("run").and_then(Node::text).unwrap_or_default();
        if self.work_above(line + 1, own) == Some(line) {
            let install = commands(script).into_iter().find(|command| {
                command.installs().is_some_and(|tools| tools.iter().any(|tool| ALL.contains(tool)))
            });
            let install = install.map(|command| command.words.join(" ")).unwrap_or_default();
            return format!(
                "put what installs it into a step of its own, as the job's first and above the region: \
                 `- run: {}`; the step on line {line} does more than that",
                shown(&install)
            );
        }
        match self.work_above(line, own) {
            Some(work) => format!(
                "move the step on line {line}, which installs it, above line {}: where the step on \
                 line {work} fails, nothing is installed",
                work.min(first.begin)
            ),
            None => format!("move the region below the step on line {line}, which installs it"),
        }
    }
}

/// What a step surely installs of what the action needs.
fn installed(step: &Node) -> Vec<&'static str> {
    let script = step.get("run").and_then(Node::text).unwrap_or_default();
    let commands = commands(script);
    let sure: Vec<&str> = commands
        .iter()
        .filter(|command| command.is_sure)
        .filter_map(Command::installs)
        .flatten()
        .collect();
    ALL.into_iter().filter(|tool| sure.contains(tool)).collect()
}
