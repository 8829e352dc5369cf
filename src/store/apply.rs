//! The one door through which a status changes: a report is judged, the status set where it is
//! still the one judged on, and what was reported written next to the history.

use super::answer::Answer;
use super::conn::{Arg, Conn, Mark, Row};
use super::error::{is_guard, is_unique, may_lack_state};
use super::report::{NAME, head, storable};
use super::statements::Statements;
use super::{Error, Report, Result};
use crate::text::hex;
use crate::{Machine, StateId, Verdict};

/// How often a report is judged anew because the row changed meanwhile. On PostgreSQL the row is
/// locked first from the third time on, so that even crowds get through.
const ATTEMPTS: usize = 8;

/// What one attempt came to.
enum Step {
    Done(Answer),
    /// The row was not in the judged state any more: nothing was written.
    Moved,
    /// The event id was applied meanwhile: what was written has to be taken back.
    Taken,
}

/// One report on its way through the door.
struct Door<'a> {
    machine: &'a dyn Machine,
    sql: &'a Statements,
    report: &'a Report,
    /// The key of the row, as the database has it.
    key: String,
    event_id: Option<String>,
    /// The database refused what it allowed a moment later.
    refused: bool,
}

/// Judges a report and does what follows from it, in the transaction that the connection is in.
/// An error leaves the transaction as it was.
pub(crate) async fn apply(
    conn: &mut Conn<'_>,
    machine: &dyn Machine,
    sql: &Statements,
    id: &str,
    report: &Report,
) -> Result<Answer> {
    let Some(key) = sql.shape.key.parse(id) else {
        return Ok(Answer::NotFound);
    };
    let mut door = Door { machine, sql, report, key, event_id: None, refused: false };
    for attempt in 0..ATTEMPTS {
        conn.mark(Mark::Report).await?;
        match door.attempt(conn, attempt >= 2).await {
            Ok(Step::Done(answer)) => {
                conn.keep(Mark::Report).await?;
                return Ok(answer);
            }
            // Not taken back: if the update waited for another it holds the row's lock now, and
            // the next attempt is the last.
            Ok(Step::Moved) => conn.keep(Mark::Report).await?,
            Ok(Step::Taken) => conn.undo(Mark::Report).await?,
            Err(error) => {
                // The first error is the one to report; a connection that is gone undoes by itself.
                let _ = conn.undo(Mark::Report).await;
                return Err(error);
            }
        }
    }
    Err(Error::Contended)
}

/// A report with all that one statement needs to apply it, where nothing speaks against it.
pub(crate) struct Ready {
    key: String,
    token: Option<[u8; 32]>,
    /// The states that may be left for it, in the words of the database.
    from: String,
    event_id: Option<String>,
    hash: [u8; 32],
    report: Report,
}

impl Ready {
    /// None where it takes several statements.
    pub(crate) fn new(
        machine: &dyn Machine,
        sql: &Statements,
        key: &str,
        report: &Report,
        token: Option<[u8; 32]>,
    ) -> Option<Self> {
        sql.apply.as_ref()?;
        let to = machine.find(&report.status)?;
        let leads = |from: &StateId| *from != to && machine.can_become(*from, to);
        let from = (0..machine.states()).map(StateId::new).filter(leads);
        let from = from.map(|from| machine.value(from));
        let from = match sql.apply_all {
            Some(_) => array(from),
            None => serde_json::Value::from_iter(from).to_string(),
        };
        Some(Self {
            event_id: report.event_id_for(&sql.shape.key.shown(key)),
            hash: report.hash(),
            key: key.to_owned(),
            token,
            from,
            report: report.clone(),
        })
    }

    /// Whether it is known again where it comes once more.
    pub(crate) fn is_repeatable(&self) -> bool {
        self.event_id.is_some()
    }

    fn applied(&self, row: &Row, place: usize) -> sqlx::Result<Answer> {
        let from = row.text(place)?.unwrap_or_default();
        // Of a step that has no event the several statements say what is wrong.
        let seq = row.int(place + 1)?.ok_or(sqlx::Error::RowNotFound)?;
        Ok(Answer::Applied { status: self.report.status.clone(), from, seq })
    }
}

