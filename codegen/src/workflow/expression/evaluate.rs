//! What an expression comes to, where contexts and functions are asked of somebody who may not know.

use std::collections::BTreeSet;

use super::Asked;
use super::form::{Piece, pieces};
use super::parse::{Expression, Part, STATUS};
use super::value::{Comparison, HOLE, Value, Values, compare};

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
            Self::Within(of_value, by) => of_value.plain(of).each_of(&by.plain(of), within),
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

/// What stands in a list or an object at an index or a key.
fn within(value: &Value, by: &Value) -> Values {
    let found = match (value, by) {
        (Value::List(items), Value::Number(at)) if *at >= 0.0 && at.fract() == 0.0 => {
            // An index beyond what a list can hold is past its end.
            items.iter().enumerate().find(|(place, _)| *place as f64 == *at).map(|(_, item)| item)
        }
        (Value::Map(entries), Value::Text(key)) => {
            let is_it = |(name, _): &&(String, Value)| name.eq_ignore_ascii_case(key);
            entries.iter().find(is_it).map(|(_, value)| value)
        }
        (Value::Filled | Value::Json(_), _)
        | (_, Value::Filled | Value::Json(_) | Value::List(_)) => {
            return Values::ANY;
        }
        (
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::Text(_)
            | Value::List(_)
            | Value::Map(_),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) | Value::Map(_),
        ) => None,
    };
    found.map_or_else(|| Values::one(Value::Null), |value| Values::one(value.clone()))
}

/// The keys of a way into a context; none where one has to be found out.
fn keys<'a>(parts: &'a [Part]) -> Option<Vec<&'a str>> {
    let key = |part: &'a Part| match part {
        Part::Key(key) => Some(key.as_str()),
        Part::Every => Some("*"),
        Part::Computed(_) => None,
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
            let text = |text: String| match text.contains(HOLE) {
                true => Value::Json(text),
                false => Value::Text(text),
            };
            let known = value.known.iter().map(|v| to_json(v, "").map_or(Value::Filled, text));
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
        // It is no list, and no text.
        Value::Map(_) => Values::answers(false, true),
        Value::Json(text) => match what.text() {
            Some(what) => {
                let (text, what) = (text.to_uppercase(), what.to_uppercase());
                let is_sure = text.split(HOLE).any(|part| part.contains(&what));
                Values::answers(is_sure || may_contain(&text, &what), !is_sure)
            }
            None => Values::answers(true, true),
        },
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) | Value::Filled => {
            texts(within, what, |within, what| within.contains(what))
        }
    }
}

/// Whether JSON with texts that are not known may contain something: in such a text no quote stands
/// without a backslash before it.
fn may_contain(json: &str, what: &str) -> bool {
    let (json, what): (Vec<char>, Vec<char>) = (json.chars().collect(), what.chars().collect());
    // Every place in the JSON at which what was read so far may end, and whether a backslash came last.
    let mut ends: BTreeSet<(usize, bool)> = (0..json.len()).map(|at| (at, false)).collect();
    ends.extend((0..json.len()).filter(|&at| json[at] == HOLE).map(|at| (at, true)));
    for &next in &what {
        let mut after = BTreeSet::new();
        for &(mut at, is_escaped) in &ends {
            // A text may end here, too.
            while let Some(&sign) = json.get(at) {
                if sign == HOLE {
                    if next != '"' || is_escaped {
                        after.insert((at, next == '\\' && !is_escaped));
                    }
                    at += 1;
                    continue;
                }
                if sign == next {
                    after.insert((at + 1, false));
                }
                break;
            }
        }
        ends = after;
    }
    !ends.is_empty()
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
        Value::Null
        | Value::Bool(_)
        | Value::Number(_)
        | Value::Text(_)
        | Value::Filled
        | Value::Map(_)
        | Value::Json(_) => value.text(),
    };
    list.known.iter().fold(Values { known: Vec::new(), any: list.any }, |all, value| {
        all.with(of_list(value).map_or(Values::ANY, Values::text))
    })
}

/// A value as the runner prints it in JSON; none where not all of it is known.
fn to_json(value: &Value, before: &str) -> Option<String> {
    let deeper = format!("{before}  ");
    Some(match value {
        Value::Null => "null".to_owned(),
        Value::Text(text) => serde_json::Value::String(text.clone()).to_string(),
        Value::Bool(_) | Value::Number(_) => value.text()?,
        Value::List(items) if items.is_empty() => "[]".to_owned(),
        Value::List(items) => {
            let items: Option<Vec<String>> =
                items.iter().map(|item| to_json(item, &deeper)).collect();
            format!("[\n{deeper}{}\n{before}]", items?.join(&format!(",\n{deeper}")))
        }
        Value::Map(entries) if entries.is_empty() => "{}".to_owned(),
        Value::Map(entries) => {
            let entry = |(key, value): &(String, Value)| {
                let key = serde_json::Value::String(key.clone());
                Some(format!("{key}: {}", to_json(value, &deeper)?))
            };
            let entries: Option<Vec<String>> = entries.iter().map(entry).collect();
            format!("{{\n{deeper}{}\n{before}}}", entries?.join(&format!(",\n{deeper}")))
        }
        // Within an object.
        Value::Filled if !before.is_empty() => format!("\"{HOLE}\""),
        Value::Filled | Value::Json(_) => return None,
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
            serde_json::Value::Object(entries) => {
                let entry = |(key, of): (&String, &serde_json::Value)| (key.clone(), value(of));
                Value::Map(entries.iter().map(entry).collect())
            }
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
