//! Why the store could not answer.

use std::fmt;

/// Why the store could not answer. A report that was judged, and refused, is no error: see
/// [`Answer`](crate::Answer).
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The database is away, too busy, or gave up on a conflict: nothing is half done, and the
    /// same call may succeed in a moment.
    Unavailable(sqlx::Error),
    /// The connection was lost while it was committed: whether it was done no one can say. The same call
    /// again is answered as a redelivery if it was, where it has an event id.
    Unknown(sqlx::Error),
    /// Others changed the row each time that it was read: nothing was done.
    Contended,
    /// The database is there, and its schema is not what the store needs; what is missing.
    Schema(String),
    /// The store was opened for another machine's table.
    OtherMachine {
        /// The name of the machine that was given.
        given: String,
        /// The name of the machine that the store was opened for.
        opened_for: String,
        /// The table that it was opened for.
        table: String,
    },
    /// A row of this key exists already.
    Exists(String),
    /// A start can't be one that is made once, and why.
    Once(String),
    /// The database refuses to start a row in this state; the states that it starts rows in.
    Start {
        /// The state asked for.
        requested: String,
        /// Whether the database knows the state at all.
        known: bool,
        /// The states that the database knows where it lacks the one asked for, else those that
        /// it starts rows in.
        allowed: Vec<String>,
    },
    /// A start gives a column what it could not hold.
    Column {
        /// The column.
        column: String,
        /// What it could hold.
        problem: String,
    },
    /// The migrations could not be run.
    Migrate(sqlx::migrate::MigrateError),
    /// Who issues the credential of reports can't be asked; nothing was done.
    Issuer,
    /// There is no randomness to make a token of.
    Random(getrandom::Error),
    /// Something else that the database said.
    Database(sqlx::Error),
}

impl Error {
    /// Whether what was asked for can't be, and nothing is wrong with the database.
    #[cfg(feature = "http")]
    pub(crate) fn is_callers(&self) -> bool {
        matches!(self, Self::Once(_) | Self::Exists(_) | Self::Start { .. } | Self::Column { .. })
    }

    /// The word for it, for counts.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Unavailable(_) => "unavailable",
            Self::Unknown(_) => "unknown",
            Self::Contended => "contended",
            Self::Schema(_) => "schema",
            Self::Once(_) => "once",
            Self::Exists(_) => "exists",
            Self::Start { .. } => "start",
            Self::Column { .. } => "column",
            Self::OtherMachine { .. } => "other-machine",
            Self::Migrate(_) => "migrate",
            Self::Issuer => "issuer",
            Self::Random(_) => "random",
            Self::Database(_) => "database",
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unavailable(error) if is_locked(error) => {
                write!(out, "another connection holds a lock: {error}")
            }
            Self::Unavailable(error) => write!(out, "the database is away: {error}"),
            Self::Unknown(error) => {
                write!(out, "the database went away at the commit, and may have done it: {error}")
            }
            Self::Contended => write!(out, "the row kept changing while it was judged"),
            Self::Schema(what) => write!(out, "the database's schema does not fit: {what}"),
            Self::OtherMachine { given, opened_for, table } => write!(
                out,
                "the store was opened for `{opened_for}`, whose rows are in `{table}`, and was given the machine `{given}`: open one with `Schema::of` that machine"
            ),
            Self::Once(why) => out.write_str(why),
            Self::Exists(id) => write!(out, "a row with the key `{id}` exists already"),
            Self::Start { requested, known: true, allowed } => write!(
                out,
                "no row starts in `{requested}`; it could start in: {}",
                allowed.join(", ")
            ),
            Self::Start { requested, known: false, allowed } => write!(
                out,
                "the database does not know the state `{requested}`; it knows: {}",
                allowed.join(", ")
            ),
            Self::Column { column, problem } => write!(out, "the column `{column}`: {problem}"),
            Self::Migrate(error) => write!(out, "the migrations could not be run: {error}"),
            Self::Issuer => write!(out, "the issuer of jobs' tokens does not answer"),
            Self::Random(error) => write!(out, "there is no randomness for a token: {error}"),
            Self::Database(sqlx::Error::Configuration(why)) => write!(out, "{why}"),
            Self::Database(error) => write!(out, "the database answered with an error: {error}"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Unavailable(error) | Self::Unknown(error) | Self::Database(error) => Some(error),
            Self::Migrate(error) => Some(error),
            Self::Random(error) => Some(error),
            Self::Contended
            | Self::Issuer
            | Self::Schema(_)
            | Self::OtherMachine { .. }
            | Self::Once(_)
            | Self::Exists(_)
            | Self::Start { .. }
            | Self::Column { .. } => None,
        }
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        if is_transient(&error) {
            Self::Unavailable(error)
        } else if lacks_a_relation(&error) {
            Self::Schema(error.to_string())
        } else {
            Self::Database(error)
        }
    }
}

