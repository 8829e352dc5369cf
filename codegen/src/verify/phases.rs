//! What the stepper shows, over all histories, a phase at a time. They are told apart by what the
//! stepper remembers of that phase, which is finite: where no history gives a new memory, nothing can
//! change any more.

use std::collections::BTreeSet;

use phasegate::{Outcome, View};

use super::{About, ClaimResult, Covered, Smaller, Subject, Warning, arrows, count};
use crate::machine::stepper::{Hidden, PhaseMemory, Row, Stepper};
use crate::machine::{Machine, PhaseId, StateId};
use crate::rules;
use crate::search::{Edge, Explored, Known, Limits, Model, PathEnd, explore};

/// The most steps that are followed, of all phases together.
const MOST_STEPS: u64 = 1 << 22;

/// What was found of the histories of all phases.
#[derive(Default)]
pub(super) struct Histories {
    memories: u64,
    longest: u32,
    steps: u64,
    successes: u64,
    exhausted: bool,
    broken: [Option<Broken>; 2],
    unfinished: Vec<Unfinished>,
}

/// What is wrong after a history, and how long that is.
struct Broken {
    length: u32,
    phase: PhaseId,
    summary: String,
    path: String,
}

/// A phase that a row can leave before it is completed, and a history in which it does.
struct Unfinished {
    phase: PhaseId,
    history: Vec<StateId>,
}

const DONE: usize = 0;
const UNCONFIRMED: usize = 1;

/// What the stepper remembers: of where the row stands, and of one phase.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
struct Seen {
    row: Row,
    memory: PhaseMemory,
    /// Whether the report that completes the phase can be missing.
    missing: Hidden,
}

/// The model: one phase in every history.
struct Watched<'m, 'a> {
    machine: &'m Machine,
    stepper: &'a Stepper<'m>,
    phase: PhaseId,
    /// Nothing, and for each phase a state of it that may have been attempted and not come to pass.
    attempts: &'a [Option<StateId>],
    back: &'a GoingBack,
    /// Whether the phase is shown as done in the state that is taken up.
    is_done: bool,
    successes: u64,
    broken: [Option<Case>; 2],
    unfinished: Option<PathEnd<StateId>>,
}

/// What is wrong after a history, and what had been attempted then.
type Case = (PathEnd<StateId>, String, Option<StateId>);

/// What may have been attempted, as far as it makes a difference.
fn attempts(machine: &Machine) -> Vec<Option<StateId>> {
    let mut seen = vec![false; machine.phases.len()];
    let opens = machine.state_ids().filter(|&id| {
        let state = machine.state(id);
        let phase = state.phase.filter(|_| !state.completes);
        phase.is_some_and(|phase| !std::mem::replace(&mut seen[phase.index()], true))
    });
    std::iter::once(None).chain(opens.map(Some)).collect()
}

/// For each state the phases that a row may go back to from there on.
struct GoingBack {
    phases: Vec<BTreeSet<PhaseId>>,
}

impl GoingBack {
    fn of(machine: &Machine) -> Self {
        // The latest phase that a row may have been in when it comes to a state.
        let mut latest: Vec<Option<PhaseId>> = machine.states.iter().map(|s| s.phase).collect();
        let mut waiting: Vec<StateId> = machine.state_ids().collect();
        while let Some(from) = waiting.pop() {
            for to in machine.next(from) {
                if latest[to.index()] < latest[from.index()] {
                    latest[to.index()] = latest[from.index()];
                    waiting.push(to);
                }
            }
        }
        let before = machine.relation.before();
        let mut phases = vec![BTreeSet::new(); machine.states.len()];
        for (from, to, _) in machine.transitions() {
            let phase = machine.state(to).phase;
            let back = phase.filter(|&phase| latest[from.index()].is_some_and(|last| phase < last));
            phases[from.index()].extend(back);
        }
        let mut waiting: Vec<StateId> = machine.state_ids().collect();
        while let Some(to) = waiting.pop() {
            for &from in &before[to.index()] {
                let more: Vec<PhaseId> =
                    phases[to.index()].difference(&phases[from.index()]).copied().collect();
                if !more.is_empty() {
                    phases[from.index()].extend(more);
                    waiting.push(from);
                }
            }
        }
        Self { phases }
    }

    /// The latest of them that is not after a phase.
    fn latest(&self, from: StateId, phase: PhaseId) -> Option<PhaseId> {
        self.phases[from.index()].range(..=phase).next_back().copied()
    }
}

impl Watched<'_, '_> {
    fn view(&self, seen: &Seen, attempted: Option<StateId>) -> View {
        let ending = self.stepper.ending(&seen.row, attempted);
        self.stepper.view(self.phase, &seen.row, &seen.memory, ending)
    }

