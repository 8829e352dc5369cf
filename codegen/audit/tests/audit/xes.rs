//! Logs of process mining: a trace is a row, the name of an event its state.

use std::ops::ControlFlow;

use phasegate_audit::{Options, Report, TroubleKind, discover};

use crate::histories::{Histories, gzip, judged, options, troubles, violations};

/// Two traces, with what logs have besides: extensions, globals, attributes within attributes.
const LOG: &str = r#"<?xml version="1.0" encoding="UTF-8" ?>
<!-- made by hand; <event> -->
<log xes.version="1.0" xmlns="http://www.xes-standard.org/">
  <extension name="Concept" prefix="concept" uri="http://www.xes-standard.org/concept.xesext"/>
  <global scope="trace"><string key="concept:name" value="?"/></global>
  <global scope="event"><string key="concept:name" value="?"/><int key="phase" value="0"/></global>
  <classifier name="Activity" keys="concept:name"/>
  <string key="concept:name" value="orders &amp; more"><string key="event" value="x"/></string>
  <trace>
    <string key="concept:name" value="a &lt;1&gt;"/>
    <string key="customer" value="7"/>
    <event>
      <string key="concept:name" value="placed"><string key="concept:name" value="lost"/></string>
      <date key="time:timestamp" value="2026-01-01T09:00:00.000+01:00"/>
      <string key="lifecycle:transition" value="start"/>
    </event>
    <event>
      <string key="lifecycle:transition" value="complete"/>
      <date key="time:timestamp" value="2026-01-01T09:30:00.000+01:00"/>
      <string key="concept:name" value="P&#97;id up"></string>
      <list key="more"><values><string key="concept:name" value="lost"/></values></list>
    </event>
    <event><string key="concept:name" value="arrived"/></event>
  </trace>
  <trace>
    <string key="concept:name" value="2"/><event><string
      key="concept:name" value="sent"/><string key="phase" value="placed"/></event>
    <event><string key="concept:name" value="sent"/><date key="time:timestamp" value="soon"/></event>
  </trace>
</log>
"#;

const FOUND: [&str; 3] = ["23: a <1> 3 paid arrived", "26: 2 1 start sent", "28: 2 2 sent sent"];

fn read(text: impl AsRef<[u8]>, options: &Options) -> Result<Report, String> {
    let histories = Histories::new();
    let path = histories.write("h.xes", text);
    judged(&[&path], options).map_err(|error| error.to_string())
}

#[test]
fn traces_are_rows_and_the_names_of_events_their_states() {
    for bytes in
        [LOG.as_bytes().to_vec(), format!("\u{feff}{LOG}").into_bytes(), gzip(LOG.as_bytes())]
    {
        let report = read(&bytes, &options()).unwrap();
        assert_eq!(violations(&report), FOUND);
        assert_eq!(troubles(&report), ["28: its time can't be read: `soon`; it is judged without"]);
        assert_eq!((report.events, report.rows, report.ended), (5, 2, 1));
        assert!(report.has_times);
    }
    let found = read(LOG.replace("\"a &lt;1&gt;\"", "\"2\""), &options()).unwrap();
    assert_eq!(found.rows, 1, "two traces of one name are one row");
}

#[test]
fn other_attributes_are_named_those_of_traces_with_case_before_them() {
    let mut asked = options();
    asked.wanted.only = vec![("lifecycle:transition".to_owned(), "complete".to_owned())];
    let report = read(LOG, &asked).unwrap();
    assert_eq!(violations(&report), ["17: a <1> 1 start paid"]);
    asked = options();
    asked.wanted.id = vec!["case:customer".to_owned()];
    let report = read(LOG, &asked).unwrap();
    assert_eq!((report.events, report.rows), (3, 1));
    assert_eq!(troubles(&report), ["26: its row's id is NULL", "28: its row's id is NULL"]);
    // Of events that only the globals declare it is known, too.
    asked.wanted.id = vec!["case:concept:name".to_owned()];
    asked.wanted.status = Some("phase".to_owned());
    let report = read(LOG, &asked).unwrap();
    assert_eq!((report.events, report.violations), (1, 0));
    asked.wanted.status = Some("phases".to_owned());
    let error = read(LOG, &asked).unwrap_err();
    assert!(error.contains("no column `phases` (--status); it has `case:concept:name`"), "{error}");
    assert!(error.ends_with("did you mean `phase`?"), "{error}");
}

