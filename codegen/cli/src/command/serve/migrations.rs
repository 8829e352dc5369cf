//! Migrations that lie in folders, run by the command.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use phasegate::Store;
use phasegate::http::Backend;
use phasegate::store::Error;
use phasegate_codegen::Loaded;
use phasegate_codegen::emit::sql::Dialect;
use phasegate_codegen::migrate::Runner;
use sqlx::SqlSafeStr as _;
use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};

use super::already;
use super::table::{Folder, Migrations, Served};
use crate::command::{Failure, shown};
use crate::live::connect;
use crate::live::ran::ran;

/// So long is waited between two looks at a database that is away.
const PAUSE: Duration = Duration::from_secs(2);

/// A folder of which a database has all migrations now.
pub(crate) struct Applied {
    pub(crate) folder: PathBuf,
    /// The files that were run for that.
    pub(crate) ran: Vec<PathBuf>,
}

/// Runs what the tables' database lacks; where it is away, as soon as it is back.
pub(super) async fn run(served: &[Served], backends: &[Backend]) -> Result<(), Failure> {
    let stores: Vec<Store> = backends.iter().map(|backend| backend.store().clone()).collect();
    if let ([Served { migrations: Migrations::BuiltIn, .. }], [store]) = (served, &stores[..]) {
        return Ok(phasegate::console::migrate(store, None).await?);
    }
    if let ([Served { migrations: Migrations::Schema(schema), .. }], [store]) =
        (served, &stores[..])
    {
        let sql = sqlx::AssertSqlSafe(schema.clone()).into_sql_str();
        let whole = Migration::new(1, "schema".into(), MigrationType::Simple, sql, false);
        return Ok(store.migrate(Migrator::with_migrations(vec![whole])).await?);
    }
    for (folder, store) in folders(served, &stores)? {
        match apply(&store, &folder).await {
            Err(Error::Unavailable(error)) if !store.is_sqlite() => {
                tracing::warn!(%error, "the database is away: its migrations run once it is back");
                tokio::spawn(async move { later(&store, &folder).await });
            }
            done => done?,
        }
    }
    Ok(())
}

/// Runs what the database at an address lacks.
pub(crate) async fn apply_all(
    tables: &[(PathBuf, Loaded)],
    url: &str,
) -> Result<Vec<Applied>, Failure> {
    let served = tables.iter().map(|(path, _)| Served::load(path));
    let served = &served.collect::<Result<Vec<_>, _>>()?[..];
    // What can't be looked at is said by what opens it next.
    let before = ran(url).await.unwrap_or_default();
    let mut stores = Vec::new();
    let is_sqlite = url.starts_with("sqlite:");
    for table in served {
        // Before anything of the database is touched.
        if let Migrations::Folders(each) = &table.migrations {
            folder(table, each, is_sqlite)?;
        }
        let opened = Store::open(url, table.schema.clone()).await;
        let away = |error| Failure::Message(format!("{}: {error}", connect::shown(url)));
        stores.push(opened.map_err(away)?);
    }
    let mut applied = Vec::new();
    for (folder, store) in folders(served, &stores)? {
        if let Err(error) = apply(&store, &folder).await {
            return Err(Failure::Message(in_words(&error, &folder, tables, url).await));
        }
        let ran = files(&folder).into_iter().filter(|(number, _)| !before.contains(number));
        applied.push(Applied { ran: ran.map(|(_, file)| file).collect(), folder });
    }
    for store in stores {
        store.close().await;
    }
    Ok(applied)
}

/// The migrations of a folder, by their numbers: as sqlx takes them.
fn files(folder: &Path) -> BTreeMap<i64, PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let numbered = entries.filter_map(|entry| {
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_up = name.ends_with(".sql") && !name.ends_with(".down.sql");
        let number = name.split_once('_')?.0.parse().ok().filter(|_| is_up)?;
        Some((number, entry.path()))
    });
    numbered.collect()
}

