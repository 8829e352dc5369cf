//! A workflow's file, as it was read.

use super::MARK;

/// A workflow's file.
#[derive(Clone)]
pub(super) struct File {
    /// Its path from the root.
    pub(super) path: String,
    /// Its path from the root of the repository, where workflows lie, wherever the table's root is.
    pub(super) from_root: String,
    /// Its path as findings have it.
    pub(super) shown: String,
    /// Its text.
    pub(super) text: String,
}

impl File {
    /// Its text without a byte order mark.
    pub(super) fn body(&self) -> &str {
        self.text.strip_prefix(MARK).unwrap_or(&self.text)
    }
}
