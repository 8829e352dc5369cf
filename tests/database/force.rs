//! The audited way out: what no transition allows is written by force, with a reason, by whoever has
//! the privilege, marked in the history; and there is no other way to that mark, or past the guard.

mod others;

use crate::common::cluster::database;
use crate::common::sql;
use phasegate_codegen::Machine;
use phasegate_codegen::emit::sql::{Dialect, Storage};
use sqlx::postgres::PgConnection;
use sqlx::sqlite::SqliteConnection;

use crate::common::sql::{Db, Names, Row, history, literal, ok, refused};

// Runs a check of both databases on each, on the deploy table with a row `a` that is building and
// `b` that is queued.
on_each_database! {
    [&mut super::sqlite().await, &mut super::postgres().await]
    writes_what_no_transition_allows_and_marks_it
    marks_a_legal_step_that_was_forced_too
    says_what_it_cannot_force
    leaves_no_hole_in_the_guard
    leaves_nothing_where_it_is_taken_back
    forces_rows_of_every_kind_of_table
    is_not_there_without_a_history
}

const ROWS: &str = "INSERT INTO deploys (id) VALUES ('a'), ('b'); \
                    UPDATE deploys SET status = 'building' WHERE id = 'a'";

async fn sqlite() -> SqliteConnection {
    let mut db = sql::sqlite(&sql::schema(&sql::deploy(), Dialect::Sqlite)).await;
    ok(&mut db, ROWS).await;
    db
}

async fn postgres() -> PgConnection {
    let mut db = sql::connect(&database().await).await;
    ok(&mut db, &sql::schema(&sql::deploy(), Dialect::Postgres)).await;
    ok(&mut db, ROWS).await;
    db
}

/// The statements that force; key, state and reason as SQL.
fn by_force<D: Db>(
    _: &D,
    (force, names): (&str, &Names),
    key: &str,
    to: &str,
    reason: &str,
) -> String {
    match D::DIALECT {
        Dialect::Postgres => format!("SELECT {force}({key}, {to}, {reason})"),
        Dialect::Sqlite => format!(
            "INSERT INTO {force} (key, to_state, reason) VALUES ({key}, {to}, {reason}); \
             UPDATE {} SET {} = {to} WHERE {} = {key}",
            names.table, names.column, names.key
        ),
    }
}

/// The same for a row of the deploy table.
fn force<D: Db>(db: &D, id: &str, to: &str, reason: &str) -> String {
    let names = Names::new(&sql::deploy(), D::DIALECT);
    by_force(db, ("deploy_force", &names), &literal(id), &literal(to), &literal(reason))
}

/// The marks of a row's history, each as `seq: reason`.
async fn marks(db: &mut impl Db, id: &str) -> Vec<String> {
    let sql = format!(
        "SELECT CAST(seq AS text) || ': ' || forced FROM deploy_events \
         WHERE deploy_id = '{id}' AND forced IS NOT NULL ORDER BY seq"
    );
    db.rows(&sql).await.into_iter().flatten().flatten().collect()
}

async fn assert_nothing_forced(db: &mut impl Db) {
    assert_eq!(history(db, "a").await, ">queued queued>building");
    assert_eq!(history(db, "b").await, ">queued");
    for count in ["deploy_events WHERE forced IS NOT NULL", "deploy_forcing", "deploy_reports"] {
        let rows = db.rows(&format!("SELECT 'row' FROM {count}")).await;
        assert_eq!(rows, Vec::<Row>::new(), "{count}");
    }
}

async fn writes_what_no_transition_allows_and_marks_it<D: Db>(db: &mut D) {
    // Into an end, out of it again, and back to the start.
    for (to, reason) in
        [("succeeded", "the page \"hung\""), ("building", "it's not"), ("queued", "3")]
    {
        let statement = force(db, "a", to, reason);
        ok(db, &statement).await;
    }
    let steps = ">queued queued>building building>succeeded succeeded>building building>queued";
    assert_eq!(history(db, "a").await, steps);
    assert_eq!(marks(db, "a").await, ["3: the page \"hung\"", "4: it's not", "5: 3"]);
    let reports = "SELECT status, from_state, answer, CAST(seq AS text), actor FROM deploy_reports ORDER BY id";
    let reports = db.rows(reports).await;
    let actor = match D::DIALECT {
        Dialect::Postgres => Some("postgres".to_owned()),
        Dialect::Sqlite => None,
    };
    let report = |status: &str, from: &str, seq: &str| {
        let mut row: Row = [status, from, "applied", seq].map(|text| Some(text.to_owned())).into();
        row.push(actor.clone());
        row
    };
    assert_eq!(
        reports,
        [
            report("succeeded", "building", "3"),
            report("building", "succeeded", "4"),
            report("queued", "building", "5")
        ]
    );
    // From there it goes on as the table says.
    refused(db, "UPDATE deploys SET status = 'succeeded' WHERE id = 'a'", "illegal transition")
        .await;
    ok(db, "UPDATE deploys SET status = 'smoke_running' WHERE id = 'a'").await;
    assert_eq!(marks(db, "a").await.len(), 3);
    assert_eq!(history(db, "b").await, ">queued");
}

