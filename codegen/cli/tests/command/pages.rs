//! What README and the book show is what happens: every block of a page is run, is part of a file that
//! others hold, or says why nothing holds it.
//!
//! A page is one session in a folder of its own. A block of `console` has commands (`$ ...`) and what
//! they print, where `...` stands for anything; a block of `sh` has commands that succeed. Comments
//! that readers don't see say the rest, each in front of what it is about:
//!
//! - `<!-- run: COMMANDS -->` is run, and shown to no one
//! - `<!-- file: PATH -->`, `<!-- append: PATH -->` writes the next block to a file
//! - `<!-- part of: PATH -->` holds the next block to a file of the repository
//! - `<!-- not run: REASON -->` lets the next block be
//!
//! `INSTA_UPDATE=always` writes the outputs of a page anew.

mod page;
mod session;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::binary::Folder;
use serde_json::Value;
use session::run;

/// The pages that are run.
const PAGES: &[&str] = &[
    "README.md",
    "docs/quickstart.md",
    "docs/format.md",
    "docs/commands.md",
    "docs/embedding.md",
    "docs/accepted.md",
    "docs/changing.md",
    "docs/drift.md",
    "docs/pictures.md",
    "docs/playground.md",
    "docs/stepper.md",
    "docs/http.md",
    "docs/operating.md",
    "docs/comparison.md",
    "docs/costs.md",
    "docs/architecture.md",
    "docs/decisions.md",
];

/// A page that needs a PostgreSQL, too.
const DATABASES: &str = "docs/databases.md";

/// A page that needs the feature `audit`.
const AUDIT: &str = "docs/audit.md";

