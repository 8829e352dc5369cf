//! Every run of a table's workflow, and the shortest one that breaks each claim.
//!
//! Each claim is asked with the smallest state that decides it: which reports are accepted and how a
//! run ends by [`reports`], what is shown of a phase by [`scenes`] and, phase by phase, [`views`]; where
//! runs are many, by the phase's own jobs ([`alone`]).

mod alone;
mod reports;
mod scenes;
mod table;
#[cfg(test)]
mod tests;
mod views;
mod watch;

use std::collections::BTreeMap;

use super::About;
use crate::machine::StateId;
use crate::runs::{JobResult, Jobs, Layout, Path, Workflow};
use crate::search::{Explored, Limits, Model};
pub(crate) use reports::Listed;

/// The most that one search of runs does.
const LIMITS: Limits = Limits { states: 1 << 20, steps: 1 << 22 };

/// The same of a table's own runs, where no step is kept.
const LIMITS_OF_REPORTS: Limits = Limits { states: 1 << 21, steps: 1 << 24 };

/// The same where every way in which a claim is broken is wanted, so that no jobs are alike: beyond
/// this, the ways that were found have to do.
const LIMITS_OF_WAYS: Limits = Limits { states: 1 << 17, steps: 1 << 19 };

/// What is claimed of every run.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Claim {
    /// Where nothing is lost every report is accepted; else every one that is not tolerated.
    Accepted,
    /// It ends in an ended state, said by a report that is not tolerated; or it cannot report.
    Ends,
    /// The end is that of the work.
    Truth,
    /// The stepper shows no work as failed that passed, and none as done that did not.
    Views,
    /// Started again, a row that ended keeps its end, and another ends truly.
    Again,
    /// A job that is lost after it reported its end leaves no lie unheard.
    Late,
}

/// One of the ways in which a claim is broken: what the row is in then, what it is about, and which
/// jobs (a bit each) ended otherwise than well.
#[derive(Clone, Debug)]
pub(crate) struct Way {
    /// The row's state.
    pub(crate) row: StateId,
    /// What it is about, where that is not the row: a phase, or the job whose report is refused.
    pub(crate) about: String,
    /// Of the first jobs of the table those that failed, and those that were cancelled.
    pub(crate) jobs: [u128; 2],
    /// What is wrong.
    pub(crate) why: String,
    /// How it comes to that.
    pub(crate) path: Path,
}

impl Way {
    /// Whether this way is part of another: in the same state, about the same, no less goes wrong.
    fn is_part_of(&self, other: &Self) -> bool {
        self.row == other.row
            && self.about == other.about
            && (0..2).all(|of| self.jobs[of] & !other.jobs[of] == 0)
    }
}

/// The jobs that failed, and those that were cancelled: a bit for each of the first 128.
fn failed_jobs(layout: &Layout, jobs: &Jobs) -> [u128; 2] {
    let mut failed = [0, 0];
    for job in 0..layout.len().min(128) {
        match layout.result(jobs, job) {
            Some(JobResult::Failed | JobResult::Mute) => failed[0] |= 1 << job,
            Some(JobResult::Cancelled) => failed[1] |= 1 << job,
            Some(JobResult::Succeeded | JobResult::Skipped) | None => {}
        }
    }
    failed
}

/// Which runs are searched.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mode {
    /// Whether every run is started again, once.
    pub(crate) again: bool,
    /// Whether every way in which a claim is broken is wanted, and not the shortest only.
    pub(crate) ways: bool,
    /// Whether a job begins only when those before it are over.
    in_turn: bool,
}

impl Mode {
    const fn limits(self) -> Limits {
        if self.ways { LIMITS_OF_WAYS } else { LIMITS }
    }

    /// All runs.
    pub(crate) const fn all(again: bool, ways: bool) -> Self {
        Self { again, ways, in_turn: false }
    }
}

/// A run that breaks a claim.
#[derive(Clone, Debug)]
pub(crate) struct Broken {
    /// The row's state, the phase that is shown, or the job whose report is refused.
    pub(crate) about: About,
    /// What is wrong.
    pub(crate) why: String,
    pub(crate) path: Path,
    /// Its steps, and how far on it is: the shorter is shown, and of two the one less far.
    pub(crate) length: (u32, usize),
}

