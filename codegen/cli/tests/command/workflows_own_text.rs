//! What somebody wrote is never taken for a report: a region that holds anything else than the one
//! step that belongs there is reported, and left.

use crate::hand_written::*;

const RULE: &str = "own-text-in-region";

/// Holds that a change to the adopted workflow is found by the rule, at a line, and that neither
/// `generate` nor `adopt` changes the job's text then.
#[track_caller]
fn left(change: impl Fn(&str) -> String, line: &str, part: &str) {
    let folder = ordered(ORDER, 0);
    let text = change(&folder.read(AT));
    folder.write(AT, &text);
    let found = found(&folder);
    let at = |at: u64| text.lines().nth(at as usize - 1).unwrap_or_default().trim();
    let own: Vec<_> = found.iter().filter(|found| found.0 == RULE).collect();
    assert_eq!(own.len(), 1, "{found:#?}\n{text}");
    assert_eq!(at(own[0].1), line, "{found:#?}");
    assert!(own[0].2.contains(part), "{part:?}: {found:#?}");
    for command in [&["generate"][..], &["workflow", "adopt", AT]] {
        let ran = folder.run(command);
        assert_eq!(ran.code, Some(1), "{ran:?}");
        assert!(ran.out.contains(&format!("error[{RULE}]")), "{ran:?}");
        assert_eq!(folder.read(AT), text, "{command:?}");
    }
}

/// A line among those of the report that the job `charge` starts with.
fn within(text: &str, line: &str) -> String {
    let start = region(text, "charge.start");
    let end = "      # phasegate:end\n";
    changed(text, start, &start.replace(end, &format!("{line}{end}")))
}

#[test]
fn steps_between_two_reports_whose_markers_were_lost_are_kept() {
    left(
        |text| {
            let text = text.replacen("      # phasegate:end\n", "", 1);
            changed(&text, "      # phasegate:begin charge.outcome\n", "")
        },
        "- run: ./charge",
        "`charge.start`",
    );
    // A milestone's, too, and where comments stand in between.
    left(
        |text| {
            let start = region(text, "ship.start");
            let cut = start.replace("      # phasegate:end\n", "      # Mind the glass.\n");
            changed(&changed(text, start, &cut), "      # phasegate:begin ship.shipped\n", "")
        },
        "- run: ./pack",
        "`ship.start`",
    );
    // No step between them: two reports, of which one would go.
    left(
        |text| {
            let text = text.replacen("      # phasegate:end\n", "", 1);
            let text = changed(&text, "      # phasegate:begin charge.outcome\n", "");
            changed(&text, "      - run: ./charge\n", "")
        },
        "- name: \"Report the outcome\"",
        "a second report",
    );
}

#[test]
fn no_more_is_said_of_a_job_with_a_mixed_region_than_what_is_lacking() {
    let text = ordered(ORDER, 0).read(AT);
    let text = text.replacen("      # phasegate:end\n", "", 1);
    // The checkout stands in the region as well: no one knows what belongs where.
    let text = changed(&text, "      # phasegate:begin charge.outcome\n", "");
    let checkout = "      - uses: actions/checkout@v4\n";
    let marker = "      # phasegate:begin charge.start\n";
    let text = changed(&text, &format!("{checkout}{marker}"), &format!("{marker}{checkout}"));
    let folder = ordering(&text);
    let missing = ("missing-region", "charge:", "first mend the region `charge.start`");
    holds(&folder, &[missing, (RULE, checkout.trim(), "put `# phasegate:end` back above it")]);
}

#[test]
fn a_step_typed_into_a_region_is_kept_whatever_its_form() {
    for step in [
        "      - run: ./my-precious\n",
        "      - {run: ./my-precious}\n",
        "      - id: mine\n\n        # about it\n        run: |\n          ./my-precious\n",
        "      - uses: acme/precious@v1\n        with: {job: charge}\n",
        "      - uses: chrnorm/deployment-status@v2\n        with: {state: success}\n",
        "      -\n        run: ./my-precious\n",
        "      - \"a text\"\n",
        "      -\n",
    ] {
        let line = step.lines().next().unwrap().trim();
        left(|text| within(text, step), line, "`charge.start`");
        let before = |text: &str| {
            let marker = "      # phasegate:begin charge.start\n";
            changed(text, marker, &format!("{marker}      # mine\n{step}"))
        };
        left(before, line, "`charge.start`");
        // Alone in it.
        let alone = |text: &str| {
            let start = region(text, "charge.start").to_owned();
            let markers = "      # phasegate:begin charge.start\n      # phasegate:end\n";
            let end = "      # phasegate:end\n";
            let now = markers.replacen(end, &format!("{step}{end}"), 1);
            changed(text, &start, &now)
        };
        left(alone, line, "`charge.start`");
    }
    // A concluding job's region is no other.
    left(
        |text| {
            let marker = "      # phasegate:begin conclude.outcome\n";
            changed(text, marker, &format!("{marker}      - run: ./page-somebody\n"))
        },
        "- run: ./page-somebody",
        "`conclude.outcome`",
    );
}

