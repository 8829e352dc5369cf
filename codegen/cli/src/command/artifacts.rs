//! `phasegate generate` and `phasegate check`: one function, with and without leave to write.

use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use serde_json::{Value, json};

use super::{
    CommandResult, Exit, Failure, FormatArg, TablesArg, count, print, print_findings, say, shown,
};
use crate::command::Format;
use phasegate_codegen::accepted::Accepted;
use phasegate_codegen::artifact::{self, FileState, WriteMode, generate_command};
use phasegate_codegen::emit::{Kind, TARGETS};
use phasegate_codegen::finding::{Finding, Severity};
use phasegate_codegen::load::Loaded;
use phasegate_codegen::machine::Machine;
use phasegate_codegen::rules;
use phasegate_codegen::table::Source;
use phasegate_codegen::verify::{self, Proved};
use phasegate_codegen::workflow::keep::Kept;
use phasegate_codegen::{Checked, Generated};

#[derive(Args)]
pub(crate) struct Generate {
    #[command(flatten)]
    tables: TablesArg,
    /// Only these targets
    #[arg(long, value_parser = target(), value_delimiter = ',', value_name = "TARGET")]
    only: Vec<&'static str>,
    #[command(flatten)]
    pub(crate) format: FormatArg,
}

/// The key of a target, and what `--help` says of each.
fn target() -> impl TypedValueParser<Value = &'static str> {
    let keys = TARGETS
        .iter()
        .map(|target| PossibleValue::new(target.key()).help(target.about().trim_end_matches('.')));
    PossibleValuesParser::new(keys).map(|key| {
        let named = TARGETS.iter().map(|target| target.key()).find(|&other| other == key);
        named.expect("the parser takes only their keys")
    })
}

impl Generate {
    pub(crate) fn run(&self) -> CommandResult {
        let format = self.format.format;
        // Every table is read before the first file is written.
        let tables = self.tables.load(format)?;
        tables.refuse_past()?;
        let mut findings = tables.findings;
        let mut artifacts = Vec::new();
        let mut exit = Exit::Well;
        if tables.all_read {
            for (_, loaded) in &tables.loaded {
                let generated = self.sync(loaded)?;
                let mut reported = written(loaded, &generated);
                let kept: Vec<(&Source, Vec<Finding>)> =
                    generated.workflows.iter().map(|kept| (&kept.source, unmended(kept))).collect();
                if kept.iter().flat_map(|(_, findings)| findings).any(Finding::is_error) {
                    exit = Exit::Findings;
                }
                if reported.iter().any(Finding::is_error) {
                    exit = Exit::Findings;
                }
                if format == Format::Text {
                    print_findings(format, &generated.warnings, Some(&loaded.source), json!({}))?;
                    print(&lines(loaded, &generated))?;
                    print_findings(format, &reported, None, json!({}))?;
                    for (source, findings) in &kept {
                        print_findings(format, findings, Some(source), json!({}))?;
                    }
                }
                reported.extend(kept.into_iter().flat_map(|(_, findings)| findings));
                artifacts.extend(generated.outcomes.iter().map(|outcome| {
                    let path = shown(&loaded.root.join(&outcome.path));
                    json!({ "path": path, "state": word(outcome.state) })
                }));
                findings.extend(generated.warnings);
                findings.extend(reported);
            }
        } else if !tables.loaded.is_empty() {
            say("phasegate: nothing is written while one of the tables is not valid");
        }
        if format != Format::Text {
            print_findings(format, &findings, None, json!({ "artifacts": artifacts }))?;
        }
        if tables.all_read { Ok(exit) } else { Err(Failure::Told) }
    }

    fn sync(&self, loaded: &Loaded) -> Result<Generated, Failure> {
        let is_asked =
            |target: &&dyn Kind| self.only.is_empty() || self.only.contains(&target.key());
        let targets: Vec<&dyn Kind> = TARGETS.iter().copied().filter(is_asked).collect();
        let generated = phasegate_codegen::sync(loaded, &targets, WriteMode::Write)?;
        if generated.outcomes.is_empty() {
            let what = if self.only.is_empty() { "no" } else { "none of these as a" };
            say(&format!(
                "{}: the table has {what} [target.*] section, so that nothing is generated",
                loaded.source.path
            ));
        }
        Ok(generated)
    }
}

/// What became of an artifact that was to be written.
fn word(state: FileState) -> &'static str {
    match state {
        FileState::Current => "current",
        FileState::Stale | FileState::Missing => "written",
        FileState::Foreign => "foreign",
        FileState::Orphaned => "orphaned",
    }
}

