//! The registry of rules: each is explained, by the command and on the page of all.

#![allow(clippy::unwrap_used, reason = "a test fails by them")]

#[path = "common/binary.rs"]
mod binary;

use std::collections::BTreeSet;

use binary::Folder;
use phasegate_codegen::rules;

#[test]
fn no_two_rules_have_one_id() {
    let mut seen = BTreeSet::new();
    let twice: Vec<&str> =
        rules::all().map(|rule| rule.id).filter(|id| !seen.insert(*id)).collect();
    assert!(twice.is_empty(), "{twice:?}");
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
}
