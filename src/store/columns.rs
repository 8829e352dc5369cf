//! What a row has in addition to its key and its status: what a start gives, and what snapshots and lists show.

use super::conn::{Arg, Row};
use super::error::Error;
use super::shape::Shape;
use crate::ColumnType;
use serde::ser::{Serialize, SerializeMap as _, Serializer};
use serde_json::Value;

/// The values of some columns, in their order. As JSON it is an object.
///
/// ```
/// use phasegate::store::Columns;
///
/// let columns = Columns::from([("ref", "main")]);
/// assert_eq!(columns.get("ref").unwrap(), "main");
/// ```
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Columns(Vec<(String, Value)>);

impl Columns {
    /// The value of a column, where it is among them.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.iter().find(|(column, _)| column == name).map(|(_, value)| value)
    }

    /// Sets the value of a column.
    pub fn insert(&mut self, name: impl Into<String>, value: impl Into<Value>) {
        let (name, value) = (name.into(), value.into());
        match self.0.iter_mut().find(|(column, _)| *column == name) {
            Some((_, place)) => *place = value,
            None => self.0.push((name, value)),
        }
    }

    /// Each column with its value.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }
}

impl<N: Into<String>, V: Into<Value>> FromIterator<(N, V)> for Columns {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(columns: I) -> Self {
        let mut all = Self::default();
        columns.into_iter().for_each(|(name, value)| all.insert(name, value));
        all
    }
}

impl<N: Into<String>, V: Into<Value>, const MANY: usize> From<[(N, V); MANY]> for Columns {
    fn from(columns: [(N, V); MANY]) -> Self {
        columns.into_iter().collect()
    }
}

impl Serialize for Columns {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(Some(self.0.len()))?;
        self.iter().try_for_each(|(name, value)| map.serialize_entry(name, value))?;
        map.end()
    }
}

/// A value as a database takes it.
#[derive(Debug, PartialEq)]
pub(crate) enum Given {
    Text(Option<String>),
    Int(i64),
}

impl<'a> From<&'a Given> for Arg<'a> {
    fn from(given: &'a Given) -> Self {
        match given {
            Given::Text(text) => text.into(),
            Given::Int(int) => (*int).into(),
        }
    }
}

impl ColumnType {
    /// A value of JSON as the database takes it.
    ///
    /// # Errors
    /// Where no such column holds it: what one could hold.
    pub(crate) fn take(self, value: &Value) -> Result<Given, &'static str> {
        if has_nul(value) {
            return Err("no text has a NUL character");
        }
        match (self, value) {
            (_, Value::Null) => Ok(Given::Text(None)),
            (Self::Text, Value::String(text)) => Ok(Given::Text(Some(text.clone()))),
            (Self::Text, _) => Err("it is a text"),
            (Self::Bigint, value) => {
                value.as_i64().map(Given::Int).ok_or("it is a whole number of 64 bits")
            }
            (Self::Timestamptz, Value::String(text)) if is_moment(text.as_bytes()) => {
                Ok(Given::Text(Some(text.to_ascii_uppercase())))
            }
            (Self::Timestamptz, _) => Err("it is a moment such as `2026-01-31T12:00:00Z`"),
            (Self::Jsonb, value) => Ok(Given::Text(Some(value.to_string()))),
        }
    }

    /// That as JSON. What an application's own statement wrote otherwise is shown as it is.
    fn shown(self, text: Option<String>) -> Value {
        let Some(text) = text else { return Value::Null };
        match self {
            Self::Text | Self::Timestamptz => Value::String(text),
            Self::Bigint => text.parse::<i64>().map_or_else(|_| Value::String(text), Value::from),
            Self::Jsonb => serde_json::from_str(&text).unwrap_or(Value::String(text)),
        }
    }
}

/// The columns of the schema that the table has, and what is read of them.
pub(crate) fn shown<'s>(
    columns: &'s [(String, ColumnType)],
    shape: &'s Shape,
) -> impl Iterator<Item = &'s (String, ColumnType)> {
    columns.iter().filter(|(name, _)| shape.columns.contains(name))
}

/// What stands there, from this place of an answer on.
pub(crate) fn read(
    columns: &[(String, ColumnType)],
    shape: &Shape,
    row: &Row,
    first: usize,
) -> sqlx::Result<Columns> {
    let column = |(at, (name, of)): (usize, &(String, ColumnType))| {
        Ok((name.clone(), of.shown(row.text(first + at)?)))
    };
    let all: sqlx::Result<Vec<_>> = shown(columns, shape).enumerate().map(column).collect();
    Ok(Columns(all?))
}

