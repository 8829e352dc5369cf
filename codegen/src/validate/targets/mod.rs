//! Targets: defaults filled in, lists without doubles; paths and names in a file each.

mod names;
mod paths;

use std::collections::{BTreeMap, HashSet};
use std::ops::Range;

use toml::Spanned;

pub(super) use names::{rust_names, sql_names, workflow_names};
pub(super) use paths::paths;

use super::Draft;
use crate::rules;
use crate::table::{LOST, OffOr, PathRow, PerDialect, Text};
use crate::targets::{
    Dialect, KeyType, Mode, PathTarget, RustTarget, SqlTarget, Storage, Targets, WorkflowTarget,
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
pub(super) fn normal(path: &str) -> String {
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
                None => Some(format!("migrations/{}", dialect.as_str())),
                Some(PerDialect::Below(above)) => {
                    Some(format!("{}/{}", above.get_ref(), dialect.as_str()))
                }
                // A dialect that is not named has no migrations.
                Some(PerDialect::Each(each, _)) => each
                    .iter()
                    .find(|(of, _)| *of == dialect)
                    .map(|(_, path)| path.get_ref().clone()),
            };
            let migrations: BTreeMap<Dialect, String> = dialects
                .iter()
                .filter_map(|&dialect| Some((dialect, normal(&folder(dialect)?))))
                .collect();
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
                mode: row.mode.as_ref().map_or(Mode::Enforce, |mode| *mode.get_ref()),
                migrations,
                dialects,
            }
        }),
        workflow: rows.workflow.as_ref().map(|row| {
            let path = normal(&text(row.path.as_ref(), || "generated/workflow".to_owned()));
            WorkflowTarget {
                id_input: text(row.id_input.as_ref(), || format!("{name}_id")),
                action: text(row.action.as_ref(), || format!("./{path}/notify-{name}-status")),
                workflows: row
                    .workflows
                    .iter()
                    .flat_map(|list| list.get_ref())
                    .map(|path| normal(path.get_ref()))
                    .collect(),
                path,
            }
        }),
        js: rows.js.as_ref().map(|row| file(row, "js")),
        json: rows.json.as_ref().map(|row| file(row, "json")),
        docs: rows.docs.as_ref().map(|row| file(row, "md")),
    };
    draft.targets = targets;
    twice(draft);
    unseen(draft);
}

/// What is observed without a place to say so.
fn unseen(draft: &mut Draft<'_>) {
    let Some(row) = &draft.table.target.sql else { return };
    if let (Some(mode), Some(OffOr::Off)) = (&row.mode, &row.events)
        && *mode.get_ref() == Mode::Observe
    {
        let message = "`mode = \"observe\"` counts in the history, and `events = false` keeps none";
        let help = "leave `events` out, or enforce at once";
        draft.error(rules::OBSERVE_WITHOUT_HISTORY, mode.span(), message, help);
    }
}

/// Words that a list of a target holds twice.
fn twice(draft: &mut Draft<'_>) {
    let rows = &draft.table.target;
    let dialects = rows.sql.as_ref().and_then(|row| row.dialects.as_ref());
    if let Some(dialects) = dialects
        && dialects.get_ref().is_empty()
        && !rows.sql.as_ref().is_some_and(|row| row.has_lost("dialects"))
    {
        let help = "leave `dialects` out for both, or name one";
        draft.error(rules::EMPTY_LIST, dialects.span(), "`dialects` is an empty list", help);
    }
    if let Some(PerDialect::Each(each, span)) =
        rows.sql.as_ref().and_then(|row| row.migrations.as_ref())
        && each.is_empty()
        && !rows.sql.as_ref().is_some_and(|row| row.has_lost("migrations"))
    {
        let help = "leave `migrations` out, or name a folder";
        draft.error(rules::EMPTY_LIST, span.clone(), "`migrations` names no folder", help);
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
    let workflows = rows.workflow.as_ref().and_then(|row| row.workflows.as_ref());
    if let Some(workflows) = workflows
        && workflows.get_ref().is_empty()
        && !rows.workflow.as_ref().is_some_and(|row| row.has_lost("workflows"))
    {
        let help = "leave `workflows` out, or name a file";
        draft.error(rules::EMPTY_LIST, workflows.span(), "`workflows` is an empty list", help);
    }
    let mut seen = HashSet::new();
    doubles.extend(
        workflows
            .into_iter()
            .flat_map(|list| list.get_ref())
            .filter(|path| path.get_ref() != LOST && !seen.insert(normal(path.get_ref())))
            .map(Spanned::span),
    );
    for span in doubles {
        draft.error(rules::DUPLICATE_ENTRY, span, "the list holds this twice", "list it once");
    }
}
