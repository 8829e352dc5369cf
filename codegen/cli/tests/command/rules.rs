//! The registry of rules: each is explained, by the command and on the page of all.

use std::collections::BTreeSet;

use crate::binary::Folder;
use phasegate_codegen::finding::Finding;
use phasegate_codegen::{Error, rules, verify};

#[test]
fn no_two_rules_have_one_id() {
    let mut seen = BTreeSet::new();
    let twice: Vec<&str> =
        rules::all().map(|rule| rule.id).filter(|id| !seen.insert(*id)).collect();
    assert!(twice.is_empty(), "{twice:?}");
}

#[test]
fn each_row_is_filled() {
    for rule in rules::all() {
        let is_of_the_form =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let is_id = rule.id.bytes().all(is_of_the_form);
        assert!(is_id, "{rule:?}: an id is made of lower-case letters, digits and `-`");
        assert!(!rule.looks_for.is_empty(), "{rule:?}");
        assert!(rule.why.ends_with('.'), "{rule:?}");
        assert!(!rule.mend.is_empty(), "{rule:?}");
    }
}

/// Every finding of a table: those of the table itself, and of a valid one what is refuted.
fn found(text: &str) -> (Vec<Finding>, bool) {
    match phasegate_codegen::machine("table.toml", text.as_bytes()) {
        Ok((source, machine, mut findings)) => {
            let proofs = verify::verify(&machine);
            findings.extend(verify::findings(&source, &proofs));
            (findings, true)
        }
        Err(Error::Invalid { findings, .. }) => (findings, false),
        Err(Error::Io(error)) => panic!("nothing is read from disk: {error}"),
    }
}

#[test]
fn each_example_is_found_by_its_rule_and_mended() {
    let mut tried = 0;
    let mut not_clean = Vec::new();
    for rule in rules::all() {
        let Some((wrong, right)) = rule.example.tables() else { continue };
        let is_its = |finding: &Finding| finding.rule == rule;
        let (findings, is_valid) = found(&wrong);
        let own = findings.iter().find(|finding| is_its(finding));
        assert!(own.is_some(), "{rule:?} finds nothing:\n{wrong}");
        // By its family it is known whether it can be accepted.
        assert!(
            !is_valid || rule.is_reported_by("check"),
            "{rule:?} is found in a valid table, and its family is of those that are none: \
             a warning's row is in rules/warnings.rs"
        );
        let (left, is_valid) = found(&right);
        assert!(is_valid, "{rule:?} is mended to no table:\n{right}\n{left:#?}");
        assert!(!left.iter().any(is_its), "{rule:?} is not mended:\n{right}\n{left:#?}");
        let others = left.iter().map(|finding| format!("{}: {}", finding.rule.id, finding.message));
        let others: Vec<String> = others.collect();
        if !others.is_empty() {
            not_clean.push(format!("{}:\n{}", rule.id, others.join("\n")));
        }
        tried += 1;
    }
    assert_eq!(not_clean.join("\n"), "", "what an example is mended to has findings of its own");
    assert!(tried > 50, "only {tried} rules have a table for an example");
}

#[test]
fn explains_each_rule() {
    let folder = Folder::new();
    for rule in rules::all() {
        let ran = folder.run(&["explain", rule.id]);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        assert!(ran.out.starts_with(&format!("{}: {}\n", rule.id, rule.looks_for)), "{ran:?}");
        assert!(ran.out.contains(&format!("help: {}", rule.mend)), "{ran:?}");
    }
}

#[test]
fn lists_all_rules_without_one() {
    let folder = Folder::new();
    let all = folder.run(&["explain"]);
    assert_eq!(all.out.lines().count(), rules::all().count());
    let json = folder.run(&["explain", "--format", "json"]).json();
    assert_eq!(json["rules"].as_array().unwrap().len(), rules::all().count());
    let one = folder.run(&["explain", "bad-name", "--format", "json"]).json();
    assert_eq!(one["rules"][0]["docs"], "docs/rules.md#bad-name");
}

#[test]
fn a_rule_that_is_none_is_said_with_the_nearest() {
    let ran = Folder::new().run(&["explain", "state-aded"]);
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(ran.err.contains("no rule `state-aded`; did you mean `state-added`?"), "{ran:?}");
    let ran = Folder::new().run(&["explain", "STATE-ADDED"]);
    assert!(ran.code == Some(0) && ran.out.starts_with("state-added"), "{ran:?}");
}

#[test]
fn the_page_is_what_the_rows_say() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/rules.md");
    let page = std::fs::read_to_string(path).unwrap_or_default();
    if std::env::var("INSTA_UPDATE").is_ok_and(|how| how == "always") {
        std::fs::write(path, rules::markdown()).unwrap();
        return;
    }
    let how = "run `INSTA_UPDATE=always cargo test -p phasegate-cli --test command rules::`";
    assert!(page == rules::markdown(), "docs/rules.md is not what the rules say: {how}");
}
