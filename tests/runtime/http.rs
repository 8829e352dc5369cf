//! The HTTP interface, call by call, over real HTTP on both databases. Reports have a table of their
//! own: `callbacks.rs`.

use crate::common::backend::client::call;
use crate::common::backend::world::{DEPLOY, DEPLOY_V1, Database, World};
use serde_json::{Value, json};

on_each_database! {
    starts_a_row_and_gives_its_token_once
    takes_a_start_with_an_empty_body_but_not_from_a_form
    refuses_a_start_that_no_column_could_hold
    lists_rows_newest_first_in_pages
    finds_rows_by_state_outcome_and_text
    refuses_a_page_that_is_none
    shows_a_row_until_it_changes
    knows_no_row_by_a_wrong_key
    says_when_the_database_is_away
    shows_the_last_report
    shows_what_was_reported_refusals_too_in_pages
    shows_phases_by_what_was_attempted
    serves_a_page_for_each_problem
    answers_unknown_addresses_and_methods_with_problems
    is_ready_where_tables_and_guard_are_there
    is_degraded_while_its_mode_was_set
    counts_what_it_answers
}

fn starts_a_row_and_gives_its_token_once(database: Database) {
    let world = World::deploy(database);
    let body = json!({"ref": "main", "requested_by": "ada", "reason": "Friday", "newer": [1]});
    let reply = world.post("/api/deploys", &body);
    let location = reply.header("location").to_owned();
    let started = reply.ok(201);
    let id = started["id"].as_str().unwrap();
    assert_eq!(location, format!("/api/deploys/{id}"));
    let token = started["callback_token"].as_str().unwrap();
    assert!(token.len() >= 64, "256 bits at least: {token}");

    let snapshot = world.get(&location).ok(200);
    let mut without = started.clone();
    without.as_object_mut().unwrap().remove("callback_token");
    assert_eq!(snapshot, without);
    assert!(!snapshot.to_string().contains(token));
    let keys: Vec<_> = snapshot.as_object().unwrap().keys().map(String::as_str).collect();
    let all = [
        "columns",
        "events",
        "id",
        "known",
        "last_report_at",
        "log_tail",
        "outcome",
        "overdue_since",
        "phases",
        "run_url",
        "seq",
        "status",
        "table",
        "terminal",
        "title",
    ];
    assert_eq!(keys, all);
    assert_eq!(snapshot["status"], "queued");
    assert_eq!(snapshot["title"], "Queued");
    assert_eq!(snapshot["seq"], 1);
    assert_eq!(snapshot["table"], world.machine.table());
    let event = &snapshot["events"][0];
    let keys: Vec<_> = event.as_object().unwrap().keys().map(String::as_str).collect();
    let all = [
        "actor",
        "at",
        "attempted",
        "authenticated_by",
        "forced",
        "from",
        "job",
        "observed",
        "run_attempt",
        "run_id",
        "run_url",
        "seq",
        "to",
    ];
    assert_eq!(keys, all);
    assert_eq!(event["from"], Value::Null);
    assert_eq!(event["to"], "queued");
    assert_eq!(event["actor"], "ada");
    let at = event["at"].as_str().unwrap();
    assert!(at.len() == "2026-01-01T00:00:00.000Z".len() && at.ends_with('Z'), "{at}");
    let views: Vec<_> = snapshot["phases"].as_array().unwrap().iter().map(|p| &p["view"]).collect();
    assert_eq!(views, ["upcoming"; 4]);
}

fn takes_a_start_with_an_empty_body_but_not_from_a_form(database: Database) {
    let world = World::deploy(database);
    let url = format!("{}/api/deploys", world.url);
    let reply = call("POST", &url, &[("content-type", "application/json")], b"");
    reply.ok(201);
    for headers in [&[][..], &[("content-type", "text/plain")][..]] {
        call("POST", &url, headers, b"{}").problem(415, "unsupported-media-type");
    }
}

fn refuses_a_start_that_no_column_could_hold(database: Database) {
    let world = World::deploy(database);
    for body in [
        json!({"ref": "x\0"}),
        json!({"requested_by": "x".repeat(257)}),
        json!({"reason": 5}),
        json!([]),
    ] {
        world.post("/api/deploys", &body).problem(400, "malformed");
    }
    assert_eq!(world.count("SELECT count(*) FROM deploys"), 0);
}

