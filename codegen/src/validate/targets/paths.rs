//! Paths: they stay inside the root, and no two artifacts share one.

use std::collections::HashSet;
use std::ops::Range;

use toml::Spanned;

use super::normal;
use crate::emit;
use crate::rules::{self, Rule};
use crate::suggest::shown;
use crate::table::{LOST, PathRow, PerDialect, Placed, TargetRows, Text};
use crate::targets::Dialect;
use crate::validate::Draft;

/// What is wrong with a path, if anything.
fn fault(path: &str) -> Option<(&'static Rule, String, &'static str)> {
    let shown = shown(path);
    if is_absolute(path) {
        let help = "paths are relative to the table's folder, or to `root`";
        return Some((rules::ABSOLUTE_PATH, format!("the path `{shown}` is absolute"), help));
    }
    if path.chars().any(|c| c.is_control() || c == '\\') || normal(path).is_empty() {
        let help = "a path has parts, apart by `/`, without `\\` and control characters";
        return Some((rules::BAD_PATH, format!("`{shown}` is not a path"), help));
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
            return Some((
                rules::PATH_LEAVES_ROOT,
                format!("the path `{shown}` leaves the root"),
                help,
            ));
        }
    }
    if path.split('/').any(|part| part == "..") {
        let help = "write the path without `..`";
        return Some((rules::BAD_PATH, format!("the path `{shown}` goes up and down again"), help));
    }
    None
}

/// Whether a path starts at the top of a file system, or of a drive.
fn is_absolute(path: &str) -> bool {
    let drive = path.get(1..2) == Some(":") && path.starts_with(|c: char| c.is_ascii_alphabetic());
    path.starts_with(['/', '\\']) || drive
}

/// What a path that is given leads to.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Kind {
    File,
    Folder,
    Module,
    Workflow,
}

pub(in crate::validate) fn paths(draft: &mut Draft<'_>) {
    let table = draft.table;
    if let Some(root) = &table.root {
        self::root(draft, root);
    }
    let mut sound = true;
    for (path, kind) in given(draft) {
        let text = path.get_ref();
        if text == LOST {
            continue;
        }
        let end = text.rsplit('/').next().unwrap_or_default();
        if let Some((rule, message, help)) = fault(text) {
            sound = false;
            draft.error(rule, path.span(), message, help);
        } else if kind != Kind::Folder && matches!(end, "" | ".") {
            sound = false;
            let message = format!("`{}` is a folder", shown(text));
            draft.error(rules::BAD_PATH, path.span(), message, "name the file to write");
        } else if kind == Kind::Module && !end.ends_with(".js") && !end.ends_with(".mjs") {
            let message = format!("`{}` does not end as a module does", shown(text));
            draft.error(rules::BAD_PATH, path.span(), message, "end it with `.js` or `.mjs`");
        } else if kind == Kind::Workflow && !end.ends_with(".yml") && !end.ends_with(".yaml") {
            let message = format!("`{}` does not end as a workflow does", shown(text));
            draft.error(rules::BAD_PATH, path.span(), message, "end it with `.yml` or `.yaml`");
        }
    }
    if sound && table.machine.name.get_ref() != LOST {
        shared(draft);
    }
}

fn root(draft: &mut Draft<'_>, root: &Text) {
    let text = root.get_ref();
    let help = "write it from the table's own folder, such as \"../..\"";
    if text == LOST {
    } else if is_absolute(text) {
        let message = format!("the root `{}` is absolute", shown(text));
        draft.error(rules::ABSOLUTE_PATH, root.span(), message, help);
    } else if text.is_empty() || text.chars().any(|c| c.is_control() || c == '\\') {
        draft.error(rules::BAD_PATH, root.span(), format!("`{}` is not a path", shown(text)), help);
    }
}

/// The paths that the table gives.
fn given<'t>(draft: &Draft<'t>) -> Vec<(&'t Text, Kind)> {
    let rows = &draft.table.target;
    let one = |row: &'t Option<Placed<PathRow>>| row.as_ref().and_then(|row| row.path.as_ref());
    let mut given = Vec::new();
    given.extend(one(&rows.js).map(|path| (path, Kind::Module)));
    given.extend(one(&rows.json).map(|path| (path, Kind::File)));
    given.extend(one(&rows.docs).map(|path| (path, Kind::File)));
    let rust = rows.rust.as_ref().and_then(|row| row.path.as_ref());
    given.extend(rust.map(|path| (path, Kind::File)));
    let workflow = rows.workflow.as_ref().and_then(|row| row.path.as_ref());
    given.extend(workflow.map(|path| (path, Kind::Folder)));
    given.extend(kept(rows).map(|path| (path, Kind::Workflow)));
    if let Some(sql) = &rows.sql {
        given.extend(sql.path.as_ref().map(|path| (path, Kind::Folder)));
        match &sql.migrations {
            Some(PerDialect::Below(above)) => given.push((above, Kind::Folder)),
            Some(PerDialect::Each(each, _)) => {
                given.extend(each.iter().map(|(_, path)| (path, Kind::Folder)));
            }
            None => {}
        }
    }
    given
}

