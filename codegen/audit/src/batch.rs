//! Events in columns: what every source gives, and what is judged.

use std::fmt;

/// Where an event has no time.
pub(crate) const NO_TIME: i64 = i64::MIN;

/// A row's id, as it is compared. A text that is the plain form of a whole number or of a UUID is
/// that number or UUID, whichever source it came from.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) enum Id<'i> {
    /// A whole number.
    Number(i64),
    /// A UUID, in lower case and with hyphens.
    Uuid([u64; 2]),
    /// Any other text, as bytes of UTF-8.
    Text(&'i [u8]),
}

impl<'i> Id<'i> {
    /// The id that a text is.
    pub(crate) fn of(text: &'i [u8]) -> Self {
        if let Some(number) = plain_number(text) {
            return Self::Number(number);
        }
        match plain_uuid(text) {
            Some(uuid) => Self::Uuid(uuid),
            None => Self::Text(text),
        }
    }

    /// The UUID of 16 bytes.
    pub(crate) fn of_uuid(bytes: [u8; 16]) -> Self {
        let number = u128::from_be_bytes(bytes);
        Self::Uuid(halves(number))
    }
}

impl fmt::Display for Id<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Uuid([high, low]) => write!(
                f,
                "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
                high >> 32,
                (high >> 16) & 0xffff,
                high & 0xffff,
                low >> 48,
                low & 0xffff_ffff_ffff
            ),
            Self::Text(text) => f.write_str(&String::from_utf8_lossy(text)),
        }
    }
}

fn halves(number: u128) -> [u64; 2] {
    let half = |number: u128| u64::try_from(number & u128::from(u64::MAX)).unwrap_or_default();
    [half(number >> 64), half(number)]
}

/// A whole number, where its text is the one that it is printed as.
pub(crate) fn plain_number(text: &[u8]) -> Option<i64> {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    let is_negative = digits.len() < text.len();
    let is_plain = match digits {
        [b'0'] => !is_negative,
        [b'1'..=b'9', rest @ ..] => rest.iter().all(u8::is_ascii_digit),
        _ => false,
    };
    if !is_plain {
        return None;
    }
    let digit =
        |number: i64, digit: &u8| number.checked_mul(10)?.checked_sub(i64::from(digit - b'0'));
    let negative = digits.iter().try_fold(0, digit)?;
    if is_negative { Some(negative) } else { negative.checked_neg() }
}

/// A UUID, where its text is in lower case and with hyphens.
fn plain_uuid(text: &[u8]) -> Option<[u64; 2]> {
    if text.len() != 36 {
        return None;
    }
    let mut number = 0_u128;
    for (at, &byte) in text.iter().enumerate() {
        let digit = match (at, byte) {
            (8 | 13 | 18 | 23, b'-') => continue,
            (8 | 13 | 18 | 23, _) => return None,
            (_, b'0'..=b'9') => byte - b'0',
            (_, b'a'..=b'f') => byte - b'a' + 10,
            (_, _) => return None,
        };
        number = number << 4 | u128::from(digit);
    }
    Some(halves(number))
}

/// Texts, one after the other.
#[derive(Clone, Debug, Default)]
pub(crate) struct Texts {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Texts {
    /// One more.
    pub(crate) fn push(&mut self, text: &[u8]) {
        self.bytes.extend_from_slice(text);
        self.ends.push(self.bytes.len());
    }

    /// The text at a place, from 0.
    pub(crate) fn get(&self, at: usize) -> &[u8] {
        let start = if at == 0 { 0 } else { self.ends[at - 1] };
        &self.bytes[start..self.ends[at]]
    }

    /// All of them.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.ends.len()).map(|at| self.get(at))
    }
}

/// The ids of a batch: all of one kind.
#[derive(Clone, Debug)]
pub(crate) enum Ids {
    /// Whole numbers.
    Numbers(Vec<i64>),
    /// UUIDs.
    Uuids(Vec<[u64; 2]>),
    /// Texts.
    Texts(Texts),
}

impl Ids {
    fn of(id: Id<'_>) -> Self {
        match id {
            Id::Number(_) => Self::Numbers(Vec::new()),
            Id::Uuid(_) => Self::Uuids(Vec::new()),
            Id::Text(_) => Self::Texts(Texts::default()),
        }
    }

    /// Adds an id of the same kind; whether it is of that kind.
    fn push(&mut self, id: Id<'_>) -> bool {
        match (self, id) {
            (Self::Numbers(ids), Id::Number(id)) => ids.push(id),
            (Self::Uuids(ids), Id::Uuid(id)) => ids.push(id),
            (Self::Texts(ids), Id::Text(id)) => ids.push(id),
            (
                Self::Numbers(_) | Self::Uuids(_) | Self::Texts(_),
                Id::Number(_) | Id::Uuid(_) | Id::Text(_),
            ) => return false,
        }
        true
    }

    /// The id at a place, from 0.
    pub(crate) fn get(&self, at: usize) -> Id<'_> {
        match self {
            Self::Numbers(ids) => Id::Number(ids[at]),
            Self::Uuids(ids) => Id::Uuid(ids[at]),
            Self::Texts(ids) => Id::Text(ids.get(at)),
        }
    }
}

