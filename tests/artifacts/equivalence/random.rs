//! Random tables and random sequences, each layer against the oracle. Tables go to a layer many at a
//! time, so that a process, a compiler or a database starts once for all of them.
//!
//! What proptest finds is shrunk to a small table, and its seed is kept in
//! `tests/artifacts/equivalence/seeds.txt`, which every run tries first.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::hash::{BuildHasher as _, Hasher as _, RandomState};

use proptest::collection::vec;
use proptest::option::weighted;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{FileFailurePersistence, TestCaseError, TestError, TestRunner};

use super::cases::{Case, load};
use super::compare::{Differ, Tally, agrees};
use super::layers::{Layer, can_serve};
use super::oracle::Told;
use super::recipe::{Numbers, cook, numbers};
use crate::common::sql::SWITCH;

/// So many of a batch's places have a table.
const THERE: f64 = 0.98;

/// The number of random tables for each layer: `PHASEGATE_CASES`, or this.
fn wanted(default: usize) -> usize {
    std::env::var("PHASEGATE_CASES").map_or(default, |cases| {
        cases.parse().unwrap_or_else(|_| panic!("PHASEGATE_CASES is not a number: {cases}"))
    })
}

fn case(numbers: &Numbers) -> Case {
    let text = cook(numbers);
    Case::new(&text, &text, &numbers.6)
}

/// What was compared has to be worth it.
fn assert_worth_it(layer: Layer, wanted: usize, tally: Tally) {
    println!("{layer:?}: {tally:?}");
    assert!(tally.tables * 2 >= wanted, "{tally:?}");
    assert!(tally.pairs > tally.tables && tally.sequences > tally.tables, "{tally:?}");
}

/// Seeds of what was found once are tried first.
fn config() -> ProptestConfig {
    let seeds = FileFailurePersistence::Direct("tests/artifacts/equivalence/seeds.txt");
    ProptestConfig {
        failure_persistence: Some(Box::new(seeds)),
        source_file: Some(file!()),
        ..ProptestConfig::default()
    }
}

/// Tries a layer on as many tables as wanted, so many at a time.
fn agree(layer: Layer, default: usize, at_a_time: usize) {
    // A tool that is missing is no table's fault: it fails here, before there is a seed to keep.
    agrees(layer, &[Case::new("a switch", SWITCH, &[])]).unwrap();
    let wanted = wanted(default);
    // One batch, where that is enough.
    let at_a_time = at_a_time.min((wanted as f64 / THERE).ceil() as usize).max(1);
    let config = ProptestConfig {
        cases: (wanted as f64 / (at_a_time as f64 * THERE)).ceil() as u32,
        // Each step to a smaller table may start a compiler.
        max_shrink_iters: u32::MAX,
        max_shrink_time: 60_000,
        ..config()
    };
    let run = RefCell::new(Run { layer, tally: Tally::default(), culprit: None });
    // Where one of them fails, the others shrink to nothing.
    let batch = vec(weighted(THERE, numbers()), at_a_time);
    let result = TestRunner::new(config).run(&batch, |numbers| run.borrow_mut().try_all(numbers));
    match result {
        Ok(()) => assert_worth_it(layer, wanted, run.into_inner().tally),
        Err(TestError::Fail(reason, _)) => panic!("{reason}"),
        Err(TestError::Abort(reason)) => panic!("aborted: {reason}"),
    }
}

/// A layer that is being tried.
struct Run {
    layer: Layer,
    tally: Tally,
    /// Where it and the oracle differ: the place in the batch, the numbers there, and how.
    culprit: Option<(usize, Numbers, String)>,
}

impl Run {
    fn try_all(&mut self, batch: Vec<Option<Numbers>>) -> Result<(), TestCaseError> {
        if let Some((place, known, reason)) = &mut self.culprit {
            // It is shrinking: what stands next to that table does not matter any more.
            let Some(numbers) = &batch[*place] else { return Ok(()) };
            if numbers != known {
                *reason = match agrees(self.layer, &[case(numbers)]) {
                    Ok(_) => return Ok(()),
                    Err(Differ { said, .. }) => said,
                };
                known.clone_from(numbers);
            }
            return Err(TestCaseError::fail(reason.clone()));
        }
        let (mut places, mut cases) = (Vec::new(), Vec::new());
        for (place, numbers) in batch.iter().enumerate() {
            let Some(case) = numbers.as_ref().map(case) else { continue };
            if self.layer != Layer::Http || can_serve(&case) {
                places.push(place);
                cases.push(case);
            }
        }
        match agrees(self.layer, &cases) {
            Ok(tally) => {
                self.tally += tally;
                Ok(())
            }
            Err(Differ { at, said }) => {
                let numbers = batch[places[at]].clone().unwrap();
                self.culprit = Some((places[at], numbers, said.clone()));
                Err(TestCaseError::fail(said))
            }
        }
    }
}

