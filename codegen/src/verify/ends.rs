//! Where a row can get to: every state, an end from each, and nowhere from an end.

use std::collections::VecDeque;

use super::{Covered, Subject, Verdict, arrows, count};
use crate::machine::{Machine, StateId};

/// For each state the one before it on a shortest way from the sources; a source comes from itself.
fn shortest(machine: &Machine, sources: impl Iterator<Item = StateId>) -> Vec<Option<StateId>> {
    let mut from = vec![None; machine.states.len()];
    let mut waiting = VecDeque::new();
    for source in sources {
        if from[source.index()].is_none() {
            from[source.index()] = Some(source);
            waiting.push_back(source);
        }
    }
    while let Some(state) = waiting.pop_front() {
        for next in machine.next(state) {
            if from[next.index()].is_none() {
                from[next.index()] = Some(state);
                waiting.push_back(next);
            }
        }
    }
    from
}

/// The way to a state.
fn way(from: &[Option<StateId>], to: StateId) -> Vec<StateId> {
    let mut way = vec![to];
    let mut at = to;
    while let Some(before) = from[at.index()].filter(|&before| before != at) {
        way.push(before);
        at = before;
    }
    way.reverse();
    way
}

pub(super) fn reachable(subject: &Subject<'_>) -> Verdict {
    let machine = subject.machine;
    // Rows may still be in retired states, which nothing enters: they are where a row can be.
    let retired = machine.state_ids().filter(|&id| machine.state(id).retired);
    let from = shortest(machine, machine.initial.iter().copied().chain(retired));
    if let Some(lost) = machine.state_ids().find(|id| from[id.index()].is_none()) {
        let name = &machine.state(lost).name;
        return Verdict::refuted(format!("no way leads to `{name}`"), Vec::new());
    }
    let mut longest = Vec::new();
    for id in machine.state_ids() {
        let way = way(&from, id);
        if way.len() > longest.len() {
            longest = way;
        }
    }
    let covered = Covered::of([(count(machine.states.len()), "states")]);
    let note = format!("the longest shortest way: {}", arrows(machine, &longest));
    Verdict::Proven { covered: covered.note(note) }
}

pub(super) fn way_to_end(subject: &Subject<'_>) -> Verdict {
    let machine = subject.machine;
    // Rows that are still in an end that is retired have ended; nothing else gets there.
    let ends = |id: &StateId| machine.state(*id).is_ended();
    if machine.state_ids().filter(ends).all(|id| machine.state(id).retired) {
        return Verdict::not_applicable("the table has no ended state");
    }
    let mut before = vec![Vec::new(); machine.states.len()];
    for (from, to, _) in machine.transitions() {
        before[to.index()].push(from);
    }
    let back = |ends: &dyn Fn(&StateId) -> bool| {
        let mut found = vec![false; machine.states.len()];
        let mut waiting: Vec<StateId> = machine.state_ids().filter(ends).collect();
        while let Some(state) = waiting.pop() {
            if !std::mem::replace(&mut found[state.index()], true) {
                waiting.extend(&before[state.index()]);
            }
        }
        found
    };
    let found = back(&ends);
    let from = shortest(machine, machine.initial.iter().copied());
    let stuck = machine.state_ids().filter(|id| !found[id.index()]);
    if let Some(way) = stuck.map(|id| way(&from, id)).min_by_key(Vec::len) {
        let name = &machine.state(*way.last().expect("a way leads somewhere")).name;
        let way = arrows(machine, &way);
        return Verdict::refuted(format!("no way leads from `{name}` to an end"), vec![way]);
    }
    let terminal = back(&|id| machine.state(*id).terminal);
    let to_terminal = terminal.iter().filter(|&&found| found).count();
    let covered = Covered::of([
        (count(found.len()), "states"),
        (count(to_terminal), "of them with a way to a terminal one"),
    ]);
    Verdict::Proven { covered }
}

pub(super) fn ends_stay(subject: &Subject<'_>) -> Verdict {
    let machine = subject.machine;
    let ends = || machine.state_ids().filter(|&id| machine.state(id).is_ended());
    if ends().next().is_none() {
        return Verdict::not_applicable("the table has no ended state");
    }
    let mut tried = 0;
    let mut stays = 0;
    for end in ends().filter(|&id| !machine.state(id).reopens) {
        stays += 1;
        for to in machine.state_ids().filter(|&to| to != end) {
            tried += 1;
            if machine.can_become(end, to) {
                let name = &machine.state(end).name;
                let from = shortest(machine, machine.initial.iter().copied());
                let mut way = way(&from, end);
                way.push(to);
                let summary = format!("`{name}` is an end that does not reopen, and is left");
                return Verdict::refuted(summary, vec![arrows(machine, &way)]);
            }
        }
    }
    if stays == 0 {
        return Verdict::not_applicable("every end of the table reopens");
    }
    Verdict::Proven { covered: Covered::of([(stays, "ends"), (tried, "pairs")]) }
}
