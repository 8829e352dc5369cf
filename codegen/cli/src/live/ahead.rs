//! What an application's own table would refuse or suffer: CHECKs that lack a state, a key without an index,
//! a key that SQLite gives again, an enum type that other columns have, too.

use super::connect::{self, Away, Conn};
use super::{Drift, Failure, ddl};
use phasegate_codegen::emit::sql::{
    Dialect, SqlNames, SqlTarget, Storage, literal, quoted, renamed,
};
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
    let mut drift = Drift { path: path.clone(), findings: Vec::new() };
    if sql.owns {
        return Ok(drift.findings);
    }
    let known = migrate::known(loaded, dialect).map_err(Failure::Files)?;
    let mut conn = Conn::open(url).await?;
    let own = Own { names: &SqlNames::new(machine, sql, dialect), sql, machine };
    let last = known.last().map(|known| &known.machine);
    let mut looked = own.look_ahead(&mut conn, last, &mut drift).await;
    if let (Ok(()), Some(last), false) = (&looked, known.last(), shared) {
        looked = own.shared(&mut conn, &renamed(&last.machine, machine), &mut drift).await;
    }
    conn.close().await;
    looked?;
    Ok(drift.findings)
}

/// Whether a key of SQLite's is the rowid by another name, and not AUTOINCREMENT: then the number of the newest
/// row is given again once that row is deleted. Every other primary key has an index.
pub(crate) async fn is_given_again(conn: &mut Conn, table: &str, key: &str) -> Result<bool, Away> {
    let (table, key) = (literal(table), literal(key));
    let sql = format!(
        "SELECT m.sql FROM sqlite_master m WHERE m.type = 'table' AND m.name = {table} COLLATE NOCASE \
         AND NOT EXISTS (SELECT 1 FROM pragma_index_list(m.name) WHERE origin = 'pk') \
         AND EXISTS (SELECT 1 FROM pragma_table_info(m.name) WHERE pk = 1 AND name = {key} COLLATE NOCASE)"
    );
    let mut made = conn.rows(&sql).await?.into_iter().flatten().flatten();
    // A comment may say the word.
    Ok(made.any(|made| !ddl::says(&made, "AUTOINCREMENT")))
}

/// An application's own table.
pub(super) struct Own<'o> {
    pub(super) names: &'o SqlNames,
    pub(super) sql: &'o SqlTarget,
    pub(super) machine: &'o Machine,
}

impl Own<'_> {
    pub(super) fn table(&self) -> String {
        self.names.of(&self.names.table_name)
    }

    /// The CHECKs and the index; `severity` is that of a CHECK which lacks a state.
    pub(super) async fn look(
        &self,
        conn: &mut Conn,
        severity: Severity,
        drift: &mut Drift,
    ) -> Result<(), Away> {
        if !self.is_there(conn).await? {
            return Ok(());
        }
        self.index(conn, drift).await?;
        self.numbers_given_again(conn, drift).await?;
        for check in self.checks(conn).await? {
            let refused = self.refused(conn, &check).await;
            if !refused.is_empty() {
                self.report_check(&check, &refused, severity, drift);
            }
        }
        Ok(())
    }

    pub(super) async fn is_there(&self, conn: &mut Conn) -> Result<bool, Away> {
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
    async fn index(&self, conn: &mut Conn, drift: &mut Drift) -> Result<(), Away> {
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
                    "CREATE UNIQUE INDEX CONCURRENTLY ON {} ({columns}); of a partitioned table without CONCURRENTLY, and \
                     without UNIQUE where its partitions go by another column",
                    self.table()
                ),
                Dialect::Sqlite => {
                    format!(
                        "CREATE UNIQUE INDEX {} ON {} ({columns})",
                        quoted(&format!("{}_key", names.table_name)),
                        self.table()
                    )
                }
            };
            drift.error(rules::KEY_WITHOUT_INDEX, message, help);
        }
        Ok(())
    }

    /// Whether SQLite gives the number of a deleted row to the next one, which the guard refuses: it does,
    /// where the key is the rowid by another name and not AUTOINCREMENT.
    async fn numbers_given_again(&self, conn: &mut Conn, drift: &mut Drift) -> Result<(), Away> {
        let names = self.names;
        let ([part], Some(events), Dialect::Sqlite) =
            (&names.parts[..], &self.sql.events, names.dialect)
        else {
            return Ok(());
        };
        if !is_given_again(conn, &names.table_name, &part.name).await? {
            return Ok(());
        }
        let (table, key) = (&names.table_name, &part.name);
        let message = format!(
            "the key `{table}.{key}` is an INTEGER PRIMARY KEY without AUTOINCREMENT: once the newest row is \
             deleted, SQLite gives its number to the next one, and a guard that enforces refuses a key that has a history"
        );
        let help = format!(
            "make the table anew with `{key} INTEGER PRIMARY KEY AUTOINCREMENT`, then run the guards' file of \
             {}; until then give the next row a number above those of the history: \
             (SELECT max({row}) + 1 FROM (SELECT {row} FROM {} UNION ALL SELECT {row} FROM {}))",
            self.sql.path,
            quoted(events),
            names.at("pruned"),
            row = quoted(&part.row_name),
        );
        drift.add(rules::KEY_GIVEN_AGAIN, Severity::Warning, message, help);
        Ok(())
    }

    /// The other columns that have the enum type whose labels are renamed.
    async fn shared(
        &self,
        conn: &mut Conn,
        renamed: &[(&str, &str)],
        drift: &mut Drift,
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
            drift.error(rules::SHARED_TYPE, message, help);
        }
        Ok(())
    }
}
