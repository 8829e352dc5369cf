//! `accepts` and `phases` as processes: a line of output for each line of input, whatever is on it.

use crate::binary;
use crate::binary::Folder;
use serde_json::{Value, json};

/// A table whose values are awkward, with a phase.
const TABLE: &str = r#"format = 1
machine = { name = "m", initial = ["a", "b"] }
phase = [{ name = "p" }, { name = "q" }]
state = [
    { name = "a" },
    { name = "b", value = "In Progress", phase = "p" },
    { name = "c", value = "\"c\"", optional = true, phase = "q" },
    { name = "d", value = "ünïcode\u00a0\uFFFD" },
    { name = "z", outcome = "success" },
    { name = "f", outcome = "failure" },
]
transition = [{ path = ["a", "b", "c", "d", "d", "z"] }, { from = "*", to = "f" }]
"#;

fn folder() -> Folder {
    Folder::with("m.toml", TABLE)
}

fn accepts(arguments: &[&str], input: impl AsRef<[u8]>) -> binary::Ran {
    folder().run_in("", &[&["accepts", "m.toml"], arguments].concat(), input.as_ref())
}

#[test]
fn judges_a_line_at_a_time() {
    let input = "a b c d z\na\n\nb d\na z\nb c a\nz\nnothing\n  a\tb\u{c}f  \na f a";
    let ran = accepts(&[], input);
    assert_eq!(ran.code, Some(1));
    assert_eq!(
        ran.out.lines().collect::<Vec<_>>(),
        [
            "complete",
            "accepted",
            "accepted",
            "accepted",
            "rejected at 2: a -> z; legal: b, f",
            "rejected at 3: c -> a; legal: d, f",
            "rejected at 1: start -> z; legal: a, b",
            "rejected at 1: start -> nothing; legal: a, b",
            "complete",
            "rejected at 3: f -> a; legal: (nothing)",
        ]
    );
    let ran = accepts(&["-"], "a\na b\n");
    assert_eq!((ran.code, ran.out.as_str()), (Some(0), "accepted\naccepted\n"));
    let folder = folder();
    folder.write("x.log", "a f\n");
    let ran = folder.run(&["accepts", "m.toml", "x.log"]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(0), "complete\n"));
}

#[test]
fn tells_of_each_line_as_a_json_object() {
    let ran = accepts(&["--format", "json"], "a\na f\na z\nz");
    assert_eq!(ran.code, Some(1));
    let none = |line: usize, verdict: &str| json!({ "line": line, "verdict": verdict, "at": null, "from": null, "to": null, "legal": null });
    assert_eq!(
        ran.lines(),
        [
            none(1, "accepted"),
            none(2, "complete"),
            json!({
                "line": 3, "verdict": "rejected",
                "at": 2, "from": "a", "to": "z", "legal": ["b", "f"],
            }),
            json!({
                "line": 4, "verdict": "rejected",
                "at": 1, "from": null, "to": "z", "legal": ["a", "b"],
            }),
        ]
    );
}

#[test]
fn annotates_the_rejected_lines_in_a_workflow() {
    let folder = folder();
    folder.write("x.log", "a\na z\n");
    let ran = folder.run(&["accepts", "m.toml", "x.log", "--format", "github"]);
    assert_eq!(ran.code, Some(1));
    assert_eq!(
        ran.out,
        "::error file=x.log,line=2,col=1,title=rejected::rejected at 2: a -> z; legal: b, f\n"
    );
}

#[test]
fn reads_what_is_stored_with_values() {
    let nbsp = "ünïcode\u{a0}\u{fffd}";
    let json_of = |value: &str| json!(value).to_string();
    let input = format!(
        "a \"In Progress\" {c} {nbsp} z\na \"In Progress\" {d}\na b\n\"\\u0061\" \"In\\u0020Progress\"\n",
        c = json_of("\"c\""),
        d = json_of(nbsp),
    );
    let ran = accepts(&["--values"], &input);
    assert_eq!(
        ran.out,
        "complete\naccepted\nrejected at 2: a -> b; legal: \"In Progress\", f\naccepted\n"
    );
    // What it writes it reads: the legal ones of a rejection go in again.
    let ran = accepts(&["--values"], "\"In Progress\" \"In Progress\"");
    let line = ran.out.trim();
    let (_, legal) = line.split_once("legal: ").expect("it was rejected");
    assert_eq!(
        line,
        r#"rejected at 2: "In Progress" -> "In Progress"; legal: "\"c\"", "ünïcode  �", f"#
            .replace("  ", "\u{a0}")
    );
    for value in legal.split(", ") {
        let ran = accepts(&["--values"], format!("\"In Progress\" {value}"));
        assert_eq!(ran.code, Some(0), "{value}: {ran:?}");
    }
    let ran = accepts(&["--values", "--format", "json"], "a b");
    assert_eq!(ran.lines()[0]["legal"], json!(["In Progress", "f"]));
}

