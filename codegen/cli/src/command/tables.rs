//! Which tables a command is about: those that are named, or what is in the current folder.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use super::{Failure, Format, print_findings, say, say_invalid, shown};
use phasegate_codegen::Error;
use phasegate_codegen::emit::sql::Dialect;
use phasegate_codegen::finding::{Finding, Severity};
use phasegate_codegen::load::{self, Loaded};
use phasegate_codegen::migrate::past_of;
use phasegate_codegen::rules;

/// The table that a command is about.
#[derive(Args)]
pub(crate) struct TableArg {
    /// The table; by default the one in the current folder
    #[arg(value_name = "TABLE")]
    table: Option<PathBuf>,
}

impl TableArg {
    pub(crate) fn load(&self) -> Result<Loaded, Failure> {
        load_or_the_one(self.table.as_deref())
    }
}

/// The table that is named, or the one in the current folder.
pub(crate) fn load_or_the_one(table: Option<&Path>) -> Result<Loaded, Failure> {
    match table {
        Some(path) => Ok(load::load(path)?),
        None => Ok(load::load(&the_one_table("name one")?)?),
    }
}

/// The tables that a command is about.
#[derive(Args)]
pub(crate) struct TablesArg {
    /// The tables; by default the one in the current folder
    #[arg(value_name = "TABLE")]
    tables: Vec<PathBuf>,
}

impl TablesArg {
    pub(crate) fn paths(&self) -> Result<Vec<PathBuf>, Failure> {
        if self.tables.is_empty() {
            Ok(vec![the_one_table("name one or several")?])
        } else {
            Ok(self.tables.clone())
        }
    }

    /// The same, where nothing is named of every table in the current folder.
    pub(crate) fn load_all(&self, format: Format) -> Result<Tables, Failure> {
        if !self.tables.is_empty() {
            return self.load(format);
        }
        let tables = tables_here()?;
        if tables.is_empty() {
            return Err(no_table());
        }
        Self { tables }.load(format)
    }

    /// The same, of those whose rows a database of this kind has, where there are several.
    pub(crate) fn load_all_of(&self, dialect: Dialect, format: Format) -> Result<Tables, Failure> {
        let mut tables = self.load_all(format)?;
        if self.tables.is_empty() && tables.loaded.len() > 1 {
            let has = |loaded: &Loaded| {
                loaded.machine.targets.sql().is_some_and(|sql| sql.dialects.contains(&dialect))
            };
            tables.loaded.retain(|(_, loaded)| has(loaded));
            if tables.loaded.is_empty() {
                return Err(Failure::Message(format!(
                    "no table in the current folder has a [target.sql] with {:?} among its `dialects`; name one",
                    dialect.as_str()
                )));
            }
        }
        Ok(tables)
    }

    /// Every table that can be read, with its path. What is wrong with the others is reported on
    /// standard error and, in the text format, on standard output; in another format it is
    /// returned.
    pub(crate) fn load(&self, format: Format) -> Result<Tables, Failure> {
        let mut tables = Tables { loaded: Vec::new(), findings: Vec::new(), all_read: true };
        for path in self.paths()? {
            match load::load(&path) {
                Ok(loaded) => tables.loaded.push((path, loaded)),
                Err(Error::Io(error)) => {
                    tables.all_read = false;
                    match format {
                        Format::Text => {}
                        Format::Json | Format::Github => tables.findings.push(Finding::about(
                            rules::UNREADABLE,
                            Severity::Error,
                            path.to_string_lossy(),
                            format!("the table can't be read: {error}"),
                            "name a table that is there, and that you may read",
                        )),
                    }
                    say(&format!("phasegate: {error}"));
                }
                Err(Error::Invalid { findings, source }) => {
                    tables.all_read = false;
                    match format {
                        Format::Text => {
                            print_findings(format, &findings, Some(&source), json!({}))?
                        }
                        Format::Json | Format::Github => {
                            tables.findings.extend_from_slice(&findings)
                        }
                    }
                    say_invalid(&findings, &source);
                }
            }
        }
        Ok(tables)
    }
}

