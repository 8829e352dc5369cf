//! Writers that go on while a migration runs on PostgreSQL.

use std::cell::Cell;

use phasegate_codegen::Machine;
use phasegate_codegen::emit::sql::Migration;
use phasegate_codegen::machine::StateId;
use sqlx::postgres::PgConnection;

use super::chain::Version;
use super::rows::Rows;
use crate::common::sql::{self, Db, Names, literal, ok};

/// Two connections that write, one a statement at a time, and one two in a transaction.
pub(crate) struct Hammer {
    writers: [PgConnection; 2],
}

/// A table, and the version that says which of its states is which.
pub(crate) type Table<'t> = (&'t Version, &'t Machine);

impl Hammer {
    pub(crate) async fn new(url: &str) -> Self {
        let mut writers = [sql::connect(url).await, sql::connect(url).await];
        for writer in &mut writers {
            // A writer that waits longer was blocked.
            ok(writer, "SET lock_timeout = '20s'").await;
        }
        Self { writers }
    }

    /// Writes while the files are run, and for a moment before and after. Gives how much was
    /// written, and how much refused.
    pub(crate) async fn during<D: Db>(
        &mut self,
        db: &mut D,
        old: Table<'_>,
        new: Table<'_>,
        files: &[Migration],
        rows: &mut Rows,
    ) -> (usize, usize) {
        let done = Cell::new(false);
        let [one, two] = &mut self.writers;
        let (mine, yours): (Vec<_>, Vec<_>) =
            rows.rows.iter().copied().partition(|(n, _)| n % 2 == 0);
        // Even and odd ones: enough for both.
        let first = rows.take(100_000);
        let writer = |names, rows, at| {
            let next = first + 2 - (first + at) % 2;
            Writer { old, new, names, rows, at, next, written: 0, refused: 0 }
        };
        let mut writers = [writer(&rows.names, mine, 0), writer(&rows.names, yours, 7)];
        let [first, second] = &mut writers;
        let migrate = async {
            pause().await;
            for file in files {
                ok(db, &format!("BEGIN; {}", file.text)).await;
                lets_writers_through(db).await;
                pause().await;
                ok(db, "COMMIT").await;
                pause().await;
            }
            done.set(true);
        };
        tokio::join!(migrate, first.write(one, &done, false), second.write(two, &done, true));
        let [first, second] = writers;
        rows.rows = first.rows.into_iter().chain(second.rows).collect();
        rows.rows.sort_unstable();
        (first.written + second.written, first.refused + second.refused)
    }
}

async fn pause() {
    tokio::time::sleep(std::time::Duration::from_millis(15)).await;
}

/// No lock of the transaction keeps a writer of any table waiting, but that under which the first
/// transition of a state to itself gets its trigger.
async fn lets_writers_through<D: Db>(db: &mut D) {
    let strong = "SELECT c.relname::text, l.mode::text FROM pg_locks l JOIN pg_class c ON c.oid = l.relation \
                  JOIN pg_namespace n ON n.oid = c.relnamespace \
                  WHERE l.pid = pg_backend_pid() AND c.relkind = 'r' AND n.nspname NOT LIKE 'pg\\_%' \
                  AND l.mode NOT IN ('AccessShareLock', 'RowShareLock', 'RowExclusiveLock') \
                  AND NOT EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = c.oid AND t.tgname LIKE '%guard\\_again' \
                  AND age(t.xmin) = 0)";
    assert_eq!(db.rows(strong).await, Vec::<sql::Row>::new());
}

struct Writer<'t> {
    old: Table<'t>,
    new: Table<'t>,
    names: &'t Names,
    rows: Vec<(usize, usize)>,
    /// A number that goes on, for choices.
    at: usize,
    /// The next number of a row.
    next: usize,
    written: usize,
    refused: usize,
}

impl Writer<'_> {
    async fn write(&mut self, db: &mut PgConnection, done: &Cell<bool>, together: bool) {
        while !done.get() && !self.rows.is_empty() {
            if together {
                ok(db, "BEGIN").await;
            }
            for _ in 0..if together { 2 } else { 1 } {
                self.once(db, together).await;
            }
            if together {
                ok(db, "COMMIT").await;
            }
            tokio::task::yield_now().await;
        }
    }

    /// One write: a row moves to a state of either table by a name of either, or a new one starts.
    async fn once(&mut self, db: &mut PgConnection, together: bool) {
        self.at += 1;
        let place = self.at * 7 % self.rows.len();
        let (n, from) = self.rows[place];
        let starts = self.at.is_multiple_of(3);
        let table = if (self.at / 3).is_multiple_of(2) { self.old } else { self.new };
        let (version, machine) = table;
        let ids = version.ids();
        let before = (!starts).then_some(from);
        // Mostly to where it may go, so that it goes on.
        let mut choices: Vec<usize> = (0..ids.len()).collect();
        if !self.at.is_multiple_of(4) && choices.iter().any(|at| is_legal(table, before, ids[*at]))
        {
            choices.retain(|at| is_legal(table, before, ids[*at]));
        }
        let choice = choices[self.at * 5 % choices.len()];
        let (to, value) = (ids[choice], machine.states[choice].value.as_str());
        let Names { table, key, column, .. } = self.names;
        let sql = if starts {
            let id = self.names.key(self.next);
            format!("INSERT INTO {table} ({key}, {column}) VALUES ({id}, {})", literal(value))
        } else {
            let id = self.names.key(n);
            format!("UPDATE {table} SET {column} = {} WHERE {key} = {id}", literal(value))
        };
        let sql = if together { format!("SAVEPOINT one; {sql}; RELEASE one") } else { sql };
        let legal = [self.old, self.new].map(|table| is_legal(table, before, to));
        match db.run(&sql).await {
            Ok(()) => {
                assert!(legal.contains(&true) || before == Some(to), "{sql}");
                if starts {
                    self.rows.push((self.next, to));
                    self.next += 2;
                } else {
                    self.rows[place].1 = to;
                }
                self.written += 1;
            }
            Err(said) => {
                if together {
                    ok(db, "ROLLBACK TO one").await;
                }
                self.refused += 1;
                let judged = said.starts_with("phasegate: illegal transition")
                    || said.starts_with("phasegate: illegal start");
                // Judged by the table before, and put into the history by the one after.
                let late = said.ends_with(&format!("did not become {value}"));
                // A name that one of the tables lacks is refused as such, before or after.
                let is_known =
                    [self.old, self.new].map(|(_, machine)| machine.find_value(value).is_some());
                if is_known != [true, true] {
                    let unknown = said.starts_with("invalid input value for enum")
                        || said.starts_with("phasegate: unknown state");
                    assert!(unknown || judged || late, "{sql}\n{said}");
                    return;
                }
                assert!(judged || late && legal == [true, false], "{sql}\n{said}");
                assert!(legal != [true, true], "by both tables it may: {sql}\n{said}");
            }
        }
    }
}

/// Whether a table lets a row go from one state to another, or start in it, by what stays of them.
fn is_legal((version, machine): Table<'_>, from: Option<usize>, to: usize) -> bool {
    let ids = version.ids();
    let find = |id: usize| ids.iter().position(|other| *other == id).map(StateId::new);
    match (from, from.and_then(find), find(to)) {
        (None, _, Some(to)) => machine.is_initial(to),
        (Some(_), Some(from), Some(to)) => machine.can_become(from, to),
        (Some(_), None, _) | (_, _, None) => false,
    }
}
