//! Reports that are lost, and reports that come twice.

use std::collections::BTreeSet;

use phasegate::{Machine as _, Verdict as Judged};

use super::reach::{followers, reach};
use super::{About, ClaimResult, Covered, Smaller, Subject, arrows, count};
use crate::machine::{Machine, StateId, ones};
use crate::search::{Explored, Known, Limits, Model, PathEnd, explore};

/// The most steps that the proof of losses takes.
const MOST_STEPS: u64 = 1 << 22;

/// Two rows next to each other: one that every report came to, and one that some of those of optional
/// states did not come to. All pairs that they can be in, for sequences of any length.
struct Losses<'m> {
    machine: &'m Machine,
    /// The first report that is missed, and what is wrong then.
    missed: Option<(PathEnd<StateId>, Missed)>,
    /// The reports that were looked at.
    reports: u64,
}

/// What is wrong after a report, which comes to a pair.
#[derive(Clone, Copy)]
struct Missed {
    report: StateId,
    /// Whether it is lost, and so an end is; else it is refused.
    lost: bool,
}

impl Model for Losses<'_> {
    /// The row that everything came to, and the other.
    type Node = (StateId, StateId);
    type Step = StateId;

    fn starts(&self) -> Vec<Self::Node> {
        self.machine.initial.iter().map(|&state| (state, state)).collect()
    }

    fn steps(&self, &(full, left): &Self::Node, steps: &mut Vec<(StateId, Self::Node)>) {
        for next in self.machine.next(full) {
            if self.machine.state(next).optional {
                steps.push((next, (next, left)));
            }
            steps.push((next, (next, next)));
        }
    }

    fn look(&mut self, known: &Known<Self>, at: usize) {
        let (full, left) = *known.state(at);
        let state = |id| self.machine.state(id);
        self.reports += count(self.machine.next(full).count());
        self.missed = self.machine.next(full).find_map(|report| {
            let is_end_lost = state(report).optional && state(report).is_ended();
            if is_end_lost && !state(left).is_ended() {
                return Some((PathEnd::state(at), Missed { report, lost: true }));
            }
            // A report of the state that the row is in already is a redelivery: it is there as well.
            let is_refused = !self.machine.can_become(left, report) && left != report;
            is_refused.then(|| (PathEnd::state(at), Missed { report, lost: false }))
        });
    }

    fn is_decided(&self) -> bool {
        self.missed.is_some()
    }
}

pub(super) fn loss(subject: &Subject<'_>) -> ClaimResult {
    let machine = subject.machine;
    if machine.relation.optional().is_empty() {
        return ClaimResult::not_applicable("the table has no optional state");
    }
    let limits = Limits { states: usize::MAX, steps: MOST_STEPS };
    let explored = explore(Losses { machine, missed: None, reports: 0 }, limits);
    if let Some((end, missed)) = explored.model.missed {
        let name = &machine.state(missed.report).name;
        let summary = match missed.lost {
            true => "what is left is not complete".to_owned(),
            false => format!("a report of `{name}` is refused"),
        };
        let path = lost_path(machine, &explored.known, end, missed);
        return ClaimResult::refuted(About::State(missed.report), summary, path);
    }
    let Explored { model, taken_up, exhausted, .. } = explored;
    let steps = model.reports;
    let covered = Covered::of([(count(taken_up), "pairs of rows"), (steps, "steps")]);
    if !exhausted {
        return bounded(covered, format!("the first {steps} steps"));
    }
    ClaimResult::Proven { covered: covered.note("for sequences of every length, by induction") }
}

const fn bounded(covered: Covered, bound: String) -> ClaimResult {
    ClaimResult::Bounded { covered, bound, smaller: Smaller::States }
}

/// What happened, what was lost of it, and what becomes of the last report.
fn lost_path(
    machine: &Machine,
    known: &Known<Losses<'_>>,
    end: PathEnd<StateId>,
    missed: Missed,
) -> Vec<String> {
    let (first, steps) = known.path(end);
    let mut lines = vec![format!("the row starts in {}", name(machine, known.state(first).0))];
    for (report, to) in steps {
        let (full, left) = *known.state(to);
        let fate = if full == left { "delivered" } else { "lost" };
        lines.push(format!("reports {}: {fate}", name(machine, report)));
    }
    let fate = if missed.lost { "lost" } else { "refused" };
    lines.push(format!("reports {}: {fate}", name(machine, missed.report)));
    lines
}

