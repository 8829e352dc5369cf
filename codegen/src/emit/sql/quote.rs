//! Texts and identifiers as SQL has them.

pub use phasegate::text::quoted;

/// A text as a SQL literal.
pub fn literal(text: &str) -> String {
    format!("'{}'", escaped(text))
}

/// A text within a SQL literal.
pub(super) fn escaped(text: &str) -> String {
    text.replace('\'', "''")
}