/// The workflows whose report steps are kept current.
fn kept(rows: &TargetRows) -> impl Iterator<Item = &Text> {
    let list = rows.workflow.as_ref().and_then(|row| row.workflows.as_ref());
    list.into_iter().flat_map(|list| list.get_ref())
}

/// Something that will be written.
struct Written {
    path: String,
    what: &'static str,
    /// Where the table says so.
    span: Range<usize>,
    /// Whether the table says so in as many words.
    is_given: bool,
}

/// Every file and folder that will be written, and what is there already.
fn written(draft: &Draft<'_>) -> Vec<Written> {
    let rows = &draft.table.target;
    let targets = &draft.targets;
    let name = draft.table.machine.name.get_ref();
    let mut all = Vec::new();
    let mut add = |what, given: Option<&Text>, section: &Range<usize>, paths: Vec<String>| {
        let span = given.map_or_else(|| section.clone(), Spanned::span);
        let is_given = given.is_some();
        all.extend(paths.into_iter().map(|path| Written {
            path,
            what,
            span: span.clone(),
            is_given,
        }));
    };
    if let (Some(target), Some(row)) = (&targets.rust, &rows.rust) {
        add("[target.rust]", row.path.as_ref(), &row.span, vec![target.path.clone()]);
    }
    if let (Some(target), Some(row)) = (&targets.sql, &rows.sql) {
        let schemas = target.dialects.iter().map(|d| format!("{}/{}.sql", target.path, d.as_str()));
        add("[target.sql]", row.path.as_ref(), &row.span, schemas.collect());
        for (dialect, folder) in &target.migrations {
            let given = match &row.migrations {
                Some(PerDialect::Below(above)) => Some(above),
                Some(PerDialect::Each(each, _)) => {
                    each.iter().find(|(of, _)| of == dialect).map(|(_, path)| path)
                }
                None => None,
            };
            let what = match dialect {
                Dialect::Postgres => "the PostgreSQL migrations of [target.sql]",
                Dialect::Sqlite => "the SQLite migrations of [target.sql]",
            };
            add(what, given, &row.span, vec![folder.clone()]);
        }
    }
    if let (Some(target), Some(row)) = (&targets.workflow, &rows.workflow) {
        let files =
            [format!("notify-{name}-status"), "jobs".to_owned(), format!("{name}-console.yml")];
        let paths = files.iter().map(|file| format!("{}/{file}", target.path)).collect();
        add("[target.workflow]", row.path.as_ref(), &row.span, paths);
        let mut seen = HashSet::new();
        for path in kept(rows).filter(|path| seen.insert(normal(path.get_ref()))) {
            let what = "`workflows` of [target.workflow]";
            add(what, Some(path), &row.span, vec![normal(path.get_ref())]);
        }
    }
    if let (Some(target), Some(row)) = (&targets.js, &rows.js) {
        let paths = vec![target.path.clone(), emit::declarations(&target.path)];
        add("[target.js]", row.path.as_ref(), &row.span, paths);
    }
    if let (Some(target), Some(row)) = (&targets.json, &rows.json) {
        let paths = vec![target.path.clone(), emit::view_schema(&target.path)];
        add("[target.json]", row.path.as_ref(), &row.span, paths);
    }
    if let (Some(target), Some(row)) = (&targets.docs, &rows.docs) {
        add("[target.docs]", row.path.as_ref(), &row.span, vec![target.path.clone()]);
    }
    let root = draft.table.root.as_ref().map(|root| normal(root.get_ref()));
    if root.is_none_or(|root| root.is_empty()) {
        let table = draft.source.path.rsplit(['/', '\\']).next().unwrap_or_default();
        add("the table itself", None, &(0..0), vec![table.to_owned()]);
    }
    all
}

fn shared(draft: &mut Draft<'_>) {
    let mut all = written(draft);
    // A folder sorts right before what lies in it.
    all.sort_by_key(|written| format!("{}/", written.path));
    let mut above: Option<&Written> = None;
    let mut told = HashSet::new();
    for written in &all {
        if let Some(other) = above
            && format!("{}/", written.path).starts_with(&format!("{}/", other.path))
        {
            if !told.insert((other.what, written.what)) {
                continue;
            }
            // The place is that of a path which somebody wrote, the later of two.
            let at = [other, written].into_iter().max_by_key(|w| (w.is_given, w.span.start));
            let span = at.map_or(0..0, |at| at.span.clone());
            let message = format!(
                "{} and {} both write `{}`",
                other.what,
                written.what,
                shown(&written.path)
            );
            draft.error(rules::SHARED_PATH, span, message, "give each a path of its own");
        } else {
            above = Some(written);
        }
    }
}
