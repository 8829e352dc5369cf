//! What several tests share: the tables that everything is tried on.
#![allow(dead_code, reason = "each test uses a part of it")]

#[macro_use]
pub(crate) mod backend;
pub(crate) mod cluster;
pub(crate) mod facts;
pub(crate) mod judge;
pub(crate) mod live;
pub(crate) mod node;
pub(crate) mod program;
pub(crate) mod shape;
pub(crate) mod sql;

use std::path::{Path, PathBuf};

use phasegate_codegen::Loaded;

/// The repository's folder.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The deploy table, the one before it, and every table in `tests/tables`.
pub(crate) fn tables() -> Vec<Loaded> {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(root().join("tests/tables"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .collect();
    paths.sort();
    assert!(paths.len() >= 12, "the published machines are missing");
    let own = ["deploy.toml", "migrations/tables/0001.toml"].map(|path| root().join(path));
    own.into_iter().chain(paths).map(|path| load(&path)).collect()
}

/// A valid table.
pub(crate) fn load(path: &Path) -> Loaded {
    phasegate_codegen::load(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
