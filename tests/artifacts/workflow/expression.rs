//! GitHub's expressions, as far as generated workflows use them: enough to run one without GitHub.
//! Written from GitHub's documentation, independently of what prints the expressions.

#![allow(clippy::wildcard_enum_match_arm, reason = "JSON values are not ours to add to")]

use serde_json::Value;

/// Evaluates an expression; `context` gives the value of `github`, `inputs`, `steps`, …
pub(crate) fn evaluate(text: &str, context: &Value) -> Value {
    let tokens = tokens(text);
    let mut parser = Parser { tokens: &tokens, at: 0, context };
    let value = parser.or();
    assert_eq!(parser.at, tokens.len(), "something is left over in: {text}");
    value
}

/// A string in which `${{ … }}` stands for a value, as `with:` and `env:` have it.
pub(crate) fn interpolate(text: &str, context: &Value) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(start) = rest.find("${{") {
        let end = rest[start..].find("}}").expect("an expression ends") + start;
        out.push_str(&rest[..start]);
        out.push_str(&text_of(&evaluate(&rest[start + 3..end], context)));
        rest = &rest[end + 2..];
    }
    out + rest
}

/// What is falsy: null, false, 0 and the empty string.
pub(crate) fn truthy(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(value) => *value,
        Value::Number(value) => value.as_f64() != Some(0.0),
        Value::String(value) => !value.is_empty(),
        Value::Array(_) | Value::Object(_) => true,
    }
}

pub(crate) fn text_of(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(value) => value.clone(),
        other => other.to_string(),
    }
}

fn number(value: &Value) -> f64 {
    match value {
        Value::Null => 0.0,
        Value::Bool(value) => f64::from(u8::from(*value)),
        Value::Number(value) => value.as_f64().unwrap(),
        Value::String(value) if value.trim().is_empty() => 0.0,
        Value::String(value) => value.trim().parse().unwrap_or(f64::NAN),
        Value::Array(_) | Value::Object(_) => f64::NAN,
    }
}

fn equal(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::String(a), Value::String(b)) => a.to_lowercase() == b.to_lowercase(),
        _ => number(a) == number(b),
    }
}

#[derive(Debug, PartialEq)]
enum Token {
    Word(String),
    Text(String),
    Sign(&'static str),
}

fn tokens(text: &str) -> Vec<Token> {
    const SIGNS: [&str; 10] = ["&&", "||", "==", "!=", "!", "(", ")", ".", ",", "*"];
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let len;
        if first == '\'' {
            let mut value = String::new();
            let mut chars = rest[1..].char_indices().peekable();
            let end = loop {
                let (at, c) = chars.next().expect("a string ends");
                if c != '\'' {
                    value.push(c);
                } else if chars.next_if(|(_, c)| *c == '\'').is_some() {
                    value.push('\'');
                } else {
                    break at + 2;
                }
            };
            tokens.push(Token::Text(value));
            len = end;
        } else if let Some(sign) = SIGNS.into_iter().find(|sign| rest.starts_with(sign)) {
            tokens.push(Token::Sign(sign));
            len = sign.len();
        } else {
            len = rest
                .find(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '-')
                .unwrap_or(rest.len());
            assert!(len > 0, "{first:?} means nothing in: {text}");
            tokens.push(Token::Word(rest[..len].to_owned()));
        }
        rest = rest[len..].trim_start();
    }
    tokens
}

struct Parser<'a> {
    tokens: &'a [Token],
    at: usize,
    context: &'a Value,
}

impl Parser<'_> {
    fn eat(&mut self, sign: &'static str) -> bool {
        let found = self.tokens.get(self.at) == Some(&Token::Sign(sign));
        self.at += usize::from(found);
        found
    }

    fn or(&mut self) -> Value {
        let mut left = self.and();
        while self.eat("||") {
            let right = self.and();
            left = if truthy(&left) { left } else { right };
        }
        left
    }

    fn and(&mut self) -> Value {
        let mut left = self.equality();
        while self.eat("&&") {
            let right = self.equality();
            left = if truthy(&left) { right } else { left };
        }
        left
    }

    fn equality(&mut self) -> Value {
        let mut left = self.unary();
        loop {
            if self.eat("==") {
                left = equal(&left, &self.unary()).into();
            } else if self.eat("!=") {
                left = (!equal(&left, &self.unary())).into();
            } else {
                return left;
            }
        }
    }

    fn unary(&mut self) -> Value {
        if self.eat("!") {
            return (!truthy(&self.unary())).into();
        }
        if self.eat("(") {
            let value = self.or();
            assert!(self.eat(")"), "a parenthesis is closed");
            return value;
        }
        let token = self.tokens.get(self.at).expect("something follows");
        self.at += 1;
        match token {
            Token::Text(text) => text.as_str().into(),
            Token::Word(word) if self.eat("(") => self.call(word),
            Token::Word(word) => {
                let value = self
                    .context
                    .get(word)
                    .unwrap_or_else(|| panic!("there is no `{word}` here"))
                    .clone();
                self.members(value)
            }
            Token::Sign(sign) => panic!("{sign} stands where a value should"),
        }
    }

    fn members(&mut self, mut value: Value) -> Value {
        let mut many = false;
        while self.eat(".") {
            if self.eat("*") {
                many = true;
                value = value
                    .as_object()
                    .map(|map| map.values().cloned().collect())
                    .unwrap_or_default();
                continue;
            }
            let Some(Token::Word(name)) = self.tokens.get(self.at) else {
                panic!("a member has a name")
            };
            self.at += 1;
            value = match value {
                Value::Array(values) if many => {
                    values.iter().filter_map(|value| value.get(name)).cloned().collect()
                }
                value => value.get(name).cloned().unwrap_or(Value::Null),
            };
        }
        value
    }

    fn call(&mut self, name: &str) -> Value {
        let mut arguments = Vec::new();
        while !self.eat(")") {
            arguments.push(self.or());
            self.eat(",");
        }
        match name {
            "always" => true.into(),
            "contains" => {
                let [Value::Array(values), sought] = arguments.as_slice() else {
                    panic!("contains(list, value)")
                };
                values.iter().any(|value| equal(value, sought)).into()
            }
            other => panic!("the function {other} is not known here"),
        }
    }
}
