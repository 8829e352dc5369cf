//! How long the generated script tries: all tries of a report have one budget, and a console that
//! is away costs a job that budget once.

use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::workflow::generated::Generated;
use crate::workflow::script::{APPLIED, Script, answering};
use crate::workflow::stub::{Answer, Stub};
use crate::workflow::tries::{Calls, calls_with};

/// What the script asks of programs next to a console that is away.
fn away(settings: &[(&'static str, &str)], said: &str) -> Calls {
    let stub = answering(&[(503, "{}")]);
    calls_with(Generated::from("deploy.toml").text("notify.sh"), &stub, settings, 1, said)
}

#[test]
#[ignore = "needs bash, jq and curl: run by tests/run"]
fn a_tolerated_report_is_tried_for_twenty_seconds() {
    let calls = away(&[("NOTIFY_TOLERATED", "true")], "could not be delivered in 5 tries: 503");
    assert_eq!(calls.sleeps, ["1", "2", "4", "8"]);
}

#[test]
#[ignore = "needs bash, jq and curl: run by tests/run"]
fn the_budget_can_be_another_one() {
    let calls = away(&[("NOTIFY_BUDGET", "14")], "could not be delivered in 4 tries: 503");
    assert_eq!(calls.sleeps, ["1", "2", "4"]);
    let calls = away(&[("NOTIFY_BUDGET", "1")], "could not be delivered in 1 try: 503");
    assert!(calls.sleeps.is_empty());
}

#[test]
#[ignore = "needs bash, jq and curl: run by tests/run"]
fn no_try_is_waited_for_longer_than_what_is_left() {
    let calls = away(&[("NOTIFY_TOLERATED", "true")], "could not be delivered in 5 tries");
    let limit = |option: &str| -> Vec<u64> {
        let of = |call: &String| {
            let mut words = call.split(' ').skip_while(|word| *word != option).skip(1);
            words.next().unwrap().parse().unwrap()
        };
        calls.curls.iter().map(of).collect()
    };
    let (whole, connect) = (limit("--max-time"), limit("--connect-timeout"));
    // Some seconds may pass next to the pauses on a machine that is busy.
    let left = [19, 18, 16, 12, 4];
    assert!(whole.iter().zip(left).all(|(limit, left)| *limit <= left.min(15)), "{whole:?}");
    assert!(connect.iter().zip(left).all(|(limit, left)| *limit <= left.min(5)), "{connect:?}");
}

#[test]
#[ignore = "needs bash, jq and curl: run by tests/run"]
fn a_console_that_hangs_costs_the_budget_and_no_more() {
    let stub = Stub::answering(vec![Answer::Hangs]);
    let started = Instant::now();
    let script = Script::deploy(&stub.url).with("NOTIFY_BUDGET", "4");
    script.run().is(1, "could not be delivered in 1 try: curl: (28)");
    // curl gave up, and not at once; how long a busy machine takes next to that is its own affair.
    assert!(started.elapsed() > Duration::from_secs(2));
}

#[test]
#[ignore = "needs bash, jq and curl: run by tests/run"]
fn a_pause_may_be_a_part_of_a_second() {
    let calls =
        away(&[("NOTIFY_PAUSE", "0.5"), ("NOTIFY_TRIES", "4")], "(try 1 of 4), again in 0.500 s\n");
    assert_eq!(calls.sleeps, ["0.500", "1", "2"]);
    let calls = away(&[("NOTIFY_PAUSE", "1.0255"), ("NOTIFY_TRIES", "3")], "in 3 tries");
    assert_eq!(calls.sleeps, ["1.025", "2.050"]);
    // None of the stand-ins: a `sleep` takes it, too.
    let stub = answering(&[(503, "{}"), (200, APPLIED)]);
    Script::deploy(&stub.url).with("NOTIFY_PAUSE", "0.05").run().is(0, "200 applied");
}

#[test]
#[ignore = "needs bash, jq and curl: run by tests/run"]
fn a_setting_that_is_no_number_is_refused_and_never_evaluated() {
    let stub = answering(&[(200, APPLIED)]);
    let odd = ["a[$(touch evaluated)]", "-1", "1e3", "0x1", " 1", "1,5"];
    for key in ["NOTIFY_TRIES", "NOTIFY_BUDGET", "NOTIFY_PAUSE"] {
        for value in odd {
            Script::deploy(&stub.url)
                .with(key, value)
                .run()
                .is(2, &format!("::error::{key} is not a"));
        }
    }
    for key in ["NOTIFY_TRIES", "NOTIFY_BUDGET"] {
        Script::deploy(&stub.url)
            .with(key, "0.5")
            .run()
            .is(2, &format!("::error::{key} is not a whole"));
    }
    assert!(stub.requests().is_empty());
    for value in ["08", "00.09"] {
        Script::deploy(&stub.url).with("NOTIFY_PAUSE", value).run().is(0, "200 applied");
    }
}

/// A job on a runner: its reports share a folder.
struct Runner(TempDir);

impl Runner {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// How often a report is sent there.
    fn tries(
        &self,
        tolerated: bool,
        settings: &[(&'static str, &str)],
        answers: &[(u16, &str)],
    ) -> usize {
        let stub = answering(answers);
        let mut script = Script::deploy(&stub.url)
            .with("NOTIFY_TOLERATED", &tolerated.to_string())
            .with("RUNNER_TEMP", &self.0.path().display().to_string())
            .with("GITHUB_JOB", "smoke");
        for (key, value) in settings {
            script = script.with(key, value);
        }
        script.run();
        stub.requests().len()
    }
}

const AWAY: &[(u16, &str)] = &[(503, "{}")];

#[test]
#[ignore = "needs bash, jq and curl: run by tests/run"]
fn after_one_report_was_tried_in_vain_the_later_tolerated_ones_of_its_job_are_tried_once() {
    for first in [true, false] {
        let runner = Runner::new();
        assert_eq!(runner.tries(first, &[], AWAY), 4);
        assert_eq!(runner.tries(true, &[], AWAY), 1);
        assert_eq!(runner.tries(true, &[], AWAY), 1);
        assert_eq!(runner.tries(false, &[], AWAY), 4, "what is part of the job is tried as ever");
        assert_eq!(runner.tries(true, &[("GITHUB_JOB", "deploy")], AWAY), 4, "another job");
        assert_eq!(runner.tries(true, &[("GITHUB_RUN_ATTEMPT", "3")], AWAY), 4, "another attempt");
        assert_eq!(runner.tries(true, &[("GITHUB_RUN_ID", "78")], AWAY), 4, "another run");
    }
}

#[test]
#[ignore = "needs bash, jq and curl: run by tests/run"]
fn what_was_answered_was_not_tried_in_vain() {
    for answers in [[(422, "{}")], [(200, APPLIED)], [(200, "welcome")], [(301, "")]] {
        let runner = Runner::new();
        runner.tries(true, &[], &answers);
        assert_eq!(runner.tries(true, &[], AWAY), 4, "{answers:?}");
    }
}

#[test]
#[ignore = "needs bash, jq and curl: run by tests/run"]
fn the_one_try_waits_for_five_seconds() {
    let runner = Runner::new();
    runner.tries(true, &[], AWAY);
    let folder = runner.0.path().display().to_string();
    let settings =
        [("NOTIFY_TOLERATED", "true"), ("RUNNER_TEMP", &folder), ("GITHUB_JOB", "smoke")];
    let calls =
        away(&settings, "is tried once: an earlier report of this job could not be delivered.\n");
    let [call] = &calls.curls[..] else { panic!("{:?}", calls.curls) };
    assert!(call.contains("--max-time 5 "), "{call}");
}
