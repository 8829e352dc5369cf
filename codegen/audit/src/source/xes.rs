//! XES, the interchange format of process mining: traces of events, each with attributes. The name of
//! a trace is the row, that of an event the state.

use std::collections::VecDeque;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::feed::{Feed, Gone, Written};
use super::input::{Counted, Input};
use super::{Source, key};
use crate::Error;
use crate::columns::{Columns, UsualNames, Wanted};

/// What stands before an attribute of a trace, where it is named next to those of events.
const OF_TRACE: &str = "case:";
/// What the row, the state and the time are called where nothing else is asked for.
const NAMES: [&str; 3] = ["case:concept:name", "concept:name", "time:timestamp"];

struct Log {
    xml: Xml,
    /// What was read to know which attributes there are.
    held: VecDeque<Result<Token, Fault>>,
    /// The attributes that are needed.
    names: Vec<String>,
    /// Where in them each column is.
    columns: Columns,
    bytes: Option<u64>,
}

pub(super) fn open(
    input: Input,
    wanted: &Wanted,
    names: &UsualNames,
) -> Result<Box<dyn Source>, Error> {
    let (name, bytes) = (input.name.clone(), input.bytes);
    let mut xml = Xml::new(input.counted());
    let mut held = VecDeque::new();
    let (mut has, mut has_event) = (Vec::new(), false);
    loop {
        let token = xml.next();
        if let Err(Fault { is_log: false, message, .. }) = &token {
            return Err(Error::new(format!("{name}: {message}")));
        }
        if let Ok(Token::Attribute(key, _)) = &token {
            has.push(key.clone());
        }
        has_event |= matches!(token, Ok(Token::EventEnd));
        let is_last = matches!(token, Err(_) | Ok(Token::End));
        let is_enough = has_event && matches!(token, Ok(Token::Trace | Token::EventEnd));
        held.push_back(token);
        if is_last || is_enough && !xml.is_in_trace() {
            break;
        }
    }
    has.append(&mut xml.declared);
    if !has_event {
        has.extend(NAMES.map(str::to_owned));
    }
    has.sort();
    has.dedup();
    let found = with_names(wanted, &has).find(names, &name, &has)?;
    let mut needed = Vec::new();
    let columns = found.at(|at| {
        needed.push(has[at].clone());
        needed.len() - 1
    });
    xml.needed = Some(needed.clone());
    Ok(Box::new(Log { xml, held, names: needed, columns, bytes }))
}

/// What is asked for, and of the rest the names that XES has for it.
fn with_names(wanted: &Wanted, has: &[String]) -> Wanted {
    let mut wanted = wanted.clone();
    let usual = |name: &str| has.iter().any(|it| it == name).then(|| name.to_owned());
    let [id, status, at] = NAMES.map(usual);
    if wanted.id.is_empty() {
        wanted.id.extend(id);
    }
    wanted.status = wanted.status.or(status);
    wanted.at = wanted.at.or(at);
    wanted
}

impl Source for Log {
    fn bytes(&self) -> Option<u64> {
        self.bytes
    }

    fn has_lines(&self) -> bool {
        true
    }

    fn read(self: Box<Self>, feed: &mut Feed) -> Result<(), Gone> {
        let Self { mut xml, mut held, names, columns, .. } = *self;
        let mut values: Vec<Option<String>> = vec![None; names.len()];
        let mut joined = Vec::new();
        // The line of the event, and what of it can't be read.
        let (mut line, mut damaged) = (None, None);
        loop {
            let token = match held.pop_front() {
                Some(token) => token,
                None => xml.next(),
            };
            match token {
                Ok(Token::End) => return Ok(()),
                Err(Fault { line, message, .. }) => return feed.cut_off(Some(line), message),
                Ok(Token::Trace) => clear(&mut values, &names, true),
                Ok(Token::Event(at)) => {
                    clear(&mut values, &names, false);
                    (line, damaged) = (Some(at), None);
                }
                Ok(Token::Attribute(key, value)) => {
                    for (_, place) in
                        names.iter().zip(&mut values).filter(|(name, _)| **name == key)
                    {
                        *place = Some(value.clone());
                    }
                }
                Ok(Token::Damaged(at, message)) => match line {
                    Some(_) => damaged = Some(message),
                    None => feed.bad_row(at, message)?,
                },
                Ok(Token::EventEnd) => {
                    let line = line.take().unwrap_or_default();
                    if let Some(message) = damaged.take() {
                        feed.bad_row(line, message)?;
                        continue;
                    }
                    let of = |at: usize| values[at].as_deref().map(str::as_bytes);
                    if !columns.takes(of) {
                        continue;
                    }
                    let id = key::join(columns.id.iter().map(|&at| of(at)), &mut joined);
                    let written = Written {
                        id,
                        status: of(columns.status),
                        order: columns.order.map(of),
                        at: columns.at.and_then(of),
                        fingerprint: columns.fingerprint.and_then(of),
                    };
                    feed.written(line, written)?;
                }
            }
        }
    }
}

