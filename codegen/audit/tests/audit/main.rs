//! Audits of small histories, as files.
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod histories;
mod oracle;
mod sources;
mod troubles;
