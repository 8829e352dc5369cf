//! Defects of the generated script, caught by running it against a console that answers as told.

use serde_json::json;

use super::defect::{Defect, check, killer, put};
use crate::workflow::generated::Generated;
use crate::workflow::script::{APPLIED, Script, TOKEN, answering};
use crate::workflow::tries;

const DEPLOY: &str = "deploy.toml";
const HOSTILE: &str = "tests/artifacts/workflow/hostile.toml";

const fn deploy(what: &'static str, from: &'static str, to: &'static str) -> Defect {
    put(DEPLOY, "notify.sh", what, from, to)
}

pub(crate) const DEFECTS: [Defect; 40] = [
    deploy("retry on 422", "    [34]??) break ;;\n", "    3??) break ;;\n"),
    deploy("no retry on 408 and 429", "    408 | 429) ;;\n", ""),
    deploy("no retry on 503", "    [34]??) break ;;\n", "    [345]??) break ;;\n"),
    deploy("a redirect tried again", "    [34]??) break ;;\n", "    4??) break ;;\n"),
    deploy(
        "any page taken for a console's answer",
        "*) give_up 1 \"$what: $code, but",
        "*) annotate warning \"$what: $code, but",
    ),
    deploy("tries without a budget", "+ wait > budget * 1000", "+ wait > 9 * budget * 1000"),
    deploy("a console that is away tried for again and again", "  tries=1\n", ""),
    deploy("an address that curl makes several of", " --globoff", ""),
    deploy("a whole log sent", "tail -c 16384", "tail -c 1638400"),
    deploy("trying for ever", "if ((try >= tries)); then", "if ((try >= 2 * tries)); then"),
    deploy("a missing id guard", "if [[ -z $id ]]; then", "if false; then"),
    deploy(
        "a refusal that fails nothing",
        "annotate \"$level\" \"$2\"\n  exit \"$1\"",
        "annotate \"$level\" \"$2\"\n  exit 0",
    ),
    deploy("a tolerated loss that is an error", "level=warning", "level=error"),
    deploy("a token that is not masked", "annotate add-mask \"$token\"\n", ""),
    deploy("a report without its token", "--config authorization ", ""),
    deploy(
        "another state for an outcome",
        "smoke/success) state='smoke_passed' ;;",
        "smoke/success) state='freeze_passed' ;;",
    ),
    deploy(
        "cancelled taken for success",
        "smoke/cancelled) state='failed' ;;",
        "smoke/cancelled) state='smoke_passed' ;;",
    ),
    deploy("a state missing", "    'smoke_running') value='smoke_running' ;;\n", ""),
    deploy("attempted lost", "    attempted: $attempted,\n", ""),
    deploy(
        "attempted is what is reported",
        "  attempted=$value\n",
        "  attempted=$state\n  status=$value\n",
    ),
    deploy(
        "one event id for every attempt of a run",
        "[$deploy, $run_id, $run_attempt, $job, $status]",
        "[$deploy, $run_id, $job, $status]",
    ),
    deploy(
        "the fingerprints swapped",
        "readonly table='3214e42ddef3e601'",
        "readonly table='775a73dba2dc4ce4'",
    ),
    deploy("another collection", "readonly collection='deploys'", "readonly collection='deploy'"),
    deploy(
        "an address that is none",
        "[[ $url == http://?* || $url == https://?* ]]",
        "[[ -n $url ]]",
    ),
    deploy("a percent sign that the runner would read", "  message=${message//'%'/%25}\n", ""),
    deploy(
        "an answer that broke off taken for accepted",
        "2??) [[ $failed != 0 && $failed != 23 && $failed != 63 ]] || break ;;",
        "2??) failed=0; break ;;",
    ),
    deploy("a token that others can read", "umask 077\n", ""),
    deploy("a wait that the console may make any longer", "> 30 ? 30000 :", "> 99 ? 99000 :"),
    deploy("a wait shorter than the console asks for", "30000 : 10#$after * 1000", "30000 : pause"),
    deploy(
        "an answer waited for without an end in sight",
        "--max-time \"$limit\"",
        "--max-time 1500",
    ),
    deploy("an answer waited for without an end", " --max-time \"$limit\"", ""),
    deploy(
        "an id that the console would not take",
        "utf8bytelength) <= 1024",
        "utf8bytelength) <= 1025",
    ),
    deploy(
        "an id that the console would take left out",
        "utf8bytelength) <= 1024",
        "utf8bytelength) <= 1023",
    ),
    deploy("an occurrence lost with a long id", "else .[1:] | join(\"/\")", "else null"),
    deploy("a wait of minutes passed over", "[0-9]{1,9}", "[0-9]{1,2}"),
    deploy("the same pause from try to try", "  pause=$((pause * 2))\n", ""),
    deploy("no pause between two tries", "  sleep \"$(seconds \"$wait\")\"\n", ""),
    put(HOSTILE, "notify.sh", "an unescaped quote", "value='it'\\''s ", "value='it's "),
    put(
        HOSTILE,
        "notify.sh",
        "a name where the value belongs",
        "value='-n %0A::error::'",
        "value='lost'",
    ),
    put(HOSTILE, "notify.sh", "an id that is not escaped in the address", "'$id | @uri'", "'$id'"),
];

