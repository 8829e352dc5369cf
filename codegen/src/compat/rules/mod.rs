//! What a change of a table does to those who still go by the other version: a rule each, with its
//! reason, and the function that finds it.

mod alone;
mod jobs;
pub(super) mod leaving;
mod list;
mod migration;
mod pair;
mod phases;
mod states;
mod targets;
mod transitions;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::Range;

use super::facts::Fact;
use super::layers::World;
use super::mix::Layer;
use super::source::Version;
use crate::machine::Machine;
use crate::rules::Rule;
use crate::suggest;
use crate::verify::refuted_alone;
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
    /// The way round it where no order is safe, if that is not what the rule says.
    pub(super) way: Option<Cow<'static, str>>,
    /// The facts that it changes.
    pub facts: Vec<Fact>,
    /// What else it is.
    pub(super) apart: Option<Apart>,
    /// The states that are retired or gone, and that it comes of; by name.
    pub comes_of: Vec<String>,
}

impl Change {
    /// Whether it is an error whatever the mixes come to.
    pub(super) fn is_error(&self) -> bool {
        matches!(self.apart, Some(Apart::Alone | Apart::Unmigrated | Apart::Endless))
    }

    /// Whether something that goes wrong rests on what it changes: on a state or a step of its own, or on
    /// a phase where it is about nothing else.
    pub(super) fn is_behind(&self, rests_on: &BTreeSet<Fact>) -> bool {
        let is_phase = |fact: &Fact| matches!(fact, Fact::Shows(_));
        let of_phases = self.facts.iter().all(is_phase);
        self.facts.iter().any(|fact| match fact {
            Fact::Knows(_) | Fact::Allows(..) | Fact::Means(_) => rests_on.contains(fact),
            Fact::Shows(_) => of_phases && rests_on.contains(fact),
            Fact::Phases
            | Fact::Relies(_)
            | Fact::Reports(_)
            | Fact::Runs
            | Fact::Starts
            | Fact::Finds
            | Fact::Address
            | Fact::Input
            | Fact::Refuted => false,
        })
    }

    /// The way round it where no order is safe.
    pub(super) fn way(&self) -> &str {
        self.way.as_deref().unwrap_or(self.rule.mend)
    }
}

/// What a change is, more than a difference of facts.
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
    fn add(
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
            way: None,
            facts: facts.into_iter().collect(),
            apart: None,
            comes_of: Vec::new(),
        });
    }

    /// What the last change is, more than a difference of facts.
    fn apart(&mut self, apart: Apart) {
        if let Some(last) = self.all.last_mut() {
            last.apart = Some(apart);
        }
    }

    /// The states that are retired or gone, and that the last change comes of. What the older version has of
    /// them can't be kept without them: nothing enters or reports a state that is retired or gone.
    fn comes_of(&mut self, states: Vec<String>) {
        let Some(last) = self.all.last_mut() else { return };
        if last.side == Side::Old && !states.is_empty() {
            last.way = Some(format!("leave {} as it was", suggest::list(&states)).into());
        }
        last.comes_of = states;
    }

    /// The way round the last change that was reported, where that is not what the rule says.
    fn way(&mut self, way: impl Into<Cow<'static, str>>) {
        if let Some(last) = self.all.last_mut() {
            last.way = Some(way.into());
        }
    }
}

/// Every change between two versions, in the order of the rules.
pub fn changes(old: &Version, new: &Version) -> Vec<Change> {
    let labels = [&old.label, &new.label].map(Clone::clone);
    let world = World::of(&[&old.machine, &new.machine], &labels);
    let refuted = world.machines.iter().map(|machine| refuted_alone(machine)).collect();
    of_pair(&Pair::of(&world, [old, new], refuted))
}

impl Version {
    /// Whether nothing differs that a layer, a run or a migration could meet: no rule finds a change, and
    /// the meaning is the same, whatever there may be no rule for.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        let layers = |machine: &Machine| {
            let world = World::of(&[machine], &[String::new()]);
            Layer::ALL.map(|layer| world.has(layer))
        };
        let [one, another] = [&self.machine, &other.machine];
        let is_same = one.fingerprints.table == another.fingerprints.table
            && one.name == another.name
            && layers(one) == layers(another);
        is_same
            && changes_of_text(self, other).is_empty()
            && changes_of_text(other, self).is_empty()
    }
}

/// The changes that the two tables show by themselves, whatever each of them refutes by itself.
fn changes_of_text(old: &Version, new: &Version) -> Vec<Change> {
    let labels = [&old.label, &new.label].map(Clone::clone);
    let world = World::of(&[&old.machine, &new.machine], &labels);
    of_pair(&Pair::of(&world, [old, new], vec![Vec::new(), Vec::new()]))
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
