//! Runs of a table's workflow: what the jobs are, what each can do next, and what of that is sent to
//! the receiver of their reports. The models of `verify` and `compat` are made of this.
//!
//! A run is started for a row in some initial state. Every outcome of every job belongs to it, every
//! report lost that may be, every interleaving of jobs that can run concurrently, and each run
//! started again.
//!
//! A report that is applied and whose answer is lost in every try makes no run of its own: a job that
//! tolerates it goes on as after an answer, and one that does not fails. Before its outcome that is a
//! job whose work fails after the report; with its outcome, one that is lost after it reported, and
//! what is claimed of those is `workflow-late-loss` only. Reports of one job come in the order in
//! which it sends them: one that overtakes another is the receiver's business, which
//! `tests/library/protocol.rs` explores.

mod alike;
mod job;
mod layout;
mod next;
mod path;
mod step;
mod workflow;

pub(crate) use crate::machine::Became;
pub(crate) use alike::{Alike, walk};
pub(crate) use job::{Job, JobResult};
pub(crate) use layout::{Jobs, Layout};
pub(crate) use next::{Receive, Run, Runs, Sent, Taken};
pub use path::Path;
pub(crate) use path::{Departure, Describes, describe, judged, legal};
pub(crate) use step::{Does, Fate, Step};
pub(crate) use workflow::{Decides, Plan, Workflow, Written, phase_of};
