// {{ header }}
//! {{ about }}
#![allow(dead_code, unreachable_pub)]
#![cfg_attr(rustfmt, rustfmt_skip)]

use core::fmt;
use core::str::FromStr;

use {{ type_name }} as S;
use {{ phase_type }} as P;

/// {{ status_doc }} Ordered as the table has them; by default the first that a row starts in.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[repr(u16)]
pub enum {{ type_name }} {
{%- for state in states %}
{%- for line in state.doc %}
    ///{% if !line.is_empty() %} {{ line }}{% endif %}
{%- endfor %}
{%- if state.is_default %}
    #[default]
{%- endif %}
    {{ state.variant }},
{%- endfor %}
}

/// {{ phase_doc }} Ordered as the stepper has them.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
{%- if !phases.is_empty() %}
#[repr(u16)]
{%- endif %}
pub enum {{ phase_type }} {
{%- for phase in phases %}
{%- for line in phase.doc %}
    ///{% if !line.is_empty() %} {{ line }}{% endif %}
{%- endfor %}
    {{ phase.variant }},
{%- endfor %}
}

/// What kind of end a state is.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Outcome {
    /// What was set out to be done is done.
    Success,
    /// It was tried, and it failed.
    Failure,
    /// It was called off.
    Cancelled,
    /// An end that is neither good nor bad.
    Neutral,
}

/// What the stepper shows for one phase.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum PhaseView {
    /// The run failed in this phase.
    Failed,
    /// The run was called off in this phase.
    Cancelled,
    /// Not reached, or not needed.
    Skipped,
    /// The current state belongs to it.
    Active,
    /// Reported as done, or left behind by what was reported since.
    Done,
    /// It must have come by, and no one reported it.
    Unconfirmed,
    /// Still to come.
    Upcoming,
}

/// Where the rows live in a database: what `[target.sql]` says, or its defaults.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Schema {
    /// The schema, on PostgreSQL.
    pub schema: &'static str,
    /// The table that holds the status column.
    pub table: &'static str,
    /// The columns of its key.
    pub key: &'static [&'static str],
    /// The status column.
    pub column: &'static str,
    /// What a row has in addition to key and status, each with its type.
    pub columns: &'static [(&'static str, &'static str)],
    /// The table of the history, where there is one.
    pub events: Option<&'static str>,
}

/// Where this machine's rows live.
pub const SCHEMA: Schema = Schema {
    schema: {{ schema.schema }},
    table: {{ schema.table }},
    key: &[{{ schema.key }}],
    column: {{ schema.column }},
    columns: &[{{ schema.columns }}],
    events: {{ schema.events }},
};

struct State {
    name: &'static str,
    value: &'static str,
    title: &'static str,
    phase: Option<P>,
    completes: bool,
    optional: bool,
    outcome: Option<Outcome>,
    reopens: bool,
    retired: bool,
    terminal: bool,
    meta: &'static [(&'static str, &'static str)],
}

/// Every state, in the order of the table.
static STATES: [State; {{ states.len() }}] = [
{%- for state in states %}
    State {
        name: {{ state.name }},
        value: {{ state.value }},
        title: {{ state.title }},
        phase: {{ state.phase }},
        completes: {{ state.completes }},
        optional: {{ state.optional }},
        outcome: {{ state.outcome }},
        reopens: {{ state.reopens }},
        retired: {{ state.retired }},
        terminal: {{ state.terminal }},
        meta: &[{{ state.meta }}],
    },
{%- endfor %}
];

/// What each state can go to, in the order of the table.
static NEXT: [&[S]; {{ states.len() }}] = [
{%- for state in states %}
    // {{ state.comment }}
    &[{{ state.next }}],
{%- endfor %}
];

/// What a row may start in, in the order of the table.
static STARTS: [S; {{ starts.len() }}] = [{% for variant in starts %}{% if !loop.first %}, {% endif %}S::{{ variant }}{% endfor %}];

/// The same as a row of bits per state: judging a step is one look-up.
static LEGAL: [{{ row }}; {{ states.len() }}] = legal();

const fn legal() -> [{{ row }}; {{ states.len() }}] {
    let mut rows = [{{ no_bits }}; {{ states.len() }}];
    let mut from = 0;
    while from < NEXT.len() {
        let mut at = 0;
        while at < NEXT[from].len() {
            let to = NEXT[from][at] as usize;
{%- if one_word %}
            rows[from] |= 1 << to;
{%- else %}
            rows[from][to / 64] |= 1 << (to % 64);
{%- endif %}
            at += 1;
        }
        from += 1;
    }
    rows
}

