//! The generated script, run for real against a console that answers as it is told: what it sends,
//! what it makes of the answers, and what it never prints.
use crate::workflow::tries;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::process::Stdio;

use crate::workflow::generated::Generated;
use crate::workflow::script::{APPLIED, Script, TOKEN, answering};
use crate::workflow::stub::{Answer, Stub};
use serde_json::{Value, json};

#[test]
#[ignore = "needs bash, jq and curl: run by tests/run"]
fn sends_one_report_and_prints_the_answer() {
    let stub = answering(&[(200, APPLIED)]);
    Script::deploy(&stub.url)
        .run()
        .is(0, "smoke's report of smoke_running: 200 applied, queued -> smoke_running (seq 2)\n");
    let requests = stub.requests();
    assert_eq!(requests.len(), 1);
    assert_eq!(requests[0].line, "POST /api/deploys/d1/callbacks HTTP/1.1");
    assert_eq!(requests[0].authorization, format!("Bearer {TOKEN}"));
    assert_eq!(
        requests[0].body,
        json!({
            "status": "smoke_running",
            "job": "smoke",
            "run_id": "77",
            "run_attempt": 2,
            "run_url": "https://git.example/acme/shop/actions/runs/77/attempts/2",
            "event_id": "d1/77/2/smoke/smoke_running",
            "table": Generated::from("deploy.toml").machine.fingerprints.table,
        })
    );
}

