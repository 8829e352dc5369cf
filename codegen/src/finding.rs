//! A finding: what a check reports, and the three ways in which findings are shown.

use std::fmt::Write as _;
use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use serde::ser::{Serialize, SerializeStruct as _, Serializer};

use crate::rules::{self, Rule};
use crate::table::Source;

/// The most findings of one table that are reported; more would be of no help.
pub(crate) const MOST_FINDINGS: usize = 1_000;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// It fails the run.
    Error,
    /// It fails nothing.
    Warning,
}

/// One thing that a check reports: what is wrong, where it stands, and what would be right.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Finding {
    /// The rule that finds it.
    pub rule: &'static Rule,
    /// How bad it is.
    pub severity: Severity,
    /// The file that it stands in.
    pub path: String,
    /// The line, from 1, where there is one.
    pub line: Option<usize>,
    /// The column in characters, from 1, where there is one.
    pub column: Option<usize>,
    /// What is wrong.
    pub message: String,
    /// What would be right.
    pub help: String,
    /// The bytes that it is about.
    pub span: Option<Range<usize>>,
    /// What it is about, where the names in its message don't say that.
    pub subject: Option<String>,
    /// By what it can be accepted, where it can.
    pub fingerprint: Option<String>,
    /// Why it is accepted, where it is.
    pub accepted: Option<String>,
}

impl Serialize for Finding {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut object =
            to.serialize_struct("Finding", 9 + usize::from(self.accepted.is_some()))?;
        object.serialize_field("rule", self.rule.id)?;
        object.serialize_field("severity", &self.severity)?;
        object.serialize_field("path", &self.path)?;
        object.serialize_field("line", &self.line)?;
        object.serialize_field("column", &self.column)?;
        object.serialize_field("message", &self.message)?;
        object.serialize_field("help", &self.help)?;
        object.serialize_field("docs", &self.rule.docs())?;
        object.serialize_field("fingerprint", &self.fingerprint)?;
        if let Some(reason) = &self.accepted {
            object.serialize_field("accepted", reason)?;
        }
        object.end()
    }
}

impl Finding {
    /// A finding about a whole file.
    pub fn about(
        rule: &'static Rule,
        severity: Severity,
        path: impl Into<String>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Self {
        Self {
            rule,
            severity,
            path: path.into(),
            line: None,
            column: None,
            message: message.into(),
            help: help.into(),
            span: None,
            subject: None,
            fingerprint: None,
            accepted: None,
        }
    }

    /// What it is about, in words that no other edit of the file touches: the names in its message,
    /// where nothing else is said.
    pub(crate) fn subject(&self) -> String {
        match &self.subject {
            Some(subject) => subject.clone(),
            None => self.message.split('`').skip(1).step_by(2).collect::<Vec<_>>().join("\n"),
        }
    }

    /// Whether it fails the run.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

/// The findings of one file as they are made.
#[derive(Debug)]
pub struct Findings<'s> {
    source: &'s Source,
    list: Vec<Finding>,
    more: usize,
}

impl<'s> Findings<'s> {
    pub(crate) const fn new(source: &'s Source) -> Self {
        Self { source, list: Vec::new(), more: 0 }
    }

    /// One more; beyond [`MOST_FINDINGS`] it is only counted.
    pub(crate) fn add(
        &mut self,
        rule: &'static Rule,
        severity: Severity,
        span: Range<usize>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        if self.is_full() {
            self.more += 1;
        } else {
            self.list.push(self.source.finding(rule, severity, span, message, help));
        }
    }

    /// One more, of another file.
    pub(crate) fn push(&mut self, finding: Finding) {
        if self.is_full() {
            self.more += 1;
        } else {
            self.list.push(finding);
        }
    }

    /// One more that fails the run.
    pub(crate) fn error(
        &mut self,
        rule: &'static Rule,
        span: Range<usize>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.add(rule, Severity::Error, span, message, help);
    }

    /// Whether one more would only be counted, so that the work of wording it can be spared.
    pub(crate) fn is_full(&self) -> bool {
        self.list.len() >= MOST_FINDINGS
    }

