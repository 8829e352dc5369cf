//! Targets: defaults filled in, paths that stay inside and apart, names that a target can bear.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Range;

use toml::Spanned;

use super::Draft;
use super::names::{MAX_NAME, is_job_name};
use crate::suggest::shown;
use crate::table::{LOST, OffOr, PathRow, PerDialect, Text};
use crate::target::{rust, sql};
use crate::targets::{
    Dialect, KeyType, PathTarget, RustTarget, SqlTarget, Storage, Targets, WorkflowTarget,
};

/// A name in camel case: `freeze_check` gives `FreezeCheck`.
pub(crate) fn camel(name: &str) -> String {
    name.split(['_', '-'])
        .flat_map(|word| {
            let mut chars = word.chars();
            chars.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(chars)
        })
        .collect()
}

fn text(given: Option<&Text>, default: impl FnOnce() -> String) -> String {
    given.map_or_else(default, |given| given.get_ref().clone())
}

/// A path in its one form: without `.`, empty parts and a closing `/`.
fn normal(path: &str) -> String {
    path.split('/').filter(|part| !matches!(*part, "" | ".")).collect::<Vec<_>>().join("/")
}

pub(super) fn resolve(draft: &mut Draft<'_>) {
    let table = draft.table;
    let name = table.machine.name.get_ref().as_str();
    let rows = &table.target;
    let file = |row: &PathRow, extension: &str| PathTarget {
        path: normal(&text(row.path.as_ref(), || format!("generated/{name}.{extension}"))),
    };
    let targets = Targets {
        root: table.root.as_ref().map(|root| root.get_ref().clone()),
        rust: rows.rust.as_ref().map(|row| RustTarget {
            path: normal(&text(row.path.as_ref(), || format!("generated/{name}.rs"))),
            type_name: text(row.type_name.as_ref(), || format!("{}Status", camel(name))),
            derive: {
                let mut derive: Vec<_> =
                    row.derive.iter().flatten().map(|word| *word.get_ref()).collect();
                derive.sort_unstable();
                derive.dedup();
                derive
            },
        }),
        sql: rows.sql.as_ref().map(|row| {
            let mut dialects: Vec<Dialect> = match &row.dialects {
                Some(dialects) => dialects.get_ref().iter().map(|word| *word.get_ref()).collect(),
                None => Dialect::ALL.to_vec(),
            };
            dialects.sort_unstable();
            dialects.dedup();
            let folder = |dialect: Dialect| match &row.migrations {
                None => format!("migrations/{}", dialect.as_str()),
                Some(PerDialect::Below(above)) => {
                    format!("{}/{}", above.get_ref(), dialect.as_str())
                }
                Some(PerDialect::Each(each)) => {
                    each.iter().find(|(of, _)| *of == dialect).map_or_else(
                        || format!("migrations/{}", dialect.as_str()),
                        |(_, path)| path.get_ref().clone(),
                    )
                }
            };
            let migrations: BTreeMap<Dialect, String> =
                dialects.iter().map(|&dialect| (dialect, normal(&folder(dialect)))).collect();
            SqlTarget {
                path: normal(&text(row.path.as_ref(), || "generated/sql".to_owned())),
                schema: row.schema.as_ref().map(|schema| schema.get_ref().clone()),
                table: text(row.table.as_ref(), || format!("{name}s")),
                owns: row.owns.unwrap_or(true),
                key: text(row.key.as_ref(), || "id".to_owned()),
                key_type: row.key_type.unwrap_or(KeyType::Text),
                column: text(row.column.as_ref(), || "status".to_owned()),
                storage: row.storage.unwrap_or(Storage::Enum),
                events: match &row.events {
                    None => Some(format!("{name}_events")),
                    Some(OffOr::Off) => None,
                    Some(OffOr::Name(events)) => Some(events.get_ref().clone()),
                },
                migrations,
                dialects,
            }
        }),
        workflow: rows.workflow.as_ref().map(|row| {
            let path = normal(&text(row.path.as_ref(), || "generated/workflow".to_owned()));
            WorkflowTarget {
                id_input: text(row.id_input.as_ref(), || format!("{name}_id")),
                action: text(row.action.as_ref(), || format!("./{path}/notify-{name}-status")),
                path,
            }
        }),
        js: rows.js.as_ref().map(|row| file(row, "js")),
        json: rows.json.as_ref().map(|row| file(row, "json")),
        docs: rows.docs.as_ref().map(|row| file(row, "md")),
    };
    draft.targets = targets;
    twice(draft);
}

