//! From what is written to what cannot be wrong. Every check is a function, and a row of
//! [`CHECKS`]; every one says all that it finds, and none is kept from speaking by another, except
//! where what it would judge could not be read.

mod jobs;
mod names;
mod states;
mod targets;
mod transitions;
mod warnings;

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::rc::Rc;

use crate::finding::{Finding, Findings, Severity};
use crate::machine::{
    Fingerprints, Job, JobId, Machine, Milestone, Phase, PhaseId, Relation, State, StateId, Targets,
};
use crate::rules::{self, Rule};
use crate::search::closure;
use crate::suggest;
use crate::table::{JobRow, LOST, Placed, Source, StateRow, Table, Text};

/// The state that a name stands for.
#[derive(Clone, Copy, Debug)]
struct Resolved {
    state: StateId,
    /// False where the name is wrong and this is the one that was probably meant: checks go on
    /// with it, so that one typing error is one finding.
    sure: bool,
}

/// A table while it is being checked: what its names stand for, as far as they stand for
/// anything.
pub(crate) struct Draft<'t> {
    source: &'t Source,
    table: &'t Table,
    states: HashMap<&'t str, usize>,
    phases: HashMap<&'t str, usize>,
    jobs: HashMap<&'t str, usize>,
    initial: Vec<StateId>,
    /// Whether every initial state is known.
    starts_known: bool,
    /// The pairs that are listed by name, and those that a `"*"` row gives.
    pairs: transitions::Pairs,
    /// The closure of the pairs that are known, where it is within the limits.
    relation: Option<Rc<Relation>>,
    /// Whether pairs are missing, because something that they hang on could not be read or
    /// resolved.
    broken: bool,
    unread: Unread,
    targets: Targets,
    findings: Findings<'t>,
    /// Whether a name that stands for nothing was taken for the nearest that stands for a state.
    guessed: bool,
    /// Pairs that only such names give.
    guesses: HashSet<(StateId, StateId)>,
    /// The states that a transition names, if only by such a name.
    on_the_way: HashSet<usize>,
    /// How many names were looked for among all that there are; that takes its time.
    searched: usize,
}

/// Whether some names could not be read: one that stands for nothing may be one of them.
#[derive(Clone, Copy, Debug)]
struct Unread {
    states: bool,
    phases: bool,
    jobs: bool,
}

/// For so many unknown names the nearest is looked for.
const MOST_SEARCHED: usize = 50;

