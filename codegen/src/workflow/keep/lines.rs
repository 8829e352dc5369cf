//! A workflow's text by lines, and changes to some of them that leave every other byte as it is.

use std::ops::Range;

/// The lines of a text, each with its end.
#[derive(Debug)]
pub(super) struct Lines<'t> {
    lines: Vec<&'t str>,
}

/// Lines that go in the place of others.
#[derive(Clone, Debug)]
pub(super) struct Edit {
    /// The lines that go, from 0.
    pub(super) at: Range<usize>,
    /// What comes, without the ends of lines.
    pub(super) lines: Vec<String>,
}

impl<'t> Lines<'t> {
    pub(super) fn of(text: &'t str) -> Self {
        Self { lines: text.split_inclusive('\n').collect() }
    }

    /// A line from 1, without its end; an empty one past the last.
    pub(super) fn line(&self, line: usize) -> &'t str {
        line.checked_sub(1)
            .and_then(|at| self.lines.get(at))
            .map_or("", |line| line.trim_end_matches(['\n', '\r']))
    }

    /// The line of the dash that an item of a list stands behind, by the item's line.
    pub(super) fn dash(&self, item: usize) -> usize {
        let is_dash = |line: &usize| self.line(*line).trim_start().starts_with('-');
        (1..=item).rev().find(is_dash).unwrap_or(item)
    }

    /// The bytes of a line from 1 that are not its indentation or its end.
    pub(super) fn span(&self, line: usize) -> Range<usize> {
        let before: usize = self.lines.iter().take(line.saturating_sub(1)).map(|l| l.len()).sum();
        let text = self.line(line);
        let indentation = text.len() - text.trim_start().len();
        before + indentation..before + text.len()
    }

    /// How far a line from 1 is indented.
    pub(super) fn indentation(&self, line: usize) -> usize {
        let text = self.line(line);
        text.len() - text.trim_start_matches(' ').len()
    }

    pub(super) fn is_blank(&self, line: usize) -> bool {
        self.line(line).trim().is_empty()
    }

    /// The lines of a region's content, from 1: their text.
    pub(super) fn between(&self, begin: usize, end: usize) -> Vec<&'t str> {
        (begin + 1..end).map(|line| self.line(line)).collect()
    }

    /// How the line at a place, from 0, ends; as the nearest before it does where it has no end.
    fn end_at(&self, at: usize) -> &'static str {
        let upto = at.min(self.lines.len().saturating_sub(1));
        let ended = self.lines.iter().take(upto + 1).rev().find(|line| line.ends_with('\n'));
        if ended.is_some_and(|line| line.ends_with("\r\n")) { "\r\n" } else { "\n" }
    }

    /// The text with changes made to it, which do not overlap.
    pub(super) fn with(&self, edits: &[Edit]) -> String {
        let mut edits: Vec<&Edit> = edits.iter().collect();
        // Stable: of two that go in at one place, the first stays first.
        edits.sort_by_key(|edit| edit.at.start);
        let mut out = String::new();
        let mut next = 0;
        for edit in edits {
            out.extend(self.lines[next..edit.at.start].iter().copied());
            let end = self.end_at(edit.at.start.saturating_sub(1));
            let is_open = !out.is_empty() && !out.ends_with('\n');
            for line in &edit.lines {
                if is_open {
                    // The last line had no end, and the new last one has none either.
                    out.extend([end, line]);
                } else {
                    out.extend([line, end]);
                }
            }
            next = edit.at.end;
        }
        out.extend(self.lines[next..].iter().copied());
        out
    }
}

/// A text's lines as they stand at a column; empty ones stay empty.
pub(super) fn at_column(text: &str, column: usize) -> Vec<String> {
    crate::workflow::yaml::indented(text, column).lines().map(str::to_owned).collect()
}
