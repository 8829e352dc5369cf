//! Jobs that are alike: exchange two of them, with the states that they report, and the table says
//! the same. Of the runs that differ only by such an exchange, one stands for all.

use std::cmp::Ordering;

use super::layout::{Jobs, Layout};
use super::next::Run;
use super::step::Step;
use super::workflow::{Plan, Workflow};
use crate::machine::{JobId, Machine, PhaseId, StateId};

/// The jobs of a workflow by their likeness.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Alike {
    groups: Vec<Group>,
}

/// Jobs that are alike: two of them at least.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Group {
    jobs: Vec<usize>,
    /// The states that each of them reports and the others don't, place by place.
    own: Vec<Vec<StateId>>,
}

impl Alike {
    /// The jobs that are alike to what is claimed of reports and ends; or, where there is a phase, to
    /// what is claimed of that.
    pub(crate) fn of(workflow: &Workflow<'_>, phase: Option<PhaseId>) -> Self {
        let mut groups: Vec<Vec<usize>> = Vec::new();
        // A condition may ask for one of two jobs by its name.
        if workflow.is_written() {
            return Self::default();
        }
        for job in 0..workflow.plans.len() {
            let exchange = |group: &&mut Vec<usize>| {
                Exchange::of(workflow, group[0], job).is_some_and(|one| one.keeps(phase))
            };
            match groups.iter_mut().find(exchange) {
                Some(group) => group.push(job),
                None => groups.push(vec![job]),
            }
        }
        let groups = groups.into_iter().filter(|group| group.len() > 1);
        let own = |jobs: Vec<usize>| {
            let reports: Vec<Vec<StateId>> =
                jobs.iter().map(|&job| states(&workflow.plans[job]).collect()).collect();
            let differs = |at: &usize| reports[0][*at] != reports[1][*at];
            let places: Vec<usize> = (0..reports[0].len()).filter(differs).collect();
            let own = reports.iter().map(|of| places.iter().map(|&at| of[at]).collect()).collect();
            Group { jobs, own }
        };
        Self { groups: groups.map(own).collect() }
    }

    /// The states that the row is in, in a run and all those that it stands for: in each as often.
    pub(crate) fn states(&self, row: StateId) -> Vec<StateId> {
        let place = |group: &Group| {
            let mut own = group.own.iter();
            own.find_map(|own| own.iter().position(|&state| state == row))
        };
        let mut groups = self.groups.iter();
        let found = groups.find_map(|group| Some((group, place(group)?)));
        found.map_or_else(
            || vec![row],
            |(group, place)| group.own.iter().map(|own| own[place]).collect(),
        )
    }

    /// Puts the run that stands for this one and all like it in its place. Says which job was put
    /// where: `to[job]` is the job that now is where `job` was; nothing where none was moved.
    pub(crate) fn settle(
        &self,
        layout: &Layout,
        jobs: &mut Jobs,
        row: &mut StateId,
    ) -> Option<Vec<usize>> {
        let mut moved: Option<Vec<usize>> = None;
        for group in &self.groups {
            let mark = |at: usize| group.own[at].iter().position(|own| own == row);
            let key = |at: usize| (layout.code(jobs, group.jobs[at]), mark(at));
            if (1..group.jobs.len()).all(|at| key(at - 1) >= key(at)) {
                continue;
            }
            let mut order: Vec<usize> = (0..group.jobs.len()).collect();
            order.sort_by_key(|&at| std::cmp::Reverse(key(at)));
            let codes: Vec<u64> = order.iter().map(|&at| key(at).0).collect();
            let marked = order.iter().enumerate().find_map(|(to, &at)| Some((to, mark(at)?)));
            let moved = moved.get_or_insert_with(|| (0..layout.len()).collect());
            for (to, &at) in order.iter().enumerate() {
                layout.set_code(jobs, group.jobs[to], codes[to]);
                moved[group.jobs[at]] = group.jobs[to];
            }
            if let Some((to, place)) = marked {
                *row = group.own[to][place];
            }
        }
        moved
    }
}

/// The run that steps lead through, where each leads to a run that stands for it: what each step is in
/// the run itself, and where it leads.
pub(crate) fn walk<R: Clone>(
    first: &Run<R>,
    steps: impl Iterator<Item = Step>,
    after: impl Fn(&Run<R>, Step) -> Run<R>,
    settle: impl Fn(&mut Run<R>) -> Option<Vec<usize>>,
) -> Vec<(Step, Run<R>)> {
    let (mut run, mut model) = (first.clone(), first.clone());
    // Which job of the run stands where in the one that stands for it.
    let mut stands: Option<Vec<usize>> = None;
    steps
        .map(|step| {
            let job = |job: u16| match &stands {
                Some(stands) => index(stands[usize::from(job)]),
                None => job,
            };
            let done = step.with_job(job);
            run = after(&run, done);
            model = after(&model, step);
            if let Some(to) = settle(&mut model) {
                let before = stands.take().unwrap_or_else(|| (0..to.len()).collect());
                let mut now = before.clone();
                to.iter().zip(before).for_each(|(&to, job)| now[to] = job);
                stands = Some(now);
            }
            (done, run.clone())
        })
        .collect()
}