    /// What can have been attempted after a state: where it is no bad end, that makes no difference.
    fn attempts(&self, seen: &Seen) -> &[Option<StateId>] {
        let bad = self.machine.state(seen.row.current).ends_badly();
        if bad { self.attempts } else { &self.attempts[..1] }
    }

    /// What of it can still make a difference: the state before only where it is one before a bad end,
    /// and of the phase in which a step ends that hides this one only what going back can take back.
    fn plain(&self, Seen { mut row, mut memory, missing }: Seen) -> Seen {
        row.previous = row.previous.filter(|_| self.machine.state(row.current).ends_badly());
        let until = |hidden, last: PhaseId| match hidden {
            Hidden::Until(end) => {
                let back = self.back.latest(row.current, end.min(last));
                back.map_or(Hidden::Always, Hidden::Until)
            }
            Hidden::Always | Hidden::No => hidden,
        };
        memory.hidden = until(memory.hidden, PhaseId::new(self.machine.phases.len()));
        Seen { row, memory, missing: until(missing, self.phase) }
    }

    fn name(&self) -> &str {
        &self.machine.phase(self.phase).name
    }
}

impl Model for Watched<'_, '_> {
    type Node = Seen;
    type Step = StateId;

    fn starts(&self) -> Vec<Seen> {
        let seen = |&state| {
            self.plain(Seen {
                row: self.stepper.start(state),
                memory: self.stepper.phase_start(self.phase, state),
                missing: Hidden::No,
            })
        };
        self.machine.initial.iter().map(seen).collect()
    }

    fn steps(&self, now: &Seen, steps: &mut Vec<(StateId, Seen)>) {
        let next = |state| {
            self.plain(Seen {
                row: self.stepper.then(&now.row, state),
                memory: self.stepper.phase_then(self.phase, &now.memory, &now.row, state),
                missing: self.stepper.missing_then(self.phase, now.missing, &now.row, state),
            })
        };
        steps.extend(self.machine.next(now.row.current).map(|state| (state, next(state))));
    }

    fn look(&mut self, known: &Known<Self>, at: usize) {
        let seen = known.state(at);
        self.is_done =
            self.attempts(seen).iter().any(|&attempted| self.view(seen, attempted) == View::Done);
        if self.machine.state(seen.row.current).outcome != Some(Outcome::Success) {
            return;
        }
        self.successes += 1;
        if seen.missing != Hidden::No || self.view(seen, None) != View::Unconfirmed {
            return;
        }
        if self.stepper.has_completing(self.phase) {
            self.unfinished.get_or_insert(PathEnd::state(at));
        } else if self.broken[UNCONFIRMED].is_none() {
            let name = self.name();
            let summary = format!("`{name}` is unconfirmed, and no report of it can be missing");
            self.broken[UNCONFIRMED] = Some((PathEnd::state(at), summary, None));
        }
    }

    fn took(&mut self, known: &Known<Self>, edge: Edge<StateId>) {
        let after = known.state(edge.to);
        let is_entered = self.machine.state(edge.step).phase == Some(self.phase);
        if !self.is_done || !after.memory.reported || is_entered || self.broken[DONE].is_some() {
            return;
        }
        // An `attempted` of the phase says that a job was in it, and so that it was entered again.
        let is_of = |state: StateId| self.machine.state(state).phase == Some(self.phase);
        let attempts =
            self.attempts(after).iter().filter(|attempted| !attempted.is_some_and(is_of));
        for &attempted in attempts {
            let view = self.view(after, attempted);
            if view != View::Done {
                let summary = format!("`{}` was done, and is {} then", self.name(), view.as_str());
                self.broken[DONE] = Some((PathEnd::edge(edge), summary, attempted));
                return;
            }
        }
    }
}

/// Explores all histories of a table.
pub(super) fn search(machine: &Machine) -> Histories {
    let stepper = Stepper::of(machine);
    let attempts = attempts(machine);
    let back = GoingBack::of(machine);
    let mut found = Histories { exhausted: true, ..Histories::default() };
    for phase in machine.phase_ids() {
        let watched = Watched {
            machine,
            stepper: &stepper,
            phase,
            attempts: &attempts,
            back: &back,
            is_done: false,
            successes: 0,
            broken: [None, None],
            unfinished: None,
        };
        let steps = MOST_STEPS.saturating_sub(found.steps);
        let explored = explore(watched, Limits { states: usize::MAX, steps });
        found.add(&explored);
    }
    found
}

