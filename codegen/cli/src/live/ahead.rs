//! What an application's own table would refuse or suffer: CHECKs that lack a state, a key without an index,
//! an enum type that other columns have, too.

use super::connect::{self, Away, Conn};
use super::facts::cells;
use super::{Failure, Telling};
use phasegate_codegen::emit::sql::{Dialect, Names, SqlTarget, Storage, literal, quoted, renamed};
use phasegate_codegen::finding::{Finding, Severity};
use phasegate_codegen::load::Loaded;
use phasegate_codegen::machine::Machine;
use phasegate_codegen::migrate;
use phasegate_codegen::rules;
use phasegate_codegen::suggest;

/// What a database says before the next migration to a table is written. Where labels are renamed of a type
/// that other columns have, that is an error, unless it is known to be `shared`.
///
/// # Errors
/// Where it cannot be reached or read, or the table has no target for it.
pub async fn ahead(loaded: &Loaded, url: &str, shared: bool) -> Result<Vec<Finding>, Failure> {
    let dialect = connect::dialect(url)?;
    let (machine, path) = (&loaded.machine, &loaded.source.path);
    let Some(sql) = machine.targets.sql().filter(|sql| sql.dialects.contains(&dialect)) else {
        let word = dialect.as_str();
        return Err(Failure::Away(format!("{path}: `dialects` of [target.sql] lacks {word:?}")));
    };
    let mut tell = Telling { path: path.clone(), findings: Vec::new() };
    if sql.owns {
        return Ok(tell.findings);
    }
    let known = migrate::known(loaded, dialect).map_err(Failure::Files)?;
    let mut conn = Conn::open(url).await?;
    let own = Own { names: &Names::new(machine, sql, dialect), sql, machine };
    let mut looked = own.look(&mut conn, Severity::Warning, &mut tell).await;
    if let (Ok(()), Some(last), false) = (&looked, known.last(), shared) {
        looked = own.shared(&mut conn, &renamed(&last.machine, machine), &mut tell).await;
    }
    conn.close().await;
    looked?;
    Ok(tell.findings)
}

/// An application's own table.
pub(super) struct Own<'o> {
    pub(super) names: &'o Names,
    pub(super) sql: &'o SqlTarget,
    pub(super) machine: &'o Machine,
}

/// A CHECK of the status column alone.
struct Check {
    name: String,
    expression: String,
}

