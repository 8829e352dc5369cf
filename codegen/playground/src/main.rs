//! What the playground of the book runs in a browser: it reads a table from standard input, and prints as
//! JSON what the command `phasegate` says of it.
//!
//! It is a program and no library: as one (`wasm32-wasip1`) it needs no glue that somebody has to generate,
//! and each run begins with an empty memory. The page hands it a name and the text, and reads what it prints.

use std::env;
use std::io::{self, Read as _, Write as _};
use std::path::Path;

use phasegate_codegen::accepted::Accepted;
use phasegate_codegen::emit::TARGETS;
use phasegate_codegen::finding::{self, Finding};
use phasegate_codegen::graph::Drawing;
use phasegate_codegen::load::{self, Loaded};
use phasegate_codegen::table::Source;
use phasegate_codegen::{Error, render, verify};
use serde_json::{Value, json};

const USAGE: &str = "usage: phasegate-playground show|prove NAME.toml < TABLE";

fn main() -> io::Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let mut table = Vec::new();
    io::stdin().lock().read_to_end(&mut table)?;
    let answer = match &arguments[..] {
        [what, path] if what == "show" => show(path, &table),
        [what, path] if what == "prove" => prove(path, &table),
        _ => return Err(io::Error::new(io::ErrorKind::InvalidInput, USAGE)),
    };
    io::stdout().lock().write_all(answer.to_string().as_bytes())
}

/// The table as it would be read from a file of the current folder; or what is wrong with it, and its text.
fn read(path: &str, table: &[u8]) -> Result<Loaded, (Vec<Finding>, Source)> {
    match load::machine(path, table) {
        Ok((source, machine, warnings)) => {
            let mut loaded = Loaded::of(path, &machine);
            (loaded.source, loaded.warnings) = (source, warnings);
            Ok(loaded)
        }
        Err(Error::Invalid { findings, source }) => Err((findings, source)),
        Err(Error::Io(error)) => unreachable!("a text is read from no file: {error}"),
    }
}

/// What is wrong with a table; of one that is valid what `generate` and `graph` make of it.
fn show(path: &str, table: &[u8]) -> Value {
    let loaded = match read(path, table) {
        Ok(loaded) => loaded,
        Err((findings, source)) => {
            return json!({ "valid": false, "findings": shown(&findings, &source) });
        }
    };
    let artifacts = render(&loaded, TARGETS).into_iter().map(|artifact| {
        json!({ "path": artifact.path, "target": artifact.target, "text": artifact.text })
    });
    let drawing = Drawing::new(&loaded.machine);
    let with_skips = drawing.clone().with_skips(true);
    let svg = |drawing: &Drawing<'_>| match drawing.svg() {
        Ok(svg) => json!({ "text": svg }),
        Err(too_large) => json!({ "error": format!("{too_large}.") }),
    };
    json!({
        "valid": true,
        "findings": shown(&loaded.warnings, &loaded.source),
        "artifacts": artifacts.collect::<Vec<_>>(),
        "pictures": {
            "svg": svg(&drawing),
            "svg-skips": svg(&with_skips),
            "mermaid": { "text": drawing.mermaid() },
            "mermaid-skips": { "text": with_skips.mermaid() },
            "dot": { "text": drawing.dot() },
            "dot-skips": { "text": with_skips.dot() },
        },
    })
}

/// What `verify` says of a valid table.
fn prove(path: &str, table: &[u8]) -> Value {
    let Ok(loaded) = read(path, table) else { return json!({ "valid": false }) };
    let proofs = verify::verify(&loaded.machine);
    let mut findings = verify::findings(&loaded.source, &proofs);
    // It gives each finding what it could be accepted by; there is no file of accepted ones here.
    let accepted = Accepted::of(Path::new(path));
    if let Ok(mut accepted) = accepted {
        // Without a current folder, findings have no fingerprint.
        let _ = accepted.accept(&loaded, &mut findings);
    }
    json!({
        "valid": true,
        "findings": shown(&findings, &loaded.source),
        "text": verify::text(&proofs),
        "summary": verify::summary(&proofs),
    })
}

/// Findings as the command's JSON has them, each with the command's text and its place in the page's: from
/// and to, in units of UTF-16, as scripts count.
fn shown(findings: &[Finding], source: &Source) -> Vec<Value> {
    let units = |bytes: usize| {
        let end = (0..=bytes.min(source.text.len())).rev();
        let end = end.into_iter().find(|&at| source.text.is_char_boundary(at)).unwrap_or(0);
        source.text[..end].encode_utf16().count()
    };
    let shown = |finding: &Finding| {
        let text = finding::text(std::slice::from_ref(finding), Some(source), false);
        let place = finding.span.as_ref().map(|span| [units(span.start), units(span.end)]);
        json!({ "finding": finding, "text": text, "place": place })
    };
    findings.iter().map(shown).collect()
}
