//! JSON lines: an object a line. Only the keys that are needed are kept.

use std::borrow::Cow;
use std::fmt;
use std::io::BufRead as _;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};

use super::feed::{Feed, Gone, Written};
use super::input::{Counted, Input};
use super::{Source, key};
use crate::Error;
use crate::columns::{Columns, UsualNames, Wanted};

struct Lines {
    input: Counted,
    /// The first line, which said what keys there are.
    first: Vec<u8>,
    /// The keys that are needed.
    keys: Vec<String>,
    /// Where in them each column is.
    columns: Columns,
    bytes: Option<u64>,
    blank: u64,
}

pub(super) fn open(
    input: Input,
    wanted: &Wanted,
    names: &UsualNames,
) -> Result<Box<dyn Source>, Error> {
    let (name, bytes) = (input.name.clone(), input.bytes);
    let fail = |error: &dyn fmt::Display, line| {
        Error::new(format!("{name}:{line}: not a line of JSON: {error}"))
    };
    let mut input = input.counted();
    let mut first = Vec::new();
    let mut blank = 0;
    loop {
        first.clear();
        let read = input.read_until(b'\n', &mut first).map_err(|error| fail(&error, blank + 1))?;
        if read == 0 || !first.trim_ascii().is_empty() {
            break;
        }
        blank += 1;
    }
    let has: Keys = serde_json::from_slice(&first).map_err(|error| fail(&error, blank + 1))?;
    let found = wanted.find(names, &name, &has.0)?;
    let mut keys = Vec::new();
    let mut keep = |at: usize| {
        keys.push(has.0[at].clone());
        keys.len() - 1
    };
    let columns = found.at(&mut keep);
    Ok(Box::new(Lines { input, first, keys, columns, bytes, blank }))
}

impl Source for Lines {
    fn bytes(&self) -> Option<u64> {
        self.bytes
    }

    fn has_lines(&self) -> bool {
        true
    }

    fn read(self: Box<Self>, feed: &mut Feed) -> Result<(), Gone> {
        let Self { mut input, first: mut text, keys, columns, blank, .. } = *self;
        let mut line = blank + 1;
        let mut joined = Vec::new();
        while !text.is_empty() {
            if !text.trim_ascii().is_empty() {
                judge(&text, line, &keys, &columns, &mut joined, feed)?;
            }
            line += 1;
            text.clear();
            if let Err(error) = input.read_until(b'\n', &mut text) {
                return feed.cut_off(Some(line), format!("it can't be read on: {error}"));
            }
        }
        Ok(())
    }
}

fn judge(
    text: &[u8],
    line: u64,
    keys: &[String],
    columns: &Columns,
    joined: &mut Vec<u8>,
    feed: &mut Feed,
) -> Result<(), Gone> {
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    let values = Needed(keys).deserialize(&mut deserializer).and_then(|values| {
        deserializer.end()?;
        Ok(values)
    });
    let values = match values {
        Ok(values) => values,
        Err(error) if error.is_eof() && !text.ends_with(b"\n") => {
            return feed.cut_off(Some(line), format!("it ends in the middle of a line: {error}"));
        }
        Err(error) => {
            // The line of the text is always the first.
            let error = error.to_string();
            let error = error.split(" at line ").next().unwrap_or_default();
            return feed.bad_row(line, format!("it is no object of JSON: {error}"));
        }
    };
    let value = |at: usize| values[at].as_deref().map(str::as_bytes);
    // The keys may be of one name.
    let of = |at: usize| value(keys.iter().position(|key| *key == keys[at]).unwrap_or(at));
    if !columns.takes(of) {
        return Ok(());
    }
    let id = key::join(columns.id.iter().map(|&at| of(at)), joined);
    feed.written(
        line,
        Written {
            id,
            status: of(columns.status),
            order: columns.order.map(of),
            at: columns.at.and_then(of),
            fingerprint: columns.fingerprint.and_then(of),
        },
    )
}

/// The keys of an object.
struct Keys(Vec<String>);

impl<'de> Deserialize<'de> for Keys {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct KeyNames;
        impl<'de> Visitor<'de> for KeyNames {
            type Value = Keys;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Keys, M::Error> {
                let mut keys = Vec::new();
                while let Some((key, IgnoredAny)) = map.next_entry()? {
                    keys.push(key);
                }
                Ok(Keys(keys))
            }
        }
        from.deserialize_map(KeyNames)
    }
}

/// Reads an object, and keeps the values of these keys as texts; what is null or missing is none.
struct Needed<'k>(&'k [String]);

impl<'de> DeserializeSeed<'de> for Needed<'_> {
    type Value = Vec<Option<Cow<'de, str>>>;
    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
        from.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Needed<'_> {
    type Value = Vec<Option<Cow<'de, str>>>;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }
    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
        let mut values = vec![None; self.0.len()];
        while let Some(Text(key)) = map.next_key()? {
            match self.0.iter().position(|needed| *needed == key) {
                Some(at) => values[at] = map.next_value::<Scalar<'_>>()?.0,
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(values)
    }
}

/// A text, borrowed where it can be.
struct Text<'t>(Cow<'t, str>);

impl<'de: 't, 't> Deserialize<'de> for Text<'t> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Text<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Borrowed(text)))
            }
            fn visit_str<E>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }
        from.deserialize_str(Any)
    }
}

/// A text, a number or a truth value, as a text.
struct Scalar<'s>(Option<Cow<'s, str>>);

impl<'de: 's, 's> Deserialize<'de> for Scalar<'s> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Scalar<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text or a number")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Scalar(Some(Cow::Borrowed(text))))
            }
            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Scalar(Some(Cow::Owned(text.to_owned()))))
            }
            fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
                Ok(Scalar(Some(Cow::Owned(number.to_string()))))
            }
            fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
                Ok(Scalar(Some(Cow::Owned(number.to_string()))))
            }
            fn visit_f64<E>(self, number: f64) -> Result<Self::Value, E> {
                Ok(Scalar(Some(Cow::Owned(number.to_string()))))
            }
            fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
                Ok(Scalar(Some(Cow::Owned(value.to_string()))))
            }
            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(Scalar(None))
            }
        }
        from.deserialize_any(Any)
    }
}
