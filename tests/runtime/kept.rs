//! What is kept of reports that led to no step, and how a start is known again no matter who makes the keys.

use crate::common::backend::client::call;
use crate::common::backend::world::{Database, World};
use phasegate::store::Start;
use phasegate::{Report, Schema};
use serde_json::{Value, json};

on_each_database! {
    of_refused_reports_the_newest_stay_and_a_count
    starts_once_where_the_database_makes_the_keys
    finds_the_rows_of_a_run
}

/// How many stay.
const KEPT: usize = 200;

fn of_refused_reports_the_newest_stay_and_a_count(database: Database) {
    let world = World::deploy(database);
    let (row, other) = (world.start(), world.start());
    let send = |id: &str, report: Report| {
        let (store, machine) = (world.store.clone(), world.machine.clone());
        world.run(async { store.apply_callback(&*machine, id, &report).await.unwrap() })
    };
    row.walk(&["building"]);
    let refuse = |id: &str, n: usize| send(id, Report::new(format!("nonsense {n}")));
    for n in 0..KEPT {
        refuse(&row.id, n);
    }
    let page = || world.get(&format!("{}/reports?limit=100", row.path())).ok(200);
    assert_eq!(page()["pruned"], 0);
    assert_eq!(row.recorded().len(), KEPT + 1);
    for n in KEPT..KEPT + 3 {
        refuse(&row.id, n);
        refuse(&other.id, n);
    }
    // A step is no refusal, and stays; so does the first report of each attempt.
    for attempt in 1..=3 {
        send(&row.id, Report::new("building").run("7", attempt).job("build"));
    }
    let answers = row.recorded();
    let of = |name: &str| answers.iter().filter(|answer| *answer == name).count();
    assert_eq!((of("applied"), of("unknown-status"), of("duplicate")), (1, KEPT, 3));
    let page = page();
    assert_eq!(page["pruned"], 3);
    let kept: Vec<&str> = page["reports"].as_array().unwrap()[3..]
        .iter()
        .map(|report| report["status"].as_str().unwrap())
        .collect();
    assert_eq!(kept[0], format!("nonsense {}", KEPT + 2), "the newest stay");
    assert_eq!(world.get(&format!("{}/reports", other.path())).ok(200)["pruned"], 0);
    assert_eq!(other.recorded().len(), 3);
    assert_eq!(row.snapshot()["events"].as_array().unwrap().len(), 2);
    // No one else may take any, and what is kept is known: an older attempt is refused still.
    let error = world.try_sql("DELETE FROM deploy_reports").unwrap_err();
    assert!(error.to_string().contains("is append-only"), "{error}");
    let stale = send(&row.id, Report::new("deploying").run("7", 1).job("build"));
    assert_eq!(stale.as_str(), "stale-attempt");
    // Duplicates are bounded by themselves.
    for attempt in 4..=(KEPT as u32 + 5) {
        send(&row.id, Report::new("building").run("7", attempt).job("build"));
    }
    let answers = row.recorded();
    let of = |name: &str| answers.iter().filter(|answer| *answer == name).count();
    assert_eq!((of("applied"), of("duplicate")), (1, KEPT));
    // Retention counts on from there.
    row.walk(&["deploying", "succeeded"]);
    world.sql(match database {
        Database::Sqlite => "INSERT INTO deploy_prune (before) VALUES ('2999-01-01T00:00:00.000Z')",
        Database::Postgres => "SELECT deploy_prune(now() + interval '1 day')",
    });
    let pruned = world.get(&format!("{}/reports", row.path())).ok(200)["pruned"].as_i64().unwrap();
    assert!(pruned > 400, "{pruned}");
}

fn starts_once_where_the_database_makes_the_keys(database: Database) {
    let table = "format = 1\n[machine]\nname = \"order\"\ninitial = \"placed\"\n[[state]]\nname = \"placed\"\n\
                 [[state]]\nname = \"paid\"\n[[transition]]\npath = [\"placed\", \"paid\"]\n\
                 [target.sql]\nkey_type = \"bigint\"\n";
    let world = World::of(database, table, table, Schema::named("order"));
    let start = |key: &str, body: &Value| {
        let headers = [("content-type", "application/json"), ("idempotency-key", key)];
        let url = format!("{}/api/orders", world.url);
        call("POST", &url, &headers, body.to_string().as_bytes())
    };
    let first = start("a", &json!({"ref": "main"})).ok(201);
    let again = start("a", &json!({"ref": "main"})).ok(200);
    assert_eq!(first["id"], again["id"]);
    assert_ne!(first["callback_token"], again["callback_token"]);
    start("a", &json!({"ref": "other"})).problem(409, "exists");
    assert_ne!(start("b", &json!({})).ok(201)["id"], first["id"]);
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
    assert_eq!(world.count("SELECT count(*) FROM orders"), 3);
    world.run(other.close());
    if database == Database::Sqlite {
        let twice = "INSERT OR REPLACE INTO order_reports (order_id, event_id, status, answer, seq) \
                     SELECT 2, event_id, 'placed', 'ended', 1 FROM order_reports WHERE order_id = 1 AND seq = 1";
        let error = world.try_sql(twice).unwrap_err().to_string();
        assert!(error.contains("a row was started under this event id already"), "{error}");
    }
}

fn finds_the_rows_of_a_run(database: Database) {
    let world = World::deploy(database);
    let rows = [world.start(), world.start(), world.start()];
    for (row, run) in rows.iter().zip(["7", "7", "8"]) {
        row.report(&json!({"status": "building", "job": "b", "run_id": run, "run_attempt": 1}))
            .ok(200);
    }
    // What was refused binds nothing.
    rows[2].report(&json!({"status": "queued", "job": "b", "run_id": "7", "run_attempt": 1}));
    let of = |run: &str| world.run(world.store.rows_of_run(run)).unwrap();
    let mut found = of("7");
    found.sort();
    let mut expected = vec![rows[0].id.clone(), rows[1].id.clone()];
    expected.sort();
    assert_eq!((found, of("8"), of("9")), (expected, vec![rows[2].id.clone()], vec![]));
}
