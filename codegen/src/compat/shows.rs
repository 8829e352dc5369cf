//! What each version's page shows of its phases in the runs on a road, held against the work that is
//! done: phase by phase, with what the page's stepper remembers of that phase.

use std::collections::BTreeMap;

use super::exploration::{Class, Degradation, Exploration, Untried, Witness};
use super::facts::Fact;
use super::layers::{ReportResult, Value, World};
use super::mixed::{LIMITS, Mixed};
use super::receives::{FAILED, LOST, Received, SAME};
use super::witness::{Trail, witness};
use crate::machine::stepper::{self, PhaseMemory, Stepper};
use crate::machine::{PhaseId, StateId, View};
use crate::runs::{Plan, Workflow, phase_of};
use crate::search::{Explored, Known, Model, PathEnd, concurrently, explore};

/// What a page's stepper remembers: of the row, of the phase, and what was attempted where the row
/// ended badly. Nothing before a state that its table has.
type Memory = Option<(stepper::Row, PhaseMemory, Option<StateId>)>;

/// A page, and one of its phases.
struct Eye<'a, 'm> {
    world: &'a World<'m>,
    version: usize,
    stepper: &'a Stepper<'m>,
    phase: PhaseId,
    /// The work behind the phase.
    work: Vec<(usize, u16)>,
}

impl Eye<'_, '_> {
    fn start(&self, value: Value) -> Memory {
        let state = self.world.state(self.version, value)?;
        Some((self.stepper.start(state), self.stepper.phase_start(self.phase, state), None))
    }

    /// The memory after one more state. What the page's table lacks is passed over.
    fn then(&self, memory: Memory, value: Value, attempted: Option<Value>) -> Memory {
        let Some((row, phase, _)) = memory else { return self.start(value) };
        let attempted = attempted.and_then(|value| self.world.state(self.version, value));
        let (mut row, phase) = match self.world.state(self.version, value) {
            Some(state) => {
                let next = self.stepper.phase_then(self.phase, &phase, &row, state);
                (self.stepper.then(&row, state), next)
            }
            None => (row, phase),
        };
        // Where a row ends badly it matters where it came from.
        let bad = self.world.machines[self.version].state(row.current).ends_badly();
        row.previous = row.previous.filter(|_| bad);
        Some((row, phase, attempted.filter(|_| bad)))
    }

    fn view(&self, memory: &Memory, attempted: bool) -> View {
        let Some((row, phase, reported)) = memory else { return View::Upcoming };
        let ending = self.stepper.ending(row, reported.filter(|_| attempted));
        self.stepper.view(self.phase, row, phase, ending)
    }

    /// Whether a view is not so: shown as done, or as failed.
    fn lies(&self, view: View, passed: impl Fn(&(usize, u16)) -> bool) -> Option<bool> {
        let passed = self.work.iter().all(passed);
        match view {
            View::Done => (!passed).then_some(true),
            View::Failed | View::Cancelled => (passed && !self.work.is_empty()).then_some(false),
            View::Upcoming | View::Active | View::Skipped | View::Unconfirmed => None,
        }
    }
}

/// Where a run is, and what both steppers remember.
#[derive(Clone, Eq, Hash, PartialEq)]
struct Seen {
    scene: u32,
    page: Memory,
    /// What the workflow's own page remembers of the second row.
    own: Memory,
    /// Whether the page knows every state of a row that went the way of the second one.
    whole: bool,
}

/// A phase of a page, watched through all runs.
struct Watched<'a, 'w, 'm> {
    scenes: &'a Explored<Mixed<'w, 'm>>,
    page: Eye<'a, 'm>,
    own: Option<Eye<'a, 'm>>,
    bad: BTreeMap<usize, (PathEnd<u32>, bool)>,
    alone: Option<(PathEnd<u32>, bool)>,
    unconfirmed: bool,
    /// Shown as skipped, or as to come, and it is otherwise to the workflow's own page.
    otherwise: [bool; 2],
}

impl Watched<'_, '_, '_> {
    /// What of an `attempted` can matter to any page: nothing unless the row ended badly.
    fn matters(&self, received: &Received) -> Option<Value> {
        let world = self.page.world;
        let bad = (0..world.machines.len()).any(|version| {
            let state = world.state(version, received.to);
            state.is_some_and(|state| world.machines[version].state(state).ends_badly())
        });
        received.attempted.filter(|_| bad)
    }

    fn seen(&self, scene: u32, page: Memory, own: Memory, whole: bool) -> Seen {
        let row = self.scenes.known.state(scene as usize).row;
        let known = self.page.world.state(self.page.version, row.value).is_some();
        Seen { scene, page, own, whole: whole && known && row.is(SAME) }
    }
}