/// Words that a list of a target holds twice.
fn twice(draft: &mut Draft<'_>) {
    let rows = &draft.table.target;
    let dialects = rows.sql.as_ref().and_then(|row| row.dialects.as_ref());
    if let Some(dialects) = dialects
        && dialects.get_ref().is_empty()
    {
        let help = "leave `dialects` out for both, or name one";
        draft.error("empty-list", dialects.span(), "`dialects` is an empty list", help);
    }
    let derive = rows.rust.as_ref().and_then(|row| row.derive.as_ref());
    let mut doubles: Vec<Range<usize>> = Vec::new();
    let mut seen = HashSet::new();
    doubles.extend(
        dialects
            .iter()
            .flat_map(|list| list.get_ref())
            .filter(|word| !seen.insert(*word.get_ref()))
            .map(Spanned::span),
    );
    let mut seen = HashSet::new();
    doubles.extend(
        derive
            .into_iter()
            .flatten()
            .filter(|word| !seen.insert(*word.get_ref() as usize))
            .map(Spanned::span),
    );
    for span in doubles {
        draft.error("duplicate-entry", span, "the list holds this twice", "list it once");
    }
}

/// What is wrong with a path, if anything.
fn path_fault(path: &str) -> Option<(&'static str, String, &'static str)> {
    let shown = shown(path);
    if path.starts_with('/') || path.get(1..2) == Some(":") {
        let help = "paths are relative to the table's folder, or to `root`";
        return Some(("absolute-path", format!("the path `{shown}` is absolute"), help));
    }
    if path.chars().any(|c| c.is_control() || c == '\\') || normal(path).is_empty() {
        let help = "a path has parts, apart by `/`, without `\\` and control characters";
        return Some(("bad-path", format!("`{shown}` is not a path"), help));
    }
    let mut depth = 0_i32;
    for part in path.split('/') {
        depth += match part {
            ".." => -1,
            "" | "." => 0,
            _ => 1,
        };
        if depth < 0 {
            let help =
                "artifacts stay inside the root: set `root` to the folder that holds them all";
            return Some(("path-leaves-root", format!("the path `{shown}` leaves the root"), help));
        }
    }
    if path.split('/').any(|part| part == "..") {
        let help = "write the path without `..`";
        return Some(("bad-path", format!("the path `{shown}` goes up and down again"), help));
    }
    None
}

pub(super) fn paths(draft: &mut Draft<'_>) {
    let table = draft.table;
    let rows = &table.target;
    if let Some(root) = &table.root {
        let text = root.get_ref();
        if text.starts_with('/') || text.get(1..2) == Some(":") {
            let help = "write it from the table's own folder, such as \"../..\"";
            draft.error(
                "absolute-path",
                root.span(),
                format!("the root `{}` is absolute", shown(text)),
                help,
            );
        } else if text.is_empty() || text.chars().any(|c| c.is_control() || c == '\\') {
            let help = "write it from the table's own folder, such as \"../..\"";
            draft.error("bad-path", root.span(), format!("`{}` is not a path", shown(text)), help);
        }
    }
    let mut given: Vec<&Text> = Vec::new();
    let path = |row: &'_ Option<PathRow>| row.as_ref().and_then(|row| row.path.clone());
    let owned = [path(&rows.js), path(&rows.json), path(&rows.docs)];
    given.extend(owned.iter().flatten());
    given.extend(rows.rust.iter().filter_map(|row| row.path.as_ref()));
    given.extend(rows.workflow.iter().filter_map(|row| row.path.as_ref()));
    if let Some(sql) = &rows.sql {
        given.extend(sql.path.as_ref());
        match &sql.migrations {
            Some(PerDialect::Below(above)) => given.push(above),
            Some(PerDialect::Each(each)) => given.extend(each.iter().map(|(_, path)| path)),
            None => {}
        }
    }
    let mut sound = true;
    for path in given {
        if path.get_ref() != LOST
            && let Some((rule, message, help)) = path_fault(path.get_ref())
        {
            sound = false;
            draft.error(rule, path.span(), message, help);
        }
    }
    if let Some(js) = rows.js.as_ref().and_then(|row| row.path.as_ref())
        && !js.get_ref().ends_with(".js")
        && !js.get_ref().ends_with(".mjs")
    {
        let message = format!("`{}` does not end as a module does", shown(js.get_ref()));
        draft.error("bad-path", js.span(), message, "end it with `.js` or `.mjs`");
    }
    if sound {
        shared(draft);
    }
}

