//! Generated workflows, run without GitHub: whatever becomes of their jobs and whichever reports are
//! lost, no report is refused, no run ends without a word, and the stepper shows nothing false.
use crate::workflow::generated::Generated;
use crate::workflow::{each, runs};

#[test]
fn no_run_of_the_deploy_workflow_is_refused_or_ends_without_a_word_whichever_reports_are_lost() {
    assert_eq!(runs::tries_every_run(&Generated::from("deploy.toml")), 18 * 64);
}

#[test]
fn no_run_of_a_small_workflow_is_refused_or_ends_without_a_word_whichever_reports_are_lost() {
    assert_eq!(
        runs::tries_every_run(&Generated::from("tests/artifacts/workflow/small.toml")),
        8 * 8
    );
}

#[test]
fn a_run_that_no_console_started_reports_nothing_and_does_its_work() {
    each(runs::a_run_that_no_console_started_reports_nothing_and_does_its_work);
}

#[test]
fn the_conclusion_is_what_rule_9_says_for_all_results() {
    each(runs::the_conclusion_is_what_rule_9_says_for_all_results);
}