async fn marks_a_legal_step_that_was_forced_too(db: &mut impl Db) {
    let statement = force(db, "a", "deploying", "to be sure");
    ok(db, &statement).await;
    assert_eq!(marks(db, "a").await, ["3: to be sure"]);
}

async fn says_what_it_cannot_force<D: Db>(db: &mut D) {
    let (unknown, key, already, retired) = match D::DIALECT {
        Dialect::Postgres => (
            "unknown state of deploy: none; known: queued, smoke_running,",
            "no row of deploys has the key c",
            "a is in building already: there is nothing to force",
            "the state faxed of order is retired: nothing enters it",
        ),
        Dialect::Sqlite => (
            "unknown state of deploy; known: see deploy_states",
            "deploy_force wants the key of a row",
            "the history ends in that state already: there is nothing to force",
            "that state of order is retired: nothing enters it",
        ),
    };
    let names = Names::new(&sql::deploy(), D::DIALECT);
    for (key, to, reason, why) in [
        ("'a'", "'none'", "'x'", unknown),
        ("'a'", "NULL", "'x'", "unknown state"),
        (if D::DIALECT == Dialect::Sqlite { "NULL" } else { "'c'" }, "'failed'", "'x'", key),
        ("'a'", "'building'", "'x'", already),
        ("'a'", "'failed'", "NULL", "deploy_force wants a reason"),
        ("'a'", "'failed'", "''", "deploy_force wants a reason"),
        ("'a'", "'failed'", "' \t\n '", "deploy_force wants a reason"),
    ] {
        let statement = by_force(db, ("deploy_force", &names), key, to, reason);
        refused(db, &statement, why).await;
    }
    assert_nothing_forced(db).await;
    let order = sql::machine(&format!("{}storage = 'text'", sql::ORDER));
    ok(db, &sql::schema(&order, D::DIALECT)).await;
    ok(db, "INSERT INTO orders (id, status) VALUES ('o', 'cart')").await;
    let statement =
        by_force(db, ("order_force", &Names::new(&order, D::DIALECT)), "'o'", "'faxed'", "'x'");
    refused(db, &statement, retired).await;
}

async fn leaves_no_hole_in_the_guard(db: &mut impl Db) {
    let illegal = "illegal transition of deploy";
    let (end, back) = (force(db, "a", "succeeded", "x"), force(db, "a", "building", "x"));
    // The same row again, and another to the same state, in the same transaction.
    ok(db, "BEGIN").await;
    ok(db, &end).await;
    ok(db, "SAVEPOINT s").await;
    refused(db, "UPDATE deploys SET status = 'succeeded' WHERE id = 'b'", illegal).await;
    ok(db, "ROLLBACK TO s").await;
    refused(db, "UPDATE deploys SET status = 'building' WHERE id = 'a'", illegal).await;
    ok(db, "ROLLBACK TO s").await;
    ok(db, &back).await;
    refused(db, "UPDATE deploys SET status = 'succeeded' WHERE id = 'a'", illegal).await;
    ok(db, "ROLLBACK").await;
    assert_nothing_forced(db).await;
    // Two rows in one transaction, each by its own force.
    ok(db, "BEGIN").await;
    ok(db, &end).await;
    let other = force(db, "b", "succeeded", "y");
    ok(db, &other).await;
    ok(db, "COMMIT").await;
    assert_eq!(
        (marks(db, "a").await, marks(db, "b").await),
        (vec!["3: x".into()], vec!["2: y".into()])
    );
    assert_eq!(db.rows("SELECT 'row' FROM deploy_forcing").await, Vec::<Row>::new());
}

