//! Each help is followed to the letter, as somebody does who knows nothing else: it leads to a workflow of
//! which nothing is found.

use crate::binary::Folder;
use crate::hand_written::*;
use crate::workflow_edits::{Text, between};

const PLAIN: &str = include_str!("workflows/trials/plain.yml");
const ALL: &str = ".github/workflows/all.yml";
const LOCAL: (&str, &str) =
    ("id_input = ", "action = \"./.github/reports/notify-ship-status\"\nid_input = ");

/// A finding: its file, its rule, its line, what is said, and the way out.
struct Finding {
    path: String,
    rule: String,
    line: usize,
    help: String,
}

fn findings(folder: &Folder) -> Vec<Finding> {
    let json = folder.run(&["check", "--format", "json"]).json();
    let all = json["findings"].as_array().unwrap().iter();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let of = |finding: &serde_json::Value| Finding {
        path: text(&finding["path"]),
        rule: text(&finding["rule"]),
        line: usize::try_from(finding["line"].as_u64().unwrap_or(1)).unwrap(),
        help: text(&finding["help"]),
    };
    all.map(of).filter(|finding| finding.path.ends_with(".yml")).collect()
}

/// Follows one help. Where it names several ways, the first that is wanted is taken, else the first.
fn follow(folder: &Folder, finding: &Finding, wanted: &[&str]) {
    let help = finding.help.split("; the shortest run").next().unwrap();
    let mut ways: Vec<&str> = help.split("; ").flat_map(|way| way.split(", or ")).collect();
    ways.sort_by_key(|way| !wanted.iter().any(|wanted| way.contains(wanted)));
    let at = if finding.path.ends_with("all.yml") { ALL } else { AT };
    let mut text = Text::of(&folder.read(at));
    let job = text.job_at(finding.line);
    if let Some(snippet) = between(help, "which reports:\n", "\u{0}") {
        let other = between(help, "call this job `", "`").unwrap();
        if help.contains("take its milestones") {
            let table = folder.read("ship.toml");
            let line =
                table.lines().find(|line| line.starts_with("milestones")).unwrap().to_owned();
            folder.write("ship.toml", table.replace(&format!("{line}\n"), ""));
        }
        let text = Text::of(&outside_of_markers(&folder.read(at)));
        let text = text.renamed(&job, other);
        folder.write(at, format!("{}{snippet}\n", text.whole()));
        return;
    }
    let way = ways.into_iter().find(|way| apply(folder, &mut text, &job, finding, way));
    assert!(way.is_some(), "no way of it is known: {help}");
    folder.write(at, text.whole());
}

/// A workflow without the reports, which `adopt` puts where they belong.
fn outside_of_markers(text: &str) -> String {
    let text = outside(text);
    text.split_inclusive('\n').filter(|line| !is_marker(line, "# phasegate:")).collect()
}

/// Does what one way says; whether it is one that is known.
fn apply(folder: &Folder, text: &mut Text, job: &str, finding: &Finding, way: &str) -> bool {
    let number = |from: &str| -> Option<usize> {
        let digits: String =
            way.split_once(from)?.1.chars().take_while(char::is_ascii_digit).collect();
        digits.parse().ok()
    };
    let part = |from: &str, to: &str| {
        between(way, from, to).filter(|part| part.len() + from.len() < way.len()).map(str::to_owned)
    };
    if let Some(condition) = part("`- if: ", "` with") {
        text.drop_key(job, "if");
        let step = format!("- if: {condition}\n  run: exit 1\n");
        text.below_start(job, &step);
    } else if let Some(input) = part("add the input `", "`") {
        text.add_input(&input);
    } else if let Some(names) =
        part("add ", " to its `needs`").filter(|_| way.contains("to its `needs`"))
    {
        text.add_needs(job, &names.replace('`', ""));
        if let Some(condition) = part("give it `if: ", "`") {
            text.set(job, "if", &condition);
        }
        if let Some(result) = part("RESULT: ", "`") {
            text.set_result(job, &result);
        }
    } else if let Some(condition) = part("give it `if: ", "`") {
        text.set(job, "if", &condition);
    } else if way.contains("take its `if:` off") {
        text.drop_key(job, "if");
    } else if way.contains("write `skippable = true`") {
        let row = format!("[[job]]\nname = \"{job}\"\n");
        folder.write(
            "ship.toml",
            changed(&folder.read("ship.toml"), &row, &format!("{row}skippable = true\n")),
        );
    } else if let Some(result) = part("`RESULT: ", "`") {
        text.set_result(job, &result);
    } else if let Some(group) = part("let that group be `", "`") {
        text.set_group(&group);
    } else if let Some(of) = part("take `concurrency` off the job `", "`") {
        text.drop_key(&of, "concurrency");
    } else if let Some(of) = part("take `concurrency` off `", "`") {
        match of.ends_with(".yml") {
            true => {
                let mut called = Text::of(&folder.read(&of));
                called.drop_top("concurrency");
                folder.write(&of, called.whole());
            }
            false => text.drop_key(&of, "concurrency"),
        }
    } else if let Some(given) = part("write `ship_id: ", "`") {
        text.set_line(finding.line, "ship_id", &given);
    } else if way.contains("take `ship_id` off") {
        text.set_line(finding.line, "ship_id", "");
    } else if way.contains("take the `if: ") {
        text.drop_of_step(number("step on line ").unwrap(), "if");
    } else if way.contains("take `continue-on-error` off the step") {
        text.drop_of_step(number("step on line ").unwrap(), "continue-on-error");
    } else if way.contains("move the step on line ") {
        text.move_step(number("the step on line ").unwrap(), number("above line ").unwrap());
    } else if way.contains("move the region below the step") {
        text.move_region(finding.line, number("below the step on line ").unwrap());
    } else if let Some(run) = part("`- run: ", "`") {
        text.first_step(job, &format!("- run: {run}\n"));
    } else if way.contains("check this repository out once more") {
        text.insert(number("the region on line ").unwrap(), "      - uses: actions/checkout@v4\n");
    } else if let Some(action) = part("write `action = \"", "\"") {
        let table = folder.read("ship.toml");
        let line = table.lines().find(|line| line.starts_with("action = ")).unwrap().to_owned();
        folder.write("ship.toml", table.replace(&line, &format!("action = \"{action}\"")));
    } else if let Some(image) = way.contains("give the job another image").then_some("node:22") {
        text.set_image(image);
    } else {
        return false;
    }
    true
}

