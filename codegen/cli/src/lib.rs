//! The command `phasegate`, and what it needs beyond the library: databases that are live.

pub mod command;
pub mod draft;
pub mod live;
