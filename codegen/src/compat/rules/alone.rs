//! What a version's own table does wrong, whatever it runs alongside.

use std::collections::BTreeSet;

use super::{Apart, Changes, Pair, Side};
use crate::compat::facts::Fact;
use crate::verify::Refuted;

/// Of the newer version all that is wrong, of the older one what the newer one mends: that is how it
/// is today, and comes of no mix; nor does what both do wrong.
pub(super) fn refuted(pair: &Pair<'_>, changes: &mut Changes) {
    let sides = [Side::Old, Side::New];
    let [old, new] = sides.map(|side| pair.refuted[side as usize].as_slice());
    fn like<'r>(one: &Refuted, all: &'r [Refuted]) -> Option<&'r Refuted> {
        all.iter().find(|other| other.rule == one.rule)
    }
    let [at_old, at_new] = sides.map(|side| pair.version(side).table.machine.name.span());
    let (mut added, mut kept) = (Vec::new(), Vec::new());
    for one in new.iter().filter(|one| !one.follows) {
        let name = one.rule.id;
        let Some(older) = like(one, old) else {
            added.push(name);
            continue;
        };
        let beside = one.beside(older);
        let Some(case) = beside.first() else {
            kept.push(name);
            continue;
        };
        let all: BTreeSet<&str> = beside.iter().map(|case| case.summary.as_str()).collect();
        let all: Vec<&str> = all.into_iter().collect();
        let message = format!(
            "this table refutes {name} by itself (`phasegate verify {}`) in a way that the older \
             one does not: {} ({})",
            pair.new.source.path,
            case.summary,
            case.path.join("; ")
        );
        let subject = format!("alone {name} otherwise: {}", all.join("; "));
        changes.add(Side::New, at_new.clone(), subject, message, [Fact::Refuted]);
        changes.apart(Apart::Alone);
        changes.way(way(&pair.new.source.path));
    }
    let mended = old.iter().filter(|one| !one.follows && like(one, new).is_none());
    let mended = mended.map(|one| one.rule.id).collect();
    let mut add = |side, at, names: Vec<&str>, today: &str, fact: Option<Fact>, apart| {
        if !names.is_empty() {
            let (names, path) = (names.join(", "), &pair.version(side).source.path);
            let message =
                format!("this table refutes {names} by itself (`phasegate verify {path}`){today}");
            changes.add(side, at, format!("alone {names}"), message, fact);
            changes.way(way(path));
            changes.all.last_mut().expect("it was added").apart = apart;
        }
    };
    let alone = Some(Apart::Alone);
    add(Side::New, at_new.clone(), added, "", Some(Fact::Refuted), alone);
    let today = "; so does the older one: it is so today, and comes of no mix";
    add(Side::New, at_new, kept, today, None, Some(Apart::Today));
    let today = "; it is so today and comes of no mix, and the newer one mends it";
    add(Side::Old, at_old, mended, today, None, None);
}

/// What to do about what a table does wrong by itself.
fn way(path: &str) -> String {
    format!(
        "mend the table first: `phasegate verify {path}` says how it comes to that, and what to do"
    )
}