/// Follows every help until nothing is found, and gives the rules that were found on the way.
#[track_caller]
fn followed(folder: &Folder, wanted: &[&str]) -> Vec<String> {
    let mut rules = Vec::new();
    for _ in 0..10 {
        let found = findings(folder);
        let Some(first) = found.into_iter().find(|finding| finding.rule != "stale") else {
            return rules;
        };
        rules.push(first.rule.clone());
        follow(folder, &first, wanted);
        folder.run(&["workflow", "adopt", AT]);
        folder.run(&["generate"]);
    }
    let now = folder.run(&["check"]);
    panic!("it leads nowhere: {rules:?}\n{}\n{}", now.out, folder.read(AT));
}

#[track_caller]
fn leads_out(workflow: &str, changes: &[(&str, &str)], wanted: &[&str], first: &str) {
    let folder = tried(workflow, changes);
    let rules = followed(&folder, wanted);
    assert_eq!(rules.first().map(String::as_str), Some(first), "{rules:?}");
    let ran = folder.run(&["check"]);
    assert_eq!(ran.code, Some(0), "{}", ran.out);
}

/// A job that the table lacks, before the deploy, which has another `needs` and `if`.
fn gated(gate: &str, deploy: &str) -> String {
    let job = format!("  gate:\n{gate}    runs-on: x\n    steps: [{{run: ./ask}}]\n");
    changed(PLAIN, "  deploy:\n    needs: build\n", &format!("{job}  deploy:\n{deploy}"))
}

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
    leads_out(&workflow, &[], &[], "reusable-job");
}

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

/// A concluding job that somebody wrote.
fn concluding(needs: &str, result: &str) -> String {
    format!(
        "  conclude:\n    needs: {needs}\n    if: always() && inputs.ship_id != ''\n    runs-on: x\n    env:\n      \
         RESULT: >-\n        ${{{{ {result} }}}}\n    steps:\n      - run: echo\n"
    )
}

const OF_ALL: &str = "contains(needs.*.result, 'failure') && 'failure' || contains(needs.*.result, 'cancelled') && \
                      'cancelled' || contains(needs.*.result, 'skipped') && 'failure' || 'success'";

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

#[test]
fn a_group_that_is_there_twice_in_a_run_leads_to_one() {
    let id = "${{ inputs.ship_id }}";
    let of_run =
        |group: &str| changed(PLAIN, "jobs:\n", &format!("concurrency: \"{group}\"\njobs:\n"));
    let of_both = |group: &str, job: &str| {
        changed(
            &of_run(group),
            "    needs: build\n",
            &format!("    needs: build\n    concurrency: \"{job}\"\n"),
        )
    };
    leads_out(&of_run("prod"), &[], &[], "shared-group");
    for (run, job) in [
        (format!("ship-{id}"), "SHIP-${{ github.event.inputs.ship_id }}".to_owned()),
        ("${{ github.run_id }}".to_owned(), "${{ github['run_id'] }}".to_owned()),
        ("x-${{ format('{0}', github.run_id) }}".to_owned(), "x-${{ github.run_id }}".to_owned()),
    ] {
        leads_out(&of_both(&run, &job), &[], &[], "group-twice");
    }
    for (run, job) in [
        (format!("ship-{id}"), "ship".to_owned()),
        (format!("ship-{id}"), "ship-${{ github.run_id }}".to_owned()),
        (format!("ship-{id}"), format!("deploy-{id}")),
        (format!("ship-{id}"), "${{ vars.LANE }}".to_owned()),
    ] {
        finds(&of_both(&run, &job), &[], &[]);
    }
    // A job beside the concluding one cancels it.
    let group = "    concurrency: {group: \"x-${{ github.run_id }}\", cancel-in-progress: true}\n";
    let cleanup = format!(
        "  cleanup:\n    needs: deploy\n    if: always()\n    runs-on: x\n{group}    steps: [{{run: ls}}]\n"
    );
    let conclude = concluding("[build, deploy]", OF_ALL)
        .replace("    runs-on: x\n", &format!("    runs-on: x\n{group}"));
    leads_out(&format!("{PLAIN}{cleanup}{conclude}"), &[], &[], "group-twice");
    // One that only waits for it does no harm, and one that comes before it neither.
    let waits = group.replace("true", "false");
    finds(
        &format!("{PLAIN}{}{}", cleanup.replace(group, &waits), conclude.replace(group, &waits)),
        &[],
        &[],
    );
    let before = conclude.replace("[build, deploy]", "[build, deploy, cleanup]");
    finds(&format!("{PLAIN}{cleanup}{}", before.replace(OF_ALL, "needs.deploy.result == 'success' && 'success' || needs.build.result == 'failure' && 'failure' || needs.deploy.result == 'failure' && 'failure' || (needs.build.result == 'cancelled' || needs.deploy.result == 'cancelled') && 'cancelled' || 'failure'")), &[], &[]);
}

