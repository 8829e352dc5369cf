//! Reports that are lost, and reports that come twice.

use std::collections::VecDeque;

use super::{Covered, Subject, Verdict, arrows, count};
use crate::explore::{Answer, Receiver, Situations, Step};
use crate::machine::{Machine, StateId};

/// The most steps that one of these proofs takes.
const MOST_STEPS: u64 = 1 << 18;

/// Two rows side by side: one that every report came to, and one that some of those of optional
/// states did not come to. All pairs that they can be in, for sequences of any length.
pub(super) fn loss(subject: &Subject<'_>) -> Verdict {
    let machine = subject.machine;
    if machine.relation.optional().is_empty() {
        return Verdict::not_applicable("the table has no optional state");
    }
    let mut known = Situations::new(2);
    let mut steps = 0_u64;
    for &initial in &machine.initial {
        known.add(&pair(initial, initial), None, 1);
    }
    let mut number = 0;
    while number < known.len() {
        let (full, left) = unpair(known.row(number));
        for next in machine.next(full) {
            steps += 1;
            if steps > MOST_STEPS {
                let covered = Covered::of([(count(number), "pairs of rows"), (steps, "steps")]);
                return Verdict::Bounded { covered, bound: format!("the first {steps} steps") };
            }
            if machine.state(next).optional {
                known.add(&pair(next, left), Some((number, Step::Start)), 0);
            }
            let moved = match machine.can_become(left, next) {
                true => Some(next),
                false => (left == next).then_some(left),
            };
            let Some(moved) = moved else {
                let summary = format!("a report of `{}` is refused", machine.state(next).name);
                return Verdict::refuted(summary, lost_path(machine, &known, number, next));
            };
            let (at, is_new) = known.add(&pair(next, moved), Some((number, Step::Start)), 0);
            if is_new && machine.state(next).is_ended() && !machine.state(moved).is_ended() {
                let summary = "what is left is not complete".to_owned();
                return Verdict::refuted(summary, lost_path(machine, &known, at, next));
            }
        }
        number += 1;
    }
    let covered = Covered::of([(count(known.len()), "pairs of rows"), (steps, "steps")]);
    Verdict::Proven { covered: covered.note("for sequences of every length, by induction") }
}

/// What happened, and what was lost of it.
fn lost_path(machine: &Machine, known: &Situations, number: usize, next: StateId) -> Vec<String> {
    let mut lines = vec![format!("reports {}", machine.state(next).name)];
    let mut at = number;
    while let Some((parent, _)) = known.parent(at) {
        let (full, left) = unpair(known.row(at));
        let (_, before) = unpair(known.row(parent));
        let fate = if left == before && full != left { "lost" } else { "delivered" };
        lines.push(format!("reports {}: {fate}", machine.state(full).name));
        at = parent;
    }
    lines.push(format!("the row starts in {}", machine.state(unpair(known.row(at)).0).name));
    lines.reverse();
    lines
}

fn pair(a: StateId, b: StateId) -> [u64; 2] {
    [count(a.index()), count(b.index())]
}

fn unpair(row: &[u64]) -> (StateId, StateId) {
    let state = |word: u64| StateId::new(usize::try_from(word).expect("it was an index"));
    (state(row[0]), state(row[1]))
}

/// Every applied report (a step that is legal), and every state that the row can be in when it comes
/// again: at once, or after whatever followed.
pub(super) fn redelivery(subject: &Subject<'_>) -> Verdict {
    match redelivered(subject.machine, |state| Receiver::start(subject.machine, state)) {
        Ok(verdict) | Err(verdict) => verdict,
    }
}

