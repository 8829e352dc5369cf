//! What can be read of rows: snapshots, events since one, lists, reports. Each answer is of one
//! moment.

use super::columns::{self, Columns};
use super::conn::{Arg, Conn, Row};
use super::filter::Filter;
use super::phases::{Step, phases};
use super::snapshot::{Event, Item, Page, Recorded, Snapshot};
use super::time;
use super::{Result, Statements, Store, in_transaction, shape};
use crate::Machine;
use std::collections::HashMap;

impl Store {
    /// The row of this key with all its history, all of one moment; none where there is none.
    ///
    /// # Errors
    /// Where the database is away or does not fit.
    pub async fn snapshot(&self, machine: &dyn Machine, id: &str) -> Result<Option<Snapshot>> {
        self.opened_for(machine)?;
        let statements = self.statements().await?;
        in_transaction!(self, read, |conn| snapshot(conn, machine, &statements, id).await)
    }

    /// The events of a row after this place, oldest first; none where the row doesn't exist. A state
    /// that was renamed since is called as the machine's rules call it, where they do.
    ///
    /// # Errors
    /// Where the database is away or does not fit.
    pub async fn events_since(
        &self,
        machine: &dyn Machine,
        id: &str,
        seq: i64,
    ) -> Result<Option<Vec<Event>>> {
        self.opened_for(machine)?;
        let sql = self.statements().await?;
        in_transaction!(self, read, |conn| match key_and_status(conn, &sql, id).await? {
            Some((key, _)) => Ok(Some(events(conn, machine, &sql, &key, seq).await?)),
            None => Ok(None),
        })
    }

    /// At most `limit` rows, newest first, those before the row of the key `before` where one is
    /// given; none where there is no such row.
    ///
    /// # Errors
    /// Where the database is away or does not fit.
    pub async fn list(
        &self,
        machine: &dyn Machine,
        limit: u32,
        before: Option<&str>,
    ) -> Result<Option<Page>> {
        self.find(machine, &Filter::default(), limit, before).await
    }

    /// The same of those rows that a filter lets through. It reads every row that is newer than those that
    /// it finds.
    ///
    /// # Errors
    /// Where the database is away or does not fit.
    pub async fn find(
        &self,
        machine: &dyn Machine,
        filter: &Filter,
        limit: u32,
        before: Option<&str>,
    ) -> Result<Option<Page>> {
        self.find_again(machine, filter, limit, before, &[]).await
    }

    /// The same where some of the rows were read before: of one that has not changed since, no history is
    /// read again.
    pub(crate) async fn find_again(
        &self,
        machine: &dyn Machine,
        filter: &Filter,
        limit: u32,
        before: Option<&str>,
        had: &[Item],
    ) -> Result<Option<Page>> {
        self.opened_for(machine)?;
        let sql = self.statements().await?;
        in_transaction!(self, read, |conn| {
            let page = list(conn, machine, &sql, filter, limit, before).await?;
            match page {
                Some(page) => Ok(Some(with_phases(conn, machine, &sql, page, had).await?)),
                None => Ok(None),
            }
        })
    }

    /// The keys of the rows that a run reported to.
    ///
    /// # Errors
    /// Where the database is away or does not fit.
    pub async fn rows_of_run(&self, run: &str) -> Result<Vec<String>> {
        let sql = self.statements().await?;
        if !sql.has_history() {
            return Ok(Vec::new());
        }
        in_transaction!(self, read, |conn| {
            let rows = conn.rows(&sql.of_run, &[run.into()]).await?;
            let key = |row: &Row| Ok(sql.shape.key.shown(&row.text(0)?.unwrap_or_default()));
            rows.iter().map(key).collect::<Result<Vec<_>>>()
        })
    }

    /// The values of the states that rows are in for longer than is usual, each with their number, where
    /// the database says so.
    ///
    /// # Errors
    /// Where the database is away or does not fit.
    pub async fn overdue(&self) -> Result<Vec<(String, i64)>> {
        let sql = self.statements().await?;
        in_transaction!(self, read, |conn| {
            if !has_overdue(conn, &sql).await? {
                return Ok(Vec::new());
            }
            let rows = conn.rows(&sql.overdue_count, &[]).await?;
            let count =
                |row: &Row| Ok((row.text(0)?.unwrap_or_default(), row.int(1)?.unwrap_or_default()));
            rows.iter().map(count).collect::<Result<Vec<_>>>()
        })
    }

    /// All that was reported of a row, in the order of arrival, refusals included; the first is
    /// the start. Empty where the row has none.
    ///
    /// # Errors
    /// Where the database is away or does not fit.
    pub async fn reports(&self, id: &str) -> Result<Vec<Recorded>> {
        let sql = self.statements().await?;
        let Some(key) = sql.shape.key.parse(id).filter(|_| sql.has_history()) else {
            return Ok(Vec::new());
        };
        in_transaction!(self, read, |conn| {
            let rows = conn.rows(&sql.reports, &[(&key).into()]).await?;
            rows.iter().map(recorded).collect::<Result<Vec<_>>>()
        })
    }
}