/// Every file and folder that will be written, with the place in the table that it comes from.
fn written(draft: &Draft<'_>) -> Vec<(String, &'static str, Range<usize>)> {
    let rows = &draft.table.target;
    let targets = &draft.targets;
    let name = draft.table.machine.name.get_ref();
    let mut paths = Vec::new();
    let at = |path: Option<&Text>| path.map_or(0..0, Spanned::span);
    let mut add = |path: String, what, span: Range<usize>| paths.push((path, what, span));
    if let Some(target) = &targets.rust {
        add(
            target.path.clone(),
            "[target.rust]",
            at(rows.rust.as_ref().and_then(|r| r.path.as_ref())),
        );
    }
    if let Some(target) = &targets.sql {
        let span = at(rows.sql.as_ref().and_then(|r| r.path.as_ref()));
        for dialect in &target.dialects {
            add(format!("{}/{}.sql", target.path, dialect.as_str()), "[target.sql]", span.clone());
        }
        for folder in target.migrations.values() {
            add(folder.clone(), "the migrations of [target.sql]", 0..0);
        }
    }
    if let Some(target) = &targets.workflow {
        let span = at(rows.workflow.as_ref().and_then(|r| r.path.as_ref()));
        for file in
            [format!("notify-{name}-status"), "jobs".to_owned(), format!("{name}-console.yml")]
        {
            add(format!("{}/{file}", target.path), "[target.workflow]", span.clone());
        }
    }
    let one = |row: &Option<PathRow>| at(row.as_ref().and_then(|row| row.path.as_ref()));
    if let Some(target) = &targets.js {
        add(target.path.clone(), "[target.js]", one(&rows.js));
        add(crate::target::declarations(&target.path), "[target.js]", one(&rows.js));
    }
    if let Some(target) = &targets.json {
        add(target.path.clone(), "[target.json]", one(&rows.json));
        add(crate::target::view_schema(&target.path), "[target.json]", one(&rows.json));
    }
    if let Some(target) = &targets.docs {
        add(target.path.clone(), "[target.docs]", one(&rows.docs));
    }
    let table = draft.source.path.rsplit(['/', '\\']).next().unwrap_or_default();
    if draft.table.root.is_none() {
        add(table.to_owned(), "the table itself", 0..0);
    }
    paths
}

fn shared(draft: &mut Draft<'_>) {
    let mut paths = written(draft);
    // A folder sorts right before what lies in it.
    paths.sort_by_key(|(path, _, _)| format!("{path}/"));
    for two in paths.windows(2) {
        let [(a, first, before), (b, second, after)] = two else { continue };
        if a == b || format!("{b}/").starts_with(&format!("{a}/")) {
            let span = if after.is_empty() { before.clone() } else { after.clone() };
            let message = format!("{first} and {second} both write `{}`", shown(b));
            draft.error("shared-path", span, message, "give each a path of its own");
        }
    }
}

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
        draft.error("bad-identifier", given.span(), message, help);
    }
}

