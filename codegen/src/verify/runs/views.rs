//! What the stepper shows of each phase, in every run, held against what became of its work: a phase
//! at a time, by the scenes of runs and what the stepper remembers of that phase.

use std::cmp::Ordering;
use std::hash::{Hash, Hasher};

use phasegate::View;

use super::alone;
use super::scenes::{News, Scenes};
use super::table::AGAIN;
use super::{About, Claim, LIMITS, Mode, Runs, Searched, Way, failed_jobs};
use crate::machine::stepper::{PhaseMemory, Row, Stepper};
use crate::machine::{PhaseId, StateId};
use crate::runs::{Alike, Path, Workflow};
use crate::search::{End, Explored, Known, Limits, Model, explore};

/// What is remembered of a phase.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Facts {
    memory: PhaseMemory,
    /// Where the phase stands that the row ended in, from this one, if that is told.
    ending: Option<Ordering>,
    /// Whether the phase was shown as done when the run was started again.
    pub(super) was_done: bool,
}

impl Hash for Facts {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        let PhaseMemory { reported, completed, later, .. } = self.memory;
        let ending = match self.ending {
            None => 0,
            Some(Ordering::Less) => 1,
            Some(Ordering::Equal) => 2,
            Some(Ordering::Greater) => 3,
        };
        let bits = [reported, completed, later, self.was_done].into_iter();
        hasher.write_u8(bits.fold(ending, |bits, bit| bits << 1 | u8::from(bit)));
    }
}

/// The stepper, as it looks at one phase.
#[derive(Clone, Copy)]
pub(super) struct Watch<'a, 'm> {
    pub(super) stepper: &'a Stepper<'m>,
    pub(super) phase: PhaseId,
}

impl Watch<'_, '_> {
    /// A row has started.
    pub(super) fn start(&self, state: StateId) -> Facts {
        let memory = self.stepper.phase_start(self.phase, state);
        Facts { memory, ending: None, was_done: false }
    }

    /// The row went on to another state, and ended in a phase, where that is told.
    pub(super) fn then(
        &self,
        facts: &Facts,
        from: StateId,
        to: StateId,
        ending: Option<PhaseId>,
    ) -> Facts {
        let row = self.row(facts, from);
        let memory = self.stepper.phase_told(self.phase, &facts.memory, &row, to);
        Facts { memory, ending: ending.map(|ending| ending.cmp(&self.phase)), ..*facts }
    }

    pub(super) fn view(&self, facts: &Facts, current: StateId) -> View {
        let beside = |from: Ordering| match from {
            Ordering::Less => PhaseId::new(self.phase.index() - 1),
            Ordering::Equal => self.phase,
            Ordering::Greater => PhaseId::new(self.phase.index() + 1),
        };
        let row = self.row(facts, current);
        self.stepper.view(self.phase, &row, &facts.memory, facts.ending.map(beside))
    }

    /// Where a later phase was reported, the last phase is a later one; which, does not matter.
    fn row(&self, facts: &Facts, current: StateId) -> Row {
        let last_phase = match (facts.memory.later, facts.memory.reported) {
            (true, _) => Some(PhaseId::new(self.phase.index() + 1)),
            (false, true) => Some(self.phase),
            (false, false) => None,
        };
        Row { current, previous: None, last_phase }
    }
}

/// What is shown that is not so, given whether the work has passed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Lie {
    Done,
    Failed,
}

impl Lie {
    pub(super) fn of(view: View, was_done: bool, has_passed: bool) -> Option<Self> {
        match view {
            View::Done => (!was_done && !has_passed).then_some(Self::Done),
            View::Failed | View::Cancelled => has_passed.then_some(Self::Failed),
            View::Skipped | View::Active | View::Unconfirmed | View::Upcoming => None,
        }
    }
}

/// A scene, and what is remembered of a phase.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
struct Seen {
    scene: u32,
    facts: Facts,
}

/// The most scenes up to which all runs are searched before a phase is tried alone.
const FEW: usize = 1 << 17;

/// What breaks a claim, the shortest run of each.
type Found = (Claim, u32, End<u32>, String);

/// The model: one phase in every run.
struct Watched<'s, 'w, 'm, 'a> {
    scenes: &'s Scenes<'w, 'm, 'a>,
    workflow: &'w Workflow<'m>,
    watch: Watch<'a, 'm>,
    ways: bool,
    shortest: Vec<Found>,
    found: Vec<(End<u32>, Way)>,
}

impl Watched<'_, '_, '_, '_> {
    fn state(&self, seen: &Seen) -> StateId {
        self.scenes.run(seen.scene).row.state
    }

    /// What is shown that is not so, if anything.
    fn lie(&self, seen: &Seen) -> Option<String> {
        let phase = self.watch.phase;
        let jobs = &self.scenes.run(seen.scene).jobs;
        let mut work = self.workflow.work[phase.index()].iter();
        let passed = work.all(|&(job, piece)| piece < self.scenes.layout().job(jobs, job).done);
        let view = self.watch.view(&seen.facts, self.state(seen));
        let name = &self.workflow.machine.phase(phase).name;
        Some(match Lie::of(view, seen.facts.was_done, passed)? {
            Lie::Done => format!("`{name}` is shown as done, and its work is not"),
            Lie::Failed => format!("`{name}` is shown as failed, and its work passed"),
        })
    }
}

