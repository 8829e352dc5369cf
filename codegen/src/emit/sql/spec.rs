//! `[target.sql]` as it is written, and with its defaults.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use toml::Spanned;

use super::Sql;
use super::keys::{ColumnType, Columns, Dialect, KeyColumn, KeyTypes, Mode, PerDialect, Storage};
use crate::machine::{Machine, Targets};
use crate::table::names::{NameList, OffOr};
use crate::table::text::Text;

/// `[target.sql]`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SqlRow {
    /// The databases; by default both.
    #[schemars(with = "Option<Vec<Dialect>>", length(min = 1))]
    pub dialects: Option<Spanned<Vec<Spanned<Dialect>>>>,
    /// The folder of the whole schemas; by default `generated/sql`.
    #[schemars(with = "Option<String>")]
    pub path: Option<Text>,
    /// PostgreSQL's schema; by default `public`.
    #[schemars(with = "Option<String>")]
    pub schema: Option<Text>,
    /// The table that holds the status column; by default the machine's name and `s`.
    #[schemars(with = "Option<String>")]
    pub table: Option<Text>,
    /// `false`: that table exists, and only guards, history and transitions are written.
    pub owns: Option<bool>,
    /// Its key column, or the list of them, where it takes several; by default `id`.
    pub key: Option<NameList>,
    /// That column's type, or the list of them; by default `text`.
    pub key_type: Option<KeyTypes>,
    /// The status column; by default `status`.
    #[schemars(with = "Option<String>")]
    pub column: Option<Text>,
    /// What the status column has: a type of PostgreSQL's (`enum`, and text on SQLite), `text`, or each
    /// state's `number` (`integer`); by default `enum`.
    pub storage: Option<Storage>,
    /// PostgreSQL, with `storage = "enum"`: the type's name, `SCHEMA.NAME` too; by default
    /// `MACHINE_status`.
    #[serde(rename = "type")]
    #[schemars(with = "Option<String>")]
    pub type_name: Option<Text>,
    /// With `owns = false`: the state that NULL in the column stands for.
    #[schemars(with = "Option<String>")]
    pub null: Option<Text>,
    /// With `owns = true`: the columns that a start may give and the console shows, each with its type; by
    /// default `ref`, `requested_by` and `reason`, all of them text.
    pub columns: Option<Columns>,
    /// The append-only history, or `false`; by default `MACHINE_events`.
    pub events: Option<OffOr>,
    /// Whether the guard refuses what no transition allows, or lets it through, marks it in the
    /// history and counts it; by default `enforce`.
    #[schemars(with = "Option<Mode>")]
    pub mode: Option<Spanned<Mode>>,
    /// One folder for all, with one per dialect below it, or a folder for each dialect; by default
    /// `migrations`.
    pub migrations: Option<PerDialect>,
}

/// `[target.sql]`.
#[derive(Clone, Debug)]
pub struct SqlTarget {
    /// The databases, each once, in the order of [`Dialect`].
    pub dialects: Vec<Dialect>,
    /// The folder of the whole schemas.
    pub path: String,
    /// PostgreSQL's schema.
    pub schema: Option<String>,
    /// The table that holds the status column.
    pub table: String,
    /// Whether phasegate makes that table.
    pub owns: bool,
    /// The columns of its key, in their order.
    pub key: Vec<KeyColumn>,
    /// The status column.
    pub column: String,
    /// What the status column has.
    pub storage: Storage,
    /// The schema of the status column's type, where the table says one, and its name.
    pub type_name: Option<(Option<String>, String)>,
    /// The name of the state that NULL in the column stands for.
    pub null: Option<String>,
    /// What an owned table has in addition to key and status, in the order of the table: what a start may give.
    pub columns: Vec<(String, ColumnType)>,
    /// The history's table; none where the table says `false`.
    pub events: Option<String>,
    /// What becomes of a write that no transition allows.
    pub mode: Mode,
    /// The folder of each dialect's migrations.
    pub migrations: BTreeMap<Dialect, String>,
}

impl Targets {
    /// `[target.sql]`, where the table has it.
    pub fn sql(&self) -> Option<&SqlTarget> {
        self.of::<Sql>()
    }
}

impl SqlTarget {
    /// Whether a start may give this column.
    pub(super) fn has_column(&self, name: &str) -> bool {
        self.columns.iter().any(|(column, _)| column == name)
    }
}

impl Machine {
    /// The table that holds the status column, which also names the collection in addresses: the
    /// SQL target's, or by its default the machine's name and `s`.
    pub fn collection(&self) -> String {
        match self.targets.sql() {
            Some(sql) => sql.table.clone(),
            None => format!("{}s", self.name),
        }
    }

    /// Where its rows live: as the SQL target says, or by its defaults.
    pub fn schema(&self) -> phasegate::Schema {
        let schema = phasegate::Schema::named(&self.name);
        let Some(sql) = self.targets.sql() else { return schema };
        let key = sql.key.iter().map(|key| &key.name);
        let of = |of: ColumnType| match of {
            ColumnType::Text => phasegate::ColumnType::Text,
            ColumnType::Bigint => phasegate::ColumnType::Bigint,
            ColumnType::Timestamptz => phasegate::ColumnType::Timestamptz,
            ColumnType::Jsonb => phasegate::ColumnType::Jsonb,
        };
        let columns = sql.columns.iter().map(|(name, column)| (name, of(*column)));
        let schema = schema.table(&sql.table).key(key).column(&sql.column).columns(columns);
        let schema = schema.events(sql.events.as_deref());
        match &sql.schema {
            Some(name) => schema.schema(name),
            None => schema,
        }
    }
}

impl SqlRow {
    /// The folder of a dialect's migrations, as it is given.
    pub(super) fn folder(&self, dialect: Dialect) -> Option<&Text> {
        match self.migrations.as_ref()? {
            PerDialect::Below(above) => Some(above),
            PerDialect::Each(each, _) => {
                each.iter().find(|(of, _)| *of == dialect).map(|(_, path)| path)
            }
        }
    }
}
