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

pub mod accepted;
pub mod artifact;
mod checked;
pub mod compat;
pub mod emit;
pub mod finding;
pub mod graph;
#[doc(hidden)] // for the command
pub mod load;
pub mod machine;
pub mod migrate;
mod pipeline;
pub mod rules;
mod runs;
mod search;
#[doc(hidden)] // for the command
pub mod suggest;
pub mod table;
mod validate;
pub mod verify;
pub mod workflow;

pub use checked::{Checked, check, checked};
pub use finding::Finding;
pub use load::{Error, Loaded, load, machine};
pub use machine::Machine;
pub use pipeline::{Settled, generate, render, settle};
