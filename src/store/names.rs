//! The names as statements write them, and how a row is found and read by them.

use super::columns;
use super::conn::Conn;
use super::shape::Shape;
use crate::text::quoted;
use crate::{ColumnType, Schema};

/// The names as SQL writes them, and the few words that differ between the databases.
pub(super) struct SqlNames {
    pub(super) table: String,
    pub(super) id: Vec<String>,
    pub(super) status: String,
    pub(super) events: String,
    pub(super) reports: String,
    pub(super) states: String,
    pub(super) transitions: String,
    pub(super) language: String,
    pub(super) renames: String,
    pub(super) overdue: String,
    pub(super) pruned: String,
    pub(super) apply: String,
    pub(super) row: Vec<String>,
    pub(super) key_types: Vec<Option<String>>,
    pub(super) lock: &'static str,
    pub(super) postgres: bool,
}

/// How a list is ordered: what rows are compared by, and the words for newest first.
pub(super) struct Order {
    pub(super) key: String,
    pub(super) by: String,
}

impl SqlNames {
    pub(super) fn new(conn: &Conn<'_>, schema: &Schema, shape: &Shape) -> Self {
        let postgres = match conn {
            #[cfg(feature = "sqlite")]
            Conn::Sqlite(_) => false,
            #[cfg(feature = "postgres")]
            Conn::Postgres(_) => true,
        };
        let name = |name: &str| {
            if postgres {
                format!("{}.{}", quoted(&schema.schema), quoted(name))
            } else {
                quoted(name)
            }
        };
        Self {
            table: name(&schema.table),
            id: schema.key.iter().map(|key| quoted(key)).collect(),
            status: quoted(&schema.column),
            events: name(schema.events.as_deref().unwrap_or_default()),
            reports: name(&schema.reports),
            states: name(&schema.states),
            transitions: name(&schema.transitions),
            language: name(&schema.language),
            renames: name(&schema.renames),
            overdue: name(&schema.overdue),
            pruned: name(&schema.pruned),
            apply: name(&schema.apply),
            row: schema.row.iter().map(|row| quoted(row)).collect(),
            key_types: shape.key_types.clone(),
            // What the update itself takes, since a stronger lock could deadlock with it. SQLite's
            // writers come one after the other anyway.
            lock: if postgres { " FOR NO KEY UPDATE" } else { "" },
            postgres,
        }
    }

    /// A place for the key, cast to what it is; of several columns it is an array of JSON.
    pub(super) fn key(&self, place: usize) -> Vec<String> {
        self.key_of(&format!("${place}"))
    }

    /// The same of a text that is not a place.
    pub(super) fn key_of(&self, given: &str) -> Vec<String> {
        let part = |(at, of): (usize, &Option<String>)| {
            let text = match (self.id.len(), self.postgres) {
                (1, true) => format!("CAST({given} AS text)"),
                (1, false) => given.to_owned(),
                (_, true) => format!("(CAST(CAST({given} AS text) AS jsonb) ->> {at})"),
                (_, false) => format!("json_extract({given}, '$[{at}]')"),
            };
            match of {
                Some(name) => format!("CAST({text} AS {name})"),
                None if self.id.len() == 1 => given.to_owned(),
                None => text,
            }
        };
        self.key_types.iter().enumerate().map(part).collect()
    }

