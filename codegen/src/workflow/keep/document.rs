//! A workflow's structure, with the lines that everything stands on, and its comments. It is read
//! alone: no text is ever made from it.

use granit_parser::{Event, Parser, ScalarStyle, Span, StructureStyle, options};

use super::lines::Lines;

/// A workflow as it stands.
#[derive(Debug)]
pub(super) struct Document {
    /// All that it says.
    pub(super) root: Node,
    /// Its comments, which what looks like one within a text is not.
    pub(super) comments: Vec<Comment>,
    /// Tags that GitHub knows nothing of, each with its line.
    pub(super) tags: Vec<(usize, String)>,
    /// The line of each node that has a text, in their order.
    starts: Vec<usize>,
    /// The first line of each text that keeps the blank lines below it (`|+`, `>+`).
    keeping: Vec<usize>,
    /// How many lines there are.
    lines: usize,
}

/// A comment.
#[derive(Debug)]
pub(super) struct Comment {
    /// Its line, from 1.
    pub(super) line: usize,
    /// What it says, without the mark and the white space around.
    pub(super) text: String,
}

/// A value, and where it stands.
#[derive(Debug)]
pub(super) struct Node {
    /// What it is.
    pub(super) value: Value,
    /// The line that it starts on, from 1.
    pub(super) line: usize,
    /// Its first column, from 0.
    pub(super) column: usize,
    /// Its anchor, where it has one.
    pub(super) anchor: Option<usize>,
    /// How many nodes start before the first one after it.
    after: usize,
}

/// What a node is.
#[derive(Debug)]
pub(super) enum Value {
    /// A text, or nothing.
    Scalar { text: String, is_plain: bool },
    /// A list; in brackets, or a line for each item.
    List { items: Vec<Node>, is_flow: bool },
    /// Keys and values; in braces, or a line for each key.
    Map { entries: Vec<(Node, Node)>, is_flow: bool },
    /// What stands at an anchor.
    Alias(usize),
}

impl Node {
    /// The text of a scalar.
    pub(super) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar { text, .. } => Some(text),
            Value::List { .. } | Value::Map { .. } | Value::Alias(_) => None,
        }
    }

    /// Whether nothing is said.
    pub(super) fn is_null(&self) -> bool {
        matches!(&self.value, Value::Scalar { text, is_plain: true }
            if matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL"))
    }

    /// Whether nothing stands there, so that lines can be added below it.
    pub(super) fn is_left_out(&self) -> bool {
        self.anchor.is_none()
            && matches!(&self.value, Value::Scalar { text, is_plain: true } if text.is_empty())
    }

    /// The keys and values; none where it has no keys.
    pub(super) fn entries(&self) -> &[(Self, Self)] {
        match &self.value {
            Value::Map { entries, .. } => entries,
            Value::Scalar { .. } | Value::List { .. } | Value::Alias(_) => &[],
        }
    }

    /// The items of a list; none where it is no list.
    pub(super) fn items(&self) -> &[Self] {
        match &self.value {
            Value::List { items, .. } => items,
            Value::Scalar { .. } | Value::Map { .. } | Value::Alias(_) => &[],
        }
    }

    /// A key and its value.
    pub(super) fn entry(&self, key: &str) -> Option<&(Self, Self)> {
        self.entries().iter().find(|(name, _)| name.text() == Some(key))
    }

    /// A key's value.
    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        self.entry(key).map(|(_, value)| value)
    }

    /// Whether it has keys, a line for each.
    pub(super) fn is_block_map(&self) -> bool {
        matches!(self.value, Value::Map { is_flow: false, .. })
    }

    /// One text, or the texts of a list.
    pub(super) fn texts(&self) -> Vec<&str> {
        match self.text() {
            Some(_) if self.is_null() => Vec::new(),
            Some(text) => vec![text],
            None => self.items().iter().filter_map(Self::text).collect(),
        }
    }
}

/// Why a text is not a workflow: the line, the column, both from 1, and what is wrong.
pub(super) type Unreadable = (usize, usize, String);

