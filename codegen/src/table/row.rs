//! One row of the file. Serde does the reading; what it refuses becomes a finding and is taken
//! out, or put in where it is missing, and the row is read again: one run tells everything that is
//! wrong.

#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "the parser's enum: what is neither a table nor a list holds no places"
)]

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue, ValueDeserializer};

use super::refusals::{Refusals, Value};
use super::text::{LOST, Placed};
use crate::rules;
use crate::suggest;

/// After so many refusals under one key the rest of that key is not looked at.
const MOST_PER_KEY: usize = 16;

impl Refusals<'_> {
    /// One row; none where it is no table of keys at all.
    pub(crate) fn row<T: DeserializeOwned>(
        &mut self,
        what: &str,
        mut row: Value<'_>,
    ) -> Option<Placed<T>> {
        let span = row.span();
        if !matches!(row.get_ref(), DeValue::Table(_)) {
            self.wrong_type(span, row.get_ref().type_str(), what, "a table of keys");
            return None;
        }
        let mut mending = Mending::default();
        self.milestones_are_tables(&mut row, what, &mut mending);
        loop {
            let error = match T::deserialize(ValueDeserializer::from(row.clone())) {
                Ok(read) => return Some(Placed { row: read, span, lost: mending.lost }),
                Err(error) => error,
            };
            let at = error.span().unwrap_or_else(|| span.clone());
            let message = error.message();
            if let Some(key) = message.strip_prefix("missing field ").and_then(quoted) {
                self.missing_key(what, &mut row, &at, key, &mut mending)?;
            } else if let Some(rest) = message.strip_prefix("unknown field ") {
                self.unknown_field(what, &mut row, &at, rest)?;
            } else {
                let Some(key) = key_over(&row, &at) else {
                    let message = format!("{what} cannot be read: {}", suggest::cut(message));
                    self.tell(
                        rules::WRONG_TYPE,
                        at,
                        message,
                        "see `phasegate schema` for its shape",
                    );
                    return None;
                };
                if mending.count(&key) <= MOST_PER_KEY {
                    self.refusal(what, &key, &row, &at, message);
                }
                mending.take_out(&mut row, &at, key);
            }
        }
    }

    fn missing_key(
        &mut self,
        what: &str,
        row: &mut Value<'_>,
        at: &Range<usize>,
        key: &str,
        mending: &mut Mending,
    ) -> Option<()> {
        if !mending.removed.contains(&(at.start, key.to_owned())) {
            let message = format!("{what} lacks `{key}`");
            self.tell(rules::MISSING_KEY, at.clone(), message, format!("add `{key}` to {what}"));
        }
        put(row, at, key).then_some(())
    }

    /// All keys that the table at this place does not know, at once.
    fn unknown_field(
        &mut self,
        what: &str,
        row: &mut Value<'_>,
        at: &Range<usize>,
        rest: &str,
    ) -> Option<()> {
        let (_, known) = split_expected(rest);
        let known: Vec<&str> = known.split('`').skip(1).step_by(2).collect();
        let keys = table_with_key(row, at)?;
        let unknown: Vec<(Range<usize>, String)> = keys
            .iter()
            .filter(|(key, _)| !known.contains(&key.get_ref().as_ref()))
            .map(|(key, _)| (key.span(), key.get_ref().to_string()))
            .collect();
        for (_, key) in &unknown {
            keys.remove(key.as_str());
        }
        self.unknown_keys(
            unknown.iter().map(|(span, key)| (span.clone(), key.as_str())),
            what,
            &known,
        );
        (!unknown.is_empty()).then_some(())
    }

    /// Serde would read a list as a struct, field by field; the format has no such rows.
    fn milestones_are_tables(&mut self, row: &mut Value<'_>, what: &str, mending: &mut Mending) {
        let DeValue::Table(keys) = row.get_mut() else { return };
        let Some(milestones) = keys.get_mut("milestones") else { return };
        let DeValue::Array(items) = milestones.get_mut() else { return };
        let bad: Vec<(Range<usize>, &'static str)> = items
            .iter()
            .filter(|item| !matches!(item.get_ref(), DeValue::Table(_)))
            .map(|item| (item.span(), item.get_ref().type_str()))
            .collect();
        for (span, kind) in bad.iter().take(MOST_PER_KEY).cloned() {
            let wanted = "a table, such as { name = \"Deploy\", state = \"deploying\" }";
            self.wrong_type(span, kind, &format!("milestones` of `{what}"), wanted);
        }
        if !bad.is_empty() {
            keys.remove("milestones");
            mending.lost.insert("milestones".to_owned());
        }
    }

    fn refusal(
        &mut self,
        what: &str,
        key: &str,
        row: &Value<'_>,
        at: &Range<usize>,
        message: &str,
    ) {
        let key = suggest::shown(key);
        if let Some(rest) = message.strip_prefix("unknown variant ") {
            let (value, known) = split_expected(rest);
            let known: Vec<&str> = known.split('`').skip(1).step_by(2).collect();
            if is_key(row, at) {
                self.unknown_keys([(at.clone(), value)].into_iter(), &format!("`{key}`"), &known);
                return;
            }
            let near = suggest::nearest(value, known.iter().copied());
            let known = suggest::list(&known);
            let help = match near {
                Some(near) => format!("did you mean `{near}`? It is one of {known}"),
                None => format!("it is one of {known}"),
            };
            let message = format!("`{}` is not a value of `{key}`", suggest::shown(value));
            self.tell(rules::UNKNOWN_VALUE, at.clone(), message, help);
        } else {
            let (found, wanted) = message
                .rsplit_once(", expected ")
                .unwrap_or((message, "a value of the right shape"));
            let wanted = match wanted {
                "a boolean" => "`true` or `false`",
                "a sequence" => "a list",
                "a map" => "a table of keys, such as { tone = \"warning\" }",
                other => other,
            };
            let message =
                format!("`{key}` of {what} has {} where {wanted} belongs", found_in(found));
            self.tell(rules::WRONG_TYPE, at.clone(), message, format!("write {wanted}"));
        }
    }
}

