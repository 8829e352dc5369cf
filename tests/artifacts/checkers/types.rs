//! TypeScript agrees with a program that uses the declarations in every way, and with no other.

use std::fs;
use std::process::Command;

use phasegate_codegen::emit::js::Js;
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
