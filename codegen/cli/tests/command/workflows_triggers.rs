//! What starts a workflow: where the row's id and the token come from, and what is said where they come
//! from nowhere.

use crate::hand_written::*;

#[test]
fn a_called_workflow_gets_its_id_from_its_caller() {
    let workflow = include_str!("workflows/trials/call.yml");
    let folder = tried(workflow, &[]);
    holds(&folder, &[]);
    assert!(folder.read(AT).contains("      ship_id:\n        description"), "{}", folder.read(AT));
    for on in ["  workflow_call:\n", "  workflow_call:\n    secrets: {KEY: {required: true}}\n"] {
        let inputs = workflow.split_once("on:\n").unwrap().1.split_once("jobs:\n").unwrap().0;
        finds(&changed(workflow, inputs, on), &[], &[]);
    }
}

#[test]
fn following_the_help_for_triggers_leads_to_what_is_current() {
    let workflow = include_str!("workflows/trials/wiped.yml");
    let on = "on:\n  workflow_dispatch:\n";
    for given in [
        "on: [push, workflow_dispatch]\n",
        "on: push\n",
        "on:\n  - push\n  - workflow_dispatch\n",
        "on: workflow_dispatch\n",
    ] {
        let workflow = changed(workflow, on, given);
        let found = said(&workflow, &[]);
        let (rule, help) = &found[0];
        assert!(["missing-input", "no-dispatch"].contains(&rule.as_str()), "{found:#?}");
        let lines = printed(help, "in lines of its own\n");
        assert_eq!(lines.contains("  push:\n"), given.contains("push"), "{lines}");
        finds(&changed(&workflow, given, &format!("{lines}\n")), &[], &[]);
    }
}

/// What a help prints, from a word on to the end.
#[track_caller]
fn printed<'s>(said: &'s str, from: &str) -> &'s str {
    let at = said.find(from).unwrap_or_else(|| panic!("{from:?}: {said}"));
    said[at + from.len()..].trim_end_matches(')')
}

#[test]
fn what_stands_at_other_triggers_is_kept_by_the_help() {
    let workflow = include_str!("workflows/trials/wiped.yml");
    for on in
        ["on:\n    push:\n        branches: [main]\n", "on:\n  schedule: [{cron: 0 5 * * 1}]\n"]
    {
        let workflow = changed(workflow, "on:\n  workflow_dispatch:\n", on);
        let said = said(&workflow, &[]);
        assert_eq!(said[0].0, "no-dispatch", "{said:#?}");
        let below = printed(&said[0].1, "add below `on:`\n");
        finds(&changed(&workflow, on, &format!("{on}{below}\n")), &[], &[]);
    }
    for on in
        ["on: {push: {branches: [main]}}\n", "on:\n  workflow_dispatch: {inputs: {tag: {}}}\n"]
    {
        let workflow = changed(workflow, "on:\n  workflow_dispatch:\n", on);
        let said = said(&workflow, &[]);
        assert!(said[0].1.contains("in lines of its own, with what stands there\n"), "{said:#?}");
    }
    // Nothing, written out: no line can be added below it.
    for nothing in [" ~", " null", " !!null", " &none", "\n    inputs: ~", "\n    inputs: null"] {
        let on = format!("on:\n  workflow_dispatch:{nothing}\n");
        let workflow = changed(workflow, "on:\n  workflow_dispatch:\n", &on);
        let folder = tried(&workflow, &[]);
        assert!(folder.read(AT).contains(&on), "{}", folder.read(AT));
        let said = said(&workflow, &[]);
        let lines = printed(&said[0].1, "in lines of its own, with what stands there\n");
        finds(&changed(&workflow, &on, &format!("on:\n{lines}\n")), &[], &[]);
    }
}

#[test]
fn a_workflow_that_follows_another_is_to_be_called_by_it() {
    let workflow = include_str!("workflows/trials/wiped.yml");
    for (on, without) in [
        ("on: workflow_run\n", ""),
        ("on: [push, workflow_run]\n", ""),
        ("on:\n  workflow_run:\n    workflows: [Build]\n", "on:\n"),
        ("on:\n  workflow_run: {workflows: [Build]}\n  push:\n", "on:\n  push:\n"),
    ] {
        let workflow = changed(workflow, "on:\n  workflow_dispatch:\n", on);
        let said = said(&workflow, &[]);
        let [(rule, said), (then, adopt)] = &said[..] else { panic!("{said:#?}") };
        // It needs no token of its own: the caller's event has it.
        assert!(!adopt.contains("callback_token"), "{adopt}");
        assert_eq!((rule.as_str(), then.as_str()), ("no-dispatch", "not-adopted"));
        let caller = "    uses: ./.github/workflows/release.yml\n    with:\n      ship_id: ${{ \
                      inputs.ship_id }}\n";
        assert!(said.contains(caller), "{said}");
        let words = if without.is_empty() { "in lines of its own\n" } else { "add below `on:`\n" };
        let now = format!("{without}{}\n", printed(said, words));
        assert!(
            !now.contains("workflow_run") && now.contains("push") == on.contains("push"),
            "{now}"
        );
        finds(&changed(&workflow, on, &now), &[], &[]);
    }
    // Where it is dispatched, too, that run reports, and one that follows another does not.
    let both = changed(workflow, "on:\n", "on:\n  workflow_run:\n    workflows: [Build]\n");
    finds(&both, &[], &[]);
    // Nor can the table name what no such run has.
    let folder = tried(workflow, &[]);
    let table = folder.read("ship.toml");
    folder.write("ship.toml", table.replace("\"ship_id\"", "\"workflow_run.display_title\""));
    let ran = folder.run(&["check"]);
    assert!(ran.code == Some(2) && ran.out.contains("let that workflow be called"), "{ran:?}");
}

