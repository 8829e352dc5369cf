//! `phasegate audit`, as a process; without the feature only that it says so.

use crate::binary::Folder;

const TABLE: &str = "format = 1\n[machine]\nname = \"m\"\ninitial = \"a\"\n[[state]]\nname = \"a\"\n\
    expect = \"1h\"\n[[state]]\nname = \"b\"\n[[state]]\nname = \"z\"\noutcome = \"success\"\n\
    [[transition]]\npath = [\"a\", \"b\", \"z\"]\n";

#[cfg(not(feature = "audit"))]
#[test]
fn says_how_to_get_what_reads_histories() {
    let folder = Folder::with("m.toml", TABLE);
    folder.write("h.csv", "id,status\n1,a\n");
    let ran = folder.run(&["audit", "m.toml", "h.csv"]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""));
    assert!(ran.err.contains("cargo install phasegate-cli --features audit"), "{ran:?}");
    let ran = folder.run(&["discover", "h.csv"]);
    assert!(ran.err.contains("cargo install phasegate-cli --features audit"), "{ran:?}");
}

#[cfg(feature = "audit")]
mod on {
    use super::*;
    use crate::binary::Ran;

    /// The table, a history without violations and one with some.
    fn folder() -> Folder {
        let folder = Folder::with("m.toml", TABLE);
        folder.write("good.csv", "id,status,at\n1,a,2026-01-01\n1,b,2026-01-02\n2,a,2026-01-02\n");
        folder.write("bad.csv", "id,status\n1,a\n1,z\n2,b\n3,a\n3,a\n3,c\n");
        folder
    }

    fn run(folder: &Folder, arguments: &[&str]) -> Ran {
        folder.run(&[&["audit", "m.toml"], arguments].concat())
    }