/// The states in ascending order of their values.
static BY_VALUE: [S; {{ states.len() }}] = [
{%- for variant in by_value %}
    S::{{ variant }},
{%- endfor %}
];

/// The states whose reports may be passed over.
static OPTIONAL: [S; {{ optional.len() }}] = [{% for variant in optional %}{% if !loop.first %}, {% endif %}S::{{ variant }}{% endfor %}];

impl {{ type_name }} {
    /// The machine's name.
    pub const MACHINE: &'static str = {{ machine }};
    /// The machine's title.
    pub const TITLE: &'static str = {{ title }};
    /// The fingerprint of what databases and validators judge by.
    pub const LANGUAGE: &'static str = "{{ language }}";
    /// The fingerprint of the whole table.
    pub const TABLE: &'static str = "{{ table }}";
    /// Every state, in the order of the table.
    pub const ALL: [Self; {{ states.len() }}] = [
{%- for state in states %}
        Self::{{ state.variant }},
{%- endfor %}
    ];
    /// The states that a new row may start in, the default first.
    pub const INITIAL: &'static [Self] = &[{% for variant in initial %}{% if !loop.first %}, {% endif %}Self::{{ variant }}{% endfor %}];

    const fn state(self) -> &'static State {
        &STATES[self as usize]
    }

    /// Its place in the table, from 0.
    pub const fn index(self) -> usize {
        self as usize
    }

    /// Its name in code and in the table.
    pub const fn name(self) -> &'static str {
        self.state().name
    }

    /// What is stored, sent and received.
    pub const fn as_str(self) -> &'static str {
        self.state().value
    }
{%- if has_numbers %}

    /// What the status column holds.
    pub const fn number(self) -> i64 {
        match self {
{%- for state in states %}
            Self::{{ state.variant }} => {{ state.number }},
{%- endfor %}
        }
    }

    /// The state of what the status column holds, where this table has it.
    pub const fn from_number(number: i64) -> Option<Self> {
        match number {
{%- for state in states %}
            {{ state.number }} => Some(Self::{{ state.variant }}),
{%- endfor %}
            _ => None,
        }
    }
{%- endif %}

    /// What people read.
    pub const fn title(self) -> &'static str {
        self.state().title
    }

    /// The phase that it belongs to.
    pub const fn phase(self) -> Option<{{ phase_type }}> {
        self.state().phase
    }

    /// Whether reaching it is the report that its phase is done.
    pub const fn completes(self) -> bool {
        self.state().completes
    }

    /// Whether its report may be lost, refused or passed over.
    pub const fn is_optional(self) -> bool {
        self.state().optional
    }

    /// What kind of end it is, where the table says so.
    pub const fn outcome(self) -> Option<Outcome> {
        self.state().outcome
    }

    /// Whether this end can be left again.
    pub const fn reopens(self) -> bool {
        self.state().reopens
    }

    /// Whether nothing enters it any more.
    pub const fn is_retired(self) -> bool {
        self.state().retired
    }

    /// Whether no transition to another state leaves it.
    pub const fn is_terminal(self) -> bool {
        self.state().terminal
    }

    /// Whether being here is an end: terminal, or with an outcome.
    pub const fn is_ended(self) -> bool {
        self.is_terminal() || self.outcome().is_some()
    }

    /// Whether a new row may start in it.
    pub const fn is_initial(self) -> bool {
        let mut at = 0;
        while at < Self::INITIAL.len() {
            if Self::INITIAL[at] as usize == self as usize {
                return true;
            }
            at += 1;
        }
        false
    }

    /// What the table passes through under a key.
    pub fn meta(self, key: &str) -> Option<&'static str> {
        self.state().meta.iter().find(|(of, _)| *of == key).map(|&(_, value)| value)
    }

    /// Whether the step is legal, declared or a skip.
    #[inline]
    pub const fn can_become(self, to: Self) -> bool {
{%- if one_word %}
        LEGAL[self as usize] >> (to as usize) & 1 == 1
{%- else %}
        LEGAL[self as usize][to as usize / 64] >> (to as usize % 64) & 1 == 1
{%- endif %}
    }

    /// What it can go to, in the order of the table.
    pub const fn next(self) -> &'static [Self] {
        NEXT[self as usize]
    }

    /// Whether a walk of declared steps leads from here to there with only optional states in
    /// between.
    fn walks(self, to: Self) -> bool {
        let back = |via: &Self| self.can_become(*via) && via.can_become(self);
        self.can_become(to) || (self == to && OPTIONAL.iter().any(back))
    }

    /// The optional states whose reports the step to another state can hide.
    fn hidden(self, to: Self) -> impl Iterator<Item = Self> {
        OPTIONAL.iter().copied().filter(move |via| self.walks(*via) && via.walks(to))
    }
}

