//! The stepper tells rule 6 forward, a state at a time; an oracle that looks at whole histories, and
//! is written from the rule sentence by sentence, agrees with it.

use crate::tables;
use phasegate_codegen::Machine;
use phasegate_codegen::machine::{Kind, Outcome, PhaseId, StateId, View};
use proptest::prelude::*;

/// Whether declared transitions lead from one state to another by only optional states.
fn chain(machine: &Machine, from: StateId, to: StateId) -> bool {
    let declared = |a, b| machine.kind(a, b) == Some(Kind::Declared);
    let mut met: Vec<StateId> = Vec::new();
    let mut waiting = vec![from];
    while let Some(at) = waiting.pop() {
        if declared(at, to) {
            return true;
        }
        for next in machine.state_ids() {
            if declared(at, next) && machine.state(next).optional && !met.contains(&next) {
                met.push(next);
                waiting.push(next);
            }
        }
    }
    false
}

/// Rule 6 for the histories of one machine.
struct Oracle<'m> {
    machine: &'m Machine,
    /// For each step, by the places of its two states, what it can hide.
    hidden: Vec<Vec<Vec<StateId>>>,
}

impl<'m> Oracle<'m> {
    fn of(machine: &'m Machine) -> Self {
        let optional: Vec<StateId> =
            machine.state_ids().filter(|&id| machine.state(id).optional).collect();
        let hidden = |from, to| {
            let hides = |&via: &StateId| chain(machine, from, via) && chain(machine, via, to);
            optional.iter().copied().filter(hides).collect()
        };
        let row = |from| machine.state_ids().map(|to| hidden(from, to)).collect();
        Self { machine, hidden: machine.state_ids().map(row).collect() }
    }

    fn hidden(&self, from: StateId, to: StateId) -> &[StateId] {
        &self.hidden[from.index()][to.index()]
    }

    fn phase(&self, id: StateId) -> Option<PhaseId> {
        self.machine.state(id).phase
    }

    /// *Going back takes back*: of each place of the history, whether its report still counts.
    fn counts(&self, history: &[StateId]) -> Vec<bool> {
        let mut counts = vec![true; history.len()];
        for at in 1..history.len() {
            let last_phase = history[..at].iter().rev().find_map(|&id| self.phase(id));
            if self.machine.initial.contains(&history[at]) {
                counts[..at].fill(false);
            } else if let (Some(here), Some(before)) = (self.phase(history[at]), last_phase)
                && here < before
            {
                for earlier in 0..at {
                    if self.phase(history[earlier]).is_some_and(|of| of >= here) {
                        counts[earlier] = false;
                    }
                }
            }
        }
        counts
    }

    fn ending(&self, history: &[StateId], attempted: Option<StateId>) -> Option<PhaseId> {
        let (&current, before) = history.split_last()?;
        let outcome = self.machine.state(current).outcome;
        if !matches!(outcome, Some(Outcome::Failure | Outcome::Cancelled)) {
            return None;
        }
        let completes = |id: StateId| self.machine.state(id).completes;
        if let Some(attempted) = attempted
            && self.phase(attempted).is_some()
            && !completes(attempted)
        {
            return self.phase(attempted);
        }
        if self.phase(current).is_some() {
            return self.phase(current);
        }
        let &before = before.last()?;
        let same = |&id: &StateId| self.phase(id) == self.phase(before) && !completes(id);
        let fits = !completes(before) && self.hidden(before, current).iter().all(same);
        self.phase(before).filter(|_| fits)
    }

    fn views(&self, history: &[StateId], attempted: Option<StateId>) -> Vec<View> {
        let state = |id: StateId| self.machine.state(id);
        let Some(&current) = history.last() else {
            return vec![View::Upcoming; self.machine.phases.len()];
        };
        let counts = self.counts(history);
        let reported: Vec<StateId> =
            history.iter().zip(&counts).filter(|&(_, &counts)| counts).map(|(&id, _)| id).collect();
        let steps: Vec<(StateId, StateId)> = (1..history.len())
            .filter(|&at| counts[at])
            .map(|at| (history[at - 1], history[at]))
            .collect();
        let is_reported = |phase: PhaseId| reported.iter().any(|&id| self.phase(id) == Some(phase));
        let can_hide = |phase: PhaseId| {
            let hides = |&id: &StateId| self.phase(id) == Some(phase);
            steps.iter().any(|&(from, to)| self.hidden(from, to).iter().any(hides))
        };
        let bad = matches!(state(current).outcome, Some(Outcome::Failure | Outcome::Cancelled));
        let ended = state(current).outcome.is_some()
            || self.machine.next(current).all(|next| next == current);
        let ending = self.ending(history, attempted);
        let view = |phase: PhaseId| {
            let completes = |id: StateId| self.phase(id) == Some(phase) && state(id).completes;
            let later = self.machine.phase_ids().any(|other| other > phase && is_reported(other));
            let own = self.phase(current) == Some(phase);
            if ending == Some(phase) {
                return match state(current).outcome {
                    Some(Outcome::Cancelled) => View::Cancelled,
                    _ => View::Failed,
                };
            }
            if !is_reported(phase)
                && (ending.is_some_and(|of| of < phase) || (!can_hide(phase) && (later || ended)))
            {
                return View::Skipped;
            }
            if own && !state(current).completes && !ended {
                return View::Active;
            }
            let moved_on = (ended && !bad)
                || (self.phase(current).is_some() && !own)
                || (self.phase(current).is_none() && !bad)
                || later
                || ending.is_some_and(|of| of > phase);
            let has_completing = self.machine.state_ids().any(completes);
            if reported.iter().any(|&id| completes(id))
                || (!has_completing && is_reported(phase) && moved_on)
            {
                return View::Done;
            }
            if later || ended { View::Unconfirmed } else { View::Upcoming }
        };
        self.machine.phase_ids().map(view).collect()
    }
}

