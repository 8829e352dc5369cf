//! A case: a table, and what is asked of each layer about it: every pair, some sequences, and what
//! the phases show after some histories.

use phasegate_codegen::{Loaded, Machine};

use super::oracle::{Oracle, State, Told, Verdict};

/// One entry of a sequence.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Word {
    Known(State),
    /// What no state of the table is stored as.
    Unknown(String),
}

impl Word {
    pub(crate) fn state(&self) -> Option<State> {
        match self {
            Self::Known(state) => Some(*state),
            Self::Unknown(_) => None,
        }
    }
}

/// A history, and the `attempted` of its last report.
#[derive(Clone, Debug)]
pub(crate) struct History {
    pub(crate) states: Vec<State>,
    pub(crate) attempted: Option<State>,
}

/// A table, and what is asked about it.
pub(crate) struct Case {
    /// What it is called in a report of a disagreement: the table itself, or where it is from.
    pub(crate) name: String,
    pub(crate) loaded: Loaded,
    pub(crate) oracle: Oracle,
    pub(crate) sequences: Vec<Vec<Word>>,
    pub(crate) histories: Vec<History>,
}

/// What a layer says, or the oracle. What a layer cannot be asked, it leaves out.
#[derive(Debug, Default)]
pub(crate) struct Answers {
    /// Of each pair whether it is a legal transition; nothing as the first is the row before the
    /// states' own. None where this layer cannot tell.
    pub(crate) pairs: Vec<Vec<Option<bool>>>,
    /// Of each sequence of transitions.
    pub(crate) sequences: Option<Vec<Verdict>>,
    /// Of each sequence as a log of reports.
    pub(crate) reports: Option<Vec<Verdict>>,
    /// What became of rows that were really reported to.
    pub(crate) rows: Vec<Row>,
    /// After each history, a view per phase.
    pub(crate) views: Option<Vec<String>>,
}

/// What became of a row, which lives on after a refusal.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Row {
    /// Where it was before the reports; none where the first has to start it.
    pub(crate) before: Option<State>,
    pub(crate) reports: Vec<Word>,
    /// Of each report whether it was taken; more than that, where the layer says more.
    pub(crate) told: Vec<Reply>,
    /// The audit log: what was accepted, in its order. None where none is kept.
    pub(crate) log: Option<Vec<String>>,
    /// Where the row is at last; none where there is no row.
    pub(crate) status: Option<String>,
}

/// An answer to one report.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Reply {
    /// The database let it through: a transition, or what is there already.
    Taken,
    Applied,
    Duplicate,
    /// What was legal instead, as the layer lists it.
    Refused(String),
    /// The layer knows no such state.
    Unknown,
}

/// A table's text as if it stood in a file, its SQL target there; none where it is not valid.
pub(crate) fn load(text: &str) -> Result<Loaded, String> {
    let mut text = text.to_owned();
    if !text.contains("[target.sql]") {
        text += "\n[target.sql]\n";
    }
    let (_, machine, _) =
        phasegate_codegen::machine("t.toml", text.as_bytes()).map_err(|error| error.to_string())?;
    Ok(of(machine))
}

/// What is rendered of a machine that stands in no file.
pub(crate) fn of(machine: Machine) -> Loaded {
    Loaded::of("t.toml", &machine)
}

impl Case {
    /// A case of random sequences; each is made of numbers.
    ///
    /// # Panics
    /// Where the table is not valid.
    pub(crate) fn new(name: &str, text: &str, numbers: &[Vec<u16>]) -> Self {
        let loaded = load(text).unwrap_or_else(|error| panic!("{error}\nin: {text}"));
        let oracle = Oracle::read(text);
        let sequences: Vec<Vec<Word>> = numbers
            .iter()
            .enumerate()
            .map(|(at, numbers)| sequence(&oracle, at, numbers))
            .collect();
        let histories = sequences
            .iter()
            .zip(numbers)
            .map(|(words, numbers)| {
                let words: Vec<Option<State>> = words.iter().map(Word::state).collect();
                let attempted =
                    numbers.first().map(|&n| usize::from(n / 7) % (oracle.states.len() + 1));
                History {
                    states: oracle.live(None, &words).1,
                    attempted: attempted.filter(|&state| state < oracle.states.len()),
                }
            })
            .collect();
        Self { name: name.to_owned(), loaded, oracle, sequences, histories }
    }

