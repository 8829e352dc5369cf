//! Places in a row: what stands there, and what is taken out or put in.

#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "the parser's enum: what is neither a table nor a list holds no places"
)]

use std::borrow::Cow;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

use super::refusals::Value;
use super::text::LOST;

/// Whether one range lies in another.
pub(super) fn holds(outer: &Range<usize>, inner: &Range<usize>) -> bool {
    outer.start <= inner.start && inner.end <= outer.end
}

/// The row's own key that a place belongs to.
pub(super) fn key_over(row: &Value<'_>, at: &Range<usize>) -> Option<String> {
    let DeValue::Table(keys) = row.get_ref() else { return None };
    let exact = keys.iter().find(|(key, value)| key.span() == *at || value.span() == *at);
    exact
        .or_else(|| keys.iter().find(|(_, value)| holds(&value.span(), at)))
        .map(|(key, _)| key.get_ref().to_string())
}

/// Whether a key, and not a value, stands at a place.
pub(super) fn is_key(value: &Value<'_>, at: &Range<usize>) -> bool {
    match value.get_ref() {
        DeValue::Table(keys) => {
            keys.iter().any(|(key, value)| key.span() == *at || is_key(value, at))
        }
        DeValue::Array(items) => items.iter().any(|item| is_key(item, at)),
        _ => false,
    }
}

/// The values below a row that a place lies in, each with the key it stands under, the innermost
/// first.
pub(super) fn over<'v, 'i>(row: &'v Value<'i>, at: &Range<usize>) -> Vec<(&'v str, &'v Value<'i>)> {
    let mut found = Vec::new();
    let mut next = Some(("", row));
    while let Some((above, value)) = next {
        next = match value.get_ref() {
            DeValue::Table(keys) => keys
                .iter()
                .find(|(key, value)| key.span() == *at || holds(&value.span(), at))
                .filter(|(key, _)| key.span() != *at)
                .map(|(key, value)| (key.get_ref().as_ref(), value)),
            DeValue::Array(items) => {
                items.iter().find(|item| holds(&item.span(), at)).map(|item| (above, item))
            }
            _ => None,
        };
        found.extend(next);
    }
    found.reverse();
    found
}

/// The value that stands at a place.
pub(super) fn value_at<'v, 'i>(
    value: &'v mut Value<'i>,
    at: &Range<usize>,
) -> Option<&'v mut Value<'i>> {
    if value.span() == *at {
        return Some(value);
    }
    match value.get_mut() {
        DeValue::Table(keys) => keys.iter_mut().find_map(|(_, value)| value_at(value, at)),
        DeValue::Array(items) => items.iter_mut().find_map(|item| value_at(item, at)),
        _ => None,
    }
}

/// The innermost table that has its key at a place.
pub(super) fn table_with_key<'v, 'i>(
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
pub(super) fn put(value: &mut Value<'_>, at: &Range<usize>, key: &str) -> bool {
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
pub(super) fn take_out<'i>(value: &mut Value<'i>, at: &Range<usize>) -> Option<(usize, String)> {
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
