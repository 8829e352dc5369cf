//! The schema as a list of objects: what is printed, what a migration makes anew or takes out, and what
//! a live database is compared with.

use super::names::SqlNames;
use super::observe::Observed;
use super::quote::literal;
use super::renames::Renames;
use super::rows::Rows;
use crate::emit::sql::{Dialect, Mode, SqlTarget};
use crate::machine::Machine;

/// What kind of thing an object is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// A statement that leaves nothing of its own behind.
    Step,
    /// An enum type.
    Type,
    /// A table.
    Table,
    /// An index.
    Index,
    /// A view.
    View,
    /// A function.
    Function,
    /// A trigger.
    Trigger,
}

impl Kind {
    /// The word that SQL and catalogs use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Step => "step",
            Self::Type => "type",
            Self::Table => "table",
            Self::Index => "index",
            Self::View => "view",
            Self::Function => "function",
            Self::Trigger => "trigger",
        }
    }
}

/// A column of a table.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its type, whether it may be null, and its default.
    pub is: String,
    /// What makes it the key; empty where it is none.
    pub primary: &'static str,
}

/// One object of a schema.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Object {
    /// What it is.
    pub kind: Kind,
    /// Its name, as it is.
    pub name: String,
    /// The table that an index or a trigger stands on.
    pub on: String,
    /// A table's columns.
    pub columns: Vec<Column>,
    /// A table's constraints of more than one column.
    pub constraints: Vec<String>,
    /// What a function or a trigger of PostgreSQL's has outside of its body: language, rights and settings,
    /// or when it fires and what it calls.
    pub attributes: String,
    /// What a function runs, or a view selects.
    pub body: String,
    /// The statement that makes it.
    pub sql: String,
    /// What is said of it above that.
    pub comment: String,
}

impl Object {
    /// Whether both are the same thing, however they are made.
    pub fn is(&self, other: &Self) -> bool {
        (self.kind, &self.name, &self.on) == (other.kind, &other.name, &other.on)
    }

    /// The statement that takes it out. SQLite's guards are gone where their table was made anew.
    pub(super) fn drop(&self, n: &SqlNames) -> String {
        let exists = if self.on == n.table_name { " IF EXISTS" } else { "" };
        format!("DROP {}{exists} {};", self.kind.as_str().to_uppercase(), n.of(&self.name))
    }

    /// The statement that puts it in the place of what is there, on PostgreSQL.
    pub(super) fn anew(&self) -> String {
        match self.kind {
            Kind::Function | Kind::View if !self.sql.starts_with("CREATE OR") => {
                self.sql.replacen("CREATE ", "CREATE OR REPLACE ", 1)
            }
            Kind::Step
            | Kind::Type
            | Kind::Table
            | Kind::Index
            | Kind::View
            | Kind::Function
            | Kind::Trigger => self.sql.clone(),
        }
    }
}

/// The objects in the order that they are made in, as a text.
pub(super) fn text(header: &str, objects: &[Object]) -> String {
    let mut text = format!("-- {header}\n");
    let mut before = None;
    for object in objects {
        let follows = before == Some(object.kind) || object.kind == Kind::Index;
        let apart = !follows || object.kind != Kind::Trigger && object.kind != Kind::Index;
        if apart || !object.comment.is_empty() {
            text.push('\n');
        }
        text += &object.comment;
        text += object.sql.trim_end();
        text.push('\n');
        before = Some(object.kind);
    }
    text
}

/// What puts SQLite's guards back on a table that was made anew.
pub(super) fn guards(header: &str, objects: &[Object], n: &SqlNames) -> String {
    let is_guard = |object: &&Object| object.kind == Kind::Trigger && object.on == n.table_name;
    let guards: Vec<Object> = objects.iter().filter(is_guard).cloned().collect();
    let drops: Vec<String> = guards.iter().map(|guard| guard.drop(n)).collect();
    let about = format!(
        "{header}\n--\n-- Only the guards of {}. SQLite has no statement for most changes of a table: tools make it\n\
         -- anew, copy the rows, drop the old one and rename (Alembic's batch mode, Django, Prisma), and its\n\
         -- triggers are gone with the old one. This puts them back: run it after the rename, in the same\n\
         -- transaction.\n{}",
        n.table_name,
        drops.join("\n")
    );
    text(&about, &guards)
}

/// What objects are made of: a machine and its target, and what a migration has them say otherwise.
#[derive(Clone)]
pub struct Schema<'m> {
    pub(super) machine: &'m Machine,
    pub(super) sql: &'m SqlTarget,
    pub(super) dialect: Dialect,
    pub(super) rows: Rows<'m>,
    /// What states of former rules are called now.
    pub(super) renames: Renames<'m>,
    pub(super) mode: Mode,
    pub(super) observed: Option<Observed>,
}

impl<'m> Schema<'m> {
    /// That of a machine which has no former rules.
    pub fn new(machine: &'m Machine, sql: &'m SqlTarget, dialect: Dialect) -> Self {
        Self {
            machine,
            sql,
            dialect,
            rows: Rows::of(machine),
            renames: Renames::new(),
            mode: sql.mode,
            observed: Observed::of(machine, sql.mode),
        }
    }

    /// The same in a mode.
    pub fn in_mode(self, mode: Mode) -> Self {
        Self { mode, observed: Observed::of(self.machine, mode), ..self }
    }
}

/// What the column holds for the default state, as a literal.
pub fn default(machine: &Machine) -> String {
    let state = machine.state(machine.initial[0]);
    state.number.map_or_else(|| literal(&state.value), |number| number.to_string())
}