/// Applies a report that nothing speaks against: on PostgreSQL in one statement that commits by itself, on
/// SQLite in the transaction that the connection is in. Nothing where something does, or where the token is
/// not the row's: then nothing is done, and [`apply`] finds out what to answer.
pub(crate) async fn at_once(
    conn: &mut Conn<'_>,
    sql: &Statements,
    ready: &Ready,
) -> sqlx::Result<Option<Answer>> {
    let Some(apply) = &sql.apply else {
        return Ok(None);
    };
    let report = &ready.report;
    let args = [
        (&ready.key).into(),
        Arg::Bytes(ready.token.as_ref().map(<[u8; 32]>::as_slice)),
        (&ready.from).into(),
        (&report.status).into(),
        (&ready.event_id).into(),
        Arg::Bytes(Some(&ready.hash)),
        (&report.job).into(),
        (&report.run_id).into(),
        Arg::Int(report.run_attempt.map(i64::from)),
        (&report.run_url).into(),
        (&report.actor).into(),
        (&report.attempted).into(),
        (&report.table).into(),
        (&report.log_tail).into(),
        i64::from(report.of_one_run).into(),
        report.authenticated_by.as_str().into(),
    ];
    let row = conn.row(apply, &args).await?;
    row.map(|row| ready.applied(&row, 0)).transpose()
}

/// The same for several reports of different rows, in one commit. They are taken in the order of their keys,
/// so that no two batches wait for each other, and one whose row is held is passed over.
pub(crate) async fn all_at_once(
    conn: &mut Conn<'_>,
    sql: &Statements,
    all: &[Box<Ready>],
) -> sqlx::Result<Vec<Option<Answer>>> {
    let mut answers: Vec<Option<Answer>> = all.iter().map(|_| None).collect();
    let Some(apply_all) = &sql.apply_all else {
        return Ok(answers);
    };
    let mut order: Vec<usize> = (0..all.len()).collect();
    order.sort_by_key(|at| &all[*at].key);
    let given = order.iter().map(|at| {
        let Ready { key, token, from, event_id, hash, report } = &*all[*at];
        serde_json::json!({
            "n": at, "key": key, "token": token.as_ref().map(|token| hex(token)), "from": from,
            "to": report.status, "event_id": event_id, "body_hash": hex(hash), "job": report.job,
            "run_id": report.run_id, "run_attempt": report.run_attempt, "run_url": report.run_url,
            "actor": report.actor, "attempted": report.attempted, "table": report.table,
            "log_tail": report.log_tail, "of_one_run": report.of_one_run,
            "authenticated_by": report.authenticated_by.as_str(),
        })
    });
    let given = serde_json::Value::Array(given.collect()).to_string();
    for row in conn.rows(apply_all, &[(&given).into()]).await? {
        let at = row.int(0)?.and_then(|at| usize::try_from(at).ok());
        if let Some(at) = at.filter(|at| *at < all.len()) {
            answers[at] = Some(all[at].applied(&row, 1)?);
        }
    }
    Ok(answers)
}

