//! By what events are ordered: integers, decimals, times or texts, all of one kind.

use std::fmt;
use std::sync::{Arc, OnceLock};

use crate::batch::Key;
use crate::time;

/// What the values of an order are.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    /// Whole numbers.
    Integer,
    /// Other numbers.
    Decimal,
    /// Times.
    Time,
    /// Texts, byte by byte.
    Text,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Integer => "whole number",
            Self::Decimal => "number",
            Self::Time => "time",
            Self::Text => "text",
        })
    }
}

/// The kind that the first value of all sources has.
#[derive(Clone, Debug, Default)]
pub(crate) struct Kinds(Arc<OnceLock<Kind>>);

impl Kinds {
    /// The key that a text is.
    ///
    /// # Errors
    /// Where it is none of the kind of the others: that.
    pub(crate) fn key(&self, text: &[u8]) -> Result<Key, Kind> {
        let kind = *self.0.get_or_init(|| kind(text));
        let shown = std::str::from_utf8(text).ok();
        let number = match kind {
            Kind::Integer => shown.and_then(|text| text.trim().parse().ok()),
            Kind::Decimal => shown.and_then(|text| text.trim().parse().ok()).map(of_decimal),
            Kind::Time => shown.and_then(time::of_text),
            Kind::Text => return Ok(Key::Text(text.into())),
        };
        number.map(Key::Number).ok_or(kind)
    }

    /// Whether the others are of this kind, too.
    ///
    /// # Errors
    /// Where they are not: theirs.
    pub(crate) fn agree(&self, kind: Kind) -> Result<(), Kind> {
        let others = *self.0.get_or_init(|| kind);
        if others == kind { Ok(()) } else { Err(others) }
    }
}

fn kind(text: &[u8]) -> Kind {
    let Ok(text) = std::str::from_utf8(text) else { return Kind::Text };
    let text = text.trim();
    if text.parse::<i64>().is_ok() {
        return Kind::Integer;
    }
    if text.parse::<f64>().is_ok() {
        return Kind::Decimal;
    }
    if time::of_text(text).is_some() { Kind::Time } else { Kind::Text }
}

/// A number that is ordered as a decimal is.
pub(crate) fn of_decimal(number: f64) -> i64 {
    let bits = number.to_bits().cast_signed();
    // Below zero the larger magnitude comes first.
    bits ^ (((bits >> 63).cast_unsigned()) >> 1).cast_signed()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_value_says_of_what_kind_all_are() {
        let key = |kinds: &Kinds, text: &str| kinds.key(text.as_bytes());
        let integers = Kinds::default();
        assert_eq!(key(&integers, "9"), Ok(Key::Number(9)));
        let sorts = |kinds: &Kinds, a, b| key(kinds, a).unwrap() < key(kinds, b).unwrap();
        assert!(sorts(&integers, "9", "10"));
        assert_eq!(key(&integers, "1.5"), Err(Kind::Integer));
        assert_eq!(integers.agree(Kind::Time), Err(Kind::Integer));
        let decimals = Kinds::default();
        let numbers = ["-1e9", "-1.5", "-0.25", "0", "0.5", "2", "10"];
        let mut keys: Vec<_> = Vec::new();
        for number in ["0.5", "10", "-0.25", "-1e9", "2", "-1.5", "0"] {
            keys.push((key(&decimals, number).unwrap(), number));
        }
        keys.sort();
        assert_eq!(keys.iter().map(|(_, number)| *number).collect::<Vec<_>>(), numbers);
        let times = Kinds::default();
        assert!(sorts(&times, "2026-01-02T03:04:05Z", "2026-01-02 03:04:05.5+00"));
        assert_eq!(key(&times, "later"), Err(Kind::Time));
        let texts = Kinds::default();
        assert!(sorts(&texts, "b", "c") && sorts(&texts, "10", "9"));
    }
}