pub(crate) fn run(table: &str, defect: Option<&Defect>) -> Option<String> {
    let generated = Generated::from(table);
    let text = generated.text("notify.sh");
    let text = defect.map_or(text.to_owned(), |defect| defect.apply(text));
    killer(|at| {
        if table == HOSTILE {
            check!(at, values_are_sent_as_they_stand(&text, &generated));
            return;
        }
        check!(at, sends_one_report_and_masks_the_token(&text, &generated));
        check!(at, an_outcome_is_the_jobs_state(&text));
        check!(at, attempted_goes_along(&text));
        check!(at, a_refusal_is_final_and_is_told(&text));
        check!(at, everything_else_is_tried_again(&text));
        check!(at, an_answer_that_breaks_off_is_none(&text));
        check!(at, trying_again_ends(&text));
        check!(at, an_answer_of_no_console_is_told_at_once(&text));
        check!(at, a_console_that_is_away_costs_a_job_its_time_once(&text));
        check!(at, an_address_stays_one(&text));
        check!(at, the_end_of_the_log_goes_along(&text));
        check!(at, without_an_id_nothing_is_sent(&text));
        check!(at, an_address_that_is_none_is_refused(&text));
        check!(at, tries::waits_twice_as_long_from_try_to_try(&text));
        check!(at, tries::waits_as_long_as_the_console_asks_up_to_half_a_minute(&text));
        check!(at, tries::all_tries_fit_into_the_time_of_their_step(&text, &generated));
        check!(at, tries::what_it_writes_nobody_else_can_read(&text));
        check!(at, tries::an_id_that_the_console_would_not_take_is_left_to_the_console(&text));
        check!(at, tries::an_occurrence_keeps_an_id_of_its_own_however_long_the_rows_is(&text));
    })
}

fn script(text: &str, url: &str) -> Script {
    Script::with_text(text, url).with("NOTIFY_JOB", "smoke").with("NOTIFY_STATE", "smoke_running")
}

fn sends_one_report_and_masks_the_token(text: &str, generated: &Generated) {
    let stub = answering(&[(200, APPLIED)]);
    let ran = script(text, &stub.url).run();
    ran.is(0, "200 applied, queued -> smoke_running (seq 2)\n");
    let [request] = &stub.requests()[..] else { panic!("{}", ran.said) };
    assert_eq!(request.line, "POST /api/deploys/d1/callbacks HTTP/1.1");
    assert_eq!(request.authorization, format!("Bearer {TOKEN}"));
    assert!(ran.said.starts_with(&format!("::add-mask::{TOKEN}\n")), "{}", ran.said);
    assert_eq!(request.body["status"], "smoke_running");
    assert_eq!(request.body["event_id"], "d1/77/2/smoke/smoke_running");
    assert_eq!(request.body["table"], generated.machine.fingerprints.table.as_str());
}

fn an_outcome_is_the_jobs_state(text: &str) {
    for (outcome, status) in
        [("success", "smoke_passed"), ("failure", "failed"), ("cancelled", "failed")]
    {
        let stub = answering(&[(200, APPLIED)]);
        let script =
            script(text, &stub.url).with("NOTIFY_STATE", "").with("NOTIFY_OUTCOME", outcome);
        script.run().is(0, "200 applied");
        assert_eq!(stub.requests()[0].body["status"], status);
    }
}

fn attempted_goes_along(text: &str) {
    let stub = answering(&[(200, APPLIED)]);
    let script = script(text, &stub.url)
        .with("NOTIFY_STATE", "smoke_passed")
        .with("NOTIFY_ATTEMPTED", "smoke_running");
    script.run().is(0, "200 applied");
    let body = &stub.requests()[0].body;
    assert_eq!([&body["status"], &body["attempted"]], ["smoke_passed", "smoke_running"]);
}

