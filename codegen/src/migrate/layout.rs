//! The tools that run migrations: how each one's folder looks, and what it wants of a file.

mod alembic;
mod rails;
mod sql;

use std::path::Path;

use super::folder::{Entry, Folder, owner};
use crate::emit::sql::Dialect;
use crate::machine::Machine;

/// Every tool that is known by its folder. Where nothing says which it is, it is the first.
pub(super) const ALL: [&dyn Layout; 6] =
    [&sql::Sqlx, &sql::Flyway, &sql::Diesel, &sql::Prisma, &rails::Rails, &alembic::Alembic];

/// A tool, or several that take the same files.
pub(super) trait Layout: Sync {
    /// What people call it.
    fn tool(&self) -> &'static str;

    /// The ends of the paths that its folder has where nobody chose another.
    fn homes(&self) -> &'static [&'static str] {
        &[]
    }

    /// What comes before the first version.
    fn zero(&self) -> &'static str {
        "00000000000000"
    }

    /// Reads a version.
    fn parse(&self, text: &str) -> Option<Version> {
        Version::number(text)
    }

    /// The version in the name of a file or folder.
    fn version(&self, name: &str) -> Option<Version> {
        let digits = name.bytes().take_while(u8::is_ascii_digit).count();
        self.parse(&name[..digits]).filter(|_| name[digits..].starts_with('_'))
    }

    /// Whether a name in this folder shows that the folder is this tool's.
    fn shows(&self, folder: &Path, name: &str) -> bool;

    /// Where a migration is a folder: the file in it that goes forward.
    fn inner(&self) -> Option<&'static str> {
        None
    }

    /// The migrations among these names, in their order.
    fn entries(&self, folder: &Path, names: &[String]) -> Vec<Entry> {
        let entry = |name: &String| {
            let path = folder.join(name);
            let machine = owner(&self.inner().map_or_else(|| path.clone(), |file| path.join(file)));
            Some(Entry { version: self.version(name)?, name: name.clone(), machine, chain: None })
        };
        let mut entries: Vec<Entry> = names.iter().filter_map(entry).collect();
        entries.sort_by(|a, b| a.version.cmp(&b.version).then_with(|| a.name.cmp(&b.name)));
        entries
    }

    /// Whether a file is what takes a database on, and not what goes with it.
    fn leads_on(&self, path: &str) -> bool {
        self.inner().is_none_or(|file| path.ends_with(file))
    }

    /// The files of new migrations, each with its path from their folder.
    fn write(&self, folder: &Folder, steps: &[Step<'_>]) -> Vec<(String, String)>;

    /// What the tool would do to that which phasegate's migrations make, and the way out.
    fn warning(&self, _tables: &str) -> Option<(String, String)> {
        None
    }
}

/// The place of a migration among others.
#[derive(Clone, Debug)]
pub(super) struct Version {
    /// What it is compared by.
    places: Vec<u64>,
    /// As it is written.
    pub(super) text: String,
}

impl PartialEq for Version {
    fn eq(&self, other: &Self) -> bool {
        self.places == other.places
    }
}

impl Eq for Version {}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.places.cmp(&other.places)
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Version {
    /// Numbers that no tool could count on from are none.
    fn number(text: &str) -> Option<Self> {
        let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let number: i64 = text.parse().ok().filter(|_| is_number)?;
        Some(Self { places: vec![u64::try_from(number).ok()?], text: text.to_owned() })
    }

    /// The version that is so many after this one, as the layout writes and orders them.
    pub(super) fn after(&self, nth: u64, layout: &dyn Layout) -> Option<Self> {
        let stem = self.text.trim_end_matches(|c: char| c.is_ascii_digit());
        let digits = &self.text[stem.len()..];
        let next = digits.parse::<u64>().ok()?.checked_add(nth)?;
        let width = digits.len();
        layout.parse(&format!("{stem}{next:0width$}")).filter(|next| next > self)
    }
}

/// A migration to be written.
pub(super) struct Step<'s> {
    pub(super) version: Version,
    /// What it does, in words with `_` between them.
    pub(super) name: &'s str,
    /// Its SQL, below a line that says whose it is.
    pub(super) text: &'s str,
    pub(super) machine: &'s Machine,
    pub(super) dialect: Dialect,
}

/// What a migration says to whoever would take it back.
const NO_WAY_BACK: &str = "phasegate: this migration cannot be taken back: see its file";

/// Why.
const WHY: [&str; 3] = [
    "there is no way back: rows may",
    "be in states that are new, and what was taken out is gone. An older backend runs on the newer",
    "database; to undo a change, change the table, then run `phasegate migrate`.",
];

