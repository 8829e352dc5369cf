//! The values that have more than one shape: a name or a list, a name or `false`. Each keeps the
//! place of every text in it.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Deserialize, Deserializer, SeqAccess, Visitor};
use toml::Spanned;

use super::text::Text;

/// A name, or a list of names.
#[derive(Clone, Debug)]
pub struct NameList {
    /// The names, in the order of the file.
    pub names: Vec<Text>,
    /// The bytes of the whole.
    pub span: Range<usize>,
}

enum OneOrMany {
    One(String),
    Many(Vec<Text>),
}

impl<'de> Deserialize<'de> for OneOrMany {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Shape;
        impl<'de> Visitor<'de> for Shape {
            type Value = OneOrMany;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name or a list of names")
            }
            fn visit_str<E: de::Error>(self, name: &str) -> Result<OneOrMany, E> {
                Ok(OneOrMany::One(name.to_owned()))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<OneOrMany, A::Error> {
                let mut names = Vec::new();
                while let Some(name) = seq.next_element()? {
                    names.push(name);
                }
                Ok(OneOrMany::Many(names))
            }
        }
        deserializer.deserialize_any(Shape)
    }
}

impl<'de> Deserialize<'de> for NameList {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let whole = Spanned::<OneOrMany>::deserialize(deserializer)?;
        let span = whole.span();
        let names = match whole.into_inner() {
            OneOrMany::One(name) => vec![Spanned::new(span.clone(), name)],
            OneOrMany::Many(names) => names,
        };
        Ok(Self { names, span })
    }
}

impl JsonSchema for NameList {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "Names".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "anyOf": [
                { "type": "string" },
                { "type": "array", "items": { "type": "string" }, "minItems": 1 },
            ]
        })
    }
}

/// A name, or `false` for none.
#[derive(Clone, Debug)]
pub enum OffOr {
    /// `false`.
    Off,
    /// A name.
    Name(Text),
}

impl<'de> Deserialize<'de> for OffOr {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Shape;
        impl Visitor<'_> for Shape {
            type Value = Option<String>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name or `false`")
            }
            fn visit_str<E: de::Error>(self, name: &str) -> Result<Self::Value, E> {
                Ok(Some(name.to_owned()))
            }
            fn visit_bool<E: de::Error>(self, on: bool) -> Result<Self::Value, E> {
                if on { Err(E::invalid_value(de::Unexpected::Bool(true), &self)) } else { Ok(None) }
            }
        }
        struct Value(Option<String>);
        impl<'de> Deserialize<'de> for Value {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_any(Shape).map(Self)
            }
        }
        let whole = Spanned::<Value>::deserialize(deserializer)?;
        let span = whole.span();
        Ok(match whole.into_inner().0 {
            None => Self::Off,
            Some(name) => Self::Name(Spanned::new(span, name)),
        })
    }
}

impl JsonSchema for OffOr {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "OffOr".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "anyOf": [{ "type": "string" }, { "const": false }] })
    }
}
