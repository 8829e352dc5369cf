//! A table that changes step by step: after random chains of changes a database is and judges what
//! it would be and judge had it been made afresh; rows and history stay what they were; and on
//! PostgreSQL writers go on meanwhile.
//!
//! `PHASEGATE_CASES` is the number of chains.

mod chain;
mod hammer;
mod rows;

use crate::common::judge;
use crate::common::sql;
use std::cell::RefCell;

use crate::common::cluster::database;
use crate::common::shape::{namespace, shape};
use crate::common::sql::{Db, Names, Row, literal, ok};
use chain::{Numbers, Version, chain};
use hammer::Hammer;
use phasegate_codegen::Machine;
use phasegate_codegen::emit::sql::{Dialect, Impossible, KeyType, Migration, Storage, migrations};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{FileFailurePersistence, TestRunner};
use rows::Rows;
use sqlx::Connection as _;
use sqlx::postgres::PgConnection;
use sqlx::sqlite::SqliteConnection;

/// The number of chains: `PHASEGATE_CASES`, or this.
fn wanted(default: u32) -> u32 {
    std::env::var("PHASEGATE_CASES").map_or(default, |cases| {
        cases.parse().unwrap_or_else(|_| panic!("PHASEGATE_CASES is not a number: {cases}"))
    })
}

fn config(cases: u32) -> ProptestConfig {
    let seeds = FileFailurePersistence::Direct("tests/database/evolution/seeds.txt");
    ProptestConfig {
        cases,
        failure_persistence: Some(Box::new(seeds)),
        source_file: Some(file!()),
        max_shrink_time: 120_000,
        ..ProptestConfig::default()
    }
}

fn numbers() -> impl Strategy<Value = Numbers> {
    (any::<u8>(), vec(vec(any::<(u8, u8, u8)>(), 1..5), 1..6))
}

/// What came by, against proofs of nothing.
#[derive(Debug, Default)]
struct Tally {
    chains: usize,
    steps: usize,
    files: usize,
    renames: usize,
    defaults: usize,
    pairs: usize,
    written: usize,
    refused: usize,
}

/// The application's own table, where phasegate does not make it.
fn own_table<D: Db>(machine: &Machine) -> String {
    let target = machine.targets.sql().unwrap();
    if target.owns {
        return String::new();
    }
    let Names { table, key, column, .. } = Names::new(machine, D::DIALECT);
    let schema = namespace(machine);
    let key_type = match (D::DIALECT, target.key[0].of) {
        (Dialect::Sqlite, KeyType::Bigint | KeyType::Integer) => {
            "INTEGER PRIMARY KEY AUTOINCREMENT"
        }
        (_, KeyType::Bigint | KeyType::Integer) => "bigint PRIMARY KEY",
        (Dialect::Postgres, KeyType::Uuid) => "uuid PRIMARY KEY",
        (_, KeyType::Text | KeyType::Uuid) => "text PRIMARY KEY",
    };
    let status = match (D::DIALECT, target.storage) {
        (Dialect::Postgres, Storage::Enum) => format!("\"{schema}\".\"Labels of Old\""),
        (_, Storage::Integer) => "integer".to_owned(),
        (Dialect::Postgres, Storage::Text) | (Dialect::Sqlite, _) => "text".to_owned(),
    };
    let mut out = String::new();
    if D::DIALECT == Dialect::Postgres {
        let labels: Vec<String> = machine.states.iter().map(|s| literal(&s.value)).collect();
        out += &format!("CREATE SCHEMA IF NOT EXISTS \"{schema}\";");
        if target.storage == Storage::Enum {
            let labels = labels.join(", ");
            out += &format!("CREATE TYPE \"{schema}\".\"Labels of Old\" AS ENUM ({labels});");
        }
    }
    format!("{out} CREATE TABLE {table} ({key} {key_type}, {column} {status});")
}

/// A database that takes a schema and forgets it again.
trait Afresh: Db + Sized {
    /// The shape that the table's schema gives, made afresh.
    async fn afresh(&mut self, machine: &Machine) -> Vec<Row>;
}

impl Afresh for SqliteConnection {
    async fn afresh(&mut self, machine: &Machine) -> Vec<Row> {
        let mut db = sql::sqlite(&own_table::<Self>(machine)).await;
        ok(&mut db, &sql::schema(machine, Dialect::Sqlite)).await;
        shape(&mut db, machine).await
    }
}

impl Afresh for PgConnection {
    async fn afresh(&mut self, machine: &Machine) -> Vec<Row> {
        let schema = namespace(machine);
        ok(
            self,
            &format!("BEGIN; ALTER SCHEMA \"{schema}\" RENAME TO away; CREATE SCHEMA \"{schema}\""),
        )
        .await;
        ok(self, &own_table::<Self>(machine)).await;
        ok(self, &sql::schema(machine, Dialect::Postgres)).await;
        let shape = shape(self, machine).await;
        ok(self, "ROLLBACK").await;
        shape
    }
}

