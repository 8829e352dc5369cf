//! The diagrams are what their own parsers take them for, and are drawn.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use phasegate_codegen::graph::Drawing;

use super::{broken, every_table, finds, finds_nothing, root};
use crate::common;

/// The picture of every table, on disk.
fn written(
    folder: &Path,
    end: &str,
    draw: impl Fn(&phasegate_codegen::Machine) -> String,
) -> Vec<PathBuf> {
    let draw = |(at, path): (usize, &PathBuf)| {
        let file = folder.join(format!("{at}.{end}"));
        fs::write(&file, draw(&common::load(path).machine)).unwrap();
        file
    };
    every_table().iter().enumerate().map(draw).collect()
}

#[test]
#[ignore = "needs node, `npm ci --prefix tests` and chromium: run by tests/run"]
fn mermaid_draws_the_diagram_of_every_table() {
    let folder = tempfile::tempdir().unwrap();
    let pictures = written(folder.path(), "mmd", |machine| Drawing::new(machine).mermaid());
    let page = common::root().join("generated/deploy.md");
    let drawn = || {
        let mut command = Command::new("node");
        command.arg(root("tests/artifacts/checkers/mermaid.mjs"));
        command
    };
    finds_nothing(drawn().args(&pictures).arg(page));
    broken(&pictures[0], "s0 --> s1", "s0 --> --> s1");
    finds(drawn().arg(&pictures[0]), "Parse error");
}

#[test]
#[ignore = "needs node, `npm ci --prefix tests` and chromium: run by tests/run"]
fn a_browser_shows_the_picture_of_every_table_and_nothing_lies_upon_another() {
    let folder = tempfile::tempdir().unwrap();
    let plain = written(folder.path(), "svg", |machine| Drawing::new(machine).svg().unwrap());
    let drawn = || {
        let mut command = Command::new("node");
        command.arg(root("tests/artifacts/checkers/svg.mjs"));
        command
    };
    finds_nothing(drawn().args(&plain));
    let all = tempfile::tempdir().unwrap();
    let with_skips = |machine: &phasegate_codegen::Machine| {
        Drawing::new(machine).with_skips(true).svg().unwrap()
    };
    finds_nothing(drawn().args(written(all.path(), "svg", with_skips)));

    let text = fs::read_to_string(&plain[0]).unwrap();
    let at = text.find(">Smoke running</text>").expect("the first table is the deploy table's");
    let broken = format!("{}>Smoke running and running on{}", &text[..at], &text[at + 14..]);
    fs::write(&plain[0], broken).unwrap();
    finds(drawn().arg(&plain[0]), "smoke_running: its title is wider than its box");
}
