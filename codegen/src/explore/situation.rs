//! One situation of a run, as words: where the row is, what is remembered for the claims, where each
//! job is.

use crate::runs::Job;

/// A report was lost.
pub(crate) const LOST: u64 = 1;
/// A report that is not tolerated said the end that the row is in.
pub(crate) const SAID: u64 = 2;
/// The run was started again.
pub(crate) const AGAIN: u64 = 4;
/// It was started again for a row that had come to a terminal state.
pub(crate) const ENDED: u64 = 8;
/// Started again, a report that is not tolerated was refused.
pub(crate) const REFUSED: u64 = 16;
/// A job was lost or cancelled after it reported its end.
pub(crate) const LATE: u64 = 32;
/// The words before those of the jobs. After them come the phases that were shown as done when the
/// run was started again, a bit each.
pub(crate) const HEAD: usize = 2;

/// A situation at hand.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Situation {
    pub(crate) words: Vec<u64>,
}

impl Situation {
    pub(crate) fn job(&self, job: usize) -> Job {
        Job::unpack(self.words[HEAD + job])
    }
    pub(crate) fn set_job(&mut self, job: usize, to: Job) {
        self.words[HEAD + job] = to.pack();
    }
    pub(crate) fn history(&self) -> u32 {
        history_of(&self.words)
    }
    pub(crate) fn attempted(&self) -> u32 {
        u32::try_from(self.words[0] >> 32).expect("half a word is half a word")
    }
    pub(crate) fn set_row(&mut self, history: u32, attempted: u32) {
        self.words[0] = u64::from(history) | u64::from(attempted) << 32;
    }
    pub(crate) fn is(&self, flag: u64) -> bool {
        self.words[1] & flag != 0
    }
    pub(crate) fn set(&mut self, flag: u64, to: bool) {
        self.words[1] = if to { self.words[1] | flag } else { self.words[1] & !flag };
    }
    pub(crate) fn jobs(&self, jobs: usize) -> impl Iterator<Item = Job> + '_ {
        self.words[HEAD..][..jobs].iter().map(|&word| Job::unpack(word))
    }
}

/// The history in a situation's words.
pub(crate) fn history_of(words: &[u64]) -> u32 {
    u32::try_from(words[0] & 0xffff_ffff).expect("half a word is half a word")
}

/// A job in a situation's words.
pub(crate) fn job_of(words: &[u64], job: usize) -> Job {
    Job::unpack(words[HEAD + job])
}
