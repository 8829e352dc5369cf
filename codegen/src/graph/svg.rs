//! The picture as an SVG: phases are bands from top to bottom, their titles in a column that no edge
//! enters.
//!
//! Colours are attributes, so that a page with a strict Content-Security-Policy shows them, and `class`,
//! `data-state` and `data-step` let its style sheet and script say otherwise.

mod bands;

use std::fmt;

use askama::Template;
use unicode_width::UnicodeWidthStr;

use super::layout::{self, Layout, Node};
use super::{Drawing, Edge, FROM_ALL, INK, MARKS, Mark, REACHED, VIOLATION, mark};
use crate::machine::StateId;
use bands::Bands;

/// The most states and edges that a reader could follow, and more.
const MOST: (usize, usize) = (200, 2_000);

// In pixels.
const CHAR: f64 = 7.4;
const NODE: f64 = 34.0;
const LAYER: f64 = 78.0;
const BAND_PAD: f64 = 10.0;
const MARGIN: f64 = 14.0;
const TOP: f64 = 40.0;
const LEGEND: f64 = 34.0;
/// The longest title that is written out; the whole of it is a tooltip.
const LONGEST: usize = 30;

/// That a picture would show nothing any more.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct TooLarge {
    /// How many states there are.
    pub states: usize,
    /// How many edges would be drawn.
    pub edges: usize,
}

impl fmt::Display for TooLarge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { states, edges } = self;
        let (most, most_edges) = MOST;
        write!(
            f,
            "{states} states and {edges} edges are too many for a picture: it shows at most {most} \
             states and {most_edges} edges"
        )
    }
}

impl std::error::Error for TooLarge {}

#[derive(Template)]
#[template(path = "graph/picture.svg")]
struct Picture<'p> {
    name: &'p str,
    title: String,
    width: String,
    height: String,
    ink: &'static str,
    accent: &'static str,
    /// The colour of what the table does not allow, where that is drawn.
    violation: Option<&'static str>,
    bands: Vec<Band>,
    edges: Vec<Path>,
    nodes: Vec<Shape>,
    legend: Vec<Key>,
}

/// A phase.
struct Band {
    title: String,
    short: String,
    y: String,
    height: String,
    text_y: String,
    width: String,
    fill: &'static str,
}

/// A transition.
struct Path {
    step: String,
    title: String,
    class: &'static str,
    d: String,
    colour: &'static str,
    stroke: String,
    is_dashed: bool,
    /// The arrow at its end.
    marker: &'static str,
}

/// A state.
struct Shape {
    name: String,
    title: String,
    short: String,
    class: String,
    x: String,
    y: String,
    width: String,
    height: String,
    radius: &'static str,
    fill: &'static str,
    colour: &'static str,
    stroke: &'static str,
    /// The second line of an end.
    inner: Option<[String; 4]>,
    text: [String; 2],
    /// What is written below an end that every open state leads to, and where.
    from_all: Option<(String, [String; 2])>,
}

/// A line of the legend.
struct Key {
    x: String,
    y: String,
    text: String,
}

