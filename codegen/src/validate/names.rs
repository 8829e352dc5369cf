//! Names and values: of the right form, and each once.

use std::collections::HashMap;

use super::{Draft, value_of};
use crate::emit::TARGETS;
use crate::machine::MAX_STATES;
use crate::rules;
use crate::suggest::shown;
use crate::table::text::{LOST, MAX_NAME, Text, is_job_name};

/// `^[a-z][a-z0-9_]*$`
fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

impl Draft<'_> {
    fn name_of(&mut self, name: &Text, what: &str, most: Option<usize>) {
        let text = name.get_ref();
        if text == LOST {
            return;
        }
        if !is_name(text) {
            let mut better: String = text
                .to_lowercase()
                .chars()
                .map(|c| if c.is_ascii_lowercase() || c.is_ascii_digit() { c } else { '_' })
                .collect();
            if !better.starts_with(|c: char| c.is_ascii_lowercase()) {
                better.insert(0, 's');
            }
            let mut help = format!(
                "a name is a lower-case letter, then lower-case letters, digits and `_`, such as `{}`",
                shown(&better)
            );
            if what == "a state" && text.len() <= MAX_NAME && !text.contains(char::is_control) {
                help += &format!("; `value = \"{}\"` keeps what is stored", shown(text));
            }
            self.error(
                rules::BAD_NAME,
                name.span(),
                format!("`{}` is not a name for {what}", shown(text)),
                help,
            );
        }
        if most.is_some_and(|most| text.len() > most) {
            let message = format!("the name of {what} has {} bytes: `{}`", text.len(), shown(text));
            self.error(
                rules::NAME_TOO_LONG,
                name.span(),
                message,
                format!("at most {MAX_NAME} bytes"),
            );
        }
    }
}

/// Indexes names, the first of a name, and finds those that stand twice.
fn index<'t>(
    draft: &mut Draft<'_>,
    what: &str,
    names: impl Iterator<Item = &'t Text>,
) -> HashMap<&'t str, usize> {
    let mut seen: HashMap<&'t str, (usize, usize)> = HashMap::new();
    for (at, name) in names.enumerate() {
        let text = name.get_ref().as_str();
        if text == LOST {
            continue;
        }
        if let Some(&(_, first)) = seen.get(text) {
            let line = draft.source.place(first).0;
            let message = format!("two {what}s are called `{}`", shown(text));
            let help = format!("the first stands in line {line}: rename one of them");
            draft.error(rules::DUPLICATE_NAME, name.span(), message, help);
        } else {
            seen.insert(text, (at, name.span().start));
        }
    }
    seen.into_iter().map(|(name, (at, _))| (name, at)).collect()
}

pub(super) fn machine(draft: &mut Draft<'_>) {
    draft.name_of(&draft.table.machine.name, "a machine", None);
}

/// Titles are what people read. One that is left out has a default; one that is blank is a mistake.
pub(super) fn titles(draft: &mut Draft<'_>) {
    let table = draft.table;
    let titles = std::iter::once(&table.machine.title)
        .chain(table.phase.iter().map(|row| &row.title))
        .chain(table.state.iter().map(|row| &row.title))
        .chain(table.job.iter().map(|row| &row.title));
    let blank = |title: &&Text| title.get_ref().trim().is_empty();
    for title in titles.flatten().filter(blank) {
        let help =
            "write what people are to read, or leave `title` out: then it is the name in words";
        draft.error(rules::EMPTY_TITLE, title.span(), "the title is empty", help);
    }
}

pub(super) fn phases(draft: &mut Draft<'_>) {
    let table = draft.table;
    for row in &table.phase {
        draft.name_of(&row.name, "a phase", None);
    }
    draft.phases = index(draft, "phase", table.phase.iter().map(|row| &row.name));
}

pub(super) fn states(draft: &mut Draft<'_>) {
    let table = draft.table;
    if table.state.is_empty() && !table.lost.contains("state") {
        let message = "the table has no state";
        draft.error(rules::NO_STATES, 0..0, message, "add at least one [[state]]");
    }
    if table.state.len() > MAX_STATES {
        let span = table.state[MAX_STATES].name.span();
        let message = format!("the table has {} states", table.state.len());
        draft.error(rules::TOO_MANY_STATES, span, message, format!("at most {MAX_STATES} states"));
    }
    for row in table.state.iter().take(MAX_STATES) {
        draft.name_of(&row.name, "a state", Some(MAX_NAME));
    }
    draft.states = index(draft, "state", table.state.iter().take(MAX_STATES).map(|row| &row.name));
    draft.broken |= table.state.len() > MAX_STATES;
}