/// Texts as PostgreSQL writes an array of them.
fn array<'t>(texts: impl Iterator<Item = &'t str>) -> String {
    let quoted: Vec<String> = texts
        .map(|text| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")))
        .collect();
    format!("{{{}}}", quoted.join(","))
}

impl Door<'_> {
    /// The rows of http.md's table from the event id on, in their order.
    async fn attempt(&mut self, conn: &mut Conn<'_>, locked: bool) -> Result<Step> {
        let sql = self.sql;
        // Two runs may come at once: the second has to see the first's report.
        let read = if locked || self.report.of_one_run { &sql.row_locked } else { &sql.row };
        let Some(row) = conn.row(read, &[(&self.key).into()]).await? else {
            return Ok(Step::Done(Answer::NotFound));
        };
        // Under a collation without case the row may be known by another spelling.
        self.key = row.text(0)?.unwrap_or_default();
        let from = row.text(1)?.unwrap_or_default();
        self.event_id = self.report.event_id_for(&self.shown()).filter(|_| sql.has_history());

        if self.report.of_one_run
            && let (Some(run), Some(first)) = (&self.report.run_id, self.first_run(conn).await?)
            && *run != first
        {
            let answer = Answer::OtherRun { run: run.clone(), first, from };
            return self.refuse(conn, answer).await;
        }
        if let Some(event_id) = &self.event_id {
            let args = [(&self.key).into(), event_id.into()];
            if let Some(applied) = conn.row(&sql.applied, &args).await? {
                if applied.bytes(0)?.as_deref() == Some(&self.report.hash()) {
                    return self.duplicate(conn, from).await;
                }
                let event_id = event_id.clone();
                return self.refuse(conn, Answer::EventIdReused { event_id, from }).await;
            }
        }
        let newest = self.newest_attempt(conn).await?;
        if let (Some(newest), Some(attempt)) = (newest, self.report.run_attempt)
            && i64::from(attempt) < newest
        {
            return self.refuse(conn, Answer::StaleAttempt { attempt, newest, from }).await;
        }
        let requested = &self.report.status;
        let Some(to) = self.machine.find(requested) else {
            let known = self.values(|_| true);
            let requested = requested.clone();
            return self.refuse(conn, Answer::UnknownStatus { requested, from, known }).await;
        };
        let Some(judged) = self.machine.find(&from) else {
            // table.md, rule 12: written by a newer version; the database knows.
            return self.compare_and_set(conn, from, true).await;
        };
        let to_value = requested.clone();
        match self.machine.judge(judged, to) {
            Verdict::Applied => self.compare_and_set(conn, from, false).await,
            Verdict::Duplicate => {
                let is_first = self.report.run_attempt.map(i64::from) > newest;
                let step = self.duplicate(conn, from).await?;
                if let (Step::Done(answer), true) = (&step, is_first) {
                    self.record(conn, answer).await?;
                }
                Ok(step)
            }
            Verdict::Ended => self.refuse(conn, Answer::Ended { from, to: to_value }).await,
            Verdict::Illegal => {
                let allowed = self.values(|next| self.machine.can_become(judged, next));
                let answer = Answer::Illegal { from, to: to_value, allowed, unguarded: false };
                self.refuse(conn, answer).await
            }
        }
    }

    /// The key as callers have it.
    fn shown(&self) -> String {
        self.sql.shape.key.shown(&self.key)
    }

    /// The run of the first report that was applied, where one said which it was of.
    async fn first_run(&self, conn: &mut Conn<'_>) -> Result<Option<String>> {
        if !self.sql.has_history() {
            return Ok(None);
        }
        let row = conn.row(&self.sql.first_run, &[(&self.key).into()]).await?;
        Ok(row.map(|row| row.text(0)).transpose()?.flatten())
    }

    /// The newest attempt of the report's run whose report was accepted (table.md, rule 13); none where
    /// the report names no run and attempt.
    async fn newest_attempt(&self, conn: &mut Conn<'_>) -> Result<Option<i64>> {
        let Report { run_id: Some(run), run_attempt: Some(_), .. } = self.report else {
            return Ok(None);
        };
        if !self.sql.has_history() {
            return Ok(None);
        }
        let row = conn.row(&self.sql.newest_attempt, &[(&self.key).into(), run.into()]).await?;
        Ok(row.map(|row| row.int(0)).transpose()?.flatten())
    }

    /// Sets the status where it is still `from`. `guarded` where only the database can judge.
    async fn compare_and_set(
        &mut self,
        conn: &mut Conn<'_>,
        from: String,
        guarded: bool,
    ) -> Result<Step> {
        let status = self.report.status.clone();
        let Some(stored) = self.sql.stored(conn, &status).await? else {
            let known = texts(conn, &self.sql.known, &[]).await?;
            let answer = Answer::UnknownStatus { requested: status, from, known };
            return self.refuse(conn, answer).await;
        };
        let args = [(&self.key).into(), (&from).into(), (&stored).into()];
        conn.mark(Mark::Status).await?;
        let changed = match conn.execute(&self.sql.compare_and_set, &args).await {
            Ok(changed) => changed,
            Err(error) => {
                conn.undo(Mark::Status).await?;
                return self.refused_by_database(conn, from, error).await;
            }
        };
        match changed {
            0 => {
                conn.keep(Mark::Status).await?;
                return Ok(Step::Moved);
            }
            1 => {}
            rows => {
                let schema = &self.sql.schema;
                return Err(Error::Schema(format!(
                    "{rows} rows of \"{}\" have the key `{}`: \"{}\" is not unique",
                    schema.table,
                    self.shown(),
                    schema.key.join("\", \"")
                )));
            }
        }
        // Only now: the lock that the update holds keeps the guard as it was when it was asked.
        if guarded && !super::is_guarded(conn, &self.sql.schema).await? {
            conn.undo(Mark::Status).await?;
            let allowed = self.next(conn, &from).await?;
            let answer = Answer::Illegal { from, to: status, allowed, unguarded: true };
            return self.refuse(conn, answer).await;
        }
        conn.keep(Mark::Status).await?;
        let seq = match self.last_event(conn).await? {
            None => 0,
            Some((seq, Some(to))) if to == status => seq,
            Some(_) => {
                return Err(Error::Schema(format!(
                    "the database wrote no event of `{}` becoming `{status}`: are its triggers there?",
                    self.shown()
                )));
            }
        };
        let answer = Answer::Applied { status, from, seq };
        match self.record(conn, &answer).await {
            Ok(()) => Ok(Step::Done(answer)),
            // The same report came by while this one waited, and was applied.
            Err(error) if is_unique(&error) => Ok(Step::Taken),
            Err(error) => Err(error.into()),
        }
    }

    /// What the database meant by refusing. What it lacks, and what it would have allowed, are
    /// rows of its own tables.
    async fn refused_by_database(
        &mut self,
        conn: &mut Conn<'_>,
        from: String,
        error: sqlx::Error,
    ) -> Result<Step> {
        if !may_lack_state(&error) {
            return Err(error.into());
        }
        let to = self.report.status.clone();
        let known = texts(conn, &self.sql.known, &[]).await?;
        if !known.contains(&to) {
            let answer = Answer::UnknownStatus { requested: to, from, known };
            return self.refuse(conn, answer).await;
        }
        if !is_guard(&error) {
            return Err(error.into());
        }
        let allowed = self.next(conn, &from).await?;
        if allowed.contains(&to) {
            // A migration may have been committed since the guard judged.
            if !std::mem::replace(&mut self.refused, true) {
                return Ok(Step::Moved);
            }
            // Not for the step's sake: the row was changed past the guard, for one.
            return Err(Error::Schema(error.to_string()));
        }
        let ended = known.contains(&from) && allowed.iter().all(|next| *next == from);
        let answer = if ended {
            Answer::Ended { from, to }
        } else {
            Answer::Illegal { from, to, allowed, unguarded: false }
        };
        self.refuse(conn, answer).await
    }

    async fn duplicate(&self, conn: &mut Conn<'_>, status: String) -> Result<Step> {
        let seq = self.last_event(conn).await?.map_or(0, |(seq, _)| seq);
        Ok(Step::Done(Answer::Duplicate { status, seq }))
    }

    async fn refuse(&self, conn: &mut Conn<'_>, answer: Answer) -> Result<Step> {
        self.record(conn, &answer).await?;
        Ok(Step::Done(answer))
    }

    /// The seq and the state of the last event; none where the database keeps no history.
    async fn last_event(&self, conn: &mut Conn<'_>) -> Result<Option<(i64, Option<String>)>> {
        if !self.sql.has_history() {
            return Ok(None);
        }
        let row = conn.row(&self.sql.last_event, &[(&self.key).into()]).await?;
        Ok(Some(match row {
            Some(row) => (row.int(0)?.unwrap_or_default(), row.text(1)?),
            None => (0, None),
        }))
    }

    async fn record(&self, conn: &mut Conn<'_>, answer: &Answer) -> sqlx::Result<()> {
        if !self.sql.has_history() {
            return Ok(());
        }
        let (from, seq) = match answer {
            Answer::Applied { from, seq, .. } => (Some(from), Some(*seq)),
            Answer::EventIdReused { from, .. }
            | Answer::StaleAttempt { from, .. }
            | Answer::OtherRun { from, .. }
            | Answer::UnknownStatus { from, .. }
            | Answer::Ended { from, .. }
            | Answer::Illegal { from, .. } => (Some(from), None),
            Answer::Duplicate { .. } | Answer::NotFound => (None, None),
        };
        let report = self.report;
        // What no one knows may be of any length.
        let status = storable(head(&report.status, NAME));
        let hash = report.hash();
        let args = [
            (&self.key).into(),
            (&self.event_id).into(),
            Arg::Bytes(Some(&hash)),
            (&status).into(),
            Arg::Text(from.map(String::as_str)),
            answer.as_str().into(),
            Arg::Int(seq),
            (&report.job).into(),
            (&report.run_id).into(),
            Arg::Int(report.run_attempt.map(i64::from)),
            (&report.run_url).into(),
            (&report.actor).into(),
            (&report.attempted).into(),
            (&report.table).into(),
            (&report.log_tail).into(),
            report.authenticated_by.as_str().into(),
        ];
        conn.execute(&self.sql.record, &args).await.map(drop)
    }

    /// What the database would have let follow.
    async fn next(&self, conn: &mut Conn<'_>, from: &str) -> Result<Vec<String>> {
        let has_rows = [&self.sql.schema.transitions, &self.sql.schema.states]
            .iter()
            .all(|table| self.sql.shape.has_table(table));
        if has_rows { texts(conn, &self.sql.next, &[from.into()]).await } else { Ok(Vec::new()) }
    }

    /// The values of the machine's states that a condition holds for, in their order.
    fn values(&self, holds: impl Fn(StateId) -> bool) -> Vec<String> {
        let states = (0..self.machine.states()).map(StateId::new);
        let states = states.filter(|state| holds(*state));
        states.map(|state| self.machine.value(state).to_owned()).collect()
    }
}

/// The texts in the first column.
pub(crate) async fn texts(conn: &mut Conn<'_>, sql: &str, args: &[Arg<'_>]) -> Result<Vec<String>> {
    let rows = conn.rows(sql, args).await?;
    rows.iter().map(|row| Ok(row.text(0)?.unwrap_or_default())).collect()
}
