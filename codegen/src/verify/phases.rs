//! What the stepper shows, over all histories. They are told apart by what rule 6 remembers of them,
//! which is finite: where no history gives a new memory, nothing can change any more.

use std::collections::BTreeSet;

use phasegate::{Outcome, View};

use super::{Covered, Subject, Verdict, arrows, count};
use crate::explore::{MOST_SITUATIONS, Memory, Situations, Step, Stepper, current_in};
use crate::machine::{Machine, StateId};

/// The most words that the memories may have in all.
const MOST_WORDS: usize = 1 << 20;
/// The most entries, of histories and of views, that are looked at: where histories are long, or an
/// end can be attempted in many ways, there are far more of them than histories.
const MOST_LOOKS: usize = 1 << 24;

/// All histories, as far as they differ, and what was found wrong with them.
pub(super) struct Histories {
    memories: u64,
    longest: usize,
    views: u64,
    steps: u64,
    successes: u64,
    exhausted: bool,
    broken: [Option<(String, Vec<String>)>; 4],
}

const TOTAL: usize = 0;
const DONE: usize = 1;
const ACTIVE: usize = 2;
const UNCONFIRMED: usize = 3;

struct Explorer<'m> {
    machine: &'m Machine,
    stepper: Stepper<'m>,
    known: Situations,
    looks: usize,
    found: Histories,
}

/// Explores all histories of a table.
pub(super) fn explore(machine: &Machine) -> Histories {
    let stepper = Stepper::of(machine);
    let known = Situations::new(stepper.words());
    let found = Histories {
        memories: 0,
        longest: 0,
        views: 0,
        steps: 0,
        successes: 0,
        exhausted: true,
        broken: [None, None, None, None],
    };
    let mut explorer = Explorer { machine, stepper, known, looks: 0, found };
    for &initial in &machine.initial {
        explorer.known.add(&explorer.stepper.start(initial).words, None, 1);
    }
    explorer.run();
    explorer.found
}

impl Explorer<'_> {
    fn run(&mut self) {
        let most = (MOST_WORDS / self.stepper.words()).min(MOST_SITUATIONS);
        let mut number = 0;
        while number < self.known.len() {
            let memory = Memory { words: self.known.row(number).to_vec() };
            let history = self.history(number);
            let shown = self.shown(&memory, &history);
            let was_done: Vec<bool> = (0..self.machine.phases.len())
                .map(|phase| shown.iter().any(|(_, views)| views[phase] == View::Done))
                .collect();
            self.found.longest = history.len();
            for next in self.machine.next(self.stepper.current(&memory)) {
                let after = self.stepper.then(&memory, next);
                self.found.steps += 1;
                self.stays_done(&history, &was_done, next, &after);
                if self.known.len() < most {
                    self.known.add(&after.words, Some((number, Step::Start)), 0);
                } else {
                    self.found.exhausted = false;
                }
            }
            number += 1;
            if self.looks > MOST_LOOKS && number < self.known.len() {
                self.found.exhausted = false;
            }
            if !self.found.exhausted {
                break;
            }
        }
        self.found.memories = count(number);
    }

    fn history(&self, number: usize) -> Vec<StateId> {
        let state = |number: usize| current_in(self.known.row(number));
        let mut history = vec![state(number)];
        let mut at = number;
        while let Some((parent, _)) = self.known.parent(at) {
            history.push(state(parent));
            at = parent;
        }
        history.reverse();
        history
    }

    /// The `attempted` that can matter: nothing, and after a bad end every state.
    fn attempts(&self, current: StateId) -> Vec<Option<StateId>> {
        let bad = match self.machine.state(current).outcome {
            Some(Outcome::Failure | Outcome::Cancelled) => true,
            Some(Outcome::Success | Outcome::Neutral) | None => false,
        };
        let one = self.machine.state_ids().take(1);
        let each: Vec<StateId> =
            if bad { self.machine.state_ids().collect() } else { one.collect() };
        std::iter::once(None).chain(each.into_iter().map(Some)).collect()
    }

    /// What is shown, for each `attempted`, held against what the history itself gives.
    fn shown(&mut self, memory: &Memory, history: &[StateId]) -> Vec<(Option<StateId>, Vec<View>)> {
        let current = self.stepper.current(memory);
        let mut all = Vec::new();
        let looks = self.machine.phases_cost(history.len());
        for attempted in self.attempts(current) {
            self.looks += looks;
            let views = self.machine.phases(history, attempted);
            let told = self.stepper.views(memory, attempted);
            self.found.views += count(views.len());
            if views != told {
                let at = (0..told.len()).find(|&at| views.get(at) != Some(&told[at])).unwrap_or(0);
                let name = &self.machine.phases[at].name;
                let summary = format!(
                    "`{name}` is shown as {}, and told forward it is {}",
                    views.get(at).map_or("nothing", |view| view.as_str()),
                    told[at].as_str()
                );
                self.breaks(TOTAL, summary, history, attempted);
            }
            if views.iter().filter(|&&view| view == View::Active).count() > 1 {
                self.breaks(ACTIVE, "two phases are active".to_owned(), history, attempted);
            }
            all.push((attempted, views));
        }
        if self.machine.state(current).outcome == Some(Outcome::Success) {
            self.confirms(memory, history, &all[0].1);
        }
        all
    }

    fn confirms(&mut self, memory: &Memory, history: &[StateId], views: &[View]) {
        self.found.successes += 1;
        let found = (0..views.len()).find(|&phase| {
            views[phase] == View::Unconfirmed && !self.stepper.can_be_hidden(memory, phase)
        });
        if let Some(phase) = found {
            let name = &self.machine.phases[phase].name;
            let summary = format!("`{name}` is unconfirmed, and no report of it can be missing");
            self.breaks(UNCONFIRMED, summary, history, None);
        }
    }

    fn stays_done(
        &mut self,
        history: &[StateId],
        was_done: &[bool],
        next: StateId,
        after: &Memory,
    ) {
        if !was_done.contains(&true) {
            return;
        }
        let entered = self.machine.state(next).phase.map(|phase| phase.index());
        // An `attempted` says that a job was in its phase, and so that it was entered again.
        let mut phases = BTreeSet::new();
        for attempted in self.attempts(next) {
            let again = attempted.and_then(|id| self.machine.state(id).phase);
            if !phases.insert(again) {
                continue;
            }
            let views = self.stepper.views(after, attempted);
            self.looks += views.len();
            for (phase, &view) in views.iter().enumerate() {
                let taken_back = !self.stepper.is_reported(after, phase);
                let is_entered =
                    entered == Some(phase) || again.is_some_and(|p| p.index() == phase);
                if was_done[phase] && view != View::Done && !taken_back && !is_entered {
                    let name = &self.machine.phases[phase].name;
                    let summary = format!("`{name}` was done, and is {} then", view.as_str());
                    let mut history = history.to_vec();
                    history.push(next);
                    self.breaks(DONE, summary, &history, attempted);
                }
            }
        }
    }

    fn breaks(
        &mut self,
        which: usize,
        summary: String,
        history: &[StateId],
        attempted: Option<StateId>,
    ) {
        if self.found.broken[which].is_none() {
            let mut line = arrows(self.machine, history);
            if let Some(attempted) = attempted {
                line += &format!(" (attempted {})", self.machine.state(attempted).name);
            }
            self.found.broken[which] = Some((summary, vec![line]));
        }
    }
}

