//! GitHub's expression language, read: `||` binds least, then `&&`, equality, order, `!`, and what
//! is in brackets or behind a point.

use std::fmt;

use super::tokens::{Token, tokens};
use super::value::{Comparison, Value};

/// An expression.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Expression {
    /// A value that is written out.
    Literal(Value),
    /// What a context holds: `needs.build.result`.
    Path(Vec<Part>),
    /// What a function gives.
    Call(String, Vec<Self>),
    /// The opposite.
    Not(Box<Self>),
    /// Both; the value of the one that decides.
    And(Box<Self>, Box<Self>),
    /// Either; the value of the one that decides.
    Or(Box<Self>, Box<Self>),
    /// How two values compare.
    Compare(Comparison, Box<Self>, Box<Self>),
    /// A part of a value that is no context, which nothing is known of.
    Within(Box<Self>, Box<Self>),
}

/// A step on the way into a context.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Part {
    /// A key, in small letters: their case does not matter.
    Key(String),
    /// Every key.
    Every,
    /// A key that an expression computes.
    Computed(Box<Expression>),
}

impl Part {
    /// The key, where it is one that is written out.
    pub(super) fn key(self) -> Option<String> {
        match self {
            Self::Key(key) => Some(key),
            Self::Every | Self::Computed(_) => None,
        }
    }
}

/// Functions that say what became of the jobs before.
pub(super) const STATUS: [&str; 4] = ["success", "always", "failure", "cancelled"];

/// All functions, with the least and the most that each takes.
const FUNCTIONS: [(&str, usize, usize); 13] = [
    ("success", 0, usize::MAX),
    ("failure", 0, usize::MAX),
    ("always", 0, 0),
    ("cancelled", 0, 0),
    ("contains", 2, 2),
    ("startswith", 2, 2),
    ("endswith", 2, 2),
    ("format", 1, usize::MAX),
    ("join", 1, 2),
    ("tojson", 1, 1),
    ("fromjson", 1, 1),
    ("hashfiles", 1, usize::MAX),
    ("case", 3, usize::MAX),
];

/// A function as GitHub's documentation writes it: its case does not matter.
pub fn written(name: &str) -> &str {
    match name {
        "startswith" => "startsWith",
        "endswith" => "endsWith",
        "tojson" => "toJSON",
        "fromjson" => "fromJSON",
        "hashfiles" => "hashFiles",
        other => other,
    }
}

/// How deep one part may be in others, and how many characters there may be, as in GitHub's own reader.
const DEEPEST: usize = 50;
const LONGEST: usize = 21_000;

impl Expression {
    /// Reads what stands between `${{` and `}}`.
    ///
    /// # Errors
    /// What keeps it from being an expression.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        if text.encode_utf16().count() > LONGEST {
            return Err(format!("it has more than {LONGEST} characters"));
        }
        let mut reader = Reader { tokens: tokens(text)?, at: 0, depth: 0 };
        let read = reader.or()?;
        match reader.tokens.get(reader.at) {
            None => Ok(read),
            Some(token) => Err(format!("{} is not expected there", word(token))),
        }
    }

    /// Whether a function that says what became of the jobs before stands anywhere in it.
    pub(super) fn asks_status(&self) -> bool {
        self.any(&|part| matches!(part, Self::Call(name, _) if STATUS.contains(&name.as_str())))
    }

    /// Whether it asks what is another thing in each job: what became of all those before it.
    pub(super) fn asks_all_before(&self) -> bool {
        let is_key = |part: &Part| matches!(part, Part::Key(_));
        let is_needs = |part: &Part| matches!(part, Part::Key(key) if key == "needs");
        let of_all = |part: &Self| match part {
            Self::Path(parts) => {
                parts.first().is_some_and(is_needs) && !parts.get(1).is_some_and(is_key)
            }
            Self::Literal(_)
            | Self::Call(..)
            | Self::Not(_)
            | Self::And(..)
            | Self::Or(..)
            | Self::Compare(..)
            | Self::Within(..) => false,
        };
        self.asks_status() || self.any(&of_all)
    }

    /// Whether this is so of it, or of something in it.
    fn any(&self, is: &dyn Fn(&Self) -> bool) -> bool {
        let mut found = false;
        self.each(&mut |part| found |= is(part));
        found
    }

    /// Looks at it, and at all that is in it.
    pub(super) fn each<'e>(&'e self, look: &mut dyn FnMut(&'e Self)) {
        look(self);
        match self {
            Self::Literal(_) => {}
            Self::Path(parts) => parts.iter().for_each(|part| match part {
                Part::Computed(by) => by.each(look),
                Part::Key(_) | Part::Every => {}
            }),
            Self::Call(_, given) => given.iter().for_each(|given| given.each(look)),
            Self::Not(of) => of.each(look),
            Self::And(a, b) | Self::Or(a, b) | Self::Compare(_, a, b) | Self::Within(a, b) => {
                a.each(look);
                b.each(look);
            }
        }
    }
}

