//! A run reports each job of the table once, however many workflows lead there: found, and helps
//! followed to the letter.

use crate::binary::Folder;
use crate::common::with;
use crate::hand_written::*;
use crate::workflow_reader::*;

const CALL: &str = include_str!("workflows/trials/call.yml");
const OTHER: &str = ".github/workflows/other.yml";
const LISTED: &str = "workflows = [\".github/workflows/release.yml\"]";

/// The kept workflow, with others that are kept, too.
fn listed(others: &[&str]) -> Folder {
    let more: Vec<String> = others.iter().map(|other| format!(", \"{other}\"")).collect();
    let both = LISTED.replace(']', &format!("{}]", more.concat()));
    tried(CALL, &[(LISTED, &both)])
}

/// A job of the caller that calls another workflow with the row's id.
fn calling(name: &str, file: &str, id: &str) -> String {
    let tag = if file.ends_with("mid.yml") { "" } else { "      tag: x\n" };
    format!(
        "  {name}:\n    uses: ./.github/workflows/{file}\n    with:\n{tag}      {id}: ${{{{ inputs.row }}}}\n"
    )
}

const MID: &str = "name: mid\non:\n  workflow_call:\n    inputs:\n      id: {type: string}\njobs:\n  dep:\n    \
    uses: ./.github/workflows/release.yml\n    with:\n      tag: x\n      ship_id: ${{ inputs.id }}\n";

#[test]
fn a_workflow_that_is_called_by_another_way_too_leads_to_one_call() {
    let (head, _) = CALLER.split_once("  ship:\n").unwrap();
    let (mid, dep) = (calling("m", "mid.yml", "id"), calling("d2", "release.yml", "ship_id"));
    for (first, second, name) in [(&mid, &dep, "d2"), (&dep, &mid, "m")] {
        let folder = called(CALL, &format!("{head}{first}{second}"));
        folder.write(".github/workflows/mid.yml", MID);
        holds_once(&folder, name);
        assert_eq!(followed(&folder, &[]), ["matrix-job"]);
    }
    // One that gives no row's id reports nothing, and one way is no two.
    for caller in [format!("{head}{mid}"), format!("{head}{dep}")] {
        let folder = called(CALL, &caller);
        folder.write(".github/workflows/mid.yml", MID);
        assert_eq!(followed(&folder, &[]), [""; 0]);
    }
}

/// One thing is found, and it is of a job of the caller.
#[track_caller]
fn holds_once(folder: &Folder, name: &str) {
    let found = found(folder);
    let part = format!("the job `{name}` leads to `build` of the table");
    let is_it = |f: &(String, u64, String)| f.0 == "matrix-job" && f.2.contains(&part);
    assert!(found.len() == 1 && found.iter().all(is_it), "{found:#?}");
}

#[test]
fn two_workflows_of_the_same_jobs_lead_to_one_of_them() {
    let (head, _) = CALLER.split_once("  ship:\n").unwrap();
    let folder = listed(&[OTHER]);
    folder.write(OTHER, folder.read(AT));
    let (a, b) = (calling("a", "release.yml", "ship_id"), calling("b", "other.yml", "ship_id"));
    folder.write(ALL, format!("{head}{a}{b}"));
    holds_once(&folder, "b");
    assert_eq!(followed(&folder, &[]), ["matrix-job"]);
    folder.write(ALL, format!("{head}{b}{a}"));
    holds_once(&folder, "a");
    // One that was not adopted and that no table names does not report.
    let folder = listed(&[]);
    folder
        .write(OTHER, CALL.replace("      tag:\n", "      ship_id: {type: string}\n      tag:\n"));
    folder.write(ALL, format!("{head}{a}{b}"));
    assert_eq!(found(&folder), []);
}

#[test]
fn a_workflow_with_reports_of_its_own_and_a_call_leads_to_one_of_both() {
    let dep = calling("dep", "release.yml", "ship_id").replace("inputs.row", "inputs.ship_id");
    let main = tried(PLAIN, &[]).read(AT);
    let folder = listed(&[ALL]);
    folder.write(ALL, format!("{main}{dep}"));
    holds_once(&folder, "dep");
    assert_eq!(followed(&folder, &[]), ["matrix-job"]);
}

#[test]
fn two_workflows_of_other_jobs_each_are_one_report() {
    let table = with(
        "target.workflow = { workflows = [\".github/workflows/a.yml\", \".github/workflows/b.yml\"], action = \"o/r@v1\" }\n\
         [[job]]\nname = \"one\"\nsuccess = \"b\"\nfailure = \"z\"\n\
         [[job]]\nname = \"three\"\nsuccess = \"z\"\nfailure = \"z\"\n",
    );
    let folder = Folder::with("m.toml", &table);
    let workflow = |job: &str| {
        format!(
            "on: {{workflow_call: {{inputs: {{m_id: {{type: string}}}}}}}}\njobs:\n  {job}:\n    runs-on: x\n    steps:\n      # phasegate:begin {job}.outcome\n      # phasegate:end\n"
        )
    };
    let top = |second: &str| {
        let job = |name: &str, file: &str| {
            format!(
                "  {name}:\n    uses: ./.github/workflows/{file}.yml\n    with: {{m_id: \"${{{{ inputs.m_id }}}}\"}}\n"
            )
        };
        format!(
            "on: {{workflow_dispatch: {{inputs: {{m_id: {{}}, callback_token: {{}}}}}}}}\njobs:\n{}{}",
            job("x", "a"),
            job("y", second)
        )
    };
    folder.write(".github/workflows/a.yml", workflow("one"));
    folder.write(".github/workflows/b.yml", workflow("three"));
    folder.write(".github/workflows/top.yml", top("b"));
    folder.run(&["generate"]);
    assert_eq!(found(&folder), []);
    folder.write(".github/workflows/top.yml", top("a"));
    assert!(found(&folder)[0].2.contains("call it once in a run"));
}
