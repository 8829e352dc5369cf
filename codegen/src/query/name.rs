//! The name of a table as people write it: `events`, `shop.events`, `"my events"`.

use std::fmt;
use std::str::FromStr;

use super::Engine;

/// A table's name, with what stands before it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Name(Vec<String>);

/// What is wrong with a name.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum NotAName {
    /// A part has nothing in it.
    Empty,
    /// A quote was not closed.
    Open,
    /// Something other than a dot follows a quote.
    Follows(String),
}

impl fmt::Display for NotAName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("a part of the name is empty; write TABLE or SCHEMA.TABLE"),
            Self::Open => f.write_str("a quote is not closed; within quotes, write \"\" for one"),
            Self::Follows(text) => {
                write!(f, "`{text}` follows a quote, where only a dot or the end may")
            }
        }
    }
}

impl std::error::Error for NotAName {}

impl FromStr for Name {
    type Err = NotAName;

    /// Parts apart by dots. A part in double quotes may have dots, and a quote is doubled in it.
    fn from_str(text: &str) -> Result<Self, NotAName> {
        let mut parts = Vec::new();
        let mut rest = text;
        loop {
            let (part, after) = match rest.strip_prefix('"') {
                Some(inside) => inside_quotes(inside)?,
                None => {
                    let end = rest.find('.').unwrap_or(rest.len());
                    (rest[..end].to_owned(), &rest[end..])
                }
            };
            if part.is_empty() {
                return Err(NotAName::Empty);
            }
            parts.push(part);
            match after.strip_prefix('.') {
                Some(next) => rest = next,
                None if after.is_empty() => return Ok(Self(parts)),
                None => return Err(NotAName::Follows(after.to_owned())),
            }
        }
    }
}

/// What is within quotes that were opened, and what comes after them.
fn inside_quotes(text: &str) -> Result<(String, &str), NotAName> {
    let mut part = String::new();
    let mut rest = text;
    loop {
        let (before, after) = rest.split_once('"').ok_or(NotAName::Open)?;
        part += before;
        match after.strip_prefix('"') {
            Some(more) => {
                part.push('"');
                rest = more;
            }
            None => return Ok((part, after)),
        }
    }
}

impl Name {
    /// The name as an engine has it.
    pub fn written(&self, engine: Engine) -> String {
        let parts: Vec<String> = self.0.iter().map(|part| engine.identifier(part)).collect();
        parts.join(".")
    }
}
