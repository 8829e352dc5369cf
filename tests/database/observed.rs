//! What the view of what was let through advises: who does as it says has a table that is
//! accepted, and in which the step is legal.

use crate::common::cluster;
use crate::common::sql;
use phasegate_codegen::Machine;
use sqlx::Connection as _;
use sqlx::sqlite::SqliteConnection;
use toml::{Table, Value};

use crate::common::sql::{Db, ORDER, literal, ok};

/// Values that no table here has, and some that none can have.
const STRANGERS: [&str; 7] = [
    "lost",
    "the \"cellar\"",
    "it's",
    "ünï ☃ \\",
    "",
    "a\tb",
    "0123456789012345678901234567890123456789012345678901234567890123",
];
/// What is said where nothing can be done.
const NO_ROW: &str = "# no row of the table makes this legal";
/// What stands in the way otherwise.
const HURDLES: &str = r#"
format = 1
machine = { name = "hurdle", initial = "one" }
state = [
  { name = "one" },
  { name = "maybe", value = "may be", optional = true },
  { name = "two", value = "2" },
  { name = "once", retired = true, optional = true },
  { name = "gone", retired = true },
  { name = "end" },
  { name = "won", outcome = "success" },
  { name = "back", outcome = "neutral", reopens = true },
  { name = "lost_end", outcome = "failure", retired = true },
]
transition = [
  { path = ["one", "maybe", "two", "end"] },
  { path = ["one", "back", "one"] },
  { from = ["once", "gone"], to = "two" },
  { from = "gone", to = "end" },
  { from = "two", to = ["won", "two"] },
]
"#;

/// The table as one that observes a text column.
fn observing(text: &str) -> Table {
    let mut table: Table = text.parse().unwrap();
    let target = "sql = { owns = false, storage = 'text', mode = 'observe' }";
    table.insert("target".to_owned(), Value::Table(target.parse().unwrap()));
    table.remove("root");
    table
}

fn read(table: &Table) -> Result<Machine, String> {
    let text = table.to_string();
    let read = phasegate_codegen::machine("t.toml", text.as_bytes());
    read.map(|(_, machine, _)| machine).map_err(|error| error.to_string())
}

fn tables() -> Vec<Table> {
    let mut texts = vec![HURDLES.to_owned(), format!("{ORDER}\n"), sql::SWITCH.to_owned()];
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/tables");
    let mut paths: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    texts.extend(paths.iter().map(|path| std::fs::read_to_string(path).unwrap()));
    texts.iter().map(|text| observing(text)).collect()
}

fn rows<'t>(table: &'t mut Table, key: &str) -> &'t mut Vec<Value> {
    let rows = table.entry(key).or_insert_with(|| Value::Array(Vec::new()));
    rows.as_array_mut().unwrap()
}

fn state<'t>(table: &'t mut Table, name: &str) -> &'t mut Table {
    let state = rows(table, "state").iter_mut().find(|row| row["name"].as_str() == Some(name));
    state.unwrap_or_else(|| panic!("no state {name}")).as_table_mut().unwrap()
}

/// The names in a line, which stand between backquotes.
fn named(line: &str) -> Vec<&str> {
    line.split('`').skip(1).step_by(2).collect()
}

/// Adds a state of this value, and gives its name.
fn add_state(table: &mut Table, value: &str) -> String {
    let count = rows(table, "state").len();
    let name = format!("added_{count}");
    let row = Table::from_iter(
        [("name", &*name), ("value", value)].map(|(k, v)| (k.to_owned(), v.into())),
    );
    rows(table, "state").push(row.into());
    name
}

fn add_transition(table: &mut Table, from: &str, to: &str) {
    let row = Table::from_iter([("from", from), ("to", to)].map(|(k, v)| (k.to_owned(), v.into())));
    rows(table, "transition").push(row.into());
}

