//! What an audit found.

use std::collections::BTreeMap;

use phasegate_codegen::machine::{Expect, Kind, Machine, StateId};

use crate::batch::{Id, NO_TIME, Trouble, TroubleKind};
use crate::judge::{Judge, Step};
use crate::stays::Stay;
use crate::time;
use crate::versions::Version;
use crate::vocabulary::{self, Vocabulary};

/// So many of each kind are printed.
pub const SHOWN: usize = 20;
/// So many stuck rows of a state are named.
const NAMED: usize = 3;

/// A step that no transition allows.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Violation {
    /// The row's id.
    pub row: String,
    /// The place among the row's reports, from 1.
    pub position: u32,
    /// The name of the state before, or what was written where the table lacks it; none at the
    /// first place.
    pub from: Option<String>,
    /// The same of what was reported.
    pub to: String,
    /// Whether the table has that state.
    pub is_known: bool,
    /// When, in microseconds since 1970.
    pub at: Option<i64>,
    /// The number of the source.
    pub source: u32,
    /// The line or row of the source, from 1.
    pub line: u64,
    /// The names of what was legal instead.
    pub legal: Vec<String>,
}

/// A step and how often it was taken.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Taken {
    /// The state before; none for a start.
    pub from: Option<StateId>,
    /// The state after.
    pub to: StateId,
    /// How it is legal; none of a start, and of what is not.
    pub kind: Option<Kind>,
    /// Whether it is, or was by the table of its time, each time.
    pub is_legal: bool,
    /// How often.
    pub times: u64,
    /// How often it was not legal.
    pub violations: u64,
}

/// Open rows that are in a state for longer than is usual.
#[derive(Clone, Debug, PartialEq)]
pub struct Stuck {
    /// The state.
    pub state: StateId,
    /// What is usual.
    pub expect: Expect,
    /// How many rows.
    pub rows: u64,
    /// Those that are in it the longest, with the seconds, the longest first.
    pub longest: Vec<(f64, String)>,
}

/// Why not all was seen.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Stopped {
    /// Somebody stopped it.
    Interrupted,
    /// The first trouble did.
    Strict,
}

/// A source, as it is reported.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SourceName {
    /// Its name.
    pub name: String,
    /// Whether its places are lines of a text; else rows.
    pub has_lines: bool,
}

/// What an audit found.
#[derive(Clone, Debug)]
pub struct Report {
    /// The sources.
    pub sources: Vec<SourceName>,
    /// How many reports were judged.
    pub events: u64,
    /// How many of them were redeliveries, and passed over.
    pub redeliveries: u64,
    /// How many followed a state that the table lacks, and were not judged.
    pub unjudged: u64,
    /// How many rows they are of.
    pub rows: u64,
    /// How many of these are in a state that is ended.
    pub ended: u64,
    /// How many are in one that is not.
    pub open: u64,
    /// How many are in one that the table lacks.
    pub elsewhere: u64,
    /// How many violations there are.
    pub violations: u64,
    /// The first of them.
    pub first_violations: Vec<Violation>,
    /// How much trouble of each kind there is.
    pub troubles: BTreeMap<TroubleKind, u64>,
    /// The first of each kind.
    pub first_troubles: Vec<Trouble>,
    /// Every step that was taken, and every legal one that was not.
    pub taken: Vec<Taken>,
    /// The states that no report is of.
    pub never_reached: Vec<StateId>,
    /// How long rows were in each state, where times are known.
    pub stays: Vec<(StateId, Stay)>,
    /// Whether times are known.
    pub has_times: bool,
    /// Rows that are stuck.
    pub stuck: Vec<Stuck>,
    /// How many parts of what was ordered lay in temporary files.
    pub spilled: usize,
    /// Why not all was seen.
    pub stopped: Option<Stopped>,
}

impl Report {
    /// Whether there are findings.
    pub fn has_findings(&self) -> bool {
        let fails = |kind: TroubleKind| match kind {
            TroubleKind::BadRow | TroubleKind::CutOff => true,
            TroubleKind::TimeBack | TroubleKind::UnknownTable => false,
        };
        self.violations > 0 || self.troubles.keys().any(|&kind| fails(kind))
    }
}

/// What is found as it is found.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) violations: u64,
    pub(crate) first_violations: Vec<Violation>,
    pub(crate) troubles: BTreeMap<TroubleKind, u64>,
    first_troubles: Vec<Trouble>,
}

impl Tally {
    pub(crate) fn trouble(&mut self, trouble: Trouble) {
        let count = self.troubles.entry(trouble.kind).or_default();
        *count += 1;
        if *count <= SHOWN as u64 {
            self.first_troubles.push(trouble);
        }
    }

    pub(crate) fn is_troubled(&self) -> bool {
        !self.troubles.is_empty()
    }
}

