//! `[target.sql]`: its keys, their defaults, and what is wrong with them.

use std::collections::{BTreeMap, HashSet};
use std::ops::Range;

use schemars::JsonSchema;
use serde::Deserialize;
use toml::Spanned;

use super::Sql;
use super::keys::{Dialect, KeyType, Mode, PerDialect, Storage};
use super::names::{Names, OWNED_COLUMNS, identifiers, relations};
use super::objects::{self, Schema};
use crate::artifact::{Artifact, Header};
use crate::emit::target::{empty, or, plain, twice};
use crate::emit::{Form, Output, Target, Words, normal};
use crate::finding::Findings;
use crate::machine::{Machine, Targets};
use crate::rules;
use crate::suggest::{nearest, shown};
use crate::table::names::OffOr;
use crate::table::text::{LOST, MAX_NAME, Placed, Text};

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
    /// Its key column; by default `id`.
    #[schemars(with = "Option<String>")]
    pub key: Option<Text>,
    /// That column's type; by default `text`.
    pub key_type: Option<KeyType>,
    /// The status column; by default `status`.
    #[schemars(with = "Option<String>")]
    pub column: Option<Text>,
    /// What the status column has: a type of PostgreSQL's (`enum`, and text on SQLite), `text`, or each
    /// state's `number` (`integer`); by default `enum`.
    pub storage: Option<Storage>,
    /// With `owns = false`: the state that NULL in the column stands for.
    #[schemars(with = "Option<String>")]
    pub null: Option<Text>,
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
    /// Its key column.
    pub key: String,
    /// That column's type.
    pub key_type: KeyType,
    /// The status column.
    pub column: String,
    /// What the status column has.
    pub storage: Storage,
    /// The name of the state that NULL in the column stands for.
    pub null: Option<String>,
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

