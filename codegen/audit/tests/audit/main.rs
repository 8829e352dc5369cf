//! Audits of small histories, as files.
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

#[path = "../../../../tests/common/cluster.rs"]
mod cluster;
mod databases;
mod histories;
#[path = "../../../../tests/common/mariadb.rs"]
mod mariadb;
mod oracle;
mod sources;
mod troubles;
mod versions;
mod xes;
