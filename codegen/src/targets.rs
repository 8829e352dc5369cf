//! What is generated and where to: the targets of a table, their defaults filled in.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The targets that have a section in the table.
#[derive(Clone, Debug, Default)]
pub struct Targets {
    /// The folder that paths are relative to, from the table's own; none for the table's own.
    pub root: Option<String>,
    /// The Rust validator.
    pub rust: Option<RustTarget>,
    /// The schema and guards of the databases.
    pub sql: Option<SqlTarget>,
    /// The workflow's callbacks.
    pub workflow: Option<WorkflowTarget>,
    /// The page's status map.
    pub js: Option<PathTarget>,
    /// The view as data.
    pub json: Option<PathTarget>,
    /// The page for people.
    pub docs: Option<PathTarget>,
}

/// A target that is one file.
#[derive(Clone, Debug)]
pub struct PathTarget {
    /// The file, from the root, with `/`.
    pub path: String,
}

/// `[target.rust]`.
#[derive(Clone, Debug)]
pub struct RustTarget {
    /// The file, from the root, with `/`.
    pub path: String,
    /// The name of the status enum.
    pub type_name: String,
    /// The trait support asked for.
    pub derive: Vec<Derive>,
}

/// Trait support of the generated Rust.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, Ord, PartialEq, PartialOrd)]
#[serde(rename_all = "lowercase")]
pub enum Derive {
    /// `serde::Serialize` and `Deserialize`.
    Serde,
    /// `sqlx::Type`, `Encode` and `Decode`.
    Sqlx,
    /// `schemars::JsonSchema`.
    Schemars,
}

/// `[target.sql]`.
#[derive(Clone, Debug)]
pub struct SqlTarget {
    /// The databases, each once, in the order of [`Dialect`].
    pub dialects: Vec<Dialect>,
    /// The folder of the whole schemas.
    pub path: String,
    /// PostgreSQL's schema.
    pub schema: Option<String>,
    /// The table that holds the status column.
    pub table: String,
    /// Whether phasegate makes that table.
    pub owns: bool,
    /// Its key column.
    pub key: String,
    /// That column's type.
    pub key_type: KeyType,
    /// The status column.
    pub column: String,
    /// The status column's type in PostgreSQL.
    pub storage: Storage,
    /// The history's table; none where the table says `false`.
    pub events: Option<String>,
    /// What becomes of a write that no transition allows.
    pub mode: Mode,
    /// The folder of each dialect's migrations.
    pub migrations: BTreeMap<Dialect, String>,
}

/// A database.
#[derive(
    Clone, Copy, Debug, Deserialize, Eq, Hash, JsonSchema, Ord, PartialEq, PartialOrd, Serialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Dialect {
    /// PostgreSQL.
    Postgres,
    /// SQLite.
    Sqlite,
}

impl Dialect {
    /// Every dialect.
    pub const ALL: [Self; 2] = [Self::Postgres, Self::Sqlite];

    /// The word that the table and paths use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Postgres => "postgres",
            Self::Sqlite => "sqlite",
        }
    }
}

/// The type of the key column.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum KeyType {
    /// Text.
    #[default]
    Text,
    /// A UUID.
    Uuid,
    /// A 64-bit number.
    Bigint,
}

impl KeyType {
    /// The word that the table uses.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Uuid => "uuid",
            Self::Bigint => "bigint",
        }
    }
}

/// The type of the status column in PostgreSQL.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum Storage {
    /// An enum type.
    #[default]
    Enum,
    /// Text.
    Text,
}

impl Storage {
    /// The word that the table uses.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Enum => "enum",
            Self::Text => "text",
        }
    }
}

/// What becomes of a write that no transition allows.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// It is refused.
    #[default]
    Enforce,
    /// It is let through, marked in the history, and counted by pair.
    Observe,
}

impl Mode {
    /// The word that the table and the databases use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Enforce => "enforce",
            Self::Observe => "observe",
        }
    }
}

/// `[target.workflow]`.
#[derive(Clone, Debug)]
pub struct WorkflowTarget {
    /// The folder of the workflow, the snippets and the action.
    pub path: String,
    /// The workflow input without which no report is sent.
    pub id_input: String,
    /// What `uses:` says.
    pub action: String,
    /// The workflows written by hand whose report steps are kept current, from the root.
    pub workflows: Vec<String>,
}
