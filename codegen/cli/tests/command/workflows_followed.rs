//! Each help is followed to the letter: it leads to a workflow of which nothing is found.

use crate::hand_written::*;
use crate::workflow_reader::*;

const LOCAL: (&str, &str) =
    ("id_input = ", "action = \"./.github/reports/notify-ship-status\"\nid_input = ");

#[test]
fn every_trial_leads_to_what_is_current() {
    let trials = [
        (include_str!("workflows/trials/failonly.yml"), "job-condition"),
        (include_str!("workflows/trials/cond.yml"), "job-condition"),
        (include_str!("workflows/trials/concl.yml"), "conclusion"),
        (include_str!("workflows/trials/ifskip.yml"), "job-condition"),
        (include_str!("workflows/trials/strat.yml"), "matrix-job"),
    ];
    for (workflow, first) in trials {
        leads_out(workflow, &[], &[], first);
        leads_out(workflow, &[], &["take its `if:` off"], first);
        leads_out(workflow, &[], &["`- if: ", "skippable"], first);
    }
    let wiped = include_str!("workflows/trials/wiped.yml");
    for way in ["`action = ", "once more"] {
        leads_out(wiped, &[LOCAL], &[way], "lost-action");
    }
}

#[test]
fn a_job_that_a_gate_or_its_own_condition_skips_leads_to_what_is_current() {
    let sometimes = "    if: inputs.go\n";
    let narrow = "    needs: [build, gate]\n    if: ${{ !failure() && !cancelled() && \
                  needs.build.result == 'success' && needs.gate.result == 'success' }}\n";
    for (gate, deploy) in [
        (sometimes, "    needs: [build, gate]\n"),
        (sometimes, "    needs: [build, gate]\n    if: needs.gate.outputs.ok == 'true'\n"),
        (sometimes, "    needs: [build, gate]\n    if: ${{ always() && inputs.go }}\n"),
        (sometimes, narrow),
        ("", "    needs: build\n    if: github.ref == 'refs/heads/main'\n"),
        (
            "",
            "    needs: [build, gate]\n    if: ${{ always() && github.ref == 'refs/heads/main' }}\n",
        ),
        ("", "    needs: [build, gate]\n    if: success() || failure()\n"),
    ] {
        let workflow = gated(gate, deploy);
        for wanted in [&["`- if: "], &["take its `if:` off"]] {
            leads_out(&workflow, &[], wanted, "job-condition");
        }
    }
    let through =
        "  mid:\n    needs: gate\n    if: always()\n    runs-on: x\n    steps: [{run: ls}]\n";
    let workflow = gated(sometimes, "    needs: [build, mid]\n");
    leads_out(
        &changed(&workflow, "  deploy:\n", &format!("{through}  deploy:\n")),
        &[],
        &[],
        "job-condition",
    );
}

#[test]
fn a_job_that_calls_a_workflow_leads_to_one_that_reports() {
    let build = "    runs-on: ubuntu-latest\n    steps:\n      - uses: actions/checkout@v4\n      - run: make\n";
    let workflow = changed(PLAIN, build, "    uses: ./.github/workflows/build.yml\n");
    let folder = tried(&workflow, &[]);
    let called = "on: workflow_call\njobs:\n  build:\n    runs-on: x\n    steps: [{run: make}]\n";
    folder.write(".github/workflows/build.yml", called);
    assert_eq!(followed(&folder, &[]), ["reusable-job"]);
}

/// What is required of the table's states does not keep a job from reporting only how it ended.
#[test]
fn what_happens_within_a_matrix_is_not_reported_after_it() {
    let strat = include_str!("workflows/trials/strat.yml");
    let optional = "name = \"deploy_running\"\nphase = \"deploy\"\noptional = true\n";
    let required = "name = \"deploy_running\"\nphase = \"deploy\"\n";
    leads_out(strat, &[(optional, required)], &[], "matrix-job");
    // As somebody would write it who leaves the table as it was.
    let work = changed(strat, "  deploy:\n", "  deploy-work:\n");
    let after = "  deploy:\n    needs: [build, deploy-work]\n    runs-on: x\n    steps:\n";
    let milestone = ["milestones = [{ name = \"Roll out\", state = \"rolling\" }]\n", ""];
    for (from, to) in [(optional, optional), (optional, required)] {
        let workflow = format!("{work}{after}");
        let changes = [(milestone[0], milestone[1]), (from, to)];
        let found = said(&workflow, &changes);
        let part = "`deploy.start` comes after the work, which the job `deploy-work` does";
        assert!(found[0].0 == "misplaced-region" && found[0].1.contains(part), "{found:#?}");
        leads_out(&workflow, &changes, &[], "misplaced-region");
    }
}

