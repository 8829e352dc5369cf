//! `phasegate init`: a commented starter table, or a draft for a status column that exists.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use clap::Args;

use super::discover::share;
use super::{CommandResult, Exit, Failure, backend, say, shown, tables_in};
use crate::draft::noise::NOISE;
use crate::draft::{Ask, draft};
use phasegate_codegen::load;

const STARTER: &str = include_str!("starter.toml");
/// The line that names its machine.
const NAME: &str = "name    = \"order\"";

#[derive(Args)]
pub(crate) struct Init {
    /// Where to, by default order.toml in the current folder; the machine is called what the file is.
    /// Of a draft the machine's name and .toml
    path: Option<PathBuf>,
    /// Draft the table from a column of this database: postgres://... or sqlite:FILE
    #[arg(long, value_name = "URL", requires = "column")]
    from_database: Option<String>,
    /// The status column
    #[arg(long, value_name = "[SCHEMA.]TABLE.COLUMN", requires = "from_database")]
    column: Option<String>,
    /// The columns that name a row; by default the primary key's
    #[arg(long, value_name = "COLUMN,..", value_delimiter = ',', requires = "from_database")]
    key: Vec<String>,
    /// A log of the states that each row was in: its key, its state, and what it is ordered by
    #[arg(long, value_name = "[SCHEMA.]TABLE.KEY,STATE,ORDER", requires = "from_database")]
    history: Option<String>,
    /// A condition in SQL on the rows of that log, where it holds those of other tables too
    #[arg(long, value_name = "SQL", requires = "history")]
    history_where: Option<String>,
    /// Leave out steps of that log that are a smaller share of those out of their state, and such starts
    #[arg(long, value_name = "SHARE", default_value_t = NOISE, value_parser = share, requires = "history")]
    noise: f64,
    /// What the numbers of a column of whole numbers stand for, as the application's model has it
    #[arg(long, value_name = "VALUE=NUMBER,..", value_delimiter = ',', requires = "from_database")]
    values: Vec<String>,
    /// What the machine is called; by default what one row of the table is called
    #[arg(long, value_name = "NAME", requires = "from_database")]
    machine: Option<String>,
}

impl Init {
    pub(crate) fn run(&self) -> CommandResult {
        let (Some(url), Some(column)) = (&self.from_database, &self.column) else {
            let path = self.place("order");
            is_free(&path, &machine_of(&path))?;
            write(&path, &apart(&path, starter(&path)))?;
            say(&format!("wrote {0}; next: `phasegate generate {0}`", shown(&path)));
            return Ok(Exit::Well);
        };
        if let Some(path) = self.path.as_ref().filter(|path| path.exists() && !path.is_dir()) {
            return Err(exists(path));
        }
        let ask = Ask {
            url,
            column,
            key: &self.key,
            history: self.history.as_deref(),
            history_where: self.history_where.as_deref(),
            noise: self.noise,
            values: &self.values,
            machine: self.machine.as_deref(),
        };
        let drafted = backend::block_on(async { draft(&ask).await.map_err(Failure::Message) })?;
        let path = self.place(&drafted.name);
        is_free(&path, &drafted.name)?;
        write(&path, &apart(&path, drafted.text))?;
        say(&format!("wrote {0}; look through it, then: `phasegate check {0}`", shown(&path)));
        Ok(Exit::Well)
    }

    /// Where a machine of this name goes.
    fn place(&self, name: &str) -> PathBuf {
        let file = format!("{name}.toml");
        match &self.path {
            None => file.into(),
            Some(folder) if folder.is_dir() => folder.join(file),
            Some(path) => path.clone(),
        }
    }
}

/// Refuses a machine that another table of the folder describes.
fn is_free(path: &Path, machine: &str) -> Result<(), Failure> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let others = tables_in(folder.unwrap_or(Path::new("."))).unwrap_or_default();
    let is_it =
        |other: &&PathBuf| *other != path && load::machine_name(other).as_deref() == Some(machine);
    match others.iter().find(is_it) {
        None => Ok(()),
        Some(other) => Err(Failure::Message(format!(
            "{} describes the machine {machine} already, and both would write its migrations: give this one \
             another name",
            shown(other)
        ))),
    }
}

/// The name of the starter's machine in a file.
fn machine_of(path: &Path) -> String {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy().to_lowercase();
    let plain = |c: char| if c.is_ascii_lowercase() || c.is_ascii_digit() { c } else { '_' };
    let name: String = stem.chars().map(plain).collect();
    let name = name.trim_matches('_');
    // What no name can be made of keeps the starter's.
    match name.starts_with(|c: char| c.is_ascii_lowercase()) {
        true => name.to_owned(),
        false => "order".to_owned(),
    }
}

/// The starter, with the machine called what its file is.
fn starter(path: &Path) -> String {
    STARTER.replacen(NAME, &NAME.replace("order", &machine_of(path)), 1)
}

/// A table with a folder of schemas of its own, where another table is next to it: two tables of one folder
/// cannot both write `generated/sql`.
fn apart(path: &Path, text: String) -> String {
    const SECTION: &str = "\n[target.sql]\n";
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    // A folder that cannot be read is reported where the file is written.
    let others = tables_in(folder.unwrap_or(Path::new("."))).unwrap_or_default();
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if others.is_empty() || !stem.chars().all(is_plain) {
        return text;
    }
    let own = format!(
        "{SECTION}path     = \"generated/{stem}-sql\"    # generated/sql is another table's\n"
    );
    text.replacen(SECTION, &own, 1)
}

fn exists(path: &Path) -> Failure {
    Failure::Message(format!("{} exists; it is left as it is", shown(path)))
}

/// Writes a file that does not exist.
fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let file = OpenOptions::new().write(true).create_new(true).open(path);
    let failed = |error: io::Error| match error.kind() == io::ErrorKind::AlreadyExists {
        true => exists(path),
        false => Failure::Message(format!("{}: {error}", shown(path))),
    };
    file.map_err(failed)?.write_all(text.as_bytes()).map_err(failed)
}