    /// Takes those out that something else says at once, where there are several; whether it did.
    pub(crate) fn take_out(&mut self, is_said: impl Fn(&Finding) -> bool) -> bool {
        let is_one_of_several = self.list.iter().filter(|finding| is_said(finding)).count() > 1;
        if is_one_of_several {
            self.list.retain(|finding| !is_said(finding));
        }
        is_one_of_several
    }

    pub(crate) fn has_errors(&self) -> bool {
        self.list.iter().any(Finding::is_error) || self.more > 0
    }

    /// All that was reported.
    pub(crate) fn finish(mut self) -> Vec<Finding> {
        if let (true, Some(last)) = (self.more > 0, self.list.last()) {
            self.list.push(Finding {
                rule: rules::MORE_FINDINGS,
                severity: Severity::Error,
                message: format!("{} more findings are not shown", self.more),
                help: "mend these first".to_owned(),
                ..last.clone()
            });
        }
        self.list
    }
}

/// Findings for people. `source` is the text that their spans are of; `colour` says whether the
/// terminal takes escapes.
pub fn text(findings: &[Finding], source: Option<&Source>, colour: bool) -> String {
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    let mut out = String::new();
    for finding in findings {
        let level = match finding.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let title = level.primary_title(&finding.message).id(finding.rule.id);
        let mut group = Group::with_title(title);
        if let (Some(source), Some(span), Some(line)) = (source, &finding.span, finding.line) {
            let (text, span) = source.line_at(span);
            let (shown, within) = window(text, &span);
            let snippet = Snippet::source(shown)
                .line_start(line)
                .annotation(AnnotationKind::Primary.span(within));
            group = if shown.len() == text.len() {
                group.element(snippet.path(&finding.path))
            } else {
                // The column is that of the whole line.
                group.element(origin(finding)).element(snippet)
            };
        } else {
            group = group.element(origin(finding));
        }
        if !finding.help.is_empty() {
            group = group.element(Level::HELP.message(&finding.help));
        }
        let fingerprint = finding.fingerprint.as_ref().filter(|_| finding.accepted.is_none());
        let note = fingerprint.map(|fingerprint| format!("fingerprint {fingerprint}"));
        group = group.elements(note.as_ref().map(|note| Level::NOTE.message(note)));
        writeln!(out, "{}\n", renderer.render(&[group]))
            .expect("a string takes all that is written");
    }
    out
}

/// Where a finding stands, as a line of its own.
fn origin(finding: &Finding) -> Origin<'_> {
    let origin = Origin::path(&finding.path);
    match (finding.line, finding.column) {
        (Some(line), Some(column)) => origin.line(line).char_column(column),
        (Some(_) | None, Some(_) | None) => origin,
    }
}

/// So many bytes of a line are shown as they are; of a longer one a part of this length.
const MOST_SHOWN: usize = 400;

/// The part of a line that is shown around a place: a line may have a million characters.
fn window<'s>(line: &'s str, span: &Range<usize>) -> (&'s str, Range<usize>) {
    if line.len() <= MOST_SHOWN {
        return (line, span.clone());
    }
    let start = span.start.saturating_sub(MOST_SHOWN / 4);
    let start = (start..=span.start).find(|&at| line.is_char_boundary(at)).unwrap_or(0);
    let end = (start + MOST_SHOWN).min(line.len());
    let end = (start..=end).rev().find(|&at| line.is_char_boundary(at)).unwrap_or(line.len());
    (&line[start..end], span.start - start..span.end.min(end) - start)
}

/// Findings as workflow annotations.
pub fn github(findings: &[Finding]) -> String {
    let mut out = String::new();
    for finding in findings {
        let command = match finding.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        write!(out, "::{command} file={}", property(&finding.path))
            .expect("a string takes all that is written");
        if let (Some(line), Some(column)) = (finding.line, finding.column) {
            write!(out, ",line={line},col={column}").expect("a string takes all that is written");
        }
        writeln!(
            out,
            ",title={}::{}",
            property(finding.rule.id),
            data(&format!("{}\n{}", finding.message, finding.help)),
        )
        .expect("a string takes all that is written");
    }
    out
}

/// Words about a rule, as a workflow annotation.
pub fn notice(title: &str, text: &str) -> String {
    format!("::notice title={}::{}\n", property(title), data(text))
}

/// The value of an annotation's property, escaped.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

/// An annotation's message, escaped.
fn data(text: &str) -> String {
    text.trim_end().replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}