/// How much was searched.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Searched {
    /// The states that were explored.
    pub(crate) states: usize,
    /// The most steps that any of them is away from the start.
    pub(crate) depth: u32,
    /// Whether that is all there is.
    pub(crate) exhausted: bool,
}

impl Searched {
    fn of<M: Model>(explored: &Explored<M>) -> Self {
        let Explored { taken_up, depth, exhausted, .. } = *explored;
        Self { states: taken_up, depth, exhausted }
    }

    /// Adds another search's.
    fn add(&mut self, other: Self) {
        self.states += other.states;
        self.depth = self.depth.max(other.depth);
        self.exhausted &= other.exhausted;
    }
}

/// What was found of runs.
#[derive(Clone, Debug, Default)]
pub(crate) struct Runs {
    /// Which reports are accepted, and how runs end.
    pub(crate) reports: reports::RunCounts,
    /// The views that were held against what became of the work.
    pub(crate) views: u64,
    /// The situations by which a phase's own jobs prove what is claimed of it, without the others.
    pub(crate) by_own_jobs: u64,
    pub(crate) searched: Searched,
    /// Where not everything was searched: the runs in which the jobs take turns.
    pub(crate) in_turn: Option<Searched>,
    /// The shortest run that breaks a claim.
    pub(crate) broken: BTreeMap<Claim, Broken>,
    /// Every way in which each claim is broken, but for those that another's failing jobs are part of.
    pub(crate) ways: BTreeMap<Claim, Vec<Way>>,
    /// The shortest run in which, started again, a report that is not tolerated is refused.
    pub(crate) refused_again: Option<Path>,
    /// The shortest run that ends with an untrue end and a concluding job that fails.
    pub(crate) loud: Option<Path>,
}

impl Runs {
    /// What is reported in the runs of a workflow, and how they end.
    pub(crate) fn of_reports(workflow: &Workflow<'_>, mode: Mode) -> Self {
        Self::by(mode, |mode, found| reports::search(workflow, mode, false, found))
    }

    /// How runs end in which a job is lost after it reported its success.
    pub(crate) fn of_late_losses(workflow: &Workflow<'_>) -> Self {
        let mode = Mode::all(false, false);
        Self::by(mode, |mode, found| reports::search(workflow, mode, true, found))
    }

    /// What is shown in the runs of a workflow.
    pub(crate) fn of_views(workflow: &Workflow<'_>, mode: Mode) -> Self {
        Self::by(mode, |mode, found| views::search(workflow, mode, found))
    }

    /// Searches all runs; where that is too much, also those in which the jobs take turns.
    fn by(mode: Mode, search: impl Fn(Mode, &mut Self)) -> Self {
        let mut found = Self::default();
        search(mode, &mut found);
        if found.searched.exhausted {
            return found;
        }
        let mut in_turn = Self::default();
        search(Mode { in_turn: true, ..mode }, &mut in_turn);
        found.and_in_turn(in_turn)
    }

    /// Adds what was found of the runs in which the jobs take turns.
    fn and_in_turn(mut self, other: Self) -> Self {
        self.in_turn = Some(other.searched);
        self.views = self.views.saturating_add(other.views);
        self.by_own_jobs = self.by_own_jobs.saturating_add(other.by_own_jobs);
        self.reports = self.reports.or_more(other.reports);
        for (claim, Broken { about, why, path, length }) in other.broken {
            self.breaks(claim, about, &why, length, || path);
        }
        for (claim, ways) in other.ways {
            self.ways.entry(claim).or_default().extend(ways);
        }
        self.refused_again = self.refused_again.or(other.refused_again);
        self.loud = self.loud.or(other.loud);
        self
    }

    fn breaks(
        &mut self,
        claim: Claim,
        about: About,
        why: &str,
        length: (u32, usize),
        path: impl FnOnce() -> Path,
    ) {
        if self.broken.get(&claim).is_none_or(|known| length < known.length) {
            let broken = Broken { about, why: why.to_owned(), path: path(), length };
            self.broken.insert(claim, broken);
        }
    }
}
