//! What each version's page shows of a run, held against the work that is done.

use super::found::{Class, Lesser};
use super::layers::World;
use super::runs::{Search, shadow_at, shadow_of, spot};
use crate::explore::{Explorer as _, Plan, Situation, Workflow, phase_of};
use crate::machine::{PhaseId, StateId};

/// A phase, by its place, and whether it is shown as done and not as failed.
type Falsely = Option<(usize, bool)>;

/// The work behind each phase of a page, for the jobs of the workflow.
pub(super) struct Page {
    version: usize,
    work: Vec<Vec<(usize, u16)>>,
}

impl Page {
    /// The page of a version, for the jobs of another's workflow.
    pub(super) fn of(
        world: &World<'_>,
        version: usize,
        workflow: &Workflow<'_>,
        page: usize,
    ) -> Self {
        Self { version: page, work: work(world, version, workflow, page) }
    }
}

fn work(
    world: &World<'_>,
    version: usize,
    workflow: &Workflow<'_>,
    page: usize,
) -> Vec<Vec<(usize, u16)>> {
    let (machine, own) = (world.machines[page], world.machines[version]);
    let mut work = vec![Vec::new(); machine.phases.len()];
    let known = |state: StateId| {
        let state = world.state(page, world.value(version, state))?;
        Some(machine.state(state))
    };
    // A piece of work is of the phase that the page takes it for, and of the one that the workflow
    // means: where the two differ, a phase is done when all of both is.
    let meant = |piece: u16, plan: &Plan| {
        let phase = phase_of(plan, piece, |state| Some(own.state(state)))?;
        let name = &own.phase(phase).name;
        machine.phases.iter().position(|phase| phase.name == *name)
    };
    for (job, plan) in workflow.plans.iter().enumerate() {
        for piece in 0..plan.pieces {
            let taken = phase_of(plan, piece, known).map(PhaseId::index);
            let meant = meant(piece, plan).filter(|meant| taken != Some(*meant));
            for phase in taken.into_iter().chain(meant) {
                work[phase].push((job, piece));
            }
        }
    }
    work
}

impl Search<'_, '_> {
    /// What a page of a version shows, held against the truth.
    pub(super) fn looks(&mut self, number: usize, now: &Situation, page: usize) {
        let at = spot(&now.words).place;
        let row = now.history();
        let value = self.rows.value(row);
        let world = self.world;
        if at == 0 && world.state(page, value).is_none() {
            self.found.lesser.entry(Some(page)).or_default().insert(Lesser::Unknown { value });
        }
        if at == 0 && page != self.version && !self.forgets(now) {
            self.otherwise(now, page);
        }
        let place = (at, Some(page), Class::PageFalse);
        self.found.tried.views += 1;
        if self.found.bad.contains_key(&place) {
            return;
        }
        let means = world.meaning(self.version, value);
        let shows = world.meaning(page, value);
        if let (Some(means), Some(shows)) = (means, shows)
            && means != shows
        {
            self.breaks(place, (number, None));
            return;
        }
        if self.forgets(now) {
            return;
        }
        match self.false_phases(now, page) {
            (Some(_), _) => self.breaks(place, (number, None)),
            (None, Some(_)) => self.breaks_too(place, (number, None)),
            (None, None) => {}
        }
    }

    /// Of a history that a page knows all of, the phases that it shows as skipped or as to come, while
    /// the workflow's own page shows that they are under way or done, or to come and not skipped.
    fn otherwise(&mut self, now: &Situation, page: usize) {
        let world = self.world;
        let (row, attempted) = (now.history(), now.attempted());
        if row != shadow_of(&now.words, self.workflow.plans.len()) {
            return;
        }
        let shown = self.rows.shown(world, page, row, attempted).clone();
        let own = self.rows.shown(world, self.version, row, attempted);
        if !shown.whole || (shown.skipped.is_empty() && shown.upcoming.is_empty()) {
            return;
        }
        let of_own = |phase: usize| {
            let name = &world.machines[page].phases[phase].name;
            world.machines[self.version].phases.iter().position(|other| other.name == *name)
        };
        let under_way = |phase: usize| own.active.contains(&phase) || own.done.contains(&phase);
        let skipped = shown.skipped.iter().filter(|&&phase| {
            of_own(phase)
                .is_some_and(|own_phase| under_way(own_phase) || own.upcoming.contains(&own_phase))
        });
        let upcoming = shown.upcoming.iter().filter(|&&phase| of_own(phase).is_some_and(under_way));
        let skipped = skipped.map(|&phase| (phase, true));
        let told: Vec<Lesser> = skipped
            .chain(upcoming.map(|&phase| (phase, false)))
            .map(|(phase, skipped)| Lesser::Otherwise {
                phase: world.machines[page].phases[phase].name.clone(),
                skipped,
            })
            .collect();
        if !told.is_empty() {
            self.found.lesser.entry(Some(page)).or_default().extend(told);
        }
    }

    /// The phase of which a page shows what is not so, and whether it shows it as done: one of which
    /// the workflow's own page shows the truth, and one of which that page says the same.
    pub(super) fn false_phases(&mut self, now: &Situation, page: usize) -> (Falsely, Falsely) {
        let found = self.false_at(now, page, now.history(), now.attempted());
        if found.is_empty() {
            return (None, None);
        }
        // What the workflow's own page shows of its own row is that version's affair.
        let word = now.words[shadow_at(self.workflow.plans.len())];
        let (row, attempted) = (word & 0xffff_ffff, word >> 32);
        let half = |word| u32::try_from(word).expect("half a word is half a word");
        let own = self.false_at(now, self.version, half(row), half(attempted));
        let name = |version: usize, phase: usize| &self.world.machines[version].phases[phase].name;
        let is_excused = |&&(phase, done): &&(usize, bool)| {
            own.iter().any(|&(one, as_done)| {
                as_done == done && name(self.version, one) == name(page, phase)
            })
        };
        let of_mix = found.iter().find(|one| !is_excused(one)).copied();
        (of_mix, found.iter().find(is_excused).copied())
    }

    fn false_at(
        &mut self,
        now: &Situation,
        page: usize,
        row: u32,
        attempted: u32,
    ) -> Vec<(usize, bool)> {
        let work = &self.pages[page].work;
        let passed =
            |phase: usize| work[phase].iter().all(|&(job, piece)| piece < now.job(job).done);
        let shown = self.rows.shown(self.world, self.pages[page].version, row, attempted);
        let done = shown.done.iter().filter(|&&phase| !passed(phase)).map(|&phase| (phase, true));
        let ended = shown.ended.iter().filter(|&&phase| !work[phase].is_empty() && passed(phase));
        done.chain(ended.map(|&phase| (phase, false))).collect()
    }

    pub(super) fn unconfirmed(&mut self, page: usize, row: u32) -> Vec<String> {
        let shown = self.rows.shown(self.world, page, row, 0);
        let name = |&phase: &usize| self.world.machines[page].phases[phase].name.clone();
        shown.unconfirmed.iter().map(name).collect()
    }
}