#[test]
fn takes_broken_strings_for_what_they_are() {
    for word in ["\"a", "\"a\"b", "\"a\\", "\"\\q\"", "\"", "\"\"", "\"a\nb\""] {
        let ran = accepts(&["--values"], format!("{word}\n"));
        assert_eq!(ran.code, Some(1), "{word}: {ran:?}");
        assert!(ran.out.starts_with("rejected at 1: start -> "), "{word}: {ran:?}");
        assert_eq!(ran.out.lines().count(), 1 + word.matches('\n').count());
    }
    // Without `--values` a quote is a letter like any other.
    assert_eq!(accepts(&[], "\"a\"").code, Some(1));
}

#[test]
fn passes_redeliveries_over_in_logs_of_reports() {
    let input = "a a b b b c z\na b d d d z z\na a a\n";
    assert_eq!(
        accepts(&["--reports"], input).out,
        "rejected at 7: c -> z; legal: d, f\ncomplete\naccepted\n"
    );
    assert_eq!(
        accepts(&[], input).out,
        "rejected at 2: a -> a; legal: b, f\nrejected at 7: z -> z; legal: (nothing)\n\
         rejected at 2: a -> a; legal: b, f\n"
    );
}

#[test]
fn what_is_no_utf_8_names_no_state() {
    let ran = accepts(&[], b"a b\xff\n\xff\xfe\na\n");
    assert_eq!(ran.code, Some(1));
    let lines: Vec<&str> = ran.out.lines().collect();
    assert_eq!(lines.len(), 3);
    assert_eq!(lines[0], "rejected at 2: a -> b\u{fffd}; legal: b, f");
    assert_eq!(lines[2], "accepted");
    // Not even one whose value has the sign that stands for such bytes.
    let ran = accepts(&["--values"], b"a \"In Progress\" \xc3\xbcn\xc3\xafcode\xc2\xa0\xff");
    assert_eq!(ran.code, Some(1), "{ran:?}");
}

#[test]
fn byte_order_marks_and_carriage_returns_are_no_part_of_a_word() {
    let ran = accepts(&[], "\u{feff}a b\r\na\r\n\r\n");
    assert_eq!((ran.code, ran.out.as_str()), (Some(0), "accepted\naccepted\naccepted\n"));
    assert_eq!(accepts(&[], "").out, "");
    assert_eq!(accepts(&[], "\n").out, "accepted\n");
    assert_eq!(accepts(&[], " ").out, "accepted\n");
}

#[test]
fn a_long_word_is_no_state_however_it_begins() {
    let ran = accepts(&["--format", "json"], format!("a {}\na b\n", "b".repeat(100_000)));
    let lines = ran.lines();
    assert_eq!((&lines[0]["at"], &lines[1]["verdict"]), (&json!(2), &json!("accepted")));
    assert!(ran.out.len() < 10_000, "{} bytes", ran.out.len());
}

#[test]
fn tells_of_a_line_before_the_next_is_there() {
    use std::io::{BufRead as _, Write as _};
    use std::process::{Command, Stdio};
    let folder = folder();
    let mut child = Command::new(binary::PHASEGATE)
        .args(["accepts", "m.toml"])
        .current_dir(folder.path(""))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the command can be run");
    let mut input = child.stdin.take().expect("it is piped");
    let mut output = std::io::BufReader::new(child.stdout.take().expect("it is piped"));
    for (line, verdict) in [("a b\n", "accepted\n"), ("a f\n", "complete\n")] {
        input.write_all(line.as_bytes()).expect("it is read");
        let mut told = String::new();
        output.read_line(&mut told).expect("it is told");
        assert_eq!(told, verdict);
    }
    drop(input);
    assert!(child.wait().expect("it ends").success());
}