impl Histories {
    /// Adds those of a phase, and keeps the shortest case of what is broken.
    fn add(&mut self, explored: &Explored<Watched<'_, '_>>) {
        let Explored { model, known, .. } = explored;
        self.memories += count(explored.taken_up);
        self.longest = self.longest.max(explored.depth + 1);
        self.steps += explored.steps;
        self.successes += model.successes;
        self.exhausted &= explored.exhausted;
        let history = |end| {
            let (first, steps) = known.path(end);
            let first = known.state(first).row.current;
            std::iter::once(first).chain(steps.into_iter().map(|(state, _)| state)).collect()
        };
        self.unfinished.extend(
            model.unfinished.map(|end| Unfinished { phase: model.phase, history: history(end) }),
        );
        for (broken, found) in self.broken.iter_mut().zip(&model.broken) {
            let Some((end, summary, attempted)) = found else { continue };
            let length = known.length(*end);
            if broken.as_ref().is_some_and(|shortest| shortest.length <= length) {
                continue;
            }
            let states: Vec<StateId> = history(*end);
            let mut path = arrows(model.machine, &states);
            if let Some(attempted) = attempted {
                path += &format!(" (attempted {})", model.machine.state(*attempted).name);
            }
            let (phase, summary) = (model.phase, summary.clone());
            *broken = Some(Broken { length, phase, summary, path });
        }
    }
}

pub(super) fn done_stays(subject: &Subject<'_>) -> ClaimResult {
    settle(subject, DONE, |found| Covered::of([(found.steps, "steps of histories")]))
}

pub(super) fn unconfirmed(subject: &Subject<'_>) -> ClaimResult {
    let machine = subject.machine;
    let is_success = |state: &&crate::machine::State| state.outcome == Some(Outcome::Success);
    if machine.states.iter().filter(is_success).count() == 0 {
        return ClaimResult::not_applicable("the table has no end with the outcome success");
    }
    let has_states = |phase: PhaseId| machine.states.iter().any(|state| state.phase == Some(phase));
    if let Some(phase) = machine.phase_ids().find(|&phase| !has_states(phase)) {
        let name = &machine.phase(phase).name;
        return ClaimResult::not_applicable(format!("the phase `{name}` has no state"));
    }
    settle(subject, UNCONFIRMED, |found| {
        let mut covered =
            Covered::of([(found.successes, "histories that differ and end in success")]);
        let unfinished = found.unfinished.iter();
        covered.warnings = unfinished.map(|unfinished| unfinished.warning(machine)).collect();
        covered
    })
}

impl Unfinished {
    fn warning(&self, machine: &Machine) -> Warning {
        let (name, path) = (&machine.phase(self.phase).name, self.leaving(machine));
        let state = |id: &StateId| &machine.state(*id).name;
        let (from, to) = match path {
            [.., from, to] => (state(from), state(to)),
            [..] => (name, name),
        };
        let message = format!(
            "`{name}` may be left unfinished: {}; the stepper shows it as unconfirmed then, also \
             after a success",
            arrows(machine, path)
        );
        let help = format!(
            "if it is over when it is left like that, remove `completes` from its states; if it \
             was given up, put a state with `phase = \"{name}\"` and `completes = true` between \
             `{from}` and `{to}`, and remove the step from one to the other"
        );
        Warning {
            rule: rules::PHASE_LEFT_UNFINISHED,
            about: About::Phase(self.phase),
            subject: format!("{name}\n{from} -> {to}"),
            message,
            help,
        }
    }

    /// How the row leaves it: from the last state of the phase, or of one before it, to the first of a
    /// later one.
    fn leaving(&self, machine: &Machine) -> &[StateId] {
        let phase = |at: &StateId| machine.state(*at).phase;
        let is_here = |at: &StateId| phase(at).is_some_and(|phase| phase <= self.phase);
        let first = self.history.iter().rposition(is_here).unwrap_or(0);
        let is_later = |at: &StateId| phase(at).is_some_and(|phase| phase > self.phase);
        let last = self.history.iter().skip(first).position(is_later);
        &self.history[first..last.map_or(self.history.len(), |last| first + last + 1)]
    }
}

fn settle(
    subject: &Subject<'_>,
    which: usize,
    covered: impl Fn(&Histories) -> Covered,
) -> ClaimResult {
    if subject.machine.phases.is_empty() {
        return ClaimResult::not_applicable("the table has no phases");
    }
    let found = subject.histories();
    if let Some(Broken { summary, path, phase, .. }) = &found.broken[which] {
        return ClaimResult::refuted(About::Phase(*phase), summary.clone(), vec![path.clone()]);
    }
    let covered = covered(found);
    if found.exhausted {
        let longest = found.longest;
        let note = format!("the longest has {longest} states; longer ones change nothing more");
        return ClaimResult::Proven { covered: covered.note(note) };
    }
    let bound = format!("{} of them, of up to {} states", found.memories, found.longest);
    ClaimResult::Bounded { covered, bound, smaller: Smaller::Phases }
}