pub(super) fn values(draft: &mut Draft<'_>) {
    let table = draft.table;
    let mut seen: HashMap<&str, usize> = HashMap::new();
    for (at, row) in table.state.iter().take(MAX_STATES).enumerate() {
        let text = value_of(row);
        if text == LOST {
            continue;
        }
        if let Some(value) = &row.value {
            if text.is_empty() || text.len() > MAX_NAME || text.chars().any(char::is_control) {
                let message = format!("`{}` cannot be stored as a state", shown(text));
                let help = format!(
                    "a value has 1 to {MAX_NAME} bytes and no control characters; this one has {} bytes",
                    text.len()
                );
                draft.error(rules::BAD_VALUE, value.span(), message, help);
            }
            if let Some(&other) = draft.states.get(text)
                && other != at
            {
                let message = format!("the value `{}` is the name of another state", shown(text));
                let help =
                    "give one of them another value: code speaks names, databases speak values";
                draft.error(rules::VALUE_IS_A_NAME, value.span(), message, help);
            }
        }
        if let Some(first) = seen.insert(text, at)
            && table.state[first].name.get_ref() != row.name.get_ref()
            // Where one of them is called that, the value of the other is reported.
            && !draft.states.contains_key(text)
        {
            let span = row.value.as_ref().unwrap_or(&row.name).span();
            let name = table.state[first].name.get_ref();
            let message = format!(
                "the states `{}` and `{}` have one value: `{}`",
                shown(name),
                shown(row.name.get_ref()),
                shown(text)
            );
            draft.error(rules::DUPLICATE_VALUE, span, message, "give one of them another `value`");
        }
    }
}

/// A number for each state where a column holds numbers, and elsewhere none.
pub(super) fn numbers(draft: &mut Draft<'_>) {
    let table = draft.table;
    let specs =
        TARGETS.iter().filter_map(|target| Some((target, draft.targets.get(target.key())?)));
    let is_held = specs.into_iter().any(|(target, spec)| target.has_numbers(spec));
    let mut seen: HashMap<i64, &str> = HashMap::new();
    for row in table.state.iter().take(MAX_STATES).filter(|row| !row.has_lost("number")) {
        let (name, value) = (row.name.get_ref().as_str(), value_of(row));
        let Some(number) = &row.number else {
            if is_held && name != LOST {
                let message = format!("the state `{}` has no number", shown(name));
                let help = "with `storage = \"integer\"` every state says what the column holds: `number = 0`";
                draft.error(rules::MISSING_NUMBER, row.name.span(), message, help);
            }
            continue;
        };
        let span = number.span();
        let number = *number.get_ref();
        if !is_held {
            let message =
                format!("the state `{}` has a number, and no column holds one", shown(name));
            let help = "remove it, or say `storage = \"integer\"` in [target.sql]";
            draft.error(rules::NUMBER_WITHOUT_COLUMN, span.clone(), message, help);
        }
        if let Some(first) = seen.insert(number, name) {
            let message = format!(
                "the states `{}` and `{}` have one number: {number}",
                shown(first),
                shown(name)
            );
            draft.error(
                rules::DUPLICATE_NUMBER,
                span,
                message,
                "give one of them another `number`",
            );
        }
        // A number that no state has reads as its digits.
        if let Some(given) = &row.value
            && value.parse::<f64>().is_ok()
            && value != number.to_string()
        {
            let message = format!("the value `{}` reads as another number", shown(value));
            let help = format!(
                "a number that the table lacks is shown by its digits, so that this could be either: give \
                 the state another value, or none; its number stays {number}"
            );
            draft.error(rules::VALUE_IS_A_NUMBER, given.span(), message, help);
        }
    }
}

pub(super) fn jobs(draft: &mut Draft<'_>) {
    let table = draft.table;
    for row in &table.job {
        let text = row.name.get_ref();
        if text != LOST && !is_job_name(text) {
            let message = format!("`{}` is not a name for a job", shown(text));
            let help = "a job's name is a letter or `_`, then letters, digits, `_` and `-`";
            draft.error(rules::BAD_NAME, row.name.span(), message, help);
        }
    }
    draft.jobs = index(draft, "job", table.job.iter().map(|row| &row.name));
}

pub(super) fn renames(draft: &mut Draft<'_>) {
    let table = draft.table;
    let mut seen: HashMap<&str, usize> = HashMap::new();
    for (at, row) in table.state.iter().take(MAX_STATES).enumerate() {
        let Some(from) = &row.renamed_from else { continue };
        draft.name_of(from, "the state before", Some(MAX_NAME));
        let text = from.get_ref().as_str();
        if draft.states.contains_key(text) {
            let message =
                format!("`renamed_from` names the state `{}`, which still exists", shown(text));
            let other = draft.states.get(text).and_then(|&at| table.state.get(at));
            let help = if text == row.name.get_ref() {
                "this is its own name: say the name that it had before, or remove `renamed_from`"
            } else if other.is_some_and(|other| other.renamed_from.is_some()) {
                "names are swapped through a third one, a migration each: first give one of the two \
                 a name that no state has, and run `phasegate migrate`; then rename the other, and \
                 run it; then the first"
            } else {
                "remove `renamed_from`, or the state of that name"
            };
            draft.error(rules::RENAMED_FROM_EXISTS, from.span(), message, help);
        }
        if let Some(first) = seen.insert(text, at) {
            let message = format!(
                "two states were renamed from `{}`: `{}` and `{}`",
                shown(text),
                shown(table.state[first].name.get_ref()),
                shown(row.name.get_ref())
            );
            draft.error(rules::RENAMED_FROM_TWICE, from.span(), message, "only one of them can be");
        }
    }
}
