//! What GitHub refuses a run for, in the workflows around the kept one: those that lead to it, and those
//! that it calls.

use crate::binary::Folder;
use crate::hand_written::*;
use crate::workflow_reader::*;

/// The kept workflow: a secret is required, and a job asks for more than reading.
fn kept() -> String {
    let call = include_str!("workflows/trials/call.yml");
    let secret = "  workflow_call:\n    secrets:\n      KEY: {required: true}\n";
    let call = changed(call, "  workflow_call:\n", secret);
    changed(&call, "  build:\n", "  build:\n    permissions:\n      contents: write\n")
}

/// What a console starts: it gives all that is required.
fn caller() -> String {
    format!("{CALLER}    secrets:\n      KEY: ${{{{ secrets.KEY }}}}\n")
}

#[test]
fn a_caller_for_which_github_refuses_the_run_leads_to_one_that_it_takes() {
    let (kept, caller) = (kept(), caller());
    let folder = tried(&kept, &[]);
    let found_in = |caller: &str| {
        folder.write(AT, folder.read("kept"));
        folder.write(ALL, caller);
        findings(&folder)
    };
    folder.write("kept", folder.read(AT));
    let uses = "    uses: ./";
    let given = "    secrets:\n      KEY: ${{ secrets.KEY }}\n";
    for (from, to, rule, part) in [
        ("      tag: x\n", "", "refused-call", "add to its `with:`\n      tag:"),
        ("      tag: x\n", "      tga: x\n", "refused-call", "did you mean `tag`?"),
        ("      tag: x\n", "      tag: x\n      other: y\n", "refused-call", "take `other` off"),
        (given, "", "refused-call", "give it\n    secrets:\n      KEY: ${{ secrets.KEY }}"),
        ("      KEY: ", "      KEI: ", "refused-call", "did you mean `KEY`?"),
        ("jobs:\n", "permissions: {contents: read}\njobs:\n", "refused-call", "contents: write"),
        (uses, "    permissions: {}\n    uses: ./", "refused-call", "contents: write"),
        (uses, "    runs-on: x\n    uses: ./", "refused-workflow", "take `runs-on` off"),
        (
            uses,
            "    timeout-minutes: 5\n    uses: ./",
            "refused-workflow",
            "take `timeout-minutes`",
        ),
        (uses, "    env: {A: b}\n    uses: ./", "refused-workflow", "take `env` off"),
        (uses, "    steps: [{run: ls}]\n    uses: ./", "refused-workflow", "take `steps` off"),
        (uses, "    seecrets: {}\n    uses: ./", "refused-workflow", "did you mean `secrets`?"),
        ("jobs:\n", "env: {A: \"${{ steps.x }}\"}\njobs:\n", "refused-workflow", "it can ask for"),
        ("row: {type: string}", "row: {type: number}", "input-type", "write `type: string`"),
        (
            "callback_token: {type: string}",
            "callback_token: {type: boolean}",
            "input-type",
            "write `type: string`",
        ),
        (
            "row: {type: string}",
            "row: {type: string, default: abc}",
            "input-default",
            "write `default: \"\"`",
        ),
        ("jobs:\n", "jobs: [\n", "unreadable-workflow", "one document of YAML"),
        ("jobs:\n", "name: again\njobs:\n", "duplicate-key", "remove one of the two"),
    ] {
        let found = found_in(&changed(&caller, from, to));
        let is_it = |finding: &&Finding| {
            finding.rule == rule && finding.help.contains(part) && finding.path.ends_with("all.yml")
        };
        let list: Vec<_> = found.iter().map(|f| (&f.path, &f.rule, &f.help)).collect();
        assert!(found.iter().any(|finding| is_it(&finding)), "{to}: {list:#?}");
        let is_followed = rule.starts_with("refused-call") || part.contains("` off");
        if is_followed || part == "write `default: \"\"`" {
            assert!(!followed(&folder, &[]).is_empty());
        }
    }
    for fine in [
        caller.clone(),
        changed(&caller, given, "    secrets: inherit\n"),
        changed(&caller, "jobs:\n", "permissions: write-all\njobs:\n"),
    ] {
        let found = found_in(&fine);
        assert!(found.is_empty(), "{fine}: {:?}", found[0].help);
    }
}

/// A workflow that nothing leads to from a console's start may be as it is.
#[test]
fn a_caller_that_no_console_starts_is_not_looked_at() {
    let folder = called(&kept(), &caller());
    let nightly = "on: {schedule: [{cron: 0 5 * * 1}]}\nnmae: x\njobs:\n  ship:\n    uses: \
                   ./.github/workflows/release.yml\n";
    folder.write(".github/workflows/nightly.yml", nightly);
    assert!(findings(&folder).is_empty());
}

fn with_scan(uses: &str) -> Folder {
    let job = format!("  scan:\n    uses: {uses}\n  deploy:\n    needs: [build, scan]\n");
    tried(&changed(PLAIN, "  deploy:\n    needs: build\n", &job), &[])
}