    /// What applies a report that nothing speaks against, and gives the state that was left and the step's
    /// number; nothing is given or changed where something does.
    pub(super) fn apply(&self, shape: &Shape) -> String {
        let (key, row) = (self.key(1).join(", "), self.row.join(", "));
        if self.postgres {
            return format!(
                "SELECT was, seq FROM {}({key}, $2, CAST(CAST($3 AS text) AS text[]), $4, $5, $6, $7, \
                 $8, $9, $10, $11, $12, $13, $14, CAST($15 AS bigint) = 1, $16)",
                self.apply
            );
        }
        let Self { table, status, events, reports, states, .. } = self;
        let is_row = self.is_row(1, "");
        // By the very spelling of the key, which the history has, too.
        let exact: Vec<String> =
            self.id.iter().map(|id| format!("t.{id} COLLATE BINARY")).collect();
        let is_it =
            format!("{} AND {}", self.is_it(1, "t"), self.all(&exact, "", &self.key(1), ""));
        let (state, stored, known) = if shape.is_coded {
            let of = format!("FROM {states} s WHERE s.state = $4");
            let stored = format!("(SELECT CASE WHEN NOT s.\"null\" THEN s.stored END {of})");
            (self.state("t", shape), stored, format!("AND EXISTS (SELECT 1 {of})"))
        } else {
            (self.exactly(&format!("t.{status}")), "$4".to_owned(), String::new())
        };
        // Whose token it is a table without the column does not say.
        let token = if shape.columns.contains("token_hash") { "OR t.token_hash = $2" } else { "" };
        // A step without an event has no number, and is taken back for it.
        let last = |column: &str| {
            format!(
                "(SELECT CASE WHEN to_state = $4 THEN {column} END FROM {events} WHERE {is_row} \
                 ORDER BY seq DESC LIMIT 1)"
            )
        };
        format!(
            "UPDATE {table} AS t SET {status} = {stored} WHERE {is_it} AND ($2 IS NULL {token}) {known} \
             AND {state} <> $4 AND {state} IN (SELECT value FROM json_each($3)) \
             AND NOT EXISTS (SELECT 1 FROM {reports} WHERE {is_row} AND event_id = $5 AND answer = 'applied') \
             AND NOT EXISTS (SELECT 1 FROM {reports} WHERE {is_row} AND run_id = $8 AND run_attempt > $9 \
             AND answer IN ('applied', 'duplicate')) \
             AND ($15 = 0 OR $8 = coalesce((SELECT run_id FROM {reports} WHERE {is_row} \
             AND answer IN ('applied', 'dispatched') AND run_id IS NOT NULL ORDER BY id LIMIT 1), $8)); \
             INSERT INTO {reports} ({row}, event_id, body_hash, status, from_state, answer, seq, job, run_id, \
             run_attempt, run_url, actor, attempted, table_fingerprint, log_tail, authenticated_by) \
             SELECT {key}, $5, $6, $4, {}, 'applied', CASE WHEN changes() = 1 THEN {} END, \
             $7, $8, $9, $10, $11, $12, $13, $14, $16 WHERE changes() > 0 RETURNING from_state, seq",
            last("from_state"),
            last("seq")
        )
    }

    /// What applies several reports, on PostgreSQL: each row is locked where no one holds it, then the
    /// function called.
    pub(super) fn apply_all(&self) -> String {
        let key = self.key_of("b.key");
        format!(
            "SELECT b.n, a.was, a.seq FROM jsonb_to_recordset(CAST(CAST($1 AS text) AS jsonb)) AS b(n bigint, \
             key text, token text, \"from\" text, \"to\" text, event_id text, body_hash text, job text, \
             run_id text, run_attempt bigint, run_url text, actor text, attempted text, \"table\" text, \
             log_tail text, of_one_run boolean, authenticated_by text), \
             LATERAL (SELECT 1 FROM {table} t WHERE {is_it} FOR NO KEY UPDATE SKIP LOCKED) AS l, \
             LATERAL {apply}({key}, decode(b.token, 'hex'), CAST(b.\"from\" AS text[]), b.\"to\", b.event_id, \
             decode(b.body_hash, 'hex'), b.job, b.run_id, b.run_attempt, b.run_url, b.actor, b.attempted, \
             b.\"table\", b.log_tail, b.of_one_run, b.authenticated_by) AS a",
            table = self.table,
            is_it = self.all(&self.id, "t", &key, ""),
            apply = self.apply,
            key = key.join(", "),
        )
    }

    /// The keys of an array in JSON, and one of them.
    const fn keys(&self) -> (&'static str, &'static str) {
        if self.postgres {
            let given = "jsonb_array_elements_text(CAST(CAST($1 AS text) AS jsonb)) AS k(given)";
            (given, "k.given")
        } else {
            ("json_each($1) AS k", "k.value")
        }
    }

    /// The histories of many rows, by their keys, each in its order.
    pub(super) fn histories(&self, schema: &Schema, shape: &Shape) -> String {
        if schema.events.is_none() {
            return String::new();
        }
        let (given, key) = self.keys();
        format!(
            "SELECT CAST({key} AS text), {}, {}, CAST(CASE WHEN e.forced IS NULL THEN 0 ELSE 1 END AS bigint), \
             CAST(CASE WHEN e.observed IS NULL THEN 0 ELSE 1 END AS bigint) \
             FROM {given} JOIN {} e ON {} LEFT JOIN {} r ON {} AND r.seq = e.seq AND r.answer = 'applied' \
             WHERE CAST($2 AS text) IS NOT NULL ORDER BY e.seq",
            self.named("e.to_state", 2, schema, shape),
            self.named("r.attempted", 2, schema, shape),
            self.events,
            self.all(&self.row, "e", &self.key_of(key), ""),
            self.reports,
            self.same_row("r", "e"),
        )
    }

