//! The tools that run files of SQL: sqlx and golang-migrate, Flyway, Diesel, Prisma.

use std::path::Path;

use super::tool::{Layout, Step};
use crate::emit::sql::Dialect;
use crate::migrate::Runner;
use crate::migrate::folder::{self, Folder};
use crate::migrate::version::Version;

/// `0001_words.sql`, or `.up.sql` and `.down.sql`. golang-migrate takes only the pairs, and runs them where the
/// folder is not in a package of Rust's.
pub(super) struct Sqlx;

impl Layout for Sqlx {
    fn tool(&self) -> &'static str {
        "sqlx"
    }

    fn runner(&self, folder: &Path) -> Option<Runner> {
        let names = folder::names(folder).ok()?;
        let is_pair = |name: &String| self.version(name).is_some() && name.ends_with(".up.sql");
        let is_another_s = names.iter().any(is_pair) && !is_of_rust(folder);
        is_another_s.then_some(Runner {
            tool: "golang-migrate",
            command: "migrate -path FOLDER -database URL up",
        })
    }

    fn zero(&self) -> &'static str {
        "0000"
    }

    fn version(&self, name: &str) -> Option<Version> {
        let digits = name.bytes().take_while(u8::is_ascii_digit).count();
        self.parse(&name[..digits]).filter(|_| name[digits..].starts_with(['_', '.']))
    }

    fn shows(&self, folder: &Path, name: &str) -> bool {
        self.version(name).is_some() && name.ends_with(".sql") && folder.join(name).is_file()
    }

    fn leads_on(&self, path: &str) -> bool {
        !path.ends_with(".down.sql")
    }

    fn write(&self, folder: &Folder, steps: &[Step<'_>]) -> Vec<(String, String)> {
        let last = folder.entries.iter().rev().find(|entry| entry.name.ends_with(".sql"));
        let has_pairs = last
            .is_some_and(|last| last.name.ends_with(".up.sql") || last.name.ends_with(".down.sql"));
        let files = steps.iter().flat_map(|step| {
            let stem = format!("{}_{}", step.version.text, step.name);
            if has_pairs {
                vec![
                    (format!("{stem}.up.sql"), step.text.to_owned()),
                    (format!("{stem}.down.sql"), step.no_way_back()),
                ]
            } else {
                vec![(format!("{stem}.sql"), step.text.to_owned())]
            }
        });
        files.collect()
    }
}

/// `V1.2__words.sql`; next to it `U1.2__words.sql` where others are taken back, too.
pub(super) struct Flyway;

impl Layout for Flyway {
    fn tool(&self) -> &'static str {
        "Flyway"
    }

    fn runner(&self, _: &Path) -> Option<Runner> {
        Some(Runner { tool: self.tool(), command: "flyway migrate" })
    }

    fn homes(&self) -> &'static [&'static str] {
        &["db/migration"]
    }

    fn zero(&self) -> &'static str {
        "0"
    }

    fn parse(&self, text: &str) -> Option<Version> {
        let places: Option<Vec<u64>> =
            text.split(['.', '_']).map(|part| part.parse().ok()).collect();
        let mut places = places.filter(|_| !text.contains('+'))?;
        while places.len() > 1 && places.last() == Some(&0) {
            places.pop();
        }
        Some(Version { places, text: text.to_owned() })
    }

    fn version(&self, name: &str) -> Option<Version> {
        let (version, _) = name.strip_prefix('V')?.split_once("__")?;
        self.parse(version)
    }

    fn shows(&self, folder: &Path, name: &str) -> bool {
        let is_known = self.version(name).is_some() || name.starts_with("R__");
        is_known && name.ends_with(".sql") && folder.join(name).is_file()
    }

    fn leads_on(&self, path: &str) -> bool {
        path.rsplit('/').next().is_some_and(|name| name.starts_with('V')) && path.ends_with(".sql")
    }

    fn write(&self, folder: &Folder, steps: &[Step<'_>]) -> Vec<(String, String)> {
        let goes_back = |name: &String| name.strip_prefix('U').is_some_and(|n| n.contains("__"));
        let has_undo = folder.names.iter().any(goes_back);
        let mut files = Vec::new();
        for step in steps {
            let stem = format!("{}__{}", step.version.text, step.name);
            files.push((format!("V{stem}.sql"), step.text.to_owned()));
            if has_undo {
                files.push((format!("U{stem}.sql"), step.no_way_back()));
            }
            // A state may be called so, and Flyway would put something in its place.
            if step.text.contains("${") {
                let off = "placeholderReplacement=false\n".to_owned();
                files.push((format!("V{stem}.sql.conf"), off));
            }
        }
        files
    }
}