/// Which artifacts were written and which left, a line each.
fn lines(loaded: &Loaded, generated: &Generated) -> String {
    let mut lines = String::new();
    for outcome in &generated.outcomes {
        let word = match outcome.state {
            FileState::Stale | FileState::Missing => "wrote",
            FileState::Current => "left",
            FileState::Foreign | FileState::Orphaned => continue,
        };
        if let Some(kept) = &outcome.kept {
            let kept = shown(&loaded.root.join(kept));
            lines += &format!("kept what was not generated as {kept}\n");
        }
        lines += &format!("{word} {}\n", shown(&loaded.root.join(&outcome.path)));
    }
    let number =
        |of: &[FileState]| generated.outcomes.iter().filter(|o| of.contains(&o.state)).count();
    lines += &format!(
        "{}: {} written, {} current and left\n",
        loaded.source.path,
        count(number(&[FileState::Stale, FileState::Missing]), "artifact"),
        number(&[FileState::Current]),
    );
    lines
}

/// What `generate` could not mend in a workflow written by hand.
fn unmended(kept: &Kept) -> Vec<Finding> {
    kept.findings.iter().filter(|finding| finding.rule != rules::STALE_REGION).cloned().collect()
}

/// What `generate` could not mend.
fn written(loaded: &Loaded, generated: &Generated) -> Vec<Finding> {
    let mut findings = artifact::findings(&generated.outcomes, &generated.command);
    findings.retain(|finding| [rules::ORPHANED, rules::SHARED_PATH].contains(&finding.rule));
    for finding in &mut findings {
        finding.path = shown(&loaded.root.join(&finding.path));
        // A file that is left in place keeps nothing from being generated; `check` minds it.
        if finding.rule == rules::ORPHANED {
            finding.severity = Severity::Warning;
        }
    }
    findings
}

/// What is said of a table that has `[target.sql]` and no migration yet.
const NEVER_MIGRATED: &str = "never migrated: `phasegate migrate` writes the first files, and `check` holds them from then on";

#[derive(Args)]
pub(crate) struct Check {
    #[command(flatten)]
    tables: TablesArg,
    /// Look at what is deployed there instead, without a change: `postgres://…`, or `sqlite:FILE`.
    /// A password is better kept in PGPASSWORD or ~/.pgpass than on the command line
    #[arg(long, value_name = "URL")]
    database_url: Option<String>,
    /// Say, too, which skips each optional state opens, as `transitions` does
    #[arg(long)]
    verbose: bool,
    /// Show the whole of each difference, and not only how it begins
    #[arg(long)]
    diff: bool,
    #[command(flatten)]
    pub(crate) format: FormatArg,
}

impl Check {
    pub(crate) fn run(&self) -> CommandResult {
        let format = self.format.format;
        if let Some(url) = &self.database_url {
            return super::live::run(&self.tables, url, format);
        }
        let tables = self.tables.load_all(format)?;
        let shared = tables.shared_machines();
        let mut exit = if shared.is_empty() { Exit::Well } else { Exit::Findings };
        let mut summaries = Vec::new();
        if format == Format::Text {
            print_findings(format, &shared, None, json!({}))?;
        }
        let mut all = tables.findings;
        all.extend(shared);
        let (mut to_generate, mut to_migrate) = (Vec::new(), Vec::new());
        for (path, loaded) in &tables.loaded {
            let checked = phasegate_codegen::checked(loaded, path)?;
            if !checked.is_current() {
                exit = Exit::Findings;
            }
            let Checked { generated, findings, proofs, migrated, accepted, .. } = checked;
            let is_accepted = |outcome: &artifact::FileResult| {
                let path = shown(&loaded.root.join(&outcome.path));
                findings.iter().any(|f| f.accepted.is_some() && f.path == path)
            };
            let is_to_mend = |o: &&artifact::FileResult| {
                matches!(o.state, FileState::Stale | FileState::Missing) && !is_accepted(o)
            };
            if generated.outcomes.iter().any(|o| is_to_mend(&o)) {
                to_generate.push(shown(path));
            }
            let is_open = |finding: &&Finding| finding.accepted.is_none();
            if findings.iter().filter(is_open).any(|finding| finding.rule == rules::NOT_MIGRATED) {
                to_migrate.push(shown(path));
            }
            if format == Format::Text {
                let proofs = verify::summary(&proofs);
                if self.verbose {
                    for line in loaded.machine.skips_in_words() {
                        print(&format!("{line}\n"))?;
                    }
                }
                let shown = if self.diff { usize::MAX } else { MOST_OF_A_DIFF };
                in_words(loaded, &generated, &findings, &accepted)?;
                print(&diffs(&generated, shown))?;
                print(&summary_line(loaded, &generated, &findings, &proofs))?;
                if migrated == Some(false) {
                    print(&format!("{}: {NEVER_MIGRATED}\n", loaded.source.path))?;
                }
            }
            let mut summary = summary(loaded, &generated, &proofs);
            summary["migrated"] = json!(migrated);
            summaries.push(summary);
            all.extend(generated.warnings);
            all.extend(findings);
            all.extend(generated.workflows.into_iter().flat_map(|kept| kept.findings));
            all.extend(accepted.stale("check"));
        }
        if format == Format::Text {
            // A migration is of the table, and needs no artifact; but whoever mends one wants both.
            let generate = (!to_generate.is_empty()).then(|| generate_command(&to_generate));
            let migrate =
                (!to_migrate.is_empty()).then(|| artifact::command("migrate", &to_migrate));
            let commands: Vec<String> = generate.into_iter().chain(migrate).collect();
            if !commands.is_empty() {
                print(&format!("to mend this: {}\n", commands.join(" && ")))?;
            }
        } else {
            print_findings(format, &all, None, json!({ "tables": summaries }))?;
        }
        if tables.all_read { Ok(exit) } else { Err(Failure::Told) }
    }
}

