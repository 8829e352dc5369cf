//! Tables of other times: what each calls a state that has another name now, and what it allowed.

use std::collections::{HashMap, HashSet};

use phasegate_codegen::machine::{Machine, StateId};

use crate::vocabulary::{Vocabulary, code};

/// A table that was in force before the one that is.
#[derive(Debug)]
pub(crate) struct Version {
    /// The codes of its states, in its order.
    states: Vec<u16>,
    /// What it allows, by codes.
    pairs: HashSet<(u16, u16)>,
    /// The code of nothing yet.
    start: u16,
}

impl Version {
    /// Whether a step was legal then. One out of a state that the table lacked is not judged.
    pub(crate) fn may(&self, from: u16, to: u16) -> bool {
        let has = |state: u16| self.states.contains(&state);
        let is_judged = from == self.start || has(from);
        has(to) && (!is_judged || self.pairs.contains(&(from, to)))
    }

    /// Whether it had a state.
    pub(crate) fn has(&self, state: u16) -> bool {
        self.states.contains(&state)
    }

    /// What could follow then, or start.
    pub(crate) fn after(&self, from: Option<u16>) -> Vec<u16> {
        let from = from.unwrap_or(self.start);
        self.states.iter().copied().filter(|&to| self.pairs.contains(&(from, to))).collect()
    }
}

/// The versions before a machine, oldest first, and what they call their states. The vocabulary
/// learns to distinguish them by their fingerprints.
pub(crate) fn versions(
    machine: &Machine,
    past: &[Machine],
    vocabulary: &mut Vocabulary,
) -> Vec<Version> {
    let mut versions = Vec::new();
    for (nth, then) in past.iter().enumerate() {
        if then.fingerprints.language == machine.fingerprints.language {
            vocabulary.learn(&fingerprints(then), 0, HashMap::new(), None);
            continue;
        }
        let later: Vec<&Machine> = past[nth + 1..].iter().chain([machine]).collect();
        let states: Vec<u16> = then
            .states
            .iter()
            .map(|state| match now(&state.name, &later) {
                Some(id) => code(id),
                None => vocabulary.code(state.stored.as_bytes()),
            })
            .collect();
        let of = |id: StateId| states[id.index()];
        let start = vocabulary.states();
        let mut pairs: HashSet<_> =
            then.transitions().map(|(from, to, _)| (of(from), of(to))).collect();
        pairs.extend(then.initial.iter().map(|&initial| (start, of(initial))));
        let mut words = HashMap::new();
        for (state, &code) in then.states.iter().zip(&states) {
            for text in [&state.stored, &state.value, &state.name] {
                words.insert(text.clone().into_bytes(), code);
            }
        }
        let null = then.targets.sql().and_then(|sql| sql.null.as_deref());
        let null = null.and_then(|name| then.find(name)).map(of);
        versions.push(Version { states: states.clone(), pairs, start });
        let number = u16::try_from(versions.len()).expect("a folder has fewer migrations");
        vocabulary.learn(&fingerprints(then), number, words, null);
    }
    vocabulary.learn(&fingerprints(machine), 0, HashMap::new(), None);
    versions
}

fn fingerprints(machine: &Machine) -> [String; 2] {
    [machine.fingerprints.table.clone(), machine.fingerprints.language.clone()]
}

/// What a state became in the last of the tables that follow, where it is still there.
fn now(name: &str, later: &[&Machine]) -> Option<StateId> {
    let mut name = name.to_owned();
    let mut found = None;
    for next in later {
        let renamed = next.states.iter().position(|it| it.renamed_from.as_ref() == Some(&name));
        let id = renamed.map(StateId::new).or_else(|| next.find(&name));
        found = Some(id?);
        name.clone_from(&next.state(id?).name);
    }
    found
}