/// The values that a start gives, as the database takes them.
///
/// # Errors
/// [`Error::Column`] for one that the schema does not name, or that could not hold it.
pub(crate) fn given<'s>(
    columns: &'s [(String, ColumnType)],
    shape: &Shape,
    values: &Columns,
) -> Result<Vec<(&'s str, ColumnType, Given)>, Error> {
    let refused = |column: &str, why: &str| Error::Column {
        column: column.to_owned(),
        problem: why.to_owned(),
    };
    let mut given = Vec::new();
    for (name, value) in values.iter() {
        let Some((column, of)) = columns.iter().find(|(column, _)| column == name) else {
            return Err(refused(name, "a start gives none of this name"));
        };
        let taken = of.take(value).map_err(|why| refused(name, why))?;
        // An older database may lack it.
        if shape.columns.contains(name) {
            given.push((column.as_str(), *of, taken));
        }
    }
    Ok(given)
}

fn has_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(values) => values.iter().any(has_nul),
        Value::Object(values) => {
            values.iter().any(|(key, value)| key.contains('\0') || has_nul(value))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Whether a text is a moment as RFC 3339 has it, and as both databases take it: no leap second, no year 0,
/// at most 14 hours from UTC.
fn is_moment(text: &[u8]) -> bool {
    let number = |from: usize, to: usize| {
        let digits = text.get(from..to).filter(|part| part.iter().all(u8::is_ascii_digit))?;
        Some(digits.iter().fold(0, |number, digit| number * 10 + u32::from(digit - b'0')))
    };
    let is = |at: usize, of: &[u8]| text.get(at).is_some_and(|byte| of.contains(byte));
    let within = |from, to, least, most| {
        number(from, to).is_some_and(|number| (least..=most).contains(&number))
    };
    let (Some(year), Some(month)) = (number(0, 4), number(5, 7)) else { return false };
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 if is_leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return false,
    };
    let is_time = year > 0
        && is(4, b"-")
        && is(7, b"-")
        && within(8, 10, 1, days)
        && is(10, b"Tt")
        && within(11, 13, 0, 23)
        && is(13, b":")
        && within(14, 16, 0, 59)
        && is(16, b":")
        && within(17, 19, 0, 59);
    let mut at = 19;
    if is(at, b".") {
        at += 1;
        let digits = text[at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        if !(1..=9).contains(&digits) {
            return false;
        }
        at += digits;
    }
    let rest = text.len().saturating_sub(at);
    let is_utc = rest == 1 && is(at, b"Zz");
    let is_offset = rest == 6
        && is(at, b"+-")
        && is(at + 3, b":")
        && within(at + 4, at + 6, 0, 59)
        && (within(at + 1, at + 3, 0, 13)
            || number(at + 1, at + 3) == Some(14) && number(at + 4, at + 6) == Some(0));
    is_time && (is_utc || is_offset)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn takes_what_the_column_could_hold() {
        let text = |text: &str| Ok(Given::Text(Some(text.to_owned())));
        assert_eq!(ColumnType::Text.take(&json!("a")), text("a"));
        assert_eq!(ColumnType::Text.take(&json!(null)), Ok(Given::Text(None)));
        assert_eq!(ColumnType::Bigint.take(&json!(-7)), Ok(Given::Int(-7)));
        assert_eq!(ColumnType::Jsonb.take(&json!({"a": [1]})), text(r#"{"a":[1]}"#));
        assert_eq!(ColumnType::Jsonb.take(&json!("a")), text("\"a\""));
        for (of, value) in [
            (ColumnType::Text, json!(1)),
            (ColumnType::Text, json!("\0")),
            (ColumnType::Bigint, json!("1")),
            (ColumnType::Bigint, json!(1.5)),
            (ColumnType::Bigint, json!(u64::MAX)),
            (ColumnType::Timestamptz, json!(0)),
            (ColumnType::Jsonb, json!([{"a\0": 1}])),
        ] {
            assert!(of.take(&value).is_err(), "{value}");
        }
    }

    #[test]
    fn knows_a_moment() {
        for moment in [
            "2026-01-31T12:00:00Z",
            "2024-02-29t23:59:59.123456z",
            "0001-01-01T00:00:00-13:59",
            "9999-12-31T23:59:59.9+14:00",
        ] {
            assert!(is_moment(moment.as_bytes()), "{moment}");
        }
        for other in [
            "",
            "2026-01-31",
            "2026-01-31T12:00:00",
            "2026-01-31T12:00Z",
            "2026-01-31 12:00:00Z",
            "2026-02-29T12:00:00Z",
            "2026-13-01T12:00:00Z",
            "2026-04-31T12:00:00Z",
            "0000-01-01T00:00:00Z",
            "2026-01-31T24:00:00Z",
            "2026-01-31T12:00:60Z",
            "2026-01-31T12:00:00.Z",
            "2026-01-31T12:00:00Zz",
            "2026-01-31T12:00:00+14:01",
            "2026-01-31T12:00:00+1:00",
            "+026-01-31T12:00:00Z",
        ] {
            assert!(!is_moment(other.as_bytes()), "{other}");
        }
    }
}
