//! What the stepper shows of each phase, in every run, held against what became of its work: a phase
//! at a time, by the scenes of runs and what the stepper remembers of that phase.

use phasegate::View;

use super::alone;
use super::scenes::{News, Scenes};
use super::table::AGAIN;
use super::watch::{Facts, Lie, Watch};
use super::{About, Claim, LIMITS, Mode, Runs, Searched, Way, failed_jobs};
use crate::machine::stepper::Stepper;
use crate::machine::{PhaseId, StateId};
use crate::runs::{Alike, Path, Workflow};
use crate::search::{Explored, Known, Limits, Model, PathEnd, explore};

/// A scene, and what is remembered of a phase.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
struct Seen {
    scene: u32,
    facts: Facts,
}

/// The most scenes up to which all runs are searched before a phase is tried by its own jobs.
const FEW: usize = 1 << 14;

/// What breaks a claim, the shortest run of each.
type Violation = (Claim, u32, PathEnd<u32>, String);

/// The model: one phase in every run.
struct Watched<'s, 'w, 'm, 'a> {
    scenes: &'s Scenes<'w, 'm, 'a>,
    workflow: &'w Workflow<'m>,
    watch: Watch<'a, 'm>,
    ways: bool,
    shortest: Vec<Violation>,
    found: Vec<(PathEnd<u32>, Way)>,
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
    type Node = Seen;
    type Step = u32;

    fn starts(&self) -> Vec<Seen> {
        let seen =
            |scene| Seen { scene, facts: self.watch.start(self.scenes.run(scene).row.state) };
        self.scenes.explored.starts().map(seen).collect()
    }

    fn steps(&self, now: &Seen, steps: &mut Vec<(u32, Seen)>) {
        for (number, (_, news), to) in self.scenes.explored.from(now.scene) {
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
        (self.scenes.explored.taken_up * 2).min(FEW)
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
                self.found.push((PathEnd::state(at), way));
            }
        }
        let steps = known.steps(at);
        match self.shortest.iter_mut().find(|found| found.0 == claim) {
            Some(found) if steps < found.1 => *found = (claim, steps, PathEnd::state(at), why),
            Some(_) => {}
            None => self.shortest.push((claim, steps, PathEnd::state(at), why)),
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
            if scenes.explored.exhausted {
                watch(workflow, &stepper, &scenes, &open, mode, to);
                continue;
            }
            open.retain(|&phase| {
                let proven = alone::search(workflow, Watch { stepper: &stepper, phase });
                if let Some(searched) = proven {
                    to.by_own_jobs += searched.states as u64;
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
    to.searched.add(Searched::of(&scenes.explored));
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
