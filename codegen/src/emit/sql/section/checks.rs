//! What is wrong with `[target.sql]`, or with what it makes of the table's names.

use std::collections::HashSet;
use std::ops::Range;

use toml::Spanned;

use crate::emit::Words;
use crate::emit::sql::keys::{Dialect, Mode, Storage};
use crate::emit::sql::names::{OWNED_COLUMNS, identifiers, relations};
use crate::emit::sql::spec::{SqlRow, SqlTarget};
use crate::emit::target::{plain, twice};
use crate::finding::Findings;
use crate::rules;
use crate::suggest::{nearest, shown};
use crate::table::names::OffOr;
use crate::table::text::{LOST, MAX_NAME, Placed, Text};

/// What is observed without a place to say so.
pub(super) fn unseen(row: &SqlRow, findings: &mut Findings<'_>) {
    if let (Some(mode), Some(OffOr::Off)) = (&row.mode, &row.events)
        && *mode.get_ref() == Mode::Observe
    {
        let message = "`mode = \"observe\"` counts in the history, and `events = false` keeps none";
        let help = "leave `events` out, or enforce at once";
        findings.error(rules::OBSERVE_WITHOUT_HISTORY, mode.span(), message, help);
    }
}

/// The state that NULL stands for is one, of a column that phasegate did not make.
pub(super) fn null(
    row: &SqlRow,
    target: &SqlTarget,
    words: &Words<'_>,
    findings: &mut Findings<'_>,
) {
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
pub(super) fn names(
    row: &Placed<SqlRow>,
    target: &SqlTarget,
    machine: &Text,
    findings: &mut Findings<'_>,
) {
    plain(row.schema.as_ref(), findings);
    plain(row.table.as_ref(), findings);
    let keys = || row.key.iter().flat_map(|key| &key.names);
    keys().for_each(|key| plain(Some(key), findings));
    plain(row.column.as_ref(), findings);
    let events = match &row.events {
        Some(OffOr::Name(events)) => Some(events),
        Some(OffOr::Off) | None => None,
    };
    plain(events, findings);
    let name = machine.get_ref().as_str();
    let columns = || row.columns.iter().flat_map(|given| &given.columns).map(|(name, _)| name);
    columns().for_each(|column| plain(Some(column), findings));
    let given = [&row.schema, &row.table, &row.column].into_iter().flatten();
    let given = given.chain(keys()).chain(columns()).chain(events);
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
    let place = |key: &str| keys().find(|given| given.get_ref() == key).map(Spanned::span);
    for key in target.key.iter().map(|key| key.name.as_str()) {
        if key.eq_ignore_ascii_case(&target.column) {
            let span = place(key).or_else(|| Some(row.column.as_ref()?.span()));
            let message = format!("`{}` is both the key and the status column", shown(key));
            let span = span.unwrap_or_else(|| row.span.clone());
            findings.error(rules::COLLIDING_NAMES, span, message, "name two columns");
        }
    }
    if target.owns {
        owned_columns(row, target, findings);
    }
}

/// The columns of a table that phasegate makes are apart, as databases compare them.
fn owned_columns(row: &Placed<SqlRow>, target: &SqlTarget, findings: &mut Findings<'_>) {
    let keys = row.key.iter().flat_map(|key| &key.names);
    let listed = row.columns.iter().flat_map(|given| &given.columns).map(|(name, _)| name);
    let given: Vec<&Text> = keys.chain(&row.column).chain(listed).collect();
    let names = target.key.iter().map(|key| &key.name).chain([&target.column]);
    let mut taken = OWNED_COLUMNS.map(str::to_owned).to_vec();
    // That key and status are apart was looked at, and that a key names each column once.
    let (first, more) = (taken.len(), target.key.len() + 1);
    let columns = target.columns.iter().filter(|_| !row.has_lost("columns")).map(|(name, _)| name);
    for (at, name) in names.chain(columns).enumerate() {
        let folded = name.to_lowercase();
        let apart = if at < more { &taken[..first] } else { &taken[..] };
        if apart.contains(&folded) {
            let span = given
                .iter()
                .rfind(|given| given.get_ref().eq_ignore_ascii_case(name))
                .map(|given| given.span());
            let message = format!("the table has another column `{}`", shown(name));
            findings.error(
                rules::COLLIDING_NAMES,
                span.unwrap_or_else(|| row.span.clone()),
                message,
                "name the column something else",
            );
        }
        taken.push(folded);
    }
}

/// What a start may give are columns of a table that phasegate makes.
pub(super) fn columns(row: &Placed<SqlRow>, target: &SqlTarget, findings: &mut Findings<'_>) {
    if row.columns.is_none() || target.owns {
        return;
    }
    let first = row.columns.iter().flat_map(|given| &given.columns).next();
    let span = first.map_or_else(|| row.span.clone(), |(name, _)| name.span());
    let message = "`columns` is for a table that phasegate makes: this one has the application's";
    let help = "leave `columns` out, or leave `owns = false` out";
    findings.error(rules::COLUMNS_OF_AN_ADOPTED_TABLE, span, message, help);
}

/// The type of the status column is one, and there is one.
pub(super) fn type_name(row: &SqlRow, target: &SqlTarget, findings: &mut Findings<'_>) {
    let Some(given) = row.type_name.as_ref().filter(|name| name.get_ref() != LOST) else { return };
    if target.storage != Storage::Enum || !target.dialects.contains(&Dialect::Postgres) {
        let message = "`type` is the name of PostgreSQL's enum type, and the column has none";
        let help = "leave `type` out, or say `storage = \"enum\"` and the dialect `postgres`";
        findings.error(rules::TYPE_WITHOUT_ENUM, given.span(), message, help);
    }
    for part in given.get_ref().splitn(2, '.') {
        plain(Some(&Spanned::new(given.span(), part.to_owned())), findings);
        if part.len() > MAX_NAME {
            identifier_too_long(part, given.span(), findings);
        }
    }
}

/// A key of several columns names each once, and gives each its type.
pub(super) fn several(row: &Placed<SqlRow>, findings: &mut Findings<'_>) {
    let names = row.key.as_ref().map_or(&[][..], |key| &key.names);
    if let Some(key) = row.key.as_ref().filter(|key| key.names.is_empty() && !row.has_lost("key")) {
        let help = "leave `key` out for `id`, or name a column";
        findings.error(rules::EMPTY_LIST, key.span.clone(), "`key` is an empty list", help);
    }
    twice(names, |name: &String| name.to_lowercase(), findings);
    let Some(types) = row.key_type.as_ref().filter(|_| !row.has_lost("key")) else { return };
    let (columns, given) = (names.len().max(1), types.types.len());
    if columns != given && !row.has_lost("key_type") {
        let message = format!("the key has {columns} columns, and `key_type` says {given} types");
        let help = "say a type for each column of `key`, in their order";
        findings.error(rules::KEY_TYPES, types.span.clone(), message, help);
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
    let keys = row.key.iter().flat_map(|key| &key.names);
    let columns = row.columns.iter().flat_map(|given| &given.columns).map(|(name, _)| name);
    for column in row.column.iter().chain(keys).chain(columns) {
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
