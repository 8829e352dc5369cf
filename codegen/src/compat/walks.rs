//! Rows that the application moves, by its backend's table: where there is a workflow it takes the
//! steps that no run takes, and reports of the workflow come in between. Every state that a row comes
//! to in a mix, with the mix switched at any moment.

use std::collections::{BTreeSet, VecDeque};

use super::exploration::{Class, Degradation, Exploration, Place, Refusal, Witness, class_of};
use super::facts::{Cause, Fact};
use super::layers::{Meaning, ReportResult, Value, Why, World};
use super::mix::{Mix, Receiver};
use super::moves::Moves;
use super::road::{Road, Spot};
use super::words::{disagree, named, said, started, starts, switched, takes};
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
    /// The workflow that reports alongside, and who moves rows by each version.
    beside: Option<(usize, &'w [Moves])>,
    starts: Vec<At>,
    found: Exploration,
}

/// Every state of rows on this road, on which they may get on at any moment.
pub(super) fn search(
    world: &World<'_>,
    road: &Road,
    beside: Option<(usize, &[Moves])>,
) -> Exploration {
    let mut found = Exploration { exhausted: true, ..Exploration::default() };
    let starts = started(world, road, &mut found);
    let starts = starts.into_iter().map(|start| (road.start(), start)).collect();
    let explored = explore(Walks { world, road, beside, starts, found }, ALL);
    let Explored { mut model, known, .. } = explored;
    model.found.tried.situations = known.len() as u64;
    model.stuck(&known);
    if !model.found.refusals.is_empty() {
        let behind = model.refusals_behind();
        model.found.refusals.extend(behind);
    }
    model.found
}

impl Walks<'_, '_> {
    /// What the application can set out to write from a state: what its backend's table lets follow
    /// and no run reports; where that lacks the state, what the database would let follow.
    fn wanted(&self, receiver: Receiver, from: Value) -> Vec<Value> {
        let world = self.world;
        let is_own = |to: &Value| {
            self.beside.is_none_or(|(_, moves)| moves[receiver.backend].own.contains(&(from, *to)))
        };
        let of = |version: usize, state| {
            let machine = world.machines[version];
            machine.next(state).map(move |to| world.value(version, to))
        };
        match (world.state(receiver.backend, from), world.state(receiver.database, from)) {
            (Some(state), _) => of(receiver.backend, state).filter(is_own).collect(),
            (None, Some(state)) => of(receiver.database, state)
                .filter(|&to| world.state(receiver.backend, to).is_some())
                .collect(),
            (None, None) => Vec::new(),
        }
    }