/// Why a migration could not be run; where its objects are there already, what leads out of that.
async fn in_words(error: &Error, folder: &Path, tables: &[(PathBuf, Loaded)], url: &str) -> String {
    let message = format!("{}: {error}", connect::shown(url));
    let Error::Migrate(MigrateError::ExecuteMigration(_, number)) = error else { return message };
    let Some(file) = files(folder).remove(number) else { return message };
    if message.contains(" cannot be guarded: ") {
        return format!(
            "{message}\nMend that, and run this command again. Where another [target.sql] mends it, and no database \
             has run {}: remove the files of that number in each folder, the one of the tables too, and run \
             `phasegate migrate`",
            shown(&file)
        );
    }
    if !message.contains("already exists") {
        return message;
    }
    let Ok(migrator) = Migrator::new(folder.to_owned()).await else { return message };
    let Some(migration) = migrator.iter().find(|one| one.version == *number) else {
        return message;
    };
    format!("{message}\n{}", already::in_words((&file, migration), url, tables).await)
}

/// The folder of the tables' migrations, with a store of the database: there is one for all.
fn folders(served: &[Served], stores: &[Store]) -> Result<BTreeMap<PathBuf, Store>, Failure> {
    let mut folders: BTreeMap<PathBuf, (&Served, Store)> = BTreeMap::new();
    for (table, store) in served.iter().zip(stores) {
        if let Migrations::Folders(each) = &table.migrations {
            let folder = folder(table, each, store.is_sqlite())?;
            folders.entry(folder).or_insert((table, store.clone()));
        }
    }
    if folders.len() > 1 {
        let names: Vec<&str> = folders.values().map(|(table, _)| table.shown.as_str()).collect();
        return Err(Failure::Message(format!(
            "{}: each has a folder of migrations of its own, and a database counts migrations once; let \
             `[target.sql] migrations` name one folder, or run them yourself and start with --no-migrate",
            names.join(", ")
        )));
    }
    Ok(folders.into_iter().map(|(folder, (_, store))| (folder, store)).collect())
}

async fn later(store: &Store, folder: &Path) {
    loop {
        tokio::time::sleep(PAUSE).await;
        match apply(store, folder).await {
            Ok(()) => return tracing::info!("the migrations have run"),
            Err(Error::Unavailable(error)) => tracing::warn!(%error, "the database is still away"),
            // What is missing is what `/readyz` says, too.
            Err(error) => return tracing::error!(%error, "the migrations could not be run"),
        }
    }
}

/// The folder of a table's migrations for a database of this kind, where phasegate can run them.
fn folder(table: &Served, folders: &[Folder], is_sqlite: bool) -> Result<PathBuf, Failure> {
    let dialect = if is_sqlite { Dialect::Sqlite } else { Dialect::Postgres };
    let folder = folders.iter().find(|folder| folder.dialect == dialect);
    let none = |what: String| {
        Failure::Message(format!(
            "{}: {what}; write them by `phasegate migrate`, or run them yourself and start with --no-migrate",
            table.shown
        ))
    };
    let folder = folder.ok_or_else(|| none(format!("no migrations for {dialect:?}")))?;
    let at = shown(&folder.path);
    if let Some(Runner { tool, command }) = folder.runner {
        return Err(Failure::Message(format!(
            "{}: the migrations in {at} are {tool}'s, and phasegate runs only those that sqlx runs: run \
             `{command}`, and start a backend with --no-migrate",
            table.shown
        )));
    }
    if !folder.path.is_dir() {
        return Err(none(format!("there are no migrations in {at}")));
    }
    Ok(folder.path.clone())
}

/// Runs the migrations of a folder that the database lacks.
async fn apply(store: &Store, folder: &Path) -> Result<(), Error> {
    let migrator = Migrator::new(folder.to_owned()).await.map_err(Error::Migrate)?;
    store.migrate(migrator).await
}