async fn leaves_nothing_where_it_is_taken_back(db: &mut impl Db) {
    let statement = force(db, "a", "succeeded", "x");
    let illegal = "illegal transition of deploy";
    ok(db, &format!("BEGIN; SAVEPOINT s; {statement}; ROLLBACK TO s")).await;
    refused(db, "UPDATE deploys SET status = 'succeeded' WHERE id = 'a'", illegal).await;
    ok(db, &format!("ROLLBACK; BEGIN; {statement}; ROLLBACK")).await;
    refused(db, "UPDATE deploys SET status = 'succeeded' WHERE id = 'a'", illegal).await;
    assert_nothing_forced(db).await;
}

/// Each kind of key, column and name, on tables of phasegate's own and on older ones, from each
/// state (nothing, too) to each, in the order of the states.
async fn forces_rows_of_every_kind_of_table<D: Db>(db: &mut D) {
    for table in sql::texts() {
        let machine = sql::machine(&table);
        let target = machine.targets.sql().cloned().unwrap();
        let Some(events) = Names::new(&machine, D::DIALECT).events else { continue };
        reset(db).await;
        let names = Names::new(&machine, D::DIALECT);
        if !target.owns {
            ok(db, &existing(&machine, D::DIALECT)).await;
            let Names { table, key, column, .. } = &names;
            ok(
                db,
                &format!("INSERT INTO {table} ({key}, {column}) VALUES ({}, NULL)", names.key(1)),
            )
            .await;
        }
        ok(db, &sql::schema(&machine, D::DIALECT)).await;
        let Names { table, key, column, row, .. } = &names;
        let first = literal(&machine.state(machine.initial[0]).value);
        if target.owns {
            ok(
                db,
                &format!(
                    "INSERT INTO {table} ({key}, {column}) VALUES ({}, {first})",
                    names.key(1)
                ),
            )
            .await;
        }
        let prefix =
            events.rsplit_once('.').map_or(String::new(), |(schema, _)| format!("{schema}."));
        let force = format!("{prefix}{}_force", machine.name);
        let states: Vec<_> = machine.states.iter().filter(|state| !state.retired).collect();
        let mut expected = if target.owns {
            vec![machine.state(machine.initial[0]).value.clone()]
        } else {
            vec![]
        };
        for state in states.iter().chain(states.iter().rev()) {
            if expected.last() == Some(&state.value) {
                continue;
            }
            let statement =
                by_force(db, (&force, &names), &names.key(1), &literal(&state.value), "'r'");
            ok(db, &statement).await;
            expected.push(state.value.clone());
        }
        let log = db
            .rows(&format!(
                "SELECT to_state FROM {events} WHERE {row} = {} ORDER BY seq",
                names.key(1)
            ))
            .await;
        let log: Vec<String> = log.into_iter().flatten().flatten().collect();
        assert_eq!(log, expected, "{}", machine.name);
        let marked = db.rows(&format!("SELECT forced FROM {events} WHERE forced = 'r'")).await;
        assert_eq!(marked.len(), expected.len() - usize::from(target.owns));
        let status = db.rows(&format!("SELECT CAST({column} AS text) FROM {table}")).await;
        assert_eq!(status, [[expected.last().cloned()]]);
    }
}

/// An empty database.
async fn reset<D: Db>(db: &mut D) {
    match D::DIALECT {
        Dialect::Postgres => {
            ok(db, "DROP SCHEMA public CASCADE; CREATE SCHEMA public; DROP SCHEMA IF EXISTS app CASCADE").await;
        }
        Dialect::Sqlite => {
            let drop = "SELECT 'DROP ' || type || ' \"' || name || '\"' FROM sqlite_master \
                        WHERE type IN ('view', 'table') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY type DESC, name LIKE '%states'";
            for statement in db.rows(drop).await.into_iter().flatten().flatten() {
                ok(db, &statement).await;
            }
        }
    }
}

