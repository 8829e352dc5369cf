//! Whether two workflows say the same outside of their regions: the last thing that is asked
//! before a changed text may be written.

use super::document::{Document, Node, Value};
use super::lines::Lines;
use super::regions::Region;

/// A workflow as it is compared: what it says, its text, and its regions.
pub(super) struct Side<'a> {
    pub(super) document: &'a Document,
    pub(super) lines: &'a Lines<'a>,
    pub(super) regions: &'a [Region],
}

impl Side<'_> {
    /// The items of a list that no region holds.
    fn outside<'n>(&self, items: &'n [Node], is_flow: bool) -> Vec<&'n Node> {
        let is_outside = |item: &&Node| {
            let line = self.lines.dash(item.line);
            is_flow || !self.regions.iter().any(|region| region.holds(line))
        };
        items.iter().filter(is_outside).collect()
    }
}

/// Whether the two say the same, steps in regions aside.
pub(super) fn same(a: &Side<'_>, b: &Side<'_>) -> bool {
    same_node(a, &a.document.root, b, &b.document.root)
}

fn same_node(a: &Side<'_>, one: &Node, b: &Side<'_>, other: &Node) -> bool {
    match (&one.value, &other.value) {
        (
            Value::List { items: left, is_flow },
            Value::List { items: right, is_flow: is_other_flow },
        ) => {
            let (left, right) = (a.outside(left, *is_flow), b.outside(right, *is_other_flow));
            left.len() == right.len()
                && left.iter().zip(right).all(|(left, right)| same_node(a, left, b, right))
        }
        (Value::Map { entries: left, .. }, Value::Map { entries: right, .. }) => {
            left.len() == right.len()
                && left.iter().zip(right).all(|((key, value), (other_key, other_value))| {
                    same_node(a, key, b, other_key) && same_node(a, value, b, other_value)
                })
        }
        (
            Value::Scalar { text: left, is_plain },
            Value::Scalar { text: right, is_plain: is_other_plain },
        ) => left == right && is_plain == is_other_plain,
        // Anchors are numbered in their order, which says nothing.
        (Value::Alias(_), Value::Alias(_)) => true,
        // A list of nothing but regions was nothing before they were filled.
        (Value::Scalar { .. }, Value::List { items, is_flow }) => {
            one.is_null() && b.outside(items, *is_flow).is_empty()
        }
        (Value::List { items, is_flow }, Value::Scalar { .. }) => {
            other.is_null() && a.outside(items, *is_flow).is_empty()
        }
        (
            Value::Scalar { .. } | Value::List { .. } | Value::Map { .. } | Value::Alias(_),
            Value::Scalar { .. } | Value::List { .. } | Value::Map { .. } | Value::Alias(_),
        ) => false,
    }
}
