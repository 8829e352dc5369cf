//! Helps for what a concluding job says, followed to the letter.

use crate::hand_written::*;
use crate::workflow_reader::*;

/// A table whose concluding job has a word for a run that was cancelled.
const STOPPED: [(&str, &str); 5] = [
    (
        "state = \"rolling\" }]\nsuccess = \"succeeded\"\nfailure = \"failed\"",
        "state = \"rolling\" }]\nsuccess = \"succeeded\"\nfailure = \"failed\"\ncancelled = \"stopped\"",
    ),
    (
        "[[state]]\nname = \"failed\"",
        "[[state]]\nname = \"stopped\"\noutcome = \"cancelled\"\n\n[[state]]\nname = \"failed\"",
    ),
    ("to = \"failed\"", "to = [\"failed\", \"stopped\"]"),
    (
        "success = \"build_done\"\nfailure = \"failed\"",
        "success = \"build_done\"\nfailure = \"failed\"\ncancelled = \"stopped\"",
    ),
    (
        "always = true\nsuccess = \"succeeded\"\nfailure = \"failed\"",
        "always = true\nsuccess = \"succeeded\"\nfailure = \"failed\"\ncancelled = \"stopped\"",
    ),
];

#[test]
fn a_run_that_is_cancelled_in_a_job_that_the_table_lacks_is_no_failure() {
    let workflow = gated("", "    needs: [build, gate]\n");
    let found = said(&workflow, &STOPPED);
    assert!(found.len() == 1 && found[0].0 == "conclusion", "{found:#?}");
    for part in ["nothing failed: the run was cancelled", "add `gate` to its `needs`"] {
        assert!(found[0].1.contains(part), "{found:#?}");
    }
    leads_out(&workflow, &STOPPED, &[], "conclusion");
    // Where no word tells the two apart, there is nothing to say.
    finds(&workflow, &[], &[]);
}

#[test]
fn what_a_cleanup_came_to_is_no_part_of_the_conclusion() {
    let rollback = "  rollback:\n    needs: deploy\n    if: failure()\n    runs-on: x\n    steps: [{run: ./undo}]\n";
    let with = |result: &str| {
        format!("{PLAIN}{rollback}{}", concluding("[build, deploy, rollback]", result))
    };
    let found = said(&with(OF_ALL), &[]);
    assert!(
        found[0].0 == "conclusion" && found[0].1.contains("`rollback` ends as skipped"),
        "{found:#?}"
    );
    leads_out(&with(OF_ALL), &[], &[], "conclusion");
}

#[test]
fn a_conclusion_may_be_written_in_ones_own_words() {
    let with = |result: &str| format!("{PLAIN}{}", concluding("[build, deploy]", result));
    for sound in [
        OF_ALL,
        "needs.deploy.result == 'success' && 'success' || contains(needs.*.result, 'failure') && 'failure' || \
         contains(needs.*.result, 'cancelled') && 'cancelled' || 'failure'",
        "needs.build.result == 'success' && needs.deploy.result || needs.build.result",
        "contains(toJSON(needs), '\"failure\"') && 'failure' || contains(toJSON(needs), '\"cancelled\"') && \
         'cancelled' || contains(toJSON(needs), 'skipped') && 'failure' || 'success'",
        "case(needs.deploy.result == 'success', fromJSON('[\"success\"]')[0], contains(needs.*.result, 'failure'), \
         fromJSON('{\"a\": [\"x\", \"failure\"]}').a[1], contains(needs.*.result, 'cancelled'), 'cancelled', \
         'failure')",
    ] {
        finds(&with(sound), &[], &[]);
    }
    for wrong in [
        "fromJSON('[\"success\", \"failure\"]')[0]",
        "needs.build.result",
        "contains(toJSON(needs), 'success') && 'success' || 'failure'",
    ] {
        leads_out(&with(wrong), &[], &[], "conclusion");
    }
    // What an output may hold is no result.
    let outputs = "  build:\n    outputs: {note: \"${{ steps.x.outputs.note }}\"}\n";
    let json = |what: &str| {
        let result = format!(
            "contains(toJSON(needs), '{what}') && 'failure' || needs.deploy.result == 'success' && 'success' || contains(needs.*.result, 'cancelled') && 'cancelled' || 'failure'"
        );
        changed(&with(&result), "  build:\n", outputs)
    };
    finds(&json("\"result\": \"failure\""), &[], &[]);
    leads_out(&json("failure"), &[], &[], "conclusion");
}

#[test]
fn a_table_that_learns_of_a_skip_says_what_the_conclusion_makes_of_it() {
    let folder = tried(include_str!("workflows/trials/ifskip.yml"), &[]);
    let row = "[[job]]\nname = \"build\"\n";
    folder.write(
        "ship.toml",
        changed(&folder.read("ship.toml"), row, &format!("{row}skippable = true\n")),
    );
    folder.run(&["generate"]);
    let found = found(&folder);
    let part = "where `build` ends as skipped, `deploy` ends as success, it says `failure`, and the table `success`";
    assert!(found.len() == 1 && found[0].2.contains(part), "{found:#?}");
    assert_eq!(followed(&folder, &[]), ["conclusion"]);
}
