//! What takes everything that phasegate made out of a database again.

use super::change::{Migration, header};
use super::names::SqlNames;
use super::objects::{self, Kind, Object, Schema};
use crate::emit::sql::{Dialect, SqlTarget};
use crate::machine::Machine;

/// The migration after which a database has nothing more of a machine that was migrated to; none where
/// it never had. A table that phasegate made stays, with its rows and what it stands on: its type, its
/// index, and a default of its own.
pub(crate) fn removal(machine: &Machine, dialect: Dialect) -> Option<Migration> {
    let sql = machine.targets.sql().filter(|sql| sql.dialects.contains(&dialect))?;
    let n = SqlNames::new(machine, sql, dialect);
    let schema = Schema::new(machine, sql, dialect);
    let mut lines = vec![format!("-- {}\n", header(machine, dialect))];
    if dialect == Dialect::Postgres {
        let steps = ["lock", "timeout"].iter().filter_map(|step| schema.step(step, true));
        lines.extend(steps.map(|step| format!("{}{}\n", step.comment, step.sql.trim_end())));
        lines.extend(first(machine, sql, &n));
    }
    lines.extend(schema.objects().iter().rev().filter_map(|object| gone(object, &n)));
    Some(Migration { name: format!("remove_{}", machine.name), text: lines.join("\n") + "\n" })
}

/// On PostgreSQL: what is no object of its own, or holds one.
fn first(machine: &Machine, sql: &SqlTarget, n: &SqlNames) -> Vec<String> {
    if sql.owns {
        return vec![format!(
            "ALTER TABLE {} ALTER COLUMN {} SET DEFAULT {};",
            n.table,
            n.column,
            objects::default(machine)
        )];
    }
    // A partitioned table has these.
    let moves = ["moving", "moved"].map(|trigger| n.first(trigger));
    moves.map(|name| format!("DROP TRIGGER IF EXISTS {name} ON {};", n.table)).to_vec()
}

/// The statement that takes an object out, which may be gone already; none where it stays.
fn gone(object: &Object, n: &SqlNames) -> Option<String> {
    let is_owned = object.name == n.table_name || object.on == n.table_name;
    let name = n.of(&object.name);
    let drop = |what: &str| Some(format!("DROP {what} IF EXISTS {name};"));
    match object.kind {
        Kind::Step | Kind::Type => None,
        Kind::Table | Kind::Index if is_owned => None,
        // It goes with its table.
        Kind::Index => None,
        Kind::Table => drop("TABLE"),
        Kind::View => drop("VIEW"),
        Kind::Function => drop("FUNCTION"),
        Kind::Trigger => match n.dialect {
            Dialect::Postgres => {
                let (name, on) = (object.name.replace('"', "\"\""), n.of(&object.on));
                Some(format!("DROP TRIGGER IF EXISTS \"{name}\" ON {on};"))
            }
            Dialect::Sqlite => drop("TRIGGER"),
        },
    }
}