#[test]
#[ignore = "needs bash, jq and curl: run by tests/run"]
fn says_that_a_redelivery_changes_nothing() {
    let stub =
        answering(&[(200, r#"{"applied":false,"duplicate":true,"status":"building","seq":3}"#)]);
    Script::deploy(&stub.url).run().is(0, "200 nothing to change, it is in building (seq 3)");
}

#[test]
#[ignore = "needs bash, jq and curl: run by tests/run"]
fn an_outcome_is_the_jobs_state_and_attempted_goes_along() {
    let cases = [("success", "smoke_passed"), ("failure", "failed"), ("cancelled", "failed")];
    for (outcome, status) in cases {
        let stub = answering(&[(200, APPLIED)]);
        let script = Script::deploy(&stub.url)
            .with("NOTIFY_STATE", "")
            .with("NOTIFY_OUTCOME", outcome)
            .with("NOTIFY_ATTEMPTED", "smoke_running");
        script.run().is(0, "200 applied");
        let body = &stub.requests()[0].body;
        assert_eq!(body["status"], status);
        assert_eq!(body["attempted"], "smoke_running");
        assert_eq!(body["event_id"], format!("d1/77/2/smoke/{status}"));
    }
}

#[test]
#[ignore = "needs bash, jq and curl: run by tests/run"]
fn a_refusal_is_final_and_is_told_with_its_reason() {
    let problem = json!({
        "title": "Illegal transition",
        "detail": "100% sure:\n::error::failed -> smoke_running ##[add-mask]x",
        "status": 422,
    });
    for (tolerated, level) in [("", "error"), ("false", "error"), ("true", "warning")] {
        let stub = answering(&[(422, &problem.to_string())]);
        let ran = Script::deploy(&stub.url).with("NOTIFY_TOLERATED", tolerated).run();
        ran.is(
            1,
            &format!(
                "\n::{level}::smoke's report of smoke_running was refused: 422 Illegal transition: \
                 100%25 sure: ::error::failed -> smoke_running ## [add-mask]x\n"
            ),
        );
        assert_eq!(stub.requests().len(), 1, "a refusal is not tried again");
        let commands = ran.said.lines().filter(|line| line.starts_with("::")).count();
        assert_eq!(commands, 2, "the mask and the refusal are the only commands: {}", ran.said);
    }
}

#[test]
#[ignore = "needs bash, jq and curl: run by tests/run"]
fn no_other_4xx_is_tried_again() {
    for status in [400, 401, 403, 404, 409, 413, 415] {
        let stub = answering(&[(status, "<html>not a console</html>")]);
        Script::deploy(&stub.url).run().is(1, &format!("was refused: {status}\n"));
        assert_eq!(stub.requests().len(), 1, "{status}");
    }
}

#[test]
#[ignore = "needs bash, jq and curl: run by tests/run"]
fn everything_else_is_tried_again_with_the_same_report() {
    let http = |status: u16| Answer::Http(status, "", "{}".to_owned());
    let failures =
        [http(408), http(429), http(500), http(502), http(503), Answer::Nothing, Answer::Half];
    for failure in failures {
        let fine = Answer::Http(200, "", APPLIED.to_owned());
        let stub = Stub::answering(vec![failure.clone(), failure.clone(), fine]);
        let ran = Script::deploy(&stub.url).run();
        ran.is(0, "200 applied");
        let requests = stub.requests();
        assert_eq!(requests.len(), 3, "{failure:?}: {}", ran.said);
        assert!(requests.iter().all(|request| request.body == requests[0].body));
    }
}

#[test]
#[ignore = "needs bash, jq and curl: run by tests/run"]
fn trying_again_ends() {
    let stub = answering(&[(503, r#"{"title":"The database is away","detail":"try later"}"#)]);
    let ran = Script::deploy(&stub.url).run();
    ran.is(1, "::error::smoke's report of smoke_running could not be delivered in 4 tries: 503 The database is away: try later");
    assert_eq!(stub.requests().len(), 4);
}

#[test]
#[ignore = "needs bash, jq and curl: run by tests/run"]
fn a_console_that_is_not_there_yet_costs_no_report() {
    // The port is free until the script has been refused once.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let script = Script::deploy(&format!("http://{address}")).with("NOTIFY_PAUSE", "1");
    let mut child = script.command().stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    assert!(lines.any(|line| line.contains("no answer (try 1 of 4), again in 1 s")));
    let stub = Stub::on(
        TcpListener::bind(address).unwrap(),
        vec![Answer::Http(200, "", APPLIED.to_owned())],
    );
    assert!(lines.any(|line| line.contains("200 applied")));
    assert!(child.wait().unwrap().success());
    assert_eq!(stub.requests().len(), 1);
}

#[test]
#[ignore = "needs bash, jq and curl: run by tests/run"]
fn a_console_that_is_away_is_told_with_curls_reason() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    Script::deploy(&url).with("NOTIFY_TOLERATED", "true").run().is(
        1,
        "::warning::smoke's report of smoke_running could not be delivered in 4 tries: curl: (7)",
    );
}

#[test]
#[ignore = "needs bash, jq and curl: run by tests/run"]
fn waits_twice_as_long_from_try_to_try() {
    tries::waits_twice_as_long_from_try_to_try(Generated::from("deploy.toml").text("notify.sh"));
}

#[test]
#[ignore = "needs bash, jq and curl: run by tests/run"]
fn waits_as_long_as_the_console_asks_up_to_half_a_minute() {
    let generated = Generated::from("deploy.toml");
    tries::waits_as_long_as_the_console_asks_up_to_half_a_minute(generated.text("notify.sh"));
}

#[test]
#[ignore = "needs bash, jq and curl: run by tests/run"]
fn all_tries_fit_into_the_time_of_their_step() {
    let generated = Generated::from("deploy.toml");
    tries::all_tries_fit_into_the_time_of_their_step(generated.text("notify.sh"), &generated);
}

#[test]
#[ignore = "needs bash, jq and curl: run by tests/run"]
fn what_it_writes_nobody_else_can_read() {
    tries::what_it_writes_nobody_else_can_read(Generated::from("deploy.toml").text("notify.sh"));
}

#[test]
#[ignore = "needs bash, jq and curl: run by tests/run"]
fn without_an_id_nothing_is_sent_and_nothing_is_asked_for() {
    let stub = answering(&[(200, APPLIED)]);
    let ran = Script::deploy(&stub.url)
        .with("NOTIFY_ID", "")
        .with("NOTIFY_URL", "")
        .with("NOTIFY_STATE", "nonsense")
        .run();
    assert_eq!(ran.code, 0);
    assert_eq!(ran.said.lines().count(), 1, "{}", ran.said);
    assert!(stub.requests().is_empty());
}

#[test]
#[ignore = "needs bash, jq and curl: run by tests/run"]
fn the_token_is_masked_and_never_printed_otherwise() {
    for (status, body) in [(200, APPLIED), (422, "{}"), (500, "{}")] {
        let stub = answering(&[(status, body)]);
        let ran = Script::deploy(&stub.url).run();
        let lines: Vec<&str> = ran.said.lines().filter(|line| line.contains(TOKEN)).collect();
        assert_eq!(lines, [format!("::add-mask::{TOKEN}")]);
        assert!(ran.said.starts_with("::add-mask::"), "before anything else is printed");
    }
}

#[test]
#[ignore = "needs bash, jq and curl: run by tests/run"]
fn a_token_that_is_missing_or_is_none_is_not_sent() {
    let stub = answering(&[(200, APPLIED)]);
    for event in
        [json!({}), json!({ "inputs": null }), json!({ "inputs": { "callback_token": "" } })]
    {
        let script = Script::deploy(&stub.url);
        fs::write(script.path("event.json"), event.to_string()).unwrap();
        script.run().is(1, "::error::The event that started this run carries no callback_token");
    }
    let script = Script::deploy(&stub.url);
    let event = json!({ "inputs": { "callback_token": "a\r\nX-Other: b" } });
    fs::write(script.path("event.json"), event.to_string()).unwrap();
    script.run().is(1, "holds white space");
    assert!(stub.requests().is_empty());
}

#[test]
#[ignore = "needs bash, jq and curl: run by tests/run"]
fn an_address_that_is_none_is_refused() {
    for url in ["", "https://", "file:///etc/passwd", "console.example"] {
        Script::deploy(url).run().is(1, "set the repository variable CONSOLE_URL");
    }
}

#[test]
#[ignore = "needs bash, jq and curl: run by tests/run"]
fn what_the_table_does_not_have_is_refused_before_anything_is_sent() {
    let stub = answering(&[(200, APPLIED)]);
    let script = || Script::deploy(&stub.url);
    script()
        .with("NOTIFY_STATE", "nowhere")
        .run()
        .is(2, "The table of deploy has no state 'nowhere'.");
    script().with("NOTIFY_STATE", "").run().is(2, "The table of deploy has no state ''.");
    script().with("NOTIFY_ATTEMPTED", "nowhere").run().is(2, "'nowhere' to have attempted");
    script().with("NOTIFY_OUTCOME", "success").run().is(2, "give one");
    let odd = script().with("NOTIFY_STATE", "").with("NOTIFY_OUTCOME", "skipped").run();
    odd.is(2, "no report for the outcome 'skipped' of a job 'smoke'");
    assert!(stub.requests().is_empty());
}

#[test]
#[ignore = "needs bash, jq and curl: run by tests/run"]
fn values_are_sent_as_they_stand_whatever_the_shell_would_make_of_them() {
    let table = "tests/artifacts/workflow/hostile.toml";
    for state in &Generated::from(table).machine.states {
        let stub = answering(&[(200, APPLIED)]);
        let script = Script::of(table, &stub.url)
            .with("NOTIFY_ID", "a b/ü?#%\"$x")
            .with("NOTIFY_JOB", "walk")
            .with("NOTIFY_STATE", &state.name)
            .with("NOTIFY_ATTEMPTED", &state.name);
        script.run().is(0, "200 applied");
        let request = &stub.requests()[0];
        assert_eq!(request.body["status"], state.value.as_str());
        assert_eq!(request.body["attempted"], state.value.as_str());
        let path = "/api/parcels/a%20b%2F%C3%BC%3F%23%25%22%24x/callbacks";
        assert_eq!(request.line, format!("POST {path} HTTP/1.1"));
    }
}

#[test]
#[ignore = "needs bash, jq and curl: run by tests/run"]
fn a_state_that_a_job_reports_again_has_an_id_of_its_own_each_time() {
    let event_id = |key: &'static str, value: &str, occurrence: &str| -> Value {
        let stub = answering(&[(200, APPLIED)]);
        let script = Script::of("tests/artifacts/workflow/hostile.toml", &stub.url)
            .with("NOTIFY_JOB", "walk")
            .with("NOTIFY_OCCURRENCE", occurrence)
            .with(key, value);
        script.run().is(0, "200 applied");
        stub.requests()[0].body["event_id"].clone()
    };
    assert_eq!(event_id("NOTIFY_STATE", "moving", "1"), "d1/77/2/walk/moving");
    assert_eq!(event_id("NOTIFY_STATE", "moving", "2"), "d1/77/2/walk/moving/2");
    assert_eq!(event_id("NOTIFY_OUTCOME", "success", ""), "d1/77/2/walk/moving/4");
}

#[test]
#[ignore = "needs bash, jq and curl: run by tests/run"]
fn an_id_that_the_console_would_not_take_is_left_to_the_console() {
    let generated = Generated::from("deploy.toml");
    tries::an_id_that_the_console_would_not_take_is_left_to_the_console(
        generated.text("notify.sh"),
    );
}

#[test]
#[ignore = "needs bash, jq and curl: run by tests/run"]
fn an_occurrence_keeps_an_id_of_its_own_however_long_the_rows_is() {
    let generated = Generated::from("deploy.toml");
    tries::an_occurrence_keeps_an_id_of_its_own_however_long_the_rows_is(
        generated.text("notify.sh"),
    );
}

#[test]
#[ignore = "needs bash, jq and curl: run by tests/run"]
fn outside_github_a_report_is_sent_without_what_only_a_run_knows() {
    let stub = answering(&[(200, APPLIED)]);
    let mut script = Script::deploy(&stub.url);
    script.environment.retain(|key, _| !key.starts_with("GITHUB_") || *key == "GITHUB_EVENT_PATH");
    script.run().is(0, "200 applied");
    let body = &stub.requests()[0].body;
    let keys: Vec<&String> = body.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["job", "status", "table"]);
}

/// The deploy table, by whose workflow jobs report by their own tokens.
fn by_own_tokens() -> Generated {
    let table = std::fs::read_to_string("deploy.toml").unwrap();
    let row = "id_input = \"console_deploy_id\"\n";
    assert!(table.contains(row));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deploy.toml");
    fs::write(&path, table.replace(row, &format!("{row}credential = \"oidc\"\n"))).unwrap();
    Generated::from(path.to_str().unwrap())
}

#[test]
#[ignore = "needs bash, jq and curl: run by tests/run"]
fn a_job_reports_by_its_own_token_where_the_table_says_so() {
    let generated = by_own_tokens();
    let console = answering(&[(200, APPLIED)]);
    let github = answering(&[(503, ""), (200, r#"{"value":"ey.own.token","count":1}"#)]);
    let script = Script::with_text(generated.text("notify.sh"), &format!("{}/", console.url))
        .with("NOTIFY_JOB", "smoke")
        .with("NOTIFY_STATE", "smoke_running")
        .with("ACTIONS_ID_TOKEN_REQUEST_URL", &format!("{}/token?api-version=2.0", github.url))
        .with("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "ask-1");
    let ran = script.run();
    ran.is(0, "200 applied");
    // It is only for the console at this address, and masked before anything else is said.
    let asked = github.requests();
    assert_eq!(asked.len(), 2, "{}", ran.said);
    let audience = console.url.replace(':', "%3A").replace('/', "%2F");
    assert_eq!(asked[1].line, format!("GET /token?api-version=2.0&audience={audience} HTTP/1.1"));
    assert_eq!(asked[1].authorization, "bearer ask-1");
    assert_eq!(console.requests()[0].authorization, "Bearer ey.own.token");
    assert!(ran.said.starts_with("::add-mask::ey.own.token\n"), "{}", ran.said);
    assert!(!ran.said.contains("ask-1"), "{}", ran.said);

    let without = script.with("ACTIONS_ID_TOKEN_REQUEST_URL", "").run();
    without
        .is(1, "This job may not ask for its own token: give it `permissions: id-token: write`.");
    assert_eq!(console.requests().len(), 1);
}

#[test]
fn a_workflow_of_jobs_own_tokens_lets_them_ask_and_takes_no_secret() {
    let generated = by_own_tokens();
    let workflow = generated.workflow();
    let inputs = workflow["on"]["workflow_dispatch"]["inputs"].as_object().unwrap();
    assert_eq!(inputs.keys().collect::<Vec<_>>(), ["console_deploy_id"]);
    for (name, job) in workflow["jobs"].as_object().unwrap() {
        assert_eq!(job["permissions"], json!({"id-token": "write"}), "{name}");
    }
    assert!(!generated.text("notify.sh").contains("callback_token"));
    // Where the row's token opens it, nothing is asked for.
    assert!(!Generated::from("deploy.toml").text("notify.sh").contains("ID_TOKEN"));
}
