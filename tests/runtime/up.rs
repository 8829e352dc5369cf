//! A database that is full, hangs, or holds one row: each has its answer, and is over without a restart.

use crate::common::backend::world::{Database, World};
use phasegate::http::{Backend, BearerToken, Options};
use phasegate::store::{Error, Start};
use phasegate::{Answer, Report, Schema, Store};
use serde_json::{Value, json};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection, SqliteConnection};
use std::str::FromStr as _;
use std::time::Duration;

on_each_database! {
    writes_where_it_asks_whether_it_is_ready
    says_that_it_stops_before_it_does
    starts_once_however_often_it_is_asked_to
    commits_together_what_comes_together
    keeps_little_of_a_status_that_nobody_knows
    prunes_what_is_older_than_is_kept
}

/// A connection that holds all writes of others until it is closed.
enum Holder {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl Holder {
    fn hold(world: &World, postgres: &'static str) -> Self {
        world.run(async {
            if world.database_url.starts_with("sqlite:") {
                let mut holder = SqliteConnection::connect(&world.database_url).await.unwrap();
                holder.execute("BEGIN IMMEDIATE").await.unwrap();
                Self::Sqlite(holder)
            } else {
                let mut holder = PgConnection::connect(&world.database_url).await.unwrap();
                holder.execute("BEGIN").await.unwrap();
                holder.execute(postgres).await.unwrap();
                Self::Postgres(holder)
            }
        })
    }

