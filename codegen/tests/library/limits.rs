//! The limits: exactly so much passes, and one more is refused; and what a mebibyte of nonsense
//! may cost.

use crate::common::{findings, machine};
use phasegate_codegen::machine::{MAX_STATES, MAX_TRANSITIONS};
use phasegate_codegen::table::MAX_BYTES;

/// A table of states in a row, `s0` to the last, and what else there is to say.
fn row_of(states: usize, rest: &str) -> String {
    let names: Vec<String> = (0..states).map(|at| format!("{{name=\"s{at}\"}}")).collect();
    let path: Vec<String> = (0..states).map(|at| format!("\"s{at}\"")).collect();
    format!(
        "format = 1\nmachine = {{ name = \"m\", initial = \"s0\" }}\nstate = [{}]\n\
         [[transition]]\npath = [{}]\n{rest}",
        names.join(","),
        path.join(",")
    )
}

fn rules(table: &str) -> Vec<&'static str> {
    findings(table.as_bytes()).into_iter().filter(|f| f.is_error()).map(|f| f.rule.id).collect()
}

#[test]
fn the_limits_are_these() {
    assert_eq!((MAX_BYTES, MAX_STATES, MAX_TRANSITIONS), (1_048_576, 4_096, 65_536));
}

#[test]
fn takes_4096_states_and_no_more() {
    assert_eq!(machine(&row_of(4_096, "")).states.len(), 4_096);
    // What the state beyond has to do with the others is not told of.
    let found = findings(row_of(4_097, "").as_bytes());
    assert!(found.iter().any(|f| f.rule.id == "too-many-states" && f.message.contains("4097")));
    assert_eq!(found.len(), 1, "{found:?}");
}

#[test]
fn takes_65536_transitions_and_no_more() {
    // 255 + 256 * 255 + 1 = 65,536 pairs of 257 states, the last of which ends.
    let states: Vec<String> = (0..257).map(|at| format!("\"s{at}\"")).collect();
    let all = states[..256].join(",");
    let table = |more: &str| {
        row_of(257, "").replacen(
            &format!("path = [{}]", states.join(",")),
            &format!(
                "from = [{all}]\nto = [{}]\n[[transition]]\nfrom = \"s0\"\nto = [\"s255\"{more}]",
                states[..255].join(",")
            ),
            1,
        )
    };
    let closed = |pairs: usize| {
        table("").replacen(
            "to = [\"s255\"]",
            &format!("to = [{}]", states[255..][..pairs].join(",")),
            1,
        )
    };
    // 256 * 255 = 65,280 pairs so far; the rest of the 65,536 lead to `s255` and to the end.
    let rest = |from: usize| {
        format!(
            "[[transition]]\nfrom = [{}]\nto = \"s255\"\n[[transition]]\nfrom = \"s1\"\nto = \"s256\"\n",
            states[1..from].join(",")
        )
    };
    let of = |from: usize| format!("{}{}", closed(1), rest(from));
    assert_eq!(machine(&of(255)).transition_count(), 65_536);
    assert_eq!(rules(&of(256)), ["too-many-transitions"]);
}

#[test]
fn counts_what_a_star_and_the_skips_give() {
    // `n` optional states in a row have n * (n + 1) / 2 transitions in all but the ends.
    let optional = |states: usize| {
        let table = row_of(states, "");
        (1..states - 1).fold(table, |table, at| {
            table.replacen(
                &format!("{{name=\"s{at}\"}}"),
                &format!("{{name=\"s{at}\",optional=true}}"),
                1,
            )
        })
    };
    assert_eq!(machine(&optional(362)).transition_count(), 362 * 361 / 2);
    assert_eq!(rules(&optional(363)), ["too-many-transitions"]);
    // 4,095 of the path, 16 times 4,095 less what stands among the path.
    let star = |to: usize| {
        let to: Vec<String> = (1..=to).map(|at| format!("\"s{}\"", at * 16)).collect();
        row_of(4_096, &format!("[[transition]]\nfrom = \"*\"\nto = [{}]\n", to.join(",")))
    };
    assert_eq!(machine(&star(15)).transition_count(), 4_095 + 15 * 4_094);
    assert_eq!(rules(&star(16)), ["too-many-transitions"]);
}

