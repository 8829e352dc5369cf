//! What the tests share: one `check` for accepted and rejected tables, and small tables.

#![allow(dead_code, unreachable_pub, reason = "each test file takes what it needs")]

pub mod proofs;

use phasegate_codegen::finding::{Finding, Severity};
use phasegate_codegen::{Error, Machine};

/// The deploy console's own table.
pub const DEPLOY: &str = include_str!("../../../deploy.toml");

/// All findings about a table, the warnings too.
pub fn findings(table: &[u8]) -> Vec<Finding> {
    match phasegate_codegen::machine("table.toml", table) {
        Ok((_, _, warnings)) => warnings,
        Err(Error::Invalid { findings, .. }) => findings,
        Err(Error::Io(error)) => panic!("nothing is read from disk: {error}"),
    }
}

/// The machine of a table that is valid.
#[track_caller]
pub fn machine(table: &str) -> Machine {
    match phasegate_codegen::machine("table.toml", table.as_bytes()) {
        Ok((_, machine, _)) => machine,
        Err(error) => panic!("{error}\n{table}"),
    }
}

/// Marks the place of a finding in the tables below; it is taken out before the table is read.
pub const MARK: char = '«';

/// A table of some states and transitions, and what follows them.
pub fn table(states: &str, transitions: &str, rest: &str) -> String {
    format!(
        "format = 1\nmachine = {{ name = \"m\", initial = \"a\" }}\nstate = [{states}]\n\
         transition = [{transitions}]\n{rest}"
    )
}

/// States `a`, `b` and `z`, a path through them, and what follows.
pub fn with(rest: &str) -> String {
    table(
        r#"{ name = "a" }, { name = "b" }, { name = "z" }"#,
        r#"{ path = ["a", "b", "z"] }"#,
        rest,
    )
}

/// A state `a` that leads to a state `b`, with what else they have.
pub fn two(a: &str, b: &str) -> String {
    table(&format!(r#"{{ name = "a"{a} }}, {{ name = "b"{b} }}"#), r#"{ path = ["a", "b"] }"#, "")
}

/// Holds the errors of a table to rows of `rule part of the message`, in the order of their
/// places, each of which is marked by a `«`; no rows where the table is accepted.
#[track_caller]
pub fn check(table: impl AsRef<str>, expected: &[&str]) {
    check_all(table.as_ref(), expected, Severity::Error);
}

/// Holds the warnings of a table that is accepted to such rows.
#[track_caller]
pub fn warns(table: impl AsRef<str>, expected: &[&str]) {
    check_all(table.as_ref(), expected, Severity::Warning);
    check_all(&table.as_ref().replace(MARK, ""), &[], Severity::Error);
}

#[track_caller]
fn check_all(marked: &str, expected: &[&str], severity: Severity) {
    let (mut table, mut places) = (String::new(), Vec::new());
    let (mut line, mut column) = (1, 1);
    for c in marked.chars() {
        match c {
            MARK => places.push((line, column)),
            '\n' => (line, column) = (line + 1, 1),
            // It is passed over, and takes no room.
            '\u{feff}' => {}
            _ => column += 1,
        }
        table.extend((c != MARK).then_some(c));
    }
    let all = findings(table.as_bytes());
    let found: Vec<&Finding> = all.iter().filter(|f| f.severity == severity).collect();
    let lines: Vec<String> = found
        .iter()
        .map(|f| {
            format!("{} {}:{} {}", f.rule.id, f.line.unwrap_or(0), f.column.unwrap_or(0), f.message)
        })
        .collect();
    let told = lines.join("\n");
    assert_eq!(found.len(), expected.len(), "{table}\n--- expected {expected:#?}, found:\n{told}");
    assert_eq!(places.len(), expected.len(), "a row has one mark each:\n{marked}\n---\n{told}");
    for ((finding, expected), place) in found.iter().zip(expected).zip(places) {
        let (rule, part) = expected.split_once(' ').unwrap_or((expected, ""));
        let message = format!("{table}\n--- expected {expected:?} at {place:?}, found:\n{told}");
        assert_eq!(finding.rule.id, rule, "{message}");
        assert!(finding.message.contains(part), "{message}");
        assert_eq!(finding.line.zip(finding.column), Some(place), "{message}");
        assert!(!finding.message.is_empty(), "a message says what is wrong: {told}");
        assert!(!finding.help.is_empty(), "a help says what would be right: {told}");
        assert_ne!(finding.message, finding.help, "message and help are apart");
    }
}
