//! Every run of one version's workflow against backends and databases that may be of others, which
//! may be switched between any two reports, and every page that looks on.
//!
//! Beside the row there is a second one that the same reports move by the workflow's own table alone.
//! What goes wrong with both is that table's own affair; what goes wrong with the first alone comes
//! of the mix.

use std::collections::{BTreeMap, BTreeSet};

use super::layers::{Answer, By, End, Value, Why, World};
use super::rows::Rows;
use super::witness::{self, Cause};
use crate::explore::{
    self, Choices as _, Effects as _, Explorer, Fate, HEAD, Job, LOST, Path, Plan, Sent, Situation,
    Situations, Step, Workflow, history_of, phase_of,
};
use crate::machine::{Outcome, PhaseId, StateId};

/// The most situations that one search keeps; what lies beyond is not claimed.
pub const MOST_SITUATIONS: usize = 1 << 16;
/// The most words that a search writes, so that one with many jobs is bounded in time.
const MOST_WORDS: usize = 1 << 22;

/// What may go wrong in a mix.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Class {
    /// A report that is part of its job is refused, and the job fails for it.
    FailsJob,
    /// A run is over, and its row has not ended.
    LeftOpen,
    /// A row ends otherwise than its run.
    EndsOtherwise,
    /// The database refuses what its backend accepts.
    DatabaseRefuses,
    /// The backend can't go on from what is stored.
    BackendBreaks,
    /// The page shows what is not so.
    PageFalse,
}

impl Class {
    /// Its stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::FailsJob => "fails-job",
            Self::LeftOpen => "left-open",
            Self::EndsOtherwise => "ends-otherwise",
            Self::DatabaseRefuses => "database-refuses",
            Self::BackendBreaks => "backend-breaks",
            Self::PageFalse => "page-false",
        }
    }
}

/// What is less than it would be in one version alone, and harms nothing.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Lesser {
    /// A report is refused, and its job goes on.
    Refused {
        /// The job.
        job: String,
        /// The state, by its value.
        value: Value,
        /// Who refuses it.
        by: By,
        /// Why.
        why: Why,
    },
    /// The row is in a state that the page does not know, and says so.
    Unknown {
        /// The state.
        value: Value,
    },
    /// A run without a flaw is over, and the page shows a phase as not reported.
    Unconfirmed {
        /// The phase, by its name.
        phase: String,
    },
}

/// The shortest way in which something goes wrong.
#[derive(Clone, Debug)]
pub struct Witness {
    /// What goes wrong, in a sentence.
    pub summary: String,
    /// How it comes to that, a line a step.
    pub path: Path,
    /// Where it departs from what the workflow's own version would have made of it.
    pub cause: Cause,
    /// Whether no run is the worse for it: the report that is refused is one that may be lost.
    pub tolerated: bool,
    /// Whether the newest version's own table does it, too, whatever it runs beside.
    pub alone: bool,
}

/// Where in a search something goes wrong: how many switches after its beginning, to which page (any
/// where it is none's affair), and what.
pub type Place = (usize, Option<usize>, Class);

/// What a search tried, so that nothing is proven of an empty space.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Tried {
    /// Situations.
    pub situations: u64,
    /// Runs that came to their end, by situations.
    pub ends: u64,
    /// Reports that were applied.
    pub applied: u64,
    /// Reports that were refused.
    pub refused: u64,
    /// Switches under a run.
    pub switches: u64,
    /// Views that were held against the work.
    pub views: u64,
}

impl Tried {
    /// Adds another's.
    pub const fn add(&mut self, other: Self) {
        self.situations += other.situations;
        self.ends += other.ends;
        self.applied += other.applied;
        self.refused += other.refused;
        self.switches += other.switches;
        self.views += other.views;
    }
}

/// What a search found.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// What goes wrong, shortest first found.
    pub bad: BTreeMap<Place, Witness>,
    /// What goes wrong before any switch, and by the workflow's own table, too.
    pub own: BTreeMap<Class, Witness>,
    /// What is less than it would be, before any switch; by the page, or for any.
    pub lesser: BTreeMap<Option<usize>, BTreeSet<Lesser>>,
    /// What was tried.
    pub tried: Tried,
    /// Whether that is all there is.
    pub exhausted: bool,
}

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

