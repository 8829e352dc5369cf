//! One phase by its own jobs only. The other jobs may report whatever they can at any time, in any
//! order and as often as they like, and nothing waits for them: that is more than any run does, and so
//! what is never shown here is shown in no run. Where it is, the runs themselves have to decide.

use std::collections::BTreeSet;

use phasegate::{Machine as _, Verdict, View};

use super::watch::{Facts, Lie, Watch};
use super::{LIMITS, Searched};
use crate::machine::{Machine, StateId, stepper};
use crate::runs::{Became, Job, JobResult, Jobs, Layout, Plan, Receive, Run, Runs, Sent, Workflow};
use crate::search::{Known, Model, explore};

/// The most jobs that a phase may have: any of them may run again.
const MOST_JOBS: usize = 6;

/// A report that another job may send: the state, and what it says was attempted.
type Report = (StateId, Option<StateId>);

/// The row, and what is remembered of the phase.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
struct Row {
    state: StateId,
    facts: Facts,
    /// Whether the run was started again.
    again: bool,
}

/// A backend, a database and a page of one table.
struct Table<'a, 'm> {
    machine: &'m Machine,
    watch: Watch<'a, 'm>,
}

impl Table<'_, '_> {
    fn receive(&self, row: &mut Row, (state, attempted): Report) -> bool {
        match self.machine.judge(row.state, state) {
            Verdict::Applied => {
                let previous = Some(row.state);
                let at = stepper::Row { current: state, previous, last_phase: None };
                let ending = self.watch.stepper.ending(&at, attempted);
                row.facts = self.watch.then(&row.facts, row.state, state, ending);
                row.state = state;
                true
            }
            Verdict::Duplicate => true,
            Verdict::Ended | Verdict::Illegal => false,
        }
    }
}

impl Receive for Table<'_, '_> {
    type Row = Row;

    fn take(&self, row: &mut Row, report: Sent) -> bool {
        report.delivered && self.receive(row, (report.state, report.attempted))
    }
}

/// The model.
struct Alone<'w, 'a, 'm> {
    /// The phase's own jobs.
    runs: Runs<'w, 'm, Table<'a, 'm>>,
    /// What others may report at any time.
    others: BTreeSet<Report>,
    /// What concluding jobs may, once what is nothing else than these has become of the own jobs.
    concluding: BTreeSet<(Report, Conclusion)>,
    lies: bool,
}

/// What a concluding job's report says of the phase's own jobs.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
struct Conclusion {
    /// The own jobs that it needs.
    needs: Vec<usize>,
    /// Whether all succeeded.
    success: bool,
    /// The own job that it names, and whether as one that was cancelled.
    names: Option<(usize, bool)>,
}

impl<'w, 'a, 'm> Alone<'w, 'a, 'm> {
    fn of(
        workflow: &Workflow<'m>,
        own: &[usize],
        only: &'w Workflow<'m>,
        watch: Watch<'a, 'm>,
    ) -> Self {
        let machine = workflow.machine;
        // What was attempted is looked at after a bad end only.
        let report = |state: StateId, attempted: Option<StateId>| {
            (state, attempted.filter(|_| machine.state(state).ends_badly()))
        };
        let mut others = BTreeSet::new();
        let mut concluding = BTreeSet::new();
        let others_only = workflow.plans.iter().enumerate().filter(|(job, _)| !own.contains(job));
        for (_, plan) in others_only {
            if plan.always {
                concluding.extend(
                    conclusions(plan, own)
                        .map(|((state, attempted), says)| (report(state, attempted), says)),
                );
                continue;
            }
            others.extend(plan.before.iter().map(|before| report(before.state, None)));
            let set_out = u16::try_from(plan.before.len()).expect("a table has fewer");
            for state in plan.outcomes() {
                others.extend((0..=set_out).map(|set_out| report(state, plan.attempted(set_out))));
            }
        }
        let layout = Layout::of(only, true);
        let runs = Runs { workflow: only, layout, receiver: Table { machine, watch } };
        Self { runs, others, concluding, lies: false }
    }

    /// A job is over; or it never begins.
    fn may_be_over(&self, jobs: &Jobs, job: usize) -> bool {
        self.runs.layout.is_over(jobs, job) || self.runs.layout.code(jobs, job) == 0
    }

