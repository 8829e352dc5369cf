//! The mixes: every assignment of versions to the layers, what became of each, and what becomes of
//! runs under which layers are switched.

use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

use super::exploration::{Class, Degradation, Exploration, Refusal, Tried, Untried, Witness};
use super::facts::{Cause, Fact};
use super::layers::World;
use super::mix::{Layer, Mix, Receiver};
use super::moves::Moves;
use super::road::Road;
use super::runs;
use super::walks;
use crate::rules::{self, Rule};
use crate::runs::Workflow;
use crate::verify::{Counterexample, Refuted, is_of_phases, refuted_alone};

/// What became of a mix.
#[derive(Clone, Debug)]
pub enum MixSafety {
    /// As in one version by itself.
    Safe,
    /// It goes on, with less.
    Degraded(Vec<Degradation>),
    /// Something goes wrong: what, and the shortest way to it, by class.
    Broken(Vec<(Class, Witness)>),
    /// Nothing went wrong in what was tried, and that was not all.
    Bounded,
}

impl MixSafety {
    /// The word for it.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Safe => "safe",
            Self::Degraded(_) => "degraded",
            Self::Broken(_) => "broken",
            Self::Bounded => "unknown",
        }
    }
}

/// A mix, and what became of it.
#[derive(Clone, Debug)]
pub struct Judged {
    /// Which.
    pub mix: Mix,
    /// What became of it.
    pub verdict: MixSafety,
}

/// One search: a workflow, and what its reports meet from its start on.
type Question = (usize, Road);

/// What goes wrong where a claim about runs is refuted.
const CLAIMED: [(&Rule, Class); 4] = [
    (rules::WORKFLOW_ACCEPTED, Class::FailsJob),
    (rules::WORKFLOW_ENDS, Class::LeftOpen),
    (rules::WORKFLOW_TRUTH, Class::EndsOtherwise),
    (rules::WORKFLOW_VIEWS, Class::PageFalse),
];

/// All searches of some versions, each made once.
pub(super) struct Mixes<'m> {
    /// The versions' layers.
    pub world: World<'m>,
    workflows: Vec<Workflow<'m>>,
    /// The searches of only runs, and those of all there is to a question.
    runs: RefCell<HashMap<Question, Rc<Exploration>>>,
    found: RefCell<HashMap<Question, Rc<Exploration>>>,
    /// What is refuted of each version by itself.
    refuted: Vec<OnceCell<Vec<Refuted>>>,
    /// From which version on that is marked.
    marked: usize,
    /// Whether the versions are the same to every layer: then nothing that runs meets another one.
    are_same: bool,
    moves: OnceCell<Vec<Moves>>,
}

impl<'m> Mixes<'m> {
    /// The mixes of some versions.
    pub(super) fn of(world: World<'m>) -> Self {
        let workflows = world.machines.iter().map(|machine| Workflow::of(machine)).collect();
        let refuted = world.machines.iter().map(|_| OnceCell::new()).collect();
        let marked = world.machines.len().saturating_sub(1);
        Self {
            world,
            workflows,
            runs: RefCell::default(),
            found: RefCell::default(),
            refuted,
            marked,
            are_same: false,
            moves: OnceCell::new(),
        }
    }

    /// The same of versions that are the same to every layer, where they are: nothing is searched.
    #[must_use]
    pub(super) fn of_the_same(mut self, are_same: bool) -> Self {
        self.are_same = are_same;
        self
    }

    /// The same, with what every version's own table does wrong marked, and not only the newest's.
    #[must_use]
    pub(super) fn marking_all(mut self) -> Self {
        self.marked = 0;
        self
    }

    /// What became of the runs of a version's workflow, and of rows that the application moves.
    pub(super) fn found(&self, workflow: usize, road: &Road) -> Rc<Exploration> {
        let question = (workflow, road.clone());
        if let Some(found) = self.found.borrow().get(&question) {
            return found.clone();
        }
        if self.are_same {
            return Rc::new(Exploration { exhausted: true, ..Exploration::default() });
        }
        let moves = self.moves();
        let found = if self.world.machines[workflow].jobs.is_empty() {
            Rc::new(walks::search(&self.world, road, None))
        } else if road.receivers.iter().any(|receiver| moves[receiver.backend].has_own()) {
            let mut found = (*self.runs(workflow, road)).clone();
            found.add(walks::search(&self.world, road, Some((workflow, moves))));
            Rc::new(found)
        } else {
            self.runs(workflow, road)
        };
        self.found.borrow_mut().insert(question, found.clone());
        found
    }

    /// What became of the runs of a version's workflow.
    fn runs(&self, workflow: usize, road: &Road) -> Rc<Exploration> {
        let question = (workflow, road.clone());
        if let Some(found) = self.runs.borrow().get(&question) {
            return found.clone();
        }
        // Where a part of the road is too much to be tried, all of it is.
        let bounded = |receiver: &Receiver| !self.runs(workflow, &Road::of(*receiver)).exhausted;
        let found = Rc::new(if road.receivers.len() > 1 && road.receivers.iter().any(bounded) {
            Exploration::default()
        } else {
            runs::search(&self.world, workflow, &self.workflows[workflow], road)
        });
        self.runs.borrow_mut().insert(question, found.clone());
        found
    }

