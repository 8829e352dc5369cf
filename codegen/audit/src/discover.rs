//! What a history says of a table that no one has written: its states, and the steps between them.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use crate::Error;
use crate::audit::{Options, Seen, judged};
use crate::columns::UsualNames;
use crate::judge::Judge;
use crate::report::Stopped;
use crate::source::{History, Opened, Opening, Progress};
use crate::vocabulary::Vocabulary;

/// The most states that a history may have for a table to be drafted of it.
pub const MOST_DRAFTED: usize = 256;

/// What a history is made of.
#[derive(Clone, Debug)]
pub struct Discovered {
    /// The sources.
    pub sources: Vec<String>,
    /// What is stored of each state, in the order of their coming.
    pub states: Vec<String>,
    /// How many rows start in each.
    pub starts: Vec<u64>,
    /// How many rows are in each at the end.
    pub ends: Vec<u64>,
    /// How often each step was taken, by places in `states`.
    pub steps: HashMap<(usize, usize), u64>,
    /// How many reports there were.
    pub events: u64,
    /// How many rows they are of.
    pub rows: u64,
    /// How many places could not be read.
    pub troubles: u64,
    /// Whether it was stopped before the end.
    pub stopped: Option<Stopped>,
}

/// Reads sources for what states and steps they have.
///
/// # Errors
/// Where a source can't be opened or lacks a column, or has more states than a table could be drafted
/// of.
pub fn discover(
    sources: &[String],
    options: &Options,
    watch: &mut dyn FnMut(Seen) -> ControlFlow<()>,
) -> Result<Discovered, Error> {
    let vocabulary = Arc::new(Vocabulary::open(MOST_DRAFTED));
    let opening = Opening {
        wanted: options.wanted.clone(),
        names: UsualNames::common(),
        table: options.table.clone(),
        history: None::<History>,
        progress: Arc::new(Progress::default()),
    };
    let opened = Opened::look(sources, opening)?;
    let judge = Judge::open(MOST_DRAFTED, options.reports);
    let done = judged(opened, judge, &vocabulary, options, None, None, watch)?;
    let states = vocabulary.texts();
    if !vocabulary.is_whole() {
        return Err(Error::new(format!(
            "more than {MOST_DRAFTED} states, such as `{}`, `{}`: is this the column of the status? \
             Name it by --status",
            states[0], states[1],
        )));
    }
    let counts = done.judge.counts();
    let places = 0..states.len();
    let mut steps = HashMap::new();
    for from in places.clone() {
        for to in places.clone() {
            let times = counts.of_codes(Some(from), to);
            if times > 0 {
                steps.insert((from, to), times);
            }
        }
    }
    let mut ends = vec![0; states.len()];
    done.judge.each_row(|_, state, _| {
        if let Some(end) = ends.get_mut(usize::from(state)) {
            *end += 1;
        }
    });
    Ok(Discovered {
        sources: done.names.into_iter().map(|source| source.name).collect(),
        starts: places.map(|to| counts.of_codes(None, to)).collect(),
        ends,
        steps,
        events: counts.events,
        rows: done.judge.rows() as u64,
        troubles: done.found.troubles.values().sum(),
        stopped: done.stopped,
        states,
    })
}