/// What was taken out of a row so far.
#[derive(Default)]
struct Mending {
    /// The row's own keys of which something could not be read.
    lost: BTreeSet<String>,
    /// Keys that were taken out, by where their table starts: they are not missing.
    removed: BTreeSet<(usize, String)>,
    refused: BTreeMap<String, usize>,
}

impl Mending {
    fn count(&mut self, key: &str) -> usize {
        let count = self.refused.entry(key.to_owned()).or_default();
        *count += 1;
        *count
    }

    /// Takes out what stands at a place, or all of the row's key where there is too much.
    fn take_out(&mut self, row: &mut Value<'_>, at: &Range<usize>, key: String) {
        let start = row.span().start;
        let many = self.refused.get(&key).is_some_and(|&count| count >= MOST_PER_KEY);
        let inner = if many { None } else { take_out(row, at) };
        if let DeValue::Table(keys) = row.get_mut()
            && inner.is_none()
        {
            keys.remove(key.as_str());
        }
        self.removed.insert(inner.unwrap_or_else(|| (start, key.clone())));
        self.lost.insert(key);
    }
}

/// What serde found, in the words of the format.
fn found_in(found: &str) -> String {
    let found = found.trim_start_matches("invalid type: ").trim_start_matches("invalid value: ");
    match found {
        "sequence" => "a list".to_owned(),
        "map" => "a table of keys".to_owned(),
        other => format!("the {}", suggest::cut(other)),
    }
}

/// The text between the first two backticks.
fn quoted(text: &str) -> Option<&str> {
    text.split('`').nth(1)
}

