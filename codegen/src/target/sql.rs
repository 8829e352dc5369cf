//! The databases: the schema with its guards, and the migrations that lead to it.

use crate::artifact::{Artifact, Header};
use crate::machine::Machine;
use crate::targets::SqlTarget;

/// The columns of an owned table beside its key and its status.
pub(crate) const OWNED_COLUMNS: &[&str] =
    &["ref", "requested_by", "reason", "token_hash", "created_at"];

/// The tables that the target makes or guards.
pub(crate) fn relations(machine: &str, target: &SqlTarget) -> Vec<String> {
    let mut relations = vec![
        target.table.clone(),
        format!("{machine}_states"),
        format!("{machine}_transitions"),
        format!("{machine}_language"),
    ];
    if let Some(events) = &target.events {
        relations.extend([events.clone(), format!("{machine}_reports")]);
    }
    relations
}

/// Every identifier that the target makes.
pub(crate) fn identifiers(machine: &str, target: &SqlTarget) -> Vec<String> {
    let mut identifiers = relations(machine, target);
    identifiers.extend([target.key.clone(), target.column.clone()]);
    identifiers.push(format!("zzz_{machine}_guard"));
    identifiers
}

pub(crate) fn render(_machine: &Machine, _header: &Header) -> Vec<Artifact> {
    Vec::new()
}
