//! What opens a guard though every trigger and function of it stands as it should.

use super::Drift;
use super::ahead::Own;
use super::compare::runs_otherwise;
use super::connect::{Away, Conn};
use super::facts::{Facts, cells};
use super::judge::Held;
use super::reader;
use phasegate_codegen::emit::sql;
use phasegate_codegen::emit::sql::Dialect;
use phasegate_codegen::emit::sql::{Kind, Object};
use phasegate_codegen::emit::sql::{literal, quoted};
use phasegate_codegen::finding::Severity::{Error, Warning};
use phasegate_codegen::machine::Machine;
use phasegate_codegen::rules;
use phasegate_codegen::suggest::{self, shown};

/// So many rows of a table that should have none are named.
const EXAMPLES: usize = 3;

impl Held<'_> {
    /// All of it that can be said whatever the rules; `past` are the tables that were migrated to up to
    /// the one that the database is at or on its way to, each with those before it, where that is known.
    pub(super) async fn catalog(
        &self,
        conn: &mut Conn,
        facts: &Facts,
        past: Option<&[&Machine]>,
        drift: &mut Drift,
    ) -> Result<(), Away> {
        if let Some(past) = past {
            self.names_now(facts, past, drift);
        }
        self.forcing(conn, facts, drift).await?;
        if self.names.dialect == Dialect::Sqlite {
            self.set_mode(conn, facts, drift).await?;
        }
        self.shape(facts, drift);
        self.views(conn, facts, past.is_some(), drift).await?;
        if past.is_some() && facts.has_column(&self.names.table_name, &self.names.column_name) {
            match self.sql.owns {
                true => self.start(conn, facts, drift).await?,
                false => {
                    self.own_start(conn, drift).await?;
                    let own = Own { names: self.names, sql: self.sql, machine: self.machine };
                    own.look(conn, Error, drift).await?;
                }
            }
        }
        match self.names.dialect {
            Dialect::Postgres => self.rights(conn, drift).await,
            Dialect::Sqlite => {
                self.strangers(facts, drift);
                Ok(())
            }
        }
    }

    /// What states of former rules are called: a name for rules in force lets a step pass unseen.
    fn names_now(&self, facts: &Facts, past: &[&Machine], drift: &mut Drift) {
        let is_given = |language: &str, state: &str, now: &str| {
            (0..past.len()).rev().take(2).any(|at| {
                let (names, _) = sql::renames(&past[..at], past[at]);
                names.get(&(language, state)).is_some_and(|given| *given == now)
            })
        };
        let table = self.names.name("renames");
        let others: Vec<String> = facts
            .renames
            .iter()
            .filter(|((language, state), now)| !is_given(language, state, now))
            .map(|((language, state), now)| {
                let by = if language.is_empty() { "no rules".into() } else { shown(language) };
                format!("by {by} {} is called {}", tick(state), tick(now))
            })
            .collect();
        if !others.is_empty() {
            let message =
                format!("`{table}` has names that no migration gives: {}", others.join(", "));
            let help = format!(
                "the history is read by them, and under no rules at all they lead past the guard: {}, \
                 and see what is said of rows and history",
                self.rules_again()
            );
            drift.error(rules::ALTERED_RENAMES, message, help);
        }
    }

    /// What is being forced: nothing, for no one sees it before it is done.
    async fn forcing(&self, conn: &mut Conn, facts: &Facts, drift: &mut Drift) -> Result<(), Away> {
        let names = self.names;
        let table = self.names.name("forcing");
        let mut rows = names.parts.iter().map(|part| part.row_name.as_str());
        if !rows.all(|row| facts.has_column(&table, row)) || !facts.has_column(&table, "to_state") {
            return Ok(());
        }
        if names.dialect == Dialect::Postgres {
            // A role that only reads may not be shown its rows.
            let sql = format!(
                "SELECT '' WHERE has_table_privilege({}, 'SELECT')",
                literal(&names.of(&table))
            );
            if conn.rows(&sql).await?.is_empty() {
                return Ok(());
            }
        }
        let sql = format!(
            "SELECT CAST({} AS text), \"to_state\", CAST((SELECT count(*) FROM {1}) AS text) \
             FROM {1} ORDER BY 1 LIMIT {EXAMPLES}",
            names.one(&names.history("")),
            names.of(&table)
        );
        let mut steps = Vec::new();
        let mut all = String::new();
        for row in conn.rows(&sql).await? {
            let [key, to, count] = cells(row);
            steps.push(format!("{} to {}", tick(&key), tick(&to)));
            all = count;
        }
        if !steps.is_empty() {
            let message = format!(
                "`{table}` has {all} rows that no step has used up: the guard lets pass {}",
                steps.join(", ")
            );
            let help = format!(
                "DELETE FROM {}: it holds nothing of the application's; and see who may write it",
                names.of(&table)
            );
            drift.error(rules::LEFTOVER_FORCING, message, help);
        }
        Ok(())
    }

    /// A mode that was set next to the table's, on SQLite.
    async fn set_mode(
        &self,
        conn: &mut Conn,
        facts: &Facts,
        drift: &mut Drift,
    ) -> Result<(), Away> {
        let table = &self.names.name("mode");
        if !facts.has_column(table, "mode") {
            return Ok(());
        }
        let sql =
            format!("SELECT \"mode\" FROM {} WHERE \"mode\" IS NOT NULL", self.names.of(table));
        for row in conn.rows(&sql).await? {
            let [mode] = cells(row);
            let message =
                format!("the guard's mode is not the table's: `{table}` says {}", tick(&mode));
            let help =
                format!("INSERT INTO \"{}_set_mode\" (\"mode\") VALUES (NULL)", self.machine.name);
            drift.error(rules::OTHER_MODE, message, help);
        }
        Ok(())
    }

    /// What a row starts in where nothing is said.
    async fn start(&self, conn: &mut Conn, facts: &Facts, drift: &mut Drift) -> Result<(), Away> {
        let names = self.names;
        // On the way to a later table it may be that one's already.
        let machines = [Some(self.machine), self.next];
        let values: Vec<String> = machines.into_iter().flatten().map(sql::default).collect();
        let column = format!("`{}.{}`", names.table_name, names.column_name);
        for row in conn.rows(&reader::of(names.dialect).default_of(names)).await? {
            let [default, function] = cells(row);
            let (stands, wanted) = match names.dialect {
                Dialect::Sqlite => (values.contains(&default), values[0].clone()),
                Dialect::Postgres => (default == function, function),
            };
            if !stands {
                let message = match default.is_empty() {
                    true => format!("{column} has no default, not `{wanted}`"),
                    false => format!("the default of {column} is `{default}`, not `{wanted}`"),
                };
                let help = match names.dialect {
                    Dialect::Postgres => format!(
                        "ALTER TABLE {} ALTER COLUMN {} SET DEFAULT {wanted}",
                        names.of(&names.table_name),
                        quoted(&names.column_name)
                    ),
                    Dialect::Sqlite => format!("make it again as {} has it", self.schema),
                };
                drift.error(rules::ALTERED_DEFAULT, message, help);
            }
        }
        if names.dialect == Dialect::Postgres {
            self.start_function(facts, &values, drift);
        }
        Ok(())
    }

    /// What a row starts in where nothing is said, of a column that is the application's own: it may
    /// be anything, but a plain text that starts no row.
    async fn own_start(&self, conn: &mut Conn, drift: &mut Drift) -> Result<(), Away> {
        let names = self.names;
        let machines = [Some(self.machine), self.next];
        let starts = |stored: &str| {
            machines
                .into_iter()
                .flatten()
                .any(|machine| machine.initial.iter().any(|&id| machine.state(id).stored == stored))
        };
        let said = |default: &str| match names.has_numbers() {
            true => {
                let number = default.split("::").next().unwrap_or_default();
                number.trim_matches(['\'', '(', ')']).parse::<i64>().ok().map(|n| n.to_string())
            }
            false => text_of(default),
        };
        for row in conn.rows(&reader::of(names.dialect).default_of(names)).await? {
            let [default, _] = cells(row);
            if said(&default).is_none_or(|stored| starts(&stored)) {
                continue;
            }
            let column = format!("{}.{}", names.table_name, names.column_name);
            let message =
                format!("the default of `{column}` is `{default}`, and no row starts in that");
            let start = sql::default(self.machine);
            let help = match names.dialect {
                Dialect::Postgres => format!(
                    "ALTER TABLE {} ALTER COLUMN {} SET DEFAULT {start}",
                    names.of(&names.table_name),
                    quoted(&names.column_name)
                ),
                Dialect::Sqlite => format!(
                    "make the table anew with the default {start}, or say the status in every INSERT"
                ),
            };
            drift.add(rules::DEFAULT_LEFT, Warning, message, help);
        }
        Ok(())
    }

    /// The function that the default calls, on PostgreSQL.
    fn start_function(&self, facts: &Facts, values: &[String], drift: &mut Drift) {
        let name = self.names.name("initial");
        let help =
            format!("run its CREATE FUNCTION of {} again, as CREATE OR REPLACE", self.schema);
        let Some(found) = facts.find("function", "", &name) else {
            let message = format!("there is no function `{name}`");
            return drift.error(rules::MISSING_FUNCTION, message, help);
        };
        let body = &found.text;
        let is_one = |value: &String| {
            // PostgreSQL prints a text as it was given, backslashes too: nothing is escaped.
            let value = if self.names.has_numbers() { format!("'{value}'") } else { value.clone() };
            body.starts_with(&format!("RETURN {value}::"))
        };
        if !values.iter().any(is_one) {
            let message = format!(
                "the body of the function `{name}` is not what the table gives: {}",
                body.trim()
            );
            drift.error(rules::ALTERED_FUNCTION, message, help);
        } else if found.note != "sql STABLE" {
            let message = runs_otherwise(&name, &found.note, "sql STABLE");
            drift.error(rules::ALTERED_FUNCTION, message, help);
        }
    }

    /// Triggers of others on our own tables, on SQLite: there one may ignore what a guard writes.
    fn strangers(&self, facts: &Facts, drift: &mut Drift) {
        for found in facts.catalog.iter().filter(|found| found.kind == "trigger") {
            let is = |object: &Object| {
                facts
                    .find("trigger", &object.on, &object.name)
                    .is_some_and(|f| f.name == found.name)
            };
            let is_our_table =
                |table: &Object| facts.reader.folded(&table.name) == facts.reader.folded(&found.on);
            if found.on != self.names.table_name
                && self.of(Kind::Table).any(is_our_table)
                && !self.of(Kind::Trigger).any(is)
            {
                let message = format!(
                    "the trigger `{}` of `{}` is none of phasegate's",
                    found.name, found.on
                );
                let help =
                    "see that it does not ignore or change what the guards write, or drop it";
                drift.add(rules::FOREIGN_TRIGGER, Warning, message, help);
            }
        }
    }
}

/// The text that an expression of SQL is, where it is nothing but a literal.
fn text_of(expression: &str) -> Option<String> {
    let rest = expression.strip_prefix('\'')?;
    // What PostgreSQL prints after it is the type.
    let (text, cast) = rest.rsplit_once('\'')?;
    let is_one = cast.is_empty() || cast.starts_with("::");
    let is_one = is_one && !text.replace("''", "").contains('\'');
    is_one.then(|| text.replace("''", "'"))
}

/// A name in a sentence.
pub(super) fn tick(name: &str) -> String {
    suggest::list(&[name])
}
