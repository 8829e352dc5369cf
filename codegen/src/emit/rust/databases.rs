//! How sqlx meets the status column, in each database.

use crate::emit::sql::{Dialect, Storage, quoted};
use crate::machine::Machine;

/// How sqlx meets the status column in one database.
pub(super) struct Database {
    pub(super) name: &'static str,
    pub(super) type_info: String,
    pub(super) compatible: String,
    /// How a number is read.
    pub(super) decode: &'static str,
    /// The type of an array of them, where the database has arrays.
    pub(super) array: Option<String>,
}

/// How a whole number of any width is read from PostgreSQL.
const ANY_WIDTH: &str = "match sqlx::TypeInfo::name(&*sqlx::ValueRef::type_info(&value)) {
            \"INT2\" => <i16 as sqlx::Decode<sqlx::Postgres>>::decode(value)?.into(),
            \"INT4\" => <i32 as sqlx::Decode<sqlx::Postgres>>::decode(value)?.into(),
            _ => <i64 as sqlx::Decode<sqlx::Postgres>>::decode(value)?,
        }";

/// Those of a machine.
pub(super) fn databases(machine: &Machine) -> Vec<Database> {
    let sql = machine.targets.sql();
    let dialects = sql.map_or(&Dialect::ALL[..], |sql| &sql.dialects[..]);
    let storage = sql.map_or(Storage::Text, |sql| sql.storage);
    let enum_type = sql.filter(|_| storage == Storage::Enum).and_then(|sql| match &sql.type_name {
        // As it is written where a name has capitals.
        Some((schema, name)) => {
            let schema = schema.as_ref().or(sql.schema.as_ref());
            let parts: Vec<String> =
                schema.into_iter().chain([name]).map(|part| written(part)).collect();
            Some((parts.join("."), written(name)))
        }
        None => sql.owns.then(|| {
            let schema = sql.schema.as_ref().map_or(String::new(), |schema| format!("{schema}."));
            let name = format!("{}_status", machine.name);
            (format!("{schema}{name}"), name)
        }),
    });
    // A type of Rust's that stands for the column's.
    let like = |name: &'static str, rust: &str, decode| Database {
        name,
        type_info: format!("<{rust} as sqlx::Type<{name}>>::type_info()"),
        compatible: format!("<{rust} as sqlx::Type<{name}>>::compatible(ty)"),
        decode,
        array: None,
    };
    // The trait is of a type with a size.
    let array_like =
        |rust: &str| Some(format!("<{rust} as sqlx::postgres::PgHasArrayType>::array_type_info()"));
    dialects
        .iter()
        .map(|dialect| match (dialect, storage, &enum_type) {
            (Dialect::Postgres, Storage::Integer, _) => Database {
                compatible: "matches!(sqlx::TypeInfo::name(ty), \"INT2\" | \"INT4\" | \"INT8\")"
                    .to_owned(),
                array: array_like("i64"),
                ..like("sqlx::Postgres", "i64", ANY_WIDTH)
            },
            (Dialect::Sqlite, Storage::Integer, _) => {
                like("sqlx::Sqlite", "i64", "<i64 as sqlx::Decode<sqlx::Sqlite>>::decode(value)?")
            }
            (Dialect::Postgres, _, Some((whole, name))) => Database {
                name: "sqlx::Postgres",
                type_info: format!("sqlx::postgres::PgTypeInfo::with_name({whole:?})"),
                compatible: format!(
                    "<str as sqlx::Type<sqlx::Postgres>>::compatible(ty)\n            \
                     || sqlx::TypeInfo::name(ty).rsplit('.').next() == Some({name:?})"
                ),
                decode: "",
                array: Some(format!("sqlx::postgres::PgTypeInfo::array_of({whole:?})")),
            },
            (Dialect::Postgres, _, None) => {
                Database { array: array_like("&str"), ..like("sqlx::Postgres", "str", "") }
            }
            (Dialect::Sqlite, _, _) => like("sqlx::Sqlite", "str", ""),
        })
        .collect()
}

/// A name as PostgreSQL has it written.
fn written(name: &str) -> String {
    let is_folded = name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    if is_folded { name.to_owned() } else { quoted(name) }
}
