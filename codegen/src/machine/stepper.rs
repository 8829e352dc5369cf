//! What the stepper shows (rule 6): a function of the accepted history and the last `attempted`,
//! worked out forward, a state and a phase at a time. What is shown of a phase hangs on where the row
//! stands and on what is remembered of that phase, and on nothing else.

use std::collections::HashMap;

use super::{Machine, Outcome, PhaseId, StateId, View};

impl Machine {
    /// One view per phase, in the order of the phases, after an accepted history and the
    /// `attempted` of its last report. What the table lacks is passed over before: it has no id.
    pub fn phases(&self, history: &[StateId], attempted: Option<StateId>) -> Vec<View> {
        let Some((&first, rest)) = history.split_first() else {
            return vec![View::Upcoming; self.phases.len()];
        };
        let stepper = Stepper::of(self);
        let mut row = stepper.start(first);
        let mut memories: Vec<PhaseMemory> =
            self.phase_ids().map(|phase| stepper.phase_start(phase, first)).collect();
        // A long history takes the same few steps again and again.
        let mut known: HashMap<(StateId, StateId), Vec<bool>> = HashMap::new();
        for &state in rest {
            let hides = known.entry((row.current, state)).or_insert_with(|| {
                self.phase_ids().map(|phase| stepper.hides(phase, row.current, state)).collect()
            });
            for ((phase, memory), &hides) in self.phase_ids().zip(&mut memories).zip(&*hides) {
                *memory = stepper.phase_told(phase, memory, &row, state);
                if hides {
                    stepper.hide(memory, state);
                }
            }
            row = stepper.then(&row, state);
        }
        let ending = stepper.ending(&row, attempted);
        let phases = self.phase_ids().zip(&memories);
        phases.map(|(phase, memory)| stepper.view(phase, &row, memory, ending)).collect()
    }
}

/// What the stepper remembers of where a row stands.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) struct Row {
    pub(crate) current: StateId,
    pub(crate) previous: Option<StateId>,
    pub(crate) last_phase: Option<PhaseId>,
}

/// What it remembers of one phase, of the reports that were not taken back.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) struct PhaseMemory {
    pub(crate) reported: bool,
    pub(crate) completed: bool,
    /// Whether a later phase was reported.
    pub(crate) later: bool,
    pub(crate) hidden: Hidden,
}

/// Whether a step that counts can hide a state of the phase.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) enum Hidden {
    Always,
    /// Until the row goes back to that phase, in which the step ended, or to an earlier one.
    Until(PhaseId),
    No,
}

/// Works out what is shown, a state at a time.
#[derive(Debug)]
pub(crate) struct Stepper<'m> {
    machine: &'m Machine,
    has_completing: Vec<bool>,
    /// The optional states of each phase.
    optional: Vec<Vec<StateId>>,
    /// Those of them that complete it; where none of its states does, all.
    completing: Vec<Vec<StateId>>,
}

impl<'m> Stepper<'m> {
    pub(crate) fn of(machine: &'m Machine) -> Self {
        let mut has_completing = vec![false; machine.phases.len()];
        for state in machine.states.iter().filter(|state| state.completes) {
            if let Some(phase) = state.phase {
                has_completing[phase.index()] = true;
            }
        }
        let mut optional = vec![Vec::new(); machine.phases.len()];
        for &state in machine.relation.optional() {
            if let Some(phase) = machine.state(state).phase {
                optional[phase.index()].push(state);
            }
        }
        let completing = machine.phase_ids().map(|phase| {
            let has_some = has_completing[phase.index()];
            let counts = |id: &&StateId| !has_some || machine.state(**id).completes;
            optional[phase.index()].iter().filter(counts).copied().collect()
        });
        let completing = completing.collect();
        Self { machine, has_completing, optional, completing }
    }

    pub(crate) fn start(&self, state: StateId) -> Row {
        Row { current: state, previous: None, last_phase: self.machine.state(state).phase }
    }

    pub(crate) fn then(&self, row: &Row, state: StateId) -> Row {
        let last_phase = self.machine.state(state).phase.or(row.last_phase);
        Row { current: state, previous: Some(row.current), last_phase }
    }

    pub(crate) fn phase_start(&self, phase: PhaseId, state: StateId) -> PhaseMemory {
        let none =
            PhaseMemory { reported: false, completed: false, later: false, hidden: Hidden::No };
        self.report(phase, none, state)
    }

    pub(crate) fn phase_then(
        &self,
        phase: PhaseId,
        memory: &PhaseMemory,
        before: &Row,
        state: StateId,
    ) -> PhaseMemory {
        let mut next = self.phase_told(phase, memory, before, state);
        if self.hides(phase, before.current, state) {
            self.hide(&mut next, state);
        }
        next
    }

