//! What `verify` proves of tables, and the shortest case where something does not hold.

use crate::common;
use crate::common::proofs::*;
use phasegate::Outcome;
use phasegate_codegen::Machine;
use phasegate_codegen::verify::{self, ClaimResult};

/// The names of the proofs that came out like this.
fn names(machine: &Machine, word: &str) -> Vec<&'static str> {
    let proofs = verify::verify(machine);
    proofs.iter().filter(|p| p.verdict.as_str() == word).map(|p| p.name).collect()
}

#[test]
fn everything_is_proven_of_the_deploy_table_with_these_counts() {
    let proofs = verify::verify(&deploy());
    assert!(proofs.iter().all(|proved| matches!(proved.verdict, ClaimResult::Proven { .. })));
    insta::assert_snapshot!(verify::text(&proofs));
}

#[test]
fn without_the_concluding_job_a_run_is_left_without_an_end() {
    insta::assert_snapshot!(refuted(&without_the_concluding_job()));
}

#[test]
fn a_freeze_check_beside_the_smoke_gate_has_reports_refused() {
    insta::assert_snapshot!(refuted(&with_the_freeze_check_beside_the_smoke_gate()));
}

#[test]
fn a_concluding_job_that_reports_failed_for_success_is_refused() {
    insta::assert_snapshot!(refuted(&with_a_concluding_job_that_reports_failed_for_success()));
}

#[test]
fn a_deploy_job_without_needs_succeeds_while_a_gate_fails() {
    insta::assert_snapshot!(refuted(&without_the_deploy_jobs_needs()));
}

#[test]
fn a_deploy_job_that_reports_succeeded_for_failure_lies() {
    let machine = with_a_deploy_job_that_reports_succeeded_for_failure();
    assert!(is_refuted(&machine, "workflow-truth").contains("`deploy` did not succeed"));
}

#[test]
fn a_state_that_nothing_leads_to_is_found() {
    let mut machine = deploy();
    machine.initial = vec![find(&machine, "building")];
    assert_eq!(is_refuted(&machine, "reachable"), "no way leads to `queued`");
}

#[test]
fn a_state_with_no_way_to_an_end_is_found() {
    let mut machine = deploy();
    for state in &mut machine.states {
        (state.terminal, state.outcome) = (false, None);
    }
    let queued = find(&machine, "queued");
    machine.states[queued.index()].terminal = true;
    assert_eq!(is_refuted(&machine, "way-to-end"), "no way leads from `smoke_running` to an end");
}

#[test]
fn an_end_that_is_retired_is_one_for_the_rows_that_are_in_it() {
    let text = "format = 1\n[machine]\nname = \"m\"\ninitial = \"a\"\n[[state]]\nname = \"a\"\n[[state]]\nname = \"z\"\n\
                [[state]]\nname = \"old\"\nretired = true\n[[transition]]\npath = [\"a\", \"z\"]\n";
    let machine = machine(text);
    let proven = verdict(&machine, "way-to-end");
    assert!(matches!(proven, ClaimResult::Proven { .. }), "{proven:?}");
}

/// Of the states with no way on the nearest is shown, whichever stands first in the table.
#[test]
fn of_the_states_with_no_way_to_an_end_the_nearest_is_shown() {
    let mut machine = machine(
        "format = 1\nmachine = { name = 'a', initial = 'x' }\n\
         state = [{ name = 'far' }, { name = 'x' }, { name = 'near' },\n\
         { name = 'end', outcome = 'success' }]\n\
         transition = [{ path = ['x', 'near', 'far', 'end'] }, { path = ['x', 'end'] }]",
    );
    let (far, end) = (find(&machine, "far"), find(&machine, "end"));
    machine.states[end.index()].terminal = false;
    machine.states[end.index()].outcome = None;
    machine.states[machine.initial[0].index()].terminal = true;
    assert_ne!(far, end);
    let ClaimResult::Refuted { counterexample } = verdict(&machine, "way-to-end") else { panic!() };
    assert_eq!(counterexample.summary, "no way leads from `near` to an end");
    assert_eq!(counterexample.path, ["x -> near"]);
}

