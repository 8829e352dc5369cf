//! What the stepper shows of each phase, in every run, held against what became of its work: a phase
//! at a time, by the scenes of runs and what the stepper remembers of that phase.

use std::cmp::Ordering;
use std::hash::{Hash, Hasher};

use phasegate::View;

use super::scenes::{News, Scenes};
use super::{Claim, LIMITS, Mode, Runs, Searched, Way, failed_jobs};
use crate::machine::PhaseId;
use crate::machine::stepper::{PhaseMemory, Row, Stepper};
use crate::runs::{Alike, Path, Workflow};
use crate::search::{End, Explored, Known, Model, explore};

/// A scene, and what is remembered of a phase.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Seen {
    scene: u32,
    memory: PhaseMemory,
    /// Where the phase stands that the row ended in, from this one, if that is told.
    ending: Option<Ordering>,
    /// Whether the phase was shown as done when the run was started again.
    was_done: bool,
}

impl Hash for Seen {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        let PhaseMemory { reported, completed, later, .. } = self.memory;
        let bits = [reported, completed, later, self.was_done].into_iter();
        let ending = match self.ending {
            None => 0,
            Some(Ordering::Less) => 1,
            Some(Ordering::Equal) => 2,
            Some(Ordering::Greater) => 3,
        };
        let bits = bits.fold(ending, |bits, bit| bits << 1 | u64::from(bit));
        hasher.write_u64(u64::from(self.scene) << 8 | bits);
    }
}

/// What breaks a claim, the shortest run of each.
type Lie = (Claim, u32, End<u32>, String);

/// The model: one phase in every run.
struct Watched<'s, 'w, 'm, 'a> {
    scenes: &'s Scenes<'w, 'm, 'a>,
    stepper: &'a Stepper<'m>,
    workflow: &'w Workflow<'m>,
    phase: PhaseId,
    ways: bool,
    lies: Vec<Lie>,
    found: Vec<(End<u32>, Way)>,
}

impl Watched<'_, '_, '_, '_> {
    fn row(&self, seen: &Seen) -> Row {
        // Where a later phase was reported, the last phase is a later one; which, does not matter.
        let last = match (seen.memory.later, seen.memory.reported) {
            (true, _) => Some(PhaseId::new(self.phase.index() + 1)),
            (false, true) => Some(self.phase),
            (false, false) => None,
        };
        let current = self.scenes.run(seen.scene).row.state;
        Row { current, previous: None, last_phase: last }
    }

    fn view(&self, seen: &Seen) -> View {
        let beside = |from: Ordering| match from {
            Ordering::Less => PhaseId::new(self.phase.index() - 1),
            Ordering::Equal => self.phase,
            Ordering::Greater => PhaseId::new(self.phase.index() + 1),
        };
        self.stepper.view(self.phase, &self.row(seen), &seen.memory, seen.ending.map(beside))
    }

    fn has_passed(&self, seen: &Seen) -> bool {
        let jobs = &self.scenes.run(seen.scene).jobs;
        let mut work = self.workflow.work[self.phase.index()].iter();
        work.all(|&(job, piece)| piece < self.scenes.layout().job(jobs, job).done)
    }

    /// What is shown that is not so, if anything.
    fn lie(&self, seen: &Seen) -> Option<String> {
        let name = &self.workflow.machine.phase(self.phase).name;
        match self.view(seen) {
            View::Done if !seen.was_done && !self.has_passed(seen) => {
                Some(format!("`{name}` is shown as done, and its work is not"))
            }
            View::Failed | View::Cancelled if self.has_passed(seen) => {
                Some(format!("`{name}` is shown as failed, and its work passed"))
            }
            View::Done
            | View::Failed
            | View::Cancelled
            | View::Skipped
            | View::Active
            | View::Unconfirmed
            | View::Upcoming => None,
        }
    }
}

impl Model for Watched<'_, '_, '_, '_> {
    type State = Seen;
    type Step = u32;

    fn starts(&self) -> Vec<Seen> {
        let seen = |scene| {
            let state = self.scenes.run(scene).row.state;
            let memory = self.stepper.phase_start(self.phase, state);
            Seen { scene, memory, ending: None, was_done: false }
        };
        self.scenes.starts().map(seen).collect()
    }

    fn steps(&self, now: &Seen, steps: &mut Vec<(u32, Seen)>) {
        for (number, news, to) in self.scenes.steps(now.scene) {
            let mut next = Seen { scene: to, ..*now };
            match news {
                News::None => {}
                News::State(state, ending) => {
                    let row = self.row(now);
                    next.memory = self.stepper.phase_told(self.phase, &now.memory, &row, state);
                    next.ending = ending.map(|ending| ending.cmp(&self.phase));
                }
                News::Again => next.was_done |= self.view(now) == View::Done,
            }
            steps.push((number, next));
        }
    }

    fn rank(&self, seen: &Seen) -> usize {
        self.scenes.rank(seen.scene)
    }

    fn look(&mut self, known: &Known<Self>, at: usize) {
        let seen = known.state(at);
        let Some(why) = self.lie(seen) else { return };
        let run = self.scenes.run(seen.scene);
        let claim = if run.row.again { Claim::Again } else { Claim::Views };
        if self.ways {
            let way = Way {
                row: run.row.state,
                about: self.workflow.machine.phase(self.phase).name.clone(),
                jobs: failed_jobs(self.scenes.layout(), &run.jobs),
                why: why.clone(),
                path: Path::default(),
            };
            if !self.found.iter().any(|(_, known)| known.is_part_of(&way)) {
                self.found.push((End::state(at), way));
            }
        }
        let steps = known.steps(at);
        match self.lies.iter_mut().find(|lie| lie.0 == claim) {
            Some(lie) if steps < lie.1 => *lie = (claim, steps, End::state(at), why),
            Some(_) => {}
            None => self.lies.push((claim, steps, End::state(at), why)),
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
        let scenes = Scenes::of(workflow, &stepper, &phases[0].1, mode);
        to.searched.add(scenes.searched());
        for (phase, _) in phases {
            let watched = Watched {
                scenes: &scenes,
                stepper: &stepper,
                workflow,
                phase: *phase,
                ways: mode.ways,
                lies: Vec::new(),
                found: Vec::new(),
            };
            let Explored { model, known, taken_up, exhausted, .. } = explore(watched, LIMITS);
            to.searched.exhausted &= exhausted;
            to.views += taken_up as u64;
            let path = |end| {
                let (first, steps) = known.path(end);
                scenes.path(known.state(first).scene, steps.into_iter().map(|(step, _)| step))
            };
            for (claim, steps, end, why) in &model.lies {
                let rank = model.rank(known.state(end.at));
                to.breaks(*claim, why, (*steps, rank), || path(*end));
            }
            for (end, way) in &model.found {
                let way = Way { path: path(*end), ..way.clone() };
                to.ways.entry(Claim::Views).or_default().push(way);
            }
        }
    }
}
