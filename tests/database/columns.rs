//! What a status column may hold next to a text or a label: numbers, and NULL as a state. The column alone
//! holds them; the history, the views and every function speak values.

mod around;
mod integers;
mod keys;
mod lost;
mod nulls;

use crate::common::backend::world::{Database, World};
use crate::common::sql::{Db, connect};
use sqlx::{Connection, SqliteConnection};

/// The rows of a query of texts, each with its columns apart by `|`.
pub(crate) fn rows(world: &World, sql: &str) -> Vec<String> {
    let rows = world.run(async {
        if world.database_url.starts_with("sqlite:") {
            SqliteConnection::connect(&world.database_url).await.unwrap().rows(sql).await
        } else {
            connect(&world.database_url).await.rows(sql).await
        }
    });
    let text = |cell: Option<String>| cell.unwrap_or_else(|| "NULL".to_owned());
    rows.into_iter().map(|row| row.into_iter().map(text).collect::<Vec<_>>().join("|")).collect()
}

/// What a statement is refused with.
#[track_caller]
pub(crate) fn refused(world: &World, sql: &str) -> String {
    let error = world.try_sql(sql).expect_err(sql);
    let message =
        error.as_database_error().unwrap_or_else(|| panic!("{error}")).message().to_owned();
    let said = message.strip_prefix("phasegate: ");
    said.unwrap_or_else(|| panic!("{message}\nin: {sql}")).to_owned()
}

/// The steps of a row, each as `from>to`, with its mark where it has one.
pub(crate) fn history(world: &World, machine: &str, key: &str) -> Vec<String> {
    rows(
        world,
        &format!(
            "SELECT coalesce(from_state, '') || '>' || coalesce(to_state, 'NULL') \
             || coalesce(' ' || observed, '') || CASE WHEN forced IS NULL THEN '' ELSE ' forced' END \
             FROM {machine}_events WHERE CAST({machine}_id AS text) = '{key}' ORDER BY seq"
        ),
    )
}

/// The files that lead from tables that were migrated to to the next, in their order.
pub(crate) fn migrations(database: Database, tables: &[&str]) -> Result<Vec<String>, Vec<String>> {
    use phasegate_codegen::emit::sql::{Dialect, migrations};
    let dialect = match database {
        Database::Postgres => Dialect::Postgres,
        Database::Sqlite => Dialect::Sqlite,
    };
    let machines: Vec<_> = tables.iter().map(|table| crate::common::sql::machine(table)).collect();
    let (new, before) = machines.split_last().unwrap();
    let before: Vec<_> = before.iter().collect();
    match migrations(&before, new, dialect) {
        Ok(files) => Ok(files.into_iter().map(|file| file.text).collect()),
        Err(why) => Err(why.iter().map(ToString::to_string).collect()),
    }
}

/// Runs each file in a transaction of its own.
#[track_caller]
pub(crate) fn migrate(world: &World, database: Database, tables: &[&str]) {
    for file in migrations(database, tables).unwrap() {
        world.sql(&format!("BEGIN; {file}; COMMIT"));
    }
}
