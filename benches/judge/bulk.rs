//! The bulk judge on histories that fit no cache: sorted by row, and with 100,000 rows under way at once;
//! one report in a thousand is illegal. Next to it stand the crates of `judge.rs`, a hash set of the legal
//! pairs, and what no judge can beat: reading the same two columns and adding them up.
//!
//! The peers stay where they were after an illegal report, as they cannot be put into a state. The bulk
//! judge and the hash set go on from what was reported, and must find the same violations.

use std::collections::HashSet;
use std::sync::LazyLock;

use phasegate::StateId;
use phasegate::machine::bulk::{Dense, Hashed, Judge, Memory, Relation, Sorted, Violation};

use crate::peers::{rust_fsm_peer, smlang_peer, statig_peer};
use crate::{Report, S, history};

const ROWS: usize = 3_000_000;

/// One history: as the peers read it, and as columns. Every row begins with a report of its first state,
/// which the peers are in from the start.
struct History {
    reports: Vec<Report>,
    rows: Vec<u32>,
    ids: Vec<u64>,
    states: Vec<u8>,
}

impl History {
    fn new(at_once: usize) -> Self {
        let mut reports = history::reports(ROWS, 1_000, at_once);
        reports.shrink_to_fit();
        let mut known = vec![false; ROWS];
        let (mut rows, mut states) = (Vec::new(), Vec::new());
        for (row, state) in &reports {
            if !std::mem::replace(&mut known[*row as usize], true) {
                rows.push(*row);
                states.push(S::Queued as u8);
            }
            rows.push(*row);
            states.push(*state as u8);
        }
        // Ids of a database that are neither dense nor in order.
        let ids =
            rows.iter().map(|row| u64::from(*row).wrapping_mul(0x2545_f491_4f6c_dd1d)).collect();
        Self { reports, rows, ids, states }
    }
}

static SORTED: LazyLock<History> = LazyLock::new(|| History::new(1));
static INTERLEAVED: LazyLock<History> = LazyLock::new(|| History::new(100_000));

fn relation() -> Relation {
    let place = |state: &S| StateId::new(state.index());
    let pairs =
        S::ALL.iter().flat_map(|from| from.next().iter().map(move |to| (place(from), place(to))));
    Relation::new(S::ALL.len(), S::INITIAL.iter().map(place), pairs).expect("it is a table")
}

fn judge<M: Memory>(
    memory: M,
    counting: bool,
    rows: &[M::Row],
    states: &[M::Code],
) -> Vec<Violation> {
    let judge = Judge::new(&relation(), memory).expect("it has ten states");
    let mut judge = if counting { judge.counting() } else { judge };
    let mut violations = Vec::new();
    judge.judge(rows, states, &mut violations).expect("the columns fit");
    violations
}

fn sorted(history: &History) -> usize {
    judge(Sorted::<u32>::new(), false, &history.rows, &history.states).len()
}

fn sorted_counting(history: &History) -> usize {
    judge(Sorted::<u32>::new(), true, &history.rows, &history.states).len()
}

fn sorted_ids(history: &History) -> usize {
    judge(Sorted::<u64>::new(), false, &history.ids, &history.states).len()
}

fn dense(history: &History) -> usize {
    judge(Dense::<u32>::new(ROWS), false, &history.rows, &history.states).len()
}

fn dense_counting(history: &History) -> usize {
    judge(Dense::<u32>::new(ROWS), true, &history.rows, &history.states).len()
}

fn hashed(history: &History) -> usize {
    judge(Hashed::<u8>::new(), false, &history.ids, &history.states).len()
}

fn hash_set(history: &History) -> usize {
    let pairs =
        S::ALL.iter().flat_map(|from| from.next().iter().map(|to| (*from as u8, *to as u8)));
    let legal: HashSet<(u8, u8)> = pairs.chain([(u8::MAX, S::Queued as u8)]).collect();
    let mut rows = vec![u8::MAX; ROWS];
    let reports = history.rows.iter().zip(&history.states);
    let illegal = reports.filter(|(row, state)| {
        let from = std::mem::replace(&mut rows[**row as usize], **state);
        !legal.contains(&(from, **state))
    });
    illegal.count()
}