#[test]
fn the_interpreter_agrees_on_any_table() {
    agree(Layer::Interpreter, 1_000, 50);
}

#[test]
fn compiled_rust_agrees_on_any_table() {
    agree(Layer::Rust, 24, 25);
}

#[test]
#[ignore = "needs node: run by tests/run"]
fn the_module_in_node_agrees_on_any_table() {
    agree(Layer::Js, 400, 100);
}

#[test]
#[ignore = "needs node and `npm ci --prefix tests`: run by tests/run"]
fn the_compiled_typescript_agrees_on_any_table() {
    agree(Layer::Ts, 100, 50);
}

#[test]
fn sqlite_agrees_on_any_table() {
    agree(Layer::Sqlite, 100, 50);
}

#[test]
#[ignore = "needs PostgreSQL: run by tests/run"]
fn postgres_agrees_on_any_table() {
    agree(Layer::Postgres, 40, 50);
}

#[test]
#[ignore = "needs node and `npm ci --prefix tests`: run by tests/run"]
fn postgres_18_agrees_on_any_table() {
    agree(Layer::Pglite, 24, 25);
}

#[test]
fn reports_over_http_agree_on_any_table() {
    agree(Layer::Http, 12, 4);
}

#[test]
fn a_tool_that_is_missing_leaves_no_seed_behind() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(folder.path().join("tests/artifacts/equivalence")).unwrap();
    for test in ["the_module_in_node_agrees_on_any_table", "postgres_18_agrees_on_any_table"] {
        let ran = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--include-ignored", "--exact", &format!("equivalence::random::{test}")])
            .env("PATH", "")
            .current_dir(folder.path())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&ran.stdout);
        assert!(said.contains("node runs; install it"), "{said}");
        assert!(!folder.path().join("tests/artifacts/equivalence/seeds.txt").exists(), "{test}");
    }
}

/// Tables of another make: quickcheck's numbers are mostly small, its sizes uneven. Its seed is said,
/// and taken from `PHASEGATE_SEED` again.
fn of_quickcheck() -> quickcheck::Gen {
    let seed = std::env::var("PHASEGATE_SEED").map_or_else(
        |_| RandomState::new().build_hasher().finish(),
        |seed| seed.parse().unwrap_or_else(|_| panic!("PHASEGATE_SEED is not a number: {seed}")),
    );
    println!("PHASEGATE_SEED={seed}");
    quickcheck::Gen::from_size_and_seed(10, seed)
}

#[test]
fn quickcheck_finds_no_table_that_the_interpreter_and_sqlite_judge_otherwise() {
    fn agree(numbers: Numbers) -> Result<(), String> {
        let cases = [case(&numbers)];
        for layer in [Layer::Interpreter, Layer::Sqlite] {
            agrees(layer, &cases).map_err(|differ| differ.said)?;
        }
        Ok(())
    }
    quickcheck::QuickCheck::new()
        .rng(of_quickcheck())
        .tests(wanted(100) as u64)
        .quickcheck(agree as fn(Numbers) -> Result<(), String>);
}

/// Many at a time, for layers that are slow to start.
fn quickcheck_in_batches(layer: Layer, default: usize, at_a_time: usize) {
    let mut numbers_of = of_quickcheck();
    let numbers: Vec<Numbers> =
        (0..wanted(default)).map(|_| quickcheck::Arbitrary::arbitrary(&mut numbers_of)).collect();
    println!("{layer:?}: {} tables of quickcheck's", numbers.len());
    for batch in numbers.chunks(at_a_time) {
        let cases: Vec<Case> = batch.iter().map(case).collect();
        let Err(Differ { at, mut said }) = agrees(layer, &cases) else { continue };
        // The smallest that is still judged otherwise.
        let mut culprit = batch[at].clone();
        while let Some((smaller, why)) =
            quickcheck::Arbitrary::shrink(&culprit).take(100).find_map(|smaller| {
                let differ = agrees(layer, &[case(&smaller)]).err()?;
                Some((smaller, differ.said))
            })
        {
            (culprit, said) = (smaller, why);
        }
        panic!("{said}");
    }
}

