//! The way from the table that was migrated to last to the table as it is: new files beside those
//! that are there, never a byte of which changes.

mod disk;
mod folder;
mod line;
mod snapshot;

use std::io;

use crate::artifact::Leave;
use crate::finding::{Finding, Severity};
use crate::machine::Machine;
use crate::pipeline::{Error, Loaded};
use crate::table;
use crate::target::sql::{Impossible, Migration, migrations, renamed};
use crate::targets::{Dialect, SqlTarget};
use disk::NewFile;
use line::{Line, State};
use snapshot::{Snapshot, Sum, plain, sha256};

/// The digits of a folder's first number.
const DIGITS: usize = 4;

/// What became of a table's migrations.
#[derive(Clone, Debug, Default)]
pub struct Migrated {
    /// What keeps it from being migrated, and warnings.
    pub findings: Vec<Finding>,
    /// The files that were written, or without leave to write would be, from the root, with `/`:
    /// migrations, and last the table that they lead to.
    pub files: Vec<String>,
    /// The table that was migrated to before, from the root.
    pub since: Option<String>,
}

impl Migrated {
    /// Whether nothing keeps it from being migrated.
    pub fn is_possible(&self) -> bool {
        !self.findings.iter().any(Finding::is_error)
    }
}

/// What is asked for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Ask {
    /// The migrations of what has changed.
    Changes,
    /// The table alone, as that which the databases are at already: whatever led there was written
    /// by hand.
    Baseline,
}

/// Writes the next migrations of each dialect where the table has changed for the database, and
/// the table beside them. Whatever exists is left as it is; where something is wrong, nothing is
/// written.
///
/// # Errors
/// Where a file cannot be read or written; what was written then is taken back.
pub fn migrate(loaded: &Loaded, ask: Ask, leave: Leave) -> Result<Migrated, Error> {
    let (planned, files) = plan(loaded, ask)?;
    if leave == Leave::Read || files.is_empty() {
        return Ok(planned);
    }
    // What others write meanwhile is waited for, and then looked at again.
    let mut locks = Vec::new();
    for line in lines(loaded) {
        locks.push(disk::lock(&loaded.root, &line.tables())?);
    }
    let (planned, files) = plan(loaded, ask)?;
    disk::write(&loaded.root, &files)?;
    Ok(planned)
}

/// What `check` says of a table whose migrations phasegate keeps: it is what they lead to, and they
/// are as they were written. Nothing where there are none.
///
/// # Errors
/// Where a file cannot be read.
pub fn check(loaded: &Loaded) -> Result<Vec<Finding>, Error> {
    let mut kept = false;
    for line in lines(loaded) {
        let state = line.read(&loaded.root, &loaded.machine.name)?;
        kept |= !state.past.is_empty() || !state.findings.is_empty();
    }
    if !kept {
        return Ok(Vec::new());
    }
    let migrated = migrate(loaded, Ask::Changes, Leave::Read)?;
    let mut findings = migrated.findings.clone();
    findings.extend(not_migrated(loaded, &migrated));
    Ok(findings)
}

/// A table that was migrated to.
#[derive(Clone, Debug)]
pub struct Known {
    /// Its path from the root, with `/`.
    pub path: String,
    /// What it says.
    pub machine: Machine,
    /// The files that led there from the table before.
    pub files: Vec<String>,
}

/// The tables that the machine's migrations of a dialect lead to, oldest first.
///
/// # Errors
/// Where a file cannot be read.
pub fn known(loaded: &Loaded, dialect: Dialect) -> Result<Vec<Known>, Error> {
    let mut known = Vec::new();
    for line in lines(loaded).iter().filter(|line| line.folders.contains_key(&dialect)) {
        let folder = &line.folders[&dialect];
        for past in line.read(&loaded.root, &loaded.machine.name)?.past {
            let files = past.snapshot.files.iter().map(|file| &file.path);
            let files = files.filter(|path| {
                path.rsplit_once('/').map_or("", |(f, _)| f) == folder.trim_end_matches('/')
            });
            let files = files.map(|path| format!("{}{path}", line.base)).collect();
            known.push(Known { path: past.path, machine: past.machine, files });
        }
    }
    Ok(known)
}

/// That the table has changed since it was migrated to.
pub fn not_migrated(loaded: &Loaded, migrated: &Migrated) -> Option<Finding> {
    let path = &loaded.source.path;
    let command = crate::artifact::command("migrate", [path]);
    (!migrated.files.is_empty()).then(|| {
        let message = match &migrated.since {
            Some(since) => format!("the table has changed for the database since {since}"),
            None => "the table was never migrated to".to_owned(),
        };
        let help = format!("run `{command}`, review what it writes, and commit it");
        Finding::about("not-migrated", Severity::Error, path, message, help)
    })
}

