//! The values of `[target.sql]` that are words of its own, and what has more than one shape.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserializer, Error, IntoDeserializer, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};
use toml::Spanned;

use crate::table::text::Text;

/// A database.
#[derive(
    Clone, Copy, Debug, Deserialize, Eq, Hash, JsonSchema, Ord, PartialEq, PartialOrd, Serialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Dialect {
    /// PostgreSQL.
    Postgres,
    /// SQLite.
    Sqlite,
}

impl Dialect {
    /// Every dialect.
    pub const ALL: [Self; 2] = [Self::Postgres, Self::Sqlite];

    /// The word that the table and paths use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Postgres => "postgres",
            Self::Sqlite => "sqlite",
        }
    }
}

/// The type of the key column.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum KeyType {
    /// Text.
    #[default]
    Text,
    /// A UUID.
    Uuid,
    /// A 64-bit number.
    Bigint,
    /// A 32-bit number.
    Integer,
}

/// The type of the key, or of each of its columns.
#[derive(Clone, Debug)]
pub struct KeyTypes {
    /// The types, in the order of the columns.
    pub types: Vec<KeyType>,
    /// The place of the whole.
    pub span: Range<usize>,
}

/// A column of the key.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct KeyColumn {
    /// Its name.
    pub name: String,
    /// Its type.
    pub of: KeyType,
}

impl<'de> Deserialize<'de> for KeyTypes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Shape;
        struct Types(Vec<KeyType>);
        impl<'de> Visitor<'de> for Shape {
            type Value = Types;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a type or a list of types")
            }
            fn visit_str<E: Error>(self, word: &str) -> Result<Types, E> {
                Ok(Types(vec![KeyType::deserialize(word.into_deserializer())?]))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Types, A::Error> {
                let mut types = Vec::new();
                while let Some(word) = seq.next_element()? {
                    types.push(word);
                }
                Ok(Types(types))
            }
        }
        impl<'de> Deserialize<'de> for Types {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_any(Shape)
            }
        }
        let whole = Spanned::<Types>::deserialize(deserializer)?;
        let span = whole.span();
        Ok(Self { types: whole.into_inner().0, span })
    }
}

impl JsonSchema for KeyTypes {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "KeyTypes".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let of = generator.subschema_for::<KeyType>();
        json_schema!({ "anyOf": [of, { "type": "array", "items": of, "minItems": 1 }] })
    }
}

impl KeyType {
    /// The word that the table uses.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Uuid => "uuid",
            Self::Bigint => "bigint",
            Self::Integer => "integer",
        }
    }
}

/// The type of a column that phasegate makes in addition to key and status.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum ColumnType {
    /// Text.
    Text,
    /// A 64-bit number.
    Bigint,
    /// A moment.
    Timestamptz,
    /// Any JSON.
    Jsonb,
}

impl ColumnType {
    /// The word that the table and PostgreSQL use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Bigint => "bigint",
            Self::Timestamptz => "timestamptz",
            Self::Jsonb => "jsonb",
        }
    }
}

/// Columns that a table has in addition to key and status, each with its type.
#[derive(Clone, Debug)]
pub struct Columns {
    /// They, in the order of the file.
    pub columns: Vec<(Text, ColumnType)>,
}

impl<'de> Deserialize<'de> for Columns {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Shape;
        impl<'de> Visitor<'de> for Shape {
            type Value = Columns;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a table of a type per column, such as { reason = \"text\" }")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Columns, A::Error> {
                let mut columns: Vec<(Text, ColumnType)> = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    columns.push(entry);
                }
                columns.sort_by_key(|(name, _)| name.span().start);
                Ok(Columns { columns })
            }
        }
        deserializer.deserialize_map(Shape)
    }
}

impl JsonSchema for Columns {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "Columns".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let of = generator.subschema_for::<ColumnType>();
        json_schema!({ "type": "object", "additionalProperties": of })
    }
}

/// What the status column has.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum Storage {
    /// An enum type.
    #[default]
    Enum,
    /// Text.
    Text,
    /// Whole numbers, on both databases: each state's `number`.
    Integer,
}

impl Storage {
    /// The word that the table uses.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Enum => "enum",
            Self::Text => "text",
            Self::Integer => "integer",
        }
    }
}

/// What becomes of a write that no transition allows.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// It is refused.
    #[default]
    Enforce,
    /// It is let through, marked in the history, and counted by pair.
    Observe,
}

impl Mode {
    /// The word that the table and the databases use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Enforce => "enforce",
            Self::Observe => "observe",
        }
    }
}

/// A folder with one per dialect below it, or a folder for each dialect.
#[derive(Clone, Debug)]
pub enum PerDialect {
    /// The folder above.
    Below(Text),
    /// The folder of each dialect named, and the place of the whole.
    Each(Vec<(Dialect, Text)>, Range<usize>),
}

enum PathOrMap {
    Path(String),
    Map(Vec<(Dialect, Text)>),
}

impl<'de> Deserialize<'de> for PathOrMap {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Shape;
        impl<'de> Visitor<'de> for Shape {
            type Value = PathOrMap;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a folder, or a table of one folder per dialect")
            }
            fn visit_str<E: Error>(self, path: &str) -> Result<PathOrMap, E> {
                Ok(PathOrMap::Path(path.to_owned()))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<PathOrMap, A::Error> {
                let mut folders = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    folders.push(entry);
                }
                Ok(PathOrMap::Map(folders))
            }
        }
        deserializer.deserialize_any(Shape)
    }
}

impl<'de> Deserialize<'de> for PerDialect {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let whole = Spanned::<PathOrMap>::deserialize(deserializer)?;
        let span = whole.span();
        Ok(match whole.into_inner() {
            PathOrMap::Path(path) => Self::Below(Spanned::new(span, path)),
            PathOrMap::Map(folders) => Self::Each(folders, span),
        })
    }
}

impl JsonSchema for PerDialect {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "PerDialect".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "anyOf": [
                { "type": "string" },
                {
                    "type": "object",
                    "properties": {
                        "postgres": { "type": "string" },
                        "sqlite": { "type": "string" },
                    },
                    "additionalProperties": false,
                    "minProperties": 1,
                },
            ]
        })
    }
}