/// By what events are ordered.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Key {
    /// A number, or a time in microseconds.
    Number(i64),
    /// A text, byte by byte.
    Text(Box<[u8]>),
}

/// One event.
#[derive(Clone, Debug)]
pub(crate) struct Event<'e> {
    /// The row.
    pub id: Id<'e>,
    /// The code of the state, as the vocabulary gives it.
    pub state: u16,
    /// The line or row of the source, from 1.
    pub line: u64,
    /// When, in microseconds since 1970; [`NO_TIME`] where that is not known.
    pub at: i64,
    /// By what it is ordered, where anything is.
    pub key: Option<Key>,
    /// The table that it is judged by, from 0, as the vocabulary numbers them.
    pub table: u16,
}

/// Where the events of a batch stand in their source.
#[derive(Clone, Debug)]
pub(crate) enum Lines {
    /// One after the other from this one.
    From(u64),
    /// Each by itself.
    Each(Vec<u64>),
}

/// Events of one source, in columns of one length.
#[derive(Clone, Debug)]
pub(crate) struct Batch {
    /// The number of the source, from 0.
    pub source: u32,
    /// The sources of each, where they are several: after an ordering.
    pub sources: Vec<u32>,
    /// The rows.
    pub ids: Ids,
    /// The codes of the states.
    pub states: Vec<u16>,
    /// The places in the source.
    pub lines: Lines,
    /// The times in microseconds since 1970, or nothing where there are none.
    pub at: Vec<i64>,
    /// What they are ordered by, or nothing.
    pub keys: Vec<Key>,
    /// The tables that they are judged by, or nothing where it is the first.
    pub tables: Vec<u16>,
    /// What is wrong in front of the first of them.
    pub troubles: Vec<Trouble>,
}

impl Batch {
    /// One without events.
    pub(crate) const fn new(source: u32) -> Self {
        Self {
            source,
            sources: Vec::new(),
            ids: Ids::Numbers(Vec::new()),
            states: Vec::new(),
            lines: Lines::From(1),
            at: Vec::new(),
            keys: Vec::new(),
            tables: Vec::new(),
            troubles: Vec::new(),
        }
    }

    /// How many events it has.
    pub(crate) fn len(&self) -> usize {
        self.states.len()
    }

    /// Whether it has none.
    pub(crate) fn is_empty(&self) -> bool {
        self.states.is_empty()
    }

    /// Adds an event; whether its id is of the kind that the others have.
    pub(crate) fn push(&mut self, event: &Event<'_>) -> bool {
        if self.is_empty() {
            self.ids = Ids::of(event.id);
            self.lines = Lines::Each(Vec::new());
        }
        if !self.ids.push(event.id) {
            return false;
        }
        self.states.push(event.state);
        self.at.push(event.at);
        self.tables.push(event.table);
        self.keys.extend(event.key.clone());
        if let Lines::Each(lines) = &mut self.lines {
            lines.push(event.line);
        }
        true
    }

    /// The place of an event in its source.
    pub(crate) fn line(&self, at: usize) -> u64 {
        match &self.lines {
            Lines::From(first) => first + at as u64,
            Lines::Each(lines) => lines[at],
        }
    }

    /// The number of the source of an event.
    pub(crate) fn source(&self, at: usize) -> u32 {
        self.sources.get(at).copied().unwrap_or(self.source)
    }
}

/// What is wrong with a place of a source, other than a step that is not legal.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Trouble {
    /// What kind it is.
    pub kind: TroubleKind,
    /// The number of the source, from 0.
    pub source: u32,
    /// The line or row, from 1, where there is one.
    pub line: Option<u64>,
    /// What is wrong, in words.
    pub message: String,
}

/// The kinds of trouble.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum TroubleKind {
    /// A row that can't be read, or lacks what it is judged by.
    BadRow,
    /// The source ends in the middle, or a part of it can't be read.
    CutOff,
    /// The time of a row's step is before that of the one before.
    TimeBack,
    /// Its fingerprint is that of no table that is known.
    UnknownTable,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_a_number_or_a_uuid_only_where_its_text_is_the_plain_one() {
        for number in [0, 7, -1, i64::MAX, i64::MIN] {
            assert_eq!(Id::of(number.to_string().as_bytes()), Id::Number(number));
        }
        let uuid = "550e8400-e29b-41d4-a716-446655440000";
        assert!(matches!(Id::of(uuid.as_bytes()), Id::Uuid(_)));
        assert_eq!(Id::of(uuid.as_bytes()).to_string(), uuid);
        for text in [
            "",
            "-",
            "007",
            "+7",
            "-0",
            "1.0",
            "9223372036854775808",
            "-9223372036854775809",
            "99999999999999999999",
            "550E8400-e29b-41d4-a716-446655440000",
            "550e8400-e29b-41d4-a716-44665544000g",
            "550e8400ae29b-41d4-a716-446655440000",
        ] {
            assert_eq!(Id::of(text.as_bytes()), Id::Text(text.as_bytes()), "{text}");
        }
    }
}
