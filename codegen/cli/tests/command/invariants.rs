//! The invariants of ARCHITECTURE that can be read off the code. Those of what a layer does are run elsewhere.

use crate::contributing::{files, root, text};

/// The lines of code below a folder that a word stands in, each with its file; comments and tests are none.
fn lines(folder: &str, is_it: impl Fn(&str) -> bool) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for (path, text) in files(folder) {
        let at = path.to_string_lossy().replace('\\', "/");
        let at = at.split("/../../").last().unwrap().to_owned();
        let code = text.split("\n#[cfg(test)]\nmod tests {").next().unwrap();
        let code = code.lines().filter(|line| !line.trim_start().starts_with("//"));
        found.extend(code.filter(|line| is_it(line)).map(|line| (at.clone(), line.to_owned())));
    }
    found.sort();
    found
}

fn has(words: &[&str]) -> impl Fn(&str) -> bool {
    move |line| words.iter().any(|word| line.contains(word))
}

#[test]
fn artifacts_and_migrations_are_written_in_one_place_each() {
    let writes = [
        "fs::write(",
        "fs::rename(",
        "fs::create_dir",
        "fs::remove_",
        "fs::copy(",
        "fs::hard_link(",
        "File::create",
        "OpenOptions",
        ".persist(",
    ];
    let mut places: Vec<String> =
        lines("codegen/src", has(&writes)).into_iter().map(|(at, _)| at).collect();
    places.dedup();
    assert_eq!(places, ["codegen/src/artifact/disk.rs", "codegen/src/migrate/disk.rs"]);
}

#[test]
fn templates_compute_nothing() {
    let mut folders = vec![root().join("codegen/templates")];
    let (mut templates, mut computed) = (0, Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            // Both pairs of marks: GitHub's own are in the way in a workflow.
            for (open, close) in [("{{", "}}"), ("<{", "}>"), ("{%", "%}"), ("<%", "%>")] {
                for part in text.split(open).skip(1).filter_map(|rest| rest.split_once(close)) {
                    let part = part.0.replace("||", "or");
                    let part = part.trim_matches(['-', ' ']);
                    let is_set = ["let ", "set ", "filter "].iter().any(|it| part.starts_with(it));
                    let filters = part
                        .split('|')
                        .skip(1)
                        .filter(|it| it.starts_with(|c: char| c.is_ascii_lowercase()));
                    let others = filters.filter(|it| !it.starts_with("join("));
                    if part.lines().count() == 1 && (is_set || others.count() > 0) {
                        computed.push(format!("{}: {part}", path.display()));
                    }
                }
            }
            templates += 1;
        }
    }
    assert!(templates > 30 && computed.is_empty(), "{templates} {computed:#?}");
}

#[test]
fn what_is_generated_rests_on_no_clock_no_chance_and_no_host() {
    let sources = [
        "SystemTime",
        "Instant::now",
        "Utc::now",
        "Local::now",
        "getrandom",
        "env::var",
        "hostname",
    ];
    let found = lines("codegen/src", has(&sources));
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn the_runtime_reads_no_table_and_knows_nothing_of_the_generator() {
    let found = lines("src", has(&["phasegate_codegen", "toml::", "phasegate_cli"]));
    assert!(found.is_empty(), "{found:#?}");
    let manifest: toml::Table = text("Cargo.toml").parse().unwrap();
    let named: Vec<&String> = manifest["dependencies"].as_table().unwrap().keys().collect();
    assert!(!named.iter().any(|name| name.starts_with("phasegate")), "{named:?}");
}

#[test]
fn a_status_is_set_by_one_statement_of_the_runtime_and_by_one_function() {
    let sets = |line: &str| line.contains("UPDATE {table} SET {status}");
    let found = lines("src", sets);
    assert!(found.len() == 1 && found[0].0 == "src/store/statements.rs", "{found:#?}");
    let uses = |line: &str| line.contains("&self.sql.compare_and_set");
    let found = lines("src", uses);
    assert!(found.len() == 1 && found[0].0 == "src/store/apply.rs", "{found:#?}");
}

#[test]
fn no_target_knows_another_but_that_of_rust_which_reads_the_database_s() {
    let targets = phasegate_codegen::emit::TARGETS.iter().map(|target| target.key());
    let mut known = Vec::new();
    for key in targets {
        let names = |line: &str| {
            [format!("super::{key}::"), format!("crate::emit::{key}::")]
                .iter()
                .any(|path| line.contains(path.as_str()))
        };
        for (at, line) in lines("codegen/src/emit", names) {
            let own = [format!("codegen/src/emit/{key}.rs"), format!("codegen/src/emit/{key}/")];
            if !own.iter().any(|own| at.starts_with(own.as_str())) {
                known.push((at, key, line));
            }
        }
    }
    let is_known = |(at, key, _): &&(String, &str, String)| {
        at.starts_with("codegen/src/emit/rust") && *key == "sql"
    };
    let others: Vec<_> = known.iter().filter(|row| !is_known(row)).collect();
    assert!(others.is_empty(), "{others:#?}");
    assert!(!known.is_empty());
}

#[test]
fn each_invariant_of_the_map_names_tests_that_are_there() {
    let map = text("ARCHITECTURE.md");
    let (_, section) = map.split_once("## Invariants\n").expect("the section is there");
    let rows: Vec<&str> = section
        .lines()
        .filter(|line| line.starts_with(|first: char| first.is_ascii_digit()))
        .collect();
    assert_eq!(rows.len(), 9, "{rows:#?}");
    for row in rows {
        let (_, tests) = row.split_once("Held by ").unwrap_or_else(|| panic!("by no test: {row}"));
        let named: Vec<&str> = tests.split('`').skip(1).step_by(2).collect();
        assert!(!named.is_empty(), "{row}");
        for name in named {
            let (file, test) = name.split_once("::").expect("FILE::TEST");
            let source = text(file);
            assert!(
                source.contains(&format!("fn {test}(")) || source.contains(&format!("fn {test}<")),
                "{name}"
            );
        }
    }
}