fn index(job: usize) -> u16 {
    u16::try_from(job).expect("a table of a mebibyte has fewer jobs")
}

/// Every state that a job reports, place by place.
fn states(plan: &Plan) -> impl Iterator<Item = StateId> + '_ {
    plan.before.iter().map(|report| report.state).chain(plan.outcomes())
}

/// Two jobs exchanged, with their states.
struct Exchange<'w, 'm> {
    workflow: &'w Workflow<'m>,
    machine: &'m Machine,
    jobs: [usize; 2],
    /// The state that each state becomes.
    to: Vec<StateId>,
    /// Those that become another.
    moved: Vec<StateId>,
}

impl<'w, 'm> Exchange<'w, 'm> {
    /// The exchange, where it is one of jobs of one shape whose states are their own.
    fn of(workflow: &'w Workflow<'m>, a: usize, b: usize) -> Option<Self> {
        let (one, other) = (&workflow.plans[a], &workflow.plans[b]);
        if !one.has_shape_of(other) || one.needs != other.needs {
            return None;
        }
        let machine = workflow.machine;
        let mut to: Vec<Option<StateId>> = vec![None; machine.states.len()];
        for (from, into) in states(one).zip(states(other)) {
            if from != into && states(one).any(|state| state == into) {
                return None;
            }
            for (from, into) in [(from, into), (into, from)] {
                if *to[from.index()].get_or_insert(into) != into {
                    return None;
                }
            }
        }
        let to: Vec<StateId> =
            machine.state_ids().zip(to).map(|(same, to)| to.unwrap_or(same)).collect();
        let moved = machine.state_ids().filter(|state| to[state.index()] != *state).collect();
        Some(Self { workflow, machine, jobs: [a, b], to, moved })
    }

    fn to(&self, state: StateId) -> StateId {
        self.to[state.index()]
    }

    /// Whether the table says the same afterwards.
    fn keeps(&self, phase: Option<PhaseId>) -> bool {
        let others = || {
            let plans = self.workflow.plans.iter().enumerate();
            plans.filter(|(job, _)| !self.jobs.contains(job)).map(|(_, plan)| plan)
        };
        let [a, b] = self.jobs;
        others().all(|plan| plan.needs.contains(&a) == plan.needs.contains(&b))
            && others().flat_map(states).all(|state| self.to(state) == state)
            && self.moved.iter().all(|&state| self.keeps_state(state))
            && phase.is_none_or(|phase| self.keeps_phase(phase))
    }

    fn keeps_state(&self, state: StateId) -> bool {
        let machine = self.machine;
        let (from, to) = (machine.state(state), machine.state(self.to(state)));
        from.outcome == to.outcome
            && from.terminal == to.terminal
            && from.optional == to.optional
            && machine.is_initial(state) == machine.is_initial(self.to(state))
            && machine.state_ids().all(|other| {
                machine.kind(state, other) == machine.kind(self.to(state), self.to(other))
                    && machine.kind(other, state) == machine.kind(self.to(other), self.to(state))
            })
    }

    /// Whether what is shown of a phase stays the same: to it a phase is the same, an earlier one or a
    /// later one, and what is more only matters where states share a phase.
    fn keeps_phase(&self, of: PhaseId) -> bool {
        let machine = self.machine;
        let side = |phase: Option<PhaseId>| phase.map(|phase| phase.cmp(&of));
        let mut becomes: Vec<Option<Option<PhaseId>>> = vec![None; machine.phases.len()];
        let keeps = machine.state_ids().all(|id| {
            let (from, to) = (machine.state(id), machine.state(self.to(id)));
            let is_same = from
                .phase
                .is_none_or(|phase| *becomes[phase.index()].get_or_insert(to.phase) == to.phase);
            is_same && from.completes == to.completes && side(from.phase) == side(to.phase)
        });
        let work = &self.workflow.work[of.index()];
        let pieces = |job: usize| work.iter().filter(move |one| one.0 == job).map(|one| one.1);
        let [a, b] = self.jobs;
        keeps && pieces(a).eq(pieces(b)) && self.keeps_attempts(of)
    }

    /// Whether a concluding job names the same side of a phase whichever of the two comes first among
    /// those that it needs.
    fn keeps_attempts(&self, of: PhaseId) -> bool {
        let side = |&(_, start): &(JobId, Option<StateId>)| -> Option<Ordering> {
            let state = self.machine.state(start?);
            state.phase.filter(|_| !state.completes).map(|phase| phase.cmp(&of))
        };
        self.workflow.plans.iter().filter(|plan| plan.always).all(|plan| {
            let place = |job| plan.needs.iter().position(|&need| need == job);
            let [Some(a), Some(b)] = self.jobs.map(place) else { return true };
            let between = &plan.attempted[a.min(b)..=a.max(b)];
            between.iter().all(|named| side(named) == side(&between[0]))
        })
    }
}
