//! What other programs read of this repository: the hook of pre-commit, the action, the form of an issue.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::binary::{Folder, PHASEGATE, finish};

const GOOD: &str = "format = 1\n[machine]\nname = \"m\"\ninitial = \"a\"\n[[state]]\nname = \"a\"\n\
    [[state]]\nname = \"z\"\noutcome = \"success\"\n[[transition]]\npath = [\"a\", \"z\"]\n";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn text(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Runs a script of bash in a folder, with the command on the path, and gives its exit code and output.
fn bash(folder: &Folder, script: &str, tables: &str) -> (Option<i32>, String) {
    let bin = Path::new(PHASEGATE).parent().expect("it lies in a folder").display().to_string();
    let path = std::env::var("PATH").expect("it is set");
    let mut bash = Command::new("bash");
    bash.args(["-e", "-o", "pipefail", "-c", script]).current_dir(folder.path(""));
    bash.env("PATH", format!("{bin}:{path}")).env("TABLES", tables);
    let ran = finish(&mut bash, b"");
    (ran.code, ran.out + &ran.err)
}

#[test]
#[ignore = "needs bash: run by tests/run"]
fn the_hook_of_pre_commit_passes_and_fails_as_check_does() {
    let hooks = text(".pre-commit-hooks.yaml");
    let value = |key: &str| {
        let line = hooks.lines().find_map(|line| line.trim().strip_prefix(&format!("{key}: ")));
        line.unwrap_or_else(|| panic!("the hook has no {key}"))
    };
    // A hook of the system: what is installed runs, in the folder, without the names of files.
    assert_eq!((value("language"), value("pass_filenames")), ("system", "false"));
    let folder = Folder::with("m.toml", GOOD);
    assert_eq!(bash(&folder, value("entry"), "").0, Some(0));
    folder.write("m.toml", format!("{GOOD}[target.json]\npath = \"m.json\"\n"));
    let (code, said) = bash(&folder, value("entry"), "");
    assert!(code == Some(1) && said.contains("m.json"), "what is not generated: {code:?} {said}");
    folder.write("m.toml", GOOD.replace("path = [\"a\"", "path = [\"b\""));
    let (code, said) = bash(&folder, value("entry"), "");
    assert!(code == Some(2) && said.contains("unknown-state"), "{code:?} {said}");
}

#[test]
#[ignore = "needs bash: run by tests/run"]
fn the_action_takes_the_tables_that_it_is_given_and_annotates_their_lines() {
    let action = text(".github/actions/check/action.yml");
    // The script of the last step: what is indented below `run: |`.
    let (_, script) = action.rsplit_once("run: |\n").expect("a step runs it");
    let folder = Folder::with("good.toml", GOOD);
    folder.write("bad.toml", GOOD.replace("path = [\"a\"", "path = [\"b\""));
    for (tables, wanted) in [("good.toml", 0), ("good.toml bad.toml", 2), ("", 2)] {
        let (code, said) = bash(&folder, script, tables);
        assert_eq!(code, Some(wanted), "{tables:?}: {said}");
        let is_annotated = said.contains("::error file=bad.toml,line=");
        assert_eq!(is_annotated, wanted == 2, "{tables:?}: {said}");
    }
    // What it installs where there is no command yet is in this repository.
    let path = action.split("github.action_path }}/").nth(1).expect("it says where");
    let path = path.lines().next().unwrap();
    assert!(root().join(".github/actions/check").join(path).join("Cargo.toml").exists(), "{path}");
}

#[test]
#[ignore = "needs check-jsonschema: run by tests/run"]
fn the_forms_of_an_issue_are_ones_that_github_takes() {
    let mut forms = 0;
    for entry in fs::read_dir(root().join(".github/ISSUE_TEMPLATE")).unwrap() {
        let path = entry.unwrap().path();
        let is_config = path.file_name().is_some_and(|name| name == "config.yml");
        let schema = if is_config { "github-issue-config" } else { "github-issue-forms" };
        let mut check = Command::new("check-jsonschema");
        check.args(["--builtin-schema", &format!("vendor.{schema}")]).arg(&path);
        let done = check.stdin(Stdio::null()).output();
        let done = done.expect("check-jsonschema is there: pip install check-jsonschema");
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stdout));
        forms += usize::from(!is_config);
    }
    assert_eq!(forms, 2);
    // What is asked for can be given.
    let bug = text(".github/ISSUE_TEMPLATE/bug.yml");
    assert!(bug.contains("`phasegate --version`"));
    let version = Folder::new().run(&["--version"]);
    assert_eq!((version.code, version.out.starts_with("phasegate ")), (Some(0), true));
}

#[test]
fn security_says_where_to_report_and_its_links_lead_somewhere() {
    let page = text("SECURITY.md");
    assert!(page.contains("*Report a vulnerability*"));
    for link in page.split("](").skip(1).map(|rest| rest.split(')').next().unwrap()) {
        let (path, anchor) = link.split_once('#').expect("it leads to a section");
        let there = text(path).lines().any(|line| {
            let heading = line.trim_start_matches('#').trim().to_lowercase().replace(' ', "-");
            line.starts_with('#') && heading == anchor
        });
        assert!(there, "SECURITY.md: {link}");
    }
}