/// Runs a chain on an empty database.
async fn evolve<D: Afresh>(
    db: &mut D,
    chain: &[Version],
    mut hammer: Option<Hammer>,
    tally: &mut Tally,
) {
    let first = chain[0].machine().unwrap();
    ok(db, &own_table::<D>(&first)).await;
    let mut rows = Rows::new::<D>(&first);
    if !first.targets.sql().unwrap().owns {
        rows.insert_unguarded(db, &chain[0], &first).await;
    }
    ok(db, &sql::schema(&first, D::DIALECT)).await;
    let mut past: Vec<Machine> = vec![first];
    let mut version = &chain[0];
    for next in &chain[1..] {
        let old = past.last().unwrap().clone();
        let new = next.machine().unwrap();
        let before: Vec<&Machine> = past.iter().collect();
        let files = match migrations(&before, &new, D::DIALECT) {
            Ok(files) => files,
            Err(refused) => {
                let returns = |found: &Impossible| matches!(found, Impossible::Ambiguous { .. });
                assert!(refused.iter().all(returns), "{refused:?}");
                return;
            }
        };
        rows.grow(db, version, &old).await;
        let history = rows.history(db).await;
        tally.steps += 1;
        tally.files += files.len();
        tally.renames += usize::from(files.iter().any(|file| file.name.starts_with("rename_")));
        tally.defaults += usize::from(files.iter().any(|file| {
            file.text.contains("CREATE OR REPLACE FUNCTION")
                || file.text.contains("writable_schema")
        }));
        match &mut hammer {
            Some(hammer) => {
                let (written, refused) =
                    hammer.during(db, (version, &old), (next, &new), &files, &mut rows).await;
                tally.written += written;
                tally.refused += refused;
            }
            None => {
                for file in &files {
                    run(db, file).await;
                }
                assert_eq!(rows.history(db).await, history, "the history was rewritten");
            }
        }
        assert!(rows.history(db).await.starts_with(&history), "the history was rewritten");
        assert_same(&shape(db, &new).await, &db.afresh(&new).await);
        rows.are_as_they_were(db, next, &new).await;
        rows.go_on(db, next, &new, tally).await;
        tally.pairs += judge::judges_as_the_table_from(db, &new, rows.take(10_000)).await;
        rows.add_up(db, &new).await;
        past.push(new);
        version = next;
    }
    tally.chains += 1;
}

/// Reports only what differs: shapes are long.
fn assert_same(migrated: &[Row], afresh: &[Row]) {
    let only = |in_: &[Row], not: &[Row]| -> Vec<Row> {
        in_.iter().filter(|row| !not.contains(row)).cloned().collect()
    };
    assert_eq!(only(migrated, afresh), only(afresh, migrated), "migrated, and made afresh");
    assert_eq!(migrated.len(), afresh.len());
}

async fn run<D: Db>(db: &mut D, file: &Migration) {
    ok(db, &format!("BEGIN; {}; COMMIT", file.text)).await;
}

fn try_chains(default: u32, each: impl Fn(Vec<Version>, &mut Tally)) {
    let wanted = wanted(default);
    let tally = RefCell::new(Tally::default());
    let result = TestRunner::new(config(wanted)).run(&numbers(), |numbers| {
        each(chain(&numbers), &mut tally.borrow_mut());
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
    let tally = tally.into_inner();
    println!("{tally:?}");
    assert!(tally.chains > 0 && tally.steps > tally.chains / 2, "{tally:?}");
    assert!(wanted < 20 || (tally.renames > 0 && tally.defaults > 0), "{tally:?}");
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

#[test]
fn step_by_step_and_afresh_come_to_the_same_on_sqlite() {
    let runtime = runtime();
    try_chains(40, |chain, tally| {
        runtime.block_on(async {
            let mut db = sql::sqlite("PRAGMA foreign_keys = ON").await;
            evolve(&mut db, &chain, None, tally).await;
        });
    });
}

#[test]
#[ignore = "needs PostgreSQL 15: run by tests/run"]
fn step_by_step_and_afresh_come_to_the_same_on_postgres_while_others_write() {
    let runtime = runtime();
    try_chains(8, |chain, tally| {
        runtime.block_on(async {
            let url = database().await;
            let mut db = sql::connect(&url).await;
            let hammer = Hammer::new(&url).await;
            evolve(&mut db, &chain, Some(hammer), tally).await;
            db.close().await.unwrap();
        });
    });
}