fn lists_rows_newest_first_in_pages(database: Database) {
    let world = World::deploy(database);
    assert_eq!(world.get("/api/deploys").ok(200), json!({"deploys": [], "next": null}));
    let mut ids: Vec<String> = (0..5).map(|_| world.start().id).collect();
    ids.reverse();

    let mut seen = Vec::new();
    let mut path = "/api/deploys?limit=2".to_owned();
    let mut sizes = Vec::new();
    loop {
        let page = world.get(&path).ok(200);
        let rows = page["deploys"].as_array().unwrap();
        sizes.push(rows.len());
        seen.extend(rows.iter().map(|row| row["id"].as_str().unwrap().to_owned()));
        let Some(next) = page["next"].as_str() else { break };
        path = format!("/api/deploys?limit=2&before={next}");
    }
    assert_eq!(seen, ids);
    assert_eq!(sizes, [2, 2, 1]);
    let all = world.get("/api/deploys?limit=5").ok(200);
    assert_eq!(all["next"], Value::Null, "a page that is full and the last");
    assert_eq!(all["deploys"][0]["status"], "queued");
}

fn finds_rows_by_state_outcome_and_text(database: Database) {
    let world = World::deploy(database);
    let start = |reference: &str, by: &str| {
        let row =
            world.post("/api/deploys", &json!({"ref": reference, "requested_by": by})).ok(201);
        (row["id"].as_str().unwrap().to_owned(), row["callback_token"].as_str().unwrap().to_owned())
    };
    // No letter sequence that is looked for can stand in a key, which is hexadecimal.
    let rows = [("main", "Tom"), ("Release-1", "Bob"), ("release_2", "tom"), ("x%y", "cy'\"\\")];
    let rows = rows.map(|(reference, by)| start(reference, by));
    let report = |(id, token): &(String, String), status: &str| {
        let path = format!("{}/api/deploys/{id}/callbacks", world.url);
        let (bearer, event) = (format!("Bearer {token}"), format!("{id} {status}"));
        let headers = [
            ("authorization", bearer.as_str()),
            ("content-type", "application/json"),
            ("idempotency-key", &event),
        ];
        let body = json!({"event_id": event, "status": status}).to_string();
        call("POST", &path, &headers, body.as_bytes()).ok(200);
    };
    report(&rows[0], "building");
    report(&rows[1], "failed");
    let found = |query: &str| -> Vec<usize> {
        let page = world.get(&format!("/api/deploys?{query}")).ok(200);
        let at = |row: &Value| rows.iter().position(|(id, _)| row["id"] == id.as_str()).unwrap();
        page["deploys"].as_array().unwrap().iter().map(at).collect()
    };
    for (query, expected) in [
        ("state=queued", &[3, 2][..]),
        ("state=building&state=failed", &[1, 0]),
        ("outcome=open", &[3, 2, 0]),
        ("outcome=failure", &[1]),
        ("outcome=failure&outcome=open&state=building", &[0]),
        ("outcome=success", &[]),
        ("q=tom", &[2, 0]),
        ("q=RELEASE", &[2, 1]),
        // Whatever means something to a database is a letter here.
        ("q=%25", &[3]),
        ("q=_", &[2]),
        ("q=%27%22%5C", &[3]),
        ("q=a%00b", &[]),
        ("q=release&state=queued", &[2]),
        ("q=", &[3, 2, 1, 0]),
        ("state=", &[3, 2, 1, 0]),
        // What stands in two columns is no text of one.
        ("q=mainTom", &[]),
    ] {
        assert_eq!(found(query), expected, "{query}");
    }
    assert_eq!(found(&format!("q={}", rows[2].0)), [2], "the key");
    let first = world.get("/api/deploys?outcome=open&limit=2").ok(200);
    assert_eq!(first["next"], rows[2].0.as_str());
    assert_eq!(found(&format!("outcome=open&limit=2&before={}", rows[2].0)), [0]);
    assert_eq!(
        world.get(&format!("/api/deploys?outcome=open&before={}", rows[1].0)).ok(200)["next"],
        Value::Null
    );
}

