//! A table of PostgreSQL's, MySQL's or SQLite's, streamed: the history that phasegate keeps, or any other.

use phasegate_codegen::emit::sql::{Dialect, SqlNames, literal, quoted};
use phasegate_codegen::machine::Machine;
use tokio::runtime::Runtime;

use super::connect::{Conn, Texts};
use super::feed::{Feed, Gone, Written};
use super::{Opening, Source, key};
use crate::Error;
use crate::batch::{Event, Id, NO_TIME};
use crate::columns::Columns;
use crate::vocabulary::{self, NOWHERE, SILENT};

/// What numbers the reports of a row in a history.
const SEQ: &str = "seq";
/// What a history says that the state was before.
const FROM: &str = "from_state";

/// The history that a table makes, as each database writes its name.
#[derive(Clone, Debug)]
pub(crate) struct History {
    postgres: String,
    sqlite: String,
    /// Whether a first report may be of a row that was there before the history.
    may_be_older: bool,
    initial: Vec<u16>,
}

impl History {
    /// The one of a machine, where it makes one.
    pub(crate) fn of(machine: &Machine) -> Option<Self> {
        let sql = machine.targets.sql()?;
        let events = sql.events.as_deref()?;
        let name = |dialect| SqlNames::new(machine, sql, dialect).of(events);
        Some(Self {
            postgres: name(Dialect::Postgres),
            sqlite: name(Dialect::Sqlite),
            may_be_older: !sql.owns,
            initial: machine.initial.iter().map(|&id| vocabulary::code(id)).collect(),
        })
    }
}

struct Table {
    runtime: Runtime,
    conn: Conn,
    shown: String,
    select: String,
    /// How many columns the key takes; the others follow it.
    keys: usize,
    /// Whether there is what orders the reports, after the status.
    has_order: bool,
    has_at: bool,
    has_fingerprint: bool,
    /// Where the reports are numbered, and the rows in their order.
    history: Option<History>,
}

pub(super) fn open(url: &str, opening: &Opening) -> Result<Box<dyn Source>, Error> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Error::new(error.to_string()))?;
    let (mut conn, shown) = runtime.block_on(Conn::open(url))?;
    let (table, history) = relation(opening, &conn, &shown)?;
    let probe = format!("SELECT * FROM {table}");
    let has = runtime.block_on(conn.columns(probe));
    let has = has.map_err(|error| Error::new(format!("{shown}: {error}")))?;
    let found = opening.wanted.find(&opening.names, &shown, &has)?;
    let of = conn.text_type();
    let text = |name: &str| format!("CAST({} AS {of})", quoted(name));
    let mut list: Vec<String> = found.id.iter().map(|&at| text(&has[at])).collect();
    list.push(text(&has[found.status]));
    list.extend(found.order.map(|at| text(&has[at])));
    list.extend(found.at.map(|at| text(&has[at])));
    list.extend(found.fingerprint.map(|at| text(&has[at])));
    let has_column = |name: &str| has.iter().any(|column| column == name);
    let mut order = String::new();
    let mut numbered = None;
    if found.order.is_none() {
        if !has_column(SEQ) {
            return Err(Error::new(format!(
                "{shown}: a table has no order of its own; name the column that orders the reports \
                 of a row by --order"
            )));
        }
        let rows: Vec<String> = found.id.iter().map(|&at| quoted(&has[at])).collect();
        order = format!(" ORDER BY {}, {}", rows.join(", "), quoted(SEQ));
        if let Some(history) = history.filter(|_| has_column(FROM)) {
            list.extend([text(SEQ), text(FROM)]);
            numbered = Some(history);
        }
    }
    let only = only(&conn, &has, &found);
    let select = format!("SELECT {} FROM {table}{only}{order}", list.join(", "));
    let (keys, has_order, has_at) = (found.id.len(), found.order.is_some(), found.at.is_some());
    let has_fingerprint = found.fingerprint.is_some();
    Ok(Box::new(Table {
        runtime,
        conn,
        shown,
        select,
        keys,
        has_order,
        has_at,
        has_fingerprint,
        history: numbered,
    }))
}

/// The condition on the reports that are read, byte by byte, whatever collations take for equal.
fn only(conn: &Conn, has: &[String], found: &Columns) -> String {
    let mut text = String::new();
    for (nth, (at, value)) in found.only.iter().enumerate() {
        let word = if nth == 0 { "WHERE" } else { "AND" };
        let (column, value) = (quoted(&has[*at]), literal(value));
        text += &match conn {
            Conn::Postgres(_) => format!(" {word} CAST({column} AS text) COLLATE \"C\" = {value}"),
            Conn::Sqlite(_) => format!(" {word} CAST({column} AS text) = {value} COLLATE binary"),
            Conn::Mysql(_) => {
                format!(" {word} CAST(CAST({column} AS char) AS binary) = CAST({value} AS binary)")
            }
        };
    }
    text
}

