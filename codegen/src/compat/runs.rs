//! Every run of one version's workflow against backends and databases that may be of others, which
//! may be switched between any two reports, and every page that looks on.
//!
//! Beside the row there is a second one that the same reports move by the workflow's own table alone.
//! What goes wrong with both is that table's own affair; what goes wrong with the first alone comes
//! of the mix.

use super::found::{Class, Found, Lesser, Place, Witness};
use super::layers::{Answer, By, Value, Why, World};
use super::looks::Page;
use super::mix::End;
use super::road::{Road, Spot};
use super::rows::Rows;
use super::{witness, words};
use crate::explore::{
    AGAIN, Choices as _, Effects as _, Explorer, Fate, HEAD, Job, LATE, LOST, Sent, Situation,
    Situations, Step, Workflow, history_of,
};
use crate::machine::{Outcome, StateId};

/// The most situations that one search keeps; what lies beyond is not claimed.
pub const MOST_SITUATIONS: usize = 1 << 16;
/// The most words that a search writes, so that one with many jobs is bounded in time.
const MOST_WORDS: usize = 1 << 22;

/// What came of a delivered report.
#[derive(Clone, Copy)]
struct Received {
    from: Value,
    to: Value,
    answer: Answer,
    /// Whether the workflow's own version would have accepted it.
    expected: bool,
    tolerated: bool,
}

/// A search under way.
pub(super) struct Search<'w, 'm> {
    pub(super) world: &'w World<'m>,
    pub(super) version: usize,
    pub(super) road: &'w Road,
    pub(super) workflow: &'w Workflow<'m>,
    pub(super) rows: Rows,
    pub(super) known: Situations,
    pub(super) pages: Vec<Page>,
    pub(super) found: Found,
    received: Option<Received>,
    words: usize,
    full: bool,
}

/// Explores every run of a version's workflow on this road: it may get on at any moment, and where a
/// backend is being replaced each report comes to either.
pub(super) fn search(
    world: &World<'_>,
    version: usize,
    workflow: &Workflow<'_>,
    road: &Road,
) -> Found {
    let pages =
        (0..world.machines.len()).map(|page| Page::of(world, version, workflow, page)).collect();
    let mut search = Search {
        world,
        version,
        road,
        workflow,
        rows: Rows::default(),
        known: Situations::new(HEAD + workflow.plans.len() + 1),
        pages,
        found: Found::default(),
        received: None,
        words: 0,
        full: false,
    };
    search.run();
    search.found
}

/// Where the position and the second row are.
pub(super) const fn shadow_at(jobs: usize) -> usize {
    HEAD + jobs
}

/// Where on its road the run is.
pub(super) const fn spot(words: &[u64]) -> Spot {
    Spot::unpack(words[1] >> 32)
}

/// The second row.
pub(super) fn shadow_of(words: &[u64], jobs: usize) -> u32 {
    u32::try_from(words[shadow_at(jobs)] & 0xffff_ffff).expect("half a word is half a word")
}

