//! What a stranger sends to a database with one table's guards, as plain statements, and what the
//! answers mean. The statements are the same for every driver.

use std::collections::BTreeMap;

use phasegate_codegen::emit::sql::{Dialect, KeyType, Storage};

use crate::common::sql::{self, Names, literal};
use crate::equivalence::cases::{Answers, Case, Reply, Row, Word};
use crate::equivalence::oracle::State;

/// Statements, in their order.
pub(super) struct Script {
    /// Has to be let through as a whole.
    pub(super) setup: String,
    /// Each on its own; some are to be refused.
    pub(super) tries: Vec<String>,
    /// SELECTs of texts.
    pub(super) reads: Vec<String>,
    /// On PostgreSQL, takes all away again.
    pub(super) reset: String,
    rows: Vec<Planned>,
}

/// What a database answered: to each try, and the rows of each read.
pub(super) struct Outcome {
    pub(super) tries: Vec<Result<(), String>>,
    pub(super) reads: Vec<Vec<sql::Row>>,
}

/// A row, and what happens to it: first what has to succeed, then what is tried.
struct Planned {
    before: Option<State>,
    way: Vec<State>,
    tried: Vec<Word>,
    /// The pair that it is there for.
    pair: Option<(usize, State)>,
}

/// Every pair, an unknown state after each state, and the sequences: a row for each.
fn rows(case: &Case, all_are_older: bool) -> Vec<Planned> {
    let oracle = &case.oracle;
    let states = 0..oracle.states.len();
    let lone = |word: Word, pair| Planned { before: None, way: vec![], tried: vec![word], pair };
    let mut rows: Vec<Planned> =
        states.clone().map(|to| lone(Word::Known(to), Some((0, to)))).collect();
    let unknown = || Word::Unknown("of a newer table".to_owned());
    rows.push(lone(unknown(), None));
    let ways = oracle.ways(&oracle.initial);
    for (from, way) in ways.iter().enumerate() {
        // Where no row can get any more, one was once.
        let way = way.clone().filter(|_| !all_are_older);
        let before = if way.is_none() { Some(from) } else { None };
        let tries = states.clone().map(|to| (Word::Known(to), Some((from + 1, to))));
        rows.extend(tries.chain([(unknown(), None)]).map(|(word, pair)| Planned {
            before,
            way: way.clone().unwrap_or_default(),
            tried: vec![word],
            pair,
        }));
    }
    rows.extend(case.sequences.iter().map(|words| Planned {
        before: None,
        way: vec![],
        tried: words.clone(),
        pair: None,
    }));
    rows
}

