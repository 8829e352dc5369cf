//! The targets, whichever there are: defaults filled in, sections sound, paths inside the root and
//! each artifact's own.

use std::collections::HashSet;
use std::ops::Range;

use toml::Spanned;

use super::Draft;
use crate::emit::{Form, Output, TARGETS, Words, normal};
use crate::rules::{self, Rule};
use crate::suggest::shown;
use crate::table::{LOST, Text};

/// Fills the defaults in.
pub(super) fn resolve(draft: &mut Draft<'_>) {
    let table = draft.table;
    draft.targets.root = table.root.as_ref().map(|root| root.get_ref().clone());
    for target in TARGETS {
        if let Some(row) = table.target.get(target.key()) {
            draft.targets.put(target.key(), target.resolve(row, table.machine.name.get_ref()));
        }
    }
}

/// What each target says of its section.
pub(super) fn sections(draft: &mut Draft<'_>) {
    let table = draft.table;
    let words = Words {
        machine: &table.machine.name,
        states: table.state.iter().map(|row| &row.name).collect(),
        phases: table.phase.iter().map(|row| &row.name).collect(),
        jobs: table.job.iter().map(|row| &row.name).collect(),
        targets: &draft.targets,
    };
    for target in TARGETS {
        let of = |key| Some((table.target.get(key)?, draft.targets.get(key)?));
        if let Some((row, spec)) = of(target.key()) {
            target.check(row, spec, &words, &mut draft.findings);
        }
    }
}

/// All that the targets write, each with its section's place.
fn outputs<'t>(draft: &Draft<'t>) -> Vec<(Range<usize>, Output<'t>)> {
    let (rows, name) = (&draft.table.target, draft.table.machine.name.get_ref());
    let mut all = Vec::new();
    for target in TARGETS {
        let of = |key| Some((rows.get(key)?, draft.targets.get(key)?));
        if let Some((row, spec)) = of(target.key()) {
            let (section, outputs) = target.outputs(row, spec, name);
            all.extend(outputs.into_iter().map(|output| (section.clone(), output)));
        }
    }
    all
}

pub(super) fn paths(draft: &mut Draft<'_>) {
    let table = draft.table;
    if let Some(root) = &table.root {
        self::root(draft, root);
    }
    let outputs = outputs(draft);
    let mut sound = true;
    // One that is given for several is reported once.
    let mut seen = HashSet::new();
    for (path, form) in outputs.iter().filter_map(|(_, it)| Some((it.given?, it.form))) {
        let text = path.get_ref();
        if text == LOST || !seen.insert(path.span().start) {
            continue;
        }
        let end = text.rsplit('/').next().unwrap_or_default();
        if let Some((rule, message, help)) = fault(text) {
            sound = false;
            draft.error(rule, path.span(), message, help);
        } else if form != Form::Folder && matches!(end, "" | ".") {
            sound = false;
            let message = format!("`{}` is a folder", shown(text));
            draft.error(rules::BAD_PATH, path.span(), message, "name the file to write");
        } else if let Form::Ending(kind, any) = form
            && !any.iter().any(|ending| end.ends_with(ending))
        {
            let message = format!("`{}` does not end as {kind} does", shown(text));
            let help = format!("end it with `{}`", any.join("` or `"));
            draft.error(rules::BAD_PATH, path.span(), message, help);
        }
    }
    if sound && table.machine.name.get_ref() != LOST {
        shared(draft, outputs);
    }
}

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

/// Something that will be written, or is there already.
struct Written {
    path: String,
    what: String,
    /// Where the table says so.
    span: Range<usize>,
    /// Whether the table says so in as many words.
    is_given: bool,
}

fn written(draft: &Draft<'_>, outputs: Vec<(Range<usize>, Output<'_>)>) -> Vec<Written> {
    let mut all = Vec::new();
    for (section, Output { what, given, paths, .. }) in outputs {
        let span = given.map_or(section, Spanned::span);
        all.extend(paths.into_iter().map(|path| Written {
            path,
            what: what.clone(),
            span: span.clone(),
            is_given: given.is_some(),
        }));
    }
    let root = draft.table.root.as_ref().map(|root| normal(root.get_ref()));
    if root.is_none_or(|root| root.is_empty()) {
        let table = draft.source.path.rsplit(['/', '\\']).next().unwrap_or_default();
        all.push(Written {
            path: table.to_owned(),
            what: "the table itself".to_owned(),
            span: 0..0,
            is_given: false,
        });
    }
    all
}

fn shared(draft: &mut Draft<'_>, outputs: Vec<(Range<usize>, Output<'_>)>) {
    let mut all = written(draft, outputs);
    // A folder sorts right before what lies in it.
    all.sort_by_key(|written| format!("{}/", written.path));
    let mut above: Option<&Written> = None;
    let mut reported = HashSet::new();
    for written in &all {
        if let Some(other) = above
            && format!("{}/", written.path).starts_with(&format!("{}/", other.path))
        {
            if !reported.insert((&other.what, &written.what)) {
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
