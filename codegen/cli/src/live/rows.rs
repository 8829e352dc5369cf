//! What the rows of a live database are in, and what was let through of them.

use std::collections::BTreeMap;

use super::Drift;
use super::connect::{Away, Conn};
use super::facts::{Facts, cells};
use super::judge::Held;
use phasegate_codegen::emit::sql::Object;
use phasegate_codegen::emit::sql::SqlNames;
use phasegate_codegen::finding::Severity::Warning;
use phasegate_codegen::rules;
use phasegate_codegen::suggest::{self, shown};

/// So many pairs that were let through are reported, the most frequent first.
const MOST_OBSERVED: usize = 100;

/// How many rows there are in each state, and in none.
pub(super) async fn by_status(
    conn: &mut Conn,
    names: &SqlNames,
) -> Result<(BTreeMap<String, u64>, u64), Away> {
    let sql = format!(
        "SELECT s.state, CAST(count(*) AS text) FROM (SELECT {} AS state FROM {} t) s GROUP BY s.state",
        names.read("t"),
        names.of(&names.table_name)
    );
    let (mut rows, mut without) = (BTreeMap::new(), 0);
    for row in conn.rows(&sql).await? {
        let status = row.first().cloned().flatten();
        let [_, count] = cells(row);
        let count = count.parse().unwrap_or(0);
        match status {
            Some(status) => drop(rows.insert(status, count)),
            None => without = count,
        }
    }
    Ok((rows, without))
}

impl Held<'_> {
    /// Rows that are in no state at all, which an application's own column may allow.
    pub(super) fn judge_without(&self, count: u64, drift: &mut Drift) {
        if count > 0 {
            let names = self.names;
            let rows = if count == 1 { "row" } else { "rows" };
            let message = format!("{count} {rows} of `{}` without a status", names.table_name);
            let help = match self.sql.events {
                Some(_) => format!(
                    "one that never had a status starts when it gets one; one that had, by its history, is led out \
                     of NULL by `{}` only",
                    names.name("force")
                ),
                None => "nothing is judged of them until they get one".to_owned(),
            };
            drift.add(rules::ROWS_WITHOUT_STATUS, Warning, message, help);
        }
    }

    /// Rows in states that are retired, or that no one knows.
    pub(super) fn judge_rows(&self, rows: &BTreeMap<String, u64>, drift: &mut Drift) {
        let mut retired = Vec::new();
        let mut unknown = Vec::new();
        // Where those in retired states can go.
        let mut leaves = Vec::new();
        for (status, count) in rows {
            let counted = format!("{} ({count})", shown(status));
            match self.machine.find_value(status) {
                Some(id) if self.machine.state(id).retired => {
                    leaves.extend(self.machine.next(id).filter(|&to| to != id));
                    retired.push(counted);
                }
                Some(_) => {}
                None if self.is_known_later(status) => {}
                None => unknown.push(counted),
            }
        }
        let table = &self.names.table_name;
        if !unknown.is_empty() {
            let message = format!(
                "rows of `{table}` are in states that the table lacks: {}",
                suggest::list(&unknown)
            );
            let or = match self.sql.events {
                Some(_) => {
                    format!("; or force each row into a state by `{}`", self.names.name("force"))
                }
                None => String::new(),
            };
            let help = format!(
                "add the states to the table, retired where nothing is to enter them, and migrate{or}"
            );
            drift.error(rules::ROWS_IN_UNKNOWN_STATES, message, help);
        }
        if !retired.is_empty() {
            let message =
                format!("rows of `{table}` are in retired states: {}", suggest::list(&retired));
            let help = match leaves.is_empty() {
                true => "they may be there for good: no transition leads on",
                false => "they may be; move them on before anybody forgets what they meant",
            };
            drift.add(rules::ROWS_IN_RETIRED_STATES, Warning, message, help);
        }
    }

    fn is_known_later(&self, status: &str) -> bool {
        self.next.is_some_and(|next| next.find_value(status).is_some())
    }

    /// What was let through while the guard only observes, by pair, with what would make it legal. By
    /// what the view should be: it may be gone, or another.
    pub(super) async fn judge_observed(
        &self,
        conn: &mut Conn,
        facts: &Facts,
        drift: &mut Drift,
    ) -> Result<(), Away> {
        let names = self.names;
        let name = names.name("observed");
        let observed = |object: &&Object| object.name == name;
        let is_there = facts.has(&name);
        let view = self.expected.iter().find(observed);
        let view = view.or_else(|| self.otherwise.iter().find(observed).filter(|_| is_there));
        let Some(view) = view.filter(|_| self.can_select(facts)) else { return Ok(()) };
        let sql = format!(
            "SELECT coalesce(\"from_state\", 'nothing'), coalesce(\"to_state\", 'nothing'), \"observed\", \
             CAST(\"count\" AS text), CAST(\"last_at\" AS text), \"transition\" FROM ({}) v \
             ORDER BY \"count\" DESC, 1, 2 LIMIT {MOST_OBSERVED}",
            view.body
        );
        for row in conn.rows(&sql).await? {
            let [from, to, why, count, last, transition] = cells(row);
            let message = format!(
                "let through {count} times, and refused once the guard enforces ({why}): `{} -> {}`, last \
                 at {last}",
                shown(&from),
                shown(&to)
            );
            drift.add(rules::OBSERVED, Warning, message, transition);
        }
        Ok(())
    }
}