/// Serde's "`key`, expected one of `a`, `b`": the key, which may hold anything, and the rest.
fn split_expected(text: &str) -> (&str, &str) {
    let (key, known) = text
        .rsplit_once("`, expected ")
        .or_else(|| text.rsplit_once("`, there are no "))
        .unwrap_or((text, ""));
    (key.strip_prefix('`').unwrap_or(key), known)
}

/// Whether one range lies in another.
fn holds(outer: &Range<usize>, inner: &Range<usize>) -> bool {
    outer.start <= inner.start && inner.end <= outer.end
}

/// The row's own key that a place belongs to.
fn key_over(row: &Value<'_>, at: &Range<usize>) -> Option<String> {
    let DeValue::Table(keys) = row.get_ref() else { return None };
    let exact = keys.iter().find(|(key, value)| key.span() == *at || value.span() == *at);
    exact
        .or_else(|| keys.iter().find(|(_, value)| holds(&value.span(), at)))
        .map(|(key, _)| key.get_ref().to_string())
}

/// Whether a key, and not a value, stands at a place.
fn is_key(value: &Value<'_>, at: &Range<usize>) -> bool {
    match value.get_ref() {
        DeValue::Table(keys) => {
            keys.iter().any(|(key, value)| key.span() == *at || is_key(value, at))
        }
        DeValue::Array(items) => items.iter().any(|item| is_key(item, at)),
        _ => false,
    }
}

/// The innermost table that has its key at a place.
fn table_with_key<'v, 'i>(
    value: &'v mut Value<'i>,
    at: &Range<usize>,
) -> Option<&'v mut DeTable<'i>> {
    match value.get_mut() {
        DeValue::Table(keys) => {
            if keys.iter().any(|(key, _)| key.span() == *at) {
                return Some(keys);
            }
            keys.iter_mut().find_map(|(_, value)| table_with_key(value, at))
        }
        DeValue::Array(items) => items.iter_mut().find_map(|item| table_with_key(item, at)),
        _ => None,
    }
}

/// Puts a stand-in for a missing key into the table at a place.
fn put(value: &mut Value<'_>, at: &Range<usize>, key: &str) -> bool {
    let here = value.span() == *at;
    match value.get_mut() {
        DeValue::Table(keys) if here && !keys.contains_key(key) => {
            let lost = Spanned::new(at.clone(), DeValue::String(Cow::Borrowed(LOST)));
            keys.insert(Spanned::new(at.clone(), Cow::Owned(key.to_owned())), lost);
            true
        }
        DeValue::Table(keys) => keys.iter_mut().any(|(_, value)| put(value, at, key)),
        DeValue::Array(items) => items.iter_mut().any(|item| put(item, at, key)),
        _ => false,
    }
}

/// Takes out the innermost key or item of a list that stands at a place. Says which table's key is
/// gone, by where that table starts; nothing where the place is none of a key, value or item.
fn take_out<'i>(value: &mut Value<'i>, at: &Range<usize>) -> Option<(usize, String)> {
    let start = value.span().start;
    match value.get_mut() {
        DeValue::Table(keys) => {
            let exact = keys.iter().find(|(key, value)| key.span() == *at || value.span() == *at);
            if let Some((key, _)) = exact {
                let key = key.get_ref().to_string();
                keys.remove(key.as_str());
                return Some((start, key));
            }
            keys.iter_mut()
                .filter(|(_, value)| holds(&value.span(), at))
                .find_map(|(_, value)| take_out(value, at))
        }
        DeValue::Array(items) => {
            let index = items.iter().position(|item| holds(&item.span(), at))?;
            if items.get(index)?.span() != *at {
                return take_out(items.get_mut(index)?, at);
            }
            let all = std::mem::replace(items, DeArray::new()).into_iter().enumerate();
            let kept: Vec<Value<'i>> =
                all.filter(|&(place, _)| place != index).map(|(_, item)| item).collect();
            *items = kept.into_iter().collect();
            Some((start, String::new()))
        }
        _ => None,
    }
}
