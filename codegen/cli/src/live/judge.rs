//! Where a live database's rules and guards are not as expected.

use std::collections::BTreeSet;

use super::Drift;
use super::facts::{Facts, rules_again};
use phasegate_codegen::emit::sql::{Kind, Object, Schema};
use phasegate_codegen::emit::sql::{Matched, Mode, SqlTarget};
use phasegate_codegen::emit::sql::{SqlNames, literal};
use phasegate_codegen::finding::Severity::{Error, Warning};
use phasegate_codegen::machine::{Machine, State};
use phasegate_codegen::rules;
use phasegate_codegen::suggest;

/// Why something is there that the table does not give.
pub(super) const MADE_OTHERWISE: &str =
    "somebody edited it, or another version of phasegate made it";

/// What a database is held to.
pub(super) struct Held<'h> {
    pub(super) names: &'h SqlNames,
    pub(super) sql: &'h SqlTarget,
    /// The table that it is at.
    pub(super) machine: &'h Machine,
    /// A later one that it may be on the way to, where it is behind.
    pub(super) next: Option<&'h Machine>,
    /// Where the whole schema lies, as findings name it.
    pub(super) schema: String,
    /// What the table makes, and what it would make in the other mode. Observing takes a history.
    pub(super) expected: Vec<Object>,
    pub(super) otherwise: Vec<Object>,
}

impl<'h> Held<'h> {
    pub(super) fn new(
        names: &'h SqlNames,
        (machine, sql): (&'h Machine, &'h SqlTarget),
        next: Option<&'h Machine>,
        schema: String,
    ) -> Self {
        let made = Schema::new(machine, sql, names.dialect);
        let expected = made.objects();
        let otherwise = match (&sql.events, sql.mode) {
            (None, _) => Vec::new(),
            (Some(_), Mode::Enforce) => made.in_mode(Mode::Observe).objects(),
            (Some(_), Mode::Observe) => made.in_mode(Mode::Enforce).objects(),
        };
        Self { names, sql, machine, next, schema, expected, otherwise }
    }

    /// What the table makes of a kind.
    pub(super) fn of(&self, kind: Kind) -> impl Iterator<Item = &Object> {
        self.expected.iter().filter(move |object| object.kind == kind)
    }

    /// What the table makes by a name.
    pub(super) fn makes(&self, kind: Kind, name: &str) -> bool {
        self.of(kind).any(|object| object.name == name)
    }

    /// Labels of the enum; their order is a note, for states are never compared by it.
    pub(super) fn labels(&self, facts: &Facts, drift: &mut Drift) {
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
            drift.error(rules::MISSING_LABEL, message, help);
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
            drift.add(rules::EXTRA_LABEL, severity, message, help);
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
            drift.add(rules::LABEL_ORDER, Warning, message, help);
        }
    }

    pub(super) fn rules_again(&self) -> String {
        rules_again(self.names)
    }

    fn column(&self) -> String {
        format!("{}.{}", self.names.table_name, self.names.column_name)
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
    pub(super) fn rows(&self, facts: &Facts, drift: &mut Drift) {
        self.states(facts, drift);
        self.transitions(facts, drift);
    }

    fn states(&self, facts: &Facts, drift: &mut Drift) {
        let table = &self.names.name("states");
        // That the view itself is gone is reported of it.
        if !facts.has(table) {
            return;
        }
        let value = |id| self.machine.state(id).value.as_str();
        let lacking: Vec<&str> = self
            .machine
            .state_ids()
            .map(value)
            .filter(|value| !facts.states.contains_key(*value))
            .collect();
        if !lacking.is_empty() {
            let message = format!("`{table}` lacks the states {}", suggest::list(&lacking));
            drift.error(rules::MISSING_STATE, message, self.rules_again());
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
            drift.error(rules::EXTRA_STATE, message, help);
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
        let held: Vec<&str> = self
            .expected_stored()
            .filter(|(value, stored)| facts.stored.get(*value).is_some_and(|found| found != stored))
            .map(|(value, _)| value)
            .collect();
        if !held.is_empty() {
            let message = format!(
                "`{table}` says otherwise what the column holds for {}",
                suggest::list(&held)
            );
            drift.error(rules::ALTERED_STATE, message, self.rules_again());
        }
        if !other.is_empty() {
            let message =
                format!("`{table}` says otherwise whether rows start in {}", suggest::list(&other));
            drift.error(rules::ALTERED_STATE, message, self.rules_again());
        }
    }

    /// What the column holds for each state, and whether NULL stands for it.
    fn expected_stored(&self) -> impl Iterator<Item = (&str, (String, bool))> {
        let null = self.sql.null.as_ref();
        let of = move |state: &'_ State| (state.stored.clone(), null == Some(&state.name));
        self.machine.states.iter().map(move |state| (state.value.as_str(), of(state)))
    }

    fn transitions(&self, facts: &Facts, drift: &mut Drift) {
        let table = &self.names.name("transitions");
        // That the view itself is gone is reported of it.
        if !facts.has(table) {
            return;
        }
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
            drift.error(rules::MISSING_TRANSITION, message, self.rules_again());
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
            drift.error(rules::EXTRA_TRANSITION, message, help);
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
            drift.error(rules::ALTERED_TRANSITION, message, self.rules_again());
        }
    }

    /// Sessions in which no trigger fires, unless they ask for it.
    pub(super) fn sessions(facts: &Facts, drift: &mut Drift) {
        for (place, is_a_role) in &facts.replicas {
            let message = format!(
                "sessions of {place} run with session_replication_role = replica: no guard judges them"
            );
            let (severity, help) = match is_a_role {
                true => (Warning, "reset it there; a subscriber's own role may keep it"),
                false => (Error, "reset it there, and see what was written meanwhile"),
            };
            drift.add(rules::REPLICA_SESSIONS, severity, message, help);
        }
    }
}
