//! Rows with a history in every state, and what must have become of them.

use phasegate_codegen::Machine;
use phasegate_codegen::emit::sql::Dialect;
use phasegate_codegen::machine::StateId;

use super::Tally;
use super::chain::Version;
use crate::common::judge::ways;
use crate::common::sql::{Db, Names, Row, literal, ok};

/// Rows, each in the state of an id that stays, whatever the state is called.
pub(crate) struct Rows {
    pub(crate) names: Names,
    pub(crate) rows: Vec<(usize, usize)>,
    next: usize,
    events: String,
    prefix: String,
}

impl Rows {
    pub(crate) fn new<D: Db>(machine: &Machine) -> Self {
        let names = Names::new(machine, D::DIALECT);
        let prefix = match D::DIALECT {
            Dialect::Postgres => format!("\"{}\".", super::namespace(machine)),
            Dialect::Sqlite => String::new(),
        };
        let events = names.events.clone().unwrap_or_default();
        Self { names, rows: Vec::new(), next: 0, events, prefix }
    }

    /// So many numbers that no row has; the one before the first.
    pub(crate) fn take(&mut self, count: usize) -> usize {
        self.next += count;
        self.next - count
    }

    /// Rows in every state, from before there was a guard.
    pub(crate) async fn insert_unguarded<D: Db>(
        &mut self,
        db: &mut D,
        version: &Version,
        machine: &Machine,
    ) {
        for (at, id) in version.ids().into_iter().enumerate() {
            self.insert(db, machine, id, at).await;
        }
    }

    async fn insert<D: Db>(
        &mut self,
        db: &mut D,
        machine: &Machine,
        id: usize,
        at: usize,
    ) -> usize {
        let n = self.take(1) + 1;
        let Names { table, key, column, .. } = &self.names;
        let value = literal(&machine.states[at].value);
        let sql = format!(
            "INSERT INTO {table} ({key}, {column}) VALUES ({}, {value})",
            self.names.key(n)
        );
        ok(db, &sql).await;
        self.rows.push((n, id));
        n
    }

    /// Two more rows in every state that one can get to.
    pub(crate) async fn grow<D: Db>(&mut self, db: &mut D, version: &Version, machine: &Machine) {
        let ids = version.ids();
        for way in ways(machine).into_iter().flatten().chain(ways(machine).into_iter().flatten()) {
            let (first, rest) = way.split_first().expect("a way has a start");
            let n = self.insert(db, machine, ids[first.index()], first.index()).await;
            for step in rest {
                self.set(db, n, &machine.state(*step).value).await.expect("a legal step");
                self.rows.last_mut().expect("it was added").1 = ids[step.index()];
            }
        }
    }

    pub(crate) async fn set<D: Db>(&self, db: &mut D, n: usize, value: &str) -> Result<(), String> {
        let Names { table, key, column, .. } = &self.names;
        let (value, id) = (literal(value), self.names.key(n));
        db.run(&format!("UPDATE {table} SET {column} = {value} WHERE {key} = {id}")).await
    }

    /// All that was ever written of the rows, as it was written: later ones last.
    pub(crate) async fn history<D: Db>(&self, db: &mut D) -> String {
        if self.events.is_empty() {
            return String::new();
        }
        let row = &self.names.row;
        let sql = format!(
            "SELECT {row}, CAST(seq AS text), from_state, to_state, CAST(at AS text), language FROM {} ORDER BY 5, 1, 2",
            self.events
        )
        .replace(&format!("SELECT {row}"), &format!("SELECT CAST({row} AS text)"));
        let line = |row: Row| format!("{row:?}\n");
        db.rows(&sql).await.into_iter().map(line).collect()
    }

