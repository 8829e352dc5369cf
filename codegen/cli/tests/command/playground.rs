//! The playground of the book says and gives what the command does, byte for byte: the page is built as users
//! build it, and used in a real Chromium.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::binary::Folder;

/// What the command makes of a table in a folder of its own.
fn by_command(name: &str, text: &str) -> Value {
    let file = format!("{name}.toml");
    let folder = Folder::with(&file, text);
    let graph = |to: &[&str]| folder.run(&[&["graph", &file, "--to"], to].concat());
    let svg = graph(&["svg"]);
    let pictures = json!({
        "svg": svg.out,
        "svg-skips": graph(&["svg", "--skips"]).out,
        "mermaid": graph(&["mermaid"]).out,
        "mermaid-skips": graph(&["mermaid", "--skips"]).out,
        "dot": graph(&["dot"]).out,
        "dot-skips": graph(&["dot", "--skips"]).out,
    });
    let verified = folder.run(&["verify", &file]);
    let proved = folder.run(&["verify", &file, "--format", "json"]).json();
    let generated = folder.run(&["generate", &file]);
    let found = folder.run(&["generate", &file, "--format", "json"]).json();
    let files = folder.files().into_iter().filter(|path| *path != file);
    let artifacts: serde_json::Map<_, _> =
        files.map(|path| (path.clone(), json!(folder.read(&path)))).collect();
    json!({
        "name": name,
        "text": text,
        "valid": generated.code == Some(0),
        "report": generated.out,
        "findings": found["findings"],
        "artifacts": artifacts,
        "pictures": pictures,
        "too_large": svg.err,
        "proofs": verified.out,
        "refuted": proved["findings"],
    })
}

/// A table without one of its lines.
fn without(text: &str, line: usize) -> String {
    let lines = text.lines().enumerate().filter(|(at, _)| *at != line);
    lines.map(|(_, text)| format!("{text}\n")).collect()
}

#[test]
#[ignore = "needs the target wasm32-wasip1, Chromium and node: run by tests/run"]
fn says_and_gives_what_the_command_does() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap();
    let site = Folder::new();
    let built = Command::new(root.join("codegen/playground/build"))
        .arg(site.path("playground"))
        .output()
        .expect("bash runs");
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));

    let read = |path: &str| fs::read_to_string(root.join(path)).unwrap();
    let order = read("codegen/examples/order/order.toml");
    let mut tables = vec![
        ("deploy", read("deploy.toml")),
        ("order", order.clone()),
        ("odd", read("tests/artifacts/page/odd.toml")),
        ("tcp", read("tests/tables/tcp.toml")),
        // It has proofs that do not hold, and warnings.
        ("rework", read("tests/tables/rework.toml")),
        ("large", large(201)),
        ("bom", format!("\u{feff}# pläced 🚀\n{}", order.replace("= \"placed\" ", "= \"place\" "))),
    ];
    let lines =
        order.lines().enumerate().filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    let faulty = lines.step_by(4).map(|(at, _)| ("order", without(&order, at)));
    tables.extend(faulty);
    let expected: Vec<Value> = tables.iter().map(|(name, text)| by_command(name, text)).collect();
    let valid = expected.iter().filter(|table| table["valid"] == true).count();
    assert!(valid > 5 && expected.len() - valid > 3, "{valid} of {} are valid", expected.len());
    site.write("expected.json", Value::from(expected).to_string());

    let script = root.join("tests/runtime/browser/playground.mjs");
    let output = Command::new("node")
        .arg(script)
        .env("SITE", site.path("playground"))
        .env("EXPECTED", site.path("expected.json"))
        .output()
        .expect("node runs; install it (on Debian: apt-get install nodejs)");
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    print!("{said}");
}

/// More states than a picture has.
fn large(states: usize) -> String {
    let mut text = "format = 1\n[machine]\nname = \"large\"\ninitial = \"s0\"\n".to_owned();
    for state in 0..states {
        text += &format!("[[state]]\nname = \"s{state}\"\n");
    }
    let path: Vec<String> = (0..states).map(|state| format!("\"s{state}\"")).collect();
    text + &format!("[[transition]]\npath = [{}]\n[target.json]\n", path.join(", "))
}