    /// What reports of the workflow alongside make of a row.
    fn reports(&self, receiver: Receiver, from: Value) -> impl Iterator<Item = Value> + use<'_> {
        let beside = self.beside.into_iter();
        let all = beside.flat_map(|(workflow, moves)| {
            moves[workflow].reported.iter().map(move |&to| (workflow, to))
        });
        all.filter(move |&(workflow, to)| {
            self.world.receive(workflow, receiver, from, to) == ReportResult::Applied
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

    /// What the application sets out to write is refused.
    fn refused(
        &mut self,
        known: &Known<Self>,
        at: usize,
        to: Value,
        answer: ReportResult,
        class: Class,
    ) {
        let (spot, from) = *known.state(at);
        let (world, receiver) = (self.world, self.road.receiver(spot));
        let step = [from, to].map(|value| named(world, receiver.backend, value)).join(" -> ");
        let refused = (class == Class::DatabaseRefuses).then_some(step.as_str());
        let mut path = self.path(known, at);
        path.push(format!(
            "the application: {}",
            said(world, receiver.backend, receiver, from, to, answer)
        ));
        let cause = Cause::report(from, to, answer, receiver);
        self.found.rests_on.extend(cause.facts.first().cloned());
        self.found.refusals.insert((class, cause.facts.clone()));
        self.breaks((spot.place, None, class), disagree(world, receiver, refused), path, cause);
    }

    fn looks(&mut self, known: &Known<Self>, at: usize) {
        let (spot, value) = *known.state(at);
        let world = self.world;
        let receiver = self.road.receiver(spot);
        self.found.tried.views += world.machines.len() as u64;
        // Who moved the row knows what it is.
        let means = self.means(receiver, value);
        for page in 0..world.machines.len() {
            let Some(shows) = world.meaning(page, value) else {
                if spot.place == 0 {
                    let degradations = self.found.degradations.entry(Some(page)).or_default();
                    degradations.insert(Degradation::Unknown { value });
                }
                continue;
            };
            if let Some(means) = means.filter(|means| *means != shows) {
                let summary = takes(world, page, named(world, page, value), [shows, means]);
                let (path, cause) = (self.path(known, at), Cause::meaning(value));
                self.found.rests_on.insert(Fact::Means(value));
                self.breaks((spot.place, Some(page), Class::PageFalse), summary, path, cause);
            }
        }
    }

    /// A row that no backend of a mix can bring to an end, though one version by itself could.
    fn stuck(&mut self, known: &Known<Self>) {
        let reached = (0..known.len()).map(|at| (*known.state(at), at));
        let mut reached: Vec<(At, usize)> = reached.filter(|(at, _)| self.is_own(at.1)).collect();
        reached.sort_unstable();
        let world = self.world;
        let versions = || 0..world.machines.len();
        let alone: Vec<BTreeSet<Value>> =
            versions().map(|version| self.ending(Mix::all(version).receiver())).collect();
        // Who meets a backend that is being replaced may meet the one that follows it next.
        for place in 0..self.road.receivers.len() {
            let spot = Spot { place, back: false };
            let receiver = self.road.receiver(spot);
            // What one version does from its own start on comes of no mix.
            if place == 0 && receiver.backend == receiver.database {
                continue;
            }
            let ending = self.ending(receiver);
            for &((_, value), at) in reached.iter().filter(|(at, _)| at.0 == spot) {
                // What one version calls an end needs no one to bring it to one.
                let is_end = versions()
                    .any(|version| world.meaning(version, value).is_some_and(|means| means.ended));
                let could_end = alone.iter().any(|alone| alone.contains(&value));
                if is_end || ending.contains(&value) || !could_end {
                    continue;
                }
                let summary = format!(
                    "a row in {} can't be brought to an end by the {} backend",
                    named(world, receiver.database, value),
                    world.labels[receiver.backend]
                );
                let (path, cause) = (self.path(known, at), self.why_stuck(receiver, value));
                self.breaks((place, None, Class::LeftOpen), summary, path, cause);
            }
        }
    }

    /// What a backend and its database take a value for.
    fn means(&self, receiver: Receiver, value: Value) -> Option<Meaning> {
        let backend = self.world.meaning(receiver.backend, value);
        backend.or_else(|| self.world.meaning(receiver.database, value))
    }

    /// The steps that a backend's application and the runs alongside it take from a value, as they want.
    fn all_wanted(&self, receiver: Receiver, from: Value) -> Vec<Value> {
        let mut wanted = self.wanted(receiver, from);
        wanted.extend(self.reports(receiver, from));
        wanted
    }

    /// The values from which a backend and its database bring rows to an end.
    fn ending(&self, receiver: Receiver) -> BTreeSet<Value> {
        let world = self.world;
        let mut before = vec![Vec::new(); world.values().count()];
        for from in world.values() {
            let wanted = self.wanted(receiver, from).into_iter();
            let taken =
                wanted.filter(|&to| world.judge(receiver, from, to) == ReportResult::Applied);
            for to in taken.chain(self.reports(receiver, from)) {
                before[to.index()].push(from);
            }
        }
        let is_end = |&value: &Value| self.means(receiver, value).is_some_and(|means| means.ended);
        closure(world.values().filter(is_end), |value| before[value.index()].iter().copied())
    }

    /// What else would be refused if each step that is refused were taken: what one change keeps rows
    /// from meets them once that change is accepted.
    fn refusals_behind(&self) -> BTreeSet<Refusal> {
        let world = self.world;
        let mut refusals = BTreeSet::new();
        let mut seen: BTreeSet<At> = self.starts.iter().copied().collect();
        let mut waiting: VecDeque<At> = seen.iter().copied().collect();
        while let Some((spot, from)) = waiting.pop_front() {
            let receiver = self.road.receiver(spot);
            let mut next: Vec<At> = self.reports(receiver, from).map(|to| (spot, to)).collect();
            for to in self.wanted(receiver, from) {
                let answer = world.judge(receiver, from, to);
                // Of a state that the database lacks, only the state that is next is a reason of its own.
                let is_known = world.state(receiver.database, from).is_some();
                let is_next = matches!(answer, ReportResult::Refused(_, Why::Unknown));
                if let Some(class) = class_of(answer).filter(|_| is_known || is_next) {
                    refusals.insert((class, Cause::report(from, to, answer, receiver).facts));
                }
                next.push((spot, to));
            }
            next.extend(self.road.next(world, spot).map(|spot| (spot, from)));
            waiting.extend(next.into_iter().filter(|at| seen.insert(*at)));
        }
        refusals
    }

    /// The first step that another version would have taken from here, and this mix does not: for it is
    /// refused, or for no one takes it; else the first end that is none to this mix.
    fn why_stuck(&self, receiver: Receiver, from: Value) -> Cause {
        let world = self.world;
        let mut seen = BTreeSet::from([from]);
        let mut waiting = VecDeque::from([from]);
        let (mut untaken, mut no_end) = (None, None);
        while let Some(at) = waiting.pop_front() {
            let taken = self.all_wanted(receiver, at);
            for version in 0..world.machines.len() {
                let alone = Mix::all(version).receiver();
                let is_end = |of| self.means(of, at).is_some_and(|means| means.ended);
                if is_end(alone) && !is_end(receiver) {
                    no_end.get_or_insert_with(|| Cause::meaning(at));
                }
                for to in self.all_wanted(alone, at) {
                    let answer = world.judge(receiver, at, to);
                    if !answer.is_accepted() {
                        return Cause::report(at, to, answer, receiver);
                    }
                    if !taken.contains(&to) {
                        untaken.get_or_insert_with(|| Cause::nobody(at, to));
                    }
                    if seen.insert(to) {
                        waiting.push_back(to);
                    }
                }
            }
        }
        untaken.or(no_end).unwrap_or_else(|| Cause::meaning(from))
    }

    fn path(&self, known: &Known<Self>, at: usize) -> Vec<String> {
        let world = self.world;
        let name = |(spot, value): At| named(world, self.road.receiver(spot).backend, value);
        let (first, steps) = known.path(search::PathEnd::state(at));
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
        self.found.bad.entry(place).or_insert_with(|| Witness::new(summary, path, cause));
    }
}

impl Model for Walks<'_, '_> {
    type Node = At;
    type Step = Way;

    fn starts(&self) -> Vec<At> {
        self.starts.clone()
    }

    fn steps(&self, &(spot, from): &At, steps: &mut Vec<(Way, At)>) {
        let receiver = self.road.receiver(spot);
        let wanted = self.wanted(receiver, from).into_iter();
        let taken =
            wanted.filter(|&to| self.world.judge(receiver, from, to) == ReportResult::Applied);
        steps.extend(taken.map(|to| (Way::Step, (spot, to))));
        steps.extend(self.reports(receiver, from).map(|to| (Way::Report, (spot, to))));
        let switches = self.road.next(self.world, spot);
        steps.extend(switches.map(|to| (Way::Switch, (to, from))));
    }

    fn look(&mut self, known: &Known<Self>, at: usize) {
        let (spot, from) = *known.state(at);
        let receiver = self.road.receiver(spot);
        let judged_by_table = self.world.state(receiver.backend, from).is_some();
        for to in self.wanted(receiver, from) {
            let answer = self.world.judge(receiver, from, to);
            if let ReportResult::Refused(..) = answer {
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
