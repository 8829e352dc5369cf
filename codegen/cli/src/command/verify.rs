//! `phasegate verify`: the proofs, each with what it covered or the shortest counterexample, and what is
//! found in the workflows that are kept current.

use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use super::{CommandResult, Exit, Failure, FormatArg, TablesArg, print, print_findings};
use crate::command::Format;
use phasegate_codegen::accepted::Accepted;
use phasegate_codegen::finding::Finding;
use phasegate_codegen::verify::{self, Proved};
use phasegate_codegen::workflow::keep::{self, Kept, Proof};

#[derive(Args)]
pub(crate) struct Verify {
    #[command(flatten)]
    tables: TablesArg,
    /// Print the model of the jobs' runs for another model checker, and prove nothing here
    #[arg(long, value_enum, value_name = "LANGUAGE")]
    export: Option<Export>,
    #[command(flatten)]
    pub(crate) format: FormatArg,
}

/// What a model can be written in.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Export {
    /// For Spin, with the claims as formulas of linear temporal logic
    Promela,
}

impl Verify {
    pub(crate) fn run(&self) -> CommandResult {
        let format = self.format.format;
        if self.export.is_some() && format != Format::Text {
            let alone = "--export writes only the model: leave --format out".to_owned();
            return Err(Failure::Message(alone));
        }
        let tables = self.tables.load(format)?;
        if let Some(Export::Promela) = self.export {
            let [(_, loaded)] = &tables.loaded[..] else {
                let one = "--export writes one model: name one table".to_owned();
                return Err(if tables.all_read { Failure::Message(one) } else { Failure::Told });
            };
            print(&verify::promela(&loaded.machine))?;
            return if tables.all_read { Ok(Exit::Well) } else { Err(Failure::Told) };
        }
        let mut findings = tables.findings;
        let mut reported = Vec::new();
        let mut exit = Exit::Well;
        for (file, loaded) in &tables.loaded {
            let path = &loaded.source.path;
            let proofs = verify::verify(&loaded.machine);
            let mut kept = keep::kept(loaded)?;
            let mut accepted = Accepted::of(file)?;
            let mut refuted = verify::findings(&loaded.source, &proofs);
            let of_kept = kept.iter_mut().flat_map(|kept| &mut kept.findings);
            accepted.accept(loaded, refuted.iter_mut().chain(of_kept))?;
            let stale = accepted.stale("verify");
            let all = || refuted.iter().chain(kept.iter().flat_map(|kept| &kept.findings));
            if all().any(Finding::is_error) {
                exit = Exit::Findings;
            }
            if format == Format::Text {
                let mut summary = verify::summary(&proofs);
                let left = all().filter(|finding| finding.accepted.is_some()).count();
                if left > 0 {
                    summary += &format!("; {left} accepted");
                }
                print(&verify::text(&proofs))?;
                print(&fingerprints(&refuted))?;
                for kept in &kept {
                    print(&runs_of(kept))?;
                    print_findings(format, &kept.findings, Some(&kept.source), json!({}))?;
                }
                print_findings(format, &stale, Some(accepted.source()), json!({}))?;
                print(&format!("{path}: {summary}\n"))?;
            }
            let proofs: Vec<Value> = proofs.iter().map(|p: &Proved| verify::json(p)).collect();
            reported.push(json!({ "table": path, "proofs": proofs }));
            findings.extend(refuted);
            findings.extend(kept.into_iter().flat_map(|kept| kept.findings));
            findings.extend(stale);
        }
        if format != Format::Text {
            print_findings(format, &findings, None, json!({ "tables": reported }))?;
        }
        if tables.all_read { Ok(exit) } else { Err(Failure::Told) }
    }
}

/// What is proven of the runs of a workflow that is kept current, in a line.
fn runs_of(kept: &Kept) -> String {
    let (word, said) = match kept.proof {
        Proof::Own => ("proven", "its jobs run as those of the table's own workflow"),
        Proof::Proven => {
            ("proven", "what is claimed of the table's own runs holds of its runs, too")
        }
        Proof::Bounded => ("bounded", "not exhausted; what was tried of its runs breaks no claim"),
        Proof::None => ("-", "nothing is proven of its runs: see below"),
    };
    format!("{word:<8} {}  {said}\n", kept.source.path)
}

/// By what each finding can be accepted, or why it is, and where it stands.
fn fingerprints(findings: &[Finding]) -> String {
    let line = |finding: &Finding| {
        let what = match (&finding.accepted, &finding.fingerprint) {
            (Some(reason), _) => format!("accepted: {reason}"),
            (None, Some(fingerprint)) => format!("fingerprint {fingerprint}"),
            (None, None) => return String::new(),
        };
        let place = match (finding.line, finding.column) {
            (Some(line), Some(column)) => format!(" ({}:{line}:{column})", finding.path),
            (Some(_) | None, _) => String::new(),
        };
        format!("{}: {what}{place}\n", finding.rule.id)
    };
    findings.iter().map(line).collect()
}
