//! `[target.sql]`: its keys and their defaults.

mod checks;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use toml::Spanned;

use super::Sql;
use super::keys::{ColumnType, Columns, Dialect, KeyColumn, KeyTypes, Mode, PerDialect, Storage};
use super::names::Names;
use super::objects::{self, Schema};
use crate::artifact::{Artifact, Header};
use crate::emit::target::{empty, or, twice};
use crate::emit::{Form, Output, Target, Words, normal};
use crate::finding::Findings;
use crate::machine::{Machine, Targets};
use crate::rules;
use crate::table::names::{Names as TableNames, OffOr};
use crate::table::text::{Placed, Text};

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
    pub key: Option<TableNames>,
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
    /// What an owned table has beside key and status, in the order of the table: what a start may give.
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
    fn folder(&self, dialect: Dialect) -> Option<&Text> {
        match self.migrations.as_ref()? {
            PerDialect::Below(above) => Some(above),
            PerDialect::Each(each, _) => {
                each.iter().find(|(of, _)| *of == dialect).map(|(_, path)| path)
            }
        }
    }
}

/// The columns that a start may give where the table says nothing of them.
const DEFAULT_COLUMNS: [&str; 3] = ["ref", "requested_by", "reason"];

/// The file that puts the guards back on a table of SQLite's.
pub const GUARDS: &str = "sqlite-guards.sql";

impl Target for Sql {
    const KEY: &'static str = "sql";
    const ABOUT: &'static str = "The schema and guards of the databases.";
    type Row = SqlRow;
    type Spec = SqlTarget;

    fn resolve(row: &SqlRow, machine: &str) -> SqlTarget {
        let mut dialects: Vec<Dialect> = match &row.dialects {
            Some(dialects) => dialects.get_ref().iter().map(|word| *word.get_ref()).collect(),
            None => Dialect::ALL.to_vec(),
        };
        dialects.sort_unstable();
        dialects.dedup();
        let folder = |dialect: Dialect| match &row.migrations {
            None => Some(format!("migrations/{}", dialect.as_str())),
            Some(PerDialect::Below(above)) => {
                Some(format!("{}/{}", above.get_ref(), dialect.as_str()))
            }
            // A dialect that is not named has no migrations.
            Some(PerDialect::Each(..)) => row.folder(dialect).map(|path| path.get_ref().clone()),
        };
        let migrations: BTreeMap<Dialect, String> = dialects
            .iter()
            .filter_map(|&dialect| Some((dialect, normal(&folder(dialect)?))))
            .collect();
        SqlTarget {
            path: normal(&or(row.path.as_ref(), || "generated/sql".to_owned())),
            schema: row.schema.as_ref().map(|schema| schema.get_ref().clone()),
            table: or(row.table.as_ref(), || format!("{machine}s")),
            owns: row.owns.unwrap_or(true),
            key: key(row),
            column: or(row.column.as_ref(), || "status".to_owned()),
            storage: row.storage.unwrap_or(Storage::Enum),
            type_name: row.type_name.as_ref().map(|name| match name.get_ref().split_once('.') {
                Some((schema, name)) => (Some(schema.to_owned()), name.to_owned()),
                None => (None, name.get_ref().clone()),
            }),
            null: row.null.as_ref().map(|state| state.get_ref().clone()),
            columns: match &row.columns {
                Some(given) => {
                    let column = |(name, of): &(Text, ColumnType)| (name.get_ref().clone(), *of);
                    given.columns.iter().map(column).collect()
                }
                None => DEFAULT_COLUMNS.map(|name| (name.to_owned(), ColumnType::Text)).to_vec(),
            },
            events: match &row.events {
                None => Some(format!("{machine}_events")),
                Some(OffOr::Off) => None,
                Some(OffOr::Name(events)) => Some(events.get_ref().clone()),
            },
            mode: row.mode.as_ref().map_or(Mode::Enforce, |mode| *mode.get_ref()),
            migrations,
            dialects,
        }
    }

    fn outputs<'t>(row: &'t SqlRow, spec: &SqlTarget, _: &str) -> Vec<Output<'t>> {
        let schemas = spec.dialects.iter().map(|d| format!("{}/{}.sql", spec.path, d.as_str()));
        let has_sqlite = spec.dialects.contains(&Dialect::Sqlite);
        let guards = has_sqlite.then(|| format!("{}/{GUARDS}", spec.path));
        let schemas = schemas.chain(guards);
        let mut outputs =
            vec![Output::of::<Self>(row.path.as_ref(), Form::Folder, schemas.collect())];
        outputs.extend(Dialect::ALL.map(|dialect| {
            let what = match dialect {
                Dialect::Postgres => "the PostgreSQL migrations of [target.sql]",
                Dialect::Sqlite => "the SQLite migrations of [target.sql]",
            };
            Output {
                what: what.to_owned(),
                given: row.folder(dialect),
                form: Form::Folder,
                paths: spec.migrations.get(&dialect).cloned().into_iter().collect(),
            }
        }));
        outputs
    }

    fn has_numbers(spec: &SqlTarget) -> bool {
        spec.storage == Storage::Integer
    }

    fn check(
        row: &Placed<SqlRow>,
        target: &SqlTarget,
        words: &Words<'_>,
        findings: &mut Findings<'_>,
    ) {
        empty(row, "dialects", row.dialects.as_ref(), " for both, or name one", findings);
        if let Some(PerDialect::Each(each, span)) = &row.migrations
            && each.is_empty()
            && !row.has_lost("migrations")
        {
            let help = "leave `migrations` out, or name a folder";
            findings.error(rules::EMPTY_LIST, span.clone(), "`migrations` names no folder", help);
        }
        let dialects = row.dialects.iter().flat_map(|list| list.get_ref());
        twice(dialects, |&word| word, findings);
        checks::unseen(row, findings);
        checks::several(row, findings);
        checks::type_name(row, target, findings);
        checks::null(row, target, words, findings);
        checks::columns(row, target, findings);
        checks::names(row, target, words.machine, findings);
    }

    fn render(machine: &Machine, sql: &SqlTarget, header: &Header) -> Vec<Artifact> {
        let mut artifacts = Vec::new();
        for &dialect in &sql.dialects {
            let objects = Schema::new(machine, sql, dialect).objects();
            let path = format!("{}/{}.sql", sql.path, dialect.as_str());
            artifacts.push(Artifact::new(path, objects::text(&header.line(), &objects)));
            if dialect == Dialect::Sqlite {
                let n = Names::new(machine, sql, dialect);
                let guards = objects::guards(&header.line(), &objects, &n);
                artifacts.push(Artifact::new(format!("{}/{GUARDS}", sql.path), guards));
            }
        }
        artifacts
    }
}

/// The columns of the key, each with its type.
fn key(row: &SqlRow) -> Vec<KeyColumn> {
    let types = row.key_type.as_ref().map_or(&[][..], |given| &given.types);
    let names: Vec<&str> = match &row.key {
        Some(given) => given.names.iter().map(|name| name.get_ref().as_str()).collect(),
        None => vec!["id"],
    };
    let column = |(at, name): (usize, &str)| KeyColumn {
        name: name.to_owned(),
        of: types.get(at).copied().unwrap_or_default(),
    };
    names.into_iter().enumerate().map(column).collect()
}
