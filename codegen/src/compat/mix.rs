//! The layers, and which version each of them has.

use serde::Serialize;

/// A layer that has a version of its own.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Layer {
    /// The database's states, transitions and guards.
    Database,
    /// The validator and the routes around it.
    Backend,
    /// The page with its status map.
    Page,
    /// The jobs, and the script that reports for them.
    Workflow,
}

impl Layer {
    /// Every layer, in the order in which a release rolls them out where any order will do.
    pub const ALL: [Self; 4] = [Self::Database, Self::Backend, Self::Page, Self::Workflow];

    /// Every layer, in the order in which a mix is shown.
    pub(super) const SHOWN: [Self; 4] = [Self::Workflow, Self::Backend, Self::Database, Self::Page];

    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Database => "database",
            Self::Backend => "backend",
            Self::Page => "page",
            Self::Workflow => "workflow",
        }
    }
}

/// Which version each layer has, by its place among the versions.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Mix {
    /// Of the workflow.
    pub workflow: usize,
    /// Of the backend.
    pub backend: usize,
    /// Of the database.
    pub database: usize,
    /// Of the page.
    pub page: usize,
}

impl Mix {
    /// Every layer of one version.
    pub const fn all(version: usize) -> Self {
        Self { workflow: version, backend: version, database: version, page: version }
    }

    /// The version of a layer.
    pub const fn of(self, layer: Layer) -> usize {
        match layer {
            Layer::Workflow => self.workflow,
            Layer::Backend => self.backend,
            Layer::Database => self.database,
            Layer::Page => self.page,
        }
    }

    /// The same with another version of one layer.
    #[must_use]
    pub const fn with(mut self, layer: Layer, version: usize) -> Self {
        match layer {
            Layer::Workflow => self.workflow = version,
            Layer::Backend => self.backend = version,
            Layer::Database => self.database = version,
            Layer::Page => self.page = version,
        }
        self
    }

    /// What reports meet.
    pub const fn receiver(self) -> Receiver {
        Receiver { backend: self.backend, database: self.database }
    }
}

/// What reports meet: a backend and its database.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Receiver {
    /// The backend's version.
    pub backend: usize,
    /// The database's version.
    pub database: usize,
}
