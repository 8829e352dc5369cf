//! Which state of a newer table is which of an older one, and what the states of all former tables
//! are called now.

use std::collections::{BTreeMap, BTreeSet};

use crate::machine::{Machine, State, StateId};

/// The states of a newer table next to those of the one before.
#[derive(Debug)]
pub struct Matched {
    /// For each newer state the older one that it is, where it is one.
    before: Vec<Option<StateId>>,
    /// For each older state the newer one that it has become.
    after: Vec<Option<StateId>>,
}

impl Matched {
    /// A state is the one that `renamed_from` says, or else the one of its name; where there is
    /// none, the one of its value, which is all that a database sees.
    pub fn new(old: &Machine, new: &Machine) -> Self {
        let mut before = vec![None; new.states.len()];
        let mut after = vec![None; old.states.len()];
        let ways: [fn(&Machine, &State) -> Option<StateId>; 3] = [
            |old, state| state.renamed_from.as_deref().and_then(|name| old.find(name)),
            |old, state| old.find(&state.name),
            |old, state| old.find_value(&state.value),
        ];
        for find in ways {
            for id in new.state_ids() {
                if before[id.index()].is_none()
                    && let Some(was) = find(old, new.state(id))
                    && after[was.index()].is_none()
                {
                    before[id.index()] = Some(was);
                    after[was.index()] = Some(id);
                }
            }
        }
        Self { before, after }
    }

    /// What a newer state was.
    pub fn was(&self, new: StateId) -> Option<StateId> {
        self.before[new.index()]
    }

    /// What an older state has become.
    pub fn becomes(&self, old: StateId) -> Option<StateId> {
        self.after[old.index()]
    }
}

/// What a state of former rules is called now: by the rules' fingerprint and the value that it had.
pub(crate) type Renames<'m> = BTreeMap<(&'m str, &'m str), &'m str>;

/// The values of today of the states of every table before this one, oldest first, where they
/// differ; and those that mean one state or another, depending on when the rules were in force.
pub fn renames<'m>(
    before: &[&'m Machine],
    now: &'m Machine,
) -> (Renames<'m>, Vec<(&'m str, &'m str)>) {
    let mut names: BTreeMap<(&str, &str), BTreeSet<&str>> = BTreeMap::new();
    let mut add = |of: &'m Machine, value: &'m str, today: Option<StateId>| {
        if let Some(today) = today {
            let key = (of.fingerprints.language.as_str(), value);
            names.entry(key).or_default().insert(now.state(today).value.as_str());
        }
    };
    let tables: Vec<&Machine> = before.iter().copied().chain([now]).collect();
    // Of the table after, what each of its states is now: itself, at first.
    let mut today: Vec<Option<StateId>> = now.state_ids().map(Some).collect();
    for (at, &table) in tables.iter().enumerate().rev() {
        if let Some(after) = tables.get(at + 1) {
            let matched = Matched::new(table, after);
            // While a migration renames a state, the old rules are in force by its new name, too.
            for (state, today) in after.state_ids().zip(&today) {
                add(
                    table,
                    &after.state(state).value,
                    today.filter(|_| matched.was(state).is_some()),
                );
            }
            let of = |state| matched.becomes(state).and_then(|next: StateId| today[next.index()]);
            today = table.state_ids().map(of).collect();
        }
        for (state, today) in table.state_ids().zip(&today) {
            add(table, &table.state(state).value, *today);
        }
        // A number that the table lacked stands in the history by its digits.
        for state in now.state_ids() {
            let number = now.state(state).number;
            if number.is_some() && !table.states.iter().any(|then| then.number == number) {
                add(table, &now.state(state).stored, Some(state));
            }
        }
    }
    let mut renames = Renames::new();
    let mut ambiguous = Vec::new();
    for ((language, value), today) in names {
        if let (Some(first), Some(last)) = (today.first(), today.last()) {
            if first != last {
                ambiguous.push((value, if *first == value { *last } else { *first }));
            } else if *first != value {
                renames.insert((language, value), *first);
            }
        }
    }
    (renames, ambiguous)
}
