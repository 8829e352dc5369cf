//! The regions of a workflow: the lines between a begin and an end marker. Markers are comments on
//! lines of their own; what looks like one in a text is none.

use super::document::{Comment, Document, Node};
use super::lines::Lines;
use crate::emit::workflow::WorkflowTarget;
use crate::finding::{Findings, Severity};
use crate::rules;
use crate::suggest::shown;

/// By this a comment is known to be meant for phasegate.
const MARK: &str = "phasegate:";

/// A line that begins a region.
pub(super) fn begin(name: &str) -> String {
    format!("# {MARK}begin {name}")
}

/// The line that ends a region.
pub(super) const END: &str = "# phasegate:end";

/// A region.
#[derive(Clone, Debug)]
pub(super) struct Region {
    /// What its begin marker calls it.
    pub(super) name: String,
    /// The line of its begin marker, from 1.
    pub(super) begin: usize,
    /// The line of its end marker.
    pub(super) end: usize,
}

impl Region {
    /// Whether a line is one of the region's, markers included.
    pub(super) const fn holds(&self, line: usize) -> bool {
        self.begin <= line && line <= self.end
    }
}

enum Marker<'t> {
    Begin(&'t str),
    End,
}

/// The regions of a workflow, in their order; none where a marker has no counterpart, for then
/// nothing can be said of the lines around it.
pub(super) fn find(
    document: &Document,
    lines: &Lines<'_>,
    target: &WorkflowTarget,
    findings: &mut Findings<'_>,
) -> Option<Vec<Region>> {
    let reports = reports(document, lines, target);
    let mut regions: Vec<Region> = Vec::new();
    let mut open: Option<(&str, usize)> = None;
    let mut ended = 0;
    let mut sound = true;
    for comment in &document.comments {
        if !comment.text.starts_with(MARK) {
            continue;
        }
        let Some(marker) = marker(comment, lines, findings) else {
            sound = false;
            continue;
        };
        let span = lines.span(comment.line);
        match (marker, open) {
            (Marker::Begin(name), None) => open = Some((name, comment.line)),
            (Marker::Begin(name), Some((outer, line))) => {
                sound = false;
                let message = format!(
                    "`{}` begins within `{}`, which begins on line {line} and has not ended",
                    shown(name),
                    shown(outer)
                );
                let report = report_below(&reports, line, comment.line);
                let help = match report {
                    Some(Report { last, .. }) if *last > comment.line => format!(
                        "remove this line, or move it below line {last}: it stands within the \
                         report of `{}`",
                        shown(outer)
                    ),
                    Some(_) | None => format!("end `{}`: {}", shown(outer), ending(report, line)),
                };
                findings.add(rules::NESTED_REGION, Severity::Error, span, message, help);
                open = Some((name, comment.line));
            }
            (Marker::End, Some((name, begin))) => {
                regions.push(Region { name: name.to_owned(), begin, end: comment.line });
                open = None;
            }
            (Marker::End, None) => {
                sound = false;
                let after = ended.max(regions.last().map_or(0, |region| region.end));
                let report = reports.iter().rfind(|r| after < r.first && r.last < comment.line);
                let help = match report {
                    Some(Report { first, .. }) => format!(
                        "put the line that begins the region, as `{}`, right above the report on \
                         line {first}; or remove this one",
                        begin("JOB.start")
                    ),
                    None => "remove it, or put the line that begins the region above it".to_owned(),
                };
                ended = comment.line;
                let message = "a region ends that has not begun";
                findings.add(rules::UNBALANCED_REGION, Severity::Error, span, message, help);
            }
        }
    }
    if let Some((name, line)) = open {
        sound = false;
        let message = format!("the region `{}` does not end", shown(name));
        let help = ending(report_below(&reports, line, usize::MAX), line);
        findings.add(rules::UNBALANCED_REGION, Severity::Error, lines.span(line), message, help);
    }
    sound.then_some(regions)
}

/// The lines of a step that is phasegate's.
struct Report {
    first: usize,
    last: usize,
}

/// Every report of a workflow, in their order: what is not one stands in no region.
fn reports(document: &Document, lines: &Lines<'_>, target: &WorkflowTarget) -> Vec<Report> {
    let steps =
        document.jobs().iter().flat_map(|(_, job)| job.get("steps").map_or(&[][..], Node::items));
    let report = |step: &Node| {
        let first = lines.dash(step.line);
        let last = (first..document.until(step)).rev().find(|&line| document.says(lines, line));
        Report { first, last: last.unwrap_or(first) }
    };
    steps.filter(|step| is_phasegates(step, target)).map(report).collect()
}

/// The first report between two lines.
fn report_below(reports: &[Report], after: usize, before: usize) -> Option<&Report> {
    reports.iter().find(|report| after < report.first && report.first < before)
}

/// How a region is ended that begins on a line: directly below its report, for whatever else it held
/// is somebody's own.
fn ending(report: Option<&Report>, begin: usize) -> String {
    match report {
        Some(Report { last, .. }) => {
            format!("put `{END}` on a line of its own right below its report, after line {last}")
        }
        None => format!("put `{END}` on a line of its own right below line {begin}"),
    }
}

/// What a comment that is meant for phasegate says; none where it is no marker.
fn marker<'t>(
    comment: &'t Comment,
    lines: &Lines<'_>,
    findings: &mut Findings<'_>,
) -> Option<Marker<'t>> {
    let span = lines.span(comment.line);
    let line = lines.line(comment.line);
    if !line.trim_start().starts_with('#') {
        let message = "a marker stands behind something else";
        let help = "put it on a line of its own";
        findings.add(rules::BAD_MARKER, Severity::Error, span, message, help);
        return None;
    }
    if line.trim_start_matches(' ').starts_with('\t') {
        let message = "a marker is indented by a tab";
        let help = "indent it by spaces, as the steps next to it: YAML knows no tabs there";
        findings.add(rules::BAD_MARKER, Severity::Error, span, message, help);
        return None;
    }
    let mut words = comment.text.split_whitespace();
    let marker = match (words.next(), words.next(), words.next()) {
        (Some("phasegate:begin"), Some(name), None) => Some(Marker::Begin(name)),
        (Some("phasegate:end"), None, None) => Some(Marker::End),
        (_, _, _) => None,
    };
    if marker.is_none() {
        let message = format!("`# {}` is no marker", shown(&comment.text));
        let help = format!("a region stands between `{}` and `{END}`", begin("JOB.start"));
        findings.add(rules::BAD_MARKER, Severity::Error, span, message, help);
    }
    marker
}

/// Whether a step is a report as this table or another version of it has it: it uses the action, or
/// one by another name that is asked as it is.
pub(super) fn is_phasegates(step: &Node, target: &WorkflowTarget) -> bool {
    fn action(uses: &str) -> &str {
        uses.split_once('@').map_or(uses, |(action, _)| action)
    }
    let Some(uses) = step.get("uses").and_then(Node::text) else { return false };
    let is_given = |key: &str| step.get("with").is_some_and(|with| with.get(key).is_some());
    let is_asked_so = is_given("job") && is_given("id") && is_given("url");
    action(uses) == action(&target.action)
        || (is_asked_so && (is_given("state") || is_given("outcome")))
}