fn refuses_a_page_that_is_none(database: Database) {
    let world = World::deploy(database);
    for query in [
        "limit=0",
        "limit=101",
        "limit=-1",
        "limit=x",
        "limit=",
        "before=nobody",
        "limit=1&limit=2",
        "before=%00",
        "state=nowhere",
        "state=queued&state=nowhere",
        "outcome=won",
        "q=a&q=b",
        &format!("q={}", "x".repeat(201)),
    ] {
        world.get(&format!("/api/deploys?{query}")).problem(400, "malformed");
    }
    world.get("/api/deploys?other=1&limit=100").ok(200);
}

fn shows_a_row_until_it_changes(database: Database) {
    let world = World::deploy(database);
    let row = world.start();
    let url = format!("{}{}", world.url, row.path());
    let first = world.get(&row.path());
    let tag = first.header("etag").to_owned();
    assert!(tag.starts_with('"') && tag.ends_with('"'), "{tag}");
    for named in [tag.clone(), format!("W/{tag}"), format!("\"x\", {tag}"), "*".to_owned()] {
        let again = call("GET", &url, &[("if-none-match", &named)], &[]);
        assert_eq!((again.status, again.text.as_str()), (304, ""), "{named}");
        assert_eq!(again.header("etag"), tag);
    }
    row.walk(&["smoke_running"]);
    let changed = call("GET", &url, &[("if-none-match", &tag)], &[]);
    assert_ne!(changed.header("etag"), tag);
    assert_eq!(changed.ok(200)["status"], "smoke_running");
}

fn knows_no_row_by_a_wrong_key(database: Database) {
    let world = World::deploy(database);
    for id in ["nobody", "%00", "%ff", "..%2f", "%F0%9F%92%A9", "'"] {
        world.get(&format!("/api/deploys/{id}")).problem(404, "not-found");
        world.get(&format!("/api/deploys/{id}/events")).problem(404, "not-found");
    }
}

fn says_when_the_database_is_away(database: Database) {
    let world = World::deploy(database);
    let row = world.start();
    world.run(world.store.close());
    for reply in [
        row.report(&json!({"status": "building"})),
        world.get("/api/deploys"),
        world.get(&row.path()),
        world.get(&format!("{}/events", row.path())),
        world.post("/api/deploys", &json!({})),
        world.get("/readyz"),
    ] {
        assert!(reply.header("retry-after").parse::<u64>().unwrap() > 0);
        reply.problem(503, "unavailable");
    }
    world.get("/healthz").ok(200);
    assert_eq!(world.run(world.other_store().reports(&row.id)).unwrap().len(), 1);
}

fn shows_the_last_report(database: Database) {
    let world = World::deploy(database);
    let row = world.start();
    assert_eq!(row.snapshot()["last_report_at"], Value::Null, "the start is no report");
    let report = json!({"status": "smoke_running", "run_url": "https://a/1", "log_tail": "one"});
    row.report(&report).ok(200);
    row.walk(&["smoke_passed"]);
    row.report(&json!({"status": "queued", "run_url": "https://b/2", "log_tail": "no"}))
        .problem(422, "illegal-transition");
    let snapshot = row.snapshot();
    assert_eq!(snapshot["run_url"], "https://a/1");
    assert_eq!(snapshot["log_tail"], "one");
    let last = snapshot["last_report_at"].as_str().unwrap();
    assert!(last >= snapshot["events"][2]["at"].as_str().unwrap(), "{snapshot}");
}

