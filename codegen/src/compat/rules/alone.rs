//! What a version's own table does wrong, whatever it runs beside.

use super::{Changes, Explains, Pair, Side};
use crate::verify::refuted_alone;

/// Of the newer version all that is wrong, of the older one what the newer one mends: that is how it
/// is today, and no mix's doing.
pub(super) fn refuted(pair: &Pair<'_>, changes: &mut Changes) {
    let [old, new] = [Side::Old, Side::New].map(|side| -> Vec<&str> {
        refuted_alone(pair.machine(side)).into_iter().map(|(_, name, _)| name).collect()
    });
    let mended: Vec<&str> = old.into_iter().filter(|name| !new.contains(name)).collect();
    let sides = [
        (Side::New, pair.new, new, ""),
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
        let (names, path) = (names.join(", "), &version.source.path);
        let message =
            format!("this table alone refutes {names} (`phasegate verify {path}`){today}");
        let explains = Explains { alone: side == Side::New, ..Explains::default() };
        let at = version.table.machine.name.span();
        changes.tell(side, at, format!("alone {names}"), message, explains);
    }
}
