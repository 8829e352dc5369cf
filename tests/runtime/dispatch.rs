//! Starting the work of rows by GitHub's API: once, bound to the run, and never again where no one knows.

use crate::common::backend::client::call;
use crate::common::backend::github::{Double, INSTALLED, Mood, TOKEN};
use crate::common::backend::world::{Database, World};
use crate::oidc;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
use phasegate::Report;
use phasegate::http::{By, Ends, Github, Options};
use phasegate::store::Dispatch;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

on_each_database! {
    a_row_s_run_is_started_and_the_row_is_that_run_s
    what_may_have_been_started_is_looked_for_and_never_asked_for_again
    what_surely_started_nothing_ends_the_row
    one_run_is_started_however_often_the_start_is_sent
    a_backend_that_ended_in_between_finds_the_run_after_its_start
}

const APP: &str = "Iv23liPhasegate";

fn github(double: &Double, by: By) -> Github {
    let github = Github::new(&double.url, "octo/shop", "deploy.yml", "main", by).unwrap();
    let token = Some("callback_token".to_owned());
    github.inputs("console_deploy_id", token).patience(Duration::from_secs(1))
}

fn by_token() -> By {
    By::Token(TOKEN.to_owned())
}

/// A world whose rows' work is started by the double.
fn world(database: Database, double: &Double, by: By) -> World {
    let mut world = World::deploy(database);
    let ends = Ends::of(&*world.machine);
    world.serve(Options::default().dispatcher(github(double, by), ends));
    world
}

fn double() -> Double {
    Double::new(|_| false)
}

