//! What the stepper needs to remember of a history: rule 6 told forward, a state at a time. There
//! are finitely many memories, so that all histories can be told apart, however long they grow.

use crate::machine::{Machine, Outcome, PhaseId, StateId, View};

/// What matters of a history, packed: the current state, the one before, the phase of the last state
/// that has one; then the phases reported, those completed, and for each phase the phases (or none)
/// of the steps' ends that can hide a state of it.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Memory {
    pub(crate) words: Vec<u64>,
}

const CURRENT: usize = 0;
const BEFORE: usize = 1;
const PHASE: usize = 2;
const HEAD: usize = 3;

/// Tells what the stepper shows, a state at a time.
#[derive(Debug)]
pub struct Stepper<'m> {
    machine: &'m Machine,
    has_completing: Vec<bool>,
    /// Words for one bit a phase, and one for none.
    row: usize,
}

impl<'m> Stepper<'m> {
    /// The stepper of a table.
    pub fn of(machine: &'m Machine) -> Self {
        let mut has_completing = vec![false; machine.phases.len()];
        for state in machine.states.iter().filter(|state| state.completes) {
            if let Some(phase) = state.phase {
                has_completing[phase.index()] = true;
            }
        }
        Self { machine, has_completing, row: (machine.phases.len() + 1).div_ceil(64) }
    }

    /// The words of a memory.
    pub fn words(&self) -> usize {
        HEAD + self.row * (2 + self.machine.phases.len())
    }

    /// The memory of a row that has just started.
    pub fn start(&self, state: StateId) -> Memory {
        let mut memory = Memory { words: vec![0; self.words()] };
        memory.words[CURRENT] = word(state.index() + 1);
        self.report(&mut memory, None, state);
        memory
    }

    /// The memory after one more state.
    pub fn then(&self, memory: &Memory, state: StateId) -> Memory {
        let mut next = memory.clone();
        self.go(&mut next, state);
        next
    }

    fn go(&self, memory: &mut Memory, state: StateId) {
        let before = self.current(memory);
        let phase = self.machine.state(state).phase;
        let from = if self.machine.is_initial(state) {
            Some(0)
        } else {
            let last = index(memory.words[PHASE]).map(PhaseId::new);
            phase.filter(|&phase| last.is_some_and(|last| phase < last)).map(PhaseId::index)
        };
        if let Some(from) = from {
            self.take_back(memory, from, self.machine.is_initial(state));
        }
        memory.words[BEFORE] = memory.words[CURRENT];
        memory.words[CURRENT] = word(state.index() + 1);
        self.report(memory, Some(before), state);
    }

    /// Forgets the reports of a phase and of all later ones; all of them where the row starts over.
    fn take_back(&self, memory: &mut Memory, from: usize, all: bool) {
        let phases = self.machine.phases.len();
        for row in 0..2 + phases {
            for phase in from..phases {
                self.clear(memory, row, phase);
            }
            if all {
                self.clear(memory, row, phases);
            }
        }
    }

    fn report(&self, memory: &mut Memory, before: Option<StateId>, state: StateId) {
        let this = self.machine.state(state);
        let phases = self.machine.phases.len();
        if let Some(phase) = this.phase {
            memory.words[PHASE] = word(phase.index() + 1);
            self.set(memory, 0, phase.index());
            if this.completes {
                self.set(memory, 1, phase.index());
            }
        }
        let Some(before) = before else { return };
        for hidden in self.machine.relation.hidden(before, state) {
            if let Some(phase) = self.machine.state(hidden).phase {
                let end = this.phase.map_or(phases, PhaseId::index);
                self.set(memory, 2 + phase.index(), end);
            }
        }
    }

    /// The state that the row is in.
    pub fn current(&self, memory: &Memory) -> StateId {
        current_in(&memory.words)
    }

