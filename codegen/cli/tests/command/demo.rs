//! The demo as a process, in all its variants: what it prints, how it ends, what it leaves behind.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

/// All reports of a run that goes well.
const WALKED: &str = "queued -> smoke_running -> smoke_passed -> freeze_checking -> freeze_passed \
                      -> building -> deploying -> health_checking -> succeeded";

fn demo(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_phasegate"));
    // It runs from anywhere: in a folder that has nothing of the project's.
    command.arg("demo").args(["--pace", "0"]).args(arguments).current_dir(folder);
    command.env("TMPDIR", folder).stdin(Stdio::null());
    command
}

/// A run to its end.
#[track_caller]
fn ran(arguments: &[&str]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let output = demo(folder.path(), arguments).output().unwrap();
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "it leaves nothing behind");
    output
}

/// A run that ends well, and what it printed.
#[track_caller]
fn well(arguments: &[&str]) -> String {
    for tool in ["bash", "curl", "jq"] {
        let found = Command::new(tool).arg("--version").stdout(Stdio::null()).status();
        assert!(found.is_ok(), "{tool} is missing: install it (on Debian: apt-get install {tool})");
    }
    let output = ran(&[&["--once"], arguments].concat());
    let said = String::from_utf8(output.stdout).unwrap();
    let complained = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{said}{complained}");
    assert_eq!(complained, "");
    assert!(said.starts_with("deploy.toml: 10 states, "), "{said}");
    assert!(said.lines().next().unwrap().ends_with(": all current"), "{said}");
    assert!(!said.contains("add-mask"), "{said}");
    said
}

#[track_caller]
fn says(said: &str, what: &str) {
    assert!(said.contains(what), "{what:?} is not in: {said}");
}

fn count(said: &str, what: &str) -> usize {
    said.matches(what).count()
}

#[test]
#[ignore = "needs bash, curl and jq: run by tests/run"]
fn a_job_that_its_own_condition_skips_is_no_failure() {
    let said = well(&["--skip", "freeze-check"]);
    says(&said, "skipped: its own condition does not hold");
    let walked = WALKED.replace("freeze_checking -> freeze_passed -> ", "");
    says(&said, &format!("\nThe deploy went {walked}.\n"));
}

#[test]
#[ignore = "needs bash, curl and jq: run by tests/run"]
fn walks_from_queued_to_succeeded() {
    let said = well(&[]);
    says(&said, &format!("\nThe deploy went {WALKED}.\n"));
    says(&said, "Smoke gate: done, Freeze check: done, Deploy: done, Health check: done.");
    assert_eq!(count(&said, ": 200 applied, "), 8);
    says(
        &said,
        "conclude's report of succeeded: 200 nothing to change, it is in succeeded (seq 9)",
    );
    assert_eq!(count(&said, "warning"), 0, "{said}");
}

#[test]
#[ignore = "needs bash, curl and jq: run by tests/run"]
fn a_run_that_is_started_again_finds_its_deploy_ended_and_its_first_attempt_is_over() {
    let said = well(&["--fail-at", "deploy", "--rerun"]);
    let (first, second) = said.split_once("-- the run is started again").unwrap();
    assert_eq!(count(first, "\nsmoke ("), 1);
    assert_eq!(count(second, "\nsmoke ("), 0, "it succeeded: {second}");
    says(second, "deploy's report of building was refused: 422 It has ended");
    says(second, "conclude's report of failed: 200 nothing to change");
    let (_, late) = second.split_once("-- a report of the first attempt comes late --").unwrap();
    says(
        late,
        "conclude's report of failed was refused: 409 An older attempt: attempt 1 of this run is over: attempt 2 has reported",
    );
    says(late, "building -> failed.\n");
}

#[test]
#[ignore = "needs bash, curl and jq: run by tests/run"]
fn a_job_that_fails_ends_the_deploy_and_its_phase_shows_it() {
    let cases = [
        (
            "smoke",
            "queued -> smoke_running -> failed.",
            "Smoke gate: failed, Freeze check: not reached",
            2,
        ),
        ("freeze-check", "freeze_checking -> failed.", "Smoke gate: done, Freeze check: failed", 1),
        ("deploy", "building -> failed.", "Deploy: failed, Health check: not reached", 0),
    ];
    for (job, walked, shown, skipped) in cases {
        let said = well(&["--fail-at", job]);
        says(&said, walked);
        says(&said, shown);
        assert_eq!(count(&said, "skipped: a job before it did not succeed"), skipped, "{said}");
    }
}

