//! Which layer of the picture each state stands in: a band of layers for each phase, in their order, and
//! within a band the longest way there.

use std::collections::BTreeMap;

use crate::graph::Edge;
use crate::machine::{Machine, PhaseId, StateId};

/// The layers of all states.
pub(super) struct Bands {
    /// Of each state.
    pub(super) layer: Vec<usize>,
    pub(super) rows: Vec<Row>,
}

/// A band.
pub(super) struct Row {
    pub(super) phase: Option<PhaseId>,
    pub(super) first: usize,
    pub(super) last: usize,
}

impl Bands {
    pub(super) fn of(machine: &Machine, edges: &[Edge]) -> Self {
        let mut bands: BTreeMap<usize, Vec<StateId>> = BTreeMap::new();
        let mut after = 0;
        for id in machine.state_ids() {
            let state = machine.state(id);
            let ends = 2 * machine.phases.len() + 1;
            let place = match state.phase {
                Some(phase) => 2 * phase.index() + 1,
                None if machine.phases.is_empty() || machine.is_initial(id) => 0,
                None if state.is_ended() => ends,
                // Where the table has it: after the phase that came last.
                None => after,
            };
            if let Some(phase) = state.phase {
                after = 2 * phase.index() + 2;
            }
            bands.entry(place).or_default().push(id);
        }
        let mut layer = vec![0; machine.states.len()];
        let mut rows = Vec::new();
        let mut first = 0;
        for states in bands.values() {
            let depth = depths(states, edges);
            let last = first + depth.iter().max().copied().unwrap_or_default();
            for (id, depth) in states.iter().zip(depth) {
                layer[id.index()] = first + depth;
            }
            rows.push(Row { phase: machine.state(states[0]).phase, first, last });
            first = last + 1;
        }
        Self { layer, rows }
    }
}

/// The longest way to each of the states along the edges among them, without those that lead back.
fn depths(states: &[StateId], edges: &[Edge]) -> Vec<usize> {
    let at: BTreeMap<StateId, usize> =
        states.iter().enumerate().map(|(at, &id)| (id, at)).collect();
    let mut next = vec![Vec::new(); states.len()];
    for edge in edges.iter().filter(|edge| edge.from != edge.to) {
        if let (Some(&from), Some(&to)) = (at.get(&edge.from), at.get(&edge.to)) {
            next[from].push(to);
        }
    }
    let order = finished(&next);
    let mut rank = vec![0; states.len()];
    for (nth, &v) in order.iter().enumerate() {
        rank[v] = nth;
    }
    let mut depth = vec![0; states.len()];
    // Last finished first: every edge that leads on comes from a state that is done.
    for &v in order.iter().rev() {
        for &w in next[v].iter().filter(|&&w| rank[w] < rank[v]) {
            depth[w] = depth[w].max(depth[v] + 1);
        }
    }
    // An edge that leads back may still be between states of one depth: one of them goes below.
    while let Some((v, w)) = pair_of_one_depth(&next, &depth) {
        let below = if rank[v] > rank[w] { w } else { v };
        depth[below] += 1;
    }
    depth
}

fn pair_of_one_depth(next: &[Vec<usize>], depth: &[usize]) -> Option<(usize, usize)> {
    let edges = next.iter().enumerate().flat_map(|(v, next)| next.iter().map(move |&w| (v, w)));
    edges.into_iter().find(|&(v, w)| depth[v] == depth[w])
}

/// The states in the order in which a search by depth has finished with them.
fn finished(next: &[Vec<usize>]) -> Vec<usize> {
    let mut seen = vec![false; next.len()];
    let mut order = Vec::new();
    for root in 0..next.len() {
        let mut stack = vec![(root, 0)];
        if std::mem::replace(&mut seen[root], true) {
            continue;
        }
        while let Some((v, nth)) = stack.pop() {
            match next[v].get(nth) {
                Some(&w) => {
                    stack.push((v, nth + 1));
                    if !std::mem::replace(&mut seen[w], true) {
                        stack.push((w, 0));
                    }
                }
                None => order.push(v),
            }
        }
    }
    order
}