fn add_initial(table: &mut Table, name: &str) {
    let initial = &mut table["machine"].as_table_mut().unwrap()["initial"];
    if !initial.is_array() {
        *initial = Value::Array(vec![initial.clone()]);
    }
    initial.as_array_mut().unwrap().push(name.into());
}

/// Does what one line says; `added` are values and names of states that the lines before added.
fn follow(table: &mut Table, line: &str, added: &mut Vec<(String, String)>) {
    let name_of = |added: &[(String, String)], text: String| {
        added
            .iter()
            .find(|(value, _)| *value == text)
            .map_or(text.clone(), |(_, name)| name.clone())
    };
    if let Some(rest) = line.strip_prefix("# first a [[state]] of the value ") {
        let mut values = serde_json::Deserializer::from_str(rest).into_iter::<String>();
        let value = values.next().unwrap().unwrap();
        let more = &rest[values.byte_offset()..];
        let name = add_state(table, &value);
        if more.contains("`retired = true` unless something enters it") {
            state(table, &name).insert("retired".to_owned(), true.into());
        }
        if more.contains("a transition that leads on from it") {
            let initial = table["machine"]["initial"].clone();
            let start = initial.as_array().map_or(&initial, |list| &list[0]);
            add_transition(table, &name, start.as_str().unwrap());
        }
        added.push((value, name));
    } else if line.starts_with("# first take ") {
        let names = named(line);
        let (name, keys) = names.split_last().unwrap();
        for key in keys {
            let key = key.strip_suffix(" = true").unwrap();
            state(table, name).remove(key).unwrap();
        }
    } else if line.starts_with("# first say `reopens = true` at the state ") {
        state(table, named(line)[1]).insert("reopens".to_owned(), true.into());
    } else if line.starts_with("# an end no more: where rows end in ") {
        let state = state(table, named(line)[0]);
        state.insert("outcome".to_owned(), "neutral".into());
        state.insert("reopens".to_owned(), true.into());
    } else if let Some(rest) = line.strip_prefix("# under [machine], in the list of `initial`: ") {
        add_initial(table, &name_of(added, serde_json::from_str(rest).unwrap()));
    } else {
        panic!("what is to be done about this? {line}");
    }
}

/// The table after all that a suggestion says; `without` leaves that line out.
fn followed(table: &Table, said: &str, without: Option<&str>) -> Table {
    let mut table = table.clone();
    let mut added = Vec::new();
    for line in said.lines().filter(|line| line.starts_with('#') && Some(*line) != without) {
        follow(&mut table, line, &mut added);
    }
    let row: Table = said.parse().unwrap();
    if let Some(row) = row.get("transition").map(|rows| &rows[0]) {
        let name = |key: &str| {
            let text = row[key].as_str().unwrap();
            let new = added.iter().find(|(value, _)| value == text);
            new.map_or(text, |(_, name)| name.as_str()).to_owned()
        };
        add_transition(&mut table, &name("from"), &name("to"));
    }
    table
}

