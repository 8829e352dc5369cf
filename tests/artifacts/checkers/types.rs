//! TypeScript agrees with a program that uses the declarations in every way, and with no other.

use std::fs;
use std::process::Command;

use phasegate_codegen::emit::js::{Js, JsTarget};
use phasegate_codegen::render;

use super::{broken, finds, finds_nothing, root};
use crate::common;

#[test]
#[ignore = "needs node and `npm ci --prefix tests`: run by tests/run"]
fn tsc_finds_nothing_in_a_program_that_uses_the_declarations_in_every_way() {
    let folder = tempfile::tempdir().unwrap();
    let loaded = common::load(&root("deploy.toml"));
    for artifact in render(&loaded, &[&Js]) {
        let name = artifact.path.rsplit('/').next().unwrap();
        fs::write(folder.path().join(name), &artifact.text).unwrap();
    }
    fs::write(folder.path().join("package.json"), r#"{"type":"module"}"#).unwrap();
    fs::copy(root("tests/artifacts/checkers/every_way.ts"), folder.path().join("every_way.ts"))
        .unwrap();
    let tsc = || {
        let tsc = root("tests/node_modules/typescript/bin/tsc");
        assert!(tsc.exists(), "TypeScript is missing: npm ci --prefix tests");
        let mut command = Command::new("node");
        command.arg(tsc).args(["--noEmit", "--strict", "--noUncheckedIndexedAccess"]);
        command.args([
            "--exactOptionalPropertyTypes",
            "--target",
            "es2022",
            "--module",
            "nodenext",
        ]);
        command.arg("every_way.ts").current_dir(folder.path());
        command
    };
    finds_nothing(&mut tsc());
    let declarations = folder.path().join("deploy-status.d.ts");
    broken(&declarations, "\"smoke_passed\" | ", "\"smoke_passed\" | \"smoke_skipped\" | ");
    finds(&mut tsc(), "TS2322");
}

#[test]
#[ignore = "needs node and `npm ci --prefix tests`: run by tests/run"]
fn the_element_has_its_types_and_a_manifest_and_loads_where_there_is_no_document() {
    let folder = tempfile::tempdir().unwrap();
    let mut loaded = common::load(&root("deploy.toml"));
    let spec = JsTarget { path: "deploy-status.js".to_owned(), component: true };
    loaded.machine.targets.set::<Js>(spec);
    for artifact in render(&loaded, &[&Js]) {
        fs::write(folder.path().join(&artifact.path), &artifact.text).unwrap();
    }
    fs::write(folder.path().join("package.json"), r#"{"type":"module"}"#).unwrap();
    let program = folder.path().join("stepper.ts");
    fs::copy(root("tests/artifacts/checkers/stepper.ts"), &program).unwrap();
    let tsc = || {
        let mut command = Command::new("node");
        command.arg(root("tests/node_modules/typescript/bin/tsc"));
        command.args([
            "--noEmit",
            "--strict",
            "--exactOptionalPropertyTypes",
            "--target",
            "es2022",
        ]);
        command.args(["--module", "nodenext", "--lib", "es2023,dom,dom.iterable", "stepper.ts"]);
        command.current_dir(folder.path());
        command
    };
    finds_nothing(&mut tsc());

    // What a server renders without a document.
    let script = "import { viewOf, STRINGS, duration } from './deploy-status-stepper.js';
        import * as map from './deploy-status.js';
        const view = viewOf(map, { id: '1', status: 'building', seq: 0, events: [] });
        console.log(view.status.title, Object.keys(STRINGS).length, duration(61000));";
    let node = ["--input-type=module", "--eval", script];
    let output = Command::new("node").args(node).current_dir(folder.path()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let declared = fs::read_to_string(folder.path().join("deploy-status-stepper.d.ts")).unwrap();
    let strings = declared.split_once("interface Strings {").unwrap().1.split_once('}').unwrap().0;
    let count = strings.matches("readonly ").count();
    assert_eq!(said.trim(), format!("Building {count} 1 min 1 s"), "{output:?}");

    let manifest = folder.path().join("deploy-status-stepper.custom-elements.json");
    let manifest: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(manifest).unwrap()).unwrap();
    let element = &manifest["modules"][0]["declarations"][0];
    assert_eq!(element["tagName"], "phasegate-stepper");
    // The manifest names what the element's text has, and nothing else.
    let text = fs::read_to_string(folder.path().join("deploy-status-stepper.js")).unwrap();
    let named = |list: &str| {
        let list = element[list].as_array().unwrap();
        list.iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    for property in named("cssProperties") {
        assert!(text.contains(&format!("var({property},")), "{property}");
    }
    for part in named("cssParts") {
        assert!(
            text.contains(&format!("\"{part}\"")) || text.contains(&format!("\"{part} alert\"")),
            "{part}"
        );
    }
    for attribute in named("attributes") {
        let read = [format!("\"{attribute}\""), format!(":host([{attribute}])")];
        assert!(read.iter().any(|read| text.contains(read)), "{attribute}");
    }
    broken(&program, "stepper.refresh();", "stepper.explode();");
    finds(&mut tsc(), "TS2339");
}

#[test]
#[ignore = "needs node and `npm ci --prefix tests`: run by tests/run"]
fn the_example_in_react_has_its_types() {
    let folder = tempfile::tempdir().unwrap();
    let example = root("codegen/examples/stepper");
    let mut loaded = common::load(&root("codegen/examples/order/order.toml"));
    let spec = JsTarget { path: "order.js".to_owned(), component: true };
    loaded.machine.targets.set::<Js>(spec);
    for artifact in render(&loaded, &[&Js]) {
        fs::write(folder.path().join(&artifact.path), &artifact.text).unwrap();
    }
    fs::write(folder.path().join("package.json"), r#"{"type":"module"}"#).unwrap();
    std::os::unix::fs::symlink(root("tests/node_modules"), folder.path().join("node_modules"))
        .unwrap();
    fs::copy(example.join("jsx.d.ts"), folder.path().join("jsx.d.ts")).unwrap();
    // It is written in JavaScript: its own functions say no types.
    let program = folder.path().join("react.tsx");
    fs::copy(example.join("react.jsx"), &program).unwrap();
    let tsc = || {
        let mut command = Command::new("node");
        command.arg(root("tests/node_modules/typescript/bin/tsc"));
        command.args(["--noEmit", "--strict", "--noImplicitAny", "false", "--jsx", "react-jsx"]);
        command.args(["--target", "es2022", "--module", "nodenext", "--lib", "es2023,dom"]);
        command.args(["--types", "react,react-dom", "jsx.d.ts", "react.tsx"]);
        command.current_dir(folder.path());
        command
    };
    // An element of the document, or none, is all that this says of its own.
    broken(&program, "document.getElementById(\"app\")", "document.body");
    finds_nothing(&mut tsc());
    broken(&program, "detail.view.status.title", "detail.view.status.colour");
    finds(&mut tsc(), "TS2339");
}
