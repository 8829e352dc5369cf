//! Defects of the declarations, caught by TypeScript in the program that uses them in every way.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::defect::{Defect, put};

const fn deploy(what: &'static str, from: &'static str, to: &'static str) -> Defect {
    put("deploy.toml", "deploy-status.d.ts", what, from, to)
}

pub(crate) const DEFECTS: [Defect; 13] = [
    deploy("a status missing", "\"smoke_passed\" | ", ""),
    deploy("a status too many", "\"smoke_passed\" | ", "\"smoke_passed\" | \"smoke_skipped\" | "),
    deploy("a phase missing", "\"smoke_gate\" | ", ""),
    deploy("an outcome missing", " | \"neutral\"", ""),
    deploy("a view missing", "\"unconfirmed\" | ", ""),
    deploy(
        "a pair dropped",
        "readonly \"health_checking\": readonly [\"succeeded\", \"failed\"]",
        "readonly \"health_checking\": readonly [\"failed\"]",
    ),
    deploy(
        "a pair added",
        "readonly \"succeeded\": readonly []",
        "readonly \"succeeded\": readonly [\"failed\"]",
    ),
    deploy("a map that can be written", "readonly \"queued\": State", "\"queued\": State"),
    deploy(
        "a list that can be written",
        "readonly \"queued\": readonly [",
        "readonly \"queued\": [",
    ),
    deploy(
        "a swapped phase",
        "readonly value: \"smoke_running\"; readonly phase: \"smoke_gate\"",
        "readonly value: \"smoke_running\"; readonly phase: \"deploy\"",
    ),
    deploy(
        "any outcome",
        "readonly value: \"failed\"; readonly phase: null; readonly outcome: \"failure\"",
        "readonly value: \"failed\"; readonly phase: null",
    ),
    deploy("any initial state", "initial: readonly [\"queued\"]", "initial: readonly Status[]"),
    deploy(
        "half a step judged",
        "canBecome(from: string, to: string)",
        "canBecome(from: string, to?: string)",
    ),
];

/// What TypeScript said of the declarations as they are, and with each defect.
pub(crate) struct Project {
    said: String,
}

impl Project {
    /// A folder for each, and one run of the compiler over all of them.
    pub(crate) fn check() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let tsc = root.join("tests/node_modules/typescript/bin/tsc");
        assert!(tsc.exists(), "TypeScript is missing: npm ci --prefix tests");
        let text = fs::read_to_string(root.join("generated/deploy-status.d.ts")).unwrap();
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("package.json"), r#"{"type":"module"}"#).unwrap();
        let mut files = Vec::new();
        for (at, defect) in std::iter::once(None).chain(DEFECTS.iter().map(Some)).enumerate() {
            let own = folder.path().join(format!("m{at}"));
            fs::create_dir(&own).unwrap();
            let text = defect.map_or(text.clone(), |defect| defect.apply(&text));
            fs::write(own.join("deploy-status.d.ts"), text).unwrap();
            fs::copy(root.join("tests/artifacts/checkers/every_way.ts"), own.join("every_way.ts"))
                .unwrap();
            files.push(format!("m{at}/every_way.ts"));
        }
        let output = Command::new("node")
            .arg(tsc)
            .args(["--noEmit", "--strict", "--noUncheckedIndexedAccess", "--target", "es2022"])
            .args(["--exactOptionalPropertyTypes", "--module", "nodenext"])
            .args(files)
            .current_dir(folder.path())
            .output()
            .expect("node runs; install it (on Debian: apt-get install nodejs)");
        Self { said: String::from_utf8(output.stdout).unwrap() }
    }

    /// The first complaint of the program that uses the declarations with this defect.
    pub(crate) fn complaint(&self, defect: Option<&Defect>) -> Option<String> {
        let place = defect.map(|it| DEFECTS.iter().position(|other| other.what == it.what));
        let start = format!("m{}/every_way.ts(", place.map_or(0, |place| place.unwrap() + 1));
        let line = self.said.lines().find(|line| line.starts_with(&start))?;
        let (_, error) = line.split_once("error ").unwrap();
        Some(format!("tsc --strict every_way.ts: {}", error.split(':').next().unwrap()))
    }
}
