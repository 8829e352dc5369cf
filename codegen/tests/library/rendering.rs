//! How findings look: the source line, a caret, the help; whatever the line holds.

use crate::common;
use crate::common::{MARK, table, two};
use phasegate_codegen::finding;
use phasegate_codegen::table::Source;

/// Findings as a terminal without colour shows them.
fn shown(table: &str) -> String {
    let table = table.replace(MARK, "");
    let source = Source::new("table.toml", &table);
    finding::text(&common::findings(table.as_bytes()), Some(&source), false)
}

#[test]
fn shows_the_line_a_caret_and_the_help() {
    insta::assert_snapshot!(shown(
        "format = 1\n\n[machine]\nname = \"order\"\ninitial = \"plced\"\n\n\
         [[state]]\nname = \"placed\"\n\n[[state]]\nname = \"paid\"\noutcom = \"success\"\n\n\
         [[transition]]\npath = [\"placed\", \"paid\"]\n"
    ));
}

#[test]
fn shows_the_first_line_of_a_row_that_has_several() {
    insta::assert_snapshot!(shown(
        "format = 1\n\n[machine]\nname = \"order\"\ninitial = \"placed\"\n\n\
         [[state]]\nname = \"placed\"\n\n[[transition]]\n# both\npath = [\"placed\", \"placed\"]\n\
         from = [\n  \"placed\",\n]\n"
    ));
}

#[test]
fn shows_tabs_wide_characters_and_carriage_returns_as_they_are() {
    insta::assert_snapshot!(shown(
        &two(", title = \"\t漢字 é\", phase = \"p\"", "").replace('\n', "\r\n")
    ));
}

#[test]
fn shows_a_file_without_text_and_one_that_ends_too_early() {
    insta::assert_snapshot!(format!("{}{}", shown(""), shown("format = 1\n[machine")));
}

#[test]
fn cuts_a_line_of_a_mebibyte_around_the_place() {
    let text = table(
        &format!(
            r#"{{ name = "a", doc = "{}", colour = "{}" }}"#,
            "é".repeat(100_000),
            "x".repeat(100_000)
        ),
        "",
        "",
    );
    let shown = shown(&text);
    assert!(shown.len() < 2_000, "{} bytes", shown.len());
    assert!(shown.contains("table.toml:3:100034"), "{shown}");
    assert!(shown.contains("colour = "), "{shown}");
}

#[test]
fn annotates_workflows_with_every_special_character_escaped() {
    let table = two(", colour = 1", "").replace("\"m\"", "\"m%\\n\"");
    let mut findings = common::findings(table.as_bytes());
    for finding in &mut findings {
        finding.path = "a,b:c.toml".to_owned();
    }
    insta::assert_snapshot!(finding::github(&findings));
}

#[test]
fn colours_only_where_it_is_asked_to() {
    let table = two(", colour = 1", "");
    let source = Source::new("table.toml", &table);
    let findings = common::findings(table.as_bytes());
    assert!(finding::text(&findings, Some(&source), true).contains('\u{1b}'));
    assert!(!finding::text(&findings, Some(&source), false).contains('\u{1b}'));
}

#[test]
fn lets_no_escape_sequence_of_the_table_through() {
    let shown = shown(&two(", \"\\u001b[31m\" = 1", ""));
    assert!(!shown.contains('\u{1b}'), "{shown:?}");
}