/// What every judge has to read, added up.
fn plain_sum(history: &History) -> usize {
    let rows: u64 = history.rows.iter().map(|row| u64::from(*row)).sum();
    let states: u64 = history.states.iter().map(|state| u64::from(*state)).sum();
    (rows + states) as usize
}

fn plain_sum_ids(history: &History) -> usize {
    let rows = history.ids.iter().fold(0_u64, |sum, row| sum.wrapping_add(*row));
    let states: u64 = history.states.iter().map(|state| u64::from(*state)).sum();
    rows.wrapping_add(states) as usize
}

/// Only the column of states.
fn plain_sum_states(history: &History) -> usize {
    history.states.iter().map(|state| u64::from(*state)).sum::<u64>() as usize
}

fn statig(history: &History) -> usize {
    statig_peer::run(ROWS, &history.reports)
}

fn smlang(history: &History) -> usize {
    smlang_peer::run(ROWS, &history.reports)
}

fn rust_fsm(history: &History) -> usize {
    rust_fsm_peer::run(ROWS, &history.reports)
}

type Contender = (&'static str, fn(&History) -> usize);

const ON_SORTED: [Contender; 13] = [
    ("plain_sum", plain_sum),
    ("plain_sum_ids", plain_sum_ids),
    ("plain_sum_states", plain_sum_states),
    ("sorted", sorted),
    ("sorted_ids", sorted_ids),
    ("sorted_counting", sorted_counting),
    ("dense", dense),
    ("dense_counting", dense_counting),
    ("hashed", hashed),
    ("hash_set", hash_set),
    ("statig", statig),
    ("smlang", smlang),
    ("rust_fsm", rust_fsm),
];

const ON_INTERLEAVED: [Contender; 10] = [
    ("plain_sum", plain_sum),
    ("plain_sum_ids", plain_sum_ids),
    ("plain_sum_states", plain_sum_states),
    ("dense", dense),
    ("dense_counting", dense_counting),
    ("hashed", hashed),
    ("hash_set", hash_set),
    ("statig", statig),
    ("smlang", smlang),
    ("rust_fsm", rust_fsm),
];

/// All that go on from what was reported find the same number.
fn agree() {
    let found = [sorted, sorted_ids, dense, hashed, hash_set].map(|run| run(&SORTED));
    assert!(found.iter().all(|count| *count == found[0]), "they disagree: {found:?}");
    let reports = SORTED.rows.len();
    println!("{reports} reports of {ROWS} rows in bulk, {} violations", found[0]);
    let found = [dense, hashed, hash_set].map(|run| run(&INTERLEAVED));
    assert!(found.iter().all(|count| *count == found[0]), "they disagree: {found:?}");
}

/// What the process has computed so far, in seconds. The kernel counts it by ticks of some milliseconds.
fn cpu() -> f64 {
    let read = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanoseconds = read.as_ref().and_then(|text| text.split(' ').next()?.parse().ok());
    let nanoseconds: f64 =
        nanoseconds.expect("this bench reads /proc/thread-self/schedstat, of Linux");
    nanoseconds / 1e9
}

/// Prints the rate of each contender, in CPU time: neighbours take turns with what runs longer than a
/// slice of the scheduler, and a plain sum does not. Of five turns of at least 0.3 s each, the fastest and
/// the median.
pub(crate) fn measure() {
    agree();
    for (name, contenders, history) in
        [("sorted", &ON_SORTED[..], &SORTED), ("interleaved", &ON_INTERLEAVED[..], &INTERLEAVED)]
    {
        println!("{name}: million reports a second, the fastest of five turns, and the median");
        for (contender, run) in contenders {
            let mut rates: Vec<f64> = (0..5)
                .map(|_| {
                    let (start, mut reports) = (cpu(), 0);
                    loop {
                        std::hint::black_box(run(std::hint::black_box(history)));
                        reports += history.rows.len();
                        let spent = cpu() - start;
                        if spent > 0.3 {
                            return reports as f64 / spent / 1e6;
                        }
                    }
                })
                .collect();
            rates.sort_by(f64::total_cmp);
            println!("  {contender:<18} {:7.0} {:7.0}", rates[4], rates[2]);
        }
    }
}