impl Document {
    /// Reads a text without a byte order mark.
    pub(super) fn read(text: &str) -> Result<Self, Unreadable> {
        // Who writes a hundred lines of comment above a step is right to.
        let options = options! { max_buffered_comment_events: usize::MAX };
        let mut reader = Reader {
            text,
            events: Vec::new(),
            next: 0,
            document: Self {
                root: Node::nothing(),
                comments: Vec::new(),
                tags: Vec::new(),
                starts: Vec::new(),
                keeping: Vec::new(),
                lines: text.split_inclusive('\n').count(),
            },
        };
        for event in Parser::new_from_str_with_options(text, options) {
            let (event, span) = event.map_err(|error| {
                let place = error.marker();
                (place.line(), place.col() + 1, error.info())
            })?;
            reader.take(event, span);
        }
        reader.finish()
    }

    /// The first line after a node that belongs to another one, or that is past the end.
    pub(super) fn until(&self, node: &Node) -> usize {
        self.starts.get(node.after).copied().unwrap_or(self.lines + 1)
    }

    /// Whether the text that ends on a line, and begins on `first` or below, keeps the blank lines below
    /// it.
    pub(super) fn keeps_blank_lines(&self, first: usize, last: usize) -> bool {
        let is_last = |line: &usize| {
            let is_within = |start: &usize| line < start && *start <= last;
            first <= *line && *line <= last && !self.starts.iter().any(is_within)
        };
        self.keeping.iter().any(is_last)
    }

    /// A node, or what an alias stands for.
    pub(super) fn resolved<'d>(&'d self, node: &'d Node) -> &'d Node {
        let Value::Alias(anchor) = node.value else { return node };
        let mut waiting = vec![&self.root];
        while let Some(other) = waiting.pop() {
            if other.anchor == Some(anchor) {
                return other;
            }
            waiting.extend(other.items());
            waiting.extend(other.entries().iter().flat_map(|(key, value)| [key, value]));
        }
        node
    }

    /// The workflow's jobs, each by its name.
    pub(super) fn jobs(&self) -> &[(Node, Node)] {
        self.root.get("jobs").map_or(&[], Node::entries)
    }

    /// Whether a trigger starts the workflow.
    pub(super) fn starts_by(&self, trigger: &str) -> bool {
        let on = self.root.get("on").map(|on| self.resolved(on));
        on.is_some_and(|on| on.texts().contains(&trigger) || on.entry(trigger).is_some())
    }

    /// Every alias.
    pub(super) fn aliases(&self) -> Vec<usize> {
        fn collect(node: &Node, found: &mut Vec<usize>) {
            match &node.value {
                Value::Scalar { .. } => {}
                Value::List { items, .. } => items.iter().for_each(|item| collect(item, found)),
                Value::Map { entries, .. } => {
                    for (key, value) in entries {
                        collect(key, found);
                        collect(value, found);
                    }
                }
                Value::Alias(anchor) => found.push(*anchor),
            }
        }
        let mut found = Vec::new();
        collect(&self.root, &mut found);
        found
    }

    /// Whether a line says something: it is neither blank nor only a comment.
    pub(super) fn says(&self, lines: &Lines<'_>, line: usize) -> bool {
        let is_comment = self.comments.iter().any(|c| c.line == line)
            && lines.line(line).trim_start().starts_with('#');
        let ends_document = lines.line(line).starts_with("...");
        !lines.is_blank(line) && !ends_document && !is_comment
    }
}

impl Node {
    const fn nothing() -> Self {
        let value = Value::Scalar { text: String::new(), is_plain: true };
        Self { value, line: 1, column: 0, anchor: None, after: 0 }
    }
}

/// Puts events together.
struct Reader<'t> {
    text: &'t str,
    events: Vec<(Event<'t>, Span)>,
    next: usize,
    document: Document,
}

impl<'t> Reader<'t> {
    fn take(&mut self, event: Event<'t>, span: Span) {
        if let Event::Comment(text, _) = &event {
            let (line, text) = (span.start.line(), text.trim().to_owned());
            self.document.comments.push(Comment { line, text });
        } else {
            self.events.push((event, span));
        }
    }

