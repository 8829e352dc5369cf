//! Every layer accepts exactly what the table says: each is run as its users run it, and compared
//! with an oracle that shares no code with the generator.
//!
//! `PHASEGATE_CASES` is the number of random tables per layer.

#![allow(clippy::unwrap_used, reason = "a test may panic")]
#![allow(
    clippy::type_complexity,
    clippy::wildcard_enum_match_arm,
    reason = "what layers answer is compared once, where it is read"
)]

mod backend;
#[path = "equivalence/cases.rs"]
mod cases;
#[path = "equivalence/compare.rs"]
mod compare;
#[path = "equivalence/fixtures.rs"]
mod fixtures;
#[path = "equivalence/layers/mod.rs"]
mod layers;
#[path = "common/node.rs"]
mod node;
#[path = "equivalence/oracle/mod.rs"]
mod oracle;
#[path = "common/program.rs"]
mod program;
#[path = "equivalence/random.rs"]
mod random;
#[path = "equivalence/recipe/mod.rs"]
mod recipe;
#[path = "common/sql.rs"]
mod sql;
