//! The legal transitions: the declared pairs, closed over the optional states (rules 1 to 3 of the
//! table's format), as one row of bits per state.

use super::{MAX_TRANSITIONS, StateId};

/// How a transition is legal.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// A `[[transition]]` row lists it.
    Declared,
    /// It passes over optional states.
    Skip,
}

impl Kind {
    /// The word that every interface uses.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Declared => "declared",
            Self::Skip => "skip",
        }
    }
}

/// There are more transitions than the format allows.
#[derive(Clone, Copy, Debug)]
pub struct TooMany;

/// A square of bits: a row per state, a bit per state.
#[derive(Clone, Debug, Default)]
pub(crate) struct Bits {
    words: usize,
    rows: Vec<u64>,
}

impl Bits {
    pub(crate) fn new(states: usize) -> Self {
        let words = states.div_ceil(64);
        Self { words, rows: vec![0; words * states] }
    }

    /// The number of rows.
    pub(crate) const fn len(&self) -> usize {
        match self.rows.len().checked_div(self.words) {
            Some(rows) => rows,
            None => 0,
        }
    }

    pub(crate) fn row(&self, row: usize) -> &[u64] {
        &self.rows[row * self.words..][..self.words]
    }

    pub(crate) fn row_mut(&mut self, row: usize) -> &mut [u64] {
        &mut self.rows[row * self.words..][..self.words]
    }

    pub(crate) fn get(&self, row: usize, bit: usize) -> bool {
        has_bit(self.row(row), bit)
    }

    /// Sets a bit; says whether it was clear.
    pub(crate) fn set(&mut self, row: usize, bit: usize) -> bool {
        let word = &mut self.rows[row * self.words + bit / 64];
        let before = *word;
        *word |= 1 << (bit % 64);
        before != *word
    }
}

/// Whether a bit of a row is set.
const fn has_bit(row: &[u64], bit: usize) -> bool {
    row[bit / 64] >> (bit % 64) & 1 == 1
}

/// The set bits of a row, ascending.
pub(crate) fn ones(row: &[u64]) -> impl Iterator<Item = usize> + Clone + '_ {
    row.iter().enumerate().flat_map(|(at, &word)| {
        let mut rest = word;
        std::iter::from_fn(move || {
            (rest != 0).then(|| {
                let bit = rest.trailing_zeros() as usize;
                rest &= rest - 1;
                at * 64 + bit
            })
        })
    })
}

/// The declared pairs and all that follows from them.
#[derive(Clone, Debug)]
pub struct Relation {
    declared: Bits,
    legal: Bits,
    optional: Vec<StateId>,
    len: usize,
}

impl Relation {
    /// Closes the declared pairs over the optional states.
    ///
    /// A legal step from `a` to another state `c` is a walk along declared pairs whose states in
    /// between are all optional. One search per `a`, a row of bits at a time: a state is expanded
    /// once, so the work is bounded by the transitions found.
    ///
    /// # Errors
    /// [`TooMany`] as soon as there are more than the format allows.
    pub fn close(
        states: usize,
        optional: Vec<StateId>,
        pairs: impl IntoIterator<Item = (StateId, StateId)>,
    ) -> Result<Self, TooMany> {
        let mut declared = Bits::new(states);
        let mut count = 0;
        for (from, to) in pairs {
            count += usize::from(declared.set(from.index(), to.index()));
            if count > MAX_TRANSITIONS {
                return Err(TooMany);
            }
        }
        let mut is_optional = vec![0_u64; declared.words];
        for state in &optional {
            is_optional[state.index() / 64] |= 1 << (state.index() % 64);
        }

        let mut legal = declared.clone();
        let mut len = 0;
        let mut reached = vec![0_u64; declared.words];
        for from in 0..states {
            reached.copy_from_slice(declared.row(from));
            let mut waiting: Vec<usize> =
                ones(&reached).filter(|&to| has_bit(&is_optional, to)).collect();
            while let Some(via) = waiting.pop() {
                for (at, &word) in declared.row(via).iter().enumerate() {
                    let fresh = word & !reached[at];
                    reached[at] |= fresh;
                    waiting.extend(ones(&[fresh & is_optional[at]]).map(|bit| at * 64 + bit));
                }
            }
            // A skip never makes a transition of a state to itself.
            if !declared.get(from, from) {
                reached[from / 64] &= !(1 << (from % 64));
            }
            legal.row_mut(from).copy_from_slice(&reached);
            len += reached.iter().map(|word| word.count_ones() as usize).sum::<usize>();
            if len > MAX_TRANSITIONS {
                return Err(TooMany);
            }
        }
        Ok(Self { declared, legal, optional, len })
    }

