//! One row of the file. Serde does the reading; what it refuses becomes a finding and is taken
//! out, or put in where it is missing, and the row is read again: one run reports everything that is
//! wrong.

#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "the parser's enum: what is no table of keys is wrong, whatever it is"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use serde::de::DeserializeOwned;
use toml::de::{DeTable, DeValue, ValueDeserializer};

use super::kinds::{Kinds, Wanted};
use super::places::{holds, is_key, key_over, over, put, table_with_key, take_out, value_at};
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
        let kinds = Kinds::of(&mut row);
        loop {
            let error = match read::<T>(&row) {
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
                    self.add(
                        rules::WRONG_TYPE,
                        at,
                        message,
                        "see `phasegate schema` for its shape",
                    );
                    return None;
                };
                let is_reported = mending.count(&key) <= MOST_PER_KEY;
                let at = match words_for::<T>(&row, &at, message).filter(|_| is_reported) {
                    Some((at, words)) => {
                        let wanted = Wanted::words(&words, message);
                        self.wrong_value(what, &key, &row, &at, &kinds.at(&row, &at), &wanted);
                        at
                    }
                    None => {
                        if is_reported {
                            self.refusal(what, &key, &row, &at, &kinds, message);
                        }
                        at
                    }
                };
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
            let (what, help) = match inner(row, at, what) {
                Some((entry, what)) => {
                    let has = entry.as_ref().map(|(key, value)| format!("{key} = {value}, "));
                    let has = has.unwrap_or_default();
                    let help = format!("add `{key}` to it, as in `{{ {has}{key} = \"...\" }}`");
                    (what, help)
                }
                None => (what.to_owned(), format!("add `{key}` to {what}")),
            };
            self.add(rules::MISSING_KEY, at.clone(), format!("{what} lacks `{key}`"), help);
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
        let inner = over(row, at).first().and_then(|(_, value)| inner(row, &value.span(), what));
        let what = inner.map_or_else(|| what.to_owned(), |(_, what)| what);
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
            &what,
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
        kinds: &Kinds,
        message: &str,
    ) {
        let Some(rest) = message.strip_prefix("unknown variant ") else {
            let found = kinds.at(row, at);
            return self.wrong_value(what, key, row, at, &found, &Wanted::of(message));
        };
        let key = suggest::shown(key);
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
        self.add(rules::UNKNOWN_VALUE, at.clone(), message, help);
    }

    /// A value of another type than its key takes.
    fn wrong_value(
        &mut self,
        what: &str,
        key: &str,
        row: &Value<'_>,
        at: &Range<usize>,
        found: &str,
        wanted: &Wanted,
    ) {
        let inner = over(row, at).first().map_or(key, |(inner, _)| *inner);
        let inner = match inner == key {
            true => String::new(),
            false => format!("`{}` in ", suggest::shown(inner)),
        };
        let key = suggest::shown(key);
        let message = format!("{inner}`{key}` of {what} has {found} where {} belongs", wanted.what);
        self.add(rules::WRONG_TYPE, at.clone(), message, wanted.help(found));
    }
}

/// A row as its type reads it.
fn read<T: DeserializeOwned>(row: &Value<'_>) -> Result<T, toml::de::Error> {
    T::deserialize(ValueDeserializer::from(row.clone()))
}

/// The words that a place takes at which something else stands, and the whole of that: its type refuses
/// any other word and names them.
fn words_for<T: DeserializeOwned>(
    row: &Value<'_>,
    at: &Range<usize>,
    message: &str,
) -> Option<(Range<usize>, Vec<String>)> {
    let values: Vec<&Value<'_>> = over(row, at).into_iter().map(|(_, value)| value).collect();
    // A word in its place is refused as one.
    if message.starts_with("unknown variant ")
        && values.first().is_some_and(|one| one.span() == *at)
    {
        return None;
    }
    values.into_iter().map(Value::span).find_map(|span| {
        let mut asked = row.clone();
        *value_at(&mut asked, &span)?.get_mut() = DeValue::String(LOST.into());
        let error = read::<T>(&asked).err().filter(|error| error.span() == Some(span.clone()))?;
        let known = split_expected(error.message().strip_prefix("unknown variant ")?).1;
        let words = known.split('`').skip(1).step_by(2).map(str::to_owned).collect();
        Some((span, words))
    })
}

/// A table within a row that stands at a place, by the text that names it, where it has one, and in
/// words; nothing where the row itself stands there.
fn inner(
    row: &Value<'_>,
    at: &Range<usize>,
    what: &str,
) -> Option<(Option<(String, String)>, String)> {
    let DeValue::Table(keys) = row.get_ref() else { return None };
    let (key, value) =
        keys.iter().find(|(_, value)| value.span() != row.span() && holds(&value.span(), at))?;
    let DeValue::Array(items) = value.get_ref() else { return None };
    let number = items.iter().position(|item| item.span() == *at)?;
    let text = |keys: &DeTable<'_>, key: &str| match keys.get(key)?.get_ref() {
        DeValue::String(text) if text != LOST => Some(text.to_string()),
        _ => None,
    };
    let one = key.get_ref().strip_suffix('s').unwrap_or(key.get_ref());
    let of =
        text(keys, "name").map_or_else(String::new, |name| format!(" `{}`", suggest::shown(&name)));
    let DeValue::Table(entry) = items.get(number)?.get_ref() else { return None };
    let name = text(entry, "name");
    let which = match &name {
        Some(name) => format!("`{}`", suggest::shown(name)),
        None => (number + 1).to_string(),
    };
    let has = entry.iter().find_map(|(key, _)| {
        let text = text(entry, key.get_ref())?;
        Some((key.get_ref().to_string(), suggest::toml(&text)))
    });
    Some((has, format!("the {one} {which} of {what}{of}")))
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