impl Own<'_> {
    fn table(&self) -> String {
        self.names.of(&self.names.table_name)
    }

    /// The CHECKs and the index; `severity` is that of a CHECK which lacks a state.
    pub(super) async fn look(
        &self,
        conn: &mut Conn,
        severity: Severity,
        tell: &mut Telling,
    ) -> Result<(), Away> {
        if !self.is_there(conn).await? {
            return Ok(());
        }
        self.index(conn, tell).await?;
        for check in self.checks(conn).await? {
            let refused = self.refused(conn, &check).await;
            if !refused.is_empty() {
                self.tell_check(&check, &refused, severity, tell);
            }
        }
        Ok(())
    }

    async fn is_there(&self, conn: &mut Conn) -> Result<bool, Away> {
        let sql = match self.names.dialect {
            Dialect::Postgres => {
                format!("SELECT '' WHERE to_regclass({}) IS NOT NULL", literal(&self.table()))
            }
            Dialect::Sqlite => format!(
                "SELECT '' FROM sqlite_master WHERE type = 'table' AND name = {} COLLATE NOCASE",
                literal(&self.names.table_name)
            ),
        };
        Ok(!conn.rows(&sql).await?.is_empty())
    }

    /// Whether an index begins with the key: what looks a row up would scan the table otherwise.
    async fn index(&self, conn: &mut Conn, tell: &mut Telling) -> Result<(), Away> {
        let names = self.names;
        let count = names.parts.len();
        let keys: Vec<String> = names.parts.iter().map(|part| literal(&part.name)).collect();
        let (keys, table) = (keys.join(", "), literal(&names.table_name));
        let sql = match names.dialect {
            Dialect::Postgres => format!(
                "SELECT '' FROM pg_index i WHERE i.indrelid = {}::regclass AND i.indisvalid AND i.indpred IS NULL \
                 AND ARRAY[{keys}]::name[] <@ ARRAY(SELECT a.attname FROM pg_attribute a WHERE a.attrelid = i.indrelid \
                 AND a.attnum = ANY ((i.indkey::smallint[])[0:{}])) LIMIT 1",
                literal(&self.table()),
                count - 1
            ),
            Dialect::Sqlite => format!(
                "SELECT '' FROM pragma_index_list({table}) i WHERE NOT i.\"partial\" AND (SELECT count(*) \
                 FROM pragma_index_info(i.name) c WHERE c.seqno < {count} AND c.name COLLATE NOCASE IN ({keys})) = {count} \
                 UNION ALL SELECT '' FROM pragma_table_info({table}) c WHERE {count} = 1 AND c.pk = 1 \
                 AND c.name COLLATE NOCASE IN ({keys}) \
                 AND (SELECT count(*) FROM pragma_table_info({table}) k WHERE k.pk > 0) = 1"
            ),
        };
        if conn.rows(&sql).await?.is_empty() {
            let message = format!(
                "no index of `{}` begins with its key ({}): a step would look through the whole table",
                names.table_name,
                names.key_names()
            );
            let columns = names.list(&names.own(""));
            let help = match names.dialect {
                Dialect::Postgres => format!(
                    "CREATE INDEX CONCURRENTLY ON {} ({columns}), of a partitioned table without CONCURRENTLY",
                    self.table()
                ),
                Dialect::Sqlite => {
                    format!(
                        "CREATE INDEX {} ON {} ({columns})",
                        quoted(&format!("{}_key", names.table_name)),
                        self.table()
                    )
                }
            };
            tell.error(rules::KEY_WITHOUT_INDEX, message, help);
        }
        Ok(())
    }

    /// The CHECKs of the status column alone. Of an enum the labels say what it takes.
    async fn checks(&self, conn: &mut Conn) -> Result<Vec<Check>, Away> {
        let names = self.names;
        match names.dialect {
            Dialect::Postgres if self.sql.storage == Storage::Enum => Ok(Vec::new()),
            Dialect::Postgres => {
                let sql = format!(
                    "SELECT k.conname::text, pg_get_expr(k.conbin, k.conrelid) FROM pg_constraint k \
                     JOIN pg_attribute a ON a.attrelid = k.conrelid AND k.conkey = ARRAY[a.attnum] \
                     WHERE k.contype = 'c' AND k.conrelid = {}::regclass AND a.attname = {} ORDER BY 1",
                    literal(&self.table()),
                    literal(&names.column_name)
                );
                let check = |row| {
                    let [name, expression] = cells(row);
                    Check { name, expression }
                };
                Ok(conn.rows(&sql).await?.into_iter().map(check).collect())
            }
            Dialect::Sqlite => {
                let sql = format!(
                    "SELECT sql FROM sqlite_master WHERE type = 'table' AND name = {} COLLATE NOCASE",
                    literal(&names.table_name)
                );
                let [text] =
                    conn.rows(&sql).await?.into_iter().next().map(cells).unwrap_or_default();
                let is_of_it = |expression: &String| {
                    expression.to_lowercase().contains(&names.column_name.to_lowercase())
                };
                let expressions = checks_in(&text).into_iter().filter(is_of_it);
                Ok(expressions
                    .map(|expression| Check { name: String::new(), expression })
                    .collect())
            }
        }
    }

    /// The states that a CHECK refuses; none where it is of other columns, too.
    async fn refused(&self, conn: &mut Conn, check: &Check) -> Vec<&str> {
        let entered = self
            .machine
            .states
            .iter()
            .filter(|state| !state.retired && self.sql.null.as_ref() != Some(&state.name));
        let mut refused = Vec::new();
        for state in entered {
            let held = self.held(&state.stored);
            let sql = format!(
                "SELECT '' FROM (SELECT {held} AS {}) AS t WHERE NOT ({})",
                quoted(&self.names.column_name),
                check.expression
            );
            match conn.rows(&sql).await {
                Ok(rows) if rows.is_empty() => {}
                Ok(_) => refused.push(state.value.as_str()),
                Err(_) => return Vec::new(),
            }
        }
        refused
    }

    /// What the column holds, as a literal of its type.
    fn held(&self, stored: &str) -> String {
        match (self.names.has_numbers(), self.names.dialect) {
            (true, _) => stored.to_owned(),
            (false, Dialect::Postgres) => format!("{}::text", literal(stored)),
            (false, Dialect::Sqlite) => literal(stored),
        }
    }

    fn tell_check(&self, check: &Check, refused: &[&str], severity: Severity, tell: &mut Telling) {
        let (table, column) = (self.table(), quoted(&self.names.column_name));
        let all: Vec<String> = refused
            .iter()
            .filter_map(|value| self.machine.find_value(value))
            .map(|id| self.held(&self.machine.state(id).stored))
            .collect();
        let wanted = format!("CHECK (({}) OR {column} IN ({}))", check.expression, all.join(", "));
        let (what, help) = match self.names.dialect {
            Dialect::Postgres => {
                let name = quoted(&check.name);
                let help = format!(
                    "ALTER TABLE {table} DROP CONSTRAINT {name}, ADD CONSTRAINT {name} {wanted} NOT VALID; \
                     ALTER TABLE {table} VALIDATE CONSTRAINT {name}"
                );
                (format!("the CHECK `{}` of `{}`", check.name, self.names.table_name), help)
            }
            Dialect::Sqlite => {
                let help = format!("make the table anew with {wanted}");
                (format!("a CHECK of `{}` ({})", self.names.table_name, check.expression), help)
            }
        };
        let message = format!("{what} refuses the states {}", suggest::list(refused));
        tell.tell(rules::CHECK_REFUSES, severity, message, help);
    }

    /// The other columns that have the enum type whose labels are renamed.
    async fn shared(
        &self,
        conn: &mut Conn,
        renamed: &[(&str, &str)],
        tell: &mut Telling,
    ) -> Result<(), Away> {
        let names = self.names;
        if renamed.is_empty()
            || names.dialect == Dialect::Sqlite
            || self.sql.storage != Storage::Enum
        {
            return Ok(());
        }
        let (table, column) = (literal(&self.table()), literal(&names.column_name));
        let sql = format!(
            "SELECT format('%s.%I', c.oid::regclass, a.attname) FROM pg_attribute o \
             JOIN pg_attribute a ON a.atttypid IN (o.atttypid, (SELECT t.typarray FROM pg_type t WHERE t.oid = o.atttypid)) \
             JOIN pg_class c ON c.oid = a.attrelid AND c.relkind IN ('r', 'p', 'f', 'm') \
             WHERE o.attrelid = to_regclass({table}) AND o.attname = {column} AND NOT a.attisdropped \
             AND NOT (a.attname = {column} AND c.oid IN (SELECT p.relid FROM pg_partition_tree(o.attrelid) p UNION SELECT o.attrelid)) \
             ORDER BY 1"
        );
        let others: Vec<String> = conn.rows(&sql).await?.into_iter().flatten().flatten().collect();
        if !others.is_empty() {
            let labels: Vec<&str> = renamed.iter().map(|(was, _)| *was).collect();
            let message = format!(
                "other columns have the type of `{}.{}`, and {} would be renamed there, too: {}",
                names.table_name,
                names.column_name,
                suggest::list(&labels),
                others.join(", ")
            );
            let help = "where that is meant, and their code knows it, say `--shared`";
            tell.error(rules::SHARED_TYPE, message, help);
        }
        Ok(())
    }
}

