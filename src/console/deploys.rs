//! The deploy console's own machine, as its table gives it, and the migrations of its database.

use crate::Store;
use crate::store::Result;
use sqlx::migrate::Migrator;

// Formatted by what generates it.
#[path = "../../generated/deploy.rs"]
pub mod deploy;

crate::machine!(pub Deploy = deploy::{DeployStatus, DeployPhase});

/// Brings a database to the console's schema, or only as far as a migration of this number.
///
/// # Errors
/// As [`Store::migrate`].
pub async fn migrate(store: &Store, last: Option<i64>) -> Result<()> {
    let all = migrations(store.is_sqlite());
    let wanted = all.iter().filter(|one| last.is_none_or(|last| one.version <= last)).cloned();
    store.migrate(Migrator::with_migrations(wanted.collect())).await
}

fn migrations(sqlite: bool) -> Migrator {
    if sqlite { sqlx::migrate!("migrations/sqlite") } else { sqlx::migrate!("migrations/postgres") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_migration_is_built_in() {
        for (sqlite, folder) in [(true, "migrations/sqlite"), (false, "migrations/postgres")] {
            let built = migrations(sqlite);
            let mut files: Vec<_> = std::fs::read_dir(folder)
                .unwrap()
                .map(|entry| std::fs::read_to_string(entry.unwrap().path()).unwrap())
                .collect();
            let mut built: Vec<_> =
                built.iter().map(|migration| migration.sql.as_str().to_owned()).collect();
            files.sort();
            built.sort();
            assert_eq!(built, files, "{folder}");
        }
    }
}
