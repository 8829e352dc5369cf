//! Small workflows of which each had something wrong that was called current: what must come of them.

use crate::binary::Folder;
use crate::hand_written::*;

const TABLE: &str = include_str!("workflows/trials/base.toml");

/// A repository with the table of the trials, changed by what is replaced, and a workflow, after
/// `workflow adopt` and `generate`.
#[track_caller]
fn tried(workflow: &str, changes: &[(&str, &str)]) -> Folder {
    let table = TABLE.replace("@WF@", AT);
    let table = changes.iter().fold(table, |table, (from, to)| changed(&table, from, to));
    let folder = Folder::with("ship.toml", &table);
    folder.write(AT, workflow);
    let ran = folder.run(&["workflow", "adopt", AT]);
    assert!(ran.code.is_some_and(|code| code < 2), "{ran:?}");
    let outside_before: Vec<&str> = workflow.lines().collect();
    let text = folder.read(AT);
    let kept: Vec<&str> = text.lines().filter(|line| outside_before.contains(line)).collect();
    assert!(kept.len() >= outside_before.len(), "a line of the user's is gone: {text}");
    folder.run(&["generate"]);
    let text = folder.read(AT);
    folder.run(&["workflow", "adopt", AT]);
    folder.run(&["generate"]);
    assert_eq!(folder.read(AT), text, "a second run changes nothing");
    folder
}

/// What is found of a workflow, as rule and all that is said.
#[track_caller]
fn said(workflow: &str, changes: &[(&str, &str)]) -> Vec<(String, String)> {
    found(&tried(workflow, changes)).into_iter().map(|(rule, _, said)| (rule, said)).collect()
}

/// Holds what is found to rules, each with parts of what is said.
#[track_caller]
fn finds(workflow: &str, changes: &[(&str, &str)], expected: &[(&str, &[&str])]) {
    let found = said(workflow, changes);
    assert_eq!(found.len(), expected.len(), "{found:#?}");
    for ((rule, said), (wanted, parts)) in found.iter().zip(expected) {
        assert_eq!(rule, wanted, "{found:#?}");
        for part in *parts {
            assert!(said.contains(part), "{part:?}: {said}");
        }
    }
}

const LOCAL: (&str, &str) =
    ("id_input = ", "action = \"./.github/reports/notify-ship-status\"\nid_input = ");
const SKIPPABLE: (&str, &str) =
    ("start = \"build_running\"", "skippable = true\nstart = \"build_running\"");

#[test]
fn a_matrix_is_found_however_it_is_given() {
    let workflow = include_str!("workflows/trials/strat.yml");
    let given = "${{ fromJSON(needs.build.outputs.m) }}";
    for strategy in
        [given, "{matrix: {r: [eu, us]}}", "{ matrix: \"${{ fromJSON(needs.build.outputs.m) }}\" }"]
    {
        let workflow = changed(workflow, given, strategy);
        finds(&workflow, &[], &[("matrix-job", &["`deploy`", "before it and after it"])]);
    }
    for none in ["{max-parallel: 2}", "{fail-fast: false}", ""] {
        finds(&changed(workflow, given, none), &[], &[]);
    }
}

#[test]
fn a_job_that_its_own_condition_skips_counts_as_a_failure_unless_the_table_says_it_may_be() {
    let workflow = include_str!("workflows/trials/ifskip.yml");
    finds(
        workflow,
        &[],
        &[("job-condition", &["`build` may be skipped", "`skippable = true`", "skipped: build"])],
    );
    finds(workflow, &[SKIPPABLE], &[]);
    // Where what follows it has no condition, it is skipped with it.
    let bare = changed(workflow, "    if: ${{ !failure() && !cancelled() }}\n", "");
    finds(
        &bare,
        &[SKIPPABLE],
        &[("job-condition", &["`deploy` is skipped where one before it was", "give it `if: ${{"])],
    );
    let help = said(&bare, &[SKIPPABLE])[0].1.clone();
    let condition = help.split("give it `").nth(1).unwrap().split('`').next().unwrap();
    let mended = changed(workflow, "if: ${{ !failure() && !cancelled() }}", condition);
    finds(&mended, &[SKIPPABLE], &[]);
    // Never to run is no way to be current either.
    let never = changed(workflow, "    if: inputs.build_first\n", "    if: false\n");
    finds(&never, &[], &[("job-condition", &["`build` may be skipped (`if: false`)"])]);
}

