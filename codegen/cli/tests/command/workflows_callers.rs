//! Workflows that call a kept one: what stands there is looked at, whether the table names them or not.

use crate::binary::Folder;
use crate::hand_written::*;

/// A workflow that a console starts, and that calls the kept one.
const CALLER: &str = "name: all\n\
    on:\n  workflow_dispatch:\n    inputs:\n      ship_id: {type: string}\n      callback_token: {type: string}\n\
    jobs:\n  ship:\n    uses: ./.github/workflows/release.yml\n    with:\n      tag: x\n      ship_id: ${{ inputs.ship_id }}\n";

/// The kept workflow, which is only called, with its caller and others.
fn called(files: &[(&str, &str)]) -> Folder {
    let folder = tried(include_str!("workflows/trials/call.yml"), &[]);
    holds(&folder, &[]);
    for (name, text) in files {
        folder.write(&format!(".github/workflows/{name}"), text);
    }
    folder
}

/// What is found of the callers: rule and all that is said.
#[track_caller]
fn found_of(caller: &str) -> Vec<(String, String)> {
    let folder = called(&[("all.yml", caller)]);
    found(&folder).into_iter().map(|(rule, _, said)| (rule, said)).collect()
}

#[track_caller]
fn finds_of(from: &str, to: &str, rule: &str, parts: &[&str]) {
    let found = found_of(&changed(CALLER, from, to));
    assert_eq!(found.len(), 1, "{to}: {found:#?}");
    assert_eq!(found[0].0, rule, "{found:#?}");
    for part in ["`ship`"].iter().chain(parts) {
        assert!(found[0].1.contains(part), "{part:?}: {found:#?}");
    }
}

#[test]
fn a_caller_that_gives_the_id_in_every_run_is_fine() {
    let uses = "    uses: ./.github/workflows/release.yml\n";
    for (from, to) in [
        ("", ""),
        ("    uses: ./", "    uses: $/"),
        ("${{ inputs.ship_id }}", "${{ github.event.inputs['Ship_ID'] }}"),
        ("jobs:\n", "concurrency: all-${{ github.run_id }}\njobs:\n"),
        ("jobs:\n", "jobs:\n  other:\n    runs-on: x\n    steps: [{run: ls}]\n"),
        (
            uses,
            "    if: ${{ always() && inputs.ship_id != '' }}\n    uses: ./.github/workflows/release.yml\n",
        ),
        (
            uses,
            "    strategy: {matrix: {region: [eu]}}\n    uses: ./.github/workflows/release.yml\n",
        ),
    ] {
        let caller = if from.is_empty() { CALLER.to_owned() } else { changed(CALLER, from, to) };
        assert_eq!(found_of(&caller), [], "{to}");
    }
    // The input may be called otherwise there.
    let other = CALLER
        .replace("      ship_id: {type", "      row: {type")
        .replace("inputs.ship_id", "inputs.row");
    assert_eq!(found_of(&other), []);
    // One that no console starts reports nothing, and calls what it likes.
    let nightly = "on: {schedule: [{cron: 0 5 * * 1}]}\njobs:\n  ship:\n    uses: ./.github/workflows/release.yml\n";
    let folder = called(&[("all.yml", CALLER), ("nightly.yml", nightly)]);
    assert_eq!(found(&folder), []);
}

