//! Defects of a migration on PostgreSQL, caught by running it on a server, and SQL after it.

use sqlx::PgConnection;

use super::database::checks;
use super::defect::{Defect, check, killer, put};
use super::postgres_checks::{labels_stand_in_the_order_of_the_states, on_server};
use crate::common::cluster::database;
use crate::common::sql::{self, connect, ok};

const CHANGE: &str = "0002_change_deploy.sql";

const fn change(what: &'static str, from: &'static str, to: &'static str) -> Defect {
    put("deploy", CHANGE, what, from, to)
}

pub(crate) const DEFECTS: [Defect; 10] = [
    change(
        "a new label left out",
        "ADD VALUE IF NOT EXISTS 'health_checking'",
        "ADD VALUE IF NOT EXISTS 'health_check'",
    ),
    change(
        "a new label in another place",
        "ADD VALUE IF NOT EXISTS 'health_checking' AFTER 'deploying'",
        "ADD VALUE IF NOT EXISTS 'health_checking' BEFORE 'deploying'",
    ),
    change("a new pair left out", "{\"health_checking\": \"declared\", ", "{"),
    change(
        "a new pair that the table does not have",
        "\"health_checking\": {\"succeeded\": \"declared\", \"failed\": \"declared\"}",
        "\"health_checking\": {\"succeeded\": \"declared\", \"failed\": \"declared\"},\n    \"succeeded\": {\"failed\": \"declared\"}",
    ),
    change("a new state left out", "\"deploying\", \"health_checking\", ", "\"deploying\", "),
    change(
        "a new state that starts rows",
        "{\"queued\": 0}",
        "{\"queued\": 0, \"smoke_running\": 1}",
    ),
    change(
        "a state that moved left where it was",
        "\"freeze_passed\", \"building\", ",
        "\"building\", \"freeze_passed\", ",
    ),
    change(
        "a pair that became a skip left declared",
        "\"succeeded\": \"skip\"",
        "\"succeeded\": \"declared\"",
    ),
    change(
        "a new label used in the file that adds it",
        "-- The rules from here on.",
        "INSERT INTO \"public\".\"deploys\" (\"id\", \"status\") VALUES ('x', 'smoke_running');\n-- The rules from here on.",
    ),
    change("the old fingerprint kept", "775a73dba2dc4ce4", "192ff50c3453856c"),
];

pub(crate) fn run(_: &str, defect: Option<&Defect>) -> Option<String> {
    let first = include_str!("../../../migrations/postgres/0001_create_deploy.sql");
    let second = include_str!("../../../migrations/postgres/0002_change_deploy.sql");
    let second = defect.map_or(second.to_owned(), |defect| defect.apply(second));
    let machine = sql::deploy();
    killer(|at| {
        on_server(async {
            let mut db = connect(&database().await).await;
            ok(&mut db, first).await;
            check!(at, migrates(&mut db, &second).await);
            checks(&mut db, &machine, at).await;
            check!(at, labels_stand_in_the_order_of_the_states(&mut db, &machine).await);
        });
    })
}

/// In one transaction, as every runner of migrations does.
async fn migrates(db: &mut PgConnection, migration: &str) {
    ok(db, &format!("BEGIN; {migration}; COMMIT")).await;
}