fn word(token: &Token) -> String {
    match token {
        Token::Text(text) => format!("'{text}'"),
        Token::Number(number) => format!("`{number}`"),
        Token::Name(name) => format!("`{name}`"),
        Token::Sign(sign) => format!("`{sign}`"),
    }
}

struct Reader {
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
}

impl Reader {
    fn takes(&mut self, sign: &str) -> bool {
        let is_it = matches!(self.tokens.get(self.at), Some(Token::Sign(next)) if *next == sign);
        self.at += usize::from(is_it);
        is_it
    }

    fn wants(&mut self, sign: &str) -> Result<(), String> {
        if self.takes(sign) { Ok(()) } else { Err(format!("`{sign}` is missing")) }
    }

    fn or(&mut self) -> Result<Expression, String> {
        self.depth += 1;
        self.goes(0)?;
        let mut all = vec![self.and()?];
        while self.takes("||") {
            all.push(self.and()?);
        }
        self.depth -= 1;
        Ok(joined(all, Expression::Or))
    }

    fn and(&mut self) -> Result<Expression, String> {
        let mut all = vec![self.equality()?];
        while self.takes("&&") {
            all.push(self.equality()?);
        }
        Ok(joined(all, Expression::And))
    }

    /// Whether it may go so much deeper.
    fn goes(&self, deeper: usize) -> Result<(), String> {
        match self.depth + deeper <= DEEPEST {
            true => Ok(()),
            false => Err(format!("it is nested more than {DEEPEST} deep")),
        }
    }

    fn equality(&mut self) -> Result<Expression, String> {
        const SIGNS: [(&str, Comparison); 2] =
            [("==", Comparison::Equal), ("!=", Comparison::Unequal)];
        self.compared(&SIGNS, Self::order)
    }

    fn order(&mut self) -> Result<Expression, String> {
        const SIGNS: [(&str, Comparison); 4] = [
            ("<", Comparison::Less),
            ("<=", Comparison::LessOrEqual),
            (">", Comparison::Greater),
            (">=", Comparison::GreaterOrEqual),
        ];
        self.compared(&SIGNS, Self::not)
    }

    fn compared(
        &mut self,
        signs: &[(&str, Comparison)],
        next: fn(&mut Self) -> Result<Expression, String>,
    ) -> Result<Expression, String> {
        let mut left = next(self)?;
        for deeper in 1.. {
            let Some(&(_, how)) = signs.iter().find(|(sign, _)| self.takes(sign)) else { break };
            self.goes(deeper)?;
            left = Expression::Compare(how, left.into(), next(self)?.into());
        }
        Ok(left)
    }

    fn not(&mut self) -> Result<Expression, String> {
        let mut signs = 0;
        while self.takes("!") {
            signs += 1;
            self.goes(signs)?;
        }
        let of = self.parts()?;
        Ok((0..signs).fold(of, |of, _| Expression::Not(of.into())))
    }

    fn parts(&mut self) -> Result<Expression, String> {
        let mut of = self.primary()?;
        let mut deeper = 0;
        loop {
            self.goes(deeper)?;
            deeper += 1;
            let part = if self.takes(".") {
                match self.tokens.get(self.at) {
                    Some(Token::Name(name)) => Part::Key(name.to_lowercase()),
                    Some(Token::Sign("*")) => Part::Every,
                    Some(_) | None => return Err("a name is missing behind `.`".to_owned()),
                }
            } else if self.takes("[") {
                if self.takes("*") {
                    self.wants("]")?;
                    of = within(of, Part::Every);
                    continue;
                }
                let index = self.or()?;
                self.wants("]")?;
                let part = if let Expression::Literal(Value::Text(key)) = &index {
                    Part::Key(key.to_lowercase())
                } else {
                    Part::Computed(index.into())
                };
                of = within(of, part);
                continue;
            } else {
                return Ok(of);
            };
            self.at += 1;
            of = within(of, part);
        }
    }

