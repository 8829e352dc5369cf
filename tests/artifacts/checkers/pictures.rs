//! The diagrams are what their own parsers take them for, and are drawn.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{broken, every_table, finds, finds_nothing, root};
use crate::common;

/// The picture of every table, on disk.
fn written(
    folder: &Path,
    end: &str,
    draw: fn(&phasegate_codegen::Machine) -> String,
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
    let pictures = written(folder.path(), "mmd", phasegate_codegen::graph::mermaid);
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