#[test]
fn a_caller_that_gives_no_id_is_found() {
    let with = "      ship_id: ${{ inputs.ship_id }}\n";
    let says = [
        "does not give it the row's id",
        "(add to its `with:`\n      ship_id: ${{ inputs.ship_id }})",
    ];
    finds_of(with, "", "missing-input", &says);
    let says = ["does not give it the row's id", "(write `ship_id: ${{ inputs.ship_id }}` there)"];
    finds_of("${{ inputs.ship_id }}", "7", "missing-input", &says);
    finds_of("      ship_id: {type: string}\n", "", "missing-input", &["no input `ship_id`"]);
    finds_of(
        "      callback_token: {type: string}\n",
        "",
        "missing-input",
        &["no input `callback_token`"],
    );
    // Of several that call it so, one is named.
    let silent = changed(CALLER, with, "");
    let folder = called(&[("a.yml", &silent), ("b.yml", &silent), ("c.yml", &silent)]);
    let all = found(&folder);
    assert!(all.len() == 1 && all[0].2.contains("nor do 2 other jobs"), "{all:#?}");
    let path = ".github/workflows/all.yml";
    let folder = called(&[("all.yml", &changed(CALLER, with, ""))]);
    let ran = folder.run(&["check"]);
    assert!(ran.code == Some(1) && ran.out.contains(&format!("{path}:8")), "{ran:?}");
}

#[test]
fn a_caller_by_which_the_jobs_may_not_run_is_found() {
    let uses = "    uses: ./.github/workflows/release.yml\n";
    let with = |line: &str| format!("{line}{uses}");
    let lint =
        "jobs:\n  lint:\n    runs-on: x\n    steps: [{run: make lint}]\n  ship:\n    needs: Lint\n";
    finds_of(
        "jobs:\n  ship:\n",
        lint,
        "job-condition",
        &["where `lint` ends as failure", "move what it waits for"],
    );
    finds_of(
        uses,
        &with("    if: github.ref == 'refs/heads/main'\n"),
        "job-condition",
        &["`if: github.ref =="],
    );
    let always =
        changed(CALLER, "jobs:\n  ship:\n", &format!("{lint}    if: ${{{{ always() }}}}\n"));
    assert_eq!(found_of(&always), []);
    finds_of(
        uses,
        &with("    strategy: {matrix: {region: [eu, us]}}\n"),
        "matrix-job",
        &["each leg"],
    );
    finds_of(
        uses,
        &with("    concurrency: prod\n"),
        "shared-group",
        &["`prod`", "${{ inputs.ship_id }}"],
    );
    finds_of(
        "jobs:\n",
        "concurrency: ${{ vars.X || inputs.ship_id }}\njobs:\n",
        "shared-group",
        &["vars.X"],
    );
}

#[test]
fn two_jobs_that_call_it_for_one_row_are_found() {
    let (_, job) = CALLER.split_once("  ship:\n").unwrap();
    let found = found_of(&format!("{CALLER}  again:\n{job}"));
    assert!(found.len() == 1 && found[0].0 == "matrix-job", "{found:#?}");
    assert!(found[0].1.contains("`again`") && found[0].1.contains("`ship` does"), "{found:#?}");
    let other = job.replace("inputs.ship_id", "inputs.other");
    let two = changed(
        CALLER,
        "      ship_id: {type",
        "      other: {type: string}\n      ship_id: {type",
    );
    let found = found_of(&format!("{two}  again:\n{other}"));
    let part = "a run has one token, which opens one row";
    assert!(found.len() == 1 && found[0].1.contains(part), "{found:#?}");
}

#[test]
fn a_caller_is_looked_at_through_those_that_call_it() {
    let middle = changed(CALLER, "  workflow_dispatch:\n", "  workflow_call:\n");
    let middle = changed(&middle, "      callback_token: {type: string}\n", "");
    let top = changed(&changed(CALLER, "release.yml", "middle.yml"), "      tag: x\n", "");
    let folder = called(&[("middle.yml", &middle), ("top.yml", &top)]);
    assert_eq!(found(&folder), []);
    let silent = changed(&top, "    with:\n      ship_id: ${{ inputs.ship_id }}\n", "");
    folder.write(".github/workflows/top.yml", silent);
    let found = found(&folder);
    assert!(
        found.len() == 1
            && found[0].2.contains("`ship`, which calls `.github/workflows/middle.yml`"),
        "{found:#?}"
    );
}

