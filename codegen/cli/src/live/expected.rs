//! What a table's SQL target makes of a database, read from the very text that makes it.

use std::collections::BTreeMap;

use super::spelling::{Function, Trigger, attributes, folded, named, trigger};
use phasegate_codegen::emit::sql;
use phasegate_codegen::emit::sql::Dialect;
use phasegate_codegen::machine::Machine;

/// Everything that a schema as a whole makes beside types and rows.
#[derive(Clone, Debug, Default)]
pub(super) struct Objects {
    /// By table and name: one name may stand on several tables.
    pub(super) triggers: BTreeMap<(String, String), Trigger>,
    pub(super) functions: BTreeMap<String, Function>,
    /// The columns of each table.
    pub(super) tables: BTreeMap<String, Vec<String>>,
    /// The indexes by name: the table of each, and its statement.
    pub(super) indexes: BTreeMap<String, (String, String)>,
    /// Each table's constraints; on SQLite the whole lines that have them.
    pub(super) constraints: Vec<(String, String)>,
    /// What a column is beside that, by table and name; on SQLite the whole line.
    pub(super) columns: BTreeMap<(String, String), String>,
    pub(super) views: BTreeMap<String, View>,
}

/// A view.
#[derive(Clone, Debug)]
pub(super) struct View {
    /// The statement that makes it.
    pub(super) sql: String,
    /// What it selects.
    pub(super) select: String,
}

impl Objects {
    /// What a machine's schema makes.
    pub(super) fn of(machine: &Machine, dialect: Dialect) -> Self {
        let text = sql::whole(machine, dialect).unwrap_or_default();
        let mut objects = Self::default();
        let mut lines = text.lines().peekable();
        while let Some(line) = lines.next() {
            let ends: fn(&str) -> bool = if line.starts_with("CREATE TRIGGER") {
                match dialect {
                    Dialect::Postgres => |line| line.ends_with(';'),
                    Dialect::Sqlite => |line| line == "END;",
                }
            } else if line.starts_with("CREATE FUNCTION")
                || line.starts_with("CREATE OR REPLACE FUNCTION")
            {
                |line| line.ends_with("$;") || line.starts_with("RETURN ")
            } else if line.starts_with("CREATE TABLE") {
                |line| line.starts_with(')')
            } else if ["CREATE INDEX", "CREATE UNIQUE INDEX", "CREATE VIEW"]
                .iter()
                .any(|head| line.starts_with(head))
            {
                |line| line.ends_with(';')
            } else {
                continue;
            };
            let mut statement = vec![line];
            while !ends(statement[statement.len() - 1]) {
                let Some(line) = lines.next() else { break };
                statement.push(line);
            }
            objects.take(&statement, dialect);
        }
        objects
    }

    fn take(&mut self, statement: &[&str], dialect: Dialect) {
        let first = statement[0];
        let text = statement.join("\n");
        if first.starts_with("CREATE TRIGGER") {
            let sql = text.trim_end_matches(';').to_owned();
            if let Some((name, trigger)) = trigger(&sql, dialect) {
                self.triggers.insert((trigger.table.clone(), name), trigger);
            }
        } else if first.starts_with("CREATE TABLE") {
            let columns = statement[1..].iter().filter_map(|line| column(line));
            let columns = columns.map(|name| folded(&name, dialect));
            let table = folded(&named(first.trim_end_matches(" (")), dialect);
            for line in &statement[1..] {
                let constraints = constraints(line, dialect);
                let is_told = dialect == Dialect::Sqlite && !constraints.is_empty();
                let constraints = constraints.into_iter();
                self.constraints.extend(constraints.map(|constraint| (table.clone(), constraint)));
                if is_told {
                    continue;
                }
                if let Some((name, definition)) = column(line).zip(definition(line, dialect)) {
                    self.columns.insert((table.clone(), folded(&name, dialect)), definition);
                }
            }
            self.tables.insert(table, columns.collect());
        } else if let Some(rest) = first.strip_prefix("CREATE VIEW ") {
            let name = rest.split([' ', '(']).next().unwrap_or_default();
            let sql = text.trim_end_matches(';').to_owned();
            let select = sql.split_once(" AS\n").map_or("", |(_, select)| select).to_owned();
            self.views.insert(folded(&named(name), dialect), View { sql, select });
        } else if let Some((name, rest)) =
            first.split_once("INDEX ").and_then(|(_, rest)| rest.split_once(" ON "))
        {
            let name = folded(name.trim_matches('"'), dialect);
            let table = rest.split(" (").next().unwrap_or_default();
            let table = folded(&named(table), dialect);
            self.indexes.insert(name, (table, text.trim_end_matches(';').to_owned()));
        } else if let Some((head, body)) = text.split_once("\nAS $") {
            // Between its quotes, whatever they are.
            let Some((_, body)) = body.split_once('$') else { return };
            let body = body.strip_suffix("$;").and_then(|body| body.rsplit_once('$'));
            let name = named(head.split('(').next().unwrap_or_default());
            let word = |before: &str| {
                let rest = head.split_once(before).map_or("", |(_, rest)| rest);
                rest.split_whitespace().next().unwrap_or_default()
            };
            let settings = head.split(" SET ").skip(1).map(|set| set.trim().replace(" = ", "="));
            let attributes = attributes(
                word("LANGUAGE "),
                head.contains("SECURITY DEFINER"),
                if head.contains(" STABLE") { "s" } else { "v" },
                &settings.collect::<Vec<_>>().join("; "),
            );
            let body = body.map_or_else(String::new, |(body, _)| body.to_owned());
            self.functions.insert(name, Function { body, attributes });
        }
    }
}

/// The column that a line of a table's statement makes.
fn column(line: &str) -> Option<String> {
    let name = line.strip_prefix("  \"").and_then(|line| line.split('"').next());
    name.map(str::to_owned)
}

/// What a column is, as the catalog has it: its type, whether it may be null, and its default.
/// A default that is a state's is looked at elsewhere.
fn definition(line: &str, dialect: Dialect) -> Option<String> {
    let line = line.trim().trim_end_matches(',');
    match dialect {
        Dialect::Sqlite => (!line.contains("DEFAULT '")).then(|| line.to_owned()),
        Dialect::Postgres => {
            let (_, rest) = line.strip_prefix('"')?.split_once("\" ")?;
            let rest = rest
                .split(" CHECK (")
                .next()?
                .replace(" PRIMARY KEY", "")
                .replace(" COLLATE \"C\"", "");
            let start = rest.ends_with("_initial\"()").then(|| rest.split(" DEFAULT ").next());
            let rest = start.flatten().unwrap_or(&rest);
            Some(rest.replace("timestamptz", "timestamp with time zone").replace('"', ""))
        }
    }
}

/// The constraints that a line of a table's statement has.
fn constraints(line: &str, dialect: Dialect) -> Vec<String> {
    let line = line.trim().trim_end_matches(',');
    // A default may say anything.
    if line.starts_with("--") || line.contains("DEFAULT '") {
        return Vec::new();
    }
    let primary = line.contains("PRIMARY KEY");
    let check = line.find("CHECK (").map(|at| line[at..].to_owned());
    match dialect {
        Dialect::Sqlite => {
            (primary || check.is_some()).then(|| line.to_owned()).into_iter().collect()
        }
        Dialect::Postgres if line.starts_with("PRIMARY KEY") => vec![line.to_owned()],
        Dialect::Postgres => {
            let column = line.split('"').nth(1).filter(|_| primary);
            let primary = column.map(|column| format!("PRIMARY KEY (\"{column}\")"));
            primary.into_iter().chain(check).collect()
        }
    }
}
