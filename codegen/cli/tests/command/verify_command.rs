//! `phasegate verify`, and `check`, which runs it: exit codes, formats, the export.

use crate::common::proofs;
use std::process::{Command, Output};

use serde_json::Value;

const CONCLUDE: &str = "success = \"succeeded\"\nfailure = \"failed\"\n\n[target.rust]";

/// The deploy table with a concluding job that reports `failed` for success, in a folder of its own.
fn broken() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let table = proofs::table("deploy.toml");
    assert!(table.contains(CONCLUDE));
    let table = table.replace(CONCLUDE, &CONCLUDE.replace("succeeded", "failed"));
    std::fs::write(folder.path().join("deploy.toml"), table).unwrap();
    folder
}

fn phasegate(folder: &std::path::Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_phasegate"));
    command.args(arguments).current_dir(folder).output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn root() -> &'static std::path::Path {
    concat!(env!("CARGO_MANIFEST_DIR"), "/../..").as_ref()
}

#[test]
fn verify_ends_0_where_everything_holds() {
    let output = phasegate(root(), &["verify"]);
    assert_eq!(output.status.code(), Some(0));
    assert!(said(&output).contains("deploy.toml: 15 proven"), "{}", said(&output));
}

#[test]
fn verify_ends_1_with_the_counterexample() {
    let output = phasegate(broken().path(), &["verify"]);
    assert_eq!(output.status.code(), Some(1));
    let said = said(&output);
    assert!(said.contains("REFUTED  workflow-accepted"), "{said}");
    assert!(said.contains("its report of failed is refused, the row has ended in succeeded"));
}

#[test]
fn verify_tells_in_json_and_in_annotations() {
    let folder = broken();
    let output = phasegate(folder.path(), &["verify", "--format", "json"]);
    assert_eq!(output.status.code(), Some(1));
    let value: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(value["findings"][0]["rule"], "workflow-accepted");
    let line = value["findings"][0]["line"].as_u64().unwrap();
    let table = std::fs::read_to_string(folder.path().join("deploy.toml")).unwrap();
    let named = table.lines().nth(usize::try_from(line).unwrap() - 1).unwrap();
    assert_eq!(named.split_whitespace().collect::<String>(), "name=\"conclude\"");
    let proofs = value["tables"][0]["proofs"].as_array().unwrap();
    assert_eq!(proofs.len(), 15);
    assert_eq!(proofs[0]["covered"]["states"], 10);
    let output = phasegate(folder.path(), &["verify", "--format", "github"]);
    let annotation =
        format!("::error file=deploy.toml,line={line},col=11,title=workflow-accepted::");
    assert!(said(&output).starts_with(&annotation), "{}", said(&output));
}

#[test]
fn check_fails_where_a_proof_does_not_hold() {
    let folder = broken();
    assert_eq!(phasegate(folder.path(), &["generate"]).status.code(), Some(0));
    let output = phasegate(folder.path(), &["check"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(said(&output).contains("workflow-accepted"), "{}", said(&output));
}

#[test]
fn the_model_is_exported_for_one_table_alone() {
    let output = phasegate(root(), &["verify", "deploy.toml", "--export", "promela"]);
    assert_eq!(output.status.code(), Some(0));
    assert!(said(&output).contains("ltl truth"));
    let two = ["verify", "deploy.toml", "tests/tables/pod.toml", "--export", "promela"];
    assert_eq!(phasegate(root(), &two).status.code(), Some(2));
    let format = ["verify", "deploy.toml", "--export", "promela", "--format", "json"];
    let output = phasegate(root(), &format);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(said(&output), "");
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(errors.contains("--export writes only the model: leave --format out"), "{errors}");
}

#[test]
fn a_table_that_is_none_ends_2() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.toml"), "format = 1\n[machine]\nname = 'a'\n").unwrap();
    assert_eq!(phasegate(folder.path(), &["verify"]).status.code(), Some(2));
}

#[test]
fn a_table_that_cannot_be_read_is_among_the_findings() {
    for command in ["verify", "check"] {
        let two = [command, "deploy.toml", "no/such.toml", "--format", "json"];
        let output = phasegate(root(), &two);
        assert_eq!(output.status.code(), Some(2));
        let value: Value = serde_json::from_slice(&output.stdout).unwrap();
        let finding = &value["findings"][0];
        assert_eq!(
            (&finding["rule"], &finding["path"]),
            (&"unreadable".into(), &"no/such.toml".into())
        );
        assert_eq!(value["tables"].as_array().unwrap().len(), 1);
    }
}
