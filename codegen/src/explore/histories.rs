//! The histories that rows come to in runs, each kept once, and what the stepper shows after each.

use crate::machine::{Machine, Outcome, StateId, View};

struct Node {
    parent: Option<u32>,
    state: StateId,
    next: Vec<(StateId, u32)>,
    shown: Vec<(u32, Shown)>,
}

/// What matters of the stepper to the claims: the phases shown as done, and those shown as failed or
/// cancelled.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Shown {
    pub(crate) done: Vec<usize>,
    pub(crate) ended: Vec<usize>,
}

/// The histories as trees: a root for each state that a row may start in.
pub(crate) struct Histories<'m> {
    machine: &'m Machine,
    nodes: Vec<Node>,
    /// How much was looked at to tell what is shown.
    pub(crate) looks: usize,
}

impl<'m> Histories<'m> {
    pub(crate) fn new(machine: &'m Machine) -> Self {
        let started = |&state| Node { parent: None, state, next: Vec::new(), shown: Vec::new() };
        Self { machine, nodes: machine.initial.iter().map(started).collect(), looks: 0 }
    }

    /// The histories of rows that have just started, one for each initial state.
    pub(crate) fn started(&self) -> std::ops::Range<u32> {
        0..number(self.machine.initial.len())
    }

    pub(crate) fn state(&self, history: u32) -> StateId {
        self.nodes[history as usize].state
    }

    /// The history, and then this state.
    pub(crate) fn then(&mut self, history: u32, state: StateId) -> u32 {
        let known = self.nodes[history as usize].next.iter().find(|(next, _)| *next == state);
        if let Some(&(_, number)) = known {
            return number;
        }
        let number = number(self.nodes.len());
        let node = Node { parent: Some(history), state, next: Vec::new(), shown: Vec::new() };
        self.nodes.push(node);
        self.nodes[history as usize].next.push((state, number));
        number
    }

    /// A row whose history no longer matters, in this state.
    pub(crate) fn forgotten(&mut self, state: StateId) -> u32 {
        let root = self.started().find(|&root| self.state(root) == state);
        root.unwrap_or_else(|| self.then(0, state))
    }

    /// The states of a history in their order.
    pub(crate) fn states(&self, history: u32) -> Vec<StateId> {
        let mut states = Vec::new();
        let mut at = Some(history);
        while let Some(number) = at {
            let node = &self.nodes[number as usize];
            states.push(node.state);
            at = node.parent;
        }
        states.reverse();
        states
    }

    /// What an `attempted` comes to for the stepper, as its place plus one: nothing at all (0) unless
    /// the row ended badly.
    pub(crate) fn attempted(&self, history: u32, attempted: Option<StateId>) -> u32 {
        let outcome = self.machine.state(self.state(history)).outcome;
        match (outcome, attempted) {
            (Some(Outcome::Failure | Outcome::Cancelled), Some(state)) => {
                u32::try_from(state.index() + 1).expect("a table has fewer states")
            }
            (Some(_) | None, Some(_) | None) => 0,
        }
    }

    /// What the stepper shows after a history and an `attempted`.
    pub(crate) fn shown(&mut self, history: u32, attempted: u32) -> &Shown {
        let node = &self.nodes[history as usize];
        let at = match node.shown.iter().position(|(known, _)| *known == attempted) {
            Some(at) => at,
            None => {
                let state = (attempted as usize).checked_sub(1).map(StateId::new);
                let states = self.states(history);
                self.looks += self.machine.states.len() + states.len();
                let views = self.machine.phases(&states, state);
                let places = |wanted: &[View]| -> Vec<usize> {
                    (0..views.len()).filter(|&at| wanted.contains(&views[at])).collect()
                };
                let shown = Shown {
                    done: places(&[View::Done]),
                    ended: places(&[View::Failed, View::Cancelled]),
                };
                let node = &mut self.nodes[history as usize];
                node.shown.push((attempted, shown));
                node.shown.len() - 1
            }
        };
        &self.nodes[history as usize].shown[at].1
    }
}

fn number(index: usize) -> u32 {
    u32::try_from(index).expect("a search is bounded below this")
}
