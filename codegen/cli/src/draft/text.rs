//! The draft as a file: valid as it is, with what is only a guess said to be one.

use super::ExistingColumn;
use super::names::{names, slug};
use super::noise::{Kept, Seen, kept, said};
use phasegate_codegen::Machine;
use phasegate_codegen::emit::sql::{self, Dialect, KeyColumn, Storage};
use phasegate_codegen::suggest::toml as quoted;

/// A drafted table.
#[derive(Clone, Debug)]
pub struct Draft {
    /// The machine's name.
    pub name: String,
    /// The whole file.
    pub text: String,
}

/// A text within a comment.
fn comment(text: &str) -> String {
    text.chars().flat_map(char::escape_debug).collect()
}

fn times(count: u64) -> String {
    if count == 1 { "once".to_owned() } else { format!("{count} times") }
}

fn rows(count: u64) -> String {
    match count {
        0 => "no row".to_owned(),
        1 => "1 row".to_owned(),
        count => format!("{count} rows"),
    }
}

/// A state of the draft.
struct DraftState<'f> {
    name: String,
    value: &'f str,
    rows: u64,
}

/// Writes the draft: by the history where that gives a valid table, else by the order of the labels.
pub(super) fn write(found: &ExistingColumn) -> Result<Draft, String> {
    let holds =
        |value: &&str| (1..=63).contains(&value.len()) && !value.chars().any(char::is_control);
    let (can, cannot): (Vec<_>, Vec<_>) =
        found.values.iter().partition(|(value, _)| holds(&value.as_str()));
    let values: Vec<&str> = can.iter().map(|(value, _)| value.as_str()).collect();
    let states: Vec<DraftState<'_>> = names(&values)
        .into_iter()
        .zip(&can)
        .map(|(name, (value, rows))| DraftState { name, value, rows: *rows })
        .collect();
    if states.is_empty() {
        return Err("no value of the column can be a state: 1 to 63 bytes, no control characters"
            .to_owned());
    }
    let write = |name: &str| {
        let mut why = String::new();
        for by_history in [true, false] {
            let text = file(found, name, &states, &cannot, by_history);
            match phasegate_codegen::machine("draft.toml", text.as_bytes()) {
                Ok((_, machine, _)) => return Ok((text, machine)),
                Err(error) => why = error.to_string(),
            }
        }
        Err(format!("what was found cannot be a table as it is:\n{why}"))
    };
    if let Some(name) = &found.machine {
        let (text, machine) = write(name)?;
        return match clash(found, &machine) {
            None => Ok(Draft { name: name.clone(), text }),
            Some(clash) => Err(format!(
                "a machine `{name}` would make `{clash}`, which the database has: choose another name with `--machine`"
            )),
        };
    }
    // What the names of a database leave room for, whatever is put behind the machine's.
    let (_, shortest) = write("m")?;
    let behind = identifiers(&shortest).iter().map(String::len).max().unwrap_or_default() - 1;
    let room = MAX_IDENTIFIER.saturating_sub(behind);
    let row = pluralizer::pluralize(&found.table, 1, false);
    let row = slug(if row.is_empty() { &found.table } else { &row }, "machine");
    let by_column = format!("{row}_{}", slug(&found.column, "status"));
    let numbered = (2..).map(|n| (by_column.clone(), format!("_{n}")));
    let names =
        [(row, String::new()), (by_column.clone(), String::new())].into_iter().chain(numbered);
    for (name, suffix) in names.take(100) {
        let most = name.len().min(room - suffix.len());
        let name = name[..most].trim_end_matches('_').to_owned() + &suffix;
        let (text, machine) = write(&name)?;
        if clash(found, &machine).is_none() {
            return Ok(Draft { name, text });
        }
    }
    Err("every name that the machine could have is taken: choose one with `--machine`".to_owned())
}

/// What a database cuts names at, in bytes.
const MAX_IDENTIFIER: usize = 63;

/// The names that the draft's machine would make in the database.
fn identifiers(machine: &Machine) -> Vec<String> {
    let sql = machine.targets.sql().expect("a draft has the section");
    sql::identifiers(&machine.name, sql)
}

