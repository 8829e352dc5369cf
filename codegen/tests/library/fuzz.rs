//! No input panics, and none that is refused is refused without a word and a place.

use crate::common::DEPLOY;
use phasegate_codegen::{Error, finding};
use proptest::prelude::*;

/// Reads a table and words all that is found. Says whether it is accepted.
fn read(table: &[u8]) -> Result<bool, TestCaseError> {
    match phasegate_codegen::machine("table.toml", table) {
        Ok((source, machine, warnings)) => {
            prop_assert!(warnings.iter().all(|finding| !finding.is_error()));
            finding::text(&warnings, Some(&source), true);
            for state in machine.state_ids() {
                machine.phases(&[machine.initial[0], state], Some(state));
            }
            Ok(true)
        }
        Err(Error::Invalid { findings, source }) => {
            let errors: Vec<_> = findings.iter().filter(|finding| finding.is_error()).collect();
            prop_assert!(!errors.is_empty(), "refused without a word");
            let lines = table.iter().filter(|&&byte| byte == b'\n').count() + 1;
            for finding in &findings {
                let (line, column) = (finding.line.unwrap_or(0), finding.column.unwrap_or(0));
                prop_assert!((1..=lines).contains(&line) && column >= 1, "{finding:?}");
                prop_assert!(!finding.message.is_empty() && !finding.help.is_empty());
                prop_assert!(finding.message.len() < 5_000, "{} bytes", finding.message.len());
                prop_assert!(finding.help.len() < 5_000, "{} bytes", finding.help.len());
            }
            finding::text(&findings, Some(&source), false);
            finding::github(&findings);
            Ok(false)
        }
        Err(Error::Io(error)) => Err(TestCaseError::fail(error.to_string())),
    }
}

/// Pieces that a table is made of, and that have no place in one.
const PIECES: &[&str] = &[
    "format",
    "root",
    "machine",
    "phase",
    "state",
    "transition",
    "job",
    "target",
    "name",
    "value",
    "title",
    "initial",
    "meta",
    "doc",
    "completes",
    "optional",
    "outcome",
    "reopens",
    "retired",
    "renamed_from",
    "expect",
    "path",
    "from",
    "except",
    "to",
    "needs",
    "always",
    "start",
    "milestones",
    "success",
    "failure",
    "cancelled",
    "rust",
    "sql",
    "dialects",
    "migrations",
    "events",
    "derive",
    "=",
    "=",
    "=",
    "[",
    "]",
    "[[",
    "]]",
    "{",
    "}",
    ",",
    ".",
    "\n",
    "\n",
    "\n",
    "\"",
    "\"a\"",
    "\"b\"",
    "\"*\"",
    "\"\"",
    "'",
    "\"\"\"",
    "'''",
    "1",
    "-1",
    "0x1",
    "1.5",
    "inf",
    "true",
    "false",
    "1979-05-27",
    "#",
    "\\",
    "\u{feff}",
    "\r\n",
    "\t",
    "\0",
    "é",
    "漢",
    "\u{1b}",
    "\"\\u0000\"",
];

fn piece() -> impl Strategy<Value = &'static str> {
    proptest::sample::select(PIECES)
}

/// A line that looks as if it belonged into a table.
fn line() -> impl Strategy<Value = String> {
    let value = prop_oneof![
        4 => piece().prop_map(str::to_owned),
        2 => "\"[a-z_*]{0,3}\"",
        1 => proptest::collection::vec(piece(), 0..4).prop_map(|items| format!("[{}]", items.join(", "))),
        1 => (piece(), piece()).prop_map(|(key, value)| format!("{{ {key} = {value} }}")),
    ];
    prop_oneof![
        3 => (piece(), value).prop_map(|(key, value)| format!("{key} = {value}\n")),
        1 => piece().prop_map(|key| format!("[[{key}]]\n")),
        1 => (piece(), piece()).prop_map(|(a, b)| format!("[{a}.{b}]\n")),
    ]
}

/// One change to a text: a piece put in, put in place of another, a stretch cut or doubled.
fn mangled(text: &str, at: usize, length: usize, piece: &str, how: u8) -> String {
    let boundary = |at: usize| (0..=at).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
    let start = boundary(at % (text.len() + 1));
    let end = boundary((start + length).min(text.len())).max(start);
    let (before, within, after) = (&text[..start], &text[start..end], &text[end..]);
    match how {
        0 => format!("{before}{piece}{within}{after}"),
        1 => format!("{before}{piece}{after}"),
        2 => format!("{before}{after}"),
        _ => format!("{before}{within}{within}{after}"),
    }
}

/// The values of a table, each put in place of another.
fn swapped(text: &str, a: usize, b: usize) -> String {
    let mut lines: Vec<&str> = text.lines().collect();
    let (a, b) = (a % lines.len(), b % lines.len());
    let value = |line: &str| line.split_once('=').map(|(_, value)| value.to_owned());
    let changed = match (lines[a].split_once('='), value(lines[b])) {
        (Some((key, _)), Some(value)) => format!("{key}={value}"),
        _ => String::new(),
    };
    lines[a] = &changed;
    lines.join("\n")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..512)) {
        read(&bytes)?;
    }

    #[test]
    fn no_pieces_of_a_table_panic(pieces in proptest::collection::vec(piece(), 0..64)) {
        read(pieces.join(" ").as_bytes())?;
        read(pieces.concat().as_bytes())?;
    }

    #[test]
    fn no_lines_of_a_table_panic(lines in proptest::collection::vec(line(), 0..32)) {
        read(format!("format = 1\n{}", lines.concat()).as_bytes())?;
    }

    #[test]
    fn no_mangled_table_panics(
        changes in proptest::collection::vec((any::<usize>(), 0_usize..40, piece(), 0_u8..4), 1..4),
    ) {
        let mut text = DEPLOY.to_owned();
        for (at, length, piece, how) in changes {
            text = mangled(&text, at, length, piece, how);
        }
        read(text.as_bytes())?;
    }

    #[test]
    fn no_table_of_values_in_the_wrong_places_panics(
        swaps in proptest::collection::vec((any::<usize>(), any::<usize>()), 1..6),
    ) {
        let mut text = DEPLOY.to_owned();
        for (a, b) in swaps {
            text = swapped(&text, a, b);
        }
        read(text.as_bytes())?;
    }

    #[test]
    fn no_cut_table_panics(at in 0..DEPLOY.len()) {
        read(&DEPLOY.as_bytes()[..at])?;
        read(&DEPLOY.as_bytes()[at..])?;
    }
}

#[test]
fn the_deploy_table_itself_is_accepted() {
    assert!(read(DEPLOY.as_bytes()).expect("it is read"));
}

#[test]
fn every_single_line_left_out_is_accepted_or_told_of() {
    let lines: Vec<&str> = DEPLOY.lines().collect();
    let mut refused = 0;
    for without in 0..lines.len() {
        let kept: Vec<&str> = lines
            .iter()
            .enumerate()
            .filter(|&(at, _)| at != without)
            .map(|(_, line)| *line)
            .collect();
        let is_accepted = read(kept.join("\n").as_bytes()).expect("a refusal has its words");
        refused += usize::from(!is_accepted);
    }
    assert!(refused > 50, "only {refused} of the lines matter");
}
