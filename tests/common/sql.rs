//! What the tests of both databases share: tables of several shapes, a connection that takes plain
//! SQL, and the proof that a database judges exactly as the table does.

use std::collections::VecDeque;

use phasegate_codegen::artifact::Header;
use phasegate_codegen::machine::StateId;
use phasegate_codegen::table::Source;
use phasegate_codegen::target::Target;
use phasegate_codegen::targets::{Dialect, KeyType};
use phasegate_codegen::{Loaded, Machine};

/// A row of a result, every column as text.
pub(crate) type Row = Vec<Option<String>>;

/// A connection that takes plain SQL, several statements at once too.
pub(crate) trait Db {
    /// The database's dialect.
    const DIALECT: Dialect;
    /// Runs it; a refusal is its message.
    async fn run(&mut self, sql: &str) -> Result<(), String>;
    /// The rows of one SELECT of texts.
    async fn rows(&mut self, sql: &str) -> Vec<Row>;
}

/// Runs what must be let through.
pub(crate) async fn ok(db: &mut impl Db, sql: &str) {
    if let Err(message) = db.run(sql).await {
        panic!("{message}\nin: {sql}");
    }
}

/// Runs what must be refused, with a message that starts so after `phasegate: `.
pub(crate) async fn refused(db: &mut impl Db, sql: &str, why: &str) {
    let message = db.run(sql).await.expect_err(sql);
    let said = message.strip_prefix("phasegate: ").unwrap_or_else(|| panic!("{message}\nin: {sql}"));
    assert!(said.starts_with(why), "{said}\ninstead of: {why}\nin: {sql}");
}

/// The history of a row of the deploy table: each step as `from>to`.
pub(crate) async fn history(db: &mut impl Db, id: &str) -> String {
    let sql = format!(
        "SELECT CAST(seq AS text), coalesce(from_state, ''), to_state FROM deploy_events \
         WHERE deploy_id = '{id}' ORDER BY seq"
    );
    let mut steps = Vec::new();
    for (at, row) in db.rows(&sql).await.into_iter().enumerate() {
        let [seq, from, to] = row.try_into().expect("three columns");
        assert_eq!(seq, Some((at + 1).to_string()), "seq has a gap");
        steps.push(format!("{}>{}", from.expect("never null"), to.expect("never null")));
    }
    steps.join(" ")
}

/// The machine of a table.
pub(crate) fn machine(table: &str) -> Machine {
    match phasegate_codegen::machine("test.toml", table.as_bytes()) {
        Ok((_, machine, _)) => machine,
        Err(error) => panic!("{error}\nin: {table}"),
    }
}

/// The machine of this repository.
pub(crate) fn deploy() -> Machine {
    machine(include_str!("../../deploy.toml"))
}

/// The whole schema, as it is generated.
pub(crate) fn schema(machine: &Machine, dialect: Dialect) -> String {
    let loaded = Loaded {
        source: Source::new("test.toml", ""),
        machine: machine.clone(),
        warnings: Vec::new(),
        root: Default::default(),
        header: Header::new("test.toml", machine),
    };
    let name = format!("/{}.sql", dialect.as_str());
    let artifacts = phasegate_codegen::render(&loaded, &[Target::Sql]);
    let artifact = artifacts.into_iter().find(|artifact| artifact.path.ends_with(&name));
    artifact.expect("the dialect is asked for").text
}

/// An order: cycles, a transition to itself, ends that reopen, values that need quotes.
pub(crate) const ORDER: &str = r#"
format = 1
machine = { name = "order", initial = ["cart", "quoted"] }
state = [
  { name = "cart" },
  { name = "quoted", value = "it's \"quoted\"; --" },
  { name = "checked", value = "é ☃ $phasegate$ \\", optional = true },
  { name = "paid", value = " Paid, or so " },
  { name = "sent" },
  { name = "returned", outcome = "neutral", reopens = true },
  { name = "void", outcome = "cancelled" },
  { name = "faxed", retired = true },
]
transition = [
  { path = ["cart", "quoted", "cart"] },
  { from = ["cart", "quoted"], to = "checked" },
  { path = ["checked", "paid", "sent", "returned", "paid"] },
  { from = ["cart", "paid", "faxed"], to = "void" },
  { from = "quoted", to = "quoted" },
  { from = "returned", to = "returned" },
]
[target.sql]
"#;