    /// Whether some step that still counts can hide a state of a phase.
    pub fn can_be_hidden(&self, memory: &Memory, phase: usize) -> bool {
        let at = HEAD + (2 + phase) * self.row;
        memory.words[at..][..self.row].iter().any(|&word| word != 0)
    }

    /// Whether a state of the phase was reported, and not taken back.
    pub fn is_reported(&self, memory: &Memory, phase: usize) -> bool {
        self.get(memory, 0, phase)
    }

    /// One view per phase, in the order of the phases.
    pub fn views(&self, memory: &Memory, attempted: Option<StateId>) -> Vec<View> {
        let id = self.current(memory);
        let current = self.machine.state(id);
        let bad = matches!(current.outcome, Some(Outcome::Failure | Outcome::Cancelled));
        let before = index(memory.words[BEFORE]).map(StateId::new);
        let ending = bad.then(|| self.ending(id, before, attempted)).flatten();
        let later = |phase: usize| {
            (phase + 1..self.machine.phases.len()).any(|later| self.get(memory, 0, later))
        };
        let view = |phase: usize| {
            let reported = self.get(memory, 0, phase);
            let here = current.phase.map(PhaseId::index) == Some(phase);
            let elsewhere = current.phase.is_some() && !here;
            let later = later(phase);
            match ending {
                Some(ending) if ending == phase && current.outcome == Some(Outcome::Failure) => {
                    return View::Failed;
                }
                Some(ending) if ending == phase => return View::Cancelled,
                Some(ending) if ending < phase && !reported => return View::Skipped,
                Some(_) | None => {}
            }
            let hidden = self.can_be_hidden(memory, phase);
            if !reported && !hidden && (later || current.is_ended()) {
                return View::Skipped;
            }
            if here && !current.completes && !current.is_ended() {
                return View::Active;
            }
            let moved_on = elsewhere
                || (current.is_ended() && !bad)
                || (current.phase.is_none() && !bad)
                || later
                || ending.is_some_and(|ending| ending > phase);
            if self.get(memory, 1, phase) || (!self.has_completing[phase] && reported && moved_on) {
                View::Done
            } else if later || current.is_ended() {
                View::Unconfirmed
            } else {
                View::Upcoming
            }
        };
        (0..self.machine.phases.len()).map(view).collect()
    }

    fn ending(
        &self,
        current: StateId,
        before: Option<StateId>,
        attempted: Option<StateId>,
    ) -> Option<usize> {
        let open = |id: StateId| {
            let state = self.machine.state(id);
            if state.completes { None } else { state.phase }
        };
        let told = attempted.and_then(open).or(self.machine.state(current).phase);
        let phase = told.or_else(|| {
            let before = before?;
            let hides = self.machine.relation.hidden(before, current).next().is_some();
            if hides { None } else { open(before) }
        });
        phase.map(PhaseId::index)
    }

    fn place(&self, row: usize, bit: usize) -> (usize, u64) {
        (HEAD + row * self.row + bit / 64, 1 << (bit % 64))
    }
    fn get(&self, memory: &Memory, row: usize, bit: usize) -> bool {
        let (word, bit) = self.place(row, bit);
        memory.words[word] & bit != 0
    }
    fn set(&self, memory: &mut Memory, row: usize, bit: usize) {
        let (word, bit) = self.place(row, bit);
        memory.words[word] |= bit;
    }
    fn clear(&self, memory: &mut Memory, row: usize, bit: usize) {
        let (word, bit) = self.place(row, bit);
        memory.words[word] &= !bit;
    }
}

/// The current state in the words of a memory.
pub(crate) fn current_in(words: &[u64]) -> StateId {
    StateId::new(index(words[CURRENT]).expect("a row has started"))
}

fn word(index: usize) -> u64 {
    u64::try_from(index).expect("a table has fewer")
}

/// What a word that is one more than an index stands for.
fn index(word: u64) -> Option<usize> {
    usize::try_from(word).expect("a table has fewer").checked_sub(1)
}
