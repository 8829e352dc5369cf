//! What a live database is found to be: labels, rows of the rules, triggers, functions.

use std::collections::{BTreeMap, BTreeSet};

use super::connect::{Away, Conn};
use super::spelling::{Function, Trigger, attributes, folded, trigger, words};
use phasegate_codegen::emit::sql::{Dialect, SqlTarget};
use phasegate_codegen::machine::Machine;

/// The columns that say what a state is called now.
const RENAMES: [&str; 3] = ["language", "state", "name_now"];

/// The names of one machine's tables in a database.
#[derive(Clone, Debug)]
pub(super) struct Names {
    pub(super) dialect: Dialect,
    /// The namespace that all is in, on PostgreSQL.
    pub(super) schema: String,
    pub(super) table: String,
    pub(super) key: String,
    pub(super) column: String,
    pub(super) events: Option<String>,
    pub(super) states: String,
    pub(super) transitions: String,
    pub(super) language: String,
    pub(super) renames: String,
    /// What the names of a machine's functions begin with.
    pub(super) prefix: String,
    /// The function that has the rules, on PostgreSQL, and the one that says whether keys were pruned.
    pub(super) rules: String,
    pub(super) has_pruned: String,
    /// The function that says whether the guard refuses, on PostgreSQL.
    pub(super) mode: String,
    /// What forces, a function on PostgreSQL.
    pub(super) force: String,
    /// The view of what was let through, where the guard observes.
    pub(super) observed: String,
    /// The column of the history that names the row.
    pub(super) row: String,
}

impl Names {
    pub(super) fn of(machine: &Machine, sql: &SqlTarget, dialect: Dialect) -> Self {
        let names = phasegate::Schema::named(&machine.name);
        let of = |name: &String| folded(name, dialect);
        Self {
            dialect,
            schema: sql.schema.clone().unwrap_or(names.schema),
            table: of(&sql.table),
            key: of(&sql.key),
            column: of(&sql.column),
            events: sql.events.as_ref().map(of),
            states: names.states,
            transitions: names.transitions,
            language: names.language,
            renames: names.renames,
            prefix: format!("{}_", machine.name),
            rules: format!("{}_rules", machine.name),
            has_pruned: format!("{}_has_pruned", machine.name),
            mode: format!("{}_mode", machine.name),
            force: format!("{}_force", machine.name),
            observed: format!("{}_observed", machine.name),
            row: names.row,
        }
    }

    /// How the rules are made what they were.
    pub(super) fn rules_again(&self) -> String {
        match self.dialect {
            Dialect::Postgres => {
                format!(
                    "run the last migration's CREATE OR REPLACE FUNCTION of `{}` again",
                    self.rules
                )
            }
            Dialect::Sqlite => format!(
                "drop the views `{}`, `{}`, `{}` and `{}`, and run the last migration's CREATE VIEW of \
                 each again",
                self.states, self.transitions, self.language, self.renames
            ),
        }
    }

    /// A table as SQL has it.
    pub(super) fn quoted(&self, table: &str) -> String {
        match self.dialect {
            Dialect::Postgres => format!("{}.{}", quoted(&self.schema), quoted(table)),
            Dialect::Sqlite => quoted(table),
        }
    }
}

/// An identifier as SQL has it.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A text as SQL has it.
pub(super) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// A trigger that is there.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub(super) trigger: Trigger,
    /// Whether it fires in an ordinary session.
    pub(super) enabled: bool,
}

/// All that was found.
#[derive(Clone, Debug, Default)]
pub(super) struct Facts {
    /// The columns of every table; views have none here.
    pub(super) tables: BTreeMap<String, BTreeSet<String>>,
    /// The labels of the status column's type in their order, where it is an enum.
    pub(super) labels: Option<Vec<String>>,
    /// That type, as SQL has it.
    pub(super) label_type: String,
    pub(super) triggers: BTreeMap<(String, String), Found>,
    pub(super) functions: BTreeMap<String, Function>,
    /// Each state's place, and whether rows start in it.
    pub(super) states: BTreeMap<String, (String, bool)>,
    /// Each pair's kind.
    pub(super) transitions: BTreeMap<(String, String), String>,
    pub(super) language: Option<String>,
    /// What a state of former rules is called now.
    pub(super) renames: BTreeMap<(String, String), String>,
    /// In whose sessions triggers don't fire, and whether that is one role alone.
    pub(super) replicas: Vec<(String, bool)>,
}

