//! What the stepper shows (rule 6): a function of the accepted history and the last `attempted`.

use std::collections::HashSet;

use super::{Machine, Outcome, PhaseId, StateId, View};

/// One entry of a history, and whether its report still counts.
#[derive(Clone, Copy)]
struct Entry {
    state: StateId,
    counts: bool,
}

impl Machine {
    /// One view per phase, in the order of the phases, after an accepted history and the
    /// `attempted` of its last report. What the table lacks is passed over before: it has no id.
    pub fn phases(&self, history: &[StateId], attempted: Option<StateId>) -> Vec<View> {
        let Some(current) = history.last().map(|&id| self.state(id)) else {
            return vec![View::Upcoming; self.phases.len()];
        };
        let entries = self.take_back(history);
        let reported = self.phases_where(&entries, |_| true);
        let completed = self.phases_where(&entries, |id| self.state(id).completes);
        let hidden = self.hidden_phases(&entries);
        let mut has_completing = vec![false; self.phases.len()];
        for state in self.states.iter().filter(|state| state.completes) {
            if let Some(phase) = state.phase {
                has_completing[phase.index()] = true;
            }
        }
        let ending = self.ending_phase(history, attempted);
        let ended_badly = ends_badly(current.outcome);

        let mut later_reported = false;
        let mut views = Vec::with_capacity(self.phases.len());
        for index in (0..self.phases.len()).rev() {
            let phase = PhaseId::new(index);
            let passed = later_reported || current.is_ended();
            let after_ending = ending.is_some_and(|ending| ending < phase);
            let moved_on = (current.is_ended() && !ended_badly)
                || current.phase.is_some_and(|other| other != phase)
                || (current.phase.is_none() && !ended_badly)
                || later_reported
                || ending.is_some_and(|ending| ending > phase);
            let left_behind = !has_completing[index] && reported[index] && moved_on;
            views.push(if ending == Some(phase) {
                match current.outcome {
                    Some(Outcome::Cancelled) => View::Cancelled,
                    Some(Outcome::Success | Outcome::Failure | Outcome::Neutral) | None => {
                        View::Failed
                    }
                }
            } else if !reported[index] && (after_ending || !hidden[index] && passed) {
                View::Skipped
            } else if current.phase == Some(phase) && !current.completes && !current.is_ended() {
                View::Active
            } else if completed[index] || left_behind {
                View::Done
            } else if passed {
                View::Unconfirmed
            } else {
                View::Upcoming
            });
            later_reported |= reported[index];
        }
        views.reverse();
        views
    }

    /// How much is looked at to tell what is shown after so many states.
    pub(crate) fn phases_cost(&self, history: usize) -> usize {
        self.states.len() + self.phases.len() + history * (1 + self.relation.optional().len())
    }

    /// Marks the reports that going back has taken back.
    fn take_back(&self, history: &[StateId]) -> Vec<Entry> {
        // What each entry takes back of those before it: nothing, all of a phase and later ones,
        // or everything.
        #[derive(Clone, Copy)]
        enum TakesBack {
            Nothing,
            From(PhaseId),
            All,
        }
        let mut last_phase = None;
        let takes_back: Vec<TakesBack> = history
            .iter()
            .map(|&state| {
                let phase = self.state(state).phase;
                let before = last_phase;
                last_phase = phase.or(last_phase);
                if self.is_initial(state) {
                    return TakesBack::All;
                }
                match (phase, before) {
                    (Some(phase), Some(before)) if phase < before => TakesBack::From(phase),
                    (Some(_) | None, Some(_) | None) => TakesBack::Nothing,
                }
            })
            .collect();

        let mut all = false;
        let mut from: Option<PhaseId> = None;
        let mut entries = Vec::with_capacity(history.len());
        for (&state, takes_back) in history.iter().zip(takes_back).rev() {
            let phase = self.state(state).phase;
            let goes = phase.zip(from).is_some_and(|(phase, from)| phase >= from);
            entries.push(Entry { state, counts: !all && !goes });
            match takes_back {
                TakesBack::Nothing => {}
                TakesBack::From(phase) => from = Some(from.map_or(phase, |from| from.min(phase))),
                TakesBack::All => all = true,
            }
        }
        entries.reverse();
        entries
    }

    /// The phases of the reports that count and that a test picks.
    fn phases_where(&self, entries: &[Entry], test: impl Fn(StateId) -> bool) -> Vec<bool> {
        let mut phases = vec![false; self.phases.len()];
        for entry in entries.iter().filter(|entry| entry.counts && test(entry.state)) {
            if let Some(phase) = self.state(entry.state).phase {
                phases[phase.index()] = true;
            }
        }
        phases
    }

    /// The phases that some step of the history can hide.
    fn hidden_phases(&self, entries: &[Entry]) -> Vec<bool> {
        let mut hidden = vec![false; self.phases.len()];
        let mut seen = HashSet::new();
        for step in entries.windows(2).filter(|step| step[1].counts) {
            if !seen.insert((step[0].state, step[1].state)) {
                continue;
            }
            for state in self.relation.hidden(step[0].state, step[1].state) {
                if let Some(phase) = self.state(state).phase {
                    hidden[phase.index()] = true;
                }
            }
        }
        hidden
    }

    /// The phase that a failure or a cancellation happened in, where the reports tell.
    fn ending_phase(&self, history: &[StateId], attempted: Option<StateId>) -> Option<PhaseId> {
        let (&last, before) = history.split_last()?;
        let current = self.state(last);
        if !ends_badly(current.outcome) {
            return None;
        }
        let incomplete = |id: StateId| {
            let state = self.state(id);
            state.phase.filter(|_| !state.completes)
        };
        attempted.and_then(incomplete).or(current.phase).or_else(|| {
            let &before = before.last()?;
            incomplete(before).filter(|_| self.relation.hidden(before, last).next().is_none())
        })
    }
}

fn ends_badly(outcome: Option<Outcome>) -> bool {
    match outcome {
        Some(Outcome::Failure | Outcome::Cancelled) => true,
        Some(Outcome::Success | Outcome::Neutral) | None => false,
    }
}