fn lines(loaded: &Loaded) -> Vec<Line> {
    loaded.machine.targets.sql.as_ref().map(Line::all).unwrap_or_default()
}

/// What is to be written, line by line; nothing at all where something is wrong.
fn plan(loaded: &Loaded, ask: Ask) -> io::Result<(Migrated, Vec<NewFile>)> {
    let mut migrated = Migrated::default();
    let mut files = Vec::new();
    for line in lines(loaded) {
        let state = line.read(&loaded.root, &loaded.machine.name)?;
        let mut plan = Plan { loaded, line: &line, state: &state, findings: Vec::new() };
        // What the files say is not what was migrated to, so that nothing can be said of the way on.
        let new = if state.findings.is_empty() { plan.files(ask)? } else { Vec::new() };
        let told = state.findings.iter().chain(&plan.findings);
        for finding in told {
            if !migrated.findings.contains(finding) {
                migrated.findings.push(finding.clone());
            }
        }
        migrated.since = migrated.since.or(state.past.last().map(|past| past.path.clone()));
        files.extend(new);
    }
    if !migrated.is_possible() {
        files.clear();
    }
    migrated.files = files.iter().map(|file| file.path.clone()).collect();
    Ok((migrated, files))
}

/// One line's way to the table.
struct Plan<'p> {
    loaded: &'p Loaded,
    line: &'p Line,
    state: &'p State,
    findings: Vec<Finding>,
}