#[test]
fn a_key_that_no_report_has_is_kept() {
    for (key, name) in [
        ("        env: {HTTPS_PROXY: \"http://proxy:3128\"}\n", "env"),
        ("        run: ./my-precious\n", "run"),
        ("        shell: bash\n", "shell"),
        ("        working-directory: in\n", "working-directory"),
    ] {
        left(|text| within(text, key), key.trim(), &format!("`{name}`"));
    }
}

#[test]
fn a_step_that_reaches_over_a_marker_is_kept() {
    // From above: what follows the marker is still the step's before it.
    left(
        |text| {
            let marker = "      # phasegate:begin charge.outcome\n";
            let step = "      - run: ./charge\n";
            changed(
                text,
                &format!("{step}{marker}"),
                &format!("{step}{marker}        env: {{A: b}}\n"),
            )
        },
        "env: {A: b}",
        "`charge.outcome`",
    );
    left(
        |text| {
            let marker = "      # phasegate:begin charge.outcome\n";
            let step = "      - run: ./charge\n";
            let list = "        env:\n          A: [b,\n";
            changed(
                text,
                &format!("{step}{marker}"),
                &format!("{step}{list}{marker}            c]\n"),
            )
        },
        "c]",
        "`charge.outcome`",
    );
    // And below: the report's lines go on after its end.
    left(
        |text| {
            let start = region(text, "charge.start");
            let line = "          tolerated: true\n";
            let end = "      # phasegate:end\n";
            changed(text, start, &start.replace(&format!("{line}{end}"), &format!("{end}{line}")))
        },
        "tolerated: true",
        "below",
    );
}

#[test]
fn a_report_that_drifted_is_still_mended() {
    let text = ordered(ORDER, 0).read(AT);
    let start = region(&text, "charge.start");
    let flow = "      # phasegate:begin charge.start\n      - {uses: ./generated/workflow/notify-order-status, \
                with: {job: charge, state: authorising}}\n      # phasegate:end\n";
    let other = |from: &str, to: &str| changed(start, from, to);
    for drifted in [
        other("state: authorising", "state: authorizing"),
        other("if: inputs.order_id != ''", "if: always()"),
        other("          job: charge\n", ""),
        other("          job: charge\n", "          job: charge\n          loud: yes\n"),
        other("        id: report_1\n", ""),
        other("        id: report_1\n", "        id: mine\n"),
        other("        timeout-minutes: 5\n", "\n        timeout-minutes: 9\n\n"),
        other("      - name", "\n      - name"),
        other("    # phasegate:end", "\n\n      # phasegate:end"),
        other("      - name: \"Report: Authorising\"\n        id", "      - id"),
        other("      - name", "      -\n        name"),
        // As another version had it: another place of the action, or a release of it.
        other("./generated/workflow/notify-order-status", "./.github/actions/notify-order-status"),
        other("./generated/workflow/notify-order-status", "acme/notify@v1"),
        flow.to_owned(),
        "      # phasegate:begin charge.start\n      # phasegate:end\n".to_owned(),
        "      # phasegate:begin charge.start\n\n      # phasegate:end\n".to_owned(),
    ] {
        let folder = ordered(ORDER, 0);
        folder.write(AT, changed(&text, start, &drifted));
        holds(&folder, &[("stale-region", "# phasegate:begin charge.start", "phasegate generate")]);
        assert_eq!(folder.run(&["generate"]).code, Some(0), "{drifted}");
        assert_eq!(folder.read(AT), text, "{drifted}");
    }
}

#[test]
fn a_report_of_ones_own_with_keys_of_ones_own_is_not_taken_in() {
    let text = ordered(ORDER, 0).read(AT);
    let start = region(&text, "charge.start");
    let lines: Vec<&str> = start.split_inclusive('\n').collect();
    let loose = lines[1..lines.len() - 1].concat() + "        env: {A: b}\n";
    let folder = ordered(changed(&text, start, &loose), 1);
    assert!(folder.read(AT).contains(&loose));
    holds(&folder, &[("missing-region", "charge:", "`env`")]);
}