impl Error {
    /// Why a commit, or a statement that commits by itself, failed.
    pub(crate) fn of_commit(error: sqlx::Error) -> Self {
        if is_decided(&error) { error.into() } else { Self::Unknown(error) }
    }
}

/// Whether the database said itself that nothing was committed. Where it is stopped, or its disk fails,
/// while it commits, it may have been.
pub(crate) fn is_decided(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(|database| match database.code() {
        _ if ends_the_session(database) => false,
        Some(code) if code.len() == 5 => {
            // Cancelled is no commit; the rest of 57 is a server that stops.
            code == "57014" || !matches!(&code[..2], "08" | "57" | "58" | "XX")
        }
        // IOERR, CORRUPT: what reached the file is not known.
        Some(code) => code.parse::<u32>().is_ok_and(|code| !matches!(code & 0xff, 10 | 11)),
        None => false,
    })
}

/// Whether the same call may succeed in a moment.
// sqlx's enum is not ours: new variants of it are faults until looked at.
#[allow(clippy::wildcard_enum_match_arm)]
fn is_transient(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed
        | sqlx::Error::BeginFailed
        | sqlx::Error::Protocol(_) => true,
        sqlx::Error::Database(database) if ends_the_session(&**database) => true,
        sqlx::Error::Database(database) => match database.code() {
            Some(code) if code.len() == 5 => {
                // Connection, no leave to enter, no such database, resources, operator, system;
                // serialization failure, deadlock, lock timeout, a standby that takes no writes.
                matches!(&code[..2], "08" | "28" | "3D" | "53" | "57" | "58")
                    || matches!(&*code, "40001" | "40P01" | "55P03" | "25006")
            }
            // SQLite's primary code is the low byte: PERM, BUSY, LOCKED, NOMEM, READONLY, IOERR,
            // CORRUPT, FULL, CANTOPEN, PROTOCOL, NOTADB.
            Some(code) => code.parse::<u32>().is_ok_and(|code| {
                matches!(code & 0xff, 3 | 5 | 6 | 7 | 8 | 10 | 11 | 13 | 14 | 15 | 26)
            }),
            None => false,
        },
        _ => false,
    }
}

/// Whether the database is there, and another transaction kept this one waiting for too long.
pub(crate) fn is_locked(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|database| database.code());
    code.is_some_and(|code| match code.len() {
        5 => code == "55P03",
        // SQLite's BUSY and LOCKED.
        _ => code.parse::<u32>().is_ok_and(|code| matches!(code & 0xff, 5 | 6)),
    })
}

/// Whether PostgreSQL ended the session with it, or did not begin one: it stops, it starts, it takes no
/// connections.
fn ends_the_session(error: &dyn sqlx::error::DatabaseError) -> bool {
    #[cfg(feature = "postgres")]
    if let Some(error) = error.try_downcast_ref::<sqlx::postgres::PgDatabaseError>() {
        use sqlx::postgres::PgSeverity::{Fatal, Panic};
        return matches!(error.severity(), Fatal | Panic);
    }
    let _ = error;
    false
}

/// Whether the error says that a table, a column or a function is not there.
fn lacks_a_relation(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(|database| match database.code() {
        Some(code) if code.len() == 5 => {
            matches!(&*code, "42P01" | "42703" | "42883" | "42704" | "3F000" | "42501")
        }
        Some(_) => {
            database.message().starts_with("no such")
                || database.message().contains("has no column")
        }
        None => false,
    })
}

/// Whether the database's guard or history refused, by the words that every message of theirs
/// starts with.
pub(crate) fn is_guard(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(|database| database.message().starts_with("phasegate: "))
}

/// Whether the error may come of a state that the database lacks: the guard's word, a label that
/// the enum lacks (22P02), a foreign key to the states.
pub(crate) fn may_lack_state(error: &sqlx::Error) -> bool {
    is_guard(error)
        || error.as_database_error().is_some_and(|database| {
            database.is_foreign_key_violation()
                || database.is_check_violation()
                || database.code().is_some_and(|code| code == "22P02")
        })
}

/// Whether the database took the transaction back in favour of another one.
pub(crate) fn is_conflict(error: &sqlx::Error) -> bool {
    error
        .as_database_error()
        .and_then(|database| database.code())
        .is_some_and(|code| code == "40001" || code == "40P01")
}

/// Whether the error is a key or an index that holds the same already.
pub(crate) fn is_unique(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(|database| database.is_unique_violation())
}
