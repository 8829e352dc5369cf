//! Names: what a target makes of them is sound, apart and not reserved.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use toml::Spanned;

use super::camel;
use crate::emit::{rust, sql};
use crate::rules;
use crate::suggest::shown;
use crate::table::{LOST, OffOr, SqlRow, Text};
use crate::targets::{Dialect, SqlTarget};
use crate::validate::Draft;
use crate::validate::names::{MAX_NAME, is_job_name};

/// `^[A-Za-z_][A-Za-z0-9_]*$`
fn is_identifier(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

fn plain(draft: &mut Draft<'_>, given: Option<&Text>) {
    let Some(given) = given.filter(|given| given.get_ref() != LOST) else { return };
    if !is_identifier(given.get_ref()) {
        let message = format!("`{}` is not a plain identifier", shown(given.get_ref()));
        let help = "a letter or `_`, then letters, digits and `_`";
        draft.error(rules::BAD_IDENTIFIER, given.span(), message, help);
    }
}

pub(in crate::validate) fn rust_names(draft: &mut Draft<'_>) {
    let table = draft.table;
    let (Some(row), Some(target)) = (&table.target.rust, draft.targets.rust.clone()) else {
        return;
    };
    plain(draft, row.type_name.as_ref());
    let span = row.type_name.as_ref().map_or_else(|| table.machine.name.span(), Spanned::span);
    let name = table.machine.name.get_ref();
    if rust::is_keyword(&target.type_name) {
        let message = format!("`{}` is a reserved word of Rust", target.type_name);
        let help = "call the type something else: `type = \"...\"`";
        draft.error(rules::RESERVED_WORD, span.clone(), message, help);
    }
    if rust::taken_types(name).contains(&target.type_name) {
        let message =
            format!("`{}` is the name of another type in the generated file", target.type_name);
        draft.error(
            rules::COLLIDING_NAMES,
            span,
            message,
            "call the type something else: `type = \"...\"`",
        );
    }
    variants(draft, "states", table.state.iter().map(|row| &row.name));
    variants(draft, "phases", table.phase.iter().map(|row| &row.name));
}

fn variants<'t>(draft: &mut Draft<'_>, what: &str, names: impl Iterator<Item = &'t Text>) {
    let mut seen: HashMap<String, &str> = HashMap::new();
    for name in names.filter(|name| name.get_ref() != LOST) {
        let variant = camel(name.get_ref());
        if variant == "Self" {
            let message = format!(
                "`{}` gives the Rust variant `Self`, a reserved word",
                shown(name.get_ref())
            );
            let help = "rename it; a state keeps what is stored with `value`";
            draft.error(rules::RESERVED_WORD, name.span(), message, help);
        }
        match seen.get(&variant) {
            Some(&other) if other != name.get_ref() => {
                let message = format!(
                    "the {what} `{}` and `{}` both give the Rust variant `{}`",
                    shown(other),
                    shown(name.get_ref()),
                    shown(&variant)
                );
                let help = "rename one of them; a state keeps what is stored with `value`";
                draft.error(rules::COLLIDING_NAMES, name.span(), message, help);
            }
            Some(_) => {}
            None => {
                seen.insert(variant, name.get_ref());
            }
        }
    }
}

pub(in crate::validate) fn sql_names(draft: &mut Draft<'_>) {
    let table = draft.table;
    let (Some(row), Some(target)) = (&table.target.sql, draft.targets.sql.clone()) else { return };
    plain(draft, row.schema.as_ref());
    plain(draft, row.table.as_ref());
    plain(draft, row.key.as_ref());
    plain(draft, row.column.as_ref());
    let events = match &row.events {
        Some(OffOr::Name(events)) => Some(events),
        Some(OffOr::Off) | None => None,
    };
    plain(draft, events);
    let name = table.machine.name.get_ref().as_str();
    let given =
        [&row.schema, &row.table, &row.key, &row.column].into_iter().flatten().chain(events);
    let mut too_long = false;
    for identifier in given.filter(|given| given.get_ref().len() > MAX_NAME) {
        too_long = true;
        identifier_too_long(draft, identifier.get_ref(), identifier.span());
    }
    let longest = sql::identifiers(name, &target).into_iter().max_by_key(String::len);
    if let Some(longest) = longest.filter(|longest| !too_long && longest.len() > MAX_NAME) {
        identifier_too_long(draft, &longest, table.machine.name.span());
    }
    let mut seen = HashSet::new();
    for relation in sql::relations(name, &target) {
        if !seen.insert(relation.to_lowercase()) {
            let span = events
                .or(row.table.as_ref())
                .map_or_else(|| table.machine.name.span(), Spanned::span);
            let message =
                format!("two tables of the SQL target would be called `{}`", shown(&relation));
            draft.error(
                rules::COLLIDING_NAMES,
                span,
                message,
                "call the table, or `events`, something else",
            );
        }
    }
    reserved_by_databases(draft, row, &target);
    if target.key.eq_ignore_ascii_case(&target.column) {
        let span = row.key.as_ref().or(row.column.as_ref()).map_or(row.span.clone(), Spanned::span);
        let message = format!("`{}` is both the key and the status column", shown(&target.key));
        draft.error(rules::COLLIDING_NAMES, span, message, "name two columns");
    }
    let reserved = sql::OWNED_COLUMNS;
    for (given, default) in [(row.key.as_ref(), &target.key), (row.column.as_ref(), &target.column)]
    {
        if target.owns && reserved.contains(&default.to_lowercase().as_str()) {
            let span = given.map_or(row.span.clone(), Spanned::span);
            let message = format!("the table has another column `{}`", shown(default));
            draft.error(rules::COLLIDING_NAMES, span, message, "name the column something else");
        }
    }
}

