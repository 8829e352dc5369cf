//! `phasegate migrate`: the next migration of each dialect, where the table has changed.

use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};

use super::serve::migrations::Applied;
use super::serve::{migrations, settings};
use super::{
    CommandResult, Exit, Failure, FormatArg, TablesArg, backend, count, print, print_findings,
    shown,
};
use crate::command::Format;
use crate::live;
use phasegate_codegen::artifact::WriteMode;
use phasegate_codegen::finding::Finding;
use phasegate_codegen::load::Loaded;
use phasegate_codegen::migrate::{self, Ask, Migrated};

/// What is said after the options.
const HELP: &str = "A file that exists is never touched. To rename a state while things run, give it the \
new `name` and keep `value = \"the old one\"`: that takes no migration. `renamed_from` renames what is stored, \
which backends and workflows of the table before don't know; in PostgreSQL's columns of text it moves the rows in \
one transaction, and others that write one of them wait for that. The newest migrations, where no database \
has run them, are taken back by removing their files together with their tables/NNNN.toml.";

#[derive(Args)]
#[command(long_about = HELP)]
pub(crate) struct Migrate {
    #[command(flatten)]
    tables: TablesArg,
    /// Write nothing; a table that has changed since its last migration is a finding
    #[arg(long)]
    check: bool,
    /// Take the databases to be at this table already, by migrations that you wrote by hand
    #[arg(long, conflicts_with = "check")]
    baseline: bool,
    /// Write the migration that takes everything of phasegate's out of the database again
    #[arg(long, conflicts_with_all = ["check", "baseline"])]
    remove: bool,
    /// Look at this database before anything is written: its CHECKs, its indexes, its enum types
    #[arg(long, value_name = "URL", conflicts_with_all = ["baseline", "remove"])]
    database_url: Option<String>,
    /// Run the migrations that are written on the database of --database-url; as the tables' owner
    #[arg(long, conflicts_with_all = ["check", "baseline", "remove", "shared"])]
    apply: bool,
    /// A file with the database's address and nothing else
    #[arg(long, value_name = "FILE", conflicts_with_all = ["database_url", "baseline", "remove"])]
    database_url_file: Option<PathBuf>,
    /// Rename labels of an enum type that other columns have, too
    #[arg(long, conflicts_with_all = ["baseline", "remove"])]
    shared: bool,
    #[command(flatten)]
    pub(crate) format: FormatArg,
}

impl Migrate {
    pub(crate) fn run(&self) -> CommandResult {
        let format = self.format.format;
        let ask = match (self.baseline, self.remove) {
            (true, _) => Ask::Baseline,
            (_, true) => Ask::Remove,
            (false, false) if self.shared => Ask::ChangesOfShared,
            (false, false) => Ask::Changes,
        };
        if self.apply {
            return self.apply();
        }
        let tables = self.tables.load(format)?;
        tables.refuse_past()?;
        let shared = tables.shared_machines();
        if format == Format::Text {
            print_findings(format, &shared, None, json!({}))?;
        }
        // Every table is looked at before the first file is written.
        let mut is_possible = tables.all_read && shared.is_empty();
        let mut exit = if shared.is_empty() { Exit::Well } else { Exit::Findings };
        let mut findings = tables.findings;
        findings.extend(shared);
        let mut ahead = Vec::new();
        for (_, loaded) in &tables.loaded {
            is_possible &= migrate::migrate(loaded, ask, WriteMode::Check)?.is_possible();
            let found = self.look(loaded)?;
            is_possible &= !found.iter().any(Finding::is_error);
            ahead.push(found);
        }
        let mode = if is_possible && !self.check { WriteMode::Write } else { WriteMode::Check };
        let mut reported = Vec::new();
        for ((_, loaded), ahead) in tables.loaded.iter().zip(ahead) {
            let migrated = migrate::migrate(loaded, ask, mode)?;
            let mut of_table = migrated.findings.clone();
            of_table.extend(ahead);
            if self.check {
                of_table.extend(migrate::not_migrated(loaded, &migrated));
            }
            if of_table.iter().any(Finding::is_error) {
                exit = Exit::Findings;
            }
            if format == Format::Text {
                print_findings(format, &of_table, Some(&loaded.source), json!({}))?;
                print(&lines(loaded, &migrated, mode, self.check))?;
            }
            reported.push(summary(loaded, &migrated, mode));
            findings.extend(of_table);
        }
        if format != Format::Text {
            print_findings(format, &findings, None, json!({ "tables": reported }))?;
        }
        if tables.all_read { Ok(exit) } else { Err(Failure::Told) }
    }
}

impl Migrate {
    /// The database, where one is named.
    fn database(&self) -> Result<Option<String>, Failure> {
        match (&self.database_url, &self.database_url_file) {
            (Some(url), _) => Ok(Some(url.clone())),
            (None, Some(file)) => settings::secret(file).map(Some),
            (None, None) => Ok(None),
        }
    }

