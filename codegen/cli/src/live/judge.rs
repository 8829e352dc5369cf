//! What a live database's rules and guards fall short of.

use std::collections::BTreeSet;

use super::Telling;
use super::expected::Objects;
use super::facts::{Facts, Names, literal, quoted};
use super::spelling::Trigger;
use phasegate_codegen::emit::sql::{Dialect, GUARDS, Matched, Mode, Sql, SqlTarget};
use phasegate_codegen::finding::Severity::{Error, Warning};
use phasegate_codegen::machine::Machine;
use phasegate_codegen::rules;
use phasegate_codegen::suggest;

/// Why something is there that the table does not give.
pub(super) const MADE_OTHERWISE: &str =
    "somebody edited it, or another version of phasegate made it";

/// What a database is held to.
pub(super) struct Held<'h> {
    pub(super) names: &'h Names,
    pub(super) sql: &'h SqlTarget,
    /// The table that it is at.
    pub(super) machine: &'h Machine,
    /// A later one that it may be on the way to, where it is behind.
    pub(super) next: Option<&'h Machine>,
    /// Where the whole schema lies, as findings name it.
    pub(super) schema: String,
}

impl Held<'_> {
    /// Labels of the enum; their order is a note, for states are never compared by it.
    pub(super) fn labels(&self, facts: &Facts, tell: &mut Telling) {
        let Some(labels) = &facts.labels else { return };
        let values: Vec<&str> = self.machine.states.iter().map(|s| s.value.as_str()).collect();
        let has = |value: &str| labels.iter().any(|label| label == value);
        // A label that a migration has renamed on its way is there by its new name.
        let lacking: Vec<&str> = values
            .iter()
            .copied()
            .filter(|v| !has(v) && !self.becomes(v).is_some_and(has))
            .collect();
        let extra: Vec<&str> = labels
            .iter()
            .map(String::as_str)
            .filter(|label| !values.contains(label) && !self.is_coming(label))
            // What a state was called stays a label while both names are in force.
            .filter(|label| !facts.renames.keys().any(|(_, state)| state == label))
            .collect();
        let label_type = &facts.label_type;
        // One for the other: it has another name, and its rows with it.
        let renamed = match (&lacking[..], &extra[..]) {
            ([lacking], [extra]) => Some(format!(
                "ALTER TYPE {label_type} RENAME VALUE {} TO {}",
                literal(extra),
                literal(lacking)
            )),
            (_, _) => None,
        };
        if let Some(label) = lacking.first() {
            let message = format!(
                "the type of `{}` lacks the labels {}",
                self.column(),
                suggest::list(&lacking)
            );
            let help = renamed.clone().unwrap_or_else(|| {
                let more = if lacking.len() == 1 { "" } else { ", and so on" };
                format!("ALTER TYPE {label_type} ADD VALUE IF NOT EXISTS {}{more}", literal(label))
            });
            tell.error(rules::MISSING_LABEL, message, help);
        }
        if !extra.is_empty() {
            let message = format!(
                "the type of `{}` has labels that the table lacks: {}",
                self.column(),
                suggest::list(&extra)
            );
            let help = renamed.unwrap_or_else(|| {
                "add the states to the table and migrate; a label cannot be dropped, and the guard \
                 refuses one that is no state"
                    .to_owned()
            });
            let severity = if self.sql.owns { Error } else { Warning };
            tell.tell(rules::EXTRA_LABEL, severity, message, help);
        }
        let both: Vec<&str> =
            values.iter().copied().filter(|v| labels.iter().any(|l| l == v)).collect();
        let order: Vec<&str> =
            labels.iter().map(String::as_str).filter(|label| both.contains(label)).collect();
        if order != both {
            let message = format!("the labels of `{}` stand in another order", self.column());
            let help = format!(
                "where a query of yours sorts or compares by them, order the [[state]] rows as the labels stand: {}",
                suggest::list(&order)
            );
            tell.tell(rules::LABEL_ORDER, Warning, message, help);
        }
    }

    pub(super) fn rules_again(&self) -> String {
        self.names.rules_again()
    }

    fn column(&self) -> String {
        format!("{}.{}", self.names.table, self.names.column)
    }

    /// What a value is called in a later table.
    fn becomes(&self, value: &str) -> Option<&str> {
        let next = self.next?;
        let id = self.machine.find_value(value)?;
        let id = Matched::new(self.machine, next).becomes(id)?;
        Some(next.state(id).value.as_str())
    }

    /// Whether a later table has the value.
    fn is_coming(&self, value: &str) -> bool {
        self.next.is_some_and(|next| next.find_value(value).is_some())
    }

    /// The rows that the guards judge by.
    pub(super) fn rows(&self, facts: &Facts, tell: &mut Telling) {
        self.states(facts, tell);
        self.transitions(facts, tell);
    }

    fn states(&self, facts: &Facts, tell: &mut Telling) {
        let table = &self.names.states;
        let value = |id| self.machine.state(id).value.as_str();
        let lacking: Vec<&str> = self
            .machine
            .state_ids()
            .map(value)
            .filter(|value| !facts.states.contains_key(*value))
            .collect();
        if !lacking.is_empty() {
            let message = format!("`{table}` lacks the states {}", suggest::list(&lacking));
            tell.error(rules::MISSING_STATE, message, self.rules_again());
        }
        let extra: Vec<&str> = facts
            .states
            .keys()
            .map(String::as_str)
            .filter(|value| self.machine.find_value(value).is_none() && !self.is_coming(value))
            .collect();
        if !extra.is_empty() {
            let message =
                format!("`{table}` has states that the table lacks: {}", suggest::list(&extra));
            let help = format!("add them to the table and migrate, or {}", self.rules_again());
            tell.error(rules::EXTRA_STATE, message, help);
        }
        let other: Vec<&str> = self
            .machine
            .state_ids()
            .filter(|&id| {
                let starts = |value: &str| facts.states.get(value).map(|(_, initial)| *initial);
                let wanted = Some(self.machine.is_initial(id));
                let found = starts(value(id));
                // One that a migration is renaming starts rows by its new name.
                found.is_some()
                    && found != wanted
                    && self.becomes(value(id)).and_then(starts) != wanted
            })
            .map(value)
            .collect();
        if !other.is_empty() {
            let message =
                format!("`{table}` says otherwise whether rows start in {}", suggest::list(&other));
            tell.error(rules::ALTERED_STATE, message, self.rules_again());
        }
    }

    fn transitions(&self, facts: &Facts, tell: &mut Telling) {
        let table = &self.names.transitions;
        let value = |id| self.machine.state(id).value.as_str();
        let pairs: BTreeSet<(&str, &str)> =
            self.machine.transitions().map(|(from, to, _)| (value(from), value(to))).collect();
        let shown = |pairs: &[(&str, &str)]| {
            let pairs: Vec<String> = pairs.iter().map(|(a, b)| format!("{a} -> {b}")).collect();
            suggest::list(&pairs)
        };
        let has = |pair: &(&str, &str)| {
            facts.transitions.contains_key(&(pair.0.to_owned(), pair.1.to_owned()))
        };
        // While a migration renames a state, nothing enters its old name any more.
        let renamed = |&(from, to): &(&str, &str)| {
            let now = |value| self.becomes(value).unwrap_or(value);
            has(&(now(from), now(to))) || has(&(from, now(to)))
        };
        let lacking: Vec<(&str, &str)> =
            pairs.iter().copied().filter(|pair| !has(pair) && !renamed(pair)).collect();
        if !lacking.is_empty() {
            let message = format!("`{table}` lacks what the table allows: {}", shown(&lacking));
            tell.error(rules::MISSING_TRANSITION, message, self.rules_again());
        }
        let is_coming = |from: &str, to: &str| {
            self.next.is_some_and(|next| match (next.find_value(from), next.find_value(to)) {
                (Some(from), Some(to)) => next.can_become(from, to),
                (_, _) => false,
            })
        };
        let extra: Vec<(&str, &str)> = facts
            .transitions
            .keys()
            .map(|(from, to)| (from.as_str(), to.as_str()))
            .filter(|&(from, to)| !pairs.contains(&(from, to)) && !is_coming(from, to))
            .collect();
        if !extra.is_empty() {
            let message = format!("`{table}` allows what the table does not: {}", shown(&extra));
            let help =
                format!("add the transitions to the table and migrate, or {}", self.rules_again());
            tell.error(rules::EXTRA_TRANSITION, message, help);
        }
        let other: Vec<(&str, &str)> = self
            .machine
            .transitions()
            .filter(|&(from, to, kind)| {
                let pair = (value(from).to_owned(), value(to).to_owned());
                facts.transitions.get(&pair).is_some_and(|found| found != kind.as_str())
            })
            .map(|(from, to, _)| (value(from), value(to)))
            .collect();
        if !other.is_empty() {
            let message =
                format!("`{table}` takes skips for declared, or the reverse: {}", shown(&other));
            tell.error(rules::ALTERED_TRANSITION, message, self.rules_again());
        }
    }

    /// The tables, triggers and functions; `bodies` where these are to be what the machine gives.
    pub(super) fn objects(&self, facts: &Facts, bodies: bool, tell: &mut Telling) {
        let expected = Objects::of(self.machine, self.names.dialect);
        let (is, otherwise) = self.in_the_other_mode();
        let mut switched: Vec<&str> = Vec::new();
        for (table, columns) in &expected.tables {
            if !facts.has(table) {
                let message = format!("there is no table `{table}`");
                tell.error(rules::MISSING_TABLE, message, "apply the migrations");
                continue;
            }
            let lacking: Vec<&String> =
                columns.iter().filter(|column| !facts.has_column(table, column)).collect();
            if !lacking.is_empty() {
                let message =
                    format!("the table `{table}` lacks the columns {}", suggest::list(&lacking));
                tell.error(rules::MISSING_COLUMN, message, "apply the migrations");
            }
        }
        for ((table, name), trigger) in &expected.triggers {
            let at = format!("the trigger `{name}` of `{table}`");
            let Some(found) = facts.triggers.get(&(table.clone(), name.clone())) else {
                let message = format!("{at} is missing: {}", self.loses(table));
                let help = match self.schema.strip_suffix("/sqlite.sql") {
                    Some(folder) if *table == self.names.table => format!(
                        "run {folder}/{GUARDS}: a table that was made anew has lost its triggers"
                    ),
                    Some(_) | None => format!("run its CREATE TRIGGER of {} again", self.schema),
                };
                tell.error(rules::MISSING_TRIGGER, message, help);
                continue;
            };
            if !found.enabled {
                let message = format!("{at} is disabled: {}", self.loses(table));
                let help = format!(
                    "ALTER TABLE {} ENABLE TRIGGER {}",
                    self.names.quoted(table),
                    quoted(name)
                );
                tell.error(rules::DISABLED_TRIGGER, message, help);
            }
            let same = |other: &Trigger| other.definition == found.trigger.definition;
            let key = (table.clone(), name.clone());
            if bodies && !same(trigger) && otherwise.triggers.get(&key).is_some_and(same) {
                switched.push(name);
            } else if bodies && !same(trigger) {
                let message = format!("{at} is not what the table gives");
                let help = match self.names.dialect {
                    Dialect::Postgres => {
                        format!(
                            "{MADE_OTHERWISE}: it is\n{}\nand should be\n{}",
                            found.trigger.sql, trigger.sql
                        )
                    }
                    Dialect::Sqlite => {
                        format!(
                            "{MADE_OTHERWISE}: drop it, and run its CREATE TRIGGER of {} again",
                            self.schema
                        )
                    }
                };
                tell.error(rules::ALTERED_TRIGGER, message, help);
            }
        }
        if !switched.is_empty() {
            let named = suggest::list(&switched);
            let message = format!(
                "the guard's mode is not the table's: as with `mode = \"{is}\"` are {named}"
            );
            let help = format!(
                "apply the migration that switches it, or drop them and run their CREATE TRIGGER of {} again",
                self.schema
            );
            tell.error(rules::OTHER_MODE, message, help);
        }
        for (name, function) in &expected.functions {
            let Some(found) = facts.functions.get(name) else {
                let message = format!("there is no function `{name}`");
                let help = format!("run its CREATE FUNCTION of {} again", self.schema);
                tell.error(rules::MISSING_FUNCTION, message, help);
                continue;
            };
            let again = format!("run its CREATE OR REPLACE FUNCTION of {} again", self.schema);
            let help = format!("{MADE_OTHERWISE}: {again}");
            // What the rules say is compared as rows; that keys were pruned is a fact of the database's.
            let is_data = *name == self.names.rules
                || *name == self.names.has_pruned && found.body == "SELECT true";
            if *name == self.names.mode && found.body != function.body {
                let body = found.body.trim();
                let message =
                    format!("the guard's mode is not the table's: `{name}` says `{body}`");
                tell.error(rules::OTHER_MODE, message, again);
            } else if !is_data && found.body != function.body {
                let message =
                    format!("the body of the function `{name}` is not what the table gives");
                tell.error(rules::ALTERED_FUNCTION, message, help);
            } else if found.attributes != function.attributes {
                let message = runs_otherwise(name, &found.attributes, &function.attributes);
                tell.error(rules::ALTERED_FUNCTION, message, help);
            }
        }
    }

    /// Sessions in which no trigger fires, unless they ask for it.
    pub(super) fn sessions(facts: &Facts, tell: &mut Telling) {
        for (place, is_a_role) in &facts.replicas {
            let message = format!(
                "sessions of {place} run with session_replication_role = replica: no guard judges them"
            );
            let (severity, help) = match is_a_role {
                true => (Warning, "reset it there; a subscriber's own role may keep it"),
                false => (Error, "reset it there, and see what was written meanwhile"),
            };
            tell.tell(rules::REPLICA_SESSIONS, severity, message, help);
        }
    }

    /// What the other mode is called and makes: on SQLite the guards themselves are in one or the
    /// other. Observing takes a history.
    pub(super) fn in_the_other_mode(&self) -> (&'static str, Objects) {
        let mut machine = self.machine.clone();
        let sql = machine.targets.sql().filter(|sql| sql.events.is_some());
        let Some(sql) = sql else { return (Mode::Enforce.as_str(), Objects::default()) };
        let mode = match sql.mode {
            Mode::Enforce => Mode::Observe,
            Mode::Observe => Mode::Enforce,
        };
        machine.targets.set::<Sql>(SqlTarget { mode, ..sql.clone() });
        (mode.as_str(), Objects::of(&machine, self.names.dialect))
    }

    /// Whether the guards are those of the other mode, which is told of them.
    pub(super) fn is_in_the_other_mode(&self, facts: &Facts, expected: &Objects) -> bool {
        let (_, otherwise) = self.in_the_other_mode();
        let functions = otherwise.functions.iter().any(|(name, function)| {
            let found = facts.functions.get(name);
            expected.functions.get(name) != Some(function)
                && found.is_some_and(|found| found.body == function.body)
        });
        let triggers = otherwise.triggers.iter().any(|(at, trigger)| {
            let same = |other: &Trigger| other.definition == trigger.definition;
            let found = facts.triggers.get(at).is_some_and(|found| same(&found.trigger));
            found && !expected.triggers.get(at).is_some_and(same)
        });
        functions || triggers
    }

    /// What is lost with a trigger of a table.
    fn loses(&self, table: &str) -> &'static str {
        if table == self.names.table {
            "changes of the status are not judged or not recorded"
        } else if Some(table) == self.names.events.as_deref() {
            "the history can be changed"
        } else {
            "what it guards can be changed"
        }
    }
}

/// That a function's attributes are others.
pub(super) fn runs_otherwise(name: &str, is: &str, wanted: &str) -> String {
    format!("the function `{name}` runs otherwise than the table says: {is}, not {wanted}")
}
