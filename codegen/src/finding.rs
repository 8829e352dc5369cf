//! What falls short of something: a finding, and the three ways in which findings are shown.

use std::fmt::Write as _;
use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use serde::Serialize;

use crate::table::Source;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// It fails the run.
    Error,
    /// It fails nothing.
    Warning,
}

/// One thing that falls short, where it stands, and what would be right.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Finding {
    /// The rule's stable id.
    pub rule: &'static str,
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
    #[serde(skip)]
    pub span: Option<Range<usize>>,
}

impl Finding {
    /// A finding about a whole file.
    pub fn about(
        rule: &'static str,
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
        }
    }

    /// Whether it fails the run.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

/// How findings are shown.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum))]
pub enum Format {
    /// For people: the source line, a caret, the help.
    #[default]
    Text,
    /// One JSON object.
    Json,
    /// Workflow annotations.
    Github,
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
        let title = level.primary_title(&finding.message).id(finding.rule);
        let excerpt = source.zip(finding.span.as_ref()).map(|(source, span)| {
            let (line, bytes) = source.lines_of(span);
            let within = visible(&source.text[bytes.clone()], span, bytes.start);
            (line, &source.text[bytes], within)
        });
        let mut group = match excerpt {
            Some((line, text, span)) => Group::with_title(title).element(
                Snippet::source(text)
                    .path(&finding.path)
                    .line_start(line)
                    .annotation(AnnotationKind::Primary.span(span)),
            ),
            None => {
                Group::with_title(title).element(annotate_snippets::Origin::path(&finding.path))
            }
        };
        if !finding.help.is_empty() {
            group = group.element(Level::HELP.message(&finding.help));
        }
        writeln!(out, "{}\n", renderer.render(&[group]))
            .expect("a string takes all that is written");
    }
    out
}

/// The part of a span that a caret can stand under: on its first line, from the excerpt's start.
fn visible(excerpt: &str, span: &Range<usize>, offset: usize) -> Range<usize> {
    let start = span.start.saturating_sub(offset).min(excerpt.len());
    let end = span.end.saturating_sub(offset).clamp(start, excerpt.len());
    let line_end = excerpt[start..end].find(['\r', '\n']).map_or(end, |at| start + at);
    start..line_end
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
            property(finding.rule),
            data(&format!("{}\n{}", finding.message, finding.help)),
        )
        .expect("a string takes all that is written");
    }
    out
}

/// The value of an annotation's property, escaped.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

/// An annotation's message, escaped.
fn data(text: &str) -> String {
    text.trim_end().replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}