/// Two states, each the start of the other.
pub(crate) const SWITCH: &str = r#"
format = 1
machine = { name = "run", initial = "off" }
state = [{ name = "off" }, { name = "on" }]
transition = [{ path = ["off", "on", "off"] }]
[target.sql]
"#;

/// One state, and nothing to do.
pub(crate) const STONE: &str = r#"
format = 1
machine = { name = "event", initial = "here" }
state = [{ name = "here" }]
[target.sql]
"#;

/// Every table that the databases are tried with: the deploy table as it is, and small ones with
/// each key of `[target.sql]` set otherwise once.
pub(crate) fn tables() -> Vec<Machine> {
    let order = [
        "key_type = 'bigint'\nstorage = 'text'",
        "table = 'order'\nkey = 'group'\ncolumn = 'user'\nkey_type = 'uuid'\nschema = 'app'\nevents = 'log'",
        "events = false",
        "events = false\nkey_type = 'bigint'\nstorage = 'text'",
    ];
    let mut tables = vec![deploy(), machine(SWITCH), machine(STONE)];
    tables.extend(order.map(|keys| machine(&format!("{ORDER}{keys}"))));
    tables
}

/// The machines that others have published.
pub(crate) fn published() -> Vec<Machine> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tables");
    let files = std::fs::read_dir(folder).expect("the folder is there").flatten();
    let mut paths: Vec<_> = files.map(|file| file.path()).collect();
    paths.sort();
    paths.iter().map(|path| machine(&std::fs::read_to_string(path).expect("a text"))).collect()
}

/// Tables that are attached to ones that exist already.
pub(crate) fn attached() -> Vec<Machine> {
    let keys = [
        "owns = false",
        "owns = false\nstorage = 'text'\nkey_type = 'bigint'",
        "owns = false\nstorage = 'text'\nkey_type = 'uuid'\nschema = 'app'\ntable = 'select'",
        "owns = false\nevents = false",
    ];
    let mut tables: Vec<_> = keys.map(|keys| machine(&format!("{ORDER}{keys}"))).into();
    tables.extend([SWITCH, STONE].map(|table| machine(&format!("{table}owns = false"))));
    tables
}

/// A table at the limits of the format: each state leads to the 16 after it, around and around.
pub(crate) fn largest() -> String {
    let mut table = String::from(
        "format = 1\n[machine]\nname = \"big\"\ninitial = \"s0\"\n[target.sql]\n",
    );
    for n in 0..4096 {
        table += &format!("[[state]]\nname = \"s{n}\"\n");
    }
    for n in 0..4096 {
        let to: Vec<String> = (1..=16).map(|step| format!("\"s{}\"", (n + step) % 4096)).collect();
        table += &format!("[[transition]]\nfrom = \"s{n}\"\nto = [{}]\n", to.join(", "));
    }
    table
}

/// The names of one machine, as a test writes them.
pub(crate) struct Names {
    pub(crate) table: String,
    pub(crate) key: String,
    pub(crate) column: String,
    pub(crate) events: Option<String>,
    pub(crate) row: String,
    pub(crate) key_type: KeyType,
}

impl Names {
    pub(crate) fn new(machine: &Machine, dialect: Dialect) -> Self {
        let sql = machine.targets.sql.as_ref().expect("the table has the target");
        let prefix = match dialect {
            Dialect::Postgres => format!("{}.", sql.schema.as_deref().unwrap_or("public")),
            Dialect::Sqlite => String::new(),
        };
        let name = machine.name.as_str();
        let row = if ["run", "event"].contains(&name) { "key" } else { "id" };
        Self {
            table: format!("{prefix}\"{}\"", sql.table),
            key: format!("\"{}\"", sql.key),
            column: format!("\"{}\"", sql.column),
            events: sql.events.as_ref().map(|events| format!("{prefix}\"{events}\"")),
            row: format!("{name}_{row}"),
            key_type: sql.key_type,
        }
    }