/// What a receiver has had of a run when a report comes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Before {
    /// Nothing that makes a difference.
    Nothing,
    /// This report, which it applied and knows by its id.
    ThisReport,
    /// A report of a newer attempt, which it accepted.
    NewerAttempt,
}

/// Whether a receiver that has had something before applies a report of the second state to a row in
/// the first.
type Applies<'r> = &'r dyn Fn(Before, StateId, StateId) -> bool;

/// The receiver, as the HTTP interface has it.
fn receiver(machine: &Machine) -> impl Fn(Before, StateId, StateId) -> bool {
    |before, from, to| before == Before::Nothing && machine.judge(from, to) == Judged::Applied
}

/// Every applied report (a step that is legal), and every state that the row can be in when it comes
/// again: at once, or after whatever followed.
pub(super) fn redelivery(subject: &Subject<'_>) -> ClaimResult {
    redelivered(subject.machine, &receiver(subject.machine))
}

fn redelivered(machine: &Machine, applies: Applies<'_>) -> ClaimResult {
    let followers = followers(machine);
    let mut cases = 0;
    let mut is_followed = vec![false; machine.states.len()];
    for (from, to, _) in machine.transitions() {
        let is_applied = |state| applies(Before::ThisReport, state, to);
        // What comes after an applied report depends only on where it led: the first step into each
        // state is followed to the end, the others are delivered again at once.
        let again = if std::mem::replace(&mut is_followed[to.index()], true) {
            cases += 1;
            is_applied(to).then(|| vec![to])
        } else {
            let mut states = ones(followers.row(to.index())).map(StateId::new);
            cases += count(states.clone().count());
            states.any(is_applied).then(|| reach(machine, vec![to], is_applied).found()).flatten()
        };
        if let Some(way) = again {
            let name = name(machine, to);
            let summary = format!("a report of `{name}` that was applied is applied again");
            let way = [vec![from], way, vec![to]].concat();
            return ClaimResult::refuted(About::State(to), summary, vec![arrows(machine, &way)]);
        }
    }
    ClaimResult::Proven { covered: Covered::of([(cases, "redeliveries")]) }
}

/// A report of the state that the row is in already changes nothing, and its id is not remembered.
/// Where the row can come to that state again, the same report is one like any other when it comes
/// again later: those states are listed, and of them nothing is claimed.
pub(super) fn late_duplicate(subject: &Subject<'_>) -> ClaimResult {
    late(subject.machine, &receiver(subject.machine))
}

fn late(machine: &Machine, applies: Applies<'_>) -> ClaimResult {
    let followers = followers(machine);
    let mut cases = 0;
    let mut come_back: Vec<&str> = Vec::new();
    let mut example = String::new();
    for state in machine.state_ids() {
        if applies(Before::Nothing, state, state) {
            // A report that is a transition whenever it comes is none that changes nothing.
            continue;
        }
        let is_applied = |at| applies(Before::Nothing, at, state);
        let mut states = ones(followers.row(state.index())).map(StateId::new);
        let tried = states.clone().count();
        let again = states
            .any(is_applied)
            .then(|| reach(machine, vec![state], is_applied).found())
            .flatten();
        let name = name(machine, state);
        if let Some(mut way) = again {
            let at = *way.last().expect("a way leads somewhere");
            way.push(state);
            let way = arrows(machine, &way);
            if !machine.can_become(at, state) {
                let what = "that changed nothing is applied when it comes again";
                let summary = format!("a report of `{name}` {what}");
                return ClaimResult::refuted(About::State(state), summary, vec![way]);
            }
            if come_back.is_empty() {
                example = way;
            }
            come_back.push(name);
        } else {
            cases += count(tried);
        }
    }
    let covered = Covered::of([(cases, "redeliveries")]);
    match (cases, &come_back[..]) {
        (0, []) => ClaimResult::not_applicable("every report is a transition, whenever it comes"),
        (0, _) => ClaimResult::not_applicable(format!(
            "the table lets a row come back: {example}; a report that found the row in such a \
             state is not remembered, and later it is one like any other"
        )),
        (_, []) => ClaimResult::Proven { covered },
        (_, names) => {
            let which = "not claimed of the states that a row can come back to";
            ClaimResult::Proven {
                covered: covered.note(format!("{which} ({example}): {}", names.join(", "))),
            }
        }
    }
}

