//! Defects of the generated status map, caught in node.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use phasegate_codegen::emit::js::{Js, JsTarget};
use phasegate_codegen::machine::StateId;
use phasegate_codegen::{Machine, load, render};
use serde_json::{Value, json};

use super::defect::{Defect, check, killer, put};
use super::rust::accepted;
use crate::common::facts;

const fn deploy(what: &'static str, from: &'static str, to: &'static str) -> Defect {
    put("deploy.toml", "deploy-status.js", what, from, to)
}

const fn order(what: &'static str, from: &'static str, to: &'static str) -> Defect {
    put("tests/tables/order.toml", "order.js", what, from, to)
}

const fn odd(what: &'static str, from: &'static str, to: &'static str) -> Defect {
    put("tests/artifacts/page/odd.toml", "odd.js", what, from, to)
}

pub(crate) const DEFECTS: [Defect; 25] = [
    deploy(
        "a pair dropped",
        "[\"building\", [\"deploying\", \"failed\"]]",
        "[\"building\", [\"failed\"]]",
    ),
    deploy("a pair added", "[\"succeeded\", []]", "[\"succeeded\", [\"failed\"]]"),
    deploy(
        "a swapped phase",
        "title: \"Building\", phase: \"deploy\"",
        "title: \"Building\", phase: \"health_check\"",
    ),
    deploy(
        "a wrong `completes`",
        "title: \"Smoke passed\", phase: \"smoke_gate\", completes: true",
        "title: \"Smoke passed\", phase: \"smoke_gate\", completes: false",
    ),
    deploy("a wrong `optional`", "optional: true", "optional: false"),
    deploy("another outcome", "outcome: \"failure\"", "outcome: \"cancelled\""),
    deploy("a wrong terminal flag", "terminal: true", "terminal: false"),
    deploy(
        "the fingerprints swapped",
        "[[\"language\", \"775a73dba2dc4ce4\"], [\"table\", \"3214e42ddef3e601\"]]",
        "[[\"language\", \"3214e42ddef3e601\"], [\"table\", \"775a73dba2dc4ce4\"]]",
    ),
    deploy("another initial state", "Object.freeze([\"queued\"])", "Object.freeze([\"building\"])"),
    deploy(
        "a phase left out",
        "  { name: \"freeze_check\", title: \"Freeze check\", meta: map([]) },\n",
        "",
    ),
    deploy("the maps not frozen", "return Object.freeze(object);", "return object;"),
    deploy("the maps inherit", "Object.create(null)", "{}"),
    deploy("the lists of transitions not frozen", "[from, Object.freeze(to)]", "[from, to]"),
    deploy("the phases not frozen", "].map(Object.freeze));", "]);"),
    deploy("what is unknown can become anything", "?? false", "?? true"),
    deploy(
        "nothing can be hidden by a skip",
        "if (!hidden[at] && (later || ended))",
        "if (later || ended)",
    ),
    deploy(
        "`attempted` ignored",
        "if (running(attempted) !== NONE) return running(attempted);",
        "",
    ),
    deploy(
        "a phase that passed fails",
        "(at === undefined || stateList[at].completes ? NONE : phaseOf[at])",
        "(at === undefined ? NONE : phaseOf[at])",
    ),
    deploy(
        "a later phase says nothing of an earlier",
        "const later = at < lastReported;",
        "const later = false;",
    ),
    put(
        "tests/artifacts/mutants/around.toml",
        "around.js",
        "a row that starts over keeps what it had",
        "if (stateList[at].initial) break;",
        "",
    ),
    order(
        "failed and cancelled swapped",
        "return state.outcome === \"failure\" ? \"failed\" : \"cancelled\";",
        "return state.outcome === \"failure\" ? \"cancelled\" : \"failed\";",
    ),
    order("a name where the value belongs", "value: \"wc-pending\"", "value: \"pending\""),
    odd("an unescaped quote", "\"it's \\\"ok\\\"", "\"it's \"ok\""),
    odd("`meta` lost", "map([[\"tone\", \"warning\"]])", "map([])"),
    odd("a value the module cannot be looked up by", "state.value, state]", "state.name, state]"),
];