#[test]
fn events_outside_of_traces_are_told_apart_by_their_own_attributes() {
    let event = |id: &str, state: &str| {
        format!(
            "<event><string key='order' value='{id}'/><string key='concept:name' value='{state}'/></event>"
        )
    };
    let events = [event("1", "placed"), event("2", "sent"), event("1", "sent")].concat();
    let mut asked = options();
    asked.wanted.id = vec!["order".to_owned()];
    let report = read(format!("<log>{events}</log>"), &asked).unwrap();
    assert_eq!(violations(&report), ["1: 2 1 start sent"]);
}

#[test]
fn a_log_without_events_is_an_empty_history() {
    for log in [
        "<log/>",
        "<log><trace/></log>",
        "<?xml version='1.1'?>\n<xes:log xmlns:xes='x'></xes:log>",
    ] {
        let report = read(log, &options()).unwrap();
        assert_eq!((report.events, troubles(&report).len()), (0, 0), "{log}");
    }
}

#[test]
fn wherever_a_log_is_cut_off_it_is_told_and_what_is_before_is_judged() {
    let whole = read(LOG, &options()).unwrap().events;
    let root = LOG.find("<log").unwrap();
    for end in 1..LOG.trim_end().len() {
        match read(&LOG[..end], &options()) {
            Err(error) => assert!(end <= LOG.find("<extension").unwrap(), "{end}: {error}"),
            Ok(report) => {
                assert!(end > root);
                assert_eq!(report.troubles.get(&TroubleKind::CutOff), Some(&1), "{end}");
                assert!(report.events < whole || end > LOG.rfind("</event>").unwrap(), "{end}");
            }
        }
    }
    let packed = gzip(LOG.as_bytes());
    for end in 3..packed.len() {
        if let Ok(report) = read(&packed[..end], &options()) {
            assert_eq!(report.troubles.get(&TroubleKind::CutOff), Some(&1), "{end}");
        }
    }
}

#[test]
fn what_is_broken_is_told_with_its_line() {
    for (from, to, says) in [
        ("value=\"arrived\"", "value=\"&nothing;\"", "23: an attribute can't be read: "),
        ("value=\"arrived\"", "value=arrived", "23: an attribute can't be read: "),
        (
            "</event>\n    <event><string key=\"concept:name\" value=\"arrived\"/>",
            "</trace>",
            "22: the XML is broken here, and the rest is not read: ",
        ),
        (
            "<string key=\"concept:name\" value=\"arrived\"/>",
            "",
            "23: the status of `a <1>` is NULL",
        ),
        ("<string key=\"concept:name\" value=\"2\"/>", "", "26: its row's id is NULL"),
    ] {
        assert!(LOG.contains(from), "{from}");
        let report = read(LOG.replacen(from, to, 1), &options()).unwrap();
        let told = troubles(&report);
        assert!(told[0].starts_with(says), "{told:?}");
    }
    let latin = LOG.replace("arrived", "arriv\u{e9}").into_bytes();
    let latin: Vec<u8> = latin.split(|&byte| byte == 0xc3).collect::<Vec<_>>().concat();
    let report = read(latin, &options()).unwrap();
    assert!(troubles(&report)[0].starts_with("23: the XML is broken here"), "{report:?}");
}

#[test]
fn what_is_no_log_ends_it_before_anything_is_judged() {
    for (text, says) in [
        ("<html><body/></html>", "it is XML, but no log: its root is `html`, that of XES is `log`"),
        ("<?xml version=\"1.0\"?>\n", "it is XML without an element"),
        ("<", "the XML is broken here"),
        (
            "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><log/>",
            "it is in ISO-8859-1; write it as UTF-8: `iconv -f ISO-8859-1 -t UTF-8 ",
        ),
        (
            "<log><trace><event><string key=\"name\" value=\"a\"/></event></trace></log>",
            "no column for the row",
        ),
    ] {
        let error = read(text, &options()).unwrap_err();
        assert!(error.contains(says), "{text}: {error}");
    }
}

#[test]
fn a_byte_that_is_wrong_anywhere_ends_nothing_but_the_log() {
    // A reader that fails says so as one; here none does.
    for at in 0..LOG.len() {
        for byte in [b'<', b'"', 0xff] {
            let mut log = LOG.as_bytes().to_vec();
            log[at] = byte;
            if let Ok(report) = read(&log, &options()) {
                let told = troubles(&report).concat();
                assert!(!told.contains("the reader of the sources failed"), "{at}: {told}");
            }
        }
    }
}

#[test]
fn a_table_is_drafted_of_a_log() {
    let histories = Histories::new();
    let path = histories.write("h.xes.gz", gzip(LOG.as_bytes()));
    let found = discover(&[path], &options(), &mut |_| ControlFlow::Continue(())).unwrap();
    assert_eq!(found.states, ["placed", "Paid up", "arrived", "sent"]);
    assert_eq!((found.events, found.rows, found.troubles), (5, 2, 1));
}