/// The statements for one case.
pub(super) fn script(case: &Case, dialect: Dialect) -> Script {
    let machine = case.machine();
    let target = machine.targets.sql().unwrap();
    let names = Names::new(machine, dialect);
    let rows = rows(case, !target.owns);
    let insert = |n: usize, value: &str| {
        let Names { table, key, column, .. } = &names;
        format!(
            "INSERT INTO {table} ({key}, {column}) VALUES ({}, {})",
            names.key(n),
            literal(value)
        )
    };
    let update = |n: usize, value: &str| {
        let Names { table, key, column, .. } = &names;
        format!("UPDATE {table} SET {column} = {} WHERE {key} = {}", literal(value), names.key(n))
    };
    let value = |state: State| case.oracle.states[state].value.as_str();

    let (mut planted, mut walked) = (String::new(), String::new());
    let mut tries = Vec::new();
    for (n, row) in rows.iter().enumerate() {
        if let Some(before) = row.before {
            planted += &format!("{};\n", insert(n, value(before)));
        }
        for (at, &state) in row.way.iter().enumerate() {
            let step = if at == 0 { insert(n, value(state)) } else { update(n, value(state)) };
            walked += &format!("{step};\n");
        }
        let mut starts = row.before.is_none() && row.way.is_empty();
        for word in &row.tried {
            // Until a row is there it is asked for.
            let statement =
                if starts { insert(n, case.value(word)) } else { update(n, case.value(word)) };
            tries.push(statement);
            starts &= !word.state().is_some_and(|state| case.oracle.initial.contains(&state));
        }
    }
    let schema = sql::schema(machine, dialect);
    let setup = if target.owns {
        // Rows that were there before the table was what it is.
        let (name, table) = (&machine.name, &names.table);
        let (open, close) = match (dialect, &names.events) {
            _ if planted.is_empty() => (String::new(), String::new()),
            (Dialect::Postgres, Some(_)) => {
                let schema = quoted(target.schema.as_deref().unwrap_or("public"));
                let set = |mode| format!("SELECT {schema}.\"{name}_set_mode\"({mode});\n");
                (set("'load'"), set("NULL"))
            }
            (Dialect::Postgres, None) => {
                let set = |what| format!("ALTER TABLE {table} {what} TRIGGER USER;\n");
                (set("DISABLE"), set("ENABLE"))
            }
            (Dialect::Sqlite, Some(_)) => {
                let set =
                    |mode| format!("INSERT INTO \"{name}_set_mode\" (\"mode\") VALUES ({mode});\n");
                (set("'load'"), set("NULL"))
            }
            (Dialect::Sqlite, None) => {
                let trigger = format!("TRIGGER \"000_{name}_guard_insert\"");
                let start = schema.find(&format!("CREATE {trigger}")).unwrap();
                let end = schema[start..].find("\nEND;\n").unwrap() + 6;
                (format!("DROP {trigger};\n"), schema[start..start + end].to_owned())
            }
        };
        [schema, open, planted, close, walked].concat()
    } else {
        [existing(case, &names, dialect), planted, schema, walked].concat()
    };
    // Marked: PGlite's client drops a byte order mark where a text begins with one.
    let mut reads = vec![format!(
        "SELECT '=' || CAST({} AS text), '=' || CAST({} AS text) FROM {}",
        names.key, names.column, names.table
    )];
    reads.extend(names.events.as_ref().map(|events| {
        let row = &names.row;
        // Whatever its collation, so that one session can ask for tables of several kinds.
        let collation = match dialect {
            Dialect::Postgres => " COLLATE \"C\"",
            Dialect::Sqlite => "",
        };
        format!(
            "SELECT '=' || CAST({row} AS text){collation}, '=' || CAST(seq AS text), '=' || from_state, \
             '=' || to_state, '=' || language FROM {events} e ORDER BY e.{row}, e.seq"
        )
    }));
    let schema = quoted(target.schema.as_deref().unwrap_or("public"));
    let reset =
        format!("DROP SCHEMA IF EXISTS {schema} CASCADE; CREATE SCHEMA IF NOT EXISTS public");
    Script { setup, tries, reads, reset, rows }
}

fn quoted(name: &str) -> String {
    format!("\"{name}\"")
}

/// The application's own table, older than the guard.
fn existing(case: &Case, names: &Names, dialect: Dialect) -> String {
    let target = case.machine().targets.sql().unwrap();
    let Names { table, key, column, .. } = names;
    match dialect {
        Dialect::Sqlite => {
            let key_type = match target.key[0].of {
                KeyType::Text | KeyType::Uuid => "TEXT",
                KeyType::Bigint | KeyType::Integer => "INTEGER",
            };
            format!(
                "CREATE TABLE {table} (note TEXT, {key} {key_type} PRIMARY KEY, {column} TEXT);\n"
            )
        }
        Dialect::Postgres => {
            let key_type = match target.key[0].of {
                KeyType::Text => "varchar(40)",
                KeyType::Uuid => "uuid",
                KeyType::Bigint => "bigint",
                KeyType::Integer => "integer",
            };
            let schema = quoted(target.schema.as_deref().unwrap_or("public"));
            let states = &case.oracle.states;
            let labels: Vec<String> = states.iter().map(|state| literal(&state.value)).collect();
            let status = match target.storage {
                Storage::Enum => format!("{schema}.\"Old Labels\""),
                Storage::Text => "varchar(80)".to_owned(),
                Storage::Integer => "integer".to_owned(),
            };
            format!(
                "CREATE SCHEMA IF NOT EXISTS {schema};
                 CREATE TYPE {schema}.\"Old Labels\" AS ENUM ({});
                 CREATE TABLE {table} (note text, {key} {key_type} PRIMARY KEY, {column} {status});\n",
                labels.join(", ")
            )
        }
    }
}

