//! What others hung on the tables, on PostgreSQL: rules, triggers and tables that inherit.

use super::Drift;
use super::connect::{Away, Conn};
use super::facts::cells;
use super::judge::Held;
use phasegate_codegen::emit::sql::Kind;
use phasegate_codegen::emit::sql::{literal, quoted};
use phasegate_codegen::finding::Severity::{Error, Warning};
use phasegate_codegen::rules;

impl Held<'_> {
    /// Rules, which rewrite what is written before any trigger sees it: one that does something else
    /// instead loses it.
    pub(super) async fn rules(&self, conn: &mut Conn, drift: &mut Drift) -> Result<(), Away> {
        let sql = format!(
            "SELECT c.relname::text, r.rulename::text, CASE WHEN r.is_instead THEN '1' ELSE '0' END FROM pg_rewrite r \
             JOIN pg_class c ON c.oid = r.ev_class JOIN pg_namespace n ON n.oid = c.relnamespace \
             WHERE n.nspname = {} AND c.relkind IN ('r', 'p') ORDER BY 1, 2",
            literal(&self.names.schema_name)
        );
        for row in conn.rows(&sql).await? {
            let [table, rule, instead] = cells(row);
            if table == self.names.table_name || self.makes(Kind::Table, &table) {
                let message = format!(
                    "the rule `{rule}` of `{table}` rewrites statements before the guard sees them"
                );
                let help = format!(
                    "see that nothing is lost by it, or DROP RULE {} ON {}",
                    quoted(&rule),
                    self.names.of(&table)
                );
                let severity = if instead == "1" { Error } else { Warning };
                drift.add(rules::FOREIGN_RULE, severity, message, help);
            }
        }
        Ok(())
    }

    /// Triggers of others: those that come before what the guard writes, and those that change a row
    /// before the guard has seen it.
    pub(super) async fn triggers(&self, conn: &mut Conn, drift: &mut Drift) -> Result<(), Away> {
        let sql = format!(
            "SELECT c.relname::text, t.tgname::text, CASE WHEN t.tgtype & 2 <> 0 THEN '1' ELSE '0' END, \
             CASE WHEN t.tgtype & 1 <> 0 AND t.tgtype & 20 <> 0 THEN '1' ELSE '0' END FROM pg_trigger t \
             JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace \
             WHERE n.nspname = {} AND NOT t.tgisinternal AND t.tgenabled <> 'D' ORDER BY 1, 2",
            literal(&self.names.schema_name)
        );
        let guard = self.of(Kind::Trigger).filter(|object| object.on == self.names.table_name);
        let guard = guard.map(|object| object.name.as_str()).min().unwrap_or_default().to_owned();
        for row in conn.rows(&sql).await? {
            let [table, trigger, is_before, is_of_rows] = cells(row);
            if self.of(Kind::Trigger).any(|one| one.on == table && one.name == trigger) {
                continue;
            }
            let at = self.names.of(&table);
            let name = quoted(&trigger);
            if table == self.names.table_name {
                if is_before == "0" && is_of_rows == "1" && trigger < guard {
                    let message = format!(
                        "the trigger `{trigger}` of `{table}` sorts before the guard: where it changes the status, \
                         the guard sees the later step first, and refuses it"
                    );
                    let later = quoted(&format!("after_{trigger}"));
                    let help = format!("ALTER TRIGGER {name} ON {at} RENAME TO {later}");
                    drift.add(rules::FOREIGN_TRIGGER, Warning, message, help);
                }
            } else if is_before == "1" && self.makes(Kind::Table, &table) {
                let message = format!(
                    "the trigger `{trigger}` of `{table}` comes before what the guard writes, and can change it or \
                     leave it out"
                );
                let help =
                    format!("DROP TRIGGER {name} ON {at}; an AFTER trigger sees what was written");
                drift.add(rules::FOREIGN_TRIGGER, Error, message, help);
            }
        }
        Ok(())
    }

    /// Tables that inherit from the guarded one: their rows are rows of it to a SELECT, and none to its
    /// triggers.
    pub(super) async fn children(&self, conn: &mut Conn, drift: &mut Drift) -> Result<(), Away> {
        let names = self.names;
        let sql = format!(
            "SELECT c.oid::regclass::text FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid \
             WHERE i.inhparent = to_regclass({}) AND NOT c.relispartition ORDER BY 1",
            literal(&names.of(&names.table_name))
        );
        for row in conn.rows(&sql).await? {
            let [child] = cells(row);
            let message = format!(
                "`{child}` inherits from `{}`, and no guard judges its rows",
                names.table_name
            );
            let help = format!(
                "ALTER TABLE {child} NO INHERIT {}; a partition is guarded",
                names.of(&names.table_name)
            );
            drift.error(rules::UNGUARDED_CHILD, message, help);
        }
        Ok(())
    }
}
