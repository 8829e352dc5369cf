//! Small workflows of which each had something wrong that was called current: what must come of them.

use crate::binary::Folder;
use crate::hand_written::*;

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
fn a_matrix_of_one_leg_is_a_job_that_runs_once() {
    let workflow = include_str!("workflows/trials/strat.yml");
    let given = "${{ fromJSON(needs.build.outputs.m) }}";
    let with = |matrix: &str| changed(workflow, given, &format!("{{matrix: {matrix}}}"));
    for one in [
        "{os: [ubuntu-latest]}",
        "{os: [ubuntu-latest], python: ['3.13']}",
        "{region: [\"${{ inputs.region }}\"]}",
        "{include: [{os: linux, arch: x64}]}",
    ] {
        finds(&with(one), &[], &[]);
    }
    for several in [
        "{os: [a], python: [x, y]}",
        "{os: \"${{ fromJSON(inputs.os) }}\"}",
        "{os: [a], include: [{os: b}]}",
        "{include: [{os: a}, {os: b}]}",
        "{os: [a], exclude: [{os: a}]}",
        "{os: []}",
        "{}",
    ] {
        finds(&with(several), &[], &[("matrix-job", &["`deploy`", "give it one leg"])]);
    }
}

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

#[test]
fn a_start_in_a_container_goes_below_the_step_that_installs_what_it_runs_with() {
    let workflow = include_str!("workflows/trials/docker.yml");
    let folder = tried(workflow, &[]);
    holds(&folder, &[]);
    let text = folder.read(AT);
    assert!(text.find("apk add") < text.find("begin deploy.start"), "{text}");
    let install = "      - run: apk add bash curl jq\n";
    let bare = |image: &str| changed(&changed(workflow, install, ""), "alpine:3", image);
    for (image, missing) in [
        ("alpine:3", "`bash`, `curl`, `jq`"),
        ("node:22-alpine", "`bash`, `curl`, `jq`"),
        ("gcr.io/distroless/static", "`bash`, `curl`, `jq`"),
        ("debian:12", "`curl`, `jq`"),
        ("python:3.13-slim", "`curl`, `jq`"),
    ] {
        let part = format!("in the container `{image}`, which has no {missing}");
        finds(&bare(image), &[], &[("bare-container", &[&part, "put a step above it"])]);
    }
    for image in ["ghcr.io/acme/builder:7", "slimline/tools:1"] {
        finds(&bare(image), &[], &[]);
    }
    // What was put above is to be moved below.
    let start = region(&text, "deploy.start").to_owned();
    let above = changed(&text, &start, "");
    let above = changed(&above, install, &format!("{start}{install}"));
    folder.write(AT, above);
    let line =
        ("bare-container", "# phasegate:begin deploy.start", "move the region below the step");
    holds(&folder, &[line]);
}

#[test]
fn an_action_is_no_workflow_and_is_left() {
    let action = "name: a\nruns:\n  using: composite\n  steps:\n    - run: ls\n      shell: bash\n";
    let folder = tried(action, &[]);
    let found = found(&folder);
    assert!(found[0].2.contains("this is an action and no workflow"), "{found:#?}");
    assert_eq!(folder.read(AT), action);
}

/// Two jobs, as most of the shapes below have them.
const PLAIN: &str = include_str!("workflows/trials/plain.yml");