/// Forgets what is of a trace, or of an event.
fn clear(values: &mut [Option<String>], names: &[String], of_trace: bool) {
    for (value, _) in
        values.iter_mut().zip(names).filter(|(_, name)| name.starts_with(OF_TRACE) == of_trace)
    {
        *value = None;
    }
}

/// What a log is made of, as far as it is needed.
enum Token {
    /// A trace begins, or ends.
    Trace,
    /// An event begins on this line.
    Event(u64),
    /// An attribute of what is open; of a trace with its prefix.
    Attribute(String, String),
    /// What can't be read of what is open.
    Damaged(u64, String),
    EventEnd,
    End,
}

/// Why it can't be read on, and where.
struct Fault {
    line: u64,
    message: String,
    /// Whether it has been a log until then.
    is_log: bool,
}

/// What is open.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Open {
    Nothing,
    Log,
    /// Declares attributes of traces, or of events.
    Global {
        of_trace: bool,
    },
    Trace,
    Event {
        in_trace: bool,
    },
    Done,
}

struct Xml {
    reader: Reader<Counted>,
    buffer: Vec<u8>,
    open: Open,
    /// How many elements are open in it that say nothing.
    skipped: u64,
    /// Attributes that the log says every trace or event has.
    declared: Vec<String>,
    /// The attributes to give; all where that is not known.
    needed: Option<Vec<String>>,
}

impl Xml {
    fn new(input: Counted) -> Self {
        let mut reader = Reader::from_reader(input.with_lines());
        // So that each element ends, and is one kind of thing.
        reader.config_mut().expand_empty_elements = true;
        Self {
            reader,
            buffer: Vec::new(),
            open: Open::Nothing,
            skipped: 0,
            declared: Vec::new(),
            needed: None,
        }
    }

    fn is_in_trace(&self) -> bool {
        matches!(self.open, Open::Trace | Open::Event { in_trace: true })
    }