    fn let_go(self, world: &World) {
        world.run(async {
            match self {
                Self::Sqlite(holder) => holder.close().await.unwrap(),
                Self::Postgres(holder) => holder.close().await.unwrap(),
            }
        });
    }
}

/// A store that can read and not write.
fn read_only(world: &World, database: Database) -> Store {
    let url = match database {
        Database::Sqlite => format!("{}?mode=ro", world.database_url),
        Database::Postgres => {
            format!("{}?options=-c%20default_transaction_read_only=on", world.database_url)
        }
    };
    world.run(Store::open(&url, world.store.schema().clone())).unwrap()
}

fn writes_where_it_asks_whether_it_is_ready(database: Database) {
    let mut world = World::deploy(database);
    let row = world.start().path();
    let reports = "SELECT count(*) FROM deploy_reports";
    let before = world.count(reports);
    world.get("/readyz").ok(200);
    assert_eq!(world.count(reports), before, "what it writes it takes back");
    world.store = read_only(&world, database);
    world.serve(Options::default());
    assert_eq!(world.get(&row).ok(200)["status"], "queued", "it can be read");
    let problem = world.get("/readyz").problem(503, "unavailable");
    assert!(problem["detail"].as_str().unwrap().contains("database"), "{problem}");
    world.get("/healthz").ok(200);
}

fn says_that_it_stops_before_it_does(database: Database) {
    let world = World::deploy(database);
    let row = world.start();
    world.backend().drain();
    let refused = world.get("/readyz");
    assert_ne!(refused.header("retry-after"), "");
    refused.problem(503, "stopping");
    row.walk(&["building"]);
}

fn starts_once_however_often_it_is_asked_to(database: Database) {
    let world = World::deploy(database);
    let start = |key: &str, body: &Value| {
        let headers = [("content-type", "application/json"), ("idempotency-key", key)];
        let url = format!("{}/api/deploys", world.url);
        crate::common::backend::client::call("POST", &url, &headers, body.to_string().as_bytes())
    };
    let body = json!({"ref": "main"});
    let first = start("a", &body).ok(201);
    let again = start("a", &body).ok(200);
    assert_eq!(first["id"], again["id"]);
    assert_ne!(first["callback_token"], again["callback_token"], "the first is not kept");
    let report = |token: &Value| {
        let id = first["id"].as_str().unwrap();
        let url = format!("{}/api/deploys/{id}/callbacks", world.url);
        let bearer = format!("Bearer {}", token.as_str().unwrap());
        let headers = [("content-type", "application/json"), ("authorization", bearer.as_str())];
        let body = br#"{"status":"building"}"#;
        crate::common::backend::client::call("POST", &url, &headers, body)
    };
    report(&first["callback_token"]).problem(401, "unauthorized");
    report(&again["callback_token"]).ok(200);
    start("a", &json!({"ref": "other"})).problem(409, "exists");
    assert_ne!(start("b", &body).ok(201)["id"], first["id"]);
    start("", &body).problem(400, "malformed");
    // A crowd of two instances.
    let other = world.other_store();
    let ids: std::collections::BTreeSet<String> = world.run(async {
        let mut ids = std::collections::BTreeSet::new();
        let started = (0..8).map(|n| {
            let store = if n % 2 == 0 { world.store.clone() } else { other.clone() };
            let machine = world.machine.clone();
            tokio::spawn(async move {
                store.start_once(&*machine, &Start::default(), "crowd", &[7; 32]).await.unwrap().id
            })
        });
        for started in started.collect::<Vec<_>>() {
            ids.insert(started.await.unwrap());
        }
        ids
    });
    assert_eq!(ids.len(), 1);
    assert_eq!(world.count("SELECT count(*) FROM deploys"), 3);
    world.run(other.close());
}

fn commits_together_what_comes_together(database: Database) {
    const ROWS: usize = 24;
    let world = World::deploy(database);
    for share in [true, false] {
        world.store.share_commits(share);
        let rows: Vec<_> = (0..ROWS).map(|_| world.start()).collect();
        let holder = Holder::hold(&world, "LOCK TABLE deploys IN EXCLUSIVE MODE");
        std::thread::scope(|scope| {
            let sent = rows.iter().enumerate().map(|(n, row)| {
                scope.spawn(move || match n % 6 {
                    // One that is refused among them, and one that is nobody's.
                    4 => {
                        let from = row.report(&json!({"status": "succeeded"}));
                        from.problem(422, "illegal-transition");
                    }
                    5 => {
                        let wrong = format!("Bearer {n:064}.{}", row.id);
                        row.send(br#"{"status":"building"}"#, &[("authorization", &wrong)])
                            .problem(401, "unauthorized");
                    }
                    _ => row.walk(&["building"]),
                })
            });
            let sent: Vec<_> = sent.collect();
            std::thread::sleep(Duration::from_millis(500));
            holder.let_go(&world);
            sent.into_iter().for_each(|sent| sent.join().unwrap());
        });
        for (n, row) in rows.iter().enumerate() {
            let seq = if n % 6 < 4 { 2 } else { 1 };
            assert_eq!(row.snapshot()["seq"], seq, "report {n}, shared: {share}");
        }
        if database == Database::Postgres {
            let ids: Vec<_> = rows.iter().map(|row| format!("'{}'", row.id)).collect();
            let commits = world.count(&format!(
                "SELECT count(DISTINCT xmin::text) FROM deploy_reports \
                 WHERE answer = 'applied' AND seq = 2 AND deploy_id::text IN ({})",
                ids.join(", ")
            ));
            let applied = i64::try_from(ROWS / 6 * 4).unwrap();
            assert_eq!(commits < applied, share, "{commits} commits of {applied} reports");
        }
    }
}

fn keeps_little_of_a_status_that_nobody_knows(database: Database) {
    let world = World::deploy(database);
    let row = world.start();
    let long = "é".repeat(20_000);
    row.report(&json!({"status": long})).problem(422, "unknown-status");
    let recorded = world.run(world.store.reports(&row.id)).unwrap();
    assert_eq!(recorded[1].status, "é".repeat(128));
}

fn prunes_what_is_older_than_is_kept(database: Database) {
    let world = World::deploy(database);
    let (over, open) = (world.start(), world.start());
    over.walk(&["building", "failed"]);
    open.walk(&["building"]);
    world.run(world.store.prune(Duration::from_secs(3600))).unwrap();
    assert_eq!(over.snapshot()["events"].as_array().unwrap().len(), 3);
    std::thread::sleep(Duration::from_millis(1100));
    world.run(world.store.prune(Duration::from_secs(1))).unwrap();
    assert_eq!(over.snapshot()["events"].as_array().unwrap().len(), 1);
    assert_eq!(open.snapshot()["events"].as_array().unwrap().len(), 2);
}

#[test]
#[ignore = "needs PostgreSQL: run by tests/run"]
fn a_row_that_is_held_keeps_no_other_row_waiting() {
    let world = World::deploy(Database::Postgres);
    let (held, other) = (world.start(), world.start());
    let holder =
        Holder::hold(&world, "SELECT 1 FROM deploys ORDER BY created_at LIMIT 1 FOR UPDATE");
    std::thread::scope(|scope| {
        // More than there are connections.
        let waiting: Vec<_> = (0..40)
            .map(|_| scope.spawn(|| held.report(&json!({"status": "smoke_running"})).status))
            .collect();
        std::thread::sleep(Duration::from_millis(300));
        other.walk(&["smoke_running", "smoke_passed", "building"]);
        assert!(waiting.iter().all(|waiting| !waiting.is_finished()), "they wait for the row");
        let answers: Vec<_> = waiting.into_iter().map(|waiting| waiting.join().unwrap()).collect();
        assert!(answers.iter().all(|status| *status == 503), "{answers:?}");
    });
    holder.let_go(&world);
    held.walk(&["smoke_running"]);
}

/// Stops or continues the backends of a database.
fn signal(world: &World, signal: &str) {
    let pids: Vec<i32> = world.run(async {
        let mut db = PgConnection::connect(&world.database_url).await.unwrap();
        let sql = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
        let pids = sqlx::query_scalar(sql).fetch_all(&mut db).await.unwrap();
        db.close().await.unwrap();
        pids
    });
    for pid in pids {
        std::process::Command::new("kill").args([signal, &pid.to_string()]).status().unwrap();
    }
}

#[test]
#[ignore = "needs PostgreSQL: run by tests/run"]
fn a_database_that_hangs_is_answered_and_left_behind() {
    let mut world = World::deploy(Database::Postgres);
    world.serve(Options::default().patience(Duration::from_millis(700)));
    let row = world.start();
    row.walk(&["smoke_running"]);
    signal(&world, "-STOP");
    let report = json!({"status": "smoke_passed", "event_id": "one"});
    let answer = row.report(&report);
    assert_ne!(answer.header("retry-after"), "");
    let problem = answer.problem(503, "unavailable");
    assert!(problem["detail"].as_str().unwrap().starts_with("outcome unknown; send it again"));
    // Others answer, as soon as the connections that hang are given up; nothing was restarted.
    let answered = (0..100).find_map(|_| {
        let answer = row.report(&report);
        (answer.status != 503).then(|| answer.ok(200))
    });
    signal(&world, "-CONT");
    assert_eq!(answered.unwrap()["status"], "smoke_passed");
    row.walk(&["building"]);
    assert_eq!(row.snapshot()["seq"], 4);
}

#[test]
#[ignore = "needs PostgreSQL: run by tests/run"]
fn a_backend_starts_before_its_database_and_waits_for_it() {
    let mut world = World::deploy(Database::Postgres);
    let id = world.run(world.store.start(&*world.machine, &Start::default())).unwrap().id;
    let database = world.database_url.rsplit('/').next().unwrap().to_owned();
    let admin = |world: &World, allowed: bool| {
        let url = world.database_url.replace(&database, "postgres");
        let sql = format!("ALTER DATABASE {database} WITH ALLOW_CONNECTIONS {allowed}");
        world.run(async {
            let mut db = PgConnection::connect(&url).await.unwrap();
            db.execute(AssertSqlSafe(sql)).await.unwrap();
            db.close().await.unwrap();
        });
    };
    world.run(world.store.close());
    admin(&world, false);
    let later = world.other_store();
    world.stop();
    world.store = later;
    world.serve(Options::default());
    world.get("/healthz").ok(200);
    world.get("/readyz").problem(503, "unavailable");
    world.get(&format!("/api/deploys/{id}")).problem(503, "unavailable");
    admin(&world, true);
    world.get("/readyz").ok(200);
    assert_eq!(world.get(&format!("/api/deploys/{id}")).ok(200)["status"], "queued");
}

#[test]
fn a_disk_that_was_full_is_written_to_again() {
    let mut world = World::deploy(Database::Sqlite);
    let options = SqliteConnectOptions::from_str(&world.database_url).unwrap();
    let pool = world.run(SqlitePoolOptions::new().max_connections(1).connect_with(options));
    let pool = pool.unwrap();
    let limit = |pages: u32| {
        let sql = AssertSqlSafe(format!("PRAGMA max_page_count = {pages}"));
        let set = world.run(pool.execute(sql));
        set.unwrap();
    };
    // As many as there are.
    let store = Store::sqlite(pool.clone(), Schema::named("deploy"));
    let id = world.run(store.start(&*world.machine, &Start::default())).unwrap().id;
    limit(1);
    let report =
        |n: usize| Report::new("nonsense").event_id(n.to_string()).log_tail("x".repeat(16_000));
    let mut refused = 0;
    for n in 0..20 {
        let answer = world.run(store.apply_callback(&*world.machine, &id, &report(n)));
        match answer {
            Ok(answer) => assert!(matches!(answer, Answer::UnknownStatus { .. }), "{answer:?}"),
            Err(Error::Unavailable(_)) => refused += 1,
            Err(error) => panic!("{error:?}"),
        }
        // A connection that is new would not have the limit.
        limit(1);
    }
    assert!(refused > 10, "{refused}");
    limit(u32::MAX / 2);
    let answer = world.run(store.apply_callback(&*world.machine, &id, &Report::new("building")));
    assert!(matches!(answer, Ok(Answer::Applied { seq: 2, .. })), "{answer:?}");
    world.run(store.close());
    world.stop();
}

#[test]
fn a_file_that_is_gone_is_missed_and_another_one_is_opened() {
    let world = World::deploy(Database::Sqlite);
    let row = world.start();
    let path = world.database_url.strip_prefix("sqlite:").unwrap();
    let away = format!("{path}.away");
    // All that was written is in the one file.
    world.sql("PRAGMA wal_checkpoint(TRUNCATE)");
    std::fs::rename(path, &away).unwrap();
    for answer in [row.report(&json!({"status": "building"})), world.get("/readyz")] {
        assert_ne!(answer.header("retry-after"), "");
        answer.problem(503, "unavailable");
    }
    // As a backup is put back: another file of the same name.
    for of in ["-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{path}{of}"));
    }
    std::fs::copy(&away, path).unwrap();
    row.walk(&["building"]);
    assert_eq!(world.count("SELECT count(*) FROM deploy_events"), 2, "it is the new file");
    world.get("/readyz").ok(200);
}

