//! Where the nodes of a layered picture stand, and the way of its edges: the order within each layer by
//! barycentres, the places by the nearest to their neighbours' that keeps the order and the distances.
//!
//! After Sugiyama, Tagawa and Toda (1981); the places of a layer are one isotonic regression.

/// Between two nodes of a layer.
const GAP: f64 = 24.0;
/// What an edge takes where it passes a layer.
const LANE: f64 = 10.0;
/// Passes over all layers, down and up; the order of the best is kept.
const PASSES: usize = 24;

/// A box of the picture.
pub(super) struct Node {
    pub(super) width: f64,
    pub(super) layer: usize,
}

/// What was placed.
pub(super) struct Layout {
    /// The middle of each node, from 0 at the left.
    pub(super) x: Vec<f64>,
    /// Of each edge, from its upper to its lower end: the layer and the place at each layer it touches.
    pub(super) routes: Vec<Vec<(usize, f64)>>,
    pub(super) width: f64,
}

/// Nodes and the places where edges pass, as one graph each edge of which leads to the next layer.
struct Layers {
    /// How many are nodes; the others are places where edges pass.
    nodes: usize,
    width: Vec<f64>,
    layer: Vec<usize>,
    up: Vec<Vec<usize>>,
    down: Vec<Vec<usize>>,
    order: Vec<Vec<usize>>,
}

/// Places nodes whose edges lead from layer to layer; none leads within one.
pub(super) fn place(nodes: &[Node], edges: &[(usize, usize)]) -> Layout {
    let (mut layers, chains) = Layers::new(nodes, edges);
    layers.sort();
    let x = layers.places();
    let half = |v: usize| layers.width[v] / 2.0;
    let all = || 0..layers.width.len();
    let left = all().map(|v| x[v] - half(v)).fold(f64::INFINITY, f64::min).min(f64::MAX);
    let right = all().map(|v| x[v] + half(v)).fold(f64::NEG_INFINITY, f64::max);
    let place = |&v: &usize| (layers.layer[v], x[v] - left);
    Layout {
        x: (0..nodes.len()).map(|v| x[v] - left).collect(),
        routes: chains.iter().map(|chain| chain.iter().map(place).collect()).collect(),
        width: if nodes.is_empty() { 0.0 } else { right - left },
    }
}

impl Layers {
    fn new(nodes: &[Node], edges: &[(usize, usize)]) -> (Self, Vec<Vec<usize>>) {
        let count = nodes.len();
        let mut layers = Self {
            nodes: count,
            width: nodes.iter().map(|node| node.width).collect(),
            layer: nodes.iter().map(|node| node.layer).collect(),
            up: vec![Vec::new(); count],
            down: vec![Vec::new(); count],
            order: Vec::new(),
        };
        let mut chains = Vec::new();
        for &(from, to) in edges {
            let (upper, lower) =
                if nodes[from].layer < nodes[to].layer { (from, to) } else { (to, from) };
            let mut chain = vec![upper];
            for layer in nodes[upper].layer + 1..nodes[lower].layer {
                chain.push(layers.lane(layer));
            }
            chain.push(lower);
            for pair in chain.windows(2) {
                layers.down[pair[0]].push(pair[1]);
                layers.up[pair[1]].push(pair[0]);
            }
            chains.push(chain);
        }
        layers.order = vec![Vec::new(); layers.layer.iter().max().map_or(0, |last| last + 1)];
        for (v, &layer) in layers.layer.iter().enumerate() {
            layers.order[layer].push(v);
        }
        (layers, chains)
    }

    /// A place where an edge passes a layer.
    fn lane(&mut self, layer: usize) -> usize {
        self.width.push(LANE);
        self.layer.push(layer);
        self.up.push(Vec::new());
        self.down.push(Vec::new());
        self.width.len() - 1
    }

    /// Orders each layer so that few edges cross.
    fn sort(&mut self) {
        let mut best = (self.crossings(), self.order.clone());
        for pass in 0..PASSES {
            let is_down = pass % 2 == 0;
            let rank = |order: &[Vec<usize>], count: usize| {
                let mut rank = vec![0.0; count];
                for layer in order {
                    for (at, &v) in (0_u32..).zip(layer) {
                        rank[v] = f64::from(at);
                    }
                }
                rank
            };
            let last = self.order.len();
            for step in 1..last {
                let layer = if is_down { step } else { last - 1 - step };
                let ranks = rank(&self.order, self.width.len());
                let near = if is_down { &self.up } else { &self.down };
                let centre = |v: usize| mean(near[v].iter().map(|&w| ranks[w])).unwrap_or(ranks[v]);
                self.order[layer].sort_by(|&a, &b| centre(a).total_cmp(&centre(b)));
            }
            let crossings = self.crossings();
            if crossings < best.0 {
                best = (crossings, self.order.clone());
            }
        }
        self.order = best.1;
    }