/// Pages that others make or hold.
const HELD_ELSEWHERE: &[(&str, &str)] = &[
    ("docs/rules.md", "made of the rules; `rules::` holds it"),
    (DATABASES, "`the_page_on_databases_shows_what_both_databases_do` runs it"),
    (AUDIT, "`the_page_on_histories_shows_what_audit_does` runs it"),
    ("docs/workflows.md", "it shows no command"),
    ("docs/reports.md", "`notify::` in `tests/artifacts` holds its figures"),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn text(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Every page for people: README, the guides at the root, and the book.
fn pages() -> Vec<String> {
    let mut pages = vec!["README.md".to_owned()];
    pages.extend(["ARCHITECTURE.md", "CONTRIBUTING.md"].map(str::to_owned));
    for entry in fs::read_dir(root().join("docs")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if name.ends_with(".md") {
            pages.push(format!("docs/{name}"));
        }
    }
    pages.sort();
    pages
}

#[test]
#[ignore = "needs bash, jq and sqlite3: run by tests/run"]
fn the_commands_of_each_page_print_what_it_shows() {
    let wrong: Vec<String> = PAGES.iter().flat_map(|page| run(&root(), page, &[]).err()).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
#[ignore = "needs PostgreSQL 15, bash and sqlite3: run by tests/run"]
fn the_page_on_databases_shows_what_both_databases_do() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let url = runtime.block_on(crate::cluster::database());
    let (server, database) = url.rsplit_once('/').unwrap();
    let port = server.rsplit_once(':').unwrap().1;
    let env = [
        ("PGHOST", "127.0.0.1"),
        ("PGPORT", port),
        ("PGUSER", "postgres"),
        ("PGDATABASE", database),
        ("SERVER", server),
    ];
    run(&root(), DATABASES, &env).unwrap_or_else(|wrong| panic!("{wrong}"));
}

#[test]
#[ignore = "needs the feature audit, bash, jq and sqlite3: run by tests/run"]
fn the_page_on_histories_shows_what_audit_does() {
    run(&root(), AUDIT, &[]).unwrap_or_else(|wrong| panic!("{wrong}"));
}

#[test]
fn every_page_of_the_book_is_run_or_held_elsewhere() {
    let held = HELD_ELSEWHERE.iter().map(|(page, _)| page);
    let listed: Vec<&&str> = PAGES.iter().chain(held).collect();
    for page in pages().iter().filter(|page| page.starts_with("docs/")) {
        if page != "docs/SUMMARY.md" {
            assert!(listed.iter().any(|&&listed| listed == page), "{page} is on no list");
        }
    }
    for page in listed {
        assert!(root().join(page).exists(), "{page} is not there");
    }
}

#[test]
fn the_book_has_every_page_once() {
    let summary = page::links(&text("docs/SUMMARY.md"));
    for page in pages().iter().filter_map(|page| page.strip_prefix("docs/")) {
        let times = summary.iter().filter(|link| *link == page).count();
        assert_eq!(times, usize::from(page != "SUMMARY.md"), "{page} in docs/SUMMARY.md");
    }
}

#[test]
fn the_picture_of_the_book_is_what_graph_draws() {
    let table = root().join("deploy.toml");
    let drawn = Folder::new().run(&["graph", table.to_str().unwrap(), "--to", "svg"]).out;
    assert!(text("docs/deploy.svg") == drawn, "run `phasegate graph --to svg > docs/deploy.svg`");
}

#[test]
fn every_key_of_the_format_is_on_its_page() {
    let page = text("docs/format.md");
    let schema = Folder::new().run(&["schema"]).json();
    let mut keys = BTreeSet::new();
    collect(&schema, &mut keys);
    assert!(keys.len() > 50, "{keys:?}");
    let missing: Vec<&String> = keys
        .iter()
        .filter(|key| {
            let shown = [format!("`{key}`"), format!("[{key}]"), format!("target.{key}]")];
            let in_list = [format!("{{ {key} = "), format!(", {key} = "), format!("[{key}.")];
            !shown.iter().chain(&in_list).any(|shown| page.contains(shown))
        })
        .collect();
    assert!(missing.is_empty(), "docs/format.md says nothing of {missing:?}");
}

#[test]
fn the_page_of_the_command_lists_every_one() {
    let help = Folder::new().run(&["--help"]).out;
    let commands = help.split_once("Commands:\n").unwrap().1.split_once("\n\n").unwrap().0;
    let mut now = "| command | does |\n|---|---|\n".to_owned();
    // A sentence that is longer than a line goes on below it.
    let lines = commands.lines().map(|line| (line.starts_with("   "), line.trim()));
    for (goes_on, line) in lines {
        match line.split_once("  ") {
            Some((name, does)) if !goes_on => {
                now += &format!("| `phasegate {name}` | {} |\n", does.trim());
            }
            _ => now = format!("{} {line} |\n", now.strip_suffix(" |\n").unwrap()),
        }
    }
    let now = now.replace(
        "| `phasegate help` | Print this message or the help of the given subcommand(s) |\n",
        "",
    );
    assert!(now.lines().count() > 20, "{now}");
    let page = text("docs/commands.md");
    let (start, end) = ("<!-- commands -->\n\n", "\n<!-- end of commands -->");
    let from = page.find(start).expect("the page has a place for it") + start.len();
    let to = page.find(end).expect("the place has an end");
    if std::env::var("INSTA_UPDATE").is_ok_and(|update| update == "always") {
        let page = format!("{}{now}{}", &page[..from.min(to)], &page[to..]);
        fs::write(root().join("docs/commands.md"), page).unwrap();
        return;
    }
    assert_eq!(&page[from..to], now, "INSTA_UPDATE=always writes it anew");
}

#[test]
fn the_page_of_the_interface_has_all_of_it() {
    let page = text("docs/http.md");
    let document: Value = serde_json::from_str(&text("docs/openapi.json")).unwrap();
    let mut names = BTreeSet::new();
    collect(&document["components"]["schemas"], &mut names);
    for (path, calls) in document["paths"].as_object().unwrap() {
        names.insert(path.clone());
        for parameter in calls.as_object().unwrap().values().flat_map(|call| {
            call["parameters"].as_array().into_iter().flatten().collect::<Vec<_>>()
        }) {
            let name = parameter["name"].as_str().unwrap();
            names.insert(name.to_owned());
            // The types of problems; the values of `state` are the table's.
            if name == "name" {
                let types = parameter["schema"]["enum"].as_array().unwrap();
                names.extend(types.iter().map(|name| name.as_str().unwrap().to_owned()));
            }
        }
    }
    assert!(names.len() > 70, "{names:?}");
    let missing: Vec<&String> = names
        .iter()
        .filter(|name| {
            let shown = [format!("`{name}`"), format!("`{name}:"), format!("/{name}`")];
            let in_line = [format!(" {name}`"), format!("\"{name}\""), format!("/{{{name}}}")];
            !shown.iter().chain(&in_line).any(|shown| page.contains(shown))
        })
        .collect();
    assert!(missing.is_empty(), "docs/http.md says nothing of {missing:?}");
}

/// The keys of every object that a schema describes.
fn collect(schema: &Value, keys: &mut BTreeSet<String>) {
    match schema {
        Value::Object(object) => {
            if let Some(Value::Object(properties)) = object.get("properties") {
                keys.extend(properties.keys().cloned());
            }
            object.values().for_each(|value| collect(value, keys));
        }
        Value::Array(values) => values.iter().for_each(|value| collect(value, keys)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
fn no_paragraph_of_the_map_is_longer_than_five_lines() {
    for page in ["ARCHITECTURE.md", "docs/architecture.md"] {
        for paragraph in text(page).split("\n\n").flat_map(|block| block.split("\n- ")) {
            let is_drawn = paragraph.starts_with("```") || paragraph.starts_with('|');
            let is_list = paragraph.contains("\n2. ");
            assert!(is_drawn || is_list || paragraph.len() <= 500, "{page}: {paragraph}");
        }
    }
}

#[test]
fn the_readme_is_a_page_of_a_thousand_words() {
    let words = text("README.md").split_whitespace().count();
    assert!(words <= 1_000, "{words} words");
}

#[test]
fn every_link_of_a_page_leads_somewhere() {
    let mut links = 0;
    for page in pages() {
        for link in page::links(&text(&page)) {
            let (path, anchor) = link.split_once('#').unwrap_or((&link, ""));
            let folder = Path::new(&page).parent().unwrap();
            let at = if path.is_empty() { PathBuf::from(&page) } else { folder.join(path) };
            assert!(root().join(&at).exists(), "{page}: {link} leads nowhere");
            let leaves_the_book = page.starts_with("docs/") && path.starts_with("..");
            assert!(
                !leaves_the_book,
                "{page}: mdBook does not have {link}: write the address of it"
            );
            if !anchor.is_empty() {
                let headings = page::anchors(&text(&at.to_string_lossy()));
                assert!(headings.iter().any(|it| it == anchor), "{page}: {link} names no heading");
            }
            links += 1;
        }
    }
    assert!(links > 20, "{links}");
}