#[test]
fn shapes_of_public_workflows_are_adopted_or_refused_with_the_way_out() {
    let deploy = "    needs: build\n";
    let with = |line: &str| changed(PLAIN, deploy, &format!("{deploy}{line}"));
    let checkout = "      - uses: actions/checkout@v4\n";
    let build = "    runs-on: ubuntu-latest\n    steps:\n      - uses: actions/checkout@v4\n      - run: make\n";
    let below = |job: &str| format!("{PLAIN}{job}");
    let sound = [
        PLAIN.replace('\n', "\r\n"),
        format!("\u{feff}{PLAIN}"),
        PLAIN.trim_end().to_owned(),
        PLAIN.replace(checkout, ""),
        PLAIN.replace("      - ", "    - ").replace("        run: ./ship", "      run: ./ship"),
        with(
            "    environment:\n      name: production\n    concurrency:\n      group: production\n",
        ),
        with("    timeout-minutes: 5\n    defaults: {run: {shell: pwsh}}\n"),
        PLAIN.replace("ubuntu-latest", "windows-latest"),
        PLAIN.replace("ubuntu-latest", "[self-hosted, macos]"),
        changed(
            PLAIN,
            "  workflow_dispatch:\n",
            "  push:\n    tags: ['v*']\n  workflow_dispatch:\n",
        ),
        below(
            "  notify:\n    needs: [build, deploy]\n    if: always()\n    runs-on: x\n    steps:\n      - run: ./chat\n",
        ),
        format!("# one\n{}", PLAIN.replace("    steps:\n", "    # of it\n    steps:   # all\n")),
        changed(
            PLAIN,
            "  deploy:\n    needs: build\n",
            "  images:\n    needs: build\n    strategy: {matrix: {arch: [a, b]}}\n    runs-on: x\n    steps: \
             [{run: make}]\n  scan:\n    needs: build\n    uses: ./.github/workflows/scan.yml\n  deploy:\n    \
             needs: [build, images, scan]\n",
        ),
        changed(
            PLAIN,
            "  deploy:\n    needs: build\n",
            "  lint:\n    if: inputs.lint\n    runs-on: x\n    steps: [{run: make lint}]\n  deploy:\n    needs: \
             [build, lint]\n    if: ${{ !cancelled() && needs.build.result == 'success' }}\n",
        ),
        changed(
            PLAIN,
            &format!("{checkout}      - name"),
            &format!("{checkout}        if: inputs.x\n        with: {{path: src}}\n      - name"),
        ),
        changed(
            PLAIN,
            &format!("{checkout}      - run"),
            &format!("{}      - run", checkout.replace("- uses", "- &co\n        uses")),
        )
        .replacen(&format!("{checkout}      - name"), "      - *co\n      - name", 1),
        changed(
            PLAIN,
            "    steps:\n      - uses: actions/checkout@v4\n      - name",
            &format!(
                "    steps:\n{}      - uses: actions/checkout@v4\n      - name",
                "      # why\n".repeat(800)
            ),
        ),
    ];
    for workflow in &sound {
        assert_eq!(said(workflow, &[]), [], "{workflow}");
    }
    for (workflow, rule, part) in [
        (
            changed(PLAIN, build, "    uses: ./.github/workflows/build.yml\n"),
            "reusable-job",
            "list it in `workflows`",
        ),
        (
            with("    if: startsWith(github.ref, 'refs/tags/v')\n"),
            "job-condition",
            "`succeeded` is not reported",
        ),
        (with("    if: github.event_name == 'push'\n"), "job-condition", "skipped: deploy"),
        (with("    if: needs.build.outputs.go == 'true'\n"), "job-condition", "skipped: deploy"),
        (with("    if: needs.build.result = 'success'\n"), "bad-condition", "`=` has no meaning"),
        (changed(PLAIN, build, "    steps: [{run: make}]\n"), "no-steps", "a line for each step"),
        (
            changed(
                PLAIN,
                "  build:\n",
                "  plan:\n    runs-on: x\n    outputs: {any: x}\n    steps: [{run: ls}]\n  build:\n    needs: plan\n    if: needs.plan.outputs.any == 'true'\n",
            ),
            "job-condition",
            "where needs.plan.outputs.any == 'true' is false",
        ),
    ] {
        let found = said(&workflow, &[]);
        assert!(
            found.iter().any(|(found, said)| found == rule && said.contains(part)),
            "{rule}, {part}: {found:#?}\n{workflow}"
        );
    }
}
