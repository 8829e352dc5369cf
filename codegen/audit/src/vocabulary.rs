//! From what sources write of a status to a code, and back.
//!
//! The codes of a table's states come first, in its order; then one that stands for nothing yet;
//! then one for each text that the table does not have, as they come.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use phasegate_codegen::machine::{Machine, StateId};

/// With this bit an event says only where the row is: it is no report, and not judged.
pub(crate) const SILENT: u16 = 1 << 15;
/// The code of a state that is not known, beyond that of every text: what follows it is not judged.
pub(crate) const NOWHERE: u16 = SILENT - 1;
/// So many texts that the table lacks are told apart; what comes after them is one.
const MOST_UNKNOWN: usize = 4_096;
/// What is shown of a text, in characters.
const MOST_SHOWN: usize = 80;

/// Codes by texts.
type Words = HashMap<Vec<u8>, u16>;

/// The states of a table, and the texts that it lacks.
#[derive(Debug)]
pub(crate) struct Vocabulary {
    /// What is stored, and the names.
    known: Words,
    null: Option<u16>,
    states: u16,
    /// The code of the first text that the table lacks, and how many there are.
    first: u16,
    most: usize,
    /// The tables of other times by their fingerprints; the current one is 0.
    tables: HashMap<Vec<u8>, u16>,
    /// What each of them calls its states, and what NULL stands for there.
    words: Vec<(Words, Option<u16>)>,
    unknown: Mutex<Unknown>,
}

#[derive(Debug, Default)]
struct Unknown {
    codes: Words,
    texts: Vec<String>,
    /// Whether there are more than have a code of their own.
    has_more: bool,
}

impl Vocabulary {
    /// Of a machine: what its column holds (numbers, where it holds numbers), values, and names. A
    /// name is never another state's value, so that none of them is ambiguous.
    pub(crate) fn of(machine: &Machine) -> Self {
        let mut known = HashMap::new();
        for id in machine.state_ids() {
            let state = machine.state(id);
            for text in [&state.stored, &state.value, &state.name] {
                known.insert(text.clone().into_bytes(), code(id));
            }
        }
        let null = machine.targets.sql().and_then(|sql| sql.null.as_deref());
        let null = null.and_then(|name| machine.find(name)).map(code);
        let states = u16::try_from(machine.states.len()).expect("a table has at most 4,096 states");
        let (first, most) = (states + 1, MOST_UNKNOWN);
        Self {
            known,
            null,
            states,
            first,
            most,
            tables: HashMap::new(),
            words: Vec::new(),
            unknown: Mutex::default(),
        }
    }

    /// Of a table that no one has written: as many texts are its states, as they come.
    pub(crate) fn open(states: usize) -> Self {
        let most = states;
        let states = u16::try_from(states).expect("no one asks for more than a table has");
        let known = HashMap::new();
        Self {
            known,
            null: None,
            states,
            first: 0,
            most,
            tables: HashMap::new(),
            words: Vec::new(),
            unknown: Mutex::default(),
        }
    }

    /// Knows a table by its fingerprints; one of another time with its words, in the order of their
    /// numbers from 1.
    pub(crate) fn learn(
        &mut self,
        fingerprints: &[String],
        table: u16,
        words: Words,
        null: Option<u16>,
    ) {
        for fingerprint in fingerprints {
            self.tables.insert(fingerprint.clone().into_bytes(), table);
        }
        if table > 0 {
            self.words.push((words, null));
        }
    }

    /// The number of the table of a fingerprint.
    pub(crate) fn table(&self, fingerprint: &[u8]) -> Option<u16> {
        self.tables.get(fingerprint).copied()
    }

    /// The texts that the table lacks, as they came.
    pub(crate) fn texts(&self) -> Vec<String> {
        self.unknown().texts.clone()
    }

    /// Whether each text has a code of its own.
    pub(crate) fn is_whole(&self) -> bool {
        !self.unknown().has_more
    }

    /// How many states there are, which is the code of nothing yet.
    pub(crate) const fn states(&self) -> u16 {
        self.states
    }

    /// The code of a text. Readers keep it, for this looks into a table that they share.
    pub(crate) fn code(&self, text: &[u8]) -> u16 {
        if let Some(&code) = self.known.get(text) {
            return code;
        }
        let mut unknown = self.unknown();
        if let Some(&code) = unknown.codes.get(text) {
            return code;
        }
        let place = unknown.texts.len();
        if place >= self.most {
            unknown.has_more = true;
            return self.states + 1 + self.first;
        }
        let next = self.first + u16::try_from(place).expect("there are at most 4,096 of them");
        unknown.codes.insert(text.to_vec(), next);
        let shown: String = String::from_utf8_lossy(text).chars().take(MOST_SHOWN).collect();
        unknown.texts.push(shown);
        next
    }

    /// The text of a code that the table lacks.
    pub(crate) fn unknown_text(&self, code: u16) -> String {
        if code == NOWHERE {
            return "(not known)".to_owned();
        }
        let place = usize::from(code.saturating_sub(self.first));
        self.unknown().texts.get(place).cloned().unwrap_or_else(|| "(another)".to_owned())
    }

    fn unknown(&self) -> MutexGuard<'_, Unknown> {
        self.unknown.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The code of a state.
pub(crate) fn code(id: StateId) -> u16 {
    u16::try_from(id.index()).expect("a table has at most 4,096 states")
}

/// The codes of the texts that one reader has met.
#[derive(Debug)]
pub(crate) struct Coder {
    vocabulary: Arc<Vocabulary>,
    met: HashMap<Vec<u8>, u16, foldhash::fast::RandomState>,
    last: Option<(Vec<u8>, u16)>,
}

impl Coder {
    /// One that has met nothing.
    pub(crate) fn new(vocabulary: Arc<Vocabulary>) -> Self {
        Self { vocabulary, met: HashMap::default(), last: None }
    }

    /// The code of what NULL stands for in a table, where it stands for a state.
    pub(crate) fn null(&self, table: u16) -> Option<u16> {
        match usize::from(table).checked_sub(1) {
            None => self.vocabulary.null,
            Some(past) => self.vocabulary.words.get(past).and_then(|(_, null)| *null),
        }
    }

    /// The number of the table of a fingerprint.
    pub(crate) fn table(&self, fingerprint: &[u8]) -> Option<u16> {
        self.vocabulary.table(fingerprint)
    }

    /// The code of a text in a table.
    pub(crate) fn code_in(&mut self, table: u16, text: &[u8]) -> u16 {
        let past = usize::from(table).checked_sub(1).and_then(|at| self.vocabulary.words.get(at));
        match past.and_then(|(words, _)| words.get(text)) {
            Some(&code) => code,
            None => self.code(text),
        }
    }

    /// The code of a text.
    pub(crate) fn code(&mut self, text: &[u8]) -> u16 {
        if let Some((last, code)) = &self.last
            && last == text
        {
            return *code;
        }
        let code = match self.met.get(text) {
            Some(&code) => code,
            None => {
                let code = self.vocabulary.code(text);
                if self.met.len() < MOST_UNKNOWN {
                    self.met.insert(text.to_vec(), code);
                }
                code
            }
        };
        let mut kept = self.last.take().map_or_else(Vec::new, |(kept, _)| kept);
        kept.clear();
        kept.extend_from_slice(text);
        self.last = Some((kept, code));
        code
    }
}
