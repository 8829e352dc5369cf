//! The generated status map, in node: many modules a process, asked by lines of JSON.
#![allow(dead_code, reason = "each test uses a part of it")]

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use phasegate_codegen::emit::PathTarget;
use phasegate_codegen::emit::js::{Js, JsTarget};
use phasegate_codegen::emit::ts::Ts;
use phasegate_codegen::{Loaded, render};
use serde_json::Value;

/// Writes a table's module, and gives its path.
pub(crate) fn write(folder: &Path, name: &str, loaded: &Loaded) -> PathBuf {
    let mut loaded = loaded.clone();
    loaded.machine.targets.set::<Js>(JsTarget::module(name));
    for artifact in render(&loaded, &[&Js]).iter().filter(|it| !it.path.contains('/')) {
        std::fs::write(folder.join(&artifact.path), &artifact.text).unwrap();
    }
    folder.join(name)
}

/// Writes a table's module in TypeScript, and gives the path of what [`compile`] makes of it.
pub(crate) fn write_typed(folder: &Path, name: &str, loaded: &Loaded) -> PathBuf {
    let mut loaded = loaded.clone();
    loaded.machine.targets.set::<Ts>(PathTarget { path: format!("{name}.mts") });
    let artifact = render(&loaded, &[&Ts]).remove(0);
    std::fs::write(folder.join(&artifact.path), &artifact.text).unwrap();
    folder.join(format!("{name}.mjs"))
}

/// Compiles the modules of a folder, as strictly as TypeScript can.
///
/// # Errors
/// What it finds.
pub(crate) fn compile(folder: &Path) -> Result<(), String> {
    let tsc = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/node_modules/typescript/bin/tsc");
    assert!(tsc.exists(), "TypeScript is missing: npm ci --prefix tests");
    let modules = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let modules = modules.filter(|path| path.extension().is_some_and(|ending| ending == "mts"));
    let output = Command::new("node")
        .arg(tsc)
        .args(["--strict", "--noUncheckedIndexedAccess", "--exactOptionalPropertyTypes"])
        .args(["--noUnusedLocals", "--noUnusedParameters", "--noImplicitReturns"])
        .args(["--isolatedModules", "--verbatimModuleSyntax", "--erasableSyntaxOnly"])
        .args(["--target", "es2022", "--module", "nodenext"])
        .args(modules)
        .output()
        .expect("node runs; install it (on Debian: apt-get install nodejs)");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() { Ok(()) } else { Err(said) }
}

/// Node's answers to some questions.
pub(crate) fn ask(questions: &[Value]) -> Vec<Value> {
    let mut node = Command::new("node")
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/artifacts/js/harness.mjs"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("node runs; install it (on Debian: apt-get install nodejs)");
    let mut input = node.stdin.take().unwrap();
    let lines: String = questions.iter().map(|question| format!("{question}\n")).collect();
    let writer = std::thread::spawn(move || input.write_all(lines.as_bytes()));
    let output = node.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(output.status.success(), "node failed");
    let answers = String::from_utf8(output.stdout).unwrap();
    let answers: Vec<Value> =
        answers.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(answers.len(), questions.len());
    answers
}
