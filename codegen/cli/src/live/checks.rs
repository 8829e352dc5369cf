//! The CHECKs of an application's own column, of its domain, and of several columns: whether they refuse a
//! state of the table.

use super::Drift;
use super::ahead::Own;
use super::connect::{Away, Conn};
use super::ddl;
use super::facts::cells;
use phasegate_codegen::emit::sql::{Dialect, Storage, literal, quoted};
use phasegate_codegen::finding::Severity;
use phasegate_codegen::rules;
use phasegate_codegen::suggest;

/// So many rows' values are tried in the other columns of a CHECK.
const TRIED: usize = 1000;
/// Of so many other columns every mix of nothing and something is tried; of a CHECK that names more nothing is
/// said.
const MIXED: usize = 8;

/// A CHECK that the status column has a part in.
pub(super) struct Check {
    /// Its name; none on SQLite.
    name: String,
    expression: String,
    /// The domain that it is of; none where it is the table's.
    domain: Option<String>,
    /// What the status column is of, on PostgreSQL.
    of: String,
    /// The other columns that it names, each with its type.
    others: Vec<(String, String)>,
}

impl Own<'_> {
    /// The CHECKs that name the status column, and those of its domain.
    pub(super) async fn checks(&self, conn: &mut Conn) -> Result<Vec<Check>, Away> {
        match self.names.dialect {
            Dialect::Postgres => self.postgres_checks(conn).await,
            Dialect::Sqlite => self.sqlite_checks(conn).await,
        }
    }

    async fn postgres_checks(&self, conn: &mut Conn) -> Result<Vec<Check>, Away> {
        let (table, column) = (literal(&self.table()), literal(&self.names.column_name));
        let sql = format!(
            "WITH RECURSIVE status AS (SELECT a.attnum, a.atttypid FROM pg_attribute a \
               WHERE a.attrelid = {table}::regclass AND a.attname = {column}), \
             domains AS (SELECT t.oid, t.typbasetype FROM pg_type t JOIN status s ON t.oid = s.atttypid WHERE t.typtype = 'd' \
               UNION ALL SELECT t.oid, t.typbasetype FROM pg_type t JOIN domains d ON t.oid = d.typbasetype WHERE t.typtype = 'd') \
             SELECT k.conname::text, pg_get_expr(k.conbin, k.conrelid), '', format_type(s.atttypid, NULL), ( \
               SELECT coalesce(json_agg(json_build_array(o.attname, format_type(o.atttypid, NULL)) ORDER BY o.attnum), '[]')::text \
               FROM pg_attribute o WHERE o.attrelid = k.conrelid AND o.attnum = ANY (k.conkey) AND o.attnum <> s.attnum \
             ) FROM pg_constraint k JOIN status s ON s.attnum = ANY (k.conkey) \
             WHERE k.contype = 'c' AND k.conrelid = {table}::regclass \
             UNION ALL SELECT k.conname::text, pg_get_expr(k.conbin, 0), d.oid::regtype::text, '', '[]' \
             FROM pg_constraint k JOIN domains d ON d.oid = k.contypid WHERE k.contype = 'c' ORDER BY 3, 1"
        );
        let check = |row| {
            let [name, expression, domain, of, others] = cells(row);
            let others = serde_json::from_str(&others).unwrap_or_default();
            let domain = Some(domain).filter(|domain| !domain.is_empty());
            Check { name, expression, domain, of, others }
        };
        Ok(conn.rows(&sql).await?.into_iter().map(check).collect())
    }

    async fn sqlite_checks(&self, conn: &mut Conn) -> Result<Vec<Check>, Away> {
        let names = self.names;
        let table = literal(&names.table_name);
        let sql = format!(
            "SELECT sql FROM sqlite_master WHERE type = 'table' AND name = {table} COLLATE NOCASE"
        );
        let [text] = conn.rows(&sql).await?.into_iter().next().map(cells).unwrap_or_default();
        let sql = format!("SELECT name FROM pragma_table_info({table})");
        let columns = conn.rows(&sql).await?.into_iter().flatten().flatten();
        let columns: Vec<String> = columns.collect();
        let is_of_it = |expression: &String| ddl::names(expression, &names.column_name);
        let check = |expression: String| {
            let (name, of) = (String::new(), String::new());
            let others = columns
                .iter()
                .filter(|other| !other.eq_ignore_ascii_case(&names.column_name))
                .filter(|other| ddl::names(&expression, other))
                .map(|other| (other.clone(), String::new()))
                .collect();
            Check { name, expression, domain: None, of, others }
        };
        Ok(ddl::checks(&text).into_iter().filter(is_of_it).map(check).collect())
    }

    /// The states that a CHECK refuses, whatever other columns hold of what is tried.
    pub(super) async fn refused(&self, conn: &mut Conn, check: &Check) -> Vec<&str> {
        let entered = self
            .machine
            .states
            .iter()
            .filter(|state| !state.retired && self.sql.null.as_ref() != Some(&state.name));
        let mut refused = Vec::new();
        if check.others.len() > MIXED {
            return refused;
        }
        for state in entered {
            match conn.rows(&self.passes(check, &self.held(&state.stored))).await {
                Ok(rows) if rows.is_empty() => refused.push(state.value.as_str()),
                Ok(_) => {}
                Err(_) => return Vec::new(),
            }
        }
        refused
    }

    /// A row where the CHECK lets this through, next to what is tried in other columns.
    fn passes(&self, check: &Check, held: &str) -> String {
        let Check { expression, others, domain, of, .. } = check;
        let name = match domain {
            Some(_) => "value".to_owned(),
            None => quoted(&self.names.column_name),
        };
        let mut rows = format!("SELECT {held} AS {name}");
        let mut columns = String::new();
        for (other, of) in others {
            let tried = self.tried(of).map(|value| format!("SELECT {value} AS v"));
            let tried = tried.join(" UNION ALL ");
            rows =
                format!("SELECT t.*, o.v AS {} FROM ({rows}) AS t, ({tried}) AS o", quoted(other));
            columns += &format!(", {}", quoted(other));
        }
        if !others.is_empty() {
            rows += &format!(
                " UNION ALL SELECT * FROM (SELECT {held} AS {name}{columns} FROM {} LIMIT {TRIED}) AS r",
                self.table()
            );
        }
        // An expression of labels as one of texts: a label may have yet to be added.
        let expression = match self.sql.storage {
            Storage::Enum if !of.is_empty() => expression.replace(&format!("::{of}"), "::text"),
            Storage::Enum | Storage::Text | Storage::Integer => expression.clone(),
        };
        let holds = match self.names.dialect {
            Dialect::Postgres => format!("({expression}) IS NOT FALSE"),
            Dialect::Sqlite => format!("NOT (({expression}) IS 0)"),
        };
        format!("SELECT '' FROM ({rows}) AS t WHERE {holds} LIMIT 1")
    }

    /// Nothing, and something, of a type.
    fn tried(&self, of: &str) -> [String; 3] {
        if self.names.dialect == Dialect::Sqlite {
            return ["NULL", "'x'", "1"].map(str::to_owned);
        }
        let is = |word: &str| of.starts_with(word);
        let some = if is("timestamp") || is("date") || is("time") {
            ["'now'", "'now'"]
        } else if is("boolean") {
            ["true", "false"]
        } else if is("text") || is("character") || is("citext") {
            ["'x'", "''"]
        } else if ["smallint", "integer", "bigint", "numeric", "real", "double"].into_iter().any(is)
        {
            ["1", "0"]
        } else if is("uuid") {
            ["'00000000-0000-4000-8000-000000000000'"; 2]
        } else {
            ["NULL"; 2]
        };
        ["NULL", some[0], some[1]].map(|value| format!("{value}::{of}"))
    }

    /// What the column holds, as a literal of its type.
    fn held(&self, stored: &str) -> String {
        match (self.names.has_numbers(), self.names.dialect) {
            (true, _) => stored.to_owned(),
            (false, Dialect::Postgres) => format!("{}::text", literal(stored)),
            (false, Dialect::Sqlite) => literal(stored),
        }
    }

    pub(super) fn report_check(
        &self,
        check: &Check,
        refused: &[&str],
        severity: Severity,
        drift: &mut Drift,
    ) {
        let (table, column) = (self.table(), quoted(&self.names.column_name));
        let of = check.domain.as_ref().map_or(column.as_str(), |_| "VALUE");
        let all: Vec<String> = refused
            .iter()
            .filter_map(|value| self.machine.find_value(value))
            .map(|id| self.held(&self.machine.state(id).stored))
            .map(|held| match self.sql.storage {
                Storage::Enum => held.trim_end_matches("::text").to_owned(),
                Storage::Text | Storage::Integer => held,
            })
            .collect();
        let wanted = format!("CHECK (({}) OR {of} IN ({}))", check.expression, all.join(", "));
        let name = quoted(&check.name);
        let (what, help) = match (self.names.dialect, &check.domain) {
            (Dialect::Postgres, Some(domain)) => {
                let help = format!(
                    "ALTER DOMAIN {domain} DROP CONSTRAINT {name}; ALTER DOMAIN {domain} ADD CONSTRAINT {name} {wanted}"
                );
                (format!("the CHECK `{}` of the domain `{domain}`", check.name), help)
            }
            (Dialect::Postgres, None) => {
                let help = format!(
                    "ALTER TABLE {table} DROP CONSTRAINT {name}, ADD CONSTRAINT {name} {wanted} NOT VALID; \
                     ALTER TABLE {table} VALIDATE CONSTRAINT {name}"
                );
                (format!("the CHECK `{}` of `{}`", check.name, self.names.table_name), help)
            }
            (Dialect::Sqlite, _) => {
                let help = format!("make the table anew with {wanted}");
                let said: Vec<&str> = check.expression.split_whitespace().collect();
                (format!("a CHECK of `{}` ({})", self.names.table_name, said.join(" ")), help)
            }
        };
        let message = format!("{what} refuses the states {}", suggest::list(refused));
        drift.add(rules::CHECK_REFUSES, severity, message, help);
    }
}