    fn next(&mut self) -> Result<Token, Fault> {
        loop {
            let line = self.reader.get_ref().line();
            self.buffer.clear();
            let is_log = self.open != Open::Nothing;
            let fault = |message: String| Fault { line, message, is_log };
            let event = self.reader.read_event_into(&mut self.buffer);
            let event = event.map_err(|error| fault(reason(&error, is_log)))?;
            #[expect(clippy::wildcard_enum_match_arm, reason = "nothing else is of the log")]
            match event {
                Event::Start(_) | Event::End(_) if self.skipped > 0 => match event {
                    Event::Start(_) => self.skipped += 1,
                    _ => self.skipped -= 1,
                },
                Event::Start(tag) => match (self.open, tag.local_name().as_ref()) {
                    (Open::Nothing, "log") => self.open = Open::Log,
                    (Open::Nothing, root) => {
                        return Err(fault(format!(
                            "it is XML, but no log: its root is `{root}`, that of XES is `log`"
                        )));
                    }
                    (Open::Log, "trace") => {
                        self.open = Open::Trace;
                        return Ok(Token::Trace);
                    }
                    (Open::Log | Open::Trace, "event") => {
                        self.open = Open::Event { in_trace: self.open == Open::Trace };
                        return Ok(Token::Event(line));
                    }
                    (Open::Log, "global") => {
                        let scope = tag.try_get_attribute("scope").ok().flatten();
                        let of_trace = scope.is_some_and(|scope| scope.value == "trace");
                        self.open = Open::Global { of_trace };
                    }
                    (Open::Log | Open::Done, _) => self.skipped = 1,
                    (Open::Global { of_trace }, _) => {
                        self.skipped = 1;
                        if let Ok(Some((key, _))) = attribute(&tag, of_trace, None) {
                            self.declared.push(key);
                        }
                    }
                    (Open::Trace | Open::Event { .. }, _) => {
                        self.skipped = 1;
                        let of_trace = self.open == Open::Trace;
                        match attribute(&tag, of_trace, self.needed.as_deref()) {
                            Ok(None) => {}
                            Ok(Some((key, value))) => return Ok(Token::Attribute(key, value)),
                            Err(error) => {
                                let message = format!("an attribute can't be read: {error}");
                                return Ok(Token::Damaged(line, message));
                            }
                        }
                    }
                },
                Event::End(_) => match self.open {
                    Open::Trace => {
                        self.open = Open::Log;
                        return Ok(Token::Trace);
                    }
                    Open::Event { in_trace } => {
                        self.open = if in_trace { Open::Trace } else { Open::Log };
                        return Ok(Token::EventEnd);
                    }
                    Open::Global { .. } => self.open = Open::Log,
                    Open::Nothing | Open::Log | Open::Done => self.open = Open::Done,
                },
                Event::Decl(says) => {
                    let encoding = says.encoding().and_then(Result::ok).unwrap_or_default();
                    let is_read = ["", "utf-8", "utf8", "us-ascii", "ascii"]
                        .iter()
                        .any(|name| encoding.eq_ignore_ascii_case(name));
                    if !is_read {
                        return Err(fault(format!(
                            "it is in {encoding}; write it as UTF-8: `iconv -f {encoding} -t UTF-8 \
                             FILE | sed 's/{encoding}/UTF-8/'`"
                        )));
                    }
                }
                Event::Eof => {
                    return match self.open {
                        Open::Done => Ok(Token::End),
                        Open::Nothing => Err(fault("it is XML without an element".to_owned())),
                        _ => Err(fault("it ends in the middle of the log".to_owned())),
                    };
                }
                _ => {}
            }
        }
    }
}

/// The key and the value of an attribute; none where it has none, or is not needed.
fn attribute(
    tag: &BytesStart<'_>,
    of_trace: bool,
    needed: Option<&[String]>,
) -> Result<Option<(String, String)>, quick_xml::Error> {
    let (mut key, mut value) = (None, None);
    for part in tag.attributes() {
        let part = part?;
        match part.key.as_ref() {
            "key" => key = Some(part),
            "value" => value = Some(part),
            _ => {}
        }
    }
    let (Some(key), Some(value)) = (key, value) else { return Ok(None) };
    let key = key.normalized_value(quick_xml::XmlVersion::Implicit1_0)?;
    let key = if of_trace { format!("{OF_TRACE}{key}") } else { key.into_owned() };
    if needed.is_some_and(|needed| !needed.contains(&key)) {
        return Ok(None);
    }
    let value = value.normalized_value(quick_xml::XmlVersion::Implicit1_0)?;
    Ok(Some((key, value.into_owned())))
}

/// Why it can't be read on, in words.
fn reason(error: &quick_xml::Error, is_log: bool) -> String {
    match error {
        quick_xml::Error::Io(error) => format!("it can't be read on: {error}"),
        quick_xml::Error::Syntax(_) if is_log => {
            format!("it ends in the middle of the log: {error}")
        }
        quick_xml::Error::Syntax(_)
        | quick_xml::Error::IllFormed(_)
        | quick_xml::Error::InvalidAttr(_)
        | quick_xml::Error::Encoding(_)
        | quick_xml::Error::Escape(_)
        | quick_xml::Error::Namespace(_) => {
            format!("the XML is broken here, and the rest is not read: {error}")
        }
    }
}