/// The expressions of the CHECKs in a statement that makes a table.
fn checks_in(sql: &str) -> Vec<String> {
    let bytes = sql.as_bytes();
    let (mut found, mut at) = (Vec::new(), 0);
    while at < bytes.len() {
        let word =
            bytes[at..].iter().take_while(|b| b.is_ascii_alphanumeric() || **b == b'_').count();
        if word > 0 {
            let is_check = sql[at..at + word].eq_ignore_ascii_case("check");
            at += word;
            let open = at + bytes[at..].iter().take_while(|b| b.is_ascii_whitespace()).count();
            if is_check && bytes.get(open) == Some(&b'(') {
                let end = closing(bytes, open);
                found.push(sql[open + 1..end].to_owned());
                at = end;
            }
        } else {
            at = quoted_end(bytes, at).unwrap_or(at) + 1;
        }
    }
    found
}

/// Where a text in quotes that begins at a place ends.
fn quoted_end(bytes: &[u8], at: usize) -> Option<usize> {
    let quote = *bytes.get(at).filter(|b| matches!(b, b'\'' | b'"' | b'`'))?;
    let end = bytes[at + 1..].iter().position(|b| *b == quote)?;
    Some(at + 1 + end)
}

/// The place of the parenthesis that closes the one at a place; the end where none does.
fn closing(bytes: &[u8], open: usize) -> usize {
    let (mut depth, mut at) = (0_usize, open);
    while at < bytes.len() {
        match bytes[at] {
            b'(' => depth += 1,
            b')' if depth == 1 => return at,
            b')' => depth -= 1,
            _ => at = quoted_end(bytes, at).unwrap_or(at),
        }
        at += 1;
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_checks_of_a_table_whatever_stands_around_them() {
        let sql = "CREATE TABLE \"check (x)\" (a text DEFAULT 'CHECK (no)' check(a IN ('x)', 'it''s')), checked int, \
                   CONSTRAINT c CHECK  ((a = 'y') OR length(a) > 1))";
        assert_eq!(checks_in(sql), ["a IN ('x)', 'it''s')", "(a = 'y') OR length(a) > 1"]);
        assert_eq!(checks_in("CHECK (unclosed"), ["unclosed"]);
    }
}
