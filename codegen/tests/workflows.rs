//! Workflows written by hand: their regions are kept current, all else stays byte for byte as it is,
//! and whatever keeps a job from reporting what the table says is told.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "common/binary.rs"]
mod binary;
mod common;

use std::fs;

use binary::{Folder, Ran};
use common::{DEPLOY, check, with};
use proptest::prelude::*;
use serde_json::{Value, json};

const RELEASE: &str = include_str!("workflows/release.yml");
const SHIP: &str = include_str!("workflows/ship.yml");
const SHIP_TABLE: &str = include_str!("workflows/ship.toml");
const AT: &str = ".github/workflows/release.yml";

/// The deploy table, with workflows that it keeps.
fn keeping(workflows: &[&str]) -> String {
    let at = "id_input = \"console_deploy_id\"\n";
    assert!(DEPLOY.contains(at));
    let table = DEPLOY.replace("#:schema ./generated/machine.schema.json\n", "");
    table.replace(at, &format!("{at}workflows = {workflows:?}\n"))
}

/// A repository with the deploy table, its artifacts, and a workflow.
fn repository(workflow: impl AsRef<[u8]>) -> Folder {
    let folder = Folder::with("deploy.toml", &keeping(&[AT]));
    folder.write(AT, workflow);
    folder.run(&["generate"]);
    folder
}

