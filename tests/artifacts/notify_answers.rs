//! What the generated script makes of answers that no console gives: a report is accepted where a
//! console says so, and by nothing else.

use std::time::{Duration, Instant};

use crate::workflow::script::{APPLIED, Script, answering};
use crate::workflow::stub::{Answer, Stub};

const WELCOME: &str = "<html>welcome</html>";

#[test]
#[ignore = "needs bash, jq and curl: run by tests/run"]
fn an_answer_that_is_no_accepted_report_is_no_success() {
    let twice = format!("{APPLIED}{APPLIED}");
    let more = format!("{APPLIED} and more");
    let bodies = [
        WELCOME,
        "",
        "{}",
        "[]",
        "null",
        r#""applied""#,
        r#"{"applied":true}"#,
        r#"{"applied":true,"status":"smoke_running","seq":2}"#,
        r#"{"applied":true,"from":"queued","seq":2}"#,
        r#"{"applied":true,"status":"smoke_running","from":"queued"}"#,
        r#"{"applied":"true","status":"smoke_running","from":"queued","seq":2}"#,
        r#"{"applied":true,"status":"smoke_running","from":"queued","seq":"2"}"#,
        r#"{"applied":false,"status":"smoke_running","seq":2}"#,
        r#"{"duplicate":true,"status":"smoke_running","seq":2}"#,
        &twice,
        &more,
    ];
    let cases = bodies.map(|body| (200, body)).into_iter().chain([(202, WELCOME), (204, "")]);
    for (status, body) in cases {
        for (tolerated, level) in [("false", "error"), ("true", "warning")] {
            let stub = answering(&[(status, body)]);
            let ran = Script::deploy(&stub.url).with("NOTIFY_TOLERATED", tolerated).run();
            let told = format!(
                "::{level}::smoke's report of smoke_running: {status}, but not the answer of a \
                 console. Is {} its address?\n",
                stub.url
            );
            ran.is(1, &told);
            assert_eq!(stub.requests().len(), 1, "{body}");
        }
    }
}

#[test]
#[ignore = "needs bash, jq and curl: run by tests/run"]
fn a_redirect_is_told_at_once_with_where_it_leads() {
    let long = format!("Location: https://login.example/{}\r\n", "a".repeat(1000));
    let cases: [(&'static str, &str); 4] = [
        (
            "Location: https://console.example/##[error]x\r\n",
            "https://console.example/## [error]x.",
        ),
        ("location:https://console.example/api\r\n", "https://console.example/api."),
        ("", "another address, and does not say which."),
        (long.leak(), &format!("https://login.example/{} ....", "a".repeat(278))),
    ];
    for status in [301, 302, 303, 307, 308] {
        for (header, place) in &cases {
            let stub = Stub::answering(vec![Answer::Http(status, header, WELCOME.to_owned())]);
            let ran = Script::deploy(&stub.url).run();
            ran.is(
                1,
                &format!(
                    "::error::smoke's report of smoke_running was not accepted: {status} leads to \
                     {place} Give CONSOLE_URL the address that answers itself.\n"
                ),
            );
            assert_eq!(stub.requests().len(), 1, "{status}");
        }
    }
}

#[test]
#[ignore = "needs bash, jq and curl: run by tests/run"]
fn an_answer_that_is_too_large_is_none_of_a_console() {
    let large = Answer::Http(200, "", " ".repeat(2 << 20) + APPLIED);
    for answer in [large, Answer::Endless] {
        let stub = Stub::answering(vec![answer]);
        let started = Instant::now();
        Script::deploy(&stub.url)
            .run()
            .is(1, "::error::smoke's report of smoke_running: 200, but not");
        assert_eq!(stub.requests().len(), 1);
        assert!(started.elapsed() < Duration::from_secs(10), "it is read to no end");
    }
}

#[test]
#[ignore = "needs bash, jq and curl: run by tests/run"]
fn what_an_answer_says_is_cut_before_it_fills_the_log() {
    let problem = serde_json::json!({ "title": "t".repeat(5000), "detail": "d\n".repeat(5000) });
    for status in [422, 503] {
        let stub = answering(&[(status, &problem.to_string())]);
        let ran = Script::deploy(&stub.url).run();
        ran.is(1, &format!("{status} {} ...: d d d", "t".repeat(300)));
        let longest = ran.said.lines().map(str::len).max().unwrap();
        assert!(longest < 1000, "{longest} bytes in a line");
    }
}