fn in_words(
    loaded: &Loaded,
    generated: &Generated,
    findings: &[Finding],
    accepted: &Accepted,
) -> Result<(), Failure> {
    print_findings(Format::Text, &generated.warnings, Some(&loaded.source), json!({}))?;
    let source = &loaded.source;
    for of_one_file in findings.chunk_by(|one, other| one.path == other.path) {
        let is_of_table = of_one_file.iter().all(|finding| finding.path == source.path);
        print_findings(Format::Text, of_one_file, is_of_table.then_some(source), json!({}))?;
    }
    for kept in &generated.workflows {
        print_findings(Format::Text, &kept.findings, Some(&kept.source), json!({}))?;
    }
    print_findings(Format::Text, &accepted.stale("check"), Some(accepted.source()), json!({}))?;
    Ok(())
}

/// So many lines of each difference are shown where the whole of it is not asked for: two for the names of
/// the file, and a place with what stands around it.
const MOST_OF_A_DIFF: usize = 12;

/// How the artifacts differ from what the table gives.
fn diffs(generated: &Generated, most: usize) -> String {
    let mut out = String::new();
    for diff in generated.outcomes.iter().filter_map(|outcome| outcome.diff.as_deref()) {
        let lines: Vec<&str> = diff.split_inclusive('\n').collect();
        let shown = if lines.len() > most.saturating_add(1) { most } else { lines.len() };
        out += &lines[..shown].concat();
        if shown < lines.len() {
            let more = lines.len() - shown;
            out += &format!("... {more} more lines of this difference: `check --diff`\n");
        }
    }
    out
}

/// What was looked at, and what it comes to, in a line.
fn summary_line(
    loaded: &Loaded,
    generated: &Generated,
    findings: &[Finding],
    proofs: &str,
) -> String {
    let machine = &loaded.machine;
    let kept = generated.workflows.iter().flat_map(|kept| &kept.findings);
    let (left, open): (Vec<&Finding>, Vec<&Finding>) =
        findings.iter().chain(kept).partition(|finding| finding.accepted.is_some());
    let mut verdict = match open.len() {
        0 => "all current".to_owned(),
        number => count(number, "finding"),
    };
    if !left.is_empty() {
        verdict += &format!(", {} accepted", left.len());
    }
    let summary = in_a_line(&loaded.source.path, machine, generated.outcomes.len());
    format!("{summary}, proofs: {proofs}: {verdict}\n")
}

/// What was looked at.
pub(crate) fn in_a_line(table: &str, machine: &Machine, artifacts: usize) -> String {
    format!(
        "{table}: {}, {} ({}), {}, {}, table {}, language {}",
        count(machine.states.len(), "state"),
        count(machine.transition_count(), "legal transition"),
        count(machine.skip_count(), "skip"),
        count(machine.jobs.len(), "job"),
        count(artifacts, "artifact"),
        machine.fingerprints.table,
        machine.fingerprints.language,
    )
}

fn summary(loaded: &Loaded, generated: &Generated, proofs: &[Proved]) -> Value {
    let machine = &loaded.machine;
    json!({
        "table": loaded.source.path,
        "states": machine.states.len(),
        "transitions": machine.transition_count(),
        "skips": machine.skip_count(),
        "artifacts": generated.outcomes.len(),
        "proofs": proofs.iter().map(verify::json).collect::<Vec<Value>>(),
        "fingerprints": {
            "table": machine.fingerprints.table,
            "language": machine.fingerprints.language,
        },
    })
}
