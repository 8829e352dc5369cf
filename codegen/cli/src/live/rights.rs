//! Whose the guards are, and who may do what with them, on PostgreSQL.

use std::collections::BTreeMap;

use super::Drift;
use super::connect::{Away, Conn};
use super::facts::cells;
use super::judge::Held;
use phasegate_codegen::emit::sql::Kind;
use phasegate_codegen::emit::sql::literal;
use phasegate_codegen::finding::Severity::{Error, Warning};
use phasegate_codegen::rules;

/// What lets somebody change by what the guards judge, or hang something on it.
const WRITES: &str = "'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'TRIGGER'";

impl Held<'_> {
    /// All of it.
    pub(super) async fn rights(&self, conn: &mut Conn, drift: &mut Drift) -> Result<(), Away> {
        self.open_functions(conn, drift).await?;
        self.open_tables(conn, drift).await?;
        self.owners(conn, drift).await?;
        self.rules(conn, drift).await?;
        self.triggers(conn, drift).await?;
        self.children(conn, drift).await
    }

    /// Functions that write with their owner's rights, and that somebody else may hang on a table of
    /// theirs; to force and to prune are privileges to be granted, but not to everyone.
    async fn open_functions(&self, conn: &mut Conn, drift: &mut Drift) -> Result<(), Away> {
        let sql = format!(
            "SELECT p.proname::text, pg_get_function_identity_arguments(p.oid), \
             CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END \
             FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace, \
             aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a \
             WHERE n.nspname = {} AND a.privilege_type = 'EXECUTE' \
             AND (a.grantee = 0 OR a.grantee <> p.proowner AND p.proname NOT IN ({}, {})) ORDER BY 1, 2, 3",
            literal(&self.names.schema_name),
            literal(&self.names.name("force")),
            literal(&self.names.name("prune"))
        );
        for row in conn.rows(&sql).await? {
            let [name, arguments, role] = cells(row);
            let read = [
                "mode",
                "rules",
                "has_pruned",
                "initial",
                "differs",
                "names",
                "types",
                "forget",
                "apply",
            ]
            .map(|name| self.names.name(name));
            if !read.contains(&name) && self.makes(Kind::Function, &name) {
                let message = format!("{role} may execute the function `{name}`");
                let help = format!(
                    "REVOKE ALL ON FUNCTION {}({arguments}) FROM {role}",
                    self.names.of(&name)
                );
                drift.error(rules::OPEN_FUNCTION, message, help);
            }
        }
        Ok(())
    }

    /// Tables that others may write, and no one but a migration or the guards should: as a whole, or a
    /// column of them. An application writes its own table and adds reports; a trigger of its own would run
    /// there with the rights of whoever forces or prunes. Who is their owner's, or a superuser, can do all
    /// of that anyway.
    async fn open_tables(&self, conn: &mut Conn, drift: &mut Drift) -> Result<(), Away> {
        let names = self.names;
        let reports = self.names.name("reports");
        let sql = format!(
            "SELECT relname::text, CASE WHEN grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(grantee)) END, \
             string_agg(privilege, ', ' ORDER BY privilege) FROM ( \
             SELECT c.relname, c.relowner, a.grantee, a.privilege_type AS privilege, c.relnamespace \
             FROM pg_class c, aclexplode(c.relacl) a WHERE a.privilege_type IN ({WRITES}) \
             UNION ALL SELECT c.relname, c.relowner, a.grantee, \
             format('%s (%I)', a.privilege_type, t.attname), c.relnamespace \
             FROM pg_attribute t JOIN pg_class c ON c.oid = t.attrelid, aclexplode(t.attacl) a \
             WHERE a.privilege_type IN ({WRITES})) g JOIN pg_namespace n ON n.oid = g.relnamespace \
             WHERE n.nspname = {} \
             AND CASE relname WHEN {} THEN privilege = 'TRIGGER' WHEN {} THEN privilege NOT LIKE 'INSERT%' ELSE true END \
             AND CASE WHEN grantee = 0 THEN true ELSE NOT pg_has_role(grantee, relowner, 'MEMBER') END \
             GROUP BY relname, grantee ORDER BY 1, 2",
            literal(&names.schema_name),
            literal(&names.table_name),
            literal(&reports)
        );
        for row in conn.rows(&sql).await? {
            let [table, role, privileges] = cells(row);
            if table == names.table_name || self.makes(Kind::Table, &table) {
                let message = format!("{role} has {privileges} on `{table}`");
                let needs = match table {
                    ref table if *table == names.table_name => {
                        "a trigger there runs with the rights of whoever forces"
                    }
                    ref table if *table == reports => "an application only reads it and adds to it",
                    _ => "an application only reads it",
                };
                let help =
                    format!("REVOKE {privileges} ON {} FROM {role}: {needs}", names.of(&table));
                drift.error(rules::OPEN_TABLE, message, help);
            }
        }
        Ok(())
    }

    /// Whose all of it is: the functions write what their owner may.
    async fn owners(&self, conn: &mut Conn, drift: &mut Drift) -> Result<(), Away> {
        let names = self.names;
        let schema = literal(&names.schema_name);
        let sql = format!(
            "SELECT CASE c.relkind WHEN 'v' THEN 'VIEW' ELSE 'TABLE' END, c.relname::text, '', \
             quote_ident(pg_get_userbyid(c.relowner)) FROM pg_class c \
             JOIN pg_namespace n ON n.oid = c.relnamespace \
             WHERE n.nspname = {schema} AND c.relkind IN ('r', 'p', 'v') \
             UNION ALL SELECT 'FUNCTION', p.proname::text, \
             '(' || pg_get_function_identity_arguments(p.oid) || ')', quote_ident(pg_get_userbyid(p.proowner)) \
             FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = {schema} \
             ORDER BY 1, 2, 3"
        );
        let mut owners: BTreeMap<String, Vec<[String; 3]>> = BTreeMap::new();
        for row in conn.rows(&sql).await? {
            let [kind, name, arguments, owner] = cells(row);
            let is_ours = match kind.as_str() {
                "FUNCTION" => self.makes(Kind::Function, &name),
                "VIEW" => self.makes(Kind::View, &name),
                _ => self.makes(Kind::Table, &name),
            };
            if is_ours {
                owners.entry(owner).or_default().push([kind, name, arguments]);
            }
        }
        let Some(most) = owners.iter().max_by_key(|(_, things)| things.len()) else {
            return Ok(());
        };
        let most = most.0.clone();
        for (owner, things) in owners.iter().filter(|(owner, _)| **owner != most) {
            for [kind, name, arguments] in things {
                let message = format!(
                    "`{name}` belongs to {owner}, and the most of {} to {most}",
                    self.machine.name
                );
                let help = format!(
                    "ALTER {kind} {}{arguments} OWNER TO {most}: what is whose decides what the guards \
                     may write, and who may change them",
                    names.of(name)
                );
                let severity = if kind == "FUNCTION" { Error } else { Warning };
                drift.add(rules::OTHER_OWNER, severity, message, help);
            }
        }
        Ok(())
    }
}