/// What the database has already of that.
fn clash(found: &ExistingColumn, machine: &Machine) -> Option<String> {
    let is_own = |name: &String| {
        [&found.table, &found.column].contains(&name)
            || found.key.iter().any(|key| key.name == *name)
    };
    let made = identifiers(machine).into_iter().filter(|name| !is_own(name));
    made.into_iter().find(|name| found.taken.contains(&name.to_lowercase()))
}

/// A step between states of the draft, by their places; a start has nothing before it.
type Step = (Option<usize>, usize, u64);

/// What the history has of the states that the draft has.
fn steps(found: &ExistingColumn, states: &[DraftState<'_>]) -> Vec<Step> {
    let place = |value: &str| states.iter().position(|state| state.value == value);
    let step = |(from, to, count): &(Option<String>, String, u64)| match from {
        None => Some((None, place(to)?, *count)),
        Some(from) => Some((Some(place(from)?), place(to)?, *count)),
    };
    found.steps.iter().flatten().filter_map(step).collect()
}

/// What the draft keeps of these.
fn without_noise(steps: &[Step], states: usize, noise: f64) -> Kept {
    let mut seen = Seen { starts: vec![0; states], ..Seen::default() };
    for &(from, to, count) in steps {
        match from {
            None => seen.starts[to] += count,
            Some(from) => *seen.steps.entry((from, to)).or_default() += count,
        }
    }
    kept(&seen, noise)
}

fn file(
    found: &ExistingColumn,
    machine: &str,
    states: &[DraftState<'_>],
    cannot: &[&(String, u64)],
    by_history: bool,
) -> String {
    let name_of =
        |value: &str| states.iter().find(|state| state.value == value).map(|state| &state.name);
    let place_of = |name: &String| states.iter().position(|state| state.name == *name);
    let all = steps(found, states);
    let kept = without_noise(&all, states.len(), found.noise);
    let by_history = by_history && !kept.initial.is_empty();
    let is_kept = |(from, to, _): &&Step| match from {
        None => kept.initial.contains(to),
        Some(from) => {
            let steps = kept.steps.get(from).or_else(|| kept.apart.get(from));
            steps.is_some_and(|steps| steps.iter().any(|(next, _)| next == to))
        }
    };
    // The steps between states that the draft has; where it is no more than a guess, all of them.
    let steps: Vec<(Option<&String>, &String, u64)> = all
        .iter()
        .filter(|step| !by_history || is_kept(step))
        .map(|(from, to, count)| (from.map(|from| &states[from].name), &states[*to].name, *count))
        .collect();
    let leads_on = |name: &String| steps.iter().any(|(from, ..)| *from == Some(name));
    let starts: Vec<&String> = steps
        .iter()
        .filter(|(from, to, _)| from.is_none() && leads_on(to))
        .map(|(_, to, _)| *to)
        .collect();
    let default = found.default.as_deref().and_then(name_of);
    // What the column is given by default comes first, and the others in their order.
    let mut initial = if by_history { starts } else { vec![&states[0].name] };
    if let Some(default) = default.filter(|default| !by_history || leads_on(default)) {
        match by_history {
            true => initial.retain(|&start| start != default),
            false => initial.clear(),
        }
        initial.insert(0, default);
    }
    let initial_text: Vec<String> = initial.iter().map(|name| quoted(name)).collect();

    let mut out = String::new();
    let mut line = |text: &str| {
        out.push_str(text);
        out.push('\n');
    };
    line(&format!(
        "# Drafted from the column {} of the table {}.",
        comment(&found.column),
        comment(&found.table)
    ));
    line("# Look through it, then run `phasegate generate` and `phasegate migrate`.");
    line("format = 1");
    line("");
    line("[machine]");
    line(&format!("name    = {}", quoted(machine)));
    match &initial_text[..] {
        [one] => line(&format!("initial = {one}")),
        several => line(&format!("initial = [{}]", several.join(", "))),
    }
    line("");
    line("# Being in one of these is an end where no transition leaves it; say of what kind:");
    line("# outcome = \"success\", \"failure\", \"cancelled\" or \"neutral\".");
    for state in states {
        let seen = steps.iter().any(|(_, to, _)| *to == &state.name);
        line("");
        line(&format!("[[state]]  # {}", rows(state.rows)));
        line(&format!("name  = {}", quoted(&state.name)));
        if state.name != state.value {
            line(&format!("value = {}", quoted(state.value)));
        }
        if let Some((_, number)) = found.numbers.iter().find(|(value, _)| value == state.value) {
            line(&format!("number = {number}"));
        }
        if by_history
            && (!seen
                || !initial.contains(&&state.name)
                    && steps.iter().all(|(from, to, _)| *to != &state.name || from.is_none()))
        {
            line(
                "retired = true  # the history has no step into it: rows that hold it stay in it, or leave",
            );
        } else if by_history
            && place_of(&state.name).is_some_and(|place| kept.without_end.contains(&place))
        {
            line("outcome = \"neutral\"  # nothing leads from here to an end: is it one?");
            line("reopens = true");
        }
    }
    if found.nulls > 0 {
        line("");
        line(&format!("# {} without a status: to leave that is a start.", rows(found.nulls)));
        line("# Where NULL means one of the states, say `null = \"STATE\"` in [target.sql].");
    }
    for (value, count) in cannot {
        line("");
        line(&format!(
            "# No state can be called so (1 to 63 bytes, no control characters), in {}:",
            rows(*count)
        ));
        line(&format!("# {}", comment(value)));
    }
    line("");
    if by_history {
        line("# What the history has seen.");
    } else {
        line(
            "# The order of the values above, which is no more than a guess: say what is legal. While it is",
        );
        line(
            "# observed (below), the view of what was let through gives the rows that are missing.",
        );
        for (from, to, count) in &steps {
            let from = from.map_or("(start)", |from| from.as_str());
            line(&format!("# seen {}: {from} -> {to}", times(*count)));
        }
        if states.len() > 1 {
            let names = states.iter().map(|state| &state.name);
            let others = names.filter(|&name| name != initial[0]);
            let path: Vec<String> =
                initial.iter().copied().chain(others).map(|name| quoted(name)).collect();
            line("[[transition]]");
            line(&format!("path = [{}]", path.join(", ")));
        }
    }
    for (from, to, count) in steps.iter().filter(|_| by_history) {
        match from {
            None => line(&format!("# a start in {to}: {}", times(*count))),
            Some(from) => {
                line(&format!("[[transition]]  # {}", times(*count)));
                line(&format!("from = {}", quoted(from)));
                line(&format!("to   = {}", quoted(to)));
            }
        }
    }
    if by_history && !kept.noise.is_empty() {
        let names: Vec<String> = states.iter().map(|state| state.name.clone()).collect();
        line("");
        line("# Left out as noise; each is let through and counted while the mode is `observe`:");
        for step in &kept.noise {
            line(&format!("#   {}", said(step, &names, &kept)));
        }
    }
    line("");
    line("[target.sql]");
    line(&format!("dialects = [{}]", quoted(found.dialect.as_str())));
    if found.dialect == Dialect::Postgres && found.schema != "public" {
        line(&format!("schema   = {}", quoted(&found.schema)));
    }
    line(&format!("table    = {}", quoted(&found.table)));
    line("owns     = false      # it exists: only guards, history and transitions are made");
    let listed = |each: &dyn Fn(&KeyColumn) -> String| match &found.key[..] {
        [one] => each(one),
        several => format!("[{}]", several.iter().map(each).collect::<Vec<_>>().join(", ")),
    };
    line(&format!("key      = {}", listed(&|key| quoted(&key.name))));
    line(&format!("key_type = {}", listed(&|key| quoted(key.of.as_str()))));
    if found.given_again {
        line(
            "# SQLite gives the number of a deleted row again, and the guard refuses a key that has a history:",
        );
        line("# make the table anew with this key as INTEGER PRIMARY KEY AUTOINCREMENT.");
    }
    line(&format!("column   = {}", quoted(&found.column)));
    if found.dialect == Dialect::Postgres || found.storage == Storage::Integer {
        line(&format!("storage  = {}", quoted(found.storage.as_str())));
    }
    line(
        "mode     = \"observe\"  # what no transition allows is let through, marked and counted; then: \"enforce\"",
    );
    out
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::super::noise::NOISE;
    use super::*;
    use phasegate_codegen::emit::sql::KeyType;
    use phasegate_codegen::verify::{ClaimResult, verify};

    const LABELS: [&str; 8] =
        ["new", "in_transit", "In Transit", "done", "it's", "\u{2603}", "type", "lost \"so\""];

    /// A column with some labels, and perhaps a history of steps between them.
    fn found() -> impl Strategy<Value = ExistingColumn> {
        let labels = proptest::sample::subsequence(LABELS.to_vec(), 1..=8).prop_shuffle();
        let step = (proptest::option::of(0..8_usize), 0..8_usize, 1..4_u64);
        let steps = proptest::option::of(proptest::collection::vec(step, 0..10));
        let noise = prop_oneof![Just(0.0), 0.0..0.5_f64];
        (labels, steps, 0..2_u64, noise).prop_map(|(labels, steps, nulls, noise)| {
            let label = |at: usize| labels[at % labels.len()].to_owned();
            let step = |(from, to, count): (Option<usize>, usize, u64)| {
                (from.map(label), label(to), count)
            };
            let mut steps = steps.map(|steps| steps.into_iter().map(step).collect::<Vec<_>>());
            if let Some(steps) = &mut steps {
                // As the database gives them: each pair once, and none that stays.
                steps.sort();
                steps.dedup_by_key(|(from, to, _)| (from.clone(), to.clone()));
                steps.retain(|(from, to, _)| from.as_ref() != Some(to));
            }
            ExistingColumn {
                dialect: Dialect::Sqlite,
                schema: "public".to_owned(),
                table: "orders".to_owned(),
                column: "status".to_owned(),
                key: vec![KeyColumn { name: "id".to_owned(), of: KeyType::Text }],
                given_again: false,
                storage: Storage::Text,
                numbers: Vec::new(),
                default: Some("done".to_owned()),
                machine: None,
                taken: BTreeSet::new(),
                values: labels.iter().map(|&label| (label.to_owned(), 1)).collect(),
                nulls,
                steps,
                noise,
            }
        })
    }

    proptest! {
        #[test]
        fn whatever_was_found_the_draft_is_a_table_that_checks(found in found()) {
            let text = write(&found).expect("it can be drafted").text;
            let (_, machine, _) = phasegate_codegen::machine("draft.toml", text.as_bytes()).expect("it loads");
            prop_assert_eq!(machine.states.len(), found.values.len());
            for proved in verify(&machine) {
                prop_assert!(!matches!(proved.verdict, ClaimResult::Refuted { .. }), "{:?}: {}", proved, text);
            }
        }
    }

    #[test]
    fn a_label_that_the_history_lacks_is_retired() {
        let step = |from: Option<&str>, to: &str| (from.map(str::to_owned), to.to_owned(), 1);
        let found = ExistingColumn {
            dialect: Dialect::Postgres,
            schema: "public".to_owned(),
            table: "orders".to_owned(),
            column: "status".to_owned(),
            key: vec![KeyColumn { name: "id".to_owned(), of: KeyType::Text }],
            given_again: false,
            storage: Storage::Text,
            numbers: Vec::new(),
            default: None,
            machine: None,
            taken: BTreeSet::new(),
            values: ["new", "in_transit", "done"].map(|label| (label.to_owned(), 1)).to_vec(),
            nulls: 0,
            steps: Some(vec![step(None, "new"), step(Some("new"), "done")]),
            noise: NOISE,
        };
        let text = write(&found).expect("it can be drafted").text;
        assert!(text.contains("name  = \"in_transit\"\nretired = true"), "{text}");
        assert!(text.contains("# What the history has seen."), "{text}");
    }
}
