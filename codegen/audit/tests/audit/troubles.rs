//! Every bad input of every source: it is reported with its place, and the rest goes on.

use std::sync::Arc;

use arrow_array::{ArrayRef, BooleanArray, Int64Array, StringArray, TimestampMicrosecondArray};
use phasegate_audit::{Stopped, TroubleKind};

use crate::histories::{Histories, gzip, judged, options, troubles, violations};

#[test]
fn bad_rows_of_csv_are_told_and_passed_over() {
    let histories = Histories::new();
    let csv = histories.write(
        "h.csv",
        "id,status,at\n1,placed,2026-01-01\n,placed,\n1\n2,,\n1,2,3,4\n3,placed,soon\n\
         1,sent,2026-01-02\n1,arrived,2026-01-01\n3,gone,\n3,lost,",
    );
    let report = judged(&[&csv], &options()).unwrap();
    assert_eq!(
        troubles(&report),
        [
            "3: its row's id is NULL",
            "4: it has 1 field, where the header has 3",
            "5: the status of `2` is NULL",
            "6: it has 4 fields, where the header has 3",
            "7: its time can't be read: `soon`; it is judged without",
            "9: step 3 of `1` is of 2026-01-01T00:00:00Z, before the one that it follows, of \
             2026-01-02T00:00:00Z",
        ]
    );
    // A state that the table lacks is one violation, and what follows it is not judged.
    assert_eq!(violations(&report), ["10: 3 2 placed gone"]);
    assert_eq!((report.events, report.unjudged, report.stopped), (6, 1, None));
    assert!(report.has_findings());
}

#[test]
fn a_cut_off_file_is_told_and_the_other_sources_are_read() {
    let histories = Histories::new();
    let whole = histories.write("z.csv", "id,status\n1,placed\n9,sent\n");
    let csv = histories.write("h.csv", "id,note,status\n1,x,placed\n2,x,placed\n3,x");
    let lines = histories.write("h.jsonl", "{\"id\":1,\"status\":\"placed\"}\n{\"id\":2,\"stat");
    for (source, line, events) in [(&csv, "4", 4), (&lines, "2", 3)] {
        let report = judged(&[source, &whole], &options()).unwrap();
        let [trouble] = &report.first_troubles[..] else { panic!("{report:?}") };
        assert_eq!((trouble.kind, report.events), (TroubleKind::CutOff, events), "{trouble:?}");
        assert!(troubles(&report)[0].starts_with(line), "{trouble:?}");
        assert_eq!(report.violations, 2, "1 is placed twice, and 9 starts as sent");
    }
    let columns: [(&str, ArrayRef); 2] = [
        ("id", Arc::new(Int64Array::from((0..1_000).collect::<Vec<_>>()))),
        ("status", Arc::new(StringArray::from(vec!["placed"; 1_000]))),
    ];
    let path = histories.parquet("h.parquet", &columns, 100);
    let bytes = std::fs::read(&path).unwrap();
    let cut = histories.write("cut.parquet", &bytes[..bytes.len() - 9]);
    let report = judged(&[&cut, &whole], &options()).unwrap();
    assert_eq!((report.first_troubles[0].kind, report.events), (TroubleKind::CutOff, 2));
    assert!(troubles(&report)[0].starts_with("-: its end is missing or broken"), "{report:?}");
    // One row group of ten is damaged: the other nine are read.
    let mut damaged = bytes.clone();
    damaged[4..200].fill(0xff);
    let damaged = histories.write("damaged.parquet", damaged);
    let report = judged(&[&damaged], &options()).unwrap();
    assert_eq!((report.first_troubles[0].kind, report.events), (TroubleKind::CutOff, 900));
    assert!(
        troubles(&report)[0].starts_with("1: rows 1 to 100 can't be read, and are passed over"),
        "{report:?}"
    );
}

#[test]
fn bad_lines_of_json_are_told_and_passed_over() {
    let histories = Histories::new();
    let lines = histories.write(
        "h.jsonl",
        "\n{\"id\":1,\"status\":\"placed\"}\n[1]\n{\"id\":1,\"status\":\n\n{\"status\":\"placed\"}\n\
         {\"id\":[1],\"status\":\"placed\"}\n{\"id\":2,\"status\":null}\n{\"id\":1} more\n\
         {\"id\":3,\"status\":7}\n\u{0}\n{\"id\":1,\"status\":\"lost\"}\n",
    );
    let report = judged(&[&lines], &options()).unwrap();
    let told = troubles(&report);
    let places: Vec<&str> = told.iter().map(|it| it.split(':').next().unwrap()).collect();
    assert_eq!(places, ["3", "4", "6", "7", "8", "9", "11"], "{told:?}");
    assert_eq!(violations(&report), ["10: 3 1 start 7"]);
    assert_eq!(report.events, 3);
}

