//! A table's text: where each byte stands in it, and findings at such places.

use std::ops::Range;

use crate::finding::{Finding, Severity};
use crate::rules::Rule;

/// A table's text and what it is called.
#[derive(Clone, Debug)]
pub struct Source {
    /// What findings call the file.
    pub path: String,
    /// The text, without a byte order mark.
    pub text: String,
    lines: Vec<usize>,
}

impl Source {
    /// A text and what findings call it.
    pub fn new(path: &str, text: &str) -> Self {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text).to_owned();
        let lines = std::iter::once(0)
            .chain(
                text.bytes().enumerate().filter(|&(_, byte)| byte == b'\n').map(|(at, _)| at + 1),
            )
            .collect();
        Self { path: path.to_owned(), text, lines }
    }

    /// The start of the character that a byte belongs to.
    fn boundary(&self, offset: usize) -> usize {
        let offset = offset.min(self.text.len());
        (0..=offset).rev().find(|&at| self.text.is_char_boundary(at)).unwrap_or(0)
    }

    /// The line and column of a byte, from 1, the column in characters.
    pub fn place(&self, offset: usize) -> (usize, usize) {
        let offset = self.boundary(offset);
        let line = self.lines.partition_point(|&start| start <= offset);
        (line, self.text[self.lines[line - 1]..offset].chars().count() + 1)
    }

    /// The line that a place starts in: its text without the line's end, and the part of it that
    /// the place covers.
    pub fn line_at(&self, span: &Range<usize>) -> (&str, Range<usize>) {
        let start = self.boundary(span.start);
        let line = self.lines.partition_point(|&start_of| start_of <= start);
        let first = self.lines[line - 1];
        let end = self.lines.get(line).map_or(self.text.len(), |&next| next - 1);
        let text = self.text[first..end].trim_end_matches('\r');
        let start = (start - first).min(text.len());
        let end = self.boundary(span.end).saturating_sub(first).clamp(start, text.len());
        (text, start..end)
    }

    /// A finding at a place of this text.
    pub fn finding(
        &self,
        rule: &'static Rule,
        severity: Severity,
        span: Range<usize>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Finding {
        let (line, column) = self.place(span.start);
        Finding {
            line: Some(line),
            column: Some(column),
            span: Some(span),
            ..Finding::about(rule, severity, self.path.clone(), message, help)
        }
    }

    pub(super) fn error(
        &self,
        rule: &'static Rule,
        span: Range<usize>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Finding {
        self.finding(rule, Severity::Error, span, message, help)
    }
}