/// A step as it is reported.
pub(crate) fn violation(
    machine: &Machine,
    versions: &[Version],
    vocabulary: &Vocabulary,
    step: &Step<'_>,
) -> Violation {
    let states = vocabulary.states();
    let name = |code: u16| match code < states {
        true => machine.states[usize::from(code)].name.clone(),
        false => vocabulary.unknown_text(code),
    };
    let version = versions.get(usize::from(step.table).wrapping_sub(1));
    let (is_known, legal) = match version {
        Some(version) => (version.has(step.to), version.after(step.from)),
        None => {
            let from = step.from.filter(|&from| from < states);
            let from = from.map(|from| StateId::new(usize::from(from)));
            // What could follow a state that is lacking is not known.
            let legal = match (step.from, from) {
                (Some(_), None) => Vec::new(),
                (Some(_) | None, from) => machine.legal_after(from),
            };
            (step.to < states, legal.into_iter().map(vocabulary::code).collect())
        }
    };
    Violation {
        row: step.id.to_string(),
        position: step.position,
        from: step.from.map(name),
        to: name(step.to),
        is_known,
        at: (step.at != NO_TIME).then_some(step.at),
        source: step.source,
        line: step.line,
        legal: legal.into_iter().map(name).collect(),
    }
}

/// A step back in time, as it is reported.
pub(crate) fn time_back(step: &Step<'_>) -> Trouble {
    let (at, since) = (time::print(step.at), time::print(step.since));
    Trouble {
        kind: TroubleKind::TimeBack,
        source: step.source,
        line: Some(step.line),
        message: format!(
            "step {} of `{}` is of {at}, before the one that it follows, of {since}",
            step.position, step.id
        ),
    }
}

/// The whole report; `rows` hands over each row's id, the code of its state, and since when.
pub(crate) fn report(
    machine: &Machine,
    judge: &Judge,
    rows: impl FnOnce(&mut dyn FnMut(Id<'_>, u16, i64)),
    found: Tally,
    sources: Vec<SourceName>,
) -> Report {
    let counts = judge.counts();
    let ids: Vec<StateId> = machine.state_ids().collect();
    let mut taken = Vec::new();
    for from in std::iter::once(None).chain(ids.iter().copied().map(Some)) {
        for &to in &ids {
            let times = counts.of(from, to);
            let violations = counts.illegal(from, to);
            let kind = from.and_then(|from| machine.kind(from, to));
            if machine.may_follow(from, to) || times > 0 {
                let is_legal = violations == 0;
                taken.push(Taken { from, to, kind, is_legal, times, violations });
            }
        }
    }
    let stay = |&id: &StateId| judge.stays().of(id.index()).map(|stay| (id, stay));
    let stays: Vec<_> = ids.iter().filter_map(stay).collect();
    let never = |id: &StateId| counts.entered(*id) == 0;
    let mut report = Report {
        sources,
        events: counts.events,
        redeliveries: counts.redeliveries,
        unjudged: counts.unjudged(),
        rows: 0,
        ended: 0,
        open: 0,
        elsewhere: 0,
        violations: found.violations,
        first_violations: found.first_violations,
        troubles: found.troubles,
        first_troubles: found.first_troubles,
        taken,
        never_reached: ids.iter().copied().filter(never).collect(),
        stays,
        has_times: counts.latest != NO_TIME,
        stuck: Vec::new(),
        spilled: 0,
        stopped: None,
    };
    let mut stuck: BTreeMap<StateId, Stuck> = BTreeMap::new();
    rows(&mut |id, state, since| {
        report.rows += 1;
        let state = StateId::new(usize::from(state));
        let Some(is) = machine.states.get(state.index()) else {
            report.elsewhere += 1;
            return;
        };
        if is.is_ended() {
            report.ended += 1;
            return;
        }
        report.open += 1;
        let Some(expect) = is.expect.filter(|_| since != NO_TIME) else { return };
        #[expect(clippy::cast_precision_loss, reason = "it is said in two units")]
        let seconds = counts.latest.saturating_sub(since) as f64 / 1e6;
        if seconds <= f64::from(expect.seconds()) {
            return;
        }
        let new = || Stuck { state, expect, rows: 0, longest: Vec::new() };
        let stuck = stuck.entry(state).or_insert_with(new);
        stuck.rows += 1;
        if stuck.longest.len() < NAMED || stuck.longest.last().is_some_and(|it| it.0 < seconds) {
            let at = stuck.longest.partition_point(|(other, _)| *other >= seconds);
            stuck.longest.insert(at, (seconds, id.to_string()));
            stuck.longest.truncate(NAMED);
        }
    });
    report.stuck = stuck.into_values().collect();
    report
}
