//! Of every state and every report exactly one verdict, held against the words of rules 2, 3 and 5.

use phasegate::Machine as _;

use super::{Covered, Subject, Verdict, count};
use crate::machine::{Kind, Machine, StateId};

pub(super) fn judge(subject: &Subject<'_>) -> Verdict {
    let machine = subject.machine;
    let declared: Vec<Vec<StateId>> = machine
        .state_ids()
        .map(|from| {
            let is_declared = |&to: &StateId| machine.kind(from, to) == Some(Kind::Declared);
            let others = machine.next(from).filter(|&to| to != from);
            std::iter::once(from).chain(others).filter(is_declared).collect()
        })
        .collect();
    let mut numbers = [0_u64; 4];
    let mut legal = vec![false; machine.states.len()];
    for from in machine.state_ids() {
        follow(machine, &declared, from, &mut legal);
        let terminal = machine.state_ids().all(|to| to == from || !legal[to.index()]);
        for to in machine.state_ids() {
            let verdict = machine.judge(from.index(), to.index());
            let is_legal = legal[to.index()];
            // The four by their own words; one of them holds, and it is the verdict.
            let words = [
                (phasegate::Verdict::Applied, is_legal),
                (phasegate::Verdict::Duplicate, !is_legal && from == to),
                (phasegate::Verdict::Ended, !is_legal && from != to && terminal),
                (phasegate::Verdict::Illegal, !is_legal && from != to && !terminal),
            ];
            let right = words.iter().filter(|(word, holds)| *holds == (*word == verdict)).count();
            if right != words.len() {
                let name = |id| &machine.state(id).name;
                let summary = format!("a report of `{}` is judged {verdict:?}", name(to));
                return Verdict::refuted(summary, vec![format!("the row is in {}", name(from))]);
            }
            for (number, (_, holds)) in numbers.iter_mut().zip(words) {
                *number += u64::from(holds);
            }
        }
    }
    let states = count(machine.states.len());
    let covered = Covered::of([
        (states * states, "pairs"),
        (numbers[0], "applied"),
        (numbers[1], "duplicate"),
        (numbers[2], "rejected as ended"),
        (numbers[3], "rejected as illegal"),
    ]);
    Verdict::Proven { covered }
}

/// The states that are legal after one: by a declared pair, or by declared pairs through optional
/// states, but never by a skip to itself.
fn follow(machine: &Machine, declared: &[Vec<StateId>], from: StateId, legal: &mut [bool]) {
    legal.fill(false);
    let mut waiting = vec![from];
    while let Some(at) = waiting.pop() {
        for &to in &declared[at.index()] {
            let skips_to_itself = to == from && at != from;
            if !skips_to_itself && !std::mem::replace(&mut legal[to.index()], true) {
                // A declared self-transition was expanded at the start.
                if machine.state(to).optional && to != from {
                    waiting.push(to);
                }
            }
        }
    }
}
