//! GitHub's expression language, as its runner reads it: what a job's `if:` says, where not all that
//! it asks for is known. What can't be known is taken both ways.

mod asks;
mod errors;
mod evaluate;
mod form;
mod name;
mod own;
mod parse;
mod tokens;
mod value;

use std::collections::BTreeSet;

pub use errors::Unread;
pub use name::NamePart;
pub use own::Own;
use parse::Expression;
pub use parse::written;
use value::{Value, Values};

use crate::machine::NeedResult;

/// A condition of a job.
#[derive(Clone, Debug)]
pub struct Condition(Expression);

/// Who knows what an expression asks for.
trait Asked {
    /// What a context holds at some keys.
    fn context(&self, keys: &[&str]) -> Values;
    /// What a function says of the jobs before; of those that are named, where some are.
    fn status(&self, function: &str, names: &[Values]) -> Values;
    /// Which way something is taken that can't be known.
    fn decided(&self, atom: &str) -> Option<bool>;
}

/// What is known of a run when a condition is looked at.
pub trait Known {
    /// What else a context holds at some keys, in small letters.
    fn context(&self, keys: &[&str]) -> Held;
    /// The jobs that this one names in its `needs`, each with what became of it; by default none.
    fn names(&self) -> Vec<(String, NeedResult)> {
        Vec::new()
    }
    /// What became of a job that this one names in its `needs`; none where it names no such job.
    fn need(&self, job: &str) -> Option<NeedResult> {
        self.names().into_iter().find(|(name, _)| name == job).map(|(_, result)| result)
    }
    /// What became of each job before this one, directly or not; by default of those that it names.
    fn before(&self) -> Vec<NeedResult> {
        self.names().into_iter().map(|(_, result)| result).collect()
    }
    /// Whether the run was cancelled; by default it was not.
    fn is_cancelled(&self) -> bool {
        false
    }
    /// Which way something is taken that can't be known; by default both.
    fn decided(&self, _atom: &str) -> Option<bool> {
        None
    }
    /// The outputs that a job has; by default no one knows.
    fn outputs(&self, _job: &str) -> Option<Vec<String>> {
        None
    }
}

/// What is known of a value.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Held {
    /// It is this text.
    Text(String),
    /// It is yes or no.
    Flag(bool),
    /// It is a text that is not empty.
    Filled,
    /// It is one of these.
    Either(Vec<Self>),
    /// It is anything.
    Unknown,
}

/// Whether something can be, and whether it can not be.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Both {
    /// It can be.
    pub yes: bool,
    /// It can not be.
    pub no: bool,
}

impl Condition {
    /// Reads what stands at a job's `if:`: an expression, in `${{ }}` or without, or a text with
    /// expressions in it. Where no function in it asks what became of the jobs before, it holds only
    /// where all of them succeeded.
    ///
    /// # Errors
    /// What keeps it from being read.
    pub fn read(text: &str) -> Result<Self, String> {
        let read = if text.contains("${{") { template(text)? } else { bare(text)? };
        Ok(Self(match read.asks_status() {
            true => read,
            false => {
                let success = Expression::Call("success".to_owned(), Vec::new());
                Expression::And(success.into(), read.into())
            }
        }))
    }

    /// Whether it holds.
    pub fn holds(&self, known: &dyn Known) -> Both {
        let values = self.0.values(&By(known));
        Both { yes: values.can_be_true(), no: values.can_be_false() }
    }
}

/// What a text with expressions in it can come to; none where not all of it is known.
///
/// # Errors
/// What keeps it from being read.
pub fn texts(text: &str, known: &dyn Known) -> Result<Option<Vec<String>>, String> {
    Ok(reader(text)?(known))
}

/// What says to what a text with expressions in it can come; none where not all of it is known.
///
/// # Errors
/// What keeps it from being read.
pub fn reader(text: &str) -> Result<impl Fn(&dyn Known) -> Option<Vec<String>> + use<>, String> {
    let read = template(text)?;
    Ok(move |known: &dyn Known| {
        let values = read.values(&By(known));
        let texts: Option<Vec<String>> = values.known.iter().map(Value::text).collect();
        texts.filter(|_| !values.any)
    })
}

/// The keys of the way into a context that a text with one expression in it is, in small letters.
pub fn way(text: &str) -> Option<Vec<String>> {
    let Expression::Path(parts) = template(text.trim()).ok()? else { return None };
    parts.into_iter().map(parse::Part::key).collect()
}

/// The names of the contexts, and of the functions, that a text with expressions in it asks for, in small
/// letters; or, where it is one, that an expression does.
///
/// # Errors
/// What keeps it from being read.
pub fn asked(text: &str, is_bare: bool) -> Result<(BTreeSet<String>, BTreeSet<String>), String> {
    let read = if is_bare { bare(text)? } else { template(text)? };
    Ok(read.asked())
}