    /// The nth key, as a literal.
    pub(crate) fn key(&self, n: usize) -> String {
        match self.key_type {
            KeyType::Text => format!("'row {n}'"),
            KeyType::Uuid => format!("'00000000-0000-4000-8000-{n:012}'"),
            KeyType::Bigint => n.to_string(),
        }
    }
}

/// A text as a literal.
pub(crate) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// A shortest way from a start to each state, where there is one.
fn ways(machine: &Machine) -> Vec<Option<Vec<StateId>>> {
    let mut ways: Vec<Option<Vec<StateId>>> = vec![None; machine.states.len()];
    let mut waiting: VecDeque<StateId> = machine.initial.iter().copied().collect();
    for &start in &machine.initial {
        ways[start.index()] = Some(vec![start]);
    }
    while let Some(from) = waiting.pop_front() {
        let way = ways[from.index()].clone().expect("it was reached");
        for to in machine.next(from) {
            if ways[to.index()].is_none() {
                ways[to.index()] = Some(way.iter().copied().chain([to]).collect());
                waiting.push_back(to);
            }
        }
    }
    ways
}

/// Tries every pair of states, *nothing* as the state before and an unknown one after among them,
/// each on a row of its own, and compares what the database let through, said and logged with what
/// the table says. Gives the number of pairs.
pub(crate) async fn judges_as_the_table<D: Db>(db: &mut D, machine: &Machine) -> usize {
    let judge = Judge { names: Names::new(machine, D::DIALECT), machine, older: false };
    let mut pairs = 0;
    for to in machine.state_ids() {
        pairs += 1;
        judge.start(db, pairs, to).await;
    }
    for (from, way) in machine.state_ids().zip(ways(machine)) {
        let Some(way) = way else { continue };
        for to in machine.state_ids() {
            pairs += 1;
            judge.walk(db, pairs, &way).await;
            judge.step(db, pairs, &way, from, to).await;
        }
        pairs += 1;
        judge.walk(db, pairs, &way).await;
        judge.unknown(db, pairs, from).await;
    }
    pairs
}

/// The same for rows that were there before the guard: one for each pair, by the order of the
/// states, from 1; so from every state, retired ones too.
pub(crate) async fn judges_older_rows_as_the_table<D: Db>(db: &mut D, machine: &Machine) {
    let judge = Judge { names: Names::new(machine, D::DIALECT), machine, older: true };
    let mut n = 0;
    for from in machine.state_ids() {
        for to in machine.state_ids() {
            n += 1;
            judge.step(db, n, &[from], from, to).await;
        }
    }
}

struct Judge<'m> {
    machine: &'m Machine,
    names: Names,
    /// Whether the rows are older than the guard.
    older: bool,
}