/// A table of the application's own, with other types than phasegate's.
fn existing(machine: &Machine, dialect: Dialect) -> String {
    let target = machine.targets.sql().unwrap();
    let Names { table, key, column, .. } = Names::new(machine, dialect);
    if dialect == Dialect::Sqlite {
        return format!("CREATE TABLE {table} ({key} PRIMARY KEY, {column})");
    }
    let labels: Vec<String> = machine.states.iter().map(|state| literal(&state.value)).collect();
    let key_type = match target.key[0].of {
        phasegate_codegen::emit::sql::KeyType::Text => "varchar(40)",
        phasegate_codegen::emit::sql::KeyType::Uuid => "uuid",
        phasegate_codegen::emit::sql::KeyType::Bigint
        | phasegate_codegen::emit::sql::KeyType::Integer => "integer",
    };
    let status = match target.storage {
        Storage::Enum => "app.\"Old Labels\"",
        Storage::Text => "varchar(80)",
        Storage::Integer => "integer",
    };
    format!(
        "CREATE SCHEMA app; CREATE TYPE app.\"Old Labels\" AS ENUM ({});
         CREATE TABLE {table} ({key} {key_type} PRIMARY KEY, {column} {status}, was text, becomes text);",
        labels.join(", ")
    )
}

async fn is_not_there_without_a_history<D: Db>(db: &mut D) {
    let machine = sql::machine(&format!("{}events = false", sql::ORDER));
    ok(db, &sql::schema(&machine, D::DIALECT)).await;
    let statement =
        by_force(db, ("order_force", &Names::new(&machine, D::DIALECT)), "'a'", "'paid'", "'x'");
    let said = db.run(&statement).await.unwrap_err();
    assert!(said.contains("order_force"), "{said}");
}

#[tokio::test]
async fn on_sqlite_the_actor_is_who_they_say_they_are_and_the_view_shows_what_was_forced() {
    let mut db = sqlite().await;
    let force = "INSERT INTO deploy_force (key, to_state, reason, actor) VALUES ('a', 'failed', 'x', 'me'); \
                 UPDATE deploys SET status = 'failed', reason = 'fits' WHERE id = 'a'";
    ok(&mut db, force).await;
    let actors = db.rows("SELECT actor FROM deploy_reports").await;
    assert_eq!(actors, [[Some("me".to_owned())]]);
    let shown = db.rows("SELECT key, to_state, reason, actor FROM deploy_force").await;
    assert_eq!(shown, [["a", "failed", "x", "me"].map(|text| Some(text.to_owned()))]);
}

#[tokio::test]
async fn on_sqlite_a_mark_is_not_to_be_had_by_an_insert_into_the_history() {
    let mut db = sqlite().await;
    let now = "strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), (SELECT fingerprint FROM deploy_language)";
    for (seq, from, to, forced) in [
        (3, "building", "failed", "'x'"),
        (3, "building", "building", "'x'"),
        (3, "building", "succeeded", "'x'"),
    ] {
        let forge = format!(
            "INSERT INTO deploy_events VALUES ('a', {seq}, '{from}', '{to}', {now}, {forced}, NULL)"
        );
        refused(&mut db, &forge, "deploy_events is append-only").await;
    }
    // Nor by a word that a real step would have carried.
    ok(&mut db, "UPDATE deploys SET status = 'failed' WHERE id = 'a'").await;
    refused(&mut db, "UPDATE deploy_events SET forced = 'x'", "deploy_events is append-only").await;
    assert_eq!(marks(&mut db, "a").await, Vec::<String>::new());
}

#[tokio::test]
async fn on_sqlite_a_leave_is_for_one_step_and_the_next_one_takes_its_place() {
    let mut db = sqlite().await;
    let leave = |to: &str, reason: &str| {
        format!("INSERT INTO deploy_force (key, to_state, reason) VALUES ('a', '{to}', '{reason}')")
    };
    let set = |id: &str, to: &str| format!("UPDATE deploys SET status = '{to}' WHERE id = '{id}'");
    let illegal = "illegal transition of deploy from building";
    ok(&mut db, &leave("succeeded", "first")).await;
    // It is for that row and that state, and a legal step elsewhere leaves it.
    refused(&mut db, &set("b", "succeeded"), "illegal transition of deploy from queued").await;
    refused(&mut db, &set("a", "queued"), illegal).await;
    ok(&mut db, &leave("queued", "second")).await;
    refused(&mut db, &set("a", "succeeded"), illegal).await;
    ok(&mut db, &set("a", "queued")).await;
    assert_eq!(marks(&mut db, "a").await, ["3: second"]);
    assert_eq!(db.rows("SELECT 'row' FROM deploy_forcing").await, Vec::<Row>::new());
    ok(&mut db, &set("a", "building")).await;
    refused(&mut db, &set("a", "queued"), illegal).await;
}
