//! Reports over HTTP, row by row of the table of answers and in its order, on both databases.

use crate::common::backend::client::call;
use crate::common::backend::world::{Database, World};
use phasegate::http::Options;
use serde_json::json;
use std::num::NonZeroU32;
use std::time::Duration;

on_each_database! {
    wants_a_credential
    forbids_the_token_of_another_row_whether_or_not_the_asked_one_exists
    slows_down_who_reports_too_much
    takes_json_alone
    says_where_a_body_is_malformed
    takes_64_kib_and_no_more
    answers_a_redelivery_with_what_is_now_and_writes_nothing
    makes_the_event_id_of_run_attempt_job_and_status
    refuses_what_an_older_attempt_of_the_run_still_reports
    an_attempt_whose_report_found_the_row_there_already_is_the_newest_too
    refuses_an_event_id_with_another_body
    judges_a_refused_event_id_anew
    names_the_states_that_it_knows
    applies_what_is_legal
    takes_the_state_that_the_row_is_in_as_a_redelivery
    refuses_what_comes_after_the_end
    refuses_an_illegal_step_and_names_the_legal_ones
    tries_the_rows_of_the_table_in_their_order
    records_each_refusal_with_what_was_asked_and_from_where
    keeps_the_token_after_the_end_and_deletes_it_with_the_row
    meets_nasty_bodies_with_a_problem
}

