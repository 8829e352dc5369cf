//! Audits of small histories, as files.
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

#[path = "../../../../tests/common/cluster.rs"]
#[allow(dead_code, unreachable_pub, reason = "a part of it is used")]
mod cluster;
mod databases;
mod histories;
mod oracle;
mod sources;
mod troubles;
