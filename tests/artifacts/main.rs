//! What is generated, held to the table: run, compiled, checked by checkers that others wrote, and
//! broken on purpose.
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

#[path = "../common/mod.rs"]
#[macro_use]
mod common;

mod checkers;
mod equivalence;
mod js;
mod mutants;
mod notify;
mod notify_answers;
mod notify_log;
mod notify_time;
mod notify_tools;
mod page;
mod rust;
mod ts;
mod workflow;
mod workflow_runs;
