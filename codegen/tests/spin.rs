//! An independent model checker comes to the same verdicts about the runs of a workflow.
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod proofs;

use std::path::Path;
use std::process::Command;

use phasegate_codegen::Machine;
use phasegate_codegen::verify::{self, Verdict};
use proofs::*;

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
            assert!(!said.contains("search not completed") || said.contains("errors: 1"), "{said}");
            let holds = said.contains("errors: 0");
            assert!(holds || said.contains("errors: 1"), "{said}");
            (*proof, holds)
        })
        .collect()
}

/// Spin and `verify` agree; gives what is refuted.
fn agree(machine: &Machine) -> Vec<&'static str> {
    let proofs = verify::verify(machine);
    let mut refuted = Vec::new();
    for (name, holds) in spin(machine) {
        match &proofs.iter().find(|proved| proved.name == name).unwrap().verdict {
            Verdict::Proven { .. } => assert!(holds, "{name} is proven, and Spin refutes it"),
            Verdict::Refuted { .. } => {
                assert!(!holds, "{name} is refuted, and Spin finds that it holds");
                refuted.push(name);
            }
            Verdict::NotApplicable { .. } | Verdict::Bounded { .. } => {}
        }
    }
    refuted
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
    for path in ["tests/workflow/small.toml", "tests/tables/pod.toml", "tests/tables/order.toml"] {
        println!("{path}");
        agree(&machine(&table(path)));
    }
}
