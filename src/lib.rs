//! The runtime of phasegate: what a backend embeds to judge reports by a transition table.
#![cfg_attr(not(feature = "store"), no_std)]

#[cfg(feature = "console")]
pub mod console;
pub mod machine;

pub use machine::{Machine, Outcome, StateId, Verdict, View};