fn a_refusal_is_final_and_is_told(text: &str) {
    for (tolerated, level) in [("false", "error"), ("true", "warning")] {
        let problem = json!({ "title": "Illegal transition", "detail": "100%:\n::error::x" });
        let stub = answering(&[(422, &problem.to_string())]);
        let ran = script(text, &stub.url).with("NOTIFY_TOLERATED", tolerated).run();
        let told = "smoke's report of smoke_running was refused: 422 Illegal transition: 100%25:";
        ran.is(1, &format!("\n::{level}::{told}"));
        assert_eq!(stub.requests().len(), 1);
    }
}

fn everything_else_is_tried_again(text: &str) {
    for status in [408, 429, 503] {
        let stub = answering(&[(status, "{}"), (200, APPLIED)]);
        script(text, &stub.url).run().is(0, "200 applied");
        assert_eq!(stub.requests().len(), 2);
    }
}

fn an_answer_that_breaks_off_is_none(text: &str) {
    let stub = crate::workflow::stub::Stub::answering(vec![crate::workflow::stub::Answer::Half]);
    script(text, &stub.url).run().is(1, "could not be delivered");
}

fn trying_again_ends(text: &str) {
    let stub = answering(&[(503, "{}")]);
    script(text, &stub.url).run().is(1, "could not be delivered in 4 tries: 503");
    assert_eq!(stub.requests().len(), 4);
}

fn an_answer_of_no_console_is_told_at_once(text: &str) {
    for (status, told) in [(200, "200, but not the answer"), (307, "307 leads to")] {
        let stub = answering(&[(status, "<html>welcome</html>")]);
        script(text, &stub.url).run().is(1, told);
        assert_eq!(stub.requests().len(), 1);
    }
}

fn a_console_that_is_away_costs_a_job_its_time_once(text: &str) {
    let folder = tempfile::tempdir().unwrap();
    let temp = folder.path().display().to_string();
    let settings = [("NOTIFY_TOLERATED", "true"), ("RUNNER_TEMP", &temp), ("GITHUB_JOB", "smoke")];
    for tries in [5, 1] {
        let stub = answering(&[(503, "{}")]);
        let calls = tries::calls_with(text, &stub, &settings, 1, "could not be delivered");
        assert_eq!(calls.curls.len(), tries);
    }
}

fn an_address_stays_one(text: &str) {
    let stub = answering(&[(200, APPLIED)]);
    script(text, &format!("{}/{{a,b}}", stub.url)).run().is(0, "200 applied");
    assert_eq!(stub.requests().len(), 1);
}

fn the_end_of_the_log_goes_along(text: &str) {
    let stub = answering(&[(200, APPLIED)]);
    let script = script(text, &stub.url).with("NOTIFY_LOG", "log");
    std::fs::write(script.path("log"), "line\n".repeat(9000) + "end").unwrap();
    script.run().is(0, "200 applied");
    let log = stub.requests()[0].body["log_tail"].as_str().unwrap().to_owned();
    assert!(log.ends_with("line\nend") && log.len() <= 16384, "{} bytes", log.len());
}

fn without_an_id_nothing_is_sent(text: &str) {
    let stub = answering(&[(200, APPLIED)]);
    script(text, &stub.url).with("NOTIFY_ID", "").run().is(0, "nothing is reported");
    assert!(stub.requests().is_empty());
}

fn an_address_that_is_none_is_refused(text: &str) {
    for url in ["", "file:///etc/passwd"] {
        script(text, url).run().is(1, "set the repository variable CONSOLE_URL");
    }
}

fn values_are_sent_as_they_stand(text: &str, generated: &Generated) {
    for state in &generated.machine.states {
        let stub = answering(&[(200, APPLIED)]);
        let script = Script::with_text(text, &stub.url)
            .with("NOTIFY_ID", "a b/ü?")
            .with("NOTIFY_JOB", "walk")
            .with("NOTIFY_STATE", &state.name);
        script.run().is(0, "200 applied");
        let request = &stub.requests()[0];
        assert_eq!(request.body["status"], state.value.as_str());
        assert_eq!(request.line, "POST /api/parcels/a%20b%2F%C3%BC%3F/callbacks HTTP/1.1");
    }
}
