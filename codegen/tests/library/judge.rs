//! Of every state and every report exactly one verdict, held against the words of rules 2, 3 and 5.

use crate::common;
use crate::tables;
use phasegate::{Machine as _, Verdict};
use phasegate_codegen::Machine;
use phasegate_codegen::machine::{Kind, StateId};
use proptest::prelude::*;

/// The states that are legal after one, by the words of rules 2 and 3: by a declared pair, or by
/// declared pairs through optional states, but never by a skip to itself.
fn legal_after(machine: &Machine, from: StateId) -> Vec<bool> {
    let declared = |from, to| machine.kind(from, to) == Some(Kind::Declared);
    let mut legal = vec![false; machine.states.len()];
    let mut waiting = vec![from];
    while let Some(at) = waiting.pop() {
        for to in machine.state_ids().filter(|&to| declared(at, to)) {
            let skips_to_itself = to == from && at != from;
            if !skips_to_itself && !std::mem::replace(&mut legal[to.index()], true) {
                // A declared self-transition was expanded at the start.
                if machine.state(to).optional && to != from {
                    waiting.push(to);
                }
            }
        }
    }
    legal
}

/// How many pairs have each verdict: applied, duplicate, rejected as ended, and as illegal; or the
/// first that is judged otherwise than the words say.
fn judged(machine: &Machine) -> Result<[usize; 4], String> {
    let mut counts = [0; 4];
    for from in machine.state_ids() {
        let legal = legal_after(machine, from);
        let terminal = machine.state_ids().all(|to| to == from || !legal[to.index()]);
        for to in machine.state_ids() {
            let verdict = machine.judge(from, to);
            let is_legal = legal[to.index()];
            // The four by their own words; one of them holds, and it is the verdict.
            let words = [
                (Verdict::Applied, is_legal),
                (Verdict::Duplicate, !is_legal && from == to),
                (Verdict::Ended, !is_legal && from != to && terminal),
                (Verdict::Illegal, !is_legal && from != to && !terminal),
            ];
            if words.iter().any(|(word, holds)| *holds != (*word == verdict)) {
                let name = |id| &machine.state(id).name;
                return Err(format!(
                    "in `{}` a report of `{}` is judged {verdict:?}",
                    name(from),
                    name(to)
                ));
            }
            for (count, (_, holds)) in counts.iter_mut().zip(words) {
                *count += usize::from(holds);
            }
        }
    }
    Ok(counts)
}

#[test]
fn every_report_has_one_verdict_in_every_table_of_the_repository() {
    for (path, machine) in tables::of_the_repository() {
        let counts = judged(&machine).unwrap_or_else(|why| panic!("{}: {why}", path.display()));
        let states = machine.states.len();
        assert_eq!(counts.iter().sum::<usize>(), states * states, "{}", path.display());
        assert_eq!(counts[0], machine.transition_count(), "{}", path.display());
    }
    assert_eq!(judged(&common::machine(common::DEPLOY)), Ok([27, 10, 18, 45]));
}

#[test]
fn a_state_is_followed_by_itself_where_that_is_declared_and_never_by_a_skip() {
    let machine = common::machine(
        "format = 1\nmachine = { name = 'a', initial = 'on' }\n\
         state = [{ name = 'on' }, { name = 'busy', optional = true }, { name = 'again' }]\n\
         transition = [{ path = ['on', 'busy', 'on', 'again', 'again', 'on'] }]",
    );
    assert_eq!(judged(&machine), Ok([5, 2, 0, 2]));
}

#[test]
fn a_verdict_that_is_not_the_rules_is_found() {
    let mut machine = common::machine(common::DEPLOY);
    let building = machine.find("building").unwrap();
    machine.states[building.index()].terminal = true;
    let why = judged(&machine).unwrap_err();
    assert_eq!(why, "in `building` a report of `queued` is judged Ended");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, ..ProptestConfig::default() })]

    #[test]
    fn every_report_has_one_verdict_in_any_table(made in tables::tables()) {
        if let Err(why) = judged(&made.machine) {
            prop_assert!(false, "{why}\n{}", made.text);
        }
    }
}