impl Facts {
    /// Looks at all of it.
    pub(super) async fn read(conn: &mut Conn, names: &Names) -> Result<Self, Away> {
        let mut facts = Self { tables: tables(conn, names).await?, ..Self::default() };
        facts.triggers = triggers(conn, names).await?;
        if conn.dialect() == Dialect::Postgres {
            if let Some((label_type, labels)) = labels(conn, names).await? {
                (facts.label_type, facts.labels) = (label_type, Some(labels));
            }
            facts.functions = functions(conn, names).await?;
            facts.replicas = replicas(conn).await?;
        }
        if facts.has_all(&names.states, &["state", "position", "initial"]) {
            let sql = format!(
                "SELECT \"state\", CAST(\"position\" AS text), CASE WHEN \"initial\" THEN '1' ELSE '0' END FROM {}",
                names.quoted(&names.states)
            );
            for row in conn.rows(&sql).await? {
                let [state, position, initial] = cells(row);
                facts.states.insert(state, (position, initial == "1"));
            }
        }
        if facts.has_all(&names.transitions, &["from_state", "to_state", "kind"]) {
            let sql = format!(
                "SELECT \"from_state\", \"to_state\", \"kind\" FROM {}",
                names.quoted(&names.transitions)
            );
            for row in conn.rows(&sql).await? {
                let [from, to, kind] = cells(row);
                facts.transitions.insert((from, to), kind);
            }
        }
        if facts.has_column(&names.language, "fingerprint") {
            let sql = format!("SELECT \"fingerprint\" FROM {}", names.quoted(&names.language));
            let row = conn.rows(&sql).await?.into_iter().next();
            facts.language = row.and_then(|row| row.into_iter().next().flatten());
        }
        if facts.has_renames(names) {
            let sql = format!(
                "SELECT \"language\", \"state\", \"name_now\" FROM {}",
                names.quoted(&names.renames)
            );
            for row in conn.rows(&sql).await? {
                let [language, state, now] = cells(row);
                facts.renames.insert((language, state), now);
            }
        }
        Ok(facts)
    }

    /// Whether a table is there.
    pub(super) fn has(&self, table: &str) -> bool {
        self.tables.contains_key(table)
    }

    /// Whether a table has all of these columns.
    fn has_all(&self, table: &str, columns: &[&str]) -> bool {
        columns.iter().all(|column| self.has_column(table, column))
    }

    /// Whether it says what states of former rules are called now.
    pub(super) fn has_renames(&self, names: &Names) -> bool {
        self.has_all(&names.renames, &RENAMES)
    }

    /// Whether a table has a column.
    pub(super) fn has_column(&self, table: &str, column: &str) -> bool {
        self.tables.get(table).is_some_and(|columns| columns.contains(column))
    }
}

/// A row of so many texts; what is null is empty.
pub(super) fn cells<const N: usize>(row: Vec<Option<String>>) -> [String; N] {
    let mut cells = row.into_iter().map(Option::unwrap_or_default);
    std::array::from_fn(|_| cells.next().unwrap_or_default())
}

async fn tables(
    conn: &mut Conn,
    names: &Names,
) -> Result<BTreeMap<String, BTreeSet<String>>, Away> {
    let sql = match conn.dialect() {
        Dialect::Postgres => format!(
            "SELECT c.relname::text, a.attname::text FROM pg_class c \
             JOIN pg_namespace n ON n.oid = c.relnamespace \
             JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped \
             WHERE n.nspname = {} AND c.relkind IN ('r', 'p', 'f', 'v', 'm')",
            literal(&names.schema)
        ),
        // The columns of a view are asked for where the rules are read from it.
        Dialect::Sqlite => format!(
            "SELECT m.name, c.name FROM sqlite_schema m JOIN pragma_table_info(m.name) c \
             WHERE m.type = 'table' OR m.type = 'view' AND m.name IN ({}, {}, {}, {}) \
             UNION ALL SELECT name, '' FROM sqlite_schema WHERE type = 'view'",
            literal(&names.states),
            literal(&names.transitions),
            literal(&names.language),
            literal(&names.renames)
        ),
    };
    let mut tables: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for row in conn.rows(&sql).await? {
        let [table, column] = cells(row).map(|name: String| folded(&name, names.dialect));
        tables.entry(table).or_default().insert(column);
    }
    Ok(tables)
}

