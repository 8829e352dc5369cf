//! Random tables: numbers that proptest and quickcheck both make and shrink, cooked into a table
//! that uses whatever the format has. Smaller numbers give plainer tables.

mod words;

use std::collections::BTreeSet;
use std::fmt::Write as _;

use proptest::collection::vec;
use proptest::prelude::*;
use words::{Words, quoted};

/// A state's texts, phase, flags and outcome.
type StateNumbers = (u8, u8, u8, u8);

/// All that a table and its sequences are made of: states, pairs, `"*"` rows, the shape of the
/// whole, the SQL target, jobs, and sequences.
pub(crate) type Numbers = (
    Vec<StateNumbers>,
    Vec<(u8, u8)>,
    Vec<(u8, u8)>,
    (u8, u8, u8, u8),
    (u8, u8, u8, u8),
    Vec<(u8, u8)>,
    Vec<Vec<u16>>,
);

/// Numbers for one table.
pub(crate) fn numbers() -> impl Strategy<Value = Numbers> {
    (
        vec(any::<StateNumbers>(), 1..8),
        vec(any::<(u8, u8)>(), 0..9),
        vec(any::<(u8, u8)>(), 0..3),
        any::<(u8, u8, u8, u8)>(),
        any::<(u8, u8, u8, u8)>(),
        vec(any::<(u8, u8)>(), 0..4),
        vec(vec(any::<u16>(), 0..14), 3..9),
    )
}

#[derive(Clone, Default)]
struct State {
    phase: Option<usize>,
    completes: bool,
    optional: bool,
    retired: bool,
    outcome: Option<&'static str>,
}

/// A table that is taking shape; states by their places.
struct Draft {
    states: Vec<State>,
    initial: Vec<usize>,
    named: BTreeSet<(usize, usize)>,
    /// Each with the states that it leaves out.
    stars: Vec<(usize, BTreeSet<usize>)>,
}

/// The table of some numbers. It is valid.
pub(crate) fn cook(numbers: &Numbers) -> String {
    let mut draft = Draft::new(numbers);
    draft.make_reachable();
    draft.settle_ends();
    draft.lead_to_ends();
    draft.settle_ends();
    draft.write(numbers)
}

impl Draft {
    fn new((states, pairs, stars, shape, ..): &Numbers) -> Self {
        let count = states.len().max(1);
        let phases = usize::from(shape.1 % 6);
        let starts = 1 + usize::from(shape.0 % 8 / 6) + usize::from(shape.0 % 16 / 15);
        // The default start need not be the first state.
        let first = usize::from(shape.0 / 16) % 3 % count;
        let initial: Vec<usize> = (0..starts.min(count.saturating_sub(1)).max(1))
            .map(|at| (first + count - at) % count)
            .collect();
        let mut states: Vec<State> = (0..count)
            .map(|at| {
                let (_, phase, flags, outcome) = states.get(at).copied().unwrap_or_default();
                let is_initial = initial.contains(&at);
                let phase = Some(usize::from(phase)).filter(|phase| phase % 4 > 0 && phases > 0);
                let retired = !is_initial && flags % 16 == 15;
                State {
                    phase: phase.map(|phase| phase / 4 % phases),
                    completes: phase.is_some() && flags / 16 % 3 == 2,
                    optional: !is_initial && flags % 2 == 1,
                    retired,
                    outcome: match outcome % 12 {
                        8 if !is_initial => Some("success"),
                        9 if !is_initial => Some("failure"),
                        10 if !is_initial => Some("cancelled"),
                        11 if !is_initial => Some("neutral"),
                        _ => None,
                    },
                }
            })
            .collect();
        // A start leads on to something.
        if initial.len() == 1
            && let Some(other) = (0..count).find(|at| !initial.contains(at))
        {
            states[other].retired = false;
        }
        let place = |number: u8| usize::from(number) % count;
        let mut draft = Self { states, initial, named: BTreeSet::new(), stars: Vec::new() };
        for &(from, to) in pairs {
            draft.add(place(from), place(to));
        }
        for &(to, except) in stars {
            let listed = draft.stars.iter().any(|&(other, _)| other == place(to));
            if !draft.states[place(to)].retired && !listed {
                let excepted = (0..count).filter(|at| except >> (at % 8) & 1 == 1 && except > 63);
                draft.stars.push((place(to), excepted.collect()));
            }
        }
        draft
    }