#[test]
fn a_job_that_runs_after_a_failure_is_found() {
    for (workflow, condition) in [
        (include_str!("workflows/trials/cond.yml"), "always()"),
        (include_str!("workflows/trials/failonly.yml"), "failure()"),
    ] {
        let part =
            format!("`deploy` runs though what it waits for did not succeed (`if: {condition}`)");
        let shown =
            "the shortest run: the row starts in queued; build fails before its first report";
        finds(workflow, &[], &[("job-condition", &[&part, "take its `if:` off", shown])]);
        for other in [
            "${{ always() && github.ref == 'refs/heads/main' }}",
            "success() || failure()",
            "${{ !cancelled() }}",
            "!(success() && false)",
            "needs.build.result != 'skipped' && always()",
            "${{ success() }} && true",
        ] {
            let other = changed(workflow, &format!("if: {condition}"), &format!("if: \"{other}\""));
            let found = said(&other, &[]);
            let is_found = found.iter().any(|(rule, _)| rule == "job-condition");
            assert!(is_found, "{other}: {found:#?}");
        }
        for sound in [
            "success()",
            "${{ success() }}",
            "always() && needs.build.result == 'success'",
            "",
            "true",
        ] {
            finds(
                &changed(workflow, &format!("if: {condition}"), &format!("if: {sound}")),
                &[],
                &[],
            );
        }
    }
}

#[test]
fn a_concluding_job_that_may_not_run_is_found_with_the_run_in_which_it_does_not() {
    let workflow = include_str!("workflows/trials/concl.yml");
    finds(
        workflow,
        &[],
        &[(
            "conclusion",
            &[
                "`conclude` does not run in every run",
                "setup fails; skipped: build, deploy, conclude",
                "give it `if: always() && inputs.ship_id != ''`",
            ],
        )],
    );
    for narrow in ["!cancelled()", "always() && github.actor != 'bot'", "success() || failure()"] {
        let workflow = changed(
            workflow,
            "always() && needs.setup.outputs.go == 'true'",
            &format!("${{{{ {narrow} }}}}"),
        );
        let found = said(&workflow, &[]);
        assert!(found.iter().any(|(rule, _)| rule == "conclusion"), "{narrow}: {found:#?}");
    }
}

#[test]
fn an_action_at_the_running_commit_is_not_lost_and_one_in_the_workspace_is_found_to_be() {
    let oldref = include_str!("workflows/trials/oldref.yml");
    let wiped = include_str!("workflows/trials/wiped.yml");
    finds(oldref, &[], &[]);
    finds(wiped, &[], &[]);
    let found = said(oldref, &[LOCAL]);
    assert!(
        found.iter().any(|(_, said)| said.contains("has `ref: ${{ inputs.version }}`")),
        "{found:#?}"
    );
    finds(
        wiped,
        &[LOCAL],
        &[(
            "lost-action",
            &["`deploy.rolling`", "a second checkout", "`action = \"$/.github/reports"],
        )],
    );
    let second =
        "        uses: actions/checkout@v4\n        with:\n          repository: acme/infra\n";
    for (command, is_lost) in [
        ("git clean -ffdx", true),
        ("git checkout \"$TAG\"", true),
        ("rm -rf ./*", true),
        ("git cleanup", true),
        ("make clean", false),
    ] {
        let workflow = changed(wiped, second, &format!("        run: {command}\n"));
        let found = said(&workflow, &[LOCAL]);
        let rules: Vec<&str> = found.iter().map(|(rule, _)| rule.as_str()).collect();
        assert_eq!(rules, if is_lost { vec!["lost-action"] } else { vec![] }, "{command}");
    }
    let aside = changed(
        wiped,
        "          repository: acme/infra\n",
        "          repository: acme/infra\n          path: infra\n",
    );
    finds(&aside, &[LOCAL], &[]);
}

#[test]
fn a_group_in_which_runs_of_several_rows_wait_is_found() {
    let workflow = include_str!("workflows/trials/wiped.yml");
    for (group, is_found) in [
        ("concurrency: deploy", true),
        (
            "concurrency:\n  group: ${{ github.workflow }}-${{ github.ref }}\n  cancel-in-progress: true",
            true,
        ),
        ("concurrency:\n  group: ship-${{ inputs.ship_id }}\n  cancel-in-progress: true", false),
        ("concurrency:\n  group: ${{ inputs.ship_id || github.run_id }}", false),
    ] {
        let workflow = changed(workflow, "jobs:\n", &format!("{group}\njobs:\n"));
        let all: [(&str, &[&str]); 1] =
            [("shared-group", &["`conclude` is cancelled", "inputs.ship_id"])];
        finds(&workflow, &[], if is_found { &all } else { &[] });
    }
    // A job by itself may wait: the concluding one says so.
    let job =
        changed(workflow, "    needs: build\n", "    needs: build\n    concurrency: production\n");
    finds(&job, &[], &[]);
}