#[test]
fn a_comment_in_a_region_is_kept_wherever_it_stands() {
    let change = |from: &'static str, to: &'static str| {
        move |text: &str| {
            let start = region(text, "charge.start");
            changed(text, start, &start.replacen(from, to, 1))
        }
    };
    let says = "a comment of your own stands in the region `charge.start`";
    for (from, to, line) in [
        // Above the report, between its keys, and below it, where an end marker slipped down.
        ("      - name", "      # Mine.\n      - name", "# Mine."),
        ("        timeout", "        # longer\n        timeout", "# longer"),
        ("        with:\n", "        with:\n# far left\n", "# far left"),
        ("      # phasegate:end", "      # - run: ./off\n      # phasegate:end", "# - run: ./off"),
        ("      # phasegate:end", "\n\n          #deep\n\n      # phasegate:end", "#deep"),
        // Behind something.
        ("minutes: 5\n", "minutes: 5 # see #7\n", "timeout-minutes: 5 # see #7"),
        ("        with:\n", "        with:  # what\n", "with:  # what"),
        ("      - name", "      - # first\n        name", "- # first"),
        ("job: charge\n", "job: | # why\n            charge\n", "job: | # why"),
        ("job: charge\n", "job: \"charge\"\t# why\n", "job: \"charge\"\t# why"),
    ] {
        left(change(from, to), line, says);
    }
    // In one without a report, and in one in braces.
    left(
        |text| {
            let markers =
                "      # phasegate:begin charge.start\n      # here\n      # phasegate:end\n";
            changed(text, region(text, "charge.start"), markers)
        },
        "# here",
        says,
    );
    left(
        |text| {
            let step = "      - {uses: ./generated/workflow/notify-order-status, # mine\n         \
                        with: {job: charge, state: authorising}}\n";
            let markers = "      # phasegate:begin charge.start\n      # phasegate:end\n";
            let end = "      # phasegate:end\n";
            let start = markers.replace(end, &format!("{step}{end}"));
            changed(text, region(text, "charge.start"), &start)
        },
        "- {uses: ./generated/workflow/notify-order-status, # mine",
        says,
    );
    // What looks like one in a text is none.
    let folder = ordered(ORDER, 0);
    let text = folder.read(AT);
    let drifted = change("job: charge\n", "job: \"a # b\"\n")(&text);
    folder.write(AT, drifted);
    assert_eq!(folder.run(&["generate"]).code, Some(0));
    assert_eq!(folder.read(AT), text);
}

/// The line of the number that a help names after some words.
#[track_caller]
fn named<'t>(text: &'t str, said: &str, words: &str) -> (usize, &'t str) {
    let (_, rest) = said.split_once(words).unwrap_or_else(|| panic!("{words:?}: {said}"));
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    let line: usize = digits.parse().unwrap();
    (line, text.lines().nth(line - 1).unwrap().trim())
}

/// A text with a line put below another one, from 1.
fn below(text: &str, line: usize, more: &str) -> String {
    let mut lines: Vec<&str> = text.split_inclusive('\n').collect();
    lines.insert(line, more);
    lines.concat()
}

#[test]
fn following_the_help_of_a_lost_end_marker_loses_nothing() {
    let end = "      # phasegate:end\n";
    let own = "      # Mind the glass.\n      # - run: ./off\n";
    let folder = ordered(ORDER, 0);
    let whole = folder.read(AT);
    // Nothing but comments between the two.
    let whole = changed(&whole, "      - run: ./pack\n", own);
    folder.write(AT, &whole);
    assert_eq!(found(&folder), []);
    let start = region(&whole, "ship.start");
    let lost = changed(&whole, start, &start.replace(end, ""));
    folder.write(AT, &lost);
    let said = found(&folder);
    assert_eq!((said.len(), said[0].0.as_str()), (1, "nested-region"), "{said:#?}");
    let (line, text) = named(&lost, &said[0].2, "right below its report, after line ");
    assert_eq!(text, "state: packed");
    folder.write(AT, below(&lost, line, end));
    assert_eq!(folder.run(&["generate"]).code, Some(0));
    assert_eq!(folder.read(AT), whole);
    // Put before the next region instead: the comments are reported, with where it belongs.
    let slipped =
        changed(&whole, start, &start.replace(end, "")).replace(own, &format!("{own}{end}"));
    folder.write(AT, &slipped);
    assert_eq!(folder.run(&["generate"]).code, Some(1));
    assert_eq!(folder.read(AT), slipped);
    let said = found(&folder);
    assert_eq!((said.len(), said[0].0.as_str()), (1, RULE), "{said:#?}");
    assert_eq!(named(&slipped, &said[0].2, "of line ").1, end.trim());
    assert_eq!(named(&slipped, &said[0].2, "right below line "), (line, "state: packed"));
    // A region without a report ends right below its first line.
    let marker = "      # phasegate:begin ship.start\n";
    let empty = changed(&whole, start, marker);
    folder.write(AT, &empty);
    let said = found(&folder);
    let (line, text) = named(&empty, &said[0].2, "right below line ");
    assert_eq!(text, marker.trim());
    folder.write(AT, below(&empty, line, end));
    assert_eq!(folder.run(&["generate"]).code, Some(0));
    assert_eq!(folder.read(AT), whole);
}

