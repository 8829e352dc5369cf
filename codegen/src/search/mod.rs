//! The one engine behind every proof: it explores the states of a [`Model`], keeps each once with a
//! shortest path to it, and stops where its limits are reached.
//!
//! A model says where it starts, which steps each state has, and what it claims. It writes nothing of
//! searching: the worklist, the parents, the limits and the witnesses are here.
//!
//! States are taken up breadth first. Where a model has a [rank](Model::rank) that every step
//! increases, they are taken up by rank instead: then all ways to a state are known when it is taken
//! up, so that the number of paths to each can be counted, and its path is still a shortest.

use std::collections::{BTreeSet, VecDeque};
use std::hash::Hash;
use std::num::NonZero;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use foldhash::fast::FixedState;
use indexmap::IndexMap;

/// What is explored.
pub(crate) trait Model {
    /// All that decides what can happen next and what is claimed. The smaller, the faster.
    type Node: Clone + Eq + Hash;
    /// What leads from one state to another.
    type Step: Copy;

    /// The states that it starts in.
    fn starts(&self) -> Vec<Self::Node>;

    /// Every step that a state has, and the state that it leads to.
    fn steps(&self, now: &Self::Node, steps: &mut Vec<(Self::Step, Self::Node)>);

    /// How far on a state is, where every step leads further on; the same for all where one may not.
    fn rank(&self, _: &Self::Node) -> usize {
        0
    }

    /// What one step costs more than one of a model whose states are a word.
    fn weight(&self) -> u64 {
        1
    }

    /// About how many states it will come to, where that is known.
    fn expects(&self) -> usize {
        0
    }

    /// Whether every step is kept, and not the shortest path to each state only.
    fn keeps_steps(&self) -> bool {
        false
    }

    /// A state is taken up: what is claimed of it.
    fn look(&mut self, _known: &Known<Self>, _at: usize) {}

    /// A step was taken: what is claimed of it.
    fn took(&mut self, _known: &Known<Self>, _edge: Edge<Self::Step>) {}

    /// Whether enough is known.
    fn is_decided(&self) -> bool {
        false
    }
}

/// A step from one known state to another.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Edge<T> {
    /// The number of the state that it starts in.
    pub(crate) from: usize,
    pub(crate) step: T,
    /// The number of the state that it leads to.
    pub(crate) to: usize,
}

/// A path: to a state, and one more step from there, if any.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PathEnd<T> {
    pub(crate) at: usize,
    pub(crate) last: Option<(T, usize)>,
}

impl<T> PathEnd<T> {
    pub(crate) const fn state(at: usize) -> Self {
        Self { at, last: None }
    }

    pub(crate) fn edge(edge: Edge<T>) -> Self {
        Self { at: edge.from, last: Some((edge.step, edge.to)) }
    }
}

/// How a state was reached.
struct Reached<T> {
    /// The state before it on a shortest path, and the step from there.
    parent: Option<(u32, T)>,
    /// The steps of that path.
    steps: u32,
    /// How many paths lead to it, as far as they are known.
    paths: u64,
}

/// The states that were reached, numbered in the order of their coming.
pub(crate) struct Known<M: Model + ?Sized> {
    states: IndexMap<M::Node, Reached<M::Step>, FixedState>,
}

impl<M: Model + ?Sized> Known<M> {
    pub(crate) fn len(&self) -> usize {
        self.states.len()
    }

    pub(crate) fn state(&self, number: usize) -> &M::Node {
        self.entry(number).0
    }

    /// The steps of a shortest path to a state.
    pub(crate) fn steps(&self, number: usize) -> u32 {
        self.entry(number).1.steps
    }

    /// How many paths lead to a state, the most that can be counted where there are more. All of them
    /// are known when a state of a model with a rank is taken up.
    pub(crate) fn paths(&self, number: usize) -> u64 {
        self.entry(number).1.paths
    }

