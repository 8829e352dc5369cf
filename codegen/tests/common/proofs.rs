//! Tables that hold and tables that don't, for the proofs and for the model checker next to them.
#![allow(dead_code, reason = "each test of the folder uses some of them")]

pub(crate) use super::machine;
use phasegate_codegen::Machine;
use phasegate_codegen::machine::StateId;
use phasegate_codegen::verify::{self, ClaimResult, Proved};

/// A table of the repository, by its path from the root.
pub(crate) fn table(path: &str) -> String {
    let package = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = package.ancestors().find(|folder| folder.join("deploy.toml").exists()).unwrap();
    std::fs::read_to_string(root.join(path)).unwrap()
}

/// A table of this folder.
pub(crate) fn fixture(name: &str) -> String {
    table(&format!("codegen/tests/common/proofs/{name}.toml"))
}

/// Jobs side by side that say they are testing, and one that says how it ended if they all succeed.
pub(crate) fn tested_by(jobs: usize) -> String {
    let names: Vec<String> = (0..jobs).map(|job| format!("'t{job}'")).collect();
    let tests: String =
        names.iter().map(|name| format!("[[job]]\nname = {name}\nstart = 'testing'\n")).collect();
    format!(
        "format = 1\nmachine = {{ name = 'ci', initial = 'queued' }}\n\
         state = [{{ name = 'queued' }}, {{ name = 'testing', optional = true }},\n\
         {{ name = 'ok', outcome = 'success' }}, {{ name = 'bad', outcome = 'failure' }}]\n\
         transition = [{{ path = ['queued', 'testing', 'testing', 'ok'] }}, {{ from = '*', to = 'bad' }}]\n\
         {tests}[[job]]\nname = 'publish'\nneeds = [{}]\nsuccess = 'ok'\nfailure = 'bad'\n",
        names.join(", ")
    )
}

/// The same jobs, no two of them alike: each reports its start a different number of times.
pub(crate) fn unlike(table: &str) -> String {
    let mut parts = table.split("start = ");
    let mut text = parts.next().unwrap_or_default().to_owned();
    for (at, part) in parts.enumerate() {
        let state = part.lines().next().unwrap_or_default();
        let milestones: Vec<String> =
            (0..=at).map(|n| format!("{{ name = 'm{n}', state = {state} }}")).collect();
        text += &format!("milestones = [{}]\nstart = {part}", milestones.join(", "));
    }
    text
}

pub(crate) fn deploy() -> Machine {
    machine(&table("deploy.toml"))
}

/// The deploy table, otherwise.
pub(crate) fn deploy_with(changes: &[(&str, &str)]) -> Machine {
    let mut text = table("deploy.toml");
    for (from, to) in changes {
        assert_eq!(text.matches(from).count(), 1, "{from} stands once in the deploy table");
        text = text.replace(from, to);
    }
    machine(&text)
}

const CONCLUDE: &str = "[[job]]\nname    = \"conclude\"\n\
    needs   = [\"smoke\", \"freeze-check\", \"deploy\"]\nalways  = true\n\
    success = \"succeeded\"\nfailure = \"failed\"\n";

pub(crate) fn without_the_concluding_job() -> Machine {
    deploy_with(&[(CONCLUDE, "")])
}

pub(crate) fn with_the_freeze_check_beside_the_smoke_gate() -> Machine {
    deploy_with(&[
        ("needs   = [\"smoke\"]\n", ""),
        ("needs      = [\"freeze-check\"]", "needs      = [\"smoke\", \"freeze-check\"]"),
    ])
}

pub(crate) fn with_a_concluding_job_that_reports_failed_for_success() -> Machine {
    deploy_with(&[(CONCLUDE, &CONCLUDE.replace("\"succeeded\"", "\"failed\""))])
}

pub(crate) fn without_the_deploy_jobs_needs() -> Machine {
    deploy_with(&[("needs      = [\"freeze-check\"]\n", "")])
}

pub(crate) fn with_a_deploy_job_that_reports_succeeded_for_failure() -> Machine {
    deploy_with(&[(
        "]\nsuccess = \"succeeded\"\nfailure = \"failed\"",
        "]\nsuccess = \"succeeded\"\nfailure = \"succeeded\"",
    )])
}

/// A machine that no table gives: an end that is left.
pub(crate) fn with_an_end_that_is_left() -> Machine {
    let mut machine = deploy();
    let building = find(&machine, "building");
    machine.states[building.index()].outcome = Some(phasegate_codegen::machine::Outcome::Neutral);
    machine
}

pub(crate) fn find(machine: &Machine, name: &str) -> StateId {
    machine.find(name).unwrap()
}

/// What became of one claim.
pub(crate) fn verdict(machine: &Machine, name: &str) -> ClaimResult {
    verify::verify(machine).into_iter().find(|proved| proved.name == name).unwrap().verdict
}

/// What is refuted, as people read it.
pub(crate) fn refuted(machine: &Machine) -> String {
    let is_refuted = |proved: &Proved| matches!(proved.verdict, ClaimResult::Refuted { .. });
    let proofs: Vec<Proved> = verify::verify(machine).into_iter().filter(is_refuted).collect();
    verify::text(&proofs)
}

#[track_caller]
pub(crate) fn is_refuted(machine: &Machine, name: &str) -> String {
    match verdict(machine, name) {
        ClaimResult::Refuted { counterexample } => counterexample.summary,
        other @ (ClaimResult::Proven { .. }
        | ClaimResult::Bounded { .. }
        | ClaimResult::NotApplicable { .. }) => panic!("{name} is {other:?}"),
    }
}
