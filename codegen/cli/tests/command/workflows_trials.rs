//! Small workflows of which each had something wrong that was called current: what must come of them.

use crate::hand_written::*;

const LOCAL: (&str, &str) =
    ("id_input = ", "action = \"./.github/reports/notify-ship-status\"\nid_input = ");

#[test]
fn a_matrix_is_found_however_it_is_given() {
    let workflow = include_str!("workflows/trials/strat.yml");
    let given = "${{ fromJSON(needs.build.outputs.m) }}";
    for strategy in
        [given, "{matrix: {r: [eu, us]}}", "{ matrix: \"${{ fromJSON(needs.build.outputs.m) }}\" }"]
    {
        let workflow = changed(workflow, given, strategy);
        finds(
            &workflow,
            &[],
            &[(
                "matrix-job",
                &[
                    "`deploy`",
                    "after it: take `start`, `milestones` off `deploy` in the table, call this job `deploy-work`",
                ],
            )],
        );
    }
    for none in ["{max-parallel: 2}", "{fail-fast: false}", "{}"] {
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
        "{os: [a, b], exclude: [{os: b}]}",
        "{os: [a, b], go: [1, 2], exclude: [{os: b}, {go: 2}]}",
        "{os: [a], include: [{os: a, more: x}, {other: y}]}",
        "{os: [{name: a, arch: x}, {name: b}], exclude: [{os: {name: b}}]}",
        "{os: [\"${{ inputs.os }}\"], include: [{more: x}]}",
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
        "{os: [a, b], exclude: [{os: c}]}",
        "{os: [a, b], exclude: [{os: \"${{ inputs.os }}\"}]}",
        "{os: [\"${{ inputs.os }}\"], include: [{os: b}]}",
        "{os: [a], include: \"${{ fromJSON(inputs.more) }}\"}",
        "{}",
    ] {
        finds(&with(several), &[], &[("matrix-job", &["`deploy`", "give it one leg"])]);
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
        ("docker:27", "`bash`, `curl`, `jq`"),
        ("node:22-alpine", "`bash`, `curl`, `jq`"),
        ("gcr.io/distroless/static", "`bash`, `curl`, `jq`"),
        ("debian:12", "`curl`, `jq`"),
        ("python:3.13-slim", "`curl`, `jq`"),
        ("node:22-alpine3.20", "`bash`, `curl`, `jq`"),
        ("docker.io/library/alpine@sha256:00", "`bash`, `curl`, `jq`"),
        ("mcr.microsoft.com/dotnet/sdk:9.0-alpine", "`bash`, `curl`, `jq`"),
        ("cgr.dev/chainguard/node", "`bash`, `curl`, `jq`"),
        ("registry.access.redhat.com/ubi9/ubi-minimal:9.4", "`curl`, `jq`"),
    ] {
        let part = format!("in the container `{image}`, which has no {missing}");
        let is_empty = image.contains("distroless") || image.contains("chainguard");
        let way = if is_empty { "give the job another image" } else { "put a step above it" };
        finds(&bare(image), &[], &[("bare-container", &[&part, way])]);
    }
    for image in [
        "ghcr.io/acme/builder:7",
        "slimline/tools:1",
        "ghcr.io/acme/alpine-tools:3",
        "acme/deploy:2-slim",
        "ghcr.io/acme/ci:alpine",
        "acme/debian-ci",
        "${{ vars.IMAGE }}",
    ] {
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
fn a_start_on_a_machine_of_ones_own_goes_below_what_installs_its_tools() {
    for (runner, tool) in [
        ("[self-hosted, macOS]", "brew install jq"),
        ("[self-hosted, windows]", "choco install jq curl"),
        ("${{ inputs.runner }}", "sudo apt-get install -y jq"),
        ("{group: ours, labels: big}", "sudo dnf install -y jq"),
    ] {
        let install = format!("    steps:\n      - run: {tool}\n");
        let below = |runner: &str| {
            let bare = PLAIN.replace("      - uses: actions/checkout@v4\n", "");
            let text = bare.replace("ubuntu-latest", runner).replace("    steps:\n", &install);
            let folder = tried(&text, &[]);
            holds(&folder, &[]);
            let text = folder.read(AT);
            text.find(tool) < text.find("begin build.start")
        };
        assert!(below(runner), "{runner}");
    }
    // GitHub's have all that is needed: no one waits for what a step installs to hear of the start.
    for runner in ["windows-latest", "macos-15", "[ubuntu-24.04]"] {
        let text = PLAIN.replace("ubuntu-latest", runner);
        let folder = tried(
            &text.replace("      - uses: actions/checkout@v4\n", "      - run: brew install jq\n"),
            &[],
        );
        let text = folder.read(AT);
        assert!(text.find("begin build.start") < text.find("brew install"), "{text}");
    }
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
        // A callback of one's own stays, and is not taken for a report.
        changed(
            PLAIN,
            "        run: ./ship\n",
            "        run: ./ship\n      - if: always()\n        run: |\n          curl -sf -X POST \
             \"$CALLBACK/${{ github.run_id }}\" -d '{\"status\": \"${{ job.status }}\"}'\n",
        ),
        format!("# one\n{}", PLAIN.replace("    steps:\n", "    # of it\n    steps:   # all\n")),
        changed(
            PLAIN,
            "  deploy:\n    needs: build\n",
            "  images:\n    needs: build\n    strategy: {matrix: {arch: [a, b]}}\n    runs-on: x\n    steps: \
             [{run: make}]\n  scan:\n    needs: build\n    uses: acme/ci/.github/workflows/scan.yml@v1\n  deploy:\n    \
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
                "      # why\n".repeat(1600)
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
        // What stands in another repository no table can name.
        (
            changed(PLAIN, build, "    uses: acme/ci/.github/workflows/build.yml@v1\n"),
            "reusable-job",
            "no steps to report in (take `start` off `build` in the table, call this job `build-work`",
        ),
        (
            with("    if: startsWith(github.ref, 'refs/tags/v')\n"),
            "job-condition",
            "`succeeded` is not reported",
        ),
        (
            with("    if: >\n      github.event_name == 'push'\n      && !cancelled()\n"),
            "job-condition",
            "is skipped in every run that a console starts (`if: github.event_name == 'push' && !cancelled()`)",
        ),
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
