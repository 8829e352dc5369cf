//! What an expression can be: every value that is possible, where not all is known.

use super::tokens::number;

/// How two values are compared.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Comparison {
    Equal,
    Unequal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// One value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    /// Nothing.
    Null,
    /// Yes or no.
    Bool(bool),
    /// A number.
    Number(f64),
    /// A text.
    Text(String),
    /// A text that is not empty, and of which nothing else is known.
    Filled,
    /// The values of a list.
    List(Vec<Self>),
    /// The values of an object, by their keys, in their order.
    Map(Vec<(String, Self)>),
    /// JSON in which some texts are not known: one of these signs stands for each.
    Json(String),
}

/// Stands in JSON for what a text holds that is not known.
pub(super) const HOLE: char = '\u{1}';

/// All values that something can have.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Values {
    /// Those that are known.
    pub(super) known: Vec<Value>,
    /// Whether it can be any other, too.
    pub(super) any: bool,
}

/// More than this are any.
const MOST: usize = 64;

impl Values {
    pub(super) const ANY: Self = Self { known: Vec::new(), any: true };

    pub(super) fn one(value: Value) -> Self {
        Self { known: vec![value], any: false }
    }

    pub(super) fn text(text: impl Into<String>) -> Self {
        Self::one(Value::Text(text.into()))
    }

    /// Those of the answers that are possible.
    pub(super) fn answers(yes: bool, no: bool) -> Self {
        let known = [(yes, true), (no, false)].into_iter();
        let known = known.filter(|(is, _)| *is).map(|(_, answer)| Value::Bool(answer)).collect();
        Self { known, any: false }
    }

    pub(super) fn with(mut self, other: Self) -> Self {
        self.any |= other.any;
        for value in other.known {
            self.add(value);
        }
        self
    }

    pub(super) fn add(&mut self, value: Value) {
        if self.known.contains(&value) {
            return;
        }
        if self.known.len() == MOST {
            self.any = true;
        } else {
            self.known.push(value);
        }
    }

    /// Those that count as true, or those that count as false; what is not known is one of them.
    pub(super) fn counting(&self, truth: bool) -> Self {
        let known = self.known.iter().filter(|value| value.is_true() == truth).cloned().collect();
        let mut kept = Self { known, any: false };
        if self.any {
            kept.add(if truth { Value::Filled } else { Value::Text(String::new()) });
        }
        kept
    }

    /// Whether it can count as true.
    pub(super) fn can_be_true(&self) -> bool {
        self.any || self.known.iter().any(Value::is_true)
    }

    /// Whether it can count as false.
    pub(super) fn can_be_false(&self) -> bool {
        self.any || self.known.iter().any(|value| !value.is_true())
    }

    /// What comes of every two of them; where one is not known, anything.
    pub(super) fn each_of(&self, other: &Self, of: impl Fn(&Value, &Value) -> Self) -> Self {
        let pairs = self.known.iter().flat_map(|a| other.known.iter().map(move |b| (a, b)));
        let all = pairs.fold(Self::default(), |all, (a, b)| all.with(of(a, b)));
        Self { any: all.any || self.any || other.any, ..all }
    }

    /// Every way in which two go together, where both are known; where one is not, anything.
    pub(super) fn each(&self, other: &Self, of: impl Fn(&Value, &Value) -> Self) -> Self {
        let pairs = self.known.iter().flat_map(|a| other.known.iter().map(move |b| (a, b)));
        let both = pairs.fold(Self::default(), |all, (a, b)| all.with(of(a, b)));
        if self.any || other.any { both.with(Self::answers(true, true)) } else { both }
    }
}

impl Value {
    /// Whether it counts as true.
    pub(super) fn is_true(&self) -> bool {
        match self {
            Self::Null => false,
            Self::Bool(value) => *value,
            Self::Number(number) => *number != 0.0 && !number.is_nan(),
            Self::Text(text) => !text.is_empty(),
            Self::Filled | Self::List(_) | Self::Map(_) | Self::Json(_) => true,
        }
    }

    /// The number that it is where it is compared with something of another kind.
    fn number(&self) -> f64 {
        match self {
            Self::Null => 0.0,
            Self::Bool(value) => f64::from(u8::from(*value)),
            Self::Number(number) => *number,
            Self::Text(text) if text.trim().is_empty() => 0.0,
            Self::Text(text) => number(text.trim()).unwrap_or(f64::NAN),
            Self::Filled | Self::List(_) | Self::Map(_) | Self::Json(_) => f64::NAN,
        }
    }

    /// It as a text, where it is known.
    pub(super) fn text(&self) -> Option<String> {
        match self {
            Self::Null => Some(String::new()),
            Self::Bool(value) => Some(value.to_string()),
            Self::Number(number) => Some(number.to_string()),
            Self::Text(text) => Some(text.clone()),
            Self::List(_) => Some("Array".to_owned()),
            Self::Map(_) => Some("Object".to_owned()),
            Self::Filled | Self::Json(_) => None,
        }
    }
}

/// The answers to a comparison of two values.
pub(super) fn compare(how: Comparison, a: &Value, b: &Value) -> Values {
    let is_empty = |value: &Value| matches!(value, Value::Text(text) if text.is_empty());
    let is_open = |value: &Value| matches!(value, Value::Filled | Value::Json(_));
    if is_open(a) || is_open(b) {
        // A text that is not empty is not the empty one; all else is possible.
        let differ = is_empty(a) || is_empty(b);
        return match how {
            Comparison::Equal if differ => Values::answers(false, true),
            Comparison::Unequal if differ => Values::answers(true, false),
            Comparison::Equal
            | Comparison::Unequal
            | Comparison::Less
            | Comparison::LessOrEqual
            | Comparison::Greater
            | Comparison::GreaterOrEqual => Values::answers(true, true),
        };
    }
    let order = match (a, b) {
        (Value::Text(a), Value::Text(b)) => Some(a.to_uppercase().cmp(&b.to_uppercase())),
        // Two lists are one where they are the same one, which is never asked.
        (Value::List(_) | Value::Map(_), _) | (_, Value::List(_) | Value::Map(_)) => None,
        (
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::Text(_)
            | Value::Filled
            | Value::Json(_),
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::Text(_)
            | Value::Filled
            | Value::Json(_),
        ) => a.number().partial_cmp(&b.number()),
    };
    let is = match how {
        Comparison::Equal => order.is_some_and(std::cmp::Ordering::is_eq),
        Comparison::Unequal => !order.is_some_and(std::cmp::Ordering::is_eq),
        Comparison::Less => order.is_some_and(std::cmp::Ordering::is_lt),
        Comparison::LessOrEqual => order.is_some_and(std::cmp::Ordering::is_le),
        Comparison::Greater => order.is_some_and(std::cmp::Ordering::is_gt),
        Comparison::GreaterOrEqual => order.is_some_and(std::cmp::Ordering::is_ge),
    };
    Values::answers(is, !is)
}
