//! The bulk judge, held against the plainest way to judge a history: a map of rows, one report at a time.

use std::collections::BTreeMap;

use crate::tables;
use phasegate::machine::bulk::{
    BulkError, Code, Dense, Hashed, Judge, Memory, Relation, Sorted, Status, Violation,
};
use phasegate::{Machine as _, StateId};
use proptest::prelude::*;

/// What a judge says of a history: its violations, the counts, and where each row is.
#[derive(Debug, PartialEq)]
struct Said {
    violations: Vec<Violation>,
    counts: BTreeMap<(Status, Status), u64>,
    rows: BTreeMap<u64, Status>,
}

/// A relation as a list.
#[derive(Clone, Debug)]
struct Listed {
    states: usize,
    initial: Vec<usize>,
    pairs: Vec<(usize, usize)>,
}

impl Listed {
    fn relation(&self) -> Relation {
        let pairs = self.pairs.iter().map(|(from, to)| (StateId::new(*from), StateId::new(*to)));
        Relation::new(self.states, self.initial.iter().map(|state| StateId::new(*state)), pairs)
            .expect("it names its own states")
    }

    fn oracle(&self, reports: &[(u64, usize)]) -> Said {
        let mut said =
            Said { violations: Vec::new(), counts: BTreeMap::new(), rows: BTreeMap::new() };
        for (index, &(row, state)) in reports.iter().enumerate() {
            let to = match state {
                state if state < self.states => Status::State(StateId::new(state)),
                _ => Status::Unknown,
            };
            let from = said.rows.insert(row, to).unwrap_or(Status::Start);
            *said.counts.entry((from, to)).or_default() += 1;
            let legal = match (from, to) {
                (Status::Start, Status::State(to)) => self.initial.contains(&to.index()),
                (Status::State(from), Status::State(to)) => {
                    self.pairs.contains(&(from.index(), to.index()))
                }
                (Status::Unknown, _) | (_, Status::Unknown | Status::Start) => false,
            };
            if !legal {
                said.violations.push(Violation { index, row, from, to });
            }
        }
        said
    }
}

/// Judges the reports in batches of these lengths, in turn.
fn said<M: Memory>(
    relation: &Relation,
    memory: M,
    reports: &[(u64, usize)],
    batches: &[usize],
) -> Said
where
    M::Row: TryFrom<u64>,
    M::Code: TryFrom<usize>,
{
    let mut judge = Judge::new(relation, memory).unwrap().counting();
    let mut violations = Vec::new();
    let (mut first, mut lengths) = (0, batches.iter().cycle());
    while first < reports.len() {
        let length = (*lengths.next().unwrap()).clamp(1, reports.len() - first);
        let batch = &reports[first..first + length];
        let row = |(row, _): &(u64, usize)| M::Row::try_from(*row).ok().unwrap();
        let code = |(_, state): &(u64, usize)| M::Code::try_from(*state).ok().unwrap();
        let (rows, codes): (Vec<_>, Vec<_>) =
            (batch.iter().map(row).collect(), batch.iter().map(code).collect());
        let before = violations.len();
        judge.judge(&rows, &codes, &mut violations).unwrap();
        for violation in &mut violations[before..] {
            violation.index += first;
        }
        first += length;
    }
    let mut rows = BTreeMap::new();
    judge.each_row(|row, status| assert_eq!(rows.insert(row, status), None, "row {row} twice"));
    let counts = judge.counts().unwrap().iter();
    let counts = counts.map(|traffic| ((traffic.from, traffic.to), traffic.reports)).collect();
    Said { violations, counts, rows }
}

