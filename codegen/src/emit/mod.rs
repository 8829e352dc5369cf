//! The targets: each turns the machine into the artifacts of one layer. A target is a file here, a
//! folder of templates, and a row of [`TARGETS`], which all else derives from: the reader, the JSON
//! Schema, the defaults, the checks of paths and names, the command line.

pub mod docs;
pub mod js;
pub mod json;
pub mod rust;
mod script;
pub mod sql;
mod target;
pub mod ts;
pub mod workflow;

pub(crate) use target::{Erased, normal};
pub use target::{Form, Kind, Output, PathRow, PathTarget, Target, Words};

/// Every target, in the order in which they are generated.
#[rustfmt::skip]
pub static TARGETS: &[&dyn Kind] = &[
    &rust::Rust,
    &sql::Sql,
    &workflow::Workflow,
    &js::Js,
    &ts::Ts,
    &json::Json,
    &docs::Docs,
];