    /// The steps of a path.
    pub(crate) fn length(&self, end: PathEnd<M::Step>) -> u32 {
        self.steps(end.at) + u32::from(end.last.is_some())
    }

    /// The state that a shortest path begins in, and its steps, each with the state that it leads to.
    pub(crate) fn path(&self, end: PathEnd<M::Step>) -> (usize, Vec<(M::Step, usize)>) {
        let mut at = end.at;
        let mut path = Vec::from_iter(end.last);
        while let Some((parent, step)) = self.entry(at).1.parent {
            path.push((step, at));
            at = parent as usize;
        }
        path.reverse();
        (at, path)
    }

    fn entry(&self, number: usize) -> (&M::Node, &Reached<M::Step>) {
        self.states.get_index(number).expect("a state has the number that it was given")
    }

    /// Adds a state, or other ways to one that is known; says its number and whether it is new.
    fn add(&mut self, state: M::Node, from: Option<(usize, M::Step)>) -> (usize, bool) {
        let (steps, paths, parent) = match from {
            None => (0, 1, None),
            Some((at, step)) => {
                let reached = self.entry(at).1;
                (reached.steps + 1, reached.paths, Some((index(at), step)))
            }
        };
        match self.states.entry(state) {
            indexmap::map::Entry::Occupied(known) => {
                let number = known.index();
                let reached = known.into_mut();
                reached.paths = reached.paths.saturating_add(paths);
                if steps < reached.steps {
                    (reached.steps, reached.parent) = (steps, parent);
                }
                (number, false)
            }
            indexmap::map::Entry::Vacant(new) => {
                let number = new.index();
                new.insert(Reached { parent, steps, paths });
                (number, true)
            }
        }
    }
}

/// The steps between states, where a model [keeps](Model::keeps_steps) them: those from one state
/// together.
pub(crate) struct Graph<T> {
    steps: Vec<(T, u32)>,
    of: Vec<Range<u32>>,
}

impl<T: Copy> Graph<T> {
    /// A step by its number, and the state that it leads to.
    pub(crate) fn step(&self, number: u32) -> (T, u32) {
        self.steps[number as usize]
    }

    /// The steps that were added last are those from a state.
    fn are_from(&mut self, at: usize, first: usize) {
        if self.of.len() <= at {
            self.of.resize(at + 1, 0..0);
        }
        self.of[at] = index(first)..index(self.steps.len());
    }
}

/// The most that one search does. What lies beyond is not claimed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// States that are kept.
    pub(crate) states: usize,
    /// Steps that are taken, by their weight.
    pub(crate) steps: u64,
}

/// A model after its search: what was reached, and how far that is.
pub(crate) struct Explored<M: Model> {
    pub(crate) model: M,
    pub(crate) known: Known<M>,
    pub(crate) graph: Graph<M::Step>,
    /// How many states were taken up.
    pub(crate) taken_up: usize,
    /// The steps of the longest of their shortest paths.
    pub(crate) depth: u32,
    /// How many steps were taken.
    pub(crate) steps: u64,
    /// Whether that is all there is.
    pub(crate) exhausted: bool,
}

impl<M: Model> Explored<M> {
    /// The states that it starts in.
    pub(crate) fn starts(&self) -> Range<u32> {
        let known = &self.known;
        let starts = (0..known.len()).take_while(|&number| known.steps(number) == 0);
        0..index(starts.count())
    }

    /// The steps from a state, where the model keeps them, each by its number, and where it leads.
    pub(crate) fn from(&self, at: u32) -> impl Iterator<Item = (u32, M::Step, u32)> {
        let numbers = self.graph.of.get(at as usize).cloned().unwrap_or(0..0);
        numbers.map(|number| {
            let (step, to) = self.graph.step(number);
            (number, step, to)
        })
    }
}

