//! An independent model checker comes to the same verdicts about the runs of a workflow.

use std::path::Path;
use std::process::Command;

use crate::common::proofs::*;
use phasegate_codegen::Machine;
use phasegate_codegen::verify::{self, ClaimResult};

fn run(folder: &Path, program: &str, arguments: &[&str]) -> String {
    let output =
        Command::new(program).args(arguments).current_dir(folder).output().unwrap_or_else(
            |error| panic!("{program}: {error}; on Debian: apt-get install spin gcc"),
        );
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {arguments:?}: {said}{errors}");
    said
}

/// Whether Spin finds every formula to hold, by their names.
fn spin(machine: &Machine) -> Vec<(&'static str, bool)> {
    let folder = tempfile::tempdir().unwrap();
    let model = verify::promela(machine);
    std::fs::write(folder.path().join("model.pml"), &model).unwrap();
    run(folder.path(), "spin", &["-a", "model.pml"]);
    run(folder.path(), "cc", &["-O1", "-w", "-o", "pan", "pan.c"]);
    let formulas =
        verify::FORMULAS.iter().filter(|(name, ..)| model.contains(&format!("ltl {name} ")));
    formulas
        .map(|(name, proof, _)| {
            let said = run(folder.path(), "./pan", &["-a", "-m100000", "-N", name]);
            (*proof, holds(&said).unwrap_or_else(|said| panic!("{name}: {said}")))
        })
        .collect()
}

/// Whether a formula holds, by what Spin's verifier said. One that was cut short and found nothing has
/// no verdict: it says `errors: 0` too, with a warning, or with nothing but an error about its depth.
fn holds(said: &str) -> Result<bool, &str> {
    let lower = said.to_lowercase();
    let cut = ["search not completed", "max search depth too small", "out of memory"];
    match (lower.contains("errors: 0"), lower.contains("errors: 1")) {
        (false, true) => Ok(false),
        (true, false) if !cut.iter().any(|words| lower.contains(words)) => Ok(true),
        (true | false, _) => Err(said),
    }
}

/// Spin and `verify` agree; gives what is refuted.
fn agree(machine: &Machine) -> Vec<&'static str> {
    agree_but(machine, &[])
}

/// Spin and `verify` agree on all but these claims, which do not apply; gives what is refuted.
fn agree_but(machine: &Machine, not_applicable: &[&str]) -> Vec<&'static str> {
    let proofs = verify::verify(machine);
    let mut refuted = Vec::new();
    let mut passed_over = Vec::new();
    for (name, holds) in spin(machine) {
        match &proofs.iter().find(|proved| proved.name == name).unwrap().verdict {
            ClaimResult::Proven { .. } => assert!(holds, "{name} is proven, and Spin refutes it"),
            ClaimResult::Refuted { .. } => {
                assert!(!holds, "{name} is refuted, and Spin finds that it holds");
                refuted.push(name);
            }
            ClaimResult::NotApplicable { .. } => passed_over.push(name),
            ClaimResult::Bounded { .. } => panic!("{name} is too large to be compared"),
        }
    }
    assert_eq!(passed_over, not_applicable);
    refuted
}

#[test]
fn a_search_that_was_cut_short_is_no_verdict() {
    let whole = "Full statespace search for:\nState-vector 44 byte, depth reached 51, errors: ";
    assert_eq!(holds(&format!("{whole}0")), Ok(true));
    assert_eq!(holds(&format!("Warning: Search not completed\n{whole}1")), Ok(false));
    for cut in [
        format!("Warning: Search not completed\n{whole}0"),
        format!("error: max search depth too small\n{whole}0"),
        format!("pan: reached -DMEMLIM bound\npan: out of memory\n{whole}0"),
        "pan: unknown option".to_owned(),
    ] {
        assert_eq!(holds(&cut), Err(&cut[..]));
    }
}

#[test]
#[ignore = "needs spin and gcc: run by tests/run"]
fn spin_proves_of_the_deploy_table_what_verify_proves() {
    assert_eq!(agree(&deploy()), [""; 0]);
}

#[test]
#[ignore = "needs spin and gcc: run by tests/run"]
fn spin_refutes_of_broken_tables_what_verify_refutes() {
    let (accepted, ends, truth) = ("workflow-accepted", "workflow-ends", "workflow-truth");
    assert_eq!(agree(&without_the_concluding_job()), [ends]);
    assert_eq!(agree(&with_the_freeze_check_beside_the_smoke_gate()), [accepted]);
    assert_eq!(agree(&with_a_concluding_job_that_reports_failed_for_success()), [accepted]);
    assert_eq!(agree(&without_the_deploy_jobs_needs()), [accepted, ends, truth]);
    assert_eq!(agree(&with_a_deploy_job_that_reports_succeeded_for_failure()), [accepted, truth]);
    assert_eq!(agree(&with_an_end_that_is_left()), ["ends-stay"]);
}

#[test]
#[ignore = "needs spin and gcc: run by tests/run"]
fn spin_agrees_on_other_tables() {
    for path in
        ["tests/artifacts/workflow/small.toml", "tests/tables/pod.toml", "tests/tables/order.toml"]
    {
        println!("{path}");
        assert_eq!(agree(&machine(&table(path))), [""; 0]);
    }
}

#[test]
#[ignore = "needs spin and gcc: run by tests/run"]
fn spin_refutes_of_tables_that_were_once_called_proven_what_verify_refutes() {
    let (accepted, ends, truth) = ("workflow-accepted", "workflow-ends", "workflow-truth");
    let starts = fixture("two_starts");
    assert_eq!(agree(&machine(&starts)), [accepted, ends]);
    assert_eq!(agree(&machine(&tested_by(3))), [ends]);
    assert_eq!(agree(&machine(&fixture("lost_and_refused"))), [accepted]);
    assert_eq!(agree(&machine(&fixture("said_and_left"))), [ends, truth]);
    assert_eq!(agree(&machine(&fixture("cancelled_end"))), [truth]);
    assert_eq!(agree_but(&machine(&fixture("reopening_end")), &["ends-stay"]), [""; 0]);
    assert_eq!(agree_but(&machine(&fixture("after_the_conclusion")), &["ends-stay"]), [accepted]);
}
