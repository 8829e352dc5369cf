//! Which state of a newer table is which of an older one, and what the states of all former tables
//! are called now.

use std::collections::BTreeMap;

use crate::machine::{Machine, StateId};

/// The states of a newer table beside those of the one before.
#[derive(Debug)]
pub(crate) struct Matched {
    /// For each newer state the older one that it is, where it is one.
    before: Vec<Option<StateId>>,
    /// For each older state the newer one that it has become.
    after: Vec<Option<StateId>>,
}

impl Matched {
    /// A state is the one that `renamed_from` says, or else the one of its name; where there is
    /// none, the one of its value, which is all that a database sees.
    pub(crate) fn new(old: &Machine, new: &Machine) -> Self {
        let mut before = vec![None; new.states.len()];
        let mut after = vec![None; old.states.len()];
        let by_name: [fn(&Machine, &Machine, StateId) -> Option<StateId>; 3] = [
            |old, new, id| new.state(id).renamed_from.as_deref().and_then(|name| old.find(name)),
            |old, new, id| old.find(&new.state(id).name),
            |old, new, id| old.find_value(&new.state(id).value),
        ];
        for find in by_name {
            for id in new.state_ids() {
                if before[id.index()].is_none()
                    && let Some(was) = find(old, new, id)
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
    pub(crate) fn was(&self, new: StateId) -> Option<StateId> {
        self.before[new.index()]
    }

    /// What an older state has become.
    pub(crate) fn becomes(&self, old: StateId) -> Option<StateId> {
        self.after[old.index()]
    }
}

/// What a state of former rules is called now, where that differs: by the rules' fingerprint and
/// the value that it had.
pub(crate) type Renames<'m> = BTreeMap<(&'m str, &'m str), &'m str>;

/// The values of today of the states of every table before this one, oldest first.
pub(crate) fn renames<'m>(before: &[&'m Machine], now: &'m Machine) -> Renames<'m> {
    let mut names = Renames::new();
    // Of the table after, what each of its states is now: itself, at first.
    let mut today: Vec<Option<StateId>> = now.state_ids().map(Some).collect();
    let mut after = now;
    for &table in before.iter().rev() {
        let matched = Matched::new(table, after);
        let of = |state| matched.becomes(state).and_then(|next: StateId| today[next.index()]);
        today = table.state_ids().map(of).collect();
        for (state, today) in table.state_ids().zip(&today) {
            let value = table.state(state).value.as_str();
            if let Some(today) = today.map(|id| now.state(id).value.as_str())
                && today != value
            {
                // Newer tables come first, and none returns to rules that meant something else.
                names.entry((table.fingerprints.language.as_str(), value)).or_insert(today);
            }
        }
        after = table;
    }
    names
}
