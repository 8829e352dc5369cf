//! The layers, each run as its users run it, over many tables at once.

mod databases;
mod http;
mod script;
mod validators;

pub(crate) use http::can_serve;

use crate::equivalence::cases::{Answers, Case};

/// A place where transitions are judged.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Layer {
    /// What `accepts` and `phases` run on.
    Interpreter,
    /// The generated Rust, compiled: one program for all tables.
    Rust,
    /// The generated module, in node: one process for all tables.
    Js,
    /// The generated TypeScript, compiled at once, in node.
    Ts,
    /// SQLite in memory, by plain statements.
    Sqlite,
    /// A PostgreSQL server, by plain statements.
    Postgres,
    /// PostgreSQL 18 in node (PGlite), by plain statements.
    Pglite,
    /// Reports over HTTP, to a backend on SQLite.
    Http,
}

impl Layer {
    /// What it says about each of some cases.
    pub(crate) fn judge(self, cases: &[Case]) -> Vec<Answers> {
        match self {
            Self::Interpreter => cases.iter().map(validators::interpreter).collect(),
            Self::Rust => validators::rust(cases),
            Self::Js => validators::js(cases),
            Self::Ts => validators::ts(cases),
            Self::Sqlite => databases::sqlite(cases),
            Self::Postgres => databases::postgres(cases),
            Self::Pglite => databases::pglite(cases),
            Self::Http => cases.iter().map(http::judge).collect(),
        }
    }
}
