//! The parts of `tests/run` that look at the tools of a machine, next to tools that say what they were
//! asked: nothing that is missing is passed over.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::process::Command;

/// What a part did.
#[derive(Debug)]
struct Done {
    succeeded: bool,
    /// What it printed.
    said: String,
    /// What the tools were asked, a line each.
    asked: Vec<String>,
}

/// Calls a part of `tests/run` where these tools are and nothing else is, each a name and what it does
/// after it wrote down what it was asked.
fn call(part: &str, tools: &[(&str, &str)]) -> Done {
    let folder = tempfile::tempdir().unwrap();
    let bin = folder.path();
    let all = std::env::var_os("PATH").expect("it is set");
    for tool in ["bash", "cut", "dirname", "sed", "touch"] {
        let paths = std::env::split_paths(&all).map(|folder| folder.join(tool));
        let path = paths.into_iter().find(|path| path.exists());
        symlink(path.unwrap_or_else(|| panic!("{tool} is missing")), bin.join(tool)).unwrap();
    }
    for (name, does) in tools {
        let log = bin.join("asked").display().to_string();
        let script = format!("#!/usr/bin/env bash\necho \"{name} $*\" >>'{log}'\n{does}\n");
        fs::write(bin.join(name), script).unwrap();
        fs::set_permissions(bin.join(name), fs::Permissions::from_mode(0o755)).unwrap();
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/run");
    let output = Command::new(bin.join("bash"))
        .args(["-c", &format!("source '{}'; {part}", script.display())])
        .env_clear()
        .env("PATH", bin)
        .env("AT", bin)
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let asked = fs::read_to_string(bin.join("asked")).unwrap_or_default();
    Done {
        succeeded: output.status.success(),
        said: text(&output.stdout) + &text(&output.stderr),
        asked: asked.lines().map(str::to_owned).collect(),
    }
}

fn stated() -> String {
    let root =
        fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../Cargo.toml")).unwrap();
    let line = root.lines().find_map(|line| line.strip_prefix("rust-version = ")).unwrap();
    line.trim_matches('"').to_owned()
}

const NEWER: (&str, &str) = ("rustc", "echo 'rustc 1.999.0 (0123 2099-01-01)'");
/// It has another version than its own once that was installed.
const CARGO: (&str, &str) = ("cargo", r#"[[ $1 != +* || -e $AT/installed ]]"#);

#[test]
#[ignore = "needs bash: run by tests/run"]
fn a_stated_rust_that_is_missing_is_installed_or_fails_with_the_way_to_it() {
    let stated = stated();
    let check = format!("cargo +{stated} check --locked --workspace --all-features");

    let here = format!("echo 'rustc {stated}.7 (0123 2026-01-01)'");
    let done = call("stated_rust", &[("rustc", &here), CARGO]);
    assert!(done.succeeded && !done.asked.contains(&check), "{done:?}");

    let done = call("stated_rust", &[NEWER, CARGO]);
    assert!(!done.succeeded, "what was not tried does not pass: {done:?}");
    assert!(done.said.contains(&format!("run this with Rust {stated}")), "{done:?}");

    let done = call("stated_rust", &[NEWER, CARGO, ("rustup", "touch \"$AT/installed\"")]);
    let install = format!("rustup toolchain install --profile minimal {stated}");
    assert!(done.succeeded && done.asked.contains(&install), "{done:?}");
    assert_eq!(done.asked.last(), Some(&check), "{done:?}");

    let done = call("stated_rust", &[NEWER, CARGO, ("rustup", "exit 1")]);
    assert!(!done.succeeded, "{done:?}");
}

#[test]
#[ignore = "needs bash: run by tests/run"]
fn each_set_of_features_is_linted_and_built_and_fails_alone() {
    let done = call("feature_sets", &[CARGO]);
    assert!(done.succeeded, "{done:?}");
    for set in ["", "sqlite", "postgres"] {
        for part in ["clippy", "build"] {
            let ends = format!("--no-default-features --features {set}");
            let is_asked = |line: &&String| {
                let line = line.trim_end_matches(" -- -D warnings");
                line.starts_with(&format!("cargo {part} ")) && line.ends_with(&ends)
            };
            assert!(done.asked.iter().any(|line| is_asked(&line)), "{part} {set:?}: {done:?}");
        }
    }
    let without = "--package phasegate-codegen --all-targets -- -D warnings";
    assert!(done.asked.iter().any(|line| line.contains(without)), "{done:?}");
    // Whichever fails fails the step.
    for at in 1..=done.asked.len() {
        let fails = format!("(( $(sed -n '$=' \"$AT/asked\") != {at} ))");
        let failed = call("feature_sets", &[("cargo", &fails)]);
        assert!(!failed.succeeded, "{}: {failed:?}", done.asked[at - 1]);
    }
}

#[test]
#[ignore = "needs bash: run by tests/run"]
fn packages_are_tried_again_over_new_lists_and_then_one_by_one() {
    let update = "apt-get update -qq";
    let both = "apt-get install -y -qq --no-install-recommends one two";
    let once = "[[ $1 = update || -e $AT/tried ]] || { touch \"$AT/tried\"; exit 1; }";
    let done = call("install one two", &[("apt-get", once)]);
    assert!(done.succeeded, "{done:?}");
    assert_eq!(done.asked, [update, both, update, both]);

    let done = call("install one two", &[("apt-get", "[[ $* != *two* ]]")]);
    assert!(!done.succeeded, "{done:?}");
    assert_eq!(done.said, "tests/run: two is what apt-get cannot install\n");

    let alone = "[[ $* != *'one two'* ]]";
    let done = call("install one two", &[("apt-get", alone)]);
    assert!(done.succeeded, "each of them is there: {done:?}");
}
