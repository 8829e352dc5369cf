//! From what is written to what cannot be wrong. Every check is a function, and a row of
//! [`CHECKS`]; every one says all that it finds, and none is kept from speaking by another, except
//! where what it would judge could not be read.

mod jobs;
mod names;
mod states;
mod targets;
mod transitions;
mod warnings;

pub(crate) use targets::camel;

use std::collections::HashMap;
use std::ops::Range;

use crate::finding::{Finding, Severity};
use crate::machine::{
    Fingerprints, Job, JobId, Machine, Milestone, Phase, PhaseId, Relation, State, StateId,
};
use crate::suggest;
use crate::table::{LOST, Source, StateRow, Table, Text};
use crate::targets::Targets;

/// A pair that some row declares.
#[derive(Clone, Debug)]
pub(crate) struct Pair {
    from: StateId,
    to: StateId,
    by_star: bool,
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
    pairs: Vec<Pair>,
    /// The closed relation, where every name that it hangs on was resolved.
    relation: Option<Relation>,
    /// Whether something that the relation hangs on could not be read or resolved.
    broken: bool,
    targets: Targets,
    findings: Vec<Finding>,
}

/// The most findings that one table is told of; the rest would be of no help.
const MOST_FINDINGS: usize = 1_000;

/// The checks, in the order in which they run. A later one may use what an earlier one resolved.
const CHECKS: &[fn(&mut Draft<'_>)] = &[
    names::machine,
    names::phases,
    names::states,
    names::values,
    names::jobs,
    names::renames,
    states::initial,
    states::phases,
    transitions::expand,
    transitions::close,
    states::attributes,
    states::ends,
    states::reachable,
    states::ways_out,
    jobs::references,
    jobs::shapes,
    jobs::cycles,
    targets::resolve,
    targets::paths,
    targets::rust_names,
    targets::sql_names,
    targets::workflow_names,
    warnings::only_star_leads_on,
    warnings::phase_without_states,
    warnings::optional_without_skip,
    warnings::never_reported,
];

/// Checks a table. There is a machine where no finding is an error.
pub(crate) fn validate(source: &Source, table: &Table) -> (Option<Machine>, Vec<Finding>) {
    let mut draft = Draft {
        source,
        table,
        states: HashMap::new(),
        phases: HashMap::new(),
        jobs: HashMap::new(),
        initial: Vec::new(),
        pairs: Vec::new(),
        relation: None,
        broken: table.state.iter().any(|row| row.name.get_ref() == LOST),
        targets: Targets::default(),
        findings: Vec::new(),
    };
    for check in CHECKS {
        check(&mut draft);
    }
    let machine = if draft.findings.iter().any(Finding::is_error) { None } else { draft.machine() };
    let mut findings = draft.findings;
    findings.sort_by_key(|finding| (finding.line, finding.column, finding.severity));
    (machine, findings)
}

impl<'t> Draft<'t> {
    fn error(
        &mut self,
        rule: &'static str,
        span: Range<usize>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        if self.findings.len() < MOST_FINDINGS {
            self.findings.push(self.source.finding(rule, Severity::Error, span, message, help));
        }
    }

    fn warning(
        &mut self,
        rule: &'static str,
        span: Range<usize>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.findings.push(self.source.finding(rule, Severity::Warning, span, message, help));
    }

    fn row(&self, state: StateId) -> &'t StateRow {
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

    fn state_ids(&self) -> impl DoubleEndedIterator<Item = StateId> + use<> {
        (0..self.table.state.len().min(crate::machine::MAX_STATES)).map(StateId::new)
    }

    /// The state of a name, or a finding that suggests the nearest.
    fn state(&mut self, name: &Text, what: &str) -> Option<StateId> {
        if name.get_ref() == LOST {
            self.broken = true;
            return None;
        }
        let found = self.states.get(name.get_ref().as_str()).copied();
        if found.is_none() {
            self.broken = true;
            let names: Vec<&str> =
                self.table.state.iter().map(|row| row.name.get_ref().as_str()).collect();
            self.unknown("unknown-state", name, what, "state", &names);
        }
        found.map(StateId::new)
    }

    fn unknown(&mut self, rule: &'static str, name: &Text, what: &str, kind: &str, names: &[&str]) {
        let names: Vec<&str> = names.iter().copied().filter(|&name| name != LOST).collect();
        let help = match suggest::nearest(name.get_ref(), names.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("the {kind}s are {}", suggest::list(&names)),
        };
        let message = format!("{what} names no {kind}: `{}`", suggest::shown(name.get_ref()));
        self.error(rule, name.span(), message, help);
    }

    fn has_error(&self, rules: &[&str]) -> bool {
        self.findings.iter().any(|finding| rules.contains(&finding.rule))
    }

    fn is_retired(&self, state: StateId) -> bool {
        is_set(self.row(state).retired.as_ref())
    }

    fn is_optional(&self, state: StateId) -> bool {
        is_set(self.row(state).optional.as_ref())
    }

    fn has_outcome(&self, state: StateId) -> bool {
        self.row(state).outcome.is_some()
    }

    /// Whether no transition to another state leaves it, where the relation is known.
    fn is_terminal(&self, relation: &Relation, state: StateId) -> bool {
        relation.legal_from(state).all(|to| to == state)
    }

    fn machine(&self) -> Option<Machine> {
        let row = &self.table.machine;
        let relation = self.relation.clone()?;
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
                    title: title(&row.title, &row.name),
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
            relation,
            by_value,
        };
        machine.fingerprints = Fingerprints::of(&machine);
        Some(machine)
    }

    fn job(
        &self,
        row: &crate::table::JobRow,
        title: &impl Fn(&Option<Text>, &Text) -> String,
    ) -> Job {
        let state = |name: &Option<Text>| {
            name.as_ref()
                .and_then(|name| self.states.get(name.get_ref().as_str()))
                .map(|&index| StateId::new(index))
        };
        let mut needs: Vec<JobId> = row
            .needs
            .iter()
            .flat_map(|needs| needs.get_ref())
            .filter_map(|name| self.jobs.get(name.get_ref().as_str()))
            .map(|&index| JobId::new(index))
            .collect();
        needs.sort_unstable();
        Job {
            name: row.name.get_ref().clone(),
            title: title(&row.title, &row.name),
            doc: row.doc.clone(),
            needs,
            always: is_set(row.always.as_ref()),
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