async fn snapshot(
    conn: &mut Conn<'_>,
    machine: &dyn Machine,
    sql: &Statements,
    id: &str,
) -> Result<Option<Snapshot>> {
    let Some((id, status)) = key_and_status(conn, sql, id).await? else {
        return Ok(None);
    };
    let events =
        if sql.has_history() { events(conn, machine, sql, &id, 0).await? } else { Vec::new() };
    let (mut last_report_at, mut run_url, mut log_tail) = (None, None, None);
    if sql.has_history()
        && let Some(row) = conn.row(&sql.last_report, &[(&id).into()]).await?
    {
        last_report_at = time::read_any(&row, 0)?;
        (run_url, log_tail) = (row.text(1)?, row.text(2)?);
    }
    let columns = columns(conn, sql, &id).await?;
    let overdue_since = match has_overdue(conn, sql).await? {
        true => conn.row(&sql.overdue, &[(&id).into()]).await?.map(|row| time::read_any(&row, 0)),
        false => None,
    };
    let overdue_since = overdue_since.transpose()?.flatten();
    let state = Described::of(machine, &status);
    Ok(Some(Snapshot {
        id: sql.shape.key.shown(&id),
        title: state.title,
        terminal: state.terminal,
        outcome: state.outcome,
        known: state.known,
        seq: events.last().map_or(0, |event| event.seq),
        table: machine.table().to_owned(),
        columns,
        phases: phases(machine, &status, &events.iter().map(Step::from).collect::<Vec<_>>()),
        events,
        last_report_at,
        overdue_since,
        run_url,
        log_tail,
        status,
    }))
}

/// What a row has in addition to key and status.
async fn columns(conn: &mut Conn<'_>, sql: &Statements, key: &str) -> Result<Columns> {
    let (named, shape) = (&sql.schema.columns, &sql.shape);
    if columns::shown(named, shape).next().is_none() {
        return Ok(Columns::default());
    }
    let row = conn.row(&sql.columns, &[key.into()]).await?;
    Ok(row.map(|row| columns::read(named, shape, &row, 1)).transpose()?.unwrap_or_default())
}

/// Whether the database says which rows are overdue. Another version's migration may have taken that
/// out since.
async fn has_overdue(conn: &mut Conn<'_>, sql: &Statements) -> Result<bool> {
    let name = &sql.schema.overdue;
    Ok(sql.shape.has_table(name) && shape::tables(conn, &sql.schema).await?.contains(name))
}

/// The key as the database has it, and the status.
pub(super) async fn key_and_status(
    conn: &mut Conn<'_>,
    sql: &Statements,
    id: &str,
) -> Result<Option<(String, String)>> {
    let Some(key) = sql.shape.key.parse(id) else {
        return Ok(None);
    };
    let Some(row) = conn.row(&sql.row, &[(&key).into()]).await? else {
        return Ok(None);
    };
    Ok(Some((row.text(0)?.unwrap_or_default(), row.text(1)?.unwrap_or_default())))
}

pub(super) async fn events(
    conn: &mut Conn<'_>,
    machine: &dyn Machine,
    sql: &Statements,
    key: &str,
    seq: i64,
) -> Result<Vec<Event>> {
    if !sql.has_history() {
        return Ok(Vec::new());
    }
    let rows = conn.rows(&sql.events, &[key.into(), seq.into(), machine.language().into()]).await?;
    let event = |row: &Row| {
        Ok(Event {
            seq: row.int(0)?.unwrap_or_default(),
            from: row.text(1)?,
            to: row.text(2)?.unwrap_or_default(),
            at: time::read(row, 3)?,
            job: row.text(4)?,
            run_id: row.text(5)?,
            run_attempt: row.int(6)?,
            actor: row.text(7)?,
            attempted: row.text(8)?,
            forced: row.text(9)?,
            observed: row.text(10)?,
            run_url: row.text(11)?,
            authenticated_by: row.text(12)?.unwrap_or_default(),
        })
    };
    rows.iter().map(event).collect()
}

