//! The files of the workflows that a table names: reading them, and what is said of one that is not
//! there.

use std::fs;
use std::io;
use std::path::Path;

use super::file::File;
use super::foreign::foreign_actions;
use super::{Around, Kept, Proof, adopt, keep, wanted};
use crate::artifact::{self, generate_command, shell_word};
use crate::finding::{Finding, Severity};
use crate::load::Loaded;
use crate::rules;
use crate::suggest::{self, shown};
use crate::table::Source;

/// The workflows that the table names, as it would have them.
///
/// # Errors
/// Where a file cannot be read.
pub fn kept(loaded: &Loaded) -> Result<Vec<Kept>, io::Error> {
    let Some(target) = loaded.machine.targets.workflow() else { return Ok(Vec::new()) };
    let mut files = Vec::new();
    let mut all = Vec::new();
    for path in &target.workflows {
        match read(loaded, path)? {
            Ok(file) => files.push(file),
            Err(unread) => all.push(unread),
        }
    }
    let texts: Vec<&str> = files.iter().map(|file| file.text.as_str()).collect();
    for (file, wanted) in files.iter().zip(wanted(&loaded.machine, &texts)) {
        let around = around(loaded, file);
        all.push(keep(&loaded.machine, target, file, &wanted, &around));
    }
    Ok(all)
}

/// A workflow with the regions where they belong, and what else it lacks; none where the table has
/// no workflow target. Nothing is written.
///
/// # Errors
/// Where a file cannot be read.
pub fn adopted(loaded: &Loaded, path: &str) -> Result<Option<Kept>, io::Error> {
    let Some(target) = loaded.machine.targets.workflow() else { return Ok(None) };
    let file = match read(loaded, path)? {
        Ok(file) => file,
        Err(unread) => return Ok(Some(unread)),
    };
    // Next to others, it is to have what they don't.
    let (mut before, mut after) = (Vec::new(), Vec::new());
    let mut is_past = false;
    for other in &target.workflows {
        if other == path {
            is_past = true;
        } else if let Ok(other) = read(loaded, other)? {
            if is_past { &mut after } else { &mut before }.push(other.text);
        }
    }
    let at = before.len();
    let texts: Vec<&str> =
        before.iter().chain([&file.text]).chain(&after).map(String::as_str).collect();
    let wanted = wanted(&loaded.machine, &texts).swap_remove(at);
    let around = around(loaded, &file);
    Ok(Some(adopt(&loaded.machine, target, &file, &wanted, &around)))
}

fn around(loaded: &Loaded, file: &File) -> Around {
    let table = &loaded.source.path;
    Around {
        others: beside(loaded, file),
        foreign: foreign_actions(loaded, file),
        file: file.from_root.clone(),
        generate: generate_command([table]),
        adopt: format!(
            "run `phasegate workflow adopt {} --table {}`",
            shell_word(&file.shown),
            shell_word(table)
        ),
    }
}

/// The other workflows of a folder, as far as they can be read; of one that no one calls, and that calls
/// none, none.
fn beside(loaded: &Loaded, file: &File) -> Vec<File> {
    let folder = file.path.rsplit_once('/').map_or("", |(folder, _)| folder);
    if !file.text.contains("workflow_call") && !file.text.contains(".github/workflows/") {
        return Vec::new();
    }
    let others = workflows(&loaded.root, folder).into_iter().filter(|path| *path != file.path);
    others.filter_map(|path| read(loaded, &path).ok()?.ok()).collect()
}

/// The paths of the workflows in a folder, in their order.
fn workflows(root: &Path, folder: &str) -> Vec<String> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(root.join(folder)).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.ends_with(".yml") || name.ends_with(".yaml") {
            let before = if folder.is_empty() { "" } else { "/" };
            paths.push(format!("{folder}{before}{name}"));
        }
    }
    paths.sort();
    paths
}

/// A file, or what is to be said of it where it has no text.
fn read(loaded: &Loaded, path: &str) -> Result<Result<File, Kept>, io::Error> {
    let at = loaded.root.join(path);
    let name = at.display().to_string();
    let unread = |rule, message: &str, help: String| {
        let findings = vec![Finding::about(rule, Severity::Error, &name, message, help)];
        let source = Source::new(&name, "");
        Kept {
            path: path.to_owned(),
            on_disk: None,
            source,
            text: None,
            findings,
            proof: Proof::None,
        }
    };
    let Some(bytes) = artifact::read(&at)? else {
        let help = match nearest(&loaded.root, path) {
            Some(near) => format!("did you mean `{}`?", shown(&near)),
            None => "write the workflow, or take it out of the table's `workflows`".to_owned(),
        };
        return Ok(Err(unread(rules::MISSING_WORKFLOW, "there is no such file", help)));
    };
    match String::from_utf8(bytes) {
        Ok(text) => {
            let from = path.find(".github/workflows/").unwrap_or_default();
            let from_root = path[from..].to_owned();
            Ok(Ok(File { path: path.to_owned(), from_root, shown: name, text }))
        }
        Err(_) => {
            let help = "save it as UTF-8".to_owned();
            Ok(Err(unread(rules::UNREADABLE_WORKFLOW, "the file is not UTF-8", help)))
        }
    }
}

/// The workflow that was probably meant: one of that folder, or of the one where they all lie.
fn nearest(root: &Path, path: &str) -> Option<String> {
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let folders = [folder, ".github/workflows"].into_iter();
    let mut paths: Vec<String> = folders.flat_map(|folder| workflows(root, folder)).collect();
    paths.sort();
    paths.dedup();
    let near = suggest::nearest(path, paths.iter().map(String::as_str));
    let only = (paths.len() == 1).then(|| paths[0].as_str());
    near.or(only).map(str::to_owned)
}