    fn add(&mut self, from: usize, to: usize) {
        // Retired states are entered by nothing.
        if !self.states[to].retired {
            self.named.insert((from, to));
        }
    }

    /// Every declared pair, `"*"` expanded.
    fn pairs(&self) -> BTreeSet<(usize, usize)> {
        let mut pairs = self.named.clone();
        for (to, except) in &self.stars {
            for (from, state) in self.states.iter().enumerate() {
                if from != *to && state.outcome.is_none() && !except.contains(&from) {
                    pairs.insert((from, *to));
                }
            }
        }
        pairs
    }

    fn is_terminal(&self, state: usize) -> bool {
        !self.pairs().iter().any(|&(from, to)| from == state && to != state)
    }

    /// The states that pairs lead to from some, or, against the arrows, come from.
    fn reach(&self, starts: impl IntoIterator<Item = usize>, backwards: bool) -> BTreeSet<usize> {
        let mut reached: BTreeSet<usize> = starts.into_iter().collect();
        let pairs = self.pairs();
        for _ in &self.states {
            for &(from, to) in &pairs {
                let (from, to) = if backwards { (to, from) } else { (from, to) };
                if reached.contains(&from) {
                    reached.insert(to);
                }
            }
        }
        reached
    }

    fn make_reachable(&mut self) {
        let retired = (0..self.states.len()).filter(|&at| self.states[at].retired);
        let starts: Vec<usize> = self.initial.iter().copied().chain(retired).collect();
        let mut last = self.initial[0];
        for at in 0..self.states.len() {
            if !self.reach(starts.iter().copied(), false).contains(&at) {
                self.add(last, at);
            }
            // Now and then from where this one leads to, so that chains grow.
            if self.states[at].outcome.is_none() && !self.states[at].retired {
                last = at;
            }
        }
        // A start leads on, where there is anything to lead to.
        for start in self.initial.clone() {
            let to = (0..self.states.len()).find(|&to| to != start && !self.states[to].retired);
            if let Some(to) = to
                && self.is_terminal(start)
            {
                self.add(start, to);
            }
        }
    }

    /// What nothing leads on from is not optional.
    fn settle_ends(&mut self) {
        for at in 0..self.states.len() {
            let is_end = self.states[at].outcome.is_some() || self.is_terminal(at);
            self.states[at].optional &= !is_end;
        }
    }

    fn lead_to_ends(&mut self) {
        let is_end = |&at: &usize| self.states[at].outcome.is_some() || self.is_terminal(at);
        let ends: Vec<usize> = (0..self.states.len()).filter(is_end).collect();
        let Some(&end) = ends.iter().find(|&&at| !self.states[at].retired) else { return };
        for at in 0..self.states.len() {
            if !self.reach(ends.iter().copied(), true).contains(&at) {
                self.add(at, end);
            }
        }
    }