impl fmt::Display for {{ type_name }} {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl AsRef<str> for {{ type_name }} {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl FromStr for {{ type_name }} {
    type Err = UnknownStatus;

    fn from_str(value: &str) -> Result<Self, UnknownStatus> {
        BY_VALUE
            .binary_search_by(|state| state.as_str().cmp(value))
            .map(|at| BY_VALUE[at])
            .map_err(|_| UnknownStatus::of(value))
    }
}

impl {{ phase_type }} {
    /// Every phase, in display order.
    pub const ALL: [Self; {{ phases.len() }}] = [
{%- for phase in phases %}
        Self::{{ phase.variant }},
{%- endfor %}
    ];

    /// Its name in code and in the table.
    pub const fn name(self) -> &'static str {
        match self {
{%- for phase in phases %}
            Self::{{ phase.variant }} => {{ phase.name }},
{%- endfor %}
        }
    }

    /// What people read.
    pub const fn title(self) -> &'static str {
        match self {
{%- for phase in phases %}
            Self::{{ phase.variant }} => {{ phase.title }},
{%- endfor %}
        }
    }

    /// Its place in the stepper, from 0.
    pub const fn index(self) -> usize {
{%- if phases.is_empty() %}
        match self {}
{%- else %}
        self as usize
{%- endif %}
    }

    /// What the table passes through under a key.
    pub fn meta(self, key: &str) -> Option<&'static str> {
{%- if phases.is_empty() %}
        let _ = key;
        match self {}
{%- else %}
        let meta: &[(&str, &'static str)] = match self {
{%- for phase in phases %}
            Self::{{ phase.variant }} => &[{{ phase.meta }}],
{%- endfor %}
        };
        meta.iter().find(|(of, _)| *of == key).map(|&(_, value)| value)
{%- endif %}
    }
}

impl fmt::Display for {{ phase_type }} {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl Outcome {
    /// The word that the table and every interface use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failure => "failure",
            Self::Cancelled => "cancelled",
            Self::Neutral => "neutral",
        }
    }
}

impl PhaseView {
    /// The word that every interface uses.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Skipped => "skipped",
            Self::Active => "active",
            Self::Done => "done",
            Self::Unconfirmed => "unconfirmed",
            Self::Upcoming => "upcoming",
        }
    }
}

/// A step that the table does not have; from nothing where it would have started a row.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct IllegalTransition {
    /// The state that the decision was made on.
    pub from: Option<{{ type_name }}>,
    /// What was asked for.
    pub to: {{ type_name }},
}

impl IllegalTransition {
    /// What would have been legal.
    pub const fn allowed(&self) -> &'static [{{ type_name }}] {
        match self.from {
            Some(from) => from.next(),
            None => &STARTS,
        }
    }
}

impl fmt::Display for IllegalTransition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let from = self.from.map_or("start", S::as_str);
        write!(f, "illegal transition of {}: {from} -> {}; legal: ", S::MACHINE, self.to)?;
        if self.allowed().is_empty() {
            return f.write_str("(nothing)");
        }
        for (at, state) in self.allowed().iter().enumerate() {
            let comma = if at == 0 { "" } else { ", " };
            write!(f, "{comma}{state}")?;
        }
        Ok(())
    }
}

impl core::error::Error for IllegalTransition {}

/// Judges one step.
///
/// # Errors
/// Where the step is not legal: what was asked, and what would have been.
pub const fn validate(from: {{ type_name }}, to: {{ type_name }}) -> Result<(), IllegalTransition> {
    if from.can_become(to) { Ok(()) } else { Err(IllegalTransition { from: Some(from), to }) }
}

/// Judges the state that a new row starts in.
///
/// # Errors
/// Where no row may start in it.
pub const fn validate_start(to: {{ type_name }}) -> Result<(), IllegalTransition> {
    if to.is_initial() { Ok(()) } else { Err(IllegalTransition { from: None, to }) }
}

/// The first step of a sequence that is not legal.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Rejected {
    /// The place of the state that was refused, from 1.
    pub at: usize,
    /// The step.
    pub step: IllegalTransition,
}

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at {}: {}", self.at, self.step)
    }
}

impl core::error::Error for Rejected {}

