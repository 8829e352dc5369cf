//! Checks that can fail: defects that a template or a guard could have are put into the artifacts,
//! one at a time, and each must be caught by a check that runs that layer. What caught which is kept
//! in `tests/artifacts/mutants/KILLS.md`; this writes it anew:
//! `KILLS=write cargo test --test artifacts mutants:: -- --include-ignored --test-threads 1`.
mod data;
mod database;
mod defect;
#[path = "mutants/kept.rs"]
mod in_place;
mod javascript;
mod kills;
mod notify;
mod observe;
mod postgres;
mod postgres_change;
mod postgres_checks;
mod rust;
mod sqlite;
mod typescript;
mod workflow;

use defect::Defect;

/// Every list of defects, by the heading that it has in `KILLS.md`.
const LISTS: [(&str, &[&[Defect]]); 13] = [
    ("SQLite: the schema", &[&database::written("sqlite.sql"), &sqlite::SCHEMA]),
    ("SQLite: the migrations", &[&sqlite::MIGRATION]),
    ("SQLite: observing, adopting, renaming", &[&observe::SQLITE]),
    ("PostgreSQL: the schema", &[&postgres::WRITTEN, &postgres::SCHEMA]),
    ("PostgreSQL: the migrations", &[&postgres_change::DEFECTS]),
    ("PostgreSQL: observing, adopting, renaming", &[&observe::POSTGRES]),
    ("Rust", &[&rust::DEFECTS]),
    ("JavaScript", &[&javascript::DEFECTS]),
    ("TypeScript", &[&typescript::DEFECTS]),
    ("JSON and Markdown", &[&data::DEFECTS]),
    ("Workflow and action", &[&workflow::DEFECTS]),
    ("Workflows kept in place", &[&in_place::DEFECTS]),
    ("Script", &[&notify::DEFECTS]),
];

/// The checks find nothing in the artifacts as they are; then each defect of a list, by itself, is given
/// to the checks, and the first that fails has killed it.
fn kills(heading: &str, run: impl Fn(&str, Option<&Defect>) -> Option<String> + Sync) {
    let (_, lists) = LISTS.iter().find(|(list, _)| *list == heading).unwrap();
    let defects: Vec<&'static Defect> = lists.iter().copied().flatten().collect();
    let mut tables: Vec<&str> = defects.iter().map(|defect| defect.table).collect();
    tables.sort_unstable();
    tables.dedup();
    for table in tables {
        assert_eq!(run(table, None), None, "a check fails where nothing is broken: {table}");
    }
    // Most of the time is spent waiting for programs to start.
    let killed = std::thread::scope(|scope| {
        let alone = |defects: &[&'static Defect]| {
            let (run, defects) = (&run, defects.to_vec());
            scope.spawn(move || {
                let killed =
                    defects.into_iter().map(|defect| (defect, run(defect.table, Some(defect))));
                killed.collect::<Vec<_>>()
            })
        };
        let running: Vec<_> = defects.chunks(defects.len().div_ceil(4)).map(alone).collect();
        running.into_iter().flat_map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
    });
    kills::sync(heading, &killed);
}

#[test]
fn there_are_defects_for_every_layer_and_each_is_named_once() {
    let mut names: Vec<(&str, &str)> = LISTS
        .iter()
        .flat_map(|(list, parts)| parts.iter().copied().flatten().map(|it| (*list, it.what)))
        .collect();
    assert!(names.len() >= 100, "only {} defects", names.len());
    names.sort_unstable();
    assert!(names.windows(2).all(|pair| pair[0] != pair[1]), "{names:?}");
    kills::has_exactly(
        &LISTS.map(|(list, parts)| (list, parts.iter().map(|part| part.len()).sum())),
    );
}

#[test]
fn sqlite_schemas() {
    kills("SQLite: the schema", sqlite::schema);
}

#[test]
fn sqlite_migrations() {
    kills("SQLite: the migrations", sqlite::migration);
}

#[test]
fn sqlite_observing_adopting_and_renaming() {
    kills("SQLite: observing, adopting, renaming", observe::sqlite);
}

#[test]
#[ignore = "needs PostgreSQL 15: run by tests/run"]
fn postgres_observing_adopting_and_renaming() {
    kills("PostgreSQL: observing, adopting, renaming", observe::postgres);
}

#[test]
#[ignore = "needs PostgreSQL 15: run by tests/run"]
fn postgres_schemas() {
    kills("PostgreSQL: the schema", postgres_checks::schema);
}

#[test]
#[ignore = "needs PostgreSQL 15: run by tests/run"]
fn postgres_migrations() {
    kills("PostgreSQL: the migrations", postgres_change::run);
}

#[test]
fn the_generated_rust() {
    let program = rust::Program::build();
    kills("Rust", |table, defect| program.run(table, defect));
}

#[test]
#[ignore = "needs node: run by tests/run"]
fn the_javascript_module() {
    kills("JavaScript", javascript::run);
}

#[test]
#[ignore = "needs node and `npm ci --prefix tests`: run by tests/run"]
fn the_declarations_for_typescript() {
    let project = typescript::Project::check();
    kills("TypeScript", |_, defect| project.complaint(defect));
}

#[test]
fn the_view_as_data_and_the_page() {
    kills("JSON and Markdown", data::run);
}

#[test]
fn workflows_and_the_action() {
    kills("Workflow and action", workflow::run);
}

#[test]
fn workflows_that_are_kept_in_place() {
    kills("Workflows kept in place", in_place::run);
}

#[test]
#[ignore = "needs bash, jq and curl: run by tests/run"]
fn the_script() {
    kills("Script", notify::run);
}
