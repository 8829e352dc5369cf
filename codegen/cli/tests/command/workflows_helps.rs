//! What is printed for a job leads to one that is sound: it keeps what somebody wrote there, and
//! begins in no run in which it must not.

use std::collections::BTreeMap;

use phasegate_codegen::machine::NeedResult;
use phasegate_codegen::workflow::expression::{Both, Condition, Held, Known};

use crate::hand_written::*;

/// The job `build` may be skipped.
const SKIPPABLE: (&str, &str) =
    ("start = \"build_running\"", "skippable = true\nstart = \"build_running\"");

/// A run with results, of which the rest is unknown.
struct Run(BTreeMap<&'static str, NeedResult>);

impl Known for Run {
    fn names(&self) -> Vec<(String, NeedResult)> {
        self.0.iter().map(|(name, result)| ((*name).to_owned(), *result)).collect()
    }

    fn context(&self, _: &[&str]) -> Held {
        Held::Unknown
    }
}

#[track_caller]
fn holds(condition: &str, build: NeedResult, gate: NeedResult) -> Both {
    let run = Run([("build", build), ("gate", gate)].into());
    Condition::read(condition).expect("it can be read").holds(&run)
}

/// The condition that a help prints.
#[track_caller]
fn printed(said: &str) -> &str {
    let (_, condition) = said.split_once("give it `if: ").unwrap_or_else(|| panic!("{said}"));
    condition.split('`').next().unwrap()
}

/// The deploy that follows a build that may be skipped, with a gate of its own before it.
fn gated(needs: &str, condition: &str, gate: &str) -> String {
    let workflow = include_str!("workflows/trials/ifskip.yml");
    let job = format!("  gate:\n{gate}    runs-on: x\n    steps: [{{run: ./ask}}]\n  deploy:\n");
    let own = "    needs: build\n    if: ${{ !failure() && !cancelled() }}\n";
    let workflow = changed(workflow, own, &format!("{needs}{condition}"));
    changed(&workflow, "  deploy:\n", &job)
}

#[test]
fn what_is_printed_after_a_skippable_job_keeps_the_gates_and_conditions_that_stand_there() {
    use NeedResult::{Cancelled, Failure, Skipped, Success};
    for condition in
        ["", "    if: inputs.ship_id != ''\n", "    if: ${{ success() && inputs.ship_id }}\n"]
    {
        let workflow = gated("    needs: [build, gate]\n", condition, "");
        let found = said(&workflow, &[SKIPPABLE]);
        assert_eq!(found.len(), 1, "{found:#?}");
        let mended = printed(&found[0].1);
        assert!(!condition.contains("ship_id") || mended.contains("inputs.ship_id"), "{mended}");
        assert!(holds(mended, Skipped, Success).yes && holds(mended, Success, Success).yes);
        for gate in [Failure, Cancelled, Skipped] {
            assert!(!holds(mended, Success, gate).yes, "{gate:?}: {mended}");
        }
        for build in [Failure, Cancelled] {
            assert!(!holds(mended, build, Success).yes, "{build:?}: {mended}");
        }
        let now = gated("    needs: [build, gate]\n", &format!("    if: {mended}\n"), "");
        finds(&now, &[SKIPPABLE], &[]);
    }
    // A gate that may be skipped is asked for as it was: the deploy goes on without it.
    let sometimes = "    if: inputs.build_first\n";
    let workflow = gated("    needs: [build, gate]\n", "", sometimes);
    let found = said(&workflow, &[SKIPPABLE]);
    let mended = printed(&found[0].1);
    assert!(
        holds(mended, Success, Skipped).yes && !holds(mended, Success, Failure).yes,
        "{mended}"
    );
    let now = gated("    needs: [build, gate]\n", &format!("    if: {mended}\n"), sometimes);
    finds(&now, &[SKIPPABLE], &[]);
}

#[test]
fn what_is_printed_asks_for_no_job_that_needs_does_not_name() {
    let through = "    needs: build\n    if: ${{ !cancelled() }}\n";
    let workflow = gated("    needs: gate\n", "", through);
    let found = said(&workflow, &[SKIPPABLE]);
    assert!(found[0].1.contains("add `build` to its `needs`, and give it `if: "), "{found:#?}");
    let condition = format!("    if: {}\n", printed(&found[0].1));
    finds(&gated("    needs: [build, gate]\n", &condition, through), &[SKIPPABLE], &[]);
}

#[test]
fn a_printed_job_begins_in_no_run_in_which_a_gate_that_was_added_to_it_failed() {
    use NeedResult::{Failure, Skipped, Success};
    let folder = tried(include_str!("workflows/trials/ifskip.yml"), &[SKIPPABLE]);
    let text = folder.read(".github/reports/jobs/deploy.yml");
    let condition = text.lines().find_map(|line| line.trim().strip_prefix("if: ")).unwrap();
    assert!(holds(condition, Skipped, Success).yes, "{condition}");
    assert!(!holds(condition, Success, Failure).yes, "{condition}");
    assert!(!holds(condition, Failure, Success).yes, "{condition}");
}