fn identifier_too_long(draft: &mut Draft<'_>, identifier: &str, span: Range<usize>) {
    let message = format!(
        "the SQL target would make the identifier `{}` of {} bytes",
        shown(identifier),
        identifier.len()
    );
    let help =
        format!("databases cut identifiers at {MAX_NAME} bytes: shorten the name it is made of");
    draft.error(rules::IDENTIFIER_TOO_LONG, span, message, help);
}

/// Names that a database keeps for itself, and that no quotes free.
fn reserved_by_databases(draft: &mut Draft<'_>, row: &SqlRow, target: &SqlTarget) {
    let table = draft.table;
    let has = |dialect| target.dialects.contains(&dialect);
    let schema = row.schema.as_ref().filter(|schema| schema.get_ref().starts_with("pg_"));
    if let Some(schema) = schema.filter(|_| has(Dialect::Postgres)) {
        let message = format!("PostgreSQL keeps schemas such as `{}`", shown(schema.get_ref()));
        draft.error(rules::RESERVED_WORD, schema.span(), message, "name one that is not `pg_...`");
    }
    let given = row.table.as_ref().map_or_else(|| table.machine.name.span(), Spanned::span);
    let relations = sql::relations(table.machine.name.get_ref(), target);
    let taken = relations.iter().find(|name| name.to_lowercase().starts_with("sqlite_"));
    if let Some(taken) = taken.filter(|_| has(Dialect::Sqlite)) {
        let message = format!("SQLite keeps names such as `{}`", shown(taken));
        let help = "call the machine, the table or `events` something that is not `sqlite_...`";
        draft.error(rules::RESERVED_WORD, given, message, help);
    }
    const SYSTEM: [&str; 6] = ["tableoid", "xmin", "cmin", "xmax", "cmax", "ctid"];
    for column in [&row.key, &row.column].into_iter().flatten() {
        if has(Dialect::Postgres) && target.owns && SYSTEM.contains(&column.get_ref().as_str()) {
            let message =
                format!("PostgreSQL has a column `{}` in every table", shown(column.get_ref()));
            draft.error(
                rules::RESERVED_WORD,
                column.span(),
                message,
                "name the column something else",
            );
        }
    }
}

pub(in crate::validate) fn workflow_names(draft: &mut Draft<'_>) {
    let table = draft.table;
    let Some(row) = &table.target.workflow else { return };
    if let Some(id) = &row.id_input {
        if !is_job_name(id.get_ref()) && id.get_ref() != LOST {
            let message = format!("`{}` is not a plain identifier", shown(id.get_ref()));
            let help = "a letter or `_`, then letters, digits, `_` and `-`";
            draft.error(rules::BAD_IDENTIFIER, id.span(), message, help);
        }
        if id.get_ref().eq_ignore_ascii_case("callback_token") {
            let message = "`callback_token` is the input that carries the token";
            draft.error(
                rules::COLLIDING_NAMES,
                id.span(),
                message,
                "call the id's input something else",
            );
        }
    }
    if let Some(action) = &row.action {
        let text = action.get_ref();
        let bad = text.is_empty()
            || text.contains("${{")
            || text.chars().any(|c| c.is_control() || c.is_whitespace());
        if bad && text != LOST {
            let message = format!("`{}` is not what `uses:` can say", shown(text));
            let help =
                "such as `./.github/actions/notify-deploy-status`, or `owner/repository@ref`";
            draft.error(rules::BAD_ACTION, action.span(), message, help);
        }
    }
    // Snippets are files, and some file systems don't tell cases apart.
    let mut seen: HashMap<String, &str> = HashMap::new();
    for row in &table.job {
        let name = row.name.get_ref().as_str();
        if let Some(other) = seen.insert(name.to_lowercase(), name)
            && other != name
        {
            let message = format!("the jobs `{other}` and `{name}` differ in case alone");
            draft.error(rules::COLLIDING_NAMES, row.name.span(), message, "rename one of them");
        }
    }
}
