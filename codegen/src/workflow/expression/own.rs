//! Whether a text with expressions in it is a run's own: no other run can come to the same one.

use super::Asked;
use super::form::{Piece, pieces};
use super::parse::{Expression, Part};
use super::value::Value;

/// Ways into contexts that hold what no other run has, key by key, in small letters.
pub type Own = [Vec<String>];

impl Expression {
    /// Whether every value that it can have is the run's own.
    pub(super) fn is_own(&self, of: &dyn Asked, own: &Own) -> bool {
        !self.values(of).can_be_false() && self.is_own_where_true(of, own)
    }

    /// The same of those of its values that count as true.
    fn is_own_where_true(&self, of: &dyn Asked, own: &Own) -> bool {
        let values = self.values(of);
        if !values.can_be_true() {
            return true;
        }
        match self {
            Self::Path(_) => own.iter().any(|keys| self.leads(keys) == Some(0)),
            Self::And(_, b) => b.is_own_where_true(of, own),
            Self::Or(a, b) => {
                let goes_on = a.values(of).can_be_false();
                a.is_own_where_true(of, own) && (!goes_on || b.is_own_where_true(of, own))
            }
            Self::Call(name, given) => match (name.as_str(), &given[..]) {
                ("format", [Self::Literal(Value::Text(form)), values @ ..]) => {
                    let placed = pieces(form).unwrap_or_default();
                    let mut values = values.iter().enumerate();
                    values.any(|(at, value)| {
                        placed.contains(&Piece::Place(at)) && value.is_own(of, own)
                    })
                }
                ("tojson", [value]) => {
                    value.is_own(of, own) || own.iter().any(|keys| value.leads(keys).is_some())
                }
                ("case", all) => {
                    let (pairs, last) = all.split_at(all.len() - all.len() % 2);
                    let chosen = pairs.iter().skip(1).step_by(2).chain(last);
                    chosen.into_iter().all(|value| value.is_own(of, own))
                }
                (_, _) => false,
            },
            Self::Literal(_) | Self::Not(_) | Self::Compare(..) | Self::Within(..) => false,
        }
    }

    /// How many keys of a way are left where this leads along it.
    fn leads(&self, keys: &[String]) -> Option<usize> {
        let Self::Path(parts) = self else { return None };
        let is_next =
            |(part, key): (&Part, &String)| matches!(part, Part::Key(part) if part == key);
        let is_along = parts.len() <= keys.len() && parts.iter().zip(keys).all(is_next);
        is_along.then(|| keys.len() - parts.len())
    }
}