/// Every memory says what the oracle does. `Sorted` is asked of the same reports, row by row.
fn agrees<C: Code + TryFrom<usize>>(listed: &Listed, reports: &[(u64, usize)], batches: &[usize]) {
    let (relation, oracle) = (&listed.relation(), listed.oracle(reports));
    assert_eq!(said(relation, Hashed::<C>::with_seed(7), reports, batches), oracle, "hashed");
    // Rows of any number, in the order of their first report, are rows from 0.
    let mut numbers = BTreeMap::new();
    let numbered: Vec<(u64, usize)> = reports
        .iter()
        .map(|&(row, state)| {
            let next = numbers.len() as u64;
            (*numbers.entry(row).or_insert(next), state)
        })
        .collect();
    let oracle = listed.oracle(&numbered);
    let most = numbers.len();
    assert_eq!(said(relation, Dense::<u32, C>::new(most), &numbered, batches), oracle, "u32");
    assert_eq!(said(relation, Dense::<usize, C>::new(most), &numbered, batches), oracle, "usize");
    let mut sorted = numbered;
    sorted.sort_by_key(|(row, _)| *row);
    let oracle = listed.oracle(&sorted);
    for said in [
        said(relation, Sorted::<u32, C>::new(), &sorted, batches),
        said(relation, Sorted::<u64, C>::new(), &sorted, batches),
    ] {
        assert_eq!((&said.violations, &said.counts), (&oracle.violations, &oracle.counts));
        assert!(said.rows.into_iter().eq(oracle.rows.clone().into_iter().next_back()));
    }
}

fn relations(states: impl Strategy<Value = usize>) -> impl Strategy<Value = Listed> {
    states.prop_flat_map(|states| {
        let initial = prop::collection::vec(0..states, 0..4);
        let pairs = prop::collection::vec((0..states, 0..states), 0..states.min(40) * 3);
        (initial, pairs).prop_map(move |(initial, pairs)| Listed { states, initial, pairs })
    })
}

/// Histories that mostly obey: a row goes on along the pairs, and now and then to anything.
fn histories(listed: Listed) -> impl Strategy<Value = (Listed, Vec<(u64, usize)>, Vec<usize>)> {
    let ids = prop_oneof![
        0..40_u64,
        any::<u64>(),
        Just(u64::MAX),
        (0..2_000_u64).prop_map(|row| row << 32)
    ];
    let ids = prop::collection::vec(ids, 1..60);
    let steps =
        prop::collection::vec((any::<prop::sample::Index>(), 0..30_u8, any::<u16>()), 0..1_100);
    let batches = prop::collection::vec(prop_oneof![1..20_usize, 500..530_usize], 1..5);
    (ids, steps, batches).prop_map(move |(ids, steps, batches)| {
        let mut at = BTreeMap::new();
        let reports = steps.into_iter().map(|(row, kind, any)| {
            let row = *row.get(&ids);
            let next: Vec<usize> = match at.get(&row) {
                None => listed.initial.clone(),
                Some(from) => {
                    let pairs = listed.pairs.iter().filter(|(before, _)| before == from);
                    pairs.map(|(_, to)| *to).collect()
                }
            };
            let any = usize::from(any);
            // One code is one that no table of this size has.
            let state = match kind {
                0 => any % (listed.states + 1),
                _ if next.is_empty() => any % listed.states,
                _ => next[any % next.len()],
            };
            at.insert(row, state);
            (row, state)
        });
        let reports = reports.collect();
        (listed.clone(), reports, batches)
    })
}

