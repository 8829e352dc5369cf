//! Logs that others made: `phasegate audit` finds in them what pm4py finds by the same pairs.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::binary::Folder;

fn python(arguments: &[&str], input: &str) -> String {
    use std::io::Write as _;

    let script =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/command/audit_logs/pm4py_pairs.py");
    let mut child = Command::new("python3")
        .arg(script)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect(
            "this test needs python3, with what tests/requirements.txt lists in PATH (tests/run)",
        );
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let out = child.wait_with_output().unwrap();
    assert!(out.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8(out.stdout).unwrap()
}

/// What `audit` says of a log: how often each step between states of the table was taken, and the
/// violations of each row.
fn audited(folder: &Folder, log: &str) -> (BTreeMap<(String, String), u64>, Value) {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let ran = folder.run(&["audit", "m.toml", log, "--out", "v.jsonl", "--format", "json"]);
    let report = ran.json();
    let machine = phasegate_codegen::load(&folder.path("m.toml")).unwrap().machine;
    let value = |name: &Value| {
        let id = machine.find(name.as_str().unwrap())?;
        Some(machine.state(id).value.clone())
    };
    let steps = report["steps"].as_array().unwrap().iter();
    let steps = steps.filter(|step| !step["from"].is_null() && step["times"] != 0);
    let steps = steps.filter_map(|step| {
        Some(((value(&step["from"])?, value(&step["to"])?), step["times"].as_u64().unwrap()))
    });
    let (mut pairs, mut starts) = (BTreeMap::new(), BTreeMap::new());
    for line in folder.read("v.jsonl").lines() {
        let violation: Value = serde_json::from_str(line).unwrap();
        let row = text(&violation["row"]);
        let rows: &mut BTreeMap<String, BTreeSet<Vec<String>>> =
            if violation["from"].is_null() { &mut starts } else { &mut pairs };
        let pair = [&violation["from"], &violation["to"]].into_iter().filter(|it| !it.is_null());
        // Of a state that the table lacks there is no pair to compare.
        let Some(pair) = pair.map(value).collect() else { continue };
        rows.entry(row).or_default().insert(pair);
    }
    (steps.collect(), json!({ "pairs": pairs, "starts": starts }))
}

#[test]
#[ignore = "needs Python with pm4py, and the logs that tests/run brings"]
fn pm4py_finds_the_same_pairs_in_public_logs() {
    let folder = Folder::new();
    python(&["--unpack", &folder.path("").display().to_string()], "");
    for (log, reports, noise) in [("sepsis.xes.gz", 15_214, "0.01"), ("repair.xes", 5_725, "0.15")]
    {
        let drafted = folder.run(&["discover", log, "--noise", noise, "--name", "m"]);
        assert_eq!(drafted.code, Some(0), "{drafted:?}");
        folder.write("m.toml", &drafted.out);
        let machine = phasegate_codegen::load(&folder.path("m.toml")).unwrap().machine;
        let value = |id| machine.state(id).value.as_str();
        let pairs = machine.transitions().map(|(from, to, _)| [value(from), value(to)]);
        let initial: Vec<&str> = machine.initial.iter().map(|&id| value(id)).collect();
        let table = json!({ "initial": initial, "pairs": pairs.collect::<Vec<_>>() });
        let log_path = folder.path(log).display().to_string();
        let said: Value = serde_json::from_str(&python(&[&log_path], &table.to_string())).unwrap();
        let is_known = |state: &Value| machine.find_value(state.as_str().unwrap()).is_some();
        let known = |pairs: &Value| -> Vec<Value> {
            let pairs = pairs.as_array().unwrap().iter();
            pairs.filter(|pair| is_known(&pair[0]) && is_known(&pair[1])).cloned().collect()
        };
        let (steps, found) = audited(&folder, log);
        let counts: Vec<Value> =
            steps.iter().map(|((from, to), times)| json!([from, to, times])).collect();
        assert_eq!(counts, known(&said["counts"]), "{log}");
        // Of each row the pairs that are not legal, and where it may not start.
        let mut violations = 0;
        for (row, theirs) in said["pairs"].as_object().unwrap() {
            let ours = found["pairs"].get(row).cloned().unwrap_or_else(|| json!([]));
            let theirs = known(theirs);
            assert_eq!(ours, json!(theirs), "{log}, {row}");
            let starts: Vec<&Value> = found["starts"]
                .get(row)
                .into_iter()
                .flat_map(|it| it.as_array().unwrap())
                .collect();
            let starts: Vec<&Value> = starts.iter().map(|start| &start[0]).collect();
            let theirs_of_starts = said["starts"][row].as_array().unwrap().iter();
            let theirs_of_starts: Vec<&Value> =
                theirs_of_starts.filter(|it| is_known(it)).collect();
            assert_eq!(starts, theirs_of_starts, "{log}, {row}");
            violations += theirs.len() + starts.len();
        }
        assert!(violations > 50, "{log}: {violations}");
        let ran = folder.run(&["audit", "m.toml", log, "--format", "json"]);
        assert_eq!(ran.json()["reports"], reports, "{log}");
    }
}
