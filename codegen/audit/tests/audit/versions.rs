//! Reports are judged by the table of their time.

use std::ops::ControlFlow;

use phasegate_audit::{Options, Report, Wanted, audit};
use phasegate_codegen::machine::Machine;

use crate::histories::{Histories, machine, options, troubles, violations};

/// A table of these states and paths; a state may be `NEW=OLD`, where it was renamed.
fn table(states: &[&str], paths: &[&[&str]]) -> Machine {
    let mut text = format!(
        "format = 1\n[machine]\nname = \"m\"\ninitial = \"{}\"\n",
        states[0].split('=').next().unwrap()
    );
    for state in states {
        let (name, was) = state.split_once('=').unwrap_or((state, ""));
        text += &format!("[[state]]\nname = \"{name}\"\n");
        if !was.is_empty() {
            text += &format!("renamed_from = \"{was}\"\n");
        }
    }
    for path in paths {
        text += &format!("[[transition]]\npath = {path:?}\n");
    }
    machine(&text)
}

/// Three tables: `b` became `c` and then `d`, `gone` went, and `a -> z` is legal in the first only.
fn tables() -> [Machine; 3] {
    [
        table(&["a", "b", "gone", "z"], &[&["a", "b", "gone", "z"], &["a", "z"]]),
        table(&["a", "c=b", "z"], &[&["a", "c", "z"]]),
        table(&["a", "d=c", "more", "z"], &[&["a", "d", "more", "z"]]),
    ]
}

fn judged(source: String, options: &Options) -> Report {
    let [first, second, now] = tables();
    audit(&now, &[first, second], &[source], options, None, &mut |_| ControlFlow::Continue(()))
        .unwrap()
}

#[test]
fn each_report_is_judged_by_the_table_of_its_time_under_the_names_of_then() {
    let [first, second, now] = tables();
    let (one, two) = (&first.fingerprints.language, &second.fingerprints.language);
    let (three, by_table) = (&now.fingerprints.language, &now.fingerprints.table);
    let rows = [
        // As it was legal then, from one table to the next.
        ("1", "a", one),
        ("1", "b", one),
        ("1", "z", two),
        ("2", "a", two),
        ("2", "c", two),
        ("2", "more", three),
        ("2", "z", by_table),
        // What was legal once is not any more.
        ("3", "a", one),
        ("3", "z", one),
        ("4", "a", two),
        ("4", "z", two),
        // A state that is gone: what the next table makes of it is not known.
        ("5", "a", one),
        ("5", "b", one),
        ("5", "gone", one),
        ("5", "z", three),
        // A state that was not there yet.
        ("6", "a", one),
        ("6", "more", one),
        // A state that is gone, by a table that does not have it any more.
        ("7", "a", two),
        ("7", "gone", two),
        ("8", "gone", one),
    ];
    let lines = rows.iter().map(|(id, state, of)| format!("{id},{state},{of}\n"));
    let text = format!("id,to_state,language\n{}", lines.collect::<String>());
    let histories = Histories::new();
    let report = judged(histories.write("h.csv", &text), &options());
    assert_eq!(
        violations(&report),
        ["12: 4 2 a z", "18: 6 2 a more", "20: 7 2 a gone", "21: 8 1 start gone"]
    );
    let legal = |nth: usize| report.first_violations[nth].legal.join(" ");
    assert_eq!([legal(0), legal(1), legal(3)], ["d", "d z", "a"]);
    let known: Vec<bool> = report.first_violations.iter().map(|it| it.is_known).collect();
    assert_eq!(known, [true, false, false, true]);
    assert!(troubles(&report).is_empty());
    // A step that was legal once and not the other time.
    let of = |from: &str, to: &str| {
        let (from, to) = (now.find(from), now.find(to).unwrap());
        *report.taken.iter().find(|taken| (taken.from, taken.to) == (from, to)).unwrap()
    };
    let taken = of("a", "z");
    assert_eq!((taken.times, taken.violations, taken.is_legal), (2, 1, false));
    assert_eq!(of("d", "z").violations, 0);
    // The same in lines of JSON, ordered, and under another name.
    let lines = rows.iter().enumerate().rev().map(|(nth, (id, state, of))| {
        format!("{{\"id\":\"{id}\",\"state\":\"{state}\",\"by\":\"{of}\",\"n\":{nth}}}\n")
    });
    let lines = histories.write("h.jsonl", lines.collect::<String>());
    let mut options = options();
    options.wanted = Wanted {
        fingerprint: Some("by".to_owned()),
        order: Some("n".to_owned()),
        ..Wanted::default()
    };
    let again = judged(lines, &options);
    assert_eq!(again.first_violations.len(), 4);
    let same = report.first_violations.iter().zip(&again.first_violations);
    assert!(same.into_iter().all(|(a, b)| (&a.row, &a.from, &a.to) == (&b.row, &b.from, &b.to)));
}

#[test]
fn a_fingerprint_of_no_table_is_a_warning_and_judged_by_the_current_one() {
    let text = "id,to_state,language\n1,a,0123456789abcdef\n1,z,0123456789abcdef\n2,a,\n";
    let histories = Histories::new();
    let report = judged(histories.write("h.csv", text), &options());
    assert_eq!(violations(&report), ["3: 1 2 a z"]);
    let told = troubles(&report);
    assert!(told.len() == 2 && told[0].contains("`0123456789abcdef`"), "{told:?}");
    let warning = "2: no table that was migrated to has the fingerprint `0123456789abcdef`; it is \
                   judged by the current one";
    assert_eq!(told[0], warning);
    // A column `language` next to anything else than a history's may be of people.
    let report = judged(histories.write("p.csv", "id,status,language\n1,a,en\n"), &options());
    assert_eq!((troubles(&report).len(), report.has_findings()), (0, false));
}
