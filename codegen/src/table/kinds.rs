//! The kinds of values, in the words of the format: what stands at a place, and what belongs there.

#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "the parser's enum: every other value is read as what it is"
)]

use std::collections::BTreeMap;
use std::ops::Range;

use toml::de::{DeTable, DeValue};

use super::places::over;
use super::refusals::Value;
use crate::suggest;

/// What no key takes and serde would take, or refuse in words of its own: a date, which it reads as a
/// table with a key of the parser's; the only, empty key of a table, which it reads as a word; and a number
/// of more than 64 bits. Each is read as a number with a point, which no key takes either, so that it is
/// refused where it stands.
pub(super) struct Kinds {
    /// What stands there instead.
    instead: BTreeMap<(usize, usize), String>,
}

impl Kinds {
    /// Of the values of a row.
    pub(super) fn of(row: &mut Value<'_>) -> Self {
        let mut kinds = Self { instead: BTreeMap::new() };
        if let DeValue::Table(keys) = row.get_mut() {
            for (_, value) in keys {
                kinds.replace(value);
            }
        }
        kinds
    }

    fn replace(&mut self, value: &mut Value<'_>) {
        match value.get_mut() {
            DeValue::Datetime(_) => self.stand_in(value),
            DeValue::Integer(number)
                if i64::from_str_radix(number.as_str(), number.radix()).is_err() =>
            {
                self.stand_in(value);
            }
            DeValue::Array(items) => items.iter_mut().for_each(|item| self.replace(item)),
            DeValue::Table(keys) if is_word(keys) => {
                keys.iter_mut().for_each(|(_, value)| self.stand_in(value));
            }
            DeValue::Table(keys) => keys.iter_mut().for_each(|(_, value)| self.replace(value)),
            _ => {}
        }
    }

    fn stand_in(&mut self, value: &mut Value<'_>) {
        let span = value.span();
        self.instead.insert((span.start, span.end), kind(value.get_ref()));
        *value.get_mut() = DeValue::Float(Default::default());
    }

    /// What stands at a place, in words.
    pub(super) fn at(&self, row: &Value<'_>, at: &Range<usize>) -> String {
        let instead = self.instead.get(&(at.start, at.end)).cloned();
        instead.unwrap_or_else(|| {
            over(row, at)
                .first()
                .map_or_else(|| "something else".to_owned(), |(_, value)| kind(value.get_ref()))
        })
    }
}

/// Whether the only key of a table has nothing below it.
fn is_word(keys: &DeTable<'_>) -> bool {
    let is_empty = |value: &Value<'_>| match value.get_ref() {
        DeValue::Table(keys) => keys.is_empty(),
        DeValue::Array(items) => items.is_empty(),
        _ => false,
    };
    keys.len() == 1 && keys.iter().all(|(_, value)| is_empty(value))
}

/// A value in words.
fn kind(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) => format!("the string \"{}\"", suggest::cut(text)),
        DeValue::Integer(number) => format!("the integer `{}`", suggest::cut(&number.to_string())),
        DeValue::Float(number) => format!("the number `{}`", suggest::cut(&number.to_string())),
        DeValue::Boolean(on) => format!("`{on}`"),
        DeValue::Datetime(moment) if moment.date.is_none() => format!("the time `{moment}`"),
        DeValue::Datetime(moment) => format!("the date `{moment}`"),
        DeValue::Array(_) => "a list".to_owned(),
        DeValue::Table(_) => "a table of keys".to_owned(),
    }
}

/// The list that a string may be meant for: `"a -> b"`, `"a, b"` or one name.
fn as_list(found: &str) -> Option<String> {
    let text = found.strip_prefix("the string \"")?.strip_suffix('"')?;
    let names: Vec<String> = text
        .split(|c: char| !(c.is_ascii_alphanumeric() || "_-*".contains(c)))
        .map(|name| name.trim_matches('-'))
        .filter(|name| !name.is_empty())
        .map(suggest::toml)
        .collect();
    (!names.is_empty()).then(|| format!("[{}]", names.join(", ")))
}

/// What belongs at a place.
pub(super) struct Wanted {
    /// In words.
    pub(super) what: String,
    /// Whether a text does.
    is_text: bool,
}

impl Wanted {
    /// By what serde expected.
    pub(super) fn of(message: &str) -> Self {
        let wanted =
            message.rsplit_once(", expected ").map_or("another value", |(_, wanted)| wanted);
        let what = match wanted {
            "a boolean" => "`true` or `false`",
            "a sequence" => "a list",
            "a map" => "a table of keys, such as { tone = \"warning\" }",
            "i64" => "a whole number of 64 bits",
            other => other,
        };
        let is_text = ["a string", "a name", "a folder"].iter().any(|text| what.starts_with(text));
        Self { what: what.to_owned(), is_text }
    }

    /// One of some words; a list of them too, where serde expected that.
    pub(super) fn words(words: &[String], message: &str) -> Self {
        let list = if message.contains(" or a list of ") { ", or a list of them," } else { "" };
        Self { what: format!("one of {}{list}", suggest::list(words)), is_text: false }
    }

    /// What to do about what was found there.
    pub(super) fn help(&self, found: &str) -> String {
        let wanted = self.what.trim_end_matches(',');
        let moment = found.strip_prefix("the date `").or_else(|| found.strip_prefix("the time `"));
        match moment.and_then(|rest| rest.strip_suffix('`')).filter(|_| self.is_text) {
            Some(moment) => format!("write it as a string: \"{moment}\""),
            None => match as_list(found).filter(|_| wanted == "a list") {
                Some(list) => format!("write a list: {list}"),
                None => format!("write {wanted}"),
            },
        }
    }
}
