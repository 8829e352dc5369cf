//! What `phasegate` costs as a whole process, next to `true` in the same run: `check` and `generate`
//! on the deploy table, on tables of five sizes, and on the largest table that the format allows.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use divan::Bencher;
use divan::counter::ItemsCount;

/// States of the tables, each with 16 ways on; the last has 65,536 transitions, the most there can
/// be.
const SIZES: [usize; 5] = [256, 512, 1_024, 2_048, 4_096];
const WAYS_ON: usize = 16;

fn main() {
    divan::main();
}

fn deploy() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy.toml")
}

fn run(program: &str, arguments: &[&Path]) {
    let status = Command::new(program)
        .args(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .expect("the program starts");
    assert!(status.success(), "{program} {arguments:?}: {status}");
}

/// A table with every target, each state of which can go to the 16 after it.
fn table(states: usize) -> String {
    let mut text = String::from("format = 1\n[machine]\nname = \"large\"\ninitial = \"s0\"\n");
    for state in 0..states {
        let to: Vec<String> =
            (1..=WAYS_ON).map(|step| format!("\"s{}\"", (state + step) % states)).collect();
        write!(
            text,
            "[[state]]\nname = \"s{state}\"\n[[transition]]\nfrom = \"s{state}\"\nto = [{}]\n",
            to.join(", ")
        )
        .expect("a string takes all that is written");
    }
    for target in ["rust", "sql", "workflow", "js", "json", "docs"] {
        writeln!(text, "[target.{target}]").expect("a string takes all that is written");
    }
    text
}

fn folder_with(states: usize) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let path = folder.path().join("large.toml");
    std::fs::write(&path, table(states)).expect("a temporary file can be written");
    (folder, path)
}

#[divan::bench]
fn process_true() {
    run("true", &[]);
}

#[divan::bench]
fn check_deploy() {
    run(env!("CARGO_BIN_EXE_phasegate"), &["check".as_ref(), &deploy()]);
}

/// Everything written anew, into an empty folder.
#[divan::bench]
fn generate_deploy(bencher: Bencher<'_, '_>) {
    bencher
        .with_inputs(|| {
            let folder = tempfile::tempdir().expect("a temporary folder can be made");
            let path = folder.path().join("deploy.toml");
            std::fs::copy(deploy(), &path).expect("the table can be copied");
            (folder, path)
        })
        .bench_refs(|(_, path)| run(env!("CARGO_BIN_EXE_phasegate"), &["generate".as_ref(), path]));
}

/// Per transition, so that what grows in proportion stays level.
#[divan::bench(args = SIZES, sample_count = 20)]
fn generate(bencher: Bencher<'_, '_>, states: usize) {
    bencher
        .counter(ItemsCount::new(states * WAYS_ON))
        .with_inputs(|| folder_with(states))
        .bench_refs(|(_, path)| run(env!("CARGO_BIN_EXE_phasegate"), &["generate".as_ref(), path]));
}

#[divan::bench(sample_count = 20)]
fn check_largest(bencher: Bencher<'_, '_>) {
    let (folder, path) = folder_with(4_096);
    run(env!("CARGO_BIN_EXE_phasegate"), &["generate".as_ref(), &path]);
    bencher.bench(|| run(env!("CARGO_BIN_EXE_phasegate"), &["check".as_ref(), &path]));
    drop(folder);
}