    fn allows(&self, jobs: &Jobs, says: &Conclusion) -> bool {
        let layout = &self.runs.layout;
        let is_named = |(job, cancelled): (usize, bool)| match layout.result(jobs, job) {
            Some(JobResult::Failed | JobResult::Mute) => !cancelled,
            Some(JobResult::Cancelled) => cancelled,
            Some(JobResult::Succeeded | JobResult::Skipped) | None => false,
        };
        says.needs.iter().all(|&job| self.may_be_over(jobs, job))
            && (!says.success || says.needs.iter().all(|&job| self.runs.passed(jobs, job)))
            && says.names.is_none_or(is_named)
    }

    /// The run is started again, once: own jobs that did not succeed, and any of those that did.
    fn again(&self, now: &Run<Row>, steps: &mut Vec<((), Run<Row>)>) {
        let layout = &self.runs.layout;
        let own = 0..layout.len();
        let terminal = self.runs.workflow.machine.state(now.row.state).terminal;
        if now.row.again || terminal || !own.clone().all(|job| self.may_be_over(&now.jobs, job)) {
            return;
        }
        let mut next = now.clone();
        let view = self.runs.receiver.watch.view(&now.row.facts, now.row.state);
        next.row.again = true;
        next.row.facts.was_done |= view == View::Done;
        for some in 0..1_usize << own.len() {
            next.jobs.clone_from(&now.jobs);
            let runs_again =
                |job: &usize| some >> job & 1 == 1 || !layout.succeeded(&now.jobs, *job);
            own.clone().filter(runs_again).for_each(|job| {
                layout.set(&mut next.jobs, job, Job::WAITING);
            });
            steps.push(((), next.clone()));
        }
    }
}

/// What a concluding job may report, whatever became of all but the own jobs.
fn conclusions<'p>(
    plan: &'p Plan,
    own: &'p [usize],
) -> impl Iterator<Item = (Report, Conclusion)> + 'p {
    let place = |need: &usize| own.iter().position(|job| job == need);
    let needs: Vec<usize> = plan.needs.iter().filter_map(place).collect();
    [Became::Success, Became::Failure, Became::Cancelled].into_iter().flat_map(move |of| {
        let success = of == Became::Success;
        let named = plan.attempted.iter().map(move |&(need, attempted)| {
            let own = place(&need.index()).filter(|_| !success);
            (attempted, own.map(|job| (job, of == Became::Cancelled)))
        });
        let all: Vec<_> = std::iter::once((None, None)).chain(named).collect();
        let needs = needs.clone();
        plan.outcome(of).into_iter().flat_map(move |state| {
            let needs = needs.clone();
            all.clone().into_iter().map(move |(attempted, names)| {
                ((state, attempted), Conclusion { needs: needs.clone(), success, names })
            })
        })
    })
}

impl Model for Alone<'_, '_, '_> {
    type Node = Run<Row>;
    type Step = ();

    fn starts(&self) -> Vec<Run<Row>> {
        let watch = &self.runs.receiver.watch;
        let row = |&state| Row { state, facts: watch.start(state), again: false };
        let run = |state| Run { jobs: self.runs.layout.waiting(), row: row(state) };
        self.runs.workflow.machine.initial.iter().map(run).collect()
    }

    fn steps(&self, now: &Run<Row>, steps: &mut Vec<((), Run<Row>)>) {
        for job in 0..self.runs.layout.len() {
            self.runs.next(now, job, false, &mut |taken| steps.push(((), taken.run)));
        }
        let mut next = now.clone();
        let mut receive = |report: Report| {
            next.row = now.row;
            if self.runs.receiver.receive(&mut next.row, report) && next.row != now.row {
                steps.push(((), next.clone()));
            }
        };
        self.others.iter().for_each(|&report| receive(report));
        let concluding = self.concluding.iter().filter(|(_, says)| self.allows(&now.jobs, says));
        concluding.for_each(|&(report, _)| receive(report));
        self.again(now, steps);
    }

    fn look(&mut self, known: &Known<Self>, at: usize) {
        let Run { jobs, row } = known.state(at);
        let watch = &self.runs.receiver.watch;
        let mut work = self.runs.workflow.work[watch.phase.index()].iter();
        let passed = work.all(|&(job, piece)| piece < self.runs.layout.job(jobs, job).done);
        let view = watch.view(&row.facts, row.state);
        self.lies |= Lie::of(view, row.facts.was_done, passed).is_some();
    }

    fn is_decided(&self) -> bool {
        self.lies
    }
}

