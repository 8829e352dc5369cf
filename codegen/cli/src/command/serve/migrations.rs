//! Migrations that lie in folders, run by the command.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use phasegate::Store;
use phasegate::http::Backend;
use phasegate::store::Error;
use phasegate_codegen::emit::sql::Dialect;
use phasegate_codegen::migrate::Runner;
use sqlx::SqlSafeStr as _;
use sqlx::migrate::{Migration, MigrationType, Migrator};

use super::table::{Folder, Migrations, Served};
use crate::command::{Failure, shown};

/// So long is waited between two looks at a database that is away.
const PAUSE: Duration = Duration::from_secs(2);

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

/// Runs what the database at an address lacks; the folders whose migrations it has then.
pub(crate) async fn apply_all(served: &[Served], url: &str) -> Result<Vec<PathBuf>, Failure> {
    let mut stores = Vec::new();
    let is_sqlite = url.starts_with("sqlite:");
    for table in served {
        // Before anything of the database is touched.
        if let Migrations::Folders(each) = &table.migrations {
            folder(table, each, is_sqlite)?;
        }
        stores.push(Store::open(url, table.schema.clone()).await?);
    }
    let mut applied = Vec::new();
    for (folder, store) in folders(served, &stores)? {
        apply(&store, &folder).await?;
        applied.push(folder);
    }
    for store in stores {
        store.close().await;
    }
    Ok(applied)
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