impl<'w, 'm: 'w> Explorer<'w, 'm> for Search<'w, 'm> {
    fn workflow(&self) -> &'w Workflow<'m> {
        self.workflow
    }

    fn late(&self) -> bool {
        true
    }

    fn forgets(&self, now: &Situation) -> bool {
        now.is(AGAIN | LATE)
    }

    fn try_step(&mut self, number: usize, now: &Situation, step: Step, next: &mut Situation) {
        if self.is_full(now) {
            return;
        }
        next.words.clone_from(&now.words);
        self.received = None;
        self.take(next, step);
        self.skip(next);
        self.forget(now, next);
        let goes_on = match self.received {
            Some(received) => self.answered(number, now, step, received, next),
            None => true,
        };
        if goes_on {
            self.known.add(&next.words, Some((number, step)), 1);
        }
    }

    fn send(
        &mut self,
        next: &mut Situation,
        fate: Fate,
        state: StateId,
        attempted: Option<StateId>,
        tolerated: bool,
    ) -> Sent {
        if fate == Fate::Undelivered {
            next.set(LOST, true);
            return Sent { accepted: false, broken: false };
        }
        let world = self.world;
        let to = world.value(self.version, state);
        let said = attempted.map_or(0, |state| world.value(self.version, state).0 + 1);
        let from = self.rows.value(next.history());
        let answer = world.receive(self.version, self.road.end(spot(&next.words)), from, to);
        if answer == Answer::Applied {
            let row = self.rows.then(next.history(), to);
            next.set_row(row, self.matters(to, said));
        }
        let own = End { backend: self.version, database: self.version };
        let jobs = self.workflow.plans.len();
        let shadow = shadow_of(&next.words, jobs);
        let expected = world.receive(self.version, own, self.rows.value(shadow), to);
        if expected == Answer::Applied {
            let row = self.rows.then(shadow, to);
            let word = u64::from(row) | u64::from(self.matters(to, said)) << 32;
            next.words[shadow_at(jobs)] = word;
        }
        let expected = expected.is_accepted();
        self.received = Some(Received { from, to, answer, expected, tolerated });
        Sent { accepted: answer.is_accepted(), broken: false }
    }
}

impl Search<'_, '_> {
    fn run(&mut self) {
        let world = self.world;
        let jobs = self.workflow.plans.len();
        let mut now = Situation { words: vec![0; HEAD + jobs + 1] };
        for job in 0..jobs {
            now.set_job(job, Job::WAITING);
        }
        let own = world.initial(self.version);
        let begins = self.road.start();
        let end = self.road.end(begins);
        now.words[1] = u64::from(begins.pack()) << 32;
        for start in world.initial(end.backend) {
            let answer = world.start(end, start);
            if !answer.is_accepted() {
                let class = class_of(answer).unwrap_or(Class::DatabaseRefuses);
                let witness = || words::no_start(world, end, start, answer);
                self.found.bad.entry((begins.place, None, class)).or_insert_with(witness);
                continue;
            }
            if let Some(input) = world.undeclared(self.version, end) {
                let witness = || words::no_run(world, self.version, end, start, input);
                let place = (begins.place, None, Class::LeftOpen);
                self.found.bad.entry(place).or_insert_with(witness);
                continue;
            }
            now.set_row(self.rows.start(start), 0);
            // A start that the workflow's own version does not know stands for any of its own.
            let same: Vec<Value> = own.iter().copied().filter(|&own| own == start).collect();
            for &shadow in if same.is_empty() { &own } else { &same } {
                if self.is_full(&now) {
                    break;
                }
                now.words[shadow_at(jobs)] = u64::from(self.rows.start(shadow));
                self.known.add(&now.words, None, 1);
            }
        }
        let mut next = Situation { words: Vec::new() };
        let mut number = 0;
        while number < self.known.len() && !self.full {
            now.words.clear();
            now.words.extend_from_slice(self.known.row(number));
            self.take_up(number, &now, &mut next);
            number += 1;
        }
        self.found.exhausted = !self.full;
    }

    fn take_up(&mut self, number: usize, now: &Situation, next: &mut Situation) {
        self.found.tried.situations += 1;
        for page in 0..self.pages.len() {
            self.looks(number, now, page);
        }
        let mut over = true;
        for job in 0..self.workflow.plans.len() {
            over &= now.job(job).result().is_some();
            self.go_on(number, now, job, next);
        }
        if over {
            self.is_over(number, now);
            if !now.is(AGAIN) {
                self.start_again(number, now, next);
            }
        }
        for to in self.road.next(self.world, spot(&now.words)) {
            if self.is_full(now) {
                return;
            }
            self.found.tried.switches += 1;
            let to = to.pack();
            next.words.clone_from(&now.words);
            next.words[1] = now.words[1] & 0xffff_ffff | u64::from(to) << 32;
            self.known.add(&next.words, Some((number, Step::Switched { to })), 1);
        }
    }