/// The table to read, as it is written, and the history that it is.
fn relation(
    opening: &Opening,
    conn: &Conn,
    shown: &str,
) -> Result<(String, Option<History>), Error> {
    if let Some(table) = &opening.table {
        let parts: Vec<String> = table.split('.').map(quoted).collect();
        return Ok((parts.join("."), None));
    }
    let name = match (&opening.history, conn) {
        (_, Conn::Mysql(_)) => {
            return Err(Error::new(format!(
                "{shown}: a table makes no history in MySQL; name a table of the database by --table"
            )));
        }
        (Some(history), Conn::Postgres(_)) => history.postgres.clone(),
        (Some(history), Conn::Sqlite(_)) => history.sqlite.clone(),
        (None, Conn::Postgres(_) | Conn::Sqlite(_)) => {
            return Err(Error::new(format!(
                "{shown}: the table makes no history there ([target.sql] with `events`); name a \
                 table of the database by --table"
            )));
        }
    };
    Ok((name, opening.history.clone()))
}

impl Source for Table {
    fn bytes(&self) -> Option<u64> {
        None
    }

    fn has_lines(&self) -> bool {
        false
    }

    fn shown(&self) -> Option<&str> {
        Some(&self.shown)
    }

    fn read(self: Box<Self>, feed: &mut Feed) -> Result<(), Gone> {
        let Self {
            runtime, conn, select, keys, has_order, has_at, has_fingerprint, history, ..
        } = *self;
        let mut reader =
            Reader { keys, has_order, has_at, has_fingerprint, history, line: 0, last: None, feed };
        let done = runtime.block_on(conn.each_row(select, |row| reader.row(row)));
        match done? {
            None => Ok(()),
            Some(error) => {
                let line = reader.line;
                reader.feed.cut_off(Some(line), format!("it can't be read on: {error}"))
            }
        }
    }
}

/// What reads the rows that a query gives.
struct Reader<'r> {
    keys: usize,
    has_order: bool,
    has_at: bool,
    has_fingerprint: bool,
    history: Option<History>,
    line: u64,
    /// The row of the last report.
    last: Option<String>,
    feed: &'r mut Feed,
}

impl Reader<'_> {
    fn row(&mut self, row: Texts<'_>) -> Result<(), Gone> {
        self.line += 1;
        let row = match row {
            Ok(row) => row,
            Err(error) => return self.feed.bad_row(self.line, format!("it is no text: {error}")),
        };
        let mut joined = Vec::new();
        let text = |at: usize| row[at];
        let bytes = |at: usize| text(at).map(str::as_bytes);
        let id = key::join((0..self.keys).map(bytes), &mut joined);
        let (status, mut next) = (self.keys, self.keys + 1);
        let mut place = |has: bool| {
            next += usize::from(has);
            has.then_some(next - 1)
        };
        let (order, at) = (place(self.has_order), place(self.has_at));
        let fingerprint = place(self.has_fingerprint);
        let seq = place(self.history.is_some());
        if let (Some(seq), Some(id)) = (seq, id) {
            let table = fingerprint.and_then(bytes);
            let table = table.and_then(|table| self.feed.coder.table(table)).unwrap_or(0);
            self.before(id, table, [text(seq), text(seq + 1), text(status)])?;
        }
        let written = Written {
            id,
            status: bytes(status),
            order: order.map(bytes),
            at: at.and_then(bytes),
            fingerprint: fingerprint.and_then(bytes),
        };
        self.feed.written(self.line, written)
    }

    /// Where a row was before the first report that the history has of it: its steps were pruned, or
    /// it is older than the history.
    fn before(
        &mut self,
        id: Id<'_>,
        table: u16,
        [seq, from, to]: [Option<&str>; 3],
    ) -> Result<(), Gone> {
        let Some(history) = &self.history else { return Ok(()) };
        let shown = id.to_string();
        if self.last.as_ref() == Some(&shown) {
            return Ok(());
        }
        let code = |feed: &mut Feed, text: &str| feed.coder.code_in(table, text.as_bytes());
        let starts =
            |feed: &mut Feed| to.is_some_and(|to| history.initial.contains(&code(feed, to)));
        let state = match from {
            Some(from) => Some(code(self.feed, from)),
            None if seq != Some("1") => Some(NOWHERE),
            None if history.may_be_older && !starts(self.feed) => Some(NOWHERE),
            None => None,
        };
        self.last = Some(shown);
        let Some(state) = state else { return Ok(()) };
        let (line, state) = (self.line, state | SILENT);
        self.feed.event(&Event { id, state, line, at: NO_TIME, key: None, table })
    }
}