/// A workflow that a console starts, and that calls the kept one.
const CALLER: &str = "name: all\non:\n  workflow_dispatch:\n    inputs:\n      row: {type: string}\n      \
    callback_token: {type: string}\njobs:\n  ship:\n    uses: ./.github/workflows/release.yml\n    with:\n      \
    tag: x\n      ship_id: ${{ inputs.row }}\n";

/// The kept workflow, which is called, with its caller.
fn called(kept: &str, caller: &str) -> Folder {
    let folder = tried(kept, &[]);
    folder.write(ALL, caller);
    folder
}

#[test]
fn groups_of_a_caller_and_of_what_it_calls_lead_to_one() {
    let call = include_str!("workflows/trials/call.yml");
    let with = |text: &str, group: &str| {
        changed(text, "jobs:\n", &format!("concurrency: \"{group}\"\njobs:\n"))
    };
    for (inner, outer) in [
        ("ship-${{ inputs.ship_id }}", "ship-${{ inputs.row }}"),
        (
            "${{ github.workflow }}-${{ github.run_id }}",
            "${{ github.workflow }}-${{ github.run_id }}",
        ),
        ("${{ inputs.tag }}-${{ inputs.ship_id }}", "x-${{ inputs.row }}"),
    ] {
        let folder = called(&with(call, inner), &with(CALLER, outer));
        assert_eq!(followed(&folder, &[]), ["group-twice"], "{inner}");
    }
    // What is printed for each of the two is another group.
    let folder = called(&with(call, "prod"), &with(CALLER, "prod"));
    let rules = followed(&folder, &[]);
    assert!(
        rules.iter().all(|rule| ["shared-group", "group-twice"].contains(&rule.as_str())),
        "{rules:?}"
    );
    let folder = called(&with(call, "deploy"), &with(CALLER, "prod"));
    assert_eq!(followed(&folder, &[]), ["shared-group", "shared-group"]);
    // The kept one may be the caller.
    let kept = with(
        &changed(
            PLAIN,
            "  deploy:\n    needs: build\n",
            "  scan:\n    uses: ./.github/workflows/all.yml\n  deploy:\n    needs: [build, scan]\n",
        ),
        "${{ github.workflow }}-${{ github.run_id }}",
    );
    let scan = "on:\n  workflow_call:\nconcurrency: ${{ github.workflow }}-${{ github.run_id }}\njobs:\n  scan:\n    runs-on: x\n    steps: [{run: ls}]\n";
    let folder = called(&kept, scan);
    assert_eq!(followed(&folder, &[]), ["group-twice"]);
}

#[test]
fn a_caller_that_gives_another_id_leads_to_the_rows() {
    let call = include_str!("workflows/trials/call.yml");
    for other in [
        "${{ github.run_id }}",
        "${{ inputs.go && inputs.row || '' }}",
        "${{ inputs.row || github.run_id }}",
        "${{ needs.plan.outputs.row }}",
        "x-${{ inputs.row }}",
    ] {
        let folder = called(call, &changed(CALLER, "${{ inputs.row }}", other));
        let rules = followed(&folder, &[]);
        assert_eq!(rules[0], "missing-input", "{other}");
    }
    for same in [
        "${{ inputs.row }}",
        "${{ inputs.row || '' }}",
        "${{ format('{0}', inputs.row) }}",
        "${{ github.event.inputs.row }}",
    ] {
        let folder = called(call, &changed(CALLER, "${{ inputs.row }}", same));
        assert_eq!(followed(&folder, &[]), [""; 0], "{same}");
    }
    // No console starts it.
    let pushed = CALLER.replace("${{ inputs.row }}", "${{ github.sha }}");
    let (_, jobs) = pushed.split_once("jobs:\n").unwrap();
    let folder = called(call, &format!("on: push\njobs:\n{jobs}"));
    assert!(findings(&folder)[0].help.contains("take `ship_id` off"));
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
