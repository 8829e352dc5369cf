//! Runs of a table's workflow, all of them: every outcome of every job, every report lost that may
//! be, every interleaving of jobs that can run side by side, and each run started again.
//!
//! A run is a path through *situations*: where each job is, what the row's history is, and what is
//! remembered for the claims. Situations that are the same are explored once, shortest paths first,
//! so that the first one found to break a claim is a shortest counterexample; the number of runs is
//! counted along the paths without walking each.

mod histories;
mod job;
mod memory;
mod path;
mod receiver;
mod runs;
mod search;
mod situation;
mod situations;
mod step;
mod workflow;

pub use job::Result;
pub(crate) use memory::current_in;
pub use memory::{Memory, Stepper};
pub use path::Path;
pub use receiver::{Answer, Receiver};
pub use runs::{Claim, Listed, Runs};
pub use search::{Mode, search};
pub(crate) use situations::Situations;
pub(crate) use step::Step;
pub use workflow::Workflow;

/// The most situations that one search keeps; what lies beyond is not claimed.
pub const MOST_SITUATIONS: usize = 1 << 18;