    fn primary(&mut self) -> Result<Expression, String> {
        if self.takes("(") {
            let inner = self.or()?;
            self.wants(")")?;
            return Ok(inner);
        }
        let token = self.tokens.get(self.at).cloned();
        self.at += 1;
        match token {
            Some(Token::Text(text)) => Ok(Expression::Literal(Value::Text(text))),
            Some(Token::Number(number)) => Ok(Expression::Literal(Value::Number(number))),
            Some(Token::Name(name)) if self.takes("(") => self.call(&name),
            Some(Token::Name(name)) => Ok(match name.as_str() {
                "true" => Expression::Literal(Value::Bool(true)),
                "false" => Expression::Literal(Value::Bool(false)),
                "null" => Expression::Literal(Value::Null),
                "NaN" => Expression::Literal(Value::Number(f64::NAN)),
                "Infinity" => Expression::Literal(Value::Number(f64::INFINITY)),
                _ => Expression::Path(vec![Part::Key(name.to_lowercase())]),
            }),
            Some(token) => Err(format!("{} is not expected there", word(&token))),
            None => Err("it breaks off".to_owned()),
        }
    }

    fn call(&mut self, written: &str) -> Result<Expression, String> {
        let name = written.to_lowercase();
        let mut given = Vec::new();
        if !self.takes(")") {
            loop {
                given.push(self.or()?);
                if self.takes(")") {
                    break;
                }
                self.wants(",")?;
            }
        }
        match FUNCTIONS.into_iter().find(|(known, ..)| *known == name) {
            None => Err(format!("there is no function `{written}`")),
            Some((_, least, most)) if given.len() < least || given.len() > most => {
                Err(format!("`{written}` does not take {} values", given.len()))
            }
            Some(_) => Ok(Expression::Call(name, given)),
        }
    }
}

/// All of them by one operator, of which it does not matter which two come first: half by half, so that
/// many are not deep.
fn joined(
    mut all: Vec<Expression>,
    by: fn(Box<Expression>, Box<Expression>) -> Expression,
) -> Expression {
    let rest = all.split_off(all.len().div_ceil(2));
    match rest.is_empty() {
        true => all.remove(0),
        false => by(joined(all, by).into(), joined(rest, by).into()),
    }
}

fn within(of: Expression, part: Part) -> Expression {
    match (of, part) {
        (Expression::Path(mut parts), part) => {
            parts.push(part);
            Expression::Path(parts)
        }
        (of, Part::Computed(by)) => Expression::Within(of.into(), by),
        (of, Part::Key(key)) => {
            Expression::Within(of.into(), Expression::Literal(Value::Text(key)).into())
        }
        // Of every value in a list or an object nothing is known.
        (of, Part::Every) => {
            Expression::Within(of.into(), Expression::Literal(Value::Filled).into())
        }
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Literal(
                Value::Null | Value::Filled | Value::List(_) | Value::Map(_) | Value::Json(_),
            ) => f.write_str("null"),
            Self::Literal(Value::Bool(value)) => write!(f, "{value}"),
            Self::Literal(Value::Number(number)) => write!(f, "{number}"),
            Self::Literal(Value::Text(text)) => write!(f, "'{}'", text.replace('\'', "''")),
            Self::Path(parts) => {
                for (at, part) in parts.iter().enumerate() {
                    let point = if at == 0 { "" } else { "." };
                    match part {
                        Part::Key(key) => write!(f, "{point}{key}")?,
                        Part::Every => write!(f, "{point}*")?,
                        Part::Computed(by) => write!(f, "[{by}]")?,
                    }
                }
                Ok(())
            }
            Self::Call(name, given) => {
                let given: Vec<String> = given.iter().map(Self::to_string).collect();
                write!(f, "{}({})", written(name), given.join(", "))
            }
            Self::Not(of) => write!(f, "!({of})"),
            Self::And(a, b) => write!(f, "({a} && {b})"),
            Self::Or(a, b) => write!(f, "({a} || {b})"),
            Self::Compare(how, a, b) => {
                let sign = match how {
                    Comparison::Equal => "==",
                    Comparison::Unequal => "!=",
                    Comparison::Less => "<",
                    Comparison::LessOrEqual => "<=",
                    Comparison::Greater => ">",
                    Comparison::GreaterOrEqual => ">=",
                };
                write!(f, "{a} {sign} {b}")
            }
            Self::Within(of, by) => write!(f, "({of})[{by}]"),
        }
    }
}