pub(super) fn rust_names(draft: &mut Draft<'_>) {
    let table = draft.table;
    let (Some(row), Some(target)) = (&table.target.rust, draft.targets.rust.clone()) else {
        return;
    };
    let before = draft.findings.len();
    plain(draft, row.type_name.as_ref());
    let span = row.type_name.as_ref().map_or_else(|| table.machine.name.span(), Spanned::span);
    let name = table.machine.name.get_ref();
    if draft.findings.len() == before && rust::is_keyword(&target.type_name) {
        let message = format!("`{}` is a reserved word of Rust", target.type_name);
        draft.error(
            "reserved-word",
            span.clone(),
            message,
            "call the type something else: `type = \"...\"`",
        );
    }
    if rust::taken_types(name).contains(&target.type_name) {
        let message =
            format!("`{}` is the name of another type in the generated file", target.type_name);
        draft.error(
            "colliding-names",
            span,
            message,
            "call the type something else: `type = \"...\"`",
        );
    }
    variants(draft, "states", &|draft| {
        draft.table.state.iter().map(|row| row.name.clone()).collect()
    });
    variants(draft, "phases", &|draft| {
        draft.table.phase.iter().map(|row| row.name.clone()).collect()
    });
}

fn variants(draft: &mut Draft<'_>, what: &str, names: &dyn Fn(&Draft<'_>) -> Vec<Text>) {
    let mut seen: HashMap<String, String> = HashMap::new();
    for name in names(draft) {
        let variant = camel(name.get_ref());
        if variant == "Self" {
            let message =
                format!("`{}` gives the Rust variant `Self`, a reserved word", name.get_ref());
            let help = "rename it; a state keeps what is stored with `value`";
            draft.error("reserved-word", name.span(), message, help);
        }
        match seen.get(&variant) {
            Some(other) if other != name.get_ref() => {
                let message = format!(
                    "the {what} `{other}` and `{}` both give the Rust variant `{variant}`",
                    shown(name.get_ref())
                );
                let help = "rename one of them; a state keeps what is stored with `value`";
                draft.error("colliding-names", name.span(), message, help);
            }
            Some(_) => {}
            None => {
                seen.insert(variant, name.get_ref().clone());
            }
        }
    }
}

pub(super) fn sql_names(draft: &mut Draft<'_>) {
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
    let long = sql::identifiers(name, &target)
        .into_iter()
        .chain([target.schema.clone().unwrap_or_default()])
        .filter(|identifier| identifier.len() > MAX_NAME)
        .max_by_key(String::len);
    if let Some(long) = long {
        let message = format!(
            "the SQL target would make the identifier `{}` of {} bytes",
            shown(&long),
            long.len()
        );
        let help = format!(
            "databases cut identifiers at {MAX_NAME} bytes: shorten the name that it is made of"
        );
        draft.error("identifier-too-long", table.machine.name.span(), message, help);
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
                "colliding-names",
                span,
                message,
                "call the table, or `events`, something else",
            );
        }
    }
    if target.key.eq_ignore_ascii_case(&target.column) {
        let span = row.key.as_ref().or(row.column.as_ref()).map_or(0..0, Spanned::span);
        let message = format!("`{}` is both the key and the status column", shown(&target.key));
        draft.error("colliding-names", span, message, "name two columns");
    }
    let reserved = sql::OWNED_COLUMNS;
    for (given, default) in [(row.key.as_ref(), &target.key), (row.column.as_ref(), &target.column)]
    {
        if target.owns && reserved.contains(&default.to_lowercase().as_str()) {
            let span = given.map_or(0..0, Spanned::span);
            let message = format!("the table has another column `{}`", shown(default));
            draft.error("colliding-names", span, message, "name the column something else");
        }
    }
}

pub(super) fn workflow_names(draft: &mut Draft<'_>) {
    let table = draft.table;
    let Some(row) = &table.target.workflow else { return };
    if let Some(id) = &row.id_input {
        if !is_job_name(id.get_ref()) && id.get_ref() != LOST {
            let message = format!("`{}` is not a plain identifier", shown(id.get_ref()));
            let help = "a letter or `_`, then letters, digits, `_` and `-`";
            draft.error("bad-identifier", id.span(), message, help);
        }
        if id.get_ref().eq_ignore_ascii_case("callback_token") {
            let message = "`callback_token` is the input that carries the token";
            draft.error(
                "colliding-names",
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
            draft.error("bad-action", action.span(), message, help);
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
            draft.error("colliding-names", row.name.span(), message, "rename one of them");
        }
    }
}