/// Judges a sequence of transitions, from its start. Gives whether it is complete: not empty, and
/// ended.
///
/// # Errors
/// The first step that is not legal.
pub fn validate_sequence(
    states: impl IntoIterator<Item = {{ type_name }}>,
) -> Result<bool, Rejected> {
    let mut last: Option<S> = None;
    for (at, to) in states.into_iter().enumerate() {
        let judged = match last {
            Some(from) => validate(from, to),
            None => validate_start(to),
        };
        judged.map_err(|step| Rejected { at: at + 1, step })?;
        last = Some(to);
    }
    Ok(last.is_some_and(S::is_ended))
}

/// A text that is the value of no state.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct UnknownStatus {
    asked: [u8; 64],
    len: usize,
}

impl UnknownStatus {
    /// Keeps as much of the text as a value can be long.
    fn of(asked: &str) -> Self {
        let mut len = asked.len().min(64);
        while !asked.is_char_boundary(len) {
            len -= 1;
        }
        let mut kept = [0; 64];
        kept[..len].copy_from_slice(&asked.as_bytes()[..len]);
        Self { asked: kept, len }
    }

    /// What was asked for, cut at 64 bytes.
    pub fn asked(&self) -> &str {
        // Cut at a character boundary of a text.
        core::str::from_utf8(&self.asked[..self.len]).unwrap_or_default()
    }

    /// The state whose value is nearest, where one is near enough to be what was meant.
    pub fn nearest(&self) -> Option<{{ type_name }}> {
        let asked = self.asked().as_bytes();
        BY_VALUE
            .iter()
            .map(|state| (distance(asked, state.as_str().as_bytes()), *state))
            .filter(|(distance, state)| distance * 3 <= state.as_str().len().max(3))
            .min_by_key(|(distance, _)| *distance)
            .map(|(_, state)| state)
    }
}

/// The number of bytes to put in, take out or change.
fn distance(a: &[u8], b: &[u8]) -> usize {
    let mut row = [0; 65];
    for (at, cell) in row.iter_mut().enumerate() {
        *cell = at;
    }
    for (above, byte) in a.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = above + 1;
        for (at, other) in b.iter().enumerate() {
            let change = diagonal + usize::from(byte != other);
            diagonal = row[at + 1];
            row[at + 1] = change.min(diagonal + 1).min(row[at] + 1);
        }
    }
    row[b.len()]
}

impl fmt::Display for UnknownStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "unknown status of {}: {:?}", S::MACHINE, self.asked())?;
        match self.nearest() {
            Some(nearest) => write!(f, "; did you mean {:?}?", nearest.as_str()),
            None => Ok(()),
        }
    }
}

impl core::error::Error for UnknownStatus {}

/// A status as it is stored: one of this table, or one that only a newer table knows. Reading one
/// never fails.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Stored<T> {
    /// A state of this table.
    Known({{ type_name }}),
    /// The value of a state that this table lacks.
    Unknown(T),
}

impl<T: AsRef<str>> Stored<T> {
    /// Reads a value.
    pub fn new(value: T) -> Self {
        match value.as_ref().parse() {
            Ok(state) => Self::Known(state),
            Err(UnknownStatus { .. }) => Self::Unknown(value),
        }
    }

    /// What is stored.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Known(state) => state.as_str(),
            Self::Unknown(value) => value.as_ref(),
        }
    }

    /// The state, where this table has it.
    pub fn known(&self) -> Option<{{ type_name }}> {
        match self {
            Self::Known(state) => Some(*state),
            Self::Unknown(_) => None,
        }
    }
}

impl<T: AsRef<str>> fmt::Display for Stored<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

{% include "rust/phases.rs" %}
{%- if let Some(gate) = derive.serde %}

{% include "rust/serde.rs" %}
{%- endif %}
{%- if let Some(gate) = derive.schemars %}

{% include "rust/schemars.rs" %}
{%- endif %}
{%- if let Some(gate) = derive.utoipa %}

{% include "rust/utoipa.rs" %}
{%- endif %}
{%- if let Some(gate) = derive.sequences %}

{% include "rust/sequences.rs" %}
{%- endif %}
{%- if let Some(gate) = derive.proptest %}

{% include "rust/proptest.rs" %}
{%- endif %}
{%- if let Some(gate) = derive.quickcheck %}

{% include "rust/quickcheck.rs" %}
{%- endif %}
{%- if let Some(gate) = derive.sqlx %}
{%- for database in derive.databases %}

{% include "rust/sqlx.rs" %}
{%- endfor %}
{%- endif %}