#[test]
#[ignore = "needs PostgreSQL: run by tests/run"]
fn streams_ask_the_database_nothing_by_themselves() {
    const STREAMS: usize = 400;
    let mut world = World::deploy(Database::Postgres);
    world.serve(Options::default().heartbeat(Duration::from_millis(500)));
    let rows: Vec<_> = (0..10).map(|_| world.start()).collect();
    let streams: Vec<_> = (0..STREAMS).map(|n| rows[n % rows.len()].stream(None)).collect();
    let transactions = "SELECT xact_commit + xact_rollback FROM pg_stat_database \
                        WHERE datname = current_database()";
    // A backend says what it did a second later.
    std::thread::sleep(Duration::from_millis(1500));
    let before = world.count(transactions);
    std::thread::sleep(Duration::from_secs(4));
    let during = world.count(transactions) - before;
    // Backends may say only now what they did before: a snapshot for each stream, and a look with it. Two
    // looks a second of each stream would be four times as much.
    assert!(during < 2 * STREAMS as i64 + 100, "{during} transactions of {STREAMS} streams in 4 s");
    rows[0].walk(&["building"]);
    for (n, mut stream) in streams.into_iter().enumerate().filter(|(n, _)| n % rows.len() == 0) {
        assert_eq!(stream.next().unwrap().event, "snapshot");
        assert_eq!(stream.next().unwrap().id, 2, "stream {n}");
    }
}

#[test]
#[ignore = "needs PostgreSQL: run by tests/run"]
fn streams_hear_of_another_instance_without_looking() {
    let mut world = World::deploy(Database::Postgres);
    let hour = Duration::from_secs(3600);
    world.serve(Options::default().poll(hour).heartbeat(hour));
    let row = world.start();
    let mut stream = row.stream(Some("1"));
    // The listener needs a moment.
    std::thread::sleep(Duration::from_millis(500));
    let other = world.other_store();
    let (schema, machine) = (other.schema().clone(), world.machine.clone());
    assert_eq!(schema.table, "deploys");
    world.run(async {
        let backend =
            Backend::with(other.clone(), machine.clone(), BearerToken, Options::default());
        let report = Report::new("building");
        backend.store().apply_callback(&*machine, &row.id, &report).await.unwrap();
    });
    assert_eq!(stream.next().unwrap().id, 2);
    world.run(other.close());
}
