//! How the generated script tries, seen in what it asks of `curl` and `sleep` while nothing waits: how
//! long for an answer, how long between two tries, under which id; and who could read its files.

use std::fs;

use phasegate::Report;

use super::generated::{Generated, reports};
use super::script::{APPLIED, Script, answering};
use super::stub::{Answer, Stub};

/// What bash reads before the script: the umask of most machines, and stand-ins that write down how
/// a program is called. Time passes by what would be slept.
const BEFORE: &str = r#"
umask 022
sleep() {
  printf '%s\n' "$*" >>"$CALLS/sleep"
  SECONDS=$((SECONDS + ${1%.*}))
}
curl() {
  if [[ $* != *--version ]]; then
    printf '%s\n' "$*" >>"$CALLS/curl"
    ls -l >"$CALLS/files"
  fi
  command curl "$@" || return
}
"#;

/// What a run asked of the programs.
pub(crate) struct Calls {
    /// The seconds of each pause.
    pub(crate) sleeps: Vec<String>,
    /// The arguments of each try.
    pub(crate) curls: Vec<String>,
    /// The lines of `ls -l` where the script worked.
    files: Vec<String>,
}

/// Runs the script with the tries and pauses that it has of its own, and how it has to end.
fn calls(text: &str, stub: &Stub, code: i32, said: &str) -> Calls {
    calls_with(text, stub, &[], code, said)
}

/// The same, with these settings.
pub(crate) fn calls_with(
    text: &str,
    stub: &Stub,
    settings: &[(&'static str, &str)],
    code: i32,
    said: &str,
) -> Calls {
    let folder = tempfile::tempdir().unwrap();
    let before = folder.path().join("before");
    fs::write(&before, BEFORE).unwrap();
    let mut script = Script::with_text(text, &stub.url)
        .with("NOTIFY_JOB", "smoke")
        .with("NOTIFY_STATE", "smoke_running")
        .with("BASH_ENV", &before.display().to_string())
        .with("CALLS", &folder.path().display().to_string());
    script.environment.retain(|key, _| !["NOTIFY_TRIES", "NOTIFY_PAUSE"].contains(key));
    for (key, value) in settings {
        script = script.with(key, value);
    }
    script.run().is(code, said);
    let lines = |name: &str| -> Vec<String> {
        let text = fs::read_to_string(folder.path().join(name)).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    };
    let curls = lines("curl");
    assert_eq!(curls.len(), stub.requests().len(), "curl is what asks");
    Calls { sleeps: lines("sleep"), curls, files: lines("files") }
}

/// A console that is busy, and says for how long.
fn busy(headers: &[&'static str]) -> Vec<Answer> {
    headers.iter().map(|header| Answer::Http(429, header, "{}".to_owned())).collect()
}

pub(crate) fn waits_twice_as_long_from_try_to_try(text: &str) {
    let calls =
        calls(text, &answering(&[(503, "{}")]), 1, "could not be delivered in 6 tries: 503");
    assert_eq!(calls.sleeps, ["1", "2", "4", "8", "16"]);
}

pub(crate) fn waits_as_long_as_the_console_asks_up_to_half_a_minute(text: &str) {
    let mut answers = busy(&[
        "Retry-After: 120\r\n",
        // Less than the script would wait without being asked, then no number of seconds.
        "Retry-After: 1\r\n",
        "retry-after: Wed, 21 Oct 2015 07:28:00 GMT\r\n",
        "retry-after: 09\r\n",
        "Retry-After: 999999999\r\n",
    ]);
    answers.push(Answer::Http(200, "", APPLIED.to_owned()));
    let calls = calls(text, &Stub::answering(answers), 0, "429 (try 1 of 6), again in 30 s\n");
    assert_eq!(calls.sleeps, ["30", "2", "4", "9", "30"]);
}

/// GitHub ends a step that takes longer, and then nothing says why the report was lost.
pub(crate) fn all_tries_fit_into_the_time_of_their_step(text: &str, generated: &Generated) {
    let stub = Stub::answering(busy(&["Retry-After: 99\r\n"]));
    let calls = calls(text, &stub, 1, "could not be delivered in 6 tries: 429");
    let longest = calls.curls.iter().map(|call| {
        let mut words = call.split(' ').skip_while(|word| *word != "--max-time").skip(1);
        words.next().unwrap_or_else(|| panic!("it may take for ever: {call}")).parse::<u64>()
    });
    let slept = calls.sleeps.iter().map(|seconds| seconds.parse());
    let longest = longest.chain(slept).map(Result::unwrap).sum::<u64>();
    let workflow = generated.workflow();
    let jobs = workflow["jobs"].as_object().unwrap().values();
    let steps: Vec<_> = jobs.flat_map(|job| reports(job, generated.action_name())).collect();
    assert!(!steps.is_empty());
    for step in steps {
        let minutes = step["timeout-minutes"].as_u64().unwrap();
        assert!(longest < 60 * minutes, "{longest} s of tries in {minutes} min");
    }
}

pub(crate) fn what_it_writes_nobody_else_can_read(text: &str) {
    let files = calls(text, &answering(&[(200, APPLIED)]), 0, "200 applied").files;
    let files: Vec<&String> = files.iter().filter(|line| line.starts_with('-')).collect();
    assert!(files.iter().any(|line| line.ends_with(" authorization")), "{files:?}");
    assert!(files.iter().all(|line| line.starts_with("-rw-------")), "{files:?}");
}

/// Which then makes the same one, or a shorter one, of the same parts.
pub(crate) fn an_id_that_the_console_would_not_take_is_left_to_the_console(text: &str) {
    let others = "/77/2/smoke/smoke_running";
    for (length, is_sent) in [(257, true), (1024, true), (1025, false)] {
        let id = "d".repeat(length - others.len());
        let stub = answering(&[(200, APPLIED)]);
        let script = Script::with_text(text, &stub.url).with("NOTIFY_ID", &id);
        let script = script.with("NOTIFY_JOB", "smoke").with("NOTIFY_STATE", "smoke_running");
        script.run().is(0, "200 applied");
        let body = &stub.requests()[0].body;
        assert_eq!(body.get("event_id").is_some(), is_sent, "{body}");
        let report = Report::from_json(body.to_string().as_bytes()).unwrap();
        let mut unnamed = report.clone();
        unnamed.event_id = None;
        let made = unnamed.event_id_for(&id);
        assert_eq!(report.event_id_for(&id), made, "{length} bytes");
    }
}

/// The console knows of none: without an id the second report would be the first one again.
pub(crate) fn an_occurrence_keeps_an_id_of_its_own_however_long_the_rows_is(text: &str) {
    let others = "/77/2/smoke/smoke_running/2";
    for length in [1024, 1025, 5000] {
        let id = "ü".repeat((length - others.len()) / 2) + &"d".repeat((length - others.len()) % 2);
        let stub = answering(&[(200, APPLIED)]);
        let script = Script::with_text(text, &stub.url).with("NOTIFY_ID", &id);
        let script = script.with("NOTIFY_JOB", "smoke").with("NOTIFY_STATE", "smoke_running");
        script.with("NOTIFY_OCCURRENCE", "2").run().is(0, "200 applied");
        let report = Report::from_json(stub.requests()[0].body.to_string().as_bytes()).unwrap();
        let row = if length == 1024 { id.as_str() } else { "" };
        let made = format!("{row}{others}");
        let made = made.strip_prefix(if row.is_empty() { "/" } else { "" });
        assert_eq!(report.event_id.as_deref(), made, "{length} bytes");
    }
}
