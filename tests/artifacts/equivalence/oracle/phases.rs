//! Rule 6 in the order of its words: what the stepper shows after a history.

use std::collections::BTreeSet;

use super::{Oracle, State};

impl Oracle {
    /// One view per phase, after the accepted sequence so far and the `attempted` of its last
    /// report; what the table lacks was passed over before.
    pub(crate) fn views(&self, history: &[State], attempted: Option<State>) -> Vec<&'static str> {
        (0..self.phases.len()).map(|phase| self.view(phase, history, attempted)).collect()
    }

    fn view(&self, phase: usize, history: &[State], attempted: Option<State>) -> &'static str {
        let Some(&current) = history.last() else { return "upcoming" };
        let here = &self.states[current];
        let outcome = here.outcome.as_deref();
        let badly = matches!(outcome, Some("failure" | "cancelled"));
        let ended = self.is_ended(current);
        let counts = self.not_taken_back(history);
        let reported = |phase: usize| {
            (0..history.len()).any(|at| counts[at] && self.states[history[at]].phase == Some(phase))
        };
        let a_later_one_was = (phase + 1..self.phases.len()).any(reported);
        let ending = self.ending_phase(history, attempted);

        if ending == Some(phase) {
            return if outcome == Some("cancelled") { "cancelled" } else { "failed" };
        }
        let hidden = (1..history.len()).any(|at| {
            let step = (history[at - 1], history[at]);
            let hides = |&state: &State| self.states[state].phase == Some(phase);
            counts[at] && self.can_hide(step).iter().any(hides)
        });
        let after_the_ending = ending.is_some_and(|ending| phase > ending);
        if !reported(phase) && (after_the_ending || !hidden && (a_later_one_was || ended)) {
            return "skipped";
        }
        if here.phase == Some(phase) && !here.completes && !ended {
            return "active";
        }
        let completes =
            |state: State| self.states[state].phase == Some(phase) && self.states[state].completes;
        if (0..history.len()).any(|at| counts[at] && completes(history[at])) {
            return "done";
        }
        let has_completing_state = (0..self.states.len()).any(completes);
        let moved_on = ended && !badly
            || here.phase.is_some_and(|other| other != phase)
            || here.phase.is_none() && !badly
            || a_later_one_was
            || ending.is_some_and(|ending| ending > phase);
        if !has_completing_state && reported(phase) && moved_on {
            return "done";
        }
        if a_later_one_was || ended { "unconfirmed" } else { "upcoming" }
    }

    /// *Going back takes back*: of each place of the history, whether its report still counts.
    fn not_taken_back(&self, history: &[State]) -> Vec<bool> {
        let mut counts = vec![true; history.len()];
        for at in 1..history.len() {
            let before = history[..at].iter().rev().find_map(|&state| self.states[state].phase);
            let phase = self.states[history[at]].phase;
            for earlier in 0..at {
                let its = self.states[history[earlier]].phase;
                let goes_back = phase.is_some() && before.is_some() && phase < before;
                if self.initial.contains(&history[at]) || goes_back && its >= phase {
                    counts[earlier] = false;
                }
            }
        }
        counts
    }

    /// The optional states that a chain of them leads through, from a step's first to its second,
    /// by declared transitions.
    fn can_hide(&self, (first, second): (State, State)) -> BTreeSet<State> {
        let optional: Vec<State> =
            (0..self.states.len()).filter(|&state| self.states[state].optional).collect();
        // What chains that start at the first reach, and what chains that end at the second leave.
        let mut from_first = BTreeSet::new();
        let mut to_second = BTreeSet::new();
        for _ in &optional {
            for &state in &optional {
                if self.declared.contains(&(first, state))
                    || from_first.iter().any(|&via| self.declared.contains(&(via, state)))
                {
                    from_first.insert(state);
                }
                if self.declared.contains(&(state, second))
                    || to_second.iter().any(|&via| self.declared.contains(&(state, via)))
                {
                    to_second.insert(state);
                }
            }
        }
        from_first.intersection(&to_second).copied().collect()
    }

    fn ending_phase(&self, history: &[State], attempted: Option<State>) -> Option<usize> {
        let &current = history.last()?;
        if !matches!(self.states[current].outcome.as_deref(), Some("failure" | "cancelled")) {
            return None;
        }
        let incomplete = |state: State| {
            let state = &self.states[state];
            if state.completes { None } else { state.phase }
        };
        if let Some(phase) = attempted.and_then(incomplete) {
            return Some(phase);
        }
        if let Some(phase) = self.states[current].phase {
            return Some(phase);
        }
        let &before = history.iter().rev().nth(1)?;
        let phase = incomplete(before)?;
        let hidden = self.can_hide((before, current));
        hidden.iter().all(|&state| incomplete(state) == Some(phase)).then_some(phase)
    }
}