impl Tables {
    /// Tables of one machine with `[target.sql]`: each would take the other's migrations for its own.
    pub(crate) fn shared_machines(&self) -> Vec<Finding> {
        let migrated = self.loaded.iter().filter(|(_, one)| one.machine.targets.sql().is_some());
        let mut seen: Vec<(&PathBuf, &Loaded)> = Vec::new();
        let mut findings = Vec::new();
        for (path, loaded) in migrated {
            let is_of_it = |(_, other): &&(&PathBuf, &Loaded)| {
                other.machine.name == loaded.machine.name && is_same(&other.root, &loaded.root)
            };
            match seen.iter().find(is_of_it) {
                // One table, named twice.
                Some((other, _)) if is_same(other, path) => {}
                Some((other, _)) => findings.push(Finding::about(
                    rules::SHARED_PATH,
                    Severity::Error,
                    &loaded.source.path,
                    format!(
                        "{} describes the machine `{}` already, and both write its migrations",
                        shown(other),
                        loaded.machine.name
                    ),
                    "give one of them another `name` in `[machine]`, or leave `[target.sql]` out of the one that \
                     no database is made from",
                )),
                None => seen.push((path, loaded)),
            }
        }
        findings
    }

    /// Refuses the tables of past migrations: nothing is written for those, and what they are of is
    /// elsewhere.
    pub(crate) fn refuse_past(&self) -> Result<(), Failure> {
        for (path, loaded) in &self.loaded {
            let Some(machine) = past_of(&loaded.source.text) else { continue };
            let folder = path.parent().unwrap_or(Path::new(""));
            let above = (1..=MOST_FOLDERS_UP).map(|up| folder.join("../".repeat(up)));
            let tables = above.filter_map(|folder| tables_in(&folder).ok()).flatten();
            let is_it = |path: &PathBuf| load::machine_name(path).as_deref() == Some(machine);
            let what = match tables.into_iter().find(is_it) {
                Some(table) => format!("the table itself is {}", shown(&table)),
                None => format!("name the table of the machine {machine} instead"),
            };
            return Err(Failure::Message(format!(
                "{}: the table as of a migration, which never changes: {what}; to make a table of it \
                 again, copy it without the comment at its top",
                shown(path)
            )));
        }
        Ok(())
    }
}

/// The tables that a command is about, read.
pub(crate) struct Tables {
    /// Those that are valid.
    pub(crate) loaded: Vec<(PathBuf, Loaded)>,
    /// What is wrong with the others, where it was not reported yet.
    pub(crate) findings: Vec<Finding>,
    /// Whether there are no others.
    pub(crate) all_read: bool,
}

/// Whether two paths are of one file or folder.
fn is_same(one: &Path, other: &Path) -> bool {
    let whole = |path: &Path| {
        let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
        path.canonicalize().unwrap_or_else(|_| path.to_owned())
    };
    whole(one) == whole(other)
}

/// The tables in the current folder.
fn tables_here() -> Result<Vec<PathBuf>, Failure> {
    tables_in(Path::new("."))
}

/// The tables in a folder: each `.toml` with a `[machine]`.
pub(crate) fn tables_in(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let mut tables = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let is_toml = path.extension().is_some_and(|extension| extension == "toml");
        if is_toml && path.is_file() && load::has_machine(&path) {
            tables.push(path.strip_prefix(".").unwrap_or(&path).to_owned());
        }
    }
    tables.sort();
    Ok(tables)
}

/// That there is no table here; and where the next one is, in a folder above.
fn no_table() -> Failure {
    let above = (1..=MOST_FOLDERS_UP).map(|folders| PathBuf::from("../".repeat(folders)));
    let near = above.filter_map(|folder| tables_in(&folder).ok()).find(|tables| !tables.is_empty());
    let what = match near {
        Some(tables) => {
            let names: Vec<String> = tables.iter().map(|path| shown(path)).collect();
            format!("name one; above there is {}", names.join(", "))
        }
        None => "name one, or write a starter with `phasegate init`".to_owned(),
    };
    let here = std::fs::read_dir(".").into_iter().flatten().flatten();
    let names = here.map(|entry| entry.file_name().to_string_lossy().into_owned());
    let mut others: Vec<String> = names.filter(|name| name.ends_with(".toml")).collect();
    others.sort();
    let others = match others.as_slice() {
        [] => String::new(),
        [one] => format!(": {one} has none"),
        [first, ..] => format!(": {first} and {} more have none", others.len() - 1),
    };
    Failure::Message(format!(
        "no table in the current folder (a .toml with a [machine]{others}); {what}"
    ))
}

/// So many folders up a table is looked for, where a command finds none.
const MOST_FOLDERS_UP: usize = 4;

/// The one table in the current folder; `asked` is what a command takes where there are several.
pub(crate) fn the_one_table(asked: &str) -> Result<PathBuf, Failure> {
    let mut tables = tables_here()?;
    match tables.len() {
        1 => Ok(tables.remove(0)),
        0 => Err(no_table()),
        _ => {
            let names: Vec<String> = tables.iter().map(|path| path.display().to_string()).collect();
            Err(Failure::Message(format!(
                "several tables in the current folder; {asked}: {}",
                names.join(", ")
            )))
        }
    }
}