impl Machine {
    /// The table that holds the status column, which also names the collection in addresses: the
    /// SQL target's, or by its default the machine's name and `s`.
    pub fn collection(&self) -> String {
        match self.targets.sql() {
            Some(sql) => sql.table.clone(),
            None => format!("{}s", self.name),
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
            key: or(row.key.as_ref(), || "id".to_owned()),
            key_type: row.key_type.unwrap_or(KeyType::Text),
            column: or(row.column.as_ref(), || "status".to_owned()),
            storage: row.storage.unwrap_or(Storage::Enum),
            null: row.null.as_ref().map(|state| state.get_ref().clone()),
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
        unseen(row, findings);
        null(row, target, words, findings);
        names(row, target, words.machine, findings);
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

/// What is observed without a place to say so.
fn unseen(row: &SqlRow, findings: &mut Findings<'_>) {
    if let (Some(mode), Some(OffOr::Off)) = (&row.mode, &row.events)
        && *mode.get_ref() == Mode::Observe
    {
        let message = "`mode = \"observe\"` counts in the history, and `events = false` keeps none";
        let help = "leave `events` out, or enforce at once";
        findings.error(rules::OBSERVE_WITHOUT_HISTORY, mode.span(), message, help);
    }
}

/// The state that NULL stands for is one, of a column that phasegate did not make.
fn null(row: &SqlRow, target: &SqlTarget, words: &Words<'_>, findings: &mut Findings<'_>) {
    let Some(null) = &row.null else { return };
    let name = null.get_ref();
    if target.owns {
        let message =
            "`null` is for a column that is there already: one that phasegate makes is never NULL";
        let help = "say `owns = false`, or leave `null` out";
        findings.error(rules::NULL_OF_AN_OWNED_COLUMN, null.span(), message, help);
    }
    let mut names = words.states.iter().map(|state| state.get_ref().as_str());
    let is_unread = words.states.iter().any(|state| state.get_ref() == LOST);
    if name != LOST && !is_unread && !names.clone().any(|state| state == name) {
        let message = format!("`null` names no state: `{}`", shown(name));
        let help = match nearest(name, names.by_ref()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "name one of the states".to_owned(),
        };
        findings.error(rules::UNKNOWN_STATE, null.span(), message, help);
    }
}

/// What the databases make of names is sound, apart and not reserved.
fn names(row: &Placed<SqlRow>, target: &SqlTarget, machine: &Text, findings: &mut Findings<'_>) {
    plain(row.schema.as_ref(), findings);
    plain(row.table.as_ref(), findings);
    plain(row.key.as_ref(), findings);
    plain(row.column.as_ref(), findings);
    let events = match &row.events {
        Some(OffOr::Name(events)) => Some(events),
        Some(OffOr::Off) | None => None,
    };
    plain(events, findings);
    let name = machine.get_ref().as_str();
    let given =
        [&row.schema, &row.table, &row.key, &row.column].into_iter().flatten().chain(events);
    let mut too_long = false;
    for identifier in given.filter(|given| given.get_ref().len() > MAX_NAME) {
        too_long = true;
        identifier_too_long(identifier.get_ref(), identifier.span(), findings);
    }
    let longest = identifiers(name, target).into_iter().max_by_key(String::len);
    if let Some(longest) = longest.filter(|longest| !too_long && longest.len() > MAX_NAME) {
        identifier_too_long(&longest, machine.span(), findings);
    }
    let mut seen = HashSet::new();
    for relation in relations(name, target) {
        if !seen.insert(relation.to_lowercase()) {
            let span = events.or(row.table.as_ref()).map_or_else(|| machine.span(), Spanned::span);
            let message =
                format!("two tables of the SQL target would be called `{}`", shown(&relation));
            findings.error(
                rules::COLLIDING_NAMES,
                span,
                message,
                "call the table, or `events`, something else",
            );
        }
    }
    reserved_by_databases(row, target, machine, findings);
    if target.key.eq_ignore_ascii_case(&target.column) {
        let span = row.key.as_ref().or(row.column.as_ref()).map_or(row.span.clone(), Spanned::span);
        let message = format!("`{}` is both the key and the status column", shown(&target.key));
        findings.error(rules::COLLIDING_NAMES, span, message, "name two columns");
    }
    let reserved = OWNED_COLUMNS;
    for (given, default) in [(row.key.as_ref(), &target.key), (row.column.as_ref(), &target.column)]
    {
        if target.owns && reserved.contains(&default.to_lowercase().as_str()) {
            let span = given.map_or(row.span.clone(), Spanned::span);
            let message = format!("the table has another column `{}`", shown(default));
            findings.error(rules::COLLIDING_NAMES, span, message, "name the column something else");
        }
    }
}

fn identifier_too_long(identifier: &str, span: Range<usize>, findings: &mut Findings<'_>) {
    let message = format!(
        "the SQL target would make the identifier `{}` of {} bytes",
        shown(identifier),
        identifier.len()
    );
    let help =
        format!("databases cut identifiers at {MAX_NAME} bytes: shorten the name it is made of");
    findings.error(rules::IDENTIFIER_TOO_LONG, span, message, help);
}

/// Names that a database keeps for itself, and that no quotes free.
fn reserved_by_databases(
    row: &SqlRow,
    target: &SqlTarget,
    machine: &Text,
    findings: &mut Findings<'_>,
) {
    let has = |dialect| target.dialects.contains(&dialect);
    let schema = row.schema.as_ref().filter(|schema| schema.get_ref().starts_with("pg_"));
    if let Some(schema) = schema.filter(|_| has(Dialect::Postgres)) {
        let message = format!("PostgreSQL keeps schemas such as `{}`", shown(schema.get_ref()));
        findings.error(
            rules::RESERVED_WORD,
            schema.span(),
            message,
            "name one that is not `pg_...`",
        );
    }
    let given = row.table.as_ref().map_or_else(|| machine.span(), Spanned::span);
    let relations = relations(machine.get_ref(), target);
    let taken = relations.iter().find(|name| name.to_lowercase().starts_with("sqlite_"));
    if let Some(taken) = taken.filter(|_| has(Dialect::Sqlite)) {
        let message = format!("SQLite keeps names such as `{}`", shown(taken));
        let help = "call the machine, the table or `events` something that is not `sqlite_...`";
        findings.error(rules::RESERVED_WORD, given, message, help);
    }
    const SYSTEM: [&str; 6] = ["tableoid", "xmin", "cmin", "xmax", "cmax", "ctid"];
    for column in [&row.key, &row.column].into_iter().flatten() {
        if has(Dialect::Postgres) && target.owns && SYSTEM.contains(&column.get_ref().as_str()) {
            let message =
                format!("PostgreSQL has a column `{}` in every table", shown(column.get_ref()));
            findings.error(
                rules::RESERVED_WORD,
                column.span(),
                message,
                "name the column something else",
            );
        }
    }
}
