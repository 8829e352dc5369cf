//! Random histories next to an oracle that knows nothing of how they are read or judged, and next to
//! `phasegate accepts`.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_array::{ArrayRef, Int64Array, StringArray};
use phasegate_audit::{Report, audit};
use phasegate_codegen::machine::{Acceptance, Log, Machine};
use proptest::prelude::*;
use std::ops::ControlFlow;

use crate::histories::{Histories, machine, options};

/// Six states, some of which step to themselves, and one that reopens.
const TABLE: &str = r#"format = 1
[machine]
name = "m"
initial = ["a", "b"]
[[state]]
name = "a"
[[state]]
name = "b"
optional = false
[[state]]
name = "c"
optional = true
[[state]]
name = "d"
[[state]]
name = "done"
outcome = "success"
reopens = true
[[state]]
name = "off"
outcome = "cancelled"
[[transition]]
path = ["a", "b", "c", "d", "done", "a"]
[[transition]]
from = ["b", "d"]
to = ["b", "d"]
[[transition]]
from = "a"
to = "off"
"#;

const WORDS: [&str; 7] = ["a", "b", "c", "d", "done", "off", "nowhere"];

type Event = (String, &'static str);

fn events() -> impl Strategy<Value = Vec<Event>> {
    let id = prop_oneof![
        (0..6_i64).prop_map(|id| id.to_string()),
        (0..3_u32).prop_map(|id| format!("row {id}")),
        (0..2_u32).prop_map(|id| format!("550e8400-e29b-41d4-a716-44665544000{id}")),
    ];
    // Likely steps more often than others.
    let state = prop_oneof![4 => 0..5_usize, 1 => 0..7_usize].prop_map(|at| WORDS[at]);
    prop::collection::vec((id, state), 0..60)
}

/// What there is to find, as `row position from to`, in the order of the events.
fn oracle(machine: &Machine, events: &[Event], reports: bool) -> Vec<String> {
    let mut rows: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut found = Vec::new();
    for (id, to) in events {
        let row = rows.entry(id).or_default();
        row.push(to);
        let from = row.len().checked_sub(2).map(|before| row[before]);
        let may = match (from, machine.find(to)) {
            (None, to) => to.is_some_and(|to| machine.is_initial(to)),
            (Some(from), to) => match (machine.find(from), to) {
                (Some(from), Some(to)) => machine.can_become(from, to),
                (None, Some(_)) => true,
                (Some(_) | None, None) => false,
            },
        };
        let is_again = reports && from == Some(to);
        if !may && !is_again {
            found.push(format!("{id} {} {} {to}", row.len(), from.unwrap_or("start")));
        }
    }
    found
}

fn judged(machine: &Machine, sources: &[String], order: bool, reports: bool) -> Report {
    let mut options = options();
    options.wanted.order = order.then(|| "n".to_owned());
    options.reports = reports;
    audit(machine, &[], sources, &options, None, &mut |_| ControlFlow::Continue(())).unwrap()
}

fn found(report: &Report) -> Vec<String> {
    let text = |it: &phasegate_audit::Violation| {
        let from = it.from.as_deref().unwrap_or("start");
        format!("{} {} {from} {}", it.row, it.position, it.to)
    };
    report.first_violations.iter().map(text).collect()
}

proptest! {
    #[test]
    fn finds_what_an_oracle_finds(events in events(), seed in any::<u64>(), reports in any::<bool>()) {
        let machine = machine(TABLE);
        let histories = Histories::new();
        let csv = |rows: &[(usize, &Event)]| {
            let lines = rows.iter().map(|(n, (id, state))| format!("{id},{state},{n}\n"));
            format!("id,status,n\n{}", lines.collect::<String>())
        };
        let mut rows: Vec<(usize, &Event)> = events.iter().enumerate().collect();
        let sorted = histories.write("sorted.csv", csv(&rows));
        let wanted = oracle(&machine, &events, reports);
        let report = judged(&machine, &[sorted], false, reports);
        prop_assert_eq!(report.violations, wanted.len() as u64);
        let shown = wanted.len().min(20);
        prop_assert_eq!(found(&report), &wanted[..shown]);
        prop_assert_eq!(report.events, events.len() as u64);
        // In two files, in any order, as long as it is said what orders them.
        rows.sort_by_key(|(n, _)| (*n as u64 + 1).wrapping_mul(seed | 1).rotate_left(17));
        let (one, other) = rows.split_at(rows.len() / 2);
        let sources = [histories.write("1.csv", csv(one)), histories.write("2.csv", csv(other))];
        let report = judged(&machine, &sources, true, reports);
        prop_assert_eq!(found(&report), &wanted[..shown]);
        // The rows where they are, and each step as often as it was taken.
        let mut last: BTreeMap<&str, &str> = BTreeMap::new();
        let mut steps: BTreeMap<(Option<&str>, &str), u64> = BTreeMap::new();
        for (id, to) in &events {
            let from = last.insert(id, to);
            let is_known = from.is_none_or(|from| from != "nowhere") && *to != "nowhere";
            let is_again = reports && from == Some(to) && {
                let state = machine.find(to);
                !state.is_some_and(|state| machine.can_become(state, state))
            };
            if is_known && !is_again {
                *steps.entry((from, to)).or_default() += 1;
            }
        }
        let ended = last.values().filter(|it| ["done", "off"].contains(it)).count() as u64;
        let lost = last.values().filter(|it| **it == "nowhere").count() as u64;
        let all = last.len() as u64;
        prop_assert_eq!((report.ended, report.elsewhere, report.rows), (ended, lost, all));
        for taken in &report.taken {
            let name = |id| machine.state(id).name.as_str();
            let times = steps.remove(&(taken.from.map(name), name(taken.to))).unwrap_or_default();
            prop_assert_eq!(taken.times, times);
        }
        prop_assert!(steps.is_empty());
    }

    #[test]
    fn the_first_violation_of_a_row_is_where_accepts_rejects_it(
        events in events(), reports in any::<bool>(),
    ) {
        let machine = machine(TABLE);
        let histories = Histories::new();
        let mut rows: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (id, state) in &events {
            rows.entry(id).or_default().push(state);
        }
        for (id, states) in rows {
            let mut log =
                if reports { Log::reports(&machine) } else { Log::transitions(&machine) };
            states.iter().for_each(|state| log.push(machine.find(state), state));
            let lines: String = states.iter().map(|state| format!("{id},{state}\n")).collect();
            let source = histories.write("row.csv", format!("id,status\n{lines}"));
            let report = judged(&machine, &[source], false, reports);
            match log.verdict() {
                Acceptance::Accepted | Acceptance::Complete => {
                    prop_assert_eq!(report.violations, 0);
                }
                Acceptance::Rejected(rejection) => {
                    let first = &report.first_violations[0];
                    prop_assert_eq!(first.position as usize, rejection.at);
                    prop_assert_eq!(&first.to, &rejection.to);
                    let from = rejection.from.map(|from| machine.state(from).name.clone());
                    prop_assert_eq!(&first.from, &from);
                    let legal: Vec<String> = rejection
                        .legal(&machine)
                        .iter()
                        .map(|&state| machine.state(state).name.clone())
                        .collect();
                    prop_assert_eq!(&first.legal, &legal);
                }
            }
        }
    }

    #[test]
    fn the_fast_way_of_numbers_and_codes_finds_what_the_other_does(
        events in prop::collection::vec(
            (0..9_i64, prop_oneof![4 => 0..5_usize, 1 => 0..7_usize]), 0..120,
        ),
        nulls in any::<bool>(),
    ) {
        let machine = machine(TABLE);
        let histories = Histories::new();
        let lines = events.iter().map(|(id, state)| format!("{id},{}\n", WORDS[*state]));
        let csv = histories.write("h.csv", format!("id,status\n{}", lines.collect::<String>()));
        let ids = events.iter().map(|(id, _)| Some(*id));
        let states = events.iter().map(|(_, state)| Some(WORDS[*state]));
        // A NULL in front is passed over by both.
        let front = nulls.then_some(());
        let ids: Int64Array = front.map(|()| None).into_iter().chain(ids).collect();
        let states: StringArray = front.map(|()| Some("a")).into_iter().chain(states).collect();
        let columns: [(&str, ArrayRef); 2] = [("id", Arc::new(ids)), ("status", Arc::new(states))];
        let parquet = histories.parquet("h.parquet", &columns, 50);
        let (slow, fast) = (
            judged(&machine, &[csv], false, false),
            judged(&machine, &[parquet], false, false),
        );
        prop_assert_eq!(found(&fast), found(&slow));
        prop_assert_eq!(&fast.taken, &slow.taken);
        prop_assert_eq!(&fast.never_reached, &slow.never_reached);
        let figures = |it: &Report| {
            [it.events, it.unjudged, it.rows, it.ended, it.open, it.elsewhere, it.violations]
        };
        prop_assert_eq!(figures(&fast), figures(&slow));
        prop_assert_eq!(fast.first_troubles.len(), usize::from(nulls));
    }
}
