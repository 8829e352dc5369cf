//! Where a row can get to: every state, an end from each, and nowhere from an end.

use super::reach::reach;
use super::{About, ClaimResult, Covered, Subject, arrows, count};
use crate::machine::{Machine, StateId};
use crate::search::closure;

/// A shortest way to each state that rows come to from the initial ones.
fn from_the_start(machine: &Machine) -> Vec<Option<Vec<StateId>>> {
    let mut ways = vec![None; machine.states.len()];
    for way in reach(machine, machine.initial.clone(), |_| false).ways() {
        let to = *way.last().expect("a way leads somewhere");
        ways[to.index()] = Some(way);
    }
    ways
}

pub(super) fn reachable(subject: &Subject<'_>) -> ClaimResult {
    let machine = subject.machine;
    // Rows may still be in retired states, which nothing enters: they are where a row can be.
    let retired = machine.state_ids().filter(|&id| machine.state(id).retired);
    let sources = machine.initial.iter().copied().chain(retired).collect();
    let reached = reach(machine, sources, |_| false);
    let mut is_reached = vec![false; machine.states.len()];
    reached.states().for_each(|state| is_reached[state.index()] = true);
    if let Some(lost) = machine.state_ids().find(|id| !is_reached[id.index()]) {
        let name = &machine.state(lost).name;
        let about = About::State(lost);
        return ClaimResult::refuted(about, format!("no way leads to `{name}`"), Vec::new());
    }
    let mut ways: Vec<Vec<StateId>> = reached.ways().collect();
    ways.sort_by_key(|way| {
        (std::cmp::Reverse(way.len()), *way.last().expect("it leads somewhere"))
    });
    let covered = Covered::of([(count(machine.states.len()), "states")]);
    let longest = ways.first().map(|way| arrows(machine, way)).unwrap_or_default();
    ClaimResult::Proven { covered: covered.note(format!("the longest shortest way: {longest}")) }
}

pub(super) fn way_to_end(subject: &Subject<'_>) -> ClaimResult {
    let machine = subject.machine;
    // Rows that are still in an end that is retired have ended; nothing else gets there.
    let ends = |id: &StateId| machine.state(*id).is_ended();
    if machine.state_ids().filter(ends).all(|id| machine.state(id).retired) {
        return ClaimResult::not_applicable("the table has no ended state");
    }
    let before = machine.relation.before();
    let back = |ends: &dyn Fn(&StateId) -> bool| {
        closure(machine.state_ids().filter(ends), |state| before[state.index()].iter().copied())
    };
    let found = back(&ends);
    let ways = from_the_start(machine);
    let stuck = machine.state_ids().filter(|id| !found.contains(id));
    let way = |id: StateId| ways[id.index()].clone().unwrap_or_else(|| vec![id]);
    if let Some(way) = stuck.map(way).min_by_key(Vec::len) {
        let stuck = *way.last().expect("a way leads somewhere");
        let summary = format!("no way leads from `{}` to an end", machine.state(stuck).name);
        return ClaimResult::refuted(About::State(stuck), summary, vec![arrows(machine, &way)]);
    }
    let terminal = back(&|id| machine.state(*id).terminal);
    let covered = Covered::of([
        (count(machine.states.len()), "states"),
        (count(terminal.len()), "of them with a way to a terminal one"),
    ]);
    ClaimResult::Proven { covered }
}

pub(super) fn ends_stay(subject: &Subject<'_>) -> ClaimResult {
    let machine = subject.machine;
    let ends = || machine.state_ids().filter(|&id| machine.state(id).is_ended());
    if ends().next().is_none() {
        return ClaimResult::not_applicable("the table has no ended state");
    }
    let mut tried = 0;
    let mut stays = 0;
    for end in ends().filter(|&id| !machine.state(id).reopens) {
        stays += 1;
        for to in machine.state_ids().filter(|&to| to != end) {
            tried += 1;
            if machine.can_become(end, to) {
                let name = &machine.state(end).name;
                let mut way =
                    from_the_start(machine)[end.index()].clone().unwrap_or_else(|| vec![end]);
                way.push(to);
                let summary = format!("`{name}` is an end that does not reopen, and is left");
                return ClaimResult::refuted(
                    About::State(end),
                    summary,
                    vec![arrows(machine, &way)],
                );
            }
        }
    }
    if stays == 0 {
        return ClaimResult::not_applicable("every end of the table reopens");
    }
    ClaimResult::Proven { covered: Covered::of([(stays, "ends"), (tried, "pairs")]) }
}
