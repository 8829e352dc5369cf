//! `KILLS.md`: which check kills which defect.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use super::defect::Defect;

const HEAD: &str = "# Which check kills which defect\n\n\
    Kept by `tests/artifacts/mutants.rs`: each line is a defect that was put into a generated artifact, alone, and the first\n\
    check that failed of it.\n";

fn path() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/artifacts/mutants/KILLS.md")
}

fn heading(list: &str) -> String {
    format!("\n## {list}\n\n")
}

/// Where a list's section is in the text: from its heading to the next.
fn section(text: &str, list: &str) -> Option<std::ops::Range<usize>> {
    let start = text.find(&heading(list))?;
    let length = text[start + 1..].find("\n## ").map_or(text.len() - start, |next| next + 1);
    Some(start..start + length)
}

/// Every defect must be killed, by the check that `KILLS.md` says.
pub(crate) fn sync(list: &str, killed: &[(&Defect, Option<String>)]) {
    let mut now = heading(list) + "| Defect | Artifact | Killed by |\n|---|---|---|\n";
    for (defect, killer) in killed {
        let killer = killer.as_deref().map_or("**nothing**".to_owned(), |by| format!("`{by}`"));
        writeln!(now, "| {} | {} | {killer} |", defect.what, defect.artifact).unwrap();
    }
    println!("{now}");
    let survivors: Vec<&str> = killed
        .iter()
        .filter(|(_, killer)| killer.is_none())
        .map(|(defect, _)| defect.what)
        .collect();
    assert!(survivors.is_empty(), "nothing kills: {survivors:#?}");
    let text = fs::read_to_string(path()).unwrap_or_else(|_| HEAD.to_owned());
    let kept = section(&text, list).map(|range| text[range].to_owned());
    if kept.as_deref() == Some(&now) {
        return;
    }
    assert_eq!(
        std::env::var("KILLS").as_deref(),
        Ok("write"),
        "tests/artifacts/mutants/KILLS.md says otherwise: {kept:?}"
    );
    let written = match section(&text, list) {
        Some(range) => format!("{}{now}{}", &text[..range.start], &text[range.end..]),
        None => text + &now,
    };
    fs::write(path(), written).unwrap();
}

/// `KILLS.md` has these sections, with as many defects, and no others.
pub(crate) fn has_exactly(lists: &[(&str, usize)]) {
    let text = fs::read_to_string(path()).unwrap();
    let kept: BTreeMap<&str, usize> = text
        .split("\n## ")
        .skip(1)
        .map(|part| {
            let (list, rows) = part.split_once('\n').unwrap();
            (list, rows.lines().filter(|line| line.starts_with("| ")).count() - 1)
        })
        .collect();
    assert_eq!(
        kept,
        lists.iter().copied().collect(),
        "tests/artifacts/mutants/KILLS.md is out of date"
    );
}