impl Judge<'_> {
    fn value(&self, state: StateId) -> &str {
        &self.machine.state(state).value
    }

    fn list(&self, states: impl Iterator<Item = StateId>) -> String {
        let states: Vec<&str> = states.map(|state| self.value(state)).collect();
        if states.is_empty() { "none".to_owned() } else { states.join(", ") }
    }

    async fn insert(&self, db: &mut impl Db, n: usize, state: StateId) -> Result<(), String> {
        let Names { table, key, column, .. } = &self.names;
        let (id, value) = (self.names.key(n), literal(self.value(state)));
        db.run(&format!("INSERT INTO {table} ({key}, {column}) VALUES ({id}, {value})")).await
    }

    async fn update(&self, db: &mut impl Db, n: usize, value: &str) -> Result<(), String> {
        let Names { table, key, column, .. } = &self.names;
        let id = self.names.key(n);
        db.run(&format!("UPDATE {table} SET {column} = {} WHERE {key} = {id}", literal(value))).await
    }

    async fn walk(&self, db: &mut impl Db, n: usize, way: &[StateId]) {
        self.insert(db, n, way[0]).await.expect("an initial state");
        for &state in &way[1..] {
            self.update(db, n, self.value(state)).await.expect("a legal step");
        }
    }

    async fn start<D: Db>(&self, db: &mut D, n: usize, to: StateId) {
        let (machine, value) = (&self.machine.name, self.value(to));
        let mut initial = self.machine.initial.clone();
        initial.sort();
        let initial = self.list(initial.into_iter());
        match self.insert(db, n, to).await {
            Ok(()) => {
                assert!(self.machine.is_initial(to), "a row of {machine} started in {value}");
                self.assert_row(db, n, &[to]).await;
            }
            Err(said) => {
                assert!(!self.machine.is_initial(to), "{said}");
                let place = match D::DIALECT {
                    Dialect::Postgres => format!(" in {value}"),
                    Dialect::Sqlite => String::new(),
                };
                let message = format!("phasegate: illegal start of {machine}{place}; initial: {initial}");
                assert_eq!(said, message);
                self.assert_row(db, n, &[]).await;
            }
        }
    }

    async fn step<D: Db>(&self, db: &mut D, n: usize, way: &[StateId], from: StateId, to: StateId) {
        let (machine, was, becomes) = (&self.machine.name, self.value(from), self.value(to));
        let mut after = way.to_vec();
        let legal = self.machine.can_become(from, to);
        match self.update(db, n, becomes).await {
            // To set what is there already changes nothing; it is a step where it is declared.
            Ok(()) => {
                assert!(legal || from == to, "a row of {machine} went {was} -> {becomes}");
                after.extend(legal.then_some(to));
            }
            Err(said) => {
                assert!(!legal && from != to, "{was} -> {becomes}: {said}");
                let pair = match D::DIALECT {
                    Dialect::Postgres => format!(": {was} -> {becomes}"),
                    Dialect::Sqlite => format!(" from {was}"),
                };
                let legal = self.list(self.machine.next(from));
                let message = format!("phasegate: illegal transition of {machine}{pair}; legal: {legal}");
                assert_eq!(said, message);
            }
        }
        let written = match D::DIALECT {
            // PostgreSQL writes an older row's history when it first moves.
            Dialect::Postgres if self.older && after.len() == 1 => &[],
            Dialect::Postgres | Dialect::Sqlite => &after[..],
        };
        self.assert_history(db, n, written).await;
        self.assert_status(db, n, after.last().copied()).await;
    }

    async fn unknown<D: Db>(&self, db: &mut D, n: usize, from: StateId) {
        let said = self.update(db, n, "no such state").await.expect_err("the state is unknown");
        let is_enum = self.machine.targets.sql.as_ref().map(|sql| sql.storage)
            == Some(phasegate_codegen::targets::Storage::Enum);
        if D::DIALECT == Dialect::Postgres && is_enum {
            assert!(said.starts_with("invalid input value for enum"), "{said}");
        } else {
            let known = self.list(self.machine.state_ids());
            let value = match D::DIALECT {
                Dialect::Postgres => ": no such state",
                Dialect::Sqlite => "",
            };
            let machine = &self.machine.name;
            assert_eq!(said, format!("phasegate: unknown state of {machine}{value}; known: {known}"));
        }
        self.assert_status(db, n, Some(from)).await;
    }

    async fn assert_row(&self, db: &mut impl Db, n: usize, history: &[StateId]) {
        self.assert_status(db, n, history.last().copied()).await;
        self.assert_history(db, n, history).await;
    }

    async fn assert_status(&self, db: &mut impl Db, n: usize, state: Option<StateId>) {
        let Names { table, key, column, .. } = &self.names;
        let sql = format!(
            "SELECT CAST({column} AS text) FROM {table} WHERE {key} = {}",
            self.names.key(n)
        );
        let expected: Vec<Row> =
            state.map(|state| vec![Some(self.value(state).to_owned())]).into_iter().collect();
        assert_eq!(db.rows(&sql).await, expected);
    }

    async fn assert_history(&self, db: &mut impl Db, n: usize, states: &[StateId]) {
        let Names { events: Some(events), row, .. } = &self.names else { return };
        let sql = format!(
            "SELECT CAST(seq AS text), from_state, to_state, language FROM {events} \
             WHERE {row} = {} ORDER BY seq",
            self.names.key(n)
        );
        let mut before = None;
        let mut expected: Vec<Row> = Vec::new();
        for (at, &state) in states.iter().enumerate() {
            let to = Some(self.value(state).to_owned());
            let language = Some(self.machine.fingerprints.language.clone());
            expected.push(vec![Some((at + 1).to_string()), before, to.clone(), language]);
            before = to;
        }
        assert_eq!(db.rows(&sql).await, expected);
    }
}
