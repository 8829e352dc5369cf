//! Reads one transition table and generates every layer of a status column from it.
//!
//! A build script brings the artifacts up to date with [`generate`], and a test holds them there
//! with [`check`]:
//!
//! ```no_run
//! phasegate_codegen::generate("deploy.toml".as_ref()).expect("deploy.toml can be generated from");
//! ```
//!
//! ```no_run
//! #[test]
//! fn the_artifacts_are_what_the_table_gives() {
//!     phasegate_codegen::check("deploy.toml".as_ref()).unwrap().assert_current();
//! }
//! ```
//!
//! [`load`] gives the validated [`Machine`] for reading: its states, its legal transitions, what pages show.
//!
//! ```no_run
//! let loaded = phasegate_codegen::load("deploy.toml".as_ref()).expect("a valid table");
//! for (from, to, kind) in loaded.machine.transitions() {
//!     let name = |state| &loaded.machine.state(state).name;
//!     println!("{} -> {} ({})", name(from), name(to), kind.as_str());
//! }
//! ```
//!
//! That is all that is meant for others. What else is public is for the command `phasegate`, and changes
//! with it.

mod checked;
pub mod machine;
mod pipeline;
mod runs;
mod search;
mod validate;

// For the command of the same version.
#[doc(hidden)]
pub mod accepted;
#[doc(hidden)]
pub mod artifact;
#[doc(hidden)]
pub mod compat;
#[doc(hidden)]
pub mod emit;
#[doc(hidden)]
pub mod finding;
#[doc(hidden)]
pub mod graph;
#[doc(hidden)]
pub mod load;
#[doc(hidden)]
pub mod migrate;
#[doc(hidden)]
pub mod query;
#[doc(hidden)]
pub mod rules;
#[doc(hidden)]
pub mod suggest;
#[doc(hidden)]
pub mod table;
#[doc(hidden)]
pub mod verify;
#[doc(hidden)]
pub mod workflow;

pub use artifact::{FileResult, FileState};
#[doc(hidden)]
pub use checked::checked;
pub use checked::{Checked, check};
pub use finding::{Finding, Severity};
pub use load::{Error, Loaded, load, machine};
pub use machine::Machine;
pub use pipeline::{Generated, generate};
#[doc(hidden)]
pub use pipeline::{render, sync};
