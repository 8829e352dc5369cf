//! What an expression asks for, whatever comes of it.

use std::collections::BTreeSet;

use super::parse::{Expression, Part};
use super::value::{Comparison, Value};

impl Expression {
    /// The names of the contexts and of the functions in it.
    pub(super) fn asked(&self) -> (BTreeSet<String>, BTreeSet<String>) {
        let (mut contexts, mut functions) = (BTreeSet::new(), BTreeSet::new());
        self.each(&mut |part| match part {
            Self::Path(parts) => contexts.extend(parts.first().and_then(key)),
            Self::Call(name, _) => drop(functions.insert(name.clone())),
            Self::Literal(_)
            | Self::Not(_)
            | Self::And(..)
            | Self::Or(..)
            | Self::Compare(..)
            | Self::Within(..) => {}
        });
        (contexts, functions)
    }

    /// The first keys within a context that it asks for.
    pub(super) fn below(&self, context: &str) -> BTreeSet<String> {
        let mut keys = BTreeSet::new();
        self.each(&mut |part| {
            if let Self::Path(parts) = part
                && parts.first().and_then(key).as_deref() == Some(context)
            {
                keys.extend(parts.get(1).and_then(key));
            }
        });
        keys
    }

    /// The ways into a context that it asks for.
    pub(super) fn ways(&self, context: &str) -> Vec<Vec<String>> {
        let mut ways = Vec::new();
        self.each(&mut |part| {
            if let Self::Path(parts) = part
                && parts.first().and_then(key).as_deref() == Some(context)
            {
                ways.extend(parts.iter().cloned().map(Part::key).collect::<Option<Vec<_>>>());
            }
        });
        ways
    }

    /// The texts that what stands at some keys is compared with, and whether by equality; none where it
    /// is asked for otherwise, too.
    pub(super) fn compared(&self, way: &[&str]) -> Option<Vec<(String, bool)>> {
        let is_it = |of: &Self| {
            let Self::Path(parts) = of else { return false };
            let is = |(part, key): (&Part, &&str)| matches!(part, Part::Key(part) if part == key);
            parts.len() == way.len() && parts.iter().zip(way).all(is)
        };
        let (mut found, mut asked) = (Vec::new(), 0);
        self.each(&mut |part| {
            asked += usize::from(is_it(part));
            let Self::Compare(how, a, b) = part else { return };
            let text = match (&**a, &**b) {
                (of, Self::Literal(Value::Text(text))) | (Self::Literal(Value::Text(text)), of)
                    if is_it(of) =>
                {
                    text.to_lowercase()
                }
                (_, _) => return,
            };
            match how {
                Comparison::Equal => found.push((text, true)),
                Comparison::Unequal => found.push((text, false)),
                Comparison::Less
                | Comparison::LessOrEqual
                | Comparison::Greater
                | Comparison::GreaterOrEqual => {}
            }
        });
        (asked == found.len()).then_some(found)
    }
}

fn key(part: &Part) -> Option<String> {
    part.clone().key()
}