#[test]
#[ignore = "needs bash, curl and jq: run by tests/run"]
fn an_old_backend_refuses_the_gates_and_the_deploy_goes_on() {
    let said = well(&["--old-backend"]);
    says(&said, "\nThe deploy went queued -> building -> deploying -> succeeded.\n");
    assert_eq!(count(&said, "was refused: 422 Unknown status"), 5, "{said}");
    says(&said, "  warning: smoke's report of smoke_running was refused: 422");
    says(&said, "Smoke gate: not reported, Freeze check: not reported, Deploy: done");
}

#[test]
#[ignore = "needs bash, curl and jq: run by tests/run"]
fn a_backend_that_is_rolled_back_in_any_state_carries_the_deploy_to_its_end() {
    // How many of the reports that only the new backend knows are still to come.
    let states = [
        ("queued", 5),
        ("smoke_running", 4),
        ("smoke_passed", 3),
        ("freeze_checking", 2),
        ("freeze_passed", 1),
        ("building", 1),
        ("deploying", 1),
        ("health_checking", 0),
        ("succeeded", 0),
    ];
    for (state, refused) in states {
        let said = well(&["--rollback-at", state]);
        assert_eq!(count(&said, "-- the backend is rolled back"), 1, "{said}");
        assert_eq!(count(&said, "was refused: 422 Unknown status"), refused, "{state}: {said}");
        says(&said, "-> deploying");
        says(&said, "succeeded.\n");
    }
}

#[test]
#[ignore = "needs bash, curl and jq: run by tests/run"]
fn a_rollback_and_a_failure_go_together() {
    let said = well(&["--rollback-at", "smoke_passed", "--fail-at", "freeze-check"]);
    says(&said, "queued -> smoke_running -> smoke_passed -> failed.");
}

#[test]
#[ignore = "needs bash, curl and jq: run by tests/run"]
fn a_rollback_that_never_came_is_no_success() {
    let output = ran(&["--once", "--rollback-at", "failed"]);
    assert_eq!(output.status.code(), Some(1));
    says(&String::from_utf8(output.stderr).unwrap(), "did not come to the state of --rollback-at");
}

#[test]
#[ignore = "needs bash, curl and jq: run by tests/run"]
fn a_job_that_fails_reports_nothing_either_where_no_console_asked() {
    let said = well(&["--no-console-id", "--fail-at", "deploy"]);
    says(&said, "\nThe deploy went queued.\n");
}

#[test]
#[ignore = "needs bash, curl and jq: run by tests/run"]
fn without_the_consoles_id_nothing_is_reported() {
    let said = well(&["--no-console-id"]);
    says(&said, "\nThe deploy went queued.\n");
    says(&said, "conclude (Conclude)\n  skipped: no console started this run\n");
    assert_eq!(count(&said, "applied"), 0);
    assert_eq!(count(&said, "work: "), 5);
}

#[test]
#[ignore = "needs bash, curl and jq: run by tests/run"]
fn keeps_serving_until_it_is_ended() {
    serves_on(&[], "succeeded");
    // There is a row to look at where nothing was reported, too.
    serves_on(&["--no-console-id"], "queued");
}

#[test]
#[ignore = "needs bash, curl and jq: run by tests/run"]
fn an_operator_forces_what_no_report_can() {
    let said = well(&["--fail-at", "deploy", "--force", "succeeded"]);
    says(&said, "\n-- an operator forces the deploy into succeeded --\n");
    says(&said, " -> building -> failed -> succeeded.\n");
    says(&said, "Deploy: forced past, not reported, Health check: forced past, not reported");
}