#[test]
fn following_the_help_of_a_marker_without_another_loses_nothing() {
    let end = "      # phasegate:end\n";
    let own = "      # Mind the glass.\n";
    let folder = ordered(ORDER, 0);
    let text = folder.read(AT);
    // The last end of the file is gone, and a comment stands below.
    let last = region(&text, "conclude.outcome");
    let whole = changed(&text, last, &format!("{last}{own}"));
    let lost = changed(&whole, last, &last.replace(end, ""));
    folder.write(AT, &lost);
    let said = found(&folder);
    assert_eq!((said.len(), said[0].0.as_str()), (1, "unbalanced-region"), "{said:#?}");
    let (line, _) = named(&lost, &said[0].2, "right below its report, after line ");
    folder.write(AT, below(&lost, line, end));
    assert_eq!(found(&folder), []);
    assert_eq!(folder.read(AT), whole);
    // A beginning is gone, and a comment stands above.
    let outcome = region(&text, "ship.outcome");
    let whole = changed(&text, outcome, &format!("{own}{outcome}"));
    let marker = "      # phasegate:begin ship.outcome\n";
    let lost = changed(&whole, marker, "");
    folder.write(AT, &lost);
    let said = found(&folder);
    assert_eq!((said.len(), said[0].0.as_str()), (1, "unbalanced-region"), "{said:#?}");
    let (line, text) = named(&lost, &said[0].2, "right above the report on line ");
    assert_eq!(text, "- name: \"Report the outcome\"");
    folder.write(AT, below(&lost, line - 1, marker));
    assert_eq!(found(&folder), []);
    assert_eq!(folder.read(AT), whole);
}

#[test]
fn a_report_of_ones_own_with_a_comment_in_it_is_not_taken_in() {
    let text = ordered(ORDER, 0).read(AT);
    let start = region(&text, "charge.start");
    let lines: Vec<&str> = start.split_inclusive('\n').collect();
    let step = lines[1..lines.len() - 1].concat();
    let long = changed(&step, "minutes: 5\n", "minutes: 9 # it is slow\n");
    let folder = ordered(changed(&text, start, &long), 1);
    assert!(folder.read(AT).contains(&long));
    holds(&folder, &[("missing-region", "charge:", "a comment of your own on line ")]);
    // Around it, comments stay where they are.
    let around = format!("      # above\n{step}      # below\n");
    let folder = ordered(changed(&text, start, &around), 0);
    assert_eq!(
        folder.read(AT),
        changed(&text, start, &format!("      # above\n{start}      # below\n"))
    );
}

#[test]
fn blank_lines_that_a_text_keeps_stay_as_many_as_they_were() {
    let workflow = |header: &str, blank: &str| {
        let step = format!("      - run: {header}\n          ./charge\n{blank}");
        changed(ORDER, "      - run: ./charge\n", &step)
    };
    for (header, blank, before_the_report) in [
        ("|+", "\n\n", "./charge\n\n\n"),
        (">+ # keeps them", "\n", "./charge\n\n"),
        ("|2+", "", "./charge\n"),
        ("|", "\n", "./charge\n"),
    ] {
        let text = ordered(workflow(header, blank), 0).read(AT);
        let expected = format!("{before_the_report}      # phasegate:begin charge.outcome\n");
        assert!(text.contains(&expected), "{header:?}: {text}");
    }
    // Steps that stand apart get a blank line before a report, but no text does.
    let apart = changed(&workflow("|+", ""), "      - run: |+\n", "\n      - run: |+\n");
    let text = ordered(apart, 0).read(AT);
    assert!(text.contains("./charge\n      # phasegate:begin charge.outcome\n"), "{text}");
}
