//! Whether the history of a live database is whole, and agrees with its rows.

use super::Drift;
use super::connect::{Away, Conn};
use super::facts::{Facts, cells};
use super::judge::Held;
use phasegate_codegen::emit::sql::Dialect;
use phasegate_codegen::emit::sql::{literal, quoted};
use phasegate_codegen::machine::Machine;
use phasegate_codegen::rules;
use phasegate_codegen::suggest::{self, shown};

/// So many keys are named as examples.
const EXAMPLES: usize = 3;
/// What a row is whose history is not there.
const WRITTEN_PAST: &str = "a row whose history is gone, or never was, was written past the guard: look who \
                            can, and keep the row. Its next step is refused until its history is back: \
                            restore it from a backup, or write it by hand, a row for each step from an \
                            initial state on";

/// A row of such a query: a key, and how many rows there are.
struct Bad {
    keys: Vec<String>,
    count: usize,
}

impl Held<'_> {
    /// The history: whole, one step after the other, legal by the rules of its time, and ending
    /// where the rows are. `knows` where the tables are all that the database ever was at.
    pub(super) async fn judge_history(
        &self,
        conn: &mut Conn,
        facts: &Facts,
        tables: &[&Machine],
        knows: bool,
        drift: &mut Drift,
    ) -> Result<(), Away> {
        let names = self.names;
        let Some(events) = self.sql.events.as_deref().filter(|events| facts.has(events)) else {
            return Ok(());
        };
        // What is missing is reported of its table.
        let rows = names.parts.iter().map(|part| part.row_name.as_str());
        let needs = ["seq", "from_state", "to_state", "language"].into_iter().chain(rows.clone());
        if !needs.into_iter().all(|column| facts.has_column(events, column)) {
            return Ok(());
        }
        let e = names.of(events);
        // Of what was let through although no transition led there, a mark says so.
        let mark = |mark: &str| match facts.has_column(events, mark) {
            true => quoted(mark),
            false => "NULL".to_owned(),
        };
        let (observed, forced) = (mark("observed"), mark("forced"));
        let row = names.one(&names.history(""));
        // What a state of former rules is called now: the arguments say whose columns they are, or
        // they would be those of the names.
        let now = |language: &str, state: &str| match facts.has_renames(names) {
            true => format!(
                "coalesce((SELECT r.\"name_now\" FROM {} r WHERE r.\"language\" = {language} \
                 AND r.\"state\" = {state}), {state})",
                names.at("renames")
            ),
            false => state.to_owned(),
        };
        let chain = format!(
            "WITH chain AS (SELECT {row} AS k, \"seq\" AS seq, \"from_state\" AS was, \"to_state\" AS becomes, \
             \"language\" AS language, {observed} AS observed, {forced} AS forced, lag(\"seq\") OVER w AS before, lag(\"to_state\") OVER w AS ended, \
             lag(\"language\") OVER w AS then_language FROM {e} WINDOW w AS (PARTITION BY {row} ORDER BY \"seq\"))"
        );
        // Of a history that was pruned, so many steps are gone from its start.
        let pruned = self.names.name("pruned");
        let gone = match facts.has_column(&pruned, "events")
            && rows.into_iter().all(|row| facts.has_column(&pruned, row))
        {
            true => format!(
                "(SELECT p.\"events\" FROM {} p WHERE {} = chain.k)",
                names.of(&pruned),
                names.one(&names.history("p"))
            ),
            false => "NULL".to_owned(),
        };
        self.judge_pruned(conn, facts, &chain, &gone, drift).await?;
        let again = format!("before IS NULL AND seq = 1 AND coalesce({gone}, 0) > 0");
        let gaps = format!(
            "SELECT k FROM chain WHERE seq <> coalesce(before, {gone}, 0) + 1 AND NOT ({again})"
        );
        if let Some(bad) = bad(conn, &chain, &gaps).await? {
            let message = format!("the numbers of `{events}` have gaps: {}", bad.words());
            drift.error(
                rules::HISTORY_GAP,
                message,
                "somebody deleted steps: restore them from a backup",
            );
        }
        let breaks = format!(
            "SELECT k FROM chain WHERE before IS NOT NULL AND observed IS NULL \
             AND coalesce({}, '') <> {}",
            now("chain.language", "chain.was"),
            now("chain.then_language", "chain.ended")
        );
        if let Some(bad) = bad(conn, &chain, &breaks).await? {
            let message = format!(
                "steps of `{events}` do not begin where the one before ended: {}",
                bad.words()
            );
            drift.error(
                rules::HISTORY_BREAK,
                message,
                "somebody wrote steps by hand, or changed some",
            );
        }
        self.judge_forced(conn, facts, events, &chain, drift).await?;
        self.judge_ends(conn, facts, &e, now, drift).await?;
        self.judge_steps(conn, facts, events, tables, knows, drift).await
    }

    /// Whether keys whose history was pruned stay used.
    async fn judge_pruned(
        &self,
        conn: &mut Conn,
        facts: &Facts,
        chain: &str,
        gone: &str,
        drift: &mut Drift,
    ) -> Result<(), Away> {
        let names = self.names;
        let (table, mark) = (names.name("pruned"), names.name("has_pruned"));
        if !facts.has_column(&table, "events") {
            return Ok(());
        }
        let is_marked = |text: &str| text == "SELECT true";
        let unmarked = facts.find("function", "", &mark).filter(|found| !is_marked(&found.text));
        let any = format!("SELECT '' FROM {} LIMIT 1", names.of(&table));
        if unmarked.is_some() && !conn.rows(&any).await?.is_empty() {
            let message = format!(
                "`{table}` has keys whose history was pruned, and `{mark}` says that there are none: such a \
                 key could be used again"
            );
            let help = format!(
                "CREATE OR REPLACE FUNCTION {}() RETURNS boolean LANGUAGE sql STABLE AS 'SELECT true': \
                 the rows were loaded into a schema that was migrated, and not dumped with them",
                names.at("has_pruned")
            );
            drift.error(rules::ALTERED_FUNCTION, message, help);
        }
        let again = format!(
            "SELECT k FROM chain WHERE before IS NULL AND seq = 1 AND coalesce({gone}, 0) > 0"
        );
        if let Some(bad) = bad(conn, chain, &again).await? {
            let message =
                format!("keys were used again after their history was pruned: {}", bad.words());
            let who = match names.dialect {
                Dialect::Postgres => "as the owner of the tables",
                Dialect::Sqlite => "in the mode `test`",
            };
            let help = format!(
                "no step is missing: their rows began anew, in the mode `test` or while nothing said that keys \
                 were pruned. Where they are to stay, delete these keys from {}, {who}",
                names.of(&table)
            );
            drift.error(rules::HISTORY_GAP, message, help);
        }
        Ok(())
    }

    /// Steps that are marked as forced: who did it stands in the reports, written with the mark, and by
    /// no one else without a body.
    async fn judge_forced(
        &self,
        conn: &mut Conn,
        facts: &Facts,
        events: &str,
        chain: &str,
        drift: &mut Drift,
    ) -> Result<(), Away> {
        let names = self.names;
        let reports = self.names.name("reports");
        let rows = names.parts.iter().map(|part| part.row_name.as_str());
        let needs = ["seq", "answer", "body_hash"].into_iter().chain(rows);
        if !needs.into_iter().all(|column| facts.has_column(&reports, column)) {
            return Ok(());
        }
        let alone = format!(
            "SELECT k FROM chain WHERE forced IS NOT NULL AND NOT EXISTS (SELECT 1 FROM {} r \
             WHERE {} = k AND r.\"seq\" = chain.seq AND r.\"answer\" = 'applied' AND r.\"body_hash\" IS NULL)",
            names.of(&reports),
            names.one(&names.history("r"))
        );
        if let Some(bad) = bad(conn, chain, &alone).await? {
            let message = format!(
                "steps of `{events}` are marked as forced, and `{reports}` does not say by whom: {}",
                bad.words()
            );
            let help = format!(
                "`{}` writes both: somebody set the mark by hand, while the guards were off",
                names.name("force")
            );
            drift.error(rules::FORCED_WITHOUT_REPORT, message, help);
        }
        Ok(())
    }

    /// The last step of each row, next to the row.
    async fn judge_ends(
        &self,
        conn: &mut Conn,
        facts: &Facts,
        e: &str,
        now: impl Fn(&str, &str) -> String,
        drift: &mut Drift,
    ) -> Result<(), Away> {
        let names = self.names;
        let (row, key) = (names.one(&names.history("")), names.one(&names.own("t")));
        let last = format!(
            "WITH l AS (SELECT k, \"to_state\" AS state, \"language\" AS language FROM \
             (SELECT {row} AS k, \"to_state\", \"language\", row_number() OVER (PARTITION BY {row} ORDER BY \"seq\" DESC) AS n \
             FROM {e}) s WHERE n = 1)"
        );
        let beside = format!(
            "SELECT {key} FROM {} t LEFT JOIN l ON CAST(l.k AS text) = CAST({key} AS text)",
            names.of(&names.table_name)
        );
        let status = format!("coalesce({}, '')", names.read("t"));
        // A row that a rename has yet to move is in the same state, by the rules that are in force.
        let ended = format!("coalesce({}, '')", now("l.language", "l.state"));
        let current = literal(facts.language.as_deref().unwrap_or_default());
        let same = format!("{ended} NOT IN ({status}, {})", now(&current, &status));
        let elsewhere = format!("{beside} WHERE l.k IS NOT NULL AND {same}");
        if let Some(bad) = bad(conn, &last, &elsewhere).await? {
            let message = format!(
                "rows of `{}` are not in the state that their history ends in: {}",
                names.table_name,
                bad.words()
            );
            let help = format!(
                "somebody changed them past the guard, and their next step is refused: put each back into \
                 that state {}",
                self.past(&names.table_name, "guard_update")
            );
            drift.error(rules::ROW_PAST_HISTORY, message, help);
        }
        // On PostgreSQL a row from before the guard gets its history with its first change.
        if self.sql.owns || names.dialect == Dialect::Sqlite {
            // A row without a status has no history yet.
            let without = format!("{beside} WHERE l.k IS NULL AND {} IS NOT NULL", names.read("t"));
            if let Some(bad) = bad(conn, &last, &without).await? {
                let message =
                    format!("rows of `{}` have no history: {}", names.table_name, bad.words());
                let events = self.sql.events.as_deref().unwrap_or_default();
                let written = format!("{WRITTEN_PAST} {}", self.past(events, "event"));
                let help = match self.sql.owns {
                    true => written,
                    false => format!(
                        "rows from before the history got theirs when it was installed; {written}"
                    ),
                };
                drift.error(rules::ROW_WITHOUT_HISTORY, message, help);
            }
        }
        Ok(())
    }

    /// How someone writes past the triggers of a table whose objects are called so.
    fn past(&self, table: &str, trigger: &str) -> String {
        let names = self.names;
        match names.dialect {
            Dialect::Postgres => {
                "as a superuser, in a session with `SET session_replication_role = replica`"
                    .to_owned()
            }
            Dialect::Sqlite => format!(
                "in one transaction in which you drop the triggers on {table} (`SELECT name FROM \
                 sqlite_master WHERE type = 'trigger' AND tbl_name = '{table}' AND name LIKE '%{trigger}%'`), \
                 and at its end run their CREATE TRIGGER of the generated sqlite.sql again"
            ),
        }
    }

    /// Each step, by the rules that were in force when it was taken.
    async fn judge_steps(
        &self,
        conn: &mut Conn,
        facts: &Facts,
        events: &str,
        tables: &[&Machine],
        knows: bool,
        drift: &mut Drift,
    ) -> Result<(), Away> {
        let names = self.names;
        // A mark says why no transition led there.
        let marks = ["forced", "observed"].into_iter().filter(|m| facts.has_column(events, m));
        let unmarked: String = marks.map(|mark| format!(" AND {} IS NULL", quoted(mark))).collect();
        let sql = format!(
            "SELECT \"language\", \"from_state\", \"to_state\", CAST(count(*) AS text), CAST(min({}) AS text) \
             FROM {} WHERE 1 = 1{unmarked} GROUP BY \"language\", \"from_state\", \"to_state\" ORDER BY 1, 2, 3",
            text_of_key(&names.one(&names.history("")), names.dialect),
            names.of(events)
        );
        let (mut illegal, mut unknown) = (Vec::new(), Vec::new());
        for row in conn.rows(&sql).await? {
            let from = row.get(1).cloned().flatten();
            let [language, _, to, count, example] = cells(row);
            let from = from.as_deref();
            let step = || {
                let from = shown(from.unwrap_or("nothing"));
                format!("{from} -> {} ({count}, such as {})", shown(&to), shown(&example))
            };
            let Some(machine) = tables.iter().find(|m| m.fingerprints.language == language) else {
                if knows && !facts.renames.keys().any(|(of, _)| *of == language) {
                    unknown.push(format!("by {}: {}", shown(&language), step()));
                }
                continue;
            };
            // Its own name, or one that came later and leads to the same name of now.
            let now = |state: &str| {
                facts
                    .renames
                    .get(&(language.clone(), state.to_owned()))
                    .cloned()
                    .unwrap_or_else(|| state.to_owned())
            };
            let find = |state: &str| {
                machine.find_value(state).or_else(|| {
                    let now_called = now(state);
                    let was = machine.states.iter().find(|was| now(&was.value) == now_called)?;
                    machine.find_value(&was.value)
                })
            };
            let is_legal = match (from, find(&to)) {
                (None, Some(to)) => machine.is_initial(to) || !self.sql.owns,
                (Some(from), Some(to)) => {
                    find(from).is_some_and(|from| machine.can_become(from, to))
                }
                (None, None) => !self.sql.owns,
                (Some(_), None) => false,
            };
            if !is_legal {
                illegal.push(step());
            }
        }
        if !unknown.is_empty() {
            let message = format!(
                "`{events}` has steps by rules that no table had which was migrated to: {}",
                suggest::list(&unknown)
            );
            let help = "somebody wrote steps while the guards were off, or the snapshot of that table \
                        is gone from the migrations";
            drift.error(rules::HISTORY_UNKNOWN, message, help);
        }
        if !illegal.is_empty() {
            let message = format!(
                "`{events}` has steps that no rules of their time allow: {}",
                suggest::list(&illegal)
            );
            drift.error(
                rules::HISTORY_ILLEGAL,
                message,
                "somebody wrote steps while the guards were off",
            );
        }
        Ok(())
    }
}

/// A key as a text that has a least one: PostgreSQL knows no least UUID.
fn text_of_key(key: &str, dialect: Dialect) -> String {
    match dialect {
        Dialect::Postgres => format!("CAST({key} AS text)"),
        Dialect::Sqlite => key.to_owned(),
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
