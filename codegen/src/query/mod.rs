//! The check of a whole history as one query, for the engine that holds it: each report next to the one
//! before it of its row, and the pairs that the table does not have.
//!
//! States are numbers in it: they compare alike whatever an engine's collation is, and 0 is the row that
//! has not been reported yet.

mod engine;
mod list;
mod name;

use askama::Template;

pub use engine::Engine;
pub use name::{Name, NotAName};

use crate::emit::sql::{Dialect, SqlNames, SqlTarget};
use crate::machine::{Machine, StateId};
use list::List;

/// Where a history is; what is not said is as `[target.sql]` has the machine's own history.
#[derive(Clone, Debug, Default)]
pub struct Place {
    /// The table.
    pub from: Option<Name>,
    /// The columns of the row's id.
    pub id: Vec<String>,
    /// The column of the status.
    pub status: Option<String>,
    /// The column that orders a row's reports.
    pub order: Option<String>,
    /// Whether redeliveries are passed over.
    pub reports: bool,
}

/// That there is no history to ask, as the table has none of its own.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct NoHistory;

/// The query: every field is ready to be printed.
#[derive(Template)]
#[template(path = "audit/history.sql", escape = "none")]
struct Query {
    machine: String,
    language: String,
    states: List,
    legal: List,
    table: String,
    ids: Vec<IdView>,
    written: String,
    exact_written: String,
    exact_report: String,
    order: String,
}

/// A column of the row's id.
struct IdView {
    /// What the result calls it.
    alias: String,
    column: String,
    /// What rows are told apart by.
    exact: String,
}

/// The query that lists every report which the table does not allow: the row's id, the report's place among
/// those of its row (from 1), the state before it (NULL at the first place), and the state; in this order.
///
/// A report that follows a state which the table lacks is not judged.
///
/// # Errors
/// [`NoHistory`] where no table is said, and the machine has `events = false`.
pub fn query(machine: &Machine, engine: Engine, place: &Place) -> Result<String, NoHistory> {
    let own = Own::of(machine);
    let table = match (&place.from, own.table) {
        (Some(name), _) => name.written(engine),
        (None, Some(events)) => match (engine, own.schema) {
            (Engine::Postgres, Some(schema)) => {
                format!("{}.{}", engine.identifier(&schema), engine.identifier(&events))
            }
            (_, _) => engine.identifier(&events),
        },
        (None, None) => return Err(NoHistory),
    };
    let of = |column: &str| format!("h.{}", engine.identifier(column));
    let ids = if place.id.is_empty() { &own.id } else { &place.id };
    let several = ids.len() > 1;
    let ids = ids.iter().enumerate().map(|(at, id)| IdView {
        alias: if several { format!("row_id_{}", at + 1) } else { "row_id".to_owned() },
        column: of(id),
        exact: engine.exact(&engine.text(&of(id))),
    });
    let written = engine.text(&of(place.status.as_deref().unwrap_or("to_state")));
    let query = Query {
        machine: machine.name.clone(),
        language: machine.fingerprints.language.clone(),
        states: states(machine, engine),
        legal: legal(machine, engine, place.reports),
        table,
        ids: ids.collect(),
        written: match own.null {
            Some(stored) => format!("COALESCE({written}, {})", engine.literal(&stored)),
            None => written,
        },
        exact_written: engine.exact("s.written"),
        exact_report: engine.exact("r.written"),
        order: of(place.order.as_deref().unwrap_or("seq")),
    };
    Ok(query.render().expect("a template that is valid writes to a string"))
}

/// What `[target.sql]`, or its defaults, say of the machine's own history.
struct Own {
    schema: Option<String>,
    table: Option<String>,
    id: Vec<String>,
    null: Option<String>,
}

impl Own {
    fn of(machine: &Machine) -> Self {
        let Some(sql) = machine.targets.sql() else {
            let of = |suffix| format!("{}_{suffix}", machine.name);
            return Self {
                schema: None,
                table: Some(of("events")),
                id: vec![of("id")],
                null: None,
            };
        };
        let names = SqlNames::new(machine, sql, Dialect::Postgres);
        Self {
            schema: Some(names.schema_name),
            table: sql.events.clone(),
            id: names.parts.into_iter().map(|part| part.row_name).collect(),
            null: null(machine, sql),
        }
    }
}

/// What could stand in the place of NULL, where NULL is a state.
fn null(machine: &Machine, sql: &SqlTarget) -> Option<String> {
    let id = sql.null.as_deref().and_then(|name| machine.find(name))?;
    Some(machine.state(id).stored.clone())
}

const fn number(state: StateId) -> usize {
    state.index() + 1
}

/// Each word that a history may have for a state: its value, what the column stores, its name.
fn states(machine: &Machine, engine: Engine) -> List {
    let mut list = List::new(engine, "states", &["number", "state", "written"]);
    for id in machine.state_ids() {
        let state = machine.state(id);
        let mut words = vec![&state.value];
        for word in [&state.stored, &state.name] {
            if !words.contains(&word) {
                words.push(word);
            }
        }
        for word in words {
            let texts = [engine.literal(&state.value), engine.literal(word)];
            list.row([vec![number(id).to_string()], texts.to_vec()].concat(), String::new());
        }
    }
    list
}

fn legal(machine: &Machine, engine: Engine, reports: bool) -> List {
    let mut list = List::new(engine, "legal", &["from_number", "to_number"]);
    let name = |id| machine.state(id).name.as_str();
    for &to in &machine.initial {
        let pair = vec!["0".to_owned(), number(to).to_string()];
        list.row(pair, format!("start -> {}", name(to)));
    }
    for from in machine.state_ids() {
        for to in machine.state_ids() {
            let what = match machine.kind(from, to) {
                Some(_) => "",
                None if reports && from == to => " (redelivery)",
                None => continue,
            };
            let pair = vec![number(from).to_string(), number(to).to_string()];
            list.row(pair, format!("{} -> {}{what}", name(from), name(to)));
        }
    }
    list
}