/// Explores a model within limits.
pub(crate) fn explore<M: Model>(mut model: M, limits: Limits) -> Explored<M> {
    let states = IndexMap::with_capacity_and_hasher(model.expects(), FixedState::default());
    let mut known = Known { states };
    let mut waiting = Waiting::default();
    for state in model.starts() {
        if let (number, true) = known.add(state, None) {
            waiting.push(model.rank(known.state(number)), number);
        }
    }
    let mut graph = Graph { steps: Vec::new(), of: Vec::new() };
    let keeps_steps = model.keeps_steps();
    let most_steps = limits.steps / model.weight();
    let (mut taken_up, mut depth, mut taken, mut exhausted) = (0, 0, 0_u64, true);
    let mut next_steps = Vec::new();
    while let Some(number) = waiting.pop() {
        if known.len() > limits.states || taken > most_steps {
            exhausted = false;
            break;
        }
        taken_up += 1;
        depth = depth.max(known.steps(number));
        model.look(&known, number);
        if model.is_decided() {
            break;
        }
        model.steps(known.state(number), &mut next_steps);
        taken += next_steps.len() as u64;
        let first = graph.steps.len();
        for (step, next) in next_steps.drain(..) {
            let (to, is_new) = known.add(next, Some((number, step)));
            if is_new {
                waiting.push(model.rank(known.state(to)), to);
            }
            if keeps_steps {
                graph.steps.push((step, index(to)));
            }
            model.took(&known, Edge { from: number, step, to });
        }
        if keeps_steps {
            graph.are_from(number, first);
        }
        if model.is_decided() {
            break;
        }
    }
    Explored { model, known, graph, taken_up, depth, steps: taken, exhausted }
}

/// The states to take up, by their rank, first come first.
#[derive(Default)]
struct Waiting {
    by_rank: Vec<VecDeque<u32>>,
    /// The least rank that may have some.
    least: usize,
}

impl Waiting {
    fn push(&mut self, rank: usize, number: usize) {
        if self.by_rank.len() <= rank {
            self.by_rank.resize_with(rank + 1, VecDeque::new);
        }
        self.by_rank[rank].push_back(index(number));
    }

    fn pop(&mut self) -> Option<usize> {
        while self.by_rank.get(self.least)?.is_empty() {
            self.least += 1;
        }
        self.by_rank[self.least].pop_front().map(|number| number as usize)
    }
}

fn index(number: usize) -> u32 {
    u32::try_from(number).expect("a search is limited to fewer states")
}

/// All that some things lead to, and these themselves: where neither ways nor limits matter.
pub(crate) fn closure<T: Copy + Ord, I: IntoIterator<Item = T>>(
    from: impl IntoIterator<Item = T>,
    next: impl Fn(T) -> I,
) -> BTreeSet<T> {
    let mut reached: BTreeSet<T> = from.into_iter().collect();
    let mut waiting: Vec<T> = reached.iter().copied().collect();
    while let Some(at) = waiting.pop() {
        waiting.extend(next(at).into_iter().filter(|&to| reached.insert(to)));
    }
    reached
}

/// How much runs at once: 1 also where there are no threads at all, as in a browser.
pub(crate) fn cores() -> usize {
    thread::available_parallelism().map_or(1, NonZero::get)
}

/// What comes of each item, in their order: found on as many threads as there are cores.
pub(crate) fn concurrently<T: Sync, R: Send>(items: &[T], of: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let threads = cores().min(items.len());
    if threads <= 1 {
        return items.iter().map(of).collect();
    }
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(at) else { return done };
            done.push((at, of(item)));
        }
    };
    let mut all = thread::scope(|scope| {
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        let joined = running.into_iter().map(|thread| match thread.join() {
            Ok(done) => done,
            Err(panic) => std::panic::resume_unwind(panic),
        });
        joined.flatten().collect::<Vec<_>>()
    });
    all.sort_by_key(|(at, _)| *at);
    all.into_iter().map(|(_, result)| result).collect()
}