pub(crate) fn run(table: &str, defect: Option<&Defect>) -> Option<String> {
    let folder = tempfile::tempdir().unwrap();
    let mut loaded = load(&Path::new(env!("CARGO_MANIFEST_DIR")).join(table)).unwrap();
    loaded.machine.targets.set::<Js>(JsTarget::module("map.mjs"));
    let artifacts = render(&loaded, &[&Js]);
    let text = &artifacts.iter().find(|artifact| artifact.path == "map.mjs").unwrap().text;
    let module = folder.path().join("map.mjs");
    fs::write(&module, defect.map_or(text.clone(), |defect| defect.apply(text))).unwrap();
    let machine = &loaded.machine;
    killer(|at| {
        check!(at, judges_every_pair(&module, machine));
        check!(at, says_of_each_state_what_the_table_says(&module, machine));
        check!(at, cannot_be_changed(&module));
        check!(at, takes_nothing_strange_for_a_state(&module));
        check!(at, shows_phases_as_the_table_does(&module, machine));
    })
}

fn ask(module: &Path, ask: &str, mut question: Value) -> Value {
    question["module"] = json!(module);
    question["ask"] = json!(ask);
    let mut node = Command::new("node")
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/artifacts/js/harness.mjs"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("node runs; install it (on Debian: apt-get install nodejs)");
    // A module that is none is read no further.
    drop(node.stdin.take().unwrap().write_all(format!("{question}\n").as_bytes()));
    let output = node.wait_with_output().unwrap();
    assert!(output.status.success(), "node failed");
    serde_json::from_slice(&output.stdout).unwrap()
}

fn judges_every_pair(module: &Path, machine: &Machine) {
    let values: Vec<&str> = machine.states.iter().map(|state| state.value.as_str()).collect();
    let row = |from: StateId| -> String {
        let legal = |to| if machine.can_become(from, to) { '1' } else { '0' };
        machine.state_ids().map(legal).collect()
    };
    let expected: Vec<String> = machine.state_ids().map(row).collect();
    assert_eq!(ask(module, "pairs", json!({ "values": values })), json!(expected));
}

fn says_of_each_state_what_the_table_says(module: &Path, machine: &Machine) {
    let said = ask(module, "facts", json!({}));
    assert_eq!(said["machine"], machine.name.as_str());
    assert_eq!(said["fingerprints"], facts::fingerprints(machine));
    assert_eq!(said["initial"], facts::initial(machine));
    assert_eq!(said["phases"], facts::phases(machine));
    assert_eq!(said["states"], json!(facts::states(machine)));
}

fn cannot_be_changed(module: &Path) {
    assert_eq!(ask(module, "loose", json!({})), json!([]));
}

fn takes_nothing_strange_for_a_state(module: &Path) {
    assert_eq!(ask(module, "strange", json!({})), json!([]));
}

fn shows_phases_as_the_table_does(module: &Path, machine: &Machine) {
    let value = |id: StateId| machine.state(id).value.as_str();
    let (mut histories, mut expected) = (Vec::new(), Vec::new());
    for history in accepted(machine, 600) {
        for attempted in std::iter::once(None).chain(machine.state_ids().map(Some)) {
            let values: Vec<&str> = history.iter().map(|&id| value(id)).collect();
            histories.push(json!({ "history": values, "attempted": attempted.map(value) }));
            let views = machine.phases(&history, attempted);
            expected.push(views.iter().map(|view| view.as_str()).collect::<Vec<_>>().join(" "));
        }
    }
    let answer = ask(module, "phases", json!({ "histories": histories }));
    assert_eq!(answer, json!(expected));
}
