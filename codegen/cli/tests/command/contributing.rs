//! CONTRIBUTING is followed: each way to add something names files that are there, and the list that
//! it ends in has a row for all that there is.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use phasegate_codegen::emit::TARGETS;

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

pub(crate) fn text(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The paths that a section of CONTRIBUTING names.
fn named(section: &str) -> Vec<String> {
    let guide = text("CONTRIBUTING.md");
    let (_, section) = guide.split_once(&format!("## {section}\n")).expect("the section is there");
    let section = section.split("\n## ").next().unwrap();
    let words = section.split('`').skip(1).step_by(2);
    words
        .filter(|word| word.starts_with("codegen/") || word.starts_with("tests/"))
        .map(|word| word.split(':').next().unwrap().to_owned())
        .collect()
}

/// The Rust files below a folder, with their text.
pub(crate) fn files(folder: &str) -> Vec<(PathBuf, String)> {
    let mut all = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                all.push((path, text));
            }
        }
    }
    all
}

#[test]
fn every_direct_dependency_says_what_it_is_for() {
    let guide = text("CONTRIBUTING.md");
    let (_, section) = guide.split_once("## Dependencies\n").expect("the section is there");
    let section = section.split("\n## ").next().unwrap();
    let crates = section.lines().filter_map(|line| line.strip_prefix("| `")?.split(" | ").next());
    let said: BTreeSet<&str> =
        crates.flat_map(|it| it.split("`, `")).map(|it| it.trim_end_matches('`')).collect();
    let mut used = BTreeSet::new();
    for folder in ["", "codegen/", "codegen/audit/", "codegen/cli/", "codegen/playground/"] {
        let manifest = format!("{folder}Cargo.toml");
        let manifest: toml::Table = text(&manifest).parse().unwrap();
        used.extend(manifest["dependencies"].as_table().unwrap().keys().cloned());
    }
    let own = |name: &&String| !name.starts_with("phasegate");
    let used: BTreeSet<&str> = used.iter().filter(own).map(String::as_str).collect();
    assert_eq!(said, used);
}

#[test]
fn every_file_that_a_way_to_add_something_names_is_there() {
    for (section, least) in
        [("Adding a target", 7), ("Adding a rule or a check", 12), ("Adding a command", 4)]
    {
        let named = named(section);
        assert!(named.len() >= least, "{section}: {named:?}");
        for path in named {
            assert!(root().join(&path).exists(), "{section}: {path} is not there");
        }
    }
}

#[test]
fn every_file_of_tests_is_a_module_of_its_program() {
    for folder in [
        "tests/artifacts",
        "tests/database",
        "tests/runtime",
        "codegen/tests/library",
        "codegen/audit/tests/audit",
        "codegen/cli/tests/command",
    ] {
        let main = text(&format!("{folder}/main.rs"));
        for entry in fs::read_dir(root().join(folder)).unwrap() {
            let path = entry.unwrap().path();
            let Some(name) = path.file_name().unwrap().to_str().unwrap().strip_suffix(".rs") else {
                continue;
            };
            let is_module = name == "main" || main.contains(&format!("mod {name};"));
            assert!(is_module, "{folder}/main.rs has no `mod {name};`: its tests never run");
        }
    }
}

#[test]
fn every_artifact_says_whose_it_is_and_ends_with_one_line_feed() {
    let odd = phasegate_codegen::load(&root().join("tests/artifacts/page/odd.toml")).unwrap();
    for target in TARGETS {
        let artifacts = target.render(&odd.machine, &odd.header);
        let key = target.key();
        assert!(!artifacts.is_empty(), "tests/artifacts/page/odd.toml has no [target.{key}]");
        for artifact in artifacts {
            let (path, text) = (&artifact.path, &artifact.text);
            let start: String = text.chars().take(1_000).collect();
            let header = odd.header.line();
            assert!(
                artifact.in_place || start.contains(&header),
                "{path} does not begin with {header}"
            );
            assert!(text.ends_with('\n') && !text.ends_with("\n\n"), "the end of {path}");
        }
    }
}

#[test]
fn every_target_is_a_file_a_folder_of_templates_and_a_row() {
    let all = files("codegen/src/emit");
    let targets = all.iter().filter(|(_, text)| text.contains("\nimpl Target for "));
    assert_eq!(targets.count(), TARGETS.len(), "a target that no row of TARGETS lists");
    for target in TARGETS {
        let key = target.key();
        let file = root().join(format!("codegen/src/emit/{key}.rs"));
        assert!(file.exists(), "[target.{key}] is not at {}", file.display());
        let templates = root().join(format!("codegen/templates/{key}"));
        assert!(templates.is_dir(), "[target.{key}] has no {}", templates.display());
    }
    // Who names a target outside of its file is one more place that a new one has to be put to.
    for place in ["table", "validate", "machine"] {
        for (path, text) in files(&format!("codegen/src/{place}")) {
            for target in TARGETS {
                let import = format!("emit::{}", target.key());
                assert!(!text.contains(&import), "{} names {import}", path.display());
            }
        }
    }
    for (path, text) in all {
        assert!(!text.contains("crate::validate"), "{} names validate", path.display());
    }
}