#[test]
fn an_end_that_is_left_is_found() {
    let machine = with_an_end_that_is_left();
    assert_eq!(
        is_refuted(&machine, "ends-stay"),
        "`building` is an end that does not reopen, and is left"
    );
}

#[test]
fn a_loss_that_is_missed_is_found() {
    let mut machine = deploy();
    let deploying = find(&machine, "deploying");
    machine.states[deploying.index()].optional = true;
    let ClaimResult::Refuted { counterexample } = verdict(&machine, "loss") else { panic!() };
    assert_eq!(counterexample.summary, "a report of `health_checking` is refused");
    assert_eq!(
        counterexample.path,
        [
            "the row starts in queued",
            "reports building: delivered",
            "reports deploying: lost",
            "reports health_checking: refused"
        ]
    );
}

/// A machine that no table gives: an optional state that is an end.
#[test]
fn an_end_whose_report_is_lost_is_missed() {
    let mut machine = deploy();
    let succeeded = find(&machine, "succeeded");
    machine.states[succeeded.index()].optional = true;
    let ClaimResult::Refuted { counterexample } = verdict(&machine, "loss") else { panic!() };
    assert_eq!(counterexample.summary, "what is left is not complete");
    let last = counterexample.path.last().map(String::as_str);
    assert_eq!(last, Some("reports succeeded: lost"), "{counterexample:?}");
}

/// The same, where rows that start in the first state never come to that end.
#[test]
fn a_lost_report_is_missed_wherever_the_row_started() {
    let mut machine = common::machine(
        &common::table(
            r#"{ name = "a" }, { name = "b" }, { name = "y", optional = true }, { name = "z" }"#,
            r#"{ path = ["a", "z"] }, { path = ["b", "y", "z"] }"#,
            "",
        )
        .replace("initial = \"a\"", "initial = [\"a\", \"b\"]"),
    );
    let end = find(&machine, "y");
    machine.states[end.index()].outcome = Some(Outcome::Neutral);
    let ClaimResult::Refuted { counterexample } = verdict(&machine, "loss") else { panic!() };
    assert_eq!(counterexample.path, ["the row starts in b", "reports y: lost"]);
}

/// A report of the state that the row is in, because the one that led away from it was lost.
#[test]
fn a_way_back_to_where_a_lost_report_left_the_row_is_a_redelivery() {
    let machine = common::machine(&common::table(
        r#"{ name = "a" }, { name = "b", optional = true }, { name = "z" }"#,
        r#"{ path = ["a", "b", "a", "z"] }"#,
        "",
    ));
    let verdict = verdict(&machine, "loss");
    assert!(matches!(verdict, ClaimResult::Proven { .. }), "{verdict:?}");
}

#[test]
fn a_phase_that_is_done_before_its_work_is_found() {
    let mut machine = deploy();
    let smoke = machine.states[find(&machine, "smoke_running").index()].phase;
    let freeze = find(&machine, "freeze_checking");
    machine.states[freeze.index()].phase = smoke;
    assert_eq!(
        is_refuted(&machine, "workflow-views"),
        "`smoke_gate` is shown as done, and its work is not"
    );
}

/// A machine that no table gives: `failed` is called terminal, and is left.
#[test]
fn a_row_that_leaves_its_end_when_the_run_is_started_again_is_found() {
    let mut machine = deploy_with(&[
        (
            "to   = \"failed\"\n",
            "to   = \"failed\"\n[[transition]]\npath = [\"failed\", \"queued\"]\n",
        ),
        ("outcome = \"failure\"", "outcome = \"failure\"\nreopens = true"),
    ]);
    machine.jobs[0].start = Some(machine.initial[0]);
    let failed = find(&machine, "failed");
    machine.states[failed.index()].terminal = true;
    assert_eq!(
        is_refuted(&machine, "workflow-again"),
        "the row has ended in `failed`, and leaves it"
    );
}