    /// Whether the step is legal.
    pub fn is_legal(&self, from: StateId, to: StateId) -> bool {
        self.legal.get(from.index(), to.index())
    }

    /// How the step is legal, where it is.
    pub fn kind(&self, from: StateId, to: StateId) -> Option<Kind> {
        if self.declared.get(from.index(), to.index()) {
            Some(Kind::Declared)
        } else {
            self.is_legal(from, to).then_some(Kind::Skip)
        }
    }

    /// What a state can go to, ascending.
    pub fn legal_from(&self, from: StateId) -> impl Iterator<Item = StateId> + '_ {
        ones(self.legal.row(from.index())).map(StateId::new)
    }

    /// For each state those that can go to it, ascending.
    pub fn before(&self) -> Vec<Vec<StateId>> {
        let mut before = vec![Vec::new(); self.legal.len()];
        for from in (0..before.len()).map(StateId::new) {
            self.legal_from(from).for_each(|to| before[to.index()].push(from));
        }
        before
    }

    /// The number of legal transitions.
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no transition at all.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The optional states, ascending.
    pub fn optional(&self) -> &[StateId] {
        &self.optional
    }

    /// Whether a walk of at least one declared step leads from `a` to `b` with only optional
    /// states in between. For two states that is what makes the step legal; from a state back to
    /// itself a skip is not legal, but such a walk can still be what happened.
    pub fn walks(&self, a: StateId, b: StateId) -> bool {
        self.is_legal(a, b)
            || a == b
                && self.optional.iter().any(|&via| self.is_legal(a, via) && self.is_legal(via, a))
    }

    /// The optional states whose reports a step can hide (rule 6).
    pub fn hidden(&self, from: StateId, to: StateId) -> impl Iterator<Item = StateId> + '_ {
        self.optional.iter().copied().filter(move |&via| self.hides(from, via, to))
    }

    /// Whether a step can hide the report of an optional state.
    pub(crate) fn hides(&self, from: StateId, via: StateId, to: StateId) -> bool {
        self.walks(from, via) && self.walks(via, to)
    }
}

impl super::Machine {
    /// The number of skips among the legal transitions.
    pub fn skip_count(&self) -> usize {
        self.transitions().filter(|&(_, _, kind)| kind == Kind::Skip).count()
    }

    /// For each optional state, a sentence that says which skips it opens.
    pub fn skips_in_words(&self) -> Vec<String> {
        self.relation.optional().iter().map(|&via| self.skips_over(via)).collect()
    }

    fn skips_over(&self, via: StateId) -> String {
        let name = |state: StateId| self.state(state).name.as_str();
        let opened: Vec<String> = self
            .state_ids()
            .filter(|&from| from != via && self.can_become(from, via))
            .flat_map(|from| self.next(via).map(move |to| (from, to)))
            .filter(|&(from, to)| to != via && self.kind(from, to) == Some(Kind::Skip))
            .take(MOST_SHOWN + 1)
            .map(|(from, to)| format!("{} -> {}", name(from), name(to)))
            .collect();
        let shown = opened[..opened.len().min(MOST_SHOWN)].join(", ");
        match opened.len() {
            0 => format!("`{}` opens no skip", name(via)),
            n if n > MOST_SHOWN => format!("without `{}`: {shown}, and more", name(via)),
            _ => format!("without `{}`: {shown}", name(via)),
        }
    }
}

/// The most skips that one sentence lists.
const MOST_SHOWN: usize = 24;
