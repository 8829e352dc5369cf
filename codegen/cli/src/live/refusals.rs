//! What the next migration would refuse of an application's own table: that it is not there, a key that several
//! rows share, rows in states that the table lacks.

use super::Drift;
use super::ahead::Own;
use super::connect::{Away, Conn};
use super::facts::cells;
use super::rows;
use phasegate_codegen::emit::sql::{Dialect, Mode, Schema, literal, renamed};
use phasegate_codegen::finding::Severity;
use phasegate_codegen::machine::Machine;
use phasegate_codegen::rules;
use phasegate_codegen::suggest::{self, shown};

impl Own<'_> {
    /// All that is known before a migration is written; `last` is the table that was migrated to.
    pub(super) async fn look_ahead(
        &self,
        conn: &mut Conn,
        last: Option<&Machine>,
        drift: &mut Drift,
    ) -> Result<(), Away> {
        if !self.is_complete(conn, drift).await? {
            return Ok(());
        }
        if last.is_none() {
            self.shared_keys(conn, drift).await?;
        }
        self.unknown_states(conn, last, drift).await?;
        self.look(conn, Severity::Warning, drift).await?;
        if last.is_none() && !drift.has_errors() {
            self.preflight(conn, drift).await;
        }
        Ok(())
    }

    /// What the first migration asks of the table before it makes anything, asked by its own statements.
    async fn preflight(&self, conn: &mut Conn, drift: &mut Drift) {
        let names = self.names;
        let name = names.name("preflight");
        let objects = Schema::new(self.machine, self.sql, names.dialect).objects();
        let Some(preflight) = objects.iter().find(|object| object.name == name) else { return };
        let Err(said) = conn.rows(&preflight.sql).await else { return };
        // Whatever else it is refused for is none of the table's, such as a right that this role lacks.
        if let Some((_, fault)) = said.split_once(" cannot be guarded: ") {
            let message = format!("`{}` cannot be guarded: {fault}", names.table_name);
            let help = "mend the table, or say in [target.sql] what it has: the first migration would refuse it";
            drift.error(rules::CANNOT_BE_GUARDED, message, help);
        }
    }

    /// Whether the table is there, with its key and its status.
    async fn is_complete(&self, conn: &mut Conn, drift: &mut Drift) -> Result<bool, Away> {
        let names = self.names;
        let table = &names.table_name;
        if !self.is_there(conn).await? {
            let message = format!("there is no table `{table}`");
            let help = match names.dialect {
                Dialect::Postgres => format!(
                    "run the migrations that make it first, or say `table` and `schema` in [target.sql]: it was \
                     looked for in the schema `{}`",
                    names.schema_name
                ),
                Dialect::Sqlite => {
                    "run the migrations that make it first, or say `table` in [target.sql]"
                        .to_owned()
                }
            };
            drift.error(rules::MISSING_TABLE, message, help);
            return Ok(false);
        }
        let sql = match names.dialect {
            Dialect::Postgres => format!(
                "SELECT attname::text FROM pg_attribute WHERE attrelid = to_regclass({}) AND attnum > 0 \
                 AND NOT attisdropped",
                literal(&self.table())
            ),
            Dialect::Sqlite => {
                format!("SELECT lower(name) FROM pragma_table_xinfo({})", literal(table))
            }
        };
        let has: Vec<String> = conn.rows(&sql).await?.into_iter().flatten().flatten().collect();
        let folded = |name: &str| match names.dialect {
            Dialect::Postgres => name.to_owned(),
            Dialect::Sqlite => name.to_lowercase(),
        };
        let wanted = names.parts.iter().map(|part| part.name.as_str());
        let lacking: Vec<&str> = wanted
            .chain([names.column_name.as_str()])
            .filter(|name| !has.contains(&folded(name)))
            .collect();
        if !lacking.is_empty() {
            let message =
                format!("the table `{table}` lacks the columns {}", suggest::list(&lacking));
            let help = "say in [target.sql] what they are called (`key`, `column`)";
            drift.error(rules::MISSING_COLUMN, message, help);
        }
        Ok(lacking.is_empty())
    }

    /// Keys that several rows have: a history is of one row.
    async fn shared_keys(&self, conn: &mut Conn, drift: &mut Drift) -> Result<(), Away> {
        let names = self.names;
        let key = names.own("t");
        // Keys that differ in nothing but what a collation passes over are two to the guards.
        let exact = |part: &String| match names.dialect {
            Dialect::Postgres => part.clone(),
            Dialect::Sqlite => format!("{part} COLLATE BINARY"),
        };
        let group: Vec<String> = key.iter().map(exact).collect();
        let set: Vec<String> = key.iter().map(|part| format!("{part} IS NOT NULL")).collect();
        let sql = format!(
            "SELECT CAST(count(*) AS text) FROM (SELECT 1 FROM {} t WHERE {} GROUP BY {} HAVING count(*) > 1) d",
            self.table(),
            set.join(" AND "),
            group.join(", ")
        );
        for row in conn.rows(&sql).await? {
            let [count] = cells(row);
            if count == "0" {
                continue;
            }
            let (keys, stand) = match count.as_str() {
                "1" => ("key", "stands in several rows"),
                _ => ("keys", "stand in several rows each"),
            };
            let message = format!(
                "{count} {keys} of `{}` ({}) {stand}, and a history is of one row: the migration would refuse",
                names.table_name,
                names.key_names()
            );
            let help = "name in [target.sql] a `key` that is unique, of several columns where it takes them";
            drift.error(rules::KEY_SHARED, message, help);
        }
        Ok(())
    }

    /// Rows in states that the table lacks, where the next migration begins to enforce.
    async fn unknown_states(
        &self,
        conn: &mut Conn,
        last: Option<&Machine>,
        drift: &mut Drift,
    ) -> Result<(), Away> {
        let enforces =
            |machine: &Machine| machine.targets.sql().is_some_and(|sql| sql.mode == Mode::Enforce);
        if self.sql.mode == Mode::Observe || last.is_some_and(enforces) {
            return Ok(());
        }
        let renames = last.map(|last| renamed(last, self.machine)).unwrap_or_default();
        let (by_status, _) = rows::by_status(conn, self.names).await?;
        let unknown: Vec<String> = by_status
            .iter()
            .filter(|(status, _)| {
                let is_renamed = renames.iter().any(|(from, _)| from == status);
                self.machine.find_value(status).is_none() && !is_renamed
            })
            .map(|(status, count)| format!("{} ({count})", shown(status)))
            .collect();
        if !unknown.is_empty() {
            let message = format!(
                "rows of `{}` are in states that the table lacks: {}; the migration that enforces would refuse",
                self.names.table_name,
                suggest::list(&unknown)
            );
            let help = "mend the rows, or add the states to the table, retired where nothing is to enter them";
            drift.error(rules::ROWS_IN_UNKNOWN_STATES, message, help);
        }
        Ok(())
    }
}
