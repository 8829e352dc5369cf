//! One history is judged alike from every format, under every name of its columns, ordered or not.

use std::sync::Arc;

use arrow_array::types::Int32Type;
use arrow_array::{
    ArrayRef, DictionaryArray, FixedSizeBinaryArray, Int32Array, Int64Array, StringArray,
    TimestampMillisecondArray,
};
use phasegate_audit::Wanted;

use crate::histories::{Histories, gzip, judged, options, troubles, violations};

const STATES: [(i64, &str); 8] = [
    (1, "placed"),
    (2, "placed"),
    (1, "Paid up"),
    (2, "arrived"),
    (3, "sent"),
    (1, "sent"),
    (1, "arrived"),
    (4, "gone"),
];
/// By the places in the list.
const FOUND: [&str; 3] = ["4: 2 2 placed arrived", "5: 3 1 start sent", "8: 4 1 start gone"];

fn ids() -> Vec<i64> {
    STATES.iter().map(|(id, _)| *id).collect()
}

fn states() -> Vec<&'static str> {
    STATES.iter().map(|(_, state)| *state).collect()
}

/// What was found, with the lines counted from the first event.
fn found(report: &phasegate_audit::Report, header: u64) -> Vec<String> {
    let mut report = report.clone();
    report.first_violations.iter_mut().for_each(|it| it.line -= header);
    violations(&report)
}

#[test]
fn csv_json_lines_and_parquet_are_judged_alike() {
    let histories = Histories::new();
    for (nth, (delimiter, end)) in [(",", "\n"), (";", "\n"), ("\t", "\r\n")].iter().enumerate() {
        let header = ["id", "note", "status"].join(delimiter);
        let rows = STATES.iter().map(|(id, state)| {
            [&id.to_string(), &format!("\"x{delimiter}y\""), *state].join(delimiter)
        });
        let text: Vec<String> = std::iter::once(header).chain(rows).collect();
        // A byte order mark is passed over.
        let text = format!("\u{feff}{}{end}", text.join(end));
        let csv = histories.write(&format!("{nth}.csv"), text);
        let report = judged(&[&csv], &options()).unwrap();
        assert_eq!(found(&report, 1), FOUND, "{delimiter}");
        assert!(troubles(&report).is_empty() && !report.has_times);
    }
    let lines = STATES.iter().map(|(id, state)| {
        format!("{{\"more\": {{\"status\": [1]}}, \"status\": \"{state}\", \"id\": {id}}}\n")
    });
    let lines = histories.write("h", lines.collect::<String>());
    assert_eq!(found(&judged(&[&lines], &options()).unwrap(), 0), FOUND);
    let number: ArrayRef = Arc::new(Int64Array::from(ids()));
    let small: ArrayRef =
        Arc::new(ids().iter().map(|&id| i32::try_from(id).ok()).collect::<Int32Array>());
    let text: ArrayRef =
        Arc::new(ids().iter().map(|id| Some(id.to_string())).collect::<StringArray>());
    let plain: ArrayRef = Arc::new(StringArray::from(states()));
    let codes: ArrayRef = Arc::new(states().into_iter().collect::<DictionaryArray<Int32Type>>());
    for (nth, (id, status)) in
        [(&number, &plain), (&number, &codes), (&small, &plain), (&text, &codes)].iter().enumerate()
    {
        let columns =
            [("id", Arc::clone(id)), ("more", Arc::clone(id)), ("status", Arc::clone(status))];
        for rows in [3, 100] {
            let file = histories.parquet(&format!("{nth}.parquet"), &columns, rows);
            let report = judged(&[&file], &options()).unwrap();
            assert_eq!(found(&report, 0), FOUND, "{nth} {rows}");
            assert_eq!((report.events, report.rows), (8, 4));
        }
    }
}

