//! The next files of one line, and what is to be said of them.

use std::io;

use super::Ask;
use super::disk::NewFile;
use super::folder::Folder;
use super::layout::{self, Step, Version};
use super::line::{Line, Past, State};
use super::snapshot::{Snapshot, Sum, plain, sha256};
use crate::emit::sql::{
    Dialect, Impossible, Kind, Migration, Mode, Schema, SqlTarget, Storage, migrations, removal,
    renamed, stale_default,
};
use crate::finding::{Finding, Severity};
use crate::load::Loaded;
use crate::machine::Machine;
use crate::rules::{self, Rule};
use crate::suggest::{self, toml};
use crate::table;

/// One line's way to the table.
pub(super) struct Plan<'p> {
    loaded: &'p Loaded,
    line: &'p Line,
    state: &'p State,
    /// What keeps it from being gone, and warnings.
    pub(super) findings: Vec<Finding>,
}

impl<'p> Plan<'p> {
    pub(super) const fn new(loaded: &'p Loaded, line: &'p Line, state: &'p State) -> Self {
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
            if self.state.past.iter().any(|past| past.number == number) {
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
        let mut files = Vec::new();
        let mut number = self.last()?;
        for (&dialect, folder) in &self.line.folders {
            // What a table said of a dialect that it had no migrations for, no database has.
            let had_it = |old: &&Machine| {
                let sql = old.targets.sql();
                sql.is_some_and(|sql: &SqlTarget| sql.migrations.contains_key(&dialect))
            };
            let before: Vec<&Machine> = past.iter().copied().filter(had_it).collect();
            match migrations(&before, machine, dialect) {
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

    /// What a removal takes for good, and what it leaves.
    fn note_lost(&mut self, sql: &SqlTarget) {
        let machine = &self.loaded.machine.name;
        if let Some(events) = &sql.events {
            let message = format!(
                "the history `{events}` and the reports `{machine}_reports` are dropped, with all that \
                 is in them"
            );
            let help =
                "where anyone may ask for them later, copy them before this migration runs: \
                        `CREATE TABLE ... AS SELECT * FROM ...`"
                    .to_owned();
            self.tell_as(Severity::Warning, rules::REMOVED_FOR_GOOD, None, message, help);
        }
        if sql.owns {
            let message = format!(
                "the table `{}` stays with its rows, its type and its default: it is the application's \
                 own from here on",
                sql.table
            );
            let help = "drop it by hand when nobody needs its rows; to guard it again, say \
                        `owns = false`, because it is there already"
                .to_owned();
            self.tell_as(Severity::Warning, rules::REMOVED_FOR_GOOD, None, message, help);
        }
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
            let version = last.after(nth, self.line.layout);
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
    fn tell(&mut self, rule: &'static Rule, state: Option<&str>, message: String, help: String) {
        self.tell_as(Severity::Error, rule, state, message, help);
    }

    fn tell_as(
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
        self.tell(impossible.rule(), impossible.state(), impossible.to_string(), impossible.help());
    }

    /// Where another machine has the very column, and this one none so far, it was called so.
    fn renamed_machine(&mut self) {
        let column = |machine: &Machine| {
            let sql = machine.targets.sql()?;
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
            self.tell(rules::TARGET_CHANGED, None, message, help);
        }
    }

    /// Where the migrations so far are in another folder, the databases have run those.
    fn moved(&mut self) {
        let loaded = self.loaded;
        let Some(last) = self.line.elsewhere(&loaded.root, &loaded.machine.name) else { return };
        let tables = self.line.tables();
        let was = last.rsplit_once('/').map_or("", |(folder, _)| folder);
        let message = format!(
            "`[target.sql] migrations` leads to {tables}, where there are none of the machine {}: it was \
             migrated to {last} before",
            loaded.machine.name
        );
        let help = format!(
            "move {was} and the folders of migrations beside it to where they are to be, or take the \
             change back; if the databases' own way leads to this table by migrations written by \
             hand, say so by `--baseline`"
        );
        self.tell(rules::MIGRATIONS_MOVED, None, message, help);
    }

    /// What `renamed_from` says that has no meaning any more, or never had.
    fn hints(&mut self, past: &[&Machine]) {
        let Some(old) = past.last() else { return };
        for state in &self.loaded.machine.states {
            let Some(from) = state.renamed_from.as_deref() else { continue };
            if old.find(from).is_some() {
                continue;
            }
            let was = past.iter().any(|past| past.find(from).is_some());
            let (rule, message) = if was && old.find(&state.name).is_some() {
                (
                    rules::RENAME_DONE,
                    format!("`{from}` was renamed to `{}` by a migration before", state.name),
                )
            } else {
                (
                    rules::RENAME_OF_NOTHING,
                    format!("no state was called `{from}` in a table that was migrated to"),
                )
            };
            let help = "remove `renamed_from`".to_owned();
            self.tell_as(Severity::Warning, rule, Some(&state.name), message, help);
        }
    }

    /// What a rename of what is stored means for those who are not there yet.
    fn note_renames(&mut self, old: &Machine, dialect: Dialect) {
        let machine = &self.loaded.machine;
        let sql = machine.targets.sql();
        // Elsewhere a label is renamed, or nobody else writes while a migration runs.
        let moves = sql.filter(|sql| dialect == Dialect::Postgres && sql.storage == Storage::Text);
        for (from, to) in renamed(old, machine) {
            let state = machine.find_value(to).map(|id| machine.state(id).name.clone());
            let message = format!(
                "`{from}` is stored as `{to}` from here on: backends and workflows of the table \
                 before don't know that, and their reports of `{from}` are refused"
            );
            let help = format!(
                "where they run meanwhile, or may come back, rename in code alone: keep `value = {}`, \
                 which takes no migration",
                toml(from)
            );
            self.tell_as(Severity::Warning, rules::VALUE_RENAMED, state.as_deref(), message, help);
            if let Some(sql) = moves {
                let message = format!(
                    "the last file moves the rows of `{}` in {} to {} in one transaction: whoever \
                     wants to write one of them waits until it is committed",
                    sql.table,
                    suggest::list(&[from]),
                    suggest::list(&[to])
                );
                let help = format!(
                    "see first how many they are; where they are too many to wait for, keep `value = {}`",
                    toml(from)
                );
                self.tell_as(Severity::Warning, rules::ROWS_MOVED, state.as_deref(), message, help);
            }
        }
    }

    /// What a default that the application's own column may have says from here on.
    fn note_default(&mut self, old: &Machine, dialect: Dialect) {
        let machine = &self.loaded.machine;
        let Some(sql) = machine.targets.sql() else { return };
        let Some((stale, statement)) = stale_default(old, machine, dialect) else { return };
        let message = format!(
            "no row starts in {} any more, and `{}.{}` is the application's own column: where its \
             default is that, every INSERT without a status is {} from here on",
            suggest::list(&stale),
            sql.table,
            sql.column,
            match sql.mode {
                Mode::Enforce => "refused",
                Mode::Observe => "marked and counted (and refused, once the guard enforces)",
            }
        );
        let help = match statement {
            Some(statement) => {
                format!("run beside the migration, where there is such a default: {statement}")
            }
            None => {
                "SQLite cannot change a default: make the table anew with another, where it has \
                     that one, or say the status in every INSERT"
                    .to_owned()
            }
        };
        let start = machine.state(machine.initial[0]).name.clone();
        self.tell_as(Severity::Warning, rules::DEFAULT_LEFT, Some(&start), message, help);
    }

    /// Whether it is plain which tool runs the migrations and what the next one comes after, and what
    /// the tool passes over or would do.
    fn note_folder(&mut self) {
        let folder = self.line.base.clone();
        if !self.line.mixed.is_empty() {
            let tools = self.line.mixed.join(" and ");
            let message = format!("{folder} has migrations as {tools} name them");
            let help =
                "say in `[target.sql] migrations` a folder for each dialect that one tool's \
                        migrations lie in, `{ postgres = \"...\" }`"
                    .to_owned();
            self.tell(rules::MIXED_LAYOUTS, None, message, help);
        } else {
            self.note_other_names();
        }
        if self.state.past.is_empty() {
            self.note_tool();
        }
        for found in self.state.folders.values().map(Folder::heads).filter(|heads| heads.len() > 1)
        {
            let message = format!(
                "{folder} has {} revisions that nothing comes after: {}",
                found.len(),
                suggest::list(&found)
            );
            let help = "bring them together by `alembic merge heads`, then run `phasegate migrate`";
            self.tell(rules::SEVERAL_HEADS, None, message, help.to_owned());
        }
    }

    /// What the tool would do to that which the migrations make.
    fn note_tool(&mut self) {
        let machine = &self.loaded.machine;
        let Some(sql) = machine.targets.sql() else { return };
        let Some((&dialect, _)) = self.line.folders.first_key_value() else { return };
        let objects = Schema::new(machine, sql, dialect).objects();
        let tables = objects.iter().filter(|object| object.kind == Kind::Table);
        let tables: Vec<&str> = tables.map(|table| table.name.as_str()).collect();
        if let Some((message, help)) = self.line.layout.warning(&suggest::list(&tables)) {
            self.tell_as(Severity::Warning, rules::UNKNOWN_TO_TOOL, None, message, help);
        }
    }

    /// Migrations that go by another tool's names, which neither count here nor run with these.
    fn note_other_names(&mut self) {
        let line = self.line;
        for (dialect, folder) in &self.state.folders {
            let at = format!("{}{}", line.base, line.folders[dialect]);
            let path = self.loaded.root.join(&at);
            let names = layout::passed_over(&path, folder, line.layout);
            if names.is_empty() {
                continue;
            }
            let tool = line.layout.tool();
            let message = format!(
                "{at} has migrations that are not named as {tool} takes them: {}",
                suggest::list(&names)
            );
            let help = format!(
                "they are passed over, and {tool} runs none of them: where another tool does, say a \
                 folder of their own for these in `[target.sql] migrations`, and run them by {tool}"
            );
            self.tell_as(Severity::Warning, rules::NOT_NUMBERED, None, message, help);
        }
    }
}