    /// Adds every history up to a number of them, the shortest first, each with every `attempted`.
    pub(crate) fn with_short_histories(mut self, most: usize) -> Self {
        let mut found: Vec<Vec<State>> = vec![Vec::new()];
        let mut at = 0;
        while at < found.len() && found.len() < most {
            for next in self.oracle.next(found[at].last().copied()) {
                found.push(found[at].iter().copied().chain([next]).collect());
            }
            at += 1;
        }
        let attempts = std::iter::once(None).chain((0..self.oracle.states.len()).map(Some));
        let attempts: Vec<Option<State>> = attempts.collect();
        let all = found.iter().flat_map(|states| {
            attempts.iter().map(|&attempted| History { states: states.clone(), attempted })
        });
        self.histories.extend(all);
        self
    }

    /// Adds what a row's history can be where steps were forced or only observed: each sequence of
    /// numbers as states, whatever may follow what.
    pub(crate) fn with_forced_histories(mut self, numbers: &[Vec<u16>]) -> Self {
        let states = self.oracle.states.len();
        let all = numbers.iter().map(|numbers| History {
            states: numbers.iter().map(|&n| usize::from(n) % states).collect(),
            attempted: numbers.first().map(|&n| usize::from(n / 7) % states),
        });
        self.histories.extend(all);
        self
    }

    /// A word as it is stored, sent and received.
    pub(crate) fn value<'c>(&'c self, word: &'c Word) -> &'c str {
        match word {
            Word::Known(state) => &self.oracle.states[*state].value,
            Word::Unknown(word) => word,
        }
    }

    pub(crate) fn machine(&self) -> &Machine {
        &self.loaded.machine
    }

    /// A sequence with what the oracle does not know as none.
    pub(crate) fn states(words: &[Word]) -> Vec<Option<State>> {
        words.iter().map(Word::state).collect()
    }

    /// What becomes of a row.
    pub(crate) fn row(&self, before: Option<State>, reports: &[Word]) -> Row {
        let (told, history) = self.oracle.live(before, &Self::states(reports));
        let mut last = before;
        let told = reports
            .iter()
            .zip(told)
            .map(|(word, told)| match told {
                Told::Applied => {
                    last = word.state();
                    Reply::Applied
                }
                Told::Duplicate => Reply::Duplicate,
                Told::Refused if word.state().is_none() => Reply::Unknown,
                Told::Refused => Reply::Refused(self.listed(last)),
            })
            .collect();
        let value = |&state: &State| self.oracle.states[state].value.clone();
        Row {
            before,
            reports: reports.to_vec(),
            told,
            status: history.last().map(value),
            log: Some(history.iter().map(value).collect()),
        }
    }

    /// What may follow a state, as layers list it.
    pub(crate) fn listed(&self, from: Option<State>) -> String {
        let next = self.oracle.next(from);
        if next.is_empty() { "none".to_owned() } else { self.oracle.list(&next) }
    }
}

/// A sequence: legal, nearly legal or wild, by its place.
fn sequence(oracle: &Oracle, at: usize, numbers: &[u16]) -> Vec<Word> {
    let mut last: Option<State> = None;
    let mut words = Vec::new();
    for &number in numbers {
        let number = usize::from(number);
        let legal = oracle.next(last);
        let wild = match at % 3 {
            0 => false,
            1 => number % 5 == 0,
            _ => true,
        };
        let word = if wild {
            match number / 5 % 8 {
                0 => Word::Unknown(unknown(oracle, number / 40)),
                // A redelivery.
                1 => last.map_or(Word::Known(0), Word::Known),
                _ => Word::Known(number / 40 % oracle.states.len()),
            }
        } else if legal.is_empty() {
            break;
        } else {
            Word::Known(legal[number % legal.len()])
        };
        if let Some(state) = word.state()
            && oracle.may_follow(last, state)
        {
            last = Some(state);
        }
        words.push(word);
    }
    words
}

/// What is nearly a value, and none.
fn unknown(oracle: &Oracle, number: usize) -> String {
    let state = &oracle.states[number % oracle.states.len()];
    let near = match number / oracle.states.len() % 6 {
        0 => state.name.clone(),
        1 => state.value.to_uppercase(),
        2 => format!("{} ", state.value),
        3 => format!(" {}", state.value),
        4 => String::new(),
        _ => "no such state".to_owned(),
    };
    let taken = oracle.states.iter().any(|state| state.value == near);
    if taken { "none of them".to_owned() } else { near }
}