fn shows_what_was_reported_refusals_too_in_pages(database: Database) {
    let world = World::deploy(database);
    let row = world.start();
    let path = format!("/api/deploys/{}/reports", row.id);
    let run =
        json!({"job": "smoke", "run_id": "7", "run_attempt": 1, "run_url": "https://ci.example/7"});
    let report = |status: &str| {
        let mut report = run.clone();
        report["status"] = json!(status);
        report
    };
    assert_eq!(row.report(&report("building")).status, 200);
    assert_eq!(row.report(&report("smoke_passed")).status, 422);
    assert_eq!(row.report(&report("no_such_state")).status, 422);
    let all = world.get(&path).ok(200);
    let told = |page: &Value| {
        let reports = page["reports"].as_array().unwrap().clone();
        let told = |one: &Value| format!("{} {} {}", one["status"], one["answer"], one["run_url"]);
        reports.iter().map(told).collect::<Vec<_>>()
    };
    let url = "\"https://ci.example/7\"";
    let expected = [
        format!("\"no_such_state\" \"unknown-status\" {url}"),
        format!("\"smoke_passed\" \"illegal-transition\" {url}"),
        format!("\"building\" \"applied\" {url}"),
        "\"queued\" \"applied\" null".to_owned(),
    ];
    assert_eq!(told(&all), expected);
    assert_eq!(all["next"], Value::Null);
    let first = world.get(&format!("{path}?limit=3")).ok(200);
    assert_eq!(told(&first), expected[..3]);
    let next = first["next"].as_str().unwrap();
    let second = world.get(&format!("{path}?limit=3&before={next}")).ok(200);
    assert_eq!((told(&second), &second["next"]), (expected[3..].to_vec(), &Value::Null));
    // Another row's reports are another row's.
    let other = world.start();
    assert_eq!(told(&world.get(&format!("/api/deploys/{}/reports", other.id)).ok(200)).len(), 1);

    let events = world.get(&format!("/api/deploys/{}", row.id)).ok(200)["events"].clone();
    assert_eq!(events[1]["run_url"], "https://ci.example/7");
    world.get("/api/deploys/no-such-row/reports").problem(404, "not-found");
    for wrong in ["limit=0", "limit=101", "limit=x", "before=x"] {
        world.get(&format!("{path}?{wrong}")).problem(400, "malformed");
    }
}

fn shows_phases_by_what_was_attempted(database: Database) {
    let world = World::deploy(database);
    let row = world.start();
    row.walk(&["smoke_running", "smoke_passed"]);
    row.report(&json!({"status": "failed", "attempted": "freeze_checking"})).ok(200);
    let snapshot = row.snapshot();
    let phases: Vec<_> = snapshot["phases"]
        .as_array()
        .unwrap()
        .iter()
        .map(|phase| (phase["name"].as_str().unwrap(), phase["view"].as_str().unwrap()))
        .collect();
    let views = [
        ("smoke_gate", "done"),
        ("freeze_check", "failed"),
        ("deploy", "skipped"),
        ("health_check", "skipped"),
    ];
    assert_eq!(phases, views);
    assert_eq!(snapshot["outcome"], "failure");
    assert_eq!(snapshot["terminal"], true);
}

fn serves_a_page_for_each_problem(database: Database) {
    let world = World::deploy(database);
    for name in ["illegal-transition", "unknown-status", "ended", "event-id-reused", "unavailable"]
    {
        let page = world.get(&format!("/problems/{name}"));
        assert_eq!((page.status, page.header("content-type")), (200, "text/html; charset=utf-8"));
        assert!(page.text.contains("What to do"));
    }
    world.get("/problems/no-such").problem(404, "not-found");
}

fn answers_unknown_addresses_and_methods_with_problems(database: Database) {
    let world = World::deploy(database);
    world.get("/no/such").problem(404, "not-found");
    let url = format!("{}/api/deploys", world.url);
    let reply = call("DELETE", &url, &[], &[]);
    assert!(reply.header("allow").contains("POST"), "{reply:?}");
    reply.problem(405, "method-not-allowed");
}