#[test]
fn null_and_bad_values_of_parquet_are_told_and_passed_over() {
    let histories = Histories::new();
    let columns: [(&str, ArrayRef); 4] = [
        ("id", Arc::new(Int64Array::from(vec![Some(1), None, Some(2), Some(1), Some(1)]))),
        (
            "status",
            Arc::new(StringArray::from(vec![
                Some("placed"),
                Some("placed"),
                None,
                Some("sent"),
                Some("lost"),
            ])),
        ),
        (
            "at",
            Arc::new(TimestampMicrosecondArray::from(vec![Some(5), None, Some(1), None, Some(4)])),
        ),
        ("n", Arc::new(Int64Array::from(vec![Some(3), Some(1), Some(2), None, Some(4)]))),
    ];
    let path = histories.parquet("h.parquet", &columns, 100);
    let report = judged(&[&path], &options()).unwrap();
    assert_eq!(
        troubles(&report),
        ["2: its row's id is NULL", "3: the status of `2` is NULL"],
        "a time that is not known is none that goes back"
    );
    assert_eq!((report.events, report.violations), (3, 0));
    let mut ordered = options();
    ordered.wanted.order = Some("n".to_owned());
    let report = judged(&[&path], &ordered).unwrap();
    assert_eq!(
        troubles(&report),
        [
            "2: its row's id is NULL",
            "3: the status of `2` is NULL",
            "4: what it is ordered by is NULL",
            "5: step 2 of `1` is of 1970-01-01T00:00:00.000004Z, before the one that it follows, \
             of 1970-01-01T00:00:00.000005Z",
        ]
    );
}

#[test]
fn what_is_ordered_is_of_one_kind() {
    let histories = Histories::new();
    let csv = histories.write("h.csv", "id,status,n\n1,placed,1\n1,sent,x\n1,sent,\n1,lost,2\n");
    let lines = histories.write("h.jsonl", "{\"id\":2,\"status\":\"placed\",\"n\":\"later\"}\n");
    let mut options = options();
    options.wanted.order = Some("n".to_owned());
    let report = judged(&[&csv, &lines], &options).unwrap();
    assert_eq!(
        troubles(&report),
        [
            "3: `x` is no whole number, by which the others are ordered",
            "4: what it is ordered by is NULL",
            "1: `later` is no whole number, by which the others are ordered",
        ]
    );
    assert_eq!(report.events, 2);
}

#[test]
fn what_is_no_source_ends_it_before_anything_is_judged() {
    let histories = Histories::new();
    let folder = histories.path("").display().to_string();
    let folder = folder.trim_end_matches('/');
    let empty = histories.write("empty.csv", "");
    let text = histories.write("h.csv", "id,status\n1,placed\n");
    let open = histories.write("h.jsonl", "{\"id\":\n");
    let columns: [(&str, ArrayRef); 2] = [
        ("id", Arc::new(BooleanArray::from(vec![true]))),
        ("status", Arc::new(StringArray::from(vec!["placed"]))),
    ];
    let of_truth = histories.parquet("h.parquet", &columns, 1);
    let missing = histories.path("missing.csv").display().to_string();
    let zstd = histories.write("h.csv.zst", b"\x28\xb5\x2f\xfd\x04\x58");
    let zip = histories.write("h.xlsx", b"PK\x03\x04\x14\0");
    let utf_16 = histories.write("utf-16.csv", b"\xff\xfei\0d\0");
    let database = histories.write("h.db", b"SQLite format 3\0\x10\0");
    let mut broken_gzip = gzip(b"id,status\n1,placed\n");
    broken_gzip[10..].fill(0xff);
    let broken_gzip = histories.write("h.csv.gz", broken_gzip);
    for (source, says) in [
        (folder, "is a folder; name its files: "),
        (&empty, "it is empty; a source is Parquet, JSON lines, or CSV with a header"),
        (&open, "not a line of JSON"),
        (&of_truth, "the column `id` is Boolean, which can't be judged"),
        (&missing, "No such file or directory"),
        (&zstd, "it is packed by zstd; unpack it: `zstd -dc FILE | phasegate ... -`"),
        (&zip, "it is a ZIP file (as those of Excel are)"),
        (&utf_16, "it is in UTF-16; write it as UTF-8: `iconv -f UTF-16 -t UTF-8 FILE`"),
        (&database, "it is a database of SQLite: name it as sqlite:FILE"),
        (&broken_gzip, "corrupt deflate stream"),
    ] {
        let error = judged(&[&text, source], &options()).unwrap_err().to_string();
        assert!(error.starts_with(source) && error.contains(says), "{error}");
    }
}