    /// Runs what is written. A table that has changed since is a finding, and nothing is run.
    fn apply(&self) -> CommandResult {
        let Some(url) = self.database()? else {
            return Err(Failure::Message(
                "--apply runs migrations on a database: say it by --database-url or --database-url-file"
                    .to_owned(),
            ));
        };
        if live::connect::is_memory(&url) {
            return Err(Failure::Message(
                "a database in memory ends with this command, and all that was run in it: name a file (sqlite:FILE)"
                    .to_owned(),
            ));
        }
        let format = self.format.format;
        let tables = self.tables.load(format)?;
        tables.refuse_past()?;
        let mut findings = tables.findings;
        let mut of_tables = Vec::new();
        for (_, loaded) in &tables.loaded {
            let migrated = migrate::migrate(loaded, Ask::Changes, WriteMode::Check)?;
            let mut own = migrated.findings.clone();
            // What takes a machine out again leads to no table.
            let is_removed = match live::connect::dialect(&url) {
                Ok(dialect) => migrate::removal(loaded, dialect)?.is_some(),
                Err(_) => false,
            };
            if !is_removed {
                own.extend(migrate::not_migrated(loaded, &migrated));
            }
            findings.extend(own.clone());
            of_tables.push(own);
        }
        let is_well = tables.all_read && !findings.iter().any(Finding::is_error);
        let new_file = live::ran::missing_file(&url).map(|file| shown(&file));
        let applied = match is_well {
            true => backend::block_on(migrations::apply_all(&tables.loaded, &url))?,
            false => Vec::new(),
        };
        if format == Format::Text {
            for ((_, loaded), own) in tables.loaded.iter().zip(&of_tables) {
                print_findings(format, own, Some(&loaded.source), json!({}))?;
            }
            if let Some(file) = new_file.filter(|_| !applied.is_empty()) {
                print(&format!("made {file}: there was no such file\n"))?;
            }
            for Applied { folder, ran } in &applied {
                for file in ran {
                    print(&format!("ran {}\n", shown(file)))?;
                }
                let nothing = if ran.is_empty() { "nothing to run, " } else { "" };
                let folder = shown(folder);
                print(&format!("{folder}: {nothing}the database has all of its migrations\n"))?;
            }
        } else {
            let folders: Vec<String> = applied.iter().map(|one| shown(&one.folder)).collect();
            let ran: Vec<String> =
                applied.iter().flat_map(|one| &one.ran).map(|file| shown(file)).collect();
            let made = new_file.filter(|_| !applied.is_empty());
            let beside = json!({ "applied": folders, "ran": ran, "made": made });
            print_findings(format, &findings, None, beside)?;
        }
        match (tables.all_read, is_well) {
            (false, _) => Err(Failure::Told),
            (true, false) => Ok(Exit::Findings),
            (true, true) => Ok(Exit::Well),
        }
    }

    /// What the database says before, where one is named.
    fn look(&self, loaded: &Loaded) -> Result<Vec<Finding>, Failure> {
        let Some(url) = &self.database()? else { return Ok(Vec::new()) };
        let said = backend::block_on(async { Ok(live::ahead(loaded, url, self.shared).await) })?;
        said.map_err(|failure| match failure {
            live::Failure::Away(message) => Failure::Message(message),
            live::Failure::Files(error) => error.into(),
        })
    }
}

/// What was written, a line each, and what it comes to.
fn lines(loaded: &Loaded, migrated: &Migrated, mode: WriteMode, check: bool) -> String {
    let table = &loaded.source.path;
    let mut lines = String::new();
    for file in &migrated.files {
        let verb = match mode {
            WriteMode::Write => "wrote",
            WriteMode::Check => "would write",
        };
        lines += &format!("{verb} {}\n", shown(&loaded.root.join(file)));
    }
    let files = count(migrated.files.len(), "file");
    lines += &match (&migrated.since, mode) {
        _ if !migrated.is_possible() => format!("{table}: nothing is written\n"),
        _ if loaded.machine.targets.sql().is_none() => {
            format!("{table}: no [target.sql], so that no database is concerned\n")
        }
        (Some(since), _) if migrated.files.is_empty() => {
            let since = shown(&loaded.root.join(since));
            format!("{table}: nothing has changed for the database since {since}\n")
        }
        (None, _) if migrated.files.is_empty() => format!("{table}: no dialect has migrations\n"),
        (_, WriteMode::Write) => {
            format!("{table}: {files} written; review them, commit them, and roll them out\n")
        }
        (_, WriteMode::Check) if check => format!("{table}: {files} to write\n"),
        (_, WriteMode::Check) => {
            format!("{table}: {files} to write, once nothing above is wrong\n")
        }
    };
    lines
}

fn summary(loaded: &Loaded, migrated: &Migrated, mode: WriteMode) -> Value {
    let path = |file: &String| shown(&loaded.root.join(file));
    json!({
        "table": loaded.source.path,
        "since": migrated.since.as_ref().map(path),
        "files": migrated.files.iter().map(path).collect::<Vec<String>>(),
        "written": mode == WriteMode::Write && !migrated.files.is_empty(),
    })
}
