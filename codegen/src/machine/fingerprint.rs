//! The fingerprints (rule 10): the first 16 hex digits of a SHA-256 over a canonical form.
//!
//! A canonical form is a list of records. A record is a list of fields, and a field is the length
//! of its text in bytes as a decimal number, `:`, and the text in UTF-8. A record ends with one
//! line feed. Numbers are written in decimal, booleans as `1` and `0`, what is not there as an
//! empty field; a list inside a record is its length followed by its items, a field each.
//!
//! The **language** form has the records
//! 1. `language`, `1`;
//! 2. for each value in ascending order of its bytes: `state`, value, whether it is initial; of a state
//!    that has a number, the number;
//! 3. for each legal pair in ascending order of `from`, then `to`, by bytes: `pair`, from, to.
//!
//! The **table** form has the records
//! 1. `table`, the format (`1`);
//! 2. `machine`, name, the initial states' names (a list, the default first, the others in the
//!    order of the states);
//! 3. for each phase in order: `phase`, name;
//! 4. for each state in order: `state`, name, value, phase, completes, optional, outcome, reopens,
//!    retired; of a state that has a number, the number;
//! 5. for each legal pair in the order of the states: `pair`, from's name, to's name;
//! 6. for each job in order: `job`, name, needs (a list, in the order of the jobs), always, start,
//!    the milestones (a list of twice their number: name, state), success, failure, cancelled
//!    (what holds where nothing is said: the failure state); of a skippable job, `skippable`.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

pub(crate) use phasegate::text::hex;

use super::{Job, Machine, Relation, State, StateId};

/// What two tables of one meaning share.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Fingerprints {
    /// Of what databases and validators judge by: values, initial states, legal pairs.
    pub language: String,
    /// Of the whole meaning; not of titles, docs, meta and targets.
    pub table: String,
}

struct Form(Sha256);

impl Form {
    fn record(&mut self, fields: &[&str]) {
        let mut text = String::new();
        for field in fields {
            write!(text, "{}:{field}", field.len()).expect("a string takes all that is written");
        }
        text.push('\n');
        self.0.update(text);
    }

    fn finish(self) -> String {
        hex(&self.0.finalize()[..8])
    }
}

const fn flag(value: bool) -> &'static str {
    if value { "1" } else { "0" }
}

impl Fingerprints {
    /// The fingerprints of a machine, whatever its `fingerprints` say so far.
    pub(crate) fn of(machine: &Machine) -> Self {
        Self {
            language: language(&machine.states, &machine.initial, &machine.relation),
            table: table(machine),
        }
    }
}

fn language(states: &[State], initial: &[StateId], relation: &Relation) -> String {
    let mut order: Vec<usize> = (0..states.len()).collect();
    order.sort_by(|&a, &b| states[a].value.cmp(&states[b].value));
    let mut rank = vec![0; states.len()];
    for (place, &index) in order.iter().enumerate() {
        rank[index] = place;
    }
    let value = |index: usize| states[index].value.as_str();
    let rows =
        order.iter().map(|&at| (value(at), initial.contains(&StateId::new(at)), states[at].number));
    let pairs = order.iter().flat_map(|&from| {
        let mut next: Vec<usize> =
            relation.legal_from(StateId::new(from)).map(StateId::index).collect();
        next.sort_by_key(|&to| rank[to]);
        next.into_iter().map(move |to| (value(from), value(to)))
    });
    language_of(rows, pairs)
}

/// The fingerprint of a language: values with whether they are initial, and with their numbers, where
/// they have some; and pairs, each in ascending order of their bytes.
pub fn language_of<'a>(
    states: impl Iterator<Item = (&'a str, bool, Option<i64>)>,
    pairs: impl Iterator<Item = (&'a str, &'a str)>,
) -> String {
    let mut form = Form(Sha256::new());
    form.record(&["language", "1"]);
    for (value, is_initial, number) in states {
        let number = number.map(|number| number.to_string());
        let mut fields = vec!["state", value, flag(is_initial)];
        fields.extend(number.as_deref());
        form.record(&fields);
    }
    for (from, to) in pairs {
        form.record(&["pair", from, to]);
    }
    form.finish()
}

fn table(machine: &Machine) -> String {
    let mut form = Form(Sha256::new());
    let name = |id: StateId| machine.state(id).name.as_str();
    form.record(&["table", "1"]);

    let mut others = machine.initial[1..].to_vec();
    others.sort_unstable();
    let count = machine.initial.len().to_string();
    let mut fields = vec!["machine", &machine.name, &count, name(machine.initial[0])];
    fields.extend(others.into_iter().map(name));
    form.record(&fields);

    for phase in &machine.phases {
        form.record(&["phase", &phase.name]);
    }
    for state in &machine.states {
        let number = state.number.map(|number| number.to_string());
        let mut fields = vec![
            "state",
            &state.name,
            &state.value,
            state.phase.map_or("", |phase| &machine.phase(phase).name),
            flag(state.completes),
            flag(state.optional),
            state.outcome.map_or("", |outcome| outcome.as_str()),
            flag(state.reopens),
            flag(state.retired),
        ];
        // Without numbers it is the form that it was before there were any.
        fields.extend(number.as_deref());
        form.record(&fields);
    }
    for (from, to, _) in machine.transitions() {
        form.record(&["pair", name(from), name(to)]);
    }
    for job in &machine.jobs {
        record_job(&mut form, machine, job);
    }
    form.finish()
}

fn record_job(form: &mut Form, machine: &Machine, job: &Job) {
    let state = |id: Option<StateId>| id.map_or("", |id| machine.state(id).name.as_str());
    let needs = job.needs.len().to_string();
    let milestones = (job.milestones.len() * 2).to_string();
    let mut fields = vec!["job", job.name.as_str(), &needs];
    fields.extend(job.needs.iter().map(|&id| machine.job(id).name.as_str()));
    fields.extend([flag(job.always), state(job.start), &milestones]);
    for milestone in &job.milestones {
        fields.extend([milestone.name.as_str(), state(Some(milestone.state))]);
    }
    fields.extend([state(job.success), state(job.failure), state(job.cancelled)]);
    // A table without such jobs has the form that it had before there were any.
    fields.extend(job.skippable.then_some("skippable"));
    form.record(&fields);
}