#[test]
fn a_late_loss_that_nobody_hears_of_is_found() {
    let machine = deploy_with(&[(
        "needs   = [\"smoke\", \"freeze-check\", \"deploy\"]\nalways",
        "needs   = [\"smoke\", \"freeze-check\"]\nalways",
    )]);
    assert!(is_refuted(&machine, "workflow-late-loss").contains("no concluding job fails"));
}

#[test]
fn a_phase_that_goes_back_from_done_is_found() {
    // A state in the middle of a phase that does not belong to it.
    let pod = table("tests/tables/pod.toml");
    let outside = pod.replace("value = \"Unknown\"\nphase = \"run\"", "value = \"Unknown\"");
    assert_ne!(outside, pod);
    insta::assert_snapshot!(refuted(&machine(&outside)));
}

#[test]
fn what_a_table_does_not_have_is_neither_proven_nor_refuted() {
    let tcp = machine(&table("tests/tables/tcp.toml"));
    assert_eq!(names(&tcp, "proven"), ["reachable", "redelivery"]);
    assert_eq!(names(&tcp, "refuted"), [""; 0]);
    let ClaimResult::NotApplicable { why } = verdict(&tcp, "way-to-end") else { panic!("{tcp:?}") };
    assert_eq!(why, "the table has no ended state");
    let ClaimResult::NotApplicable { why } = verdict(&tcp, "late-duplicate") else {
        panic!("{tcp:?}")
    };
    assert!(why.starts_with("the table lets a row come back: "), "{why}");
}

#[test]
fn every_table_of_the_tests_comes_out_as_it_should() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/tables");
    let mut tables: Vec<_> = std::fs::read_dir(root).unwrap().map(|e| e.unwrap().path()).collect();
    tables.sort();
    let told: String = tables
        .iter()
        .map(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let proofs = verify::verify(&machine(&std::fs::read_to_string(path).unwrap()));
            format!("{name}: {}\n", verify::summary(&proofs))
        })
        .collect();
    insta::assert_snapshot!(told);
}

#[test]
fn every_claim_says_what_to_change_where_it_does_not_hold() {
    let mut remedies = std::collections::BTreeMap::new();
    for proved in verify::verify(&deploy()) {
        remedies.entry(proved.rule.mend).or_insert_with(Vec::new).push(proved.name);
    }
    insta::assert_debug_snapshot!(remedies);
}

#[test]
fn proofs_are_told_in_json_and_as_findings() {
    let machine = without_the_concluding_job();
    let source = phasegate_codegen::table::Source::new("deploy.toml", &table("deploy.toml"));
    let proofs = verify::verify(&machine);
    let json: Vec<_> = proofs.iter().map(verify::json).collect();
    assert_eq!(json[0]["covered"]["states"], 10);
    let ends = json.iter().find(|proof| proof["name"] == "workflow-ends").unwrap();
    assert_eq!(ends["verdict"], "refuted");
    assert!(ends["counterexample"]["path"].as_array().unwrap().len() > 1);
    let findings = verify::findings(&source, &proofs);
    assert!(
        findings.iter().any(|finding| finding.rule.id == "workflow-ends" && finding.is_error())
    );
}

/// `c` may only come after `a`'s report, which may be lost: then it is refused, and that is fine.
#[test]
fn a_report_that_may_be_lost_may_be_refused_where_another_was_lost() {
    let table = "format = 1\nmachine = { name = 'a', initial = 'on' }\n\
        state = [{ name = 'on' }, { name = 'ok' }, { name = 'bad' }, { name = 'd', optional = true }]\n\
        transition = [{ path = ['on', 'ok', 'd', 'ok', 'bad'] }, { path = ['on', 'bad'] }]\n\
        job = [{ name = 'a', success = 'ok', failure = 'bad' },\n\
        { name = 'c', needs = ['a'], start = 'd' }, { name = 'end', needs = ['a'], always = true,\n\
        success = 'ok', failure = 'bad' }]";
    let verdict = verdict(&machine(table), "workflow-accepted");
    assert!(matches!(verdict, ClaimResult::Proven { .. }), "{verdict:?}");
}
