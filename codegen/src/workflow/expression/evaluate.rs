//! What an expression comes to, where contexts and functions are asked of somebody who may not know.

use super::Asked;
use super::form::{Piece, pieces};
use super::parse::{Expression, Part, STATUS};
use super::value::{Comparison, Value, Values, compare};

impl Expression {
    /// Every value that it can have.
    pub(super) fn values(&self, of: &dyn Asked) -> Values {
        let values = self.plain(of);
        // What is not known is the same wherever it is asked again in one run.
        if !values.can_be_true() || !values.can_be_false() {
            return values;
        }
        match self {
            // What is asked of all the jobs before is another thing in each job.
            Self::Path(_) | Self::Compare(..) | Self::Call(..) if !self.asks_all_before() => {
                let (text, is_opposite) = self.atom();
                match of.decided(&text) {
                    Some(answer) => values.counting(answer != is_opposite),
                    None => values,
                }
            }
            Self::Path(_)
            | Self::Compare(..)
            | Self::Call(..)
            | Self::Literal(_)
            | Self::Not(_)
            | Self::And(..)
            | Self::Or(..)
            | Self::Within(..) => values,
        }
    }

    fn plain(&self, of: &dyn Asked) -> Values {
        match self {
            Self::Literal(value) => Values::one(value.clone()),
            Self::Path(parts) => match keys(parts) {
                Some(keys) => of.context(&keys),
                None => Values::ANY,
            },
            Self::Within(..) => Values::ANY,
            Self::Not(inner) => {
                let inner = inner.values(of);
                Values::answers(inner.can_be_false(), inner.can_be_true())
            }
            Self::And(a, b) => decided(&a.values(of), b, of, false),
            Self::Or(a, b) => decided(&a.values(of), b, of, true),
            Self::Compare(how, a, b) => a.plain(of).each(&b.plain(of), |a, b| compare(*how, a, b)),
            Self::Call(name, given) => call(name, given, of),
        }
    }

    /// By what one comparison is known again: equality and its opposite are one.
    fn atom(&self) -> (String, bool) {
        match self {
            Self::Compare(Comparison::Unequal, a, b) => {
                let same = Self::Compare(Comparison::Equal, a.clone(), b.clone());
                (same.to_string(), true)
            }
            Self::Literal(_)
            | Self::Path(_)
            | Self::Call(..)
            | Self::Not(_)
            | Self::And(..)
            | Self::Or(..)
            | Self::Compare(..)
            | Self::Within(..) => (self.to_string(), false),
        }
    }
}

/// The keys of a way into a context; none where one has to be found out.
fn keys<'a>(parts: &'a [Part]) -> Option<Vec<&'a str>> {
    let key = |part: &'a Part| match part {
        Part::Key(key) => Some(key.as_str()),
        Part::Every => Some("*"),
        Part::Found(_) => None,
    };
    parts.iter().map(key).collect()
}

/// The first value where it decides, else the second.
fn decided(first: &Values, second: &Expression, of: &dyn Asked, by: bool) -> Values {
    let kept = first.counting(by);
    let goes_on = if by { first.can_be_false() } else { first.can_be_true() };
    if goes_on { kept.with(second.values(of)) } else { kept }
}

fn call(name: &str, given: &[Expression], of: &dyn Asked) -> Values {
    if let Some(status) = STATUS.into_iter().find(|status| *status == name) {
        let names: Vec<Values> = given.iter().map(|name| name.plain(of)).collect();
        return of.status(status, &names);
    }
    let given: Vec<Values> = given.iter().map(|value| value.plain(of)).collect();
    match (name, &given[..]) {
        ("contains", [within, what]) => within.each(what, contains),
        ("startswith", [text, part]) => {
            text.each(part, |a, b| texts(a, b, |a, b| a.starts_with(b)))
        }
        ("endswith", [text, part]) => text.each(part, |a, b| texts(a, b, |a, b| a.ends_with(b))),
        ("format", [text, values @ ..]) => formatted(text, values),
        ("join", [list, separator @ ..]) => joined(list, separator.first()),
        // Whatever it is of, it is a text that is not empty.
        ("tojson", [value]) => {
            let unknown = value.any.then_some(Value::Filled);
            let known = value.known.iter().map(|v| to_json(v).map_or(Value::Filled, Value::Text));
            known.chain(unknown).fold(Values::default(), |all, text| all.with(Values::one(text)))
        }
        ("fromjson", [text]) => {
            text.known.iter().fold(Values { known: Vec::new(), any: text.any }, |all, text| {
                all.with(from_json(text))
            })
        }
        ("case", all) => cases(all),
        (_, _) => Values::ANY,
    }
}