pub(super) fn total(subject: &Subject<'_>) -> Verdict {
    settle(subject, TOTAL, |found| {
        Covered::of([(found.memories, "histories that differ"), (found.views, "views")])
    })
}

pub(super) fn done_stays(subject: &Subject<'_>) -> Verdict {
    settle(subject, DONE, |found| Covered::of([(found.steps, "steps of histories")]))
}

pub(super) fn one_active(subject: &Subject<'_>) -> Verdict {
    settle(subject, ACTIVE, |found| Covered::of([(found.memories, "histories that differ")]))
}

pub(super) fn unconfirmed(subject: &Subject<'_>) -> Verdict {
    let machine = subject.machine;
    let is_success = |state: &&crate::machine::State| state.outcome == Some(Outcome::Success);
    if machine.states.iter().filter(is_success).count() == 0 {
        return Verdict::not_applicable("the table has no end with the outcome success");
    }
    let has_states = |phase: usize| {
        machine.states.iter().any(|state| state.phase.is_some_and(|p| p.index() == phase))
    };
    if let Some(phase) = (0..machine.phases.len()).find(|&phase| !has_states(phase)) {
        let name = &machine.phases[phase].name;
        return Verdict::not_applicable(format!("the phase `{name}` has no state"));
    }
    settle(subject, UNCONFIRMED, |found| {
        Covered::of([(found.successes, "histories that differ and end in success")])
    })
}

fn settle(subject: &Subject<'_>, which: usize, covered: impl Fn(&Histories) -> Covered) -> Verdict {
    if subject.machine.phases.is_empty() {
        return Verdict::not_applicable("the table has no phases");
    }
    let found = subject.histories();
    if let Some((summary, path)) = &found.broken[which] {
        return Verdict::refuted(summary.clone(), path.clone());
    }
    let covered = covered(found);
    if found.exhausted {
        let longest = found.longest;
        let note = format!("the longest has {longest} states; longer ones change nothing more");
        return Verdict::Proven { covered: covered.note(note) };
    }
    let bound = format!("{} of them, of up to {} states", found.memories, found.longest);
    Verdict::Bounded { covered, bound }
}