#[test]
fn takes_a_mebibyte_and_no_more() {
    let padded = |length: usize| {
        let table = row_of(3, "#");
        format!("{table}{}", "x".repeat(length - table.len()))
    };
    assert_eq!(machine(&padded(MAX_BYTES)).states.len(), 3);
    let found = findings(padded(MAX_BYTES + 1).as_bytes());
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].rule.id, found[0].line), ("too-large", Some(1)));
}

/// Fills a mebibyte with a pattern between a start and an end.
fn filled(start: &str, piece: impl Fn(usize) -> String, end: &str) -> String {
    let mut table = start.to_owned();
    for at in 0.. {
        let piece = piece(at);
        if table.len() + piece.len() + end.len() > MAX_BYTES {
            break;
        }
        table += &piece;
    }
    table + end
}

/// Each is a mebibyte that costs what it holds, and not its square: a run of minutes is a failure
/// that everybody sees.
#[test]
fn a_mebibyte_of_nonsense_is_told_of_in_bounded_words() {
    let head = "format = 1\nmachine = { name = \"m\", initial = \"a\" }\n";
    let state = format!("{head}state = [{{ name = \"a\" }}");
    let many = row_of(4_000, "");
    for (what, table) in [
        ("unknown keys", filled(head, |at| format!("k{at}=1\n"), "")),
        (
            "unknown keys in one row",
            filled(&format!("{head}state=[{{"), |at| format!("k{at}=1,"), "}]"),
        ),
        ("unknown targets in one line", filled("target={", |at| format!("k{at}=1,"), "}")),
        (
            "meta of the wrong type",
            filled(&format!("{head}[machine.meta]\n"), |at| format!("k{at}=1\n"), ""),
        ),
        ("brackets", filled("", |_| "[".to_owned(), "")),
        ("nested lists", filled("a=", |_| "[".to_owned(), "")),
        ("nested tables", filled("a=", |_| "{a=".to_owned(), "")),
        ("a dotted key", filled("a", |_| ".a".to_owned(), "=1")),
        ("quotes", filled("", |_| "\"\n".to_owned(), "")),
        ("one section", filled(head, |_| "[state]\nname=1\n".to_owned(), "")),
        ("sections", filled(head, |at| format!("[s{at}]\n[s{at}]\n=\n"), "")),
        ("rows of nothing", filled(head, |_| "[[state]]\n".to_owned(), "")),
        ("rows that are no tables", filled(&format!("{head}state=["), |_| "1,".to_owned(), "]")),
        (
            "names that are none",
            filled(&format!("{head}state=["), |at| format!("{{name=\"A{at}\"}},"), "]"),
        ),
        ("one name", filled(&format!("{state},"), |_| "{name=\"a\"},".to_owned(), "]")),
        (
            "one value",
            filled(&format!("{state},"), |at| format!("{{name=\"s{at}\",value=\"v\"}},"), "]"),
        ),
        ("phases", filled(&format!("{state}]\nphase=["), |at| format!("{{name=\"p{at}\"}},"), "]")),
        ("jobs", filled(&format!("{state}]\njob=["), |at| format!("{{name=\"j{at}\"}},"), "]")),
        (
            "a circle of jobs",
            filled(
                &format!("{state}]\njob=["),
                |at| format!("{{name=\"j{at}\",needs=[\"j{}\"]}},", at + 1),
                "{name=\"k\",needs=[\"j0\"]}]",
            ),
        ),
        (
            "jobs that need each other",
            filled(
                &format!("{state}]\njob=["),
                |at| format!("{{name=\"j{at}\",needs=[\"j{}\",\"j{}\"]}},", at + 1, at / 2),
                "]",
            ),
        ),
        (
            "needs",
            filled(
                &format!("{state}]\njob=[{{name=\"j\",needs=["),
                |at| format!("\"n{at}\","),
                "]}]",
            ),
        ),
        (
            "needs of the wrong type",
            filled(&format!("{state}]\njob=[{{name=\"j\",needs=["), |_| "1,".to_owned(), "]}]"),
        ),
        (
            "unknown states among many",
            filled(
                &format!("{many}[[transition]]\nto=\"s1\"\nfrom=["),
                |at| format!("\"t{at}\","),
                "]",
            ),
        ),
        (
            "a path over and over",
            filled(&format!("{many}[[transition]]\npath=["), |_| "\"s1\",\"s2\",".to_owned(), "]"),
        ),
        (
            "rows of stars",
            filled(&many, |_| "[[transition]]\nfrom=\"*\"\nto=\"s3999\"\n".to_owned(), ""),
        ),
        (
            "a long text where a number belongs",
            filled(&format!("{state}]\nroot=\""), |_| "é".to_owned(), "\"\nformat_=1"),
        ),
        (
            "a long text where a flag belongs",
            filled(&format!("{head}state=[{{name=\"a\",optional=\""), |_| "x".to_owned(), "\"}]"),
        ),
        ("a long name", filled(&format!("{head}state=[{{name=\""), |_| "x".to_owned(), "\"}]")),
        ("a long key", filled(&format!("{head}\""), |_| "x".to_owned(), "\"=1")),
        (
            "a long title",
            filled(&format!("{head}state=[{{name=\"b\",title=\""), |_| "x".to_owned(), "\"}]"),
        ),
    ] {
        let found = findings(table.as_bytes());
        let told: usize = found.iter().map(|f| f.message.len() + f.help.len()).sum();
        assert!(found.len() <= 2_002, "{what}: {} findings", found.len());
        assert!(told < 4 << 20, "{what}: {told} bytes");
        let source = phasegate_codegen::table::Source::new("t.toml", &table);
        let text = phasegate_codegen::finding::text(&found, Some(&source), false);
        assert!(text.len() < 8 << 20, "{what}: {} bytes of text", text.len());
    }
}

