//! `phasegate compat`: where versions come from, what is accepted, exit codes and formats.

use crate::common::proofs;
use std::process::Command;

use crate::binary::{Folder, PHASEGATE, Ran, finish};

const OLD: &str = "migrations/tables/0001.toml";

/// A state that is required, and that an older backend refuses.
const ADDED: &str = r#"
format = 1
[machine]
name = "job"
initial = "queued"
[[state]]
name = "queued"
[[state]]
name = "working"
[[state]]
name = "done"
outcome = "success"
[[state]]
name = "failed"
outcome = "failure"
[[transition]]
from = "*"
to = "failed"
[[transition]]
path = ["queued", "working", "done"]
[[transition]]
path = ["queued", "done"]
[[job]]
name = "work"
start = "working"
success = "done"
[[job]]
name = "conclude"
needs = ["work"]
always = true
success = "done"
failure = "failed"
[target.sql]
"#;

fn before() -> String {
    ADDED
        .replace("[[state]]\nname = \"working\"\n", "")
        .replace("\"queued\", \"working\", \"done\"", "\"queued\", \"done\"")
        .replace("[[transition]]\npath = [\"queued\", \"done\"]\n[[job]]", "[[job]]")
        .replace("start = \"working\"\n", "")
}

/// The deploy tables of old and of now.
fn deploys() -> Folder {
    let folder = Folder::with("deploy.toml", &proofs::table("deploy.toml"));
    folder.write("old.toml", proofs::table(OLD));
    folder
}

/// A change that no order makes safe while anything runs.
fn breaking() -> Folder {
    let folder = Folder::with("new.toml", ADDED);
    folder.write("old.toml", before());
    folder
}

fn git(folder: &Folder, arguments: &[&str]) {
    let mut command = Command::new("git");
    command.current_dir(folder.path("")).args(arguments);
    let who = ["GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL"];
    command.envs(who.map(|name| (name, "tester")));
    let ran = finish(&mut command, b"");
    assert_eq!(ran.code, Some(0), "{ran:?}");
}

/// A repository with the older version committed and tagged, and the newer one in place.
fn repository() -> Folder {
    let folder = Folder::new();
    git(&folder, &["init", "-q", "-b", "main"]);
    folder.write("tables/deploy.toml", proofs::table(OLD));
    git(&folder, &["add", "."]);
    git(&folder, &["commit", "-q", "-m", "before"]);
    git(&folder, &["tag", "v1"]);
    folder.write("tables/deploy.toml", proofs::table("deploy.toml"));
    folder
}

#[track_caller]
fn could_not(ran: &Ran, wanted: &str) {
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(ran.err.contains(wanted), "{ran:?}");
    assert!(!ran.out.contains("compatible"), "{ran:?}");
}

