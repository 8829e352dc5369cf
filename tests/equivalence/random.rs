//! Random tables and random sequences, each layer against the oracle. Tables go to a layer many at a
//! time, so that a process, a compiler or a database starts once for all of them.
//!
//! What proptest finds is shrunk to a small table, and its seed is kept in
//! `tests/equivalence/seeds.txt`, which every run tries first.

use std::cell::RefCell;

use proptest::collection::vec;
use proptest::option::weighted;
use proptest::prelude::*;
use proptest::test_runner::{FileFailurePersistence, TestCaseError, TestError, TestRunner};

use crate::cases::{Case, load};
use crate::compare::{Differ, Tally, agrees};
use crate::layers::{Layer, can_serve};
use crate::recipe::{Numbers, cook, numbers};

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

/// What was compared has to be worth it: sequences of each kind, logs and phases.
fn assert_worth_it(layer: Layer, tally: Tally) {
    println!("{layer:?}: {tally:?}");
    assert!(tally.pairs > tally.tables && tally.sequences > tally.tables, "{tally:?}");
}

/// Tries a layer on as many tables as wanted, so many at a time.
fn agree(layer: Layer, default: usize, at_a_time: usize) {
    let wanted = wanted(default);
    // One batch, where that is enough.
    let at_a_time = at_a_time.min((wanted as f64 / THERE).ceil() as usize).max(1);
    let config = ProptestConfig {
        cases: (wanted as f64 / (at_a_time as f64 * THERE)).ceil() as u32,
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct(
            "tests/equivalence/seeds.txt",
        ))),
        // Each step to a smaller table may start a compiler.
        max_shrink_iters: 4_000,
        max_shrink_time: 60_000,
        source_file: Some(file!()),
        ..ProptestConfig::default()
    };
    let run = RefCell::new(Run { layer, tally: Tally::default(), culprit: None });
    // Where one of them fails, the others shrink to nothing.
    let batch = vec(weighted(THERE, numbers()), at_a_time);
    let result = TestRunner::new(config).run(&batch, |numbers| run.borrow_mut().try_all(numbers));
    match result {
        Ok(()) => assert_worth_it(layer, run.into_inner().tally),
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
            // It is shrinking: what stands beside that table does not matter any more.
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

/// Tables of another make: quickcheck's numbers are mostly small, its sizes uneven.
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
        .r#gen(quickcheck::Gen::new(10))
        .tests(wanted(100) as u64)
        .quickcheck(agree as fn(Numbers) -> Result<(), String>);
}

/// Many at a time, for layers that are slow to start.
fn quickcheck_in_batches(layer: Layer, default: usize, at_a_time: usize) {
    let mut gen_ = quickcheck::Gen::new(10);
    let numbers: Vec<Numbers> =
        (0..wanted(default)).map(|_| quickcheck::Arbitrary::arbitrary(&mut gen_)).collect();
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

proptest! {
    #[test]
    fn any_numbers_give_a_valid_table(numbers in numbers()) {
        let text = cook(&numbers);
        prop_assert!(load(&text).is_ok(), "{}\nin: {text}", load(&text).unwrap_err());
    }
}