/// A length, without needless digits.
fn px(value: f64) -> String {
    let text = format!("{value:.1}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

/// What is written of a title. XML has no control characters.
fn plain(title: &str) -> String {
    title.chars().map(|char| if char.is_control() { ' ' } else { char }).collect()
}

/// The same, cut where it is long.
fn short(title: &str) -> String {
    let title = plain(title);
    if title.chars().count() <= LONGEST {
        return title;
    }
    let kept: String = title.chars().take(LONGEST - 1).collect();
    format!("{}…", kept.trim_end())
}

fn text_width(text: &str) -> f64 {
    let columns = u32::try_from(text.width()).unwrap_or(u32::MAX);
    f64::from(columns) * CHAR
}

impl Drawing<'_> {
    /// The machine as an SVG document.
    ///
    /// # Errors
    /// Where the machine has more states or edges than a picture can show.
    pub fn svg(&self) -> Result<String, TooLarge> {
        let edges = self.edges();
        let states = self.machine.states.len();
        if states > MOST.0 || edges.len() > MOST.1 {
            return Err(TooLarge { states, edges: edges.len() });
        }
        Ok(Canvas::new(self, &edges).print())
    }

    fn label(&self, id: StateId) -> String {
        let state = self.machine.state(id);
        let title = short(&state.title);
        mark(state).map_or(title.clone(), |mark| format!("{} {title}", mark.sign))
    }
}

/// Everything that has a place.
struct Canvas<'c, 'm> {
    drawing: &'c Drawing<'m>,
    edges: &'c [Edge],
    bands: Bands,
    layout: Layout,
    width: Vec<f64>,
    /// Where the nodes begin, behind the titles of the bands.
    left: f64,
}

impl<'c, 'm> Canvas<'c, 'm> {
    fn new(drawing: &'c Drawing<'m>, edges: &'c [Edge]) -> Self {
        let machine = drawing.machine;
        let bands = Bands::of(machine, edges);
        let has_loop = |id| edges.iter().any(|edge| edge.from == id && edge.to == id);
        let width = |id| {
            let note =
                if drawing.folded.contains(&id) { text_width(FROM_ALL) + 5.0 * CHAR } else { 0.0 };
            let room = if has_loop(id) { 44.0 } else { 0.0 };
            (text_width(&drawing.label(id)) + 28.0).max(note) + room
        };
        let width: Vec<f64> = machine.state_ids().map(width).collect();
        let node = |(at, &width): (usize, &f64)| Node { width, layer: bands.layer[at] };
        let nodes: Vec<Node> = width.iter().enumerate().map(node).collect();
        let steps = edges.iter().filter(|edge| edge.from != edge.to);
        let steps: Vec<_> = steps.map(|edge| (edge.from.index(), edge.to.index())).collect();
        let titles = bands.rows.iter().filter_map(|row| row.phase);
        let titles = titles.map(|phase| text_width(&short(&machine.phase(phase).title)));
        let gutter = titles.fold(0.0, f64::max);
        let left = MARGIN + if gutter > 0.0 { gutter + 2.0 * MARGIN } else { 0.0 };
        let width = width.iter().zip(machine.state_ids());
        let width = width.map(|(w, id)| if has_loop(id) { w - 44.0 } else { *w }).collect();
        Self { drawing, edges, layout: layout::place(&nodes, &steps), bands, width, left }
    }

    /// The middle of a layer.
    fn y(&self, layer: usize) -> f64 {
        let at = u32::try_from(layer).unwrap_or(u32::MAX);
        TOP + f64::from(at) * LAYER + LAYER / 2.0
    }

    fn print(&self) -> String {
        let machine = self.drawing.machine;
        let (legend, legend_width) = self.legend();
        let title = MARGIN * 2.0 + text_width(&machine.title) * 1.2;
        let width = (self.left + self.layout.width + MARGIN).max(legend_width).max(title);
        let layers = self.bands.layer.iter().max().map_or(0, |last| last + 1);
        let height = self.y(layers) - LAYER / 2.0 + LEGEND;
        let picture = Picture {
            name: &machine.name,
            title: plain(&machine.title),
            width: px(width),
            height: px(height),
            ink: INK,
            accent: REACHED,
            violation: self.edges.iter().any(|edge| !edge.is_legal).then_some(VIOLATION),
            bands: self.rows(width),
            edges: self.paths(),
            nodes: machine.state_ids().map(|id| self.shape(id)).collect(),
            legend,
        };
        let text = picture.render().expect("the template only prints strings");
        format!("{}\n", text.trim_end())
    }

    fn rows(&self, width: f64) -> Vec<Band> {
        let row = |(at, row): (usize, &bands::Row)| {
            let title = row.phase.map(|phase| &self.drawing.machine.phase(phase).title);
            let title = plain(title.map_or("", String::as_str));
            let top = self.y(row.first) - LAYER / 2.0;
            let bottom = self.y(row.last) + LAYER / 2.0;
            Band {
                short: short(&title),
                title,
                y: px(top + BAND_PAD / 2.0),
                height: px(bottom - top - BAND_PAD),
                text_y: px(f64::midpoint(top, bottom) + 4.5),
                width: px(width - MARGIN),
                fill: if at % 2 == 0 { "#f6f7f9" } else { "#eef1f5" },
            }
        };
        let titled = self.bands.rows.iter().filter(|row| row.phase.is_some());
        titled.enumerate().map(row).collect()
    }

    /// Where the ends of edges stand at each side of a node: apart, in the order of where they lead.
    fn ports(&self) -> Vec<(f64, f64)> {
        let routes = &self.layout.routes;
        let mut ports = vec![(0.0, 0.0); routes.len()];
        for (at, &node) in self.layout.x.iter().enumerate() {
            for is_upper in [true, false] {
                let is_here = |route: &[(usize, f64)]| {
                    let end = if is_upper { route.first() } else { route.last() };
                    end.is_some_and(|&(layer, x)| layer == self.bands.layer[at] && x == node)
                };
                let next = |route: &[(usize, f64)]| {
                    let near = if is_upper { route.get(1) } else { route.iter().rev().nth(1) };
                    near.map_or(node, |&(_, x)| x)
                };
                let mut here: Vec<usize> =
                    (0..routes.len()).filter(|&r| is_here(&routes[r])).collect();
                here.sort_by(|&a, &b| next(&routes[a]).total_cmp(&next(&routes[b])));
                let count = u32::try_from(here.len()).unwrap_or(u32::MAX);
                let space = (self.width[at] * 0.6 / f64::from(count.max(1))).min(22.0);
                for (nth, &route) in (0_u32..).zip(&here) {
                    let x = node + (f64::from(nth) - f64::from(count - 1) / 2.0) * space;
                    if is_upper { ports[route].0 = x } else { ports[route].1 = x }
                }
            }
        }
        ports
    }

    fn paths(&self) -> Vec<Path> {
        let ports = self.ports();
        let most = self.edges.iter().map(|edge| edge.taken).max().unwrap_or_default();
        let mut steps = 0;
        let mut paths = Vec::new();
        for edge in self.edges {
            let d = if edge.from == edge.to {
                self.loop_of(edge.from)
            } else {
                steps += 1;
                self.way(edge, &self.layout.routes[steps - 1], ports[steps - 1])
            };
            let title = |id: StateId| plain(&self.drawing.machine.state(id).title);
            let times = match edge.taken {
                0 | 1 => String::new(),
                times => format!(" ({times} times)"),
            };
            let name = |id: StateId| &self.drawing.machine.state(id).name;
            paths.push(Path {
                step: format!("{} {}", name(edge.from), name(edge.to)),
                title: format!("{} → {}{times}", title(edge.from), title(edge.to)),
                class: match (edge.is_legal, edge.taken > 0, edge.is_skip) {
                    (false, _, _) => "step violation",
                    (true, true, _) => "step taken",
                    (true, false, true) => "step skip",
                    (true, false, false) => "step",
                },
                d,
                colour: match (edge.is_legal, edge.taken > 0) {
                    (false, _) => VIOLATION,
                    (true, true) => REACHED,
                    (true, false) => "#6b7480",
                },
                stroke: self.stroke(edge, most),
                is_dashed: edge.is_skip,
                marker: match (edge.is_legal, edge.taken > 0) {
                    (false, _) => "violation",
                    (true, true) => "taken",
                    (true, false) => "arrow",
                },
            });
        }
        paths
    }

    /// How wide an edge is: the wider the more often it was taken, in steps that can be seen.
    fn stroke(&self, edge: &Edge, most: u64) -> String {
        match edge.taken {
            0 => "1.3".to_owned(),
            _ if self.drawing.traffic.is_empty() => "2.5".to_owned(),
            taken => {
                let share = f64::from((taken + 1).ilog2()) / f64::from((most + 1).ilog2().max(1));
                px(1.3 + 4.7 * share)
            }
        }
    }

    /// From the side of one node to that of another, through the lanes between.
    fn way(&self, edge: &Edge, route: &[(usize, f64)], ports: (f64, f64)) -> String {
        let half = NODE / 2.0;
        let last = route.len() - 1;
        let mut points = Vec::new();
        for (nth, &(layer, x)) in route.iter().enumerate() {
            let (x, y) = (self.left + x, self.y(layer));
            if nth == 0 {
                points.push((self.left + ports.0, y + half));
            } else if nth == last {
                points.push((self.left + ports.1, y - half));
            } else {
                points.extend([(x, y - half), (x, y + half)]);
            }
        }
        if self.bands.layer[edge.from.index()] > self.bands.layer[edge.to.index()] {
            points.reverse();
        }
        let mut d = format!("M{} {}", px(points[0].0), px(points[0].1));
        for pair in points.windows(2) {
            let ((x, y), (to_x, to_y)) = (pair[0], pair[1]);
            let middle = px(f64::midpoint(y, to_y));
            let (x, to_x, to_y) = (px(x), px(to_x), px(to_y));
            d += &if x == to_x {
                format!("V{to_y}")
            } else {
                format!("C{x} {middle} {to_x} {middle} {to_x} {to_y}")
            };
        }
        d
    }

    fn loop_of(&self, id: StateId) -> String {
        let at = id.index();
        let right = self.left + self.layout.x[at] + self.width[at] / 2.0;
        let y = self.y(self.bands.layer[at]);
        let (x, out) = (px(right), px(right + 22.0));
        let (upper, lower) = (px(y - 8.0), px(y + 8.0));
        format!("M{x} {lower}C{out} {} {out} {} {x} {upper}", px(y + 16.0), px(y - 16.0))
    }

    fn shape(&self, id: StateId) -> Shape {
        let (drawing, at) = (self.drawing, id.index());
        let state = drawing.machine.state(id);
        let (x, y) = (self.left + self.layout.x[at], self.y(self.bands.layer[at]));
        let (left, top, width) = (x - self.width[at] / 2.0, y - NODE / 2.0, self.width[at]);
        let mark = mark(state);
        let is_reached = drawing.is_reached(id);
        let mut class = vec!["state"];
        class.extend(mark.map(|mark| mark.class));
        class.extend(drawing.machine.is_initial(id).then_some("initial"));
        class.extend(is_reached.then_some("reached"));
        class.extend(drawing.is_current(id).then_some("current"));
        let from_all = drawing
            .folded
            .contains(&id)
            .then(|| (format!("from {FROM_ALL}"), [px(x), px(y + NODE / 2.0 + 14.0)]));
        let inner = [px(left + 3.0), px(top + 3.0), px(width - 6.0), px(NODE - 6.0)];
        Shape {
            name: state.name.clone(),
            title: plain(&state.title),
            short: drawing.label(id),
            class: class.join(" "),
            x: px(left),
            y: px(top),
            width: px(width),
            height: px(NODE),
            radius: if drawing.machine.is_initial(id) { "17" } else { "6" },
            fill: mark.map_or("#ffffff", |mark| mark.fill),
            colour: if is_reached { REACHED } else { mark.map_or("#39424e", |mark| mark.line) },
            stroke: if drawing.is_current(id) {
                "4"
            } else if is_reached {
                "2.5"
            } else {
                "1.3"
            },
            inner: state.is_ended().then_some(inner),
            text: [px(x), px(y + 4.5)],
            from_all,
        }
    }

    /// What the signs of this picture mean, and how wide that is.
    fn legend(&self) -> (Vec<Key>, f64) {
        let drawing = self.drawing;
        let mut words = vec!["( ) a row starts here".to_owned()];
        let is_shown = |mark: &&&Mark| {
            let mut states = drawing.machine.states.iter();
            states.any(|state| super::mark(state).is_some_and(|other| other.class == mark.class))
        };
        words.extend(MARKS.iter().filter(is_shown).map(|mark| match mark.class {
            "neutral" => format!("{} ended", mark.sign),
            class => format!("{} ended: {class}", mark.sign),
        }));
        if self.edges.iter().any(|edge| edge.is_skip) {
            words.push("- - skips what is optional".to_owned());
        }
        if !drawing.traffic.is_empty() {
            words.push("wide: taken often".to_owned());
        }
        if self.edges.iter().any(|edge| !edge.is_legal) {
            words.push("red: not legal".to_owned());
        }
        if !drawing.history.is_empty() {
            words.push("bold: reached".to_owned());
        }
        let layers = self.bands.layer.iter().max().map_or(0, |last| last + 1);
        let y = self.y(layers) - LAYER / 2.0 + LEGEND / 2.0 + 4.0;
        let mut x = MARGIN;
        let key = |text: String| {
            let key = Key { x: px(x), y: px(y), text };
            x += text_width(&key.text) * 0.9 + 22.0;
            key
        };
        let keys = words.into_iter().map(key).collect();
        (keys, x)
    }
}