/// The checks, in the order in which they run. A later one may use what an earlier one resolved.
const CHECKS: &[fn(&mut Draft<'_>)] = &[
    names::machine,
    names::phases,
    names::states,
    names::values,
    names::jobs,
    names::renames,
    names::titles,
    transitions::expand,
    transitions::close,
    states::initial,
    states::phases,
    states::attributes,
    states::ends_that_are_left,
    states::ends_that_are_not_left,
    states::reachable,
    states::ways_out,
    jobs::references,
    jobs::shapes,
    jobs::skippable,
    jobs::cycles,
    targets::resolve,
    names::numbers,
    targets::sections,
    targets::paths,
    warnings::only_star_leads_on,
    warnings::phase_without_states,
    warnings::optional_without_skip,
    warnings::never_reported,
];

/// Checks a table. There is a machine where no finding is an error, here or in the `reading` of it.
pub(crate) fn validate(
    source: &Source,
    table: &Table,
    reading: &[Finding],
) -> (Option<Machine>, Vec<Finding>) {
    let lost = |name: &Text| name.get_ref() == LOST;
    let unread = Unread {
        states: table.lost.contains("state") || table.state.iter().any(|row| lost(&row.name)),
        phases: table.lost.contains("phase") || table.phase.iter().any(|row| lost(&row.name)),
        jobs: table.lost.contains("job") || table.job.iter().any(|row| lost(&row.name)),
    };
    let mut draft = Draft {
        source,
        table,
        states: HashMap::new(),
        phases: HashMap::new(),
        jobs: HashMap::new(),
        initial: Vec::new(),
        starts_known: true,
        pairs: transitions::Pairs::default(),
        relation: None,
        broken: unread.states || table.lost.contains("transition"),
        unread,
        targets: Targets::default(),
        findings: Findings::new(source),
        guessed: false,
        guesses: HashSet::new(),
        on_the_way: HashSet::new(),
        searched: 0,
    };
    for check in CHECKS {
        check(&mut draft);
    }
    let is_wrong = draft.findings.has_errors() || reading.iter().any(Finding::is_error);
    let machine = if is_wrong { None } else { draft.machine() };
    let mut findings = draft.findings.finish();
    findings.sort_by_key(|finding| (finding.line, finding.column, finding.severity));
    (machine, findings)
}

impl<'t> Draft<'t> {
    fn error(
        &mut self,
        rule: &'static Rule,
        span: Range<usize>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.findings.error(rule, span, message, help);
    }

    fn warning(
        &mut self,
        rule: &'static Rule,
        span: Range<usize>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.findings.add(rule, Severity::Warning, span, message, help);
    }

    fn row(&self, state: StateId) -> &'t Placed<StateRow> {
        &self.table.state[state.index()]
    }

    fn name(&self, state: StateId) -> &'t str {
        self.row(state).name.get_ref()
    }

    /// The names of some states, as messages list them.
    fn list(&self, states: impl IntoIterator<Item = StateId>) -> String {
        let names: Vec<&str> = states.into_iter().map(|state| self.name(state)).collect();
        suggest::list(&names)
    }

    fn state_ids(&self) -> impl ExactSizeIterator<Item = StateId> + use<> {
        (0..self.table.state.len().min(crate::machine::MAX_STATES)).map(StateId::new)
    }

    /// The states that their names stand for: not those without a name, and of two with one name
    /// the first.
    fn named_states(&self) -> Vec<StateId> {
        let is_named = |id: &StateId| self.states.get(self.name(*id)) == Some(&id.index());
        self.state_ids().filter(is_named).collect()
    }

    /// The state of a name; where there is none a finding, and the state that was probably meant.
    fn state(&mut self, name: &'t Text, what: &str) -> Option<Resolved> {
        // Names of states beyond the limit are not looked at; that there are any is reported.
        if name.get_ref() == LOST || self.table.state.len() > crate::machine::MAX_STATES {
            self.broken = true;
            let &index = self.states.get(name.get_ref().as_str())?;
            return Some(Resolved { state: StateId::new(index), sure: true });
        }
        if let Some(&index) = self.states.get(name.get_ref().as_str()) {
            return Some(Resolved { state: StateId::new(index), sure: true });
        }
        let names = self.table.state.iter().map(|row| row.name.get_ref().as_str());
        let unread = self.unread.states;
        let near = self.unknown(rules::UNKNOWN_STATE, name, what, "state", names, unread)?;
        let &index = self.states.get(near)?;
        self.guessed = true;
        Some(Resolved { state: StateId::new(index), sure: false })
    }

    /// A finding about a name that stands for nothing, and the nearest that stands for something.
    /// Where some names are `unread` it may be one of them, and two findings about that would be
    /// one too many: it is reported only where another is near.
    fn unknown(
        &mut self,
        rule: &'static Rule,
        name: &Text,
        what: &str,
        kind: &str,
        names: impl Iterator<Item = &'t str>,
        unread: bool,
    ) -> Option<&'t str> {
        let text = suggest::shown(name.get_ref());
        let message = format!("{what} names no {kind}: `{text}`");
        let names = names.filter(|&name| name != LOST);
        self.searched += 1;
        if self.searched > MOST_SEARCHED {
            if !unread {
                self.error(rule, name.span(), message, format!("add the {kind}, or name another"));
            }
            return None;
        }
        let names: Vec<&str> = names.collect();
        let near = suggest::nearest(name.get_ref(), names.iter().copied());
        if near.is_some() || !unread {
            let help = match near {
                Some(near) => {
                    format!("did you mean `{near}`? If not, add a [[{kind}]] of this name")
                }
                None if names.is_empty() => {
                    format!("the table has no {kind}; add a [[{kind}]] of this name")
                }
                None => format!(
                    "the {kind}s are {}; name one of them, or add a [[{kind}]] of this name",
                    suggest::list(&names)
                ),
            };
            self.error(rule, name.span(), message, help);
        }
        near
    }

    /// The closed relation, where all that it hangs on is known: what it lacks otherwise, a row
    /// that is wrong may have been there to say.
    fn whole_relation(&self) -> Option<Rc<Relation>> {
        // A state that no transition names may be the one that a wrong name means, and not the nearest.
        let names_all =
            || self.named_states().iter().all(|id| self.on_the_way.contains(&id.index()));
        self.relation.clone().filter(|_| !self.broken && (!self.guessed || names_all()))
    }

    fn is_retired(&self, state: StateId) -> bool {
        is_set(self.row(state).retired.as_ref())
    }

    fn is_optional(&self, state: StateId) -> bool {
        is_set(self.row(state).optional.as_ref())
    }

    /// Whether it has an outcome, if only one that could not be read.
    fn has_outcome(&self, state: StateId) -> bool {
        let row = self.row(state);
        row.outcome.is_some() || row.has_lost("outcome")
    }

    /// Whether no transition to another state leaves it, where the relation is known.
    fn is_terminal(&self, relation: &Relation, state: StateId) -> bool {
        relation.legal_from(state).all(|to| to == state)
    }

    fn machine(&self) -> Option<Machine> {
        let row = &self.table.machine;
        let relation = self.whole_relation()?;
        let title = |title: &Option<Text>, name: &Text| match title {
            Some(title) => title.get_ref().clone(),
            None => suggest::in_words(name.get_ref()),
        };
        let phases: Vec<Phase> = self
            .table
            .phase
            .iter()
            .map(|row| Phase {
                name: row.name.get_ref().clone(),
                title: title(&row.title, &row.name),
                doc: row.doc.clone(),
                meta: row.meta.clone(),
            })
            .collect();
        let states: Vec<State> = self
            .state_ids()
            .map(|id| {
                let row = self.row(id);
                State {
                    name: row.name.get_ref().clone(),
                    value: value_of(row).to_owned(),
                    number: row.number.as_ref().map(|number| *number.get_ref()),
                    stored: match &row.number {
                        Some(number) => number.get_ref().to_string(),
                        None => value_of(row).to_owned(),
                    },
                    title: match suggest::as_words(value_of(row)) {
                        Some(words) if row.title.is_none() => words,
                        Some(_) | None => title(&row.title, &row.name),
                    },
                    doc: row.doc.clone(),
                    meta: row.meta.clone(),
                    phase: row
                        .phase
                        .as_ref()
                        .and_then(|name| self.phases.get(name.get_ref().as_str()))
                        .map(|&index| PhaseId::new(index)),
                    completes: is_set(row.completes.as_ref()),
                    optional: self.is_optional(id),
                    outcome: row.outcome.as_ref().map(|word| (*word.get_ref()).into()),
                    reopens: is_set(row.reopens.as_ref()),
                    expect: row.expect.as_ref().and_then(|text| text.get_ref().parse().ok()),
                    retired: self.is_retired(id),
                    renamed_from: row.renamed_from.as_ref().map(|name| name.get_ref().clone()),
                    terminal: self.is_terminal(&relation, id),
                }
            })
            .collect();
        let by_value =
            states.iter().enumerate().map(|(at, s)| (s.value.clone(), StateId::new(at))).collect();
        let mut machine = Machine {
            name: row.name.get_ref().clone(),
            title: title(&row.title, &row.name),
            doc: row.doc.clone(),
            meta: row.meta.clone(),
            phases,
            states,
            initial: self.initial.clone(),
            jobs: self.table.job.iter().map(|row| self.job(row, &title)).collect(),
            targets: self.targets.clone(),
            fingerprints: Fingerprints::default(),
            relation: (*relation).clone(),
            by_value,
        };
        machine.fingerprints = Fingerprints::of(&machine);
        Some(machine)
    }

    fn needs(&self, row: &JobRow) -> Vec<JobId> {
        let names = row.needs.iter().flat_map(|needs| needs.get_ref());
        let known = names.filter_map(|name| self.jobs.get(name.get_ref().as_str()));
        known.map(|&index| JobId::new(index)).collect()
    }

    /// Some jobs, and all that come before them.
    fn before(&self, needs: &[JobId]) -> Vec<JobId> {
        let of = |job: JobId| self.needs(&self.table.job[job.index()]);
        closure(needs.iter().copied(), of).into_iter().collect()
    }

    fn job(&self, row: &JobRow, title: &impl Fn(&Option<Text>, &Text) -> String) -> Job {
        let state = |name: &Option<Text>| {
            name.as_ref()
                .and_then(|name| self.states.get(name.get_ref().as_str()))
                .map(|&index| StateId::new(index))
        };
        let mut needs = self.needs(row);
        let all = self.before(&needs);
        if all.iter().any(|job| is_set(self.table.job[job.index()].skippable.as_ref())) {
            needs = all;
        }
        needs.sort_unstable();
        Job {
            name: row.name.get_ref().clone(),
            title: title(&row.title, &row.name),
            doc: row.doc.clone(),
            needs,
            always: is_set(row.always.as_ref()),
            skippable: is_set(row.skippable.as_ref()),
            start: state(&row.start),
            milestones: row
                .milestones
                .iter()
                .flat_map(|milestones| milestones.get_ref())
                .filter_map(|milestone| {
                    let state = state(&Some(milestone.state.clone()))?;
                    Some(Milestone { name: milestone.name.get_ref().clone(), state })
                })
                .collect(),
            success: state(&row.success),
            failure: state(&row.failure),
            cancelled: state(&row.cancelled).or_else(|| state(&row.failure)),
        }
    }
}

fn is_set(flag: Option<&toml::Spanned<bool>>) -> bool {
    flag.is_some_and(|flag| *flag.get_ref())
}

fn value_of(row: &StateRow) -> &str {
    row.value.as_ref().unwrap_or(&row.name).get_ref()
}
