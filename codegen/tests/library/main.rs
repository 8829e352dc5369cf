//! What the library reads, validates, proves and renders: whatever needs no command.
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

#[path = "../common/mod.rs"]
mod common;
mod every_run;
mod sides;
mod tables;

mod bulk;
mod compat;
mod compat_alone;
mod compat_application;
mod compat_facts;
mod compat_helps;
mod compat_leaving;
mod compat_random;
mod compat_rules;
mod compat_runs;
mod compat_same;
mod compat_today;
mod conclusion;
mod counterexamples;
mod expressions;
mod fingerprints;
mod fuzz;
mod interpreter;
mod judge;
mod limits;
mod limits_of_verify;
mod meaning;
#[path = "../../examples/order/tests/artifacts.rs"]
mod order_artifacts;
mod phases;
mod promela;
mod protocol;
mod refusals;
mod refusals_at_their_edges;
mod refusals_of_names;
mod refusals_of_states;
mod refusals_of_types;
mod refusals_that_lead_out;
mod remedies;
mod rendering;
mod runs;
mod spin;
mod sql;
mod stepper;
mod unfinished;
mod verify;
mod verify_at_its_edges;
mod warnings;