    fn write(&self, numbers: &Numbers) -> String {
        let (raw, _, _, shape, sql, jobs, _) = numbers;
        let words = Words::new(raw.iter().map(|state| state.0), shape.3);
        let name = |at: usize| words.name(at);
        let list = |states: &[usize]| {
            let names: Vec<String> = states.iter().map(|&at| quoted(name(at))).collect();
            if names.len() == 1 { names[0].clone() } else { format!("[{}]", names.join(", ")) }
        };
        let mut out = format!("format = 1\n[machine]\nname = \"{}\"\n", words.machine());
        writeln!(out, "initial = {}", list(&self.initial)).unwrap();
        out += &words.about(200);
        for phase in 0..usize::from(shape.1 % 6) {
            write!(
                out,
                "[[phase]]\nname = \"{}\"\n{}",
                words.phase(phase),
                words.about(100 + phase)
            )
            .unwrap();
        }
        for (at, state) in self.states.iter().enumerate() {
            writeln!(out, "[[state]]\nname = \"{}\"", name(at)).unwrap();
            out += &words
                .value(at)
                .map(|value| format!("value = {}\n", quoted(&value)))
                .unwrap_or_default();
            if let Some(phase) = state.phase {
                writeln!(
                    out,
                    "phase = \"{}\"\ncompletes = {}",
                    words.phase(phase),
                    state.completes
                )
                .unwrap();
            }
            if let Some(outcome) = state.outcome {
                let reopens = !self.is_terminal(at);
                writeln!(out, "outcome = \"{outcome}\"\nreopens = {reopens}").unwrap();
            }
            for (key, set) in [("optional", state.optional), ("retired", state.retired)] {
                if set {
                    writeln!(out, "{key} = true").unwrap();
                }
            }
            if shape.3 % 9 == 8 && at == 0 {
                out += "renamed_from = \"an_older_name\"\n";
            }
            out += &words.about(at);
        }
        out += &self.transitions(shape.2, &list);
        for (to, except) in &self.stars {
            writeln!(out, "[[transition]]\nfrom = \"*\"\nto = {}", list(&[*to])).unwrap();
            if !except.is_empty() {
                let except: Vec<String> = except.iter().map(|&at| quoted(name(at))).collect();
                writeln!(out, "except = [{}]", except.join(", ")).unwrap();
            }
        }
        out += &self.jobs(jobs, &name);
        out + &words::sql(*sql)
    }

    /// The pairs that are listed by name, in one of the forms that a row can have.
    fn transitions(&self, style: u8, list: &dyn Fn(&[usize]) -> String) -> String {
        let mut out = String::new();
        let mut rest = self.named.clone();
        while let Some(&(from, to)) = rest.first() {
            let (mut froms, mut tos) = (vec![from], vec![to]);
            match style % 5 {
                0 => {}
                1 => tos = rest.iter().filter(|pair| pair.0 == from).map(|pair| pair.1).collect(),
                2 => froms = rest.iter().filter(|pair| pair.1 == to).map(|pair| pair.0).collect(),
                3 => {
                    tos = rest.iter().filter(|pair| pair.0 == from).map(|pair| pair.1).collect();
                    let all = |from: &usize| tos.iter().all(|&to| rest.contains(&(*from, to)));
                    froms = (0..self.states.len()).filter(all).collect();
                }
                _ => {
                    let mut path = vec![from, to];
                    rest.remove(&(from, to));
                    while let Some(&pair) = rest.iter().find(|pair| Some(&pair.0) == path.last()) {
                        rest.remove(&pair);
                        path.push(pair.1);
                    }
                    writeln!(out, "[[transition]]\npath = {}", list(&path)).unwrap();
                    continue;
                }
            }
            rest.retain(|(from, to)| !froms.contains(from) || !tos.contains(to));
            writeln!(out, "[[transition]]\nfrom = {}\nto = {}", list(&froms), list(&tos)).unwrap();
        }
        out
    }

    fn jobs<'n>(&self, jobs: &[(u8, u8)], name: &dyn Fn(usize) -> &'n str) -> String {
        let living: Vec<usize> =
            (0..self.states.len()).filter(|&at| !self.states[at].retired).collect();
        let state = |number: u8| name(living[usize::from(number) % living.len()]);
        let mut out = String::new();
        for (at, &(a, b)) in jobs.iter().enumerate() {
            writeln!(out, "[[job]]\nname = \"Job-{at}\"\nsuccess = \"{}\"", state(a)).unwrap();
            if b % 5 == 4 {
                writeln!(out, "cancelled = \"{}\"", state(b / 8)).unwrap();
            }
            if b % 3 > 0 {
                writeln!(out, "failure = \"{}\"", state(b)).unwrap();
            }
            if at > 0 && a % 2 == 1 {
                writeln!(out, "needs = [\"Job-{}\"]", usize::from(b) % at).unwrap();
            }
            if at > 0 && a % 2 == 1 && b % 2 == 1 {
                out += "always = true\n";
            } else if b % 2 == 0 && b > 0 {
                let (start, next) = (state(b / 2), state(b / 4));
                writeln!(out, "start = \"{start}\"\nmilestones = [{{ name = \"It's: ${{{{ x }}}}\", state = \"{next}\" }}]").unwrap();
            }
        }
        out
    }
}
