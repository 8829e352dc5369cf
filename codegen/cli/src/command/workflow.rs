//! `phasegate workflow adopt`: puts a table's reports where they belong in a workflow that somebody
//! wrote, and shows what that changes.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::json;

use super::{
    CommandResult, Exit, Failure, FormatArg, load_or_the_one, print, print_findings, say, shown,
};
use crate::command::Format;
use phasegate_codegen::artifact::{self, WriteMode};
use phasegate_codegen::finding::{Finding, Severity};
use phasegate_codegen::load::{self, Loaded};
use phasegate_codegen::rules;
use phasegate_codegen::workflow::keep;

#[derive(Args)]
pub(crate) struct Workflow {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Put the reports where they belong, and show what that changes
    #[command(after_help = super::WRITES)]
    Adopt(Adopt),
}

#[derive(Args)]
struct Adopt {
    /// The workflow, such as .github/workflows/deploy.yml
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The table; by default the one in the current folder
    #[arg(long, value_name = "TABLE")]
    table: Option<PathBuf>,
    /// Show what would change, and write nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    format: FormatArg,
}

impl Workflow {
    pub(crate) fn run(&self) -> CommandResult {
        match &self.command {
            Command::Adopt(adopt) => adopt.run(),
        }
    }
}

impl Adopt {
    fn run(&self) -> CommandResult {
        let loaded = load_or_the_one(self.table.as_deref())?;
        let Some(target) = loaded.machine.targets.workflow() else {
            return Err(Failure::Message(format!(
                "{} has no [target.workflow] section: add one, then adopt the workflow",
                loaded.source.path
            )));
        };
        let path = in_root(&self.file, &loaded)?;
        let kept = keep::adopted(&loaded, &path)?.expect("the table has a workflow target");
        let (Some(found), Some(text)) = (&kept.on_disk, &kept.text) else {
            let message = kept.findings.first().map(|f| format!("{} ({})", f.message, f.help));
            let message = message.unwrap_or_default();
            return Err(Failure::Message(format!("{}: {message}", shown(&self.file))));
        };
        let name = &kept.source.path;
        let diff = match text == found {
            true => String::new(),
            false => artifact::diff(name, found, text),
        };
        if !self.dry_run {
            let artifacts: Vec<_> = kept.artifact().into_iter().collect();
            artifact::sync(&loaded.root, &loaded.header, &artifacts, false, WriteMode::Write)?;
        }
        let mut findings = kept.findings.clone();
        if !target.workflows.contains(&path) {
            findings.push(not_listed(&loaded, &path, &target.workflows));
        }
        let is_left = findings.iter().any(Finding::is_error);
        let state = match (diff.is_empty(), self.dry_run) {
            // Something keeps it from being what it is to be.
            (true, _) if is_left => "left as it is",
            (true, _) => "current",
            (false, true) => "would be written",
            (false, false) => "written",
        };
        if self.format.format == Format::Text {
            print(&diff)?;
        }
        let beside = json!({ "workflow": name, "state": state, "diff": diff });
        print_findings(self.format.format, &findings, Some(&kept.source), beside)?;
        if self.format.format == Format::Text {
            print(&format!("{}: {state}\n", name))?;
        } else if diff.is_empty() {
            say(&format!("{}: nothing to change", name));
        }
        if findings.iter().any(Finding::is_error) { Ok(Exit::Findings) } else { Ok(Exit::Well) }
    }
}

/// The file's path from the root, with `/`.
fn in_root(file: &Path, loaded: &Loaded) -> Result<String, Failure> {
    let path = load::from_root(file, &loaded.root)?;
    if path == ".." || path.starts_with("../") {
        return Err(Failure::Message(format!(
            "{} lies outside of the root of {}: set `root` in the table to the folder that holds \
             both",
            shown(file),
            loaded.source.path
        )));
    }
    Ok(path)
}

/// What is not named in the table is not looked at later on.
fn not_listed(loaded: &Loaded, path: &str, listed: &[String]) -> Finding {
    let all: Vec<String> =
        listed.iter().map(String::as_str).chain([path]).map(|path| format!("{path:?}")).collect();
    Finding::about(
        rules::UNLISTED_WORKFLOW,
        Severity::Warning,
        &loaded.source.path,
        format!("`workflows` does not name {path}: `generate` and `check` will pass it over"),
        format!("write in [target.workflow]: workflows = [{}]", all.join(", ")),
    )
}
