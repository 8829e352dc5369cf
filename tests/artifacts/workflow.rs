//! The generated workflow has the form that the table and GitHub's traps ask for: which reports may
//! be lost, what guards them, and that nothing of the table is ever evaluated.
pub(crate) mod expression;
pub(crate) mod form;
pub(crate) mod generated;
pub(crate) mod kept;
pub(crate) mod runner;
pub(crate) mod runs;
pub(crate) mod script;
pub(crate) mod stub;
pub(crate) mod tries;

use generated::Generated;

/// The tables whose workflows are tried.
pub(crate) const TABLES: [&str; 3] =
    ["deploy.toml", "tests/artifacts/workflow/small.toml", "tests/artifacts/workflow/hostile.toml"];

pub(crate) fn each(check: impl Fn(&Generated)) {
    for table in TABLES {
        println!("{table}");
        check(&Generated::from(table));
    }
}

#[test]
fn exactly_the_tolerated_reports_may_be_lost() {
    each(form::exactly_the_tolerated_reports_may_be_lost);
}

#[test]
fn the_deploy_table_tolerates_what_rule_8_says() {
    let generated = Generated::from("deploy.toml");
    let tolerated = |name: &str| -> Vec<bool> {
        generated.machine.reports(generated.job(name)).iter().map(|r| r.tolerated).collect()
    };
    assert_eq!(tolerated("smoke"), [true, true]);
    assert_eq!(tolerated("freeze-check"), [true, true]);
    assert_eq!(tolerated("deploy"), [false, false, true, true]);
    assert_eq!(tolerated("conclude"), [false]);
}

#[test]
fn every_report_is_guarded_and_every_outcome_is_reported_always() {
    each(form::every_report_is_guarded_and_every_outcome_is_reported_always);
}

#[test]
fn a_job_without_reports_is_its_placeholder_alone() {
    let generated = Generated::from("tests/artifacts/workflow/hostile.toml");
    let job = &generated.workflow()["jobs"]["plain"];
    assert_eq!(job["steps"].as_array().unwrap().len(), 1);
    assert_eq!(job["steps"][0]["run"], "echo \"Here stands the work of plain.\"");
}

#[test]
fn a_snippet_is_the_job_of_the_whole_workflow() {
    each(form::a_snippet_is_the_job_of_the_whole_workflow);
}

#[test]
fn nothing_of_the_table_is_evaluated() {
    each(form::nothing_of_the_table_is_evaluated);
}

#[test]
fn values_stay_out_of_yaml() {
    let generated = Generated::from("tests/artifacts/workflow/hostile.toml");
    let packed = &generated.machine.states[0].value;
    assert!(packed.contains("${{ secrets.X }}"));
    for artifact in generated.artifacts.iter().filter(|artifact| artifact.path.ends_with(".yml")) {
        assert!(!artifact.text.contains("touch"), "{}", artifact.path);
    }
    assert!(generated.text("notify.sh").contains("$(touch"));
}

#[test]
fn others_actions_are_pinned_and_permissions_are_as_few_as_can_be() {
    each(form::others_actions_are_pinned_and_permissions_are_as_few_as_can_be);
}

#[test]
fn every_report_says_what_the_table_says() {
    each(form::every_report_says_what_the_table_says);
}

#[test]
fn a_local_action_is_checked_out_in_every_job_that_uses_it() {
    each(form::a_local_action_is_checked_out_in_every_job_that_uses_it);
}

#[test]
fn the_artifacts_of_a_small_table_are_pinned() {
    let generated = Generated::from("tests/artifacts/workflow/small.toml");
    insta::assert_snapshot!("console.yml", generated.text("order-console.yml"));
    insta::assert_snapshot!("action.yml", generated.text("action.yml"));
    insta::assert_snapshot!("notify.sh", generated.text("notify.sh"));
    insta::assert_snapshot!("pay.yml", generated.text("jobs/pay.yml"));
}
