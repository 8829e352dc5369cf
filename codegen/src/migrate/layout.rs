//! The tools that run migrations: how each one's folder looks, and what it wants of a file.

mod alembic;
mod rails;
mod sql;
mod tool;

use std::path::Path;

use super::folder::{Entry, Folder};
pub(super) use tool::{Layout, Step};

/// Every tool that is known by its folder. Where nothing says which it is, it is the first.
pub(super) const ALL: [&dyn Layout; 6] =
    [&sql::Sqlx, &sql::Flyway, &sql::Diesel, &sql::Prisma, &rails::Rails, &alembic::Alembic];

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
        Some(layout.after(&layout.version(name)?, 1)?.text)
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