/// `2024-01-01-000000_words/up.sql` and `down.sql`.
pub(super) struct Diesel;

impl Layout for Diesel {
    fn tool(&self) -> &'static str {
        "Diesel"
    }

    fn runner(&self, _: &Path) -> Option<Runner> {
        Some(Runner { tool: self.tool(), command: "diesel migration run" })
    }

    fn parse(&self, text: &str) -> Option<Version> {
        by_digits(text, &['-'])
    }

    fn version(&self, name: &str) -> Option<Version> {
        self.parse(name.split_once('_')?.0)
    }

    fn shows(&self, folder: &Path, name: &str) -> bool {
        self.version(name).is_some() && folder.join(name).join("up.sql").is_file()
    }

    fn inner(&self) -> Option<&'static str> {
        Some("up.sql")
    }

    fn write(&self, _: &Folder, steps: &[Step<'_>]) -> Vec<(String, String)> {
        let files = steps.iter().flat_map(|step| {
            let folder = format!("{}_{}", step.version.text, step.name);
            [
                (format!("{folder}/up.sql"), step.text.to_owned()),
                (format!("{folder}/down.sql"), step.no_way_back()),
            ]
        });
        files.collect()
    }
}

/// `20240101000000_words/migration.sql`, next to `migration_lock.toml`.
pub(super) struct Prisma;

impl Layout for Prisma {
    fn tool(&self) -> &'static str {
        "Prisma"
    }

    fn runner(&self, _: &Path) -> Option<Runner> {
        Some(Runner { tool: self.tool(), command: "npx prisma migrate deploy" })
    }

    fn homes(&self) -> &'static [&'static str] {
        &["prisma/migrations"]
    }

    fn parse(&self, text: &str) -> Option<Version> {
        by_digits(text, &[])
    }

    fn shows(&self, folder: &Path, name: &str) -> bool {
        let path = folder.join(name);
        name == "migration_lock.toml"
            || self.version(name).is_some() && path.join("migration.sql").is_file()
    }

    fn inner(&self) -> Option<&'static str> {
        Some("migration.sql")
    }

    fn write(&self, _: &Folder, steps: &[Step<'_>]) -> Vec<(String, String)> {
        let files = steps.iter().map(|step| {
            let path = format!("{}_{}/migration.sql", step.version.text, step.name);
            let text = match step.dialect {
                Dialect::Postgres => step.text.to_owned(),
                // There it runs the statements one by one.
                Dialect::Sqlite => {
                    let (header, sql) = step.parts();
                    format!("-- {header}\n\nBEGIN IMMEDIATE;\n\n{sql}\nCOMMIT;\n")
                }
            };
            (path, text)
        });
        files.collect()
    }

    fn warning(&self, _: &Path, tables: &str) -> Option<(String, String)> {
        Some((
            format!(
                "Prisma takes a table that its schema file lacks for one to drop: the next `prisma \
                 migrate dev` would write a `DROP TABLE` of {tables}"
            ),
            "after this migration has run, put them into the schema file by `prisma db pull`, or name \
             them under `tables.external` in prisma.config.ts; it does not \
             touch functions, triggers and views"
                .to_owned(),
        ))
    }
}

/// Whether a folder is in a package of Rust's, and in no module of Go's within that.
fn is_of_rust(folder: &Path) -> bool {
    let whole = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    let marks = |above: &Path| ["go.mod", "Cargo.toml"].map(|mark| above.join(mark).is_file());
    let nearest = whole.ancestors().map(marks).find(|marks| marks.contains(&true));
    nearest == Some([false, true])
}

/// A version that is compared as a text.
fn by_digits(text: &str, between: &[char]) -> Option<Version> {
    let digits: String = text.chars().filter(|c| !between.contains(c)).collect();
    Version::number(&digits)?;
    let places = digits.bytes().map(|digit| u64::from(digit - b'0')).collect();
    Some(Version { places, text: text.to_owned() })
}