impl Script {
    /// What the answers mean.
    pub(super) fn read(&self, case: &Case, dialect: Dialect, outcome: &Outcome) -> Answers {
        let machine = case.machine();
        let target = machine.targets.sql().unwrap();
        let names = Names::new(machine, dialect);
        let status: BTreeMap<&str, &str> = outcome.reads[0]
            .iter()
            .map(|row| (text(&row[0]).unwrap(), text(&row[1]).unwrap()))
            .collect();
        let logs = outcome.reads.get(1).map(|events| logs(case, events));
        let mut tries = outcome.tries.iter();
        let mut pairs = vec![vec![None; case.oracle.states.len()]; case.oracle.states.len() + 1];
        let mut rows = Vec::new();
        for (n, planned) in self.rows.iter().enumerate() {
            let key = names.key(n).trim_matches('\'').to_owned();
            let way = planned.way.iter().copied().map(Word::Known);
            let reports: Vec<Word> = way.chain(planned.tried.iter().cloned()).collect();
            let mut told = vec![Reply::Taken; planned.way.len()];
            let mut last = planned.before.or(planned.way.last().copied());
            for word in &planned.tried {
                told.push(match tries.next().unwrap() {
                    Ok(()) => {
                        last = word.state();
                        Reply::Taken
                    }
                    Err(said) => reply(case, dialect, last, word, said),
                });
            }
            let mut log = logs.as_ref().map(|logs| logs.get(&key).cloned().unwrap_or_default());
            if let (Some(log), Some(before), false, Dialect::Postgres) =
                (&mut log, planned.before, target.owns, dialect)
                && log.is_empty()
            {
                // PostgreSQL writes an older row's history when it first moves.
                log.push(case.oracle.states[before].value.clone());
            }
            let before = usize::from(planned.before.is_some()) + planned.way.len();
            if let Some((from, to)) = planned.pair {
                pairs[from][to] = match (&log, told.last() == Some(&Reply::Taken)) {
                    (_, false) => Some(false),
                    (Some(log), true) => Some(log.len() > before),
                    // Without a history a step to itself leaves no trace.
                    (None, true) => (from != to + 1).then_some(true),
                };
            }
            let status = status.get(key.as_str()).map(|&status| status.to_owned());
            rows.push(Row { before: planned.before, reports, told, log, status });
        }
        Answers { pairs, rows, ..Answers::default() }
    }
}

/// A text without its mark.
fn text(marked: &Option<String>) -> Option<&str> {
    marked.as_ref().map(|text| text.strip_prefix('=').unwrap())
}

/// The states of each row's history, which has to be a chain from nothing, numbered from 1.
fn logs(case: &Case, events: &[sql::Row]) -> BTreeMap<String, Vec<String>> {
    let mut logs: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for event in events {
        let texts: Vec<Option<&str>> = event.iter().map(text).collect();
        let [Some(key), Some(seq), from, Some(to), Some(language)] = texts[..] else {
            panic!("{event:?}\nin: {}", case.name)
        };
        let log = logs.entry(key.to_owned()).or_default();
        let before = log.last().map(String::as_str);
        assert_eq!(from, before, "{event:?} does not follow\nin: {}", case.name);
        log.push(to.to_owned());
        assert_eq!(seq, log.len().to_string(), "{event:?}\nin: {}", case.name);
        assert_eq!(language, case.machine().fingerprints.language, "{event:?}");
    }
    logs
}

/// What a refusal says: whether it is the one that the row should hear, word by word.
fn reply(case: &Case, dialect: Dialect, last: Option<State>, word: &Word, said: &str) -> Reply {
    let machine = &case.machine().name;
    let target = case.machine().targets.sql().unwrap();
    let asked = case.value(word);
    let all: Vec<State> = (0..case.oracle.states.len()).collect();
    let known = shortened(case, &all);
    let (on_postgres, is_enum) = (dialect == Dialect::Postgres, target.storage == Storage::Enum);
    if on_postgres && is_enum && said.starts_with("invalid input value for enum") {
        return Reply::Unknown;
    }
    let place = |text: String| if on_postgres { text } else { String::new() };
    if said
        == format!(
            "phasegate: unknown state of {machine}{}; known: {known}",
            place(format!(": {asked}"))
        )
    {
        return Reply::Unknown;
    }
    let listed = shortened(case, &case.oracle.next(last));
    let expected = match last {
        None => {
            let place = place(format!(" in {asked}"));
            format!("phasegate: illegal start of {machine}{place}; initial: {listed}")
        }
        Some(last) => {
            let was = &case.oracle.states[last].value;
            let step =
                if on_postgres { format!(": {was} -> {asked}") } else { format!(" from {was}") };
            format!("phasegate: illegal transition of {machine}{step}; legal: {listed}")
        }
    };
    Reply::Refused(if said == expected { case.listed(last) } else { said.to_owned() })
}

/// States as a database's messages list them: 30 at most, and a mark where there are more.
fn shortened(case: &Case, states: &[State]) -> String {
    match states.get(..30) {
        _ if states.is_empty() => "none".to_owned(),
        Some(first) if first.len() < states.len() => format!("{}, ...", case.oracle.list(first)),
        Some(_) | None => case.oracle.list(states),
    }
}
