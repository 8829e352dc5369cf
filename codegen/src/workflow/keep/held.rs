//! Whether all that stands in a region is phasegate's: one report, in whatever state. Anything else
//! is somebody's own, be it that markers were lost in a merge, and is left.

use super::document::Node;
use super::reading::{Reading, WrittenJob};
use super::regions::{END, Region, is_phasegates};
use crate::finding::{Findings, Severity};
use crate::rules;
use crate::suggest::shown;

/// The keys of a report: what stands at them is the table's, whatever was typed there. No other
/// key was ever written by phasegate.
const KEYS: [&str; 7] =
    ["name", "id", "if", "continue-on-error", "timeout-minutes", "uses", "with"];

/// What a region holds that is not phasegate's.
pub(super) struct Own {
    /// The line that it stands on, from 1.
    line: usize,
    message: String,
    help: String,
}

impl<'r> Reading<'r> {
    /// The first thing in a region among a job's steps that is not phasegate's.
    pub(super) fn own_text(&self, region: &Region) -> Option<Own> {
        let steps = self.job_at(region.begin).and_then(|job| self.steps(job))?;
        let name = shown(&region.name);
        let own = |line, message: String, help: String| Some(Own { line, message, help });
        let within: Vec<&(usize, &Node)> =
            steps.all.iter().filter(|(line, _)| region.holds(*line)).collect();
        let first = within.first().map(|(line, _)| *line);
        let said = (region.begin + 1..region.end).find(|&line| self.says(line));
        if let Some(line) = said.filter(|_| said != first) {
            let message = format!("the region `{name}` holds lines of the step above it");
            return own(line, message, format!("move its first line below them: {WRITTEN}"));
        }
        let lost = || {
            format!(
                "put `{END}` back above it and the line that begins the next region below it, \
                 where these were lost; else move it out of the region: {WRITTEN}"
            )
        };
        if let Some((line, _)) = within.iter().find(|(_, step)| !is_phasegates(step, self.target)) {
            let message = format!("a step of your own stands in the region `{name}`");
            return own(*line, message, lost());
        }
        if let Some((line, _)) = within.get(1) {
            let message = format!("a second report stands in the region `{name}`");
            let help = format!(
                "put `{END}` back right below line {}, and the line that begins the next region \
                 right above line {line}, where these were lost; else remove one of the two: {WRITTEN}",
                self.last_line(first.unwrap_or(region.begin), *line)
            );
            return own(*line, message, help);
        }
        let report = within.first().copied().copied();
        if let Some(comment) = self.comment_between(region.begin, region.end) {
            return Some(self.own_comment(region, report, comment));
        }
        let (line, step) = report?;
        if let Some(key) = own_key(step) {
            let key_name = shown(key.text().unwrap_or_default());
            let message =
                format!("the report in the region `{name}` has a key of your own, `{key_name}`");
            let help = format!("remove it, or write it in the job's, not in the report: {WRITTEN}");
            return own(key.line, message, help);
        }
        let line = (region.end + 1..steps.after(line)).find(|&line| self.says(line))?;
        let message = format!("the report in the region `{name}` goes on below its end");
        own(line, message, format!("move `{END}` below its last line: {WRITTEN}"))
    }

    /// The line of the first comment, on a line of its own or behind something, between two lines.
    /// No report was ever written with one.
    pub(super) fn comment_between(&self, after: usize, before: usize) -> Option<usize> {
        let mut lines = self.document.comments.iter().map(|comment| comment.line);
        lines.find(|&line| after < line && line < before)
    }

    fn own_comment(&self, region: &Region, report: Option<(usize, &'r Node)>, line: usize) -> Own {
        let message =
            format!("a comment of your own stands in the region `{}`", shown(&region.name));
        let last = report.map_or(region.begin, |(first, _)| self.last_line(first, region.end));
        let help = if line > last {
            format!(
                "move the `{END}` of line {} up, right below line {last}: {WRITTEN}",
                region.end
            )
        } else {
            format!("move it out of the region: {WRITTEN}")
        };
        Own { line, message, help }
    }

    /// Says what a region holds that is not phasegate's; whether there is such.
    pub(super) fn judge_own_text(&self, region: &Region, findings: &mut Findings<'_>) -> bool {
        let own = self.own_text(region);
        if let Some(Own { line, message, help }) = own {
            let span = self.lines.span(line);
            findings.add(rules::OWN_TEXT_IN_REGION, Severity::Error, span, message, help);
            return true;
        }
        false
    }

    /// A region among a job's steps that holds what is not phasegate's.
    pub(super) fn mixed_region(&self, job: WrittenJob<'r>) -> Option<&Region> {
        let is_mixed = |r: &&Region| self.stands_in(r, job) && self.own_text(r).is_some();
        self.regions.iter().find(is_mixed)
    }
}

/// Why nothing else may stand in a region.
const WRITTEN: &str = "what stands between its markers is written anew";

/// The first key of a step that no report has.
pub(super) fn own_key(step: &Node) -> Option<&Node> {
    let is_own = |key: &&Node| !key.text().is_some_and(|key| KEYS.contains(&key));
    step.entries().iter().map(|(key, _)| key).find(is_own)
}
