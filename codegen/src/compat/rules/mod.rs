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

use super::facts::Fact;
use super::layers::World;
use super::source::Version;
use crate::rules::Rule;
pub(super) use pair::Pair;

/// Which version's text something stands in.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Side {
    /// The older one's.
    Old,
    /// The newer one's.
    New,
}

impl Side {
    /// The other one.
    const fn other(self) -> Self {
        match self {
            Self::Old => Self::New,
            Self::New => Self::Old,
        }
    }

    /// What is its own of both versions'.
    fn of<T>(self, old: T, new: T) -> T {
        match self {
            Self::Old => old,
            Self::New => new,
        }
    }
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
    /// The facts that it changes.
    pub facts: Vec<Fact>,
    /// What it is beside that.
    pub(super) apart: Option<Apart>,
    /// The states that are retired or gone, and that it comes of; by name.
    pub comes_of: Vec<String>,
}

impl Change {
    /// Whether it is an error whatever the mixes come to.
    pub(super) fn is_error(&self) -> bool {
        matches!(self.apart, Some(Apart::Alone | Apart::Unmigrated | Apart::Endless))
    }

    /// What to do about it.
    pub fn help(&self) -> &str {
        self.help.as_deref().unwrap_or(self.rule.mend)
    }

    /// What to do where there is no database, if that differs.
    pub(super) fn help_without_database(&self) -> Option<String> {
        let help = self.help();
        let without = help.replace("the database and the backend", "the backend");
        (without != help).then_some(without)
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

/// What a change is beside a difference of facts.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Apart {
    /// What the newer version's own table does wrong.
    Alone,
    /// What both versions' own tables do wrong.
    Today,
    /// That no migration leads there.
    Unmigrated,
    /// That no job says any more how a run ended.
    Endless,
    /// That it changes what no mix tries.
    Beyond,
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
        facts: impl IntoIterator<Item = Fact>,
    ) {
        let rule = self.rule.expect("a rule finds it");
        let (subject, message) = (subject.into(), message.into());
        self.all.push(Change {
            rule,
            subject,
            side,
            span,
            message,
            help: None,
            facts: facts.into_iter().collect(),
            apart: None,
            comes_of: Vec::new(),
        });
    }

    /// What the last change is beside a difference of facts.
    fn apart(&mut self, apart: Apart) {
        if let Some(last) = self.all.last_mut() {
            last.apart = Some(apart);
        }
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
pub fn changes(old: &Version, new: &Version) -> Vec<Change> {
    let labels = [&old.label, &new.label].map(Clone::clone);
    let world = World::of(&[&old.machine, &new.machine], &labels);
    of_pair(&Pair::of(&world, [old, new]))
}

/// The same, in a world of theirs.
pub(super) fn of_pair(pair: &Pair<'_>) -> Vec<Change> {
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