/// The work behind each phase of a page, for the jobs of the workflow.
struct Page {
    version: usize,
    work: Vec<Vec<(usize, u16)>>,
}

/// A search under way.
pub(super) struct Search<'w, 'm> {
    pub(super) world: &'w World<'m>,
    pub(super) version: usize,
    pub(super) ends: &'w [End],
    pub(super) workflow: &'w Workflow<'m>,
    pub(super) rows: Rows,
    pub(super) known: Situations,
    pages: Vec<Page>,
    found: Found,
    received: Option<Received>,
    words: usize,
    full: bool,
}

/// Explores every run of a version's workflow that begins with the first of these ends, and may be
/// switched to each next one at any moment.
pub(super) fn search(
    world: &World<'_>,
    version: usize,
    workflow: &Workflow<'_>,
    ends: &[End],
) -> Found {
    let pages = (0..world.machines.len())
        .map(|page| Page { version: page, work: work(world, version, workflow, page) })
        .collect();
    let mut search = Search {
        world,
        version,
        ends,
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

/// How many switches there have been.
pub(super) fn position(words: &[u64]) -> usize {
    usize::try_from(words[1] >> 32).expect("a search switches a few times")
}

/// The second row.
pub(super) fn shadow_of(words: &[u64], jobs: usize) -> u32 {
    u32::try_from(words[shadow_at(jobs)] & 0xffff_ffff).expect("half a word is half a word")
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

impl<'w, 'm: 'w> Explorer<'w, 'm> for Search<'w, 'm> {
    fn workflow(&self) -> &'w Workflow<'m> {
        self.workflow
    }

    fn late(&self) -> bool {
        false
    }

    fn try_step(&mut self, number: usize, now: &Situation, step: Step, next: &mut Situation) {
        if self.is_full(now) {
            return;
        }
        next.words.clone_from(&now.words);
        self.received = None;
        self.take(next, step);
        self.skip(next);
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
        let answer = world.receive(self.version, self.ends[position(&next.words)], from, to);
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
        let start = match world.start(self.ends[0]) {
            Ok(start) => start,
            Err(answer) => {
                let class = class_of(answer).unwrap_or(Class::DatabaseRefuses);
                let witness = witness::no_start(world, self.ends[0], answer);
                self.found.bad.insert((0, None, class), witness);
                self.found.exhausted = true;
                return;
            }
        };
        let jobs = self.workflow.plans.len();
        let own = world.value(self.version, world.machines[self.version].initial[0]);
        let mut now = Situation { words: vec![0; HEAD + jobs + 1] };
        now.set_row(self.rows.start(start), 0);
        now.words[shadow_at(jobs)] = u64::from(self.rows.start(own));
        for job in 0..jobs {
            now.set_job(job, Job::WAITING);
        }
        self.known.add(&now.words, None, 1);
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
        }
        let to = position(&now.words) + 1;
        if to < self.ends.len() && !self.is_full(now) {
            self.found.tried.switches += 1;
            next.words.clone_from(&now.words);
            next.words[1] += 1 << 32;
            let to = u8::try_from(to).expect("a search switches a few times");
            self.known.add(&next.words, Some((number, Step::Switched { to })), 1);
        }
    }

    fn is_full(&mut self, now: &Situation) -> bool {
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
        }
        let Answer::Refused(by, why) = answer else { return true };
        self.found.tried.refused += 1;
        let at = position(&now.words);
        let end = (number, Some((step, &next.words[..])));
        let judged_by_table = self.world.state(self.ends[at].backend, from).is_some();
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
        if !expected && !tolerated {
            self.breaks_too((at, None, Class::FailsJob), end);
        }
        if expected && at == 0 {
            let job = witness::job_of(step).expect("a report is a job's");
            let job = self.workflow.name(job).to_owned();
            let lesser = Lesser::Refused { job, value: to, by, why };
            self.found.lesser.entry(None).or_default().insert(lesser);
        }
        true
    }

    /// What a page of a version shows, held against the truth.
    fn looks(&mut self, number: usize, now: &Situation, page: usize) {
        let at = position(&now.words);
        let row = now.history();
        let value = self.rows.value(row);
        let world = self.world;
        if at == 0 && world.state(page, value).is_none() {
            self.found.lesser.entry(Some(page)).or_default().insert(Lesser::Unknown { value });
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
        if page == self.version && row == shadow_of(&now.words, self.workflow.plans.len()) {
            return;
        }
        if self.false_phase(now, page).is_some() {
            self.breaks(place, (number, None));
        }
    }

    /// The phase of which a page shows what is not so, and whether it shows it as done.
    pub(super) fn false_phase(&mut self, now: &Situation, page: usize) -> Option<(usize, bool)> {
        let found = self.false_at(now, page, now.history(), now.attempted());
        if found.is_empty() {
            return None;
        }
        // What the workflow's own page shows of its own row is that version's affair.
        let word = now.words[shadow_at(self.workflow.plans.len())];
        let (row, attempted) = (word & 0xffff_ffff, word >> 32);
        let half = |word| u32::try_from(word).expect("half a word is half a word");
        let own = self.false_at(now, self.version, half(row), half(attempted));
        let name = |version: usize, phase: usize| &self.world.machines[version].phases[phase].name;
        let excused = |phase: usize, done: bool| {
            own.iter().any(|&(one, as_done)| {
                as_done == done && name(self.version, one) == name(page, phase)
            })
        };
        found.into_iter().find(|&(phase, done)| !excused(phase, done))
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

    /// Every job is over.
    fn is_over(&mut self, number: usize, now: &Situation) {
        self.found.tried.ends += 1;
        let jobs = self.workflow.plans.len();
        let at = position(&now.words);
        let shadow = shadow_of(&now.words, jobs);
        let means = |row| self.world.meaning(self.version, self.rows.value(row));
        let is_open = |row| means(row).is_none_or(|means| !means.ended);
        // A concluding job that could not report is excused, as `verify` does.
        let mute = now.jobs(jobs).any(|job| job.result() == Some(explore::Result::Mute));
        let too = is_open(shadow) && is_open(now.history()) && !mute;
        if let Some(wanted) = means(shadow).filter(|means| means.ended) {
            match means(now.history()) {
                Some(means) if means.ended && means.outcome == wanted.outcome => {}
                Some(means) if means.ended => {
                    self.breaks((at, None, Class::EndsOtherwise), (number, None));
                }
                Some(_) | None => self.breaks((at, None, Class::LeftOpen), (number, None)),
            }
        }
        if too {
            self.breaks_too((at, None, Class::LeftOpen), (number, None));
        }
        let flawless = !now.is(LOST) && now.jobs(jobs).all(Job::succeeded);
        if at > 0 || !flawless {
            return;
        }
        let own: Vec<String> = self.unconfirmed(self.version, shadow);
        for page in 0..self.pages.len() {
            let phases = self.unconfirmed(page, now.history()).into_iter();
            let fewer = phases.filter(|phase| !own.contains(phase));
            let fewer: Vec<Lesser> = fewer.map(|phase| Lesser::Unconfirmed { phase }).collect();
            self.found.lesser.entry(Some(page)).or_default().extend(fewer);
        }
    }

    fn unconfirmed(&mut self, page: usize, row: u32) -> Vec<String> {
        let shown = self.rows.shown(self.world, page, row, 0);
        let name = |&phase: &usize| self.world.machines[page].phases[phase].name.clone();
        shown.unconfirmed.iter().map(name).collect()
    }

    /// Something goes wrong: in a situation, or with one more step from it.
    fn breaks(&mut self, place: Place, end: crate::explore::End<'_>) {
        // The first that is found is a shortest.
        if !self.found.bad.contains_key(&place) {
            let witness = witness::witness(self, place, end);
            self.found.bad.insert(place, witness);
        }
    }

    /// The same, where the workflow's own table does it, too.
    fn breaks_too(&mut self, place: Place, end: crate::explore::End<'_>) {
        let (at, _, class) = place;
        if at == 0 && !self.found.own.contains_key(&class) {
            let witness = Witness { alone: true, ..witness::witness(self, place, end) };
            self.found.own.insert(class, witness);
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
