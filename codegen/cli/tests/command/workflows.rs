//! Workflows written by hand: their regions are kept current, and all else stays byte for byte as it
//! is.

use std::fs;

use crate::binary::{Folder, Ran};
use crate::common::{check, with};
use crate::hand_written::*;
use proptest::prelude::*;
use serde_json::json;

#[test]
fn adopting_puts_the_reports_where_they_belong_and_shows_the_diff() {
    let folder = repository(RELEASE);
    let ran = folder.run(&["workflow", "adopt", AT]);
    // One milestone's place can't be known: no step is called as it is. So the outcome, which asks for
    // that report, waits.
    assert_eq!(ran.code, Some(1), "{ran:?}");
    insta::assert_snapshot!(ran.out);
    let job = ("missing-region", "deploy:");
    holds(
        &folder,
        &[(job.0, job.1, "`Health check`"), (job.0, job.1, "first give `deploy.health_checking`")],
    );
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
    assert_eq!((&json["state"], &json["diff"]), (&json!("left as it is"), &json!("")));
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
    let folder = Folder::with("order.toml", include_str!("../../src/command/starter.toml"));
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
    let generated = phasegate_codegen::check(&table).unwrap();
    assert!(!generated.is_current());
    let said = std::panic::catch_unwind(|| generated.assert_current()).unwrap_err();
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

/// The one piece that a region may lose.
const DRIFTED: &str = "- {uses: ./generated/workflow/notify-deploy-status, with: {job: smoke}}";

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
    "      # - run: ./off\n",
    "        # within\n",
    "      - {uses: ./generated/workflow/notify-deploy-status, with: {job: smoke}}\n",
    "      - uses: ./generated/workflow/notify-deploy-status # behind\n",
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

/// A workflow up to what a region holds.
const HEAD: &str = "\
on:
  workflow_dispatch:
jobs:
  smoke:
    steps:
      - uses: actions/checkout@v4
      # phasegate:begin smoke.start
";

/// What a region may hold that is left to be filled, and what keeps it from that.
const WITHIN: &[&str] = &[
    "      - {uses: ./generated/workflow/notify-deploy-status, with: {job: smoke}}\n",
    "      - uses: ./generated/workflow/notify-deploy-status # behind\n",
    "      # - run: ./off\n",
    "        # within\n",
    "# far left\n",
    "\n",
    "      # phasegate:end\n      # between\n      # phasegate:begin smoke.outcome\n",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(
        std::env::var("PHASEGATE_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(300)
    ))]

    #[test]
    fn nobodys_text_ever_changes(
        pieces in prop::collection::vec(prop::sample::select(PIECES), 0..24),
        is_ended in any::<bool>(),
        within in prop::option::of(prop::collection::vec(prop::sample::select(WITHIN), 0..5)),
    ) {
        let mut text = pieces.concat();
        // Chance seldom puts anything into a region that could be filled.
        if let Some(within) = within {
            text = format!("{HEAD}{}      # phasegate:end\n{text}", within.concat());
        }
        if !is_ended {
            text.truncate(text.trim_end().len());
        }
        let folder = Folder::with("deploy.toml", &keeping(&["w.yml"]));
        folder.write("w.yml", &text);
        let loaded = phasegate_codegen::load(&folder.path("deploy.toml")).unwrap();
        let target: [&dyn phasegate_codegen::emit::Kind; 1] =
            [&phasegate_codegen::emit::workflow::Workflow];
        let mode = phasegate_codegen::artifact::WriteMode::Write;
        phasegate_codegen::sync(&loaded, &target, mode).unwrap();
        let kept = folder.read("w.yml");
        prop_assert_eq!(outside(&kept), outside(&text));
        // Nor within: none of the pieces but one is a report as it was, and whatever else is said,
        // and every comment, stays where it is.
        let mut now = kept.lines();
        for line in text.lines().filter(|line| !line.trim().is_empty() && line.trim() != DRIFTED) {
            prop_assert!(now.any(|other| other == line), "{line:?} is gone from\n{kept}");
        }
        // What was filled stays, and is current.
        let again = phasegate_codegen::sync(&loaded, &target, mode).unwrap();
        prop_assert_eq!(folder.read("w.yml"), kept.clone());
        prop_assert!(again.workflows[0].findings.iter().all(|f| f.rule.id != "stale-region"));

        // Adopting adds lines, and takes none away; and once is enough.
        let adopted = phasegate_codegen::workflow::keep::adopted(&loaded, "w.yml").unwrap();
        let adopted = adopted.unwrap().text.unwrap();
        let mut rest = adopted.lines();
        for line in kept.lines() {
            prop_assert!(rest.any(|other| other == line), "{line:?} is gone from\n{adopted}");
        }
        folder.write("w.yml", &adopted);
        let twice = phasegate_codegen::workflow::keep::adopted(&loaded, "w.yml").unwrap();
        prop_assert_eq!(twice.unwrap().text.unwrap(), adopted);
    }
}
