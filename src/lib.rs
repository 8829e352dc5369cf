//! The runtime of phasegate: what a backend embeds to judge reports by a transition table.
//!
//! - [`Machine`]: what the runtime asks of a table, implemented by [`machine!`] over generated Rust.
//! - `store` (feature `sqlite` or `postgres`): `Store::apply_callback`, the one door through which
//!   a status changes, and what the database's history says.
//! - `http` (feature `http`): the HTTP interface as an axum router, and a server around it.
//! - `console` (feature `console`): the page that lists rows, starts one and shows it live.
//!
//! Without features there is only the trait: no dependency, and `no_std` with `alloc`.
#![cfg_attr(not(feature = "store"), no_std)]

extern crate alloc;

#[cfg(feature = "console")]
pub mod console;
#[cfg(feature = "http")]
pub use axum;
#[cfg(feature = "http")]
pub mod http;
pub mod machine;
mod macros;
mod schema;
#[cfg(feature = "store")]
pub mod store;
#[doc(hidden)] // for the generator
pub mod text;

pub use machine::{Machine, Outcome, StateId, Verdict, View};
pub use schema::{ColumnType, Schema};
#[cfg(feature = "store")]
pub use store::{Answer, Report, Store};
