//! What a table's SQL target makes of a database, read from the very text that makes it.

use std::collections::BTreeMap;

use super::facts::folded;
use crate::machine::Machine;
use crate::target::sql;
use crate::targets::Dialect;

/// A trigger: its definition up to white space, quotes and the order of events.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Trigger {
    /// The table that it stands on, without quotes and schema.
    pub(super) table: String,
    /// All that it is.
    pub(super) definition: String,
    /// The statement that makes it.
    pub(super) sql: String,
}

/// A function of PostgreSQL's.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Function {
    /// What stands between its quotes, to the byte.
    pub(super) body: String,
    /// Language, rights, and path, as one text.
    pub(super) attributes: String,
}

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
                |line| line.ends_with("$phasegate$;") || line.starts_with("RETURN ")
            } else if line.starts_with("CREATE TABLE") {
                |line| line.starts_with(')')
            } else if line.starts_with("CREATE INDEX") || line.starts_with("CREATE UNIQUE INDEX") {
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
            let column = |line: &&str| {
                line.strip_prefix("  \"").and_then(|line| line.split('"').next()).map(str::to_owned)
            };
            let columns = statement[1..].iter().filter_map(column).map(|c| folded(&c, dialect));
            let table = folded(&named(first.trim_end_matches(" (")), dialect);
            for line in &statement[1..] {
                if let Some(constraint) = constraint(line, dialect) {
                    self.constraints.push((table.clone(), constraint));
                }
            }
            self.tables.insert(table, columns.collect());
        } else if let Some((name, rest)) =
            first.split_once("INDEX ").and_then(|(_, rest)| rest.split_once(" ON "))
        {
            let name = folded(name.trim_matches('"'), dialect);
            let table = rest.split(" (").next().unwrap_or_default();
            let table = folded(&named(table), dialect);
            self.indexes.insert(name, (table, text.trim_end_matches(';').to_owned()));
        } else if let Some((head, body)) = text.split_once("AS $phasegate$") {
            let body = body.strip_suffix("$phasegate$;").unwrap_or(body).to_owned();
            let name = named(head.split('(').next().unwrap_or_default());
            let attributes = attributes(
                "plpgsql",
                head.contains("SECURITY DEFINER"),
                if head.contains(" STABLE") { "s" } else { "v" },
                "search_path=pg_catalog, pg_temp",
            );
            self.functions.insert(name, Function { body, attributes });
        }
    }
}

/// The constraint that a line of a table's statement has.
fn constraint(line: &str, dialect: Dialect) -> Option<String> {
    let line = line.trim().trim_end_matches(',');
    // A default may say anything.
    if line.starts_with("--") || line.contains("DEFAULT '") {
        return None;
    }
    let primary = line.contains("PRIMARY KEY");
    let check = line.find("CHECK (");
    match dialect {
        Dialect::Sqlite => (primary || check.is_some()).then(|| line.to_owned()),
        Dialect::Postgres if line.starts_with("PRIMARY KEY") => Some(line.to_owned()),
        Dialect::Postgres => match check {
            Some(at) => Some(line[at..].to_owned()),
            None if primary => {
                let column = line.split('"').nth(1)?;
                Some(format!("PRIMARY KEY (\"{column}\")"))
            }
            None => None,
        },
    }
}

/// A statement of an index or a constraint, whoever printed it.
pub(super) fn normal(sql: &str, schema: &str) -> String {
    let text = without_comments(sql).replace(['"', '(', ')'], "");
    let text = text.replace("::text", "").replace("USING btree ", "");
    let text =
        text.replace(&format!("{schema}."), "").replace("= ANY ARRAY[", "IN ").replace(']', "");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A function's attributes as one text.
pub(super) fn attributes(language: &str, definer: bool, volatile: &str, config: &str) -> String {
    let rights = if definer { "its owner's rights" } else { "the caller's rights" };
    format!("{language}, {volatile}, {rights}, {config}")
}

/// The last word of a statement's head, without quotes and schema.
fn named(head: &str) -> String {
    let last = head.trim().rsplit([' ', '.']).next().unwrap_or_default();
    last.trim_matches('"').to_owned()
}

/// A trigger as its statement has it, whoever printed that: its name, and the rest.
pub(super) fn trigger(sql: &str, dialect: Dialect) -> Option<(String, Trigger)> {
    match dialect {
        Dialect::Sqlite => {
            let text = without_comments(sql);
            let words: Vec<&str> = text.split_whitespace().collect();
            let at = words.iter().position(|word| *word == "ON")?;
            let name = folded(&named(words.get(2)?), dialect);
            let table = folded(&named(words.get(at + 1)?), dialect);
            let definition = words.join(" ");
            Some((name, Trigger { table, definition, sql: sql.to_owned() }))
        }
        Dialect::Postgres => {
            let text = sql.replace('"', "");
            let (head, rest) = text.split_once(" ON ")?;
            let mut words = head.split_whitespace().skip(2);
            let name = words.next()?.to_owned();
            let timing = words.next()?.to_owned();
            let events: Vec<&str> = words.collect();
            let mut events: Vec<String> =
                events.join(" ").split(" OR ").map(str::to_owned).collect();
            events.sort();
            let rest = rest.split_whitespace().collect::<Vec<_>>().join(" ");
            let (table, _) = rest.split_once(' ')?;
            let table = named(table);
            let definition = format!("{timing} {} ON {rest}", events.join(" OR "));
            Some((name, Trigger { table, definition, sql: sql.to_owned() }))
        }
    }
}

/// A statement without the comments that begin their lines.
fn without_comments(sql: &str) -> String {
    let said = |line: &&str| !line.trim_start().starts_with("--");
    sql.lines().filter(said).collect::<Vec<_>>().join("\n")
}