    fn crossings(&self) -> usize {
        let mut rank = vec![0; self.width.len()];
        for layer in &self.order {
            for (at, &v) in layer.iter().enumerate() {
                rank[v] = at;
            }
        }
        let mut crossings = 0;
        for layer in &self.order {
            let mut edges: Vec<(usize, usize)> = layer
                .iter()
                .flat_map(|&v| self.down[v].iter().map(|&w| (rank[v], rank[w])).collect::<Vec<_>>())
                .collect();
            edges.sort_unstable();
            for (at, a) in edges.iter().enumerate() {
                crossings += edges[at + 1..].iter().filter(|b| a.0 < b.0 && b.1 < a.1).count();
            }
        }
        crossings
    }

    /// The middle of each node.
    fn places(&self) -> Vec<f64> {
        let mut x = vec![0.0; self.width.len()];
        for layer in &self.order {
            let mut at = 0.0;
            for &v in layer {
                x[v] = at + self.width[v] / 2.0;
                at += self.width[v] + GAP;
            }
        }
        for pass in 0..PASSES {
            let is_down = pass % 2 == 0;
            let count = self.order.len();
            for step in 0..count {
                let layer = &self.order[if is_down { step } else { count - 1 - step }];
                let wanted: Vec<(f64, f64)> = layer.iter().map(|&v| self.wanted(v, &x)).collect();
                for (&v, place) in layer.iter().zip(self.nearest(layer, &wanted)) {
                    x[v] = place;
                }
            }
        }
        x
    }

    /// Where a node would stand best, and how much that counts: near its neighbours, and long edges
    /// straight.
    fn wanted(&self, v: usize, x: &[f64]) -> (f64, f64) {
        let is_lane = |v: usize| v >= self.nodes;
        let (mut sum, mut weight) = (0.0, 0.0);
        for &w in self.up[v].iter().chain(&self.down[v]) {
            let counts = match (is_lane(v), is_lane(w)) {
                (true, true) => 8.0,
                (true, false) | (false, true) => 2.0,
                (false, false) => 1.0,
            };
            sum += counts * x[w];
            weight += counts;
        }
        if weight == 0.0 { (x[v], 1.0) } else { (sum / weight, weight) }
    }

    /// The places nearest to those that are wanted, in the order of the layer and with room between.
    fn nearest(&self, layer: &[usize], wanted: &[(f64, f64)]) -> Vec<f64> {
        // Without the room between, they only must not fall.
        let mut room = vec![0.0; layer.len()];
        for at in 1..layer.len() {
            let halves = (self.width[layer[at - 1]] + self.width[layer[at]]) / 2.0;
            room[at] = room[at - 1] + halves + GAP;
        }
        // Each run that would fall becomes its mean.
        let mut runs: Vec<Run> = Vec::new();
        for (&(want, weight), room) in wanted.iter().zip(&room) {
            runs.push(Run { sum: (want - room) * weight, weight, count: 1 });
            while let [.., a, b] = runs[..]
                && a.mean() > b.mean()
            {
                runs.truncate(runs.len() - 2);
                let (sum, weight) = (a.sum + b.sum, a.weight + b.weight);
                runs.push(Run { sum, weight, count: a.count + b.count });
            }
        }
        let flat = runs.iter().flat_map(|run| std::iter::repeat_n(run.mean(), run.count));
        flat.zip(&room).map(|(place, room)| place + room).collect()
    }
}

/// Neighbours that stand as close as they may.
#[derive(Clone, Copy)]
struct Run {
    sum: f64,
    weight: f64,
    count: usize,
}

impl Run {
    fn mean(self) -> f64 {
        self.sum / self.weight
    }
}

fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, count) = values.fold((0.0, 0.0), |(sum, count), value| (sum + value, count + 1.0));
    (count > 0.0).then(|| sum / count)
}
