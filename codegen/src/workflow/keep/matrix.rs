//! How often a job with a matrix runs: its legs, as GitHub makes them of lists, `exclude` and `include`.

use super::document::{Node, Value};
use super::reading::Reading;

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
            Some(matrix) => self.legs(matrix) != Some(1),
        }
    }

    /// How many legs a matrix has; none where nobody knows before.
    fn legs<'n>(&'n self, matrix: &'n Node) -> Option<usize> {
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
            if values.is_empty() || legs.len() * values.len() > MOST {
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
        let mut more = 0;
        for added in include {
            let is_key = |key: &str| vectors.iter().any(|(of, _)| of.text() == Some(key));
            let mut is_of_one = false;
            for leg in &legs {
                is_of_one |= self.matches(added, leg, is_key)?;
            }
            more += usize::from(!is_of_one);
        }
        Some(legs.len() + more)
    }

    /// Whether a leg has what a filter has, at those of its keys that count; none where nobody knows
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

    /// Whether two values are one; none where nobody knows before.
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
