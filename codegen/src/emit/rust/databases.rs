//! How sqlx meets the status column, in each database.

use crate::emit::sql::{Dialect, Storage};
use crate::machine::Machine;

/// How sqlx meets the status column in one database.
pub(super) struct Database {
    pub(super) name: &'static str,
    pub(super) type_info: String,
    pub(super) compatible: String,
    /// How a number is read.
    pub(super) decode: &'static str,
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
    let enum_type = sql
        .filter(|sql| sql.owns && storage == Storage::Enum)
        .map(|sql| format!("{}_{}", machine.name, sql.column));
    // A type of Rust's that stands for the column's.
    let like = |name: &'static str, rust: &str, decode| Database {
        name,
        type_info: format!("<{rust} as sqlx::Type<{name}>>::type_info()"),
        compatible: format!("<{rust} as sqlx::Type<{name}>>::compatible(ty)"),
        decode,
    };
    dialects
        .iter()
        .map(|dialect| match (dialect, storage, &enum_type) {
            (Dialect::Postgres, Storage::Integer, _) => Database {
                compatible: "matches!(sqlx::TypeInfo::name(ty), \"INT2\" | \"INT4\" | \"INT8\")"
                    .to_owned(),
                ..like("sqlx::Postgres", "i64", ANY_WIDTH)
            },
            (Dialect::Sqlite, Storage::Integer, _) => {
                like("sqlx::Sqlite", "i64", "<i64 as sqlx::Decode<sqlx::Sqlite>>::decode(value)?")
            }
            (Dialect::Postgres, _, Some(name)) => Database {
                name: "sqlx::Postgres",
                type_info: {
                    let schema = sql.and_then(|sql| sql.schema.as_ref());
                    let schema = schema.map_or(String::new(), |schema| format!("{schema}."));
                    format!("sqlx::postgres::PgTypeInfo::with_name(\"{schema}{name}\")")
                },
                compatible: format!(
                    "<str as sqlx::Type<sqlx::Postgres>>::compatible(ty)\n            \
                     || sqlx::TypeInfo::name(ty).rsplit('.').next() == Some(\"{name}\")"
                ),
                decode: "",
            },
            (Dialect::Postgres, _, None) => like("sqlx::Postgres", "str", ""),
            (Dialect::Sqlite, _, _) => like("sqlx::Sqlite", "str", ""),
        })
        .collect()
}
