//! On PostgreSQL nothing but a legal transition changes a status, whatever SQL is sent, and the
//! history says what happened. (That it lets all of those through: `equivalence.rs`.)

mod around;
mod guard;
mod history;
pub(crate) mod lives;
mod replicas;
mod spared;
mod ways;
mod writers;

use crate::common::sql;
use phasegate_codegen::emit::sql::Dialect;
use sqlx::postgres::PgConnection;

use crate::common::cluster::database;
use crate::common::sql::{Db as _, ok};

async fn postgres(schema: &str) -> PgConnection {
    let mut db = sql::connect(&database().await).await;
    ok(&mut db, schema).await;
    db
}

const ROWS: &str = "INSERT INTO deploys (id) VALUES ('a'), ('b'); \
                    UPDATE deploys SET status = 'building' WHERE id = 'a'";

/// The deploy table, with a row `a` that is building and `b` that is queued.
async fn deploys() -> PgConnection {
    let mut db = postgres(&sql::schema(&sql::deploy(), Dialect::Postgres)).await;
    ok(&mut db, ROWS).await;
    db
}

/// The same, its column a text.
async fn text_deploys() -> PgConnection {
    let table =
        include_str!("../../deploy.toml").replace("[target.sql]", "[target.sql]\nstorage = 'text'");
    let mut db = postgres(&sql::schema(&sql::machine(&table), Dialect::Postgres)).await;
    ok(&mut db, ROWS).await;
    db
}

async fn assert_untouched(db: &mut PgConnection) {
    assert_eq!(sql::history(db, "a").await, ">queued queued>building");
    assert_eq!(sql::history(db, "b").await, ">queued");
    let rows = db.rows("SELECT id, status::text FROM public.deploys ORDER BY id").await;
    let row = |id: &str, status: &str| [id, status].map(|text| Some(text.to_owned())).to_vec();
    assert_eq!(rows, [row("a", "building"), row("b", "queued")]);
}