#[test]
fn only_reports_that_hold_what_is_asked_for_are_read() {
    let histories = Histories::new();
    let rows = [
        ("1", "placed", "complete", 1),
        ("1", "arrived", "start", 1),
        ("1", "sent", "complete", 1),
        ("2", "sent", "complete", 2),
    ];
    let csv = rows.map(|(id, state, kind, n)| format!("{id},{state},{kind},{n}\n")).concat();
    let csv = histories.write("h.csv", format!("id,status,kind,n\n{csv}"));
    let lines = rows.map(|(id, status, kind, n)| {
        format!("{{\"kind\":\"{kind}\",\"id\":{id},\"status\":\"{status}\",\"n\":{n}}}\n")
    });
    let lines = histories.write("h.jsonl", lines.concat());
    let columns: [(&str, ArrayRef); 4] = [
        ("id", Arc::new(Int64Array::from(vec![1, 1, 1, 2]))),
        ("status", Arc::new(StringArray::from(rows.map(|it| it.1).to_vec()))),
        ("kind", Arc::new(StringArray::from(rows.map(|it| it.2).to_vec()))),
        ("n", Arc::new(Int32Array::from(rows.map(|it| it.3).to_vec()))),
    ];
    let parquet = histories.parquet("h.parquet", &columns, 2);
    let says = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    for (source, header) in [(&csv, 1), (&lines, 0), (&parquet, 0)] {
        let mut options = options();
        assert_eq!(judged(&[source], &options).unwrap().events, 4);
        options.wanted.only = vec![says("kind", "complete")];
        let report = judged(&[source], &options).unwrap();
        assert_eq!(found(&report, header), ["4: 2 1 start sent"], "{source}");
        assert_eq!(report.events, 3);
        options.wanted.only.push(says("n", "1"));
        let report = judged(&[source], &options).unwrap();
        assert_eq!((report.events, report.violations), (2, 0), "{source}");
        options.wanted.only = vec![says("sort", "complete")];
        let error = judged(&[source], &options).unwrap_err().to_string();
        assert!(error.contains("no column `sort` (--where)"), "{error}");
    }
}

#[test]
fn what_is_packed_by_gzip_is_read_as_what_is_in_it() {
    let histories = Histories::new();
    let rows = ["id,status\n", "1,placed\n", "1,arrived\n"];
    let lines = "{\"id\":1,\"status\":\"placed\"}\n{\"id\":1,\"status\":\"arrived\"}\n";
    let columns: [(&str, ArrayRef); 2] = [
        ("id", Arc::new(Int64Array::from(vec![1, 1]))),
        ("status", Arc::new(StringArray::from(vec!["placed", "arrived"]))),
    ];
    let parquet = std::fs::read(histories.parquet("h.parquet", &columns, 2)).unwrap();
    // Several that are put together are one, as those of a rotated log.
    let members = rows.map(|row| gzip(row.as_bytes())).concat();
    for (name, bytes, line) in [
        ("members", members, 3),
        ("csv", gzip(rows.concat().as_bytes()), 3),
        ("lines", gzip(lines.as_bytes()), 2),
        ("parquet", gzip(&parquet), 2),
    ] {
        let path = histories.write(name, bytes);
        let report = judged(&[&path], &options()).unwrap();
        assert_eq!(violations(&report), [format!("{line}: 1 2 placed arrived")], "{name}");
        assert!(troubles(&report).is_empty(), "{name}");
    }
}

#[test]
fn a_row_is_one_whatever_source_and_type_names_it() {
    let histories = Histories::new();
    let uuid = "550e8400-e29b-41d4-a716-446655440000";
    let bytes: Vec<u8> = uuid
        .replace('-', "")
        .as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect();
    let csv = histories.write("a.csv", format!("id,status\n7,placed\n{uuid},placed\n"));
    let id: ArrayRef = Arc::new(FixedSizeBinaryArray::try_from_iter([bytes].iter()).unwrap());
    let status: ArrayRef = Arc::new(StringArray::from(vec!["sent"]));
    let parquet = histories.parquet("b.parquet", &[("id", id), ("status", status)], 10);
    let lines = histories.write("c.jsonl", "{\"id\": 7, \"status\": \"arrived\"}\n");
    let report = judged(&[&csv, &parquet, &lines], &options()).unwrap();
    assert_eq!(report.rows, 2);
    assert_eq!(violations(&report), ["1: 7 2 placed arrived"]);
    assert_eq!(report.first_violations[0].source, 2);
}

#[test]
fn globs_are_their_files_in_order_each_once() {
    let histories = Histories::new();
    histories.write("h2.csv", "id,status\n1,sent\n");
    let first = histories.write("h1.csv", "id,status\n1,placed\n");
    let glob = histories.path("h*.csv").display().to_string();
    let report = judged(&[&first, &glob], &options()).unwrap();
    assert_eq!((report.sources.len(), report.events, report.violations), (2, 2, 0));
    let nothing = histories.path("*.parquet").display().to_string();
    let error = judged(&[&nothing], &options()).unwrap_err().to_string();
    assert!(error.ends_with("*.parquet: no file matches"), "{error}");
}

