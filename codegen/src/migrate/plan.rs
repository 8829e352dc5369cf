//! The next files of one line.

use std::io;

use super::Ask;
use super::disk::NewFile;
use super::layout::Step;
use super::line::{Line, LineContents, Past};
use super::snapshot::{Snapshot, Sum, plain, sha256};
use super::version::Version;
use crate::emit::sql::{Dialect, Impossible, Migration, SqlTarget, migrations_of, removal};
use crate::finding::{Finding, Severity};
use crate::load::Loaded;
use crate::machine::Machine;
use crate::rules::Rule;
use crate::table;

/// One line's way to the table.
pub(super) struct Plan<'p> {
    pub(super) loaded: &'p Loaded,
    pub(super) line: &'p Line,
    pub(super) state: &'p LineContents,
    /// What keeps it from being gone, and warnings.
    pub(super) findings: Vec<Finding>,
}

impl<'p> Plan<'p> {
    pub(super) const fn new(loaded: &'p Loaded, line: &'p Line, state: &'p LineContents) -> Self {
        Self { loaded, line, state, findings: Vec::new() }
    }

    /// The files to write: migrations, and last the table that they lead to.
    pub(super) fn files(&mut self, ask: Ask) -> io::Result<Vec<NewFile>> {
        let machine = &self.loaded.machine;
        if ask == Ask::Remove {
            return self.removal();
        }
        let past: Vec<&Machine> = self.state.installed().iter().map(|past| &past.machine).collect();
        self.hints(&past);
        if ask == Ask::Baseline {
            let number = self.last()?;
            let is_taken = self.state.past.iter().any(|past| past.number == number);
            if is_taken || self.is_migrated() {
                return Ok(Vec::new());
            }
            return Ok(vec![self.snapshot(&number, &[])]);
        }
        if past.is_empty() {
            self.renamed_machine();
            if self.state.past.is_empty() {
                self.moved();
            }
        }
        if self.is_migrated() {
            return Ok(Vec::new());
        }
        let mut files = Vec::new();
        let mut number = self.last()?;
        for (&dialect, folder) in &self.line.folders {
            // What a table said of a dialect that it had no migrations for, no database has.
            let had_it = |old: &&Machine| {
                let sql = old.targets.sql();
                sql.is_some_and(|sql: &SqlTarget| sql.migrations.contains_key(&dialect))
            };
            let before: Vec<&Machine> = past.iter().copied().filter(had_it).collect();
            match migrations_of(&before, machine, dialect, ask == Ask::ChangesOfShared) {
                Ok(new) => {
                    files.extend(self.written(dialect, folder, &new, &mut number)?);
                    if let (Some(old), false) = (before.last(), new.is_empty()) {
                        self.note_renames(old, dialect);
                        self.note_default(old, dialect);
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
            self.note_folder();
            let snapshot = self.snapshot(&number, &files);
            files.push(snapshot);
        }
        Ok(files)
    }

    /// Whether the last table that was migrated to is this one to the letter: nothing leads from it to
    /// itself, and `check` is quick.
    fn is_migrated(&self) -> bool {
        let last = self.state.installed().last();
        last.is_some_and(|last| last.snapshot.text == plain(&self.loaded.source.text))
    }

    /// The files that take everything out again that the last table has, in each dialect that has it.
    fn removal(&mut self) -> io::Result<Vec<NewFile>> {
        let Some(last) = self.state.installed().last() else { return Ok(Vec::new()) };
        let Some(sql) = last.machine.targets.sql() else { return Ok(Vec::new()) };
        let mut files = Vec::new();
        let mut number = self.last()?;
        for (&dialect, folder) in &self.line.folders {
            let has_it = sql.migrations.contains_key(&dialect);
            let Some(removal) = removal(&last.machine, dialect).filter(|_| has_it) else {
                continue;
            };
            let written = self.written(dialect, folder, &[removal], &mut number)?;
            files.extend(written);
        }
        if !files.is_empty() {
            self.note_folder();
            self.note_lost(sql);
            let after = Some(last.sum());
            let snapshot = Snapshot {
                removed: true,
                after,
                files: self.sums(&files),
                ..last.snapshot.clone()
            };
            files.push(self.placed(&number, &snapshot));
        }
        Ok(files)
    }

    /// What everything in the line comes up to.
    fn last(&self) -> io::Result<Version> {
        let zero = || self.line.layout.parse(self.line.layout.zero());
        self.state.last.clone().or_else(zero).ok_or_else(|| self.no_number("0"))
    }

    fn no_number(&self, last: &str) -> io::Error {
        let message = format!("{}: no number comes after {last}", self.line.base);
        io::Error::new(io::ErrorKind::InvalidData, message)
    }

    /// The files of migrations under the numbers after all that are taken.
    fn written(
        &self,
        dialect: Dialect,
        folder: &str,
        new: &[Migration],
        number: &mut Version,
    ) -> io::Result<Vec<NewFile>> {
        let last = self.last()?;
        let mut steps = Vec::new();
        for (nth, migration) in (1..).zip(new) {
            let version = self.line.layout.after(&last, nth);
            let version = version.ok_or_else(|| self.no_number(&last.text))?;
            *number = version.clone().max(number.clone());
            let (name, text) = (&migration.name, &migration.text);
            steps.push(Step { version, name, text, machine: &self.loaded.machine, dialect });
        }
        let written = self.line.layout.write(&self.state.folders[&dialect], &steps);
        let files = written.into_iter().map(|(path, text)| NewFile {
            path: format!("{}{folder}{path}", self.line.base),
            text,
        });
        Ok(files.collect())
    }

    fn sums(&self, files: &[NewFile]) -> Vec<Sum> {
        let sum = |file: &NewFile| Sum {
            path: file.path[self.line.base.len()..].to_owned(),
            sha256: sha256(file.text.as_bytes()),
        };
        files.iter().map(sum).collect()
    }

    /// The table as it is, with the files that lead to it.
    fn snapshot(&self, number: &Version, files: &[NewFile]) -> NewFile {
        let machine = &self.loaded.machine;
        let snapshot = Snapshot {
            machine: machine.name.clone(),
            table: machine.fingerprints.table.clone(),
            language: machine.fingerprints.language.clone(),
            removed: false,
            after: self.state.past.last().map(Past::sum),
            files: self.sums(files),
            text: plain(&self.loaded.source.text),
        };
        self.placed(number, &snapshot)
    }

    fn placed(&self, number: &Version, snapshot: &Snapshot) -> NewFile {
        NewFile {
            path: format!("{}/{}.toml", self.line.tables(), number.text),
            text: snapshot.print(),
        }
    }

    /// A finding at a state, or about the table as a whole.
    pub(super) fn report(
        &mut self,
        rule: &'static Rule,
        state: Option<&str>,
        message: String,
        help: String,
    ) {
        self.tell_as(Severity::Error, rule, state, message, help);
    }

    pub(super) fn tell_as(
        &mut self,
        severity: Severity,
        rule: &'static Rule,
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
        self.report(
            impossible.rule(),
            impossible.state(),
            impossible.to_string(),
            impossible.help(),
        );
    }
}