/// How many cases there are of each.
fn cases() -> u32 {
    std::env::var("PHASEGATE_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(96)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases()))]

    #[test]
    fn judges_as_a_map_of_rows_does(
        (listed, reports, batches) in relations(prop_oneof![
            1..=20_usize, Just(14), Just(15), Just(253), Just(254),
        ]).prop_flat_map(histories)
    ) {
        agrees::<u8>(&listed, &reports, &batches);
        agrees::<u16>(&listed, &reports, &batches);
    }

    #[test]
    fn judges_machines_that_a_byte_does_not_hold(
        (listed, reports, batches) in relations(prop_oneof![
            255..=260_usize, Just(1_000),
        ]).prop_flat_map(histories)
    ) {
        agrees::<u16>(&listed, &reports, &batches);
        prop_assert_eq!(
            Judge::new(&listed.relation(), Hashed::<u8>::new()).err(),
            Some(BulkError::States { states: listed.states, most: 254 })
        );
    }
}

/// Every relation of two states, and every history of two rows with at most three reports of them or of
/// a state that there is not.
#[test]
fn judges_every_small_history_of_every_relation_of_two_states() {
    for bits in 0..64_usize {
        let is_set = |bit: usize| bits >> bit & 1 == 1;
        let listed = Listed {
            states: 2,
            initial: (0..2).filter(|state| is_set(*state)).collect(),
            pairs: (0..4)
                .filter(|pair| is_set(pair + 2))
                .map(|pair| (pair / 2, pair % 2))
                .collect(),
        };
        for length in 0..=3 {
            for number in 0..6_usize.pow(length) {
                let digit = |at| number / 6_usize.pow(at) % 6;
                let reports: Vec<(u64, usize)> =
                    (0..length).map(|at| ((digit(at) / 3) as u64, digit(at) % 3)).collect();
                let relation = listed.relation();
                let judged = said(&relation, Hashed::<u8>::new(), &reports, &[3]);
                assert_eq!(judged, listed.oracle(&reports), "{listed:?} {reports:?}");
                let judged = said(&relation, Dense::<u32, u16>::new(2), &reports, &[2]);
                assert_eq!(judged, listed.oracle(&reports), "{listed:?} {reports:?}");
            }
        }
    }
}

#[test]
fn takes_a_machine_by_its_trait() {
    for (name, machine) in tables::of_the_repository() {
        let relation = Relation::of(&machine).unwrap();
        let reports = relation.clone().with_redeliveries();
        assert_eq!(relation.states(), machine.states(), "{name:?}");
        for from in 0..machine.states() {
            assert_eq!(
                relation.is_initial(from),
                machine.is_initial(StateId::new(from)),
                "{name:?}"
            );
            for to in 0..machine.states() {
                let legal = machine.can_become(StateId::new(from), StateId::new(to));
                assert_eq!(relation.is_legal(from, to), legal, "{name:?}: {from} -> {to}");
                assert_eq!(
                    reports.is_legal(from, to),
                    legal || from == to,
                    "{name:?}: {from} -> {to}"
                );
            }
        }
        assert!(!relation.is_initial(machine.states()) && !relation.is_legal(machine.states(), 0));
    }
}

#[test]
fn says_what_cannot_be_judged() {
    let states =
        |states: &[usize]| states.iter().map(|state| StateId::new(*state)).collect::<Vec<_>>();
    let outside = BulkError::Outside { state: 2, states: 2 };
    assert_eq!(Relation::new(2, states(&[2]), []), Err(outside));
    assert_eq!(Relation::new(2, [], [(StateId::new(1), StateId::new(2))]), Err(outside));
    assert_eq!(outside.to_string(), "state 2 is not one of the relation's 2, from 0");
    let many = BulkError::States { states: 4_097, most: 4_096 };
    assert_eq!(Relation::new(4_097, [], []), Err(many));
    assert_eq!(many.to_string(), "4097 states are more than a table may have (4096)");

    let relation = Relation::new(255, states(&[0]), []).unwrap();
    let wide = Judge::new(&relation, Sorted::<u32>::new()).err().unwrap();
    assert_eq!(wide.to_string(), "255 states do not fit u8, which takes 254; judge them as u16");

    let relation = Relation::new(1, states(&[0]), []).unwrap();
    let mut judge = Judge::new(&relation, Dense::<u32>::new(3)).unwrap();
    let mut violations = Vec::new();
    let lengths = judge.judge(&[0, 1], &[0], &mut violations).unwrap_err();
    assert_eq!(lengths.to_string(), "a batch has 2 rows and 1 states; it needs one state a row");
    let row = judge.judge(&[2, 2, 3, 2], &[0; 4], &mut violations).unwrap_err();
    assert_eq!(row, BulkError::Row { index: 2, row: 3, most: 3 });
    assert_eq!(row.to_string(), "report 2 of the batch is about row 3; rows are below 3");
    // What stands before it was judged.
    assert_eq!(violations.iter().map(|violation| violation.index).collect::<Vec<_>>(), [1]);
}
