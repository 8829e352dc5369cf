//! On SQLite nothing but a legal transition changes a status, whatever SQL is sent, and the history
//! says what happened. (That it lets all of those through: `equivalence.rs`.)

mod around;
mod guard;
mod history;
mod rebuild;
mod tools;

use crate::common::sql;
use phasegate_codegen::emit::sql::Dialect;
use sqlx::sqlite::SqliteConnection;

use crate::common::sql::{Db as _, ok};

/// The deploy table, with a row `a` that is building and `b` that is queued.
async fn deploys() -> SqliteConnection {
    let mut db = sql::sqlite(&sql::schema(&sql::deploy(), Dialect::Sqlite)).await;
    ok(&mut db, "INSERT INTO deploys (id) VALUES ('a'), ('b')").await;
    ok(&mut db, "UPDATE deploys SET status = 'building' WHERE id = 'a'").await;
    db
}

async fn assert_untouched(db: &mut SqliteConnection) {
    assert_eq!(sql::history(db, "a").await, ">queued queued>building");
    assert_eq!(sql::history(db, "b").await, ">queued");
    let rows = db.rows("SELECT id, status, typeof(status) FROM deploys ORDER BY id").await;
    let row =
        |id: &str, status: &str| [id, status, "text"].map(|text| Some(text.to_owned())).to_vec();
    assert_eq!(rows, [row("a", "building"), row("b", "queued")]);
}
