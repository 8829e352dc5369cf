//! Reads a table with a TOML parser and nothing else: only valid ones, without a word of why not.

use std::collections::BTreeSet;

use toml::{Table, Value};

use super::{Facts, Oracle, State};

/// One name or several.
fn names(value: &Value) -> Vec<&str> {
    match value {
        Value::String(name) => vec![name],
        list => list.as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect(),
    }
}

/// The rows of `[[key]]`.
fn rows<'t>(table: &'t Table, key: &str) -> Vec<&'t Table> {
    let rows = table.get(key).map(|rows| rows.as_array().unwrap().as_slice());
    rows.unwrap_or_default().iter().map(|row| row.as_table().unwrap()).collect()
}

fn text(row: &Table, key: &str) -> Option<String> {
    row.get(key).map(|value| value.as_str().unwrap().to_owned())
}

fn flag(row: &Table, key: &str) -> bool {
    row.get(key).is_some_and(|value| value.as_bool().unwrap())
}

impl Oracle {
    /// What a valid table says.
    pub(crate) fn read(table: &str) -> Self {
        let table: Table = table.trim_start_matches('\u{feff}').parse().unwrap();
        let phases: Vec<String> =
            rows(&table, "phase").iter().map(|row| text(row, "name").unwrap()).collect();
        let states: Vec<Facts> = rows(&table, "state")
            .iter()
            .map(|row| {
                let name = text(row, "name").unwrap();
                let phase = text(row, "phase");
                Facts {
                    value: text(row, "value").unwrap_or_else(|| name.clone()),
                    phase: phase.map(|name| phases.iter().position(|it| *it == name).unwrap()),
                    completes: flag(row, "completes"),
                    optional: flag(row, "optional"),
                    outcome: text(row, "outcome"),
                    retired: flag(row, "retired"),
                    name,
                }
            })
            .collect();
        let find = |name: &str| states.iter().position(|state| state.name == name).unwrap();
        let initial = names(&table["machine"]["initial"]).into_iter().map(find).collect();
        let declared = declared(&rows(&table, "transition"), &states, find);
        let mut oracle = Self { phases, states, initial, declared, legal: BTreeSet::new() };
        oracle.close();
        oracle
    }
}

/// Rule 1.
fn declared(
    rows: &[&Table],
    states: &[Facts],
    find: impl Fn(&str) -> State,
) -> BTreeSet<(State, State)> {
    let mut declared = BTreeSet::new();
    for row in rows {
        if let Some(path) = row.get("path") {
            let path: Vec<State> = names(path).into_iter().map(&find).collect();
            declared.extend(path.windows(2).map(|pair| (pair[0], pair[1])));
            continue;
        }
        let to_all = row["to"].as_str() == Some("*");
        let is_entered = |to: &&Facts| to.outcome.is_none() && !to.retired;
        let to: Vec<&str> = match to_all {
            true => states.iter().filter(is_entered).map(|state| &*state.name).collect(),
            false => names(&row["to"]),
        };
        for to in to.into_iter().map(&find) {
            if row["from"].as_str() == Some("*") {
                let except: Vec<&str> = row.get("except").map(names).unwrap_or_default();
                for (from, state) in states.iter().enumerate() {
                    let is_meant =
                        state.outcome.is_none() && !except.contains(&state.name.as_str());
                    if is_meant && from != to {
                        declared.insert((from, to));
                    }
                }
            } else {
                let from = names(&row["from"]).into_iter().map(&find);
                declared.extend(from.filter(|&from| !to_all || from != to).map(|from| (from, to)));
            }
        }
    }
    declared
}
