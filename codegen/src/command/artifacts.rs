//! `phasegate generate` and `phasegate check`: one function, with and without leave to write.

use clap::Args;
use serde_json::json;

use super::{Exit, FormatArg, Outcome, TablesArg, count, print, say, shown, tell};
use crate::artifact::{self, Leave, State};
use crate::finding::{Finding, Format, Severity};
use crate::pipeline;
use crate::target::Target;

#[derive(Args)]
pub(crate) struct Generate {
    #[command(flatten)]
    tables: TablesArg,
    /// Only these targets
    #[arg(long, value_enum, value_delimiter = ',', value_name = "TARGET")]
    only: Vec<Target>,
    #[command(flatten)]
    pub(crate) format: FormatArg,
}

impl Generate {
    pub(crate) fn run(&self) -> Outcome {
        let mut lines = String::new();
        let mut artifacts = Vec::new();
        let mut findings = Vec::new();
        // Every table is read before the first file is written.
        let paths = self.tables.paths()?;
        let loaded =
            paths.iter().map(|path| pipeline::load(path)).collect::<Result<Vec<_>, _>>()?;
        for loaded in &loaded {
            let targets: Vec<Target> = Target::ALL
                .into_iter()
                .filter(|t| self.only.is_empty() || self.only.contains(t))
                .collect();
            let settled = pipeline::settle(loaded, &targets, Leave::Write)?;
            let mut left = 0;
            for outcome in &settled.outcomes {
                let word = match outcome.state {
                    State::Current => {
                        left += 1;
                        "current"
                    }
                    State::Stale | State::Missing => "written",
                    State::Orphaned => "orphaned",
                };
                let path = shown(&loaded.root.join(&outcome.path));
                match outcome.state {
                    State::Current => {}
                    State::Stale | State::Missing => lines += &format!("wrote {path}\n"),
                    State::Orphaned => {
                        lines += &format!("no longer generated, left in place: {path}\n");
                        findings.push(Finding::about(
                            "orphaned",
                            Severity::Warning,
                            path.as_str(),
                            "the file was generated from this table, which no longer gives it",
                            "remove the file, or put its target back into the table",
                        ));
                    }
                }
                artifacts.push(json!({ "path": path, "state": word }));
            }
            if settled.outcomes.is_empty() {
                say(&format!(
                    "{}: the table has no [target.*] section, so that nothing is generated",
                    loaded.source.path
                ));
            }
            lines += &format!(
                "{}: {} left as they were\n",
                loaded.source.path,
                count(left, "current artifact")
            );
            match self.format.format {
                Format::Text => {
                    tell(Format::Text, &settled.warnings, Some(&loaded.source), json!({}))?;
                }
                Format::Json | Format::Github => findings.extend(settled.warnings),
            }
        }
        match self.format.format {
            Format::Text => print(&lines)?,
            format @ (Format::Json | Format::Github) => {
                tell(format, &findings, None, json!({ "artifacts": artifacts }))?;
            }
        }
        Ok(Exit::Well)
    }
}

#[derive(Args)]
pub(crate) struct Check {
    #[command(flatten)]
    tables: TablesArg,
    #[command(flatten)]
    pub(crate) format: FormatArg,
}

impl Check {
    pub(crate) fn run(&self) -> Outcome {
        let mut all = Vec::new();
        let mut summaries = Vec::new();
        let mut exit = Exit::Well;
        for path in self.tables.paths()? {
            let loaded = pipeline::load(&path)?;
            let settled = pipeline::settle(&loaded, &Target::ALL, Leave::Read)?;
            let mut findings = artifact::findings(
                &settled.outcomes,
                &format!("phasegate generate {}", shown(&path)),
            );
            for finding in &mut findings {
                finding.path = shown(&loaded.root.join(&finding.path));
            }
            if !findings.is_empty() {
                exit = Exit::Findings;
            }
            let machine = &loaded.machine;
            let summary = format!(
                "{}: {}, {} ({}), {}, {}, table {}, language {}",
                loaded.source.path,
                count(machine.states.len(), "state"),
                count(machine.transition_count(), "legal transition"),
                count(machine.skip_count(), "skip"),
                count(machine.jobs.len(), "job"),
                count(settled.outcomes.len(), "artifact"),
                machine.fingerprints.table,
                machine.fingerprints.language,
            );
            if self.format.format == Format::Text {
                tell(Format::Text, &settled.warnings, Some(&loaded.source), json!({}))?;
                for outcome in &settled.outcomes {
                    print(outcome.diff.as_deref().unwrap_or_default())?;
                }
                tell(Format::Text, &findings, None, json!({}))?;
                for line in machine.skips_in_words() {
                    print(&format!("{line}\n"))?;
                }
                if findings.is_empty() {
                    print(&format!("{summary}: all current\n"))?;
                } else {
                    print(&format!("{summary}: {}\n", count(findings.len(), "finding")))?;
                }
            }
            summaries.push(json!({
                "table": loaded.source.path,
                "states": machine.states.len(),
                "transitions": machine.transition_count(),
                "skips": machine.skip_count(),
                "fingerprints": {
                    "table": machine.fingerprints.table,
                    "language": machine.fingerprints.language,
                },
            }));
            all.extend(settled.warnings);
            all.extend(findings);
        }
        if self.format.format != Format::Text {
            tell(self.format.format, &all, None, json!({ "tables": summaries }))?;
        }
        Ok(exit)
    }
}
