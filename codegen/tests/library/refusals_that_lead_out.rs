//! What a newcomer writes wrong first, and what the help says then.

use crate::common::findings;
use phasegate_codegen::finding::Finding;

const TABLE: &str = r#"format = 1
[machine]
name = "order"
initial = "placed"
[[state]]
name = "placed"
[[state]]
name = "paid"
[[transition]]
path = ["placed", "paid"]
"#;

/// What is found of the table after a change, each by its rule with its message and its help.
#[track_caller]
fn of(change: impl Fn(&str) -> String) -> Vec<(&'static str, String)> {
    let table = change(TABLE);
    assert_ne!(table, TABLE);
    let told = |one: Finding| (one.rule.id, format!("{}; {}", one.message, one.help));
    findings(table.as_bytes()).into_iter().map(told).collect()
}

#[test]
fn rows_under_a_single_bracket_are_told_once() {
    let found = of(|table| {
        let more = "[transition]\npath = [\"placed\", \"paid\"]\n".repeat(2);
        table.replace("[[state]]", "[state]").replace("[[transition]]", "[transition]") + &more
    });
    let rules: Vec<&str> = found.iter().map(|(rule, _)| *rule).collect();
    assert_eq!(rules, ["not-toml", "not-toml"], "{found:#?}");
    assert!(found[0].1.contains("write [[state]] above each"), "{found:#?}");
    assert!(found[1].1.contains("write [[transition]] above each"), "{found:#?}");
    let found = of(|table| format!("{table}[machine]\ntitle = \"Order\"\n"));
    assert!(found[0].1.contains("`[machine]` stands twice"), "{found:#?}");
    // A key that stands twice is just that.
    let found = of(|table| table.replace("name = \"paid\"", "name = \"paid\"\nname = \"paid\""));
    assert!(found[0].1.starts_with("duplicate key"), "{found:#?}");
}

#[test]
fn the_markers_of_a_merge_are_named() {
    let found = of(|table| {
        table.replace(
            "name = \"paid\"",
            "<<<<<<< HEAD\nname = \"paid\"\n=======\nname = \"settled\"\n>>>>>>> topic",
        )
    });
    assert!(found.iter().all(|(_, told)| told.contains("a merge left its markers")), "{found:#?}");
    // A line that only looks like one is not.
    let found = of(|table| format!("{table}Heading\n=======\n"));
    assert!(found.iter().all(|(_, told)| !told.contains("a merge left")), "{found:#?}");
}

#[test]
fn a_file_that_is_something_else_is_told_in_a_few_findings() {
    let found = of(|_| "Some text, and no table.\n\n".repeat(100));
    assert!(found.len() == 6, "{found:#?}");
    assert_eq!(found[5].0, "more-findings");
    assert!(found[5].1.starts_with("95 more lines"), "{found:#?}");
}

#[test]
fn a_section_that_is_misspelt_is_all_that_is_said() {
    for (section, misspelt) in
        [("transition", "transitions"), ("state", "states"), ("machine", "machin")]
    {
        let found = of(|table| table.replace(&format!("{section}]"), &format!("{misspelt}]")));
        let [(rule, told)] = &found[..] else { panic!("{found:#?}") };
        assert_eq!(*rule, "unknown-key");
        assert!(told.contains(&format!("did you mean `{section}`?")), "{told}");
    }
    // Next to the right one it is a key too many, and what is wrong with the right one is told.
    let found = of(|table| {
        format!(
            "{}[[transitions]]\npath = [\"a\", \"b\"]\n",
            table.replace("placed\", ", "plaed\", ")
        )
    });
    let rules: Vec<&str> = found.iter().map(|(rule, _)| *rule).collect();
    assert!(rules.contains(&"unknown-key") && rules.contains(&"unknown-state"), "{found:#?}");
}

#[test]
fn a_path_in_words_is_shown_as_a_list() {
    for (words, list) in [
        ("placed -> paid", "[\"placed\", \"paid\"]"),
        ("placed, paid", "[\"placed\", \"paid\"]"),
        ("placed", "[\"placed\"]"),
    ] {
        let found = of(|table| table.replace("[\"placed\", \"paid\"]", &format!("\"{words}\"")));
        let told = found.iter().find(|(rule, _)| *rule == "wrong-type");
        assert!(
            told.is_some_and(|(_, told)| told.contains(&format!("write a list: {list}"))),
            "{found:#?}"
        );
    }
}

#[test]
fn a_state_is_not_renamed_from_itself() {
    let found =
        of(|table| table.replace("name = \"paid\"", "name = \"paid\"\nrenamed_from = \"paid\""));
    let [(rule, told)] = &found[..] else { panic!("{found:#?}") };
    assert_eq!(*rule, "renamed-from-exists");
    assert!(told.contains("this is its own name"), "{told}");
}
