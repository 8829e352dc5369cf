//! The histories that rows come to, as values that several versions' tables may or may not have, and
//! what each version's page makes of them.

use std::collections::HashMap;

use super::layers::{Value, World};
use crate::machine::View;

/// What matters of a page's stepper: the phases shown as done, as failed or cancelled, and so on, by
/// their places in that page's table.
#[derive(Clone, Debug, Default)]
pub(super) struct Shown {
    pub(super) done: Vec<usize>,
    pub(super) ended: Vec<usize>,
    pub(super) unconfirmed: Vec<usize>,
    pub(super) skipped: Vec<usize>,
    pub(super) upcoming: Vec<usize>,
    pub(super) active: Vec<usize>,
    /// Whether the page knows every state of the history.
    pub(super) whole: bool,
}

struct Node {
    parent: Option<u32>,
    value: Value,
    next: Vec<(Value, u32)>,
}

/// A tree of histories, each kept once.
#[derive(Default)]
pub(super) struct Rows {
    nodes: Vec<Node>,
    starts: Vec<(Value, u32)>,
    shown: HashMap<(u32, u32, usize), Shown>,
}

impl Rows {
    /// A row that starts in this state.
    pub(super) fn start(&mut self, value: Value) -> u32 {
        if let Some(&(_, number)) = self.starts.iter().find(|(start, _)| *start == value) {
            return number;
        }
        let number = self.push(None, value);
        self.starts.push((value, number));
        number
    }

    /// The history, and then this state.
    pub(super) fn then(&mut self, row: u32, value: Value) -> u32 {
        let next = &self.nodes[row as usize].next;
        if let Some(&(_, number)) = next.iter().find(|(next, _)| *next == value) {
            return number;
        }
        let number = self.push(Some(row), value);
        self.nodes[row as usize].next.push((value, number));
        number
    }

    fn push(&mut self, parent: Option<u32>, value: Value) -> u32 {
        self.nodes.push(Node { parent, value, next: Vec::new() });
        u32::try_from(self.nodes.len() - 1).expect("a search is bounded below this")
    }

    /// The state that the row is in.
    pub(super) fn value(&self, row: u32) -> Value {
        self.nodes[row as usize].value
    }

    fn values(&self, row: u32) -> Vec<Value> {
        let mut values = Vec::new();
        let mut at = Some(row);
        while let Some(number) = at {
            let node = &self.nodes[number as usize];
            values.push(node.value);
            at = node.parent;
        }
        values.reverse();
        values
    }

    /// What a version's page shows after a history and an `attempted` (a value's place plus one, or
    /// nothing). What its table lacks is passed over.
    pub(super) fn shown(
        &mut self,
        world: &World<'_>,
        page: usize,
        row: u32,
        attempted: u32,
    ) -> &Shown {
        let key = (row, attempted, page);
        if !self.shown.contains_key(&key) {
            let values = self.values(row);
            let views = world.views(page, &values, attempted.checked_sub(1).map(Value));
            let places = |wanted: &[View]| -> Vec<usize> {
                (0..views.len()).filter(|&at| wanted.contains(&views[at])).collect()
            };
            let shown = Shown {
                done: places(&[View::Done]),
                ended: places(&[View::Failed, View::Cancelled]),
                unconfirmed: places(&[View::Unconfirmed]),
                skipped: places(&[View::Skipped]),
                upcoming: places(&[View::Upcoming]),
                active: places(&[View::Active]),
                whole: values.iter().all(|&value| world.state(page, value).is_some()),
            };
            self.shown.insert(key, shown);
        }
        &self.shown[&key]
    }
}