    /// The last seq of many rows, by their keys.
    pub(super) fn heads(&self, has_history: bool) -> String {
        let (given, key) = self.keys();
        let parts = self.key_of(key);
        let last = if has_history {
            let is_row = self.all(&self.row, "e", &parts, "");
            format!("(SELECT CAST(max(e.seq) AS bigint) FROM {} e WHERE {is_row})", self.events)
        } else {
            "CAST(0 AS bigint)".to_owned()
        };
        format!(
            "SELECT CAST({key} AS text), {last} FROM {given} WHERE EXISTS (SELECT 1 FROM {} t WHERE {})",
            self.table,
            self.all(&self.id, "t", &parts, "")
        )
    }

    fn all(&self, one: &[String], of: &str, other: &[String], from: &str) -> String {
        let dot = |row: &str| if row.is_empty() { String::new() } else { format!("{row}.") };
        let (of, from) = (dot(of), dot(from));
        let pairs = one.iter().zip(other).map(|(one, other)| format!("{of}{one} = {from}{other}"));
        pairs.collect::<Vec<_>>().join(" AND ")
    }

    /// Whether a row is that of the key at a place.
    pub(super) fn is_it(&self, place: usize, row: &str) -> String {
        self.all(&self.id, row, &self.key(place), "")
    }

    /// Whether an event or a report is of the key at a place.
    pub(super) fn is_row(&self, place: usize, row: &str) -> String {
        self.all(&self.row, row, &self.key(place), "")
    }

    /// Whether two of them are of one row.
    pub(super) fn same_row(&self, one: &str, other: &str) -> String {
        self.all(&self.row, one, &self.row, other)
    }

    /// The columns of a row's key.
    pub(super) fn of_table(&self, row: &str) -> String {
        let columns: Vec<String> = self.id.iter().map(|id| format!("{row}.{id}")).collect();
        columns.join(", ")
    }

    /// The key that an event or a report names, as the row's own has it: by its type and its collation, so
    /// that its index finds it.
    pub(super) fn as_key(&self) -> String {
        let own = |(row, of): (&String, &Option<String>)| match (self.postgres, of) {
            (false, _) => row.clone(),
            (true, None) => format!("CAST({row} AS text) COLLATE \"default\""),
            (true, Some(of)) => format!("CAST(CAST({row} AS text) COLLATE \"default\" AS {of})"),
        };
        self.row.iter().zip(&self.key_types).map(own).collect::<Vec<_>>().join(", ")
    }

    /// Whether a row is that of an event.
    pub(super) fn of_row(&self, row: &str, event: &str) -> String {
        self.all(&self.id, row, &self.row, event)
    }

    /// The key of a row as a text; of several columns as an array of JSON.
    pub(super) fn shown(&self, row: &str) -> String {
        self.shown_by(&self.id, row)
    }

    /// The same by the columns that name the row of an event or a report.
    pub(super) fn shown_by(&self, columns: &[String], row: &str) -> String {
        let dot = if row.is_empty() { "" } else { "." };
        let text = |id: &String| format!("CAST({row}{dot}{id} AS text)");
        let texts: Vec<String> = columns.iter().map(text).collect();
        match (&texts[..], self.postgres) {
            ([one], _) => one.clone(),
            (several, true) => format!("CAST(jsonb_build_array({}) AS text)", several.join(", ")),
            (several, false) => format!("json_array({})", several.join(", ")),
        }
    }

    /// The state of a row, whatever the column holds for it.
    pub(super) fn state(&self, row: &str, shape: &Shape) -> String {
        let held = format!("CAST({row}.{} AS text)", self.status);
        if !shape.is_coded {
            return held;
        }
        let states = &self.states;
        format!(
            "coalesce((SELECT s.state FROM {states} s WHERE s.stored = {held}), \
             (SELECT s.state FROM {states} s WHERE s.\"null\" AND {held} IS NULL), {held})"
        )
    }

    /// A column's text, compared byte by byte whatever its collation.
    pub(super) fn exactly(&self, column: &str) -> String {
        if self.postgres {
            format!("CAST({column} AS text)")
        } else {
            format!("{column} COLLATE BINARY")
        }
    }

