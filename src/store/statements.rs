//! Every statement of the store, written once for one schema in one database.

use super::Result;
use super::columns::Given;
use super::conn::Conn;
use super::filter;
use super::names::SqlNames;
use super::shape::Shape;
use crate::ColumnType;
use crate::Schema;
use crate::text::quoted;

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
    /// What the row has in addition to them, of the schema's columns.
    pub(crate) columns: String,
    /// The same, and no one else changes the row from here on.
    pub(crate) row_locked: String,
    /// $1 a state: what the column holds for it.
    stored: String,
    /// $2 the status judged on, $3 what the column holds for the new one.
    pub(crate) compare_and_set: String,
    /// seq, to: the last one.
    pub(crate) last_event: String,
    /// $2 event id; body hash.
    pub(crate) applied: String,
    /// $1 an event id: the key of the row that was started under it, and the body hash.
    pub(crate) started: String,
    /// $1 a run: the keys of the rows that it reported to, or was started for.
    pub(crate) of_run: String,
    /// The run that the row is bound to: the one that was started for it, or whose report came first.
    pub(crate) first_run: String,
    /// $1 key, $2 run id.
    pub(crate) newest_attempt: String,
    /// See [`super::apply`] for the places.
    pub(crate) record: String,
    /// All of a report that nothing speaks against, where [`Shape::applies`]: $2 the token's hash, $3 the
    /// states that may be left for it, $4 it, and what [`Self::record`] has; $15 is 1 where the row is of one
    /// run. On SQLite it takes a transaction.
    pub(crate) apply: Option<String>,
    /// The same for several, on PostgreSQL: $1 an array of objects in JSON, in the order in which they are
    /// taken; what each has as `n`, and what was done with it.
    pub(crate) apply_all: Option<String>,
    /// $1 an array of keys in JSON: each that is one of a row, and its last seq.
    pub(crate) heads: String,
    pub(crate) known: String,
    pub(crate) initial: String,
    /// $1 the state to go on from.
    pub(crate) next: String,
    pub(crate) language: String,
    /// $2 the last seq that is known already, $3 the language in which states are named.
    pub(crate) events: String,
    /// $1 an array of keys in JSON, $2 the language that states are told in: of each event of theirs the
    /// row's key, the state, what was attempted, and whether it was forced or observed.
    pub(crate) histories: String,
    /// The run address and the log of the last reports that had one, and when the last came.
    pub(crate) last_report: String,
    pub(crate) reports: String,
    /// The same, newest first, before one and so many, each with its number.
    pub(crate) reports_page: String,
    /// How many of them are no longer there, where the database counts them.
    pub(crate) pruned: Option<String>,
    /// The answer and the run of the last word of what was started for the row.
    pub(crate) dispatch: String,
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
    /// $1 and $2 what is asked for (see [`filter::condition`]), $3 how many.
    pub(crate) found: String,
    /// The same, and $4 the key of the last row of the page before.
    pub(crate) found_before: String,
}

