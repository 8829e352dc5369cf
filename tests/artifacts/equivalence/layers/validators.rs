//! The layers that judge without a row: the interpreter, the compiled Rust, the modules in
//! node.

use std::path::PathBuf;

use phasegate_codegen::machine::{Acceptance as Said, Log, StateId};
use serde_json::{Value, json};

use crate::common::node;
use crate::common::program::Program;
use crate::equivalence::cases::{Answers, Case, History, Word};
use crate::equivalence::oracle::{State, Verdict};

pub(super) fn interpreter(case: &Case) -> Answers {
    let machine = case.machine();
    let ids = || machine.state_ids();
    let starts = ids().map(|to| Some(machine.may_follow(None, to))).collect();
    let steps = ids().map(|from| ids().map(|to| Some(machine.can_become(from, to))).collect());
    let verdict = |mut log: Log<'_>, words: &[Word]| {
        for word in words {
            let value = case.value(word);
            log.push(machine.find_value(value), value);
        }
        match log.verdict() {
            Said::Accepted => Verdict::Accepted,
            Said::Complete => Verdict::Complete,
            Said::Rejected(rejection) => {
                let legal = rejection.legal(machine).into_iter().map(StateId::index);
                Verdict::Rejected(rejection.at, legal.collect())
            }
        }
    };
    let transitions = case.sequences.iter().map(|words| verdict(Log::transitions(machine), words));
    let reports = case.sequences.iter().map(|words| verdict(Log::reports(machine), words));
    let views = case.histories.iter().map(|history| {
        let states: Vec<StateId> = history.states.iter().copied().map(StateId::new).collect();
        let views = machine.phases(&states, history.attempted.map(StateId::new));
        views.iter().map(|view| view.as_str()).collect::<Vec<_>>().join(" ")
    });
    Answers {
        pairs: std::iter::once(starts).chain(steps).collect(),
        sequences: Some(transitions.collect()),
        reports: Some(reports.collect()),
        rows: Vec::new(),
        views: Some(views.collect()),
    }
}

/// Rows of `0` and `1`, as wide as there are states.
fn matrix(bits: &str, states: usize) -> Vec<Vec<Option<bool>>> {
    let bits: Vec<Option<bool>> = bits.chars().map(|bit| Some(bit == '1')).collect();
    bits.chunks(states).map(<[_]>::to_vec).collect()
}

pub(super) fn rust(cases: &[Case]) -> Vec<Answers> {
    let program = Program::build(cases.iter().map(|case| case.loaded.clone()).collect());
    let mut lines = Vec::new();
    let places =
        |states: &[State]| states.iter().fold(String::new(), |all, at| format!("{all} {at}"));
    for (at, case) in cases.iter().enumerate() {
        lines.push(format!("{at} pairs"));
        // What is no state is no value of the type either: reading it fails at its place.
        let known =
            |words: &Vec<Word>| -> Vec<State> { words.iter().map_while(Word::state).collect() };
        lines.extend(
            case.sequences.iter().map(|words| format!("{at} sequence{}", places(&known(words)))),
        );
        lines.extend(case.histories.iter().map(|History { states, attempted }| {
            let attempted = attempted.map_or("-".to_owned(), |state| state.to_string());
            format!("{at} phases {attempted}{}", places(states))
        }));
    }
    let mut said = program.ask(&lines).into_iter();
    let mut next = || said.next().unwrap();
    cases
        .iter()
        .map(|case| {
            let pairs = matrix(&next(), case.oracle.states.len());
            let sequences = case.sequences.iter().map(|words| {
                let known = words.iter().map_while(Word::state).collect::<Vec<_>>();
                match read_verdict(&next()) {
                    Verdict::Accepted | Verdict::Complete if known.len() < words.len() => {
                        let legal = legal_after(&pairs, known.last().copied());
                        Verdict::Rejected(known.len() + 1, legal)
                    }
                    verdict => verdict,
                }
            });
            let sequences = Some(sequences.collect());
            let views = Some(case.histories.iter().map(|_| next()).collect());
            Answers { pairs, sequences, views, ..Answers::default() }
        })
        .collect()
}

fn legal_after(pairs: &[Vec<Option<bool>>], last: Option<State>) -> Vec<State> {
    let row = &pairs[last.map_or(0, |last| last + 1)];
    (0..row.len()).filter(|&to| row[to] == Some(true)).collect()
}

/// `accepted`, `complete`, or `rejected PLACE STATE…`.
fn read_verdict(line: &str) -> Verdict {
    let mut words = line.split(' ').filter(|word| !word.is_empty());
    match words.next() {
        Some("accepted") => Verdict::Accepted,
        Some("complete") => Verdict::Complete,
        Some("rejected") => {
            let mut numbers = words.map(|word| word.parse().unwrap());
            Verdict::Rejected(numbers.next().unwrap(), numbers.collect())
        }
        Some(_) | None => panic!("{line}"),
    }
}

pub(super) fn js(cases: &[Case]) -> Vec<Answers> {
    let folder = tempfile::tempdir().unwrap();
    in_node(cases, |at, case| node::write(folder.path(), &format!("m{at}.mjs"), &case.loaded))
}

pub(super) fn ts(cases: &[Case]) -> Vec<Answers> {
    let folder = tempfile::tempdir().unwrap();
    let write = |(at, case): (usize, &Case)| {
        node::write_typed(folder.path(), &format!("m{at}"), &case.loaded)
    };
    let modules: Vec<PathBuf> = cases.iter().enumerate().map(write).collect();
    node::compile(folder.path()).unwrap_or_else(|said| panic!("{said}"));
    in_node(cases, |at, _| modules[at].clone())
}

fn in_node(cases: &[Case], module: impl Fn(usize, &Case) -> PathBuf) -> Vec<Answers> {
    let questions: Vec<Value> = cases
        .iter()
        .enumerate()
        .map(|(at, case)| {
            let module = module(at, case);
            let states = &case.oracle.states;
            let sequences = case.sequences.iter();
            let sequences: Vec<Vec<&str>> = sequences
                .map(|words| words.iter().map(|word| case.value(word)).collect())
                .collect();
            let histories = case.histories.iter().enumerate().map(|(at, history)| {
                let mut values: Vec<&str> =
                    history.states.iter().map(|&state| states[state].value.as_str()).collect();
                let mut attempted = history.attempted.map(|state| states[state].value.as_str());
                // What the table lacks is passed over.
                if at % 3 == 2 {
                    values.insert(at % (values.len() + 1), "of a newer table");
                    attempted = attempted.or(Some("of a newer table"));
                }
                json!({ "history": values, "attempted": attempted })
            });
            json!({
                "module": module, "ask": "judge", "sequences": sequences,
                "histories": histories.collect::<Vec<_>>(),
            })
        })
        .collect();
    let answers = node::ask(&questions);
    cases
        .iter()
        .zip(answers)
        .map(|(case, said)| {
            let lines = |key: &str| -> Vec<String> {
                let lines = said[key].as_array().unwrap();
                lines.iter().map(|line| line.as_str().unwrap().to_owned()).collect()
            };
            Answers {
                pairs: matrix(&lines("pairs").concat(), case.oracle.states.len()),
                sequences: Some(lines("sequences").iter().map(|line| read_verdict(line)).collect()),
                views: Some(lines("views")),
                ..Answers::default()
            }
        })
        .collect()
}
