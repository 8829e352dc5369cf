//! What is accepted of a comparison: finding by finding, or a state that is retired or gone with all
//! that comes of that; and what comes up behind what is accepted.

use std::collections::{BTreeMap, BTreeSet};

use super::exploration::Class;
use super::weigh::{Comparison, Weighed};
use crate::accepted::{Accepted, digest};
use crate::finding::{Finding, Severity};
use crate::rules;

/// What a change hides behind may be accepted: then this becomes an error.
const HIDDEN: &str = "; what it does may be hidden by what is accepted with it";

/// Takes what is accepted as such, and reports (with the last of them) the entries that occur in none.
pub fn accept<'a, 'v: 'a>(
    accepted: &mut Accepted,
    comparisons: impl Iterator<Item = &'a mut Comparison<'v>>,
) {
    let mut last = None;
    for comparison in comparisons {
        comparison.take(accepted);
        comparison.look_behind_what_is_accepted();
        comparison.take(accepted);
        last = Some(comparison);
    }
    if let Some(last) = last {
        last.beside.extend(accepted.stale("compat"));
    }
}

impl Comparison<'_> {
    fn take(&mut self, accepted: &mut Accepted) {
        let new = self.new;
        for weighed in self.changes.iter_mut().filter(|one| one.accepted.is_none()) {
            let reason = accepted.reason(weighed.change.rule, &weighed.fingerprint());
            let mut states = weighed.change.comes_of.iter();
            let of_state = |state: &String| accepted.reason_of_state(new.leaves_by(state), state);
            weighed.accepted = reason.or_else(|| states.find_map(of_state));
        }
        let is_open = |one: &&mut Finding| one.accepted.is_none();
        let is_it = |one: &&mut Finding| one.rule == rules::NOT_EXHAUSTED && is_open(one);
        for untried in self.beside.iter_mut().filter(is_it) {
            let fingerprint = digest(untried.rule.id);
            if let Some(reason) = accepted.reason(untried.rule, &fingerprint) {
                untried.severity = Severity::Warning;
                untried.message += &format!(" (accepted: {reason})");
                untried.accepted = Some(reason);
            }
            untried.fingerprint = Some(fingerprint);
        }
    }

    /// Of several changes a mix shows by the shortest path what one of them does. Where that one is
    /// accepted, the others of its kind are errors of their own, and so are those for whose sake no order
    /// goes without a refusal, whatever they were accepted as: nothing shows what they do alongside it.
    fn look_behind_what_is_accepted(&mut self) {
        let is_accepted = |one: &Weighed| one.accepted.is_some();
        let (accepted, all) = (self.errors(is_accepted), self.errors(|_| true));
        let next = match accepted.is_empty() {
            true => BTreeSet::new(),
            false => self.refused_next(),
        };
        for (at, one) in self.changes.iter_mut().enumerate() {
            let by_refusals = || next.contains(&at).then(|| one.hidden(&all));
            if let Some(hidden) = one.hidden_by(&accepted).or_else(by_refusals) {
                *one = hidden;
            }
        }
    }

    /// What would be an error if all errors that are not accepted were, as it would be then. So all of
    /// it can be looked at, and accepted, at once.
    pub fn hidden(&self) -> Vec<Weighed> {
        let (errors, next) = (self.errors(|_| true), self.refused_next());
        let open = self.changes.iter().enumerate();
        let open = open.filter(|(_, one)| one.accepted.is_none());
        let hidden = |(at, one): (usize, &Weighed)| {
            let by_refusals = || next.contains(&at).then(|| one.hidden(&errors));
            one.hidden_by(&errors).or_else(by_refusals)
        };
        open.filter_map(hidden).collect()
    }

    /// The changes that are no errors, and for whose sake something is refused in every order once the
    /// errors are accepted: of the orders in which the fewest are left.
    fn refused_next(&self) -> BTreeSet<usize> {
        let mut next = BTreeSet::new();
        for orders in [&self.rollout, &self.rollback] {
            let left = |number: usize| -> BTreeSet<usize> {
                let order = (orders.direction, number);
                let changes = self.changes.iter().enumerate();
                let is_left = |one: &Weighed| {
                    one.severity == Severity::Warning && one.refused_in.contains(&order)
                };
                changes.filter(|(_, one)| is_left(one)).map(|(at, _)| at).collect()
            };
            let left: Vec<BTreeSet<usize>> = (0..orders.orders.len()).map(left).collect();
            let is_fewest = |one: &&BTreeSet<usize>| {
                !left.iter().any(|other| other != *one && other.is_subset(one))
            };
            next.extend(left.iter().filter(is_fewest).flatten());
        }
        next
    }

    /// The changes that nothing hides.
    pub(super) fn plain(&self) -> Vec<&Weighed> {
        let (errors, next) = (self.errors(|_| true), self.refused_next());
        let is_hidden = |at: usize, one: &Weighed| {
            one.accepted.is_none() && (next.contains(&at) || one.hidden_by(&errors).is_some())
        };
        let changes = self.changes.iter().enumerate();
        changes.filter(|(at, one)| !is_hidden(*at, one)).map(|(_, one)| one).collect()
    }

    /// The classes of errors, by rule.
    fn errors(
        &self,
        is_asked: impl Fn(&Weighed) -> bool,
    ) -> BTreeMap<&'static str, BTreeSet<Class>> {
        self.changes
            .iter()
            .filter(|one| one.severity == Severity::Error && is_asked(one))
            .filter(|one| !one.change.is_error())
            .map(|one| (one.change.rule.id, one.classes.clone()))
            .collect()
    }
}

impl Weighed {
    /// What it is once errors of its rule are accepted, where it is nothing but behind those.
    fn hidden_by(&self, errors: &BTreeMap<&'static str, BTreeSet<Class>>) -> Option<Self> {
        let is_behind = !self.bears() && errors.contains_key(self.change.rule.id);
        is_behind.then(|| self.hidden(errors))
    }

    /// What it is once the errors are accepted that hide what it does.
    fn hidden(&self, errors: &BTreeMap<&'static str, BTreeSet<Class>>) -> Self {
        let mut hidden = self.clone();
        hidden.severity = Severity::Error;
        hidden.accepted = None;
        match errors.get(self.change.rule.id).filter(|_| !self.bears()) {
            Some(classes) => hidden.classes.clone_from(classes),
            None => hidden.classes.extend(&self.refusals),
        }
        hidden.help.clone_from(&hidden.way_out);
        hidden.change.message += HIDDEN;
        hidden
    }
}