#[test]
fn every_state_may_be_listed_from_every_other_and_is_refused_once() {
    let all: Vec<String> = (0..4_000).map(|at| format!("\"s{at}\"")).collect();
    let all = all.join(",");
    let rows = format!("[[transition]]\nfrom=[{all}]\nto=[{all}]\n").repeat(10);
    // Some of the pairs stand in the path already.
    let found = rules(&row_of(4_000, &rows));
    assert_eq!(found.iter().filter(|&&rule| rule == "too-many-transitions").count(), 1);
    assert!(found.len() < 20, "{found:?}");
}

#[cfg(target_os = "linux")]
#[test]
fn the_largest_tables_stay_far_below_their_memory() {
    // In a process of its own: other tests take memory, too.
    const ALONE: &str = "PHASEGATE_ALONE";
    if std::env::var_os(ALONE).is_none() {
        let own = std::env::current_exe().expect("the test is a program");
        let name = "limits::the_largest_tables_stay_far_below_their_memory";
        let ran = std::process::Command::new(own).args(["--exact", name]).env(ALONE, "").output();
        let ran = ran.expect("it runs once more");
        let said = String::from_utf8_lossy(&ran.stdout);
        assert!(ran.status.success() && said.contains("1 passed"), "{said}");
        return;
    }
    let most = || {
        let status = std::fs::read_to_string("/proc/self/status").expect("Linux has it");
        let line = status.lines().find(|line| line.starts_with("VmHWM:")).expect("it is there");
        let kilobytes: usize =
            line.split_whitespace().nth(1).and_then(|n| n.parse().ok()).expect("it is a number");
        kilobytes >> 10
    };
    let star = |to: usize| {
        let to: Vec<String> = (1..=to).map(|at| format!("\"s{}\"", at * 16)).collect();
        row_of(4_096, &format!("[[transition]]\nfrom = \"*\"\nto = [{}]\n", to.join(",")))
    };
    machine(&star(15));
    assert!(most() < 512, "{} MiB", most());
}
