//! Migrations: what leads a database from one table to the next, or from nothing to the first.

mod impossible;
mod postgres;
mod sqlite;

use askama::Template;

use super::names::SqlNames;
use super::objects::{self, Kind, Object, Schema};
use super::quote::{literal, quoted};
use super::renames::{Matched, renames};
use super::rows::Rows;
use crate::emit::sql::{ColumnType, Dialect, Storage};
use crate::machine::{Machine, StateId};
pub use impossible::Impossible;

/// One file of a migration; each is run in a transaction of its own.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Migration {
    /// What it does, in words with `_` between them.
    pub name: String,
    /// The whole file.
    pub text: String,
}

/// The migrations from the tables as they were, oldest first, to the table as it is, in their
/// order: none where the database needs none; from no table before, what makes the tables.
///
/// Each is a transaction. On PostgreSQL a label that a file adds is used only by the next
/// one (error 55P04 otherwise), and a rename of what is stored takes three: both names, the rename,
/// only the new name. None takes a lock on the table that writers wait for.
///
/// # Errors
/// Everything that no migration can do.
pub fn migrations(
    before: &[&Machine],
    new: &Machine,
    dialect: Dialect,
) -> Result<Vec<Migration>, Vec<Impossible>> {
    migrations_of(before, new, dialect, false)
}

/// The same. On PostgreSQL a file that renames a label of an application's own type refuses where other
/// columns have that type, unless it is known to be `shared`.
///
/// # Errors
/// Everything that no migration can do.
pub(crate) fn migrations_of(
    before: &[&Machine],
    new: &Machine,
    dialect: Dialect,
    shared: bool,
) -> Result<Vec<Migration>, Vec<Impossible>> {
    let has_it = |machine: &Machine| {
        machine.targets.sql().is_some_and(|sql| sql.dialects.contains(&dialect))
    };
    let Some(sql) = new.targets.sql().filter(|_| has_it(new)) else {
        return Ok(Vec::new());
    };
    let header = header(new, dialect);
    let before: Vec<&Machine> = before.iter().copied().filter(|old| has_it(old)).collect();
    let (renames_now, ambiguous) = renames(&before, new);
    let now = Schema { renames: renames_now, ..Schema::new(new, sql, dialect) };
    let Some((&old, old_sql)) = before.last().and_then(|old| Some((old, old.targets.sql()?)))
    else {
        let name = format!("create_{}", new.name);
        return Ok(vec![Migration { name, text: objects::text(&header, &now.objects()) }]);
    };
    let (renames_then, _) = renames(&before[..before.len() - 1], old);
    let was = Schema { renames: renames_then, ..Schema::new(old, old_sql, dialect) };
    // The guard's mode is switched by a file of its own, after what changes the rules: so that what was
    // observed can be made legal and enforced in one go.
    let between = Schema { mode: was.mode, observed: was.observed.clone(), ..now.clone() };
    let n = SqlNames::new(new, sql, dialect);
    let change = Change {
        n: &n,
        header: &header,
        shared,
        matched: Matched::new(old, new),
        was,
        now: between,
    };
    let impossible = change.impossible(&before, &ambiguous);
    if !impossible.is_empty() {
        return Err(impossible);
    }
    let mut files = match dialect {
        Dialect::Postgres => change.postgres(),
        Dialect::Sqlite => change.sqlite(),
    };
    files.splice(..0, change.columns(&before));
    files.extend(change.switch(&now));
    Ok(files)
}

/// The values that a migration renames from one table to the next, old and new.
pub fn renamed<'m>(old: &'m Machine, new: &'m Machine) -> Vec<(&'m str, &'m str)> {
    let matched = Matched::new(old, new);
    let pair = |id| {
        let was = old.state(matched.was(id)?).value.as_str();
        let becomes = new.state(id).value.as_str();
        (was != becomes).then_some((was, becomes))
    };
    new.state_ids().filter_map(pair).collect()
}

