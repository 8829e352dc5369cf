//! What people and other languages read of a table: the status map, the view as data, the page,
//! the pictures. Each is pinned for a table as odd as one may be.
use crate::common;
use std::process::Command;

use phasegate_codegen::emit::TARGETS;
use phasegate_codegen::emit::json::Json;
use phasegate_codegen::{Loaded, graph, render};

fn odd() -> Loaded {
    common::load(&common::root().join("tests/artifacts/page/odd.toml"))
}

fn artifact(loaded: &Loaded, path: &str) -> String {
    let artifacts = render(loaded, TARGETS);
    artifacts.into_iter().find(|artifact| artifact.path == path).unwrap().text
}

#[test]
fn the_artifacts_of_an_odd_table_are_these() {
    let odd = odd();
    // What follows the data in the module is the same for every table.
    let module = artifact(&odd, "generated/odd.js");
    let (data, _) = module.split_once("const NONE = -1;").unwrap();
    insta::assert_snapshot!("odd.js", data);
    insta::assert_snapshot!("odd.d.ts", artifact(&odd, "generated/odd.d.ts"));
    // So it is here, within a function.
    let module = artifact(&odd, "generated/odd.ts");
    let (data, _) = module.split_once("const NONE = -1;").unwrap();
    insta::assert_snapshot!("odd.ts", data.trim_end());
    insta::assert_snapshot!("odd.json", artifact(&odd, "generated/odd.json"));
    insta::assert_snapshot!("odd.md", artifact(&odd, "generated/odd.md"));
    insta::assert_snapshot!("odd.svg", graph::Drawing::new(&odd.machine).svg().unwrap());
    insta::assert_snapshot!("odd.dot", graph::Drawing::new(&odd.machine).with_skips(true).dot());
}

#[test]
fn the_module_grows_with_the_transitions_alone() {
    let size = |states: usize| {
        let mut table = String::from(
            "format = 1\n[machine]\nname = \"row\"\ninitial = \"s0\"\n[target.js]\n[[transition]]\npath = [",
        );
        let names: Vec<String> = (0..states).map(|at| format!("\"s{at}\"")).collect();
        table += &format!("{}]\n", names.join(", "));
        names.iter().for_each(|name| table += &format!("[[state]]\nname = {name}\n"));
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("row.toml");
        std::fs::write(&path, table).unwrap();
        artifact(&common::load(&path), "generated/row.js").len()
    };
    let [small, middle, large] = [500, 1_000, 1_500].map(size);
    let (first, second) = (middle - small, large - middle);
    assert!(second < first + first / 10, "{small}, {middle}, {large} bytes");
}

#[test]
fn the_view_says_what_the_table_says() {
    let odd = odd();
    let view: serde_json::Value =
        serde_json::from_str(&artifact(&odd, "generated/odd.json")).unwrap();
    let machine = &odd.machine;
    let value = |id| machine.state(id).value.as_str();
    let transitions: Vec<serde_json::Value> = machine
        .transitions()
        .map(|(from, to, kind)| {
            serde_json::json!({ "from": value(from), "to": value(to), "kind": kind.as_str() })
        })
        .collect();
    assert_eq!(view["transitions"], serde_json::json!(transitions));
    assert_eq!(view["states"].as_array().unwrap().len(), machine.states.len());
    assert_eq!(view["fingerprints"]["table"], machine.fingerprints.table.as_str());
    for (id, state) in machine.state_ids().zip(view["states"].as_array().unwrap()) {
        assert_eq!(state["value"], value(id));
        assert_eq!(state["optional"], machine.state(id).optional);
        assert_eq!(state["terminal"], machine.state(id).terminal);
    }
}

#[test]
fn a_page_draws_no_diagram_that_sites_refuse() {
    let mut table = String::from(
        "format = 1\n[machine]\nname = \"wide\"\ninitial = \"s0\"\n[target.docs]\n[[transition]]\nfrom = [",
    );
    let names: Vec<String> = (0..30).map(|at| format!("\"s{at}\"")).collect();
    let (from, to) = (names.join(", "), names[1..].join(", "));
    table += &format!("{from}]\nto = [{to}]\n");
    names.iter().for_each(|name| table += &format!("[[state]]\nname = {name}\n"));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("wide.toml");
    std::fs::write(&path, table).unwrap();
    let page = artifact(&common::load(&path), "generated/wide.md");
    assert!(!page.contains("mermaid"));
    assert!(page.contains("`phasegate graph wide.toml --to dot`"), "{page}");
}

#[test]
#[ignore = "needs check-jsonschema: run by tests/run"]
fn the_view_is_what_its_schema_says() {
    let folder = tempfile::tempdir().unwrap();
    for loaded in common::tables().into_iter().chain([odd()]) {
        let mut loaded = loaded;
        loaded
            .machine
            .targets
            .set::<Json>(phasegate_codegen::emit::PathTarget { path: "view.json".to_owned() });
        for name in ["view.json", "view.schema.json"] {
            std::fs::write(folder.path().join(name), artifact(&loaded, name)).unwrap();
        }
        let output = Command::new("check-jsonschema")
            .args(["--schemafile", "view.schema.json", "view.json"])
            .current_dir(folder.path())
            .output()
            .expect("check-jsonschema runs; install it: pip install check-jsonschema");
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{}: {said}", loaded.machine.name);
    }
}

#[test]
fn the_page_says_how_long_a_row_is_usually_in_a_state() {
    let path = common::root().join("tests/artifacts/page/odd.toml");
    let odd = std::fs::read_to_string(path).unwrap();
    let at = odd.find("[[state]]").unwrap() + "[[state]]\n".len();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("odd.toml");
    std::fs::write(&path, format!("{}expect = \"90m\"\n{}", &odd[..at], &odd[at..])).unwrap();
    let page = artifact(&common::load(&path), "generated/odd.md");
    let said: Vec<&str> = page.lines().filter(|line| line.contains("usually")).collect();
    assert!(said.len() == 1 && said[0].contains("usually 90m at most"), "{said:?}");
}
