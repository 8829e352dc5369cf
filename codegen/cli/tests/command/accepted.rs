//! `TABLE.accepted.toml`: findings of `check`, `verify` and `compat` that may be as they are.

use serde_json::Value;

use crate::binary::{Folder, Ran};
use crate::common::DEPLOY;

/// A table with nothing wrong but that no one says how a run ended: two claims are refuted.
const OPEN: &str = r#"format = 1
[machine]
name = "parcel"
initial = "packed"
[[state]]
name = "packed"
[[state]]
name = "sent"
[[state]]
name = "arrived"
outcome = "success"
[[transition]]
path = ["packed", "sent", "arrived"]
[[job]]
name = "ship"
start = "sent"
success = "arrived"
"#;

/// The findings that fail a run, each by its rule and its fingerprint.
#[track_caller]
fn errors(ran: &Ran) -> Vec<(String, String)> {
    let json = ran.json();
    let findings = json["findings"].as_array().unwrap();
    let errors = findings.iter().filter(|finding| finding["severity"] == "error");
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    errors.map(|finding| (text(&finding["rule"]), text(&finding["fingerprint"]))).collect()
}

fn entries(findings: &[(String, String)]) -> String {
    let entry = |(rule, fingerprint): &(String, String)| {
        format!("[[accepted]]\nrule = '{rule}'\nfingerprint = '{fingerprint}'\nreason = 'tried'\n")
    };
    findings.iter().map(entry).collect()
}

fn check(folder: &Folder) -> Ran {
    folder.run(&["check", "parcel.toml", "--format", "json"])
}

