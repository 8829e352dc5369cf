//! Rows that the application moves, by its backend's table: where there is a workflow it takes the
//! steps that no run takes, and reports of the workflow come in between. Every state that a row comes
//! to in a mix, with the mix switched at any moment.

use std::collections::{BTreeSet, VecDeque};

use super::facts::Cause;
use super::found::{Class, Found, Lesser, Place, Witness, class_of};
use super::layers::{Answer, Value, World};
use super::mix::End;
use super::moves::Moves;
use super::road::{Road, Spot};
use super::words::{named, said, started, starts, switched};
use crate::runs::Path;
use crate::search::{self, Explored, Known, Limits, Model, closure, explore};

/// There are finitely many states on a road: nothing is left out.
const ALL: Limits = Limits { states: usize::MAX, steps: u64::MAX };

/// Where on its road a row is, and its state.
type At = (Spot, Value);

/// How a row gets on.
#[derive(Clone, Copy)]
enum Way {
    Step,
    Report,
    Switch,
}

/// The model.
struct Walks<'w, 'm> {
    world: &'w World<'m>,
    road: &'w Road,
    /// The workflow that reports beside, and who moves rows by each version.
    beside: Option<(usize, &'w [Moves])>,
    starts: Vec<At>,
    found: Found,
}

/// Every state of rows on this road, on which they may get on at any moment.
pub(super) fn search(world: &World<'_>, road: &Road, beside: Option<(usize, &[Moves])>) -> Found {
    let mut found = Found { exhausted: true, ..Found::default() };
    let starts = started(world, road, &mut found);
    let starts = starts.into_iter().map(|start| (road.start(), start)).collect();
    let explored = explore(Walks { world, road, beside, starts, found }, ALL);
    let Explored { mut model, known, .. } = explored;
    model.found.tried.situations = known.len() as u64;
    model.stuck(&known);
    model.found
}

impl Walks<'_, '_> {
    /// What the application can set out to write from a state: what its backend's table lets follow
    /// and no run reports; where that lacks the state, what the database would let follow.
    fn wanted(&self, end: End, from: Value) -> Vec<Value> {
        let world = self.world;
        let is_own = |to: &Value| {
            self.beside.is_none_or(|(_, moves)| moves[end.backend].own.contains(&(from, *to)))
        };
        let of = |version: usize, state| {
            let machine = world.machines[version];
            machine.next(state).map(move |to| world.value(version, to))
        };
        match (world.state(end.backend, from), world.state(end.database, from)) {
            (Some(state), _) => of(end.backend, state).filter(is_own).collect(),
            (None, Some(state)) => of(end.database, state)
                .filter(|&to| world.state(end.backend, to).is_some())
                .collect(),
            (None, None) => Vec::new(),
        }
    }

    /// What reports of the workflow beside make of a row.
    fn reports(&self, end: End, from: Value) -> impl Iterator<Item = Value> + use<'_> {
        let beside = self.beside.into_iter();
        let all = beside.flat_map(|(workflow, moves)| {
            moves[workflow].reported.iter().map(move |&to| (workflow, to))
        });
        all.filter(move |&(workflow, to)| {
            self.world.receive(workflow, end, from, to) == Answer::Applied
        })
        .map(|(_, to)| to)
    }

    /// Whether a row is in a state by the application's doing: what runs report and begin with is
    /// looked at with the runs.
    fn is_own(&self, value: Value) -> bool {
        self.beside.is_none_or(|(workflow, moves)| {
            !moves[workflow].reported.contains(&value)
                && !self.world.initial(workflow).contains(&value)
        })
    }

    fn refused(&mut self, known: &Known<Self>, at: usize, to: Value, answer: Answer, class: Class) {
        let (spot, from) = *known.state(at);
        let end = self.road.end(spot);
        let world = self.world;
        let label = |version: usize| &world.labels[version];
        let name = |value| named(world, end.backend, value);
        let summary = match class {
            Class::DatabaseRefuses => format!(
                "the {} database refuses {} -> {}, which the {} backend accepts",
                label(end.database),
                name(from),
                name(to),
                label(end.backend)
            ),
            Class::FailsJob
            | Class::LeftOpen
            | Class::EndsOtherwise
            | Class::BackendBreaks
            | Class::PageFalse
            | Class::Refuted => format!(
                "the {} backend can't go on from what the {} database holds",
                label(end.backend),
                label(end.database)
            ),
        };
        let mut path = self.path(known, at);
        path.push(format!("the application: {}", said(world, end.backend, end, from, to, answer)));
        let cause = Cause::report(from, to, answer, end);
        self.breaks((spot.place, None, class), summary, path, cause);
    }

    fn looks(&mut self, known: &Known<Self>, at: usize) {
        let (spot, value) = *known.state(at);
        let world = self.world;
        let end = self.road.end(spot);
        self.found.tried.views += u64::try_from(world.machines.len()).unwrap_or(u64::MAX);
        for page in 0..world.machines.len() {
            // Whoever moved the row knows what it is.
            let means =
                world.meaning(end.backend, value).or_else(|| world.meaning(end.database, value));
            let Some(shows) = world.meaning(page, value) else {
                if spot.place == 0 {
                    self.found
                        .lesser
                        .entry(Some(page))
                        .or_default()
                        .insert(Lesser::Unknown { value });
                }
                continue;
            };
            if let Some(means) = means.filter(|means| *means != shows) {
                let summary = format!(
                    "the {} page shows {} as {}, and it is {}",
                    world.labels[page],
                    named(world, page, value),
                    shows.as_str(),
                    means.as_str()
                );
                let path = self.path(known, at);
                let cause = Cause::meaning(value);
                self.breaks((spot.place, Some(page), Class::PageFalse), summary, path, cause);
            }
        }
    }