/// Lets every pair through, and follows what is advised of each.
async fn every_advice_makes_its_step_legal<D: Db>(db: &mut D, table: &Table) {
    let machine = read(table).unwrap();
    let target = machine.targets.sql().cloned().unwrap();
    let (own, events) = (format!("\"{}\"", target.table), target.events.unwrap());
    let mut values: Vec<&str> = machine.states.iter().map(|state| &*state.value).collect();
    values.extend(STRANGERS);
    let apart = machine.states.iter().filter(|state| state.name != state.value);
    values.extend(apart.map(|state| &*state.name));
    ok(
        db,
        &format!("CREATE TABLE {own} (id text, status text); CREATE INDEX key_of_it ON {own} (id)"),
    )
    .await;
    ok(db, &sql::schema(&machine, D::DIALECT)).await;
    let mut writes = String::from("BEGIN;\n");
    for (n, from) in values.iter().enumerate() {
        for (m, to) in values.iter().enumerate() {
            let (from, to) = (literal(from), literal(to));
            writes += &format!("INSERT INTO {own} VALUES ('{n} {m}', {from});\n");
            writes += &format!("UPDATE {own} SET status = {to} WHERE id = '{n} {m}';\n");
        }
    }
    ok(db, &format!("{writes}COMMIT;")).await;
    let view = format!(
        "SELECT from_state, to_state, observed, transition FROM {}_observed ORDER BY 1, 2, 3",
        machine.name
    );
    let told = db.rows(&view).await;
    let steps = values.len() * values.len() - values.len();
    let legal = machine.transitions().filter(|(a, b, _)| a != b).count();
    let starts = values.len() - machine.initial.len();
    assert_eq!(told.len(), steps - legal + starts, "a pair is missing, or there twice: {events}");
    for row in told {
        let [from, to, kind, said] = row.try_into().unwrap();
        let (to, said) = (to.unwrap(), said.unwrap());
        let context = format!("{from:?} -> {to:?} ({kind:?})\n{said}\nin: {table}");
        if said.starts_with(NO_ROW) {
            let mut naive = table.clone();
            let mut name_of = |value: &str| match machine.find_value(value) {
                Some(id) => machine.state(id).name.clone(),
                None => add_state(&mut naive, value),
            };
            let (from, to) = (from.as_deref().map(&mut name_of), name_of(&to));
            match from {
                Some(from) => add_transition(&mut naive, &from, &to),
                None => add_initial(&mut naive, &to),
            }
            assert!(read(&naive).is_err(), "{context}");
            continue;
        }
        let after = followed(table, &said, None);
        let after = read(&after).unwrap_or_else(|error| panic!("{error}\n{context}"));
        let to = after.find_value(&to).unwrap();
        match from.map(|from| after.find_value(&from).unwrap()) {
            Some(from) => assert!(after.can_become(from, to), "{context}"),
            None => assert!(after.is_initial(to), "{context}"),
        }
        // What is asked for first is not asked for in vain.
        let asked =
            |line: &&str| ["# first take ", "# first say "].iter().any(|s| line.starts_with(s));
        for line in said.lines().filter(asked) {
            assert!(read(&followed(table, &said, Some(line))).is_err(), "{line}\n{context}");
        }
    }
}

#[tokio::test]
async fn on_sqlite_whoever_follows_it_has_a_table_that_is_accepted() {
    for table in tables() {
        let mut db = SqliteConnection::connect("sqlite::memory:").await.unwrap();
        every_advice_makes_its_step_legal(&mut db, &table).await;
    }
}

#[tokio::test]
#[ignore = "needs PostgreSQL 15: run by tests/run"]
async fn on_postgres_whoever_follows_it_has_a_table_that_is_accepted() {
    for table in tables() {
        let mut db = sql::connect(&cluster::database().await).await;
        every_advice_makes_its_step_legal(&mut db, &table).await;
    }
}

#[tokio::test]
async fn on_sqlite_what_is_no_text_is_counted_too() {
    let machine = read(&observing(HURDLES)).unwrap();
    let mut db =
        sql::sqlite("CREATE TABLE hurdles (id, status); CREATE INDEX by_id ON hurdles (id)").await;
    ok(&mut db, &sql::schema(&machine, <SqliteConnection as Db>::DIALECT)).await;
    ok(
        &mut db,
        "INSERT INTO hurdles VALUES ('a', 'one'), ('b', x'00ff'), ('c', 'a' || char(0) || 'b')",
    )
    .await;
    ok(&mut db, "UPDATE hurdles SET status = x'01'; UPDATE hurdles SET status = NULL").await;
    let told = db.rows("SELECT transition FROM hurdle_observed").await;
    assert!(told.len() > 4);
    assert!(told.iter().all(|row| row[0].as_deref() == Some(NO_ROW)), "{told:?}");
}
