//! The picture of a machine, as Mermaid, DOT and SVG: the path through its phases, ends marked by their
//! outcome, and what a row has reached.
//!
//! What every open state may become ("failed" of most tables) is one note, not an edge from each. Skips
//! are drawn where they are asked for, or where the row took them.

mod dot;
mod layout;
mod mermaid;
mod svg;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crate::machine::{Kind, Machine, Outcome, PhaseId, State, StateId};
pub use svg::TooLarge;

/// As few open states get an edge each.
const FEW: usize = 2;

/// What is drawn of a machine, and marked in it.
#[derive(Clone, Debug)]
pub struct Drawing<'m> {
    machine: &'m Machine,
    /// The ends that every open state leads to.
    folded: BTreeSet<StateId>,
    skips: bool,
    history: Vec<StateId>,
    /// How often many rows took each step.
    traffic: Vec<Traffic>,
}

/// How often many rows took a step.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Traffic {
    /// The state before.
    pub from: StateId,
    /// The state after.
    pub to: StateId,
    /// How often.
    pub times: u64,
    /// Whether the table allows it.
    pub is_legal: bool,
}

impl<'m> Drawing<'m> {
    /// The machine as it is, without skips.
    pub fn new(machine: &'m Machine) -> Self {
        let open: Vec<StateId> = machine
            .state_ids()
            .filter(|&id| !machine.state(id).is_ended() && !machine.state(id).retired)
            .collect();
        let is_folded = |&end: &StateId| {
            let leads = |&from| machine.kind(from, end) == Some(Kind::Declared);
            machine.state(end).is_ended() && open.len() > FEW && open.iter().all(leads)
        };
        let folded = machine.state_ids().filter(is_folded).collect();
        Self { machine, folded, skips: false, history: Vec::new(), traffic: Vec::new() }
    }

    /// Whether skips are drawn too.
    #[must_use]
    pub const fn with_skips(mut self, skips: bool) -> Self {
        self.skips = skips;
        self
    }

    /// Marks what a row has reached: its states in their order, the last of which it is in.
    #[must_use]
    pub fn with_history(mut self, history: Vec<StateId>) -> Self {
        self.history = history;
        self
    }

    /// Weighs each step by how often rows took it, and draws those that the table does not allow.
    #[must_use]
    pub fn with_traffic(mut self, traffic: Vec<Traffic>) -> Self {
        self.traffic = traffic;
        self
    }

    /// The edges, in the order of the table; those that it does not allow come last.
    fn edges(&self) -> Vec<Edge> {
        let mut taken: BTreeMap<(StateId, StateId), u64> = BTreeMap::new();
        for step in self.history.windows(2) {
            *taken.entry((step[0], step[1])).or_default() += 1;
        }
        for step in self.traffic.iter().filter(|step| step.is_legal) {
            *taken.entry((step.from, step.to)).or_default() += step.times;
        }
        let edge = |(from, to, kind)| {
            let taken = taken.get(&(from, to)).copied().unwrap_or_default();
            Edge { from, to, is_skip: kind == Kind::Skip, taken, is_legal: true }
        };
        let violation = |step: &Traffic| {
            let Traffic { from, to, times, is_legal } = *step;
            Edge { from, to, is_skip: false, taken: times, is_legal }
        };
        let violations = self.traffic.iter().filter(|step| !step.is_legal && step.times > 0);
        let is_drawn = |edge: &Edge| {
            let is_folded =
                self.folded.contains(&edge.to) && !self.machine.state(edge.from).is_ended();
            edge.taken > 0 || if edge.is_skip { self.skips } else { !is_folded }
        };
        let legal = self.machine.transitions().map(edge).filter(is_drawn);
        legal.chain(violations.map(violation)).collect()
    }

    fn is_reached(&self, id: StateId) -> bool {
        let is_entered = |step: &Traffic| step.times > 0 && (step.to == id || step.from == id);
        self.history.contains(&id) || self.traffic.iter().any(is_entered)
    }

    fn is_current(&self, id: StateId) -> bool {
        self.history.last() == Some(&id)
    }

    /// The phases that have states, and the states without one.
    fn groups(&self) -> (Vec<(PhaseId, Vec<StateId>)>, Vec<StateId>) {
        let machine = self.machine;
        let of = |phase: Option<PhaseId>| -> Vec<StateId> {
            machine.state_ids().filter(|&id| machine.state(id).phase == phase).collect()
        };
        let grouped = (0..machine.phases.len())
            .map(PhaseId::new)
            .map(|phase| (phase, of(Some(phase))))
            .filter(|(_, states)| !states.is_empty())
            .collect();
        (grouped, of(None))
    }
}

/// A transition that is drawn.
#[derive(Clone, Copy, Debug)]
struct Edge {
    from: StateId,
    to: StateId,
    is_skip: bool,
    /// How many times it was taken.
    taken: u64,
    /// Whether the table allows it.
    is_legal: bool,
}

/// What is written next to an end that every open state leads to.
const FROM_ALL: &str = "every open state";

/// How an end looks: its class, the sign before its title, its line and its fill.
struct Mark {
    class: &'static str,
    sign: &'static str,
    line: &'static str,
    fill: &'static str,
}

const SUCCESS: Mark = Mark { class: "success", sign: "✓", line: "#12704a", fill: "#e4f4ec" };
const FAILURE: Mark = Mark { class: "failure", sign: "✕", line: "#b3202f", fill: "#fcebec" };
const CANCELLED: Mark = Mark { class: "cancelled", sign: "⊘", line: "#7d5300", fill: "#fdf3dc" };
const NEUTRAL: Mark = Mark { class: "neutral", sign: "■", line: "#5a6371", fill: "#f1f3f6" };
const MARKS: [&Mark; 4] = [&SUCCESS, &FAILURE, &CANCELLED, &NEUTRAL];
/// The text of a marked state: readable on every fill, whatever the page around it.
const INK: &str = "#14181f";
/// What a row has reached.
const REACHED: &str = "#1f5fbf";
/// What the table does not allow.
const VIOLATION: &str = "#b3202f";

/// The mark of an end; a terminal state without an outcome is neither good nor bad.
fn mark(state: &State) -> Option<&'static Mark> {
    match state.outcome {
        Some(Outcome::Success) => Some(&SUCCESS),
        Some(Outcome::Failure) => Some(&FAILURE),
        Some(Outcome::Cancelled) => Some(&CANCELLED),
        Some(Outcome::Neutral) => Some(&NEUTRAL),
        None => state.terminal.then_some(&NEUTRAL),
    }
}

/// One more line of a picture that is text.
fn line(out: &mut String, text: std::fmt::Arguments<'_>) {
    writeln!(out, "{text}").expect("a string takes all that is written");
}