impl Model for Watched<'_, '_, '_> {
    type Node = Seen;
    type Step = u32;

    fn starts(&self) -> Vec<Seen> {
        let start = |scene: u32| {
            let row = self.scenes.known.state(scene as usize).row;
            let own = self.own.as_ref().and_then(|own| own.start(row.shadow));
            self.seen(scene, self.page.start(row.value), own, true)
        };
        self.scenes.starts().map(start).collect()
    }

    fn steps(&self, now: &Seen, steps: &mut Vec<(u32, Seen)>) {
        for (number, (_, received), to) in self.scenes.from(now.scene) {
            let (mut page, mut own) = (now.page, now.own);
            if let Some(received) = received {
                let attempted = self.matters(&received);
                if received.answer == ReportResult::Applied {
                    page = self.page.then(page, received.to, attempted);
                }
                if received.expected == ReportResult::Applied {
                    own = self.own.as_ref().and_then(|eye| eye.then(own, received.to, attempted));
                }
            }
            steps.push((number, self.seen(to, page, own, now.whole)));
        }
    }

    fn look(&mut self, known: &Known<Self>, at: usize) {
        let seen = known.state(at);
        let scenes = self.scenes;
        let run = scenes.known.state(seen.scene as usize);
        let row = run.row;
        if row.is(FAILED) {
            return;
        }
        let place = row.spot().place;
        let view = self.page.view(&seen.page, true);
        let own = self.own.as_ref().map(|eye| (eye, eye.view(&seen.own, true)));
        if place == 0 && seen.whole && scenes.model.version() != self.page.version {
            let own = own.as_ref().map(|(_, view)| *view);
            let under_way = matches!(own, Some(View::Active | View::Done));
            self.otherwise[0] |=
                view == View::Skipped && (under_way || own == Some(View::Upcoming));
            self.otherwise[1] |= view == View::Upcoming && under_way;
        }
        let runs = &scenes.model.runs;
        if place == 0
            && !self.unconfirmed
            && !row.is(LOST)
            && runs.all_passed(&run.jobs)
            && self.page.view(&seen.page, false) == View::Unconfirmed
        {
            let eye = self.own.as_ref();
            let too = eye.is_some_and(|eye| eye.view(&seen.own, false) == View::Unconfirmed);
            self.unconfirmed |= !too;
        }
        // Where the page takes the row's state for something else that is reported, and enough.
        let means = |version| self.page.world.meaning(version, row.value);
        let (means, shows) = (means(scenes.model.version()), means(self.page.version));
        if means.is_some() && shows.is_some() && means != shows {
            return;
        }
        let passed = |&(job, piece): &(usize, u16)| piece < runs.layout.job(&run.jobs, job).done;
        let Some(done) = self.page.lies(view, passed) else { return };
        let excused = own.is_some_and(|(eye, view)| eye.lies(view, passed) == Some(done));
        let reported = (PathEnd::state(at), done);
        if !excused {
            self.bad.entry(place).or_insert(reported);
        } else if place == 0 {
            self.alone.get_or_insert(reported);
        }
    }
}

/// What a page shows of one of its phases in all runs.
struct Shown<'m> {
    page: usize,
    id: PhaseId,
    phase: &'m str,
    /// By place, the length of the shortest way to something false, and that.
    bad: Vec<(usize, u32, Witness)>,
    /// The same, where the workflow's own page shows it too.
    alone: Option<(u32, Witness)>,
    unconfirmed: bool,
    otherwise: [bool; 2],
    tried: usize,
    exhausted: bool,
}