#[test]
fn quickcheck_finds_no_table_that_compiled_rust_judges_otherwise() {
    quickcheck_in_batches(Layer::Rust, 20, 25);
}

#[test]
#[ignore = "needs node: run by tests/run"]
fn quickcheck_finds_no_table_that_the_module_in_node_judges_otherwise() {
    quickcheck_in_batches(Layer::Js, 200, 100);
}

#[test]
#[ignore = "needs PostgreSQL: run by tests/run"]
fn quickcheck_finds_no_table_that_postgres_judges_otherwise() {
    quickcheck_in_batches(Layer::Postgres, 30, 100);
}

/// Against proofs of nothing: what has to happen among some hundred random tables.
#[test]
fn random_tables_have_all_that_a_table_can_have() {
    let mut seen: BTreeSet<String> = BTreeSet::new();
    let mut runner = TestRunner::deterministic();
    for _ in 0..600 {
        let numbers = numbers().new_tree(&mut runner).unwrap().current();
        let case = case(&numbers);
        let oracle = &case.oracle;
        let mut see = |what: &str, is: bool| is.then(|| seen.insert(what.to_owned()));
        for key in KEYS {
            see(key, case.name.contains(key));
        }
        for (from, to) in oracle.legal.difference(&oracle.declared) {
            see("a skip", true);
            see("a skip that goes back", from > to);
            let through = |via: usize| {
                oracle.declared.contains(&(*from, via)) && oracle.declared.contains(&(via, *to))
            };
            see("a skip of several", !(0..oracle.states.len()).any(through));
        }
        for (at, state) in oracle.states.iter().enumerate() {
            see(
                "a step of an optional state to itself",
                state.optional && oracle.declared.contains(&(at, at)),
            );
            let returns = |via: usize| {
                oracle.states[via].optional
                    && via != at
                    && oracle.legal.contains(&(at, via))
                    && oracle.legal.contains(&(via, at))
            };
            see(
                "optional states in a circle",
                state.optional && (0..oracle.states.len()).any(returns),
            );
        }
        for words in &case.sequences {
            let states = Case::states(words);
            let verdict = format!("{:?}", oracle.sequence(&states));
            see(verdict.split('(').next().unwrap(), true);
            see(
                "a log that passes redeliveries over",
                oracle.sequence(&states) != oracle.reports(&states),
            );
            see(
                "a refusal in the middle",
                oracle
                    .live(None, &states)
                    .0
                    .windows(2)
                    .any(|told| told == [Told::Refused, Told::Applied]),
            );
        }
        for history in &case.histories {
            for view in oracle.views(&history.states, history.attempted) {
                see(view, true);
            }
        }
    }
    let wanted = KEYS.iter().chain(&[
        "a skip",
        "a skip that goes back",
        "a skip of several",
        "a step of an optional state to itself",
        "optional states in a circle",
        "Accepted",
        "Complete",
        "Rejected",
        "a log that passes redeliveries over",
        "a refusal in the middle",
        "failed",
        "cancelled",
        "skipped",
        "active",
        "done",
        "unconfirmed",
        "upcoming",
    ]);
    let missing: Vec<&str> = wanted.copied().filter(|what| !seen.contains(*what)).collect();
    assert!(missing.is_empty(), "never: {missing:?}");
}

/// What stands in one table or another.
const KEYS: [&str; 36] = [
    "initial = [",
    "[[phase]]",
    "title = ",
    "doc = ",
    "meta = ",
    "value = ",
    "completes = true",
    "optional = true",
    "retired = true",
    "outcome = \"success\"",
    "outcome = \"failure\"",
    "outcome = \"cancelled\"",
    "outcome = \"neutral\"",
    "reopens = true",
    "reopens = false",
    "path = [",
    "from = \"*\"",
    "from = [",
    "to = [",
    "except = [",
    "[[job]]",
    "needs = ",
    "always = true",
    "start = ",
    "milestones = ",
    "cancelled = ",
    "renamed_from = ",
    "storage = \"text\"",
    "key_type = \"uuid\"",
    "key_type = \"bigint\"",
    "owns = false",
    "events = false",
    "events = \"",
    "schema = ",
    "key = ",
    "column = ",
];

proptest! {
    #![proptest_config(config())]

    #[test]
    fn any_numbers_give_a_valid_table(numbers in numbers()) {
        let text = cook(&numbers);
        prop_assert!(load(&text).is_ok(), "{}\nin: {text}", load(&text).unwrap_err());
    }
}