fn is_ready_where_tables_and_guard_are_there(database: Database) {
    let world = World::deploy(database);
    let ready = world.get("/readyz").ok(200);
    assert_eq!(ready["table"], world.machine.table());
    assert_eq!(ready["language"], world.machine.language());
    assert_eq!(ready["database"]["language"], world.machine.language());
    assert_eq!((&ready["degraded"], &ready["detail"]), (&json!(false), &Value::Null));
    match database {
        // As tools change a table: its triggers are gone with the old one.
        Database::Sqlite => world.sql(
            "CREATE TABLE new__deploys AS SELECT * FROM deploys; DROP TABLE deploys; \
             ALTER TABLE new__deploys RENAME TO deploys",
        ),
        Database::Postgres => {
            world.sql(r#"ALTER TABLE deploys DISABLE TRIGGER "000_deploy_guard""#)
        }
    }
    let problem = world.get("/readyz").problem(503, "schema-mismatch");
    assert!(problem["missing"][0].as_str().unwrap().contains("guard"), "{problem}");
    world.sql("DROP VIEW deploy_transitions");
    let problem = world.get("/readyz").problem(503, "schema-mismatch");
    assert_eq!(problem["missing"].as_array().unwrap().len(), 2, "{problem}");
    world.get("/healthz").ok(200);
}

fn is_degraded_while_its_mode_was_set(database: Database) {
    let world = World::deploy(database);
    let modes: &[&str] = match database {
        Database::Sqlite => &["'test'", "'load'"],
        Database::Postgres => &["'test'", "'load'", "'observe'"],
    };
    for mode in modes.iter().chain(&["NULL"]) {
        world.sql(&match database {
            Database::Sqlite => format!("INSERT INTO deploy_set_mode (mode) VALUES ({mode})"),
            Database::Postgres => format!("SELECT deploy_set_mode({mode})"),
        });
        let ready = world.get("/readyz").ok(200);
        if *mode == "NULL" {
            assert_eq!(ready["database"]["mode"], Value::Null);
            assert_eq!((&ready["degraded"], &ready["detail"]), (&json!(false), &Value::Null));
        } else {
            let mode = mode.trim_matches('\'');
            assert_eq!(
                (&ready["degraded"], &ready["database"]["mode"]),
                (&json!(true), &json!(mode))
            );
            let detail = ready["detail"].as_str().unwrap();
            assert!(
                detail.starts_with(&format!("the database's mode was set to `{mode}`: ")),
                "{detail}"
            );
        }
    }
}

fn counts_what_it_answers(database: Database) {
    let world = World::deploy(database);
    let row = world.start();
    row.walk(&["building"]);
    row.report(&json!({"status": "queued"})).problem(422, "illegal-transition");
    let _open = row.stream(None);
    let text = world.get("/metrics").text;
    for line in [
        r#"phasegate_reports_total{machine="deploy",answer="applied"} 1"#,
        r#"phasegate_reports_total{machine="deploy",answer="illegal-transition"} 1"#,
        r#"phasegate_started_total{machine="deploy"} 1"#,
        r#"phasegate_streams{machine="deploy"} 1"#,
        "# EOF",
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
}

#[test]
fn every_metric_that_the_alerts_name_is_counted() {
    let world = World::deploy(Database::Sqlite);
    let row = world.start();
    row.walk(&["building"]);
    row.report(&json!({"status": "deploying", "table": "0000000000000000"})).ok(200);
    world.stop_database();
    let _ = world.get("/api/deploys");
    let metrics = world.get("/metrics").text;
    let alerts = std::fs::read_to_string("docs/alerts.yml").unwrap();
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let named: std::collections::BTreeSet<&str> =
        alerts.split(|c| !is_word(c)).filter(|word| word.starts_with("phasegate_")).collect();
    assert!(named.len() >= 9, "{named:?}");
    // What no row is in is not told: `overdue::` holds that one.
    for name in named.into_iter().filter(|name| *name != "phasegate_overdue") {
        let family = name.trim_end_matches("_total").trim_end_matches("_bucket");
        assert!(metrics.contains(&format!("# HELP {family} ")), "{name}: {metrics}");
    }
    for line in [
        "phasegate_requests_total{machine=\"deploy\",route=\"/api/deploys/{id}/callbacks\",method=\"POST\",status=\"200\"} 2",
        "phasegate_request_seconds_count{machine=\"deploy\",route=\"/api/deploys\",method=\"POST\"} 1",
        "phasegate_reports_of_another_table_total{machine=\"deploy\"} 1",
        "phasegate_database_errors_total{machine=\"deploy\",error=\"unavailable\"} 1",
        "phasegate_database_up{machine=\"deploy\"} 0",
        "phasegate_connections{machine=\"deploy\",state=\"used\"} 0",
    ] {
        assert!(metrics.contains(line), "{line}: {metrics}");
    }
}

#[test]
fn metrics_say_that_the_database_is_there_and_judges_otherwise() {
    let named = phasegate::Schema::named("deploy");
    let world = World::of(Database::Sqlite, DEPLOY_V1, DEPLOY, named);
    let metrics = world.get("/metrics").text;
    for line in [
        "phasegate_database_up{machine=\"deploy\"} 1",
        "phasegate_rules_differ{machine=\"deploy\"} 1",
    ] {
        assert!(metrics.contains(line), "{line}: {metrics}");
    }
    let same = World::deploy(Database::Sqlite);
    assert!(same.get("/metrics").text.contains("phasegate_rules_differ{machine=\"deploy\"} 0"));
}
