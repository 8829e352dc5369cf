//! Every object that the table makes, next to what the catalog has of it.

use super::Drift;
use super::connect::{Away, Conn};
use super::facts::Facts;
use super::judge::{Held, MADE_OTHERWISE};
use super::reader::CatalogEntry;
use phasegate_codegen::emit::sql::{Dialect, GUARDS, Mode};
use phasegate_codegen::emit::sql::{Kind, Object};
use phasegate_codegen::emit::sql::{literal, quoted};
use phasegate_codegen::finding::Severity::{Error, Warning};
use phasegate_codegen::rules;
use phasegate_codegen::suggest;

impl Held<'_> {
    /// The tables, triggers and functions; `bodies` where these are to be what the machine gives.
    pub(super) fn objects(&self, facts: &Facts, bodies: bool, drift: &mut Drift) {
        for table in self.of(Kind::Table) {
            self.table(facts, &table.name, table.columns.iter().map(|c| c.name.as_str()), drift);
        }
        let mut switched: Vec<&str> = Vec::new();
        for trigger in self.of(Kind::Trigger) {
            if self.trigger(facts, trigger, bodies, drift) {
                switched.push(&trigger.name);
            }
        }
        if !switched.is_empty() {
            let (named, is) = (suggest::list(&switched), self.other_mode().as_str());
            let message = format!(
                "the guard's mode is not the table's: as with `mode = \"{is}\"` are {named}"
            );
            let help = format!(
                "apply the migration that switches it, or drop them and run their CREATE TRIGGER of {} again",
                self.schema
            );
            drift.error(rules::OTHER_MODE, message, help);
        }
        for function in self.of(Kind::Function) {
            self.function(facts, function, drift);
        }
    }

    /// One table, and whether it has these columns.
    fn table<'c>(
        &self,
        facts: &Facts,
        table: &str,
        columns: impl Iterator<Item = &'c str>,
        drift: &mut Drift,
    ) {
        if !facts.has(table) {
            let message = format!("there is no table `{table}`");
            let help = "apply the migrations; where they have run, it was dropped: restore it from a backup, \
                 or run its CREATE TABLE of the generated schema again, without the history that it had";
            return drift.error(rules::MISSING_TABLE, message, help);
        }
        let lacking: Vec<&str> =
            columns.filter(|column| !facts.has_column(table, column)).collect();
        if !lacking.is_empty() {
            let message =
                format!("the table `{table}` lacks the columns {}", suggest::list(&lacking));
            drift.error(rules::MISSING_COLUMN, message, "apply the migrations");
        }
    }

    /// One trigger; whether it is what it would be in the other mode.
    fn trigger(&self, facts: &Facts, trigger: &Object, bodies: bool, drift: &mut Drift) -> bool {
        let Object { name, on: table, .. } = trigger;
        let at = format!("the trigger `{name}` of `{table}`");
        let again = format!("run its CREATE TRIGGER of {} again", self.schema);
        let Some(found) = facts.find("trigger", table, name) else {
            let message = format!("{at} is missing: {}", self.loses(table));
            let help = match self.schema.strip_suffix("/sqlite.sql") {
                Some(folder) if *table == self.names.table_name => {
                    format!(
                        "run {folder}/{GUARDS}: a table that was made anew has lost its triggers"
                    )
                }
                Some(_) | None => again,
            };
            drift.error(rules::MISSING_TRIGGER, message, help);
            return false;
        };
        if !found.note.is_empty() {
            let message = format!("{at} is disabled: {}", self.loses(table));
            let help =
                format!("ALTER TABLE {} ENABLE TRIGGER {}", self.names.of(table), quoted(name));
            drift.error(rules::DISABLED_TRIGGER, message, help);
        }
        if !bodies || facts.reader.is(trigger, found) {
            return false;
        }
        if self.is_otherwise(facts, trigger, found) {
            return true;
        }
        let message = format!("{at} is not what the table gives");
        let help = match self.names.dialect {
            Dialect::Postgres => {
                let (is, wanted) = (&found.text, &trigger.attributes);
                format!("{MADE_OTHERWISE}: it is\n{is}\nand should be\n{wanted}")
            }
            Dialect::Sqlite => format!("{MADE_OTHERWISE}: drop it, and {again}"),
        };
        drift.error(rules::ALTERED_TRIGGER, message, help);
        false
    }

    fn function(&self, facts: &Facts, function: &Object, drift: &mut Drift) {
        let name = &function.name;
        // What a row starts in is looked at with the default.
        if *name == self.names.name("initial") {
            return;
        }
        let Some(found) = facts.find("function", "", name) else {
            let message = format!("there is no function `{name}`");
            let help = format!("run its CREATE FUNCTION of {} again", self.schema);
            return drift.error(rules::MISSING_FUNCTION, message, help);
        };
        let again = format!("run its CREATE OR REPLACE FUNCTION of {} again", self.schema);
        let help = format!("{MADE_OTHERWISE}: {again}");
        // What the rules say is compared as rows; that keys were pruned is a fact of the database's.
        let is_data = *name == self.names.name("rules")
            || *name == self.names.name("has_pruned") && found.text == "SELECT true";
        let same = facts.reader.is(function, found);
        if !same && *name == self.names.name("mode") {
            let body = found.text.trim();
            let message = format!("the guard's mode is not the table's: `{name}` says `{body}`");
            let help = format!("SELECT {}(NULL), or {again}", self.names.at("set_mode"));
            drift.error(rules::OTHER_MODE, message, help);
        } else if !same && !is_data {
            let message = format!("the body of the function `{name}` is not what the table gives");
            drift.error(rules::ALTERED_FUNCTION, message, help);
        } else if found.note != function.attributes {
            let message = runs_otherwise(name, &found.note, &function.attributes);
            drift.error(rules::ALTERED_FUNCTION, message, help);
        }
    }

    /// The indexes, constraints and columns.
    pub(super) fn shape(&self, facts: &Facts, drift: &mut Drift) {
        for index in self.of(Kind::Index).filter(|index| facts.has(&index.on)) {
            let name = &index.name;
            let help = format!("run its CREATE INDEX of {} again", self.schema);
            let Some(found) = facts.find("index", &index.on, name) else {
                let message = format!("the index `{name}` of `{}` is missing", index.on);
                drift.error(rules::MISSING_INDEX, message, help);
                continue;
            };
            if !found.note.is_empty() || !facts.reader.is(index, found) {
                let (is, invalid) = (&found.text, &found.note);
                let message =
                    format!("the index `{name}` is not what the table gives: {is} {invalid}");
                let help = format!("drop it, and {help}");
                drift.error(rules::ALTERED_INDEX, message.trim_end(), help);
            }
        }
        for table in self.of(Kind::Table).filter(|table| facts.has(&table.name)) {
            self.constraints(facts, table, drift);
            self.columns(facts, table, drift);
        }
    }

    fn constraints(&self, facts: &Facts, table: &Object, drift: &mut Drift) {
        let name = &table.name;
        let is_of = |found: &&CatalogEntry| {
            found.kind == "constraint" && facts.reader.folded(&found.on) == *name
                || found.kind == "table"
                    && facts.reader.folded(&found.name) == facts.reader.folded(name)
        };
        let found: Vec<&CatalogEntry> = facts.catalog.iter().filter(is_of).collect();
        let keys = table.columns.iter().filter(|column| !column.primary.is_empty());
        let keys = keys.map(|column| format!("PRIMARY KEY ({})", quoted(&column.name)));
        // SQLite says it with the column.
        let keys = keys.filter(|_| self.names.dialect == Dialect::Postgres);
        for constraint in table.constraints.iter().cloned().chain(keys) {
            if facts.reader.has_constraint(&found, &constraint) {
                continue;
            }
            let message = format!("the table `{name}` lacks its constraint {constraint}");
            let help = match self.names.dialect {
                Dialect::Postgres => {
                    format!("ALTER TABLE {} ADD {constraint}", self.names.of(name))
                }
                Dialect::Sqlite => format!("make the table again as {} has it", self.schema),
            };
            drift.error(rules::MISSING_CONSTRAINT, message, help);
        }
    }

    fn columns(&self, facts: &Facts, table: &Object, drift: &mut Drift) {
        let names = self.names;
        for column in &table.columns {
            let Some(found) = facts.find("column", &table.name, &column.name) else { continue };
            let is_status = table.name == names.table_name && column.name == names.column_name;
            // The default of the status is looked at with what rows start in.
            let cut = |is: &str| match is.split_once(" DEFAULT ") {
                Some((cut, _)) if is_status => cut.to_owned(),
                Some(_) | None => is.to_owned(),
            };
            let wanted = cut(&column.is);
            let (stands, is) = match names.dialect {
                Dialect::Sqlite => {
                    let line = format!("{} {wanted}{}", quoted(&column.name), column.primary);
                    (facts.reader.has_constraint(&[found], &line), "otherwise".to_owned())
                }
                Dialect::Postgres => {
                    let is = cut(&found.text).replace('"', "");
                    (is == wanted.replace('"', ""), is)
                }
            };
            if stands {
                continue;
            }
            let (table, name) = (&table.name, &column.name);
            let message = format!("the column `{table}.{name}` is {is}, not {wanted}");
            let help = format!("alter it back to what {} has", self.schema);
            // What an application does with the columns that are there for it is its own affair.
            let is_ours = *table != names.table_name
                || *name == names.column_name
                || names.parts.iter().any(|part| part.name == *name);
            let severity = if is_ours { Error } else { Warning };
            drift.add(rules::ALTERED_COLUMN, severity, message, help);
        }
    }

    /// The views: on SQLite word by word; PostgreSQL keeps no text, but plans both alike. `knows`
    /// where the rules are those that the table gives.
    pub(super) async fn views(
        &self,
        conn: &mut Conn,
        facts: &Facts,
        knows: bool,
        drift: &mut Drift,
    ) -> Result<(), Away> {
        let names = self.names;
        let is_sqlite = names.dialect == Dialect::Sqlite;
        // It is reported of the mode, or of the table.
        let is_switched = self.is_in_the_other_mode(facts);
        for view in self.of(Kind::View) {
            let name = &view.name;
            let is_observed = *name == names.name("observed");
            // A view of SQLite's says the mode, too.
            if is_switched && (is_observed || is_sqlite) {
                continue;
            }
            let help =
                format!("apply the migrations, or run its CREATE VIEW of {} again", self.schema);
            let Some(found) = facts.find("view", "", name) else {
                drift.error(rules::MISSING_VIEW, format!("there is no view `{name}`"), help);
                continue;
            };
            // What SQLite's rules say is judged row by row.
            let rules =
                ["states", "transitions", "language", "renames"].map(|view| names.name(view));
            if is_sqlite && rules.contains(name) || !self.can_select(facts) {
                continue;
            }
            let stands = match names.dialect {
                Dialect::Sqlite => facts.reader.is(view, found),
                Dialect::Postgres if !self.is_the_history_s(conn, name).await? => continue,
                Dialect::Postgres => {
                    let plan = "EXPLAIN (VERBOSE, COSTS OFF) SELECT * FROM";
                    let is = conn.rows(&format!("{plan} {}", names.of(name))).await?;
                    is == conn.rows(&format!("{plan} ({}) v", view.body)).await?
                }
            };
            // What it observes is said in words of the table's states.
            if !stands && (knows || !is_observed) {
                let message = format!("the view `{name}` is not what the table gives");
                let help = format!("{MADE_OTHERWISE}: drop it, and {help}");
                drift.error(rules::ALTERED_VIEW, message, help);
            }
        }
        Ok(())
    }

    /// Whether a view is its owner's who has the history, too. Another one may not read it, and is
    /// told of.
    async fn is_the_history_s(&self, conn: &mut Conn, view: &str) -> Result<bool, Away> {
        let names = self.names;
        let states = names.name("states");
        let sql = format!(
            "SELECT '' FROM pg_class v JOIN pg_class e ON e.relnamespace = v.relnamespace AND e.relowner = v.relowner \
             JOIN pg_namespace n ON n.oid = v.relnamespace \
             WHERE n.nspname = {} AND v.relname = {} AND e.relname = {}",
            literal(&names.schema_name),
            literal(view),
            literal(self.sql.events.as_ref().unwrap_or(&states))
        );
        Ok(!conn.rows(&sql).await?.is_empty())
    }

    /// Whether all is there that views are of.
    pub(super) fn can_select(&self, facts: &Facts) -> bool {
        let rules = ["states", "transitions", "renames"].map(|view| self.names.name(view));
        rules.iter().all(|view| facts.has(view))
            && self.of(Kind::Table).all(|table| {
                table.columns.iter().all(|column| facts.has_column(&table.name, &column.name))
            })
    }

    fn other_mode(&self) -> Mode {
        match self.sql.mode {
            Mode::Enforce => Mode::Observe,
            Mode::Observe => Mode::Enforce,
        }
    }

    /// Whether it is the other mode's, of what the modes tell apart.
    fn is_otherwise(&self, facts: &Facts, object: &Object, found: &CatalogEntry) -> bool {
        self.otherwise.iter().any(|other| other.is(object) && facts.reader.is(other, found))
    }

    /// Whether the guards are those of the other mode, which is reported of them.
    fn is_in_the_other_mode(&self, facts: &Facts) -> bool {
        let mut objects = self.of(Kind::Function).chain(self.of(Kind::Trigger));
        objects.any(|object| {
            let found = facts.find(object.kind.as_str(), &object.on, &object.name);
            let found = found.filter(|found| !facts.reader.is(object, found));
            found.is_some_and(|found| self.is_otherwise(facts, object, found))
        })
    }

    /// What is lost with a trigger of a table.
    fn loses(&self, table: &str) -> &'static str {
        if table == self.names.table_name {
            "changes of the status are not judged or not recorded"
        } else if table == self.names.events_name {
            "the history can be changed"
        } else {
            "what it guards can be changed"
        }
    }
}

/// That a function's attributes are others.
pub(super) fn runs_otherwise(name: &str, is: &str, wanted: &str) -> String {
    format!("the function `{name}` runs otherwise than the table says: `{is}`, not `{wanted}`")
}