#[test]
fn what_is_accepted_fails_neither_check_nor_verify() {
    let folder = Folder::with("parcel.toml", OPEN);
    let found = errors(&check(&folder));
    let rules: Vec<&str> = found.iter().map(|(rule, _)| rule.as_str()).collect();
    assert_eq!(rules, ["workflow-ends", "workflow-again"]);
    let verified = folder.run(&["verify", "--format", "json"]);
    assert_eq!(errors(&verified), found);

    folder.write("parcel.accepted.toml", entries(&found[..1]));
    assert_eq!(errors(&check(&folder)), found[1..]);
    assert_eq!(check(&folder).code, Some(1));
    folder.write("parcel.accepted.toml", entries(&found));
    let ran = check(&folder);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let accepted = &ran.json()["findings"][0];
    assert_eq!(accepted["accepted"], "tried");
    assert_eq!(accepted["severity"], "warning");
    let ran = folder.run(&["check"]);
    assert!(ran.out.ends_with(": all current, 2 accepted\n"), "{ran:?}");
    let ran = folder.run(&["verify"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.out.contains("workflow-ends: accepted: tried (parcel.toml:6:8)\n"), "{ran:?}");
}

#[test]
fn the_library_s_check_fails_where_the_command_s_does() {
    let folder = Folder::with("parcel.toml", OPEN);
    let table = folder.path("parcel.toml");
    let library = || phasegate_codegen::check(&table).unwrap();
    let found = errors(&check(&folder));
    let said = std::panic::catch_unwind(|| library().assert_current()).unwrap_err();
    let said = said.downcast_ref::<String>().unwrap();
    for (rule, _) in &found {
        assert!(said.contains(&format!("error[{rule}]: ")), "{said}");
    }
    // What is accepted fails neither.
    folder.write("parcel.accepted.toml", entries(&found));
    library().assert_current();
    // Migrations are looked at, too.
    folder.write("parcel.toml", format!("{OPEN}[target.sql]\n"));
    assert_eq!(folder.run(&["generate"]).code, Some(0));
    assert_eq!(library().migrated, Some(false));
    assert_eq!(folder.run(&["migrate"]).code, Some(0));
    library().assert_current();
    let more = "[[state]]\nname = \"lost\"\noutcome = \"failure\"\n[[transition]]\nfrom = \"sent\"\nto = \"lost\"\n";
    folder.write("parcel.toml", format!("{OPEN}{more}[target.sql]\n"));
    assert_eq!(folder.run(&["generate"]).code, Some(0));
    let rules: Vec<&str> = library().findings.iter().map(|finding| finding.rule.id).collect();
    assert!(rules.contains(&"not-migrated"), "{rules:?}");
    assert!(!library().is_current());
    // No artifact is to be written, and that is not said.
    let said = std::panic::catch_unwind(|| library().assert_current()).unwrap_err();
    let said = said.downcast_ref::<String>().unwrap();
    assert!(said.contains("phasegate migrate") && !said.contains("phasegate generate"), "{said}");
}

#[test]
fn a_generated_file_may_differ_with_a_reason() {
    let folder = Folder::new();
    let table = OPEN.split("[[job]]").next().unwrap().to_owned() + "[target.json]\n[target.docs]\n";
    folder.write("parcel.toml", table);
    let found = errors(&check(&folder));
    assert!(found.iter().all(|(rule, _)| rule == "missing"), "{found:?}");
    assert_ne!(found[0].1, found[1].1, "each file is a finding of its own");
    folder.write("parcel.accepted.toml", entries(&found));
    let ran = folder.run(&["check"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(!ran.out.contains("to mend this"), "{ran:?}");
}

#[test]
fn a_warning_is_accepted_too() {
    let folder = Folder::with("parcel.toml", &OPEN.replace("start = \"sent\"\n", ""));
    let json = check(&folder).json();
    let warning = &json["findings"][0];
    assert_eq!(warning["rule"], "never-reported");
    let it = ("never-reported".to_owned(), warning["fingerprint"].as_str().unwrap().to_owned());
    folder.write("parcel.accepted.toml", entries(&[it]));
    assert_eq!(check(&folder).json()["findings"][0]["accepted"], "tried");
}

#[test]
fn a_fingerprint_outlives_other_edits_and_other_folders() {
    let folder = Folder::with("parcel.toml", OPEN);
    let found = errors(&check(&folder));
    folder.write("parcel.toml", format!("# a note\n\n{OPEN}").replace("[[job]]", "\n[[job]]"));
    assert_eq!(errors(&check(&folder)), found, "lines moved");
    folder.write("below/other.toml", OPEN);
    let elsewhere = folder.run(&["check", "below/other.toml", "--format", "json"]);
    assert_eq!(errors(&elsewhere), found, "the table is called otherwise");
    folder.write("parcel.toml", OPEN.replace("\"packed\"", "\"wrapped\""));
    let other = errors(&check(&folder));
    assert_eq!(other[0].0, found[0].0);
    assert_ne!(other[0].1, found[0].1, "the row is left in another state");
}

#[test]
fn an_entry_that_no_longer_occurs_is_a_warning() {
    let folder = Folder::with("parcel.toml", OPEN);
    let mut found = errors(&check(&folder));
    found.push(("workflow-ends".to_owned(), "0123456789abcdef".to_owned()));
    // Only compat knows whether this one occurs.
    found.push(("state-added".to_owned(), "0123456789abcdef".to_owned()));
    folder.write("parcel.accepted.toml", entries(&found));
    for command in ["check", "verify"] {
        let ran = folder.run(&[command]);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        assert_eq!(ran.out.matches("warning[accepted-stale]").count(), 1, "{ran:?}");
        assert!(ran.out.contains("workflow-ends 0123456789abcdef no longer occurs"), "{ran:?}");
    }
    let ran = folder.run(&["compat", "parcel.toml", "parcel.toml"]);
    assert_eq!(ran.out.matches("warning[accepted-stale]").count(), 1, "{ran:?}");
    assert!(ran.out.contains("state-added 0123456789abcdef no longer occurs"), "{ran:?}");
}

#[test]
fn a_file_that_is_none_stops_the_run() {
    let folder = Folder::with("parcel.toml", OPEN);
    let it = "fingerprint = '0123456789abcdef'\n";
    for (text, wanted) in [
        (format!("[[accepted]]\nrule = 'workflow-ends'\n{it}"), "missing field `reason`"),
        (format!("[[accepted]]\nrule = 'workflow-ends'\n{it}reason = ' '\n"), "`reason` is empty"),
        (
            "[[accepted]]\nrule = 'workflow-ends'\nreason = 'x'\n".into(),
            "missing field `fingerprint`",
        ),
        (
            format!("[[accepted]]\nrule = 'workflow-end'\n{it}reason = 'x'\n"),
            "did you mean `workflow-ends`?",
        ),
        (
            format!("[[accepted]]\nrule = 'bad-name'\n{it}reason = 'x'\n"),
            "findings of bad-name can't be accepted",
        ),
        (
            "[[accepted]]\nrule = 'state-added'\nstate = 'sent'\nreason = 'x'\n".into(),
            "only an entry of `state-retired` or `state-removed` names a",
        ),
        (
            format!("[[accepted]]\nrule = 'state-retired'\nstate = 'sent'\n{it}reason = 'x'\n"),
            "not both",
        ),
        (
            "[[accepted]]\nrule = 'workflow-ends'\nfingerprint = 'ends'\nreason = 'x'\n".into(),
            "`ends` is no fingerprint",
        ),
        (
            format!("[[accepted]]\nrule = 'accepted-stale'\n{it}reason = 'x'\n"),
            "findings of accepted-stale can't be accepted",
        ),
    ] {
        folder.write("parcel.accepted.toml", text);
        for command in ["check", "verify"] {
            let ran = folder.run(&[command]);
            assert_eq!(ran.code, Some(2), "{ran:?}");
            assert!(ran.out.contains(wanted), "{wanted}: {ran:?}");
            assert!(
                ran.err.contains("is not a valid file of accepted findings: 1 error"),
                "{ran:?}"
            );
            let ran = folder.run(&[command, "--format", "json"]);
            assert_eq!(ran.code, Some(2), "{ran:?}");
            let finding = &ran.json()["findings"][0];
            assert_eq!(finding["rule"], "bad-acceptance");
            assert!(finding["message"].as_str().unwrap().contains(wanted), "{wanted}: {finding}");
            assert_eq!(finding["path"], "parcel.accepted.toml");
            assert!(finding["line"].is_u64(), "{finding}");
        }
    }
}

#[test]
fn every_fault_of_an_entry_is_reported() {
    let folder = Folder::with("parcel.toml", OPEN);
    let text = "[[accepted]]\nrule = 'workflow-end'\nfingerprint = 'ends'\nreason = ''\n";
    folder.write("parcel.accepted.toml", text);
    let ran = folder.run(&["check", "--format", "json"]);
    let lines: Vec<u64> = ran.json()["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| finding["line"].as_u64().unwrap())
        .collect();
    assert_eq!(lines, [2, 4, 3], "{ran:?}");
}

#[test]
fn nothing_of_a_table_that_is_none_is_accepted() {
    let folder = Folder::with("parcel.toml", &OPEN.replace("\"ship\"", "\"ship it\""));
    let ran = check(&folder);
    assert_eq!(ran.code, Some(2), "{ran:?}");
    let finding = &ran.json()["findings"][0];
    assert_eq!(finding["rule"], "bad-name");
    assert_eq!(finding["fingerprint"], Value::Null);
    assert_eq!(finding["docs"], "docs/rules.md#bad-name");
}

/// The deploy table, and one in which nothing enters `building` any more.
fn retired() -> Folder {
    let mut new = DEPLOY.to_owned();
    for (from, to) in [
        (
            "name  = \"building\"\nphase = \"deploy\"",
            "name = \"building\"\nphase = \"deploy\"\nretired = true",
        ),
        ("\"building\", \"deploying\",", "\"deploying\","),
        ("start      = \"building\"\n", ""),
        (
            "[[transition]]\nfrom = \"*\"",
            "[[transition]]\npath = [\"building\", \"deploying\"]\n\n[[transition]]\nfrom = \"*\"",
        ),
    ] {
        assert_eq!(new.matches(from).count(), 1, "{from}");
        new = new.replace(from, to);
    }
    let folder = Folder::with("new.toml", &new);
    folder.write("old.toml", DEPLOY);
    folder
}

const COMPAT: [&str; 5] = ["compat", "old.toml", "new.toml", "--format", "json"];

#[test]
fn a_retired_state_is_accepted_by_one_entry() {
    let folder = retired();
    let ran = folder.run(&["compat", "old.toml", "new.toml"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let entry =
        "  [[accepted]]\n  rule = \"state-retired\"\n  state = \"building\"\n  reason = \"...\"\n";
    let entry_in_its_file = format!("One entry in new.accepted.toml accepts all of it:\n{entry}");
    assert!(ran.out.contains(&entry_in_its_file), "{ran:?}");
    // As it is printed.
    folder.write("new.accepted.toml", entry);
    let of_it = ran.out.split(" findings come of `building`").next().unwrap();
    let of_it = of_it.rsplit('\n').next().unwrap();
    let accepted = folder.run(&["compat", "old.toml", "new.toml"]);
    assert!(accepted.out.ends_with(&format!("; {of_it} findings are accepted\n")), "{accepted:?}");
    let ran = folder.run(&COMPAT);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(errors(&ran), []);
    assert!(!ran.out.contains("accepted-stale"), "{ran:?}");
}

#[test]
fn what_is_hidden_by_errors_is_shown_with_them() {
    let folder = retired();
    let ran = folder.run(&COMPAT);
    let json = ran.json();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let hidden = json["hidden"].as_array().unwrap().iter();
    let hidden: Vec<(String, String)> =
        hidden.map(|one| (text(&one["rule"]), text(&one["fingerprint"]))).collect();
    let shown = errors(&ran);
    assert!(!hidden.is_empty() && !shown.is_empty(), "{ran:?}");
    // Each once, and as what it will be.
    for one in json["hidden"].as_array().unwrap() {
        let message =
            one["message"].as_str().unwrap().split("; what it does may be").next().unwrap();
        let is_it = |listed: &&Value| text(&listed["message"]).starts_with(message);
        assert_eq!(
            json["findings"].as_array().unwrap().iter().filter(is_it).count(),
            0,
            "{message}"
        );
        let ran = folder.run(&["compat", "old.toml", "new.toml"]);
        let harmless = ran.out.split("Changed too").nth(1).unwrap();
        assert!(!harmless.contains(message), "{message}: {ran:?}");
    }
    folder.write("new.accepted.toml", entries(&shown));
    assert_eq!(errors(&folder.run(&COMPAT)), hidden, "these come up behind those");
    folder.write("new.accepted.toml", entries(&[shown, hidden].concat()));
    let ran = folder.run(&COMPAT);
    assert_eq!(ran.code, Some(0), "one round is enough: {ran:?}");
}

/// An order whose rows are moved by an application, and whose states are guarded by a database.
const ORDER: &str = r#"format = 1
[machine]
name = "order"
initial = "placed"
[[state]]
name = "placed"
[[state]]
name = "paid"
[[state]]
name = "shipped"
[[state]]
name = "delivered"
outcome = "success"
[[transition]]
path = ["placed", "paid", "shipped", "delivered"]
[target.rust]
[target.sql]
[target.js]
"#;

/// The order with a state under another name, stored as that.
fn with_renamed(table: &str, from: &str, to: &str) -> String {
    let (quoted, other) = (format!("\"{from}\""), format!("\"{to}\""));
    let named = format!("name = {quoted}");
    let renamed = format!("name = {other}\nrenamed_from = \"\"");
    let table = table.replace(&named, &renamed).replace(&quoted, &other);
    table.replace("renamed_from = \"\"", &format!("renamed_from = {quoted}"))
}

/// Accepts what is shown, then what is hidden by it; nothing gets through in between.
#[track_caller]
fn comes_up(new: &str, rules: [&[&str]; 2]) {
    comes_up_from(ORDER, new, rules);
}

#[track_caller]
fn comes_up_from(old: &str, new: &str, rules: [&[&str]; 2]) {
    let folder = Folder::with("old.toml", old);
    folder.write("new.toml", new);
    let of = |found: &[(String, String)]| -> Vec<String> {
        found.iter().map(|(rule, _)| rule.clone()).collect()
    };
    let ran = folder.run(&COMPAT);
    let shown = errors(&ran);
    assert_eq!(of(&shown), rules[0], "{ran:?}");
    let json = ran.json();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let hidden = json["hidden"].as_array().unwrap().iter();
    let hidden: Vec<(String, String)> =
        hidden.map(|one| (text(&one["rule"]), text(&one["fingerprint"]))).collect();
    assert_eq!(of(&hidden), rules[1], "{json:#}");
    let printed = folder.run(&["compat", "old.toml", "new.toml"]).out;
    for (_, fingerprint) in &hidden {
        assert_eq!(printed.matches(fingerprint).count(), 1, "{printed}");
    }
    folder.write("new.accepted.toml", entries(&shown));
    let ran = folder.run(&COMPAT);
    assert_eq!((ran.code, errors(&ran)), (Some(1), hidden.clone()), "{ran:?}");
    folder.write("new.accepted.toml", entries(&[shown, hidden].concat()));
    let ran = folder.run(&COMPAT);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(!ran.out.contains("accepted-stale"), "{ran:?}");
}

#[test]
fn a_second_rename_comes_up_once_the_first_is_accepted() {
    let both = with_renamed(&with_renamed(ORDER, "paid", "settled"), "shipped", "dispatched");
    comes_up(&both, [&["state-renamed"], &["state-renamed"]]);
}

#[test]
fn a_second_rename_of_what_jobs_report_comes_up_too() {
    let jobs = "[[state]]\nname = \"failed\"\noutcome = \"failure\"\n[[transition]]\nfrom = \"*\"\nto = \"failed\"\n\
        [[job]]\nname = \"pay\"\nsuccess = \"paid\"\nfailure = \"failed\"\n\
        [[job]]\nname = \"ship\"\nneeds = [\"pay\"]\nstart = \"shipped\"\nsuccess = \"delivered\"\nfailure = \"failed\"\n\
        [[job]]\nname = \"end\"\nneeds = [\"ship\"]\nalways = true\nsuccess = \"delivered\"\nfailure = \"failed\"\n[target.rust]";
    let old = ORDER.replace("[target.rust]", jobs);
    let both = with_renamed(&with_renamed(&old, "paid", "settled"), "shipped", "dispatched");
    comes_up_from(&old, &both, [&["state-renamed"], &["state-renamed"]]);
}

#[test]
fn a_rename_comes_up_once_changes_of_other_kinds_are_accepted() {
    // Rows come to what is renamed over a step that is gone, or a state that is new.
    let new = with_renamed(ORDER, "shipped", "dispatched")
        .replace(
            "[[state]]\nname = \"paid\"",
            "[[state]]\nname = \"packed\"\n[[state]]\nname = \"paid\"",
        )
        .replace("[\"placed\", \"paid\",", "[\"placed\", \"packed\", \"paid\",");
    comes_up(&new, [&["transition-removed"], &["state-renamed"]]);
}

#[test]
fn what_is_safe_in_the_order_that_is_left_is_not_hidden() {
    // The new state alone takes the database first; that it comes with a rename changes nothing.
    let new = with_renamed(ORDER, "paid", "settled")
        .replace(
            "[[state]]\nname = \"shipped\"",
            "[[state]]\nname = \"lost\"\noutcome = \"failure\"\n[[state]]\nname = \"shipped\"",
        )
        .replace("[target.rust]", "[[transition]]\npath = [\"shipped\", \"lost\"]\n[target.rust]");
    comes_up_alone(&new);
}

/// Once what is shown is accepted nothing fails.
#[track_caller]
fn comes_up_alone(new: &str) {
    let folder = Folder::with("old.toml", ORDER);
    folder.write("new.toml", new);
    let ran = folder.run(&COMPAT);
    let shown = errors(&ran);
    assert_eq!(shown.len(), 1, "{ran:?}");
    assert_eq!(ran.json()["hidden"].as_array().unwrap().len(), 0, "{ran:?}");
    folder.write("new.accepted.toml", entries(&shown));
    let ran = folder.run(&COMPAT);
    assert_eq!(ran.code, Some(0), "{ran:?}");
}

#[test]
fn an_entry_for_a_state_accepts_nothing_else() {
    let folder = retired();
    let more =
        folder.read("new.toml").replace("\"health_checking\",\n  \"succeeded\"", "\"succeeded\"");
    let more = more.replace("  { name = \"Health check\", state = \"health_checking\" },\n", "");
    let more = more.replace(
        "[[transition]]\nfrom = \"*\"",
        "[[transition]]\npath = [\"queued\", \"health_checking\", \"succeeded\"]\n\n[[transition]]\nfrom = \"*\"",
    );
    folder.write("new.toml", more);
    folder.write(
        "new.accepted.toml",
        "[[accepted]]\nrule = 'state-retired'\nstate = 'building'\nreason = 'tried'\n",
    );
    let ran = folder.run(&COMPAT);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(!errors(&ran).is_empty(), "{ran:?}");
}

#[test]
fn help_says_what_the_exit_codes_are() {
    let folder = Folder::new();
    let commands = ["generate", "check", "verify", "compat", "migrate", "accepts", "phases"];
    for command in commands.into_iter().chain(["transitions", "graph", "explain", "init"]) {
        let ran = folder.run(&[command, "--help"]);
        assert!(ran.out.contains("2 it could not run: "), "{command}: {ran:?}");
        assert!(ran.out.replace("\n", " ").contains("valid or can't be read"), "{ran:?}");
    }
}