/// The same, with the reports where they belong.
fn adopted() -> Folder {
    let folder = repository(RELEASE.replace("Wait until healthy", "Health check"));
    let ran = folder.run(&["workflow", "adopt", AT]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    folder
}

/// What `check` finds in a workflow: rule, line, and what is said.
fn found(folder: &Folder) -> Vec<(String, u64, String)> {
    let ran = folder.run(&["check", "--format", "json"]);
    let findings = ran.json()["findings"].as_array().unwrap().clone();
    let errors = findings.iter().filter(|finding| finding["severity"] == "error").count();
    assert_eq!(ran.code, Some(i32::from(errors > 0)), "{ran:?}");
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    findings
        .iter()
        .filter(|finding| finding["path"].as_str().unwrap().ends_with(".yml"))
        .filter(|finding| finding["rule"] != "stale")
        .map(|finding| {
            assert_ne!(finding["help"], "", "a help says what would be right: {finding}");
            let message = format!("{} ({})", text(&finding["message"]), text(&finding["help"]));
            (text(&finding["rule"]), finding["line"].as_u64().unwrap_or(0), message)
        })
        .collect()
}

/// Holds what is found after a change to the adopted workflow to rows of rule, the line's text, and
/// a part of what is said; `generate` mends none of it, and leaves the text as it is.
#[track_caller]
fn after(from: &str, to: &str, expected: &[(&str, &str, &str)]) {
    let folder = adopted();
    let text = folder.read(AT);
    assert!(text.contains(from), "{from:?}");
    let text = text.replacen(from, to, 1);
    folder.write(AT, &text);
    let found = found(&folder);
    let line = |line: u64| text.lines().nth(line as usize - 1).unwrap_or_default().trim();
    assert_eq!(found.len(), expected.len(), "{found:#?}");
    for ((rule, at, message), (wanted, place, part)) in found.iter().zip(expected) {
        assert_eq!((rule.as_str(), line(*at)), (*wanted, *place), "{found:#?}");
        assert!(message.contains(part), "{part:?}: {message}");
    }
    if expected.iter().all(|(rule, _, _)| *rule != "stale-region") {
        folder.run(&["generate"]);
        assert_eq!(folder.read(AT), text, "nothing is written that is not a region's");
    }
}

/// Whether a line is a marker, as far as these tests have any: their scripts are indented further.
fn is_marker(line: &str, words: &str) -> bool {
    let indented = line.len() - line.trim_start().len();
    indented < 10 && line.trim().starts_with(words)
}

/// The text with all that stands in regions taken out, markers kept.
fn outside(text: &str) -> String {
    let mut out = String::new();
    let mut within = false;
    for line in text.split_inclusive('\n') {
        within &= !is_marker(line, "# phasegate:end");
        if !within {
            out += line;
        }
        within |= is_marker(line, "# phasegate:begin ");
    }
    out
}

#[test]
fn adopting_puts_the_reports_where_they_belong_and_shows_the_diff() {
    let folder = repository(RELEASE);
    let ran = folder.run(&["workflow", "adopt", AT]);
    // One milestone's place can't be told: no step is called as it is.
    assert_eq!(ran.code, Some(1), "{ran:?}");
    insta::assert_snapshot!(ran.out);
    assert_eq!(found(&folder).iter().map(|f| f.0.as_str()).collect::<Vec<_>>(), ["missing-region"]);
}

#[test]
fn adopting_twice_changes_nothing_and_check_is_content() {
    let folder = adopted();
    let text = folder.read(AT);
    assert_eq!(found(&folder), []);
    let ran = folder.run(&["workflow", "adopt", AT]);
    assert_eq!((ran.code, ran.out), (Some(0), format!("{AT}: current\n")));
    let ran = folder.run(&["generate"]);
    assert!(ran.out.contains(&format!("left {AT}\n")), "{}", ran.out);
    assert_eq!(folder.read(AT), text);
    assert_eq!(folder.files().iter().filter(|file| file.contains("release")).count(), 1);
}

#[test]
fn a_dry_run_shows_the_same_and_writes_nothing() {
    let folder = repository(RELEASE);
    let dry = folder.run(&["workflow", "adopt", AT, "--dry-run"]);
    assert_eq!(folder.read(AT), RELEASE);
    let wet = folder.run(&["workflow", "adopt", AT]);
    assert_eq!(dry.out.replace(": would be written\n", ": written\n"), wet.out);
    let json = folder.run(&["workflow", "adopt", AT, "--format", "json"]).json();
    assert_eq!((&json["state"], &json["diff"]), (&json!("current"), &json!("")));
    assert_eq!(json["findings"][0]["rule"], "missing-region");
}

#[test]
fn adopting_says_which_line_of_the_table_is_missing() {
    let folder = Folder::with("deploy.toml", &keeping(&["other.yml"]));
    folder.write(AT, RELEASE.replace("Wait until healthy", "Health check"));
    let ran = folder.run(&["workflow", "adopt", AT]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let line = format!("workflows = [\"other.yml\", \"{AT}\"]");
    assert!(ran.out.contains("warning[unlisted-workflow]") && ran.out.contains(&line), "{ran:?}");
}

#[test]
fn adopting_cannot_run_without_a_target_a_file_or_a_root_around_it() {
    let folder = Folder::with("order.toml", include_str!("../src/command/starter.toml"));
    folder.write("a.yml", "jobs: {}\n");
    let said = |ran: Ran| (ran.code, ran.out, ran.err);
    let (code, out, err) = said(folder.run(&["workflow", "adopt", "a.yml"]));
    assert_eq!((code, out.as_str()), (Some(2), ""));
    assert!(err.contains("no [target.workflow] section"), "{err}");
    let folder = Folder::with("in/deploy.toml", &keeping(&[AT]));
    folder.write(".github/workflows/release.yml", RELEASE);
    let table = ["--table", "in/deploy.toml"];
    let (code, _, err) = said(folder.run(&[&["workflow", "adopt", AT], &table[..]].concat()));
    assert_eq!(code, Some(2));
    assert!(err.contains("outside of the root"), "{err}");
    folder.write("in/relaese.yml", "jobs: {}\n");
    let ran = folder.run(&[&["workflow", "adopt", "in/release.yml"], &table[..]].concat());
    assert_eq!(ran.code, Some(2));
    assert!(ran.err.contains("no such file") && ran.err.contains("`relaese.yml`"), "{ran:?}");
    assert_eq!(folder.run(&["workflow"]).code, Some(2));
    assert_eq!(folder.run(&["workflow", "adopt"]).code, Some(2));
}

#[test]
fn a_report_that_is_there_already_is_taken_in_where_it_stands() {
    let folder = adopted();
    let text = folder.read(AT);
    let without: Vec<&str> =
        text.split_inclusive('\n').filter(|line| !is_marker(line, "# phasegate:")).collect();
    let edited = without.concat().replace("timeout-minutes: 5\n", "timeout-minutes: 9\n");
    folder.write(AT, edited);
    let before = found(&folder);
    assert!(before.iter().all(|(rule, _, _)| rule == "missing-region"), "{before:?}");
    assert_eq!(folder.run(&["workflow", "adopt", AT]).code, Some(0));
    // Blank lines stand where they stood: between the steps.
    assert_eq!(folder.read(AT), text);
}

#[test]
fn a_table_that_changes_changes_the_regions_and_nothing_else() {
    let folder = adopted();
    let text = folder.read(AT);
    let table = keeping(&[AT]).replace(
        "name = \"Health check\", state = \"health_checking\"",
        "name = \"Health check\", state = \"freeze_checking\"",
    );
    folder.write(
        "deploy.toml",
        table.replace("id_input = \"console_deploy_id\"", "id_input = \"deploy-id\""),
    );
    let rules: Vec<String> = found(&folder).into_iter().map(|finding| finding.0).collect();
    assert!(rules.contains(&"stale-region".to_owned()), "{rules:?}");
    let ran = folder.run(&["check"]);
    assert!(ran.out.contains(&format!("--- {AT}\n")), "a unified diff: {}", ran.out);
    folder.run(&["generate"]);
    let now = folder.read(AT);
    assert_ne!(now, text);
    assert_eq!(outside(&now), outside(&text));
    assert!(now.contains("if: inputs.deploy-id != ''"), "{now}");
    let rules: Vec<String> = found(&folder).into_iter().map(|finding| finding.0).collect();
    assert!(!rules.contains(&"stale-region".to_owned()), "{rules:?}");
    assert!(
        rules.contains(&"missing-input".to_owned()) && rules.contains(&"unknown-region".to_owned()),
        "{rules:?}"
    );
}

#[test]
fn every_byte_outside_of_the_regions_stays_as_it_is() {
    let text = adopted().read(AT);
    let stale = text.replace("timeout-minutes: 5\n", "timeout-minutes: 9\n");
    let unended = |text: &str| text.trim_end().to_owned();
    for change in [
        |text: &str| text.to_owned(),
        |text: &str| text.replace('\n', "\r\n"),
        |text: &str| format!("\u{feff}{text}"),
        |text: &str| text.trim_end().to_owned(),
        |text: &str| format!("\u{feff}{}", text.trim_end().replace('\n', "\r\n")),
        |text: &str| text.replace("- name: Build\n", "- name: Build \t # éß漢 \n"),
        |text: &str| text.replacen('\n', "\r\n", 36),
        |text: &str| format!("---\n{text}\n\n\n"),
        |text: &str| format!("{}{text}", "# a licence\n".repeat(300)),
    ] {
        let folder = repository(change(&stale));
        assert_eq!(folder.read(AT), change(&text));
        assert_eq!(found(&folder), []);
    }
    // Adopting, too: also where the last line has no end.
    for change in [
        |text: &str| text.replace('\n', "\r\n"),
        |text: &str| format!("\u{feff}{text}"),
        |text: &str| text.trim_end().to_owned(),
        |text: &str| format!("{text}...\n# after it all\n"),
    ] {
        let bare = RELEASE.replace("Wait until healthy", "Health check").replace("# the end\n", "");
        let folder = repository(change(&bare));
        let ran = folder.run(&["workflow", "adopt", AT]);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        assert_eq!(unended(&folder.read(AT)), unended(&change(&text.replace("# the end\n", ""))));
        assert_eq!(change("x\n").ends_with('\n'), folder.read(AT).ends_with('\n'));
    }
}

#[cfg(unix)]
#[test]
fn a_workflow_stays_the_file_that_it_is() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    let folder = adopted();
    let text = folder.read(AT);
    folder.write("real.yml", text.replace("timeout-minutes: 5\n", "timeout-minutes: 9\n"));
    fs::set_permissions(folder.path("real.yml"), fs::Permissions::from_mode(0o640)).unwrap();
    fs::remove_file(folder.path(AT)).unwrap();
    symlink("../../real.yml", folder.path(AT)).unwrap();
    assert_eq!(folder.run(&["generate"]).code, Some(0));
    assert_eq!(folder.read("real.yml"), text);
    assert!(folder.path(AT).is_symlink());
    let mode = fs::metadata(folder.path("real.yml")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o640);
    // A link that leads out of the root is not followed.
    let outside = Folder::new();
    outside.write("w.yml", text.replace("timeout-minutes: 5\n", "timeout-minutes: 9\n"));
    fs::remove_file(folder.path(AT)).unwrap();
    symlink(outside.path("w.yml"), folder.path(AT)).unwrap();
    let ran = folder.run(&["generate"]);
    assert_eq!(ran.code, Some(2));
    assert!(ran.err.contains("leads out of the root"), "{ran:?}");
}

#[test]
fn finds_a_job_that_the_workflow_lacks() {
    // The fault that this began with: the table has a gate, and the workflow never heard of it.
    after(
        "  freeze-check:\n    needs",
        "  freeze-chekc:\n    needs",
        &[
            ("missing-job", "freeze-chekc:", "call the job `freeze-chekc` so"),
            (
                "misplaced-region",
                "# phasegate:begin freeze-check.start",
                "in the job `freeze-chekc`",
            ),
            (
                "misplaced-region",
                "# phasegate:begin freeze-check.outcome",
                "move it to the steps of `freeze-check`",
            ),
        ],
    );
    after(
        "  conclude:\n",
        "  aftermath:\n",
        &[
            (
                "missing-job",
                "jobs:",
                "no job `conclude` of the table (run `phasegate workflow adopt",
            ),
            ("misplaced-region", "# phasegate:begin conclude.outcome", "in the job `aftermath`"),
        ],
    );
}

#[test]
fn finds_a_region_that_is_not_what_the_table_gives() {
    after(
        "          state: building\n",
        "          state: deploying\n",
        &[(
            "stale-region",
            "# phasegate:begin deploy.start",
            "run `phasegate generate deploy.toml`",
        )],
    );
    after(
        "        continue-on-error: true\n",
        "",
        &[("stale-region", "# phasegate:begin smoke.start", "")],
    );
    // An empty one is filled, wherever it stands among the steps.
    let folder = adopted();
    let text = folder.read(AT);
    let empty = outside(&text);
    folder.write(AT, &empty);
    assert_eq!(found(&folder).len(), 9);
    folder.run(&["generate"]);
    assert_eq!(folder.read(AT), text);
}

#[test]
fn finds_a_region_that_is_missing_and_says_what_mends_it() {
    let folder = adopted();
    let text = folder.read(AT);
    let start = text.find("      # phasegate:begin deploy.start").unwrap();
    let end = start + text[start..].find("# phasegate:end\n").unwrap() + "# phasegate:end\n".len();
    folder.write(AT, format!("{}{}", &text[..start], &text[end..]));
    let found = found(&folder);
    assert_eq!(found[0].0, "missing-region");
    let command = format!("run `phasegate workflow adopt {AT} --table deploy.toml`");
    assert!(found[0].2.contains("`deploy.start`") && found[0].2.contains(&command), "{found:?}");
}

#[test]
fn finds_markers_that_do_not_pair_and_then_writes_nothing() {
    let end = "          state: building\n      # phasegate:end\n";
    let begin = "      # phasegate:begin deploy.start\n";
    after(
        end,
        "          state: building\n",
        &[("nested-region", "# phasegate:begin deploy.deploying", "within `deploy.start`")],
    );
    after(begin, "", &[("unbalanced-region", "# phasegate:end", "has not begun")]);
    after(
        "          attempted: ${{ needs.smoke",
        "          # phasegate:begin x\n          attempted: ${{ needs.smoke",
        &[("nested-region", "# phasegate:begin x", "within `conclude.outcome`")],
    );
    after(
        "# the end\n",
        "# phasegate:begin smoke.start\n",
        &[("unbalanced-region", "# phasegate:begin smoke.start", "does not end")],
    );
    for (bad, part) in [
        ("      # phasegate:begin\n", "no marker"),
        ("      # phasegate:begin deploy.start now\n", "no marker"),
        ("      # phasegate:start deploy.start\n", "no marker"),
        ("      # phasegate: begin deploy.start\n", "no marker"),
    ] {
        let folder = adopted();
        let text = folder.read(AT).replacen(begin, bad, 1);
        folder.write(AT, &text);
        let found = found(&folder);
        assert_eq!(found[0].0, "bad-marker", "{found:?}");
        assert!(found[0].2.contains(part), "{found:?}");
        folder.run(&["generate"]);
        assert_eq!(folder.read(AT), text);
    }
    after(
        "        run: make\n",
        "        run: make # phasegate:begin deploy.start\n",
        &[("bad-marker", "run: make # phasegate:begin deploy.start", "on a line of its own")],
    );
}

#[test]
fn finds_a_region_that_says_something_else_where_it_stands() {
    let folder = adopted();
    let text = folder.read(AT);
    let start = text.find("      # phasegate:begin smoke.start").unwrap();
    let end = start + text[start..].find("# phasegate:end\n").unwrap() + "# phasegate:end\n".len();
    let region = &text[start..end];
    after(
        "      # Careful here.\n",
        &format!("{region}      # Careful here.\n"),
        &[("duplicate-region", "# phasegate:begin smoke.start", "begins on line")],
    );
    after(
        "begin deploy.deploying\n",
        "begin deploy.deplyoing\n",
        &[
            ("missing-region", "deploy:", "`deploy.deploying`"),
            (
                "unknown-region",
                "# phasegate:begin deploy.deplyoing",
                "did you mean `deploy.deploying`?",
            ),
        ],
    );
    after(
        "# the end\n",
        "# phasegate:begin deploy.x\n# phasegate:end\n",
        &[("unknown-region", "# phasegate:begin deploy.x", "no report `deploy.x`")],
    );
    // Two that changed places.
    let swapped = text
        .replace("begin deploy.start\n", "begin #\n")
        .replace("begin deploy.deploying\n", "begin deploy.start\n")
        .replace("begin #\n", "begin deploy.deploying\n");
    folder.write(AT, swapped);
    let rules: Vec<String> = found(&folder).into_iter().map(|f| f.0).collect();
    assert!(rules.contains(&"region-order".to_owned()), "{rules:?}");
    after(
        "      # phasegate:begin smoke.outcome\n",
        "     # phasegate:begin smoke.outcome\n",
        &[(
            "misplaced-region",
            "# phasegate:begin smoke.outcome",
            "indented by 5 spaces, the steps beside it by 6",
        )],
    );
    after(
        "      # phasegate:begin smoke.outcome\n",
        "\t# phasegate:begin smoke.outcome\n",
        &[
            ("bad-marker", "# phasegate:begin smoke.outcome", "tab"),
            ("unbalanced-region", "# phasegate:end", "has not begun"),
        ],
    );
    after(
        "jobs:\n",
        "# phasegate:begin smoke.start\n# phasegate:end\njobs:\n",
        &[("misplaced-region", "# phasegate:begin smoke.start", "does not stand among the steps")],
    );
}

#[test]
fn a_region_that_ends_elsewhere_is_told_of_and_left() {
    let says = "does not stand among the steps of a job";
    after(
        "      # phasegate:end\n    env:\n",
        "    env:\n      # phasegate:end\n",
        &[("misplaced-region", "# phasegate:begin deploy.outcome", says)],
    );
}

#[test]
fn a_region_whose_filling_would_change_the_rest_is_told_of_and_left() {
    let empty = "      # phasegate:begin deploy.start\n      # phasegate:end\n";
    let folder = adopted();
    let text = folder.read(AT);
    let start = text.find("      # phasegate:begin deploy.start").unwrap();
    let end = start + text[start..].find("# phasegate:end\n").unwrap() + "# phasegate:end\n".len();
    let without = format!("{}{}", &text[..start], &text[end..]);
    // Within a step: what follows would become the report's.
    let split = without.replace("name: Build\n", &format!("name: Build\n{empty}"));
    // Less far in than the list can stand.
    let job = "  smoke:\n    runs-on: x\n    steps:\n";
    let shallow = "  # phasegate:begin smoke.start\n  # phasegate:end\n";
    let rest = text.split_once("  freeze-check:\n").unwrap();
    let head = rest.0.split_once("  smoke:\n").unwrap().0;
    let shallow = format!("{head}{job}{shallow}\n  freeze-check:\n{}", rest.1);
    for (text, region) in [(split, "deploy.start"), (shallow, "smoke.start")] {
        folder.write(AT, &text);
        let said = format!("the region `{region}` cannot be filled without changing the rest");
        let found = found(&folder);
        let is_it =
            |f: &&(String, u64, String)| f.0 == "misplaced-region" && f.2.starts_with(&said);
        assert!(found.iter().any(|f| is_it(&f)), "{found:#?}");
        folder.run(&["generate"]);
        assert_eq!(folder.read(AT), text);
    }
}

#[test]
fn a_text_that_holds_markers_holds_no_region() {
    // The smoke tests' script in the workflow has both markers in it.
    assert!(RELEASE.contains("          # phasegate:begin smoke.start\n          ./smoke.sh"));
    let folder = adopted();
    assert_eq!(found(&folder), []);
    assert!(
        folder.read(AT).contains("          # phasegate:begin smoke.start\n          ./smoke.sh")
    );
    after(
        "        run: make\n",
        "        run: |\n          # phasegate:end\n          make\n",
        &[],
    );
    after("        run: make\n", "        run: \"# phasegate:begin x\"\n", &[]);
}

#[test]
fn finds_what_keeps_a_job_from_reporting() {
    let smoke = "  smoke:\n    runs-on: ubuntu-latest\n";
    after(
        smoke,
        &format!("{smoke}    strategy: {{matrix: {{os: [a, b]}}}}\n"),
        &[("matrix-job", "smoke:", "once for each leg")],
    );
    after(smoke, &format!("{smoke}    strategy: {{fail-fast: true}}\n"), &[]);
    after(
        "    needs: [freeze-check, build-image]",
        "    needs: [build-image]",
        &[("missing-need", "deploy:", "does not wait for `freeze-check`")],
    );
    // Through another job, it does.
    after("  build-image:\n", "  build-image:\n    needs: [freeze-check]\n", &[]);
    after(
        "    needs: [smoke, freeze-check, deploy]",
        "    needs: [freeze-check, deploy]",
        &[("missing-need", "conclude:", "those it names alone")],
    );
    after(
        "    if: always() && inputs.console_deploy_id != ''\n    runs-on",
        "    runs-on",
        &[("conclusion", "conclude:", "always()")],
    );
    after(
        "contains(needs.*.result, 'skipped') && 'failure'",
        "contains(needs.*.result, 'skipped') && 'success'",
        &[("conclusion", "conclude:", "what became of the others")],
    );
    after(
        "      - uses: actions/checkout@v4\n        with:\n          persist-credentials: false\n",
        "",
        &[("no-checkout", "# phasegate:begin smoke.start", "checked out")],
    );
    after(
        "      - name: Smoke tests\n",
        "      - id: report_1\n        name: Smoke tests\n",
        &[("taken-id", "- id: report_1", "another id")],
    );
    after(
        "    - run: ./freeze.sh",
        "    - uses: \"./generated/workflow/notify-deploy-status\"\n    - run: ./freeze.sh",
        &[(
            "loose-report",
            "- uses: \"./generated/workflow/notify-deploy-status\"",
            "not kept current",
        )],
    );
    after(
        "      # phasegate:end\n    env:\n",
        "      # phasegate:end\n      - run: last\n    env:\n",
        &[("outcome-not-last", "- run: last", "last")],
    );
    after(
        "      callback_token:\n",
        "      callback_tokens:\n",
        &[("missing-input", "on:", "`callback_token`")],
    );
    after(
        "  workflow_dispatch:\n",
        "  repository_dispatch:\n",
        &[("no-dispatch", "on:", "workflow_dispatch:\n  inputs:\n    console_deploy_id:\n")],
    );
    // A workflow that is called has its inputs from there, and the token in its caller's event.
    let folder = adopted();
    let text = folder.read(AT).replace("  workflow_dispatch:\n", "  workflow_call:\n");
    folder.write(AT, text.replace("      callback_token:\n", "      other:\n"));
    assert_eq!(found(&folder), []);
}

const CHECKOUT: &str =
    "      - uses: actions/checkout@v4\n        with:\n          persist-credentials: false\n";

#[test]
fn finds_a_checkout_after_which_the_action_may_not_be_there() {
    let with = |line: &str| CHECKOUT.replace("        with:\n", &format!("        with:\n{line}"));
    let bad = [
        (with("          path: src\n"), "path: src"),
        (with("          repository: acme/other\n"), "repository: acme/other"),
        (with("          sparse-checkout: src\n"), "sparse-checkout: src"),
        (with("          sparse-checkout: generated/work\n"), "sparse-checkout: generated/work"),
        (format!("{CHECKOUT}        if: github.ref == 'x'\n"), "if: github.ref == 'x'"),
    ];
    for (checkout, line) in &bad {
        after(CHECKOUT, checkout, &[("partial-checkout", line, "may not be there")]);
        // One that is whole comes before the first report, too.
        after(CHECKOUT, &format!("{checkout}{CHECKOUT}"), &[]);
        // Adopting leaves the job alone, and says what is to be added.
        let release = RELEASE.replace("Wait until healthy", "Health check");
        let folder = repository(release.replacen(CHECKOUT, checkout, 1));
        let ran = folder.run(&["workflow", "adopt", AT]);
        assert_eq!(ran.code, Some(1), "{ran:?}");
        assert!(
            !folder.read(AT).lines().any(|line| is_marker(line, "# phasegate:begin smoke.outcome"))
        );
        let found = found(&folder);
        assert!(found.iter().all(|(rule, ..)| rule == "missing-region"), "{found:?}");
        assert!(found[0].2.contains("check it out wholly"), "{found:?}");
    }
    for harmless in [
        with("          path: .\n"),
        with("          repository: ${{ github.repository }}\n"),
        with("          sparse-checkout: |\n            src\n            generated/workflow\n"),
        with("          fetch-depth: 0\n"),
        format!("{CHECKOUT}        if: always()\n"),
    ] {
        after(CHECKOUT, &harmless, &[]);
    }
}

#[test]
fn adopting_writes_no_report_that_check_refuses_for_want_of_a_checkout() {
    let release = RELEASE.replace("Wait until healthy", "Health check");
    let folder = repository(release.replacen(CHECKOUT, "", 1));
    let ran = folder.run(&["workflow", "adopt", AT]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let found = found(&folder);
    assert!(!found.is_empty());
    for (rule, _, message) in &found {
        assert!(rule == "missing-region" && message.contains("actions/checkout"), "{found:?}");
    }
}

#[test]
fn finds_keys_that_stand_twice() {
    after(
        "  freeze-check:\n",
        "  smoke: {runs-on: x, steps: []}\n  freeze-check:\n",
        &[("duplicate-key", "smoke: {runs-on: x, steps: []}", "`smoke` stands twice")],
    );
    after(
        "    timeout-minutes: 20\n",
        "    timeout-minutes: 20\n    timeout-minutes: 30\n",
        &[("duplicate-key", "timeout-minutes: 30", "`timeout-minutes` stands twice")],
    );
}

#[test]
fn adopting_writes_no_region_beside_one_that_may_be_meant_for_it() {
    let folder = adopted();
    let text = folder.read(AT).replacen("begin smoke.start", "begin smoke.stat", 1);
    folder.write(AT, &text);
    let ran = folder.run(&["workflow", "adopt", AT]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert_eq!(folder.read(AT), text);
    let found = found(&folder);
    let rules: Vec<&str> = found.iter().map(|(rule, ..)| rule.as_str()).collect();
    assert_eq!(rules, ["missing-region", "unknown-region"], "{found:?}");
    assert!(found[0].2.contains("`smoke.stat`"), "{found:?}");
}

#[test]
fn a_job_without_lines_for_its_steps_is_refused_with_the_way() {
    let job = "  smoke:\n    runs-on: ubuntu-latest\n    timeout-minutes: 20\n    steps:\n";
    for (smoke, rule, part) in [
        ("{uses: ./.github/workflows/smoke.yml}", "reusable-job", "list it in `workflows`"),
        ("{runs-on: x, steps: [{uses: actions/checkout@v4}]}", "no-steps", "a line for each step"),
        ("{runs-on: x}", "no-steps", "`steps:`"),
        ("*other", "shared-steps", "write the job out"),
    ] {
        assert!(RELEASE.contains(job));
        let rest = RELEASE.split_once("  freeze-check:\n").unwrap().1;
        let head = RELEASE.split_once("  smoke:\n").unwrap().0;
        let rest = rest.replace("  build-image:\n", "  build-image: &other\n");
        let moved = rest.replace("  # The real thing.\n", &format!("  smoke: {smoke}\n\n"));
        let text =
            format!("{head}  freeze-check:\n{moved}").replace("Wait until healthy", "Health check");
        let folder = repository(&text);
        let ran = folder.run(&["workflow", "adopt", AT]);
        assert_eq!(ran.code, Some(1), "{ran:?}");
        let found = found(&folder);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].0 == rule && found[0].2.contains(part), "{found:?}");
    }
    // Steps that two jobs share would report twice.
    let folder = adopted();
    let text = folder.read(AT).replace("    steps:\n    - uses", "    steps: &steps\n    - uses");
    folder.write(AT, text.replace("    steps: [{run: make image}]", "    steps: *steps"));
    assert_eq!(found(&folder)[0].0, "shared-steps");
}

#[test]
fn a_file_that_is_no_workflow_is_told_of_and_left() {
    for (bytes, rule, part) in [
        (&b"jobs:\n  a: [\n"[..], "unreadable-workflow", "no workflow"),
        (b"on: x\n---\njobs: {}\n", "unreadable-workflow", "second document"),
        (b"on: x\rjobs:\r", "unreadable-workflow", "carriage return"),
        (b"on: \xff\n", "unreadable-workflow", "UTF-8"),
        (b"", "no-dispatch", "neither"),
        (b"just a text\n", "no-dispatch", "neither"),
        (b"jobs: 3\n", "no-dispatch", "neither"),
    ] {
        let folder = repository(bytes);
        let found = found(&folder);
        assert!(found[0].0 == rule && found[0].2.contains(part), "{found:?}");
        assert_eq!(fs::read(folder.path(AT)).unwrap(), bytes);
        folder.run(&["workflow", "adopt", AT]);
        assert_eq!(fs::read(folder.path(AT)).unwrap(), bytes);
    }
    // A deep or a long one is no matter.
    let deep = format!("on: {}{}\n", "[".repeat(400), "]".repeat(400));
    assert_eq!(found(&repository(deep))[0].0, "unreadable-workflow");
}

#[test]
fn a_file_that_is_not_there_is_told_of_with_the_nearest() {
    let folder = Folder::with("deploy.toml", &keeping(&[".github/workflows/relase.yml"]));
    folder.write(AT, RELEASE);
    folder.write(".github/workflows/ci.yml", RELEASE);
    let ran = folder.run(&["generate"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let found = found(&folder);
    assert_eq!(found.len(), 1);
    assert!(
        found[0].0 == "missing-workflow" && found[0].2.contains(&format!("did you mean `{AT}`?")),
        "{found:?}"
    );
    assert!(!folder.path(".github/workflows/relase.yml").exists(), "no workflow is made up");
}

#[test]
fn jobs_that_need_each_other_belong_into_one_workflow() {
    let table = with(
        "target.workflow = { workflows = [\"a.yml\", \"b.yml\"], action = \"o/r@v1\" }\n\
         [[job]]\nname = \"one\"\nsuccess = \"b\"\nfailure = \"z\"\n\
         [[job]]\nname = \"two\"\nneeds = [\"one\"]\nsuccess = \"z\"\nfailure = \"z\"\n\
         [[job]]\nname = \"three\"\nsuccess = \"z\"\nfailure = \"z\"\n",
    );
    let folder = Folder::with("m.toml", &table);
    let workflow = |jobs: &[&str]| {
        let inputs = "on: {workflow_dispatch: {inputs: {m_id: {}, callback_token: {}}}}\njobs:\n";
        jobs.iter().fold(inputs.to_owned(), |text, job| {
            let needs = if *job == "two" { "    needs: one\n" } else { "" };
            text + &format!("  {job}:\n{needs}    steps:\n      # phasegate:begin {job}.outcome\n      # phasegate:end\n")
        })
    };
    let rules = |a: &[&str], b: &[&str]| {
        folder.write("a.yml", workflow(a));
        folder.write("b.yml", workflow(b));
        folder.run(&["generate"]);
        found(&folder)
            .into_iter()
            .map(|f| (f.0, f.2.split(" of the").next().unwrap().to_owned()))
            .collect::<Vec<_>>()
    };
    let lacks = |job: &str| ("missing-job".to_owned(), format!("the workflow has no job `{job}`"));
    assert_eq!(rules(&["one", "two"], &["three"]), []);
    assert_eq!(rules(&["one", "two", "three"], &["three"]), []);
    assert_eq!(rules(&["one", "two"], &[]), [lacks("three")]);
    assert_eq!(rules(&["three"], &["two"]), [lacks("one")]);
    assert_eq!(rules(&["one", "two"], &["one", "three"]), [lacks("two")]);
}

#[test]
fn regions_have_names_of_their_own_whatever_the_states_are_called() {
    let folder = Folder::with("ship.toml", SHIP_TABLE);
    folder.write("ship.yml", SHIP);
    folder.run(&["generate"]);
    let ran = folder.run(&["workflow", "adopt", "ship.yml"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    insta::assert_snapshot!(folder.read("ship.yml"));
    assert_eq!(found(&folder), []);
    assert_eq!(folder.run(&["workflow", "adopt", "ship.yml"]).out, "ship.yml: current\n");
}

#[test]
fn the_library_holds_workflows_to_the_table_too() {
    let folder = adopted();
    let table = folder.path("deploy.toml");
    phasegate_codegen::check(&table).unwrap().assert_current();
    folder.write(AT, folder.read(AT).replace("  conclude:\n", "  aftermath:\n"));
    let settled = phasegate_codegen::check(&table).unwrap();
    assert!(!settled.is_current());
    let said = std::panic::catch_unwind(|| settled.assert_current()).unwrap_err();
    let said = said.downcast_ref::<String>().unwrap();
    assert!(said.contains("missing-job"), "{said}");
    // Other targets are none of a workflow's concern.
    assert_eq!(folder.run(&["generate", "--only", "rust"]).code, Some(0));
}

#[test]
fn refuses_workflows_that_no_path_can_lead_to() {
    let workflows = |list: &str| with(&format!("[target.workflow]\nworkflows = {list}"));
    check(workflows(r#"["a.yml", ".github/workflows/b.yaml"]"#), &[]);
    check(workflows("«[]"), &["empty-list `workflows`"]);
    check(workflows(r#"["a.yml", «"./a.yml"]"#), &["duplicate-entry twice"]);
    check(workflows(r#"[«"/a.yml"]"#), &["absolute-path"]);
    check(workflows(r#"[«"../a.yml"]"#), &["path-leaves-root"]);
    check(workflows(r#"[«"a.json"]"#), &["bad-path does not end as a workflow does"]);
    check(workflows(r#"[«""]"#), &["bad-path"]);
    check(workflows(r#"[«"generated/workflow/m-console.yml"]"#), &["shared-path"]);
    check(workflows(r#"[«"generated/workflow/jobs/a.yml"]"#), &["shared-path"]);
    check(workflows("[«3]"), &["wrong-type"]);
    check(workflows("«\"a.yml\""), &["wrong-type"]);
}

/// Pieces of a workflow, and such as have no place in one.
const PIECES: &[&str] = &[
    "on:\n  workflow_dispatch:\n",
    "jobs:\n",
    "  smoke:\n",
    "  freeze-check:\n    needs: smoke\n",
    "    runs-on: ubuntu-latest\n",
    "    steps:\n",
    "    steps: []\n",
    "      - uses: actions/checkout@v4\n",
    "      - run: |\n          echo\n          # phasegate:end\n\n",
    "      # phasegate:begin smoke.start\n",
    "      # phasegate:begin smoke.outcome\n",
    "      # phasegate:begin freeze-check.start\n",
    "      # phasegate:end\n",
    "    # phasegate:begin smoke.start\n    # phasegate:end\n",
    "        # phasegate:begin smoke.outcome\n        # phasegate:end\n",
    "      - {name: x}\n",
    "# a comment\n",
    "      # another\n",
    "\n",
    "\r\n",
    "  \t\n",
    "    env: {a: b}\n",
    "    env:\n      # phasegate:begin smoke.start\n      # phasegate:end\n      A: b\n",
    "\u{feff}",
    "- a\n",
    "key: &a [*a, *b]\n",
    "\"",
    "?",
    "...\n",
    "---\n",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(
        std::env::var("PHASEGATE_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(300)
    ))]

    #[test]
    fn no_text_outside_of_regions_ever_changes(
        pieces in prop::collection::vec(prop::sample::select(PIECES), 0..24),
        is_ended in any::<bool>(),
    ) {
        let mut text = pieces.concat();
        if !is_ended {
            text.truncate(text.trim_end().len());
        }
        let folder = Folder::with("deploy.toml", &keeping(&["w.yml"]));
        folder.write("w.yml", &text);
        let loaded = phasegate_codegen::load(&folder.path("deploy.toml")).unwrap();
        let target = [phasegate_codegen::target::Target::Workflow];
        let leave = phasegate_codegen::artifact::Leave::Write;
        phasegate_codegen::settle(&loaded, &target, leave).unwrap();
        let kept = folder.read("w.yml");
        prop_assert_eq!(outside(&kept), outside(&text));
        // What was filled stays, and is current.
        let again = phasegate_codegen::settle(&loaded, &target, leave).unwrap();
        prop_assert_eq!(folder.read("w.yml"), kept.clone());
        prop_assert!(again.workflows[0].findings.iter().all(|f| f.rule != "stale-region"));

        // Adopting adds lines, and takes none away; and once is enough.
        let adopted = phasegate_codegen::target::workflow::keep::adopted(&loaded, "w.yml").unwrap();
        let adopted = adopted.unwrap().text.unwrap();
        let mut rest = adopted.lines();
        for line in kept.lines() {
            prop_assert!(rest.any(|other| other == line), "{line:?} is gone from\n{adopted}");
        }
        folder.write("w.yml", &adopted);
        let twice = phasegate_codegen::target::workflow::keep::adopted(&loaded, "w.yml").unwrap();
        prop_assert_eq!(twice.unwrap().text.unwrap(), adopted);
    }
}