/// What is known of a row's run once it is no longer open.
fn settled(world: &World, id: &str) -> Dispatch {
    let until = Instant::now() + Duration::from_secs(60);
    loop {
        let known = world.run(world.store.dispatch_of(id)).unwrap();
        if known != Dispatch::Open || Instant::now() > until {
            return known;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn id(row: &Value) -> &str {
    row["id"].as_str().unwrap()
}

fn a_row_s_run_is_started_and_the_row_is_that_run_s(database: Database) {
    let double = double();
    let world = world(database, &double, by_token());
    let row = world.post("/api/deploys", &json!({"ref": "v1"})).ok(201);
    let run = double.state().runs[0].0.to_string();
    let address = format!("https://github.com/octo/shop/actions/runs/{run}");
    assert_eq!(row["run"], json!({"started": true, "run_id": run, "run_url": address}));
    assert_eq!(row["run_url"], address.as_str(), "the page links to it before it reports");
    let asked = &double.dispatches()[0];
    assert_eq!(
        asked.body,
        json!({
            "ref": "v1", "return_run_details": true,
            "inputs": {"console_deploy_id": row["id"], "callback_token": row["callback_token"]},
        })
    );
    assert_eq!((asked.bearer.as_str(), asked.version.as_str()), (TOKEN, "2022-11-28"));
    assert_eq!(world.run(world.store.dispatch_of(id(&row))).unwrap(), Dispatch::Run(run.clone()));
    assert_eq!(world.run(world.store.rows_of_run(&run)).unwrap(), [id(&row)]);
    // Another run is none of it, though it reports first.
    let report = |run: &str| {
        let mut report = Report::new("building").run(run, 1).job("build");
        report.of_one_run = true;
        world.run(world.store.apply_callback(&*world.machine, id(&row), &report)).unwrap().as_str()
    };
    assert_eq!([report("7"), report(&run)], ["other-run", "applied"]);
    // It stands in what was reported, and is no refusal.
    let reports = world.get(&format!("/api/deploys/{}/reports", id(&row))).ok(200);
    let answers: Vec<&str> = reports["reports"]
        .as_array()
        .unwrap()
        .iter()
        .map(|report| report["answer"].as_str().unwrap())
        .collect();
    assert_eq!(answers, ["applied", "other-run", "dispatched", "dispatching", "applied"]);
    // One that names no ref is run at the stated one.
    world.post("/api/deploys", &json!({})).ok(201);
    assert_eq!(double.dispatches()[1].body["ref"], "main");
    let metrics = world.get("/metrics").text;
    assert!(
        metrics.contains("dispatches_total{machine=\"deploy\",outcome=\"started\"} 2"),
        "{metrics}"
    );
}

fn what_may_have_been_started_is_looked_for_and_never_asked_for_again(database: Database) {
    let double = double();
    let world = world(database, &double, by_token());
    for (n, mood) in [Mood::BrokenAfter, Mood::SilentAfter, Mood::Older].into_iter().enumerate() {
        double.set(mood);
        let before = double.dispatches().len();
        let row = world.post("/api/deploys", &json!({})).ok(201);
        assert_eq!(row["run"]["started"], Value::Null, "{mood:?}: {row}");
        assert!(row["run"]["detail"].as_str().unwrap().contains("GitHub"), "{row}");
        assert_eq!(row["status"], "queued");
        let run = double.state().runs[n].0.to_string();
        assert_eq!(settled(&world, id(&row)), Dispatch::Run(run), "{mood:?}");
        // What an older server refused for its form started nothing.
        let asked = double.dispatches().len() - before;
        assert_eq!(asked, if mood == Mood::Older { 2 } else { 1 }, "{mood:?}");
        assert_eq!(double.state().runs.len(), n + 1, "{mood:?}: one run");
    }
    // Where there is none it stays open, and is not asked for again.
    double.set(Mood::BrokenBefore);
    let row = world.post("/api/deploys", &json!({})).ok(201);
    let looked = || double.state().calls.iter().filter(|call| call.method == "GET").count();
    let (before, until) = (looked(), Instant::now() + Duration::from_secs(60));
    while looked() < before + 2 && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(100));
    }
    assert!(looked() >= before + 2);
    assert_eq!(world.run(world.store.dispatch_of(id(&row))).unwrap(), Dispatch::Open);
    assert_eq!(double.dispatches().len(), 5);
    assert_eq!(world.get(&format!("/api/deploys/{}", id(&row))).ok(200)["status"], "queued");
}

fn what_surely_started_nothing_ends_the_row(database: Database) {
    let double = double();
    let mut world = world(database, &double, by_token());
    double.set(Mood::Refuses);
    let row = world.post("/api/deploys", &json!({})).ok(201);
    assert_eq!(row["run"]["started"], false);
    assert!(row["run"]["detail"].as_str().unwrap().contains("422: Unexpected inputs"), "{row}");
    assert_eq!(
        (&row["status"], &row["events"][1]["actor"]),
        (&json!("failed"), &json!("dispatcher"))
    );
    assert_eq!(row["events"][1]["authenticated_by"], "backend");
    assert!(row["log_tail"].as_str().unwrap().contains("Unexpected inputs"), "{row}");
    assert_eq!(world.run(world.store.dispatch_of(id(&row))).unwrap(), Dispatch::Refused);
    assert_eq!(double.dispatches().len(), 1);
    // Sent again it is neither asked for again nor refused a second time.
    let once = || {
        let headers = [("content-type", "application/json"), ("idempotency-key", "once")];
        call("POST", &format!("{}/api/deploys", world.url), &headers, b"{}").json()
    };
    let (first, second) = (once(), once());
    assert_eq!((&first["status"], &second["status"]), (&json!("failed"), &json!("failed")));
    assert_eq!(second["run"], json!({"started": false}));
    let reports = world.get(&format!("/api/deploys/{}/reports", id(&first))).ok(200);
    assert_eq!(reports["reports"].as_array().unwrap().len(), 4, "{reports}");
    assert_eq!(double.dispatches().len(), 2);
    // No one is there, and no one who may ask.
    let ends = Ends::of(&*world.machine);
    let nobody = Double::nobody();
    double.set(Mood::Well);
    for (to, by, why) in [
        (&nobody, by_token(), "could not be reached"),
        (&double, By::Token("another".to_owned()), "401: Bad credentials"),
        (&double, app(), "installation: GitHub answered 401: A JSON web token"),
    ] {
        world.serve(Options::default().dispatcher(github(to, by), ends.clone()));
        let row = world.post("/api/deploys", &json!({})).ok(201);
        assert!(row["run"]["detail"].as_str().unwrap().contains(why), "{why}: {row}");
        assert_eq!(row["status"], "failed", "{why}");
    }
    assert!(double.state().runs.is_empty());
}

fn one_run_is_started_however_often_the_start_is_sent(database: Database) {
    let double = double();
    double.set(Mood::BrokenAfter);
    let world = world(database, &double, by_token());
    let url = format!("{}/api/deploys", world.url);
    let starts = (0..8).map(|_| {
        let url = url.clone();
        std::thread::spawn(move || {
            let headers = [("content-type", "application/json"), ("idempotency-key", "one")];
            call("POST", &url, &headers, b"{}").json()
        })
    });
    let rows: Vec<Value> =
        starts.collect::<Vec<_>>().into_iter().map(|one| one.join().unwrap()).collect();
    assert!(rows.iter().all(|row| row["id"] == rows[0]["id"]), "{rows:?}");
    assert_eq!(double.dispatches().len(), 1);
    assert!(matches!(settled(&world, id(&rows[0])), Dispatch::Run(_)));
    let headers = [("content-type", "application/json"), ("idempotency-key", "one")];
    let again = call("POST", &url, &headers, b"{}").ok(200);
    assert_eq!(
        again["run"],
        json!({"started": true, "run_id": double.state().runs[0].0.to_string()})
    );
    assert_eq!(double.dispatches().len(), 1);
}

fn a_backend_that_ended_in_between_finds_the_run_after_its_start(database: Database) {
    let double = double();
    let mut world = World::deploy(database);
    let row = world.start().id.clone();
    assert!(world.run(world.store.claim_dispatch(&row)).unwrap());
    assert!(!world.run(world.store.claim_dispatch(&row)).unwrap(), "once");
    double.state().runs.push((77, format!("deploy {row}")));
    double.state().runs.push((78, format!("deploy {row}")));
    let ends = Ends::of(&*world.machine);
    world.serve(Options::default().dispatcher(github(&double, by_token()), ends));
    assert_eq!(settled(&world, &row), Dispatch::Run("77".to_owned()), "the first one");
    assert!(double.dispatches().is_empty());
}

fn app() -> By {
    By::app(APP, include_str!("oidc/app.pem")).unwrap()
}

#[test]
fn an_app_asks_by_a_token_of_its_installation() {
    let public = oidc::RSA.public();
    let key = DecodingKey::from_rsa_components(
        public["n"].as_str().unwrap(),
        public["e"].as_str().unwrap(),
    );
    let key = key.unwrap();
    let double = Double::new(move |bearer| {
        let mut validation = Validation::new(Algorithm::RS256);
        validation.set_issuer(&[APP]);
        let claims = decode::<Value>(bearer, &key, &validation).map(|data| data.claims);
        claims.is_ok_and(|claims| {
            let at = |name: &str| claims[name].as_u64().unwrap();
            at("exp") - at("iat") <= 600
        })
    });
    let world = world(Database::Sqlite, &double, app());
    for _ in 0..2 {
        assert_eq!(world.post("/api/deploys", &json!({})).ok(201)["run"]["started"], true);
    }
    assert!(double.dispatches().iter().all(|asked| asked.bearer == INSTALLED));
    let calls = double.state().calls.clone();
    let made: Vec<_> = calls.iter().filter(|call| call.path.ends_with("/access_tokens")).collect();
    assert_eq!(made.len(), 1, "it is kept for its hour");
    // For what it needs, and no more.
    assert_eq!(
        made[0].body,
        json!({"repositories": ["shop"], "permissions": {"actions": "write"}})
    );
}