async fn triggers(
    conn: &mut Conn,
    names: &Names,
) -> Result<BTreeMap<(String, String), Found>, Away> {
    let dialect = conn.dialect();
    let sql = match dialect {
        // `O` fires but for a replica, `A` always, `R` for a replica alone, `D` never.
        Dialect::Postgres => format!(
            "SELECT pg_get_triggerdef(t.oid), CASE WHEN t.tgenabled IN ('O', 'A') THEN '1' ELSE '0' END \
             FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid \
             JOIN pg_namespace n ON n.oid = c.relnamespace \
             WHERE n.nspname = {} AND NOT t.tgisinternal",
            literal(&names.schema)
        ),
        // However its text is spelled, SQLite knows what it is called and where it stands.
        Dialect::Sqlite => "SELECT sql, '1', name, tbl_name FROM sqlite_schema \
                            WHERE type = 'trigger'"
            .to_owned(),
    };
    let mut triggers = BTreeMap::new();
    for row in conn.rows(&sql).await? {
        let [sql, enabled, name, table] = cells(row);
        let parsed = match dialect {
            Dialect::Postgres => trigger(&sql, dialect),
            Dialect::Sqlite => {
                let table = folded(&table, dialect);
                let trigger = Trigger { table, definition: words(&sql), sql };
                Some((folded(&name, dialect), trigger))
            }
        };
        if let Some((name, trigger)) = parsed {
            let found = Found { trigger, enabled: enabled == "1" };
            triggers.insert((found.trigger.table.clone(), name), found);
        }
    }
    Ok(triggers)
}

async fn functions(conn: &mut Conn, names: &Names) -> Result<BTreeMap<String, Function>, Away> {
    let sql = format!(
        "SELECT p.proname::text, p.prosrc, l.lanname::text, \
         CASE WHEN p.prosecdef THEN '1' ELSE '0' END, p.provolatile::text, \
         array_to_string(p.proconfig, '; ') \
         FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace \
         JOIN pg_language l ON l.oid = p.prolang WHERE n.nspname = {} \
         AND left(p.proname, {}) = {}",
        literal(&names.schema),
        names.prefix.chars().count(),
        literal(&names.prefix)
    );
    let mut functions = BTreeMap::new();
    for row in conn.rows(&sql).await? {
        let [name, body, language, definer, volatile, config] = cells(row);
        let attributes = attributes(&language, definer == "1", &volatile, &config);
        functions.insert(name, Function { body, attributes });
    }
    Ok(functions)
}

async fn labels(conn: &mut Conn, names: &Names) -> Result<Option<(String, Vec<String>)>, Away> {
    let sql = format!(
        "SELECT a.atttypid::regtype::text, e.enumlabel::text FROM pg_enum e \
         JOIN pg_attribute a ON a.atttypid = e.enumtypid AND a.attname = {} \
         JOIN pg_class c ON c.oid = a.attrelid AND c.relname = {} \
         JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = {} ORDER BY e.enumsortorder",
        literal(&names.column),
        literal(&names.table),
        literal(&names.schema)
    );
    let mut found: Option<(String, Vec<String>)> = None;
    for row in conn.rows(&sql).await? {
        let [label_type, label] = cells(row);
        found.get_or_insert((label_type, Vec::new())).1.push(label);
    }
    Ok(found)
}

/// Where sessions are replicas by default, in words.
async fn replicas(conn: &mut Conn) -> Result<Vec<(String, bool)>, Away> {
    let sql = "SELECT coalesce(r.rolname::text, ''), coalesce(d.datname::text, '') \
               FROM pg_db_role_setting s \
               LEFT JOIN pg_roles r ON r.oid = s.setrole LEFT JOIN pg_database d ON d.oid = s.setdatabase \
               WHERE (s.setdatabase = 0 OR d.datname = current_database()) \
               AND EXISTS (SELECT FROM unnest(s.setconfig) c WHERE c IN ('session_replication_role=replica', 'session_replication_role=\"replica\"'))";
    let mut replicas = Vec::new();
    for row in conn.rows(sql).await? {
        replicas.push(match cells(row) {
            [role, database] if database.is_empty() => (format!("the role {role}"), true),
            [role, database] if role.is_empty() => (format!("the database {database}"), false),
            [role, database] => (format!("the role {role} in the database {database}"), true),
        });
    }
    let here = "SELECT current_setting('session_replication_role')";
    if conn.rows(here).await?.into_iter().any(|row| cells(row) == ["replica"])
        && replicas.is_empty()
    {
        replicas.push(("the server".to_owned(), false));
    }
    Ok(replicas)
}