    /// Notes down whether the text whose first line is this one keeps the blank lines below it. How it
    /// is written is said above its first line.
    fn note_keeping(&mut self, line: usize) {
        let above: Vec<&str> = self.text.lines().take(line - 1).collect();
        let above = above.into_iter().rev().find(|line| !line.trim().is_empty());
        let says = above.and_then(|line| line.split(" #").next()).unwrap_or_default();
        let header = says.split_whitespace().next_back().unwrap_or_default();
        if header.starts_with(['|', '>']) && header.contains('+') {
            self.document.keeping.push(line);
        }
    }

    fn finish(mut self) -> Result<Document, Unreadable> {
        let documents: Vec<usize> = self
            .events
            .iter()
            .filter(|(event, _)| matches!(event, Event::DocumentStart(..)))
            .map(|(_, span)| span.start.line())
            .collect();
        if let [_, second, ..] = documents[..] {
            return Err((second, 1, "a second document begins".to_owned()));
        }
        self.events.retain(|(event, _)| event.is_node() || is_end(event));
        if !self.events.is_empty() {
            self.document.root = self.node();
        }
        self.document.comments.sort_by_key(|comment| comment.line);
        Ok(self.document)
    }

    /// The next node, with all that is in it.
    fn node(&mut self) -> Node {
        let (event, span) = self.events[self.next].clone();
        self.next += 1;
        let start = span.start;
        let is_written = !matches!(&event, Event::Scalar(text, ScalarStyle::Plain, ..)
            if text.is_empty());
        if is_written {
            self.document.starts.push(start.line());
        }
        let anchor = event.anchor_id();
        let value = match event {
            Event::SequenceStart(style, ..) => {
                let mut items = Vec::new();
                while !self.ends() {
                    items.push(self.node());
                }
                Value::List { items, is_flow: style == StructureStyle::Flow }
            }
            Event::MappingStart(style, ..) => {
                let mut entries = Vec::new();
                while !self.ends() {
                    let key = self.node();
                    entries.push((key, self.node()));
                }
                Value::Map { entries, is_flow: style == StructureStyle::Flow }
            }
            Event::Alias(anchor) => Value::Alias(anchor),
            Event::Scalar(text, style, _, tag) => {
                if let Some(tag) = tag.as_ref().map(|tag| tag.to_string()).filter(|tag| is_odd(tag))
                {
                    let said = if text.is_empty() { tag } else { format!("{tag} {text}") };
                    self.document.tags.push((start.line(), said));
                }
                let is_plain = style == ScalarStyle::Plain && tag.is_none();
                // The parser gives the place of its first line.
                if matches!(style, ScalarStyle::Literal | ScalarStyle::Folded) {
                    self.note_keeping(start.line());
                }
                // The parser says `~` where nothing is written.
                let text = if is_plain && span.start == span.end { "".into() } else { text };
                Value::Scalar { text: read(&text, is_plain).to_owned(), is_plain }
            }
            // No nodes, and so none that come here; the parser may yet learn of others.
            Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(..)
            | Event::DocumentEnd
            | Event::Anchor(..)
            | Event::UnresolvedAlias(_)
            | Event::Comment(..)
            | Event::SequenceEnd
            | Event::MappingEnd
            | _ => Value::Scalar { text: String::new(), is_plain: true },
        };
        Node {
            value,
            line: start.line(),
            column: start.col(),
            anchor,
            after: self.document.starts.len(),
        }
    }

    /// Whether the list or the keys end here; that end is passed.
    fn ends(&mut self) -> bool {
        let ends = self.events.get(self.next).is_none_or(|(event, _)| is_end(event));
        if ends {
            self.next += 1;
        }
        ends
    }
}

const fn is_end(event: &Event<'_>) -> bool {
    matches!(event, Event::SequenceEnd | Event::MappingEnd)
}

/// A text as GitHub reads it: a flag is one however YAML lets it be written.
fn read(text: &str, is_plain: bool) -> &str {
    match text {
        "True" | "TRUE" if is_plain => "true",
        "False" | "FALSE" if is_plain => "false",
        _ => text,
    }
}

/// Whether a tag is none of those that say what a scalar is.
fn is_odd(tag: &str) -> bool {
    let kind = tag.strip_prefix("tag:yaml.org,2002:").or_else(|| tag.strip_prefix("!!"));
    tag != "!" && !kind.is_some_and(|kind| ["str", "bool", "int", "float", "null"].contains(&kind))
}