#[test]
fn what_the_kept_workflow_calls_is_looked_at() {
    let folder = with_scan("./.github/workflows/all.yml");
    let found = said_of(&folder);
    assert!(found.len() == 1 && found[0].1.contains("`scan` calls"), "{found:#?}");
    assert!(found[0].0 == "refused-call" && found[0].1.contains("is no file"), "{found:#?}");
    let scan = "on:\n  push:\njobs:\n  scan:\n    runs-on: x\n    steps: [{run: ls}]\n";
    let called =
        "on:\n  workflow_call:\n    inputs:\n      depth: {type: number, required: true}\n";
    let (_, jobs) = scan.split_once("jobs:\n").unwrap();
    let called = format!("{called}jobs:\n{jobs}");
    for (text, part) in [
        (scan.to_owned(), "has no `workflow_call`"),
        (called.clone(), "the input `depth`, which is required"),
    ] {
        folder.write(ALL, &text);
        let found = said_of(&folder);
        assert!(found.len() == 1 && found[0].1.contains(part), "{part}: {found:#?}");
        assert_eq!(followed(&folder, &[]), ["refused-call"]);
    }
    // What a called one calls, and what it looks like.
    folder.write(
        AT,
        folder.read(AT).replace("      depth: ${{ inputs.depth }}\n", "      depth: x\n"),
    );
    let found = said_of(&folder);
    assert!(found.len() == 1 && found[0].1.contains("give it a number"), "{found:#?}");
    folder.write(AT, folder.read(AT).replace("      depth: x\n", "      depth: 3\n"));
    for (job, part) in [
        ("  again:\n    uses: ./.github/workflows/release.yml\n", "which it is called by"),
        ("  again:\n    uses: ./.github/workflows/all.yml\n", "which it is called by"),
        ("  again:\n    runs-on: x\n    steps: []\n", "the job `again` has no steps"),
        ("  again:\n    runs-on: x\n    steps: [{uses: a}]\n", "is `a`, and is to be a path"),
    ] {
        folder.write(ALL, format!("{called}{job}"));
        let found = said_of(&folder);
        assert!(found.len() == 1 && found[0].1.contains(part), "{part}: {found:#?}");
    }
    folder.write(ALL, &called);
    assert_eq!(said_of(&folder), []);
}

fn said_of(folder: &Folder) -> Vec<(String, String)> {
    found(folder).into_iter().map(|(rule, _, said)| (rule, said)).collect()
}

/// What a job further up lets those below it have holds for them, too.
#[test]
fn what_a_caller_may_do_is_handed_on() {
    let folder = with_scan("./.github/workflows/all.yml");
    let middle = "on:\n  workflow_call:\njobs:\n  next:\n    uses: ./.github/workflows/last.yml\n";
    let last = "on:\n  workflow_call:\npermissions: {packages: write}\njobs:\n  last:\n    runs-on: x\n    \
                steps: [{run: ls}]\n";
    folder.write(ALL, middle);
    folder.write(".github/workflows/last.yml", last);
    assert_eq!(said_of(&folder), []);
    let text = folder.read(AT).replace("  scan:\n", "  scan:\n    permissions: {packages: read}\n");
    folder.write(AT, text);
    let found = said_of(&folder);
    let part = "the job `next` lets `.github/workflows/last.yml` have `packages: read`, and its job `last` asks \
                for `packages: write`";
    assert!(found.len() == 1 && found[0].1.contains(part), "{found:#?}");
}

/// The second of two tables that name one workflow leaves the first one's regions.
#[test]
fn two_tables_do_not_take_one_workflow_from_each_other() {
    let folder = tried(PLAIN, &[]);
    let order = TRIAL.replace("@WF@", AT).replace("name = \"ship\"", "name = \"order\"");
    let order = order.replace("ship_id", "order_id").replace(".github/reports", ".github/orders");
    folder.write("order.toml", &order);
    let text = folder.read(AT);
    for command in
        [&["generate", "order.toml"][..], &["workflow", "adopt", AT, "--table", "order.toml"]]
    {
        let ran = folder.run(command);
        assert_eq!(folder.read(AT), text, "{ran:?}");
        assert_eq!(ran.code, Some(1), "{ran:?}");
    }
    let ran = folder.run(&["check", "order.toml"]);
    let part =
        "is of another table, `ship.toml`: it reports with `$/.github/reports/notify-ship-status`";
    assert!(ran.code == Some(1) && ran.out.contains("[foreign-region]"), "{ran:?}");
    assert!(ran.out.contains(part), "{ran:?}");
    assert_eq!(folder.run(&["check", "ship.toml"]).code, Some(0));
    // To the letter: a workflow of its own.
    let own = ".github/workflows/order.yml";
    folder.write(own, PLAIN);
    folder.write("order.toml", order.replace(AT, own));
    folder.run(&["workflow", "adopt", own, "--table", "order.toml"]);
    folder.run(&["generate", "order.toml"]);
    for table in ["ship.toml", "order.toml"] {
        let ran = folder.run(&["check", table]);
        assert_eq!(ran.code, Some(0), "{ran:?}");
    }
    // The table by another name is the same one.
    folder.write(
        "order.toml",
        folder.read("order.toml").replace("name = \"order\"", "name = \"parcel\""),
    );
    let ran = folder.run(&["generate", "order.toml"]);
    assert!(ran.code == Some(0) && folder.read(own).contains("notify-parcel-status"), "{ran:?}");
}

/// Of actions that lie elsewhere the table says which is its own.
#[test]
fn two_tables_with_actions_elsewhere_do_not_take_one_workflow_from_each_other() {
    let elsewhere = |of: &str| ("id_input = ", format!("action = \"acme/{of}@v1\"\nid_input = "));
    let (from, ship) = elsewhere("ship");
    let folder = tried(PLAIN, &[(from, &ship)]);
    let order = TRIAL.replace("@WF@", AT).replace("name = \"ship\"", "name = \"order\"");
    let order = order.replace("ship_id", "order_id").replace(".github/reports", ".github/orders");
    folder.write("order.toml", changed(&order, from, &elsewhere("order").1));
    let text = folder.read(AT);
    let ran = folder.run(&["generate", "order.toml"]);
    assert!(folder.read(AT) == text && ran.code == Some(1), "{ran:?}");
}
