//! What no migration can do, in the words of what writes them.

use super::{Apart, Changes, Pair, Side};
use crate::emit::sql::{Dialect, Sql, migrations};

/// What keeps `migrate` from a way from the older table to the newer one, where both are a database's.
pub(super) fn refused(pair: &Pair<'_>, changes: &mut Changes) {
    let [old, new] = [Side::Old, Side::New].map(|side| pair.machine(side));
    if old.targets.sql().is_none() || new.targets.sql().is_none() {
        return;
    }
    let mut told: Vec<String> = Vec::new();
    for dialect in [Dialect::Postgres, Dialect::Sqlite] {
        for impossible in migrations(&[old], new, dialect).err().unwrap_or_default() {
            let message = impossible.to_string();
            if told.contains(&message) {
                continue;
            }
            let at = match impossible.state().and_then(|name| new.find(name)) {
                Some(state) => pair.state_at(Side::New, state),
                None => pair.target_at(Side::New, |version| version.table.target.of::<Sql>()),
            };
            let rule = impossible.rule();
            let message_here = format!("`phasegate migrate` refuses this ({}): {message}", rule.id);
            let subject = format!("migrate {} {message}", rule.id);
            changes.add(Side::New, at, subject, message_here, []);
            changes.apart(Apart::Unmigrated);
            changes.way(impossible.help());
            told.push(message);
        }
    }
}