/// The job that takes the name hands on what others ask of it.
#[test]
fn what_is_asked_of_a_job_that_another_follows_is_not_lost() {
    let build = "    runs-on: ubuntu-latest\n    steps:\n      - uses: actions/checkout@v4\n      - run: make\n";
    let chat = "  chat:\n    needs: [build]\n    if: always() && needs.build.result == 'failure'\n    \
                runs-on: x\n    steps: [{run: ./chat}]\n";
    let asks = changed(PLAIN, "run: ./ship\n", "run: ./ship ${{ needs.build.outputs.Image }}\n");
    let asks = changed(
        &asks,
        "      - name: Roll out\n",
        "      - if: needs['build'].outputs.tag != ''\n        run: ls\n      - name: Roll out\n",
    );
    let calls = changed(&asks, build, "    uses: acme/ci/.github/workflows/build.yml@v1\n");
    let legs = changed(
        &asks,
        build,
        &format!(
            "    strategy: {{matrix: {{a: [x, y]}}}}\n    outputs: {{Image: a, TAG: b, other: c}}\n{build}"
        ),
    );
    for (workflow, rule, outputs) in
        [(&calls, "reusable-job", ["image", "tag"]), (&legs, "matrix-job", ["Image", "TAG"])]
    {
        let found = said(&format!("{workflow}{chat}"), &[]);
        let [image, tag] = outputs;
        let printed = format!(
            "    outputs:\n      {image}: ${{{{ needs.build-work.outputs.{image} }}}}\n      {tag}: ${{{{ \
             needs.build-work.outputs.{tag} }}}}\n    steps:"
        );
        assert!(found[0].0 == rule && found[0].1.contains(&printed), "{found:#?}");
        let result =
            "let what asks for `needs.build.result` (in `chat`) need `build-work` and ask for that";
        assert!(found[0].1.contains(result), "{found:#?}");
        leads_out(workflow, &[], &[], rule);
    }
}

#[test]
fn a_container_without_what_the_reports_need_leads_to_one_that_has_it() {
    let docker = include_str!("workflows/trials/docker.yml");
    let install = "      - run: apk add bash curl jq\n";
    let with = |steps: &str| changed(docker, install, steps);
    for steps in [
        "",
        "      - run: apk add bash curl jq\n        if: inputs.x\n",
        "      - run: apk add bash curl jq\n        continue-on-error: true\n",
        "      - run: make\n      - run: apk add bash curl jq\n",
        "      - run: echo apk add bash curl jq\n",
        "      - run: exit 1\n      - run: apk add bash curl jq\n",
        "      - run: |\n          apk add bash curl jq\n          make\n",
        "      - run: |\n          if [ -f x ]; then\n            apk add bash curl jq\n          fi\n",
    ] {
        leads_out(&with(steps), &[], &[], "bare-container");
    }
    for (image, command) in [
        ("alpine:3", "`- run: apk add --no-cache bash curl jq`"),
        ("docker:27-dind", "`- run: apk add --no-cache bash curl jq`"),
        ("debian:12", "`- run: apt-get update && apt-get install -y curl jq`"),
        ("node:22-slim", "`- run: apt-get update && apt-get install -y curl jq`"),
        ("registry.access.redhat.com/ubi9/ubi-minimal:9.4", "`- run: microdnf install -y curl jq`"),
        ("gcr.io/distroless/static", "give the job another image"),
    ] {
        let workflow = changed(&with(""), "alpine:3", image);
        let found = said(&workflow, &[]);
        assert!(found[0].1.contains(command), "{image}: {found:#?}");
        leads_out(&workflow, &[], &[], "bare-container");
    }
    // One that stands above the region, and below the job's work.
    let folder = tried(docker, &[]);
    let late = changed(&folder.read(AT), install, "");
    folder.write(
        AT,
        changed(&late, "        run: ./ship\n", &format!("        run: ./ship\n{install}")),
    );
    assert_eq!(followed(&folder, &[])[0], "bare-container");
}
