//! What judging a report costs, next to three crates for state machines: the deploy machine, in one run.
//!
//! A backend has a machine per row. `mixed` gives each report to its row in the order in which a
//! backend sees them, the runs under way side by side; `in_turn` gives one row's whole sequence after the
//! other's, which is what branch predictors like best. Each contender starts its 100,000 machines,
//! judges every report, 5 % of them illegal, and counts those that it refused. Before anything is timed,
//! all four must refuse the same number.
//!
//! With `bulk` after `--`, `judge/bulk.rs` does the same with histories that fit no cache, and the bulk judge.
#![allow(missing_docs, reason = "the peers' macros make items without")]

#[path = "judge/bulk.rs"]
mod bulk;
#[path = "../generated/deploy.rs"]
mod deploy;
#[path = "judge/history.rs"]
mod history;
#[path = "judge/peers.rs"]
mod peers;

use deploy::DeployStatus as S;
use divan::Bencher;
use divan::counter::ItemsCount;
use peers::{rust_fsm_peer, smlang_peer, statig_peer};

/// A report: the row that it is about, and the state.
type Report = (u32, S);

const ROWS: usize = 100_000;

fn main() {
    if std::env::args().any(|word| word == "bulk") {
        return bulk::measure();
    }
    for reports in [mixed(), in_turn()] {
        let refused = CONTENDERS.map(|(_, run)| run(ROWS, &reports));
        assert!(refused.iter().all(|count| *count == refused[0]), "they disagree: {refused:?}");
        println!("{} reports of {ROWS} rows, {} of them illegal", reports.len(), refused[0]);
    }
    divan::main();
}

type Contender = (&'static str, fn(usize, &[Report]) -> usize);

const CONTENDERS: [Contender; 4] = [
    ("phasegate", ours),
    ("statig", statig_peer::run),
    ("smlang", smlang_peer::run),
    ("rust_fsm", rust_fsm_peer::run),
];

fn in_turn() -> Vec<Report> {
    history::reports(ROWS, 20, 1)
}

fn mixed() -> Vec<Report> {
    history::reports(ROWS, 20, 40)
}

fn ours(rows: usize, reports: &[Report]) -> usize {
    let mut rows = vec![S::Queued; rows];
    let mut refused = 0;
    for &(row, to) in reports {
        let row = row as usize;
        let legal = rows[row].can_become(to);
        refused += usize::from(!legal);
        rows[row] = if legal { to } else { rows[row] };
    }
    refused
}

fn bench(bencher: Bencher<'_, '_>, contender: &str, reports: &[Report]) {
    let named = CONTENDERS.into_iter().find(|(name, _)| *name == contender);
    let (_, run) = named.expect("only contenders are benched");
    bencher.counter(ItemsCount::new(reports.len())).bench(|| run(ROWS, divan::black_box(reports)));
}

#[divan::bench(args = CONTENDERS.map(|(name, _)| name))]
fn mixed_rows(bencher: Bencher<'_, '_>, contender: &str) {
    bench(bencher, contender, &mixed());
}

#[divan::bench(args = CONTENDERS.map(|(name, _)| name))]
fn rows_in_turn(bencher: Bencher<'_, '_>, contender: &str) {
    bench(bencher, contender, &in_turn());
}
