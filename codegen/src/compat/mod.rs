//! May one version of a table follow another while everything runs: which change hurts whom, which
//! mixes of old and new layers are safe, in which order to roll out and back.
//!
//! The rules read the two tables; the mixes run what the layers of each would do, all of it. A rule
//! names the reason, a mix proves it: whatever goes wrong in a mix has a change that is its reason.

mod accepted;
mod exploration;
mod facts;
mod help;
mod layers;
mod mix;
mod mixed;
mod mixes;
mod moves;
mod order;
mod receives;
mod render;
mod road;
mod rules;
mod runs;
mod shows;
mod source;
mod walks;
mod weigh;
mod window;
mod witness;
mod words;

pub use crate::runs::Path;
pub use accepted::accept;
pub use exploration::{Class, Degradation, Tried, Witness};
pub use facts::{Cause, Fact};
pub use layers::{By, Meaning, ReportResult, Value, Why, World};
pub use mix::{Layer, Mix, Receiver};
pub use mixes::{Judged, MixSafety};
pub use order::{Before, Direction, Order, Orders};
pub use rules::{Change, Side, changes, rules};
pub use source::{Origin, Version};
pub use weigh::{Comparison, Refused, Weighed, compare};
pub use window::{Window, window};