async fn list(
    conn: &mut Conn<'_>,
    machine: &dyn Machine,
    sql: &Statements,
    filter: &Filter,
    limit: u32,
    before: Option<&str>,
) -> Result<Option<Page>> {
    // One more than asked for shows whether there is a next page.
    let most = i64::from(limit) + 1;
    let last = match before {
        Some(before) => match key_and_status(conn, sql, before).await? {
            Some((key, _)) => Some(key),
            None => return Ok(None),
        },
        None => None,
    };
    let states = filter.states_as_json();
    let asked = || [(&states).into(), filter.text_arg(), Arg::Int(Some(most))];
    let rows = match &last {
        None if filter.is_all() => conn.rows(&sql.newest, &[most.into()]).await?,
        None => conn.rows(&sql.found, &asked()).await?,
        Some(key) if filter.is_all() => conn.rows(&sql.before, &[key.into(), most.into()]).await?,
        Some(key) => {
            let [states, text, most] = asked();
            conn.rows(&sql.found_before, &[states, text, most, key.into()]).await?
        }
    };
    let page = usize::try_from(limit).unwrap_or(usize::MAX);
    let items =
        rows.iter().take(page).map(|row| item(machine, sql, row)).collect::<Result<Vec<_>>>()?;
    let more = rows.len() > page;
    let next = items.last().filter(|_| more).map(|item| item.id.clone());
    Ok(Some(Page { items, next }))
}

/// A page with what is known of each row's phases, by one statement for all that have changed.
async fn with_phases(
    conn: &mut Conn<'_>,
    machine: &dyn Machine,
    sql: &Statements,
    mut page: Page,
    had: &[Item],
) -> Result<Page> {
    if machine.phases() == 0 {
        return Ok(page);
    }
    let had: HashMap<&str, &Item> = had.iter().map(|item| (item.id.as_str(), item)).collect();
    let mut changed = Vec::new();
    for (at, item) in page.items.iter_mut().enumerate() {
        match had.get(item.id.as_str()) {
            Some(had) if had.seq == item.seq && had.status == item.status => {
                item.phases.clone_from(&had.phases);
            }
            Some(_) | None => changed.push(at),
        }
    }
    let mut steps: HashMap<String, Vec<Step>> = HashMap::new();
    if sql.has_history() && !changed.is_empty() {
        let keys: Vec<Option<String>> =
            changed.iter().map(|&at| sql.shape.key.parse(&page.items[at].id)).collect();
        let keys = serde_json::json!(keys).to_string();
        for row in conn.rows(&sql.histories, &[(&keys).into(), machine.language().into()]).await? {
            let key = row.text(0)?.unwrap_or_default();
            steps.entry(sql.shape.key.shown(&key)).or_default().push(Step {
                to: row.text(1)?.unwrap_or_default(),
                attempted: row.text(2)?,
                forced: row.int(3)? == Some(1),
                observed: row.int(4)? == Some(1),
            });
        }
    }
    for at in changed {
        let item = &mut page.items[at];
        let steps = steps.get(&item.id).map(Vec::as_slice).unwrap_or_default();
        item.phases = phases(machine, &item.status, steps);
    }
    Ok(page)
}

fn item(machine: &dyn Machine, sql: &Statements, row: &Row) -> Result<Item> {
    let status = row.text(1)?.unwrap_or_default();
    let state = Described::of(machine, &status);
    Ok(Item {
        id: sql.shape.key.shown(&row.text(0)?.unwrap_or_default()),
        status,
        title: state.title,
        terminal: state.terminal,
        outcome: state.outcome,
        known: state.known,
        seq: row.int(2)?.unwrap_or_default(),
        created_at: time::read_any(row, 3)?,
        forced_seq: row.int(4)?,
        forced: row.text(5)?,
        phases: Vec::new(),
        columns: columns::read(&sql.schema.columns, &sql.shape, row, 6)?,
    })
}

pub(super) fn recorded(row: &Row) -> Result<Recorded> {
    Ok(Recorded {
        at: time::read(row, 0)?,
        event_id: row.text(1)?,
        status: row.text(2)?.unwrap_or_default(),
        from: row.text(3)?,
        answer: row.text(4)?.unwrap_or_default(),
        seq: row.int(5)?,
        job: row.text(6)?,
        run_id: row.text(7)?,
        run_attempt: row.int(8)?,
        run_url: row.text(9)?,
        actor: row.text(10)?,
        attempted: row.text(11)?,
        table: row.text(12)?,
        log_tail: row.text(13)?,
        authenticated_by: row.text(14)?.unwrap_or_default(),
    })
}

/// What the machine says of a stored status, or what is said where it doesn't know it.
struct Described {
    title: String,
    terminal: bool,
    outcome: Option<&'static str>,
    known: bool,
}

impl Described {
    fn of(machine: &dyn Machine, status: &str) -> Self {
        match machine.find(status) {
            Some(state) => Self {
                title: machine.state_title(state).to_owned(),
                terminal: machine.is_terminal(state),
                outcome: machine.outcome(state).map(crate::Outcome::as_str),
                known: true,
            },
            None => Self { title: status.to_owned(), terminal: false, outcome: None, known: false },
        }
    }
}
