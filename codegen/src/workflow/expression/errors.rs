//! Whether an expression may be an error, so that what asks for it does not begin.

use super::Asked;
use super::parse::{Expression, Part, STATUS};
use super::value::{Comparison, Value};

/// What is read as JSON, and may be none.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Unread {
    /// The expression that is read.
    pub text: String,
    /// Whether it is JSON where it is not empty.
    pub is_else_json: bool,
}

impl Expression {
    /// What it reads as JSON that may be empty, or is none: to `fromJSON` that is an error. None where
    /// it reads no such thing.
    pub(super) fn unread_json(&self, of: &dyn Asked) -> Option<Unread> {
        self.unread(of, &mut Vec::new())
    }

    /// The same where some expressions are known to count as true.
    fn unread<'e>(&'e self, of: &dyn Asked, true_here: &mut Vec<&'e Self>) -> Option<Unread> {
        match self {
            Self::Literal(_) => None,
            Self::Path(parts) => parts.iter().find_map(|part| match part {
                Part::Computed(by) => by.unread(of, true_here),
                Part::Key(_) | Part::Every => None,
            }),
            Self::Not(inner) => inner.unread(of, true_here),
            Self::Compare(_, a, b) | Self::Within(a, b) => {
                a.unread(of, true_here).or_else(|| b.unread(of, true_here))
            }
            Self::And(a, b) => a.unread(of, true_here).or_else(|| {
                let known = true_here.len();
                a.make_true(true_here);
                let found = a.values(of).can_be_true().then(|| b.unread(of, true_here)).flatten();
                true_here.truncate(known);
                found
            }),
            // What stands behind an `always()` decides nothing; whether GitHub looks at it, it does not say.
            Self::Or(a, b) => a.unread(of, true_here).or_else(|| {
                let goes_on = a.values(of).can_be_false() || a.asks_status_only();
                goes_on.then(|| b.unread(of, true_here)).flatten()
            }),
            Self::Call(name, given) if name == "case" => {
                let mut rest = &given[..];
                while let [condition, value, more @ ..] = rest {
                    let found = condition.unread(of, true_here);
                    let is = condition.values(of);
                    let within = || is.can_be_true().then(|| value.unread(of, true_here)).flatten();
                    if let Some(found) = found.or_else(within) {
                        return Some(found);
                    }
                    if !is.can_be_false() {
                        return None;
                    }
                    rest = more;
                }
                rest.first()?.unread(of, true_here)
            }
            Self::Call(name, given) => {
                let inner = given.iter().find_map(|value| value.unread(of, true_here));
                inner.or_else(|| match &given[..] {
                    [text] if name == "fromjson" => text.as_json(of, true_here),
                    _ => None,
                })
            }
        }
    }

    /// It, where not all that it can be is JSON. A text that is not empty, and of which nothing else is
    /// known, is taken to be.
    fn as_json(&self, of: &dyn Asked, true_here: &[&Self]) -> Option<Unread> {
        let mut values = self.values(of);
        if true_here.contains(&self) {
            values = values.counting(true);
        }
        let is_json = |text: &String| serde_json::from_str::<serde_json::Value>(text).is_ok();
        let mut none = values.known.iter().filter_map(Value::text).filter(|text| !is_json(text));
        let (is_else_json, may_be_none) = match none.next() {
            None => (true, values.any),
            Some(first) => (first.is_empty() && none.all(|text| text.is_empty()), true),
        };
        may_be_none.then(|| Unread { text: self.to_string(), is_else_json })
    }

    /// Notes down what counts as true where this does.
    fn make_true<'e>(&'e self, known: &mut Vec<&'e Self>) {
        match self {
            Self::And(a, b) => {
                a.make_true(known);
                b.make_true(known);
            }
            Self::Compare(Comparison::Unequal, a, b) => {
                let empty = Self::Literal(Value::Text(String::new()));
                match (**a == empty, **b == empty) {
                    (_, true) => known.push(a),
                    (true, false) => known.push(b),
                    (false, false) => {}
                }
            }
            Self::Literal(_)
            | Self::Path(_)
            | Self::Call(..)
            | Self::Not(_)
            | Self::Or(..)
            | Self::Compare(..)
            | Self::Within(..) => known.push(self),
        }
    }

    fn asks_status_only(&self) -> bool {
        matches!(self, Self::Call(name, _) if STATUS.contains(&name.as_str()))
    }
}
