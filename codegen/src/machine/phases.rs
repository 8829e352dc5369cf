//! What the stepper shows (rule 6): a function of the accepted history and the last `attempted`.

use super::{Machine, Outcome, PhaseId, StateId, View};

/// One entry of a history, and whether its report still counts.
#[derive(Clone, Copy)]
struct Entry {
    state: StateId,
    counts: bool,
}

impl Machine {
    /// One view per phase, in the order of the phases.
    pub fn phases(&self, history: &[StateId], attempted: Option<StateId>) -> Vec<View> {
        let entries = self.take_back(history);
        let reported = self.reported(&entries);
        let hidden = self.hidden_phases(&entries);
        let Some(current) = history.last().map(|&id| self.state(id)) else {
            return vec![View::Upcoming; self.phases.len()];
        };
        let ending = self.ending_phase(history, attempted);
        let completed = |phase| {
            entries.iter().any(|entry| {
                let state = self.state(entry.state);
                entry.counts && state.completes && state.phase == Some(phase)
            })
        };
        let ended_badly = matches!(current.outcome, Some(Outcome::Failure | Outcome::Cancelled));

        let view = |index: usize| {
            let phase = PhaseId::new(index);
            let later_reported = reported[index + 1..].contains(&true);
            let after_ending = ending.is_some_and(|ending| ending < phase);
            if ending == Some(phase) {
                return if current.outcome == Some(Outcome::Cancelled) {
                    View::Cancelled
                } else {
                    View::Failed
                };
            }
            let passed = later_reported || current.is_ended();
            if !reported[index] && (after_ending || !hidden[index] && passed) {
                return View::Skipped;
            }
            if current.phase == Some(phase) && !current.completes && !current.is_ended() {
                return View::Active;
            }
            let completes = self.states.iter().any(|s| s.completes && s.phase == Some(phase));
            let moved_on = (current.is_ended() && !ended_badly)
                || current.phase.is_some_and(|other| other != phase)
                || (current.phase.is_none() && !ended_badly)
                || later_reported
                || ending.is_some_and(|ending| ending > phase);
            if completed(phase) || (!completes && reported[index] && moved_on) {
                return View::Done;
            }
            if passed { View::Unconfirmed } else { View::Upcoming }
        };
        (0..self.phases.len()).map(view).collect()
    }

    /// Marks the reports that going back has taken back.
    fn take_back(&self, history: &[StateId]) -> Vec<Entry> {
        let mut entries: Vec<Entry> = Vec::with_capacity(history.len());
        let mut last_phase = None;
        for (at, &state) in history.iter().enumerate() {
            let phase = self.state(state).phase;
            if at > 0 && self.is_initial(state) {
                for entry in &mut entries {
                    entry.counts = false;
                }
            } else if let (Some(phase), Some(last)) = (phase, last_phase)
                && phase < last
            {
                for entry in &mut entries {
                    if self.state(entry.state).phase.is_some_and(|of| of >= phase) {
                        entry.counts = false;
                    }
                }
            }
            if phase.is_some() {
                last_phase = phase;
            }
            entries.push(Entry { state, counts: true });
        }
        entries
    }

    fn reported(&self, entries: &[Entry]) -> Vec<bool> {
        let mut reported = vec![false; self.phases.len()];
        for entry in entries.iter().filter(|entry| entry.counts) {
            if let Some(phase) = self.state(entry.state).phase {
                reported[phase.index()] = true;
            }
        }
        reported
    }

    /// The phases that some step of the history can hide.
    fn hidden_phases(&self, entries: &[Entry]) -> Vec<bool> {
        let mut hidden = vec![false; self.phases.len()];
        for step in entries.windows(2).filter(|step| step[1].counts) {
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
        if !matches!(current.outcome, Some(Outcome::Failure | Outcome::Cancelled)) {
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
