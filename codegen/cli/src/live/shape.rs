//! Columns, indexes, constraints and views of what phasegate makes, beside what it would make.

use std::collections::BTreeMap;

use super::Telling;
use super::connect::{Away, Conn};
use super::expected::Objects;
use super::facts::{Facts, cells, literal};
use super::judge::{Held, MADE_OTHERWISE};
use super::spelling::{folded, normal, words};
use phasegate_codegen::emit::sql::Dialect;
use phasegate_codegen::finding::Severity::{Error, Warning};
use phasegate_codegen::rules;

impl Held<'_> {
    /// The indexes and constraints of the tables that phasegate makes.
    pub(super) async fn shape(
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
                    tell.error(rules::MISSING_INDEX, message, help);
                }
                Some([_, sql, invalid]) => {
                    if !invalid.is_empty()
                        || normal(sql, &names.schema) != normal(index, &names.schema)
                    {
                        let message = format!(
                            "the index `{name}` is not what the table gives: {sql} {invalid}"
                        );
                        tell.error(
                            rules::ALTERED_INDEX,
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
                tell.error(rules::MISSING_CONSTRAINT, message, help);
            }
        }
        self.columns(conn, facts, expected, &found, tell).await
    }

    /// The columns; `tables` are SQLite's own texts of them.
    async fn columns(
        &self,
        conn: &mut Conn,
        facts: &Facts,
        expected: &Objects,
        tables: &[(String, String)],
        tell: &mut Telling,
    ) -> Result<(), Away> {
        let names = self.names;
        let found = match names.dialect {
            Dialect::Sqlite => BTreeMap::new(),
            Dialect::Postgres => self.found_columns(conn).await?,
        };
        for ((table, column), wanted) in &expected.columns {
            let key = (table.clone(), column.clone());
            let is = match names.dialect {
                _ if !facts.has_column(table, column) => continue,
                Dialect::Sqlite => {
                    let wanted = normal(wanted, "");
                    let has = |(of, sql): &(String, String)| of == table && sql.contains(&wanted);
                    if tables.iter().any(has) {
                        continue;
                    }
                    "otherwise"
                }
                Dialect::Postgres => match found.get(&key) {
                    Some(is) if is == wanted => continue,
                    Some(is) => is,
                    None => continue,
                },
            };
            let message = format!("the column `{table}.{column}` is {is}, not {wanted}");
            let help = format!("alter it back to what {} has", self.schema);
            // What an application does with the columns that are there for it is its own affair.
            let is_ours = *table != names.table || [&names.key, &names.column].contains(&column);
            let severity = if is_ours { Error } else { Warning };
            tell.tell(rules::ALTERED_COLUMN, severity, message, help);
        }
        Ok(())
    }

    /// What each column of PostgreSQL's is.
    async fn found_columns(
        &self,
        conn: &mut Conn,
    ) -> Result<BTreeMap<(String, String), String>, Away> {
        let names = self.names;
        // The default of the status is looked at with the function that says it.
        let sql = format!(
            "SELECT c.relname::text, a.attname::text, format_type(a.atttypid, a.atttypmod) \
             || CASE a.attidentity WHEN 'a' THEN ' GENERATED ALWAYS AS IDENTITY' \
             WHEN 'd' THEN ' GENERATED BY DEFAULT AS IDENTITY' ELSE '' END \
             || CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END \
             || CASE WHEN d.adbin IS NULL OR c.relname = {} AND a.attname = {} \
             THEN '' ELSE ' DEFAULT ' || pg_get_expr(d.adbin, d.adrelid) END \
             FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid AND c.relkind IN ('r', 'p') \
             JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = {} \
             LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum \
             WHERE a.attnum > 0 AND NOT a.attisdropped",
            literal(&names.table),
            literal(&names.column),
            literal(&names.schema)
        );
        let mut columns = BTreeMap::new();
        for row in conn.rows(&sql).await? {
            let [table, column, is] = cells(row);
            columns.insert((table, column), is.replace('"', ""));
        }
        Ok(columns)
    }

    /// The views: on SQLite word by word; PostgreSQL keeps no text, but plans both alike. `knows`
    /// where the rules are those that the table gives.
    pub(super) async fn views(
        &self,
        conn: &mut Conn,
        facts: &Facts,
        expected: &Objects,
        knows: bool,
        tell: &mut Telling,
    ) -> Result<(), Away> {
        let names = self.names;
        // It is told of the mode, or of the table.
        let is_switched = self.is_in_the_other_mode(facts, expected);
        for (name, view) in &expected.views {
            // A view of SQLite's says the mode, too.
            if is_switched && (*name == names.observed || names.dialect == Dialect::Sqlite) {
                continue;
            }
            let help =
                format!("apply the migrations, or run its CREATE VIEW of {} again", self.schema);
            if !facts.has(name) {
                tell.error(rules::MISSING_VIEW, format!("there is no view `{name}`"), help);
                continue;
            }
            // What SQLite's rules say is judged row by row.
            let rules = [&names.states, &names.transitions, &names.language, &names.renames];
            if names.dialect == Dialect::Sqlite && rules.contains(&name) {
                continue;
            }
            if !self.can_select(facts, expected) {
                continue;
            }
            let stands = match names.dialect {
                Dialect::Sqlite => {
                    let sql = "SELECT name, sql FROM sqlite_schema WHERE type = 'view'";
                    let found = conn.rows(sql).await?.into_iter().map(cells::<2>);
                    found.into_iter().any(|[found, sql]| {
                        folded(&found, names.dialect) == *name && words(&sql) == words(&view.sql)
                    })
                }
                Dialect::Postgres if !self.is_the_history_s(conn, name).await? => continue,
                Dialect::Postgres => {
                    let plan = "EXPLAIN (VERBOSE, COSTS OFF) SELECT * FROM";
                    let is = conn.rows(&format!("{plan} {}", names.quoted(name))).await?;
                    is == conn.rows(&format!("{plan} ({}) v", view.select)).await?
                }
            };
            // What it observes is said in words of the table's states.
            if !stands && (knows || *name != names.observed) {
                let message = format!("the view `{name}` is not what the table gives");
                let help = format!("{MADE_OTHERWISE}: drop it, and {help}");
                tell.error(rules::ALTERED_VIEW, message, help);
            }
        }
        Ok(())
    }

    /// Whether a view is its owner's who has the history, too. Another one may not read it, and is
    /// told of.
    async fn is_the_history_s(&self, conn: &mut Conn, view: &str) -> Result<bool, Away> {
        let names = self.names;
        let sql = format!(
            "SELECT '' FROM pg_class v JOIN pg_class e ON e.relnamespace = v.relnamespace AND e.relowner = v.relowner \
             JOIN pg_namespace n ON n.oid = v.relnamespace \
             WHERE n.nspname = {} AND v.relname = {} AND e.relname = {}",
            literal(&names.schema),
            literal(view),
            literal(names.events.as_deref().unwrap_or(&names.states))
        );
        Ok(!conn.rows(&sql).await?.is_empty())
    }

    /// Whether all is there that views are of.
    pub(super) fn can_select(&self, facts: &Facts, expected: &Objects) -> bool {
        let names = self.names;
        let rules = [&names.states, &names.transitions, &names.renames];
        rules.into_iter().all(|view| facts.has(view))
            && expected.tables.iter().all(|(table, columns)| {
                columns.iter().all(|column| facts.has_column(table, column))
            })
    }
}