#[test]
fn a_packed_file_that_is_cut_off_is_read_as_far_as_it_goes() {
    let histories = Histories::new();
    let row = |id: u32| {
        format!("{id},{},{:x}\n", ["placed", "sent"][id as usize % 2], u64::from(id) * 7_919_777)
    };
    let rows: String = (0..50_000).map(row).collect();
    let whole = gzip(format!("id,status,n\n{rows}").as_bytes());
    // In the middle, and in the sum at the end.
    for (cut, least) in [(whole.len() / 2, 10_000), (whole.len() - 4, 50_000)] {
        let path = histories.write("cut.csv.gz", &whole[..cut]);
        let report = judged(&[&path], &options()).unwrap();
        let [trouble] = &report.first_troubles[..] else {
            panic!("{cut}: {:?}", troubles(&report))
        };
        assert_eq!(trouble.kind, TroubleKind::CutOff, "{trouble:?}");
        assert!(report.events >= least && report.events <= 50_000, "{cut} {}", report.events);
    }
    // One bit is wrong: no row that is read is not checked by its sum.
    let mut wrong = whole.clone();
    let middle = wrong.len() / 2;
    wrong[middle] ^= 1;
    let path = histories.write("wrong.csv.gz", &wrong);
    let report = judged(&[&path], &options()).unwrap();
    assert!(report.troubles[&TroubleKind::CutOff] > 0, "{:?}", troubles(&report));
}

#[test]
fn rows_of_csv_are_found_whatever_their_ends_and_quotes() {
    let histories = Histories::new();
    let long = "x".repeat(3 << 20);
    // A quoted field with line ends, a row that fills more than a buffer, an empty line.
    let text = format!(
        "id,note,status\n1,\"two\nlines, and \"\"more\"\"\",placed\n2,{long},placed\n\n3,,sent\n\
         4,\"not closed,placed\n5,,placed\n"
    );
    for text in [text.clone(), text.replace('\n', "\r\n")] {
        let csv = histories.write("h.csv", format!("\u{feff}{text}"));
        let report = judged(&[&csv], &options()).unwrap();
        assert_eq!(violations(&report), ["6: 3 1 start sent"]);
        assert_eq!((report.events, report.rows), (3, 3));
        let says = "7: it has 2 fields, where the header has 3, and lines in the last of them to the end \
                    of the file: is a quote not closed?";
        assert_eq!(troubles(&report), [says]);
    }
    // One that is not closed before the file ends within it.
    let csv = histories.write("h.csv", "id,note,status\n1,,placed\n2,\"not closed");
    let report = judged(&[&csv], &options()).unwrap();
    assert_eq!(troubles(&report), ["3: it ends in a row of 2 fields, where the header has 3"]);
    // What is no UTF-8 is a state that the table lacks, and a row like any other.
    let latin = histories.write("latin.csv", b"id,status\n1,placed\n\xe9,placed\n1,\xe9\n");
    let report = judged(&[&latin], &options()).unwrap();
    assert_eq!(violations(&report), ["4: 1 2 placed \u{fffd}"]);
    assert_eq!((report.rows, report.unjudged), (2, 0));
}

#[test]
fn long_lines_of_json_are_read_and_what_is_of_another_kind_is_told() {
    let histories = Histories::new();
    let long = "x".repeat(3 << 20);
    let lines = histories.write(
        "h.jsonl",
        format!(
            "\u{feff}{{\"id\":1,\"note\":\"{long}\",\"status\":\"placed\",\"at\":1767258000}}\r\n\
             {{\"id\":true,\"status\":\"placed\",\"at\":\"2026-01-01\"}}\n\
             {{\"id\":1.5,\"status\":\"placed\",\"at\":[]}}\n\
             {{\"id\":\"1\",\"status\":\"sent\",\"at\":\"never\"}}\n"
        ),
    );
    let report = judged(&[&lines], &options()).unwrap();
    let told = troubles(&report);
    assert!(told.len() == 2 && told[0].starts_with("3: it is no object of JSON: "), "{told:?}");
    assert_eq!(told[1], "4: its time can't be read: `never`; it is judged without");
    assert_eq!((report.events, report.rows, report.violations), (3, 2, 0));
}

#[test]
fn strict_stops_at_the_first_trouble_with_what_was_seen() {
    let histories = Histories::new();
    let csv = histories.write(
        "h.csv",
        "id,status,at\n1,sent,2026-01-02\n1,arrived,2026-01-01\n2,sent,\n3\n4,sent,\n",
    );
    let mut options = options();
    options.strict = true;
    let report = judged(&[&csv], &options).unwrap();
    assert_eq!(report.stopped, Some(Stopped::Strict));
    assert_eq!(report.first_troubles.len(), 1, "{report:?}");
    assert_eq!(report.first_troubles[0].kind, TroubleKind::TimeBack);
    assert_eq!(violations(&report), ["2: 1 1 start sent"]);
    let lines = histories.write("h.jsonl", "{\"id\":1,\"status\":\"placed\"}\n7\n{}\n");
    let report = judged(&[&lines], &options).unwrap();
    assert_eq!((report.stopped, report.first_troubles.len()), (Some(Stopped::Strict), 1));
    let whole = histories.write("w.jsonl", "{\"id\":1,\"status\":\"placed\"}\n");
    assert_eq!(judged(&[&whole], &options).unwrap().stopped, None);
}
