//! What a change of a table does to those who still go by the other version: a rule each, with its
//! reason, and the function that finds it.

mod alone;
mod jobs;
mod leaving;
mod list;
mod migration;
mod pair;
mod phases;
mod states;
mod targets;
mod transitions;

use std::borrow::Cow;
use std::ops::Range;

use super::layers::Value;
use super::source::Version;
use crate::rules::Rule;
pub(super) use pair::{NEW, OLD, Pair};

/// Which version's text something stands in.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Side {
    /// The older one's.
    Old,
    /// The newer one's.
    New,
}

/// A rule on changes, and what finds what it is about.
struct Check {
    rule: &'static Rule,
    find: fn(&Pair<'_>, &mut Changes),
}

/// A change between two versions.
#[derive(Clone, Debug)]
pub struct Change {
    /// The rule that is about it.
    pub rule: &'static Rule,
    /// What has changed, in words that no other edit touches.
    pub subject: String,
    /// Where it stands.
    pub side: Side,
    /// The bytes there.
    pub span: Range<usize>,
    /// What has changed, and what comes of it.
    pub message: String,
    /// What to do, where that is not what the rule says.
    pub help: Option<Cow<'static, str>>,
    /// What it can be the reason of.
    pub(super) explains: Explains,
    /// The states that are retired or gone, and that it comes of; by name.
    pub comes_of: Vec<String>,
}

impl Change {
    /// What to do about it.
    pub fn help(&self) -> &str {
        self.help.as_deref().unwrap_or(self.rule.mend)
    }

    /// What to do where no order is safe: what of the help is no order.
    pub(super) fn help_without_order(&self) -> &str {
        const ORDER: &str = "roll out ";
        let help = self.help();
        let rest = help.split("or roll out ").next().unwrap_or(help);
        match help.starts_with(ORDER) {
            true => "let every layer know it in one release, and make use of it in a later one",
            false => rest.trim_end_matches([' ', ',', ';']),
        }
    }
}

/// What a change can be the reason of.
#[derive(Clone, Debug, Default)]
pub(super) struct Explains {
    /// Values that one version knows and the other does not.
    pub(super) values: Vec<Value>,
    /// A step that one version lets follow and the other does not.
    pub(super) pair: Option<(Value, Value)>,
    /// Values that mean another end.
    pub(super) meanings: Vec<Value>,
    /// Phases that are shown otherwise, by name; of many changes any.
    pub(super) phases: Vec<String>,
    /// A value whose report fails a job that it did not fail before.
    pub(super) untolerated: Option<Value>,
    /// Where rows start.
    pub(super) start: bool,
    /// What the backend looks for in the database.
    pub(super) names: bool,
    /// Where reports are sent to.
    pub(super) address: bool,
    /// How a run learns for which row it reports.
    pub(super) id: bool,
    /// What the newer version's own table does wrong.
    pub(super) alone: bool,
    /// That no migration leads there.
    pub(super) unmigrated: bool,
    /// What both versions' own tables do wrong.
    pub(super) today: bool,
    /// That no job says any more how a run ended.
    pub(super) endless: bool,
    /// That it changes what no mix tries.
    pub(super) beyond: bool,
}

impl Explains {
    pub(super) fn value(value: Value) -> Self {
        Self { values: vec![value], ..Self::default() }
    }

    /// Whether it is an error whatever the mixes come to.
    pub(super) fn is_error(&self) -> bool {
        self.alone || self.unmigrated || self.endless
    }
}

/// The changes as they are found.
#[derive(Debug, Default)]
pub(super) struct Changes {
    rule: Option<&'static Rule>,
    pub(super) all: Vec<Change>,
}

impl Changes {
    fn tell(
        &mut self,
        side: Side,
        span: Range<usize>,
        subject: impl Into<String>,
        message: impl Into<String>,
        explains: Explains,
    ) {
        let rule = self.rule.expect("a rule finds it");
        let (subject, message) = (subject.into(), message.into());
        let (help, comes_of) = (None, Vec::new());
        self.all.push(Change { rule, subject, side, span, message, help, explains, comes_of });
    }

    /// The states that are retired or gone, and that the last change comes of.
    fn comes_of(&mut self, states: Vec<String>) {
        if let Some(last) = self.all.last_mut() {
            last.comes_of = states;
        }
    }

    /// What to do about the last change that was told, where that is not what the rule says.
    fn help(&mut self, help: impl Into<Cow<'static, str>>) {
        if let Some(last) = self.all.last_mut() {
            last.help = Some(help.into());
        }
    }
}

/// Every change between two versions, in the order of the rules.
pub(super) fn changes(pair: &Pair<'_>) -> Vec<Change> {
    let mut changes = Changes::default();
    for check in list::CHECKS {
        changes.rule = Some(check.rule);
        (check.find)(pair, &mut changes);
    }
    changes.all
}

/// Every rule on changes.
pub fn rules() -> impl Iterator<Item = &'static Rule> {
    list::CHECKS.iter().map(|check| check.rule)
}

/// The spans of a version's rows, by name.
fn text<'v>(pair: &Pair<'v>, side: Side) -> &'v Version {
    match side {
        Side::Old => pair.old,
        Side::New => pair.new,
    }
}
