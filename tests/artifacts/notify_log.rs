//! What the generated script sends for people: where the run is, and the end of the log that the
//! user names.

use std::fs;

use phasegate::Report;
use serde_json::Value;

use crate::workflow::script::{APPLIED, Ran, Script, TOKEN, answering};

/// What is sent where the log holds this.
fn sent(log: &[u8]) -> Value {
    let stub = answering(&[(200, APPLIED)]);
    let script = Script::deploy(&stub.url).with("NOTIFY_LOG", "build.log");
    fs::write(script.path("build.log"), log).unwrap();
    script.run().is(0, "200 applied");
    let body = stub.requests()[0].body.clone();
    Report::from_json(body.to_string().as_bytes()).expect("the console takes it");
    body
}

fn tail(log: &[u8]) -> String {
    sent(log)["log_tail"].as_str().unwrap().to_owned()
}

#[test]
#[ignore = "needs bash, jq and curl: run by tests/run"]
fn every_report_says_where_its_run_is() {
    for (key, value) in [
        ("NOTIFY_STATE", "smoke_running"),
        ("NOTIFY_OUTCOME", "success"),
        ("NOTIFY_OUTCOME", "failure"),
        ("NOTIFY_OUTCOME", "cancelled"),
    ] {
        let stub = answering(&[(200, APPLIED)]);
        let script = Script::deploy(&stub.url).with("NOTIFY_STATE", "").with(key, value);
        script.run().is(0, "200 applied");
        let run = "https://git.example/acme/shop/actions/runs/77/attempts/2";
        assert_eq!(stub.requests()[0].body["run_url"], run);
    }
}

#[test]
#[ignore = "needs bash, jq and curl: run by tests/run"]
fn the_end_of_the_log_goes_along_where_one_is_named() {
    assert_eq!(tail(b"one\n\ttwo \"three\" \\four\n"), "one\n\ttwo \"three\" \\four");
    let lines: String = (0..5000).map(|line| format!("line {line}\n")).collect();
    let end = tail(lines.as_bytes());
    assert_eq!(end.len(), 16383, "without the last line's end");
    assert!(lines.trim_end().ends_with(&end));
}

#[test]
#[ignore = "needs bash, jq and curl: run by tests/run"]
fn a_log_is_sent_without_what_only_a_terminal_understands() {
    assert_eq!(
        tail(b"\x1b[1;31mred\x1b[0m\x1b[K \0nul\x07 bell\r\nnext\x7f"),
        "red nul bell\nnext"
    );
}

#[test]
#[ignore = "needs bash, jq and curl: run by tests/run"]
fn a_log_that_begins_in_the_middle_of_a_character_begins_after_it() {
    let log = "ü".repeat(9000) + "!";
    assert_eq!(tail(log.as_bytes()), "ü".repeat(8191) + "!");
}

#[test]
#[ignore = "needs bash, jq and curl: run by tests/run"]
fn no_log_makes_a_report_too_large_for_a_console() {
    for byte in [b'"', b'\\', b'\n', b'\t', 1, 0, 0x1b, 0xff, 0xc3] {
        let log = [vec![byte; 20_000], b"end".to_vec()].concat();
        let body = sent(&log);
        assert!(body["log_tail"].as_str().unwrap().ends_with("end"), "{byte}");
        assert!(body.to_string().len() < 64 * 1024, "{byte}");
    }
}

#[test]
#[ignore = "needs bash, jq and curl: run by tests/run"]
fn the_token_is_masked_in_the_log_too() {
    assert_eq!(tail(format!("a {TOKEN} b {TOKEN}").as_bytes()), "a *** b ***");
}

#[test]
#[ignore = "needs bash, jq and curl: run by tests/run"]
fn a_log_that_is_not_there_costs_no_report() {
    let run = |name: &str| -> (Ran, Value) {
        let stub = answering(&[(200, APPLIED)]);
        let ran = Script::deploy(&stub.url).with("NOTIFY_LOG", name).run();
        (ran, stub.requests()[0].body.clone())
    };
    for (name, shown) in [("none.log", "none.log"), (".", "."), ("a\n::error::b", "a ::error::b")] {
        let (ran, body) = run(name);
        ran.is(
            0,
            &format!(
                "smoke's report of smoke_running goes without a log: there is no file {shown}.\n"
            ),
        );
        assert_eq!(body.get("log_tail"), None);
    }
    let (ran, body) = run("");
    assert!(!ran.said.contains("log"), "{}", ran.said);
    assert_eq!(body.get("log_tail"), None);
}
