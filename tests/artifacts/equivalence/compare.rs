//! What a layer says next to what the oracle says; the first difference in words.

use super::cases::{Answers, Case, Reply, Word};
use super::layers::Layer;
use super::oracle::{State, Verdict};

/// How much was compared: the tests show that it was not nothing.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) tables: usize,
    pub(crate) pairs: usize,
    pub(crate) sequences: usize,
    pub(crate) logs: usize,
    pub(crate) views: usize,
}

impl std::ops::AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.tables += other.tables;
        self.pairs += other.pairs;
        self.sequences += other.sequences;
        self.logs += other.logs;
        self.views += other.views;
    }
}

/// A layer and the oracle differ: on which case, and how.
#[derive(Debug)]
pub(crate) struct Differ {
    pub(crate) at: usize,
    pub(crate) said: String,
}

/// Asks a layer about some cases, all at once, and compares.
///
/// # Errors
/// The first disagreement, with its table.
pub(crate) fn agrees(layer: Layer, cases: &[Case]) -> Result<Tally, Differ> {
    let answers = layer.judge(cases);
    assert_eq!(answers.len(), cases.len(), "{layer:?} left a case out");
    let mut tally = Tally::default();
    for (at, (case, answers)) in cases.iter().zip(&answers).enumerate() {
        tally += compare(case, answers).map_err(|said| {
            let said = format!("{layer:?} and the oracle differ: {said}\nin: {}", case.name);
            Differ { at, said }
        })?;
    }
    Ok(tally)
}

fn compare(case: &Case, answers: &Answers) -> Result<Tally, String> {
    let oracle = &case.oracle;
    let mut tally = Tally { tables: 1, ..Tally::default() };
    let value = |state: State| format!("{:?}", oracle.states[state].value);
    assert_eq!(answers.pairs.len(), oracle.states.len() + 1);
    for (at, row) in answers.pairs.iter().enumerate() {
        let from = at.checked_sub(1);
        assert_eq!(row.len(), oracle.states.len());
        for (to, &said) in row.iter().enumerate() {
            let Some(said) = said else { continue };
            tally.pairs += 1;
            let legal = oracle.may_follow(from, to);
            if said != legal {
                let from = from.map_or_else(|| "nothing".to_owned(), value);
                return Err(format!("{from} -> {}: legal {legal}, it says {said}", value(to)));
            }
        }
    }
    let verdicts: [(&Option<Vec<Verdict>>, &dyn Fn(&[Option<State>]) -> Verdict); 2] = [
        (&answers.sequences, &|states| oracle.sequence(states)),
        (&answers.reports, &|states| oracle.reports(states)),
    ];
    for (said, judge) in verdicts {
        for (words, said) in paired(&case.sequences, said) {
            tally.sequences += 1;
            let verdict = judge(&Case::states(words));
            if *said != verdict {
                return Err(format!("{}: {verdict:?}, it says {said:?}", shown(case, words)));
            }
        }
    }
    for said in &answers.rows {
        tally.sequences += 1;
        tally.logs += usize::from(said.log.is_some());
        let mut expected = case.row(said.before, &said.reports);
        expected.told =
            expected.told.iter().zip(&said.told).map(|(it, said)| seen(it, said)).collect();
        if said.log.is_none() {
            expected.log = None;
        }
        if *said != expected {
            let before = said.before.map_or_else(|| "nothing".to_owned(), value);
            let reports = shown(case, &said.reports);
            return Err(format!("{before}, then {reports}:\n{expected:?}, it says\n{said:?}"));
        }
    }
    for (history, said) in paired(&case.histories, &answers.views) {
        tally.views += 1;
        let views = oracle.views(&history.states, history.attempted).join(" ");
        if *said != views {
            let states: Vec<String> = history.states.iter().map(|&state| value(state)).collect();
            let attempted = history.attempted.map(value);
            let history = states.join(" ");
            return Err(format!(
                "phases of {history}, attempted {attempted:?}: {views}, it says {said}"
            ));
        }
    }
    Ok(tally)
}

/// What an answer looks like to a layer that says less.
fn seen(told: &Reply, said: &Reply) -> Reply {
    match (told, said) {
        (Reply::Applied | Reply::Duplicate, Reply::Taken) => Reply::Taken,
        (
            Reply::Taken | Reply::Applied | Reply::Duplicate | Reply::Refused(_) | Reply::Unknown,
            Reply::Taken | Reply::Applied | Reply::Duplicate | Reply::Refused(_) | Reply::Unknown,
        ) => told.clone(),
    }
}

/// Questions and their answers, where there are any.
fn paired<'a, Q, A>(
    questions: &'a [Q],
    answers: &'a Option<Vec<A>>,
) -> impl Iterator<Item = (&'a Q, &'a A)> {
    if let Some(answers) = answers {
        assert_eq!(questions.len(), answers.len(), "a question has no answer");
    }
    questions.iter().zip(answers.iter().flatten())
}

fn shown(case: &Case, words: &[Word]) -> String {
    let words: Vec<String> = words.iter().map(|word| format!("{:?}", case.value(word))).collect();
    words.join(" ")
}