impl Step<'_> {
    /// The line that says whose it is, without the mark of a comment, and what comes below.
    fn parts(&self) -> (&str, &str) {
        let (header, sql) = self.text.split_once('\n').unwrap_or((self.text, ""));
        (header.trim_start_matches("-- "), sql.trim_start_matches('\n'))
    }

    /// The way back of a migration, which there is none of.
    fn no_way_back(&self) -> String {
        let header = format!(
            "-- Generated by phasegate for the machine {} (table {}): {}\n",
            self.machine.name,
            self.machine.fingerprints.table,
            WHY.join("\n-- ")
        );
        let refusal = match self.dialect {
            Dialect::Postgres => format!(
                "DO $phasegate$\nBEGIN\n  RAISE EXCEPTION '{NO_WAY_BACK}';\nEND\n$phasegate$;\n"
            ),
            // Outside of a trigger nothing else fails with words.
            Dialect::Sqlite => "SELECT phasegate_cannot_take_this_migration_back();\n".to_owned(),
        };
        format!("{header}\n{refusal}")
    }
}

/// The layouts that a folder shows, each with whether phasegate's own files do.
pub(super) fn shown(folder: &Path, names: &[String]) -> Vec<(&'static dyn Layout, bool)> {
    let layouts = ALL.iter().map(|layout| {
        let entries = || layout.entries(folder, names);
        let shows = names.iter().any(|name| layout.shows(folder, name));
        let is_ours = |entry: &Entry| entry.machine.is_some() && layout.shows(folder, &entry.name);
        (*layout, shows, shows && entries().iter().any(is_ours))
    });
    layouts.filter(|(_, shows, _)| *shows).map(|(layout, _, ours)| (layout, ours)).collect()
}

/// The files that are no migrations of this tool, and look as if they were another's.
pub(super) fn passed_over<'f>(at: &Path, folder: &'f Folder, layout: &dyn Layout) -> Vec<&'f str> {
    let is_another = |name: &&String| {
        !layout.shows(at, name)
            && layout.version(name).is_none()
            && (ALL.iter().any(|other| other.shows(at, name))
                || layout.tool() == ALL[0].tool()
                    && name.ends_with(".sql")
                    && !name.starts_with('.'))
    };
    folder.names.iter().filter(is_another).map(String::as_str).collect()
}

/// The layout of a folder that is empty, by its path.
pub(super) fn at_home(path: &str) -> Option<&'static dyn Layout> {
    let path = format!("/{}/", path.trim_matches('/'));
    let is_home = |home: &&str| path.contains(&format!("/{home}/"));
    ALL.iter().copied().find(|layout| layout.homes().iter().any(is_home))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(layout: &dyn Layout, name: &str) -> Option<String> {
        Some(layout.version(name)?.after(1, layout)?.text)
    }

    #[test]
    fn takes_versions_as_each_tool_does_and_counts_on_in_their_form() {
        let sqlx = |name| next(&sql::Sqlx, name);
        assert_eq!(sqlx("0001_create.sql").as_deref(), Some("0002"));
        assert_eq!(sqlx("20240101120000_create.up.sql").as_deref(), Some("20240101120001"));
        assert_eq!(sqlx("9_x.sql").as_deref(), Some("10"));
        for none in ["", "_x.sql", "x_0001.sql", "2024-01-01_x", "0001", "99999999999999999999_x"] {
            assert_eq!(sqlx(none), None, "{none}");
        }
        let flyway = |name| next(&sql::Flyway, name);
        assert_eq!(flyway("V7__x.sql").as_deref(), Some("8"));
        assert_eq!(flyway("V1.2__x.sql").as_deref(), Some("1.3"));
        assert_eq!(flyway("V1_09__x.sql").as_deref(), Some("1_10"));
        for none in ["V__x.sql", "R__x.sql", "V1_x.sql", "v1__x.sql", "V1..2__x.sql", "1__x.sql"] {
            assert_eq!(flyway(none), None, "{none}");
        }
        let version = |name| sql::Flyway.version(name).expect("it has one");
        assert!(version("V1.10__x.sql") > version("V1.9__x.sql"));
        assert_eq!(version("V1.0__x.sql"), version("V1__x.sql"));
        let diesel = |name| next(&sql::Diesel, name);
        assert_eq!(diesel("2024-01-01-000000_x").as_deref(), Some("2024-01-01-000001"));
        assert_eq!(diesel("00000000000000_x").as_deref(), Some("00000000000001"));
        // It compares them as texts: `10` would come before `9`.
        assert_eq!(diesel("9_x"), None);
    }

    #[test]
    fn an_empty_folder_is_known_by_where_it_is() {
        let tool = |path| at_home(path).map(Layout::tool);
        assert_eq!(tool("db/migrate"), Some("Rails"));
        assert_eq!(tool("app/prisma/migrations"), Some("Prisma"));
        assert_eq!(tool("src/main/resources/db/migration"), Some("Flyway"));
        assert_eq!(tool("alembic/versions/postgres"), Some("Alembic"));
        assert_eq!(tool("db/migrated"), None);
    }
}