    #[test]
    fn exits_by_what_it_found() {
        let folder = folder();
        let good = run(&folder, &["good.csv"]);
        assert_eq!(good.code, Some(0), "{good:?}");
        assert!(good.out.contains("3 reports of 2 rows in `good.csv`: 0 violations"), "{good:?}");
        assert!(good.err.is_empty(), "no progress where there is no terminal: {good:?}");
        assert_eq!(run(&folder, &["bad.csv"]).code, Some(1));
        let long: String = (0..40).map(|id| format!("{id},b\n")).collect();
        folder.write("long.csv", format!("id,status\n{long}"));
        let ran = run(&folder, &["long.csv"]);
        assert_eq!(ran.out.matches("error[violation]").count(), 20);
        assert!(ran.out.contains("and 20 violations more; --out FILE has them all"), "{ran:?}");
        for wrong in [
            &["missing.csv"][..],
            &["good.csv", "--id", "no"],
            &["bad.csv", "--out", "x.txt"],
            &["good.csv", "--out", "no/x.csv"],
            &[],
        ] {
            let ran = run(&folder, wrong);
            assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""), "{wrong:?}");
            assert!(!ran.err.is_empty());
        }
    }

    #[test]
    fn a_table_that_is_none_or_is_missing_ends_it_as_everywhere() {
        let folder = folder();
        folder.write("wrong.toml", TABLE.replace("\"a\", \"b\"", "\"a\", \"bb\""));
        let ran = folder.run(&["audit", "wrong.toml", "good.csv", "--format", "json"]);
        assert_eq!(ran.code, Some(2));
        assert_eq!(ran.json()["findings"][0]["rule"], "unknown-state");
        let ran = folder.run(&["audit", "none.toml", "good.csv"]);
        assert!(ran.code == Some(2) && ran.err.contains("none.toml"), "{ran:?}");
    }

    #[test]
    fn reads_standard_input_in_every_format() {
        let folder = folder();
        let lines = b"{\"id\":1,\"status\":\"z\"}\n";
        for input in [&b"id,status\n1,z\n"[..], lines] {
            let ran = folder.run_in("", &["audit", "m.toml", "-"], input);
            assert_eq!(ran.code, Some(1), "{ran:?}");
            assert!(ran.out.contains("step 1 of `1`: start -> z"), "{ran:?}");
        }
        run(&folder, &["bad.csv", "--out", "v.parquet"]);
        let parquet = std::fs::read(folder.path("v.parquet")).unwrap();
        // Its columns are named anew: what was a violation is an event of another history.
        let arguments = ["audit", "m.toml", "-", "--id", "row", "--status", "to"];
        let ran = folder.run_in("", &arguments, &parquet);
        assert!(ran.out.contains("4 reports of 3 rows in `-`"), "{ran:?}");
    }

    #[test]
    fn prints_json_and_annotations() {
        let folder = folder();
        let json = run(&folder, &["good.csv", "bad.csv", "--format", "json"]).json();
        assert_eq!(json["reports"], 9);
        let rows = serde_json::json!({ "all": 3, "ended": 1, "open": 1, "unknown": 1 });
        assert_eq!(json["rows"], rows);
        assert_eq!(json["violations"]["all"], 4);
        let first = serde_json::json!({
            "row": "1", "position": 3, "from": "b", "to": "a", "at": null, "source": "bad.csv",
            "line": 2, "legal": ["z"],
        });
        assert_eq!(json["violations"]["first"][0], first);
        let finding = &json["findings"][0];
        assert_eq!((&finding["rule"], &finding["path"]), (&"violation".into(), &"bad.csv".into()));
        assert_eq!((&finding["line"], &finding["column"]), (&2.into(), &1.into()));
        let ran = run(&folder, &["bad.csv", "--format", "github"]);
        assert!(
            ran.out.starts_with("::error file=bad.csv,line=3,col=1,title=violation::"),
            "{ran:?}"
        );
        assert_eq!(ran.out.lines().count(), 4, "{ran:?}");
    }

    #[test]
    fn writes_all_violations_in_three_formats() {
        let folder = folder();
        for file in ["v.csv", "v.jsonl", "v.parquet"] {
            let ran = run(&folder, &["bad.csv", "--out", file]);
            assert_eq!((ran.code, ran.err.as_str()), (Some(1), ""));
        }
        let csv = "row,position,from,to,at,source,line\n1,2,a,z,,bad.csv,3\n2,1,,b,,bad.csv,4\n\
                   3,2,a,a,,bad.csv,6\n3,3,a,c,,bad.csv,7\n";
        assert_eq!(folder.read("v.csv"), csv);
        let lines = folder.read("v.jsonl");
        let first = "{\"row\":\"1\",\"position\":2,\"from\":\"a\",\"to\":\"z\",\"at\":null,\
                     \"source\":\"bad.csv\",\"line\":3}\n";
        assert!(lines.starts_with(first) && lines.lines().count() == 4, "{lines}");
        // Without one there are the columns all the same, and what was there is replaced.
        for (file, holds) in [("v.csv", "row,position,from,to,at,source,line\n"), ("v.jsonl", "")] {
            assert_eq!(run(&folder, &["good.csv", "--out", file]).code, Some(0));
            assert_eq!(folder.read(file), holds);
        }
    }

    #[test]
    fn a_migrated_history_is_judged_by_the_tables_that_were_migrated_to() {
        let sql = "[target.sql]\ndialects = [\"sqlite\"]\n";
        let before = format!("{TABLE}[[transition]]\nfrom = \"a\"\nto = \"z\"\n{sql}");
        let folder = Folder::with("m.toml", &before);
        let language = |folder: &Folder| {
            let machine = phasegate_codegen::load(&folder.path("m.toml")).unwrap().machine;
            machine.fingerprints.language
        };
        let then = language(&folder);
        assert_eq!(folder.run(&["migrate"]).code, Some(0));
        folder.write("m.toml", format!("{TABLE}{sql}"));
        assert_eq!(folder.run(&["migrate"]).code, Some(0));
        let now = language(&folder);
        let rows = format!("1,a,{then}\n1,z,{then}\n2,a,{now}\n2,z,{now}\n");
        folder.write("h.csv", format!("m_id,to_state,language\n{rows}"));
        let ran = run(&folder, &["h.csv"]);
        assert!(ran.out.contains("1 violation\n") && ran.out.contains("step 2 of `2`"), "{ran:?}");
        assert!(ran.out.contains("a -> z      2  1 not legal"), "{ran:?}");
    }

    #[test]
    fn passes_redeliveries_over_where_they_are_reports() {
        let folder = folder();
        let ran = run(&folder, &["bad.csv", "--reports", "--format", "json"]);
        let json = ran.json();
        assert_eq!((&json["violations"]["all"], &json["redeliveries"]), (&3.into(), &1.into()));
    }

    #[test]
    fn stuck_rows_are_a_warning_and_fail_nothing() {
        let folder = folder();
        folder.write("stuck.csv", "id,status,at\n1,a,2026-01-01\n2,a,2026-01-03\n3,a,2026-01-02\n");
        let ran = run(&folder, &["stuck.csv"]);
        assert_eq!(ran.code, Some(0));
        let says = "warning[stuck-rows]: 2 rows are in `a` for longer than 1h: 1 (2d), 3 (1d)";
        assert!(ran.out.contains(says), "{ran:?}");
    }

    #[cfg(unix)]
    #[test]
    fn an_interrupt_leaves_the_report_of_what_was_seen() {
        use std::io::{Read as _, Write as _};
        use std::process::{Command, Stdio};

        let folder = folder();
        let mut child = Command::new(crate::binary::PHASEGATE)
            .args(["audit", "m.toml", "-", "--out", "v.csv"])
            .current_dir(folder.path(""))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut input = child.stdin.take().unwrap();
        // More than its buffers hold: once all is written, it has judged the first of them.
        let rows: String = (0..200_000).map(|id| format!("{id},z\n")).collect();
        write!(input, "id,status\n{rows}").unwrap();
        input.flush().unwrap();
        let pid = child.id().to_string();
        assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
        // The input stays open: nothing but the interrupt ends it.
        let code = child.wait().unwrap().code();
        let (mut out, mut err) = (String::new(), String::new());
        child.stdout.take().unwrap().read_to_string(&mut out).unwrap();
        child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
        drop(input);
        assert_eq!(code, Some(2), "{out}{err}");
        assert!(out.contains("stopped: this is what was seen until then"), "{out}");
        assert!(err.contains("stopped: the report is of what was seen until then"), "{err}");
        assert!(
            folder.read("v.csv").lines().count() > 1_000,
            "what was found until then is written"
        );
    }

    #[test]
    fn strict_ends_with_two_and_what_was_seen() {
        let folder = folder();
        folder.write("torn.csv", "id,status\n1,z\n7\n2,z\n");
        let ran = run(&folder, &["torn.csv", "--strict"]);
        assert_eq!(ran.code, Some(2));
        assert!(ran.out.contains("1 report of 1 row in `torn.csv`: 1 violation"), "{ran:?}");
        assert!(ran.err.contains("--strict"), "{ran:?}");
        assert_eq!(run(&folder, &["good.csv", "--strict"]).code, Some(0));
    }

    #[test]
    fn the_page_is_one_file_with_what_was_found() {
        let folder = folder();
        folder.write("odd.csv", "id,status,at\n<b>,a,2026-01-01\n<b>,\"<i>&\",2026-01-02\n1,z,\n");
        let ran = run(&folder, &["bad.csv", "odd.csv", "--html", "h.html"]);
        assert_eq!((ran.code, ran.err.as_str()), (Some(1), ""));
        let page = folder.read("h.html");
        assert!(page.starts_with("<!DOCTYPE html>\n<html lang=\"en\">"), "{page}");
        // It loads nothing, and runs nothing.
        for loads in ["<script", "src=", "<link", "@import", "<i>", "<b>,"] {
            assert!(!page.contains(loads), "{loads}: {page}");
        }
        assert!(page.contains("&#60;i&#62;&#38;") || page.contains("&lt;i&gt;&amp;"), "{page}");
        // The picture has what was taken, and what was taken though it is not legal.
        assert!(page.contains("class=\"step taken\" data-step=\"a b\"") || page.contains("<svg"));
        assert!(page.contains("class=\"step violation\" data-step=\"a z\""), "{page}");
        assert!(page.contains("<td class=\"bad\">z</td>"), "{page}");
        assert_eq!(page.matches("<svg").count(), 1);
        let ran = run(&folder, &["bad.csv", "--html", "none/h.html"]);
        assert!(ran.code == Some(2) && ran.err.contains("none/h.html"), "{ran:?}");
    }

    #[test]
    fn the_page_in_the_docs_looks_as_pages_do() {
        let docs = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/history.html");
        let shown = std::fs::read_to_string(docs).unwrap();
        let folder = folder();
        run(&folder, &["good.csv", "bad.csv", "--html", "h.html"]);
        let page = folder.read("h.html");
        let style = |page: &str| {
            page.split("</style>").next().unwrap().split("<style>").nth(1).unwrap().to_owned()
        };
        let how = "benches/audit.py writes docs/history.html anew";
        assert_eq!(style(&shown), style(&page), "{how}");
        assert!(shown.len() < 200_000 && shown.contains("deploys.parquet"), "{how}");
    }

    /// A history of a hundred rows that all go one way, and what some did besides.
    fn known(folder: &Folder, more: &str) {
        let rows = (0..100)
            .flat_map(|id| ["new", "In work", "done"].map(|state| format!("{id},{state}\n")));
        folder.write("order_events.csv", format!("id,status\n{}{more}", rows.collect::<String>()));
    }

    #[test]
    fn a_draft_is_a_table_by_which_its_history_has_what_was_left_out_and_nothing_else() {
        let folder = Folder::new();
        // One goes back, one starts at the end, one comes to a state that nothing else does.
        known(&folder, "x,new\nx,done\ny,done\nz,new\nz,odd\nz,odder\nz,done\n");
        let drafted = folder.run(&["discover", "order_events.csv", "--noise", "0.02"]);
        assert_eq!(drafted.code, Some(0), "{drafted:?}");
        folder.write("order.toml", &drafted.out);
        for line in [
            "name    = \"order\"",
            "initial = \"new\"",
            "value = \"In work\"",
            "#   new -> done: 1 time\n",
            "#   start -> done: 1 time (no row may start in an end)\n",
        ] {
            assert!(drafted.out.contains(line), "{line}: {}", drafted.out);
        }
        assert!(
            !drafted.out.contains("\"odd\""),
            "nothing that is left leads to it: {}",
            drafted.out
        );
        let left_out = drafted.err.split("left out: ").nth(1).and_then(|it| it.split(' ').next());
        let ran = folder.run(&["audit", "order.toml", "order_events.csv", "--format", "json"]);
        let violations = ran.json()["violations"]["all"].to_string();
        assert_eq!(Some(violations.as_str()), left_out, "{}", drafted.out);
        assert_eq!(folder.run(&["check", "order.toml"]).code, Some(0));
        // With nothing left out there is nothing to find, but for the start in an end.
        let drafted = folder.run(&["discover", "order_events.csv", "--noise", "0"]);
        folder.write("order.toml", &drafted.out);
        let ran = folder.run(&["audit", "order.toml", "order_events.csv", "--format", "json"]);
        assert_eq!(ran.json()["violations"]["all"], 1, "{}", drafted.out);
    }

    #[test]
    fn a_history_that_goes_round_is_drafted_with_an_end() {
        let folder = Folder::new();
        folder.write("h.csv", "id,status\n1,a\n1,b\n1,c\n1,b\n2,a\n2,z\n3,a\n3,a\n");
        let drafted = folder.run(&["discover", "h.csv"]);
        assert_eq!(drafted.code, Some(0), "{drafted:?}");
        assert!(drafted.out.contains("reopens = true"), "{}", drafted.out);
        assert!(drafted.out.contains("to   = [\"a\", \"b\", \"z\"]"), "a repeats: {}", drafted.out);
        let reports = folder.run(&["discover", "h.csv", "--reports"]);
        assert!(reports.out.contains("to   = [\"b\", \"z\"]"), "{}", reports.out);
        folder.write("h.toml", reports.out);
        assert_eq!(folder.run(&["audit", "h.toml", "h.csv", "--reports"]).code, Some(0));
    }

    #[test]
    fn what_no_table_can_be_drafted_of_is_said() {
        let folder = Folder::new();
        let many: String = (0..300).map(|id| format!("{id},s{id}\n")).collect();
        folder.write("many.csv", format!("id,status\n{many}"));
        folder.write("none.csv", "id,status\n");
        for (arguments, says) in [
            (&["many.csv"][..], "more than 256 states, such as `s0`, `s1`"),
            (&["none.csv"], "there is no report to draft a table of"),
            (&["none.csv", "--noise", "1.5"], "a share is from 0 to below 1"),
            (&["missing.csv"], "missing.csv"),
        ] {
            let ran = folder.run(&[&["discover"], arguments].concat());
            assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""));
            assert!(ran.err.contains(says), "{ran:?}");
        }
    }
}