#[cfg(target_os = "linux")]
#[test]
fn a_line_of_a_hundred_megabytes_takes_no_more_memory_than_a_short_one() {
    use std::io::Write as _;
    use std::process::{Command, Stdio};
    let folder = folder();
    let mut child = Command::new(binary::PHASEGATE)
        .args(["accepts", "m.toml", "-", "--reports"])
        .current_dir(folder.path(""))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the command can be run");
    let mut input = child.stdin.take().expect("it is piped");
    input.write_all(b"a b d ").expect("it is read");
    // Words that are redelivered and white space, and one word of half of it all.
    let words = format!("{}d", " ".repeat(63)).repeat(1 << 10);
    for _ in 0..800 {
        input.write_all(words.as_bytes()).expect("it is read");
    }
    let most = || {
        let status = std::fs::read_to_string(format!("/proc/{}/status", child.id()));
        let status = status.expect("it runs");
        let line = status.lines().find(|line| line.starts_with("VmHWM:")).expect("it is there");
        let kilobytes: Option<u64> = line.split_whitespace().nth(1).and_then(|n| n.parse().ok());
        kilobytes.expect("it is a number") >> 10
    };
    input.write_all(b" ").expect("it is read");
    let word = "x".repeat(1 << 16);
    for _ in 0..800 {
        input.write_all(word.as_bytes()).expect("it is read");
    }
    let megabytes = most();
    drop(input);
    let output = child.wait_with_output().expect("it ends");
    let told = String::from_utf8(output.stdout).expect("it is UTF-8");
    // Each of the words was a transition of `d` to itself, but for the first three.
    assert!(told.starts_with("rejected at 819204: d -> xxx"), "{}", &told[..60]);
    assert!(megabytes < 48, "{megabytes} MiB");
}

#[test]
fn shows_the_phases_of_each_line() {
    let input = "a\na b\na b c d attempted=c\na f attempted=b\nz\na attempted=b b\na f attempted=unheard_of\n\n";
    let ran = folder().run_in("", &["phases", "m.toml"], input.as_bytes());
    assert_eq!(ran.code, Some(1));
    assert_eq!(
        ran.out.lines().collect::<Vec<_>>(),
        [
            "p=upcoming q=upcoming",
            "p=active q=upcoming",
            "p=done q=done",
            "p=failed q=skipped",
            "error: not accepted at 1: start -> z; legal: `a`, `b`",
            "error: `b` stands after `attempted=`, which comes last",
            "p=skipped q=skipped",
            "p=upcoming q=upcoming",
        ]
    );
    let ran = folder().run_in("", &["phases", "m.toml", "-", "--format", "json"], input.as_bytes());
    assert_eq!(ran.code, Some(1));
    let lines = ran.lines();
    assert_eq!(
        lines[1],
        json!({ "line": 2, "phases": [
            { "name": "p", "view": "active" }, { "name": "q", "view": "upcoming" },
        ] })
    );
    assert_eq!(lines[4]["line"], 5);
    assert!(lines[4]["error"].is_string() && lines[4].get("phases").is_none(), "{}", lines[4]);
    assert_eq!(lines[7]["line"], 8);
    let keys: Vec<&Value> = lines.iter().map(|line| &line["line"]).collect();
    assert_eq!(keys, [1, 2, 3, 4, 5, 6, 7, 8]);
}

#[test]
fn a_word_that_is_no_state_is_told_apart_from_a_step_that_is_not_legal() {
    let ran = accepts(&[], "a bb\na z\nb bb\na other");
    assert_eq!(ran.out.lines().next(), Some("rejected at 2: a -> bb; legal: b, f"), "{ran:?}");
    assert_eq!(
        ran.err,
        "phasegate: m.toml has no state `bb`; did you mean `b`?\nphasegate: m.toml has no state `other`\n"
    );
    let ran = accepts(&["--format", "json"], "a bb");
    assert_eq!(ran.err, "");
}