/// Adds what pages show of their phases in these runs to what was found of them.
pub(super) fn search<'w, 'm: 'w>(scenes: &Explored<Mixed<'w, 'm>>, found: &mut Exploration) {
    found.exhausted &= scenes.exhausted;
    let (world, version) = (scenes.model.world(), scenes.model.version());
    let steppers: Vec<Stepper<'_>> =
        world.machines.iter().map(|machine| Stepper::of(machine)).collect();
    let phases = |page: usize| world.machines[page].phase_ids().map(move |phase| (page, phase));
    let watched: Vec<(usize, PhaseId)> = (0..world.machines.len()).flat_map(phases).collect();
    let mut alone: BTreeMap<usize, (u32, Witness)> = BTreeMap::new();
    for shown in concurrently(&watched, |&(page, phase)| watch(scenes, &steppers, page, phase)) {
        let (page, phase) = (shown.page, shown.phase);
        if !(shown.exhausted && scenes.exhausted) {
            let claim = Untried { workflow: version, shown: Some((page, shown.id)) };
            *found.untried.entry(claim).or_default() += shown.tried as u64;
        }
        found.exhausted &= shown.exhausted;
        found.tried.views += shown.tried as u64;
        if !shown.bad.is_empty() {
            found.rests_on.insert(Fact::Shows(phase.to_owned()));
        }
        for (place, length, witness) in shown.bad {
            let key = (place, Some(page), Class::PageFalse);
            if found.lengths.get(&key).is_none_or(|shortest| length < *shortest) {
                found.lengths.insert(key, length);
                found.bad.insert(key, witness);
            }
        }
        if let Some((length, witness)) = shown.alone
            && alone.get(&page).is_none_or(|(shortest, _)| length < *shortest)
        {
            alone.insert(page, (length, Witness { alone: true, ..witness }));
        }
        let degradations = found.degradations.entry(Some(page)).or_default();
        let phase = || phase.to_owned();
        degradations.extend(shown.unconfirmed.then(|| Degradation::Unconfirmed { phase: phase() }));
        let otherwise = [true, false].into_iter().zip(shown.otherwise).filter(|(_, is)| *is);
        degradations.extend(
            otherwise.map(|(skipped, _)| Degradation::Otherwise { phase: phase(), skipped }),
        );
    }
    // What a mix adds to that comes first.
    for (page, (length, witness)) in alone {
        let of_mix = found.lengths.get(&(0, Some(page), Class::PageFalse));
        if of_mix.is_none_or(|shortest| length < *shortest) {
            found.own.insert((Some(page), Class::PageFalse), witness);
        }
    }
}

/// Follows one phase of a page through all runs.
fn watch<'m>(
    scenes: &Explored<Mixed<'_, 'm>>,
    steppers: &[Stepper<'m>],
    page: usize,
    phase: PhaseId,
) -> Shown<'m> {
    let (model, workflow) = (&scenes.model, scenes.model.runs.workflow);
    let (world, version) = (model.world(), model.version());
    let eye = |page: usize, phase: PhaseId| Eye {
        world,
        version: page,
        stepper: &steppers[page],
        phase,
        work: work(world, version, workflow, page, phase),
    };
    let name = &world.machines[page].phase(phase).name;
    let mut own = world.machines[version].phase_ids();
    let own = own.find(|id| world.machines[version].phase(*id).name == *name);
    let watched = Watched {
        scenes,
        page: eye(page, phase),
        own: own.map(|phase| eye(version, phase)),
        bad: BTreeMap::new(),
        alone: None,
        unconfirmed: false,
        otherwise: [false; 2],
    };
    let Explored { model: watched, known, taken_up, exhausted, .. } = explore(watched, LIMITS);
    let reported = |place, end: PathEnd<u32>, done| {
        let (first, steps) = known.path(end);
        let first = known.state(first).scene as usize;
        let steps = steps.into_iter().map(|(step, _)| scenes.graph.step(step));
        let steps = steps.map(|(taken, to)| (taken, to as usize));
        let trail = Trail::through(&scenes.known, first, steps);
        let place = (place, Some(page), Class::PageFalse);
        witness(&model.runs, place, &trail, Some((name, done)))
    };
    let bad = watched.bad.iter();
    Shown {
        page,
        id: phase,
        phase: name,
        bad: bad
            .map(|(&place, &(end, done))| (place, known.length(end), reported(place, end, done)))
            .collect(),
        alone: watched.alone.map(|(end, done)| (known.length(end), reported(0, end, done))),
        unconfirmed: watched.unconfirmed,
        otherwise: watched.otherwise,
        tried: taken_up,
        exhausted,
    }
}

/// The work behind a phase of a page, for the jobs of a version's workflow. A piece of work is of the
/// phase that the page takes it for, and of the one that the workflow means: where the two differ, a
/// phase is done when all of both is.
fn work(
    world: &World<'_>,
    version: usize,
    workflow: &Workflow<'_>,
    page: usize,
    phase: PhaseId,
) -> Vec<(usize, u16)> {
    let (machine, own) = (world.machines[page], world.machines[version]);
    let known = |state: StateId| {
        let state = world.state(page, world.value(version, state))?;
        Some(machine.state(state))
    };
    let is_meant = |plan: &Plan, piece: u16| {
        let meant = phase_of(plan, piece, |state| Some(own.state(state)));
        meant.is_some_and(|meant| own.phase(meant).name == machine.phase(phase).name)
    };
    let mut work = Vec::new();
    for (job, plan) in workflow.plans.iter().enumerate() {
        let of = (0..plan.pieces)
            .filter(|&piece| phase_of(plan, piece, known) == Some(phase) || is_meant(plan, piece));
        work.extend(of.map(|piece| (job, piece)));
    }
    work
}