impl Plan<'_> {
    fn files(&mut self, ask: Ask) -> io::Result<Vec<NewFile>> {
        let machine = &self.loaded.machine;
        let past: Vec<&Machine> = self.state.past.iter().map(|past| &past.machine).collect();
        if let Some(old) = past.last() {
            self.hints(old);
        }
        if ask == Ask::Baseline {
            let (number, _) = self.state.last.unwrap_or((0, DIGITS));
            if self.state.past.iter().any(|past| past.number == number) {
                let help = "write the migration by hand first: the table gets its number";
                let message = "no migration has come since the last table that was migrated to";
                self.tell("nothing-new", None, message.to_owned(), help.to_owned());
                return Ok(Vec::new());
            }
            return Ok(vec![self.snapshot(number, &[])]);
        }
        if past.is_empty() {
            self.renamed_machine();
        }
        let mut files = Vec::new();
        let mut number = 0;
        for (&dialect, folder) in &self.line.folders {
            // What a table said of a dialect that it had no migrations for, no database has.
            let had_it = |old: &&Machine| {
                let sql = old.targets.sql.as_ref();
                sql.is_some_and(|sql: &SqlTarget| sql.migrations.contains_key(&dialect))
            };
            let before: Vec<&Machine> = past.iter().copied().filter(had_it).collect();
            match migrations(&before, machine, dialect) {
                Ok(new) => {
                    for (at, migration) in (1..).zip(&new) {
                        let next = self.number(at)?;
                        number = number.max(next);
                        files.extend(self.named(dialect, folder, next, migration));
                    }
                    if let (Some(old), false) = (before.last(), new.is_empty()) {
                        self.note_renames(old);
                    }
                }
                Err(impossible) => {
                    for impossible in impossible {
                        self.refuse(&impossible);
                    }
                }
            }
        }
        if !files.is_empty() {
            let sums = files.iter().map(|file: &NewFile| Sum {
                path: file.path[self.line.base.len()..].to_owned(),
                sha256: sha256(file.text.as_bytes()),
            });
            let sums: Vec<Sum> = sums.collect();
            files.push(self.snapshot(number, &sums));
        }
        Ok(files)
    }

    /// The digits of this line's numbers.
    fn digits(&self) -> usize {
        self.state.last.map_or(DIGITS, |(_, digits)| digits)
    }

    /// The nth number after all that are taken.
    fn number(&self, nth: u64) -> io::Result<u64> {
        let last = self.state.last.map_or(0, |(last, _)| last);
        last.checked_add(nth).filter(|next| i64::try_from(*next).is_ok()).ok_or_else(|| {
            let message = format!("{}: no number comes after {last}", self.line.base);
            io::Error::new(io::ErrorKind::InvalidData, message)
        })
    }

    /// A migration under its number; where the others of its folder go back, too, beside it one
    /// that says why it does not.
    fn named(
        &self,
        dialect: Dialect,
        folder: &str,
        number: u64,
        migration: &Migration,
    ) -> Vec<NewFile> {
        let name = migration.file_name(number, self.digits());
        let file = |name: &str, text: String| NewFile {
            path: format!("{}{folder}{name}", self.line.base),
            text,
        };
        match name.strip_suffix(".sql").filter(|_| self.state.reversible.contains(&dialect)) {
            None => vec![file(&name, migration.text.clone())],
            Some(stem) => vec![
                file(&format!("{stem}.up.sql"), migration.text.clone()),
                file(&format!("{stem}.down.sql"), no_way_back(&self.loaded.machine, dialect)),
            ],
        }
    }

    fn snapshot(&self, number: u64, files: &[Sum]) -> NewFile {
        let machine = &self.loaded.machine;
        let digits = self.digits();
        let snapshot = Snapshot {
            machine: machine.name.clone(),
            table: machine.fingerprints.table.clone(),
            language: machine.fingerprints.language.clone(),
            files: files.to_vec(),
            text: plain(&self.loaded.source.text),
        };
        NewFile {
            path: format!("{}/{number:0digits$}.toml", self.line.tables()),
            text: snapshot.print(),
        }
    }

    /// A finding at a state, or about the table as a whole.
    fn tell(&mut self, rule: &'static str, state: Option<&str>, message: String, help: String) {
        self.tell_as(Severity::Error, rule, state, message, help);
    }

    fn tell_as(
        &mut self,
        severity: Severity,
        rule: &'static str,
        state: Option<&str>,
        message: String,
        help: String,
    ) {
        let source = &self.loaded.source;
        let (_, table, _) = table::read(&source.path, source.text.as_bytes());
        let span = table.as_ref().zip(state).and_then(|(table, name)| {
            let row = table.state.iter().find(|row| row.name.get_ref() == name)?;
            Some(row.renamed_from.as_ref().unwrap_or(&row.name).span())
        });
        let finding = match span {
            Some(span) => source.finding(rule, severity, span, message, help),
            None => Finding::about(rule, severity, &source.path, message, help),
        };
        if !self.findings.contains(&finding) {
            self.findings.push(finding);
        }
    }

    fn refuse(&mut self, impossible: &Impossible) {
        self.tell(impossible.rule(), impossible.state(), impossible.to_string(), impossible.help());
    }

    /// Where another machine has the very column, and this one none so far, it was called so.
    fn renamed_machine(&mut self) {
        let column = |machine: &Machine| {
            let sql = machine.targets.sql.as_ref()?;
            Some((sql.schema.clone(), sql.table.clone(), sql.column.clone()))
        };
        let machine = &self.loaded.machine;
        let others = &self.state.others;
        let was = others.iter().find(|(_, other)| column(other) == column(machine));
        if let Some((was, _)) = was {
            let message = format!(
                "the column of the machine {} is that of the machine {was}, which was migrated to before",
                machine.name
            );
            let help = format!(
                "keep `name = \"{was}\"`, which the names of tables, types and functions are made \
                 of; `title` is what people read"
            );
            self.tell("target-changed", None, message, help);
        }
    }

    /// What `renamed_from` says that has no meaning any more, or never had.
    fn hints(&mut self, old: &Machine) {
        for state in &self.loaded.machine.states {
            let Some(from) = state.renamed_from.as_deref() else { continue };
            if old.find(from).is_some() {
                continue;
            }
            let (rule, message) = if old.find(&state.name).is_some() {
                (
                    "rename-done",
                    format!("`{from}` was renamed to `{}` by a migration before", state.name),
                )
            } else {
                (
                    "rename-of-nothing",
                    format!("no state was called `{from}` when it was migrated to last"),
                )
            };
            let help = "remove `renamed_from`".to_owned();
            self.tell_as(Severity::Warning, rule, Some(&state.name), message, help);
        }
    }

    /// What a rename of what is stored means for those who are not there yet.
    fn note_renames(&mut self, old: &Machine) {
        let machine = &self.loaded.machine;
        for (from, to) in renamed(old, machine) {
            let state = machine.find_value(to).map(|id| machine.state(id).name.clone());
            let message = format!(
                "`{from}` is stored as `{to}` from here on: backends and workflows of the table \
                 before don't know that, and their reports of `{from}` are refused"
            );
            let help = format!(
                "where they run meanwhile, or may come back, rename in code alone: keep \
                 `value = \"{from}\"`, which takes no migration"
            );
            self.tell_as(Severity::Warning, "value-renamed", state.as_deref(), message, help);
        }
    }
}

/// The way back of a migration, which there is none of.
fn no_way_back(machine: &Machine, dialect: Dialect) -> String {
    let name = &machine.name;
    let header = format!(
        "-- Generated by phasegate for the machine {name} (table {}): there is no way back, because rows\n\
         -- may be in states that are new. An older backend runs on the newer database; to undo a change,\n\
         -- change the table, then run `phasegate migrate`.\n",
        machine.fingerprints.table
    );
    let refusal = match dialect {
        Dialect::Postgres => {
            "DO $phasegate$\nBEGIN\n  RAISE EXCEPTION 'phasegate: this migration cannot be taken back: see its file';\nEND\n$phasegate$;\n"
        }
        // Outside of a trigger nothing else fails with words.
        Dialect::Sqlite => "SELECT phasegate_cannot_take_this_migration_back();\n",
    };
    format!("{header}\n{refusal}")
}
