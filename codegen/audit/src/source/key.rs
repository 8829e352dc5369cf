//! A row's id: one column, or the parts of several as one text.

use crate::batch::Id;

/// The id that columns hold; several are each percent-encoded, with `:` between them, as everywhere
/// in phasegate. None where a part is NULL.
pub(super) fn join<'i>(
    parts: impl ExactSizeIterator<Item = Option<&'i [u8]>>,
    joined: &'i mut Vec<u8>,
) -> Option<Id<'i>> {
    let mut parts = parts;
    if parts.len() == 1 {
        return parts.next().flatten().map(Id::of);
    }
    joined.clear();
    for (nth, part) in parts.enumerate() {
        if nth > 0 {
            joined.push(b':');
        }
        for &byte in part? {
            match byte {
                b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                    joined.push(byte);
                }
                _ => joined.extend_from_slice(format!("%{byte:02X}").as_bytes()),
            }
        }
    }
    Some(Id::Text(joined))
}