#[test]
fn every_check_has_its_row() {
    let list = text("codegen/src/validate/mod.rs");
    let (_, rows) = list.split_once("\nconst CHECKS: ").expect("the list is there");
    let rows: BTreeSet<&str> = rows.split("];").next().unwrap().split_whitespace().collect();
    let mut checks = 0;
    for (path, text) in files("codegen/src/validate") {
        let module = path.file_stem().unwrap().to_string_lossy().into_owned();
        for line in text.lines() {
            let Some(rest) = line.strip_prefix("pub(super) fn ") else { continue };
            let Some((name, "draft: &mut Draft<'_>) {")) = rest.split_once('(') else { continue };
            let row = format!("{module}::{name},");
            assert!(rows.contains(row.as_str()), "`{row}` is no row of CHECKS");
            checks += 1;
        }
    }
    assert!(checks > 20, "{checks}");
}

#[test]
fn every_file_of_a_command_has_its_row() {
    let list = text("codegen/cli/src/command/mod.rs");
    let (_, rows) = list.split_once("\nenum Command {").expect("the list is there");
    let rows = rows.split("\n}").next().unwrap();
    let mut commands = 0;
    for entry in fs::read_dir(root().join("codegen/cli/src/command")).unwrap() {
        let path = entry.unwrap().path();
        let module = path.file_stem().unwrap().to_string_lossy().into_owned();
        let Ok(text) = fs::read_to_string(&path) else { continue };
        let runs = text.split("\nimpl ").skip(1).filter_map(|it| it.split_once(" {"));
        for (name, body) in runs {
            let body = body.split("\n}\n").next().unwrap();
            if body.contains("fn run(&self) -> CommandResult") {
                // A command of a command has its row next to it.
                let (row, below) = (format!("{name}({module}::{name})"), format!("{name}({name})"));
                let has_row = rows.contains(&row) || text.contains(&below);
                assert!(has_row, "{row} is no row of Command");
                commands += 1;
            }
        }
    }
    assert!(commands > 10, "{commands}");
}

#[test]
fn each_feature_brings_as_many_crates_as_the_book_says() {
    let crates = |features: &str| {
        let mut tree = std::process::Command::new(env!("CARGO"));
        tree.args(["tree", "--locked", "--offline", "--package", "phasegate", "--edges", "normal"])
            .args(["--prefix", "none", "--no-default-features", "--features", features])
            .current_dir(root());
        let tree = tree.output().expect("there is cargo");
        assert!(tree.status.success(), "{}", String::from_utf8_lossy(&tree.stderr));
        let tree = String::from_utf8(tree.stdout).unwrap();
        let name = |line: &str| line.split_whitespace().take(2).collect::<Vec<_>>().join(" ");
        tree.lines().map(name).collect::<BTreeSet<_>>().len()
    };
    let page = text("docs/embedding.md");
    let says = |row: &str, cost: String| {
        let line = page.lines().find(|line| line.starts_with(row));
        let line = line.unwrap_or_else(|| panic!("no row {row}"));
        assert!(line.contains(&format!("| {cost} |")), "it is {cost}: {line}");
    };
    says("| none ", crates("").to_string());
    says("| `sqlite` ", crates("sqlite").to_string());
    let postgres = crates("postgres");
    says("| `postgres` ", postgres.to_string());
    let http = crates("postgres,http");
    says("| `http` ", format!("{http} with PostgreSQL"));
    for feature in ["limit", "metrics", "openapi", "oidc"] {
        let more = crates(&format!("postgres,{feature}")) - http;
        says(&format!("| `{feature}` "), format!("{more} more"));
    }
    let oidc = crates("postgres,oidc");
    assert_eq!((crates("postgres,dispatch"), crates("postgres,oidc,dispatch")), (oidc, oidc));
    says("| `dispatch` ", format!("{} more, the same as `oidc`", oidc - http));
    // A feature that the table lacks has no known price.
    let manifest: toml::Table = text("Cargo.toml").parse().unwrap();
    for feature in manifest["features"].as_table().unwrap().keys() {
        let is_inner = ["default", "store"].contains(&feature.as_str());
        assert!(is_inner || page.contains(&format!("\n| `{feature}` |")), "no row for {feature}");
    }
    says("| `tls` ", format!("{} more", crates("postgres,tls") - postgres));
    says("| `console` ", format!("{} with both databases", crates("console")));
}
