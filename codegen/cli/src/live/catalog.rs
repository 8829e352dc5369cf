//! What opens a guard though every trigger and function of it stands as it should.

use super::Telling;
use super::connect::{Away, Conn};
use super::expected::Objects;
use super::facts::{Facts, cells, literal, quoted};
use super::judge::{Held, runs_otherwise};
use super::spelling::attributes;
use phasegate_codegen::emit::sql;
use phasegate_codegen::emit::sql::Dialect;
use phasegate_codegen::finding::Severity::Warning;
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
        tell: &mut Telling,
    ) -> Result<(), Away> {
        let expected = Objects::of(self.machine, self.names.dialect);
        if let Some(past) = past {
            self.names_now(facts, past, tell);
        }
        self.forcing(conn, facts, tell).await?;
        if self.names.dialect == Dialect::Sqlite {
            self.set_mode(conn, facts, tell).await?;
        }
        self.shape(conn, facts, &expected, tell).await?;
        self.views(conn, facts, &expected, past.is_some(), tell).await?;
        if past.is_some() && facts.has_column(&self.names.table, &self.names.column) {
            match self.sql.owns {
                true => self.start(conn, facts, tell).await?,
                false => self.own_start(conn, tell).await?,
            }
        }
        match self.names.dialect {
            Dialect::Postgres => self.rights(conn, &expected, tell).await,
            Dialect::Sqlite => {
                self.strangers(facts, &expected, tell);
                Ok(())
            }
        }
    }

    /// What states of former rules are called: a name for rules in force lets a step pass unseen.
    fn names_now(&self, facts: &Facts, past: &[&Machine], tell: &mut Telling) {
        let is_given = |language: &str, state: &str, now: &str| {
            (0..past.len()).rev().take(2).any(|at| {
                let (names, _) = sql::renames(&past[..at], past[at]);
                names.get(&(language, state)).is_some_and(|given| *given == now)
            })
        };
        let table = &self.names.renames;
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
            tell.error(rules::ALTERED_RENAMES, message, help);
        }
    }

    /// What is being forced: nothing, for nobody sees it before it is done.
    async fn forcing(
        &self,
        conn: &mut Conn,
        facts: &Facts,
        tell: &mut Telling,
    ) -> Result<(), Away> {
        let names = self.names;
        let table = format!("{}_forcing", self.machine.name);
        if !facts.has_column(&table, &names.row) || !facts.has_column(&table, "to_state") {
            return Ok(());
        }
        if names.dialect == Dialect::Postgres {
            // A role that only reads may not be shown its rows.
            let sql = format!(
                "SELECT '' WHERE has_table_privilege({}, 'SELECT')",
                literal(&names.quoted(&table))
            );
            if conn.rows(&sql).await?.is_empty() {
                return Ok(());
            }
        }
        let sql = format!(
            "SELECT CAST({} AS text), \"to_state\", CAST((SELECT count(*) FROM {1}) AS text) \
             FROM {1} ORDER BY 1 LIMIT {EXAMPLES}",
            quoted(&names.row),
            names.quoted(&table)
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
                names.quoted(&table)
            );
            tell.error(rules::LEFTOVER_FORCING, message, help);
        }
        Ok(())
    }

    /// A mode that was set beside the table's, on SQLite.
    async fn set_mode(
        &self,
        conn: &mut Conn,
        facts: &Facts,
        tell: &mut Telling,
    ) -> Result<(), Away> {
        let table = &self.names.mode;
        if !facts.has_column(table, "mode") {
            return Ok(());
        }
        let sql =
            format!("SELECT \"mode\" FROM {} WHERE \"mode\" IS NOT NULL", self.names.quoted(table));
        for row in conn.rows(&sql).await? {
            let [mode] = cells(row);
            let message =
                format!("the guard's mode is not the table's: `{table}` says {}", tick(&mode));
            let help =
                format!("INSERT INTO \"{}_set_mode\" (\"mode\") VALUES (NULL)", self.machine.name);
            tell.error(rules::OTHER_MODE, message, help);
        }
        Ok(())
    }

    /// What a row starts in where nothing is said.
    async fn start(&self, conn: &mut Conn, facts: &Facts, tell: &mut Telling) -> Result<(), Away> {
        let names = self.names;
        // On the way to a later table it may be that one's already.
        let machines = [Some(self.machine), self.next];
        let values: Vec<String> = machines
            .into_iter()
            .flatten()
            .map(|machine| literal(&machine.state(machine.initial[0]).value))
            .collect();
        let column = format!("`{}.{}`", names.table, names.column);
        for row in conn.rows(&self.default_of()).await? {
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
                        names.quoted(&names.table),
                        quoted(&names.column)
                    ),
                    Dialect::Sqlite => format!("make it again as {} has it", self.schema),
                };
                tell.error(rules::ALTERED_DEFAULT, message, help);
            }
        }
        if names.dialect == Dialect::Postgres {
            self.start_function(conn, facts, &values, tell).await?;
        }
        Ok(())
    }

    /// The query of the column's default, and of what it is to be on PostgreSQL.
    fn default_of(&self) -> String {
        let names = self.names;
        match names.dialect {
            Dialect::Sqlite => format!(
                "SELECT dflt_value, '' FROM pragma_table_info({}) WHERE lower(name) = {}",
                literal(&names.table),
                literal(&names.column)
            ),
            Dialect::Postgres => format!(
                "SELECT pg_get_expr(d.adbin, d.adrelid), format('%I.%I()', n.nspname, {}) \
                 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
                 JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = {} \
                 LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum \
                 WHERE n.nspname = {} AND c.relname = {}",
                literal(&format!("{}_initial", self.machine.name)),
                literal(&names.column),
                literal(&names.schema),
                literal(&names.table)
            ),
        }
    }

    /// What a row starts in where nothing is said, of a column that is the application's own: it may
    /// be anything, but a plain text that starts no row.
    async fn own_start(&self, conn: &mut Conn, tell: &mut Telling) -> Result<(), Away> {
        let names = self.names;
        let machines = [Some(self.machine), self.next];
        let starts = |value: &str| {
            machines
                .into_iter()
                .flatten()
                .any(|machine| machine.find_value(value).is_some_and(|id| machine.is_initial(id)))
        };
        for row in conn.rows(&self.default_of()).await? {
            let [default, _] = cells(row);
            if text_of(&default).is_none_or(|value| starts(&value)) {
                continue;
            }
            let column = format!("{}.{}", names.table, names.column);
            let message =
                format!("the default of `{column}` is `{default}`, and no row starts in that");
            let start = literal(&self.machine.state(self.machine.initial[0]).value);
            let help = match names.dialect {
                Dialect::Postgres => format!(
                    "ALTER TABLE {} ALTER COLUMN {} SET DEFAULT {start}",
                    names.quoted(&names.table),
                    quoted(&names.column)
                ),
                Dialect::Sqlite => format!(
                    "make the table anew with the default {start}, or say the status in every INSERT"
                ),
            };
            tell.tell(rules::DEFAULT_LEFT, Warning, message, help);
        }
        Ok(())
    }

    /// The function that the default calls, on PostgreSQL.
    async fn start_function(
        &self,
        conn: &mut Conn,
        facts: &Facts,
        values: &[String],
        tell: &mut Telling,
    ) -> Result<(), Away> {
        let name = format!("{}_initial", self.machine.name);
        let sql = format!(
            "SELECT coalesce(pg_get_function_sqlbody(p.oid), p.prosrc) FROM pg_proc p \
             JOIN pg_namespace n ON n.oid = p.pronamespace \
             WHERE n.nspname = {} AND p.proname = {} AND p.pronargs = 0",
            literal(&self.names.schema),
            literal(&name)
        );
        let help =
            format!("run its CREATE FUNCTION of {} again, as CREATE OR REPLACE", self.schema);
        let Some(row) = conn.rows(&sql).await?.into_iter().next() else {
            tell.error(rules::MISSING_FUNCTION, format!("there is no function `{name}`"), help);
            return Ok(());
        };
        let [body] = cells(row);
        let is_one = |value: &String| {
            let value = match value.contains('\\') {
                true => format!("E{}", value.replace('\\', "\\\\")),
                false => value.clone(),
            };
            body.starts_with(&format!("RETURN {value}::"))
        };
        let wanted = attributes("sql", false, "s", "");
        let runs = facts.functions.get(&name).map(|function| &function.attributes);
        if !values.iter().any(is_one) {
            let message = format!(
                "the body of the function `{name}` is not what the table gives: {}",
                body.trim()
            );
            tell.error(rules::ALTERED_FUNCTION, message, help);
        } else if let Some(runs) = runs.filter(|runs| **runs != wanted) {
            let message = runs_otherwise(&name, runs, &wanted);
            tell.error(rules::ALTERED_FUNCTION, message, help);
        }
        Ok(())
    }

    /// Triggers of others on our own tables, on SQLite: there one may ignore what a guard writes.
    fn strangers(&self, facts: &Facts, expected: &Objects, tell: &mut Telling) {
        for (table, name) in facts.triggers.keys() {
            let at = (table.clone(), name.clone());
            if *table != self.names.table
                && expected.tables.contains_key(table)
                && !expected.triggers.contains_key(&at)
            {
                let message = format!("the trigger `{name}` of `{table}` is none of phasegate's");
                let help =
                    "see that it does not ignore or change what the guards write, or drop it";
                tell.tell(rules::FOREIGN_TRIGGER, Warning, message, help);
            }
        }
    }
}

/// The text that an expression of SQL is, where it is nothing but a literal.
fn text_of(expression: &str) -> Option<String> {
    let (escapes, rest) = match expression.strip_prefix('E') {
        Some(rest) => (true, rest),
        None => (false, expression),
    };
    let rest = rest.strip_prefix('\'')?;
    // What PostgreSQL prints after it is the type.
    let (text, cast) = rest.rsplit_once('\'')?;
    let is_one = cast.is_empty() || cast.starts_with("::");
    let is_one = is_one && !text.replace("''", "").contains('\'');
    let text = text.replace("''", "'");
    is_one.then(|| if escapes { text.replace("\\\\", "\\") } else { text })
}

/// A name in a sentence.
pub(super) fn tick(name: &str) -> String {
    suggest::list(&[name])
}