impl Statements {
    pub(crate) fn new(conn: &Conn<'_>, schema: Schema, shape: Shape) -> Self {
        let names = SqlNames::new(conn, &schema, &shape);
        let state = names.state(&names.table, &shape);
        let SqlNames { table, status, events, reports, states, transitions, .. } = &names;
        let (own, is_it) = (names.shown(""), names.is_it(1, ""));
        let (rows, is_row) = (names.row.join(", "), names.is_row(1, ""));
        let key = names.key(1).join(", ");
        let new_status = match &shape.status_type {
            Some(name) => format!("CAST(CAST($3 AS text) AS {name})"),
            None => "$3".to_owned(),
        };
        let list = names.list(&schema, &shape);
        let order = names.order(&shape);
        let asked = filter::condition(&names, &schema, &shape);
        let recorded = format!(
            "{}, event_id, status, from_state, answer, CAST(seq AS bigint), job, run_id, \
             CAST(run_attempt AS bigint), run_url, actor, attempted, table_fingerprint, log_tail, \
             coalesce(authenticated_by, 'database')",
            names.time("at")
        );
        Self {
            row: format!("SELECT {own}, {state} FROM {table} WHERE {is_it}"),
            columns: format!(
                "SELECT 1{} FROM {table} d WHERE {}",
                names.columns(&schema.columns, &shape),
                names.is_it(1, "d")
            ),
            row_locked: format!("SELECT {own}, {state} FROM {table} WHERE {is_it}{}", names.lock),
            compare_and_set: format!(
                "UPDATE {table} SET {status} = {new_status} WHERE {is_it} AND {} = $2",
                if shape.is_coded { state.clone() } else { names.exactly(status) }
            ),
            stored: format!(
                "SELECT CASE WHEN NOT s.\"null\" THEN s.stored END FROM {states} s WHERE s.state = $1"
            ),
            last_event: format!(
                "SELECT CAST(seq AS bigint), to_state FROM {events} WHERE {is_row} ORDER BY seq DESC LIMIT 1"
            ),
            applied: format!(
                "SELECT body_hash FROM {reports} WHERE {is_row} AND event_id = $2 AND answer = 'applied'"
            ),
            started: format!(
                "SELECT {}, body_hash FROM {reports} WHERE event_id = $1 AND seq = 1",
                names.shown_by(&names.row, "")
            ),
            // By the index of the runs, not row by row.
            of_run: format!(
                "SELECT {} FROM {table} d WHERE ({}) IN (SELECT {} FROM {reports} \
                 WHERE run_id = $1 AND answer IN ('applied', 'dispatched'))",
                names.shown("d"),
                names.of_table("d"),
                names.as_key()
            ),
            first_run: format!(
                "SELECT run_id FROM {reports} WHERE {is_row} AND answer IN ('applied', 'dispatched') \
                 AND run_id IS NOT NULL ORDER BY id LIMIT 1"
            ),
            newest_attempt: format!(
                "SELECT CAST(run_attempt AS bigint) FROM {reports} \
                 WHERE {is_row} AND run_id = $2 AND run_attempt IS NOT NULL \
                 AND answer IN ('applied', 'duplicate') ORDER BY run_attempt DESC LIMIT 1"
            ),
            record: format!(
                "INSERT INTO {reports} ({rows}, event_id, body_hash, status, from_state, answer, seq, job, \
                 run_id, run_attempt, run_url, actor, attempted, table_fingerprint, log_tail, authenticated_by) \
                 VALUES ({key}, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)"
            ),
            apply: shape.applies.then(|| names.apply(&shape)),
            apply_all: (shape.applies && names.postgres).then(|| names.apply_all()),
            heads: names.heads(schema.events.is_some()),
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
                 CAST(r.run_attempt AS bigint), r.actor, {}, e.forced, e.observed, r.run_url, \
                 coalesce(r.authenticated_by, 'database') \
                 FROM {events} e LEFT JOIN {reports} r \
                 ON {} AND r.seq = e.seq AND r.answer = 'applied' \
                 WHERE {} AND e.seq > $2 AND CAST($3 AS text) IS NOT NULL ORDER BY e.seq",
                names.named("e.from_state", 3, &schema, &shape),
                names.named("e.to_state", 3, &schema, &shape),
                names.time("e.at"),
                names.named("r.attempted", 3, &schema, &shape),
                names.same_row("r", "e"),
                names.is_row(1, "e"),
            ),
            histories: names.histories(&schema, &shape),
            last_report: format!(
                "SELECT (SELECT {time} FROM {applied} AND seq > 1 ORDER BY seq DESC LIMIT 1), \
                 coalesce((SELECT run_url FROM {applied} AND run_url IS NOT NULL ORDER BY seq DESC LIMIT 1), \
                 (SELECT run_url FROM {reports} WHERE {is_row} AND answer = 'dispatched' ORDER BY id DESC LIMIT 1)), \
                 (SELECT log_tail FROM {applied} AND log_tail IS NOT NULL ORDER BY seq DESC LIMIT 1)",
                time = names.time("at"),
                applied = format_args!("{reports} WHERE {is_row} AND answer = 'applied'"),
            ),
            reports: format!("SELECT {recorded} FROM {reports} WHERE {is_row} ORDER BY id"),
            reports_page: format!(
                "SELECT {recorded}, CAST(id AS bigint) FROM {reports} WHERE {is_row} \
                 AND (CAST($2 AS bigint) IS NULL OR id < $2) ORDER BY id DESC LIMIT $3"
            ),
            pruned: shape.has_table(&schema.pruned).then(|| {
                format!("SELECT CAST(reports AS bigint) FROM {} WHERE {is_row}", names.pruned)
            }),
            dispatch: format!(
                "SELECT answer, run_id FROM {reports} WHERE {is_row} \
                 AND answer IN ('dispatching', 'dispatched', 'not-dispatched') ORDER BY id DESC LIMIT 1"
            ),
            overdue: format!(
                "SELECT {} FROM {} WHERE {is_row}",
                names.later("since", "expected"),
                names.overdue
            ),
            overdue_count: format!(
                "SELECT o.state, CAST(count(*) AS bigint) FROM {} o \
                 WHERE EXISTS (SELECT 1 FROM {table} d WHERE {}) GROUP BY o.state",
                names.overdue,
                names.of_row("d", "o")
            ),
            token: format!("SELECT token_hash FROM {table} WHERE {is_it}"),
            set_token: format!("UPDATE {table} SET token_hash = $2 WHERE {is_it}"),
            found: format!("{list} WHERE {asked} ORDER BY {} LIMIT $3", order.by),
            found_before: format!(
                "{list} WHERE {asked} AND {} < (SELECT {} FROM {table} d WHERE {}) ORDER BY {} LIMIT $3",
                order.key,
                order.key.trim_matches(['(', ')']),
                names.is_it(4, "d"),
                order.by
            ),
            newest: format!("{list} ORDER BY {} LIMIT $1", order.by),
            before: format!(
                "{list} WHERE {0} < (SELECT {1} FROM {table} d WHERE {3}) ORDER BY {2} LIMIT $2",
                order.key,
                order.key.trim_matches(['(', ')']),
                order.by,
                names.is_it(1, "d")
            ),
            schema,
            shape,
        }
    }

    /// Whether the database keeps a history, and reports with it.
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
    pub(crate) fn start(
        &self,
        conn: &Conn<'_>,
        columns: &[(&str, ColumnType, Given)],
        keyed: bool,
    ) -> String {
        let names = SqlNames::new(conn, &self.schema, &self.shape);
        let status = match &self.shape.status_type {
            Some(name) => format!("CAST(CAST($1 AS text) AS {name})"),
            None => "$1".to_owned(),
        };
        let mut into = vec![names.status.clone()];
        let mut values = vec![status];
        for (place, (column, of, _)) in columns.iter().enumerate() {
            into.push(quoted(column));
            values.push(names.column_place(*of, place + 2));
        }
        if keyed {
            into.extend(names.id.iter().cloned());
            values.extend(names.key(columns.len() + 2));
        }
        format!(
            "INSERT INTO {} ({}) VALUES ({}) RETURNING {}",
            names.table,
            into.join(", "),
            values.join(", "),
            names.shown("")
        )
    }
}
