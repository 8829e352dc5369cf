//! The draft of a table for a status column that exists: its states from the labels, its transitions
//! from the history where there is one.

#[cfg(feature = "audit")]
pub(crate) mod history;
mod look;
mod names;
pub(crate) mod noise;
mod numbers;
mod text;

use std::collections::BTreeSet;

use crate::live::ahead::is_given_again;
use crate::live::connect::Conn;
use phasegate_codegen::emit::sql::{Dialect, KeyColumn, Storage};
use phasegate_codegen::suggest::{list, nearest, shown};

use numbers::Numbers;
pub use text::Draft;

/// The most values that a status column may be found to hold.
const MOST: usize = 200;

/// What is drafted from.
#[derive(Clone, Debug)]
pub struct Ask<'a> {
    /// The database's address.
    pub url: &'a str,
    /// `[SCHEMA.]TABLE.COLUMN`.
    pub column: &'a str,
    /// The columns of the key, where the primary key is not what names a row.
    pub key: &'a [String],
    /// `[SCHEMA.]TABLE.KEY,STATE,ORDER`: a log of the states that each row was in.
    pub history: Option<&'a str>,
    /// A condition in SQL on the rows of that log, where it holds those of other tables too.
    pub history_where: Option<&'a str>,
    /// Steps of it that are a smaller share of those out of their state are left out.
    pub noise: f64,
    /// What numbers stand for, each as `VALUE=NUMBER`.
    pub values: &'a [String],
    /// What the machine is called; by default one of the table's rows.
    pub machine: Option<&'a str>,
}

/// A status column as it was found.
#[derive(Clone, Debug)]
pub(crate) struct ExistingColumn {
    dialect: Dialect,
    schema: String,
    table: String,
    column: String,
    key: Vec<KeyColumn>,
    /// Whether SQLite gives the number of a deleted row again.
    given_again: bool,
    storage: Storage,
    /// The number of each value, where the column holds numbers.
    numbers: Vec<(String, i64)>,
    /// What the column is given by default, where that is a text or a number with a value.
    default: Option<String>,
    /// What the machine is to be called.
    machine: Option<String>,
    /// The names that the database has already.
    taken: BTreeSet<String>,
    /// What it can hold, or holds, in order; and how many rows do.
    values: Vec<(String, u64)>,
    /// How many rows hold nothing.
    nulls: u64,
    /// The steps of the history, by pair: a start has nothing before it.
    steps: Option<Vec<(Option<String>, String, u64)>>,
    /// The share below which a step is noise.
    noise: f64,
}

/// Drafts the table.
///
/// # Errors
/// For people: where the database is away, or has no such column, or the column is none of a status.
pub async fn draft(ask: &Ask<'_>) -> Result<Draft, String> {
    let mut conn = Conn::open(ask.url).await?;
    let found = found(&mut conn, ask).await;
    conn.close().await;
    text::write(&found?)
}

/// The parts of a name with dots, each plain or in double quotes.
fn parts(name: &str) -> Vec<String> {
    let (mut parts, mut quoted) = (vec![String::new()], false);
    for char in name.chars() {
        match char {
            '"' => quoted = !quoted,
            '.' if !quoted => parts.push(String::new()),
            char => parts.last_mut().expect("there is one from the start").push(char),
        }
    }
    parts
}