/// What a caller gives in every run is no question in the workflow that it calls.
#[test]
fn what_every_caller_gives_is_known_in_what_it_calls() {
    let call = include_str!("workflows/trials/call.yml");
    let input =
        |of: &str| changed(call, "      tag:\n", &format!("      lane: {of}\n      tag:\n"));
    let caller = |lane: &str| {
        let with = "      ship_id: ${{ inputs.ship_id }}\n";
        changed(CALLER, with, &format!("{with}{lane}"))
    };
    let rules = |of: &str, condition: &str, callers: &[String]| {
        let deploy = "    needs: build\n";
        let kept = changed(&input(of), deploy, &format!("{deploy}    if: {condition}\n"));
        let folder = tried(&kept, &[]);
        for (number, caller) in callers.iter().enumerate() {
            folder.write(&format!(".github/workflows/all{number}.yml"), caller);
        }
        found(&folder).into_iter().map(|(rule, _, _)| rule).collect::<Vec<_>>()
    };
    let text = "{type: string}";
    let is_prod = "inputs.lane == 'prod'";
    let prod = || caller("      lane: prod\n");
    let choice = |options: &str| {
        let inputs = format!(
            "    inputs:\n      to: {{type: choice, required: true, options: [{options}]}}\n"
        );
        changed(&caller("      lane: ${{ inputs.to }}\n"), "    inputs:\n", &inputs)
    };
    let silent =
        changed(&caller("      lane: other\n"), "      ship_id: ${{ inputs.ship_id }}\n", "");
    let silent = changed(&silent, "      callback_token: {type: string}\n", "");
    for (of, condition, callers) in [
        (text, is_prod, vec![prod()]),
        (text, is_prod, vec![prod(), caller("      LANE: prod\n")]),
        (text, is_prod, vec![caller("      lane: ${{ 'prod' }}\n")]),
        (text, "inputs.lane == 'prod' || inputs.lane == 'test'", vec![choice("prod, test")]),
        (text, "inputs.lane == ''", vec![caller("")]),
        ("{type: string, default: prod}", is_prod, vec![caller("")]),
        ("{type: boolean}", "inputs.lane", vec![caller("      lane: true\n")]),
        ("{type: boolean}", "${{ !inputs.lane }}", vec![caller("")]),
        // One that gives no row's id reports nothing.
        (text, is_prod, vec![prod(), silent]),
    ] {
        assert_eq!(rules(of, condition, &callers), [""; 0], "{of}, {condition}: {callers:#?}");
    }
    for (of, condition, callers) in [
        (text, is_prod, vec![]),
        (text, is_prod, vec![caller("      lane: test\n")]),
        (text, is_prod, vec![prod(), caller("      lane: test\n")]),
        (text, is_prod, vec![prod(), caller("")]),
        (text, is_prod, vec![caller("      lane: ${{ github.ref_name }}\n")]),
        (text, is_prod, vec![choice("prod, test")]),
        ("{type: boolean}", "inputs.lane", vec![caller("")]),
        ("{type: boolean}", "inputs.lane", vec![caller("      lane: ${{ inputs.go }}\n")]),
        ("{type: number}", "inputs.lane == 1", vec![caller("      lane: 1\n")]),
    ] {
        assert_eq!(
            rules(of, condition, &callers),
            ["job-condition"],
            "{of}, {condition}: {callers:#?}"
        );
    }
    // Somebody who starts it by hand gives what they like.
    let both = changed(
        &input(text),
        "on:\n",
        "on:\n  workflow_dispatch:\n    inputs:\n      lane: {type: string}\n",
    );
    let both =
        changed(&both, "    needs: build\n", "    needs: build\n    if: inputs.lane == 'prod'\n");
    let folder = tried(&both, &[]);
    folder.write(".github/workflows/all.yml", prod());
    assert!(found(&folder).iter().any(|(rule, _, _)| rule == "job-condition"));
}
