//! How often a job with a matrix runs: its legs, as GitHub makes them of lists, `exclude` and `include`.

use super::document::{Node, Value};
use super::reading::Reading;
use crate::workflow::expression::Held;

/// More than this are many.
const MOST: usize = 256;

/// A leg: what it has at each key.
type Leg<'n> = Vec<(&'n str, &'n Node)>;

impl Reading<'_> {
    /// Whether a job runs more than once, or may: its matrix has more than one leg, or is an expression.
    pub(super) fn has_legs(&self, strategy: &Node) -> bool {
        match strategy.get("matrix").map(|matrix| self.document.resolved(matrix)) {
            // As an expression it may have one.
            None => !strategy.is_null() && strategy.text().is_some(),
            Some(matrix) => self.legs(matrix).is_none_or(|legs| legs.len() != 1),
        }
    }

    /// Whether a job with a matrix never runs: that has no leg.
    pub(super) fn has_no_leg(&self, strategy: &Node) -> bool {
        let matrix = strategy.get("matrix").map(|matrix| self.document.resolved(matrix));
        matrix.and_then(|matrix| self.legs(matrix)).is_some_and(|legs| legs.is_empty())
    }

    /// What the only leg of a job has at a key of its matrix, where that is written out.
    pub(super) fn of_only_leg(&self, strategy: &Node) -> Vec<(String, Held)> {
        let matrix = strategy.get("matrix").map(|matrix| self.document.resolved(matrix));
        let legs = matrix.and_then(|matrix| self.legs(matrix)).unwrap_or_default();
        let [leg] = &legs[..] else { return Vec::new() };
        let held = |(key, value): &(&str, &Node)| {
            let value = self.document.resolved(value);
            let text = value.text().filter(|text| !text.contains("${{"))?;
            let held = match (text, &value.value) {
                ("true" | "false", Value::Scalar { is_plain: true, .. }) => {
                    Held::Flag(text == "true")
                }
                _ => Held::Text(text.to_owned()),
            };
            Some((key.to_lowercase(), held))
        };
        // What `include` says last is what is there.
        leg.iter().rev().filter_map(held).collect()
    }

    /// The legs of a matrix; none where no one knows before.
    fn legs<'n>(&'n self, matrix: &'n Node) -> Option<Vec<Leg<'n>>> {
        let items = |node| Some(self.document.resolved(node)).filter(|node| node.text().is_none());
        let list =
            |key: &str| matrix.get(key).map_or(Some(&[][..]), |node| Some(items(node)?.items()));
        let (exclude, include) = (list("exclude")?, list("include")?);
        let is_vector =
            |(key, _): &&(Node, Node)| !matches!(key.text(), Some("include" | "exclude"));
        let vectors: Vec<&(Node, Node)> = matrix.entries().iter().filter(is_vector).collect();
        let mut legs: Vec<Leg<'n>> = Vec::new();
        if !vectors.is_empty() {
            legs.push(Vec::new());
        }
        for (key, values) in &vectors {
            let (key, values) = (key.text()?, items(values)?.items());
            if legs.len() * values.len() > MOST {
                return None;
            }
            let with = |leg: &Leg<'n>, value| [leg.as_slice(), &[(key, value)]].concat();
            let each = legs.iter().flat_map(|leg| values.iter().map(move |value| with(leg, value)));
            legs = each.collect();
        }
        for filter in exclude {
            let mut left = Vec::new();
            for leg in legs {
                if !self.matches(filter, &leg, |_| true)? {
                    left.push(leg);
                }
            }
            legs = left;
        }
        let (mut whole, mut more) = (legs.clone(), Vec::new());
        for added in include {
            let is_key = |key: &str| vectors.iter().any(|(of, _)| of.text() == Some(key));
            let entries = self.document.resolved(added).entries().iter();
            let entries: Leg<'n> =
                entries.filter_map(|(key, value)| Some((key.text()?, value))).collect();
            let mut is_of_one = false;
            for (leg, whole) in legs.iter().zip(&mut whole) {
                if self.matches(added, leg, is_key)? {
                    is_of_one = true;
                    whole.extend(&entries);
                }
            }
            more.extend((!is_of_one).then_some(entries));
        }
        whole.extend(more);
        Some(whole)
    }

    /// Whether a leg has what a filter has, at those of its keys that count; none where no one knows
    /// before.
    fn matches(&self, filter: &Node, leg: &Leg<'_>, counts: impl Fn(&str) -> bool) -> Option<bool> {
        let filter = self.document.resolved(filter);
        if filter.text().is_some() {
            return None;
        }
        let mut is_match = true;
        for (key, value) in filter.entries() {
            let key = key.text()?;
            if !counts(key) {
                continue;
            }
            let Some((_, of_leg)) = leg.iter().find(|(of, _)| *of == key) else {
                return Some(false);
            };
            is_match &= self.is_same_value(value, of_leg)?;
        }
        Some(is_match)
    }

    /// Whether two values are one; none where no one knows before.
    fn is_same_value(&self, one: &Node, other: &Node) -> Option<bool> {
        let (one, other) = (self.document.resolved(one), self.document.resolved(other));
        match (&one.value, &other.value) {
            (Value::Scalar { text: a, .. }, Value::Scalar { text: b, .. }) => {
                let is_known = a == b || !(a.contains("${{") || b.contains("${{"));
                is_known.then(|| a.eq_ignore_ascii_case(b))
            }
            // Of a map only what is named has to be there, of a list each.
            (Value::Map { entries, .. }, Value::Map { .. }) => {
                let mut all = true;
                for (key, value) in entries {
                    let Some(of) = other.get(key.text()?) else { return Some(false) };
                    all &= self.is_same_value(value, of)?;
                }
                Some(all)
            }
            (Value::List { items: a, .. }, Value::List { items: b, .. }) => {
                let mut all = a.len() <= b.len();
                for (one, other) in a.iter().zip(b) {
                    all &= self.is_same_value(one, other)?;
                }
                Some(all)
            }
            (_, _) => Some(false),
        }
    }
}
