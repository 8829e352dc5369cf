//! Every layer accepts exactly what the table says: each is run as its users run it, and compared
//! with an oracle that shares no code with the generator.
//!
//! `PHASEGATE_CASES` is the number of random tables per layer.

#![allow(
    clippy::type_complexity,
    clippy::wildcard_enum_match_arm,
    reason = "what layers answer is compared once, where it is read"
)]

mod cases;
mod compare;
mod fixtures;
mod layers;
mod oracle;
mod random;
mod recipe;
