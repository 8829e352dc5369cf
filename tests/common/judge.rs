//! The proof that a database judges exactly as the table does.
#![allow(dead_code, reason = "each test uses a part")]

use std::collections::VecDeque;

use phasegate_codegen::Machine;
use phasegate_codegen::emit::sql::{Dialect, Storage};
use phasegate_codegen::machine::StateId;

use super::sql::{Db, Names, Row, literal};

/// A shortest way from a start to each state, where there is one.
pub(crate) fn ways(machine: &Machine) -> Vec<Option<Vec<StateId>>> {
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
    judges_as_the_table_from(db, machine, 0).await
}

/// The same, on rows that are numbered from the one after this.
pub(crate) async fn judges_as_the_table_from<D: Db>(
    db: &mut D,
    machine: &Machine,
    before: usize,
) -> usize {
    let judge = Judge { names: Names::new(machine, D::DIALECT), machine, older: false };
    let mut pairs = before;
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
    pairs - before
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
        db.run(&format!("UPDATE {table} SET {column} = {} WHERE {key} = {id}", literal(value)))
            .await
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
                let message =
                    format!("phasegate: illegal start of {machine}{place}; initial: {initial}");
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
                let message =
                    format!("phasegate: illegal transition of {machine}{pair}; legal: {legal}");
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
        let is_enum = self.machine.targets.sql().map(|sql| sql.storage) == Some(Storage::Enum);
        if D::DIALECT == Dialect::Postgres && is_enum {
            assert!(said.starts_with("invalid input value for enum"), "{said}");
        } else {
            let known = self.list(self.machine.state_ids());
            let value = match D::DIALECT {
                Dialect::Postgres => ": no such state",
                Dialect::Sqlite => "",
            };
            let machine = &self.machine.name;
            assert_eq!(
                said,
                format!("phasegate: unknown state of {machine}{value}; known: {known}")
            );
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
