//! The body that starts a row: who asks for it, and what the row's columns get.

use crate::ColumnType;
use crate::store::{Columns, NAME, Start};
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;
use std::fmt;

/// The longest text of a column, in bytes.
pub(crate) const TEXT: usize = 4096;
/// Who asks for the row, whether or not it has a column for that.
pub(crate) const REQUESTED_BY: &str = "requested_by";

/// Reads the body by the columns that a start may give. Keys that are none of them are passed over.
pub(super) struct New<'s>(pub(super) &'s [(String, ColumnType)]);

impl<'de> DeserializeSeed<'de> for New<'_> {
    type Value = Start;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Start, D::Error> {
        from.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for New<'_> {
    type Value = Start;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Start, A::Error> {
        let mut columns = Columns::default();
        let mut requested_by = None;
        while let Some(key) = map.next_key::<String>()? {
            let column = self.0.iter().find(|(name, _)| *name == key).map(|(_, of)| *of);
            let of = match column {
                Some(of) => of,
                None if key == REQUESTED_BY => ColumnType::Text,
                None => {
                    map.next_value::<IgnoredAny>()?;
                    continue;
                }
            };
            let value = held(&key, of, map.next_value()?).map_err(A::Error::custom)?;
            if columns.get(&key).is_some() {
                return Err(A::Error::custom(format!("duplicate field `{key}`")));
            }
            match column {
                Some(_) => columns.insert(key, value),
                None => requested_by = value.as_str().map(str::to_owned),
            }
        }
        let start = Start::new().columns(columns);
        Ok(match requested_by {
            Some(who) => start.requested_by(who),
            None => start,
        })
    }
}

/// A value that its column could hold. An empty text is none: forms send it for what is left out.
fn held(key: &str, of: ColumnType, value: Value) -> Result<Value, String> {
    let most = if key == REQUESTED_BY { NAME } else { TEXT };
    let text = value.as_str().unwrap_or_default();
    if value == "" && of != ColumnType::Jsonb {
        return Ok(Value::Null);
    }
    if of == ColumnType::Text && text.len() > most {
        let long = text.len();
        return Err(format!("`{key}`: a text of {long} bytes, where {most} are the most"));
    }
    of.take(&value).map(|_| value).map_err(|why| format!("`{key}`: {why}"))
}
