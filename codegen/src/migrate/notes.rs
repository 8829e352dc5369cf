//! What is to be said of new migrations: what they mean for those who run already, what the tool that
//! runs them would do, and what the table says that has no meaning.

use super::folder::Folder;
use super::layout;
use super::plan::Plan;
use crate::emit::sql::{Dialect, Kind, Mode, Schema, SqlTarget, Storage, renamed, stale_default};
use crate::finding::Severity;
use crate::machine::Machine;
use crate::rules;
use crate::suggest::{self, toml};

impl Plan<'_> {
    /// Where another machine has the very column, and this one none so far, it was called so.
    pub(super) fn renamed_machine(&mut self) {
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
            self.report(rules::TARGET_CHANGED, None, message, help);
        }
    }

    /// Where the migrations so far are in another folder, the databases have run those.
    pub(super) fn moved(&mut self) {
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
            "move {was} and the folders of migrations next to it to where they are to be, or take the \
             change back; if the databases' own way leads to this table by migrations written by \
             hand, say so by `--baseline`"
        );
        self.report(rules::MIGRATIONS_MOVED, None, message, help);
    }

    /// What `renamed_from` says that has no meaning any more, or never had.
    pub(super) fn hints(&mut self, past: &[&Machine]) {
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
    pub(super) fn note_renames(&mut self, old: &Machine, dialect: Dialect) {
        let machine = &self.loaded.machine;
        let sql = machine.targets.sql();
        // Elsewhere a label is renamed, or no one else writes while a migration runs.
        let moves = sql.filter(|sql| dialect == Dialect::Postgres && sql.storage == Storage::Text);
        for (from, to) in renamed(old, machine) {
            let state = machine.find_value(to).map(|id| machine.state(id).name.clone());
            let message = format!(
                "`{from}` is stored as `{to}` from here on: backends and workflows of the table \
                 before don't know that, and their reports of `{from}` are refused"
            );
            let help = format!(
                "where they run meanwhile, or may come back, rename only in code: keep `value = {}`, \
                 which takes no migration",
                toml(from)
            );
            self.tell_as(Severity::Warning, rules::VALUE_RENAMED, state.as_deref(), message, help);
            if let Some(sql) = moves {
                let message = format!(
                    "the last file moves the rows of `{}` in {} to {} in one transaction: others \
                     that write one of them wait until it is committed",
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
    pub(super) fn note_default(&mut self, old: &Machine, dialect: Dialect) {
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
                format!("run with the migration, where there is such a default: {statement}")
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
    pub(super) fn note_folder(&mut self) {
        let folder = self.line.base.clone();
        if !self.line.mixed.is_empty() {
            let tools = self.line.mixed.join(" and ");
            let message = format!("{folder} has migrations as {tools} name them");
            let help =
                "say in `[target.sql] migrations` a folder for each dialect that one tool's \
                        migrations lie in, `{ postgres = \"...\" }`"
                    .to_owned();
            self.report(rules::MIXED_LAYOUTS, None, message, help);
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
            self.report(rules::SEVERAL_HEADS, None, message, help.to_owned());
        }
    }

    /// What the tool would do to that which the migrations make.
    fn note_tool(&mut self) {
        let machine = &self.loaded.machine;
        let Some(sql) = machine.targets.sql() else { return };
        let Some((&dialect, folder)) = self.line.folders.first_key_value() else { return };
        let folder = self.loaded.root.join(&self.line.base).join(folder);
        let objects = Schema::new(machine, sql, dialect).objects();
        let tables = objects.iter().filter(|object| object.kind == Kind::Table);
        let tables: Vec<&str> = tables.map(|table| table.name.as_str()).collect();
        if let Some((message, help)) = self.line.layout.warning(&folder, &suggest::list(&tables)) {
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

    /// What a removal takes for good, and what it leaves.
    pub(super) fn note_lost(&mut self, sql: &SqlTarget) {
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
            let help = "drop it by hand when no one needs its rows; to guard it again, say \
                        `owns = false`, because it is there already"
                .to_owned();
            self.tell_as(Severity::Warning, rules::REMOVED_FOR_GOOD, None, message, help);
        }
    }
}
