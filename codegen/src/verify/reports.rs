//! Reports that are lost, and reports that come twice.

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
            let optional = machine.state(next).optional;
            if optional && machine.state(next).is_ended() && !machine.state(left).is_ended() {
                let summary = "what is left is not complete".to_owned();
                return Verdict::refuted(summary, lost_path(machine, &known, number, next, "lost"));
            }
            if optional {
                known.add(&pair(next, left), Some((number, Step::Start)), 0);
            }
            // A report of the state that the row is in already is a redelivery: it is there as well.
            if !machine.can_become(left, next) && left != next {
                let summary = format!("a report of `{}` is refused", machine.state(next).name);
                let path = lost_path(machine, &known, number, next, "refused");
                return Verdict::refuted(summary, path);
            }
            known.add(&pair(next, next), Some((number, Step::Start)), 0);
        }
        number += 1;
    }
    let covered = Covered::of([(count(known.len()), "pairs of rows"), (steps, "steps")]);
    Verdict::Proven { covered: covered.note("for sequences of every length, by induction") }
}

/// What happened, what was lost of it, and what becomes of the last report.
fn lost_path(
    machine: &Machine,
    known: &Situations,
    number: usize,
    next: StateId,
    fate: &str,
) -> Vec<String> {
    let mut lines = vec![format!("reports {}: {fate}", machine.state(next).name)];
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
    redelivered(subject.machine, |state| Receiver::start(subject.machine, state))
}

fn redelivered<'m>(machine: &'m Machine, start: impl Fn(StateId) -> Receiver<'m>) -> Verdict {
    const FIRST: u32 = 1;
    let (mut cases, mut reports, mut steps) = (0_u64, 0_u64, 0_u64);
    let mut first_into: Vec<Option<StateId>> = vec![None; machine.states.len()];
    for (from, to, _) in machine.transitions() {
        first_into[to.index()].get_or_insert(from);
    }
    let mut after = Following::of(machine);
    for (from, to, _) in machine.transitions() {
        let mut receiver = start(from);
        receiver.deliver(FIRST, to);
        reports += 1;
        // What comes after an applied report depends on where it led alone: the first step into
        // each state is followed to the end, the others are delivered again at once.
        after.begin(to);
        let goes_on = first_into[to.index()] == Some(from);
        while let Some(state) = after.take(machine, goes_on, &mut steps) {
            receiver.stands_in(state);
            cases += 1;
            if receiver.deliver(FIRST, to) == Answer::Applied {
                let summary = format!(
                    "a report of `{}` that was applied is applied again",
                    name(machine, to)
                );
                let way = [vec![from], after.way(state), vec![to]].concat();
                return Verdict::refuted(summary, vec![arrows(machine, &way)]);
            }
            if steps > MOST_STEPS {
                let covered = Covered::of([(cases, "redeliveries")]);
                let bound =
                    format!("the first {reports} of {} reports", machine.transition_count());
                return Verdict::Bounded { covered, bound };
            }
        }
    }
    Verdict::Proven { covered: Covered::of([(cases, "redeliveries")]) }
}

/// A report of the state that the row is in already changes nothing, and its id is not remembered.
/// Where the row can come to that state again, the same report is one like any other when it comes
/// again later: those states are listed, and of them nothing is claimed.
pub(super) fn late_duplicate(subject: &Subject<'_>) -> Verdict {
    late(subject.machine, |state| Receiver::start(subject.machine, state))
}

