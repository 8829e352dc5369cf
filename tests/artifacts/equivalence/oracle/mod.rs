//! The oracle: what a table means, written anew and naively from the words of the format. It shares
//! no code with phasegate, not even the reading of the table.

mod phases;
mod read;

use std::collections::BTreeSet;

/// A state, by its place in the table.
pub(crate) type State = usize;

/// What the oracle knows of one state.
#[derive(Clone, Debug)]
pub(crate) struct Facts {
    pub(crate) name: String,
    pub(crate) value: String,
    pub(crate) phase: Option<usize>,
    pub(crate) completes: bool,
    pub(crate) optional: bool,
    pub(crate) outcome: Option<String>,
    pub(crate) retired: bool,
}

/// A table, as its words say.
#[derive(Clone, Debug)]
pub(crate) struct Oracle {
    pub(crate) phases: Vec<String>,
    pub(crate) states: Vec<Facts>,
    pub(crate) initial: Vec<State>,
    /// Rule 1.
    pub(crate) declared: BTreeSet<(State, State)>,
    /// Rules 2 and 3.
    pub(crate) legal: BTreeSet<(State, State)>,
}

/// What a sequence of transitions comes to (rule 4).
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Verdict {
    Accepted,
    Complete,
    /// The place, from 1, and what was legal instead.
    Rejected(usize, Vec<State>),
}

/// What becomes of one report.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Told {
    /// A transition, or a start.
    Applied,
    /// The state that the row is in already (rule 5).
    Duplicate,
    /// Neither.
    Refused,
}

impl Oracle {
    /// Rule 2, word by word: as long as there is a pair to add, it is added.
    fn close(&mut self) {
        self.legal = self.declared.clone();
        loop {
            let mut skips = BTreeSet::new();
            for &(a, b) in &self.legal {
                for &(from, c) in &self.legal {
                    if from == b && self.states[b].optional && c != a {
                        skips.insert((a, c));
                    }
                }
            }
            let before = self.legal.len();
            self.legal.extend(skips);
            if self.legal.len() == before {
                return;
            }
        }
    }

    /// What may follow a state, or start a row, in the order of the states.
    pub(crate) fn next(&self, from: Option<State>) -> Vec<State> {
        (0..self.states.len()).filter(|&to| self.may_follow(from, to)).collect()
    }

    /// Whether a state may follow another, or nothing.
    pub(crate) fn may_follow(&self, from: Option<State>, to: State) -> bool {
        match from {
            Some(from) => self.legal.contains(&(from, to)),
            None => self.initial.contains(&to),
        }
    }

    /// Terminal, or with an outcome.
    pub(crate) fn is_ended(&self, state: State) -> bool {
        let terminal = !self.legal.iter().any(|&(from, to)| from == state && to != state);
        terminal || self.states[state].outcome.is_some()
    }

    /// A sequence of transitions, a state that the table lacks as `None`.
    pub(crate) fn sequence(&self, states: &[Option<State>]) -> Verdict {
        self.judge(states, false)
    }

    /// A log of reports: redeliveries are passed over.
    pub(crate) fn reports(&self, states: &[Option<State>]) -> Verdict {
        self.judge(states, true)
    }

    fn judge(&self, states: &[Option<State>], redeliveries: bool) -> Verdict {
        let mut last = None;
        for (at, &state) in states.iter().enumerate() {
            let legal = state.is_some_and(|state| self.may_follow(last, state));
            let again = redeliveries && state.is_some() && state == last;
            if !legal && !again {
                return Verdict::Rejected(at + 1, self.next(last));
            }
            last = state;
        }
        match last {
            Some(last) if self.is_ended(last) => Verdict::Complete,
            Some(_) | None => Verdict::Accepted,
        }
    }

    /// What becomes of each report of a row that is somewhere already, or nowhere, and that lives on
    /// after a refusal; and the history that they leave.
    pub(crate) fn live(
        &self,
        before: Option<State>,
        reports: &[Option<State>],
    ) -> (Vec<Told>, Vec<State>) {
        let mut history: Vec<State> = before.into_iter().collect();
        let told = reports
            .iter()
            .map(|&report| match report {
                Some(state) if self.may_follow(history.last().copied(), state) => {
                    history.push(state);
                    Told::Applied
                }
                Some(state) if history.last() == Some(&state) => Told::Duplicate,
                Some(_) | None => Told::Refused,
            })
            .collect();
        (told, history)
    }

    /// A shortest way to each state, from any start or from the given ones.
    pub(crate) fn ways(&self, starts: &[State]) -> Vec<Option<Vec<State>>> {
        let mut ways: Vec<Option<Vec<State>>> = vec![None; self.states.len()];
        for &start in starts {
            ways[start] = Some(vec![start]);
        }
        for _ in &self.states {
            for &(from, to) in &self.legal {
                let longer = ways[from].clone().map(|mut way| {
                    way.push(to);
                    way
                });
                let is_shorter = |way: &Vec<State>| {
                    ways[to].as_ref().is_none_or(|known| way.len() < known.len())
                };
                if let Some(way) = longer.filter(is_shorter) {
                    ways[to] = Some(way);
                }
            }
        }
        ways
    }

    /// Values as the layers' messages list them.
    pub(crate) fn list(&self, states: &[State]) -> String {
        let values: Vec<&str> =
            states.iter().map(|&state| self.states[state].value.as_str()).collect();
        values.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = r#"
        format = 1
        machine = { name = "m", initial = ["a", "b"] }
        phase = [{ name = "one" }, { name = "two" }]
        state = [
          { name = "a" },
          { name = "b" },
          { name = "c", value = "see", optional = true, phase = "one" },
          { name = "d", optional = true, phase = "two" },
          { name = "e", outcome = "success" },
          { name = "old", retired = true },
        ]
        transition = [
          { path = ["a", "c", "d", "c"] },
          { from = "b", to = ["b", "c"] },
          { from = "*", except = ["a", "b"], to = "e" },
        ]
    "#;

    /// Worked out by hand, so that the oracle is not the judge of itself.
    #[test]
    fn reads_and_closes_a_small_table_as_a_person_would() {
        let oracle = Oracle::read(TABLE);
        let declared = [(0, 2), (1, 1), (1, 2), (2, 3), (2, 4), (3, 2), (3, 4), (5, 4)];
        assert_eq!(oracle.declared, BTreeSet::from(declared));
        let skips = [(0, 3), (0, 4), (1, 3), (1, 4)];
        assert_eq!(oracle.legal, declared.into_iter().chain(skips).collect());
        let known = |states: &[State]| states.iter().copied().map(Some).collect::<Vec<_>>();
        assert_eq!(oracle.sequence(&known(&[])), Verdict::Accepted);
        assert_eq!(oracle.sequence(&known(&[0, 4])), Verdict::Complete);
        assert_eq!(oracle.sequence(&known(&[1, 1, 2, 2])), Verdict::Rejected(4, vec![3, 4]));
        assert_eq!(oracle.reports(&known(&[1, 1, 2, 2])), Verdict::Accepted);
        assert_eq!(oracle.sequence(&[None]), Verdict::Rejected(1, vec![0, 1]));
        let (told, history) =
            oracle.live(None, &[Some(3), Some(0), Some(0), None, Some(3), Some(4)]);
        use Told::{Applied, Duplicate, Refused};
        assert_eq!(told, [Refused, Applied, Duplicate, Refused, Applied, Applied]);
        assert_eq!(history, [0, 3, 4]);
        assert_eq!(oracle.ways(&[0])[4], Some(vec![0, 4]));
        assert_eq!(oracle.ways(&[0])[5], None);
    }
}