/// The jobs whose results or outputs a condition asks for, in small letters.
pub fn needed(text: &str) -> BTreeSet<String> {
    let read = if text.contains("${{") { template(text) } else { bare(text) };
    read.map(|read| read.below("needs")).unwrap_or_default()
}

/// The texts that a condition compares a context's value with, in small letters, each with whether it
/// asks for equality; none where it asks for that value otherwise, too.
pub fn compared(text: &str, way: &[&str]) -> Option<Vec<(String, bool)>> {
    let read = if text.contains("${{") { template(text) } else { bare(text) };
    read.map_or(Some(Vec::new()), |read| read.compared(way))
}

/// Whether a text with expressions in it can be empty, or count as false.
///
/// # Errors
/// What keeps it from being read.
pub fn may_be_empty(text: &str, known: &dyn Known) -> Result<bool, String> {
    Ok(template(text)?.values(&By(known)).can_be_false())
}

/// What an expression reads as JSON, in a text with expressions or where it stands without `${{ }}`, that
/// may be none: to GitHub that is an error. None, too, where the text can't be read.
pub fn unread_json(text: &str, known: &dyn Known) -> Option<Unread> {
    let read = if text.contains("${{") { template(text) } else { bare(text) };
    read.ok()?.unread_json(&By(known))
}

/// Whether a flag can be set, and whether it can not be: written out, or as an expression.
///
/// # Errors
/// What keeps it from being read.
pub fn flag(text: &str, known: &dyn Known) -> Result<Both, String> {
    if !text.contains("${{") {
        let is = text.trim() == "true";
        return Ok(Both { yes: is, no: !is });
    }
    let values = template(text.trim())?.values(&By(known));
    Ok(Both { yes: values.can_be_true(), no: values.can_be_false() })
}

/// Whether no two runs come to the same text, where each has something of its own in a context.
///
/// # Errors
/// What keeps it from being read.
pub fn is_own(text: &str, known: &dyn Known, own: &Own) -> Result<bool, String> {
    Ok(template(text)?.is_own(&By(known), own))
}

/// What a text with expressions in it is made of; texts that follow each other are one.
///
/// # Errors
/// What keeps it from being read.
pub fn name(text: &str, known: &dyn Known) -> Result<Vec<NamePart>, String> {
    let mut name: Vec<NamePart> = Vec::new();
    for part in template(text)?.name(&By(known)) {
        match (name.last_mut(), part) {
            (_, NamePart::Text(text)) if text.is_empty() => {}
            (Some(NamePart::Text(before)), NamePart::Text(text)) => before.push_str(&text),
            (_, part) => name.push(part),
        }
    }
    Ok(name)
}

/// The ways into a context that a text with expressions in it asks for, key by key, in small letters.
pub fn ways(text: &str, context: &str) -> Vec<Vec<String>> {
    template(text).map(|read| read.ways(context)).unwrap_or_default()
}

/// Whether a text with expressions in it comes in every case to what stands at some keys.
pub fn is_always(text: &str, known: &dyn Known, keys: &[String]) -> bool {
    template(text.trim()).is_ok_and(|read| read.is_always(&By(known), keys))
}

/// What a condition asks for, each of which must hold; nothing where it is a text with expressions in
/// it, which holds always.
pub fn terms(text: &str) -> Vec<String> {
    if text.contains("${{") && text.trim() != text {
        return Vec::new();
    }
    let text = text.trim();
    let inner = match text.strip_prefix("${{") {
        Some(rest) if end(rest).is_some_and(|end| end + 2 == rest.len()) => &rest[..rest.len() - 2],
        Some(_) => return Vec::new(),
        None if text.contains("${{") => return Vec::new(),
        None => text,
    };
    let inner = inner.lines().map(str::trim).collect::<Vec<_>>().join(" ");
    match parts(inner.trim()) {
        Some(parts) => parts,
        None => vec![format!("({})", inner.trim())],
    }
}

/// The parts of an expression between `&&` that stand in no brackets; none where an `||` stands so.
fn parts(text: &str) -> Option<Vec<String>> {
    let (mut depth, mut quoted, mut from) = (0, false, 0);
    let mut parts = Vec::new();
    for (at, c) in text.char_indices() {
        quoted ^= c == '\'';
        if quoted {
            continue;
        }
        match c {
            '(' | '[' => depth += 1,
            ')' | ']' => depth -= 1,
            '|' if depth == 0 => return None,
            '&' if depth == 0 && text[at..].starts_with("&&") => {
                parts.push(text[from..at].trim().to_owned());
                from = at + 2;
            }
            _ => {}
        }
    }
    parts.push(text[from..].trim().to_owned());
    parts.retain(|part| !part.is_empty());
    Some(parts)
}