fn contains(within: &Value, what: &Value) -> Values {
    match within {
        Value::List(items) => {
            let each = items.iter().map(|item| compare(Comparison::Equal, item, what));
            let each: Vec<Values> = each.collect();
            let sure = each.iter().any(|is| !is.can_be_false());
            Values::answers(each.iter().any(Values::can_be_true), !sure)
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) | Value::Filled => {
            texts(within, what, |within, what| within.contains(what))
        }
    }
}

/// What is asked of two texts, whose case does not matter.
fn texts(a: &Value, b: &Value, is: impl Fn(&str, &str) -> bool) -> Values {
    match (a.text(), b.text()) {
        (Some(a), Some(b)) => {
            let is = is(&a.to_uppercase(), &b.to_uppercase());
            Values::answers(is, !is)
        }
        (_, Some(part)) if part.is_empty() => Values::answers(true, false),
        (_, _) => Values::answers(true, true),
    }
}

/// A text with values put into it: not empty where it has a text of its own.
fn formatted(text: &Values, values: &[Values]) -> Values {
    let [Value::Text(text)] = &text.known[..] else { return Values::ANY };
    let of_value = |values: &Values| match &values.known[..] {
        [value] if !values.any => value.text(),
        _ => None,
    };
    let Some(pieces) = pieces(text) else { return Values::ANY };
    let (mut known, mut is_filled) = (Some(String::new()), false);
    for piece in pieces {
        let part = match piece {
            Piece::Text(own) => {
                is_filled = true;
                Some(own)
            }
            Piece::Place(at) => {
                let Some(value) = values.get(at) else { return Values::ANY };
                let says = |value: &Value| value.text().is_none_or(|text| !text.is_empty());
                is_filled |= !value.any && value.known.iter().all(says);
                of_value(value)
            }
        };
        known = known.and_then(|known| Some(known + &part?));
    }
    match known {
        Some(known) => Values::text(known),
        None if is_filled => Values::one(Value::Filled),
        None => Values::ANY,
    }
}

/// The texts of a list, with one between each two.
fn joined(list: &Values, separator: Option<&Values>) -> Values {
    let separator = match separator.map(|values| (&values.known[..], values.any)) {
        None => ",".to_owned(),
        Some(([Value::Text(text)], false)) => text.clone(),
        Some(_) => return Values::ANY,
    };
    let of_list = |value: &Value| match value {
        Value::List(items) => items
            .iter()
            .map(Value::text)
            .collect::<Option<Vec<String>>>()
            .map(|t| t.join(&separator)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) | Value::Filled => {
            value.text()
        }
    };
    list.known.iter().fold(Values { known: Vec::new(), any: list.any }, |all, value| {
        all.with(of_list(value).map_or(Values::ANY, Values::text))
    })
}

/// A value as the runner prints it in JSON; none where not all of it is known.
fn to_json(value: &Value) -> Option<String> {
    Some(match value {
        Value::Null => "null".to_owned(),
        Value::Text(text) => serde_json::Value::String(text.clone()).to_string(),
        Value::Bool(_) | Value::Number(_) => value.text()?,
        Value::List(items) if items.is_empty() => "[]".to_owned(),
        Value::List(items) => {
            let items: Option<Vec<String>> = items.iter().map(to_json).collect();
            format!("[\n  {}\n]", items?.join(",\n  "))
        }
        Value::Filled => return None,
    })
}

fn from_json(text: &Value) -> Values {
    fn value(json: &serde_json::Value) -> Value {
        match json {
            serde_json::Value::Null => Value::Null,
            serde_json::Value::Bool(value) => Value::Bool(*value),
            serde_json::Value::Number(number) => Value::Number(number.as_f64().unwrap_or(f64::NAN)),
            serde_json::Value::String(text) => Value::Text(text.clone()),
            serde_json::Value::Array(items) => Value::List(items.iter().map(value).collect()),
            serde_json::Value::Object(_) => Value::List(Vec::new()),
        }
    }
    match text.text().map(|text| serde_json::from_str(&text)) {
        Some(Ok(json)) => Values::one(value(&json)),
        Some(Err(_)) | None => Values::ANY,
    }
}

/// `case(if, then, if, then, else)`.
fn cases(all: &[Values]) -> Values {
    let mut found = Values::default();
    let mut rest = all;
    while let [condition, value, more @ ..] = rest {
        if condition.can_be_true() {
            found = found.with(value.clone());
        }
        if !condition.can_be_false() {
            return found;
        }
        rest = more;
    }
    rest.first().map_or(Values::ANY, |last| found.with(last.clone()))
}
