//! What the tests of `phasegate migrate` share.

#![allow(dead_code, unreachable_pub, reason = "each test file takes what it needs")]

use serde_json::{Value, json};

use crate::binary::{Folder, Ran};

pub const TABLE: &str = "format = 1\n[machine]\nname = \"job\"\ninitial = \"new\"\n[[state]]\nname = \"new\"\n\
    [[state]]\nname = \"done\"\n[[transition]]\npath = [\"new\", \"done\"]\n[target.sql]\n";

/// The table with a state between its two.
pub fn grown() -> String {
    TABLE
        .replace(
            "[[state]]\nname = \"done\"",
            "[[state]]\nname = \"held\"\n[[state]]\nname = \"done\"",
        )
        .replace("[\"new\", \"done\"]", "[\"new\", \"held\", \"done\"]")
}

/// The table, its first state under another name and stored as that.
pub fn renamed() -> String {
    TABLE
        .replace("name = \"new\"", "name = \"fresh\"\nrenamed_from = \"new\"")
        .replace("initial = \"new\"", "initial = \"fresh\"")
        .replace("[\"new\"", "[\"fresh\"")
}

pub fn migrated(table: &str) -> Folder {
    let folder = Folder::with("job.toml", table);
    let ran = folder.run(&["migrate"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    folder
}

/// Every file's text, by its path.
pub fn texts(folder: &Folder) -> Vec<(String, Vec<u8>)> {
    let read = |path: String| {
        let text = std::fs::read(folder.path(&path)).expect("it is there");
        (path, text)
    };
    folder.files().into_iter().map(read).collect()
}

pub fn rules(ran: &Ran) -> Vec<String> {
    let findings = ran.json()["findings"].clone();
    let rule = |finding: &Value| finding["rule"].as_str().expect("it has one").to_owned();
    findings.as_array().expect("it is a list").iter().map(rule).collect()
}

/// Runs `migrate`, which must refuse for these reasons and leave every file as it is; `check` must
/// say the same.
#[track_caller]
pub fn refuses(folder: &Folder, expected: &[&str]) -> Vec<Value> {
    let before = texts(folder);
    let ran = folder.run(&["migrate", "--format", "json"]);
    assert_eq!((ran.code, &rules(&ran)[..]), (Some(1), &expected.map_to_owned()[..]), "{ran:?}");
    assert_eq!(ran.json()["tables"][0]["files"], json!([]));
    assert_eq!(texts(folder), before, "something was written");
    let checked = rules(&folder.run(&["check", "--format", "json"]));
    for rule in expected {
        assert!(checked.iter().any(|checked| checked == rule), "{rule} in {checked:?}");
    }
    let findings = ran.json()["findings"].clone();
    findings.as_array().expect("it is a list").clone()
}

pub trait MapToOwned {
    /// Each as a text of its own.
    fn map_to_owned(&self) -> Vec<String>;
}

impl MapToOwned for [&str] {
    fn map_to_owned(&self) -> Vec<String> {
        self.iter().map(|text| (*text).to_owned()).collect()
    }
}