impl Model for Watched<'_, '_, '_, '_> {
    type State = Seen;
    type Step = u32;

    fn starts(&self) -> Vec<Seen> {
        let seen =
            |scene| Seen { scene, facts: self.watch.start(self.scenes.run(scene).row.state) };
        self.scenes.starts().map(seen).collect()
    }

    fn steps(&self, now: &Seen, steps: &mut Vec<(u32, Seen)>) {
        for (number, news, to) in self.scenes.steps(now.scene) {
            let mut next = Seen { scene: to, ..*now };
            match news {
                News::None => {}
                News::State(state, ending) => {
                    next.facts = self.watch.then(&now.facts, self.state(now), state, ending);
                }
                News::Again => {
                    let view = self.watch.view(&now.facts, self.state(now));
                    next.facts.was_done |= view == View::Done;
                }
            }
            steps.push((number, next));
        }
    }

    fn rank(&self, seen: &Seen) -> usize {
        self.scenes.rank(seen.scene)
    }

    /// In a scene a phase is most often remembered in one or two ways.
    fn expects(&self) -> usize {
        (self.scenes.searched().states * 2).min(FEW)
    }

    fn look(&mut self, known: &Known<Self>, at: usize) {
        let seen = known.state(at);
        let Some(why) = self.lie(seen) else { return };
        let run = self.scenes.run(seen.scene);
        let claim = if run.row.is(AGAIN) { Claim::Again } else { Claim::Views };
        if self.ways {
            let way = Way {
                row: run.row.state,
                about: self.workflow.machine.phase(self.watch.phase).name.clone(),
                jobs: failed_jobs(self.scenes.layout(), &run.jobs),
                why: why.clone(),
                path: Path::default(),
            };
            if !self.found.iter().any(|(_, known)| known.is_part_of(&way)) {
                self.found.push((End::state(at), way));
            }
        }
        let steps = known.steps(at);
        match self.shortest.iter_mut().find(|found| found.0 == claim) {
            Some(found) if steps < found.1 => *found = (claim, steps, End::state(at), why),
            Some(_) => {}
            None => self.shortest.push((claim, steps, End::state(at), why)),
        }
    }
}

/// Searches what is shown in the runs of a workflow.
pub(super) fn search(workflow: &Workflow<'_>, mode: Mode, to: &mut Runs) {
    let stepper = Stepper::of(workflow.machine);
    to.searched = Searched { exhausted: true, ..Searched::default() };
    let with_work = workflow.machine.phase_ids().filter(|id| !workflow.work[id.index()].is_empty());
    let alike = |phase| if mode.ways { Alike::default() } else { Alike::of(workflow, Some(phase)) };
    let phases: Vec<(PhaseId, Alike)> = with_work.map(|phase| (phase, alike(phase))).collect();
    // Phases to which the same jobs are alike have the same scenes.
    for phases in phases.chunk_by(|one, other| one.1 == other.1) {
        let mut open: Vec<PhaseId> = phases.iter().map(|(phase, _)| *phase).collect();
        let mut limits = mode.limits();
        if !mode.in_turn {
            // Where all runs are many, a phase whose own jobs are enough of a proof needs no more.
            limits.states = limits.states.min(FEW);
            let scenes = Scenes::of(workflow, &stepper, &phases[0].1, mode, limits);
            if scenes.searched().exhausted {
                watch(workflow, &stepper, &scenes, &open, mode, to);
                continue;
            }
            open.retain(|&phase| {
                let proven = alone::search(workflow, Watch { stepper: &stepper, phase });
                if let Some(searched) = proven {
                    to.views += searched.states as u64;
                    to.searched.add(searched);
                }
                proven.is_none()
            });
            limits = mode.limits();
        }
        if !open.is_empty() {
            let scenes = Scenes::of(workflow, &stepper, &phases[0].1, mode, limits);
            watch(workflow, &stepper, &scenes, &open, mode, to);
        }
    }
}

/// Watches some phases in the scenes of all runs.
fn watch<'w, 'm, 'a>(
    workflow: &'w Workflow<'m>,
    stepper: &'a Stepper<'m>,
    scenes: &Scenes<'w, 'm, 'a>,
    phases: &[PhaseId],
    mode: Mode,
    to: &mut Runs,
) {
    to.searched.add(scenes.searched());
    // A step from scene to scene is a look-up: there may be many.
    let limits = if mode.ways { mode.limits() } else { Limits { steps: 1 << 25, ..LIMITS } };
    for &phase in phases {
        let watched = Watched {
            scenes,
            workflow,
            watch: Watch { stepper, phase },
            ways: mode.ways,
            shortest: Vec::new(),
            found: Vec::new(),
        };
        let Explored { model, known, taken_up, exhausted, .. } = explore(watched, limits);
        to.searched.exhausted &= exhausted;
        to.views += taken_up as u64;
        let path = |end| {
            let (first, steps) = known.path(end);
            scenes.path(known.state(first).scene, steps.into_iter().map(|(step, _)| step))
        };
        for (claim, steps, end, why) in &model.shortest {
            let rank = model.rank(known.state(end.at));
            to.breaks(*claim, About::Phase(phase), why, (*steps, rank), || path(*end));
        }
        for (end, way) in &model.found {
            let way = Way { path: path(*end), ..way.clone() };
            to.ways.entry(Claim::Views).or_default().push(way);
        }
    }
}