    pub(super) fn is_full(&mut self, now: &Situation) -> bool {
        self.words += now.words.len();
        self.full |= self.known.len() >= MOST_SITUATIONS || self.words > MOST_WORDS;
        self.full
    }

    /// What of an `attempted` can matter to any page: nothing unless the row ended badly.
    fn matters(&self, to: Value, attempted: u32) -> u32 {
        let bad = (0..self.world.machines.len()).any(|version| {
            let outcome = self.world.meaning(version, to).and_then(|meaning| meaning.outcome);
            matches!(outcome, Some(Outcome::Failure | Outcome::Cancelled))
        });
        if bad { attempted } else { 0 }
    }

    /// A report was answered; says whether the run goes on.
    fn answered(
        &mut self,
        number: usize,
        now: &Situation,
        step: Step,
        received: Received,
        next: &Situation,
    ) -> bool {
        let Received { from, to, answer, expected, tolerated } = received;
        if answer == Answer::Applied {
            self.found.tried.applied += 1;
            self.found.taken.insert((from, to));
        }
        let Answer::Refused(by, why) = answer else { return true };
        self.found.tried.refused += 1;
        let at = spot(&now.words).place;
        let end = (number, Some((step, &next.words[..])));
        let met = self.road.end(spot(&now.words));
        let judged_by_table = self.world.state(met.backend, from).is_some();
        // A guard that is asked about a state that the backend lacks contradicts nobody.
        if let Some(class) = class_of(answer)
            && (judged_by_table || class == Class::BackendBreaks)
            && (expected || class == Class::DatabaseRefuses)
        {
            self.breaks((at, None, class), end);
        }
        if expected && !tolerated {
            self.breaks((at, None, Class::FailsJob), end);
            return false;
        }
        if !expected && !tolerated && !self.forgets(now) {
            self.breaks_too((at, None, Class::FailsJob), end);
        }
        if expected && at == 0 {
            let job = step.job().expect("a report is a job's");
            let job = self.workflow.name(job).to_owned();
            let lesser = Lesser::Refused { job, value: to, by, why };
            self.found.lesser.entry(None).or_default().insert(lesser);
        }
        true
    }

    /// Something goes wrong: in a situation, or with one more step from it.
    pub(super) fn breaks(&mut self, place: Place, end: crate::explore::End<'_>) {
        // The first that is found is a shortest.
        if !self.found.bad.contains_key(&place) {
            let witness = witness::witness(self, place, end);
            self.found.bad.insert(place, witness);
        }
    }

    /// The same, where the workflow's own table does it, too.
    pub(super) fn breaks_too(&mut self, place: Place, end: crate::explore::End<'_>) {
        let (at, page, class) = place;
        if at == 0 && !self.found.own.contains_key(&(page, class)) {
            let witness = Witness { alone: true, ..witness::witness(self, place, end) };
            self.found.own.insert((page, class), witness);
        }
    }

    /// The value that the row is in, in a situation's words.
    pub(super) fn value_of(&self, words: &[u64]) -> Value {
        self.rows.value(history_of(words))
    }
}

/// What a refusal is the sign of, whatever the job makes of it.
pub(super) const fn class_of(answer: Answer) -> Option<Class> {
    match answer {
        Answer::Refused(_, Why::Fault | Why::Unguarded) => Some(Class::BackendBreaks),
        Answer::Refused(By::Database, Why::Unknown | Why::Illegal | Why::Ended) => {
            Some(Class::DatabaseRefuses)
        }
        Answer::Refused(By::Backend | By::Address, _)
        | Answer::Refused(By::Database, Why::NotFound)
        | Answer::Applied
        | Answer::Duplicate
        | Answer::NotSent => None,
    }
}
