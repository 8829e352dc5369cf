//! What a version's own table does wrong, whatever it runs beside.

use super::{Changes, Explains, Pair, Side};
use crate::verify::refuted_alone;

/// Of the newer version all that is wrong, of the older one what the newer one mends: that is how it
/// is today, and no mix's doing; and neither is what both do wrong.
pub(super) fn refuted(pair: &Pair<'_>, changes: &mut Changes) {
    let [old, new] = [Side::Old, Side::New].map(|side| -> Vec<&str> {
        refuted_alone(pair.machine(side)).into_iter().map(|(_, name, _)| name).collect()
    });
    let (mended, kept): (Vec<&str>, Vec<&str>) =
        old.into_iter().partition(|name| !new.contains(name));
    let added: Vec<&str> = new.into_iter().filter(|name| !kept.contains(name)).collect();
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
        let explains = Explains { alone, today: is_both, ..Explains::default() };
        let at = version.table.machine.name.span();
        changes.tell(side, at, format!("alone {names}"), message, explains);
    }
}