#[test]
fn reports_are_ordered_by_the_column_that_is_named_whatever_it_holds() {
    let histories = Histories::new();
    // The order that is right, by each kind of value; in the file it stands upside down.
    for values in [
        ["1", "2", "10"],
        ["-1.5", "0.5", "1e3"],
        ["2026-01-01T23:00:00Z", "2026-01-02 00:30:00+01:00", "2026-01-02T00:00:00Z"],
        ["a", "b", "ba"],
    ] {
        let rows = |sep: &dyn Fn(&str, &str) -> String| -> Vec<String> {
            let mut rows: Vec<String> =
                ["placed", "sent", "arrived"].iter().zip(values).map(|(s, v)| sep(s, v)).collect();
            rows.reverse();
            rows
        };
        let csv = rows(&|state, value| format!("1,{state},{value}\n")).concat();
        let csv = histories.write("h.csv", format!("id,status,n\n{csv}"));
        let lines = rows(&|state, value| {
            format!("{{\"id\":1,\"status\":\"{state}\",\"n\":\"{value}\"}}\n")
        });
        let lines = histories.write("h.jsonl", lines.concat());
        for source in [&csv, &lines] {
            let report = judged(&[source], &options()).unwrap();
            assert_eq!(report.violations, 3, "{values:?}");
            let mut options = options();
            options.wanted.order = Some("n".to_owned());
            let report = judged(&[source], &options).unwrap();
            assert_eq!(violations(&report), [""; 0], "{values:?}");
        }
    }
    let columns: [(&str, ArrayRef); 3] = [
        ("id", Arc::new(Int64Array::from(vec![1, 1, 1]))),
        ("status", Arc::new(StringArray::from(vec!["arrived", "sent", "placed"]))),
        ("n", Arc::new(TimestampMillisecondArray::from(vec![3, 2, 1]))),
    ];
    let parquet = histories.parquet("h.parquet", &columns, 2);
    let mut options = options();
    options.wanted.order = Some("n".to_owned());
    assert_eq!(judged(&[&parquet], &options).unwrap().violations, 0);
}

#[test]
fn columns_are_found_by_their_usual_names_or_named() {
    let histories = Histories::new();
    for header in ["order_id,to_state", "case:concept:name,concept:name", "id,state", "row,status"]
    {
        let csv = histories.write("h.csv", format!("{header}\n1,placed\n1,sent\n"));
        assert_eq!(judged(&[&csv], &options()).unwrap().violations, 0, "{header}");
    }
    let csv = histories.write("h.csv", "tenant,no,what\na:b,1,placed\na,b:1,placed\na:b,1,sent\n");
    let error = judged(&[&csv], &options()).unwrap_err().to_string();
    let says = "no column for the row (`order_id`, `id`, `row`, `row_id`, `case:concept:name`, \
                `case_id`, `id` are tried); it has `tenant`, `no`, `what`; name it by --id";
    assert!(error.ends_with(says), "{error}");
    let mut options = options();
    options.wanted = Wanted {
        id: vec!["tenant".to_owned(), "no".to_owned()],
        status: Some("what".to_owned()),
        ..Wanted::default()
    };
    let report = judged(&[&csv], &options).unwrap();
    assert_eq!((report.rows, report.violations), (2, 0), "the parts of a key are kept apart");
    options.wanted.at = Some("wat".to_owned());
    let error = judged(&[&csv], &options).unwrap_err().to_string();
    assert!(
        error.contains("no column `wat` (--at)") && error.contains("did you mean `what`?"),
        "{error}"
    );
}

#[test]
fn what_the_database_stores_is_read_and_names_are() {
    let histories = Histories::new();
    let table = "format = 1\n[machine]\nname = \"m\"\ninitial = \"a\"\n[[state]]\nname = \"a\"\n\
        number = 10\n[[state]]\nname = \"z\"\nvalue = \"the end\"\nnumber = 20\n\
        outcome = \"success\"\n[[transition]]\npath = [\"a\", \"z\"]\n[target.sql]\n\
        storage = \"integer\"\nowns = false\nnull = \"a\"\n";
    let machine = crate::histories::machine(table);
    let csv = histories.write("h.csv", "id,status\n1,10\n1,20\n2,a\n2,z\n3,\n3,the end\n4,11\n");
    let report = phasegate_audit::audit(&machine, &[], &[csv], &options(), None, &mut |_| {
        std::ops::ControlFlow::Continue(())
    });
    assert_eq!(violations(&report.unwrap()), ["8: 4 1 start 11"]);
}