fn late<'m>(machine: &'m Machine, start: impl Fn(StateId) -> Receiver<'m>) -> Verdict {
    const ONE: u32 = 1;
    let (mut cases, mut steps) = (0_u64, 0_u64);
    let mut come_back: Vec<&str> = Vec::new();
    let mut example = String::new();
    let mut after = Following::of(machine);
    for state in machine.state_ids() {
        let mut receiver = start(state);
        if receiver.deliver(ONE, state) == Answer::Applied {
            // A report that is a transition whenever it comes is none that changes nothing.
            continue;
        }
        let mut tried = 0;
        after.begin(state);
        let applied = loop {
            let Some(at) = after.take(machine, true, &mut steps) else { break None };
            receiver.stands_in(at);
            if receiver.deliver(ONE, state) == Answer::Applied {
                break Some(at);
            }
            tried += 1;
        };
        let name = name(machine, state);
        if let Some(at) = applied {
            let way = arrows(machine, &[after.way(at), vec![state]].concat());
            if !machine.can_become(at, state) {
                let what = "that changed nothing is applied when it comes again";
                return Verdict::refuted(format!("a report of `{name}` {what}"), vec![way]);
            }
            if come_back.is_empty() {
                example = way;
            }
            come_back.push(name);
        } else {
            cases += tried;
        }
        if steps > MOST_STEPS && cases > 0 {
            let covered = Covered::of([(cases, "redeliveries")]);
            return Verdict::Bounded {
                covered,
                bound: format!("reports of the states to `{name}`"),
            };
        }
    }
    let covered = Covered::of([(cases, "redeliveries")]);
    match (cases, &come_back[..]) {
        (0, []) => Verdict::not_applicable("every report is a transition, whenever it comes"),
        (0, _) => Verdict::not_applicable(format!(
            "the table lets a row come back: {example}; a report that found the row in such a \
             state is not remembered, and later it is one like any other"
        )),
        (_, []) => Verdict::Proven { covered },
        (_, names) => {
            let which = "not claimed of the states that a row can come back to";
            Verdict::Proven {
                covered: covered.note(format!("{which} ({example}): {}", names.join(", "))),
            }
        }
    }
}

fn name(machine: &Machine, state: StateId) -> &str {
    &machine.state(state).name
}

/// The states that can follow a state, nearest first, each once and itself at the beginning.
struct Following {
    from: Vec<Option<StateId>>,
    found: Vec<StateId>,
    taken: usize,
}

impl Following {
    fn of(machine: &Machine) -> Self {
        Self { from: vec![None; machine.states.len()], found: Vec::new(), taken: 0 }
    }

    fn begin(&mut self, state: StateId) {
        for found in self.found.drain(..) {
            self.from[found.index()] = None;
        }
        self.from[state.index()] = Some(state);
        self.found.push(state);
        self.taken = 0;
    }

    /// The next one; those after it are looked for, a step each, where it goes on.
    fn take(&mut self, machine: &Machine, goes_on: bool, steps: &mut u64) -> Option<StateId> {
        let state = *self.found.get(self.taken)?;
        self.taken += 1;
        for next in machine.next(state).filter(|_| goes_on) {
            *steps += 1;
            if self.from[next.index()].is_none() {
                self.from[next.index()] = Some(state);
                self.found.push(next);
            }
        }
        Some(state)
    }

    /// The way to one of them, both ends included.
    fn way(&self, to: StateId) -> Vec<StateId> {
        let mut way = vec![to];
        let mut at = to;
        while let Some(before) = self.from[at.index()].filter(|&before| before != at) {
            way.push(before);
            at = before;
        }
        way.reverse();
        way
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine(path: &str) -> Machine {
        let table = format!(
            "format = 1\nmachine = {{ name = 'a', initial = 'x' }}\n\
             state = [{{ name = 'x' }}, {{ name = 'y' }}]\ntransition = [{{ path = {path} }}]"
        );
        let Ok((_, machine, _)) = crate::machine("a.toml", table.as_bytes()) else {
            panic!("the table is valid");
        };
        machine
    }

    #[test]
    fn a_receiver_that_forgets_ids_takes_a_row_back() {
        let machine = machine("['x', 'y', 'x']");
        let forgetful = |state| Receiver::start(&machine, state).forgetful();
        let Verdict::Refuted { counterexample } = redelivered(&machine, forgetful) else {
            panic!("a forgetful receiver was not found out");
        };
        assert_eq!(counterexample.summary, "a report of `y` that was applied is applied again");
        assert_eq!(counterexample.path, ["x -> y -> x -> y"]);
        let remembers = redelivered(&machine, |state| Receiver::start(&machine, state));
        assert!(matches!(remembers, Verdict::Proven { .. }));
    }

    #[test]
    fn a_receiver_that_takes_every_step_back_takes_a_late_duplicate_for_news() {
        let machine = machine("['x', 'y']");
        let credulous = |state| Receiver::start(&machine, state).credulous();
        let Verdict::Refuted { counterexample } = late(&machine, credulous) else {
            panic!("a receiver that takes whatever comes was not found out");
        };
        let summary = "a report of `x` that changed nothing is applied when it comes again";
        assert_eq!(counterexample.summary, summary);
        assert_eq!(counterexample.path, ["x -> y -> x"]);
    }
}
