//! Every table of the repository, exhaustively: each pair, nothing as the first among them; phases
//! after every short history, and after some with steps that were forced; and sequences by chance.

use std::path::{Path, PathBuf};

use super::cases::Case;
use super::compare::{Tally, agrees};
use super::layers::{Layer, can_serve};
use crate::common::sql;

/// How many histories of each table are looked at, the shortest first; each with every `attempted`.
const HISTORIES: usize = 300;

/// At most so many views of the phases are asked for: of a table with many states, fewer histories.
const VIEWS: usize = 9_000;

/// The tables: those of the repository, odd ones, and each key of `[target.sql]` set once.
fn tables() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut paths: Vec<PathBuf> = ["tests/tables", "tests/artifacts/equivalence/tables"]
        .iter()
        .flat_map(|folder| std::fs::read_dir(root.join(folder)).unwrap())
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    let own = [
        "deploy.toml",
        "migrations/tables/0001.toml",
        "tests/artifacts/page/odd.toml",
        "tests/artifacts/js/loops.toml",
        "tests/artifacts/workflow/small.toml",
        "tests/artifacts/workflow/hostile.toml",
    ];
    paths.extend(own.map(|path| root.join(path)));
    let mut tables: Vec<(String, String)> = paths
        .iter()
        .map(|path| (path.display().to_string(), std::fs::read_to_string(path).unwrap()))
        .collect();
    tables.extend(sql::texts().into_iter().map(|text| (text.clone(), text)));
    assert!(tables.len() > 25, "only {} tables", tables.len());
    tables
}

/// Numbers for sequences, the same each time.
fn numbers(seed: usize) -> Vec<Vec<u16>> {
    let mut state = seed as u64 + 1;
    let mut next = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        u16::try_from(state >> 48).unwrap()
    };
    (0..24).map(|at| (0..at).map(|_| next()).collect()).collect()
}

fn cases() -> Vec<Case> {
    let tables = tables().into_iter().enumerate();
    tables
        .map(|(at, (name, text))| {
            let case = Case::new(&name, &text, &numbers(at));
            let histories = HISTORIES.min(VIEWS / case.oracle.states.len());
            let case = case.with_short_histories(histories);
            case.with_forced_histories(&numbers(at + 1_000))
        })
        .collect()
}

/// Whether a table is small enough for the layers that take the longest for a pair: PostgreSQL in node
/// and HTTP. What judges there judges all tables too, on the server, in SQLite and as the interpreter.
fn is_small(case: &Case) -> bool {
    case.oracle.states.len() <= 64
}

#[track_caller]
fn agree(layer: Layer, cases: &[Case]) -> Tally {
    let tally = agrees(layer, cases).unwrap_or_else(|differ| panic!("{}", differ.said));
    println!("{layer:?}: {tally:?}");
    tally
}

/// The pairs of a layer that can be asked for all.
fn all_pairs(cases: &[Case]) -> usize {
    cases.iter().map(|case| case.oracle.states.len()).map(|states| states * (states + 1)).sum()
}

#[test]
fn the_interpreter_judges_every_table_as_the_oracle_does() {
    let cases = cases();
    let tally = agree(Layer::Interpreter, &cases);
    assert_eq!(tally.pairs, all_pairs(&cases));
    assert!(tally.views > 20_000, "{tally:?}");
}

#[test]
fn compiled_rust_judges_every_table_as_the_oracle_does() {
    let cases = cases();
    let tally = agree(Layer::Rust, &cases);
    assert_eq!(tally.pairs, all_pairs(&cases));
    assert!(tally.views > 20_000, "{tally:?}");
}

#[test]
#[ignore = "needs node: run by tests/run"]
fn the_module_in_node_judges_every_table_as_the_oracle_does() {
    let cases = cases();
    let tally = agree(Layer::Js, &cases);
    assert_eq!(tally.pairs, all_pairs(&cases));
    assert!(tally.views > 20_000, "{tally:?}");
}

#[test]
#[ignore = "needs node and `npm ci --prefix tests`: run by tests/run"]
fn the_compiled_typescript_judges_every_table_as_the_oracle_does() {
    let cases = cases();
    let tally = agree(Layer::Ts, &cases);
    assert_eq!(tally.pairs, all_pairs(&cases));
    assert!(tally.views > 20_000, "{tally:?}");
}

/// All pairs but those that leave no trace: a state to itself where no history is kept.
fn all_pairs_in_a_database(cases: &[Case]) -> usize {
    let silent = |case: &&Case| case.machine().targets.sql().unwrap().events.is_none();
    let silent: usize = cases.iter().filter(silent).map(|case| case.oracle.states.len()).sum();
    all_pairs(cases) - silent
}

#[test]
fn sqlite_judges_every_table_as_the_oracle_does() {
    let cases = cases();
    let tally = agree(Layer::Sqlite, &cases);
    assert_eq!(tally.pairs, all_pairs_in_a_database(&cases));
}

#[test]
#[ignore = "needs PostgreSQL: run by tests/run"]
fn postgres_judges_every_table_as_the_oracle_does() {
    let cases = cases();
    let tally = agree(Layer::Postgres, &cases);
    assert_eq!(tally.pairs, all_pairs_in_a_database(&cases));
}

#[test]
#[ignore = "needs node and `npm ci --prefix tests`: run by tests/run"]
fn postgres_18_judges_every_table_as_the_oracle_does() {
    let cases: Vec<Case> = cases().into_iter().filter(is_small).collect();
    let tally = agree(Layer::Pglite, &cases);
    assert_eq!(tally.pairs, all_pairs_in_a_database(&cases));
}

#[test]
fn reports_over_http_are_judged_as_the_oracle_does() {
    let cases: Vec<Case> =
        cases().into_iter().filter(|case| is_small(case) && can_serve(case)).collect();
    let tally = agree(Layer::Http, &cases);
    assert!(tally.tables > 20 && tally.pairs > 1_000, "{tally:?}");
}
