//! The databases: SQLite and PostgreSQL through sqlx, and PostgreSQL 18 in node.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use phasegate_codegen::emit::sql::Dialect;
use serde_json::{Value, json};

use super::script::{Outcome, Script, script};
use crate::common::cluster::database;
use crate::common::sql::{self, Db};
use crate::equivalence::cases::{Answers, Case};

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.unwrap().block_on(future)
}

async fn run<D: Db>(db: &mut D, case: &Case) -> Answers {
    let script = script(case, D::DIALECT);
    if let Err(message) = db.run(&script.setup).await {
        panic!("{message}\nin: {}\n{}", case.name, script.setup);
    }
    let mut outcome = Outcome { tries: Vec::new(), reads: Vec::new() };
    for statement in &script.tries {
        outcome.tries.push(db.run(statement).await);
    }
    for select in &script.reads {
        outcome.reads.push(db.rows(select).await);
    }
    if D::DIALECT == Dialect::Postgres {
        sql::ok(db, &script.reset).await;
    }
    script.read(case, D::DIALECT, &outcome)
}

/// A database in memory for each table.
pub(super) fn sqlite(cases: &[Case]) -> Vec<Answers> {
    block_on(async {
        let mut answers = Vec::new();
        for case in cases {
            answers.push(run(&mut sql::sqlite("").await, case).await);
        }
        answers
    })
}

/// One database for all tables, emptied in between.
pub(super) fn postgres(cases: &[Case]) -> Vec<Answers> {
    block_on(async {
        let mut db = sql::connect(&database().await).await;
        let mut answers = Vec::new();
        for case in cases {
            answers.push(run(&mut db, case).await);
        }
        answers
    })
}

/// One process and one database for all tables, emptied in between.
pub(super) fn pglite(cases: &[Case]) -> Vec<Answers> {
    let scripts: Vec<Script> = cases.iter().map(|case| script(case, Dialect::Postgres)).collect();
    let mut node = Command::new("node")
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/artifacts/equivalence/pglite.mjs"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("node runs; install it (on Debian: apt-get install nodejs)");
    let lines: String = scripts
        .iter()
        .map(|Script { setup, tries, reads, reset, .. }| {
            format!(
                "{}\n",
                json!({ "setup": setup, "tries": tries, "reads": reads, "reset": reset })
            )
        })
        .collect();
    let mut input = node.stdin.take().unwrap();
    let writer = std::thread::spawn(move || input.write_all(lines.as_bytes()));
    let output = node.wait_with_output().unwrap();
    assert!(output.status.success(), "PGlite failed; install it with `npm ci --prefix tests`");
    writer.join().unwrap().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let said: Vec<Value> = said.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(said.len(), cases.len());
    cases
        .iter()
        .zip(&scripts)
        .zip(said)
        .map(|((case, script), said)| {
            assert_eq!(
                said["refused"],
                Value::Null,
                "the setup\nin: {}\n{}",
                case.name,
                script.setup
            );
            let tries = said["tries"].as_array().unwrap().iter();
            let tries = tries.map(|said| match said {
                Value::Null => Ok(()),
                said => Err(said.as_str().unwrap().to_owned()),
            });
            let reads = serde_json::from_value(said["reads"].clone()).unwrap();
            let outcome = Outcome { tries: tries.collect(), reads };
            script.read(case, Dialect::Postgres, &outcome)
        })
        .collect()
}