    /// A state of an event as the reader calls it: as the history has it where both judge by the
    /// same rules, or else by its name of today. The history itself keeps the names of its time.
    pub(super) fn named(
        &self,
        column: &str,
        place: usize,
        schema: &Schema,
        shape: &Shape,
    ) -> String {
        if !shape.has_table(&schema.renames) {
            return column.to_owned();
        }
        format!(
            "CASE WHEN e.language = CAST(${place} AS text) THEN {column} ELSE coalesce((SELECT n.name_now \
             FROM {} n WHERE n.language = e.language AND n.state = {column}), {column}) END",
            self.renames
        )
    }

    pub(super) fn time(&self, column: &str) -> String {
        if self.postgres {
            format!(r#"to_char({column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')"#)
        } else {
            column.to_owned()
        }
    }

    /// A time after another: an interval on PostgreSQL, seconds on SQLite.
    pub(super) fn later(&self, time: &str, by: &str) -> String {
        if self.postgres {
            self.time(&format!("({time} + {by})"))
        } else {
            format!("strftime('%Y-%m-%dT%H:%M:%fZ', {time}, {by} || ' seconds')")
        }
    }

    /// What a list shows of each row, whatever of it the table has.
    pub(super) fn list(&self, schema: &Schema, shape: &Shape) -> String {
        let created = if shape.columns.contains("created_at") {
            match self.postgres {
                true => self.time("d.created_at"),
                // An application's own may be written otherwise.
                false => "strftime('%Y-%m-%dT%H:%M:%fZ', d.created_at, 'auto')".to_owned(),
            }
        } else {
            "CAST(NULL AS text)".to_owned()
        };
        let of = self.all(&self.row, "e", &self.id, "d");
        let history = format!("FROM {} e WHERE {of}", self.events);
        let (seq, forced_seq, forced) = match schema.events {
            Some(_) => (
                format!("(SELECT CAST(max(e.seq) AS bigint) {history})"),
                format!("(SELECT CAST(max(e.seq) AS bigint) {history} AND e.forced IS NOT NULL)"),
                format!(
                    "(SELECT e.forced {history} AND e.forced IS NOT NULL ORDER BY e.seq DESC LIMIT 1)"
                ),
            ),
            None => ("CAST(0 AS bigint)".into(), "CAST(NULL AS bigint)".into(), "NULL".into()),
        };
        format!(
            "SELECT {}, {}, {seq}, {created}, {forced_seq}, {forced}{} FROM {} d",
            self.shown("d"),
            self.state("d", shape),
            self.columns(&schema.columns, shape),
            self.table
        )
    }

    /// What a statement selects of a row's further columns, each with a comma before it.
    pub(super) fn columns(&self, columns: &[(String, ColumnType)], shape: &Shape) -> String {
        let column = |(name, of): &(String, ColumnType)| {
            let column = format!("d.{}", quoted(name));
            let selected = match of {
                ColumnType::Timestamptz => self.time(&column),
                ColumnType::Text | ColumnType::Bigint | ColumnType::Jsonb => {
                    format!("CAST({column} AS text)")
                }
            };
            format!(", {selected}")
        };
        columns::shown(columns, shape).map(column).collect()
    }

    /// The place of a column's value in a statement.
    pub(super) fn column_place(&self, of: ColumnType, place: usize) -> String {
        use ColumnType::{Bigint, Jsonb, Text, Timestamptz};
        match (of, self.postgres) {
            (Text, _) | (Bigint, false) | (Jsonb, false) => format!("${place}"),
            // What is NULL comes as a text.
            (Bigint, true) => format!("CAST(${place} AS bigint)"),
            (Timestamptz, true) => format!("CAST(CAST(${place} AS text) AS timestamptz)"),
            (Timestamptz, false) => format!("strftime('%Y-%m-%dT%H:%M:%fZ', ${place})"),
            (Jsonb, true) => format!("CAST(CAST(${place} AS text) AS jsonb)"),
        }
    }

    pub(super) fn order(&self, shape: &Shape) -> Order {
        let mut columns: Vec<String> = self.id.iter().map(|id| format!("d.{id}")).collect();
        if shape.columns.contains("created_at") {
            columns.insert(0, "d.created_at".to_owned());
        }
        let by: Vec<String> = columns.iter().map(|column| format!("{column} DESC")).collect();
        let key = columns.join(", ");
        let key = if columns.len() > 1 { format!("({key})") } else { key };
        Order { key, by: by.join(", ") }
    }
}