fn bare(text: &str) -> Result<Expression, String> {
    match text.trim() {
        "" => Ok(Expression::Literal(Value::Bool(true))),
        text => Expression::read(text),
    }
}

/// A text with expressions in it: where it is only one, that; else a text made of them, as the
/// runner makes it.
fn template(text: &str) -> Result<Expression, String> {
    let mut form = String::new();
    let mut given = Vec::new();
    let mut rest = text;
    while let Some((before, inner)) = rest.split_once("${{") {
        let end = end(inner).ok_or("`${{` is not closed by `}}`")?;
        form += &before.replace('{', "{{").replace('}', "}}");
        form += &format!("{{{}}}", given.len());
        given.push(Expression::read(&inner[..end])?);
        rest = &inner[end + 2..];
    }
    form += &rest.replace('{', "{{").replace('}', "}}");
    if form == "{0}" && given.len() == 1 {
        return Ok(given.remove(0));
    }
    if given.is_empty() {
        return Ok(Expression::Literal(Value::Text(text.to_owned())));
    }
    given.insert(0, Expression::Literal(Value::Text(form)));
    Ok(Expression::Call("format".to_owned(), given))
}

/// Where an expression ends: at the first `}}` that is in no text.
fn end(text: &str) -> Option<usize> {
    let mut quoted = false;
    text.char_indices().find_map(|(at, c)| {
        quoted ^= c == '\'';
        (!quoted && text[at..].starts_with("}}")).then_some(at)
    })
}

/// What is known, as expressions ask for it.
struct By<'k>(&'k dyn Known);

impl Asked for By<'_> {
    fn context(&self, keys: &[&str]) -> Values {
        let result = |result: NeedResult| Value::Text(result.as_str().to_owned());
        match keys {
            ["needs", "*", "result"] => Values::one(Value::List(
                self.0.names().into_iter().map(|(_, is)| result(is)).collect(),
            )),
            ["needs", job, rest @ ..] if *job != "*" => match (self.0.need(job), rest) {
                (None, _) => Values::one(Value::Null),
                (Some(of), ["result"]) => Values::one(result(of)),
                // What never ran has no outputs.
                (Some(NeedResult::Skipped), ["outputs", _]) => Values::one(Value::Null),
                (Some(_), _) => held(self.0.context(keys)),
            },
            ["needs"] => self.needs(),
            _ => held(self.0.context(keys)),
        }
    }

    fn status(&self, function: &str, names: &[Values]) -> Values {
        let of: Option<Vec<NeedResult>> = names.iter().map(|name| self.named(name)).collect();
        let Some(named) = of else { return Values::answers(true, true) };
        let before = if names.is_empty() { self.0.before() } else { named };
        let any = |wanted| before.contains(&wanted);
        let is = match function {
            "always" => true,
            "cancelled" => self.0.is_cancelled(),
            "failure" => any(NeedResult::Failure),
            _ => {
                !self.0.is_cancelled() && before.iter().all(|result| *result == NeedResult::Success)
            }
        };
        Values::answers(is, !is)
    }

    fn decided(&self, atom: &str) -> Option<bool> {
        self.0.decided(atom)
    }
}

impl By<'_> {
    /// All that is known of the jobs that are needed.
    fn needs(&self) -> Values {
        let job = |(name, result): (String, NeedResult)| {
            let outputs = match result {
                NeedResult::Skipped => Vec::new(),
                NeedResult::Success | NeedResult::Failure | NeedResult::Cancelled => {
                    self.0.outputs(&name)?
                }
            };
            let outputs = outputs.into_iter().map(|output| (output, Value::Filled)).collect();
            let said = Value::Text(result.as_str().to_owned());
            let of = vec![("result".to_owned(), said), ("outputs".to_owned(), Value::Map(outputs))];
            Some((name, Value::Map(of)))
        };
        let names = self.0.names();
        let all: Option<Vec<(String, Value)>> = names.into_iter().map(job).collect();
        match all {
            Some(all) if !all.is_empty() => Values::one(Value::Map(all)),
            Some(_) | None => Values::ANY,
        }
    }

    fn named(&self, name: &Values) -> Option<NeedResult> {
        match &name.known[..] {
            [Value::Text(name)] if !name.is_empty() => self.0.need(&name.to_lowercase()),
            _ => None,
        }
    }
}

fn held(held: Held) -> Values {
    match held {
        Held::Text(text) => Values::text(text),
        Held::Flag(flag) => Values::one(Value::Bool(flag)),
        Held::Filled => Values::one(Value::Filled),
        Held::Either(all) => {
            all.into_iter().fold(Values::default(), |all, one| all.with(self::held(one)))
        }
        Held::Unknown => Values::ANY,
    }
}
