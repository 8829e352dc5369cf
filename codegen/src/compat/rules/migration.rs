//! What no migration can do, in the words of what writes them.

use super::states::way_to_leave;
use super::{Apart, Changes, Pair, Side, leaving};
use crate::emit::sql::{Dialect, Impossible, Sql, migrations};
use crate::suggest;

/// What keeps `migrate` from a way from the older table to the newer one, where both are a database's.
pub(super) fn refused(pair: &Pair<'_>, changes: &mut Changes) {
    let [old, new] = [Side::Old, Side::New].map(|side| pair.machine(side));
    if old.targets.sql().is_none() || new.targets.sql().is_none() {
        return;
    }
    let mut reported: Vec<String> = Vec::new();
    for dialect in [Dialect::Postgres, Dialect::Sqlite] {
        for impossible in migrations(&[old], new, dialect).err().unwrap_or_default() {
            let message = impossible.to_string();
            if reported.contains(&message) {
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
            let removed = match &impossible {
                Impossible::Removed { state } => pair.machine(Side::Old).find(state),
                Impossible::Taken { .. }
                | Impossible::Ambiguous { .. }
                | Impossible::Renumbered { .. }
                | Impossible::Target { .. } => None,
            };
            match removed {
                Some(id) => {
                    let name = &pair.machine(Side::Old).state(id).name;
                    changes.comes_of(leaving::of_state(pair, id));
                    changes.way(format!(
                        "{}; or, where it has another name now, say `renamed_from = {}` there",
                        way_to_leave(pair, id),
                        suggest::toml(name)
                    ));
                }
                None => changes.way(impossible.help()),
            }
            reported.push(message);
        }
    }
}
