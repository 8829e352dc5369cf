//! Runs of a table's workflow, all of them: every outcome of every job, every report lost that may
//! be, every interleaving of jobs that can run side by side, from every state that a row may start
//! in, and each run started again.
//!
//! A run is a path through *situations*: where each job is, what the row's history is, and what is
//! remembered for the claims. Situations that are the same are explored once, and each keeps its
//! shortest path, so that what breaks a claim is shown by a shortest counterexample where everything
//! was tried; the number of runs is counted along the paths without walking each.
//!
//! A report that is applied and whose answer is lost in every try makes no run of its own: a job that
//! tolerates it goes on as after an answer, and one that does not fails. Before its outcome that is a
//! job whose work fails after the report; with its outcome, one that is lost after it reported, and
//! what is claimed of those is `workflow-late-loss` alone. Reports of one job come in the order in
//! which it sends them: one that overtakes another is the receiving end's business, which
//! `tests/library/protocol.rs` explores.

mod histories;
mod memory;
mod path;
mod runs;
mod search;
mod situation;
mod situations;

pub(crate) use crate::runs::{Became, Fate, Job, JobResult, Plan, Stage, Step, Workflow, phase_of};
pub(crate) use memory::current_in;
pub use memory::{Memory, Stepper};
pub use path::Path;
pub(crate) use path::{Tells, steps, trace};
pub use runs::{Claim, Listed, Runs, Way};
pub(crate) use search::{Choices, Effects, End, Explorer, Sent};
pub use search::{Mode, search};
pub(crate) use situation::{AGAIN, HEAD, LATE, LOST, Situation, history_of, job_of as job_in};
pub(crate) use situations::Situations;

/// The most situations that one search keeps; what lies beyond is not claimed.
pub const MOST_SITUATIONS: usize = 1 << 18;