/// What an application's own column may still have rows start in, where none does any more, and the
/// statement that mends its default; none on SQLite, which has no such statement.
pub fn stale_default(
    old: &Machine,
    new: &Machine,
    dialect: Dialect,
) -> Option<(Vec<String>, Option<String>)> {
    let sql = new.targets.sql().filter(|sql| !sql.owns)?;
    // A label takes the column's default along to its new name.
    let follows = dialect == Dialect::Postgres && sql.storage == Storage::Enum;
    let matched = Matched::new(old, new);
    let is_stale = |id: &&StateId| {
        let by_value = || new.find_value(&old.state(**id).value);
        let now = if follows { matched.becomes(**id) } else { by_value() };
        !now.is_some_and(|now| new.is_initial(now))
    };
    let stale: Vec<String> =
        old.initial.iter().filter(is_stale).map(|&id| old.state(id).value.clone()).collect();
    let n = SqlNames::new(new, sql, dialect);
    let statement = (dialect == Dialect::Postgres).then(|| {
        let default = objects::default(new);
        format!("ALTER TABLE {} ALTER COLUMN {} SET DEFAULT {default}", n.table, n.column)
    });
    (!stale.is_empty()).then_some((stale, statement))
}

/// What a migration says of itself. It names no file but the next step: a migration never changes.
pub(super) fn header(machine: &Machine, dialect: Dialect) -> String {
    let header = format!(
        "Generated by phasegate for the machine {} (table {}): a migration never changes; \
         change the table, then run `phasegate migrate`.",
        machine.name, machine.fingerprints.table
    );
    match dialect {
        Dialect::Postgres => header,
        Dialect::Sqlite => format!("{header}\n{RUN_ON_SQLITE}"),
    }
}

/// How a migration of SQLite's is run: its shell runs each statement by itself, and goes on after an error.
pub(crate) const RUN_ON_SQLITE: &str = "-- Run it in one transaction, as `phasegate migrate --apply` and tools for migrations do. By hand:\n\
     -- sqlite3 -bail -cmd '.timeout 5000' app.db 'BEGIN IMMEDIATE' '.read FILE' 'COMMIT'";

/// What lies between two tables.
struct Change<'c, 'm> {
    n: &'c SqlNames,
    header: &'c str,
    /// Whether labels may be renamed that other columns hold, too.
    shared: bool,
    matched: Matched,
    was: Schema<'m>,
    now: Schema<'m>,
}

/// A value that changes, as literals.
pub(super) struct Rename {
    from: String,
    to: String,
}

/// One file: what is not asked for is left out.
#[derive(Template)]
#[template(path = "sql/change.sql")]
struct File<'c> {
    header: &'c str,
    n: &'c SqlNames,
    dialect: &'static str,
    owns: bool,
    /// One migration of a machine at a time.
    lock: Option<Object>,
    /// What the table is to have from here on, each a name and a type.
    columns: Vec<String>,
    /// Whether those have to be done who may still act on what was before.
    waits: bool,
    /// The quotes of a block of code, which no label may hold.
    tag: &'c str,
    labels: &'c [postgres::Label],
    /// Whether other columns may have that enum.
    shared: bool,
    /// The labels of the enum that get another name.
    relabelled: &'c [Rename],
    /// That rows are in no state which no one knows.
    unknown: Option<Object>,
    drops: Vec<String>,
    /// Rows that get another name.
    moved: &'c [Rename],
    /// The rules while they do.
    moving: Option<Object>,
    /// The definition of SQLite's status column.
    default: Option<Rename>,
    /// What is made anew.
    objects: Vec<Object>,
}

impl File<'_> {
    fn print(&self, name: String) -> Migration {
        let text = self.render().expect("the template only prints strings");
        Migration { name, text: format!("{}\n", text.trim_end()) }
    }
}

