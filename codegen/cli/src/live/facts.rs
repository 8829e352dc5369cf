//! What a live database is found to be: the things of its catalog, labels, rows of the rules.

use std::collections::BTreeMap;

use super::connect::{Away, Conn};
use super::reader::{self, CatalogEntry};
use phasegate_codegen::emit::sql::Dialect;
use phasegate_codegen::emit::sql::{SqlNames, literal};

/// How the rules are made what they were.
pub(super) fn rules_again(names: &SqlNames) -> String {
    let [states, transitions, language, renames] =
        ["states", "transitions", "language", "renames"].map(|view| names.name(view));
    match names.dialect {
        Dialect::Postgres => format!(
            "run the last migration's CREATE OR REPLACE FUNCTION of `{}` again",
            names.name("rules")
        ),
        Dialect::Sqlite => format!(
            "drop the views `{states}`, `{transitions}`, `{language}` and `{renames}`, and run the last \
             migration's CREATE VIEW of each again"
        ),
    }
}

/// The columns that say what a state is called now.
const RENAMES: [(&str, &str); 3] =
    [("language", "\"language\""), ("state", "\"state\""), ("name_now", "\"name_now\"")];

/// All that was found.
pub(super) struct Facts {
    pub(super) reader: &'static dyn reader::Reader,
    pub(super) catalog: Vec<CatalogEntry>,
    /// The labels of the status column's type in their order, where it is an enum.
    pub(super) labels: Option<Vec<String>>,
    /// That type, as SQL has it.
    pub(super) label_type: String,
    /// Each state's place, and whether rows start in it.
    pub(super) states: BTreeMap<String, (String, bool)>,
    /// What the column holds for each state, and whether NULL stands for it, where it holds other than values.
    pub(super) stored: BTreeMap<String, (String, bool)>,
    /// Each pair's kind.
    pub(super) transitions: BTreeMap<(String, String), String>,
    pub(super) language: Option<String>,
    /// What a state of former rules is called now.
    pub(super) renames: BTreeMap<(String, String), String>,
    /// In whose sessions triggers don't fire, and whether that is only one role.
    pub(super) replicas: Vec<(String, bool)>,
}

impl Facts {
    /// Looks at all of it.
    pub(super) async fn read(conn: &mut Conn, names: &SqlNames) -> Result<Self, Away> {
        let reader = reader::of(names.dialect);
        let found = |row| {
            let [kind, on, name, text, note] = cells(row);
            CatalogEntry { kind, on, name, text, note }
        };
        let mut facts = Self {
            reader,
            catalog: conn.rows(&reader.catalog(names)).await?.into_iter().map(found).collect(),
            labels: None,
            label_type: String::new(),
            states: BTreeMap::new(),
            stored: BTreeMap::new(),
            transitions: BTreeMap::new(),
            language: None,
            renames: BTreeMap::new(),
            replicas: Vec::new(),
        };
        if names.dialect == Dialect::Postgres {
            if let Some((label_type, labels)) = labels(conn, names).await? {
                (facts.label_type, facts.labels) = (label_type, Some(labels));
            }
            facts.replicas = replicas(conn).await?;
        }
        let [position, initial] =
            ["CAST(\"position\" AS text)", "CASE WHEN \"initial\" THEN '1' ELSE '0' END"];
        let states = [("state", "\"state\""), ("position", position), ("initial", initial)];
        for [state, position, initial] in facts.rules(conn, names, "states", states).await? {
            facts.states.insert(state, (position, initial == "1"));
        }
        let stored = [
            ("state", "\"state\""),
            ("stored", "\"stored\""),
            ("null", "CASE WHEN \"null\" THEN '1' ELSE '0' END"),
        ];
        for [state, stored, null] in facts.rules(conn, names, "states", stored).await? {
            facts.stored.insert(state, (stored, null == "1"));
        }
        let pairs =
            [("from_state", "\"from_state\""), ("to_state", "\"to_state\""), ("kind", "\"kind\"")];
        for [from, to, kind] in facts.rules(conn, names, "transitions", pairs).await? {
            facts.transitions.insert((from, to), kind);
        }
        let language = [("fingerprint", "\"fingerprint\"")];
        let language = facts.rules(conn, names, "language", language).await?;
        let language = language.into_iter().next().map(|[language]| language);
        facts.language = language.filter(|language| !language.is_empty());
        for [language, state, now] in facts.rules(conn, names, "renames", RENAMES).await? {
            facts.renames.insert((language, state), now);
        }
        Ok(facts)
    }

    /// The rows of a view that shows rules, where it has these columns; each is given as SQL has it.
    async fn rules<const N: usize>(
        &self,
        conn: &mut Conn,
        names: &SqlNames,
        view: &str,
        columns: [(&str, &str); N],
    ) -> Result<Vec<[String; N]>, Away> {
        if !columns.iter().all(|(column, _)| self.has_column(&names.name(view), column)) {
            return Ok(Vec::new());
        }
        let select = columns.map(|(_, sql)| sql).join(", ");
        let rows = conn.rows(&format!("SELECT {select} FROM {}", names.at(view))).await?;
        Ok(rows.into_iter().map(cells).collect())
    }

    /// What is there by that name.
    pub(super) fn find(&self, kind: &str, on: &str, name: &str) -> Option<&CatalogEntry> {
        let is = |a: &str, b: &str| self.reader.folded(a) == self.reader.folded(b);
        self.catalog.iter().find(|f| f.kind == kind && is(&f.name, name) && is(&f.on, on))
    }

    /// Whether a table or a view is there.
    pub(super) fn has(&self, table: &str) -> bool {
        self.find("table", "", table).or(self.find("view", "", table)).is_some()
    }

    /// Whether it says what states of former rules are called now.
    pub(super) fn has_renames(&self, names: &SqlNames) -> bool {
        RENAMES.iter().all(|(column, _)| self.has_column(&names.name("renames"), column))
    }

    /// Whether a table has a column.
    pub(super) fn has_column(&self, table: &str, column: &str) -> bool {
        self.find("column", table, column).is_some()
    }
}

/// A row of so many texts; what is null is empty.
pub(super) fn cells<const N: usize>(row: Vec<Option<String>>) -> [String; N] {
    let mut cells = row.into_iter().map(Option::unwrap_or_default);
    std::array::from_fn(|_| cells.next().unwrap_or_default())
}

async fn labels(conn: &mut Conn, names: &SqlNames) -> Result<Option<(String, Vec<String>)>, Away> {
    let sql = format!(
        "SELECT a.atttypid::regtype::text, e.enumlabel::text FROM pg_enum e \
         JOIN pg_attribute a ON a.atttypid = e.enumtypid AND a.attname = {} \
         JOIN pg_class c ON c.oid = a.attrelid AND c.relname = {} \
         JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = {} ORDER BY e.enumsortorder",
        literal(&names.column_name),
        literal(&names.table_name),
        literal(&names.schema_name)
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