#[test]
fn what_only_a_run_by_something_else_has_is_empty() {
    let workflow = include_str!("workflows/trials/wiped.yml");
    let on = "on:\n  workflow_dispatch:\n";
    let both = changed(
        workflow,
        on,
        "on:\n  workflow_run:\n    workflows: [Build]\n  workflow_dispatch:\n",
    );
    let when =
        |condition: &str| changed(&both, "  build:\n", &format!("  build:\n    if: {condition}\n"));
    let succeeded = "github.event.workflow_run.conclusion == 'success'";
    let found = said(&when(succeeded), &[]);
    let part = "`build` is skipped in every run that a console starts";
    assert!(found[0].0 == "job-condition" && found[0].1.contains(part), "{found:#?}");
    for sound in [
        format!("github.event_name == 'workflow_dispatch' || {succeeded}"),
        "github.event.workflow_run.conclusion != 'failure'".to_owned(),
        "${{ !github.event.pull_request.draft }}".to_owned(),
        "github.base_ref == '' && github.head_ref == ''".to_owned(),
    ] {
        finds(&when(&sound), &[], &[]);
    }
}

#[test]
fn an_id_may_come_with_a_repository_dispatch() {
    let payload = ("id_input = \"ship_id\"", "id_input = \"client_payload.ship_id\"");
    let workflow = include_str!("workflows/trials/wiped.yml");
    let dispatched =
        changed(workflow, "  workflow_dispatch:\n", "  repository_dispatch:\n    types: [ship]\n");
    let found = said(&dispatched, &[]);
    assert!(found[0].1.contains("`id_input = \"client_payload.ship_id\"`"), "{found:#?}");
    let folder = tried(&dispatched, &[payload]);
    holds(&folder, &[]);
    let text = folder.read(AT);
    assert!(text.contains("if: github.event.client_payload.ship_id != ''"), "{text}");
    assert!(text.contains("id: ${{ github.event.client_payload.ship_id }}"), "{text}");
    let generated = folder.read(".github/reports/ship-console.yml");
    assert!(
        generated.contains("  repository_dispatch:\n") && !generated.contains("inputs"),
        "{generated}"
    );
    let found = said(workflow, &[payload]);
    assert_eq!(found[0].0, "no-dispatch", "{found:#?}");
    let below = printed(&found[0].1, "add below `on:`\n");
    finds(&changed(workflow, "on:\n", &format!("on:\n{below}\n")), &[payload], &[]);
}

#[test]
fn the_action_of_a_repository_dispatch_is_one_of_its_types() {
    let payload = ("id_input = \"ship_id\"", "id_input = \"client_payload.ship_id\"");
    let workflow = include_str!("workflows/trials/wiped.yml");
    let of = |types: &str, condition: &str| {
        let on = format!("  repository_dispatch:\n{types}");
        let workflow = changed(workflow, "  workflow_dispatch:\n", &on);
        changed(&workflow, "  build:\n", &format!("  build:\n    if: {condition}\n"))
    };
    let is_ship = "github.event.action == 'ship'";
    finds(&of("    types: [ship]\n", is_ship), &[payload], &[]);
    finds(&of("    types: ship\n", is_ship), &[payload], &[]);
    // It may be another, or any.
    for types in ["    types: [ship, again]\n", ""] {
        let found = said(&of(types, is_ship), &[payload]);
        assert!(found[0].0 == "job-condition", "{types:?}: {found:#?}");
    }
    // A run by hand has no action.
    let found =
        said(&changed(workflow, "  build:\n", &format!("  build:\n    if: {is_ship}\n")), &[]);
    let part = "`build` is skipped in every run that a console starts";
    assert!(found[0].0 == "job-condition" && found[0].1.contains(part), "{found:#?}");
}

#[test]
fn inputs_are_counted_and_their_types_are_looked_at() {
    let workflow = include_str!("workflows/trials/in25.yml");
    let found = said(workflow, &[]);
    let (rule, said_of_it) = &found[0];
    assert!(
        rule == "too-many-inputs"
            && said_of_it.contains("27 inputs")
            && said_of_it.contains("take 2"),
        "{found:#?}"
    );
    let fewer = changed(
        workflow,
        "      i23:\n        type: string\n      i24:\n        type: string\n",
        "",
    );
    finds(&fewer, &[], &[]);
    for (given, is_found) in [("number", true), ("boolean", true), ("string", false)] {
        let input = format!("      ship_id:\n        type: {given}\n");
        let workflow = changed(&fewer, "jobs:\n", &format!("{input}jobs:\n"));
        let all: [(&str, &[&str]); 1] = [("input-type", &["`ship_id` has `type: "])];
        finds(&workflow, &[], if is_found { &all } else { &[] });
    }
}
