//! Every statement of the store, written once for one schema in one database.

use super::Result;
use super::conn::Conn;
use super::schema::{Schema, quoted};
use super::shape::Shape;

/// The statements, and what they depend on.
///
/// The first place of each is the row's key, where it has one; texts, whole numbers and bytes come
/// out as such, times as RFC 3339 in UTC with milliseconds.
#[derive(Debug)]
pub(crate) struct Statements {
    pub(crate) schema: Schema,
    pub(crate) shape: Shape,
    /// Key and status.
    pub(crate) row: String,
    /// The same, and nobody else changes the row from here on.
    pub(crate) row_locked: String,
    /// $1 a state: what the column holds for it.
    stored: String,
    /// $2 the status judged on, $3 what the column holds for the new one.
    pub(crate) compare_and_set: String,
    /// seq, to: the last one.
    pub(crate) last_event: String,
    /// $2 event id; body hash.
    pub(crate) applied: String,
    /// $1 key, $2 run id.
    pub(crate) newest_attempt: String,
    /// See [`super::apply`] for the places.
    pub(crate) record: String,
    pub(crate) known: String,
    pub(crate) initial: String,
    /// $1 the state to go on from.
    pub(crate) next: String,
    pub(crate) language: String,
    /// $2 the last seq that is known already, $3 the language that states are told in.
    pub(crate) events: String,
    /// The run address and the log of the last reports that had one, and when the last came.
    pub(crate) last_report: String,
    pub(crate) reports: String,
    /// Since when a row is overdue.
    pub(crate) overdue: String,
    /// How many rows are, by state.
    pub(crate) overdue_count: String,
    pub(crate) token: String,
    /// $2 the token's hash.
    pub(crate) set_token: String,
    /// $1 how many.
    pub(crate) newest: String,
    /// $2 how many; the key is the last row's of the page before.
    pub(crate) before: String,
}