/// What an operator who looks on sees of each variant: the status, the steps, and what else is on the page.
#[test]
#[ignore = "needs bash, curl, jq, Chromium and node: run by tests/run"]
fn each_variant_is_shown_on_the_page_as_it_went() {
    const WELL: [&str; 4] =
        ["Smoke gate: done", "Freeze check: done", "Deploy: done", "Health check: done"];
    const PAST: &str = "forced past, not reported";
    let gates = |gate: &str, check: &str, deploy: &str, health: &str| {
        json!([
            format!("Smoke gate: {gate}"),
            format!("Freeze check: {check}"),
            format!("Deploy: {deploy}"),
            format!("Health check: {health}")
        ])
    };
    let failed = gates("done", "done", "failed", "not reached");
    let variants: [(&[&str], &str, Value, &str); 7] = [
        (&[], "Succeeded", json!(WELL), "Took"),
        (
            &["--no-console-id"],
            "Queued",
            gates("upcoming", "upcoming", "upcoming", "upcoming"),
            "none yet",
        ),
        (
            &["--fail-at", "deploy"],
            "Failed",
            failed.clone(),
            "Failed in Deploy. Not reached: Health check.",
        ),
        (&["--fail-at", "deploy", "--rerun"], "Failed", failed, "it had ended already"),
        (
            &["--skip", "freeze-check"],
            "Succeeded",
            gates("done", "not reported", "done", "done"),
            "Not reported: Freeze check.",
        ),
        (
            &["--old-backend"],
            "Succeeded",
            gates("not reported", "not reported", "done", "not reported"),
            "the backend did not know this state",
        ),
        (
            &["--fail-at", "deploy", "--force", "succeeded"],
            "Succeeded (forced by an operator, not reported)",
            gates("done", "done", PAST, PAST),
            "An operator forced it: the demo was asked to.",
        ),
    ];
    let served: Vec<Served> = std::thread::scope(|scope| {
        let begin = |(arguments, ..): &(&[&str], _, _, _)| {
            let arguments: Vec<String> = arguments.iter().map(|&it| it.to_owned()).collect();
            scope.spawn(move || serving(&arguments.iter().map(String::as_str).collect::<Vec<_>>()))
        };
        let begun: Vec<_> = variants.iter().map(begin).collect();
        begun.into_iter().map(|served| served.join().unwrap()).collect()
    });
    let shown = served.iter().zip(&variants).map(|(served, (arguments, status, steps, says))| {
        json!({ "variant": arguments, "url": served.url(), "status": status, "steps": steps, "says": says })
    });
    let shown = Value::from_iter(shown).to_string();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/runtime/browser/demo.mjs");
    let output = Command::new("node").arg(script).env("SHOWN", shown).output().unwrap();
    served.into_iter().for_each(Served::end);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
}

/// A demo that is over and serves on.
struct Served {
    child: Child,
    folder: TempDir,
    /// Host and port.
    address: String,
    /// The row's id.
    id: String,
}

impl Served {
    /// Its row's page.
    fn url(&self) -> String {
        format!("http://{}/rows/{}", self.address, self.id)
    }

    #[track_caller]
    fn end(mut self) {
        let ended = Command::new("kill").arg(self.child.id().to_string()).status().unwrap();
        assert!(ended.success());
        assert_eq!(self.child.wait().unwrap().code(), Some(0));
        let left = std::fs::read_dir(self.folder.path()).unwrap().count();
        assert_eq!(left, 0, "it leaves nothing behind");
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // Where a test fails, nothing of it stays.
        let _ = self.child.kill();
    }
}

#[track_caller]
fn serving(arguments: &[&str]) -> Served {
    let folder = tempfile::tempdir().unwrap();
    let mut child = demo(folder.path(), arguments).stdout(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let said: Vec<String> = lines
        .map(Result::unwrap)
        .inspect(|line| println!("{line}"))
        .take_while(|line| !line.starts_with("The console stays at "))
        .collect();
    let address = said.iter().find_map(|line| line.strip_prefix("The console: http://")).unwrap();
    let (address, id) = address.split_once("/?deploy=").unwrap();
    Served { address: address.to_owned(), id: id.to_owned(), child, folder }
}

#[track_caller]
fn serves_on(arguments: &[&str], status: &str) {
    let served = serving(arguments);
    let (address, id) = (&served.address, &served.id);
    let get = |path: &str| {
        let mut stream = TcpStream::connect(address).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")
            .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    };
    says(&get("/"), "console.js");
    says(&get(&format!("/api/deploys/{id}")), &format!("\"status\":\"{status}\""));
    says(&get(&format!("/rows/{id}")), "<noscript><p class=\"headline\"");
    served.end();
}

#[test]
fn says_what_to_install_where_it_may_not_install_it() {
    let folder = tempfile::tempdir().unwrap();
    let output = demo(folder.path(), &["--once"]).env("PATH", folder.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    says(&String::from_utf8(output.stderr).unwrap(), "apt-get install bash curl jq");
}

#[test]
fn what_is_asked_has_to_be_in_the_table() {
    let cases: [(&[&str], &str); 6] = [
        (&["--force", "succeded"], "did you mean `succeeded`?"),
        (
            &["--fail-at", "smok"],
            "no job that can fail `smok`, but `smoke`, `freeze-check`, `deploy`; did you mean `smoke`?",
        ),
        (&["--fail-at", "conclude"], "no job that can fail `conclude`"),
        (&["--rollback-at", "smoking"], "no state `smoking`, but `queued`, "),
        (&["--rollback-at", "queued", "--old-backend"], "cannot be used with"),
        (&["--rollback-at", "queued", "--no-console-id"], "cannot be used with"),
    ];
    for (arguments, message) in cases {
        let output = ran(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        says(&String::from_utf8(output.stderr).unwrap(), message);
    }
}
