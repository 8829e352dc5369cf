//! When the jobs of a workflow run, and what is found where that is otherwise than the table says.

use crate::binary::Folder;
use crate::hand_written::*;
use crate::workflow_reader::*;

const SKIPPABLE: (&str, &str) =
    ("start = \"build_running\"", "skippable = true\nstart = \"build_running\"");

#[test]
fn verify_says_what_it_finds_in_kept_workflows_as_check_does() {
    let proven = |folder: &Folder, line: &str| {
        let ran = folder.run(&["verify"]);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        assert!(ran.out.contains(&format!("proven   {AT}  {line}")), "{}", ran.out);
    };
    let cond = include_str!("workflows/trials/cond.yml");
    proven(&tried(&changed(cond, "if: always()", "if: success() && true"), &[]), "what is claimed");
    proven(&tried(&changed(cond, "    if: always()\n", ""), &[]), "its jobs run as those");
    let folder = tried(cond, &[]);
    let ran = folder.run(&["verify"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.out.contains("nothing is proven") && ran.out.contains("error[job-condition]"));
    let of = |command: &str| {
        let ran = folder.run(&[command, "--format", "json"]);
        (ran.code, ran.json()["findings"].clone())
    };
    let (code, findings) = of("verify");
    assert_eq!((code, &findings), (Some(1), &of("check").1));
    // What is accepted is so for both, and what no longer occurs is said by both.
    let accepted = |fingerprint: &str| {
        let row = "[[accepted]]\nrule = \"job-condition\"\nreason = \"it is meant\"\n";
        folder.write("ship.accepted.toml", format!("{row}fingerprint = \"{fingerprint}\"\n"));
    };
    accepted(findings[0]["fingerprint"].as_str().unwrap());
    let (code, findings) = of("verify");
    assert_eq!((code, &findings), (Some(0), &of("check").1));
    assert_eq!(findings[0]["accepted"], "it is meant");
    accepted("0123456789abcdef");
    let (code, findings) = of("verify");
    assert_eq!((code, &findings), (Some(1), &of("check").1));
    assert_eq!(findings[1]["rule"], "accepted-stale");
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
    finds(
        &never,
        &[],
        &[(
            "job-condition",
            &["`build` is skipped in every run that a console starts (`if: false`)"],
        )],
    );
}

/// A table in which `deploy` may be skipped, and the concluding job says the end.
const DEPLOY_SKIPPABLE: [(&str, &str); 3] = [
    (
        "name = \"succeeded\"\noutcome",
        "name = \"deploy_done\"\nphase = \"deploy\"\ncompletes = true\noptional = true\n\n\
         [[state]]\nname = \"succeeded\"\noutcome",
    ),
    ("\"rolling\", \"succeeded\"]", "\"rolling\", \"deploy_done\", \"succeeded\"]"),
    (
        "state = \"rolling\" }]\nsuccess = \"succeeded\"",
        "state = \"rolling\" }]\nskippable = true\nsuccess = \"deploy_done\"",
    ),
];

/// Its own `if:` may skip a job; that a gate failed which the table lacks may not.
#[test]
fn a_job_that_is_skipped_because_a_gate_failed_is_no_skip_of_its_own() {
    let gate = "name: x\non:\n  workflow_dispatch:\n    inputs:\n      go:\n        type: boolean\njobs:\n  \
        test:\n    runs-on: x\n    steps:\n      - run: ./test\n  build:\n    runs-on: x\n    \
        steps:\n      - run: make\n  deploy:\n    needs: [build, test]\n    runs-on: x\n    \
        if: inputs.go\n    steps:\n      - name: Roll out\n        run: ./ship\n";
    finds(
        gate,
        &DEPLOY_SKIPPABLE,
        &[(
            "workflow-truth",
            &[
                "the row is `succeeded`, a success, and `deploy` did not succeed",
                "add `test` to its `needs`, and give it, in its `env:`, `RESULT: ",
            ],
        )],
    );
    leads_out(gate, &DEPLOY_SKIPPABLE, &[], "workflow-truth");
    // Where the concluding job asks the gate, too, it says a failure, and nothing else failed.
    let concludes = "  conclude:\n    needs: [build, deploy, test]\n    if: always()\n    runs-on: x\n    \
        env:\n      RESULT: ${{ contains(needs.*.result, 'failure') && 'failure' || \
        contains(needs.*.result, 'cancelled') && 'cancelled' || needs.build.result == 'skipped' && 'failure' || \
        'success' }}\n    steps:\n      - run: echo\n";
    finds(&format!("{gate}{concludes}"), &DEPLOY_SKIPPABLE, &[]);
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
fn what_became_of_all_jobs_before_is_known_however_it_is_asked_for() {
    let workflow = include_str!("workflows/trials/cond.yml");
    let when = |condition: &str| {
        changed(workflow, "if: always()", &format!("if: ${{{{ always() && {condition} }}}}"))
    };
    for sound in [
        "!contains(join(needs.*.result, ','), 'failure') && !contains(join(needs.*.result), 'cancelled') && contains(join(needs.*.result), 'success')",
        "contains(toJSON(needs.*.result), 'success')",
        "join(needs.*.result, ' ') == 'success'",
    ] {
        finds(&when(sound), &[], &[]);
    }
    for lie in [
        "contains(join(needs.*.result, ','), 'failure')",
        "!contains(toJSON(needs.*.result), 'success')",
    ] {
        let found = said(&when(lie), &[]);
        assert!(found.iter().any(|(rule, _)| rule == "job-condition"), "{lie}: {found:#?}");
    }
    // Of what all jobs before have, each job asks something else: no two answers are one.
    let asked = "contains(toJSON(needs), 'go')";
    let lint = "  lint:\n    runs-on: x\n    steps: [{run: make lint}]\n";
    let two = changed(workflow, "if: always()", &format!("if: ${{{{ success() && {asked} }}}}"));
    let two = changed(
        &two,
        "  deploy:\n    needs: build\n",
        &format!("{lint}  deploy:\n    needs: [build, lint]\n"),
    );
    let two = changed(&two, "  build:\n", &format!("  build:\n    if: {asked} || true\n"));
    let found = said(&two, &[]);
    assert!(found[0].0 == "job-condition" && !found[0].1.contains("where contains"), "{found:#?}");
}

#[test]
fn a_run_that_is_replaced_is_no_other_jobs_fault() {
    let workflow = include_str!("workflows/trials/ifskip.yml");
    let group = "concurrency: deploy\njobs:\n";
    let found = said(&changed(workflow, "jobs:\n", group), &[]);
    let rules: Vec<&str> = found.iter().map(|(rule, _)| rule.as_str()).collect();
    assert_eq!(rules, ["job-condition", "shared-group"], "{found:#?}");
    assert!(found[0].1.contains("skipped: build; deploy starts"), "{found:#?}");
    // Where that job is skipped in every run, the shortest one that no one ends skips it, too.
    let never = changed(workflow, "    if: inputs.build_first\n", "    if: false\n");
    let found = said(&changed(&never, "jobs:\n", group), &[]);
    let replaced = found.iter().find(|(rule, _)| rule == "shared-group");
    assert!(replaced.is_some_and(|(_, said)| said.contains("skipped: build")), "{found:#?}");
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
fn a_group_in_which_runs_of_several_rows_wait_is_found() {
    let workflow = include_str!("workflows/trials/wiped.yml");
    let in_progress =
        |group: &str| format!("concurrency:\n  group: {group}\n  cancel-in-progress: true");
    for (group, is_found) in [
        ("deploy", true),
        ("${{ github.workflow }}-${{ github.ref }}", true),
        ("ship-${{ inputs.ship_id }}", false),
        ("${{ inputs.ship_id || github.run_id }}", false),
        ("${{ GitHub.Run_ID }}", false),
        ("ship-${{ github.run_number }}", false),
        ("${{ inputs['ship_id'] }}", false),
        ("${{ github.event.inputs.ship_id }}", false),
        ("${{ format('ship-{0}-{1}', github.ref, inputs.ship_id) }}", false),
        ("${{ github.ref == 'refs/heads/main' && github.run_id || inputs.ship_id }}", false),
        ("${{ toJSON(inputs) }}", false),
        // The id occurs, and two runs come to the same name all the same.
        ("${{ github.ref_name == 'main' && 'prod' || github.run_id }}", true),
        ("${{ inputs.lane || inputs.ship_id }}", false),
        ("${{ vars.LANE || github.run_id }}", true),
        ("${{ inputs.ship_id && 'prod' }}", true),
        ("${{ contains(github.run_id, '7') }}", true),
        ("${{ format('ship-{1}', github.run_id, github.ref) }}", true),
        ("ship-inputs.ship_id", true),
        ("github.run_id", true),
        ("${{ github.run_attempt }}", true),
    ] {
        let workflow = changed(workflow, "jobs:\n", &format!("{}\njobs:\n", in_progress(group)));
        let all: [(&str, &[&str]); 1] =
            [("shared-group", &["`conclude` is cancelled", "inputs.ship_id"])];
        finds(&workflow, &[], if is_found { &all } else { &[] });
        if group.contains("run_id") && is_found {
            let short =
                changed(&workflow, &in_progress(group), &format!("concurrency: \"{group}\""));
            finds(&short, &[], &all);
        }
    }
    // What a run is given may be the same in two of them.
    let lane = "on:\n  workflow_dispatch:\n    inputs:\n      lane: {type: string}\n";
    let workflow_with_lane = changed(workflow, "on:\n  workflow_dispatch:\n", lane);
    let group = in_progress("${{ inputs.lane || inputs.ship_id }}");
    let found = said(&changed(&workflow_with_lane, "jobs:\n", &format!("{group}\njobs:\n")), &[]);
    assert_eq!(found[0].0, "shared-group", "{found:#?}");
    // A job by itself may wait: the concluding one says so.
    let job =
        changed(workflow, "    needs: build\n", "    needs: build\n    concurrency: production\n");
    finds(&job, &[], &[]);
}

/// A job that runs out of time is cancelled by itself, and `cancelled()` asks for the run: GitHub's
/// "Evaluate expressions in workflows and actions", and NixOS/nixpkgs#433097, where somebody tried it.
#[test]
fn a_job_that_was_cancelled_by_itself_is_no_cancelled_run() {
    let workflow = include_str!("workflows/trials/wiped.yml");
    let with = |key: &str, condition: &str| {
        let of_build = changed(workflow, "  build:\n", &format!("  build:\n    {key}\n"));
        let deploy = format!("    needs: build\n    if: ${{{{ {condition} }}}}\n");
        changed(&of_build, "    needs: build\n", &deploy)
    };
    let group = "concurrency: {group: builds, cancel-in-progress: true}";
    let says = ["`deploy` runs though", "`build` may be cancelled by itself"];
    for condition in [
        "!failure() && !cancelled()",
        "always() && !failure() && !cancelled()",
        "!cancelled() && needs.build.result != 'failure'",
    ] {
        for key in ["timeout-minutes: 10", group, "timeout-minutes: ${{ fromJSON(vars.MOST) }}"] {
            let workflow = with(key, condition);
            finds(&workflow, &[], &[("job-condition", &says)]);
            leads_out(&workflow, &[], &[], "job-condition");
        }
        // Nothing but the run cancels it.
        for key in ["timeout-minutes:", "concurrency: \"${{ inputs.ship_id }}\""] {
            let found = said(&with(key, condition), &[]);
            assert!(found.iter().all(|(_, said)| !said.contains("by itself")), "{found:#?}");
        }
    }
    for sound in ["!failure() && !cancelled() && needs.build.result == 'success'", "success()"] {
        finds(&with("timeout-minutes: 10", sound), &[], &[]);
    }
}

#[test]
fn a_conclusion_speaks_where_a_job_was_cancelled_by_itself() {
    let workflow = include_str!("workflows/trials/wiped.yml");
    for condition in [
        "success() || failure() || cancelled()",
        "needs.deploy.result == 'success' || failure() || cancelled()",
        "cancelled() || needs.build.result != 'cancelled'",
    ] {
        let conclude = concluding("[build, deploy]", OF_ALL)
            .replace("always() && inputs.ship_id != ''", condition);
        let workflow = format!("{workflow}{conclude}");
        let found = said(&workflow, &[]);
        let part = "the job `conclude` does not run in every run";
        assert!(found[0].0 == "conclusion" && found[0].1.contains(part), "{condition}: {found:#?}");
        leads_out(&workflow, &[], &[], "conclusion");
    }
}
