//! What opens a guard though every trigger and function of it stands as it should.

use super::Telling;
use super::connect::{Away, Conn};
use super::expected::{Objects, normal};
use super::facts::{Facts, cells, folded, literal, quoted};
use super::judge::Held;
use crate::finding::Severity::Warning;
use crate::machine::Machine;
use crate::suggest::{self, shown};
use crate::target::sql;
use crate::targets::Dialect;

/// So many rows of a table that should have none are named.
const EXAMPLES: usize = 3;

impl Held<'_> {
    /// All of it. `past` are the tables that were migrated to up to the one that the database is
    /// at or on its way to, each with those before it.
    pub(super) async fn catalog(
        &self,
        conn: &mut Conn,
        facts: &Facts,
        past: &[&Machine],
        tell: &mut Telling,
    ) -> Result<(), Away> {
        self.names_now(facts, past, tell);
        self.forcing(conn, facts, tell).await?;
        let expected = Objects::of(self.machine, self.names.dialect);
        self.shape(conn, facts, &expected, tell).await?;
        if self.sql.owns && facts.has_column(&self.names.table, &self.names.column) {
            self.start(conn, tell).await?;
        }
        match self.names.dialect {
            Dialect::Postgres => {
                self.open_functions(conn, &expected, tell).await?;
                self.rules(conn, &expected, tell).await
            }
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
                format!("by {} {} is called {}", shown(language), tick(state), tick(now))
            })
            .collect();
        if !others.is_empty() {
            let message =
                format!("`{table}` has names that no migration gives: {}", others.join(", "));
            let help = format!(
                "the history is read by them, and under no rules at all they lead past the guard: \
                 DELETE FROM {} where \"language\" is that, and see what is said of rows and history",
                self.names.quoted(table)
            );
            tell.error("altered-renames", message, help);
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
            let sql = format!(
                "SELECT CASE WHEN c.relrowsecurity THEN '1' ELSE '0' END, \
                 CASE WHEN row_security_active(c.oid) OR NOT has_table_privilege(c.oid, 'SELECT') \
                 THEN '1' ELSE '0' END, p.polname::text \
                 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
                 LEFT JOIN pg_policy p ON p.polrelid = c.oid \
                 WHERE n.nspname = {} AND c.relname = {}",
                literal(&names.schema),
                literal(&table)
            );
            let mut is_hidden = false;
            let message = format!("whoever may write `{table}` may force what they like");
            for row in conn.rows(&sql).await? {
                let [secured, hidden, policy] = cells(row);
                is_hidden |= hidden == "1";
                let at = names.quoted(&table);
                if secured == "0" {
                    let help = format!("ALTER TABLE {at} ENABLE ROW LEVEL SECURITY");
                    tell.error("open-forcing", message.clone(), help);
                }
                if !policy.is_empty() {
                    let help = format!("DROP POLICY {} ON {at}", quoted(&policy));
                    tell.error("open-forcing", message.clone(), help);
                }
            }
            // A role that only reads is not shown its rows.
            if is_hidden {
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
                "`{table}` has {all} rows, and none outlives its transaction: the guard lets pass {}",
                steps.join(", ")
            );
            let help = format!(
                "DELETE FROM {}: it holds nothing of the application's; and see who may write it",
                names.quoted(&table)
            );
            tell.error("leftover-forcing", message, help);
        }
        Ok(())
    }

    /// The indexes and constraints of the tables that phasegate makes.
    async fn shape(
        &self,
        conn: &mut Conn,
        facts: &Facts,
        expected: &Objects,
        tell: &mut Telling,
    ) -> Result<(), Away> {
        let names = self.names;
        let schema = literal(&names.schema);
        let (indexes, constraints) = match names.dialect {
            Dialect::Postgres => (
                format!(
                    "SELECT c.relname::text, pg_get_indexdef(c.oid), \
                     CASE WHEN i.indisvalid THEN '' ELSE 'not valid' END FROM pg_index i \
                     JOIN pg_class c ON c.oid = i.indexrelid \
                     JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = {schema}"
                ),
                format!(
                    "SELECT c.relname::text, pg_get_constraintdef(k.oid) FROM pg_constraint k \
                     JOIN pg_class c ON c.oid = k.conrelid \
                     JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = {schema}"
                ),
            ),
            Dialect::Sqlite => (
                "SELECT name, sql, '' FROM sqlite_schema WHERE type = 'index'".to_owned(),
                "SELECT name, sql FROM sqlite_schema WHERE type = 'table'".to_owned(),
            ),
        };
        let found = conn.rows(&indexes).await?.into_iter().map(cells::<3>);
        let found: Vec<[String; 3]> = found.collect();
        for (name, (table, index)) in &expected.indexes {
            if !facts.has(table) {
                continue;
            }
            let help = format!("run its CREATE INDEX of {} again", self.schema);
            match found.iter().find(|[found, ..]| folded(found, names.dialect) == *name) {
                None => {
                    let message = format!("the index `{name}` of `{table}` is missing");
                    tell.error("missing-index", message, help);
                }
                Some([_, sql, invalid]) => {
                    if !invalid.is_empty()
                        || normal(sql, &names.schema) != normal(index, &names.schema)
                    {
                        let message = format!(
                            "the index `{name}` is not what the table gives: {sql} {invalid}"
                        );
                        tell.error(
                            "altered-index",
                            message.trim_end(),
                            format!("drop it, and {help}"),
                        );
                    }
                }
            }
        }
        let found = conn.rows(&constraints).await?.into_iter().map(cells::<2>);
        let found: Vec<(String, String)> = found
            .map(|[table, sql]| (folded(&table, names.dialect), normal(&sql, &names.schema)))
            .collect();
        for (table, constraint) in &expected.constraints {
            let mut of_table = found.iter().filter(|(found, _)| found == table);
            let wanted = normal(constraint, &names.schema);
            let stands = match names.dialect {
                Dialect::Postgres => of_table.any(|(_, sql)| *sql == wanted),
                Dialect::Sqlite => of_table.any(|(_, sql)| sql.contains(&wanted)),
            };
            if facts.has(table) && !stands {
                let message = format!("the table `{table}` lacks its constraint {constraint}");
                let help = match names.dialect {
                    Dialect::Postgres => {
                        format!("ALTER TABLE {} ADD {constraint}", names.quoted(table))
                    }
                    Dialect::Sqlite => format!("make the table again as {} has it", self.schema),
                };
                tell.error("missing-constraint", message, help);
            }
        }
        Ok(())
    }

    /// What a row starts in where nothing is said.
    async fn start(&self, conn: &mut Conn, tell: &mut Telling) -> Result<(), Away> {
        let names = self.names;
        // On the way to a later table it may be that one's already.
        let machines = [Some(self.machine), self.next];
        let values: Vec<String> = machines
            .into_iter()
            .flatten()
            .map(|machine| literal(&machine.state(machine.initial[0]).value))
            .collect();
        let column = format!("`{}.{}`", names.table, names.column);
        let sql = match names.dialect {
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
        };
        for row in conn.rows(&sql).await? {
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
                tell.error("altered-default", message, help);
            }
        }
        if names.dialect == Dialect::Postgres {
            self.start_function(conn, &values, tell).await?;
        }
        Ok(())
    }

    /// The function that the default calls, on PostgreSQL.
    async fn start_function(
        &self,
        conn: &mut Conn,
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
            tell.error("missing-function", format!("there is no function `{name}`"), help);
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
        if !values.iter().any(is_one) {
            let message = format!(
                "the body of the function `{name}` is not what the table gives: {}",
                body.trim()
            );
            tell.error("altered-function", message, help);
        }
        Ok(())
    }

    /// Functions that write with their owner's rights, and everyone may call.
    async fn open_functions(
        &self,
        conn: &mut Conn,
        expected: &Objects,
        tell: &mut Telling,
    ) -> Result<(), Away> {
        let sql = format!(
            "SELECT p.proname::text, pg_get_function_identity_arguments(p.oid) FROM pg_proc p \
             JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = {} AND EXISTS ( \
             SELECT FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a \
             WHERE a.grantee = 0 AND a.privilege_type = 'EXECUTE') ORDER BY 1, 2",
            literal(&self.names.schema)
        );
        for row in conn.rows(&sql).await? {
            let [name, arguments] = cells(row);
            if name != self.names.mode && expected.functions.contains_key(&name) {
                let message = format!("PUBLIC may execute the function `{name}`");
                let help = format!(
                    "REVOKE ALL ON FUNCTION {}({arguments}) FROM PUBLIC",
                    self.names.quoted(&name)
                );
                tell.error("open-function", message, help);
            }
        }
        Ok(())
    }

    /// Rules, which rewrite what is written before any trigger sees it.
    async fn rules(
        &self,
        conn: &mut Conn,
        expected: &Objects,
        tell: &mut Telling,
    ) -> Result<(), Away> {
        let sql = format!(
            "SELECT c.relname::text, r.rulename::text FROM pg_rewrite r \
             JOIN pg_class c ON c.oid = r.ev_class JOIN pg_namespace n ON n.oid = c.relnamespace \
             WHERE n.nspname = {} AND c.relkind IN ('r', 'p') ORDER BY 1, 2",
            literal(&self.names.schema)
        );
        for row in conn.rows(&sql).await? {
            let [table, rule] = cells(row);
            if table == self.names.table || expected.tables.contains_key(&table) {
                let message = format!(
                    "the rule `{rule}` of `{table}` rewrites statements before the guard sees them"
                );
                let help = format!(
                    "see that nothing is lost by it, or DROP RULE {} ON {}",
                    quoted(&rule),
                    self.names.quoted(&table)
                );
                tell.tell("foreign-rule", Warning, message, help);
            }
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
                tell.tell("foreign-trigger", Warning, message, help);
            }
        }
    }
}

/// A name in a sentence.
fn tick(name: &str) -> String {
    suggest::list(&[name])
}
