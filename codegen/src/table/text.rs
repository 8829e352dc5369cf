//! A text, a row, and their places in the file; and what a text has to be to be a name.

use std::collections::BTreeSet;
use std::ops::Range;

use schemars::JsonSchema;
use toml::Spanned;

/// A text and its place.
pub type Text = Spanned<String>;

/// Stands in for a text that could not be read. The reader sees to it that no text of a file is
/// this one.
pub(crate) const LOST: &str = "\0";

/// PostgreSQL cuts longer identifiers and refuses longer labels.
pub(crate) const MAX_NAME: usize = 63;

/// `^[A-Za-z_][A-Za-z0-9_-]*$`
pub(crate) fn is_job_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
}

/// A row and its place.
#[derive(Clone, Debug)]
pub struct Placed<T> {
    /// The row.
    pub row: T,
    /// Its bytes.
    pub span: Range<usize>,
    /// The keys of which something could not be read: what they seem to say is not what the file
    /// says.
    pub lost: BTreeSet<String>,
}

impl<T> Placed<T> {
    /// Whether something under this key could not be read.
    pub(crate) fn has_lost(&self, key: &str) -> bool {
        self.lost.contains(key)
    }
}

impl<T> std::ops::Deref for Placed<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.row
    }
}

impl<T: JsonSchema> JsonSchema for Placed<T> {
    fn inline_schema() -> bool {
        T::inline_schema()
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        T::schema_name()
    }
    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        T::json_schema(generator)
    }
}