    /// Whether a step can hide a state of the phase.
    fn hides(&self, phase: PhaseId, from: StateId, to: StateId) -> bool {
        let relation = &self.machine.relation;
        self.optional[phase.index()].iter().any(|&via| relation.hides(from, via, to))
    }

    /// Whether the phase's completing report can be missing, after one more state: by a step that can
    /// hide it, until the row goes back to before it.
    pub(crate) fn missing_then(
        &self,
        phase: PhaseId,
        missing: Hidden,
        before: &Row,
        state: StateId,
    ) -> Hidden {
        if self.machine.is_initial(state) {
            return Hidden::No;
        }
        let of = self.machine.state(state).phase;
        let back = of.filter(|&of| before.last_phase.is_some_and(|last| of < last));
        let is_over = |end| back.is_some_and(|back| back <= end && back <= phase);
        let still = match missing {
            Hidden::Until(end) if is_over(end) => Hidden::No,
            Hidden::Always | Hidden::Until(_) | Hidden::No => missing,
        };
        let relation = &self.machine.relation;
        let mut completing = self.completing[phase.index()].iter();
        match completing.any(|&via| relation.hides(before.current, via, state)) {
            true => still.min(of.map_or(Hidden::Always, Hidden::Until)),
            false => still,
        }
    }

    /// Whether a state completes the phase.
    pub(crate) fn has_completing(&self, phase: PhaseId) -> bool {
        self.has_completing[phase.index()]
    }

    /// Remembers that a step to this state can hide one of the phase.
    fn hide(&self, memory: &mut PhaseMemory, to: StateId) {
        let end = self.machine.state(to).phase;
        memory.hidden = memory.hidden.min(end.map_or(Hidden::Always, Hidden::Until));
    }

    /// The same, without looking whether the step can hide a state of the phase: that makes no
    /// difference to whether the phase is done or failed.
    pub(crate) fn phase_told(
        &self,
        phase: PhaseId,
        memory: &PhaseMemory,
        before: &Row,
        state: StateId,
    ) -> PhaseMemory {
        if self.machine.is_initial(state) {
            return self.phase_start(phase, state);
        }
        let mut next = *memory;
        let of = self.machine.state(state).phase;
        let back = of.filter(|&of| before.last_phase.is_some_and(|last| of < last));
        if let Some(back) = back {
            if back <= phase {
                (next.reported, next.completed, next.later) = (false, false, false);
            }
            if matches!(next.hidden, Hidden::Until(end) if end >= back) {
                next.hidden = Hidden::No;
            }
        }
        self.report(phase, next, state)
    }

    fn report(&self, phase: PhaseId, mut memory: PhaseMemory, state: StateId) -> PhaseMemory {
        let state = self.machine.state(state);
        memory.reported |= state.phase == Some(phase);
        memory.completed |= state.phase == Some(phase) && state.completes;
        memory.later |= state.phase.is_some_and(|of| of > phase);
        memory
    }

    pub(crate) fn ending(&self, row: &Row, attempted: Option<StateId>) -> Option<PhaseId> {
        let current = self.machine.state(row.current);
        if !current.ends_badly() {
            return None;
        }
        let open = |id: StateId| {
            let state = self.machine.state(id);
            state.phase.filter(|_| !state.completes)
        };
        attempted.and_then(open).or(current.phase).or_else(|| {
            let before = row.previous?;
            let phase = open(before)?;
            let mut hidden = self.machine.relation.hidden(before, row.current);
            hidden.all(|id| open(id) == Some(phase)).then_some(phase)
        })
    }

    pub(crate) fn view(
        &self,
        phase: PhaseId,
        row: &Row,
        memory: &PhaseMemory,
        ending: Option<PhaseId>,
    ) -> View {
        let current = self.machine.state(row.current);
        let bad = current.ends_badly();
        if ending == Some(phase) {
            return if current.outcome == Some(Outcome::Cancelled) {
                View::Cancelled
            } else {
                View::Failed
            };
        }
        let passed = memory.later || current.is_ended();
        let after = ending.is_some_and(|ending| ending < phase);
        if !memory.reported && (after || memory.hidden == Hidden::No && passed) {
            return View::Skipped;
        }
        if current.phase == Some(phase) && !current.completes && !current.is_ended() {
            return View::Active;
        }
        let moved_on = (current.is_ended() && !bad)
            || current.phase.is_some_and(|other| other != phase)
            || (current.phase.is_none() && !bad)
            || memory.later
            || ending.is_some_and(|ending| ending > phase);
        if memory.completed || !self.has_completing[phase.index()] && memory.reported && moved_on {
            View::Done
        } else if passed {
            View::Unconfirmed
        } else {
            View::Upcoming
        }
    }
}
