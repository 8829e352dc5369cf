//! What the reader refuses: the findings that a document, a section and a row have in common.

use std::ops::Range;

use toml::Spanned;
use toml::de::DeValue;

use super::Source;
use crate::finding::{Finding, Findings};
use crate::rules::{self, Rule};
use crate::suggest;

/// A value of the document and its place.
pub(crate) type Value<'i> = Spanned<DeValue<'i>>;

/// What could not be read so far.
#[derive(Debug)]
pub struct Refusals<'s> {
    findings: Findings<'s>,
}

impl<'s> Refusals<'s> {
    pub(super) const fn of(source: &'s Source) -> Self {
        Self { findings: Findings::new(source) }
    }

    pub(super) fn finish(self) -> Vec<Finding> {
        self.findings.finish()
    }

    pub(super) fn add(
        &mut self,
        rule: &'static Rule,
        span: Range<usize>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.findings.error(rule, span, message, help);
    }

    pub(super) fn wrong_type(&mut self, span: Range<usize>, found: &str, key: &str, wanted: &str) {
        let message = format!("`{key}` is {}, not {wanted}", with_article(found));
        self.add(rules::WRONG_TYPE, span, message, format!("write {wanted}"));
    }

    pub(super) fn unknown_keys<'k>(
        &mut self,
        keys: impl Iterator<Item = (Range<usize>, &'k str)>,
        what: &str,
        known: &[&str],
    ) {
        // In the order of the file; a parsed table is in the order of its keys.
        let mut keys: Vec<_> = keys.collect();
        keys.sort_by_key(|(span, _)| span.start);
        for (span, key) in keys {
            if self.findings.is_full() {
                self.add(rules::UNKNOWN_KEY, span, "", "");
                continue;
            }
            let near = suggest::nearest(key, known.iter().copied());
            let known = suggest::list(known);
            let help = match near {
                Some(near) => format!("did you mean `{near}`? The keys are {known}"),
                None => format!("the keys are {known}"),
            };
            let message = format!("`{}` is not a key of {what}", suggest::shown(key));
            self.add(rules::UNKNOWN_KEY, span, message, help);
        }
    }
}

/// A kind of value as a message has it.
fn with_article(kind: &str) -> String {
    let kind = if kind == "datetime" { "date" } else { kind };
    match kind.chars().next() {
        Some('a' | 'e' | 'i' | 'o') => format!("an {kind}"),
        Some(_) | None => format!("a {kind}"),
    }
}