impl Statements {
    pub(crate) fn new(conn: &Conn<'_>, schema: Schema, shape: Shape) -> Self {
        let names = Names::new(conn, &schema, &shape);
        let state = names.state(&names.table, &shape);
        let Names { table, id, status, events, reports, states, transitions, row, .. } = &names;
        let key = names.key(1);
        let new_status = match &shape.status_type {
            Some(name) => format!("CAST(CAST($3 AS text) AS {name})"),
            None => "$3".to_owned(),
        };
        let list = names.list(&schema, &shape);
        let order = names.order(&shape);
        Self {
            row: format!("SELECT CAST({id} AS text), {state} FROM {table} WHERE {id} = {key}"),
            row_locked: format!(
                "SELECT CAST({id} AS text), {state} FROM {table} WHERE {id} = {key}{}",
                names.lock
            ),
            compare_and_set: format!(
                "UPDATE {table} SET {status} = {new_status} WHERE {id} = {key} AND {} = $2",
                if shape.is_coded { state.clone() } else { names.exactly(status) }
            ),
            stored: format!(
                "SELECT CASE WHEN NOT s.\"null\" THEN s.stored END FROM {states} s WHERE s.state = $1"
            ),
            last_event: format!(
                "SELECT CAST(seq AS bigint), to_state FROM {events} WHERE {row} = {key} ORDER BY seq DESC LIMIT 1"
            ),
            applied: format!(
                "SELECT body_hash FROM {reports} WHERE {row} = {key} AND event_id = $2 AND answer = 'applied'"
            ),
            newest_attempt: format!(
                "SELECT CAST(MAX(run_attempt) AS bigint) FROM {reports} \
                 WHERE {row} = {key} AND run_id = $2 AND answer IN ('applied', 'duplicate')"
            ),
            record: format!(
                "INSERT INTO {reports} ({row}, event_id, body_hash, status, from_state, answer, seq, job, \
                 run_id, run_attempt, run_url, actor, attempted, table_fingerprint, log_tail) \
                 VALUES ({key}, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)"
            ),
            known: format!("SELECT state FROM {states} ORDER BY position"),
            initial: format!(
                "SELECT state FROM {states} WHERE CAST(CAST(initial AS integer) AS bigint) = 1 ORDER BY position"
            ),
            next: format!(
                "SELECT t.to_state FROM {transitions} t JOIN {states} s ON s.state = t.to_state \
                 WHERE t.from_state = $1 ORDER BY s.position"
            ),
            language: format!("SELECT fingerprint FROM {}", names.language),
            events: format!(
                "SELECT CAST(e.seq AS bigint), {}, {}, {}, r.job, r.run_id, \
                 CAST(r.run_attempt AS bigint), r.actor, {}, e.forced, e.observed \
                 FROM {events} e LEFT JOIN {reports} r \
                 ON r.{row} = e.{row} AND r.seq = e.seq AND r.answer = 'applied' \
                 WHERE e.{row} = {key} AND e.seq > $2 AND CAST($3 AS text) IS NOT NULL ORDER BY e.seq",
                names.named("e.from_state", &schema, &shape),
                names.named("e.to_state", &schema, &shape),
                names.time("e.at"),
                names.named("r.attempted", &schema, &shape),
            ),
            last_report: format!(
                "SELECT (SELECT {time} FROM {applied} AND seq > 1 ORDER BY seq DESC LIMIT 1), \
                 (SELECT run_url FROM {applied} AND run_url IS NOT NULL ORDER BY seq DESC LIMIT 1), \
                 (SELECT log_tail FROM {applied} AND log_tail IS NOT NULL ORDER BY seq DESC LIMIT 1)",
                time = names.time("at"),
                applied = format_args!("{reports} WHERE {row} = {key} AND answer = 'applied'"),
            ),
            reports: format!(
                "SELECT {}, event_id, status, from_state, answer, CAST(seq AS bigint), job, run_id, \
                 CAST(run_attempt AS bigint), run_url, actor, attempted, table_fingerprint, log_tail \
                 FROM {reports} WHERE {row} = {key} ORDER BY id",
                names.time("at")
            ),
            overdue: format!(
                "SELECT {} FROM {} WHERE {row} = {key}",
                names.later("since", "expected"),
                names.overdue
            ),
            overdue_count: format!(
                "SELECT o.state, CAST(count(*) AS bigint) FROM {} o \
                 WHERE EXISTS (SELECT 1 FROM {table} d WHERE d.{id} = o.{row}) GROUP BY o.state",
                names.overdue
            ),
            token: format!("SELECT token_hash FROM {table} WHERE {id} = {key}"),
            set_token: format!("UPDATE {table} SET token_hash = $2 WHERE {id} = {key}"),
            newest: format!("{list} ORDER BY {} LIMIT $1", order.by),
            before: format!(
                "{list} WHERE {0} < (SELECT {1} FROM {table} d WHERE d.{id} = {key}) ORDER BY {2} LIMIT $2",
                order.key,
                order.key.trim_matches(['(', ')']),
                order.by
            ),
            schema,
            shape,
        }
    }

    /// Whether the database keeps a history, and reports beside it.
    pub(crate) fn has_history(&self) -> bool {
        self.schema.events.is_some()
    }

    pub(crate) fn has_column(&self, name: &str) -> bool {
        self.shape.columns.contains(name)
    }

    /// What the column holds for a state, or nothing where the database lacks that state. It is asked for
    /// each time: a migration may bring states while a backend runs.
    pub(crate) async fn stored(
        &self,
        conn: &mut Conn<'_>,
        state: &str,
    ) -> Result<Option<Option<String>>> {
        if !self.shape.is_coded {
            return Ok(Some(Some(state.to_owned())));
        }
        let row = conn.row(&self.stored, &[state.into()]).await?;
        Ok(row.map(|row| row.text(0)).transpose()?)
    }

    /// The insert of a row, which gives its key: the status, then `columns`, and the key last
    /// where one is `keyed`; else the database makes one.
    pub(crate) fn start(&self, conn: &Conn<'_>, columns: &[&str], keyed: bool) -> String {
        let names = Names::new(conn, &self.schema, &self.shape);
        let status = match &self.shape.status_type {
            Some(name) => format!("CAST(CAST($1 AS text) AS {name})"),
            None => "$1".to_owned(),
        };
        let mut into = vec![names.status.clone()];
        let mut values = vec![status];
        for (place, column) in columns.iter().enumerate() {
            into.push(quoted(column));
            values.push(format!("${}", place + 2));
        }
        if keyed {
            into.push(names.id.clone());
            values.push(names.key(columns.len() + 2));
        }
        format!(
            "INSERT INTO {} ({}) VALUES ({}) RETURNING CAST({} AS text)",
            names.table,
            into.join(", "),
            values.join(", "),
            names.id
        )
    }
}