    /// Who moves rows, by each version.
    pub(super) fn moves(&self) -> &[Moves] {
        self.moves.get_or_init(|| {
            let of = |version: usize| {
                let receiver = Mix::all(version).receiver();
                let has_jobs = !self.world.machines[version].jobs.is_empty();
                if has_jobs && self.are_same {
                    return Moves::default();
                }
                let runs = has_jobs.then(|| self.runs(version, &Road::of(receiver)));
                Moves::of(&self.world, version, runs.as_deref())
            };
            (0..self.world.machines.len()).map(of).collect()
        })
    }

    /// The versions' layers, and who moves rows by each.
    pub(super) fn into_parts(self) -> (World<'m>, Vec<Moves>) {
        self.moves();
        (self.world, self.moves.into_inner().expect("they were found this moment"))
    }

    /// What all searches so far have tried.
    pub(super) fn tried(&self) -> Tried {
        let mut tried = Tried::default();
        self.found.borrow().values().for_each(|found| tried.add(found.tried));
        tried
    }

    /// Whether each search so far was of all there is.
    pub(super) fn exhausted(&self) -> bool {
        self.found.borrow().values().all(|found| found.exhausted)
    }

    /// What the searches so far did not try to its end, a claim once, whatever roads they were on.
    pub(super) fn untried(&self) -> Vec<String> {
        let mut untried: BTreeMap<Untried, (u64, usize)> = BTreeMap::new();
        for (claim, tried) in self.found.borrow().values().flat_map(|found| &found.untried) {
            let (all, searches) = untried.entry(*claim).or_default();
            (*all, *searches) = (*all + tried, *searches + 1);
        }
        let labels = &self.world.labels;
        let reported =
            |(Untried { workflow, shown }, (tried, searches)): (Untried, (u64, usize))| {
                let workflow = format!("the {} workflow", labels[workflow]);
                let claim = match shown {
                    None => {
                        format!("which reports of {workflow} are accepted and how its runs end")
                    }
                    Some((page, phase)) => {
                        let name = &self.world.machines[page].phase(phase).name;
                        format!(
                            "what the {} page shows of `{name}` in runs of {workflow}",
                            labels[page]
                        )
                    }
                };
                let searches = match searches {
                    1 => "one search".to_owned(),
                    many => format!("{many} searches"),
                };
                format!("{claim} ({tried} situations tried in {searches})")
            };
        untried.into_iter().map(reported).collect()
    }

    /// What goes wrong rests on in any way that the searches so far came by.
    pub(super) fn rests_on(&self) -> BTreeSet<Fact> {
        self.found.borrow().values().flat_map(|found| found.rests_on.iter().cloned()).collect()
    }

    /// The layers that there are.
    pub(super) fn layers(&self) -> Vec<Layer> {
        Layer::ALL.into_iter().filter(|&layer| self.world.has(layer)).collect()
    }

    /// Every mix. A layer that there is none of has no versions to mix: it goes with the backend.
    pub(super) fn all(&self) -> Vec<Mix> {
        let versions = self.world.machines.len();
        let mut mixes = vec![Mix::all(0)];
        for layer in Layer::ALL.into_iter().rev().filter(|&layer| self.world.has(layer)) {
            mixes = (0..versions)
                .flat_map(|version| mixes.iter().map(move |mix| mix.with(layer, version)))
                .collect();
        }
        for layer in Layer::ALL.into_iter().filter(|&layer| !self.world.has(layer)) {
            mixes = mixes.into_iter().map(|mix| mix.with(layer, mix.backend)).collect();
        }
        mixes.sort();
        mixes
    }

    /// What becomes of a mix that stays as it is.
    pub(super) fn judge(&self, mix: Mix) -> MixSafety {
        let found = self.found(mix.workflow, &Road::of(mix.receiver()));
        let bad: Vec<(Class, Witness)> = found
            .bad
            .iter()
            .filter(|((_, page, _), _)| page.is_none_or(|page| self.looks_on(page, mix)))
            .map(|((_, _, class), witness)| (*class, witness.clone()))
            .collect();
        let bad: Vec<(Class, Witness)> = bad.into_iter().chain(self.alone(mix)).collect();
        if !bad.is_empty() {
            return MixSafety::Broken(bad);
        }
        if !found.exhausted {
            return MixSafety::Bounded;
        }
        let degradations: Vec<Degradation> = [None, Some(mix.page)]
            .iter()
            .filter(|page| page.is_none_or(|page| self.looks_on(page, mix)))
            .filter_map(|page| found.degradations.get(page))
            .flatten()
            .cloned()
            .collect();
        if degradations.is_empty() { MixSafety::Safe } else { MixSafety::Degraded(degradations) }
    }

