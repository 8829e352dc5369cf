//! What a text with expressions in it is made of: texts that are known, and what is asked for between
//! them. By it two names are held against each other.

use super::Asked;
use super::form::{Piece, pieces};
use super::parse::{Expression, Part};
use super::value::Value;

/// A part of a name.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum NamePart {
    /// A text that is known, in small letters.
    Text(String),
    /// Something that is asked for: the expression, and the keys where it is the way into a context.
    Asked(String, Option<Vec<String>>),
}

impl Expression {
    /// The parts of the text that it comes to.
    pub(super) fn name(&self, of: &dyn Asked) -> Vec<NamePart> {
        let values = self.values(of);
        if let ([value], false) = (&values.known[..], values.any)
            && let Some(text) = value.text()
        {
            return vec![NamePart::Text(text.to_lowercase())];
        }
        match self {
            Self::Call(name, given) if name == "format" => match &given[..] {
                [Self::Literal(Value::Text(form)), values @ ..] => {
                    let part = |piece: Piece| match piece {
                        Piece::Text(text) => vec![NamePart::Text(text.to_lowercase())],
                        Piece::Place(at) => {
                            values.get(at).map(|value| value.name(of)).unwrap_or_default()
                        }
                    };
                    pieces(form).unwrap_or_default().into_iter().flat_map(part).collect()
                }
                _ => vec![NamePart::Asked(self.to_string(), None)],
            },
            Self::Path(parts) => {
                let keys: Option<Vec<String>> = parts.iter().cloned().map(Part::key).collect();
                vec![NamePart::Asked(self.to_string(), keys)]
            }
            Self::Literal(_)
            | Self::Call(..)
            | Self::Not(_)
            | Self::And(..)
            | Self::Or(..)
            | Self::Compare(..)
            | Self::Within(..) => vec![NamePart::Asked(self.to_string(), None)],
        }
    }

    /// Whether it comes in every case to what stands at some keys of a context, which is there.
    pub(super) fn is_always(&self, of: &dyn Asked, keys: &[String]) -> bool {
        match self {
            Self::Path(parts) => {
                let is =
                    |(part, key): (&Part, &String)| matches!(part, Part::Key(part) if part == key);
                parts.len() == keys.len() && parts.iter().zip(keys).all(is)
            }
            Self::And(a, b) => !a.values(of).can_be_false() && b.is_always(of, keys),
            Self::Or(a, b) => {
                a.is_always(of, keys) || !a.values(of).can_be_true() && b.is_always(of, keys)
            }
            Self::Call(name, given) => match (name.as_str(), &given[..]) {
                ("format", [Self::Literal(Value::Text(form)), values @ ..]) => {
                    match &pieces(form).unwrap_or_default()[..] {
                        [Piece::Place(at)] => {
                            values.get(*at).is_some_and(|value| value.is_always(of, keys))
                        }
                        _ => false,
                    }
                }
                (_, _) => false,
            },
            Self::Literal(_) | Self::Not(_) | Self::Compare(..) | Self::Within(..) => false,
        }
    }
}