    /// Each row is in its state still, by the state's name of now.
    pub(crate) async fn are_as_they_were<D: Db>(
        &self,
        db: &mut D,
        version: &Version,
        machine: &Machine,
    ) {
        let ids = version.ids();
        let Names { table, column, key, .. } = &self.names;
        let sql = format!("SELECT CAST({key} AS text), CAST({column} AS text) FROM {table}");
        let found: std::collections::BTreeMap<Option<String>, Option<String>> =
            db.rows(&sql).await.into_iter().map(|row| (row[0].clone(), row[1].clone())).collect();
        for (n, id) in &self.rows {
            let at = ids.iter().position(|other| other == id).expect("states stay");
            let key = self.names.key(*n).trim_matches('\'').to_owned();
            let status = found.get(&Some(key)).unwrap_or_else(|| panic!("row {n} is lost"));
            assert_eq!(status.as_deref(), Some(machine.states[at].value.as_str()), "row {n}");
        }
    }

    /// Each row is judged by the new table, whatever it was called when it got where it is: every
    /// other row is asked for what it may not do, and then does what it may.
    pub(crate) async fn go_on<D: Db>(
        &mut self,
        db: &mut D,
        version: &Version,
        machine: &Machine,
        tally: &mut Tally,
    ) {
        let ids = version.ids();
        for at in (0..self.rows.len()).filter(|at| at % 2 == 0) {
            let (n, id) = self.rows[at];
            let from =
                StateId::new(ids.iter().position(|other| *other == id).expect("states stay"));
            let illegal =
                machine.state_ids().find(|to| *to != from && !machine.can_become(from, *to));
            if let Some(to) = illegal {
                let said = self.set(db, n, &machine.state(to).value).await;
                let said = said.expect_err("it is illegal");
                assert!(said.starts_with("phasegate: illegal transition"), "{said}");
                tally.pairs += 1;
            }
            let legal: Vec<StateId> = machine.next(from).filter(|to| *to != from).collect();
            if let Some(to) = legal.get(n % legal.len().max(1)) {
                let went = self.set(db, n, &machine.state(*to).value).await;
                went.unwrap_or_else(|said| panic!("row {n}: {said}"));
                self.rows[at].1 = ids[to.index()];
                tally.pairs += 1;
            }
        }
    }

    /// Each history begins at a start, has no gap, goes on where it ended, and ends where its row
    /// is: states by their names of now.
    pub(crate) async fn add_up<D: Db>(&self, db: &mut D, machine: &Machine) {
        if self.events.is_empty() {
            return;
        }
        let Names { table, key, column, row, .. } = &self.names;
        let (events, prefix, name) = (&self.events, &self.prefix, &machine.name);
        let now = |state: &str| {
            format!(
                "coalesce((SELECT r.name_now FROM {prefix}\"{name}_renames\" r \
                 WHERE r.language = e.language AND r.state = e.{state}), e.{state})"
            )
        };
        let steps = format!(
            "SELECT CAST(s.k AS text), CAST(s.seq AS text), s.was, s.from_now FROM (SELECT e.{row} AS k, e.seq, {} AS from_now, \
             lag({}) OVER (PARTITION BY e.{row} ORDER BY e.seq) AS was, \
             row_number() OVER (PARTITION BY e.{row} ORDER BY e.seq) AS n FROM {events} e) s \
             WHERE s.seq <> s.n OR (s.n = 1) <> (s.from_now IS NULL) OR (s.n > 1 AND s.was <> s.from_now)",
            now("from_state"),
            now("to_state"),
        );
        assert_eq!(db.rows(&steps).await, Vec::<Row>::new(), "a history that does not add up");
        let ends = format!(
            "SELECT CAST(t.{key} AS text), CAST(t.{column} AS text), {} FROM {table} t JOIN {events} e ON e.{row} = t.{key} \
             WHERE e.seq = (SELECT max(l.seq) FROM {events} l WHERE l.{row} = t.{key}) \
             AND {} <> CAST(t.{column} AS text)",
            now("to_state"),
            now("to_state"),
        );
        assert_eq!(db.rows(&ends).await, Vec::<Row>::new(), "a history that ends elsewhere");
    }
}