/// How much was searched, where that proves that nothing of a phase is shown that is not so.
pub(super) fn search<'m>(workflow: &Workflow<'m>, watch: Watch<'_, 'm>) -> Option<Searched> {
    let own: BTreeSet<usize> =
        workflow.work[watch.phase.index()].iter().map(|&(job, _)| job).collect();
    let own: Vec<usize> = own.into_iter().collect();
    if own.len() > MOST_JOBS {
        return None;
    }
    let only = workflow.only(&own);
    let explored = explore(Alone::of(workflow, &own, &only, watch), LIMITS);
    (explored.exhausted && !explored.model.lies).then(|| Searched::of(&explored))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::stepper::Stepper;
    use crate::verify::runs::{Claim, Mode, Runs as AllRuns};

    /// Jobs next to each other, each with a phase, a start and a success, and their conclusion.
    const CONCURRENT: &str = "phase = [{ name = 'p' }, { name = 'q' }]\n\
        state = [{ name = 'new' }, { name = 'a', phase = 'p', optional = true },\n\
        { name = 'b', phase = 'p', completes = true, optional = true },\n\
        { name = 'c', phase = 'q', optional = true },\n\
        { name = 'd', phase = 'q', completes = true, optional = true },\n\
        { name = 'good', outcome = 'success' }, { name = 'bad', outcome = 'failure' }]\n\
        transition = [{ from = ['new', 'a', 'b', 'c', 'd'], to = ['a', 'b', 'c', 'd', 'good'] },\n\
        { from = '*', to = 'bad' }]\n\
        job = [{ name = 'j', start = 'a', success = 'b', failure = 'bad' },\n\
        { name = 'k', start = 'c', success = 'd', failure = 'bad' },\n\
        { name = 'end', always = true, needs = ['j', 'k'], success = 'good', failure = 'bad' }]\n";

    /// The first of two jobs says that the phase of both is done.
    const TOO_EARLY: &str = "phase = [{ name = 'p' }]\n\
        state = [{ name = 'new' }, { name = 'x', phase = 'p', completes = true },\n\
        { name = 'y', phase = 'p' }, { name = 'bad', outcome = 'failure' }]\n\
        transition = [{ path = ['new', 'x', 'y'] }, { from = '*', to = 'bad' }]\n\
        job = [{ name = 'j', success = 'x', failure = 'bad' },\n\
        { name = 'k', needs = ['j'], success = 'y', failure = 'bad' }]\n";

    /// What is found of each phase: by its own jobs, and whether all runs show no lie.
    fn compare(table: &str) -> (Vec<bool>, bool) {
        let text = format!("format = 1\nmachine = {{ name = 'm', initial = 'new' }}\n{table}");
        let Ok((_, machine, _)) = crate::machine("m.toml", text.as_bytes()) else {
            panic!("the table is valid");
        };
        let workflow = Workflow::of(&machine);
        let stepper = Stepper::of(&machine);
        let by_own = |phase| search(&workflow, Watch { stepper: &stepper, phase }).is_some();
        let runs = AllRuns::of_views(&workflow, Mode::all(true, false));
        assert!(runs.searched.exhausted);
        let is_true = ![Claim::Views, Claim::Again].iter().any(|c| runs.broken.contains_key(c));
        (machine.phase_ids().map(by_own).collect(), is_true)
    }

    #[test]
    fn own_jobs_are_enough_of_a_proof_where_every_run_shows_the_truth() {
        assert_eq!(compare(CONCURRENT), (vec![true, true], true));
    }

    #[test]
    fn own_jobs_prove_nothing_where_a_run_shows_what_is_not_so() {
        assert_eq!(compare(TOO_EARLY), (vec![false], false));
    }
}
