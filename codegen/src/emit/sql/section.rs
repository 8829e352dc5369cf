//! `[target.sql]` as a target: its defaults, what it writes, what is wrong with it.

mod checks;

use std::collections::BTreeMap;

use super::Sql;
use super::keys::{ColumnType, Dialect, KeyColumn, Mode, PerDialect, Storage};
use super::names::SqlNames;
use super::objects::{self, Schema};
use super::spec::{SqlRow, SqlTarget};
use crate::artifact::{Artifact, Header};
use crate::emit::target::{empty, or, twice};
use crate::emit::{Form, Output, Target, Words, normal};
use crate::finding::Findings;
use crate::machine::Machine;
use crate::rules;
use crate::table::names::OffOr;
use crate::table::text::{Placed, Text};

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
                let n = SqlNames::new(machine, sql, dialect);
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
