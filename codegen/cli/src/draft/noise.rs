//! What of a history a table is drafted of, and what is left out of it as noise.

use std::collections::{BTreeMap, BTreeSet, HashMap};

/// A step that is less than this share of those out of its state is noise, and so is such a start.
pub(crate) const NOISE: f64 = 0.01;

/// How often rows started in each state, and how often each step was taken, by the places of states.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    pub(super) starts: Vec<u64>,
    pub(super) steps: HashMap<(usize, usize), u64>,
}

/// A step or, without the state before, a start; and how often it was taken.
pub(super) type Taken = (Option<usize>, usize, u64);

/// The steps out of each state, and how often each was taken.
pub(super) type Steps = BTreeMap<usize, Vec<(usize, u64)>>;

/// What a draft keeps of a history.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    /// The places of the states that a row can come to, in the order of their coming.
    #[cfg_attr(not(feature = "audit"), expect(dead_code, reason = "only `discover` reads it"))]
    pub(super) states: Vec<usize>,
    /// The starts, the most frequent first.
    pub(super) initial: Vec<usize>,
    pub(super) steps: Steps,
    /// What was left out.
    pub(super) noise: Vec<Taken>,
    /// Steps out of states that nothing leads to without the noise.
    pub(super) apart: Steps,
    /// States that lead to no end.
    pub(super) without_end: BTreeSet<usize>,
}

impl Kept {
    /// What a table of `states` and `steps` makes a violation. A step out of a state that it lacks is
    /// not judged, and so is none; one to another such state is.
    #[cfg(feature = "audit")]
    pub(super) fn all_left_out(&self) -> Vec<Taken> {
        let has = |state: usize| self.states.contains(&state);
        let apart = self.apart.iter();
        let apart = apart
            .flat_map(|(from, steps)| steps.iter().map(|(to, times)| (Some(*from), *to, *times)));
        let all = self.noise.iter().copied().chain(apart);
        all.filter(|(from, to, _)| from.is_none_or(has) || !has(*to)).collect()
    }
}

/// A step in words.
pub(super) fn said((from, to, times): &Taken, names: &[String], kept: &Kept) -> String {
    let is_end = kept.steps.get(to).is_none_or(|next| next.iter().all(|(next, _)| next == to));
    let why = if from.is_none() && is_end { " (no row may start in an end)" } else { "" };
    let from = from.map_or("start", |from| &names[from]);
    let plural = if *times == 1 { "" } else { "s" };
    format!("{from} -> {}: {times} time{plural}{why}", names[*to])
}

/// Parts what a table is drafted of from the noise: steps that are a smaller share than `noise` of
/// those out of their state, and starts of all starts.
pub(super) fn kept(found: &Seen, noise: f64) -> Kept {
    let all = 0..found.starts.len();
    #[expect(clippy::cast_precision_loss, reason = "a share needs no more")]
    let is_noise = |times: u64, of: u64| (times as f64) < noise * of as f64;
    let started: u64 = found.starts.iter().sum();
    let out_of = |from: usize| all.clone().filter_map(move |to| found.steps.get(&(from, to)));
    let mut steps = Steps::new();
    let mut left_out: Vec<Taken> = Vec::new();
    for from in all.clone() {
        let of: u64 = out_of(from).sum();
        for to in all.clone() {
            let Some(&times) = found.steps.get(&(from, to)) else { continue };
            if is_noise(times, of) {
                left_out.push((Some(from), to, times));
            } else {
                steps.entry(from).or_default().push((to, times));
            }
        }
    }
    let leaves = |from: usize, steps: &Steps| {
        steps.get(&from).is_some_and(|to| to.iter().any(|(to, _)| *to != from))
    };
    let mut initial = Vec::new();
    for to in all.clone().filter(|&to| found.starts[to] > 0) {
        // The format has no start in an end, but of a machine of one state.
        let is_end = !leaves(to, &steps) && found.starts.len() > 1;
        if is_noise(found.starts[to], started) || is_end {
            left_out.push((None, to, found.starts[to]));
        } else {
            initial.push(to);
        }
    }
    initial.sort_by_key(|&to| std::cmp::Reverse(found.starts[to]));
    // What nothing leads to any more goes, with all that leads out of it.
    let reached = reach(initial.clone(), |from| {
        steps.get(&from).into_iter().flatten().map(|(to, _)| *to).collect()
    });
    let (steps, apart): (Steps, Steps) =
        steps.into_iter().partition(|(from, _)| reached.contains(from));
    let states: Vec<usize> = all.filter(|state| reached.contains(state)).collect();
    let ends = states.iter().copied().filter(|&state| !leaves(state, &steps)).collect();
    let leads = reach(ends, |to| {
        let into = |from: &usize| steps.get(from).is_some_and(|it| it.iter().any(|it| it.0 == to));
        states.iter().copied().filter(into).collect()
    });
    let has_end = states.len() > leads.len() && !leads.is_empty();
    let without_end = states.iter().copied();
    let without_end = without_end
        .filter(|state| has_end && !leads.contains(state) && !initial.contains(state))
        .collect();
    Kept { states, initial, steps, noise: left_out, apart, without_end }
}

/// All that can be reached from some.
fn reach(from: Vec<usize>, next: impl Fn(usize) -> Vec<usize>) -> BTreeSet<usize> {
    let mut reached: BTreeSet<usize> = from.iter().copied().collect();
    let mut open = from;
    while let Some(state) = open.pop() {
        open.extend(next(state).into_iter().filter(|&next| reached.insert(next)));
    }
    reached
}
