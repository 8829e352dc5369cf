//! The rules that PostgreSQL's guard judges by: the machine as one JSON value in a function's body.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

use super::column::Coding;
use super::names::SqlNames;
use super::quote::escaped;
use super::renames::Renames;
use super::rows::Rows;
use crate::emit::sql::Mode;
use crate::machine::Machine;

/// The function's body, as the template prints it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Rules {
    /// The quotes around it, which nothing in it closes.
    pub(super) tag: String,
    /// The JSON, within a literal.
    pub(super) text: String,
}

impl Rules {
    /// The rules of these states and pairs; `renames` says what states of former rules are called now.
    pub(super) fn of(
        machine: &Machine,
        mode: Mode,
        rows: &Rows<'_>,
        renames: &Renames<'_>,
        coding: &Coding,
    ) -> Self {
        let mut states: Vec<_> = rows.states.iter().collect();
        states.sort_by_key(|(value, row)| (row.position, **value));
        let values: Vec<String> = states.iter().map(|(value, _)| json(value)).collect();
        let initial = states.iter().filter(|(_, row)| row.initial);
        let initial: Vec<String> =
            initial.map(|(value, row)| format!("{}: {}", json(value), row.position)).collect();
        let ended: BTreeSet<&str> = machine
            .states
            .iter()
            .filter(|state| state.is_ended())
            .map(|state| state.value.as_str())
            .collect();
        let ended: Vec<String> = ended.into_iter().map(json).collect();
        let mut next: BTreeMap<&str, Vec<(usize, String)>> = BTreeMap::new();
        for ((from, to), kind) in &rows.transitions {
            let position = rows.states[to].position;
            let pair = format!("{}: \"{}\"", json(to), kind.as_str());
            next.entry(from).or_default().push((position, pair));
        }
        let line = |(value, _): &(&&str, _)| {
            let mut pairs = next.remove(**value)?;
            pairs.sort();
            let pairs: Vec<String> = pairs.into_iter().map(|(_, pair)| pair).collect();
            Some(format!("    {}: {{{}}}", json(value), pairs.join(", ")))
        };
        let next: Vec<String> = states.iter().filter_map(line).collect();
        let mut names: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for ((language, was), now) in renames {
            names.entry(language).or_default().push(format!("{}: {}", json(was), json(now)));
        }
        let names = names.into_iter();
        let names: Vec<String> = names
            .map(|(of, pairs)| format!("    {}: {{{}}}", json(of), pairs.join(", ")))
            .collect();
        let language = &machine.fingerprints.language;
        let numbers: Vec<String> = coding
            .numbers()
            .iter()
            .map(|(number, value)| format!("{}: {}", json(&number.to_string()), json(value)))
            .collect();
        let numbers = match numbers[..] {
            [] => String::new(),
            [..] => format!("\"numbers\": {{{}}},\n  ", numbers.join(", ")),
        };
        let null = coding.null().map(|null| format!("\"null\": {},\n  ", json(null)));
        let text = format!(
            "{{\n  \"language\": \"{language}\",\n  \"mode\": \"{}\",\n  {numbers}{}\"states\": [{}],\n  \
             \"initial\": {{{}}},\n  \"ended\": [{}],\n  \"next\": {},\n  \"renames\": {}\n}}",
            mode.as_str(),
            null.unwrap_or_default(),
            values.join(", "),
            initial.join(", "),
            ended.join(", "),
            block(&next),
            block(&names),
        );
        let text = escaped(&text);
        let tag = (0..)
            .map(|n| if n == 0 { "$phasegate$".to_owned() } else { format!("$phasegate{n}$") })
            .find(|tag| !text.contains(tag.as_str()))
            .expect("there are more numbers than characters");
        Self { tag, text }
    }
}

/// What PostgreSQL's guard asks the rules, in words that need no search_path: operators on what is planned
/// as one constant cost less for each row than functions that take a path.
impl SqlNames {
    /// Whether a step is legal; NULL where a state is unknown.
    pub(super) fn is_legal(&self, from: impl Display, to: impl Display) -> String {
        let rules = self.at("rules");
        format!(
            "{rules}() OPERATOR(pg_catalog.->) 'next' OPERATOR(pg_catalog.->) {from} OPERATOR(pg_catalog.?) {to}"
        )
    }

    /// Whether rows start in a state.
    pub(super) fn is_start(&self, state: impl Display) -> String {
        format!(
            "{}() OPERATOR(pg_catalog.->) 'initial' OPERATOR(pg_catalog.?) {state}",
            self.at("rules")
        )
    }

    /// The same two asked again once an event is written, since which a migration may have been committed.
    /// As functions: to plan those has the session look at the catalogs, and so hear of it.
    pub(super) fn is_legal_now(&self, from: impl Display, to: impl Display) -> String {
        let rules = self.at("rules");
        format!("pg_catalog.jsonb_extract_path({rules}(), 'next', {from}, {to}) IS NOT NULL")
    }

    /// Whether rows start in a state by now.
    pub(super) fn is_start_now(&self, state: impl Display) -> String {
        let rules = self.at("rules");
        format!("pg_catalog.jsonb_extract_path({rules}(), 'initial', {state}) IS NOT NULL")
    }

    /// The fingerprint of the rules by now.
    pub(super) fn language_now(&self) -> String {
        format!("pg_catalog.jsonb_extract_path_text({}(), 'language')", self.at("rules"))
    }

    /// The fingerprint of the rules.
    pub(super) fn language_plain(&self) -> String {
        format!("{}() OPERATOR(pg_catalog.->>) 'language'", self.at("rules"))
    }
}

/// An object of which each entry has its line.
fn block(lines: &[String]) -> String {
    if lines.is_empty() { "{}".to_owned() } else { format!("{{\n{}\n  }}", lines.join(",\n")) }
}

/// A text as JSON has it.
fn json(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
