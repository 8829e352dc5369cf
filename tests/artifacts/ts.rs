//! The generated TypeScript: what it says is what the module of JavaScript says, and its types allow
//! what the table does. (That it judges as the table does: `equivalence.rs`.)
use std::fs;
use std::path::Path;

use serde_json::json;

use crate::common::node::{ask, compile, write, write_typed};
use crate::common::{self, root};

/// A program for the compiler, next to the modules of some tables.
fn program(folder: &Path, name: &str, imports: &[(&str, &str)]) -> String {
    let mut text = fs::read_to_string(root().join(name)).unwrap();
    for (from, to) in imports {
        assert!(text.contains(from), "{name} imports {from}");
        text = text.replace(from, to);
    }
    fs::write(folder.join("program.mts"), &text).unwrap();
    text
}

#[test]
#[ignore = "needs node and `npm ci --prefix tests`: run by tests/run"]
fn says_of_each_state_what_the_module_of_javascript_says() {
    let own = ["page/odd.toml", "js/loops.toml", "js/one.toml"];
    let own = own.map(|path| common::load(&root().join("tests/artifacts").join(path)));
    let tables: Vec<_> = common::tables().into_iter().chain(own).collect();
    let (typed, plain) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let modules: Vec<_> = tables
        .iter()
        .enumerate()
        .map(|(at, loaded)| {
            let plain = write(plain.path(), &format!("m{at}.mjs"), loaded);
            (plain, write_typed(typed.path(), &format!("m{at}"), loaded))
        })
        .collect();
    compile(typed.path()).unwrap_or_else(|said| panic!("{said}"));
    for ((plain, typed), loaded) in modules.iter().zip(&tables) {
        let name = &loaded.machine.name;
        let facts = [plain, typed].map(|path| json!({ "module": path, "ask": "facts" }));
        let said = ask(&facts);
        assert_eq!(said[0], said[1], "{name}");
        let values: Vec<&str> = loaded.machine.states.iter().map(|s| s.value.as_str()).collect();
        let more = ["loose", "strange"].map(|ask| json!({ "module": typed, "ask": ask }));
        assert_eq!(ask(&more), [json!([]), json!([])], "{name}");
        let guards = json!({ "module": typed, "ask": "guards", "values": values });
        assert_eq!(ask(&[guards]), [json!([])], "{name}");
    }
}

#[test]
#[ignore = "needs node and `npm ci --prefix tests`: run by tests/run"]
fn its_types_allow_what_the_declarations_of_the_module_allow() {
    let folder = tempfile::tempdir().unwrap();
    write_typed(folder.path(), "deploy-status", &common::load(&root().join("deploy.toml")));
    let import = ("./deploy-status.js", "./deploy-status.mjs");
    let text = program(folder.path(), "tests/artifacts/checkers/every_way.ts", &[import]);
    compile(folder.path()).unwrap_or_else(|said| panic!("{said}"));
    let wrong = text.replacen("case \"queued\": return \"waits\";", "", 1);
    fs::write(folder.path().join("program.mts"), wrong).unwrap();
    let said = compile(folder.path()).expect_err("a state is forgotten");
    assert!(said.contains("TS2322"), "{said}");
}

#[test]
#[ignore = "needs node and `npm ci --prefix tests`: run by tests/run"]
fn a_value_from_outside_is_narrowed_and_its_next_ones_are_known() {
    let folder = tempfile::tempdir().unwrap();
    for (name, path) in [("deploy", "deploy.toml"), ("one", "tests/artifacts/js/one.toml")] {
        write_typed(folder.path(), name, &common::load(&root().join(path)));
    }
    program(folder.path(), "tests/artifacts/ts/use.ts", &[]);
    compile(folder.path()).unwrap_or_else(|said| panic!("{said}"));
}