impl<'m> Change<'_, 'm> {
    fn file(&self) -> File<'_> {
        let lock = self.now.step("lock", false);
        File {
            header: self.header,
            n: self.n,
            dialect: self.now.dialect.as_str(),
            owns: self.now.sql.owns,
            lock,
            columns: Vec::new(),
            waits: false,
            tag: "",
            labels: &[],
            shared: self.shared,
            relabelled: &[],
            unknown: None,
            drops: Vec::new(),
            moved: &[],
            moving: None,
            default: None,
            objects: Vec::new(),
        }
    }

    /// What is new among the objects, or made otherwise, of what can be made anew.
    fn changed(&self, before: &[Object], after: &[Object]) -> Vec<Object> {
        let is_new =
            |object: &&Object| !before.iter().any(|was| was.is(object) && was.sql == object.sql);
        let is_guard =
            |object: &Object| object.kind == Kind::Trigger && object.on == self.n.table_name;
        // Where SQLite's table was made anew, its guards are gone.
        let guards = self.n.dialect == Dialect::Sqlite && after.iter().filter(is_new).any(is_guard);
        let is_changed = |object: &&Object| match object.kind {
            Kind::Function | Kind::View | Kind::Trigger => {
                is_new(object) || guards && is_guard(object)
            }
            Kind::Step | Kind::Type | Kind::Table | Kind::Index => false,
        };
        after.iter().filter(is_changed).cloned().collect()
    }

    /// The statements that take those objects out which are gone, or of SQLite's are made anew.
    fn drops(&self, before: &[Object], after: &[Object], anew: &[Object]) -> Vec<String> {
        let is_sqlite = self.n.dialect == Dialect::Sqlite;
        let is_among = |objects: &[Object], object: &Object| objects.iter().any(|o| o.is(object));
        let goes = |object: &&Object| match object.kind {
            // To drop a trigger of PostgreSQL's is a lock that writers wait for.
            Kind::Trigger if !is_sqlite => false,
            Kind::View | Kind::Trigger => {
                !is_among(after, object) || is_sqlite && is_among(anew, object)
            }
            Kind::Step | Kind::Type | Kind::Table | Kind::Index | Kind::Function => false,
        };
        before.iter().filter(goes).rev().map(|object| object.drop(self.n)).collect()
    }

    /// The file that switches the guard, or names states anew in what it observes.
    fn switch(&self, to: &Schema<'_>) -> Option<Migration> {
        if self.now.observed == to.observed {
            return None;
        }
        let (before, after) = (self.now.objects(), to.objects());
        let objects = self.changed(&before, &after);
        let unknown = if to.observed.is_none() { to.step("unknown", true) } else { None };
        let drops = self.drops(&before, &after, &objects);
        let file = File { unknown, drops, objects, ..self.file() };
        Some(file.print(format!("{}_{}", to.mode.as_str(), to.machine.name)))
    }

    /// The file that gives the table what a start may give from here on. What a table named once stays
    /// there: rows have values in it.
    fn columns(&self, before: &[&Machine]) -> Option<Migration> {
        if !self.now.sql.owns {
            return None;
        }
        let had = |(name, _): &&(String, _)| {
            let of = |old: &&&Machine| old.targets.sql().is_some_and(|sql| sql.has_column(name));
            !before.iter().any(|old| of(&old))
        };
        let columns = self.now.sql.columns.iter().filter(had);
        let column = |(name, of): &(String, ColumnType)| {
            format!("{} {}", quoted(name), self.n.words(of.as_str()))
        };
        let columns: Vec<String> = columns.map(column).collect();
        if columns.is_empty() {
            return None;
        }
        Some(
            File { columns, ..self.file() }.print(format!("add_columns_{}", self.now.machine.name)),
        )
    }

    /// The values that change, old and new.
    fn renamed(&self) -> Vec<(&'m str, &'m str)> {
        renamed(self.was.machine, self.now.machine)
    }

    /// What rows have to hold otherwise, as literals: a number stays, whatever its state is called.
    fn renames(&self) -> Vec<Rename> {
        if self.n.has_numbers() {
            return Vec::new();
        }
        let rename = |(from, to): (&str, &str)| Rename { from: literal(from), to: literal(to) };
        self.renamed().into_iter().map(rename).collect()
    }

    /// The old table while a state has two names: its states and legal pairs by either.
    fn either_name(&self) -> Rows<'m> {
        let mut either = self.was.rows.clone();
        let names = |id: StateId| {
            let was = self.was.machine.state(id).value.as_str();
            let now =
                self.matched.becomes(id).map(|now| self.now.machine.state(now).value.as_str());
            [Some(was), now.filter(|now| *now != was)].into_iter().flatten()
        };
        for id in self.was.machine.state_ids() {
            let row = self.was.rows.states[self.was.machine.state(id).value.as_str()];
            either.states.extend(names(id).map(|name| (name, row)));
        }
        for (from, to, kind) in self.was.machine.transitions() {
            for was in names(from) {
                // Another name of the same state is no step.
                let steps = names(to).filter(|becomes| from != to || *becomes == was);
                either.transitions.extend(steps.map(|becomes| ((was, becomes), kind)));
            }
        }
        either
    }
}
