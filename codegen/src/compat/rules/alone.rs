//! What a version's own table does wrong, whatever it runs beside.

use std::collections::BTreeSet;

use super::{Apart, Changes, Pair, Side};
use crate::compat::facts::Fact;
use crate::verify::{Refuted, refuted_alone};

/// Of the newer version all that is wrong, of the older one what the newer one mends: that is how it
/// is today, and no mix's doing; and neither is what both do wrong.
pub(super) fn refuted(pair: &Pair<'_>, changes: &mut Changes) {
    let [old, new] = [Side::Old, Side::New].map(|side| refuted_alone(pair.machine(side)));
    let like = |one: &Refuted, all: &[Refuted]| -> Option<usize> {
        all.iter().position(|other| other.rule == one.rule)
    };
    let (mut added, mut kept) = (Vec::new(), Vec::new());
    for one in &new {
        let Some(older) = like(one, &old) else {
            added.push(one.rule.id);
            continue;
        };
        let beside = one.beside(&old[older]);
        match beside.first() {
            None => kept.push(one.rule.id),
            Some(case) => {
                let (name, path, wrong) = (one.rule.id, &pair.new.source.path, &case.summary);
                let all: BTreeSet<&str> = beside.iter().map(|case| case.summary.as_str()).collect();
                let all: Vec<&str> = all.into_iter().collect();
                let message = format!(
                    "this table alone refutes {name} (`phasegate verify {path}`) in a way that the \
                     older one does not: {wrong} ({})",
                    case.path.join("; ")
                );
                let at = pair.new.table.machine.name.span();
                let subject = format!("alone {name} otherwise: {}", all.join("; "));
                changes.tell(Side::New, at, subject, message, [Fact::Refuted]);
                changes.apart(Apart::Alone);
            }
        }
    }
    let mended: Vec<&str> =
        old.iter().filter(|one| like(one, &new).is_none()).map(|one| one.rule.id).collect();
    let sides = [
        (Side::New, pair.new, added, ""),
        (
            Side::New,
            pair.new,
            kept.clone(),
            "; so does the older one: it is so today, and no mix's doing",
        ),
        (
            Side::Old,
            pair.old,
            mended,
            "; it is so today and no mix's doing, and the newer one mends it",
        ),
    ];
    for (side, version, names, today) in
        sides.into_iter().filter(|(_, _, names, _)| !names.is_empty())
    {
        let is_both = names == kept;
        let (names, path) = (names.join(", "), &version.source.path);
        let message =
            format!("this table alone refutes {names} (`phasegate verify {path}`){today}");
        let alone = side == Side::New && !is_both;
        let fact = alone.then_some(Fact::Refuted);
        let at = version.table.machine.name.span();
        changes.tell(side, at, format!("alone {names}"), message, fact);
        if is_both {
            changes.apart(Apart::Today);
        } else if alone {
            changes.apart(Apart::Alone);
        }
    }
}