/// Every report of a job that comes after a newer attempt of its run has reported, in every state that
/// the row can be in then: that report led there, or whatever came after it.
pub(super) fn stale_attempt(subject: &Subject<'_>) -> ClaimResult {
    stale(subject.machine, &receiver(subject.machine))
}

fn stale(machine: &Machine, applies: Applies<'_>) -> ClaimResult {
    let reports = machine.job_ids().flat_map(|job| machine.reports(job));
    let reported: BTreeSet<StateId> = reports.flat_map(|report| report.outcomes.states()).collect();
    if reported.is_empty() {
        return ClaimResult::not_applicable("no job reports anything");
    }
    let (mut cases, mut allowed) = (0_u64, 0_u64);
    for way in reach(machine, reported.iter().copied().collect(), |_| false).ways() {
        let at = *way.last().expect("a way leads somewhere");
        for &late in &reported {
            cases += 1;
            allowed += u64::from(applies(Before::Nothing, at, late));
            if applies(Before::NewerAttempt, at, late) {
                let name = name(machine, late);
                let what = "of an older attempt is applied after a newer one has reported";
                let way = arrows(machine, &[&way[..], &[late]].concat());
                let summary = format!("a report of `{name}` {what}");
                return ClaimResult::refuted(About::State(late), summary, vec![way]);
            }
        }
    }
    let allowed = (allowed, "of them of a step that the table allows");
    ClaimResult::Proven { covered: Covered::of([(cases, "late reports"), allowed]) }
}

fn name(machine: &Machine, state: StateId) -> &str {
    &machine.state(state).name
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
        let real = receiver(&machine);
        let forgetful = |_, from, to| real(Before::Nothing, from, to);
        let ClaimResult::Refuted { counterexample } = redelivered(&machine, &forgetful) else {
            panic!("a forgetful receiver was not found out");
        };
        assert_eq!(counterexample.summary, "a report of `y` that was applied is applied again");
        assert_eq!(counterexample.path, ["x -> y -> x -> y"]);
        assert!(matches!(redelivered(&machine, &real), ClaimResult::Proven { .. }));
    }

    #[test]
    fn a_receiver_that_judges_an_older_attempt_by_the_table_takes_the_row_from_the_newer() {
        let table = "format = 1\nmachine = { name = 'a', initial = 'x' }\n\
             state = [{ name = 'x' }, { name = 'y' }, { name = 'bad', outcome = 'failure' }]\n\
             transition = [{ path = ['x', 'y'] }, { from = '*', to = 'bad' }]\n\
             job = [{ name = 'j', start = 'y', failure = 'bad' }]";
        let Ok((_, machine, _)) = crate::machine("a.toml", table.as_bytes()) else {
            panic!("the table is valid");
        };
        let real = receiver(&machine);
        let by_the_table = |_, from, to| real(Before::Nothing, from, to);
        let ClaimResult::Refuted { counterexample } = stale(&machine, &by_the_table) else {
            panic!("a receiver that knows no attempts was not found out");
        };
        let summary =
            "a report of `bad` of an older attempt is applied after a newer one has reported";
        assert_eq!(counterexample.summary, summary);
        assert_eq!(counterexample.path, ["y -> bad"]);
        let ClaimResult::Proven { covered } = stale(&machine, &real) else {
            panic!("it is refuted")
        };
        assert_eq!(covered.counts[0].0, 2 * 2);
        assert_eq!(covered.counts[1].0, 1, "a late failure");
    }

    #[test]
    fn a_receiver_that_takes_every_step_back_takes_a_late_duplicate_for_news() {
        let machine = machine("['x', 'y']");
        let real = receiver(&machine);
        let credulous = |before, from, to| from != to || real(before, from, to);
        let ClaimResult::Refuted { counterexample } = late(&machine, &credulous) else {
            panic!("a receiver that takes whatever comes was not found out");
        };
        let summary = "a report of `x` that changed nothing is applied when it comes again";
        assert_eq!(counterexample.summary, summary);
        assert_eq!(counterexample.path, ["x -> y -> x"]);
    }
}