    /// A row that no backend of a mix can bring to an end, though one version alone could.
    fn stuck(&mut self, known: &Known<Self>) {
        let reached = (0..known.len()).map(|at| (*known.state(at), at));
        let mut reached: Vec<(At, usize)> = reached.filter(|(at, _)| self.is_own(at.1)).collect();
        reached.sort_unstable();
        let alone: Vec<BTreeSet<Value>> = (0..self.world.machines.len())
            .map(|version| self.ending(End { backend: version, database: version }))
            .collect();
        // Whoever meets a backend that is being replaced may meet the one that follows it next.
        for place in 0..self.road.ends.len() {
            let spot = Spot { place, back: false };
            let end = self.road.end(spot);
            let ending = self.ending(end);
            for &((_, value), at) in reached.iter().filter(|(at, _)| at.0 == spot) {
                // What one version calls an end needs nobody to bring it to one.
                let is_end = (0..self.world.machines.len()).any(|version| {
                    let state = self.world.state(version, value);
                    state.is_some_and(|of| self.world.machines[version].state(of).is_ended())
                });
                if is_end
                    || ending.contains(&value)
                    || !alone.iter().any(|alone| alone.contains(&value))
                {
                    continue;
                }
                let summary = format!(
                    "a row in {} can't be brought to an end by the {} backend",
                    named(self.world, end.database, value),
                    self.world.labels[end.backend]
                );
                let path = self.path(known, at);
                let cause = self.why_stuck(end, value);
                self.breaks((place, None, Class::LeftOpen), summary, path, cause);
            }
        }
    }

    /// The values from which a backend and its database bring rows to an end.
    fn ending(&self, end: End) -> BTreeSet<Value> {
        let world = self.world;
        let mut before = vec![Vec::new(); world.values().count()];
        for from in world.values() {
            for to in self.wanted(end, from) {
                if world.judge(end, from, to) == Answer::Applied {
                    before[to.index()].push(from);
                }
            }
            for to in self.reports(end, from) {
                before[to.index()].push(from);
            }
        }
        let is_end = |&value: &Value| {
            let means = world.meaning(end.backend, value);
            means.or_else(|| world.meaning(end.database, value)).is_some_and(|means| means.ended)
        };
        closure(world.values().filter(is_end), |value| before[value.index()].iter().copied())
    }

    /// The first step that another version would have taken from here, and this mix does not.
    fn why_stuck(&self, end: End, from: Value) -> Cause {
        let world = self.world;
        let mut seen = BTreeSet::from([from]);
        let mut waiting = VecDeque::from([from]);
        while let Some(at) = waiting.pop_front() {
            for version in 0..world.machines.len() {
                let alone = End { backend: version, database: version };
                let reported: Vec<Value> = self.reports(alone, at).collect();
                for to in self.wanted(alone, at).into_iter().chain(reported) {
                    let answer = world.judge(end, at, to);
                    if !answer.is_accepted() {
                        return Cause::report(at, to, answer, end);
                    }
                    if seen.insert(to) {
                        waiting.push_back(to);
                    }
                }
            }
        }
        Cause::meaning(from)
    }

    fn path(&self, known: &Known<Self>, at: usize) -> Vec<String> {
        let world = self.world;
        let name = |(spot, value): At| named(world, self.road.end(spot).backend, value);
        let (first, steps) = known.path(search::End::state(at));
        let mut before = *known.state(first);
        let mut lines = vec![starts(world, self.road, name(before))];
        for (way, to) in steps {
            let now = *known.state(to);
            lines.push(match way {
                Way::Step => format!("the application: {} -> {}", name(before), name(now)),
                Way::Report => format!("a run reports: {} -> {}", name(before), name(now)),
                Way::Switch => switched(world, self.road, before.0, now.0),
            });
            before = now;
        }
        lines
    }

    fn breaks(&mut self, place: Place, summary: String, path: Vec<String>, cause: Cause) {
        let witness =
            Witness { summary, path: Path(path, None), cause, tolerated: false, alone: false };
        self.found.bad.entry(place).or_insert(witness);
    }
}

impl Model for Walks<'_, '_> {
    type State = At;
    type Step = Way;

    fn starts(&self) -> Vec<At> {
        self.starts.clone()
    }

    fn steps(&self, &(spot, from): &At, steps: &mut Vec<(Way, At)>) {
        let end = self.road.end(spot);
        let wanted = self.wanted(end, from).into_iter();
        let taken = wanted.filter(|&to| self.world.judge(end, from, to) == Answer::Applied);
        steps.extend(taken.map(|to| (Way::Step, (spot, to))));
        steps.extend(self.reports(end, from).map(|to| (Way::Report, (spot, to))));
        let switches = self.road.next(self.world, spot);
        steps.extend(switches.map(|to| (Way::Switch, (to, from))));
    }

    fn look(&mut self, known: &Known<Self>, at: usize) {
        let (spot, from) = *known.state(at);
        let end = self.road.end(spot);
        let judged_by_table = self.world.state(end.backend, from).is_some();
        for to in self.wanted(end, from) {
            let answer = self.world.judge(end, from, to);
            if let Answer::Refused(..) = answer {
                self.found.tried.refused += 1;
                if let Some(class) = class_of(answer)
                    && (judged_by_table || class == Class::BackendBreaks)
                {
                    self.refused(known, at, to, answer, class);
                }
            }
        }
        if self.is_own(from) {
            self.looks(known, at);
        }
    }

    fn took(&mut self, _: &Known<Self>, edge: search::Edge<Way>) {
        match edge.step {
            Way::Step => self.found.tried.applied += 1,
            Way::Switch => self.found.tried.switches += 1,
            Way::Report => {}
        }
    }
}