fn redelivered<'m>(
    machine: &'m Machine,
    start: impl Fn(StateId) -> Receiver<'m>,
) -> Result<Verdict, Verdict> {
    const FIRST: u32 = 1;
    let (mut cases, mut sources, mut steps) = (0_u64, 0_u64, 0_u64);
    let mut first_into: Vec<Option<StateId>> = vec![None; machine.states.len()];
    for (from, to, _) in machine.transitions() {
        first_into[to.index()].get_or_insert(from);
    }
    for from in machine.state_ids() {
        for to in machine.next(from) {
            // What comes after an applied report depends on where it led alone: the first step into
            // each state is followed to the end, the others are delivered again at once.
            let mut receiver = start(from);
            receiver.deliver(FIRST, to);
            cases += 1;
            let at_once = receiver.log.len();
            receiver.deliver(FIRST, to);
            if receiver.log.len() != at_once {
                return Err(moved_again(machine, &receiver));
            }
            if first_into[to.index()] != Some(from) {
                continue;
            }
            sources += 1;
            let mut seen = vec![false; machine.states.len()];
            seen[to.index()] = true;
            let mut waiting = VecDeque::from([receiver]);
            while let Some(receiver) = waiting.pop_front() {
                for next in machine.next(receiver.state()) {
                    steps += 1;
                    if std::mem::replace(&mut seen[next.index()], true) {
                        continue;
                    }
                    let mut later = receiver.clone();
                    let event_id = FIRST + u32::try_from(later.log.len()).expect("a log of states");
                    later.deliver(event_id, next);
                    let before = later.clone();
                    cases += 1;
                    if later.deliver(FIRST, to) == Answer::Applied {
                        return Err(moved_again(machine, &later));
                    }
                    waiting.push_back(before);
                }
            }
            if steps > MOST_STEPS {
                let covered = Covered::of([(cases, "redeliveries")]);
                let bound = format!("reports of the first {sources} states");
                return Ok(Verdict::Bounded { covered, bound });
            }
        }
    }
    Ok(Verdict::Proven { covered: Covered::of([(cases, "redeliveries")]) })
}

fn moved_again(machine: &Machine, receiver: &Receiver<'_>) -> Verdict {
    let last = &machine.state(receiver.state()).name;
    let summary = format!("a report of `{last}` that was applied is applied again");
    Verdict::refuted(summary, vec![arrows(machine, &receiver.log)])
}

/// A report of the state that the row is in already changes nothing, and its id is not remembered.
/// Where the state can be entered again, the same report may be applied when it comes again later.
pub(super) fn late_duplicate(subject: &Subject<'_>) -> Verdict {
    let machine = subject.machine;
    let (mut cases, mut steps) = (0_u64, 0_u64);
    for state in machine.state_ids().filter(|&state| !machine.can_become(state, state)) {
        let mut from: Vec<Option<StateId>> = vec![None; machine.states.len()];
        let mut waiting = VecDeque::from([state]);
        while let Some(at) = waiting.pop_front() {
            cases += 1;
            for next in machine.next(at) {
                steps += 1;
                if next == state {
                    let mut way = vec![state];
                    let mut back = at;
                    while back != state {
                        way.push(back);
                        back = from[back.index()].expect("it was reached from somewhere");
                    }
                    way.push(state);
                    way.reverse();
                    return Verdict::not_applicable(format!(
                        "the table lets a row come back: {}; a report that found the row in such a \
                         state is not remembered, and later it is one like any other",
                        arrows(machine, &way)
                    ));
                }
                if from[next.index()].is_none() {
                    from[next.index()] = Some(at);
                    waiting.push_back(next);
                }
            }
        }
        if steps > MOST_STEPS {
            let bound = format!("reports of the first {} states", state.index() + 1);
            return Verdict::Bounded { covered: Covered::of([(cases, "redeliveries")]), bound };
        }
    }
    Verdict::Proven { covered: Covered::of([(cases, "redeliveries")]) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receiver_that_forgets_ids_takes_a_row_back() {
        let table = "format = 1\nmachine = { name = 'a', initial = 'x' }\n\
                     state = [{ name = 'x' }, { name = 'y' }]\ntransition = [{ path = ['x', 'y', 'x'] }]";
        let Ok((_, machine, _)) = crate::machine("a.toml", table.as_bytes()) else {
            panic!("the table is valid");
        };
        let forgetful = |state| Receiver::start(&machine, state).forgetful();
        let Err(Verdict::Refuted { counterexample }) = redelivered(&machine, forgetful) else {
            panic!("a forgetful receiver was not found out");
        };
        assert_eq!(counterexample.summary, "a report of `y` that was applied is applied again");
        assert_eq!(counterexample.path, ["x -> y -> x -> y"]);
        let remembers = redelivered(&machine, |state| Receiver::start(&machine, state));
        assert!(matches!(remembers, Ok(Verdict::Proven { .. })));
    }
}