fn wants_a_credential(database: Database) {
    let world = World::deploy(database);
    let row = world.start();
    let wrong = format!("Bearer {}", "0".repeat(64));
    let cut = format!("Bearer {}", &row.token[1..]);
    let basic = format!("Basic {}", row.token);
    let other_key = format!("Bearer {}.nobody", row.token.split('.').next().unwrap());
    for credential in ["", "Bearer", "Bearer ", "bearer x.y", &wrong, &cut, &basic, &other_key] {
        let reply = row.send(br#"{"status":"building"}"#, &[("authorization", credential)]);
        let challenge = reply.header("www-authenticate").to_owned();
        assert!(challenge.starts_with("Bearer "), "{credential}: {challenge}");
        assert_eq!(challenge.contains("invalid_token"), !credential.is_empty());
        reply.problem(401, "unauthorized");
    }
    assert_eq!(row.snapshot()["status"], "queued");
    let lower = format!("bearer {}", row.token);
    row.send(br#"{"status":"building"}"#, &[("authorization", &lower)]).ok(200);
}

fn forbids_the_token_of_another_row_whether_or_not_the_asked_one_exists(database: Database) {
    let world = World::deploy(database);
    let (row, other) = (world.start(), world.start());
    let bearer = format!("Bearer {}", other.token);
    row.send(br#"{"status":"building"}"#, &[("authorization", &bearer)]).problem(403, "forbidden");
    let url = format!("{}/api/deploys/nobody/callbacks", world.url);
    call("POST", &url, &[("authorization", &bearer)], b"{").problem(403, "forbidden");
    assert_eq!(row.snapshot()["status"], "queued");
}

fn slows_down_who_reports_too_much(database: Database) {
    let mut world = World::deploy(database);
    let burst = NonZeroU32::new(2).unwrap();
    let every = Duration::from_secs(100);
    world.serve(Options::default().burst(burst).every(every));
    let (row, other) = (world.start(), world.start());
    row.walk(&["smoke_running", "smoke_passed"]);
    let reply = row.send(b"not even JSON", &[]);
    let wait: u64 = reply.header("retry-after").parse().unwrap();
    assert!((1..=100).contains(&wait), "{wait}");
    reply.problem(429, "too-many-requests");
    assert_eq!(row.snapshot()["status"], "smoke_passed");
    other.walk(&["smoke_running"]);
}

fn takes_json_alone(database: Database) {
    let world = World::deploy(database);
    let row = world.start();
    let body = br#"{"status":"building"}"#;
    for media_type in
        ["", "text/plain", "application/x-www-form-urlencoded", "application/json; charset=utf-16"]
    {
        row.send(body, &[("content-type", media_type)]).problem(415, "unsupported-media-type");
    }
    row.send(body, &[("content-type", "application/json; charset=UTF-8")]).ok(200);
}

fn says_where_a_body_is_malformed(database: Database) {
    let world = World::deploy(database);
    let row = world.start();
    for (body, line, column) in [
        ("", 1, 0),
        ("{\n\"status\": \"building\",\n}", 3, 1),
        ("{\n  \"status\": 5\n}", 2, 13),
        ("{\"status\":\"building\",\n\"run_attempt\":\"one\"}", 2, 19),
        ("{\"status\":\"building\"} x", 1, 23),
        ("{\"job\":\"a\"}", 1, 11),
        ("\n [\"building\"]", 2, 2),
    ] {
        let problem = row.send(body.as_bytes(), &[]).problem(400, "malformed");
        assert_eq!(
            (&problem["line"], &problem["column"]),
            (&json!(line), &json!(column)),
            "{problem}"
        );
    }
}

fn takes_64_kib_and_no_more(database: Database) {
    let world = World::deploy(database);
    let row = world.start();
    let padded = |size: usize| {
        let empty = json!({"status": "smoke_running", "log_tail": ""}).to_string();
        json!({"status": "smoke_running", "log_tail": "x".repeat(size - empty.len())}).to_string()
    };
    row.send(padded(64 * 1024 + 1).as_bytes(), &[]).problem(413, "too-large");
    row.send(&vec![b'x'; 900_000], &[]).problem(413, "too-large");
    row.send(padded(64 * 1024).as_bytes(), &[]).ok(200);
    assert_eq!(row.snapshot()["log_tail"].as_str().unwrap().len(), 16 * 1024);
}

fn answers_a_redelivery_with_what_is_now_and_writes_nothing(database: Database) {
    let world = World::deploy(database);
    let row = world.start();
    let report = json!({"status": "smoke_running", "event_id": "one", "job": "smoke"});
    let applied = json!({"applied": true, "status": "smoke_running", "from": "queued", "seq": 2});
    assert_eq!(row.report(&report).ok(200), applied);
    row.walk(&["smoke_passed"]);
    let now = json!({"applied": false, "duplicate": true, "status": "smoke_passed", "seq": 3});
    assert_eq!(row.report(&report).ok(200), now);
    assert_eq!(row.recorded(), ["applied", "applied"]);
}

fn makes_the_event_id_of_run_attempt_job_and_status(database: Database) {
    let world = World::deploy(database);
    let row = world.start();
    let mut report =
        json!({"status": "smoke_running", "run_id": "7", "run_attempt": 1, "job": "smoke"});
    row.report(&report).ok(200);
    row.walk(&["building"]);
    assert_eq!(row.report(&report).ok(200)["duplicate"], true);
    let id = format!("{}/7/1/smoke/smoke_running", row.id);
    let other = json!({"status": "failed", "event_id": id});
    row.report(&other).problem(409, "event-id-reused");
    report["run_attempt"] = json!(2);
    row.report(&report).problem(422, "illegal-transition");
}

fn refuses_what_an_older_attempt_of_the_run_still_reports(database: Database) {
    let world = World::deploy(database);
    let row = world.start();
    let of = |run: &str, attempt: u32, status: &str| {
        let id = format!("{run}-{attempt}-{status}");
        json!({"status": status, "run_id": run, "run_attempt": attempt, "event_id": id})
    };
    let first = row.report(&of("7", 1, "building")).ok(200);
    assert_eq!(first["applied"], true);
    row.report(&of("7", 2, "deploying")).ok(200);
    let problem = row.report(&of("7", 1, "failed")).problem(409, "stale-attempt");
    assert_eq!((&problem["attempt"], &problem["newest"]), (&json!(1), &json!(2)), "{problem}");
    // Whatever the table says of it: what it lacks, and what the row is in already.
    row.report(&of("7", 1, "no_such")).problem(409, "stale-attempt");
    row.report(&of("7", 1, "deploying")).problem(409, "stale-attempt");
    assert_eq!(row.snapshot()["status"], "deploying");
    // What was applied is a redelivery still.
    assert_eq!(row.report(&of("7", 1, "building")).ok(200)["duplicate"], true);
    // Other runs, and reports that name none, are judged as ever.
    row.report(&of("8", 1, "building")).problem(422, "illegal-transition");
    row.report(&json!({"status": "building", "run_attempt": 1})).problem(422, "illegal-transition");
    row.report(&json!({"status": "building", "run_id": "7"})).problem(422, "illegal-transition");
    row.report(&of("7", 3, "no_such")).problem(422, "unknown-status");
    assert_eq!(row.report(&of("7", 2, "succeeded")).ok(200)["applied"], true, "3 was refused");
}

/// The row may be where the newer attempt begins.
fn an_attempt_whose_report_found_the_row_there_already_is_the_newest_too(database: Database) {
    let world = World::deploy(database);
    let row = world.start();
    let of = |attempt: u32, status: &str| {
        let id = format!("{attempt}-{status}-{}", row.recorded().len());
        json!({"status": status, "run_id": "7", "run_attempt": attempt, "event_id": id})
    };
    row.report(&of(1, "building")).ok(200);
    for _ in 0..3 {
        assert_eq!(row.report(&of(2, "building")).ok(200)["duplicate"], true);
    }
    row.report(&of(1, "failed")).problem(409, "stale-attempt");
    assert_eq!(row.report(&of(2, "deploying")).ok(200)["applied"], true);
    let told = ["applied", "duplicate", "stale-attempt", "applied"];
    assert_eq!(row.recorded(), told, "the first report of an attempt is remembered, and no other");
}

fn refuses_an_event_id_with_another_body(database: Database) {
    let world = World::deploy(database);
    let (row, other) = (world.start(), world.start());
    row.report(&json!({"status": "smoke_running", "event_id": "one"})).ok(200);
    let report = json!({"status": "smoke_passed", "event_id": "one"});
    let problem = row.report(&report).problem(409, "event-id-reused");
    assert_eq!(problem["event_id"], "one");
    assert_eq!(row.snapshot()["status"], "smoke_running");
    let reply = other.report(&json!({"status": "building", "event_id": "one"})).ok(200);
    assert_eq!(reply["applied"], true, "ids are the row's own");
}

fn judges_a_refused_event_id_anew(database: Database) {
    let world = World::deploy(database);
    let row = world.start();
    let report = json!({"status": "deploying", "event_id": "one"});
    row.report(&report).problem(422, "illegal-transition");
    row.walk(&["building"]);
    assert_eq!(row.report(&report).ok(200)["applied"], true);
    assert_eq!(row.recorded(), ["illegal-transition", "applied", "applied"]);
}

fn names_the_states_that_it_knows(database: Database) {
    let world = World::deploy(database);
    let row = world.start();
    for status in ["no_such", "QUEUED", "", " queued", "\0", "queued\n"] {
        let problem = row.report(&json!({"status": status})).problem(422, "unknown-status");
        assert_eq!(problem["requested"], status);
        assert_eq!(problem["known"].as_array().unwrap().len(), world.machine.states());
        assert_eq!(problem["known"][0], "queued");
        assert_eq!(problem["table"], world.machine.table());
        assert_eq!(problem["from"], "queued");
    }
    assert_eq!(row.recorded(), ["unknown-status"; 6]);
}

fn applies_what_is_legal(database: Database) {
    let world = World::deploy(database);
    let row = world.start();
    let report = json!({
        "status": "building", "job": "deploy", "run_id": 12345678901u64, "run_attempt": 3,
        "run_url": "https://example.com/1", "attempted": "no_such", "table": "0123456789abcdef",
        "log_tail": "é\0", "newer": {"a": [null]},
    });
    let applied = json!({"applied": true, "status": "building", "from": "queued", "seq": 2});
    assert_eq!(row.report(&report).ok(200), applied, "a skip of all the optional states");
    let snapshot = row.snapshot();
    let event = &snapshot["events"][1];
    assert_eq!(event["from"], "queued");
    assert_eq!(event["to"], "building");
    assert_eq!(event["job"], "deploy");
    assert_eq!(event["run_id"], "12345678901");
    assert_eq!(event["run_attempt"], 3);
    assert_eq!(event["attempted"], "no_such");
    assert_eq!(snapshot["run_url"], "https://example.com/1");
    assert_eq!(snapshot["log_tail"], "é\u{fffd}");
    assert_eq!(row.recorded(), ["applied"]);
    // A workflow of another table is a fact, and no failure.
    let recorded = world.run(world.store.reports(&row.id)).unwrap();
    assert_eq!(recorded[1].table.as_deref(), Some("0123456789abcdef"));
    assert_ne!(snapshot["table"], "0123456789abcdef");
}

fn takes_the_state_that_the_row_is_in_as_a_redelivery(database: Database) {
    let world = World::deploy(database);
    let row = world.start();
    let duplicate = json!({"applied": false, "duplicate": true, "status": "queued", "seq": 1});
    assert_eq!(row.report(&json!({"status": "queued", "event_id": "x"})).ok(200), duplicate);
    row.walk(&["failed"]);
    assert_eq!(row.report(&json!({"status": "failed"})).ok(200)["duplicate"], true);
    assert_eq!(row.recorded(), ["applied"]);
    assert_eq!(row.snapshot()["seq"], 2);
}

fn refuses_what_comes_after_the_end(database: Database) {
    let world = World::deploy(database);
    let row = world.start();
    row.walk(&["failed"]);
    let problem = row.report(&json!({"status": "building"})).problem(422, "ended");
    assert_eq!((&problem["from"], &problem["to"]), (&json!("failed"), &json!("building")));
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains("a new deploy has to be started"), "{detail}");
}

fn refuses_an_illegal_step_and_names_the_legal_ones(database: Database) {
    let world = World::deploy(database);
    let row = world.start();
    row.walk(&["building"]);
    let problem = row.report(&json!({"status": "succeeded"})).problem(422, "illegal-transition");
    assert_eq!((&problem["from"], &problem["to"]), (&json!("building"), &json!("succeeded")));
    assert_eq!(problem["allowed"], json!(["deploying", "failed"]));
    assert_eq!(problem["table"], world.machine.table());
    assert_eq!(row.snapshot()["status"], "building");
}

fn tries_the_rows_of_the_table_in_their_order(database: Database) {
    let mut world = World::deploy(database);
    let burst = NonZeroU32::new(5).unwrap();
    world.serve(Options::default().burst(burst).every(Duration::from_secs(100)));
    let (row, other) = (world.start(), world.start());
    let foreign = format!("Bearer {}", other.token);
    let text = ("content-type", "text/plain");
    row.send(b"{", &[("authorization", ""), text]).problem(401, "unauthorized");
    row.send(b"{", &[("authorization", &foreign), text]).problem(403, "forbidden");
    row.send(b"{", &[text]).problem(415, "unsupported-media-type");
    row.report(&json!({"status": "failed", "event_id": "one"})).ok(200);
    // Of an ended row: the event id comes first, then the unknown status, then redelivery.
    row.report(&json!({"status": "no_such", "event_id": "one"})).problem(409, "event-id-reused");
    row.report(&json!({"status": "no_such"})).problem(422, "unknown-status");
    assert_eq!(row.report(&json!({"status": "failed"})).ok(200)["duplicate"], true);
    row.send(b"{", &[("authorization", "Bearer x"), text]).problem(401, "unauthorized");
    row.send(b"{", &[("authorization", &foreign), text]).problem(403, "forbidden");
    row.send(b"{", &[text]).problem(429, "too-many-requests");
}

fn records_each_refusal_with_what_was_asked_and_from_where(database: Database) {
    let world = World::deploy(database);
    let row = world.start();
    let run =
        |status: &str| json!({"status": status, "job": "smoke", "run_id": "7", "run_attempt": 1});
    row.report(&run("smoke_running")).ok(200);
    row.report(&run("queued")).problem(422, "illegal-transition");
    row.report(&run("no\0such")).problem(422, "unknown-status");
    row.report(&run("failed")).ok(200);
    row.report(&run("building")).problem(422, "ended");
    let reports = world.run(world.store.reports(&row.id)).unwrap();
    let told: Vec<_> = reports
        .iter()
        .map(|report| {
            (report.status.as_str(), report.from.as_deref(), report.answer.as_str(), report.seq)
        })
        .collect();
    let all = [
        ("queued", None, "applied", Some(1)),
        ("smoke_running", Some("queued"), "applied", Some(2)),
        ("queued", Some("smoke_running"), "illegal-transition", None),
        ("no\u{fffd}such", Some("smoke_running"), "unknown-status", None),
        ("failed", Some("smoke_running"), "applied", Some(3)),
        ("building", Some("failed"), "ended", None),
    ];
    assert_eq!(told, all);
    for refused in reports.iter().skip(1) {
        assert_eq!(refused.run_id.as_deref(), Some("7"));
        assert_eq!(refused.job.as_deref(), Some("smoke"));
        let at = serde_json::to_value(refused).unwrap()["at"].as_str().unwrap().to_owned();
        assert!(at.ends_with('Z') && at.len() == 24, "{at}");
    }
}

fn keeps_the_token_after_the_end_and_deletes_it_with_the_row(database: Database) {
    let world = World::deploy(database);
    let row = world.start();
    row.walk(&["failed"]);
    row.report(&json!({"status": "failed"})).ok(200);
    world.sql(&format!("DELETE FROM deploys WHERE id = '{}'", row.id));
    row.report(&json!({"status": "failed"})).problem(401, "unauthorized");
    world.get(&row.path()).problem(404, "not-found");
}

fn meets_nasty_bodies_with_a_problem(database: Database) {
    let world = World::deploy(database);
    let row = world.start();
    let deep = format!("{}{}", "[".repeat(20_000), "]".repeat(20_000));
    let long = "x".repeat(60_000);
    for (body, name) in [
        (format!(r#"{{"status":"no_such","newer":{deep}}}"#), "unknown-status"),
        (format!(r#"{{"status":{deep}}}"#), "malformed"),
        (format!(r#"{{"status":"{long}"}}"#), "unknown-status"),
        (format!(r#"{{"status":"building","event_id":"{long}"}}"#), "malformed"),
        (format!(r#"{{"status":"building","job":"{long}"}}"#), "malformed"),
        (r#"{"status":"\ud800"}"#.to_owned(), "malformed"),
        (r#"{"status":"building","run_attempt":1e999}"#.to_owned(), "malformed"),
        (r#"{"status":"building","run_attempt":-1}"#.to_owned(), "malformed"),
        (r#"{"status":"building","run_attempt":99999999999}"#.to_owned(), "malformed"),
        (r#"{"status":"building","run_url":"http://example.com"}"#.to_owned(), "malformed"),
        (r#"{"status":"building","run_url":"javascript:alert(1)"}"#.to_owned(), "malformed"),
        (r#"{"status":"building","attempted":"\u0000"}"#.to_owned(), "malformed"),
        (r#"{"status":"building","status":"failed"}"#.to_owned(), "malformed"),
        ("null".to_owned(), "malformed"),
        ("\u{feff}{}".to_owned(), "malformed"),
    ] {
        let reply = row.send(body.as_bytes(), &[]);
        let status = if name == "malformed" { 400 } else { 422 };
        reply.problem(status, name);
    }
    row.send(b"{\"status\":\"building\",\"x\":\"\xff\"}", &[]).problem(400, "malformed");
    assert_eq!(row.snapshot()["status"], "queued");
}