/// What a reader takes for granted of the views after a history: each phase has one, never two are
/// active or failed, and none is still to come where the row has ended.
fn is_plausible(machine: &Machine, history: &[StateId], views: &[View]) -> Result<(), String> {
    let count = |view| views.iter().filter(|&&other| other == view).count();
    let failed = count(View::Failed) + count(View::Cancelled);
    let Some(&current) = history.last() else {
        let all = views.len() == machine.phases.len() && count(View::Upcoming) == views.len();
        return if all { Ok(()) } else { Err(format!("nothing happened, and it shows {views:?}")) };
    };
    let current = machine.state(current);
    let is_in = current.phase.is_some() && !current.completes && !current.is_ended();
    let wrong = [
        ("a phase has no view, or two", views.len() != machine.phases.len()),
        ("active is not the phase that the row is in", count(View::Active) != usize::from(is_in)),
        ("two ended the row", failed > 1),
        ("it has not failed", count(View::Failed) > 0 && current.outcome != Some(Outcome::Failure)),
        (
            "it was not called off",
            count(View::Cancelled) > 0 && current.outcome != Some(Outcome::Cancelled),
        ),
        ("it is over", current.is_ended() && count(View::Upcoming) > 0),
    ];
    match wrong.iter().find(|(_, is_so)| *is_so) {
        Some((why, _)) => Err(format!("{why}: {views:?}")),
        None => Ok(()),
    }
}

/// Holds the stepper against the oracle after one history.
fn holds(
    oracle: &Oracle<'_>,
    history: &[StateId],
    attempted: Option<StateId>,
) -> Result<(), String> {
    let machine = oracle.machine;
    let (views, expected) = (machine.phases(history, attempted), oracle.views(history, attempted));
    let name = |id: &StateId| machine.state(*id).name.as_str();
    let after = || {
        let names: Vec<&str> = history.iter().map(name).collect();
        format!("after {names:?}, attempted {:?}", attempted.as_ref().map(name))
    };
    if views != expected {
        return Err(format!("{views:?}, and not {expected:?}, {}", after()));
    }
    is_plausible(machine, history, &views).map_err(|why| format!("{why}, {}", after()))
}

/// Holds them against each other after every accepted history up to a number of them, the shortest
/// first, each with every `attempted`; says how many that were.
fn holds_after_all(machine: &Machine, most: usize) -> Result<usize, String> {
    let oracle = Oracle::of(machine);
    let mut histories: Vec<Vec<StateId>> = vec![Vec::new()];
    let mut at = 0;
    let mut count = 0;
    while at < histories.len() {
        let history = histories[at].clone();
        for attempted in std::iter::once(None).chain(machine.state_ids().map(Some)) {
            holds(&oracle, &history, attempted)?;
            count += 1;
        }
        if histories.len() < most {
            let next = machine.legal_after(history.last().copied()).into_iter();
            histories.extend(next.map(|state| [&*history, &[state]].concat()));
        }
        at += 1;
    }
    Ok(count)
}

#[test]
fn tells_forward_what_the_rule_says_of_every_short_history_of_the_repositorys_tables() {
    let count: usize = tables::of_the_repository()
        .iter()
        .map(|(path, machine)| match holds_after_all(machine, 400) {
            Ok(count) => count,
            Err(why) => panic!("{}: {why}", path.display()),
        })
        .sum();
    assert!(count > 50_000, "only {count} histories");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn tells_forward_what_the_rule_says_of_every_short_history_of_any_table(
        made in tables::tables(),
    ) {
        if let Err(why) = holds_after_all(&made.machine, 120) {
            prop_assert!(false, "{why}\n{}", made.text);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

    #[test]
    fn tells_forward_what_the_rule_says_of_long_histories_and_of_forced_steps(
        made in tables::tables(),
        picks in tables::picks(),
        forced in proptest::collection::vec(any::<prop::sample::Index>(), 0..12),
        attempted in proptest::option::of(any::<prop::sample::Index>()),
    ) {
        let machine = &made.machine;
        let pick = |at: prop::sample::Index| StateId::new(at.index(machine.states.len()));
        let attempted = attempted.map(pick);
        let forced: Vec<StateId> = forced.into_iter().map(pick).collect();
        let oracle = Oracle::of(machine);
        for history in [tables::walk(machine, &picks), forced] {
            if let Err(why) = holds(&oracle, &history, attempted) {
                prop_assert!(false, "{why}\n{}", made.text);
            }
        }
    }
}
