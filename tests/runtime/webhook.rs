//! What GitHub says of runs ends the rows that they left open, by the table's transitions.

use crate::common::backend::client::{Reply, call};
use crate::common::backend::world::{Database, Row, World};
use hmac::{Hmac, KeyInit as _, Mac as _};
use phasegate::http::{Backend, Ends, Webhook};
use serde_json::{Value, json};
use sha2::Sha256;

on_each_database! {
    a_run_that_ends_without_a_report_ends_its_row
    a_run_ends_only_the_row_that_is_its_own
    deliveries_come_again_and_in_any_order
}

const SECRET: &str = "a secret of the webhook's";

struct Hook {
    url: String,
}

impl Hook {
    fn new(world: &World) -> Self {
        let ends = Ends::of(&*world.machine);
        let webhook = Webhook::new(SECRET, vec!["74".to_owned()], ends);
        let backend = Backend::new(world.store.clone(), world.machine.clone());
        let router = backend.webhook(webhook);
        let listener = world.run(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let url = format!("http://{}/webhooks/deploys", listener.local_addr().unwrap());
        world.runtime.spawn(async move { phasegate::axum::serve(listener, router).await });
        Self { url }
    }

    fn send(&self, event: &str, body: &Value, secret: &str) -> Reply {
        let body = body.to_string();
        let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
        let bytes = mac.chain_update(&body).finalize().into_bytes();
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let signature = format!("sha256={hex}");
        let headers = [
            ("content-type", "application/json"),
            ("x-github-event", event),
            ("x-hub-signature-256", signature.as_str()),
        ];
        call("POST", &self.url, &headers, body.as_bytes())
    }

    /// That a run completed; what became of which rows.
    #[track_caller]
    fn ended(&self, run: u64, attempt: u32, conclusion: &str, title: &str) -> Value {
        self.send("workflow_run", &delivery(run, attempt, conclusion, title), SECRET).ok(200)["rows"].clone()
    }
}

fn delivery(run: u64, attempt: u32, conclusion: &str, title: &str) -> Value {
    json!({
        "action": "completed",
        "workflow_run": {
            "id": run, "run_attempt": attempt, "conclusion": conclusion, "display_title": title,
            "html_url": format!("https://github.com/octo/shop/actions/runs/{run}"), "newer": [1],
        },
        "repository": {"id": 74, "full_name": "octo/shop"},
    })
}

fn titled(row: &Row<'_>) -> String {
    format!("deploy {}", row.id)
}

#[track_caller]
fn reports(row: &Row<'_>, run: u64, status: &str) {
    let body = json!({"status": status, "job": "x", "run_id": run, "run_attempt": 1});
    assert_eq!(row.report(&body).ok(200)["applied"], true);
}

fn a_run_that_ends_without_a_report_ends_its_row(database: Database) {
    let world = World::deploy(database);
    let hook = Hook::new(&world);
    // Its reports name it, or where it never came to one its title does.
    let (named, silent) = (world.start(), world.start());
    reports(&named, 900, "building");
    let applied = |row: &Row<'_>| json!([{"id": row.id, "answer": "applied"}]);
    assert_eq!(hook.ended(900, 1, "failure", "any title"), applied(&named));
    assert_eq!(hook.ended(901, 1, "cancelled", &titled(&silent)), applied(&silent));
    for row in [named, silent] {
        let snapshot = row.snapshot();
        assert_eq!(snapshot["status"], "failed");
        let event = snapshot["events"].as_array().unwrap().last().unwrap();
        assert_eq!(event["actor"], "reconciler");
        assert_eq!(event["authenticated_by"], "webhook");
        assert_eq!(event["run_attempt"], 1);
    }
    // What ended by a report of its own stays as it is.
    let well = world.start();
    reports(&well, 902, "building");
    reports(&well, 902, "deploying");
    reports(&well, 902, "succeeded");
    assert_eq!(hook.ended(902, 1, "failure", &titled(&well)), json!([]));
    assert_eq!(well.snapshot()["status"], "succeeded");
    // The table decides, here as everywhere.
    let early = world.start();
    assert_eq!(
        hook.ended(903, 1, "success", &titled(&early)),
        json!([{"id": early.id, "answer": "illegal-transition"}])
    );
    assert_eq!(early.snapshot()["status"], "queued");
}

fn a_run_ends_only_the_row_that_is_its_own(database: Database) {
    let world = World::deploy(database);
    let hook = Hook::new(&world);
    let row = world.start();
    reports(&row, 900, "building");
    // Another run that calls itself so.
    assert_eq!(
        hook.ended(901, 1, "failure", &titled(&row)),
        json!([{"id": row.id, "answer": "other-run"}])
    );
    assert_eq!(row.snapshot()["status"], "building");
    for title in ["deploy nobody", "deploy", "", "deploy ", &row.id] {
        assert_eq!(hook.ended(902, 1, "failure", title), json!([]), "{title}");
    }
    // Nor anyone who has not the secret, nor another repository.
    let body = delivery(900, 1, "failure", "x");
    hook.send("workflow_run", &body, "another").problem(401, "unauthorized");
    call("POST", &hook.url, &[("x-github-event", "workflow_run")], body.to_string().as_bytes())
        .problem(401, "unauthorized");
    let mut other = body.clone();
    other["repository"]["id"] = 75.into();
    hook.send("workflow_run", &other, SECRET).problem(403, "forbidden");
    hook.send("workflow_run", &json!({"action": "completed"}), SECRET).problem(400, "malformed");
    assert_eq!(row.snapshot()["status"], "building");
}

fn deliveries_come_again_and_in_any_order(database: Database) {
    let world = World::deploy(database);
    let hook = Hook::new(&world);
    let row = world.start();
    reports(&row, 900, "building");
    let mut body = delivery(900, 1, "failure", "x");
    body["action"] = "in_progress".into();
    assert_eq!(hook.send("workflow_run", &body, SECRET).ok(200)["rows"], json!([]));
    assert_eq!(hook.send("ping", &json!({"zen": "x"}), SECRET).ok(200)["rows"], json!([]));
    assert_eq!(hook.ended(900, 1, "neutral", "x"), json!([]), "no end of the table's");
    // The run was started again, and its second attempt reports; the first one's end comes late.
    let again = json!({"status": "deploying", "job": "x", "run_id": 900, "run_attempt": 2});
    row.report(&again).ok(200);
    assert_eq!(
        hook.ended(900, 1, "failure", "x"),
        json!([{"id": row.id, "answer": "stale-attempt"}])
    );
    assert_eq!(row.snapshot()["status"], "deploying");
    assert_eq!(hook.ended(900, 2, "success", "x"), json!([{"id": row.id, "answer": "applied"}]));
    assert_eq!(hook.ended(900, 2, "success", "x"), json!([]), "it has ended");
    assert_eq!(row.snapshot()["status"], "succeeded");
}