    /// What goes wrong in a mix by the own table of its workflow's version, too; where that has no
    /// jobs, by the table of its backend or its page. Of versions that are in use no mix adds to that:
    /// they are passed over unless all were asked for.
    pub(super) fn alone(&self, mix: Mix) -> Vec<(Class, Witness)> {
        let version = mix.workflow;
        if self.world.machines[version].jobs.is_empty() {
            let of_reports = |rule: &Rule| !is_of_phases(rule) && class(rule).is_none();
            let backend = self.refuted_of(mix.backend, of_reports);
            let page = self.refuted_of(mix.page, is_of_phases);
            return backend.chain(page).map(|(_, witness)| (Class::Refuted, witness)).collect();
        }
        let refuted: Vec<_> = self.refuted_of(version, |_| true).collect();
        let mut refuted =
            refuted.into_iter().filter_map(|(rule, witness)| Some((class(rule)?, witness)));
        if self.are_same || mix == Mix::all(version) {
            return refuted.collect();
        }
        let claimed: Vec<Class> = refuted.by_ref().map(|(class, _)| class).collect();
        if claimed.is_empty() {
            return Vec::new();
        }
        let found = self.found(version, &Road::of(mix.receiver()));
        let own = found.own.iter().filter(|((page, class), _)| {
            claimed.contains(class) && page.is_none_or(|page| self.looks_on(page, mix))
        });
        own.map(|((_, class), witness)| (*class, witness.clone())).collect()
    }

    /// What is refuted of each version by itself.
    pub(super) fn all_refuted(&self) -> Vec<Vec<Refuted>> {
        (0..self.world.machines.len()).map(|version| self.refuted_alone(version).clone()).collect()
    }

    fn refuted_alone(&self, version: usize) -> &Vec<Refuted> {
        // Of versions that are the same one is proven for all.
        let version = if self.are_same { 0 } else { version };
        self.refuted[version].get_or_init(|| refuted_alone(self.world.machines[version]))
    }

    /// What is refuted of a version by itself, of claims of a kind, where it is to be marked.
    fn refuted_of(
        &self,
        version: usize,
        is_of: impl Fn(&Rule) -> bool,
    ) -> impl Iterator<Item = (&'static Rule, Witness)> {
        let marked = version >= self.marked;
        let refuted = |version: usize| self.refuted_alone(version);
        let all = marked.then(|| refuted(version)).into_iter().flatten();
        // What an older version in use does wrong by itself, too, is so today: in the same way.
        let case = move |one: &Refuted| {
            let mut older =
                (0..self.marked).flat_map(refuted).filter(|other| other.rule == one.rule);
            older.try_fold(one.case.clone(), |_, older| one.beside(older).first().copied().cloned())
        };
        all.filter(move |one| is_of(one.rule))
            .filter_map(move |one| Some((one.rule, witness(case(one)?))))
    }

    /// Whether a page is the one of a mix, where there are pages at all.
    fn looks_on(&self, page: usize, mix: Mix) -> bool {
        page == mix.page && self.world.has(Layer::Page)
    }

    /// Whether all that can happen to a run that lives through these mixes was tried.
    pub(super) fn is_exhausted(&self, run: Run, mixes: &[Mix]) -> bool {
        self.found(run.workflow, &Road::through(mixes, run.begins).0).exhausted
    }

    /// What the refusals rest on that a run which lives through these mixes meets, and that no one tolerates.
    pub(super) fn refusals(&self, run: Run, mixes: &[Mix]) -> BTreeSet<Refusal> {
        self.found(run.workflow, &Road::through(mixes, run.begins).0).refusals.clone()
    }

    /// After how many of these mixes the first thing goes wrong for a run that lives through all of
    /// them; or the first that is not tolerated.
    pub(super) fn first_bad(
        &self,
        run: Run,
        mixes: &[Mix],
        tolerated: bool,
    ) -> Option<(usize, Class, Witness)> {
        let (road, places) = Road::through(mixes, run.begins);
        let found = self.found(run.workflow, &road);
        for (number, mix) in mixes.iter().enumerate() {
            let here = found.bad.iter().find(|((place, page, _), witness)| {
                *place == places[number]
                    && page.is_none_or(|page| self.looks_on(page, *mix))
                    && (tolerated || !witness.tolerated)
            });
            if let Some(((_, _, class), witness)) = here {
                return Some((number, *class, witness.clone()));
            }
        }
        None
    }
}

/// What goes wrong where a claim about runs does not hold; nothing where it is about none.
fn class(rule: &Rule) -> Option<Class> {
    CLAIMED.into_iter().find(|(claim, _)| *claim == rule).map(|(_, class)| class)
}

/// A run that lives through some mixes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Run {
    /// The version of its workflow, which it keeps.
    pub workflow: usize,
    /// Which mix it begins in: the first, or the second while that replaces the first.
    pub begins: usize,
}

/// What a version's own table does wrong.
fn witness(case: Counterexample) -> Witness {
    Witness { alone: true, ..Witness::new(case.summary, case.path, Cause::refuted()) }
}