#[test]
fn ends_0_where_an_order_is_safe_and_1_where_none_is() {
    let ran = deploys().run(&["compat", "old.toml", "deploy.toml"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(
        ran.out.ends_with(
            "old.toml -> deploy.toml: compatible: rollout in some orders, rollback in any order\n"
        ),
        "{ran:?}"
    );
    let ran = breaking().run(&["compat", "old.toml", "new.toml"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.out.contains("error[state-added]: `working` (required) is new"), "{ran:?}");
    assert!(ran.out.contains("not compatible"), "{ran:?}");
}

#[test]
fn tells_in_json_what_is_found_of_mixes_and_orders() {
    let ran = breaking().run(&["compat", "old.toml", "new.toml", "--format", "json"]);
    assert_eq!(ran.code, Some(1));
    let told = ran.json();
    assert_eq!(told["compatible"], false);
    assert_eq!(told["findings"][0]["rule"], "state-added");
    assert_eq!(told["findings"][0]["severity"], "error");
    assert_eq!(told["findings"][0]["path"], "new.toml");
    assert_eq!(told["findings"][0]["line"], 9);
    assert_eq!(told["findings"][0]["fingerprint"].as_str().unwrap().len(), 16);
    assert_eq!(told["findings"][0]["accepted"], serde_json::Value::Null);
    assert!(!told["findings"][0]["breaks"].as_array().unwrap().is_empty());
    let mixes = told["mixes"].as_array().unwrap();
    assert_eq!(mixes.len(), 8, "there is no page");
    assert_eq!(mixes[0]["page"], serde_json::Value::Null);
    let broken = mixes.iter().find(|mix| mix["verdict"] == "broken").unwrap();
    assert!(!broken["broken"][0]["path"].as_array().unwrap().is_empty());
    assert_eq!(told["rollback"]["safe"], serde_json::json!([]));
    assert_eq!(told["rollback"]["best"][1]["wait"], true);
    assert_eq!(told["explored"]["exhausted"], true);
    let ran = breaking().run(&["compat", "old.toml", "new.toml", "--format", "github"]);
    assert!(
        ran.out.starts_with("::error file=new.toml,line=9,col=8,title=state-added::"),
        "{ran:?}"
    );
}

#[test]
fn an_accepted_finding_no_longer_fails_and_one_that_no_longer_occurs_is_told() {
    let folder = breaking();
    let told = folder.run(&["compat", "old.toml", "new.toml", "--format", "json"]).json();
    let fingerprint = told["findings"][0]["fingerprint"].as_str().unwrap();
    let row = |fingerprint: &str| {
        format!(
            "[[accepted]]\nrule = \"state-added\"\nfingerprint = \"{fingerprint}\"\nreason = \"nothing runs at night\"\n"
        )
    };
    folder.write("new.accepted.toml", row(fingerprint));
    let ran = folder.run(&["compat", "old.toml", "new.toml"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.out.contains("(accepted: nothing runs at night)"), "{ran:?}");
    assert!(ran.out.contains(": compatible except for what is accepted: "), "{ran:?}");
    assert!(ran.out.contains("; 1 finding is accepted"), "{ran:?}");
    // Elsewhere by name; and the fingerprint outlives edits next to it.
    folder.write("mine.toml", row(fingerprint));
    folder.write("new.accepted.toml", "");
    let moved = format!(
        "# a comment\n\n{}",
        ADDED.replace("name = \"done\"\n", "name = \"done\"\ndoc = \"the end\"\n")
    );
    folder.write("new.toml", moved);
    let ran = folder.run(&["compat", "old.toml", "new.toml"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let ran = folder.run(&["compat", "old.toml", "new.toml", "--accepted", "mine.toml"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    // One that is not there any more.
    folder.write("mine.toml", row(fingerprint) + &row("0123456789abcdef"));
    let ran = folder.run(&["compat", "old.toml", "new.toml", "--accepted", "mine.toml"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.out.contains("warning[accepted-stale]: state-added 0123456789abcdef no longer occurs\n --> mine.toml:7:15"), "{ran:?}");
}

#[test]
fn an_accepted_finding_that_gets_worse_is_accepted_no_more() {
    let folder = breaking();
    folder.write(
        "new.toml",
        ADDED.replace("\"working\"\n[[state]]", "\"working\"\noptional = true\n[[state]]"),
    );
    let told = folder.run(&["compat", "old.toml", "new.toml", "--format", "json"]).json();
    let found = &told["findings"][0];
    assert_eq!((&found["rule"], &found["severity"]), (&"state-added".into(), &"warning".into()));
    let row = format!(
        "[[accepted]]\nrule = \"state-added\"\nfingerprint = {}\nreason = \"tolerated\"\n",
        found["fingerprint"]
    );
    folder.write("new.accepted.toml", row);
    let ran = folder.run(&["compat", "old.toml", "new.toml"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.out.contains("(accepted: tolerated)"), "{ran:?}");
    folder.write("new.toml", ADDED);
    let ran = folder.run(&["compat", "old.toml", "new.toml"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(!ran.out.contains("(accepted: tolerated)"), "{ran:?}");
    assert!(ran.out.contains("warning[accepted-stale]"), "{ran:?}");
}

#[test]
fn a_finding_is_accepted_by_its_rule_and_its_fingerprint_both() {
    let folder = breaking();
    let told = folder.run(&["compat", "old.toml", "new.toml", "--format", "json"]).json();
    let fingerprint = told["findings"][0]["fingerprint"].as_str().unwrap();
    let row = format!(
        "[[accepted]]\nrule = \"state-renamed\"\nfingerprint = \"{fingerprint}\"\nreason = \"x\"\n"
    );
    folder.write("new.accepted.toml", row);
    let ran = folder.run(&["compat", "old.toml", "new.toml"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.out.contains(&format!("state-renamed {fingerprint} no longer occurs")), "{ran:?}");
}

#[test]
fn a_file_of_accepted_findings_that_is_none_stops_the_run() {
    let folder = breaking();
    let rule = "[[accepted]]\nrule = \"state-added\"\nfingerprint = \"0123456789abcdef\"\n";
    for (text, wanted) in [
        (rule.to_owned(), "missing field `reason`\n --> mine.toml:1:1\n"),
        (format!("{rule}reason = \" \"\n"), "`reason` is empty\n --> mine.toml:4:10\n"),
        (format!("{rule}reason = \"x\"\nwhy = 1\n"), "unknown field `why`"),
        (
            rule.replace("state-added", "state-aded") + "reason = \"x\"",
            "did you mean `state-added`?",
        ),
        (format!("{rule}reason = \"x\"\n{rule}reason = \"y\"\n"), "is accepted twice"),
        ("accepted = 1".to_owned(), " --> mine.toml:1:12\n"),
        ("\0".to_owned(), " --> mine.toml:1:"),
    ] {
        folder.write("mine.toml", &text);
        let ran = folder.run(&["compat", "old.toml", "new.toml", "--accepted", "mine.toml"]);
        assert_eq!(ran.code, Some(2), "{ran:?}");
        assert!(ran.out.contains(wanted), "{wanted}: {ran:?}");
    }
    // Every fault of its entries is reported in one run.
    folder.write("mine.toml", format!("{rule}reason = \"\"\n{rule}reason = \" \"\n"));
    let ran = folder.run(&["compat", "old.toml", "new.toml", "--accepted", "mine.toml"]);
    for place in [" --> mine.toml:4:10\n", " --> mine.toml:8:10\n"] {
        assert!(ran.out.contains(place), "{ran:?}");
    }
    could_not(
        &folder.run(&["compat", "old.toml", "new.toml", "--accepted", "gone.toml"]),
        "gone.toml",
    );
}

#[test]
fn an_older_version_comes_out_of_a_commit() {
    let folder = repository();
    for arguments in [
        ["compat", "git:v1", "tables/deploy.toml"],
        ["compat", "git:HEAD~0:tables/deploy.toml", "tables/deploy.toml"],
        ["compat", "git:main:./tables/deploy.toml", "tables/deploy.toml"],
    ] {
        let ran = folder.run(&arguments);
        assert_eq!(ran.code, Some(0), "{arguments:?} {ran:?}");
        assert!(ran.out.contains("16 mixes"), "{ran:?}");
    }
    // From a folder below, the newer version being the one table there.
    let ran = folder.run_in("tables", &["compat", "git:v1"], b"");
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.out.contains("git:v1:tables/deploy.toml -> deploy.toml: compatible"), "{ran:?}");
    // Both, the newer one committed too.
    git(&folder, &["commit", "-q", "-am", "after"]);
    let ran = folder.run_in("tables", &["compat", "git:v1", "git:HEAD"], b"");
    assert_eq!(ran.code, Some(0), "{ran:?}");
}

#[test]
fn what_no_commit_has_is_told_with_what_it_may_have_been() {
    let folder = repository();
    folder.write("moved/other.toml", proofs::table("deploy.toml"));
    let run = |old: &str, new: &str| folder.run(&["compat", old, new]);
    let table = "tables/deploy.toml";
    could_not(&run("git:nowhere", table), "git:nowhere: the repository has no commit of that name");
    could_not(&run("git:--help", table), "the repository has no commit of that name");
    could_not(&run("git:-x:y", table), "the repository has no commit of that name");
    could_not(&run("git:", table), "`git:` names no commit");
    could_not(&run("git:v1:", table), "names no file");
    could_not(&run("git:v1:tables", table), "no file, but a folder");
    could_not(&run("git:v1", "moved/other.toml"), "was it git:v1:tables/deploy.toml?");
    could_not(&run("git:v1:gone/deploy.toml", table), "was it git:v1:tables/deploy.toml?");
    could_not(&run("git:v1:../../etc/passwd", table), "git:v1:../../etc/passwd");
    could_not(&run("git:v1 ; echo", table), "no commit of that name");
    // A file that is no table any version's, and nothing of it counts as compatible.
    folder.write("tables/deploy.toml", "format = 1\n");
    git(&folder, &["commit", "-q", "-am", "broken"]);
    folder.write("tables/deploy.toml", proofs::table("deploy.toml"));
    let ran = run("git:HEAD", table);
    could_not(&ran, "git:HEAD:tables/deploy.toml is not a valid table");
    assert!(ran.out.contains("error[missing-key]"), "{ran:?}");
}

#[test]
fn outside_of_a_repository_and_without_git_there_is_no_commit() {
    let folder = deploys();
    let ran = folder.run(&["compat", "git:main", "deploy.toml"]);
    could_not(&ran, "not a git repository");
    let mut command = Command::new(PHASEGATE);
    command.args(["compat", "git:main", "deploy.toml"]).current_dir(folder.path(""));
    let ran = finish(command.env("PATH", folder.path("")), b"");
    could_not(&ran, "`git` is not installed here");
}

#[test]
fn versions_that_are_not_there_or_no_tables_stop_the_run() {
    let folder = deploys();
    could_not(&folder.run(&["compat", "gone.toml", "deploy.toml"]), "gone.toml");
    could_not(&folder.run(&["compat"]), "OLD NEW");
    could_not(
        &folder.run(&["compat", "old.toml"]),
        "several tables in the current folder; name one: ",
    );
    could_not(
        &folder.run(&["migrate"]),
        "several tables in the current folder; name one or several: ",
    );
    could_not(&folder.run(&["compat", "old.toml", "old.toml", "old.toml"]), "with --window");
    folder.write("bad.toml", "format = 2\n");
    let ran = folder.run(&["compat", "bad.toml", "deploy.toml", "--format", "json"]);
    could_not(&ran, "bad.toml is not a valid table");
    assert_eq!(ran.json()["findings"][0]["path"], "bad.toml");
}

#[test]
fn a_window_names_its_versions_and_fails_where_a_pair_does() {
    let folder = breaking();
    let ran = folder.run(&["compat", "--window", "old.toml", "old.toml", "new.toml"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.out.contains("3 versions at once, 27 mixes: "), "{ran:?}");
    assert!(ran.out.contains("the old.toml backend"), "{ran:?}");
    assert!(ran.out.contains("old.toml -> new.toml: not compatible"), "{ran:?}");
    let ran = folder.run(&["compat", "--window", "old.toml", "new.toml", "--format", "json"]);
    assert_eq!(ran.json()["pairs"].as_array().unwrap().len(), 1);
}

#[test]
fn a_file_of_a_commit_is_called_by_its_path_from_the_root() {
    let folder = repository();
    let ran = folder.run(&["compat", "git:v1", "tables/deploy.toml"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(
        ran.out.contains("git:v1:tables/deploy.toml -> tables/deploy.toml: compatible"),
        "{ran:?}"
    );
}

#[test]
fn no_command_is_advised_that_an_odd_name_would_make_another() {
    let folder = repository();
    for name in ["--help", "a;b", "$(x)"] {
        let ran = folder.run(&["compat", &format!("git:{name}"), "tables/deploy.toml"]);
        could_not(&ran, "the repository has no commit of that name");
        assert!(!ran.err.contains("git fetch origin"), "{ran:?}");
    }
    let ran = folder.run(&["compat", "git:v2", "tables/deploy.toml"]);
    could_not(&ran, "(`git fetch origin v2`)");
}