/// The names as SQL writes them, and the few words that differ between the databases.
struct Names {
    table: String,
    id: String,
    status: String,
    events: String,
    reports: String,
    states: String,
    transitions: String,
    language: String,
    renames: String,
    overdue: String,
    row: String,
    key_type: Option<String>,
    lock: &'static str,
    postgres: bool,
}

/// How a list is ordered: what rows are compared by, and the words for newest first.
struct Order {
    key: String,
    by: String,
}

impl Names {
    fn new(conn: &Conn<'_>, schema: &Schema, shape: &Shape) -> Self {
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
            id: quoted(&schema.key),
            status: quoted(&schema.column),
            events: name(schema.events.as_deref().unwrap_or_default()),
            reports: name(&schema.reports),
            states: name(&schema.states),
            transitions: name(&schema.transitions),
            language: name(&schema.language),
            renames: name(&schema.renames),
            overdue: name(&schema.overdue),
            row: quoted(&schema.row),
            key_type: shape.key_type.clone(),
            // What the update itself takes, since a stronger lock could deadlock with it. SQLite's
            // writers come one after the other anyway.
            lock: if postgres { " FOR NO KEY UPDATE" } else { "" },
            postgres,
        }
    }

    /// A place for the key, cast to what it is.
    fn key(&self, place: usize) -> String {
        match &self.key_type {
            Some(name) => format!("CAST(CAST(${place} AS text) AS {name})"),
            None => format!("${place}"),
        }
    }

    /// The state of a row, whatever the column holds for it.
    fn state(&self, row: &str, shape: &Shape) -> String {
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
    fn exactly(&self, column: &str) -> String {
        if self.postgres {
            format!("CAST({column} AS text)")
        } else {
            format!("{column} COLLATE BINARY")
        }
    }

    /// A state of an event as the reader calls it: as the history has it where both judge by the
    /// same rules, or else by its name of today. The history itself keeps the names of its time.
    fn named(&self, column: &str, schema: &Schema, shape: &Shape) -> String {
        if !shape.has_table(&schema.renames) {
            return column.to_owned();
        }
        format!(
            "CASE WHEN e.language = CAST($3 AS text) THEN {column} ELSE coalesce((SELECT n.name_now \
             FROM {} n WHERE n.language = e.language AND n.state = {column}), {column}) END",
            self.renames
        )
    }

    fn time(&self, column: &str) -> String {
        if self.postgres {
            format!(r#"to_char({column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')"#)
        } else {
            column.to_owned()
        }
    }

    /// A time after another: an interval on PostgreSQL, seconds on SQLite.
    fn later(&self, time: &str, by: &str) -> String {
        if self.postgres {
            self.time(&format!("({time} + {by})"))
        } else {
            format!("strftime('%Y-%m-%dT%H:%M:%fZ', {time}, {by} || ' seconds')")
        }
    }

    /// What a list shows of each row, whatever of it the table has.
    fn list(&self, schema: &Schema, shape: &Shape) -> String {
        let text = |column: &str| {
            if shape.columns.contains(column) {
                format!("CAST(d.{} AS text)", quoted(column))
            } else {
                "NULL".to_owned()
            }
        };
        let created = if shape.columns.contains("created_at") {
            self.time("d.created_at")
        } else {
            "CAST(NULL AS text)".to_owned()
        };
        let history = format!("FROM {} e WHERE e.{} = d.{}", self.events, self.row, self.id);
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
            "SELECT CAST(d.{} AS text), {}, {seq}, {created}, {}, {}, {}, {forced_seq}, {forced} FROM {} d",
            self.id,
            self.state("d", shape),
            text("ref"),
            text("requested_by"),
            text("reason"),
            self.table
        )
    }

    fn order(&self, shape: &Shape) -> Order {
        if shape.columns.contains("created_at") {
            Order {
                key: format!("(d.created_at, d.{})", self.id),
                by: format!("d.created_at DESC, d.{} DESC", self.id),
            }
        } else {
            Order { key: format!("d.{}", self.id), by: format!("d.{} DESC", self.id) }
        }
    }
}
