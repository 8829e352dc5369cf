//! Where all jobs of a run are, in as few bits as tell them apart.

use smallvec::SmallVec;

use super::job::{Job, JobResult, RESULTS, Stage};
use super::workflow::{Plan, Workflow};

/// Where each job is, packed by a [`Layout`].
pub(crate) type Jobs = SmallVec<[u64; 4]>;

/// Which bits are whose.
#[derive(Debug)]
pub(crate) struct Layout {
    fields: Vec<Field>,
    words: usize,
    /// Whether the work that a job had done when it ended is kept.
    pub(crate) keeps_done: bool,
}

#[derive(Clone, Copy, Debug)]
struct Field {
    word: usize,
    shift: u32,
    mask: u64,
    /// How many reports it sends before its outcome.
    before: u64,
    /// The first number of a job that is over.
    over: u64,
    has_start: bool,
    /// How many amounts of work an ended job is told apart by.
    amounts: u64,
}

impl Layout {
    pub(crate) fn of(workflow: &Workflow<'_>, keeps_done: bool) -> Self {
        let (mut word, mut shift) = (0, 0);
        let field = |plan: &Plan| {
            let before = plan.before.len() as u64;
            let amounts = if keeps_done { u64::from(plan.pieces) + 1 } else { 1 };
            let over = 1 + 2 * (before + 1);
            let codes = over + RESULTS.len() as u64 * amounts;
            let bits = u64::BITS - (codes - 1).leading_zeros();
            if shift + bits > u64::BITS {
                (word, shift) = (word + 1, 0);
            }
            let mask = (1 << bits) - 1;
            let has_start = plan.has_start;
            let field = Field { word, shift, mask, before, over, has_start, amounts };
            shift += bits;
            field
        };
        let fields: Vec<Field> = workflow.plans.iter().map(field).collect();
        let words = fields.last().map_or(0, |last| last.word + 1);
        Self { fields, words, keeps_done }
    }

    /// How many jobs there are.
    pub(crate) fn len(&self) -> usize {
        self.fields.len()
    }

    /// All jobs of a run that has not begun.
    pub(crate) fn waiting(&self) -> Jobs {
        SmallVec::from_elem(0, self.words)
    }

    /// The number that says where one job is.
    pub(crate) fn code(&self, jobs: &Jobs, job: usize) -> u64 {
        let Field { word, shift, mask, .. } = self.fields[job];
        jobs[word] >> shift & mask
    }

    pub(crate) fn set_code(&self, jobs: &mut Jobs, job: usize, code: u64) {
        let Field { word, shift, mask, .. } = self.fields[job];
        jobs[word] = jobs[word] & !(mask << shift) | code << shift;
    }

    /// Where one job is.
    pub(crate) fn job(&self, jobs: &Jobs, job: usize) -> Job {
        let Field { before, over, has_start, amounts, .. } = self.fields[job];
        let code = self.code(jobs, job);
        if code == 0 {
            return Job::WAITING;
        }
        if let Some(ended) = code.checked_sub(over) {
            let result = RESULTS[half(ended / amounts) as usize];
            return Job::over(result, half(ended % amounts));
        }
        let (stage, set_out) = match code - 1 {
            working if working <= before => (Stage::Working, working),
            failing => (Stage::Failing, failing - before - 1),
        };
        let set_out = half(set_out);
        Job { stage, set_out, done: set_out - u16::from(has_start && set_out > 0) }
    }

    pub(crate) fn set(&self, jobs: &mut Jobs, job: usize, to: Job) {
        let Field { before, over, amounts, .. } = self.fields[job];
        let code = match to.stage {
            Stage::Waiting => 0,
            Stage::Working => 1 + u64::from(to.set_out),
            Stage::Failing => 2 + before + u64::from(to.set_out),
            Stage::Over(result) => {
                let done = if self.keeps_done { u64::from(to.done) } else { 0 };
                over + result as u64 * amounts + done
            }
        };
        self.set_code(jobs, job, code);
    }

    /// What became of a job that is over.
    pub(crate) fn result(&self, jobs: &Jobs, job: usize) -> Option<JobResult> {
        self.job(jobs, job).result()
    }

    pub(crate) fn is_over(&self, jobs: &Jobs, job: usize) -> bool {
        self.code(jobs, job) >= self.fields[job].over
    }

    /// Whether a job succeeded: the first of the results.
    pub(crate) fn succeeded(&self, jobs: &Jobs, job: usize) -> bool {
        let Field { over, amounts, .. } = self.fields[job];
        (over..over + amounts).contains(&self.code(jobs, job))
    }

    /// How far all jobs are: no step of a job makes it less.
    pub(crate) fn rank(&self, jobs: &Jobs) -> usize {
        let far = |job: usize| {
            let Field { before, over, .. } = self.fields[job];
            match self.code(jobs, job) {
                code if code >= over => before + 2,
                failing if failing >= 2 + before => failing - before - 1,
                working => working.saturating_sub(1),
            }
        };
        let all: u64 = (0..self.fields.len()).map(far).sum();
        usize::try_from(all).expect("a table of a mebibyte has fewer")
    }
}

fn half(number: u64) -> u16 {
    u16::try_from(number).expect("a table of a mebibyte has fewer")
}
