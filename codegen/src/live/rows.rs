//! What the rows of a live database are in, and whether their history tells the same.

use std::collections::BTreeMap;

use super::Telling;
use super::connect::{Away, Conn};
use super::expected::Objects;
use super::facts::{Facts, Names, cells, quoted};
use super::judge::Held;
use crate::finding::Severity::Warning;
use crate::machine::Machine;
use crate::suggest::{self, shown};
use crate::targets::Dialect;

/// So many keys are named as examples.
const EXAMPLES: usize = 3;
/// So many pairs that were let through are told of, the most frequent first.
const MOST_OBSERVED: usize = 100;
/// What a row is whose history is not there.
const WRITTEN_PAST: &str = "a row whose history is gone, or never was, was written past the guard: look who \
                            can, and keep the row; restore its steps from a backup, or write its \
                            first one with the guard off, or its next is refused";

/// How many rows there are in each state, and in none.
pub(super) async fn by_status(
    conn: &mut Conn,
    names: &Names,
) -> Result<(BTreeMap<String, u64>, u64), Away> {
    let sql = format!(
        "SELECT CAST({0} AS text), CAST(count(*) AS text) FROM {1} GROUP BY {0}",
        quoted(&names.column),
        names.quoted(&names.table)
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

/// Rows that are in no state at all, which an application's own column may allow.
pub(super) fn judge_without(names: &Names, count: u64, tell: &mut Telling) {
    if count > 0 {
        let rows = if count == 1 { "row" } else { "rows" };
        let message = format!("{count} {rows} of `{}` without a status", names.table);
        let help = "nothing is judged of them until they get one";
        tell.tell("rows-without-status", Warning, message, help);
    }
}

/// A row of such a query: a key, and how many rows there are.
struct Bad {
    keys: Vec<String>,
    count: usize,
}

impl Held<'_> {
    /// Rows in states that are retired, or that nobody knows.
    pub(super) fn judge_rows(&self, rows: &BTreeMap<String, u64>, tell: &mut Telling) {
        let mut retired = Vec::new();
        let mut unknown = Vec::new();
        for (status, count) in rows {
            let counted = format!("{} ({count})", shown(status));
            match self.machine.find_value(status) {
                Some(id) if self.machine.state(id).retired => retired.push(counted),
                Some(_) => {}
                None if self.is_known_later(status) => {}
                None => unknown.push(counted),
            }
        }
        let table = &self.names.table;
        if !unknown.is_empty() {
            let message = format!(
                "rows of `{table}` are in states that the table lacks: {}",
                suggest::list(&unknown)
            );
            let help =
                "add the states to the table, retired where nothing is to enter them, and migrate";
            tell.error("rows-in-unknown-states", message, help);
        }
        if !retired.is_empty() {
            let message =
                format!("rows of `{table}` are in retired states: {}", suggest::list(&retired));
            let help = "they may be; move them on before anybody forgets what they meant";
            tell.tell("rows-in-retired-states", Warning, message, help);
        }
    }

    fn is_known_later(&self, status: &str) -> bool {
        self.next.is_some_and(|next| next.find_value(status).is_some())
    }

    /// The history: whole, one step after the other, legal by the rules of its time, and ending
    /// where the rows are.
    pub(super) async fn judge_history(
        &self,
        conn: &mut Conn,
        facts: &Facts,
        tables: &[&Machine],
        tell: &mut Telling,
    ) -> Result<(), Away> {
        let names = self.names;
        let Some(events) = names.events.as_deref().filter(|events| facts.has(events)) else {
            return Ok(());
        };
        // What is missing is told of its table.
        let needs = [names.row.as_str(), "seq", "from_state", "to_state", "language"];
        if !needs.into_iter().all(|column| facts.has_column(events, column)) {
            return Ok(());
        }
        let e = names.quoted(events);
        // What was observed was let through although no transition led there; its mark says so.
        let observed = match facts.has_column(events, "observed") {
            true => "\"observed\"",
            false => "NULL",
        };
        let row = quoted(&names.row);
        // What a state of former rules is called now.
        let now = |language: &str, state: &str| match facts.has_renames(names) {
            true => format!(
                "coalesce((SELECT r.\"name_now\" FROM {} r WHERE r.\"language\" = {language} \
                 AND r.\"state\" = {state}), {state})",
                names.quoted(&names.renames)
            ),
            false => state.to_owned(),
        };
        let chain = format!(
            "WITH chain AS (SELECT {row} AS k, \"seq\" AS seq, \"from_state\" AS was, \"to_state\" AS becomes, \
             \"language\" AS language, {observed} AS observed, lag(\"seq\") OVER w AS before, lag(\"to_state\") OVER w AS ended, \
             lag(\"language\") OVER w AS then_language FROM {e} WINDOW w AS (PARTITION BY {row} ORDER BY \"seq\"))"
        );
        let gaps = "SELECT k FROM chain WHERE seq <> coalesce(before, 0) + 1";
        if let Some(bad) = bad(conn, &chain, gaps).await? {
            let message = format!("the numbers of `{events}` have gaps: {}", bad.words());
            tell.error(
                "history-gap",
                message,
                "somebody deleted steps: restore them from a backup",
            );
        }
        let breaks = format!(
            "SELECT k FROM chain WHERE before IS NOT NULL AND observed IS NULL AND coalesce(was, '') <> ended \
             AND coalesce({}, '') <> {}",
            now("language", "was"),
            now("then_language", "ended")
        );
        if let Some(bad) = bad(conn, &chain, &breaks).await? {
            let message = format!(
                "steps of `{events}` do not begin where the one before ended: {}",
                bad.words()
            );
            tell.error("history-break", message, "somebody wrote steps by hand, or changed some");
        }
        self.judge_ends(conn, facts, &e, &now("l.language", "l.state"), tell).await?;
        self.judge_steps(conn, facts, events, tables, tell).await
    }

    /// The last step of each row, beside the row.
    async fn judge_ends(
        &self,
        conn: &mut Conn,
        facts: &Facts,
        e: &str,
        now: &str,
        tell: &mut Telling,
    ) -> Result<(), Away> {
        let names = self.names;
        let (row, key, column) = (quoted(&names.row), quoted(&names.key), quoted(&names.column));
        let last = format!(
            "WITH l AS (SELECT {row} AS k, \"to_state\" AS state, \"language\" AS language FROM \
             (SELECT {row}, \"to_state\", \"language\", row_number() OVER (PARTITION BY {row} ORDER BY \"seq\" DESC) AS n \
             FROM {e}) s WHERE n = 1)"
        );
        let beside = format!(
            "SELECT t.{key} FROM {} t LEFT JOIN l ON CAST(l.k AS text) = CAST(t.{key} AS text)",
            names.quoted(&names.table)
        );
        let status = format!("coalesce(CAST(t.{column} AS text), '')");
        // Under both names of a rename that is not done yet, it is the same state.
        let mut same = format!("{status} NOT IN (l.state, {now})");
        if facts.has_renames(names) {
            same += &format!(
                " AND NOT EXISTS (SELECT 1 FROM {} r WHERE r.\"language\" = l.language \
                 AND r.\"state\" = {status} AND r.\"name_now\" = {now})",
                names.quoted(&names.renames)
            );
        }
        let elsewhere = format!("{beside} WHERE l.k IS NOT NULL AND {same}");
        if let Some(bad) = bad(conn, &last, &elsewhere).await? {
            let message = format!(
                "rows of `{}` are not in the state that their history ends in: {}",
                names.table,
                bad.words()
            );
            let help = "somebody changed them past the guard: put each back into that state, with the \
                        guard off, or it is refused at its next step";
            tell.error("row-past-history", message, help);
        }
        // On PostgreSQL a row from before the guard gets its history with its first change.
        if self.sql.owns || names.dialect == Dialect::Sqlite {
            // A row without a status has nothing to tell yet.
            let without = format!("{beside} WHERE l.k IS NULL AND t.{column} IS NOT NULL");
            if let Some(bad) = bad(conn, &last, &without).await? {
                let message = format!("rows of `{}` have no history: {}", names.table, bad.words());
                let help = match self.sql.owns {
                    true => WRITTEN_PAST.to_owned(),
                    false => format!(
                        "rows from before the history got theirs when it was installed; {WRITTEN_PAST}"
                    ),
                };
                tell.error("row-without-history", message, help);
            }
        }
        Ok(())
    }

    /// Each step, by the rules that were in force when it was taken.
    async fn judge_steps(
        &self,
        conn: &mut Conn,
        facts: &Facts,
        events: &str,
        tables: &[&Machine],
        tell: &mut Telling,
    ) -> Result<(), Away> {
        let names = self.names;
        // A mark says why no transition led there.
        let marks = ["forced", "observed"].into_iter().filter(|m| facts.has_column(events, m));
        let unmarked: String = marks.map(|mark| format!(" AND {} IS NULL", quoted(mark))).collect();
        let sql = format!(
            "SELECT \"language\", \"from_state\", \"to_state\", CAST(count(*) AS text), CAST(min({}) AS text) \
             FROM {} WHERE 1 = 1{unmarked} GROUP BY \"language\", \"from_state\", \"to_state\" ORDER BY 1, 2, 3",
            text_of_key(&names.row, names.dialect),
            names.quoted(events)
        );
        let mut illegal = Vec::new();
        for row in conn.rows(&sql).await? {
            let from = row.get(1).cloned().flatten();
            let [language, _, to, count, example] = cells(row);
            let Some(machine) = tables.iter().find(|m| m.fingerprints.language == language) else {
                continue;
            };
            let find = |state: &str| {
                machine.find_value(state).or_else(|| {
                    let was = facts
                        .renames
                        .iter()
                        .find(|((of, _), now)| *of == language && now.as_str() == state);
                    was.and_then(|((_, was), _)| machine.find_value(was))
                })
            };
            let is_legal = match (&from, find(&to)) {
                (None, Some(to)) => machine.is_initial(to) || !self.sql.owns,
                (Some(from), Some(to)) => {
                    find(from).is_some_and(|from| machine.can_become(from, to))
                }
                (None, None) => !self.sql.owns,
                (Some(_), None) => false,
            };
            if !is_legal {
                let from = from.as_deref().unwrap_or("nothing");
                illegal.push(format!(
                    "{} -> {} ({count}, such as {})",
                    shown(from),
                    shown(&to),
                    shown(&example)
                ));
            }
        }
        if !illegal.is_empty() {
            let message = format!(
                "`{events}` has steps that no rules of their time allow: {}",
                suggest::list(&illegal)
            );
            tell.error(
                "history-illegal",
                message,
                "somebody wrote steps while the guards were off",
            );
        }
        Ok(())
    }

    /// What was let through while the guard only observes, by pair, with what would make it legal. By
    /// what the view should be: it may be gone, or another.
    pub(super) async fn judge_observed(
        &self,
        conn: &mut Conn,
        facts: &Facts,
        tell: &mut Telling,
    ) -> Result<(), Away> {
        let names = self.names;
        let expected = Objects::of(self.machine, names.dialect);
        let (_, otherwise) = self.in_the_other_mode();
        let view = match expected.views.get(&names.observed) {
            Some(view) => view,
            None => {
                match otherwise.views.get(&names.observed).filter(|_| facts.has(&names.observed)) {
                    Some(view) => view,
                    None => return Ok(()),
                }
            }
        };
        if !self.can_select(facts, &expected) {
            return Ok(());
        }
        let sql = format!(
            "SELECT coalesce(\"from_state\", 'nothing'), coalesce(\"to_state\", 'nothing'), \"observed\", \
             CAST(\"count\" AS text), CAST(\"last_at\" AS text), \"transition\" FROM ({}) v \
             ORDER BY \"count\" DESC, 1, 2 LIMIT {MOST_OBSERVED}",
            view.select
        );
        for row in conn.rows(&sql).await? {
            let [from, to, why, count, last, transition] = cells(row);
            let message = format!(
                "let through {count} times, and refused once the guard enforces ({why}): `{} -> {}`, last \
                 at {last}",
                shown(&from),
                shown(&to)
            );
            tell.tell("observed", Warning, message, transition);
        }
        Ok(())
    }
}

/// A key as a text that has a least one: PostgreSQL knows no least UUID.
fn text_of_key(key: &str, dialect: Dialect) -> String {
    match dialect {
        Dialect::Postgres => format!("CAST({} AS text)", quoted(key)),
        Dialect::Sqlite => quoted(key),
    }
}

/// The keys that a query gives: the first of them, and how many there are.
async fn bad(conn: &mut Conn, with: &str, select: &str) -> Result<Option<Bad>, Away> {
    let sql = format!(
        "{with}, bad(k) AS ({select}) SELECT CAST(k AS text), \
         CAST((SELECT count(DISTINCT k) FROM bad) AS text) \
         FROM (SELECT DISTINCT k FROM bad ORDER BY k LIMIT {EXAMPLES}) s"
    );
    let rows = conn.rows(&sql).await?;
    let mut found = Bad { keys: Vec::new(), count: 0 };
    for row in rows {
        let [key, count] = cells(row);
        found.keys.push(key);
        found.count = count.parse().unwrap_or(found.keys.len());
    }
    Ok((!found.keys.is_empty()).then_some(found))
}

impl Bad {
    fn words(&self) -> String {
        let keys = suggest::list(&self.keys);
        match self.count.checked_sub(self.keys.len()) {
            Some(more) if more > 0 => format!("{keys} and {more} more"),
            Some(_) | None => keys,
        }
    }
}
