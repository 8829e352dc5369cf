//! Two versions side by side: which state, job and row of one is which of the other.

use std::ops::Range;

use super::Side;
use crate::compat::layers::{Value, World};
use crate::compat::source::Version;
use crate::machine::{JobId, Machine, StateId};
use crate::table::{Placed, StateRow, Text, TransitionRow};
use crate::verify::Refuted;

/// An older and a newer version: the first and the second of a world.
pub(crate) struct Pair<'v> {
    pub(crate) old: &'v Version,
    pub(crate) new: &'v Version,
    pub(crate) world: &'v World<'v>,
    /// For each older state the newer one that it has become.
    pub(crate) states: Vec<Option<StateId>>,
    /// For each older job the newer one that it has become.
    pub(crate) jobs: Vec<Option<JobId>>,
    /// What is refuted of each by itself.
    pub(crate) refuted: Vec<Vec<Refuted>>,
}

impl<'v> Pair<'v> {
    pub(crate) fn of(
        world: &'v World<'v>,
        [old, new]: [&'v Version; 2],
        refuted: Vec<Vec<Refuted>>,
    ) -> Self {
        Self {
            refuted,
            old,
            new,
            world,
            states: states(&old.machine, &new.machine),
            jobs: jobs(&old.machine, &new.machine),
        }
    }

    pub(super) fn version(&self, side: Side) -> &'v Version {
        side.of(self.old, self.new)
    }

    pub(crate) fn machine(&self, side: Side) -> &'v Machine {
        &self.version(side).machine
    }

    /// The states that both have, as each has them.
    pub(crate) fn kept(&self) -> impl Iterator<Item = (StateId, StateId)> + '_ {
        self.states.iter().enumerate().filter_map(|(old, new)| Some((StateId::new(old), (*new)?)))
    }

    /// The jobs that both have.
    pub(crate) fn kept_jobs(&self) -> impl Iterator<Item = (JobId, JobId)> + '_ {
        self.jobs.iter().enumerate().filter_map(|(old, new)| Some((JobId::new(old), (*new)?)))
    }

    /// What the value of a version's state is to the world.
    pub(crate) fn value(&self, side: Side, state: StateId) -> Value {
        self.world.value(side as usize, state)
    }

    fn state_row(&self, side: Side, state: StateId) -> &'v Placed<StateRow> {
        &self.version(side).table.state[state.index()]
    }

    /// Where a state's name stands.
    pub(crate) fn state_at(&self, side: Side, state: StateId) -> Range<usize> {
        self.state_row(side, state).name.span()
    }

    /// Where an attribute of a state stands, or else its name.
    pub(crate) fn attribute_at(
        &self,
        side: Side,
        state: StateId,
        of: impl Fn(&StateRow) -> Option<Range<usize>>,
    ) -> Range<usize> {
        of(self.state_row(side, state)).unwrap_or_else(|| self.state_at(side, state))
    }

    /// Where a job's name stands.
    pub(crate) fn job_at(&self, side: Side, job: JobId) -> Range<usize> {
        self.version(side).table.job[job.index()].name.span()
    }

    /// Where a phase's name stands.
    pub(crate) fn phase_at(&self, side: Side, phase: usize) -> Range<usize> {
        self.version(side).table.phase[phase].name.span()
    }

    /// Where the row stands that gives a step, or else the name of the state that it leads from.
    pub(crate) fn transition_at(&self, side: Side, from: StateId, to: StateId) -> Range<usize> {
        let machine = self.machine(side);
        let (source, target) = (&machine.state(from).name, &machine.state(to).name);
        let open = [from, to].map(|id| machine.state(id).outcome.is_none());
        let rows = self.version(side).table.transition.iter();
        rows.into_iter()
            .find_map(|row| gives(row, source, target, open))
            .unwrap_or_else(|| self.state_at(side, from))
    }

    /// Where a section of a target stands, or else the machine's name.
    pub(crate) fn target_at<T>(
        &self,
        side: Side,
        section: impl Fn(&'v Version) -> Option<&'v Placed<T>>,
    ) -> Range<usize>
    where
        T: 'v,
    {
        let version = self.version(side);
        match section(version) {
            Some(row) => row.span.clone(),
            None => version.table.machine.name.span(),
        }
    }
}

/// Where a row gives a step, if it does; `open` says of either state whether it is no end, and so
/// one of those that `"*"` stands for.
fn gives(row: &TransitionRow, from: &str, to: &str, open: [bool; 2]) -> Option<Range<usize>> {
    let is = |text: &Text, name: &str| text.get_ref() == name;
    if let Some(path) = &row.path {
        let steps = path.get_ref().windows(2);
        return steps
            .into_iter()
            .find(|step| is(&step[0], from) && is(&step[1], to))
            .map(|step| step[1].span());
    }
    let excepted = || {
        let except = row.except.iter().flat_map(|except| except.get_ref());
        except.into_iter().any(|name| is(name, from))
    };
    let sources = row.from.as_ref()?;
    let from_here = sources.names.iter().any(|name| is(name, from))
        || (open[0] && sources.names.iter().any(|name| is(name, "*")) && !excepted());
    let mut targets = row.to.as_ref()?.names.iter();
    let target = targets.find(|name| is(name, to) || open[1] && is(name, "*") && from != to)?;
    from_here.then(|| target.span())
}

/// By name; else by `renamed_from`; else by what is stored.
fn states(old: &Machine, new: &Machine) -> Vec<Option<StateId>> {
    let mut of: Vec<Option<StateId>> =
        old.states.iter().map(|state| new.find(&state.name)).collect();
    let mut taken: Vec<bool> = new.state_ids().map(|id| of.contains(&Some(id))).collect();
    for (state, of) in old.states.iter().zip(&mut of).filter(|(_, of)| of.is_none()) {
        let renamed = |id: &StateId| new.state(*id).renamed_from.as_ref() == Some(&state.name);
        let found = new.state_ids().find(renamed).or_else(|| new.find_value(&state.value));
        *of = found.filter(|id| !std::mem::replace(&mut taken[id.index()], true));
    }
    of
}

/// By name; else a job that is gone and one that is new with the same reports are one renamed.
fn jobs(old: &Machine, new: &Machine) -> Vec<Option<JobId>> {
    let find = |name: &str| new.jobs.iter().position(|job| job.name == name).map(JobId::new);
    let mut of: Vec<Option<JobId>> = old.jobs.iter().map(|job| find(&job.name)).collect();
    let mut taken: Vec<bool> = new.job_ids().map(|id| of.contains(&Some(id))).collect();
    let reports = |machine: &Machine, id: JobId| -> Vec<String> {
        let job = machine.job(id);
        let outcomes = [job.success, job.failure, job.cancelled];
        let before = job.before_outcome().into_iter().map(Some);
        let value = |state: StateId| machine.state(state).value.clone();
        before.chain(outcomes).map(|state| state.map_or_else(String::new, value)).collect()
    };
    for (at, of) in of.iter_mut().enumerate().filter(|(_, of)| of.is_none()) {
        let said = reports(old, JobId::new(at));
        if said.iter().all(String::is_empty) {
            continue;
        }
        *of = new.job_ids().find(|&id| !taken[id.index()] && reports(new, id) == said);
        if let Some(id) = *of {
            taken[id.index()] = true;
        }
    }
    of
}