async fn found(conn: &mut Conn, ask: &Ask<'_>) -> Result<ExistingColumn, String> {
    let dialect = conn.dialect();
    let (schema, table, column) = match (&parts(ask.column)[..], dialect) {
        ([table, column], _) => ("public".to_owned(), table.clone(), column.clone()),
        ([schema, table, column], Dialect::Postgres) => {
            (schema.clone(), table.clone(), column.clone())
        }
        (_, Dialect::Postgres) => {
            return Err(format!(
                "`{}` is no column: say TABLE.COLUMN or SCHEMA.TABLE.COLUMN",
                shown(ask.column)
            ));
        }
        (_, Dialect::Sqlite) => {
            return Err(format!("`{}` is no column: say TABLE.COLUMN", shown(ask.column)));
        }
    };
    let place = look::Place { dialect, schema, table };
    let columns = look::columns(conn, &place, look::Kinds::Tables).await?;
    let status = named(&columns, &column, &place)?;
    let keys: Vec<&look::Column> = match ask.key {
        // A table that is partitioned by its status has that in its primary key: it does not stay.
        [] => columns.iter().filter(|c| c.is_key && c.name != status.name).collect(),
        named => {
            named.iter().map(|key| self::named(&columns, key, &place)).collect::<Result<_, _>>()?
        }
    };
    if keys.is_empty() {
        return Err(format!(
            "`{}` has no primary key: say `--key COLUMN`, one that is unique and stays",
            shown(&place.table)
        ));
    }
    let key = |key: &&look::Column| {
        let of = key.key_type.ok_or_else(|| {
            format!(
                "the key `{}` is of the type {}, where text, uuid or a whole number can be one: say `--key COLUMN`, \
                 or several, of such a type, by which a row is found",
                shown(&key.name),
                key.kind
            )
        })?;
        Ok(KeyColumn { name: key.name.clone(), of })
    };
    let key = keys.iter().map(key).collect::<Result<Vec<_>, String>>()?;
    let given_again = match &key[..] {
        [one] if dialect == Dialect::Sqlite => {
            is_given_again(conn, &place.table, &one.name).await?
        }
        _ => false,
    };
    let storage = status.storage.ok_or_else(|| {
        format!(
            "the column `{}` is of the type {}, where a text, an enum or a whole number can be guarded",
            shown(&status.name),
            status.kind
        )
    })?;
    let held = look::held(conn, &place, &status.name, MOST).await?;
    let numbers = Numbers::of(ask, storage, &held)?;
    let held: Vec<(Option<String>, u64)> =
        held.into_iter().map(|(held, rows)| (held.map(|held| numbers.value(held)), rows)).collect();
    let labels = match storage {
        Storage::Integer => numbers.values(),
        Storage::Enum | Storage::Text => look::labels(conn, &place, &status.name).await?,
    };
    if held.len().max(labels.len()) > MOST {
        return Err(format!(
            "`{}` holds more than {MOST} different values: that is no status column; name another with `--column`",
            shown(ask.column)
        ));
    }
    let steps = match ask.history {
        Some(history) => {
            let steps = look::steps(conn, dialect, history, ask.history_where).await?;
            let said = |(from, to, count): (Option<String>, String, u64)| {
                (from.map(|from| numbers.value(from)), numbers.value(to), count)
            };
            Some(steps.into_iter().map(said).collect::<Vec<_>>())
        }
        None => None,
    };
    let rows = |value: &str| {
        held.iter().find(|(held, _)| held.as_deref() == Some(value)).map_or(0, |(_, rows)| *rows)
    };
    let mut values: Vec<(String, u64)> = labels
        .into_iter()
        .map(|label| {
            let rows = rows(&label);
            (label, rows)
        })
        .collect();
    let beside = steps.iter().flatten().flat_map(|(from, to, _)| from.iter().chain([to]));
    let default = match storage {
        Storage::Integer => status.number.map(|number| numbers.value(number.to_string())),
        Storage::Enum | Storage::Text => status.default.clone(),
    };
    // Rows start in the default, though none may be in it now.
    let beside: Vec<String> = default
        .iter()
        .cloned()
        .chain(held.iter().filter_map(|(value, _)| value.clone()))
        .chain(beside.cloned())
        .collect();
    for value in beside {
        if !values.iter().any(|(known, _)| *known == value) {
            let rows = rows(&value);
            values.push((value, rows));
        }
    }
    if values.is_empty() {
        return Err(format!(
            "`{}` is a text without rows: there are no states to draft from; `phasegate init` writes a starter",
            shown(ask.column)
        ));
    }
    let nulls = held.iter().find(|(value, _)| value.is_none()).map_or(0, |(_, rows)| *rows);
    let taken = look::taken(conn, &place).await?;
    Ok(ExistingColumn {
        dialect,
        schema: place.schema,
        table: place.table,
        column: status.name.clone(),
        key,
        given_again,
        storage,
        default,
        numbers: numbers.of,
        machine: ask.machine.map(str::to_owned),
        taken,
        values,
        nulls,
        steps,
        noise: ask.noise,
    })
}

/// The column of a name.
fn named<'c>(
    columns: &'c [look::Column],
    name: &str,
    place: &look::Place,
) -> Result<&'c look::Column, String> {
    columns.iter().find(|column| column.name == name).ok_or_else(|| {
        let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
        let help = match nearest(name, names.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("it has {}", list(&names)),
        };
        format!("`{}` has no column `{}`: {help}", shown(&place.table), shown(name))
    })
}
